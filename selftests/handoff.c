// SPDX-License-Identifier: GPL-2.0
/*
 * Who has woken another and is about to wait gives it the CPU: then neither of the two sleeps,
 * which the kernel counts as voluntary context switches. The scheduler doesn't let it where one
 * has had much more of the CPU than the other, so it is enough that one of them need not.
 */
#include "msgpass_test.h"

#include <sys/time.h>
#include <sys/utsname.h>

#define TURNS 1000

enum kind { CALLING, SENDING };

FIXTURE(handoff) {
	struct channel there;
	struct channel back;
	pid_t parent;
	pid_t child;
	uint32_t flags;		/* of both sides */
	int64_t spin_ns;
};

FIXTURE_VARIANT(handoff) {
	bool direct;
	enum kind kind;
};

FIXTURE_VARIANT_ADD(handoff, direct_call) { true, CALLING };
FIXTURE_VARIANT_ADD(handoff, mailbox_call) { false, CALLING };
FIXTURE_VARIANT_ADD(handoff, direct) { true, SENDING };
FIXTURE_VARIANT_ADD(handoff, mailbox) { false, SENDING };

static bool can_yield_to(void)
{
	unsigned int major, minor;
	struct utsname name;

	CHECK(!uname(&name));
	CHECK(sscanf(name.release, "%u.%u", &major, &minor) == 2);
	return major < 6 || (major == 6 && minor < 6);
}

static void share_one_cpu(void)
{
	struct sched_param none = {};
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	/* The child's too. */
	CHECK(!sched_setaffinity(0, sizeof(one), &one));
	/* Else who is woken may run at once, which likewise lets the other stay awake. */
	CHECK(!sched_setscheduler(0, SCHED_BATCH, &none));
}

FIXTURE_SETUP(handoff)
{
	share_one_cpu();
	ASSERT_EQ(0, channel_open(&self->there, variant->direct));
	ASSERT_EQ(0, channel_open(&self->back, variant->direct));
	self->parent = getpid();
	self->child = 0;
	self->flags = 0;
	self->spin_ns = parameter("spin_ns");
}

FIXTURE_TEARDOWN(handoff)
{
	if (self->child)
		child_kill(self->child);
	close(self->there.fd);
	close(self->back.fd);
	if (self->flags)
		EXPECT_EQ(0, parameter_set("spin_ns", self->spin_ns));
}

static void answer_call(FIXTURE_DATA(handoff) *self)
{
	uint32_t number;
	struct msgpass_reply_receive both = {
		.size = sizeof(both),
		.reply = { NUMBER(2) },
		.receive = { .flags = self->flags, BYTES(&number, sizeof(number)) },
	};

	for (;;) {
		CHECK(!call(self->there.fd, MSGPASS_IOC_REPLY_RECEIVE, &both));
		both.reply.token = both.receive.out_token;
	}
}

static void answer_message(FIXTURE_DATA(handoff) *self)
{
	uint32_t number;

	for (;;) {
		CHECK(!RECEIVE(self->there.fd, NULL, .flags = self->flags,
			       BYTES(&number, sizeof(number))));
		CHECK(!SEND(self->back.fd, .to = address(&self->back, self->parent), NUMBER(2)));
	}
}

static void start_server(FIXTURE_DATA(handoff) *self, void (*serve)(FIXTURE_DATA(handoff) *self))
{
	self->child = child_fork();
	if (!self->child) {
		serve(self);
		_exit(1);
	}
}

static int do_turn(FIXTURE_DATA(handoff) *self, const FIXTURE_VARIANT(handoff) *variant)
{
	uint64_t to = address(&self->there, self->child);
	uint32_t number;
	int ret;

	if (variant->kind == CALLING)
		return CALL(self->there.fd, NULL, .flags = self->flags, .to = to, NUMBER(1),
			    PLACE_OF(number));
	ret = SEND(self->there.fd, .to = to, NUMBER(1));
	return ret ?: RECEIVE(self->back.fd, NULL, .flags = self->flags,
			      BYTES(&number, sizeof(number)));
}

static long status_of(pid_t pid, const char *format)
{
	char path[64], line[128];
	long count = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	CHECK(file);
	while (count < 0 && fgets(line, sizeof(line), file))
		sscanf(line, format, &count);
	fclose(file);
	CHECK(count >= 0);
	return count;
}

static long sleeps_of(pid_t pid)
{
	return status_of(pid, "voluntary_ctxt_switches: %ld");
}

/* How often it lost the CPU awake. */
static long losses_of(pid_t pid)
{
	return status_of(pid, "nonvoluntary_ctxt_switches: %ld");
}

/* Of both. */
static long sleeps(FIXTURE_DATA(handoff) *self)
{
	return sleeps_of(self->parent) + sleeps_of(self->child);
}

TEST_F(handoff, of_two_who_wake_each_other_one_stays_awake)
{
	unsigned int i;
	long before;

	if (!can_yield_to())
		SKIP_TEST("since 6.6 who yields loses its share of the CPU, so nobody does");
	start_server(self, variant->kind == CALLING ? answer_call : answer_message);
	ASSERT_EQ(0, do_turn(self, variant));
	before = sleeps(self);
	for (i = 0; i < TURNS; i++)
		ASSERT_EQ(0, do_turn(self, variant));
	/* Else each of them does in each turn. */
	EXPECT_GT(TURNS * 3 / 2, sleeps(self) - before);
}

#define SOME_TURNS 20

static uint64_t duration_of_turns(FIXTURE_DATA(handoff) *self,
				  const FIXTURE_VARIANT(handoff) *variant)
{
	uint64_t begin = now();
	unsigned int i;

	for (i = 0; i < SOME_TURNS; i++)
		CHECK(!do_turn(self, variant));
	return now() - begin;
}

TEST_F(handoff, who_would_spin_does_not_where_both_are_on_one_cpu)
{
	void (*serve)(FIXTURE_DATA(handoff) *self) = variant->kind == CALLING ? answer_call :
										answer_message;
	uint64_t plain;

	NEED_ROOT();
	start_server(self, serve);
	plain = duration_of_turns(self, variant);
	child_kill(self->child);
	self->flags = MSGPASS_SPIN;
	ASSERT_EQ(0, parameter_set("spin_ns", 4000000000));
	start_server(self, serve);
	/* Each spin of the two would last until a tick. */
	EXPECT_TRUE(wait_until(duration_of_turns(self, variant) < plain + SOME_TURNS * 4000000ULL));
}

static void compute(FIXTURE_DATA(handoff) *self)
{
	uint32_t number;

	CHECK(!RECEIVE(self->there.fd, NULL, BYTES(&number, sizeof(number))));
	for (;;)
		;
}

TEST_F(handoff, who_does_not_get_what_it_waits_for_sleeps)
{
	pid_t waiter;

	start_server(self, compute);
	waiter = child_fork();
	if (!waiter)
		_exit(do_turn(self, variant) ? 1 : 0);
	EXPECT_TRUE(wait_until(channel_counts(&self->there, self->child).received == 1));
	EXPECT_TRUE(wait_until(thread_state(waiter) == 'S'));
	child_kill(waiter);
}

/* Where who is woken never does what is waited for. */
FIXTURE(in_vain) {
	int there;
	int back;
	pid_t child;
};

FIXTURE_SETUP(in_vain)
{
	int device = device_open();

	share_one_cpu();
	self->there = mailbox_new(device);
	self->back = mailbox_new(device);
	close(device);
	ASSERT_LE(0, self->there);
	ASSERT_LE(0, self->back);
	self->child = child_fork();
	if (!self->child)
		for (;;)
			CHECK(!AWAIT(self->there));
}

FIXTURE_TEARDOWN(in_vain)
{
	child_kill(self->child);
	close(self->there);
	close(self->back);
}

/* How often the CPU goes to others in TURNS waits that end by their deadline. */
static long losses_by_deadlines(FIXTURE_DATA(in_vain) *self)
{
	long before = losses_of(getpid());
	unsigned int i;

	for (i = 0; i < TURNS; i++) {
		CHECK(!send_number(self->there, 0, 0));
		CHECK(RECEIVE(self->back, NULL, .deadline = now() + 500000) == -ETIMEDOUT);
	}
	return losses_of(getpid()) - before;
}

TEST_F(in_vain, is_left_out_where_a_deadline_is_soon)
{
	/* Others may take it; a handoff would be tried in each seventeenth turn. */
	EXPECT_TRUE(wait_until(losses_by_deadlines(self) < TURNS / 34));
}

static void nothing(int number)
{
	(void)number;
}

TEST_F(in_vain, is_not_tried_again_at_once)
{
	const struct itimerval often = { { .tv_usec = 500 }, { .tv_usec = 500 } };
	struct sigaction action = { .sa_handler = nothing };
	long before = losses_of(getpid());
	unsigned int i;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	for (i = 0; i < TURNS; i++) {
		ASSERT_EQ(0, send_number(self->there, 0, 0));
		ASSERT_EQ(-EINTR, RECEIVE(self->back, NULL));
	}
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &(struct itimerval){}, NULL));
	EXPECT_GT(TURNS / 2, losses_of(getpid()) - before);
}

#include "afterwards.h"
