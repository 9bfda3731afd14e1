/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A recording: what the module's tracepoints told, as text, an event a line:
 *
 *	TIME COMM TID EVENT KEY=VALUE...
 *
 * The first line is RECORDING_HEADER; other lines that begin with # are
 * comments. TIME is in seconds, with nine decimals. What is blank, unprintable
 * or a backslash in COMM or a VALUE is \xNN. docs/tracepoints.rst tells the
 * events and their keys; one that is not the module's is "lost count=N", where
 * its buffer overflowed.
 */
#ifndef TRACE_RECORD_H
#define TRACE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define RECORDING_HEADER "# msgpass recording 1"

enum event_kind {
	EVENT_INBOX_NEW,
	EVENT_INBOX_GONE,
	EVENT_LINK_NEW,
	EVENT_LINK_GONE,
	EVENT_MAILBOX_NEW,
	EVENT_MAILBOX_GONE,
	EVENT_SUBSCRIBE,
	EVENT_UNSUBSCRIBE,
	EVENT_SEND,
	EVENT_QUEUE,
	EVENT_FAN_OUT,
	EVENT_HAND_OFF,
	EVENT_WAIT,
	EVENT_WAKE,
	EVENT_RECEIVE,
	EVENT_RESTORE,
	EVENT_CANCEL,
	EVENT_DROP,
	EVENT_CALL,
	EVENT_TAKE,
	EVENT_REPLY,
	EVENT_FORWARD,
	EVENT_CALL_OVER,
	EVENT_FAIL,
	EVENT_LOST,
	EVENT_KINDS,
};

#define EVENT_FIELDS_MAX 16

/**
 * struct event - one of them, read
 * @time: in nanoseconds
 * @comm: name of the acting thread
 * @tid: its id
 * @kind: what happened
 * @count: how many fields there are
 * @fields: the fields
 * @storage: what the pointers point into
 */
struct event {
	uint64_t time;
	const char *comm;
	int tid;
	enum event_kind kind;
	unsigned int count;
	struct {
		const char *key;
		const char *value;
	} fields[EVENT_FIELDS_MAX];
	char *storage;
};

/**
 * struct recording - events in the order in which they happened
 * @events: all of them
 * @count: how many
 * @room: for how many there is memory
 */
struct recording {
	struct event *events;
	size_t count;
	size_t room;
};

const char *event_name(enum event_kind kind);

/* NULL, or 0, where it has no such field. */
const char *event_text(const struct event *event, const char *key);
uint64_t event_number(const struct event *event, const char *key);

/* Write the beginning of a line, then its fields, then a newline. */
void event_begin(FILE *file, uint64_t time, const char *comm, int tid, const char *name);
void event_field(FILE *file, const char *key, const char *value);

/* Read a line. Returns NULL and an event to free, else what is wrong. */
const char *event_parse(struct event *event, const char *line);
void event_free(struct event *event);

/* An option's argument: names of events with commas between; bits by kind. */
const char *parse_events(const char *text, void *field);

/* It takes the event over. Returns an exit code, said why. */
int recording_add(struct recording *recording, struct event *event);
void recording_free(struct recording *recording);

/* Give each event of a file to take(), which takes it over. */
int recording_read(const char *path, int (*take)(void *context, struct event *event), void *context);

#endif /* TRACE_RECORD_H */
