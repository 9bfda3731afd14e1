// SPDX-License-Identifier: GPL-2.0
/*
 * UNIX sockets, of the kind that keeps messages apart: a connection through a path.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "compare.h"

static const struct sockaddr_un address = {
	.sun_family = AF_UNIX,
	.sun_path = "/tmp/compare.socket",
};

static int make_socket(void)
{
	return must(socket(AF_UNIX, SOCK_SEQPACKET, 0), "socket");
}

static int reach(void)
{
	int connection = make_socket();

	must(connect(connection, (struct sockaddr *)&address, sizeof(address)), "connect");
	return connection;
}

static int be_reached(void)
{
	int listener = make_socket();

	must(bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
	must(listen(listener, 1), "listen");
	ready();
	return must(accept(listener, NULL, NULL), "accept");
}

static void put(int connection, int item)
{
	whole(send(connection, &item, sizeof(item), 0), sizeof(item), "send");
}

static int get(int connection)
{
	int item;

	whole(recv(connection, &item, sizeof(item), 0), sizeof(item), "recv");
	return item;
}

void unix_produce(pid_t reader, int count)
{
	int connection = reach();
	int i;

	(void)reader;
	for (i = 0; i < count; i++)
		put(connection, make_item(i));
}

void unix_consume(int count)
{
	int connection = be_reached();
	int i;

	for (i = 0; i < count; i++)
		use_item(get(connection));
}

void unix_request(pid_t server, int count)
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

void unix_serve(int count)
{
	int connection = be_reached();
	int i;

	for (i = 0; i < count; i++)
		put(connection, answer(get(connection)));
}

int unix_remove(void)
{
	return unlink(address.sun_path);
}
