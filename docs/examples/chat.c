// SPDX-License-Identifier: GPL-2.0
/*
 * Two shells talk: "chat" in one, which says its pid, "chat PID" in the other.
 * Lines go back and forth until one of them ends its input with Ctrl-D.
 */
#include <errno.h>
#include <msgpass.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "check.h"

/* An empty message says good-bye. */
static bool hear(int device, pid_t *other)
{
	const struct msgpass_receive_options now = { .nonblock = true,
						     .truncate = true };
	struct msgpass_message_info info;
	char text[1024];
	ssize_t length;

	length = msgpass_receive_with(device, text, sizeof(text), &now, &info);
	if (length == -EAGAIN)
		return true;
	check("receive", length);
	if (!*other)
		*other = info.pid;
	if (length == 0)
		printf("%d has left\n", info.pid);
	else
		printf("%d: %.*s", info.pid, (int)length, text);
	return length > 0;
}

static bool say(int device, pid_t other)
{
	char text[1024];
	ssize_t length = read(STDIN_FILENO, text, sizeof(text));
	int error;

	if (length < 0)
		check("standard input", -errno);
	if (!other && length > 0) {
		printf("nobody is there yet\n");
		return true;
	}
	error = other ? msgpass_send(device, other, text, length) : 0;
	if (error == -ESRCH)
		printf("%d is gone\n", other);
	else
		check("send", error);
	return error == 0 && length > 0;
}

int main(int argc, char **argv)
{
	int device = check("/dev/msgpass", msgpass_open());
	pid_t other = argc > 1 ? atoi(argv[1]) : 0;
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = device, .events = POLLIN },
	};
	bool going_on = true;

	setlinebuf(stdout);
	printf("this is process %d\n", getpid());
	while (going_on && poll(fds, 2, -1) > 0) {
		if (fds[1].revents)
			going_on = hear(device, &other);
		if (going_on && fds[0].revents)
			going_on = say(device, other);
	}
	return 0;
}
