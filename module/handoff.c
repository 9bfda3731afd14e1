// SPDX-License-Identifier: GPL-2.0
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/smp.h>

#include "compat.h"
#include "handoff.h"

/*
 * The last one woken on this CPU, below, and who did it, above: pid numbers, as
 * a reference would keep what may be long dead. A thread that has moved, or a
 * number that another has by now, makes it a bad guess and no more.
 */
static DEFINE_PER_CPU(u64, last_woken);

/*
 * After a handoff of no use the thread tries none for so many waits. Those with
 * the same place share one, which is no more than a bad guess either.
 */
#define PAUSE	16
#define PLACES	16
/* Words: arm64 has stores of whole ones even for this_cpu_dec() of a byte. */
static DEFINE_PER_CPU(u32 [PLACES], pauses);

void msgpass_handoff_note(const struct task_struct *woken)
{
	/* On another CPU it needs no help; nor does who failed a wait of its own. */
	if (woken != current && task_cpu(woken) == raw_smp_processor_id())
		this_cpu_write(last_woken,
			       (u64)current->pid << 32 | woken->pid);
}

static unsigned int place(void)
{
	return current->pid % PLACES;
}

static bool pausing(void)
{
	u32 left = this_cpu_read(pauses[place()]);

	if (!left)
		return false;
	/* Not this_cpu_dec(): another may have come to 0 meanwhile. */
	this_cpu_write(pauses[place()], left - 1);
	return true;
}

/* The pid's number of whom the caller has woken on this CPU, or 0. */
static pid_t take_woken(void)
{
	u64 woken = this_cpu_read(last_woken);

	if (woken >> 32 != current->pid)
		return 0;
	this_cpu_write(last_woken, 0);
	return (u32)woken;
}

/* A reference, or NULL: it has moved since, sleeps again, or is gone. */
static struct task_struct *find_ready(pid_t number)
{
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(find_pid_ns(number, &init_pid_ns), PIDTYPE_PID);
	if (task && task_cpu(task) == raw_smp_processor_id() &&
	    task_is_running(task))
		get_task_struct(task);
	else
		task = NULL;
	rcu_read_unlock();
	return task;
}

enum msgpass_handoff msgpass_handoff(bool yields, bool asks)
{
	pid_t woken = take_woken();
	struct task_struct *task;

	if (!woken)
		return MSGPASS_HANDOFF_NOBODY;
	yields = yields && MSGPASS_CAN_YIELD_TO && !pausing();
	if (!yields && !asks)
		return MSGPASS_HANDOFF_NOT_TRIED;
	task = find_ready(woken);
	if (!task)
		return MSGPASS_HANDOFF_NOBODY;
	if (yields)
		yield_to(task, false);
	put_task_struct(task);
	return yields ? MSGPASS_HANDOFF_TRIED : MSGPASS_HANDOFF_NOT_TRIED;
}

void msgpass_handoff_useless(void)
{
	this_cpu_write(pauses[place()], PAUSE);
}
