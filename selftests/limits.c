// SPDX-License-Identifier: GPL-2.0
/*
 * What a user may hold, and what the module's parameters say. The tests set the parameters
 * low and put them back.
 */
#include "msgpass_test.h"

static const char * const parameters[] = {
	"message_max", "capacity_default", "capacity_max", "mailboxes_max", "user_bytes",
};

static int64_t originals[ARRAY_SIZE(parameters)];

static void __attribute__((constructor)) note_parameters(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		originals[i] = parameter(parameters[i]);
}

static void restore_parameters(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		parameter_set(parameters[i], originals[i]);
}

FIXTURE(quota) {
	int device;
	int fd;			/* of a mailbox that takes all there is */
	struct channel channel;
	uint64_t base;		/* what the user held before: nothing */
	int file;		/* to be sent along */
	const char *broadcast;
	int subscription;
};

enum { QUOTA = 1 << 20, PIECE = 64 << 10, MOST = QUOTA / PIECE };

static char piece[PIECE];

static bool back_at_base(FIXTURE_DATA(quota) *self)
{
	return AS(FATHER, user_bytes(self->device)) == self->base;
}

FIXTURE_SETUP(quota)
{
	NEED_ROOT();
	restore_parameters();
	ASSERT_EQ(0, parameter_set("user_bytes", QUOTA));
	self->device = device_open();
	self->fd = MAILBOX_OPEN(self->device, "", OPEN_NEW, .capacity = MSGPASS_UNLIMITED,
				.capacity_bytes = MSGPASS_UNLIMITED,
				.set = MSGPASS_SET_CAPACITY | MSGPASS_SET_CAPACITY_BYTES);
	ASSERT_LE(0, self->fd);
	self->channel.fd = self->fd;
	wait_until(back_at_base(self));
	ASSERT_TRUE(back_at_base(self));
}

FIXTURE_TEARDOWN(quota)
{
	close(self->fd);
	close(self->device);
	restore_parameters();
}

static int send_piece(int fd, uint64_t to)
{
	return SEND(fd, .to = to, .flags = MSGPASS_NONBLOCK, BYTES(piece, PIECE));
}

/* Send until something is in the way: what it is. */
static int fill(int fd, unsigned int *count)
{
	int ret = 0;

	for (*count = 0; *count < 2 * MOST; ++*count) {
		ret = send_piece(fd, 0);
		if (ret)
			break;
	}
	return ret;
}

TEST_F(quota, of_a_user_is_used_up_by_what_is_queued)
{
	unsigned int count;

	EXPECT_EQ(-EDQUOT, AS(FATHER, fill(self->fd, &count)));
	EXPECT_GE(MOST, count);
	EXPECT_LE(MOST / 2, count);
	EXPECT_LE(count * PIECE, AS(FATHER, user_bytes(self->device)));
	EXPECT_GE(QUOTA, AS(FATHER, user_bytes(self->device)));
	EXPECT_EQ(count, mailbox_counts(self->fd).queued);
}

TEST_F(quota, is_shown_with_its_limit)
{
	struct msgpass_info limits;

	ASSERT_EQ(0, info(self->device, &limits));
	EXPECT_EQ(QUOTA, limits.out_user_bytes_max);
}

TEST_F(quota, used_up_is_edquot_for_a_blocking_send_too)
{
	unsigned int count;

	EXPECT_EQ(-EDQUOT, AS(FATHER, fill(self->fd, &count)));
	EXPECT_EQ(-EDQUOT, AS(FATHER, SEND(self->fd, BYTES(piece, PIECE), .deadline = soon())));
	EXPECT_EQ(count, mailbox_counts(self->fd).queued);
}

TEST_F(quota, used_up_by_one_user_leaves_the_others_theirs)
{
	unsigned int count;

	EXPECT_EQ(-EDQUOT, AS(FATHER, fill(self->fd, &count)));
	EXPECT_EQ(0, AS(MOTHER, send_piece(self->fd, 0)));
}

TEST_F(quota, does_not_limit_cap_sys_resource)
{
	unsigned int count;

	EXPECT_EQ(0, fill(self->fd, &count));
	EXPECT_EQ(2 * MOST, count);
}

TEST_F(quota, limits_root_without_cap_sys_resource)
{
	pid_t child = child_fork();

	if (!child) {
		unsigned int count;

		drop_capability(CAP_SYS_RESOURCE);
		_exit(-fill(self->fd, &count));
	}
	EXPECT_EQ(EDQUOT, child_status(child));
}

TEST_F(quota, limits_mailboxes)
{
	unsigned int i;
	int ret = 0;

	ASSERT_EQ(0, parameter_set("user_bytes", self->base + 8192));
	for (i = 0; ret >= 0 && i < 200; i++)
		ret = AS(FATHER, mailbox_new(self->device));
	EXPECT_EQ(-EDQUOT, ret);
	close_range(self->fd + 1, self->fd + 1 + i, 0);
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

TEST_F(quota, counts_links)
{
	pid_t child = child_fork();

	if (!child) {
		become(FATHER, FAMILY);
		for (;;)
			pause();
	}
	ASSERT_TRUE(wait_until(AS(FATHER, send_number(self->device, child, 1)) == 0));
	EXPECT_LT(self->base, AS(FATHER, user_bytes(self->device)));
	ASSERT_EQ(0, parameter_set("user_bytes", 1));
	EXPECT_EQ(-EDQUOT, AS(FATHER, send_number(self->device, child, 1)));
	child_kill(child);
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

static bool has_inbox(int device, pid_t process)
{
	return peer_of(device, process);
}

TEST_F(quota, counts_the_inbox_that_is_made_for_another_process)
{
	int fd = AS(FATHER, mailbox_new(self->device));
	uint64_t held = AS(FATHER, user_bytes(self->device));
	pid_t child = child_idle(), other = child_idle();

	EXPECT_EQ(0, AS(FATHER, mailbox_give(fd, "", 0, child)));
	EXPECT_LT(held, AS(FATHER, user_bytes(self->device)));
	ASSERT_EQ(0, parameter_set("user_bytes", AS(FATHER, user_bytes(self->device))));
	EXPECT_EQ(-EDQUOT, AS(FATHER, mailbox_give(fd, "", 0, other)));
	EXPECT_FALSE(has_inbox(self->device, other));
	EXPECT_EQ(0, AS(FATHER, mailbox_give(fd, "", 0, child)));
	child_kill(child);
	EXPECT_TRUE(wait_until(AS(FATHER, user_bytes(self->device)) == held));
	child_kill(other);
	close(fd);
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

TEST_F(quota, is_not_used_by_who_may_not_give_or_does_not_wait)
{
	pid_t child = child_idle();

	EXPECT_EQ(-EPERM, AS(FATHER, mailbox_give(self->fd, "", 0, child)));
	EXPECT_EQ(-ENOENT, AS(FATHER, mailbox_give(self->device, "none", 0, child)));
	EXPECT_EQ(-EAGAIN, AS(FATHER, TAKE(self->device, .from = child)));
	EXPECT_FALSE(has_inbox(self->device, child));
	EXPECT_TRUE(back_at_base(self));
	child_kill(child);
}

/* Each call keeps the credentials of its caller. */
TEST_F(quota, counts_the_groups_of_a_caller)
{
	enum { GROUPS = 1000 };
	static gid_t groups[GROUPS];
	pid_t child = child_fork();

	if (!child) {
		CHECK(!setgroups(GROUPS, groups));
		CHECK(!setresuid(FATHER, FATHER, FATHER));
		CHECK(CALL(self->fd, NULL, .flags = MSGPASS_NONBLOCK) == -EINPROGRESS);
		_exit(user_bytes(self->device) < self->base + sizeof(groups));
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

/* The kernel's tables take 576 bytes for a token that has no neighbour. */
TEST_F(quota, counts_the_place_of_what_is_found_by_number)
{
	uint64_t anonymous, held;
	int fd;

	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	held = AS(FATHER, user_bytes(self->device));
	EXPECT_EQ(0, AS(FATHER, RECEIVE(self->fd, NULL, .flags = MSGPASS_PIECES)));
	EXPECT_LE(held + 576 + sizeof(uint32_t), AS(FATHER, user_bytes(self->device)));

	held = AS(FATHER, user_bytes(self->device));
	fd = AS(FATHER, mailbox_new(self->device));
	anonymous = AS(FATHER, user_bytes(self->device)) - held;
	close(fd);
	ASSERT_TRUE(wait_until(AS(FATHER, user_bytes(self->device)) == held));
	fd = AS(FATHER, MAILBOX_OPEN(self->device, unique_name("named"), OPEN_NEW));
	EXPECT_EQ(anonymous + 576, AS(FATHER, user_bytes(self->device)) - held);
	EXPECT_EQ(0, mailbox_delete(fd, ""));
	close(fd);
}

TEST_F(quota, counts_the_receipt_with_the_send)
{
	uint64_t plain, held;

	EXPECT_EQ(0, AS(FATHER, SEND(self->fd, NUMBER(1), .lifetime = ~0ULL)));
	plain = AS(FATHER, user_bytes(self->device)) - self->base;
	/* For another such message, but not with a receipt. */
	held = self->base + plain;
	ASSERT_EQ(0, parameter_set("user_bytes", held + plain));
	EXPECT_EQ(-EDQUOT, AS(FATHER, SEND(self->fd, NUMBER(2), .lifetime = ~0ULL,
					   .flags = MSGPASS_RECEIPT)));
	EXPECT_EQ(held, AS(FATHER, user_bytes(self->device)));
	EXPECT_EQ(1, mailbox_counts(self->fd).queued);
	EXPECT_EQ(0, AS(FATHER, SEND(self->fd, NUMBER(2), .lifetime = ~0ULL)));
}

TEST_F(quota, counts_files_under_way)
{
	int file = open("/", O_PATH | O_CLOEXEC), ret = 0;
	unsigned int count;

	ASSERT_LE(0, file);
	for (count = 0; !ret && count < QUOTA; count++)
		ret = AS(FATHER, SEND(self->fd, .fds = (uintptr_t)&file, .fds_count = 1,
				      .flags = MSGPASS_NONBLOCK));
	close(file);
	EXPECT_EQ(-EDQUOT, ret);
	EXPECT_GE(QUOTA / 4096, count);
}

/*
 * Each thing that an operation needs may be the one that does not fit: the quota is a little
 * more each time, until all does.
 */
static int spend_on_extras(FIXTURE_DATA(quota) *self)
{
	struct msgpass_receive out;
	int ret;

	ret = SEND(self->fd, NUMBER(1), .lifetime = LIMIT, .flags = MSGPASS_RECEIPT,
		   .fds = (uintptr_t)&self->file, .fds_count = 1);
	if (!ret)
		ret = RECEIVE(self->fd, NULL, .flags = MSGPASS_TRUNCATE);
	return ret ? ret : RECEIVE(self->device, &out, BYTES(piece, PIECE));
}

static int spend_on_link(FIXTURE_DATA(quota) *self)
{
	int ret = send_number(self->device, getpid(), 1);

	return ret ? ret : TAKE(self->device) == 1 ? 0 : -EBADMSG;
}

/* The deadline is past: it does all but wait. */
static int spend_on_flow(FIXTURE_DATA(quota) *self)
{
	return SEND(self->fd, BYTES(piece, PIECE), .flags = MSGPASS_FLOW, .deadline = 1,
		    .lifetime = LIMIT);
}

static int spend_on_call(FIXTURE_DATA(quota) *self)
{
	return CALL(self->fd, NULL, NUMBER(1), .deadline = 1);
}

static int skip_rest(FIXTURE_DATA(quota) *self, int fd)
{
	struct msgpass_piece_read skip = { .size = sizeof(skip), .flags = MSGPASS_CANCEL };
	struct msgpass_receive out;
	int ret = RECEIVE(fd, &out, .flags = MSGPASS_PIECES | MSGPASS_NONBLOCK);

	skip.token = out.out_token;
	return ret ? ret : call(self->device, MSGPASS_IOC_PIECE_READ, &skip);
}

static int spend_on_pieces(FIXTURE_DATA(quota) *self)
{
	return skip_rest(self, self->fd);
}

/* What all subscribers share has to be copied. */
static int spend_on_shared_pieces(FIXTURE_DATA(quota) *self)
{
	return skip_rest(self, self->subscription);
}

static int spend_on_broadcast(FIXTURE_DATA(quota) *self)
{
	int fd = MAILBOX_OPEN(self->device, "", OPEN_NEW | MSGPASS_OPEN_BROADCAST);
	int ret;

	if (fd < 0)
		return fd;
	ret = send_number(fd, 0, 1);
	if (!ret)
		ret = RECEIVE(fd, NULL, .flags = MSGPASS_TRUNCATE);
	close(fd);
	return ret;
}

/* Of one that there is. */
static int spend_on_subscription(FIXTURE_DATA(quota) *self)
{
	int fd = MAILBOX_OPEN(self->device, self->broadcast, MSGPASS_OPEN_RECEIVE);

	return fd < 0 ? fd : close(fd);
}

static const struct {
	const char *name;
	int (*spend)(FIXTURE_DATA(quota) *self);
	int success;
} expenses[] = {
	{ "extras", spend_on_extras, 0 },
	{ "link", spend_on_link, 0 },
	{ "flow", spend_on_flow, -ETIMEDOUT },
	{ "call", spend_on_call, -ETIMEDOUT },
	{ "pieces", spend_on_pieces, 0 },
	{ "shared pieces", spend_on_shared_pieces, 0 },
	{ "broadcast", spend_on_broadcast, 0 },
	{ "subscription", spend_on_subscription, 0 },
};

TEST_F(quota, that_is_short_of_any_part_of_what_is_done_is_edquot_and_leaves_nothing)
{
	unsigned int i, refused;
	uint64_t bytes, held;
	int owner, ret;

	self->file = open("/", O_PATH | O_CLOEXEC);
	self->broadcast = unique_name("spent");
	owner = MAILBOX_OPEN(self->device, self->broadcast,
			     MSGPASS_OPEN_SEND | MSGPASS_OPEN_CREATE | MSGPASS_OPEN_BROADCAST,
			     .set = MSGPASS_SET_MODE, .mode = 0666);
	ASSERT_LE(0, owner);
	self->subscription = MAILBOX_OPEN(self->device, self->broadcast, MSGPASS_OPEN_RECEIVE);
	ASSERT_LE(0, self->subscription);
	ASSERT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_MESSAGE_MAX, .message_max = 1000));
	for (i = 0; i < ARRAY_SIZE(expenses); i++) {
		/* Root's, to be received in pieces. */
		if (expenses[i].spend == spend_on_pieces)
			ASSERT_EQ(0, SEND(self->fd, BYTES(piece, 1000)));
		if (expenses[i].spend == spend_on_shared_pieces)
			ASSERT_EQ(0, SEND(owner, BYTES(piece, 1000)));
		refused = 0;
		held = AS(FATHER, user_bytes(self->device));
		for (bytes = held; bytes < held + QUOTA; bytes += 32) {
			ASSERT_EQ(0, parameter_set("user_bytes", bytes));
			ret = AS(FATHER, expenses[i].spend(self));
			if (ret != -EDQUOT)
				break;
			refused++;
			EXPECT_TRUE(wait_until(AS(FATHER, user_bytes(self->device)) == held)) {
				TH_LOG("%s", expenses[i].name);
				break;
			}
		}
		EXPECT_EQ(expenses[i].success, ret) {
			TH_LOG("%s", expenses[i].name);
		}
		EXPECT_LT(0, refused);
		EXPECT_EQ(0, mailbox_counts(self->fd).queued);
	}
	mailbox_delete(owner, "");
	close(self->subscription);
	close(owner);
	close(self->file);
}

TEST_F(quota, is_not_used_by_a_receive_in_pieces_that_fails)
{
	ASSERT_EQ(0, send_piece(self->fd, 0));
	EXPECT_EQ(-EFAULT, AS(FATHER, RECEIVE(self->fd, NULL, BYTES(1, 4),
					      .flags = MSGPASS_PIECES)));
	EXPECT_TRUE(wait_until(back_at_base(self)));
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(piece, PIECE)));
}

/* --- given back */

TEST_F(quota, is_given_back_when_messages_are_received)
{
	unsigned int count, i;

	EXPECT_EQ(-EDQUOT, AS(FATHER, fill(self->fd, &count)));
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(piece, PIECE)));
	EXPECT_TRUE(wait_until(AS(FATHER, send_piece(self->fd, 0)) == 0));
	for (i = 0; i < count; i++)
		EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(piece, PIECE)));
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

TEST_F(quota, is_given_back_when_messages_are_truncated)
{
	EXPECT_EQ(0, AS(FATHER, send_piece(self->fd, 0)));
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, .flags = MSGPASS_TRUNCATE));
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

TEST_F(quota, is_given_back_when_the_mailbox_is_deleted)
{
	unsigned int count;

	EXPECT_EQ(-EDQUOT, AS(FATHER, fill(self->fd, &count)));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

TEST_F(quota, is_given_back_when_the_receiver_dies)
{
	pid_t child = child_fork();

	if (!child) {
		become(FATHER, FAMILY);
		for (;;)
			pause();
	}
	ASSERT_TRUE(wait_until(AS(FATHER, send_piece(self->device, child)) == 0));
	EXPECT_EQ(0, AS(FATHER, send_piece(self->device, child)));
	EXPECT_LE(self->base + 2 * PIECE, AS(FATHER, user_bytes(self->device)));
	child_kill(child);
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

TEST_F(quota, is_given_back_when_a_waiting_send_times_out)
{
	uint64_t held;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(0, AS(FATHER, send_piece(self->fd, 0)));
	held = AS(FATHER, user_bytes(self->device));
	EXPECT_EQ(-ETIMEDOUT, AS(FATHER, SEND(self->fd, BYTES(piece, PIECE),
					      .deadline = now() + 50000000)));
	EXPECT_TRUE(wait_until(AS(FATHER, user_bytes(self->device)) == held));
}

TEST_F(quota, is_given_back_when_a_waiting_sender_is_killed)
{
	uint64_t held;
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(0, AS(FATHER, send_piece(self->fd, 0)));
	held = AS(FATHER, user_bytes(self->device));
	child = child_fork();
	if (!child) {
		become(FATHER, FAMILY);
		_exit(-SEND(self->fd, BYTES(piece, PIECE)));
	}
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	child_kill(child);
	EXPECT_TRUE(wait_until(AS(FATHER, user_bytes(self->device)) == held));
}

TEST_F(quota, is_not_used_by_sends_that_fail)
{
	ASSERT_EQ(0, MAILBOX_SET(self->fd, .capacity = 1, .message_max = PIECE,
				 .set = MSGPASS_SET_CAPACITY | MSGPASS_SET_MESSAGE_MAX));
	EXPECT_EQ(-EMSGSIZE, AS(FATHER, SEND(self->fd, BYTES(piece, PIECE + 1))));
	EXPECT_EQ(-EFAULT, AS(FATHER, SEND(self->fd, BYTES(NULL, PIECE))));
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	EXPECT_EQ(-EAGAIN, AS(FATHER, send_piece(self->fd, 0)));
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

TEST_F(quota, is_held_by_what_is_queued_after_its_sender_died)
{
	pid_t child = child_fork();

	if (!child) {
		become(FATHER, FAMILY);
		_exit(-send_piece(self->fd, 0));
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_LE(self->base + PIECE, AS(FATHER, user_bytes(self->device)));
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(piece, PIECE)));
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

enum { DEAD_SENDERS = 300, LETTER = 1 << 10 };

TEST_F(quota, is_held_by_what_many_dead_senders_left_until_it_is_received)
{
	uint64_t held;
	int i;

	for (i = 0; i < DEAD_SENDERS; i++) {
		pid_t child = child_fork();

		if (!child) {
			become(FATHER, FAMILY);
			_exit(-SEND(self->fd, BYTES(piece, LETTER), .flags = MSGPASS_NONBLOCK));
		}
		ASSERT_EQ(0, child_status(child));
	}
	held = AS(FATHER, user_bytes(self->device)) - self->base;
	EXPECT_LE(DEAD_SENDERS * LETTER, held);
	EXPECT_GE(DEAD_SENDERS * LETTER * 2, held);
	for (i = 0; i < DEAD_SENDERS; i++)
		EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(piece, LETTER),
				     .flags = MSGPASS_NONBLOCK));
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

/* --- write() */

TEST_F(quota, is_that_of_who_opened_the_file_when_root_writes)
{
	const uint32_t unlimited = MSGPASS_SET_CAPACITY | MSGPASS_SET_CAPACITY_BYTES;
	unsigned int count;
	int fd;

	fd = AS(FATHER, MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = unlimited,
				     .capacity = MSGPASS_UNLIMITED,
				     .capacity_bytes = MSGPASS_UNLIMITED));
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EDQUOT, AS(FATHER, fill(fd, &count)));
	EXPECT_EQ(-1, write(fd, piece, PIECE));
	EXPECT_EQ(EDQUOT, errno);
	EXPECT_EQ(count, mailbox_counts(fd).queued);

	EXPECT_EQ(0, RECEIVE(fd, NULL, BYTES(piece, PIECE)));
	EXPECT_EQ(PIECE, write(fd, piece, PIECE));
	EXPECT_EQ(-EDQUOT, AS(FATHER, send_piece(fd, 0)));
	close(fd);
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

/* --- user namespaces */

/* In a user namespace that FATHER owns: uid 5 uses up the quota, which is then used up for all. */
static void use_up_in_namespace(int fd, int go)
{
	unsigned int count;
	char byte;
	pid_t child;

	CHECK(read(go, &byte, 1) == 1);
	child = child_fork();
	if (!child) {
		CHECK(!setresuid(5, 5, 5));
		CHECK(fill(fd, &count) == -EDQUOT);
		CHECK(count > 0);
		_exit(0);
	}
	CHECK(child_status(child) == 0);
	CHECK(!setresuid(0, 0, 0));
	CHECK(send_piece(fd, 0) == -EDQUOT);
	CHECK(!setresuid(6, 6, 6));
	CHECK(send_piece(fd, 0) == -EDQUOT);
	_exit(0);
}

TEST_F(quota, counts_a_user_namespaces_uids_for_its_owner)
{
	char path[64];
	pid_t child;
	int go[2];

	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, seteuid(FATHER));
	child = child_clone(CLONE_NEWUSER);
	if (!child)
		use_up_in_namespace(self->fd, go[0]);
	ASSERT_EQ(0, seteuid(0));
	if (child < 0)
		SKIP(return, "no user namespaces for ordinary users");
	snprintf(path, sizeof(path), "/proc/%d/uid_map", child);
	ASSERT_EQ(0, file_write(path, "0 761000 10"));
	EXPECT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, child_status(child));
	EXPECT_LE(self->base + QUOTA / 2, AS(FATHER, user_bytes(self->device)));
	EXPECT_EQ(-EDQUOT, AS(FATHER, send_piece(self->fd, 0)));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_TRUE(wait_until(back_at_base(self)));
}

/* --- parameters */

FIXTURE(parameter) {
	int device;
};

FIXTURE_SETUP(parameter)
{
	NEED_ROOT();
	restore_parameters();
	self->device = device_open();
	ASSERT_LE(0, self->device);
}

FIXTURE_TEARDOWN(parameter)
{
	close(self->device);
	restore_parameters();
}

TEST_F(parameter, is_a_file_that_root_may_write)
{
	struct stat stat_;
	unsigned int i;
	char path[128];

	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		snprintf(path, sizeof(path), PARAMETERS "%s", parameters[i]);
		ASSERT_EQ(0, stat(path, &stat_));
		EXPECT_EQ(0644, stat_.st_mode & 07777);
	}
}

TEST_F(parameter, is_shown_by_info)
{
	struct msgpass_info limits;

	ASSERT_EQ(0, info(self->device, &limits));
	EXPECT_EQ(parameter("message_max"), limits.out_message_max);
	EXPECT_EQ(parameter("capacity_default"), limits.out_capacity_default);
	EXPECT_EQ(parameter("capacity_max"), limits.out_capacity_max);
	EXPECT_EQ(parameter("mailboxes_max"), limits.out_mailboxes_max);
	EXPECT_EQ(parameter("user_bytes"), limits.out_user_bytes_max);
}

TEST_F(parameter, message_max_limits_messages)
{
	int fd;

	ASSERT_EQ(0, parameter_set("message_max", 1000));
	fd = mailbox_new(self->device);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, SEND(fd, BYTES(piece, 1000)));
	EXPECT_EQ(-EMSGSIZE, SEND(fd, BYTES(piece, 1001)));
	EXPECT_EQ(-EINVAL, MAILBOX_SET(fd, .set = MSGPASS_SET_MESSAGE_MAX, .message_max = 1001));
	EXPECT_EQ(-EMSGSIZE, SEND(self->device, .to = getpid(), BYTES(piece, 1001)));
	close(fd);
}

TEST_F(parameter, capacity_default_is_that_of_new_mailboxes)
{
	int fd;

	ASSERT_EQ(0, parameter_set("capacity_default", 2));
	fd = mailbox_new(self->device);
	EXPECT_EQ(0, send_number(fd, 0, 1));
	EXPECT_EQ(0, send_number(fd, 0, 2));
	EXPECT_EQ(-EAGAIN, send_number(fd, 0, 3));
	close(fd);
}

TEST_F(parameter, capacity_default_is_that_of_new_inboxes)
{
	pid_t child;

	ASSERT_EQ(0, parameter_set("capacity_default", 2));
	child = child_idle();
	EXPECT_EQ(0, send_number(self->device, child, 1));
	EXPECT_EQ(0, send_number(self->device, child, 2));
	EXPECT_EQ(-EAGAIN, send_number(self->device, child, 3));
	child_kill(child);
}

TEST_F(parameter, capacity_max_limits_what_may_be_set)
{
	struct channel mailbox = { .fd = mailbox_new(self->device) };
	struct channel inbox = { .fd = self->device, .direct = true };

	ASSERT_EQ(0, parameter_set("capacity_max", 10));
	EXPECT_EQ(-EINVAL, set_capacity(&mailbox, 11));
	EXPECT_EQ(-EINVAL, set_capacity(&inbox, 11));
	EXPECT_EQ(0, set_capacity(&mailbox, 10));
	EXPECT_EQ(0, set_capacity(&inbox, 10));
	EXPECT_EQ(0, set_capacity(&mailbox, MSGPASS_UNLIMITED));
	EXPECT_EQ(0, set_capacity(&inbox, MSGPASS_UNLIMITED));
	close(mailbox.fd);
}

TEST_F(parameter, mailboxes_max_limits_a_network_namespace)
{
	unsigned int i;
	char name[16];
	int fd;

	if (unshare(CLONE_NEWNET))
		SKIP(return, "no network namespaces");
	ASSERT_EQ(0, parameter_set("mailboxes_max", 3));
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%u", i);
		fd = MAILBOX_OPEN(self->device, name, OPEN_NEW);
		EXPECT_EQ(i < 3 ? 0 : -ENOSPC, fd < 0 ? fd : 0);
		close(fd);
	}
	EXPECT_EQ(0, mailbox_delete(self->device, "1"));
	fd = MAILBOX_OPEN(self->device, "3", OPEN_NEW);
	EXPECT_LE(0, fd);
	close(fd);
	close(MAILBOX_OPEN(self->device, "0", OPEN_NEW));
}

#include "afterwards.h"
