// SPDX-License-Identifier: GPL-2.0
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/timekeeping.h>

#include "port.h"
#include "trace.h"

void msgpass_port_wake(struct msgpass_port *port, struct msgpass_wakes *wakes)
{
	msgpass_wake_tasks(wakes);
	if (!wakes->events)
		return;
	/* Who polls with EPOLLEXCLUSIVE takes one: one for each. */
	if (wq_has_sleeper(&port->poll))
		__wake_up(&port->poll, TASK_INTERRUPTIBLE,
			  max(wakes->queued, 1U), poll_to_key(wakes->events));
	if (wakes->events & EPOLLIN)
		do
			kill_fasync(&port->async_readers, SIGIO, POLL_IN);
		while (wakes->queued && --wakes->queued);
	if (wakes->events & EPOLLOUT)
		kill_fasync(&port->async_writers, SIGIO, POLL_OUT);
}

void msgpass_port_init(struct msgpass_port *port, u64 id,
		       const struct msgpass_port_ops *ops,
		       const struct msgpass_limits *limits)
{
	memset(port, 0, sizeof(*port));
	spin_lock_init(&port->lock);
	port->ops = ops;
	port->id = id;
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
	msgpass_index_part_init(&queue->part);
	INIT_LIST_HEAD(&queue->senders);
	INIT_LIST_HEAD(&queue->meeting);
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
	    !queue->senders_waiting && !queue->pins &&
	    queue->port->ops->queue_unused)
		queue->port->ops->queue_unused(queue);
}

static bool is_too_long(const struct msgpass_queue *queue, size_t length)
{
	return length > queue->port->limits.message_max && !queue->unlimited;
}

static __always_inline bool has_room(const struct msgpass_queue *queue,
				     size_t length)
{
	const struct msgpass_limits *limits = &queue->port->limits;

	if (queue->port->ops->has_room)
		return queue->port->ops->has_room(queue->port, length);
	if (queue->unlimited || msgpass_queue_is_rendezvous(queue))
		return true;
	return queue->held < limits->capacity &&
	       queue->held_bytes <= limits->capacity_bytes &&
	       length <= limits->capacity_bytes - queue->held_bytes;
}

bool msgpass_queue_has_room(const struct msgpass_queue *queue, size_t length)
{
	return has_room(queue, length);
}

/* For poll: a send of whatever length would not block. */
bool msgpass_queue_is_writable(const struct msgpass_queue *queue)
{
	struct msgpass_port *port = queue->port;

	if (msgpass_queue_is_rendezvous(queue))
		return !list_empty(&port->receivers);
	return list_empty(&queue->senders) &&
	       has_room(queue, port->limits.message_max);
}

/* Does anybody wait for events? */
static bool is_polled(struct msgpass_port *port)
{
	lockdep_assert_held(&port->lock);
	/* Who enters the queue too late for this looks for itself, locked. */
	return waitqueue_active(&port->poll) ||
	       READ_ONCE(port->async_readers) || READ_ONCE(port->async_writers);
}

/* There are so many more messages. */
static void note_readable(struct msgpass_port *port, unsigned int count,
			  struct msgpass_wakes *wakes)
{
	if (!is_polled(port))
		return;
	wakes->events |= EPOLLIN | EPOLLRDNORM;
	wakes->queued += count;
}

/*
 * Before a place is freed, for note_writable(). It does not matter where nobody
 * polls, unless the port may be unlocked in between, to admit senders.
 */
static bool was_writable(const struct msgpass_queue *queue)
{
	return (!is_polled(queue->port) && list_empty(&queue->senders)) ||
	       msgpass_queue_is_writable(queue);
}

/* After a change: tell those who poll, once, that there is room again. */
static void note_writable(struct msgpass_queue *queue, bool before,
			  struct msgpass_wakes *wakes)
{
	if (before || !msgpass_queue_is_writable(queue))
		return;
	queue->writable = true;
	wakes->events |= EPOLLOUT | EPOLLWRNORM;
}

/* NULL: all there is in the port is in this queue. */
static struct msgpass_index_part *part_of(struct msgpass_queue *queue)
{
	return queue->port->ops->queue_unused ? &queue->part : NULL;
}

u64 msgpass_port_oldest(const struct msgpass_port *port,
			struct msgpass_queue *queue)
{
	const struct msgpass_message *oldest;

	lockdep_assert_held(&port->lock);
	oldest = msgpass_index_best(&port->index,
				    queue ? part_of(queue) : NULL, 0, U32_MAX,
				    MSGPASS_OLDEST_FIRST);
	return oldest ? oldest->time : 0;
}

static __always_inline void note_depth(struct msgpass_queue *queue)
{
	struct msgpass_port *port = queue->port;

	if (port->queued > port->counts.queued_max)
		port->counts.queued_max = port->queued;
	if (queue->queued > queue->counts.queued_max)
		queue->counts.queued_max = queue->queued;
}

/* The caller puts it into the index. */
static __always_inline void count_enqueued(struct msgpass_message *message)
{
	struct msgpass_queue *queue = message->queue;
	struct msgpass_port *port = queue->port;

	message->queued = true;
	port->queued++;
	port->queued_bytes += message->length;
	queue->queued++;
	queue->queued_bytes += message->length;
	note_depth(queue);
}

/* The caller takes it out of the index. */
static void count_dequeued(struct msgpass_message *message)
{
	struct msgpass_queue *queue = message->queue;
	struct msgpass_port *port = queue->port;

	message->queued = false;
	port->queued--;
	port->queued_bytes -= message->length;
	queue->queued--;
	queue->queued_bytes -= message->length;
}

/* Any that a selection found. */
static void dequeue(struct msgpass_message *message)
{
	msgpass_index_remove(&message->queue->port->index,
			     part_of(message->queue), message);
	count_dequeued(message);
}

/* The message is neither queued nor claimed any more. */
static void release_place(struct msgpass_message *message)
{
	message->queue->held--;
	message->queue->held_bytes -= message->length;
}

static void receiver_leaves(struct msgpass_port *port, struct msgpass_waiter *waiter)
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

/* Would offer() find one who claims it? */
static bool receiver_waits_for(const struct msgpass_port *port,
			       const struct msgpass_message *message)
{
	const struct msgpass_waiter *waiter;

	list_for_each_entry(waiter, &port->receivers, entry)
		if (!msgpass_selection_peeks(waiter->selection) &&
		    msgpass_selection_matches(waiter->selection, message) &&
		    !msgpass_selection_fits(waiter->selection, message))
			return true;
	return false;
}

/* Will offer() find somebody, once there is room for it? */
static bool is_awaited(const struct msgpass_port *port,
		       const struct msgpass_message *message)
{
	const struct msgpass_waiter *waiter;

	list_for_each_entry(waiter, &port->receivers, entry)
		if (msgpass_selection_matches(waiter->selection, message))
			return true;
	return false;
}

/* The other way round: of those who send through @queue. */
static bool will_be_sent(const struct msgpass_queue *queue,
			 const struct msgpass_selection *selection)
{
	const struct msgpass_waiter *waiter;

	list_for_each_entry(waiter, &queue->senders, entry)
		if (msgpass_selection_matches(selection, waiter->message))
			return true;
	return false;
}

/*
 * Whoever waits for this message gets it, in order of arrival, until one
 * claims it. Who only peeks, or finds it too long, leaves it for the next.
 */
static bool offer(struct msgpass_port *port, struct msgpass_message *message,
		  struct msgpass_wakes *wakes)
{
	struct msgpass_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &port->receivers, entry) {
		const struct msgpass_selection *selection = waiter->selection;
		int error;
		bool claimed;

		if (!msgpass_selection_matches(selection, message))
			continue;
		error = msgpass_selection_fits(selection, message);
		claimed = !error && !msgpass_selection_peeks(selection);
		waiter->message = claimed ? message :
					    msgpass_message_ref(message);
		if (claimed)
			trace_hand_off(port, message, waiter->task);
		receiver_leaves(port, waiter);
		msgpass_waiter_complete(waiter, error, wakes);
		if (claimed)
			return true;
	}
	return false;
}

static void accept_at(u64 time, struct msgpass_queue *queue,
		      struct msgpass_message *message,
		      struct msgpass_wakes *wakes)
{
	struct msgpass_port *port = queue->port;

	message->queue = queue;
	message->sequence = ++port->sequence;
	message->time = time;
	port->accepted++;
	port->counts.accepted_bytes += message->length;
	queue->accepted++;
	queue->counts.accepted_bytes += message->length;
	if (port->ops->fan_out) {
		port->ops->fan_out(port, message);
		return;
	}
	queue->held++;
	queue->held_bytes += message->length;
	msgpass_message_tell_accepted(message);
	trace_queue(port, message, port->queued + 1);
	if (offer(port, message, wakes))
		return;
	msgpass_index_add(&port->index, part_of(queue), message);
	count_enqueued(message);
	note_readable(port, 1, wakes);
}

static void accept_message(struct msgpass_queue *queue,
			   struct msgpass_message *message,
			   struct msgpass_wakes *wakes)
{
	accept_at(ktime_get_ns(), queue, message, wakes);
}

bool msgpass_queue_accept(struct msgpass_queue *queue,
			  struct msgpass_message *copy,
			  const struct msgpass_message *message,
			  struct msgpass_wakes *wakes)
{
	lockdep_assert_held(&queue->port->lock);
	queue->port->sequence = message->sequence - 1;
	accept_at(message->time, queue, copy, wakes);
	return msgpass_queue_is_writable(queue);
}

/* The sender who waits until @message is received, if one does, is done. */
static void end_rendezvous(struct msgpass_message *message, int result,
			   struct msgpass_wakes *wakes)
{
	if (!message->rendezvous)
		return;
	/* A send that fails leaves its caller the message. */
	if (result) {
		msgpass_message_ref(message);
		message->abandoned = true;
	}
	sender_leaves(message->queue);
	msgpass_waiter_complete(message->rendezvous, result, wakes);
	message->rendezvous = NULL;
}

/* There is room for the message of a sender who waits for it. */
static void admit(struct msgpass_queue *queue, struct msgpass_waiter *waiter,
		  struct msgpass_wakes *wakes)
{
	struct msgpass_message *message = waiter->message;

	if (!waiter->is_call &&
	    (waiter->synchronous || msgpass_queue_is_rendezvous(queue))) {
		list_move_tail(&waiter->entry, &queue->meeting);
		message->rendezvous = waiter;
		waiter->what = MSGPASS_WAIT_RENDEZVOUS;
		accept_message(queue, message, wakes);
	} else {
		accept_message(queue, message, wakes);
		sender_leaves(queue);
		msgpass_waiter_complete(waiter, 0, wakes);
	}
}

#define ADMIT_BATCH	32

/* One that fans out has work for each subscription, every time. */
static unsigned int admit_batch(const struct msgpass_port *port)
{
	return port->ops->fan_out ? 1 : ADMIT_BATCH;
}

/* There may be room: for those who wait first. True: there may be more. */
static bool admit_some(struct msgpass_queue *queue, struct msgpass_wakes *wakes)
{
	struct msgpass_waiter *waiter, *next;
	unsigned int admitted = 0;

	list_for_each_entry_safe(waiter, next, &queue->senders, entry) {
		size_t length = waiter->message->length;

		if (is_too_long(queue, length)) {
			/* The limit came down while it waited. */
			sender_leaves(queue);
			msgpass_waiter_complete(waiter, -EMSGSIZE, wakes);
		} else if (msgpass_queue_has_room(queue, length)) {
			admit(queue, waiter, wakes);
		} else {
			return false;
		}
		if (++admitted == admit_batch(queue->port))
			return true;
	}
	return false;
}

/*
 * All there is room for. Each may be compared with many who wait to receive: so
 * it unlocks and locks the port in between.
 */
static noinline void admit_waiting(struct msgpass_queue *queue,
				   struct msgpass_wakes *wakes)
{
	struct msgpass_port *port = queue->port;

	while (admit_some(queue, wakes)) {
		queue->pins++;
		spin_unlock(&port->lock);
		msgpass_port_wake(port, wakes);
		wakes->events = 0;
		wakes->queued = 0;
		cond_resched();
		spin_lock(&port->lock);
		queue->pins--;
	}
}

/* Those who poll are told too. */
static __always_inline void admit_senders(struct msgpass_queue *queue,
					  bool writable,
					  struct msgpass_wakes *wakes)
{
	if (!list_empty(&queue->senders))
		admit_waiting(queue, wakes);
	note_writable(queue, writable, wakes);
}

void msgpass_queue_drained(struct msgpass_queue *queue)
{
	struct msgpass_port *port = queue->port;
	struct msgpass_wakes wakes = {};

	spin_lock(&port->lock);
	/* Else nobody waits, and no place was missing. */
	if (!queue->writable)
		admit_senders(queue, false, &wakes);
	spin_unlock(&port->lock);
	msgpass_port_wake(port, &wakes);
}

/* With no lock held: a place was freed. */
static void tell_drained(struct msgpass_port *port)
{
	if (port->ops->drained)
		port->ops->drained(port);
}

static void count_dropped(struct msgpass_message *message, enum msgpass_end end)
{
	struct msgpass_port *port = message->queue->port;

	release_place(message);
	message->queue->dropped++;
	port->dropped++;
	if (end == MSGPASS_END_EXPIRED) {
		message->queue->counts.expired++;
		port->counts.expired++;
	}
	trace_drop(port, message, end);
}

static void count_expired(struct msgpass_message *message)
{
	count_dropped(message, MSGPASS_END_EXPIRED);
}

/* The message was accepted, and is to be as if it never had been. */
static void retract(struct msgpass_message *message)
{
	struct msgpass_queue *queue = message->queue;

	release_place(message);
	queue->port->accepted--;
	queue->port->counts.accepted_bytes -= message->length;
	queue->accepted--;
	queue->counts.accepted_bytes -= message->length;
	message->rendezvous = NULL;
	trace_drop(queue->port, message, MSGPASS_END_WITHDRAWN);
}

/* The sender gives up, and nobody has claimed its message: no trace stays. */
static void withdraw(struct msgpass_queue *queue, struct msgpass_waiter *waiter,
		     struct msgpass_wakes *wakes)
{
	struct msgpass_message *message = waiter->message;

	list_del_init(&waiter->entry);
	sender_leaves(queue);
	if (message->rendezvous) {
		msgpass_index_withdraw(&queue->port->index, part_of(queue),
				       message);
		count_dequeued(message);
		retract(message);
	}
	/* A smaller one may have stood behind it. */
	admit_senders(queue, false, wakes);
	queue_check_unused(queue);
}

/*
 * Killed while its message is being received: nobody is left to be told how
 * that ends. The message is the receiver's; if that fails, it is nobody's.
 */
static int abandon_rendezvous(struct msgpass_port *port,
			      struct msgpass_waiter *self)
{
	spin_lock(&port->lock);
	if (!msgpass_waiter_is_done(self)) {
		list_del_init(&self->entry);
		sender_leaves(self->message->queue);
		self->message->rendezvous = NULL;
		self->message->abandoned = true;
		trace_cancel(self, -EINTR);
	}
	spin_unlock(&port->lock);
	return msgpass_waiter_is_done(self) ? self->result : 0;
}

/*
 * For room or, if the send is synchronous, until the message is received.
 * @self has been entered, one way or the other. Unless it is still there when
 * the port is locked again, @queue may be gone.
 */
static int sender_wait(struct msgpass_port *port, struct msgpass_queue *queue,
		       struct msgpass_waiter *self, struct msgpass_wait *wait)
{
	struct msgpass_wakes wakes = {};
	bool claimed = false;
	int error;

	error = msgpass_waiter_sleep(self, wait);
	if (!error)
		return self->result;

	spin_lock(&port->lock);
	if (msgpass_waiter_is_done(self)) {
		error = self->result;
	} else if (self->message->rendezvous && !self->message->queued) {
		/* It is being received: how that ends decides. */
		claimed = true;
		self->give_up = error;
	} else {
		trace_cancel(self, error);
		withdraw(queue, self, &wakes);
	}
	spin_unlock(&port->lock);
	msgpass_port_wake(port, &wakes);
	if (!claimed)
		return error;

	error = msgpass_waiter_sleep_killable(self);
	return error ? abandon_rendezvous(port, self) : self->result;
}

/* Call with the port locked; returns with it unlocked. */
static int send_and_wait(struct msgpass_queue *queue,
			 struct msgpass_message *message,
			 struct msgpass_wait *wait, bool room)
	__releases(&queue->port->lock)
{
	struct msgpass_port *port = queue->port;
	struct msgpass_waiter self __uninitialized;
	struct msgpass_wakes wakes = {};

	msgpass_waiter_init(&self, MSGPASS_WAIT_ROOM, port->id, wait);
	self.message = message;
	self.synchronous = wait->synchronous;
	self.is_call = wait->call;
	queue->senders_waiting++;
	queue->counts.sender_waits++;
	port->senders_waiting++;
	port->counts.sender_waits++;
	if (room) {
		admit(queue, &self, &wakes);
	} else {
		self.room_helps = is_awaited(port, message);
		msgpass_waiter_enter(&self, &queue->senders);
	}
	trace_wait(&self, wait, port->receiver);
	spin_unlock(&port->lock);
	if (room && wait->hold)
		wait->hold(message);
	msgpass_port_wake(port, &wakes);
	return sender_wait(port, queue, &self, wait);
}

/* There is no room, and its sender won't wait. */
static int refuse(struct msgpass_queue *queue)
{
	queue->counts.refused++;
	queue->port->counts.refused++;
	return -EAGAIN;
}

int msgpass_port_send(struct msgpass_queue *queue,
		      struct msgpass_message *message,
		      struct msgpass_wait *wait)
	__releases(&queue->port->lock)
{
	struct msgpass_port *port = queue->port;
	bool synchronous = wait->synchronous || msgpass_queue_is_rendezvous(queue);
	struct msgpass_wakes wakes __uninitialized;
	int error = 0;
	bool room;

	msgpass_wakes_init(&wakes);
	lockdep_assert_held(&port->lock);
	room = list_empty(&queue->senders) &&
	       has_room(queue, message->length);
	message->queue = queue;
	trace_send(port, message, wait);
	if (port->closed || queue->closed)
		error = -EPIPE;
	else if (is_too_long(queue, message->length))
		error = -EMSGSIZE;
	else if (!wait->nonblock && !room)
		return send_and_wait(queue, message, wait, false);
	else if (!wait->nonblock && synchronous && !wait->call)
		return send_and_wait(queue, message, wait, true);
	else if (room && (!synchronous || !wait->nonblock ||
			  receiver_waits_for(port, message)))
		accept_message(queue, message, &wakes);
	else
		error = refuse(queue);
	spin_unlock(&port->lock);
	msgpass_port_wake(port, &wakes);
	return error;
}

/* Is room all that a message may have to wait for? */
static bool takes_at_once(const struct msgpass_queue *queue)
{
	return !queue->port->closed && !queue->closed &&
	       !msgpass_queue_is_rendezvous(queue) &&
	       list_empty(&queue->senders);
}

/* For how many of the first there is room. */
static unsigned int count_fitting(const struct msgpass_queue *queue,
				  struct msgpass_message **messages,
				  unsigned int count)
{
	const struct msgpass_limits *limits = &queue->port->limits;
	u64 bytes = queue->held_bytes;
	unsigned int i;

	if (queue->held >= limits->capacity)
		return 0;
	count = min_t(u64, count, limits->capacity - queue->held);
	/* Most often for all, as long as each may be. */
	if (bytes + count * MSGPASS_BULK_BYTES <= limits->capacity_bytes &&
	    limits->message_max >= MSGPASS_BULK_BYTES)
		return count;
	for (i = 0; i < count; i++) {
		bytes += messages[i]->length;
		if (bytes > limits->capacity_bytes ||
		    messages[i]->length > limits->message_max)
			break;
	}
	return i;
}

/* What accept_at() does where nobody waits for plain messages. */
static void enqueue_some(u64 time, struct msgpass_queue *queue,
			 struct msgpass_message **messages, unsigned int count)
{
	struct msgpass_message *last = NULL;
	struct msgpass_port *port = queue->port;
	u64 sequence = port->sequence, bytes = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct msgpass_message *message = messages[i];

		message->queue = queue;
		message->sequence = ++sequence;
		message->time = time;
		message->queued = true;
		bytes += message->length;
		trace_queue(port, message, port->queued + i + 1);
		if (last && last->type == message->type &&
		    last->priority == message->priority)
			msgpass_index_add_behind(last, message);
		else
			msgpass_index_add(&port->index, part_of(queue),
					  message);
		last = message;
	}
	port->sequence = sequence;
	port->accepted += count;
	port->counts.accepted_bytes += bytes;
	port->queued += count;
	port->queued_bytes += bytes;
	queue->accepted += count;
	queue->counts.accepted_bytes += bytes;
	queue->held += count;
	queue->held_bytes += bytes;
	queue->queued += count;
	queue->queued_bytes += bytes;
	note_depth(queue);
}

static void tell_sends(const struct msgpass_port *port,
		       struct msgpass_message **messages, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		trace_send(port, messages[i], NULL);
}

unsigned int msgpass_port_send_some(struct msgpass_queue *queue,
				    struct msgpass_message **messages,
				    unsigned int count)
	__releases(&queue->port->lock)
{
	struct msgpass_port *port = queue->port;
	struct msgpass_wakes wakes = {};
	u64 time = ktime_get_ns();
	unsigned int i = 0;

	lockdep_assert_held(&port->lock);
	count = takes_at_once(queue) ? count_fitting(queue, messages, count) : 0;
	if (trace_send_enabled())
		tell_sends(port, messages, count);
	while (i < count && !list_empty(&port->receivers))
		accept_at(time, queue, messages[i++], &wakes);
	if (i < count) {
		enqueue_some(time, queue, messages + i, count - i);
		note_readable(port, count - i, &wakes);
	}
	spin_unlock(&port->lock);
	msgpass_port_wake(port, &wakes);
	return count;
}

/* Where there is no buffer, a receiver is what a send has to wait for. */
static noinline void tell_receiver_waits(struct msgpass_port *port)
{
	struct msgpass_wakes wakes = { .events = EPOLLOUT | EPOLLWRNORM };

	msgpass_port_wake(port, &wakes);
}

static int wait_for_message(struct msgpass_port *port,
			    const struct msgpass_selection *selection,
			    struct msgpass_wait *wait,
			    struct msgpass_message **message)
	__releases(&port->lock)
{
	const bool unbuffered = !port->limits.capacity;
	struct msgpass_waiter self __uninitialized;
	int error;

	msgpass_waiter_init(&self, MSGPASS_WAIT_MESSAGE, port->id, wait);
	self.selection = selection;
	msgpass_waiter_enter(&self, &port->receivers);
	trace_wait(&self, wait, wait->edge.from ? wait->edge.to : NULL);
	port->receivers_waiting++;
	port->counts.receiver_waits++;
	if (selection->queue) {
		selection->queue->receivers_waiting++;
		selection->queue->counts.receiver_waits++;
		self.room_helps = will_be_sent(selection->queue, selection);
	}
	spin_unlock(&port->lock);
	if (unbuffered)
		tell_receiver_waits(port);

	error = msgpass_waiter_sleep(&self, wait);
	if (error) {
		spin_lock(&port->lock);
		if (msgpass_waiter_is_done(&self)) {
			error = 0;
		} else {
			trace_cancel(&self, error);
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
		if (msgpass_selection_peeks(selection))
			msgpass_message_put(self.message);
		else
			msgpass_port_restore(port, self.message, -EINTR);
		return -ERESTARTSYS;
	}
	*message = self.message;
	return self.result;
}

/* What its timer has not come to yet is dropped here. */
static struct msgpass_message *
best_unexpired(struct msgpass_port *port,
	       const struct msgpass_selection *selection)
{
	struct msgpass_queue *queue = selection->queue;
	struct msgpass_index_part *part = queue ? part_of(queue) : NULL;
	struct msgpass_message *message;

	while ((message = msgpass_selection_best(selection, &port->index, part)) &&
	       msgpass_message_has_expired(message)) {
		msgpass_message_ref(message);
		if (queue)
			queue->pins++;
		spin_unlock(&port->lock);
		msgpass_port_expire(port, message);
		msgpass_message_put(message);
		spin_lock(&port->lock);
		if (queue)
			queue->pins--;
	}
	return message;
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
	*message = best_unexpired(port, selection);
	if (*message) {
		error = msgpass_selection_fits(selection, *message);
		if (error || msgpass_selection_peeks(selection))
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

/*
 * Claims the first messages of a run, as long as they are plain and fit: how
 * many.
 */
static unsigned int claim_run(struct msgpass_message *leader,
			      const struct msgpass_place *places, bool truncate,
			      unsigned int count,
			      struct msgpass_message **messages)
{
	struct msgpass_queue *queue = leader->queue;
	struct msgpass_port *port = queue->port;
	struct msgpass_message *message = leader;
	unsigned int claimed = 0;
	u64 bytes = 0;

	do {
		if (!msgpass_message_is_bulk(message) ||
		    (message->length > places[claimed].length && !truncate))
			break;
		messages[claimed++] = message;
		message->queued = false;
		bytes += message->length;
		message = list_next_entry(message, run);
	} while (message != leader && claimed < count);
	if (!claimed)
		return 0;
	msgpass_index_remove_until(&port->index, part_of(queue), leader,
				   message);
	port->queued -= claimed;
	port->queued_bytes -= bytes;
	queue->queued -= claimed;
	queue->queued_bytes -= bytes;
	return claimed;
}

unsigned int msgpass_port_claim_some(struct msgpass_port *port,
				     const struct msgpass_selection *selection,
				     const struct msgpass_place *places,
				     unsigned int count,
				     struct msgpass_message **messages)
{
	const bool truncate = selection->flags & MSGPASS_TRUNCATE;
	struct msgpass_queue *queue = selection->queue;
	struct msgpass_index_part *part = queue ? part_of(queue) : NULL;
	struct msgpass_message *message;
	unsigned int i = 0, claimed;

	spin_lock(&port->lock);
	while (i < count) {
		message = msgpass_selection_best(selection, &port->index, part);
		if (!message)
			break;
		/* Else the next may be of another run. */
		claimed = claim_run(message, places + i, truncate,
				    msgpass_index_is_one_run(&port->index) ?
				    count - i : 1, messages + i);
		if (!claimed)
			break;
		i += claimed;
	}
	spin_unlock(&port->lock);
	return i;
}

void msgpass_port_settle(struct msgpass_port *port,
			 struct msgpass_message *message)
{
	struct msgpass_wakes wakes __uninitialized;
	struct msgpass_queue *queue = message->queue;
	bool writable;

	msgpass_wakes_init(&wakes);
	spin_lock(&port->lock);
	trace_receive(port, message);
	writable = was_writable(queue);
	release_place(message);
	port->received++;
	port->counts.received_bytes += message->length;
	queue->received++;
	queue->counts.received_bytes += message->length;
	end_rendezvous(message, 0, &wakes);
	admit_senders(queue, writable, &wakes);
	queue_check_unused(queue);
	spin_unlock(&port->lock);

	msgpass_port_wake(port, &wakes);
	tell_drained(port);
	msgpass_message_tell_ended(message, MSGPASS_END_RECEIVED);
	msgpass_message_put(message);
}

void msgpass_port_settle_some(struct msgpass_port *port,
			      struct msgpass_message **messages,
			      unsigned int count)
{
	struct msgpass_wakes wakes = {};
	struct msgpass_queue *queue;
	unsigned int first, i = 0;
	bool writable;
	u64 bytes;

	spin_lock(&port->lock);
	while (i < count) {
		/* Until it is unused, those that are held keep it. */
		queue = messages[i]->queue;
		writable = was_writable(queue);
		first = i;
		bytes = 0;
		for (; i < count && messages[i]->queue == queue; i++) {
			trace_receive(port, messages[i]);
			bytes += messages[i]->length;
		}
		queue->held -= i - first;
		queue->held_bytes -= bytes;
		queue->received += i - first;
		queue->counts.received_bytes += bytes;
		port->received += i - first;
		port->counts.received_bytes += bytes;
		admit_senders(queue, writable, &wakes);
		queue_check_unused(queue);
	}
	spin_unlock(&port->lock);

	msgpass_port_wake(port, &wakes);
	tell_drained(port);
	msgpass_messages_put(messages, count);
}

/*
 * The receiver could not take it. True if it goes nowhere: its sender was
 * waiting for just that to give up, or is gone, or *@end says why.
 */
static bool restore(struct msgpass_port *port, struct msgpass_message *message,
		    int error, struct msgpass_wakes *wakes,
		    enum msgpass_end *end)
{
	struct msgpass_waiter *sender = message->rendezvous;
	bool expired = msgpass_message_has_expired(message);
	struct msgpass_queue *queue = message->queue;
	bool writable = msgpass_queue_is_writable(queue);

	*end = port->closed ? port->ops->end : MSGPASS_END_EXPIRED;
	if (message->abandoned) {
		retract(message);
	} else if (sender && sender->give_up) {
		end_rendezvous(message, sender->give_up, wakes);
		retract(message);
	} else if (port->closed || expired) {
		count_dropped(message, *end);
		end_rendezvous(message, port->closed ? -EPIPE : -ETIMEDOUT,
			       wakes);
	} else {
		trace_restore(port, message, error);
		if (!offer(port, message, wakes)) {
			msgpass_index_restore(&port->index, part_of(queue),
					      message);
			count_enqueued(message);
			wakes->events |= EPOLLIN | EPOLLRDNORM;
		}
		return false;
	}
	admit_senders(queue, writable, wakes);
	queue_check_unused(queue);
	return true;
}

void msgpass_port_refuse(struct msgpass_port *port,
			 struct msgpass_message *message, int error)
{
	spin_lock(&port->lock);
	/* Else its sender was killed, and it has been abandoned. */
	if (message->rendezvous)
		message->rendezvous->give_up = error;
	spin_unlock(&port->lock);
	msgpass_port_restore(port, message, error);
}

void msgpass_port_restore(struct msgpass_port *port,
			  struct msgpass_message *message, int error)
{
	struct msgpass_wakes wakes = {};
	enum msgpass_end end;
	bool gone;

	spin_lock(&port->lock);
	gone = restore(port, message, error, &wakes, &end);
	spin_unlock(&port->lock);

	msgpass_port_wake(port, &wakes);
	if (!gone)
		return;
	tell_drained(port);
	msgpass_message_drop(message, end);
}

void msgpass_port_restore_some(struct msgpass_port *port,
			       struct msgpass_message **messages,
			       unsigned int count, int error)
{
	unsigned int i;

	/* The oldest first, in case somebody waits by now. */
	for (i = 0; i < count; i++)
		msgpass_port_restore(port, messages[i], error);
}

/*
 * Takes a message out of the queue it stands in, if it does. Its sender, if one
 * waits for it to be received, gets @error.
 */
static bool take_out(struct msgpass_port *port, struct msgpass_message *message,
		     int error, void (*account)(struct msgpass_message *))
{
	struct msgpass_wakes wakes = {};
	struct msgpass_queue *queue;
	bool queued;

	spin_lock(&port->lock);
	queued = message->queued;
	if (queued) {
		queue = message->queue;
		msgpass_index_withdraw(&port->index, part_of(queue), message);
		count_dequeued(message);
		end_rendezvous(message, error, &wakes);
		account(message);
		admit_senders(queue, false, &wakes);
		queue_check_unused(queue);
	}
	spin_unlock(&port->lock);
	msgpass_port_wake(port, &wakes);
	if (queued)
		tell_drained(port);
	return queued;
}

bool msgpass_port_withdraw(struct msgpass_port *port,
			   struct msgpass_message *message)
{
	bool queued = take_out(port, message, -EPIPE, retract);

	if (queued)
		msgpass_message_put(message);
	return queued;
}

void msgpass_port_abandon(struct msgpass_port *port,
			  struct msgpass_message *message)
{
	bool queued;

	spin_lock(&port->lock);
	/* Whoever drops the message meanwhile looks without the lock. */
	WRITE_ONCE(message->abandoned, true);
	queued = message->queued;
	spin_unlock(&port->lock);
	if (queued)
		msgpass_port_withdraw(port, message);
}

void msgpass_port_expire(struct msgpass_port *port,
			 struct msgpass_message *message)
{
	if (take_out(port, message, -ETIMEDOUT, count_expired))
		msgpass_message_drop(message, MSGPASS_END_EXPIRED);
}

static void queue_fail_senders(struct msgpass_queue *queue, struct msgpass_wakes *wakes)
{
	struct msgpass_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &queue->senders, entry) {
		sender_leaves(queue);
		msgpass_waiter_complete(waiter, -EPIPE, wakes);
	}
}

/* All receivers, or those who wait for just @queue. */
static void port_fail_receivers(struct msgpass_port *port,
				struct msgpass_queue *queue,
				struct msgpass_wakes *wakes)
{
	struct msgpass_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &port->receivers, entry) {
		if (queue && waiter->selection->queue != queue)
			continue;
		receiver_leaves(port, waiter);
		msgpass_waiter_complete(waiter, -EPIPE, wakes);
	}
}

/* Takes all messages that are queued, and fails the senders who wait. */
static void port_take_all(struct msgpass_port *port, enum msgpass_end end,
			  struct list_head *dropped,
			  struct msgpass_wakes *wakes)
{
	struct msgpass_queue *queue, *next;
	struct msgpass_message *message;

	msgpass_index_empty(&port->index, dropped);
	list_for_each_entry(message, dropped, run) {
		message->queued = false;
		trace_drop(port, message, end);
		end_rendezvous(message, -EPIPE, wakes);
	}
	port->dropped += port->queued;
	port->queued = 0;
	port->queued_bytes = 0;
	list_for_each_entry_safe(queue, next, &port->queues, entry) {
		msgpass_index_part_init(&queue->part);
		queue->held -= queue->queued;
		queue->held_bytes -= queue->queued_bytes;
		queue->dropped += queue->queued;
		queue->queued = 0;
		queue->queued_bytes = 0;
		queue_fail_senders(queue, wakes);
		if (port->closed)
			queue->closed = true;
		queue_check_unused(queue);
	}
}

static void put_all(struct list_head *dropped, enum msgpass_end end)
{
	struct msgpass_message *message, *next;

	list_for_each_entry_safe(message, next, dropped, run) {
		msgpass_message_drop(message, end);
		cond_resched();
	}
}

void msgpass_port_close(struct msgpass_port *port)
{
	struct msgpass_wakes wakes = {};
	LIST_HEAD(dropped);

	spin_lock(&port->lock);
	port->closed = true;
	port_fail_receivers(port, NULL, &wakes);
	port_take_all(port, port->ops->end, &dropped, &wakes);
	spin_unlock(&port->lock);

	wakes.events = EPOLLHUP | EPOLLIN | EPOLLRDNORM | EPOLLOUT |
		       EPOLLWRNORM;
	msgpass_port_wake(port, &wakes);
	put_all(&dropped, port->ops->end);
}

void msgpass_port_reset(struct msgpass_port *port,
			const struct msgpass_limits *limits)
	__releases(&port->lock)
{
	struct msgpass_wakes wakes = {};
	LIST_HEAD(dropped);

	lockdep_assert_held(&port->lock);
	msgpass_limits_assign(&port->limits, limits);
	port_take_all(port, MSGPASS_END_RESET, &dropped, &wakes);
	spin_unlock(&port->lock);

	msgpass_port_wake(port, &wakes);
	put_all(&dropped, MSGPASS_END_RESET);
}

void msgpass_queue_close(struct msgpass_queue *queue)
{
	struct msgpass_port *port = queue->port;
	struct msgpass_wakes wakes = {};

	lockdep_assert_held(&port->lock);
	queue->closed = true;
	port_fail_receivers(port, queue, &wakes);
	queue_check_unused(queue);
	/* Under the lock for once: the queue was the caller's to lock. */
	msgpass_port_wake(port, &wakes);
}

void msgpass_port_set_limits(struct msgpass_port *port,
			     const struct msgpass_limits *limits)
{
	spin_lock(&port->lock);
	msgpass_limits_assign(&port->limits, limits);
	spin_unlock(&port->lock);
}

/* There is a buffer now: who did not ask for a rendezvous need not wait. */
static void release_meeting(struct msgpass_queue *queue,
			    struct msgpass_wakes *wakes)
{
	struct msgpass_waiter *waiter, *next;
	u64 room = queue->port->limits.capacity;

	list_for_each_entry_safe(waiter, next, &queue->meeting, entry) {
		if (!room--)
			return;
		if (!waiter->synchronous)
			end_rendezvous(waiter->message, 0, wakes);
	}
}

void msgpass_port_limits_changed(struct msgpass_port *port)
{
	struct msgpass_wakes wakes = {};
	struct msgpass_queue *queue;

	spin_lock(&port->lock);
	queue = list_first_entry_or_null(&port->queues, struct msgpass_queue,
					 entry);
	while (queue) {
		struct msgpass_queue *next = NULL;

		/* Pinned, it keeps its place while admit_senders() unlocks. */
		queue->pins++;
		release_meeting(queue, &wakes);
		admit_senders(queue, false, &wakes);
		queue->pins--;
		if (!list_is_last(&queue->entry, &port->queues))
			next = list_next_entry(queue, entry);
		queue_check_unused(queue);
		queue = next;
	}
	spin_unlock(&port->lock);
	msgpass_port_wake(port, &wakes);
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
	if (queue && msgpass_queue_is_writable(queue))
		events |= EPOLLOUT | EPOLLWRNORM;
	if (port->closed)
		events |= EPOLLHUP | EPOLLIN | EPOLLRDNORM | EPOLLOUT |
			  EPOLLWRNORM;
	spin_unlock(&port->lock);
	return events;
}

void msgpass_port_count_flow(struct msgpass_port *port,
			     struct msgpass_queue *queue, u64 bytes)
{
	lockdep_assert_held(&port->lock);
	port->counts.accepted_bytes += bytes;
	port->counts.received_bytes += bytes;
	if (queue) {
		queue->counts.accepted_bytes += bytes;
		queue->counts.received_bytes += bytes;
	}
}

static bool visit_senders(struct msgpass_queue *queue, struct list_head *senders,
			  msgpass_wait_visit *visit, void *context)
{
	struct msgpass_wait_seen seen = {
		.port = queue->port,
		.queue = queue,
	};
	struct msgpass_waiter *waiter;

	list_for_each_entry(waiter, senders, entry) {
		seen.waiter = waiter;
		if (!visit(context, &seen))
			return false;
	}
	return true;
}

bool msgpass_port_visit_waiters(struct msgpass_port *port,
				msgpass_wait_visit *visit, void *context)
{
	struct msgpass_wait_seen seen = { .port = port };
	u64 left = port->senders_waiting;
	struct msgpass_waiter *waiter;
	struct msgpass_queue *queue;

	lockdep_assert_held(&port->lock);
	list_for_each_entry(waiter, &port->receivers, entry) {
		seen.waiter = waiter;
		seen.queue = waiter->selection->queue;
		if (!visit(context, &seen))
			return false;
	}
	list_for_each_entry(queue, &port->queues, entry) {
		/* Most of many links have none. */
		if (!left)
			break;
		left -= queue->senders_waiting;
		if (!visit_senders(queue, &queue->senders, visit, context) ||
		    !visit_senders(queue, &queue->meeting, visit, context))
			return false;
	}
	return true;
}
