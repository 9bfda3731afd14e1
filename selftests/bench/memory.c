// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory of the kernel a queued message takes: what "Slab" in /proc/meminfo grows by,
 * divided by the messages. The first half fills what slabs have room for, and does not count.
 */
#include "bench.h"

#include <sys/ipc.h>
#include <sys/msg.h>

/* A POSIX queue takes no more. */
#define MESSAGES 65536

static double slab_bytes(void)
{
	FILE *file;
	char line[128];
	unsigned long kilobytes = 0;

	/* What the CPUs count each for itself. */
	CHECK(!file_write("/proc/sys/vm/stat_refresh", "1"));
	file = fopen("/proc/meminfo", "re");
	CHECK(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Slab: %lu kB", &kilobytes) == 1)
			break;
	fclose(file);
	CHECK(kilobytes);
	return kilobytes * 1024.0;
}

static void measure(const struct mechanism *mechanism, size_t size)
{
	struct way way = { .size = size, .depth = MESSAGES, .receiver = getpid() };
	uint64_t words[1 + 64 / 8] = {};
	unsigned int i;
	double before;

	CHECK(size <= 64);
	way.bytes = (char *)&words[1];
	mechanism->open(&way);
	if (mechanism->begin)
		mechanism->begin(&way);
	for (i = 0; i < MESSAGES / 2; i++)
		mechanism->send(&way);
	before = slab_bytes();
	for (; i < MESSAGES; i++)
		mechanism->send(&way);
	bench_report("memory_queued", mechanism->name, size,
		     (slab_bytes() - before) / (MESSAGES / 2), "bytes");
	bench_way_close(&way, mechanism);
}

void bench_memory(void)
{
	bench_apart(measure, &bench_msgpass_direct, 64);
	bench_apart(measure, &bench_msgpass_mailbox, 64);
	bench_apart(measure, &bench_posix_mq, 64);
	bench_apart(measure, &bench_sysv_msg, 64);
}
