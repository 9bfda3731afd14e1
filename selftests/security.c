// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what to whom: users, groups, modes, capabilities, namespaces, setuid programs.
 */
#include "msgpass_test.h"
#include "helper_exec.h"

/* --- direct sends: the rule of kill(2) */

FIXTURE(signal_rule) {
	int fd;
};

FIXTURE_VARIANT(signal_rule) {
	uid_t sender[3];	/* real, effective, saved */
	uid_t receiver[3];
	bool allowed;
};

FIXTURE_VARIANT_ADD(signal_rule, same_user) {
	{ FATHER, FATHER, FATHER }, { FATHER, FATHER, FATHER }, true };
FIXTURE_VARIANT_ADD(signal_rule, another_user) {
	{ FATHER, FATHER, FATHER }, { MOTHER, MOTHER, MOTHER }, false };
FIXTURE_VARIANT_ADD(signal_rule, root) {
	{ FATHER, FATHER, FATHER }, { 0, 0, 0 }, false };
FIXTURE_VARIANT_ADD(signal_rule, effective_to_real) {
	{ CHILD, FATHER, CHILD }, { FATHER, MOTHER, MOTHER }, true };
FIXTURE_VARIANT_ADD(signal_rule, effective_to_saved) {
	{ CHILD, FATHER, CHILD }, { MOTHER, MOTHER, FATHER }, true };
FIXTURE_VARIANT_ADD(signal_rule, real_to_real) {
	{ FATHER, CHILD, CHILD }, { FATHER, MOTHER, MOTHER }, true };
FIXTURE_VARIANT_ADD(signal_rule, real_to_saved) {
	{ FATHER, CHILD, CHILD }, { MOTHER, MOTHER, FATHER }, true };
FIXTURE_VARIANT_ADD(signal_rule, not_to_effective) {
	{ FATHER, FATHER, FATHER }, { MOTHER, FATHER, MOTHER }, false };
FIXTURE_VARIANT_ADD(signal_rule, not_from_saved) {
	{ CHILD, CHILD, FATHER }, { FATHER, FATHER, FATHER }, false };

FIXTURE_SETUP(signal_rule)
{
	NEED_ROOT();
	self->fd = device_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(signal_rule)
{
	close(self->fd);
}

static void set_uids(const uid_t *uids)
{
	CHECK(!setgroups(0, NULL));
	CHECK(!setresgid(STRANGERS, STRANGERS, STRANGERS));
	CHECK(!setresuid(uids[0], uids[1], uids[2]));
	die_with_parent();
}

/* A child with these uids that waits for a number: its exit status. */
static pid_t child_of(int fd, const uid_t *uids)
{
	pid_t pid = child_fork();

	if (!pid) {
		int64_t number;

		set_uids(uids);
		number = AWAIT(fd);
		_exit(number < 0 ? -number : number);
	}
	wait_until(inbox_counts(fd, pid).receivers_waiting == 1);
	return pid;
}

TEST_F(signal_rule, decides_who_may_send)
{
	pid_t receiver = child_of(self->fd, variant->receiver), sender;

	sender = child_fork();
	if (!sender) {
		set_uids(variant->sender);
		CHECK(!kill(receiver, 0) == variant->allowed);
		CHECK(send_number(self->fd, receiver, 7) == (variant->allowed ? 0 : -EPERM));
		_exit(0);
	}
	EXPECT_EQ(0, child_status(sender));
	EXPECT_EQ(!variant->allowed, inbox_counts(self->fd, receiver).receivers_waiting);
	EXPECT_EQ(variant->allowed ? 7 : -SIGKILL,
		  variant->allowed ? child_status(receiver) : child_kill(receiver));
}

FIXTURE(direct) {
	int fd;
};

FIXTURE_SETUP(direct)
{
	NEED_ROOT();
	self->fd = device_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(direct)
{
	close(self->fd);
}

TEST_F(direct, cap_kill_may_send_to_anyone)
{
	const uid_t father[] = { FATHER, FATHER, FATHER };
	pid_t receiver = child_of(self->fd, father);

	EXPECT_EQ(0, send_number(self->fd, receiver, 3));
	EXPECT_EQ(3, child_status(receiver));
}

TEST_F(direct, root_without_cap_kill_may_not)
{
	const uid_t father[] = { FATHER, FATHER, FATHER };
	pid_t receiver = child_of(self->fd, father);
	pid_t sender = child_fork();

	if (!sender) {
		drop_capability(CAP_KILL);
		_exit(-send_number(self->fd, receiver, 3));
	}
	EXPECT_EQ(EPERM, child_status(sender));
	child_kill(receiver);
}

TEST_F(direct, the_device_fd_confers_nothing)
{
	pid_t child = child_fork();

	if (!child) {
		become(FATHER, FAMILY);
		_exit(-send_number(self->fd, getppid(), 1));
	}
	EXPECT_EQ(EPERM, child_status(child));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(direct, refusing_and_not_being_there_differ)
{
	pid_t gone = child_idle(), child;

	child_kill(gone);
	child = child_fork();
	if (!child) {
		become(FATHER, FAMILY);
		CHECK(send_number(self->fd, getppid(), 1) == -EPERM);
		CHECK(send_number(self->fd, gone, 1) == -ESRCH);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(direct, who_is_refused_learns_nothing_of_the_inbox)
{
	const uint64_t long_for_any = 1 << 30;
	pid_t child = child_fork();

	if (!child) {
		become(FATHER, FAMILY);
		CHECK(send_number(self->fd, getppid(), 1) == -EPERM);
		/* This is told of the sender's memory, whoever it is for. */
		CHECK(SEND(self->fd, .to = getppid(), BYTES(NULL, 1)) == -EFAULT);
		CHECK(SEND(self->fd, .to = 1, BYTES(NULL, 1)) == -EFAULT);
		CHECK(SEND(self->fd, .to = 4194304, BYTES(NULL, 1)) == -EFAULT);
		CHECK(SEND(self->fd, .to = getppid(), BYTES(NULL, long_for_any)) == -EPERM);
		CHECK(SEND(self->fd, .to = getppid(), BYTES(NULL, long_for_any),
			   .flags = MSGPASS_FLOW | MSGPASS_NONBLOCK) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
}

/* --- the mode of an inbox */

/* The user that a process runs as. */
static uid_t file_owner(pid_t pid)
{
	struct stat status;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return stat(path, &status) ? 0 : status.st_uid;
}

TEST(a_send_that_is_refused_makes_no_inbox)
{
	struct msgpass_inbox_stat stat;
	int fd = device_open();
	pid_t receiver, sender;

	NEED_ROOT();
	receiver = child_fork();
	if (!receiver) {
		become(FATHER, FAMILY);
		pause();
	}
	ASSERT_TRUE(wait_until(file_owner(receiver) == FATHER));
	sender = child_fork();
	if (!sender) {
		become(MOTHER, STRANGERS);
		_exit(-send_number(fd, receiver, 1));
	}
	EXPECT_EQ(EPERM, child_status(sender));
	EXPECT_EQ(-ESRCH, inbox_stat(fd, 0, receiver, &stat));
	EXPECT_EQ(0, send_number(fd, receiver, 1));
	EXPECT_EQ(0, inbox_stat(fd, 0, receiver, &stat));
	child_kill(receiver);
	close(fd);
}

FIXTURE(inbox_mode) {
	int fd;
	pid_t receiver;
};

FIXTURE_VARIANT(inbox_mode) {
	uint32_t mode;
	uid_t uid;		/* of the sender; the receiver is FATHER's, of the FAMILY */
	gid_t gid;
	gid_t group;		/* a supplementary one */
	int expected;
};

FIXTURE_VARIANT_ADD(inbox_mode, closed_to_others) {
	0200, MOTHER, STRANGERS, STRANGERS, EPERM };
FIXTURE_VARIANT_ADD(inbox_mode, closed_to_the_group) {
	0200, MOTHER, FAMILY, FAMILY, EPERM };
FIXTURE_VARIANT_ADD(inbox_mode, open_to_the_same_user) {
	0200, FATHER, STRANGERS, STRANGERS, 0 };
FIXTURE_VARIANT_ADD(inbox_mode, open_to_the_group) {
	0220, MOTHER, FAMILY, STRANGERS, 0 };
FIXTURE_VARIANT_ADD(inbox_mode, open_to_the_supplementary_group) {
	0220, MOTHER, STRANGERS, FAMILY, 0 };
FIXTURE_VARIANT_ADD(inbox_mode, of_the_group_closed_to_others) {
	0220, MOTHER, STRANGERS, STRANGERS, EPERM };
FIXTURE_VARIANT_ADD(inbox_mode, open_to_everybody) {
	0222, MOTHER, STRANGERS, STRANGERS, 0 };

FIXTURE_SETUP(inbox_mode)
{
	NEED_ROOT();
	self->fd = device_open();
	self->receiver = child_fork();
	if (!self->receiver) {
		become(FATHER, FAMILY);
		CHECK(!INBOX_SET(self->fd, .set = MSGPASS_SET_MODE, .mode = variant->mode));
		_exit(AWAIT(self->fd));
	}
	ASSERT_TRUE(wait_until(inbox_counts(self->fd, self->receiver).receivers_waiting == 1));
}

FIXTURE_TEARDOWN(inbox_mode)
{
	child_kill(self->receiver);
	close(self->fd);
}

static void become_sender(const FIXTURE_VARIANT(inbox_mode) *variant)
{
	CHECK(!setgroups(1, &variant->group));
	CHECK(!setresgid(variant->gid, variant->gid, variant->gid));
	CHECK(!setresuid(variant->uid, variant->uid, variant->uid));
}

TEST_F(inbox_mode, decides_who_else_may_ask_whether_it_is_ready)
{
	pid_t sender = child_fork();

	if (!sender) {
		struct msgpass_inbox_stat stat;

		become_sender(variant);
		_exit(-inbox_stat(self->fd, 0, self->receiver, &stat));
	}
	EXPECT_EQ(variant->expected ? ESRCH : 0, child_status(sender));
}

TEST_F(inbox_mode, decides_who_else_may_send)
{
	pid_t sender = child_fork();

	if (!sender) {
		become_sender(variant);
		_exit(-send_number(self->fd, self->receiver, 1));
	}
	EXPECT_EQ(variant->expected, child_status(sender));
}

/* --- the mode of a mailbox */

FIXTURE(mailbox_mode) {
	int device;
	const char *name;
};

FIXTURE_VARIANT(mailbox_mode) {
	uid_t uid;		/* of who opens; the mailbox is FATHER's, of the FAMILY */
	gid_t gid;
	unsigned int shift;	/* where in the mode his bits are */
};

FIXTURE_VARIANT_ADD(mailbox_mode, owner) { FATHER, FAMILY, 6 };
FIXTURE_VARIANT_ADD(mailbox_mode, group) { MOTHER, FAMILY, 3 };
FIXTURE_VARIANT_ADD(mailbox_mode, other) { MOTHER, STRANGERS, 0 };

FIXTURE_SETUP(mailbox_mode)
{
	NEED_ROOT();
	self->device = device_open();
	self->name = unique_name("mode");
	close(MAILBOX_OPEN(self->device, self->name, OPEN_NEW, .uid = FATHER, .gid = FAMILY,
			   .set = MSGPASS_SET_UID | MSGPASS_SET_GID));
}

FIXTURE_TEARDOWN(mailbox_mode)
{
	mailbox_delete(self->device, self->name);
	close(self->device);
}

/* Every combination of bits with every right asked for; the others' bits must not matter. */
static void try_all_modes(int device, int mailbox, const char *name, uid_t uid, gid_t gid,
			  unsigned int shift)
{
	uint32_t bits, right, mode;
	pid_t pid;

	for (bits = 0; bits < 8; bits += 2) {
		mode = (0666 & ~(7U << shift)) | bits << shift;
		if (bits == 6)
			mode = bits << shift;
		CHECK(!MAILBOX_SET(mailbox, .set = MSGPASS_SET_MODE, .mode = mode));
		pid = child_fork();
		if (pid) {
			CHECK(child_status(pid) == 0);
			continue;
		}
		become(uid, gid);
		for (right = 1; right <= 3; right++) {
			bool allowed = !(right & MSGPASS_OPEN_RECEIVE && !(bits & 4)) &&
				       !(right & MSGPASS_OPEN_SEND && !(bits & 2));
			int fd = MAILBOX_OPEN(device, name, right);

			CHECK(allowed ? fd >= 0 : fd == -EACCES);
			close(fd);
		}
		_exit(0);
	}
}

TEST_F(mailbox_mode, decides_who_may_open)
{
	int mailbox = MAILBOX_OPEN(self->device, self->name, OPEN_BOTH);
	pid_t child = child_fork();

	if (!child) {
		try_all_modes(self->device, mailbox, self->name, variant->uid, variant->gid,
			      variant->shift);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	close(mailbox);
}

FIXTURE(mailbox) {
	int device;
	int fd;
	const char *name;	/* of a mailbox that is FATHER's, of the FAMILY, with mode 0600 */
};

FIXTURE_SETUP(mailbox)
{
	NEED_ROOT();
	self->device = device_open();
	self->name = unique_name("owned");
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW, .uid = FATHER, .gid = FAMILY,
				.set = MSGPASS_SET_UID | MSGPASS_SET_GID);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(mailbox)
{
	mailbox_delete(self->device, self->name);
	close(self->fd);
	close(self->device);
}

TEST_F(mailbox, opens_for_cap_ipc_owner)
{
	int fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOTH);

	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(mailbox, does_not_open_for_root_without_cap_ipc_owner)
{
	pid_t child = child_fork();

	if (!child) {
		drop_capability(CAP_IPC_OWNER);
		_exit(-MAILBOX_OPEN(self->device, self->name, OPEN_BOTH));
	}
	EXPECT_EQ(EACCES, child_status(child));
}

TEST_F(mailbox, does_not_open_for_others_that_would_create_it)
{
	pid_t child = child_fork();

	if (!child) {
		become(MOTHER, FAMILY);
		CHECK(MAILBOX_OPEN(self->device, self->name,
				   OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE) == -EEXIST);
		_exit(-MAILBOX_OPEN(self->device, self->name, OPEN_NEW));
	}
	EXPECT_EQ(EACCES, child_status(child));
}

TEST_F(mailbox, gives_its_maker_the_rights_asked_for)
{
	pid_t child = child_fork();

	if (!child) {
		int fd;

		become(FATHER, FAMILY);
		fd = MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = MSGPASS_SET_MODE, .mode = 0);
		CHECK(fd >= 0);
		CHECK(!send_number(fd, 0, 1));
		CHECK(TAKE(fd) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(mailbox, is_its_makers)
{
	const char *name = unique_name("makers");
	struct msgpass_mailbox_stat stat;
	pid_t child = child_fork();

	if (!child) {
		become(FATHER, FAMILY);
		CHECK(MAILBOX_OPEN(self->device, name, OPEN_NEW) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, mailbox_stat(self->device, name, &stat));
	EXPECT_EQ(FATHER, stat.out_attributes.uid);
	EXPECT_EQ(FAMILY, stat.out_attributes.gid);
	EXPECT_EQ(0, mailbox_delete(self->device, name));
}

TEST_F(mailbox, leaves_open_fds_their_right_when_its_mode_changes)
{
	pid_t child = child_fork();

	if (!child) {
		int fd;

		become(FATHER, FAMILY);
		fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOTH);
		CHECK(!MAILBOX_SET(fd, .set = MSGPASS_SET_MODE, .mode = 0));
		CHECK(MAILBOX_OPEN(self->device, self->name, OPEN_BOTH) == -EACCES);
		CHECK(!send_number(fd, 0, 1));
		CHECK(TAKE(fd) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(mailbox, is_set_and_deleted_by_its_owner)
{
	pid_t child = child_fork();

	if (!child) {
		become(FATHER, FAMILY);
		CHECK(!MAILBOX_SET(self->fd, .set = MSGPASS_SET_CAPACITY, .capacity = 3));
		_exit(-mailbox_delete(self->device, self->name));
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(mailbox, is_set_by_name_by_an_owner_without_any_right)
{
	pid_t child = child_fork();

	if (!child) {
		become(FATHER, FAMILY);
		CHECK(!MAILBOX_SET(self->fd, .set = MSGPASS_SET_MODE, .mode = 0));
		CHECK(!MAILBOX_SET_NAMED(self->device, self->name,
					 .set = MSGPASS_SET_MODE, .mode = 0600));
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	ASSERT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_MODE, .mode = 0666));
	child = child_fork();
	if (!child) {
		become(MOTHER, FAMILY);
		CHECK(MAILBOX_SET_NAMED(self->device, self->name,
					.set = MSGPASS_SET_MODE, .mode = 0) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(mailbox, is_not_set_or_deleted_by_others_with_all_rights)
{
	pid_t child;

	ASSERT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_MODE, .mode = 0666));
	child = child_fork();
	if (!child) {
		become(MOTHER, FAMILY);
		CHECK(MAILBOX_SET(self->fd, .set = MSGPASS_SET_CAPACITY, .capacity = 3) == -EPERM);
		CHECK(mailbox_delete(self->device, self->name) == -EPERM);
		CHECK(mailbox_delete(self->fd, "") == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(mailbox, is_not_set_or_deleted_by_root_without_cap_ipc_owner)
{
	pid_t child = child_fork();

	if (!child) {
		drop_capability(CAP_IPC_OWNER);
		CHECK(MAILBOX_SET(self->fd, .set = MSGPASS_SET_CAPACITY, .capacity = 3) == -EPERM);
		CHECK(mailbox_delete(self->fd, "") == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(mailbox, of_an_unseen_owner_is_not_there_to_delete)
{
	pid_t child = child_fork();

	if (!child) {
		int ret;

		become(MOTHER, STRANGERS);
		ret = mailbox_delete(self->device, self->name);
		CHECK(ret == -EPERM || ret == -ENOENT);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
}

TEST_F(mailbox, is_given_away_only_with_cap_chown)
{
	pid_t child = child_fork();

	if (!child) {
		become(FATHER, FAMILY);
		CHECK(MAILBOX_SET(self->fd, .set = MSGPASS_SET_UID, .uid = MOTHER) == -EPERM);
		CHECK(MAILBOX_SET(self->fd, .set = MSGPASS_SET_GID, .gid = STRANGERS) == -EPERM);
		CHECK(!MAILBOX_SET(self->fd, .set = MSGPASS_SET_UID, .uid = FATHER));
		CHECK(!MAILBOX_SET(self->fd, .set = MSGPASS_SET_GID, .gid = FAMILY));
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_UID, .uid = MOTHER));
	child = child_fork();
	if (!child) {
		become(FATHER, FAMILY);
		_exit(-mailbox_delete(self->fd, ""));
	}
	EXPECT_EQ(EPERM, child_status(child));
}

TEST_F(mailbox, is_not_given_away_by_root_without_cap_chown)
{
	pid_t child = child_fork();

	if (!child) {
		drop_capability(CAP_CHOWN);
		_exit(-MAILBOX_SET(self->fd, .set = MSGPASS_SET_UID, .uid = MOTHER));
	}
	EXPECT_EQ(EPERM, child_status(child));
}

TEST_F(mailbox, is_not_made_for_another_without_cap_chown)
{
	pid_t child = child_fork();

	if (!child) {
		become(FATHER, FAMILY);
		CHECK(MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = MSGPASS_SET_UID,
				   .uid = MOTHER) == -EPERM);
		CHECK(MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = MSGPASS_SET_GID,
				   .gid = STRANGERS) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(mailbox, takes_a_supplementary_group_of_its_owner)
{
	const gid_t group = STRANGERS;
	pid_t child = child_fork();

	if (!child) {
		CHECK(!setgroups(1, &group));
		CHECK(!setresgid(FAMILY, FAMILY, FAMILY));
		CHECK(!setresuid(FATHER, FATHER, FATHER));
		_exit(-MAILBOX_SET(self->fd, .set = MSGPASS_SET_GID, .gid = STRANGERS));
	}
	EXPECT_EQ(0, child_status(child));
}

/* --- pid namespaces */

FIXTURE(pid_namespace) {
	int fd;
};

FIXTURE_SETUP(pid_namespace)
{
	NEED_ROOT();
	self->fd = device_open();
	ASSERT_EQ(-EAGAIN, TAKE(self->fd));
}

FIXTURE_TEARDOWN(pid_namespace)
{
	close(self->fd);
}

TEST_F(pid_namespace, inside_the_outside_cannot_be_named_or_seen)
{
	pid_t me = getpid(), child;
	uint64_t peer = own_peer(self->fd);

	child = child_clone(CLONE_NEWPID);
	if (!child) {
		struct msgpass_inbox_stat stat;

		CHECK(getpid() == 1);
		CHECK(send_number(self->fd, me, 1) == -ESRCH);
		CHECK(TAKE(self->fd, .from = me) == -ESRCH);
		CHECK(SEND(self->fd, .to = peer, .flags = MSGPASS_PEER, NUMBER(1)) == -ESRCH);
		CHECK(inbox_of_peer(self->fd, peer) == -ESRCH);
		CHECK(TAKE(self->fd) == -EAGAIN);
		CHECK(!inbox_next(self->fd, 0, &stat));
		CHECK(stat.out_pid == 1);
		CHECK(inbox_next(self->fd, stat.out_peer, &stat) == -ENOENT);
		_exit(0);
	}
	if (child < 0)
		SKIP(return, "no pid namespaces");
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(pid_namespace, inside_a_sender_from_outside_has_pid_zero)
{
	pid_t child = child_clone(CLONE_NEWPID);

	if (!child) {
		struct msgpass_receive receive;
		uint32_t number;

		CHECK(!RECEIVE(self->fd, &receive, BYTES(&number, sizeof(number)),
			       .deadline = soon()));
		CHECK(receive.out_pid == 0);
		CHECK(receive.out_peer != 0);
		CHECK(SEND(self->fd, .to = receive.out_peer, .flags = MSGPASS_PEER,
			   NUMBER(2)) == -ESRCH);
		_exit(number);
	}
	if (child < 0)
		SKIP(return, "no pid namespaces");
	EXPECT_EQ(0, send_number(self->fd, child, 42));
	EXPECT_EQ(42, child_status(child));
}

TEST_F(pid_namespace, outside_those_inside_are_named_by_their_outside_pids)
{
	struct msgpass_inbox_stat stat;
	pid_t child = child_clone(CLONE_NEWPID);

	if (!child)
		_exit(AWAIT(self->fd));
	if (child < 0)
		SKIP(return, "no pid namespaces");
	EXPECT_TRUE(wait_until(inbox_counts(self->fd, child).receivers_waiting == 1));
	EXPECT_EQ(0, inbox_stat(self->fd, 0, child, &stat));
	EXPECT_EQ(child, stat.out_pid);
	EXPECT_EQ(0, SEND(self->fd, .to = stat.out_peer, .flags = MSGPASS_PEER, NUMBER(8)));
	EXPECT_EQ(8, child_status(child));
}

TEST_F(pid_namespace, a_pid_is_that_of_the_callers_namespace)
{
	pid_t child = child_clone(CLONE_NEWPID);

	if (!child) {
		CHECK(!send_number(self->fd, 1, 5));
		CHECK(TAKE(self->fd, .from = 1) == 5);
		_exit(0);
	}
	if (child < 0)
		SKIP(return, "no pid namespaces");
	EXPECT_EQ(0, child_status(child));
}

/* --- user namespaces */

static int map_ids(pid_t pid, const char *file, const char *map)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return file_write(path, map);
}

FIXTURE(user_namespace) {
	int device;
	int fd;			/* a mailbox */
	int go[2];
	pid_t child;
};

FIXTURE_SETUP(user_namespace)
{
	NEED_ROOT();
	self->device = device_open();
	self->fd = mailbox_new(self->device);
	ASSERT_EQ(0, pipe(self->go));
}

FIXTURE_TEARDOWN(user_namespace)
{
	close(self->fd);
	close(self->device);
}

/* A child in a user namespace, in which FATHER is uid 3 and FAMILY gid 4, once go is written. */
static pid_t child_in_namespace(FIXTURE_DATA(user_namespace) *self)
{
	char byte;
	pid_t pid = child_clone(CLONE_NEWUSER);

	if (!pid) {
		CHECK(read(self->go[0], &byte, 1) == 1);
	} else if (pid > 0) {
		map_ids(pid, "uid_map", "3 61001 1");
		map_ids(pid, "gid_map", "4 61100 1");
		if (write(self->go[1], "", 1) != 1)
			abort();
	}
	return pid;
}

TEST_F(user_namespace, inside_uids_are_the_namespaces)
{
	struct msgpass_receive receive;
	pid_t father = child_fork(), child;

	if (!father) {
		become(FATHER, FAMILY);
		_exit(-send_number(self->fd, 0, 1));
	}
	EXPECT_EQ(0, child_status(father));
	EXPECT_EQ(0, send_number(self->fd, 0, 2));
	child = child_in_namespace(self);
	if (!child) {
		CHECK(!RECEIVE(self->fd, &receive, .flags = MSGPASS_TRUNCATE));
		CHECK(receive.out_uid == 3);
		CHECK(receive.out_gid == 4);
		CHECK(!RECEIVE(self->fd, &receive, .flags = MSGPASS_TRUNCATE));
		CHECK(receive.out_uid == 65534);
		CHECK(receive.out_gid == 65534);
		_exit(0);
	}
	if (child < 0)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, child_status(child));
}

TEST_F(user_namespace, outside_uids_are_the_outsides)
{
	struct msgpass_receive receive;
	pid_t child = child_in_namespace(self);

	if (!child) {
		CHECK(!setresgid(4, 4, 4));
		CHECK(!setresuid(3, 3, 3));
		_exit(-send_number(self->fd, 0, 1));
	}
	if (child < 0)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, .flags = MSGPASS_TRUNCATE));
	EXPECT_EQ(FATHER, receive.out_uid);
	EXPECT_EQ(FAMILY, receive.out_gid);
}

TEST_F(user_namespace, attributes_are_told_in_the_callers_uids)
{
	pid_t child;

	ASSERT_EQ(0, MAILBOX_SET(self->fd, .uid = FATHER, .gid = FAMILY,
				 .set = MSGPASS_SET_UID | MSGPASS_SET_GID));
	child = child_in_namespace(self);
	if (!child) {
		struct msgpass_mailbox_stat stat;

		CHECK(!mailbox_stat(self->fd, "", &stat));
		CHECK(stat.out_attributes.uid == 3);
		CHECK(stat.out_attributes.gid == 4);
		_exit(0);
	}
	if (child < 0)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, child_status(child));
}

TEST_F(user_namespace, its_root_has_no_power_outside)
{
	const char *name = unique_name("outside");
	pid_t parent = getpid(), child;
	int fd = MAILBOX_OPEN(self->device, name, OPEN_NEW);

	child = child_in_namespace(self);
	if (!child) {
		CHECK(!setresuid(3, 3, 3));
		CHECK(MAILBOX_OPEN(self->device, name, OPEN_BOTH) == -EACCES);
		CHECK(mailbox_delete(fd, "") == -EPERM);
		CHECK(MAILBOX_SET(fd, .set = MSGPASS_SET_CAPACITY, .capacity = 3) == -EPERM);
		CHECK(send_number(self->device, parent, 1) == -EPERM);
		_exit(0);
	}
	if (child > 0)
		EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, mailbox_delete(self->device, name));
	close(fd);
	if (child < 0)
		SKIP(return, "no user namespaces");
}

TEST_F(user_namespace, its_root_has_power_over_mailboxes_of_its_own_network)
{
	pid_t child = child_clone(CLONE_NEWUSER | CLONE_NEWNET);
	const char *name = "theirs";
	char byte;

	if (!child) {
		CHECK(read(self->go[0], &byte, 1) == 1);
		CHECK(!setresuid(0, 0, 0) && !seteuid(3));
		CHECK(MAILBOX_OPEN(self->device, name, OPEN_NEW) >= 0);
		CHECK(!seteuid(0));
		CHECK(MAILBOX_OPEN(self->device, name, OPEN_BOTH) >= 0);
		CHECK(!MAILBOX_SET_NAMED(self->device, name, .set = MSGPASS_SET_CAPACITY,
					 .capacity = 3));
		drop_capability(CAP_IPC_OWNER);
		CHECK(MAILBOX_OPEN(self->device, name, OPEN_BOTH) == -EACCES);
		CHECK(mailbox_delete(self->device, name) == -ENOENT);
		_exit(0);
	}
	if (child < 0)
		SKIP(return, "no user namespaces");
	ASSERT_EQ(0, map_ids(child, "uid_map", "0 61002 1\n3 61001 1"));
	EXPECT_EQ(1, write(self->go[1], "", 1));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(user_namespace, an_unmapped_owner_cannot_be_set)
{
	pid_t child;

	ASSERT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_UID, .uid = FATHER));
	child = child_in_namespace(self);
	if (!child) {
		CHECK(!setresuid(3, 3, 3));
		CHECK(MAILBOX_SET(self->fd, .set = MSGPASS_SET_UID, .uid = 0) == -EINVAL);
		_exit(0);
	}
	if (child < 0)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, child_status(child));
}

/* --- network namespaces */

FIXTURE(net_namespace) {
	int device;
	const char *name;
};

FIXTURE_SETUP(net_namespace)
{
	NEED_ROOT();
	self->device = device_open();
	self->name = unique_name("net");
}

FIXTURE_TEARDOWN(net_namespace)
{
	mailbox_delete(self->device, self->name);
	close(self->device);
}

TEST_F(net_namespace, has_names_of_its_own)
{
	int fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	pid_t child = child_clone(CLONE_NEWNET);

	if (!child) {
		struct msgpass_mailbox_stat stat;
		struct msgpass_info counted;
		int other;

		CHECK(MAILBOX_OPEN(self->device, self->name, OPEN_BOTH) == -ENOENT);
		CHECK(mailbox_stat(self->device, self->name, &stat) == -ENOENT);
		CHECK(mailbox_delete(self->device, self->name) == -ENOENT);
		CHECK(mailbox_next(self->device, 0, &stat) == -ENOENT);
		CHECK(!info(self->device, &counted) && counted.out_mailboxes == 0);
		other = MAILBOX_OPEN(self->device, self->name, OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE);
		CHECK(other >= 0);
		CHECK(!send_number(other, 0, 1));
		CHECK(!send_number(fd, 0, 2));
		_exit(0);
	}
	if (child < 0)
		SKIP(return, "no network namespaces");
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(2, TAKE(fd));
	EXPECT_EQ(-EAGAIN, TAKE(fd));
	close(fd);
}

TEST_F(net_namespace, takes_its_mailboxes_and_their_messages_with_it)
{
	uint64_t base = settled_user_bytes(self->device);
	static char bytes[100000];
	pid_t child = child_clone(CLONE_NEWNET);

	if (!child) {
		int fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);

		_exit(-SEND(fd, BYTES(bytes, sizeof(bytes))));
	}
	if (child < 0)
		SKIP(return, "no network namespaces");
	EXPECT_EQ(0, child_status(child));
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
}

TEST_F(net_namespace, is_not_kept_by_a_mailbox_fd)
{
	struct channel channel = {};
	int sockets[2];
	pid_t child, waiting;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	child = child_clone(CLONE_NEWNET);
	if (!child) {
		int fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);

		CHECK(!fd_send(sockets[1], fd));
		_exit(AWAIT(fd) != 6);
	}
	if (child < 0)
		SKIP(return, "no network namespaces");
	channel.fd = fd_receive(sockets[0]);
	EXPECT_LE(0, channel.fd);
	EXPECT_EQ(0, send_number(channel.fd, 0, 6));
	EXPECT_EQ(0, child_status(child));
	waiting = child_receiving(&channel, 0);
	EXPECT_EQ(EPIPE, child_status(waiting));
	EXPECT_EQ(-EPIPE, send_number(channel.fd, 0, 1));
	close(channel.fd);
}

/* --- setuid programs */

FIXTURE(setuid_program) {
	int fd;
	char directory[32];
	char path[64];
	int go[2];
	int reports[2];
	struct exec_report report;
};

static int copy_file(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	char buffer[16384];
	ssize_t count;

	if (in < 0 || out < 0)
		return -1;
	while ((count = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, count) != count)
			return -1;
	close(in);
	return fchmod(out, mode) || close(out) ? -1 : 0;
}

FIXTURE_SETUP(setuid_program)
{
	NEED_ROOT();
	self->fd = device_open();
	strcpy(self->directory, "/tmp/msgpass-XXXXXX");
	if (!mkdtemp(self->directory) || chmod(self->directory, 0755))
		SKIP_TEST("no directory can be made in /tmp");
	snprintf(self->path, sizeof(self->path), "%s/helper", self->directory);
	if (copy_file(beside("helper_exec"), self->path, 04755))
		SKIP_TEST("helper_exec is not beside the test");
	ASSERT_EQ(0, pipe(self->go));
	ASSERT_EQ(0, pipe(self->reports));
}

FIXTURE_TEARDOWN(setuid_program)
{
	unlink(self->path);
	rmdir(self->directory);
	close(self->fd);
}

TEST_F(setuid_program, starts_with_an_empty_inbox_that_is_closed)
{
	struct exec_report *report = &self->report;
	struct msgpass_inbox_stat old;
	pid_t child = child_fork();

	if (!child) {
		char number[16], byte;

		become(FATHER, FAMILY);
		CHECK(!INBOX_SET(self->fd, .set = MSGPASS_SET_MODE | MSGPASS_SET_CAPACITY,
				 .mode = 0222, .capacity = 5));
		snprintf(number, sizeof(number), "%d", self->reports[1]);
		CHECK(read(self->go[0], &byte, 1) == 1);
		execl(self->path, "helper", number, NULL);
		_exit(127);
	}
	ASSERT_TRUE(wait_until(!inbox_stat(self->fd, 0, child, &old) &&
			       old.out_attributes.capacity == 5));
	EXPECT_EQ(0, send_number(self->fd, child, 1));
	EXPECT_EQ(1, write(self->go[1], "", 1));
	ASSERT_EQ(sizeof(*report), read(self->reports[0], report, sizeof(*report)));
	EXPECT_EQ(0, child_status(child));
	if (report->euid)
		SKIP(return, "/tmp allows no setuid programs");
	EXPECT_EQ(old.out_peer, report->peer);
	EXPECT_EQ(0, report->stat_error);
	EXPECT_EQ(0200, report->stat.out_attributes.mode);
	EXPECT_NE(5, report->stat.out_attributes.capacity);
	EXPECT_EQ(0, report->stat.out_queued);
	EXPECT_EQ(1, report->stat.out_dropped);
	EXPECT_EQ(EAGAIN, report->receive_error);
}

TEST_F(setuid_program, drops_what_it_was_sent_and_its_senders_are_told)
{
	struct msgpass_receipt receipt;
	pid_t child = child_fork();

	if (!child) {
		char number[16], byte;

		become(FATHER, FAMILY);
		CHECK(!INBOX_SET(self->fd, .set = MSGPASS_SET_CAPACITY, .capacity = 5));
		snprintf(number, sizeof(number), "%d", self->reports[1]);
		CHECK(read(self->go[0], &byte, 1) == 1);
		execl(self->path, "helper", number, NULL);
		_exit(127);
	}
	ASSERT_TRUE(wait_until(peer_of(self->fd, child)));
	EXPECT_EQ(0, SEND(self->fd, .to = child, .flags = MSGPASS_RECEIPT, .cookie = 8, NUMBER(1)));
	EXPECT_EQ(1, write(self->go[1], "", 1));
	ASSERT_EQ(sizeof(self->report), read(self->reports[0], &self->report,
					     sizeof(self->report)));
	EXPECT_EQ(0, child_status(child));
	if (self->report.euid)
		SKIP(return, "/tmp allows no setuid programs");
	ASSERT_EQ(0, RECEIVE(self->fd, NULL, BYTES(&receipt, sizeof(receipt)), .deadline = soon(),
			     .flags = MSGPASS_RECEIPT));
	EXPECT_EQ(MSGPASS_RECEIPT_RESET, receipt.outcome);
	EXPECT_EQ(8, receipt.cookie);
	EXPECT_EQ(self->report.peer, receipt.to_peer);
	EXPECT_EQ(0, receipt.by_peer);
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

/* By the effective user that its status shows. */
static bool is_roots(pid_t pid)
{
	char path[32], line[128];
	unsigned int euid = ~0U;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "Uid: %*u %u", &euid);
	if (file)
		fclose(file);
	return euid == 0;
}

TEST_F(setuid_program, gets_no_receipts_of_what_was_sent_before_it)
{
	struct exec_report *report = &self->report;
	struct msgpass_inbox_stat stat;
	int mailbox = mailbox_new(self->fd);
	pid_t child = child_fork();

	if (!child) {
		char number[16], go[16];

		become(FATHER, FAMILY);
		CHECK(!SEND(mailbox, .flags = MSGPASS_RECEIPT, NUMBER(1)));
		CHECK(!SEND(mailbox, .flags = MSGPASS_RECEIPT, NUMBER(2)));
		snprintf(number, sizeof(number), "%d", self->reports[1]);
		snprintf(go, sizeof(go), "%d", self->go[0]);
		/* One receipt is there, one is due. */
		CHECK(wait_until(inbox_counts(self->fd, getpid()).queued == 1));
		execl(self->path, "helper", number, go, NULL);
		_exit(127);
	}
	EXPECT_EQ(1, AWAIT(mailbox));
	if (!wait_until(is_roots(child))) {
		child_kill(child);
		SKIP(return, "/tmp allows no setuid programs");
	}
	EXPECT_EQ(2, AWAIT(mailbox));
	EXPECT_EQ(0, inbox_stat(self->fd, 0, child, &stat));
	EXPECT_EQ(0, stat.out_queued);
	EXPECT_EQ(1, write(self->go[1], "", 1));
	ASSERT_EQ(sizeof(*report), read(self->reports[0], report, sizeof(*report)));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, report->stat.out_queued);
	EXPECT_LE(1, report->stat.out_dropped);
	EXPECT_EQ(EAGAIN, report->receive_error);
	close(mailbox);
}

#define TRACING "/sys/kernel/tracing/"

static void probe_set(unsigned int number, const char *file, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), TRACING "events/kprobes/msgpass%u/%s", number, file);
	file_write(path, text);
}

/*
 * Where the kernel can trace: have an exec take long over the new credentials, so that others
 * come to see it at that.
 */
static void slow_exec(bool slow)
{
	char probe[64];
	unsigned int i;

	for (i = 0; i < 40; i++) {
		if (!slow)
			probe_set(i, "enable", "0");
		snprintf(probe, sizeof(probe), slow ? "p:msgpass%u commit_creds" : "-:msgpass%u",
			 i);
		file_write(TRACING "kprobe_events", probe);
		if (slow) {
			probe_set(i, "trigger", "stacktrace");
			probe_set(i, "enable", "1");
		}
	}
}

/* Asks for the inbox of @peer, again and again, until it is killed. */
static pid_t start_watcher(int fd, __u64 peer)
{
	pid_t watcher = child_fork();
	struct msgpass_inbox_stat stat;

	while (!watcher)
		inbox_stat(fd, MSGPASS_PEER, peer, &stat);
	return watcher;
}

/* A message to it, in its inbox; then the program of another user. */
static void exec_with_message(struct __test_metadata *_metadata,
			      FIXTURE_DATA(setuid_program) *self)
{
	pid_t child = child_fork(), watcher;
	__u64 peer;

	if (!child) {
		char number[16], byte;

		become(FATHER, FAMILY);
		CHECK(device_open() >= 0);
		snprintf(number, sizeof(number), "%d", self->reports[1]);
		CHECK(read(self->go[0], &byte, 1) == 1);
		execl(self->path, "helper", number, NULL);
		_exit(127);
	}
	ASSERT_TRUE(wait_until(peer = peer_of(self->fd, child)));
	EXPECT_EQ(0, send_number(self->fd, child, 1));
	watcher = start_watcher(self->fd, peer);
	EXPECT_EQ(1, write(self->go[1], "", 1));
	ASSERT_EQ(sizeof(self->report), read(self->reports[0], &self->report,
					     sizeof(self->report)));
	EXPECT_EQ(0, child_status(child));
	child_kill(watcher);
}

TEST_F(setuid_program, gets_nothing_sent_before_it_though_others_look_while_it_starts)
{
	int i;

	slow_exec(true);
	for (i = 0; i < 20; i++) {
		exec_with_message(_metadata, self);
		if (self->report.euid)
			break;
		EXPECT_EQ(0, self->report.stat.out_queued);
		EXPECT_EQ(1, self->report.stat.out_dropped);
		EXPECT_EQ(EAGAIN, self->report.receive_error);
	}
	slow_exec(false);
	if (self->report.euid)
		SKIP(return, "/tmp allows no setuid programs");
}

#include "afterwards.h"
