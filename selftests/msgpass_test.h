/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests share: thin wrappers of the ioctls, children, and waiting for a state that
 * can be observed.
 *
 * The wrappers return what the ioctl does, or -errno. No wait is without a bound: those of
 * the wrappers end after LIMIT, a test is killed by the harness after TEST_TIMEOUT_DEFAULT
 * seconds, and children die with the test.
 */
#ifndef MSGPASS_TEST_H
#define MSGPASS_TEST_H

/* A program has the harness once; its other files are parts, and bring no tests. */
#ifndef MSGPASS_TEST_PART
#include "kselftest_harness.h"
/* Not 30: a kernel that checks itself is some ten times slower. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120
#else
#include "kselftest.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/msgpass.h>

#define DEVICE		"/dev/msgpass"
#define LIMIT		(20 * 1000000000ULL)

/* Users and groups that nobody else has, so that nobody else's messages count for them. */
enum { FATHER = 61001, MOTHER, CHILD, FAMILY = 61100, STRANGERS };

/* SKIP() for a FIXTURE_SETUP(), which would go on to the test after it. */
#define SKIP_TEST(...) SKIP(_exit(255), __VA_ARGS__)

#define NEED_ROOT() do {					\
	if (geteuid())						\
		SKIP_TEST("only root can do this");		\
} while (0)

/* --- time */

static inline uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* A deadline for what should happen long before it. */
static inline uint64_t soon(void)
{
	return now() + LIMIT;
}

static inline void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
}

/* Look at the condition until it holds or LIMIT is over; tell whether it came to hold. */
#define wait_until(condition) ({				\
	uint64_t _end = soon();					\
	bool _holds;						\
								\
	while (!(_holds = (condition)) && now() < _end)		\
		nap();						\
	_holds;							\
})

/* --- ioctls */

static inline int call(int fd, unsigned long number, void *argument)
{
	int ret = ioctl(fd, number, argument);

	return ret < 0 ? -errno : ret;
}

static inline int device_open(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

#define BYTES(pointer, count) .data = (uintptr_t)(pointer), .length = (count)

static inline int do_send(int fd, struct msgpass_send send)
{
	send.size = sizeof(send);
	return call(fd, MSGPASS_IOC_SEND, &send);
}

/* SEND(fd, .to = pid, BYTES(pointer, count), ...) */
#define SEND(fd, ...) do_send(fd, (struct msgpass_send){ __VA_ARGS__ })

static inline int do_receive(int fd, struct msgpass_receive *out, struct msgpass_receive receive)
{
	int ret;

	receive.size = sizeof(receive);
	ret = call(fd, MSGPASS_IOC_RECEIVE, &receive);
	if (out)
		*out = receive;
	return ret;
}

/* RECEIVE(fd, &out or NULL, .from = pid, BYTES(pointer, count), ...) */
#define RECEIVE(fd, out, ...) do_receive(fd, out, (struct msgpass_receive){ __VA_ARGS__ })

/* Most messages of the tests are one number, sent without waiting. */
#define NUMBER(number) BYTES(&(uint32_t){ number }, sizeof(uint32_t))

static inline int send_number(int fd, uint64_t to, uint32_t number)
{
	return SEND(fd, .to = to, .flags = MSGPASS_NONBLOCK, NUMBER(number));
}

static inline int64_t do_receive_number(int fd, struct msgpass_receive receive)
{
	uint32_t number = 0;
	int ret;

	receive.data = (uintptr_t)&number;
	receive.length = sizeof(number);
	ret = do_receive(fd, &receive, receive);
	if (!ret && receive.out_length != sizeof(number))
		ret = -EBADMSG;
	return ret ? ret : (int64_t)number;
}

/* The number that is queued, or -EAGAIN; or wait for it. */
#define TAKE(fd, ...) do_receive_number(fd,						\
	(struct msgpass_receive){ .flags = MSGPASS_NONBLOCK, __VA_ARGS__ })
#define AWAIT(fd, ...) do_receive_number(fd,						\
	(struct msgpass_receive){ .deadline = soon(), __VA_ARGS__ })

static inline int info(int fd, struct msgpass_info *info)
{
	*info = (struct msgpass_info){ .size = sizeof(*info) };
	return call(fd, MSGPASS_IOC_INFO, info);
}

static inline uint64_t own_peer(int fd)
{
	struct msgpass_info out;

	return info(fd, &out) ? 0 : out.out_peer;
}

static inline uint64_t user_bytes(int fd)
{
	struct msgpass_info out;

	return info(fd, &out) ? ~0ULL : out.out_user_bytes;
}

#define OPEN_BOTH (MSGPASS_OPEN_RECEIVE | MSGPASS_OPEN_SEND)
#define OPEN_NEW (OPEN_BOTH | MSGPASS_OPEN_CREATE)

static inline int do_mailbox_open(int device, const char *name, uint32_t flags,
				  struct msgpass_attributes attributes)
{
	struct msgpass_mailbox_open open = {
		.size = sizeof(open), .flags = flags, .attributes = attributes,
	};

	memccpy(open.name, name, 0, sizeof(open.name));
	return call(device, MSGPASS_IOC_MAILBOX_OPEN, &open);
}

/* MAILBOX_OPEN(device, name, flags, .set = ..., .mode = ...) */
#define MAILBOX_OPEN(device, name, flags, ...)				\
	do_mailbox_open(device, name, flags, (struct msgpass_attributes){ __VA_ARGS__ })

static inline int mailbox_new(int device)
{
	return MAILBOX_OPEN(device, "", OPEN_NEW);
}

static inline int mailbox_delete(int fd, const char *name)
{
	struct msgpass_mailbox_delete delete = { .size = sizeof(delete) };

	memccpy(delete.name, name, 0, sizeof(delete.name));
	return call(fd, MSGPASS_IOC_MAILBOX_DELETE, &delete);
}

/* On a mailbox fd @name is empty. */
static inline int do_mailbox_set(int fd, const char *name,
				 struct msgpass_attributes attributes)
{
	struct msgpass_mailbox_set set = { .size = sizeof(set), .attributes = attributes };

	memccpy(set.name, name, 0, sizeof(set.name));
	return call(fd, MSGPASS_IOC_MAILBOX_SET, &set);
}

#define MAILBOX_SET(fd, ...) do_mailbox_set(fd, "", (struct msgpass_attributes){ __VA_ARGS__ })
#define MAILBOX_SET_NAMED(fd, name, ...) \
	do_mailbox_set(fd, name, (struct msgpass_attributes){ __VA_ARGS__ })

/* On a device fd of the mailbox of that name; on a mailbox fd @name is empty. */
static inline int mailbox_give(int fd, const char *name, uint32_t flags, uint64_t to)
{
	struct msgpass_mailbox_give give = { .size = sizeof(give), .flags = flags, .to = to };

	memccpy(give.name, name, 0, sizeof(give.name));
	return call(fd, MSGPASS_IOC_MAILBOX_GIVE, &give);
}

static inline int mailbox_accept(int fd, const char *name)
{
	struct msgpass_mailbox_accept accept = { .size = sizeof(accept) };

	memccpy(accept.name, name, 0, sizeof(accept.name));
	return call(fd, MSGPASS_IOC_MAILBOX_ACCEPT, &accept);
}

static inline int mailbox_stat(int fd, const char *name, struct msgpass_mailbox_stat *stat)
{
	*stat = (struct msgpass_mailbox_stat){ .size = sizeof(*stat) };
	memccpy(stat->name, name, 0, sizeof(stat->name));
	return call(fd, MSGPASS_IOC_MAILBOX_STAT, stat);
}

static inline int mailbox_next(int device, uint64_t id, struct msgpass_mailbox_stat *stat)
{
	*stat = (struct msgpass_mailbox_stat){ .size = sizeof(*stat), .id = id };
	return call(device, MSGPASS_IOC_MAILBOX_NEXT, stat);
}

static inline int do_inbox_set(int fd, struct msgpass_attributes attributes)
{
	struct msgpass_inbox_set set = { .size = sizeof(set), .attributes = attributes };

	return call(fd, MSGPASS_IOC_INBOX_SET, &set);
}

#define INBOX_SET(fd, ...) do_inbox_set(fd, (struct msgpass_attributes){ __VA_ARGS__ })

static inline int inbox_stat(int fd, uint32_t flags, uint64_t process,
			     struct msgpass_inbox_stat *stat)
{
	*stat = (struct msgpass_inbox_stat){
		.size = sizeof(*stat), .flags = flags, .process = process,
	};
	return call(fd, MSGPASS_IOC_INBOX_STAT, stat);
}

/* The result of asking for the inbox of a peer id: 0, or -ESRCH once it is gone. */
static inline int inbox_of_peer(int fd, uint64_t peer)
{
	struct msgpass_inbox_stat stat;

	return inbox_stat(fd, MSGPASS_PEER, peer, &stat);
}

static inline uint64_t peer_of(int fd, pid_t pid)
{
	struct msgpass_inbox_stat stat;

	return inbox_stat(fd, 0, pid, &stat) ? 0 : stat.out_peer;
}

static inline int inbox_next(int fd, uint64_t peer, struct msgpass_inbox_stat *stat)
{
	*stat = (struct msgpass_inbox_stat){ .size = sizeof(*stat), .process = peer };
	return call(fd, MSGPASS_IOC_INBOX_NEXT, stat);
}

static inline int link_next(int fd, uint64_t to, uint64_t from, struct msgpass_link_stat *stat)
{
	*stat = (struct msgpass_link_stat){
		.size = sizeof(*stat), .to_peer = to, .from_peer = from,
	};
	return call(fd, MSGPASS_IOC_LINK_NEXT, stat);
}

/* The link between two processes, or -ENOENT. */
static inline int link_stat(int fd, uint64_t to, uint64_t from, struct msgpass_link_stat *stat)
{
	int ret = link_next(fd, 0, 0, stat);

	while (!ret && (stat->out_to_peer != to || stat->out_from_peer != from))
		ret = link_next(fd, stat->out_to_peer, stat->out_from_peer, stat);
	return ret;
}

/* --- call and reply */

static inline int do_call(int fd, struct msgpass_call *out, struct msgpass_call argument)
{
	int ret;

	argument.size = sizeof(argument);
	ret = call(fd, MSGPASS_IOC_CALL, &argument);
	if (out)
		*out = argument;
	return ret;
}

/* CALL(fd, &out or NULL, .to = pid, BYTES(pointer, count), PLACE(pointer, count), ...) */
#define CALL(fd, out, ...) do_call(fd, out, (struct msgpass_call){ __VA_ARGS__ })
#define PLACE(pointer, count) .reply_data = (uintptr_t)(pointer), .reply_length = (count)
#define PLACE_OF(variable) PLACE(&(variable), sizeof(variable))

static inline int do_reply(int fd, struct msgpass_reply argument)
{
	argument.size = sizeof(argument);
	return call(fd, MSGPASS_IOC_REPLY, &argument);
}

/* REPLY(fd, token, BYTES(pointer, count), ...) */
#define REPLY(fd, of, ...) do_reply(fd, (struct msgpass_reply){ .token = (of), __VA_ARGS__ })

static inline int reply_number(int fd, uint64_t token, uint32_t number)
{
	return REPLY(fd, token, NUMBER(number));
}

static inline int give_up(int fd, uint64_t token)
{
	return REPLY(fd, token, .flags = MSGPASS_CANCEL);
}

static inline int do_forward(int fd, struct msgpass_forward argument)
{
	argument.size = sizeof(argument);
	return call(fd, MSGPASS_IOC_FORWARD, &argument);
}

/* FORWARD(fd, token, .to = pid, BYTES(pointer, count), ...) */
#define FORWARD(fd, of, ...) do_forward(fd, (struct msgpass_forward){ .token = (of), __VA_ARGS__ })

/* --- a channel: what the inbox of a process and a mailbox have in common */

struct channel {
	int fd;
	bool direct;
};

struct counts {
	uint64_t queued;
	uint64_t queued_bytes;
	uint64_t receivers_waiting;
	uint64_t senders_waiting;
	uint64_t sent;
	uint64_t received;
	uint64_t dropped;
};

#define COUNTS(from) ({								\
	const __typeof__(from) *_stat = &(from);				\
										\
	(struct counts){							\
		_stat->out_queued, _stat->out_queued_bytes,			\
		_stat->out_receivers_waiting, _stat->out_senders_waiting,	\
		_stat->out_sent, _stat->out_received, _stat->out_dropped,	\
	};									\
})

static inline struct counts inbox_counts(int fd, pid_t process)
{
	struct msgpass_inbox_stat stat;

	return inbox_stat(fd, 0, process, &stat) ? (struct counts){} : COUNTS(stat);
}

static inline struct counts mailbox_counts(int fd)
{
	struct msgpass_mailbox_stat stat;

	return mailbox_stat(fd, "", &stat) ? (struct counts){} : COUNTS(stat);
}

/* Of processes it is the device; the caller's inbox comes to be with its first use. */
static inline int channel_open(struct channel *channel, bool direct)
{
	int device = device_open();

	channel->direct = direct;
	channel->fd = device;
	if (device < 0)
		return device;
	if (direct)
		return TAKE(device) == -EAGAIN ? 0 : -EBADMSG;
	channel->fd = mailbox_new(device);
	close(device);
	return channel->fd < 0 ? channel->fd : 0;
}

/* What to put into @to or @from. */
static inline uint64_t address(const struct channel *channel, pid_t process)
{
	return channel->direct ? process : 0;
}

/* Of the inbox of that process, or of the mailbox. */
static inline struct counts channel_counts(const struct channel *channel, pid_t process)
{
	return channel->direct ? inbox_counts(channel->fd, process) : mailbox_counts(channel->fd);
}

static inline int do_channel_set(const struct channel *channel,
				 struct msgpass_attributes attributes)
{
	return channel->direct ? do_inbox_set(channel->fd, attributes) :
				 do_mailbox_set(channel->fd, "", attributes);
}

#define CHANNEL_SET(channel, ...)					\
	do_channel_set(channel, (struct msgpass_attributes){ __VA_ARGS__ })

static inline int set_capacity(const struct channel *channel, uint64_t messages)
{
	return CHANNEL_SET(channel, .set = MSGPASS_SET_CAPACITY, .capacity = messages);
}

#define receivers_wait(channel, process, number)			\
	wait_until(channel_counts(channel, process).receivers_waiting == (number))
#define senders_wait(channel, process, number)				\
	wait_until(channel_counts(channel, process).senders_waiting == (number))

/* --- children */

/* For children, which can't use ASSERT: it would run the test's teardown. */
#define CHECK(condition) do {							\
	if (!(condition)) {							\
		fprintf(stderr, "# %s:%d: child: not so: %s (errno: %m)\n",	\
			__FILE__, __LINE__, #condition);			\
		_exit(1);							\
	}									\
} while (0)

static inline void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* A fork that dies with the test; flags: CLONE_NEW*. Returns 0 in the child. */
static inline pid_t child_clone(unsigned long flags)
{
	pid_t parent = getpid();
	pid_t pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (!pid) {
		die_with_parent();
		/* Who reaps it then must not take it for one that failed. */
		if (!(flags & CLONE_NEWPID) && getppid() != parent)
			kill(getpid(), SIGKILL);
	}
	return pid;
}

static inline pid_t child_fork(void)
{
	pid_t pid = child_clone(0);

	if (pid < 0)
		abort();
	return pid;
}

/* A child with the pid of a process that is gone; -1 if the kernel doesn't let us. */
static inline pid_t child_fork_as(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1,
	};
	pid_t ret = syscall(SYS_clone3, &args, sizeof(args));

	if (!ret)
		die_with_parent();
	return ret;
}

/* As proc(5) has it; of a process, that of its first thread. 0: there is none. */
static inline char thread_state(pid_t tid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);
	return state;
}

/* Reap a child: its exit status, or minus the signal that killed it. */
static inline int child_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1000;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline int child_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	return child_status(pid);
}

/* Wait for the death of a child and leave it a zombie. */
static inline int child_dies(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
}

/* A child that does nothing, until it is killed. */
static inline pid_t child_idle(void)
{
	pid_t pid = child_fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

/* A child that receives one number; its exit status is the number, or the errno. */
static inline pid_t child_receiving(const struct channel *channel, uint64_t from)
{
	pid_t pid = child_fork();

	if (!pid) {
		int64_t number = do_receive_number(channel->fd,
						   (struct msgpass_receive){ .from = from });

		_exit(number < 0 ? -number : number);
	}
	return pid;
}

/* A child that sends one number, waiting for room; its exit status is the errno. */
static inline pid_t child_sending(const struct channel *channel, pid_t to, uint32_t number)
{
	uint64_t where = address(channel, to);
	pid_t pid = child_fork();

	if (!pid)
		_exit(-SEND(channel->fd, .to = where, NUMBER(number)));
	return pid;
}

/* Memory that children share, of zeros. */
static inline void *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* So many bytes, of which the last is followed by memory that nobody may touch. */
static inline void *guarded(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t pages = (size + page - 1) / page * page;
	char *memory = mmap(NULL, pages + page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + pages, page, PROT_NONE))
		return NULL;
	return memory + pages - size;
}

/* --- identity */

/* Evaluate with another effective uid, without the capabilities of root. */
#define AS(user, expression) ({					\
	__typeof__(expression) _value;				\
								\
	if (seteuid(user))					\
		abort();					\
	_value = (expression);					\
	if (seteuid(0))						\
		abort();					\
	_value;							\
})

/* For ever, in children. */
static inline void become(uid_t uid, gid_t gid)
{
	CHECK(!setgroups(0, NULL));
	CHECK(!setresgid(gid, gid, gid));
	CHECK(!setresuid(uid, uid, uid));
	die_with_parent();
}

static inline void drop_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	CHECK(!syscall(SYS_capget, &header, data));
	data[CAP_TO_INDEX(capability)].effective &= ~CAP_TO_MASK(capability);
	data[CAP_TO_INDEX(capability)].permitted &= ~CAP_TO_MASK(capability);
	CHECK(!syscall(SYS_capset, &header, data));
}

/* --- names, files, parameters */

/* Of a mailbox that only this test has. */
static inline const char *unique_name(const char *what)
{
	static char names[16][MSGPASS_NAME_SIZE];
	static unsigned int count;
	char *name = names[count % ARRAY_SIZE(names)];

	snprintf(name, sizeof(names[0]), "test-%d-%u-%s", getpid(), count++, what);
	return name;
}

static inline int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, text, strlen(text));
	written = written < 0 ? -errno : written;
	close(fd);
	return written == (ssize_t)strlen(text) ? 0 : written < 0 ? written : -EIO;
}

#define PARAMETERS "/sys/module/msgpass/parameters/"

static inline int parameter_set(const char *name, uint64_t value)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return file_write(path, text);
}

static inline int64_t parameter(const char *name)
{
	long long value = -1;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%lld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

/* The path of a file beside the test program. */
static inline const char *beside(const char *name)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	while (length > 0 && path[length - 1] != '/')
		length--;
	if (length <= 0 || length + strlen(name) >= sizeof(path))
		return name;
	strcpy(path + length, name);
	return path;
}

/* --- descriptors through a UNIX socket */

union fd_message {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

static inline int fd_send(int socket, int fd)
{
	union fd_message control = {};
	struct iovec byte = { .iov_base = "", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &byte, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	control.header = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1 ? 0 : -errno;
}

static inline int fd_receive(int socket)
{
	union fd_message control = {};
	char byte;
	struct iovec place = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &place, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || !message.msg_controllen)
		return -1;
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

#ifndef MSGPASS_TEST_PART
/* --- what there was before the tests; afterwards.h compares */

static struct msgpass_info before;

static void __attribute__((constructor)) note_before(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		printf("TAP version 13\n1..0 # SKIP no " DEVICE ": %s\n", strerror(errno));
		exit(KSFT_SKIP);
	}
	info(fd, &before);
	close(fd);
}

/* What the user holds once all that earlier tests left to workers is gone. */
static inline uint64_t settled_user_bytes(int fd)
{
	wait_until(user_bytes(fd) <= before.out_user_bytes);
	return user_bytes(fd);
}
#endif

#endif
