// SPDX-License-Identifier: GPL-2.0
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "deadlock.h"
#include "waiter.h"

/* Processes; what a search takes at most, under a lock that all share. */
#define CYCLE_MAX	1024

static DEFINE_SPINLOCK(waits_lock);

/* Call with waits_lock and rcu_read_lock() held. NULL: nobody in particular. */
static const struct msgpass_wait_node *
waits_for(const struct msgpass_wait_edge *edge)
{
	if (msgpass_waiter_is_done(edge->waiter))
		return NULL;
	return edge->holder ? rcu_dereference(*edge->holder) : edge->to;
}

/* The last edge of a cycle that @node is in, or NULL. */
static const struct msgpass_wait_edge *
edge_back_to(const struct msgpass_wait_node *node)
{
	const struct msgpass_wait_node *at = node;
	unsigned int length;

	lockdep_assert_held(&waits_lock);
	for (length = 0; length < CYCLE_MAX && at && at->edge; length++) {
		const struct msgpass_wait_edge *edge = at->edge;

		at = waits_for(edge);
		if (at == node)
			return edge;
	}
	return NULL;
}

int msgpass_wait_edge_enter(struct msgpass_wait_edge *edge,
			    const struct msgpass_waiter *waiter)
{
	struct msgpass_wait_node *self = edge->from;
	int error = 0;

	spin_lock(&waits_lock);
	rcu_read_lock();
	edge->waiter = waiter;
	self->edge = edge;
	if (edge_back_to(self)) {
		/* Now: of those who close it together one is enough. */
		edge->waiter = NULL;
		self->edge = NULL;
		error = -EDEADLK;
	}
	rcu_read_unlock();
	spin_unlock(&waits_lock);
	return error;
}

void msgpass_wait_edge_leave(struct msgpass_wait_edge *edge)
{
	if (!edge->waiter)
		return;
	spin_lock(&waits_lock);
	edge->waiter = NULL;
	edge->from->edge = NULL;
	spin_unlock(&waits_lock);
}

void msgpass_wait_node_check(struct msgpass_wait_node *node)
{
	const struct msgpass_wait_edge *edge;

	spin_lock(&waits_lock);
	rcu_read_lock();
	edge = edge_back_to(node);
	/* Its thread can't be gone: its edge is still here. */
	if (edge)
		wake_up_process(edge->waiter->task);
	rcu_read_unlock();
	spin_unlock(&waits_lock);
}
