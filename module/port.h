/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine: a port is where messages arrive, wait and are received. It
 * knows nothing of pids, names or file descriptors.
 *
 * Messages enter a port through one of its queues. A queue has the capacity,
 * and the senders who wait for room in it; the port has the receivers. A
 * mailbox is a port with one queue, an inbox a port with one for each sender.
 *
 * A message is accepted (it has its number and its place), then claimed by
 * one receiver, then settled (the receiver has it, its place is free) or
 * restored to where it was (the receiver could not take it). A synchronous
 * sender waits until it is settled; with a capacity of 0 every sender does,
 * and its message takes no place. One that gives up withdraws its message,
 * unless it is claimed already.
 *
 * Nobody who waits tries again: whoever accepts a message hands it to the
 * receiver who has waited longest and wants it, and whoever frees a place
 * accepts the message of the sender who has waited longest. So one event
 * wakes one thread, and order is the order of arrival.
 *
 * Lifetime: a port is embedded in something of the caller's, who keeps it for
 * the length of each call. A link's queue is kept by what is counted in it:
 * messages held, senders and receivers waiting. Nobody keeps a reference to it
 * across an unlock without being one of those; ops->queue_unused() comes when
 * all are 0 and the queue is closed.
 *
 * Locking: port->lock guards the port, its queues, and their waiters. Taken
 * inside it: an inbox's outgoing_lock, and what freeing a link takes. No user
 * memory is touched and nothing is allocated under it. Waiters are woken
 * after it, but for the fifth and further ones of an operation.
 */
#ifndef MSGPASS_PORT_H
#define MSGPASS_PORT_H

#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "index.h"
#include "limits.h"
#include "message.h"
#include "selection.h"
#include "waiter.h"

struct msgpass_port_ops {
	/* References to what the port is embedded in. */
	void (*get)(struct msgpass_port *port);
	void (*put)(struct msgpass_port *port);
	/*
	 * The queue is closed, empty and nobody waits in it: forget it. Called
	 * with the port locked, once. NULL: the port has one queue, which goes
	 * with it.
	 */
	void (*queue_unused)(struct msgpass_queue *queue);
	/*
	 * Of a port that hands its messages on: is there room, and do it. The
	 * port is locked, and the message stays its sender's. Else NULL.
	 */
	bool (*has_room)(struct msgpass_port *port, size_t length);
	void (*fan_out)(struct msgpass_port *port,
			struct msgpass_message *message);
	/* Of one that such messages come to: a place is free, or NULL. */
	void (*drained)(struct msgpass_port *port);
	/* What becomes of messages that are queued when the port closes. */
	enum msgpass_end end;
};

/* What has come about so far, of a port or a queue. */
struct msgpass_counts {
	u64 accepted_bytes;
	u64 received_bytes;
	u64 queued_max;				/* most messages at a time */
	u64 sender_waits;
	u64 receiver_waits;
	u64 refused;				/* sends that would not wait */
	u64 expired;				/* of those dropped */
};

struct msgpass_port {
	spinlock_t lock;			/* see above */
	const struct msgpass_port_ops *ops;	/* const */
	u64 id;					/* no other has it; const */
	/* The process that alone receives from it, or NULL; const. */
	struct msgpass_wait_node *receiver;

	/* lock */
	struct msgpass_index index;
	struct list_head queues;		/* msgpass_queue::entry */
	struct list_head receivers;		/* in order of arrival */
	struct msgpass_limits limits;		/* of each queue; see limits.h */
	u64 sequence;				/* the last one given */
	u64 accepted;
	u64 received;
	u64 dropped;
	u64 queued;
	u64 queued_bytes;
	u64 receivers_waiting;
	u64 senders_waiting;
	struct msgpass_counts counts;
	bool closed;

	wait_queue_head_t poll;
	struct fasync_struct *async_readers;	/* fasync_helper()'s */
	struct fasync_struct *async_writers;
};

/* All of it under port->lock. */
struct msgpass_queue {
	struct msgpass_port *port;		/* const */
	struct list_head entry;			/* port->queues */
	struct msgpass_index_part part;		/* unless it is the only one */
	struct list_head senders;		/* who wait for room, in order */
	struct list_head meeting;		/* in a rendezvous, in order */
	unsigned int pins;			/* keep it while unlocked */
	u64 held;				/* queued or claimed */
	u64 held_bytes;
	u64 queued;
	u64 queued_bytes;
	u64 accepted;
	u64 received;
	u64 dropped;
	u64 receivers_waiting;			/* for just this queue */
	u64 senders_waiting;
	struct msgpass_counts counts;
	bool closed;				/* nothing more will come */
	bool unlimited;				/* const: limits don't apply */
	/* Of one that fans out: all have room for a message of any length. */
	bool writable;
};

static inline void msgpass_port_get(struct msgpass_port *port)
{
	port->ops->get(port);
}

static inline void msgpass_port_put(struct msgpass_port *port)
{
	port->ops->put(port);
}

/* No buffer: a message stays with its sender, who waits. */
static inline bool
msgpass_queue_is_rendezvous(const struct msgpass_queue *queue)
{
	return !queue->port->limits.capacity && !queue->unlimited;
}

void msgpass_port_init(struct msgpass_port *port, u64 id,
		       const struct msgpass_port_ops *ops,
		       const struct msgpass_limits *limits);

/* No more messages: those queued are dropped, all who wait get -EPIPE. */
void msgpass_port_close(struct msgpass_port *port);
/*
 * The same, but the port goes on, with these limits. Call with the port
 * locked; returns with it unlocked.
 */
void msgpass_port_reset(struct msgpass_port *port,
			const struct msgpass_limits *limits)
	__releases(&port->lock);

/* Then call msgpass_port_limits_changed(), which may take its time. */
void msgpass_port_set_limits(struct msgpass_port *port,
			     const struct msgpass_limits *limits);
void msgpass_port_limits_changed(struct msgpass_port *port);

/* Call with the port locked. */
void msgpass_queue_init(struct msgpass_queue *queue, struct msgpass_port *port);
void msgpass_queue_remove(struct msgpass_queue *queue);

/*
 * Nothing more comes in: those who wait for just this queue get -EPIPE. Once
 * it has drained, perhaps now, ops->queue_unused() is called.
 */
void msgpass_queue_close(struct msgpass_queue *queue);

/*
 * Call with the port locked; returns with it unlocked. On success the message
 * is the queue's, on failure it stays the caller's.
 */
int msgpass_port_send(struct msgpass_queue *queue,
		      struct msgpass_message *message,
		      struct msgpass_wait *wait)
	__releases(&queue->port->lock);

/*
 * Call with the port locked; returns with it unlocked. As many of the first of
 * these as need not wait, and that so many; the others stay the caller's.
 */
unsigned int msgpass_port_send_some(struct msgpass_queue *queue,
				    struct msgpass_message **messages,
				    unsigned int count)
	__releases(&queue->port->lock);

/*
 * Call with the port locked; returns with it unlocked. On success *@message
 * is claimed and has to be settled or restored; with selection->peek it is a
 * reference. -EMSGSIZE gives a reference too, other errors give NULL.
 */
int msgpass_port_receive(struct msgpass_port *port,
			 const struct msgpass_selection *selection,
			 struct msgpass_wait *wait,
			 struct msgpass_message **message)
	__releases(&port->lock);

/*
 * Claims what comes next, as long as it is plain and fits into its place, or may
 * be truncated, and returns how many. If none, receive one as above.
 */
unsigned int msgpass_port_claim_some(struct msgpass_port *port,
				     const struct msgpass_selection *selection,
				     const struct msgpass_place *places,
				     unsigned int count,
				     struct msgpass_message **messages);

/*
 * For what fans out, with the port locked: of the port that a message comes to;
 * then wake who waited there for it.
 */
bool msgpass_queue_has_room(const struct msgpass_queue *queue, size_t length);
bool msgpass_queue_is_writable(const struct msgpass_queue *queue);
/* @copy of @message, which was accepted. Returns whether it is writable yet. */
bool msgpass_queue_accept(struct msgpass_queue *queue,
			  struct msgpass_message *copy,
			  const struct msgpass_message *message,
			  struct msgpass_wakes *wakes);
void msgpass_port_wake(struct msgpass_port *port, struct msgpass_wakes *wakes);
/*
 * With the port locked: when the oldest message that is queued was accepted, in
 * all of the port or, if @queue is not NULL, in that; 0: none is.
 */
u64 msgpass_port_oldest(const struct msgpass_port *port,
			struct msgpass_queue *queue);
/* Not locked: there may be room where messages go on to. */
void msgpass_queue_drained(struct msgpass_queue *queue);

/*
 * These take over the claim. To refuse a message is to make its send fail,
 * which waits for it to be received; to restore it, the receive: @error is why.
 */
void msgpass_port_refuse(struct msgpass_port *port,
			 struct msgpass_message *message, int error);
void msgpass_port_settle(struct msgpass_port *port,
			 struct msgpass_message *message);
void msgpass_port_restore(struct msgpass_port *port,
			  struct msgpass_message *message, int error);

/* The same for several that were claimed together. */
void msgpass_port_settle_some(struct msgpass_port *port,
			      struct msgpass_message **messages,
			      unsigned int count);
void msgpass_port_restore_some(struct msgpass_port *port,
			       struct msgpass_message **messages,
			       unsigned int count, int error);

/*
 * Takes back a message that was sent to @port and to which the caller has a
 * reference; false if somebody has claimed it, or it is gone.
 */
bool msgpass_port_withdraw(struct msgpass_port *port,
			   struct msgpass_message *message);

/* The same, but one that is claimed is gone if it is restored. */
void msgpass_port_abandon(struct msgpass_port *port,
			  struct msgpass_message *message);

/* Takes out one whose lifetime is over: it is dropped. */
void msgpass_port_expire(struct msgpass_port *port,
			 struct msgpass_message *message);

/* With the port locked: a flow is over that went through @queue, or NULL. */
void msgpass_port_count_flow(struct msgpass_port *port,
			     struct msgpass_queue *queue, u64 bytes);

/* With the port locked: all who wait there; false if @visit has seen enough. */
bool msgpass_port_visit_waiters(struct msgpass_port *port,
				msgpass_wait_visit *visit, void *context);

/* EPOLLIN, EPOLLHUP, and EPOLLOUT if @queue is given and has room. */
__poll_t msgpass_port_poll(struct msgpass_port *port,
			   struct msgpass_queue *queue,
			   struct file *file, poll_table *table);

#endif
