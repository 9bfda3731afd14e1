// SPDX-License-Identifier: GPL-2.0
/*
 * Listing mailboxes, inboxes and links: all of them, each once, with what is true of them,
 * and only to those who may see them.
 */
#include "msgpass_test.h"

/* --- mailboxes, in a network namespace of the test's own */

FIXTURE(mailboxes) {
	int device;
};

FIXTURE_SETUP(mailboxes)
{
	NEED_ROOT();
	if (unshare(CLONE_NEWNET))
		SKIP_TEST("no network namespaces");
	self->device = device_open();
	ASSERT_LE(0, self->device);
}

FIXTURE_TEARDOWN(mailboxes)
{
	close(self->device);
}

/* Make a mailbox and close it; it lives until its namespace goes. */
static int make(int device, const char *name, uint32_t mode)
{
	int fd = MAILBOX_OPEN(device, name, OPEN_NEW, .set = MSGPASS_SET_MODE, .mode = mode);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static unsigned int count_mailboxes(int device)
{
	struct msgpass_mailbox_stat stat;
	unsigned int count = 0;
	uint64_t id = 0;

	while (!mailbox_next(device, id, &stat)) {
		id = stat.out_id;
		count++;
	}
	return count;
}

TEST_F(mailboxes, none_is_enoent)
{
	struct msgpass_mailbox_stat stat;

	EXPECT_EQ(-ENOENT, mailbox_next(self->device, 0, &stat));
}

TEST_F(mailboxes, all_are_listed_once_in_the_order_of_their_numbers)
{
	struct msgpass_mailbox_stat stat;
	bool seen[50] = {};
	unsigned int i, number;
	char name[16];
	uint64_t id = 0;

	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		snprintf(name, sizeof(name), "box-%u", i);
		ASSERT_EQ(0, make(self->device, name, 0600));
	}
	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		ASSERT_EQ(0, mailbox_next(self->device, id, &stat));
		EXPECT_LT(id, stat.out_id);
		number = atoi(stat.name + strlen("box-"));
		EXPECT_FALSE(seen[number]);
		seen[number] = true;
		id = stat.out_id;
	}
	EXPECT_EQ(-ENOENT, mailbox_next(self->device, id, &stat));
	EXPECT_EQ(-ENOENT, mailbox_next(self->device, ~0ULL, &stat));
}

TEST_F(mailboxes, anonymous_ones_are_not_listed)
{
	int fd = mailbox_new(self->device);

	EXPECT_LE(0, fd);
	EXPECT_EQ(0, count_mailboxes(self->device));
	close(fd);
}

TEST_F(mailboxes, deleted_ones_are_not_listed)
{
	EXPECT_EQ(0, make(self->device, "a", 0600));
	EXPECT_EQ(0, make(self->device, "b", 0600));
	EXPECT_EQ(2, count_mailboxes(self->device));
	EXPECT_EQ(0, mailbox_delete(self->device, "a"));
	EXPECT_EQ(1, count_mailboxes(self->device));
}

TEST_F(mailboxes, a_listing_goes_on_though_its_last_answer_was_deleted)
{
	struct msgpass_mailbox_stat stat;
	unsigned int count = 0;
	uint64_t id = 0;

	EXPECT_EQ(0, make(self->device, "a", 0600));
	EXPECT_EQ(0, make(self->device, "b", 0600));
	EXPECT_EQ(0, make(self->device, "c", 0600));
	while (!mailbox_next(self->device, id, &stat)) {
		EXPECT_EQ(0, mailbox_delete(self->device, stat.name));
		id = stat.out_id;
		count++;
	}
	EXPECT_EQ(3, count);
}

TEST_F(mailboxes, info_counts_them)
{
	struct msgpass_info counted;

	EXPECT_EQ(0, make(self->device, "a", 0600));
	EXPECT_EQ(0, make(self->device, "b", 0600));
	ASSERT_EQ(0, info(self->device, &counted));
	EXPECT_EQ(2, counted.out_mailboxes);
}

TEST_F(mailboxes, a_stat_says_the_same_by_name_by_fd_and_in_the_list)
{
	struct msgpass_mailbox_stat by_name, by_fd, listed;
	int fd = MAILBOX_OPEN(self->device, "a", OPEN_NEW);

	EXPECT_EQ(0, send_number(fd, 0, 1));
	ASSERT_EQ(0, mailbox_stat(self->device, "a", &by_name));
	ASSERT_EQ(0, mailbox_stat(fd, "", &by_fd));
	ASSERT_EQ(0, mailbox_next(self->device, 0, &listed));
	EXPECT_EQ(0, memcmp(&by_name, &by_fd, sizeof(by_fd)));
	EXPECT_EQ(0, memcmp(&by_name, &listed, sizeof(listed)));
	EXPECT_STREQ("a", by_fd.name);
	EXPECT_EQ(1, by_fd.out_queued);
	close(fd);
}

TEST_F(mailboxes, a_stat_of_an_unknown_name_is_enoent)
{
	struct msgpass_mailbox_stat stat;

	EXPECT_EQ(0, make(self->device, "a", 0600));
	EXPECT_EQ(-ENOENT, mailbox_stat(self->device, "b", &stat));
}

TEST_F(mailboxes, a_stat_by_a_sending_fd_is_allowed)
{
	struct msgpass_mailbox_stat stat;
	int fd;

	EXPECT_EQ(0, make(self->device, "a", 0600));
	fd = MAILBOX_OPEN(self->device, "a", MSGPASS_OPEN_SEND);
	EXPECT_EQ(0, mailbox_stat(fd, "", &stat));
	close(fd);
}

/* --- who may see a mailbox */

FIXTURE(mailbox_seen) {
	int device;
};

FIXTURE_VARIANT(mailbox_seen) {
	uint32_t mode;
	uid_t uid;
	gid_t gid;
	bool seen;
};

FIXTURE_VARIANT_ADD(mailbox_seen, by_its_owner_whatever_the_mode) {
	0000, FATHER, FAMILY, true };
FIXTURE_VARIANT_ADD(mailbox_seen, not_by_others) {
	0660, CHILD, STRANGERS, false };
FIXTURE_VARIANT_ADD(mailbox_seen, by_others_who_may_receive) {
	0604, CHILD, STRANGERS, true };
FIXTURE_VARIANT_ADD(mailbox_seen, by_others_who_may_send) {
	0602, CHILD, STRANGERS, true };
FIXTURE_VARIANT_ADD(mailbox_seen, not_by_the_group) {
	0600, CHILD, FAMILY, false };
FIXTURE_VARIANT_ADD(mailbox_seen, by_the_group_that_may_receive) {
	0640, CHILD, FAMILY, true };
FIXTURE_VARIANT_ADD(mailbox_seen, by_the_group_that_may_send) {
	0620, CHILD, FAMILY, true };

FIXTURE_SETUP(mailbox_seen)
{
	int fd;

	NEED_ROOT();
	if (unshare(CLONE_NEWNET))
		SKIP_TEST("no network namespaces");
	self->device = device_open();
	fd = MAILBOX_OPEN(self->device, "a", OPEN_NEW, .mode = variant->mode,
			  .uid = FATHER, .gid = FAMILY,
			  .set = MSGPASS_SET_MODE | MSGPASS_SET_UID | MSGPASS_SET_GID);
	ASSERT_LE(0, fd);
	close(fd);
}

FIXTURE_TEARDOWN(mailbox_seen)
{
	close(self->device);
}

TEST_F(mailbox_seen, in_the_list_and_by_name)
{
	const int expected = variant->seen ? 0 : -ENOENT;
	pid_t child = child_fork();

	if (!child) {
		struct msgpass_mailbox_stat stat;

		become(variant->uid, variant->gid);
		CHECK(mailbox_stat(self->device, "a", &stat) == expected);
		CHECK(mailbox_next(self->device, 0, &stat) == expected);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(mailbox_seen, with_cap_ipc_owner)
{
	EXPECT_EQ(1, count_mailboxes(self->device));
}

TEST_F(mailbox_seen, not_by_a_root_without_cap_ipc_owner)
{
	pid_t child = child_fork();

	if (!child) {
		drop_capability(CAP_IPC_OWNER);
		CHECK(count_mailboxes(self->device) == !!(variant->mode & 006));
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
}

/* --- inboxes */

FIXTURE(inboxes) {
	int fd;
	pid_t me;
	uint64_t peer;
};

FIXTURE_SETUP(inboxes)
{
	self->fd = device_open();
	self->me = getpid();
	self->peer = own_peer(self->fd);
	ASSERT_EQ(-EAGAIN, TAKE(self->fd));
}

FIXTURE_TEARDOWN(inboxes)
{
	close(self->fd);
}

/* Whether the inbox of a process is listed, and how often. */
static unsigned int times_listed(int fd, pid_t process)
{
	struct msgpass_inbox_stat stat;
	unsigned int times = 0;
	uint64_t peer = 0;

	while (!inbox_next(fd, peer, &stat)) {
		times += stat.out_pid == process;
		peer = stat.out_peer;
	}
	return times;
}

TEST_F(inboxes, are_listed_once)
{
	pid_t children[5];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = child_idle();
		EXPECT_EQ(0, send_number(self->fd, children[i], 1));
	}
	EXPECT_EQ(1, times_listed(self->fd, self->me));
	for (i = 0; i < ARRAY_SIZE(children); i++) {
		EXPECT_EQ(1, times_listed(self->fd, children[i]));
		child_kill(children[i]);
	}
}

TEST_F(inboxes, of_the_dead_are_not_listed)
{
	pid_t child = child_idle();

	EXPECT_EQ(0, send_number(self->fd, child, 1));
	EXPECT_EQ(1, times_listed(self->fd, child));
	child_kill(child);
	EXPECT_TRUE(wait_until(times_listed(self->fd, child) == 0));
}

TEST_F(inboxes, say_enoent_at_the_end)
{
	struct msgpass_inbox_stat stat;

	EXPECT_EQ(-ENOENT, inbox_next(self->fd, ~0ULL, &stat));
}

TEST_F(inboxes, can_be_looked_up_by_pid_by_peer_and_as_ones_own)
{
	struct msgpass_inbox_stat by_pid, by_peer, own;

	EXPECT_EQ(0, send_number(self->fd, self->me, 1));
	ASSERT_EQ(0, inbox_stat(self->fd, 0, self->me, &by_pid));
	ASSERT_EQ(0, inbox_stat(self->fd, MSGPASS_PEER, self->peer, &by_peer));
	ASSERT_EQ(0, inbox_stat(self->fd, 0, 0, &own));
	by_pid.process = own.process;
	by_peer.process = own.process;
	by_peer.flags = own.flags;
	EXPECT_EQ(0, memcmp(&own, &by_pid, sizeof(own)));
	EXPECT_EQ(0, memcmp(&own, &by_peer, sizeof(own)));
	EXPECT_EQ(self->peer, own.out_peer);
	EXPECT_EQ(self->me, own.out_pid);
	EXPECT_EQ(getuid(), own.out_uid);
	EXPECT_EQ(1, own.out_links);
	EXPECT_EQ(1, own.out_queued);
	EXPECT_EQ(4, own.out_queued_bytes);
}

TEST_F(inboxes, have_the_default_attributes)
{
	struct msgpass_inbox_stat stat;
	struct msgpass_info defaults;

	ASSERT_EQ(0, info(self->fd, &defaults));
	ASSERT_EQ(0, inbox_stat(self->fd, 0, 0, &stat));
	EXPECT_EQ(MSGPASS_SET_MODE | MSGPASS_SET_CAPACITY | MSGPASS_SET_CAPACITY_BYTES |
		  MSGPASS_SET_MESSAGE_MAX, stat.out_attributes.set);
	EXPECT_EQ(0200, stat.out_attributes.mode);
	EXPECT_EQ(0, stat.out_attributes.uid);
	EXPECT_EQ(0, stat.out_attributes.gid);
	EXPECT_EQ(defaults.out_capacity_default, stat.out_attributes.capacity);
	EXPECT_EQ(4 << 20, stat.out_attributes.capacity_bytes);
	EXPECT_EQ(defaults.out_message_max, stat.out_attributes.message_max);
}

TEST_F(inboxes, show_the_attributes_set)
{
	struct msgpass_inbox_stat stat;

	EXPECT_EQ(0, INBOX_SET(self->fd, .mode = 0222, .capacity = 7, .capacity_bytes = 700,
			       .message_max = 70,
			       .set = MSGPASS_SET_MODE | MSGPASS_SET_CAPACITY |
				      MSGPASS_SET_CAPACITY_BYTES | MSGPASS_SET_MESSAGE_MAX));
	ASSERT_EQ(0, inbox_stat(self->fd, 0, 0, &stat));
	EXPECT_EQ(0222, stat.out_attributes.mode);
	EXPECT_EQ(7, stat.out_attributes.capacity);
	EXPECT_EQ(700, stat.out_attributes.capacity_bytes);
	EXPECT_EQ(70, stat.out_attributes.message_max);
}

TEST_F(inboxes, of_processes_that_have_none_are_esrch)
{
	struct msgpass_inbox_stat stat;
	pid_t child;

	close(self->fd);
	child = child_idle();
	self->fd = device_open();
	EXPECT_EQ(-ESRCH, inbox_stat(self->fd, 0, child, &stat));
	child_kill(child);
	EXPECT_EQ(-ESRCH, inbox_stat(self->fd, 0, child, &stat));
	EXPECT_EQ(-ESRCH, inbox_stat(self->fd, MSGPASS_PEER, ~0ULL, &stat));
}

TEST_F(inboxes, are_seen_by_those_who_may_signal_the_process)
{
	uint64_t *peer = shared(sizeof(*peer));
	pid_t father, child;

	NEED_ROOT();
	father = child_fork();
	if (!father) {
		become(FATHER, FAMILY);
		*peer = own_peer(self->fd);
		_exit(RECEIVE(self->fd, NULL));
	}
	EXPECT_TRUE(wait_until(inbox_counts(self->fd, father).receivers_waiting == 1));
	child = child_fork();
	if (!child) {
		struct msgpass_inbox_stat stat;

		become(FATHER, STRANGERS);
		CHECK(!inbox_stat(self->fd, 0, father, &stat));
		CHECK(stat.out_uid == FATHER);
		CHECK(times_listed(self->fd, father) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	child = child_fork();
	if (!child) {
		become(MOTHER, FAMILY);
		CHECK(peer_of(self->fd, father) == 0);
		CHECK(inbox_of_peer(self->fd, *peer) == -ESRCH);
		CHECK(times_listed(self->fd, father) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	child_kill(father);
}

TEST_F(inboxes, show_the_real_uid)
{
	struct msgpass_inbox_stat stat;
	pid_t child;

	NEED_ROOT();
	child = child_fork();
	if (!child) {
		CHECK(!setresuid(FATHER, MOTHER, MOTHER));
		die_with_parent();
		_exit(RECEIVE(self->fd, NULL));
	}
	EXPECT_TRUE(wait_until(inbox_counts(self->fd, child).receivers_waiting == 1));
	EXPECT_EQ(0, inbox_stat(self->fd, 0, child, &stat));
	EXPECT_EQ(FATHER, stat.out_uid);
	child_kill(child);
}

/* --- links */

TEST_F(inboxes, have_links_that_are_listed_once)
{
	struct msgpass_link_stat stat;
	unsigned int to_me = 0, from_me = 0, i;
	uint64_t to = 0, from = 0;
	pid_t children[4];

	for (i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = child_fork();
		if (!children[i]) {
			CHECK(!send_number(self->fd, self->me, 1));
			for (;;)
				pause();
		}
		EXPECT_EQ(0, send_number(self->fd, children[i], 1));
	}
	EXPECT_TRUE(wait_until(inbox_counts(self->fd, 0).queued == ARRAY_SIZE(children)));
	while (!link_next(self->fd, to, from, &stat)) {
		EXPECT_TRUE(stat.out_to_peer > to ||
			    (stat.out_to_peer == to && stat.out_from_peer > from));
		to_me += stat.out_to_pid == self->me;
		from_me += stat.out_from_pid == self->me;
		to = stat.out_to_peer;
		from = stat.out_from_peer;
	}
	EXPECT_EQ(ARRAY_SIZE(children), to_me);
	EXPECT_EQ(ARRAY_SIZE(children), from_me);
	for (i = 0; i < ARRAY_SIZE(children); i++)
		child_kill(children[i]);
}

TEST_F(inboxes, have_links_with_counters_of_their_own)
{
	struct msgpass_link_stat stat;
	struct msgpass_info defaults;

	ASSERT_EQ(0, info(self->fd, &defaults));
	EXPECT_EQ(0, send_number(self->fd, self->me, 1));
	EXPECT_EQ(0, send_number(self->fd, self->me, 2));
	EXPECT_EQ(1, TAKE(self->fd));
	ASSERT_EQ(0, link_stat(self->fd, self->peer, self->peer, &stat));
	EXPECT_EQ(self->me, stat.out_to_pid);
	EXPECT_EQ(self->me, stat.out_from_pid);
	EXPECT_EQ(defaults.out_capacity_default, stat.out_capacity);
	EXPECT_EQ(4 << 20, stat.out_capacity_bytes);
	EXPECT_EQ(1, stat.out_queued);
	EXPECT_EQ(4, stat.out_queued_bytes);
	EXPECT_EQ(0, stat.out_receivers_waiting);
	EXPECT_EQ(0, stat.out_senders_waiting);
	EXPECT_EQ(2, stat.out_sent);
	EXPECT_EQ(1, stat.out_received);
}

TEST_F(inboxes, have_links_that_take_the_capacities_set_later)
{
	struct msgpass_link_stat stat;

	EXPECT_EQ(0, send_number(self->fd, self->me, 1));
	EXPECT_EQ(0, INBOX_SET(self->fd, .capacity = 7, .capacity_bytes = MSGPASS_UNLIMITED,
			       .set = MSGPASS_SET_CAPACITY | MSGPASS_SET_CAPACITY_BYTES));
	ASSERT_EQ(0, link_stat(self->fd, self->peer, self->peer, &stat));
	EXPECT_EQ(7, stat.out_capacity);
	EXPECT_EQ(MSGPASS_UNLIMITED, stat.out_capacity_bytes);
}

TEST_F(inboxes, have_links_that_say_how_many_senders_wait)
{
	struct msgpass_link_stat stat;
	uint64_t *peer = shared(sizeof(*peer));
	pid_t child;

	EXPECT_EQ(0, INBOX_SET(self->fd, .set = MSGPASS_SET_CAPACITY, .capacity = 1));
	child = child_fork();
	if (!child) {
		*peer = own_peer(self->fd);
		CHECK(!send_number(self->fd, self->me, 1));
		_exit(-SEND(self->fd, .to = self->me, NUMBER(2)));
	}
	EXPECT_TRUE(wait_until(inbox_counts(self->fd, 0).senders_waiting == 1));
	ASSERT_EQ(0, link_stat(self->fd, self->peer, *peer, &stat));
	EXPECT_EQ(1, stat.out_senders_waiting);
	EXPECT_EQ(1, stat.out_queued);
	child_kill(child);
}

TEST_F(inboxes, have_links_that_say_how_many_receivers_wait_for_just_this_sender)
{
	struct msgpass_link_stat stat;
	pid_t child = child_fork();
	uint64_t peer;

	if (!child) {
		CHECK(AWAIT(self->fd, .from = self->me) == 1);
		_exit(AWAIT(self->fd, .from = self->me) != 2);
	}
	EXPECT_EQ(0, send_number(self->fd, child, 1));
	peer = peer_of(self->fd, child);
	EXPECT_TRUE(wait_until(inbox_counts(self->fd, child).received == 1));
	EXPECT_TRUE(wait_until(!link_stat(self->fd, peer, self->peer, &stat) &&
			       stat.out_receivers_waiting == 1));
	EXPECT_EQ(0, send_number(self->fd, child, 2));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(inboxes, have_no_link_listed_that_carried_nothing_yet)
{
	struct msgpass_link_stat stat;
	pid_t child = child_fork();
	uint64_t peer;

	if (!child)
		_exit(AWAIT(self->fd, .from = self->me) != 1);
	EXPECT_TRUE(wait_until(inbox_counts(self->fd, child).receivers_waiting == 1));
	peer = peer_of(self->fd, child);
	EXPECT_EQ(-ENOENT, link_stat(self->fd, peer, self->peer, &stat));
	EXPECT_EQ(0, send_number(self->fd, child, 1));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(inboxes, have_links_that_only_their_ends_users_may_see)
{
	uint64_t *peer = shared(sizeof(*peer));
	struct msgpass_link_stat stat;
	pid_t father, child;

	NEED_ROOT();
	father = child_fork();
	if (!father) {
		become(FATHER, FAMILY);
		*peer = own_peer(self->fd);
		CHECK(!send_number(self->fd, getpid(), 1));
		for (;;)
			pause();
	}
	EXPECT_TRUE(wait_until(*peer && !link_stat(self->fd, *peer, *peer, &stat)));
	child = child_fork();
	if (!child) {
		become(MOTHER, FAMILY);
		CHECK(link_stat(self->fd, *peer, *peer, &stat) == -ENOENT);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	child = child_fork();
	if (!child) {
		become(FATHER, FAMILY);
		CHECK(link_stat(self->fd, *peer, *peer, &stat) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	child_kill(father);
}

#include "afterwards.h"
