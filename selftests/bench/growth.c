// SPDX-License-Identifier: GPL-2.0
/*
 * What a message costs where there is much else: messages queued, mailboxes, inboxes. Each
 * is measured with little and with much, and the ratio is told.
 */
#include "bench.h"
#include "crowd.h"

#define ROUNDS 1024

struct place {
	int fd;
	uint64_t to;
	const pid_t *processes;
	unsigned int count, next;
};

/* One send and one receive of 64 bytes, by one process. */
static void pass(void *argument)
{
	struct place *place = argument;
	uint64_t words[8], got[8];

	bench_fill(words, sizeof(words));
	CHECK(!SEND(place->fd, .to = place->to, BYTES(words, sizeof(words))));
	CHECK(!RECEIVE(place->fd, NULL, BYTES(got, sizeof(got))));
	bench_sum(got, sizeof(got));
}

static double mailbox_with(unsigned int queued)
{
	uint64_t words[8] = {};
	int box = bench_roomy_mailbox();
	double value;

	while (queued--)
		CHECK(!SEND(box, BYTES(words, sizeof(words))));
	value = bench_cost(pass, &(struct place){ .fd = box }, ROUNDS);
	close(box);
	return value;
}

static void measure_mailbox(const struct mechanism *mechanism, size_t size)
{
	bench_compare("growth_queued", mechanism->name, size, mailbox_with, 1,
		      bench_quick ? 1000 : 10000);
}

static double inbox_with(unsigned int queued)
{
	uint64_t words[8] = {};
	int device = bench_roomy_inbox();
	double value;

	while (queued--)
		CHECK(!SEND(device, .to = getpid(), BYTES(words, sizeof(words))));
	value = bench_cost(pass, &(struct place){ .fd = device, .to = getpid() }, ROUNDS);
	while (!RECEIVE(device, NULL, .flags = MSGPASS_NONBLOCK, BYTES(words, sizeof(words))))
		;
	close(device);
	return value;
}

static void measure_inbox(const struct mechanism *mechanism, size_t size)
{
	bench_compare("growth_queued", mechanism->name, size, inbox_with, 1,
		      bench_quick ? 1000 : 10000);
}

static void name_of(char *name, unsigned int number)
{
	snprintf(name, MSGPASS_NAME_SIZE, "bench-%u", number);
}

/* Each time another, from all over. */
static unsigned int next(struct place *place)
{
	return place->next++ * 7919ULL % place->count;
}

/* To open one by name, and to close it. */
static void open_one(void *argument)
{
	struct place *place = argument;
	char name[MSGPASS_NAME_SIZE];

	name_of(name, next(place));
	CHECK(!close(MAILBOX_OPEN(place->fd, name, OPEN_BOTH)));
}

static double open_among(unsigned int mailboxes)
{
	static unsigned int made;
	struct place place = { .fd = device_open(), .count = mailboxes };
	char name[MSGPASS_NAME_SIZE];

	for (; made < mailboxes; made++) {
		name_of(name, made);
		CHECK(!close(MAILBOX_OPEN(place.fd, name, OPEN_NEW)));
	}
	return bench_cost(open_one, &place, ROUNDS);
}

static void measure_names(const struct mechanism *mechanism, size_t size)
{
	/* They go with the namespace. */
	CHECK(!unshare(CLONE_NEWNET));
	bench_compare("growth_names", mechanism->name, size, open_among, 10,
		      bench_quick ? 1000 : 100000);
}

static unsigned int ready;

/* An inbox that takes all that comes. */
static int keep_inbox(void *device)
{
	CHECK(!bench_set_roomy_inbox(*(int *)device));
	__atomic_add_fetch(&ready, 1, __ATOMIC_RELAXED);
	for (;;)
		pause();
	return 0;
}

/* To send, to one of so many processes that have an inbox, with a link to it. */
static void send_one(void *argument)
{
	struct place *place = argument;
	uint64_t words[8];

	bench_fill(words, sizeof(words));
	CHECK(!SEND(place->fd, .to = place->processes[next(place)], BYTES(words, sizeof(words))));
}

static double send_among(unsigned int inboxes)
{
	struct place place = { .fd = device_open(), .count = inboxes };
	struct crowd *crowd;
	unsigned int i;
	double value;

	ready = 0;
	crowd = crowd_new(inboxes, keep_inbox, &place.fd);
	CHECK(wait_until(__atomic_load_n(&ready, __ATOMIC_RELAXED) == inboxes));
	place.processes = crowd->member;
	for (i = 0; i < inboxes; i++)
		send_one(&place);
	value = bench_cost(send_one, &place, ROUNDS);
	crowd_end(crowd);
	return value;
}

static void measure_inboxes(const struct mechanism *mechanism, size_t size)
{
	bench_compare("growth_inboxes", mechanism->name, size, send_among, 10,
		      bench_quick ? 100 : 10000);
}

void bench_growth(void)
{
	bench_apart(measure_mailbox, &bench_msgpass_mailbox, 64);
	bench_apart(measure_inbox, &bench_msgpass_direct, 64);
	bench_apart(measure_names, &bench_msgpass_mailbox, 64);
	bench_apart(measure_inboxes, &bench_msgpass_direct, 64);
}
