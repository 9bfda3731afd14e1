// SPDX-License-Identifier: GPL-2.0
#define MSGPASS_TEST_PART
#include "../msgpass_test.h"

#include "act.h"

/* --- chance */

static uint32_t random_number(struct worker *worker)
{
	worker->random ^= worker->random << 13;
	worker->random ^= worker->random >> 7;
	worker->random ^= worker->random << 17;
	return worker->random >> 16;
}

static uint32_t below(struct worker *worker, uint32_t bound)
{
	return random_number(worker) % bound;
}

static bool percent(struct worker *worker, unsigned int chance)
{
	return below(worker, 100) < chance;
}

static uint32_t random_length(struct worker *worker)
{
	static const uint32_t bounds[] = { 16, 64, 64, 64, 256, 1024, 1024, 4096, 4096, 8192 };

	if (percent(worker, 2))
		return below(worker, LARGEST + 1);
	return below(worker, bounds[below(worker, ARRAY_SIZE(bounds))] + 1);
}

/* For ever, not at all, or for a moment. */
static void random_wait(struct worker *worker, struct manner *manner, unsigned int for_ever)
{
	if (percent(worker, for_ever))
		return;
	if (percent(worker, 50))
		manner->flags |= MSGPASS_NONBLOCK;
	else
		manner->deadline = now() + below(worker, 3000000);
}

/* --- places */

static void open_box(struct worker *worker, unsigned int box)
{
	uint32_t rights = boxes[box].broadcast ? MSGPASS_OPEN_SEND : OPEN_BOTH;

	worker->fds[box] = box_open(worker->scene, worker->device, box, rights, &worker->ports[box]);
	CHECK(worker->fds[box] >= 0);
}

struct place worker_box(struct worker *worker, unsigned int box)
{
	return (struct place){
		.fd = worker->fds[box],
		.port = worker->ports[box],
		.box = box,
	};
}

/* The one it knows is gone: it knows the next. */
static void reopen_box(struct worker *worker, const struct place *place)
{
	close(worker->fds[place->box]);
	open_box(worker, place->box);
}

static uint16_t random_process(struct worker *worker)
{
	struct scene *scene = worker->scene;
	uint16_t process = atomic_load(&scene->cast[below(worker, scene->workers)]);

	/* Nobody yet, at the very beginning. */
	return process ? process : worker->process;
}

static struct place inbox_of(struct worker *worker, uint16_t process)
{
	struct process *of = &worker->scene->processes[process];

	return (struct place){
		.fd = worker->device,
		.pid = of->pid,
		.port = of->inbox,
		.box = -1,
	};
}

static struct place own_inbox(struct worker *worker)
{
	struct place place = inbox_of(worker, worker->process);

	place.pid = 0;
	return place;
}

static struct place own_subscription(struct worker *worker)
{
	return (struct place){
		.fd = worker->subscription,
		.box = -1,
		.port = worker->scene->processes[worker->process].subscription,
	};
}

static struct place random_target(struct worker *worker)
{
	if (percent(worker, 35))
		return inbox_of(worker, random_process(worker));
	return worker_box(worker, below(worker, BOXES));
}

/* --- what it does */

static void settle_result(struct worker *worker, const struct place *place, int result)
{
	if (result == -EPIPE && place->box >= 0)
		reopen_box(worker, place);
}

/* Elsewhere nothing ends without somebody whom the history knows. */
static bool may_expire(const struct place *place)
{
	return place->box < 0 ? place->port % 2 : boxes[place->box].lifetimes;
}

static void random_send(struct worker *worker)
{
	struct place to = random_target(worker);
	bool broadcast = to.box == BROADCAST_BOX;
	struct manner manner = {
		.length = random_length(worker),
		.type = below(worker, 4),
		.priority = below(worker, 3),
	};

	random_wait(worker, &manner, 40);
	if (!broadcast && percent(worker, 15))
		manner.flags |= MSGPASS_SYNCHRONOUS;
	else if (!broadcast && percent(worker, 10))
		manner.flags |= MSGPASS_RECEIPT;
	if (may_expire(&to) && percent(worker, 20))
		manner.lifetime = 1 + below(worker, 20000000);
	settle_result(worker, &to, act_send(worker, &to, &manner));
}

static void random_call(struct worker *worker)
{
	struct place to = random_target(worker);
	struct manner manner = {
		.length = 8 + random_length(worker) % 1024,
		.type = below(worker, 4),
		.priority = below(worker, 3),
	};

	if (to.box == BROADCAST_BOX)
		return;
	if (percent(worker, 60))
		manner.deadline = now() + below(worker, 20000000);
	/* Who holds the calls of others meanwhile could wait for itself. */
	while (worker->owed_count)
		act_give_up(worker, &worker->owed[--worker->owed_count]);
	settle_result(worker, &to, act_call(worker, &to, &manner));
}

static void random_forward(struct worker *worker, const struct owed *owed)
{
	struct place to = random_target(worker);
	struct manner manner = {
		.length = 8 + random_length(worker) % 1024,
		.type = below(worker, 4),
		.priority = below(worker, 3),
	};
	int result = -EOPNOTSUPP;

	if (to.box != BROADCAST_BOX) {
		random_wait(worker, &manner, 0);
		result = act_forward(worker, owed, &to, &manner);
		settle_result(worker, &to, result);
	}
	if (result && result != -ESRCH)
		act_give_up(worker, owed);
}

static void answer(struct worker *worker, const struct owed *owed)
{
	uint32_t chance = below(worker, 100);

	if (chance < 70)
		act_reply(worker, owed, 8 + random_length(worker) % 1024);
	else if (chance < 80)
		random_forward(worker, owed);
	else if (chance < 90 || worker->owed_count == OWED_MAX)
		act_give_up(worker, owed);
	else
		worker->owed[worker->owed_count++] = *owed;
}

static void answer_last(struct worker *worker)
{
	struct owed owed = worker->owed[--worker->owed_count];

	answer(worker, &owed);
}

static void random_selection(struct worker *worker, struct manner *manner, bool direct)
{
	static const uint32_t rules[] = {
		MSGPASS_TYPE_EXACT,
		MSGPASS_TYPE_UP_TO,
		MSGPASS_TYPE_EXCEPT,
	};

	if (percent(worker, 20))
		manner->flags |= MSGPASS_BY_PRIORITY;
	if (percent(worker, 15)) {
		manner->flags |= rules[below(worker, ARRAY_SIZE(rules))];
		manner->type = below(worker, 4);
	}
	if (direct && percent(worker, 10))
		manner->from = random_process(worker);
	else if (direct && percent(worker, 5))
		manner->flags |= MSGPASS_RECEIPT;
}

static struct place random_source(struct worker *worker)
{
	if (worker->subscription >= 0 && percent(worker, 30))
		return own_subscription(worker);
	if (percent(worker, 35))
		return own_inbox(worker);
	return worker_box(worker, below(worker, BROADCAST_BOX));
}

static void random_receive(struct worker *worker)
{
	struct place from = random_source(worker);
	struct manner manner = { .length = LARGEST };
	struct owed owed = {};
	bool selects = percent(worker, 30);

	if (selects)
		random_selection(worker, &manner, from.fd == worker->device);
	random_wait(worker, &manner, selects ? 5 : 35);
	if (percent(worker, 5))
		manner.flags |= MSGPASS_PEEK;
	else if (percent(worker, 2))
		manner.bad = true;
	else if (percent(worker, 5))
		manner.length = 512;
	if (manner.length < LARGEST && percent(worker, 30))
		manner.flags |= MSGPASS_TRUNCATE;
	settle_result(worker, &from, act_receive(worker, &from, &manner, &owed));
	if (owed.token)
		answer(worker, &owed);
}

static void random_change(struct worker *worker)
{
	unsigned int box = below(worker, BOXES);
	struct place place = worker_box(worker, box);
	uint64_t capacity = percent(worker, 10) ? 0 : 1 + below(worker, 16);

	if (boxes[box].deletable && percent(worker, 20))
		settle_result(worker, &place, act_delete(worker, &place));
	else if (boxes[box].settable)
		settle_result(worker, &place, act_set(worker, &place, capacity));
}

static void turn(struct worker *worker)
{
	unsigned int sends = worker->sender ? 70 : 12;
	uint32_t chance = below(worker, 100);

	if (worker->owed_count && percent(worker, 30))
		answer_last(worker);
	else if (chance < sends)
		random_send(worker);
	else if (chance < sends + 6)
		random_call(worker);
	else if (chance < sends + 8)
		random_change(worker);
	else
		random_receive(worker);
}

/* --- the end */

unsigned int worker_drain(struct worker *worker, const struct place *place)
{
	const struct manner manner = { .flags = MSGPASS_NONBLOCK, .length = LARGEST };
	unsigned int count = 0;
	struct owed owed = {};

	while (!act_receive(worker, place, &manner, &owed)) {
		count++;
		if (owed.token)
			act_give_up(worker, &owed);
		owed.token = 0;
	}
	return count;
}

static void drain_own(struct worker *worker)
{
	struct place inbox = own_inbox(worker), subscription = own_subscription(worker);

	if (worker->subscription >= 0)
		worker_drain(worker, &subscription);
	worker_drain(worker, &inbox);
}

/* What still comes, until the scene is stopped, which a signal tells. */
static void play_out(struct worker *worker)
{
	const struct manner manner = { .length = LARGEST, .closing = true };
	struct place inbox = own_inbox(worker);

	while (worker->owed_count)
		act_give_up(worker, &worker->owed[--worker->owed_count]);
	for (;;) {
		struct owed owed = {};
		int result;

		drain_own(worker);
		if (atomic_load(&worker->scene->phase) == STOPPED)
			return;
		result = act_receive(worker, &inbox, &manner, &owed);
		if (result == -ENOSPC)
			return;
		if (owed.token)
			act_give_up(worker, &owed);
	}
}

void worker_play(struct worker *worker)
{
	while (atomic_load(&worker->scene->phase) == RUNNING)
		turn(worker);
	play_out(worker);
}

void worker_init(struct worker *worker, struct scene *scene, uint16_t actor, uint16_t process)
{
	uint64_t mixed = (scene->seed + actor + 1) * 0x9e3779b97f4a7c15ULL;
	unsigned int box;

	*worker = (struct worker){
		.scene = scene,
		.actor = actor,
		.process = process,
		.subscription = -1,
		.random = mixed ^ mixed >> 29 ?: 1,
		.device = device_open(),
		.buffer = malloc(LARGEST),
	};
	CHECK(worker->device >= 0 && worker->buffer);
	memset(worker->buffer, 0, LARGEST);
	for (box = 0; box < BOXES; box++)
		open_box(worker, box);
}

void worker_exit(struct worker *worker)
{
	unsigned int box;

	for (box = 0; box < BOXES; box++)
		close(worker->fds[box]);
	if (worker->subscription >= 0)
		close(worker->subscription);
	close(worker->device);
	free(worker->buffer);
}
