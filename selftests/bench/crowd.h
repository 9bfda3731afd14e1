/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Many processes, as light as can be: each has its own pid, and shares all else.
 */
#ifndef CROWD_H
#define CROWD_H

#include <sys/types.h>

struct crowd {
	unsigned int count;
	char *stacks;
	pid_t member[];
};

struct crowd *crowd_new(unsigned int count, int (*run)(void *), void *argument);
void crowd_end(struct crowd *crowd);

#endif
