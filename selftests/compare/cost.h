/* SPDX-License-Identifier: GPL-2.0 */
/* What a program and its children take, as the kernel counts it. */
#ifndef COST_H
#define COST_H

#include <stdint.h>

enum { SYSTEM_CALLS, SWITCHES, NANOSECONDS, COUNTS }; /* of CPU time */

/* What act() takes, with the processes that it makes and waits for. */
void cost_of(void (*act)(const void *argument, int count), const void *argument, int count,
	     uint64_t cost[COUNTS]);

#endif
