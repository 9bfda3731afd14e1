/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that waits for another to do something for it, and how it is told.
 *
 * A waiter is on its thread's own stack. Whoever completes it takes it off its
 * list, under the port's lock, and from then on does not touch it; the thread
 * may see that, return and be gone before it is woken. Threads are woken after
 * the lock is released, from a struct msgpass_wakes that holds references; one
 * that spins, and looks, need not be.
 *
 * A sender and a receiver may wait for each other, where all that is missing is
 * room. It may come from a third: who gives up a call that was forwarded
 * through the same queue. So the one who comes second waits for no one process.
 */
#ifndef MSGPASS_WAITER_H
#define MSGPASS_WAITER_H

#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/types.h>

#include "deadlock.h"

struct msgpass_message;
struct msgpass_open_call;
struct msgpass_port;
struct msgpass_queue;
struct msgpass_selection;

/* What a thread waits for. */
enum msgpass_wait_what {
	MSGPASS_WAIT_MESSAGE,
	MSGPASS_WAIT_ROOM,
	MSGPASS_WAIT_RENDEZVOUS,
	MSGPASS_WAIT_REPLY,
	MSGPASS_WAIT_FLOW,
};

enum msgpass_waiter_state {
	MSGPASS_WAITER_WAITS,			/* to be woken */
	MSGPASS_WAITER_LOOKS,			/* looks again before it sleeps */
	MSGPASS_WAITER_DONE,
};

struct msgpass_waiter {
	struct list_head entry;			/* port->lock */
	struct task_struct *task;		/* const */
	u64 port;				/* its id, to tell of it */
	enum msgpass_wait_what what;		/* the same */
	int priority;				/* const */
	unsigned long since;			/* jiffies; const */
	ktime_t deadline;			/* 0: none; const */
	const struct msgpass_selection *selection; /* a receiver's; const */
	struct msgpass_message *message;	/* to send, or handed over */
	bool synchronous;			/* a sender's; const */
	bool is_call;				/* the same: never a rendezvous */
	bool room_helps;			/* const; see below */
	bool asleep;				/* a caller's; its own to write */
	int give_up;				/* port->lock: why, or 0 */
	int result;
	enum msgpass_waiter_state state;	/* cmpxchg(), release, acquire */
};

/* How a caller waits. */
struct msgpass_wait {
	bool nonblock;
	bool synchronous;			/* until it is received */
	bool spin;				/* before it sleeps */
	ktime_t deadline;			/* 0: none */
	struct msgpass_wait_edge edge;		/* whom it waits for */
	/*
	 * The call whose request is sent, or NULL. Such a send waits for room alone,
	 * and not once the call is over: who ends that wakes it. With @call there
	 * is the function, whose header includes this one.
	 */
	const struct msgpass_open_call *call;
	bool (*is_over)(const struct msgpass_open_call *call);
	/* What a sender does before it sleeps, and undoes before long; or NULL. */
	void (*hold)(struct msgpass_message *message);
	void (*let_go)(struct msgpass_message *message);
	bool waited;				/* out: it came to that */
};

static inline bool msgpass_waiter_is_done(const struct msgpass_waiter *waiter)
{
	/* Pairs with msgpass_waiter_complete(). */
	return smp_load_acquire(&waiter->state) == MSGPASS_WAITER_DONE;
}

/* What to do once the port is unlocked. */
struct msgpass_wakes {
	unsigned int count;
	struct task_struct *tasks[4];
	__poll_t events;
	unsigned int queued;			/* for how many messages EPOLLIN is */
};

/* The tasks are as many as are counted: not cleared. */
static inline void msgpass_wakes_init(struct msgpass_wakes *wakes)
{
	wakes->count = 0;
	wakes->events = 0;
	wakes->queued = 0;
}

/* The calling thread's, for @what of the port of that id; fill in the rest. */
void msgpass_waiter_init(struct msgpass_waiter *waiter,
			 enum msgpass_wait_what what, u64 port,
			 const struct msgpass_wait *wait);

/* Behind those of the same or a higher real-time priority. */
void msgpass_waiter_enter(struct msgpass_waiter *waiter,
			  struct list_head *list);
void msgpass_waiter_complete(struct msgpass_waiter *waiter, int result,
			     struct msgpass_wakes *wakes);
void msgpass_wake_all(struct msgpass_wakes *wakes);

static inline void msgpass_wake_tasks(struct msgpass_wakes *wakes)
{
	if (wakes->count)
		msgpass_wake_all(wakes);
}

/*
 * 0 once another has completed @waiter, or why to give up waiting. That may
 * have come too late, so look again where it is completed.
 */
int msgpass_waiter_sleep(struct msgpass_waiter *waiter,
			 struct msgpass_wait *wait);
/* The same, but nothing short of being killed is a reason. */
int msgpass_waiter_sleep_killable(struct msgpass_waiter *waiter);

/* One that is seen waiting; under the lock that it could be completed under. */
struct msgpass_wait_seen {
	const struct msgpass_waiter *waiter;
	/* Where it waits, or where its call stands or stood. */
	struct msgpass_port *port;
	struct msgpass_queue *queue;		/* in just this, or NULL */
	struct msgpass_wait_node *holder;	/* who has its call, or NULL */
};

/* False: it has seen enough. */
typedef bool msgpass_wait_visit(void *context,
				const struct msgpass_wait_seen *seen);

#endif
