// SPDX-License-Identifier: GPL-2.0
/*
 * A file that one appends to and another reads again and again: nobody tells that there is
 * more, so the reader has to look.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "compare.h"

#define THERE "/tmp/compare.there"
#define BACK  "/tmp/compare.back"

static int make_file(const char *path)
{
	return must(open(path, O_RDONLY | O_CREAT | O_TRUNC, 0600), "open");
}

static void append(int file, int item)
{
	whole(write(file, &item, sizeof(item)), sizeof(item), "write");
}

static int next(int file)
{
	const struct timespec nap = { .tv_nsec = 200000 };
	ssize_t size;
	int item;

	/* The end of the file is only where it ends today. */
	while (!(size = read(file, &item, sizeof(item))))
		nanosleep(&nap, NULL);
	whole(size, sizeof(item), "read");
	return item;
}

void file_produce(pid_t reader, int count)
{
	int file = must(open(THERE, O_WRONLY | O_APPEND), "open");
	int i;

	(void)reader;
	for (i = 0; i < count; i++)
		append(file, make_item(i));
}

void file_consume(int count)
{
	int file = make_file(THERE);
	int i;

	ready();
	for (i = 0; i < count; i++)
		use_item(next(file));
}

void file_request(pid_t server, int count)
{
	int there = must(open(THERE, O_WRONLY | O_APPEND), "open");
	int back = must(open(BACK, O_RDONLY), "open");
	int i, asked;

	(void)server;
	for (i = 0; i < count; i++) {
		asked = question(i);
		append(there, asked);
		take_answer(asked, next(back));
	}
}

void file_serve(int count)
{
	int there = make_file(THERE);
	int back, i;

	make_file(BACK);
	back = must(open(BACK, O_WRONLY | O_APPEND), "open");
	ready();
	for (i = 0; i < count; i++)
		append(back, answer(next(there)));
}

int file_remove(void)
{
	unlink(BACK);
	return unlink(THERE);
}
