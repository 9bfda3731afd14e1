// SPDX-License-Identifier: GPL-2.0
/*
 * UDP: packets that may be lost, come twice or overtake each other. So each is numbered and
 * answered, and sent again while no answer comes; who has seen it before answers again. With
 * one packet on its way at a time, nobody can be flooded either.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "compare.h"

#define PORT  5711
#define TRIES 10

struct packet {
	uint32_t number, item;
};

static int make_socket(struct sockaddr_in *address)
{
	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	return must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
}

static int reach(void)
{
	const struct timeval patience = { .tv_usec = 100000 };
	struct sockaddr_in address;
	int link = make_socket(&address);

	/* Only so do we hear that there is nobody. */
	must(connect(link, (struct sockaddr *)&address, sizeof(address)), "connect");
	must(setsockopt(link, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), "setsockopt");
	return link;
}

static int be_reached(void)
{
	struct sockaddr_in address;
	int link = make_socket(&address);

	must(bind(link, (struct sockaddr *)&address, sizeof(address)), "bind");
	ready();
	return link;
}

/* Whether the answer to this number came before we lost patience. */
static bool answered(int link, int number, int *reply)
{
	struct packet packet;

	do {
		if (recv(link, &packet, sizeof(packet), 0) < 0) {
			if (errno != EAGAIN)
				fail("recv", errno);
			return false;
		}
	} while (ntohl(packet.number) != (uint32_t)number);
	*reply = ntohl(packet.item);
	return true;
}

static int exchange(int link, int number, int item)
{
	struct packet packet = { htonl(number), htonl(item) };
	int tries, reply;

	for (tries = 0; tries < TRIES; tries++) {
		whole(send(link, &packet, sizeof(packet), 0), sizeof(packet), "send");
		if (answered(link, number, &reply))
			return reply;
	}
	fail("no answer", ETIMEDOUT);
}

static int get(int link, uint32_t *item, struct sockaddr_in *sender)
{
	socklen_t length = sizeof(*sender);
	struct packet packet;

	whole(recvfrom(link, &packet, sizeof(packet), 0, (struct sockaddr *)sender, &length),
	      sizeof(packet), "recvfrom");
	*item = ntohl(packet.item);
	return ntohl(packet.number);
}

static void put(int link, int number, int item, const struct sockaddr_in *receiver)
{
	struct packet packet = { htonl(number), htonl(item) };

	whole(sendto(link, &packet, sizeof(packet), 0, (struct sockaddr *)receiver,
		     sizeof(*receiver)),
	      sizeof(packet), "sendto");
}

void udp_produce(pid_t reader, int count)
{
	int link = reach();
	int i;

	(void)reader;
	for (i = 0; i < count; i++)
		exchange(link, i, make_item(i));
}

void udp_consume(int count)
{
	struct sockaddr_in sender;
	int link = be_reached();
	int number, expected = 0;
	uint32_t item;

	while (expected < count) {
		number = get(link, &item, &sender);
		if (number == expected) {
			use_item(item);
			expected++;
		}
		put(link, number, 0, &sender);
	}
}

void udp_request(pid_t server, int count)
{
	int link = reach();
	int i, asked;

	(void)server;
	for (i = 0; i < count; i++) {
		asked = question(i);
		take_answer(asked, exchange(link, i, asked));
	}
}

/* Who asks again is answered anew: these answers do no harm twice. */
void udp_serve(int count)
{
	struct sockaddr_in sender;
	int link = be_reached();
	uint32_t asked;
	int number = 0;

	while (number < count - 1) {
		number = get(link, &asked, &sender);
		put(link, number, answer(asked), &sender);
	}
}
