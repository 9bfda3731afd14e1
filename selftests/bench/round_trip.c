// SPDX-License-Identifier: GPL-2.0
/*
 * Round trips: a request of so many bytes and an answer as long, between two processes that
 * share a CPU.
 */
#include "exchange.h"

static void measure(const struct mechanism *mechanism, size_t size)
{
	struct exchange exchange = { .mechanism = mechanism };

	exchange_begin(&exchange, size);
	bench_report("round_trip", mechanism->name, size,
		     bench_cost(exchange_turn, &exchange, bench_rounds(size)), "instructions");
	exchange_end(&exchange);
}

void bench_round_trip(void)
{
	const struct mechanism *const *mechanism;
	const size_t *size;

	for (size = bench_sizes; *size; size++)
		for (mechanism = bench_mechanisms; *mechanism; mechanism++)
			if (bench_fits(*mechanism, *size))
				bench_apart(measure, *mechanism, *size);
}

void bench_profile(const struct mechanism *mechanism, unsigned int rounds)
{
	struct exchange exchange = { .mechanism = mechanism };
	size_t size = mechanism->largest ? mechanism->largest : 64;
	uint64_t start;

	exchange_begin(&exchange, size);
	start = now();
	while (!bench_is_warm(start))
		exchange_turn(&exchange);
	fprintf(stderr, "# ready\n");
	while (rounds--)
		exchange_turn(&exchange);
	exchange_end(&exchange);
}
