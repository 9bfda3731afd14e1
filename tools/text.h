/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names may hold nearly any byte: how they are shown to people and in JSON.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdio.h>

/* What is no printable UTF-8 becomes \xNN, so that no terminal obeys it. */
void text_print(FILE *file, const char *text);

/*
 * A JSON string. A byte that is no part of UTF-8 becomes \udcNN, a lone
 * surrogate, as Python's "surrogateescape" has it.
 */
void text_print_json(FILE *file, const char *text);

/* As text_print(), into a static buffer: for one use in a sentence. */
const char *text_shown(const char *text);

#endif /* TEXT_H */
