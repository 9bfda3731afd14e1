// SPDX-License-Identifier: GPL-2.0
/*
 * To send one message to 64 who receive: one broadcast, or one send to each. Only the sending
 * is measured; each of them receives one message in both.
 */
#include "bench.h"

#define ROUNDS	    64
#define SUBSCRIBERS 64

static int boxes[SUBSCRIBERS];

/* Of @sends messages, after which each of the boxes has one. */
static double cost(unsigned int sends)
{
	uint64_t words[8], place[8], start, spent = 0;
	unsigned int round, i;

	for (round = 0; round < 2 * ROUNDS; round++) {
		start = now();
		for (i = 0; i < sends; i++) {
			bench_fill(words, sizeof(words));
			CHECK(!SEND(boxes[i], BYTES(words, sizeof(words))));
		}
		if (round >= ROUNDS)
			spent += now() - start;
		for (i = 0; i < SUBSCRIBERS; i++)
			CHECK(!RECEIVE(boxes[i], NULL, .flags = MSGPASS_NONBLOCK,
				       BYTES(place, sizeof(place))));
	}
	return (double)spent / ROUNDS;
}

static double send_to_all(unsigned int sends)
{
	uint32_t flags = OPEN_NEW | (sends == 1 ? MSGPASS_OPEN_BROADCAST : 0);
	int device = device_open();
	unsigned int i;
	double value;

	for (i = 0; i < SUBSCRIBERS; i++) {
		boxes[i] = MAILBOX_OPEN(device, sends == 1 ? "bench-all" : "", flags);
		CHECK(boxes[i] >= 0);
	}
	value = cost(sends);
	for (i = 0; i < SUBSCRIBERS; i++)
		close(boxes[i]);
	return value;
}

static void measure(const struct mechanism *mechanism, size_t size)
{
	CHECK(!unshare(CLONE_NEWNET));
	bench_compare("growth_broadcast", mechanism->name, size, send_to_all, SUBSCRIBERS, 1);
}

void bench_broadcast(void)
{
	bench_apart(measure, &bench_msgpass_mailbox, 64);
}
