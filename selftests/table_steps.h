/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A run of a cell, and the steps of which all others are made: an actor is given an order, and
 * its answer compared. After the first that is not as expected the others do nothing.
 */
#ifndef TABLE_STEPS_H
#define TABLE_STEPS_H

#include "table_expect.h"

#include <stdarg.h>

/* The actors. The third is the caller of what is forwarded, or a bystander. */
enum { OPERATOR, PEER, THIRD };

/* The types of messages: one that everybody takes, and one that is asked for by name. */
enum { PLAIN = 1, SPECIAL };

/* Capacities, beside CAPACITY, at which nothing that a cell needs is held back. */
enum { ROOMY = 4, ROOMIER = 8 };

/* More than any pid, and than any token so far. */
#define NO_PID 0x800000
#define NO_TOKEN 0x4000000000000000

#define TROUBLE_SIZE 200

struct run {
	const struct cell *cell;
	struct expected expected;
	struct channel channel;
	char *trouble;		/* what is not as expected, or empty */
	int owner;		/* whose the inbox is */
	int server;		/* who does the other side's part */
	pid_t owner_pid;
	pid_t peer_pid;
	uint64_t address;	/* to whom, or from whom, the operation is */
	uint64_t own_token;	/* that the operation is given */
	uint64_t token;		/* with which the server can reply, if not 0 */
	unsigned int released;	/* messages sent to end what other operations wait for */
	bool supplied;		/* the other side's sending has begun */
};

static inline const char *name_of(int error)
{
	const char *name = strerrorname_np(error);

	return !error ? "0" : error == NEVER_TOLD ? "no trace" : name ? name : "?";
}

static inline void __attribute__((format(printf, 2, 3)))
complain(struct run *run, const char *format, ...)
{
	va_list arguments;

	/* What comes after the first is a consequence of it. */
	if (*run->trouble)
		return;
	va_start(arguments, format);
	vsnprintf(run->trouble, TROUBLE_SIZE, format, arguments);
	va_end(arguments);
}

static inline void expect_error(struct run *run, const char *what, int expected,
				const struct answer *answer)
{
	if (!answer)
		complain(run, "%s: still waits, instead of %s", what, name_of(expected));
	else if (answer->error != expected)
		complain(run, "%s: %s instead of %s", what, name_of(answer->error),
			 name_of(expected));
}

static inline void expect_number(struct run *run, const char *what, uint64_t expected,
				 uint64_t number)
{
	if (number != expected)
		complain(run, "%s: %llu instead of %llu", what, (unsigned long long)number,
			 (unsigned long long)expected);
}

static inline void expect_true(struct run *run, const char *what, bool is)
{
	if (!is)
		complain(run, "not so: %s", what);
}

/* --- orders */

static const struct answer no_answer = { .error = ETIME };

static inline const struct answer *ask_it(struct run *run, int who, int lane, struct order order)
{
	static struct answer own;
	const struct answer *answer;

	if (*run->trouble || !is_there(who))
		return &no_answer;
	if (who == RUNNER) {
		carry_out(&order, &own);
		return &own;
	}
	start(who, lane, order);
	answer = await(who, lane);
	return answer ?: &no_answer;
}

/* ASK(run, who, lane, .verb = DO_SEND, ...) */
#define ASK(run, who, lane, ...) ask_it(run, who, lane, (struct order){ __VA_ARGS__ })
#define START(who, lane, ...) start(who, lane, (struct order){ __VA_ARGS__ })

/* Through which file descriptor. */
#define VIA(run) .mailbox = !(run)->cell->direct

static inline uint64_t pid_of(struct run *run, int who)
{
	return !run->cell->direct ? 0 : who == RUNNER ? getpid() : scene->actors[who].pid;
}

static inline struct counts counts_of(struct run *run)
{
	return channel_counts(&run->channel, run->owner_pid);
}

static inline void capacity_becomes(struct run *run, uint64_t capacity)
{
	int who = run->cell->direct ? run->owner : RUNNER;

	expect_error(run, "setting the capacity", 0,
		     ASK(run, who, 1, .verb = DO_SET_CAPACITY, VIA(run), .capacity = capacity));
}

static inline void sends(struct run *run, int who, uint64_t to, uint32_t number, uint32_t type)
{
	expect_error(run, "sending beforehand", 0,
		     ASK(run, who, 1, .verb = DO_SEND, VIA(run), .address = to,
			 .flags = MSGPASS_NONBLOCK, .number = number, .type = type));
}

/* What does not match, from whom it does not match, or of a type that does not. */
static inline void sends_other(struct run *run)
{
	bool typed = is_typed(run->cell);

	sends(run, typed ? PEER : RUNNER, pid_of(run, OPERATOR), OTHER, typed ? SPECIAL : PLAIN);
}

/* Its answer, if it has received that number. */
static inline const struct answer *receives(struct run *run, int who, uint32_t number)
{
	const struct answer *answer = ASK(run, who, 1, .verb = DO_RECEIVE, VIA(run),
					  .patience = PATIENCE);

	expect_error(run, "receiving", 0, answer);
	expect_number(run, "received", number, answer->number);
	return answer;
}

static inline void replies(struct run *run, int who, uint64_t token, int expected)
{
	expect_error(run, "replying", expected,
		     ASK(run, who, 1, .verb = DO_REPLY, .token = token, .number = ANSWER));
}

static inline void removes(struct run *run, int who)
{
	if (run->cell->direct)
		dismiss(who);
	else
		expect_true(run, "mailbox deleted", !mailbox_delete(scene->mailbox, ""));
}

/* A receive that selects as the operation does. */
static inline struct order receive_for(struct run *run)
{
	const struct operation *operation = run->cell->operation;

	return (struct order){
		.verb = DO_RECEIVE, VIA(run), .address = run->address, .flags = operation->flags,
		.type = !is_typed(run->cell) ? 0 :
			operation->flags & MSGPASS_TYPE_EXCEPT ? SPECIAL : PLAIN,
	};
}

/* The thread that waits beside the operation, before it in line, has received that. */
static inline void next_in_line_has(struct run *run, uint32_t number)
{
	const struct answer *answer = *run->trouble ? NULL : await(OPERATOR, 2);

	expect_error(run, "the receiver before it", 0, answer);
	if (answer)
		expect_number(run, "the receiver before it has received", number, answer->number);
}

#endif
