// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/slab.h>

#include "account.h"
#include "broadcast.h"
#include "expiry.h"
#include "peer.h"
#include "trace.h"

/* Of a message on its way: one for each subscription there was. */
struct copies {
	struct msgpass_attachment attachment;
	struct msgpass_message *spare;		/* linked by ->next */
	u64 count;				/* made so far */
};

static struct copies *copies_of(const struct msgpass_message *message)
{
	struct msgpass_attachment *attachment =
		msgpass_message_attachment(message, MSGPASS_ATTACHED_COPIES);

	return container_of(attachment, struct copies, attachment);
}

static void copies_freed(struct msgpass_attachment *attachment)
{
	struct copies *copies = container_of(attachment, struct copies,
					     attachment);

	WARN_ON_ONCE(copies->spare);
	kfree(copies);
}

static const struct msgpass_attachment_ops copies_ops = {
	.freed = copies_freed,
};

static int copies_new(struct msgpass_message *message)
{
	struct copies *copies = kzalloc(sizeof(*copies), GFP_KERNEL_ACCOUNT);

	if (!copies)
		return -ENOMEM;
	copies->attachment.ops = &copies_ops;
	msgpass_message_attach(message, MSGPASS_ATTACHED_COPIES,
			       &copies->attachment);
	return 0;
}

/* Those that nobody got: each has a reference to the message. */
static void copies_drop_spare(struct msgpass_message *message)
{
	struct copies *copies = copies_of(message);
	struct msgpass_message *copy;

	while ((copy = copies->spare)) {
		copies->spare = copy->next;
		msgpass_message_put(copy);
	}
}

/* So many more, MSGPASS_BULK at most. */
static int copies_make_some(struct msgpass_message *message,
			    const struct cred *cred, unsigned int count)
{
	u64 lifetime = msgpass_message_lifetime(message);
	struct msgpass_message *made[MSGPASS_BULK];
	struct copies *copies = copies_of(message);
	unsigned int i;
	int error;

	error = msgpass_messages_share(made, count, message, cred);
	if (error)
		return error;
	copies->count += count;
	for (i = 0; i < count; i++) {
		made[i]->next = copies->spare;
		copies->spare = made[i];
	}
	for (i = 0; lifetime && !error && i < count; i++)
		error = msgpass_expiry_attach(made[i], cred, lifetime);
	return error;
}

static int copies_make(struct msgpass_message *message, const struct cred *cred,
		       u64 count)
{
	struct copies *copies = copies_of(message);
	int error = 0;

	while (!error && copies->count < count) {
		error = copies_make_some(message, cred,
					 min_t(u64, count - copies->count,
					       MSGPASS_BULK));
		cond_resched();
	}
	return error;
}

void msgpass_broadcast_init(struct msgpass_broadcast *broadcast,
			    struct msgpass_queue *queue, bool lossy)
{
	broadcast->queue = queue;
	broadcast->lossy = lossy;
	INIT_LIST_HEAD(&broadcast->subscriptions);
	queue->writable = true;
}

static void lock_within(struct msgpass_subscription *subscription)
	__acquires(&subscription->port.lock)
{
	lockdep_assert_held(&subscription->broadcast->queue->port->lock);
	spin_lock_nested(&subscription->port.lock, SINGLE_DEPTH_NESTING);
}

bool msgpass_broadcast_has_room(struct msgpass_broadcast *broadcast,
				size_t length)
{
	struct msgpass_subscription *at;
	bool room = true;

	if (broadcast->lossy || broadcast->queue->writable)
		return true;
	list_for_each_entry(at, &broadcast->subscriptions, entry) {
		lock_within(at);
		room = msgpass_queue_has_room(&at->queue, length);
		spin_unlock(&at->port.lock);
		if (!room)
			return false;
	}
	return true;
}

/* True if the subscriber got it. */
static bool give(struct msgpass_subscription *to, struct msgpass_message *copy,
		 const struct msgpass_message *message)
{
	struct msgpass_broadcast *broadcast = to->broadcast;
	struct msgpass_wakes wakes __uninitialized;
	bool room;

	msgpass_wakes_init(&wakes);
	lock_within(to);
	/* Else the message would not have been accepted. */
	room = !broadcast->lossy ||
	       msgpass_queue_has_room(&to->queue, message->length);
	if (room && to->missed) {
		msgpass_message_set_missed(copy, to->missed);
		to->missed = 0;
	}
	if (room && !msgpass_queue_accept(&to->queue, copy, message, &wakes) &&
	    !broadcast->lossy)
		broadcast->queue->writable = false;
	spin_unlock(&to->port.lock);
	/* Under the mailbox's lock, so that none overtakes another's. */
	msgpass_port_wake(&to->port, &wakes);
	return room;
}

void msgpass_broadcast_fan_out(struct msgpass_broadcast *broadcast,
			       struct msgpass_message *message)
{
	struct copies *copies = copies_of(message);
	struct msgpass_subscription *at;
	u32 given = 0, missed = 0;

	list_for_each_entry(at, &broadcast->subscriptions, entry) {
		struct msgpass_message *copy = copies->spare, *next;

		/* The rest subscribed while the sender waited. */
		if (!copy)
			break;
		next = copy->next;
		if (give(at, copy, message)) {
			copies->spare = next;
			given++;
		} else {
			missed++;
			at->missed++;
			at->missed_ever++;
			broadcast->missed++;
		}
	}
	trace_fan_out(broadcast->queue->port, message, given, missed);
}

int msgpass_broadcast_send(struct msgpass_broadcast *broadcast,
			   struct msgpass_message *message,
			   const struct cred *cred, struct msgpass_wait *wait)
{
	struct msgpass_queue *queue = broadcast->queue;
	u64 count;
	int error;

	error = copies_new(message);
	if (error)
		return error;
	for (;;) {
		count = READ_ONCE(broadcast->count);
		error = copies_make(message, cred, count);
		if (error)
			break;
		spin_lock(&queue->port->lock);
		if (broadcast->count <= count) {
			error = msgpass_port_send(queue, message, wait);
			break;
		}
		spin_unlock(&queue->port->lock);
	}
	copies_drop_spare(message);
	return error;
}

static struct msgpass_subscription *
subscription_of_port(struct msgpass_port *port)
{
	return container_of(port, struct msgpass_subscription, port);
}

static void subscription_port_get(struct msgpass_port *port)
{
	refcount_inc(&subscription_of_port(port)->refs);
}

static void subscription_port_put(struct msgpass_port *port)
{
	msgpass_subscription_put(subscription_of_port(port));
}

static void subscription_drained(struct msgpass_port *port)
{
	msgpass_queue_drained(subscription_of_port(port)->broadcast->queue);
}

static const struct msgpass_port_ops subscription_port_ops = {
	.get = subscription_port_get,
	.put = subscription_port_put,
	.drained = subscription_drained,
	.end = MSGPASS_END_DELETED,
};

struct msgpass_subscription *msgpass_subscription_new(void)
{
	struct msgpass_limits limits = msgpass_limits_default();
	struct msgpass_subscription *new;
	struct msgpass_account *account;

	account = msgpass_account_open(current_cred(), sizeof(*new));
	if (IS_ERR(account))
		return ERR_CAST(account);
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new) {
		msgpass_account_close(account, sizeof(*new));
		return ERR_PTR(-ENOMEM);
	}
	new->account = account;
	refcount_set(&new->refs, 1);
	INIT_LIST_HEAD(&new->entry);
	msgpass_port_init(&new->port, msgpass_peer_new_id(),
			  &subscription_port_ops, &limits);
	msgpass_queue_init(&new->queue, &new->port);
	return new;
}

void msgpass_subscription_put(struct msgpass_subscription *subscription)
{
	if (!refcount_dec_and_test(&subscription->refs))
		return;
	if (subscription->broadcast)
		msgpass_port_put(subscription->broadcast->queue->port);
	msgpass_account_close(subscription->account, sizeof(*subscription));
	kfree(subscription);
}

/* A send goes to all of them under one lock, and its sender pays for that. */
#define SUBSCRIPTIONS_MAX	1024

int msgpass_subscription_start(struct msgpass_subscription *subscription,
			       struct msgpass_broadcast *broadcast)
{
	struct msgpass_port *port = broadcast->queue->port;
	bool closed;
	int error = 0;

	spin_lock(&port->lock);
	closed = port->closed;
	if (!closed && broadcast->count >= SUBSCRIPTIONS_MAX)
		error = -ENOSPC;
	if (!error) {
		msgpass_port_get(port);
		subscription->broadcast = broadcast;
		subscription->port.limits = port->limits;
	}
	if (!closed && !error) {
		list_add_tail(&subscription->entry, &broadcast->subscriptions);
		WRITE_ONCE(broadcast->count, broadcast->count + 1);
		trace_subscribe(subscription->port.id, port->id,
				broadcast->count);
	}
	spin_unlock(&port->lock);
	if (closed)
		msgpass_port_close(&subscription->port);
	return error;
}

/* With the mailbox's port locked. */
static void leave(struct msgpass_subscription *subscription)
{
	struct msgpass_broadcast *broadcast = subscription->broadcast;

	lockdep_assert_held(&broadcast->queue->port->lock);
	if (list_empty(&subscription->entry))
		return;
	list_del_init(&subscription->entry);
	WRITE_ONCE(broadcast->count, broadcast->count - 1);
	trace_unsubscribe(subscription->port.id, broadcast->queue->port->id,
			  broadcast->count);
}

void msgpass_subscription_end(struct msgpass_subscription *subscription)
{
	struct msgpass_queue *queue = subscription->broadcast->queue;

	spin_lock(&queue->port->lock);
	leave(subscription);
	spin_unlock(&queue->port->lock);
	msgpass_port_close(&subscription->port);
	/* It may have been the one that held the senders back. */
	msgpass_queue_drained(queue);
	msgpass_subscription_put(subscription);
}

void msgpass_broadcast_close(struct msgpass_broadcast *broadcast)
{
	struct msgpass_port *port = broadcast->queue->port;
	struct msgpass_subscription *first;

	for (;;) {
		spin_lock(&port->lock);
		first = list_first_entry_or_null(&broadcast->subscriptions,
						 struct msgpass_subscription,
						 entry);
		if (first) {
			refcount_inc(&first->refs);
			leave(first);
		}
		spin_unlock(&port->lock);
		if (!first)
			return;
		msgpass_port_close(&first->port);
		msgpass_subscription_put(first);
		cond_resched();
	}
}

void msgpass_broadcast_set_limits(struct msgpass_broadcast *broadcast,
				  const struct msgpass_limits *limits)
{
	struct msgpass_port *port = broadcast->queue->port;
	struct msgpass_subscription *at;

	spin_lock(&port->lock);
	msgpass_limits_assign(&port->limits, limits);
	list_for_each_entry(at, &broadcast->subscriptions, entry) {
		lock_within(at);
		msgpass_limits_assign(&at->port.limits, limits);
		spin_unlock(&at->port.lock);
	}
	broadcast->queue->writable = false;
	broadcast->queue->writable =
		msgpass_queue_is_writable(broadcast->queue);
	spin_unlock(&port->lock);
}

bool msgpass_broadcast_visit_waiters(struct msgpass_broadcast *broadcast,
				     msgpass_wait_visit *visit, void *context)
{
	struct msgpass_subscription *at;
	bool more = true;

	list_for_each_entry(at, &broadcast->subscriptions, entry) {
		lock_within(at);
		more = msgpass_port_visit_waiters(&at->port, visit, context);
		spin_unlock(&at->port.lock);
		if (!more)
			break;
	}
	return more;
}
