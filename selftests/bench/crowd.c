// SPDX-License-Identifier: GPL-2.0
#include "bench.h"
#include "crowd.h"

#define STACK 4096

struct crowd *crowd_new(unsigned int count, int (*run)(void *), void *argument)
{
	struct crowd *crowd = malloc(sizeof(*crowd) + count * sizeof(crowd->member[0]));
	unsigned int i;

	CHECK(crowd);
	crowd->count = count;
	crowd->stacks = shared((size_t)count * STACK);
	CHECK(crowd->stacks);
	for (i = 0; i < count; i++) {
		char *stack = crowd->stacks + (i + 1UL) * STACK;

		crowd->member[i] = clone(run, stack,
					 CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | SIGCHLD,
					 argument);
		CHECK(crowd->member[i] > 0);
	}
	return crowd;
}

void crowd_end(struct crowd *crowd)
{
	unsigned int i;

	for (i = 0; i < crowd->count; i++)
		child_kill(crowd->member[i]);
	munmap(crowd->stacks, (size_t)crowd->count * STACK);
	free(crowd);
}
