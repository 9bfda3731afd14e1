// SPDX-License-Identifier: GPL-2.0
/*
 * To write all of a message, and to read all of it.
 */
#include "bench.h"

/* As wide as a good memcpy() does it: to touch the bytes is part of all that is measured. */
typedef uint64_t vector __attribute__((vector_size(32), aligned(8), may_alias));

#ifdef __x86_64__
#define VECTORS __attribute__((target_clones("avx2", "default"), noinline))
#else
#define VECTORS __attribute__((noinline))
#endif
#define TURN (8 * sizeof(vector))

VECTORS void bench_fill(void *bytes, size_t size)
{
	static uint64_t round;
	const uint64_t number = ++round;
	const vector numbers = { number, number, number, number };
	vector *to = bytes;
	uint64_t *rest;

	for (; size >= TURN; size -= TURN, to += 8) {
		to[0] = numbers;
		to[1] = numbers;
		to[2] = numbers;
		to[3] = numbers;
		to[4] = numbers;
		to[5] = numbers;
		to[6] = numbers;
		to[7] = numbers;
	}
	for (; size >= sizeof(vector); size -= sizeof(vector))
		*to++ = numbers;
	for (rest = (uint64_t *)to; size; size -= sizeof(*rest))
		*rest++ = number;
}

VECTORS void bench_sum(const void *bytes, size_t size)
{
	const vector *from = bytes;
	const uint64_t *rest;
	vector sums = {};
	uint64_t sum;

	for (; size >= TURN; size -= TURN, from += 8)
		sums += from[0] + from[1] + from[2] + from[3] + from[4] + from[5] + from[6] + from[7];
	for (; size >= sizeof(vector); size -= sizeof(vector))
		sums += *from++;
	sum = sums[0] + sums[1] + sums[2] + sums[3];
	for (rest = (const uint64_t *)from; size; size -= sizeof(*rest))
		sum += *rest++;
	/* The compiler may not leave it out. */
	asm volatile("" : : "r"(sum));
}
