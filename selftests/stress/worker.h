/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that does random things, and the operations that it is made of, each recorded.
 */
#ifndef WORKER_H
#define WORKER_H

#include "scene.h"

#define OWED_MAX 4

/* A call that it has received and not answered yet. */
struct owed {
	uint64_t token;
	uint32_t call;
};

/* Where a message goes, or comes from. */
struct place {
	int fd;
	uint64_t pid; /* of an inbox that is sent to, else 0 */
	uint16_t port;
	int box; /* which one, or -1 */
};

struct worker {
	struct scene *scene;
	uint16_t actor;
	uint16_t process;
	bool sender;
	int device;
	int fds[BOXES]; /* of the mailboxes, to send and receive */
	uint16_t ports[BOXES];
	int subscription; /* -1: it has none */
	uint64_t random;
	uint32_t number;      /* of the last message */
	unsigned int signals; /* before the operation that is under way */
	struct owed owed[OWED_MAX];
	unsigned int owed_count;
	char *buffer; /* of LARGEST bytes */
};

/* Handlers of SIGUSR1, which interrupts, and of SIGUSR2, which restarts. */
void worker_signals(void);

void worker_init(struct worker *worker, struct scene *scene, uint16_t actor, uint16_t process);
void worker_exit(struct worker *worker);

/* Random things, until the scene closes, then what is left; returns when it is stopped. */
void worker_play(struct worker *worker);

/* Receives all there is, without waiting; how many. */
unsigned int worker_drain(struct worker *worker, const struct place *place);
struct place worker_box(struct worker *worker, unsigned int box);

#endif
