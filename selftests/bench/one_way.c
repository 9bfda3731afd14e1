// SPDX-License-Identifier: GPL-2.0
/*
 * Messages one way: a process sends without end, another receives without end, both blocking.
 * What is told is the time of the receiver divided by the messages that it got: all that a
 * message costs, on both sides.
 *
 * Small messages go through a deep queue: the processes are of SCHED_BATCH, which lets those
 * finish that wake one, so that the sender fills the queue before the receiver drains it.
 * Otherwise who is woken may run at once, and whether it does changes with time, from message
 * to message or not at all; one_way_sched_other tells what came of it. Large messages are
 * passed to a receiver that waits, as it comes.
 */
#include "bench.h"

#define LARGE 65536

/* Send, or receive: how many messages. */
typedef unsigned int (*turn_t)(const struct mechanism *mechanism, struct way *way);

static unsigned int send_one(const struct mechanism *mechanism, struct way *way)
{
	bench_fill(way->bytes, way->size);
	mechanism->send(way);
	return 1;
}

static unsigned int receive_one(const struct mechanism *mechanism, struct way *way)
{
	mechanism->receive(way);
	bench_sum(way->place, way->size);
	return 1;
}

static unsigned int send_batch(const struct mechanism *mechanism, struct way *way)
{
	bench_fill(way->bytes, BATCH * way->size);
	mechanism->send_batch(way);
	return BATCH;
}

static unsigned int receive_batch(const struct mechanism *mechanism, struct way *way)
{
	unsigned int count = mechanism->receive_batch(way);

	bench_sum(way->place, count * way->size);
	return count;
}

static void prefer_throughput(void)
{
	const struct sched_param param = {};

	CHECK(!sched_setscheduler(0, SCHED_BATCH, &param));
}

/* The calling process receives; the sender. */
static pid_t begin(struct way *way, const struct mechanism *mechanism, size_t size, turn_t send,
		   turn_t receive)
{
	uint64_t start;
	pid_t sender;

	bench_way_open(way, mechanism, size);
	way->receiver = getpid();
	if (mechanism->begin)
		mechanism->begin(way);
	sender = child_fork();
	if (!sender)
		for (;;)
			send(mechanism, way);
	start = now();
	while (!bench_is_warm(start))
		receive(mechanism, way);
	return sender;
}

static void end(struct way *way, const struct mechanism *mechanism, pid_t sender)
{
	child_kill(sender);
	bench_way_close(way, mechanism);
}

static double stream(const struct mechanism *mechanism, size_t size, turn_t send, turn_t receive)
{
	/* The queue is filled and drained so often that where it begins hardly matters. */
	unsigned int rounds = 4 * bench_rounds(size), count;
	struct way way;
	pid_t sender = begin(&way, mechanism, size, send, receive);
	uint64_t start = now();
	double value;

	for (count = 0; count < rounds;)
		count += receive(mechanism, &way);
	value = (double)(now() - start) / count;
	end(&way, mechanism, sender);
	return value;
}

static void profile(const struct mechanism *mechanism, size_t size, unsigned int rounds,
		    turn_t send, turn_t receive)
{
	struct way way;
	pid_t sender = begin(&way, mechanism, size, send, receive);

	fprintf(stderr, "# ready\n");
	while (rounds--)
		receive(mechanism, &way);
	end(&way, mechanism, sender);
}

void bench_profile_one_way(const struct mechanism *mechanism, size_t size, unsigned int rounds)
{
	profile(mechanism, size, rounds, send_one, receive_one);
}

void bench_profile_batch(const struct mechanism *mechanism, unsigned int rounds)
{
	prefer_throughput();
	profile(mechanism, 64, rounds, send_batch, receive_batch);
}

static void measure(const struct mechanism *mechanism, size_t size)
{
	if (size < LARGE)
		prefer_throughput();
	bench_report("one_way", mechanism->name, size,
		     stream(mechanism, size, send_one, receive_one), "instructions");
}

static void measure_other(const struct mechanism *mechanism, size_t size)
{
	bench_report("one_way_sched_other", mechanism->name, size,
		     stream(mechanism, size, send_one, receive_one), "instructions");
}

static void measure_batch(const struct mechanism *mechanism, size_t size)
{
	prefer_throughput();
	bench_report("one_way_batch", mechanism->name, size,
		     stream(mechanism, size, send_batch, receive_batch), "instructions");
}

void bench_one_way(void)
{
	const struct mechanism *const *mechanism;
	const size_t *size;

	for (size = bench_sizes; *size; size++) {
		for (mechanism = bench_mechanisms; *mechanism; mechanism++) {
			if (!bench_fits(*mechanism, *size) || !(*mechanism)->one_way)
				continue;
			bench_apart(measure, *mechanism, *size);
			if (*size == 64)
				bench_apart(measure_other, *mechanism, *size);
		}
	}
}

void bench_one_way_batch(void)
{
	const struct mechanism *const *mechanism;

	for (mechanism = bench_mechanisms; *mechanism; mechanism++)
		if (bench_fits(*mechanism, 64) && (*mechanism)->send_batch)
			bench_apart(measure_batch, *mechanism, 64);
}
