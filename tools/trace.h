/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracing the module as it runs.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdint.h>

struct event;

/**
 * struct trace - what to trace, and for whom
 * @events: bits by enum event_kind; 0: all
 * @buffer: bytes on each CPU for events that are not read yet; 0: as the kernel has it
 * @command: run it, and trace until it ends; NULL: until a signal
 * @begin: called when events are recorded; what the command does comes later
 * @take: called with each event, which it takes over, in the order of time
 * @context: for both
 *
 * What the two return ends the tracing unless it is DONE.
 */
struct trace {
	uint64_t events;
	uint64_t buffer;
	char **command;
	int (*begin)(void *context);
	int (*take)(void *context, struct event *event);
	void *context;
};

/*
 * Returns an exit code, said why: that of the command if there is one. However
 * this process ends, nothing is left in tracefs.
 */
int trace_live(const struct trace *trace);

#endif /* TRACE_H */
