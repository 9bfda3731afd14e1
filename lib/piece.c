// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * A message in pieces: the head is received, this is the rest.
 */
#include "internal.h"

PUBLIC ssize_t msgpass_piece_read(int fd, uint64_t rest, void *buffer,
				  size_t size, uint64_t *remaining)
{
	struct msgpass_piece_read argument = {
		.size = sizeof(argument),
		.token = rest,
		.data = to_user_pointer(buffer),
		.length = size,
	};
	int ret = device_ioctl(fd, MSGPASS_IOC_PIECE_READ, &argument);

	if (ret < 0)
		return ret;
	if (remaining)
		*remaining = argument.out_remaining;
	return argument.out_count;
}

PUBLIC int msgpass_piece_skip(int fd, uint64_t rest)
{
	struct msgpass_piece_read argument = {
		.size = sizeof(argument),
		.flags = MSGPASS_CANCEL,
		.token = rest,
	};

	return device_ioctl(fd, MSGPASS_IOC_PIECE_READ, &argument);
}
