// SPDX-License-Identifier: GPL-2.0
/*
 * What the module writes to a program's memory: each argument lies in a page full of poison,
 * its out fields too. Afterwards every byte of the page is what it was, or what the ABI says it
 * becomes; after an error all of it is what it was, but for what the ABI says of that error. The
 * same of buffers: no byte of them is touched but those that were received.
 *
 * make check-poison runs this where the kernel's memory is full of poison, too.
 */
#include "msgpass_test.h"

#include <stddef.h>

enum { PAGE = 4096, POISON = 0xA5, ROOM = 64, TEXT = 5 };

static char text[TEXT] = { 'h', 'e', 'l', 'l', 'o' };

FIXTURE(poison) {
	int device;
	int fd;				/* of a mailbox */
	const char *name;		/* its */
	unsigned char *page;		/* an argument, at its beginning */
	unsigned char *want;		/* the same, as it shall be */
	unsigned char *buffer;		/* what it points to: ROOM bytes, and so many behind */
	unsigned char *received;	/* as that shall be */
	int32_t *fds;			/* an array of them for an argument: ROOM bytes */
	int32_t *installed;
	uint64_t begin;			/* of the ioctl */
};

FIXTURE_SETUP(poison)
{
	self->device = device_open();
	self->name = unique_name("poison");
	self->fd = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	ASSERT_LE(0, self->fd);
	self->page = guarded(PAGE);
	self->want = malloc(PAGE);
	self->buffer = malloc(2 * ROOM);
	self->received = malloc(2 * ROOM);
	self->fds = malloc(ROOM);
	self->installed = malloc(ROOM);
	ASSERT_NE(NULL, self->page);
}

FIXTURE_TEARDOWN(poison)
{
	mailbox_delete(self->device, self->name);
	close(self->fd);
	close(self->device);
}

/* A page of poison that begins with an argument of that size. */
static void *begin(FIXTURE_DATA(poison) *self, uint32_t size)
{
	memset(self->page, POISON, PAGE);
	memset(self->buffer, POISON, 2 * ROOM);
	memset(self->received, POISON, 2 * ROOM);
	memset(self->fds, POISON, ROOM);
	memset(self->installed, POISON, ROOM);
	memcpy(self->page, &size, sizeof(size));
	return self->page;
}

#define BEGIN(type) begin(self, sizeof(struct msgpass_##type))

/* All that the caller gives is there: do it. What is to change is then set in self->want. */
static int run(FIXTURE_DATA(poison) *self, int fd, unsigned long number)
{
	memcpy(self->want, self->page, PAGE);
	self->begin = now();
	return call(fd, number, self->page);
}

static int first_difference(const void *a, const void *b, int size)
{
	const unsigned char *x = a, *y = b;
	int i;

	for (i = 0; i < size; i++)
		if (x[i] != y[i])
			return i;
	return -1;
}

#define EXPECT_AS_WANTED() do {							\
	EXPECT_EQ(-1, first_difference(self->page, self->want, PAGE));		\
	EXPECT_EQ(-1, first_difference(self->buffer, self->received, 2 * ROOM));	\
	EXPECT_EQ(-1, first_difference(self->fds, self->installed, ROOM));	\
} while (0)

/* --- receiving */

static struct msgpass_receive *receive_begin(FIXTURE_DATA(poison) *self, uint32_t flags,
					     uint64_t room)
{
	struct msgpass_receive *receive = BEGIN(receive);

	receive->flags = flags | MSGPASS_NONBLOCK;
	receive->from = 0;
	receive->data = (uintptr_t)self->buffer;
	receive->length = room;
	receive->deadline = 0;
	receive->type = 0;
	receive->fds_room = 0;
	receive->fds = (uintptr_t)self->fds;
	return receive;
}

/* What is told of a message of our own that is nothing special. */
static void want_stamp(FIXTURE_DATA(poison) *self, struct msgpass_receive *want,
		       const struct msgpass_receive *got, uint64_t sequence)
{
	want->out_length = TEXT;
	want->out_sequence = sequence;
	/* It was sent before this began. */
	want->out_time = got->out_time < self->begin && got->out_time + LIMIT > self->begin ?
			 got->out_time : 0;
	want->out_peer = own_peer(self->device);
	want->out_pid = getpid();
	want->out_uid = geteuid();
	want->out_gid = getegid();
	want->out_type = 77;
	want->out_priority = 88;
	want->out_flags = 0;
	want->out_token = 0;
	want->out_fds = 0;
	want->out_missed = 0;
	want->out_remaining = 0;
}

static int send_text(FIXTURE_DATA(poison) *self, bool direct)
{
	return SEND(direct ? self->device : self->fd, .to = direct ? getpid() : 0,
		    BYTES(text, TEXT), .type = 77, .priority = 88, .flags = MSGPASS_NONBLOCK);
}

/* Both ways to it. */
static const bool ways[] = { false, true };

TEST_F(poison, a_receive_writes_its_out_fields_and_the_message)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		struct msgpass_receive *receive, *want = (void *)self->want;

		ASSERT_EQ(0, send_text(self, ways[i]));
		receive = receive_begin(self, 0, ROOM);
		ASSERT_EQ(0, run(self, ways[i] ? self->device : self->fd, MSGPASS_IOC_RECEIVE));
		want_stamp(self, want, receive, 1);
		memcpy(self->received, text, TEXT);
		EXPECT_AS_WANTED();
	}
}

TEST_F(poison, a_receive_that_truncates_writes_what_there_is_room_for)
{
	struct msgpass_receive *receive, *want = (void *)self->want;

	ASSERT_EQ(0, send_text(self, false));
	receive = receive_begin(self, MSGPASS_TRUNCATE, 3);
	ASSERT_EQ(0, run(self, self->fd, MSGPASS_IOC_RECEIVE));
	want_stamp(self, want, receive, 1);
	want->out_flags = MSGPASS_OUT_TRUNCATED;
	memcpy(self->received, text, 3);
	EXPECT_AS_WANTED();
}

TEST_F(poison, a_peek_writes_what_a_receive_does)
{
	struct msgpass_receive *receive, *want = (void *)self->want;

	ASSERT_EQ(0, send_text(self, true));
	receive = receive_begin(self, MSGPASS_PEEK, ROOM);
	ASSERT_EQ(0, run(self, self->device, MSGPASS_IOC_RECEIVE));
	want_stamp(self, want, receive, 1);
	memcpy(self->received, text, TEXT);
	EXPECT_AS_WANTED();
	EXPECT_EQ(0, RECEIVE(self->device, NULL, .flags = MSGPASS_TRUNCATE));
}

TEST_F(poison, a_receive_without_room_writes_the_out_fields_alone)
{
	struct msgpass_receive *receive, *want = (void *)self->want;

	ASSERT_EQ(0, send_text(self, false));
	receive = receive_begin(self, 0, TEXT - 1);
	ASSERT_EQ(-EMSGSIZE, run(self, self->fd, MSGPASS_IOC_RECEIVE));
	want_stamp(self, want, receive, 1);
	EXPECT_AS_WANTED();
}

TEST_F(poison, a_receive_to_scattered_memory_writes_the_segments_in_turn)
{
	struct iovec segments[] = { { self->buffer, 2 }, { self->buffer + 10, ROOM - 10 } };
	struct msgpass_receive *receive, *want = (void *)self->want;

	ASSERT_EQ(0, send_text(self, false));
	receive = receive_begin(self, MSGPASS_IOVEC, ARRAY_SIZE(segments));
	receive->data = (uintptr_t)segments;
	ASSERT_EQ(0, run(self, self->fd, MSGPASS_IOC_RECEIVE));
	want_stamp(self, want, receive, 1);
	memcpy(self->received, text, 2);
	memcpy(self->received + 10, text + 2, TEXT - 2);
	EXPECT_AS_WANTED();
}

TEST_F(poison, a_receive_of_an_empty_message_writes_no_byte_of_it)
{
	struct msgpass_receive *receive, *want = (void *)self->want;

	ASSERT_EQ(0, SEND(self->fd, .type = 77, .priority = 88));
	receive = receive_begin(self, 0, ROOM);
	ASSERT_EQ(0, run(self, self->fd, MSGPASS_IOC_RECEIVE));
	want_stamp(self, want, receive, 1);
	want->out_length = 0;
	EXPECT_AS_WANTED();
}

TEST_F(poison, a_receive_of_the_head_tells_of_the_rest_and_its_piece_writes_that)
{
	struct msgpass_receive *receive, *want = (void *)self->want;
	struct msgpass_piece_read *read, *want_read = (void *)self->want;
	uint64_t token;

	ASSERT_EQ(0, send_text(self, false));
	receive = receive_begin(self, MSGPASS_PIECES, 2);
	ASSERT_EQ(0, run(self, self->fd, MSGPASS_IOC_RECEIVE));
	token = receive->out_token;
	want_stamp(self, want, receive, 1);
	want->out_flags = MSGPASS_OUT_PIECES;
	want->out_token = token ?: 1;
	want->out_remaining = TEXT - 2;
	memcpy(self->received, text, 2);
	EXPECT_AS_WANTED();

	read = BEGIN(piece_read);
	read->flags = 0;
	read->token = token;
	read->data = (uintptr_t)self->buffer;
	read->length = ROOM;
	ASSERT_EQ(0, run(self, self->fd, MSGPASS_IOC_PIECE_READ));
	want_read->out_count = TEXT - 2;
	want_read->out_remaining = 0;
	memcpy(self->received, text + 2, TEXT - 2);
	EXPECT_AS_WANTED();
}

TEST_F(poison, a_receive_with_fds_writes_as_many_as_there_are)
{
	struct msgpass_receive *receive, *want = (void *)self->want;
	int32_t sent[] = { 0, 1 };

	ASSERT_EQ(0, SEND(self->fd, BYTES(text, TEXT), .type = 77, .priority = 88,
			  .fds = (uintptr_t)sent, .fds_count = 2));
	receive = receive_begin(self, 0, ROOM);
	receive->fds_room = 1;
	ASSERT_EQ(-EMSGSIZE, run(self, self->fd, MSGPASS_IOC_RECEIVE));
	want_stamp(self, want, receive, 1);
	want->out_fds = 2;
	EXPECT_AS_WANTED();

	receive = receive_begin(self, 0, ROOM);
	receive->fds_room = ROOM / sizeof(int32_t);
	ASSERT_EQ(0, run(self, self->fd, MSGPASS_IOC_RECEIVE));
	want_stamp(self, want, receive, 1);
	want->out_fds = 2;
	memcpy(self->received, text, TEXT);
	EXPECT_LE(0, self->fds[0]);
	EXPECT_EQ(self->fds[0] + 1, self->fds[1]);
	memcpy(self->installed, self->fds, 2 * sizeof(int32_t));
	EXPECT_AS_WANTED();
}

TEST_F(poison, a_receive_from_a_lossy_broadcast_tells_what_it_missed)
{
	struct msgpass_receive *receive, *want = (void *)self->want;
	int fd = MAILBOX_OPEN(self->device, "", OPEN_NEW | MSGPASS_OPEN_BROADCAST |
			      MSGPASS_OPEN_LOSSY, .set = MSGPASS_SET_CAPACITY, .capacity = 1);
	unsigned int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, send_number(fd, 0, i));
	EXPECT_EQ(0, TAKE(fd));
	ASSERT_EQ(0, SEND(fd, BYTES(text, TEXT), .type = 77, .priority = 88));
	receive = receive_begin(self, 0, ROOM);
	ASSERT_EQ(0, run(self, fd, MSGPASS_IOC_RECEIVE));
	want_stamp(self, want, receive, 4);
	want->out_missed = 2;
	memcpy(self->received, text, TEXT);
	EXPECT_AS_WANTED();
	close(fd);
}

TEST_F(poison, a_receipt_is_filled_all_over)
{
	struct msgpass_receive *receive, *want = (void *)self->want;
	struct msgpass_receipt content = { .size = sizeof(content), .cookie = 99, .sequence = 1,
					   .outcome = MSGPASS_RECEIPT_RECEIVED };

	ASSERT_EQ(0, SEND(self->fd, BYTES(text, TEXT), .type = 77, .priority = 88, .cookie = 99,
			  .flags = MSGPASS_RECEIPT));
	ASSERT_EQ(0, RECEIVE(self->fd, NULL, .flags = MSGPASS_TRUNCATE));
	receive = receive_begin(self, MSGPASS_RECEIPT, ROOM);
	ASSERT_EQ(0, run(self, self->device, MSGPASS_IOC_RECEIVE));
	want_stamp(self, want, receive, 1);
	want->out_length = sizeof(content);
	want->out_flags = MSGPASS_OUT_RECEIPT;
	content.by_peer = want->out_peer;
	memcpy(self->received, &content, sizeof(content));
	EXPECT_AS_WANTED();
}

TEST_F(poison, read_writes_the_message_alone)
{
	ASSERT_EQ(0, send_text(self, false));
	begin(self, 0);
	EXPECT_EQ(-1, read(self->fd, self->buffer, TEXT - 1));
	memcpy(self->want, self->page, PAGE);
	EXPECT_AS_WANTED();
	EXPECT_EQ(TEXT, read(self->fd, self->buffer, ROOM));
	memcpy(self->received, text, TEXT);
	EXPECT_AS_WANTED();
}

/* --- sending */

TEST_F(poison, a_send_writes_nothing_and_one_that_may_flow_its_count)
{
	struct msgpass_send *send, *want = (void *)self->want;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		send = BEGIN(send);
		memset(send, 0, offsetof(struct msgpass_send, out_count));
		send->size = sizeof(*send);
		send->flags = i ? MSGPASS_FLOW : 0;
		send->data = (uintptr_t)text;
		send->length = TEXT;
		ASSERT_EQ(0, run(self, self->fd, MSGPASS_IOC_SEND));
		if (i)
			want->out_count = TEXT;
		EXPECT_AS_WANTED();
	}
}

/* --- calls */

static struct msgpass_call *call_begin(FIXTURE_DATA(poison) *self, uint64_t token, uint64_t room)
{
	struct msgpass_call *argument = BEGIN(call);

	memset(argument, 0, offsetof(struct msgpass_call, out_length));
	argument->size = sizeof(*argument);
	argument->flags = MSGPASS_NONBLOCK;
	argument->data = (uintptr_t)text;
	argument->length = TEXT;
	argument->token = token;
	argument->reply_data = (uintptr_t)self->buffer;
	argument->reply_length = room;
	argument->fds = 0;
	argument->fds_count = 0;
	argument->reply_fds_room = 0;
	argument->reply_fds = (uintptr_t)self->fds;
	argument->reserved = 0;
	return argument;
}

static void want_reply(FIXTURE_DATA(poison) *self, struct msgpass_call *want, uint32_t flags)
{
	want->out_length = TEXT;
	want->out_peer = own_peer(self->device);
	want->out_type = 66;
	want->out_flags = flags;
	want->out_fds = 0;
}

/* One that is taken: its server's token. */
static uint64_t call_and_take(FIXTURE_DATA(poison) *self, uint64_t *token)
{
	struct msgpass_call *argument = call_begin(self, 0, ROOM);
	struct msgpass_receive taken;

	if (run(self, self->fd, MSGPASS_IOC_CALL) != -EINPROGRESS)
		return 0;
	*token = argument->token;
	return RECEIVE(self->fd, &taken, .flags = MSGPASS_TRUNCATE) ? 0 : taken.out_token;
}

TEST_F(poison, a_call_writes_its_token_then_its_reply)
{
	struct msgpass_call *want = (void *)self->want;
	uint64_t token, taken;

	taken = call_and_take(self, &token);
	ASSERT_NE(0, taken);
	want->token = token ?: 1;
	EXPECT_AS_WANTED();

	call_begin(self, token, ROOM);
	ASSERT_EQ(-EAGAIN, run(self, self->fd, MSGPASS_IOC_CALL));
	EXPECT_AS_WANTED();

	ASSERT_EQ(0, REPLY(self->fd, taken, BYTES(text, TEXT), .type = 66));
	call_begin(self, token, TEXT - 1);
	ASSERT_EQ(-EMSGSIZE, run(self, self->fd, MSGPASS_IOC_CALL));
	want_reply(self, want, MSGPASS_OUT_TRUNCATED);
	EXPECT_AS_WANTED();

	call_begin(self, token, ROOM);
	ASSERT_EQ(0, run(self, self->fd, MSGPASS_IOC_CALL));
	want->token = 0;
	want_reply(self, want, 0);
	memcpy(self->received, text, TEXT);
	EXPECT_AS_WANTED();
}

TEST_F(poison, a_call_that_comes_to_no_reply_writes_its_token_alone)
{
	struct msgpass_call *want = (void *)self->want;
	uint64_t token, taken;

	taken = call_and_take(self, &token);
	ASSERT_EQ(0, give_up(self->fd, taken));
	call_begin(self, token, ROOM);
	ASSERT_EQ(-EPIPE, run(self, self->fd, MSGPASS_IOC_CALL));
	want->token = 0;
	EXPECT_AS_WANTED();
	call_begin(self, token, ROOM);
	ASSERT_EQ(-ESRCH, run(self, self->fd, MSGPASS_IOC_CALL));
	want->token = 0;
	EXPECT_AS_WANTED();
}

TEST_F(poison, reading_a_request_writes_who_calls_and_the_bytes)
{
	struct msgpass_request_read *read, *want = (void *)self->want;
	const uint64_t offsets[] = { 1, TEXT, ~0ULL };
	uint64_t token, taken;
	unsigned int i;

	taken = call_and_take(self, &token);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		uint64_t rest = offsets[i] < TEXT ? TEXT - offsets[i] : 0;

		read = BEGIN(request_read);
		read->flags = 0;
		read->token = taken;
		read->offset = offsets[i];
		read->data = (uintptr_t)self->buffer;
		read->length = ROOM;
		read->reserved = 0;
		ASSERT_EQ(0, run(self, self->fd, MSGPASS_IOC_REQUEST_READ));
		want->out_count = rest;
		want->out_length = TEXT;
		want->out_peer = own_peer(self->device);
		want->out_pid = getpid();
		want->out_uid = geteuid();
		want->out_gid = getegid();
		memcpy(self->received, text + offsets[0], rest);
		EXPECT_AS_WANTED();
	}
	EXPECT_EQ(0, give_up(self->fd, taken));
}

TEST_F(poison, a_reply_and_receive_writes_the_out_fields_of_both)
{
	struct msgpass_reply_receive *both, *want = (void *)self->want;
	uint64_t token, taken;

	taken = call_and_take(self, &token);
	ASSERT_EQ(0, send_text(self, false));
	both = BEGIN(reply_receive);
	memset(&both->reply, 0, sizeof(both->reply));
	memset(&both->receive, 0, offsetof(struct msgpass_receive, out_length));
	both->flags = 0;
	both->reserved = 0;
	both->reply.token = taken;
	both->receive.data = (uintptr_t)self->buffer;
	both->receive.length = ROOM;
	both->receive.fds = 0;
	ASSERT_EQ(0, run(self, self->fd, MSGPASS_IOC_REPLY_RECEIVE));
	want->reply.token = 0;
	want->out_reply_error = 0;
	want_stamp(self, &want->receive, &both->receive, 2);
	memcpy(self->received, text, TEXT);
	EXPECT_AS_WANTED();
}

/* --- what is told of mailboxes, inboxes, links and all */

static struct msgpass_mailbox_stat *stat_begin(FIXTURE_DATA(poison) *self, const char *name)
{
	struct msgpass_mailbox_stat *stat = BEGIN(mailbox_stat);

	stat->flags = 0;
	stat->id = 0;
	memset(stat->name, 0, sizeof(stat->name));
	strcpy(stat->name, name);
	return stat;
}

static void want_attributes(struct msgpass_attributes *want)
{
	*want = (struct msgpass_attributes){
		.set = MSGPASS_SET_MODE | MSGPASS_SET_CAPACITY | MSGPASS_SET_CAPACITY_BYTES |
		       MSGPASS_SET_MESSAGE_MAX,
		.mode = 0200,
		.capacity = parameter("capacity_default"),
		.capacity_bytes = 4 << 20,
		.message_max = parameter("message_max"),
	};
}

/* Of what holds one message, which was sent before this began. */
static void want_tally(FIXTURE_DATA(poison) *self, struct msgpass_tally *want)
{
	const size_t offset = (unsigned char *)want - self->want;
	const struct msgpass_tally *got = (void *)(self->page + offset);
	const bool sane = got->oldest_time < self->begin &&
			  got->oldest_time + LIMIT > self->begin;

	want->sent_bytes = TEXT;
	want->queued_max = 1;
	want->oldest_time = sane ? got->oldest_time : 0;
}

/* A mailbox of ours in which there is one message. */
static void want_mailbox(FIXTURE_DATA(poison) *self, struct msgpass_mailbox_stat *want,
			 const char *name, uint64_t id)
{
	memset(want->name, 0, sizeof(want->name));
	strcpy(want->name, name);
	memset(&want->out_id, 0, sizeof(*want) - offsetof(struct msgpass_mailbox_stat, out_id));
	want->out_id = id;
	want_attributes(&want->out_attributes);
	want->out_attributes.set |= MSGPASS_SET_UID | MSGPASS_SET_GID;
	want->out_attributes.mode = 0600;
	want->out_attributes.uid = geteuid();
	want->out_attributes.gid = getegid();
	want->out_queued = 1;
	want->out_queued_bytes = TEXT;
	want->out_sent = 1;
	want_tally(self, &want->out_tally);
}

TEST_F(poison, stat_of_a_mailbox_writes_all_that_is_told)
{
	struct msgpass_mailbox_stat *stat, *want = (void *)self->want;

	ASSERT_EQ(0, send_text(self, false));
	stat = stat_begin(self, self->name);
	ASSERT_EQ(0, run(self, self->device, MSGPASS_IOC_MAILBOX_STAT));
	want_mailbox(self, want, self->name, stat->out_id ?: 1);
	EXPECT_AS_WANTED();

	stat = stat_begin(self, "");
	ASSERT_EQ(0, run(self, self->fd, MSGPASS_IOC_MAILBOX_STAT));
	want_mailbox(self, want, self->name, stat->out_id ?: 1);
	EXPECT_AS_WANTED();
}

TEST_F(poison, stat_of_an_anonymous_mailbox_has_no_name_or_number)
{
	struct msgpass_mailbox_stat *want = (void *)self->want;
	int fd = mailbox_new(self->device);

	ASSERT_EQ(0, SEND(fd, BYTES(text, TEXT)));
	stat_begin(self, "");
	ASSERT_EQ(0, run(self, fd, MSGPASS_IOC_MAILBOX_STAT));
	want_mailbox(self, want, "", 0);
	EXPECT_AS_WANTED();
	close(fd);
}

TEST_F(poison, the_next_mailbox_is_told_like_one_by_name)
{
	struct msgpass_mailbox_stat *stat, *want = (void *)self->want, before_it;

	ASSERT_EQ(0, send_text(self, false));
	ASSERT_EQ(0, mailbox_stat(self->fd, "", &before_it));
	stat = stat_begin(self, "");
	stat->id = before_it.out_id - 1;
	ASSERT_EQ(0, run(self, self->device, MSGPASS_IOC_MAILBOX_NEXT));
	want_mailbox(self, want, self->name, before_it.out_id);
	EXPECT_AS_WANTED();
}

static void want_inbox(FIXTURE_DATA(poison) *self, struct msgpass_inbox_stat *want)
{
	memset(&want->out_peer, 0, sizeof(*want) - offsetof(struct msgpass_inbox_stat, out_peer));
	want->out_peer = own_peer(self->device);
	want->out_pid = getpid();
	want->out_uid = getuid();
	want_attributes(&want->out_attributes);
	want->out_links = 1;
	want->out_queued = 1;
	want->out_queued_bytes = TEXT;
	want->out_sent = 1;
	want_tally(self, &want->out_tally);
}

TEST_F(poison, stat_of_an_inbox_writes_all_that_is_told)
{
	struct msgpass_inbox_stat *stat, *want = (void *)self->want;
	unsigned int i;

	ASSERT_EQ(0, send_text(self, true));
	for (i = 0; i < 2; i++) {
		stat = BEGIN(inbox_stat);
		stat->flags = 0;
		stat->process = i ? own_peer(self->device) - 1 : (uint64_t)getpid();
		ASSERT_EQ(0, run(self, self->device, i ? MSGPASS_IOC_INBOX_NEXT :
							 MSGPASS_IOC_INBOX_STAT));
		want_inbox(self, want);
		EXPECT_AS_WANTED();
	}
}

TEST_F(poison, the_next_link_writes_all_that_is_told)
{
	struct msgpass_link_stat *stat, *want = (void *)self->want;

	ASSERT_EQ(0, send_text(self, true));
	stat = BEGIN(link_stat);
	stat->flags = 0;
	stat->to_peer = own_peer(self->device);
	stat->from_peer = 0;
	ASSERT_EQ(0, run(self, self->device, MSGPASS_IOC_LINK_NEXT));
	memset(&want->out_to_peer, 0,
	       sizeof(*want) - offsetof(struct msgpass_link_stat, out_to_peer));
	want->out_to_peer = own_peer(self->device);
	want->out_from_peer = own_peer(self->device);
	want->out_to_pid = getpid();
	want->out_from_pid = getpid();
	want->out_capacity = parameter("capacity_default");
	want->out_capacity_bytes = 4 << 20;
	want->out_queued = 1;
	want->out_queued_bytes = TEXT;
	want->out_sent = 1;
	want_tally(self, &want->out_tally);
	EXPECT_AS_WANTED();
}

TEST_F(poison, info_writes_all_that_is_told)
{
	struct msgpass_info *argument = BEGIN(info), *want = (void *)self->want, again;

	argument->flags = 0;
	ASSERT_EQ(0, run(self, self->device, MSGPASS_IOC_INFO));
	ASSERT_EQ(0, info(self->device, &again));
	memcpy(want, &again, sizeof(again));
	EXPECT_AS_WANTED();
	EXPECT_EQ(parameter("message_max"), again.out_message_max);
	EXPECT_EQ(parameter("mailboxes_max"), again.out_mailboxes_max);
	EXPECT_EQ(parameter("user_bytes"), again.out_user_bytes_max);
}

/* --- errors: nothing is written */

static const struct {
	unsigned long number;
	uint32_t size;
} ioctls[] = {
	{ MSGPASS_IOC_SEND, sizeof(struct msgpass_send) },
	{ MSGPASS_IOC_RECEIVE, sizeof(struct msgpass_receive) },
	{ MSGPASS_IOC_SEND_BATCH, sizeof(struct msgpass_send_batch) },
	{ MSGPASS_IOC_RECEIVE_BATCH, sizeof(struct msgpass_receive_batch) },
	{ MSGPASS_IOC_INFO, sizeof(struct msgpass_info) },
	{ MSGPASS_IOC_MAILBOX_STAT, sizeof(struct msgpass_mailbox_stat) },
	{ MSGPASS_IOC_MAILBOX_SET, sizeof(struct msgpass_mailbox_set) },
	{ MSGPASS_IOC_MAILBOX_DELETE, sizeof(struct msgpass_mailbox_delete) },
	{ MSGPASS_IOC_CALL, sizeof(struct msgpass_call) },
	{ MSGPASS_IOC_REPLY, sizeof(struct msgpass_reply) },
	{ MSGPASS_IOC_REPLY_RECEIVE, sizeof(struct msgpass_reply_receive) },
	{ MSGPASS_IOC_FORWARD, sizeof(struct msgpass_forward) },
	{ MSGPASS_IOC_REQUEST_READ, sizeof(struct msgpass_request_read) },
	{ MSGPASS_IOC_PIECE_READ, sizeof(struct msgpass_piece_read) },
	{ MSGPASS_IOC_MAILBOX_GIVE, sizeof(struct msgpass_mailbox_give) },
	{ MSGPASS_IOC_MAILBOX_ACCEPT, sizeof(struct msgpass_mailbox_accept) },
	{ MSGPASS_IOC_MAILBOX_OPEN, sizeof(struct msgpass_mailbox_open) },
	{ MSGPASS_IOC_MAILBOX_NEXT, sizeof(struct msgpass_mailbox_stat) },
	{ MSGPASS_IOC_INBOX_SET, sizeof(struct msgpass_inbox_set) },
	{ MSGPASS_IOC_INBOX_STAT, sizeof(struct msgpass_inbox_stat) },
	{ MSGPASS_IOC_INBOX_NEXT, sizeof(struct msgpass_inbox_stat) },
	{ MSGPASS_IOC_LINK_NEXT, sizeof(struct msgpass_link_stat) },
	{ MSGPASS_IOC_WAIT_LIST, sizeof(struct msgpass_wait_list) },
};

TEST_F(poison, no_ioctl_writes_where_its_argument_is_refused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++) {
		/* Flags of poison are unknown ones. */
		begin(self, ioctls[i].size);
		EXPECT_EQ(-EINVAL, run(self, self->device, ioctls[i].number));
		EXPECT_AS_WANTED();
		begin(self, ioctls[i].size + 8);
		EXPECT_EQ(-E2BIG, run(self, self->device, ioctls[i].number));
		EXPECT_AS_WANTED();
		begin(self, 7);
		EXPECT_EQ(-EINVAL, run(self, self->device, ioctls[i].number));
		EXPECT_AS_WANTED();
	}
}

/* What each says where there is nothing of the kind, all in fields being zero but these. */
static int run_with(FIXTURE_DATA(poison) *self, int fd, unsigned long number, uint32_t size,
		    uint32_t out, uint32_t flags, uint64_t third)
{
	unsigned char *argument = begin(self, size);

	memset(argument + 4, 0, out - 4);
	memcpy(argument + 4, &flags, sizeof(flags));
	memcpy(argument + 8, &third, sizeof(third));
	return run(self, fd, number);
}

#define RUN_WITH(fd, what, type, out, flags, third)				\
	run_with(self, fd, MSGPASS_IOC_##what, sizeof(struct msgpass_##type),	\
		 offsetof(struct msgpass_##type, out), flags, third)
#define WHOLE_OF(fd, what, type, flags, third)					\
	run_with(self, fd, MSGPASS_IOC_##what, sizeof(struct msgpass_##type),	\
		 sizeof(struct msgpass_##type), flags, third)

TEST_F(poison, no_ioctl_writes_where_there_is_nothing_of_the_kind)
{
	const uint64_t none = 0x3fffffff;
	int reader = MAILBOX_OPEN(self->device, self->name, MSGPASS_OPEN_RECEIVE);
	int writer = MAILBOX_OPEN(self->device, self->name, MSGPASS_OPEN_SEND);

	EXPECT_EQ(-ESRCH, RUN_WITH(self->device, SEND, send, out_count, 0, none));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-EBADF, RUN_WITH(reader, SEND, send, out_count, 0, 0));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-EAGAIN, WHOLE_OF(self->fd, RECEIVE, receive, MSGPASS_NONBLOCK, 0));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-EBADF, WHOLE_OF(writer, RECEIVE, receive, MSGPASS_NONBLOCK, 0));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-ESRCH, WHOLE_OF(self->device, RECEIVE, receive, MSGPASS_NONBLOCK, none));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-ESRCH, WHOLE_OF(self->device, CALL, call, 0, none));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-ESRCH, WHOLE_OF(self->device, REPLY, reply, 0, none));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-ESRCH, WHOLE_OF(self->device, FORWARD, forward, 0, none));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-ESRCH, WHOLE_OF(self->device, REQUEST_READ, request_read, 0, none));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-ESRCH, RUN_WITH(self->device, PIECE_READ, piece_read, out_count, 0, none));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-EINVAL, WHOLE_OF(self->device, MAILBOX_STAT, mailbox_stat, 0, 0));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-ENOENT, RUN_WITH(self->device, MAILBOX_NEXT, mailbox_stat, out_id, 0, ~0ULL));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-ESRCH, RUN_WITH(self->device, INBOX_STAT, inbox_stat, out_peer, 0, none));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-ENOENT, RUN_WITH(self->device, INBOX_NEXT, inbox_stat, out_peer, 0, ~0ULL));
	EXPECT_AS_WANTED();
	EXPECT_EQ(-ENOENT, RUN_WITH(self->device, LINK_NEXT, link_stat, out_to_peer, 0, ~0ULL));
	EXPECT_AS_WANTED();
	close(reader);
	close(writer);
}

/* The token goes to a page that can be read alone: the receive is undone. */
TEST_F(poison, a_receive_that_cannot_tell_leaves_the_message)
{
	ASSERT_EQ(0, send_text(self, false));
	receive_begin(self, 0, ROOM);
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, run(self, self->fd, MSGPASS_IOC_RECEIVE));
	EXPECT_EQ(-1, first_difference(self->page, self->want, PAGE));
	EXPECT_EQ(1, mailbox_counts(self->fd).queued);
}

static bool file_has(const char *path, const char *text)
{
	FILE *file = fopen(path, "re");
	char line[4096] = "";

	if (file && !fgets(line, sizeof(line), file))
		line[0] = 0;
	if (file)
		fclose(file);
	return strstr(line, text);
}

TEST(the_kernels_memory_is_full_of_poison_where_that_was_asked_for)
{
	const bool asked_for = file_has("/proc/cmdline", "slub_debug=P");

	EXPECT_TRUE(!asked_for || file_has("/sys/kernel/slab/kmalloc-64/poison", "1"));
}

#include "afterwards.h"
