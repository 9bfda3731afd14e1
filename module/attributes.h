/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct msgpass_attributes to and from struct msgpass_limits, alike for
 * mailboxes and inboxes.
 */
#ifndef MSGPASS_ATTRIBUTES_H
#define MSGPASS_ATTRIBUTES_H

#include <linux/msgpass.h>

#include "limits.h"

#define MSGPASS_SET_LIMITS (MSGPASS_SET_CAPACITY | \
			    MSGPASS_SET_CAPACITY_BYTES | \
			    MSGPASS_SET_MESSAGE_MAX)
#define MSGPASS_SET_ALL (MSGPASS_SET_MODE | MSGPASS_SET_UID | \
			 MSGPASS_SET_GID | MSGPASS_SET_LIMITS)

/*
 * Changes what @attributes sets in @limits; -EINVAL if it is out of range or
 * sets what is not in @known or a mode outside of @mode_mask.
 */
int msgpass_attributes_apply(const struct msgpass_attributes *attributes,
			     u32 known, u32 mode_mask,
			     struct msgpass_limits *limits);

void msgpass_attributes_show(struct msgpass_attributes *attributes,
			     const struct msgpass_limits *limits, u32 mode);

#endif
