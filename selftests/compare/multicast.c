// SPDX-License-Identifier: GPL-2.0
/*
 * UDP multicast: a packet reaches all who joined the group. Here one has, and does both jobs;
 * with more, the sender would have to know how many answers to wait for. What may befall a
 * packet, and so what there is to do against it, is as in udp.c; but nobody tells the sender
 * that no one is there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "compare.h"

#define GROUP "239.255.77.80"
#define PORT  5712
#define TRIES 10

struct packet {
	uint32_t number, item;
};

static struct sockaddr_in group;

static int make_socket(void)
{
	group = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = inet_addr(GROUP),
	};
	return must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
}

static int reach(void)
{
	const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };
	const struct timeval patience = { .tv_usec = 100000 };
	int link = make_socket();

	must(setsockopt(link, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof(loopback)),
	     "setsockopt");
	must(setsockopt(link, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), "setsockopt");
	return link;
}

static int be_reached(void)
{
	const struct ip_mreq membership = {
		.imr_multiaddr.s_addr = inet_addr(GROUP),
		.imr_interface.s_addr = htonl(INADDR_LOOPBACK),
	};
	int link = make_socket();

	must(setsockopt(link, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)),
	     "setsockopt");
	must(bind(link, (struct sockaddr *)&group, sizeof(group)), "bind");
	ready();
	return link;
}

static void put(int link, int number, int item, const struct sockaddr_in *receiver)
{
	struct packet packet = { htonl(number), htonl(item) };

	whole(sendto(link, &packet, sizeof(packet), 0, (struct sockaddr *)receiver,
		     sizeof(*receiver)),
	      sizeof(packet), "sendto");
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
	int tries, reply;

	for (tries = 0; tries < TRIES; tries++) {
		put(link, number, item, &group);
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

void multicast_produce(pid_t reader, int count)
{
	int link = reach();
	int i;

	(void)reader;
	for (i = 0; i < count; i++)
		exchange(link, i, make_item(i));
}

void multicast_consume(int count)
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

void multicast_request(pid_t server, int count)
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
void multicast_serve(int count)
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
