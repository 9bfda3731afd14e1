// SPDX-License-Identifier: GPL-2.0
/*
 * top where it is built without ncurses.
 */
#include "fail.h"
#include "top.h"

int top_on_screen(struct top *top, const struct options *options)
{
	(void)top;
	(void)options;
	return fail(FAILED, "this msgpass was built without ncurses; use --batch");
}
