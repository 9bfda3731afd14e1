// SPDX-License-Identifier: GPL-2.0
/*
 * Standard input and output, whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <msgpass.h>

#include "io.h"

/* Somebody may have made the file non-blocking for us, too. */
static void wait_for(int fd, short events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	poll(&pollfd, 1, -1);
}

ssize_t io_read_full(int fd, void *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t ret = read(fd, (char *)buffer + done, size - done);

		if (ret == 0)
			break;
		if (ret > 0)
			done += ret;
		else if (errno == EAGAIN)
			wait_for(fd, POLLIN);
		else if (errno != EINTR)
			return -errno;
	}
	return done;
}

size_t io_write_all(int fd, const void *buffer, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t ret = write(fd, (const char *)buffer + done, length - done);

		if (ret >= 0)
			done += ret;
		else if (errno == EAGAIN)
			wait_for(fd, POLLOUT);
		else if (errno != EINTR)
			break;
	}
	return done;
}

bool io_is_broken(int fd)
{
	struct pollfd pollfd = { .fd = fd };

	return poll(&pollfd, 1, 0) > 0 && (pollfd.revents & (POLLERR | POLLNVAL));
}

bool io_move_up(int *fds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1 + MSGPASS_FDS_MAX);

		if (fd < 0)
			return false;
		close(fds[i]);
		fds[i] = fd;
	}
	return true;
}
