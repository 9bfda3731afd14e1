// SPDX-License-Identifier: GPL-2.0
#include "exchange.h"

static void stay_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK(!sched_setaffinity(0, sizeof(set), &set));
}

static void receive(struct exchange *exchange, struct way *way)
{
	if (exchange->spin && exchange->mechanism->look)
		while (!exchange->mechanism->look(way))
			;
	else
		exchange->mechanism->receive(way);
}

void exchange_turn(void *argument)
{
	struct exchange *exchange = argument;
	const struct mechanism *mechanism = exchange->mechanism;
	struct way *there = &exchange->there, *back = &exchange->back;

	bench_fill(there->bytes, there->size);
	if (mechanism->ask) {
		mechanism->ask(there, back);
	} else {
		mechanism->send(there);
		receive(exchange, back);
	}
	bench_sum(back->place, back->size);
}

static void answer(struct exchange *exchange)
{
	const struct mechanism *mechanism = exchange->mechanism;
	struct way *there = &exchange->there, *back = &exchange->back;

	bench_sum(there->place, there->size);
	bench_fill(back->bytes, back->size);
	if (mechanism->answer) {
		mechanism->answer(there, back);
	} else {
		mechanism->send(back);
		receive(exchange, there);
	}
}

static void serve(struct exchange *exchange)
{
	if (exchange->apart)
		stay_on(1);
	if (exchange->mechanism->begin)
		exchange->mechanism->begin(&exchange->there);
	receive(exchange, &exchange->there);
	for (;;)
		answer(exchange);
}

void exchange_begin(struct exchange *exchange, size_t size)
{
	const struct mechanism *mechanism = exchange->mechanism;

	bench_way_open(&exchange->there, mechanism, size);
	bench_way_open(&exchange->back, mechanism, size);
	if (exchange->spin && mechanism->spin) {
		mechanism->spin(&exchange->there);
		mechanism->spin(&exchange->back);
	}
	if (exchange->apart)
		stay_on(0);
	exchange->back.receiver = getpid();
	if (mechanism->begin)
		mechanism->begin(&exchange->back);
	exchange->there.receiver = child_fork();
	if (!exchange->there.receiver)
		serve(exchange);
}

void exchange_end(struct exchange *exchange)
{
	child_kill(exchange->there.receiver);
	bench_way_close(&exchange->there, exchange->mechanism);
	bench_way_close(&exchange->back, exchange->mechanism);
}
