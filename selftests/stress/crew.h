/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes of a round, from the side of the overseer, who is their parent: it starts,
 * watches, signals, kills and replaces them.
 */
#ifndef CREW_H
#define CREW_H

#include "scene.h"

#define LOOKS_MAX 131072

/* What the overseer alone keeps of a round. */
struct crew {
	struct scene *scene;
	struct look *looks; /* of LOOKS_MAX */
	size_t look_count;
	int wchan_fds[ACTORS_MAX]; /* of /proc, and 1; 0: not open */
};

/* Starts the worker's next process. */
void crew_start(struct crew *crew, unsigned int worker);
void crew_kill(struct crew *crew, unsigned int worker);
/* To a thread of it, at random. */
void crew_signal(struct crew *crew, uint16_t actor, int signal);
/* Reaps those that have ended by themselves; how many are left. */
unsigned int crew_reap(struct crew *crew);

/*
 * Looks at every thread, and notes which are asleep in the kernel. True if all are, in
 * operations that no deadline ends.
 */
bool crew_look(struct crew *crew);

#endif
