// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Receipts: what became of a message, told by a message.
 */
#include "internal.h"

/* The numbers are passed on as they are. */
#define SAME(outcome)                                                            \
	_Static_assert((int)MSGPASS_FATE_##outcome == MSGPASS_RECEIPT_##outcome, \
		       #outcome)

SAME(RECEIVED);
SAME(DELETED);
SAME(DIED);
SAME(RESET);
SAME(EXPIRED);

PUBLIC int msgpass_receipt_decode(const void *data, size_t length,
				  const struct msgpass_message_info *info,
				  struct msgpass_receipt_info *receipt)
{
	struct msgpass_receipt content = { 0 };

	/* that of a later module may be longer */
	if (!info->receipt || length < sizeof(content))
		return -EINVAL;
	memcpy(&content, data, sizeof(content));
	*receipt = (struct msgpass_receipt_info){
		.fate = content.outcome,
		.cookie = content.cookie,
		.to_peer = content.to_peer,
		.by_peer = content.by_peer,
		.sequence = content.sequence,
	};
	return 0;
}

PUBLIC int msgpass_receive_receipt(int device,
				   const struct msgpass_receive_options *options,
				   struct msgpass_receipt_info *receipt)
{
	struct msgpass_receive_options how = { 0 };
	struct msgpass_message_info info;
	struct msgpass_receipt content;
	ssize_t length;

	if (options)
		how = *options;
	how.receipts_only = true;
	how.truncate = true;
	length = msgpass_receive_with(device, &content, sizeof(content), &how,
				      &info);
	if (length < 0)
		return length;
	return msgpass_receipt_decode(&content, length, &info, receipt);
}
