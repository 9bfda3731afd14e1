// SPDX-License-Identifier: GPL-2.0
/*
 * TCP over the loopback device, without Nagle's delay.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

static void set_room(struct way *way, int socket)
{
	int room = way->depth * way->size;

	/* What the kernel chooses by itself is better for small ones. */
	if (room <= 1 << 18)
		return;
	CHECK(!setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)));
	CHECK(!setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)));
}

static void open_tcp(struct way *way)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	way->out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(listening >= 0 && way->out >= 0);
	set_room(way, listening);
	set_room(way, way->out);
	CHECK(!bind(listening, (struct sockaddr *)&address, length) && !listen(listening, 1));
	CHECK(!getsockname(listening, (struct sockaddr *)&address, &length));
	CHECK(!connect(way->out, (struct sockaddr *)&address, length));
	CHECK(!setsockopt(way->out, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)));
	way->in = accept(listening, NULL, NULL);
	CHECK(way->in >= 0);
	close(listening);
}

static void send_tcp(struct way *way)
{
	CHECK(send(way->out, way->bytes, way->size, 0) == (ssize_t)way->size);
}

static void receive_tcp(struct way *way)
{
	CHECK(recv(way->in, way->place, way->size, MSG_WAITALL) == (ssize_t)way->size);
}

const struct mechanism bench_tcp_loopback = {
	.name = "tcp_loopback",
	.one_way = true,
	.open = open_tcp,
	.send = send_tcp,
	.receive = receive_tcp,
};
