// SPDX-License-Identifier: GPL-2.0
/*
 * The library: every call of it, what its options mean, and what it refuses by itself.
 */
#include "msgpass_test.h"

#include <sys/time.h>

#include "msgpass.h"

FIXTURE(library)
{
	int device;
	int mailbox;
	char buffer[64];
	struct msgpass_message_info info;
};

FIXTURE_SETUP(library)
{
	self->device = msgpass_open();
	ASSERT_GE(self->device, 0);
	settled_user_bytes(self->device);
	self->mailbox = msgpass_mailbox_open(self->device, NULL, O_RDWR, NULL);
	ASSERT_GE(self->mailbox, 0);
}

FIXTURE_TEARDOWN(library)
{
	close(self->mailbox);
	close(self->device);
}

/* Options by their fields' names. */
#define SEND_WITH(fd, text, ...)						\
	msgpass_send_with(fd, text, strlen(text),				\
			  &(struct msgpass_send_options){ __VA_ARGS__ })
#define RECEIVE_WITH(...)							\
	msgpass_receive_with(self->mailbox, self->buffer, sizeof(self->buffer),	\
			     &(struct msgpass_receive_options){ __VA_ARGS__ },	\
			     &self->info)
#define CALL_WITH(text, ...)								\
	msgpass_call_with(self->mailbox, text, strlen(text), self->buffer,		\
			  sizeof(self->buffer),						\
			  &(struct msgpass_call_options){ __VA_ARGS__ }, &reply_info)
#define RECEIVE_NOW(...) RECEIVE_WITH(.nonblock = true, ##__VA_ARGS__)

#define EXPECT_MESSAGE(text, returned) do {					\
	ASSERT_EQ((ssize_t)strlen(text), returned);				\
	EXPECT_EQ(0, memcmp(self->buffer, text, strlen(text)));			\
} while (0)

/* --- direct communication */

TEST_F(library, a_message_to_oneself_comes_with_its_stamps)
{
	struct msgpass_system_info system;
	uint64_t before = msgpass_deadline(0);

	ASSERT_EQ(0, msgpass_send(self->device, getpid(), "hello", 5));
	EXPECT_MESSAGE("hello", msgpass_receive(self->device, 0, self->buffer,
						sizeof(self->buffer), &self->info));
	ASSERT_EQ(0, msgpass_get_info(self->device, &system));
	EXPECT_EQ(5, self->info.length);
	EXPECT_EQ(1, self->info.sequence);
	EXPECT_GE(self->info.time_ns, before);
	EXPECT_LE(self->info.time_ns, msgpass_deadline(0));
	EXPECT_EQ(system.peer, self->info.peer);
	EXPECT_EQ(getpid(), self->info.pid);
	EXPECT_EQ(geteuid(), self->info.uid);
	EXPECT_EQ(getegid(), self->info.gid);
	EXPECT_EQ(0, self->info.type);
	EXPECT_EQ(0, self->info.priority);
	EXPECT_FALSE(self->info.truncated);
}

TEST_F(library, a_child_is_told_from_others_by_pid_and_by_peer)
{
	struct msgpass_receive_options by_peer = { .timeout_ns = LIMIT };
	pid_t parent = getpid(), child;

	ASSERT_EQ(0, msgpass_send(self->device, parent, "mine", 4));
	child = child_fork();
	if (!child) {
		CHECK(!msgpass_send(self->device, parent, "first", 5));
		CHECK(!msgpass_send(self->device, parent, "second", 6));
		_exit(0);
	}
	EXPECT_MESSAGE("first", msgpass_receive(self->device, child, self->buffer,
						sizeof(self->buffer), &self->info));
	EXPECT_EQ(child, self->info.pid);
	by_peer.peer = self->info.peer;
	EXPECT_MESSAGE("second", msgpass_receive_with(self->device, self->buffer,
						      sizeof(self->buffer), &by_peer, NULL));
	EXPECT_MESSAGE("mine", msgpass_receive(self->device, 0, self->buffer,
					       sizeof(self->buffer), NULL));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(-ESRCH, msgpass_receive_with(self->device, self->buffer,
					       sizeof(self->buffer), &by_peer, NULL));
}

TEST_F(library, a_message_goes_to_a_peer_id)
{
	struct msgpass_system_info system;

	ASSERT_EQ(0, msgpass_get_info(self->device, &system));
	ASSERT_EQ(0, SEND_WITH(self->device, "hello", .peer = system.peer));
	EXPECT_MESSAGE("hello", msgpass_receive(self->device, getpid(), self->buffer,
						sizeof(self->buffer), NULL));
}

TEST_F(library, a_pid_that_can_be_nobody_is_refused)
{
	EXPECT_EQ(-EINVAL, msgpass_send(self->device, 0, "x", 1));
	EXPECT_EQ(-EINVAL, msgpass_send(self->device, -1, "x", 1));
	EXPECT_EQ(-EINVAL, msgpass_receive(self->device, -1, self->buffer, 1, NULL));
	EXPECT_EQ(-EINVAL, SEND_WITH(self->device, "x", .pid = getpid(), .peer = 1));
}

TEST_F(library, a_dead_process_is_not_sent_to)
{
	pid_t child = child_idle();

	ASSERT_EQ(0, msgpass_send(self->device, child, "x", 1));
	child_kill(child);
	EXPECT_EQ(-ESRCH, msgpass_send(self->device, child, "x", 1));
}

/* --- mailboxes */

TEST_F(library, a_mailbox_holds_a_message)
{
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "hello", 5));
	EXPECT_MESSAGE("hello", msgpass_mailbox_receive(self->mailbox, self->buffer,
							sizeof(self->buffer), &self->info));
	EXPECT_EQ(getpid(), self->info.pid);
}

TEST_F(library, an_empty_message_has_length_0)
{
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, NULL, 0));
	EXPECT_EQ(0, msgpass_mailbox_receive(self->mailbox, self->buffer, 1, &self->info));
	EXPECT_EQ(1, self->info.sequence);
}

TEST_F(library, a_mailbox_polls)
{
	struct pollfd poll_fd = { .fd = self->mailbox, .events = POLLIN };

	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "hello", 5));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
}

TEST_F(library, descriptors_close_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->device, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->mailbox, F_GETFD));
}

TEST_F(library, a_mailbox_opens_as_files_do)
{
	const char *name = unique_name("open");
	int device = self->device;
	int reader, writer;

	EXPECT_EQ(-ENOENT, msgpass_mailbox_open(device, name, O_RDWR, NULL));
	writer = msgpass_mailbox_open(device, name, O_WRONLY | O_CREAT | O_EXCL, NULL);
	ASSERT_GE(writer, 0);
	EXPECT_EQ(-EEXIST, msgpass_mailbox_open(device, name, O_RDWR | O_CREAT | O_EXCL, NULL));
	reader = msgpass_mailbox_open(device, name, O_RDONLY | O_CREAT | O_NONBLOCK, NULL);
	ASSERT_GE(reader, 0);
	EXPECT_EQ(-EBADF, msgpass_mailbox_send(reader, "x", 1));
	EXPECT_EQ(-EBADF, msgpass_mailbox_receive(writer, self->buffer, 1, NULL));
	EXPECT_EQ(-EAGAIN, msgpass_mailbox_receive(reader, self->buffer, 1, NULL));
	EXPECT_EQ(0, msgpass_mailbox_delete(device, name));
	EXPECT_EQ(-EPIPE, msgpass_mailbox_receive(reader, self->buffer, 1, NULL));
	EXPECT_EQ(-ENOENT, msgpass_mailbox_delete(device, name));
	close(reader);
	close(writer);
}

TEST_F(library, a_mailbox_is_deleted_by_its_descriptor)
{
	ASSERT_EQ(0, msgpass_mailbox_delete(self->mailbox, NULL));
	EXPECT_EQ(-EPIPE, msgpass_mailbox_send(self->mailbox, "x", 1));
}

TEST_F(library, an_impossible_opening_is_refused)
{
	char name[MSGPASS_NAME_MAX + 2];
	int device = self->device;

	memset(name, 'x', sizeof(name));
	name[MSGPASS_NAME_MAX + 1] = '\0';
	EXPECT_EQ(-ENAMETOOLONG, msgpass_mailbox_open(device, name, O_RDWR | O_CREAT, NULL));
	EXPECT_EQ(-EINVAL, msgpass_mailbox_open(device, "", O_RDWR | O_CREAT, NULL));
	EXPECT_EQ(-EINVAL, msgpass_mailbox_open(device, "a/b", O_RDWR | O_CREAT, NULL));
	EXPECT_EQ(-EINVAL, msgpass_mailbox_open(device, NULL, O_ACCMODE, NULL));
	EXPECT_EQ(-EINVAL, msgpass_mailbox_open(device, NULL, O_RDWR | O_APPEND, NULL));
}

TEST_F(library, a_name_may_have_63_bytes)
{
	char name[MSGPASS_NAME_MAX + 1];
	int fd;

	memset(name, 'x', sizeof(name));
	name[MSGPASS_NAME_MAX] = '\0';
	fd = msgpass_mailbox_open(self->device, name, O_RDWR | O_CREAT | O_EXCL, NULL);
	ASSERT_GE(fd, 0);
	close(fd);
	EXPECT_EQ(0, msgpass_mailbox_delete(self->device, name));
}

/* --- options of a receive */

TEST_F(library, nonblocking_calls_do_not_wait)
{
	struct msgpass_settings one = { .has = MSGPASS_HAS_CAPACITY, .capacity = 1 };

	EXPECT_EQ(-EAGAIN, RECEIVE_WITH(.nonblock = true));
	ASSERT_EQ(0, msgpass_mailbox_set(self->mailbox, NULL, &one));
	EXPECT_EQ(0, SEND_WITH(self->mailbox, "x", .nonblock = true));
	EXPECT_EQ(-EAGAIN, SEND_WITH(self->mailbox, "x", .nonblock = true));
	EXPECT_EQ(-ETIMEDOUT, SEND_WITH(self->mailbox, "x", .timeout_ns = 1));
}

TEST_F(library, messages_are_selected_by_type)
{
	ASSERT_EQ(0, SEND_WITH(self->mailbox, "seven", .type = 7));
	ASSERT_EQ(0, SEND_WITH(self->mailbox, "five", .type = 5));
	ASSERT_EQ(0, SEND_WITH(self->mailbox, "nine", .type = 9));
	ASSERT_EQ(0, SEND_WITH(self->mailbox, "six", .type = 6));
	EXPECT_MESSAGE("five", RECEIVE_NOW(.select = MSGPASS_SELECT_UP_TO, .type = 8));
	EXPECT_EQ(5, self->info.type);
	EXPECT_MESSAGE("nine", RECEIVE_NOW(.select = MSGPASS_SELECT_TYPE, .type = 9));
	EXPECT_EQ(-EAGAIN, RECEIVE_NOW(.select = MSGPASS_SELECT_TYPE, .type = 9));
	EXPECT_MESSAGE("six", RECEIVE_NOW(.select = MSGPASS_SELECT_EXCEPT, .type = 7));
	EXPECT_MESSAGE("seven", RECEIVE_NOW());
}

TEST_F(library, messages_are_selected_by_priority)
{
	ASSERT_EQ(0, SEND_WITH(self->mailbox, "low", .priority = 1));
	ASSERT_EQ(0, SEND_WITH(self->mailbox, "high", .priority = 2));
	EXPECT_MESSAGE("high", RECEIVE_NOW(.by_priority = true));
	EXPECT_EQ(2, self->info.priority);
	EXPECT_MESSAGE("low", RECEIVE_NOW(.by_priority = true));
}

TEST_F(library, peeking_leaves_the_message)
{
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "hello", 5));
	EXPECT_MESSAGE("hello", RECEIVE_NOW(.peek = true));
	EXPECT_MESSAGE("hello", RECEIVE_NOW());
	EXPECT_EQ(-EAGAIN, RECEIVE_NOW());
}

TEST_F(library, a_message_that_does_not_fit_stays_and_tells_its_length)
{
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "hello", 5));
	EXPECT_EQ(-EMSGSIZE, msgpass_mailbox_receive(self->mailbox, self->buffer, 4,
						     &self->info));
	EXPECT_EQ(5, self->info.length);
	EXPECT_MESSAGE("hello", RECEIVE_NOW());
}

TEST_F(library, truncating_gives_what_fits)
{
	struct msgpass_receive_options truncate = { .truncate = true };

	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "hello", 5));
	EXPECT_MESSAGE("hel", msgpass_receive_with(self->mailbox, self->buffer, 3, &truncate,
						   &self->info));
	EXPECT_TRUE(self->info.truncated);
	EXPECT_EQ(5, self->info.length);
	EXPECT_EQ(-EAGAIN, RECEIVE_NOW());
}

TEST_F(library, truncating_into_several_places_counts_them_all)
{
	struct msgpass_receive_options truncate = { .truncate = true };
	struct iovec places[] = { { self->buffer, 1 }, { self->buffer + 1, 2 } };

	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "hello", 5));
	EXPECT_MESSAGE("hel", msgpass_receivev(self->mailbox, places, 2, &truncate,
					       &self->info));
	EXPECT_TRUE(self->info.truncated);
}

TEST_F(library, parts_are_gathered_and_scattered)
{
	struct iovec parts[] = { { "good", 4 }, { " ", 1 }, { "morning", 7 } };
	struct iovec places[] = { { self->buffer, 6 }, { self->buffer + 6, 58 } };

	ASSERT_EQ(0, msgpass_sendv(self->mailbox, parts, 3, NULL));
	EXPECT_MESSAGE("good morning", msgpass_receivev(self->mailbox, places, 2, NULL, NULL));
}

TEST_F(library, unknown_options_are_refused)
{
	EXPECT_EQ(-EINVAL, RECEIVE_NOW(.reserved = { 0, 1 }));
	EXPECT_EQ(-EINVAL, RECEIVE_NOW(.select = 99));
	EXPECT_EQ(-EINVAL, RECEIVE_NOW(.type = 1));
	EXPECT_EQ(-EINVAL, RECEIVE_WITH(.timeout_ns = 1, .deadline_ns = 1));
	EXPECT_EQ(-EINVAL, SEND_WITH(self->mailbox, "x", .reserved = { 1 }));
	EXPECT_EQ(-EINVAL, SEND_WITH(self->mailbox, "x", .timeout_ns = 1, .deadline_ns = 1));
	EXPECT_EQ(-EINVAL, msgpass_mailbox_set(self->mailbox, NULL, &(struct msgpass_settings){
					       .reserved = { 1 } }));
}

/* --- messages of any length */

TEST_F(library, a_message_of_any_length_is_allocated)
{
	static char sent[50000];
	char *message = NULL;

	memset(sent, 'x', sizeof(sent));
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "short", 5));
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, sent, sizeof(sent)));
	ASSERT_EQ(5, msgpass_receive_alloc(self->mailbox, &message, NULL, NULL));
	EXPECT_STREQ("short", message);
	free(message);
	ASSERT_EQ((ssize_t)sizeof(sent), msgpass_receive_alloc(self->mailbox, &message, NULL,
							       &self->info));
	EXPECT_EQ(0, memcmp(sent, message, sizeof(sent)));
	EXPECT_EQ('\0', message[sizeof(sent)]);
	EXPECT_EQ(sizeof(sent), self->info.length);
	free(message);
}

TEST_F(library, an_empty_message_is_allocated_too)
{
	char *message = NULL;

	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, NULL, 0));
	ASSERT_EQ(0, msgpass_receive_alloc(self->mailbox, &message, NULL, NULL));
	ASSERT_NE(NULL, message);
	EXPECT_STREQ("", message);
	free(message);
}

TEST_F(library, allocating_takes_the_options_but_truncate)
{
	struct msgpass_receive_options truncate = { .truncate = true };
	struct msgpass_receive_options nonblock = { .nonblock = true };
	struct msgpass_receive_options timeout = { .timeout_ns = 1000000 };
	char *message;

	EXPECT_EQ(-EINVAL, msgpass_receive_alloc(self->mailbox, &message, &truncate, NULL));
	EXPECT_EQ(-EAGAIN, msgpass_receive_alloc(self->mailbox, &message, &nonblock, NULL));
	EXPECT_EQ(-ETIMEDOUT, msgpass_receive_alloc(self->mailbox, &message, &timeout, NULL));
}

/* --- time */

TEST_F(library, deadlines_are_never_zero_and_never_overflow)
{
	uint64_t now_ns = now();

	EXPECT_GE(msgpass_deadline(0), now_ns);
	EXPECT_GE(msgpass_deadline(5000000000ULL), now_ns + 5000000000ULL);
	EXPECT_EQ((uint64_t)INT64_MAX, msgpass_deadline(UINT64_MAX));
}

TEST_F(library, a_deadline_that_is_over_times_out)
{
	EXPECT_EQ(-ETIMEDOUT, RECEIVE_WITH(.deadline_ns = msgpass_deadline(0)));
}

static void tick(int signal)
{
	(void)signal;
}

static void tick_every_10_ms(int flags)
{
	struct itimerval every = { { 0, 10000 }, { 0, 10000 } };

	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = tick, .sa_flags = flags }, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

/* The harness's own alarm ends the test if it waits for ever; the itimer replaces it. */
TEST_F(library, restarts_by_signals_do_not_prolong_a_timeout)
{
	uint64_t begun = now();

	tick_every_10_ms(SA_RESTART);
	EXPECT_EQ(-ETIMEDOUT, RECEIVE_WITH(.timeout_ns = 100000000));
	setitimer(ITIMER_REAL, &(struct itimerval){}, NULL);
	EXPECT_GE(now(), begun + 100000000);
}

TEST_F(library, a_signal_without_restart_interrupts)
{
	tick_every_10_ms(0);
	EXPECT_EQ(-EINTR, RECEIVE_WITH(.timeout_ns = LIMIT));
	setitimer(ITIMER_REAL, &(struct itimerval){}, NULL);
}

/* --- receipts */

#define RECEIPT_WITHIN(receipt) \
	msgpass_receive_receipt(self->device,						\
				&(struct msgpass_receive_options){ .timeout_ns = LIMIT }, receipt)

static struct msgpass_mailbox_status status_of(int mailbox)
{
	struct msgpass_mailbox_status status = {};

	msgpass_mailbox_stat(mailbox, NULL, &status);
	return status;
}

TEST_F(library, a_receipt_tells_who_received_a_message)
{
	struct msgpass_receipt_info receipt;

	ASSERT_EQ(0, SEND_WITH(self->mailbox, "hello", .receipt = true, .cookie = 7));
	EXPECT_EQ(-EAGAIN, msgpass_receive_receipt(self->device,
						   &(struct msgpass_receive_options){
							   .nonblock = true }, &receipt));
	EXPECT_MESSAGE("hello", RECEIVE_NOW());
	EXPECT_FALSE(self->info.receipt);
	ASSERT_EQ(0, RECEIPT_WITHIN(&receipt));
	EXPECT_EQ(MSGPASS_FATE_RECEIVED, receipt.fate);
	EXPECT_EQ(7, receipt.cookie);
	EXPECT_EQ(0, receipt.to_peer);
	EXPECT_EQ(own_peer(self->device), receipt.by_peer);
	EXPECT_EQ(1, receipt.sequence);
}

TEST_F(library, a_receipt_tells_why_a_message_was_dropped)
{
	struct msgpass_receipt_info receipt;
	pid_t child = child_idle();
	uint64_t peer;

	ASSERT_EQ(0, SEND_WITH(self->device, "x", .pid = child, .receipt = true));
	peer = peer_of(self->device, child);
	child_kill(child);
	ASSERT_EQ(0, RECEIPT_WITHIN(&receipt));
	EXPECT_EQ(MSGPASS_FATE_DIED, receipt.fate);
	EXPECT_EQ(peer, receipt.to_peer);
	EXPECT_EQ(0, receipt.by_peer);

	ASSERT_EQ(0, SEND_WITH(self->mailbox, "x", .receipt = true, .lifetime_ns = 1));
	ASSERT_EQ(0, RECEIPT_WITHIN(&receipt));
	EXPECT_EQ(MSGPASS_FATE_EXPIRED, receipt.fate);
	EXPECT_EQ(-EAGAIN, RECEIVE_NOW());

	ASSERT_EQ(0, SEND_WITH(self->mailbox, "x", .receipt = true));
	ASSERT_EQ(0, msgpass_mailbox_delete(self->mailbox, NULL));
	ASSERT_EQ(0, RECEIPT_WITHIN(&receipt));
	EXPECT_EQ(MSGPASS_FATE_DELETED, receipt.fate);
}

TEST_F(library, receipts_come_among_messages_and_are_marked)
{
	struct msgpass_receipt_info receipt;
	ssize_t length;

	ASSERT_EQ(0, msgpass_send(self->device, getpid(), "before", 6));
	ASSERT_EQ(0, SEND_WITH(self->mailbox, "x", .receipt = true, .cookie = 9, .type = 5));
	ASSERT_EQ(1, RECEIVE_NOW());
	EXPECT_MESSAGE("before", msgpass_receive(self->device, 0, self->buffer,
						 sizeof(self->buffer), &self->info));
	EXPECT_FALSE(self->info.receipt);
	EXPECT_EQ(-EINVAL, msgpass_receipt_decode(self->buffer, 6, &self->info, &receipt));
	length = msgpass_receive(self->device, 0, self->buffer, sizeof(self->buffer),
				 &self->info);
	ASSERT_TRUE(self->info.receipt);
	EXPECT_EQ(5, self->info.type);
	EXPECT_EQ(-EINVAL, msgpass_receipt_decode(self->buffer, 8, &self->info, &receipt));
	ASSERT_EQ(0, msgpass_receipt_decode(self->buffer, length, &self->info, &receipt));
	EXPECT_EQ(9, receipt.cookie);
}

TEST_F(library, receiving_receipts_leaves_the_messages)
{
	struct msgpass_receipt_info receipt;

	ASSERT_EQ(0, msgpass_send(self->device, getpid(), "first", 5));
	ASSERT_EQ(0, SEND_WITH(self->mailbox, "x", .receipt = true));
	ASSERT_EQ(1, RECEIVE_NOW());
	ASSERT_EQ(0, RECEIPT_WITHIN(&receipt));
	EXPECT_MESSAGE("first", msgpass_receive(self->device, 0, self->buffer,
						sizeof(self->buffer), NULL));
}

TEST_F(library, impossible_receipts_are_refused)
{
	EXPECT_EQ(-EINVAL, SEND_WITH(self->mailbox, "x", .cookie = 1));
	EXPECT_EQ(-EINVAL, SEND_WITH(self->mailbox, "x", .receipt = true, .synchronous = true));
	EXPECT_EQ(-EINVAL, RECEIVE_NOW(.receipts_only = true));
	EXPECT_EQ(-EINVAL, msgpass_forward(self->mailbox, 1, "x", 1,
					   &(struct msgpass_send_options){ .receipt = true }));
}

/* --- file descriptors in messages */

/* What is written to @to, of this process, arrives at @from. */
static bool is_pipe(int to, int from)
{
	char byte = 0;

	return write(to, "x", 1) == 1 && read(from, &byte, 1) == 1 && byte == 'x';
}

FIXTURE(library_fds)
{
	int device;
	int mailbox;
	int pipe[2];
	char buffer[64];
	int fds[MSGPASS_FDS_MAX];
	struct msgpass_message_info info;
};

FIXTURE_SETUP(library_fds)
{
	self->device = msgpass_open();
	ASSERT_GE(self->device, 0);
	self->mailbox = msgpass_mailbox_open(self->device, NULL, O_RDWR, NULL);
	ASSERT_GE(self->mailbox, 0);
	ASSERT_EQ(0, pipe2(self->pipe, O_CLOEXEC));
}

FIXTURE_TEARDOWN(library_fds)
{
	close(self->pipe[0]);
	close(self->pipe[1]);
	close(self->mailbox);
	close(self->device);
}

#define ROOM(count) .fds = self->fds, .fds_room = (count)

TEST_F(library_fds, a_message_carries_them)
{
	ASSERT_EQ(0, SEND_WITH(self->mailbox, "pipe", .fds = self->pipe, .fds_count = 2));
	EXPECT_MESSAGE("pipe", RECEIVE_NOW(ROOM(5)));
	ASSERT_EQ(2, self->info.fds_count);
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fds[0], F_GETFD));
	EXPECT_NE(self->pipe[0], self->fds[0]);
	EXPECT_TRUE(is_pipe(self->fds[1], self->pipe[0]));
	EXPECT_TRUE(is_pipe(self->pipe[1], self->fds[0]));
	close(self->fds[0]);
	close(self->fds[1]);
}

TEST_F(library_fds, without_room_the_message_stays)
{
	char *message;

	ASSERT_EQ(0, SEND_WITH(self->mailbox, "pipe", .fds = self->pipe, .fds_count = 2));
	EXPECT_EQ(-EMSGSIZE, RECEIVE_NOW());
	EXPECT_EQ(2, self->info.fds_count);
	EXPECT_EQ(-EMSGSIZE, msgpass_receive_alloc(self->mailbox, &message,
						   &(struct msgpass_receive_options){ ROOM(1) },
						   NULL));
	ASSERT_EQ(4, msgpass_receive_alloc(self->mailbox, &message,
					   &(struct msgpass_receive_options){ ROOM(2) }, NULL));
	EXPECT_TRUE(is_pipe(self->fds[1], self->fds[0]));
	free(message);
	close(self->fds[0]);
	close(self->fds[1]);
}

TEST_F(library_fds, truncating_closes_those_that_do_not_fit)
{
	struct pollfd hang_up = { .fd = self->pipe[0] };

	ASSERT_EQ(0, SEND_WITH(self->mailbox, "x", .fds = self->pipe, .fds_count = 2));
	EXPECT_EQ(1, RECEIVE_NOW(ROOM(1), .truncate = true));
	EXPECT_EQ(2, self->info.fds_count);
	EXPECT_TRUE(self->info.truncated);
	close(self->pipe[1]);
	/* nobody can write any more */
	EXPECT_TRUE(wait_until(poll(&hang_up, 1, 0) == 1 && hang_up.revents & POLLHUP));
	close(self->fds[0]);
	self->pipe[1] = -1;
}

TEST_F(library_fds, requests_and_replies_carry_them)
{
	struct msgpass_reply_info reply_info;
	int child = child_fork();

	if (!child) {
		struct msgpass_receive_options room = { ROOM(2), .timeout_ns = LIMIT };
		struct msgpass_answer answer = {};

		CHECK(msgpass_reply_receive(self->mailbox, NULL, self->buffer, 1, &room,
					    &self->info) == 1);
		CHECK(self->info.fds_count == 1);
		answer = (struct msgpass_answer){
			.token = self->info.token, .fds = self->fds, .fds_count = 1,
		};
		CHECK(msgpass_reply_receive(self->mailbox, &answer, self->buffer, 1, &room,
					    &self->info) == 1);
		CHECK(!msgpass_reply_with(self->mailbox, self->info.token, NULL, 0,
					  &(struct msgpass_reply_options){
						  .fds = self->fds, .fds_count = 1 }));
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, CALL_WITH("x", .fds = &self->pipe[1], .fds_count = 1,
				       .reply_fds = self->fds, .reply_fds_room = 2));
		ASSERT_EQ(1, reply_info.fds_count);
		EXPECT_TRUE(is_pipe(self->fds[0], self->pipe[0]));
		close(self->fds[0]);
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(library_fds, a_forwarded_call_carries_them)
{
	struct msgpass_reply_info reply_info;
	uint64_t caller;

	EXPECT_EQ(-EINPROGRESS, CALL_WITH("x", .nonblock = true));
	caller = reply_info.token;
	ASSERT_EQ(1, RECEIVE_NOW());
	ASSERT_EQ(0, msgpass_forward(self->mailbox, self->info.token, "x", 1,
				     &(struct msgpass_send_options){
					     .fds = self->pipe, .fds_count = 2 }));
	ASSERT_EQ(1, RECEIVE_NOW(ROOM(2)));
	EXPECT_TRUE(is_pipe(self->fds[1], self->pipe[0]));
	EXPECT_EQ(0, msgpass_call_cancel(self->mailbox, caller));
	close(self->fds[0]);
	close(self->fds[1]);
}

TEST_F(library_fds, bad_ones_are_refused)
{
	int none = -1;

	EXPECT_EQ(-EBADF, SEND_WITH(self->mailbox, "x", .fds = &none, .fds_count = 1));
	EXPECT_EQ(-EINVAL, SEND_WITH(self->mailbox, "x", .fds = self->fds,
				     .fds_count = MSGPASS_FDS_MAX + 1));
	EXPECT_EQ(-EAGAIN, RECEIVE_NOW());
}

/* --- messages larger than any buffer */

FIXTURE(library_flow)
{
	int device;
	int mailbox;
	char buffer[64];
	struct msgpass_message_info info;
};

/* Longer than the mailbox takes: it flows. */
#define TEXT "never was so much sent through so little"

FIXTURE_SETUP(library_flow)
{
	struct msgpass_settings small = { .has = MSGPASS_HAS_MESSAGE_MAX, .message_max = 8 };

	self->device = msgpass_open();
	ASSERT_GE(self->device, 0);
	self->mailbox = msgpass_mailbox_open(self->device, NULL, O_RDWR, &small);
	ASSERT_GE(self->mailbox, 0);
}

FIXTURE_TEARDOWN(library_flow)
{
	close(self->mailbox);
	close(self->device);
}

/* Its exit status is how many bytes went through, or the errno from 100 up. */
static pid_t child_flowing(int fd, const char *text)
{
	pid_t pid = child_fork();

	if (!pid) {
		ssize_t through = msgpass_flow(fd, text, strlen(text), NULL);

		_exit(through < 0 ? 100 - through : through);
	}
	return pid;
}

TEST_F(library_flow, a_message_of_any_length_flows)
{
	pid_t child = child_flowing(self->mailbox, TEXT);

	EXPECT_MESSAGE(TEXT, RECEIVE_WITH(.timeout_ns = LIMIT));
	EXPECT_TRUE(self->info.flow);
	EXPECT_EQ(0, self->info.remaining);
	EXPECT_EQ(0, self->info.rest);
	EXPECT_EQ(strlen(TEXT), child_status(child));
	child = child_flowing(self->mailbox, "short");
	EXPECT_EQ(5, child_status(child));
	EXPECT_MESSAGE("short", RECEIVE_NOW());
	EXPECT_FALSE(self->info.flow);
}

TEST_F(library_flow, it_is_received_in_pieces)
{
	struct msgpass_receive_options pieces = { .pieces = true, .timeout_ns = LIMIT };
	struct iovec parts[] = { { "never was so much ", 18 },
				 { "sent through so little", 22 } };
	size_t length = strlen(TEXT), at = 7;
	uint64_t remaining;
	pid_t child = child_fork();

	if (!child)
		_exit(msgpass_flowv(self->mailbox, parts, 2, NULL));
	ASSERT_EQ(7, msgpass_receive_with(self->mailbox, self->buffer, 7, &pieces,
					  &self->info));
	EXPECT_EQ(length, self->info.length);
	EXPECT_EQ(length - 7, self->info.remaining);
	EXPECT_EQ(0, self->info.token);
	EXPECT_FALSE(self->info.truncated);
	for (remaining = self->info.remaining; remaining; at += 11)
		ASSERT_EQ(remaining < 11 ? remaining : 11,
			  msgpass_piece_read(self->mailbox, self->info.rest, self->buffer + at,
					     11, &remaining));
	EXPECT_EQ(0, memcmp(TEXT, self->buffer, length));
	EXPECT_EQ(length, child_status(child));
	EXPECT_EQ(-ESRCH, msgpass_piece_read(self->mailbox, self->info.rest, self->buffer, 1,
					     NULL));
}

TEST_F(library_flow, any_message_may_be_received_in_pieces)
{
	struct msgpass_receive_options pieces = { .pieces = true };

	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "hello", 5));
	ASSERT_EQ(2, msgpass_receive_with(self->mailbox, self->buffer, 2, &pieces,
					  &self->info));
	EXPECT_FALSE(self->info.flow);
	ASSERT_EQ(3, msgpass_piece_read(self->mailbox, self->info.rest, self->buffer + 2, 9,
					NULL));
	EXPECT_EQ(0, memcmp("hello", self->buffer, 5));
}

TEST_F(library_flow, the_rest_may_be_skipped)
{
	struct msgpass_receive_options pieces = { .pieces = true, .timeout_ns = LIMIT };
	pid_t child = child_flowing(self->mailbox, TEXT);

	ASSERT_EQ(9, msgpass_receive_with(self->mailbox, self->buffer, 9, &pieces,
					  &self->info));
	EXPECT_EQ(0, msgpass_piece_skip(self->mailbox, self->info.rest));
	EXPECT_EQ(9, child_status(child));
	EXPECT_EQ(-ESRCH, msgpass_piece_skip(self->mailbox, self->info.rest));
}

TEST_F(library_flow, a_sender_that_dies_is_noticed)
{
	struct msgpass_receive_options pieces = { .pieces = true, .timeout_ns = LIMIT };
	pid_t child = child_flowing(self->mailbox, TEXT);

	ASSERT_EQ(9, msgpass_receive_with(self->mailbox, self->buffer, 9, &pieces,
					  &self->info));
	child_kill(child);
	EXPECT_EQ(-EPIPE, msgpass_piece_read(self->mailbox, self->info.rest, self->buffer, 9,
					     NULL));
}

TEST_F(library_flow, what_no_flow_can_do_is_refused)
{
	struct msgpass_send_options receipt = { .receipt = true };
	struct msgpass_send_options nonblock = { .nonblock = true };
	struct msgpass_send_options timeout = { .timeout_ns = 1 };

	EXPECT_EQ(-EINVAL, msgpass_flow(self->mailbox, TEXT, strlen(TEXT), &receipt));
	EXPECT_EQ(-EAGAIN, msgpass_flow(self->mailbox, TEXT, strlen(TEXT), &nonblock));
	EXPECT_EQ(-ETIMEDOUT, msgpass_flow(self->mailbox, TEXT, strlen(TEXT), &timeout));
	EXPECT_EQ(-EMSGSIZE, msgpass_mailbox_send(self->mailbox, TEXT, strlen(TEXT)));
	EXPECT_EQ(-EINVAL, RECEIVE_NOW(.pieces = true, .truncate = true));
	EXPECT_EQ(-EAGAIN, RECEIVE_NOW());
}

/* --- an outbox */

#define OUTBOX_SEND(outbox, fd, text, ...)						\
	msgpass_outbox_send(outbox, fd, text, strlen(text),				\
			    &(struct msgpass_send_options){ __VA_ARGS__ })
#define OUTBOX_NEXT(outbox, ...)							\
	msgpass_outbox_next(outbox, &(struct msgpass_receive_options){ __VA_ARGS__ }, &outcome)

FIXTURE(outbox)
{
	int device;
	int mailbox;
	char buffer[64];
	struct msgpass_message_info info;
	struct msgpass_outbox *outbox;
};

FIXTURE_SETUP(outbox)
{
	self->device = msgpass_open();
	ASSERT_GE(self->device, 0);
	self->mailbox = msgpass_mailbox_open(self->device, NULL, O_RDWR, NULL);
	ASSERT_GE(self->mailbox, 0);
	ASSERT_EQ(0, msgpass_outbox_new(self->device, 3, &self->outbox));
}

FIXTURE_TEARDOWN(outbox)
{
	msgpass_outbox_free(self->outbox);
	close(self->mailbox);
	close(self->device);
}

TEST_F(outbox, what_is_received_is_told_with_the_cookie)
{
	struct msgpass_outcome outcome;

	EXPECT_EQ(0, OUTBOX_NEXT(self->outbox));
	ASSERT_EQ(0, OUTBOX_SEND(self->outbox, self->mailbox, "one", .cookie = 1));
	ASSERT_EQ(0, OUTBOX_SEND(self->outbox, self->mailbox, "two", .cookie = 2));
	EXPECT_EQ(-EAGAIN, OUTBOX_NEXT(self->outbox, .nonblock = true));
	EXPECT_EQ(-ETIMEDOUT, OUTBOX_NEXT(self->outbox, .timeout_ns = 1000000));
	EXPECT_MESSAGE("one", RECEIVE_NOW());
	EXPECT_MESSAGE("two", RECEIVE_NOW());
	ASSERT_EQ(1, OUTBOX_NEXT(self->outbox, .timeout_ns = LIMIT));
	EXPECT_EQ(1, outcome.receipt.cookie);
	EXPECT_EQ(MSGPASS_FATE_RECEIVED, outcome.receipt.fate);
	EXPECT_EQ(1, outcome.tries);
	EXPECT_EQ(0, outcome.error);
	ASSERT_EQ(1, OUTBOX_NEXT(self->outbox, .timeout_ns = LIMIT));
	EXPECT_EQ(2, outcome.receipt.cookie);
	EXPECT_EQ(0, OUTBOX_NEXT(self->outbox));
}

TEST_F(outbox, what_is_dropped_is_sent_again_but_not_for_ever)
{
	struct msgpass_outcome outcome;

	ASSERT_EQ(0, OUTBOX_SEND(self->outbox, self->mailbox, "x", .lifetime_ns = 1000000,
				 .cookie = 5));
	ASSERT_EQ(1, OUTBOX_NEXT(self->outbox, .timeout_ns = LIMIT));
	EXPECT_EQ(MSGPASS_FATE_EXPIRED, outcome.receipt.fate);
	EXPECT_EQ(5, outcome.receipt.cookie);
	EXPECT_EQ(3, outcome.tries);
	EXPECT_EQ(0, outcome.error);
	EXPECT_EQ(3, status_of(self->mailbox).sent);
	EXPECT_EQ(3, status_of(self->mailbox).dropped);
	EXPECT_EQ(0, OUTBOX_NEXT(self->outbox));
}

TEST_F(outbox, what_was_dropped_is_received_when_sent_again)
{
	struct msgpass_outbox *patient;
	struct msgpass_outcome outcome;
	pid_t child = child_fork();

	if (!child) {
		CHECK(wait_until(status_of(self->mailbox).dropped >= 1));
		CHECK(RECEIVE_WITH(.timeout_ns = LIMIT) == 5);
		CHECK(!memcmp(self->buffer, "hello", 5));
		CHECK(self->info.type == 4);
		_exit(0);
	}
	ASSERT_EQ(0, msgpass_outbox_new(self->device, UINT_MAX, &patient));
	ASSERT_EQ(0, OUTBOX_SEND(patient, self->mailbox, "hello", .lifetime_ns = 10000000,
				 .type = 4));
	ASSERT_EQ(1, OUTBOX_NEXT(patient, .timeout_ns = LIMIT));
	EXPECT_EQ(MSGPASS_FATE_RECEIVED, outcome.receipt.fate);
	EXPECT_LE(2, outcome.tries);
	EXPECT_EQ(0, child_status(child));
	msgpass_outbox_free(patient);
}

TEST_F(outbox, file_descriptors_are_sent_again)
{
	struct msgpass_receive_options room = { .nonblock = true, .fds_room = 2 };
	struct msgpass_outbox *patient;
	struct msgpass_outcome outcome;
	int pipe_fds[2], fds[2];

	room.fds = fds;
	ASSERT_EQ(0, pipe2(pipe_fds, O_CLOEXEC));
	ASSERT_EQ(0, msgpass_outbox_new(self->device, UINT_MAX, &patient));
	ASSERT_EQ(0, OUTBOX_SEND(patient, self->mailbox, "x", .lifetime_ns = 20000000,
				 .fds = pipe_fds, .fds_count = 2));
	ASSERT_TRUE(wait_until(status_of(self->mailbox).dropped == 1));
	EXPECT_TRUE(wait_until(OUTBOX_NEXT(patient, .nonblock = true) == -EAGAIN &&
			       msgpass_receive_with(self->mailbox, self->buffer, 1, &room,
						    &self->info) == 1));
	ASSERT_EQ(2, self->info.fds_count);
	EXPECT_TRUE(is_pipe(fds[1], pipe_fds[0]));
	EXPECT_EQ(1, OUTBOX_NEXT(patient, .timeout_ns = LIMIT));
	EXPECT_LE(2, outcome.tries);
	msgpass_outbox_free(patient);
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		close(pipe_fds[i]);
	}
}

TEST_F(outbox, an_error_of_sending_again_is_told)
{
	pid_t child = child_idle(), other;
	struct msgpass_outcome outcome;

	ASSERT_EQ(0, OUTBOX_SEND(self->outbox, self->device, "x", .pid = child));
	child_kill(child);
	/* who has the pid later is not meant */
	other = child_fork_as(child);
	if (!other)
		for (;;)
			pause();
	ASSERT_EQ(1, OUTBOX_NEXT(self->outbox, .timeout_ns = LIMIT));
	EXPECT_EQ(MSGPASS_FATE_DIED, outcome.receipt.fate);
	EXPECT_EQ(1, outcome.tries);
	EXPECT_EQ(-ESRCH, outcome.error);
	EXPECT_EQ(0, OUTBOX_NEXT(self->outbox));
	if (other > 0)
		child_kill(other);
}

TEST_F(outbox, what_can_not_be_sent_again_yet_is_not_lost)
{
	struct msgpass_settings one = { .has = MSGPASS_HAS_CAPACITY, .capacity = 1 };
	struct msgpass_outbox *patient;
	struct msgpass_outcome outcome;

	ASSERT_EQ(0, msgpass_outbox_new(self->device, UINT_MAX, &patient));
	ASSERT_EQ(0, msgpass_mailbox_set(self->mailbox, NULL, &one));
	ASSERT_EQ(0, OUTBOX_SEND(patient, self->mailbox, "hello", .lifetime_ns = 20000000));
	ASSERT_TRUE(wait_until(status_of(self->mailbox).dropped == 1));
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "full", 4));
	EXPECT_EQ(-EAGAIN, OUTBOX_NEXT(patient, .nonblock = true));
	EXPECT_EQ(-ETIMEDOUT, OUTBOX_NEXT(patient, .timeout_ns = 1000000));
	EXPECT_EQ(2, status_of(self->mailbox).sent);
	EXPECT_MESSAGE("full", RECEIVE_NOW());
	EXPECT_TRUE(wait_until(OUTBOX_NEXT(patient, .nonblock = true) == -EAGAIN &&
			       RECEIVE_NOW() == 5));
	ASSERT_EQ(1, OUTBOX_NEXT(patient, .timeout_ns = LIMIT));
	EXPECT_EQ(MSGPASS_FATE_RECEIVED, outcome.receipt.fate);
	msgpass_outbox_free(patient);
}

TEST_F(outbox, a_sender_who_would_not_wait_is_told_that_there_is_no_room)
{
	struct msgpass_settings one = { .has = MSGPASS_HAS_CAPACITY, .capacity = 1 };
	struct msgpass_outcome outcome;

	ASSERT_EQ(0, msgpass_mailbox_set(self->mailbox, NULL, &one));
	ASSERT_EQ(0, OUTBOX_SEND(self->outbox, self->mailbox, "x", .lifetime_ns = 1000000,
				 .nonblock = true));
	ASSERT_TRUE(wait_until(status_of(self->mailbox).dropped == 1));
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "full", 4));
	ASSERT_EQ(1, OUTBOX_NEXT(self->outbox, .timeout_ns = LIMIT));
	EXPECT_EQ(MSGPASS_FATE_EXPIRED, outcome.receipt.fate);
	EXPECT_EQ(-EAGAIN, outcome.error);
}

TEST_F(outbox, receipts_of_other_messages_are_handed_over)
{
	struct msgpass_outcome outcome;

	ASSERT_EQ(0, OUTBOX_SEND(self->outbox, self->mailbox, "x", .cookie = 1));
	ASSERT_EQ(0, SEND_WITH(self->device, "y", .pid = getpid(), .receipt = true,
			       .cookie = 1));
	EXPECT_MESSAGE("y", msgpass_receive(self->device, 0, self->buffer, 1, NULL));
	ASSERT_EQ(1, OUTBOX_NEXT(self->outbox, .timeout_ns = LIMIT));
	EXPECT_EQ(0, outcome.tries);
	EXPECT_EQ(1, outcome.receipt.cookie);
	EXPECT_EQ(own_peer(self->device), outcome.receipt.to_peer);
	EXPECT_MESSAGE("x", RECEIVE_NOW());
	ASSERT_EQ(1, OUTBOX_NEXT(self->outbox, .timeout_ns = LIMIT));
	EXPECT_EQ(1, outcome.tries);
}

TEST_F(outbox, receipts_that_the_program_received_are_settled)
{
	struct msgpass_receipt_info receipt;
	struct msgpass_outcome outcome;
	int i;

	ASSERT_EQ(0, OUTBOX_SEND(self->outbox, self->mailbox, "x", .lifetime_ns = 1000000));
	for (i = 1; i < 3; i++) {
		ASSERT_EQ(0, RECEIPT_WITHIN(&receipt));
		EXPECT_EQ(0, msgpass_outbox_settle(self->outbox, &receipt, &outcome));
		EXPECT_EQ(i + 1, status_of(self->mailbox).sent);
	}
	ASSERT_EQ(0, RECEIPT_WITHIN(&receipt));
	EXPECT_EQ(1, msgpass_outbox_settle(self->outbox, &receipt, &outcome));
	EXPECT_EQ(3, outcome.tries);
	EXPECT_EQ(MSGPASS_FATE_EXPIRED, outcome.receipt.fate);
	EXPECT_EQ(1, msgpass_outbox_settle(self->outbox, &receipt, &outcome));
	EXPECT_EQ(0, outcome.tries);
}

TEST_F(outbox, what_was_not_sent_has_no_outcome)
{
	struct msgpass_outbox *none;
	struct msgpass_outcome outcome;

	EXPECT_EQ(-EINVAL, msgpass_outbox_new(self->device, 0, &none));
	EXPECT_EQ(-EINVAL, OUTBOX_SEND(self->outbox, self->mailbox, "x", .synchronous = true));
	EXPECT_EQ(-EINVAL, OUTBOX_SEND(self->outbox, self->mailbox, "x", .reserved = { 1 }));
	EXPECT_EQ(-EINVAL, OUTBOX_SEND(self->outbox, self->mailbox, "x", .fds_count = 17));
	EXPECT_EQ(-EBADF, OUTBOX_SEND(self->outbox, -1, "x"));
	EXPECT_EQ(0, OUTBOX_NEXT(self->outbox));
	msgpass_outbox_free(NULL);
}

/* --- call and reply */

/* The test's own call of itself, without waiting: the tokens it has as caller and as server. */
struct both_tokens {
	uint64_t caller;
	uint64_t server;
};

static struct both_tokens call_oneself(FIXTURE_DATA(library) *self, const char *text)
{
	struct msgpass_call_options options = { .nonblock = true, .type = 3, .priority = 4 };
	struct msgpass_reply_info reply_info = {};

	if (msgpass_call_with(self->mailbox, text, strlen(text), NULL, 0, &options,
			      &reply_info) != -EINPROGRESS)
		return (struct both_tokens){};
	msgpass_receive_with(self->mailbox, self->buffer, sizeof(self->buffer), NULL,
			     &self->info);
	return (struct both_tokens){ reply_info.token, self->info.token };
}

/* A child that replies to so many calls by their length in the letter x. */
static pid_t child_server(FIXTURE_DATA(library) *self, int fd, int count)
{
	static const char letters[] = "xxxxxxxxxxxxxxxxxxxxxxxx";
	struct msgpass_answer answer = { .data = letters, .type = 7 };
	pid_t pid = child_fork();

	if (pid)
		return pid;
	while (count--) {
		CHECK(msgpass_reply_receive(fd, &answer, self->buffer, sizeof(self->buffer),
					    NULL, &self->info) >= 0);
		CHECK(!answer.token);
		CHECK(!answer.error);
		CHECK(self->info.token);
		answer.token = self->info.token;
		answer.length = self->info.length;
	}
	CHECK(!msgpass_reply_with(fd, answer.token, letters, answer.length,
				  &(struct msgpass_reply_options){ .type = 7 }));
	_exit(0);
}

TEST_F(library, a_call_of_a_process_returns_its_reply)
{
	pid_t child = child_server(self, self->device, 3);
	int i;

	for (i = 0; i < 3; i++)
		EXPECT_MESSAGE("xxxxx", msgpass_call(self->device, child, "hello", 5,
						     self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(-ESRCH, msgpass_call(self->device, child, "hello", 5, self->buffer, 5));
	EXPECT_EQ(-EINVAL, msgpass_call(self->device, 0, "hello", 5, self->buffer, 5));
}

TEST_F(library, a_call_of_a_mailbox_returns_its_reply)
{
	pid_t child = child_server(self, self->mailbox, 2);
	struct msgpass_reply_info reply_info;

	EXPECT_MESSAGE("xx", msgpass_mailbox_call(self->mailbox, "hi", 2, self->buffer,
						  sizeof(self->buffer)));
	EXPECT_MESSAGE("xxx", CALL_WITH("hey", .timeout_ns = LIMIT));
	EXPECT_EQ(3, reply_info.length);
	EXPECT_EQ(7, reply_info.type);
	EXPECT_NE(0, reply_info.peer);
	EXPECT_FALSE(reply_info.truncated);
	EXPECT_EQ(0, reply_info.token);
	EXPECT_EQ(0, child_status(child));
}

TEST_F(library, parts_of_a_call_are_gathered_and_scattered)
{
	pid_t child = child_server(self, self->mailbox, 1);
	struct iovec parts[] = { { "good", 4 }, { " ", 1 }, { "morning", 7 } };
	struct iovec places[] = { { self->buffer, 6 }, { self->buffer + 6, 58 } };

	EXPECT_MESSAGE("xxxxxxxxxxxx", msgpass_callv(self->mailbox, parts, 3, places, 2, NULL,
						     NULL));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(library, parts_of_a_reply_are_gathered)
{
	struct both_tokens tokens = call_oneself(self, "hello");
	struct iovec parts[] = { { "good", 4 }, { " night", 6 } };
	struct msgpass_reply_info reply_info;

	EXPECT_EQ(0, msgpass_replyv(self->mailbox, tokens.server, parts, 2, NULL));
	EXPECT_MESSAGE("good night", CALL_WITH("", .token = tokens.caller));
}

TEST_F(library, a_call_that_does_not_wait_is_gone_on_with)
{
	struct both_tokens tokens = call_oneself(self, "hello");
	struct msgpass_reply_info reply_info;

	ASSERT_NE(0, tokens.caller);
	ASSERT_NE(0, tokens.server);
	EXPECT_EQ(3, self->info.type);
	EXPECT_EQ(4, self->info.priority);
	EXPECT_EQ(-EAGAIN, CALL_WITH("", .token = tokens.caller, .nonblock = true));
	EXPECT_EQ(tokens.caller, reply_info.token);
	EXPECT_EQ(0, msgpass_reply(self->mailbox, tokens.server, "bye", 3));
	EXPECT_EQ(-ESRCH, msgpass_reply(self->mailbox, tokens.server, "bye", 3));
	EXPECT_MESSAGE("bye", CALL_WITH("", .token = tokens.caller, .nonblock = true));
	EXPECT_EQ(0, reply_info.token);
	EXPECT_EQ(-ESRCH, CALL_WITH("", .token = tokens.caller));
	EXPECT_EQ(0, reply_info.token);
}

TEST_F(library, a_reply_that_does_not_fit_waits_for_a_larger_buffer)
{
	struct both_tokens tokens = call_oneself(self, "hello");
	struct msgpass_call_options options = { .token = tokens.caller };
	struct msgpass_reply_info reply_info;

	EXPECT_EQ(0, msgpass_reply(self->mailbox, tokens.server, "goodbye", 7));
	EXPECT_EQ(-EMSGSIZE, msgpass_call_with(self->mailbox, NULL, 0, self->buffer, 4,
					       &options, &reply_info));
	EXPECT_EQ(7, reply_info.length);
	EXPECT_EQ(tokens.caller, reply_info.token);
	options.truncate = true;
	EXPECT_MESSAGE("good", msgpass_call_with(self->mailbox, NULL, 0, self->buffer, 4,
						 &options, &reply_info));
	EXPECT_TRUE(reply_info.truncated);
	EXPECT_EQ(7, reply_info.length);
}

TEST_F(library, a_simple_call_is_over_whatever_it_returns)
{
	pid_t child = child_fork();

	if (!child)
		_exit(-msgpass_mailbox_call(self->mailbox, "hello", 5, self->buffer, 2));
	ASSERT_EQ(5, RECEIVE_WITH(.timeout_ns = LIMIT));
	EXPECT_EQ(0, msgpass_reply(self->mailbox, self->info.token, "goodbye", 7));
	EXPECT_EQ(EMSGSIZE, child_status(child));
	EXPECT_EQ(-EINVAL, msgpass_call_with(self->mailbox, "x", 1, NULL, 0,
					     &(struct msgpass_call_options){ .nonblock = true },
					     NULL));
}

TEST_F(library, an_interrupted_call_is_given_up)
{
	struct msgpass_reply_info reply_info;
	pid_t child = child_fork();

	if (!child) {
		tick_every_10_ms(0);
		CHECK(CALL_WITH("hello", .timeout_ns = LIMIT) == -EINTR);
		CHECK(!reply_info.token);
		setitimer(ITIMER_REAL, &(struct itimerval){}, NULL);
		CHECK(!msgpass_mailbox_send(self->mailbox, "done", 4));
		pause();
	}
	while (RECEIVE_WITH(.timeout_ns = LIMIT) == 5) {
		uint64_t token = self->info.token;
		struct msgpass_caller_info caller;

		EXPECT_TRUE(wait_until(msgpass_request_read(self->mailbox, token, 0, NULL, 0,
							    &caller) == -ESRCH));
		EXPECT_EQ(-ESRCH, msgpass_reply(self->mailbox, token, "x", 1));
	}
	EXPECT_EQ(4, self->info.length);
	child_kill(child);
}

TEST_F(library, a_call_times_out)
{
	struct msgpass_reply_info reply_info;

	EXPECT_EQ(-ETIMEDOUT, CALL_WITH("hello", .timeout_ns = 1000000));
	EXPECT_EQ(0, reply_info.token);
	EXPECT_EQ(-EAGAIN, RECEIVE_NOW());
	EXPECT_EQ(-EINVAL, CALL_WITH("x", .timeout_ns = 1, .deadline_ns = 1));
}

TEST_F(library, a_call_may_be_given_up_by_either_side)
{
	struct both_tokens first = call_oneself(self, "first");
	struct both_tokens second = call_oneself(self, "second");
	struct msgpass_reply_info reply_info;

	EXPECT_EQ(0, msgpass_abandon(self->mailbox, first.server));
	EXPECT_EQ(-EPIPE, CALL_WITH("", .token = first.caller));
	EXPECT_EQ(0, msgpass_call_cancel(self->mailbox, second.caller));
	EXPECT_EQ(-ESRCH, msgpass_reply(self->mailbox, second.server, "x", 1));
	EXPECT_EQ(-ESRCH, msgpass_call_cancel(self->mailbox, second.caller));
	EXPECT_EQ(-EINVAL, msgpass_call_cancel(self->mailbox, 0));
}

TEST_F(library, an_answer_tells_what_became_of_it)
{
	struct both_tokens first = call_oneself(self, "first");
	struct both_tokens second = call_oneself(self, "second");
	struct msgpass_receive_options nonblock = { .nonblock = true };
	struct msgpass_answer answer = { .token = first.server, .data = "x", .length = 1 };
	struct msgpass_reply_info reply_info;

	EXPECT_EQ(-EAGAIN, msgpass_reply_receive(self->mailbox, &answer, NULL, 0, &nonblock,
						 NULL));
	EXPECT_EQ(0, answer.token);
	EXPECT_EQ(0, answer.error);
	EXPECT_MESSAGE("x", CALL_WITH("", .token = first.caller));

	EXPECT_EQ(0, msgpass_call_cancel(self->mailbox, second.caller));
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "next", 4));
	answer.token = second.server;
	EXPECT_MESSAGE("next", msgpass_reply_receive(self->mailbox, &answer, self->buffer,
						     sizeof(self->buffer), &nonblock,
						     &self->info));
	EXPECT_EQ(0, answer.token);
	EXPECT_EQ(-ESRCH, answer.error);
	EXPECT_EQ(0, self->info.token);

	second = call_oneself(self, "third");
	answer = (struct msgpass_answer){ .token = second.server, .length = 1 };
	EXPECT_EQ(-EFAULT, msgpass_reply_receive(self->mailbox, &answer, NULL, 0, &nonblock,
						 NULL));
	EXPECT_EQ(second.server, answer.token);
	answer.reserved[1] = 1;
	EXPECT_EQ(-EINVAL, msgpass_reply_receive(self->mailbox, &answer, NULL, 0, &nonblock,
						 NULL));
	EXPECT_EQ(-EAGAIN, msgpass_reply_receive(self->mailbox, NULL, NULL, 0, &nonblock,
						 NULL));
}

TEST_F(library, a_request_is_read_in_pieces_and_its_caller_told)
{
	struct both_tokens tokens = call_oneself(self, "hello");
	struct msgpass_caller_info caller;

	EXPECT_MESSAGE("lo", msgpass_request_read(self->mailbox, tokens.server, 3, self->buffer,
						  sizeof(self->buffer), &caller));
	EXPECT_EQ(5, caller.length);
	EXPECT_EQ(getpid(), caller.pid);
	EXPECT_EQ(own_peer(self->device), caller.peer);
	EXPECT_EQ(geteuid(), caller.uid);
	EXPECT_EQ(getegid(), caller.gid);
	EXPECT_EQ(0, msgpass_request_read(self->mailbox, tokens.server, 5, self->buffer, 9,
					  NULL));
	EXPECT_EQ(-ESRCH, msgpass_request_read(self->mailbox, tokens.caller + 99, 0, NULL, 0,
					       NULL));
}

TEST_F(library, a_forwarded_call_is_replied_to_by_another)
{
	struct both_tokens tokens = call_oneself(self, "hello");
	struct msgpass_send_options to = { .pid = child_server(self, self->device, 1) };
	struct msgpass_reply_info reply_info;

	EXPECT_EQ(-EINVAL, msgpass_forward(self->device, tokens.server, "x", 1, NULL));
	to.synchronous = true;
	EXPECT_EQ(-EINVAL, msgpass_forward(self->device, tokens.server, "x", 1, &to));
	to.synchronous = false;
	EXPECT_EQ(0, msgpass_forward(self->device, tokens.server, "four", 4, &to));
	EXPECT_EQ(-ESRCH, msgpass_forward(self->device, tokens.server, "four", 4, &to));
	EXPECT_MESSAGE("xxxx", CALL_WITH("", .token = tokens.caller, .timeout_ns = LIMIT));
	EXPECT_EQ(0, child_status(to.pid));
}

/* --- settings and status */

TEST_F(library, settings_are_told_as_they_were_given)
{
	struct msgpass_settings given = {
		.has = MSGPASS_HAS_MODE | MSGPASS_HAS_CAPACITY | MSGPASS_HAS_CAPACITY_BYTES |
		       MSGPASS_HAS_MESSAGE_MAX,
		.mode = 0620, .capacity = 3, .capacity_bytes = 3000, .message_max = 1000,
	};
	struct msgpass_settings later = {
		.has = MSGPASS_HAS_CAPACITY_BYTES, .capacity_bytes = MSGPASS_NO_LIMIT,
	};
	struct msgpass_mailbox_status status;
	int fd = msgpass_mailbox_open(self->device, NULL, O_RDWR, &given);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, msgpass_mailbox_set(fd, NULL, &later));
	ASSERT_EQ(0, msgpass_mailbox_stat(fd, NULL, &status));
	EXPECT_STREQ("", status.name);
	EXPECT_EQ(0620, status.settings.mode);
	EXPECT_EQ(geteuid(), status.settings.uid);
	EXPECT_EQ(getegid(), status.settings.gid);
	EXPECT_EQ(3, status.settings.capacity);
	EXPECT_EQ(MSGPASS_NO_LIMIT, status.settings.capacity_bytes);
	EXPECT_EQ(1000, status.settings.message_max);
	EXPECT_EQ(-EMSGSIZE, msgpass_mailbox_send(fd, self, 1001));
	close(fd);
}

TEST_F(library, the_owner_and_the_group_are_set)
{
	struct msgpass_settings given = {
		.has = MSGPASS_HAS_UID | MSGPASS_HAS_GID, .uid = FATHER, .gid = FAMILY,
	};
	struct msgpass_mailbox_status status;

	if (geteuid())
		SKIP(return, "only root can give a mailbox away");
	ASSERT_EQ(0, msgpass_mailbox_set(self->mailbox, NULL, &given));
	ASSERT_EQ(0, msgpass_mailbox_stat(self->mailbox, NULL, &status));
	EXPECT_EQ(FATHER, status.settings.uid);
	EXPECT_EQ(FAMILY, status.settings.gid);
}

TEST_F(library, a_port_that_is_unused_is_found)
{
	struct msgpass_mailbox_status status;
	uint16_t port = 0, again;
	int fd = msgpass_port_open(self->device, &port, O_RDWR | O_CREAT, NULL);

	ASSERT_LE(0, fd);
	EXPECT_LE(1024, port);
	ASSERT_EQ(0, msgpass_mailbox_stat(fd, NULL, &status));
	EXPECT_EQ(port, atoi(status.name));
	close(fd);
	again = port;
	fd = msgpass_port_open(self->device, &again, O_RDONLY, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(port, again);
	EXPECT_EQ(0, msgpass_mailbox_delete(fd, NULL));
	close(fd);
	EXPECT_EQ(-ENOENT, msgpass_port_open(self->device, &port, O_RDONLY, NULL));
}

TEST_F(library, a_synchronous_send_is_received_when_it_returns)
{
	struct msgpass_send_options options = { .synchronous = true, .nonblock = true };
	char byte;
	pid_t child;

	EXPECT_EQ(-EAGAIN, msgpass_send_with(self->mailbox, "x", 1, &options));
	child = fork();
	if (!child) {
		options.nonblock = false;
		_exit(-msgpass_send_with(self->mailbox, "x", 1, &options));
	}
	EXPECT_EQ(1, msgpass_mailbox_receive(self->mailbox, &byte, 1, NULL));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(library, a_bound_mailbox_dies_with_its_process)
{
	struct msgpass_settings settings = { .bound = true };
	const char *name = unique_name("bound");
	struct msgpass_mailbox_status status;
	pid_t child = child_fork();
	int fd;

	if (!child) {
		CHECK(msgpass_mailbox_open(self->device, name, O_RDWR | O_CREAT, &settings) >= 0);
		for (;;)
			pause();
	}
	ASSERT_TRUE(wait_until((fd = msgpass_mailbox_open(self->device, name, O_RDWR, NULL)) >= 0));
	ASSERT_EQ(0, msgpass_mailbox_stat(fd, NULL, &status));
	EXPECT_EQ(child, status.owner_pid);
	EXPECT_NE(0, status.owner_peer);
	EXPECT_EQ(0, status.offered_peer);
	child_kill(child);
	EXPECT_EQ(-ENOENT, msgpass_mailbox_stat(self->device, name, &status));
	EXPECT_EQ(-EPIPE, msgpass_mailbox_receive(fd, self->buffer, 1, NULL));
	close(fd);
	EXPECT_EQ(-EINVAL, msgpass_mailbox_open(self->device, name, O_RDWR, &settings));
	EXPECT_EQ(-EINVAL, msgpass_mailbox_set(self->mailbox, NULL, &settings));
	EXPECT_EQ(-EINVAL, msgpass_inbox_set(self->device, &settings));
}

TEST_F(library, a_mailbox_is_given_and_accepted)
{
	struct msgpass_mailbox_status status;
	struct msgpass_system_info system;
	const char *name = unique_name("given");
	int fd = msgpass_mailbox_open(self->device, name, O_RDWR | O_CREAT, NULL);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, msgpass_get_info(self->device, &system));
	EXPECT_EQ(-EPERM, msgpass_mailbox_accept(fd, NULL));
	EXPECT_EQ(0, msgpass_mailbox_give(fd, NULL, getpid()));
	ASSERT_EQ(0, msgpass_mailbox_stat(fd, NULL, &status));
	EXPECT_EQ(system.peer, status.offered_peer);
	EXPECT_EQ(0, msgpass_mailbox_give_cancel(self->device, name));
	EXPECT_EQ(-ESRCH, msgpass_mailbox_give_cancel(fd, NULL));
	EXPECT_EQ(-EPERM, msgpass_mailbox_accept(fd, NULL));
	EXPECT_EQ(0, msgpass_mailbox_give_peer(self->device, name, system.peer));
	EXPECT_EQ(0, msgpass_mailbox_accept(self->device, name));
	ASSERT_EQ(0, msgpass_mailbox_stat(fd, NULL, &status));
	EXPECT_EQ(0, status.offered_peer);
	EXPECT_EQ(0, status.owner_peer);
	EXPECT_EQ(0, status.owner_pid);
	EXPECT_EQ(-EINVAL, msgpass_mailbox_give(fd, NULL, 0));
	EXPECT_EQ(-EINVAL, msgpass_mailbox_give(fd, NULL, -1));
	EXPECT_EQ(-ESRCH, msgpass_mailbox_give_peer(fd, NULL, UINT64_MAX));
	EXPECT_EQ(-EINVAL, msgpass_mailbox_give(fd, "", getpid()));
	EXPECT_EQ(-EINVAL, msgpass_mailbox_accept(fd, ""));
	EXPECT_EQ(0, msgpass_mailbox_delete(fd, NULL));
	close(fd);
}

TEST_F(library, a_mailbox_tells_what_went_through_it)
{
	struct msgpass_mailbox_status status;

	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "one", 3));
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "second", 6));
	ASSERT_EQ(3, RECEIVE_NOW());
	ASSERT_EQ(0, msgpass_mailbox_stat(self->mailbox, NULL, &status));
	EXPECT_EQ(1, status.queued);
	EXPECT_EQ(6, status.queued_bytes);
	EXPECT_EQ(0, status.receivers_waiting);
	EXPECT_EQ(0, status.senders_waiting);
	EXPECT_EQ(2, status.sent);
	EXPECT_EQ(1, status.received);
	EXPECT_EQ(0, status.dropped);
}

TEST_F(library, counters_come_with_a_status_and_with_a_listing)
{
	struct msgpass_mailbox_status mailbox;
	struct msgpass_counters counters, listed;
	struct msgpass_inbox_status inbox = {};
	struct msgpass_link_status link = {};

	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "one", 3));
	ASSERT_EQ(0, msgpass_mailbox_stat_with(self->mailbox, NULL, &mailbox, &counters));
	EXPECT_EQ(1, mailbox.sent);
	EXPECT_EQ(3, counters.sent_bytes);
	EXPECT_EQ(1, counters.queued_max);
	EXPECT_NE(0, counters.oldest_ns);

	ASSERT_EQ(0, msgpass_send(self->device, getpid(), "hello", 5));
	ASSERT_EQ(0, msgpass_inbox_stat_with(self->device, 0, 0, &inbox, &counters));
	EXPECT_EQ(5, counters.sent_bytes);
	EXPECT_EQ(-EINVAL, msgpass_inbox_stat_with(self->device, 1, inbox.peer, &inbox, NULL));
	link.to_peer = inbox.peer;
	ASSERT_EQ(1, msgpass_link_next_with(self->device, &link, &listed));
	EXPECT_EQ(0, link.dropped);
	EXPECT_EQ(0, memcmp(&counters, &listed, sizeof(listed)));
	inbox.peer--;
	ASSERT_EQ(1, msgpass_inbox_next_with(self->device, &inbox, &listed));
	EXPECT_EQ(0, memcmp(&counters, &listed, sizeof(listed)));
}

TEST_F(library, mailboxes_are_listed_by_name)
{
	struct msgpass_mailbox_status status, listed = {};
	const char *name = unique_name("listed");
	int found = 0, ret;
	int fd = msgpass_mailbox_open(self->device, name, O_RDWR | O_CREAT, NULL);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, msgpass_mailbox_stat(self->device, name, &status));
	EXPECT_NE(0, status.id);
	while ((ret = msgpass_mailbox_next(self->device, &listed)) > 0) {
		EXPECT_STRNE("", listed.name);
		if (!strcmp(name, listed.name)) {
			EXPECT_EQ(status.id, listed.id);
			found++;
		}
	}
	EXPECT_EQ(0, ret);
	EXPECT_EQ(1, found);
	EXPECT_EQ(0, msgpass_mailbox_delete(fd, NULL));
	EXPECT_EQ(-ENOENT, msgpass_mailbox_stat(self->device, name, &status));
	close(fd);
}

TEST_F(library, the_own_inbox_is_set_and_told)
{
	struct msgpass_settings settings = {
		.has = MSGPASS_HAS_MODE | MSGPASS_HAS_CAPACITY, .mode = 0202, .capacity = 2,
	};
	struct msgpass_inbox_status status, by_peer;

	ASSERT_EQ(0, msgpass_inbox_set(self->device, &settings));
	ASSERT_EQ(0, msgpass_send(self->device, getpid(), "hello", 5));
	ASSERT_EQ(0, msgpass_inbox_stat(self->device, 0, &status));
	EXPECT_EQ(getpid(), status.pid);
	EXPECT_EQ(getuid(), status.uid);
	EXPECT_EQ(0202, status.settings.mode);
	EXPECT_EQ(2, status.settings.capacity);
	EXPECT_EQ(1, status.links);
	EXPECT_EQ(1, status.queued);
	EXPECT_EQ(5, status.queued_bytes);
	EXPECT_EQ(1, status.sent);
	ASSERT_EQ(0, msgpass_inbox_stat_peer(self->device, status.peer, &by_peer));
	EXPECT_EQ(getpid(), by_peer.pid);
	ASSERT_EQ(0, msgpass_inbox_stat(self->device, getpid(), &by_peer));
	EXPECT_EQ(status.peer, by_peer.peer);
}

TEST_F(library, an_inbox_that_can_not_be_is_not_told_of)
{
	struct msgpass_inbox_status status;
	pid_t child = child_idle();

	EXPECT_EQ(-ESRCH, msgpass_inbox_stat(self->device, child, &status));
	EXPECT_EQ(-EINVAL, msgpass_inbox_stat(self->device, -1, &status));
	EXPECT_EQ(-EINVAL, msgpass_inbox_stat_peer(self->device, 0, &status));
	EXPECT_EQ(-ESRCH, msgpass_inbox_stat_peer(self->device, UINT64_MAX, &status));
	child_kill(child);
}

TEST_F(library, inboxes_and_links_are_listed)
{
	struct msgpass_system_info system;
	struct msgpass_inbox_status inbox = {};
	struct msgpass_link_status link = {};
	int inboxes = 0, links = 0, ret;

	ASSERT_EQ(0, msgpass_send(self->device, getpid(), "hello", 5));
	ASSERT_EQ(0, msgpass_get_info(self->device, &system));
	while ((ret = msgpass_inbox_next(self->device, &inbox)) > 0)
		inboxes += inbox.peer == system.peer && inbox.queued == 1;
	EXPECT_EQ(0, ret);
	EXPECT_EQ(1, inboxes);
	while ((ret = msgpass_link_next(self->device, &link)) > 0)
		links += link.to_peer == system.peer && link.from_peer == system.peer &&
			 link.to_pid == getpid() && link.from_pid == getpid() &&
			 link.queued == 1 && link.queued_bytes == 5 && link.sent == 1 &&
			 link.received == 0 && link.capacity == system.capacity_default;
	EXPECT_EQ(0, ret);
	EXPECT_EQ(1, links);
}

TEST_F(library, limits_and_usage_are_told)
{
	struct msgpass_system_info empty, holding;

	ASSERT_EQ(0, msgpass_get_info(self->device, &empty));
	EXPECT_NE(0, empty.peer);
	EXPECT_NE(0, empty.message_max);
	EXPECT_LE(empty.capacity_default, empty.capacity_max);
	EXPECT_LE(empty.mailboxes, empty.mailboxes_max);
	EXPECT_LE(empty.user_bytes, empty.user_bytes_max);
	ASSERT_EQ(0, msgpass_mailbox_send(self->mailbox, "hello", 5));
	ASSERT_EQ(0, msgpass_get_info(self->mailbox, &holding));
	EXPECT_EQ(empty.peer, holding.peer);
	EXPECT_GE(holding.user_bytes, empty.user_bytes + 5);
}

/* --- broadcast */

TEST_F(library, a_broadcast_reaches_all_who_receive)
{
	struct msgpass_settings broadcast = { .broadcast = true };
	const char *name = unique_name("broadcast");
	struct msgpass_mailbox_status status;
	int readers[2], fd, i;

	fd = msgpass_mailbox_open(self->device, name, O_WRONLY | O_CREAT, &broadcast);
	ASSERT_GE(fd, 0);
	for (i = 0; i < 2; i++) {
		readers[i] = msgpass_mailbox_open(self->device, name, O_RDONLY, NULL);
		ASSERT_GE(readers[i], 0);
	}
	ASSERT_EQ(0, msgpass_mailbox_send(fd, "hello", 5));
	ASSERT_EQ(0, msgpass_mailbox_stat(fd, NULL, &status));
	EXPECT_TRUE(status.broadcast);
	EXPECT_FALSE(status.lossy);
	EXPECT_EQ(2, status.subscribers);
	EXPECT_EQ(2, status.queued);
	ASSERT_EQ(0, msgpass_mailbox_stat(readers[0], NULL, &status));
	EXPECT_EQ(1, status.queued);
	for (i = 0; i < 2; i++) {
		EXPECT_MESSAGE("hello", msgpass_mailbox_receive(readers[i], self->buffer,
								sizeof(self->buffer),
								&self->info));
		EXPECT_EQ(0, self->info.missed);
		close(readers[i]);
	}
	EXPECT_EQ(-EOPNOTSUPP, SEND_WITH(fd, "x", .receipt = true));
	EXPECT_EQ(-EINVAL, msgpass_mailbox_set(fd, NULL, &broadcast));
	EXPECT_EQ(-EINVAL, msgpass_inbox_set(self->device, &broadcast));
	EXPECT_EQ(0, msgpass_mailbox_delete(fd, NULL));
	close(fd);
}

TEST_F(library, who_is_too_slow_for_a_lossy_broadcast_is_told)
{
	struct msgpass_settings lossy = {
		.has = MSGPASS_HAS_CAPACITY, .capacity = 1, .broadcast = true, .lossy = true,
	};
	struct msgpass_receive_options nonblock = { .nonblock = true };
	struct msgpass_mailbox_status status;
	int fd = msgpass_mailbox_open(self->device, NULL, O_RDWR, &lossy);

	ASSERT_GE(fd, 0);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, msgpass_mailbox_send(fd, "x", 1));
	EXPECT_EQ(1, msgpass_mailbox_receive(fd, self->buffer, 1, &self->info));
	EXPECT_EQ(0, self->info.missed);
	EXPECT_EQ(-EAGAIN, msgpass_receive_with(fd, self->buffer, 1, &nonblock, &self->info));
	ASSERT_EQ(0, msgpass_mailbox_send(fd, "x", 1));
	EXPECT_EQ(1, msgpass_receive_with(fd, self->buffer, 1, &nonblock, &self->info));
	EXPECT_EQ(2, self->info.missed);
	ASSERT_EQ(0, msgpass_mailbox_stat(fd, NULL, &status));
	EXPECT_TRUE(status.lossy);
	EXPECT_EQ(2, status.missed);
	close(fd);
}

/* --- the wrong descriptor */

TEST_F(library, a_descriptor_of_the_wrong_kind_is_refused)
{
	struct msgpass_system_info system;

	EXPECT_EQ(-EBADF, msgpass_get_info(-1, &system));
	EXPECT_EQ(-ENOTTY, msgpass_mailbox_open(self->mailbox, "x", O_RDWR, NULL));
	EXPECT_EQ(-EINVAL, msgpass_mailbox_send(self->device, "x", 1));
	EXPECT_EQ(-EINVAL, SEND_WITH(self->mailbox, "x", .pid = getpid()));
}

/* --- batches */

/* Strings to send, and places for as many. */
static void fill_batch(struct msgpass_outgoing *out, struct msgpass_incoming *in, char (*text)[8],
		       unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		snprintf(text[i], sizeof(text[i]), "%u", i);
		out[i] = (struct msgpass_outgoing){
			.data = text[i], .length = strlen(text[i]), .type = i, .priority = 2 * i,
		};
		in[i] = (struct msgpass_incoming){
			.buffer = text[count + i], .size = sizeof(text[i]),
		};
	}
}

TEST_F(library, a_batch_is_sent_and_received_whatever_its_size)
{
	enum { COUNT = 200 };
	static struct msgpass_outgoing out[COUNT];
	static struct msgpass_incoming in[COUNT + 1];
	static char text[2 * COUNT][8];
	unsigned int i;

	fill_batch(out, in, text, COUNT);
	ASSERT_EQ(COUNT, msgpass_send_batch(self->mailbox, out, COUNT, NULL));
	ASSERT_EQ(COUNT, msgpass_receive_batch(self->mailbox, in, COUNT + 1, NULL));
	for (i = 0; i < COUNT; i++) {
		EXPECT_EQ(strlen(text[i]), in[i].info.length);
		EXPECT_EQ(0, memcmp(text[i], text[COUNT + i], strlen(text[i])));
		EXPECT_EQ(i, in[i].info.type);
		EXPECT_EQ(2 * i, in[i].info.priority);
		EXPECT_EQ(i + 1, in[i].info.sequence);
		EXPECT_EQ(getpid(), in[i].info.pid);
	}
}

TEST_F(library, a_batch_tells_how_many_could_be_sent_and_were_there)
{
	const struct msgpass_send_options now = { .nonblock = true };
	const struct msgpass_receive_options at_once = { .nonblock = true };
	struct msgpass_settings three = { .has = MSGPASS_HAS_CAPACITY, .capacity = 3 };
	struct msgpass_outgoing out[5];
	struct msgpass_incoming in[5];
	char text[10][8];

	fill_batch(out, in, text, 5);
	ASSERT_EQ(0, msgpass_mailbox_set(self->mailbox, NULL, &three));
	EXPECT_EQ(3, msgpass_send_batch(self->mailbox, out, 5, &now));
	EXPECT_EQ(-EAGAIN, msgpass_send_batch(self->mailbox, out + 3, 2, &now));
	EXPECT_EQ(2, msgpass_receive_batch(self->mailbox, in, 2, NULL));
	EXPECT_EQ(1, msgpass_receive_batch(self->mailbox, in, 5, NULL));
	EXPECT_EQ(-EAGAIN, msgpass_receive_batch(self->mailbox, in, 5, &at_once));
	EXPECT_EQ(1, msgpass_send_batch(self->mailbox, out, 1, NULL));
	in[0].size = 0;
	EXPECT_EQ(-EMSGSIZE, msgpass_receive_batch(self->mailbox, in, 5, NULL));
	EXPECT_EQ(1, in[0].info.length);
	EXPECT_EQ(-EINVAL, msgpass_send_batch(self->mailbox, out, 0, NULL));
	EXPECT_EQ(-EINVAL, msgpass_receive_batch(self->mailbox, in, 0, NULL));
}

TEST_F(library, a_batch_goes_to_a_process_and_selects_like_a_receive)
{
	const struct msgpass_send_options to_me = { .pid = getpid(), .timeout_ns = LIMIT };
	const struct msgpass_receive_options third = {
		.pid = getpid(), .select = MSGPASS_SELECT_TYPE, .type = 2, .timeout_ns = LIMIT,
	};
	struct msgpass_outgoing out[3];
	struct msgpass_incoming in[3];
	char text[6][8];

	fill_batch(out, in, text, 3);
	ASSERT_EQ(3, msgpass_send_batch(self->device, out, 3, &to_me));
	ASSERT_EQ(1, msgpass_receive_batch(self->device, in, 3, &third));
	EXPECT_EQ(0, memcmp("2", text[3], 1));
	EXPECT_EQ(2, msgpass_receive_batch(self->device, in, 3, NULL));
}

TEST_F(library, every_wait_may_spin)
{
	const struct msgpass_receive_options receiving = { .spin = true, .timeout_ns = 1 };
	struct msgpass_reply_info reply_info;
	struct msgpass_incoming in = {};
	struct msgpass_outgoing out = {};

	ASSERT_EQ(0, SEND_WITH(self->mailbox, "hello", .spin = true));
	EXPECT_MESSAGE("hello", RECEIVE_WITH(.spin = true));
	EXPECT_EQ(1, msgpass_send_batch(self->mailbox, &out, 1,
					&(struct msgpass_send_options){ .spin = true }));
	EXPECT_EQ(1, msgpass_receive_batch(self->mailbox, &in, 1, &receiving));
	EXPECT_EQ(-ETIMEDOUT, msgpass_receive_batch(self->mailbox, &in, 1, &receiving));
	EXPECT_EQ(-ETIMEDOUT, CALL_WITH("hello", .spin = true, .timeout_ns = 1));
}

TEST_F(library, what_is_of_a_single_message_does_not_go_with_a_batch)
{
	const int fd = 0;
	const struct msgpass_send_options sending[] = {
		{ .synchronous = true }, { .receipt = true }, { .type = 1 }, { .priority = 1 },
		{ .lifetime_ns = 1 }, { .cookie = 1 }, { .fds = &fd, .fds_count = 1 },
		{ .reserved = { 1 } },
	};
	const struct msgpass_receive_options receiving[] = {
		{ .peek = true }, { .pieces = true }, { .fds_room = 1 }, { .reserved = { 1 } },
	};
	struct msgpass_outgoing out = { .data = "x", .length = 1 };
	struct msgpass_incoming in = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sending); i++)
		EXPECT_EQ(-EINVAL, msgpass_send_batch(self->mailbox, &out, 1, &sending[i]));
	for (i = 0; i < ARRAY_SIZE(receiving); i++)
		EXPECT_EQ(-EINVAL, msgpass_receive_batch(self->mailbox, &in, 1, &receiving[i]));
}

#include "afterwards.h"
