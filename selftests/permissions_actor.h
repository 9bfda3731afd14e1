/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes of the table of permissions: one for each subject in each place, and one for
 * each target. Each does what it is ordered to through a socket, on which it may be handed a
 * mailbox's fd, and answers with what came of it.
 */
#ifndef PERMISSIONS_ACTOR_H
#define PERMISSIONS_ACTOR_H

#include "permissions_axes.h"

struct order {
	enum verb verb;
	enum family family;
	bool has_fd;		/* which follows */
	char name[MSGPASS_NAME_SIZE];
	pid_t pid;		/* as the first pid namespace has it */
	uint64_t peer;
	uint64_t from_peer;	/* of a link */
	uint64_t token;
	uint32_t mode;
};

struct actor {
	int socket;
	int device;
	pid_t pid;
};

/* --- what is done; each returns as the wrappers do */

static inline int and_close(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static inline int open_named(const struct actor *self, const struct order *order, uint32_t flags)
{
	return and_close(MAILBOX_OPEN(self->device, order->name, flags));
}

/* What it may have made, elsewhere, goes again. */
static inline int create_named(const struct actor *self, const struct order *order, uint32_t flags)
{
	int fd = MAILBOX_OPEN(self->device, order->name, flags);

	if (fd >= 0)
		mailbox_delete(fd, "");
	return and_close(fd);
}

static inline int is_listed(const struct actor *self, const char *name)
{
	struct msgpass_mailbox_stat stat = {};
	int ret;

	do
		ret = mailbox_next(self->device, stat.out_id, &stat);
	while (!ret && strcmp(stat.name, name));
	return ret;
}

static inline int is_inbox_listed(const struct actor *self, uint64_t peer)
{
	struct msgpass_inbox_stat stat = {};
	int ret;

	do
		ret = inbox_next(self->device, stat.out_peer, &stat);
	while (!ret && stat.out_peer != peer);
	return ret;
}

static inline int call_and_cancel(int fd, uint64_t to)
{
	struct msgpass_call out;
	int ret = CALL(fd, &out, .to = to, .flags = MSGPASS_NONBLOCK, NUMBER(1));

	if (ret == -EINPROGRESS)
		CALL(fd, NULL, .token = out.token, .flags = MSGPASS_CANCEL);
	return ret;
}

/* Through the file's name in /proc, with another right; why not depends on the kernel. */
static inline int reopen(int fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDWR | O_CLOEXEC) < 0 ? -EACCES : 0;
}

static inline int give_own_mailbox(const struct actor *self, pid_t to)
{
	int fd = mailbox_new(self->device);
	int ret = fd < 0 ? fd : mailbox_give(fd, "", 0, to);

	close(fd);
	return ret;
}

static inline int receive_number(int fd, uint32_t flags)
{
	uint32_t number;

	return RECEIVE(fd, NULL, .flags = flags | MSGPASS_NONBLOCK,
		       BYTES(&number, sizeof(number)));
}

/* Batches of one. */
static inline int send_batch(int fd, uint64_t to)
{
	struct msgpass_send_element element = { NUMBER(1) };
	struct msgpass_send_batch batch = {
		.size = sizeof(batch), .to = to, .flags = MSGPASS_NONBLOCK,
		.elements = (uintptr_t)&element, .count = 1,
	};
	int ret = call(fd, MSGPASS_IOC_SEND_BATCH, &batch);

	return ret == 1 ? 0 : ret;
}

static inline int receive_batch(int fd)
{
	uint32_t number;
	struct msgpass_receive_element element = { BYTES(&number, sizeof(number)) };
	struct msgpass_receive_batch batch = {
		.size = sizeof(batch), .flags = MSGPASS_NONBLOCK,
		.elements = (uintptr_t)&element, .count = 1,
	};
	int ret = call(fd, MSGPASS_IOC_RECEIVE_BATCH, &batch);

	return ret == 1 ? 0 : ret;
}

static inline int act_on_mailbox(const struct actor *self, const struct order *order, int fd)
{
	const char *name = order->name;
	uint32_t number = 1;

	switch (order->verb) {
	case OPEN_TO_RECEIVE:
		return open_named(self, order, MSGPASS_OPEN_RECEIVE);
	case OPEN_TO_SEND:
		return open_named(self, order, MSGPASS_OPEN_SEND);
	case OPEN_TO_DO_BOTH:
		return open_named(self, order, OPEN_BOTH);
	case CREATE:
		return create_named(self, order, OPEN_NEW);
	case CREATE_ANEW:
		return create_named(self, order, OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE);
	case STAT:
		return mailbox_stat(fd, name, &(struct msgpass_mailbox_stat){});
	case LIST:
		return is_listed(self, name);
	case SET:
		return MAILBOX_SET_NAMED(fd, name, .set = MSGPASS_SET_CAPACITY, .capacity = 3);
	case CHANGE_OWNER:
		return MAILBOX_SET_NAMED(fd, name, .set = MSGPASS_SET_UID, .uid = MOTHER);
	case CHANGE_GROUP:
		return MAILBOX_SET_NAMED(fd, name, .set = MSGPASS_SET_GID, .gid = STRANGERS);
	case DELETE:
		return mailbox_delete(fd, name);
	case GIVE:
		return mailbox_give(fd, name, 0, getpid());
	case ACCEPT:
	case ACCEPT_OFFERED:
		return mailbox_accept(fd, name);
	case DO_SEND:
		return send_number(fd, 0, 1);
	case DO_SEND_BATCH:
		return send_batch(fd, 0);
	case DO_WRITE:
		return write(fd, &number, sizeof(number)) < 0 ? -errno : 0;
	case DO_CALL:
		return call_and_cancel(fd, 0);
	case DO_RECEIVE:
		return receive_number(fd, 0);
	case DO_RECEIVE_BATCH:
		return receive_batch(fd);
	case DO_READ:
		return read(fd, &number, sizeof(number)) < 0 ? -errno : 0;
	case DO_PEEK:
		return receive_number(fd, MSGPASS_PEEK);
	case REOPEN:
		return reopen(fd);
	default:
		return -EBADRQC;
	}
}

/* Numbers grow: the one after the number before it. */
static inline int is_link_listed(const struct actor *self, uint64_t to, uint64_t from)
{
	struct msgpass_link_stat stat;
	int ret = link_next(self->device, to, from - 1, &stat);

	return ret ?: stat.out_to_peer == to && stat.out_from_peer == from ? 0 : -ENOENT;
}

static inline int act_on_process(const struct actor *self, const struct order *order)
{
	struct msgpass_inbox_stat inbox;

	switch (order->verb) {
	case DO_SEND:
		return send_number(self->device, order->pid, 1);
	case DO_SEND_BATCH:
		return send_batch(self->device, order->pid);
	case SEND_BY_PEER:
		return SEND(self->device, .to = order->peer, NUMBER(1),
			    .flags = MSGPASS_PEER | MSGPASS_NONBLOCK);
	case DO_CALL:
		return call_and_cancel(self->device, order->pid);
	case RECEIVE_FROM:
		return TAKE(self->device, .from = order->pid);
	case STAT:
		return inbox_stat(self->device, 0, order->pid, &inbox);
	case STAT_BY_PEER:
		return inbox_stat(self->device, MSGPASS_PEER, order->peer, &inbox);
	case LIST:
		return is_inbox_listed(self, order->peer);
	case LIST_LINK:
		return is_link_listed(self, order->peer, order->from_peer);
	case GIVE_TO:
		return give_own_mailbox(self, order->pid);
	case SIGNAL:
		return kill(order->pid, 0) ? -errno : 0;
	case SET_INBOX:
		return INBOX_SET(self->device, .set = MSGPASS_SET_MODE, .mode = order->mode);
	default:
		return -EBADRQC;
	}
}

static inline int act_on_token(const struct actor *self, const struct order *order)
{
	char bytes[8];
	struct msgpass_request_read request = {
		.size = sizeof(request), .token = order->token, BYTES(bytes, sizeof(bytes)),
	};
	struct msgpass_piece_read piece = {
		.size = sizeof(piece), .token = order->token, BYTES(bytes, sizeof(bytes)),
	};

	switch (order->verb) {
	case DO_REPLY:
		return reply_number(self->device, order->token, 1);
	case GIVE_UP:
		return give_up(self->device, order->token);
	case DO_FORWARD:
		return FORWARD(self->device, order->token, .to = getpid(),
			       .flags = MSGPASS_NONBLOCK);
	case READ_REQUEST:
		return call(self->device, MSGPASS_IOC_REQUEST_READ, &request);
	case CANCEL_CALL:
		return CALL(self->device, NULL, .token = order->token, .flags = MSGPASS_CANCEL);
	case READ_PIECE:
		return call(self->device, MSGPASS_IOC_PIECE_READ, &piece);
	default:
		return -EBADRQC;
	}
}

static inline int act(const struct actor *self, const struct order *order, int fd)
{
	if (order->family == PROCESS)
		return act_on_process(self, order);
	if (order->family == TOKEN)
		return act_on_token(self, order);
	return act_on_mailbox(self, order, order->family == BY_FD ? fd : self->device);
}

/* An actor's life: orders until there are no more. */
static inline void serve(int socket)
{
	struct actor self = { .socket = socket, .device = device_open() };
	struct order order;

	die_with_parent();
	while (recv(socket, &order, sizeof(order), 0) == sizeof(order)) {
		int fd = order.has_fd ? fd_receive(socket) : -1;
		int ret = act(&self, &order, fd);

		close(fd);
		if (send(socket, &ret, sizeof(ret), MSG_NOSIGNAL) != sizeof(ret))
			break;
	}
	_exit(0);
}

/* --- identities */

static inline void keep_capabilities(uint64_t capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	unsigned int i;

	CHECK(!syscall(SYS_capget, &header, data));
	for (i = 0; i < 2; i++) {
		data[i].permitted &= capabilities >> 32 * i;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	CHECK(!syscall(SYS_capset, &header, data));
}

static inline void set_groups(gid_t gid, gid_t group)
{
	CHECK(!setgroups(group ? 1 : 0, &group));
	CHECK(!setresgid(gid, gid, gid));
}

/* As an ordinary user may: with nobody but itself in the namespace. */
static inline void enter_user_namespace(enum user_ns ns, uid_t uid, gid_t gid)
{
	char map[40];

	/* Its files in /proc are root's since it changed its uid. */
	CHECK(!prctl(PR_SET_DUMPABLE, 1));
	CHECK(!unshare(CLONE_NEWUSER));
	if (ns == UNMAPPED)
		return;
	CHECK(!file_write("/proc/self/setgroups", "deny"));
	snprintf(map, sizeof(map), "0 %u 1", uid);
	CHECK(!file_write("/proc/self/uid_map", map));
	snprintf(map, sizeof(map), "0 %u 1", gid);
	CHECK(!file_write("/proc/self/gid_map", map));
}

/* Copies of this program that are somebody's, and setuid, are in this directory. */
static char copies[32] = "/tmp/permissions-XXXXXX";

static inline const char *copy_of(uid_t owner)
{
	static char path[sizeof(copies) + 16];

	snprintf(path, sizeof(path), "%s/%u", copies, owner);
	return path;
}

static inline void copy_make(uid_t owner)
{
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int out = open(copy_of(owner), O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	char buffer[16384];
	ssize_t count;

	CHECK(in >= 0 && out >= 0);
	while ((count = read(in, buffer, sizeof(buffer))) > 0)
		CHECK(write(out, buffer, count) == count);
	CHECK(!fchown(out, owner, 0) && !fchmod(out, 04755));
	close(in);
	close(out);
}

static inline void copies_make(void)
{
	CHECK(mkdtemp(copies) && !chmod(copies, 0755));
	copy_make(FATHER);
	copy_make(MOTHER);
}

static inline void copies_remove(void)
{
	unlink(copy_of(FATHER));
	unlink(copy_of(MOTHER));
	rmdir(copies);
}

static inline void become_by_exec(const struct subject *subject, int socket)
{
	const char *path = copy_of(subject->effective);
	char number[16];

	CHECK(!setresuid(subject->real, subject->real, subject->real));
	CHECK(!fcntl(socket, F_SETFD, 0));
	snprintf(number, sizeof(number), "%d", socket);
	execl(path, path, "--actor", number, NULL);
	CHECK(!"exec");
}

static inline void become_subject(const struct subject *subject, int socket)
{
	set_groups(subject->gid, subject->group);
	if (subject->by_exec)
		become_by_exec(subject, socket);
	CHECK(!prctl(PR_SET_KEEPCAPS, 1));
	CHECK(!setresuid(subject->real, subject->effective, subject->saved));
	keep_capabilities(subject->capabilities);
	if (subject->user_ns != FIRST)
		enter_user_namespace(subject->user_ns, subject->effective, subject->gid);
}

/* Its user namespace is FATHER's, with a map that only root may write: it waits for that. */
static inline void enter_fathers_namespace(int socket)
{
	char byte = 0;

	CHECK(!setresuid(FATHER, FATHER, FATHER));
	CHECK(!prctl(PR_SET_DUMPABLE, 1));
	CHECK(!unshare(CLONE_NEWUSER));
	CHECK(send(socket, &byte, 1, 0) == 1 && recv(socket, &byte, 1, 0) == 1);
	CHECK(!setresuid(5, 5, 5));
}

static inline void map_target(const struct actor *actor)
{
	char path[40], map[20], byte = 0;

	CHECK(recv(actor->socket, &byte, 1, 0) == 1);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", actor->pid);
	snprintf(map, sizeof(map), "5 %u 1", CHILD);
	CHECK(!file_write(path, map));
	CHECK(send(actor->socket, &byte, 1, 0) == 1);
}

static inline void become_target(const struct target *target, int socket)
{
	set_groups(FAMILY, 0);
	if (target->in_ns)
		enter_fathers_namespace(socket);
	else
		CHECK(!setresuid(target->real, target->effective, target->saved));
}

/* --- to have them, and order them about */

/* Returns 0 in the actor, with its own end of the socket. */
static inline pid_t actor_fork(struct actor *actor, bool in_pid_ns)
{
	int sockets[2];

	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets));
	actor->pid = child_clone(in_pid_ns ? CLONE_NEWPID : 0);
	CHECK(actor->pid >= 0);
	actor->socket = sockets[!actor->pid];
	close(sockets[!!actor->pid]);
	return actor->pid;
}

static inline void subject_start(struct actor *actor, const struct subject *subject,
				 enum place place)
{
	if (actor_fork(actor, place == INSIDE))
		return;
	if (place == OTHER_NET)
		CHECK(!unshare(CLONE_NEWNET));
	become_subject(subject, actor->socket);
	serve(actor->socket);
}

static inline void target_start(struct actor *actor, const struct target *target, bool in_pid_ns)
{
	if (actor_fork(actor, in_pid_ns)) {
		if (target->in_ns)
			map_target(actor);
		return;
	}
	become_target(target, actor->socket);
	serve(actor->socket);
}

static inline int do_order(const struct actor *actor, struct order order, int fd)
{
	int answer;

	order.has_fd = fd >= 0;
	if (send(actor->socket, &order, sizeof(order), MSG_NOSIGNAL) != sizeof(order) ||
	    (fd >= 0 && fd_send(actor->socket, fd)) ||
	    recv(actor->socket, &answer, sizeof(answer), 0) != sizeof(answer))
		return -ECONNABORTED;
	return answer;
}

/* ORDER(actor, fd or -1, .verb = ..., ...) */
#define ORDER(actor, fd, ...) do_order(actor, (struct order){ __VA_ARGS__ }, fd)

#endif
