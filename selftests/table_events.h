/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What happens while the operation waits: what the other side does, and the rest.
 */
#ifndef TABLE_EVENTS_H
#define TABLE_EVENTS_H

#include "table_steps.h"

/* --- what the other side does */

/* It receives all that comes before the message, and that. */
static inline void takes(struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->expected.ahead; i++)
		receives(run, run->server, FILLER + i);
	run->token = receives(run, run->server, OURS)->token;
}

static inline void serves(struct run *run)
{
	if (!run->token)
		takes(run);
	if (run->token)
		replies(run, run->server, run->token, 0);
	run->token = 0;
}

static inline void supplies(struct run *run, uint32_t flags)
{
	struct order order = {
		.verb = DO_SEND, VIA(run), .address = pid_of(run, OPERATOR), .flags = flags,
		.number = MATCH, .type = PLAIN, .patience = PATIENCE,
	};

	if (run->server == RUNNER) {
		expect_error(run, "sending", 0, ask_it(run, RUNNER, 0, order));
	} else {
		start(run->server, 1, order);
		run->supplied = true;
	}
}

/* Who stood before the operation is served before it. */
static inline void supplies_next_in_line(struct run *run)
{
	if (run->cell->state != BEHIND || phase_of(lane_of(OPERATOR, 2)) != ORDERED)
		return;
	sends(run, run->server, pid_of(run, OPERATOR), FIRST, PLAIN);
	next_in_line_has(run, FIRST);
}

static inline void does(struct run *run)
{
	if (run->cell->operation->family == INWARD) {
		supplies_next_in_line(run);
		supplies(run, 0);
	} else {
		serves(run);
	}
}

static inline void meets(struct run *run)
{
	supplies_next_in_line(run);
	supplies(run, MSGPASS_SYNCHRONOUS);
}

static inline void does_other(struct run *run)
{
	if (run->cell->operation->family == INWARD)
		sends_other(run);
	else if (run->token)
		replies(run, PEER, NO_TOKEN, ESRCH);
	else
		expect_error(run, "receiving another type", EAGAIN,
			     ASK(run, PEER, 1, .verb = DO_RECEIVE, VIA(run), .type = SPECIAL,
				 .flags = MSGPASS_NONBLOCK | MSGPASS_TYPE_EXACT));
}

static inline void faults(struct run *run)
{
	bool sends = run->cell->operation->family == INWARD;

	expect_error(run, "the other side's fault", EFAULT,
		     ASK(run, PEER, 1, VIA(run), .bad = true, .address = sends ?
			 pid_of(run, OPERATOR) : 0, .token = run->token,
			 .verb = sends ? DO_SEND : run->token ? DO_REPLY : DO_RECEIVE));
}

static inline void finds_it_too_long(struct run *run)
{
	expect_error(run, "receiving into too short a buffer", EMSGSIZE,
		     ASK(run, PEER, 1, .verb = DO_RECEIVE, VIA(run), .is_short = true,
			 .flags = MSGPASS_NONBLOCK));
}

static inline void peeks(struct run *run)
{
	const struct answer *answer = ASK(run, PEER, 1, .verb = DO_RECEIVE, VIA(run),
					  .flags = MSGPASS_PEEK | MSGPASS_NONBLOCK);

	expect_error(run, "peeking", 0, answer);
	expect_number(run, "peeked at", run->expected.ahead ? FILLER : OURS, answer->number);
}

static inline void gives_up(struct run *run)
{
	if (!run->token)
		takes(run);
	expect_error(run, "giving up", 0,
		     ASK(run, run->server, 1, .verb = DO_REPLY, .token = run->token,
			 .flags = MSGPASS_CANCEL));
	run->token = 0;
}

static inline void is_killed(struct run *run)
{
	dismiss(PEER);
	run->server = RUNNER;
}

static inline void exits(struct run *run)
{
	START(PEER, 1, .verb = DO_EXIT);
	expect_number(run, "exit status", 0, child_status(run->peer_pid));
	scene->actors[PEER].pid = 0;
	run->server = RUNNER;
}

static inline void execs(struct run *run)
{
	expect_error(run, "exec", 0, ASK(run, PEER, 1, .verb = DO_EXEC));
}

/* Its fork is somebody else: it has not the token, nor the inbox, and sends as itself. */
static inline void forks(struct run *run)
{
	bool sends = run->cell->operation->family == INWARD;

	expect_error(run, "the fork", sends ? 0 : run->token ? ESRCH : EAGAIN,
		     ASK(run, PEER, 1, .verb = DO_FORK, .number = BY_FORK, .token = run->token,
			 .mailbox = sends && !run->cell->direct, .type = sends ? PLAIN : 0,
			 .address = sends ? pid_of(run, OPERATOR) : 0,
			 .flags = run->token ? 0 : MSGPASS_NONBLOCK,
			 .child = sends ? DO_SEND : run->token ? DO_REPLY : DO_RECEIVE));
	if (sends && run->cell->state == BEHIND && !run->cell->operation->from)
		next_in_line_has(run, BY_FORK);
}

/* --- what happens to the operation */

static inline void signals(struct run *run, int signal)
{
	struct actor *actor = &scene->actors[OPERATOR];

	syscall(SYS_tgkill, actor->pid, actor->lanes[0].tid, signal);
	expect_true(run, "the signal is seen",
		    wait_until(__atomic_load_n(&actor->signals, __ATOMIC_SEQ_CST) == 1));
}

static inline void is_restarted(struct run *run)
{
	signals(run, SIGUSR1);
}

static inline void is_interrupted(struct run *run)
{
	signals(run, SIGUSR2);
}

static inline void is_stopped(struct run *run)
{
	pid_t pid = scene->actors[OPERATOR].pid;
	int status;

	kill(pid, SIGSTOP);
	expect_number(run, "stopped", pid, waitpid(pid, &status, WUNTRACED));
	kill(pid, SIGCONT);
}

static inline void operator_is_killed(struct run *run)
{
	dismiss(OPERATOR);
	expect_number(run, "returned before it was killed", ORDERED,
		      phase_of(lane_of(OPERATOR, 0)));
}

static inline void operator_execs(struct run *run)
{
	expect_error(run, "exec", 0, ASK(run, OPERATOR, 1, .verb = DO_EXEC));
}

static inline void operator_forks(struct run *run)
{
	expect_error(run, "the fork", EAGAIN,
		     ASK(run, OPERATOR, 1, .verb = DO_FORK, .child = DO_RECEIVE,
			 .flags = MSGPASS_NONBLOCK));
}

static inline void is_deleted(struct run *run)
{
	removes(run, PEER);
}

static inline void is_raised(struct run *run)
{
	capacity_becomes(run, ROOMIER);
}

static inline void is_lowered(struct run *run)
{
	bool roomy = run->cell->operation->family != OUTWARD;

	capacity_becomes(run, (roomy ? ROOMY : CAPACITY) - 1);
}

static inline void is_zeroed(struct run *run)
{
	capacity_becomes(run, 0);
}

static inline void passes(struct run *run)
{
	(void)run;
}

static inline void happens(struct run *run)
{
	static void (* const happenings[EVENTS])(struct run *run) = {
		[NOTHING] = passes,
		[PEER_DOES] = does,
		[PEER_MEETS] = meets,
		[PEER_DOES_OTHER] = does_other,
		[PEER_FAULTS] = faults,
		[PEER_TOO_SHORT] = finds_it_too_long,
		[PEER_PEEKS] = peeks,
		[PEER_GIVES_UP] = gives_up,
		[RESTARTED] = is_restarted,
		[INTERRUPTED] = is_interrupted,
		[STOPPED] = is_stopped,
		[EXPIRES] = passes,
		[KILLED] = operator_is_killed,
		[EXECS] = operator_execs,
		[FORKS] = operator_forks,
		[PEER_KILLED] = is_killed,
		[PEER_EXITS] = exits,
		[PEER_EXECS] = execs,
		[PEER_FORKS] = forks,
		[DELETED] = is_deleted,
		[RAISED] = is_raised,
		[LOWERED] = is_lowered,
		[ZEROED] = is_zeroed,
	};

	if (!*run->trouble)
		happenings[run->cell->event](run);
}

#endif
