// SPDX-License-Identifier: GPL-2.0
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/rt.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "handoff.h"
#include "limits.h"
#include "trace.h"
#include "waiter.h"

/* How long who sleeps holds what others have no use for. */
#define HOLD_MS	10

void msgpass_waiter_init(struct msgpass_waiter *waiter,
			 enum msgpass_wait_what what, u64 port,
			 const struct msgpass_wait *wait)
{
	/* Not ->prio, which may be lent while a lock is held. */
	int priority = READ_ONCE(current->normal_prio);

	INIT_LIST_HEAD(&waiter->entry);
	waiter->selection = NULL;
	waiter->message = NULL;
	waiter->synchronous = false;
	waiter->is_call = false;
	waiter->room_helps = false;
	waiter->asleep = false;
	waiter->give_up = 0;
	waiter->result = 0;
	waiter->state = MSGPASS_WAITER_WAITS;
	waiter->task = current;
	waiter->what = what;
	waiter->port = port;
	/* Lower numbers go first; all but real-time tasks are alike. */
	waiter->priority = min(priority, MAX_RT_PRIO);
	/* What reads no clock is exact enough for who looks. */
	waiter->since = jiffies;
	waiter->deadline = wait->deadline;
}

void msgpass_waiter_enter(struct msgpass_waiter *waiter, struct list_head *list)
{
	struct msgpass_waiter *before;

	list_for_each_entry_reverse(before, list, entry)
		if (before->priority <= waiter->priority)
			break;
	list_add(&waiter->entry, &before->entry);
}

/* False: it was in another. */
static bool change_state(struct msgpass_waiter *waiter,
			 enum msgpass_waiter_state from,
			 enum msgpass_waiter_state to)
{
	return cmpxchg(&waiter->state, from, to) == from;
}

/* One that looks on this CPU does not run: woken, it is noted for a handoff. */
static bool looks_elsewhere(const struct msgpass_waiter *waiter)
{
	return READ_ONCE(waiter->state) == MSGPASS_WAITER_LOOKS &&
	       task_cpu(waiter->task) != raw_smp_processor_id();
}

void msgpass_waiter_complete(struct msgpass_waiter *waiter, int result,
			     struct msgpass_wakes *wakes)
{
	struct task_struct *task;

	trace_wake(waiter, result);
	/* Who waits for a reply is on none. */
	if (!list_empty(&waiter->entry))
		list_del_init(&waiter->entry);
	waiter->result = result;
	/* With that, the waiter and its thread may be gone. */
	if (looks_elsewhere(waiter) &&
	    change_state(waiter, MSGPASS_WAITER_LOOKS, MSGPASS_WAITER_DONE))
		return;
	task = get_task_struct(waiter->task);
	/* Pairs with msgpass_waiter_is_done(). Who looks can't change it back. */
	smp_store_release(&waiter->state, MSGPASS_WAITER_DONE);

	if (wakes->count < ARRAY_SIZE(wakes->tasks)) {
		wakes->tasks[wakes->count++] = task;
	} else {
		wake_up_process(task);
		put_task_struct(task);
	}
}

void msgpass_wake_all(struct msgpass_wakes *wakes)
{
	unsigned int i;

	for (i = 0; i < wakes->count; i++) {
		wake_up_process(wakes->tasks[i]);
		msgpass_handoff_note(wakes->tasks[i]);
		put_task_struct(wakes->tasks[i]);
	}
	wakes->count = 0;
}

/* Is sleeping all that the process does, until another ends the wait? */
static bool can_deadlock(const struct msgpass_waiter *waiter,
			 const struct msgpass_wait *wait)
{
	/* Another thread may be on its way out: either count will do. */
	bool alone = data_race(get_nr_threads(current)) == 1;

	return wait->edge.from && !wait->deadline && !waiter->room_helps &&
	       alone;
}

static bool ends_soon(const struct msgpass_wait *wait)
{
	return wait->deadline &&
	       wait->deadline < ktime_add_ms(ktime_get(), HOLD_MS);
}

/* True if the deadline is over. */
static bool sleep_once(struct msgpass_waiter *waiter, struct msgpass_wait *wait)
{
	if (wait->let_go && !ends_soon(wait)) {
		if (!schedule_timeout(msecs_to_jiffies(HOLD_MS))) {
			wait->let_go(waiter->message);
			wait->let_go = NULL;
		}
		return false;
	}
	if (wait->deadline)
		return !schedule_hrtimeout_range(&wait->deadline,
						 current->timer_slack_ns,
						 HRTIMER_MODE_ABS);
	schedule();
	return false;
}

/*
 * So often does who spins look before it pauses and reads the clock: that may be
 * a device, and each may take longer than what is waited for.
 */
#define LOOKS	128

/* Is there nothing, and nothing better to do? */
static bool look_in_vain(const struct msgpass_waiter *waiter)
{
	unsigned int looks;

	for (looks = 0; looks < LOOKS; looks++) {
		if (msgpass_waiter_is_done(waiter) || msgpass_should_yield() ||
		    signal_pending(current))
			return false;
	}
	cpu_relax();
	return true;
}

/* Until the deadline, which true says is over, or the end of that. */
static bool look(const struct msgpass_waiter *waiter, u64 deadline)
{
	u64 time, end = 0;

	do {
		if (!look_in_vain(waiter))
			return false;
		time = ktime_get_ns();
		if (deadline && time >= deadline)
			return true;
		if (!end)
			end = time + READ_ONCE(msgpass_spin_ns);
	} while (time < end);
	return false;
}

/*
 * The other may be about to do it, on another CPU: then nobody need sleep, or
 * be woken. Not for long. True if the deadline is over.
 */
static noinline bool spin(struct msgpass_waiter *waiter, u64 deadline)
{
	bool expired;

	if (!change_state(waiter, MSGPASS_WAITER_WAITS, MSGPASS_WAITER_LOOKS))
		return false;
	expired = look(waiter, deadline);
	change_state(waiter, MSGPASS_WAITER_LOOKS, MSGPASS_WAITER_WAITS);
	return expired;
}

/*
 * Who was just woken may want this CPU, and may do what is waited for: then this
 * thread never sleeps, and need not be woken. But who stays awake runs when it is
 * its turn, a tick later perhaps; who sleeps is woken by the timer, and goes
 * first. True if one was woken who needs this CPU.
 */
static bool hand_off(const struct msgpass_waiter *waiter,
		     const struct msgpass_wait *wait)
{
	bool due = msgpass_should_yield();
	bool yields = MSGPASS_CAN_YIELD_TO && !due && !ends_soon(wait) &&
		      !signal_pending(current);
	enum msgpass_handoff handoff = msgpass_handoff(yields, wait->spin);

	if (due)
		schedule();
	if (handoff == MSGPASS_HANDOFF_TRIED &&
	    !msgpass_waiter_is_done(waiter))
		msgpass_handoff_useless();
	return handoff != MSGPASS_HANDOFF_NOBODY;
}

int msgpass_waiter_sleep(struct msgpass_waiter *waiter,
			 struct msgpass_wait *wait)
{
	bool expired = false;
	int error = 0;

	wait->waited = true;
	if (!hand_off(waiter, wait) && wait->spin && MSGPASS_CAN_SPIN &&
	    num_online_cpus() > 1)
		expired = spin(waiter, wait->deadline);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (msgpass_waiter_is_done(waiter))
			break;
		if (wait->call && wait->is_over(wait->call))
			error = -EPIPE;
		else if (expired)
			error = -ETIMEDOUT;
		else if (signal_pending(current))
			error = -ERESTARTSYS;
		else if (can_deadlock(waiter, wait))
			error = msgpass_wait_edge_enter(&wait->edge, waiter);
		if (error)
			break;
		expired = sleep_once(waiter, wait);
	}
	__set_current_state(TASK_RUNNING);
	msgpass_wait_edge_leave(&wait->edge);
	return error;
}

int msgpass_waiter_sleep_killable(struct msgpass_waiter *waiter)
{
	int error = 0;

	for (;;) {
		set_current_state(TASK_KILLABLE | TASK_FREEZABLE);
		if (msgpass_waiter_is_done(waiter))
			break;
		if (fatal_signal_pending(current)) {
			error = -ERESTARTSYS;
			break;
		}
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return error;
}
