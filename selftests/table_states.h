/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the states come to be, before the operation begins.
 */
#ifndef TABLE_STATES_H
#define TABLE_STATES_H

#include "table_steps.h"

static inline void set_up_absence(struct run *run)
{
	if (run->cell->state == UNKNOWN)
		run->address = NO_PID;
	if (run->cell->state == GONE)
		removes(run, PEER);
	if (run->cell->state == ZOMBIE) {
		kill(run->peer_pid, SIGKILL);
		child_dies(run->peer_pid);
	}
}

/* The third calls the operator, who receives that: by its token it may forward or reply. */
static inline void set_up_caller(struct run *run)
{
	const struct answer *answer;

	hire(THIRD);
	START(THIRD, 0, .verb = DO_CALL, .address = scene->actors[OPERATOR].pid);
	answer = ASK(run, OPERATOR, 1, .verb = DO_RECEIVE, .patience = PATIENCE);
	expect_error(run, "taking the call", 0, answer);
	run->own_token = answer->token;
}

static inline void set_up_receiver(struct run *run)
{
	enum state state = run->cell->state;

	if (!IS(state, WAITING, OTHER_TYPE, OTHER_PROCESS, PEEKING))
		return;
	START(PEER, 0, .verb = DO_RECEIVE, VIA(run),
	      .address = state == OTHER_PROCESS ? getpid() : 0,
	      .flags = state == OTHER_TYPE ? MSGPASS_TYPE_EXACT :
		       state == PEEKING ? MSGPASS_PEEK : 0,
	      .type = state == OTHER_TYPE ? SPECIAL : 0);
	expect_true(run, "the receiver waits", wait_until(counts_of(run).receivers_waiting == 1));
}

static inline void set_up_sender_before(struct run *run)
{
	START(OPERATOR, 2, .verb = DO_SEND, VIA(run), .address = run->address,
	      .number = FILLER + CAPACITY, .type = PLAIN);
	expect_true(run, "a sender waits", wait_until(counts_of(run).senders_waiting == 1));
}

static inline void set_up_outward(struct run *run)
{
	unsigned int i;

	capacity_becomes(run, CAPACITY);
	if (run->cell->operation->kind == FORWARDING)
		set_up_caller(run);
	for (i = 0; i < run->expected.ahead && i < CAPACITY; i++)
		sends(run, OPERATOR, run->address, FILLER + i, PLAIN);
	if (run->cell->state == BEHIND)
		set_up_sender_before(run);
	if (run->cell->operation->no_capacity)
		capacity_becomes(run, 0);
	set_up_absence(run);
	set_up_receiver(run);
}

static inline void sends_synchronously(struct run *run, int who, uint32_t number, uint32_t type)
{
	START(who, 0, .verb = DO_SEND, VIA(run), .address = pid_of(run, OPERATOR),
	      .flags = MSGPASS_SYNCHRONOUS, .number = number, .type = type);
	expect_true(run, "the sender waits", wait_until(counts_of(run).queued == 1 &&
							counts_of(run).senders_waiting == 1));
}

static inline void set_up_full(struct run *run)
{
	uint64_t to = pid_of(run, OPERATOR);
	unsigned int i;

	capacity_becomes(run, CAPACITY);
	for (i = 0; i < CAPACITY; i++)
		sends(run, PEER, to, FILLER + i, PLAIN);
	START(PEER, 0, .verb = DO_SEND, VIA(run), .address = to, .number = FILLER + CAPACITY,
	      .type = PLAIN);
	expect_true(run, "the sender waits", wait_until(counts_of(run).senders_waiting == 1));
}

static inline void set_up_receiver_before(struct run *run)
{
	struct order order = receive_for(run);

	order.flags &= ~MSGPASS_PEEK;
	start(OPERATOR, 2, order);
	expect_true(run, "a receiver waits", wait_until(counts_of(run).receivers_waiting == 1));
}

static inline void set_up_inward(struct run *run)
{
	capacity_becomes(run, ROOMY);
	if (!run->cell->operation->from)
		run->address = 0;
	if (run->cell->operation->replies)
		set_up_caller(run);
	switch (run->cell->state) {
	case QUEUED:
	case LEFT:
		sends(run, PEER, pid_of(run, OPERATOR), MATCH, PLAIN);
		if (run->cell->state == LEFT)
			dismiss(PEER);
		break;
	case OTHER_QUEUED:
		sends_other(run);
		break;
	case FULL:
		set_up_full(run);
		break;
	case BEHIND:
		set_up_receiver_before(run);
		break;
	case WAITING:
		sends_synchronously(run, PEER, MATCH, PLAIN);
		break;
	case OTHER_TYPE:
		sends_synchronously(run, PEER, OTHER, SPECIAL);
		break;
	case OTHER_PROCESS:
		hire(THIRD);
		sends_synchronously(run, THIRD, OTHER, PLAIN);
		break;
	default:
		set_up_absence(run);
	}
}

/* Without waiting: the token with which the caller can go on. */
static inline uint64_t calls(struct run *run, int who, uint64_t to)
{
	const struct answer *answer = ASK(run, who, 0, .verb = DO_CALL, VIA(run), .address = to,
					  .flags = MSGPASS_NONBLOCK, .number = OURS,
					  .type = PLAIN);

	expect_error(run, "calling", EINPROGRESS, answer);
	return answer->token;
}

/* A caller that wants its call no more, or runs out of time. */
static inline void ends_call(struct run *run, int who, uint64_t token)
{
	if (run->cell->state == CANCELLED)
		expect_error(run, "cancelling", 0,
			     ASK(run, who, 0, .verb = DO_CALL, .token = token,
				 .flags = MSGPASS_CANCEL));
	if (run->cell->state == TIMED_OUT)
		expect_error(run, "timing out", ETIMEDOUT,
			     ASK(run, who, 0, .verb = DO_CALL, .token = token, .patience = 1));
}

/* A server that has taken a call, and perhaps is through with it. */
static inline void ends_service(struct run *run, int who, uint64_t token)
{
	if (run->cell->state == REPLIED)
		replies(run, who, token, 0);
	if (run->cell->state == GIVEN_UP)
		expect_error(run, "giving up", 0,
			     ASK(run, who, 1, .verb = DO_REPLY, .token = token,
				 .flags = MSGPASS_CANCEL));
}

static inline void set_up_onward(struct run *run)
{
	enum state state = run->cell->state;
	int caller = state == OTHERS ? THIRD : OPERATOR;

	capacity_becomes(run, ROOMY);
	run->own_token = NO_TOKEN;
	if (state == UNKNOWN)
		return;
	if (caller == THIRD)
		hire(THIRD);
	run->own_token = calls(run, caller, run->address);
	ends_call(run, caller, run->own_token);
	if (IS(state, WAITING, REPLIED, GIVEN_UP, LEFT)) {
		run->token = receives(run, PEER, OURS)->token;
		ends_service(run, PEER, run->token);
	}
	if (IS(state, REPLIED, GIVEN_UP))
		run->token = 0;
	if (state == LEFT)
		dismiss(PEER);
	if (state == GONE)
		removes(run, PEER);
}

/* The death of a process is told to those who wait for it a little later. */
static inline bool is_token_bad(struct run *run)
{
	const struct answer *answer = ASK(run, OPERATOR, 1, .verb = DO_REQUEST_READ,
					  .token = run->own_token);

	return answer->error == ESRCH;
}

static inline void set_up_token(struct run *run)
{
	enum state state = run->cell->state;
	int taker = state == OTHERS ? THIRD : OPERATOR;
	uint64_t caller = 0, to;

	hire(THIRD);
	capacity_becomes(run, ROOMY);
	run->own_token = NO_TOKEN;
	to = pid_of(run, taker);
	if (IS(state, BETWEEN, CANCELLED, TIMED_OUT))
		caller = calls(run, PEER, to);
	else if (state != UNKNOWN)
		START(PEER, 0, .verb = DO_CALL, VIA(run), .address = to, .number = OURS,
		      .type = PLAIN);
	if (state != UNKNOWN)
		run->own_token = receives(run, taker, OURS)->token;
	run->token = caller;
	ends_call(run, PEER, caller);
	ends_service(run, OPERATOR, run->own_token);
	if (state == GONE)
		dismiss(PEER);
	if (state == ZOMBIE)
		set_up_absence(run);
	if (run->cell->operation->kind == READING && IS(state, GONE, ZOMBIE))
		expect_true(run, "the caller's death is known", wait_until(is_token_bad(run)));
	if (run->cell->operation->kind == RECEIVING)
		sends(run, THIRD, pid_of(run, OPERATOR), MATCH, PLAIN);
	run->address = run->cell->operation->kind == FORWARDING ? pid_of(run, THIRD) : 0;
}

static inline void set_up(struct run *run)
{
	static void (* const families[])(struct run *run) = {
		[OUTWARD] = set_up_outward,
		[INWARD] = set_up_inward,
		[ONWARD] = set_up_onward,
		[TOKEN] = set_up_token,
	};
	enum family family = run->cell->operation->family;

	hire(OPERATOR);
	hire(PEER);
	run->owner = IS(family, INWARD, TOKEN) ? OPERATOR : PEER;
	run->server = PEER;
	run->owner_pid = scene->actors[run->owner].pid;
	run->peer_pid = scene->actors[PEER].pid;
	run->address = pid_of(run, PEER);
	families[family](run);
}

#endif
