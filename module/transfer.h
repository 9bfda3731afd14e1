/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What moves messages between a caller's memory and a port: the common part of
 * send, receive, call and reply, whichever kind of file they came through.
 */
#ifndef MSGPASS_TRANSFER_H
#define MSGPASS_TRANSFER_H

#include <linux/fs.h>
#include <linux/msgpass.h>
#include <linux/uio.h>

#include "direct.h"
#include "files.h"
#include "mailbox.h"

/* Where to: the inbox of a process, with a reference, else a mailbox. */
struct msgpass_target {
	struct msgpass_inbox *inbox;
	struct msgpass_mailbox *mailbox;
	struct msgpass_port *port;	/* of the one or the other */
	u64 epoch;			/* of the inbox, when it was found */
};

/*
 * A caller's buffer, or its scatter/gather list. On a stack it can be
 * __uninitialized: what of it is read has been imported.
 */
struct msgpass_data {
	struct iov_iter iter;
	struct iovec fast[UIO_FASTIOV];
	struct iovec *iovecs;
};

/*
 * Where a send through @file goes, if it may: to a mailbox file's mailbox, else
 * to process @to. End it with msgpass_target_put().
 */
int msgpass_target_to_send(struct msgpass_target *target,
			   const struct file *file,
			   struct msgpass_inbox *sender, u64 to, u32 flags);
void msgpass_target_put(struct msgpass_target *target);

/* Not one that fans out, whose messages each have subscribers to remember. */
static inline bool
msgpass_target_takes_bulk(const struct msgpass_target *target)
{
	return !target->port->ops->fan_out;
}

/* The longest message that it takes at present. */
u64 msgpass_target_message_max(const struct msgpass_target *target);

int msgpass_data_import_iovec(struct msgpass_data *data, int direction,
			      u64 pointer, u64 length);

/* @direction: ITER_SOURCE or ITER_DEST. Release it if that returns 0. */
static inline int msgpass_data_import(struct msgpass_data *data, int direction,
				      u64 pointer, u64 length, bool is_iovec)
{
	if (is_iovec)
		return msgpass_data_import_iovec(data, direction, pointer,
						 length);
	data->iovecs = NULL;
	iov_iter_ubuf(&data->iter, direction, u64_to_user_ptr(pointer),
		      min_t(u64, length, MAX_RW_COUNT));
	return 0;
}

void msgpass_data_release(struct msgpass_data *data);

/* Through @file, with an ioctl's @flags and @deadline. */
static __always_inline void msgpass_wait_init(struct msgpass_wait *wait,
					      const struct file *file,
					      u32 flags, u64 deadline)
{
	wait->nonblock = flags & MSGPASS_NONBLOCK || file->f_flags & O_NONBLOCK;
	wait->synchronous = flags & MSGPASS_SYNCHRONOUS;
	wait->call = NULL;
	wait->spin = flags & MSGPASS_SPIN;
	wait->waited = false;
	wait->deadline = deadline > KTIME_MAX ? 0 : deadline;
	/* The rest of an edge that leads nowhere is not looked at. */
	wait->edge.from = NULL;
	wait->edge.waiter = NULL;
	wait->hold = NULL;
	wait->let_go = NULL;
}

/* What to send. */
struct msgpass_draft {
	struct iov_iter *data;		/* all of it */
	struct msgpass_files *files;	/* NULL once they are a message's */
	struct msgpass_inbox *sender;
	/* Stamped, and pays: the caller's, or those a file was opened with. */
	const struct cred *cred;
	struct msgpass_account *payer;	/* likely that of ->cred, or NULL */
	u32 type;
	u32 priority;
	u64 lifetime;			/* ns, 0: no end */
	bool receipt;
	u64 cookie;
	/* Of a flow, which does not copy; else NULL. */
	const struct iovec *segments;
	unsigned int segment_count;
	u64 length;
};

/* Fills ->data and ->files, by ->cred; end it if that returns 0. */
int msgpass_draft_begin(struct msgpass_draft *draft, struct msgpass_data *data,
			u64 pointer, u64 length, bool is_iovec, u64 fds,
			u32 fds_count);
/* The same for a flow. */
int msgpass_draft_flow(struct msgpass_draft *draft, struct msgpass_data *data,
		       u64 pointer, u64 length, bool is_iovec);
void msgpass_draft_end(struct msgpass_draft *draft, struct msgpass_data *data);

/* A message that is no port's: a reply. ERR_PTR. */
struct msgpass_message *msgpass_draft_reply(struct msgpass_draft *draft);

int msgpass_transfer_send(const struct msgpass_target *target,
			  struct msgpass_draft *draft,
			  struct msgpass_wait *wait);

/*
 * The quick way, for what has neither segments nor anything attached, and does
 * not go to a broadcast.
 */
int msgpass_transfer_plain(const struct file *file,
			   struct msgpass_inbox *sender,
			   const struct msgpass_send *send,
			   struct msgpass_wait *wait);

/* The same in two steps: what is to be a call's request. ERR_PTR. */
struct msgpass_message *
msgpass_transfer_make_request(const struct msgpass_target *target,
			      struct msgpass_draft *draft);
/* @call has been told that @message is its request. */
int msgpass_transfer_send_request(const struct msgpass_target *target,
				  struct msgpass_inbox *sender,
				  struct msgpass_open_call *call,
				  struct msgpass_message *message,
				  struct msgpass_wait *wait);

/*
 * Several plain messages, up to where one can't be sent: how many were, or the
 * error of the first. In any case they are used up.
 */
long msgpass_transfer_send_some(const struct msgpass_target *target,
				struct msgpass_inbox *sender,
				struct msgpass_message **messages,
				unsigned int count,
				const struct msgpass_wait *wait);

/* The same for a flow: waits until it is over, and tells how much went through. */
int msgpass_transfer_flow(const struct msgpass_target *target,
			  struct msgpass_draft *draft,
			  struct msgpass_wait *wait, u64 *through);

/* Sends @call, which the sender has taken by @token, on. */
int msgpass_transfer_forward(const struct msgpass_target *target,
			     struct msgpass_draft *draft,
			     struct msgpass_open_call *call, u64 token,
			     struct msgpass_wait *wait);

/*
 * A receive through @file; @user is where @receive came from, and has room for
 * @size bytes of it.
 */
long msgpass_receive_at(struct file *file, struct msgpass_inbox *caller,
			struct msgpass_receive *receive, void __user *user,
			size_t size);

/*
 * The same for up to @count messages, as many as are there after the first: how
 * many, or the error of the first. Each is told of in its own element, and
 * @receive says what they have in common.
 */
long msgpass_receive_batch_at(struct file *file, struct msgpass_inbox *caller,
			      struct msgpass_receive *receive,
			      struct msgpass_receive_element __user *elements,
			      u32 count);

/* The bytes from @from to @to of what the kernel has at @object. */
int msgpass_copy_out(void __user *user, const void *object, size_t size,
		     size_t from, size_t to);

#endif
