// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Mailboxes: open, delete, set, give, accept, look at, list.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

_Static_assert(MSGPASS_NAME_MAX + 1 == MSGPASS_NAME_SIZE, "size of a name");

int copy_name(char to[MSGPASS_NAME_SIZE], const char *name)
{
	size_t length = name ? strlen(name) : 0;

	/* an empty name stands for something else in each call */
	if (name && !length)
		return -EINVAL;
	if (length > MSGPASS_NAME_MAX)
		return -ENAMETOOLONG;
	if (length)
		memcpy(to, name, length);
	return 0;
}

static int open_flags(int flags, const char *name, __u32 *open)
{
	if (flags & ~(O_ACCMODE | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if ((flags & O_ACCMODE) != O_WRONLY)
		*open |= MSGPASS_OPEN_RECEIVE;
	if ((flags & O_ACCMODE) != O_RDONLY)
		*open |= MSGPASS_OPEN_SEND;
	if ((flags & O_CREAT) || !name)
		*open |= MSGPASS_OPEN_CREATE;
	if (flags & O_EXCL)
		*open |= MSGPASS_OPEN_EXCLUSIVE;
	if (flags & O_NONBLOCK)
		*open |= MSGPASS_OPEN_NONBLOCK;
	return 0;
}

PUBLIC int msgpass_mailbox_open(int device, const char *name, int flags,
				const struct msgpass_settings *settings)
{
	struct msgpass_mailbox_open argument = { .size = sizeof(argument) };
	int ret = open_flags(flags, name, &argument.flags);

	if (ret < 0)
		return ret;
	ret = copy_name(argument.name, name);
	if (ret < 0)
		return ret;
	ret = settings_to_attributes(settings, &argument.attributes);
	if (ret < 0)
		return ret;
	if (settings && settings->bound)
		argument.flags |= MSGPASS_OPEN_BOUND;
	if (settings && settings->broadcast)
		argument.flags |= MSGPASS_OPEN_BROADCAST;
	if (settings && settings->lossy)
		argument.flags |= MSGPASS_OPEN_LOSSY;
	return device_ioctl(device, MSGPASS_IOC_MAILBOX_OPEN, &argument);
}

PUBLIC int msgpass_port_open(int device, uint16_t *port, int flags,
			     const struct msgpass_settings *settings)
{
	struct msgpass_mailbox_status status;
	char name[MSGPASS_NAME_MAX + 1];
	int fd, ret;

	snprintf(name, sizeof(name), "%u", *port);
	fd = msgpass_mailbox_open(device, name, flags, settings);
	if (fd < 0 || *port)
		return fd;
	ret = msgpass_mailbox_stat(fd, NULL, &status);
	if (ret < 0) {
		msgpass_mailbox_delete(fd, NULL);
		close(fd);
		return ret;
	}
	*port = atoi(status.name);
	return fd;
}

PUBLIC int msgpass_mailbox_delete(int fd, const char *name)
{
	struct msgpass_mailbox_delete argument = { .size = sizeof(argument) };
	int ret = copy_name(argument.name, name);

	if (ret < 0)
		return ret;
	return device_ioctl(fd, MSGPASS_IOC_MAILBOX_DELETE, &argument);
}

PUBLIC int msgpass_mailbox_set(int fd, const char *name,
			       const struct msgpass_settings *settings)
{
	struct msgpass_mailbox_set argument = { .size = sizeof(argument) };
	int ret = copy_name(argument.name, name);

	if (is_for_opening(settings))
		return -EINVAL;
	if (ret == 0)
		ret = settings_to_attributes(settings, &argument.attributes);
	if (ret < 0)
		return ret;
	return device_ioctl(fd, MSGPASS_IOC_MAILBOX_SET, &argument);
}

static int give(int fd, const char *name, __u64 to, __u32 flags)
{
	struct msgpass_mailbox_give argument = {
		.size = sizeof(argument),
		.flags = flags,
		.to = to,
	};
	int ret = copy_name(argument.name, name);

	if (ret < 0)
		return ret;
	return device_ioctl(fd, MSGPASS_IOC_MAILBOX_GIVE, &argument);
}

PUBLIC int msgpass_mailbox_give(int fd, const char *name, pid_t to)
{
	/* 0 and those below are for the kernel to refuse */
	return give(fd, name, to, 0);
}

PUBLIC int msgpass_mailbox_give_peer(int fd, const char *name, uint64_t to)
{
	return give(fd, name, to, MSGPASS_PEER);
}

PUBLIC int msgpass_mailbox_give_cancel(int fd, const char *name)
{
	return give(fd, name, 0, MSGPASS_CANCEL);
}

PUBLIC int msgpass_mailbox_accept(int fd, const char *name)
{
	struct msgpass_mailbox_accept argument = { .size = sizeof(argument) };
	int ret = copy_name(argument.name, name);

	if (ret < 0)
		return ret;
	return device_ioctl(fd, MSGPASS_IOC_MAILBOX_ACCEPT, &argument);
}

static void fill_status(struct msgpass_mailbox_status *status,
			const struct msgpass_mailbox_stat *argument)
{
	*status = (struct msgpass_mailbox_status){
		.id = argument->out_id,
		.queued = argument->out_queued,
		.queued_bytes = argument->out_queued_bytes,
		.receivers_waiting = argument->out_receivers_waiting,
		.senders_waiting = argument->out_senders_waiting,
		.sent = argument->out_sent,
		.received = argument->out_received,
		.dropped = argument->out_dropped,
		.owner_peer = argument->out_owner_peer,
		.owner_pid = argument->out_owner_pid,
		.offered_peer = argument->out_offered_peer,
		.broadcast = argument->out_flags & MSGPASS_MAILBOX_BROADCAST,
		.lossy = argument->out_flags & MSGPASS_MAILBOX_LOSSY,
		.subscribers = argument->out_subscribers,
		.missed = argument->out_missed,
	};
	memcpy(status->name, argument->name, sizeof(status->name));
	settings_from_attributes(&status->settings, &argument->out_attributes);
}

PUBLIC int msgpass_mailbox_stat_with(int fd, const char *name,
				     struct msgpass_mailbox_status *status,
				     struct msgpass_counters *counters)
{
	struct msgpass_mailbox_stat argument = { .size = sizeof(argument) };
	int ret = copy_name(argument.name, name);

	if (ret < 0)
		return ret;
	ret = device_ioctl(fd, MSGPASS_IOC_MAILBOX_STAT, &argument);
	if (ret < 0)
		return ret;
	fill_status(status, &argument);
	fill_counters(counters, &argument.out_tally);
	return 0;
}

PUBLIC int msgpass_mailbox_stat(int fd, const char *name,
				struct msgpass_mailbox_status *status)
{
	return msgpass_mailbox_stat_with(fd, name, status, NULL);
}

PUBLIC int msgpass_mailbox_next_with(int device,
				     struct msgpass_mailbox_status *status,
				     struct msgpass_counters *counters)
{
	struct msgpass_mailbox_stat argument = {
		.size = sizeof(argument),
		.id = status->id,
	};
	int ret = device_ioctl(device, MSGPASS_IOC_MAILBOX_NEXT, &argument);

	if (ret == -ENOENT)
		return 0;
	if (ret < 0)
		return ret;
	fill_status(status, &argument);
	fill_counters(counters, &argument.out_tally);
	return 1;
}

PUBLIC int msgpass_mailbox_next(int device, struct msgpass_mailbox_status *status)
{
	return msgpass_mailbox_next_with(device, status, NULL);
}
