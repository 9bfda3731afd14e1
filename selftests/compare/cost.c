// SPDX-License-Identifier: GPL-2.0
#include "cost.h"

#include <err.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRACEPOINT "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id"

static uint64_t tracepoint(void)
{
	FILE *file = fopen(TRACEPOINT, "re");
	unsigned long id;

	if (!file || fscanf(file, "%lu", &id) != 1)
		err(1, "system calls can't be counted in this kernel: " TRACEPOINT);
	fclose(file);
	return id;
}

/* Of this process and those that it forks from now on. */
static int counter(uint32_t type, uint64_t what)
{
	struct perf_event_attr attributes = {
		.size = sizeof(attributes),
		.type = type,
		.config = what,
		.inherit = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		err(1, "perf_event_open");
	return fd;
}

void cost_of(void (*act)(const void *argument, int count), const void *argument, int count,
	     uint64_t cost[COUNTS])
{
	int fd[COUNTS], i;

	fd[SYSTEM_CALLS] = counter(PERF_TYPE_TRACEPOINT, tracepoint());
	fd[SWITCHES] = counter(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES);
	fd[NANOSECONDS] = counter(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK);
	act(argument, count);
	for (i = 0; i < COUNTS; i++) {
		if (read(fd[i], &cost[i], sizeof(cost[i])) != sizeof(cost[i]))
			err(1, "read of a counter");
		close(fd[i]);
	}
}
