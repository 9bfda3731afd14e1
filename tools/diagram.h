/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sequence diagram: what events amount to. Lifelines are processes and
 * mailboxes; steps are what is drawn, one below the other; spans are the steps
 * between which somebody was blocked. The writers know nothing of events.
 */
#ifndef DIAGRAM_H
#define DIAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct event;
struct wait;

/* No lifeline, no step. */
#define NONE SIZE_MAX

/**
 * struct lifeline - a process or a mailbox
 * @mailbox: it is a mailbox
 * @id: pid of the process, port of the mailbox
 * @name: of the mailbox, or what the process's thread was last called
 * @label: for people
 * @deeds: in how many steps it does something
 * @begin: the step before which it was not there
 * @end: the step after which it is no more, or NONE
 */
struct lifeline {
	bool mailbox;
	uint64_t id;
	char *name;
	char *label;
	size_t deeds;
	size_t begin;
	size_t end;
};

enum arrow {
	ARROW_NONE,    /* a note beside @from */
	ARROW_QUEUED,  /* a message into a queue */
	ARROW_MESSAGE, /* a message to who takes it */
	ARROW_REPLY,
	ARROW_LINK, /* no message moves */
};

/**
 * struct step - an arrow or a note
 * @time: in nanoseconds since the first event
 * @arrow: which
 * @from: whose step it is; NONE: everybody's
 * @to: of an arrow
 * @taken: of ARROW_QUEUED into an inbox, the step that takes it out, or NONE
 * @trouble: something failed
 * @label: what it says
 */
struct step {
	uint64_t time;
	enum arrow arrow;
	size_t from;
	size_t to;
	size_t taken;
	bool trouble;
	char *label;
};

/**
 * struct turn - a process is blocked from here on, or no more
 * @step: before which
 * @lifeline: who
 * @blocked: in one of its threads at least
 */
struct turn {
	size_t step;
	size_t lifeline;
	bool blocked;
};

/**
 * struct diagram - all of it; zero it to begin
 * @lifelines: in the order in which they appear
 * @lifeline_count: how many
 * @steps: from the top down
 * @step_count: how many
 * @turns: in the order of their steps, those of a lifeline by turns
 * @turn_count: how many
 * @waits: threads that are blocked so far
 * @wait_count: how many
 * @index: what messages, ports and pids stand for
 * @start: when the first event happened
 */
struct diagram {
	struct lifeline *lifelines;
	size_t lifeline_count;
	struct step *steps;
	size_t step_count;
	struct turn *turns;
	size_t turn_count;

	/* while it is built */
	struct wait *waits;
	size_t wait_count;
	void *index;
	uint64_t start;
};

/* The events in the order in which they happened, then the end. */
void diagram_add(struct diagram *diagram, const struct event *event);
void diagram_finish(struct diagram *diagram);
void diagram_free(struct diagram *diagram);

/*
 * The writers. Text leaves out what a line of so many columns has no room
 * for, and says so.
 */
void diagram_write_text(const struct diagram *diagram, FILE *file, unsigned int columns, bool ascii);
void diagram_write_svg(const struct diagram *diagram, FILE *file);
void diagram_write_mermaid(const struct diagram *diagram, FILE *file);

#endif /* DIAGRAM_H */
