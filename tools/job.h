/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A job: a command with bytes on its standard input, whose standard output is
 * kept. Several threads may each run one.
 */
#ifndef JOB_H
#define JOB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct job - what runs, and what came of it
 * @pid: of the command while it runs, else 0; @lock guards it
 * @lock: of whoever may kill it
 * @output: what it wrote, for the owner to free in the end
 * @size: of the buffer
 * @length: of the output in bytes
 * @fds: open files that the command has from 3 on; their own numbers are above
 * @fds_count: how many
 * @limit: output longer than this is not kept, and @overflow set
 * @overflow: the output was too long; the command may have died of it
 */
struct job {
	pid_t pid;
	pthread_mutex_t *lock;
	char *output;
	size_t size;
	size_t length;
	const int *fds;
	unsigned int fds_count;
	size_t limit;
	bool overflow;
};

/*
 * Run it to its end. Without keep its output goes where this process's own
 * does. Returns its wait status, or a negative errno value if it can't be run.
 */
int job_run(struct job *job, char **command, char **environment, const char *input, size_t length,
	    bool keep);

/*
 * The command takes the place of this process, and has what it has. Returns an
 * exit code, said why, if it can't be run.
 */
int job_become(char **command);

#endif /* JOB_H */
