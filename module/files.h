/* SPDX-License-Identifier: GPL-2.0 */
/*
 * File descriptors in messages: what a message carries of the sender's files,
 * and how the receiver gets them.
 *
 * A mailbox's file travels as its right (right.h), every other as itself. Some
 * are refused: UNIX sockets and io_uring, which can hold files in turn and
 * whose collectors of cycles can't see our queues, and the device's own, which
 * would hold the module and confers nothing.
 *
 * Lifetime: attached to the message, which ends with all that nobody took.
 */
#ifndef MSGPASS_FILES_H
#define MSGPASS_FILES_H

#include "mailbox.h"
#include "message.h"

struct msgpass_files;

/*
 * The caller's, from an array of @count numbers at @fds, more than 0; charged
 * to @cred. ERR_PTR.
 */
struct msgpass_files *msgpass_files_get(u64 fds, u32 count,
					const struct cred *cred);
void msgpass_files_put(struct msgpass_files *files);

/*
 * To a message that is on its way to @carrier, or to an inbox if that is NULL.
 * The files are the message's then, also on failure.
 */
int msgpass_files_attach(struct msgpass_message *message,
			 struct msgpass_files *files,
			 struct msgpass_mailbox *carrier);

/*
 * Gives the caller the first @room of the message's, and writes their numbers
 * to the array at @fds. All or none.
 */
int msgpass_files_install(const struct msgpass_message *message, u64 fds,
			  u32 room);

/* The message's, once its receiver has them, if no other message shares them. */
void msgpass_files_release(struct msgpass_message *message);

#endif
