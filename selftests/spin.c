// SPDX-License-Identifier: GPL-2.0
/*
 * Waits that look for a moment before they sleep: whether they have slept is what the kernel
 * counts as voluntary context switches. Somebody else may want the CPU, and then a wait sleeps
 * as it should; so each is tried until once nobody does.
 */
#include "msgpass_test.h"

enum kind { RECEIVING, FOR_ROOM, MEETING, CALLING, SERVING };

FIXTURE(spin) {
	int device;
	int box;
	int64_t spin_ns;
};

FIXTURE_VARIANT(spin) {
	enum kind kind;
};

FIXTURE_VARIANT_ADD(spin, receive) { RECEIVING };
FIXTURE_VARIANT_ADD(spin, send) { FOR_ROOM };
FIXTURE_VARIANT_ADD(spin, rendezvous) { MEETING };
FIXTURE_VARIANT_ADD(spin, call) { CALLING };
FIXTURE_VARIANT_ADD(spin, reply_receive) { SERVING };

FIXTURE_SETUP(spin)
{
	NEED_ROOT();
	if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
		SKIP_TEST("with one CPU none spins");
	self->device = device_open();
	self->spin_ns = parameter("spin_ns");
	/* Longer than any of it takes. */
	ASSERT_EQ(0, parameter_set("spin_ns", 4000000000));
}

FIXTURE_TEARDOWN(spin)
{
	EXPECT_EQ(0, parameter_set("spin_ns", self->spin_ns));
	close(self->device);
}

static int do_it(FIXTURE_DATA(spin) *self, const FIXTURE_VARIANT(spin) *variant, uint64_t deadline)
{
	uint32_t number;
	struct msgpass_reply_receive both = {
		.size = sizeof(both),
		.receive = { .flags = MSGPASS_SPIN, .deadline = deadline,
			     BYTES(&number, sizeof(number)) },
	};

	switch (variant->kind) {
	case RECEIVING:
		return RECEIVE(self->box, NULL, .flags = MSGPASS_SPIN, .deadline = deadline,
			       BYTES(&number, sizeof(number)));
	case FOR_ROOM:
		return SEND(self->box, .flags = MSGPASS_SPIN, .deadline = deadline, NUMBER(2));
	case MEETING:
		return SEND(self->box, .flags = MSGPASS_SPIN | MSGPASS_SYNCHRONOUS,
			    .deadline = deadline, NUMBER(1));
	case CALLING:
		return CALL(self->box, NULL, .flags = MSGPASS_SPIN, .deadline = deadline,
			    NUMBER(1), PLACE_OF(number));
	default:
		return call(self->box, MSGPASS_IOC_REPLY_RECEIVE, &both);
	}
}

static bool is_waiting(FIXTURE_DATA(spin) *self, const FIXTURE_VARIANT(spin) *variant)
{
	struct counts counts = mailbox_counts(self->box);

	switch (variant->kind) {
	case RECEIVING:
	case SERVING:
		return counts.receivers_waiting;
	case CALLING:
		return counts.queued;
	default:
		return counts.senders_waiting;
	}
}

/* The other side does its part. */
static void answer(FIXTURE_DATA(spin) *self, const FIXTURE_VARIANT(spin) *variant)
{
	struct msgpass_receive receive;
	uint32_t number;

	switch (variant->kind) {
	case RECEIVING:
	case SERVING:
		send_number(self->box, 0, 1);
		break;
	default:
		RECEIVE(self->box, &receive, BYTES(&number, sizeof(number)));
		if (variant->kind == CALLING)
			reply_number(self->box, receive.out_token, 1);
	}
}

static void ignore(int signal)
{
	(void)signal;
}

static long sleeps(void)
{
	struct rusage usage;

	CHECK(!getrusage(RUSAGE_SELF, &usage));
	return usage.ru_nvcsw;
}

static void box_open(FIXTURE_DATA(spin) *self, const FIXTURE_VARIANT(spin) *variant)
{
	self->box = MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = MSGPASS_SET_CAPACITY,
				 .capacity = 1);
	if (variant->kind == FOR_ROOM)
		send_number(self->box, 0, 1);
}

/* Whether a child that waits comes to that end, and has not slept. */
static bool ends_awake(FIXTURE_DATA(spin) *self, const FIXTURE_VARIANT(spin) *variant,
		       int expected)
{
	uint64_t time = expected == -ETIMEDOUT ? 20000000 : 0;
	struct sigaction action = { .sa_handler = ignore };
	pid_t child;
	int status;

	box_open(self, variant);
	child = child_fork();
	if (!child) {
		long before;

		sigaction(SIGUSR1, &action, NULL);
		before = sleeps();
		CHECK(do_it(self, variant, time ? now() + time : 0) == expected);
		_exit(sleeps() == before ? 0 : 7);
	}
	if (!time)
		wait_until(is_waiting(self, variant));
	if (expected == -EINTR)
		kill(child, SIGUSR1);
	else if (!expected)
		answer(self, variant);
	status = child_status(child);
	close(self->box);
	/* The rest is no matter of luck. */
	if (status && status != 7)
		abort();
	return !status;
}

TEST_F(spin, a_wait_for_what_comes_by_then_does_not_sleep)
{
	EXPECT_TRUE(wait_until(ends_awake(self, variant, 0)));
}

TEST_F(spin, a_signal_ends_it_at_once)
{
	EXPECT_TRUE(wait_until(ends_awake(self, variant, -EINTR)));
}

TEST_F(spin, its_deadline_ends_it_at_once)
{
	EXPECT_TRUE(wait_until(ends_awake(self, variant, -ETIMEDOUT)));
}

TEST_F(spin, a_wait_for_what_comes_later_sleeps)
{
	ASSERT_EQ(0, parameter_set("spin_ns", 0));
	EXPECT_TRUE(wait_until(!ends_awake(self, variant, -ETIMEDOUT)));
}

TEST_F(spin, who_has_fallen_asleep_is_woken)
{
	pid_t child;

	ASSERT_EQ(0, parameter_set("spin_ns", 0));
	box_open(self, variant);
	child = child_fork();
	if (!child)
		_exit(!!do_it(self, variant, 0));
	EXPECT_TRUE(wait_until(is_waiting(self, variant) && thread_state(child) == 'S'));
	answer(self, variant);
	EXPECT_EQ(0, child_status(child));
	close(self->box);
}

#include "afterwards.h"
