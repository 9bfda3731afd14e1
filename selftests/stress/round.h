/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The overseer: rounds of a stress run, each with mailboxes, processes and a history of its
 * own, which is checked when the round is over.
 */
#ifndef ROUND_H
#define ROUND_H

#include <stdbool.h>
#include <stdint.h>

#define OUTCOMES_MAX 24

struct stress_options {
	uint64_t seed;
	uint64_t messages; /* to be sent; 0: no end */
	uint64_t seconds;  /* to go on for; 0: no end */
	unsigned int senders;
	unsigned int receivers;
	bool verbose; /* a line for each round */
};

/* How many operations ended how. */
struct stress_outcome {
	uint8_t op;
	int32_t result; /* 1: not at all */
	uint64_t count;
};

struct stress_summary {
	uint64_t messages; /* accepted */
	uint64_t operations;
	uint64_t rounds;
	uint64_t kills;
	uint64_t signals;
	uint64_t looks; /* that found a thread asleep */
	uint64_t quiet; /* times when all were */
	struct stress_outcome outcomes[64];
	unsigned int outcome_count;
};

/* False: a history was wrong, or a run got stuck; what is the matter was printed. */
bool stress_run(const struct stress_options *options, struct stress_summary *summary);
void stress_print(const struct stress_summary *summary);

#endif
