/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A transfer from a mailbox or a process to standard output.
 */
#ifndef RECEIVER_H
#define RECEIVER_H

#include "options.h"
#include "progress.h"
#include "target.h"

/**
 * struct receiver - a transfer
 * @options: what the command line says
 * @target: where from
 * @buffer: grows as messages need it
 * @size: of the buffer
 * @info: of the last message received
 * @broadcast: everybody who receives there gets every message
 * @out: where to write it: standard output, or a file in memory
 * @progress: the line on standard error
 * @noticed: that others' messages are in the way has been said
 */
struct receiver {
	const struct options *options;
	struct target target;
	char *buffer;
	size_t size;
	struct msgpass_message_info info;
	bool broadcast;
	int out;
	struct progress progress;
	bool noticed;
};

/*
 * Open what the options say, and set the own inbox up. Returns an exit code,
 * said why if not DONE.
 */
int receiver_open(struct receiver *receiver, const struct options *options);

/* What the command line says of which message to receive, and how. */
struct msgpass_receive_options receiver_options(const struct receiver *receiver);

/*
 * Receive one message, or the head of it, into the buffer, and what it is into
 * info. Returns how much is in the buffer or a negative errno value.
 */
ssize_t receiver_take(struct receiver *receiver, const struct msgpass_receive_options *how);

/*
 * Write what is in the buffer, and the rest of the message, and add to the
 * total how much that was. Returns an exit code, said why if not DONE.
 */
int receiver_write(struct receiver *receiver, size_t length, uint64_t *total);

/* Print what went wrong; return the exit code. */
int receiver_fail(struct receiver *receiver, int error);

/* Tell what was received, if that is wanted: first is the first piece. */
void receiver_tell(struct receiver *receiver, const struct msgpass_message_info *first,
		   uint64_t length, uint64_t pieces);

/* Become the command, for one message and the open files that it carries. */
int receive_for_command(struct receiver *receiver, char **command);

/* The rest of the stream whose first piece was received just now. */
int receive_stream(struct receiver *receiver, size_t first_length);

#endif /* RECEIVER_H */
