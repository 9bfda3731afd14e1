// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Call and reply: the caller's side, and the server's.
 */
#include "internal.h"

/* --- calling */

static int apply_call_options(const struct msgpass_call_options *options,
			      struct msgpass_call *argument)
{
	int ret;

	if (!is_zero(options->reserved))
		return -EINVAL;
	ret = address_of(options->pid, options->peer, &argument->to,
			 &argument->flags);
	if (ret < 0)
		return ret;
	ret = deadline_of(options->timeout_ns, options->deadline_ns,
			  &argument->deadline);
	if (ret < 0)
		return ret;
	if (options->nonblock)
		argument->flags |= MSGPASS_NONBLOCK;
	if (options->spin)
		argument->flags |= MSGPASS_SPIN;
	if (options->truncate)
		argument->flags |= MSGPASS_TRUNCATE;
	argument->type = options->type;
	argument->priority = options->priority;
	argument->token = options->token;
	argument->fds = to_user_pointer(options->fds);
	argument->fds_count = options->fds_count;
	argument->reply_fds = to_user_pointer(options->reply_fds);
	argument->reply_fds_room = options->reply_fds_room;
	return 0;
}

static bool is_over(int error)
{
	return error == 0 || error == -EPIPE || error == -ETIMEDOUT ||
	       error == -EDEADLK || error == -ESRCH;
}

/* A call that nobody will go on with must not wait for a reply for ever. */
static void settle(int fd, int error, struct msgpass_call *argument, bool keeps)
{
	if (is_over(error))
		argument->token = 0;
	if (!argument->token || (keeps && error != -EINTR))
		return;
	msgpass_call_cancel(fd, argument->token);
	argument->token = 0;
}

/* @size is that of the whole buffer for the reply, be it one or scattered. */
static ssize_t call(int fd, struct msgpass_call *argument, size_t size,
		    const struct msgpass_call_options *options,
		    struct msgpass_reply_info *info)
{
	int ret = 0;

	argument->size = sizeof(*argument);
	if (info)
		*info = (struct msgpass_reply_info){ 0 };
	/* nobody would know of the call */
	if (options && options->nonblock && !info)
		return -EINVAL;
	if (options)
		ret = apply_call_options(options, argument);
	if (ret < 0) {
		if (info)
			info->token = options->token;
		return ret;
	}
	ret = device_ioctl(fd, MSGPASS_IOC_CALL, argument);
	settle(fd, ret, argument, info);
	if (info)
		info->token = argument->token;
	if (info && (ret == 0 || ret == -EMSGSIZE)) {
		info->length = argument->out_length;
		info->peer = argument->out_peer;
		info->type = argument->out_type;
		info->truncated = argument->out_flags & MSGPASS_OUT_TRUNCATED;
		info->fds_count = argument->out_fds;
	}
	if (ret < 0)
		return ret;
	return filled(argument->out_length, size);
}

PUBLIC ssize_t msgpass_call_with(int fd, const void *request, size_t length,
				 void *reply, size_t size,
				 const struct msgpass_call_options *options,
				 struct msgpass_reply_info *info)
{
	struct msgpass_call argument = {
		.data = to_user_pointer(request),
		.length = length,
		.reply_data = to_user_pointer(reply),
		.reply_length = size,
	};

	return call(fd, &argument, size, options, info);
}

PUBLIC ssize_t msgpass_callv(int fd, const struct iovec *request,
			     size_t request_count, const struct iovec *reply,
			     size_t reply_count,
			     const struct msgpass_call_options *options,
			     struct msgpass_reply_info *info)
{
	struct msgpass_call argument = {
		.flags = MSGPASS_IOVEC,
		.data = to_user_pointer(request),
		.length = request_count,
		.reply_data = to_user_pointer(reply),
		.reply_length = reply_count,
	};

	return call(fd, &argument, size_of_parts(reply, reply_count), options,
		    info);
}

PUBLIC ssize_t msgpass_call(int device, pid_t to, const void *request,
			    size_t length, void *reply, size_t size)
{
	struct msgpass_call_options options = { .pid = to };

	/* 0 would be right for a mailbox */
	if (to <= 0)
		return -EINVAL;
	return msgpass_call_with(device, request, length, reply, size, &options,
				 NULL);
}

PUBLIC ssize_t msgpass_mailbox_call(int mailbox, const void *request,
				    size_t length, void *reply, size_t size)
{
	return msgpass_call_with(mailbox, request, length, reply, size, NULL,
				 NULL);
}

PUBLIC int msgpass_call_cancel(int fd, uint64_t token)
{
	struct msgpass_call argument = {
		.size = sizeof(argument),
		.flags = MSGPASS_CANCEL,
		.token = token,
	};

	return device_ioctl(fd, MSGPASS_IOC_CALL, &argument);
}

/* --- serving */

static int reply(int fd, uint64_t token, const void *data, size_t length,
		 __u32 flags, const struct msgpass_reply_options *options)
{
	struct msgpass_reply argument = {
		.size = sizeof(argument),
		.flags = flags,
		.token = token,
		.data = to_user_pointer(data),
		.length = length,
	};

	if (options && !is_zero(options->reserved))
		return -EINVAL;
	if (options) {
		argument.type = options->type;
		argument.fds = to_user_pointer(options->fds);
		argument.fds_count = options->fds_count;
	}
	return device_ioctl(fd, MSGPASS_IOC_REPLY, &argument);
}

PUBLIC int msgpass_reply(int fd, uint64_t token, const void *data, size_t length)
{
	return reply(fd, token, data, length, 0, NULL);
}

PUBLIC int msgpass_reply_with(int fd, uint64_t token, const void *data,
			      size_t length,
			      const struct msgpass_reply_options *options)
{
	return reply(fd, token, data, length, 0, options);
}

PUBLIC int msgpass_replyv(int fd, uint64_t token, const struct iovec *iov,
			  size_t count,
			  const struct msgpass_reply_options *options)
{
	return reply(fd, token, iov, count, MSGPASS_IOVEC, options);
}

PUBLIC int msgpass_abandon(int fd, uint64_t token)
{
	return reply(fd, token, NULL, 0, MSGPASS_CANCEL, NULL);
}

PUBLIC ssize_t msgpass_reply_receive(int fd, struct msgpass_answer *answer,
				     void *buffer, size_t size,
				     const struct msgpass_receive_options *options,
				     struct msgpass_message_info *info)
{
	struct msgpass_reply_receive argument = {
		.size = sizeof(argument),
		.receive.data = to_user_pointer(buffer),
		.receive.length = size,
	};
	int ret = apply_receive_options(options, &argument.receive);

	if (ret < 0)
		return ret;
	if (answer) {
		if (!is_zero(answer->reserved))
			return -EINVAL;
		argument.reply.token = answer->token;
		argument.reply.data = to_user_pointer(answer->data);
		argument.reply.length = answer->length;
		argument.reply.type = answer->type;
		argument.reply.fds = to_user_pointer(answer->fds);
		argument.reply.fds_count = answer->fds_count;
	}
	ret = device_ioctl(fd, MSGPASS_IOC_REPLY_RECEIVE, &argument);
	if (answer) {
		answer->token = argument.reply.token;
		answer->error = -argument.out_reply_error;
	}
	if (info && (ret == 0 || ret == -EMSGSIZE) && !argument.reply.token)
		fill_message_info(info, &argument.receive);
	if (ret < 0)
		return ret;
	return filled(argument.receive.out_length, size);
}

PUBLIC int msgpass_forward(int fd, uint64_t token, const void *data,
			   size_t length,
			   const struct msgpass_send_options *options)
{
	static const struct msgpass_send_options none;
	struct msgpass_forward argument = {
		.size = sizeof(argument),
		.token = token,
		.data = to_user_pointer(data),
		.length = length,
	};
	int ret;

	if (!options)
		options = &none;
	if (options->synchronous || options->receipt || options->lifetime_ns ||
	    options->cookie || !is_zero(options->reserved))
		return -EINVAL;
	ret = address_of(options->pid, options->peer, &argument.to,
			 &argument.flags);
	if (ret < 0)
		return ret;
	ret = deadline_of(options->timeout_ns, options->deadline_ns,
			  &argument.deadline);
	if (ret < 0)
		return ret;
	if (options->nonblock)
		argument.flags |= MSGPASS_NONBLOCK;
	argument.type = options->type;
	argument.priority = options->priority;
	argument.fds = to_user_pointer(options->fds);
	argument.fds_count = options->fds_count;
	return device_ioctl(fd, MSGPASS_IOC_FORWARD, &argument);
}

PUBLIC ssize_t msgpass_request_read(int fd, uint64_t token, uint64_t offset,
				    void *buffer, size_t size,
				    struct msgpass_caller_info *info)
{
	struct msgpass_request_read argument = {
		.size = sizeof(argument),
		.token = token,
		.offset = offset,
		.data = to_user_pointer(buffer),
		.length = size,
	};
	int ret = device_ioctl(fd, MSGPASS_IOC_REQUEST_READ, &argument);

	if (ret < 0)
		return ret;
	if (info)
		*info = (struct msgpass_caller_info){
			.length = argument.out_length,
			.peer = argument.out_peer,
			.pid = argument.out_pid,
			.uid = argument.out_uid,
			.gid = argument.out_gid,
		};
	return argument.out_count;
}
