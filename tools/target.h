/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whom the command talks to: a mailbox, a process, or anyone.
 */
#ifndef TARGET_H
#define TARGET_H

#include "options.h"
#include "text.h"

enum target_kind {
	TARGET_MAILBOX,
	TARGET_PROCESS,
	TARGET_ANYONE,
};

/**
 * struct target - whom the command talks to
 * @kind: what it is
 * @name: of the mailbox, "" else
 * @pid: of the process, or 0
 * @peer: peer id of the process, or 0
 * @device: fd of the device
 * @fd: what to send to and receive from: the mailbox, else the device
 * @text: to name it in a sentence
 */
struct target {
	enum target_kind kind;
	const char *name;
	pid_t pid;
	uint64_t peer;
	int device;
	int fd;
	char text[320];
};

/* Each returns DONE, else an exit code after having said what is wrong. */

/* Open the device. */
int target_open_device(int *device);

/* Take what the command line says and open the device, but no mailbox. */
int target_find(struct target *target, const struct options *options);

/* The mailbox called so. */
int target_mailbox(struct target *target, const char *name);

/* Whether every message goes to all who receive; the mailbox is open. */
bool target_is_broadcast(const struct target *target);

/* What is known of the process's inbox; 0 or a negative errno value. */
int target_inbox_stat(const struct target *target, struct msgpass_inbox_status *status);

/* Whether every send waits for a receiver; the mailbox is open. */
bool target_is_without_buffer(const struct target *target);

/* Open the mailbox, if it is one, with O_RDONLY or O_WRONLY. */
int target_open(struct target *target, int flags);

#endif /* TARGET_H */
