// SPDX-License-Identifier: GPL-2.0
/*
 * top on a terminal.
 */
#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <unistd.h>

#include "fail.h"
#include "target.h"
#include "top.h"

#define LEAST_COLUMNS 72
#define LEAST_LINES   5

static void draw(const struct top *top)
{
	char line[TOP_LINE];

	erase();
	if (COLS < LEAST_COLUMNS || LINES < LEAST_LINES) {
		mvprintw(0, 0, "%dx%d is too small: %dx%d", COLS, LINES, LEAST_COLUMNS, LEAST_LINES);
		refresh();
		return;
	}
	top_summary(top, line);
	mvaddnstr(0, 0, line, COLS);
	mvaddnstr(1, 0, "q: quit, s: sort by the next", COLS);
	top_heading(line);
	attron(A_REVERSE);
	mvaddnstr(2, 0, line, COLS);
	attroff(A_REVERSE);
	for (size_t i = 0; i < top->count && (int)i < LINES - 3; i++) {
		top_line(&top->rows[i], line);
		mvaddnstr(i + 3, 0, line, COLS);
	}
	refresh();
}

/* Until it is time for the next sample, do what the keys say. False: quit. */
static bool obey_keys(struct top *top, uint64_t until_ns)
{
	uint64_t now_ns;

	while ((now_ns = msgpass_deadline(0)) < until_ns) {
		timeout((until_ns - now_ns) / 1000000 + 1);
		switch (getch()) {
		case 'q':
		case 3: /* Ctrl-C, where it is no signal */
			return false;
		case 's':
			top->sort = (top->sort + 1) % SORT_COUNT;
			top_sort(top);
			draw(top);
			break;
		case KEY_RESIZE:
			draw(top);
			break;
		}
	}
	return true;
}

static int run(struct top *top, const struct options *options)
{
	uint64_t interval_ns = options->interval_ns ? options->interval_ns : 1000000000ULL;
	int ret;

	for (uint64_t i = 0; !options->count || i < options->count; i++) {
		ret = top_sample(top);
		if (ret < 0)
			return ret;
		draw(top);
		if (!obey_keys(top, top->time_ns + interval_ns))
			break;
	}
	return 0;
}

static bool is_too_small(void)
{
	return COLS < LEAST_COLUMNS || LINES < LEAST_LINES;
}

int top_on_screen(struct top *top, const struct options *options)
{
	int columns, lines, ret = 0;
	bool small;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return fail(FAILED, "top draws on a terminal, and this is none; use --batch");
	setlocale(LC_CTYPE, "");
	if (!newterm(NULL, stdout, stdin))
		return fail(FAILED,
			    "top can't draw on a terminal of type '%s'; set TERM, or use --batch",
			    getenv("TERM") ? getenv("TERM") : "");
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	small = is_too_small();
	columns = COLS;
	lines = LINES;
	if (!small)
		ret = run(top, options);
	endwin();
	if (small)
		return fail(FAILED,
			    "top needs %d columns and %d lines, and the terminal has %d and %d; make it larger, or use --batch",
			    LEAST_COLUMNS, LEAST_LINES, columns, lines);
	if (ret < 0)
		return fail_with(&(struct target){ .kind = TARGET_ANYONE, .text = "what there is" },
				 TO_STAT, ret);
	return DONE;
}
