// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * An outbox: messages that are sent again when their receipts tell that they
 * were dropped.
 *
 * Each message is under way, found by the cookie that this file gave it, or
 * due to be sent again, and then in a queue as well.
 */
#include <search.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

/**
 * struct letter - a message of an outbox
 * @cookie: under which its receipt comes; first, for compare()
 * @callers_cookie: with which its outcome is told
 * @next_due: in the queue of those that are to be sent again
 * @last: the receipt that made it due
 * @fd: where to send it
 * @how: with which options
 * @fds: file descriptors of these
 * @tries: how often it has been sent
 * @length: of it in bytes
 * @data: the bytes
 */
struct letter {
	uint64_t cookie;
	uint64_t callers_cookie;
	struct letter *next_due;
	struct msgpass_receipt_info last;
	int fd;
	struct msgpass_send_options how;
	int fds[MSGPASS_FDS_MAX];
	unsigned int tries;
	size_t length;
	char data[];
};

struct msgpass_outbox {
	int device;
	unsigned int tries;
	uint64_t cookie;    /* of the last letter */
	size_t count;	    /* of the letters */
	void *letters;	    /* a tree of them all, see tsearch(3) */
	struct letter *due; /* a queue, and where its next one goes */
	struct letter **due_end;
};

/* For letters, and for a cookie to look for. */
static int compare(const void *a, const void *b)
{
	const uint64_t *first = a, *second = b;

	return *first < *second ? -1 : *first > *second;
}

/*
 * Cookies begin at random: they must not be those of the program's own
 * messages, nor of another outbox.
 */
PUBLIC int msgpass_outbox_new(int device, unsigned int tries,
			      struct msgpass_outbox **outbox)
{
	struct msgpass_outbox *made;

	if (!tries)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	if (getentropy(&made->cookie, sizeof(made->cookie))) {
		int error = -errno;

		free(made);
		return error;
	}
	made->device = device;
	made->tries = tries;
	made->due_end = &made->due;
	*outbox = made;
	return 0;
}

PUBLIC void msgpass_outbox_free(struct msgpass_outbox *outbox)
{
	if (!outbox)
		return;
	tdestroy(outbox->letters, free);
	free(outbox);
}

static int add(struct msgpass_outbox *outbox, struct letter *letter)
{
	letter->cookie = ++outbox->cookie;
	if (!tsearch(letter, &outbox->letters, compare))
		return -ENOMEM;
	outbox->count++;
	return 0;
}

static void forget(struct msgpass_outbox *outbox, struct letter *letter)
{
	tdelete(letter, &outbox->letters, compare);
	outbox->count--;
	free(letter);
}

static struct letter *find(struct msgpass_outbox *outbox, uint64_t cookie)
{
	struct letter **node = tfind(&cookie, &outbox->letters, compare);

	return node ? *node : NULL;
}

static void keep_options(struct letter *letter,
			 const struct msgpass_send_options *options)
{
	letter->how = *options;
	letter->how.fds = letter->fds;
	if (options->fds_count)
		memcpy(letter->fds, options->fds,
		       options->fds_count * sizeof(letter->fds[0]));
	letter->callers_cookie = options->cookie;
}

PUBLIC int msgpass_outbox_send(struct msgpass_outbox *outbox, int fd,
			       const void *data, size_t length,
			       const struct msgpass_send_options *options)
{
	struct letter *letter;
	int ret;

	if (options && options->fds_count > MSGPASS_FDS_MAX)
		return -EINVAL;
	if (length > SIZE_MAX - sizeof(*letter))
		return -EMSGSIZE;
	letter = malloc(sizeof(*letter) + length);
	if (!letter)
		return -ENOMEM;
	*letter = (struct letter){ .fd = fd, .tries = 1, .length = length };
	if (length)
		memcpy(letter->data, data, length);
	if (options)
		keep_options(letter, options);
	/* nothing may fail once it is sent */
	ret = add(outbox, letter);
	if (ret < 0) {
		free(letter);
		return ret;
	}
	letter->how.receipt = true;
	letter->how.cookie = letter->cookie;
	ret = msgpass_send_with(fd, data, length, &letter->how);
	if (ret < 0)
		forget(outbox, letter);
	return ret;
}

/* Fills the outcome of a letter, which is over; returns 1. */
static int end(struct msgpass_outbox *outbox, struct letter *letter, int error,
	       struct msgpass_outcome *outcome)
{
	*outcome = (struct msgpass_outcome){
		.receipt = letter->last,
		.tries = letter->tries,
		.error = error,
	};
	outcome->receipt.cookie = letter->callers_cookie;
	forget(outbox, letter);
	return 1;
}

/* 1 with an outcome, or 0 when a letter has become due. */
static int judge(struct msgpass_outbox *outbox,
		 const struct msgpass_receipt_info *receipt,
		 struct msgpass_outcome *outcome)
{
	struct letter *letter = find(outbox, receipt->cookie);

	if (!letter) {
		*outcome = (struct msgpass_outcome){ .receipt = *receipt };
		return 1;
	}
	letter->last = *receipt;
	if (receipt->fate == MSGPASS_FATE_RECEIVED ||
	    letter->tries >= outbox->tries)
		return end(outbox, letter, 0, outcome);
	/* the pid may be another's by now */
	letter->how.peer = receipt->to_peer;
	letter->how.pid = 0;
	*outbox->due_end = letter;
	outbox->due_end = &letter->next_due;
	return 0;
}

/*
 * What a further try waits for: as its sender said, but no longer than this
 * call of the library may.
 */
static struct msgpass_send_options
options_within(const struct letter *letter, uint64_t deadline, bool nonblock)
{
	struct msgpass_send_options how = letter->how;

	if (how.timeout_ns)
		how.deadline_ns = msgpass_deadline(how.timeout_ns);
	how.timeout_ns = 0;
	if (deadline && (!how.deadline_ns || deadline < how.deadline_ns))
		how.deadline_ns = deadline;
	how.nonblock |= nonblock;
	return how;
}

/* It is this call that could not wait, and not its sender who would not. */
static bool may_go_on(const struct letter *letter, uint64_t deadline,
		      bool nonblock, int error,
		      const struct msgpass_send_options *how)
{
	switch (error) {
	case -EINTR:
		return true;
	case -EAGAIN:
		return nonblock && !letter->how.nonblock;
	case -ETIMEDOUT:
		return deadline && how->deadline_ns == deadline;
	default:
		return false;
	}
}

/*
 * Send the first that is due. 1 with the outcome if that failed for good, 0 if
 * it is under way again, or an error with which it stays due.
 */
static int send_due(struct msgpass_outbox *outbox, uint64_t deadline,
		    bool nonblock, struct msgpass_outcome *outcome)
{
	struct letter *letter = outbox->due;
	struct msgpass_send_options how =
		options_within(letter, deadline, nonblock);
	int ret = msgpass_send_with(letter->fd, letter->data, letter->length,
				    &how);

	if (ret < 0 && may_go_on(letter, deadline, nonblock, ret, &how))
		return ret;
	outbox->due = letter->next_due;
	if (!outbox->due)
		outbox->due_end = &outbox->due;
	letter->next_due = NULL;
	if (ret < 0)
		return end(outbox, letter, ret, outcome);
	letter->tries++;
	return 0;
}

PUBLIC int msgpass_outbox_settle(struct msgpass_outbox *outbox,
				 const struct msgpass_receipt_info *receipt,
				 struct msgpass_outcome *outcome)
{
	int ret = judge(outbox, receipt, outcome);

	while (ret == 0 && outbox->due)
		ret = send_due(outbox, 0, false, outcome);
	return ret;
}

/* Receipts that are there come first: none waits for another letter's room. */
PUBLIC int msgpass_outbox_next(struct msgpass_outbox *outbox,
			       const struct msgpass_receive_options *options,
			       struct msgpass_outcome *outcome)
{
	struct msgpass_receive_options how = { 0 };
	struct msgpass_receipt_info receipt;
	__u64 deadline;
	bool nonblock;
	int ret;

	if (options)
		how = *options;
	ret = deadline_of(how.timeout_ns, how.deadline_ns, &deadline);
	if (ret < 0)
		return ret;
	how.timeout_ns = 0;
	how.deadline_ns = deadline;
	nonblock = how.nonblock;
	while (ret == 0 && outbox->count) {
		bool due = outbox->due;

		how.nonblock = nonblock || due;
		ret = msgpass_receive_receipt(outbox->device, &how, &receipt);
		if (ret == 0)
			ret = judge(outbox, &receipt, outcome);
		else if (ret == -EAGAIN && due)
			ret = send_due(outbox, deadline, nonblock, outcome);
	}
	return ret;
}
