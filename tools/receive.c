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

/* The message stays queued while the buffer grows to hold it. */
ssize_t receiver_take(struct receiver *receiver,
		      const struct msgpass_receive_options *how)
{
	size_t room = receiver->size;

	if (how->truncate && receiver->options->truncate < room)
		room = receiver->options->truncate;
	for (;;) {
		ssize_t ret = msgpass_receive_with(receiver->target.fd,
						   receiver->buffer, room,
						   how, &receiver->info);
		char *larger;

		if (ret != -EMSGSIZE)
			return ret;
		room = receiver->info.length;
		larger = realloc(receiver->buffer, room);
		if (!larger)
			return -ENOMEM;
		receiver->buffer = larger;
		receiver->size = room;
	}
}

int receiver_write(struct receiver *receiver, size_t length)
{
	size_t written = io_write_all(STDOUT_FILENO, receiver->buffer, length);
	int error;

	if (written == length) {
		progress_add(&receiver->progress, length);
		return DONE;
	}
	error = errno;
	progress_end(&receiver->progress);
	errno = error;
	return fail(FAILED, "cannot write to standard output: %m; %zu bytes from %s %s",
		    length - written, receiver->target.text,
		    receiver->options->peek ? "are still there" :
		    "were received and are lost");
}

int receiver_fail(struct receiver *receiver, int error)
{
	progress_end(&receiver->progress);
	return fail_with(&receiver->target, TO_RECEIVE, error);
}

void receiver_tell(struct receiver *receiver,
		   const struct msgpass_message_info *first, uint64_t length,
		   uint64_t pieces)
{
	struct record record;

	if (!receiver->options->verbose && !receiver->options->json)
		return;
	progress_end(&receiver->progress);
	record_begin(&record, stderr, receiver->options->json);
	describe_message(&record, first, length, pieces);
	record_end(&record);
	fputc('\n', stderr);
}

static struct msgpass_receive_options
first_options(const struct receiver *receiver)
{
	const struct options *options = receiver->options;

	return (struct msgpass_receive_options){
		.pid = options->pid,
		.peer = options->peer,
		.deadline_ns = options->timeout_ns ?
			       msgpass_deadline(options->timeout_ns) : 0,
		.select = options->select,
		.type = options->type,
		.by_priority = options->by_priority,
		.nonblock = options->nonblock || options->all,
		.peek = options->peek,
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
	struct msgpass_receive_options how = first_options(receiver);
	struct msgpass_message_info oldest;
	ssize_t ret;

	for (;;) {
		struct msgpass_receive_options look = how;

		look.nonblock = true;
		look.peek = true;
		look.truncate = true;
		ret = msgpass_receive_with(receiver->target.fd, NULL, 0, &look,
					   &oldest);
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

static bool wants_messages(const struct options *options)
{
	return options->message || options->select || options->peek ||
	       options->truncate != NO_TRUNCATE;
}

/* An exit code, or NOTHING_LEFT when --all has received all. */
#define NOTHING_LEFT -1

static int receive_one(struct receiver *receiver)
{
	struct msgpass_receive_options how = first_options(receiver);
	bool message = wants_messages(receiver->options);
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
	ret = receiver_write(receiver, length);
	if (!ret)
		receiver_tell(receiver, &receiver->info, length, 1);
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
		return fail_usage(options, "settings are for the own inbox; change a mailbox with: msgpass set %s",
				  text_shown(receiver->target.name));
	ret = target_open(&receiver->target, O_RDONLY);
	if (ret || !options->settings.has)
		return ret;
	ret = msgpass_inbox_set(receiver->target.device, &options->settings);
	if (ret < 0)
		return fail_with(&(struct target){
			.kind = TARGET_ANYONE, .text = "the own inbox" },
			TO_SET, ret);
	return DONE;
}

int receive_output(const struct options *options)
{
	struct receiver receiver = { 0 };
	uint64_t count = options->count ? options->count :
			 options->all ? UINT64_MAX : 1;
	int ret;

	if (options->peek && (count > 1 || options->all))
		return fail_usage(options, "--peek sees the same message each time; leave out --count and --all");
	ret = receiver_open(&receiver, options);
	if (ret)
		return ret;
	receiver.size = STREAM_PIECE;
	receiver.buffer = malloc(receiver.size);
	if (!receiver.buffer)
		return fail(FAILED, "there is no memory for a message");
	progress_begin(&receiver.progress, options, STDOUT_FILENO);
	while (!ret && count--)
		ret = receive_one(&receiver);
	progress_end(&receiver.progress);
	free(receiver.buffer);
	return ret == NOTHING_LEFT ? DONE : ret;
}
