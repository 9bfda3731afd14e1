// SPDX-License-Identifier: GPL-2.0
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/timekeeping.h>

#include "port.h"

/* A thread that waits: on its own stack, gone once @done is seen. */
struct waiter {
	struct list_head entry;			/* port->lock */
	struct task_struct *task;		/* const */
	const struct msgpass_selection *selection; /* a receiver's; const */
	struct msgpass_message *message;	/* to send, or handed over */
	int result;
	bool done;				/* release, acquire */
};

/* What to do once the port is unlocked. */
struct wakes {
	unsigned int count;
	struct task_struct *tasks[8];
	__poll_t events;
};

/* Takes @waiter off its list; the caller has adjusted the counts. */
static void waiter_complete(struct waiter *waiter, int result,
			    struct wakes *wakes)
{
	struct task_struct *task = get_task_struct(waiter->task);

	list_del(&waiter->entry);
	waiter->result = result;
	/* From here on the waiter, and its thread, may be gone. */
	smp_store_release(&waiter->done, true);

	if (wakes->count < ARRAY_SIZE(wakes->tasks)) {
		wakes->tasks[wakes->count++] = task;
	} else {
		wake_up_process(task);
		put_task_struct(task);
	}
}

static void wake(struct msgpass_port *port, struct wakes *wakes)
{
	unsigned int i;

	for (i = 0; i < wakes->count; i++) {
		wake_up_process(wakes->tasks[i]);
		put_task_struct(wakes->tasks[i]);
	}
	if (!wakes->events)
		return;
	if (wq_has_sleeper(&port->poll))
		wake_up_interruptible_poll(&port->poll, wakes->events);
	if (wakes->events & EPOLLIN)
		kill_fasync(&port->async_readers, SIGIO, POLL_IN);
	if (wakes->events & EPOLLOUT)
		kill_fasync(&port->async_writers, SIGIO, POLL_OUT);
}

/* 0 once another has completed @waiter, or why to give up waiting. */
static int waiter_sleep(struct waiter *waiter, struct msgpass_wait *wait)
{
	ktime_t *deadline = wait->deadline ? &wait->deadline : NULL;
	bool expired = false;
	int error = 0;

	wait->waited = true;
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		/* Pairs with waiter_complete(). */
		if (smp_load_acquire(&waiter->done))
			break;
		if (expired) {
			error = -ETIMEDOUT;
			break;
		}
		if (signal_pending(current)) {
			error = -ERESTARTSYS;
			break;
		}
		expired = !schedule_hrtimeout_range(deadline,
						    current->timer_slack_ns,
						    HRTIMER_MODE_ABS);
	}
	__set_current_state(TASK_RUNNING);
	return error;
}

void msgpass_port_init(struct msgpass_port *port,
		       const struct msgpass_port_ops *ops,
		       const struct msgpass_limits *limits)
{
	memset(port, 0, sizeof(*port));
	spin_lock_init(&port->lock);
	port->ops = ops;
	msgpass_index_init(&port->index);
	INIT_LIST_HEAD(&port->queues);
	INIT_LIST_HEAD(&port->receivers);
	port->limits = *limits;
	init_waitqueue_head(&port->poll);
}

void msgpass_queue_init(struct msgpass_queue *queue, struct msgpass_port *port)
{
	memset(queue, 0, sizeof(*queue));
	queue->port = port;
	msgpass_index_init(&queue->index);
	INIT_LIST_HEAD(&queue->senders);
	list_add_tail(&queue->entry, &port->queues);
}

void msgpass_queue_remove(struct msgpass_queue *queue)
{
	lockdep_assert_held(&queue->port->lock);
	list_del(&queue->entry);
}

static void queue_check_unused(struct msgpass_queue *queue)
{
	if (queue->closed && !queue->held && !queue->receivers_waiting &&
	    !queue->senders_waiting && queue->port->ops)
		queue->port->ops->queue_unused(queue);
}

static bool queue_has_room(const struct msgpass_queue *queue, size_t length)
{
	const struct msgpass_limits *limits = &queue->port->limits;

	return queue->held < limits->capacity &&
	       queue->held_bytes <= limits->capacity_bytes &&
	       length <= limits->capacity_bytes - queue->held_bytes;
}

/* For poll: a send of whatever length would not block. */
static bool queue_is_writable(const struct msgpass_queue *queue)
{
	return list_empty(&queue->senders) &&
	       queue_has_room(queue, queue->port->limits.message_max);
}

/* After a change: tell those who poll, once, that there is room again. */
static void note_writable(struct msgpass_queue *queue, bool before,
			  struct wakes *wakes)
{
	if (!before && queue_is_writable(queue))
		wakes->events |= EPOLLOUT | EPOLLWRNORM;
}

static void enqueue(struct msgpass_message *message)
{
	struct msgpass_queue *queue = message->queue;
	struct msgpass_port *port = queue->port;

	msgpass_index_add(&port->index, &queue->index, message);
	port->queued++;
	port->queued_bytes += message->length;
	queue->queued++;
	queue->queued_bytes += message->length;
}

static void dequeue(struct msgpass_message *message)
{
	struct msgpass_queue *queue = message->queue;
	struct msgpass_port *port = queue->port;

	msgpass_index_remove(&port->index, &queue->index, message);
	port->queued--;
	port->queued_bytes -= message->length;
	queue->queued--;
	queue->queued_bytes -= message->length;
}

/* The message is neither queued nor claimed any more. */
static void release_place(struct msgpass_message *message)
{
	message->queue->held--;
	message->queue->held_bytes -= message->length;
}

static bool selection_matches(const struct msgpass_selection *selection,
			      const struct msgpass_message *message)
{
	if (selection->queue && selection->queue != message->queue)
		return false;
	switch (selection->rule) {
	case MSGPASS_ANY_TYPE:
		return true;
	case MSGPASS_THIS_TYPE:
		return message->type == selection->type;
	case MSGPASS_LOWEST_TYPE_UP_TO:
		return message->type <= selection->type;
	case MSGPASS_ANY_TYPE_EXCEPT:
		return message->type != selection->type;
	}
	return false;
}

static struct msgpass_message *
selection_best(struct msgpass_port *port,
	       const struct msgpass_selection *selection)
{
	struct msgpass_index *index = selection->queue ?
		&selection->queue->index : &port->index;
	enum msgpass_order order = selection->order;
	struct msgpass_message *below = NULL, *above = NULL;
	u32 type = selection->type;

	switch (selection->rule) {
	case MSGPASS_ANY_TYPE:
		return msgpass_index_best(index, 0, U32_MAX, order);
	case MSGPASS_THIS_TYPE:
		return msgpass_index_best(index, type, type, order);
	case MSGPASS_LOWEST_TYPE_UP_TO:
		if (!msgpass_index_lowest_type(index, &type) ||
		    type > selection->type)
			return NULL;
		return msgpass_index_best(index, type, type, order);
	case MSGPASS_ANY_TYPE_EXCEPT:
		if (type > 0)
			below = msgpass_index_best(index, 0, type - 1, order);
		if (type < U32_MAX)
			above = msgpass_index_best(index, type + 1, U32_MAX,
						   order);
		return msgpass_index_better(below, above, order);
	}
	return NULL;
}

static int selection_fits(const struct msgpass_selection *selection,
			  const struct msgpass_message *message)
{
	if (message->length > selection->room && !selection->truncate)
		return -EMSGSIZE;
	return 0;
}

static void receiver_leaves(struct msgpass_port *port, struct waiter *waiter)
{
	port->receivers_waiting--;
	if (waiter->selection->queue)
		waiter->selection->queue->receivers_waiting--;
}

static void sender_leaves(struct msgpass_queue *queue)
{
	queue->port->senders_waiting--;
	queue->senders_waiting--;
}

/*
 * Whoever waits for this message gets it, in order of arrival, until one
 * claims it. Who only peeks, or finds it too long, leaves it for the next.
 */
static bool offer(struct msgpass_port *port, struct msgpass_message *message,
		  struct wakes *wakes)
{
	struct waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &port->receivers, entry) {
		const struct msgpass_selection *selection = waiter->selection;
		int error;
		bool claimed;

		if (!selection_matches(selection, message))
			continue;
		error = selection_fits(selection, message);
		claimed = !error && !selection->peek;
		waiter->message = claimed ? message :
					    msgpass_message_ref(message);
		receiver_leaves(port, waiter);
		waiter_complete(waiter, error, wakes);
		if (claimed)
			return true;
	}
	return false;
}

static void accept_message(struct msgpass_queue *queue,
			   struct msgpass_message *message,
			   struct wakes *wakes)
{
	struct msgpass_port *port = queue->port;

	message->queue = queue;
	message->sequence = ++port->accepted;
	message->time = ktime_get_ns();
	queue->accepted++;
	queue->held++;
	queue->held_bytes += message->length;
	if (offer(port, message, wakes))
		return;
	enqueue(message);
	wakes->events |= EPOLLIN | EPOLLRDNORM;
}

/* There may be room: for those who wait first. */
static void admit_senders(struct msgpass_queue *queue, struct wakes *wakes)
{
	struct msgpass_port *port = queue->port;
	struct waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &queue->senders, entry) {
		size_t length = waiter->message->length;

		if (length <= port->limits.message_max) {
			if (!queue_has_room(queue, length))
				return;
			accept_message(queue, waiter->message, wakes);
			sender_leaves(queue);
			waiter_complete(waiter, 0, wakes);
		} else {
			/* The limit came down while it waited. */
			sender_leaves(queue);
			waiter_complete(waiter, -EMSGSIZE, wakes);
		}
	}
}

static int wait_for_room(struct msgpass_queue *queue,
			 struct msgpass_message *message,
			 struct msgpass_wait *wait)
	__releases(&queue->port->lock)
{
	struct msgpass_port *port = queue->port;
	struct waiter self = { .task = current, .message = message };
	struct wakes wakes = {};
	int error;

	list_add_tail(&self.entry, &queue->senders);
	queue->senders_waiting++;
	port->senders_waiting++;
	spin_unlock(&port->lock);

	error = waiter_sleep(&self, wait);
	if (!error)
		return self.result;

	spin_lock(&port->lock);
	if (self.done) {
		/* It was accepted, or refused, just before. */
		error = self.result;
	} else {
		list_del(&self.entry);
		sender_leaves(queue);
		/* A smaller one may have stood behind it. */
		admit_senders(queue, &wakes);
		note_writable(queue, false, &wakes);
		queue_check_unused(queue);
	}
	spin_unlock(&port->lock);
	wake(port, &wakes);
	return error;
}

int msgpass_port_send(struct msgpass_queue *queue,
		      struct msgpass_message *message,
		      struct msgpass_wait *wait)
	__releases(&queue->port->lock)
{
	struct msgpass_port *port = queue->port;
	struct wakes wakes = {};
	int error = 0;

	lockdep_assert_held(&port->lock);
	if (port->closed || queue->closed)
		error = -EPIPE;
	else if (message->length > port->limits.message_max)
		error = -EMSGSIZE;
	else if (list_empty(&queue->senders) &&
		 queue_has_room(queue, message->length))
		accept_message(queue, message, &wakes);
	else if (wait->nonblock)
		error = -EAGAIN;
	else
		return wait_for_room(queue, message, wait);
	spin_unlock(&port->lock);
	wake(port, &wakes);
	return error;
}

static int wait_for_message(struct msgpass_port *port,
			    const struct msgpass_selection *selection,
			    struct msgpass_wait *wait,
			    struct msgpass_message **message)
	__releases(&port->lock)
{
	struct waiter self = { .task = current, .selection = selection };
	int error;

	list_add_tail(&self.entry, &port->receivers);
	port->receivers_waiting++;
	if (selection->queue)
		selection->queue->receivers_waiting++;
	spin_unlock(&port->lock);

	error = waiter_sleep(&self, wait);
	if (error) {
		spin_lock(&port->lock);
		if (self.done) {
			error = 0;
		} else {
			list_del(&self.entry);
			receiver_leaves(port, &self);
			if (selection->queue)
				queue_check_unused(selection->queue);
		}
		spin_unlock(&port->lock);
		if (error)
			return error;
	}

	if (!self.result && fatal_signal_pending(current)) {
		/* Nobody is left to read it: it is the next one's. */
		if (selection->peek)
			msgpass_message_put(self.message);
		else
			msgpass_port_restore(port, self.message);
		return -ERESTARTSYS;
	}
	*message = self.message;
	return self.result;
}

int msgpass_port_receive(struct msgpass_port *port,
			 const struct msgpass_selection *selection,
			 struct msgpass_wait *wait,
			 struct msgpass_message **message)
	__releases(&port->lock)
{
	struct msgpass_queue *queue = selection->queue;
	int error;

	lockdep_assert_held(&port->lock);
	*message = selection_best(port, selection);
	if (*message) {
		error = selection_fits(selection, *message);
		if (error || selection->peek)
			msgpass_message_ref(*message);
		else
			dequeue(*message);
	} else if (port->closed || (queue && queue->closed)) {
		error = -EPIPE;
		if (queue)
			queue_check_unused(queue);
	} else if (wait->nonblock) {
		error = -EAGAIN;
	} else {
		return wait_for_message(port, selection, wait, message);
	}
	spin_unlock(&port->lock);
	return error;
}

void msgpass_port_settle(struct msgpass_port *port,
			 struct msgpass_message *message)
{
	struct msgpass_queue *queue = message->queue;
	struct wakes wakes = {};
	bool writable;

	spin_lock(&port->lock);
	writable = queue_is_writable(queue);
	release_place(message);
	port->received++;
	queue->received++;
	admit_senders(queue, &wakes);
	note_writable(queue, writable, &wakes);
	queue_check_unused(queue);
	spin_unlock(&port->lock);

	wake(port, &wakes);
	msgpass_message_put(message);
}

void msgpass_port_restore(struct msgpass_port *port,
			  struct msgpass_message *message)
{
	struct wakes wakes = {};
	bool drop;

	spin_lock(&port->lock);
	drop = port->closed;
	if (drop) {
		release_place(message);
		port->dropped++;
		queue_check_unused(message->queue);
	} else if (!offer(port, message, &wakes)) {
		enqueue(message);
		wakes.events |= EPOLLIN | EPOLLRDNORM;
	}
	spin_unlock(&port->lock);

	wake(port, &wakes);
	if (drop)
		msgpass_message_put(message);
}

static void queue_fail_senders(struct msgpass_queue *queue, struct wakes *wakes)
{
	struct waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &queue->senders, entry) {
		sender_leaves(queue);
		waiter_complete(waiter, -EPIPE, wakes);
	}
}

/* All receivers, or those who wait for just @queue. */
static void port_fail_receivers(struct msgpass_port *port,
				struct msgpass_queue *queue,
				struct wakes *wakes)
{
	struct waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &port->receivers, entry) {
		if (queue && waiter->selection->queue != queue)
			continue;
		receiver_leaves(port, waiter);
		waiter_complete(waiter, -EPIPE, wakes);
	}
}

/* Takes all messages that are queued, and fails the senders who wait. */
static void port_take_all(struct msgpass_port *port, struct list_head *dropped,
			  struct wakes *wakes)
{
	struct msgpass_queue *queue, *next;

	msgpass_index_empty(&port->index, dropped);
	port->dropped += port->queued;
	port->queued = 0;
	port->queued_bytes = 0;
	list_for_each_entry_safe(queue, next, &port->queues, entry) {
		msgpass_index_init(&queue->index);
		queue->held -= queue->queued;
		queue->held_bytes -= queue->queued_bytes;
		queue->queued = 0;
		queue->queued_bytes = 0;
		queue_fail_senders(queue, wakes);
		if (port->closed)
			queue->closed = true;
		queue_check_unused(queue);
	}
}

static void put_all(struct list_head *dropped)
{
	struct msgpass_message *message, *next;

	list_for_each_entry_safe(message, next, dropped, run) {
		msgpass_message_put(message);
		cond_resched();
	}
}

void msgpass_port_close(struct msgpass_port *port)
{
	struct wakes wakes = {};
	LIST_HEAD(dropped);

	spin_lock(&port->lock);
	port->closed = true;
	port_fail_receivers(port, NULL, &wakes);
	port_take_all(port, &dropped, &wakes);
	spin_unlock(&port->lock);

	wakes.events = EPOLLHUP | EPOLLIN | EPOLLRDNORM | EPOLLOUT |
		       EPOLLWRNORM;
	wake(port, &wakes);
	put_all(&dropped);
}

void msgpass_port_drop_all(struct msgpass_port *port)
{
	struct wakes wakes = {};
	LIST_HEAD(dropped);

	spin_lock(&port->lock);
	port_take_all(port, &dropped, &wakes);
	spin_unlock(&port->lock);

	wake(port, &wakes);
	put_all(&dropped);
}

void msgpass_queue_close(struct msgpass_queue *queue)
{
	struct msgpass_port *port = queue->port;
	struct wakes wakes = {};

	lockdep_assert_held(&port->lock);
	queue->closed = true;
	port_fail_receivers(port, queue, &wakes);
	queue_check_unused(queue);
	/* Under the lock for once: the queue was the caller's to lock. */
	wake(port, &wakes);
}

void msgpass_port_set_limits(struct msgpass_port *port,
			     const struct msgpass_limits *limits)
{
	struct msgpass_queue *queue;
	struct wakes wakes = {};

	spin_lock(&port->lock);
	port->limits = *limits;
	list_for_each_entry(queue, &port->queues, entry) {
		admit_senders(queue, &wakes);
		note_writable(queue, false, &wakes);
	}
	spin_unlock(&port->lock);
	wake(port, &wakes);
}

__poll_t msgpass_port_poll(struct msgpass_port *port,
			   struct msgpass_queue *queue,
			   struct file *file, poll_table *table)
{
	__poll_t events = 0;

	poll_wait(file, &port->poll, table);

	spin_lock(&port->lock);
	if (port->queued)
		events |= EPOLLIN | EPOLLRDNORM;
	if (queue && queue_is_writable(queue))
		events |= EPOLLOUT | EPOLLWRNORM;
	if (port->closed)
		events |= EPOLLHUP | EPOLLIN | EPOLLRDNORM | EPOLLOUT |
			  EPOLLWRNORM;
	spin_unlock(&port->lock);
	return events;
}
