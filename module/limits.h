/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's parameters: what an administrator bounds for everybody.
 * Writable at run time; each reader reads once and copes with any value.
 */
#ifndef MSGPASS_LIMITS_H
#define MSGPASS_LIMITS_H

#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/types.h>

extern unsigned int msgpass_message_max;	/* bytes */
extern unsigned int msgpass_capacity_default;	/* messages */
extern unsigned int msgpass_capacity_max;	/* messages */
extern unsigned int msgpass_mailboxes_max;	/* per network namespace */
extern unsigned long msgpass_user_bytes;	/* kernel memory per user */
extern unsigned int msgpass_spin_ns;		/* of a wait, see waiter.c */

/* What bounds one link or one mailbox. */
struct msgpass_limits {
	u64 capacity;		/* messages */
	u64 capacity_bytes;	/* of payload; >= message_max */
	u64 message_max;	/* bytes */
};

/* A port's, with it locked: message_max may be read without. */
static inline void msgpass_limits_assign(struct msgpass_limits *to,
					 const struct msgpass_limits *from)
{
	to->capacity = from->capacity;
	to->capacity_bytes = from->capacity_bytes;
	WRITE_ONCE(to->message_max, from->message_max);
}

static inline struct msgpass_limits msgpass_limits_default(void)
{
	u64 message_max = READ_ONCE(msgpass_message_max);

	return (struct msgpass_limits) {
		.capacity = READ_ONCE(msgpass_capacity_default),
		.capacity_bytes = max_t(u64, SZ_4M, message_max),
		.message_max = message_max,
	};
}

#endif
