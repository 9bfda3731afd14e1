// SPDX-License-Identifier: GPL-2.0
/*
 * Deadlock: of processes that would wait for each other for ever, the last to begin is refused
 * with EDEADLK, and none that may yet go on is.
 */
#include <semaphore.h>

#include "msgpass_test.h"

/* --- a ring of processes, of which each waits for the next, when it is told to */

enum kind {
	FROM_PID,		/* a receive from one process */
	FROM_PEER,
	RENDEZVOUS,		/* a synchronous send */
	NO_CAPACITY,		/* any send where the capacity is 0 */
	FULL,			/* a synchronous send over a full link */
	CALLS,
	CALLS_FULL,		/* a call over a full link */
	KINDS,
	/* These can't be part of a deadlock. */
	FROM_ANYONE = KINDS,
	ROOM,			/* a send over a full link */
	TO_MAILBOX,		/* a synchronous send to a mailbox, and a call of one */
	CALLS_MAILBOX,
};

/* Messages of this type are waited for, and nobody sends any. */
#define AWAITED_TYPE 9

struct member {
	enum kind kind;
	uint64_t deadline;
	bool has_thread;	/* a second one */
	bool had_thread;
	pid_t pid;
	uint64_t peer;
	sem_t ready, go;
	int ret;		/* of the wait */
	bool ended;		/* the wait */
};

FIXTURE(ring) {
	int fd;
	int mailbox;
	unsigned int size;
	struct member *members;
};

FIXTURE_VARIANT(ring) {
	enum kind kind;
};

FIXTURE_VARIANT_ADD(ring, receive_from_pid) { FROM_PID };
FIXTURE_VARIANT_ADD(ring, receive_from_peer) { FROM_PEER };
FIXTURE_VARIANT_ADD(ring, synchronous_send) { RENDEZVOUS };
FIXTURE_VARIANT_ADD(ring, send_where_the_capacity_is_0) { NO_CAPACITY };
FIXTURE_VARIANT_ADD(ring, synchronous_send_over_a_full_link) { FULL };
FIXTURE_VARIANT_ADD(ring, call) { CALLS };
FIXTURE_VARIANT_ADD(ring, call_over_a_full_link) { CALLS_FULL };

static bool ring_open(FIXTURE_DATA(ring) *self)
{
	self->fd = device_open();
	self->mailbox = mailbox_new(self->fd);
	return self->fd >= 0 && self->mailbox >= 0;
}

FIXTURE_SETUP(ring)
{
	ASSERT_TRUE(ring_open(self));
}

static void ring_end(FIXTURE_DATA(ring) *self)
{
	for (unsigned int i = 0; i < self->size; i++)
		if (self->members[i].pid)
			kill(self->members[i].pid, SIGKILL);
	for (unsigned int i = 0; i < self->size; i++)
		if (self->members[i].pid)
			child_status(self->members[i].pid);
	if (self->members)
		munmap(self->members, self->size * sizeof(*self->members));
	self->members = NULL;
	self->size = 0;
}

static void ring_shut(FIXTURE_DATA(ring) *self)
{
	ring_end(self);
	close(self->mailbox);
	close(self->fd);
}

FIXTURE_TEARDOWN(ring)
{
	ring_shut(self);
}

static void ring_begin(FIXTURE_DATA(ring) *self, unsigned int size)
{
	ring_end(self);
	self->members = shared(size * sizeof(*self->members));
	if (!self->members)
		abort();
	self->size = size;
	for (unsigned int i = 0; i < size; i++) {
		sem_init(&self->members[i].ready, 1, 0);
		sem_init(&self->members[i].go, 1, 0);
	}
}

static bool ended(const struct member *member)
{
	return __atomic_load_n(&member->ended, __ATOMIC_SEQ_CST);
}

/* Not stopped, and not on its way out of that. */
static bool is_asleep(pid_t pid)
{
	return thread_state(pid) == 'S';
}

/* Off the CPU, in an ioctl: so it waits, and all that comes before that is done. */
static bool sleeps(const struct member *member)
{
	char path[64], number[16], text[16] = "";
	int fd, length;

	snprintf(path, sizeof(path), "/proc/%d/syscall", member->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = snprintf(number, sizeof(number), "%d ", SYS_ioctl);
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return !strncmp(text, number, length) && is_asleep(member->pid) && !ended(member);
}

static int receive_awaited(int fd, uint64_t from, uint32_t flags, uint64_t deadline)
{
	uint32_t number;

	return RECEIVE(fd, NULL, .from = from, .flags = flags | MSGPASS_TYPE_EXACT,
		       .type = AWAITED_TYPE, .deadline = deadline, BYTES(&number, sizeof(number)));
}

static void fill_link(int fd, pid_t to)
{
	while (!send_number(fd, to, 1))
		;
}

static int wait_as(FIXTURE_DATA(ring) *self, enum kind kind, const struct member *next,
		   uint32_t flags, uint64_t deadline)
{
	uint32_t synchronous = flags | MSGPASS_SYNCHRONOUS;
	int fd = self->fd;

	if (kind == FULL || kind == CALLS_FULL || kind == ROOM)
		fill_link(fd, next->pid);
	switch (kind) {
	case FROM_PID:
		return receive_awaited(fd, next->pid, flags, deadline);
	case FROM_PEER:
		return receive_awaited(fd, next->peer, flags | MSGPASS_PEER, deadline);
	case FROM_ANYONE:
		return receive_awaited(fd, 0, flags, deadline);
	case RENDEZVOUS:
	case FULL:
		return SEND(fd, .to = next->pid, .flags = synchronous, .deadline = deadline,
			    NUMBER(1));
	case NO_CAPACITY:
	case ROOM:
		return SEND(fd, .to = next->pid, .flags = flags, .deadline = deadline, NUMBER(1));
	case CALLS:
	case CALLS_FULL:
		return CALL(fd, NULL, .to = next->pid, .flags = flags, .deadline = deadline);
	case TO_MAILBOX:
		return SEND(self->mailbox, .flags = synchronous, .deadline = deadline, NUMBER(1));
	case CALLS_MAILBOX:
		return CALL(self->mailbox, NULL, .flags = flags, .deadline = deadline);
	}
	return -EINVAL;
}

static void *idle(void *argument)
{
	for (;;)
		pause();
	return argument;
}

static void *tell_tid(void *argument)
{
	*(pid_t *)argument = gettid();
	return NULL;
}

/* Joined, a thread is not yet gone as far as the kernel is concerned. */
static void have_had_thread(void)
{
	pthread_t thread;
	pid_t tid;

	CHECK(!pthread_create(&thread, NULL, tell_tid, &tid));
	CHECK(!pthread_join(thread, NULL));
	CHECK(wait_until(syscall(SYS_tgkill, getpid(), tid, 0) < 0 && errno == ESRCH));
}

static void member_prepare(FIXTURE_DATA(ring) *self, struct member *me, enum kind before)
{
	const struct channel channel = { .fd = self->fd, .direct = true };
	pthread_t thread;

	if (me->has_thread)
		CHECK(!pthread_create(&thread, NULL, idle, NULL));
	if (me->had_thread)
		have_had_thread();
	CHECK(!set_capacity(&channel, before == NO_CAPACITY ? 0 : 2));
	me->peer = own_peer(self->fd);
}

static struct member *member_after(FIXTURE_DATA(ring) *self, unsigned int i)
{
	return &self->members[(i + 1) % self->size];
}

static void ignore(int signal)
{
	(void)signal;
}

static void member_run(FIXTURE_DATA(ring) *self, unsigned int i, uint32_t flags)
{
	struct sigaction interrupt = { .sa_handler = ignore };
	struct sigaction restart = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	struct member *me = &self->members[i];

	sigaction(SIGUSR1, &interrupt, NULL);
	sigaction(SIGUSR2, &restart, NULL);
	member_prepare(self, me, self->members[(i + self->size - 1) % self->size].kind);
	sem_post(&me->ready);
	while (sem_wait(&me->go))
		;
	me->ret = wait_as(self, me->kind, member_after(self, i), flags, me->deadline);
	__atomic_store_n(&me->ended, true, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

static void ring_fork(FIXTURE_DATA(ring) *self, uint32_t last_flags)
{
	struct member *members = self->members;

	for (unsigned int i = 0; i < self->size; i++) {
		pid_t pid = child_fork();

		if (!pid)
			member_run(self, i, i + 1 == self->size ? last_flags : 0);
		members[i].pid = pid;
	}
	for (unsigned int i = 0; i < self->size; i++)
		while (sem_wait(&members[i].ready))
			;
}

enum { SLEEPS = 1, STUCK };

/* Let it wait: SLEEPS, or what its wait returned. */
static int member_go(struct member *member)
{
	sem_post(&member->go);
	if (!wait_until(ended(member) || sleeps(member)))
		return STUCK;
	return ended(member) ? member->ret : SLEEPS;
}

/* All but the last sleep; what becomes of that? */
static int do_ring_close(FIXTURE_DATA(ring) *self, uint32_t last_flags)
{
	unsigned int i;

	ring_fork(self, last_flags);
	for (i = 0; i + 1 < self->size; i++)
		if (member_go(&self->members[i]) != SLEEPS)
			return STUCK;
	return member_go(&self->members[i]);
}

static int ring_close(FIXTURE_DATA(ring) *self)
{
	return do_ring_close(self, 0);
}

static bool all_sleep(FIXTURE_DATA(ring) *self, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (!sleeps(&self->members[i]))
			return false;
	return true;
}

static int ring_of_two(FIXTURE_DATA(ring) *self, enum kind first, enum kind second)
{
	ring_begin(self, 2);
	self->members[0].kind = first;
	self->members[1].kind = second;
	return ring_close(self);
}

/* --- cycles */

TEST_F(ring, of_one_is_refused)
{
	ring_begin(self, 1);
	self->members[0].kind = variant->kind;
	EXPECT_EQ(-EDEADLK, ring_close(self));
}

TEST_F(ring, of_two_is_refused_to_the_last)
{
	enum kind kind;

	for (kind = 0; kind < KINDS; kind++) {
		EXPECT_EQ(-EDEADLK, ring_of_two(self, variant->kind, kind))
			TH_LOG("second is %d", kind);
		EXPECT_TRUE(all_sleep(self, 1));
	}
}

TEST_F(ring, of_three_is_refused_to_the_last)
{
	enum kind kinds;

	for (kinds = 0; kinds < KINDS * KINDS; kinds++) {
		ring_begin(self, 3);
		self->members[0].kind = variant->kind;
		self->members[1].kind = kinds / KINDS;
		self->members[2].kind = kinds % KINDS;
		EXPECT_EQ(-EDEADLK, ring_close(self))
			TH_LOG("others are %d %d", kinds / KINDS, kinds % KINDS);
		EXPECT_TRUE(all_sleep(self, 2));
	}
}

/* The last, which is refused, is of the variant's kind. */
TEST_F(ring, that_is_refused_leaves_no_trace)
{
	struct counts counts;
	uint64_t fillers = 0;

	if (variant->kind == FULL || variant->kind == CALLS_FULL)
		fillers = 2;
	EXPECT_EQ(-EDEADLK, ring_of_two(self, FROM_PID, variant->kind));
	counts = inbox_counts(self->fd, self->members[0].pid);
	EXPECT_EQ(fillers, counts.queued);
	EXPECT_EQ(fillers, counts.sent);
	EXPECT_EQ(0, counts.senders_waiting);
	EXPECT_EQ(1, counts.receivers_waiting);
	EXPECT_EQ(0, counts.dropped);
	counts = inbox_counts(self->fd, self->members[1].pid);
	EXPECT_EQ(0, counts.queued);
	EXPECT_EQ(0, counts.receivers_waiting);
}

TEST_F(ring, is_open_again_when_a_wait_in_it_was_interrupted)
{
	struct member *members;

	ring_begin(self, 3);
	members = self->members;
	members[0].kind = FROM_PID;
	members[1].kind = variant->kind;
	members[2].kind = FROM_PID;
	ring_fork(self, 0);
	EXPECT_EQ(SLEEPS, member_go(&members[0]));
	EXPECT_EQ(SLEEPS, member_go(&members[1]));
	kill(members[1].pid, SIGUSR1);
	EXPECT_TRUE(wait_until(ended(&members[1])));
	EXPECT_EQ(-EINTR, members[1].ret);
	EXPECT_EQ(SLEEPS, member_go(&members[2]));
}

TEST_F(ring, is_refused_too_when_a_wait_in_it_was_restarted)
{
	struct member *members;

	ring_begin(self, 2);
	members = self->members;
	members[0].kind = variant->kind;
	ring_fork(self, 0);
	EXPECT_EQ(SLEEPS, member_go(&members[0]));
	kill(members[0].pid, SIGUSR2);
	/* The signal is handled before a system call that was stopped is seen to sleep again. */
	kill(members[0].pid, SIGSTOP);
	EXPECT_EQ(members[0].pid, waitpid(members[0].pid, NULL, WUNTRACED));
	kill(members[0].pid, SIGCONT);
	EXPECT_TRUE(wait_until(sleeps(&members[0])));
	EXPECT_EQ(-EDEADLK, member_go(&members[1]));
	EXPECT_TRUE(all_sleep(self, 1));
}

/* --- what may yet go on */

TEST_F(ring, with_a_deadline_is_let_be)
{
	unsigned int i;
	enum kind kind;

	for (i = 0; i < 2 * KINDS; i++) {
		kind = i / 2;
		ring_begin(self, 2);
		self->members[0].kind = variant->kind;
		self->members[1].kind = kind;
		self->members[i % 2].deadline = now() + 10 * LIMIT;
		EXPECT_EQ(SLEEPS, ring_close(self))
			TH_LOG("second is %d", kind);
		EXPECT_TRUE(all_sleep(self, 2));
	}
}

TEST_F(ring, with_a_second_thread_is_let_be)
{
	unsigned int i;

	for (i = 0; i < 2 * KINDS; i++) {
		ring_begin(self, 2);
		self->members[0].kind = variant->kind;
		self->members[1].kind = i / 2;
		self->members[i % 2].has_thread = true;
		EXPECT_EQ(SLEEPS, ring_close(self))
			TH_LOG("second is %u", i / 2);
		EXPECT_TRUE(all_sleep(self, 2));
	}
}

TEST_F(ring, with_a_thread_that_is_gone_is_refused)
{
	ring_begin(self, 2);
	self->members[0].kind = variant->kind;
	self->members[0].had_thread = true;
	self->members[1].had_thread = true;
	EXPECT_EQ(-EDEADLK, ring_close(self));
}

TEST_F(ring, whose_last_would_not_wait_is_let_be)
{
	ring_begin(self, 2);
	self->members[1].kind = variant->kind;
	EXPECT_EQ(variant->kind == CALLS ? -EINPROGRESS : -EAGAIN,
		  do_ring_close(self, MSGPASS_NONBLOCK));
	EXPECT_TRUE(all_sleep(self, 1));
}

TEST_F(ring, with_a_wait_for_nobody_in_particular_is_let_be)
{
	const enum kind kinds[] = { FROM_ANYONE, ROOM, TO_MAILBOX, CALLS_MAILBOX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		EXPECT_EQ(SLEEPS, ring_of_two(self, variant->kind, kinds[i]))
			TH_LOG("kind %d", kinds[i]);
		EXPECT_TRUE(all_sleep(self, 2));
		EXPECT_EQ(SLEEPS, ring_of_two(self, kinds[i], variant->kind))
			TH_LOG("kind %d", kinds[i]);
		EXPECT_TRUE(all_sleep(self, 2));
	}
}

TEST_F(ring, that_is_a_row_is_let_be)
{
	ring_begin(self, 4);
	for (unsigned int i = 0; i < 4; i++)
		self->members[i].kind = variant->kind;
	self->members[3].kind = FROM_ANYONE;
	EXPECT_EQ(SLEEPS, ring_close(self));
	EXPECT_TRUE(all_sleep(self, 4));
}

/* --- as long as it may be */

FIXTURE(long_ring) {
	FIXTURE_DATA(ring) ring;
};

FIXTURE_SETUP(long_ring)
{
	ASSERT_TRUE(ring_open(&self->ring));
}

FIXTURE_TEARDOWN(long_ring)
{
	ring_shut(&self->ring);
}

/* Of all kinds. */
static int close_long_ring(FIXTURE_DATA(ring) *ring, unsigned int size)
{
	ring_begin(ring, size);
	for (unsigned int i = 0; i < size; i++)
		ring->members[i].kind = i % KINDS;
	return ring_close(ring);
}

TEST_F_TIMEOUT(long_ring, of_1024_is_refused, 300)
{
	EXPECT_EQ(-EDEADLK, close_long_ring(&self->ring, 1024));
	EXPECT_TRUE(all_sleep(&self->ring, 1023));
}

TEST_F_TIMEOUT(long_ring, of_1025_is_let_be, 300)
{
	EXPECT_EQ(SLEEPS, close_long_ring(&self->ring, 1025));
}

/* --- calls that change hands */

FIXTURE(hands) {
	int fd;
	pid_t me;
	struct msgpass_receive received;
	struct outcome {
		int ret;
		uint32_t reply;
	} *outcome;
};

FIXTURE_SETUP(hands)
{
	self->fd = device_open();
	ASSERT_LE(0, self->fd);
	self->me = getpid();
	self->outcome = shared(sizeof(*self->outcome));
	ASSERT_NE(NULL, self->outcome);
	ASSERT_EQ(-EAGAIN, TAKE(self->fd));
}

FIXTURE_TEARDOWN(hands)
{
	close(self->fd);
}

/* A child that calls without a deadline; its exit status is the errno. */
static pid_t child_calling(FIXTURE_DATA(hands) *self, int fd, pid_t to)
{
	pid_t pid = child_fork();

	if (!pid)
		_exit(-CALL(fd, NULL, .to = to, NUMBER(1), PLACE_OF(self->outcome->reply)));
	return pid;
}

/* A child that waits for a message of the other which never comes; the same. */
static pid_t child_awaiting(FIXTURE_DATA(hands) *self, pid_t other)
{
	pid_t pid = child_fork();

	if (!pid)
		_exit(-receive_awaited(self->fd, other, 0, 0));
	return pid;
}

static bool child_sleeps(pid_t pid)
{
	const struct member member = { .pid = pid };

	return wait_until(sleeps(&member));
}

static uint64_t take_call(FIXTURE_DATA(hands) *self, int fd)
{
	uint32_t number;
	int ret = RECEIVE(fd, &self->received, .deadline = soon(),
			  BYTES(&number, sizeof(number)));

	return ret ? 0 : self->received.out_token;
}

TEST_F(hands, whoever_has_taken_a_call_can_not_wait_for_its_caller)
{
	pid_t caller = child_calling(self, self->fd, self->me);
	uint64_t token = take_call(self, self->fd);

	ASSERT_NE(0, token);
	EXPECT_TRUE(child_sleeps(caller));
	EXPECT_EQ(-EDEADLK, receive_awaited(self->fd, caller, 0, 0));
	EXPECT_EQ(-EDEADLK, CALL(self->fd, NULL, .to = caller));
	EXPECT_EQ(-EDEADLK, SEND(self->fd, .to = caller, .flags = MSGPASS_SYNCHRONOUS));
	EXPECT_EQ(0, inbox_counts(self->fd, caller).sent);
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(caller));
	EXPECT_EQ(8, self->outcome->reply);
}

TEST_F(hands, nor_if_it_was_taken_from_a_mailbox)
{
	int mailbox = mailbox_new(self->fd);
	pid_t caller = child_calling(self, mailbox, 0);
	uint64_t token = take_call(self, mailbox);

	ASSERT_NE(0, token);
	EXPECT_TRUE(child_sleeps(caller));
	EXPECT_EQ(-EDEADLK, receive_awaited(self->fd, caller, 0, 0));
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(caller));
	close(mailbox);
}

/* A receive that fails puts it back. */
TEST_F(hands, nor_if_it_could_not_be_taken)
{
	pid_t caller = child_calling(self, self->fd, self->me);

	EXPECT_TRUE(child_sleeps(caller));
	EXPECT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(1, 4)));
	EXPECT_EQ(-EDEADLK, receive_awaited(self->fd, caller, 0, 0));
	child_kill(caller);
}

TEST_F(hands, a_call_to_oneself_that_one_has_taken_is_refused_to_go_on)
{
	struct msgpass_call call;
	uint64_t token;

	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &call, .to = self->me, .flags = MSGPASS_NONBLOCK,
				     NUMBER(1)));
	token = take_call(self, self->fd);
	ASSERT_NE(0, token);
	EXPECT_EQ(-EDEADLK, CALL(self->fd, &call, .token = call.token));
	EXPECT_EQ(0, call.token);
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 8));
}

TEST_F(hands, a_forwarded_call_waits_for_the_second_server)
{
	pid_t second = child_idle(), caller = child_calling(self, self->fd, self->me);
	uint64_t token = take_call(self, self->fd);
	pid_t third;

	EXPECT_TRUE(child_sleeps(caller));
	EXPECT_EQ(0, FORWARD(self->fd, token, .to = second, NUMBER(1)));
	/* Not for the first any more. */
	EXPECT_EQ(-ETIMEDOUT, receive_awaited(self->fd, caller, 0, now() + 10000000));
	third = child_awaiting(self, caller);
	EXPECT_TRUE(child_sleeps(third));
	child_kill(third);
	child_kill(second);
	EXPECT_EQ(EPIPE, child_status(caller));
}

TEST_F(hands, a_second_server_can_not_wait_for_the_caller)
{
	pid_t caller = child_calling(self, self->fd, self->me), second;
	uint64_t token = take_call(self, self->fd);
	int pipe_fds[2];

	EXPECT_TRUE(child_sleeps(caller));
	ASSERT_EQ(0, pipe(pipe_fds));
	second = child_fork();
	if (!second) {
		char byte;

		CHECK(read(pipe_fds[0], &byte, 1) == 1);
		_exit(-receive_awaited(self->fd, caller, 0, 0));
	}
	EXPECT_EQ(0, FORWARD(self->fd, token, .to = second, NUMBER(1)));
	ASSERT_EQ(1, write(pipe_fds[1], "", 1));
	EXPECT_EQ(EDEADLK, child_status(second));
	EXPECT_EQ(EPIPE, child_status(caller));
}

TEST_F(hands, a_call_forwarded_to_who_waits_for_its_caller_is_refused)
{
	int *ret = &self->outcome->ret;
	pid_t caller = child_fork(), second;
	uint64_t token;

	if (!caller) {
		__atomic_store_n(ret, CALL(self->fd, NULL, .to = self->me, NUMBER(1)),
				 __ATOMIC_SEQ_CST);
		for (;;)
			pause();
	}
	token = take_call(self, self->fd);
	EXPECT_TRUE(child_sleeps(caller));
	second = child_awaiting(self, caller);
	EXPECT_TRUE(child_sleeps(second));
	EXPECT_EQ(0, FORWARD(self->fd, token, .to = second, NUMBER(1)));
	EXPECT_TRUE(wait_until(__atomic_load_n(ret, __ATOMIC_SEQ_CST)));
	EXPECT_EQ(-EDEADLK, *ret);
	EXPECT_EQ(0, inbox_counts(self->fd, second).queued);
	EXPECT_TRUE(child_sleeps(second));
	child_kill(caller);
	EXPECT_EQ(EPIPE, child_status(second));
}

TEST_F(hands, a_call_that_waits_to_be_forwarded_may_come_back)
{
	uint64_t deadline = now() + 1000000000;
	pid_t server, caller, second;
	int pipe_fds[2];

	ASSERT_EQ(0, pipe(pipe_fds));
	server = child_fork();
	if (!server) {
		uint64_t token = take_call(self, self->fd);
		pid_t second;

		CHECK(read(pipe_fds[0], &second, sizeof(second)) == sizeof(second));
		fill_link(self->fd, second);
		CHECK(FORWARD(self->fd, token, .to = second, .deadline = deadline) == -ETIMEDOUT);
		_exit(-reply_number(self->fd, token, 8));
	}
	caller = child_calling(self, self->fd, server);
	second = child_fork();
	if (!second) {
		/* Once the server waits for room here. */
		CHECK(wait_until(inbox_counts(self->fd, getpid()).senders_waiting));
		_exit(-receive_awaited(self->fd, caller, 0, 0));
	}
	ASSERT_EQ((ssize_t)sizeof(second), write(pipe_fds[1], &second, sizeof(second)));
	EXPECT_EQ(0, child_status(server));
	EXPECT_EQ(0, child_status(caller));
	EXPECT_EQ(8, self->outcome->reply);
	/* And the caller has died without sending. */
	EXPECT_EQ(EPIPE, child_status(second));
}

/*
 * The link of a sender to a receiver is full of the call of a third. When that gives up, what
 * the one waits to send meets the other, who waits for it.
 */
static void expect_room_helps(struct __test_metadata *_metadata, FIXTURE_DATA(hands) *self,
			      bool sender_first, bool calls)
{
	struct channel channel = { .fd = self->fd, .direct = true };
	pid_t *told = shared(sizeof(*told)), sender, receiver, caller;
	int go[2], end[2];
	char byte;

	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, pipe(end));
	sender = child_fork();
	if (!sender) {
		uint64_t token = take_call(self, self->fd);

		CHECK(token);
		CHECK(!FORWARD(self->fd, token, .to = *told));
		CHECK(read(go[0], &byte, 1) == 1);
		if (calls)
			_exit(-CALL(self->fd, NULL, .to = *told, .type = AWAITED_TYPE,
				    NUMBER(1)));
		_exit(-SEND(self->fd, .to = *told, .type = AWAITED_TYPE, NUMBER(1),
			    .flags = MSGPASS_SYNCHRONOUS));
	}
	receiver = child_fork();
	if (!receiver) {
		CHECK(!set_capacity(&channel, 1));
		CHECK(wait_until(inbox_counts(self->fd, getpid()).senders_waiting ==
				 sender_first));
		_exit(-receive_awaited(self->fd, sender, 0, 0));
	}
	*told = receiver;
	ASSERT_TRUE(wait_until(peer_of(self->fd, receiver)));
	caller = child_fork();
	if (!caller) {
		struct msgpass_call call;

		CHECK(CALL(self->fd, &call, .to = sender, .flags = MSGPASS_NONBLOCK) ==
		      -EINPROGRESS);
		CHECK(read(end[0], &byte, 1) == 1);
		_exit(-CALL(self->fd, NULL, .token = call.token, .flags = MSGPASS_CANCEL));
	}
	EXPECT_TRUE(wait_until(inbox_counts(self->fd, receiver).queued == 1));
	if (!sender_first)
		EXPECT_TRUE(child_sleeps(receiver));
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_TRUE(child_sleeps(sender));
	EXPECT_TRUE(child_sleeps(receiver));
	ASSERT_EQ(1, write(end[1], "", 1));
	EXPECT_EQ(0, child_status(caller));
	EXPECT_EQ(0, child_status(receiver));
	EXPECT_EQ(calls ? EPIPE : 0, child_status(sender));
}

TEST_F(hands, a_sender_that_needs_room_for_what_the_other_awaits_is_let_be)
{
	expect_room_helps(_metadata, self, false, false);
	expect_room_helps(_metadata, self, false, true);
}

TEST_F(hands, a_receiver_that_awaits_what_the_other_needs_room_for_is_let_be)
{
	expect_room_helps(_metadata, self, true, false);
	expect_room_helps(_metadata, self, true, true);
}

/* --- many times over */

#define ROUNDS 500

/* Who waits for what the other is just sending is not deadlocked with it. */
TEST_F(hands, a_wait_that_is_met_is_let_be)
{
	pid_t child = child_fork();
	uint32_t number;
	int i;

	if (!child) {
		for (i = 0; i < ROUNDS; i++) {
			struct msgpass_receive received;

			CHECK(!RECEIVE(self->fd, NULL, .from = self->me, BYTES(&number, 4)));
			CHECK(!RECEIVE(self->fd, &received, .from = self->me, BYTES(&number, 4)));
			CHECK(!reply_number(self->fd, received.out_token, i));
		}
		_exit(0);
	}
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, SEND(self->fd, .to = child, .flags = MSGPASS_SYNCHRONOUS, NUMBER(i)));
		ASSERT_EQ(0, CALL(self->fd, NULL, .to = child, NUMBER(i), PLACE_OF(number)));
		ASSERT_EQ(i, (int)number);
	}
	EXPECT_EQ(0, child_status(child));
}

/* Processes in a ring that begin to wait all at once, round after round. */
FIXTURE(crowd) {
	int fd;
	struct crowd {
		unsigned int arrivals;	/* at all meetings so far */
		pid_t pids[4];
		int refused[ROUNDS];	/* how many */
		int who;		/* of this round */
	} *crowd;
};

FIXTURE_VARIANT(crowd) {
	int size;
};

FIXTURE_VARIANT_ADD(crowd, of_two) { 2 };
FIXTURE_VARIANT_ADD(crowd, of_three) { 3 };
FIXTURE_VARIANT_ADD(crowd, of_four) { 4 };

FIXTURE_SETUP(crowd)
{
	self->fd = device_open();
	ASSERT_LE(0, self->fd);
	self->crowd = shared(sizeof(*self->crowd));
	ASSERT_NE(NULL, self->crowd);
}

FIXTURE_TEARDOWN(crowd)
{
	close(self->fd);
}

/* All go on at once: nobody sleeps here, to be woken after the others. */
static void meet(struct crowd *crowd, unsigned int size)
{
	unsigned int before = __atomic_fetch_add(&crowd->arrivals, 1, __ATOMIC_SEQ_CST);
	unsigned int all = before - before % size + size;

	while (__atomic_load_n(&crowd->arrivals, __ATOMIC_SEQ_CST) < all)
		sched_yield();
}

static void note_refused(struct crowd *crowd, int round, int who)
{
	crowd->who = who;
	__atomic_add_fetch(&crowd->refused[round], 1, __ATOMIC_SEQ_CST);
}

/* Each receives from the next, and then sends to the one before. */
static void receive_round(int fd, struct crowd *crowd, int size, int me, int round)
{
	pid_t next = crowd->pids[(me + 1) % size], before = crowd->pids[(me + size - 1) % size];
	uint32_t number;
	int ret = RECEIVE(fd, NULL, .from = next, BYTES(&number, 4));

	if (ret) {
		CHECK(ret == -EDEADLK);
		note_refused(crowd, round, me);
	}
	CHECK(!send_number(fd, before, round));
	if (ret)
		CHECK(AWAIT(fd, .from = next) == round);
}

/* Each calls the next, and then serves the one before, if that one's call was not refused. */
static void call_round(int fd, struct crowd *crowd, int size, int me, int round)
{
	pid_t next = crowd->pids[(me + 1) % size];
	struct msgpass_receive received;
	uint32_t number = 0;
	int ret = CALL(fd, NULL, .to = next, NUMBER(round), PLACE_OF(number));

	if (ret) {
		CHECK(ret == -EDEADLK);
		note_refused(crowd, round, me);
	} else {
		CHECK(number == round + 1U);
	}
	if (crowd->who == (me + size - 1) % size)
		return;
	CHECK(!RECEIVE(fd, &received, .deadline = soon(), BYTES(&number, 4)));
	CHECK(number == (uint32_t)round);
	CHECK(!reply_number(fd, received.out_token, round + 1));
}

static void run_crowd(struct __test_metadata *_metadata, FIXTURE_DATA(crowd) *self, int size,
		      void (*run_round)(int, struct crowd *, int, int, int))
{
	struct crowd *crowd = self->crowd;
	pid_t pids[4];
	int i, round;

	for (i = 0; i < size; i++) {
		pids[i] = child_fork();
		if (pids[i])
			continue;
		crowd->pids[i] = getpid();
		for (round = 0; round < ROUNDS; round++) {
			meet(crowd, size);
			run_round(self->fd, crowd, size, i, round);
			meet(crowd, size);
			CHECK(TAKE(self->fd) == -EAGAIN);
		}
		_exit(0);
	}
	for (i = 0; i < size; i++)
		ASSERT_EQ(0, child_status(pids[i]));
	for (round = 0; round < ROUNDS; round++)
		ASSERT_EQ(1, crowd->refused[round]);
}

TEST_F(crowd, that_receives_at_once_has_one_of_it_refused)
{
	run_crowd(_metadata, self, variant->size, receive_round);
}

TEST_F(crowd, that_calls_at_once_has_one_of_it_refused)
{
	run_crowd(_metadata, self, variant->size, call_round);
}

#include "afterwards.h"
