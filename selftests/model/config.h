/* SPDX-License-Identifier: GPL-2.0 */
/* What port.pml is checked with, each by -DNAME=VALUE. */

#ifndef CAPACITY
#define CAPACITY	1
#endif
#ifndef SYNCHRONOUS		/* bit t: thread t waits until it is received */
#define SYNCHRONOUS	0
#endif
#ifndef QUEUED			/* messages, 2 at most, that are there already */
#define QUEUED		0
#endif
#ifndef SENDS			/* of each sender: 1, or 2 if QUEUED is 0 */
#define SENDS		1
#endif
#ifndef RECEIVES		/* of each receiver */
#define RECEIVES	1
#endif

/* What may happen, at any time, and how often. */
#ifndef SIGNALS
#define SIGNALS		0
#endif
#ifndef DEADLINES
#define DEADLINES	0
#endif
#ifndef EFAULTS
#define EFAULTS		0
#endif
#ifndef CLOSE			/* 0: only once nothing else can happen */
#define CLOSE		0
#endif

#ifndef NO_WAKES		/* 1: struct msgpass_wakes is full */
#define NO_WAKES	0
#endif
#ifndef SPINS			/* bit t: thread t spins before it sleeps */
#define SPINS		0
#endif
#ifndef UNLOCKS			/* 1: ADMIT_BATCH is 1, else 32 */
#define UNLOCKS		0
#endif

/*
 * 1: threads that never end, and what may happen may happen always, but only to
 * 1 and 3. WATCHED is the thread that is to return again and again.
 */
#ifndef FOREVER
#define FOREVER		0
#endif
#ifndef WATCHED
#define WATCHED		0
#endif

#ifndef CREW			/* bit t: thread t is there */
#define CREW		15
#endif

/* What can be broken on purpose: -DFAULT=NAME. */
#define NO_REFERENCE		1
#define UNLISTED_TOO_LATE	2
#define DONE_TOO_EARLY		3
#define WAKE_DROPPED		4
#define STATE_TOO_LATE		5
#define RECEIVER_LOOKS_ONCE	6
#define SENDER_LOOKS_ONCE	7
#define GIVEN_UP_STAYS_LISTED	8
#define CLAIMED_IS_WITHDRAWN	9
#define ROOM_NOT_PASSED_ON	10
#define WITHDRAWN_KEEPS_ROOM	11
#define CLOSED_NOT_SEEN		12
#define CLOSE_FORGETS_SENDERS	13
#define CLOSE_FORGETS_MEETING	14
#define RESTORED_NOT_OFFERED	15
#define KILLED_KEEPS_MESSAGE	16
#define ABANDONED_KEEPS_WAITER	17
#define GIVE_UP_IGNORED		18
#define QUEUE_NOT_PINNED	19
#define LATEST_FIRST		20
#define LOOKS_ON		21
#ifndef FAULT
#define FAULT			0
#endif

#define not_with(fault, statement)	if :: FAULT == fault :: else -> statement fi
#define only_with(fault, statement)	if :: FAULT == fault -> statement :: else fi
#define only_if(condition, statement)	if :: condition -> statement :: else fi
