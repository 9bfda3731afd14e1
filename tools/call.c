// SPDX-License-Identifier: GPL-2.0
/*
 * call: standard input as one request, and the reply to standard output.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fail.h"
#include "io.h"
#include "record.h"
#include "sender.h"
#include "stream.h"
#include "verbs.h"

/**
 * struct reply - of a call
 * @buffer: grows as the reply needs it
 * @size: of the buffer
 * @info: what it is
 * @fds: file descriptors that came with it, of no use here
 */
struct reply {
	char *buffer;
	size_t size;
	int fds[MSGPASS_FDS_MAX];
	struct msgpass_reply_info info;
};

/* The reply stays where it is while the buffer grows to hold it. */
static ssize_t call(const struct sender *sender, const char *request, size_t length,
		    struct reply *reply)
{
	const struct options *options = sender->options;
	struct msgpass_call_options how = {
		.pid = options->pid,
		.peer = options->peer,
		.deadline_ns = options->timeout_ns ? msgpass_deadline(options->timeout_ns) : 0,
		.type = options->type,
		.priority = options->priority,
		.spin = options->spin,
		.fds = options->send_fds.numbers,
		.fds_count = options->send_fds.count,
		.reply_fds = reply->fds,
		.reply_fds_room = MSGPASS_FDS_MAX,
	};

	for (;;) {
		ssize_t ret = msgpass_call_with(sender->target.fd, request, length, reply->buffer,
						reply->size, &how, &reply->info);
		char *larger;

		if (!reply->info.token || ret != -EMSGSIZE)
			return ret;
		larger = realloc(reply->buffer, reply->info.length);
		if (!larger) {
			msgpass_call_cancel(sender->target.fd, reply->info.token);
			return -ENOMEM;
		}
		reply->buffer = larger;
		reply->size = reply->info.length;
		how.token = reply->info.token;
	}
}

/* What fails before a server has the request fails as a send does. */
static int call_fail(const struct sender *sender, int error)
{
	const struct target *target = &sender->target;

	if (error == -EOPNOTSUPP && sender->options->send_fds.count)
		return fail_with(target, TO_SEND, error);
	switch (-error) {
	case EOPNOTSUPP:
	case EMSGSIZE:
	case EPIPE:
	case ETIMEDOUT:
		return fail_with(target, TO_CALL, error);
	default:
		return fail_with(target, TO_SEND, error);
	}
}

static void tell(const struct options *options, const struct reply *reply)
{
	struct record record;

	if (!options->verbose && !options->json)
		return;
	record_begin(&record, stderr, options->json);
	record_number(&record, "length", reply->info.length);
	record_number(&record, "peer", reply->info.peer);
	record_number(&record, "type", reply->info.type);
	record_number(&record, "fds", reply->info.fds_count);
	record_end(&record);
	fputc('\n', stderr);
}

static int call_with_input(struct sender *sender, struct reply *reply)
{
	uint64_t limit = sender_message_max(sender);
	char *request;
	ssize_t length = sender_read(&request, limit);

	if (length < 0) {
		free(request);
		return sender_fail_to_read(sender, length);
	}
	if ((uint64_t)length > limit)
		length = -EMSGSIZE;
	else
		length = call(sender, request, length, reply);
	free(request);
	if (length < 0)
		return call_fail(sender, length);
	if (io_write_all(STDOUT_FILENO, reply->buffer, length) < (size_t)length)
		return fail(FAILED, "cannot write to standard output: %m; the reply of %s is lost",
			    sender->target.text);
	if (reply->info.fds_count && !sender->options->quiet)
		fail(DONE, "the reply of %s came with %u open files, which are closed now",
		     sender->target.text, reply->info.fds_count);
	tell(sender->options, reply);
	return DONE;
}

int call_server(const struct options *options)
{
	struct sender sender = { .options = options };
	struct reply reply = { .size = STREAM_PIECE };
	int ret;

	if (options->type >= STREAM_START)
		return fail_usage(options, "types from %u on are those of streams", STREAM_START);
	ret = target_find(&sender.target, options);
	if (!ret)
		ret = target_open(&sender.target, O_WRONLY);
	if (ret)
		return ret;
	/* a reply that nobody would read is better not asked for */
	if (io_is_broken(STDOUT_FILENO))
		return fail(FAILED, "nobody reads standard output (EPIPE); nothing was sent");
	reply.buffer = malloc(reply.size);
	if (!reply.buffer)
		return fail(FAILED, "there is no memory for a reply");
	ret = call_with_input(&sender, &reply);
	free(reply.buffer);
	return ret;
}
