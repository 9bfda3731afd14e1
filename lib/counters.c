// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What mailboxes, inboxes and links count alike.
 */
#include "internal.h"

/* @counters may be NULL. */
void fill_counters(struct msgpass_counters *counters,
		   const struct msgpass_tally *tally)
{
	if (!counters)
		return;
	*counters = (struct msgpass_counters){
		.sent_bytes = tally->sent_bytes,
		.received_bytes = tally->received_bytes,
		.queued_max = tally->queued_max,
		.oldest_ns = tally->oldest_time,
		.sender_waits = tally->sender_waits,
		.receiver_waits = tally->receiver_waits,
		.refused = tally->refused,
		.expired = tally->expired,
	};
}
