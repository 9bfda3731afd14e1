/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The runner carries out inputs, one after the other. After each every mailbox is deleted,
 * actors that wait are interrupted, and those that go on all the same, or have changed in ways
 * that can't be undone, are killed. After some, or
 * after each, all are, and then the kernel's books have to be what they were at the beginning.
 *
 * In lockstep all are on one CPU, where actors have real-time priority and the runner has not.
 * So whoever is given a step runs until it is done or waits, and whom that wakes does too,
 * before the next step is given: an input does the same each time. Otherwise the steps of an
 * input overlap, as far as they are different actors'.
 */
#ifndef FUZZ_RUNNER_H
#define FUZZ_RUNNER_H

#include "actor.h"

/* Seconds after which a process that was killed should be dead, however slow the kernel is. */
#define PATIENCE 60

static const uid_t users[] = { 0, FATHER, MOTHER, CHILD };
static uint64_t books[ARRAY_SIZE(users)];	/* bytes that each holds at the beginning */
static int device;				/* the runner's own */
static bool parameters_changed;

/* --- the module's limits, so low that actors run into them */

static const struct {
	const char *name;
	uint64_t value, other;
} parameters[] = {
	{ "message_max", 2 * PAGE, PAGE },
	{ "capacity_default", 3, 1 },
	{ "mailboxes_max", 6, 2 },
	{ "user_bytes", 128 << 10, 16 << 10 },
};

static int64_t parameters_before[ARRAY_SIZE(parameters)];

static inline void parameters_lower(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		parameter_set(parameters[i].name, parameters[i].value);
	parameters_changed = false;
}

static inline void parameters_note(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		parameters_before[i] = parameter(parameters[i].name);
}

static inline void parameters_restore(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		parameter_set(parameters[i].name, parameters_before[i]);
}

/* --- actors */

/* The process of that actor is gone, and with it the other thread. */
static inline void actor_forget(pid_t pid)
{
	int i;

	for (i = 0; i < ACTORS; i++)
		if (world->actors[i].pid == pid) {
			world->actors[i].pid = 0;
			world->actors[i].state = ABSENT;
		}
}

/* Actors exit or are killed, after exec also by what they have no handler for yet. */
static inline void judge_death(pid_t pid, int status)
{
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGABRT)
		trouble("process %d was ended by signal %d", pid, number);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		trouble("process %d failed", pid);
}

static inline void reap_dead(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		judge_death(pid, status);
		actor_forget(pid);
	}
}

static inline bool actor_start(int index)
{
	int first = index == SECOND_THREAD ? FIRST_THREAD : index;
	struct actor *actor = &world->actors[first];
	pid_t pid;

	if (actor->pid)
		return false;
	actor->state = STARTING;
	actor->spent = false;
	if (first == FIRST_THREAD) {
		world->actors[SECOND_THREAD].state = STARTING;
		world->actors[SECOND_THREAD].spent = false;
	}
	pid = child_fork();
	if (!pid) {
		signal(SIGALRM, SIG_DFL);
		actor_main(first);
	}
	actor->pid = pid;
	return state_leaves(actor, STARTING, PATIENCE * 1000) &&
	       state_leaves(&world->actors[index], STARTING, PATIENCE * 1000);
}

/* The actor, if it can be given something to do. */
static inline struct actor *actor_free(int index)
{
	struct actor *actor = &world->actors[index];

	if (state_of(actor) == ABSENT && !actor_start(index))
		return NULL;
	if (!world->lockstep)
		state_leaves(actor, ORDERED, 2);
	return state_of(actor) == FREE ? actor : NULL;
}

/* --- steps */

/* It may look free until it is dead. */
static inline void process_spend(pid_t pid)
{
	int i;

	for (i = 0; i < ACTORS; i++)
		world->actors[i].spent |= world->actors[i].pid == pid;
}

/* A stall ends for no signal but one, and meanwhile others would keep the kernel trying. */
static inline int do_signal(const struct step *step)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, SIGKILL, SIGSTOP };
	const struct actor *actor = &world->actors[step->actor % ACTORS];
	int number = signals[step->value % ARRAY_SIZE(signals)];

	if (!actor->pid || (actor->stalled && number != SIGKILL))
		return -ESRCH;
	if (number == SIGKILL)
		process_spend(actor->pid);
	if (syscall(SYS_tgkill, actor->pid, actor->tid, number))
		return -errno;
	return number == SIGSTOP ? result(kill(actor->pid, SIGCONT)) : 0;
}

static inline int do_nap(const struct step *step)
{
	return result(nanosleep(&(struct timespec){ .tv_nsec = (1 + step->value % 4) * 1000000 },
				NULL));
}

static inline int do_parameter(const struct step *step)
{
	unsigned int i = step->value % ARRAY_SIZE(parameters);

	parameters_changed = true;
	return parameter_set(parameters[i].name, step->value & WILD ? parameters[i].other :
							     parameters[i].value);
}

static inline int run_step_here(const struct step *step)
{
	enum verb verb = verb_of(step);
	int ret = verb == DO_SIGNAL ? do_signal(step) : verb == DO_NAP ? do_nap(step) :
		  do_parameter(step);

	count_up(world->done[verb]);
	if (ret >= 0)
		count_up(world->succeeded[verb]);
	return ret;
}

static inline void tell(const struct step *step, int who, const char *outcome)
{
	char line[256];
	int length;

	if (!world->trace)
		return;
	length = snprintf(line, sizeof(line),
			  "<7>fuzz: actor %d: %s fd %d to %#x flags %#x length %#x memory %#x: %s\n",
			  who, verb_names[verb_of(step)], step->fd, step->to, step->flags,
			  step->length, step->memory, outcome);
	if (write(world->trace, line, length) < 0)
		perror("/dev/kmsg");
}

static inline void tell_result(const struct step *step, int who, int ret)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", ret);
	tell(step, who, ret < 0 ? strerror(-ret) : number);
}

/* A stall ends for no signal but SIGKILL, and a spent one will not be back. */
static inline void actor_interrupt(struct actor *actor)
{
	if (state_of(actor) != ORDERED || actor->stalled || actor->spent)
		return;
	syscall(SYS_tgkill, actor->pid, actor->tid, SIGUSR1);
	state_leaves(actor, ORDERED, world->lockstep ? 0 : 20);
}

/* If all wait, the one that was asked for is made to wait no more. */
static inline struct actor *actor_for(const struct step *step)
{
	int i, index = step->actor % ACTORS;
	struct actor *actor = actor_free(index);

	for (i = 1; !actor && i < ACTORS; i++)
		if (state_of(&world->actors[(index + i) % ACTORS]) == FREE)
			actor = &world->actors[(index + i) % ACTORS];
	if (!actor) {
		actor_interrupt(&world->actors[index]);
		actor = actor_free(index);
	}
	return actor;
}

static inline void run_step(const struct step *step)
{
	struct actor *actor;

	reap_dead();
	if (verb_of(step) >= DO_SIGNAL) {
		tell_result(step, step->actor % ACTORS, run_step_here(step));
		return;
	}
	actor = actor_for(step);
	if (!actor) {
		tell(step, step->actor % ACTORS, "not done, all are busy or gone");
		return;
	}
	actor->step = *step;
	actor->reset = false;
	actor->used = true;
	count_up(world->done[verb_of(step)]);
	state_set(actor, ORDERED);
	if (state_of(actor) == FREE)
		tell_result(step, actor - world->actors, actor->result);
	else
		tell(step, actor - world->actors, "goes on");
}

/* --- the end of an input */

/* Wait for the death of that process, or of all, as they were killed. */
static inline void reap(pid_t which)
{
	int status;
	pid_t pid;

	alarm(PATIENCE);
	do {
		pid = waitpid(which, &status, 0);
		if (pid > 0) {
			judge_death(pid, status);
			actor_forget(pid);
		}
	} while (pid > 0 && which < 0);
	if (pid < 0 && errno != ECHILD)
		trouble("a process that was killed does not die");
	alarm(0);
}

static inline void kill_all(void)
{
	kill(-1, SIGKILL);
	reap(-1);
}

static inline bool can_be_reset(int index)
{
	const struct actor *actor = &world->actors[index];

	return state_of(actor) == FREE && !actor->spent;
}

static inline void actor_end(struct actor *actor)
{
	pid_t pid = actor->pid;

	kill(pid, SIGKILL);
	reap(pid);
}

/* Much cheaper than to kill them, and have new ones. */
static inline void waiters_interrupt(void)
{
	int i;

	for (i = 0; i < ACTORS; i++)
		actor_interrupt(&world->actors[i]);
}

static inline void actors_end(void)
{
	bool second = can_be_reset(SECOND_THREAD);
	int i;

	for (i = 0; i < ACTORS; i++)
		if (world->actors[i].pid &&
		    (!can_be_reset(i) || (i == FIRST_THREAD && !second)))
			actor_end(&world->actors[i]);
}

static inline void actors_reset(void)
{
	struct actor *actor;
	int i;

	for (i = 0; i < ACTORS; i++) {
		actor = &world->actors[i];
		if (i == SECOND_THREAD || !actor->pid)
			continue;
		actor->used |= i == FIRST_THREAD && world->actors[SECOND_THREAD].used;
		actor->reset = true;
		state_set(actor, ORDERED);
		if (!state_leaves(actor, ORDERED, PATIENCE * 1000))
			trouble("an actor can't be reset");
		actor->used = false;
	}
	world->actors[SECOND_THREAD].used = false;
}

/* Nobody but the actors can have made any. */
static inline void delete_mailboxes(void)
{
	struct msgpass_mailbox_stat stat;

	while (!mailbox_next(device, 0, &stat))
		if (mailbox_delete(device, stat.name)) {
			trouble("mailbox %s can't be deleted: %m", stat.name);
			return;
		}
}

/* Of a user, in bytes. */
static inline uint64_t book_of(uid_t user)
{
	uint64_t bytes;

	syscall(SYS_setresuid, -1, user, -1);
	bytes = user_bytes(device);
	syscall(SYS_setresuid, -1, 0, -1);
	return bytes;
}

static inline bool others_have_inboxes(void)
{
	struct msgpass_inbox_stat stat;
	uint64_t peer = 0;

	while (!inbox_next(device, peer, &stat)) {
		if (stat.out_pid != getpid())
			return true;
		peer = stat.out_peer;
	}
	return false;
}

/* What is left, in words; NULL if nothing is. */
static inline const char *left_over(void)
{
	static char text[128];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(users); i++)
		if (book_of(users[i]) != books[i]) {
			snprintf(text, sizeof(text), "user %u holds %lld bytes more than before",
				 users[i], (long long)(book_of(users[i]) - books[i]));
			return text;
		}
	return others_have_inboxes() ? "a dead process has an inbox" : NULL;
}

/* Workers come after those who are dead. */
static inline void expect_nothing_left(void)
{
	if (!wait_until(!left_over()))
		trouble("%s", left_over());
}

static inline void run_steps(void)
{
	const struct step *steps = (const void *)world->input;
	size_t i, count = world->size / sizeof(*steps);

	memset(world->tokens, 0, sizeof(world->tokens));
	world->token_count = 0;
	for (i = 0; i < count; i++)
		run_step(&steps[i]);
}

static inline void run_input(void)
{
	bool last = ++world->inputs % world->lives == 0;

	run_steps();
	kcov_collect();
	reap_dead();
	if (last) {
		kill_all();
	} else {
		waiters_interrupt();
		actors_end();
	}
	if (parameters_changed)
		parameters_lower();
	delete_mailboxes();
	actors_reset();
	drain_inbox(device);
	if (last)
		expect_nothing_left();
	kcov_forget();
}

/* --- the runner as a process */

static struct {
	pid_t pid;
	int orders, answers;	/* a byte each: an input is there, is done */
} runner;

static inline void runner_begin(void)
{
	struct sigaction interrupt = { .sa_handler = ignore };
	cpu_set_t first;
	unsigned int i;

	sigaction(SIGALRM, &interrupt, NULL);
	if (world->lockstep) {
		CPU_ZERO(&first);
		CPU_SET(0, &first);
		CHECK(!sched_setaffinity(0, sizeof(first), &first));
	}
	device = device_open();
	CHECK(device >= 0);
	parameters_lower();
	for (i = 0; i < ARRAY_SIZE(users); i++)
		book_of(users[i]);
	for (i = 0; i < ARRAY_SIZE(users); i++)
		books[i] = book_of(users[i]);
}

/* Counters are for what the kernel's KCOV sees, or NULL. */
static inline void runner_main(int orders, int answers, uint8_t *counters, size_t size)
{
	char byte;

	runner_begin();
	CHECK(!counters || kcov_open(counters, size));
	while (read(orders, &byte, 1) == 1) {
		run_input();
		CHECK(write(answers, &byte, 1) == 1);
	}
	_exit(0);
}

/* False if it can't be. */
static inline bool runner_start(bool lockstep, uint8_t *counters, size_t size)
{
	int orders[2], answers[2];

	/* Before whatever else has a descriptor: actors close those behind. */
	world_make();
	if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		return false;
	parameters_note();
	world->lockstep = lockstep;
	world->lives = 1;
	runner.pid = child_clone(CLONE_NEWPID | CLONE_NEWNET);
	if (!runner.pid) {
		close(orders[1]);
		close(answers[0]);
		runner_main(orders[0], answers[1], counters, size);
	}
	close(orders[0]);
	close(answers[1]);
	runner.orders = orders[1];
	runner.answers = answers[0];
	return runner.pid > 0;
}

/* The caller may have timers; that the runner is gone shows as the pipe's end. */
static inline bool runner_answers(void)
{
	ssize_t count;
	char byte;

	do {
		count = read(runner.answers, &byte, 1);
	} while (count < 0 && errno == EINTR);
	return count == 1;
}

/* NULL, or what went wrong with it. */
static inline const char *runner_run(const void *input, size_t size)
{
	char byte = 0;

	world->size = size < sizeof(world->input) ? size : sizeof(world->input);
	memset(world->input, 0, sizeof(world->input));
	memcpy(world->input, input, world->size);
	if (write(runner.orders, &byte, 1) != 1 || !runner_answers())
		trouble("the runner is gone");
	return world->trouble[0] ? world->trouble : NULL;
}

static inline void runner_stop(void)
{
	close(runner.orders);
	close(runner.answers);
	child_status(runner.pid);
	parameters_restore();
	munmap(world, sizeof(*world));
	close(world_memory);
}

#endif
