/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file descriptors that a process of actors has, and what they are.
 */
#ifndef FUZZ_FILES_H
#define FUZZ_FILES_H

#include "world.h"

#include <sys/eventfd.h>

enum kind { OTHER, DEVICE_FD, MAILBOX_FD };

#define FILES_MAX 24

/* Two threads may use it at once; then a step hits another file, which is as good. */
static struct file {
	int fd;
	enum kind kind;
} files[FILES_MAX];
static unsigned int file_count;
static int files_first;		/* what was there before is not ours to close */

/* Both take a struct, and only ours have these ioctls. */
static inline enum kind kind_of(int fd)
{
	if (call(fd, MSGPASS_IOC_MAILBOX_STAT, NULL) != -EFAULT)
		return OTHER;
	return call(fd, MSGPASS_IOC_MAILBOX_OPEN, NULL) == -EFAULT ? DEVICE_FD : MAILBOX_FD;
}

static inline int file_add(int fd)
{
	if (fd >= 0 && file_count < FILES_MAX)
		files[file_count++] = (struct file){ fd, kind_of(fd) };
	return fd;
}

static inline struct file file_of(uint8_t which)
{
	if (which & WILD || !file_count)
		return (struct file){ which & 1 ? -1 : 999, OTHER };
	return files[which % file_count];
}

static inline int file_close(uint8_t which)
{
	struct file file = file_of(which);
	unsigned int i;

	for (i = 0; i < file_count; i++)
		if (files[i].fd == file.fd) {
			files[i] = files[--file_count];
			break;
		}
	return close(file.fd);
}

static inline int pair_add(int made, const int *ends)
{
	if (made)
		return -1;
	file_add(ends[1]);
	return file_add(ends[0]);
}

/* The device, and files that messages may carry, or may not. */
static inline int file_open(uint8_t what)
{
	int ends[2];

	switch (what % 7) {
	case 0: return file_add(open(DEVICE, O_RDWR | O_CLOEXEC));
	case 1: return pair_add(pipe2(ends, O_CLOEXEC), ends);
	case 2: return pair_add(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ends);
	case 3: return file_add(eventfd(1, EFD_CLOEXEC));
	case 4: return file_add(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	case 5: return file_add(syscall(SYS_memfd_create, "carried", 1));
	default: return file_add(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	}
}

/* The first was the device; those behind it that we don't know of go, too. */
static inline void files_reset(void)
{
	CHECK(!syscall(SYS_close_range, files_first, ~0U, 0));
	file_count = 0;
	CHECK(file_open(0) == files_first);
}

#endif
