// SPDX-License-Identifier: GPL-2.0
/*
 * Pipes: made before the processes part, and one for each direction. Each process closes the
 * ends that are not its own, or it would never see that the other is gone.
 */
#include <unistd.h>

#include "compare.h"

static int there[2], back[2];

void pipe_prepare(void)
{
	must(pipe(there), "pipe");
	must(pipe(back), "pipe");
}

static void be_writer(void)
{
	close(there[0]);
	close(back[1]);
}

static void be_reader(void)
{
	close(there[1]);
	close(back[0]);
	ready();
}

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

void pipe_produce(pid_t reader, int count)
{
	int i;

	(void)reader;
	be_writer();
	for (i = 0; i < count; i++)
		put(there[1], make_item(i));
}

void pipe_consume(int count)
{
	int i;

	be_reader();
	for (i = 0; i < count; i++)
		use_item(get(there[0]));
}

void pipe_request(pid_t server, int count)
{
	int i, asked;

	(void)server;
	be_writer();
	for (i = 0; i < count; i++) {
		asked = question(i);
		put(there[1], asked);
		take_answer(asked, get(back[0]));
	}
}

void pipe_serve(int count)
{
	int i;

	be_reader();
	for (i = 0; i < count; i++)
		put(back[1], answer(get(there[0])));
}
