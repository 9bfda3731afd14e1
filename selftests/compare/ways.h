/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mechanisms bare of any job, to look at what they do with messages: do they keep them
 * apart, do they tell whose they are, what does each byte of them cost.
 */
#ifndef WAYS_H
#define WAYS_H

#include "job.h"

struct way {
	const char *name; /* of the mechanism */
	void (*open_reader)(void);
	void (*open_writer)(pid_t reader);
	void (*send)(const void *bytes, size_t size);
	size_t (*receive)(void *bytes, size_t size);
	const char *(*sender)(pid_t writer); /* what is known of it, or NULL: nothing */
	bool small;			     /* it carries a number and no bytes */
};

/* NULL where nothing is sent: memory that is shared, calls. */
const struct way *way_of(const struct mechanism *mechanism);

/* Two short messages are sent, then one is received with room for both: KEPT if one came. */
const char *way_messages(const struct way *way);

/* What the receiver is told of the sender, which is another process. */
const char *way_sender(const struct way *way);

/* What a byte more costs to send and receive, in nanoseconds of CPU time. */
double way_cost_of_byte(const struct way *way);

/* The same of one copy from the kernel to a user. */
double copy_cost_of_byte(void);

#endif
