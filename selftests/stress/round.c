// SPDX-License-Identifier: GPL-2.0
#define MSGPASS_TEST_PART
#include "../msgpass_test.h"

#include "crew.h"
#include "round.h"
#include "worker.h"

#define ROUND_MESSAGES 20000
#define STATS_MAX      16384
#define STUCK	       (60 * 1000000000ULL)

/* Something happens to the workers each so many records. */
#define SIGNAL_EVERY 80
#define KILL_EVERY   1500
#define LOOK_EVERY   400

struct round {
	struct scene *scene;
	struct crew crew;
	struct worker overseer; /* what it does itself is history, too */
	struct stress_summary *summary;
	struct stat_fact *stats; /* of STATS_MAX */
	size_t stat_count;
	uint64_t random;
	uint32_t signalled_at; /* records */
	uint32_t killed_at;
	uint32_t looked_at;
	uint64_t end;	   /* when to close, or NEVER */
	uint32_t idle;	   /* records of its own that changed nothing */
	uint64_t progress; /* the last one seen, and when */
	uint64_t progressed;
	bool stuck;
};

static uint32_t below(struct round *round, uint32_t bound)
{
	round->random = round->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (round->random >> 33) % bound;
}

/* --- when all is quiet */

static void note_stat(struct round *round, uint16_t port, bool quiet, bool last, struct counts counts)
{
	if (round->stat_count == STATS_MAX)
		return;
	round->stats[round->stat_count++] = (struct stat_fact){
		.time = now(),
		.port = port,
		.quiet = quiet,
		.last = last,
		.queued = counts.queued,
		.sent = counts.sent,
		.receivers_waiting = counts.receivers_waiting,
		.senders_waiting = counts.senders_waiting,
		.received = counts.received,
		.dropped = counts.dropped,
	};
}

static void note_inboxes(struct round *round, bool quiet, bool last)
{
	struct scene *scene = round->scene;
	struct msgpass_inbox_stat stat;
	unsigned int i;

	for (i = 0; i < scene->workers; i++) {
		const struct process *process = &scene->processes[scene->cast[i]];

		if (scene->cast[i] && !inbox_stat(round->overseer.device, 0, process->pid, &stat))
			note_stat(round, process->inbox, quiet, last, COUNTS(stat));
	}
}

static void note_boxes(struct round *round, bool quiet, bool last)
{
	struct msgpass_mailbox_stat stat;
	unsigned int i;

	/* Those of a broadcast are its subscriptions'. */
	for (i = 0; i < BROADCAST_BOX; i++)
		if (!mailbox_stat(round->overseer.fds[i], "", &stat))
			note_stat(round, round->overseer.ports[i], quiet, last, COUNTS(stat));
}

/* Changes whenever something begins or ends, but for looks into empty mailboxes. */
static uint64_t progress_of(const struct round *round)
{
	const struct scene *scene = round->scene;
	uint64_t sum = atomic_load(&scene->record_count) - round->idle;
	unsigned int i;

	for (i = 0; i < scene->actor_count; i++)
		sum += (uint64_t)!atomic_load(&scene->threads[i].current) << 32;
	return sum;
}

/*
 * Everybody sleeps, and slept while the counts were taken. False: not so, and nothing is noted.
 * Who overlooked something would be seen to sleep on, in the history.
 */
static bool note_quiet(struct round *round)
{
	size_t stats = round->stat_count;
	uint64_t before = progress_of(round);

	if (!crew_look(&round->crew))
		return false;
	note_boxes(round, true, false);
	note_inboxes(round, true, false);
	if (crew_look(&round->crew) && progress_of(round) == before) {
		round->summary->quiet++;
		return true;
	}
	round->stat_count = stats;
	return false;
}

/* --- what happens to the workers */

static uint16_t random_actor(struct round *round)
{
	struct scene *scene = round->scene;
	uint16_t process = scene->cast[below(round, scene->workers)];
	const struct process *of = &scene->processes[process];

	return process ? of->first + below(round, of->threads) : 0;
}

static void signal_one(struct round *round, int signal)
{
	crew_signal(&round->crew, random_actor(round), signal);
	round->summary->signals++;
}

/* So that it goes on, where all is quiet. */
static void signal_some(struct round *round)
{
	unsigned int i;

	for (i = 0; i < round->scene->workers / 4 + 1; i++)
		signal_one(round, SIGUSR1);
}

static void signal_all(struct round *round)
{
	unsigned int i;

	for (i = 0; i < round->scene->actor_count; i++)
		crew_signal(&round->crew, i, SIGUSR1);
}

static void replace_one(struct round *round)
{
	unsigned int worker = below(round, round->scene->workers);

	if (round->scene->process_count > PROCESSES_MAX - WORKERS_MAX)
		return;
	crew_kill(&round->crew, worker);
	crew_start(&round->crew, worker);
	round->summary->kills++;
}

static void disturb(struct round *round)
{
	uint32_t records = atomic_load(&round->scene->record_count);

	if (records - round->signalled_at >= SIGNAL_EVERY) {
		signal_one(round, below(round, 2) ? SIGUSR1 : SIGUSR2);
		round->signalled_at = records;
	}
	if (records - round->killed_at >= KILL_EVERY) {
		replace_one(round);
		round->killed_at = records;
	}
}

/* --- getting stuck */

static void print_state(struct round *round)
{
	struct scene *scene = round->scene;
	struct history history = {
		.records = scene->records,
		.actors = scene->actors,
		.ports = scene->ports,
	};
	char text[300];
	unsigned int i;

	for (i = 0; i < scene->actor_count; i++) {
		uint32_t current = atomic_load(&scene->threads[i].current);

		if (!current || scene->actors[i].gone)
			continue;
		record_describe(&history, &scene->records[current - 1], text, sizeof(text));
		printf("# under way: %s\n", text);
	}
	round->stat_count = 0;
	note_boxes(round, false, false);
	note_inboxes(round, false, false);
	for (i = 0; i < round->stat_count; i++) {
		const struct stat_fact *stat = &round->stats[i];

		printf("# %s: %llu queued, %llu receivers and %llu senders wait\n",
		       scene->names[stat->port], (unsigned long long)stat->queued,
		       (unsigned long long)stat->receivers_waiting,
		       (unsigned long long)stat->senders_waiting);
	}
	round->stat_count = 0;
}

/* No operation began or ended for so long, although those asleep were signalled. */
static bool is_stuck(struct round *round)
{
	uint64_t progress = progress_of(round);

	if (progress != round->progress) {
		round->progress = progress;
		round->progressed = now();
	}
	if (now() - round->progressed < STUCK)
		return false;
	printf("# stuck: nothing began or ended for %llu s\n", STUCK / 1000000000ULL);
	print_state(round);
	round->stuck = true;
	return true;
}

/* --- the course of a round */

static void drain_boxes(struct round *round)
{
	unsigned int i;

	for (i = 0; i < BROADCAST_BOX; i++) {
		struct place place = worker_box(&round->overseer, i);

		worker_drain(&round->overseer, &place);
		round->idle++;
	}
}

/* To look on costs a CPU's time. */
static void nap_long(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
}

static void run_open(struct round *round)
{
	uint32_t before = 0, records;

	while (atomic_load(&round->scene->phase) == RUNNING && !is_stuck(round)) {
		nap_long();
		disturb(round);
		if (now() > round->end)
			atomic_store(&round->scene->phase, CLOSING);
		records = atomic_load(&round->scene->record_count);
		if (records - round->looked_at >= LOOK_EVERY || records == before) {
			round->looked_at = records;
			/* They may wait for each other rightly, or for what never comes. */
			if (crew_look(&round->crew) && note_quiet(round))
				signal_some(round);
		}
		before = records;
	}
}

/* Does anybody but those who have nothing left to do? */
static bool has_ended(struct round *round)
{
	struct scene *scene = round->scene;
	unsigned int i;

	for (i = 0; i < scene->actor_count; i++) {
		uint32_t current = atomic_load(&scene->threads[i].current);

		if (current && !scene->actors[i].gone && !scene->records[current - 1].closing)
			return false;
	}
	return true;
}

/* Nobody begins anything but to receive, until all is received and nobody sends. */
static void run_closing(struct round *round)
{
	uint64_t before;

	while (!is_stuck(round)) {
		before = progress_of(round);
		drain_boxes(round);
		nap();
		if (!crew_look(&round->crew) || !note_quiet(round))
			continue;
		/* Those that have ended would only begin again. */
		if (!has_ended(round))
			signal_all(round);
		else if (progress_of(round) == before)
			return;
	}
}

static void run_stopped(struct round *round)
{
	uint64_t end = soon();
	unsigned int i;

	note_boxes(round, true, true);
	note_inboxes(round, true, true);
	atomic_store(&round->scene->phase, STOPPED);
	do {
		signal_all(round);
		nap();
	} while (crew_reap(&round->crew) && now() < end && !round->stuck);
	for (i = 0; i < round->scene->workers; i++)
		if (round->scene->cast[i])
			crew_kill(&round->crew, i);
}

/* The overseer knows the mailboxes of the beginning; since then some were deleted. */
static void reopen_boxes(struct round *round)
{
	unsigned int i;

	for (i = 0; i < BOXES; i++) {
		close(round->overseer.fds[i]);
		round->overseer.fds[i] = box_open(round->scene, round->overseer.device, i,
						  boxes[i].broadcast ? MSGPASS_OPEN_SEND : OPEN_BOTH,
						  &round->overseer.ports[i]);
		CHECK(round->overseer.fds[i] >= 0);
	}
}

/* --- its history */

#define AROUND (20 * 1000000ULL)

/* What else was done to the port, shortly before and meanwhile. */
static void print_around(const struct history *history, const struct record *accused)
{
	unsigned int left = 60;
	char text[300];
	size_t i;

	for (i = 0; i < history->record_count && left; i++) {
		const struct record *record = &history->records[i];

		if (record->port != accused->port || !record->start ||
		    record->start > (accused->end ? accused->end + AROUND : NEVER) ||
		    (record->end && record->end + AROUND < accused->start))
			continue;
		record_describe(history, record, text, sizeof(text));
		printf("# around: %s\n", text);
		left--;
	}
}

static bool check_round(struct round *round)
{
	struct scene *scene = round->scene;
	const char *names[PORTS_MAX];
	struct history history = {
		.records = scene->records,
		.record_count = atomic_load(&scene->record_count),
		.actors = scene->actors,
		.actor_count = scene->actor_count,
		.ports = scene->ports,
		.port_count = scene->port_count,
		.looks = round->crew.looks,
		.look_count = round->crew.look_count,
		.stats = round->stats,
		.stat_count = round->stat_count,
		.port_names = names,
	};
	struct findings findings;
	unsigned int i;

	for (i = 0; i < PORTS_MAX; i++)
		names[i] = scene->names[i];
	if (history_check(&history, &findings))
		return true;
	for (i = 0; i < findings.texts; i++)
		printf("# %s\n", findings.text[i]);
	if (findings.first)
		print_around(&history, findings.first);
	for (i = 0; i < FAULT_KINDS; i++)
		if (findings.count[i])
			printf("# %u times: %s\n", findings.count[i], fault_name(i));
	return false;
}

static void count_outcome(struct stress_summary *summary, const struct record *record)
{
	int32_t result = record->end ? record->result : 1;
	struct stress_outcome *outcome;
	unsigned int i;

	for (i = 0; i < summary->outcome_count; i++) {
		outcome = &summary->outcomes[i];
		if (outcome->op == record->op && outcome->result == result) {
			outcome->count++;
			return;
		}
	}
	if (i < ARRAY_SIZE(summary->outcomes)) {
		summary->outcomes[i] = (struct stress_outcome){ record->op, result, 1 };
		summary->outcome_count++;
	}
}

static void count_round(struct round *round)
{
	struct stress_summary *summary = round->summary;
	struct scene *scene = round->scene;
	uint32_t i;

	for (i = 0; i < atomic_load(&scene->record_count); i++)
		if (scene->records[i].start)
			count_outcome(summary, &scene->records[i]);
	summary->messages += atomic_load(&scene->accepted);
	summary->operations += atomic_load(&scene->record_count);
	summary->looks += round->crew.look_count;
	summary->rounds++;
}

static void begin_round(struct round *round, const struct stress_options *options, uint64_t seed,
			uint32_t messages)
{
	struct scene *scene = round->scene;
	unsigned int i;

	scene_clear(scene);
	scene->seed = seed;
	scene->messages = messages;
	scene->senders = options->senders;
	scene->workers = options->senders + options->receivers;
	/* The overseer is the first process, whose inbox nobody uses. */
	scene->process_count = 1;
	scene->actor_count = 2;
	scene->actors[1].process = 1;
	scene->threads[1].pid = getpid();
	round->random = seed;
	round->progressed = now();
	worker_init(&round->overseer, scene, 1, 1);
	for (i = 0; i < scene->workers; i++)
		crew_start(&round->crew, i);
}

static void end_round(struct round *round)
{
	unsigned int i;

	for (i = 0; i < BOXES; i++)
		mailbox_delete(round->overseer.device, box_name(round->scene, i));
	worker_exit(&round->overseer);
}

static bool run_round(struct round *round, const struct stress_options *options, uint64_t seed,
		      uint32_t messages)
{
	bool sound;

	begin_round(round, options, seed, messages);
	run_open(round);
	reopen_boxes(round);
	run_closing(round);
	run_stopped(round);
	sound = check_round(round) && !round->stuck;
	count_round(round);
	end_round(round);
	if (options->verbose || !sound)
		printf("# round %llu, seed %llu: %u messages, %u operations: %s\n",
		       (unsigned long long)round->summary->rounds, (unsigned long long)seed,
		       atomic_load(&round->scene->accepted),
		       atomic_load(&round->scene->record_count), sound ? "sound" : "NOT SOUND");
	fflush(stdout);
	return sound;
}

static bool goes_on(const struct stress_options *options, const struct stress_summary *summary,
		    uint64_t end)
{
	return now() < end && (!options->messages || summary->messages < options->messages);
}

bool stress_run(const struct stress_options *options, struct stress_summary *summary)
{
	static struct scene *scene;
	struct look *looks = calloc(LOOKS_MAX, sizeof(looks[0]));
	struct stat_fact *stats = calloc(STATS_MAX, sizeof(stats[0]));
	struct round *round = malloc(sizeof(*round));
	uint64_t end = options->seconds ? now() + options->seconds * 1000000000ULL : NEVER;
	bool sound = true;
	uint64_t messages;

	if (!scene)
		scene = scene_new();
	CHECK(scene && looks && stats && round);
	noise_init();
	memset(summary, 0, sizeof(*summary));
	while (sound && goes_on(options, summary, end)) {
		*round = (struct round){
			.scene = scene,
			.summary = summary,
			.stats = stats,
			.end = end,
			.crew = { .scene = scene, .looks = looks },
		};
		messages = options->messages ? options->messages - summary->messages : NEVER;
		sound = run_round(round, options, options->seed + summary->rounds,
				  messages < ROUND_MESSAGES ? messages : ROUND_MESSAGES);
	}
	free(round);
	free(stats);
	free(looks);
	return sound;
}

void stress_print(const struct stress_summary *summary)
{
	static const char *const ops[] = {
		"", "send", "receive", "call", "reply", "forward", "set capacity", "delete",
	};
	unsigned int op, i;

	for (op = 0; op < ARRAY_SIZE(ops); op++) {
		bool any = false;

		for (i = 0; i < summary->outcome_count; i++) {
			const struct stress_outcome *outcome = &summary->outcomes[i];

			if (outcome->op != op)
				continue;
			printf("%s%s %llu", any ? ", " : "# ", !any ? ops[op] : "",
			       (unsigned long long)outcome->count);
			printf(" %s", outcome->result > 0 ? "killed" :
				      !outcome->result	  ? "done" :
							    strerrorname_np(-outcome->result));
			any = true;
		}
		if (any)
			printf("\n");
	}
	printf("# %llu messages, %llu operations in %llu rounds; %llu signals, %llu kills; %llu looks at sleepers, all asleep %llu times\n",
	       (unsigned long long)summary->messages, (unsigned long long)summary->operations,
	       (unsigned long long)summary->rounds, (unsigned long long)summary->signals,
	       (unsigned long long)summary->kills, (unsigned long long)summary->looks,
	       (unsigned long long)summary->quiet);
}
