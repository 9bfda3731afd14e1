// SPDX-License-Identifier: GPL-2.0
/*
 * System V message queues.
 */
#include "bench.h"

#include <sys/ipc.h>
#include <sys/msg.h>

static void open_queue(struct way *way)
{
	struct msqid_ds attributes;

	way->in = msgget(IPC_PRIVATE, 0600);
	way->out = way->in;
	CHECK(way->in >= 0 && !msgctl(way->in, IPC_STAT, &attributes));
	attributes.msg_qbytes = way->depth * way->size;
	CHECK(!msgctl(way->in, IPC_SET, &attributes));
}

/* The type stands before the bytes. */
static void *with_type(char *bytes)
{
	return bytes - sizeof(long);
}

static void send_queue(struct way *way)
{
	long *message = with_type(way->bytes);

	*message = 1;
	CHECK(!msgsnd(way->out, message, way->size, 0));
}

static void receive_queue(struct way *way)
{
	CHECK(msgrcv(way->in, with_type(way->place), way->size, 0, 0) == (ssize_t)way->size);
}

static bool look_at_queue(struct way *way)
{
	ssize_t ret = msgrcv(way->in, with_type(way->place), way->size, 0, IPC_NOWAIT);

	CHECK(ret == (ssize_t)way->size || (ret < 0 && errno == ENOMSG));
	return ret > 0;
}

static void remove_queue(struct way *way)
{
	msgctl(way->in, IPC_RMID, NULL);
}

const struct mechanism bench_sysv_msg = {
	.name = "sysv_msg",
	.one_way = true,
	.open = open_queue,
	.close = remove_queue,
	.send = send_queue,
	.receive = receive_queue,
	.look = look_at_queue,
};
