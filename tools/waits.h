/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who waits for whom now: all that can be seen of it, in one list.
 */
#ifndef WAITS_H
#define WAITS_H

#include <msgpass.h>

#include <stdbool.h>

/**
 * struct wait - a thread that waits
 * @status: for what
 * @command: name of its process's program, "?" if it is gone
 * @mailbox: name of the mailbox in which it waits or its call stands, NULL if
 *	in none
 * @in_cycle: it waits for a process that waits for it, perhaps through others
 */
struct wait {
	struct msgpass_wait_status status;
	char command[16];
	const char *mailbox;
	bool in_cycle;
};

/**
 * struct wait_list - all of them
 * @waits: in the order of pids and threads
 * @count: how many
 * @now_ns: when they were listed
 */
struct wait_list {
	struct wait *waits;
	size_t count;
	uint64_t now_ns;
};

/* 0 or an error below 0. The list is for the rest of the program. */
int waits_collect(struct wait_list *list, int device);

/*
 * The shortest way on which the first process of a cycle waits for itself: the
 * waits, and how many. 0: @wait is in no cycle, or not in one that it begins.
 */
size_t waits_cycle(const struct wait_list *list, const struct wait *wait, const struct wait **cycle);

#endif /* WAITS_H */
