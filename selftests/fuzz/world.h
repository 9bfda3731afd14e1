/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the runner and the actors share: orders, what came of them, tokens, counts.
 *
 * The runner is the first process of a pid namespace, and alone with its actors in a network
 * namespace: so nobody else gets what is sent at random, every mailbox is its own, and all
 * who are left can be killed and reaped.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "../msgpass_test.h"
#include "step.h"

#include <linux/futex.h>
#include <linux/kcov.h>
#include <sys/mman.h>

/* Actors 0 and 1 are threads of one process; the last is an ordinary user's. */
enum { ACTORS = 5, FIRST_THREAD = 0, SECOND_THREAD = 1, ORDINARY = 4 };

enum state {
	ABSENT,		/* there is no such process, or thread, now */
	STARTING,
	FREE,		/* waits for an order */
	ORDERED,	/* has one, and carries it out */
};

struct actor {
	uint32_t state;		/* enum state; a futex */
	pid_t pid;		/* of its process; 0: it has none */
	pid_t tid;
	uint64_t peer;
	struct step step;
	bool used;		/* for this input */
	bool reset;		/* instead of the step: be as at the beginning */
	int result;		/* what the step came to, or -errno */
	bool stalled;		/* in a page that never comes: only SIGKILL helps */
	bool spent;		/* its process can't be reset */
};

#define TOKENS 16

struct world {
	struct actor actors[ACTORS];
	uint64_t tokens[TOKENS];	/* that anybody was given; atomic */
	uint32_t token_count;
	bool lockstep;			/* one step after the other */
	int trace;			/* where to tell of each; 0: nowhere */
	unsigned int lives;		/* inputs after which all processes are killed */
	uint64_t inputs;
	uint64_t places;		/* of the module's code that were seen; 0 without KCOV */
	uint64_t done[VERBS];		/* steps that were given to somebody */
	uint64_t succeeded[VERBS];	/* of these, that came to no error; atomic */
	char trouble[512];		/* what is wrong, if anything is */
	size_t size;			/* of the input */
	uint8_t input[STEPS_MAX * sizeof(struct step)];
};

static struct world *world;
static int world_memory = -1;		/* a memfd: an actor that execs maps it again */

static inline void world_map(int memory)
{
	world_memory = memory;
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (world == MAP_FAILED) {
		perror("world");
		_exit(1);
	}
}

static inline void world_make(void)
{
	int memory = syscall(SYS_memfd_create, "fuzz", 0);

	if (memory < 0 || ftruncate(memory, sizeof(*world))) {
		perror("memfd");
		_exit(1);
	}
	world_map(memory);
}

#define count_up(counter) __atomic_add_fetch(&(counter), 1, __ATOMIC_RELAXED)

/* The first thing that is wrong is the one that is told. */
#define trouble(...) do {							\
	if (!world->trouble[0])						\
		snprintf(world->trouble, sizeof(world->trouble), __VA_ARGS__);	\
} while (0)

static inline uint32_t state_of(const struct actor *actor)
{
	return __atomic_load_n(&actor->state, __ATOMIC_ACQUIRE);
}

static inline void state_set(struct actor *actor, enum state state)
{
	__atomic_store_n(&actor->state, state, __ATOMIC_RELEASE);
	syscall(SYS_futex, &actor->state, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Wait until it is in that state no more; false after so many milliseconds. */
static inline bool state_leaves(struct actor *actor, enum state state, int milliseconds)
{
	uint64_t end = now() + milliseconds * 1000000ULL;

	while (state_of(actor) == state) {
		uint64_t left = end - now();
		struct timespec time = { left / 1000000000, left % 1000000000 };

		if ((int64_t)left <= 0)
			return false;
		syscall(SYS_futex, &actor->state, FUTEX_WAIT, state, &time, NULL, 0);
	}
	return true;
}

#endif
