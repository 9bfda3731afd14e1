/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the module's code has been on behalf of the actors, from the kernel's KCOV. Work that
 * is deferred to a worker, and a process's exit, are not seen.
 */
#ifndef FUZZ_KCOV_H
#define FUZZ_KCOV_H

#include "world.h"

#define KCOV_ENTRIES (16 << 10)

static struct {
	int fd;
	uint64_t *area;		/* how many places, then the places */
} kcov[ACTORS];
static uint64_t kcov_text;	/* where the module's code begins */
static uint8_t *kcov_counters;	/* how often each place was seen; NULL: nobody asks */
static size_t kcov_counters_size;
static uint8_t kcov_seen[1 << 17];	/* which places were, ever */

static inline uint64_t module_text(void)
{
	FILE *file = fopen("/sys/module/msgpass/sections/.text", "re");
	unsigned long long text = 0;

	if (!file || fscanf(file, "%llx", &text) != 1)
		text = 0;
	if (file)
		fclose(file);
	return text;
}

/*
 * False if this kernel has none, or we are not root. The runner does this; actors have no use
 * for the areas.
 */
static inline bool kcov_open(uint8_t *counters, size_t counters_size)
{
	size_t size = KCOV_ENTRIES * sizeof(uint64_t);
	void *area;
	int i;

	kcov_counters = counters;
	kcov_counters_size = counters_size;
	kcov_text = module_text();
	for (i = 0; i < ACTORS; i++) {
		kcov[i].fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
		if (kcov[i].fd < 0 || ioctl(kcov[i].fd, KCOV_INIT_TRACE, KCOV_ENTRIES))
			return false;
		area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, kcov[i].fd, 0);
		if (area == MAP_FAILED || madvise(area, size, MADV_DONTFORK))
			return false;
		kcov[i].area = area;
	}
	return kcov_text;
}

/* From now on, what the calling thread does is seen. */
static inline void kcov_begin(int index)
{
	if (kcov_text)
		CHECK(!ioctl(kcov[index].fd, KCOV_ENABLE, KCOV_TRACE_PC));
}

/* Calls are 5 bytes long at least, so each place has a counter of its own. */
static inline void kcov_count(uint64_t place)
{
	size_t index = (place - kcov_text) / 4;
	uint8_t *counter = &kcov_counters[index % kcov_counters_size];
	uint8_t *seen = &kcov_seen[index % sizeof(kcov_seen)];

	*counter += *counter < UINT8_MAX;
	world->places += !*seen;
	*seen = 1;
}

static inline void kcov_collect(void)
{
	uint64_t i, *area;
	int actor;

	for (actor = 0; kcov_text && actor < ACTORS; actor++) {
		area = kcov[actor].area;
		for (i = 1; i <= area[0] && i < KCOV_ENTRIES; i++)
			kcov_count(area[i]);
	}
}

static inline void kcov_forget(void)
{
	int actor;

	for (actor = 0; kcov_text && actor < ACTORS; actor++)
		kcov[actor].area[0] = 0;
}

#endif
