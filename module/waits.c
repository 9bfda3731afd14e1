// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "direct.h"
#include "mailbox.h"
#include "waits.h"

struct msgpass_waits *msgpass_waits_new(u64 skip, u32 room)
{
	struct msgpass_waits *waits;

	waits = kmalloc(sizeof(*waits), GFP_KERNEL_ACCOUNT);
	if (!waits)
		return NULL;
	waits->now = ktime_get_ns();
	waits->mailbox = 0;
	waits->see_all = false;
	waits->skip = skip;
	waits->at = 0;
	waits->room = min_t(u32, room, MSGPASS_WAITS_MAX);
	waits->count = 0;
	waits->shown = 0;
	waits->more = false;
	return waits;
}

static void found_put(struct msgpass_wait_found *wait)
{
	put_task_struct(wait->task);
	if (wait->for_peer)
		msgpass_peer_put(wait->for_peer);
	if (wait->port)
		msgpass_port_put(wait->port);
}

void msgpass_waits_free(struct msgpass_waits *waits)
{
	unsigned int i;

	for (i = 0; i < waits->count; i++)
		found_put(&waits->found[i]);
	kfree(waits);
}

/* --- finding them */

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
	struct msgpass_waits *waits = context;
	struct msgpass_wait_found *wait;
	struct msgpass_inbox *inbox;

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

void msgpass_waits_at_mailbox(struct msgpass_waits *waits,
			      struct msgpass_mailbox *mailbox)
{
	waits->mailbox = mailbox->id;
	msgpass_mailbox_visit_waiters(mailbox, copy_wait, waits);
}

void msgpass_waits_at_inbox(struct msgpass_waits *waits,
			    struct msgpass_inbox *inbox)
{
	waits->see_all = msgpass_may_see(inbox->peer.pid);
	spin_lock(&inbox->port.lock);
	msgpass_port_visit_waiters(&inbox->port, copy_wait, waits);
	spin_unlock(&inbox->port.lock);
	if (!waits->more)
		msgpass_call_visit_waiters(&inbox->calls, copy_wait, waits);
	if (!waits->more)
		msgpass_readings_visit_waiters(&inbox->readings, &inbox->port,
					       copy_wait, waits);
}

/* --- telling of them */

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
static bool show(const struct msgpass_waits *waits,
		 const struct msgpass_wait_found *wait,
		 struct msgpass_wait_element *element)
{
	struct pid *pid = get_task_pid(wait->task, PIDTYPE_TGID);
	struct msgpass_peer *peer = NULL;
	bool visible = pid && (waits->see_all || msgpass_may_see(pid));

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

bool msgpass_waits_show(struct msgpass_waits *waits,
			struct msgpass_wait_element *element)
{
	while (waits->shown < waits->count)
		if (show(waits, &waits->found[waits->shown++], element))
			return true;
	return false;
}
