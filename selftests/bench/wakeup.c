// SPDX-License-Identifier: GPL-2.0
/*
 * To wake one of many processes that wait to receive from one mailbox: from the send until all
 * that it set going is at rest again, so that none is woken for nothing unseen.
 */
#include "bench.h"
#include "crowd.h"

#define ROUNDS 1024

static unsigned int served;

static int receive_for_ever(void *argument)
{
	int box = *(int *)argument;
	uint64_t place[8];

	for (;;) {
		CHECK(!RECEIVE(box, NULL, BYTES(place, sizeof(place))));
		bench_sum(place, sizeof(place));
		__atomic_add_fetch(&served, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

static void wake_one(void *argument)
{
	unsigned int before = __atomic_load_n(&served, __ATOMIC_RELAXED);
	uint64_t words[8];

	bench_fill(words, sizeof(words));
	CHECK(!SEND(*(int *)argument, BYTES(words, sizeof(words))));
	while (__atomic_load_n(&served, __ATOMIC_RELAXED) == before)
		sched_yield();
}

static double wake_among(unsigned int receivers)
{
	int device = device_open(), box = mailbox_new(device);
	struct crowd *crowd = crowd_new(receivers, receive_for_ever, &box);
	double value;

	CHECK(wait_until(mailbox_counts(box).receivers_waiting == receivers));
	value = bench_cost(wake_one, &box, ROUNDS);
	crowd_end(crowd);
	return value;
}

static void measure(const struct mechanism *mechanism, size_t size)
{
	bench_compare("growth_receivers", mechanism->name, size, wake_among, 1,
		      bench_quick ? 100 : 1000);
}

void bench_wakeup(void)
{
	bench_apart(measure, &bench_msgpass_mailbox, 64);
}
