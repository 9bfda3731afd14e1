// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints: what each kind of operation tells, in which order, and that what begins is
 * told to end. On both kinds of channel, but where one lacks what a test needs.
 *
 * A test reads a buffer of its own as text, and finds what it expects one line after the other;
 * other lines may stand between.
 */
#include "msgpass_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define TRACING		"/sys/kernel/tracing"
#define INSTANCE	TRACING "/instances/msgpass_test"
#define MS		1000000ULL

enum { LENGTH = 300001, MESSAGE_MAX = 64 << 10, TEXT_MAX = 8 << 20 };

FIXTURE(tracing) {
	struct channel channel;
	int fd;			/* the channel's */
	int device;
	pid_t me;
	uint64_t to;
	uint64_t port;		/* of the channel, to the test */
	char *text;		/* of the trace */
	char line[512];		/* that was found last */
	unsigned int at;	/* the number of the line after it */
};

FIXTURE_VARIANT(tracing) {
	bool direct;
};

FIXTURE_VARIANT_ADD(tracing, direct) { .direct = true };
FIXTURE_VARIANT_ADD(tracing, mailbox) { };

/* --- the trace */

static bool is_traced(void)
{
	return !access(TRACING "/instances", F_OK);
}

/* All tests have one instance: to make it takes longer than most of them. */
static int trace_start(void)
{
	if (mkdir(INSTANCE, 0700) && errno != EEXIST)
		return -1;
	/* It empties the buffer. */
	close(open(INSTANCE "/trace", O_WRONLY | O_TRUNC));
	/* Of all CPUs, so that lines stand in the order of what happened. */
	return file_write(INSTANCE "/trace_clock", "counter") ?:
	       file_write(INSTANCE "/buffer_size_kb", "4096") ?:
	       file_write(INSTANCE "/events/msgpass/enable", "1");
}

static void trace_stop(void)
{
	file_write(INSTANCE "/events/msgpass/enable", "0");
}

/* Of the program, not of a test, which ends in another way. */
static void __attribute__((destructor)) trace_remove(void)
{
	rmdir(INSTANCE);
}

static void trace_read(char *text)
{
	int fd = open(INSTANCE "/trace", O_RDONLY);
	ssize_t got, length = 0;

	while ((got = read(fd, text + length, TEXT_MAX - 1 - length)) > 0)
		length += got;
	text[length] = 0;
	close(fd);
}

/* Line number @from or a later one that is like @pattern: its number after, or 0. */
static unsigned int find_line(char *text, unsigned int from, const char *pattern, char *line)
{
	unsigned int number = 0;
	char *end;

	for (; (end = strchr(text, '\n')); text = end + 1) {
		snprintf(line, 512, "%.*s", (int)(end - text), text);
		if (line[0] != '#' && number++ >= from && !fnmatch(pattern, line, 0))
			return number;
	}
	return 0;
}

static bool find_now(FIXTURE_DATA(tracing) *self, const char *pattern)
{
	unsigned int found;

	trace_read(self->text);
	found = find_line(self->text, self->at, pattern, self->line);
	if (found)
		self->at = found;
	return found;
}

/* Is there, by now or soon, such a line after the one that was found last? */
static bool __attribute__((format(printf, 2, 3)))
seen(FIXTURE_DATA(tracing) *self, const char *format, ...)
{
	char pattern[512] = "*: ";
	va_list args;

	va_start(args, format);
	vsnprintf(pattern + 3, sizeof(pattern) - 3, format, args);
	va_end(args);
	if (!wait_until(find_now(self, pattern))) {
		fprintf(stderr, "# not there after line %u: %s\n%s", self->at, pattern, self->text);
		return false;
	}
	return true;
}

/* Of the line that was found last. */
static uint64_t field(FIXTURE_DATA(tracing) *self, const char *name)
{
	char key[32];
	char *at;

	snprintf(key, sizeof(key), " %s=", name);
	at = strstr(self->line, key);
	return at ? strtoull(at + strlen(key), NULL, 10) : ~0ULL;
}

static pid_t acting(FIXTURE_DATA(tracing) *self)
{
	char *at = strstr(self->line, " [");

	while (at && at > self->line && at[-1] == ' ')
		at--;
	while (at && at > self->line && at[-1] != '-')
		at--;
	return at ? atoi(at) : 0;
}

#define EXPECT_SEEN(...) EXPECT_TRUE(seen(self, __VA_ARGS__))
#define ASSERT_SEEN(...) ASSERT_TRUE(seen(self, __VA_ARGS__))

FIXTURE_SETUP(tracing)
{
	NEED_ROOT();
	if (!is_traced())
		SKIP_TEST("this kernel has no tracing, or its instances are not at " TRACING);
	self->device = device_open();
	ASSERT_LE(0, self->device);
	settled_user_bytes(self->device);
	self->text = malloc(TEXT_MAX);
	ASSERT_EQ(0, trace_start());
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->fd = self->channel.fd;
	self->me = getpid();
	self->to = address(&self->channel, self->me);
	self->port = own_peer(self->device);
	if (!variant->direct) {
		ASSERT_SEEN("mailbox_new: port=* name= uid=0 mode=0600 capacity=* flags=");
		self->port = field(self, "port");
	}
}

FIXTURE_TEARDOWN(tracing)
{
	close(self->fd);
	close(self->device);
	trace_stop();
	free(self->text);
}

/* Who alone can end a wait at the channel: the test, or anybody. */
static pid_t owner(FIXTURE_DATA(tracing) *self)
{
	return self->channel.direct ? self->me : 0;
}

static void ignore_signal(int signal)
{
	(void)signal;
}

/* --- messages */

TEST_F(tracing, of_a_message_tells_how_it_is_sent_queued_and_received)
{
	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, .type = 3, .priority = 2, NUMBER(2)));
	ASSERT_EQ(1, TAKE(self->fd));
	ASSERT_EQ(2, TAKE(self->fd));

	EXPECT_SEEN("send: port=%lu from=%d length=4 type=0 priority=0 flags=nonblock",
		    self->port, self->me);
	EXPECT_EQ(self->me, acting(self));
	EXPECT_SEEN("queue: port=%lu sequence=1 from=%d length=4 type=0 priority=0 queued=1",
		    self->port, self->me);
	EXPECT_SEEN("send: port=%lu from=%d length=4 type=3 priority=2 flags=",
		    self->port, self->me);
	EXPECT_SEEN("queue: port=%lu sequence=2 from=%d length=4 type=3 priority=2 queued=2",
		    self->port, self->me);
	EXPECT_SEEN("receive: port=%lu sequence=1 from=%d to=%d length=4",
		    self->port, self->me, self->me);
	EXPECT_SEEN("receive: port=%lu sequence=2 from=%d to=%d length=4",
		    self->port, self->me, self->me);
}

TEST_F(tracing, of_a_receiver_who_waits_tells_who_hands_it_the_message)
{
	pid_t child = child_receiving(&self->channel, 0);
	uint64_t port = self->port;

	if (variant->direct) {
		ASSERT_SEEN("inbox_new: port=* pid=%d by=%d", child, child);
		port = field(self, "port");
		EXPECT_EQ(peer_of(self->device, child), port);
	}
	ASSERT_SEEN("wait: port=%lu pid=%d thread=%d whom=0 what=message deadline=0",
		    port, child, child);
	EXPECT_EQ(child, acting(self));
	ASSERT_EQ(0, send_number(self->fd, address(&self->channel, child), 7));
	ASSERT_EQ(7, child_status(child));

	if (variant->direct)
		EXPECT_SEEN("link_new: port=%lu to=%d from=%d", port, child, self->me);
	EXPECT_SEEN("queue: port=%lu sequence=1 from=%d *", port, self->me);
	EXPECT_SEEN("hand_off: port=%lu sequence=1 from=%d to=%d", port, self->me, child);
	EXPECT_SEEN("wake: port=%lu pid=%d thread=%d what=message result=0", port, child, child);
	EXPECT_EQ(self->me, acting(self));
	EXPECT_SEEN("receive: port=%lu sequence=1 from=%d to=%d *", port, self->me, child);
	EXPECT_EQ(child, acting(self));
}

TEST_F(tracing, of_receivers_who_wait_shows_the_order_in_which_they_are_served)
{
	unsigned int i;
	pid_t child[3];

	if (variant->direct)
		SKIP(return, "of a mailbox, which has many receivers");
	for (i = 0; i < 3; i++) {
		child[i] = child_receiving(&self->channel, 0);
		ASSERT_TRUE(receivers_wait(&self->channel, 0, i + 1));
	}
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, send_number(self->fd, 0, i));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i, child_status(child[i]));
	for (i = 0; i < 3; i++)
		EXPECT_SEEN("hand_off: port=%lu sequence=%u from=%d to=%d", self->port, i + 1,
			    self->me, child[i]);
}

TEST_F(tracing, of_a_receive_from_one_process_tells_for_whom_it_waits)
{
	pid_t child;

	if (!variant->direct)
		SKIP(return, "a mailbox names no process");
	child = child_receiving(&self->channel, self->me);
	EXPECT_SEEN("wait: port=* pid=%d thread=%d whom=%d what=message deadline=0", child, child,
		    self->me);
	ASSERT_EQ(0, send_number(self->fd, child, 0));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(tracing, of_a_sender_who_waits_for_room_tells_who_makes_it)
{
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	child = child_fork();
	if (!child) {
		CHECK(!send_number(self->fd, self->to, 1));
		_exit(-SEND(self->fd, .to = self->to, NUMBER(2), .deadline = soon()));
	}
	ASSERT_SEEN("wait: port=%lu pid=%d thread=%d whom=%d what=room deadline=[1-9]*",
		    self->port, child, child, owner(self));
	ASSERT_EQ(1, AWAIT(self->fd));
	ASSERT_EQ(2, AWAIT(self->fd));
	ASSERT_EQ(0, child_status(child));

	EXPECT_SEEN("receive: port=%lu sequence=1 from=%d to=%d *", self->port, child, self->me);
	EXPECT_SEEN("queue: port=%lu sequence=2 from=%d *", self->port, child);
	EXPECT_EQ(self->me, acting(self));
	EXPECT_SEEN("wake: port=%lu pid=%d thread=%d what=room result=0", self->port, child, child);
	EXPECT_SEEN("receive: port=%lu sequence=2 from=%d to=%d *", self->port, child, self->me);
}

TEST_F(tracing, of_a_rendezvous_tells_that_the_sender_wakes_once_it_is_received)
{
	pid_t child = child_fork();

	if (!child)
		_exit(-SEND(self->fd, .to = self->to, .flags = MSGPASS_SYNCHRONOUS, NUMBER(1)));
	ASSERT_SEEN("send: port=%lu from=%d * flags=synchronous", self->port, child);
	ASSERT_SEEN("queue: port=%lu sequence=1 *", self->port);
	ASSERT_SEEN("wait: port=%lu pid=%d thread=%d whom=%d what=rendezvous deadline=0",
		    self->port, child, child, owner(self));
	ASSERT_EQ(1, AWAIT(self->fd));
	ASSERT_EQ(0, child_status(child));
	EXPECT_SEEN("receive: port=%lu sequence=1 *", self->port);
	EXPECT_SEEN("wake: port=%lu pid=%d thread=%d what=rendezvous result=0", self->port, child,
		    child);
	EXPECT_EQ(self->me, acting(self));
}

TEST_F(tracing, of_a_receive_that_fails_tells_that_the_message_is_back)
{
	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	ASSERT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(1, 4)));
	ASSERT_EQ(1, TAKE(self->fd));
	EXPECT_SEEN("restore: port=%lu sequence=1 from=%d to=%d error=%d", self->port, self->me,
		    self->me, -EFAULT);
	EXPECT_SEEN("fail: pid=%d ioctl=receive error=%d", self->me, -EFAULT);
	EXPECT_SEEN("receive: port=%lu sequence=1 *", self->port);
}

TEST_F(tracing, of_a_send_tells_what_it_asks_for)
{
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, .flags = MSGPASS_RECEIPT,
			  .lifetime = 3600000 * MS, NUMBER(1)));
	ASSERT_EQ(1, TAKE(self->fd));
	EXPECT_SEEN("send: port=%lu * flags=receipt|lifetime", self->port);
	EXPECT_SEEN("receive: port=%lu sequence=1 *", self->port);
	EXPECT_SEEN("send: port=%lu from=%d * flags=nonblock|is_receipt", own_peer(self->device),
		    self->me);
	ASSERT_EQ(0, RECEIVE(self->device, NULL, BYTES(&(struct msgpass_receipt){ },
						       sizeof(struct msgpass_receipt)),
			     .flags = MSGPASS_RECEIPT));
}

TEST_F(tracing, of_a_batch_tells_of_each_of_its_messages)
{
	uint32_t numbers[3] = { 1, 2, 3 };
	struct msgpass_receive_element in[3];
	struct msgpass_send_element out[3];
	struct msgpass_send_batch send = { .size = sizeof(send), .to = self->to,
		.elements = (uintptr_t)out, .count = 3 };
	struct msgpass_receive_batch receive = { .size = sizeof(receive),
		.elements = (uintptr_t)in, .count = 3 };
	int i;

	for (i = 0; i < 3; i++) {
		out[i] = (struct msgpass_send_element){ BYTES(&numbers[i], 4), .type = i };
		in[i] = (struct msgpass_receive_element){ BYTES(&numbers[i], 4) };
	}
	/* The first send makes the link, and goes by itself. */
	ASSERT_EQ(0, send_number(self->fd, self->to, 0));
	ASSERT_EQ(0, TAKE(self->fd));
	ASSERT_EQ(3, call(self->fd, MSGPASS_IOC_SEND_BATCH, &send));
	ASSERT_EQ(3, call(self->fd, MSGPASS_IOC_RECEIVE_BATCH, &receive));
	for (i = 0; i < 3; i++)
		EXPECT_SEEN("send: port=%lu from=%d length=4 type=%d priority=0 flags=batch",
			    self->port, self->me, i);
	for (i = 0; i < 3; i++)
		EXPECT_SEEN("queue: port=%lu sequence=%d from=%d length=4 type=%d * queued=%d",
			    self->port, i + 2, self->me, i, i + 1);
	for (i = 0; i < 3; i++)
		EXPECT_SEEN("receive: port=%lu sequence=%d from=%d to=%d length=4", self->port,
			    i + 2, self->me, self->me);
}

TEST_F(tracing, of_a_flow_tells_of_its_head_and_of_its_end)
{
	char *buffer = malloc(LENGTH);
	struct msgpass_receive head;
	struct msgpass_piece_read rest;
	pid_t child;

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				 .message_max = MESSAGE_MAX));
	child = child_fork();
	if (!child)
		_exit(-SEND(self->fd, .to = self->to, .flags = MSGPASS_FLOW,
			    BYTES(buffer, LENGTH)));
	ASSERT_SEEN("send: port=%lu from=%d length=%d * flags=synchronous|flow", self->port, child,
		    LENGTH);
	ASSERT_SEEN("wait: port=%lu pid=%d * what=rendezvous *", self->port, child);
	ASSERT_EQ(0, RECEIVE(self->fd, &head, BYTES(buffer, 1000), .flags = MSGPASS_PIECES));
	EXPECT_SEEN("receive: port=%lu sequence=1 from=%d to=%d length=%d", self->port, child,
		    self->me, LENGTH);
	EXPECT_SEEN("wake: port=%lu pid=%d * what=rendezvous result=0", self->port, child);
	EXPECT_SEEN("wait: port=%lu pid=%d thread=%d whom=%d what=flow deadline=0", self->port,
		    child, child, owner(self));
	rest = (struct msgpass_piece_read){ .size = sizeof(rest), .token = head.out_token,
		BYTES(buffer, LENGTH) };
	ASSERT_EQ(0, call(self->fd, MSGPASS_IOC_PIECE_READ, &rest));
	EXPECT_SEEN("wake: port=%lu pid=%d thread=%d what=flow result=0", self->port, child, child);
	EXPECT_EQ(0, child_status(child));
	free(buffer);
}

/* --- waits that are given up */

TEST_F(tracing, of_a_deadline_tells_that_the_wait_is_given_up)
{
	uint64_t deadline = now() + 10 * MS;
	uint32_t number;

	ASSERT_EQ(-ETIMEDOUT, RECEIVE(self->fd, NULL, BYTES(&number, 4), .deadline = deadline));
	EXPECT_SEEN("wait: port=%lu pid=%d thread=%d whom=0 what=message deadline=%lu", self->port,
		    self->me, self->me, deadline);
	EXPECT_SEEN("cancel: port=%lu pid=%d thread=%d what=message error=%d", self->port, self->me,
		    self->me, -ETIMEDOUT);
	EXPECT_SEEN("fail: pid=%d ioctl=receive error=%d", self->me, -ETIMEDOUT);
}

TEST_F(tracing, of_a_signal_tells_that_the_wait_is_given_up)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	pid_t child = child_fork();
	uint32_t number;

	if (!child) {
		sigaction(SIGUSR1, &action, NULL);
		_exit(-RECEIVE(self->fd, NULL, BYTES(&number, 4)));
	}
	ASSERT_SEEN("wait: port=* pid=%d * what=message *", child);
	ASSERT_EQ(0, kill(child, SIGUSR1));
	EXPECT_EQ(EINTR, child_status(child));
	EXPECT_SEEN("cancel: port=* pid=%d thread=%d what=message error=%d", child, child, -EINTR);
	EXPECT_SEEN("fail: pid=%d ioctl=receive error=%d", child, -EINTR);
}

TEST_F(tracing, of_a_sender_who_gives_up_tells_that_the_message_is_withdrawn)
{
	ASSERT_EQ(-ETIMEDOUT, SEND(self->fd, .to = self->to, .flags = MSGPASS_SYNCHRONOUS,
				   .deadline = now() + 10 * MS, NUMBER(1)));
	EXPECT_SEEN("queue: port=%lu sequence=1 *", self->port);
	EXPECT_SEEN("cancel: port=%lu pid=%d * what=rendezvous error=%d", self->port, self->me,
		    -ETIMEDOUT);
	EXPECT_SEEN("drop: port=%lu sequence=1 from=%d reason=withdrawn", self->port, self->me);
	EXPECT_SEEN("fail: pid=%d ioctl=send error=%d", self->me, -ETIMEDOUT);
}

TEST_F(tracing, of_a_flow_that_is_given_up_tells_that_its_sender_waits_no_more)
{
	char *buffer = malloc(LENGTH);
	struct msgpass_receive head;
	pid_t child;

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				 .message_max = MESSAGE_MAX));
	ASSERT_EQ(-ETIMEDOUT, SEND(self->fd, .to = self->to, .flags = MSGPASS_FLOW,
				   BYTES(buffer, LENGTH), .deadline = now() + MS));
	ASSERT_SEEN("cancel: port=%lu pid=%d * what=rendezvous *", self->port, self->me);
	ASSERT_SEEN("drop: port=%lu sequence=1 *", self->port);
	/* What has never begun to flow is not waited for. */
	EXPECT_EQ(0, find_line(self->text, 0, "* what=flow *", self->line));
	child = child_fork();
	if (!child)
		_exit(-SEND(self->fd, .to = self->to, .flags = MSGPASS_FLOW,
			    BYTES(buffer, LENGTH), .deadline = now() + 300 * MS));
	ASSERT_EQ(0, RECEIVE(self->fd, &head, BYTES(buffer, 1000), .deadline = soon(),
			     .flags = MSGPASS_PIECES));
	/* A part went through, which is no error. */
	EXPECT_EQ(0, child_status(child));
	EXPECT_SEEN("cancel: port=%lu pid=%d thread=%d what=flow error=%d", self->port, child,
		    child, -ETIMEDOUT);
	EXPECT_EQ(0, call(self->fd, MSGPASS_IOC_PIECE_READ, &(struct msgpass_piece_read){
		.size = sizeof(struct msgpass_piece_read), .token = head.out_token,
		.flags = MSGPASS_CANCEL }));
	free(buffer);
}

/* --- ends */

TEST_F(tracing, of_a_lifetime_that_is_over_tells_that_the_message_is_dropped)
{
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, .lifetime = 10 * MS, NUMBER(1)));
	EXPECT_SEEN("drop: port=%lu sequence=1 from=%d reason=expired", self->port, self->me);
}

TEST_F(tracing, of_the_death_of_a_process_tells_what_goes_with_it)
{
	uint64_t port;
	pid_t child;

	if (!variant->direct)
		SKIP(return, "of a process");
	child = child_idle();
	ASSERT_EQ(0, send_number(self->fd, child, 1));
	ASSERT_SEEN("inbox_new: port=* pid=%d by=%d", child, self->me);
	port = field(self, "port");
	EXPECT_SEEN("link_new: port=%lu to=%d from=%d", port, child, self->me);
	child_kill(child);
	EXPECT_SEEN("inbox_gone: port=%lu pid=%d by=*", port, child);
	EXPECT_SEEN("drop: port=%lu sequence=1 from=%d reason=died", port, self->me);
	EXPECT_SEEN("link_gone: port=%lu to=%d from=%d", port, child, self->me);
}

/* The first to use its inbox afterwards finds out, and acts. */
TEST_F(tracing, of_an_exec_with_other_credentials_tells_what_it_drops)
{
	int go[2], executed[2];
	uint64_t port;
	pid_t child;
	char byte;

	if (!variant->direct)
		SKIP(return, "of a process");
	if (access(beside("helper_exec"), X_OK))
		SKIP(return, "helper_exec is not beside the test");
	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, pipe2(executed, O_CLOEXEC));
	child = child_fork();
	if (!child) {
		char number[16];

		snprintf(number, sizeof(number), "%d", go[0]);
		CHECK(read(go[0], &byte, 1) == 1);
		become(FATHER, FAMILY);
		execl(beside("helper_exec"), "helper_exec", "1", number, NULL);
		_exit(127);
	}
	ASSERT_EQ(0, send_number(self->fd, child, 1));
	ASSERT_SEEN("inbox_new: port=* pid=%d by=%d", child, self->me);
	port = field(self, "port");
	close(executed[1]);
	EXPECT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, read(executed[0], &byte, 1));
	EXPECT_EQ(0, send_number(self->fd, child, 2));
	EXPECT_SEEN("drop: port=%lu sequence=1 from=%d reason=reset", port, self->me);
	EXPECT_EQ(self->me, acting(self));
	EXPECT_SEEN("queue: port=%lu sequence=2 *", port);
	child_kill(child);
	close(executed[0]);
	close(go[0]);
	close(go[1]);
}

TEST_F(tracing, of_a_link_whose_sender_is_dead_tells_once_it_has_drained)
{
	pid_t child;

	if (!variant->direct)
		SKIP(return, "of a process");
	child = child_fork();
	if (!child)
		_exit(-send_number(self->fd, self->me, 5));
	ASSERT_EQ(0, child_status(child));
	ASSERT_SEEN("inbox_gone: port=* pid=%d by=*", child);
	ASSERT_EQ(5, TAKE(self->fd));
	EXPECT_SEEN("receive: port=%lu sequence=1 from=%d *", self->port, child);
	EXPECT_SEEN("link_gone: port=%lu to=%d from=%d", self->port, self->me, child);
}

TEST_F(tracing, of_a_deletion_tells_what_goes_with_the_mailbox)
{
	const char *name = unique_name("tracing");
	uint64_t port;
	pid_t child;
	int mailbox;

	if (variant->direct)
		SKIP(return, "of a mailbox");
	mailbox = MAILBOX_OPEN(self->device, name, OPEN_NEW | MSGPASS_OPEN_BOUND,
			       .set = MSGPASS_SET_MODE | MSGPASS_SET_CAPACITY, .mode = 0640,
			       .capacity = 9);
	ASSERT_LE(0, mailbox);
	ASSERT_SEEN("mailbox_new: port=* name=%s uid=0 mode=0640 capacity=9 flags=bound", name);
	port = field(self, "port");
	ASSERT_EQ(0, SEND(mailbox, .type = 1, NUMBER(1)));
	child = child_fork();
	if (!child)
		_exit(-RECEIVE(mailbox, NULL, .flags = MSGPASS_TYPE_EXACT, .type = 2));
	ASSERT_SEEN("wait: port=%lu pid=%d *", port, child);
	ASSERT_EQ(0, mailbox_delete(mailbox, ""));
	EXPECT_EQ(EPIPE, child_status(child));
	EXPECT_SEEN("mailbox_gone: port=%lu name=%s uid=0", port, name);
	EXPECT_SEEN("wake: port=%lu pid=%d * what=message result=%d", port, child, -EPIPE);
	EXPECT_SEEN("drop: port=%lu sequence=1 from=%d reason=deleted", port, self->me);
	close(mailbox);
}

/* --- broadcast */

TEST_F(tracing, of_a_broadcast_tells_of_each_subscription)
{
	const char *name = unique_name("tracing");
	uint64_t mailbox, port[2];
	int fd[2], i;

	if (variant->direct)
		SKIP(return, "of a mailbox");
	fd[0] = MAILBOX_OPEN(self->device, name,
			     OPEN_NEW | MSGPASS_OPEN_BROADCAST | MSGPASS_OPEN_LOSSY,
			     .set = MSGPASS_SET_CAPACITY, .capacity = 1);
	fd[1] = MAILBOX_OPEN(self->device, name, OPEN_BOTH);
	ASSERT_LE(0, fd[1]);
	ASSERT_SEEN("mailbox_new: port=* capacity=1 flags=broadcast|lossy");
	mailbox = field(self, "port");
	for (i = 0; i < 2; i++) {
		ASSERT_SEEN("subscribe: port=* mailbox=%lu pid=%d subscriptions=%d", mailbox,
			    self->me, i + 1);
		port[i] = field(self, "port");
	}
	ASSERT_EQ(0, send_number(fd[0], 0, 1));
	EXPECT_SEEN("send: port=%lu from=%d *", mailbox, self->me);
	for (i = 0; i < 2; i++)
		EXPECT_SEEN("queue: port=%lu sequence=1 from=%d *", port[i], self->me);
	EXPECT_SEEN("fan_out: port=%lu sequence=1 from=%d length=4 type=0 copies=2 missed=0",
		    mailbox, self->me);
	ASSERT_EQ(1, TAKE(fd[1]));
	EXPECT_SEEN("receive: port=%lu sequence=1 *", port[1]);
	ASSERT_EQ(0, send_number(fd[0], 0, 2));
	EXPECT_SEEN("fan_out: port=%lu sequence=2 * copies=1 missed=1", mailbox);
	close(fd[1]);
	EXPECT_SEEN("unsubscribe: port=%lu mailbox=%lu pid=%d subscriptions=1", port[1], mailbox,
		    self->me);
	EXPECT_SEEN("drop: port=%lu sequence=2 * reason=deleted", port[1]);
	ASSERT_EQ(0, mailbox_delete(fd[0], ""));
	EXPECT_SEEN("mailbox_gone: port=%lu *", mailbox);
	EXPECT_SEEN("unsubscribe: port=%lu mailbox=%lu *", port[0], mailbox);
	close(fd[0]);
}

/* --- calls */

/* A child that calls and takes a number for a reply; its exit status is that, or the errno. */
static pid_t calling(FIXTURE_DATA(tracing) *self, uint64_t deadline)
{
	pid_t pid = child_fork();
	uint32_t number = 0;
	int ret;

	if (!pid) {
		ret = CALL(self->fd, NULL, .to = self->to, NUMBER(1), PLACE_OF(number),
			   .deadline = deadline);
		_exit(ret ? -ret : (int)number);
	}
	return pid;
}

/* Receive a request: its token. */
static uint64_t take(int fd)
{
	struct msgpass_receive out = { };
	uint32_t number;

	return RECEIVE(fd, &out, BYTES(&number, 4), .deadline = soon()) ? 0 : out.out_token;
}

TEST_F(tracing, of_a_call_tells_who_takes_it_and_who_replies)
{
	pid_t child = calling(self, 0);
	uint64_t token, id;

	ASSERT_SEEN("wait: port=%lu pid=%d thread=%d whom=%d what=reply deadline=0", self->port,
		    child, child, owner(self));
	self->at = 0;
	ASSERT_SEEN("call: call=* port=%lu from=%d to=%d", self->port, child, owner(self));
	id = field(self, "call");
	EXPECT_SEEN("send: port=%lu from=%d * flags=call", self->port, child);
	EXPECT_SEEN("queue: port=%lu sequence=1 *", self->port);
	EXPECT_SEEN("wait: port=%lu pid=%d * what=reply *", self->port, child);

	token = take(self->fd);
	ASSERT_EQ(0, reply_number(self->fd, token, 9));
	ASSERT_EQ(9, child_status(child));
	EXPECT_SEEN("take: call=%lu port=%lu sequence=1 token=%lu from=%d by=%d", id, self->port,
		    token, child, self->me);
	EXPECT_SEEN("receive: port=%lu sequence=1 from=%d to=%d *", self->port, child, self->me);
	EXPECT_SEEN("reply: call=%lu from=%d to=%d length=4", id, self->me, child);
	EXPECT_SEEN("wake: port=%lu pid=%d thread=%d what=reply result=0", self->port, child,
		    child);
	EXPECT_SEEN("call_over: call=%lu from=%d error=0", id, child);
	EXPECT_EQ(child, acting(self));
}

TEST_F(tracing, of_a_call_that_is_forwarded_tells_where_to)
{
	int other = mailbox_new(self->device);
	uint64_t token, id, port;
	pid_t child;

	ASSERT_SEEN("mailbox_new: port=*");
	port = field(self, "port");
	child = calling(self, 0);
	token = take(self->fd);
	ASSERT_SEEN("take: call=* port=%lu * token=%lu *", self->port, token);
	id = field(self, "call");
	ASSERT_EQ(0, FORWARD(other, token, NUMBER(1)));
	EXPECT_SEEN("forward: call=%lu port=%lu from=%d to=0", id, port, self->me);
	EXPECT_SEEN("send: port=%lu from=%d * flags=call", port, self->me);
	token = take(other);
	EXPECT_SEEN("take: call=%lu port=%lu sequence=1 token=%lu from=%d by=%d", id, port, token,
		    child, self->me);
	ASSERT_EQ(0, reply_number(other, token, 9));
	EXPECT_EQ(9, child_status(child));
	EXPECT_SEEN("call_over: call=%lu from=%d error=0", id, child);
	close(other);
}

TEST_F(tracing, of_a_call_whose_server_gives_it_up_tells_that_there_is_no_reply)
{
	pid_t child = calling(self, 0);
	uint64_t token = take(self->fd);

	ASSERT_EQ(0, give_up(self->fd, token));
	EXPECT_EQ(EPIPE, child_status(child));
	EXPECT_SEEN("take: *");
	EXPECT_SEEN("call_over: call=%lu from=%d error=%d", field(self, "call"), child, -EPIPE);
	EXPECT_SEEN("wake: port=%lu pid=%d thread=%d what=reply result=%d", self->port, child,
		    child, -EPIPE);
	EXPECT_SEEN("fail: pid=%d ioctl=call error=%d", child, -EPIPE);
}

TEST_F(tracing, of_a_call_whose_server_dies_tells_that_it_is_over)
{
	pid_t server;

	if (variant->direct)
		SKIP(return, "the same, with a receiver that is not the test");
	server = child_fork();
	if (!server) {
		CHECK(take(self->fd));
		for (;;)
			pause();
	}
	ASSERT_EQ(-EPIPE, ({
		uint32_t number;
		pid_t killer = child_fork();

		if (!killer) {
			CHECK(seen(self, "take: * by=%d", server));
			_exit(-kill(server, SIGKILL));
		}
		CALL(self->fd, NULL, NUMBER(1), PLACE_OF(number));
	}));
	child_status(server);
	EXPECT_SEEN("inbox_gone: port=* pid=%d *", server);
	EXPECT_SEEN("call_over: call=* from=%d error=%d", self->me, -EPIPE);
}

TEST_F(tracing, of_a_call_that_takes_too_long_tells_that_the_caller_gave_up)
{
	pid_t child = calling(self, now() + 20 * MS);

	EXPECT_EQ(ETIMEDOUT, child_status(child));
	EXPECT_SEEN("cancel: port=%lu pid=%d thread=%d what=reply error=%d", self->port, child,
		    child, -ETIMEDOUT);
	EXPECT_SEEN("call_over: call=* from=%d error=%d", child, -ETIMEDOUT);
	EXPECT_SEEN("drop: port=%lu sequence=1 from=%d reason=withdrawn", self->port, child);
}

TEST_F(tracing, of_a_call_that_cannot_begin_tells_only_that_it_failed)
{
	ASSERT_EQ(-EFAULT, CALL(self->fd, NULL, .to = self->to, .data = 8, .length = 8));
	EXPECT_SEEN("fail: pid=%d ioctl=call error=%d", self->me, -EFAULT);
	EXPECT_EQ(NULL, strstr(self->text, "call_over:"));
}

/* --- all of it */

TEST_F(tracing, of_errors_names_each_operation)
{
	static const struct {
		unsigned long number;
		const char *name;
	} ioctls[] = {
#define IOCTL(upper, lower) { MSGPASS_IOC_##upper, lower }
		IOCTL(SEND, "send"), IOCTL(RECEIVE, "receive"), IOCTL(INFO, "info"),
		IOCTL(MAILBOX_STAT, "mailbox_stat"), IOCTL(MAILBOX_SET, "mailbox_set"),
		IOCTL(MAILBOX_DELETE, "mailbox_delete"), IOCTL(CALL, "call"),
		IOCTL(REPLY, "reply"), IOCTL(REPLY_RECEIVE, "reply_receive"),
		IOCTL(FORWARD, "forward"), IOCTL(REQUEST_READ, "request_read"),
		IOCTL(PIECE_READ, "piece_read"), IOCTL(MAILBOX_GIVE, "mailbox_give"),
		IOCTL(MAILBOX_ACCEPT, "mailbox_accept"), IOCTL(SEND_BATCH, "send_batch"),
		IOCTL(RECEIVE_BATCH, "receive_batch"), IOCTL(MAILBOX_OPEN, "mailbox_open"),
		IOCTL(MAILBOX_NEXT, "mailbox_next"), IOCTL(INBOX_SET, "inbox_set"),
		IOCTL(INBOX_STAT, "inbox_stat"), IOCTL(INBOX_NEXT, "inbox_next"),
		IOCTL(LINK_NEXT, "link_next"),
	};
	int mailbox = MAILBOX_OPEN(self->device, "", OPEN_NEW | MSGPASS_OPEN_NONBLOCK);
	unsigned int i;
	char byte;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++) {
		ASSERT_EQ(-EFAULT, call(self->device, ioctls[i].number, NULL));
		EXPECT_SEEN("fail: pid=%d ioctl=%s error=%d", self->me, ioctls[i].name, -EFAULT);
	}
	ASSERT_EQ(-1, read(mailbox, &byte, 1));
	EXPECT_SEEN("fail: pid=%d ioctl=read error=%d", self->me, -EAGAIN);
	ASSERT_EQ(-1, write(mailbox, guarded(0), 1));
	EXPECT_SEEN("fail: pid=%d ioctl=write error=%d", self->me, -EFAULT);
	close(mailbox);
}

/* Each field begins where the one before it ends, and the strings where all end. */
static bool is_packed(const char *path)
{
	unsigned int offset, size, first = 0, end = 0;
	FILE *file = fopen(path, "re");
	char line[256], *at;

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		at = strstr(line, "offset:");
		if (!at)
			continue;
		if (sscanf(at, "offset:%u;\tsize:%u;", &offset, &size) != 2)
			break;
		/* What all events begin with is the kernel's, and has a hole in some. */
		if (!strstr(line, " common_") && !first) {
			first = offset;
			end = offset;
		}
		if (first && offset != end)
			break;
		end = offset + size;
	}
	at = feof(file) && end && !(end % 8) ? line : NULL;
	fclose(file);
	return at;
}

TEST(an_event_has_no_holes)
{
	DIR *events = opendir(TRACING "/events/msgpass");
	unsigned int count = 0;
	struct dirent *entry;
	char path[512];

	if (!events)
		SKIP(return, "this kernel has no tracing, or not at " TRACING);
	while ((entry = readdir(events))) {
		snprintf(path, sizeof(path), TRACING "/events/msgpass/%s/format", entry->d_name);
		if (access(path, F_OK))
			continue;
		count++;
		EXPECT_TRUE(is_packed(path))
			TH_LOG("%s", path);
	}
	closedir(events);
	EXPECT_EQ(24, count);
}

enum { CHILDREN = 4, ROUNDS = 60 };

/* Send, receive, call and reply to each other, some of it in vain. */
static void be_busy(FIXTURE_DATA(tracing) *self, unsigned int seed, const pid_t *others)
{
	struct msgpass_receive out;
	unsigned int i;
	uint64_t to;
	uint32_t number;

	for (i = 0; i < ROUNDS; i++) {
		to = address(&self->channel, others[rand_r(&seed) % CHILDREN]);
		switch (rand_r(&seed) % 8) {
		case 0:
			SEND(self->fd, .to = to, NUMBER(i), .deadline = now() + MS);
			break;
		case 1:
			SEND(self->fd, .to = to, NUMBER(i), .flags = MSGPASS_SYNCHRONOUS,
			     .deadline = now() + MS);
			break;
		case 2:
			SEND(self->fd, .to = to, NUMBER(i), .lifetime = MS / 2,
			     .deadline = now() + MS);
			break;
		case 3:
			CALL(self->fd, NULL, .to = to, NUMBER(i), PLACE_OF(number),
			     .deadline = now() + MS);
			break;
		case 4:
			RECEIVE(self->fd, NULL, BYTES(1, 4), .flags = MSGPASS_NONBLOCK);
			break;
		default:
			out.out_token = 0;
			RECEIVE(self->fd, &out, BYTES(&number, 4), .deadline = now() + MS);
			if (out.out_token)
				reply_number(self->fd, out.out_token, i);
		}
	}
}

/* What begins, minus what ends: of these events, by port and sequence, or by the first field. */
struct open_end {
	uint64_t first, second;
	int count;
};

static int *open_end_of(struct open_end *ends, uint64_t first, uint64_t second)
{
	while (ends->first && (ends->first != first || ends->second != second))
		ends++;
	ends->first = first;
	ends->second = second;
	return &ends->count;
}

static bool is_event(const char *line, const char *name)
{
	char pattern[64];

	snprintf(pattern, sizeof(pattern), "*: %s: *", name);
	return !fnmatch(pattern, line, 0);
}

static unsigned int count_open_ends(FIXTURE_DATA(tracing) *self, const char *keys[2],
				    const char *begin, const char *end, const char *other_end)
{
	struct open_end *ends = calloc(100000, sizeof(*ends)), *at;
	unsigned int open = 0, began = 0;
	int *count;

	trace_read(self->text);
	self->at = 0;
	for (;;) {
		bool begins;

		self->at = find_line(self->text, self->at, "*", self->line);
		if (!self->at)
			break;
		begins = is_event(self->line, begin);
		if (!begins && !is_event(self->line, end) && !is_event(self->line, other_end))
			continue;
		began += begins;
		/* A reply may come before its caller waits. */
		if (!begins && strstr(self->line, " what=reply ") &&
		    !*open_end_of(ends, field(self, keys[0]), field(self, keys[1])))
			continue;
		count = open_end_of(ends, field(self, keys[0]), field(self, keys[1]));
		*count += begins ? 1 : -1;
		/* Never an end without a beginning, or two beginnings. */
		if (*count < 0 || *count > 1) {
			fprintf(stderr, "# %d open: %s\n", *count, self->line);
			open += 1000;
		}
	}
	for (at = ends; at->first; at++)
		open += at->count;
	free(ends);
	return began ? open : ~0U;
}

/* All of these came to an end, by now or soon. */
static bool all_ended(FIXTURE_DATA(tracing) *self, const char *first, const char *second,
		      const char *begin, const char *end, const char *other_end)
{
	const char *keys[2] = { first, second };
	bool ended = wait_until(!count_open_ends(self, keys, begin, end, other_end));

	if (!ended)
		fprintf(stderr, "# not each %s has an end\n", begin);
	return ended;
}

TEST_F(tracing, of_what_begins_tells_once_that_it_ends)
{
	pid_t *children = shared(CHILDREN * sizeof(*children));
	atomic_bool *go = shared(sizeof(*go));
	pid_t child;
	int i;

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_CAPACITY, .capacity = 2));
	for (i = 0; i < CHILDREN; i++) {
		child = child_fork();
		if (child) {
			children[i] = child;
		} else {
			CHECK(wait_until(atomic_load(go)));
			CHECK(!CHANNEL_SET(&self->channel, .set = MSGPASS_SET_CAPACITY,
					   .capacity = 2));
			be_busy(self, i, children);
			_exit(0);
		}
	}
	atomic_store(go, true);
	for (i = 0; i < CHILDREN; i++)
		EXPECT_EQ(0, child_status(children[i]));
	if (!variant->direct)
		ASSERT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_TRUE(all_ended(self, "port", "sequence", "queue", "receive", "drop"));
	EXPECT_TRUE(all_ended(self, "thread", "thread", "wait", "wake", "cancel"));
	EXPECT_TRUE(all_ended(self, "call", "call", "call", "call_over", "call_over"));
}

#include "afterwards.h"
