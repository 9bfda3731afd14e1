// SPDX-License-Identifier: GPL-2.0
/*
 * Broadcast mailboxes: every subscriber, which is an open file, gets every message, and a slow
 * one holds the senders back or, of a lossy mailbox, misses some.
 */
#include "msgpass_test.h"

#include <stddef.h>
#include <sys/epoll.h>

#define MS 1000000ULL

enum { SUBSCRIBERS = 3, CAPACITY = 4 };

FIXTURE(broadcast) {
	int device;
	const char *name;
	int fd;				/* with the right to send */
	struct channel channel;		/* the same */
	int subscribers[SUBSCRIBERS];
};

FIXTURE_VARIANT(broadcast) {
	bool lossy;
};

FIXTURE_VARIANT_ADD(broadcast, waiting) { };
FIXTURE_VARIANT_ADD(broadcast, lossy) { .lossy = true };

static int subscribe(FIXTURE_DATA(broadcast) *self)
{
	return MAILBOX_OPEN(self->device, self->name, MSGPASS_OPEN_RECEIVE);
}

FIXTURE_SETUP(broadcast)
{
	unsigned int i;

	self->device = device_open();
	ASSERT_LE(0, self->device);
	settled_user_bytes(self->device);
	self->name = unique_name("broadcast");
	self->fd = MAILBOX_OPEN(self->device, self->name,
				MSGPASS_OPEN_SEND | MSGPASS_OPEN_CREATE | MSGPASS_OPEN_BROADCAST |
				(variant->lossy ? MSGPASS_OPEN_LOSSY : 0),
				.set = MSGPASS_SET_CAPACITY, .capacity = CAPACITY);
	ASSERT_LE(0, self->fd);
	self->channel.fd = self->fd;
	for (i = 0; i < SUBSCRIBERS; i++) {
		self->subscribers[i] = subscribe(self);
		ASSERT_LE(0, self->subscribers[i]);
	}
}

FIXTURE_TEARDOWN(broadcast)
{
	unsigned int i;

	mailbox_delete(self->fd, "");
	for (i = 0; i < SUBSCRIBERS; i++)
		close(self->subscribers[i]);
	close(self->fd);
	close(self->device);
}

/* Fill the queue of the first subscriber, and leave those of the others empty. */
static int fill_first(FIXTURE_DATA(broadcast) *self)
{
	unsigned int i, j;

	for (i = 0; i < CAPACITY; i++) {
		int ret = send_number(self->fd, 0, i);

		if (ret)
			return ret;
		for (j = 1; j < SUBSCRIBERS; j++)
			if (TAKE(self->subscribers[j]) != i)
				return -EBADMSG;
	}
	return 0;
}

static pid_t sending(FIXTURE_DATA(broadcast) *self, uint32_t number)
{
	return child_sending(&self->channel, 0, number);
}

static uint64_t queued(int fd)
{
	return mailbox_counts(fd).queued;
}

/* --- who gets what */

TEST_F(broadcast, reaches_every_subscriber_in_the_same_order)
{
	struct msgpass_receive out;
	uint32_t number;
	unsigned int i, j;

	for (i = 1; i <= CAPACITY; i++)
		ASSERT_EQ(0, SEND(self->fd, NUMBER(i), .type = i, .priority = i));
	for (j = 0; j < SUBSCRIBERS; j++) {
		for (i = 1; i <= CAPACITY; i++) {
			ASSERT_EQ(0, RECEIVE(self->subscribers[j], &out,
					     BYTES(&number, sizeof(number)),
					     .flags = MSGPASS_NONBLOCK));
			EXPECT_EQ(i, number);
			EXPECT_EQ(i, out.out_sequence);
			EXPECT_EQ(i, out.out_type);
			EXPECT_EQ(i, out.out_priority);
			EXPECT_EQ(getpid(), out.out_pid);
			EXPECT_EQ(0, out.out_missed);
			EXPECT_EQ(0, out.out_flags);
		}
		EXPECT_EQ(-EAGAIN, TAKE(self->subscribers[j]));
	}
}

TEST_F(broadcast, reaches_nobody_who_subscribed_later)
{
	int late;

	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	late = subscribe(self);
	ASSERT_LE(0, late);
	EXPECT_EQ(-EAGAIN, TAKE(late));
	ASSERT_EQ(0, send_number(self->fd, 0, 2));
	EXPECT_EQ(2, TAKE(late));
	EXPECT_EQ(1, TAKE(self->subscribers[0]));
	EXPECT_EQ(2, TAKE(self->subscribers[0]));
	close(late);
}

TEST_F(broadcast, without_subscribers_reaches_nobody_and_costs_nothing)
{
	struct msgpass_mailbox_stat stat;
	uint64_t base;
	unsigned int i;
	int late;

	for (i = 0; i < SUBSCRIBERS; i++)
		close(self->subscribers[i]);
	base = user_bytes(self->device);
	for (i = 0; i < 2 * CAPACITY; i++)
		EXPECT_EQ(0, send_number(self->fd, 0, i));
	EXPECT_EQ(base, user_bytes(self->device));
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &stat));
	EXPECT_EQ(0, stat.out_subscribers);
	EXPECT_EQ(2 * CAPACITY, stat.out_sent);
	EXPECT_EQ(0, stat.out_queued);
	late = subscribe(self);
	EXPECT_EQ(-EAGAIN, TAKE(late));
	for (i = 0; i < SUBSCRIBERS; i++)
		self->subscribers[i] = -1;
	close(late);
}

TEST_F(broadcast, reaches_one_of_those_who_share_a_subscription)
{
	int same = dup(self->subscribers[0]);
	pid_t child;

	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	child = child_fork();
	if (!child)
		_exit(TAKE(self->subscribers[0]) != 1);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(-EAGAIN, TAKE(self->subscribers[0]));
	EXPECT_EQ(-EAGAIN, TAKE(same));
	EXPECT_EQ(1, TAKE(self->subscribers[1]));
	close(same);
}

TEST_F(broadcast, reaches_its_sender_if_that_subscribes)
{
	int both = MAILBOX_OPEN(self->device, self->name, OPEN_BOTH);

	ASSERT_LE(0, both);
	EXPECT_EQ(0, send_number(both, 0, 5));
	EXPECT_EQ(5, TAKE(both));
	EXPECT_EQ(5, TAKE(self->subscribers[2]));
	close(both);
}

TEST_F(broadcast, wakes_all_who_wait)
{
	pid_t children[SUBSCRIBERS];
	unsigned int i;

	for (i = 0; i < SUBSCRIBERS; i++) {
		children[i] = child_fork();
		if (!children[i])
			_exit(AWAIT(self->subscribers[i]));
		EXPECT_TRUE(wait_until(mailbox_counts(self->subscribers[i]).receivers_waiting));
	}
	EXPECT_EQ(SUBSCRIBERS, mailbox_counts(self->fd).receivers_waiting);
	EXPECT_EQ(0, send_number(self->fd, 0, 9));
	for (i = 0; i < SUBSCRIBERS; i++)
		EXPECT_EQ(9, child_status(children[i]));
}

TEST_F(broadcast, is_written_and_read)
{
	uint32_t number = 6;
	unsigned int i;

	EXPECT_EQ(sizeof(number), write(self->fd, &number, sizeof(number)));
	for (i = 0; i < SUBSCRIBERS; i++) {
		number = 0;
		EXPECT_EQ(sizeof(number), read(self->subscribers[i], &number, sizeof(number)));
		EXPECT_EQ(6, number);
	}
}

TEST_F(broadcast, is_selected_from_and_peeked_at_by_each_for_itself)
{
	ASSERT_EQ(0, SEND(self->fd, NUMBER(1), .type = 1, .priority = 1));
	ASSERT_EQ(0, SEND(self->fd, NUMBER(2), .type = 2, .priority = 2));
	EXPECT_EQ(2, AWAIT(self->subscribers[0], .flags = MSGPASS_BY_PRIORITY));
	EXPECT_EQ(2, AWAIT(self->subscribers[1], .flags = MSGPASS_TYPE_EXACT, .type = 2));
	EXPECT_EQ(1, AWAIT(self->subscribers[2], .flags = MSGPASS_PEEK));
	EXPECT_EQ(-EFAULT, RECEIVE(self->subscribers[2], NULL, BYTES(1, 4)));
	EXPECT_EQ(1, queued(self->subscribers[0]));
	EXPECT_EQ(1, queued(self->subscribers[1]));
	EXPECT_EQ(2, queued(self->subscribers[2]));
	EXPECT_EQ(1, TAKE(self->subscribers[0]));
	EXPECT_EQ(1, TAKE(self->subscribers[1]));
	EXPECT_EQ(1, TAKE(self->subscribers[2]));
	EXPECT_EQ(2, TAKE(self->subscribers[2]));
}

TEST_F(broadcast, goes_on_in_a_subscription_that_was_handed_on)
{
	int fd = -1;

	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	ASSERT_EQ(0, SEND(self->device, .to = getpid(), .fds_count = 1,
			  .fds = (uintptr_t)&self->subscribers[0]));
	close(self->subscribers[0]);
	ASSERT_EQ(0, send_number(self->fd, 0, 2));
	ASSERT_EQ(0, RECEIVE(self->device, NULL, .fds_room = 1, .fds = (uintptr_t)&fd));
	ASSERT_EQ(0, send_number(self->fd, 0, 3));
	self->subscribers[0] = fd;
	EXPECT_EQ(1, TAKE(fd));
	EXPECT_EQ(2, TAKE(fd));
	EXPECT_EQ(3, TAKE(fd));
	EXPECT_EQ(-EAGAIN, TAKE(fd));
}

/* --- one that is slow */

TEST_F(broadcast, is_held_back_by_one_without_room)
{
	unsigned int i;
	pid_t child;

	if (variant->lossy)
		SKIP(return, "not if it is lossy");
	ASSERT_EQ(0, fill_first(self));
	EXPECT_EQ(-EAGAIN, send_number(self->fd, 0, 77));
	EXPECT_EQ(-ETIMEDOUT, SEND(self->fd, NUMBER(78), .deadline = now() + 20 * MS));
	for (i = 1; i < SUBSCRIBERS; i++)
		EXPECT_EQ(-EAGAIN, TAKE(self->subscribers[i]));
	child = sending(self, 99);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	for (i = 1; i < SUBSCRIBERS; i++)
		EXPECT_EQ(-EAGAIN, TAKE(self->subscribers[i]));
	EXPECT_EQ(0, TAKE(self->subscribers[0]));
	EXPECT_EQ(0, child_status(child));
	for (i = 1; i < SUBSCRIBERS; i++)
		EXPECT_EQ(99, TAKE(self->subscribers[i]));
	for (i = 1; i < CAPACITY; i++)
		EXPECT_EQ(i, TAKE(self->subscribers[0]));
	EXPECT_EQ(99, TAKE(self->subscribers[0]));
}

TEST_F(broadcast, given_up_reaches_nobody)
{
	unsigned int i;
	pid_t child;

	if (variant->lossy)
		SKIP(return, "it does not wait");
	ASSERT_EQ(0, fill_first(self));
	child = sending(self, 99);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	child_kill(child);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 0));
	EXPECT_EQ(0, TAKE(self->subscribers[0]));
	for (i = 1; i < SUBSCRIBERS; i++)
		EXPECT_EQ(-EAGAIN, TAKE(self->subscribers[i]));
	EXPECT_EQ(CAPACITY - 1, queued(self->subscribers[0]));
	EXPECT_EQ(CAPACITY, mailbox_counts(self->fd).sent);
}

TEST_F(broadcast, is_no_longer_held_back_by_one_that_was_killed)
{
	pid_t slow;

	if (variant->lossy)
		SKIP(return, "it is never held back");
	slow = child_fork();
	if (!slow)
		for (;;)
			pause();
	/* Only the child has it now. */
	ASSERT_EQ(0, fill_first(self));
	close(self->subscribers[0]);
	self->subscribers[0] = -1;
	EXPECT_EQ(-EAGAIN, send_number(self->fd, 0, 1));
	child_kill(slow);
	EXPECT_EQ(0, SEND(self->fd, NUMBER(100), .deadline = soon()));
	EXPECT_EQ(100, TAKE(self->subscribers[1]));
}

TEST_F(broadcast, that_waits_goes_on_when_the_slow_one_leaves)
{
	pid_t child;

	if (variant->lossy)
		SKIP(return, "it never waits");
	/* No other process may have the slow one's file. */
	child = child_fork();
	if (!child) {
		close(self->subscribers[0]);
		CHECK(wait_until(mailbox_counts(self->fd).sent == CAPACITY));
		_exit(-SEND(self->fd, NUMBER(99), .deadline = soon()));
	}
	ASSERT_EQ(0, fill_first(self));
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	close(self->subscribers[0]);
	self->subscribers[0] = -1;
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(99, TAKE(self->subscribers[1]));
}

TEST_F(broadcast, that_waits_goes_on_when_the_capacity_is_raised)
{
	pid_t child;

	if (variant->lossy)
		SKIP(return, "it never waits");
	ASSERT_EQ(0, fill_first(self));
	child = sending(self, 99);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	ASSERT_EQ(0, set_capacity(&self->channel, CAPACITY + 1));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(CAPACITY + 1, queued(self->subscribers[0]));
	EXPECT_EQ(99, TAKE(self->subscribers[1]));
}

TEST_F(broadcast, that_waits_reaches_nobody_who_subscribed_meanwhile)
{
	pid_t child;
	int late;

	if (variant->lossy)
		SKIP(return, "it never waits");
	ASSERT_EQ(0, fill_first(self));
	child = sending(self, 99);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	late = subscribe(self);
	EXPECT_EQ(0, TAKE(self->subscribers[0]));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(-EAGAIN, TAKE(late));
	EXPECT_EQ(99, TAKE(self->subscribers[1]));
	close(late);
}

TEST_F(broadcast, is_missed_by_one_without_room_which_learns_how_many)
{
	struct msgpass_mailbox_stat stat;
	struct msgpass_receive out;
	uint32_t number = 0;
	unsigned int i;

	if (!variant->lossy)
		SKIP(return, "only if it is lossy");
	ASSERT_EQ(0, fill_first(self));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, send_number(self->fd, 0, 70 + i));
		EXPECT_EQ(70 + i, TAKE(self->subscribers[1]));
		EXPECT_EQ(70 + i, TAKE(self->subscribers[2]));
	}
	EXPECT_EQ(0, TAKE(self->subscribers[0]));
	EXPECT_EQ(0, send_number(self->fd, 0, 80));
	EXPECT_EQ(80, TAKE(self->subscribers[1]));
	for (i = 1; i < CAPACITY; i++) {
		EXPECT_EQ(0, RECEIVE(self->subscribers[0], &out, BYTES(&number, sizeof(number))));
		EXPECT_EQ(i, number);
		EXPECT_EQ(0, out.out_missed);
	}
	EXPECT_EQ(0, RECEIVE(self->subscribers[0], &out, BYTES(&number, sizeof(number)),
			     .flags = MSGPASS_PEEK));
	EXPECT_EQ(3, out.out_missed);
	EXPECT_EQ(0, RECEIVE(self->subscribers[0], &out, BYTES(&number, sizeof(number))));
	EXPECT_EQ(80, number);
	EXPECT_EQ(3, out.out_missed);
	EXPECT_EQ(CAPACITY + 4, out.out_sequence);
	EXPECT_EQ(0, send_number(self->fd, 0, 81));
	EXPECT_EQ(0, RECEIVE(self->subscribers[0], &out, BYTES(&number, sizeof(number))));
	EXPECT_EQ(0, out.out_missed);
	ASSERT_EQ(0, mailbox_stat(self->subscribers[0], "", &stat));
	EXPECT_EQ(3, stat.out_missed);
	ASSERT_EQ(0, mailbox_stat(self->subscribers[1], "", &stat));
	EXPECT_EQ(0, stat.out_missed);
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &stat));
	EXPECT_EQ(3, stat.out_missed);
}

/* --- poll */

TEST_F(broadcast, is_what_pollin_tells_each_subscriber)
{
	struct pollfd in[SUBSCRIBERS];
	unsigned int i;

	for (i = 0; i < SUBSCRIBERS; i++)
		in[i] = (struct pollfd){ .fd = self->subscribers[i], .events = POLLIN };
	EXPECT_EQ(0, poll(in, SUBSCRIBERS, 0));
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	EXPECT_EQ(SUBSCRIBERS, poll(in, SUBSCRIBERS, 0));
	EXPECT_EQ(1, TAKE(self->subscribers[1]));
	EXPECT_EQ(SUBSCRIBERS - 1, poll(in, SUBSCRIBERS, 0));
	EXPECT_EQ(0, in[1].revents);
}

TEST_F(broadcast, wakes_those_who_poll_its_subscriptions)
{
	pid_t children[SUBSCRIBERS];
	unsigned int i;

	for (i = 0; i < SUBSCRIBERS; i++) {
		children[i] = child_fork();
		if (!children[i]) {
			struct pollfd in = { .fd = self->subscribers[i], .events = POLLIN };

			_exit(poll(&in, 1, LIMIT / MS) != 1 || in.revents != POLLIN);
		}
	}
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	for (i = 0; i < SUBSCRIBERS; i++)
		EXPECT_EQ(0, child_status(children[i]));
}

TEST_F(broadcast, is_writable_while_all_have_room)
{
	struct pollfd out = { .fd = self->fd, .events = POLLOUT };
	pid_t child;

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_CAPACITY_BYTES |
				 MSGPASS_SET_MESSAGE_MAX, .capacity_bytes = 1 << 20,
				 .message_max = 16));
	EXPECT_EQ(1, poll(&out, 1, 0));
	ASSERT_EQ(0, fill_first(self));
	EXPECT_EQ(variant->lossy, poll(&out, 1, 0));
	child = child_fork();
	if (!child)
		_exit(poll(&out, 1, LIMIT / MS) != 1 || out.revents != POLLOUT);
	EXPECT_EQ(0, TAKE(self->subscribers[0]));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(1, poll(&out, 1, 0));
}

TEST_F(broadcast, is_not_writable_once_the_capacity_came_down_until_there_is_room)
{
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };
	struct pollfd out = { .fd = self->fd, .events = POLLOUT };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (variant->lossy)
		SKIP(return, "it is always writable");
	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				 .message_max = 16));
	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	ASSERT_EQ(0, send_number(self->fd, 0, 2));
	EXPECT_EQ(1, poll(&out, 1, 0));
	ASSERT_EQ(0, set_capacity(&self->channel, 2));
	EXPECT_EQ(0, poll(&out, 1, 0));
	/* Tells only of a change that it is told of. */
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &event));
	EXPECT_EQ(1, TAKE(self->subscribers[0]));
	EXPECT_EQ(1, TAKE(self->subscribers[1]));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	EXPECT_EQ(1, TAKE(self->subscribers[2]));
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, LIMIT / MS));
	EXPECT_EQ(EPOLLOUT, event.events);
	close(epoll);
}

TEST_F(broadcast, is_said_once_to_be_writable_when_the_capacity_was_raised)
{
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	pid_t child;

	if (variant->lossy)
		SKIP(return, "it is always writable");
	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				 .message_max = 16));
	ASSERT_EQ(0, fill_first(self));
	child = sending(self, 99);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	ASSERT_EQ(0, set_capacity(&self->channel, 2 * CAPACITY));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, LIMIT / MS));
	/* It makes more room, where there was enough. */
	EXPECT_EQ(0, TAKE(self->subscribers[0]));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	close(epoll);
}

TEST_F(broadcast, hangs_up_on_all_when_it_is_deleted)
{
	struct pollfd in[SUBSCRIBERS];
	pid_t receiver, sender = 0;
	unsigned int i;

	if (!variant->lossy) {
		ASSERT_EQ(0, fill_first(self));
		sender = sending(self, 9);
		EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	}
	receiver = child_fork();
	if (!receiver)
		_exit(-AWAIT(self->subscribers[1]));
	EXPECT_TRUE(wait_until(mailbox_counts(self->subscribers[1]).receivers_waiting));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(EPIPE, child_status(receiver));
	if (sender)
		EXPECT_EQ(EPIPE, child_status(sender));
	for (i = 0; i < SUBSCRIBERS; i++) {
		in[i] = (struct pollfd){ .fd = self->subscribers[i], .events = POLLIN };
		EXPECT_EQ(-EPIPE, TAKE(self->subscribers[i]));
	}
	EXPECT_EQ(SUBSCRIBERS, poll(in, SUBSCRIBERS, 0));
	for (i = 0; i < SUBSCRIBERS; i++)
		EXPECT_TRUE(in[i].revents & POLLHUP);
	EXPECT_EQ(-EPIPE, send_number(self->fd, 0, 1));
}

/* --- what can't be */

TEST_F(broadcast, is_not_synchronous_and_gives_no_receipt)
{
	struct msgpass_call request = { .size = sizeof(request), .flags = MSGPASS_NONBLOCK };
	static char large[1 << 20];

	EXPECT_EQ(-EOPNOTSUPP, SEND(self->fd, NUMBER(1), .flags = MSGPASS_SYNCHRONOUS));
	EXPECT_EQ(-EOPNOTSUPP, SEND(self->fd, NUMBER(1), .flags = MSGPASS_RECEIPT));
	EXPECT_EQ(-EOPNOTSUPP, SEND(self->fd, BYTES(large, sizeof(large)),
				    .flags = MSGPASS_FLOW));
	EXPECT_EQ(-EOPNOTSUPP, call(self->fd, MSGPASS_IOC_CALL, &request));
	EXPECT_EQ(-EAGAIN, TAKE(self->subscribers[0]));
}

TEST_F(broadcast, is_no_place_to_forward_a_call_to)
{
	struct msgpass_call request = {
		.size = sizeof(request), .flags = MSGPASS_NONBLOCK, .to = getpid(),
	};
	struct msgpass_forward forward = { .size = sizeof(forward) };
	struct msgpass_receive out;

	ASSERT_EQ(-EINPROGRESS, call(self->device, MSGPASS_IOC_CALL, &request));
	ASSERT_EQ(0, RECEIVE(self->device, &out, .flags = MSGPASS_NONBLOCK));
	forward.token = out.out_token;
	EXPECT_EQ(-EOPNOTSUPP, call(self->fd, MSGPASS_IOC_FORWARD, &forward));
	EXPECT_EQ(-EAGAIN, TAKE(self->subscribers[0]));
	/* It is this process's still. */
	EXPECT_EQ(0, call(self->device, MSGPASS_IOC_REPLY, &(struct msgpass_reply){
		.size = sizeof(struct msgpass_reply), .token = out.out_token }));
}

TEST_F(broadcast, has_a_capacity)
{
	const uint32_t flags = OPEN_NEW | MSGPASS_OPEN_BROADCAST |
			       (variant->lossy ? MSGPASS_OPEN_LOSSY : 0);

	EXPECT_EQ(-EOPNOTSUPP, MAILBOX_OPEN(self->device, unique_name("none"), flags,
					    .set = MSGPASS_SET_CAPACITY));
	EXPECT_EQ(-EOPNOTSUPP, set_capacity(&self->channel, 0));
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	EXPECT_EQ(1, TAKE(self->subscribers[0]));
}

TEST_F(broadcast, has_at_most_1024_subscriptions)
{
	struct rlimit files;
	int fds[1024];
	unsigned int i;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &files));
	if (files.rlim_max != RLIM_INFINITY && files.rlim_max < 2 * ARRAY_SIZE(fds))
		SKIP(return, "not so many files may be open");
	files.rlim_cur = 2 * ARRAY_SIZE(fds);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	for (i = SUBSCRIBERS; i < ARRAY_SIZE(fds); i++) {
		fds[i] = subscribe(self);
		ASSERT_LE(0, fds[i]);
	}
	EXPECT_EQ(-ENOSPC, subscribe(self));
	close(fds[SUBSCRIBERS]);
	fds[SUBSCRIBERS] = subscribe(self);
	EXPECT_LE(0, fds[SUBSCRIBERS]);
	EXPECT_EQ(-ENOSPC, subscribe(self));
	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	EXPECT_EQ(1, TAKE(fds[ARRAY_SIZE(fds) - 1]));
	for (i = SUBSCRIBERS; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

TEST_F(broadcast, is_made_so)
{
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, self->name,
					MSGPASS_OPEN_RECEIVE | MSGPASS_OPEN_BROADCAST));
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, unique_name("lossy"),
					OPEN_NEW | MSGPASS_OPEN_LOSSY));
	EXPECT_EQ(-EMSGSIZE, SEND(self->fd, BYTES(self, 1ULL << 40)));
}

TEST_F(broadcast, is_not_what_a_mailbox_becomes_that_is_there_already)
{
	const char *name = unique_name("ordinary");
	struct msgpass_mailbox_stat stat;
	int first, other;

	first = MAILBOX_OPEN(self->device, name, OPEN_NEW);
	ASSERT_LE(0, first);
	other = MAILBOX_OPEN(self->device, name, MSGPASS_OPEN_RECEIVE | MSGPASS_OPEN_CREATE |
			     MSGPASS_OPEN_BROADCAST);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, mailbox_stat(other, "", &stat));
	EXPECT_EQ(0, stat.out_flags & MSGPASS_MAILBOX_BROADCAST);
	ASSERT_EQ(0, send_number(first, 0, 1));
	EXPECT_EQ(1, TAKE(other));
	EXPECT_EQ(-EAGAIN, TAKE(first));
	EXPECT_EQ(0, mailbox_delete(first, ""));
	close(first);
	close(other);
}

TEST_F(broadcast, right_does_not_stand_in_its_own_queue)
{
	EXPECT_EQ(-ELOOP, SEND(self->fd, .fds = (uintptr_t)&self->subscribers[0],
			       .fds_count = 1));
	EXPECT_EQ(-ELOOP, SEND(self->fd, .fds = (uintptr_t)&self->fd, .fds_count = 1));
	EXPECT_EQ(-EAGAIN, TAKE(self->subscribers[0]));
}

/* --- what is told, and what it costs */

TEST_F(broadcast, tells_each_subscriber_of_itself_and_others_of_all)
{
	struct msgpass_mailbox_stat stat;

	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	ASSERT_EQ(0, send_number(self->fd, 0, 2));
	EXPECT_EQ(1, TAKE(self->subscribers[0]));
	ASSERT_EQ(0, mailbox_stat(self->subscribers[0], "", &stat));
	EXPECT_EQ(1, stat.out_queued);
	EXPECT_EQ(sizeof(uint32_t), stat.out_queued_bytes);
	EXPECT_EQ(1, stat.out_received);
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &stat));
	EXPECT_EQ(2 * SUBSCRIBERS - 1, stat.out_queued);
	EXPECT_EQ((2 * SUBSCRIBERS - 1) * sizeof(uint32_t), stat.out_queued_bytes);
	EXPECT_EQ(2, stat.out_sent);
	EXPECT_EQ(SUBSCRIBERS, stat.out_subscribers);
	EXPECT_EQ(MSGPASS_MAILBOX_BROADCAST | (variant->lossy ? MSGPASS_MAILBOX_LOSSY : 0),
		  stat.out_flags);
	ASSERT_EQ(0, mailbox_stat(self->device, self->name, &stat));
	EXPECT_EQ(2 * SUBSCRIBERS - 1, stat.out_queued);
	EXPECT_EQ(SUBSCRIBERS, stat.out_subscribers);
}

TEST_F(broadcast, stores_the_bytes_once_until_the_last_has_them)
{
	static char bytes[64 << 10];
	uint64_t base = user_bytes(self->device);
	unsigned int i;

	ASSERT_EQ(0, SEND(self->fd, BYTES(bytes, sizeof(bytes))));
	EXPECT_LE(base + sizeof(bytes), user_bytes(self->device));
	EXPECT_GT(base + sizeof(bytes) * 3 / 2, user_bytes(self->device));
	for (i = 0; i < SUBSCRIBERS; i++) {
		EXPECT_LE(base + sizeof(bytes), user_bytes(self->device));
		EXPECT_EQ(0, RECEIVE(self->subscribers[i], NULL, BYTES(bytes, sizeof(bytes))));
	}
	EXPECT_EQ(base, user_bytes(self->device));
}

TEST_F(broadcast, that_nobody_takes_goes_with_its_subscriptions)
{
	uint64_t base, subscribed = user_bytes(self->device);
	unsigned int i;

	for (i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_number(self->fd, 0, i));
	EXPECT_LT(subscribed, user_bytes(self->device));
	for (i = 0; i < SUBSCRIBERS; i++) {
		base = user_bytes(self->device);
		close(self->subscribers[i]);
		EXPECT_TRUE(wait_until(user_bytes(self->device) < base));
		self->subscribers[i] = -1;
	}
	EXPECT_GT(subscribed, user_bytes(self->device));
}

TEST_F(broadcast, that_fails_costs_nothing)
{
	uint64_t base;

	if (variant->lossy)
		SKIP(return, "it does not fail for want of room");
	ASSERT_EQ(0, fill_first(self));
	base = user_bytes(self->device);
	EXPECT_EQ(-EAGAIN, send_number(self->fd, 0, 1));
	EXPECT_EQ(-ETIMEDOUT, SEND(self->fd, NUMBER(1), .deadline = now() + 20 * MS));
	EXPECT_EQ(base, user_bytes(self->device));
}

enum { CROWD = 70 };	/* more than two times as many as are copied for at once */

/* What a send of a user without privileges returns, if what it costs is as that says; else EIO. */
static int send_as_it_costs(FIXTURE_DATA(broadcast) *self, uint64_t lifetime)
{
	uint64_t before;
	bool costs;
	int ret;

	become(CHILD, FAMILY);
	before = user_bytes(self->device);
	ret = SEND(self->fd, NUMBER(1), .lifetime = lifetime);
	costs = user_bytes(self->device) != before;
	return costs == !ret ? -ret : EIO;
}

TEST_F(broadcast, reaches_all_of_many_or_if_not_all_can_be_paid_for_none_and_costs_nothing)
{
	int64_t quota = parameter("user_bytes");
	unsigned int bytes, i, sent = 0, failed = 0;
	int fds[CROWD], status;
	pid_t child;

	NEED_ROOT();
	for (i = 0; i < CROWD; i++) {
		fds[i] = subscribe(self);
		ASSERT_LE(0, fds[i]);
	}
	for (bytes = 4000; bytes < 60000; bytes += 4000) {
		ASSERT_EQ(0, parameter_set("user_bytes", bytes));
		child = child_fork();
		if (!child)
			_exit(send_as_it_costs(self, bytes % 3 ? 0 : LIMIT));
		status = child_status(child);
		EXPECT_TRUE(!status || status == EDQUOT);
		sent += !status;
		failed += status == EDQUOT;
		for (i = 0; i < SUBSCRIBERS; i++)
			EXPECT_EQ(status ? -EAGAIN : 1, TAKE(self->subscribers[i]));
		for (i = 0; i < CROWD; i++)
			EXPECT_EQ(status ? -EAGAIN : 1, TAKE(fds[i]));
	}
	ASSERT_EQ(0, parameter_set("user_bytes", quota));
	EXPECT_LT(2, sent);
	EXPECT_LT(2, failed);
	for (i = 0; i < CROWD; i++)
		close(fds[i]);
}

/* --- with what else a message can have */

TEST_F(broadcast, gives_fds_to_every_subscriber)
{
	struct pollfd end = { .events = POLLIN };
	struct msgpass_receive out;
	int ends[2], fd;
	unsigned int i;

	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC));
	end.fd = ends[0];
	ASSERT_EQ(0, SEND(self->fd, .fds = (uintptr_t)&ends[1], .fds_count = 1));
	close(ends[1]);
	for (i = 0; i < SUBSCRIBERS - 1; i++) {
		fd = -1;
		ASSERT_EQ(0, RECEIVE(self->subscribers[i], &out, .fds = (uintptr_t)&fd,
				     .fds_room = 1));
		EXPECT_EQ(1, out.out_fds);
		EXPECT_EQ(1, write(fd, "x", 1));
		EXPECT_EQ(1, read(ends[0], &(char){ 0 }, 1));
		close(fd);
	}
	EXPECT_EQ(0, poll(&end, 1, 0));
	/* The last does not take it. */
	close(self->subscribers[i]);
	self->subscribers[i] = -1;
	EXPECT_EQ(1, poll(&end, 1, LIMIT / MS));
	EXPECT_EQ(POLLHUP, end.revents);
	close(ends[0]);
}

TEST_F(broadcast, is_over_for_each_when_its_lifetime_is)
{
	unsigned int i;

	ASSERT_EQ(0, SEND(self->fd, NUMBER(1), .lifetime = 500 * MS));
	EXPECT_EQ(1, TAKE(self->subscribers[0]));
	EXPECT_TRUE(wait_until(queued(self->fd) == 0));
	for (i = 0; i < SUBSCRIBERS; i++)
		EXPECT_EQ(-EAGAIN, TAKE(self->subscribers[i]));
	EXPECT_EQ(1, mailbox_counts(self->subscribers[0]).received);
	EXPECT_EQ(1, mailbox_counts(self->subscribers[1]).dropped);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, SEND(self->fd, NUMBER(1), .lifetime = 1));
		EXPECT_EQ(-EAGAIN, TAKE(self->subscribers[i % SUBSCRIBERS]));
		EXPECT_TRUE(wait_until(queued(self->fd) == 0));
	}
}

TEST_F(broadcast, that_expires_makes_room_for_a_sender_who_waits)
{
	unsigned int i;
	int64_t number;

	if (variant->lossy)
		SKIP(return, "it never waits");
	for (i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, SEND(self->fd, NUMBER(i), .lifetime = 100 * MS));
	EXPECT_EQ(0, SEND(self->fd, NUMBER(9), .deadline = soon()));
	/* The first is over; the others may have been accepted a while later. */
	do {
		number = AWAIT(self->subscribers[1]);
	} while (number > 0 && number < CAPACITY);
	EXPECT_EQ(9, number);
}

TEST_F(broadcast, is_received_in_pieces_by_each_for_itself)
{
	struct msgpass_piece_read piece;
	struct msgpass_receive out;
	uint64_t base = user_bytes(self->device);
	char text[16];
	unsigned int i;

	ASSERT_EQ(0, SEND(self->fd, BYTES("abcdefgh", 8)));
	for (i = 0; i < SUBSCRIBERS; i++) {
		memset(text, 0, sizeof(text));
		ASSERT_EQ(0, RECEIVE(self->subscribers[i], &out, BYTES(text, 3),
				     .flags = MSGPASS_PIECES));
		EXPECT_EQ(5, out.out_remaining);
		piece = (struct msgpass_piece_read){
			.size = sizeof(piece), .token = out.out_token, BYTES(text + 3, 8),
		};
		EXPECT_EQ(0, call(self->subscribers[i], MSGPASS_IOC_PIECE_READ, &piece));
		EXPECT_EQ(5, piece.out_count);
		EXPECT_STREQ("abcdefgh", text);
	}
	EXPECT_EQ(base, user_bytes(self->device));
}

/* --- many at once */

enum { SENDERS = 3, EACH = 150 };

/* Take all there is to come, and put it down; true if nothing is lost or out of order. */
static bool take_all(int fd, uint32_t *numbers)
{
	uint32_t next[SENDERS] = {}, number;
	struct msgpass_receive out;
	uint64_t last = 0, missed = 0;
	unsigned int i;
	int ret;

	for (i = 0; i + missed < SENDERS * EACH; i++) {
		ret = RECEIVE(fd, &out, BYTES(&number, sizeof(number)), .deadline = soon());
		if (ret)
			return false;
		missed += out.out_missed;
		if (out.out_sequence != last + 1 + out.out_missed)
			return false;
		last = out.out_sequence;
		numbers[last - 1] = number;
		if (number / EACH >= SENDERS || number % EACH < next[number / EACH])
			return false;
		next[number / EACH] = number % EACH + 1;
	}
	return true;
}

TEST_F(broadcast, of_many_senders_comes_to_all_in_one_order)
{
	uint32_t *numbers[SUBSCRIBERS];
	pid_t senders[SENDERS], receivers[SUBSCRIBERS];
	uint32_t i, j;

	for (i = 0; i < SUBSCRIBERS; i++) {
		numbers[i] = shared(SENDERS * EACH * sizeof(uint32_t));
		/* A lossy one's last messages may be missed, and nothing would tell. */
		if (variant->lossy)
			ASSERT_EQ(0, set_capacity(&self->channel, SENDERS * EACH));
		receivers[i] = child_fork();
		if (!receivers[i])
			_exit(!take_all(self->subscribers[i], numbers[i]));
	}
	for (i = 0; i < SENDERS; i++) {
		senders[i] = child_fork();
		if (senders[i])
			continue;
		for (j = 0; j < EACH; j++)
			CHECK(!SEND(self->fd, NUMBER(i * EACH + j), .deadline = soon()));
		_exit(0);
	}
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_status(senders[i]));
	for (i = 0; i < SUBSCRIBERS; i++) {
		EXPECT_EQ(0, child_status(receivers[i]));
		EXPECT_EQ(0, memcmp(numbers[0], numbers[i], SENDERS * EACH * sizeof(uint32_t)));
	}
}

TEST_F(broadcast, goes_on_while_subscribers_come_and_go)
{
	uint64_t base = user_bytes(self->device);
	pid_t comers[2], sender;
	unsigned int i, j, sent = SENDERS * EACH;
	bool in_order = true;

	for (i = 0; i < 2; i++) {
		comers[i] = child_fork();
		if (comers[i])
			continue;
		for (j = 0;; j++) {
			int fd = subscribe(self);

			CHECK(fd >= 0);
			while (j % 3 && TAKE(fd) < 0 && j % 3 == 1)
				sched_yield();
			close(fd);
		}
	}
	ASSERT_EQ(0, set_capacity(&self->channel, variant->lossy ? sent : CAPACITY));
	sender = child_fork();
	if (!sender) {
		for (i = 0; i < sent; i++)
			CHECK(!SEND(self->fd, NUMBER(i), .deadline = soon()));
		_exit(0);
	}
	for (i = 0; i < sent; i++)
		for (j = 0; j < SUBSCRIBERS; j++)
			in_order &= AWAIT(self->subscribers[j]) == i;
	EXPECT_TRUE(in_order);
	EXPECT_EQ(0, child_status(sender));
	for (i = 0; i < 2; i++)
		child_kill(comers[i]);
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
}

#include "afterwards.h"
