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
 * sleeps.
 */
#ifndef MSGPASS_HANDOFF_H
#define MSGPASS_HANDOFF_H

#include <linux/types.h>

struct task_struct;

/* The calling thread has woken @woken. */
void msgpass_handoff_note(const struct task_struct *woken);

/* The calling thread is about to wait, once for what it has woken: was it tried? */
bool msgpass_handoff(void);
/* It was, and what the caller waits for has not come. */
void msgpass_handoff_useless(void);

#endif
