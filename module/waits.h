/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Those who wait at a mailbox or an inbox, some at a time.
 *
 * They are copied while the port, or the calls, are locked, with references;
 * what the caller may know of them is asked afterwards.
 */
#ifndef MSGPASS_WAITS_H
#define MSGPASS_WAITS_H

#include <linux/msgpass.h>

#include "waiter.h"

struct msgpass_inbox;
struct msgpass_mailbox;
struct msgpass_peer;

/* How many are copied at a time. */
#define MSGPASS_WAITS_MAX	64

struct msgpass_wait_found {
	enum msgpass_wait_what what;
	struct task_struct *task;		/* reference held */
	struct msgpass_peer *for_peer;		/* the same, or NULL */
	struct msgpass_port *port;		/* of a call; the same, or NULL */
	u64 since;
	u64 deadline;
};

struct msgpass_waits {
	u64 now;
	u64 mailbox;				/* the number, or 0 */
	bool see_all;				/* the caller may */
	u64 skip;				/* how many to pass over */
	u64 at;					/* how many were seen */
	unsigned int room;
	unsigned int count;
	unsigned int shown;
	bool more;
	struct msgpass_wait_found found[MSGPASS_WAITS_MAX];
};

/* For so many at most, those after the first @skip; NULL if there is no memory. */
struct msgpass_waits *msgpass_waits_new(u64 skip, u32 room);
void msgpass_waits_free(struct msgpass_waits *waits);

/* Finds them: one of these, once. */
void msgpass_waits_at_mailbox(struct msgpass_waits *waits,
			      struct msgpass_mailbox *mailbox);
void msgpass_waits_at_inbox(struct msgpass_waits *waits,
			    struct msgpass_inbox *inbox);

/* The next one found that the caller may see; false: there is none. */
bool msgpass_waits_show(struct msgpass_waits *waits,
			struct msgpass_wait_element *element);

/* How many to skip then; 0: these were the last. */
static inline u64 msgpass_waits_next(const struct msgpass_waits *waits)
{
	return waits->more ? waits->at : 0;
}

#endif
