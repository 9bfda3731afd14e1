// SPDX-License-Identifier: GPL-2.0
#include <linux/msgpass.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "account.h"
#include "receipt.h"

struct receipt {
	struct msgpass_attachment attachment;
	struct msgpass_inbox *sender;		/* reference held; const */
	u64 resets;				/* of the sender; const */
	struct msgpass_message *message;	/* the sender's once sent */
	struct msgpass_account *account;	/* reference held; const */
};

/* With the inbox of a dead sender, which it keeps in memory. */
#define RECEIPT_CHARGE (sizeof(struct receipt) + sizeof(struct msgpass_inbox))

static struct receipt *receipt_of(struct msgpass_attachment *attachment)
{
	return container_of(attachment, struct receipt, attachment);
}

/* Of what was accepted: a send that failed has no receipt. */
static const u32 outcomes[] = {
	[MSGPASS_END_RECEIVED] = MSGPASS_RECEIPT_RECEIVED,
	[MSGPASS_END_DELETED] = MSGPASS_RECEIPT_DELETED,
	[MSGPASS_END_DIED] = MSGPASS_RECEIPT_DIED,
	[MSGPASS_END_RESET] = MSGPASS_RECEIPT_RESET,
	[MSGPASS_END_EXPIRED] = MSGPASS_RECEIPT_EXPIRED,
};

int msgpass_receipt_prepare(const struct msgpass_message *message)
{
	struct msgpass_peer *peer;

	if (!msgpass_message_attachment(message, MSGPASS_ATTACHED_RECEIPT))
		return 0;
	/* It stays for as long as the process lives. */
	peer = msgpass_peer_get(task_tgid(current));
	if (IS_ERR(peer))
		return PTR_ERR(peer);
	msgpass_peer_put(peer);
	return 0;
}

/* The calling process's peer id; it has one, see above. */
static u64 current_peer(void)
{
	struct msgpass_peer *peer = msgpass_peer_find(task_tgid(current));
	u64 id;

	if (!peer)
		return 0;
	id = peer->id;
	msgpass_peer_put(peer);
	return id;
}

static void receipt_ended(struct msgpass_attachment *attachment,
			  const struct msgpass_message *message,
			  enum msgpass_end end)
{
	struct receipt *receipt = receipt_of(attachment);
	struct msgpass_receipt *content;

	if (end == MSGPASS_END_WITHDRAWN)
		return;
	content = (struct msgpass_receipt *)receipt->message->data;
	content->outcome = outcomes[end];
	content->sequence = message->sequence;
	if (end == MSGPASS_END_RECEIVED)
		content->by_peer = current_peer();
	msgpass_direct_send_receipt(receipt->sender, receipt->message,
				    receipt->resets);
	receipt->message = NULL;
}

static void receipt_freed(struct msgpass_attachment *attachment)
{
	struct receipt *receipt = receipt_of(attachment);

	if (receipt->message)
		msgpass_message_put(receipt->message);
	msgpass_inbox_put(receipt->sender);
	msgpass_account_close(receipt->account, RECEIPT_CHARGE);
	kfree(receipt);
}

static const struct msgpass_attachment_ops receipt_ops = {
	.ended = receipt_ended,
	.freed = receipt_freed,
};

static struct msgpass_message *
receipt_message(const struct msgpass_message *about,
		const struct msgpass_stamp *stamp, u64 to, u64 cookie)
{
	const struct msgpass_stamp own = {
		.sender = stamp->sender,
		.cred = stamp->cred,
	};
	struct msgpass_receipt content = {
		.size = sizeof(content),
		.cookie = cookie,
		.to_peer = to,
	};
	struct kvec vec = { .iov_base = &content, .iov_len = sizeof(content) };
	struct msgpass_message *message;
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, sizeof(content));
	message = msgpass_message_new(&iter, &own, about->type,
				      about->priority);
	if (!IS_ERR(message))
		message->is_receipt = true;
	return message;
}

static struct receipt *receipt_alloc(const struct cred *cred)
{
	struct msgpass_account *account;
	struct receipt *receipt;

	account = msgpass_account_open(cred, RECEIPT_CHARGE);
	if (IS_ERR(account))
		return ERR_CAST(account);
	receipt = kzalloc(sizeof(*receipt), GFP_KERNEL_ACCOUNT);
	if (!receipt) {
		msgpass_account_close(account, RECEIPT_CHARGE);
		return ERR_PTR(-ENOMEM);
	}
	receipt->account = account;
	return receipt;
}

int msgpass_receipt_attach(struct msgpass_message *message,
			   const struct msgpass_stamp *stamp,
			   struct msgpass_inbox *sender, u64 to, u64 cookie)
{
	struct receipt *receipt = receipt_alloc(stamp->cred);

	if (IS_ERR(receipt))
		return PTR_ERR(receipt);
	receipt->message = receipt_message(message, stamp, to, cookie);
	if (IS_ERR(receipt->message)) {
		int error = PTR_ERR(receipt->message);

		msgpass_account_close(receipt->account, RECEIPT_CHARGE);
		kfree(receipt);
		return error;
	}
	receipt->attachment.ops = &receipt_ops;
	receipt->sender = sender;
	receipt->resets = msgpass_inbox_resets(sender);
	msgpass_peer_ref(&sender->peer);
	msgpass_message_attach(message, MSGPASS_ATTACHED_RECEIPT,
			       &receipt->attachment);
	return 0;
}
