/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One to many: a mailbox whose messages every subscriber gets.
 *
 * A subscription is a port of its own, so that a subscriber selects, peeks,
 * polls and falls behind by itself. What is sent to the mailbox's port is not
 * queued there but fanned out: each subscription's queue gets a message that
 * has all but the bytes, which they share. The sender waits in the mailbox's
 * port until all have room; where messages may be lost, those without room
 * miss it instead.
 *
 * So that a message reaches all or, if the send fails, none, the mailbox's port
 * stays locked while it is fanned out, and nothing takes room from a
 * subscription but a fan-out.
 *
 * Lifetime: a subscription has references: of the right it belongs to, and of
 * who works with its port. It keeps the mailbox's port.
 *
 * Lock order: the mailbox's port->lock, then a subscription's.
 */
#ifndef MSGPASS_BROADCAST_H
#define MSGPASS_BROADCAST_H

#include "port.h"

struct cred;

struct msgpass_broadcast {
	struct msgpass_queue *queue;		/* the mailbox's; const */
	bool lossy;				/* const */

	/* queue->port->lock */
	struct list_head subscriptions;		/* oldest first */
	u64 count;
	u64 missed;				/* of all, ever */
};

struct msgpass_subscription {
	struct msgpass_port port;
	struct msgpass_queue queue;		/* the port's only one */
	refcount_t refs;
	struct msgpass_broadcast *broadcast;	/* keeps its port; const */
	struct msgpass_account *account;	/* reference held; const */

	/* broadcast->queue->port->lock */
	struct list_head entry;
	u64 missed;				/* since the last it got */
	u64 missed_ever;
};

void msgpass_broadcast_init(struct msgpass_broadcast *broadcast,
			    struct msgpass_queue *queue, bool lossy);
/* The mailbox's port has been closed: now those of the subscriptions. */
void msgpass_broadcast_close(struct msgpass_broadcast *broadcast);
void msgpass_broadcast_set_limits(struct msgpass_broadcast *broadcast,
				  const struct msgpass_limits *limits);

/* ERR_PTR. Then start it, and later end it; or put it. */
struct msgpass_subscription *msgpass_subscription_new(void);
/* -ENOSPC if there are too many. */
int msgpass_subscription_start(struct msgpass_subscription *subscription,
			       struct msgpass_broadcast *broadcast);
void msgpass_subscription_end(struct msgpass_subscription *subscription);
void msgpass_subscription_put(struct msgpass_subscription *subscription);

/*
 * Sends @message, whose copies @cred pays for. On success too it stays the
 * caller's, to be put.
 */
int msgpass_broadcast_send(struct msgpass_broadcast *broadcast,
			   struct msgpass_message *message,
			   const struct cred *cred, struct msgpass_wait *wait);

/* Those who wait to receive; with the mailbox's port locked. */
bool msgpass_broadcast_visit_waiters(struct msgpass_broadcast *broadcast,
				     msgpass_wait_visit *visit, void *context);

/* For the ops of the mailbox's port, which is locked. */
bool msgpass_broadcast_has_room(struct msgpass_broadcast *broadcast,
				size_t length);
void msgpass_broadcast_fan_out(struct msgpass_broadcast *broadcast,
			       struct msgpass_message *message);

#endif
