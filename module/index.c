// SPDX-License-Identifier: GPL-2.0
#include <linux/rbtree_augmented.h>

#include "index.h"

/* Which of its nodes a message has in a tree. */
enum tree {
	PORT_TREE,
	PART_TREE,
};

static __always_inline struct msgpass_message *message_of(struct rb_node *rb,
							  enum tree tree)
{
	return tree == PORT_TREE ?
	       rb_entry(rb, struct msgpass_message, in_port.rb) :
	       rb_entry(rb, struct msgpass_message, in_part.rb);
}

static __always_inline struct msgpass_index_node *
node_of(struct msgpass_message *message, enum tree tree)
{
	return tree == PORT_TREE ? &message->in_port : &message->in_part;
}

static __always_inline struct msgpass_index_bests *bests_of(struct rb_node *rb)
{
	return &rb_entry(rb, struct msgpass_index_node, rb)->of_subtree;
}

static __always_inline bool is_older(const struct msgpass_message *a,
				     const struct msgpass_message *b)
{
	return a->sequence < b->sequence;
}

static __always_inline bool is_more_urgent(const struct msgpass_message *a,
					   const struct msgpass_message *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return is_older(a, b);
}

struct msgpass_message *msgpass_index_better(struct msgpass_message *a,
					     struct msgpass_message *b,
					     enum msgpass_order order)
{
	if (!a || !b)
		return a ?: b;
	if (order == MSGPASS_OLDEST_FIRST)
		return is_older(b, a) ? b : a;
	return is_more_urgent(b, a) ? b : a;
}

static __always_inline void bests_add(struct msgpass_index_bests *bests,
				      const struct msgpass_index_bests *more)
{
	if (is_older(more->oldest, bests->oldest))
		bests->oldest = more->oldest;
	if (is_more_urgent(more->most_urgent, bests->most_urgent))
		bests->most_urgent = more->most_urgent;
}

/* Returns whether nothing changed, so that the walk to the root can stop. */
static __always_inline bool update(struct msgpass_message *message,
				   enum tree tree, bool exit)
{
	struct msgpass_index_bests bests = { message, message };
	struct msgpass_index_node *node = node_of(message, tree);

	if (node->rb.rb_left)
		bests_add(&bests, bests_of(node->rb.rb_left));
	if (node->rb.rb_right)
		bests_add(&bests, bests_of(node->rb.rb_right));
	if (exit && node->of_subtree.oldest == bests.oldest &&
	    node->of_subtree.most_urgent == bests.most_urgent)
		return true;
	node->of_subtree = bests;
	return false;
}

static bool port_update(struct msgpass_message *message, bool exit)
{
	return update(message, PORT_TREE, exit);
}

static bool part_update(struct msgpass_message *message, bool exit)
{
	return update(message, PART_TREE, exit);
}

RB_DECLARE_CALLBACKS(static, port_callbacks, struct msgpass_message,
		     in_port.rb, in_port.of_subtree, port_update)
RB_DECLARE_CALLBACKS(static, part_callbacks, struct msgpass_message,
		     in_part.rb, in_part.of_subtree, part_update)

static __always_inline const struct rb_augment_callbacks *
callbacks_of(enum tree tree)
{
	return tree == PORT_TREE ? &port_callbacks : &part_callbacks;
}

/* 0: of the same run. */
static __always_inline int run_compare(const struct msgpass_message *a,
				       const struct msgpass_message *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->queue != b->queue)
		return a->queue < b->queue ? -1 : 1;
	return 0;
}

/*
 * Adds @message, unless its run is there: then returns the leader, which has to
 * give way if it is the younger one. The subtrees on the way learn of @message
 * in either case. Nothing is wrong by that: the younger of the two is nobody's
 * best.
 */
static __always_inline struct msgpass_message *
tree_add(struct rb_root *root, struct msgpass_message *message, enum tree tree)
{
	struct msgpass_index_node *node = node_of(message, tree);
	struct rb_node **slot = &root->rb_node, *parent = NULL;

	node->of_subtree = (struct msgpass_index_bests){ message, message };
	while (*slot) {
		struct msgpass_message *at = message_of(*slot, tree);
		int order = run_compare(message, at);

		parent = *slot;
		bests_add(bests_of(parent), &node->of_subtree);
		if (!order)
			return at;
		slot = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&node->rb, parent, slot);
	rb_insert_augmented(&node->rb, root, callbacks_of(tree));
	return NULL;
}

static __always_inline void tree_erase(struct rb_root *root,
				       struct msgpass_message *message,
				       enum tree tree)
{
	rb_erase_augmented(&node_of(message, tree)->rb, root,
			   callbacks_of(tree));
}

/* By one of the same run; if it is older, tree_add() has told the subtrees. */
static __always_inline void tree_replace(struct rb_root *root,
					 struct msgpass_message *old,
					 struct msgpass_message *new,
					 enum tree tree)
{
	struct rb_node *rb = &node_of(new, tree)->rb;

	node_of(new, tree)->of_subtree = node_of(old, tree)->of_subtree;
	rb_replace_node(&node_of(old, tree)->rb, rb, root);
	if (is_older(old, new))
		callbacks_of(tree)->propagate(rb, NULL);
}

static void leader_replace(struct msgpass_index *index,
			   struct msgpass_index_part *part,
			   struct msgpass_message *old,
			   struct msgpass_message *new)
{
	tree_replace(&index->runs, old, new, PORT_TREE);
	if (part)
		tree_replace(&part->runs, old, new, PART_TREE);
	RB_CLEAR_NODE(&old->in_port.rb);
}

static bool leads_in_trees(const struct msgpass_message *message)
{
	return !RB_EMPTY_NODE(&message->in_port.rb);
}

/* A run has no head of its own: give it one, and join. */
static void run_splice(struct msgpass_message *leader, struct list_head *before)
{
	LIST_HEAD(run);

	list_add_tail(&run, &leader->run);
	list_splice_tail(&run, before);
}

static noinline void put_latest_into_trees(struct msgpass_index *index)
{
	struct msgpass_message *latest = index->latest, *leader;

	leader = tree_add(&index->runs, latest, PORT_TREE);
	if (!leader && index->latest_part) {
		tree_add(&index->latest_part->runs, latest, PART_TREE);
	} else if (leader) {
		RB_CLEAR_NODE(&latest->in_port.rb);
		/* The latest are younger than all that were there. */
		run_splice(latest, &leader->run);
	}
}

void msgpass_index_add(struct msgpass_index *index,
		       struct msgpass_index_part *part,
		       struct msgpass_message *message)
{
	struct msgpass_message *latest = index->latest;

	RB_CLEAR_NODE(&message->in_port.rb);
	if (latest && !run_compare(latest, message)) {
		list_add_tail(&message->run, &latest->run);
		return;
	}
	if (latest)
		put_latest_into_trees(index);
	INIT_LIST_HEAD(&message->run);
	index->latest = message;
	index->latest_part = part;
}

void msgpass_index_restore(struct msgpass_index *index,
			   struct msgpass_index_part *part,
			   struct msgpass_message *message)
{
	struct msgpass_message *leader, *before;

	INIT_LIST_HEAD(&message->run);
	leader = tree_add(&index->runs, message, PORT_TREE);
	if (part && (!leader || is_older(message, leader)))
		tree_add(&part->runs, message, PART_TREE);
	if (!leader)
		return;
	if (is_older(message, leader)) {
		list_add_tail(&message->run, &leader->run);
		leader_replace(index, part, leader, message);
		return;
	}
	RB_CLEAR_NODE(&message->in_port.rb);
	before = leader;
	while (!list_is_last(&before->run, &leader->run) &&
	       is_older(list_next_entry(before, run), message))
		before = list_next_entry(before, run);
	list_add(&message->run, &before->run);
}

static noinline void take_from_trees(struct msgpass_index *index,
				     struct msgpass_index_part *part,
				     struct msgpass_message *leader,
				     struct msgpass_message *next)
{
	if (next) {
		leader_replace(index, part, leader, next);
		return;
	}
	tree_erase(&index->runs, leader, PORT_TREE);
	if (part)
		tree_erase(&part->runs, leader, PART_TREE);
}

void msgpass_index_remove(struct msgpass_index *index,
			  struct msgpass_index_part *part,
			  struct msgpass_message *message)
{
	struct msgpass_message *next = NULL;

	if (!list_empty(&message->run))
		next = list_next_entry(message, run);
	if (message == index->latest)
		index->latest = next;
	else
		take_from_trees(index, part, message, next);
	if (next)
		list_del(&message->run);
}

void msgpass_index_remove_until(struct msgpass_index *index,
				struct msgpass_index_part *part,
				struct msgpass_message *leader,
				struct msgpass_message *until)
{
	struct msgpass_message *next = until == leader ? NULL : until;

	if (next)
		__list_del(leader->run.prev, &next->run);
	if (leader == index->latest)
		index->latest = next;
	else
		take_from_trees(index, part, leader, next);
}

void msgpass_index_withdraw(struct msgpass_index *index,
			    struct msgpass_index_part *part,
			    struct msgpass_message *message)
{
	if (message == index->latest || leads_in_trees(message))
		msgpass_index_remove(index, part, message);
	else
		list_del(&message->run);
}

static __always_inline struct msgpass_message *
subtree_best(struct rb_node *rb, enum msgpass_order order)
{
	if (!rb)
		return NULL;
	return order == MSGPASS_OLDEST_FIRST ? bests_of(rb)->oldest :
					       bests_of(rb)->most_urgent;
}

/*
 * The topmost node within the bounds parts the tree: left of it only the low
 * bound matters, right of it only the high one.
 */
static __always_inline struct msgpass_message *
tree_best(const struct rb_root *root, u32 low, u32 high,
	  enum msgpass_order order, enum tree tree)
{
	struct rb_node *rb = root->rb_node, *top;
	struct msgpass_message *at, *best;

	if (low == 0 && high == U32_MAX)
		return subtree_best(rb, order);
	while (rb) {
		at = message_of(rb, tree);
		if (at->type >= low && at->type <= high)
			break;
		rb = at->type < low ? rb->rb_right : rb->rb_left;
	}
	if (!rb)
		return NULL;
	top = rb;
	best = at;

	for (rb = top->rb_left; rb;) {
		at = message_of(rb, tree);
		if (at->type < low) {
			rb = rb->rb_right;
			continue;
		}
		best = msgpass_index_better(best, at, order);
		best = msgpass_index_better(best,
					    subtree_best(rb->rb_right, order),
					    order);
		rb = rb->rb_left;
	}
	for (rb = top->rb_right; rb;) {
		at = message_of(rb, tree);
		if (at->type > high) {
			rb = rb->rb_left;
			continue;
		}
		best = msgpass_index_better(best, at, order);
		best = msgpass_index_better(best,
					    subtree_best(rb->rb_left, order),
					    order);
		rb = rb->rb_right;
	}
	return best;
}

static struct msgpass_message *
latest_of(const struct msgpass_index *index,
	  const struct msgpass_index_part *part)
{
	return !part || part == index->latest_part ? index->latest : NULL;
}

struct msgpass_message *
msgpass_index_best(const struct msgpass_index *index,
		   const struct msgpass_index_part *part, u32 low, u32 high,
		   enum msgpass_order order)
{
	struct msgpass_message *latest = latest_of(index, part), *best;

	best = part ? tree_best(&part->runs, low, high, order, PART_TREE) :
		      tree_best(&index->runs, low, high, order, PORT_TREE);
	if (!latest || latest->type < low || latest->type > high)
		return best;
	return msgpass_index_better(best, latest, order);
}

bool msgpass_index_lowest_type(const struct msgpass_index *index,
			       const struct msgpass_index_part *part,
			       u32 *type)
{
	const struct msgpass_message *latest = latest_of(index, part);
	struct rb_node *first = rb_first(part ? &part->runs : &index->runs);

	if (!first && !latest)
		return false;
	*type = U32_MAX;
	if (first)
		*type = message_of(first, part ? PART_TREE : PORT_TREE)->type;
	if (latest)
		*type = min(*type, latest->type);
	return true;
}

void msgpass_index_empty(struct msgpass_index *index, struct list_head *list)
{
	struct msgpass_message *leader, *next;

	rbtree_postorder_for_each_entry_safe(leader, next, &index->runs,
					     in_port.rb)
		run_splice(leader, list);
	if (index->latest)
		run_splice(index->latest, list);
	msgpass_index_init(index);
}
