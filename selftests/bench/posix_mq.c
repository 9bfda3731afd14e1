// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX message queues.
 */
#include "bench.h"

#include <mqueue.h>

static void open_mq(struct way *way)
{
	struct mq_attr attr = { .mq_maxmsg = way->depth, .mq_msgsize = way->size };
	char name[32];

	snprintf(name, sizeof(name), "/bench-%d", getpid());
	way->in = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
	way->out = way->in;
	CHECK(way->in >= 0 && !mq_unlink(name));
}

static void send_mq(struct way *way)
{
	CHECK(!mq_send(way->out, way->bytes, way->size, 0));
}

static void receive_mq(struct way *way)
{
	CHECK(mq_receive(way->in, way->place, way->size, NULL) == (ssize_t)way->size);
}

static bool look_at_mq(struct way *way)
{
	ssize_t ret = mq_receive(way->in, way->place, way->size, NULL);

	CHECK(ret == (ssize_t)way->size || (ret < 0 && errno == EAGAIN));
	return ret > 0;
}

const struct mechanism bench_posix_mq = {
	.name = "posix_mq",
	.one_way = true,
	.open = open_mq,
	.send = send_mq,
	.receive = receive_mq,
	.look = look_at_mq,
	.spin = bench_nonblock,
};
