/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The running of one cell with real processes: set the state up, begin the operation, see it
 * wait, let the event happen, let the other side do its part where that was not the end of it,
 * and compare. What is compared, and to what, comes from table_expect.h.
 */
#ifndef TABLE_RUN_H
#define TABLE_RUN_H

#include "table_expect.h"

#include <stdarg.h>

/* The actors. The third is the caller of what is forwarded, or a bystander. */
enum { OPERATOR, PEER, THIRD };

/* The types of messages: one that everybody takes, and one that is asked for by name. */
enum { PLAIN = 1, SPECIAL };

/* Capacities, beside CAPACITY, at which nothing that a cell needs is held back. */
enum { ROOMY = 4, ROOMIER = 8 };

/* More than any pid, and than any token so far. */
#define NO_PID (1ULL << 23)
#define NO_TOKEN (1ULL << 62)

#define TROUBLE_SIZE 200

struct run {
	const struct cell *cell;
	struct expected expected;
	struct channel channel;
	char *trouble;		/* what is not as expected, or empty */
	int owner;		/* whose the inbox is */
	int server;		/* who does the other side's part */
	pid_t owner_pid;
	pid_t peer_pid;
	uint64_t address;	/* to whom, or from whom, the operation is */
	uint64_t own_token;	/* that the operation is given */
	uint64_t token;		/* with which the server can reply, if not 0 */
	unsigned int released;	/* messages sent to end what other operations wait for */
	bool supplied;		/* the other side's sending has begun */
};

static inline const char *name_of(int error)
{
	const char *name = strerrorname_np(error);

	return !error ? "0" : error == NEVER_TOLD ? "no trace" : name ? name : "?";
}

static inline void __attribute__((format(printf, 2, 3)))
complain(struct run *run, const char *format, ...)
{
	va_list arguments;

	/* What comes after the first is a consequence of it. */
	if (*run->trouble)
		return;
	va_start(arguments, format);
	vsnprintf(run->trouble, TROUBLE_SIZE, format, arguments);
	va_end(arguments);
}

static inline void expect_error(struct run *run, const char *what, int expected,
				const struct answer *answer)
{
	if (!answer)
		complain(run, "%s: still waits, instead of %s", what, name_of(expected));
	else if (answer->error != expected)
		complain(run, "%s: %s instead of %s", what, name_of(answer->error),
			 name_of(expected));
}

static inline void expect_number(struct run *run, const char *what, uint64_t expected,
				 uint64_t number)
{
	if (number != expected)
		complain(run, "%s: %llu instead of %llu", what, (unsigned long long)number,
			 (unsigned long long)expected);
}

static inline void expect_true(struct run *run, const char *what, bool is)
{
	if (!is)
		complain(run, "not so: %s", what);
}

/* --- orders */

static const struct answer no_answer = { .error = ETIME };

static inline const struct answer *ask_it(struct run *run, int who, int lane, struct order order)
{
	static struct answer own;
	const struct answer *answer;

	if (*run->trouble || !is_there(who))
		return &no_answer;
	if (who == RUNNER) {
		carry_out(&order, &own);
		return &own;
	}
	start(who, lane, order);
	answer = await(who, lane);
	return answer ?: &no_answer;
}

/* ASK(run, who, lane, .verb = DO_SEND, ...) */
#define ASK(run, who, lane, ...) ask_it(run, who, lane, (struct order){ __VA_ARGS__ })
#define START(who, lane, ...) start(who, lane, (struct order){ __VA_ARGS__ })

/* Through which file descriptor. */
#define VIA(run) .mailbox = !(run)->cell->direct

static inline uint64_t pid_of(struct run *run, int who)
{
	return !run->cell->direct ? 0 : who == RUNNER ? getpid() : scene->actors[who].pid;
}

static inline struct counts counts_of(struct run *run)
{
	return channel_counts(&run->channel, run->owner_pid);
}

static inline void capacity_becomes(struct run *run, uint64_t capacity)
{
	int who = run->cell->direct ? run->owner : RUNNER;

	expect_error(run, "setting the capacity", 0,
		     ASK(run, who, 1, .verb = DO_SET_CAPACITY, VIA(run), .capacity = capacity));
}

static inline void sends(struct run *run, int who, uint64_t to, uint32_t number, uint32_t type)
{
	expect_error(run, "sending beforehand", 0,
		     ASK(run, who, 1, .verb = DO_SEND, VIA(run), .address = to,
			 .flags = MSGPASS_NONBLOCK, .number = number, .type = type));
}

/* Its answer, if it has received that number. */
static inline const struct answer *receives(struct run *run, int who, uint32_t number)
{
	const struct answer *answer = ASK(run, who, 1, .verb = DO_RECEIVE, VIA(run),
					  .patience = PATIENCE);

	expect_error(run, "receiving", 0, answer);
	expect_number(run, "received", number, answer->number);
	return answer;
}

static inline void replies(struct run *run, int who, uint64_t token, int expected)
{
	expect_error(run, "replying", expected,
		     ASK(run, who, 1, .verb = DO_REPLY, .token = token, .number = ANSWER));
}

static inline void removes(struct run *run, int who)
{
	if (run->cell->direct)
		dismiss(who);
	else
		expect_true(run, "mailbox deleted", !mailbox_delete(scene->mailbox, ""));
}

/* --- the state */

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

static inline void set_up_outward(struct run *run)
{
	unsigned int i;

	capacity_becomes(run, CAPACITY);
	if (run->cell->operation->kind == FORWARDING)
		set_up_caller(run);
	for (i = 0; i < run->expected.ahead; i++)
		sends(run, OPERATOR, run->address, FILLER + i, PLAIN);
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

/* What does not match, from whom it does not match, or of a type that does not. */
static inline void sends_other(struct run *run)
{
	bool typed = is_typed(run->cell);

	sends(run, typed ? PEER : RUNNER, pid_of(run, OPERATOR), OTHER, typed ? SPECIAL : PLAIN);
}

static inline void set_up_inward(struct run *run)
{
	capacity_becomes(run, ROOMY);
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
	run->address = run->cell->operation->from ? run->address : 0;
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

/* --- the operation */

static inline struct order operation_of(struct run *run)
{
	static const enum verb verbs[] = {
		[SENDING] = DO_SEND, [CALLING] = DO_CALL, [FORWARDING] = DO_FORWARD,
		[RECEIVING] = DO_RECEIVE, [REPLYING] = DO_REPLY, [GIVING_UP] = DO_REPLY,
		[READING] = DO_REQUEST_READ, [GOING_ON] = DO_CALL, [CANCELLING] = DO_CALL,
	};
	const struct operation *operation = run->cell->operation;
	bool receives = operation->kind == RECEIVING;
	struct order order = {
		.verb = receives && operation->replies ? DO_REPLY_RECEIVE : verbs[operation->kind],
		VIA(run), .address = run->address, .flags = operation->flags,
		.number = operation->family == TOKEN && operation->kind != FORWARDING ? ANSWER :
			  receives ? ANSWER : OURS,
		.type = receives && !is_typed(run->cell) ? 0 : PLAIN, .token = run->own_token,
	};

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

	if (!sleeps_in_ioctl(OPERATOR, 0))
		return false;
	switch (stage) {
	case FOR_ROOM:
		return counts.senders_waiting == 1 && counts.queued == ahead;
	case TO_BE_TAKEN:
		return counts.queued == ahead + 1;
	case FOR_MESSAGE:
		return counts.receivers_waiting == 1;
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

/* What the other side was waiting for has come with the operation. */
static inline void other_returns(struct run *run)
{
	const struct answer *answer = await(PEER, 0);

	expect_error(run, "the other side's operation", 0, answer);
	if (answer && run->owner == PEER) {
		expect_number(run, "the other side has received", OURS, answer->number);
		if (run->cell->state == WAITING)
			run->token = answer->token;
	}
}

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

static inline void does(struct run *run)
{
	if (run->cell->operation->family == INWARD)
		supplies(run, 0);
	else
		serves(run);
}

static inline void meets(struct run *run)
{
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
		     ASK(run, PEER, 1, .verb = DO_FORK, .number = CHILDS, .token = run->token,
			 .mailbox = sends && !run->cell->direct, .type = sends ? PLAIN : 0,
			 .address = sends ? pid_of(run, OPERATOR) : 0,
			 .flags = run->token ? 0 : MSGPASS_NONBLOCK,
			 .child = sends ? DO_SEND : run->token ? DO_REPLY : DO_RECEIVE));
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
	const struct answer *answer;

	expect_number(run, "the other side's operation has returned", ORDERED,
		      phase_of(lane_of(PEER, 0)));
	if (peeks)
		capacity_becomes(run, CAPACITY);
	expect_error(run, "sending something else", 0,
		     ASK(run, RUNNER, 0, .verb = DO_SEND, VIA(run), .address = pid_of(run, PEER),
			 .number = RELEASE, .type = typed ? SPECIAL : PLAIN,
			 .patience = PATIENCE));
	run->released++;
	answer = *run->trouble ? NULL : await(PEER, 0);
	expect_error(run, "the other side's operation", 0, answer);
	if (peeks)
		receives(run, drainer(run), RELEASE);
}

static inline void compare_other(struct run *run)
{
	int who = run->cell->state == OTHER_PROCESS && run->owner == OPERATOR ? THIRD : PEER;

	if (*run->trouble)
		return;
	if (run->expected.other == BREAKS)
		expect_error(run, "the other side's operation", EPIPE, await(who, 0));
	else if (run->expected.other == STAYS && run->owner == PEER)
		release(run);
	else if (run->expected.other == STAYS)
		expect_error(run, "the other side's operation", 0, await(who, 0));
	if (run->supplied)
		expect_error(run, "sending", 0, await(run->server, 1));
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
	if (expected->other == RETURNS && run->owner == PEER)
		other_returns(run);
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
	if (expected->other == RETURNS && run->owner == OPERATOR && !*run->trouble)
		other_returns(run);
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
