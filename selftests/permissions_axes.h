/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The axes of the table of permissions: who acts, from where, on what, and how. A cell is one
 * of each. All objects are FATHER's and of the FAMILY. What comes of a cell is computed in
 * permissions_rules.h.
 */
#ifndef PERMISSIONS_AXES_H
#define PERMISSIONS_AXES_H

#include "msgpass_test.h"

#define CAP(name) (1ULL << CAP_##name)
#define ALL_CAPS (~0ULL)

/* In which user namespace: the first, or one that the process has made itself. */
enum user_ns { FIRST, AS_ROOT, UNMAPPED };

struct subject {
	const char *name;
	uid_t real, effective, saved;
	gid_t gid;
	gid_t group;		/* a supplementary one; 0: none */
	uint64_t capabilities;
	enum user_ns user_ns;
	bool by_exec;		/* of a setuid program */
};

#define USER(uid) .real = (uid), .effective = (uid), .saved = (uid)
#define PROGRAM(of, by)									\
	.real = (by), .effective = (of), .saved = (of), .by_exec = true

static const struct subject subjects[] = {
	{ .name = "the owner", USER(FATHER), .gid = STRANGERS },
	{ .name = "one of the group", USER(MOTHER), .gid = FAMILY },
	{ .name = "one with the supplementary group", USER(MOTHER), .gid = STRANGERS,
	  .group = FAMILY },
	{ .name = "another user", USER(MOTHER), .gid = STRANGERS },
	{ .name = "another user in the owner's setuid program", PROGRAM(FATHER, MOTHER),
	  .gid = STRANGERS },
	{ .name = "the owner in another's setuid program", PROGRAM(MOTHER, FATHER),
	  .gid = STRANGERS },
	{ .name = "another user with CAP_IPC_OWNER", USER(MOTHER), .gid = STRANGERS,
	  .capabilities = CAP(IPC_OWNER) },
	{ .name = "another user with CAP_CHOWN", USER(MOTHER), .gid = STRANGERS,
	  .capabilities = CAP(CHOWN) },
	{ .name = "another user with CAP_KILL", USER(MOTHER), .gid = STRANGERS,
	  .capabilities = CAP(KILL) },
	{ .name = "another user with CAP_DAC_OVERRIDE, _SYS_ADMIN and _SYS_RESOURCE",
	  USER(MOTHER), .gid = STRANGERS,
	  .capabilities = CAP(DAC_OVERRIDE) | CAP(SYS_ADMIN) | CAP(SYS_RESOURCE) },
	{ .name = "root", USER(0), .capabilities = ALL_CAPS },
	{ .name = "root without CAP_IPC_OWNER", USER(0), .capabilities = ~CAP(IPC_OWNER) },
	{ .name = "root without CAP_KILL", USER(0), .capabilities = ~CAP(KILL) },
	{ .name = "root without capabilities", USER(0) },
	{ .name = "the owner as root of a user namespace", USER(FATHER), .gid = STRANGERS,
	  .user_ns = AS_ROOT },
	{ .name = "another user as root of a user namespace", USER(MOTHER), .gid = STRANGERS,
	  .user_ns = AS_ROOT },
	{ .name = "another user unmapped in a user namespace", USER(MOTHER), .gid = STRANGERS,
	  .user_ns = UNMAPPED },
};

enum place { HERE, INSIDE, OTHER_NET, SUBJECT_PLACES, SIBLING = SUBJECT_PLACES, ABOVE, PLACES };

static const char * const places[PLACES] = {
	[HERE] = "",
	[INSIDE] = " from a child pid namespace",
	[OTHER_NET] = " from another network namespace",
	[SIBLING] = " from a sibling pid namespace",
	[ABOVE] = " from the parent pid namespace",
};

/* What is acted on, and through what. */
enum family { BY_NAME, BY_FD, PROCESS, TOKEN, FAMILIES };

enum kind { PLAIN, BROADCAST, BOUND, ANONYMOUS, KINDS };

static const char * const kinds[KINDS] = {
	[PLAIN] = "a mailbox", [BROADCAST] = "a broadcast", [BOUND] = "a bound mailbox",
	[ANONYMOUS] = "an anonymous mailbox",
};

/* The owner of what belongs to a process: its credentials when it is addressed. */
struct target {
	const char *name;
	uid_t real, effective, saved;
	bool in_ns;		/* in a user namespace that FATHER made */
};

static const struct target targets[] = {
	{ "the owner's process", USER(FATHER) },
	{ "a process whose real uid is the owner's", FATHER, CHILD, CHILD, false },
	{ "a process whose saved uid is the owner's", CHILD, CHILD, FATHER, false },
	{ "a process whose effective uid alone is the owner's", CHILD, FATHER, CHILD, false },
	{ "a process in a user namespace of the owner's", USER(CHILD), .in_ns = true },
};

/* With the bits of each class alone, and with all but the owner's. */
static const uint32_t modes[] = {
	0000, 0400, 0200, 0600, 0040, 0020, 0060, 0004, 0002, 0006, 0066, 0666,
};

static const uint32_t inbox_modes[] = { 0200, 0220, 0202, 0222 };

enum verb {
	OPEN_TO_RECEIVE, OPEN_TO_SEND, OPEN_TO_DO_BOTH, CREATE, CREATE_ANEW,
	STAT, LIST, SET, CHANGE_OWNER, CHANGE_GROUP, DELETE, GIVE, ACCEPT, ACCEPT_OFFERED,
	DO_SEND, DO_SEND_BATCH, DO_WRITE, DO_CALL, DO_RECEIVE, DO_RECEIVE_BATCH, DO_READ, DO_PEEK,
	REOPEN,
	SEND_BY_PEER, RECEIVE_FROM, STAT_BY_PEER, LIST_LINK, GIVE_TO, SIGNAL,
	DO_REPLY, GIVE_UP, DO_FORWARD, READ_REQUEST, CANCEL_CALL, READ_PIECE, VERBS,
	/* Orders that are no cells. */
	SET_INBOX,
};

static const struct operation {
	const char *name;
	uint32_t families;
} operations[VERBS] = {
	[OPEN_TO_RECEIVE] = { "open to receive", 1 << BY_NAME },
	[OPEN_TO_SEND] = { "open to send", 1 << BY_NAME },
	[OPEN_TO_DO_BOTH] = { "open for both", 1 << BY_NAME },
	[CREATE] = { "create, for both", 1 << BY_NAME },
	[CREATE_ANEW] = { "create exclusively", 1 << BY_NAME },
	[STAT] = { "stat", 1 << BY_NAME | 1 << BY_FD | 1 << PROCESS },
	[LIST] = { "list", 1 << BY_NAME | 1 << PROCESS },
	[SET] = { "set", 1 << BY_NAME | 1 << BY_FD },
	[CHANGE_OWNER] = { "change owner", 1 << BY_NAME | 1 << BY_FD },
	[CHANGE_GROUP] = { "change group", 1 << BY_NAME | 1 << BY_FD },
	[DELETE] = { "delete", 1 << BY_NAME | 1 << BY_FD },
	[GIVE] = { "give", 1 << BY_NAME | 1 << BY_FD },
	[ACCEPT] = { "accept unoffered", 1 << BY_NAME | 1 << BY_FD },
	[ACCEPT_OFFERED] = { "accept", 1 << BY_NAME | 1 << BY_FD },
	[DO_SEND] = { "send", 1 << BY_FD | 1 << PROCESS },
	[DO_SEND_BATCH] = { "send a batch", 1 << BY_FD | 1 << PROCESS },
	[DO_WRITE] = { "write()", 1 << BY_FD },
	[DO_CALL] = { "call", 1 << BY_FD | 1 << PROCESS },
	[DO_RECEIVE] = { "receive", 1 << BY_FD },
	[DO_RECEIVE_BATCH] = { "receive a batch", 1 << BY_FD },
	[DO_READ] = { "read()", 1 << BY_FD },
	[DO_PEEK] = { "peek", 1 << BY_FD },
	[REOPEN] = { "open through /proc", 1 << BY_FD },
	[SEND_BY_PEER] = { "send by peer id", 1 << PROCESS },
	[RECEIVE_FROM] = { "receive from", 1 << PROCESS },
	[STAT_BY_PEER] = { "stat by peer id", 1 << PROCESS },
	[LIST_LINK] = { "list root's link", 1 << PROCESS },
	[GIVE_TO] = { "give a mailbox", 1 << PROCESS },
	[SIGNAL] = { "kill(2)", 1 << PROCESS },
	[DO_REPLY] = { "reply", 1 << TOKEN },
	[GIVE_UP] = { "give up", 1 << TOKEN },
	[DO_FORWARD] = { "forward", 1 << TOKEN },
	[READ_REQUEST] = { "read the request", 1 << TOKEN },
	[CANCEL_CALL] = { "cancel the call", 1 << TOKEN },
	[READ_PIECE] = { "read a piece", 1 << TOKEN },
};

struct cell {
	enum family family;
	const struct subject *subject;
	enum place place;
	enum verb verb;
	enum kind kind;			/* of a mailbox */
	const struct target *target;	/* of a process */
	uint32_t mode;
	uint32_t right;			/* of the fd: MSGPASS_OPEN_SEND, _RECEIVE */
};

#endif
