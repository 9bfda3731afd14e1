/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file of a mailbox: what its file descriptor does as a file. It has a
 * reference to the right that it is, and to the inbox of the process that it
 * was made for, which is likely to be the one that uses it.
 */
#ifndef MSGPASS_MAILBOX_FILE_H
#define MSGPASS_MAILBOX_FILE_H

#include "right.h"

struct file;

/* A file of no right yet, which msgpass_mailbox_file_set() gives it; ERR_PTR. */
struct file *msgpass_mailbox_file_alloc(fmode_t mode, unsigned int flags);
/* Takes over the reference. */
void msgpass_mailbox_file_set(struct file *file, struct msgpass_right *right);
/* The same in one, with a reference of its own. */
struct file *msgpass_mailbox_file_new(struct msgpass_right *right,
				      unsigned int flags);

/* NULL if it is another kind of file. */
struct msgpass_right *msgpass_file_right(const struct file *file);

/* msgpass_inbox_current(), more quickly; of a device's file or a mailbox's. */
struct msgpass_inbox *msgpass_file_caller(const struct file *file);

#endif
