// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctl that lists who waits. Those who wait are copied while the port, or
 * the calls, are locked, with references; what the caller may know of them is
 * asked afterwards.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "direct.h"
#include "ioctl.h"
#include "mailbox.h"
#include "mailbox_file.h"

/* How many are copied at a time. */
#define WAITS_MAX	64

struct wait {
	enum msgpass_wait_what what;
	struct task_struct *task;		/* reference held */
	struct msgpass_peer *for_peer;		/* the same, or NULL */
	struct msgpass_port *port;		/* of a call; the same, or NULL */
	u64 since;
	u64 deadline;
};

struct waits {
	u64 now;
	u64 mailbox;				/* the number, or 0 */
	u64 skip;				/* how many to pass over */
	u64 at;					/* how many were seen */
	unsigned int room;
	unsigned int count;
	bool more;
	struct wait found[WAITS_MAX];
};

static struct msgpass_inbox *inbox_of_node(struct msgpass_wait_node *node)
{
	return container_of(node, struct msgpass_inbox, waits);
}

/* The one process that is waited for, or NULL. */
static struct msgpass_inbox *waited_for(const struct msgpass_wait_seen *seen)
{
	/* A mailbox's. */
	if (seen->waiter->what != MSGPASS_WAIT_REPLY && !seen->port->receiver)
		return NULL;
	switch (seen->waiter->what) {
	case MSGPASS_WAIT_MESSAGE:
		return seen->queue ? msgpass_link_sender(seen->queue) : NULL;
	case MSGPASS_WAIT_REPLY:
		return seen->holder ? inbox_of_node(seen->holder) : NULL;
	default:
		return inbox_of_node(seen->port->receiver);
	}
}

static bool copy_wait(void *context, const struct msgpass_wait_seen *seen)
{
	const struct msgpass_waiter *waiter = seen->waiter;
	struct waits *waits = context;
	struct msgpass_inbox *inbox;
	struct wait *wait;

	if (waits->at < waits->skip) {
		waits->at++;
		return true;
	}
	waits->more = waits->count == waits->room;
	if (waits->more)
		return false;
	waits->at++;
	wait = &waits->found[waits->count++];
	wait->what = waiter->what;
	wait->task = get_task_struct(waiter->task);
	inbox = waited_for(seen);
	wait->for_peer = inbox ? msgpass_peer_ref(&inbox->peer) : NULL;
	wait->port = waiter->what == MSGPASS_WAIT_REPLY ? seen->port : NULL;
	if (wait->port)
		msgpass_port_get(wait->port);
	wait->since = waits->now - jiffies64_to_nsecs(jiffies - waiter->since);
	wait->deadline = waiter->deadline;
	return true;
}

static void wait_put(struct wait *wait)
{
	put_task_struct(wait->task);
	if (wait->for_peer)
		msgpass_peer_put(wait->for_peer);
	if (wait->port)
		msgpass_port_put(wait->port);
}

static u32 reason_of(enum msgpass_wait_what what)
{
	switch (what) {
	case MSGPASS_WAIT_MESSAGE:
		return MSGPASS_FOR_MESSAGE;
	case MSGPASS_WAIT_ROOM:
		return MSGPASS_FOR_ROOM;
	case MSGPASS_WAIT_RENDEZVOUS:
		return MSGPASS_FOR_RENDEZVOUS;
	case MSGPASS_WAIT_FLOW:
		return MSGPASS_FOR_FLOW;
	default:
		return MSGPASS_FOR_REPLY;
	}
}

/* False: the caller may not see it. */
static bool wait_show(const struct waits *waits, const struct wait *wait,
		      bool see_all, struct msgpass_wait_element *element)
{
	struct pid *pid = get_task_pid(wait->task, PIDTYPE_TGID);
	struct msgpass_peer *peer = NULL;
	bool visible = pid && (see_all || msgpass_may_see(pid));

	if (visible) {
		peer = msgpass_peer_find(pid);
		*element = (struct msgpass_wait_element) {
			.out_pid = pid_vnr(pid),
			.out_tid = task_pid_vnr(wait->task),
			.out_peer = peer ? peer->id : 0,
			.out_reason = reason_of(wait->what),
			.out_for_mailbox = wait->port ?
				msgpass_mailbox_id_of(wait->port) : waits->mailbox,
			.out_since = wait->since,
			.out_deadline = wait->deadline,
		};
	}
	if (visible && wait->for_peer) {
		element->out_for_pid = pid_vnr(wait->for_peer->pid);
		element->out_for_peer = wait->for_peer->id;
	}
	if (peer)
		msgpass_peer_put(peer);
	put_pid(pid);
	return visible;
}

/* Those that the caller may see: how many, or -EFAULT. */
static long waits_copy_out(const struct waits *waits, bool see_all, u64 user)
{
	struct msgpass_wait_element __user *to = u64_to_user_ptr(user);
	struct msgpass_wait_element element;
	unsigned int i;
	long count = 0;

	for (i = 0; i < waits->count; i++) {
		if (!wait_show(waits, &waits->found[i], see_all, &element))
			continue;
		if (copy_to_user(to + count, &element, sizeof(element)))
			return -EFAULT;
		count++;
	}
	return count;
}

static int look_at_mailbox(struct file *file,
			   const struct msgpass_wait_list *list,
			   struct waits *waits)
{
	struct msgpass_mailbox *mailbox;
	bool gone;

	if (list->flags || list->process)
		return -EINVAL;
	mailbox = msgpass_addressed_mailbox(file, list->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	waits->mailbox = mailbox->id;
	gone = READ_ONCE(mailbox->deleted);
	if (!gone)
		msgpass_mailbox_visit_waiters(mailbox, copy_wait, waits);
	msgpass_mailbox_put(mailbox);
	if (gone)
		return msgpass_file_right(file) ? -EPIPE : -ENOENT;
	return 0;
}

/* *@see_all: may the caller see all who wait there? */
static int look_at_inbox(const struct msgpass_wait_list *list,
			 struct waits *waits, bool *see_all)
{
	struct msgpass_inbox *inbox =
		msgpass_inbox_to_look_at(list->process,
					 list->flags & MSGPASS_PEER);

	if (IS_ERR(inbox))
		return PTR_ERR(inbox);
	spin_lock(&inbox->port.lock);
	msgpass_port_visit_waiters(&inbox->port, copy_wait, waits);
	spin_unlock(&inbox->port.lock);
	if (!waits->more)
		msgpass_call_visit_waiters(&inbox->calls, copy_wait, waits);
	if (!waits->more)
		msgpass_readings_visit_waiters(&inbox->readings, &inbox->port,
					       copy_wait, waits);
	*see_all = msgpass_may_see(inbox->peer.pid);
	msgpass_inbox_put(inbox);
	return 0;
}

static long list_waits(struct file *file, struct msgpass_wait_list *list,
		       struct waits *waits)
{
	bool see_all = false;
	unsigned int i;
	long result;

	if (msgpass_file_right(file) || list->name[0])
		result = look_at_mailbox(file, list, waits);
	else
		result = look_at_inbox(list, waits, &see_all);
	if (!result)
		result = waits_copy_out(waits, see_all, list->elements);
	for (i = 0; i < waits->count; i++)
		wait_put(&waits->found[i]);
	list->out_next = waits->more ? waits->at : 0;
	list->out_time = waits->now;
	return result;
}

long msgpass_ioctl_wait_list(struct file *file,
			     union msgpass_argument *argument, void __user *user)
{
	struct msgpass_wait_list *list = &argument->wait_list;
	struct waits *waits;
	long result;

	if (list->flags & ~MSGPASS_PEER || list->reserved || !list->count)
		return -EINVAL;
	waits = kmalloc(sizeof(*waits), GFP_KERNEL_ACCOUNT);
	if (!waits)
		return -ENOMEM;
	waits->now = ktime_get_ns();
	waits->mailbox = 0;
	waits->skip = list->first;
	waits->at = 0;
	waits->room = min_t(u32, list->count, WAITS_MAX);
	waits->count = 0;
	waits->more = false;
	result = list_waits(file, list, waits);
	kfree(waits);
	return result;
}
