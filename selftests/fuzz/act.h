/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What actors do: each verb of the language carried out.
 */
#ifndef FUZZ_ACT_H
#define FUZZ_ACT_H

#include "request.h"

#include <sys/epoll.h>

/* --- ioctls */

/* What uapi/linux/msgpass.h says that an ioctl may come to. */
static inline bool is_documented(int error)
{
	static const uint8_t documented[] = {
		EAGAIN, ETIMEDOUT, EINTR, EDEADLK, ESRCH, ENOENT, EEXIST, EPIPE, EMSGSIZE, EACCES,
		EPERM, EDQUOT, ENOSPC, ENOMEM, EINVAL, E2BIG, EFAULT, EBADF, ENOTTY, ELOOP,
		EOPNOTSUPP, EMFILE, EINPROGRESS, EBUSY, ENAMETOOLONG,
	};

	return memchr(documented, error, sizeof(documented));
}

static inline void check_result(const struct request *request, int ret)
{
	if (request->file.kind != OTHER && ret < 0 && !is_documented(-ret))
		trouble("%s said %s (%d), which is not documented",
			verb_names[verb_of(request->step)], strerror(-ret), -ret);
}

/* Overwrite a part of the struct, or say that it is longer than it is. */
static inline void spoil(struct request *request, size_t size)
{
	static const uint64_t patterns[] = {
		0, 1, -1, 1ULL << 31, 0x4000, 0xffffffff81000000, 1ULL << 63, 0xbb,
	};
	uint32_t *word = &request->argument.words[request->step->spoil_at % (size / 4 + 2)];
	uint8_t how = request->step->spoil;

	if (!how)
		return;
	if (how & WILD)
		request->argument.words[0] += how & 0x40 ? -8 : 8;
	if (how & 0x20)
		*word ^= 1U << how % 32;
	else
		memcpy(word, &patterns[how % ARRAY_SIZE(patterns)], how & 8 ? 4 : 8);
}

/* They may have been given although the struct says otherwise: then they stay unknown. */
static inline void note_fds(const struct request *request, const int *fds, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count && i < fds_count(request->step) && i < MSGPASS_FDS_MAX; i++)
		file_add(fds[i]);
}

static inline void note_received(const struct request *request,
				 const struct msgpass_receive *receive)
{
	note_token(receive->out_token);
	if (!(receive->flags & MSGPASS_PEEK))
		note_fds(request, request->room, receive->out_fds);
}

static inline void note_outcome(const struct request *request, int ret)
{
	int i;

	switch (verb_of(request->step)) {
	case DO_CALL:
		note_token(request->argument.call.token);
		break;
	case DO_RECEIVE:
		if (!ret)
			note_received(request, &request->argument.receive);
		break;
	case DO_REPLY_RECEIVE:
		if (!ret)
			note_received(request, &request->argument.reply_receive.receive);
		break;
	case DO_RECEIVE_BATCH:
		for (i = 0; i < ret && i < ELEMENTS_MAX; i++)
			note_token(request->in[i].out_token);
		break;
	case DO_OPEN:
		file_add(ret);
		break;
	case DO_NEXT:
		last_mailbox = ret ? 0 : request->argument.stat.out_id;
		break;
	default:
		break;
	}
}

static inline unsigned long number_of(const struct step *step)
{
	const struct ioctl *ioctl = &ioctls[verb_of(step)];

	if (ioctl->number)
		return ioctl->number;
	return step->value & WILD ? step->value * 0x01010101UL :
	       _IO(MSGPASS_IOC_MAGIC, step->value % 32);
}

/* The size that a raw struct has is often enough one that it could have. */
static inline void say_size(struct request *request, size_t size)
{
	if (size)
		request->argument.words[0] = size;
	else if (request->step->spoil & 1)
		request->argument.words[0] %= sizeof(request->argument) + 1;
}

static inline int do_ioctl(const struct step *step)
{
	const struct ioctl *ioctl = &ioctls[verb_of(step)];
	size_t size = ioctl->size ? ioctl->size : sizeof(struct msgpass_mailbox_stat);
	struct request request = { .step = step, .file = file_of(step->fd) };
	void *argument;
	int ret;

	request.flags = step->flags & (step->flags & 0x8000 ? 0xffff : ioctl->flags);
	if (!(step->flags & 0x8000) && ioctl->flags & TYPES)
		request.flags &= ~TYPES | -(request.flags & TYPES);
	ioctl->fill(&request);
	say_size(&request, ioctl->size);
	spoil(&request, size);
	argument = struct_place(step->memory >> 4, &request.argument, size);
	ret = call(request.file.fd, number_of(step), argument);
	check_result(&request, ret);
	if (argument == &request.argument)
		note_outcome(&request, ret);
	return ret;
}

/* --- what is done with files */

static inline int result(long ret)
{
	return ret < 0 ? -errno : ret > INT_MAX ? INT_MAX : ret;
}

/* In one piece or in two. */
static inline int do_read(const struct step *step)
{
	uint64_t length = length_of(step->length);
	void *place = (void *)bytes_at(step->memory, length);
	struct iovec pieces[] = { { place, length }, { memory.arena, length_of(step->reply) } };
	int fd = file_of(step->fd).fd;

	return result(step->value & 1 ? readv(fd, pieces, 2) : read(fd, place, length));
}

static inline int do_write(const struct step *step)
{
	uint64_t length = length_of(step->length);
	void *place = (void *)bytes_at(step->memory, length);
	struct iovec pieces[] = { { place, length }, { memory.arena, length_of(step->reply) } };
	int fd = file_of(step->fd).fd;

	return result(step->value & 1 ? writev(fd, pieces, 2) : write(fd, place, length));
}

/* The epoll file stays, and keeps an eye on what is closed meanwhile. */
static inline int do_poll(const struct step *step)
{
	static int epoll = -1;
	struct epoll_event event = { .events = step->type % 2 ? EPOLLIN | EPOLLET : EPOLLIN | EPOLLOUT };
	struct pollfd fds = { .fd = file_of(step->fd).fd, .events = POLLIN | POLLOUT };

	if (step->value % 4 == 0)
		return result(poll(&fds, 1, step->deadline % 4));
	if (step->value % 4 == 1) {
		fds.events = POLLIN;
		return result(poll(&fds, 1, step->deadline % 4));
	}
	if (epoll < 0)
		epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(epoll, EPOLL_CTL_ADD, fds.fd, &event);
	return result(epoll_wait(epoll, &event, 1, step->deadline % 4));
}

static inline int do_fcntl(const struct step *step)
{
	static const int signals[] = { 0, SIGUSR1, SIGUSR2, SIGIO };
	int fd = file_of(step->fd).fd;

	switch (step->value % 4) {
	case 0: return result(fcntl(fd, F_SETFL, step->flags & (O_NONBLOCK | O_ASYNC)));
	case 1: return result(fcntl(fd, F_SETOWN, world->actors[step->to % ACTORS].pid));
	case 2: return result(fcntl(fd, F_SETSIG, signals[step->to % ARRAY_SIZE(signals)]));
	default: return result(fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC));
	}
}

static inline int do_close(const struct step *step)
{
	return result(file_close(step->fd));
}

static inline int do_dup(const struct step *step)
{
	return result(file_add(dup(file_of(step->fd).fd)));
}

static inline int do_open_other(const struct step *step)
{
	return result(file_open(step->value));
}

/* --- what is done to the process */

/* Of this process; each is remembered until the end of the input. */
static struct {
	pid_t pids[8];
	unsigned int count;
} children;

static inline void children_end(void)
{
	unsigned int i;

	for (i = 0; i < children.count; i++)
		kill(children.pids[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	children.count = 0;
}

/* A child has the files, but neither inbox nor tokens; some stay until they are killed. */
static inline void be_a_child(const struct step *step)
{
	struct msgpass_receive receive = { .size = sizeof(receive), .flags = MSGPASS_NONBLOCK };
	int fd = file_of(step->fd).fd;

	switch (step->value % 4) {
	case 0:
		call(fd, MSGPASS_IOC_RECEIVE, &receive);
		break;
	case 1:
		SEND(fd, .to = own->pid, .flags = MSGPASS_NONBLOCK);
		break;
	case 2:
		SEND(fd, .to = own->pid, .deadline = deadline_of(step));
		for (;;)
			pause();
	default:
		break;
	}
	_exit(0);
}

static inline int do_fork(const struct step *step)
{
	unsigned int index = __atomic_fetch_add(&children.count, 1, __ATOMIC_RELAXED);
	pid_t pid;

	if (index >= ARRAY_SIZE(children.pids)) {
		__atomic_fetch_sub(&children.count, 1, __ATOMIC_RELAXED);
		return -EAGAIN;
	}
	pid = child_clone(0);
	if (!pid)
		be_a_child(step);
	children.pids[index] = pid;
	return result(pid);
}

/* Where it ends depends on which thread this is; see actor_after_exec(). */
static inline int do_exec(const struct step *step)
{
	char memory[16], index[16];
	int me = own - world->actors;

	(void)step;
	snprintf(memory, sizeof(memory), "%d", world_memory);
	snprintf(index, sizeof(index), "%d", me);
	own->spent = true;
	if (me <= SECOND_THREAD)
		state_set(&world->actors[!me], ABSENT);
	count_up(world->succeeded[DO_EXEC]);
	execl("/proc/self/exe", "fuzz", "--actor", memory, index, NULL);
	return -errno;
}

static inline int do_exit(const struct step *step)
{
	own->spent = true;
	count_up(world->succeeded[DO_EXIT]);
	if (step->value % 2) {
		state_set(own, ABSENT);
		syscall(SYS_exit, 0);
	}
	_exit(0);
}

static inline int do_memory(const struct step *step)
{
	return result(memory_change(step->value));
}

/* A thread has a user and a priority of its own, but only the first one is reset. */
static inline bool is_a_thread(void)
{
	return own <= &world->actors[SECOND_THREAD];
}

/* The system call itself: libc's would change the user of all threads. */
static inline int do_become(const struct step *step)
{
	static const uid_t users[] = { FATHER, MOTHER, 0 };
	uid_t user = users[step->value % ARRAY_SIZE(users)];

	own->spent |= step->value & WILD || is_a_thread();
	if (step->value >= 0xf0)
		return result(unshare(CLONE_NEWNET));
	return result(syscall(SYS_setresuid, -1, user, step->value & WILD ? user : (uid_t)-1));
}

/* In lockstep all stay above the runner. */
static inline int do_priority(const struct step *step)
{
	struct sched_param param = { .sched_priority = step->value % 4 + world->lockstep };

	own->spent |= is_a_thread();
	return result(sched_setscheduler(0, param.sched_priority ? SCHED_FIFO : SCHED_OTHER,
					 &param));
}

/* --- to be as at the beginning */

static struct msgpass_attributes inbox_attributes;	/* at the beginning */

static inline void note_inbox(void)
{
	struct msgpass_inbox_stat stat;

	CHECK(!inbox_stat(files_first, 0, 0, &stat));
	inbox_attributes = stat.out_attributes;
}

static inline void drain_inbox(int device)
{
	struct msgpass_receive receive;

	for (;;) {
		receive = (struct msgpass_receive){ .flags = MSGPASS_NONBLOCK | MSGPASS_TRUNCATE };
		if (do_receive(device, &receive, receive))
			break;
		if (receive.out_token)
			give_up(device, receive.out_token);
	}
}

/* Whatever it is the token of; others say ESRCH. */
static inline void drop_token(uint64_t token)
{
	struct msgpass_piece_read read = {
		.size = sizeof(read), .flags = MSGPASS_CANCEL, .token = token,
	};
	struct msgpass_call cancel = {
		.size = sizeof(cancel), .flags = MSGPASS_CANCEL, .token = token,
	};

	give_up(files_first, token);
	call(files_first, MSGPASS_IOC_PIECE_READ, &read);
	call(files_first, MSGPASS_IOC_CALL, &cancel);
}

/* In lockstep actors run before the runner does, for as long as they can. */
static inline void priority_reset(void)
{
	struct sched_param param = { .sched_priority = world->lockstep };

	CHECK(!sched_setscheduler(0, world->lockstep ? SCHED_FIFO : SCHED_OTHER, &param));
}

/* Who has done nothing may still have been sent something. */
static inline int reset(void)
{
	unsigned int i;

	if (!own->used) {
		drain_inbox(files_first);
		return 0;
	}
	children_end();
	CHECK(!syscall(SYS_setresuid, -1, getuid(), -1));
	priority_reset();
	files_reset();
	memory_reset();
	for (i = 0; i < TOKENS && i < world->token_count; i++)
		drop_token(world->tokens[i]);
	drain_inbox(files_first);
	CHECK(!do_inbox_set(files_first, inbox_attributes));
	return 0;
}

static inline int act(const struct step *step)
{
	static int (*const verbs[VERBS])(const struct step *step) = {
		[DO_READ] = do_read, [DO_WRITE] = do_write, [DO_POLL] = do_poll,
		[DO_FCNTL] = do_fcntl, [DO_CLOSE] = do_close, [DO_DUP] = do_dup,
		[DO_OPEN_OTHER] = do_open_other, [DO_FORK] = do_fork, [DO_EXEC] = do_exec,
		[DO_EXIT] = do_exit, [DO_MEMORY] = do_memory, [DO_BECOME] = do_become,
		[DO_PRIORITY] = do_priority,
	};
	enum verb verb = verb_of(step);

	return verb <= DO_RAW ? do_ioctl(step) : verbs[verb](step);
}

#endif
