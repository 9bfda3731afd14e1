// SPDX-License-Identifier: GPL-2.0
/*
 * Two CPUs, by the clock on the wall. Such a time is noisy: all mechanisms take turns, again
 * and again, and the median of each is told.
 */
#include <stdatomic.h>

#include "exchange.h"

#define TURNS 11
#define SIDES 2 /* so many senders, and so many receivers */

static unsigned int messages(void)
{
	return bench_quick ? 1000 : 10000;
}

/* Shared by all who take part. */
struct meeting {
	atomic_uint ready;
	atomic_bool begun;
	atomic_uint received;
};

static void take_part(struct meeting *meeting)
{
	atomic_fetch_add(&meeting->ready, 1);
	while (!atomic_load(&meeting->begun))
		sched_yield();
}

/* When all are there: now. */
static uint64_t begin(struct meeting *meeting, unsigned int count)
{
	uint64_t start;

	while (atomic_load(&meeting->ready) < count)
		sched_yield();
	start = now();
	atomic_store(&meeting->begun, true);
	return start;
}

static void send_all(const struct mechanism *mechanism, struct way *way)
{
	unsigned int i;

	for (i = 0; i < messages(); i++) {
		bench_fill(way->bytes, way->size);
		mechanism->send(way);
	}
	_exit(0);
}

static void receive_all(const struct mechanism *mechanism, struct way *way)
{
	unsigned int i;

	for (i = 0; i < messages(); i++) {
		mechanism->receive(way);
		bench_sum(way->place, way->size);
	}
	_exit(0);
}

/* Two senders and two receivers of one queue: nanoseconds of a message. */
static double share(const struct mechanism *mechanism, size_t size)
{
	struct meeting *meeting = shared(sizeof(*meeting));
	pid_t senders[SIDES], receivers[SIDES];
	struct way way;
	uint64_t start, end;
	unsigned int i;

	bench_way_open(&way, mechanism, size);
	for (i = 0; i < SIDES; i++) {
		receivers[i] = child_fork();
		if (!receivers[i]) {
			take_part(meeting);
			receive_all(mechanism, &way);
		}
		senders[i] = child_fork();
		if (!senders[i]) {
			take_part(meeting);
			send_all(mechanism, &way);
		}
	}
	start = begin(meeting, 2 * SIDES);
	for (i = 0; i < SIDES; i++)
		CHECK(!child_status(senders[i]) && !child_status(receivers[i]));
	end = now();
	bench_way_close(&way, mechanism);
	munmap(meeting, sizeof(*meeting));
	return (double)(end - start) / (SIDES * messages());
}

/* A whole number of batches; in less time than the others, there are more. */
static unsigned int batched(void)
{
	return 8 * messages() / BATCH * BATCH;
}

static void send_batches(const struct mechanism *mechanism, struct way *way)
{
	unsigned int i;

	for (i = 0; i < batched(); i += BATCH) {
		bench_fill(way->bytes, BATCH * way->size);
		mechanism->send_batch(way);
	}
	_exit(0);
}

/* Who gets the last of all ends: a batch may be of less, so nobody knows its share. */
static void receive_batches(const struct mechanism *mechanism, struct way *way,
			    struct meeting *meeting)
{
	unsigned int count;

	do {
		count = mechanism->receive_batch(way);
		bench_sum(way->place, count * way->size);
	} while (atomic_fetch_add(&meeting->received, count) + count < SIDES * batched());
	_exit(0);
}

/* The same in batches. */
static double share_batches(const struct mechanism *mechanism, size_t size)
{
	struct meeting *meeting = shared(sizeof(*meeting));
	pid_t senders[SIDES], receivers[SIDES], last;
	struct way way;
	uint64_t start, end;
	unsigned int i;
	int status;

	bench_way_open(&way, mechanism, size);
	for (i = 0; i < SIDES; i++) {
		receivers[i] = child_fork();
		if (!receivers[i]) {
			take_part(meeting);
			receive_batches(mechanism, &way, meeting);
		}
		senders[i] = child_fork();
		if (!senders[i]) {
			take_part(meeting);
			send_batches(mechanism, &way);
		}
	}
	start = begin(meeting, 2 * SIDES);
	for (i = 0; i < SIDES; i++)
		CHECK(!child_status(senders[i]));
	last = wait(&status);
	end = now();
	CHECK(last > 0 && !status);
	for (i = 0; i < SIDES; i++)
		if (receivers[i] != last)
			child_kill(receivers[i]);
	bench_way_close(&way, mechanism);
	munmap(meeting, sizeof(*meeting));
	return (double)(end - start) / (SIDES * batched());
}

/* Nanoseconds of a round trip. */
static double trip(const struct mechanism *mechanism, size_t size, bool spin)
{
	struct exchange exchange = { .mechanism = mechanism, .apart = true, .spin = spin };
	double value;

	exchange_begin(&exchange, size);
	value = bench_cost(exchange_turn, &exchange, messages() / 40);
	exchange_end(&exchange);
	return value;
}

static double asleep(const struct mechanism *mechanism, size_t size)
{
	return trip(mechanism, size, false);
}

static double spinning(const struct mechanism *mechanism, size_t size)
{
	return trip(mechanism, size, true);
}

/* What a process of its own finds. */
static double apart(double (*measure)(const struct mechanism *mechanism, size_t size),
		    const struct mechanism *mechanism, size_t size)
{
	double *value = shared(sizeof(*value)), found;
	pid_t pid = child_fork();

	if (!pid) {
		*value = measure(mechanism, size);
		_exit(0);
	}
	CHECK(!child_status(pid));
	found = *value;
	munmap(value, sizeof(*value));
	return found;
}

/* In turns: an array that NULL ends. */
static void take_turns(const char *what,
		       double (*measure)(const struct mechanism *mechanism, size_t size),
		       const struct mechanism *const *mechanisms)
{
	double values[16][TURNS];
	unsigned int turns = bench_quick ? 3 : TURNS, turn, i;

	for (turn = 0; turn < turns; turn++)
		for (i = 0; mechanisms[i]; i++)
			values[i][turn] = apart(measure, mechanisms[i], 64);
	for (i = 0; mechanisms[i]; i++)
		bench_report(what, mechanisms[i]->name, 64, bench_median(values[i], turns),
			     "nanoseconds");
}

void bench_smp_share(void)
{
	static const struct mechanism *const queues[] = {
		&bench_msgpass_mailbox,
		&bench_posix_mq,
		&bench_sysv_msg,
		&bench_unix_seqpacket,
		&bench_pipe,
		&bench_null_ioctl,
		NULL,
	};
	static const struct mechanism *const in_batches[] = {
		&bench_msgpass_mailbox,
		&bench_unix_seqpacket,
		&bench_pipe,
		NULL,
	};

	take_turns("smp_share", share, queues);
	take_turns("smp_share_batch", share_batches, in_batches);
}

void bench_smp_round_trip(void)
{
	static const struct mechanism *const sleepers[] = {
		&bench_msgpass_direct_call,
		&bench_msgpass_mailbox_call,
		&bench_msgpass_direct,
		&bench_msgpass_mailbox,
		&bench_pipe,
		&bench_unix_seqpacket,
		&bench_posix_mq,
		&bench_sysv_msg,
		&bench_futex_shm,
		NULL,
	};

	take_turns("smp_round_trip", asleep, sleepers);
}

void bench_smp_round_trip_spin(void)
{
	static const struct mechanism *const spinners[] = {
		&bench_msgpass_direct_call,
		&bench_msgpass_mailbox_call,
		&bench_msgpass_direct,
		&bench_msgpass_mailbox,
		&bench_pipe,
		&bench_unix_seqpacket,
		&bench_posix_mq,
		&bench_sysv_msg,
		NULL,
	};

	take_turns("smp_round_trip_spin", spinning, spinners);
}
