// SPDX-License-Identifier: GPL-2.0
/*
 * Receipts, which tell a sender what became of its message, and messages with a lifetime.
 *
 * The tests send to their own process or to a mailbox of theirs, unless somebody is to die.
 */
#include "msgpass_test.h"

#include <stdatomic.h>
#include <stddef.h>

#define MS 1000000ULL

static void ignore_signal(int signal)
{
	(void)signal;
}

/* --- what both fixtures have */

struct side {
	struct channel channel;
	int fd;			/* the channel's: where messages go */
	int device;		/* where receipts come */
	pid_t me;
	uint64_t to;
};

static int side_open(struct side *side, bool direct)
{
	side->device = device_open();
	side->me = getpid();
	if (side->device < 0)
		return side->device;
	/* What earlier tests left to workers must not go while this one counts. */
	settled_user_bytes(side->device);
	if (channel_open(&side->channel, direct))
		return -1;
	side->fd = side->channel.fd;
	side->to = address(&side->channel, side->me);
	return 0;
}

static void side_close(struct side *side)
{
	close(side->fd);
	close(side->device);
}

/* RECEIPTED(side, number, cookie, ...): send it, without waiting, for a receipt. */
#define RECEIPTED(side, number, number_of_receipt, ...)				\
	SEND((side)->fd, .to = (side)->to, .cookie = (number_of_receipt), NUMBER(number),	\
	     .flags = MSGPASS_RECEIPT | MSGPASS_NONBLOCK, ##__VA_ARGS__)

/* MORTAL(side, number, lifetime, ...): send one with a lifetime, without waiting. */
#define MORTAL(side, number, time, ...)						\
	SEND((side)->fd, .to = (side)->to, .lifetime = (time), NUMBER(number),		\
	     .flags = MSGPASS_NONBLOCK, ##__VA_ARGS__)

/* The number that is queued, which may stand among receipts. */
static int64_t take(const struct side *side)
{
	return TAKE(side->fd, .from = side->to);
}

static struct counts counts_of(const struct side *side)
{
	return channel_counts(&side->channel, side->me);
}

/* Get a receipt, or wait for one; -EBADMSG if what came is none. */
static int get_receipt(int device, struct msgpass_receipt *receipt, struct msgpass_receive *out,
		       struct msgpass_receive how)
{
	int ret;

	memset(receipt, 0xff, sizeof(*receipt));
	how.flags |= MSGPASS_RECEIPT;
	how.data = (uintptr_t)receipt;
	how.length = sizeof(*receipt);
	ret = do_receive(device, &how, how);
	if (out)
		*out = how;
	if (!ret && (how.out_length != sizeof(*receipt) || receipt->size != sizeof(*receipt) ||
		     how.out_flags != MSGPASS_OUT_RECEIPT))
		ret = -EBADMSG;
	return ret;
}

#define TAKE_RECEIPT(device, receipt, out)					\
	get_receipt(device, receipt, out, (struct msgpass_receive){ .flags = MSGPASS_NONBLOCK })
#define AWAIT_RECEIPT(device, receipt, out)					\
	get_receipt(device, receipt, out, (struct msgpass_receive){ .deadline = soon() })

/* The outcome of the message with this cookie, whose receipt is the next to come. */
static int next_outcome(int device, uint64_t cookie)
{
	struct msgpass_receipt receipt;
	int ret = AWAIT_RECEIPT(device, &receipt, NULL);

	if (ret)
		return ret;
	return receipt.cookie == cookie ? (int)receipt.outcome : -EBADMSG;
}

/* The same, and the receipt has come already. */
static int outcome(int device, uint64_t cookie)
{
	struct msgpass_receipt receipt;
	int ret = TAKE_RECEIPT(device, &receipt, NULL);

	if (ret)
		return ret;
	return receipt.cookie == cookie ? (int)receipt.outcome : -EBADMSG;
}

/* -EAGAIN */
static int no_receipt(int device)
{
	struct msgpass_receipt receipt;

	return TAKE_RECEIPT(device, &receipt, NULL);
}

/* A child that sends for a receipt, waiting for room; its exit status is the errno. */
static pid_t child_sending_for_receipt(const struct side *side, uint64_t to, uint64_t deadline)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	pid_t pid = child_fork();

	if (!pid) {
		int ret, device = device_open();

		sigaction(SIGUSR1, &action, NULL);
		ret = SEND(side->fd, .to = to, .flags = MSGPASS_RECEIPT, .cookie = 5, NUMBER(5),
			   .deadline = deadline);
		if (ret)
			CHECK(no_receipt(device) == -EAGAIN);
		_exit(-ret);
	}
	return pid;
}

/* --- receipts */

FIXTURE(receipt) {
	struct side side;
};

FIXTURE_VARIANT(receipt) {
	bool direct;
};

FIXTURE_VARIANT_ADD(receipt, of_pid) { .direct = true };
FIXTURE_VARIANT_ADD(receipt, of_mailbox) { };

FIXTURE_SETUP(receipt)
{
	ASSERT_EQ(0, side_open(&self->side, variant->direct));
}

FIXTURE_TEARDOWN(receipt)
{
	side_close(&self->side);
}

TEST_F(receipt, tells_that_the_message_was_received)
{
	struct side *side = &self->side;
	struct msgpass_receive message, out;
	struct msgpass_receipt receipt;
	uint32_t number;

	ASSERT_EQ(0, RECEIPTED(side, 1, ~0ULL, .type = 8, .priority = 9));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	ASSERT_EQ(0, RECEIVE(side->fd, &message, BYTES(&number, sizeof(number)),
			     .from = side->to));
	EXPECT_EQ(0, message.out_flags);
	ASSERT_EQ(0, TAKE_RECEIPT(side->device, &receipt, &out));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, receipt.outcome);
	EXPECT_EQ(~0ULL, receipt.cookie);
	EXPECT_EQ(variant->direct ? own_peer(side->device) : 0, receipt.to_peer);
	EXPECT_EQ(message.out_sequence, receipt.sequence);
	EXPECT_EQ(own_peer(side->device), receipt.by_peer);
	EXPECT_EQ(8, out.out_type);
	EXPECT_EQ(9, out.out_priority);
	EXPECT_EQ(own_peer(side->device), out.out_peer);
	EXPECT_EQ(side->me, out.out_pid);
	EXPECT_EQ(geteuid(), out.out_uid);
	EXPECT_EQ(getegid(), out.out_gid);
	EXPECT_EQ(0, out.out_token);
	EXPECT_LE(message.out_time, out.out_time);
}

TEST_F(receipt, comes_once)
{
	struct side *side = &self->side;

	ASSERT_EQ(0, RECEIPTED(side, 1, 2));
	EXPECT_EQ(1, take(side));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 2));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	if (!variant->direct)
		EXPECT_EQ(0, mailbox_delete(side->fd, ""));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
}

TEST_F(receipt, comes_only_to_who_asked_for_it)
{
	struct side *side = &self->side;

	ASSERT_EQ(0, send_number(side->fd, side->to, 1));
	ASSERT_EQ(0, RECEIPTED(side, 2, 2));
	ASSERT_EQ(0, send_number(side->fd, side->to, 3));
	EXPECT_EQ(1, take(side));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	EXPECT_EQ(2, take(side));
	EXPECT_EQ(3, take(side));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 2));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
}

TEST_F(receipt, does_not_come_for_a_peek)
{
	struct side *side = &self->side;

	ASSERT_EQ(0, RECEIPTED(side, 1, 2));
	EXPECT_EQ(1, AWAIT(side->fd, .from = side->to, .flags = MSGPASS_PEEK));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	EXPECT_EQ(1, take(side));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 2));
}

TEST_F(receipt, does_not_come_for_a_receive_that_fails_but_for_the_next)
{
	struct side *side = &self->side;

	ASSERT_EQ(0, RECEIPTED(side, 1, 2));
	EXPECT_EQ(-EFAULT, RECEIVE(side->fd, NULL, .from = side->to, BYTES(1, 4)));
	EXPECT_EQ(-EMSGSIZE, RECEIVE(side->fd, NULL, .from = side->to, BYTES(1, 3)));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	EXPECT_EQ(1, take(side));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 2));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
}

TEST_F(receipt, comes_for_a_message_that_was_cut_off)
{
	struct side *side = &self->side;

	ASSERT_EQ(0, RECEIPTED(side, 1, 2));
	EXPECT_EQ(0, RECEIVE(side->fd, NULL, .from = side->to, .flags = MSGPASS_TRUNCATE));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 2));
}

TEST_F(receipt, comes_for_a_message_that_was_read)
{
	struct side *side = &self->side;
	uint32_t number;

	if (variant->direct)
		SKIP(return, "of a mailbox");
	ASSERT_EQ(0, RECEIPTED(side, 1, 2));
	EXPECT_EQ(-1, read(side->fd, &number, sizeof(number) - 1));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	EXPECT_EQ(sizeof(number), read(side->fd, &number, sizeof(number)));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 2));
}

TEST_F(receipt, comes_at_once_when_a_receiver_waits)
{
	struct side *side = &self->side;
	pid_t child = child_receiving(&side->channel, 0);

	EXPECT_TRUE(receivers_wait(&side->channel, child, 1));
	ASSERT_EQ(0, SEND(side->fd, .to = address(&side->channel, child), .cookie = 2, NUMBER(1),
			  .flags = MSGPASS_RECEIPT));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, next_outcome(side->device, 2));
	EXPECT_EQ(1, child_status(child));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
}

TEST_F(receipt, names_the_process_that_received_it)
{
	struct side *side = &self->side;
	struct msgpass_receipt receipt;
	uint64_t *peer = shared(sizeof(*peer));
	pid_t child = child_fork();

	if (!child) {
		/* From a mailbox the first that it does with the module at all. */
		CHECK(AWAIT(side->fd) == 1);
		*peer = own_peer(side->device);
		_exit(0);
	}
	ASSERT_EQ(0, SEND(side->fd, .to = address(&side->channel, child), .cookie = 2, NUMBER(1),
			  .flags = MSGPASS_RECEIPT));
	EXPECT_EQ(0, AWAIT_RECEIPT(side->device, &receipt, NULL));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, receipt.outcome);
	EXPECT_NE(0, *peer);
	EXPECT_EQ(*peer, receipt.by_peer);
	EXPECT_EQ(variant->direct ? *peer : 0, receipt.to_peer);
}

/* --- dropped */

TEST_F(receipt, tells_that_the_mailbox_was_deleted)
{
	struct side *side = &self->side;
	struct msgpass_receipt receipt;

	if (variant->direct)
		SKIP(return, "of a mailbox");
	ASSERT_EQ(0, RECEIPTED(side, 1, 2));
	EXPECT_EQ(0, mailbox_delete(side->fd, ""));
	ASSERT_EQ(0, TAKE_RECEIPT(side->device, &receipt, NULL));
	EXPECT_EQ(MSGPASS_RECEIPT_DELETED, receipt.outcome);
	EXPECT_EQ(2, receipt.cookie);
	EXPECT_EQ(1, receipt.sequence);
	EXPECT_EQ(0, receipt.to_peer);
	EXPECT_EQ(0, receipt.by_peer);
}

TEST_F(receipt, tells_that_an_anonymous_mailbox_was_closed)
{
	struct side *side = &self->side;

	if (variant->direct)
		SKIP(return, "of a mailbox");
	ASSERT_EQ(0, RECEIPTED(side, 1, 2));
	close(side->fd);
	EXPECT_EQ(MSGPASS_RECEIPT_DELETED, next_outcome(side->device, 2));
	side->fd = -1;
}

TEST_F(receipt, tells_that_the_receiver_was_killed)
{
	struct side *side = &self->side;
	struct msgpass_receipt receipt;
	uint64_t peer;
	pid_t child;

	if (!variant->direct)
		SKIP(return, "of a process");
	child = child_idle();
	ASSERT_EQ(0, SEND(side->fd, .to = child, .cookie = 2, .flags = MSGPASS_RECEIPT));
	peer = peer_of(side->fd, child);
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	child_kill(child);
	ASSERT_EQ(0, AWAIT_RECEIPT(side->device, &receipt, NULL));
	EXPECT_EQ(MSGPASS_RECEIPT_DIED, receipt.outcome);
	EXPECT_EQ(2, receipt.cookie);
	EXPECT_EQ(1, receipt.sequence);
	EXPECT_EQ(peer, receipt.to_peer);
	EXPECT_EQ(0, receipt.by_peer);
}

TEST_F(receipt, tells_that_the_receiver_exited_with_what_it_left)
{
	struct side *side = &self->side;
	uint32_t number;
	unsigned int i;
	pid_t child;

	if (!variant->direct)
		SKIP(return, "of a process");
	child = child_fork();
	if (!child) {
		CHECK(!RECEIVE(side->channel.fd, NULL, BYTES(&number, sizeof(number)),
			       .deadline = soon()));
		CHECK(wait_until(inbox_counts(side->channel.fd, getpid()).queued == 2));
		_exit(0);
	}
	EXPECT_TRUE(receivers_wait(&side->channel, child, 1));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, SEND(side->fd, .to = child, .cookie = i, .flags = MSGPASS_RECEIPT,
				  NUMBER(i)));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, next_outcome(side->device, 0));
	EXPECT_EQ(MSGPASS_RECEIPT_DIED, next_outcome(side->device, 1));
	EXPECT_EQ(MSGPASS_RECEIPT_DIED, next_outcome(side->device, 2));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
}

/* --- none, for a send that fails */

TEST_F(receipt, does_not_come_for_a_send_that_found_no_room)
{
	struct side *side = &self->side;

	ASSERT_EQ(0, set_capacity(&side->channel, 1));
	ASSERT_EQ(0, send_number(side->fd, side->to, 1));
	EXPECT_EQ(-EAGAIN, RECEIPTED(side, 2, 2));
	EXPECT_EQ(-ETIMEDOUT, SEND(side->fd, .to = side->to, NUMBER(3), .flags = MSGPASS_RECEIPT,
				   .deadline = now() + 20 * MS));
	EXPECT_EQ(1, take(side));
	EXPECT_EQ(-EAGAIN, take(side));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
}

TEST_F(receipt, does_not_come_for_a_send_that_was_refused)
{
	struct side *side = &self->side;
	uint64_t held;

	ASSERT_EQ(0, CHANNEL_SET(&side->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				 .message_max = 8));
	ASSERT_EQ(0, RECEIPTED(side, 1, 1));
	held = user_bytes(side->device);
	EXPECT_EQ(-EMSGSIZE, SEND(side->fd, .to = side->to, BYTES(side, 9),
				  .flags = MSGPASS_RECEIPT));
	EXPECT_EQ(-EFAULT, SEND(side->fd, .to = side->to, BYTES(1, 8), .flags = MSGPASS_RECEIPT));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	EXPECT_EQ(held, user_bytes(side->device));
	EXPECT_EQ(1, take(side));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 1));
}

TEST_F(receipt, does_not_come_for_a_send_that_was_interrupted)
{
	struct side *side = &self->side;
	uint64_t to = side->to;
	pid_t receiver = 0, child;

	if (variant->direct) {
		receiver = child_fork();
		if (!receiver) {
			CHECK(!set_capacity(&side->channel, 0));
			pause();
		}
		EXPECT_TRUE(wait_until(peer_of(side->fd, receiver)));
		to = receiver;
	} else {
		ASSERT_EQ(0, set_capacity(&side->channel, 0));
	}
	child = child_sending_for_receipt(side, to, 0);
	EXPECT_TRUE(senders_wait(&side->channel, receiver, 1));
	kill(child, SIGUSR1);
	EXPECT_EQ(EINTR, child_status(child));
	child = child_sending_for_receipt(side, to, now() + 20 * MS);
	EXPECT_EQ(ETIMEDOUT, child_status(child));
	if (receiver)
		child_kill(receiver);
}

TEST_F(receipt, does_not_come_for_a_send_that_the_other_side_left_waiting)
{
	struct side *side = &self->side;
	pid_t receiver = 0, child;
	uint64_t to = side->to;

	if (variant->direct) {
		receiver = child_fork();
		if (!receiver) {
			CHECK(!set_capacity(&side->channel, 1));
			pause();
		}
		EXPECT_TRUE(wait_until(peer_of(side->fd, receiver)));
		to = receiver;
	} else {
		ASSERT_EQ(0, set_capacity(&side->channel, 1));
	}
	/* It fills the place, and waits with the second. */
	child = child_fork();
	if (!child) {
		CHECK(!send_number(side->fd, to, 1));
		CHECK(SEND(side->fd, .to = to, .flags = MSGPASS_RECEIPT) == -EPIPE);
		_exit(no_receipt(side->device) != -EAGAIN);
	}
	EXPECT_TRUE(senders_wait(&side->channel, receiver, 1));
	if (receiver)
		child_kill(receiver);
	else
		EXPECT_EQ(0, mailbox_delete(side->fd, ""));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(receipt, comes_for_a_send_that_waited_for_room)
{
	struct side *side = &self->side;
	pid_t child;

	ASSERT_EQ(0, set_capacity(&side->channel, 1));
	child = child_fork();
	if (!child) {
		CHECK(!send_number(side->fd, side->to, 1));
		CHECK(!SEND(side->fd, .to = side->to, .cookie = 3, .flags = MSGPASS_RECEIPT,
			    NUMBER(2)));
		_exit(next_outcome(side->device, 3) != MSGPASS_RECEIPT_RECEIVED);
	}
	EXPECT_TRUE(senders_wait(&side->channel, side->me, 1));
	EXPECT_EQ(1, AWAIT(side->fd));
	EXPECT_EQ(2, AWAIT(side->fd));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(receipt, comes_for_a_rendezvous_without_capacity)
{
	struct side *side = &self->side;
	pid_t child;

	ASSERT_EQ(0, set_capacity(&side->channel, 0));
	child = child_fork();
	if (!child) {
		CHECK(!SEND(side->fd, .to = side->to, .cookie = 3, .flags = MSGPASS_RECEIPT,
			    NUMBER(2)));
		_exit(next_outcome(side->device, 3) != MSGPASS_RECEIPT_RECEIVED ||
		      no_receipt(side->device) != -EAGAIN);
	}
	EXPECT_TRUE(senders_wait(&side->channel, side->me, 1));
	EXPECT_EQ(2, AWAIT(side->fd));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(receipt, is_not_for_a_synchronous_send_which_tells_itself)
{
	struct side *side = &self->side;

	EXPECT_EQ(-EINVAL, SEND(side->fd, .to = side->to, NUMBER(1),
				.flags = MSGPASS_RECEIPT | MSGPASS_SYNCHRONOUS));
	EXPECT_EQ(-EAGAIN, take(side));
}

/* --- how it is received */

TEST_F(receipt, needs_no_room_in_the_inbox)
{
	const unsigned int many = 100;
	struct side *side = &self->side;
	unsigned int i;

	/* In an inbox without capacity, and for messages of 1 byte. */
	ASSERT_EQ(0, set_capacity(&side->channel, many));
	for (i = 0; i < many; i++)
		ASSERT_EQ(0, RECEIPTED(side, i, i));
	ASSERT_EQ(0, INBOX_SET(side->device, .set = MSGPASS_SET_CAPACITY | MSGPASS_SET_MESSAGE_MAX |
			       MSGPASS_SET_CAPACITY_BYTES, .message_max = 1, .capacity_bytes = 1));
	for (i = 0; i < many; i++)
		ASSERT_EQ(i, take(side));
	for (i = 0; i < many; i++)
		ASSERT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, i));
}

TEST_F(receipt, comes_in_its_order_among_the_messages_of_the_inbox)
{
	struct side *side = &self->side;
	struct msgpass_receipt receipt;
	struct msgpass_receive out;
	pid_t child;

	child = child_fork();
	if (!child) {
		int device = device_open();

		CHECK(!send_number(device, side->me, 1));
		CHECK(AWAIT(side->fd) == 5);
		_exit(-send_number(device, side->me, 2));
	}
	ASSERT_TRUE(wait_until(inbox_counts(side->device, side->me).queued == 1));
	ASSERT_EQ(0, SEND(side->fd, .to = address(&side->channel, child), .flags = MSGPASS_RECEIPT,
			  .cookie = 9, NUMBER(5)));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(3, inbox_counts(side->device, side->me).queued);
	EXPECT_EQ(1, TAKE(side->device));
	EXPECT_EQ(0, RECEIVE(side->device, &out, BYTES(&receipt, sizeof(receipt))));
	EXPECT_EQ(MSGPASS_OUT_RECEIPT, out.out_flags);
	EXPECT_EQ(9, receipt.cookie);
	EXPECT_EQ(2, TAKE(side->device));
}

TEST_F(receipt, can_be_received_before_the_messages)
{
	struct side *side = &self->side;

	ASSERT_EQ(0, send_number(side->device, side->me, 1));
	ASSERT_EQ(0, send_number(side->device, side->me, 2));
	ASSERT_EQ(0, SEND(side->fd, .to = side->to, .flags = MSGPASS_RECEIPT, .type = 7,
			  NUMBER(3), .cookie = 9));
	EXPECT_EQ(3, AWAIT(side->fd, .flags = MSGPASS_TYPE_EXACT, .type = 7, .from = side->to));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 9));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	EXPECT_EQ(1, TAKE(side->device));
	EXPECT_EQ(2, TAKE(side->device));
}

TEST_F(receipt, is_waited_for_while_messages_come)
{
	struct side *side = &self->side;
	pid_t child = child_fork();

	if (!child) {
		struct channel inbox = { .fd = side->device, .direct = true };

		CHECK(receivers_wait(&inbox, side->me, 1));
		CHECK(!send_number(side->device, side->me, 1));
		CHECK(inbox_counts(side->device, side->me).receivers_waiting == 1);
		_exit(AWAIT(side->fd));
	}
	ASSERT_EQ(0, SEND(side->fd, .to = address(&side->channel, child), .flags = MSGPASS_RECEIPT,
			  .cookie = 9, NUMBER(5)));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, next_outcome(side->device, 9));
	EXPECT_EQ(5, child_status(child));
	EXPECT_EQ(1, TAKE(side->device));
}

TEST_F(receipt, can_be_selected_as_the_message_it_is_about)
{
	struct side *side = &self->side;
	struct msgpass_receipt receipt;
	unsigned int i;

	for (i = 1; i <= 3; i++) {
		ASSERT_EQ(0, RECEIPTED(side, i, i, .type = i, .priority = i));
		ASSERT_EQ(i, take(side));
	}
	ASSERT_EQ(0, get_receipt(side->device, &receipt, NULL, (struct msgpass_receive){
		.flags = MSGPASS_TYPE_EXACT | MSGPASS_NONBLOCK, .type = 2 }));
	EXPECT_EQ(2, receipt.cookie);
	ASSERT_EQ(0, get_receipt(side->device, &receipt, NULL, (struct msgpass_receive){
		.flags = MSGPASS_BY_PRIORITY | MSGPASS_NONBLOCK }));
	EXPECT_EQ(3, receipt.cookie);
	ASSERT_EQ(0, RECEIVE(side->device, NULL, .flags = MSGPASS_TYPE_UP_TO | MSGPASS_NONBLOCK,
			     .type = 2, BYTES(&receipt, sizeof(receipt))));
	EXPECT_EQ(1, receipt.cookie);
}

TEST_F(receipt, stays_when_it_does_not_fit_and_can_be_peeked_at)
{
	struct side *side = &self->side;
	struct msgpass_receipt receipt;
	struct msgpass_receive out;

	ASSERT_EQ(0, RECEIPTED(side, 1, 2));
	ASSERT_EQ(1, take(side));
	EXPECT_EQ(-EMSGSIZE, RECEIVE(side->device, &out, .flags = MSGPASS_RECEIPT,
				     BYTES(&receipt, sizeof(receipt) - 1)));
	EXPECT_EQ(sizeof(receipt), out.out_length);
	EXPECT_EQ(MSGPASS_OUT_RECEIPT, out.out_flags);
	EXPECT_EQ(-EFAULT, RECEIVE(side->device, NULL, .flags = MSGPASS_RECEIPT,
				   BYTES(1, sizeof(receipt))));
	EXPECT_EQ(0, get_receipt(side->device, &receipt, NULL, (struct msgpass_receive){
		.flags = MSGPASS_PEEK | MSGPASS_NONBLOCK }));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 2));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
}

TEST_F(receipt, is_what_pollin_tells_of)
{
	struct side *side = &self->side;
	struct pollfd in = { .fd = side->device, .events = POLLIN };
	pid_t child = child_fork();

	if (!child)
		_exit(AWAIT(side->fd));
	EXPECT_EQ(0, poll(&in, 1, 0));
	ASSERT_EQ(0, SEND(side->fd, .to = address(&side->channel, child), .flags = MSGPASS_RECEIPT,
			  .cookie = 9, NUMBER(5)));
	EXPECT_EQ(1, poll(&in, 1, LIMIT / MS));
	EXPECT_EQ(POLLIN, in.revents);
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 9));
	EXPECT_EQ(0, poll(&in, 1, 0));
	EXPECT_EQ(5, child_status(child));
}

TEST_F(receipt, is_asked_for_of_anyone_and_of_an_inbox)
{
	struct side *side = &self->side;
	struct msgpass_receipt receipt;
	const uint32_t flags = MSGPASS_RECEIPT | MSGPASS_NONBLOCK;
	int mailbox = mailbox_new(side->device);

	EXPECT_EQ(-EINVAL, RECEIVE(side->device, NULL, .flags = flags, .from = side->me,
				   BYTES(&receipt, sizeof(receipt))));
	EXPECT_EQ(-EINVAL, RECEIVE(side->device, NULL, .flags = flags | MSGPASS_PEER,
				   .from = own_peer(side->device),
				   BYTES(&receipt, sizeof(receipt))));
	EXPECT_EQ(-EINVAL, RECEIVE(mailbox, NULL, .flags = flags,
				   BYTES(&receipt, sizeof(receipt))));
	close(mailbox);
}

TEST_F(receipt, can_not_be_forged)
{
	struct msgpass_receipt forged = { .size = sizeof(forged),
					  .outcome = MSGPASS_RECEIPT_RECEIVED };
	struct side *side = &self->side;
	struct msgpass_receive out;

	ASSERT_EQ(0, SEND(side->device, .to = side->me, BYTES(&forged, sizeof(forged))));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	ASSERT_EQ(0, RECEIVE(side->device, &out, BYTES(&forged, sizeof(forged))));
	EXPECT_EQ(0, out.out_flags);
}

/* --- what it costs, and who is there to get it */

TEST_F(receipt, is_paid_for_until_it_is_received)
{
	struct side *side = &self->side;
	uint64_t base, plain, asked;

	/* The link stays. */
	ASSERT_EQ(0, send_number(side->fd, side->to, 1));
	ASSERT_EQ(1, take(side));
	base = user_bytes(side->device);
	ASSERT_EQ(0, send_number(side->fd, side->to, 1));
	plain = user_bytes(side->device);
	ASSERT_EQ(1, take(side));
	ASSERT_EQ(0, RECEIPTED(side, 1, 2));
	asked = user_bytes(side->device);
	EXPECT_LT(base, plain);
	EXPECT_LE(plain + sizeof(struct msgpass_receipt), asked);
	EXPECT_EQ(1, take(side));
	EXPECT_LT(base, user_bytes(side->device));
	EXPECT_GT(asked, user_bytes(side->device));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 2));
	EXPECT_EQ(base, user_bytes(side->device));
}

TEST_F(receipt, that_is_queued_or_due_goes_with_the_sender)
{
	struct side *side = &self->side;
	uint64_t base = user_bytes(side->device);
	pid_t child = child_fork();

	if (!child) {
		CHECK(!RECEIPTED(side, 1, 1));
		CHECK(wait_until(inbox_counts(side->device, getpid()).queued == 1));
		_exit(-RECEIPTED(side, 2, 2));
	}
	EXPECT_EQ(1, AWAIT(side->fd));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(2, AWAIT(side->fd));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	EXPECT_TRUE(wait_until(user_bytes(side->device) == base));
}

TEST_F(receipt, counts_in_the_inbox_and_is_no_link)
{
	struct side *side = &self->side;
	struct msgpass_inbox_stat before_it, after_it;

	ASSERT_EQ(0, RECEIPTED(side, 1, 2));
	ASSERT_EQ(0, inbox_stat(side->device, 0, 0, &before_it));
	ASSERT_EQ(1, take(side));
	ASSERT_EQ(0, inbox_stat(side->device, 0, 0, &after_it));
	EXPECT_EQ(before_it.out_links, after_it.out_links);
	EXPECT_EQ(before_it.out_sent + 1, after_it.out_sent);
	EXPECT_EQ(1, after_it.out_queued);
	EXPECT_EQ(sizeof(struct msgpass_receipt), after_it.out_queued_bytes);
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 2));
}

TEST_F(receipt, can_be_asked_for_with_the_struct_as_it_was_at_first)
{
	struct side *side = &self->side;
	struct msgpass_send send = {
		.size = offsetof(struct msgpass_send, lifetime), .to = side->to, NUMBER(1),
		.flags = MSGPASS_RECEIPT, .lifetime = 1, .cookie = ~0ULL,
	};

	ASSERT_EQ(0, call(side->fd, MSGPASS_IOC_SEND, &send));
	EXPECT_EQ(1, take(side));
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome(side->device, 0));
}

/* --- many at once */

enum { SENDERS = 3, EACH = 200 };

struct tally {
	atomic_uint received;		/* by the receivers */
	atomic_uint outcomes[MSGPASS_RECEIPT_EXPIRED + 1];
};

/* Every third message lives for a nanosecond, every third for some milliseconds. */
static uint64_t some_lifetime(unsigned int i)
{
	return i % 3 == 0 ? 1 : i % 3 == 1 ? (1 + i % 7) * MS : 0;
}

/* Take receipts, and strike them off a list; true: one came that was not due. */
static bool strike_off(int device, bool *due, struct tally *tally, uint64_t deadline)
{
	struct msgpass_receipt receipt;
	int ret = get_receipt(device, &receipt, NULL, (struct msgpass_receive){
		.deadline = deadline, .flags = deadline ? 0 : MSGPASS_NONBLOCK });

	if (ret)
		return ret != -EAGAIN;
	if (receipt.cookie >= EACH || !due[receipt.cookie] ||
	    receipt.outcome > MSGPASS_RECEIPT_EXPIRED)
		return true;
	due[receipt.cookie] = false;
	atomic_fetch_add(&tally->outcomes[receipt.outcome], 1);
	return false;
}

static void send_many(const struct side *side, uint64_t to, struct tally *tally)
{
	bool due[EACH] = {};
	unsigned int i, left;

	for (i = 0; i < EACH; i++) {
		due[i] = true;
		CHECK(!SEND(side->fd, .to = to, .flags = MSGPASS_RECEIPT, .cookie = i, NUMBER(i),
			    .lifetime = some_lifetime(i), .deadline = soon()));
		CHECK(!strike_off(side->device, due, tally, 0));
	}
	do {
		for (i = 0, left = 0; i < EACH; i++)
			left += due[i];
		CHECK(!left || !strike_off(side->device, due, tally, soon()));
	} while (left);
	CHECK(no_receipt(side->device) == -EAGAIN);
}

/* Some of its receives fail, some only look. */
static void receive_many(const struct side *side, struct tally *tally)
{
	unsigned int i;

	for (i = 0;; i++) {
		if (i % 5 == 1)
			RECEIVE(side->fd, NULL, BYTES(1, 4), .flags = MSGPASS_NONBLOCK);
		if (i % 5 == 2)
			RECEIVE(side->fd, NULL, .flags = MSGPASS_PEEK | MSGPASS_NONBLOCK);
		CHECK(AWAIT(side->fd) >= 0);
		atomic_fetch_add(&tally->received, 1);
	}
}

TEST_F(receipt, comes_exactly_once_for_each_of_many_senders_and_receivers)
{
	struct tally *tally = shared(sizeof(*tally));
	const int receivers = variant->direct ? 1 : 3;
	pid_t receiver[3], sender[SENDERS];
	struct side *side = &self->side;
	uint64_t to;
	int i;

	if (!variant->direct)
		ASSERT_EQ(0, set_capacity(&side->channel, 4));
	for (i = 0; i < receivers; i++) {
		receiver[i] = child_fork();
		if (!receiver[i]) {
			if (variant->direct)
				CHECK(!set_capacity(&side->channel, 4));
			receive_many(side, tally);
		}
	}
	to = address(&side->channel, receiver[0]);
	for (i = 0; i < SENDERS; i++) {
		sender[i] = child_fork();
		if (!sender[i]) {
			send_many(side, to, tally);
			_exit(0);
		}
	}
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_status(sender[i]));
	/* A receive returns a moment after its receipt. */
	EXPECT_TRUE(wait_until(tally->received == tally->outcomes[MSGPASS_RECEIPT_RECEIVED]));
	EXPECT_EQ(SENDERS * EACH, tally->outcomes[MSGPASS_RECEIPT_RECEIVED] +
				  tally->outcomes[MSGPASS_RECEIPT_EXPIRED]);
	/* Those that live for ever. */
	EXPECT_TRUE(SENDERS * (EACH / 3) <= tally->received);
	for (i = 0; i < receivers; i++)
		child_kill(receiver[i]);
	TH_LOG("%u received, %u expired", tally->outcomes[MSGPASS_RECEIPT_RECEIVED],
	       tally->outcomes[MSGPASS_RECEIPT_EXPIRED]);
}

/* --- lifetimes */

FIXTURE(lifetime) {
	struct side side;
	uint64_t base;		/* of the user's memory, with the link */
};

FIXTURE_VARIANT(lifetime) {
	bool direct;
};

FIXTURE_VARIANT_ADD(lifetime, to_pid) { .direct = true };
FIXTURE_VARIANT_ADD(lifetime, to_mailbox) { };

FIXTURE_SETUP(lifetime)
{
	struct side *side = &self->side;

	ASSERT_EQ(0, side_open(side, variant->direct));
	ASSERT_EQ(0, send_number(side->fd, side->to, 0));
	ASSERT_EQ(0, take(side));
	self->base = user_bytes(side->device);
}

FIXTURE_TEARDOWN(lifetime)
{
	side_close(&self->side);
}

TEST_F(lifetime, that_is_over_drops_the_message_though_nobody_receives)
{
	struct side *side = &self->side;

	ASSERT_EQ(0, MORTAL(side, 1, 20 * MS));
	EXPECT_TRUE(wait_until(counts_of(side).dropped == 1));
	EXPECT_EQ(0, counts_of(side).queued);
	EXPECT_EQ(0, counts_of(side).queued_bytes);
	EXPECT_EQ(1, counts_of(side).received);
	EXPECT_TRUE(wait_until(user_bytes(side->device) == self->base));
	EXPECT_EQ(-EAGAIN, take(side));
}

TEST_F(lifetime, that_is_over_gives_its_place_to_a_sender_who_waits)
{
	struct side *side = &self->side;
	pid_t child;

	ASSERT_EQ(0, set_capacity(&side->channel, 1));
	child = child_fork();
	if (!child) {
		CHECK(!MORTAL(side, 1, 100 * MS));
		_exit(-SEND(side->fd, .to = side->to, .deadline = soon(), NUMBER(2)));
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(1, counts_of(side).dropped);
	EXPECT_EQ(2, TAKE(side->fd));
}

TEST_F(lifetime, that_is_over_is_what_pollout_tells_of)
{
	struct side *side = &self->side;
	struct pollfd out = { .fd = side->fd, .events = POLLOUT };

	if (variant->direct)
		SKIP(return, "of a mailbox");
	ASSERT_EQ(0, set_capacity(&side->channel, 1));
	ASSERT_EQ(0, MORTAL(side, 1, 500 * MS));
	EXPECT_EQ(0, poll(&out, 1, 0));
	EXPECT_EQ(1, poll(&out, 1, LIMIT / MS));
	EXPECT_EQ(0, send_number(side->fd, side->to, 2));
	EXPECT_EQ(2, take(side));
}

TEST_F(lifetime, of_a_message_is_over_for_a_receive_before_the_timer_comes_to_it)
{
	struct side *side = &self->side;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, RECEIPTED(side, i, i, .lifetime = 1));
		ASSERT_EQ(-EAGAIN, take(side));
		ASSERT_EQ(MSGPASS_RECEIPT_EXPIRED, next_outcome(side->device, i));
	}
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	EXPECT_EQ(200, counts_of(side).dropped);
	EXPECT_TRUE(wait_until(user_bytes(side->device) == self->base));
}

TEST_F(lifetime, of_a_message_is_over_for_a_peek_and_for_read)
{
	struct side *side = &self->side;
	uint32_t number;
	unsigned int i;

	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, MORTAL(side, 1, 1));
		ASSERT_EQ(-EAGAIN, RECEIVE(side->fd, NULL,
					   .flags = MSGPASS_PEEK | MSGPASS_NONBLOCK));
		ASSERT_EQ(0, MORTAL(side, 1, 1));
		ASSERT_EQ(-EAGAIN, RECEIVE(side->fd, NULL, .flags = MSGPASS_NONBLOCK));
	}
	if (variant->direct)
		return;
	ASSERT_EQ(0, MORTAL(side, 1, 1));
	ASSERT_EQ(0, send_number(side->fd, 0, 2));
	EXPECT_EQ(sizeof(number), read(side->fd, &number, sizeof(number)));
	EXPECT_EQ(2, number);
}

TEST_F(lifetime, that_is_over_lets_every_selection_pass)
{
	static const struct msgpass_receive selections[] = {
		{ .flags = MSGPASS_BY_PRIORITY }, { .flags = MSGPASS_TYPE_UP_TO, .type = 9 },
		{ .flags = MSGPASS_TYPE_EXCEPT, .type = 3 }, { .flags = 0 },
	};
	struct side *side = &self->side;
	struct msgpass_receive receive;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(selections); i++) {
		for (j = 0; j < 20; j++)
			ASSERT_EQ(0, MORTAL(side, 1, 1, .type = 1, .priority = 9));
		ASSERT_EQ(0, SEND(side->fd, .to = side->to, .type = 5, NUMBER(2)));
		receive = selections[i];
		receive.flags |= MSGPASS_NONBLOCK;
		receive.from = side->to;
		EXPECT_EQ(2, do_receive_number(side->fd, receive));
	}
	EXPECT_EQ(80, counts_of(side).dropped);
}

TEST_F(lifetime, that_is_over_leaves_those_before_and_behind_it)
{
	struct side *side = &self->side;
	unsigned int i;

	for (i = 0; i < 30; i++)
		ASSERT_EQ(0, MORTAL(side, i, i % 3 == 1 ? 10 * MS : i % 3 ? 3600000 * MS : 0));
	EXPECT_TRUE(wait_until(counts_of(side).dropped == 10));
	EXPECT_EQ(20, counts_of(side).queued);
	for (i = 0; i < 30; i++)
		if (i % 3 != 1)
			EXPECT_EQ(i, take(side));
	EXPECT_EQ(-EAGAIN, take(side));
	EXPECT_TRUE(wait_until(user_bytes(side->device) == self->base));
}

TEST_F(lifetime, of_a_nanosecond_is_enough_for_a_receiver_who_waits)
{
	struct side *side = &self->side;
	pid_t child = child_receiving(&side->channel, 0);

	EXPECT_TRUE(receivers_wait(&side->channel, child, 1));
	EXPECT_EQ(0, SEND(side->fd, .to = address(&side->channel, child), .lifetime = 1,
			  NUMBER(7)));
	EXPECT_EQ(7, child_status(child));
}

TEST_F(lifetime, does_not_run_while_the_send_waits_for_room)
{
	const uint64_t first = 50 * MS, second = 30 * MS;
	struct side *side = &self->side;
	struct msgpass_receipt receipt;
	struct msgpass_receive out;
	uint64_t start;

	ASSERT_EQ(0, set_capacity(&side->channel, 1));
	start = now();
	ASSERT_EQ(0, MORTAL(side, 1, first));
	/* It waits until the first has made room. */
	ASSERT_EQ(0, SEND(side->fd, .to = side->to, .flags = MSGPASS_RECEIPT, .deadline = soon(),
			  .lifetime = second));
	ASSERT_EQ(0, AWAIT_RECEIPT(side->device, &receipt, &out));
	EXPECT_EQ(MSGPASS_RECEIPT_EXPIRED, receipt.outcome);
	EXPECT_LE(start + first + second, out.out_time);
}

TEST_F(lifetime, is_never_over_too_early)
{
	struct side *side = &self->side;
	struct msgpass_receipt receipt;
	struct msgpass_receive out;
	uint64_t start, lifetime;
	unsigned int i;

	for (i = 0; i < 60; i++) {
		lifetime = (1 + i % 13) * MS - 1;
		start = now();
		ASSERT_EQ(0, RECEIPTED(side, i, i, .lifetime = lifetime));
		ASSERT_EQ(0, AWAIT_RECEIPT(side->device, &receipt, &out));
		ASSERT_EQ(MSGPASS_RECEIPT_EXPIRED, receipt.outcome);
		ASSERT_LE(start + lifetime, out.out_time);
	}
}

TEST_F(lifetime, of_centuries_is_no_hindrance)
{
	const uint64_t lifetimes[] = { ~0ULL, 1ULL << 63, INT64_MAX, 1ULL << 62, 1ULL << 53 };
	struct side *side = &self->side;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lifetimes); i++)
		ASSERT_EQ(0, MORTAL(side, i, lifetimes[i]));
	/* A timer that took them for the past would have been here by now. */
	ASSERT_EQ(0, RECEIPTED(side, 9, 9, .lifetime = 20 * MS));
	EXPECT_EQ(MSGPASS_RECEIPT_EXPIRED, next_outcome(side->device, 9));
	for (i = 0; i < ARRAY_SIZE(lifetimes); i++)
		EXPECT_EQ(i, take(side));
	EXPECT_TRUE(wait_until(user_bytes(side->device) == self->base));
}

TEST_F(lifetime, of_a_message_that_is_received_keeps_nothing)
{
	struct side *side = &self->side;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, MORTAL(side, i, 3600000 * MS));
		ASSERT_EQ(i, take(side));
	}
	EXPECT_TRUE(wait_until(user_bytes(side->device) == self->base));
	EXPECT_EQ(0, counts_of(side).dropped);
}

TEST_F(lifetime, of_a_message_that_is_dropped_otherwise_keeps_nothing)
{
	struct side *side = &self->side;
	uint64_t base;
	pid_t child;
	int mailbox;

	base = user_bytes(side->device);
	if (variant->direct) {
		child = child_idle();
		EXPECT_EQ(0, SEND(side->fd, .to = child, .lifetime = 3600000 * MS, NUMBER(1)));
		child_kill(child);
	} else {
		mailbox = mailbox_new(side->device);
		EXPECT_EQ(0, SEND(mailbox, .lifetime = 3600000 * MS, NUMBER(1)));
		EXPECT_EQ(0, mailbox_delete(mailbox, ""));
		close(mailbox);
	}
	EXPECT_TRUE(wait_until(user_bytes(side->device) == base));
}

TEST_F(lifetime, goes_on_after_a_receive_that_fails)
{
	struct side *side = &self->side;

	ASSERT_EQ(0, RECEIPTED(side, 1, 2, .lifetime = 500 * MS));
	EXPECT_EQ(-EFAULT, RECEIVE(side->fd, NULL, .from = side->to, BYTES(1, 4)));
	EXPECT_EQ(MSGPASS_RECEIPT_EXPIRED, next_outcome(side->device, 2));
	EXPECT_EQ(-EAGAIN, take(side));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
	EXPECT_TRUE(wait_until(user_bytes(side->device) == self->base));
}

TEST_F(lifetime, is_told_by_the_receipt)
{
	struct side *side = &self->side;
	struct msgpass_receipt receipt;

	ASSERT_EQ(0, RECEIPTED(side, 1, 2, .lifetime = 20 * MS));
	ASSERT_EQ(0, AWAIT_RECEIPT(side->device, &receipt, NULL));
	EXPECT_EQ(MSGPASS_RECEIPT_EXPIRED, receipt.outcome);
	EXPECT_EQ(2, receipt.cookie);
	EXPECT_EQ(variant->direct ? own_peer(side->device) : 0, receipt.to_peer);
	/* In the mailbox the second, in the inbox too: no receipt came before. */
	EXPECT_EQ(2, receipt.sequence);
	EXPECT_EQ(0, receipt.by_peer);
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
}

TEST_F(lifetime, of_a_thousand_messages_ends_for_each)
{
	struct side *side = &self->side;
	unsigned int i;

	ASSERT_EQ(0, set_capacity(&side->channel, 1000));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(0, MORTAL(side, i, (1 + i * 7 % 50) * MS));
	EXPECT_TRUE(wait_until(counts_of(side).dropped == 1000));
	EXPECT_EQ(0, counts_of(side).queued);
	EXPECT_TRUE(wait_until(user_bytes(side->device) == self->base));
}

TEST_F(lifetime, of_a_message_whose_sender_is_dead_ends_too)
{
	struct side *side = &self->side;
	struct msgpass_inbox_stat stat;
	pid_t child = child_fork();

	if (!child)
		_exit(-MORTAL(side, 1, 20 * MS));
	EXPECT_EQ(0, child_status(child));
	EXPECT_TRUE(wait_until(counts_of(side).dropped == 1));
	EXPECT_EQ(-EAGAIN, TAKE(side->fd));
	EXPECT_TRUE(wait_until(user_bytes(side->device) == self->base));
	EXPECT_TRUE(wait_until(!inbox_stat(side->device, 0, 0, &stat) &&
			       stat.out_links == variant->direct));
}

/* --- and a rendezvous */

FIXTURE(mortal_rendezvous) {
	struct side side;
};

FIXTURE_VARIANT(mortal_rendezvous) {
	bool direct;
	uint64_t capacity;	/* 0: without the flag */
};

FIXTURE_VARIANT_ADD(mortal_rendezvous, flag_to_pid) { .direct = true, .capacity = 2 };
FIXTURE_VARIANT_ADD(mortal_rendezvous, flag_to_mailbox) { .capacity = 2 };
FIXTURE_VARIANT_ADD(mortal_rendezvous, no_capacity_of_links) { .direct = true };
FIXTURE_VARIANT_ADD(mortal_rendezvous, no_capacity_of_mailbox) { };

FIXTURE_SETUP(mortal_rendezvous)
{
	ASSERT_EQ(0, side_open(&self->side, variant->direct));
	ASSERT_EQ(0, set_capacity(&self->side.channel, variant->capacity));
}

FIXTURE_TEARDOWN(mortal_rendezvous)
{
	side_close(&self->side);
}

TEST_F(mortal_rendezvous, is_etimedout_when_the_lifetime_is_over)
{
	struct side *side = &self->side;

	EXPECT_EQ(-ETIMEDOUT, SEND(side->fd, .to = side->to, .lifetime = 20 * MS, NUMBER(1),
				   .flags = variant->capacity ? MSGPASS_SYNCHRONOUS : 0));
	EXPECT_EQ(0, counts_of(side).queued);
	EXPECT_EQ(0, counts_of(side).senders_waiting);
	EXPECT_EQ(-EAGAIN, TAKE(side->fd));
}

TEST_F(mortal_rendezvous, is_etimedout_when_a_receive_finds_it_over)
{
	struct side *side = &self->side;
	siginfo_t ended = {};
	pid_t child = child_fork();

	if (!child)
		_exit(-SEND(side->fd, .to = side->to, .lifetime = 1, NUMBER(1),
			    .flags = variant->capacity ? MSGPASS_SYNCHRONOUS : 0));
	while (!waitid(P_PID, child, &ended, WEXITED | WNOWAIT | WNOHANG) && !ended.si_pid)
		ASSERT_EQ(-EAGAIN, TAKE(side->fd));
	EXPECT_EQ(ETIMEDOUT, child_status(child));
}

TEST_F(mortal_rendezvous, that_is_over_gives_no_receipt)
{
	struct side *side = &self->side;

	if (variant->capacity)
		SKIP(return, "a synchronous send can't ask for one");
	EXPECT_EQ(-ETIMEDOUT, SEND(side->fd, .to = side->to, .lifetime = 20 * MS, NUMBER(1),
				   .flags = MSGPASS_RECEIPT));
	EXPECT_EQ(-EAGAIN, no_receipt(side->device));
}

TEST_F(mortal_rendezvous, ends_well_within_its_lifetime)
{
	struct side *side = &self->side;
	pid_t child = child_fork();

	if (!child)
		_exit(-SEND(side->fd, .to = side->to, .lifetime = 2 * LIMIT, NUMBER(1),
			    .flags = variant->capacity ? MSGPASS_SYNCHRONOUS : 0));
	EXPECT_TRUE(senders_wait(&side->channel, side->me, 1));
	EXPECT_EQ(1, TAKE(side->fd));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(mortal_rendezvous, that_is_over_lets_the_next_come)
{
	struct side *side = &self->side;
	pid_t child = child_fork();

	if (!child) {
		CHECK(SEND(side->fd, .to = side->to, .lifetime = 20 * MS, NUMBER(1),
			   .flags = variant->capacity ? MSGPASS_SYNCHRONOUS : 0) == -ETIMEDOUT);
		_exit(-SEND(side->fd, .to = side->to, .type = 2, NUMBER(2),
			    .flags = variant->capacity ? MSGPASS_SYNCHRONOUS : 0));
	}
	EXPECT_EQ(2, AWAIT(side->fd, .flags = MSGPASS_TYPE_EXACT, .type = 2));
	EXPECT_EQ(0, child_status(child));
}

#include "afterwards.h"
