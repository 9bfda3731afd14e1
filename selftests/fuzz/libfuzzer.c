// SPDX-License-Identifier: GPL-2.0
/*
 * The runner as a target of libFuzzer: where the module's code has been is what makes an
 * input interesting, and inputs are mutated by whole steps.
 *
 *	FUZZ_TRACE=1	tell of each step in the kernel's log: it takes no time
 *	FUZZ_OVERLAP=1	not in lockstep
 *	FUZZ_LIVES=n	how many inputs processes may live through
 */
#include "libfuzzer.h"
#include "runner.h"

/* libFuzzer finds them by their section; the runner, a child, counts in the same memory. */
static uint8_t counters[1 << 17]
	__attribute__((section("__libfuzzer_extra_counters"), aligned(PAGE)));
static int kernel_log, kernel_words;

/* --- running inputs */

static void report(void)
{
	uint64_t steps = 0, ioctls = 0;
	int i;

	fprintf(stderr, "%-16s %10s %10s\n", "step", "done", "succeeded");
	for (i = 0; i < VERBS; i++) {
		fprintf(stderr, "%-16s %10llu %10llu\n", verb_names[i],
			(unsigned long long)world->done[i],
			(unsigned long long)world->succeeded[i]);
		steps += world->done[i];
		ioctls += i <= DO_RAW ? world->done[i] : 0;
	}
	fprintf(stderr, "%llu places of the module reached\n",
		(unsigned long long)world->places);
	fprintf(stderr, "%llu operations, of these %llu ioctls, in %llu inputs\n",
		(unsigned long long)steps, (unsigned long long)ioctls,
		(unsigned long long)world->inputs);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *lives = getenv("FUZZ_LIVES");

	(void)argc;
	(void)argv;
	if (mmap(counters, sizeof(counters), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != counters)
		abort();
	kernel_log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	kernel_words = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	lseek(kernel_words, 0, SEEK_END);
	if (!runner_start(!getenv("FUZZ_OVERLAP"), counters, sizeof(counters))) {
		perror("the runner");
		exit(1);
	}
	world->trace = getenv("FUZZ_TRACE") ? kernel_log : 0;
	world->lives = lives && atoi(lives) > 0 ? atoi(lives) : 1;
	atexit(report);
	return 0;
}

/* In digits; terminated. */
static size_t input_encode(char *line, const uint8_t *input, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		sprintf(line + 2 * i, "%02x", input[i]);
	return 2 * size;
}

/* When the kernel is no more, the last of these are those that made it. */
static void log_input(const uint8_t *input, size_t size)
{
	static const char all_new[] = "<7>fuzz: all processes are new\n";
	char line[2 * sizeof(world->input) + 16] = "<7>fuzz: ";
	size_t start = strlen(line);

	if (world->inputs % world->lives == 0 &&
	    write(kernel_log, all_new, strlen(all_new)) < 0)
		perror("/dev/kmsg");
	if (write(kernel_log, line, start + input_encode(line + start, input, size)) < 0)
		perror("/dev/kmsg");
}

/* Those since all processes were new. */
static char (*recent)[2 * sizeof(world->input) + 1];

static void note_input(const uint8_t *input, size_t size)
{
	if (!recent)
		recent = calloc(world->lives, sizeof(*recent));
	input_encode(recent[world->inputs % world->lives], input, size);
}

static void report_recent(void)
{
	uint64_t i, last = world->inputs - 1;

	for (i = last - last % world->lives; i <= last; i++)
		fprintf(stderr, "input: %s\n", recent[i % world->lives]);
}

/* A complaint of the kernel that is new in its log; NULL if there is none. */
static const char *kernel_complaint(void)
{
	static char record[8192];
	const char *text;
	ssize_t count;

	for (;;) {
		count = read(kernel_words, record, sizeof(record) - 1);
		if (count < 0 && errno == EPIPE)
			continue;	/* some were lost */
		if (count <= 0)
			return NULL;
		record[count] = '\0';
		record[strcspn(record, "\n")] = '\0';
		text = strchr(record, ';');
		if (text && (strstr(text, "WARNING: ") || strstr(text, "BUG: ") ||
			     strstr(text, "UBSAN: ") || strstr(text, "INFO: ")))
			return text + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	const char *wrong;

	if (size > sizeof(world->input))
		return -1;
	log_input(input, size);
	note_input(input, size);
	wrong = runner_run(input, size);
	if (!wrong)
		wrong = kernel_complaint();
	if (wrong) {
		report();
		report_recent();
		fprintf(stderr, "trouble: %s\n", wrong);
		abort();
	}
	return 0;
}

/* --- mutating them */

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % bound;
}

/* Small numbers are valid more often. */
static uint8_t random_byte(void)
{
	switch (random_below(4)) {
	case 0: return 0;
	case 1: return random_below(8);
	case 2: return random_below(128);
	default: return random_below(16) ? random_below(32) : random_below(256);
	}
}

static void step_randomise(struct step *step)
{
	uint8_t *bytes = (uint8_t *)step;
	size_t i;

	for (i = 0; i < sizeof(*step); i++)
		bytes[i] = random_byte();
	step->verb = random_below(4) ? random_below(DO_INFO + 4) : random_below(VERBS);
	/* Who waits does nothing else. */
	step->flags = 1 << random_below(14) & random_below(1 << 14);
	step->flags |= random_below(2);
	if (random_below(8))
		step->spoil = 0;
	if (random_below(4))
		step->memory = 0;
}

static void step_mutate(struct step *step)
{
	uint8_t *bytes = (uint8_t *)step;

	switch (random_below(5)) {
	case 0:
		step_randomise(step);
		break;
	case 1:
		step->actor = random_below(ACTORS);
		break;
	case 2:
		step->flags ^= 1 << random_below(16);
		break;
	case 3:
		LLVMFuzzerMutate(bytes, sizeof(*step), sizeof(*step));
		break;
	default:
		bytes[random_below(sizeof(*step))] = random_byte();
	}
}

static size_t step_insert(struct step *steps, size_t count, size_t at)
{
	memmove(&steps[at + 1], &steps[at], (count - at) * sizeof(*steps));
	if (count && random_below(2))
		steps[at] = steps[random_below(count + 1)];
	else
		step_randomise(&steps[at]);
	return count + 1;
}

/* What makes sense together, or it would seldom happen: two actors take turns. */
static const struct idiom {
	uint8_t verbs[3];
	uint8_t others;		/* bits: which of these are the other actor's */
	uint16_t flags;		/* of the second */
} idioms[] = {
	{ { DO_SEND, DO_RECEIVE, DO_PIECE_READ }, 6, MSGPASS_PIECES },
	{ { DO_RECEIVE, DO_SEND, DO_RECEIVE }, 5, 0 },
	{ { DO_CALL, DO_RECEIVE, DO_REPLY }, 6, 0 },
	{ { DO_CALL, DO_RECEIVE, DO_REQUEST_READ }, 6, 0 },
	{ { DO_CALL, DO_RECEIVE, DO_FORWARD }, 6, 0 },
	{ { DO_CALL, DO_REPLY_RECEIVE, DO_REPLY_RECEIVE }, 6, 0 },
	{ { DO_OPEN, DO_GIVE, DO_ACCEPT }, 4, 0 },
	{ { DO_OPEN, DO_SEND, DO_STAT }, 0, 0 },
};

/* Nothing is wrong with it, as far as that can be told. */
static void step_tame(struct step *step, uint8_t length)
{
	step->memory = 0;
	step->spoil = 0;
	step->token = 0;
	step->length = length;
	step->reply = length;
	if (random_below(4))
		step->fds = 0;
	if (random_below(2))
		step->flags = 0;
	if (random_below(2))
		step->deadline = 0;
}

static size_t idiom_insert(struct step *steps, size_t count, size_t at)
{
	const struct idiom *idiom = &idioms[random_below(ARRAY_SIZE(idioms))];
	uint8_t one = random_below(ACTORS), other = random_below(ACTORS);
	uint8_t length = random_below(14);
	struct step *step;
	int i;

	memmove(&steps[at + 3], &steps[at], (count - at) * sizeof(*steps));
	for (i = 0; i < 3; i++) {
		step = &steps[at + i];
		step_randomise(step);
		step->actor = idiom->others >> i & 1 ? other : one;
		step->verb = idiom->verbs[i];
		step->fd = idiom->verbs[0] == DO_OPEN && random_below(2);
		step->to = other;
		step->value = other;
		step_tame(step, length);
	}
	steps[at + 1].flags |= idiom->flags;
	return count + 3;
}

static size_t step_remove(struct step *steps, size_t count, size_t at)
{
	memmove(&steps[at], &steps[at + 1], (count - at - 1) * sizeof(*steps));
	return count - 1;
}

static size_t mutate_once(struct step *steps, size_t count, size_t count_max)
{
	size_t at = count ? random_below(count) : 0;
	struct step swapped;

	switch (random_below(9)) {
	case 8:
		if (count + 3 <= count_max)
			return idiom_insert(steps, count, random_below(count + 1));
		break;
	case 0: case 1: case 2: case 5:
		if (count < count_max)
			return step_insert(steps, count, random_below(count + 1));
		break;
	case 3:
		if (count > 1)
			return step_remove(steps, count, at);
		break;
	case 4:
		if (count) {
			size_t other = random_below(count);

			swapped = steps[at];
			steps[at] = steps[other];
			steps[other] = swapped;
		}
		return count;
	default:
		break;
	}
	if (count)
		step_mutate(&steps[at]);
	return count;
}

/* New processes cost more than anything else, so they should not multiply. */
static void steps_cheapen(struct step *steps, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (verb_of(&steps[i]) >= DO_FORK && verb_of(&steps[i]) <= DO_PRIORITY &&
		    random_below(3))
			steps[i].verb = random_below(DO_RAW);
}

size_t LLVMFuzzerCustomMutator(uint8_t *input, size_t size, size_t size_max, unsigned int seed)
{
	size_t count = size / sizeof(struct step), count_max = size_max / sizeof(struct step);
	struct step steps[STEPS_MAX + 1];
	int times;

	random_state = seed;
	if (count_max > STEPS_MAX)
		count_max = STEPS_MAX;
	if (count > count_max)
		count = count_max;
	memcpy(steps, input, count * sizeof(*steps));
	/* Long ones cost little more than short ones. */
	for (times = 1 + random_below(8); times; times--)
		count = mutate_once(steps, count, count_max);
	steps_cheapen(steps, count);
	memcpy(input, steps, count * sizeof(*steps));
	return count * sizeof(*steps);
}

/* The beginning of one, and the end of another. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
				 size_t other_size, uint8_t *input, size_t size_max,
				 unsigned int seed)
{
	const size_t step = sizeof(struct step);
	size_t head, tail;

	random_state = seed;
	head = random_below(one_size / step + 1) * step;
	tail = random_below(other_size / step + 1) * step;
	if (head > size_max)
		head = size_max / step * step;
	if (tail > size_max - head)
		tail = (size_max - head) / step * step;
	memcpy(input, one, head);
	memcpy(input + head, other + other_size / step * step - tail, tail);
	return head + tail;
}
