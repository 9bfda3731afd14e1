// SPDX-License-Identifier: GPL-2.0
/*
 * Sending a stream: how it is cut is said in stream.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"
#include "io.h"
#include "sender.h"
#include "stream.h"

static void notice_quota(struct sender *sender)
{
	if (sender->noticed || sender->options->quiet)
		return;
	sender->noticed = true;
	progress_end(&sender->progress);
	fail(DONE,
	     "your quota is used up (EDQUOT); waiting until something that you have sent is received");
}

/*
 * What was begun waits where its beginning would have failed, for quota too:
 * that comes back as pieces are received.
 */
static int send_further(struct sender *sender, const void *data, size_t length)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	uint64_t timeout_ns = sender->options->timeout_ns;
	uint64_t deadline = timeout_ns ? msgpass_deadline(timeout_ns) : INT64_MAX;
	int ret;

	sender->how.nonblock = false;
	sender->how.type = stream_type(sender->self);
	while ((ret = sender_send(sender, data, length)) == -EDQUOT) {
		if (msgpass_deadline(0) >= deadline)
			return -EDQUOT;
		notice_quota(sender);
		nanosleep(&pause, NULL);
	}
	return ret;
}

/* The receiver takes less than was thought; false if it takes nothing. */
static bool shrink_piece(struct sender *sender, size_t refused)
{
	uint64_t max = sender_message_max(sender);

	sender->piece = max < refused ? max : refused / 2;
	return sender->piece > 0;
}

static int send_pieces(struct sender *sender, const char *data, size_t length)
{
	while (length) {
		size_t piece = length < sender->piece ? length : sender->piece;
		int ret;

		if (sender->messages) {
			ret = send_further(sender, data, piece);
		} else {
			sender->how.type = STREAM_START;
			ret = sender_send(sender, data, piece);
		}
		if (ret == -EMSGSIZE && shrink_piece(sender, piece))
			continue;
		if (ret < 0)
			return ret;
		data += piece;
		length -= piece;
	}
	return 0;
}

static int stream_fail(struct sender *sender, int error)
{
	if (!sender->messages)
		return sender_fail(sender, error);
	progress_end(&sender->progress);
	sender_fail(sender, error);
	/* a process that was there has not been looked for in vain */
	return fail(error == -ESRCH ? GONE : exit_code_of(error),
		    "the stream broke off after %" PRIu64
		    " bytes; the receiver will see that it is not whole",
		    sender->bytes);
}

/*
 * Only what lies beyond the first piece tells whether it is a stream: hence
 * one buffer for what was read first, and one for what comes after it.
 */
static int send_buffers(struct sender *sender, char *first, char *next)
{
	ssize_t length = io_read_full(STDIN_FILENO, first, sender->piece);
	ssize_t more = 0;
	size_t size = sender->piece;
	int ret;

	if (length == (ssize_t)size)
		more = io_read_full(STDIN_FILENO, next, size);
	if (length >= 0 && more == 0) {
		ret = sender_send(sender, first, length);
		if (ret != -EMSGSIZE)
			return ret < 0 ? sender_fail(sender, ret) : DONE;
	}
	ret = length > 0 ? send_pieces(sender, first, length) : 0;
	while (ret == 0 && more > 0) {
		ret = send_pieces(sender, next, more);
		if (ret == 0)
			more = io_read_full(STDIN_FILENO, next, size);
	}
	if (length < 0 || more < 0) {
		progress_end(&sender->progress);
		errno = length < 0 ? -length : -more;
		return fail(FAILED, "cannot read standard input: %m");
	}
	if (ret == 0)
		ret = send_further(sender, NULL, 0);
	return ret < 0 ? stream_fail(sender, ret) : DONE;
}

int send_stream(struct sender *sender)
{
	uint64_t max = sender_message_max(sender);
	char *first, *next;
	int ret;

	sender->piece = max < STREAM_PIECE ? max : STREAM_PIECE;
	if (!sender->piece)
		sender->piece = 1;
	first = malloc(sender->piece);
	next = malloc(sender->piece);
	if (first && next)
		ret = send_buffers(sender, first, next);
	else
		ret = fail(FAILED, "there is no memory for a piece");
	free(first);
	free(next);
	return ret;
}
