// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for readiness: poll, select, epoll, O_ASYNC; and read() and write() on a mailbox fd.
 */
#include "msgpass_test.h"

#include <sys/epoll.h>
#include <sys/select.h>

FIXTURE(ready) {
	struct channel channel;
	int fd;
	uint64_t to;
};

FIXTURE_VARIANT(ready) {
	bool direct;
};

FIXTURE_VARIANT_ADD(ready, direct) { .direct = true };
FIXTURE_VARIANT_ADD(ready, mailbox) { .direct = false };

FIXTURE_SETUP(ready)
{
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->fd = self->channel.fd;
	self->to = address(&self->channel, getpid());
}

FIXTURE_TEARDOWN(ready)
{
	close(self->fd);
}

/* What poll() says at once, of these events and the errors. */
static int events(int fd, int wanted)
{
	struct pollfd entry = { .fd = fd, .events = wanted };

	return poll(&entry, 1, 0) < 0 ? -errno : entry.revents;
}

/* A child that waits in poll(); its exit status tells the events. */
static pid_t child_polling(int fd, int wanted)
{
	pid_t pid = child_fork();

	if (!pid) {
		struct pollfd entry = { .fd = fd, .events = wanted };

		_exit(poll(&entry, 1, LIMIT / 1000000) == 1 ? entry.revents : 255);
	}
	return pid;
}

/* Whether a process sleeps, as one does in poll(). */
static bool asleep(pid_t pid)
{
	return thread_state(pid) == 'S';
}

TEST_F(ready, to_read_while_a_message_is_queued)
{
	EXPECT_EQ(0, events(self->fd, POLLIN));
	EXPECT_EQ(0, send_number(self->fd, self->to, 1));
	EXPECT_EQ(POLLIN, events(self->fd, POLLIN));
	EXPECT_EQ(POLLIN | POLLRDNORM, events(self->fd, POLLIN | POLLRDNORM));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(0, events(self->fd, POLLIN));
}

TEST_F(ready, select_sees_a_message)
{
	struct timeval at_once = {};
	fd_set readable;

	FD_ZERO(&readable);
	FD_SET(self->fd, &readable);
	EXPECT_EQ(0, select(self->fd + 1, &readable, NULL, NULL, &at_once));
	EXPECT_EQ(0, send_number(self->fd, self->to, 1));
	FD_SET(self->fd, &readable);
	EXPECT_EQ(1, select(self->fd + 1, &readable, NULL, NULL, &at_once));
	EXPECT_TRUE(FD_ISSET(self->fd, &readable));
}

static int epoll_of(int fd, uint32_t wanted)
{
	struct epoll_event event = { .events = wanted };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : epoll;
}

/* The events that epoll has at once. */
static int epoll_events(int epoll)
{
	struct epoll_event event = {};

	return epoll_wait(epoll, &event, 1, 0) < 0 ? -errno : (int)event.events;
}

TEST_F(ready, level_triggered_epoll_tells_as_long_as_it_is_so)
{
	int epoll = epoll_of(self->fd, EPOLLIN);

	EXPECT_EQ(0, epoll_events(epoll));
	EXPECT_EQ(0, send_number(self->fd, self->to, 1));
	EXPECT_EQ(EPOLLIN, epoll_events(epoll));
	EXPECT_EQ(EPOLLIN, epoll_events(epoll));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(0, epoll_events(epoll));
	close(epoll);
}

TEST_F(ready, edge_triggered_epoll_tells_once_per_message)
{
	int epoll = epoll_of(self->fd, EPOLLIN | EPOLLET);

	EXPECT_EQ(0, epoll_events(epoll));
	EXPECT_EQ(0, send_number(self->fd, self->to, 1));
	EXPECT_EQ(EPOLLIN, epoll_events(epoll));
	EXPECT_EQ(0, epoll_events(epoll));
	EXPECT_EQ(0, send_number(self->fd, self->to, 2));
	EXPECT_EQ(EPOLLIN, epoll_events(epoll));
	EXPECT_EQ(0, epoll_events(epoll));
	close(epoll);
}

TEST_F(ready, epoll_waits_for_a_message)
{
	pid_t me = getpid(), child = child_fork();
	struct epoll_event event;
	int epoll;

	if (!child) {
		CHECK(wait_until(asleep(me)));
		_exit(-send_number(self->fd, self->to, 1));
	}
	epoll = epoll_of(self->fd, EPOLLIN);
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, LIMIT / 1000000));
	EXPECT_EQ(EPOLLIN, event.events);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(1, TAKE(self->fd));
	close(epoll);
}

/* --- signals */

static int wait_signal(int signal, siginfo_t *info)
{
	const struct timespec limit = { .tv_sec = LIMIT / 1000000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	return sigtimedwait(&set, info, &limit);
}

static void block_signal(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int make_async(int fd)
{
	if (fcntl(fd, F_SETOWN, getpid()))
		return -errno;
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC) ? -errno : 0;
}

TEST_F(ready, o_async_raises_sigio)
{
	block_signal(SIGIO);
	ASSERT_EQ(0, make_async(self->fd));
	EXPECT_EQ(0, send_number(self->fd, self->to, 1));
	EXPECT_EQ(SIGIO, wait_signal(SIGIO, NULL));
}

TEST_F(ready, o_async_raises_the_signal_chosen_and_names_the_fd)
{
	const int chosen = SIGRTMIN + 3;
	siginfo_t info = {};

	block_signal(chosen);
	ASSERT_EQ(0, make_async(self->fd));
	ASSERT_EQ(0, fcntl(self->fd, F_SETSIG, chosen));
	EXPECT_EQ(0, send_number(self->fd, self->to, 1));
	EXPECT_EQ(chosen, wait_signal(chosen, &info));
	EXPECT_EQ(self->fd, info.si_fd);
	EXPECT_TRUE(info.si_band & POLLIN);
}

TEST_F(ready, without_o_async_no_signal_comes)
{
	sigset_t pending;

	block_signal(SIGIO);
	ASSERT_EQ(0, make_async(self->fd));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, fcntl(self->fd, F_GETFL) & ~O_ASYNC));
	EXPECT_EQ(0, send_number(self->fd, self->to, 1));
	sigpending(&pending);
	EXPECT_FALSE(sigismember(&pending, SIGIO));
}

/* --- the device */

FIXTURE(inbox) {
	int fd;
};

FIXTURE_SETUP(inbox)
{
	self->fd = device_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(inbox)
{
	close(self->fd);
}

TEST_F(inbox, of_another_process_than_the_opener_cannot_be_polled)
{
	pid_t child = child_fork();

	if (!child)
		_exit(events(self->fd, POLLIN) != POLLERR);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, events(self->fd, POLLIN));
}

TEST_F(inbox, is_always_ready_to_write)
{
	EXPECT_EQ(POLLOUT, events(self->fd, POLLOUT));
	EXPECT_EQ(0, INBOX_SET(self->fd, .set = MSGPASS_SET_CAPACITY, .capacity = 1));
	EXPECT_EQ(0, send_number(self->fd, getpid(), 1));
	EXPECT_EQ(POLLOUT, events(self->fd, POLLOUT));
}

TEST_F(inbox, is_polled_by_who_opened_the_device_though_it_was_never_used)
{
	pid_t me = getpid(), child = child_fork();
	struct pollfd entry = { .fd = self->fd, .events = POLLIN };

	if (!child) {
		CHECK(wait_until(asleep(me)));
		_exit(-send_number(self->fd, me, 1));
	}
	EXPECT_EQ(1, poll(&entry, 1, LIMIT / 1000000));
	EXPECT_EQ(POLLIN, entry.revents);
	EXPECT_EQ(0, child_status(child));
}

/* --- mailboxes */

FIXTURE(mailbox) {
	int device;
	int fd;
	struct channel channel;
};

FIXTURE_SETUP(mailbox)
{
	self->device = device_open();
	self->fd = mailbox_new(self->device);
	ASSERT_LE(0, self->fd);
	self->channel.fd = self->fd;
}

FIXTURE_TEARDOWN(mailbox)
{
	close(self->fd);
	close(self->device);
}

TEST_F(mailbox, is_ready_to_write_while_it_has_room)
{
	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(POLLOUT, events(self->fd, POLLOUT));
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	EXPECT_EQ(0, events(self->fd, POLLOUT));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(POLLOUT, events(self->fd, POLLOUT));
}

TEST_F(mailbox, is_ready_to_write_only_if_the_largest_message_fits)
{
	char bytes[100] = "";

	ASSERT_EQ(0, MAILBOX_SET(self->fd, .capacity_bytes = 100, .message_max = 60,
				 .set = MSGPASS_SET_CAPACITY_BYTES | MSGPASS_SET_MESSAGE_MAX));
	EXPECT_EQ(0, SEND(self->fd, BYTES(bytes, 40)));
	EXPECT_EQ(POLLOUT, events(self->fd, POLLOUT));
	EXPECT_EQ(0, SEND(self->fd, BYTES(bytes, 1)));
	EXPECT_EQ(0, events(self->fd, POLLOUT));
	EXPECT_EQ(0, SEND(self->fd, .flags = MSGPASS_NONBLOCK, BYTES(bytes, 59)));
}

TEST_F(mailbox, wakes_who_polls_for_a_message)
{
	pid_t child = child_polling(self->fd, POLLIN);

	EXPECT_TRUE(wait_until(asleep(child)));
	EXPECT_EQ(0, send_number(self->fd, 0, 1));
	EXPECT_EQ(POLLIN, child_status(child));
}

TEST_F(mailbox, wakes_who_polls_for_room)
{
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	child = child_polling(self->fd, POLLOUT);
	EXPECT_TRUE(wait_until(asleep(child)));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(POLLOUT, child_status(child));
}

TEST_F(mailbox, wakes_who_polls_when_capacity_is_raised)
{
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	child = child_polling(self->fd, POLLOUT);
	EXPECT_TRUE(wait_until(asleep(child)));
	EXPECT_EQ(0, set_capacity(&self->channel, 2));
	EXPECT_EQ(POLLOUT, child_status(child));
}

TEST_F(mailbox, edge_triggered_epoll_tells_of_room)
{
	int epoll;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	epoll = epoll_of(self->fd, EPOLLOUT | EPOLLET);
	EXPECT_EQ(0, epoll_events(epoll));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(EPOLLOUT, epoll_events(epoll));
	EXPECT_EQ(0, epoll_events(epoll));
	close(epoll);
}

TEST_F(mailbox, hangs_up_when_deleted)
{
	int epoll = epoll_of(self->fd, EPOLLIN);
	pid_t child = child_polling(self->fd, 0);

	EXPECT_TRUE(wait_until(asleep(child)));
	EXPECT_EQ(0, events(self->fd, 0));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(POLLHUP, events(self->fd, 0));
	EXPECT_TRUE(epoll_events(epoll) & EPOLLHUP);
	EXPECT_EQ(POLLHUP, child_status(child));
	close(epoll);
}

TEST_F(mailbox, deleting_raises_sigio)
{
	block_signal(SIGIO);
	ASSERT_EQ(0, make_async(self->fd));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(SIGIO, wait_signal(SIGIO, NULL));
}

TEST_F(mailbox, room_raises_sigio)
{
	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	block_signal(SIGIO);
	ASSERT_EQ(0, make_async(self->fd));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(SIGIO, wait_signal(SIGIO, NULL));
}

/* --- read and write */

static ssize_t written(int fd, const void *bytes, size_t count)
{
	ssize_t ret = write(fd, bytes, count);

	return ret < 0 ? -errno : ret;
}

static ssize_t was_read(int fd, void *bytes, size_t count)
{
	ssize_t ret = read(fd, bytes, count);

	return ret < 0 ? -errno : ret;
}

TEST_F(mailbox, a_write_is_a_message_and_a_read_is_one)
{
	struct msgpass_receive receive;
	char buffer[16] = "";

	EXPECT_EQ(5, written(self->fd, "first", 5));
	EXPECT_EQ(6, written(self->fd, "second", 6));
	EXPECT_EQ(2, mailbox_counts(self->fd).queued);
	EXPECT_EQ(5, was_read(self->fd, buffer, sizeof(buffer)));
	EXPECT_STREQ("first", buffer);
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(buffer, sizeof(buffer))));
	EXPECT_STREQ("second", buffer);
	EXPECT_EQ(6, receive.out_length);
	EXPECT_EQ(0, receive.out_type);
	EXPECT_EQ(0, receive.out_priority);
	EXPECT_EQ(getpid(), receive.out_pid);
}

TEST_F(mailbox, writev_gathers_one_message_and_readv_scatters_one)
{
	char back[8] = "";
	struct iovec from[] = { { "abc", 3 }, { "", 0 }, { "defg", 4 } };
	struct iovec to[] = { { back, 2 }, { back + 2, 5 } };

	EXPECT_EQ(7, writev(self->fd, from, 3));
	EXPECT_EQ(1, mailbox_counts(self->fd).queued);
	EXPECT_EQ(7, readv(self->fd, to, 2));
	EXPECT_STREQ("abcdefg", back);
}

TEST_F(mailbox, a_read_takes_a_message_of_any_type)
{
	char byte;

	EXPECT_EQ(0, SEND(self->fd, .type = 5, .priority = 5, BYTES("x", 1)));
	EXPECT_EQ(1, was_read(self->fd, &byte, 1));
	EXPECT_EQ('x', byte);
}

TEST_F(mailbox, a_read_of_an_empty_message_is_zero)
{
	char byte;

	EXPECT_EQ(0, written(self->fd, "", 0));
	EXPECT_EQ(1, mailbox_counts(self->fd).queued);
	EXPECT_EQ(0, was_read(self->fd, &byte, 1));
	EXPECT_EQ(0, mailbox_counts(self->fd).queued);
}

TEST_F(mailbox, a_read_into_a_short_buffer_leaves_the_message)
{
	char buffer[4];

	EXPECT_EQ(4, written(self->fd, "text", 4));
	EXPECT_EQ(-EMSGSIZE, was_read(self->fd, buffer, 3));
	EXPECT_EQ(4, was_read(self->fd, buffer, 4));
}

TEST_F(mailbox, a_write_longer_than_the_largest_is_emsgsize)
{
	ASSERT_EQ(0, MAILBOX_SET(self->fd, .set = MSGPASS_SET_MESSAGE_MAX, .message_max = 3));
	EXPECT_EQ(-EMSGSIZE, written(self->fd, "text", 4));
	EXPECT_EQ(3, written(self->fd, "tex", 3));
}

TEST_F(mailbox, read_and_write_do_not_wait_when_nonblocking)
{
	char byte;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(-EAGAIN, was_read(self->fd, &byte, 1));
	EXPECT_EQ(1, written(self->fd, "x", 1));
	EXPECT_EQ(-EAGAIN, written(self->fd, "y", 1));
	EXPECT_EQ(1, was_read(self->fd, &byte, 1));
	EXPECT_EQ('x', byte);
}

TEST_F(mailbox, a_read_waits_for_a_message)
{
	pid_t child = child_fork();
	char byte;

	if (!child)
		_exit(was_read(self->fd, &byte, 1) == 1 ? byte : 255);
	EXPECT_TRUE(receivers_wait(&self->channel, 0, 1));
	EXPECT_EQ(1, written(self->fd, "x", 1));
	EXPECT_EQ('x', child_status(child));
}

TEST_F(mailbox, a_write_waits_for_room)
{
	pid_t child;
	char byte;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(1, written(self->fd, "x", 1));
	child = child_fork();
	if (!child)
		_exit(written(self->fd, "y", 1) != 1);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	EXPECT_EQ(1, was_read(self->fd, &byte, 1));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(1, was_read(self->fd, &byte, 1));
	EXPECT_EQ('y', byte);
}

TEST_F(mailbox, read_and_write_of_a_deleted_one_are_epipe_without_a_signal)
{
	char byte;

	signal(SIGPIPE, SIG_DFL);
	EXPECT_EQ(1, written(self->fd, "x", 1));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(-EPIPE, was_read(self->fd, &byte, 1));
	EXPECT_EQ(-EPIPE, written(self->fd, "x", 1));
}

TEST_F(mailbox, read_and_write_take_their_right)
{
	const char *name = unique_name("rights");
	int receiver = MAILBOX_OPEN(self->device, name, MSGPASS_OPEN_RECEIVE | MSGPASS_OPEN_CREATE);
	int sender = MAILBOX_OPEN(self->device, name, MSGPASS_OPEN_SEND);
	char byte;

	EXPECT_EQ(-EBADF, written(receiver, "x", 1));
	EXPECT_EQ(1, written(sender, "x", 1));
	EXPECT_EQ(-EBADF, was_read(sender, &byte, 1));
	EXPECT_EQ(1, was_read(receiver, &byte, 1));
	EXPECT_EQ(0, mailbox_delete(self->device, name));
	close(receiver);
	close(sender);
}

TEST_F(mailbox, read_and_write_with_bad_memory_move_nothing)
{
	char *end = (char *)guarded(10) + 10;

	EXPECT_EQ(-EFAULT, written(self->fd, end - 5, 10));
	EXPECT_EQ(0, mailbox_counts(self->fd).sent);
	EXPECT_EQ(10, written(self->fd, "0123456789", 10));
	EXPECT_EQ(-EFAULT, was_read(self->fd, end - 5, 10));
	EXPECT_EQ(10, was_read(self->fd, end - 10, 10));
}

TEST_F(mailbox, cannot_be_sought)
{
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
}

/* A write acts with the file's credentials, an ioctl with the caller's. */
TEST_F(mailbox, a_write_is_stamped_with_the_openers_credentials)
{
	struct msgpass_receive receive;
	uid_t opener = geteuid();
	uint32_t number;
	pid_t child;

	NEED_ROOT();
	child = child_fork();
	if (!child) {
		become(FATHER, FAMILY);
		CHECK(written(self->fd, "x", 1) == 1);
		_exit(-send_number(self->fd, 0, 1));
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(&number, sizeof(number))));
	EXPECT_EQ(opener, receive.out_uid);
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(&number, sizeof(number))));
	EXPECT_EQ(FATHER, receive.out_uid);
	EXPECT_EQ(FAMILY, receive.out_gid);
}

#include "afterwards.h"
