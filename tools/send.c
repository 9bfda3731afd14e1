// SPDX-License-Identifier: GPL-2.0
/*
 * send: standard input as one message, or every line of it as one, or as a
 * stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fail.h"
#include "io.h"
#include "receipts.h"
#include "record.h"
#include "sender.h"
#include "stream.h"
#include "verbs.h"

uint64_t sender_message_max(struct sender *sender)
{
	struct target *target = &sender->target;
	struct msgpass_mailbox_status mailbox;
	struct msgpass_system_info info;
	struct msgpass_inbox_status inbox;

	if (target->kind == TARGET_MAILBOX) {
		if (msgpass_mailbox_stat(target->fd, NULL, &mailbox) == 0)
			return mailbox.settings.message_max;
	} else if (target_inbox_stat(target, &inbox) == 0) {
		return inbox.settings.message_max;
	}
	if (msgpass_get_info(target->device, &info) == 0)
		return info.message_max;
	return STREAM_PIECE;
}

int sender_send(struct sender *sender, const void *data, size_t length)
{
	int ret;

	sender->how.timeout_ns = sender->options->timeout_ns;
	if (sender->receipts.outbox)
		ret = msgpass_outbox_send(sender->receipts.outbox, sender->target.fd, data, length,
					  &sender->how);
	else
		ret = msgpass_send_with(sender->target.fd, data, length, &sender->how);
	if (ret < 0)
		return ret;
	sender->messages++;
	sender->bytes += length;
	progress_add(&sender->progress, length);
	return receipts_look(sender);
}

int sender_fail(struct sender *sender, int error)
{
	bool missed = (error == -EAGAIN || error == -ETIMEDOUT) &&
		      (sender->how.synchronous || target_is_without_buffer(&sender->target));
	enum deed deed = sender->broadcast ? TO_BROADCAST : missed ? TO_MEET : TO_SEND;

	progress_end(&sender->progress);
	return fail_with(&sender->target, deed, error);
}

int sender_fail_to_read(struct sender *sender, int error)
{
	progress_end(&sender->progress);
	errno = -error;
	return fail(FAILED, "cannot read standard input: %m");
}

ssize_t sender_read(char **data, uint64_t limit)
{
	size_t size = STREAM_PIECE, length = 0;

	*data = NULL;
	for (;;) {
		char *larger = realloc(*data, size);
		ssize_t ret;

		if (!larger)
			return -ENOMEM;
		*data = larger;
		ret = io_read_full(STDIN_FILENO, *data + length, size - length);
		if (ret < 0)
			return ret;
		length += ret;
		if (length < size || length > limit)
			return length;
		size *= 2;
	}
}

static int send_one(struct sender *sender)
{
	uint64_t limit = sender_message_max(sender);
	char *data;
	ssize_t length = sender_read(&data, limit);
	int ret;

	if (length < 0)
		ret = sender_fail_to_read(sender, length);
	else if ((uint64_t)length > limit)
		ret = sender_fail(sender, -EMSGSIZE);
	else
		ret = sender_send(sender, data, length);
	free(data);
	return ret < 0 ? sender_fail(sender, ret) : ret;
}

static int lines_fail(struct sender *sender, int error)
{
	int code = sender_fail(sender, error);

	if (sender->messages)
		fail(code, "lines that were sent before that: %" PRIu64, sender->messages);
	return code;
}

/* Each keeps its newline, so that a receiver's output is the input. */
static int send_lines(struct sender *sender)
{
	size_t size = 0;
	char *line = NULL;
	ssize_t length;
	int ret = 0;

	while (!ret && (length = getline(&line, &size, stdin)) >= 0)
		ret = sender_send(sender, line, length);
	free(line);
	if (ret < 0)
		return lines_fail(sender, ret);
	return ferror(stdin) ? sender_fail_to_read(sender, -errno) : DONE;
}

static void tell(struct sender *sender)
{
	const struct options *options = sender->options;
	struct record record;

	if (!options->verbose && !options->json)
		return;
	record_begin(&record, stderr, options->json);
	record_number(&record, "bytes", sender->bytes);
	record_number(&record, "messages", sender->messages);
	if (sender->receipts.outbox) {
		record_number(&record, "received", sender->receipts.received);
		record_number(&record, "dropped", sender->receipts.dropped);
		record_number(&record, "tries", sender->receipts.tries);
	}
	record_end(&record);
	if (options->json)
		fputc('\n', stderr);
}

static int open_sender(struct sender *sender)
{
	const struct options *options = sender->options;
	struct msgpass_system_info info;
	int ret = target_find(&sender->target, options);

	if (ret)
		return ret;
	ret = target_open(&sender->target, O_WRONLY);
	if (ret)
		return ret;
	ret = msgpass_get_info(sender->target.device, &info);
	if (ret < 0)
		return sender_fail(sender, ret);
	sender->self = info.peer;
	sender->broadcast = target_is_broadcast(&sender->target);
	sender->how = (struct msgpass_send_options){
		.pid = options->pid,
		.peer = options->peer,
		.type = options->type,
		.priority = options->priority,
		.nonblock = options->nonblock,
		.spin = options->spin,
		.synchronous = options->synchronous || options->flow,
		.lifetime_ns = options->lifetime_ns,
		.fds = options->send_fds.numbers,
		.fds_count = options->send_fds.count,
	};
	progress_begin(&sender->progress, options, STDIN_FILENO);
	return receipts_begin(sender);
}

/*
 * Of a stream each piece would come or go by itself, and those who receive a
 * broadcast could begin in its middle.
 */
static bool wants_message(const struct sender *sender)
{
	const struct options *options = sender->options;

	return sender->broadcast || options->message || options->select || options->receipt ||
	       options->tries || options->lifetime_ns || options->send_fds.count;
}

static int check_options(const struct options *options)
{
	bool receipt = options->receipt || options->tries;

	if (options->type >= STREAM_START)
		return fail_usage(options, "types from %u on are those of streams", STREAM_START);
	if (options->lines && options->message)
		return fail_usage(options, "--lines and --message exclude each other");
	if (options->lines && options->send_fds.count)
		return fail_usage(options, "--fd is for one message; leave out --lines");
	if (options->synchronous && receipt)
		return fail_usage(options,
				  "--synchronous needs no receipt: it returns when the message has been received");
	if (options->flow && receipt)
		return fail_usage(options,
				  "--flow needs no receipt: it returns when all of it has been received");
	if (options->flow && options->nonblock)
		return fail_usage(options,
				  "--flow waits until it is received; leave out --nonblock, or use --timeout");
	if (options->flow && (options->lines || options->send_fds.count))
		return fail_usage(options, "--flow goes with neither --lines nor --fd");
	return DONE;
}

static int send_as_asked(struct sender *sender)
{
	const struct options *options = sender->options;

	if (options->lines)
		return send_lines(sender);
	if (options->flow)
		return send_flow(sender);
	if (wants_message(sender))
		return send_one(sender);
	return send_stream(sender);
}

int send_input(const struct options *options)
{
	struct sender sender = { .options = options };
	int ret = check_options(options);

	if (!ret)
		ret = open_sender(&sender);
	if (ret)
		return ret;
	ret = send_as_asked(&sender);
	if (!ret)
		ret = receipts_await(&sender);
	progress_end(&sender.progress);
	if (!ret || ret == DROPPED)
		tell(&sender);
	receipts_end(&sender);
	return ret;
}
