// SPDX-License-Identifier: GPL-2.0
#include <linux/rbtree_augmented.h>

#include "index.h"

static struct msgpass_index_node *node_of(struct rb_node *rb)
{
	return rb_entry_safe(rb, struct msgpass_index_node, rb);
}

struct msgpass_message *msgpass_index_better(struct msgpass_message *a,
					     struct msgpass_message *b,
					     enum msgpass_order order)
{
	if (!a || !b)
		return a ?: b;
	if (order == MSGPASS_MOST_URGENT_FIRST && a->priority != b->priority)
		return a->priority > b->priority ? a : b;
	return a->sequence < b->sequence ? a : b;
}

static struct msgpass_message *subtree_best(struct rb_node *rb,
					    enum msgpass_order order)
{
	struct msgpass_index_node *node = node_of(rb);

	if (!node)
		return NULL;
	return order == MSGPASS_OLDEST_FIRST ? node->oldest : node->most_urgent;
}

static struct msgpass_message *
best_with_children(struct msgpass_index_node *node, enum msgpass_order order)
{
	struct msgpass_message *left, *right;

	left = subtree_best(node->rb.rb_left, order);
	right = subtree_best(node->rb.rb_right, order);
	return msgpass_index_better(node->message,
				    msgpass_index_better(left, right, order),
				    order);
}

/* Returns whether nothing changed, so that the walk to the root can stop. */
static bool node_update(struct msgpass_index_node *node, bool exit)
{
	struct msgpass_message *oldest, *most_urgent;

	oldest = best_with_children(node, MSGPASS_OLDEST_FIRST);
	most_urgent = best_with_children(node, MSGPASS_MOST_URGENT_FIRST);
	if (exit && node->oldest == oldest && node->most_urgent == most_urgent)
		return true;
	node->oldest = oldest;
	node->most_urgent = most_urgent;
	return false;
}

static void node_propagate(struct rb_node *rb, struct rb_node *stop)
{
	while (rb != stop && !node_update(node_of(rb), true))
		rb = rb_parent(rb);
}

static void node_copy(struct rb_node *from, struct rb_node *to)
{
	node_of(to)->oldest = node_of(from)->oldest;
	node_of(to)->most_urgent = node_of(from)->most_urgent;
}

static void node_rotate(struct rb_node *from, struct rb_node *to)
{
	node_copy(from, to);
	node_update(node_of(from), false);
}

static const struct rb_augment_callbacks node_callbacks = {
	.propagate = node_propagate,
	.copy = node_copy,
	.rotate = node_rotate,
};

/* Only runs of different queues, types or priorities are in a tree. */
static int run_compare(const struct msgpass_message *a,
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

static void tree_insert(struct msgpass_index *index,
			struct msgpass_index_node *node,
			struct msgpass_message *message)
{
	struct rb_node **slot = &index->root.rb_node, *parent = NULL;

	while (*slot) {
		parent = *slot;
		if (run_compare(message, node_of(parent)->message) < 0)
			slot = &parent->rb_left;
		else
			slot = &parent->rb_right;
	}
	node->message = message;
	node->oldest = message;
	node->most_urgent = message;
	rb_link_node(&node->rb, parent, slot);
	node_propagate(parent, NULL);
	rb_insert_augmented(&node->rb, &index->root, &node_callbacks);
}

static void tree_erase(struct msgpass_index *index,
		       struct msgpass_index_node *node)
{
	rb_erase_augmented(&node->rb, &index->root, &node_callbacks);
}

static void tree_replace(struct msgpass_index *index,
			 struct msgpass_index_node *old,
			 struct msgpass_index_node *new,
			 struct msgpass_message *message)
{
	new->message = message;
	rb_replace_node(&old->rb, &new->rb, &index->root);
	/* Its bests are not set yet, so "unchanged" would mean nothing here. */
	node_update(new, false);
	node_propagate(rb_parent(&new->rb), NULL);
}

static struct msgpass_message *run_find(struct msgpass_index *port,
					const struct msgpass_message *message)
{
	struct rb_node *rb = port->root.rb_node;

	while (rb) {
		struct msgpass_message *leader = node_of(rb)->message;
		int order = run_compare(message, leader);

		if (!order)
			return leader;
		rb = order < 0 ? rb->rb_left : rb->rb_right;
	}
	return NULL;
}

static void run_change_leader(struct msgpass_index *port,
			      struct msgpass_index *queue,
			      struct msgpass_message *old,
			      struct msgpass_message *new)
{
	tree_replace(port, &old->in_port, &new->in_port, new);
	tree_replace(queue, &old->in_queue, &new->in_queue, new);
}

void msgpass_index_add(struct msgpass_index *port, struct msgpass_index *queue,
		       struct msgpass_message *message)
{
	struct msgpass_message *leader = run_find(port, message);
	struct msgpass_message *before;

	INIT_LIST_HEAD(&message->run);
	if (!leader) {
		tree_insert(port, &message->in_port, message);
		tree_insert(queue, &message->in_queue, message);
		return;
	}
	if (message->sequence < leader->sequence) {
		list_add_tail(&message->run, &leader->run);
		run_change_leader(port, queue, leader, message);
		return;
	}

	/* New ones go last; one that was claimed and comes back, near the front. */
	before = list_prev_entry(leader, run);
	if (before->sequence > message->sequence) {
		before = leader;
		while (list_next_entry(before, run)->sequence <
		       message->sequence)
			before = list_next_entry(before, run);
	}
	list_add(&message->run, &before->run);
}

void msgpass_index_remove(struct msgpass_index *port,
			  struct msgpass_index *queue,
			  struct msgpass_message *message)
{
	if (list_empty(&message->run)) {
		tree_erase(port, &message->in_port);
		tree_erase(queue, &message->in_queue);
		return;
	}
	run_change_leader(port, queue, message, list_next_entry(message, run));
	list_del_init(&message->run);
}

void msgpass_index_withdraw(struct msgpass_index *port,
			    struct msgpass_index *queue,
			    struct msgpass_message *message)
{
	if (run_find(port, message) == message)
		msgpass_index_remove(port, queue, message);
	else
		list_del_init(&message->run);
}

/*
 * The topmost node within the bounds parts the tree: left of it only the low
 * bound matters, right of it only the high one.
 */
static struct msgpass_message *tree_best(struct rb_node *rb, u32 low, u32 high,
					 enum msgpass_order order)
{
	struct msgpass_message *best;
	struct rb_node *top;

	while (rb && (node_of(rb)->message->type < low ||
		      node_of(rb)->message->type > high))
		rb = node_of(rb)->message->type < low ? rb->rb_right :
							rb->rb_left;
	if (!rb)
		return NULL;
	top = rb;
	best = node_of(top)->message;

	for (rb = top->rb_left; rb;) {
		if (node_of(rb)->message->type < low) {
			rb = rb->rb_right;
			continue;
		}
		best = msgpass_index_better(best, node_of(rb)->message, order);
		best = msgpass_index_better(best,
					    subtree_best(rb->rb_right, order),
					    order);
		rb = rb->rb_left;
	}
	for (rb = top->rb_right; rb;) {
		if (node_of(rb)->message->type > high) {
			rb = rb->rb_left;
			continue;
		}
		best = msgpass_index_better(best, node_of(rb)->message, order);
		best = msgpass_index_better(best,
					    subtree_best(rb->rb_left, order),
					    order);
		rb = rb->rb_right;
	}
	return best;
}

struct msgpass_message *msgpass_index_best(struct msgpass_index *index,
					   u32 low, u32 high,
					   enum msgpass_order order)
{
	if (low == 0 && high == U32_MAX)
		return subtree_best(index->root.rb_node, order);
	return tree_best(index->root.rb_node, low, high, order);
}

bool msgpass_index_lowest_type(struct msgpass_index *index, u32 *type)
{
	struct rb_node *first = rb_first(&index->root);

	if (!first)
		return false;
	*type = node_of(first)->message->type;
	return true;
}

void msgpass_index_empty(struct msgpass_index *port, struct list_head *list)
{
	struct msgpass_message *leader, *next;

	rbtree_postorder_for_each_entry_safe(leader, next, &port->root,
					     in_port.rb) {
		LIST_HEAD(run);

		/* A run has no head of its own: give it one, and join. */
		list_add_tail(&run, &leader->run);
		list_splice_tail(&run, list);
	}
	port->root = RB_ROOT;
}
