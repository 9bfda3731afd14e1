// SPDX-License-Identifier: GPL-2.0
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/overflow.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "bulk.h"
#include "call.h"
#include "expiry.h"
#include "flow.h"
#include "mailbox_file.h"
#include "receipt.h"
#include "transfer.h"
#include "words.h"

int msgpass_copy_out(void __user *user, const void *object, size_t size,
		     size_t from, size_t to)
{
	to = min(to, size);
	if (from >= to)
		return 0;
	return msgpass_words_put(user + from, object + from, to - from);
}

int msgpass_data_import_iovec(struct msgpass_data *data, int direction,
			      u64 pointer, u64 length)
{
	void __user *user = u64_to_user_ptr(pointer);
	ssize_t total;

	data->iovecs = NULL;
	if (length > UIO_MAXIOV)
		return -EINVAL;
	data->iovecs = data->fast;
	total = import_iovec(direction, user, length, UIO_FASTIOV,
			     &data->iovecs, &data->iter);
	/* coccicheck: an errno or none, which is no minimum */
	return total < 0 ? total : 0;
}

void msgpass_data_release(struct msgpass_data *data)
{
	/* import_iovec() leaves NULL where the fast ones were enough. */
	kfree(data->iovecs);
}

static int target_inbox(struct msgpass_target *target,
			struct msgpass_inbox *inbox)
{
	if (IS_ERR(inbox))
		return PTR_ERR(inbox);
	target->inbox = inbox;
	target->port = &inbox->port;
	return 0;
}

int msgpass_target_to_send(struct msgpass_target *target,
			   const struct file *file,
			   struct msgpass_inbox *sender, u64 to, u32 flags)
{
	const struct msgpass_right *right = msgpass_file_right(file);

	*target = (struct msgpass_target) {};
	if (right) {
		if (!(right->mode & FMODE_WRITE))
			return -EBADF;
		if (to || flags & MSGPASS_PEER)
			return -EINVAL;
		target->mailbox = right->mailbox;
		target->port = &right->mailbox->port;
		return 0;
	}
	return target_inbox(target,
			    msgpass_direct_receiver(sender, to,
						    flags & MSGPASS_PEER,
						    &target->epoch));
}

/*
 * The same for a receive: from the mailbox, else from the caller's inbox, which
 * needs no reference.
 */
static __always_inline int
target_to_receive(struct msgpass_target *target, struct file *file,
		  struct msgpass_inbox *caller, u64 from, u32 flags)
{
	const struct msgpass_right *right = msgpass_file_right(file);

	*target = (struct msgpass_target) {};
	if (right) {
		if (!(right->mode & FMODE_READ))
			return -EBADF;
		if (from || flags & (MSGPASS_PEER | MSGPASS_RECEIPT))
			return -EINVAL;
		target->mailbox = right->mailbox;
		target->port = msgpass_right_port(right);
		return 0;
	}
	if (flags & MSGPASS_PEER && !from)
		return -EINVAL;
	if (flags & MSGPASS_RECEIPT && from)
		return -EINVAL;
	return target_inbox(target, caller);
}

u64 msgpass_target_message_max(const struct msgpass_target *target)
{
	struct msgpass_port *port = target->port;

	return min_t(u64, READ_ONCE(msgpass_message_max),
		     READ_ONCE(port->limits.message_max));
}

void msgpass_target_put(struct msgpass_target *target)
{
	if (target->inbox)
		msgpass_inbox_put(target->inbox);
}

static bool is_broadcast(const struct msgpass_target *target)
{
	return target->mailbox && target->mailbox->broadcast;
}

/* On success the message is the receiver's, on failure the caller's still. */
static int send_to_target(const struct msgpass_target *target,
			  struct msgpass_inbox *sender,
			  struct msgpass_message *message,
			  const struct cred *cred, struct msgpass_wait *wait)
{
	int error;

	if (target->inbox)
		return msgpass_direct_send(target->inbox, sender, message,
					   wait);
	if (is_broadcast(target)) {
		error = msgpass_broadcast_send(target->mailbox->broadcast,
					       message, cred, wait);
		if (!error)
			msgpass_message_put(message);
		return error;
	}
	spin_lock(&target->port->lock);
	return msgpass_port_send(&target->mailbox->queue, message, wait);
}

int msgpass_draft_begin(struct msgpass_draft *draft, struct msgpass_data *data,
			u64 pointer, u64 length, bool is_iovec, u64 fds,
			u32 fds_count)
{
	int error = msgpass_data_import(data, ITER_SOURCE, pointer, length,
					is_iovec);

	if (error)
		return error;
	draft->data = &data->iter;
	draft->files = fds_count ? msgpass_files_get(fds, fds_count,
						     draft->cred) : NULL;
	if (!IS_ERR(draft->files))
		return 0;
	msgpass_data_release(data);
	return PTR_ERR(draft->files);
}

void msgpass_draft_end(struct msgpass_draft *draft, struct msgpass_data *data)
{
	if (draft->files)
		msgpass_files_put(draft->files);
	msgpass_data_release(data);
}

/* As a program of the caller's kind lays them out. */
static int copy_segment(struct iovec *segment, u64 array, unsigned int index)
{
#ifdef CONFIG_COMPAT
	if (in_compat_syscall()) {
		struct compat_iovec __user *user = u64_to_user_ptr(array);
		struct compat_iovec narrow;

		if (copy_from_user(&narrow, user + index, sizeof(narrow)))
			return -EFAULT;
		segment->iov_base = compat_ptr(narrow.iov_base);
		segment->iov_len = narrow.iov_len;
		return 0;
	}
#endif
	if (copy_from_user(segment,
			   (struct iovec __user *)u64_to_user_ptr(array) + index,
			   sizeof(*segment)))
		return -EFAULT;
	return 0;
}

/* Not import_iovec(), which cuts off what is beyond 2 GiB. */
static int copy_segments(struct msgpass_data *data, u64 array, u64 count,
			 u64 *total)
{
	struct iovec *segments = data->iovecs ?: data->fast;
	unsigned int i;
	int error;

	*total = 0;
	for (i = 0; i < count; i++) {
		error = copy_segment(&segments[i], array, i);
		if (error)
			return error;
		if ((ssize_t)segments[i].iov_len < 0 ||
		    check_add_overflow(*total, (u64)segments[i].iov_len, total))
			return -EINVAL;
	}
	return 0;
}

static int import_segments(struct msgpass_data *data, u64 array, u64 count,
			   u64 *total)
{
	int error;

	data->iovecs = NULL;
	if (count > UIO_MAXIOV)
		return -EINVAL;
	if (count > UIO_FASTIOV) {
		data->iovecs = kmalloc_array(count, sizeof(data->iovecs[0]),
					     GFP_KERNEL);
		if (!data->iovecs)
			return -ENOMEM;
	}
	error = copy_segments(data, array, count, total);
	if (error)
		msgpass_data_release(data);
	return error;
}

int msgpass_draft_flow(struct msgpass_draft *draft, struct msgpass_data *data,
		       u64 pointer, u64 length, bool is_iovec)
{
	int error;

	if (is_iovec) {
		error = import_segments(data, pointer, length, &draft->length);
		if (error)
			return error;
		draft->segment_count = length;
	} else {
		data->iovecs = NULL;
		data->fast[0] = (struct iovec) {
			.iov_base = u64_to_user_ptr(pointer),
			.iov_len = length,
		};
		draft->segment_count = 1;
		draft->length = length;
	}
	draft->segments = data->iovecs ?: data->fast;
	/* In case it is no longer than a message may be. */
	iov_iter_init(&data->iter, ITER_SOURCE, draft->segments,
		      draft->segment_count,
		      min_t(u64, draft->length, MAX_RW_COUNT));
	draft->data = &data->iter;
	return 0;
}

static int attach_files(struct msgpass_message *message,
			struct msgpass_draft *draft,
			struct msgpass_mailbox *carrier)
{
	struct msgpass_files *files = draft->files;

	if (!files)
		return 0;
	draft->files = NULL;
	return msgpass_files_attach(message, files, carrier);
}

struct msgpass_message *msgpass_draft_reply(struct msgpass_draft *draft)
{
	const struct msgpass_stamp stamp = {
		.sender = draft->sender->peer.identity,
		.cred = draft->cred,
		.payer = draft->payer,
		.extra = draft->files,
	};
	struct msgpass_message *message;
	int error;

	if (iov_iter_count(draft->data) > READ_ONCE(msgpass_message_max))
		return ERR_PTR(-EMSGSIZE);
	message = msgpass_message_new(draft->data, &stamp, draft->type, 0);
	if (IS_ERR(message))
		return message;
	error = attach_files(message, draft, NULL);
	if (!error)
		return message;
	msgpass_message_put(message);
	return ERR_PTR(error);
}

static int attach_extras(struct msgpass_message *message,
			 const struct msgpass_target *target,
			 struct msgpass_draft *draft,
			 const struct msgpass_stamp *stamp)
{
	u64 to = target->inbox ? target->inbox->peer.id : 0;
	int error = 0;

	/* Of a broadcast, each copy has its own timer. */
	if (draft->lifetime && is_broadcast(target))
		msgpass_message_set_lifetime(message, draft->lifetime);
	else if (draft->lifetime)
		error = msgpass_expiry_attach(message, draft->cred,
					      draft->lifetime);
	if (!error && draft->receipt)
		error = msgpass_receipt_attach(message, stamp, draft->sender,
					       to, draft->cookie);
	if (!error)
		error = attach_files(message, draft, target->mailbox);
	if (!error && draft->segments)
		error = msgpass_flow_attach(message, draft->segments,
					    draft->segment_count,
					    draft->length,
					    &draft->sender->keeper);
	return error;
}

/* @call: the message is to be a request, and gets room for saying so. */
static struct msgpass_message *make_message(const struct msgpass_target *target,
					    struct msgpass_draft *draft,
					    bool call)
{
	const struct msgpass_stamp stamp = {
		.sender = draft->sender->peer.identity,
		.cred = draft->cred,
		.payer = draft->payer,
		.extra = call || draft->lifetime || draft->receipt ||
			 draft->files || draft->segments ||
			 is_broadcast(target),
	};
	struct msgpass_message *message;
	int error;

	/* All of these are about the one who receives it. */
	if (is_broadcast(target) && (call || draft->receipt || draft->segments))
		return ERR_PTR(-EOPNOTSUPP);

	/* The engine looks again; this is not to copy what it will refuse. */
	if (iov_iter_count(draft->data) > msgpass_target_message_max(target))
		return ERR_PTR(-EMSGSIZE);
	message = msgpass_message_new(draft->data, &stamp, draft->type,
				      draft->priority);
	if (IS_ERR(message) || !stamp.extra)
		return message;
	error = attach_extras(message, target, draft, &stamp);
	if (!error)
		return message;
	msgpass_message_put(message);
	return ERR_PTR(error);
}

static int send_plain(const struct msgpass_target *target,
		      struct msgpass_inbox *sender,
		      struct msgpass_message *message, struct msgpass_wait *wait)
{
	if (target->inbox)
		return msgpass_direct_send_since(target->inbox, sender, message,
						 wait, target->epoch);
	spin_lock(&target->port->lock);
	return msgpass_port_send(&target->mailbox->queue, message, wait);
}

int msgpass_transfer_plain(const struct file *file,
			   struct msgpass_inbox *sender,
			   const struct msgpass_send *send,
			   struct msgpass_wait *wait)
{
	const struct msgpass_stamp stamp = {
		.sender = sender->peer.identity,
		.cred = current_cred(),
		.payer = msgpass_inbox_payer(sender),
	};
	struct msgpass_target target __uninitialized;
	struct msgpass_message *message;
	int error;

	if (send->length > READ_ONCE(msgpass_message_max))
		return -EMSGSIZE;
	/* First, so that nothing takes long between the check and the send. */
	message = msgpass_message_new_plain(u64_to_user_ptr(send->data),
					    send->length, &stamp, send->type,
					    send->priority);
	if (IS_ERR(message))
		return PTR_ERR(message);
	error = msgpass_target_to_send(&target, file, sender, send->to,
				       send->flags);
	if (error)
		goto put_message;
	error = send_plain(&target, sender, message, wait);
	msgpass_target_put(&target);
	if (!error)
		return 0;
put_message:
	/* There is nobody to be told of its end. */
	msgpass_message_put(message);
	return error;
}

int msgpass_transfer_send(const struct msgpass_target *target,
			  struct msgpass_draft *draft,
			  struct msgpass_wait *wait)
{
	struct msgpass_message *message;
	int error;

	if (is_broadcast(target) && wait->synchronous)
		return -EOPNOTSUPP;
	message = make_message(target, draft, false);
	if (IS_ERR(message))
		return PTR_ERR(message);

	error = send_to_target(target, draft->sender, message, draft->cred,
			       wait);
	if (error)
		msgpass_message_drop(message, MSGPASS_END_WITHDRAWN);
	return error;
}

struct msgpass_message *
msgpass_transfer_make_request(const struct msgpass_target *target,
			      struct msgpass_draft *draft)
{
	return make_message(target, draft, true);
}

int msgpass_transfer_send_request(const struct msgpass_target *target,
				  struct msgpass_inbox *sender,
				  struct msgpass_open_call *call,
				  struct msgpass_message *message,
				  struct msgpass_wait *wait)
{
	int error;

	wait->call = call;
	wait->is_over = msgpass_call_is_over;
	msgpass_message_ref(message);
	error = send_to_target(target, sender, message, NULL, wait);
	/* If it is to wait for the reply, that is another matter. */
	wait->call = NULL;
	/* Given up before it was queued, when it could not be withdrawn. */
	if (!error && !msgpass_call_sent(call, message))
		msgpass_port_withdraw(target->port, message);
	msgpass_message_put(message);
	return error;
}

/* As many of the first as need not wait: how many. */
static unsigned int send_now(const struct msgpass_target *target,
			     struct msgpass_inbox *sender,
			     struct msgpass_message **messages,
			     unsigned int count)
{
	if (target->inbox)
		return msgpass_direct_send_some(target->inbox, sender,
						messages, count);
	spin_lock(&target->port->lock);
	return msgpass_port_send_some(&target->mailbox->queue, messages, count);
}

long msgpass_transfer_send_some(const struct msgpass_target *target,
				struct msgpass_inbox *sender,
				struct msgpass_message **messages,
				unsigned int count,
				const struct msgpass_wait *wait)
{
	unsigned int now, sent = 0;
	long error = 0;

	while (sent < count) {
		now = send_now(target, sender, messages + sent, count - sent);
		if (!now) {
			struct msgpass_wait own = *wait;

			error = send_to_target(target, sender, messages[sent],
					       NULL, &own);
			if (error)
				break;
			now = 1;
		}
		sent += now;
		if (signal_pending(current))
			break;
	}
	if (sent < count)
		msgpass_messages_put(messages + sent, count - sent);
	return sent ? (long)sent : error;
}

/* Its message had none of the bytes, which went where its queue no longer was. */
static void count_flow(const struct msgpass_target *target,
		       struct msgpass_inbox *sender, u64 bytes)
{
	struct msgpass_queue *queue;

	spin_lock(&target->port->lock);
	queue = target->inbox ? msgpass_link_queue(target->inbox, sender) :
				&target->mailbox->queue;
	msgpass_port_count_flow(target->port, queue, bytes);
	spin_unlock(&target->port->lock);
}

int msgpass_transfer_flow(const struct msgpass_target *target,
			  struct msgpass_draft *draft,
			  struct msgpass_wait *wait, u64 *through)
{
	struct msgpass_message *message;
	int error;

	/* It has no bytes of its own. */
	iov_iter_truncate(draft->data, 0);
	message = make_message(target, draft, false);
	if (IS_ERR(message))
		return PTR_ERR(message);

	wait->synchronous = true;
	wait->hold = msgpass_flow_hold;
	wait->let_go = msgpass_flow_let_go;
	msgpass_message_ref(message);
	error = send_to_target(target, draft->sender, message, draft->cred,
			       wait);
	if (error)
		msgpass_message_drop(message, MSGPASS_END_WITHDRAWN);
	wait->let_go = NULL;
	msgpass_flow_let_go(message);
	error = msgpass_flow_wait(msgpass_flow_of(message), target->port,
				  wait, error, through);
	if (!error)
		count_flow(target, draft->sender, *through);
	msgpass_flow_note(msgpass_flow_of(message));
	msgpass_message_put(message);
	return error;
}

int msgpass_transfer_forward(const struct msgpass_target *target,
			     struct msgpass_draft *draft,
			     struct msgpass_open_call *call, u64 token,
			     struct msgpass_wait *wait)
{
	struct msgpass_inbox *server = draft->sender;
	struct msgpass_call_request before;
	struct msgpass_message *message;
	int error;

	message = msgpass_transfer_make_request(target, draft);
	if (IS_ERR(message))
		return PTR_ERR(message);
	error = msgpass_call_forward(call, token, message,
				     target->port, &before);
	if (error)
		goto put_message;
	error = msgpass_transfer_send_request(target, server, call, message,
					      wait);
	if (error) {
		if (!msgpass_call_unforward(call, token, &server->calls,
					    message, &before))
			error = -ESRCH;
		goto put_message;
	}
	msgpass_call_request_end(&before);
	return 0;

put_message:
	msgpass_message_put(message);
	return error;
}

static __always_inline int
make_selection(struct msgpass_selection *selection,
	       const struct msgpass_receive *receive)
{
	u32 rule = receive->flags & (MSGPASS_TYPE_EXACT | MSGPASS_TYPE_UP_TO |
				     MSGPASS_TYPE_EXCEPT);

	selection->queue = NULL;
	selection->rule = MSGPASS_ANY_TYPE;
	selection->type = receive->type;
	selection->order = receive->flags & MSGPASS_BY_PRIORITY ?
			   MSGPASS_MOST_URGENT_FIRST : MSGPASS_OLDEST_FIRST;
	selection->room = 0;
	selection->fds_room = 0;
	selection->flags = receive->flags;
	selection->no_flow = false;
	switch (rule) {
	case 0:
		if (receive->type)
			return -EINVAL;
		selection->rule = MSGPASS_ANY_TYPE;
		return 0;
	case MSGPASS_TYPE_EXACT:
		selection->rule = MSGPASS_THIS_TYPE;
		return 0;
	case MSGPASS_TYPE_UP_TO:
		selection->rule = MSGPASS_LOWEST_TYPE_UP_TO;
		return 0;
	case MSGPASS_TYPE_EXCEPT:
		selection->rule = MSGPASS_ANY_TYPE_EXCEPT;
		return 0;
	}
	return -EINVAL;
}

/* What the kernel knows of @message, as the caller's namespaces see it. */
static void stamp(struct msgpass_receive *receive,
		  const struct msgpass_message *message, bool truncated)
{
	struct user_namespace *ns = current_user_ns();

	receive->out_length = msgpass_message_length(message);
	receive->out_sequence = message->sequence;
	receive->out_time = message->time;
	receive->out_peer = message->sender->id;
	receive->out_pid = msgpass_pid_number(message->sender->pid);
	receive->out_uid = msgpass_message_uid(message, ns);
	receive->out_gid = msgpass_message_gid(message, ns);
	receive->out_type = message->type;
	receive->out_priority = message->priority;
	receive->out_fds = msgpass_message_fds(message);
	receive->out_missed = min_t(u64, msgpass_message_missed(message),
				    U32_MAX);
	receive->out_flags = truncated ? MSGPASS_OUT_TRUNCATED : 0;
	if (msgpass_flow_of(message))
		receive->out_flags |= MSGPASS_OUT_FLOW;
	if (message->is_receipt)
		receive->out_flags |= MSGPASS_OUT_RECEIPT;
}

/* The caller's receive of one message. */
struct receiving {
	struct msgpass_inbox *caller;
	struct msgpass_receive *receive;
	void __user *user;		/* where that came from */
	size_t size;			/* of it */
	/* Of a batch, instead of these two; else NULL. */
	struct msgpass_receive_element __user *element;
	struct iov_iter *data;
};

/* Where it tells of a message; and how much of that both structs have alike. */
#define STAMP offsetof(struct msgpass_receive, out_length)
#define STAMP_SIZE (offsetofend(struct msgpass_receive, out_token) - STAMP)

static int copy_out_element(const struct msgpass_receive *receive,
			    struct msgpass_receive_element __user *element)
{
	BUILD_BUG_ON(offsetof(struct msgpass_receive_element, out_fds) -
		     offsetof(struct msgpass_receive_element, out_length) !=
		     STAMP_SIZE);
	BUILD_BUG_ON(sizeof(*element) -
		     offsetof(struct msgpass_receive_element, out_fds) !=
		     2 * sizeof(u32));
	return msgpass_words_put_fixed(&element->out_length,
				       &receive->out_length, STAMP_SIZE) ?:
	       msgpass_words_put_fixed(&element->out_fds, &receive->out_fds,
				       2 * sizeof(u32));
}

static int copy_out_stamp(const struct receiving *to)
{
	if (to->element)
		return copy_out_element(to->receive, to->element);
	if (to->size < sizeof(*to->receive))
		return msgpass_copy_out(to->user, to->receive, to->size,
					STAMP, sizeof(*to->receive));
	return msgpass_words_put_fixed(to->user + STAMP,
				       (void *)to->receive + STAMP,
				       sizeof(*to->receive) - STAMP);
}

/*
 * stamp() and copy_out_stamp() in one, with the first @count bytes, of a message
 * that has nothing attached but the call that @token is for.
 */
static int put_plain(const struct receiving *to,
		     const struct msgpass_message *message, size_t count,
		     u64 token)
{
	struct msgpass_receive __user *user = to->user;
	struct user_namespace *ns = current_user_ns();
	const uid_t uid = msgpass_message_uid(message, ns);
	const gid_t gid = msgpass_message_gid(message, ns);
	const pid_t pid = msgpass_pid_number(message->sender->pid);
	const u32 flags =
		(message->length > count ? MSGPASS_OUT_TRUNCATED : 0) |
		(message->is_receipt ? MSGPASS_OUT_RECEIPT : 0);

	might_fault();
	if (should_fail_usercopy() ||
	    !msgpass_words_access_ok(to->data->ubuf, count) ||
	    !user_write_access_begin(user, sizeof(*user)))
		return -EFAULT;
	if (msgpass_words_unsafe_put(to->data->ubuf, message->data, count))
		goto fault;
	unsafe_put_user(message->length, &user->out_length, fault);
	unsafe_put_user(message->sequence, &user->out_sequence, fault);
	unsafe_put_user(message->time, &user->out_time, fault);
	unsafe_put_user(message->sender->id, &user->out_peer, fault);
	unsafe_put_user(pid, &user->out_pid, fault);
	unsafe_put_user(uid, &user->out_uid, fault);
	unsafe_put_user(gid, &user->out_gid, fault);
	unsafe_put_user(message->type, &user->out_type, fault);
	unsafe_put_user(message->priority, &user->out_priority, fault);
	unsafe_put_user(flags, &user->out_flags, fault);
	unsafe_put_user(token, &user->out_token, fault);
	unsafe_put_user(0, &user->out_fds, fault);
	unsafe_put_user(0, &user->out_missed, fault);
	unsafe_put_user(0, &user->out_remaining, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/*
 * As many bytes as fit, and what there is to tell. One by one if they are many,
 * or the program gave room to tell less, or it is one of a batch.
 */
static int copy_out_plain(const struct receiving *to,
			  const struct msgpass_message *message, u64 token)
{
	size_t count = min(message->length, iov_iter_count(to->data));

	if (!to->element && to->size >= sizeof(*to->receive) &&
	    msgpass_words_can_move(message, to->user) &&
	    msgpass_words_are_few(message->data, to->data->ubuf, count))
		return put_plain(to, message, count, token);
	if (msgpass_words_put(to->data->ubuf, message->data, count))
		return -EFAULT;
	stamp(to->receive, message, message->length > count);
	to->receive->out_token = token;
	return copy_out_stamp(to);
}

/* The receive found a message too long for the buffer: tell how long. */
static noinline int copy_out_too_long(const struct receiving *to,
				      const struct msgpass_message *message)
{
	/* Nothing of it is cut off: all of it is still there. */
	stamp(to->receive, message, false);
	return copy_out_stamp(to) ?: -EMSGSIZE;
}

/* A flow that ended before it began: there is no such message. */
#define GONE (-ESTALE)

/* As many bytes as fit; how many. */
static ssize_t copy_out_bytes(struct receiving *to,
			      const struct msgpass_message *message)
{
	u64 wanted = min_t(u64, msgpass_message_length(message),
			   iov_iter_count(to->data));
	ssize_t copied = msgpass_reading_copy(message, 0, to->data);

	if (copied < 0 || copied == wanted)
		return copied;
	if (fatal_signal_pending(current))
		return -ERESTARTSYS;
	/* The next message goes to the same place. */
	iov_iter_revert(to->data, copied);
	return GONE;
}

/* @reading: what names the rest of it, or NULL. */
static int copy_out_received(struct receiving *to,
			     const struct msgpass_message *message,
			     const struct msgpass_reading *reading,
			     u64 copied)
{
	struct msgpass_receive *receive = to->receive;
	u64 length = msgpass_message_length(message);
	bool peek = receive->flags & MSGPASS_PEEK;
	bool truncated = !reading && length > copied;

	if (!peek && msgpass_message_fds(message) > receive->fds_room)
		truncated = true;
	stamp(receive, message, truncated);
	if (reading) {
		receive->out_flags |= MSGPASS_OUT_PIECES;
		receive->out_token = reading->token;
		receive->out_remaining = length - copied;
	}
	return copy_out_stamp(to);
}

static noinline int peek_at(struct receiving *to,
			    const struct msgpass_message *message)
{
	struct msgpass_flow *flow = msgpass_flow_of(message);
	ssize_t copied = 0;

	if (!flow || !msgpass_flow_begin(flow)) {
		copied = msgpass_reading_copy(message, 0, to->data);
		if (flow)
			msgpass_flow_end(flow, 0, false);
	}
	return copied < 0 ? copied :
			    copy_out_received(to, message, NULL, copied);
}

/* A request: the token, if the rest goes well. */
static int deliver_call(struct receiving *to, struct msgpass_message *message,
			struct msgpass_open_call *call)
{
	struct msgpass_receive *receive = to->receive;
	ssize_t copied = copy_out_bytes(to, message);
	int error;

	if (copied < 0)
		return copied;
	receive->out_token = msgpass_call_take(call, &to->caller->calls);
	error = copy_out_received(to, message, NULL, copied) ?:
		msgpass_files_install(message, receive->fds,
				      receive->fds_room);
	if (error)
		msgpass_call_untake(call, receive->out_token);
	return error;
}

/* Perhaps only the head, of which @reading names the rest. */
static int deliver_bytes(struct receiving *to, struct msgpass_message *message,
			 struct msgpass_reading *reading)
{
	struct msgpass_flow *flow = msgpass_flow_of(message);
	struct msgpass_receive *receive = to->receive;
	ssize_t copied;
	int error;

	if (flow && msgpass_flow_begin(flow))
		return GONE;
	copied = copy_out_bytes(to, message);
	error = min_t(ssize_t, copied, 0);
	if (!error)
		error = copy_out_received(to, message, reading, copied) ?:
			msgpass_files_install(message, receive->fds,
					      receive->fds_room);
	if (flow)
		msgpass_flow_end(flow, error ? 0 : copied, !error && !reading);
	if (!error && reading)
		msgpass_reading_begin(&to->caller->readings, reading, copied);
	return error;
}

static int deliver_message(struct receiving *to, struct msgpass_message *message)
{
	struct msgpass_reading *reading = NULL;
	int error;

	if (to->receive->flags & MSGPASS_PIECES &&
	    msgpass_message_length(message) > iov_iter_count(to->data)) {
		reading = msgpass_reading_new(&to->caller->readings, message);
		if (IS_ERR(reading))
			return PTR_ERR(reading);
	}
	error = deliver_bytes(to, message, reading);
	if (error && reading)
		msgpass_reading_discard(&to->caller->readings, reading);
	return error;
}

/* All of it, or what fits, into one piece of memory. */
static bool takes_plain(const struct receiving *to,
			const struct msgpass_message *message)
{
	return msgpass_message_is_plain(message) && iter_is_ubuf(to->data) &&
	       (message->length <= iov_iter_count(to->data) ||
		!(to->receive->flags & MSGPASS_PIECES));
}

/* A call, whose request has nothing but that attached. */
static int deliver_kept(struct receiving *to, struct msgpass_message *message)
{
	struct msgpass_open_call *call = msgpass_call_of(message);
	u64 token = msgpass_call_take(call, &to->caller->calls);
	int error = copy_out_plain(to, message, token);

	if (error)
		msgpass_call_untake(call, token);
	return error;
}

static noinline int deliver_any(struct receiving *to,
				struct msgpass_message *message)
{
	struct msgpass_open_call *call;
	int error;

	call = msgpass_call_of(message);
	error = msgpass_receipt_prepare(message);
	if (!error)
		error = call ? deliver_call(to, message, call) :
			       deliver_message(to, message);
	/* A request, or one that is read in pieces, may stay. */
	if (!error)
		msgpass_files_release(message);
	return error;
}

/* @message is claimed: the caller gets it, or it never was. */
static int deliver(struct msgpass_port *port, struct msgpass_message *message,
		   struct receiving *to)
{
	int error;

	if (takes_plain(to, message))
		error = copy_out_plain(to, message, 0);
	else if (message->kept && iter_is_ubuf(to->data))
		error = deliver_kept(to, message);
	else
		error = deliver_any(to, message);
	if (!error)
		msgpass_port_settle(port, message);
	else if (error == GONE)
		msgpass_port_refuse(port, message, -EFAULT);
	else
		msgpass_port_restore(port, message, error);
	return error;
}

static int claim_message(const struct msgpass_target *target,
			 const struct msgpass_receive *receive,
			 struct msgpass_selection *selection,
			 struct msgpass_wait *wait,
			 struct msgpass_message **message)
{
	if (target->inbox)
		return msgpass_direct_receive(target->inbox, receive->from,
					      receive->flags & MSGPASS_PEER,
					      selection, wait, message);
	spin_lock(&target->port->lock);
	return msgpass_port_receive(target->port, selection, wait, message);
}

static __always_inline int receive_one(const struct msgpass_target *target,
				       struct msgpass_selection *selection,
				       struct msgpass_wait *wait,
				       struct receiving *to)
{
	struct msgpass_receive *receive = to->receive;
	struct msgpass_message *message;
	int error;

	receive->out_token = 0;
	receive->out_remaining = 0;
	error = claim_message(target, receive, selection, wait, &message);
	if (error == -EMSGSIZE) {
		error = copy_out_too_long(to, message);
		msgpass_message_put(message);
	} else if (!error && msgpass_selection_peeks(selection)) {
		error = peek_at(to, message);
		msgpass_message_put(message);
	} else if (!error) {
		error = deliver(target->port, message, to);
	}
	return error;
}

static __always_inline int transfer_receive(const struct msgpass_target *target,
					    const struct file *file,
					    struct msgpass_inbox *caller,
					    struct msgpass_receive *receive,
					    void __user *user, size_t size)
{
	struct msgpass_wait wait __uninitialized;
	struct msgpass_data data __uninitialized;
	struct receiving to = {
		.caller = caller,
		.receive = receive,
		.user = user,
		.size = size,
		.data = &data.iter,
	};
	struct msgpass_selection selection __uninitialized;
	int error;

	msgpass_wait_init(&wait, file, receive->flags, receive->deadline);
	error = make_selection(&selection, receive);
	if (error)
		return error;
	error = msgpass_data_import(&data, ITER_DEST, receive->data,
				    receive->length,
				    receive->flags & MSGPASS_IOVEC);
	if (error)
		return error;
	selection.room = iov_iter_count(&data.iter);
	selection.fds_room = receive->fds_room;
	if (receive->flags & MSGPASS_RECEIPT)
		selection.queue = &target->inbox->receipts;

	do
		error = receive_one(target, &selection, &wait, &to);
	while (error == GONE);
	if (receive->flags & MSGPASS_IOVEC)
		msgpass_data_release(&data);
	return error;
}

#define RECEIVE_FLAGS (MSGPASS_NONBLOCK | MSGPASS_IOVEC | MSGPASS_PEEK | \
		       MSGPASS_TRUNCATE | MSGPASS_BY_PRIORITY | \
		       MSGPASS_TYPE_EXACT | MSGPASS_TYPE_UP_TO | \
		       MSGPASS_TYPE_EXCEPT | MSGPASS_PIECES | MSGPASS_SPIN)

/* The next message of a batch, into @element. */
static int receive_element(const struct msgpass_target *target,
			   struct msgpass_inbox *caller,
			   struct msgpass_selection *selection,
			   struct msgpass_wait *wait,
			   struct msgpass_receive *receive,
			   struct msgpass_receive_element __user *element)
{
	struct msgpass_data data __uninitialized;
	struct receiving to = {
		.caller = caller,
		.receive = receive,
		.element = element,
		.data = &data.iter,
	};
	int error;

	/* They follow one another here, too. */
	error = msgpass_words_get(&receive->data, &element->data,
				  2 * sizeof(u64));
	if (error)
		return error;
	error = msgpass_data_import(&data, ITER_DEST, receive->data,
				    receive->length, false);
	if (error)
		return error;
	selection->room = iov_iter_count(&data.iter);
	do
		error = receive_one(target, selection, wait, &to);
	while (error == GONE);
	return error;
}

/* How many, or the error of the first. */
static long receive_batch(const struct msgpass_target *target,
			  const struct file *file,
			  struct msgpass_inbox *caller,
			  struct msgpass_receive *receive,
			  struct msgpass_receive_element __user *elements,
			  u32 count)
{
	/* The link of one sender is to be found anew each time. */
	bool bulk = !receive->from;
	struct msgpass_selection selection;
	struct msgpass_wait wait;
	u32 i, received;
	int error;

	msgpass_wait_init(&wait, file, receive->flags, receive->deadline);
	error = make_selection(&selection, receive);
	if (error)
		return error;
	if (receive->flags & MSGPASS_RECEIPT)
		selection.queue = &target->inbox->receipts;

	for (i = 0; i < count; i += received) {
		received = 0;
		if (bulk)
			received = msgpass_bulk_receive(target->port,
							&selection,
							&elements[i],
							count - i);
		if (!received) {
			error = receive_element(target, caller, &selection,
						&wait, receive, &elements[i]);
			if (error)
				return i ? (long)i : error;
			received = 1;
			/* What is not plain seldom comes alone. */
			if (i)
				bulk = false;
		}
		wait.nonblock = true;
		if (signal_pending(current))
			return i + received;
		cond_resched();
	}
	return count;
}

long msgpass_receive_batch_at(struct file *file, struct msgpass_inbox *caller,
			      struct msgpass_receive *receive,
			      struct msgpass_receive_element __user *elements,
			      u32 count)
{
	struct msgpass_target target;
	long result;

	result = target_to_receive(&target, file, caller, receive->from,
				   receive->flags);
	if (result)
		return result;
	return receive_batch(&target, file, caller, receive, elements, count);
}

long msgpass_receive_at(struct file *file, struct msgpass_inbox *caller,
			struct msgpass_receive *receive, void __user *user,
			size_t size)
{
	struct msgpass_target target __uninitialized;
	long error;

	if (receive->flags & ~(RECEIVE_FLAGS | MSGPASS_PEER |
			       MSGPASS_RECEIPT) ||
	    (receive->flags & MSGPASS_PIECES &&
	     receive->flags & (MSGPASS_TRUNCATE | MSGPASS_PEEK)))
		return -EINVAL;
	error = target_to_receive(&target, file, caller, receive->from,
				  receive->flags);
	if (error)
		return error;
	return transfer_receive(&target, file, caller, receive, user, size);
}
