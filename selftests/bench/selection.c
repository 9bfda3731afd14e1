// SPDX-License-Identifier: GPL-2.0
/*
 * To receive one message among many that do not match, all of them queued before it.
 */
#include "bench.h"

#define ROUNDS 1024
#define WORDS  8

/* What is sent, and what selects it. */
struct selected {
	int fd;
	struct msgpass_send send;
	struct msgpass_receive receive;
};

static void pass(void *argument)
{
	struct selected *selected = argument;
	uint64_t words[WORDS], place[WORDS];

	selected->send.data = (uintptr_t)words;
	selected->receive.data = (uintptr_t)place;
	selected->send.length = sizeof(words);
	selected->receive.length = sizeof(place);
	bench_fill(words, sizeof(words));
	CHECK(!do_send(selected->fd, selected->send));
	CHECK(!do_receive(selected->fd, NULL, selected->receive));
	bench_sum(place, sizeof(place));
}

/* Two at a time, of two kinds. */
static void pass_two(void *argument)
{
	struct selected *selected = argument;
	uint64_t words[WORDS], place[WORDS];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		bench_fill(words, sizeof(words));
		CHECK(!SEND(selected[i].fd, .type = selected[i].send.type,
			    .priority = selected[i].send.priority, BYTES(words, sizeof(words))));
	}
	for (i = 0; i < 2; i++) {
		CHECK(!RECEIVE(selected[i].fd, NULL, .flags = selected[i].receive.flags,
			       .type = selected[i].receive.type, BYTES(place, sizeof(place))));
		bench_sum(place, sizeof(place));
	}
}

/* Each of a type and a priority of its own, below those that are selected. */
static void send_others(int fd, uint64_t to, unsigned int others)
{
	uint64_t words[WORDS] = {};

	while (others--)
		CHECK(!SEND(fd, .to = to, .type = 2 + others, .priority = others,
			    BYTES(words, sizeof(words))));
}

static double by_sender(unsigned int others)
{
	int device = bench_roomy_inbox();
	struct selected own = {
		.fd = device,
		.send = { .to = getpid() },
		.receive = { .from = getpid() },
	};
	pid_t sender = child_fork();

	if (!sender) {
		send_others(device, getppid(), others);
		_exit(0);
	}
	CHECK(!child_status(sender));
	return bench_cost(pass, &own, ROUNDS);
}

static double by_type(unsigned int others)
{
	struct selected typed = {
		.fd = bench_roomy_mailbox(),
		.send = { .type = 1 },
		.receive = { .flags = MSGPASS_TYPE_EXACT, .type = 1 },
	};

	send_others(typed.fd, 0, others);
	return bench_cost(pass, &typed, ROUNDS);
}

static double by_priority(unsigned int others)
{
	struct selected urgent = {
		.fd = bench_roomy_mailbox(),
		.send = { .priority = 1u << 20 },
		.receive = { .flags = MSGPASS_BY_PRIORITY },
	};

	send_others(urgent.fd, 0, others);
	return bench_cost(pass, &urgent, ROUNDS);
}

static double by_two_types(unsigned int others)
{
	int box = bench_roomy_mailbox();
	struct selected typed[] = {
		{ box, { .type = 1 }, { .flags = MSGPASS_TYPE_EXACT, .type = 1 } },
		{ box, { .type = ~0U }, { .flags = MSGPASS_TYPE_EXACT, .type = ~0U } },
	};

	send_others(box, 0, others);
	return bench_cost(pass_two, typed, ROUNDS) / 2;
}

static double by_two_priorities(unsigned int others)
{
	int box = bench_roomy_mailbox();
	struct selected urgent[] = {
		{ box, { .priority = 1u << 20 }, { .flags = MSGPASS_BY_PRIORITY } },
		{ box, { .priority = 2u << 20 }, { .flags = MSGPASS_BY_PRIORITY } },
	};

	send_others(box, 0, others);
	return bench_cost(pass_two, urgent, ROUNDS) / 2;
}

static void measure_sender(const struct mechanism *mechanism, size_t size)
{
	bench_compare("growth_by_sender", mechanism->name, size, by_sender, 0,
		      bench_quick ? 1000 : 10000);
}

static void measure_type(const struct mechanism *mechanism, size_t size)
{
	bench_compare("growth_by_type", mechanism->name, size, by_type, 0,
		      bench_quick ? 1000 : 10000);
}

static void measure_priority(const struct mechanism *mechanism, size_t size)
{
	bench_compare("growth_by_priority", mechanism->name, size, by_priority, 0,
		      bench_quick ? 1000 : 10000);
}

static void measure_two_types(const struct mechanism *mechanism, size_t size)
{
	bench_compare("growth_two_types", mechanism->name, size, by_two_types, 0,
		      bench_quick ? 1000 : 10000);
}

static void measure_two_priorities(const struct mechanism *mechanism, size_t size)
{
	bench_compare("growth_two_urgent", mechanism->name, size, by_two_priorities, 0,
		      bench_quick ? 1000 : 10000);
}

void bench_selection(void)
{
	bench_apart(measure_sender, &bench_msgpass_direct, 64);
	bench_apart(measure_type, &bench_msgpass_mailbox, 64);
	bench_apart(measure_two_types, &bench_msgpass_mailbox, 64);
	bench_apart(measure_priority, &bench_msgpass_mailbox, 64);
	bench_apart(measure_two_priorities, &bench_msgpass_mailbox, 64);
}
