// SPDX-License-Identifier: GPL-2.0
/*
 * Several messages sent or received in one ioctl: what each of them is, and where a batch ends.
 * All on both kinds of channel, but where one lacks what a test needs.
 */
#include "msgpass_test.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/epoll.h>

enum { MANY = 8 };

static int do_send_batch(int fd, struct msgpass_send_batch batch)
{
	batch.size = sizeof(batch);
	return call(fd, MSGPASS_IOC_SEND_BATCH, &batch);
}

static int do_receive_batch(int fd, struct msgpass_receive_batch batch)
{
	batch.size = sizeof(batch);
	return call(fd, MSGPASS_IOC_RECEIVE_BATCH, &batch);
}

#define ELEMENTS(array, number) .elements = (uintptr_t)(array), .count = (number)
/* SEND_BATCH(fd, ELEMENTS(array, count), .to = pid, ...) */
#define SEND_BATCH(fd, ...) do_send_batch(fd, (struct msgpass_send_batch){ __VA_ARGS__ })
#define RECEIVE_BATCH(fd, ...) do_receive_batch(fd, (struct msgpass_receive_batch){ __VA_ARGS__ })

/* Numbers from 1 on, to send; and places to receive numbers. */
struct numbers {
	uint32_t numbers[MANY];
	struct msgpass_send_element elements[MANY];
};

struct places {
	uint32_t numbers[MANY];
	struct msgpass_receive_element elements[MANY];
};

FIXTURE(batch) {
	struct channel channel;
	int fd;
	uint64_t to;
	struct numbers out;
	struct places in;
};

FIXTURE_VARIANT(batch) {
	bool direct;
};

FIXTURE_VARIANT_ADD(batch, direct) { .direct = true };
FIXTURE_VARIANT_ADD(batch, mailbox) { .direct = false };

static void fill(struct numbers *out, struct places *in)
{
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		out->numbers[i] = i + 1;
		out->elements[i] = (struct msgpass_send_element){
			BYTES(&out->numbers[i], sizeof(uint32_t)),
		};
		in->elements[i] = (struct msgpass_receive_element){
			BYTES(&in->numbers[i], sizeof(uint32_t)),
		};
	}
}

FIXTURE_SETUP(batch)
{
	int device = device_open();

	settled_user_bytes(device);
	close(device);
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->fd = self->channel.fd;
	self->to = address(&self->channel, getpid());
	fill(&self->out, &self->in);
}

FIXTURE_TEARDOWN(batch)
{
	close(self->fd);
}

/* The first so many numbers to oneself. */
#define SEND_NUMBERS(number, ...) \
	SEND_BATCH(self->fd, ELEMENTS(self->out.elements, number), .to = self->to, ##__VA_ARGS__)
#define SEND_NUMBERS_NOW(number) SEND_NUMBERS(number, .flags = MSGPASS_NONBLOCK)
#define TAKE_NUMBERS(number, ...) \
	RECEIVE_BATCH(self->fd, ELEMENTS(self->in.elements, number), ##__VA_ARGS__)
#define TAKE_NUMBERS_NOW(number) TAKE_NUMBERS(number, .flags = MSGPASS_NONBLOCK)

static struct counts counts_of(FIXTURE_DATA(batch) *self)
{
	return channel_counts(&self->channel, getpid());
}

static int set_room(FIXTURE_DATA(batch) *self, uint64_t messages)
{
	return set_capacity(&self->channel, messages);
}

/* --- what a batch is */

TEST_F(batch, messages_arrive_in_their_order_each_with_its_own_type_and_priority)
{
	struct msgpass_receive one;
	uint32_t number;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		self->out.elements[i].type = 10 + i;
		self->out.elements[i].priority = 20 + i;
	}
	ASSERT_EQ(MANY, SEND_NUMBERS(MANY));
	EXPECT_EQ(MANY, counts_of(self).sent);
	EXPECT_EQ(MANY, counts_of(self).queued);
	EXPECT_EQ(MANY * sizeof(uint32_t), counts_of(self).queued_bytes);
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, RECEIVE(self->fd, &one, BYTES(&number, sizeof(number)),
				     .flags = MSGPASS_NONBLOCK));
		EXPECT_EQ(i + 1, number);
		EXPECT_EQ(i + 1, one.out_sequence);
		EXPECT_EQ(10 + i, one.out_type);
		EXPECT_EQ(20 + i, one.out_priority);
		EXPECT_EQ(sizeof(number), one.out_length);
	}
}

TEST_F(batch, of_each_message_received_all_is_told)
{
	const uint64_t begin = now();
	struct msgpass_info own;
	uint32_t number;
	unsigned int i;

	ASSERT_EQ(0, info(self->fd, &own));
	memset(self->in.numbers, 0xff, sizeof(self->in.numbers));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES(&self->out.numbers[i], i % 5),
				  .type = 10 + i, .priority = 20 + i));
		memset(&self->in.elements[i].out_length, 0xff,
		       sizeof(self->in.elements[0]) -
		       offsetof(struct msgpass_receive_element, out_length));
	}
	ASSERT_EQ(MANY, TAKE_NUMBERS(MANY));
	for (i = 0; i < MANY; i++) {
		const struct msgpass_receive_element *in = &self->in.elements[i];

		EXPECT_EQ(i % 5, in->out_length);
		EXPECT_EQ(i + 1, in->out_sequence);
		EXPECT_LE(begin, in->out_time);
		EXPECT_GE(now(), in->out_time);
		EXPECT_EQ(own.out_peer, in->out_peer);
		EXPECT_EQ(getpid(), in->out_pid);
		EXPECT_EQ(geteuid(), in->out_uid);
		EXPECT_EQ(getegid(), in->out_gid);
		EXPECT_EQ(10 + i, in->out_type);
		EXPECT_EQ(20 + i, in->out_priority);
		EXPECT_EQ(0, in->out_flags);
		EXPECT_EQ(0, in->out_token);
		EXPECT_EQ(0, in->out_fds);
		EXPECT_EQ(0, in->out_missed);
		/* Its bytes, and none behind them. */
		number = ~0U;
		memcpy(&number, &self->out.numbers[i], i % 5);
		EXPECT_EQ(number, self->in.numbers[i]);
	}
	EXPECT_EQ(MANY, counts_of(self).received);
	EXPECT_EQ(0, counts_of(self).queued);
}

TEST_F(batch, messages_of_several_senders_each_tell_their_own)
{
	uint64_t to = address(&self->channel, getpid());
	pid_t children[3];
	int fd = self->fd;
	unsigned int i;

	NEED_ROOT();
	if (variant->direct)
		ASSERT_EQ(0, INBOX_SET(fd, .set = MSGPASS_SET_MODE, .mode = 0222));
	for (i = 0; i < 3; i++) {
		children[i] = child_fork();
		if (!children[i]) {
			CHECK(!setresgid(FAMILY + i, FAMILY + i, FAMILY + i));
			CHECK(!setresuid(FATHER + i, FATHER + i, 0));
			_exit(SEND_BATCH(fd, ELEMENTS(self->out.elements, 2), .to = to,
					 .flags = MSGPASS_NONBLOCK));
		}
		ASSERT_EQ(2, child_status(children[i]));
	}
	ASSERT_EQ(6, TAKE_NUMBERS(MANY));
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(children[i / 2], self->in.elements[i].out_pid);
		EXPECT_EQ(FATHER + i / 2, self->in.elements[i].out_uid);
		EXPECT_EQ(FAMILY + i / 2, self->in.elements[i].out_gid);
		EXPECT_EQ(i % 2 + 1, self->in.numbers[i]);
	}
	EXPECT_NE(self->in.elements[0].out_peer, self->in.elements[2].out_peer);
	EXPECT_EQ(self->in.elements[0].out_peer, self->in.elements[1].out_peer);
}

TEST_F(batch, as_many_as_there_are_come_and_no_more_than_asked_for)
{
	ASSERT_EQ(5, SEND_NUMBERS(5));
	EXPECT_EQ(3, TAKE_NUMBERS(3));
	EXPECT_EQ(1, self->in.numbers[0]);
	EXPECT_EQ(3, self->in.numbers[2]);
	EXPECT_EQ(2, TAKE_NUMBERS(MANY));
	EXPECT_EQ(4, self->in.numbers[0]);
	EXPECT_EQ(5, self->in.numbers[1]);
}

TEST_F(batch, each_message_goes_to_another_receiver_who_waits)
{
	pid_t children[3], sender = getpid();
	unsigned int i;
	uint32_t sum = 0;

	/* A process has an inbox of its own. */
	if (variant->direct)
		return;
	for (i = 0; i < 3; i++)
		children[i] = child_receiving(&self->channel, 0);
	ASSERT_TRUE(receivers_wait(&self->channel, sender, 3));
	ASSERT_EQ(4, SEND_NUMBERS(4));
	for (i = 0; i < 3; i++)
		sum += 1 << child_status(children[i]);
	EXPECT_EQ(1 << 1 | 1 << 2 | 1 << 3, sum);
	EXPECT_EQ(4, TAKE(self->fd));
}

TEST_F(batch, as_many_messages_as_fit_into_a_batch)
{
	static struct msgpass_send_element out[MSGPASS_BATCH_MAX + 1];
	static struct msgpass_receive_element in[MSGPASS_BATCH_MAX + 1];

	ASSERT_EQ(0, set_room(self, 2 * MSGPASS_BATCH_MAX));
	EXPECT_EQ(-EINVAL, SEND_BATCH(self->fd, ELEMENTS(out, MSGPASS_BATCH_MAX + 1),
				      .to = self->to));
	EXPECT_EQ(MSGPASS_BATCH_MAX, SEND_BATCH(self->fd, ELEMENTS(out, MSGPASS_BATCH_MAX),
						.to = self->to));
	EXPECT_EQ(-EINVAL, RECEIVE_BATCH(self->fd, ELEMENTS(in, MSGPASS_BATCH_MAX + 1)));
	EXPECT_EQ(MSGPASS_BATCH_MAX, RECEIVE_BATCH(self->fd, ELEMENTS(in, MSGPASS_BATCH_MAX)));
	EXPECT_EQ(MSGPASS_BATCH_MAX, in[MSGPASS_BATCH_MAX - 1].out_sequence);
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(batch, a_batch_of_none_is_refused)
{
	EXPECT_EQ(-EINVAL, SEND_NUMBERS(0));
	EXPECT_EQ(-EINVAL, TAKE_NUMBERS(0));
}

TEST_F(batch, what_is_of_a_single_message_is_refused)
{
	const uint32_t sending[] = {
		MSGPASS_IOVEC, MSGPASS_SYNCHRONOUS, MSGPASS_FLOW, MSGPASS_RECEIPT,
	};
	const uint32_t receiving[] = { MSGPASS_IOVEC, MSGPASS_PEEK, MSGPASS_PIECES };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sending); i++)
		EXPECT_EQ(-EINVAL, SEND_NUMBERS(1, .flags = sending[i] | MSGPASS_NONBLOCK));
	ASSERT_EQ(1, SEND_NUMBERS(1));
	for (i = 0; i < ARRAY_SIZE(receiving); i++)
		EXPECT_EQ(-EINVAL, TAKE_NUMBERS(1, .flags = receiving[i] | MSGPASS_NONBLOCK));
	EXPECT_EQ(-EINVAL, SEND_NUMBERS(1, .reserved = 1));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(batch, the_fd_tells_who_is_meant_and_what_may_be_done)
{
	int device = device_open(), reader, writer;
	const char *name = unique_name("batch");

	if (variant->direct) {
		EXPECT_EQ(-EINVAL, SEND_BATCH(self->fd, ELEMENTS(self->out.elements, 1)));
		EXPECT_EQ(-ESRCH, SEND_BATCH(self->fd, ELEMENTS(self->out.elements, 1),
					     .to = 0x3fffffff));
		EXPECT_EQ(1, SEND_BATCH(self->fd, ELEMENTS(self->out.elements, 1),
					.to = own_peer(self->fd), .flags = MSGPASS_PEER));
		EXPECT_EQ(1, TAKE(self->fd));
		return;
	}
	EXPECT_EQ(-EINVAL, SEND_BATCH(self->fd, ELEMENTS(self->out.elements, 1),
				      .to = getpid()));
	EXPECT_EQ(-EINVAL, TAKE_NUMBERS(1, .from = getpid()));
	EXPECT_EQ(-EINVAL, TAKE_NUMBERS(1, .flags = MSGPASS_RECEIPT));
	close(MAILBOX_OPEN(device, name, OPEN_NEW));
	reader = MAILBOX_OPEN(device, name, MSGPASS_OPEN_RECEIVE);
	writer = MAILBOX_OPEN(device, name, MSGPASS_OPEN_SEND);
	EXPECT_EQ(-EBADF, SEND_BATCH(reader, ELEMENTS(self->out.elements, 1)));
	EXPECT_EQ(-EBADF, RECEIVE_BATCH(writer, ELEMENTS(self->in.elements, 1)));
	EXPECT_EQ(1, SEND_BATCH(writer, ELEMENTS(self->out.elements, 1)));
	EXPECT_EQ(1, RECEIVE_BATCH(reader, ELEMENTS(self->in.elements, 1)));
	EXPECT_EQ(0, mailbox_delete(device, name));
}

/* --- room */

TEST_F(batch, a_send_that_may_not_wait_sends_what_there_is_room_for)
{
	ASSERT_EQ(0, set_room(self, 3));
	EXPECT_EQ(3, SEND_NUMBERS_NOW(5));
	EXPECT_EQ(-EAGAIN, SEND_NUMBERS_NOW(5));
	EXPECT_EQ(1, TAKE(self->fd));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, fcntl(self->fd, F_GETFL) | O_NONBLOCK));
	EXPECT_EQ(1, SEND_NUMBERS(5));
	EXPECT_EQ(-EAGAIN, SEND_NUMBERS(5));
	EXPECT_EQ(4, counts_of(self).sent);
	EXPECT_EQ(3, counts_of(self).queued);
	EXPECT_EQ(2, TAKE(self->fd));
	EXPECT_EQ(3, TAKE(self->fd));
	EXPECT_EQ(1, TAKE(self->fd));
}

TEST_F(batch, a_send_that_may_not_wait_sends_what_there_are_bytes_for)
{
	static char bytes[3000];
	struct msgpass_send_element out[] = { { BYTES(bytes, 3000) }, { BYTES(bytes, 1000) },
					      { BYTES(bytes, 100) } };

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_CAPACITY_BYTES |
				 MSGPASS_SET_MESSAGE_MAX, .capacity_bytes = 4050,
				 .message_max = 4000));
	EXPECT_EQ(2, SEND_BATCH(self->fd, ELEMENTS(out, 3), .to = self->to,
				.flags = MSGPASS_NONBLOCK));
	EXPECT_EQ(4000, counts_of(self).queued_bytes);
}

/* A child that sends so many; its exit status is how many it did, or 100 and the errno. */
static pid_t child_sending_batch(FIXTURE_DATA(batch) *self, unsigned int count, uint64_t deadline)
{
	pid_t pid = child_fork();
	int ret;

	if (pid)
		return pid;
	ret = SEND_NUMBERS(count, .deadline = deadline);
	_exit(ret < 0 ? 100 - ret : ret);
}

TEST_F(batch, a_send_waits_for_room_for_each)
{
	pid_t child;
	unsigned int i;

	ASSERT_EQ(0, set_room(self, 2));
	child = child_sending_batch(self, MANY, soon());
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(i + 1, AWAIT(self->fd));
	EXPECT_EQ(MANY, child_status(child));
	EXPECT_EQ(0, counts_of(self).senders_waiting);
}

TEST_F(batch, a_deadline_ends_a_send_after_those_that_are_sent)
{
	pid_t child;

	ASSERT_EQ(0, set_room(self, 2));
	child = child_fork();
	if (!child) {
		CHECK(SEND_NUMBERS(5, .deadline = now() + 10000000) == 2);
		_exit(-SEND_NUMBERS(5, .deadline = now() + 10000000));
	}
	EXPECT_EQ(ETIMEDOUT, child_status(child));
	EXPECT_EQ(2, counts_of(self).sent);
}

static void interrupt(int signal)
{
	(void)signal;
}

static void handle_signal(int flags)
{
	struct sigaction action = { .sa_handler = interrupt, .sa_flags = flags };

	sigaction(SIGUSR1, &action, NULL);
}

TEST_F(batch, a_signal_ends_a_send_after_those_that_are_sent)
{
	siginfo_t ended = {};
	pid_t child;

	handle_signal(0);
	ASSERT_EQ(0, set_room(self, 2));
	child = child_fork();
	if (!child) {
		CHECK(SEND_NUMBERS(5) == 2);
		_exit(-SEND_NUMBERS(5));
	}
	ASSERT_TRUE(senders_wait(&self->channel, getpid(), 1));
	EXPECT_TRUE(wait_until(!kill(child, SIGUSR1) &&
			       !waitid(P_PID, child, &ended, WEXITED | WNOHANG | WNOWAIT) &&
			       ended.si_pid));
	EXPECT_EQ(EINTR, child_status(child));
	EXPECT_EQ(2, counts_of(self).sent);
}

TEST_F(batch, a_signal_whose_handler_restarts_sends_none_twice)
{
	pid_t child;

	handle_signal(SA_RESTART);
	ASSERT_EQ(0, set_room(self, 1));
	ASSERT_EQ(0, send_number(self->fd, self->to, 9));
	child = child_sending_batch(self, 1, 0);
	if (variant->direct) {
		EXPECT_EQ(1, child_status(child));
		return;
	}
	ASSERT_TRUE(senders_wait(&self->channel, getpid(), 1));
	kill(child, SIGUSR1);
	EXPECT_EQ(9, TAKE(self->fd));
	EXPECT_EQ(1, child_status(child));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(batch, a_sender_that_is_killed_has_sent_what_was_sent)
{
	pid_t child;

	ASSERT_EQ(0, set_room(self, 2));
	child = child_sending_batch(self, 5, 0);
	ASSERT_TRUE(senders_wait(&self->channel, getpid(), 1));
	EXPECT_EQ(-SIGKILL, child_kill(child));
	EXPECT_EQ(2, TAKE_NUMBERS_NOW(MANY));
	EXPECT_EQ(-EAGAIN, TAKE_NUMBERS_NOW(MANY));
	EXPECT_EQ(2, counts_of(self).sent);
}

TEST_F(batch, where_there_is_no_buffer_each_meets_its_receiver)
{
	pid_t child;
	unsigned int i;

	ASSERT_EQ(0, set_room(self, 0));
	EXPECT_EQ(-EAGAIN, SEND_NUMBERS_NOW(3));
	child = child_sending_batch(self, 3, soon());
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i + 1, AWAIT(self->fd));
	EXPECT_EQ(3, child_status(child));
}

/* --- waiting for a message */

/* A child that receives a batch; its exit status is how many came, or 100 and the errno. */
static pid_t child_receiving_batch(FIXTURE_DATA(batch) *self, uint64_t deadline)
{
	pid_t pid = child_fork();
	int ret;

	if (pid)
		return pid;
	ret = TAKE_NUMBERS(MANY, .deadline = deadline);
	_exit(ret < 0 ? 100 - ret : ret);
}

TEST_F(batch, a_receive_that_may_not_wait_says_that_there_is_none)
{
	EXPECT_EQ(-EAGAIN, TAKE_NUMBERS_NOW(MANY));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, fcntl(self->fd, F_GETFL) | O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, TAKE_NUMBERS(MANY));
}

TEST_F(batch, a_receive_waits_for_one_message_and_for_no_more)
{
	pid_t child = child_receiving_batch(self, 0);

	ASSERT_TRUE(receivers_wait(&self->channel, child, 1));
	EXPECT_EQ(0, send_number(self->fd, address(&self->channel, child), 1));
	EXPECT_EQ(1, child_status(child));
}

TEST_F(batch, a_deadline_ends_a_receive_that_has_none)
{
	EXPECT_EQ(-ETIMEDOUT, TAKE_NUMBERS(MANY, .deadline = now() + 10000000));
	EXPECT_EQ(-ETIMEDOUT, TAKE_NUMBERS(MANY, .deadline = 1));
	ASSERT_EQ(2, SEND_NUMBERS(2));
	EXPECT_EQ(2, TAKE_NUMBERS(MANY, .deadline = 1));
}

TEST_F(batch, a_signal_ends_a_receive_that_has_none)
{
	pid_t child;

	handle_signal(0);
	child = child_receiving_batch(self, 0);
	ASSERT_TRUE(receivers_wait(&self->channel, child, 1));
	kill(child, SIGUSR1);
	EXPECT_EQ(100 + EINTR, child_status(child));
}

TEST_F(batch, a_signal_whose_handler_restarts_goes_on_with_the_receive)
{
	pid_t child;

	handle_signal(SA_RESTART);
	child = child_receiving_batch(self, 0);
	ASSERT_TRUE(receivers_wait(&self->channel, child, 1));
	kill(child, SIGUSR1);
	EXPECT_EQ(0, send_number(self->fd, address(&self->channel, child), 1));
	EXPECT_EQ(1, child_status(child));
}

/* --- which messages */

static int send_typed(FIXTURE_DATA(batch) *self, uint32_t type, uint32_t priority)
{
	return SEND(self->fd, .to = self->to, .type = type, .priority = priority,
		    NUMBER(10 * type + priority), .flags = MSGPASS_NONBLOCK);
}

static void send_some_types(FIXTURE_DATA(batch) *self)
{
	send_typed(self, 3, 1);
	send_typed(self, 1, 2);
	send_typed(self, 2, 3);
	send_typed(self, 1, 4);
}

TEST_F(batch, one_type_alone_is_received)
{
	send_some_types(self);
	ASSERT_EQ(2, TAKE_NUMBERS(MANY, .flags = MSGPASS_TYPE_EXACT, .type = 1));
	EXPECT_EQ(12, self->in.numbers[0]);
	EXPECT_EQ(14, self->in.numbers[1]);
	EXPECT_EQ(-EINVAL, TAKE_NUMBERS(MANY, .type = 1));
	EXPECT_EQ(2, counts_of(self).queued);
}

TEST_F(batch, the_lowest_types_are_received_first)
{
	send_some_types(self);
	ASSERT_EQ(3, TAKE_NUMBERS(MANY, .flags = MSGPASS_TYPE_UP_TO, .type = 2));
	EXPECT_EQ(12, self->in.numbers[0]);
	EXPECT_EQ(14, self->in.numbers[1]);
	EXPECT_EQ(23, self->in.numbers[2]);
}

TEST_F(batch, all_types_but_one_are_received)
{
	send_some_types(self);
	ASSERT_EQ(2, TAKE_NUMBERS(MANY, .flags = MSGPASS_TYPE_EXCEPT, .type = 1));
	EXPECT_EQ(31, self->in.numbers[0]);
	EXPECT_EQ(23, self->in.numbers[1]);
}

TEST_F(batch, the_highest_priorities_are_received_first)
{
	send_some_types(self);
	ASSERT_EQ(4, TAKE_NUMBERS(MANY, .flags = MSGPASS_BY_PRIORITY));
	EXPECT_EQ(14, self->in.numbers[0]);
	EXPECT_EQ(23, self->in.numbers[1]);
	EXPECT_EQ(12, self->in.numbers[2]);
	EXPECT_EQ(31, self->in.numbers[3]);
}

TEST_F(batch, one_sender_alone_is_received)
{
	int fd = self->fd;
	uint64_t peer, to = self->to;
	pid_t child;

	if (!variant->direct)
		return;
	ASSERT_EQ(2, SEND_NUMBERS(2));
	child = child_fork();
	if (!child)
		_exit(SEND_BATCH(fd, ELEMENTS(self->out.elements + 4, 3), .to = to));
	EXPECT_EQ(0, child_dies(child));
	ASSERT_EQ(2, TAKE_NUMBERS(2, .from = child));
	EXPECT_EQ(5, self->in.numbers[0]);
	EXPECT_EQ(child, self->in.elements[0].out_pid);
	peer = self->in.elements[0].out_peer;
	ASSERT_EQ(1, TAKE_NUMBERS(MANY, .from = peer, .flags = MSGPASS_PEER));
	EXPECT_EQ(7, self->in.numbers[0]);
	EXPECT_EQ(-ESRCH, TAKE_NUMBERS(MANY, .from = peer, .flags = MSGPASS_PEER));
	EXPECT_EQ(3, child_status(child));
	EXPECT_EQ(2, TAKE_NUMBERS(MANY, .from = getpid()));
	EXPECT_EQ(1, self->in.numbers[0]);
}

TEST_F(batch, receipts_come_for_each_and_in_a_batch_alone)
{
	struct msgpass_receipt receipts[MANY];
	int device = variant->direct ? self->fd : device_open();
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, SEND(self->fd, .to = self->to, NUMBER(i), .cookie = 7 + i,
				  .flags = MSGPASS_RECEIPT));
		self->in.elements[3 + i].data = (uintptr_t)&receipts[i];
		self->in.elements[3 + i].length = sizeof(receipts[i]);
	}
	ASSERT_EQ(3, TAKE_NUMBERS(3));
	ASSERT_EQ(0, send_number(device, getpid(), 1));
	ASSERT_EQ(3, RECEIVE_BATCH(device, ELEMENTS(self->in.elements + 3, 4),
				   .flags = MSGPASS_RECEIPT));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(MSGPASS_OUT_RECEIPT, self->in.elements[3 + i].out_flags);
		EXPECT_EQ(7 + i, receipts[i].cookie);
		EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, receipts[i].outcome);
	}
	EXPECT_EQ(1, TAKE(device));
	if (!variant->direct)
		close(device);
}

/* --- what ends a batch */

TEST_F(batch, a_message_that_does_not_fit_ends_it_and_then_is_described)
{
	ASSERT_EQ(2, SEND_NUMBERS(2));
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES("hello", 5), .type = 6));
	EXPECT_EQ(2, TAKE_NUMBERS(MANY));
	EXPECT_EQ(-EMSGSIZE, TAKE_NUMBERS(MANY));
	EXPECT_EQ(5, self->in.elements[0].out_length);
	EXPECT_EQ(3, self->in.elements[0].out_sequence);
	EXPECT_EQ(6, self->in.elements[0].out_type);
	EXPECT_EQ(getpid(), self->in.elements[0].out_pid);
	EXPECT_EQ(0, self->in.elements[0].out_flags);
	EXPECT_EQ(1, counts_of(self).queued);
}

TEST_F(batch, a_message_that_does_not_fit_is_truncated_where_that_was_asked_for)
{
	ASSERT_EQ(1, SEND_NUMBERS(1));
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES("hello", 5)));
	ASSERT_EQ(1, SEND_NUMBERS(1));
	EXPECT_EQ(3, TAKE_NUMBERS(MANY, .flags = MSGPASS_TRUNCATE));
	EXPECT_EQ(0, self->in.elements[0].out_flags);
	EXPECT_EQ(MSGPASS_OUT_TRUNCATED, self->in.elements[1].out_flags);
	EXPECT_EQ(5, self->in.elements[1].out_length);
	EXPECT_EQ(0, memcmp(&self->in.numbers[1], "hell", 4));
	EXPECT_EQ(0, self->in.elements[2].out_flags);
}

TEST_F(batch, a_bad_buffer_ends_it_and_the_message_stays)
{
	ASSERT_EQ(3, SEND_NUMBERS(3));
	self->in.elements[1].data = 8;
	EXPECT_EQ(1, TAKE_NUMBERS(MANY));
	EXPECT_EQ(2, counts_of(self).queued);
	self->in.elements[0].data = 8;
	EXPECT_EQ(-EFAULT, TAKE_NUMBERS(MANY));
	EXPECT_EQ(2, counts_of(self).queued);
	EXPECT_EQ(2, TAKE(self->fd));
	EXPECT_EQ(3, TAKE(self->fd));
	EXPECT_EQ(3, counts_of(self).received);
}

TEST_F(batch, an_element_that_cannot_be_written_ends_it_and_the_message_stays)
{
	const size_t size = sizeof(self->in.elements[0]), page = sysconf(_SC_PAGESIZE);
	char *end = (char *)guarded(page) + page;
	unsigned int part;

	/* With the second one not there, or with some of it. */
	for (part = 0; part < size; part += 4) {
		char *elements = end - size - part;

		ASSERT_EQ(2, SEND_NUMBERS(2));
		memcpy(elements, self->in.elements, size + part);
		EXPECT_EQ(1, RECEIVE_BATCH(self->fd, ELEMENTS(elements, 2)));
		EXPECT_EQ(-EFAULT, RECEIVE_BATCH(self->fd, ELEMENTS(elements + size, 1)));
		EXPECT_EQ(2, TAKE(self->fd));
	}
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(batch, elements_in_memory_that_can_be_read_alone_receive_nothing)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	char *elements = guarded(page);

	ASSERT_EQ(2, SEND_NUMBERS(2));
	memcpy(elements, self->in.elements, sizeof(self->in.elements));
	ASSERT_EQ(0, mprotect(elements, page, PROT_READ));
	EXPECT_EQ(-EFAULT, RECEIVE_BATCH(self->fd, ELEMENTS(elements, 2)));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(2, TAKE(self->fd));
}

TEST_F(batch, bad_bytes_end_a_send)
{
	self->out.elements[2].data = 8;
	EXPECT_EQ(2, SEND_NUMBERS(4));
	EXPECT_EQ(-EFAULT, SEND_BATCH(self->fd, ELEMENTS(self->out.elements + 2, 2),
				      .to = self->to));
	EXPECT_EQ(2, TAKE_NUMBERS(MANY));
	EXPECT_EQ(2, counts_of(self).sent);
}

TEST_F(batch, an_element_that_cannot_be_read_ends_a_send)
{
	const size_t size = sizeof(self->out.elements[0]), page = sysconf(_SC_PAGESIZE);
	char *end = (char *)guarded(page) + page;
	unsigned int part;

	for (part = 0; part < size; part += 4) {
		char *elements = end - size - part;

		memcpy(elements, self->out.elements, size + part);
		EXPECT_EQ(1, SEND_BATCH(self->fd, ELEMENTS(elements, 2), .to = self->to));
		EXPECT_EQ(-EFAULT, SEND_BATCH(self->fd, ELEMENTS(elements + size, 1),
					      .to = self->to));
		EXPECT_EQ(1, TAKE_NUMBERS(MANY));
	}
}

TEST_F(batch, a_message_that_is_too_long_ends_a_send)
{
	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				 .message_max = 4));
	self->out.elements[2].length = 5;
	EXPECT_EQ(2, SEND_NUMBERS(4));
	EXPECT_EQ(-EMSGSIZE, SEND_BATCH(self->fd, ELEMENTS(self->out.elements + 2, 2),
					.to = self->to));
	self->out.elements[0].length = 1ULL << 32;
	EXPECT_EQ(-EMSGSIZE, SEND_NUMBERS(1));
	self->out.elements[0].length = ~0ULL;
	EXPECT_EQ(-EMSGSIZE, SEND_NUMBERS(1));
	EXPECT_EQ(2, counts_of(self).sent);
}

TEST_F(batch, a_quota_that_is_used_up_ends_a_send)
{
	const size_t size = 60000;
	char *bytes = calloc(1, size);
	int64_t quota = parameter("user_bytes");
	uint64_t to = self->to;
	int fd = self->fd;
	pid_t child;

	NEED_ROOT();
	self->out.elements[0] = (struct msgpass_send_element){ BYTES(bytes, size) };
	self->out.elements[1] = self->out.elements[0];
	self->out.elements[2] = self->out.elements[0];
	if (variant->direct)
		ASSERT_EQ(0, INBOX_SET(fd, .set = MSGPASS_SET_MODE, .mode = 0222));
	ASSERT_EQ(0, parameter_set("user_bytes", 2 * size + size / 2));
	child = child_fork();
	if (!child) {
		int ret;

		become(CHILD, FAMILY);
		ret = SEND_BATCH(fd, ELEMENTS(self->out.elements, 3), .to = to);
		CHECK(ret == 2);
		_exit(-SEND_BATCH(fd, ELEMENTS(self->out.elements, 3), .to = to));
	}
	EXPECT_EQ(EDQUOT, child_status(child));
	ASSERT_EQ(0, parameter_set("user_bytes", quota));
	EXPECT_EQ(2, counts_of(self).sent);
	free(bytes);
}

TEST_F(batch, a_mailbox_that_is_deleted_ends_it)
{
	pid_t sender, receiver;
	int fd = self->fd;

	if (variant->direct)
		return;
	receiver = child_receiving_batch(self, 0);
	ASSERT_TRUE(receivers_wait(&self->channel, 0, 1));
	EXPECT_EQ(0, send_number(fd, 0, 1));
	EXPECT_EQ(1, child_status(receiver));
	ASSERT_EQ(0, set_room(self, 2));
	sender = child_sending_batch(self, 5, 0);
	ASSERT_TRUE(senders_wait(&self->channel, 0, 1));
	EXPECT_EQ(0, mailbox_delete(fd, ""));
	EXPECT_EQ(2, child_status(sender));
	EXPECT_EQ(-EPIPE, SEND_NUMBERS(1));
	EXPECT_EQ(-EPIPE, TAKE_NUMBERS(1));
}

TEST_F(batch, a_receiver_that_dies_ends_a_send)
{
	pid_t child, sender;
	uint64_t peer;
	int fd = self->fd;

	if (!variant->direct)
		return;
	child = child_idle();
	ASSERT_EQ(0, send_number(fd, child, 1));
	peer = peer_of(fd, child);
	sender = child_fork();
	if (!sender)
		_exit(SEND_BATCH(fd, ELEMENTS(self->out.elements, MANY), .to = child) == -EPIPE);
	EXPECT_EQ(0, child_status(sender));
	child_kill(child);
	EXPECT_TRUE(wait_until(inbox_of_peer(fd, peer) == -ESRCH));
	EXPECT_EQ(-ESRCH, SEND_BATCH(fd, ELEMENTS(self->out.elements, MANY), .to = peer,
				     .flags = MSGPASS_PEER));
}

/* --- whatever was sent */

TEST_F(batch, calls_are_received_each_with_its_token)
{
	uint64_t to = self->to;
	int fd = self->fd;
	pid_t callers[2];
	uint32_t answer;
	unsigned int i;

	ASSERT_EQ(1, SEND_NUMBERS(1));
	for (i = 0; i < 2; i++) {
		callers[i] = child_fork();
		if (!callers[i]) {
			CHECK(!CALL(fd, NULL, .to = to, NUMBER(20 + i), PLACE_OF(answer),
				    .deadline = soon()));
			_exit(answer);
		}
		ASSERT_TRUE(wait_until(counts_of(self).queued == i + 2));
	}
	ASSERT_EQ(3, TAKE_NUMBERS(MANY));
	EXPECT_EQ(0, self->in.elements[0].out_token);
	EXPECT_NE(0, self->in.elements[1].out_token);
	EXPECT_NE(self->in.elements[1].out_token, self->in.elements[2].out_token);
	for (i = 1; i < 3; i++)
		EXPECT_EQ(0, reply_number(fd, self->in.elements[i].out_token,
					  self->in.numbers[i] + 30));
	EXPECT_EQ(50, child_status(callers[0]));
	EXPECT_EQ(51, child_status(callers[1]));
}

TEST_F(batch, a_call_that_cannot_be_told_of_is_not_taken)
{
	uint64_t to = self->to;
	int fd = self->fd;
	uint32_t answer;
	pid_t caller;

	ASSERT_EQ(1, SEND_NUMBERS(1));
	caller = child_fork();
	if (!caller) {
		CHECK(!CALL(fd, NULL, .to = to, NUMBER(2), PLACE_OF(answer), .deadline = soon()));
		_exit(answer);
	}
	ASSERT_TRUE(wait_until(counts_of(self).queued == 2));
	self->in.elements[1].data = 8;
	EXPECT_EQ(1, TAKE_NUMBERS(MANY));
	EXPECT_EQ(1, counts_of(self).queued);
	ASSERT_EQ(1, TAKE_NUMBERS(1));
	EXPECT_EQ(0, reply_number(fd, self->in.elements[0].out_token, 3));
	EXPECT_EQ(3, child_status(caller));
}

TEST_F(batch, a_message_with_descriptors_ends_it_or_loses_them)
{
	int32_t sent = 0, got = -1;
	struct msgpass_receive one;

	ASSERT_EQ(1, SEND_NUMBERS(1));
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, NUMBER(2), .fds = (uintptr_t)&sent,
			  .fds_count = 1));
	EXPECT_EQ(1, TAKE_NUMBERS(MANY));
	EXPECT_EQ(-EMSGSIZE, TAKE_NUMBERS(MANY));
	EXPECT_EQ(1, self->in.elements[0].out_fds);
	EXPECT_EQ(4, self->in.elements[0].out_length);
	EXPECT_EQ(0, RECEIVE(self->fd, &one, BYTES(self->in.numbers, 4), .fds = (uintptr_t)&got,
			     .fds_room = 1));
	EXPECT_LT(0, got);
	close(got);
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, NUMBER(2), .fds = (uintptr_t)&sent,
			  .fds_count = 1));
	EXPECT_EQ(1, TAKE_NUMBERS(MANY, .flags = MSGPASS_TRUNCATE));
	EXPECT_EQ(1, self->in.elements[0].out_fds);
	EXPECT_EQ(MSGPASS_OUT_TRUNCATED, self->in.elements[0].out_flags);
}

TEST_F(batch, a_flow_is_received_where_all_of_it_fits)
{
	uint64_t to = self->to;
	int fd = self->fd;
	char bytes[100] = "", place[100] = "x";
	pid_t child;

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				 .message_max = 4));
	ASSERT_EQ(1, SEND_NUMBERS(1));
	child = child_fork();
	if (!child)
		_exit(-SEND(fd, .to = to, BYTES(bytes, sizeof(bytes)), .flags = MSGPASS_FLOW,
			    .deadline = soon()));
	ASSERT_TRUE(wait_until(counts_of(self).queued == 2));
	EXPECT_EQ(1, TAKE_NUMBERS(MANY));
	EXPECT_EQ(-EMSGSIZE, TAKE_NUMBERS(MANY));
	EXPECT_EQ(sizeof(bytes), self->in.elements[0].out_length);
	EXPECT_EQ(MSGPASS_OUT_FLOW, self->in.elements[0].out_flags);
	self->in.elements[0].data = (uintptr_t)place;
	self->in.elements[0].length = sizeof(place);
	EXPECT_EQ(1, TAKE_NUMBERS(MANY));
	EXPECT_EQ(MSGPASS_OUT_FLOW, self->in.elements[0].out_flags);
	EXPECT_EQ(0, memcmp(bytes, place, sizeof(bytes)));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(batch, a_message_whose_lifetime_is_over_is_passed_by)
{
	ASSERT_EQ(1, SEND_NUMBERS(1));
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, NUMBER(9), .lifetime = 1));
	ASSERT_EQ(1, SEND_NUMBERS(1));
	EXPECT_EQ(2, TAKE_NUMBERS(MANY));
	EXPECT_EQ(1, counts_of(self).dropped);
}

TEST_F(batch, a_synchronous_sender_is_told_that_its_message_was_received)
{
	uint64_t to = self->to;
	int fd = self->fd;
	pid_t child;

	ASSERT_EQ(1, SEND_NUMBERS(1));
	child = child_fork();
	if (!child)
		_exit(-SEND(fd, .to = to, NUMBER(2), .flags = MSGPASS_SYNCHRONOUS,
			    .deadline = soon()));
	ASSERT_TRUE(wait_until(counts_of(self).queued == 2));
	EXPECT_EQ(2, TAKE_NUMBERS(MANY));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(batch, senders_who_wait_for_room_get_all_that_it_makes)
{
	pid_t children[3];
	unsigned int i;

	ASSERT_EQ(0, set_room(self, variant->direct ? 1 : 3));
	ASSERT_EQ(variant->direct ? 1 : 3, SEND_NUMBERS_NOW(3));
	for (i = 0; i < 3; i++) {
		children[i] = child_sending_batch(self, 2, soon());
		ASSERT_TRUE(senders_wait(&self->channel, getpid(), i + 1));
	}
	for (i = 0; i < (variant->direct ? 7 : 9);)
		i += TAKE_NUMBERS(MANY, .deadline = soon());
	for (i = 0; i < 3; i++)
		EXPECT_EQ(2, child_status(children[i]));
	EXPECT_EQ(0, counts_of(self).queued);
}

/* --- more than are moved at once (32), and what is moved by itself among them */

enum { LOTS = 100, LONGEST = 5000 };

/* Numbers from 1 on, places for them, and the elements of both. */
struct lots {
	uint32_t numbers[LOTS], places[LOTS];
	struct msgpass_send_element out[LOTS];
	struct msgpass_receive_element in[LOTS];
};

static void lots_fill(struct lots *lots)
{
	unsigned int i;

	for (i = 0; i < LOTS; i++) {
		lots->numbers[i] = i + 1;
		lots->out[i] = (struct msgpass_send_element){
			BYTES(&lots->numbers[i], sizeof(uint32_t)),
		};
		lots->in[i] = (struct msgpass_receive_element){
			BYTES(&lots->places[i], sizeof(uint32_t)),
		};
	}
}

#define SEND_LOTS(lots, ...)						\
	SEND_BATCH(self->fd, ELEMENTS((lots)->out, LOTS), .to = self->to, ##__VA_ARGS__)
#define TAKE_LOTS(lots, ...)						\
	RECEIVE_BATCH(self->fd, ELEMENTS((lots)->in, LOTS), .flags = MSGPASS_NONBLOCK,	\
		      ##__VA_ARGS__)

TEST_F(batch, a_bad_buffer_among_many_ends_it_there_and_the_rest_stays_in_order)
{
	const unsigned int bad[] = { 1, 31, 32, 33, 63, 64, 99 };
	struct lots lots;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		lots_fill(&lots);
		ASSERT_EQ(LOTS, SEND_LOTS(&lots));
		lots.in[bad[i]].data = 8;
		EXPECT_EQ(bad[i], TAKE_LOTS(&lots));
		EXPECT_EQ(LOTS - bad[i], counts_of(self).queued);
		for (j = 0; j < bad[i]; j++)
			EXPECT_EQ(j + 1, lots.places[j]);
		lots_fill(&lots);
		EXPECT_EQ(LOTS - bad[i], TAKE_LOTS(&lots));
		for (j = 0; j < LOTS - bad[i]; j++)
			EXPECT_EQ(bad[i] + j + 1, lots.places[j]);
	}
	EXPECT_EQ(LOTS * ARRAY_SIZE(bad), counts_of(self).received);
}

TEST_F(batch, elements_of_which_some_can_be_read_alone_receive_the_others)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	const int there = page / sizeof(struct msgpass_receive_element);
	struct msgpass_receive_element *elements = guarded(3 * page);
	struct lots lots;
	int i;

	lots_fill(&lots);
	ASSERT_EQ(LOTS, SEND_LOTS(&lots));
	memcpy(elements, lots.in, sizeof(lots.in));
	ASSERT_EQ(0, mprotect((char *)elements + page, 2 * page, PROT_READ));
	EXPECT_EQ(there, RECEIVE_BATCH(self->fd, ELEMENTS(elements, LOTS)));
	EXPECT_EQ(there, lots.places[there - 1]);
	EXPECT_EQ(sizeof(uint32_t), elements[there - 1].out_length);
	EXPECT_EQ(-EFAULT, RECEIVE_BATCH(self->fd, ELEMENTS(elements + there, 1)));
	EXPECT_EQ(LOTS - there, TAKE_LOTS(&lots));
	for (i = 0; i < LOTS - there; i++)
		EXPECT_EQ(there + i + 1, lots.places[i]);
}

TEST_F(batch, bad_bytes_among_many_end_a_send_there)
{
	const unsigned int bad[] = { 1, 31, 32, 33, 64, 99 };
	struct lots lots;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		lots_fill(&lots);
		lots.out[bad[i]].data = 8;
		EXPECT_EQ(bad[i], SEND_LOTS(&lots));
		EXPECT_EQ(bad[i], TAKE_LOTS(&lots));
		EXPECT_EQ(bad[i], lots.places[bad[i] - 1]);
	}
}

TEST_F(batch, messages_of_all_lengths_stay_in_order)
{
	const unsigned int lengths[] = {
		64, 0, 1, 63, 64, 64, 65, 65, 255, 256, 257, 64, 320, 321, 4000, LONGEST, 8,
	};
	uint64_t held = user_bytes(self->fd);
	char *out = calloc(LOTS, LONGEST), *in = calloc(LOTS, LONGEST);
	struct lots lots;
	unsigned int i;

	for (i = 0; i < LOTS; i++) {
		unsigned int length = lengths[i % ARRAY_SIZE(lengths)];

		memset(out + i * LONGEST, i + 1, length);
		lots.out[i] = (struct msgpass_send_element){ BYTES(out + i * LONGEST, length) };
		lots.in[i] = (struct msgpass_receive_element){ BYTES(in + i * LONGEST, length) };
	}
	ASSERT_EQ(LOTS, SEND_LOTS(&lots));
	ASSERT_EQ(LOTS, TAKE_LOTS(&lots));
	for (i = 0; i < LOTS; i++) {
		EXPECT_EQ(lots.out[i].length, lots.in[i].out_length);
		EXPECT_EQ(i + 1, lots.in[i].out_sequence);
		EXPECT_EQ(0, lots.in[i].out_flags);
	}
	EXPECT_EQ(0, memcmp(out, in, LOTS * LONGEST));
	/* One's own link is what is left. */
	ASSERT_EQ(LOTS, SEND_LOTS(&lots));
	EXPECT_LT(held, user_bytes(self->fd));
	held = user_bytes(self->fd);
	ASSERT_EQ(LOTS, TAKE_LOTS(&lots));
	ASSERT_EQ(LOTS, SEND_LOTS(&lots));
	EXPECT_EQ(held, user_bytes(self->fd));
	free(out);
	free(in);
}

TEST_F(batch, many_that_do_not_fit_are_truncated_each)
{
	struct lots lots;
	unsigned int i;

	lots_fill(&lots);
	ASSERT_EQ(LOTS, SEND_LOTS(&lots));
	for (i = 0; i < LOTS; i++)
		lots.in[i].length = i % 5;
	memset(lots.places, 0xff, sizeof(lots.places));
	/* Without the flag, the first ends it. */
	EXPECT_EQ(-EMSGSIZE, TAKE_LOTS(&lots));
	ASSERT_EQ(LOTS, RECEIVE_BATCH(self->fd, ELEMENTS(lots.in, LOTS), .flags = MSGPASS_TRUNCATE));
	for (i = 0; i < LOTS; i++) {
		uint32_t number = ~0U;

		memcpy(&number, &lots.numbers[i], i % 5);
		EXPECT_EQ(number, lots.places[i]);
		EXPECT_EQ(i % 5 < 4 ? MSGPASS_OUT_TRUNCATED : 0, lots.in[i].out_flags);
		EXPECT_EQ(sizeof(number), lots.in[i].out_length);
	}
}

TEST_F(batch, many_of_several_kinds_come_as_they_are_asked_for)
{
	struct lots lots;
	unsigned int i, count;

	lots_fill(&lots);
	for (i = 0; i < LOTS; i++) {
		lots.out[i].type = i % 3;
		lots.out[i].priority = i / 2 % 2;
	}
	ASSERT_EQ(LOTS, SEND_LOTS(&lots));
	ASSERT_EQ(LOTS, TAKE_LOTS(&lots));
	for (i = 0; i < LOTS; i++) {
		EXPECT_EQ(i + 1, lots.places[i]);
		EXPECT_EQ(i % 3, lots.in[i].out_type);
		EXPECT_EQ(i / 2 % 2, lots.in[i].out_priority);
	}
	ASSERT_EQ(LOTS, SEND_LOTS(&lots));
	count = RECEIVE_BATCH(self->fd, ELEMENTS(lots.in, LOTS), .type = 1,
			      .flags = MSGPASS_TYPE_EXACT);
	ASSERT_EQ(LOTS / 3, count);
	for (i = 0; i < count; i++)
		EXPECT_EQ(3 * i + 2, lots.places[i]);
	count = RECEIVE_BATCH(self->fd, ELEMENTS(lots.in, LOTS), .flags = MSGPASS_BY_PRIORITY);
	ASSERT_EQ(LOTS - LOTS / 3, count);
	for (i = 1; i < count; i++) {
		EXPECT_GE(lots.in[i - 1].out_priority, lots.in[i].out_priority);
		if (lots.in[i - 1].out_priority == lots.in[i].out_priority)
			EXPECT_LT(lots.places[i - 1], lots.places[i]);
	}
}

TEST_F(batch, what_is_more_than_its_bytes_comes_in_its_place_among_many)
{
	struct msgpass_receipt receipt;
	int device = variant->direct ? self->fd : device_open();
	struct lots lots;
	uint32_t i;

	lots_fill(&lots);
	for (i = 1; i <= LOTS; i++) {
		ASSERT_EQ(0, SEND(self->fd, .to = self->to, NUMBER(i),
				  .lifetime = i == 10 ? LIMIT : 0,
				  .flags = i == 50 ? MSGPASS_RECEIPT : 0));
	}
	ASSERT_EQ(LOTS, TAKE_LOTS(&lots));
	for (i = 0; i < LOTS; i++)
		EXPECT_EQ(i + 1, lots.places[i]);
	EXPECT_EQ(0, RECEIVE(device, NULL, BYTES(&receipt, sizeof(receipt)),
			     .flags = MSGPASS_RECEIPT | MSGPASS_NONBLOCK));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, receipt.outcome);
	if (!variant->direct)
		close(device);
}

TEST_F(batch, of_many_as_many_are_sent_as_there_is_room_for)
{
	struct lots lots;
	unsigned int i, room;

	lots_fill(&lots);
	for (room = 31; room <= 33; room++) {
		ASSERT_EQ(0, set_room(self, room));
		EXPECT_EQ(room, SEND_LOTS(&lots, .flags = MSGPASS_NONBLOCK));
		EXPECT_EQ(room, counts_of(self).queued);
		EXPECT_EQ(room, TAKE_LOTS(&lots));
		for (i = 0; i < room; i++)
			EXPECT_EQ(i + 1, lots.places[i]);
	}
	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_CAPACITY |
				 MSGPASS_SET_CAPACITY_BYTES | MSGPASS_SET_MESSAGE_MAX,
				 .capacity = LOTS, .capacity_bytes = 4 * 40 + 3,
				 .message_max = 4));
	EXPECT_EQ(40, SEND_LOTS(&lots, .flags = MSGPASS_NONBLOCK));
	EXPECT_EQ(160, counts_of(self).queued_bytes);
	EXPECT_EQ(40, TAKE_LOTS(&lots));
	lots.out[35].length = 5;
	EXPECT_EQ(35, SEND_LOTS(&lots, .flags = MSGPASS_NONBLOCK));
}

TEST_F(batch, many_wait_for_room_and_stay_in_order)
{
	struct lots lots;
	unsigned int i, count;
	pid_t child;
	int ret;

	lots_fill(&lots);
	ASSERT_EQ(0, set_room(self, 7));
	child = child_fork();
	if (!child)
		_exit(SEND_LOTS(&lots, .deadline = soon()) == LOTS);
	for (count = 0; count < LOTS; count += ret) {
		ret = RECEIVE_BATCH(self->fd, ELEMENTS(lots.in, 5), .deadline = soon());
		ASSERT_LT(0, ret);
		for (i = 0; i < (unsigned int)ret; i++)
			EXPECT_EQ(count + i + 1, lots.places[i]);
	}
	EXPECT_EQ(1, child_status(child));
	EXPECT_EQ(LOTS, counts_of(self).received);
}

TEST_F(batch, a_quota_that_is_used_up_ends_a_send_of_many_where_it_is)
{
	int64_t quota = parameter("user_bytes");
	uint64_t to = self->to;
	struct lots lots;
	int fd = self->fd, sent;
	pid_t child;

	NEED_ROOT();
	lots_fill(&lots);
	if (variant->direct)
		ASSERT_EQ(0, INBOX_SET(fd, .set = MSGPASS_SET_MODE, .mode = 0222));
	ASSERT_EQ(0, parameter_set("user_bytes", 20000));
	child = child_fork();
	if (!child) {
		become(CHILD, FAMILY);
		sent = SEND_BATCH(fd, ELEMENTS(lots.out, LOTS), .to = to);
		CHECK(SEND(fd, .to = to, NUMBER(1), .flags = MSGPASS_NONBLOCK) == -EDQUOT);
		_exit(sent);
	}
	sent = child_status(child);
	ASSERT_EQ(0, parameter_set("user_bytes", quota));
	EXPECT_LT(32, sent);
	EXPECT_GT(LOTS, sent);
	EXPECT_EQ(sent, counts_of(self).queued);
	EXPECT_EQ(sent, TAKE_LOTS(&lots));
	EXPECT_EQ(sent, lots.places[sent - 1]);
}

/* Who has sent nothing yet, and so has no link, sends many; if it may not, one: 1 if that goes. */
static int send_what_may_be(int fd, uint64_t to, const struct lots *lots)
{
	int sent = SEND_BATCH(fd, ELEMENTS(lots->out, 32), .to = to);

	if (sent != -EDQUOT)
		return 0;
	return SEND(fd, .to = to, NUMBER(1), .flags = MSGPASS_NONBLOCK) ? 2 : 1;
}

TEST_F(batch, a_quota_that_has_room_for_one_message_is_not_used_up)
{
	int64_t quota = parameter("user_bytes");
	unsigned int bytes;
	struct lots lots;

	NEED_ROOT();
	lots_fill(&lots);
	if (variant->direct)
		ASSERT_EQ(0, INBOX_SET(self->fd, .set = MSGPASS_SET_MODE, .mode = 0222));
	for (bytes = 6000; bytes < 16000; bytes += 128) {
		pid_t child;

		ASSERT_EQ(0, parameter_set("user_bytes", bytes));
		child = child_fork();
		if (!child) {
			become(CHILD, FAMILY);
			_exit(send_what_may_be(self->fd, self->to, &lots));
		}
		EXPECT_NE(1, child_status(child)) {
			TH_LOG("user_bytes %u", bytes);
		}
		while (RECEIVE_BATCH(self->fd, ELEMENTS(lots.in, LOTS),
				     .flags = MSGPASS_NONBLOCK) > 0)
			;
	}
	ASSERT_EQ(0, parameter_set("user_bytes", quota));
}

/* --- many lie in memory together */

TEST_F(batch, what_is_left_of_many_keeps_all_of_them_charged_for)
{
	int device = device_open();
	uint64_t none, all;
	struct lots lots;

	lots_fill(&lots);
	/* So that there is a link, which is charged for too. */
	ASSERT_EQ(1, SEND_NUMBERS(1));
	ASSERT_EQ(1, TAKE_NUMBERS(1));
	none = user_bytes(device);
	ASSERT_EQ(32, SEND_BATCH(self->fd, ELEMENTS(lots.out, 32), .to = self->to));
	all = user_bytes(device);
	EXPECT_LT(none + 32 * sizeof(uint32_t), all);
	EXPECT_EQ(31, RECEIVE_BATCH(self->fd, ELEMENTS(lots.in, 31)));
	EXPECT_EQ(all, user_bytes(device));
	EXPECT_EQ(1, TAKE_NUMBERS(1));
	EXPECT_EQ(32, self->in.numbers[0]);
	EXPECT_EQ(none, user_bytes(device));
	close(device);
}

TEST_F(batch, who_reads_one_of_many_in_pieces_does_not_keep_the_others)
{
	struct msgpass_piece_read piece = { .size = sizeof(piece) };
	struct msgpass_receive out;
	int device = device_open();
	uint64_t none, all;
	struct lots lots;

	lots_fill(&lots);
	ASSERT_EQ(1, SEND_NUMBERS(1));
	ASSERT_EQ(1, TAKE_NUMBERS(1));
	none = user_bytes(device);
	ASSERT_EQ(32, SEND_BATCH(self->fd, ELEMENTS(lots.out, 32), .to = self->to));
	all = user_bytes(device);
	EXPECT_EQ(0, RECEIVE(self->fd, &out, BYTES(lots.places, 1), .flags = MSGPASS_PIECES));
	EXPECT_EQ(31, TAKE_LOTS(&lots));
	EXPECT_GT(none + (all - none) / 4, user_bytes(device));
	EXPECT_LT(none, user_bytes(device));
	piece.token = out.out_token;
	piece.data = (uintptr_t)lots.places + 1;
	piece.length = sizeof(uint32_t);
	EXPECT_EQ(0, call(self->fd, MSGPASS_IOC_PIECE_READ, &piece));
	EXPECT_EQ(3, piece.out_count);
	EXPECT_EQ(none, user_bytes(device));
	close(device);
}

/* --- who polls */

struct poller {
	pthread_t thread;
	int fd;
	atomic_int tid;
	atomic_uint *woken;
};

static void *poll_once(void *argument)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	struct poller *poller = argument;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	CHECK(!epoll_ctl(epoll, EPOLL_CTL_ADD, poller->fd, &event));
	atomic_store(&poller->tid, gettid());
	CHECK(epoll_wait(epoll, &event, 1, -1) == 1);
	atomic_fetch_add(poller->woken, 1);
	close(epoll);
	return NULL;
}

static bool is_asleep(const struct poller *poller)
{
	return thread_state(atomic_load(&poller->tid)) == 'S';
}

TEST_F(batch, wakes_as_many_who_poll_for_themselves_as_it_has_messages)
{
	struct poller pollers[3];
	atomic_uint woken = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pollers); i++) {
		pollers[i] = (struct poller){ .fd = self->fd, .woken = &woken };
		ASSERT_EQ(0, pthread_create(&pollers[i].thread, NULL, poll_once, &pollers[i]));
		EXPECT_TRUE(wait_until(is_asleep(&pollers[i])));
	}
	ASSERT_EQ(2, SEND_NUMBERS(2));
	EXPECT_TRUE(wait_until(woken == 2));
	for (i = 0; i < ARRAY_SIZE(pollers); i++)
		EXPECT_EQ(1, SEND_NUMBERS(1));
	for (i = 0; i < ARRAY_SIZE(pollers); i++)
		pthread_join(pollers[i].thread, NULL);
}

TEST_F(batch, raises_a_signal_for_each_message)
{
	const struct timespec now = {};
	const int chosen = SIGRTMIN + 5;
	unsigned int count = 0;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, chosen);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ASSERT_EQ(0, fcntl(self->fd, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->fd, F_SETSIG, chosen));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, fcntl(self->fd, F_GETFL) | O_ASYNC));
	ASSERT_EQ(3, SEND_NUMBERS(3));
	while (sigtimedwait(&set, NULL, &now) == chosen)
		count++;
	EXPECT_EQ(3, count);
}

TEST_F(batch, who_waits_for_one_kind_gets_the_first_of_it_among_many)
{
	struct lots lots;
	unsigned int i;
	pid_t child;

	if (variant->direct)
		return;
	lots_fill(&lots);
	for (i = 0; i < LOTS; i++)
		lots.out[i].type = i % 10;
	child = child_fork();
	if (!child) {
		uint32_t number = 0;

		CHECK(!RECEIVE(self->fd, NULL, BYTES(&number, sizeof(number)), .type = 7,
			       .flags = MSGPASS_TYPE_EXACT, .deadline = soon()));
		_exit(number);
	}
	ASSERT_TRUE(receivers_wait(&self->channel, 0, 1));
	ASSERT_EQ(LOTS, SEND_LOTS(&lots));
	EXPECT_EQ(8, child_status(child));
	ASSERT_EQ(LOTS - 1, TAKE_LOTS(&lots));
	for (i = 0; i < LOTS - 1; i++)
		EXPECT_EQ(i + (i < 7 ? 1 : 2), lots.places[i]);
}

/* --- many at a time */

enum { SENDERS = 2, TAKERS = 3, EACH = 3000 };

struct crowd {
	FIXTURE_DATA(batch) *self;
	atomic_uint times[SENDERS][EACH];	/* how often each was received */
	atomic_uint received;
	atomic_uint disorder;
};

static void *take_until_all_is_there(void *argument)
{
	FIXTURE_DATA(batch) *self = ((struct crowd *)argument)->self;
	struct crowd *crowd = argument;
	uint32_t last[SENDERS] = {};
	struct lots lots;
	int i, count;

	lots_fill(&lots);
	while (atomic_load(&crowd->received) < SENDERS * EACH) {
		count = RECEIVE_BATCH(self->fd, ELEMENTS(lots.in, LOTS),
				      .deadline = now() + 10000000);
		for (i = 0; i < count; i++) {
			uint32_t sender = lots.in[i].out_type, number = lots.places[i];

			if (number <= last[sender])
				atomic_fetch_add(&crowd->disorder, 1);
			last[sender] = number;
			atomic_fetch_add(&crowd->times[sender][number - 1], 1);
		}
		if (count > 0)
			atomic_fetch_add(&crowd->received, count);
		else if (count != -ETIMEDOUT)
			break;
	}
	return NULL;
}

static void send_each(FIXTURE_DATA(batch) *self, uint32_t type)
{
	struct lots lots;
	unsigned int i, number;

	lots_fill(&lots);
	for (number = 1; number <= EACH; number += LOTS) {
		for (i = 0; i < LOTS; i++) {
			lots.numbers[i] = number + i;
			lots.out[i].type = type;
		}
		CHECK(SEND_LOTS(&lots, .deadline = soon()) == LOTS);
	}
}

TEST_F(batch, of_many_senders_each_message_reaches_one_of_many_threads_in_order)
{
	static struct crowd crowd;
	pthread_t threads[TAKERS];
	pid_t children[SENDERS];
	unsigned int i, j;

	memset(&crowd, 0, sizeof(crowd));
	crowd.self = self;
	ASSERT_EQ(0, set_room(self, 64));
	for (i = 0; i < SENDERS; i++) {
		children[i] = child_fork();
		if (!children[i]) {
			send_each(self, i);
			_exit(0);
		}
	}
	for (i = 0; i < TAKERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, take_until_all_is_there, &crowd));
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_status(children[i]));
	for (i = 0; i < TAKERS; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, atomic_load(&crowd.disorder));
	for (i = 0; i < SENDERS; i++)
		for (j = 0; j < EACH; j++)
			ASSERT_EQ(1, atomic_load(&crowd.times[i][j]));
	EXPECT_EQ(0, counts_of(self).queued);
}

/* One that a thread received; false: there is no such. */
static bool note_received(struct crowd *crowd, uint32_t sender, uint32_t number)
{
	if (sender >= SENDERS || !number || number > EACH)
		return false;
	atomic_fetch_add(&crowd->times[sender][number - 1], 1);
	atomic_fetch_add(&crowd->received, 1);
	return true;
}

static bool take_in_two_pieces(struct crowd *crowd)
{
	struct msgpass_piece_read piece = { .size = sizeof(piece) };
	struct msgpass_receive out;
	uint32_t number;
	int ret;

	ret = RECEIVE(crowd->self->fd, &out, BYTES(&number, 1),
		      .flags = MSGPASS_PIECES | MSGPASS_NONBLOCK);
	if (ret)
		return ret == -EAGAIN;
	piece.token = out.out_token;
	piece.data = (uintptr_t)&number + 1;
	piece.length = sizeof(number);
	return !call(crowd->self->fd, MSGPASS_IOC_PIECE_READ, &piece) && piece.out_count == 3 &&
	       note_received(crowd, out.out_type, number);
}

static bool peek_at_one(struct crowd *crowd)
{
	struct msgpass_receive out;
	uint32_t number;
	int ret = RECEIVE(crowd->self->fd, &out, BYTES(&number, sizeof(number)),
			  .flags = MSGPASS_PEEK | MSGPASS_NONBLOCK);

	return ret ? ret == -EAGAIN : out.out_type < SENDERS && number && number <= EACH;
}

/* All up to number @bad, for which there is no memory. */
static bool take_until_bad(struct crowd *crowd, unsigned int bad)
{
	struct lots lots;
	bool good = true;
	int i, ret;

	lots_fill(&lots);
	if (bad < LOTS)
		lots.in[bad].data = 8;
	ret = RECEIVE_BATCH(crowd->self->fd, ELEMENTS(lots.in, LOTS), .flags = MSGPASS_NONBLOCK);
	if (ret < 0)
		return ret == -EAGAIN || (ret == -EFAULT && !bad);
	for (i = 0; i < ret; i++)
		good &= note_received(crowd, lots.in[i].out_type, lots.places[i]);
	return good && ret <= (int)bad;
}

static void *take_in_every_way(void *argument)
{
	struct crowd *crowd = argument;
	unsigned int way;
	bool good = true;

	for (way = 0; good && atomic_load(&crowd->received) < SENDERS * EACH; way++) {
		if (way % 4 == 0)
			good = take_in_two_pieces(crowd);
		else if (way % 4 == 1)
			good = peek_at_one(crowd);
		else if (way % 4 == 2)
			good = take_until_bad(crowd, way % 37);
		else
			good = take_until_bad(crowd, LOTS);
		sched_yield();
	}
	if (!good)
		atomic_fetch_add(&crowd->disorder, 1);
	return NULL;
}

TEST_F(batch, of_many_that_are_taken_in_every_way_each_comes_once_and_no_memory_is_left)
{
	static struct crowd crowd;
	int device = device_open();
	pid_t children[SENDERS];
	pthread_t threads[TAKERS];
	unsigned int i, j;
	uint64_t none;

	memset(&crowd, 0, sizeof(crowd));
	crowd.self = self;
	none = user_bytes(device);
	ASSERT_EQ(0, set_room(self, 64));
	for (i = 0; i < SENDERS; i++) {
		children[i] = child_fork();
		if (!children[i]) {
			send_each(self, i);
			_exit(0);
		}
	}
	for (i = 0; i < TAKERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, take_in_every_way, &crowd));
	for (i = 0; i < 200 && atomic_load(&crowd.received) < SENDERS * EACH; i++) {
		ASSERT_EQ(0, set_room(self, i % 2 ? 64 : 5));
		sched_yield();
	}
	for (i = 0; i < TAKERS; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, atomic_load(&crowd.disorder));
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_status(children[i]));
	for (i = 0; i < SENDERS; i++)
		for (j = 0; j < EACH; j++)
			ASSERT_EQ(1, atomic_load(&crowd.times[i][j]));
	EXPECT_EQ(0, counts_of(self).queued);
	EXPECT_TRUE(wait_until(user_bytes(device) <= none));
	close(device);
}

/* --- broadcast */

TEST(subscribers_get_all_of_a_batch_or_are_told_what_they_missed)
{
	const uint32_t flags = OPEN_NEW | MSGPASS_OPEN_BROADCAST | MSGPASS_OPEN_LOSSY;
	int device = device_open(), first, second;
	const char *name = unique_name("lossy");
	struct numbers out;
	struct places in;

	fill(&out, &in);
	first = MAILBOX_OPEN(device, name, flags, .set = MSGPASS_SET_CAPACITY, .capacity = 3);
	second = MAILBOX_OPEN(device, name, MSGPASS_OPEN_RECEIVE);
	ASSERT_LE(0, second);
	EXPECT_EQ(2, SEND_BATCH(first, ELEMENTS(out.elements, 2)));
	EXPECT_EQ(2, RECEIVE_BATCH(first, ELEMENTS(in.elements, MANY)));
	EXPECT_EQ(MANY, SEND_BATCH(first, ELEMENTS(out.elements, MANY)));
	EXPECT_EQ(3, RECEIVE_BATCH(first, ELEMENTS(in.elements, MANY)));
	EXPECT_EQ(3, in.numbers[2]);
	EXPECT_EQ(3, RECEIVE_BATCH(second, ELEMENTS(in.elements, MANY)));
	EXPECT_EQ(1, in.numbers[2]);
	EXPECT_EQ(0, in.elements[2].out_missed);
	EXPECT_EQ(1, SEND_BATCH(first, ELEMENTS(out.elements, 1)));
	EXPECT_EQ(1, RECEIVE_BATCH(second, ELEMENTS(in.elements, MANY)));
	EXPECT_EQ(7, in.elements[0].out_missed);
	EXPECT_EQ(0, mailbox_delete(device, name));
	close(first);
	close(second);
	close(device);
}

#include "afterwards.h"
