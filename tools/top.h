/* SPDX-License-Identifier: GPL-2.0 */
/*
 * top: what mailboxes, inboxes and links do, per second; the table, which is
 * printed or shown on a screen.
 */
#ifndef TOP_H
#define TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

enum sort_by {
	SORT_BY_RATE,
	SORT_BY_QUEUED,
	SORT_BY_AGE,
	SORT_BY_WAITING,
	SORT_BY_NAME,
	SORT_COUNT,
};

extern const char *const sort_names[SORT_COUNT];

/**
 * struct top_row - a mailbox, an inbox or a link
 * @kind: "box", "inbox" or "link"
 * @id: with @other what it is, as long as it is there: number or peer ids
 * @other: of a link its sender, else 0
 * @name: what people call it
 * @sent: messages ever sent
 * @received: messages ever received
 * @bytes: bytes ever sent
 * @sent_rate: messages sent per second, since the sample before
 * @received_rate: received
 * @bytes_rate: bytes sent
 * @queued: messages queued now
 * @receivers: threads that wait to receive
 * @senders: threads that wait for room
 * @age: of the oldest message queued, in seconds; 0: none is
 */
struct top_row {
	const char *kind;
	uint64_t id;
	uint64_t other;
	char name[72];
	uint64_t sent;
	uint64_t received;
	uint64_t bytes;
	double sent_rate;
	double received_rate;
	double bytes_rate;
	uint64_t queued;
	uint64_t receivers;
	uint64_t senders;
	double age;
};

/**
 * struct top - the sample that is shown
 * @device: where to ask
 * @sort: by what it is sorted
 * @rows: of the sample
 * @count: how many
 * @time_ns: when it was taken
 */
struct top {
	int device;
	enum sort_by sort;
	struct top_row *rows;
	size_t count;
	uint64_t time_ns;
};

#define TOP_LINE 192 /* longest line */

/* Take the next sample, with rates since the last: 0 or an error below 0. */
int top_sample(struct top *top);
void top_sort(struct top *top);
void top_heading(char line[TOP_LINE]);
void top_line(const struct top_row *row, char line[TOP_LINE]);
void top_summary(const struct top *top, char line[TOP_LINE]);

/* On the terminal, until the user has seen enough; the exit code. */
int top_on_screen(struct top *top, const struct options *options);

#endif /* TOP_H */
