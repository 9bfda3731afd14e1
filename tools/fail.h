/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failing: a sentence that names the thing and the remedy, and an exit code
 * that a script can use.
 */
#ifndef FAIL_H
#define FAIL_H

#include "options.h"

/* clang-format off */
/* These are documented in msgpass(1). */
enum exit_code {
	DONE		= 0,
	FAILED		= 1,
	WRONG_USAGE	= 2,
	WOULD_BLOCK	= 3,
	TIMED_OUT	= 4,
	NOT_FOUND	= 5,
	NOT_PERMITTED	= 6,
	OVER_LIMIT	= 7,
	GONE		= 8,
	TOO_LONG	= 9,
	THERE_ALREADY	= 10,
	DROPPED		= 11,
	DEADLOCK	= 12,
};

/* clang-format on */

/* What was being done when it failed. */
enum deed {
	TO_SEND,
	TO_MEET,      /* to send synchronously, or where the capacity is 0 */
	TO_BROADCAST, /* to send to all who receive from a mailbox */
	TO_CONFIRM,   /* to wait for the receipt of what was sent */
	TO_CALL,
	TO_RECEIVE,
	TO_SERVE, /* to receive, and run a command for each */
	TO_CREATE,
	TO_BIND, /* to create for a command */
	TO_DELETE,
	TO_SET,
	TO_GIVE,
	TO_WITHDRAW,
	TO_ACCEPT,
	TO_STAT,
};

struct target;

/* Print "msgpass: " and the sentence; return the code. */
int fail(enum exit_code code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a wrong command line, with a hint at the help text. */
int fail_usage(const struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The sentence and the code for what the library returned: error is < 0. */
int fail_with(const struct target *target, enum deed deed, int error);

/* The exit code alone. */
enum exit_code exit_code_of(int error);

#endif /* FAIL_H */
