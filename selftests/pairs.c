// SPDX-License-Identifier: GPL-2.0
/*
 * Every two operations at once, over and over: what one does meets the other in every state
 * that it passes through. What comes of it is hardly looked at here, that is for the other
 * tests; a kernel that looks for data races, or for locks that are missing, is told of all
 * there is to see.
 */
#include "msgpass_test.h"

#include <stdatomic.h>
#include <sys/wait.h>

/* Short: most of what waits here waits in vain. */
static uint64_t shortly(void)
{
	return now() + 200000;
}

/* What both sides work on. */
struct field {
	int device;
	int mailbox;			/* a named one */
	int broadcast;
	const char *name;
	const char *other;		/* of a mailbox that comes and goes */
	const char *wire;		/* of the broadcast */
	uint64_t peer;			/* the test's own */
};

/* How often this side has done it. */
static __thread unsigned int turn;

#define FLOW_SIZE (256 << 10)

static int sends(const struct field *field)
{
	return send_number(field->mailbox, 0, turn);
}

static int sends_what_expires(const struct field *field)
{
	return SEND(field->mailbox, NUMBER(turn), .lifetime = 1 + turn % 3 * 1000000,
		    .flags = MSGPASS_NONBLOCK | MSGPASS_RECEIPT);
}

static int meets_a_receiver(const struct field *field)
{
	return SEND(field->mailbox, NUMBER(turn), .flags = MSGPASS_SYNCHRONOUS,
		    .deadline = shortly());
}

static int sends_a_flow(const struct field *field)
{
	static char bytes[FLOW_SIZE];

	return SEND(field->mailbox, BYTES(bytes, sizeof(bytes)), .flags = MSGPASS_FLOW,
		    .deadline = shortly());
}

static int sends_several(const struct field *field)
{
	struct msgpass_send_element elements[3] = {
		{ NUMBER(turn) }, { NUMBER(turn), .type = turn % 2 }, { NUMBER(turn) },
	};
	struct msgpass_send_batch batch = {
		.size = sizeof(batch), .elements = (uintptr_t)elements, .count = 3,
		.deadline = shortly(),
	};

	return call(field->mailbox, MSGPASS_IOC_SEND_BATCH, &batch);
}

static int receives_several(const struct field *field)
{
	char bytes[4][64];
	struct msgpass_receive_element elements[4];
	struct msgpass_receive_batch batch = {
		.size = sizeof(batch), .elements = (uintptr_t)elements, .count = 4,
		.flags = MSGPASS_TRUNCATE, .deadline = shortly(),
	};
	unsigned int i;

	for (i = 0; i < 4; i++)
		elements[i] = (struct msgpass_receive_element){ BYTES(bytes[i], 64) };
	return call(field->mailbox, MSGPASS_IOC_RECEIVE_BATCH, &batch);
}

static int receives(const struct field *field)
{
	static __thread char bytes[FLOW_SIZE];

	return RECEIVE(field->mailbox, NULL, BYTES(bytes, sizeof(bytes)), .deadline = shortly(),
		       .flags = MSGPASS_TRUNCATE);
}

static int receives_in_pieces(const struct field *field)
{
	struct msgpass_receive out;
	struct msgpass_piece_read read = { .size = sizeof(read), .length = 4096 };
	char bytes[4096];
	int ret;

	ret = RECEIVE(field->mailbox, &out, BYTES(bytes, 1), .deadline = shortly(),
		      .flags = MSGPASS_PIECES);
	if (ret || !out.out_token)
		return ret;
	read.token = out.out_token;
	read.data = (uintptr_t)bytes;
	ret = call(field->device, MSGPASS_IOC_PIECE_READ, &read);
	read.flags = MSGPASS_CANCEL;
	read.length = 0;
	call(field->device, MSGPASS_IOC_PIECE_READ, &read);
	return ret;
}

static int peeks(const struct field *field)
{
	char bytes[64];

	return RECEIVE(field->mailbox, NULL, BYTES(bytes, sizeof(bytes)),
		       .flags = MSGPASS_PEEK | MSGPASS_TRUNCATE | MSGPASS_NONBLOCK);
}

static int polls(const struct field *field)
{
	struct pollfd fds[] = {
		{ .fd = field->mailbox, .events = POLLIN | POLLOUT },
		{ .fd = field->device, .events = POLLIN },
		{ .fd = field->broadcast, .events = POLLIN | POLLOUT },
	};

	return poll(fds, ARRAY_SIZE(fds), turn % 2);
}

static int changes_limits(const struct field *field)
{
	return MAILBOX_SET(field->mailbox, .capacity = turn % 4, .message_max = 64 + turn % 2,
			   .set = MSGPASS_SET_CAPACITY | MSGPASS_SET_MESSAGE_MAX);
}

static int changes_rights(const struct field *field)
{
	return MAILBOX_SET(field->mailbox, .mode = turn % 2 ? 0666 : 0600, .gid = turn % 2,
			   .set = MSGPASS_SET_MODE | MSGPASS_SET_GID);
}

static int opens(const struct field *field)
{
	int fd = MAILBOX_OPEN(field->device, field->name, OPEN_BOTH);

	return fd < 0 ? fd : close(fd);
}

static int makes_and_deletes(const struct field *field)
{
	int fd = MAILBOX_OPEN(field->device, field->other, OPEN_NEW | MSGPASS_OPEN_BOUND);

	if (fd < 0)
		return fd;
	send_number(fd, 0, turn);
	mailbox_delete(field->device, field->other);
	return close(fd);
}

static int offers_and_accepts(const struct field *field)
{
	int ret = mailbox_give(field->mailbox, "", MSGPASS_PEER, field->peer);

	return ret ?: mailbox_accept(field->mailbox, "");
}

static int asks_for_mailboxes(const struct field *field)
{
	struct msgpass_mailbox_stat stat;
	struct msgpass_info out;
	int ret = mailbox_stat(field->mailbox, "", &stat) ?: info(field->device, &out);

	return ret ?: mailbox_next(field->device, 0, &stat);
}

static int sends_itself(const struct field *field)
{
	return SEND(field->device, .to = field->peer, NUMBER(turn),
		    .flags = MSGPASS_PEER | MSGPASS_NONBLOCK);
}

static int receives_from_itself(const struct field *field)
{
	char bytes[256];

	return RECEIVE(field->device, NULL, BYTES(bytes, sizeof(bytes)), .deadline = shortly(),
		       .from = turn % 2 ? field->peer : 0, .flags = turn % 2 ? MSGPASS_PEER : 0);
}

static int changes_its_inbox(const struct field *field)
{
	return INBOX_SET(field->device, .mode = turn % 2 ? 0222 : 0200,
			 .message_max = 64 + turn % 2, .capacity = turn % 4,
			 .set = MSGPASS_SET_MODE | MSGPASS_SET_CAPACITY | MSGPASS_SET_MESSAGE_MAX);
}

static int asks_for_inboxes(const struct field *field)
{
	struct msgpass_inbox_stat stat;
	struct msgpass_link_stat link;
	int ret = inbox_next(field->device, 0, &stat);

	link_next(field->device, 0, 0, &link);
	return ret ?: inbox_stat(field->device, 0, 0, &stat);
}

static int asks_who_waits(const struct field *field)
{
	struct msgpass_wait_element waits[4];
	struct msgpass_wait_list list = {
		.size = sizeof(list), .elements = (uintptr_t)waits, .count = ARRAY_SIZE(waits),
	};
	int ret = call(field->device, MSGPASS_IOC_WAIT_LIST, &list);

	return ret < 0 ? ret : call(field->mailbox, MSGPASS_IOC_WAIT_LIST, &list);
}

static int calls(const struct field *field)
{
	uint32_t answer;

	return CALL(field->mailbox, NULL, NUMBER(turn), PLACE_OF(answer), .deadline = shortly());
}

static int replies(const struct field *field)
{
	struct msgpass_receive out;
	char bytes[64];
	int ret;

	ret = RECEIVE(field->mailbox, &out, BYTES(bytes, sizeof(bytes)), .deadline = shortly(),
		      .flags = MSGPASS_TRUNCATE);
	if (ret || !(out.out_token))
		return ret;
	return turn % 3 ? reply_number(field->mailbox, out.out_token, turn) :
			   FORWARD(field->mailbox, out.out_token, NUMBER(turn),
				   .flags = MSGPASS_NONBLOCK);
}

static int broadcasts(const struct field *field)
{
	return SEND(field->broadcast, NUMBER(turn), .flags = MSGPASS_NONBLOCK,
		    .lifetime = turn % 2 * 1000000);
}

static int subscribes(const struct field *field)
{
	int fd = MAILBOX_OPEN(field->device, field->wire, MSGPASS_OPEN_RECEIVE);
	struct msgpass_mailbox_stat stat;

	if (fd < 0)
		return fd;
	TAKE(fd);
	mailbox_stat(fd, "", &stat);
	return close(fd);
}

static int passes_its_right(const struct field *field)
{
	int32_t fd = field->broadcast, got;
	char bytes[64];
	int ret;

	ret = SEND(field->device, .to = field->peer, .flags = MSGPASS_PEER | MSGPASS_NONBLOCK,
		   .fds = (uintptr_t)&fd, .fds_count = 1, .type = 7);
	ret = RECEIVE(field->device, NULL, BYTES(bytes, sizeof(bytes)), .type = 7,
		      .fds = (uintptr_t)&got, .fds_room = 1,
		      .flags = MSGPASS_TYPE_EXACT | MSGPASS_NONBLOCK) ?: ret;
	return ret ?: close(got);
}

/* It sends to the test and leaves a message unread, too. */
static int lives_and_dies(const struct field *field)
{
	pid_t child = child_fork();
	int status;

	if (!child) {
		SEND(field->device, .to = field->peer, NUMBER(turn),
		     .flags = MSGPASS_PEER | MSGPASS_NONBLOCK);
		send_number(field->device, getpid(), turn);
		_exit(0);
	}
	return waitpid(child, &status, 0) == child ? 0 : -errno;
}

/* And how often each is done with each. */
#define OPERATIONS(X) \
	X(sends, 40) \
	X(sends_what_expires, 40) \
	X(meets_a_receiver, 20) \
	X(sends_a_flow, 10) \
	X(sends_several, 20) \
	X(receives, 20) \
	X(receives_several, 20) \
	X(receives_in_pieces, 20) \
	X(peeks, 40) \
	X(polls, 20) \
	X(changes_limits, 40) \
	X(changes_rights, 40) \
	X(opens, 40) \
	X(makes_and_deletes, 20) \
	X(offers_and_accepts, 40) \
	X(asks_for_mailboxes, 40) \
	X(sends_itself, 40) \
	X(receives_from_itself, 20) \
	X(changes_its_inbox, 40) \
	X(asks_for_inboxes, 40) \
	X(asks_who_waits, 40) \
	X(calls, 20) \
	X(replies, 20) \
	X(broadcasts, 40) \
	X(subscribes, 40) \
	X(passes_its_right, 20) \
	X(lives_and_dies, 5)

static const struct operation {
	const char *name;
	int (*run)(const struct field *field);
	unsigned int rounds;
} operations[] = {
#define ENTRY(function, count) { .name = #function, .run = function, .rounds = count },
	OPERATIONS(ENTRY)
};

enum {
#define INDEX(function, count) AT_##function,
	OPERATIONS(INDEX)
};

/* Errors that nothing which the other side does can account for. */
static bool is_wrong(int result)
{
	return result == -EFAULT || result == -EINVAL || result == -EBADF ||
	       result == -ENOTTY || result == -E2BIG || result == -EDEADLK;
}

struct side {
	const struct operation *operation;
	const struct field *field;
	const struct side *other;
	atomic_uint turns;
	int wrong;
};

static bool has_done_its_rounds(const struct side *side)
{
	return side->turns >= side->operation->rounds;
}

/* Goes on while the other has to, who may have begun later. */
static void *run_side(void *argument)
{
	struct side *side = argument;

	for (turn = 0; !has_done_its_rounds(side) || !has_done_its_rounds(side->other); turn++) {
		int result = side->operation->run(side->field);

		if (is_wrong(result))
			side->wrong = result;
		side->turns++;
	}
	return NULL;
}

FIXTURE(pair) {
	struct field field;
};

FIXTURE_VARIANT(pair) {
	unsigned int first;
};

FIXTURE_SETUP(pair)
{
	struct field *field = &self->field;

	field->device = device_open();
	field->peer = own_peer(field->device);
	field->name = unique_name("field");
	field->other = unique_name("other");
	field->mailbox = MAILBOX_OPEN(field->device, field->name, OPEN_NEW,
				      .set = MSGPASS_SET_CAPACITY, .capacity = 4);
	field->wire = unique_name("wire");
	field->broadcast = MAILBOX_OPEN(field->device, field->wire,
					OPEN_NEW | MSGPASS_OPEN_BROADCAST);
	ASSERT_LE(0, field->mailbox);
	ASSERT_LE(0, field->broadcast);
}

FIXTURE_TEARDOWN(pair)
{
	mailbox_delete(self->field.device, self->field.name);
	mailbox_delete(self->field.device, self->field.other);
	mailbox_delete(self->field.device, self->field.wire);
	close(self->field.mailbox);
	close(self->field.broadcast);
	close(self->field.device);
}

/* Both at once, until each has done its rounds; 0, or the error that was wrong. */
static int run_pair(const struct field *field, const struct operation *one,
		    const struct operation *other)
{
	struct side sides[2] = {
		{ .operation = one, .field = field, .other = &sides[1] },
		{ .operation = other, .field = field, .other = &sides[0] },
	};
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_side, &sides[0]))
		return -ENOMEM;
	run_side(&sides[1]);
	pthread_join(thread, NULL);
	return sides[0].wrong ?: sides[1].wrong;
}

/* Each against itself and those after it. */
#define VARIANT(function, count) \
	FIXTURE_VARIANT_ADD(pair, function) { .first = AT_##function };
OPERATIONS(VARIANT)

TEST_F(pair, at_once_gives_only_errors_that_the_other_can_cause)
{
	const struct operation *one = &operations[variant->first], *other;

	for (other = one; other < operations + ARRAY_SIZE(operations); other++) {
		EXPECT_EQ(0, run_pair(&self->field, one, other))
			TH_LOG("%s and %s", one->name, other->name);
	}
}

#include "afterwards.h"
