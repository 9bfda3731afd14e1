// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Settings of mailboxes and inboxes, to the kernel's form and back.
 */
#include "internal.h"

/* The bits are passed on as they are. */
#define SAME(what)                                                             \
	_Static_assert((int)MSGPASS_HAS_##what == MSGPASS_SET_##what, #what)

SAME(MODE);
SAME(UID);
SAME(GID);
SAME(CAPACITY);
SAME(CAPACITY_BYTES);
SAME(MESSAGE_MAX);

int settings_to_attributes(const struct msgpass_settings *settings,
			   struct msgpass_attributes *attributes)
{
	if (!settings)
		return 0;
	if (!is_zero(settings->reserved))
		return -EINVAL;
	*attributes = (struct msgpass_attributes){
		.set = settings->has,
		.mode = settings->mode,
		.uid = settings->uid,
		.gid = settings->gid,
		.capacity = settings->capacity,
		.capacity_bytes = settings->capacity_bytes,
		.message_max = settings->message_max,
	};
	return 0;
}

bool is_for_opening(const struct msgpass_settings *settings)
{
	return settings &&
	       (settings->bound || settings->broadcast || settings->lossy);
}

void settings_from_attributes(struct msgpass_settings *settings,
			      const struct msgpass_attributes *attributes)
{
	*settings = (struct msgpass_settings){
		.has = attributes->set,
		.mode = attributes->mode,
		.uid = attributes->uid,
		.gid = attributes->gid,
		.capacity = attributes->capacity,
		.capacity_bytes = attributes->capacity_bytes,
		.message_max = attributes->message_max,
	};
}
