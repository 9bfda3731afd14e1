// SPDX-License-Identifier: GPL-2.0
/*
 * Named pipes: pipes that strangers find by a path. To open one waits for who opens the other
 * end, so both sides must open them in the same order.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare.h"

#define THERE "/tmp/compare.there"
#define BACK  "/tmp/compare.back"

static void put(int end, int item)
{
	whole(write(end, &item, sizeof(item)), sizeof(item), "write");
}

static int get(int end)
{
	int item;

	whole(read(end, &item, sizeof(item)), sizeof(item), "read");
	return item;
}

void fifo_produce(pid_t reader, int count)
{
	int there = must(open(THERE, O_WRONLY), "open");
	int i;

	(void)reader;
	for (i = 0; i < count; i++)
		put(there, make_item(i));
}

void fifo_consume(int count)
{
	int there, i;

	must(mkfifo(THERE, 0600), "mkfifo");
	ready();
	there = must(open(THERE, O_RDONLY), "open");
	for (i = 0; i < count; i++)
		use_item(get(there));
}

void fifo_request(pid_t server, int count)
{
	int there = must(open(THERE, O_WRONLY), "open");
	int back = must(open(BACK, O_RDONLY), "open");
	int i, asked;

	(void)server;
	for (i = 0; i < count; i++) {
		asked = question(i);
		put(there, asked);
		take_answer(asked, get(back));
	}
}

void fifo_serve(int count)
{
	int there, back, i;

	must(mkfifo(THERE, 0600), "mkfifo");
	must(mkfifo(BACK, 0600), "mkfifo");
	ready();
	there = must(open(THERE, O_RDONLY), "open");
	back = must(open(BACK, O_WRONLY), "open");
	for (i = 0; i < count; i++)
		put(back, answer(get(there)));
}

int fifo_remove(void)
{
	unlink(BACK);
	return unlink(THERE);
}
