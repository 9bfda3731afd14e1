// SPDX-License-Identifier: GPL-2.0
/* What the programs call: compare.h. */
#include "board.h"

struct board *board;
enum side side;

static void end(const char *doing, const char *how)
{
	snprintf(board->failed[side], sizeof(board->failed[side]), "%s: %s", doing, how);
	_exit(1);
}

void fail(const char *doing, int error)
{
	board->lacks = error == ENOSYS || error == EAFNOSUPPORT || error == EPROTONOSUPPORT ||
		       error == ENOPROTOOPT;
	end(doing, strerrorname_np(error));
	abort();
}

int must(int result, const char *doing)
{
	if (result < 0)
		fail(doing, errno);
	return result;
}

void whole(ssize_t result, size_t size, const char *doing)
{
	if (result < 0)
		fail(doing, errno);
	if ((size_t)result != size)
		end(doing, result ? "not all" : "end of file");
}

void done(ssize_t result, const char *doing)
{
	if (result < 0)
		fail(doing, -result);
}

void ready(void)
{
	board->ready = true;
}

/* An item is not its number, so that none is mistaken for the other. */
static int item_of(int number)
{
	return 3 * number + 7;
}

static int answer_of(int question)
{
	return 2 * question + 1;
}

static void stall_if_told(int count)
{
	if (count != board->stall_at)
		return;
	board->stalled = true;
	for (;;)
		pause();
}

int make_item(int number)
{
	board->made = number + 1;
	return item_of(number);
}

void use_item(int item)
{
	board->wrong += item != item_of(board->used);
	stall_if_told(++board->used);
}

int question(int number)
{
	board->made = number + 1;
	return number;
}

int answer(int question)
{
	stall_if_told(question + 1);
	return answer_of(question);
}

void take_answer(int question, int answer)
{
	board->wrong += question != board->answered || answer != answer_of(question);
	board->answered++;
}
