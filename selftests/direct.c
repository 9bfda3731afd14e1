// SPDX-License-Identifier: GPL-2.0
/*
 * Direct communication: messages addressed to processes, the links between them, and what
 * becomes of both when a process dies.
 */
#include "msgpass_test.h"

FIXTURE(direct) {
	struct channel channel;
	int fd;
	pid_t me;
	uint64_t peer;
};

FIXTURE_SETUP(direct)
{
	ASSERT_EQ(0, channel_open(&self->channel, true));
	self->fd = self->channel.fd;
	self->me = getpid();
	self->peer = own_peer(self->fd);
	ASSERT_NE(0, self->peer);
}

FIXTURE_TEARDOWN(direct)
{
	close(self->fd);
}

/* A child that sends these numbers and exits; it is a zombie when this returns. */
static pid_t child_sent(int fd, pid_t to, uint32_t first, uint32_t count)
{
	pid_t pid = child_fork();

	if (!pid) {
		while (count--)
			CHECK(!send_number(fd, to, first++));
		_exit(0);
	}
	child_dies(pid);
	return pid;
}

/* A child that sends one number and lives on. */
static pid_t child_sent_and_idle(int fd, pid_t to, uint32_t number)
{
	uint64_t sent = inbox_counts(fd, to).sent;
	pid_t pid = child_fork();

	if (!pid) {
		CHECK(!send_number(fd, to, number));
		for (;;)
			pause();
	}
	wait_until(inbox_counts(fd, to).sent == sent + 1);
	return pid;
}

/* How many small messages there is memory of, in use or kept. */
static long small_messages(void)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	long objects = -1;
	char line[400];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "msgpass_small %ld", &objects) == 1)
			break;
	if (file)
		fclose(file);
	return objects;
}

TEST_F(direct, the_dead_keep_no_memory_beyond_their_messages)
{
	enum { CHILDREN = 400 };
	int box = MAILBOX_OPEN(self->fd, "", OPEN_NEW, .capacity = MSGPASS_UNLIMITED,
			       .set = MSGPASS_SET_CAPACITY);
	long before = small_messages();
	int i;

	NEED_ROOT();
	ASSERT_LE(0, before);
	/* Of two messages of each one stays. */
	for (i = 0; i < CHILDREN; i++) {
		pid_t child = child_fork();

		if (!child) {
			CHECK(!send_number(box, 0, i));
			CHECK(!send_number(box, 0, i));
			_exit(0);
		}
		ASSERT_EQ(0, child_status(child));
		EXPECT_LE(0, TAKE(box));
	}
	EXPECT_TRUE(wait_until(small_messages() - before < CHILDREN + CHILDREN / 2));
	close(box);
}

TEST_F(direct, a_message_reaches_the_process_it_names)
{
	pid_t child = child_receiving(&self->channel, 0);

	EXPECT_EQ(0, send_number(self->fd, child, 42));
	EXPECT_EQ(42, child_status(child));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(direct, a_message_says_who_sent_it)
{
	pid_t child = child_sent_and_idle(self->fd, self->me, 1);
	struct msgpass_receive receive;
	uint32_t number;

	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(&number, sizeof(number)),
			     .deadline = soon()));
	EXPECT_EQ(child, receive.out_pid);
	EXPECT_EQ(geteuid(), receive.out_uid);
	EXPECT_EQ(getegid(), receive.out_gid);
	EXPECT_NE(0, receive.out_peer);
	EXPECT_NE(self->peer, receive.out_peer);
	child_kill(child);
}

#define SHARERS 12 /* of a file: more than it remembers */

/* All that these sent: how many are told as from another, or -1 if one is missing. */
static int sent_by_another(int fd, unsigned int count)
{
	struct msgpass_receive receive;
	uint32_t number;
	int ret, wrong = 0;

	while (count--) {
		ret = RECEIVE(fd, &receive, BYTES(&number, sizeof(number)), .deadline = soon());
		if (ret)
			return -1;
		wrong += number != (uint32_t)receive.out_pid;
	}
	return wrong;
}

TEST_F(direct, each_of_many_processes_with_the_same_file_is_told_as_itself)
{
	pid_t children[SHARERS];
	unsigned int i, round;

	/* The second ones while the file remembers the first, who are gone. */
	for (round = 0; round < 2; round++) {
		for (i = 0; i < SHARERS; i++) {
			children[i] = child_fork();
			if (!children[i]) {
				CHECK(!send_number(self->fd, self->me, getpid()));
				CHECK(!send_number(self->fd, self->me, getpid()));
				pause();
			}
		}
		EXPECT_EQ(0, sent_by_another(self->fd, 2 * SHARERS));
		for (i = 0; i < SHARERS; i++)
			child_kill(children[i]);
	}
}

TEST_F(direct, a_process_sends_to_itself)
{
	struct msgpass_receive receive;
	uint32_t number = 0;

	EXPECT_EQ(0, send_number(self->fd, self->me, 5));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(&number, sizeof(number)),
			     .from = self->me));
	EXPECT_EQ(5, number);
	EXPECT_EQ(self->me, receive.out_pid);
	EXPECT_EQ(self->peer, receive.out_peer);
}

TEST_F(direct, receiving_from_one_leaves_the_others_messages)
{
	pid_t first = child_sent_and_idle(self->fd, self->me, 1);
	pid_t second = child_sent_and_idle(self->fd, self->me, 2);

	EXPECT_EQ(2, TAKE(self->fd, .from = second));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd, .from = second));
	EXPECT_EQ(1, TAKE(self->fd, .from = first));
	child_kill(first);
	child_kill(second);
}

TEST_F(direct, receiving_from_anyone_takes_the_oldest_of_all)
{
	pid_t first = child_sent_and_idle(self->fd, self->me, 1);
	pid_t second = child_sent_and_idle(self->fd, self->me, 2);

	EXPECT_EQ(0, send_number(self->fd, self->me, 3));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(2, TAKE(self->fd));
	EXPECT_EQ(3, TAKE(self->fd));
	child_kill(first);
	child_kill(second);
}

TEST_F(direct, a_receiver_from_one_is_not_woken_by_another)
{
	pid_t idle = child_idle();
	pid_t child = child_receiving(&self->channel, idle);

	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	EXPECT_EQ(0, send_number(self->fd, child, 9));
	EXPECT_EQ(1, inbox_counts(self->fd, child).queued);
	EXPECT_EQ(1, inbox_counts(self->fd, child).receivers_waiting);
	child_kill(child);
	child_kill(idle);
}

TEST_F(direct, messages_of_one_sender_keep_their_order)
{
	pid_t child = child_sent(self->fd, self->me, 100, 50);
	unsigned int i;

	for (i = 0; i < 50; i++)
		EXPECT_EQ(100 + i, TAKE(self->fd));
	child_status(child);
}

TEST_F(direct, a_link_comes_with_the_first_message_and_is_one_per_pair)
{
	struct msgpass_inbox_stat stat;
	struct msgpass_link_stat link;
	uint64_t peer;
	pid_t child;

	ASSERT_EQ(0, inbox_stat(self->fd, 0, 0, &stat));
	EXPECT_EQ(0, stat.out_links);
	child = child_sent_and_idle(self->fd, self->me, 1);
	peer = peer_of(self->fd, child);
	EXPECT_EQ(0, send_number(self->fd, self->me, 2));
	EXPECT_EQ(0, send_number(self->fd, self->me, 3));
	ASSERT_EQ(0, inbox_stat(self->fd, 0, 0, &stat));
	EXPECT_EQ(2, stat.out_links);
	ASSERT_EQ(0, link_stat(self->fd, self->peer, self->peer, &link));
	EXPECT_EQ(2, link.out_sent);
	ASSERT_EQ(1, TAKE(self->fd, .from = child));
	child_kill(child);
	EXPECT_TRUE(wait_until(!inbox_stat(self->fd, 0, 0, &stat) && stat.out_links == 1));
	if (peer)
		EXPECT_EQ(-ENOENT, link_stat(self->fd, self->peer, peer, &link));
}

TEST_F(direct, the_two_directions_of_a_pair_are_two_links)
{
	struct msgpass_link_stat link;
	pid_t child = child_sent_and_idle(self->fd, self->me, 1);
	struct msgpass_receive receive;
	uint32_t number;

	ASSERT_EQ(0, RECEIVE(self->fd, &receive, BYTES(&number, sizeof(number))));
	EXPECT_EQ(0, link_stat(self->fd, self->peer, receive.out_peer, &link));
	EXPECT_EQ(-ENOENT, link_stat(self->fd, receive.out_peer, self->peer, &link));
	EXPECT_EQ(0, send_number(self->fd, child, 2));
	EXPECT_EQ(0, link_stat(self->fd, receive.out_peer, self->peer, &link));
	EXPECT_EQ(1, link.out_queued);
	child_kill(child);
}

TEST_F(direct, a_sender_that_floods_does_not_hold_up_another)
{
	pid_t flooding, other;

	ASSERT_EQ(0, set_capacity(&self->channel, 2));
	flooding = child_fork();
	if (!flooding) {
		CHECK(!send_number(self->fd, self->me, 1));
		CHECK(!send_number(self->fd, self->me, 1));
		CHECK(send_number(self->fd, self->me, 1) == -EAGAIN);
		_exit(-SEND(self->fd, .to = self->me, NUMBER(1)));
	}
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	other = child_sent(self->fd, self->me, 2, 2);
	EXPECT_EQ(0, child_status(other));
	EXPECT_EQ(2, TAKE(self->fd, .from = other));
	EXPECT_EQ(1, inbox_counts(self->fd, 0).senders_waiting);
	EXPECT_EQ(1, TAKE(self->fd, .from = flooding));
	EXPECT_EQ(0, child_status(flooding));
	EXPECT_EQ(3, inbox_counts(self->fd, 0).queued);
}

TEST_F(direct, a_link_holds_its_capacity_in_bytes)
{
	char bytes[600] = "";

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .capacity_bytes = 1000, .message_max = 1000,
				 .set = MSGPASS_SET_CAPACITY_BYTES | MSGPASS_SET_MESSAGE_MAX));
	EXPECT_EQ(0, SEND(self->fd, .to = self->me, BYTES(bytes, 600)));
	EXPECT_EQ(-EAGAIN, SEND(self->fd, .to = self->me, BYTES(bytes, 401),
				.flags = MSGPASS_NONBLOCK));
	EXPECT_EQ(0, SEND(self->fd, .to = self->me, BYTES(bytes, 400),
			  .flags = MSGPASS_NONBLOCK));
}

TEST_F(direct, messages_wait_for_a_process_that_has_not_opened_the_device)
{
	int go[2];
	pid_t child;

	ASSERT_EQ(0, pipe(go));
	close(self->fd);
	child = child_fork();
	if (!child) {
		char byte;
		int fd;

		CHECK(read(go[0], &byte, 1) == 1);
		fd = device_open();
		CHECK(fd >= 0);
		CHECK(TAKE(fd) == 8);
		_exit(0);
	}
	self->fd = device_open();
	EXPECT_EQ(0, send_number(self->fd, child, 8));
	EXPECT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, child_status(child));
}

/* --- death */

TEST_F(direct, messages_of_the_dead_stay_receivable_by_pid)
{
	pid_t child = child_sent(self->fd, self->me, 1, 2);

	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(1, TAKE(self->fd, .from = child));
	EXPECT_EQ(2, TAKE(self->fd, .from = child));
	EXPECT_TRUE(wait_until(TAKE(self->fd, .from = child) == -ESRCH));
}

TEST_F(direct, of_the_dead_only_what_they_sent_is_receivable)
{
	pid_t child = child_sent(self->fd, self->me, 1, 2);

	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(-ESRCH, AWAIT(self->fd, .from = child, .flags = MSGPASS_TYPE_EXACT, .type = 7));
	EXPECT_EQ(1, TAKE(self->fd, .from = child));
	EXPECT_EQ(2, TAKE(self->fd, .from = child));
}

TEST_F(direct, messages_of_the_dead_stay_receivable_by_peer_id)
{
	pid_t child = child_sent(self->fd, self->me, 1, 2);
	struct msgpass_receive receive;
	uint32_t number;

	EXPECT_EQ(0, child_status(child));
	ASSERT_EQ(0, RECEIVE(self->fd, &receive, BYTES(&number, sizeof(number))));
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(&number, sizeof(number)),
			     .from = receive.out_peer, .flags = MSGPASS_PEER | MSGPASS_NONBLOCK));
	EXPECT_EQ(2, number);
	EXPECT_TRUE(wait_until(RECEIVE(self->fd, NULL, BYTES(&number, sizeof(number)),
				       .from = receive.out_peer,
				       .flags = MSGPASS_PEER | MSGPASS_NONBLOCK) == -ESRCH));
}

TEST_F(direct, messages_of_the_dead_stay_receivable_from_anyone)
{
	pid_t child = child_sent(self->fd, self->me, 1, 1);

	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(direct, who_waits_for_a_process_that_dies_gets_epipe)
{
	pid_t idle = child_idle();
	pid_t child = child_receiving(&self->channel, idle);

	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	child_kill(idle);
	EXPECT_EQ(EPIPE, child_status(child));
}

TEST_F(direct, who_waits_for_anyone_goes_on_when_a_sender_dies)
{
	pid_t child = child_receiving(&self->channel, 0);
	uint64_t peer;
	pid_t sender;

	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	peer = peer_of(self->fd, child);
	sender = child_fork();
	if (!sender) {
		own_peer(self->fd);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(sender));
	EXPECT_EQ(0, SEND(self->fd, .to = peer, .flags = MSGPASS_PEER, NUMBER(3)));
	EXPECT_EQ(3, child_status(child));
}

TEST_F(direct, who_waits_for_room_in_a_process_that_dies_gets_epipe)
{
	pid_t idle = child_idle();
	pid_t child;
	unsigned int i;

	child = child_fork();
	if (!child) {
		for (i = 0; i < 100000; i++) {
			int ret = SEND(self->fd, .to = idle, NUMBER(i));

			if (ret)
				_exit(-ret);
		}
		_exit(0);
	}
	EXPECT_TRUE(senders_wait(&self->channel, idle, 1));
	child_kill(idle);
	EXPECT_EQ(EPIPE, child_status(child));
}

TEST_F(direct, a_dead_processs_inbox_is_reclaimed_though_it_never_opened_the_device)
{
	uint64_t peer, base;
	pid_t child;

	close(self->fd);
	child = child_idle();
	self->fd = device_open();
	base = settled_user_bytes(self->fd);
	EXPECT_EQ(0, send_number(self->fd, child, 1));
	EXPECT_LT(base, user_bytes(self->fd));
	peer = peer_of(self->fd, child);
	EXPECT_EQ(0, inbox_of_peer(self->fd, peer));
	child_kill(child);
	EXPECT_TRUE(wait_until(inbox_of_peer(self->fd, peer) == -ESRCH));
	EXPECT_TRUE(wait_until(user_bytes(self->fd) == base));
}

/* --- whom one may name */

TEST_F(direct, no_process_has_a_pid_of_zero_or_less)
{
	EXPECT_EQ(-EINVAL, send_number(self->fd, 0, 1));
	EXPECT_EQ(-EINVAL, send_number(self->fd, -1, 1));
	EXPECT_EQ(-EINVAL, send_number(self->fd, INT_MIN, 1));
	EXPECT_EQ(-EINVAL, TAKE(self->fd, .from = -1));
}

TEST_F(direct, a_pid_is_not_cut_to_32_bits)
{
	const int ret = send_number(self->fd, 1ULL << 32 | self->me, 1);

	EXPECT_TRUE(ret == -ESRCH || ret == -EINVAL);
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(direct, an_unknown_pid_is_nobody)
{
	pid_t gone = child_fork();

	if (!gone)
		_exit(0);
	child_status(gone);
	EXPECT_EQ(-ESRCH, send_number(self->fd, gone, 1));
	EXPECT_EQ(-ESRCH, TAKE(self->fd, .from = gone));
	EXPECT_EQ(-ESRCH, send_number(self->fd, INT_MAX, 1));
	EXPECT_EQ(-ESRCH, TAKE(self->fd, .from = INT_MAX));
}

TEST_F(direct, a_zombie_is_nobody)
{
	pid_t zombie = child_fork();

	if (!zombie)
		_exit(0);
	EXPECT_EQ(0, child_dies(zombie));
	EXPECT_EQ(-ESRCH, send_number(self->fd, zombie, 1));
	EXPECT_EQ(-ESRCH, TAKE(self->fd, .from = zombie));
	child_status(zombie);
}

static void *tell_own_tid(void *argument)
{
	__atomic_store_n((pid_t *)argument, gettid(), __ATOMIC_RELEASE);
	pause();
	return NULL;
}

TEST_F(direct, a_thread_is_nobody)
{
	pthread_t thread;
	pid_t tid = 0;

	ASSERT_EQ(0, pthread_create(&thread, NULL, tell_own_tid, &tid));
	ASSERT_TRUE(wait_until(__atomic_load_n(&tid, __ATOMIC_ACQUIRE)));
	EXPECT_EQ(-ESRCH, send_number(self->fd, tid, 1));
	EXPECT_EQ(-ESRCH, TAKE(self->fd, .from = tid));
}

TEST_F(direct, a_kernel_thread_is_nobody)
{
	char name[16] = "";
	FILE *file = fopen("/proc/2/comm", "re");

	if (!file || !fgets(name, sizeof(name), file) || strcmp(name, "kthreadd\n"))
		SKIP(return, "pid 2 is no kernel thread that can be seen");
	fclose(file);
	EXPECT_EQ(-ESRCH, send_number(self->fd, 2, 1));
}

/* --- peer ids */

TEST_F(direct, a_peer_id_reaches_its_process)
{
	pid_t child = child_receiving(&self->channel, 0);
	uint64_t peer;

	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	peer = peer_of(self->fd, child);
	EXPECT_EQ(0, SEND(self->fd, .to = peer, .flags = MSGPASS_PEER, NUMBER(11)));
	EXPECT_EQ(11, child_status(child));
}

TEST_F(direct, a_peer_id_of_the_dead_is_nobodys)
{
	pid_t child = child_receiving(&self->channel, 0);
	uint64_t peer;

	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	peer = peer_of(self->fd, child);
	ASSERT_NE(0, peer);
	child_kill(child);
	EXPECT_EQ(-ESRCH, SEND(self->fd, .to = peer, .flags = MSGPASS_PEER, NUMBER(1)));
}

TEST_F(direct, an_unknown_peer_id_is_nobodys)
{
	uint32_t number;

	EXPECT_EQ(-ESRCH, SEND(self->fd, .to = ~0ULL, .flags = MSGPASS_PEER, NUMBER(1)));
	EXPECT_EQ(-ESRCH, RECEIVE(self->fd, NULL, BYTES(&number, sizeof(number)), .from = ~0ULL,
				  .flags = MSGPASS_PEER | MSGPASS_NONBLOCK));
}

TEST_F(direct, every_process_has_a_peer_id_of_its_own)
{
	uint64_t *peer = shared(sizeof(*peer));
	pid_t child = child_fork();

	if (!child) {
		*peer = own_peer(self->fd);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_NE(0, *peer);
	EXPECT_NE(self->peer, *peer);
	EXPECT_EQ(self->peer, own_peer(self->fd));
}

/* --- many at once */

enum { SENDERS = 4, THREADS = 3, EACH = 1500 };

struct tally {
	int fd;
	uint64_t sum;
	uint32_t count;
	uint32_t disorder;
};

/* Add up what arrives, until a zero; count what one sender sent later but was seen earlier. */
static void *receive_till_zero(void *argument)
{
	struct tally *tally = argument;
	uint32_t last[SENDERS] = {};

	for (;;) {
		int64_t number = AWAIT(tally->fd);
		unsigned int sender;

		if (number <= 0)
			return NULL;
		tally->sum += number;
		tally->count++;
		sender = (number - 1) / EACH % SENDERS;
		tally->disorder += number <= last[sender];
		last[sender] = number;
	}
}

TEST_F(direct, the_threads_of_a_process_get_each_message_once)
{
	struct tally tallies[THREADS] = {};
	const uint64_t all = SENDERS * EACH;
	uint64_t sum = 0, count = 0, disorder = 0;
	pthread_t threads[THREADS];
	pid_t children[SENDERS];
	uint32_t i, j;

	for (i = 0; i < THREADS; i++) {
		tallies[i].fd = self->fd;
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, receive_till_zero, &tallies[i]));
	}
	for (i = 0; i < SENDERS; i++) {
		children[i] = child_fork();
		if (children[i])
			continue;
		for (j = 1; j <= EACH; j++)
			CHECK(!SEND(self->fd, .to = self->me, NUMBER(i * EACH + j),
				    .deadline = soon()));
		_exit(0);
	}
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_status(children[i]));
	for (i = 0; i < THREADS; i++)
		EXPECT_EQ(0, SEND(self->fd, .to = self->me, NUMBER(0)));
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += tallies[i].sum;
		count += tallies[i].count;
		disorder += tallies[i].disorder;
	}
	EXPECT_EQ(all, count);
	EXPECT_EQ(all * (all + 1) / 2, sum);
	EXPECT_EQ(0, disorder);
}

#include "afterwards.h"
