/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The language of the fuzzer: an input is a sequence of steps of 16 bytes each. Every byte
 * sequence means something, most of it something valid: the low values of a field are what
 * programs do, the high bit asks for what they should not.
 */
#ifndef FUZZ_STEP_H
#define FUZZ_STEP_H

#include <stdint.h>

/* The first are ioctls; what follows SIGNAL is done by the runner, not by an actor. */
#define FUZZ_VERBS(VERB)							\
	VERB(SEND, send) VERB(RECEIVE, receive) VERB(CALL, call)		\
	VERB(REPLY, reply) VERB(REPLY_RECEIVE, reply_receive)			\
	VERB(FORWARD, forward) VERB(REQUEST_READ, request_read)		\
	VERB(PIECE_READ, piece_read)						\
	VERB(SEND_BATCH, send_batch) VERB(RECEIVE_BATCH, receive_batch)	\
	VERB(INFO, info)							\
	VERB(OPEN, mailbox_open) VERB(STAT, mailbox_stat)			\
	VERB(NEXT, mailbox_next) VERB(SET, mailbox_set)			\
	VERB(DELETE, mailbox_delete) VERB(GIVE, mailbox_give)			\
	VERB(ACCEPT, mailbox_accept) VERB(INBOX_SET, inbox_set)		\
	VERB(INBOX_STAT, inbox_stat) VERB(INBOX_NEXT, inbox_next)		\
	VERB(LINK_NEXT, link_next) VERB(WAIT_LIST, wait_list)			\
	VERB(RAW, any_ioctl)							\
	VERB(READ, read) VERB(WRITE, write) VERB(POLL, poll)			\
	VERB(FCNTL, fcntl) VERB(CLOSE, close) VERB(DUP, dup)			\
	VERB(OPEN_OTHER, open_other) VERB(FORK, fork) VERB(EXEC, exec)	\
	VERB(EXIT, exit) VERB(MEMORY, memory) VERB(BECOME, become)		\
	VERB(PRIORITY, priority)						\
	VERB(SIGNAL, signal) VERB(NAP, nap) VERB(PARAMETER, parameter)

#define FUZZ_VERB_NUMBER(verb, name) DO_##verb,
enum verb { FUZZ_VERBS(FUZZ_VERB_NUMBER) VERBS };

#define FUZZ_VERB_NAME(verb, name) #name,
static const char *const verb_names[] = { FUZZ_VERBS(FUZZ_VERB_NAME) };

struct step {
	uint8_t actor;
	uint8_t verb;
	uint8_t fd;		/* which of the process's, counted among those it has */
	uint8_t to;		/* a process, or a name */
	uint16_t flags;		/* those that the ioctl has; 0x8000: any */
	uint8_t length;
	uint8_t memory;		/* low half: where the bytes are, high half: the struct */
	uint8_t deadline;
	uint8_t type;
	uint8_t fds;		/* low half: how many, high half: from which on */
	uint8_t token;
	uint8_t value;		/* whatever else there is to say */
	uint8_t reply;		/* the length of a second buffer */
	uint8_t spoil_at;	/* which 4 bytes of the struct to overwrite */
	uint8_t spoil;		/* with what; 0: nothing is */
};

_Static_assert(sizeof(struct step) == 16, "inputs are kept, so steps keep their size");

#define STEPS_MAX 30
#define WILD 0x80

static inline enum verb verb_of(const struct step *step)
{
	return step->verb % VERBS;
}

#endif
