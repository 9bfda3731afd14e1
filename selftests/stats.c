// SPDX-License-Identifier: GPL-2.0
/*
 * What mailboxes, inboxes and links count, as their ioctls and debugfs tell it.
 */
#include "msgpass_test.h"

#include <sys/mount.h>

FIXTURE(counting) {
	struct channel channel;
	pid_t me;
};

FIXTURE_VARIANT(counting) {
	bool direct;
};

FIXTURE_VARIANT_ADD(counting, an_inbox) { true };
FIXTURE_VARIANT_ADD(counting, a_mailbox) { false };

FIXTURE_SETUP(counting)
{
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->me = getpid();
}

FIXTURE_TEARDOWN(counting)
{
	close(self->channel.fd);
}

static struct msgpass_tally tally_of(const struct channel *channel)
{
	struct msgpass_mailbox_stat mailbox;
	struct msgpass_inbox_stat inbox;

	if (channel->direct)
		return inbox_stat(channel->fd, 0, 0, &inbox) ? (struct msgpass_tally){} :
							       inbox.out_tally;
	return mailbox_stat(channel->fd, "", &mailbox) ? (struct msgpass_tally){} :
							 mailbox.out_tally;
}

#define TO_ME (address(&self->channel, self->me))

TEST_F(counting, begins_with_nothing)
{
	struct msgpass_tally zeros = {}, tally = tally_of(&self->channel);

	EXPECT_EQ(0, memcmp(&zeros, &tally, sizeof(tally)));
}

TEST_F(counting, the_bytes_sent_and_received)
{
	char bytes[100] = "";

	EXPECT_EQ(0, SEND(self->channel.fd, .to = TO_ME, BYTES(bytes, 100)));
	EXPECT_EQ(0, SEND(self->channel.fd, .to = TO_ME, BYTES(bytes, 20)));
	EXPECT_EQ(120, tally_of(&self->channel).sent_bytes);
	EXPECT_EQ(0, tally_of(&self->channel).received_bytes);
	EXPECT_EQ(0, RECEIVE(self->channel.fd, NULL, BYTES(bytes, 100)));
	EXPECT_EQ(120, tally_of(&self->channel).sent_bytes);
	EXPECT_EQ(100, tally_of(&self->channel).received_bytes);
}

TEST_F(counting, the_bytes_of_a_batch)
{
	struct msgpass_send_element out[3] = {
		{ BYTES("abc", 3) }, { BYTES("defg", 4) }, { BYTES("hi", 2) },
	};
	char place[3][8];
	struct msgpass_receive_element in[3] = {
		{ BYTES(place[0], 8) }, { BYTES(place[1], 8) }, { BYTES(place[2], 8) },
	};
	struct msgpass_send_batch send = {
		.size = sizeof(send), .to = TO_ME, .elements = (uintptr_t)out, .count = 3,
	};
	struct msgpass_receive_batch receive = {
		.size = sizeof(receive), .elements = (uintptr_t)in, .count = 2,
	};

	EXPECT_EQ(3, call(self->channel.fd, MSGPASS_IOC_SEND_BATCH, &send));
	EXPECT_EQ(2, call(self->channel.fd, MSGPASS_IOC_RECEIVE_BATCH, &receive));
	EXPECT_EQ(9, tally_of(&self->channel).sent_bytes);
	EXPECT_EQ(7, tally_of(&self->channel).received_bytes);
	EXPECT_EQ(3, tally_of(&self->channel).queued_max);
}

/* All of one, then a part of one that is given up. */
TEST_F(counting, the_bytes_of_a_flow_that_went_through)
{
	static char flow[3 << 20];
	struct msgpass_piece_read skip = { .size = sizeof(skip), .flags = MSGPASS_CANCEL };
	struct msgpass_receive receive;
	unsigned int i;
	pid_t child;

	for (i = 0; i < 2; i++) {
		child = child_fork();
		if (!child)
			_exit(-SEND(self->channel.fd, .to = TO_ME, .flags = MSGPASS_FLOW,
				    BYTES(flow, sizeof(flow))));
		EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
		EXPECT_EQ(i ? sizeof(flow) : 0, tally_of(&self->channel).sent_bytes);
		ASSERT_EQ(0, RECEIVE(self->channel.fd, &receive, .flags = MSGPASS_PIECES,
				     BYTES(flow, i ? 1000 : sizeof(flow))));
		skip.token = receive.out_token;
		EXPECT_EQ(i ? 0 : -ESRCH, call(self->channel.fd, MSGPASS_IOC_PIECE_READ, &skip));
		EXPECT_EQ(0, child_status(child));
	}
	EXPECT_EQ(sizeof(flow) + 1000, tally_of(&self->channel).sent_bytes);
	EXPECT_EQ(sizeof(flow) + 1000, tally_of(&self->channel).received_bytes);
}

TEST_F(counting, no_bytes_of_a_send_that_is_given_up)
{
	ASSERT_EQ(0, set_capacity(&self->channel, 0));
	EXPECT_EQ(-ETIMEDOUT, SEND(self->channel.fd, .to = TO_ME, NUMBER(1), .deadline = 1));
	EXPECT_EQ(0, tally_of(&self->channel).sent_bytes);
	EXPECT_EQ(1, tally_of(&self->channel).sender_waits);
}

TEST_F(counting, the_most_messages_that_were_queued)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, send_number(self->channel.fd, TO_ME, i));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i, TAKE(self->channel.fd));
	EXPECT_EQ(0, send_number(self->channel.fd, TO_ME, 1));
	EXPECT_EQ(3, tally_of(&self->channel).queued_max);
}

TEST_F(counting, when_the_oldest_message_was_sent)
{
	uint64_t early = now(), late;

	EXPECT_EQ(0, SEND(self->channel.fd, .to = TO_ME, NUMBER(1), .type = 7));
	late = now();
	EXPECT_EQ(0, send_number(self->channel.fd, TO_ME, 2));
	EXPECT_LE(early, tally_of(&self->channel).oldest_time);
	EXPECT_GE(late, tally_of(&self->channel).oldest_time);
	EXPECT_EQ(1, TAKE(self->channel.fd));
	EXPECT_LE(late, tally_of(&self->channel).oldest_time);
	EXPECT_EQ(2, TAKE(self->channel.fd));
	EXPECT_EQ(0, tally_of(&self->channel).oldest_time);
}

TEST_F(counting, senders_who_had_to_wait)
{
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(0, send_number(self->channel.fd, TO_ME, 1));
	EXPECT_EQ(0, tally_of(&self->channel).sender_waits);
	if (self->channel.direct) {
		EXPECT_EQ(-ETIMEDOUT, SEND(self->channel.fd, .to = TO_ME, NUMBER(2),
					   .deadline = 1));
	} else {
		child = child_sending(&self->channel, self->me, 2);
		EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
		EXPECT_EQ(1, TAKE(self->channel.fd));
		EXPECT_EQ(0, child_status(child));
	}
	EXPECT_EQ(1, tally_of(&self->channel).sender_waits);
}

TEST_F(counting, receivers_who_had_to_wait)
{
	EXPECT_EQ(-EAGAIN, TAKE(self->channel.fd));
	EXPECT_EQ(0, tally_of(&self->channel).receiver_waits);
	EXPECT_EQ(-ETIMEDOUT, RECEIVE(self->channel.fd, NULL, .deadline = 1));
	EXPECT_EQ(1, tally_of(&self->channel).receiver_waits);
}

TEST_F(counting, sends_refused_for_want_of_room)
{
	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(0, send_number(self->channel.fd, TO_ME, 1));
	EXPECT_EQ(0, tally_of(&self->channel).refused);
	EXPECT_EQ(-EAGAIN, send_number(self->channel.fd, TO_ME, 2));
	EXPECT_EQ(-EAGAIN, send_number(self->channel.fd, TO_ME, 3));
	EXPECT_EQ(2, tally_of(&self->channel).refused);
}

TEST_F(counting, messages_that_expired)
{
	EXPECT_EQ(0, SEND(self->channel.fd, .to = TO_ME, NUMBER(1), .lifetime = 1));
	EXPECT_EQ(0, send_number(self->channel.fd, TO_ME, 2));
	EXPECT_TRUE(wait_until(channel_counts(&self->channel, 0).dropped == 1));
	EXPECT_EQ(1, tally_of(&self->channel).expired);
	EXPECT_EQ(1, tally_of(&self->channel).oldest_time != 0);
}

/* --- links, broadcasts */

TEST(a_link_counts_for_itself)
{
	struct msgpass_link_stat stat;
	struct channel inbox;
	uint64_t peer, early = now();

	ASSERT_EQ(0, channel_open(&inbox, true));
	peer = own_peer(inbox.fd);
	ASSERT_EQ(0, set_capacity(&inbox, 2));
	EXPECT_EQ(0, SEND(inbox.fd, .to = getpid(), NUMBER(1), .lifetime = 1));
	EXPECT_TRUE(wait_until(channel_counts(&inbox, 0).dropped == 1));
	EXPECT_EQ(0, send_number(inbox.fd, getpid(), 2));
	EXPECT_EQ(0, send_number(inbox.fd, getpid(), 3));
	EXPECT_EQ(-EAGAIN, send_number(inbox.fd, getpid(), 4));
	EXPECT_EQ(-ETIMEDOUT, SEND(inbox.fd, .to = getpid(), NUMBER(5), .deadline = 1));
	EXPECT_EQ(2, TAKE(inbox.fd));
	ASSERT_EQ(0, link_stat(inbox.fd, peer, peer, &stat));
	EXPECT_EQ(1, stat.out_dropped);
	EXPECT_EQ(1, stat.out_tally.expired);
	EXPECT_EQ(12, stat.out_tally.sent_bytes);
	EXPECT_EQ(4, stat.out_tally.received_bytes);
	EXPECT_EQ(2, stat.out_tally.queued_max);
	EXPECT_EQ(1, stat.out_tally.refused);
	EXPECT_EQ(1, stat.out_tally.sender_waits);
	EXPECT_LT(early, stat.out_tally.oldest_time);
	EXPECT_EQ(3, TAKE(inbox.fd));
	EXPECT_EQ(-ETIMEDOUT, RECEIVE(inbox.fd, NULL, .from = peer, .flags = MSGPASS_PEER,
				      .deadline = 1));
	ASSERT_EQ(0, link_stat(inbox.fd, peer, peer, &stat));
	EXPECT_EQ(1, stat.out_tally.receiver_waits);
	EXPECT_EQ(0, stat.out_tally.oldest_time);
	close(inbox.fd);
}

TEST(a_link_counts_the_bytes_of_a_flow)
{
	static char flow[3 << 20];
	struct msgpass_link_stat stat;
	int device = device_open();
	uint64_t me = own_peer(device), from;
	pid_t child = child_fork();

	if (!child) {
		CHECK(!SEND(device, .to = me, .flags = MSGPASS_FLOW | MSGPASS_PEER,
			    BYTES(flow, sizeof(flow))));
		pause();
	}
	ASSERT_EQ(0, RECEIVE(device, NULL, BYTES(flow, sizeof(flow))));
	from = peer_of(device, child);
	EXPECT_TRUE(wait_until(!link_stat(device, me, from, &stat) &&
			       stat.out_tally.sent_bytes == sizeof(flow)));
	EXPECT_EQ(sizeof(flow), stat.out_tally.received_bytes);
	child_kill(child);
	close(device);
}

TEST(a_broadcast_counts_each_subscription_and_all)
{
	const char *name = unique_name("broadcast");
	struct msgpass_mailbox_stat stat;
	int device = device_open(), first, second;

	first = MAILBOX_OPEN(device, name, OPEN_NEW | MSGPASS_OPEN_BROADCAST);
	second = MAILBOX_OPEN(device, name, MSGPASS_OPEN_RECEIVE);
	EXPECT_EQ(0, send_number(first, 0, 1));
	EXPECT_EQ(0, send_number(first, 0, 2));
	EXPECT_EQ(1, TAKE(first));
	ASSERT_EQ(0, mailbox_stat(device, name, &stat));
	EXPECT_EQ(8, stat.out_tally.sent_bytes);
	EXPECT_EQ(4, stat.out_tally.received_bytes);
	EXPECT_EQ(2, stat.out_tally.queued_max);
	EXPECT_EQ(1, TAKE(second));
	EXPECT_EQ(2, TAKE(second));
	ASSERT_EQ(0, mailbox_stat(second, "", &stat));
	EXPECT_EQ(8, stat.out_tally.received_bytes);
	EXPECT_EQ(0, stat.out_tally.oldest_time);
	ASSERT_EQ(0, mailbox_stat(device, name, &stat));
	EXPECT_EQ(12, stat.out_tally.received_bytes);
	EXPECT_NE(0, stat.out_tally.oldest_time);
	EXPECT_EQ(0, mailbox_delete(device, name));
	close(second);
	close(first);
	close(device);
}

/* --- debugfs */

FIXTURE(debugfs) {
	char directory[64];
	int device;
};

FIXTURE_SETUP(debugfs)
{
	NEED_ROOT();
	strcpy(self->directory, "/tmp/msgpass-debugfs-XXXXXX");
	mkdir("/tmp", 0777);
	ASSERT_NE(NULL, mkdtemp(self->directory));
	if (mount("debugfs", self->directory, "debugfs", 0, NULL)) {
		rmdir(self->directory);
		SKIP_TEST("no debugfs");
	}
	self->device = device_open();
}

FIXTURE_TEARDOWN(debugfs)
{
	close(self->device);
	umount(self->directory);
	rmdir(self->directory);
}

static FILE *table_open(const char *directory, const char *table)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/msgpass/%s", directory, table);
	return fopen(path, "re");
}

#define BLANKS "\n "

/* The value of a column in the line in which @key has @value; -1: there is none. */
static int64_t look_up(const char *directory, const char *table, const char *key,
		       const char *value, const char *column)
{
	char heading[1024] = "", line[1024], *word, *rest;
	FILE *file = table_open(directory, table);
	int at = 0, key_at = -1, column_at = -1;
	int64_t found = -1;

	if (!file || !fgets(heading, sizeof(heading), file))
		return -2;
	for (word = strtok_r(heading, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
		if (!strcmp(word, key))
			key_at = at;
		if (!strcmp(word, column))
			column_at = at;
		at++;
	}
	while (found < 0 && fgets(line, sizeof(line), file)) {
		int64_t number = -1;
		bool matches = false;

		at = 0;
		for (word = strtok_r(line, BLANKS, &rest); word;
		     word = strtok_r(NULL, BLANKS, &rest)) {
			matches |= at == key_at && !strcmp(word, value);
			if (at++ == column_at)
				number = atoll(word);
		}
		if (matches)
			found = number;
	}
	fclose(file);
	return found;
}

TEST_F(debugfs, tells_of_mailboxes)
{
	const char *name = unique_name("debugfs");
	int fd = MAILBOX_OPEN(self->device, name, OPEN_NEW);

	EXPECT_EQ(0, send_number(fd, 0, 1));
	EXPECT_EQ(0, send_number(fd, 0, 2));
	EXPECT_EQ(1, TAKE(fd));
	EXPECT_EQ(2, look_up(self->directory, "mailboxes", "name", name, "sent"));
	EXPECT_EQ(8, look_up(self->directory, "mailboxes", "name", name, "sent_bytes"));
	EXPECT_EQ(1, look_up(self->directory, "mailboxes", "name", name, "received"));
	EXPECT_EQ(1, look_up(self->directory, "mailboxes", "name", name, "queued"));
	EXPECT_EQ(2, look_up(self->directory, "mailboxes", "name", name, "queued_max"));
	EXPECT_LT(0, look_up(self->directory, "mailboxes", "name", name, "oldest_age_ns"));
	EXPECT_EQ(0, mailbox_delete(fd, ""));
	EXPECT_EQ(-1, look_up(self->directory, "mailboxes", "name", name, "sent"));
	close(fd);
}

TEST_F(debugfs, tells_of_inboxes_and_links)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	EXPECT_EQ(0, send_number(self->device, getpid(), 1));
	EXPECT_EQ(1, look_up(self->directory, "inboxes", "pid", pid, "sent"));
	EXPECT_EQ(1, look_up(self->directory, "inboxes", "pid", pid, "links"));
	EXPECT_EQ(1, look_up(self->directory, "links", "from_pid", pid, "queued"));
	EXPECT_EQ(4, look_up(self->directory, "links", "to_pid", pid, "queued_bytes"));
	EXPECT_EQ(1, TAKE(self->device));
	EXPECT_EQ(0, look_up(self->directory, "links", "to_pid", pid, "oldest_age_ns"));
}

TEST_F(debugfs, tells_of_more_than_a_buffer_holds)
{
	unsigned int i, lines = 0;
	char line[1024];
	FILE *file;

	if (unshare(CLONE_NEWNET))
		SKIP(return, "no network namespaces");
	for (i = 0; i < 200; i++)
		close(MAILBOX_OPEN(self->device, unique_name("many"), OPEN_NEW));
	file = table_open(self->directory, "mailboxes");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file))
		lines++;
	EXPECT_EQ(201, lines);
	rewind(file);
	EXPECT_NE(NULL, fgets(line, sizeof(line), file));
	EXPECT_EQ(0, strncmp(line, "id mode ", 8));
	fclose(file);
}

TEST_F(debugfs, tells_who_waits_for_whom)
{
	pid_t me = getpid(), receiver = child_fork(), caller;
	char pid[16];

	if (!receiver)
		_exit(RECEIVE(self->device, NULL, .from = me, .deadline = soon()) == 0);
	caller = child_fork();
	if (!caller)
		_exit(CALL(self->device, NULL, .to = me, NUMBER(1)) == 0);
	snprintf(pid, sizeof(pid), "%d", receiver);
	EXPECT_TRUE(wait_until(look_up(self->directory, "waits", "pid", pid, "for_pid") == me));
	EXPECT_EQ(receiver, look_up(self->directory, "waits", "pid", pid, "tid"));
	EXPECT_EQ(receiver, look_up(self->directory, "waits", "reason", "message", "pid"));
	EXPECT_EQ(own_peer(self->device),
		  look_up(self->directory, "waits", "pid", pid, "for_peer"));
	EXPECT_LE(0, look_up(self->directory, "waits", "pid", pid, "age_ns"));
	EXPECT_LT(now(), look_up(self->directory, "waits", "pid", pid, "deadline_ns"));
	snprintf(pid, sizeof(pid), "%d", caller);
	EXPECT_TRUE(wait_until(look_up(self->directory, "waits", "pid", pid, "for_pid") == me));
	EXPECT_EQ(caller, look_up(self->directory, "waits", "reason", "reply", "pid"));
	EXPECT_EQ(0, look_up(self->directory, "waits", "pid", pid, "deadline_ns"));
	child_kill(receiver);
	child_kill(caller);
	EXPECT_TRUE(wait_until(look_up(self->directory, "waits", "pid", pid, "pid") == -1));
}

/* At two mailboxes, and more than one look finds. */
TEST_F(debugfs, tells_of_each_who_waits_once)
{
	struct channel boxes[2] = {};
	struct msgpass_mailbox_stat stat;
	unsigned int i, seen[2] = {};
	pid_t children[40];
	uint64_t in[2];
	char line[256];
	FILE *file;

	for (i = 0; i < 2; i++) {
		boxes[i].fd = MAILBOX_OPEN(self->device, unique_name("waits"), OPEN_NEW);
		ASSERT_EQ(0, mailbox_stat(boxes[i].fd, "", &stat));
		in[i] = stat.out_id;
	}
	for (i = 0; i < ARRAY_SIZE(children); i++)
		children[i] = child_receiving(&boxes[i % 4 == 0], 0);
	EXPECT_TRUE(receivers_wait(&boxes[0], 0, 30));
	EXPECT_TRUE(receivers_wait(&boxes[1], 0, 10));
	file = table_open(self->directory, "waits");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		unsigned long long mailbox;

		if (sscanf(line, "%*d %*d %*u message 0 0 %llu", &mailbox) != 1)
			continue;
		for (i = 0; i < 2; i++)
			seen[i] += mailbox == in[i];
	}
	fclose(file);
	EXPECT_EQ(30, seen[0]);
	EXPECT_EQ(10, seen[1]);
	for (i = 0; i < ARRAY_SIZE(children); i++)
		child_kill(children[i]);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, mailbox_delete(boxes[i].fd, ""));
		close(boxes[i].fd);
	}
}

TEST_F(debugfs, is_for_root)
{
	EXPECT_EQ(NULL, AS(FATHER, table_open(self->directory, "mailboxes")));
	EXPECT_EQ(EACCES, errno);
}

#include "afterwards.h"
