/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes of a cell: each has a few threads, its lanes, that do what they are ordered to
 * through memory shared with the runner. The first does what may have to wait, the second what
 * happens meanwhile, the third waits beside the first. An actor that execs becomes this program
 * again, and goes on.
 */
#ifndef TABLE_ACTOR_H
#define TABLE_ACTOR_H

#include "msgpass_test.h"

#include <linux/futex.h>

/* After that long, what should have happened has not. */
#define PATIENCE (5 * 1000000000ULL)

enum { CAPACITY = 2, ACTORS = 3, LANES = 3 };

/* The runner itself, where an order is given to it. */
#define RUNNER (-1)

enum verb { DO_SEND, DO_RECEIVE, DO_CALL, DO_REPLY, DO_REPLY_RECEIVE, DO_FORWARD,
	    DO_REQUEST_READ, DO_SET_CAPACITY, DO_FORK, DO_EXEC, DO_EXIT };

struct order {
	enum verb verb;
	enum verb child;	/* DO_FORK: what the child does */
	bool mailbox;		/* through the mailbox, else the device */
	bool bad;		/* a bad pointer for a buffer */
	bool is_short;		/* a buffer too short */
	uint32_t flags;
	uint32_t type;
	uint32_t number;	/* the message */
	uint64_t address;
	uint64_t patience;	/* nanoseconds until the deadline; 0: none */
	uint64_t token;
	uint64_t capacity;
};

struct answer {
	int error;		/* errno, or 0 */
	uint32_t number;	/* received, or the reply's */
	uint64_t token;
	int reply_error;
};

struct lane {
	uint32_t phase;		/* a futex */
	pid_t tid;
	struct order order;
	struct answer answer;
};

enum phase { FREE, ORDERED, DONE };

struct actor {
	pid_t pid;		/* 0: there is none */
	uint32_t signals;	/* that its handlers have seen */
	struct lane lanes[LANES];
};

struct scene {
	int memory;		/* descriptor of this */
	int device;
	int mailbox;		/* or -1 */
	struct actor actors[ACTORS];
};

static struct scene *scene;
static struct actor *self;	/* in an actor */

static inline void futex_wait(uint32_t *word, uint32_t value, uint64_t limit)
{
	struct timespec time = { limit / 1000000000, limit % 1000000000 };

	syscall(SYS_futex, word, FUTEX_WAIT, value, limit ? &time : NULL, NULL, 0);
}

static inline void set_phase(struct lane *lane, uint32_t phase)
{
	__atomic_store_n(&lane->phase, phase, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &lane->phase, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static inline uint32_t phase_of(struct lane *lane)
{
	return __atomic_load_n(&lane->phase, __ATOMIC_SEQ_CST);
}

/* --- what they can do */

#define BUFFER(order, variable)							\
	.data = (order)->bad ? 1 : (uintptr_t)&(variable),			\
	.length = sizeof(variable) - (order)->is_short

static inline int fd_for(const struct order *order)
{
	return order->mailbox ? scene->mailbox : scene->device;
}

static inline uint64_t deadline_of(const struct order *order)
{
	return order->patience ? now() + order->patience : 0;
}

static inline int carry_out_send(const struct order *order, struct answer *answer)
{
	uint32_t number = order->number;

	(void)answer;
	return SEND(fd_for(order), .to = order->address, .flags = order->flags,
		    .type = order->type, .deadline = deadline_of(order), BUFFER(order, number));
}

static inline struct msgpass_receive receive_of(const struct order *order, uint32_t *place)
{
	return (struct msgpass_receive){
		.from = order->address, .flags = order->flags, .type = order->type,
		.deadline = deadline_of(order), BUFFER(order, *place),
	};
}

static inline int carry_out_receive(const struct order *order, struct answer *answer)
{
	struct msgpass_receive receive = receive_of(order, &answer->number);
	int ret = do_receive(fd_for(order), &receive, receive);

	answer->token = ret ? 0 : receive.out_token;
	return ret;
}

static inline int carry_out_call(const struct order *order, struct answer *answer)
{
	uint32_t number = order->number;
	struct msgpass_call argument = {
		.size = sizeof(argument), .to = order->token ? 0 : order->address,
		.flags = order->flags, .type = order->type, .token = order->token,
		.deadline = deadline_of(order), .data = (uintptr_t)&number,
		.length = order->token ? 0 : sizeof(number),
		.reply_data = (uintptr_t)&answer->number, .reply_length = sizeof(number),
	};
	int ret = call(fd_for(order), MSGPASS_IOC_CALL, &argument);

	answer->token = argument.token;
	return ret;
}

static inline int carry_out_reply(const struct order *order, struct answer *answer)
{
	uint32_t number = order->number;
	struct msgpass_reply argument = {
		.size = sizeof(argument), .flags = order->flags, .token = order->token,
		BUFFER(order, number),
	};

	(void)answer;
	return call(fd_for(order), MSGPASS_IOC_REPLY, &argument);
}

static inline int carry_out_reply_receive(const struct order *order, struct answer *answer)
{
	uint32_t number = order->number;
	struct msgpass_reply_receive argument = {
		.size = sizeof(argument),
		.reply = { .token = order->token, BUFFER(order, number) },
		.receive = receive_of(order, &answer->number),
	};
	int ret = call(fd_for(order), MSGPASS_IOC_REPLY_RECEIVE, &argument);

	answer->token = ret ? 0 : argument.receive.out_token;
	answer->reply_error = argument.out_reply_error;
	return ret;
}

static inline int carry_out_forward(const struct order *order, struct answer *answer)
{
	uint32_t number = order->number;
	struct msgpass_forward argument = {
		.size = sizeof(argument), .flags = order->flags, .token = order->token,
		.to = order->address, .type = order->type, .deadline = deadline_of(order),
		BUFFER(order, number),
	};

	(void)answer;
	return call(fd_for(order), MSGPASS_IOC_FORWARD, &argument);
}

static inline int carry_out_request_read(const struct order *order, struct answer *answer)
{
	struct msgpass_request_read argument = {
		.size = sizeof(argument), .token = order->token, BUFFER(order, answer->number),
	};

	return call(fd_for(order), MSGPASS_IOC_REQUEST_READ, &argument);
}

static inline int carry_out_set_capacity(const struct order *order, struct answer *answer)
{
	struct channel channel = { .fd = fd_for(order), .direct = !order->mailbox };

	(void)answer;
	return set_capacity(&channel, order->capacity);
}

static inline void carry_out(const struct order *order, struct answer *answer);

static inline int carry_out_fork(const struct order *order, struct answer *answer)
{
	struct order in_child = *order;
	pid_t pid;

	in_child.verb = order->child;
	pid = child_fork();
	if (!pid) {
		carry_out(&in_child, answer);
		_exit(answer->error);
	}
	return -child_status(pid);
}

/* Both descriptors and the memory stay; the program that comes next marks the order as done. */
static inline int carry_out_exec(const struct order *order, struct answer *answer)
{
	char memory[16], index[16];

	(void)order;
	(void)answer;
	fcntl(scene->device, F_SETFD, 0);
	if (scene->mailbox >= 0)
		fcntl(scene->mailbox, F_SETFD, 0);
	snprintf(memory, sizeof(memory), "%d", scene->memory);
	snprintf(index, sizeof(index), "%d", (int)(self - scene->actors));
	execl("/proc/self/exe", "table", "--actor", memory, index, NULL);
	return -errno;
}

static inline int carry_out_exit(const struct order *order, struct answer *answer)
{
	(void)order;
	(void)answer;
	_exit(0);
}

static inline void carry_out(const struct order *order, struct answer *answer)
{
	static int (* const verbs[])(const struct order *order, struct answer *answer) = {
		[DO_SEND] = carry_out_send,
		[DO_RECEIVE] = carry_out_receive,
		[DO_CALL] = carry_out_call,
		[DO_REPLY] = carry_out_reply,
		[DO_REPLY_RECEIVE] = carry_out_reply_receive,
		[DO_FORWARD] = carry_out_forward,
		[DO_REQUEST_READ] = carry_out_request_read,
		[DO_SET_CAPACITY] = carry_out_set_capacity,
		[DO_FORK] = carry_out_fork,
		[DO_EXEC] = carry_out_exec,
		[DO_EXIT] = carry_out_exit,
	};

	*answer = (struct answer){};
	answer->error = -verbs[order->verb](order, answer);
}

/* --- their threads */

static inline void *lane_run(void *argument)
{
	struct lane *lane = argument;

	lane->tid = gettid();
	for (;;) {
		while (phase_of(lane) != ORDERED)
			futex_wait(&lane->phase, phase_of(lane) == DONE ? DONE : FREE, 0);
		carry_out(&lane->order, &lane->answer);
		set_phase(lane, DONE);
	}
	return NULL;
}

static inline void note_signal(int signal)
{
	(void)signal;
	__atomic_add_fetch(&self->signals, 1, __ATOMIC_SEQ_CST);
}

/* SIGUSR1 restarts what it interrupts, SIGUSR2 does not. */
static inline void actor_run(struct actor *actor)
{
	struct sigaction restart = { .sa_handler = note_signal, .sa_flags = SA_RESTART };
	struct sigaction interrupt = { .sa_handler = note_signal };
	pthread_t thread;
	int i;

	self = actor;
	sigaction(SIGUSR1, &restart, NULL);
	sigaction(SIGUSR2, &interrupt, NULL);
	for (i = 1; i < LANES; i++)
		CHECK(wait_until(!pthread_create(&thread, NULL, lane_run,
						 &actor->lanes[i])));
	lane_run(&actor->lanes[0]);
}

/* main() of the program that an actor has executed. */
static inline int actor_after_exec(int memory, int index)
{
	struct actor *actor;

	scene = mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	CHECK(scene != MAP_FAILED);
	die_with_parent();
	actor = &scene->actors[index];
	set_phase(&actor->lanes[0], FREE);
	set_phase(&actor->lanes[2], FREE);
	actor->lanes[1].answer = (struct answer){};
	set_phase(&actor->lanes[1], DONE);
	actor_run(actor);
	return 0;
}

/* --- the runner's side */

static inline void scene_new(void)
{
	int memory = memfd_create("scene", 0);

	CHECK(memory >= 0 && !ftruncate(memory, sizeof(*scene)));
	scene = mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	CHECK(scene != MAP_FAILED);
	scene->memory = memory;
	scene->device = device_open();
	CHECK(scene->device >= 0);
	scene->mailbox = -1;
}

static inline bool is_there(int who)
{
	return who == RUNNER || scene->actors[who].pid;
}

static inline void hire(int who)
{
	struct actor *actor = &scene->actors[who];
	pid_t pid;

	*actor = (struct actor){};
	pid = child_fork();
	if (!pid)
		actor_run(actor);
	actor->pid = pid;
}

static inline void dismiss(int who)
{
	struct actor *actor = &scene->actors[who];

	if (actor->pid)
		child_kill(actor->pid);
	actor->pid = 0;
}

static inline struct lane *lane_of(int who, int lane)
{
	return &scene->actors[who].lanes[lane];
}

static inline void start(int who, int number, struct order order)
{
	struct lane *lane = lane_of(who, number);

	lane->order = order;
	set_phase(lane, ORDERED);
}

/* NULL if it does not come. */
static inline const struct answer *await(int who, int number)
{
	struct lane *lane = lane_of(who, number);
	uint64_t end = now() + PATIENCE, time;

	while (phase_of(lane) == ORDERED && (time = now()) < end)
		futex_wait(&lane->phase, ORDERED, end - time);
	return phase_of(lane) == DONE ? &lane->answer : NULL;
}

/* Whether that thread has begun an ioctl and sleeps in it. */
static inline bool sleeps_in_ioctl(int who, int number)
{
	struct lane *lane = lane_of(who, number);
	char path[64];
	FILE *file;
	int call = -1;

	if (phase_of(lane) != ORDERED || !lane->tid)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", scene->actors[who].pid,
		 lane->tid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%d", &call) != 1)
		call = -1;
	fclose(file);
	return call == SYS_ioctl;
}

#endif
