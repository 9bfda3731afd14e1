// SPDX-License-Identifier: GPL-2.0
/* A program for tests to execute: it replies to the call whose token is its argument. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <linux/msgpass.h>

/* Its exit status is the errno. */
int main(int argc, char **argv)
{
	uint32_t number = 77;
	struct msgpass_reply reply = {
		.size = sizeof(reply), .data = (uintptr_t)&number, .length = sizeof(number),
	};
	int fd = open("/dev/msgpass", O_RDWR | O_CLOEXEC);

	if (argc != 2 || fd < 0)
		return 1;
	reply.token = strtoull(argv[1], NULL, 10);
	return ioctl(fd, MSGPASS_IOC_REPLY, &reply) ? errno : 0;
}
