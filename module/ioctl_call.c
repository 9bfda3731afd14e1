// SPDX-License-Identifier: GPL-2.0
/* The ioctls of call and reply. */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "ioctl.h"
#include "mailbox_file.h"
#include "transfer.h"
#include "words.h"

/* The argument of a call, and where it came from. */
struct calling {
	struct msgpass_call *argument;
	struct msgpass_call __user *user;
	u64 told;			/* the token that is there */
	struct msgpass_waiter waiter;	/* of a new one, for the reply */
};

static int tell_token(struct calling *calling, u64 token)
{
	calling->argument->token = token;
	if (token == calling->told)
		return 0;
	if (put_user(token, &calling->user->token))
		return -EFAULT;
	calling->told = token;
	return 0;
}

/*
 * A short reply with nothing attached, which fits, in one go; last, that the call
 * has no token any more.
 */
static int put_reply(struct calling *calling,
		     const struct msgpass_call_reply *reply)
{
	void __user *data = u64_to_user_ptr(calling->argument->reply_data);
	struct msgpass_call __user *user = calling->user;

	might_fault();
	if (should_fail_usercopy() ||
	    !msgpass_words_access_ok(data, reply->length) ||
	    !user_write_access_begin(user, sizeof(*user)))
		return -EFAULT;
	if (msgpass_words_unsafe_put(data, reply->data, reply->length))
		goto fault;
	unsafe_put_user(reply->length, &user->out_length, fault);
	unsafe_put_user(reply->peer, &user->out_peer, fault);
	unsafe_put_user(reply->type, &user->out_type, fault);
	unsafe_put_user(0, &user->out_flags, fault);
	unsafe_put_user(0, &user->out_fds, fault);
	unsafe_put_user(0, &user->token, fault);
	user_write_access_end();
	calling->told = 0;
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

static bool puts_reply(const struct calling *calling,
		       const struct msgpass_message *message,
		       const struct msgpass_call_reply *reply)
{
	const struct msgpass_call *argument = calling->argument;
	void __user *data = u64_to_user_ptr(argument->reply_data);

	return !message && !(argument->flags & MSGPASS_IOVEC) &&
	       reply->length <= argument->reply_length &&
	       argument->size >= sizeof(*argument) &&
	       msgpass_words_can_move(argument, calling->user) &&
	       msgpass_words_are_few(reply->data, data, reply->length);
}

static int tell_reply(struct calling *calling)
{
	return msgpass_copy_out(calling->user, calling->argument,
				calling->argument->size,
				offsetof(struct msgpass_call, out_length),
				sizeof(struct msgpass_call));
}

/* To @to, or if that is NULL, a short one, to where there is @room. */
static int copy_out_data(const struct msgpass_call *argument,
			 const struct msgpass_message *message,
			 const struct msgpass_call_reply *reply,
			 struct iov_iter *to, u64 room)
{
	size_t length = min_t(u64, reply->length, room);

	if (!to)
		return msgpass_words_put(u64_to_user_ptr(argument->reply_data),
					 reply->data, length);
	if (message)
		return msgpass_message_copy_out(message, to);
	return msgpass_words_put_iter(to, reply->data, length);
}

static int install_files(const struct msgpass_message *message,
			 const struct msgpass_call *argument)
{
	return message ? msgpass_files_install(message, argument->reply_fds,
					       argument->reply_fds_room) : 0;
}

/*
 * Of @message, or if that is NULL of @reply. The last thing that can fail is
 * undone if it does: file descriptors.
 */
static int copy_out_reply(struct calling *calling,
			  const struct msgpass_message *message,
			  const struct msgpass_call_reply *reply)
{
	struct msgpass_call *argument = calling->argument;
	struct msgpass_data data __uninitialized;
	u64 room = argument->reply_length;
	struct iov_iter *to = NULL;
	bool truncated;
	int error;

	if (puts_reply(calling, message, reply))
		return put_reply(calling, reply);
	if (message || argument->flags & MSGPASS_IOVEC) {
		error = msgpass_data_import(&data, ITER_DEST,
					    argument->reply_data,
					    argument->reply_length,
					    argument->flags & MSGPASS_IOVEC);
		if (error)
			return error;
		to = &data.iter;
		room = iov_iter_count(to);
	}
	argument->out_length = message ? message->length : reply->length;
	argument->out_peer = reply->peer;
	argument->out_type = reply->type;
	argument->out_fds = message ? msgpass_message_fds(message) : 0;
	truncated = argument->out_length > room ||
		    argument->out_fds > argument->reply_fds_room;
	argument->out_flags = truncated ? MSGPASS_OUT_TRUNCATED : 0;
	if (truncated && !(argument->flags & MSGPASS_TRUNCATE))
		error = tell_reply(calling) ?: -EMSGSIZE;
	else
		error = copy_out_data(argument, message, reply, to, room) ?:
			tell_reply(calling) ?:
			tell_token(calling, 0) ?:
			install_files(message, argument);
	if (to)
		msgpass_data_release(&data);
	return error;
}

/* The request is sent: what there is to wait for is the reply. */
static int call_wait(struct msgpass_open_call *call, struct msgpass_wait *wait,
		     struct calling *calling, bool is_new)
{
	struct msgpass_message *message;
	int error;

	if (is_new && !wait->nonblock)
		error = msgpass_call_sleep(call, &calling->waiter, wait,
					   &message);
	else
		error = msgpass_call_wait(call, wait, &message);
	if (!error) {
		error = copy_out_reply(calling, message, &call->reply);
		if (message)
			msgpass_message_put(message);
	}
	switch (error) {
	case 0:
	case -EPIPE:
	case -ETIMEDOUT:
	case -EDEADLK:
		break;
	case -EAGAIN:
		return is_new ? -EINPROGRESS : -EAGAIN;
	case -ERESTARTSYS:
		/*
		 * If this ioctl sent it and can take it back, the next one
		 * sends it anew. Else it goes on, and is found by its token,
		 * unless it is over, or nobody is left to go on.
		 */
		if (is_new && msgpass_call_withdraw(call))
			break;
		if (msgpass_call_is_over(call))
			error = -EPIPE;
		else if (!fatal_signal_pending(current))
			return error;
		break;
	default:
		/* The reply is there still, for who can name it to try again. */
		if (tell_token(calling, call->id))
			msgpass_call_end(call);
		return error;
	}
	/* What another thread has given up is not to be sent again. */
	if (!msgpass_call_end(call) && error == -ERESTARTSYS)
		error = -EPIPE;
	return tell_token(calling, 0) ?: error;
}

/* The caller waits for whoever has the call, and for room there before. */
static void set_edge(struct msgpass_wait *wait, struct msgpass_inbox *caller,
		     struct msgpass_open_call *call)
{
	wait->edge.from = &caller->waits;
	wait->edge.holder = &call->holder;
}

/* Of what has neither segments nor files. */
static bool is_short(u64 length)
{
	return length <= min_t(u64, MSGPASS_CALL_ROOM,
			       READ_ONCE(msgpass_message_max));
}

static struct msgpass_message *make_request(const struct msgpass_target *target,
					    struct msgpass_inbox *caller,
					    const struct msgpass_call *argument)
{
	struct msgpass_data data __uninitialized;
	struct msgpass_draft draft = {
		.sender = caller,
		.cred = current_cred(),
		.payer = msgpass_inbox_payer(caller),
		.type = argument->type,
		.priority = argument->priority,
	};
	struct msgpass_message *message;
	int error;

	error = msgpass_draft_begin(&draft, &data, argument->data,
				    argument->length,
				    argument->flags & MSGPASS_IOVEC,
				    argument->fds, argument->fds_count);
	if (error)
		return ERR_PTR(error);
	message = msgpass_transfer_make_request(target, &draft);
	msgpass_draft_end(&draft, &data);
	return message;
}

static int call_send(struct msgpass_open_call *call,
		     const struct msgpass_target *target,
		     struct msgpass_inbox *caller, struct msgpass_wait *wait,
		     struct calling *calling)
{
	const struct msgpass_call *argument = calling->argument;
	struct msgpass_waiter *waiter = NULL;
	struct msgpass_message *message;
	int error;

	if (is_short(argument->length) && !argument->fds_count &&
	    !(argument->flags & MSGPASS_IOVEC) &&
	    !(target->mailbox && target->mailbox->broadcast))
		message = msgpass_call_make_request(call,
						    u64_to_user_ptr(argument->data),
						    argument->length,
						    argument->type,
						    argument->priority);
	else
		message = make_request(target, caller, argument);
	if (IS_ERR(message))
		return PTR_ERR(message);
	if (!wait->nonblock) {
		waiter = &calling->waiter;
		msgpass_waiter_init(waiter, MSGPASS_WAIT_REPLY,
				    target->port->id, wait);
	}
	msgpass_call_open(call, &caller->calls, message, target->port, waiter);
	/* Before it is sent: what is sent can be named. */
	error = tell_token(calling, call->id) ?:
		msgpass_transfer_send_request(target, caller, call, message,
					      wait);
	if (error)
		msgpass_message_drop(message, MSGPASS_END_WITHDRAWN);
	return error;
}

/* A call of the caller's: new and sent, or the one that goes on. */
static struct msgpass_open_call *call_begin(struct msgpass_inbox *caller,
					    const struct msgpass_target *target,
					    struct msgpass_wait *wait,
					    struct calling *calling)
{
	u64 id = calling->argument->token;
	struct msgpass_open_call *call;
	int error;

	if (id) {
		call = msgpass_call_find(&caller->calls, id);
		if (!call)
			return ERR_PTR(-ESRCH);
		set_edge(wait, caller, call);
		return call;
	}
	call = msgpass_call_new(&caller->calls, caller->peer.identity,
				msgpass_inbox_payer(caller));
	if (IS_ERR(call))
		return call;
	set_edge(wait, caller, call);
	error = call_send(call, target, caller, wait, calling);
	if (!error)
		return call;
	/* Nor here: no signal is looked for before the call can be named. */
	if (!msgpass_call_end(call) && error == -ERESTARTSYS)
		error = -EPIPE;
	msgpass_call_release(&caller->calls, call);
	return ERR_PTR(error);
}

static int call_cancel(struct msgpass_inbox *caller, struct calling *calling)
{
	u64 id = calling->argument->token;
	struct msgpass_open_call *call;
	int error;

	if (!id)
		return -EINVAL;
	error = tell_token(calling, 0);
	if (error)
		return error;
	call = msgpass_call_find(&caller->calls, id);
	if (!call)
		return -ESRCH;
	/* Or its end came first. */
	error = msgpass_call_end(call) ? 0 : -ESRCH;
	msgpass_call_put(call);
	return error;
}

#define CALL_FLAGS (MSGPASS_NONBLOCK | MSGPASS_IOVEC | MSGPASS_PEER | \
		    MSGPASS_TRUNCATE | MSGPASS_CANCEL | MSGPASS_SPIN)

static long call_run(struct file *file, struct msgpass_inbox *caller,
		     struct calling *calling)
{
	struct msgpass_call *argument = calling->argument;
	struct msgpass_wait wait __uninitialized;
	struct msgpass_open_call *call;
	struct msgpass_target target = {};
	bool is_new = !argument->token;
	int error = 0;

	msgpass_wait_init(&wait, file, argument->flags, argument->deadline);
	/* One that goes on needs nobody to send to, who may be gone. */
	if (is_new)
		error = msgpass_target_to_send(&target, file, caller,
					       argument->to, argument->flags);
	if (error)
		return error;
	call = call_begin(caller, &target, &wait, calling);
	error = PTR_ERR_OR_ZERO(call);
	if (!error) {
		error = call_wait(call, &wait, calling, is_new);
		msgpass_call_release(&caller->calls, call);
	} else {
		error = tell_token(calling, 0) ?: error;
	}
	msgpass_target_put(&target);
	return error;
}

long msgpass_ioctl_call(struct file *file,
			union msgpass_argument *argument, void __user *user)
{
	struct msgpass_call *call = &argument->call;
	struct calling calling __uninitialized;
	struct msgpass_inbox *caller;

	if (call->flags & ~CALL_FLAGS || call->reserved)
		return -EINVAL;
	calling.argument = call;
	calling.user = user;
	calling.told = call->token;
	caller = msgpass_file_caller(file);
	if (IS_ERR(caller))
		return PTR_ERR(caller);
	if (call->flags & MSGPASS_CANCEL)
		return call_cancel(caller, &calling);
	return call_run(file, caller, &calling);
}

/* Its memory is charged to the caller, who may leave it lying about. */
static struct msgpass_message *make_reply(const struct msgpass_reply *reply,
					  struct msgpass_inbox *server,
					  struct msgpass_open_call *call)
{
	struct msgpass_draft draft = {
		.sender = server,
		.cred = call->cred,
		.payer = call->account,
		.type = reply->type,
	};
	struct msgpass_message *message;
	struct msgpass_data data __uninitialized;
	int error;

	error = msgpass_draft_begin(&draft, &data, reply->data, reply->length,
				    reply->flags & MSGPASS_IOVEC, reply->fds,
				    reply->fds_count);
	if (error)
		return ERR_PTR(error);
	message = msgpass_draft_reply(&draft);
	msgpass_draft_end(&draft, &data);
	return message;
}

/* A reply, when all that can fail of it is done. */
struct replying {
	const struct msgpass_reply *reply;
	struct msgpass_inbox *server;
	struct msgpass_call_reply given;
};

static void reply_end(struct replying *replying)
{
	if (replying->given.message)
		msgpass_message_put(replying->given.message);
}

/* To be given in a message. */
static int reply_make(struct replying *replying)
{
	const struct msgpass_reply *reply = replying->reply;
	struct msgpass_message *message;
	struct msgpass_open_call *call;

	call = msgpass_call_find_taken(&replying->server->calls, reply->token);
	if (!call)
		return -ESRCH;
	message = make_reply(reply, replying->server, call);
	msgpass_call_put(call);
	if (IS_ERR(message))
		return PTR_ERR(message);
	replying->given.message = message;
	return 0;
}

static void replying_init(struct replying *replying, struct msgpass_inbox *server,
			  const struct msgpass_reply *reply)
{
	struct msgpass_call_reply *given = &replying->given;

	replying->reply = reply;
	replying->server = server;
	given->message = NULL;
	given->peer = server->peer.id;
	given->type = reply->type;
	given->length = reply->length;
}

/* To be given without a message. */
static bool is_short_reply(const struct msgpass_reply *reply)
{
	return is_short(reply->length) && !reply->fds_count && !reply->flags;
}

/* End it if that returns 0; -ESRCH, or later, if there is no such token. */
static int reply_begin(struct replying *replying)
{
	const struct msgpass_reply *reply = replying->reply;

	if (reply->flags & ~(MSGPASS_IOVEC | MSGPASS_CANCEL))
		return -EINVAL;
	if (reply->flags & MSGPASS_CANCEL)
		return 0;
	if (is_short_reply(reply) &&
	    !msgpass_words_get(replying->given.data,
			       u64_to_user_ptr(reply->data), reply->length))
		return 0;
	/* Or it tells what is wrong. */
	return reply_make(replying);
}

/* -ESRCH if the caller waits no more. */
static int reply_give(struct replying *replying)
{
	struct msgpass_call_party *party = &replying->server->calls;
	u64 token = replying->reply->token;
	int error;

	if (replying->reply->flags & MSGPASS_CANCEL)
		return msgpass_call_abandon(party, token);
	error = msgpass_call_reply(party, token, &replying->given);
	if (!error)
		replying->given.message = NULL;
	return error;
}

static int reply_once(struct msgpass_inbox *server,
		      const struct msgpass_reply *reply)
{
	struct replying replying __uninitialized;
	int error;

	replying_init(&replying, server, reply);
	error = reply_begin(&replying);
	if (error)
		return error;
	error = reply_give(&replying);
	reply_end(&replying);
	return error;
}

long msgpass_ioctl_reply(struct file *file,
			 union msgpass_argument *argument, void __user *user)
{
	struct msgpass_inbox *server = msgpass_file_caller(file);

	if (IS_ERR(server))
		return PTR_ERR(server);
	return reply_once(server, &argument->reply);
}

/* That the token is used up last: until then nothing has happened. */
static int tell_replied(struct msgpass_reply_receive __user *user, int error)
{
	return put_user(-error, &user->out_reply_error) ?:
	       put_user(0, &user->reply.token);
}

/*
 * The same in one go with the copy of a short reply, where out_reply_error is 0
 * already.
 */
static bool took_and_told(struct replying *replying,
			  const struct msgpass_reply_receive *both,
			  struct msgpass_reply_receive __user *user)
{
	const struct msgpass_reply *reply = replying->reply;

	return is_short_reply(reply) && !both->out_reply_error &&
	       !msgpass_words_get_and_tell(replying->given.data,
					   u64_to_user_ptr(reply->data),
					   reply->length, &user->reply.token, 0);
}

/*
 * Tells before it replies, as nothing may fail after that; the receive may be
 * restarted, and finds it so. That the caller is gone is no error.
 */
static int reply_and_tell(struct msgpass_inbox *server,
			  struct msgpass_reply_receive *both,
			  struct msgpass_reply_receive __user *user)
{
	struct replying replying __uninitialized;
	int error = 0, told = 0;

	replying_init(&replying, server, &both->reply);
	if (!took_and_told(&replying, both, user)) {
		error = reply_begin(&replying);
		if (error && error != -ESRCH)
			return error;
		told = tell_replied(user, error);
	}
	if (!told && !error) {
		error = reply_give(&replying);
		if (error)
			told = tell_replied(user, error);
	}
	reply_end(&replying);
	return told;
}

long msgpass_ioctl_reply_receive(struct file *file,
				 union msgpass_argument *argument, void __user *user)
{
	struct msgpass_reply_receive *both = &argument->reply_receive;
	const size_t receive = offsetof(struct msgpass_reply_receive, receive);
	struct msgpass_inbox *server;
	long error = 0;

	if (both->flags || both->reserved || both->reply.size ||
	    both->receive.size)
		return -EINVAL;
	server = msgpass_file_caller(file);
	if (IS_ERR(server))
		return PTR_ERR(server);
	if (both->reply.token)
		error = reply_and_tell(server, both, user);
	if (error)
		return error;
	return msgpass_receive_at(file, server, &both->receive, user + receive,
				  both->size - receive);
}

/* Through the call's token, to @target as it is sent there anew. */
static int forward_to(const struct msgpass_target *target,
		      struct msgpass_inbox *server,
		      struct msgpass_open_call *call,
		      const struct msgpass_forward *forward,
		      struct msgpass_wait *wait)
{
	struct msgpass_data data __uninitialized;
	struct msgpass_draft draft = {
		.sender = server,
		.cred = current_cred(),
		.payer = msgpass_inbox_payer(server),
		.type = forward->type,
		.priority = forward->priority,
	};
	int error;

	error = msgpass_draft_begin(&draft, &data, forward->data,
				    forward->length,
				    forward->flags & MSGPASS_IOVEC,
				    forward->fds, forward->fds_count);
	if (error)
		return error;
	error = msgpass_transfer_forward(target, &draft, call,
					 forward->token, wait);
	msgpass_draft_end(&draft, &data);
	return error;
}

long msgpass_ioctl_forward(struct file *file, union msgpass_argument *argument,
			   void __user *user)
{
	const struct msgpass_forward *forward = &argument->forward;
	struct msgpass_open_call *call;
	struct msgpass_target target;
	struct msgpass_inbox *server;
	struct msgpass_wait wait;
	int error;

	if (forward->flags & ~(MSGPASS_NONBLOCK | MSGPASS_IOVEC |
			       MSGPASS_PEER) || forward->reserved)
		return -EINVAL;
	msgpass_wait_init(&wait, file, forward->flags, forward->deadline);
	server = msgpass_file_caller(file);
	if (IS_ERR(server))
		return PTR_ERR(server);
	call = msgpass_call_find_taken(&server->calls, forward->token);
	if (!call)
		return -ESRCH;
	error = msgpass_target_to_send(&target, file, server, forward->to,
				       forward->flags);
	if (error)
		goto put_call;
	error = forward_to(&target, server, call, forward, &wait);
	msgpass_target_put(&target);
put_call:
	msgpass_call_put(call);
	return error;
}

static int read_request(struct msgpass_request_read *read,
			const struct msgpass_open_call *call,
			const struct msgpass_message *request)
{
	struct user_namespace *ns = current_user_ns();
	struct msgpass_data data __uninitialized;
	int error;

	error = msgpass_data_import(&data, ITER_DEST, read->data, read->length,
				    read->flags & MSGPASS_IOVEC);
	if (error)
		return error;
	read->out_count = 0;
	if (read->offset < request->length)
		read->out_count = min_t(u64, request->length - read->offset,
					iov_iter_count(&data.iter));
	if (copy_to_iter(request->data + read->offset, read->out_count,
			 &data.iter) != read->out_count)
		error = -EFAULT;
	msgpass_data_release(&data);

	read->out_length = request->length;
	read->out_peer = call->caller->id;
	read->out_pid = pid_vnr(call->caller->pid);
	read->out_uid = from_kuid_munged(ns, call->cred->euid);
	read->out_gid = from_kgid_munged(ns, call->cred->egid);
	return error;
}

long msgpass_ioctl_request_read(struct file *file,
				union msgpass_argument *argument, void __user *user)
{
	struct msgpass_request_read *read = &argument->request_read;
	struct msgpass_message *request = NULL;
	struct msgpass_open_call *call;
	struct msgpass_inbox *server;
	int error = -ESRCH;

	if (read->flags & ~MSGPASS_IOVEC || read->reserved)
		return -EINVAL;
	server = msgpass_file_caller(file);
	if (IS_ERR(server))
		return PTR_ERR(server);
	call = msgpass_call_find_taken(&server->calls, read->token);
	if (call)
		request = msgpass_call_request(call, read->token);
	if (request) {
		error = read_request(read, call, request);
		msgpass_message_put(request);
	}
	if (call)
		msgpass_call_put(call);
	return error;
}
