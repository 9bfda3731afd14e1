// SPDX-License-Identifier: GPL-2.0
/*
 * What no mechanism could go below: parts of what all have to do, alone.
 */
#include "bench.h"

/* To write a message and to read one, which is in all figures. */
static void touch(void *argument)
{
	struct way *way = argument;

	bench_fill(way->bytes, way->size);
	bench_sum(way->place, way->size);
}

static void copy(void *argument)
{
	struct way *way = argument;

	bench_fill(way->bytes, way->size);
	memcpy(way->place, way->bytes, way->size);
	bench_sum(way->place, way->size);
}

/* From the memory of a process that does nothing, so that nobody tells anybody to begin. */
static void read_of_other(void *argument)
{
	struct way *way = argument;
	struct iovec here = { way->place, way->size }, there = { way->bytes, way->size };

	bench_fill(way->bytes, way->size);
	CHECK(process_vm_readv(way->receiver, &here, 1, &there, 1, 0) == (ssize_t)way->size);
	bench_sum(way->place, way->size);
}

/* In and out of the module: a number that is no ioctl of it, ENOTTY. */
static void null_ioctl(struct way *way)
{
	CHECK(ioctl(way->out, _IO(MSGPASS_IOC_MAGIC, 255), 0) == -1 && errno == ENOTTY);
}

static void call_null_ioctl(void *argument)
{
	null_ioctl(argument);
}

static void open_device(struct way *way)
{
	way->in = device_open();
	way->out = way->in;
	CHECK(way->in >= 0);
}

/* As if it passed messages: no more than to ask for it, on both sides. */
const struct mechanism bench_null_ioctl = {
	.name = "null_ioctl",
	.open = open_device,
	.send = null_ioctl,
	.receive = null_ioctl,
};

static void report(const char *mechanism, void (*turn)(void *argument), struct way *way, size_t size)
{
	bench_report("one_way", mechanism, size, bench_cost(turn, way, bench_rounds(way->size)),
		     "instructions");
}

static void measure(const struct mechanism *none, size_t size)
{
	struct way way = { .size = size, .out = device_open() };

	(void)none;
	way.place = malloc(size);
	way.bytes = shared(size);
	CHECK(way.place && way.bytes);
	way.receiver = child_fork();
	if (!way.receiver) {
		/* Its pages are there. */
		bench_fill(way.bytes, size);
		for (;;)
			pause();
	}
	if (size == 8) {
		report("null_ioctl", call_null_ioctl, &way, 0);
	} else {
		report("touch", touch, &way, size);
		report("memcpy", copy, &way, size);
		report("process_vm_readv", read_of_other, &way, size);
	}
	child_kill(way.receiver);
}

void bench_floors(void)
{
	const size_t *size;

	for (size = bench_sizes; *size; size++)
		bench_apart(measure, NULL, *size);
}
