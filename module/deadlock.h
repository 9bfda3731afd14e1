/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who waits for whom: a graph of processes, to refuse waits that would never
 * end. A process has at most one edge, and only while it sleeps in a wait that
 * just one process can end, without a deadline, and has no other thread. So
 * where edges form a cycle, nobody in it will ever do a thing again.
 *
 * Each sleeper looks for a cycle once its own edge is there for others to see.
 * They look one after the other, and the first to find a cycle takes its edge
 * away before the next one looks: so a cycle is always found, and by one.
 *
 * What ends a wait was done by a process before that got an edge of its own:
 * who sees this edge sees that the wait is done, and no cycle in it. Where an
 * edge leads does not change while those it concerns sleep, except that a
 * server may hand a call on; it looks then, and has the caller look again.
 *
 * Lifetime: an edge is on the stack of the thread that sleeps, and leaves the
 * graph before that goes on. A node is embedded in what is freed after a grace
 * period; what an edge leads to has a reference until the waiter is done or
 * the call has another holder, so RCU keeps it for who saw that it had not.
 *
 * Locking: waits_lock (deadlock.c) guards the graph. It is taken with no other
 * lock held, and none in it but the scheduler's.
 */
#ifndef MSGPASS_DEADLOCK_H
#define MSGPASS_DEADLOCK_H

#include <linux/types.h>

struct msgpass_waiter;

/* A process, as one that waits and is waited for. */
struct msgpass_wait_node {
	const struct msgpass_wait_edge *edge;	/* waits_lock; NULL: none */
	int pid;				/* to tell of it; const */
};

struct msgpass_wait_edge {
	struct msgpass_wait_node *from;		/* const; NULL: not for here */
	struct msgpass_wait_node *to;		/* const */
	/* Of a call, instead of @to, who has it now; const, the pointee RCU. */
	struct msgpass_wait_node __rcu **holder;
	/* NULL: not in the graph. Its thread's to write, under waits_lock. */
	const struct msgpass_waiter *waiter;
};

/*
 * @waiter's thread is about to sleep, perhaps once more. -EDEADLK, and the edge
 * is not in the graph, if that would close a cycle.
 */
int msgpass_wait_edge_enter(struct msgpass_wait_edge *edge,
			    const struct msgpass_waiter *waiter);
/* If it is in the graph. */
void msgpass_wait_edge_leave(struct msgpass_wait_edge *edge);

/* @node was handed a call: its caller is woken to look, if a cycle is closed. */
void msgpass_wait_node_check(struct msgpass_wait_node *node);

#endif
