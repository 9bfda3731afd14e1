/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handoff: who has woken a thread and is about to wait gives it this CPU, and
 * stays runnable. Often it has what it waits for when it runs again: then
 * neither of the two has slept, and neither need be woken. (As Mach's messages
 * do: Black, "Scheduling support for concurrency and parallelism in the Mach
 * operating system", 1990.)
 *
 * Nothing depends on it. Who is to get the CPU is a guess by what the caller
 * did last, and may do something else; who does not find what it waits for
 * sleeps. From Linux 6.6 on nobody yields; what is left is to tell who had better
 * not spin.
 */
#ifndef MSGPASS_HANDOFF_H
#define MSGPASS_HANDOFF_H

#include <linux/types.h>

struct task_struct;

/* The calling thread has woken @woken. */
void msgpass_handoff_note(const struct task_struct *woken);

/* Whom the calling thread has woken last: */
enum msgpass_handoff {
	MSGPASS_HANDOFF_NOBODY,		/* needs no help, or is gone */
	MSGPASS_HANDOFF_NOT_TRIED,	/* waits for this CPU, and did not get it */
	MSGPASS_HANDOFF_TRIED,		/* had it, or could have */
};

/*
 * The calling thread is about to wait, once for what it has woken. It gives its
 * CPU away only if @yields; who neither does nor @asks gets a guess for an answer.
 */
enum msgpass_handoff msgpass_handoff(bool yields, bool asks);
/* It was tried, and what the caller waits for has not come. */
void msgpass_handoff_useless(void);

#endif
