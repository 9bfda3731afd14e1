// SPDX-License-Identifier: GPL-2.0
/*
 * Indirect communication: mailboxes, their names, rights, attributes and deletion, and who
 * gets the message.
 */
#include "msgpass_test.h"

FIXTURE(mailbox) {
	int device;
	const char *name;
	int fd;			/* of a named mailbox, with both rights */
	struct channel channel;	/* the same */
};

FIXTURE_SETUP(mailbox)
{
	self->device = device_open();
	self->name = unique_name("mailbox");
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE);
	ASSERT_LE(0, self->fd);
	self->channel.fd = self->fd;
}

FIXTURE_TEARDOWN(mailbox)
{
	mailbox_delete(self->device, self->name);
	close(self->fd);
	close(self->device);
}

/* --- opening */

TEST_F(mailbox, one_name_is_one_mailbox)
{
	int other = MAILBOX_OPEN(self->device, self->name, OPEN_BOTH);

	ASSERT_LE(0, other);
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	EXPECT_EQ(1, TAKE(other));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
	close(other);
}

TEST_F(mailbox, creating_opens_the_one_that_is_there)
{
	int other = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);

	ASSERT_LE(0, other);
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	EXPECT_EQ(1, TAKE(other));
	close(other);
}

TEST_F(mailbox, creating_exclusively_fails_if_it_is_there)
{
	EXPECT_EQ(-EEXIST, MAILBOX_OPEN(self->device, self->name,
					OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE));
}

TEST_F(mailbox, opening_an_unknown_name_fails)
{
	EXPECT_EQ(-ENOENT, MAILBOX_OPEN(self->device, unique_name("unknown"), OPEN_BOTH));
}

TEST_F(mailbox, exclusive_means_nothing_without_create)
{
	const int ret = MAILBOX_OPEN(self->device, self->name,
				     OPEN_BOTH | MSGPASS_OPEN_EXCLUSIVE);

	EXPECT_EQ(-EINVAL, ret);
}

TEST_F(mailbox, opening_takes_a_right)
{
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, self->name, 0));
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, "", MSGPASS_OPEN_CREATE));
}

TEST_F(mailbox, the_fd_is_the_right_it_was_opened_with)
{
	int receiver = MAILBOX_OPEN(self->device, self->name, MSGPASS_OPEN_RECEIVE);
	int sender = MAILBOX_OPEN(self->device, self->name, MSGPASS_OPEN_SEND);

	EXPECT_EQ(-EBADF, send_number(receiver, 0, 1));
	EXPECT_EQ(0, send_number(sender, 0, 1));
	EXPECT_EQ(-EBADF, TAKE(sender));
	EXPECT_EQ(1, TAKE(receiver));
	EXPECT_EQ(O_RDONLY, fcntl(receiver, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(O_WRONLY, fcntl(sender, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(O_RDWR, fcntl(self->fd, F_GETFL) & O_ACCMODE);
	close(receiver);
	close(sender);
}

TEST_F(mailbox, the_fd_closes_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
}

TEST_F(mailbox, the_fd_starts_out_nonblocking_if_asked)
{
	int fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOTH | MSGPASS_OPEN_NONBLOCK);
	uint32_t number;

	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, fcntl(self->fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(-EAGAIN, RECEIVE(fd, NULL, BYTES(&number, sizeof(number))));
	close(fd);
}

TEST_F(mailbox, no_descriptor_left_makes_no_mailbox)
{
	const char *name = unique_name("emfile");
	struct rlimit old;
	int ret;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &(struct rlimit){ .rlim_max = old.rlim_max }));
	ret = MAILBOX_OPEN(self->device, name, OPEN_NEW);
	setrlimit(RLIMIT_NOFILE, &old);
	EXPECT_EQ(-EMFILE, ret);
	EXPECT_EQ(-ENOENT, MAILBOX_OPEN(self->device, name, OPEN_BOTH));
}

/* --- anonymous */

TEST_F(mailbox, an_anonymous_one_is_new_each_time)
{
	int one = mailbox_new(self->device), other = mailbox_new(self->device);

	ASSERT_LE(0, one);
	ASSERT_LE(0, other);
	EXPECT_EQ(0, send_number(one, 0, 1));
	EXPECT_EQ(-EAGAIN, TAKE(other));
	EXPECT_EQ(1, TAKE(one));
	close(one);
	close(other);
}

TEST_F(mailbox, an_anonymous_one_has_to_be_made)
{
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, "", OPEN_BOTH));
}

TEST_F(mailbox, an_anonymous_one_goes_with_its_last_fd)
{
	uint64_t base = settled_user_bytes(self->device);
	int fd = mailbox_new(self->device);
	int copy = dup(fd);

	EXPECT_EQ(0, send_number(fd, 0, 1));
	EXPECT_LT(base, user_bytes(self->device));
	close(fd);
	EXPECT_EQ(1, TAKE(copy));
	EXPECT_EQ(0, send_number(copy, 0, 2));
	close(copy);
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
}

TEST_F(mailbox, a_named_one_lives_without_an_fd)
{
	EXPECT_EQ(0, send_number(self->fd, 0, 6));
	close(self->fd);
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOTH);
	EXPECT_EQ(6, TAKE(self->fd));
}

/* --- passing the right on */

TEST_F(mailbox, a_forked_child_has_the_right)
{
	pid_t child = child_fork();

	if (!child) {
		CHECK(!send_number(self->fd, 0, 3));
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(3, TAKE(self->fd));
}

TEST_F(mailbox, the_right_passes_through_a_socket)
{
	int sockets[2];
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	child = child_fork();
	if (!child) {
		int fd;

		close(self->fd);
		fd = fd_receive(sockets[1]);
		CHECK(fd >= 0);
		CHECK(!send_number(fd, 0, 4));
		CHECK(TAKE(fd) == -EBADF);
		_exit(0);
	}
	close(self->fd);
	self->fd = MAILBOX_OPEN(self->device, self->name, MSGPASS_OPEN_SEND);
	EXPECT_EQ(0, fd_send(sockets[0], self->fd));
	EXPECT_EQ(0, child_status(child));
	close(self->fd);
	self->fd = MAILBOX_OPEN(self->device, self->name, MSGPASS_OPEN_RECEIVE);
	EXPECT_EQ(4, TAKE(self->fd));
}

/* --- names */

TEST_F(mailbox, a_name_of_63_bytes_is_allowed)
{
	char name[MSGPASS_NAME_SIZE] = {};
	int fd;

	memset(name, 'x', sizeof(name) - 1);
	memcpy(name, self->name, strlen(self->name));
	fd = MAILBOX_OPEN(self->device, name, OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, mailbox_delete(self->device, name));
	close(fd);
}

TEST_F(mailbox, a_name_without_a_nul_is_too_long)
{
	struct msgpass_mailbox_open open = { .size = sizeof(open), .flags = OPEN_NEW };
	struct msgpass_mailbox_delete delete = { .size = sizeof(delete) };
	struct msgpass_mailbox_stat stat = { .size = sizeof(stat) };

	memset(open.name, 'x', sizeof(open.name));
	memset(delete.name, 'x', sizeof(delete.name));
	memset(stat.name, 'x', sizeof(stat.name));
	EXPECT_EQ(-ENAMETOOLONG, call(self->device, MSGPASS_IOC_MAILBOX_OPEN, &open));
	EXPECT_EQ(-ENAMETOOLONG, call(self->device, MSGPASS_IOC_MAILBOX_DELETE, &delete));
	EXPECT_EQ(-ENAMETOOLONG, call(self->device, MSGPASS_IOC_MAILBOX_STAT, &stat));
}

static bool allowed(unsigned int byte)
{
	return byte > 0x20 && byte != '/' && byte != 0x7f;
}

TEST_F(mailbox, every_byte_of_a_name_is_checked)
{
	char name[MSGPASS_NAME_SIZE];
	unsigned int byte;
	int fd;

	for (byte = 1; byte < 256; byte++) {
		snprintf(name, sizeof(name), "%s%c-", self->name, byte);
		fd = MAILBOX_OPEN(self->device, name, OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE);
		EXPECT_EQ(allowed(byte) ? 0 : -EINVAL, fd < 0 ? fd : 0) {
			TH_LOG("byte 0x%02x", byte);
		}
		if (fd < 0)
			continue;
		EXPECT_EQ(0, mailbox_delete(self->device, name));
		close(fd);
	}
}

TEST_F(mailbox, no_name_begins_with_a_dot)
{
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, ".", OPEN_NEW));
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, "..", OPEN_NEW));
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, ".hidden", OPEN_NEW));
}

/* --- deleting */

TEST_F(mailbox, deleting_frees_the_name_at_once)
{
	int fd;

	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	EXPECT_EQ(0, mailbox_delete(self->device, self->name));
	EXPECT_EQ(-ENOENT, MAILBOX_OPEN(self->device, self->name, OPEN_BOTH));
	fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE);
	EXPECT_LE(0, fd);
	EXPECT_EQ(-EAGAIN, TAKE(fd));
	EXPECT_EQ(-EPIPE, TAKE(self->fd));
	close(fd);
}

TEST_F(mailbox, deleting_works_through_the_fd)
{
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(-ENOENT, MAILBOX_OPEN(self->device, self->name, OPEN_BOTH));
}

TEST_F(mailbox, deleting_an_unknown_name_fails)
{
	EXPECT_EQ(-ENOENT, mailbox_delete(self->device, unique_name("unknown")));
}

TEST_F(mailbox, deleting_takes_a_name)
{
	const int ret = mailbox_delete(self->device, "");

	EXPECT_TRUE(ret == -EINVAL || ret == -ENOENT);
}

TEST_F(mailbox, a_deleted_one_answers_epipe_to_everything)
{
	struct msgpass_mailbox_stat stat;

	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	EXPECT_EQ(0, mailbox_delete(self->device, self->name));
	EXPECT_EQ(-EPIPE, send_number(self->fd, 0, 1));
	EXPECT_EQ(-EPIPE, TAKE(self->fd));
	EXPECT_EQ(-EPIPE, AWAIT(self->fd));
	EXPECT_EQ(-EPIPE, MAILBOX_SET(self->fd, .set = MSGPASS_SET_MODE, .mode = 0600));
	EXPECT_EQ(-EPIPE, mailbox_stat(self->fd, "", &stat));
	EXPECT_EQ(-EPIPE, mailbox_delete(self->fd, ""));
}

TEST_F(mailbox, deleting_wakes_a_blocked_receiver)
{
	pid_t child = child_receiving(&self->channel, 0);

	EXPECT_TRUE(receivers_wait(&self->channel, 0, 1));
	EXPECT_EQ(0, mailbox_delete(self->device, self->name));
	EXPECT_EQ(EPIPE, child_status(child));
}

TEST_F(mailbox, deleting_wakes_a_blocked_sender)
{
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	child = child_sending(&self->channel, 0, 2);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	EXPECT_EQ(0, mailbox_delete(self->device, self->name));
	EXPECT_EQ(EPIPE, child_status(child));
}

TEST_F(mailbox, deleting_wakes_everybody)
{
	pid_t children[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(children); i++)
		children[i] = child_receiving(&self->channel, 0);
	EXPECT_TRUE(receivers_wait(&self->channel, 0, ARRAY_SIZE(children)));
	EXPECT_EQ(0, mailbox_delete(self->device, self->name));
	for (i = 0; i < ARRAY_SIZE(children); i++)
		EXPECT_EQ(EPIPE, child_status(children[i]));
}

/* --- attributes */

TEST_F(mailbox, has_the_default_attributes)
{
	struct msgpass_mailbox_stat stat;
	struct msgpass_info defaults;

	ASSERT_EQ(0, info(self->device, &defaults));
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &stat));
	EXPECT_EQ(0x3f, stat.out_attributes.set);
	EXPECT_EQ(0600, stat.out_attributes.mode);
	EXPECT_EQ(geteuid(), stat.out_attributes.uid);
	EXPECT_EQ(getegid(), stat.out_attributes.gid);
	EXPECT_EQ(defaults.out_capacity_default, stat.out_attributes.capacity);
	EXPECT_EQ(4 << 20, stat.out_attributes.capacity_bytes);
	EXPECT_EQ(defaults.out_message_max, stat.out_attributes.message_max);
}

TEST_F(mailbox, is_made_with_the_attributes_given)
{
	struct msgpass_mailbox_stat stat;
	int fd = MAILBOX_OPEN(self->device, "", OPEN_NEW, .mode = 0622, .capacity = 3,
			      .capacity_bytes = 5000, .message_max = 70,
			      .set = MSGPASS_SET_MODE | MSGPASS_SET_CAPACITY |
				     MSGPASS_SET_CAPACITY_BYTES | MSGPASS_SET_MESSAGE_MAX);

	ASSERT_EQ(0, mailbox_stat(fd, "", &stat));
	EXPECT_EQ(0622, stat.out_attributes.mode);
	EXPECT_EQ(3, stat.out_attributes.capacity);
	EXPECT_EQ(5000, stat.out_attributes.capacity_bytes);
	EXPECT_EQ(70, stat.out_attributes.message_max);
	close(fd);
}

TEST_F(mailbox, setting_one_attribute_leaves_the_others)
{
	struct msgpass_mailbox_stat old, new;

	ASSERT_EQ(0, mailbox_stat(self->fd, "", &old));
	EXPECT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_CAPACITY, .capacity = 9));
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &new));
	EXPECT_EQ(9, new.out_attributes.capacity);
	new.out_attributes.capacity = old.out_attributes.capacity;
	EXPECT_EQ(0, memcmp(&old.out_attributes, &new.out_attributes, sizeof(new.out_attributes)));
}

TEST_F(mailbox, opening_does_not_change_attributes)
{
	int fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW,
			      .set = MSGPASS_SET_CAPACITY, .capacity = 9);
	struct msgpass_mailbox_stat stat;

	EXPECT_LE(0, fd);
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &stat));
	EXPECT_NE(9, stat.out_attributes.capacity);
	close(fd);
}

/* --- ports */

TEST_F(mailbox, named_by_a_number_is_a_port)
{
	int fd = MAILBOX_OPEN(self->device, "65535", OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, mailbox_delete(fd, ""));
	close(fd);
}

TEST_F(mailbox, named_by_a_number_that_is_no_port_is_refused)
{
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, "00", OPEN_NEW));
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, "01", OPEN_NEW));
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, "65536", OPEN_NEW));
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, "99999999999999999999", OPEN_NEW));
	EXPECT_EQ(-ENOENT, MAILBOX_OPEN(self->device, "0", OPEN_BOTH));
}

TEST_F(mailbox, of_any_port_gets_one_that_is_not_in_use)
{
	struct msgpass_mailbox_stat stats[3];
	int fds[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		fds[i] = MAILBOX_OPEN(self->device, "0", OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE);
		ASSERT_LE(0, fds[i]);
		ASSERT_EQ(0, mailbox_stat(fds[i], "", &stats[i]));
		EXPECT_LE(1024, atoi(stats[i].name));
		EXPECT_GE(65535, atoi(stats[i].name));
	}
	EXPECT_STRNE(stats[0].name, stats[1].name);
	EXPECT_STRNE(stats[1].name, stats[2].name);
	EXPECT_EQ(-EEXIST, MAILBOX_OPEN(self->device, stats[0].name,
					OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, mailbox_delete(self->device, stats[i].name));
		close(fds[i]);
	}
}

TEST_F(mailbox, of_any_port_passes_over_ports_in_use)
{
	struct msgpass_mailbox_stat stat;
	char next[16];
	int fd, taken;

	fd = MAILBOX_OPEN(self->device, "0", OPEN_NEW);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mailbox_stat(fd, "", &stat));
	EXPECT_EQ(0, mailbox_delete(fd, ""));
	close(fd);
	snprintf(next, sizeof(next), "%d", atoi(stat.name) + 1);
	taken = MAILBOX_OPEN(self->device, next, OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE);
	ASSERT_LE(0, taken);
	fd = MAILBOX_OPEN(self->device, "0", OPEN_NEW);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mailbox_stat(fd, "", &stat));
	EXPECT_STRNE(next, stat.name);
	EXPECT_EQ(0, mailbox_delete(taken, ""));
	EXPECT_EQ(0, mailbox_delete(fd, ""));
	close(taken);
	close(fd);
}

TEST_F(mailbox, refuses_attributes_out_of_range)
{
	struct msgpass_info limits;

	ASSERT_EQ(0, info(self->device, &limits));
	EXPECT_EQ(-EINVAL, MAILBOX_SET(self->fd, .set = MSGPASS_SET_MODE, .mode = 1 << 16));
	EXPECT_EQ(-EINVAL, MAILBOX_SET(self->fd, .set = MSGPASS_SET_CAPACITY,
				       .capacity = limits.out_capacity_max + 1));
	EXPECT_EQ(-EINVAL, MAILBOX_SET(self->fd, .set = MSGPASS_SET_MESSAGE_MAX,
				       .message_max = limits.out_message_max + 1));
	EXPECT_EQ(-EINVAL, MAILBOX_SET(self->fd, .message_max = 100, .capacity_bytes = 99,
				       .set = MSGPASS_SET_MESSAGE_MAX |
					      MSGPASS_SET_CAPACITY_BYTES));
	EXPECT_EQ(-EINVAL, MAILBOX_SET(self->fd, .set = MSGPASS_SET_UID, .uid = -1));
	EXPECT_EQ(-EINVAL, MAILBOX_SET(self->fd, .set = MSGPASS_SET_GID, .gid = -1));
}

TEST_F(mailbox, a_capacity_in_bytes_brings_the_longest_message_down_to_it)
{
	struct msgpass_mailbox_stat stat;

	ASSERT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_CAPACITY_BYTES,
				 .capacity_bytes = 99));
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &stat));
	EXPECT_EQ(99, stat.out_attributes.message_max);
}

TEST_F(mailbox, can_be_changed_by_name)
{
	struct msgpass_mailbox_stat stat;

	ASSERT_EQ(0, MAILBOX_SET_NAMED(self->device, self->name,
				       .set = MSGPASS_SET_CAPACITY, .capacity = 9));
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &stat));
	EXPECT_EQ(9, stat.out_attributes.capacity);
	EXPECT_EQ(-ENOENT, MAILBOX_SET_NAMED(self->device, "no-such-box"));
	EXPECT_EQ(-EINVAL, MAILBOX_SET_NAMED(self->device, ""));
	EXPECT_EQ(-EINVAL, MAILBOX_SET_NAMED(self->fd, self->name));
}

TEST_F(mailbox, refusing_one_attribute_changes_none)
{
	struct msgpass_mailbox_stat old, new;

	ASSERT_EQ(0, mailbox_stat(self->fd, "", &old));
	EXPECT_EQ(-EINVAL, MAILBOX_SET(self->fd, .mode = 0666, .capacity = ~1ULL,
				       .set = MSGPASS_SET_MODE | MSGPASS_SET_CAPACITY));
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &new));
	EXPECT_EQ(0, memcmp(&old, &new, sizeof(new)));
}

/* --- who gets the message */

TEST_F(mailbox, receivers_are_served_in_the_order_in_which_they_came)
{
	pid_t children[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = child_receiving(&self->channel, 0);
		EXPECT_TRUE(receivers_wait(&self->channel, 0, i + 1));
	}
	for (i = 0; i < ARRAY_SIZE(children); i++)
		EXPECT_EQ(0, send_number(self->fd, 0, 10 + i));
	for (i = 0; i < ARRAY_SIZE(children); i++)
		EXPECT_EQ(10 + i, child_status(children[i]));
}

TEST_F(mailbox, one_message_wakes_one_receiver)
{
	pid_t first = child_receiving(&self->channel, 0), second;

	EXPECT_TRUE(receivers_wait(&self->channel, 0, 1));
	second = child_receiving(&self->channel, 0);
	EXPECT_TRUE(receivers_wait(&self->channel, 0, 2));
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	EXPECT_EQ(1, child_status(first));
	EXPECT_EQ(1, mailbox_counts(self->fd).receivers_waiting);
	child_kill(second);
}

enum { SENDERS = 4, RECEIVERS = 4, EACH = 2500 };

struct tally {
	uint64_t sum;
	uint32_t count;
	uint32_t disorder;
};

/* Numbers from 1; sender i sends those up to (i + 1) * EACH. A message of type 1 is the end. */
static void receive_all(int fd, struct tally *tally)
{
	uint32_t last[SENDERS] = {};

	for (;;) {
		struct msgpass_receive receive;
		unsigned int sender;
		uint32_t number;

		CHECK(!RECEIVE(fd, &receive, BYTES(&number, sizeof(number)), .deadline = soon()));
		if (receive.out_type == 1)
			return;
		sender = (number - 1) / EACH;
		CHECK(sender < SENDERS);
		tally->sum += number;
		tally->count++;
		tally->disorder += number <= last[sender];
		last[sender] = number;
	}
}

TEST_F(mailbox, of_many_senders_and_receivers_each_message_gets_to_one)
{
	struct tally *tallies = shared(RECEIVERS * sizeof(*tallies));
	const uint64_t all = SENDERS * EACH;
	pid_t senders[SENDERS], receivers[RECEIVERS];
	uint64_t sum = 0, count = 0;
	uint32_t i, number;

	for (i = 0; i < RECEIVERS; i++) {
		receivers[i] = child_fork();
		if (!receivers[i]) {
			receive_all(self->fd, &tallies[i]);
			_exit(0);
		}
	}
	for (i = 0; i < SENDERS; i++) {
		senders[i] = child_fork();
		if (senders[i])
			continue;
		for (number = i * EACH + 1; number <= (i + 1) * EACH; number++)
			CHECK(!SEND(self->fd, NUMBER(number), .deadline = soon()));
		_exit(0);
	}
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_status(senders[i]));
	for (i = 0; i < RECEIVERS; i++)
		EXPECT_EQ(0, SEND(self->fd, .type = 1, .deadline = soon()));
	for (i = 0; i < RECEIVERS; i++) {
		EXPECT_EQ(0, child_status(receivers[i]));
		EXPECT_EQ(0, tallies[i].disorder);
		sum += tallies[i].sum;
		count += tallies[i].count;
	}
	EXPECT_EQ(all, count);
	EXPECT_EQ(all * (all + 1) / 2, sum);
	EXPECT_EQ(0, mailbox_counts(self->fd).queued);
	EXPECT_EQ(all + RECEIVERS, mailbox_counts(self->fd).received);
}

/* --- what inboxes and mailboxes have in common */

FIXTURE(capacity) {
	struct channel channel;
	int fd;
	uint64_t to;
};

FIXTURE_VARIANT(capacity) {
	bool direct;
};

FIXTURE_VARIANT_ADD(capacity, direct) { .direct = true };
FIXTURE_VARIANT_ADD(capacity, mailbox) { .direct = false };

FIXTURE_SETUP(capacity)
{
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->fd = self->channel.fd;
	self->to = address(&self->channel, getpid());
}

FIXTURE_TEARDOWN(capacity)
{
	close(self->fd);
}

static int send_bytes(int fd, uint64_t to, size_t count)
{
	static char bytes[4096];

	return SEND(fd, .to = to, .flags = MSGPASS_NONBLOCK, BYTES(bytes, count));
}

TEST_F(capacity, counts_messages)
{
	unsigned int i;

	ASSERT_EQ(0, set_capacity(&self->channel, 3));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, send_number(self->fd, self->to, i));
	EXPECT_EQ(-EAGAIN, send_number(self->fd, self->to, 3));
	EXPECT_EQ(0, TAKE(self->fd));
	EXPECT_EQ(0, send_number(self->fd, self->to, 4));
}

TEST_F(capacity, counts_empty_messages)
{
	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(0, send_bytes(self->fd, self->to, 0));
	EXPECT_EQ(-EAGAIN, send_bytes(self->fd, self->to, 0));
}

TEST_F(capacity, counts_bytes)
{
	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .message_max = 1000, .capacity_bytes = 1000,
				 .set = MSGPASS_SET_MESSAGE_MAX | MSGPASS_SET_CAPACITY_BYTES));
	EXPECT_EQ(0, send_bytes(self->fd, self->to, 600));
	EXPECT_EQ(-EAGAIN, send_bytes(self->fd, self->to, 401));
	EXPECT_EQ(0, send_bytes(self->fd, self->to, 400));
	EXPECT_EQ(1000, channel_counts(&self->channel, getpid()).queued_bytes);
	EXPECT_EQ(-EAGAIN, send_bytes(self->fd, self->to, 1));
}

TEST_F(capacity, unlimited_takes_more_than_the_default)
{
	unsigned int i;

	ASSERT_EQ(0, set_capacity(&self->channel, MSGPASS_UNLIMITED));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(0, send_number(self->fd, self->to, i));
	EXPECT_EQ(1000, channel_counts(&self->channel, getpid()).queued);
}

TEST_F(capacity, has_a_largest_message)
{
	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				 .message_max = 100));
	EXPECT_EQ(0, send_bytes(self->fd, self->to, 100));
	EXPECT_EQ(-EMSGSIZE, send_bytes(self->fd, self->to, 101));
	EXPECT_EQ(1, channel_counts(&self->channel, getpid()).queued);
}

TEST_F(capacity, lowering_it_drops_nothing)
{
	ASSERT_EQ(0, set_capacity(&self->channel, 3));
	EXPECT_EQ(0, send_number(self->fd, self->to, 1));
	EXPECT_EQ(0, send_number(self->fd, self->to, 2));
	EXPECT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(2, channel_counts(&self->channel, getpid()).queued);
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, send_number(self->fd, self->to, 3));
	EXPECT_EQ(2, TAKE(self->fd));
	EXPECT_EQ(0, send_number(self->fd, self->to, 3));
}

TEST_F(capacity, raising_it_lets_waiting_senders_go_on)
{
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	child = child_fork();
	if (!child) {
		CHECK(!send_number(self->fd, self->to, 1));
		_exit(-SEND(self->fd, .to = self->to, NUMBER(2)));
	}
	EXPECT_TRUE(senders_wait(&self->channel, getpid(), 1));
	EXPECT_EQ(0, set_capacity(&self->channel, 2));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(2, TAKE(self->fd));
}

TEST_F(capacity, one_freed_place_lets_one_sender_go_on)
{
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	child = child_fork();
	if (!child) {
		CHECK(!send_number(self->fd, self->to, 1));
		CHECK(!SEND(self->fd, .to = self->to, NUMBER(2)));
		_exit(-SEND(self->fd, .to = self->to, NUMBER(3)));
	}
	EXPECT_TRUE(senders_wait(&self->channel, getpid(), 1));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_TRUE(wait_until(channel_counts(&self->channel, getpid()).sent == 2));
	EXPECT_TRUE(senders_wait(&self->channel, getpid(), 1));
	EXPECT_EQ(2, TAKE(self->fd));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(3, TAKE(self->fd));
}

static void *send_large(void *argument)
{
	struct channel *channel = argument;
	static char bytes[600];

	bytes[0] = 2;
	SEND(channel->fd, .to = address(channel, getpid()), BYTES(bytes, sizeof(bytes)),
	     .deadline = soon());
	return NULL;
}

/* Threads, because senders share a link only if they are of one process. */
TEST_F(capacity, a_small_send_does_not_overtake_a_larger_one_that_waits)
{
	struct msgpass_receive receive;
	char bytes[1000];
	pthread_t thread;

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .message_max = 1000, .capacity_bytes = 1000,
				 .set = MSGPASS_SET_MESSAGE_MAX | MSGPASS_SET_CAPACITY_BYTES));
	ASSERT_EQ(0, send_bytes(self->fd, self->to, 600));
	ASSERT_EQ(0, pthread_create(&thread, NULL, send_large, &self->channel));
	EXPECT_TRUE(senders_wait(&self->channel, getpid(), 1));
	EXPECT_EQ(-EAGAIN, send_bytes(self->fd, self->to, 1));
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(bytes, sizeof(bytes))));
	EXPECT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, send_bytes(self->fd, self->to, 1));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(bytes, sizeof(bytes))));
	EXPECT_EQ(600, receive.out_length);
	EXPECT_EQ(2, bytes[0]);
}

TEST_F(capacity, counters_add_up)
{
	struct counts counts;

	EXPECT_EQ(0, send_number(self->fd, self->to, 1));
	EXPECT_EQ(0, send_bytes(self->fd, self->to, 10));
	EXPECT_EQ(0, send_bytes(self->fd, self->to, 0));
	EXPECT_EQ(1, TAKE(self->fd));
	counts = channel_counts(&self->channel, getpid());
	EXPECT_EQ(2, counts.queued);
	EXPECT_EQ(10, counts.queued_bytes);
	EXPECT_EQ(3, counts.sent);
	EXPECT_EQ(1, counts.received);
	EXPECT_EQ(0, counts.dropped);
}

#include "afterwards.h"
