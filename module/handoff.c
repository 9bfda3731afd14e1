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
	/* On another CPU it needs no help. */
	if (MSGPASS_CAN_YIELD_TO &&
	    task_cpu(woken) == raw_smp_processor_id())
		this_cpu_write(last_woken,
			       (u64)current->pid << 32 | woken->pid);
}

static unsigned int place(void)
{
	return current->pid % PLACES;
}

static bool pausing(void)
{
	if (!this_cpu_read(pauses[place()]))
		return false;
	this_cpu_dec(pauses[place()]);
	return true;
}

/* A reference, or NULL. */
static struct task_struct *take_woken(void)
{
	u64 woken = this_cpu_read(last_woken);
	struct task_struct *task;

	if (woken >> 32 != current->pid)
		return NULL;
	this_cpu_write(last_woken, 0);
	if (pausing())
		return NULL;
	rcu_read_lock();
	task = pid_task(find_pid_ns((u32)woken, &init_pid_ns), PIDTYPE_PID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	return task;
}

bool msgpass_handoff(void)
{
	struct task_struct *task;

	if (!MSGPASS_CAN_YIELD_TO)
		return false;
	task = take_woken();
	if (!task)
		return false;
	/* It may have moved since. */
	if (task_cpu(task) == raw_smp_processor_id())
		yield_to(task, false);
	put_task_struct(task);
	return true;
}

void msgpass_handoff_useless(void)
{
	this_cpu_write(pauses[place()], PAUSE);
}
