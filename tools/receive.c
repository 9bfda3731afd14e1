// SPDX-License-Identifier: GPL-2.0
/*
 * recv: messages as they are, or the next message or whole stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "describe.h"
#include "fail.h"
#include "io.h"
#include "receiver.h"
#include "stream.h"
#include "verbs.h"

#define FIRST_SIZE ((size_t)256 << 10)

/*
 * What the buffer can't hold comes in pieces. To peek, and of a call, all of
 * it is needed at once: the message stays queued while the buffer grows.
 */
ssize_t receiver_take(struct receiver *receiver, const struct msgpass_receive_options *wanted)
{
	struct msgpass_receive_options how = *wanted;
	size_t room = receiver->size;

	how.pieces = !how.peek && !how.truncate;
	/* to peek gives none of them, but tells */
	if (how.peek)
		how.fds_room = MSGPASS_FDS_MAX;
	if (how.truncate)
		room = receiver->options->truncate;
	for (;;) {
		ssize_t ret = msgpass_receive_with(receiver->target.fd, receiver->buffer, room,
						   &how, &receiver->info);
		char *larger;

		if (ret != -EMSGSIZE || receiver->info.fds_count > how.fds_room)
			return ret;
		/* a flow may be longer than memory: the head is enough */
		how.truncate = receiver->info.flow;
		if (how.truncate)
			continue;
		room = receiver->info.length;
		larger = realloc(receiver->buffer, room);
		if (!larger)
			return -ENOMEM;
		receiver->buffer = larger;
		receiver->size = room;
	}
}

static int write_bytes(struct receiver *receiver, size_t length)
{
	size_t written = io_write_all(receiver->out, receiver->buffer, length);
	int error;

	if (written == length) {
		progress_add(&receiver->progress, length);
		return DONE;
	}
	error = errno;
	progress_end(&receiver->progress);
	errno = error;
	return fail(FAILED, "cannot write to %s: %m; %zu bytes from %s %s",
		    receiver->out == STDOUT_FILENO ? "standard output" : "memory", length - written,
		    receiver->target.text,
		    receiver->options->peek ? "are still there" : "were received and are lost");
}

static int fail_in_pieces(struct receiver *receiver, uint64_t length, int error)
{
	const struct msgpass_message_info *info = &receiver->info;

	progress_end(&receiver->progress);
	if (error != -EPIPE)
		return fail_with(&receiver->target, TO_RECEIVE, error);
	return fail(GONE,
		    "the message from process %d is not whole: its sender died or gave up (EPIPE) after %" PRIu64
		    " of %" PRIu64 " bytes; let it be sent again",
		    info->pid, length, info->length);
}

int receiver_write(struct receiver *receiver, size_t length, uint64_t *total)
{
	uint64_t remaining = receiver->info.remaining, written = length;
	int ret = write_bytes(receiver, length);

	while (!ret && remaining) {
		ssize_t piece = msgpass_piece_read(receiver->target.fd, receiver->info.rest,
						   receiver->buffer, receiver->size, &remaining);

		if (piece < 0)
			return fail_in_pieces(receiver, written, piece);
		ret = write_bytes(receiver, piece);
		written += piece;
	}
	*total += written;
	return ret;
}

int receiver_fail(struct receiver *receiver, int error)
{
	progress_end(&receiver->progress);
	return fail_with(&receiver->target, TO_RECEIVE, error);
}

static void notice_missed(struct receiver *receiver)
{
	if (!receiver->info.missed || receiver->options->quiet)
		return;
	progress_end(&receiver->progress);
	fail(DONE,
	     "%u messages of %s were missed before this one, because there was no room; receive faster, or raise its --capacity",
	     receiver->info.missed, receiver->target.text);
}

void receiver_tell(struct receiver *receiver, const struct msgpass_message_info *first,
		   uint64_t length, uint64_t pieces)
{
	struct record record;

	notice_missed(receiver);
	if (!receiver->options->verbose && !receiver->options->json)
		return;
	progress_end(&receiver->progress);
	record_begin(&record, stderr, receiver->options->json);
	describe_message(&record, first, length, pieces);
	record_end(&record);
	fputc('\n', stderr);
}

struct msgpass_receive_options receiver_options(const struct receiver *receiver)
{
	const struct options *options = receiver->options;

	return (struct msgpass_receive_options){
		.pid = options->pid,
		.peer = options->peer,
		.deadline_ns = options->timeout_ns ? msgpass_deadline(options->timeout_ns) : 0,
		.select = options->select,
		.type = options->type,
		.by_priority = options->by_priority,
		.nonblock = options->nonblock || options->all,
		.peek = options->peek,
		.spin = options->spin,
		.truncate = options->truncate != NO_TRUNCATE,
	};
}

/*
 * The next message or first piece of a stream, but no further piece of a
 * stream that another receiver reads. No selector says "the oldest but for
 * those", so look at the oldest and take one of its type. If that is such a
 * piece, or nothing is there, MSGPASS_SELECT_UP_TO can wait for the others;
 * the lowest type comes first then.
 */
static ssize_t take_next(struct receiver *receiver)
{
	struct msgpass_receive_options how = receiver_options(receiver);
	struct msgpass_message_info oldest;
	ssize_t ret;

	for (;;) {
		struct msgpass_receive_options look = how;

		look.nonblock = true;
		look.peek = true;
		look.truncate = true;
		ret = msgpass_receive_with(receiver->target.fd, NULL, 0, &look, &oldest);
		if (ret < 0 || oldest.type > STREAM_START)
			break;
		look = how;
		look.nonblock = true;
		look.select = MSGPASS_SELECT_TYPE;
		look.type = oldest.type;
		ret = receiver_take(receiver, &look);
		if (ret != -EAGAIN)
			return ret;
		/* another receiver was faster: look again */
	}
	if (ret < 0 && ret != -EAGAIN)
		return ret;
	how.select = MSGPASS_SELECT_UP_TO;
	how.type = STREAM_START;
	return receiver_take(receiver, &how);
}

/* Streams are not broadcast: see wants_message() of send. */
static bool wants_messages(const struct receiver *receiver)
{
	const struct options *options = receiver->options;

	return receiver->broadcast || options->message || options->select || options->peek ||
	       options->truncate != NO_TRUNCATE;
}

/* An exit code, or NOTHING_LEFT when --all has received all. */
#define NOTHING_LEFT -1

static int receive_one(struct receiver *receiver)
{
	struct msgpass_receive_options how = receiver_options(receiver);
	bool message = wants_messages(receiver);
	uint64_t total = 0;
	ssize_t length;
	int ret;

	/* what nobody would read is better left where it is */
	if (io_is_broken(STDOUT_FILENO))
		return fail(FAILED, "nobody reads standard output (EPIPE); nothing was received");
	length = message ? receiver_take(receiver, &how) : take_next(receiver);
	if (length == -EAGAIN && receiver->options->all)
		return NOTHING_LEFT;
	if (length < 0)
		return receiver_fail(receiver, length);
	if (!message && receiver->info.type == STREAM_START)
		return receive_stream(receiver, length);
	ret = receiver_write(receiver, length, &total);
	if (!ret)
		receiver_tell(receiver, &receiver->info, total, 1);
	return ret;
}

int receiver_open(struct receiver *receiver, const struct options *options)
{
	int ret;

	receiver->options = options;
	ret = target_find(&receiver->target, options);
	if (ret)
		return ret;
	if (options->settings.has && receiver->target.kind == TARGET_MAILBOX)
		return fail_usage(options,
				  "settings are for the own inbox; change a mailbox with: msgpass set %s",
				  text_shown(receiver->target.name));
	ret = target_open(&receiver->target, O_RDONLY);
	if (ret)
		return ret;
	receiver->broadcast = target_is_broadcast(&receiver->target);
	if (!options->settings.has)
		return DONE;
	ret = msgpass_inbox_set(receiver->target.device, &options->settings);
	if (ret < 0)
		return fail_with(&(struct target){ .kind = TARGET_ANYONE, .text = "the own inbox" },
				 TO_SET, ret);
	return DONE;
}

static int receive_all(struct receiver *receiver)
{
	const struct options *options = receiver->options;
	uint64_t count = options->count ? options->count : options->all ? UINT64_MAX : 1;
	int ret = DONE;

	while (!ret && count--)
		ret = receive_one(receiver);
	return ret == NOTHING_LEFT ? DONE : ret;
}

static bool make_buffer(struct receiver *receiver)
{
	uint64_t size = receiver->options->truncate;

	/* more makes the pieces of a long message larger, but it no faster */
	if (size == NO_TRUNCATE || size < FIRST_SIZE)
		size = FIRST_SIZE;
	receiver->size = size;
	receiver->buffer = malloc(size);
	return receiver->buffer;
}

static int check_options(const struct options *options)
{
	bool several = options->count > 1 || options->all;

	if (options->peek && several)
		return fail_usage(options,
				  "--peek sees the same message each time; leave out --count and --all");
	if (options->fds && (options->peek || several || options->truncate != NO_TRUNCATE))
		return fail_usage(options,
				  "--fds is for one message, all of it; leave out --count, --all, --peek and --truncate");
	return DONE;
}

int receive_output(const struct options *options)
{
	struct receiver receiver = { .out = STDOUT_FILENO };
	struct options whom = *options;
	char **command;
	int ret = check_options(options);

	if (!ret && options->fds)
		ret = options_take_command(&whom, &command);
	if (!ret)
		ret = receiver_open(&receiver, &whom);
	if (ret)
		return ret;
	if (!make_buffer(&receiver))
		return fail(FAILED, "there is no memory for a message");
	progress_begin(&receiver.progress, options, STDOUT_FILENO);
	ret = options->fds ? receive_for_command(&receiver, command) : receive_all(&receiver);
	progress_end(&receiver.progress);
	free(receiver.buffer);
	return ret;
}
