/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Running a job: one process reads, which is the consumer or the server, another writes, which
 * is the producer or the client. What they come to shows on a board, memory that all share
 * beside the mechanism that is compared.
 */
#ifndef JOB_H
#define JOB_H

#define MSGPASS_TEST_PART
#include "../msgpass_test.h"

#include "compare.h"

enum job { PRODUCE, REQUEST };

#define KEPT	     "kept"
#define RUN_TOGETHER "run together"

/* A mechanism, the programs that use it, and what is known of it. */
struct mechanism {
	const char *name, *title;
	const char *why_not; /* is it not there, or NULL */

	void (*prepare)(void); /* what both inherit, or NULL */
	void (*produce)(pid_t reader, int count);
	void (*consume)(int count);
	void (*request)(pid_t server, int count);
	void (*serve)(int count);
	int (*remove)(void); /* what outlives the processes, or NULL; 0 if there was some */

	const char *death[2]; /* what the writer comes to know of the reader's, by job */
	bool stays;	      /* what the reader made, when it is killed */
	const char *meet;     /* who can */
	const char *ways;     /* one or both, of what was made once */
	int copies;	      /* of an item, by the kernel */

	/* What ways.h looks at; NULL where nothing is sent. */
	const char *messages; /* KEPT, or RUN_TOGETHER */
	const char *sender;   /* what the receiver is told of it */
};

extern const struct mechanism mechanisms[];
extern const unsigned int mechanisms_count;

/* Do a job to its end, both sides in new processes. NULL if it was done right, else why not. */
const char *job_run(const struct mechanism *mechanism, enum job job, int count);

/*
 * Kill the reader with an item in its hands, when the writer has gone on as far as it can: what
 * the writer comes to know of it.
 */
const char *job_death(const struct mechanism *mechanism, enum job job);

/* What the kernel lacks that the last job needed, or NULL. */
const char *job_lacks(void);

/* Whether the last job that was killed left something, which is then removed. */
bool job_left_behind(const struct mechanism *mechanism);

#endif
