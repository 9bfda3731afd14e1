// SPDX-License-Identifier: GPL-2.0
/*
 * Who waits, and for what, as MSGPASS_IOC_WAIT_LIST tells it.
 */
#include "msgpass_test.h"

#define ROOM 8

struct seen {
	struct msgpass_wait_list list;
	struct msgpass_wait_element waits[ROOM];
};

static int do_look(int fd, struct seen *seen, const char *name, struct msgpass_wait_list list)
{
	list.size = sizeof(list);
	list.elements = (uintptr_t)seen->waits;
	if (!list.count)
		list.count = ROOM;
	memccpy(list.name, name, 0, sizeof(list.name));
	seen->list = list;
	return call(fd, MSGPASS_IOC_WAIT_LIST, &seen->list);
}

/* LOOK(fd, &seen, name or "", .process = pid, ...): how many wait. */
#define LOOK(fd, seen, name, ...) \
	do_look(fd, seen, name, (struct msgpass_wait_list){ __VA_ARGS__ })

FIXTURE(waits) {
	struct channel channel;
	struct seen seen;
	pid_t me;
	uint64_t peer;
	uint64_t begin;
};

FIXTURE_VARIANT(waits) {
	bool direct;
};

FIXTURE_VARIANT_ADD(waits, at_an_inbox) { true };
FIXTURE_VARIANT_ADD(waits, at_a_mailbox) { false };

FIXTURE_SETUP(waits)
{
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->me = getpid();
	self->peer = own_peer(self->channel.fd);
	self->begin = now();
}

FIXTURE_TEARDOWN(waits)
{
	close(self->channel.fd);
}

#define LOOK_HERE(...) LOOK(self->channel.fd, &self->seen, "", __VA_ARGS__)

TEST_F(waits, are_none_where_nobody_waits)
{
	EXPECT_EQ(0, LOOK_HERE());
	EXPECT_EQ(0, self->seen.list.out_next);
	EXPECT_LE(self->begin, self->seen.list.out_time);
}

TEST_F(waits, of_a_receiver_are_for_a_message)
{
	const struct msgpass_wait_element *wait = &self->seen.waits[0];
	pid_t child = child_receiving(&self->channel, 0);
	struct channel *channel = &self->channel;

	EXPECT_TRUE(receivers_wait(channel, child, 1));
	ASSERT_EQ(1, LOOK_HERE(.process = address(channel, child)));
	EXPECT_EQ(child, wait->out_pid);
	EXPECT_EQ(child, wait->out_tid);
	EXPECT_EQ(MSGPASS_FOR_MESSAGE, wait->out_reason);
	EXPECT_EQ(0, wait->out_for_pid);
	EXPECT_EQ(0, wait->out_for_peer);
	EXPECT_EQ(0, wait->out_for_mailbox);
	EXPECT_EQ(0, wait->out_deadline);
	/* Kernels tick a hundred times in a second, or more often. */
	EXPECT_LE(self->begin, wait->out_since + 20000000);
	EXPECT_GE(self->seen.list.out_time, wait->out_since);
	EXPECT_EQ(0, self->seen.list.out_next);
	if (channel->direct)
		EXPECT_EQ(peer_of(channel->fd, child), wait->out_peer);
	EXPECT_EQ(0, SEND(channel->fd, .to = address(channel, child), NUMBER(7)));
	EXPECT_EQ(7, child_status(child));
	if (!channel->direct)
		EXPECT_EQ(0, LOOK_HERE());
}

TEST_F(waits, have_the_deadline_that_was_given)
{
	const uint64_t deadline = soon();
	pid_t child = child_fork();

	if (!child)
		_exit(RECEIVE(self->channel.fd, NULL, .deadline = deadline) == 0);
	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	EXPECT_EQ(1, LOOK_HERE(.process = address(&self->channel, child)));
	EXPECT_EQ(deadline, self->seen.waits[0].out_deadline);
	child_kill(child);
}

TEST_F(waits, of_a_sender_are_for_room)
{
	const struct msgpass_wait_element *wait = &self->seen.waits[0];
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(0, send_number(self->channel.fd, address(&self->channel, self->me), 1));
	child = child_fork();
	if (!child) {
		uint64_t to = address(&self->channel, self->me);

		if (self->channel.direct)
			CHECK(!send_number(self->channel.fd, to, 2));
		_exit(-SEND(self->channel.fd, .to = to, NUMBER(3)));
	}
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	ASSERT_EQ(1, LOOK_HERE());
	EXPECT_EQ(child, wait->out_pid);
	EXPECT_EQ(MSGPASS_FOR_ROOM, wait->out_reason);
	EXPECT_EQ(address(&self->channel, self->me), wait->out_for_pid);
	EXPECT_EQ(self->channel.direct ? self->peer : 0, wait->out_for_peer);
	child_kill(child);
}

TEST_F(waits, of_a_synchronous_sender_are_for_a_rendezvous)
{
	const struct msgpass_wait_element *wait = &self->seen.waits[0];
	uint64_t to = address(&self->channel, self->me);
	pid_t child = child_fork();

	if (!child)
		_exit(-SEND(self->channel.fd, .to = to, .flags = MSGPASS_SYNCHRONOUS, NUMBER(1)));
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	ASSERT_EQ(1, LOOK_HERE());
	EXPECT_EQ(child, wait->out_pid);
	EXPECT_EQ(MSGPASS_FOR_RENDEZVOUS, wait->out_reason);
	EXPECT_EQ(to, wait->out_for_pid);
	EXPECT_EQ(1, TAKE(self->channel.fd));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, LOOK_HERE());
}

TEST_F(waits, of_a_caller_are_for_the_reply_of_who_has_the_call)
{
	const struct msgpass_wait_element *wait = &self->seen.waits[0];
	uint64_t to = address(&self->channel, self->me);
	int device = device_open();
	struct msgpass_receive receive;
	uint32_t number;
	pid_t child = child_fork();

	if (!child)
		_exit(-CALL(self->channel.fd, NULL, .to = to, NUMBER(1), PLACE_OF(number)));
	ASSERT_TRUE(wait_until(LOOK(device, &self->seen, "", .process = child) == 1));
	EXPECT_EQ(child, wait->out_pid);
	EXPECT_EQ(MSGPASS_FOR_REPLY, wait->out_reason);
	EXPECT_EQ(to, wait->out_for_pid);
	ASSERT_EQ(0, RECEIVE(self->channel.fd, &receive, BYTES(&number, sizeof(number))));
	ASSERT_EQ(1, LOOK(device, &self->seen, "", .process = child));
	EXPECT_EQ(MSGPASS_FOR_REPLY, wait->out_reason);
	EXPECT_EQ(self->me, wait->out_for_pid);
	EXPECT_EQ(self->peer, wait->out_for_peer);
	EXPECT_EQ(0, reply_number(self->channel.fd, receive.out_token, 2));
	EXPECT_EQ(0, child_status(child));
	close(device);
}

TEST_F(waits, of_a_flows_sender_are_for_who_receives_the_rest)
{
	const struct msgpass_wait_element *wait = &self->seen.waits[0];
	uint64_t to = address(&self->channel, self->me);
	int device = device_open();
	struct msgpass_receive receive;
	struct msgpass_piece_read skip = { .size = sizeof(skip) };
	static char flow[3 << 20];
	pid_t child = child_fork();

	if (!child)
		_exit(-SEND(self->channel.fd, .to = to, .flags = MSGPASS_FLOW,
			    BYTES(flow, sizeof(flow))));
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	ASSERT_EQ(1, LOOK_HERE());
	EXPECT_EQ(MSGPASS_FOR_RENDEZVOUS, wait->out_reason);
	ASSERT_EQ(0, RECEIVE(self->channel.fd, &receive, .flags = MSGPASS_PIECES, BYTES(flow, 4)));
	ASSERT_TRUE(wait_until(LOOK(device, &self->seen, "") == 1));
	EXPECT_EQ(child, wait->out_pid);
	EXPECT_EQ(child, wait->out_tid);
	EXPECT_EQ(MSGPASS_FOR_FLOW, wait->out_reason);
	EXPECT_EQ(self->me, wait->out_for_pid);
	EXPECT_EQ(self->peer, wait->out_for_peer);
	EXPECT_EQ(0, wait->out_for_mailbox);
	if (!self->channel.direct)
		EXPECT_EQ(0, LOOK_HERE());
	skip.token = receive.out_token;
	skip.flags = MSGPASS_CANCEL;
	EXPECT_EQ(0, call(self->channel.fd, MSGPASS_IOC_PIECE_READ, &skip));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, LOOK(device, &self->seen, ""));
	close(device);
}

TEST_F(waits, that_do_not_fit_come_with_the_next_look)
{
	pid_t children[3], seen[3] = {};
	unsigned int i;

	ASSERT_EQ(0, set_capacity(&self->channel, 0));
	for (i = 0; i < 3; i++) {
		children[i] = child_sending(&self->channel, self->me, i);
		EXPECT_TRUE(senders_wait(&self->channel, self->me, i + 1));
	}
	ASSERT_EQ(2, LOOK_HERE(.count = 2));
	seen[0] = self->seen.waits[0].out_pid;
	seen[1] = self->seen.waits[1].out_pid;
	EXPECT_EQ(2, self->seen.list.out_next);
	ASSERT_EQ(1, LOOK_HERE(.count = 2, .first = self->seen.list.out_next));
	seen[2] = self->seen.waits[0].out_pid;
	EXPECT_EQ(0, self->seen.list.out_next);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(children[i], seen[i]);
		child_kill(children[i]);
	}
	EXPECT_TRUE(wait_until(LOOK_HERE() == 0));
	EXPECT_EQ(0, LOOK_HERE(.first = ~0ULL));
}

TEST_F(waits, without_room_for_one_are_einval)
{
	struct msgpass_wait_list list = { .size = sizeof(list) };
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 0));
	child = child_sending(&self->channel, self->me, 1);
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	EXPECT_EQ(-EINVAL, call(self->channel.fd, MSGPASS_IOC_WAIT_LIST, &list));
	EXPECT_EQ(1, LOOK_HERE(.count = 1));
	EXPECT_EQ(0, self->seen.list.out_next);
	child_kill(child);
}

TEST_F(waits, can_be_seen_by_those_who_may_signal_the_process)
{
	pid_t father, child;

	NEED_ROOT();
	father = child_fork();
	if (!father) {
		become(FATHER, FAMILY);
		_exit(RECEIVE(self->channel.fd, NULL));
	}
	EXPECT_TRUE(receivers_wait(&self->channel, father, 1));
	child = child_fork();
	if (!child) {
		become(FATHER, STRANGERS);
		CHECK(LOOK_HERE(.process = address(&self->channel, father)) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	child = child_fork();
	if (!child) {
		become(MOTHER, FAMILY);
		CHECK(LOOK_HERE(.process = address(&self->channel, father)) ==
		      (self->channel.direct ? -ESRCH : 0));
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	child_kill(father);
}

TEST_F(waits, that_cannot_be_told_are_efault)
{
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 0));
	child = child_sending(&self->channel, self->me, 1);
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	self->seen.list = (struct msgpass_wait_list){
		.size = sizeof(self->seen.list), .elements = 8, .count = 1,
	};
	EXPECT_EQ(-EFAULT, call(self->channel.fd, MSGPASS_IOC_WAIT_LIST, &self->seen.list));
	EXPECT_EQ(1, LOOK_HERE());
	child_kill(child);
}

/* --- in particular places */

/* A child that has sent so many numbers, and then another thing or none. */
static pid_t child_that_sent(struct channel *inbox, pid_t to, unsigned int count, uint32_t flags)
{
	uint64_t before = channel_counts(inbox, to).sent;
	pid_t pid = child_fork();

	if (!pid) {
		CHECK(!SEND(inbox->fd, .to = to, .flags = flags, NUMBER(1)));
		while (--count)
			CHECK(!SEND(inbox->fd, .to = to, NUMBER(1)));
		pause();
	}
	CHECK(wait_until(channel_counts(inbox, to).sent == before + 1));
	return pid;
}

TEST(those_who_wait_are_found_between_links_where_nobody_does)
{
	struct channel inbox;
	struct seen seen;
	pid_t children[5];
	unsigned int i;

	ASSERT_EQ(0, channel_open(&inbox, true));
	ASSERT_EQ(0, set_capacity(&inbox, 1));
	children[0] = child_that_sent(&inbox, getpid(), 1, 0);
	children[1] = child_that_sent(&inbox, getpid(), 2, 0);
	children[2] = child_that_sent(&inbox, getpid(), 1, 0);
	children[3] = child_that_sent(&inbox, getpid(), 1, MSGPASS_SYNCHRONOUS);
	children[4] = child_that_sent(&inbox, getpid(), 1, 0);
	EXPECT_TRUE(senders_wait(&inbox, getpid(), 2));
	ASSERT_EQ(2, LOOK(inbox.fd, &seen, ""));
	EXPECT_EQ(children[1], seen.waits[0].out_pid);
	EXPECT_EQ(MSGPASS_FOR_ROOM, seen.waits[0].out_reason);
	EXPECT_EQ(children[3], seen.waits[1].out_pid);
	EXPECT_EQ(MSGPASS_FOR_RENDEZVOUS, seen.waits[1].out_reason);
	EXPECT_EQ(0, seen.list.out_next);
	for (i = 0; i < ARRAY_SIZE(children); i++)
		child_kill(children[i]);
	close(inbox.fd);
}

FIXTURE(place) {
	int device;
	const char *name;
	int mailbox;
	struct seen seen;
};

FIXTURE_SETUP(place)
{
	self->device = device_open();
	self->name = unique_name("waits");
	self->mailbox = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	ASSERT_LE(0, self->mailbox);
}

FIXTURE_TEARDOWN(place)
{
	mailbox_delete(self->device, self->name);
	close(self->mailbox);
	close(self->device);
}

TEST_F(place, a_mailbox_is_named_by_its_number)
{
	struct channel channel = { .fd = self->mailbox };
	struct msgpass_mailbox_stat stat;
	pid_t child = child_receiving(&channel, 0);

	EXPECT_TRUE(receivers_wait(&channel, child, 1));
	EXPECT_EQ(0, mailbox_stat(self->mailbox, "", &stat));
	EXPECT_EQ(1, LOOK(self->device, &self->seen, self->name));
	EXPECT_EQ(stat.out_id, self->seen.waits[0].out_for_mailbox);
	child_kill(child);
	child = child_fork();
	if (!child)
		_exit(CALL(self->mailbox, NULL, NUMBER(1)) == 0);
	EXPECT_TRUE(wait_until(LOOK(self->device, &self->seen, "", .process = child) == 1));
	EXPECT_EQ(MSGPASS_FOR_REPLY, self->seen.waits[0].out_reason);
	EXPECT_EQ(stat.out_id, self->seen.waits[0].out_for_mailbox);
	EXPECT_EQ(0, self->seen.waits[0].out_for_peer);
	child_kill(child);
}

TEST_F(place, who_receives_from_one_process_waits_for_that)
{
	struct channel channel = { .fd = self->device, .direct = true };
	pid_t child = child_receiving(&channel, getpid());

	EXPECT_TRUE(receivers_wait(&channel, child, 1));
	ASSERT_EQ(1, LOOK(self->device, &self->seen, "", .process = child));
	EXPECT_EQ(MSGPASS_FOR_MESSAGE, self->seen.waits[0].out_reason);
	EXPECT_EQ(getpid(), self->seen.waits[0].out_for_pid);
	EXPECT_EQ(own_peer(self->device), self->seen.waits[0].out_for_peer);
	child_kill(child);
}

TEST_F(place, a_broadcast_has_all_who_wait_for_it)
{
	const char *name = unique_name("broadcast");
	pid_t children[2];
	unsigned int i;
	int fd = MAILBOX_OPEN(self->device, name, OPEN_NEW | MSGPASS_OPEN_BROADCAST);

	for (i = 0; i < 2; i++) {
		children[i] = child_fork();
		if (!children[i])
			_exit(RECEIVE(MAILBOX_OPEN(self->device, name, MSGPASS_OPEN_RECEIVE),
				      NULL));
	}
	EXPECT_TRUE(wait_until(LOOK(fd, &self->seen, "") == 2));
	EXPECT_NE(0, self->seen.waits[0].out_for_mailbox);
	EXPECT_NE(self->seen.waits[0].out_pid, self->seen.waits[1].out_pid);
	for (i = 0; i < 2; i++)
		child_kill(children[i]);
	EXPECT_EQ(0, mailbox_delete(self->device, name));
	EXPECT_EQ(-EPIPE, LOOK(fd, &self->seen, ""));
	close(fd);
}

TEST_F(place, that_is_none_is_an_error)
{
	EXPECT_EQ(-ENOENT, LOOK(self->device, &self->seen, unique_name("none")));
	EXPECT_EQ(-ESRCH, LOOK(self->device, &self->seen, "", .process = ~0ULL,
			       .flags = MSGPASS_PEER));
	EXPECT_EQ(-EINVAL, LOOK(self->device, &self->seen, self->name, .process = 1));
	EXPECT_EQ(-EINVAL, LOOK(self->mailbox, &self->seen, "", .process = 1));
	EXPECT_EQ(-EINVAL, LOOK(self->mailbox, &self->seen, self->name));
	EXPECT_EQ(-EINVAL, LOOK(self->device, &self->seen, "", .reserved = 1));
	EXPECT_EQ(0, LOOK(self->device, &self->seen, ""));
}

#include "afterwards.h"
