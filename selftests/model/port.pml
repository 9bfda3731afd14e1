/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How threads wait at a port, are served, give up and are woken: threads 0 and 1
 * send, 2 and 3 receive, another closes the port. Below a line "module/x.c" each
 * inline stands for the function of its name in that file; run looks that it is
 * there.
 *
 * A section under port->lock is one step: nothing that it changes can be seen
 * without the lock, but whether a waiter is done. Who sees that of his own
 * returns, and the waiter is gone. So nobody may touch it from then on, which
 * touch() asserts. All else is in steps as small as another thread can see.
 *
 * Signals, deadlines and faults of user memory are so many for a run, or fewer,
 * and strike whom they like; that is decided when the thread looks, as nobody
 * else sees it.
 */
#include "config.h"

#define MESSAGES	4
#define NONE		255

/* What an operation comes to. */
#define OK		0
#define ETIMEDOUT	1
#define EINTR		2
#define EPIPE		3
#define EFAULT		4

/* struct msgpass_port and its one queue; those who wait are counted by len() */
bool closed;
chan index = [MESSAGES] of { byte, byte };	/* sequence, message */
chan receivers = [2] of { byte };		/* threads, in order */
chan senders = [2] of { byte };
chan meeting = [2] of { byte };
byte sequence;
byte held;
byte pins;
bool queue_gone;			/* ops->queue_unused() was called */

/* struct msgpass_message */
byte message_refs[MESSAGES];
byte message_sequence[MESSAGES];
byte rendezvous[MESSAGES] = NONE;	/* a thread's waiter */
bool queued[MESSAGES];
bool abandoned[MESSAGES];

/* struct msgpass_waiter, on the stack of each thread */
bool frame[4];				/* it exists */
byte message_of[4] = NONE;
byte result[4];
byte give_up[4];
bool looks[4];				/* of its state; or done, or else it waits */
bool done[4];

/* struct task_struct */
#define RUNNING		0
#define INTERRUPTIBLE	1
#define KILLABLE	2
byte task_state[4];
byte task_refs[4] = 1;			/* its own, while it lives */

/* What may still happen. */
byte signals, deadlines, faults;

/* For the properties alone. */
#define UNSENT		0
#define SENT		1
#define FAILED		2
#define UNTOLD		3		/* killed: either way */
byte sent[MESSAGES];
byte received[MESSAGES];		/* how often */
byte dropped[MESSAGES];
byte ended;				/* threads */
byte came;				/* threads, as bits */
bool turn;				/* changes when WATCHED returns */

#if UNLOCKS
chan others_run = [0] of { bit };
#endif

/* Scratch, within a step. */
hidden byte r, s, x, offered, room;

/* Of a thread: its message, what its operation comes to, whom it has to wake. */
#define LOCALS	byte m, error, wakes; bool waits, expired, interrupted, killed, claimed, gone

#define bit_of(mask, t)	(((mask) >> (t)) & 1)
#define queue_has_room()	(CAPACITY == 0 || held < CAPACITY)
#define is_synchronous(t)	(CAPACITY == 0 || bit_of(SYNCHRONOUS, t))
#define touch(t)	assert(frame[t] && !done[t])

#if FOREVER
#define count(what)	skip
#define may_time_out()	bit_of(DEADLINES, me)
#else
#define count(what)	what++
#define may_time_out()	deadlines -> deadlines--
#endif

/* Of two that are alike the odd one comes second: the other way round is the same. */
#define ALIKE	(!FOREVER && SYNCHRONOUS != 1 && SYNCHRONOUS != 2)
inline come_in_turn()
{
	!ALIKE || !bit_of(me, 0) || bit_of(came, me - 1);
	came = came | (1 << me)
}

/* --- the kernel */

#define get_task_struct(t)	assert(task_refs[t]); task_refs[t]++
#define put_task_struct(t)	assert(task_refs[t]); task_refs[t]--
#define wake_up_process(t)	assert(task_refs[t]); task_state[t] = RUNNING

inline list_del(t)
{
	touch(t);
	if
	:: receivers??[eval(t)] -> receivers??eval(t)
	:: senders??[eval(t)] -> senders??eval(t)
	:: meeting??[eval(t)] -> meeting??eval(t)
	:: else
	fi
}

/* In an interruptible sleep, until somebody sets the state back. */
inline schedule_hrtimeout_range()
{
	if
	:: task_state[me] == RUNNING
	:: atomic { signals -> signals--; interrupted = true }
	:: atomic { signals -> signals--; killed = true }
	:: atomic { may_time_out(); expired = true }
	fi
}

/* In a killable one. */
inline schedule()
{
	if
	:: task_state[me] == RUNNING
	:: atomic { signals -> signals--; killed = true }
	fi
}

inline fatal_signal_pending()
{
	if
	:: atomic { signals -> signals--; killed = true }
	:: true
	fi
}

/* No section may leave anybody waiting who could be served. */
inline spin_unlock()
{
	assert(!len(index) || !len(receivers));
	assert(!len(senders) || !queue_has_room() || pins);
	assert(!closed || (!len(index) && !len(receivers) && !len(senders)));
	assert(CAPACITY == 0 || held <= CAPACITY)
}

/* The function that waited returns; if another has completed it, what he said. */
inline leave_frame()
{
	atomic {
		error = (done[me] -> result[me] : error);
		m = (done[me] -> message_of[me] : m);
		frame[me] = false;
		waits = false;
		message_of[me] = NONE;
		result[me] = 0;
		give_up[me] = 0;
		looks[me] = false;
		done[me] = false
	}
}

/* --- module/waiter.c */

inline msgpass_waiter_init(its_message)
{
	assert(!frame[me]);
	frame[me] = true;
	waits = true;
	message_of[me] = its_message
}

inline msgpass_waiter_complete(t, outcome)
{
	touch(t);
	not_with(UNLISTED_TOO_LATE, list_del(t));
	result[t] = outcome;
	if
	:: looks[t] ->
		looks[t] = false;
		done[t] = true
	/* Or it looks on this CPU, or only since somebody looked for that. */
	:: true ->
		not_with(NO_REFERENCE, get_task_struct(t));
		looks[t] = false;
		done[t] = true;
		only_with(UNLISTED_TOO_LATE, list_del(t));
		if
		:: NO_WAKES -> wake_up_process(t); put_task_struct(t)
		:: else -> wakes = wakes | (1 << t)
		fi
	fi
}

#define wake_one(t) \
	atomic { \
		bit_of(wakes, t) -> \
		wakes = wakes & (15 - (1 << t)); \
		not_with(WAKE_DROPPED, wake_up_process(t)); \
		not_with(NO_REFERENCE, put_task_struct(t)) \
	}

/* In any order, although there is one. */
inline msgpass_wake_all()
{
	do
	:: wakes ->
		if
		:: wake_one(0)
		:: wake_one(1)
		:: wake_one(2)
		:: wake_one(3)
		fi
	:: else -> break
	od
}

/* For any time. */
inline spin()
{
	atomic { only_if(!done[me], looks[me] = true) }
	atomic { not_with(LOOKS_ON, looks[me] = false) }
}

inline msgpass_waiter_sleep()
{
#if SPINS
	only_if(bit_of(SPINS, me), spin());
#endif
	do
	:: atomic { not_with(STATE_TOO_LATE, task_state[me] = INTERRUPTIBLE) }
	   atomic {
		error = (expired -> ETIMEDOUT : (interrupted || killed -> EINTR : OK));
		if
		:: done[me] || error ->
			error = (done[me] -> OK : error);
			task_state[me] = RUNNING;
			expired = false;
			interrupted = false;
			break
		:: else
		fi
	   }
	   atomic { only_with(STATE_TOO_LATE, task_state[me] = INTERRUPTIBLE) }
	   schedule_hrtimeout_range()
	od
}

inline msgpass_waiter_sleep_killable()
{
	do
	:: task_state[me] = KILLABLE;
	   atomic {
		error = (killed -> EINTR : OK);
		if
		:: done[me] || error ->
			error = (done[me] -> OK : error);
			task_state[me] = RUNNING;
			break
		:: else
		fi
	   }
	   schedule()
	od
}

/* --- module/message.c */

inline msgpass_message_put(its)
{
	assert(message_refs[its]);
	message_refs[its]--
}

/* --- module/port.c */

inline queue_check_unused()
{
	assert(!queue_gone);
	queue_gone = closed && !held && !pins &&
		     !len(receivers) && !len(senders) && !len(meeting)
}

/* Where it was, if it had been queued before. */
inline count_enqueued(its)
{
	/* Who gives up does not wait for another receive. */
	assert(rendezvous[its] == NONE || !give_up[rendezvous[its]]);
#if FOREVER
	index!0, its;		/* nothing is ever restored */
#else
	index!!message_sequence[its], its;
#endif
	queued[its] = true
}

inline dequeue(its)
{
	assert(queued[its] || FOREVER);
	index??_, eval(its);
	queued[its] = false
}

inline release_place(its)
{
	assert(!queue_gone && held);
	held--
}

inline offer(its)
{
	offered = false;
	if
	:: len(receivers) ->
		receivers?<r>;
		only_with(DONE_TOO_EARLY, touch(r); done[r] = true);
		touch(r);
		message_of[r] = its;
		msgpass_waiter_complete(r, OK);
		offered = true
	:: else
	fi
}

inline accept_message(its)
{
	assert(!queue_gone);
	count(sequence);
	message_sequence[its] = sequence;
	held++;
	offer(its);
	if
	:: offered
	:: else -> count_enqueued(its)
	fi
}

inline end_rendezvous(its, outcome)
{
	if
	:: rendezvous[its] == NONE
	:: else ->
		if
		:: outcome != OK -> message_refs[its]++; abandoned[its] = true
		:: else
		fi;
		msgpass_waiter_complete(rendezvous[its], outcome);
		rendezvous[its] = NONE
	fi
}

inline admit(t)
{
	x = message_of[t];
	if
	:: is_synchronous(t) ->
		list_del(t);
		meeting!t;
		rendezvous[x] = t;
		accept_message(x)
	:: else ->
		accept_message(x);
		msgpass_waiter_complete(t, OK)
	fi
}

inline admit_senders()
{
	do
	:: len(senders) && queue_has_room() ->
		only_with(LATEST_FIRST, senders?s; senders!s);
		senders?<s>;
		admit(s);
#if UNLOCKS
		not_with(QUEUE_NOT_PINNED, pins++);
		spin_unlock();
		others_run!0;
		msgpass_wake_all();
		others_run!0;
		not_with(QUEUE_NOT_PINNED, pins--)
#endif
	:: else -> break
	od
}

inline retract(its)
{
	release_place(its);
	rendezvous[its] = NONE
}

inline withdraw()
{
	assert(!queue_gone);
	list_del(me);
	if
	:: rendezvous[m] != NONE -> dequeue(m); retract(m)
	:: else
	fi;
	not_with(WITHDRAWN_KEEPS_ROOM, admit_senders());
	queue_check_unused()
}

inline abandon_rendezvous()
{
	atomic {
		if
		:: done[me]
		:: else ->
			list_del(me);
			not_with(ABANDONED_KEEPS_WAITER, rendezvous[m] = NONE);
			abandoned[m] = true;
			error = OK
		fi;
		leave_frame();
		spin_unlock()
	}
}

inline sender_wait()
{
	msgpass_waiter_sleep();
	if
	:: !error -> leave_frame()
	:: else ->
		atomic {
			claimed = false;
			if
			:: done[me] && FAULT != SENDER_LOOKS_ONCE -> leave_frame()
			:: !done[me] && rendezvous[m] != NONE && !queued[m] &&
			   FAULT != CLAIMED_IS_WITHDRAWN ->
				claimed = true;
				give_up[me] = error
			:: else -> withdraw(); leave_frame()
			fi;
			spin_unlock()
		}
		msgpass_wake_all();
		if
		:: claimed ->
			msgpass_waiter_sleep_killable();
			if
			:: error -> abandon_rendezvous()
			:: else -> leave_frame()
			fi
		:: else
		fi
	fi
}

/* The section of it: sender_wait() comes after. */
inline send_and_wait()
{
	msgpass_waiter_init(m);
	if
	:: room -> admit(me)
	:: else -> senders!me
	fi
}

inline msgpass_port_send()
{
	atomic {
		come_in_turn();
		assert(FOREVER || !message_refs[m]);
		message_refs[m]++;
		error = OK;
		room = queue_has_room() && !len(senders);
		if
		:: closed -> error = EPIPE
		:: !closed && (!room || is_synchronous(me)) -> send_and_wait()
		:: else -> accept_message(m)
		fi;
		spin_unlock()
	}
	msgpass_wake_all();
	if
	:: waits -> sender_wait()
	:: else
	fi
}

/* After its section. */
inline wait_for_message()
{
	msgpass_waiter_sleep();
	if
	:: !error -> leave_frame()
	:: else ->
		atomic {
			if
			:: done[me] && FAULT != RECEIVER_LOOKS_ONCE
			:: else ->
				not_with(GIVEN_UP_STAYS_LISTED, list_del(me));
				queue_check_unused()
			fi;
			leave_frame();
			spin_unlock()
		}
	fi;
	if
	:: !error ->
		claimed = true;
		fatal_signal_pending();
		error = (killed -> EINTR : OK)
	:: else
	fi
}

inline msgpass_port_receive()
{
	atomic {
		come_in_turn();
		error = OK;
		claimed = false;
		if
		:: len(index) -> index?<_, m>; dequeue(m); claimed = true
		:: !len(index) && closed && FAULT != CLOSED_NOT_SEEN -> error = EPIPE
		:: else -> msgpass_waiter_init(NONE); receivers!me
		fi;
		spin_unlock()
	}
	if
	:: waits -> wait_for_message()
	:: else
	fi
}

inline msgpass_port_settle()
{
	atomic {
		release_place(m);
		count(received[m]);
		end_rendezvous(m, OK);
		not_with(ROOM_NOT_PASSED_ON, admit_senders());
		queue_check_unused();
		spin_unlock();
		msgpass_message_put(m)	/* in truth it is put after this */
	}
	msgpass_wake_all()
}

/* Sets gone if it goes nowhere. */
inline restore()
{
	gone = true;
	if
	:: abandoned[m] -> retract(m)
	:: !abandoned[m] && rendezvous[m] != NONE && give_up[rendezvous[m]] &&
	   FAULT != GIVE_UP_IGNORED ->
		end_rendezvous(m, give_up[rendezvous[m]]);
		retract(m)
	:: !abandoned[m] && (rendezvous[m] == NONE || !give_up[rendezvous[m]]) && closed ->
		release_place(m);
		if
		:: rendezvous[m] == NONE -> count(dropped[m])
		:: else -> end_rendezvous(m, EPIPE)
		fi
	:: else ->
		gone = false;
		offered = false;
		not_with(RESTORED_NOT_OFFERED, offer(m));
		if
		:: offered
		:: else -> count_enqueued(m)
		fi
	fi;
	if
	:: gone -> admit_senders(); queue_check_unused()
	:: else
	fi
}

inline msgpass_port_restore()
{
	atomic { restore(); spin_unlock() }
	msgpass_wake_all();
	if
	:: gone -> msgpass_message_put(m)
	:: else
	fi
}

inline port_fail_receivers()
{
	do
	:: len(receivers) -> receivers?<r>; msgpass_waiter_complete(r, EPIPE)
	:: else -> break
	od
}

inline queue_fail_senders()
{
	do
	:: len(senders) -> senders?<s>; msgpass_waiter_complete(s, EPIPE)
	:: else -> break
	od
}

/* And puts them, which is done later, but concerns nobody. */
inline port_take_all()
{
	do
	:: len(index) ->
		index?_, m;
		queued[m] = false;
		release_place(m);
		if
		:: rendezvous[m] == NONE -> count(dropped[m])
		:: else -> not_with(CLOSE_FORGETS_MEETING, end_rendezvous(m, EPIPE))
		fi;
		msgpass_message_put(m)
	:: else -> break
	od;
	not_with(CLOSE_FORGETS_SENDERS, queue_fail_senders());
	queue_check_unused()
}

inline msgpass_port_close()
{
	atomic {
		closed = true;
		port_fail_receivers();
		port_take_all();
		spin_unlock()
	}
	msgpass_wake_all()
}

/* --- module/transfer.c */

inline msgpass_transfer_send()
{
	msgpass_port_send();
	atomic {
		if
		:: error -> msgpass_message_put(m)
		:: else
		fi;
		/* A rendezvous was one. */
		assert(FOREVER || error || killed || !is_synchronous(me) || received[m]);
#if !FOREVER
		sent[m] = (error -> FAILED : (killed -> UNTOLD : SENT));
#endif
		operation_returns()
	}
}

inline deliver()
{
	if
	:: !error ->
		if
		:: msgpass_port_settle()
		:: atomic { faults -> faults--; error = EFAULT }
		   msgpass_port_restore()
		fi
	:: error == EINTR && claimed ->
		not_with(KILLED_KEEPS_MESSAGE, msgpass_port_restore())
	:: error && !(error == EINTR && claimed)
	fi
}

inline receive_one()
{
	msgpass_port_receive();
	deliver();
	atomic { m = 0; operation_returns() }
}

/* --- the threads */

inline operation_returns()
{
	assert(!frame[me] && task_state[me] == RUNNING && !wakes);
	error = OK;
	claimed = false;
	gone = false;
#if FOREVER
	turn = (me == WATCHED) ^ turn
#endif
}

inline thread_exit()
{
	atomic { put_task_struct(me); m = 0; ended++ }
}

#if FOREVER
#define another(left)	true
#else
#define another(left)	left && !killed -> left--
#endif

proctype sender(byte me)
{
	byte left = SENDS;
	LOCALS;

	m = me;
	do
	:: another(left);
		msgpass_transfer_send();
		m = (FOREVER -> me : me + 2)
	:: else -> break
	od;
	thread_exit()
}

proctype receiver(byte me)
{
	byte left = RECEIVES;
	LOCALS;

	do
	:: another(left);
		receive_one()
	:: else -> break
	od;
	thread_exit()
}

/* Exactly once: every message that was sent was received or dropped, no other was. */
inline check_all()
{
	x = 0;
	do
	:: x < MESSAGES ->
		assert(!message_refs[x] && !task_refs[x]);
		assert(received[x] + dropped[x] <= 1);
		assert(sent[x] != SENT || received[x] + dropped[x] == 1);
		assert(sent[x] != FAILED || received[x] + dropped[x] == 0);
		x++
	:: else -> break
	od
}

/* At any time or, to let them all end, when nothing else can happen. */
proctype closer()
{
	LOCALS;

	if
	:: CLOSE
	:: timeout
	fi;
	msgpass_port_close();
	ended == 4;
	atomic {
		assert(queue_gone && !held && !len(index));
		check_all()
	}
}

#if UNLOCKS
/* A rendezvous with it ends an atomic step in its middle. */
proctype scheduler()
{
end:	do
	:: others_run?0
	od
}
#endif

inline queue_one(its)
{
	message_refs[its] = 1;
	sequence++;
	message_sequence[its] = sequence;
	sent[its] = SENT;
	held++;
	count_enqueued(its)
}

init {
	atomic {
		if
		:: QUEUED > 0 -> queue_one(2)
		:: else
		fi;
		if
		:: QUEUED > 1 -> queue_one(3)
		:: else
		fi;
#if !FOREVER
		select(signals : 0 .. SIGNALS);
		select(deadlines : 0 .. DEADLINES);
#endif
		faults = EFAULTS;
		only_if(bit_of(CREW, 0), run sender(0));
		only_if(bit_of(CREW, 1), run sender(1));
		only_if(bit_of(CREW, 2), run receiver(2));
		only_if(bit_of(CREW, 3), run receiver(3));
#if !FOREVER
		run closer();
#endif
#if UNLOCKS
		run scheduler()
#endif
	}
}

#if FOREVER
ltl returns { ([] <> turn) && ([] <> !turn) }
#endif
