// SPDX-License-Identifier: GPL-2.0
/*
 * A message that carries an open file: memory without a name, which nobody could
 * open, is written by one process and read by another, and never copied.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <msgpass.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define SIZE 1048576

static char *map(int file, int protection)
{
	char *memory = mmap(NULL, SIZE, protection, MAP_SHARED, file, 0);

	if (memory == MAP_FAILED)
		check("mmap", -errno);
	return memory;
}

static int read_it(int device)
{
	struct msgpass_receive_options with_room = { .fds_room = 1 };
	struct msgpass_message_info info;
	char name[32];
	int file;

	with_room.fds = &file;
	check("receive", msgpass_receive_with(device, name, sizeof(name),
					      &with_room, &info));
	if (info.fds_count != 1) {
		fprintf(stderr, "no file came with %s\n", name);
		return 1;
	}
	printf("%s has: %s\n", name, map(file, PROT_READ) + SIZE / 2);
	return 0;
}

int main(void)
{
	int device = check("/dev/msgpass", msgpass_open());
	pid_t child = check("fork", fork());
	int file, status;

	if (child == 0)
		return read_it(device);
	file = memfd_create("shared", MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, SIZE))
		check("memory", -errno);
	strcpy(map(file, PROT_READ | PROT_WRITE) + SIZE / 2, "hello");
	check("send", msgpass_send_with(device, "the memory", 11,
					&(struct msgpass_send_options){
						.pid = child,
						.fds = &file,
						.fds_count = 1,
					}));
	waitpid(child, &status, 0);
	return status != 0;
}
