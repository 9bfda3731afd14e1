/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names may hold nearly any byte: how they are shown to people and in JSON.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdio.h>

/* What is no printable UTF-8 becomes \xNN, so that no terminal obeys it. */
void text_print(FILE *file, const char *text);

/* As text_print(), and blanks and backslashes are \xNN too. */
void text_print_word(FILE *file, const char *text);

/*
 * A JSON string. A byte that is no part of UTF-8 becomes \udcNN, a lone
 * surrogate, as Python's "surrogateescape" has it.
 */
void text_print_json(FILE *file, const char *text);

/*
 * The character at the beginning of what text_shown() returned: its length in
 * bytes, and how many columns of a terminal it takes.
 */
int text_character(const char *text, int *columns);

/* As text_print(), into a static buffer: for one use in a sentence. */
const char *text_shown(const char *text);

#endif /* TEXT_H */
