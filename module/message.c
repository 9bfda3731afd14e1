// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "account.h"
#include "message.h"
#include "peer.h"

static size_t message_size(size_t length)
{
	return size_add(sizeof(struct msgpass_message), length);
}

/* With the pid, which a message may be the last to keep once it is dead. */
static size_t message_charge(size_t length)
{
	return size_add(message_size(length), sizeof(struct pid) +
			sizeof(struct msgpass_identity));
}

struct msgpass_message *msgpass_message_new(struct iov_iter *from,
					    const struct msgpass_stamp *stamp,
					    u32 type, u32 priority)
{
	size_t length = iov_iter_count(from);
	size_t charge = message_charge(length);
	struct msgpass_account *account;
	struct msgpass_message *message;
	int error;

	account = msgpass_account_open(stamp->cred, stamp->file, charge);
	if (IS_ERR(account))
		return ERR_CAST(account);

	error = -ENOMEM;
	message = kvmalloc(message_size(length), GFP_KERNEL_ACCOUNT);
	if (!message)
		goto close_account;

	error = -EFAULT;
	if (!copy_from_iter_full(message->data, length, from))
		goto free_message;

	message->length = length;
	message->type = type;
	message->priority = priority;
	message->uid = stamp->cred->euid;
	message->gid = stamp->cred->egid;
	refcount_inc(&stamp->sender->refs);
	message->sender = stamp->sender;
	message->account = account;
	message->rendezvous = NULL;
	message->queued = false;
	message->abandoned = false;
	refcount_set(&message->refs, 1);
	return message;

free_message:
	kvfree(message);
close_account:
	msgpass_account_close(account, charge);
	return ERR_PTR(error);
}

void msgpass_message_put(struct msgpass_message *message)
{
	if (!refcount_dec_and_test(&message->refs))
		return;
	msgpass_account_close(message->account,
			      message_charge(message->length));
	msgpass_identity_put(message->sender);
	kvfree(message);
}

int msgpass_message_copy_out(const struct msgpass_message *message,
			     struct iov_iter *to)
{
	size_t length = min(message->length, iov_iter_count(to));

	if (copy_to_iter(message->data, length, to) != length)
		return -EFAULT;
	return 0;
}
