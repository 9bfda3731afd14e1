// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The device: opening it, and what it tells of limits and usage.
 */
#include <fcntl.h>

#include "internal.h"

PUBLIC int msgpass_open(void)
{
	int fd = open("/dev/msgpass", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

PUBLIC int msgpass_get_info(int fd, struct msgpass_system_info *info)
{
	struct msgpass_info argument = { .size = sizeof(argument) };
	int ret = device_ioctl(fd, MSGPASS_IOC_INFO, &argument);

	if (ret < 0)
		return ret;
	*info = (struct msgpass_system_info){
		.peer = argument.out_peer,
		.message_max = argument.out_message_max,
		.capacity_default = argument.out_capacity_default,
		.capacity_max = argument.out_capacity_max,
		.mailboxes_max = argument.out_mailboxes_max,
		.mailboxes = argument.out_mailboxes,
		.user_bytes_max = argument.out_user_bytes_max,
		.user_bytes = argument.out_user_bytes,
	};
	return 0;
}
