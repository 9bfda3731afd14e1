/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sweep makes every allocation and user copy of one operation fail, one after the other:
 * the kernel's fail-nth is set to 1, 2, 3, ... until the operation ends before the nth.
 *
 * An operation that fails says ENOMEM or EFAULT, changes nothing, and can be done again. One
 * that the fault did not keep from succeeding, as where the kernel has something to fall back
 * on, has done all it should. After either, nobody holds a byte or descriptor more than before.
 */
#ifndef FAULTS_SWEEP_H
#define FAULTS_SWEEP_H

#include <stdatomic.h>
#include <sys/eventfd.h>

#include "msgpass_test.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define FAILSLAB	"/sys/kernel/debug/failslab/"
#define FAIL_PAGE_ALLOC	"/sys/kernel/debug/fail_page_alloc/"
#define FAIL_USERCOPY	"/sys/kernel/debug/fail_usercopy/"

/* More than any operation has; one that never ends without a fault is at fault. */
#define FAULTS_MAX	2000

#define BUFFER_SIZE	65536

/* What somebody else could see of what an operation changes. */
struct state {
	struct counts box;
	struct counts inbox;
	uint64_t user_bytes;
	uint64_t mailboxes;
	int lowest_fd;
};

struct operation;

/* What the operations work with. */
struct stage {
	const struct operation *operation;
	unsigned int nth;		/* the fault that is injected now */
	long result;			/* of the operation with the fault */
	int fail_nth;

	int device;
	int box;			/* an anonymous mailbox */
	int other;			/* one more */
	int subscribers[3];		/* of a broadcast, or 0 */
	int file;			/* an eventfd */
	int fd;				/* what the operation opened */
	int fds[MSGPASS_FDS_MAX];
	int got[MSGPASS_FDS_MAX];	/* what it received */
	pid_t child;
	const char *name;
	uint64_t peer;			/* one's own */
	uint64_t deadline;
	uint64_t token;
	uint32_t number;		/* what it received */
	char *buffer;			/* BUFFER_SIZE */
	char *untouched;
	struct msgpass_receive out;
	struct msgpass_send send;
	struct msgpass_call call;
	struct msgpass_reply_receive both;

	pthread_t partner;		/* a thread on the other side */
	int partner_result;
	uint64_t partner_count;
	atomic_bool over;		/* the operation is */

	struct state before;
};

struct operation {
	const char *name;
	/* Brings about what it needs. */
	void (*prepare)(struct stage *stage);
	/* 0 or more, or -errno. */
	long (*perform)(struct stage *stage);
	/* It failed. NULL: all is as it was. */
	void (*undone)(struct stage *stage);
	/* It succeeded, in the end. Also tidies up. */
	void (*done)(struct stage *stage);
	/* In a child each time, which calls this first: */
	void (*in_child)(struct stage *stage);
};

/* What the sweeps of all tests have done; shared, as each test is a process. */
static struct totals {
	unsigned int sweeps;
	unsigned int faults;
	unsigned int errors;
} *totals;

static void __attribute__((constructor)) need_faults(void)
{
	static const char * const needed[] = {
		FAIL_NTH, FAILSLAB, FAIL_PAGE_ALLOC, FAIL_USERCOPY,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		if (!access(needed[i], R_OK | W_OK))
			continue;
		printf("TAP version 13\n1..0 # SKIP no %s: %s (a kernel with fault injection has it)\n",
		       needed[i], strerror(errno));
		exit(KSFT_SKIP);
	}
	/* Those that may sleep too, those of a single page too, and no word in the log. */
	file_write(FAILSLAB "ignore-gfp-wait", "N");
	file_write(FAIL_PAGE_ALLOC "ignore-gfp-wait", "N");
	file_write(FAIL_PAGE_ALLOC "ignore-gfp-highmem", "N");
	file_write(FAIL_PAGE_ALLOC "min-order", "0");
	file_write(FAILSLAB "verbose", "0");
	file_write(FAIL_PAGE_ALLOC "verbose", "0");
	file_write(FAIL_USERCOPY "verbose", "0");
	totals = shared(sizeof(*totals));
}

/* The tests end with _exit(): only the program itself comes here. */
static void __attribute__((destructor)) tell_totals(void)
{
	if (totals && totals->sweeps)
		printf("# %u faults in %u sweeps; %u made the operation fail\n",
		       totals->faults, totals->sweeps, totals->errors);
}

/* Ends the test, telling which fault it was. */
#define NEED(condition) do {								\
	if (!(condition)) {								\
		fprintf(stderr, "# %s:%d: fault %u, result %ld: not so: %s (errno: %m)\n",	\
			__FILE__, __LINE__, stage->nth, stage->result, #condition);	\
		_exit(KSFT_FAIL);							\
	}										\
} while (0)

/* --- one fault */

static void fault_arm(struct stage *stage)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", stage->nth);

	NEED(pwrite(stage->fail_nth, text, length, 0) == length);
}

/* Was it injected? */
static bool fault_disarm(struct stage *stage)
{
	char text[16] = "";
	ssize_t length = pread(stage->fail_nth, text, sizeof(text) - 1, 0);
	bool left = true;

	/* Else it hit the reading, and is used up by now. */
	if (length >= 0) {
		left = strcmp(text, "0\n");
		/* The first of these may still be hit. */
		if (pwrite(stage->fail_nth, "0", 1, 0) != 1)
			NEED(pwrite(stage->fail_nth, "0", 1, 0) == 1);
	}
	return !left;
}

static long perform(struct stage *stage, bool *fired)
{
	long result;

	/* Here, as the clock is read by a system call, too. */
	stage->deadline = soon();
	if (stage->nth)
		fault_arm(stage);
	result = stage->operation->perform(stage);
	*fired = stage->nth && fault_disarm(stage);
	return result;
}

static bool is_fault_error(long result)
{
	return result == -ENOMEM || result == -EFAULT;
}

/* --- state */

static int lowest_fd(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

static struct state look(struct stage *stage)
{
	struct msgpass_info out;
	struct state state = {
		.box = mailbox_counts(stage->box),
		.inbox = inbox_counts(stage->device, getpid()),
		.lowest_fd = lowest_fd(),
	};

	NEED(!info(stage->device, &out));
	state.user_bytes = out.out_user_bytes;
	state.mailboxes = out.out_mailboxes;
	return state;
}

static bool same_counts(const struct counts *a, const struct counts *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Memory and names may be given back by workers. */
static bool same_holdings(struct stage *stage, const struct state *before)
{
	struct state now = look(stage);

	return now.user_bytes == before->user_bytes && now.mailboxes == before->mailboxes &&
	       now.lowest_fd == before->lowest_fd;
}

static void need_same_holdings(struct stage *stage, const struct state *before)
{
	struct state after;

	wait_until(same_holdings(stage, before));
	after = look(stage);
	NEED(after.user_bytes == before->user_bytes);
	NEED(after.mailboxes == before->mailboxes);
	NEED(after.lowest_fd == before->lowest_fd);
}

static void all_is_as_it_was(struct stage *stage)
{
	struct state now = look(stage);

	NEED(same_counts(&now.box, &stage->before.box));
	NEED(same_counts(&now.inbox, &stage->before.inbox));
	need_same_holdings(stage, &stage->before);
}

/* --- partners */

static void partner_start(struct stage *stage, void *(*run)(void *stage))
{
	stage->partner_result = 0;
	stage->partner_count = 0;
	NEED(!pthread_create(&stage->partner, NULL, run, stage));
}

static void partner_join(struct stage *stage)
{
	stage->over = true;
	NEED(!pthread_join(stage->partner, NULL));
}

/* --- the sweep */

struct outcome {
	long first;			/* with the fault */
	long last;			/* the same, or without one after an error */
	bool fired;
};

static struct outcome try(struct stage *stage)
{
	struct outcome outcome;
	bool fired;

	stage->result = perform(stage, &outcome.fired);
	outcome.first = stage->result;
	outcome.last = stage->result;
	if (outcome.first >= 0)
		return outcome;
	NEED(outcome.fired);
	NEED(is_fault_error(outcome.first));
	if (stage->operation->undone)
		stage->operation->undone(stage);
	else
		all_is_as_it_was(stage);
	stage->nth = 0;
	outcome.last = perform(stage, &fired);
	return outcome;
}

/* Its state before is that of the child. */
static struct outcome try_in_child(struct stage *stage)
{
	struct outcome *told = shared(sizeof(*told)), outcome;
	pid_t child = child_fork();

	if (!child) {
		stage->fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
		NEED(stage->fail_nth >= 0);
		stage->operation->in_child(stage);
		*told = try(stage);
		_exit(0);
	}
	NEED(!child_status(child));
	outcome = *told;
	munmap(told, sizeof(*told));
	return outcome;
}

/* Returns whether there was an nth fault. */
static bool sweep_one(struct stage *stage, unsigned int nth)
{
	const struct operation *operation = stage->operation;
	struct state outside = look(stage);
	struct outcome outcome;

	stage->nth = nth;
	stage->result = 0;
	stage->over = false;
	if (operation->prepare)
		operation->prepare(stage);
	stage->before = look(stage);
	outcome = operation->in_child ? try_in_child(stage) : try(stage);
	stage->nth = nth;
	stage->result = outcome.first;
	NEED(outcome.last >= 0);
	if (operation->done)
		operation->done(stage);
	need_same_holdings(stage, &outside);
	totals->errors += outcome.first < 0;
	return outcome.fired;
}

static void sweep(struct stage *stage, const struct operation *operation)
{
	unsigned int nth = 1, errors = totals->errors;

	stage->operation = operation;
	/* Without a fault: it works, and has touched what memory it needs. */
	sweep_one(stage, 0);
	while (sweep_one(stage, nth))
		NEED(++nth < FAULTS_MAX);
	errors = totals->errors - errors;
	printf("# %s: %u faults, %u errors\n", operation->name, nth - 1, errors);
	fflush(stdout);
	totals->sweeps++;
	totals->faults += nth - 1;
	/* It allocates or copies something, and may not go on without. */
	NEED(errors);
}

FIXTURE(a_fault) {
	struct stage stage;
};

FIXTURE_SETUP(a_fault)
{
	struct stage *stage = &self->stage;

	*stage = (struct stage) { .name = unique_name("fault") };
	stage->fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	stage->device = device_open();
	ASSERT_LE(0, stage->fail_nth);
	ASSERT_LE(0, stage->device);
	/* What the processes of earlier tests held would be given back in the midst of these. */
	settled_user_bytes(stage->device);
	stage->peer = own_peer(stage->device);
	stage->box = mailbox_new(stage->device);
	stage->other = mailbox_new(stage->device);
	stage->file = eventfd(0, EFD_CLOEXEC);
	stage->buffer = malloc(BUFFER_SIZE);
	ASSERT_LE(0, stage->box);
	ASSERT_LE(0, stage->other);
	ASSERT_LE(0, stage->file);
	ASSERT_NE(NULL, stage->buffer);
	/* The link to oneself stays. */
	ASSERT_EQ(0, send_number(stage->device, getpid(), 0));
	ASSERT_EQ(0, TAKE(stage->device));
}

FIXTURE_TEARDOWN(a_fault)
{
}

/*
 * A_FAULT(in_sending, SEND(stage->box, ...), .prepare = ..., .done = ...): the operation is an
 * expression in which stage is known.
 */
#define A_FAULT(which, expression, ...)						\
static long perform_##which(struct stage *stage)				\
{										\
	return expression;							\
}										\
										\
TEST_F_TIMEOUT(a_fault, which##_leaves_all_as_it_was, 200)			\
{										\
	sweep(&self->stage, &(struct operation){				\
		.name = #which, .perform = perform_##which, __VA_ARGS__		\
	});									\
}

#endif
