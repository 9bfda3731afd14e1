// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Sending: every form ends in one ioctl.
 */
#include "internal.h"

int apply_send_options(const struct msgpass_send_options *options,
		       struct msgpass_send *argument)
{
	int ret;

	if (!options)
		return 0;
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
	if (options->synchronous)
		argument->flags |= MSGPASS_SYNCHRONOUS;
	if (options->receipt)
		argument->flags |= MSGPASS_RECEIPT;
	argument->type = options->type;
	argument->priority = options->priority;
	argument->lifetime = options->lifetime_ns;
	argument->cookie = options->cookie;
	argument->fds = to_user_pointer(options->fds);
	argument->fds_count = options->fds_count;
	return 0;
}

/* How many bytes went through, which counts only of a flow. */
static ssize_t send_message(int fd, const void *data, size_t length, __u32 flags,
			    const struct msgpass_send_options *options)
{
	struct msgpass_send argument = {
		.size = sizeof(argument),
		.flags = flags,
		.data = to_user_pointer(data),
		.length = length,
	};
	int ret = apply_send_options(options, &argument);

	if (ret == 0)
		ret = device_ioctl(fd, MSGPASS_IOC_SEND, &argument);
	return ret < 0 ? ret : (ssize_t)argument.out_count;
}

PUBLIC int msgpass_send(int device, pid_t to, const void *data, size_t length)
{
	struct msgpass_send_options options = { .pid = to };

	/* 0 would be right for a mailbox */
	if (to <= 0)
		return -EINVAL;
	return send_message(device, data, length, 0, &options);
}

PUBLIC int msgpass_mailbox_send(int mailbox, const void *data, size_t length)
{
	return send_message(mailbox, data, length, 0, NULL);
}

PUBLIC int msgpass_send_with(int fd, const void *data, size_t length,
			     const struct msgpass_send_options *options)
{
	return send_message(fd, data, length, 0, options);
}

PUBLIC int msgpass_sendv(int fd, const struct iovec *iov, size_t count,
			 const struct msgpass_send_options *options)
{
	return send_message(fd, iov, count, MSGPASS_IOVEC, options);
}

PUBLIC ssize_t msgpass_flow(int fd, const void *data, size_t length,
			    const struct msgpass_send_options *options)
{
	return send_message(fd, data, length, MSGPASS_FLOW, options);
}

PUBLIC ssize_t msgpass_flowv(int fd, const struct iovec *iov, size_t count,
			     const struct msgpass_send_options *options)
{
	return send_message(fd, iov, count, MSGPASS_FLOW | MSGPASS_IOVEC,
			    options);
}
