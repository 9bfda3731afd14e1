/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a user without privileges can try to use up, each by a function that goes on until it
 * is stopped: it returns the errno, and keeps all that it has.
 */
#ifndef EXHAUST_H
#define EXHAUST_H

#include "msgpass_test.h"

#include <sys/eventfd.h>
#include <sys/wait.h>

/* More than any of it may get. */
#define ENDLESS 1000000

#define NAME_OF_ALL "exhaust-"

struct attack {
	int device;
	unsigned long count;		/* of what it got */
};

/* Repeat until it fails: the errno. */
#define REPEAT(attack, step) ({							\
	int _ret = 0;								\
										\
	while (_ret >= 0 && (attack)->count < ENDLESS) {			\
		_ret = (step);							\
		(attack)->count += _ret >= 0;					\
	}									\
	_ret < 0 ? -_ret : 0;							\
})

#define NO_LIMITS .set = MSGPASS_SET_CAPACITY | MSGPASS_SET_CAPACITY_BYTES,	\
		  .capacity = MSGPASS_UNLIMITED, .capacity_bytes = MSGPASS_UNLIMITED

static inline int bottomless(struct attack *attack)
{
	int fd = MAILBOX_OPEN(attack->device, "", OPEN_NEW, NO_LIMITS);

	CHECK(fd >= 0);
	return fd;
}

/* --- messages */

static char bytes[1 << 20];

static inline int use_up_by_messages(struct attack *attack, size_t length)
{
	int fd = bottomless(attack);

	return REPEAT(attack, SEND(fd, BYTES(bytes, length), .flags = MSGPASS_NONBLOCK));
}

static inline int by_long_messages(struct attack *attack)
{
	return use_up_by_messages(attack, sizeof(bytes));
}

static inline int by_messages_of_a_page(struct attack *attack)
{
	return use_up_by_messages(attack, 4096);
}

static inline int by_empty_messages(struct attack *attack)
{
	return use_up_by_messages(attack, 0);
}

/* Each of a type and a priority of its own, so that nothing is in a run with another. */
static inline int by_types(struct attack *attack)
{
	int fd = bottomless(attack);

	return REPEAT(attack, SEND(fd, .type = attack->count, .priority = attack->count,
				   .flags = MSGPASS_NONBLOCK));
}

static inline int by_lifetimes(struct attack *attack)
{
	int fd = bottomless(attack);

	return REPEAT(attack, SEND(fd, .lifetime = ~0ULL, .flags = MSGPASS_NONBLOCK));
}

/* The receipts lie in the own inbox. */
static inline int by_receipts(struct attack *attack)
{
	int fd = bottomless(attack);

	return REPEAT(attack, SEND(fd, .flags = MSGPASS_RECEIPT | MSGPASS_NONBLOCK) ?:
			      RECEIVE(fd, NULL, .flags = MSGPASS_NONBLOCK));
}

static inline int by_copies_of_a_broadcast(struct attack *attack)
{
	enum { SUBSCRIBERS = 50 };
	const char *name = NAME_OF_ALL "broadcast";
	int i, fd;

	fd = MAILBOX_OPEN(attack->device, name, OPEN_NEW | MSGPASS_OPEN_BROADCAST |
			  MSGPASS_OPEN_BOUND, NO_LIMITS);
	for (i = 0; i < SUBSCRIBERS; i++)
		CHECK(MAILBOX_OPEN(attack->device, name, MSGPASS_OPEN_RECEIVE) >= 0);
	return REPEAT(attack, SEND(fd, .flags = MSGPASS_NONBLOCK));
}

/* --- calls and pieces */

static inline int make_call(int fd)
{
	int ret = CALL(fd, NULL, .flags = MSGPASS_NONBLOCK);

	return ret == -EINPROGRESS ? 0 : ret;
}

static inline int by_calls(struct attack *attack)
{
	int fd = bottomless(attack);

	return REPEAT(attack, make_call(fd));
}

static inline int by_calls_that_are_taken(struct attack *attack)
{
	int fd = bottomless(attack);

	return REPEAT(attack, make_call(fd) ?: RECEIVE(fd, NULL, .flags = MSGPASS_NONBLOCK));
}

static inline int by_replies(struct attack *attack)
{
	int fd = bottomless(attack);
	struct msgpass_receive taken;

	return REPEAT(attack, make_call(fd) ?:
			      RECEIVE(fd, &taken, .flags = MSGPASS_NONBLOCK) ?:
			      REPLY(fd, taken.out_token, BYTES(bytes, 1000)));
}

static inline int by_heads_of_messages(struct attack *attack)
{
	int fd = bottomless(attack);

	return REPEAT(attack, SEND(fd, BYTES(bytes, 1), .flags = MSGPASS_NONBLOCK) ?:
			      RECEIVE(fd, NULL, .flags = MSGPASS_PIECES));
}

/* --- mailboxes */

static inline int make_named(struct attack *attack, uint32_t flags)
{
	char name[MSGPASS_NAME_SIZE];
	int fd;

	snprintf(name, sizeof(name), NAME_OF_ALL "%lu", attack->count);
	fd = MAILBOX_OPEN(attack->device, name, OPEN_NEW | flags, .set = MSGPASS_SET_MODE);
	if (fd >= 0)
		close(fd);
	return fd;
}

static inline int by_names(struct attack *attack)
{
	return REPEAT(attack, make_named(attack, 0));
}

static inline int by_bound_mailboxes(struct attack *attack)
{
	return REPEAT(attack, make_named(attack, MSGPASS_OPEN_BOUND));
}

static inline int by_anonymous_mailboxes(struct attack *attack)
{
	return REPEAT(attack, mailbox_new(attack->device));
}

static inline int by_subscriptions(struct attack *attack)
{
	const char *name = NAME_OF_ALL "subscriptions";

	CHECK(MAILBOX_OPEN(attack->device, name, MSGPASS_OPEN_SEND | MSGPASS_OPEN_CREATE |
			   MSGPASS_OPEN_BROADCAST | MSGPASS_OPEN_BOUND) >= 0);
	return REPEAT(attack, MAILBOX_OPEN(attack->device, name, MSGPASS_OPEN_RECEIVE));
}

/* --- files */

static inline int by_files_in_messages(struct attack *attack)
{
	int files[MSGPASS_FDS_MAX], fd = bottomless(attack);
	unsigned int i;

	for (i = 0; i < MSGPASS_FDS_MAX; i++)
		files[i] = open("/", O_PATH | O_CLOEXEC);
	return REPEAT(attack, SEND(fd, .fds = (uintptr_t)files, .fds_count = MSGPASS_FDS_MAX,
				   .flags = MSGPASS_NONBLOCK));
}

/* New ones each time, which nothing but the message keeps. */
static inline int by_files_that_are_closed(struct attack *attack)
{
	int fd = bottomless(attack);

	return REPEAT(attack, ({
		int file = eventfd(0, EFD_CLOEXEC);
		int ret = SEND(fd, .fds = (uintptr_t)&file, .fds_count = 1,
			       .flags = MSGPASS_NONBLOCK);

		close(file);
		ret;
	}));
}

/* Each mailbox only in the queue of the next. */
static inline int by_a_chain_of_mailboxes(struct attack *attack)
{
	int fd = mailbox_new(attack->device);

	CHECK(fd >= 0);
	return REPEAT(attack, ({
		int next = mailbox_new(attack->device), ret = next;

		if (next >= 0)
			ret = SEND(next, .fds = (uintptr_t)&fd, .fds_count = 1,
				   .flags = MSGPASS_NONBLOCK);
		/* What it cannot go on with stays as it is. */
		if (ret >= 0)
			ret = dup2(next, fd);
		close(next);
		ret;
	}));
}

/* --- processes; what they leave behind */

/* As each is gone, only what it sent is left, with its link. */
static inline int by_dead_senders(struct attack *attack)
{
	return REPEAT(attack, ({
		pid_t child = child_fork();

		if (!child)
			_exit(-send_number(attack->device, getppid(), 1));
		-child_status(child);
	}));
}

static inline int by_inboxes_of_others(struct attack *attack)
{
	int fd = mailbox_new(attack->device);

	return REPEAT(attack, mailbox_give(fd, "", 0, child_idle()));
}

static inline int fork_one(void)
{
	pid_t pid = child_clone(0);

	return pid < 0 ? -errno : pid;
}

static inline int by_waiting_processes(struct attack *attack)
{
	int fd = mailbox_new(attack->device);

	return REPEAT(attack, ({
		pid_t child = fork_one();

		if (!child)
			_exit(-RECEIVE(fd, NULL));
		child;
	}));
}

/* Each process is gone, and what opened the device for it is held by another. */
static inline int by_devices_of_the_dead(struct attack *attack)
{
	int sockets[2];

	CHECK(!setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 100, 100 }));
	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	return REPEAT(attack, ({
		pid_t child = child_fork();

		if (!child) {
			int device = device_open();

			_exit(device < 0 ? -device : -fd_send(sockets[1], device));
		}
		-child_status(child) ?: fd_receive(sockets[0]) < 0 ? -EMFILE : 0;
	}));
}

/* One user namespace in the other; each has what root of it may have. */
static inline int by_nested_namespaces(struct attack *attack)
{
	int fd = bottomless(attack), depth, error = 0;
	char map[40];

	for (depth = 0; depth < 5; depth++) {
		unsigned int uid = depth ? 0 : FATHER, gid = depth ? 0 : FAMILY;

		CHECK(!prctl(PR_SET_DUMPABLE, 1) && !unshare(CLONE_NEWUSER));
		CHECK(!file_write("/proc/self/setgroups", "deny"));
		snprintf(map, sizeof(map), "0 %u 1", uid);
		CHECK(!file_write("/proc/self/uid_map", map));
		snprintf(map, sizeof(map), "0 %u 1", gid);
		CHECK(!file_write("/proc/self/gid_map", map));
		error = REPEAT(attack, SEND(fd, BYTES(bytes, 1000), .flags = MSGPASS_NONBLOCK));
		CHECK(error == EDQUOT);
	}
	return error;
}

#endif
