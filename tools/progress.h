/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A line on standard error that tells how far a long transfer is.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

/**
 * struct progress - of one transfer
 * @wanted: show it at all
 * @always: however short it is
 * @shown: the line is there
 * @bytes: moved so far
 * @begun_ns: when it began
 * @last_ns: when the line was last drawn
 */
struct progress {
	bool wanted;
	bool always;
	bool shown;
	uint64_t bytes;
	uint64_t begun_ns;
	uint64_t last_ns;
};

/* data_fd: where the data comes from or goes to. */
void progress_begin(struct progress *progress, const struct options *options, int data_fd);
void progress_add(struct progress *progress, uint64_t bytes);
/* Ends the line, so that another can follow. */
void progress_end(struct progress *progress);

#endif /* PROGRESS_H */
