// SPDX-License-Identifier: GPL-2.0
/*
 * compare [NAME...]: the programs of compare/, or some, which do the same with each mechanism.
 * Both jobs come out right, and what becomes of a writer whose reader dies, of messages and of
 * their senders is what compare/mechanisms.c says.
 */
#include "compare/ways.h"

#define ITEMS 200

static void result(const struct mechanism *mechanism, const char *what, const char *why)
{
	if (why)
		printf("# %s\n", why);
	ksft_test_result(!why, "%s: %s\n", mechanism->title, what);
}

static const char *unlike(const char *found, const char *expected)
{
	static char text[400];

	if (!strcmp(found, expected))
		return NULL;
	snprintf(text, sizeof(text), "'%s' and not '%s'", found, expected);
	return text;
}

/* So many results there are of it. */
static int results(const struct mechanism *mechanism)
{
	return way_of(mechanism) ? 7 : 5;
}

static void skip(const struct mechanism *mechanism, const char *why)
{
	int i;

	for (i = 0; i < results(mechanism); i++)
		ksft_test_result_skip("%s: %s\n", mechanism->title, why);
}

static void test_deaths(const struct mechanism *mechanism)
{
	const char *found = job_death(mechanism, PRODUCE);

	result(mechanism, "a producer learns of its consumer's death what is said of it",
	       unlike(found, mechanism->death[PRODUCE]));
	result(mechanism, "what outlives a killed consumer is what is said to",
	       job_left_behind(mechanism) == mechanism->stays ? NULL : "it is not");
	found = job_death(mechanism, REQUEST);
	result(mechanism, "a client learns of its server's death what is said of it",
	       unlike(found, mechanism->death[REQUEST]));
	job_left_behind(mechanism);
}

static void test_way(const struct mechanism *mechanism, const struct way *way)
{
	result(mechanism, "two messages come as one, or do not, as is said of it",
	       unlike(way_messages(way), mechanism->messages));
	result(mechanism, "a receiver is told of the sender what is said of it",
	       unlike(way_sender(way), mechanism->sender));
}

static void test(const struct mechanism *mechanism)
{
	const char *why;

	if (mechanism->why_not) {
		skip(mechanism, mechanism->why_not);
		return;
	}
	why = job_run(mechanism, PRODUCE, ITEMS);
	if (why && job_lacks()) {
		skip(mechanism, job_lacks());
		return;
	}
	result(mechanism, "a producer's items all come to the consumer, in order", why);
	result(mechanism, "a client has each of its questions answered",
	       job_run(mechanism, REQUEST, ITEMS));
	test_deaths(mechanism);
	if (way_of(mechanism))
		test_way(mechanism, way_of(mechanism));
}

static bool is_chosen(const struct mechanism *mechanism, char **names)
{
	if (!*names)
		return true;
	while (*names && strcmp(*names, mechanism->name))
		names++;
	return *names;
}

int main(int argc, char **argv)
{
	unsigned int i, plan = 0;

	(void)argc;
	for (i = 0; i < mechanisms_count; i++)
		if (is_chosen(&mechanisms[i], argv + 1))
			plan += results(&mechanisms[i]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_set_plan(plan);
	for (i = 0; i < mechanisms_count; i++)
		if (is_chosen(&mechanisms[i], argv + 1))
			test(&mechanisms[i]);
	ksft_finished();
}
