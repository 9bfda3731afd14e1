// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving a stream: how it is cut is said in stream.h.
 *
 * A mailbox does not say that the sender of a stream has died: it is shared.
 * So the wait for a further piece is cut into slices, and after each in vain
 * it is asked whether the sender lives.
 */
#include <errno.h>
#include <inttypes.h>

#include "fail.h"
#include "receiver.h"
#include "stream.h"

#define SLICE_NS 200000000ULL

/*
 * A receive from a peer that is gone and left nothing says so. A peer that
 * the pid namespace hides would look gone, too: for it there is no telling.
 */
static bool is_gone(struct receiver *receiver, const struct msgpass_message_info *first)
{
	const struct msgpass_receive_options look = {
		.peer = first->peer,
		.nonblock = true,
		.peek = true,
		.truncate = true,
	};

	return first->pid &&
	       msgpass_receive_with(receiver->target.device, NULL, 0, &look, NULL) == -ESRCH;
}

/* Others' messages may fill the mailbox, so that the sender can't go on. */
static void notice_crowd(struct receiver *receiver)
{
	struct msgpass_mailbox_status status;

	if (receiver->noticed || receiver->options->quiet ||
	    receiver->target.kind != TARGET_MAILBOX ||
	    msgpass_mailbox_stat(receiver->target.fd, NULL, &status) < 0 || !status.queued ||
	    !status.senders_waiting)
		return;
	receiver->noticed = true;
	progress_end(&receiver->progress);
	fail(DONE,
	     "%s is full of other messages, and the stream waits for room; receive them elsewhere: msgpass recv %s",
	     receiver->target.text, text_shown(receiver->target.name));
}

static ssize_t take_further(struct receiver *receiver, const struct msgpass_message_info *first)
{
	uint64_t timeout_ns = receiver->options->timeout_ns;
	uint64_t deadline = timeout_ns ? msgpass_deadline(timeout_ns) : INT64_MAX;
	struct msgpass_receive_options how = {
		.select = MSGPASS_SELECT_TYPE,
		.type = stream_type(first->peer),
	};
	ssize_t ret;

	if (receiver->target.kind != TARGET_MAILBOX)
		how.peer = first->peer;
	for (;;) {
		how.deadline_ns = msgpass_deadline(SLICE_NS);
		if (how.deadline_ns > deadline)
			how.deadline_ns = deadline;
		ret = receiver_take(receiver, &how);
		if (ret != -ETIMEDOUT)
			return ret;
		if (is_gone(receiver, first)) {
			/* what it sent last came before it died */
			how.nonblock = true;
			ret = receiver_take(receiver, &how);
			return ret == -EAGAIN ? -ESRCH : ret;
		}
		if (how.deadline_ns == deadline)
			return -ETIMEDOUT;
		notice_crowd(receiver);
	}
}

static int fail_broken(struct receiver *receiver, const struct msgpass_message_info *first,
		       uint64_t length, int error)
{
	bool mailbox = receiver->target.kind == TARGET_MAILBOX;

	progress_end(&receiver->progress);
	if (error == -ESRCH || (error == -EPIPE && !mailbox))
		return fail(GONE,
			    "the stream from process %d is not whole: its sender died (ESRCH) after %" PRIu64
			    " bytes; let it be sent again",
			    first->pid, length);
	receiver_fail(receiver, error);
	return fail(exit_code_of(error),
		    "the stream from process %d is not whole: there were %" PRIu64 " bytes of it",
		    first->pid, length);
}

static int fail_to_write(struct receiver *receiver, const struct msgpass_message_info *first)
{
	if (receiver->target.kind != TARGET_MAILBOX)
		return fail(FAILED, "the rest of the stream is dropped with this process's inbox");
	return fail(FAILED,
		    "the rest of the stream stays in %s; drop or keep it: msgpass recv %s --all --type %u",
		    receiver->target.text, text_shown(receiver->target.name),
		    stream_type(first->peer));
}

int receive_stream(struct receiver *receiver, size_t first_length)
{
	struct msgpass_message_info first = receiver->info;
	uint64_t total = 0, pieces = 1;
	ssize_t length = first_length;

	for (;;) {
		if (receiver_write(receiver, length, &total))
			return fail_to_write(receiver, &first);
		length = take_further(receiver, &first);
		if (length < 0)
			return fail_broken(receiver, &first, total, length);
		if (receiver->info.peer != first.peer)
			return fail(FAILED,
				    "process %d sent a piece that belongs to the stream of process %d; the stream is not whole",
				    receiver->info.pid, first.pid);
		pieces++;
		if (length == 0)
			break;
	}
	receiver_tell(receiver, &first, total, pieces);
	return DONE;
}
