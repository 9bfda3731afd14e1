/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cells of a generated table, each of which is a test. What a cell is, struct cell, and how
 * a sentence is made of one, describe(), is its program's.
 */

/* After so many failures the rest is left out. */
enum { TOO_MANY = 30 };

static struct cell *cells;
static unsigned int cell_count;

static void describe(const struct cell *cell, char *text, size_t size);

static void cells_add(const struct cell *cell)
{
	if (!(cell_count & (cell_count - 1)))
		cells = realloc(cells, sizeof(*cells) * 2 * (cell_count + 1));
	CHECK(cells);
	cells[cell_count++] = *cell;
}

/* PROGRAM PART: only the cells in whose sentence it occurs. */
static void cells_choose(const char *part)
{
	unsigned int i, count = 0;
	char text[400];

	for (i = 0; i < cell_count; i++) {
		describe(&cells[i], text, sizeof(text));
		if (strstr(text, part))
			cells[count++] = cells[i];
	}
	cell_count = count;
}

/* What came of it instead is empty if it is well. */
static void cell_report(const struct cell *cell, const char *instead)
{
	char text[400];

	describe(cell, text, sizeof(text));
	ksft_test_result(!*instead, "%s\n", text);
	if (*instead)
		ksft_print_msg("%s\n", instead);
	fflush(stdout);
	if (ksft_get_fail_cnt() >= TOO_MANY)
		ksft_exit_fail_msg("%d cells differ, the rest is left out\n", TOO_MANY);
}

/* The last test of the table, as of every program; see afterwards.h. */
static void report_what_is_left(void)
{
	int fd = device_open();
	struct msgpass_info after;

	ksft_test_result(wait_until(!info(fd, &after) &&
				    after.out_user_bytes <= before.out_user_bytes &&
				    after.out_mailboxes <= before.out_mailboxes),
			 "no message, link or mailbox is left\n");
	close(fd);
}
