/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An actor: a process, or one of two threads of it, that carries out the steps it is ordered
 * to, until it is killed.
 */
#ifndef FUZZ_ACTOR_H
#define FUZZ_ACTOR_H

#include "act.h"
#include "kcov.h"

static void ignore(int signal)
{
	(void)signal;
}

/* SIGUSR1 interrupts, the others restart what they interrupt. */
static inline void actor_catch_signals(void)
{
	struct sigaction interrupt = { .sa_handler = ignore };
	struct sigaction restart = { .sa_handler = ignore, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &interrupt, NULL);
	sigaction(SIGUSR2, &restart, NULL);
	sigaction(SIGIO, &restart, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static inline void *actor_run(void *argument)
{
	struct actor *actor = argument;

	own = actor;
	actor->tid = gettid();
	actor->stalled = false;
	for (;;) {
		state_set(actor, FREE);
		while (state_of(actor) != ORDERED)
			state_leaves(actor, FREE, 1000);
		actor->result = actor->reset ? reset() : act(&actor->step);
		actor->stalled = false;
		if (actor->result >= 0 && !actor->reset)
			count_up(world->succeeded[verb_of(&actor->step)]);
	}
	return NULL;
}

static inline void *actor_run_seen(void *argument)
{
	kcov_begin((struct actor *)argument - world->actors);
	return actor_run(argument);
}

/* What a process has when it begins: the device, memory, and handlers. */
static inline void actor_settle(struct actor *actor)
{
	file_count = 0;
	actor_catch_signals();
	memory_make();
	actor->pid = getpid();
	files_first = file_open(0);
	actor->peer = own_peer(files_first);
	note_inbox();
}

/* In a new child of the runner. */
static inline void actor_main(int index)
{
	pthread_t second;

	priority_reset();
	actor_settle(&world->actors[index]);
	if (index == ORDINARY)
		become(FATHER, FATHER);
	if (index == FIRST_THREAD) {
		world->actors[SECOND_THREAD].pid = world->actors[index].pid;
		world->actors[SECOND_THREAD].peer = world->actors[index].peer;
		CHECK(!pthread_create(&second, NULL, actor_run_seen,
				      &world->actors[SECOND_THREAD]));
	}
	actor_run_seen(&world->actors[index]);
}

/*
 * In the program that an actor has executed, before its main(). It keeps its policy, and the
 * kernel goes on seeing where it goes.
 */
static void __attribute__((constructor)) actor_after_exec(int argc, char **argv)
{
	struct actor *actor;

	if (argc != 4 || strcmp(argv[1], "--actor"))
		return;
	world_map(atoi(argv[2]));
	actor = &world->actors[atoi(argv[3])];
	actor_settle(actor);
	actor_run(actor);
}

#endif
