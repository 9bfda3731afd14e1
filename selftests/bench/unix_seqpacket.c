// SPDX-License-Identifier: GPL-2.0
/*
 * A pair of UNIX sockets that keep the boundaries of messages.
 */
#include "bench.h"

#include <linux/sockios.h>

static void send_seqpacket(struct way *way)
{
	CHECK(send(way->out, way->bytes, way->size, 0) == (ssize_t)way->size);
}

static void receive_seqpacket(struct way *way)
{
	CHECK(recv(way->in, way->place, way->size, 0) == (ssize_t)way->size);
}

static void set_room(struct way *way, int bytes)
{
	/* The kernel doubles it. */
	bytes /= 2;
	CHECK(!setsockopt(way->out, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)));
}

/* As deep as the others are: what a message counts is more than its bytes. */
static void open_seqpacket(struct way *way)
{
	int ends[2], one;

	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	way->in = ends[0];
	way->out = ends[1];
	set_room(way, 1 << 24);
	send_seqpacket(way);
	CHECK(!ioctl(way->out, SIOCOUTQ, &one) && one > 0);
	receive_seqpacket(way);
	set_room(way, way->depth * one);
}

static bool look_at_seqpacket(struct way *way)
{
	ssize_t ret = recv(way->in, way->place, way->size, MSG_DONTWAIT);

	CHECK(ret == (ssize_t)way->size || (ret < 0 && errno == EAGAIN));
	return ret > 0;
}

static void fill_headers(struct mmsghdr *headers, struct iovec *parts, char *bytes, size_t size)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ .iov_base = bytes + i * size, .iov_len = size };
		headers[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
	}
}

/* Neither changes the headers' pointers, so one array each is filled once. */
static void send_many(struct way *way)
{
	static struct mmsghdr headers[BATCH];
	static struct iovec parts[BATCH];

	if (!headers[0].msg_hdr.msg_iov)
		fill_headers(headers, parts, way->bytes, way->size);
	CHECK(sendmmsg(way->out, headers, BATCH, 0) == BATCH);
}

static unsigned int receive_many(struct way *way)
{
	static struct mmsghdr headers[BATCH];
	static struct iovec parts[BATCH];
	int count;

	if (!headers[0].msg_hdr.msg_iov)
		fill_headers(headers, parts, way->place, way->size);
	count = recvmmsg(way->in, headers, BATCH, MSG_WAITFORONE, NULL);
	CHECK(count > 0);
	return count;
}

const struct mechanism bench_unix_seqpacket = {
	.name = "unix_seqpacket",
	.one_way = true,
	.open = open_seqpacket,
	.send = send_seqpacket,
	.receive = receive_seqpacket,
	.look = look_at_seqpacket,
	.send_batch = send_many,
	.receive_batch = receive_many,
};
