// SPDX-License-Identifier: GPL-2.0
/*
 * An eventfd: it wakes the other side, and carries a number but no message.
 */
#include "bench.h"

#include <sys/eventfd.h>

static void open_eventfd(struct way *way)
{
	way->in = eventfd(0, EFD_CLOEXEC);
	way->out = way->in;
	CHECK(way->in >= 0);
}

static void send_eventfd(struct way *way)
{
	CHECK(write(way->out, way->bytes, way->size) == (ssize_t)way->size);
}

static void receive_eventfd(struct way *way)
{
	CHECK(read(way->in, way->place, way->size) == (ssize_t)way->size);
}

const struct mechanism bench_eventfd = {
	.name = "eventfd",
	.smallest = 8,
	.largest = 8,
	.open = open_eventfd,
	.send = send_eventfd,
	.receive = receive_eventfd,
};
