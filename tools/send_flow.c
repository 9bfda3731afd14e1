// SPDX-License-Identifier: GPL-2.0
/*
 * send --flow: a file as one message, which the receiver reads from this
 * process's memory, that is from the file.
 */
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "sender.h"

/**
 * struct input - standard input as memory
 * @map: the file, from its beginning
 * @size: of that in bytes
 * @begin: where to begin: some of it may have been read before
 */
struct input {
	char *map;
	size_t size;
	size_t begin;
};

static int map_input(struct input *input)
{
	struct stat stat;
	off_t begin = lseek(STDIN_FILENO, 0, SEEK_CUR);

	if (fstat(STDIN_FILENO, &stat) || !S_ISREG(stat.st_mode) || begin < 0)
		return fail(FAILED,
			    "standard input is no file, and can't be sent with --flow; leave that out, and it goes as a stream");
	input->size = stat.st_size;
	input->begin = begin < stat.st_size ? begin : stat.st_size;
	if (input->begin == input->size)
		return DONE;
	input->map = mmap(NULL, input->size, PROT_READ, MAP_SHARED, STDIN_FILENO, 0);
	if (input->map == MAP_FAILED)
		return fail(FAILED, "cannot read standard input: %m");
	return DONE;
}

static int fail_half_way(const struct sender *sender, uint64_t through, uint64_t length,
			 bool timed_out)
{
	return fail(timed_out ? TIMED_OUT : GONE,
		    "%s has received only %" PRIu64 " of %" PRIu64 " bytes%s; send it again",
		    sender->target.text, through, length,
		    timed_out ? " in time" : ": the receiver died or skipped the rest");
}

int send_flow(struct sender *sender)
{
	uint64_t timeout_ns = sender->options->timeout_ns;
	struct input input = { 0 };
	ssize_t through;
	size_t length;
	int ret = map_input(&input);

	if (ret)
		return ret;
	length = input.size - input.begin;
	if (timeout_ns)
		sender->how.deadline_ns = msgpass_deadline(timeout_ns);
	through = msgpass_flow(sender->target.fd, input.map + input.begin, length, &sender->how);
	if (through < 0)
		return sender_fail(sender, through);
	sender->messages++;
	sender->bytes += through;
	progress_add(&sender->progress, through);
	if ((size_t)through == length)
		return DONE;
	progress_end(&sender->progress);
	return fail_half_way(sender, through, length,
			     timeout_ns && msgpass_deadline(0) >= sender->how.deadline_ns);
}
