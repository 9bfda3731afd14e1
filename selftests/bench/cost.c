// SPDX-License-Identifier: GPL-2.0
/*
 * What one turn of something costs.
 */
#include "bench.h"

#define WARM  50000000 /* nanoseconds: instructions until the scheduler is used to it */
#define PARTS 32

bool bench_is_warm(uint64_t since)
{
	return now() - since > (bench_quick ? WARM / 10 : WARM);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *values, unsigned int count)
{
	qsort(values, count, sizeof(*values), ascending);
	return values[count / 2];
}

double bench_cost(void (*turn)(void *argument), void *argument, unsigned int rounds)
{
	unsigned int each = rounds > PARTS ? rounds / PARTS : 1, part, i;
	uint64_t start = now();
	double cost[PARTS];

	while (!bench_is_warm(start))
		turn(argument);
	for (part = 0; part < PARTS; part++) {
		start = now();
		for (i = 0; i < each; i++)
			turn(argument);
		cost[part] = (double)(now() - start) / each;
	}
	return bench_median(cost, PARTS);
}

static void report_with(const char *what, unsigned int number, const char *mechanism, size_t size,
			double value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%u", what, number);
	bench_report(name, mechanism, size, value, "instructions");
}

void bench_compare(const char *what, const char *mechanism, size_t size,
		   double (*measure)(unsigned int much), unsigned int little, unsigned int much)
{
	double first = measure(little), second = measure(much);

	report_with(what, little, mechanism, size, first);
	report_with(what, much, mechanism, size, second);
	bench_report(what, mechanism, size, second / first, "ratio");
}
