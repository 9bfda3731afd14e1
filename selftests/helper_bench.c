// SPDX-License-Identifier: GPL-2.0
/*
 * helper_bench [-q] [-d DEPTH] [-m MECHANISM] CASE...: what messages cost, by msgpass and by
 * what Linux has beside it. Prints lines of "case mechanism size value unit"; docs/bench.rst
 * tells what they mean. -q does it shortly, -d is for queues of so many messages, not 256.
 *
 * helper_bench -p ROUNDS -m MECHANISM: round trips of 64 bytes and nothing else. With -s SIZE:
 * messages of that size one way. With -b: batches of 64 bytes one way.
 */
#include "msgpass_test.h"

#include "bench/bench.h"

static const struct {
	const char *name;
	void (*measure)(void);
} cases[] = {
	{ "floors", bench_floors },
	{ "round_trip", bench_round_trip },
	{ "one_way", bench_one_way },
	{ "one_way_batch", bench_one_way_batch },
	{ "selection", bench_selection },
	{ "wakeup", bench_wakeup },
	{ "broadcast", bench_broadcast },
	{ "memory", bench_memory },
	{ "growth", bench_growth },
	{ "smp_share", bench_smp_share },
	{ "smp_round_trip", bench_smp_round_trip },
	{ "smp_round_trip_spin", bench_smp_round_trip_spin },
};

static void profile(const char *name, size_t size, bool batch, unsigned int rounds)
{
	const struct mechanism *const *mechanism = bench_mechanisms;

	while (*mechanism && strcmp((*mechanism)->name, name))
		mechanism++;
	CHECK(*mechanism);
	if (batch)
		bench_profile_batch(*mechanism, rounds);
	else if (size)
		bench_profile_one_way(*mechanism, size, rounds);
	else
		bench_profile(*mechanism, rounds);
}

static bool measure(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (strcmp(cases[i].name, name))
			continue;
		cases[i].measure();
		return true;
	}
	fprintf(stderr, "there is no case %s\n", name);
	return false;
}

int main(int argc, char **argv)
{
	const char *mechanism = NULL;
	unsigned int rounds = 0;
	bool quick = false, batch = false;
	size_t size = 0;
	int option;

	while ((option = getopt(argc, argv, "qbd:m:p:s:")) != -1) {
		switch (option) {
		case 'q':
			quick = true;
			break;
		case 'b':
			batch = true;
			break;
		case 'd':
			bench_deepest = atoi(optarg);
			break;
		case 'm':
			mechanism = optarg;
			break;
		case 'p':
			rounds = atoi(optarg);
			break;
		case 's':
			size = strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	bench_begin(quick, mechanism);
	if (rounds && mechanism)
		profile(mechanism, size, batch, rounds);
	for (; optind < argc; optind++)
		if (!measure(argv[optind]))
			return 2;
	return 0;
}
