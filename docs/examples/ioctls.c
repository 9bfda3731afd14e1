// SPDX-License-Identifier: GPL-2.0
/* A message to oneself, without the library. */
#include <fcntl.h>
#include <linux/msgpass.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	char text[16], hello[] = "hello";
	int device = open("/dev/msgpass", O_RDWR | O_CLOEXEC);
	struct msgpass_send send = {
		.size = sizeof(send),
		.to = getpid(),
		.data = (uintptr_t)hello,
		.length = sizeof(hello),
	};
	struct msgpass_receive receive = {
		.size = sizeof(receive),
		.data = (uintptr_t)text,
		.length = sizeof(text),
	};

	if (ioctl(device, MSGPASS_IOC_SEND, &send) ||
	    ioctl(device, MSGPASS_IOC_RECEIVE, &receive)) {
		perror("msgpass");
		return 1;
	}
	printf("%d says %s\n", receive.out_pid, text);
	return 0;
}
