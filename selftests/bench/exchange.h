/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two processes that pass a message to and fro: one asks, the other serves it without end.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "bench.h"

struct exchange {
	const struct mechanism *mechanism;
	struct way there, back;
	bool apart; /* a CPU each */
	bool spin;  /* both look for messages and never sleep */
};

/* The fields but for the ways are given. */
void exchange_begin(struct exchange *exchange, size_t size);
/* A round trip. */
void exchange_turn(void *exchange);
void exchange_end(struct exchange *exchange);

#endif
