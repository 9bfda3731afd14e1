/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A transfer of standard input to a mailbox or a process.
 */
#ifndef SENDER_H
#define SENDER_H

#include <sys/types.h>

#include "options.h"
#include "progress.h"
#include "target.h"

/**
 * struct receipts - of one transfer
 * @outbox: sends again what was dropped; NULL if no receipts are wanted
 * @received: messages that were received
 * @dropped: messages that were dropped for good
 * @tries: how often messages that are received or dropped were sent
 */
struct receipts {
	struct msgpass_outbox *outbox;
	uint64_t received;
	uint64_t dropped;
	uint64_t tries;
};

/**
 * struct sender - a transfer
 * @options: what the command line says
 * @target: where to
 * @how: options of the next message
 * @receipts: of what was sent
 * @progress: the line on standard error
 * @broadcast: the target is a mailbox whose messages go to all who receive
 * @self: peer id of this process
 * @piece: longest piece to cut, in bytes
 * @messages: how many were sent
 * @bytes: how many were sent
 * @noticed: that the quota is used up has been said
 */
struct sender {
	const struct options *options;
	struct target target;
	struct msgpass_send_options how;
	struct receipts receipts;
	struct progress progress;
	bool broadcast;
	uint64_t self;
	size_t piece;
	uint64_t messages;
	uint64_t bytes;
	bool noticed;
};

/* Send one message; 0 or a negative errno value. */
int sender_send(struct sender *sender, const void *data, size_t length);

/* The longest message the receiver takes; an estimate if it can't be asked. */
uint64_t sender_message_max(struct sender *sender);

/*
 * All of standard input, or more bytes than the limit if it is longer; it is
 * for the caller to free, whatever is returned.
 */
ssize_t sender_read(char **data, uint64_t limit);

/* Print what went wrong; return the exit code. */
int sender_fail_to_read(struct sender *sender, int error);
int sender_fail(struct sender *sender, int error);

/* Standard input, which is a file, as one message of any length. */
int send_flow(struct sender *sender);

/* Standard input, as a stream if it is longer than a message. */
int send_stream(struct sender *sender);

#endif /* SENDER_H */
