// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting, in every call that waits, and what ends it: the other side, a deadline, a signal,
 * kill -9. Whatever ends it, the call has happened whole or not at all.
 */
#include "msgpass_test.h"

#include <sys/time.h>

FIXTURE(wait) {
	struct channel channel;
	int fd;
	pid_t me;
};

/* What a child of the test waits for. */
FIXTURE_VARIANT(wait) {
	bool direct;
	bool send;		/* room, at the test's inbox or the mailbox; else a message */
	bool from_parent;	/* from nobody but the test */
	uint32_t flags;
};

FIXTURE_VARIANT_ADD(wait, receive_from_anyone) { .direct = true };
FIXTURE_VARIANT_ADD(wait, receive_from_one) { .direct = true, .from_parent = true };
FIXTURE_VARIANT_ADD(wait, peek) { .direct = true, .flags = MSGPASS_PEEK };
FIXTURE_VARIANT_ADD(wait, send) { .direct = true, .send = true };
FIXTURE_VARIANT_ADD(wait, receive_spinning) { .direct = true, .flags = MSGPASS_SPIN };
FIXTURE_VARIANT_ADD(wait, send_spinning) { .send = true, .flags = MSGPASS_SPIN };
FIXTURE_VARIANT_ADD(wait, receive_from_mailbox) { .direct = false };
FIXTURE_VARIANT_ADD(wait, receive_by_priority) { .flags = MSGPASS_BY_PRIORITY };
FIXTURE_VARIANT_ADD(wait, peek_into_mailbox) { .flags = MSGPASS_PEEK };
FIXTURE_VARIANT_ADD(wait, send_to_mailbox) { .send = true };

FIXTURE_SETUP(wait)
{
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->fd = self->channel.fd;
	self->me = getpid();
	ASSERT_EQ(0, set_capacity(&self->channel, 1));
}

FIXTURE_TEARDOWN(wait)
{
	close(self->fd);
}

/* The call that has to wait, in a child. To send, it fills its link or the mailbox first. */
static int wait_in(FIXTURE_DATA(wait) *self, const FIXTURE_VARIANT(wait) *variant,
		   uint32_t flags, uint64_t deadline)
{
	uint64_t to = address(&self->channel, self->me);
	uint32_t number;

	flags |= variant->flags;
	if (variant->send) {
		CHECK(!send_number(self->fd, to, 1));
		return SEND(self->fd, .to = to, .flags = flags, .deadline = deadline, NUMBER(2));
	}
	return RECEIVE(self->fd, NULL, .from = variant->from_parent ? self->me : 0,
		       .flags = flags, .deadline = deadline, BYTES(&number, sizeof(number)));
}

/* Whether that many wait as the child does. */
static bool waiting(FIXTURE_DATA(wait) *self, const FIXTURE_VARIANT(wait) *variant, pid_t child,
		    unsigned int count)
{
	if (variant->send)
		return channel_counts(&self->channel, self->me).senders_waiting == count;
	return channel_counts(&self->channel, child).receivers_waiting == count;
}

/* What the child waits for. */
static void end_wait(struct __test_metadata *_metadata, FIXTURE_DATA(wait) *self,
		     const FIXTURE_VARIANT(wait) *variant, pid_t child)
{
	const int64_t ret = variant->send ? TAKE(self->fd) :
			    send_number(self->fd, address(&self->channel, child), 2);

	EXPECT_EQ(variant->send, ret);
}

/* After the child's call failed: it has neither sent nor taken anything, and nobody waits. */
static void expect_no_trace(struct __test_metadata *_metadata, FIXTURE_DATA(wait) *self,
			    const FIXTURE_VARIANT(wait) *variant)
{
	uint64_t to = address(&self->channel, self->me);
	struct counts counts;

	EXPECT_TRUE(wait_until(waiting(self, variant, self->me, 0)));
	if (variant->send)
		EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
	EXPECT_EQ(0, send_number(self->fd, to, 3));
	EXPECT_EQ(3, TAKE(self->fd));
	counts = channel_counts(&self->channel, self->me);
	EXPECT_EQ(variant->send ? 2 : 1, counts.sent);
	EXPECT_EQ(variant->send ? 2 : 1, counts.received);
	EXPECT_EQ(0, counts.queued);
	EXPECT_EQ(0, counts.queued_bytes);
	EXPECT_EQ(0, counts.dropped);
	EXPECT_EQ(0, counts.receivers_waiting);
	EXPECT_EQ(0, counts.senders_waiting);
}

static int *signals;	/* how many the children's handlers have seen */

static void count_signal(int signal)
{
	(void)signal;
	__atomic_add_fetch(signals, 1, __ATOMIC_SEQ_CST);
}

/* A child in its wait; its exit status is the errno. */
static pid_t child_waiting(FIXTURE_DATA(wait) *self, const FIXTURE_VARIANT(wait) *variant,
			   int sa_flags, uint64_t deadline)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = sa_flags };
	pid_t pid;

	signals = shared(sizeof(*signals));
	pid = child_fork();
	if (!pid) {
		sigaction(SIGUSR1, &action, NULL);
		_exit(-wait_in(self, variant, 0, deadline));
	}
	return pid;
}

TEST_F(wait, lasts_until_there_is_something)
{
	pid_t child = child_waiting(self, variant, 0, 0);

	EXPECT_TRUE(wait_until(waiting(self, variant, child, 1)));
	end_wait(_metadata, self, variant, child);
	EXPECT_EQ(0, child_status(child));
	EXPECT_TRUE(wait_until(waiting(self, variant, child, 0)));
}

TEST_F(wait, lasts_until_there_is_something_with_a_deadline)
{
	pid_t child = child_waiting(self, variant, 0, soon());

	EXPECT_TRUE(wait_until(waiting(self, variant, child, 1)));
	end_wait(_metadata, self, variant, child);
	EXPECT_EQ(0, child_status(child));
}

TEST_F(wait, is_not_for_nonblocking_calls)
{
	pid_t child = child_fork();

	if (!child)
		_exit(-wait_in(self, variant, MSGPASS_NONBLOCK, 0));
	EXPECT_EQ(EAGAIN, child_status(child));
	expect_no_trace(_metadata, self, variant);
}

TEST_F(wait, is_not_for_nonblocking_calls_whose_deadline_is_past)
{
	pid_t child = child_fork();

	if (!child)
		_exit(-wait_in(self, variant, MSGPASS_NONBLOCK, 1));
	EXPECT_EQ(EAGAIN, child_status(child));
}

TEST_F(wait, is_not_for_nonblocking_fds)
{
	pid_t child;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, fcntl(self->fd, F_GETFL) | O_NONBLOCK));
	child = child_fork();
	if (!child)
		_exit(-wait_in(self, variant, 0, 0));
	EXPECT_EQ(EAGAIN, child_status(child));
	expect_no_trace(_metadata, self, variant);
}

/* --- deadlines */

TEST_F(wait, ends_at_its_deadline_and_leaves_no_trace)
{
	uint64_t deadline = now() + 100000000;
	pid_t child = child_waiting(self, variant, 0, deadline);

	EXPECT_EQ(ETIMEDOUT, child_status(child));
	EXPECT_LE(deadline, now());
	expect_no_trace(_metadata, self, variant);
}

TEST_F(wait, ends_at_once_when_its_deadline_is_past)
{
	pid_t child = child_waiting(self, variant, 0, 1);

	EXPECT_EQ(ETIMEDOUT, child_status(child));
	expect_no_trace(_metadata, self, variant);
}

TEST_F(wait, is_not_needed_when_there_is_something_though_the_deadline_is_past)
{
	uint64_t to = address(&self->channel, self->me);
	uint32_t number;

	EXPECT_EQ(0, SEND(self->fd, .to = to, .deadline = 1, NUMBER(1)));
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, .deadline = 1, .flags = variant->flags,
			     BYTES(&number, sizeof(number))));
}

TEST_F(wait, may_have_the_latest_deadline_there_is)
{
	pid_t child = child_waiting(self, variant, 0, ~0ULL);

	EXPECT_TRUE(wait_until(waiting(self, variant, child, 1)));
	end_wait(_metadata, self, variant, child);
	EXPECT_EQ(0, child_status(child));
}

/* --- signals */

TEST_F(wait, is_interrupted_by_a_signal_and_leaves_no_trace)
{
	pid_t child = child_waiting(self, variant, 0, 0);

	EXPECT_TRUE(wait_until(waiting(self, variant, child, 1)));
	kill(child, SIGUSR1);
	EXPECT_EQ(EINTR, child_status(child));
	EXPECT_EQ(1, *signals);
	expect_no_trace(_metadata, self, variant);
}

TEST_F(wait, goes_on_after_a_signal_whose_handler_restarts)
{
	pid_t child = child_waiting(self, variant, SA_RESTART, 0);

	EXPECT_TRUE(wait_until(waiting(self, variant, child, 1)));
	kill(child, SIGUSR1);
	EXPECT_TRUE(wait_until(__atomic_load_n(signals, __ATOMIC_SEQ_CST) == 1));
	EXPECT_TRUE(wait_until(waiting(self, variant, child, 1)));
	end_wait(_metadata, self, variant, child);
	EXPECT_EQ(0, child_status(child));
}

TEST_F(wait, keeps_its_deadline_over_signals_whose_handlers_restart)
{
	uint64_t deadline = now() + 500000000;
	pid_t child = child_waiting(self, variant, SA_RESTART, deadline);
	siginfo_t ended = {};

	EXPECT_TRUE(wait_until(waiting(self, variant, child, 1)));
	EXPECT_TRUE(wait_until(!kill(child, SIGUSR1) &&
			       !waitid(P_PID, child, &ended, WEXITED | WNOHANG | WNOWAIT) &&
			       ended.si_pid));
	EXPECT_EQ(ETIMEDOUT, child_status(child));
	EXPECT_LE(deadline, now());
	EXPECT_LT(0, *signals);
	expect_no_trace(_metadata, self, variant);
}

TEST_F(wait, goes_on_after_being_stopped_and_continued)
{
	pid_t child = child_waiting(self, variant, 0, 0);
	int status;

	EXPECT_TRUE(wait_until(waiting(self, variant, child, 1)));
	kill(child, SIGSTOP);
	EXPECT_EQ(child, waitpid(child, &status, WUNTRACED));
	kill(child, SIGCONT);
	EXPECT_TRUE(wait_until(waiting(self, variant, child, 1)));
	end_wait(_metadata, self, variant, child);
	EXPECT_EQ(0, child_status(child));
}

/* --- kill -9 */

TEST_F(wait, killed_leaves_no_trace)
{
	pid_t child = child_waiting(self, variant, 0, 0);
	uint64_t peer;

	EXPECT_TRUE(wait_until(waiting(self, variant, child, 1)));
	peer = variant->direct && !variant->send ? peer_of(self->fd, child) : 0;
	EXPECT_EQ(-SIGKILL, child_kill(child));
	expect_no_trace(_metadata, self, variant);
	if (peer)
		EXPECT_TRUE(wait_until(inbox_of_peer(self->fd, peer) == -ESRCH));
}

/* --- several in line at a mailbox, and races whose outcome the counters tell */

FIXTURE(race) {
	struct channel channel;
	int fd;
};

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, channel_open(&self->channel, false));
	self->fd = self->channel.fd;
}

FIXTURE_TEARDOWN(race)
{
	close(self->fd);
}

TEST_F(race, a_receiver_killed_in_line_lets_the_next_go_on)
{
	pid_t first = child_receiving(&self->channel, 0), second;

	EXPECT_TRUE(receivers_wait(&self->channel, 0, 1));
	second = child_receiving(&self->channel, 0);
	EXPECT_TRUE(receivers_wait(&self->channel, 0, 2));
	child_kill(first);
	EXPECT_EQ(1, mailbox_counts(self->fd).receivers_waiting);
	EXPECT_EQ(0, send_number(self->fd, 0, 5));
	EXPECT_EQ(5, child_status(second));
}

TEST_F(race, a_sender_killed_in_line_lets_the_next_go_on)
{
	pid_t first, second;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	first = child_sending(&self->channel, 0, 2);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	second = child_sending(&self->channel, 0, 3);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 2));
	child_kill(first);
	EXPECT_EQ(1, mailbox_counts(self->fd).senders_waiting);
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(0, child_status(second));
	EXPECT_EQ(3, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

/* More of them than one wakes in a go. */
enum { MANY = 20 };

TEST_F(race, room_for_many_senders_wakes_them_all)
{
	pid_t children[MANY];
	uint32_t i, sum = 0;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, 0, 0));
	for (i = 0; i < MANY; i++)
		children[i] = child_sending(&self->channel, 0, i + 1);
	EXPECT_TRUE(senders_wait(&self->channel, 0, MANY));
	ASSERT_EQ(0, set_capacity(&self->channel, MANY + 1));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(0, child_status(children[i]));
	for (i = 0; i < MANY + 1; i++)
		sum += TAKE(self->fd);
	EXPECT_EQ(MANY * (MANY + 1) / 2, sum);
}

TEST_F(race, a_message_wakes_all_who_wait_to_peek_at_it)
{
	pid_t children[MANY];
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		children[i] = child_fork();
		if (!children[i])
			_exit(AWAIT(self->fd, .flags = MSGPASS_PEEK));
	}
	EXPECT_TRUE(receivers_wait(&self->channel, 0, MANY));
	EXPECT_EQ(0, send_number(self->fd, 0, 7));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(7, child_status(children[i]));
	EXPECT_EQ(7, TAKE(self->fd));
}

TEST_F(race, a_sender_whose_message_has_become_too_long_is_told_so_when_its_turn_comes)
{
	char bytes[600] = "";
	pid_t large, small;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	large = child_fork();
	if (!large)
		_exit(-SEND(self->fd, BYTES(bytes, sizeof(bytes))));
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	small = child_sending(&self->channel, 0, 2);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 2));
	ASSERT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_MESSAGE_MAX, .message_max = 100));
	EXPECT_EQ(EMSGSIZE, child_status(large));
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(0, child_status(small));
	EXPECT_EQ(2, TAKE(self->fd));
}

/* Not because of its length, but because nobody stands before it any more. */
TEST_F(race, a_large_sender_killed_in_line_lets_a_small_one_go_on)
{
	char bytes[600] = "";
	pid_t large, small;

	ASSERT_EQ(0, MAILBOX_SET(self->fd, .message_max = 1000, .capacity_bytes = 1000,
				 .set = MSGPASS_SET_MESSAGE_MAX | MSGPASS_SET_CAPACITY_BYTES));
	ASSERT_EQ(0, SEND(self->fd, BYTES(bytes, 600)));
	large = child_fork();
	if (!large)
		_exit(-SEND(self->fd, BYTES(bytes, 600)));
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	small = child_sending(&self->channel, 0, 3);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 2));
	child_kill(large);
	EXPECT_EQ(0, child_status(small));
	EXPECT_EQ(2, mailbox_counts(self->fd).queued);
}

TEST_F(race, a_message_for_a_receiver_that_is_killed_goes_to_the_next)
{
	uint64_t sent = 0;
	pid_t victim, next;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		victim = child_receiving(&self->channel, 0);
		EXPECT_TRUE(receivers_wait(&self->channel, 0, 1));
		next = child_receiving(&self->channel, 0);
		EXPECT_TRUE(receivers_wait(&self->channel, 0, 2));
		EXPECT_EQ(0, send_number(self->fd, 0, 1));
		child_kill(victim);
		ASSERT_TRUE(wait_until(mailbox_counts(self->fd).received == sent + 1));
		sent++;
		if (mailbox_counts(self->fd).receivers_waiting == 1) {
			ASSERT_EQ(0, send_number(self->fd, 0, 1));
			sent++;
		}
		ASSERT_EQ(1, child_status(next));
		ASSERT_EQ(0, mailbox_counts(self->fd).queued);
	}
}

TEST_F(race, a_message_stays_whoever_peeks_at_it_is_killed)
{
	unsigned int i;
	pid_t victim;

	for (i = 0; i < 100; i++) {
		victim = child_fork();
		if (!victim)
			_exit(AWAIT(self->fd, .flags = MSGPASS_PEEK));
		EXPECT_TRUE(receivers_wait(&self->channel, 0, 1));
		EXPECT_EQ(0, send_number(self->fd, 0, 1));
		child_kill(victim);
		ASSERT_EQ(1, TAKE(self->fd));
		ASSERT_EQ(-EAGAIN, TAKE(self->fd));
	}
}

TEST_F(race, room_for_a_sender_that_is_killed_goes_to_the_next)
{
	pid_t victim, next;
	uint64_t i;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, send_number(self->fd, 0, 1));
		victim = child_sending(&self->channel, 0, 2);
		EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
		next = child_sending(&self->channel, 0, 3);
		EXPECT_TRUE(senders_wait(&self->channel, 0, 2));
		EXPECT_EQ(1, TAKE(self->fd));
		child_kill(victim);
		if (AWAIT(self->fd) != 3)
			ASSERT_EQ(3, AWAIT(self->fd));
		ASSERT_EQ(0, child_status(next));
		ASSERT_EQ(0, mailbox_counts(self->fd).queued);
	}
}

struct ends {
	uint64_t sent, received;
	uint64_t sent_sum, received_sum;
	uint64_t failures;
	bool finished;
};

/* Numbers sent, with what makes the send fail now and then; each counts if it succeeded. */
static void send_counting(int fd, struct ends *ends, uint32_t count, uint64_t patience)
{
	uint32_t number;

	for (number = 1; number <= count; number++) {
		int ret = SEND(fd, .deadline = patience ? now() + patience : 0, NUMBER(number));

		CHECK(!ret || ret == -ETIMEDOUT || ret == -EINTR);
		ends->sent += !ret;
		ends->sent_sum += ret ? 0 : number;
		ends->failures += !!ret;
	}
	__atomic_store_n(&ends->finished, true, __ATOMIC_RELEASE);
}

/* Until the sender has finished and nothing is queued. */
static void receive_counting(int fd, struct ends *ends, uint64_t patience)
{
	for (;;) {
		bool finished = __atomic_load_n(&ends->finished, __ATOMIC_ACQUIRE);
		uint64_t limit = patience && !finished ? patience : 50000000;
		int64_t number = do_receive_number(fd, (struct msgpass_receive){
			.deadline = now() + limit,
			.flags = finished ? MSGPASS_NONBLOCK : 0 });

		if (number >= 0) {
			ends->received++;
			ends->received_sum += number;
		} else if (finished) {
			CHECK(number == -EAGAIN);
			return;
		}
	}
}

static void interrupt_often(void)
{
	const struct itimerval often = { { 0, 700 }, { 0, 700 } };
	struct sigaction action = { .sa_handler = count_signal };

	signals = shared(sizeof(*signals));
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

/* A sender and a receiver over a mailbox of one place, each with reasons to give up. */
static void run_ends(struct __test_metadata *_metadata, FIXTURE_DATA(race) *self,
		     uint64_t patience, bool interrupted)
{
	struct ends *ends = shared(sizeof(*ends));
	pid_t sender, receiver;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	receiver = child_fork();
	if (!receiver) {
		if (interrupted)
			interrupt_often();
		receive_counting(self->fd, ends, patience);
		_exit(0);
	}
	sender = child_fork();
	if (!sender) {
		if (interrupted)
			interrupt_often();
		send_counting(self->fd, ends, 2000, patience);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(sender));
	EXPECT_EQ(0, child_status(receiver));
	EXPECT_EQ(2000, ends->sent + ends->failures);
	EXPECT_LT(0, ends->sent);
	EXPECT_EQ(ends->sent, ends->received);
	EXPECT_EQ(ends->sent_sum, ends->received_sum);
	EXPECT_EQ(ends->sent, mailbox_counts(self->fd).sent);
	EXPECT_EQ(ends->sent, mailbox_counts(self->fd).received);
}

TEST_F(race, deadlines_never_lose_or_double_a_message)
{
	run_ends(_metadata, self, 20000, false);
}

TEST_F(race, signals_never_lose_or_double_a_message)
{
	run_ends(_metadata, self, 0, true);
}

#include "afterwards.h"
