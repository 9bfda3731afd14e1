// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that carry a number. They queue, in order, and say who sent them; what a user may
 * have queued in all is bounded, and who is over that must try again.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "compare.h"

/* A signal that nobody waits for ends the process, unless it is blocked. */
static sigset_t block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	must(sigprocmask(SIG_BLOCK, &set, NULL), "sigprocmask");
	return set;
}

static void put(pid_t receiver, int item)
{
	const struct timespec nap = { .tv_nsec = 200000 };
	const union sigval value = { .sival_int = item };

	while (sigqueue(receiver, SIGRTMIN, value) < 0) {
		if (errno != EAGAIN)
			fail("sigqueue", errno);
		nanosleep(&nap, NULL);
	}
}

static int get(const sigset_t *set, pid_t *sender)
{
	siginfo_t info;

	while (sigwaitinfo(set, &info) < 0)
		if (errno != EINTR)
			fail("sigwaitinfo", errno);
	*sender = info.si_pid;
	return info.si_int;
}

void signal_produce(pid_t reader, int count)
{
	int i;

	for (i = 0; i < count; i++)
		put(reader, make_item(i));
}

void signal_consume(int count)
{
	sigset_t set = block();
	pid_t sender;
	int i;

	ready();
	for (i = 0; i < count; i++)
		use_item(get(&set, &sender));
}

void signal_request(pid_t server, int count)
{
	sigset_t set = block();
	pid_t sender;
	int i, asked;

	for (i = 0; i < count; i++) {
		asked = question(i);
		put(server, asked);
		take_answer(asked, get(&set, &sender));
	}
}

void signal_serve(int count)
{
	sigset_t set = block();
	pid_t sender;
	int i, asked;

	ready();
	for (i = 0; i < count; i++) {
		asked = get(&set, &sender);
		put(sender, answer(asked));
	}
}
