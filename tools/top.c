// SPDX-License-Identifier: GPL-2.0
/*
 * top: samples, rates, and the table as plain text.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"
#include "target.h"
#include "text.h"
#include "top.h"
#include "verbs.h"

#define INTERVAL_NS 1000000000ULL

const char *const sort_names[SORT_COUNT] = { "rate", "queued", "age", "waiting", "name" };

static struct top_row *add_row(struct top *top)
{
	struct top_row *rows = top->rows;

	/* powers of two */
	if (!(top->count & (top->count - 1))) {
		rows = reallocarray(rows, top->count ? 2 * top->count : 1, sizeof(*rows));
		if (!rows)
			return NULL;
		top->rows = rows;
	}
	rows[top->count] = (struct top_row){ 0 };
	return &rows[top->count++];
}

/* What all three have under the same names. */
#define FILL(row, status)                                                                          \
	do {                                                                                       \
		(row)->sent = (status)->sent;                                                      \
		(row)->received = (status)->received;                                              \
		(row)->queued = (status)->queued;                                                  \
		(row)->receivers = (status)->receivers_waiting;                                    \
		(row)->senders = (status)->senders_waiting;                                        \
	} while (0)

static void fill_counters(struct top_row *row, const struct msgpass_counters *counters,
			  uint64_t now_ns)
{
	row->bytes = counters->sent_bytes;
	if (counters->oldest_ns && counters->oldest_ns < now_ns)
		row->age = (now_ns - counters->oldest_ns) / 1e9;
}

static int sample_mailboxes(struct top *top)
{
	struct msgpass_mailbox_status status = { 0 };
	struct msgpass_counters counters;
	int ret;

	while ((ret = msgpass_mailbox_next_with(top->device, &status, &counters)) > 0) {
		struct top_row *row = add_row(top);

		if (!row)
			return -ENOMEM;
		row->kind = "box";
		row->id = status.id;
		FILL(row, &status);
		fill_counters(row, &counters, top->time_ns);
		snprintf(row->name, sizeof(row->name), "%s", text_shown(status.name));
	}
	return ret;
}

static int sample_inboxes(struct top *top)
{
	struct msgpass_inbox_status status = { 0 };
	struct msgpass_counters counters;
	int ret;

	while ((ret = msgpass_inbox_next_with(top->device, &status, &counters)) > 0) {
		struct top_row *row = add_row(top);

		if (!row)
			return -ENOMEM;
		row->kind = "inbox";
		row->id = status.peer;
		FILL(row, &status);
		fill_counters(row, &counters, top->time_ns);
		snprintf(row->name, sizeof(row->name), "%d", status.pid);
	}
	return ret;
}

static int sample_links(struct top *top)
{
	struct msgpass_link_status status = { 0 };
	struct msgpass_counters counters;
	int ret;

	while ((ret = msgpass_link_next_with(top->device, &status, &counters)) > 0) {
		struct top_row *row = add_row(top);

		if (!row)
			return -ENOMEM;
		row->kind = "link";
		row->id = status.to_peer;
		row->other = status.from_peer;
		FILL(row, &status);
		fill_counters(row, &counters, top->time_ns);
		snprintf(row->name, sizeof(row->name), "%d->%d", status.from_pid, status.to_pid);
	}
	return ret;
}

/* Kinds are of the same three strings. */
static int compare_identity(const void *a, const void *b)
{
	const struct top_row *one = a, *other = b;
	int order = strcmp(one->kind, other->kind);

	if (order)
		return order;
	if (one->id != other->id)
		return one->id < other->id ? -1 : 1;
	return one->other < other->other ? -1 : one->other > other->other;
}

/* What was not there before has no rate yet. */
static void find_rates(struct top *top, struct top_row *before, size_t count, double seconds)
{
	qsort(before, count, sizeof(*before), compare_identity);
	for (size_t i = 0; i < top->count; i++) {
		struct top_row *row = &top->rows[i];
		const struct top_row *old =
			bsearch(row, before, count, sizeof(*before), compare_identity);

		if (!old || seconds <= 0)
			continue;
		row->sent_rate = (row->sent - old->sent) / seconds;
		row->received_rate = (row->received - old->received) / seconds;
		row->bytes_rate = (row->bytes - old->bytes) / seconds;
	}
}

int top_sample(struct top *top)
{
	struct top_row *before = top->rows;
	uint64_t before_ns = top->time_ns;
	size_t count = top->count;
	int ret;

	top->rows = NULL;
	top->count = 0;
	top->time_ns = msgpass_deadline(0);
	ret = sample_mailboxes(top);
	if (ret >= 0)
		ret = sample_inboxes(top);
	if (ret >= 0)
		ret = sample_links(top);
	if (ret >= 0 && before)
		find_rates(top, before, count, (top->time_ns - before_ns) / 1e9);
	free(before);
	top_sort(top);
	return ret;
}

static double sort_value(const struct top_row *row, enum sort_by sort)
{
	switch (sort) {
	case SORT_BY_RATE:
		return row->sent_rate + row->received_rate;
	case SORT_BY_QUEUED:
		return row->queued;
	case SORT_BY_AGE:
		return row->age;
	case SORT_BY_WAITING:
		return row->receivers + row->senders;
	default:
		return 0;
	}
}

/* The highest first, and among equals by name. */
static int compare_rows(const void *a, const void *b, void *sort)
{
	double one = sort_value(a, *(enum sort_by *)sort);
	double other = sort_value(b, *(enum sort_by *)sort);
	int order;

	if (one != other)
		return one > other ? -1 : 1;
	order = strcmp(((const struct top_row *)a)->kind, ((const struct top_row *)b)->kind);
	return order ? order :
		       strverscmp(((const struct top_row *)a)->name,
				  ((const struct top_row *)b)->name);
}

void top_sort(struct top *top)
{
	if (top->count)
		qsort_r(top->rows, top->count, sizeof(*top->rows), compare_rows, &top->sort);
}

void top_heading(char line[TOP_LINE])
{
	snprintf(line, TOP_LINE, "%-5s %9s %9s %11s %8s %6s %5s %8s  %s", "KIND", "SENT/s",
		 "RECV/s", "BYTES/s", "QUEUED", "RECVRS", "SNDRS", "OLDEST", "NAME");
}

void top_line(const struct top_row *row, char line[TOP_LINE])
{
	snprintf(line, TOP_LINE,
		 "%-5s %9.0f %9.0f %11.0f %8" PRIu64 " %6" PRIu64 " %5" PRIu64 " %7.1fs  %s",
		 row->kind, row->sent_rate, row->received_rate, row->bytes_rate, row->queued,
		 row->receivers, row->senders, row->age, row->name);
}

void top_summary(const struct top *top, char line[TOP_LINE])
{
	time_t now = time(NULL);
	char text[16];

	strftime(text, sizeof(text), "%H:%M:%S", localtime(&now));
	snprintf(line, TOP_LINE, "msgpass top - %s, %zu there, sorted by %s", text, top->count,
		 sort_names[top->sort]);
}

static void print_sample(const struct top *top)
{
	char line[TOP_LINE];

	top_summary(top, line);
	puts(line);
	top_heading(line);
	puts(line);
	for (size_t i = 0; i < top->count; i++) {
		top_line(&top->rows[i], line);
		puts(line);
	}
	putchar('\n');
	fflush(stdout);
}

static int fail_to_sample(int error)
{
	return fail_with(&(struct target){ .kind = TARGET_ANYONE, .text = "what there is" },
			 TO_STAT, error);
}

static void sleep_for(uint64_t interval_ns)
{
	struct timespec time = {
		.tv_sec = interval_ns / 1000000000,
		.tv_nsec = interval_ns % 1000000000,
	};

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

/* Each sample is of an interval, the first too. */
static int print_samples(struct top *top, const struct options *options)
{
	int ret = top_sample(top);

	for (uint64_t i = 0; ret >= 0 && (!options->count || i < options->count); i++) {
		sleep_for(options->interval_ns ? options->interval_ns : INTERVAL_NS);
		ret = top_sample(top);
		if (ret >= 0)
			print_sample(top);
		if (ferror(stdout))
			break;
	}
	return ret < 0 ? fail_to_sample(ret) : DONE;
}

static bool find_sort(enum sort_by *sort, const char *name)
{
	for (int i = 0; i < SORT_COUNT; i++) {
		*sort = i;
		if (!strcmp(name, sort_names[i]))
			return true;
	}
	return false;
}

int show_top(const struct options *options)
{
	struct top top = { .sort = SORT_BY_RATE };
	int ret;

	if (options->operand_count)
		return fail_usage(options, "it takes no operand");
	if (options->sort && !find_sort(&top.sort, options->sort))
		return fail_usage(options, "--sort takes rate, queued, age, waiting or name");
	ret = target_open_device(&top.device);
	if (ret)
		return ret;
	return options->batch ? print_samples(&top, options) : top_on_screen(&top, options);
}
