// SPDX-License-Identifier: GPL-2.0
/*
 * Mailboxes that are bound to a process and die with it, and the transfer of a mailbox from one
 * process to another.
 */
#include "msgpass_test.h"

#define OPEN_BOUND (OPEN_NEW | MSGPASS_OPEN_BOUND)

static int stat_of(int fd, const char *name)
{
	struct msgpass_mailbox_stat stat;

	return mailbox_stat(fd, name, &stat);
}

static pid_t bound_to(int fd, const char *name)
{
	struct msgpass_mailbox_stat stat;

	return mailbox_stat(fd, name, &stat) ? -1 : stat.out_owner_pid;
}

static uint64_t offered_to(int fd, const char *name)
{
	struct msgpass_mailbox_stat stat;

	return mailbox_stat(fd, name, &stat) ? ~0ULL : stat.out_offered_peer;
}

static bool hung_up(int fd)
{
	struct pollfd poll_fd = { .fd = fd };

	return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents & POLLHUP;
}

/* It has died with a process: every use says so. */
#define EXPECT_DEAD(fd) do {							\
	EXPECT_TRUE(wait_until(hung_up(fd)));					\
	EXPECT_EQ(-EPIPE, send_number(fd, 0, 1));				\
	EXPECT_EQ(-EPIPE, TAKE(fd));						\
	EXPECT_EQ(-EPIPE, stat_of(fd, ""));					\
} while (0)

#define EXPECT_ALIVE(fd) do {							\
	EXPECT_EQ(0, send_number(fd, 0, 8));					\
	EXPECT_EQ(8, TAKE(fd));							\
	EXPECT_FALSE(hung_up(fd));						\
} while (0)

FIXTURE(owner) {
	struct channel channel;
	int device;
	int fd;			/* of the mailbox, if open_other() opened it */
	const char *name;	/* of a mailbox that a test makes */
};

FIXTURE_SETUP(owner)
{
	self->device = device_open();
	ASSERT_LE(0, self->device);
	self->name = unique_name("owner");
	self->fd = -1;
}

FIXTURE_TEARDOWN(owner)
{
	mailbox_delete(self->device, self->name);
	close(self->fd);
	close(self->device);
}

static void idle(void)
{
	for (;;)
		pause();
}

/* A child to which the mailbox is bound, and which does nothing else. */
static pid_t child_owner(FIXTURE_DATA(owner) *self, uint32_t flags)
{
	pid_t pid = child_fork();

	if (!pid) {
		CHECK(MAILBOX_OPEN(self->device, self->name, flags) >= 0);
		idle();
	}
	wait_until((self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOTH)) >= 0);
	self->channel.fd = self->fd;
	return pid;
}

/* A child that accepts the mailbox as soon as it may, and does nothing else. */
static pid_t child_accepting(FIXTURE_DATA(owner) *self)
{
	pid_t pid = child_fork();

	if (!pid) {
		CHECK(wait_until(!mailbox_accept(self->device, self->name)));
		idle();
	}
	return pid;
}

/* --- death */

enum death { BY_EXIT, BY_KILL, BY_KILL_UNREAPED, BY_KILL_AUTOREAPED, BY_LAST_THREAD };

FIXTURE(death) {
	int device;
	int fd;
	int go[2];
	const char *name;
};

FIXTURE_VARIANT(death) {
	enum death death;
};

FIXTURE_VARIANT_ADD(death, by_exit) { BY_EXIT };
FIXTURE_VARIANT_ADD(death, by_kill) { BY_KILL };
FIXTURE_VARIANT_ADD(death, by_kill_unreaped) { BY_KILL_UNREAPED };
FIXTURE_VARIANT_ADD(death, by_kill_autoreaped) { BY_KILL_AUTOREAPED };
FIXTURE_VARIANT_ADD(death, by_exit_of_the_last_thread) { BY_LAST_THREAD };

FIXTURE_SETUP(death)
{
	self->device = device_open();
	self->name = unique_name("death");
	ASSERT_EQ(0, pipe(self->go));
}

FIXTURE_TEARDOWN(death)
{
	mailbox_delete(self->device, self->name);
	close(self->fd);
	close(self->device);
}

/* Waits for the end of file. */
static void *wait_and_exit(void *argument)
{
	char byte;

	if (read(*(int *)argument, &byte, 1))
		abort();
	_exit(0);
}

static pid_t child_dying(FIXTURE_DATA(death) *self, enum death death)
{
	pid_t pid = child_fork();
	pthread_t thread;

	if (pid)
		return pid;
	close(self->go[1]);
	CHECK(MAILBOX_OPEN(self->device, self->name, OPEN_BOUND) >= 0);
	if (death == BY_EXIT)
		wait_and_exit(&self->go[0]);
	if (death == BY_LAST_THREAD) {
		CHECK(!pthread_create(&thread, NULL, wait_and_exit, &self->go[0]));
		syscall(SYS_exit, 0);
	}
	idle();
	return 0;
}

TEST_F(death, of_a_process_deletes_what_is_bound_to_it)
{
	const enum death death = variant->death;
	pid_t child;

	if (death == BY_KILL_AUTOREAPED)
		signal(SIGCHLD, SIG_IGN);
	child = child_dying(self, death);
	ASSERT_TRUE(wait_until((self->fd = MAILBOX_OPEN(self->device, self->name,
							OPEN_BOTH)) >= 0));
	EXPECT_EQ(child, bound_to(self->fd, ""));
	EXPECT_ALIVE(self->fd);
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	if (death == BY_EXIT || death == BY_LAST_THREAD)
		close(self->go[1]);
	else
		kill(child, SIGKILL);
	EXPECT_DEAD(self->fd);
	EXPECT_EQ(-ENOENT, stat_of(self->device, self->name));
	if (death != BY_KILL_AUTOREAPED)
		child_status(child);
}

/* --- whom a mailbox is bound to */

TEST_F(owner, one_that_is_not_bound_outlives_its_maker)
{
	pid_t child = child_owner(self, OPEN_NEW);
	struct msgpass_mailbox_stat stat;
	uint64_t peer = peer_of(self->device, child);

	EXPECT_EQ(-SIGKILL, child_kill(child));
	EXPECT_TRUE(wait_until(inbox_of_peer(self->device, peer) == -ESRCH));
	EXPECT_ALIVE(self->fd);
	EXPECT_EQ(0, mailbox_stat(self->device, self->name, &stat));
	EXPECT_EQ(0, stat.out_flags);
	EXPECT_EQ(0, stat.out_owner_pid);
	EXPECT_EQ(0, stat.out_owner_peer);
}

TEST_F(owner, the_process_that_one_is_bound_to_is_told)
{
	pid_t child = child_owner(self, OPEN_BOUND);
	struct msgpass_mailbox_stat stat, listed;
	uint64_t id = 0;

	ASSERT_EQ(0, mailbox_stat(self->fd, "", &stat));
	EXPECT_EQ(MSGPASS_MAILBOX_BOUND, stat.out_flags);
	EXPECT_EQ(child, stat.out_owner_pid);
	EXPECT_NE(0, stat.out_owner_peer);
	EXPECT_EQ(child, bound_to(self->device, self->name));
	do {
		ASSERT_EQ(0, mailbox_next(self->device, id, &listed));
		id = listed.out_id;
	} while (id != stat.out_id);
	EXPECT_EQ(MSGPASS_MAILBOX_BOUND, listed.out_flags);
	EXPECT_EQ(child, listed.out_owner_pid);
	EXPECT_EQ(stat.out_owner_peer, listed.out_owner_peer);
	child_kill(child);
}

enum { MANY = 300, TOO_MANY = 3000 };

/* A child with so many bound mailboxes that all can't be deleted at once; the last is ours. */
static pid_t child_owning_many(FIXTURE_DATA(owner) *self)
{
	pid_t pid = child_fork();
	unsigned int i;

	if (!pid) {
		for (i = 0; i < TOO_MANY; i++) {
			char name[MSGPASS_NAME_SIZE];
			int fd;

			snprintf(name, sizeof(name), "%s-%u", self->name, i);
			fd = MAILBOX_OPEN(self->device, name, OPEN_BOUND);
			CHECK(fd >= 0);
			close(fd);
		}
		CHECK(MAILBOX_OPEN(self->device, self->name, OPEN_BOUND) >= 0);
		idle();
	}
	wait_until((self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOTH)) >= 0);
	return pid;
}

TEST_F(owner, a_name_is_free_as_soon_as_its_process_is_known_to_be_dead)
{
	child_kill(child_owning_many(self));
	close(self->fd);
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE);
	EXPECT_ALIVE(self->fd);
	EXPECT_EQ(0, bound_to(self->fd, ""));
}

TEST_F(owner, one_is_not_opened_once_its_process_is_known_to_be_dead)
{
	child_kill(child_owning_many(self));
	EXPECT_EQ(-ENOENT, MAILBOX_OPEN(self->device, self->name, OPEN_BOTH));
	EXPECT_EQ(-EPIPE, send_number(self->fd, 0, 1));
}

TEST_F(owner, one_is_not_told_of_once_its_process_is_known_to_be_dead)
{
	child_kill(child_owning_many(self));
	EXPECT_EQ(-ENOENT, stat_of(self->device, self->name));
	EXPECT_EQ(-EPIPE, stat_of(self->fd, ""));
	EXPECT_EQ(-EPIPE, MAILBOX_SET(self->fd, .set = 0));
}

TEST_F(owner, one_is_not_accepted_once_its_process_is_known_to_be_dead)
{
	pid_t owner = child_owning_many(self);

	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	child_kill(owner);
	EXPECT_EQ(-EPIPE, mailbox_accept(self->fd, ""));
	EXPECT_EQ(-ENOENT, mailbox_accept(self->device, self->name));
	EXPECT_DEAD(self->fd);
}

TEST_F(owner, who_opens_one_that_is_there_is_not_the_process_it_is_bound_to)
{
	pid_t child;

	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOUND);
	ASSERT_LE(0, self->fd);
	child = child_fork();
	if (!child)
		_exit(MAILBOX_OPEN(self->device, self->name, OPEN_BOUND) < 0);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(getpid(), bound_to(self->fd, ""));
	EXPECT_ALIVE(self->fd);
}

TEST_F(owner, one_that_is_there_does_not_become_bound)
{
	pid_t child;

	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	child = child_fork();
	if (!child)
		_exit(MAILBOX_OPEN(self->device, self->name, OPEN_BOUND) < 0);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, bound_to(self->fd, ""));
	EXPECT_ALIVE(self->fd);
}

TEST_F(owner, only_a_new_one_can_be_bound)
{
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, self->name, OPEN_BOTH | MSGPASS_OPEN_BOUND));
	EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, "", OPEN_BOTH | MSGPASS_OPEN_BOUND));
}

TEST_F(owner, closing_a_bound_one_does_not_delete_it)
{
	close(MAILBOX_OPEN(self->device, self->name, OPEN_BOUND));
	EXPECT_EQ(getpid(), bound_to(self->device, self->name));
	EXPECT_EQ(0, mailbox_delete(self->device, self->name));
}

TEST_F(owner, a_bound_one_can_be_deleted_before)
{
	uint64_t base = settled_user_bytes(self->device);

	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOUND);
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_DEAD(self->fd);
	close(self->fd);
	EXPECT_EQ(base, user_bytes(self->device));
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOUND | MSGPASS_OPEN_EXCLUSIVE);
	EXPECT_ALIVE(self->fd);
}

/* --- fork, threads, exec */

TEST_F(owner, a_child_does_not_keep_it)
{
	int *received = shared(sizeof(*received));
	pid_t child;

	ASSERT_NE(NULL, received);
	child = child_fork();
	if (!child) {
		int fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOUND);

		CHECK(fd >= 0);
		/* It outlives its parent, but not AWAIT()'s bound. */
		if (!fork()) {
			*received = AWAIT(fd);
			_exit(0);
		}
		CHECK(wait_until(mailbox_counts(fd).receivers_waiting == 1));
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_TRUE(wait_until(*received == -EPIPE));
	EXPECT_EQ(-ENOENT, stat_of(self->device, self->name));
}

TEST_F(owner, the_death_of_a_child_leaves_it)
{
	pid_t child;

	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOUND);
	child = child_fork();
	if (!child) {
		CHECK(own_peer(self->device));
		_exit(-send_number(self->fd, 0, 5));
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(5, TAKE(self->fd));
	EXPECT_ALIVE(self->fd);
}

struct opener {
	FIXTURE_DATA(owner) *self;
	uint32_t flags;
	int ret;
};

static void *open_in_thread(void *argument)
{
	struct opener *opener = argument;

	opener->ret = MAILBOX_OPEN(opener->self->device, opener->self->name, opener->flags);
	return NULL;
}

TEST_F(owner, it_is_the_processs_and_not_the_threads_that_made_it)
{
	struct opener opener = { .self = self, .flags = OPEN_BOUND };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, open_in_thread, &opener));
	pthread_join(thread, NULL);
	self->fd = opener.ret;
	EXPECT_EQ(getpid(), bound_to(self->fd, ""));
	EXPECT_ALIVE(self->fd);
}

static void *exec_sleep(void *argument)
{
	(void)argument;
	execlp("sleep", "sleep", "1000", NULL);
	_exit(127);
}

static void keeps_it_through_exec(struct __test_metadata *_metadata, FIXTURE_DATA(owner) *self,
				  bool by_a_thread)
{
	int pipes[2];
	pthread_t thread;
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC));
	child = child_fork();
	if (!child) {
		CHECK(MAILBOX_OPEN(self->device, self->name, OPEN_BOUND) >= 0);
		if (!by_a_thread)
			exec_sleep(NULL);
		CHECK(!pthread_create(&thread, NULL, exec_sleep, NULL));
		idle();
	}
	close(pipes[1]);
	/* exec has closed the other end */
	EXPECT_EQ(0, read(pipes[0], &byte, 1));
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOTH);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(child, bound_to(self->fd, ""));
	EXPECT_ALIVE(self->fd);
	EXPECT_EQ(-SIGKILL, child_kill(child));
	EXPECT_DEAD(self->fd);
}

TEST_F(owner, exec_keeps_it)
{
	keeps_it_through_exec(_metadata, self, false);
}

TEST_F(owner, exec_by_another_thread_keeps_it)
{
	keeps_it_through_exec(_metadata, self, true);
}

/* --- who else has to do with it */

TEST_F(owner, its_death_wakes_waiting_receivers)
{
	pid_t owner = child_owner(self, OPEN_BOUND);
	pid_t first = child_receiving(&self->channel, 0);
	pid_t second = child_receiving(&self->channel, 0);

	EXPECT_TRUE(receivers_wait(&self->channel, 0, 2));
	child_kill(owner);
	EXPECT_EQ(EPIPE, child_status(first));
	EXPECT_EQ(EPIPE, child_status(second));
}

TEST_F(owner, its_death_wakes_waiting_senders)
{
	pid_t owner = child_owner(self, OPEN_BOUND), sender;

	EXPECT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	sender = child_sending(&self->channel, 0, 2);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	child_kill(owner);
	EXPECT_EQ(EPIPE, child_status(sender));
}

TEST_F(owner, its_death_ends_calls_that_nobody_received)
{
	pid_t owner = child_owner(self, OPEN_BOUND), caller = child_fork();
	struct msgpass_call argument = {
		.size = sizeof(argument), .deadline = soon(), NUMBER(1),
	};

	if (!caller)
		_exit(-call(self->fd, MSGPASS_IOC_CALL, &argument));
	EXPECT_TRUE(wait_until(mailbox_counts(self->fd).queued == 1));
	child_kill(owner);
	EXPECT_EQ(EPIPE, child_status(caller));
}

TEST_F(owner, an_anonymous_one_dies_with_its_process)
{
	int sockets[2];
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	child = child_fork();
	if (!child) {
		CHECK(!fd_send(sockets[1], MAILBOX_OPEN(self->device, "", OPEN_BOUND)));
		idle();
	}
	self->fd = fd_receive(sockets[0]);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(child, bound_to(self->fd, ""));
	EXPECT_ALIVE(self->fd);
	child_kill(child);
	EXPECT_DEAD(self->fd);
}

TEST_F(owner, an_anonymous_one_goes_with_its_last_fd_before)
{
	uint64_t base = settled_user_bytes(self->device);
	int fd = MAILBOX_OPEN(self->device, "", OPEN_BOUND);

	EXPECT_EQ(0, mailbox_give(fd, "", 0, getpid()));
	EXPECT_LT(base, user_bytes(self->device));
	close(fd);
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
}

TEST_F(owner, all_of_a_processs_mailboxes_die_with_it)
{
	uint64_t base = settled_user_bytes(self->device), named;
	struct msgpass_info counted;
	int go[2], report[2], i;
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, pipe(report));
	ASSERT_EQ(0, info(self->device, &counted));
	named = counted.out_mailboxes;
	child = child_fork();
	if (!child) {
		for (i = 0; i < MANY; i++) {
			CHECK(MAILBOX_OPEN(self->device, unique_name("many"), OPEN_BOUND) >= 0);
			CHECK(MAILBOX_OPEN(self->device, "", OPEN_BOUND) >= 0);
		}
		CHECK(write(report[1], "", 1) == 1);
		idle();
	}
	ASSERT_EQ(1, read(report[0], &byte, 1));
	ASSERT_EQ(0, info(self->device, &counted));
	EXPECT_EQ(named + MANY, counted.out_mailboxes);
	child_kill(child);
	EXPECT_TRUE(wait_until(!info(self->device, &counted) && counted.out_mailboxes == named));
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
}

/* --- give and accept */

TEST_F(owner, an_accepted_one_dies_with_the_new_process_and_not_the_old)
{
	pid_t old = child_owner(self, OPEN_BOUND), new = child_accepting(self);
	uint64_t old_peer;

	EXPECT_TRUE(wait_until(bound_to(self->fd, "") == old));
	old_peer = peer_of(self->device, old);
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, new));
	EXPECT_TRUE(wait_until(bound_to(self->fd, "") == new));
	EXPECT_EQ(0, offered_to(self->fd, ""));
	child_kill(old);
	EXPECT_TRUE(wait_until(inbox_of_peer(self->device, old_peer) == -ESRCH));
	EXPECT_ALIVE(self->fd);
	EXPECT_EQ(new, bound_to(self->device, self->name));
	child_kill(new);
	EXPECT_DEAD(self->fd);
}

TEST_F(owner, nothing_changes_before_it_is_accepted)
{
	pid_t owner = child_owner(self, OPEN_BOUND), other = child_idle();
	struct msgpass_mailbox_stat stat;

	EXPECT_EQ(0, mailbox_give(self->device, self->name, 0, other));
	EXPECT_EQ(0, mailbox_stat(self->fd, "", &stat));
	EXPECT_EQ(owner, stat.out_owner_pid);
	EXPECT_EQ(peer_of(self->device, other), stat.out_offered_peer);
	EXPECT_ALIVE(self->fd);
	child_kill(owner);
	EXPECT_DEAD(self->fd);
	child_kill(other);
}

TEST_F(owner, it_passes_along_a_chain_of_processes)
{
	pid_t owner = child_owner(self, OPEN_BOUND), next;
	unsigned int i;

	EXPECT_EQ(0, send_number(self->fd, 0, 3));
	for (i = 0; i < 10; i++) {
		next = child_accepting(self);
		EXPECT_EQ(0, mailbox_give(self->device, self->name, 0, next));
		EXPECT_TRUE(wait_until(bound_to(self->fd, "") == next));
		child_kill(owner);
		owner = next;
	}
	EXPECT_EQ(3, TAKE(self->fd));
	child_kill(owner);
	EXPECT_DEAD(self->fd);
}

TEST_F(owner, one_that_is_not_bound_is_accepted_after_the_death_of_the_giver)
{
	pid_t child = child_fork();

	if (!child) {
		CHECK(MAILBOX_OPEN(self->device, self->name, OPEN_NEW) >= 0);
		_exit(-mailbox_give(self->device, self->name, 0, getppid()));
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, mailbox_accept(self->device, self->name));
	EXPECT_EQ(0, bound_to(self->device, self->name));
}

TEST_F(owner, only_the_process_it_is_offered_to_may_accept)
{
	pid_t offered = child_idle(), child;

	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	EXPECT_EQ(-EPERM, mailbox_accept(self->fd, ""));
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, offered));
	EXPECT_EQ(-EPERM, mailbox_accept(self->fd, ""));
	EXPECT_EQ(-EPERM, mailbox_accept(self->device, self->name));
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	child = child_fork();
	if (!child) {
		CHECK(mailbox_accept(self->fd, "") == -EPERM);
		CHECK(mailbox_accept(self->device, self->name) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, mailbox_accept(self->fd, ""));
	EXPECT_EQ(-EPERM, mailbox_accept(self->fd, ""));
	child_kill(offered);
}

static void *accept_in_thread(void *argument)
{
	struct opener *opener = argument;

	opener->ret = mailbox_accept(opener->self->device, opener->self->name);
	return NULL;
}

TEST_F(owner, any_thread_of_the_process_may_accept)
{
	struct opener opener = { .self = self };
	pid_t owner = child_owner(self, OPEN_BOUND);
	pthread_t thread;

	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	ASSERT_EQ(0, pthread_create(&thread, NULL, accept_in_thread, &opener));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, opener.ret);
	EXPECT_EQ(getpid(), bound_to(self->fd, ""));
	child_kill(owner);
	EXPECT_ALIVE(self->fd);
}

TEST_F(owner, an_anonymous_one_is_accepted_by_its_fd)
{
	int sockets[2];
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	child = child_fork();
	if (!child) {
		int fd = MAILBOX_OPEN(self->device, "", OPEN_BOUND);

		CHECK(!mailbox_give(fd, "", 0, getppid()));
		_exit(-fd_send(sockets[1], fd) || !wait_until(bound_to(fd, "") == getppid()));
	}
	self->fd = fd_receive(sockets[0]);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(0, mailbox_accept(self->fd, ""));
	EXPECT_EQ(0, child_status(child));
	EXPECT_ALIVE(self->fd);
	EXPECT_EQ(getpid(), bound_to(self->fd, ""));
}

TEST_F(owner, a_process_may_be_named_by_its_peer_id)
{
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	EXPECT_EQ(0, mailbox_give(self->fd, "", MSGPASS_PEER, own_peer(self->device)));
	EXPECT_EQ(own_peer(self->device), offered_to(self->fd, ""));
	EXPECT_EQ(0, mailbox_accept(self->fd, ""));
}

static void *tell_id_and_idle(void *argument)
{
	*(pid_t *)argument = gettid();
	idle();
	return NULL;
}

TEST_F(owner, who_is_no_living_process_is_offered_nothing)
{
	pid_t *thread_id = shared(sizeof(*thread_id));
	pid_t dead = child_idle(), leader = child_fork();
	pid_t kthreadd = 2;
	pthread_t thread;

	ASSERT_NE(NULL, thread_id);
	if (!leader) {
		CHECK(!pthread_create(&thread, NULL, tell_id_and_idle, thread_id));
		idle();
	}
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	ASSERT_TRUE(wait_until(*thread_id));
	EXPECT_EQ(-ESRCH, mailbox_give(self->fd, "", 0, *thread_id));
	EXPECT_EQ(-EINVAL, mailbox_give(self->fd, "", 0, 0));
	EXPECT_EQ(-EINVAL, mailbox_give(self->fd, "", 0, -1));
	EXPECT_EQ(-ESRCH, mailbox_give(self->fd, "", 0, kthreadd));
	EXPECT_EQ(-ESRCH, mailbox_give(self->fd, "", 0, 1U << 30));
	EXPECT_EQ(-ESRCH, mailbox_give(self->fd, "", MSGPASS_PEER, 1));
	kill(dead, SIGKILL);
	EXPECT_EQ(0, child_dies(dead));
	EXPECT_EQ(-ESRCH, mailbox_give(self->fd, "", 0, dead));
	child_status(dead);
	EXPECT_EQ(0, offered_to(self->fd, ""));
	child_kill(leader);
}

TEST_F(owner, what_is_deleted_is_neither_given_nor_accepted)
{
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(-EPIPE, mailbox_accept(self->fd, ""));
	EXPECT_EQ(-EPIPE, mailbox_give(self->fd, "", 0, getpid()));
	EXPECT_EQ(-ENOENT, mailbox_accept(self->device, self->name));
	EXPECT_EQ(-ENOENT, mailbox_give(self->device, self->name, 0, getpid()));
}

TEST_F(owner, open_fds_keep_their_right)
{
	pid_t other = child_accepting(self);
	int receiver;

	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	receiver = MAILBOX_OPEN(self->device, self->name, MSGPASS_OPEN_RECEIVE);
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, other));
	EXPECT_TRUE(wait_until(offered_to(self->fd, "") == 0));
	EXPECT_EQ(0, send_number(self->fd, 0, 4));
	EXPECT_EQ(-EBADF, send_number(receiver, 0, 4));
	EXPECT_EQ(4, TAKE(receiver));
	close(receiver);
	child_kill(other);
}

/* --- the end of an offer */

TEST_F(owner, an_offer_can_be_withdrawn)
{
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	EXPECT_EQ(-ESRCH, mailbox_give(self->fd, "", MSGPASS_CANCEL, 0));
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	EXPECT_EQ(-EINVAL, mailbox_give(self->fd, "", MSGPASS_CANCEL, getpid()));
	EXPECT_EQ(-EINVAL, mailbox_give(self->fd, "", MSGPASS_CANCEL | MSGPASS_PEER, 0));
	EXPECT_EQ(0, mailbox_give(self->device, self->name, MSGPASS_CANCEL, 0));
	EXPECT_EQ(0, offered_to(self->fd, ""));
	EXPECT_EQ(-EPERM, mailbox_accept(self->fd, ""));
	EXPECT_EQ(-ESRCH, mailbox_give(self->fd, "", MSGPASS_CANCEL, 0));
}

TEST_F(owner, an_accepted_offer_can_not_be_withdrawn)
{
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	EXPECT_EQ(0, mailbox_accept(self->fd, ""));
	EXPECT_EQ(-ESRCH, mailbox_give(self->fd, "", MSGPASS_CANCEL, 0));
}

TEST_F(owner, a_later_offer_takes_the_place_of_the_earlier)
{
	pid_t other = child_idle();

	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, other));
	EXPECT_EQ(-EPERM, mailbox_accept(self->fd, ""));
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	child_kill(other);
	EXPECT_EQ(0, mailbox_accept(self->fd, ""));
}

TEST_F(owner, an_offer_that_fails_leaves_the_earlier)
{
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	EXPECT_EQ(-ESRCH, mailbox_give(self->fd, "", 0, 1U << 30));
	EXPECT_EQ(0, mailbox_accept(self->fd, ""));
}

TEST_F(owner, an_offer_ends_with_the_process_it_was_made_to)
{
	pid_t other = child_idle();

	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_BOUND);
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, other));
	EXPECT_NE(0, offered_to(self->fd, ""));
	child_kill(other);
	EXPECT_TRUE(wait_until(offered_to(self->fd, "") == 0));
	EXPECT_EQ(-ESRCH, mailbox_give(self->fd, "", MSGPASS_CANCEL, 0));
	EXPECT_ALIVE(self->fd);
}

TEST_F(owner, offers_race_with_deaths)
{
	uint64_t base = settled_user_bytes(self->device);
	unsigned int i;

	for (i = 0; i < 100; i++) {
		pid_t owner = child_owner(self, OPEN_BOUND), other = child_accepting(self);
		int ret;

		EXPECT_EQ(0, mailbox_give(self->fd, "", 0, other));
		kill(owner, SIGKILL);
		ret = mailbox_give(self->fd, "", 0, getpid());
		EXPECT_TRUE(ret == 0 || ret == -EPIPE);
		if (!ret) {
			ret = mailbox_accept(self->fd, "");
			EXPECT_TRUE(ret == 0 || ret == -EPIPE);
		}
		child_kill(other);
		child_status(owner);
		mailbox_delete(self->fd, "");
		EXPECT_DEAD(self->fd);
		close(self->fd);
	}
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
}

/* --- users and quota */

FIXTURE(users) {
	int device;
	int fd;
	const char *name;	/* of FATHER's mailbox, mode 0600 */
	int64_t quota;
};

FIXTURE_SETUP(users)
{
	NEED_ROOT();
	self->device = device_open();
	self->name = unique_name("users");
	self->quota = parameter("user_bytes");
	self->fd = AS(FATHER, MAILBOX_OPEN(self->device, self->name, OPEN_NEW));
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(users)
{
	parameter_set("user_bytes", self->quota);
	mailbox_delete(self->device, self->name);
	close(self->fd);
	close(self->device);
}

static uint64_t bytes_of(FIXTURE_DATA(users) *self, uid_t user)
{
	return AS(user, user_bytes(self->device));
}

TEST_F(users, an_accepted_one_is_the_new_users_and_not_the_olds)
{
	struct msgpass_mailbox_stat stat;
	pid_t child = child_fork();

	if (!child) {
		become(MOTHER, FAMILY);
		CHECK(wait_until(!mailbox_accept(self->device, self->name)));
		CHECK(MAILBOX_OPEN(self->device, self->name, OPEN_BOTH) >= 0);
		CHECK(!MAILBOX_SET_NAMED(self->device, self->name, .set = MSGPASS_SET_CAPACITY,
					 .capacity = 3));
		_exit(0);
	}
	EXPECT_EQ(0, AS(FATHER, mailbox_give(self->device, self->name, 0, child)));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(-EPERM, AS(FATHER, MAILBOX_SET(self->fd, .set = MSGPASS_SET_MODE)));
	EXPECT_EQ(-EPERM, AS(FATHER, mailbox_delete(self->fd, "")));
	EXPECT_EQ(-EPERM, AS(FATHER, mailbox_give(self->fd, "", MSGPASS_CANCEL, 0)));
	EXPECT_EQ(-ENOENT, AS(FATHER, stat_of(self->device, self->name)));
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &stat));
	EXPECT_EQ(MOTHER, stat.out_attributes.uid);
	EXPECT_EQ(FAMILY, stat.out_attributes.gid);
	EXPECT_EQ(0600, stat.out_attributes.mode);
	EXPECT_EQ(3, stat.out_attributes.capacity);
}

TEST_F(users, being_offered_one_lets_that_process_see_it_and_no_more)
{
	pid_t child = child_fork();

	if (!child) {
		become(MOTHER, FAMILY);
		CHECK(stat_of(self->device, self->name) == -ENOENT);
		CHECK(mailbox_accept(self->device, self->name) == -ENOENT);
		CHECK(!send_number(self->device, getpid(), 1));
		CHECK(AWAIT(self->device, .from = getppid()) == 2);
		CHECK(offered_to(self->device, self->name) == own_peer(self->device));
		CHECK(MAILBOX_OPEN(self->device, self->name, OPEN_BOTH) == -EACCES);
		CHECK(mailbox_delete(self->device, self->name) == -EPERM);
		CHECK(MAILBOX_SET_NAMED(self->device, self->name, .set = 0) == -EPERM);
		CHECK(mailbox_give(self->device, self->name, 0, getpid()) == -EPERM);
		CHECK(mailbox_give(self->device, self->name, MSGPASS_CANCEL, 0) == -EPERM);
		if (!child_fork()) {
			CHECK(stat_of(self->device, self->name) == -ENOENT);
			CHECK(mailbox_accept(self->device, self->name) == -ENOENT);
			_exit(0);
		}
		wait(NULL);
		_exit(-mailbox_accept(self->device, self->name));
	}
	EXPECT_TRUE(wait_until(inbox_counts(self->device, child).queued == 1));
	EXPECT_EQ(0, AS(FATHER, mailbox_give(self->fd, "", 0, child)));
	EXPECT_EQ(0, send_number(self->device, child, 2));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(users, an_offer_is_told_only_to_those_concerned)
{
	pid_t other = child_idle(), child;

	ASSERT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_MODE, .mode = 0666));
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, other));
	EXPECT_NE(0, offered_to(self->fd, ""));
	EXPECT_NE(0, AS(FATHER, offered_to(self->fd, "")));
	child = child_fork();
	if (!child) {
		become(MOTHER, FAMILY);
		CHECK(offered_to(self->fd, "") == 0);
		CHECK(offered_to(self->device, self->name) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	child_kill(other);
}

TEST_F(users, only_the_owner_and_cap_ipc_owner_may_offer)
{
	pid_t child;

	ASSERT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_MODE, .mode = 0666));
	child = child_fork();
	if (!child) {
		become(MOTHER, FAMILY);
		CHECK(mailbox_give(self->fd, "", 0, getpid()) == -EPERM);
		CHECK(mailbox_give(self->device, self->name, 0, getpid()) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	child = child_fork();
	if (!child) {
		drop_capability(CAP_IPC_OWNER);
		_exit(-mailbox_give(self->fd, "", 0, getpid()));
	}
	EXPECT_EQ(EPERM, child_status(child));
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	EXPECT_EQ(0, AS(FATHER, mailbox_give(self->fd, "", 0, getpid())));
}

TEST_F(users, accepting_takes_no_cap_chown)
{
	pid_t child = child_fork();

	if (!child) {
		drop_capability(CAP_CHOWN);
		drop_capability(CAP_IPC_OWNER);
		CHECK(!AS(FATHER, mailbox_give(self->fd, "", 0, getpid())));
		_exit(-mailbox_accept(self->fd, ""));
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(users, an_offer_ends_when_the_owner_changes)
{
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	EXPECT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_UID, .uid = FATHER));
	EXPECT_NE(0, offered_to(self->fd, ""));
	EXPECT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_UID, .uid = MOTHER));
	EXPECT_EQ(0, offered_to(self->fd, ""));
	EXPECT_EQ(-EPERM, mailbox_accept(self->fd, ""));
}

TEST_F(users, a_user_without_quota_can_not_accept)
{
	uint64_t father = bytes_of(self, FATHER);
	struct msgpass_mailbox_stat stat;

	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	ASSERT_EQ(0, parameter_set("user_bytes", 1));
	EXPECT_EQ(-EDQUOT, AS(MOTHER, mailbox_accept(self->fd, "")));
	EXPECT_EQ(-EDQUOT, AS(MOTHER, mailbox_accept(self->device, self->name)));
	EXPECT_EQ(father, bytes_of(self, FATHER));
	EXPECT_EQ(0, bytes_of(self, MOTHER));
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &stat));
	EXPECT_EQ(FATHER, stat.out_attributes.uid);
	EXPECT_EQ(own_peer(self->device), stat.out_offered_peer);
	ASSERT_EQ(0, parameter_set("user_bytes", self->quota));
	EXPECT_EQ(0, AS(MOTHER, mailbox_accept(self->fd, "")));
}

TEST_F(users, the_new_user_pays_for_it)
{
	uint64_t bytes = bytes_of(self, FATHER);

	EXPECT_LT(0, bytes);
	EXPECT_EQ(0, bytes_of(self, MOTHER));
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	EXPECT_EQ(0, AS(MOTHER, mailbox_accept(self->fd, "")));
	EXPECT_EQ(0, bytes_of(self, FATHER));
	EXPECT_EQ(bytes, bytes_of(self, MOTHER));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	close(self->fd);
	EXPECT_TRUE(wait_until(bytes_of(self, MOTHER) == 0));
}

TEST_F(users, the_same_user_needs_no_quota_to_accept)
{
	EXPECT_EQ(0, mailbox_give(self->fd, "", 0, getpid()));
	ASSERT_EQ(0, parameter_set("user_bytes", bytes_of(self, FATHER)));
	EXPECT_EQ(0, AS(FATHER, mailbox_accept(self->fd, "")));
	EXPECT_EQ(parameter("user_bytes"), bytes_of(self, FATHER));
}

/* --- namespaces */

TEST_F(users, in_another_pid_namespace_the_process_has_no_pid)
{
	int fd = MAILBOX_OPEN(self->device, "", OPEN_BOUND);
	pid_t me = getpid(), child = child_clone(CLONE_NEWPID);

	if (!child) {
		struct msgpass_mailbox_stat stat;

		CHECK(!mailbox_stat(fd, "", &stat));
		CHECK(stat.out_flags == MSGPASS_MAILBOX_BOUND);
		CHECK(stat.out_owner_pid == 0);
		CHECK(stat.out_owner_peer != 0);
		CHECK(mailbox_give(fd, "", 0, me) == -ESRCH);
		CHECK(mailbox_give(fd, "", MSGPASS_PEER, stat.out_owner_peer) == -ESRCH);
		CHECK(!mailbox_give(fd, "", 0, 1));
		CHECK(!mailbox_accept(fd, ""));
		CHECK(bound_to(fd, "") == 1);
		_exit(0);
	}
	if (child < 0)
		SKIP(return, "no pid namespaces");
	EXPECT_EQ(0, child_status(child));
	EXPECT_DEAD(fd);
	close(fd);
}

TEST_F(users, a_network_namespace_takes_bound_ones_with_it)
{
	int sockets[2], fd;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	child = child_clone(CLONE_NEWNET);
	if (!child) {
		int inside = MAILBOX_OPEN(self->device, self->name, OPEN_BOUND);
		int outside = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);

		CHECK(!mailbox_give(inside, "", 0, getppid()));
		CHECK(!fd_send(sockets[1], inside));
		/* It lives on, but nobody is in the namespace any more. */
		CHECK(!setns(outside, CLONE_NEWNET));
		idle();
	}
	if (child < 0)
		SKIP(return, "no network namespaces");
	fd = fd_receive(sockets[0]);
	ASSERT_LE(0, fd);
	EXPECT_DEAD(fd);
	EXPECT_EQ(-EPIPE, mailbox_accept(fd, ""));
	child_kill(child);
	close(fd);
}

#include "afterwards.h"
