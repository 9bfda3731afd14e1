// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Receiving: every form ends in one ioctl.
 */
#include "internal.h"

static int selector_of(enum msgpass_select select, __u32 *flags)
{
	switch (select) {
	case MSGPASS_SELECT_ANY:
		return 0;
	case MSGPASS_SELECT_TYPE:
		*flags |= MSGPASS_TYPE_EXACT;
		return 0;
	case MSGPASS_SELECT_UP_TO:
		*flags |= MSGPASS_TYPE_UP_TO;
		return 0;
	case MSGPASS_SELECT_EXCEPT:
		*flags |= MSGPASS_TYPE_EXCEPT;
		return 0;
	}
	return -EINVAL;
}

int apply_receive_options(const struct msgpass_receive_options *options,
			  struct msgpass_receive *argument)
{
	int ret;

	if (!options)
		return 0;
	if (!is_zero(options->reserved))
		return -EINVAL;
	ret = address_of(options->pid, options->peer, &argument->from,
			 &argument->flags);
	if (ret < 0)
		return ret;
	ret = deadline_of(options->timeout_ns, options->deadline_ns,
			  &argument->deadline);
	if (ret < 0)
		return ret;
	ret = selector_of(options->select, &argument->flags);
	if (ret < 0)
		return ret;
	argument->type = options->type;
	if (options->by_priority)
		argument->flags |= MSGPASS_BY_PRIORITY;
	if (options->nonblock)
		argument->flags |= MSGPASS_NONBLOCK;
	if (options->spin)
		argument->flags |= MSGPASS_SPIN;
	if (options->peek)
		argument->flags |= MSGPASS_PEEK;
	if (options->truncate)
		argument->flags |= MSGPASS_TRUNCATE;
	if (options->pieces)
		argument->flags |= MSGPASS_PIECES;
	if (options->receipts_only)
		argument->flags |= MSGPASS_RECEIPT;
	argument->fds = to_user_pointer(options->fds);
	argument->fds_room = options->fds_room;
	return 0;
}

void fill_message_info(struct msgpass_message_info *info,
		       const struct msgpass_receive *argument)
{
	bool pieces = argument->out_flags & MSGPASS_OUT_PIECES;

	*info = (struct msgpass_message_info){
		.length = argument->out_length,
		.sequence = argument->out_sequence,
		.time_ns = argument->out_time,
		.peer = argument->out_peer,
		.pid = argument->out_pid,
		.uid = argument->out_uid,
		.gid = argument->out_gid,
		.type = argument->out_type,
		.priority = argument->out_priority,
		.truncated = argument->out_flags & MSGPASS_OUT_TRUNCATED,
		.receipt = argument->out_flags & MSGPASS_OUT_RECEIPT,
		.flow = argument->out_flags & MSGPASS_OUT_FLOW,
		.token = pieces ? 0 : argument->out_token,
		.remaining = argument->out_remaining,
		.rest = pieces ? argument->out_token : 0,
		.fds_count = argument->out_fds,
		.missed = argument->out_missed,
	};
}

/* @size is that of the whole buffer, be it one or scattered. */
static ssize_t receive_message(int fd, struct msgpass_receive *argument,
			       size_t size,
			       const struct msgpass_receive_options *options,
			       struct msgpass_message_info *info)
{
	int ret = apply_receive_options(options, argument);

	if (ret < 0)
		return ret;
	argument->size = sizeof(*argument);
	ret = device_ioctl(fd, MSGPASS_IOC_RECEIVE, argument);
	if (info && (ret == 0 || ret == -EMSGSIZE))
		fill_message_info(info, argument);
	if (ret < 0)
		return ret;
	return filled(argument->out_length, size);
}

PUBLIC ssize_t msgpass_receive_with(int fd, void *buffer, size_t size,
				    const struct msgpass_receive_options *options,
				    struct msgpass_message_info *info)
{
	struct msgpass_receive argument = {
		.data = to_user_pointer(buffer),
		.length = size,
	};

	return receive_message(fd, &argument, size, options, info);
}

PUBLIC ssize_t msgpass_receivev(int fd, const struct iovec *iov, size_t count,
				const struct msgpass_receive_options *options,
				struct msgpass_message_info *info)
{
	struct msgpass_receive argument = {
		.flags = MSGPASS_IOVEC,
		.data = to_user_pointer(iov),
		.length = count,
	};

	return receive_message(fd, &argument, size_of_parts(iov, count),
			       options, info);
}

PUBLIC ssize_t msgpass_receive(int device, pid_t from, void *buffer,
			       size_t size, struct msgpass_message_info *info)
{
	struct msgpass_receive_options options = { .pid = from };

	return msgpass_receive_with(device, buffer, size, &options, info);
}

PUBLIC ssize_t msgpass_mailbox_receive(int mailbox, void *buffer, size_t size,
				       struct msgpass_message_info *info)
{
	return msgpass_receive_with(mailbox, buffer, size, NULL, info);
}
