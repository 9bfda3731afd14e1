// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX message queues, one for each direction.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stddef.h>

#include "compare.h"

#define THERE "/compare.there"
#define BACK  "/compare.back"

static mqd_t make_queue(const char *name, int direction)
{
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = sizeof(int) };

	return must(mq_open(name, direction | O_CREAT | O_EXCL, 0600, &attr), "mq_open");
}

static void put(mqd_t queue, int item)
{
	must(mq_send(queue, (char *)&item, sizeof(item), 0), "mq_send");
}

static int get(mqd_t queue)
{
	int item;

	whole(mq_receive(queue, (char *)&item, sizeof(item), NULL), sizeof(item), "mq_receive");
	return item;
}

void posix_mq_produce(pid_t reader, int count)
{
	mqd_t there = must(mq_open(THERE, O_WRONLY), "mq_open");
	int i;

	(void)reader;
	for (i = 0; i < count; i++)
		put(there, make_item(i));
}

void posix_mq_consume(int count)
{
	mqd_t there = make_queue(THERE, O_RDONLY);
	int i;

	ready();
	for (i = 0; i < count; i++)
		use_item(get(there));
}

void posix_mq_request(pid_t server, int count)
{
	mqd_t there = must(mq_open(THERE, O_WRONLY), "mq_open");
	mqd_t back = must(mq_open(BACK, O_RDONLY), "mq_open");
	int i, asked;

	(void)server;
	for (i = 0; i < count; i++) {
		asked = question(i);
		put(there, asked);
		take_answer(asked, get(back));
	}
}

void posix_mq_serve(int count)
{
	mqd_t there = make_queue(THERE, O_RDONLY);
	mqd_t back = make_queue(BACK, O_WRONLY);
	int i;

	ready();
	for (i = 0; i < count; i++)
		put(back, answer(get(there)));
}

int posix_mq_remove(void)
{
	mq_unlink(BACK);
	return mq_unlink(THERE);
}
