/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The axes of the table: an operation, how it waits, the state in which it finds the other
 * side, and what happens while it waits. A cell is one of each, over a process's inbox or a
 * mailbox. Which cells make no sense, and why, is in the rules at the end of table_expect.h.
 */
#ifndef TABLE_AXES_H
#define TABLE_AXES_H

#include "msgpass_test.h"

/* Where the other side of an operation stands, and so which states it can be in. */
enum family {
	OUTWARD,	/* it receives what the operation sends */
	INWARD,		/* it sends what the operation receives */
	ONWARD,		/* it serves a call that was sent before */
	TOKEN,		/* it is the caller, to whom the operation owes a reply */
	FAMILIES,
};

enum kind { SENDING, CALLING, FORWARDING, RECEIVING, REPLYING, GIVING_UP, READING, GOING_ON,
	    CANCELLING };

struct operation {
	const char *name;
	enum family family;
	enum kind kind;
	uint32_t flags;
	bool no_capacity;	/* where the capacity is 0 */
	bool from;		/* from one process */
	bool replies;		/* to a call, first */
};

static const struct operation operations[] = {
	{ .name = "a send", .family = OUTWARD, .kind = SENDING },
	{ .name = "a synchronous send", .family = OUTWARD, .kind = SENDING,
	  .flags = MSGPASS_SYNCHRONOUS },
	{ .name = "a send to capacity 0", .family = OUTWARD, .kind = SENDING, .no_capacity = true },
	{ .name = "a call", .family = OUTWARD, .kind = CALLING },
	{ .name = "a call to capacity 0", .family = OUTWARD, .kind = CALLING, .no_capacity = true },
	{ .name = "forwarding", .family = OUTWARD, .kind = FORWARDING },
	{ .name = "a receive", .family = INWARD, .kind = RECEIVING },
	{ .name = "a receive of one type", .family = INWARD, .kind = RECEIVING,
	  .flags = MSGPASS_TYPE_EXACT },
	{ .name = "a receive of any type but one", .family = INWARD, .kind = RECEIVING,
	  .flags = MSGPASS_TYPE_EXCEPT },
	{ .name = "a receive of the lowest type", .family = INWARD, .kind = RECEIVING,
	  .flags = MSGPASS_TYPE_UP_TO },
	{ .name = "a receive of the most urgent", .family = INWARD, .kind = RECEIVING,
	  .flags = MSGPASS_BY_PRIORITY },
	{ .name = "a receive from one process", .family = INWARD, .kind = RECEIVING, .from = true },
	{ .name = "a peek", .family = INWARD, .kind = RECEIVING, .flags = MSGPASS_PEEK },
	{ .name = "a peek for one type", .family = INWARD, .kind = RECEIVING,
	  .flags = MSGPASS_PEEK | MSGPASS_TYPE_EXACT },
	{ .name = "a reply-and-receive", .family = INWARD, .kind = RECEIVING, .replies = true },
	{ .name = "going on with a call", .family = ONWARD, .kind = GOING_ON },
	{ .name = "cancelling a call", .family = ONWARD, .kind = CANCELLING,
	  .flags = MSGPASS_CANCEL },
	{ .name = "a reply", .family = TOKEN, .kind = REPLYING },
	{ .name = "giving a call up", .family = TOKEN, .kind = GIVING_UP, .flags = MSGPASS_CANCEL },
	{ .name = "reading a request", .family = TOKEN, .kind = READING },
	{ .name = "forwarding", .family = TOKEN, .kind = FORWARDING },
	{ .name = "a reply-and-receive", .family = TOKEN, .kind = RECEIVING, .replies = true },
};

enum mode { BLOCKING, NONBLOCKING, WITH_DEADLINE, MODES };

static const char * const modes[MODES] = {
	[BLOCKING] = "",
	[NONBLOCKING] = " without waiting",
	[WITH_DEADLINE] = " with a deadline",
};

enum state { UNKNOWN, GONE, ZOMBIE, OTHERS, IDLE, QUEUED, OTHER_QUEUED, FULL, BEHIND, WAITING,
	     OTHER_TYPE, OTHER_PROCESS, PEEKING, LEFT, BETWEEN, REPLIED, GIVEN_UP, CANCELLED,
	     TIMED_OUT, STATES };

/* No phrase: the other side of that family can't be in that state. */
static const char * const states[STATES][FAMILIES] = {
	[UNKNOWN] = {
		[OUTWARD] = "to nobody",
		[INWARD] = "from nobody",
		[ONWARD] = "by a token that never was",
		[TOKEN] = "by a token that never was",
	},
	[GONE] = {
		[OUTWARD] = "the receiver gone",
		[INWARD] = "the sender gone",
		[ONWARD] = "the server gone before it took it",
		[TOKEN] = "the caller gone",
	},
	[ZOMBIE] = {
		[OUTWARD] = "the receiver a zombie",
		[INWARD] = "the sender a zombie",
		[TOKEN] = "the caller a zombie",
	},
	[OTHERS] = {
		[ONWARD] = "by the token of another process",
		[TOKEN] = "by the token of another process",
	},
	[IDLE] = {
		[OUTWARD] = "the receiver idle",
		[INWARD] = "the sender idle",
		[ONWARD] = "the server idle",
	},
	[QUEUED] = {
		[OUTWARD] = "a message queued before",
		[INWARD] = "a message queued",
	},
	[OTHER_QUEUED] = { [INWARD] = "only another message queued" },
	[FULL] = {
		[OUTWARD] = "the queue full",
		[INWARD] = "the queue full and a sender waiting",
	},
	[BEHIND] = {
		[OUTWARD] = "the queue full and a sender before it",
		[INWARD] = "a receiver before it",
	},
	[WAITING] = {
		[OUTWARD] = "the receiver waiting",
		[INWARD] = "a synchronous sender waiting",
		[ONWARD] = "the server at it",
		[TOKEN] = "the caller waiting",
	},
	[OTHER_TYPE] = {
		[OUTWARD] = "the receiver waiting for another type",
		[INWARD] = "a synchronous sender of another type waiting",
	},
	[OTHER_PROCESS] = {
		[OUTWARD] = "the receiver waiting for another sender",
		[INWARD] = "another synchronous sender waiting",
	},
	[PEEKING] = { [OUTWARD] = "the receiver peeking" },
	[LEFT] = {
		[INWARD] = "the sender gone and its message left",
		[ONWARD] = "the server gone with it",
	},
	[BETWEEN] = { [TOKEN] = "the caller not waiting now" },
	[REPLIED] = { [ONWARD] = "the reply there", [TOKEN] = "the reply given" },
	[GIVEN_UP] = { [ONWARD] = "given up by the server", [TOKEN] = "given up already" },
	[CANCELLED] = { [ONWARD] = "cancelled before", [TOKEN] = "cancelled by the caller" },
	[TIMED_OUT] = { [ONWARD] = "timed out before", [TOKEN] = "the caller timed out" },
};

enum event { NOTHING, PEER_DOES, PEER_MEETS, PEER_DOES_OTHER, PEER_FAULTS, PEER_TOO_SHORT,
	     PEER_PEEKS, PEER_GIVES_UP, RESTARTED, INTERRUPTED, STOPPED, EXPIRES, KILLED, EXECS,
	     FORKS, PEER_KILLED, PEER_EXITS, PEER_EXECS, PEER_FORKS, DELETED, RAISED, LOWERED,
	     ZEROED, EVENTS };

static const char * const events[EVENTS] = {
	[NOTHING] = "",
	[PEER_DOES] = ", the other side does its part",
	[PEER_MEETS] = ", the other side does its part synchronously",
	[PEER_DOES_OTHER] = ", the other side does what does not match",
	[PEER_FAULTS] = ", the other side faults",
	[PEER_TOO_SHORT] = ", the other side's buffer is too short",
	[PEER_PEEKS] = ", the other side peeks",
	[PEER_GIVES_UP] = ", the other side gives the call up",
	[RESTARTED] = ", a signal that restarts",
	[INTERRUPTED] = ", a signal that interrupts",
	[STOPPED] = ", stopped and continued",
	[EXPIRES] = ", the deadline passes",
	[KILLED] = ", killed",
	[EXECS] = ", another thread execs",
	[FORKS] = ", another thread forks",
	[PEER_KILLED] = ", the other side is killed",
	[PEER_EXITS] = ", the other side exits",
	[PEER_EXECS] = ", the other side execs",
	[PEER_FORKS] = ", a fork of the other side tries its part",
	[DELETED] = ", the mailbox is deleted",
	[RAISED] = ", the capacity is raised",
	[LOWERED] = ", the capacity is lowered",
	[ZEROED] = ", the capacity goes to 0",
};

struct cell {
	const struct operation *operation;
	enum mode mode;
	enum state state;
	enum event event;
	bool direct;
};

static inline bool is_typed(const struct cell *cell)
{
	return cell->operation->flags &
	       (MSGPASS_TYPE_EXACT | MSGPASS_TYPE_EXCEPT | MSGPASS_TYPE_UP_TO);
}

static inline bool is_peek(const struct cell *cell)
{
	return cell->operation->flags & MSGPASS_PEEK;
}

/* It is over when somebody has received the message. */
static inline bool is_rendezvous(const struct cell *cell)
{
	const struct operation *operation = cell->operation;

	return operation->kind == SENDING &&
	       (operation->no_capacity || operation->flags & MSGPASS_SYNCHRONOUS);
}

/* Whether the state is one of a bit mask. */
#define IS(what, ...) is_one_of(what, (const int[]){ __VA_ARGS__, -1 })

static inline bool is_one_of(int what, const int *list)
{
	for (; *list >= 0; list++)
		if (*list == what)
			return true;
	return false;
}

#endif
