// SPDX-License-Identifier: GPL-2.0
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "right.h"

static DEFINE_MUTEX(carry_lock);
static u64 last_search;				/* carry_lock */

/* Those that were in messages, to be released. */
static LLIST_HEAD(released);
static void release_rights(struct work_struct *work);
static DECLARE_WORK(release_work, release_rights);

void msgpass_right_init(struct msgpass_right *right, fmode_t mode,
			struct msgpass_mailbox *mailbox,
			struct msgpass_subscription *subscription)
{
	refcount_set(&right->refs, 1);
	right->mode = mode & (FMODE_READ | FMODE_WRITE);
	right->mailbox = mailbox;
	right->subscription = subscription;
}

static void right_release(struct msgpass_right *right)
{
	if (right->subscription)
		msgpass_subscription_end(right->subscription);
	msgpass_mailbox_release(right->mailbox);
	kfree(right);
}

void msgpass_right_put(struct msgpass_right *right)
{
	if (refcount_dec_and_test(&right->refs))
		right_release(right);
}

static void release_rights(struct work_struct *work)
{
	struct msgpass_right *right, *next;
	struct llist_node *list;

	while ((list = llist_del_all(&released))) {
		llist_for_each_entry_safe(right, next, list, released) {
			right_release(right);
			cond_resched();
		}
	}
}

/*
 * Not at once: the mailbox that goes with the right may have the right of
 * another in its queue, and so on, deeper than any stack.
 */
static void right_put_later(struct msgpass_right *right)
{
	if (!refcount_dec_and_test(&right->refs))
		return;
	llist_add(&right->released, &released);
	schedule_work(&release_work);
}

void msgpass_right_exit(void)
{
	flush_work(&release_work);
	/* It releases what it finds on the way, and may be due for nothing. */
	cancel_work_sync(&release_work);
}

static void visit(struct msgpass_mailbox *mailbox, struct list_head *todo)
{
	if (mailbox->searched == last_search)
		return;
	mailbox->searched = last_search;
	list_add_tail(&mailbox->todo, todo);
}

/* Through the rights in its queue, and in the queues of those, and so on. */
static bool leads_to(struct msgpass_mailbox *from, struct msgpass_mailbox *to)
{
	const struct msgpass_carried *carried;
	struct msgpass_mailbox *at;
	LIST_HEAD(todo);

	lockdep_assert_held(&carry_lock);
	last_search++;
	visit(from, &todo);
	list_for_each_entry(at, &todo, todo) {
		if (at == to)
			return true;
		list_for_each_entry(carried, &at->carried, entry)
			visit(carried->right->mailbox, &todo);
		cond_resched();
	}
	return false;
}

int msgpass_right_carry(struct msgpass_carried *carried,
			struct msgpass_mailbox *carrier)
{
	int error = 0;

	if (!carrier)
		return 0;
	mutex_lock(&carry_lock);
	if (leads_to(carried->right->mailbox, carrier)) {
		error = -ELOOP;
	} else {
		refcount_inc(&carrier->refs);
		carried->carrier = carrier;
		list_add_tail(&carried->entry, &carrier->carried);
	}
	mutex_unlock(&carry_lock);
	return error;
}

void msgpass_right_uncarry(struct msgpass_carried *carried)
{
	if (carried->carrier) {
		mutex_lock(&carry_lock);
		list_del(&carried->entry);
		mutex_unlock(&carry_lock);
		msgpass_mailbox_put(carried->carrier);
	}
	right_put_later(carried->right);
}
