// SPDX-License-Identifier: GPL-2.0
/* A program for tests to execute: it reports what it finds of its inbox, see helper_exec.h. */
#include "helper_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	struct msgpass_info info = { .size = sizeof(info) };
	struct exec_report report = { .euid = geteuid(), .stat.size = sizeof(report.stat) };
	struct msgpass_receive receive = {
		.size = sizeof(receive), .flags = MSGPASS_NONBLOCK,
		.data = (uintptr_t)&report.number, .length = sizeof(report.number),
	};
	char byte;
	int fd;

	if (argc < 2 || (argc > 2 && read(atoi(argv[2]), &byte, 1) != 1))
		return 1;
	fd = open("/dev/msgpass", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 1;
	if (ioctl(fd, MSGPASS_IOC_INBOX_STAT, &report.stat))
		report.stat_error = errno;
	if (ioctl(fd, MSGPASS_IOC_RECEIVE, &receive))
		report.receive_error = errno;
	ioctl(fd, MSGPASS_IOC_INFO, &info);
	report.peer = info.out_peer;
	return write(atoi(argv[1]), &report, sizeof(report)) != sizeof(report);
}
