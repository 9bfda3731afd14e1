/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rules of permissions_rules.h as the tables that docs/security.rst shows. The page is part
 * of the program, so that a test can compare.
 */
#ifndef PERMISSIONS_DOCS_H
#define PERMISSIONS_DOCS_H

#include "permissions_rules.h"

static inline const char *name_of(int error)
{
	const char *name = strerrorname_np(-error);

	return !error ? "0" : name ? name : "?";
}

/* What "allowed" looks like: a call that is under way, nothing there to receive. */
static inline const char *outcome_of(const struct cell *cell)
{
	const int error = expect(cell);

	return !error || error == -EINPROGRESS || error == -EAGAIN ? "yes" : name_of(error);
}

static inline void print_first(FILE *out, const char *cell)
{
	fprintf(out, "\n.. csv-table::\n   :header-rows: 1\n   :delim: |\n\n   %s", cell);
}

static inline void print_head(FILE *out, const char *first, const enum verb *verbs, size_t count)
{
	size_t i;

	print_first(out, first);
	for (i = 0; i < count; i++)
		fprintf(out, " | %s", operations[verbs[i]].name);
	fprintf(out, "\n");
}

static inline const char *outcome_with(struct cell cell, uint32_t mode)
{
	cell.mode = mode;
	return outcome_of(&cell);
}

/* What one column says of one subject; in each of some modes, once if all are alike. */
static inline void print_outcomes(FILE *out, struct cell cell, const uint32_t *with, size_t count)
{
	const char *first = outcome_with(cell, with[0]);
	bool alike = true;
	size_t i;

	for (i = 1; i < count; i++)
		alike &= !strcmp(outcome_with(cell, with[i]), first);
	fprintf(out, " | %s", first);
	for (i = 1; i < count && !alike; i++)
		fprintf(out, ", %s", outcome_with(cell, with[i]));
}

struct columns {
	const char *first;
	const enum verb *verbs;
	size_t count;
	const uint32_t *modes;
	size_t mode_count;
};

/* Whose bits of the mode count. */
static inline const char *class_of(const struct subject *subject)
{
	return is_owner(subject) ? "owner's" : in_group(subject, FAMILY) ? "group's" : "others'";
}

static inline char *row_of(struct cell cell, const struct columns *columns)
{
	char *row = NULL;
	size_t size, i;
	FILE *out = open_memstream(&row, &size);

	if (cell.family == BY_NAME)
		fprintf(out, " | %s", class_of(cell.subject));
	for (i = 0; i < columns->count; i++) {
		cell.verb = columns->verbs[i];
		print_outcomes(out, cell, columns->modes, columns->mode_count);
	}
	fclose(out);
	return row;
}

/* A row for all subjects of which the same is true. */
static inline void print_subjects(FILE *out, struct cell cell, const struct columns *columns)
{
	char *rows[ARRAY_SIZE(subjects)];
	size_t i, j;

	print_head(out, columns->first, columns->verbs, columns->count);
	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		cell.subject = &subjects[i];
		rows[i] = row_of(cell, columns);
	}
	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		if (!rows[i])
			continue;
		fprintf(out, "   %s", subjects[i].name);
		for (j = i + 1; j < ARRAY_SIZE(subjects); j++) {
			if (!rows[j] || strcmp(rows[i], rows[j]))
				continue;
			fprintf(out, "; %s", subjects[j].name);
			free(rows[j]);
			rows[j] = NULL;
		}
		fprintf(out, "%s\n", rows[i]);
		free(rows[i]);
	}
}

static inline void print_names(FILE *out)
{
	static const enum verb verbs[] = {
		OPEN_TO_RECEIVE, OPEN_TO_SEND, OPEN_TO_DO_BOTH, STAT, SET, CHANGE_OWNER,
		CHANGE_GROUP, ACCEPT, ACCEPT_OFFERED,
	};
	static const uint32_t bits[] = { 0000, 0444, 0222, 0666 };
	const struct columns columns = {
		"a mailbox by name, with --- r-- -w- rw- | in bits", verbs, ARRAY_SIZE(verbs),
		bits, ARRAY_SIZE(bits),
	};

	print_subjects(out, (struct cell){ .family = BY_NAME }, &columns);
}

static inline void print_fds(FILE *out)
{
	static const enum verb verbs[] = {
		DO_SEND, DO_CALL, DO_RECEIVE, DO_PEEK, STAT, REOPEN, SET, DELETE, GIVE,
	};
	static const char * const rights[] = { "", "an fd to receive", "an fd to send",
					       "an fd for both" };
	struct cell cell = { .family = BY_FD };
	size_t i, j;

	print_head(out, "a mailbox by fd, by another user", verbs, ARRAY_SIZE(verbs));
	cell.subject = &subjects[3];
	for (i = 1; i < ARRAY_SIZE(rights); i++) {
		cell.right = i;
		fprintf(out, "   %s", rights[i]);
		for (j = 0; j < ARRAY_SIZE(verbs); j++) {
			cell.verb = verbs[j];
			fprintf(out, " | %s", outcome_of(&cell));
		}
		fprintf(out, "\n");
	}
}

static inline void print_processes(FILE *out)
{
	static const enum verb verbs[] = { SIGNAL, DO_SEND, STAT, LIST, GIVE_TO, RECEIVE_FROM };
	const struct columns columns = {
		"a process: mode 0200, 0220, 0202", verbs, ARRAY_SIZE(verbs), inbox_modes, 3,
	};

	print_subjects(out, (struct cell){ .family = PROCESS, .target = &targets[0] }, &columns);
}

/* What is open to all, to see what the place alone does. */
static inline void print_places(FILE *out)
{
	static const struct { enum family family; enum verb verb; } columns[] = {
		{ BY_NAME, OPEN_TO_DO_BOTH }, { BY_NAME, STAT }, { BY_FD, DO_SEND },
		{ BY_FD, DO_RECEIVE }, { PROCESS, DO_SEND }, { PROCESS, SEND_BY_PEER },
		{ PROCESS, STAT }, { PROCESS, LIST_LINK },
	};
	struct cell cell = {
		.subject = &subjects[10], .target = &targets[0], .mode = 0666, .right = OPEN_BOTH,
	};
	size_t i;

	print_first(out, "root, of what is open to all");
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		fprintf(out, " | %s%s", operations[columns[i].verb].name,
			columns[i].family == BY_NAME ? " by name" :
			columns[i].family == BY_FD ? " by fd" : "");
	for (cell.place = HERE; cell.place < PLACES; cell.place++) {
		fprintf(out, "\n  %s", cell.place ? places[cell.place] : " from here");
		for (i = 0; i < ARRAY_SIZE(columns); i++) {
			cell.family = columns[i].family;
			cell.verb = columns[i].verb;
			fprintf(out, " | %s", outcome_of(&cell));
		}
	}
	fprintf(out, "\n");
}

static inline int print_tables(FILE *out)
{
	print_names(out);
	print_fds(out);
	print_processes(out);
	print_places(out);
	return ferror(out) ? 1 : 0;
}

/* --- the page */

__asm__(".section .rodata\n"
	"page: .incbin \"../docs/security.rst\"\n"
	".byte 0\n"
	".previous\n");
extern const char page[];

static inline bool are_docs_right(void)
{
	char *tables = NULL;
	size_t size;
	FILE *out = open_memstream(&tables, &size);
	bool found;

	if (!out)
		return false;
	print_tables(out);
	fclose(out);
	found = strstr(page, tables);
	free(tables);
	return found;
}

#endif
