/* SPDX-License-Identifier: GPL-2.0 */
/* What the examples share: the end of a program that can't go on. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The result, unless it is one of the library's errors. */
static inline long check(const char *what, long result)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror(-result));
		exit(1);
	}
	return result;
}

#endif /* CHECK_H */
