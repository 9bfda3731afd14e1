/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The messages of a port in an order that makes every selection cheap.
 *
 * Messages of the same queue, type and priority form a run, oldest first; the
 * oldest leads it and alone stands in the trees. Where the port has several
 * queues there are two, the port's over all runs and the queue's over its own.
 * Both are ordered by type, and each node knows the oldest and the most urgent
 * message of its subtree. So a selection walks down one tree, O(log runs),
 * whatever it asks for, and adding to or taking from a long run costs what it
 * does for a short one.
 *
 * The run that the last new message is in, the latest, stays out of the trees
 * until there comes one of another run. Then it joins the run of its kind that
 * is there, or becomes one. So what comes and goes costs nothing, however much
 * lies there, and where all is of one kind there are no trees.
 *
 * (The trees of augmented nodes are lib/rbtree.c's; a run with its leader in
 * the tree is how ipc/mqueue.c keeps messages of one priority.)
 *
 * Locks: none of its own; port->lock guards all of it.
 */
#ifndef MSGPASS_INDEX_H
#define MSGPASS_INDEX_H

#include "message.h"

/* One queue's share, of a port that has several. Elsewhere a NULL. */
struct msgpass_index_part {
	struct rb_root runs;
};

struct msgpass_index {
	struct rb_root runs;
	struct msgpass_message *latest;		/* its leader, or NULL */
	struct msgpass_index_part *latest_part;
};

enum msgpass_order {
	MSGPASS_OLDEST_FIRST,
	MSGPASS_MOST_URGENT_FIRST,	/* oldest of the highest priority */
};

/* @message->queue and ->sequence are set; it is the port's newest. */
void msgpass_index_add(struct msgpass_index *index,
		       struct msgpass_index_part *part,
		       struct msgpass_message *message);
/* The same behind @last, the newest until now, of whose run it is. */
static inline void msgpass_index_add_behind(struct msgpass_message *last,
					    struct msgpass_message *message)
{
	struct list_head *next = last->run.next;

	RB_CLEAR_NODE(&message->in_port.rb);
	/* As list_add(), which may ask whether the list is sound. */
	message->run.prev = &last->run;
	message->run.next = next;
	last->run.next = &message->run;
	next->prev = &message->run;
}

/* One that was taken out, being the oldest of its run then, comes back. */
void msgpass_index_restore(struct msgpass_index *index,
			   struct msgpass_index_part *part,
			   struct msgpass_message *message);
/* @message leads its run: every message that a selection returns does. */
void msgpass_index_remove(struct msgpass_index *index,
			  struct msgpass_index_part *part,
			  struct msgpass_message *message);
/* The same for those before @until in the run, or for all if that leads it. */
void msgpass_index_remove_until(struct msgpass_index *index,
				struct msgpass_index_part *part,
				struct msgpass_message *leader,
				struct msgpass_message *until);
/* The same for any message that is in. */
void msgpass_index_withdraw(struct msgpass_index *index,
			    struct msgpass_index_part *part,
			    struct msgpass_message *message);

/*
 * The best message with @low <= type <= @high, of all or of a part; NULL if
 * there is none.
 */
struct msgpass_message *
msgpass_index_best(const struct msgpass_index *index,
		   const struct msgpass_index_part *part, u32 low, u32 high,
		   enum msgpass_order order);

/* The lowest type there is, of all or of a part; false if there is none. */
bool msgpass_index_lowest_type(const struct msgpass_index *index,
			       const struct msgpass_index_part *part,
			       u32 *type);

/* Of two, either of which may be NULL. */
struct msgpass_message *msgpass_index_better(struct msgpass_message *a,
					     struct msgpass_message *b,
					     enum msgpass_order order);

/*
 * Moves all messages to @list, linked by ->run; the parts are stale after it
 * and need msgpass_index_part_init().
 */
void msgpass_index_empty(struct msgpass_index *index, struct list_head *list);

/* Then the next best of a selection is the next of the run. */
static inline bool msgpass_index_is_one_run(const struct msgpass_index *index)
{
	return RB_EMPTY_ROOT(&index->runs);
}

static inline void msgpass_index_init(struct msgpass_index *index)
{
	index->runs = RB_ROOT;
	index->latest = NULL;
}

static inline void msgpass_index_part_init(struct msgpass_index_part *part)
{
	part->runs = RB_ROOT;
}

#endif
