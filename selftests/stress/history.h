/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The history of a stress round: what each thread did and saw, as plain data. The workers
 * write it, in memory that outlives them; the checker reads it, and needs no kernel.
 *
 * A record is begun before its operation and ended after it, so one that was killed has a
 * start and no end: it may have happened or not. All times are CLOCK_MONOTONIC nanoseconds,
 * the clock that the kernel stamps messages with.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEVER UINT64_MAX

/* A message's identity: who sent it, and its number there. */
#define ACTOR_SHIFT 20
#define ACTORS_MAX  4096
#define NUMBERS_MAX 1048576

static inline uint32_t message_id(uint32_t actor, uint32_t number)
{
	return actor << ACTOR_SHIFT | number;
}

static inline uint32_t message_actor(uint32_t id)
{
	return id >> ACTOR_SHIFT;
}

enum op {
	OP_NONE,
	OP_SEND,
	OP_RECEIVE,
	OP_CALL,  /* with MSGPASS_CANCEL: gives its call up */
	OP_REPLY, /* with MSGPASS_CANCEL: gives the caller's up */
	OP_FORWARD,
	OP_SET, /* the capacity, to value */
	OP_DELETE,
};

/* What a receiver saw that no sender wrote. */
#define WRONG_BYTES  0x1
#define WRONG_SENDER 0x2

struct record {
	/* const once begun */
	uint64_t start;	   /* 0: it was not begun */
	uint64_t deadline; /* 0: none */
	uint64_t lifetime; /* ns, 0: no end */
	uint64_t value;	   /* a receive's room, a new capacity */
	uint32_t flags;	   /* as the ioctl has them */
	uint32_t message;  /* what it sends */
	uint32_t call;	   /* the call's identity: of OP_CALL to OP_FORWARD */
	uint32_t type;	   /* sent, or selected */
	uint32_t priority;
	uint32_t length;
	uint16_t actor;
	uint16_t port;
	uint16_t from; /* the process selected, or 0 */
	uint8_t op;
	bool closing; /* the last thing to do: a wait for the end */

	/* known once it has ended */
	uint64_t end;
	uint64_t sequence; /* stamps of what was received */
	uint64_t time;
	uint64_t by_peer; /* of a receipt */
	uint32_t got;	  /* message received */
	uint32_t got_type;
	uint32_t got_priority;
	uint32_t got_length;
	int32_t result;	 /* 0 or -errno */
	uint8_t receipt; /* MSGPASS_RECEIPT_*, of message got */
	uint8_t wrong;	 /* WRONG_* */
	bool signalled;	 /* a handler without SA_RESTART ran meanwhile */
	bool token;	 /* of a call: it goes on */
};

/* A thread. */
struct actor {
	uint64_t killed; /* when it was sent SIGKILL, or 0 */
	uint64_t gone;	 /* when its process had been reaped, or 0 */
	uint16_t process;
};

enum port_kind {
	PORT_NONE,
	PORT_MAILBOX,
	PORT_INBOX,
	PORT_BROADCAST,	   /* nothing is received from it */
	PORT_SUBSCRIPTION, /* nothing is sent to it */
};

struct port {
	enum port_kind kind;
	uint16_t source;	 /* the port that is sent to: itself, or a broadcast */
	uint16_t process;	 /* who alone receives, or 0 */
	uint64_t opened;	 /* a subscription: from when on it gets all */
	uint64_t capacity;	 /* at first */
	uint64_t capacity_bytes; /* const */
};

/* A thread was seen asleep in the kernel, in that record, between these times. */
struct look {
	uint64_t from;
	uint64_t to;
	uint32_t record;
};

/* What the kernel told of a port. */
struct stat_fact {
	uint64_t time;
	uint16_t port;
	bool quiet; /* nobody ran then, nor would by itself */
	bool last;  /* nobody will do anything after it */
	uint64_t queued;
	uint64_t receivers_waiting;
	uint64_t senders_waiting;
	uint64_t sent;
	uint64_t received;
	uint64_t dropped;
};

struct history {
	const struct record *records; /* of one thread in order */
	size_t record_count;
	const struct actor *actors;
	size_t actor_count;
	const struct port *ports;
	size_t port_count;
	const struct look *looks; /* in order */
	size_t look_count;
	const struct stat_fact *stats;
	size_t stat_count;
	const char *const *port_names; /* for reports, or NULL */
};

/* What can be wrong with a history. */
enum fault {
	FAULT_TWICE,	   /* a message was received twice */
	FAULT_LOST,	   /* sent, and neither received nor dropped */
	FAULT_NEVER_SENT,  /* received, and nobody sent it there */
	FAULT_FAILED,	   /* received, although its send failed */
	FAULT_CHANGED,	   /* not what was sent */
	FAULT_ORDER,	   /* received before one that it had to follow */
	FAULT_EXPIRED,	   /* received when its lifetime was over */
	FAULT_SYNCHRONOUS, /* a send returned before it was received */
	FAULT_MISSED,	   /* a receive failed, and there was a message for it */
	FAULT_REFUSED,	   /* a send failed, and there was room for it */
	FAULT_SLEPT_ON,	   /* a wait was over, and its thread asleep */
	FAULT_RESULT,	   /* an outcome that nothing accounts for */
	FAULT_CALL,	   /* a call and its reply do not agree */
	FAULT_RECEIPT,	   /* a receipt and what became of it do not agree */
	FAULT_COUNTS,	   /* the kernel's counts and the history do not agree */
	FAULT_KINDS,
};

const char *fault_name(enum fault fault);

struct findings {
	unsigned int count[FAULT_KINDS];
	unsigned int total;
	char text[2 * FAULT_KINDS][640]; /* of the first two of each kind */
	unsigned int texts;
	const struct record *first; /* whom the first of them is about, or NULL */
};

/* Proves the history, or tells what is wrong with it. False: something is. */
bool history_check(const struct history *history, struct findings *findings);

/* One line about a record, for reports. */
void record_describe(const struct history *history, const struct record *record, char *text,
		     size_t size);

#endif
