// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a process: fork, exec, threads, death, and the next process that gets its pid.
 * And that of the module: it stays while somebody has a file of it open.
 */
#include "msgpass_test.h"
#include "helper_exec.h"

FIXTURE(life) {
	struct channel channel;
	int fd;
	pid_t me;
	uint64_t peer;
};

FIXTURE_SETUP(life)
{
	ASSERT_EQ(0, channel_open(&self->channel, true));
	self->fd = self->channel.fd;
	self->me = getpid();
	self->peer = own_peer(self->fd);
}

FIXTURE_TEARDOWN(life)
{
	close(self->fd);
}

/* --- fork */

TEST_F(life, a_forked_child_is_somebody_else)
{
	struct msgpass_receive receive;
	uint32_t number;
	pid_t child;

	EXPECT_EQ(0, send_number(self->fd, self->me, 1));
	child = child_fork();
	if (!child) {
		CHECK(TAKE(self->fd) == -EAGAIN);
		CHECK(own_peer(self->fd) != self->peer);
		CHECK(!send_number(self->fd, self->me, 2));
		CHECK(!send_number(self->fd, getpid(), 3));
		CHECK(TAKE(self->fd) == 3);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(&number, sizeof(number))));
	EXPECT_EQ(2, number);
	EXPECT_NE(self->peer, receive.out_peer);
}

TEST_F(life, a_forked_child_has_an_inbox_with_default_attributes)
{
	pid_t child;

	EXPECT_EQ(0, INBOX_SET(self->fd, .set = MSGPASS_SET_MODE | MSGPASS_SET_CAPACITY,
			       .mode = 0222, .capacity = 1));
	child = child_fork();
	if (!child) {
		struct msgpass_inbox_stat stat;

		CHECK(TAKE(self->fd) == -EAGAIN);
		CHECK(!inbox_stat(self->fd, 0, 0, &stat));
		CHECK(stat.out_attributes.mode == 0200);
		CHECK(stat.out_attributes.capacity > 1);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(life, a_device_fd_works_after_its_opener_died)
{
	int sockets[2], fd;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	child = child_fork();
	if (!child)
		_exit(-fd_send(sockets[1], device_open()));
	fd = fd_receive(sockets[0]);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, send_number(fd, self->me, 4));
	EXPECT_EQ(4, TAKE(fd));
	EXPECT_EQ(self->peer, own_peer(fd));
	close(fd);
}

/* --- exec */

/* In a child: let the test send, then execute the helper. */
static void exec_helper(int go, int report)
{
	char number[16], byte;

	snprintf(number, sizeof(number), "%d", report);
	CHECK(read(go, &byte, 1) == 1);
	execl(beside("helper_exec"), "helper_exec", number, NULL);
	_exit(127);
}

static void *exec_in_thread(void *argument)
{
	int *pipes = argument;

	exec_helper(pipes[0], pipes[1]);
	return NULL;
}

FIXTURE(exec) {
	int fd;
	int go[2];
	int reports[2];
	struct exec_report report;
};

FIXTURE_VARIANT(exec) {
	bool by_a_thread;
};

FIXTURE_VARIANT_ADD(exec, by_the_leader) { .by_a_thread = false };
FIXTURE_VARIANT_ADD(exec, by_another_thread) { .by_a_thread = true };

FIXTURE_SETUP(exec)
{
	if (access(beside("helper_exec"), X_OK))
		SKIP_TEST("helper_exec is not beside the test");
	self->fd = device_open();
	ASSERT_EQ(0, pipe(self->go));
	ASSERT_EQ(0, pipe(self->reports));
}

FIXTURE_TEARDOWN(exec)
{
	close(self->fd);
}

/* A child that has set its inbox and will execute the helper. */
static pid_t child_executing(FIXTURE_DATA(exec) *self, const FIXTURE_VARIANT(exec) *variant)
{
	int pipes[] = { self->go[0], self->reports[1] };
	pthread_t thread;
	pid_t pid = child_fork();

	if (pid)
		return pid;
	CHECK(TAKE(self->fd) == -EAGAIN);
	CHECK(!INBOX_SET(self->fd, .set = MSGPASS_SET_MODE | MSGPASS_SET_CAPACITY,
			 .mode = 0222, .capacity = 5));
	if (!variant->by_a_thread)
		exec_helper(pipes[0], pipes[1]);
	CHECK(!pthread_create(&thread, NULL, exec_in_thread, pipes));
	for (;;)
		pause();
}

TEST_F(exec, keeps_the_inbox_and_the_peer_id)
{
	struct exec_report *report = &self->report;
	struct msgpass_inbox_stat stat;
	pid_t child = child_executing(self, variant);

	EXPECT_TRUE(wait_until(!inbox_stat(self->fd, 0, child, &stat) &&
			       stat.out_attributes.capacity == 5));
	EXPECT_EQ(0, send_number(self->fd, child, 21));
	EXPECT_EQ(0, SEND(self->fd, .to = stat.out_peer, .flags = MSGPASS_PEER, NUMBER(22)));
	EXPECT_EQ(1, write(self->go[1], "", 1));
	ASSERT_EQ(sizeof(*report), read(self->reports[0], report, sizeof(*report)));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, report->stat_error);
	EXPECT_EQ(stat.out_peer, report->peer);
	EXPECT_EQ(stat.out_peer, report->stat.out_peer);
	EXPECT_EQ(0222, report->stat.out_attributes.mode);
	EXPECT_EQ(5, report->stat.out_attributes.capacity);
	EXPECT_EQ(2, report->stat.out_queued);
	EXPECT_EQ(0, report->stat.out_dropped);
	EXPECT_EQ(0, report->receive_error);
	EXPECT_EQ(21, report->number);
}

/* --- threads */

struct worker {
	int fd;
	int64_t number;
};

static void *receive_one(void *argument)
{
	struct worker *worker = argument;

	worker->number = AWAIT(worker->fd);
	return NULL;
}

static void *receive_one_and_exit(void *argument)
{
	struct worker *worker = argument;

	_exit(AWAIT(worker->fd) != 7);
	return NULL;
}

TEST_F(life, a_thread_receives_for_its_process)
{
	struct worker worker = { .fd = self->fd };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, receive_one, &worker));
	EXPECT_TRUE(receivers_wait(&self->channel, self->me, 1));
	EXPECT_EQ(0, send_number(self->fd, self->me, 7));
	pthread_join(thread, NULL);
	EXPECT_EQ(7, worker.number);
}

TEST_F(life, a_threads_end_is_not_the_processs)
{
	struct worker worker = { .fd = self->fd };
	pthread_t thread;

	EXPECT_EQ(0, send_number(self->fd, self->me, 1));
	EXPECT_EQ(0, send_number(self->fd, self->me, 2));
	ASSERT_EQ(0, pthread_create(&thread, NULL, receive_one, &worker));
	pthread_join(thread, NULL);
	EXPECT_EQ(1, worker.number);
	EXPECT_EQ(2, TAKE(self->fd));
	EXPECT_EQ(self->peer, own_peer(self->fd));
}

/* Whether the leader of a process is a zombie, the process being alive or not. */
static bool leader_gone(pid_t pid)
{
	return thread_state(pid) == 'Z';
}

TEST_F(life, a_process_lives_on_without_its_first_thread)
{
	struct worker worker = { .fd = self->fd };
	pid_t child = child_fork();
	pthread_t thread;

	if (!child) {
		CHECK(!pthread_create(&thread, NULL, receive_one_and_exit, &worker));
		syscall(SYS_exit, 0);
	}
	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	EXPECT_TRUE(wait_until(leader_gone(child)));
	EXPECT_EQ(0, send_number(self->fd, child, 7));
	EXPECT_EQ(0, child_status(child));
}

/* --- death */

/* A child with a message in its inbox; its peer id. */
static uint64_t addressed(FIXTURE_DATA(life) *self, pid_t child)
{
	return send_number(self->fd, child, 1) ? 0 : peer_of(self->fd, child);
}

TEST_F(life, killing_reclaims_the_inbox_before_the_parent_reaps)
{
	pid_t child = child_idle();
	uint64_t peer = addressed(self, child);

	ASSERT_NE(0, peer);
	kill(child, SIGKILL);
	EXPECT_EQ(0, child_dies(child));
	EXPECT_TRUE(wait_until(inbox_of_peer(self->fd, peer) == -ESRCH));
	child_status(child);
}

TEST_F(life, death_without_a_parent_that_waits_reclaims_the_inbox)
{
	uint64_t peer;
	pid_t child;

	signal(SIGCHLD, SIG_IGN);
	child = child_idle();
	peer = addressed(self, child);
	ASSERT_NE(0, peer);
	kill(child, SIGKILL);
	EXPECT_TRUE(wait_until(inbox_of_peer(self->fd, peer) == -ESRCH));
}

TEST_F(life, the_end_of_the_last_thread_reclaims_the_inbox)
{
	struct worker worker = { .fd = self->fd };
	pid_t child = child_fork();
	pthread_t thread;
	uint64_t peer;

	if (!child) {
		CHECK(!pthread_create(&thread, NULL, receive_one_and_exit, &worker));
		syscall(SYS_exit, 0);
	}
	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	EXPECT_TRUE(wait_until(leader_gone(child)));
	peer = peer_of(self->fd, child);
	EXPECT_EQ(0, inbox_of_peer(self->fd, peer));
	child_kill(child);
	EXPECT_TRUE(wait_until(inbox_of_peer(self->fd, peer) == -ESRCH));
}

TEST_F(life, a_link_of_the_dead_goes_when_it_is_drained)
{
	struct msgpass_inbox_stat stat;
	pid_t child = child_fork();

	if (!child)
		_exit(-send_number(self->fd, self->me, 6));
	EXPECT_EQ(0, child_status(child));
	ASSERT_EQ(0, inbox_stat(self->fd, 0, 0, &stat));
	EXPECT_EQ(1, stat.out_links);
	EXPECT_EQ(6, TAKE(self->fd));
	EXPECT_TRUE(wait_until(!inbox_stat(self->fd, 0, 0, &stat) && stat.out_links == 0));
}

TEST_F(life, many_short_lives_leave_nothing)
{
	uint64_t base = settled_user_bytes(self->fd);
	unsigned int i;
	pid_t child;

	for (i = 0; i < 200; i++) {
		child = child_fork();
		if (!child) {
			CHECK(!send_number(self->fd, self->me, i));
			CHECK(!send_number(self->fd, getpid(), i));
			_exit(0);
		}
		EXPECT_EQ(0, child_status(child));
		EXPECT_EQ(i, TAKE(self->fd));
	}
	EXPECT_TRUE(wait_until(user_bytes(self->fd) == base));
}

/* --- a pid is given again */

TEST_F(life, the_next_with_a_pid_does_not_get_the_last_ones_messages)
{
	pid_t child = child_idle(), next;

	EXPECT_EQ(0, send_number(self->fd, child, 1));
	child_kill(child);
	next = child_fork_as(child);
	if (!next)
		_exit(TAKE(self->fd) != -EAGAIN);
	if (next < 0)
		SKIP(return, "a pid can't be chosen here");
	EXPECT_EQ(child, next);
	EXPECT_EQ(0, child_status(next));
}

TEST_F(life, a_pid_names_the_living_and_a_peer_id_the_dead)
{
	struct msgpass_receive receive = { .size = sizeof(receive) };
	uint32_t number = 0;
	pid_t child = child_fork(), next;
	uint64_t first;

	if (!child) {
		CHECK(!send_number(self->fd, self->me, 1));
		_exit(-send_number(self->fd, self->me, 2));
	}
	EXPECT_EQ(0, child_status(child));
	ASSERT_EQ(0, RECEIVE(self->fd, &receive, BYTES(&number, sizeof(number))));
	first = receive.out_peer;
	next = child_fork_as(child);
	if (!next) {
		CHECK(AWAIT(self->fd) == 5);
		_exit(-send_number(self->fd, self->me, 3));
	}
	if (next < 0)
		SKIP(return, "a pid can't be chosen here");
	EXPECT_EQ(-EAGAIN, TAKE(self->fd, .from = child));
	EXPECT_EQ(-ESRCH, SEND(self->fd, .to = first, .flags = MSGPASS_PEER, NUMBER(9)));
	EXPECT_EQ(0, send_number(self->fd, next, 5));
	EXPECT_EQ(0, child_status(next));
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(&number, sizeof(number)), .from = first,
			     .flags = MSGPASS_PEER));
	EXPECT_EQ(2, number);
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(&number, sizeof(number))));
	EXPECT_EQ(3, number);
	EXPECT_NE(first, receive.out_peer);
}

/* --- the module */

static int try_to_unload(void)
{
	return syscall(SYS_delete_module, "msgpass", O_NONBLOCK) ? -errno : 0;
}

FIXTURE(module) {
	int fd;
};

FIXTURE_SETUP(module)
{
	NEED_ROOT();
	if (access("/sys/module/msgpass/refcnt", R_OK))
		SKIP_TEST("msgpass is no module that could be unloaded");
	self->fd = device_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(module)
{
	close(self->fd);
}

TEST_F(module, stays_while_the_device_is_open)
{
	const int ret = try_to_unload();

	EXPECT_TRUE(ret == -EWOULDBLOCK || ret == -EBUSY) {
		TH_LOG("errno %d", -ret);
	}
	EXPECT_NE(0, own_peer(self->fd));
}

TEST_F(module, stays_while_a_mailbox_is_open)
{
	int mailbox = mailbox_new(self->fd), ret;

	close(self->fd);
	ret = try_to_unload();
	EXPECT_TRUE(ret == -EWOULDBLOCK || ret == -EBUSY) {
		TH_LOG("errno %d", -ret);
	}
	EXPECT_EQ(0, send_number(mailbox, 0, 1));
	EXPECT_EQ(1, TAKE(mailbox));
	close(mailbox);
	self->fd = device_open();
}

TEST_F(module, is_held_by_files_and_not_by_messages)
{
	int64_t base, held;
	int other;

	base = parameter("../refcnt");
	other = device_open();
	EXPECT_EQ(base + 1, parameter("../refcnt"));
	EXPECT_EQ(0, send_number(other, getpid(), 1));
	held = parameter("../refcnt");
	EXPECT_EQ(base + 1, held);
	close(other);
	EXPECT_TRUE(wait_until(parameter("../refcnt") == base));
}

#include "afterwards.h"
