// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "account.h"
#include "flow.h"
#include "message.h"
#include "reading.h"
#include "words.h"

/* With its place in the table, where it may have no neighbours. */
#define READING_CHARGE (sizeof(struct msgpass_reading) + sizeof(struct xa_node))

static atomic64_t last_reading;

void msgpass_reading_init(void)
{
	/* Tokens of an earlier load of the module must not come back. */
	atomic64_set(&last_reading, ktime_get_boottime_ns());
}

void msgpass_readings_init(struct xarray *readings)
{
	xa_init_flags(readings, XA_FLAGS_ACCOUNT);
}

void msgpass_reading_put(struct msgpass_reading *reading)
{
	if (!refcount_dec_and_test(&reading->refs))
		return;
	msgpass_message_put(reading->message);
	msgpass_account_close(reading->account, READING_CHARGE);
	mutex_destroy(&reading->lock);
	kfree(reading);
}

/* The message, or a copy, to be paid for by the caller. */
static int reading_set_message(struct msgpass_reading *reading,
			       struct msgpass_message *message)
{
	if (msgpass_message_shares_memory(message)) {
		message = msgpass_message_copy(message, current_cred());
		if (IS_ERR(message))
			return PTR_ERR(message);
		reading->message = message;
		return 0;
	}
	reading->payer = msgpass_message_charge_too(message, current_cred());
	if (IS_ERR(reading->payer))
		return PTR_ERR(reading->payer);
	reading->message = msgpass_message_ref(message);
	return 0;
}

static struct msgpass_reading *reading_alloc(struct msgpass_message *message)
{
	struct msgpass_account *account;
	struct msgpass_reading *reading;
	int error;

	account = msgpass_account_open(current_cred(), READING_CHARGE);
	if (IS_ERR(account))
		return ERR_CAST(account);
	error = -ENOMEM;
	reading = kzalloc(sizeof(*reading), GFP_KERNEL_ACCOUNT);
	if (!reading)
		goto close_account;
	error = reading_set_message(reading, message);
	if (error)
		goto free_reading;
	reading->account = account;
	reading->token = atomic64_inc_return(&last_reading);
	refcount_set(&reading->refs, 1);
	mutex_init(&reading->lock);
	return reading;

free_reading:
	kfree(reading);
close_account:
	msgpass_account_close(account, READING_CHARGE);
	return ERR_PTR(error);
}

struct msgpass_reading *msgpass_reading_new(struct xarray *readings,
					    struct msgpass_message *message)
{
	struct msgpass_reading *reading = reading_alloc(message);
	int error;

	if (IS_ERR(reading))
		return reading;
	error = xa_reserve(readings, reading->token, GFP_KERNEL_ACCOUNT);
	if (!error)
		return reading;
	msgpass_reading_discard(readings, reading);
	return ERR_PTR(error);
}

void msgpass_reading_begin(struct xarray *readings,
			   struct msgpass_reading *reading, u64 offset)
{
	msgpass_message_charge_done(reading->message, reading->payer);
	reading->payer = NULL;
	reading->offset = offset;
	/* It has its place: this can't fail. */
	xa_store(readings, reading->token, reading, GFP_KERNEL_ACCOUNT);
}

void msgpass_reading_discard(struct xarray *readings,
			     struct msgpass_reading *reading)
{
	xa_release(readings, reading->token);
	msgpass_message_charge_undone(reading->message, reading->payer);
	msgpass_reading_put(reading);
}

struct msgpass_reading *msgpass_reading_find(struct xarray *readings,
					     u64 token)
{
	struct msgpass_reading *reading;

	xa_lock(readings);
	reading = xa_load(readings, token);
	if (reading)
		refcount_inc(&reading->refs);
	xa_unlock(readings);
	return reading;
}

ssize_t msgpass_reading_copy(const struct msgpass_message *message, u64 offset,
			     struct iov_iter *to)
{
	struct msgpass_flow *flow = msgpass_flow_of(message);
	size_t count;

	if (flow)
		return msgpass_flow_read(flow, offset, to);
	count = min_t(u64, message->length - offset, iov_iter_count(to));
	message = msgpass_message_body(message);
	return msgpass_words_put_iter(to, message->data + offset, count) ?:
	       count;
}

static ssize_t take(struct msgpass_reading *reading, struct iov_iter *to)
{
	struct msgpass_flow *flow = msgpass_flow_of(reading->message);
	size_t wanted;
	ssize_t count;
	int error;

	if (reading->over)
		return -ESRCH;
	if (flow) {
		error = msgpass_flow_begin(flow);
		if (error)
			return error;
	}
	wanted = iov_iter_count(to);
	count = msgpass_reading_copy(reading->message, reading->offset, to);
	/* There is more of it always, or it would be over. */
	if (!count && wanted)
		count = -EPIPE;
	if (count < 0 && flow)
		msgpass_flow_end(flow, 0, false);
	return count;
}

ssize_t msgpass_reading_take(struct msgpass_reading *reading,
			     struct iov_iter *to)
{
	ssize_t count;

	if (mutex_lock_interruptible(&reading->lock))
		return -ERESTARTSYS;
	count = take(reading, to);
	if (count < 0)
		mutex_unlock(&reading->lock);
	return count;
}

static void forget(struct xarray *readings, struct msgpass_reading *reading)
{
	/* Whoever takes it out of the table has the table's reference. */
	if (xa_erase(readings, reading->token))
		msgpass_reading_put(reading);
}

void msgpass_reading_settle(struct xarray *readings,
			    struct msgpass_reading *reading, u64 count)
{
	struct msgpass_flow *flow = msgpass_flow_of(reading->message);

	reading->offset += count;
	if (flow)
		msgpass_flow_end(flow, count, false);
	if (reading->offset == msgpass_message_length(reading->message)) {
		reading->over = true;
		forget(readings, reading);
	}
	mutex_unlock(&reading->lock);
}

void msgpass_reading_restore(struct msgpass_reading *reading)
{
	struct msgpass_flow *flow = msgpass_flow_of(reading->message);

	if (flow)
		msgpass_flow_end(flow, 0, false);
	mutex_unlock(&reading->lock);
}

void msgpass_reading_abandon(struct xarray *readings,
			     struct msgpass_reading *reading)
{
	struct msgpass_flow *flow = msgpass_flow_of(reading->message);

	if (flow)
		msgpass_flow_abandon(flow);
	forget(readings, reading);
}

/* A reference to the next one, or NULL. */
static struct msgpass_reading *reading_after(struct xarray *readings,
					     unsigned long *token)
{
	struct msgpass_reading *reading;

	xa_lock(readings);
	reading = xa_find_after(readings, token, ULONG_MAX, XA_PRESENT);
	if (reading)
		refcount_inc(&reading->refs);
	xa_unlock(readings);
	return reading;
}

void msgpass_readings_visit_waiters(struct xarray *readings,
				    struct msgpass_port *port,
				    msgpass_wait_visit *visit, void *context)
{
	struct msgpass_wait_seen seen = { .port = port };
	struct msgpass_reading *reading;
	unsigned long token = 0;
	bool more = true;

	while (more && (reading = reading_after(readings, &token))) {
		struct msgpass_flow *flow = msgpass_flow_of(reading->message);

		if (flow)
			more = msgpass_flow_visit_sender(flow, &seen, visit,
							 context);
		msgpass_reading_put(reading);
		cond_resched();
	}
}

void msgpass_readings_exit(struct xarray *readings)
{
	struct msgpass_reading *reading;
	unsigned long token;

	xa_for_each(readings, token, reading) {
		msgpass_reading_abandon(readings, reading);
		cond_resched();
	}
	xa_destroy(readings);
}
