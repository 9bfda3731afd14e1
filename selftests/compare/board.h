/* SPDX-License-Identifier: GPL-2.0 */
/* What the processes of a job tell those who watch. */
#ifndef BOARD_H
#define BOARD_H

#include "job.h"

enum side { READER, WRITER };

struct board {
	bool ready;		  /* the reader */
	int made, used, answered; /* how many */
	int wrong;		  /* items and answers that are not those expected */
	int stall_at;		  /* the reader stops with its so many-th in hand; 0: never */
	bool stalled;
	bool lacks;	    /* it failed for what the kernel has not */
	char failed[2][80]; /* of which side, with what */
	char verdict[300];
};

extern struct board *board;

/* Which side this process is. */
extern enum side side;

#endif
