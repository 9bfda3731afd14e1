/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The running of one cell with real processes: set the state up, begin the operation, see it
 * wait, let the event happen, let the other side do its part where that was not the end of it,
 * and compare. What is compared, and to what, comes from table_expect.h.
 */
#ifndef TABLE_RUN_H
#define TABLE_RUN_H

#include "table_events.h"
#include "table_states.h"

/* --- the operation */

static inline struct order operation_of(struct run *run)
{
	static const enum verb verbs[] = {
		[SENDING] = DO_SEND, [CALLING] = DO_CALL, [FORWARDING] = DO_FORWARD,
		[REPLYING] = DO_REPLY, [GIVING_UP] = DO_REPLY, [READING] = DO_REQUEST_READ,
		[GOING_ON] = DO_CALL, [CANCELLING] = DO_CALL,
	};
	const struct operation *operation = run->cell->operation;
	struct order order;

	if (operation->kind == RECEIVING) {
		order = receive_for(run);
		if (operation->replies)
			order.verb = DO_REPLY_RECEIVE;
	} else {
		order = (struct order){
			.verb = verbs[operation->kind], VIA(run), .address = run->address,
			.flags = operation->flags, .type = PLAIN,
		};
	}
	order.number = IS(operation->kind, RECEIVING, REPLYING) ? ANSWER : OURS;
	order.token = run->own_token;
	if (run->cell->mode == NONBLOCKING)
		order.flags |= MSGPASS_NONBLOCK;
	if (run->cell->mode == WITH_DEADLINE)
		order.patience = run->cell->event == EXPIRES ? 20000000 : 10 * PATIENCE;
	return order;
}

static inline bool waits_in(struct run *run, enum stage stage)
{
	struct counts counts = counts_of(run);
	unsigned int ahead = run->expected.ahead;
	bool behind = run->cell->state == BEHIND && phase_of(lane_of(OPERATOR, 2)) == ORDERED;

	if (!sleeps_in_ioctl(OPERATOR, 0))
		return false;
	switch (stage) {
	case FOR_ROOM:
		return counts.senders_waiting == 1U + behind &&
		       counts.queued == ahead - behind;
	case TO_BE_TAKEN:
		return counts.queued == ahead + 1;
	case FOR_MESSAGE:
		return counts.receivers_waiting == 1U + behind;
	default:
		return counts.queued == 0;
	}
}

static inline void observe(struct run *run, const char *when, enum stage stage)
{
	struct lane *lane = lane_of(OPERATOR, 0);
	bool waits;

	if (*run->trouble)
		return;
	waits = wait_until(waits_in(run, stage) || phase_of(lane) == DONE);
	if (phase_of(lane) == DONE)
		complain(run, "%s it has returned: %s, instead of waiting", when,
			 name_of(lane->answer.error));
	else if (!waits)
		complain(run, "%s it is not seen to wait as it should", when);
}

/* The receiver that was there before has the message at once, which may be a call. */
static inline bool is_for_receiver(struct run *run)
{
	return run->expected.other == RETURNS && run->owner == PEER && run->cell->state != BEHIND;
}

static inline void receiver_returns(struct run *run)
{
	const struct answer *answer = await(PEER, 0);

	expect_error(run, "the other side's operation", 0, answer);
	if (answer) {
		expect_number(run, "the other side has received", OURS, answer->number);
		if (run->cell->state == WAITING)
			run->token = answer->token;
	}
}

/* --- the end of it */

/* The server's death may not be known yet to a caller that does not wait. */
static inline bool is_death_known(struct run *run, const struct answer **answer)
{
	if (*answer && (*answer)->error == EAGAIN)
		*answer = ask_it(run, OPERATOR, 0, operation_of(run));
	return !*answer || (*answer)->error != EAGAIN;
}

static inline const struct answer *result_of(struct run *run)
{
	const struct answer *answer = await(OPERATOR, 0);

	if (run->cell->operation->family == ONWARD && run->expected.error == EPIPE)
		wait_until(is_death_known(run, &answer));
	return answer;
}

/* What the operation told; the token that a call left, with which it goes on. */
static inline void compare_result(struct run *run)
{
	const struct expected *expected = &run->expected;
	const struct answer *answer;

	if (expected->error == NEVER_TOLD || *run->trouble)
		return;
	answer = result_of(run);
	expect_error(run, "the operation", expected->error, answer);
	if (*run->trouble)
		return;
	if (expected->number && !expected->error)
		expect_number(run, "it has received", expected->number, answer->number);
	expect_number(run, "its reply's error", expected->reply_error, answer->reply_error);
	if (run->cell->operation->kind == CALLING ||
	    (run->cell->operation->kind == GOING_ON && expected->error != ESRCH)) {
		expect_true(run, "a token only if the call goes on",
			    !!answer->token == expected->unfinished);
		if (expected->unfinished)
			run->own_token = answer->token;
	}
}

/* Who drains the queue: whose the inbox is; with a mailbox anybody. */
static inline int drainer(struct run *run)
{
	return run->cell->direct ? run->owner : RUNNER;
}

static inline void drain(struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->expected.left; i++) {
		uint64_t token = receives(run, drainer(run), run->expected.numbers[i])->token;

		if (token)
			replies(run, drainer(run), token, 0);
	}
	expect_error(run, "receiving what is not there", EAGAIN,
		     ASK(run, drainer(run), 1, .verb = DO_RECEIVE, VIA(run),
			 .flags = MSGPASS_NONBLOCK));
}

/* A receiver that the operation had nothing for gets something else. */
static inline void release(struct run *run)
{
	bool typed = run->cell->state == OTHER_TYPE, peeks = run->cell->state == PEEKING;

	expect_number(run, "the other side's operation has returned", ORDERED,
		      phase_of(lane_of(PEER, 0)));
	if (peeks)
		capacity_becomes(run, CAPACITY);
	expect_error(run, "sending something else", 0,
		     ASK(run, RUNNER, 0, .verb = DO_SEND, VIA(run), .address = pid_of(run, PEER),
			 .number = RELEASE, .type = typed ? SPECIAL : PLAIN,
			 .patience = PATIENCE));
	run->released++;
	expect_error(run, "the other side's operation", 0, await(PEER, 0));
	if (peeks)
		receives(run, drainer(run), RELEASE);
}

/* The same for one that stood before an operation which gave up. */
static inline void release_next_in_line(struct run *run)
{
	expect_number(run, "the receiver before it has returned", ORDERED,
		      phase_of(lane_of(OPERATOR, 2)));
	sends(run, PEER, pid_of(run, OPERATOR), FIRST, PLAIN);
	run->released++;
	next_in_line_has(run, FIRST);
}

static inline const struct answer *answer_of_other(struct run *run)
{
	if (run->cell->state == BEHIND)
		return await(OPERATOR, 2);
	return await(run->cell->state == OTHER_PROCESS && run->owner == OPERATOR ? THIRD : PEER, 0);
}

static inline void compare_other(struct run *run)
{
	enum fate fate = run->expected.other;

	if (*run->trouble)
		return;
	if (run->supplied)
		expect_error(run, "sending", 0, await(run->server, 1));
	if (fate == NONE || fate == DIES || is_for_receiver(run))
		return;
	if (fate == STAYS && run->owner == PEER && run->cell->state != BEHIND)
		release(run);
	else if (fate == STAYS && run->owner == OPERATOR && run->cell->state == BEHIND)
		release_next_in_line(run);
	else
		expect_error(run, "the other side's operation", fate == BREAKS ? EPIPE : 0,
			     answer_of_other(run));
}

/* The caller has its reply, or EPIPE. */
static inline void compare_caller(struct run *run, int who, int error)
{
	const struct answer *answer = *run->trouble ? &no_answer : await(who, 0);

	expect_error(run, "the caller", error, answer);
	if (!error && answer)
		expect_number(run, "the caller's reply", ANSWER, answer->number);
}

/* A call that was forwarded, or could not be and is the operator's still. */
static inline void settle_forwarded(struct run *run)
{
	bool killed = run->cell->event == KILLED;

	if (run->expected.error && !killed)
		replies(run, OPERATOR, run->own_token, 0);
	compare_caller(run, THIRD, killed ? EPIPE : 0);
}

static inline void settle_token(struct run *run)
{
	enum state state = run->cell->state;
	enum kind kind = run->cell->operation->kind;

	if (state == OTHERS)
		replies(run, THIRD, run->own_token, 0);
	else if (is_token_good(run->cell) && kind == READING)
		replies(run, OPERATOR, run->own_token, 0);
	else if (is_token_good(run->cell) && kind == FORWARDING && run->cell->direct)
		replies(run, THIRD, receives(run, THIRD, OURS)->token, 0);
	if (state == BETWEEN)
		START(PEER, 0, .verb = DO_CALL, .token = run->token, .patience = PATIENCE);
	if (IS(state, WAITING, BETWEEN, OTHERS, REPLIED, GIVEN_UP))
		compare_caller(run, PEER, state == GIVEN_UP ||
			       (is_token_good(run->cell) && kind == GIVING_UP) ? EPIPE : 0);
}

/* What was left over is received, replied to, and whoever waits has its end. */
static inline void settle(struct run *run)
{
	const struct expected *expected = &run->expected;
	enum family family = run->cell->operation->family;
	bool forwards = run->cell->operation->kind == FORWARDING;

	if (expected->unfinished)
		START(OPERATOR, 0, .verb = DO_CALL, .token = run->own_token,
		      .patience = PATIENCE);
	if (family != TOKEN && run->token && is_there(PEER))
		replies(run, PEER, run->token,
			expected->unfinished || (forwards && !expected->error) ? 0 : ESRCH);
	if (!expected->port_gone)
		drain(run);
	if (expected->unfinished)
		compare_caller(run, OPERATOR, 0);
	compare_other(run);
	if (family == TOKEN)
		settle_token(run);
	else if (forwards)
		settle_forwarded(run);
	else if (family == INWARD && run->cell->operation->replies)
		compare_caller(run, THIRD, 0);
}

static inline bool is_port_gone(struct run *run)
{
	struct msgpass_mailbox_stat mailbox;
	struct msgpass_inbox_stat inbox;

	if (run->cell->direct)
		return inbox_stat(scene->device, 0, run->owner_pid, &inbox) == -ESRCH;
	return mailbox_stat(scene->mailbox, "", &mailbox) == -EPIPE;
}

static inline bool is_quiet(const struct counts *counts)
{
	return !counts->queued && !counts->queued_bytes && !counts->receivers_waiting &&
	       !counts->senders_waiting;
}

/* After all that: every message was received once, and nobody waits. */
static inline void compare_counts(struct run *run)
{
	struct counts counts = {};

	if (*run->trouble)
		return;
	if (run->expected.port_gone) {
		if (run->cell->state != UNKNOWN || run->cell->operation->family != OUTWARD)
			expect_true(run, "it is gone", wait_until(is_port_gone(run)));
		return;
	}
	expect_true(run, "nothing is queued and nobody waits",
		    wait_until((counts = counts_of(run), is_quiet(&counts))));
	expect_number(run, "messages sent", run->expected.sent + run->released, counts.sent);
	expect_number(run, "messages received", counts.sent, counts.received);
	expect_number(run, "messages dropped", 0, counts.dropped);
}

/* --- all of it */

static inline void run_steps(struct run *run)
{
	const struct expected *expected = &run->expected;

	start(OPERATOR, 0, operation_of(run));
	if (is_for_receiver(run))
		receiver_returns(run);
	if (expected->at_once.stage != OVER) {
		if (run->cell->event != EXPIRES)
			observe(run, "before the event", expected->at_once.stage);
		happens(run);
		if (expected->at_event.stage != OVER) {
			observe(run, "after the event", expected->at_event.stage);
			if (!*run->trouble)
				does(run);
		}
	}
	compare_result(run);
	settle(run);
	compare_counts(run);
}

static inline void run_cell(const struct cell *cell, char *trouble)
{
	struct run run = { .cell = cell, .expected = expect(cell), .trouble = trouble };
	int who;

	*trouble = '\0';
	scene->mailbox = cell->direct ? -1 : mailbox_new(scene->device);
	run.channel.direct = cell->direct;
	run.channel.fd = cell->direct ? scene->device : scene->mailbox;
	set_up(&run);
	if (!*trouble)
		run_steps(&run);
	for (who = 0; who < ACTORS; who++)
		dismiss(who);
	if (!cell->direct)
		close(scene->mailbox);
}

#endif
