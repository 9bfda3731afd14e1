// SPDX-License-Identifier: GPL-2.0
/*
 * Rendezvous: a synchronous send, or any send where the capacity is 0, returns when a receiver
 * has the message, and what is given up before that was never there.
 */
#include "msgpass_test.h"

FIXTURE(rendezvous) {
	struct channel channel;
	int fd;
	pid_t me;
	uint64_t to;
};

FIXTURE_VARIANT(rendezvous) {
	bool direct;
	uint64_t capacity;	/* 0: without the flag */
};

FIXTURE_VARIANT_ADD(rendezvous, flag_to_pid) { .direct = true, .capacity = 2 };
FIXTURE_VARIANT_ADD(rendezvous, flag_to_mailbox) { .capacity = 2 };
FIXTURE_VARIANT_ADD(rendezvous, no_capacity_of_links) { .direct = true };
FIXTURE_VARIANT_ADD(rendezvous, no_capacity_of_mailbox) { };

FIXTURE_SETUP(rendezvous)
{
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->fd = self->channel.fd;
	self->me = getpid();
	self->to = address(&self->channel, self->me);
	ASSERT_EQ(0, set_capacity(&self->channel, variant->capacity));
}

FIXTURE_TEARDOWN(rendezvous)
{
	close(self->fd);
}

static uint32_t synchronous(const FIXTURE_VARIANT(rendezvous) *variant)
{
	return variant->capacity ? MSGPASS_SYNCHRONOUS : 0;
}

static void ignore_signal(int signal)
{
	(void)signal;
}

/* A child that sends; its exit status is the errno. */
static pid_t sender(FIXTURE_DATA(rendezvous) *self, const FIXTURE_VARIANT(rendezvous) *variant,
		    uint32_t number, uint64_t deadline)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	pid_t pid = child_fork();

	if (!pid) {
		sigaction(SIGUSR1, &action, NULL);
		_exit(-SEND(self->fd, .to = self->to, .flags = synchronous(variant),
			    .deadline = deadline, NUMBER(number)));
	}
	return pid;
}

static struct counts counts_of(FIXTURE_DATA(rendezvous) *self)
{
	return channel_counts(&self->channel, self->me);
}

/* After a send that was given up: nothing of it is left. */
static void expect_no_trace(struct __test_metadata *_metadata, FIXTURE_DATA(rendezvous) *self)
{
	struct counts counts;

	EXPECT_TRUE(wait_until(counts_of(self).senders_waiting == 0));
	counts = counts_of(self);
	EXPECT_EQ(0, counts.queued);
	EXPECT_EQ(0, counts.queued_bytes);
	EXPECT_EQ(0, counts.sent);
	EXPECT_EQ(0, counts.dropped);
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(rendezvous, lasts_until_the_message_is_received)
{
	pid_t child = sender(self, variant, 7, 0);

	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	EXPECT_EQ(1, counts_of(self).queued);
	EXPECT_EQ(0, waitpid(child, NULL, WNOHANG));
	EXPECT_EQ(7, TAKE(self->fd));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(1, counts_of(self).received);
	EXPECT_EQ(0, counts_of(self).senders_waiting);
}

TEST_F(rendezvous, is_not_ended_by_a_peek)
{
	pid_t child = sender(self, variant, 7, 0);

	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	EXPECT_EQ(7, AWAIT(self->fd, .flags = MSGPASS_PEEK));
	EXPECT_EQ(1, counts_of(self).senders_waiting);
	EXPECT_EQ(7, TAKE(self->fd));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(rendezvous, is_not_ended_by_a_receive_that_fails)
{
	pid_t child = sender(self, variant, 7, 0);

	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	EXPECT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(1, 4)));
	EXPECT_EQ(-EMSGSIZE, RECEIVE(self->fd, NULL, BYTES(1, 3)));
	EXPECT_EQ(1, counts_of(self).senders_waiting);
	EXPECT_EQ(7, TAKE(self->fd));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(rendezvous, ends_at_its_deadline_and_leaves_no_trace)
{
	pid_t child = sender(self, variant, 7, now() + 50000000);

	EXPECT_EQ(ETIMEDOUT, child_status(child));
	expect_no_trace(_metadata, self);
}

TEST_F(rendezvous, is_interrupted_by_a_signal_and_leaves_no_trace)
{
	pid_t child = sender(self, variant, 7, 0);

	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	kill(child, SIGUSR1);
	EXPECT_EQ(EINTR, child_status(child));
	expect_no_trace(_metadata, self);
}

TEST_F(rendezvous, of_a_sender_that_is_killed_leaves_no_trace)
{
	pid_t child = sender(self, variant, 7, 0);

	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	expect_no_trace(_metadata, self);
}

TEST_F(rendezvous, given_up_leaves_those_before_and_behind_it)
{
	pid_t first, second, third;

	if (variant->capacity)
		ASSERT_EQ(0, set_capacity(&self->channel, 3));
	first = sender(self, variant, 1, 0);
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	second = sender(self, variant, 2, 0);
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 2));
	third = sender(self, variant, 3, 0);
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 3));
	kill(second, SIGUSR1);
	EXPECT_EQ(EINTR, child_status(second));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(3, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
	EXPECT_EQ(0, child_status(first));
	EXPECT_EQ(0, child_status(third));
}

TEST_F(rendezvous, without_waiting_needs_a_receiver_that_waits)
{
	pid_t child;

	EXPECT_EQ(-EAGAIN, SEND(self->fd, .to = self->to, NUMBER(1),
				.flags = synchronous(variant) | MSGPASS_NONBLOCK));
	expect_no_trace(_metadata, self);

	child = child_fork();
	if (!child)
		_exit(AWAIT(self->fd, .from = address(&self->channel, self->me)));
	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	if (variant->direct && !variant->capacity) {
		/* The capacity is that of the test's inbox, not of the child's. */
		EXPECT_EQ(0, send_number(self->fd, child, 8));
	} else {
		EXPECT_EQ(0, SEND(self->fd, .to = address(&self->channel, child), NUMBER(8),
				  .flags = synchronous(variant) | MSGPASS_NONBLOCK));
	}
	EXPECT_EQ(8, child_status(child));
}

TEST_F(rendezvous, without_waiting_needs_a_receiver_that_wants_it)
{
	int ret;
	pid_t child;

	if (variant->direct)
		SKIP(return, "the same as for mailboxes");
	child = child_fork();
	if (!child)
		_exit(AWAIT(self->fd, .flags = MSGPASS_TYPE_EXACT, .type = 5));
	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	ret = SEND(self->fd, .flags = synchronous(variant) | MSGPASS_NONBLOCK, .type = 4,
		   NUMBER(1));
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_EQ(0, SEND(self->fd, .flags = synchronous(variant) | MSGPASS_NONBLOCK, .type = 5,
			  NUMBER(9)));
	EXPECT_EQ(9, child_status(child));
}

TEST_F(rendezvous, with_one_who_waits_already_ends_when_it_has_the_message)
{
	pid_t child = child_fork();

	if (!child) {
		CHECK(!set_capacity(&self->channel, variant->capacity));
		_exit(AWAIT(self->fd));
	}
	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	EXPECT_EQ(0, SEND(self->fd, .to = address(&self->channel, child), NUMBER(9),
			  .flags = synchronous(variant), .deadline = soon()));
	EXPECT_EQ(9, child_status(child));
}

TEST_F(rendezvous, ends_with_epipe_when_the_other_side_goes)
{
	pid_t receiver, child;

	if (!variant->direct) {
		child = sender(self, variant, 1, 0);
		EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
		EXPECT_EQ(0, mailbox_delete(self->fd, ""));
		EXPECT_EQ(EPIPE, child_status(child));
		return;
	}
	receiver = child_fork();
	if (!receiver) {
		CHECK(!set_capacity(&self->channel, variant->capacity));
		pause();
	}
	EXPECT_TRUE(wait_until(peer_of(self->fd, receiver)));
	child = child_fork();
	if (!child)
		_exit(-SEND(self->fd, .to = receiver, .flags = MSGPASS_SYNCHRONOUS, NUMBER(1)));
	EXPECT_TRUE(senders_wait(&self->channel, receiver, 1));
	kill(receiver, SIGKILL);
	EXPECT_EQ(EPIPE, child_status(child));
	waitpid(receiver, NULL, 0);
}

TEST_F(rendezvous, keeps_the_order_of_those_who_wait)
{
	pid_t children[3];
	int i;

	for (i = 0; i < 3; i++) {
		children[i] = sender(self, variant, i, 0);
		EXPECT_TRUE(senders_wait(&self->channel, self->me, i + 1U));
	}
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(i, AWAIT(self->fd));
		EXPECT_EQ(0, child_status(children[i]));
	}
}

TEST_F(rendezvous, of_the_highest_priority_can_be_taken_first)
{
	pid_t low = child_fork(), high;

	if (!low)
		_exit(-SEND(self->fd, .to = self->to, .flags = synchronous(variant), NUMBER(1)));
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	high = child_fork();
	if (!high)
		_exit(-SEND(self->fd, .to = self->to, .flags = synchronous(variant), NUMBER(2),
			    .priority = 1));
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 2));
	EXPECT_EQ(2, AWAIT(self->fd, .flags = MSGPASS_BY_PRIORITY));
	EXPECT_EQ(0, child_status(high));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(0, child_status(low));
}

TEST_F(rendezvous, is_what_a_waiting_send_becomes_when_the_capacity_goes_to_0)
{
	pid_t child;

	if (!variant->capacity)
		SKIP(return, "it is 0 already");
	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	child = child_fork();
	if (!child) {
		CHECK(!send_number(self->fd, self->to, 1));
		_exit(-SEND(self->fd, .to = self->to, NUMBER(2)));
	}
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	ASSERT_EQ(0, set_capacity(&self->channel, 0));
	EXPECT_TRUE(wait_until(counts_of(self).queued == 2));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(1, counts_of(self).senders_waiting);
	EXPECT_EQ(2, TAKE(self->fd));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(rendezvous, is_over_for_a_send_that_did_not_ask_for_it_when_the_capacity_is_raised)
{
	pid_t child;

	if (variant->capacity)
		SKIP(return, "it is not 0");
	child = sender(self, variant, 7, 0);
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	ASSERT_EQ(0, set_capacity(&self->channel, 2));
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 0));
	EXPECT_EQ(1, counts_of(self).queued);
	EXPECT_EQ(7, TAKE(self->fd));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(rendezvous, goes_on_for_a_send_that_asked_for_it_when_the_capacity_is_raised)
{
	pid_t child;

	if (!variant->capacity)
		SKIP(return, "of a synchronous send");
	ASSERT_EQ(0, set_capacity(&self->channel, 0));
	child = sender(self, variant, 7, 0);
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	ASSERT_EQ(0, set_capacity(&self->channel, 2));
	EXPECT_EQ(1, counts_of(self).senders_waiting);
	EXPECT_EQ(0, waitpid(child, NULL, WNOHANG));
	EXPECT_EQ(7, TAKE(self->fd));
	EXPECT_EQ(0, child_status(child));
}

/* --- poll */

TEST_F(rendezvous, is_what_pollout_tells_of_a_mailbox_without_capacity)
{
	struct pollfd out = { .fd = self->fd, .events = POLLOUT };
	pid_t child;

	if (variant->direct || variant->capacity)
		SKIP(return, "of a mailbox without capacity");
	EXPECT_EQ(0, poll(&out, 1, 0));
	child = child_fork();
	if (!child)
		_exit(AWAIT(self->fd));
	EXPECT_EQ(1, poll(&out, 1, 10000));
	EXPECT_EQ(0, send_number(self->fd, 0, 3));
	EXPECT_EQ(3, child_status(child));
}

/* --- who is served first */

FIXTURE(turn) {
	int fd;
};

FIXTURE_SETUP(turn)
{
	struct sched_param ordinary = { 0 }, realtime = { .sched_priority = 1 };
	int device;

	NEED_ROOT();
	if (sched_setscheduler(0, SCHED_FIFO, &realtime))
		SKIP_TEST("no real-time priority to be had");
	sched_setscheduler(0, SCHED_OTHER, &ordinary);
	device = device_open();
	ASSERT_LE(0, device);
	self->fd = mailbox_new(device);
	close(device);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(turn)
{
	close(self->fd);
}

/* Waits for a message with that priority; 0: as an ordinary task. Exits with the message. */
static pid_t receiver_of_priority(int fd, int priority)
{
	struct sched_param param = { .sched_priority = priority };
	pid_t pid = child_fork();

	if (!pid) {
		CHECK(!sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param));
		_exit(AWAIT(fd));
	}
	return pid;
}

TEST_F(turn, goes_by_real_time_priority_then_by_arrival)
{
	const int priorities[] = { 0, 5, 0, 9, 5 };
	const int expected[] = { 4, 2, 5, 1, 3 };
	pid_t children[5];
	int i;

	for (i = 0; i < 5; i++) {
		children[i] = receiver_of_priority(self->fd, priorities[i]);
		ASSERT_TRUE(wait_until(mailbox_counts(self->fd).receivers_waiting == i + 1U));
	}
	for (i = 1; i <= 5; i++)
		ASSERT_EQ(0, send_number(self->fd, 0, i));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(expected[i], child_status(children[i]));
}

#include "afterwards.h"
