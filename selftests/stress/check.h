/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the checker share: the history, sorted by port.
 *
 * Every rule is sound: it accuses only where no order of events that fits the times could
 * have come about in a right kernel. What a rule can't tell, because somebody was killed in
 * the middle, it lets pass.
 */
#ifndef CHECK_H
#define CHECK_H

#include <linux/msgpass.h>

#include "history.h"

/* Records of one port, in the order in which they began. */
struct slice {
	const struct record **at;
	size_t count;
};

struct checker {
	const struct history *history;
	struct findings *findings;
	const struct record **sorted; /* by port, then by start */
	struct slice *slices;	      /* of each port */
	struct slice calls;	      /* OP_CALL's and what gave them up, by call */
};

enum sent { SENT_NO, SENT_MAYBE, SENT_YES };

/* A message that was sent to a port, and what became of it there. */
struct entry {
	const struct record *send;
	const struct record *take; /* the receive, or NULL */
	enum sent sent;
};

struct interval {
	uint64_t from;
	uint64_t to;
};

/* One port, while it is checked. */
struct view {
	struct checker *checker;
	uint16_t number;
	const struct port *port;
	struct slice receives; /* and what else was done to it */
	struct slice sends;    /* of the port that is sent to */
	struct entry *entries; /* by message */
	size_t entry_count;
	struct entry **taken; /* those received, by sequence */
	size_t taken_count;
	uint64_t *latest;      /* of taken[0] to this one, the latest receive's start */
	struct interval *gaps; /* when a receive may have held a message and failed */
	size_t gap_count;
	struct interval closed; /* when that happened; NEVER: it did not */
	struct slice sets;	/* OP_SET's that may have happened */
	bool rendezvous;	/* the capacity was 0 at some time */
	bool lifetimes;		/* messages that expire were sent to it */
};

/* Of a record, and perhaps another that contradicts it; either may be NULL. */
__attribute__((format(printf, 5, 6))) void accuse(struct checker *checker, enum fault fault,
						  const struct record *record,
						  const struct record *other, const char *format,
						  ...);

/* As calloc(), or it ends the program. */
void *zeroed(size_t count, size_t size);
/* When an operation was over at the latest. */
uint64_t over(const struct checker *checker, const struct record *record);
/* Was the message accepted? Of OP_SEND, OP_CALL and OP_FORWARD. */
enum sent was_sent(const struct record *send);

static inline bool is_cancel(const struct record *record)
{
	return record->flags & MSGPASS_CANCEL;
}

static inline bool sends(const struct record *record)
{
	return (record->op == OP_SEND || record->op == OP_CALL || record->op == OP_FORWARD) &&
	       !is_cancel(record);
}

/* Did it receive a message, for good? */
static inline bool takes(const struct record *record)
{
	return record->op == OP_RECEIVE && record->end && !record->result &&
	       !(record->flags & MSGPASS_PEEK) && !record->receipt;
}

/* When a call was over at the latest, and its request taken back if nobody had it. */
uint64_t call_over(const struct checker *checker, uint32_t call);
/* Does what the receive asks for include that message, as its sender describes it? */
bool wants(const struct checker *checker, const struct record *receive, const struct record *send);
/* May a receive have held a message between these times, and put it back? */
bool had_gap(const struct view *view, uint64_t from, uint64_t to);
/* How many of taken[] were accepted before that time. */
size_t accepted_before(const struct view *view, uint64_t time);
/* Did the message, which was accepted before that time, come to the port by then? */
bool had_come(const struct view *view, const struct entry *entry, uint64_t time);
/* What was sent to the port under that identity, or NULL. */
struct entry *find_entry(const struct view *view, uint32_t message);

void check_delivery(struct view *view);
void check_order(struct view *view);
void check_room(struct view *view);
void check_looks(struct view *view);
void check_counts(struct view *view);
void check_results(struct checker *checker);
void check_calls(struct checker *checker);
void check_receipts(struct checker *checker);

#endif
