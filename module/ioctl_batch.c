// SPDX-License-Identifier: GPL-2.0
/* The ioctls that send and receive several messages. */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>

#include "bulk.h"
#include "ioctl.h"
#include "mailbox_file.h"
#include "transfer.h"
#include "words.h"

static bool is_batch(u32 count)
{
	return count && count <= MSGPASS_BATCH_MAX;
}

static int send_element(const struct msgpass_target *target,
			struct msgpass_draft *draft,
			const struct msgpass_send_element __user *user,
			struct msgpass_wait wait)
{
	struct msgpass_send_element element;
	struct msgpass_data data __uninitialized;
	int error;

	if (msgpass_words_get(&element, user, sizeof(element)))
		return -EFAULT;
	draft->type = element.type;
	draft->priority = element.priority;
	error = msgpass_draft_begin(draft, &data, element.data, element.length,
				    false, 0, 0);
	if (error)
		return error;
	error = msgpass_transfer_send(target, draft, &wait);
	msgpass_draft_end(draft, &data);
	return error;
}

/* Of the first that are plain, how many were sent, or the error of the first. */
static long send_bulk(const struct msgpass_target *target,
		      const struct msgpass_draft *draft,
		      const struct msgpass_send_element __user *elements,
		      u32 count, const struct msgpass_wait *wait, u32 *made)
{
	const struct msgpass_stamp stamp = {
		.sender = draft->sender->peer.identity,
		.cred = draft->cred,
		.payer = draft->payer,
	};
	struct msgpass_message *messages[MSGPASS_BULK] __uninitialized;
	long sent;

	*made = msgpass_bulk_make(messages, elements, count,
				  msgpass_target_message_max(target), &stamp);
	if (!*made)
		return 0;
	sent = msgpass_transfer_send_some(target, draft->sender, messages,
					  *made, wait);
	/* A new link had no room beside all of them: it may beside one. */
	if (sent == -EDQUOT)
		*made = 0;
	return sent;
}

/* How many, or the error of the first. */
static long send_elements(const struct msgpass_target *target,
			  struct msgpass_draft *draft,
			  const struct msgpass_send_batch *batch,
			  const struct msgpass_wait *wait)
{
	const bool bulk = msgpass_target_takes_bulk(target);
	const struct msgpass_send_element __user *elements =
		u64_to_user_ptr(batch->elements);
	u32 i, tried;
	long sent;

	for (i = 0; i < batch->count; i += sent) {
		tried = 0;
		if (bulk)
			sent = send_bulk(target, draft, &elements[i],
					 batch->count - i, wait, &tried);
		if (!tried) {
			tried = 1;
			sent = send_element(target, draft, &elements[i],
					    *wait) ?: 1;
		}
		if (sent < 0)
			return i ? (long)i : sent;
		if (sent < tried || signal_pending(current))
			return i + sent;
		cond_resched();
	}
	return batch->count;
}

long msgpass_ioctl_send_batch(struct file *file,
			      union msgpass_argument *argument, void __user *user)
{
	const struct msgpass_send_batch *batch = &argument->send_batch;
	struct msgpass_draft draft = { .cred = current_cred() };
	struct msgpass_target target;
	struct msgpass_wait wait;
	long result;

	if (batch->flags & ~(MSGPASS_NONBLOCK | MSGPASS_PEER | MSGPASS_SPIN) ||
	    batch->reserved || !is_batch(batch->count))
		return -EINVAL;
	msgpass_wait_init(&wait, file, batch->flags, batch->deadline);
	draft.sender = msgpass_file_caller(file);
	if (IS_ERR(draft.sender))
		return PTR_ERR(draft.sender);
	draft.payer = msgpass_inbox_payer(draft.sender);
	result = msgpass_target_to_send(&target, file, draft.sender, batch->to,
					batch->flags);
	if (result)
		return result;
	result = send_elements(&target, &draft, batch, &wait);
	msgpass_target_put(&target);
	return result;
}

#define RECEIVE_BATCH_FLAGS (MSGPASS_NONBLOCK | MSGPASS_PEER |		\
			     MSGPASS_TRUNCATE | MSGPASS_BY_PRIORITY |	\
			     MSGPASS_TYPE_EXACT | MSGPASS_TYPE_UP_TO |	\
			     MSGPASS_TYPE_EXCEPT | MSGPASS_RECEIPT |	\
			     MSGPASS_SPIN)

long msgpass_ioctl_receive_batch(struct file *file,
				 union msgpass_argument *argument,
				 void __user *user)
{
	const struct msgpass_receive_batch *batch = &argument->receive_batch;
	struct msgpass_receive receive = {
		.flags = batch->flags,
		.from = batch->from,
		.deadline = batch->deadline,
		.type = batch->type,
	};
	struct msgpass_inbox *caller;

	if (batch->flags & ~RECEIVE_BATCH_FLAGS || !is_batch(batch->count))
		return -EINVAL;
	caller = msgpass_file_caller(file);
	if (IS_ERR(caller))
		return PTR_ERR(caller);
	return msgpass_receive_batch_at(file, caller, &receive,
					u64_to_user_ptr(batch->elements),
					batch->count);
}
