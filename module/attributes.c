// SPDX-License-Identifier: GPL-2.0
#include <linux/errno.h>

#include "attributes.h"

static bool capacity_allowed(u64 capacity)
{
	return capacity == MSGPASS_UNLIMITED ||
	       capacity <= READ_ONCE(msgpass_capacity_max);
}

int msgpass_attributes_apply(const struct msgpass_attributes *attributes,
			     u32 known, u32 mode_mask,
			     struct msgpass_limits *limits)
{
	u32 set = attributes->set;

	if (set & ~known)
		return -EINVAL;
	if (set & MSGPASS_SET_MODE && attributes->mode & ~mode_mask)
		return -EINVAL;

	if (set & MSGPASS_SET_CAPACITY) {
		if (!capacity_allowed(attributes->capacity))
			return -EINVAL;
		limits->capacity = attributes->capacity;
	}
	if (set & MSGPASS_SET_MESSAGE_MAX) {
		if (attributes->message_max > READ_ONCE(msgpass_message_max))
			return -EINVAL;
		limits->message_max = attributes->message_max;
	}
	if (set & MSGPASS_SET_CAPACITY_BYTES) {
		limits->capacity_bytes = attributes->capacity_bytes;
		if (!(set & MSGPASS_SET_MESSAGE_MAX))
			limits->message_max = min(limits->message_max,
						  limits->capacity_bytes);
	}

	/* Else the longest message would wait for room for ever. */
	if (limits->capacity_bytes < limits->message_max)
		return -EINVAL;
	return 0;
}

void msgpass_attributes_show(struct msgpass_attributes *attributes,
			     const struct msgpass_limits *limits, u32 mode)
{
	attributes->set = MSGPASS_SET_MODE | MSGPASS_SET_LIMITS;
	attributes->mode = mode;
	attributes->uid = 0;
	attributes->gid = 0;
	attributes->capacity = limits->capacity;
	attributes->capacity_bytes = limits->capacity_bytes;
	attributes->message_max = limits->message_max;
}
