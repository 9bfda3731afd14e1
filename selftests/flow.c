// SPDX-License-Identifier: GPL-2.0
/*
 * Messages longer than the receiver's largest, which flow from the sender's memory while it
 * waits, and messages that are received in pieces.
 *
 * A child sends, the test receives, unless the receiver is to die.
 */
#include "msgpass_test.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>

#define MS 1000000ULL

enum { MESSAGE_MAX = 64 << 10, LENGTH = 300001, HEAD = 1000 };

/* What a byte of a flow has to be. */
static unsigned char byte_at(uint64_t offset)
{
	return offset * 131 + (offset >> 8) * 7 + (offset >> 16);
}

static void fill(unsigned char *buffer, uint64_t offset, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		buffer[i] = byte_at(offset + i);
}

static bool is_right(const unsigned char *buffer, uint64_t offset, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (buffer[i] != byte_at(offset + i))
			return false;
	return true;
}

FIXTURE(flow) {
	struct channel channel;
	int fd;			/* the channel's */
	int device;
	pid_t me;
	uint64_t to;
	uint64_t *count;	/* out_count of the child that sends */
	unsigned char *buffer;	/* LENGTH */
	struct msgpass_receive out;
	struct msgpass_piece_read piece;
};

FIXTURE_VARIANT(flow) {
	bool direct;
};

FIXTURE_VARIANT_ADD(flow, to_pid) { .direct = true };
FIXTURE_VARIANT_ADD(flow, to_mailbox) { };

FIXTURE_SETUP(flow)
{
	self->device = device_open();
	ASSERT_LE(0, self->device);
	settled_user_bytes(self->device);
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->fd = self->channel.fd;
	self->me = getpid();
	self->to = address(&self->channel, self->me);
	self->count = shared(sizeof(*self->count));
	*self->count = ~0ULL;
	self->buffer = malloc(LENGTH);
	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				 .message_max = MESSAGE_MAX));
}

FIXTURE_TEARDOWN(flow)
{
	free(self->buffer);
	close(self->fd);
	close(self->device);
}

static void ignore_signal(int signal)
{
	(void)signal;
}

/* Send as a flow; *count is what went through. */
static int do_flow(int fd, struct msgpass_send send, uint64_t *count)
{
	int ret;

	send.size = sizeof(send);
	send.flags |= MSGPASS_FLOW;
	send.out_count = ~0ULL;
	ret = call(fd, MSGPASS_IOC_SEND, &send);
	*count = send.out_count;
	return ret;
}

/* A child that sends LENGTH bytes, or what @send says; its exit status is the errno. */
static pid_t flowing(FIXTURE_DATA(flow) *self, uint64_t to, struct msgpass_send send)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	pid_t pid = child_fork();

	if (!pid) {
		sigaction(SIGUSR1, &action, NULL);
		send.to = to;
		if (!send.length) {
			fill(self->buffer, 0, LENGTH);
			send.data = (uintptr_t)self->buffer;
			send.length = LENGTH;
		}
		_exit(-do_flow(self->fd, send, self->count));
	}
	return pid;
}

/* FLOWING(self, field of the send, ...) */
#define FLOWING(self, ...) flowing(self, (self)->to, (struct msgpass_send){ __VA_ARGS__ })

static struct counts counts_of(FIXTURE_DATA(flow) *self)
{
	return channel_counts(&self->channel, self->me);
}

static bool sender_waits(FIXTURE_DATA(flow) *self)
{
	return senders_wait(&self->channel, self->me, 1);
}

/* Receive the head, of so many bytes; wait for it. */
static int receive_head(FIXTURE_DATA(flow) *self, size_t length)
{
	return RECEIVE(self->fd, &self->out, BYTES(self->buffer, length), .deadline = soon(),
		       .flags = MSGPASS_PIECES);
}

static int read_piece(FIXTURE_DATA(flow) *self, void *buffer, size_t length)
{
	self->piece = (struct msgpass_piece_read){
		.size = sizeof(self->piece), .token = self->out.out_token,
		BYTES(buffer, length),
	};
	return call(self->fd, MSGPASS_IOC_PIECE_READ, &self->piece);
}

static int skip_rest(FIXTURE_DATA(flow) *self)
{
	self->piece = (struct msgpass_piece_read){
		.size = sizeof(self->piece), .token = self->out.out_token,
		.flags = MSGPASS_CANCEL,
	};
	return call(self->fd, MSGPASS_IOC_PIECE_READ, &self->piece);
}

/* Read on from @offset to the end; true if all is as it should be. */
static bool read_rest(FIXTURE_DATA(flow) *self, uint64_t offset, uint64_t length, size_t most)
{
	while (offset < length) {
		if (read_piece(self, self->buffer, most) || !self->piece.out_count ||
		    self->piece.out_remaining != length - offset - self->piece.out_count ||
		    !is_right(self->buffer, offset, self->piece.out_count))
			return false;
		offset += self->piece.out_count;
	}
	return offset == length;
}

/* Nothing is left of a flow that came to an end. */
static void expect_over(struct __test_metadata *_metadata, FIXTURE_DATA(flow) *self)
{
	EXPECT_TRUE(wait_until(counts_of(self).senders_waiting == 0));
	EXPECT_EQ(0, counts_of(self).queued);
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

/* --- all of it goes through */

TEST_F(flow, goes_through_in_pieces)
{
	pid_t child = FLOWING(self, .type = 5, .priority = 6);

	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(LENGTH, self->out.out_length);
	EXPECT_EQ(LENGTH - HEAD, self->out.out_remaining);
	EXPECT_EQ(MSGPASS_OUT_FLOW | MSGPASS_OUT_PIECES, self->out.out_flags);
	EXPECT_NE(0, self->out.out_token);
	EXPECT_EQ(5, self->out.out_type);
	EXPECT_EQ(6, self->out.out_priority);
	EXPECT_EQ(child, self->out.out_pid);
	EXPECT_TRUE(is_right(self->buffer, 0, HEAD));
	EXPECT_TRUE(read_rest(self, HEAD, LENGTH, 4097));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(LENGTH, *self->count);
	EXPECT_EQ(-ESRCH, read_piece(self, self->buffer, 1));
	EXPECT_EQ(1, counts_of(self).received);
	expect_over(_metadata, self);
}

TEST_F(flow, goes_through_in_pieces_of_any_size)
{
	const size_t sizes[] = { 1 << 18, 65535, 65537, 12345, 100000 };
	unsigned int i;
	pid_t child;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		child = FLOWING(self);
		ASSERT_EQ(0, receive_head(self, i));
		EXPECT_TRUE(is_right(self->buffer, 0, i));
		EXPECT_TRUE(read_rest(self, i, LENGTH, sizes[i]));
		EXPECT_EQ(0, child_status(child));
		EXPECT_EQ(LENGTH, *self->count);
	}
}

TEST_F(flow, goes_through_at_once_where_the_buffer_is_large_enough)
{
	pid_t child = FLOWING(self);

	ASSERT_EQ(0, RECEIVE(self->fd, &self->out, BYTES(self->buffer, LENGTH),
			     .deadline = soon()));
	EXPECT_EQ(LENGTH, self->out.out_length);
	EXPECT_EQ(0, self->out.out_remaining);
	EXPECT_EQ(0, self->out.out_token);
	EXPECT_EQ(MSGPASS_OUT_FLOW, self->out.out_flags);
	EXPECT_TRUE(is_right(self->buffer, 0, LENGTH));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(LENGTH, *self->count);
}

TEST_F(flow, ends_with_the_piece_that_is_the_last)
{
	pid_t child = FLOWING(self);

	ASSERT_EQ(0, receive_head(self, LENGTH - 1));
	EXPECT_EQ(1, self->out.out_remaining);
	EXPECT_EQ(0, read_piece(self, self->buffer, 100));
	EXPECT_EQ(1, self->piece.out_count);
	EXPECT_EQ(0, self->piece.out_remaining);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(-ESRCH, read_piece(self, self->buffer, 100));
}

TEST_F(flow, goes_through_to_one_who_waits_already)
{
	pid_t child, sender;

	child = child_fork();
	if (!child) {
		if (variant->direct)
			CHECK(!CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
					   .message_max = MESSAGE_MAX));
		CHECK(!receive_head(self, HEAD));
		CHECK(is_right(self->buffer, 0, HEAD));
		_exit(!read_rest(self, HEAD, LENGTH, 65536));
	}
	EXPECT_TRUE(receivers_wait(&self->channel, child, 1));
	sender = flowing(self, address(&self->channel, child), (struct msgpass_send){});
	EXPECT_EQ(0, child_status(sender));
	EXPECT_EQ(LENGTH, *self->count);
	EXPECT_EQ(0, child_status(child));
}

TEST_F(flow, goes_from_and_to_scattered_memory)
{
	struct iovec from[40], to[3];
	uint64_t offset = 0, length;
	unsigned int i, round;
	pid_t child;

	child = child_fork();
	if (!child) {
		/* Each piece somewhere else, some of them empty. */
		for (i = 0; i < ARRAY_SIZE(from); i++) {
			from[i].iov_len = i % 5 ? 1 + i * 997 : 0;
			from[i].iov_base = malloc(from[i].iov_len + 1);
			fill(from[i].iov_base, offset, from[i].iov_len);
			offset += from[i].iov_len;
		}
		_exit(-do_flow(self->fd, (struct msgpass_send){
			.to = self->to, BYTES(from, ARRAY_SIZE(from)), .flags = MSGPASS_IOVEC,
		}, self->count));
	}
	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_TRUE(is_right(self->buffer, 0, HEAD));
	length = self->out.out_length;
	to[0] = (struct iovec){ self->buffer, 7 };
	to[1] = (struct iovec){ self->buffer + 100000, 4096 };
	to[2] = (struct iovec){ self->buffer + 7, 20000 };
	offset = HEAD;
	for (round = 0; offset < length && round < 1000; round++) {
		self->piece = (struct msgpass_piece_read){
			.size = sizeof(self->piece), .token = self->out.out_token,
			.flags = MSGPASS_IOVEC, BYTES(to, 3),
		};
		ASSERT_EQ(0, call(self->fd, MSGPASS_IOC_PIECE_READ, &self->piece));
		EXPECT_TRUE(is_right(self->buffer, offset, 7));
		if (self->piece.out_count == 7 + 4096 + 20000) {
			EXPECT_TRUE(is_right(self->buffer + 100000, offset + 7, 4096));
			EXPECT_TRUE(is_right(self->buffer + 7, offset + 7 + 4096, 20000));
		}
		offset += self->piece.out_count;
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(length, *self->count);
	EXPECT_EQ(length, offset);
}

/* --- whichever way its pages are found: the sender holds the first 512 ready */

enum { HELD = 512 * 4096 };

/* Who receives says whether all that came was right. */
static pid_t receiving(FIXTURE_DATA(flow) *self, bool direct, unsigned char *place,
		       uint64_t length, uint64_t head, size_t piece)
{
	pid_t pid = child_fork();

	if (pid)
		return pid;
	if (direct)
		CHECK(!CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				   .message_max = 0));
	CHECK(!RECEIVE(self->fd, &self->out, BYTES(place, head), .deadline = soon(),
		       .flags = MSGPASS_PIECES));
	CHECK(self->out.out_length == length && is_right(place, 0, head));
	CHECK(head == length || read_rest(self, head, length, piece));
	_exit(0);
}

static void expect_right(struct __test_metadata *_metadata, FIXTURE_DATA(flow) *self, bool direct,
			 struct msgpass_send send, uint64_t length, uint64_t head, size_t piece)
{
	unsigned char *place = malloc(length + 1);
	pid_t receiver, sender;

	receiver = receiving(self, direct, place + length % 2, length, head, piece);
	EXPECT_TRUE(receivers_wait(&self->channel, receiver, 1));
	sender = flowing(self, address(&self->channel, receiver), send);
	EXPECT_EQ(0, child_status(sender));
	EXPECT_EQ(length, *self->count);
	EXPECT_EQ(0, child_status(receiver));
	free(place);
}

TEST_F(flow, is_right_wherever_it_begins_and_ends)
{
	const size_t lengths[] = { 1, 4096, 65536, HELD - 1, HELD, HELD + 1, HELD + 70000 };
	const size_t offsets[] = { 0, 1, 4095 };
	unsigned char *memory = aligned_alloc(4096, HELD + (80 << 10));
	unsigned int i, j;

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			fill(memory + offsets[j], 0, lengths[i]);
			expect_right(_metadata, self, variant->direct,
				     (struct msgpass_send){ BYTES(memory + offsets[j],
								  lengths[i]) },
				     lengths[i], lengths[i], 0);
		}
	}
	free(memory);
}

TEST_F(flow, is_right_in_pieces_of_what_is_held_and_what_is_not)
{
	const size_t heads[] = { 4096, 12345, HELD + 1 }, length = HELD + 60000;
	unsigned char *memory = malloc(length);
	unsigned int i;

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX));
	fill(memory, 0, length);
	for (i = 0; i < ARRAY_SIZE(heads); i++)
		expect_right(_metadata, self, variant->direct,
			     (struct msgpass_send){ BYTES(memory, length) }, length, heads[i],
			     LENGTH - 1);
	free(memory);
}

TEST_F(flow, from_scattered_memory_is_right)
{
	struct iovec from[200];
	uint64_t length = 0;
	unsigned int i;

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX));
	for (i = 0; i < ARRAY_SIZE(from); i++) {
		from[i].iov_len = i % 7 ? i * 149 : 0;
		/* Some of them end with a page, and some are beyond those that are held. */
		from[i].iov_base = i % 3 ? malloc(from[i].iov_len) : guarded(from[i].iov_len);
		fill(from[i].iov_base, length, from[i].iov_len);
		length += from[i].iov_len;
	}
	expect_right(_metadata, self, variant->direct, (struct msgpass_send){
		BYTES(from, ARRAY_SIZE(from)), .flags = MSGPASS_IOVEC,
	}, length, length, 0);
	expect_right(_metadata, self, variant->direct, (struct msgpass_send){
		BYTES(from, ARRAY_SIZE(from)), .flags = MSGPASS_IOVEC,
	}, length, 55555, 100000);
}

TEST_F(flow, from_memory_that_nobody_has_touched_yet_is_right)
{
	int file = memfd_create("touched in part", MFD_CLOEXEC);
	unsigned char *memory;

	ASSERT_LE(0, file);
	fill(self->buffer, 0, LENGTH);
	ASSERT_EQ(LENGTH, write(file, self->buffer, LENGTH));
	memory = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	ASSERT_NE(MAP_FAILED, memory);
	fill(memory, 0, 3 * 4096);
	expect_right(_metadata, self, variant->direct,
		     (struct msgpass_send){ BYTES(memory, LENGTH) }, LENGTH, LENGTH, 0);
}

/* --- its pages are held no longer than they have to be */

/* A sender whose bytes are those of a file that can be sealed, unless its pages are held. */
static pid_t flowing_from_file(FIXTURE_DATA(flow) *self, int *file)
{
	unsigned char *memory;
	pid_t pid;

	*file = memfd_create("flow", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	fill(self->buffer, 0, LENGTH);
	if (*file < 0 || write(*file, self->buffer, LENGTH) != LENGTH)
		return -1;
	pid = child_fork();
	if (pid)
		return pid;
	memory = mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE | MAP_POPULATE, *file, 0);
	CHECK(memory != MAP_FAILED);
	_exit(-do_flow(self->fd, (struct msgpass_send){
		.to = self->to, .deadline = soon(), BYTES(memory, LENGTH),
	}, self->count));
}

#define EXPECT_NOT_HELD(file) EXPECT_EQ(0, fcntl(file, F_ADD_SEALS, F_SEAL_WRITE))

TEST_F(flow, does_not_hold_its_memory_while_nobody_reads)
{
	int file;
	pid_t child = flowing_from_file(self, &file);

	EXPECT_TRUE(sender_waits(self));
	EXPECT_NOT_HELD(file);
	ASSERT_EQ(0, RECEIVE(self->fd, &self->out, BYTES(self->buffer, LENGTH)));
	EXPECT_TRUE(is_right(self->buffer, 0, LENGTH));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(flow, does_not_hold_its_memory_between_pieces)
{
	int file;
	pid_t child = flowing_from_file(self, &file);

	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_NOT_HELD(file);
	EXPECT_TRUE(read_rest(self, HEAD, LENGTH, 65536));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(flow, does_not_hold_its_memory_after_a_peek)
{
	int file;
	pid_t child = flowing_from_file(self, &file);

	ASSERT_EQ(0, RECEIVE(self->fd, NULL, BYTES(self->buffer, HEAD), .deadline = soon(),
			     .flags = MSGPASS_PEEK | MSGPASS_TRUNCATE));
	EXPECT_NOT_HELD(file);
	child_kill(child);
}

TEST_F(flow, does_not_hold_its_memory_once_it_is_through)
{
	int file;
	pid_t child = flowing_from_file(self, &file);

	ASSERT_EQ(0, RECEIVE(self->fd, &self->out, BYTES(self->buffer, LENGTH),
			     .deadline = soon()));
	EXPECT_EQ(0, child_status(child));
	EXPECT_NOT_HELD(file);
}

TEST_F(flow, does_not_hold_its_memory_after_a_receive_that_failed)
{
	int file;
	pid_t child = flowing_from_file(self, &file);

	ASSERT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(1, LENGTH), .deadline = soon()));
	EXPECT_NOT_HELD(file);
	child_kill(child);
}

TEST_F(flow, does_not_hold_its_memory_when_its_sender_is_killed)
{
	int file;
	pid_t child = flowing_from_file(self, &file);

	EXPECT_TRUE(sender_waits(self));
	child_kill(child);
	EXPECT_NOT_HELD(file);
}

/* --- from the same memory again: its pages need not be found anew, unless they changed */

enum { TIMES = 5, STEP = 12345 };

static void nothing(unsigned char *memory)
{
	(void)memory;
}

static void map_at(unsigned char *memory)
{
	CHECK(mmap(memory, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		   -1, 0) == memory);
}

static void unmap(unsigned char *memory)
{
	CHECK(!munmap(memory, LENGTH));
	map_at(memory);
}

static void drop(unsigned char *memory)
{
	CHECK(!madvise(memory, LENGTH, MADV_DONTNEED));
}

static void move_away(unsigned char *memory)
{
	CHECK(mremap(memory, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED,
		     memory + 2 * LENGTH / 4096 * 4096) != MAP_FAILED);
	map_at(memory);
}

/* What the parent writes from now on is in other pages than the child's. */
static void share(unsigned char *memory)
{
	(void)memory;
	if (!child_fork())
		for (;;)
			pause();
}

/* A child that sends the same memory again and again, and does that to it before the last time. */
static pid_t flowing_again(FIXTURE_DATA(flow) *self, void (*change)(unsigned char *memory))
{
	unsigned char *memory;
	unsigned int i;
	pid_t pid = child_fork();

	if (pid)
		return pid;
	memory = mmap(NULL, 4 * LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED);
	for (i = 0; i < TIMES; i++) {
		if (i == TIMES - 1)
			change(memory);
		fill(memory, i * STEP, LENGTH);
		CHECK(!do_flow(self->fd, (struct msgpass_send){
			.to = self->to, .deadline = soon(), BYTES(memory, LENGTH),
		}, self->count));
	}
	_exit(0);
}

static void expect_right_again(struct __test_metadata *_metadata, FIXTURE_DATA(flow) *self,
			       void (*change)(unsigned char *memory))
{
	pid_t child = flowing_again(self, change);
	unsigned int i;

	for (i = 0; i < TIMES; i++) {
		ASSERT_EQ(0, RECEIVE(self->fd, NULL, BYTES(self->buffer, LENGTH),
				     .deadline = soon()));
		EXPECT_TRUE(is_right(self->buffer, i * STEP, LENGTH));
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(flow, from_memory_that_was_written_again_is_right)
{
	expect_right_again(_metadata, self, nothing);
}

TEST_F(flow, from_memory_that_was_mapped_anew_is_right)
{
	expect_right_again(_metadata, self, unmap);
}

TEST_F(flow, from_memory_that_was_dropped_is_right)
{
	expect_right_again(_metadata, self, drop);
}

TEST_F(flow, from_where_other_memory_was_before_it_was_moved_is_right)
{
	expect_right_again(_metadata, self, move_away);
}

TEST_F(flow, from_memory_that_a_child_has_too_is_right)
{
	expect_right_again(_metadata, self, share);
}

TEST_F(flow, from_memory_that_may_no_longer_be_read_is_efault)
{
	pid_t child = child_fork();
	unsigned int i;

	if (!child) {
		unsigned char *memory = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		const struct msgpass_send send = {
			.to = self->to, .deadline = soon(), BYTES(memory, LENGTH),
		};

		CHECK(memory != MAP_FAILED);
		fill(memory, 0, LENGTH);
		for (i = 0; i < TIMES; i++)
			CHECK(!do_flow(self->fd, send, self->count));
		CHECK(!mprotect(memory, LENGTH, PROT_NONE));
		CHECK(do_flow(self->fd, send, self->count) == -EFAULT);
		_exit(-SEND(self->fd, .to = self->to, BYTES("", 1)));
	}
	for (i = 0; i < TIMES; i++)
		ASSERT_EQ(0, RECEIVE(self->fd, NULL, BYTES(self->buffer, LENGTH),
				     .deadline = soon()));
	ASSERT_EQ(0, RECEIVE(self->fd, &self->out, BYTES(self->buffer, LENGTH),
			     .deadline = soon()));
	EXPECT_EQ(1, self->out.out_length);
	EXPECT_EQ(0, child_status(child));
}

TEST_F(flow, does_not_hold_the_memory_of_a_file_for_the_next)
{
	unsigned int *sent = shared(sizeof(*sent)), i;
	int file = memfd_create("flow", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	unsigned char *memory;
	pid_t child;

	fill(self->buffer, 0, LENGTH);
	ASSERT_EQ(LENGTH, write(file, self->buffer, LENGTH));
	child = child_fork();
	if (!child) {
		memory = mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
		CHECK(memory != MAP_FAILED);
		for (; *sent < TIMES; ++*sent)
			CHECK(!do_flow(self->fd, (struct msgpass_send){
				.to = self->to, .deadline = soon(), BYTES(memory, LENGTH),
			}, self->count));
		for (;;)
			pause();
	}
	for (i = 0; i < TIMES; i++)
		ASSERT_EQ(0, RECEIVE(self->fd, NULL, BYTES(self->buffer, LENGTH),
				     .deadline = soon()));
	EXPECT_TRUE(wait_until(__atomic_load_n(sent, __ATOMIC_RELAXED) == TIMES));
	EXPECT_NOT_HELD(file);
	child_kill(child);
}

/* Threads that send from the same memory, while others change what is mapped there. */
struct restless {
	FIXTURE_DATA(flow) *flow;
	unsigned char *memory;
	bool over;
};

enum { RESTLESS = 2, OF_EACH = 100 };

static void *flow_restlessly(void *argument)
{
	struct restless *restless = argument;
	uint64_t count;
	unsigned int i;

	for (i = 0; i < OF_EACH; i++)
		CHECK(!do_flow(restless->flow->fd, (struct msgpass_send){
			.to = restless->flow->to, .deadline = soon(),
			BYTES(restless->memory, LENGTH - i % 3 * 4096),
		}, &count));
	return NULL;
}

static void *protect_and_share(void *argument)
{
	struct restless *restless = argument;
	pid_t child;

	while (!__atomic_load_n(&restless->over, __ATOMIC_RELAXED)) {
		CHECK(!mprotect(restless->memory, 8 * 4096, PROT_READ));
		child = child_fork();
		if (!child)
			_exit(0);
		CHECK(!child_status(child));
		CHECK(!mprotect(restless->memory, 8 * 4096, PROT_READ | PROT_WRITE));
		restless->memory[0] = byte_at(0);
	}
	return NULL;
}

static void be_restless(FIXTURE_DATA(flow) *self)
{
	struct restless restless = { .flow = self };
	pthread_t threads[RESTLESS], other;
	unsigned int i;

	restless.memory = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);
	CHECK(restless.memory != MAP_FAILED);
	fill(restless.memory, 0, LENGTH);
	CHECK(!pthread_create(&other, NULL, protect_and_share, &restless));
	for (i = 0; i < RESTLESS; i++)
		CHECK(!pthread_create(&threads[i], NULL, flow_restlessly, &restless));
	for (i = 0; i < RESTLESS; i++)
		CHECK(!pthread_join(threads[i], NULL));
	__atomic_store_n(&restless.over, true, __ATOMIC_RELAXED);
	CHECK(!pthread_join(other, NULL));
}

TEST_F(flow, of_threads_whose_memory_changes_meanwhile_are_right)
{
	pid_t child = child_fork();
	unsigned int i;

	if (!child) {
		be_restless(self);
		_exit(0);
	}
	for (i = 0; i < RESTLESS * OF_EACH; i++) {
		ASSERT_EQ(0, RECEIVE(self->fd, &self->out, BYTES(self->buffer, LENGTH),
				     .deadline = soon()));
		EXPECT_TRUE(is_right(self->buffer, 0, self->out.out_length));
	}
	EXPECT_EQ(0, child_status(child));
}

TEST_F(flow, of_what_is_not_too_long_is_a_message_like_others)
{
	struct msgpass_receive out;
	uint64_t count;

	fill(self->buffer, 0, MESSAGE_MAX);
	EXPECT_EQ(0, do_flow(self->fd, (struct msgpass_send){
		.to = self->to, BYTES(self->buffer, MESSAGE_MAX), .flags = MSGPASS_NONBLOCK,
	}, &count));
	EXPECT_EQ(MESSAGE_MAX, count);
	EXPECT_EQ(MESSAGE_MAX, counts_of(self).queued_bytes);
	EXPECT_EQ(0, RECEIVE(self->fd, &out, BYTES(self->buffer, MESSAGE_MAX)));
	EXPECT_EQ(0, out.out_flags);
	EXPECT_EQ(0, out.out_remaining);
}

/* --- in the queue */

TEST_F(flow, takes_one_place_and_no_bytes)
{
	pid_t first, second;

	/* Of a process, the place is one in the link of each sender. */
	if (variant->direct)
		SKIP(return, "the same as in a mailbox");
	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .capacity = 1, .capacity_bytes = MESSAGE_MAX,
				 .set = MSGPASS_SET_CAPACITY | MSGPASS_SET_CAPACITY_BYTES));
	first = FLOWING(self);
	EXPECT_TRUE(wait_until(counts_of(self).queued == 1));
	EXPECT_EQ(0, counts_of(self).queued_bytes);
	EXPECT_EQ(-EAGAIN, send_number(self->fd, 0, 1));
	second = FLOWING(self);
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 2));
	EXPECT_EQ(1, counts_of(self).queued);
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(self->buffer, LENGTH)));
	EXPECT_EQ(0, child_status(first));
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(self->buffer, LENGTH), .deadline = soon()));
	EXPECT_EQ(0, child_status(second));
}

TEST_F(flow, stands_in_its_order_and_others_pass_once_it_is_begun)
{
	pid_t child;

	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	child = FLOWING(self);
	EXPECT_TRUE(sender_waits(self));
	ASSERT_EQ(0, send_number(self->fd, self->to, 2));
	EXPECT_EQ(1, TAKE(self->fd));
	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(MSGPASS_OUT_FLOW | MSGPASS_OUT_PIECES, self->out.out_flags);
	EXPECT_EQ(2, TAKE(self->fd));
	EXPECT_TRUE(read_rest(self, HEAD, LENGTH, 65536));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(flow, is_emsgsize_for_a_buffer_too_small)
{
	pid_t child = FLOWING(self);

	EXPECT_EQ(-EMSGSIZE, RECEIVE(self->fd, &self->out, BYTES(self->buffer, LENGTH - 1),
				     .deadline = soon()));
	EXPECT_EQ(LENGTH, self->out.out_length);
	EXPECT_EQ(1, counts_of(self).queued);
	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_TRUE(read_rest(self, HEAD, LENGTH, 65536));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(LENGTH, *self->count);
}

TEST_F(flow, can_be_peeked_at)
{
	pid_t child = FLOWING(self);

	EXPECT_EQ(0, RECEIVE(self->fd, &self->out, BYTES(self->buffer, HEAD), .deadline = soon(),
			     .flags = MSGPASS_PEEK | MSGPASS_TRUNCATE));
	EXPECT_EQ(LENGTH, self->out.out_length);
	EXPECT_EQ(MSGPASS_OUT_FLOW | MSGPASS_OUT_TRUNCATED, self->out.out_flags);
	EXPECT_EQ(0, self->out.out_token);
	EXPECT_TRUE(is_right(self->buffer, 0, HEAD));
	EXPECT_EQ(1, counts_of(self).queued);
	ASSERT_EQ(0, receive_head(self, 0));
	EXPECT_TRUE(read_rest(self, 0, LENGTH, 65536));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(LENGTH, *self->count);
}

TEST_F(flow, is_cut_off_by_a_receive_that_truncates)
{
	pid_t child = FLOWING(self);

	EXPECT_EQ(0, RECEIVE(self->fd, &self->out, BYTES(self->buffer, HEAD), .deadline = soon(),
			     .flags = MSGPASS_TRUNCATE));
	EXPECT_EQ(LENGTH, self->out.out_length);
	EXPECT_EQ(MSGPASS_OUT_FLOW | MSGPASS_OUT_TRUNCATED, self->out.out_flags);
	EXPECT_TRUE(is_right(self->buffer, 0, HEAD));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(HEAD, *self->count);
	expect_over(_metadata, self);
}

/* --- what can't be */

TEST_F(flow, is_eagain_without_waiting)
{
	uint64_t count;

	EXPECT_EQ(-EAGAIN, do_flow(self->fd, (struct msgpass_send){
		.to = self->to, BYTES(self->buffer, LENGTH), .flags = MSGPASS_NONBLOCK }, &count));
	EXPECT_EQ(0, count);
	EXPECT_EQ(0, counts_of(self).queued);
}

TEST_F(flow, carries_no_fds_and_gives_no_receipt)
{
	uint64_t count;

	EXPECT_EQ(-EINVAL, do_flow(self->fd, (struct msgpass_send){
		.to = self->to, BYTES(self->buffer, LENGTH), .flags = MSGPASS_RECEIPT }, &count));
	EXPECT_EQ(-EINVAL, do_flow(self->fd, (struct msgpass_send){
		.to = self->to, BYTES(self->buffer, LENGTH), .fds = (uintptr_t)&self->fd,
		.fds_count = 1 }, &count));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(flow, is_needed_for_what_is_too_long)
{
	EXPECT_EQ(-EMSGSIZE, SEND(self->fd, .to = self->to, BYTES(self->buffer, LENGTH)));
	EXPECT_EQ(-EMSGSIZE, SEND(self->fd, .to = self->to, BYTES(self->buffer,
								  MESSAGE_MAX + 1)));
}

TEST_F(flow, from_beyond_the_address_space_is_efault)
{
	uint64_t count;

	EXPECT_EQ(-EFAULT, do_flow(self->fd, (struct msgpass_send){
		.to = self->to, BYTES(self->buffer, ~0ULL), .deadline = soon() }, &count));
	EXPECT_EQ(-EFAULT, do_flow(self->fd, (struct msgpass_send){
		.to = self->to, BYTES(self->buffer, 1ULL << 63), .deadline = soon() }, &count));
	EXPECT_EQ(0, counts_of(self).queued);
}

struct sending {
	int fd;
	struct msgpass_send *send;
	int result;
};

static void *send_it(void *argument)
{
	struct sending *sending = argument;

	sending->result = call(sending->fd, MSGPASS_IOC_SEND, sending->send);
	return NULL;
}

TEST_F(flow, that_went_through_is_no_error_where_that_could_not_be_told)
{
	struct sending sending = { .fd = self->fd, .send = shared(sizeof(*sending.send)) };
	pthread_t thread;

	ASSERT_NE(NULL, sending.send);
	fill(self->buffer, 0, LENGTH);
	*sending.send = (struct msgpass_send){
		.size = sizeof(*sending.send), .flags = MSGPASS_FLOW, .to = self->to,
		.deadline = soon(), BYTES(self->buffer, LENGTH),
	};
	ASSERT_EQ(0, pthread_create(&thread, NULL, send_it, &sending));
	EXPECT_TRUE(wait_until(counts_of(self).queued == 1));
	EXPECT_EQ(0, mprotect(sending.send, sizeof(*sending.send), PROT_READ));
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(malloc(LENGTH), LENGTH),
			     .flags = MSGPASS_NONBLOCK));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, sending.result);
	EXPECT_EQ(LENGTH, sending.send->out_count);
}

/* --- its sender leaves */

TEST_F(flow, that_nobody_began_is_given_up_without_a_trace)
{
	pid_t child = FLOWING(self, .deadline = now() + 20 * MS);

	EXPECT_EQ(ETIMEDOUT, child_status(child));
	EXPECT_EQ(0, *self->count);
	expect_over(_metadata, self);
	child = FLOWING(self);
	EXPECT_TRUE(sender_waits(self));
	kill(child, SIGUSR1);
	EXPECT_EQ(EINTR, child_status(child));
	EXPECT_EQ(0, *self->count);
	expect_over(_metadata, self);
	child = FLOWING(self);
	EXPECT_TRUE(sender_waits(self));
	child_kill(child);
	expect_over(_metadata, self);
	EXPECT_EQ(0, counts_of(self).sent);
}

TEST_F(flow, that_nobody_began_is_etimedout_when_its_lifetime_is_over)
{
	pid_t child = FLOWING(self, .lifetime = 20 * MS);

	EXPECT_EQ(ETIMEDOUT, child_status(child));
	EXPECT_EQ(0, *self->count);
	expect_over(_metadata, self);
}

TEST_F(flow, that_was_begun_is_a_short_count_after_a_signal)
{
	pid_t child = FLOWING(self);

	ASSERT_EQ(0, receive_head(self, HEAD));
	ASSERT_EQ(0, read_piece(self, self->buffer, 5000));
	kill(child, SIGUSR1);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(HEAD + 5000, *self->count);
	EXPECT_EQ(-EPIPE, read_piece(self, self->buffer, 5000));
	EXPECT_EQ(-ESRCH, read_piece(self, self->buffer, 5000));
	expect_over(_metadata, self);
}

TEST_F(flow, that_was_begun_is_a_short_count_at_the_deadline)
{
	pid_t child = FLOWING(self, .deadline = now() + 500 * MS);

	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(HEAD, *self->count);
	EXPECT_EQ(-EPIPE, read_piece(self, self->buffer, 5000));
	EXPECT_EQ(-ESRCH, read_piece(self, self->buffer, 5000));
}

TEST_F(flow, that_was_begun_outlives_its_lifetime)
{
	uint64_t end = now() + 400 * MS;
	pid_t child = FLOWING(self, .lifetime = 300 * MS);

	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_TRUE(wait_until(now() > end));
	EXPECT_TRUE(read_rest(self, HEAD, LENGTH, 65536));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(LENGTH, *self->count);
}

TEST_F(flow, of_a_sender_that_is_killed_is_epipe_for_the_reader)
{
	pid_t child = FLOWING(self);

	ASSERT_EQ(0, receive_head(self, HEAD));
	child_kill(child);
	EXPECT_EQ(-EPIPE, read_piece(self, self->buffer, 5000));
	EXPECT_EQ(-ESRCH, read_piece(self, self->buffer, 5000));
	EXPECT_TRUE(is_right(self->buffer, 0, HEAD));
	expect_over(_metadata, self);
}

/* --- its receiver leaves */

TEST_F(flow, is_a_short_count_when_the_rest_is_skipped)
{
	pid_t child = FLOWING(self);

	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(0, skip_rest(self));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(HEAD, *self->count);
	EXPECT_EQ(-ESRCH, read_piece(self, self->buffer, 1));
	EXPECT_EQ(-ESRCH, skip_rest(self));
}

TEST_F(flow, of_which_only_nothing_was_received_is_epipe_when_it_is_skipped)
{
	pid_t child = FLOWING(self);

	ASSERT_EQ(0, receive_head(self, 0));
	EXPECT_EQ(LENGTH, self->out.out_remaining);
	EXPECT_EQ(0, skip_rest(self));
	EXPECT_EQ(EPIPE, child_status(child));
	EXPECT_EQ(0, *self->count);
}

TEST_F(flow, is_a_short_count_when_the_receiver_dies)
{
	pid_t receiver = child_fork(), sender;

	if (!receiver) {
		if (variant->direct)
			CHECK(!CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
					   .message_max = MESSAGE_MAX));
		CHECK(!receive_head(self, HEAD));
		for (;;)
			pause();
	}
	EXPECT_TRUE(receivers_wait(&self->channel, receiver, 1));
	sender = flowing(self, address(&self->channel, receiver), (struct msgpass_send){});
	EXPECT_TRUE(wait_until(channel_counts(&self->channel, receiver).received == 1));
	EXPECT_EQ(0, waitpid(sender, NULL, WNOHANG));
	child_kill(receiver);
	EXPECT_EQ(0, child_status(sender));
	EXPECT_EQ(HEAD, *self->count);
}

TEST_F(flow, that_nobody_began_is_epipe_when_the_other_side_goes)
{
	pid_t receiver = 0, sender;

	if (variant->direct) {
		receiver = child_fork();
		if (!receiver) {
			CHECK(!CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
					   .message_max = MESSAGE_MAX));
			for (;;)
				pause();
		}
		EXPECT_TRUE(wait_until(peer_of(self->fd, receiver)));
	}
	sender = flowing(self, receiver, (struct msgpass_send){});
	EXPECT_TRUE(senders_wait(&self->channel, receiver, 1));
	if (receiver)
		child_kill(receiver);
	else
		EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(EPIPE, child_status(sender));
	EXPECT_EQ(0, *self->count);
}

TEST_F(flow, that_was_begun_outlasts_the_mailbox)
{
	pid_t child;

	if (variant->direct)
		SKIP(return, "of a mailbox");
	child = FLOWING(self);
	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_TRUE(read_rest(self, HEAD, LENGTH, 65536));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(LENGTH, *self->count);
}

/* --- memory that is not there */

TEST_F(flow, from_memory_that_is_not_there_is_efault_and_nobody_receives_it)
{
	void *nothing = mmap(NULL, LENGTH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child = FLOWING(self, .data = (uintptr_t)nothing, .length = LENGTH,
			      .deadline = soon());

	EXPECT_TRUE(sender_waits(self));
	EXPECT_EQ(-EAGAIN, RECEIVE(self->fd, NULL, BYTES(self->buffer, HEAD),
				   .flags = MSGPASS_PIECES | MSGPASS_NONBLOCK));
	EXPECT_EQ(EFAULT, child_status(child));
	EXPECT_EQ(0, *self->count);
	expect_over(_metadata, self);
}

TEST_F(flow, from_memory_that_ends_is_a_short_count)
{
	unsigned char *bytes = guarded(100000);
	pid_t child;

	fill(bytes, 0, 100000);
	child = FLOWING(self, .data = (uintptr_t)bytes, .length = LENGTH, .deadline = soon());
	ASSERT_EQ(0, receive_head(self, 50000));
	ASSERT_EQ(0, read_piece(self, self->buffer, 50000));
	EXPECT_TRUE(is_right(self->buffer, 50000, self->piece.out_count));
	if (self->piece.out_count == 50000)
		EXPECT_EQ(-EPIPE, read_piece(self, self->buffer, 50000));
	EXPECT_EQ(-ESRCH, read_piece(self, self->buffer, 50000));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(100000, *self->count);
}

TEST_F(flow, from_memory_that_ends_in_the_head_leaves_the_buffer_to_the_next)
{
	struct iovec halves[] = { { self->buffer, 6000 }, { self->buffer + 6000, 14000 } };
	unsigned char *bytes = guarded(10000);
	const struct msgpass_receive places[] = {
		{ .flags = MSGPASS_PIECES, BYTES(self->buffer, 20000) },
		{ .flags = MSGPASS_PIECES | MSGPASS_IOVEC, BYTES(halves, 2) },
	};
	unsigned int i;

	fill(bytes, 0, 10000);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct msgpass_receive receive = places[i];
		pid_t child = FLOWING(self, .data = (uintptr_t)bytes, .length = LENGTH,
				      .deadline = soon());

		EXPECT_TRUE(sender_waits(self));
		ASSERT_EQ(0, send_number(self->fd, self->to, 7));
		receive.size = sizeof(receive);
		ASSERT_EQ(0, call(self->fd, MSGPASS_IOC_RECEIVE, &receive));
		EXPECT_EQ(sizeof(uint32_t), receive.out_length);
		EXPECT_EQ(7, *(uint32_t *)self->buffer);
		EXPECT_EQ(EFAULT, child_status(child));
		expect_over(_metadata, self);
	}
}

TEST_F(flow, to_memory_that_is_not_there_can_be_received_again)
{
	pid_t child = FLOWING(self);
	unsigned char *small = guarded(10000);

	EXPECT_TRUE(sender_waits(self));
	EXPECT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(1, HEAD), .flags = MSGPASS_PIECES));
	EXPECT_EQ(1, counts_of(self).queued);
	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(-EFAULT, read_piece(self, (void *)1, 5000));
	EXPECT_EQ(-EFAULT, read_piece(self, small, 20000));
	EXPECT_TRUE(read_rest(self, HEAD, LENGTH, 65536));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(LENGTH, *self->count);
}

/* What it came to can't be told: the piece counts as not read. */
TEST_F(flow, whose_piece_could_not_be_told_of_has_it_again)
{
	struct msgpass_piece_read *piece = guarded(sizeof(*piece));
	void *page = (void *)((uintptr_t)piece & -4096UL);
	pid_t child = FLOWING(self, .deadline = soon());

	ASSERT_EQ(0, receive_head(self, HEAD));
	*piece = (struct msgpass_piece_read){
		.size = sizeof(*piece), .token = self->out.out_token, BYTES(self->buffer, 5000),
	};
	ASSERT_EQ(0, mprotect(page, 4096, PROT_READ));
	EXPECT_EQ(-EFAULT, call(self->fd, MSGPASS_IOC_PIECE_READ, piece));
	EXPECT_TRUE(read_rest(self, HEAD, LENGTH, 65536));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(LENGTH, *self->count);
}

/* --- who may read on */

TEST_F(flow, is_read_on_by_the_process_that_began)
{
	pid_t child = FLOWING(self), other;

	ASSERT_EQ(0, receive_head(self, HEAD));
	other = child_fork();
	if (!other) {
		CHECK(read_piece(self, self->buffer, 100) == -ESRCH);
		_exit(-skip_rest(self));
	}
	EXPECT_EQ(ESRCH, child_status(other));
	self->out.out_token++;
	EXPECT_EQ(-ESRCH, read_piece(self, self->buffer, 100));
	self->out.out_token = 0;
	EXPECT_EQ(-ESRCH, read_piece(self, self->buffer, 100));
	child_kill(child);
}

struct reader {
	FIXTURE_DATA(flow) *self;
	pthread_t thread;
	uint64_t count;
	bool wrong;
};

static void *read_pieces(void *argument)
{
	FIXTURE_DATA(flow) *self = ((struct reader *)argument)->self;
	struct msgpass_piece_read piece;
	struct reader *reader = argument;
	unsigned char buffer[1000];

	for (;;) {
		piece = (struct msgpass_piece_read){
			.size = sizeof(piece), .token = self->out.out_token,
			BYTES(buffer, sizeof(buffer)),
		};
		if (call(self->fd, MSGPASS_IOC_PIECE_READ, &piece))
			return NULL;
		reader->count += piece.out_count;
		if (!is_right(buffer, LENGTH - piece.out_remaining - piece.out_count,
			      piece.out_count))
			reader->wrong = true;
	}
}

TEST_F(flow, gives_each_piece_to_one_of_the_threads_that_read)
{
	struct reader readers[3] = {};
	pid_t child = FLOWING(self);
	uint64_t count = HEAD;
	unsigned int i;

	ASSERT_EQ(0, receive_head(self, HEAD));
	for (i = 0; i < 3; i++) {
		readers[i].self = self;
		ASSERT_EQ(0, pthread_create(&readers[i].thread, NULL, read_pieces, &readers[i]));
	}
	for (i = 0; i < 3; i++) {
		pthread_join(readers[i].thread, NULL);
		EXPECT_FALSE(readers[i].wrong);
		count += readers[i].count;
	}
	EXPECT_EQ(LENGTH, count);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(LENGTH, *self->count);
}

/* --- a message that does not flow, in pieces */

TEST_F(flow, is_not_needed_to_receive_in_pieces)
{
	uint64_t base, held;

	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	ASSERT_EQ(1, TAKE(self->fd));
	base = user_bytes(self->device);
	fill(self->buffer, 0, 50000);
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES(self->buffer, 50000)));
	held = user_bytes(self->device);
	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(50000, self->out.out_length);
	EXPECT_EQ(50000 - HEAD, self->out.out_remaining);
	EXPECT_EQ(MSGPASS_OUT_PIECES, self->out.out_flags);
	EXPECT_EQ(2, counts_of(self).received);
	/* And what tells how far it has come. */
	EXPECT_LE(held, user_bytes(self->device));
	EXPECT_TRUE(read_rest(self, HEAD, 50000, 7777));
	EXPECT_EQ(-ESRCH, read_piece(self, self->buffer, 1));
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES(self->buffer, 50000)));
	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(0, skip_rest(self));
	EXPECT_EQ(-ESRCH, skip_rest(self));
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
}

TEST_F(flow, in_pieces_is_paid_for_by_who_reads)
{
	uint64_t *sender = shared(2 * sizeof(*sender)), own;
	pid_t child;

	if (variant->direct)
		SKIP(return, "the same as through a mailbox");
	NEED_ROOT();
	child = child_fork();
	if (!child) {
		become(FATHER, FAMILY);
		CHECK(!SEND(self->fd, BYTES(self->buffer, 50000)));
		__atomic_store_n(sender, user_bytes(self->device), __ATOMIC_RELEASE);
		CHECK(wait_until(counts_of(self).received == 1));
		sender[1] = user_bytes(self->device);
		_exit(0);
	}
	ASSERT_TRUE(wait_until(counts_of(self).queued == 1));
	ASSERT_TRUE(wait_until(__atomic_load_n(sender, __ATOMIC_ACQUIRE)));
	own = user_bytes(self->device);
	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(0, child_status(child));
	EXPECT_LE(50000, sender[0]);
	EXPECT_GT(50000, sender[1]);
	EXPECT_LE(own + 50000, user_bytes(self->device));
	EXPECT_EQ(0, skip_rest(self));
	EXPECT_TRUE(wait_until(user_bytes(self->device) == own));
}

TEST_F(flow, that_fits_has_no_pieces)
{
	ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES(self->buffer, HEAD)));
	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(0, self->out.out_flags);
	EXPECT_EQ(0, self->out.out_token);
	EXPECT_EQ(0, self->out.out_remaining);
}

TEST_F(flow, whose_pieces_nobody_reads_goes_with_the_process)
{
	uint64_t base = user_bytes(self->device);
	pid_t child = child_fork();

	if (!child) {
		CHECK(!SEND(self->fd, .to = variant->direct ? (uint64_t)getpid() : 0,
			    BYTES(self->buffer, 50000)));
		_exit(-receive_head(self, HEAD));
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_TRUE(wait_until(user_bytes(self->device) == base));
}

TEST_F(flow, in_pieces_is_neither_peeked_at_nor_truncated)
{
	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	EXPECT_EQ(-EINVAL, RECEIVE(self->fd, NULL, .flags = MSGPASS_PIECES | MSGPASS_PEEK));
	EXPECT_EQ(-EINVAL, RECEIVE(self->fd, NULL, .flags = MSGPASS_PIECES | MSGPASS_TRUNCATE));
	EXPECT_EQ(1, TAKE(self->fd));
}

TEST_F(flow, is_none_that_could_be_replied_to)
{
	struct msgpass_call request = {
		.size = sizeof(request), .to = self->to, .flags = MSGPASS_NONBLOCK,
		BYTES(self->buffer, HEAD),
	};

	ASSERT_EQ(-EINPROGRESS, call(self->fd, MSGPASS_IOC_CALL, &request));
	EXPECT_EQ(-EMSGSIZE, RECEIVE(self->fd, &self->out, BYTES(self->buffer, HEAD - 1),
				     .flags = MSGPASS_PIECES));
	EXPECT_EQ(HEAD, self->out.out_length);
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, BYTES(self->buffer, HEAD), .flags = MSGPASS_PIECES));
}

/* --- many at once */

TEST_F(flow, of_many_senders_to_many_receivers_each_goes_through)
{
	enum { SENDERS = 3, EACH = 20 };
	const int receivers = variant->direct ? 1 : 2;
	pid_t sender[SENDERS], receiver[2];
	uint64_t to, count;
	int i, j;

	for (i = 0; i < receivers; i++) {
		receiver[i] = child_fork();
		if (receiver[i])
			continue;
		if (variant->direct)
			CHECK(!CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
					   .message_max = MESSAGE_MAX));
		for (j = 0;; j++) {
			CHECK(!receive_head(self, j % 3 ? HEAD : LENGTH));
			CHECK(is_right(self->buffer, 0, j % 3 ? HEAD : LENGTH));
			CHECK(!self->out.out_token || read_rest(self, HEAD, LENGTH, 50001));
		}
	}
	EXPECT_TRUE(receivers_wait(&self->channel, receiver[0], (unsigned int)receivers));
	to = address(&self->channel, receiver[0]);
	for (i = 0; i < SENDERS; i++) {
		sender[i] = child_fork();
		if (sender[i])
			continue;
		fill(self->buffer, 0, LENGTH);
		for (j = 0; j < EACH; j++) {
			CHECK(!do_flow(self->fd, (struct msgpass_send){
				.to = to, BYTES(self->buffer, LENGTH), .deadline = soon(),
			}, &count));
			CHECK(count == LENGTH);
		}
		_exit(0);
	}
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_status(sender[i]));
	for (i = 0; i < receivers; i++)
		child_kill(receiver[i]);
}

/* --- two gigabytes, and more, through a mailbox for messages of 1 MiB */

enum { FILE_SIZE = 61 << 20 };

#define LARGE (2ULL << 30)

/* So many bytes of address space that show the file again and again. */
static unsigned char *repeated(int file, uint64_t length)
{
	unsigned char *start = mmap(NULL, length, PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t offset;

	if (start == MAP_FAILED)
		return NULL;
	for (offset = 0; offset < length; offset += FILE_SIZE) {
		uint64_t count = length - offset < FILE_SIZE ? length - offset : FILE_SIZE;

		if (mmap(start + offset, count, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0) ==
		    MAP_FAILED)
			return NULL;
	}
	return start;
}

/* No two of its pages are the same. */
static int file_of_noise(void)
{
	int file = memfd_create("noise", MFD_CLOEXEC);
	uint64_t *words, state = 88172645463325252ULL;
	unsigned int i;

	if (file < 0 || ftruncate(file, FILE_SIZE))
		return -1;
	words = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (words == MAP_FAILED)
		return -1;
	for (i = 0; i < FILE_SIZE / sizeof(*words); i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		words[i] = state;
	}
	munmap(words, FILE_SIZE);
	return file;
}

/* The bytes of a piece, compared with those of the file that it came from. */
static bool is_of_file(const unsigned char *noise, uint64_t offset, const unsigned char *piece,
		       uint64_t count)
{
	while (count) {
		uint64_t at = offset % FILE_SIZE;
		uint64_t part = count < FILE_SIZE - at ? count : FILE_SIZE - at;

		if (memcmp(noise + at, piece, part))
			return false;
		piece += part;
		offset += part;
		count -= part;
	}
	return true;
}

TEST_F_TIMEOUT(flow, of_two_gigabytes_goes_through_a_mailbox_for_one_megabyte, 110)
{
	const size_t most = (1 << 20) + 123;
	unsigned char *noise, *buffer;
	uint64_t offset;
	pid_t child;
	int file;

	if (variant->direct)
		SKIP(return, "the same as through a mailbox");
	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .message_max = 1 << 20, .capacity_bytes = 1 << 20,
				 .set = MSGPASS_SET_MESSAGE_MAX | MSGPASS_SET_CAPACITY_BYTES));
	file = file_of_noise();
	ASSERT_LE(0, file);
	noise = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, noise);
	buffer = malloc(most);
	child = child_fork();
	if (!child) {
		unsigned char *source = repeated(file, LARGE + 5);

		CHECK(source);
		_exit(-do_flow(self->fd, (struct msgpass_send){ BYTES(source, LARGE + 5) },
			       self->count));
	}
	ASSERT_EQ(0, RECEIVE(self->fd, &self->out, BYTES(buffer, most), .flags = MSGPASS_PIECES));
	EXPECT_EQ(LARGE + 5, self->out.out_length);
	ASSERT_TRUE(is_of_file(noise, 0, buffer, most));
	for (offset = most; offset < LARGE + 5; offset += self->piece.out_count) {
		ASSERT_EQ(0, read_piece(self, buffer, most));
		ASSERT_TRUE(is_of_file(noise, offset, buffer, self->piece.out_count));
	}
	EXPECT_EQ(0, self->piece.out_remaining);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(LARGE + 5, *self->count);
	free(buffer);
}

TEST_F(flow, can_be_longer_than_any_single_read)
{
	void *space = mmap(NULL, 3 * LARGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			   -1, 0);
	pid_t child;

	ASSERT_NE(MAP_FAILED, space);
	child = FLOWING(self, BYTES(space, 3 * LARGE));
	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(3 * LARGE, self->out.out_length);
	EXPECT_EQ(3 * LARGE - HEAD, self->out.out_remaining);
	EXPECT_EQ(0, skip_rest(self));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(flow, from_scattered_memory_can_be_longer_than_any_single_read)
{
	void *space = mmap(NULL, LARGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			   -1, 0);
	struct iovec parts[3] = { { space, LARGE }, { space, LARGE }, { space, 5 } };
	pid_t child;

	ASSERT_NE(MAP_FAILED, space);
	child = FLOWING(self, BYTES(parts, 3), .flags = MSGPASS_IOVEC);
	ASSERT_EQ(0, receive_head(self, HEAD));
	EXPECT_EQ(2 * LARGE + 5, self->out.out_length);
	EXPECT_EQ(0, skip_rest(self));
	EXPECT_EQ(0, child_status(child));
}

#include "afterwards.h"
