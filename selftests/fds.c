// SPDX-License-Identifier: GPL-2.0
/*
 * File descriptors in messages: how they arrive, which are refused, and that those that nobody
 * takes are closed.
 *
 * Mostly it is the writing end of a pipe that travels: that it is closed everywhere shows at
 * the other end.
 */
#include "msgpass_test.h"

#include <dirent.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#define MS 1000000ULL

FIXTURE(fds) {
	struct channel channel;
	int fd;			/* the channel's */
	int device;
	pid_t me;
	uint64_t to;
	int reader, writer;	/* of a pipe */
};

FIXTURE_VARIANT(fds) {
	bool direct;
};

FIXTURE_VARIANT_ADD(fds, to_pid) { .direct = true };
FIXTURE_VARIANT_ADD(fds, to_mailbox) { };

FIXTURE_SETUP(fds)
{
	int ends[2];

	self->device = device_open();
	ASSERT_LE(0, self->device);
	settled_user_bytes(self->device);
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->fd = self->channel.fd;
	self->me = getpid();
	self->to = address(&self->channel, self->me);
	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC));
	self->reader = ends[0];
	self->writer = ends[1];
}

FIXTURE_TEARDOWN(fds)
{
	close(self->fd);
	close(self->device);
	close(self->reader);
	close(self->writer);
}

/* CARRYING(fd1, fd2, ...): for a send. */
#define CARRYING(...)									\
	.fds = (uintptr_t)(const int []){ __VA_ARGS__ },				\
	.fds_count = sizeof((const int []){ __VA_ARGS__ }) / sizeof(int)

/* A receive that has room for so many. */
#define ROOM(array, number) .fds = (uintptr_t)(array), .fds_room = (number)

#define SEND_CARRYING(self, ...)							\
	SEND((self)->fd, .to = (self)->to, .flags = MSGPASS_NONBLOCK, CARRYING(__VA_ARGS__))

/* Take what is queued, with room for one fd: that, or an error. */
static int take_fd(int from)
{
	struct msgpass_receive out;
	int fd = -1, ret;

	ret = RECEIVE(from, &out, .flags = MSGPASS_NONBLOCK, ROOM(&fd, 1));
	if (ret)
		return ret;
	return out.out_fds == 1 && out.out_flags == 0 ? fd : -EBADMSG;
}

static bool same_file(int a, int b)
{
	struct stat one, other;

	return !fstat(a, &one) && !fstat(b, &other) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static unsigned int count_open(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned int count = 0;

	if (!directory)
		return 0;
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* Nobody has the writing end any more. */
static bool is_closed(int reader)
{
	struct pollfd end = { .fd = reader, .events = POLLIN };

	return poll(&end, 1, LIMIT / MS) == 1 && end.revents == POLLHUP;
}

static bool is_open(int reader)
{
	struct pollfd end = { .fd = reader, .events = POLLIN };

	return poll(&end, 1, 0) == 0;
}

/* The test's own writing end; those in messages stay. */
#define CLOSE_WRITER(self) do {			\
	close((self)->writer);			\
	(self)->writer = -1;			\
} while (0)

/* --- they arrive */

TEST_F(fds, arrive_as_new_ones_for_the_same_files)
{
	struct msgpass_receive out;
	int got[4] = { -1, -1, -1, -1 }, i;
	uint32_t number = 0;
	const int sent[] = { self->writer, self->reader, self->writer };

	ASSERT_EQ(0, SEND(self->fd, .to = self->to, NUMBER(7), CARRYING(sent[0], sent[1],
									sent[2])));
	ASSERT_EQ(0, RECEIVE(self->fd, &out, BYTES(&number, sizeof(number)), ROOM(got, 4)));
	EXPECT_EQ(7, number);
	EXPECT_EQ(3, out.out_fds);
	EXPECT_EQ(0, out.out_flags);
	EXPECT_EQ(-1, got[3]);
	for (i = 0; i < 3; i++) {
		EXPECT_NE(sent[i], got[i]);
		EXPECT_TRUE(same_file(sent[i], got[i]));
		EXPECT_EQ(FD_CLOEXEC, fcntl(got[i], F_GETFD));
		EXPECT_EQ(fcntl(sent[i], F_GETFL), fcntl(got[i], F_GETFL));
	}
	EXPECT_NE(got[0], got[2]);
	EXPECT_EQ(1, write(got[2], "x", 1));
	EXPECT_EQ(1, read(got[1], &number, 1));
	close_range(got[0], got[2], 0);
}

TEST_F(fds, arrive_though_the_sender_has_closed_them)
{
	int fd;

	ASSERT_EQ(0, SEND_CARRYING(self, self->writer));
	CLOSE_WRITER(self);
	EXPECT_TRUE(is_open(self->reader));
	fd = take_fd(self->fd);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(is_open(self->reader));
	close(fd);
	EXPECT_TRUE(is_closed(self->reader));
}

TEST_F(fds, arrive_though_the_sender_is_dead)
{
	pid_t child = child_fork();
	int fd;

	if (!child)
		_exit(-SEND_CARRYING(self, self->writer));
	EXPECT_EQ(0, child_status(child));
	CLOSE_WRITER(self);
	fd = take_fd(self->fd);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(is_open(self->reader));
	close(fd);
	EXPECT_TRUE(is_closed(self->reader));
}

TEST_F(fds, arrive_at_another_process_that_waits)
{
	pid_t child = child_fork();
	char byte = 0;

	if (!child) {
		int fd = -1;

		close(self->writer);
		CHECK(!RECEIVE(self->fd, NULL, ROOM(&fd, 1), .deadline = soon()));
		_exit(write(fd, "y", 1) != 1);
	}
	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	ASSERT_EQ(0, SEND(self->fd, .to = address(&self->channel, child),
			  CARRYING(self->writer)));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(1, read(self->reader, &byte, 1));
	EXPECT_EQ('y', byte);
}

TEST_F(fds, share_memory)
{
	int memory = memfd_create("shared", MFD_CLOEXEC), fd;
	uint32_t *mine, *theirs;

	ASSERT_EQ(0, ftruncate(memory, 4096));
	ASSERT_EQ(0, SEND_CARRYING(self, memory));
	fd = take_fd(self->fd);
	ASSERT_LE(0, fd);
	mine = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	theirs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mine);
	ASSERT_NE(MAP_FAILED, theirs);
	*mine = 123;
	EXPECT_EQ(123, *theirs);
	close(fd);
	close(memory);
}

TEST_F(fds, are_at_most_sixteen)
{
	int many[MSGPASS_FDS_MAX + 1], got[MSGPASS_FDS_MAX];
	const unsigned int open_before = count_open();
	struct msgpass_receive out;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = self->writer;
	EXPECT_EQ(-EINVAL, SEND(self->fd, .to = self->to, .fds = (uintptr_t)many,
				.fds_count = MSGPASS_FDS_MAX + 1));
	EXPECT_EQ(-EINVAL, SEND(self->fd, .to = self->to, .fds = (uintptr_t)many,
				.fds_count = ~0U));
	EXPECT_EQ(-EAGAIN, take_fd(self->fd));
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, .fds = (uintptr_t)many,
			  .fds_count = MSGPASS_FDS_MAX));
	ASSERT_EQ(0, RECEIVE(self->fd, &out, ROOM(got, ~0U)));
	EXPECT_EQ(MSGPASS_FDS_MAX, out.out_fds);
	for (i = 0; i < MSGPASS_FDS_MAX; i++) {
		EXPECT_TRUE(same_file(self->writer, got[i]));
		close(got[i]);
	}
	EXPECT_EQ(open_before, count_open());
}

TEST_F(fds, stay_with_their_own_message)
{
	int other = eventfd(0, EFD_CLOEXEC), fd;

	ASSERT_EQ(0, SEND_CARRYING(self, self->writer));
	ASSERT_EQ(0, send_number(self->fd, self->to, 5));
	ASSERT_EQ(0, SEND_CARRYING(self, other));
	fd = take_fd(self->fd);
	EXPECT_TRUE(same_file(self->writer, fd));
	close(fd);
	EXPECT_EQ(5, TAKE(self->fd));
	fd = take_fd(self->fd);
	EXPECT_TRUE(same_file(other, fd));
	close(fd);
	close(other);
}

/* --- too little room, and other receives that fail */

TEST_F(fds, that_do_not_fit_stay_with_the_message)
{
	const unsigned int open_before = count_open();
	struct msgpass_receive out;
	int got[2] = { -1, -1 };

	ASSERT_EQ(0, SEND_CARRYING(self, self->writer, self->reader));
	EXPECT_EQ(-EMSGSIZE, RECEIVE(self->fd, &out, ROOM(got, 1)));
	EXPECT_EQ(2, out.out_fds);
	EXPECT_EQ(0, out.out_flags);
	EXPECT_EQ(-EMSGSIZE, RECEIVE(self->fd, &out));
	EXPECT_EQ(-1, got[0]);
	EXPECT_EQ(open_before, count_open());
	EXPECT_EQ(0, RECEIVE(self->fd, &out, ROOM(got, 2)));
	EXPECT_TRUE(same_file(self->reader, got[1]));
	close(got[0]);
	close(got[1]);
}

TEST_F(fds, do_not_fit_a_struct_as_it_was_at_first)
{
	struct msgpass_receive old = {
		.size = offsetof(struct msgpass_receive, fds), .flags = MSGPASS_NONBLOCK,
	};
	int fd;

	ASSERT_EQ(0, SEND_CARRYING(self, self->writer));
	EXPECT_EQ(-EMSGSIZE, call(self->fd, MSGPASS_IOC_RECEIVE, &old));
	fd = take_fd(self->fd);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(fds, that_do_not_fit_are_closed_when_truncated)
{
	struct msgpass_receive out;
	int got[2] = { -1, -1 };

	ASSERT_EQ(0, SEND_CARRYING(self, self->reader, self->writer));
	CLOSE_WRITER(self);
	EXPECT_EQ(0, RECEIVE(self->fd, &out, ROOM(got, 1), .flags = MSGPASS_TRUNCATE));
	EXPECT_EQ(2, out.out_fds);
	EXPECT_EQ(MSGPASS_OUT_TRUNCATED, out.out_flags);
	EXPECT_TRUE(same_file(self->reader, got[0]));
	EXPECT_EQ(-1, got[1]);
	EXPECT_TRUE(is_closed(self->reader));
	close(got[0]);
}

TEST_F(fds, are_not_given_to_who_peeks)
{
	const unsigned int open_before = count_open();
	struct msgpass_receive out;
	int got[2] = { -1, -1 };

	ASSERT_EQ(0, SEND_CARRYING(self, self->writer, self->reader));
	EXPECT_EQ(0, RECEIVE(self->fd, &out, ROOM(got, 2), .flags = MSGPASS_PEEK));
	EXPECT_EQ(2, out.out_fds);
	EXPECT_EQ(0, out.out_flags);
	EXPECT_EQ(-1, got[0]);
	EXPECT_EQ(open_before, count_open());
	EXPECT_EQ(0, RECEIVE(self->fd, &out, ROOM(got, 2)));
	close(got[0]);
	close(got[1]);
}

TEST_F(fds, are_told_of_to_who_peeks_without_room)
{
	struct msgpass_receive out;

	ASSERT_EQ(0, SEND_CARRYING(self, self->writer, self->reader));
	EXPECT_EQ(0, RECEIVE(self->fd, &out, .flags = MSGPASS_PEEK));
	EXPECT_EQ(2, out.out_fds);
	EXPECT_EQ(0, out.out_flags);
}

TEST_F(fds, that_the_process_can_not_have_stay_with_the_message)
{
	struct rlimit all, few;
	int got[2] = { -1, -1 }, lowest;
	unsigned int open_before;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &all));
	ASSERT_EQ(0, SEND_CARRYING(self, self->writer, self->reader));
	open_before = count_open();
	lowest = dup(self->writer);
	close(lowest);
	/* For one more and not two. */
	few = (struct rlimit){ lowest + 1, all.rlim_max };
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
	EXPECT_EQ(-EMFILE, RECEIVE(self->fd, NULL, ROOM(got, 2)));
	EXPECT_EQ(-1, fcntl(lowest, F_GETFD));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &all));
	EXPECT_EQ(open_before, count_open());
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, ROOM(got, 2)));
	EXPECT_TRUE(same_file(self->reader, got[1]));
	close(got[0]);
	close(got[1]);
}

TEST_F(fds, stay_with_a_message_that_could_not_be_written)
{
	const unsigned int open_before = count_open();
	int fd = -1;

	ASSERT_EQ(0, SEND(self->fd, .to = self->to, NUMBER(7), CARRYING(self->writer)));
	EXPECT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(1, 4), ROOM(&fd, 1)));
	EXPECT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(&(uint32_t){ 0 }, 4), ROOM(1, 1)));
	EXPECT_EQ(open_before, count_open());
	EXPECT_EQ(-1, fd);
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(&(uint32_t){ 0 }, 4), ROOM(&fd, 1)));
	EXPECT_TRUE(same_file(self->writer, fd));
	close(fd);
}

/* --- nobody takes them */

TEST_F(fds, of_a_message_in_pieces_are_the_receivers_alone_from_the_first_piece_on)
{
	static char bytes[10000];
	struct msgpass_receive out;
	struct msgpass_piece_read piece = {
		.size = sizeof(piece), BYTES(bytes, sizeof(bytes)),
	};
	int fd = -1;

	ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES(bytes, sizeof(bytes)),
			  CARRYING(self->writer)));
	CLOSE_WRITER(self);
	ASSERT_EQ(0, RECEIVE(self->fd, &out, BYTES(bytes, 100), ROOM(&fd, 1),
			     .flags = MSGPASS_PIECES));
	EXPECT_EQ(MSGPASS_OUT_PIECES, out.out_flags);
	EXPECT_EQ(1, out.out_fds);
	EXPECT_TRUE(is_open(self->reader));
	close(fd);
	EXPECT_TRUE(is_closed(self->reader));
	piece.token = out.out_token;
	EXPECT_EQ(0, call(self->fd, MSGPASS_IOC_PIECE_READ, &piece));
	EXPECT_EQ(sizeof(bytes) - 100, piece.out_count);
}

TEST_F(fds, of_a_message_that_is_read_are_closed)
{
	char buffer[8];

	if (variant->direct)
		SKIP(return, "of a mailbox");
	ASSERT_EQ(0, SEND(self->fd, NUMBER(7), CARRYING(self->writer)));
	CLOSE_WRITER(self);
	EXPECT_EQ(4, read(self->fd, buffer, sizeof(buffer)));
	EXPECT_TRUE(is_closed(self->reader));
}

TEST_F(fds, are_closed_with_the_other_side)
{
	pid_t child = 0;

	if (variant->direct) {
		child = child_fork();
		if (!child) {
			close(self->writer);
			for (;;)
				pause();
		}
	}
	ASSERT_EQ(0, SEND(self->fd, .to = child, CARRYING(self->writer)));
	CLOSE_WRITER(self);
	EXPECT_TRUE(is_open(self->reader) || variant->direct);
	if (child)
		child_kill(child);
	else
		EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_TRUE(is_closed(self->reader));
}

TEST_F(fds, are_closed_when_the_lifetime_is_over)
{
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, CARRYING(self->writer), .lifetime = 20 * MS));
	CLOSE_WRITER(self);
	EXPECT_TRUE(is_closed(self->reader));
	EXPECT_EQ(-EAGAIN, take_fd(self->fd));
}

TEST_F(fds, of_a_send_that_fails_are_the_senders_alone)
{
	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	EXPECT_EQ(-EAGAIN, SEND_CARRYING(self, self->writer));
	EXPECT_EQ(-ETIMEDOUT, SEND(self->fd, .to = self->to, CARRYING(self->writer),
				   .deadline = now() + 20 * MS));
	EXPECT_EQ(-EFAULT, SEND(self->fd, .to = self->to, BYTES(1, 4), CARRYING(self->writer)));
	CLOSE_WRITER(self);
	EXPECT_TRUE(is_closed(self->reader));
}

TEST_F(fds, of_a_sender_killed_while_it_waits_are_closed)
{
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 0));
	child = child_fork();
	if (!child)
		_exit(-SEND(self->fd, .to = self->to, CARRYING(self->writer)));
	CLOSE_WRITER(self);
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	EXPECT_TRUE(is_open(self->reader));
	child_kill(child);
	EXPECT_TRUE(is_closed(self->reader));
	EXPECT_EQ(-EAGAIN, take_fd(self->fd));
}

/* --- those that are refused */

TEST_F(fds, that_are_none_are_refused)
{
	int gone = dup(self->writer);

	close(gone);
	EXPECT_EQ(-EBADF, SEND_CARRYING(self, -1));
	EXPECT_EQ(-EBADF, SEND_CARRYING(self, self->writer, gone));
	EXPECT_EQ(-EFAULT, SEND(self->fd, .to = self->to, .fds = 1, .fds_count = 1));
	EXPECT_EQ(-EAGAIN, take_fd(self->fd));
	CLOSE_WRITER(self);
	EXPECT_TRUE(is_closed(self->reader));
}

TEST_F(fds, of_what_can_hold_files_are_refused)
{
	char parameters[256] = {};
	int sockets[2], ring;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	EXPECT_EQ(-EOPNOTSUPP, SEND_CARRYING(self, sockets[0]));
	EXPECT_EQ(-EOPNOTSUPP, SEND_CARRYING(self, self->writer, sockets[1]));
	EXPECT_EQ(-EOPNOTSUPP, SEND_CARRYING(self, self->device));
	ring = syscall(SYS_io_uring_setup, 1, parameters);
	if (ring >= 0)
		EXPECT_EQ(-EOPNOTSUPP, SEND_CARRYING(self, ring));
	EXPECT_EQ(-EAGAIN, take_fd(self->fd));
	close(ring);
	close(sockets[0]);
	close(sockets[1]);
	CLOSE_WRITER(self);
	EXPECT_TRUE(is_closed(self->reader));
}

TEST_F(fds, of_other_kinds_are_taken)
{
	const int kinds[] = {
		eventfd(0, EFD_CLOEXEC), open("/", O_PATH | O_CLOEXEC),
		open("/proc/self/status", O_RDONLY | O_CLOEXEC), memfd_create("", MFD_CLOEXEC),
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0),
	};
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i] < 0)
			continue;
		EXPECT_EQ(0, SEND_CARRYING(self, kinds[i]));
		fd = take_fd(self->fd);
		EXPECT_TRUE(same_file(kinds[i], fd));
		close(fd);
		close(kinds[i]);
	}
}

/* --- what they cost */

/* A socket keeps its namespace, and that a named mailbox. */
TEST_F(fds, of_sockets_do_not_go_to_named_mailboxes_of_their_own_namespace)
{
	int other, same, first = socket(AF_INET, SOCK_DGRAM, 0), elsewhere, here;
	const char *name = unique_name("sockets");

	if (variant->direct)
		SKIP(return, "a process keeps no namespace");
	elsewhere = MAILBOX_OPEN(self->device, name, OPEN_NEW);
	ASSERT_LE(0, elsewhere);
	if (unshare(CLONE_NEWNET))
		SKIP(return, "no network namespaces");
	same = socket(AF_INET, SOCK_DGRAM, 0);
	other = mailbox_new(self->device);
	here = MAILBOX_OPEN(self->device, name, OPEN_NEW);
	ASSERT_LE(0, same);
	ASSERT_LE(0, here);
	EXPECT_EQ(-ELOOP, SEND(here, CARRYING(same)));
	EXPECT_EQ(-EAGAIN, TAKE(here));
	EXPECT_EQ(0, SEND(here, CARRYING(first)));
	EXPECT_EQ(0, SEND(other, CARRYING(same)));
	EXPECT_EQ(0, SEND(elsewhere, CARRYING(same)));
	EXPECT_EQ(0, SEND(elsewhere, CARRYING(first)));
	EXPECT_EQ(0, mailbox_delete(elsewhere, ""));
	EXPECT_EQ(0, mailbox_delete(here, ""));
	close_range(first, ~0U, 0);
}

TEST_F(fds, are_paid_for_while_they_are_under_way)
{
	uint64_t base, plain, carrying;
	int got[3];

	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	plain = user_bytes(self->device);
	ASSERT_EQ(1, TAKE(self->fd));
	base = user_bytes(self->device);
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, NUMBER(1),
			  CARRYING(self->writer, self->writer, self->writer)));
	carrying = user_bytes(self->device);
	EXPECT_LE(plain + 3 * 4096, carrying);
	EXPECT_GT(plain + 4 * 4096, carrying);
	ASSERT_EQ(0, RECEIVE(self->fd, NULL, BYTES(&(uint32_t){ 0 }, 4), ROOM(got, 3)));
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
	close_range(got[0], got[2], 0);
}

TEST_F(fds, of_a_send_that_fails_cost_nothing)
{
	uint64_t base;

	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	base = user_bytes(self->device);
	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(-EAGAIN, SEND_CARRYING(self, self->writer));
	EXPECT_EQ(-EBADF, SEND_CARRYING(self, self->writer, -1));
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
}

/* --- many at once */

TEST_F(fds, of_many_senders_are_neither_lost_nor_left)
{
	enum { SENDERS = 3, EACH = 150 };
	unsigned int open_before, i, got = 0;
	struct msgpass_receive out;
	pid_t children[SENDERS];
	int fds[2], ret;

	for (i = 0; i < SENDERS; i++) {
		children[i] = child_fork();
		if (!children[i]) {
			for (i = 0; i < EACH; i++)
				CHECK(!SEND(self->fd, .to = self->to, .deadline = soon(),
					    CARRYING(self->writer, self->writer)));
			_exit(0);
		}
	}
	CLOSE_WRITER(self);
	open_before = count_open();
	for (i = 0; got < SENDERS * EACH; i++) {
		ret = RECEIVE(self->fd, &out, ROOM(fds, i % 4), .deadline = soon(),
			      .flags = i % 8 < 4 ? MSGPASS_TRUNCATE : 0);
		if (ret == -EMSGSIZE)
			continue;
		ASSERT_EQ(0, ret);
		got++;
		if (i % 4 > 0)
			close(fds[0]);
		if (i % 4 > 1)
			close(fds[1]);
	}
	EXPECT_EQ(open_before, count_open());
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_status(children[i]));
	EXPECT_TRUE(is_closed(self->reader));
}

/* --- with calls */

static int call_with(int fd, struct msgpass_call *call_argument)
{
	call_argument->size = sizeof(*call_argument);
	return call(fd, MSGPASS_IOC_CALL, call_argument);
}

TEST_F(fds, go_both_ways_with_a_call)
{
	struct msgpass_call request = {
		.to = self->to, .flags = MSGPASS_NONBLOCK, CARRYING(self->writer),
	};
	struct msgpass_receive out;
	int asked = -1, answer = -1;

	ASSERT_EQ(-EINPROGRESS, call_with(self->fd, &request));
	ASSERT_EQ(0, RECEIVE(self->fd, &out, ROOM(&asked, 1), .flags = MSGPASS_NONBLOCK));
	EXPECT_TRUE(same_file(self->writer, asked));
	ASSERT_EQ(0, do_reply(self->fd, (struct msgpass_reply){
		.token = out.out_token, CARRYING(self->reader) }));
	request = (struct msgpass_call){
		.token = request.token, .reply_fds = (uintptr_t)&answer, .reply_fds_room = 1,
	};
	ASSERT_EQ(0, call_with(self->fd, &request));
	EXPECT_EQ(1, request.out_fds);
	EXPECT_TRUE(same_file(self->reader, answer));
	EXPECT_EQ(FD_CLOEXEC, fcntl(answer, F_GETFD));
	close(asked);
	close(answer);
}

TEST_F(fds, of_a_request_that_could_not_be_told_stay_with_it)
{
	struct msgpass_call request = {
		.to = self->to, .flags = MSGPASS_NONBLOCK, CARRYING(self->writer),
	};
	unsigned int open_before = count_open();
	struct msgpass_receive out;
	int asked = -1;

	ASSERT_EQ(-EINPROGRESS, call_with(self->fd, &request));
	EXPECT_EQ(-EFAULT, RECEIVE(self->fd, &out, ROOM(1, 1), .flags = MSGPASS_NONBLOCK));
	EXPECT_EQ(open_before, count_open());
	/* Nor has it been taken. */
	EXPECT_EQ(-ESRCH, reply_number(self->fd, out.out_token, 7));
	ASSERT_EQ(0, RECEIVE(self->fd, &out, ROOM(&asked, 1), .flags = MSGPASS_NONBLOCK));
	EXPECT_TRUE(same_file(self->writer, asked));
	EXPECT_EQ(0, reply_number(self->fd, out.out_token, 7));
	close(asked);
}

TEST_F(fds, of_a_reply_that_do_not_fit_stay_for_another_try)
{
	struct msgpass_call request = { .to = self->to, .flags = MSGPASS_NONBLOCK };
	struct msgpass_receive out;
	int answer[2] = { -1, -1 };
	uint64_t token;

	ASSERT_EQ(-EINPROGRESS, call_with(self->fd, &request));
	token = request.token;
	ASSERT_EQ(0, RECEIVE(self->fd, &out, .flags = MSGPASS_NONBLOCK));
	ASSERT_EQ(0, do_reply(self->fd, (struct msgpass_reply){
		.token = out.out_token, CARRYING(self->reader, self->writer) }));
	request = (struct msgpass_call){
		.token = token, .reply_fds = (uintptr_t)answer, .reply_fds_room = 1,
	};
	EXPECT_EQ(-EMSGSIZE, call_with(self->fd, &request));
	EXPECT_EQ(2, request.out_fds);
	EXPECT_EQ(token, request.token);
	EXPECT_EQ(-1, answer[0]);
	request.reply_fds_room = 2;
	EXPECT_EQ(0, call_with(self->fd, &request));
	EXPECT_TRUE(same_file(self->reader, answer[0]));
	EXPECT_TRUE(same_file(self->writer, answer[1]));
	close(answer[0]);
	close(answer[1]);
}

TEST_F(fds, of_a_reply_that_nobody_takes_are_closed)
{
	struct msgpass_call request = { .to = self->to, .flags = MSGPASS_NONBLOCK };
	struct msgpass_receive out;

	ASSERT_EQ(-EINPROGRESS, call_with(self->fd, &request));
	ASSERT_EQ(0, RECEIVE(self->fd, &out, .flags = MSGPASS_NONBLOCK));
	ASSERT_EQ(0, do_reply(self->fd, (struct msgpass_reply){
		.token = out.out_token, CARRYING(self->writer) }));
	CLOSE_WRITER(self);
	request = (struct msgpass_call){ .token = request.token, .flags = MSGPASS_CANCEL };
	EXPECT_EQ(0, call_with(self->fd, &request));
	EXPECT_TRUE(is_closed(self->reader));
}

TEST_F(fds, of_a_request_are_not_forwarded_by_themselves)
{
	struct msgpass_call request = {
		.to = self->to, .flags = MSGPASS_NONBLOCK, CARRYING(self->writer),
	};
	struct msgpass_forward forward = {
		.size = sizeof(forward), .to = self->to, CARRYING(self->reader),
	};
	struct msgpass_receive out;
	int first = -1, second = -1;

	ASSERT_EQ(-EINPROGRESS, call_with(self->fd, &request));
	ASSERT_EQ(0, RECEIVE(self->fd, &out, ROOM(&first, 1), .flags = MSGPASS_NONBLOCK));
	forward.token = out.out_token;
	ASSERT_EQ(0, call(self->fd, MSGPASS_IOC_FORWARD, &forward));
	ASSERT_EQ(0, RECEIVE(self->fd, &out, ROOM(&second, 1), .flags = MSGPASS_NONBLOCK));
	EXPECT_EQ(1, out.out_fds);
	EXPECT_TRUE(same_file(self->reader, second));
	EXPECT_EQ(0, do_reply(self->fd, (struct msgpass_reply){ .token = out.out_token }));
	request = (struct msgpass_call){ .token = request.token };
	EXPECT_EQ(0, call_with(self->fd, &request));
	EXPECT_EQ(0, request.out_fds);
	close(first);
	close(second);
}

/* --- a mailbox's: the right to it */

FIXTURE(right) {
	int device;
	pid_t me;
};

FIXTURE_SETUP(right)
{
	self->device = device_open();
	ASSERT_LE(0, self->device);
	self->me = getpid();
	settled_user_bytes(self->device);
}

FIXTURE_TEARDOWN(right)
{
	close(self->device);
}

static int send_fd_to(int fd, uint64_t to, int sent)
{
	return SEND(fd, .to = to, .flags = MSGPASS_NONBLOCK, CARRYING(sent));
}

TEST_F(right, of_a_mailbox_can_be_handed_on)
{
	const char *name = unique_name("handed");
	int mailbox, receiver, fd;

	mailbox = MAILBOX_OPEN(self->device, name, OPEN_NEW);
	receiver = MAILBOX_OPEN(self->device, name, MSGPASS_OPEN_RECEIVE);
	ASSERT_LE(0, mailbox);
	ASSERT_LE(0, receiver);
	ASSERT_EQ(0, send_fd_to(self->device, self->me, receiver));
	close(receiver);
	fd = take_fd(self->device);
	ASSERT_LE(0, fd);
	EXPECT_EQ(O_RDONLY, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(-EBADF, send_number(fd, 0, 1));
	EXPECT_EQ(0, send_number(mailbox, 0, 2));
	EXPECT_EQ(2, TAKE(fd));
	EXPECT_EQ(0, mailbox_delete(mailbox, ""));
	EXPECT_EQ(-EPIPE, TAKE(fd));
	close(fd);
	close(mailbox);
}

TEST_F(right, to_send_is_no_right_to_receive)
{
	const char *name = unique_name("handed");
	int mailbox, sender, fd;

	mailbox = MAILBOX_OPEN(self->device, name, OPEN_NEW);
	sender = MAILBOX_OPEN(self->device, name, MSGPASS_OPEN_SEND | MSGPASS_OPEN_NONBLOCK);
	ASSERT_EQ(0, send_fd_to(self->device, self->me, sender));
	fd = take_fd(self->device);
	ASSERT_LE(0, fd);
	EXPECT_EQ(O_WRONLY | O_NONBLOCK, fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	EXPECT_EQ(-EBADF, TAKE(fd));
	EXPECT_EQ(4, write(fd, &(uint32_t){ 6 }, 4));
	EXPECT_EQ(6, TAKE(mailbox));
	EXPECT_EQ(0, mailbox_delete(mailbox, ""));
	close(fd);
	close(sender);
	close(mailbox);
}

TEST_F(right, keeps_an_anonymous_mailbox_while_it_is_under_way)
{
	int mailbox = mailbox_new(self->device), fd;
	struct pollfd poll_fd = { .events = POLLIN };

	ASSERT_EQ(0, send_number(mailbox, 0, 3));
	ASSERT_EQ(0, send_fd_to(self->device, self->me, mailbox));
	close(mailbox);
	fd = take_fd(self->device);
	ASSERT_LE(0, fd);
	poll_fd.fd = fd;
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLIN, poll_fd.revents);
	EXPECT_EQ(3, TAKE(fd));
	EXPECT_EQ(0, send_number(fd, 0, 4));
	EXPECT_EQ(4, TAKE(fd));
	close(fd);
}

TEST_F(right, that_nobody_takes_goes_with_its_mailbox)
{
	int carrier = mailbox_new(self->device), mailbox, ends[2];
	uint64_t base = user_bytes(self->device);

	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC));
	mailbox = mailbox_new(self->device);
	ASSERT_EQ(0, send_fd_to(mailbox, 0, ends[1]));
	ASSERT_EQ(0, send_fd_to(carrier, 0, mailbox));
	close(ends[1]);
	close(mailbox);
	EXPECT_TRUE(is_open(ends[0]));
	EXPECT_LT(base, user_bytes(self->device));
	EXPECT_EQ(0, RECEIVE(carrier, NULL, .flags = MSGPASS_TRUNCATE));
	EXPECT_TRUE(is_closed(ends[0]));
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
	close(carrier);
	close(ends[0]);
}

TEST_F(right, to_a_mailbox_can_not_stand_in_its_own_queue)
{
	int mailbox = mailbox_new(self->device);

	EXPECT_EQ(-ELOOP, send_fd_to(mailbox, 0, mailbox));
	EXPECT_EQ(-EAGAIN, take_fd(mailbox));
	close(mailbox);
}

TEST_F(right, can_not_be_sent_where_it_can_be_reached_from)
{
	int boxes[3], fd, i;

	for (i = 0; i < 3; i++)
		boxes[i] = mailbox_new(self->device);
	/* The first in the second, that in the third. */
	ASSERT_EQ(0, send_fd_to(boxes[1], 0, boxes[0]));
	ASSERT_EQ(0, send_fd_to(boxes[2], 0, boxes[1]));
	EXPECT_EQ(-ELOOP, send_fd_to(boxes[0], 0, boxes[1]));
	EXPECT_EQ(-ELOOP, send_fd_to(boxes[0], 0, boxes[2]));
	EXPECT_EQ(-ELOOP, send_fd_to(boxes[1], 0, boxes[2]));
	EXPECT_EQ(0, send_fd_to(boxes[2], 0, boxes[0]));
	/* Once the link in between is out, it can. */
	fd = take_fd(boxes[1]);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(0, send_fd_to(boxes[0], 0, boxes[1]));
	for (i = 0; i < 3; i++)
		close(boxes[i]);
}

TEST_F(right, that_was_not_sent_after_all_is_in_no_queue)
{
	int one = mailbox_new(self->device), other = mailbox_new(self->device);

	ASSERT_EQ(0, MAILBOX_SET(one, .set = MSGPASS_SET_CAPACITY, .capacity = 1));
	ASSERT_EQ(0, send_number(one, 0, 1));
	EXPECT_EQ(-EAGAIN, send_fd_to(one, 0, other));
	EXPECT_EQ(-ETIMEDOUT, SEND(one, CARRYING(other), .deadline = now() + 20 * MS));
	EXPECT_EQ(0, send_fd_to(other, 0, one));
	close(one);
	close(other);
}

TEST_F(right, that_others_race_to_exchange_makes_no_loop)
{
	int one = mailbox_new(self->device), other = mailbox_new(self->device), i, ret;
	uint64_t base = user_bytes(self->device);
	pid_t child = child_fork();

	if (!child) {
		for (i = 0; i < 500; i++) {
			ret = send_fd_to(one, 0, other);
			CHECK(!ret || ret == -ELOOP);
			RECEIVE(one, NULL, .flags = MSGPASS_TRUNCATE | MSGPASS_NONBLOCK);
		}
		_exit(0);
	}
	for (i = 0; i < 500; i++) {
		ret = send_fd_to(other, 0, one);
		ASSERT_TRUE(!ret || ret == -ELOOP);
		RECEIVE(other, NULL, .flags = MSGPASS_TRUNCATE | MSGPASS_NONBLOCK);
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, mailbox_counts(one).queued + mailbox_counts(other).queued);
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
	close(one);
	close(other);
}

TEST_F(right, in_an_inbox_does_not_keep_the_module)
{
	int64_t base;
	int mailbox;

	base = parameter("../refcnt");
	if (base < 0)
		SKIP(return, "msgpass is no module that could be unloaded");
	mailbox = mailbox_new(self->device);
	EXPECT_EQ(base + 1, parameter("../refcnt"));
	ASSERT_EQ(0, send_fd_to(self->device, self->me, mailbox));
	close(mailbox);
	EXPECT_TRUE(wait_until(parameter("../refcnt") == base));
}

/* Each mailbox but the last is only in the queue of the next. */
TEST_F(right, of_a_long_chain_of_mailboxes_goes_with_the_last)
{
	uint64_t base = user_bytes(self->device);
	int mailbox = mailbox_new(self->device), next, i;

	for (i = 0; i < 500; i++) {
		next = mailbox_new(self->device);
		ASSERT_LE(0, next);
		ASSERT_EQ(0, send_fd_to(next, 0, mailbox));
		close(mailbox);
		mailbox = next;
	}
	EXPECT_LT(base, user_bytes(self->device));
	close(mailbox);
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
}

#include "afterwards.h"
