/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The messages of a port in an order that makes every selection cheap.
 *
 * Messages of the same queue, type and priority form a run, oldest first; the
 * oldest leads it and alone stands in the trees. There are two: the port's
 * over all runs, and the queue's over its own. Both are ordered by type, and
 * each node knows the oldest and the most urgent message of its subtree. So
 * a selection walks down one tree, O(log runs), whatever it asks for, and
 * adding to or taking from a long run costs what it does for a short one.
 *
 * (The trees of augmented nodes are lib/rbtree.c's; a run with its leader in
 * the tree is how ipc/mqueue.c keeps messages of one priority.)
 *
 * Locks: none of its own; port->lock guards all of it.
 */
#ifndef MSGPASS_INDEX_H
#define MSGPASS_INDEX_H

#include "message.h"

struct msgpass_index {
	struct rb_root root;
};

enum msgpass_order {
	MSGPASS_OLDEST_FIRST,
	MSGPASS_MOST_URGENT_FIRST,	/* oldest of the highest priority */
};

/* @message->queue and ->sequence are set and give its place. */
void msgpass_index_add(struct msgpass_index *port, struct msgpass_index *queue,
		       struct msgpass_message *message);
/* @message leads its run: every message that a selection returns does. */
void msgpass_index_remove(struct msgpass_index *port,
			  struct msgpass_index *queue,
			  struct msgpass_message *message);
/* The same for any message that is in. */
void msgpass_index_withdraw(struct msgpass_index *port,
			    struct msgpass_index *queue,
			    struct msgpass_message *message);

/* The best message with @low <= type <= @high, NULL if there is none. */
struct msgpass_message *msgpass_index_best(struct msgpass_index *index,
					   u32 low, u32 high,
					   enum msgpass_order order);

/* The lowest type there is; false if the index is empty. */
bool msgpass_index_lowest_type(struct msgpass_index *index, u32 *type);

/* Of two, either of which may be NULL. */
struct msgpass_message *msgpass_index_better(struct msgpass_message *a,
					     struct msgpass_message *b,
					     enum msgpass_order order);

/*
 * Moves all messages to @list, linked by ->run; the queues' indexes are stale
 * after it and need msgpass_index_init().
 */
void msgpass_index_empty(struct msgpass_index *port, struct list_head *list);

static inline void msgpass_index_init(struct msgpass_index *index)
{
	index->root = RB_ROOT;
}

#endif
