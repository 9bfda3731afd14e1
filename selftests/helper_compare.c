// SPDX-License-Identifier: GPL-2.0
/*
 * helper_compare: how the mechanisms of compare/ differ, as lines of "mechanism, what, value",
 * with tabs between. CPU time is counted in nanoseconds, which are instructions where the
 * clock counts these.
 */
#include "compare/cost.h"
#include "compare/ways.h"

static int failed;

static void tell(const struct mechanism *mechanism, const char *what, const char *value)
{
	printf("%s\t%s\t%s\n", mechanism->name, what, value);
	fflush(stdout);
}

static void tell_number(const struct mechanism *mechanism, const char *what, double number)
{
	char text[32];

	snprintf(text, sizeof(text), "%.2f", number < 0 ? 0 : number);
	tell(mechanism, what, text);
}

static enum job job_now;

static void act(const void *mechanism, int count)
{
	const char *why = job_run(mechanism, job_now, count);

	if (why) {
		printf("# FAILED %s: %s\n", ((const struct mechanism *)mechanism)->name, why);
		failed++;
	}
}

#define FEW  3000
#define MANY 6000

/* Of an item more, so that what is done once does not count. */
static void tell_cost(const struct mechanism *mechanism, enum job job)
{
	static const char *const names[][COUNTS] = {
		{ "produce_calls", "produce_switches", "produce_instructions" },
		{ "request_calls", "request_switches", "request_instructions" },
	};
	uint64_t few[COUNTS], many[COUNTS];
	int i;

	job_now = job;
	cost_of(act, mechanism, FEW, few);
	cost_of(act, mechanism, MANY, many);
	for (i = 0; i < COUNTS; i++)
		tell_number(mechanism, names[job][i], ((double)many[i] - few[i]) / (MANY - FEW));
}

static void tell_way(const struct mechanism *mechanism)
{
	const struct way *way = way_of(mechanism);

	tell(mechanism, "messages", way ? way_messages(way) : "-");
	tell(mechanism, "sender", way ? way_sender(way) : "-");
	if (way && !way->small)
		tell_number(mechanism, "copies_counted", way_cost_of_byte(way) / copy_cost_of_byte());
	else
		tell(mechanism, "copies_counted", "-");
}

static void compare(const struct mechanism *mechanism)
{
	char copies[8];

	tell(mechanism, "title", mechanism->title);
	if (mechanism->why_not) {
		tell(mechanism, "why_not", mechanism->why_not);
		return;
	}
	tell_cost(mechanism, PRODUCE);
	tell_cost(mechanism, REQUEST);
	snprintf(copies, sizeof(copies), "%d", mechanism->copies);
	tell(mechanism, "copies", copies);
	tell(mechanism, "producer", job_death(mechanism, PRODUCE));
	tell(mechanism, "stays", job_left_behind(mechanism) ? "stays" : "-");
	tell(mechanism, "client", job_death(mechanism, REQUEST));
	job_left_behind(mechanism);
	tell(mechanism, "meet", mechanism->meet);
	tell(mechanism, "ways", mechanism->ways);
	tell_way(mechanism);
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < mechanisms_count; i++)
		compare(&mechanisms[i]);
	return failed > 0;
}
