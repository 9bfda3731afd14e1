// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "account.h"
#include "message.h"
#include "peer.h"

/* The attachment's place is behind the data: few messages need it. */
static size_t attachment_offset(size_t length)
{
	return size_add(offsetof(struct msgpass_message, data),
			ALIGN(length, sizeof(void *)));
}

static size_t message_size(size_t length, bool attachable)
{
	if (attachable)
		return size_add(attachment_offset(length), sizeof(void *));
	return size_add(offsetof(struct msgpass_message, data), length);
}

/* With the pid, which a message may be the last to keep once it is dead. */
static size_t message_charge(size_t size)
{
	return size_add(size, sizeof(struct pid) +
			sizeof(struct msgpass_identity));
}

static struct msgpass_attachment **
attachment_slot(const struct msgpass_message *message)
{
	return (void *)message + attachment_offset(message->length);
}

void msgpass_message_attach(struct msgpass_message *message,
			    struct msgpass_attachment *attachment)
{
	*attachment_slot(message) = attachment;
}

struct msgpass_attachment *
msgpass_message_attachment(const struct msgpass_message *message)
{
	return message->attachable ? *attachment_slot(message) : NULL;
}

struct msgpass_message *msgpass_message_new(struct iov_iter *from,
					    const struct msgpass_stamp *stamp,
					    u32 type, u32 priority)
{
	size_t length = iov_iter_count(from);
	size_t size = message_size(length, stamp->attachable);
	size_t charge = message_charge(size);
	struct msgpass_account *account;
	struct msgpass_message *message;
	int error;

	account = msgpass_account_open(stamp->cred, charge);
	if (IS_ERR(account))
		return ERR_CAST(account);

	error = -ENOMEM;
	message = kvmalloc(size, GFP_KERNEL_ACCOUNT);
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
	message->attachable = stamp->attachable;
	if (stamp->attachable)
		msgpass_message_attach(message, NULL);
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
	struct msgpass_attachment *attachment;
	size_t size;

	if (!refcount_dec_and_test(&message->refs))
		return;
	attachment = msgpass_message_attachment(message);
	if (attachment)
		attachment->ops->freed(attachment);
	size = message_size(message->length, message->attachable);
	msgpass_account_close(message->account, message_charge(size));
	msgpass_identity_put(message->sender);
	kvfree(message);
}

void msgpass_message_drop(struct msgpass_message *message)
{
	struct msgpass_attachment *attachment =
		msgpass_message_attachment(message);

	if (attachment)
		attachment->ops->dropped(attachment);
	msgpass_message_put(message);
}

int msgpass_message_copy_out(const struct msgpass_message *message,
			     struct iov_iter *to)
{
	size_t length = min(message->length, iov_iter_count(to));

	if (copy_to_iter(message->data, length, to) != length)
		return -EFAULT;
	return 0;
}
