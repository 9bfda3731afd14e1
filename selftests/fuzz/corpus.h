/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inputs that are kept, embedded in the program: a line of hexadecimal digits for each.
 */
#ifndef FUZZ_CORPUS_H
#define FUZZ_CORPUS_H

#include "step.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

asm(".section .rodata\n"
	"corpus_begin: .incbin \"fuzz/corpus\"\n"
	"corpus_end: .byte 0\n"
	".previous");
extern const char corpus_begin[], corpus_end[];

static inline unsigned int corpus_count(void)
{
	unsigned int lines = 0;
	const char *at;

	for (at = corpus_begin; at < corpus_end; at++)
		lines += *at == '\n';
	return lines;
}

/* One line, in bytes; what follows it. */
static inline const char *line_decode(const char *line, uint8_t *input, size_t *size)
{
	char digits[3] = {};

	for (*size = 0; *line != '\n' && *size < STEPS_MAX * sizeof(struct step); line += 2) {
		memcpy(digits, line, 2);
		input[(*size)++] = strtoul(digits, NULL, 16);
	}
	return line + 1;
}

#endif
