// SPDX-License-Identifier: GPL-2.0
/* The ioctls of send and receive. */
#include <linux/cred.h>
#include <linux/fs.h>

#include "ioctl.h"
#include "mailbox_file.h"
#include "transfer.h"

#define SEND_FLAGS (MSGPASS_NONBLOCK | MSGPASS_IOVEC | MSGPASS_PEER | \
		    MSGPASS_SYNCHRONOUS | MSGPASS_RECEIPT | MSGPASS_FLOW | \
		    MSGPASS_SPIN)

static int check_send(const struct msgpass_send *send)
{
	if (send->flags & ~SEND_FLAGS || send->reserved)
		return -EINVAL;
	/* Both of these tell by themselves. */
	if (send->flags & MSGPASS_RECEIPT &&
	    send->flags & (MSGPASS_SYNCHRONOUS | MSGPASS_FLOW))
		return -EINVAL;
	if (send->cookie && !(send->flags & MSGPASS_RECEIPT))
		return -EINVAL;
	if (send->fds_count && send->flags & MSGPASS_FLOW)
		return -EINVAL;
	return 0;
}

static int send_message(const struct msgpass_target *target,
			struct msgpass_draft *draft,
			const struct msgpass_send *send,
			struct msgpass_wait *wait)
{
	struct msgpass_data data __uninitialized;
	int error;

	error = msgpass_draft_begin(draft, &data, send->data, send->length,
				    send->flags & MSGPASS_IOVEC, send->fds,
				    send->fds_count);
	if (error)
		return error;
	error = msgpass_transfer_send(target, draft, wait);
	msgpass_draft_end(draft, &data);
	return error;
}

static int copy_out_count(const struct msgpass_send *send, void __user *user)
{
	const size_t count = offsetof(struct msgpass_send, out_count);

	return msgpass_copy_out(user, send, send->size, count,
				count + sizeof(send->out_count));
}

static int run_flow(const struct msgpass_target *target,
		    struct msgpass_draft *draft, struct msgpass_wait *wait,
		    u64 *through)
{
	if (draft->length > msgpass_target_message_max(target))
		return wait->nonblock ? -EAGAIN :
		       msgpass_transfer_flow(target, draft, wait, through);
	draft->segments = NULL;
	return msgpass_transfer_send(target, draft, wait);
}

/* What is too long for a message flows. */
static int send_flow(const struct msgpass_target *target,
		     struct msgpass_draft *draft, struct msgpass_send *send,
		     struct msgpass_wait *wait, void __user *user)
{
	struct msgpass_data data __uninitialized;
	u64 through;
	int error, told;

	if (target->mailbox && target->mailbox->broadcast)
		return -EOPNOTSUPP;
	error = msgpass_draft_flow(draft, &data, send->data, send->length,
				   send->flags & MSGPASS_IOVEC);
	if (error)
		return error;
	/* In advance: where all of it goes through, nothing fails after. */
	send->out_count = draft->length;
	through = draft->length;
	error = copy_out_count(send, user);
	if (!error)
		error = run_flow(target, draft, wait, &through);
	msgpass_draft_end(draft, &data);
	if (!error && through == send->out_count)
		return 0;
	send->out_count = error ? 0 : through;
	told = copy_out_count(send, user);
	return error ?: told;
}

/* More is not copied before it is known whether it may be sent. */
#define PLAIN_MAX	PAGE_SIZE

/* Few bytes, with nothing attached, to where that is a matter of course. */
static bool sends_plain(const struct file *file, const struct msgpass_send *send)
{
	const struct msgpass_right *right = msgpass_file_right(file);

	return !(send->flags & ~(MSGPASS_NONBLOCK | MSGPASS_PEER |
				 MSGPASS_SYNCHRONOUS | MSGPASS_SPIN) ||
		 send->lifetime || send->cookie || send->fds_count ||
		 send->reserved || send->length > PLAIN_MAX ||
		 (right && right->mailbox->broadcast));
}

static int send_draft(const struct file *file, struct msgpass_inbox *sender,
		      struct msgpass_send *send, struct msgpass_wait *wait,
		      void __user *user)
{
	struct msgpass_draft draft = {
		.sender = sender,
		.cred = current_cred(),
		.payer = msgpass_inbox_payer(sender),
		.type = send->type,
		.priority = send->priority,
		.lifetime = send->lifetime,
		.receipt = send->flags & MSGPASS_RECEIPT,
		.cookie = send->cookie,
	};
	struct msgpass_target target;
	int error;

	error = msgpass_target_to_send(&target, file, sender, send->to,
				       send->flags);
	if (error)
		return error;
	if (send->flags & MSGPASS_FLOW)
		error = send_flow(&target, &draft, send, wait, user);
	else
		error = send_message(&target, &draft, send, wait);
	msgpass_target_put(&target);
	return error;
}

long msgpass_ioctl_send(struct file *file, union msgpass_argument *argument,
			void __user *user)
{
	struct msgpass_send *send = &argument->send;
	bool plain = sends_plain(file, send);
	struct msgpass_wait wait __uninitialized;
	struct msgpass_inbox *sender;
	int error;

	if (!plain) {
		error = check_send(send);
		if (error)
			return error;
	}
	sender = msgpass_file_caller(file);
	if (IS_ERR(sender))
		return PTR_ERR(sender);
	msgpass_wait_init(&wait, file, send->flags, send->deadline);
	if (plain)
		return msgpass_transfer_plain(file, sender, send, &wait);
	return send_draft(file, sender, send, &wait, user);
}

long msgpass_ioctl_receive(struct file *file, union msgpass_argument *argument,
			   void __user *user)
{
	struct msgpass_inbox *caller = msgpass_file_caller(file);

	if (IS_ERR(caller))
		return PTR_ERR(caller);
	return msgpass_receive_at(file, caller, &argument->receive, user,
				  argument->size);
}
