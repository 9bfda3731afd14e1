// SPDX-License-Identifier: GPL-2.0
/*
 * TCP: a connection by address and port, to another machine just as well; so numbers go in
 * the network's byte order. It carries bytes, and may deliver a number in parts.
 */
#include <arpa/inet.h>
#include <stddef.h>
#include <sys/socket.h>

#include "compare.h"

#define PORT 5710

static int make_socket(struct sockaddr_in *address)
{
	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	return must(socket(AF_INET, SOCK_STREAM, 0), "socket");
}

static int reach(void)
{
	struct sockaddr_in address;
	int connection = make_socket(&address);

	must(connect(connection, (struct sockaddr *)&address, sizeof(address)), "connect");
	return connection;
}

static int be_reached(void)
{
	struct sockaddr_in address;
	int listener = make_socket(&address);
	int yes = 1;

	/* A port is not free for a minute after its connection. */
	must(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), "setsockopt");
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
	must(listen(listener, 1), "listen");
	ready();
	return must(accept(listener, NULL, NULL), "accept");
}

static void put(int connection, int item)
{
	uint32_t sent = htonl(item);

	whole(send(connection, &sent, sizeof(sent), 0), sizeof(sent), "send");
}

static int get(int connection)
{
	uint32_t received;

	whole(recv(connection, &received, sizeof(received), MSG_WAITALL), sizeof(received), "recv");
	return ntohl(received);
}

void tcp_produce(pid_t reader, int count)
{
	int connection = reach();
	int i;

	(void)reader;
	for (i = 0; i < count; i++)
		put(connection, make_item(i));
}

void tcp_consume(int count)
{
	int connection = be_reached();
	int i;

	for (i = 0; i < count; i++)
		use_item(get(connection));
}

void tcp_request(pid_t server, int count)
{
	int connection = reach();
	int i, asked;

	(void)server;
	for (i = 0; i < count; i++) {
		asked = question(i);
		put(connection, asked);
		take_answer(asked, get(connection));
	}
}

void tcp_serve(int count)
{
	int connection = be_reached();
	int i;

	for (i = 0; i < count; i++)
		put(connection, answer(get(connection)));
}
