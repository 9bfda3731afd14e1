/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The right that a mailbox's file descriptor is: to send to one mailbox, to
 * receive from it, or both; and the messages that carry rights on.
 *
 * A message carries the right, not the file: an open file holds the module, a
 * queued message must not. Whoever receives it gets a new file of the same
 * right.
 *
 * Lifetime: references; each file has one, and each message that carries it.
 * With the right of an anonymous mailbox, which only one is ever made of, goes
 * the mailbox. So that none can keep itself alive, a mailbox is never reachable
 * from its own queue through the rights in it.
 *
 * Locking: carry_lock (right.c) guards who carries what. It is taken with no
 * other lock held, and none in it.
 */
#ifndef MSGPASS_RIGHT_H
#define MSGPASS_RIGHT_H

#include <linux/llist.h>

#include "broadcast.h"
#include "mailbox.h"

struct msgpass_right {
	refcount_t refs;
	fmode_t mode;				/* FMODE_READ, _WRITE; const */
	struct msgpass_mailbox *mailbox;	/* reference held; const */
	struct msgpass_subscription *subscription; /* reference held, or NULL */
	struct llist_node released;		/* right.c's */
};

/* A right in a message. */
struct msgpass_carried {
	struct msgpass_right *right;		/* reference held; const */
	struct msgpass_mailbox *carrier;	/* the same; NULL: an inbox */
	struct list_head entry;			/* carry_lock */
};

/* Takes over the references to @mailbox and @subscription, if there is one. */
void msgpass_right_init(struct msgpass_right *right, fmode_t mode,
			struct msgpass_mailbox *mailbox,
			struct msgpass_subscription *subscription);
void msgpass_right_put(struct msgpass_right *right);
/* Once nothing is queued any more. */
void msgpass_right_exit(void);

/* Where who has the right receives. */
static inline struct msgpass_port *
msgpass_right_port(const struct msgpass_right *right)
{
	return right->subscription ? &right->subscription->port :
				     &right->mailbox->port;
}

/*
 * A message on its way to @carrier, or to an inbox if that is NULL, is to carry
 * carried->right. -ELOOP if @carrier can be reached through it. In any case
 * uncarry it, which puts the right.
 */
int msgpass_right_carry(struct msgpass_carried *carried,
			struct msgpass_mailbox *carrier);
void msgpass_right_uncarry(struct msgpass_carried *carried);

#endif
