// SPDX-License-Identifier: GPL-2.0
/*
 * Call and reply: a call has one outcome, and a server's token one use.
 */
#include "msgpass_test.h"

#include <stdatomic.h>
#include <sys/ptrace.h>

/* --- ioctls */

static int reply_receive(int fd, struct msgpass_reply_receive *argument)
{
	argument->size = sizeof(*argument);
	return call(fd, MSGPASS_IOC_REPLY_RECEIVE, argument);
}

static int do_request_read(int fd, struct msgpass_request_read *out,
			   struct msgpass_request_read argument)
{
	int ret;

	argument.size = sizeof(argument);
	ret = call(fd, MSGPASS_IOC_REQUEST_READ, &argument);
	if (out)
		*out = argument;
	return ret;
}

/* REQUEST_READ(fd, &out or NULL, token, .offset = 4, BYTES(pointer, count)) */
#define REQUEST_READ(fd, out, of, ...)						\
	do_request_read(fd, out, (struct msgpass_request_read){ .token = (of), __VA_ARGS__ })

/* --- a server, which is the test, and its callers */

struct outcome {
	uint64_t peer;		/* of the caller */
	uint64_t interrupted;	/* the token of its call, if EINTR came with one */
	bool returned;		/* from the first ioctl of the call */
	struct msgpass_call call;
	uint32_t reply;
};

FIXTURE(call) {
	struct channel channel;
	int device;
	int fd;
	pid_t me;
	uint64_t to;
	struct outcome *outcomes;	/* of two callers */
	struct msgpass_receive received;
};

FIXTURE_VARIANT(call) {
	bool direct;
};

FIXTURE_VARIANT_ADD(call, to_pid) { .direct = true };
FIXTURE_VARIANT_ADD(call, to_mailbox) { .direct = false };

FIXTURE_SETUP(call)
{
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->device = device_open();
	ASSERT_LE(0, self->device);
	self->fd = self->channel.fd;
	self->me = getpid();
	self->to = address(&self->channel, self->me);
	self->outcomes = shared(2 * sizeof(*self->outcomes));
	ASSERT_NE(NULL, self->outcomes);
}

FIXTURE_TEARDOWN(call)
{
	close(self->fd);
	close(self->device);
}

/* Time enough for a call to be received before it times out. */
#define PATIENCE 700000000

/* What a caller does after an EINTR that came with a token. */
enum then {
	STOP,
	GO_ON,
	CANCEL,
	WAIT,		/* let the test end it */
};

struct caller {
	uint64_t to;
	uint32_t number;
	uint64_t deadline;
	uint32_t type;
	uint32_t priority;
	int sa_flags;
	enum then then;
	struct outcome *outcome;
};

static int *signals;	/* how many the children's handlers have seen */

static void count_signal(int signal)
{
	(void)signal;
	__atomic_add_fetch(signals, 1, __ATOMIC_SEQ_CST);
}

static void catch_signals(int sa_flags)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = sa_flags };

	sigaction(SIGUSR1, &action, NULL);
}

static int after_interruption(int fd, const struct caller *caller)
{
	struct outcome *outcome = caller->outcome;
	uint64_t token = outcome->interrupted;

	switch (caller->then) {
	case GO_ON:
		return CALL(fd, &outcome->call, .token = token, .deadline = caller->deadline,
			    PLACE_OF(outcome->reply));
	case CANCEL:
		return CALL(fd, &outcome->call, .token = token, .flags = MSGPASS_CANCEL);
	case WAIT:
		for (;;)
			pause();
	default:
		return -EINTR;
	}
}

static int call_as(int fd, const struct caller *caller)
{
	struct outcome *outcome = caller->outcome;
	int ret;

	catch_signals(caller->sa_flags);
	outcome->peer = own_peer(fd);
	ret = CALL(fd, &outcome->call, .to = caller->to, .type = caller->type,
		   .priority = caller->priority, .deadline = caller->deadline,
		   NUMBER(caller->number), PLACE_OF(outcome->reply));
	if (ret == -EINTR)
		outcome->interrupted = outcome->call.token;
	__atomic_store_n(&outcome->returned, true, __ATOMIC_SEQ_CST);
	if (outcome->interrupted)
		ret = after_interruption(fd, caller);
	return ret;
}

/* A child that calls; its exit status is the errno. */
static pid_t do_caller(FIXTURE_DATA(call) *self, struct caller caller)
{
	pid_t pid;

	if (!caller.to)
		caller.to = self->to;
	if (!caller.outcome)
		caller.outcome = &self->outcomes[0];
	if (!signals)
		signals = shared(sizeof(*signals));
	pid = child_fork();
	if (!pid)
		_exit(-call_as(self->fd, &caller));
	return pid;
}

/* CALLER(.number = 1, ...): it calls the test, unless told. */
#define CALLER(...) do_caller(self, (struct caller){ __VA_ARGS__ })

static struct counts counts_of(FIXTURE_DATA(call) *self)
{
	return channel_counts(&self->channel, self->me);
}

#define QUEUED(number) wait_until(counts_of(self).queued == (number))

static bool signals_seen(int number)
{
	return wait_until(__atomic_load_n(signals, __ATOMIC_SEQ_CST) == number);
}

/* The token of the next call; what else is known of it is in self->received. 0 if it fails. */
static uint64_t take_call(FIXTURE_DATA(call) *self)
{
	uint32_t number;
	int ret = RECEIVE(self->fd, &self->received, .deadline = soon(),
			  BYTES(&number, sizeof(number)));

	return ret ? 0 : self->received.out_token;
}

#define TAKE_CALL() ({							\
	uint64_t _token = take_call(self);				\
									\
	ASSERT_NE(0, _token);						\
	_token;								\
})

/* The test calls itself, without waiting: the tokens that it has as caller and as server. */
struct both_tokens {
	uint64_t caller;
	uint64_t server;
};

static struct both_tokens call_oneself(FIXTURE_DATA(call) *self, uint32_t number)
{
	struct msgpass_call out = {};
	struct both_tokens tokens = {};

	CALL(self->fd, &out, .to = self->to, .flags = MSGPASS_NONBLOCK, NUMBER(number));
	tokens.caller = out.token;
	tokens.server = take_call(self);
	return tokens;
}

#define CALL_ONESELF(number) ({						\
	struct both_tokens _tokens = call_oneself(self, number);	\
									\
	ASSERT_NE(0, _tokens.caller);					\
	ASSERT_NE(0, _tokens.server);					\
	_tokens;							\
})

/* After a call that ended before it was received. */
static void expect_no_trace(struct __test_metadata *_metadata, FIXTURE_DATA(call) *self)
{
	struct counts counts;

	EXPECT_TRUE(QUEUED(0));
	counts = counts_of(self);
	EXPECT_EQ(0, counts.queued_bytes);
	EXPECT_EQ(0, counts.senders_waiting);
	EXPECT_EQ(0, counts.received);
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

/* --- the reply */

TEST_F(call, returns_with_the_reply)
{
	pid_t child = CALLER(.number = 7);
	uint64_t token = TAKE_CALL();

	EXPECT_EQ(0, REPLY(self->fd, token, NUMBER(8), .type = 9));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(8, self->outcomes[0].reply);
	EXPECT_EQ(4, self->outcomes[0].call.out_length);
	EXPECT_EQ(9, self->outcomes[0].call.out_type);
	EXPECT_EQ(own_peer(self->device), self->outcomes[0].call.out_peer);
	EXPECT_EQ(0, self->outcomes[0].call.out_flags);
	EXPECT_EQ(0, self->outcomes[0].call.token);
}

TEST_F(call, waits_for_the_reply)
{
	pid_t child = CALLER(.number = 7);
	uint64_t token = TAKE_CALL();

	EXPECT_EQ(0, waitpid(child, NULL, WNOHANG));
	EXPECT_FALSE(__atomic_load_n(&self->outcomes[0].returned, __ATOMIC_SEQ_CST));
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(call, may_have_an_empty_reply)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	struct msgpass_call out;

	EXPECT_EQ(0, REPLY(self->fd, tokens.server));
	EXPECT_EQ(0, CALL(self->fd, &out, .token = tokens.caller));
	EXPECT_EQ(0, out.out_length);
}

/* A few bytes need no memory of their own. */
TEST_F(call, has_all_of_its_request_and_reply_however_long)
{
	static const size_t lengths[] = { 1, 7, 8, 63, 64, 255, 256, 257, 300, 5000, 3 };
	static char request[5000], reply[5000], heard[5000];
	struct msgpass_call out;
	unsigned int i, j;

	for (i = 0; i < sizeof(request); i++) {
		request[i] = i * 7 + i / 256;
		reply[i] = i * 11 + i / 256;
	}
	for (i = 0; i < ARRAY_SIZE(lengths) * ARRAY_SIZE(lengths); i++) {
		size_t there = lengths[i / ARRAY_SIZE(lengths)];
		size_t back = lengths[i % ARRAY_SIZE(lengths)];

		ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .to = self->to,
					     .flags = MSGPASS_NONBLOCK, BYTES(request, there)));
		memset(heard, 0, sizeof(heard));
		ASSERT_EQ(0, RECEIVE(self->fd, &self->received, BYTES(heard, sizeof(heard))));
		ASSERT_EQ(there, self->received.out_length);
		ASSERT_EQ(0, memcmp(request, heard, there));
		ASSERT_EQ(0, REPLY(self->fd, self->received.out_token, .type = i,
				   BYTES(reply, back)));
		memset(heard, 0, sizeof(heard));
		ASSERT_EQ(0, CALL(self->fd, &out, .token = out.token, PLACE(heard, back)));
		ASSERT_EQ(back, out.out_length);
		ASSERT_EQ(i, out.out_type);
		ASSERT_EQ(0, memcmp(reply, heard, back));
		for (j = back; j < sizeof(heard); j++)
			ASSERT_EQ(0, heard[j]);
	}
}

TEST_F(call, may_have_an_empty_request)
{
	struct msgpass_call out;
	struct msgpass_receive received;

	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .to = self->to, .flags = MSGPASS_NONBLOCK));
	ASSERT_EQ(0, RECEIVE(self->fd, &received, .deadline = soon()));
	EXPECT_EQ(0, received.out_length);
	EXPECT_NE(0, received.out_token);
	EXPECT_EQ(0, REPLY(self->fd, received.out_token));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = out.token));
}

TEST_F(call, arrives_as_a_message_with_its_stamps_and_a_token)
{
	pid_t child = CALLER(.number = 7, .type = 5, .priority = 6);
	uint32_t number = 0;

	ASSERT_EQ(0, RECEIVE(self->fd, &self->received, .deadline = soon(),
			     BYTES(&number, sizeof(number))));
	EXPECT_EQ(7, number);
	EXPECT_EQ(4, self->received.out_length);
	EXPECT_EQ(1, self->received.out_sequence);
	EXPECT_EQ(child, self->received.out_pid);
	EXPECT_EQ(self->outcomes[0].peer, self->received.out_peer);
	EXPECT_EQ(geteuid(), self->received.out_uid);
	EXPECT_EQ(getegid(), self->received.out_gid);
	EXPECT_EQ(5, self->received.out_type);
	EXPECT_EQ(6, self->received.out_priority);
	EXPECT_NE(0, self->received.out_token);
	child_kill(child);
}

TEST_F(call, has_a_token_and_a_message_that_is_none_has_not)
{
	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	EXPECT_EQ(0, take_call(self));
	EXPECT_EQ(4, self->received.out_length);
}

TEST_F(call, is_counted_as_a_message)
{
	struct both_tokens tokens;
	struct counts counts;

	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, NULL, .to = self->to, .flags = MSGPASS_NONBLOCK,
				     NUMBER(1)));
	EXPECT_EQ(1, counts_of(self).queued);
	EXPECT_EQ(4, counts_of(self).queued_bytes);
	EXPECT_EQ(1, counts_of(self).sent);
	EXPECT_EQ(0, counts_of(self).received);
	tokens.server = TAKE_CALL();
	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 2));
	counts = counts_of(self);
	EXPECT_EQ(0, counts.queued);
	EXPECT_EQ(0, counts.queued_bytes);
	EXPECT_EQ(1, counts.sent);
	EXPECT_EQ(1, counts.received);
	EXPECT_EQ(0, counts.dropped);
	EXPECT_EQ(0, counts.senders_waiting);
}

TEST_F(call, can_be_peeked_at_before_it_is_received)
{
	pid_t child = CALLER(.number = 7);
	uint64_t token;

	EXPECT_EQ(7, AWAIT(self->fd, .flags = MSGPASS_PEEK));
	EXPECT_EQ(1, counts_of(self).queued);
	token = TAKE_CALL();
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(call, whose_receive_fails_stays_queued)
{
	pid_t child = CALLER(.number = 7);
	uint64_t token;

	EXPECT_TRUE(QUEUED(1));
	EXPECT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(1, 4)));
	EXPECT_EQ(-EMSGSIZE, RECEIVE(self->fd, NULL, BYTES(1, 3)));
	EXPECT_EQ(1, counts_of(self).queued);
	token = TAKE_CALL();
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(8, self->outcomes[0].reply);
}

TEST_F(call, is_gathered_and_its_reply_scattered)
{
	char request[] = "good morning", heard[sizeof(request)], first[4], second[8];
	struct iovec parts[] = { { request, 5 }, { request + 5, 7 } };
	struct iovec places[] = { { first, 4 }, { second, 8 } };
	struct iovec answer[] = { { "same ", 5 }, { "to you", 6 } };
	struct msgpass_receive received;
	struct msgpass_call out;

	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .to = self->to, BYTES(parts, 2),
				     .flags = MSGPASS_NONBLOCK | MSGPASS_IOVEC));
	ASSERT_EQ(0, RECEIVE(self->fd, &received, BYTES(heard, sizeof(heard))));
	EXPECT_EQ(12, received.out_length);
	EXPECT_EQ(0, memcmp(heard, request, 12));
	EXPECT_EQ(0, REPLY(self->fd, received.out_token, BYTES(answer, 2),
			   .flags = MSGPASS_IOVEC));
	EXPECT_EQ(0, CALL(self->fd, &out, .token = out.token, .flags = MSGPASS_IOVEC,
			  PLACE(places, 2)));
	EXPECT_EQ(11, out.out_length);
	EXPECT_EQ(0, memcmp(first, "same", 4));
	EXPECT_EQ(0, memcmp(second, " to you", 7));
}

TEST_F(call, waits_for_a_receiver_where_the_capacity_is_0)
{
	uint64_t token;
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 0));
	EXPECT_EQ(-EAGAIN, CALL(self->fd, NULL, .to = self->to, .flags = MSGPASS_NONBLOCK,
				NUMBER(1)));
	expect_no_trace(_metadata, self);
	child = CALLER(.number = 7);
	token = TAKE_CALL();
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(8, self->outcomes[0].reply);
}

TEST_F(call, may_be_replied_to_in_another_order)
{
	struct outcome *outcomes = self->outcomes;
	uint64_t first, second;
	pid_t children[2];

	children[0] = CALLER(.number = 1);
	EXPECT_TRUE(QUEUED(1));
	children[1] = CALLER(.number = 2, .outcome = &outcomes[1]);
	EXPECT_TRUE(QUEUED(2));
	first = TAKE_CALL();
	second = TAKE_CALL();
	EXPECT_EQ(0, reply_number(self->fd, second, 12));
	EXPECT_EQ(0, child_status(children[1]));
	EXPECT_EQ(0, waitpid(children[0], NULL, WNOHANG));
	EXPECT_EQ(0, reply_number(self->fd, first, 11));
	EXPECT_EQ(0, child_status(children[0]));
	EXPECT_EQ(11, outcomes[0].reply);
	EXPECT_EQ(12, outcomes[1].reply);
}

/* --- tokens */

TEST_F(call, has_one_reply)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	uint32_t number;

	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 2));
	EXPECT_EQ(-ESRCH, reply_number(self->fd, tokens.server, 3));
	EXPECT_EQ(-ESRCH, give_up(self->fd, tokens.server));
	EXPECT_EQ(-ESRCH, REQUEST_READ(self->fd, NULL, tokens.server));
	EXPECT_EQ(-ESRCH, FORWARD(self->fd, tokens.server, .to = self->to));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = tokens.caller, PLACE_OF(number)));
	EXPECT_EQ(2, number);
	EXPECT_EQ(-ESRCH, CALL(self->fd, NULL, .token = tokens.caller, PLACE_OF(number)));
	EXPECT_EQ(-ESRCH, CALL(self->fd, NULL, .token = tokens.caller, .flags = MSGPASS_CANCEL));
}

TEST_F(call, has_a_token_that_no_other_has_or_had)
{
	uint64_t tokens[64];
	int i, j;

	for (i = 0; i < 64; i++) {
		struct both_tokens both = CALL_ONESELF(i);

		tokens[i] = both.server;
		for (j = 0; j < i; j++)
			ASSERT_NE(tokens[j], tokens[i]);
		if (i % 3 == 0)
			ASSERT_EQ(0, reply_number(self->fd, both.server, 1));
		if (i % 3 == 1)
			ASSERT_EQ(0, CALL(self->fd, NULL, .token = both.caller,
					  .flags = MSGPASS_CANCEL));
	}
}

TEST_F(call, can_not_be_replied_to_with_a_token_that_was_never_given)
{
	struct both_tokens tokens = CALL_ONESELF(1);

	EXPECT_EQ(-ESRCH, reply_number(self->fd, tokens.server + 1, 1));
	EXPECT_EQ(-ESRCH, REPLY(self->fd, tokens.server + 1, BYTES(1, 4)));
	EXPECT_EQ(-EFAULT, REPLY(self->fd, tokens.server, BYTES(1, 4)));
	EXPECT_EQ(-ESRCH, reply_number(self->fd, ~0ULL, 1));
	EXPECT_NE(0, reply_number(self->fd, 0, 1));
	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 1));
}

struct replier {
	int fd;
	uint64_t token;
	int ret;
};

static void *reply_in_thread(void *argument)
{
	struct replier *replier = argument;

	replier->ret = reply_number(replier->fd, replier->token, 8);
	return NULL;
}

TEST_F(call, may_be_replied_to_by_any_thread_of_the_server)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	struct replier replier = { .fd = self->fd, .token = tokens.server };
	uint32_t number = 0;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, reply_in_thread, &replier));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, replier.ret);
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = tokens.caller, PLACE_OF(number)));
	EXPECT_EQ(8, number);
}

static void *receive_in_thread(void *argument)
{
	take_call(argument);
	return NULL;
}

TEST_F(call, is_still_the_servers_when_the_thread_that_received_it_is_gone)
{
	struct msgpass_call out;
	uint32_t number = 0;
	pthread_t thread;

	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .to = self->to, .flags = MSGPASS_NONBLOCK,
				     NUMBER(1)));
	ASSERT_EQ(0, pthread_create(&thread, NULL, receive_in_thread, self));
	pthread_join(thread, NULL);
	ASSERT_NE(0, self->received.out_token);
	EXPECT_EQ(0, reply_number(self->fd, self->received.out_token, 8));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = out.token, PLACE_OF(number)));
	EXPECT_EQ(8, number);
}

TEST_F(call, may_be_replied_to_on_any_fd)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	int mailbox = mailbox_new(self->device);

	EXPECT_EQ(0, reply_number(variant->direct ? mailbox : self->device, tokens.server, 8));
	EXPECT_EQ(0, CALL(self->device, NULL, .token = tokens.caller,
			  PLACE(&(uint32_t){ 0 }, 4)));
	close(mailbox);
}

TEST_F(call, can_not_be_replied_to_by_another_process)
{
	uint64_t *told = shared(sizeof(*told));
	pid_t caller, other = child_fork();
	uint64_t token;

	if (!other) {
		CHECK(wait_until(__atomic_load_n(told, __ATOMIC_SEQ_CST)));
		CHECK(reply_number(self->fd, *told, 9) == -ESRCH);
		CHECK(give_up(self->fd, *told) == -ESRCH);
		CHECK(REQUEST_READ(self->fd, NULL, *told) == -ESRCH);
		CHECK(FORWARD(self->fd, *told, .to = self->to) == -ESRCH);
		_exit(0);
	}
	caller = CALLER(.number = 1);
	token = TAKE_CALL();
	__atomic_store_n(told, token, __ATOMIC_SEQ_CST);
	EXPECT_EQ(0, child_status(other));
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(caller));
	EXPECT_EQ(8, self->outcomes[0].reply);
}

TEST_F(call, can_not_be_gone_on_with_by_another_process)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	pid_t other = child_fork();
	uint32_t number = 0;

	if (!other) {
		CHECK(CALL(self->fd, NULL, .token = tokens.caller, .flags = MSGPASS_CANCEL) ==
		      -ESRCH);
		CHECK(CALL(self->fd, NULL, .token = tokens.caller, PLACE_OF(number),
			   .flags = MSGPASS_NONBLOCK) == -ESRCH);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(other));
	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 8));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = tokens.caller, PLACE_OF(number)));
	EXPECT_EQ(8, number);
}

TEST_F(call, is_not_inherited_by_a_fork_of_the_server)
{
	pid_t caller = CALLER(.number = 1), child;
	uint64_t token = TAKE_CALL();

	child = child_fork();
	if (!child)
		_exit(-reply_number(self->fd, token, 9));
	EXPECT_EQ(ESRCH, child_status(child));
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(caller));
	EXPECT_EQ(8, self->outcomes[0].reply);
}

/* A child that will receive a call; on a mailbox it does so from that of the test. */
static pid_t child_server(FIXTURE_DATA(call) *self, bool receives, uint64_t *token)
{
	pid_t pid = child_fork();

	if (pid)
		return pid;
	if (receives) {
		uint64_t taken = take_call(self);

		CHECK(taken);
		__atomic_store_n(token, taken, __ATOMIC_SEQ_CST);
	}
	for (;;)
		pause();
}

TEST_F(call, is_still_the_servers_after_its_exec)
{
	pid_t server = child_fork(), caller;
	char token[24];

	if (access(beside("helper_reply"), X_OK))
		SKIP(return, "helper_reply is not beside the test");
	if (!server) {
		snprintf(token, sizeof(token), "%llu", (unsigned long long)take_call(self));
		execl(beside("helper_reply"), "helper_reply", token, NULL);
		_exit(1);
	}
	caller = CALLER(.number = 7, .to = address(&self->channel, server));
	EXPECT_EQ(0, child_status(server));
	EXPECT_EQ(0, child_status(caller));
	EXPECT_EQ(77, self->outcomes[0].reply);
}

/* --- EPIPE */

TEST_F(call, ends_with_epipe_when_the_server_gives_it_up)
{
	pid_t child = CALLER(.number = 1);
	uint64_t token = TAKE_CALL();

	EXPECT_EQ(0, give_up(self->fd, token));
	EXPECT_EQ(EPIPE, child_status(child));
	EXPECT_EQ(0, self->outcomes[0].call.token);
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 1));
}

TEST_F(call, ends_with_epipe_when_the_server_dies_with_it)
{
	uint64_t *token = shared(sizeof(*token));
	pid_t server = child_server(self, true, token);
	pid_t caller = CALLER(.number = 1, .to = address(&self->channel, server));

	EXPECT_TRUE(wait_until(__atomic_load_n(token, __ATOMIC_SEQ_CST)));
	child_kill(server);
	EXPECT_EQ(EPIPE, child_status(caller));
	EXPECT_EQ(0, self->outcomes[0].call.token);
}

TEST_F(call, ends_with_epipe_when_the_server_exits_with_it)
{
	pid_t server = child_fork(), caller;

	if (!server)
		_exit(!take_call(self));
	caller = CALLER(.number = 1, .to = address(&self->channel, server));
	EXPECT_EQ(EPIPE, child_status(caller));
	EXPECT_EQ(0, child_status(server));
}

TEST_F(call, ends_with_epipe_when_the_process_dies_before_it_receives)
{
	pid_t server, caller;

	if (!variant->direct)
		SKIP(return, "a mailbox has no process");
	server = child_server(self, false, NULL);
	caller = CALLER(.number = 1, .to = server);
	EXPECT_TRUE(wait_until(inbox_counts(self->fd, server).queued == 1));
	child_kill(server);
	EXPECT_EQ(EPIPE, child_status(caller));
}

TEST_F(call, waits_on_when_a_process_dies_that_has_not_received_it)
{
	pid_t server, caller;
	uint64_t token;

	if (variant->direct)
		SKIP(return, "of mailboxes");
	server = child_server(self, false, NULL);
	caller = CALLER(.number = 1);
	EXPECT_TRUE(QUEUED(1));
	child_kill(server);
	token = TAKE_CALL();
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(caller));
}

TEST_F(call, ends_with_epipe_when_the_mailbox_is_deleted_with_it)
{
	pid_t caller;

	if (variant->direct)
		SKIP(return, "of mailboxes");
	caller = CALLER(.number = 1);
	EXPECT_TRUE(QUEUED(1));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(EPIPE, child_status(caller));
	EXPECT_EQ(0, self->outcomes[0].call.token);
}

/* read() has no place for a token. */
TEST_F(call, ends_with_epipe_when_it_is_read)
{
	uint32_t number = 0;
	pid_t caller;

	if (variant->direct)
		SKIP(return, "of mailboxes");
	caller = CALLER(.number = 7);
	EXPECT_TRUE(QUEUED(1));
	EXPECT_EQ(4, read(self->fd, &number, sizeof(number)));
	EXPECT_EQ(7, number);
	EXPECT_EQ(EPIPE, child_status(caller));
}

TEST_F(call, that_was_received_outlives_its_mailbox)
{
	uint64_t token;
	pid_t caller;

	if (variant->direct)
		SKIP(return, "of mailboxes");
	caller = CALLER(.number = 1);
	token = TAKE_CALL();
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(0, reply_number(self->device, token, 8));
	EXPECT_EQ(0, child_status(caller));
	EXPECT_EQ(8, self->outcomes[0].reply);
}

TEST_F(call, tells_of_epipe_who_goes_on_later)
{
	struct both_tokens tokens = CALL_ONESELF(1);

	EXPECT_EQ(0, give_up(self->fd, tokens.server));
	EXPECT_EQ(-EPIPE, CALL(self->fd, NULL, .token = tokens.caller));
	EXPECT_EQ(-ESRCH, CALL(self->fd, NULL, .token = tokens.caller));
}

/* --- deadlines */

TEST_F(call, that_times_out_before_it_is_received_leaves_no_trace)
{
	uint64_t deadline = now() + 50000000;
	pid_t child = CALLER(.number = 1, .deadline = deadline);

	EXPECT_EQ(ETIMEDOUT, child_status(child));
	EXPECT_LE(deadline, now());
	EXPECT_EQ(0, self->outcomes[0].call.token);
	expect_no_trace(_metadata, self);
}

TEST_F(call, that_times_out_while_it_waits_for_room_leaves_no_trace)
{
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	child = child_fork();
	if (!child) {
		CHECK(!send_number(self->fd, self->to, 1));
		_exit(-CALL(self->fd, NULL, .to = self->to, .deadline = now() + 50000000,
			    NUMBER(2)));
	}
	EXPECT_EQ(ETIMEDOUT, child_status(child));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
	EXPECT_EQ(1, counts_of(self).sent);
}

TEST_F(call, that_times_out_after_it_is_received_can_not_be_replied_to)
{
	pid_t child = CALLER(.number = 1, .deadline = now() + PATIENCE);
	uint64_t token = TAKE_CALL();

	EXPECT_EQ(ETIMEDOUT, child_status(child));
	EXPECT_EQ(0, self->outcomes[0].call.token);
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 8));
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 8));
}

TEST_F(call, that_is_gone_on_with_may_time_out)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	struct msgpass_call out;

	EXPECT_EQ(-ETIMEDOUT, CALL(self->fd, &out, .token = tokens.caller, .deadline = 1));
	EXPECT_EQ(0, out.token);
	EXPECT_EQ(-ESRCH, reply_number(self->fd, tokens.server, 8));
	EXPECT_EQ(-ESRCH, CALL(self->fd, NULL, .token = tokens.caller, .deadline = 1));
}

TEST_F(call, has_its_reply_though_the_deadline_is_past)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	uint32_t number;

	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 8));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = tokens.caller, .deadline = 1,
			  PLACE_OF(number)));
	EXPECT_EQ(8, number);
}

/* --- signals */

TEST_F(call, interrupted_before_it_is_received_leaves_no_trace)
{
	pid_t child = CALLER(.number = 1);

	EXPECT_TRUE(QUEUED(1));
	kill(child, SIGUSR1);
	EXPECT_EQ(EINTR, child_status(child));
	EXPECT_EQ(0, self->outcomes[0].interrupted);
	expect_no_trace(_metadata, self);
}

TEST_F(call, interrupted_before_it_is_received_is_made_anew_by_a_restart)
{
	pid_t child = CALLER(.number = 7, .sa_flags = SA_RESTART);
	uint64_t token;

	EXPECT_TRUE(QUEUED(1));
	kill(child, SIGUSR1);
	EXPECT_TRUE(signals_seen(1));
	token = TAKE_CALL();
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(8, self->outcomes[0].reply);
}

TEST_F(call, interrupted_after_it_is_received_goes_on_by_a_restart)
{
	pid_t child = CALLER(.number = 7, .sa_flags = SA_RESTART);
	uint64_t token = TAKE_CALL();
	int i;

	for (i = 1; i <= 3; i++) {
		kill(child, SIGUSR1);
		EXPECT_TRUE(signals_seen(i));
	}
	EXPECT_EQ(1, counts_of(self).sent);
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(8, self->outcomes[0].reply);
	EXPECT_EQ(1, counts_of(self).sent);
	EXPECT_EQ(0, self->outcomes[0].call.token);
}

/* The first server has had it: sent again, it would be carried out twice. */
TEST_F(call, interrupted_after_it_is_forwarded_goes_on_by_a_restart)
{
	int mailbox = mailbox_new(self->device);
	pid_t child = CALLER(.number = 7, .sa_flags = SA_RESTART);
	uint64_t token = TAKE_CALL();
	struct msgpass_receive received;
	uint32_t number = 0;

	EXPECT_EQ(0, FORWARD(mailbox, token, NUMBER(9)));
	kill(child, SIGUSR1);
	EXPECT_TRUE(signals_seen(1));
	EXPECT_EQ(0, RECEIVE(mailbox, &received, .deadline = soon(), BYTES(&number, 4)));
	EXPECT_EQ(9, number);
	EXPECT_EQ(0, reply_number(mailbox, received.out_token, 8));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(8, self->outcomes[0].reply);
	EXPECT_EQ(1, counts_of(self).sent);
	close(mailbox);
}

TEST_F(call, interrupted_after_it_is_forwarded_can_be_gone_on_with)
{
	int mailbox = mailbox_new(self->device);
	pid_t child = CALLER(.number = 7, .then = GO_ON);
	uint64_t token = TAKE_CALL();
	struct msgpass_receive received;
	uint32_t number = 0;

	EXPECT_EQ(0, FORWARD(mailbox, token, NUMBER(9)));
	kill(child, SIGUSR1);
	EXPECT_TRUE(wait_until(__atomic_load_n(&self->outcomes[0].returned, __ATOMIC_SEQ_CST)));
	EXPECT_NE(0, self->outcomes[0].interrupted);
	EXPECT_EQ(0, RECEIVE(mailbox, &received, .deadline = soon(), BYTES(&number, 4)));
	EXPECT_EQ(0, reply_number(mailbox, received.out_token, 8));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(8, self->outcomes[0].reply);
	close(mailbox);
}

TEST_F(call, restarted_keeps_its_deadline)
{
	uint64_t deadline = now() + PATIENCE;
	pid_t child = CALLER(.number = 7, .sa_flags = SA_RESTART, .deadline = deadline);
	uint64_t token = TAKE_CALL();

	kill(child, SIGUSR1);
	EXPECT_TRUE(signals_seen(1));
	EXPECT_EQ(ETIMEDOUT, child_status(child));
	EXPECT_LE(deadline, now());
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 8));
}

TEST_F(call, interrupted_after_it_is_received_can_be_gone_on_with)
{
	pid_t child = CALLER(.number = 7, .then = GO_ON);
	uint64_t token = TAKE_CALL();

	kill(child, SIGUSR1);
	EXPECT_TRUE(wait_until(__atomic_load_n(&self->outcomes[0].returned, __ATOMIC_SEQ_CST)));
	EXPECT_NE(0, self->outcomes[0].interrupted);
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(8, self->outcomes[0].reply);
	EXPECT_EQ(1, counts_of(self).sent);
}

TEST_F(call, interrupted_after_it_is_received_can_be_given_up)
{
	pid_t child = CALLER(.number = 7, .then = CANCEL);
	uint64_t token = TAKE_CALL();

	kill(child, SIGUSR1);
	EXPECT_EQ(0, child_status(child));
	EXPECT_NE(0, self->outcomes[0].interrupted);
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 8));
}

TEST_F(call, given_up_by_its_caller_before_it_is_received_leaves_no_trace)
{
	struct msgpass_call out;

	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .to = self->to, .flags = MSGPASS_NONBLOCK,
				     NUMBER(1)));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = out.token, .flags = MSGPASS_CANCEL));
	EXPECT_EQ(-ESRCH, CALL(self->fd, NULL, .token = out.token, .flags = MSGPASS_CANCEL));
	expect_no_trace(_metadata, self);
}

TEST_F(call, that_times_out_on_its_second_wait_leaves_no_trace)
{
	struct msgpass_call out;

	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .to = self->to, .flags = MSGPASS_NONBLOCK,
				     NUMBER(1)));
	EXPECT_EQ(-ETIMEDOUT, CALL(self->fd, &out, .token = out.token, .deadline = 1));
	EXPECT_EQ(0, out.token);
	expect_no_trace(_metadata, self);
}

TEST_F(call, interrupted_on_its_second_wait_leaves_no_trace)
{
	pid_t child = child_fork();
	struct msgpass_call out;
	int ret;

	signals = shared(sizeof(*signals));
	if (!child) {
		catch_signals(0);
		CHECK(CALL(self->fd, &out, .to = self->to, .flags = MSGPASS_NONBLOCK,
			   NUMBER(1)) == -EINPROGRESS);
		/* Whoever sends the signal can't see whether the child waits yet. */
		if (!fork()) {
			die_with_parent();
			for (;;) {
				kill(getppid(), SIGUSR1);
				nap();
			}
		}
		ret = CALL(self->fd, &out, .token = out.token);
		_exit(-ret);
	}
	EXPECT_EQ(EINTR, child_status(child));
	expect_no_trace(_metadata, self);
}

TEST_F(call, can_be_given_up_after_its_reply_has_come)
{
	struct both_tokens tokens = CALL_ONESELF(1);

	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 8));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = tokens.caller, .flags = MSGPASS_CANCEL));
	EXPECT_EQ(-ESRCH, CALL(self->fd, NULL, .token = tokens.caller));
}

TEST_F(call, can_not_be_given_up_without_a_token)
{
	EXPECT_EQ(-EINVAL, CALL(self->fd, NULL, .to = self->to, .flags = MSGPASS_CANCEL,
				NUMBER(1)));
	EXPECT_EQ(0, counts_of(self).sent);
}

/* --- kill -9 of the caller */

TEST_F(call, of_a_caller_killed_before_it_is_received_leaves_no_trace)
{
	pid_t child = CALLER(.number = 1);

	EXPECT_TRUE(QUEUED(1));
	child_kill(child);
	expect_no_trace(_metadata, self);
}

TEST_F(call, of_a_caller_killed_while_it_waits_for_room_leaves_no_trace)
{
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	child = child_fork();
	if (!child) {
		CHECK(!send_number(self->fd, self->to, 1));
		_exit(-CALL(self->fd, NULL, .to = self->to, NUMBER(2)));
	}
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	child_kill(child);
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
	EXPECT_EQ(1, counts_of(self).sent);
}

TEST_F(call, of_a_caller_killed_after_it_is_received_can_not_be_replied_to)
{
	pid_t child = CALLER(.number = 1);
	uint64_t token = TAKE_CALL();

	child_kill(child);
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 8));
}

TEST_F(call, of_a_caller_that_ends_without_having_waited_leaves_no_trace)
{
	pid_t child = child_fork();

	if (!child)
		_exit(-CALL(self->fd, NULL, .to = self->to, .flags = MSGPASS_NONBLOCK,
			    NUMBER(1)));
	EXPECT_EQ(EINPROGRESS, child_status(child));
	expect_no_trace(_metadata, self);
}

TEST_F(call, of_a_caller_killed_between_two_ioctls_can_not_be_replied_to)
{
	pid_t child = CALLER(.number = 1, .then = WAIT);
	uint64_t token = TAKE_CALL();

	kill(child, SIGUSR1);
	EXPECT_TRUE(wait_until(__atomic_load_n(&self->outcomes[0].returned, __ATOMIC_SEQ_CST)));
	EXPECT_NE(0, self->outcomes[0].interrupted);
	child_kill(child);
	EXPECT_TRUE(wait_until(REQUEST_READ(self->fd, NULL, token) == -ESRCH));
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 8));
}

TEST_F(call, of_a_caller_killed_with_its_reply_there_leaves_nothing)
{
	pid_t child = CALLER(.number = 1, .then = WAIT);
	uint64_t token = TAKE_CALL();

	kill(child, SIGUSR1);
	EXPECT_TRUE(wait_until(__atomic_load_n(&self->outcomes[0].returned, __ATOMIC_SEQ_CST)));
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	child_kill(child);
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 8));
}

/* --- a reply that can't be taken */

TEST_F(call, whose_reply_does_not_fit_goes_on_for_a_larger_buffer)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	char small[3] = "", large[8] = "";
	struct msgpass_call out;

	EXPECT_EQ(0, REPLY(self->fd, tokens.server, BYTES("hello", 5)));
	EXPECT_EQ(-EMSGSIZE, CALL(self->fd, &out, .token = tokens.caller, PLACE_OF(small)));
	EXPECT_EQ(5, out.out_length);
	EXPECT_EQ(tokens.caller, out.token);
	EXPECT_EQ(0, CALL(self->fd, &out, .token = tokens.caller, PLACE_OF(large)));
	EXPECT_EQ(5, out.out_length);
	EXPECT_EQ(0, out.token);
	EXPECT_STREQ("hello", large);
}

TEST_F(call, that_waits_tells_its_token_when_the_reply_does_not_fit)
{
	struct outcome *outcome = self->outcomes;
	uint64_t token;
	pid_t child = child_fork();

	if (!child) {
		CHECK(CALL(self->fd, &outcome->call, .to = self->to, NUMBER(1),
			   PLACE(&outcome->reply, 3)) == -EMSGSIZE);
		CHECK(outcome->call.out_length == 4);
		CHECK(outcome->call.token);
		_exit(-CALL(self->fd, &outcome->call, .token = outcome->call.token,
			    PLACE_OF(outcome->reply)));
	}
	token = TAKE_CALL();
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(8, outcome->reply);
}

TEST_F(call, may_drop_what_does_not_fit_of_the_reply)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	struct msgpass_call out;
	char small[4] = "";

	EXPECT_EQ(0, REPLY(self->fd, tokens.server, BYTES("hello", 5)));
	EXPECT_EQ(0, CALL(self->fd, &out, .token = tokens.caller, .flags = MSGPASS_TRUNCATE,
			  PLACE(small, 3)));
	EXPECT_EQ(5, out.out_length);
	EXPECT_EQ(MSGPASS_OUT_TRUNCATED, out.out_flags);
	EXPECT_EQ(0, out.token);
	EXPECT_STREQ("hel", small);
}

TEST_F(call, whose_buffer_is_bad_goes_on_for_a_good_one)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	struct msgpass_call out;
	uint32_t number = 0;

	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 8));
	EXPECT_EQ(-EFAULT, CALL(self->fd, &out, .token = tokens.caller, PLACE(1, 4)));
	EXPECT_EQ(tokens.caller, out.token);
	EXPECT_EQ(0, CALL(self->fd, &out, .token = tokens.caller, PLACE_OF(number)));
	EXPECT_EQ(8, number);
}

TEST_F(call, whose_buffer_ends_too_early_goes_on_for_a_good_one)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	char *place = guarded(2);
	struct msgpass_call out;
	uint32_t number = 0;

	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 8));
	EXPECT_EQ(-EFAULT, CALL(self->fd, &out, .token = tokens.caller, PLACE(place, 4)));
	EXPECT_EQ(tokens.caller, out.token);
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = tokens.caller, PLACE_OF(number)));
	EXPECT_EQ(8, number);
}

TEST_F(call, that_could_not_be_read_is_not_sent)
{
	struct msgpass_call out;

	EXPECT_EQ(-EFAULT, CALL(self->fd, &out, .to = self->to, BYTES(1, 4)));
	EXPECT_EQ(0, out.token);
	EXPECT_EQ(0, counts_of(self).sent);
}

/* An argument in memory that can't be written. */
static void *read_only(const void *argument, size_t size)
{
	void *memory = shared(size);

	if (!memory)
		abort();
	memcpy(memory, argument, size);
	return mprotect(memory, size, PROT_READ) ? NULL : memory;
}

TEST_F(call, whose_token_could_not_be_told_is_not_sent)
{
	struct msgpass_call argument = {
		.size = sizeof(argument), .flags = MSGPASS_NONBLOCK, .to = self->to, NUMBER(1),
	};

	EXPECT_EQ(-EFAULT, call(self->fd, MSGPASS_IOC_CALL, read_only(&argument, sizeof(argument))));
	EXPECT_EQ(0, counts_of(self).sent);
}

TEST_F(call, whose_end_could_not_be_told_goes_on)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	uint32_t number = 0;
	struct msgpass_call argument = {
		.size = sizeof(argument), .token = tokens.caller, PLACE_OF(number),
	};

	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 8));
	EXPECT_EQ(-EFAULT, call(self->fd, MSGPASS_IOC_CALL, read_only(&argument, sizeof(argument))));
	EXPECT_EQ(0, call(self->fd, MSGPASS_IOC_CALL, &argument));
	EXPECT_EQ(8, number);
	EXPECT_EQ(0, argument.token);
}

TEST_F(call, is_still_the_servers_when_the_reply_could_not_be_read)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	uint32_t number = 0;

	EXPECT_EQ(-EFAULT, REPLY(self->fd, tokens.server, BYTES(1, 4)));
	EXPECT_EQ(-EMSGSIZE, REPLY(self->fd, tokens.server, BYTES(1, 1ULL << 40)));
	EXPECT_EQ(-EINVAL, REPLY(self->fd, tokens.server, NUMBER(1), .fds_count = MSGPASS_FDS_MAX + 1));
	EXPECT_EQ(-EINVAL, REPLY(self->fd, tokens.server, NUMBER(1), .flags = MSGPASS_NONBLOCK));
	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 8));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = tokens.caller, PLACE_OF(number)));
	EXPECT_EQ(8, number);
}

/* --- not waiting */

TEST_F(call, without_waiting_is_in_progress_until_its_reply)
{
	struct msgpass_call out;
	uint32_t number = 0;
	uint64_t server;

	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .to = self->to, .flags = MSGPASS_NONBLOCK,
				     NUMBER(1), PLACE_OF(number)));
	ASSERT_NE(0, out.token);
	EXPECT_EQ(-EAGAIN, CALL(self->fd, NULL, .token = out.token, .flags = MSGPASS_NONBLOCK,
				PLACE_OF(number)));
	server = TAKE_CALL();
	EXPECT_EQ(-EAGAIN, CALL(self->fd, NULL, .token = out.token, .flags = MSGPASS_NONBLOCK,
				PLACE_OF(number)));
	EXPECT_EQ(0, reply_number(self->fd, server, 8));
	EXPECT_EQ(0, CALL(self->fd, &out, .token = out.token, .flags = MSGPASS_NONBLOCK,
			  PLACE_OF(number)));
	EXPECT_EQ(8, number);
	EXPECT_EQ(0, out.token);
	EXPECT_EQ(1, counts_of(self).sent);
}

TEST_F(call, without_waiting_can_be_waited_for_later)
{
	struct msgpass_call out;
	uint32_t number = 0;
	uint64_t server;
	pid_t child;

	child = child_fork();
	if (!child) {
		int ret = CALL(self->fd, &out, .to = self->to, .flags = MSGPASS_NONBLOCK,
			       NUMBER(1), PLACE_OF(number));

		/* The reply may be there before one knows. */
		if (ret == -EINPROGRESS)
			ret = CALL(self->fd, NULL, .token = out.token, PLACE_OF(number));
		CHECK(!ret);
		_exit(number);
	}
	server = TAKE_CALL();
	EXPECT_EQ(0, reply_number(self->fd, server, 8));
	EXPECT_EQ(8, child_status(child));
}

TEST_F(call, without_waiting_is_eagain_where_there_is_no_room)
{
	struct msgpass_call out;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	EXPECT_EQ(-EINPROGRESS, CALL(self->fd, &out, .to = self->to, .flags = MSGPASS_NONBLOCK,
				     NUMBER(1)));
	EXPECT_EQ(-EAGAIN, CALL(self->fd, &out, .to = self->to, .flags = MSGPASS_NONBLOCK,
				NUMBER(2)));
	EXPECT_EQ(0, out.token);
	EXPECT_EQ(1, counts_of(self).sent);
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

struct goer_on {
	int fd;
	uint64_t token;
	uint32_t number;
	int ret;
};

static void *go_on_in_thread(void *argument)
{
	struct goer_on *goer = argument;

	goer->ret = CALL(goer->fd, NULL, .token = goer->token, PLACE_OF(goer->number));
	return NULL;
}

TEST_F(call, is_waited_for_by_one_thread_at_a_time)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	struct goer_on goer = { .fd = self->fd, .token = tokens.caller };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, go_on_in_thread, &goer));
	EXPECT_TRUE(wait_until(CALL(self->fd, NULL, .token = tokens.caller,
				    .flags = MSGPASS_NONBLOCK) == -EBUSY));
	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 8));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, goer.ret);
	EXPECT_EQ(8, goer.number);
}

/* A thread that gives up each call whose token it reads. */
struct giver {
	int fd;
	unsigned int unknown;
	struct msgpass_call call;	/* of another */
	atomic_ullong given;		/* the last one's token */
	atomic_bool stop;
};

static void *give_up_in_thread(void *argument)
{
	struct giver *giver = argument;
	uint64_t token;
	int ret;

	while (!atomic_load(&giver->stop)) {
		token = __atomic_load_n(&giver->call.token, __ATOMIC_RELAXED);
		if (!token || token == atomic_load(&giver->given))
			continue;
		ret = CALL(giver->fd, NULL, .flags = MSGPASS_CANCEL, .token = token);
		giver->unknown += ret == -ESRCH;
		atomic_store(&giver->given, token);
	}
	return NULL;
}

TEST_F(call, can_be_given_up_as_soon_as_its_token_is_told)
{
	struct giver giver = { .fd = self->fd };
	uint64_t end = now() + 10000000000;
	pthread_t thread;
	unsigned int i;
	int ret;

	ASSERT_EQ(0, pthread_create(&thread, NULL, give_up_in_thread, &giver));
	for (i = 0; i < 20000 && now() < end; i++) {
		giver.call = (struct msgpass_call){
			.size = sizeof(giver.call),
			.flags = MSGPASS_NONBLOCK,
			.to = self->to,
			NUMBER(1),
		};
		ret = call(self->fd, MSGPASS_IOC_CALL, &giver.call);
		/* It may be over before it is sent. */
		if (ret == -EPIPE)
			continue;
		ASSERT_EQ(-EINPROGRESS, ret);
		while (atomic_load(&giver.given) != giver.call.token)
			sched_yield();
	}
	atomic_store(&giver.stop, true);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, giver.unknown);
}

#define TOO_LATE 5000000000 /* for what is over to end by itself, in ns */

struct blocked_call {
	int fd;
	struct msgpass_call call;
	int ret;
};

static void *run_blocked_call(void *argument)
{
	struct blocked_call *blocked = argument;

	blocked->ret = call(blocked->fd, MSGPASS_IOC_CALL, &blocked->call);
	return NULL;
}

/* Its token, while it waits for room. */
static uint64_t token_of(const struct blocked_call *blocked)
{
	return __atomic_load_n(&blocked->call.token, __ATOMIC_SEQ_CST);
}

TEST_F(call, given_up_while_it_waits_for_room_ends)
{
	struct blocked_call blocked = {
		.fd = self->fd,
		.call = { .size = sizeof(blocked.call), .to = self->to, NUMBER(2),
			  .deadline = now() + TOO_LATE },
	};
	pthread_t thread;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_blocked_call, &blocked));
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = token_of(&blocked), .flags = MSGPASS_CANCEL));
	pthread_join(thread, NULL);
	EXPECT_EQ(-EPIPE, blocked.ret);
	EXPECT_EQ(0, blocked.call.token);
	EXPECT_EQ(0, counts_of(self).senders_waiting);
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

static void *send_three_in_thread(void *argument)
{
	const FIXTURE_DATA(call) *self = argument;

	CHECK(!SEND(self->fd, .to = self->to, NUMBER(3), .deadline = soon()));
	return NULL;
}

TEST_F(call, given_up_while_it_waits_for_room_lets_those_behind_it_go_on)
{
	struct blocked_call blocked = {
		.fd = self->fd,
		.call = { .size = sizeof(blocked.call), .to = self->to,
			  BYTES(&(uint64_t){ 2 }, 8), .deadline = now() + TOO_LATE },
	};
	pthread_t thread;
	pid_t child;

	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_CAPACITY_BYTES |
				 MSGPASS_SET_MESSAGE_MAX, .capacity_bytes = 8, .message_max = 8));
	child = child_fork();
	if (!child) {
		/* One link: those of the same process wait for each other. */
		CHECK(!send_number(self->fd, self->to, 1));
		CHECK(!pthread_create(&thread, NULL, run_blocked_call, &blocked));
		CHECK(senders_wait(&self->channel, self->me, 1));
		CHECK(!pthread_create(&(pthread_t){ 0 }, NULL, send_three_in_thread, self));
		CHECK(senders_wait(&self->channel, self->me, 2));
		CHECK(!CALL(self->fd, NULL, .token = token_of(&blocked),
			    .flags = MSGPASS_CANCEL));
		pthread_join(thread, NULL);
		_exit(-blocked.ret);
	}
	EXPECT_EQ(EPIPE, child_status(child));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(3, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
}

TEST_F(call, can_be_given_up_before_it_waits_for_room)
{
	struct giver giver = { .fd = self->fd };
	uint64_t end = now() + 10000000000;
	unsigned int i, late = 0;
	pthread_t thread;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	ASSERT_EQ(0, pthread_create(&thread, NULL, give_up_in_thread, &giver));
	for (i = 0; i < 20000 && now() < end && !late; i++) {
		giver.call = (struct msgpass_call){
			.size = sizeof(giver.call),
			.to = self->to,
			.deadline = now() + TOO_LATE,
			NUMBER(2),
		};
		late += call(self->fd, MSGPASS_IOC_CALL, &giver.call) != -EPIPE;
	}
	atomic_store(&giver.stop, true);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, late);
	EXPECT_EQ(0, giver.unknown);
}

/* Calls that are given up while a signal comes: does each end, with EPIPE? */
static bool end_when_interrupted(FIXTURE_DATA(call) *self)
{
	uint64_t end = now() + 5000000000;
	bool all = true;
	unsigned int i;

	for (i = 0; i < 10000 && now() < end && all; i++) {
		struct blocked_call blocked = {
			.fd = self->fd,
			.call = {
				.size = sizeof(blocked.call),
				.to = self->to,
				.deadline = now() + TOO_LATE,
				NUMBER(2),
			},
		};
		pthread_t thread;
		uint64_t token;

		CHECK(!pthread_create(&thread, NULL, run_blocked_call, &blocked));
		while (!token_of(&blocked) && now() < blocked.call.deadline)
			sched_yield();
		pthread_kill(thread, SIGUSR1);
		/* Until it is: restarted, it has another token. */
		do
			token = token_of(&blocked);
		while ((!token || CALL(self->fd, NULL, .token = token,
				       .flags = MSGPASS_CANCEL)) &&
		       now() < blocked.call.deadline);
		pthread_join(thread, NULL);
		all = blocked.ret == -EPIPE;
	}
	return all;
}

TEST_F(call, given_up_while_a_signal_comes_is_not_sent_again)
{
	signals = shared(sizeof(*signals));
	catch_signals(SA_RESTART);
	/* It waits for the reply, and then for room. */
	EXPECT_TRUE(end_when_interrupted(self));
	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(0, send_number(self->fd, self->to, 1));
	EXPECT_TRUE(end_when_interrupted(self));
}

TEST_F(call, given_up_makes_room_for_the_next)
{
	struct msgpass_call first, second;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &first, .to = self->to, NUMBER(1),
				     .flags = MSGPASS_NONBLOCK));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = first.token, .flags = MSGPASS_CANCEL));
	EXPECT_EQ(-EINPROGRESS, CALL(self->fd, &second, .to = self->to, NUMBER(2),
				     .flags = MSGPASS_NONBLOCK));
	EXPECT_EQ(2, TAKE(self->fd));
}

TEST_F(call, waits_for_room)
{
	uint64_t token;
	pid_t child;

	ASSERT_EQ(0, set_capacity(&self->channel, 1));
	child = child_fork();
	if (!child) {
		CHECK(!send_number(self->fd, self->to, 1));
		_exit(-CALL(self->fd, NULL, .to = self->to, NUMBER(2),
			    PLACE_OF(self->outcomes[0].reply)));
	}
	EXPECT_TRUE(senders_wait(&self->channel, self->me, 1));
	EXPECT_EQ(1, TAKE(self->fd));
	token = TAKE_CALL();
	EXPECT_EQ(0, reply_number(self->fd, token, 8));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(8, self->outcomes[0].reply);
}

/* --- refused */

TEST_F(call, to_nobody_is_esrch)
{
	pid_t child = child_idle();

	if (!variant->direct)
		SKIP(return, "of processes");
	child_kill(child);
	EXPECT_EQ(-ESRCH, CALL(self->fd, NULL, .to = child, NUMBER(1)));
	EXPECT_EQ(-EINVAL, CALL(self->fd, NULL, .to = 0, NUMBER(1)));
}

TEST_F(call, goes_to_a_peer_id)
{
	struct msgpass_call out;
	uint64_t token;

	if (!variant->direct)
		SKIP(return, "of processes");
	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .to = own_peer(self->fd), NUMBER(1),
				     .flags = MSGPASS_PEER | MSGPASS_NONBLOCK));
	token = TAKE_CALL();
	EXPECT_EQ(0, reply_number(self->fd, token, 2));
}

TEST_F(call, longer_than_the_receiver_takes_is_emsgsize)
{
	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				 .message_max = 3));
	EXPECT_EQ(-EMSGSIZE, CALL(self->fd, NULL, .to = self->to, NUMBER(1)));
	EXPECT_EQ(0, counts_of(self).sent);
}

TEST_F(call, takes_the_right_to_send_and_a_reply_takes_none)
{
	struct both_tokens tokens;
	int reader;

	if (variant->direct)
		SKIP(return, "of mailboxes");
	tokens = CALL_ONESELF(1);
	reader = MAILBOX_OPEN(self->device, "", MSGPASS_OPEN_RECEIVE | MSGPASS_OPEN_CREATE);
	ASSERT_LE(0, reader);
	EXPECT_EQ(-EBADF, CALL(reader, NULL, NUMBER(1)));
	EXPECT_EQ(0, reply_number(reader, tokens.server, 1));
	close(reader);
}

/* --- quota: the caller pays for the request and for the reply */

FIXTURE(quota) {
	int device;
	int fd;
	int64_t bytes;
};

FIXTURE_SETUP(quota)
{
	NEED_ROOT();
	self->bytes = parameter("user_bytes");
	ASSERT_LT(0, self->bytes);
	self->device = device_open();
	settled_user_bytes(self->device);
	self->fd = mailbox_new(self->device);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(quota)
{
	EXPECT_EQ(0, parameter_set("user_bytes", self->bytes));
	close(self->fd);
	close(self->device);
}

TEST_F(quota, of_the_caller_pays_for_the_request)
{
	struct msgpass_call out;
	int ret;

	ASSERT_EQ(0, parameter_set("user_bytes", 1));
	ASSERT_EQ(0, seteuid(FATHER));
	ret = CALL(self->fd, &out, .flags = MSGPASS_NONBLOCK, NUMBER(1));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(-EDQUOT, ret);
	EXPECT_EQ(0, out.token);
	EXPECT_EQ(0, mailbox_counts(self->fd).sent);
}

/* It was paid for with the call. */
TEST_F(quota, of_nobody_pays_for_a_short_reply)
{
	struct msgpass_receive received;
	struct msgpass_call out;
	uint32_t number = 0;
	uint64_t held;

	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .flags = MSGPASS_NONBLOCK, NUMBER(1)));
	ASSERT_EQ(0, RECEIVE(self->fd, &received, BYTES(&number, sizeof(number))));
	held = user_bytes(self->device);
	EXPECT_EQ(0, reply_number(self->fd, received.out_token, 8));
	EXPECT_EQ(held, user_bytes(self->device));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = out.token, PLACE_OF(number)));
	EXPECT_EQ(8, number);
}

TEST_F(quota, of_the_caller_pays_for_a_long_reply_and_without_it_the_call_is_still_the_servers)
{
	static const char answer[300];
	struct msgpass_receive received;
	struct msgpass_call out;
	uint32_t number = 0;
	int ret;

	ASSERT_EQ(0, seteuid(FATHER));
	ret = CALL(self->fd, &out, .flags = MSGPASS_NONBLOCK, NUMBER(1));
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(-EINPROGRESS, ret);
	ASSERT_EQ(0, RECEIVE(self->fd, &received, BYTES(&number, sizeof(number))));
	ASSERT_EQ(0, parameter_set("user_bytes", 1));
	ASSERT_EQ(0, seteuid(MOTHER));
	ret = REPLY(self->fd, received.out_token, BYTES(answer, sizeof(answer)));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(-EDQUOT, ret);
	EXPECT_EQ(0, REQUEST_READ(self->fd, NULL, received.out_token));
	ASSERT_EQ(0, parameter_set("user_bytes", self->bytes));
	EXPECT_EQ(0, reply_number(self->fd, received.out_token, 9));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = out.token, PLACE_OF(number)));
	EXPECT_EQ(9, number);
}

TEST_F(quota, is_given_back_when_calls_are_over)
{
	uint64_t held = user_bytes(self->device);
	struct msgpass_receive received;
	struct msgpass_call out;
	uint32_t number;
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .flags = MSGPASS_NONBLOCK,
					     NUMBER(1)));
		EXPECT_LT(held, user_bytes(self->device));
		ASSERT_EQ(0, RECEIVE(self->fd, &received, BYTES(&number, sizeof(number))));
		ASSERT_EQ(0, reply_number(self->fd, received.out_token, 8));
		ASSERT_EQ(0, CALL(self->fd, NULL, .token = out.token, PLACE_OF(number)));
	}
	EXPECT_TRUE(wait_until(user_bytes(self->device) == held));
}

/* --- reply and receive */

#define REPLY_RECEIVE(argument, of, answer, place) ({					\
	*(argument) = (struct msgpass_reply_receive){					\
		.reply = { .token = (of), BYTES(answer, sizeof(uint32_t)) },		\
		.receive = { .deadline = soon(), BYTES(place, sizeof(uint32_t)) },	\
	};										\
	reply_receive(self->fd, argument);						\
})

TEST_F(call, is_replied_to_as_the_next_is_received)
{
	struct msgpass_reply_receive argument;
	uint32_t reply, number = 0;
	uint64_t token = 0;
	pid_t server = child_fork();
	int i;

	if (!server) {
		for (i = 0; i < 101; i++) {
			reply = number + 1;
			CHECK(!REPLY_RECEIVE(&argument, token, &reply, &number));
			CHECK(!argument.out_reply_error);
			CHECK(!argument.reply.token);
			token = argument.receive.out_token;
		}
		_exit(token);
	}
	for (i = 0; i < 100; i++) {
		reply = 0;
		ASSERT_EQ(0, CALL(self->fd, NULL, .to = address(&self->channel, server),
				  .deadline = soon(), NUMBER(2 * i), PLACE_OF(reply)));
		ASSERT_EQ(2 * i + 1, reply);
	}
	EXPECT_EQ(0, send_number(self->fd, address(&self->channel, server), 0));
	EXPECT_EQ(0, child_status(server));
}

TEST_F(call, whose_caller_is_gone_does_not_keep_the_server_from_receiving)
{
	struct msgpass_reply_receive argument;
	pid_t child = CALLER(.number = 1);
	uint64_t token = TAKE_CALL();
	uint32_t number = 0;

	child_kill(child);
	EXPECT_TRUE(wait_until(REQUEST_READ(self->fd, NULL, token) == -ESRCH));
	ASSERT_EQ(0, send_number(self->fd, self->to, 5));
	EXPECT_EQ(0, REPLY_RECEIVE(&argument, token, &number, &number));
	EXPECT_EQ(5, number);
	EXPECT_EQ(ESRCH, argument.out_reply_error);
	EXPECT_EQ(0, argument.reply.token);
	EXPECT_EQ(0, argument.receive.out_token);
}

TEST_F(call, whose_reply_fails_keeps_the_server_from_receiving)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	struct msgpass_reply_receive argument;
	uint32_t number = 0;

	ASSERT_EQ(0, send_number(self->fd, self->to, 5));
	EXPECT_EQ(-EFAULT, REPLY_RECEIVE(&argument, tokens.server, 1, &number));
	EXPECT_EQ(tokens.server, argument.reply.token);
	EXPECT_EQ(1, counts_of(self).queued);
	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 8));
}

TEST_F(call, is_still_the_servers_when_it_could_not_be_told_of_the_reply)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	uint32_t number = 0;
	struct msgpass_reply_receive argument = {
		.size = sizeof(argument),
		.reply = { .token = tokens.server, NUMBER(7) },
		.receive = { .deadline = soon(), BYTES(&number, sizeof(number)) },
	};

	ASSERT_EQ(0, send_number(self->fd, self->to, 5));
	EXPECT_EQ(-EFAULT, call(self->fd, MSGPASS_IOC_REPLY_RECEIVE,
				read_only(&argument, sizeof(argument))));
	EXPECT_EQ(1, counts_of(self).queued);
	EXPECT_EQ(0, call(self->fd, MSGPASS_IOC_REPLY_RECEIVE, &argument));
	EXPECT_EQ(0, argument.out_reply_error);
	EXPECT_EQ(5, number);
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = tokens.caller, PLACE_OF(number)));
	EXPECT_EQ(7, number);
}

TEST_F(call, has_its_reply_though_the_receive_behind_it_fails)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	struct msgpass_reply_receive argument = {
		.reply = { .token = tokens.server, NUMBER(8) },
		.receive = { .flags = MSGPASS_NONBLOCK },
	};
	uint32_t number = 0;

	EXPECT_EQ(-EAGAIN, reply_receive(self->fd, &argument));
	EXPECT_EQ(0, argument.reply.token);
	EXPECT_EQ(0, argument.out_reply_error);
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = tokens.caller, PLACE_OF(number)));
	EXPECT_EQ(8, number);
}

TEST_F(call, can_be_given_up_as_the_next_is_received)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	struct msgpass_reply_receive argument = {
		.reply = { .token = tokens.server, .flags = MSGPASS_CANCEL },
		.receive = { .flags = MSGPASS_NONBLOCK },
	};

	EXPECT_EQ(-EAGAIN, reply_receive(self->fd, &argument));
	EXPECT_EQ(-EPIPE, CALL(self->fd, NULL, .token = tokens.caller));
}

TEST_F(call, is_not_replied_to_again_by_a_restart)
{
	uint64_t *token = shared(sizeof(*token));
	uint64_t there = 0;
	pid_t server, caller;

	signals = shared(sizeof(*signals));
	server = child_fork();
	if (!server) {
		struct msgpass_reply_receive argument;
		uint32_t number = 8;

		catch_signals(SA_RESTART);
		*token = take_call(self);
		CHECK(!REPLY_RECEIVE(&argument, *token, &number, &number));
		CHECK(!argument.out_reply_error);
		CHECK(number == 5);
		_exit(0);
	}
	there = address(&self->channel, server);
	caller = CALLER(.number = 1, .to = there);
	EXPECT_EQ(0, child_status(caller));
	EXPECT_EQ(8, self->outcomes[0].reply);
	EXPECT_TRUE(receivers_wait(&self->channel, server, 1));
	kill(server, SIGUSR1);
	EXPECT_TRUE(signals_seen(1));
	EXPECT_TRUE(receivers_wait(&self->channel, server, 1));
	EXPECT_EQ(0, send_number(self->fd, there, 5));
	EXPECT_EQ(0, child_status(server));
}

TEST_F(call, needs_sizes_of_0_in_a_reply_and_receive)
{
	struct msgpass_reply_receive argument = { .reply.size = 1,
						  .receive.flags = MSGPASS_NONBLOCK };

	EXPECT_EQ(-EINVAL, reply_receive(self->fd, &argument));
	argument.reply.size = 0;
	argument.receive.size = 1;
	EXPECT_EQ(-EINVAL, reply_receive(self->fd, &argument));
	argument.receive.size = 0;
	argument.reserved = 1;
	EXPECT_EQ(-EINVAL, reply_receive(self->fd, &argument));
	argument.reserved = 0;
	EXPECT_EQ(-EAGAIN, reply_receive(self->fd, &argument));
}

/* --- forwarding */

/* A child that replies to one call with its number plus 100, after a word with the caller. */
static pid_t second_server(int fd, uint64_t first_caller)
{
	pid_t pid = child_fork();

	if (!pid) {
		struct msgpass_request_read who;
		struct msgpass_receive received;
		uint32_t number = 0;

		CHECK(!RECEIVE(fd, &received, .deadline = soon(), BYTES(&number, 4)));
		CHECK(received.out_token);
		CHECK(received.out_pid == getppid());
		CHECK(!REQUEST_READ(fd, &who, received.out_token));
		CHECK(who.out_peer == first_caller);
		CHECK(!REPLY(fd, received.out_token, NUMBER(number + 100), .type = 3));
		_exit(0);
	}
	return pid;
}

TEST_F(call, forwarded_to_a_process_is_replied_to_by_it)
{
	struct outcome *outcome = self->outcomes;
	pid_t child = CALLER(.number = 7), second;
	uint64_t token = TAKE_CALL(), peer;

	second = second_server(self->device, outcome->peer);
	EXPECT_EQ(0, FORWARD(self->device, token, .to = second, NUMBER(9), .deadline = soon()));
	peer = peer_of(self->device, second);
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 1));
	EXPECT_EQ(0, child_status(second));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(109, outcome->reply);
	EXPECT_EQ(3, outcome->call.out_type);
	EXPECT_NE(own_peer(self->device), outcome->call.out_peer);
	if (peer)
		EXPECT_EQ(peer, outcome->call.out_peer);
}

TEST_F(call, forwarded_to_a_mailbox_is_replied_to_by_its_receiver)
{
	struct outcome *outcome = self->outcomes;
	int mailbox = mailbox_new(self->device);
	pid_t child = CALLER(.number = 7), second;
	uint64_t token = TAKE_CALL();

	second = second_server(mailbox, outcome->peer);
	EXPECT_EQ(0, FORWARD(mailbox, token, NUMBER(9), .deadline = soon()));
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 1));
	EXPECT_EQ(0, child_status(second));
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(109, outcome->reply);
	close(mailbox);
}

TEST_F(call, forwarded_has_the_forwarders_stamps_and_a_new_token)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	uint64_t again;

	EXPECT_EQ(0, FORWARD(self->fd, tokens.server, .to = self->to, .type = 5, .priority = 6,
			     .flags = MSGPASS_NONBLOCK, NUMBER(9)));
	again = TAKE_CALL();
	EXPECT_NE(tokens.server, again);
	EXPECT_EQ(self->me, self->received.out_pid);
	EXPECT_EQ(5, self->received.out_type);
	EXPECT_EQ(6, self->received.out_priority);
	EXPECT_EQ(-ESRCH, reply_number(self->fd, tokens.server, 1));
	EXPECT_EQ(0, reply_number(self->fd, again, 2));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = tokens.caller, PLACE(&(uint32_t){ 0 }, 4)));
}

TEST_F(call, that_can_not_be_forwarded_is_still_the_servers)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	pid_t dead = child_idle();

	child_kill(dead);
	EXPECT_EQ(-ESRCH, FORWARD(self->device, tokens.server, .to = dead, NUMBER(1)));
	EXPECT_EQ(-EINVAL, FORWARD(self->device, tokens.server, .to = 0, NUMBER(1)));
	EXPECT_EQ(-EFAULT, FORWARD(self->fd, tokens.server, .to = self->to, BYTES(1, 4)));
	EXPECT_EQ(-EINVAL, FORWARD(self->fd, tokens.server, .to = self->to, NUMBER(1),
				   .flags = MSGPASS_SYNCHRONOUS));
	EXPECT_EQ(0, REQUEST_READ(self->fd, NULL, tokens.server));
	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 2));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = tokens.caller, PLACE(&(uint32_t){ 0 }, 4)));
}

TEST_F(call, for_which_the_other_server_has_no_room_is_still_the_servers)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	int mailbox = MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = MSGPASS_SET_CAPACITY,
				   .capacity = 1);

	ASSERT_EQ(0, send_number(mailbox, 0, 1));
	EXPECT_EQ(-EAGAIN, FORWARD(mailbox, tokens.server, NUMBER(2),
				   .flags = MSGPASS_NONBLOCK));
	EXPECT_EQ(-ETIMEDOUT, FORWARD(mailbox, tokens.server, NUMBER(2), .deadline = 1));
	EXPECT_EQ(1, TAKE(mailbox));
	EXPECT_EQ(-EAGAIN, TAKE(mailbox));
	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 2));
	close(mailbox);
}

TEST_F(call, for_which_a_mailbox_is_deleted_while_it_waits_for_room_is_still_the_servers)
{
	int mailbox = MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = MSGPASS_SET_CAPACITY,
				   .capacity = 1);
	pid_t server, caller;

	ASSERT_EQ(0, send_number(mailbox, 0, 1));
	server = child_fork();
	if (!server) {
		uint64_t token = take_call(self);

		CHECK(FORWARD(mailbox, token, NUMBER(2)) == -EPIPE);
		CHECK(!REQUEST_READ(self->fd, NULL, token));
		_exit(-reply_number(self->fd, token, 8));
	}
	caller = CALLER(.number = 7, .to = address(&self->channel, server));
	EXPECT_TRUE(wait_until(mailbox_counts(mailbox).senders_waiting == 1));
	EXPECT_EQ(0, mailbox_delete(mailbox, ""));
	EXPECT_EQ(0, child_status(server));
	EXPECT_EQ(0, child_status(caller));
	EXPECT_EQ(8, self->outcomes[0].reply);
	close(mailbox);
}

TEST_F(call, whose_forwarding_is_interrupted_is_still_the_servers)
{
	int mailbox = MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = MSGPASS_SET_CAPACITY,
				   .capacity = 1);
	pid_t server, caller;

	signals = shared(sizeof(*signals));
	ASSERT_EQ(0, send_number(mailbox, 0, 1));
	server = child_fork();
	if (!server) {
		uint64_t token = take_call(self);

		catch_signals(0);
		CHECK(FORWARD(mailbox, token, NUMBER(2)) == -EINTR);
		_exit(-reply_number(self->fd, token, 8));
	}
	caller = CALLER(.number = 7, .to = address(&self->channel, server));
	EXPECT_TRUE(wait_until(mailbox_counts(mailbox).senders_waiting == 1));
	kill(server, SIGUSR1);
	EXPECT_EQ(0, child_status(server));
	EXPECT_EQ(0, child_status(caller));
	EXPECT_EQ(8, self->outcomes[0].reply);
	EXPECT_EQ(1, TAKE(mailbox));
	EXPECT_EQ(-EAGAIN, TAKE(mailbox));
	close(mailbox);
}

TEST_F(call, that_is_being_forwarded_can_be_given_up_when_the_capacity_goes_to_0)
{
	int mailbox = MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = MSGPASS_SET_CAPACITY,
				   .capacity = 1);
	struct msgpass_call out;
	pid_t server;

	ASSERT_EQ(0, send_number(mailbox, 0, 1));
	server = child_fork();
	if (!server) {
		uint64_t token = take_call(self);

		_exit(-FORWARD(mailbox, token, NUMBER(2), .deadline = soon()));
	}
	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .to = address(&self->channel, server),
				     .flags = MSGPASS_NONBLOCK, NUMBER(7)));
	EXPECT_TRUE(wait_until(mailbox_counts(mailbox).senders_waiting == 1));
	ASSERT_EQ(0, MAILBOX_SET(mailbox, .set = MSGPASS_SET_CAPACITY, .capacity = 0));
	EXPECT_EQ(0, child_status(server));
	EXPECT_EQ(0, mailbox_counts(mailbox).senders_waiting);
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = out.token, .flags = MSGPASS_CANCEL));
	EXPECT_EQ(1, TAKE(mailbox));
	EXPECT_EQ(-EAGAIN, TAKE(mailbox));
	close(mailbox);
}

/* A server that forwards a call to where there is no room until the call is over. */
static pid_t server_without_room(FIXTURE_DATA(call) *self, int mailbox)
{
	uint64_t token, end = now() + TOO_LATE;
	pid_t server = child_fork();

	if (server)
		return server;
	token = take_call(self);
	CHECK(FORWARD(mailbox, token, NUMBER(2), .deadline = end) == -ESRCH);
	CHECK(now() < end);
	_exit(-reply_number(self->fd, token, 8));
}

TEST_F(call, whose_caller_dies_while_it_waits_for_room_to_be_forwarded_is_esrch_for_the_server)
{
	int mailbox = MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = MSGPASS_SET_CAPACITY,
				   .capacity = 1);
	pid_t server, caller;

	ASSERT_EQ(0, send_number(mailbox, 0, 1));
	server = server_without_room(self, mailbox);
	caller = CALLER(.number = 7, .to = address(&self->channel, server));
	EXPECT_TRUE(wait_until(mailbox_counts(mailbox).senders_waiting == 1));
	child_kill(caller);
	EXPECT_EQ(ESRCH, child_status(server));
	EXPECT_EQ(1, TAKE(mailbox));
	EXPECT_EQ(-EAGAIN, TAKE(mailbox));
	close(mailbox);
}

TEST_F(call, given_up_while_it_waits_for_room_to_be_forwarded_is_esrch_for_the_server)
{
	int mailbox = MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = MSGPASS_SET_CAPACITY,
				   .capacity = 1);
	struct msgpass_call out;
	pid_t server;

	ASSERT_EQ(0, send_number(mailbox, 0, 1));
	server = server_without_room(self, mailbox);
	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, &out, .to = address(&self->channel, server),
				     .flags = MSGPASS_NONBLOCK, NUMBER(7)));
	EXPECT_TRUE(wait_until(mailbox_counts(mailbox).senders_waiting == 1));
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = out.token, .flags = MSGPASS_CANCEL));
	EXPECT_EQ(ESRCH, child_status(server));
	EXPECT_EQ(0, mailbox_counts(mailbox).senders_waiting);
	EXPECT_EQ(1, TAKE(mailbox));
	EXPECT_EQ(-EAGAIN, TAKE(mailbox));
	close(mailbox);
}

TEST_F(call, that_times_out_while_it_waits_for_room_to_be_forwarded_is_esrch_for_the_server)
{
	int mailbox = MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = MSGPASS_SET_CAPACITY,
				   .capacity = 1);
	pid_t caller = CALLER(.number = 7, .deadline = now() + PATIENCE);
	uint64_t token = TAKE_CALL(), end = now() + TOO_LATE;

	ASSERT_EQ(0, send_number(mailbox, 0, 1));
	EXPECT_EQ(-ESRCH, FORWARD(mailbox, token, NUMBER(2), .deadline = end));
	EXPECT_GT(end, now());
	EXPECT_EQ(ETIMEDOUT, child_status(caller));
	EXPECT_EQ(1, TAKE(mailbox));
	EXPECT_EQ(-EAGAIN, TAKE(mailbox));
	close(mailbox);
}

TEST_F(call, queued_in_an_anonymous_mailbox_ends_when_that_has_no_fd)
{
	int mailbox = mailbox_new(self->device);
	struct msgpass_call out;

	ASSERT_EQ(-EINPROGRESS, CALL(mailbox, &out, .flags = MSGPASS_NONBLOCK, NUMBER(7)));
	close(mailbox);
	EXPECT_EQ(-EPIPE, CALL(self->device, NULL, .token = out.token, .deadline = soon()));
}

TEST_F(call, forwarded_ends_with_epipe_when_it_is_dropped)
{
	struct both_tokens tokens = CALL_ONESELF(1);
	int mailbox = mailbox_new(self->device);

	EXPECT_EQ(0, FORWARD(mailbox, tokens.server, NUMBER(2)));
	EXPECT_EQ(0, mailbox_delete(mailbox, ""));
	EXPECT_EQ(-EPIPE, CALL(self->fd, NULL, .token = tokens.caller));
	close(mailbox);
}

TEST_F(call, forwarded_goes_on_when_the_forwarder_dies)
{
	int mailbox = mailbox_new(self->device);
	pid_t forwarder = child_fork(), caller;
	struct msgpass_receive received;
	uint32_t number = 0;

	if (!forwarder) {
		CHECK(!FORWARD(mailbox, take_call(self), NUMBER(9)));
		_exit(0);
	}
	caller = CALLER(.number = 7, .to = address(&self->channel, forwarder));
	EXPECT_EQ(0, child_status(forwarder));
	ASSERT_EQ(0, RECEIVE(mailbox, &received, .deadline = soon(), BYTES(&number, 4)));
	EXPECT_EQ(9, number);
	EXPECT_EQ(0, reply_number(mailbox, received.out_token, 8));
	EXPECT_EQ(0, child_status(caller));
	EXPECT_EQ(8, self->outcomes[0].reply);
	close(mailbox);
}

TEST_F(call, forwarded_that_times_out_leaves_no_trace_with_the_other_server)
{
	int mailbox = mailbox_new(self->device);
	pid_t child = CALLER(.number = 7, .deadline = now() + PATIENCE);
	uint64_t token = TAKE_CALL();

	EXPECT_EQ(0, FORWARD(mailbox, token, NUMBER(9)));
	EXPECT_EQ(ETIMEDOUT, child_status(child));
	EXPECT_EQ(0, mailbox_counts(mailbox).queued);
	EXPECT_EQ(-EAGAIN, TAKE(mailbox));
	close(mailbox);
}

TEST_F(call, forwarded_whose_caller_dies_leaves_no_trace_with_the_other_server)
{
	int mailbox = mailbox_new(self->device);
	pid_t child = CALLER(.number = 7);
	uint64_t token = TAKE_CALL();

	EXPECT_EQ(0, FORWARD(mailbox, token, NUMBER(9)));
	child_kill(child);
	EXPECT_TRUE(wait_until(mailbox_counts(mailbox).queued == 0));
	EXPECT_EQ(-EAGAIN, TAKE(mailbox));
	close(mailbox);
}

TEST_F(call, whose_caller_is_gone_is_not_forwarded)
{
	int mailbox = mailbox_new(self->device);
	pid_t child = CALLER(.number = 7);
	uint64_t token = TAKE_CALL();

	child_kill(child);
	EXPECT_TRUE(wait_until(REQUEST_READ(self->fd, NULL, token) == -ESRCH));
	EXPECT_EQ(-ESRCH, FORWARD(mailbox, token, NUMBER(9), .flags = MSGPASS_NONBLOCK));
	EXPECT_EQ(0, mailbox_counts(mailbox).queued);
	EXPECT_EQ(-ESRCH, reply_number(self->fd, token, 8));
	close(mailbox);
}

/* --- who calls, and any piece of the request */

TEST_F(call, tells_who_calls)
{
	pid_t child = CALLER(.number = 7);
	struct msgpass_request_read read;
	uint64_t token = TAKE_CALL();

	EXPECT_EQ(0, REQUEST_READ(self->fd, &read, token));
	EXPECT_EQ(0, read.out_count);
	EXPECT_EQ(4, read.out_length);
	EXPECT_EQ(child, read.out_pid);
	EXPECT_EQ(self->outcomes[0].peer, read.out_peer);
	EXPECT_EQ(geteuid(), read.out_uid);
	EXPECT_EQ(getegid(), read.out_gid);
	child_kill(child);
}

TEST_F(call, tells_who_calls_as_he_is_by_then)
{
	struct msgpass_request_read read;
	uint64_t token;
	pid_t child;

	NEED_ROOT();
	ASSERT_EQ(0, INBOX_SET(self->device, .set = MSGPASS_SET_MODE, .mode = 0222));
	child = child_fork();
	if (!child) {
		CHECK(!CALL(self->fd, NULL, .to = self->to));
		CHECK(!setresuid(FATHER, FATHER, FATHER));
		_exit(-CALL(self->fd, NULL, .to = self->to));
	}
	ASSERT_EQ(0, REPLY(self->fd, TAKE_CALL()));
	token = TAKE_CALL();
	EXPECT_EQ(0, REQUEST_READ(self->fd, &read, token));
	EXPECT_EQ(child, read.out_pid);
	EXPECT_EQ(FATHER, read.out_uid);
	EXPECT_EQ(FATHER, self->received.out_uid);
	EXPECT_LT(0, AS(FATHER, user_bytes(self->device)));
	EXPECT_EQ(0, REPLY(self->fd, token));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(call, tells_the_rest_of_a_request_that_was_truncated)
{
	enum { LENGTH = 10000, PIECE = 999 };
	static char request[LENGTH], read[LENGTH];
	struct msgpass_request_read out;
	struct msgpass_receive received;
	size_t done;
	int i;

	for (i = 0; i < LENGTH; i++)
		request[i] = i * 7 + i / 256;
	ASSERT_EQ(-EINPROGRESS, CALL(self->fd, NULL, .to = self->to, .flags = MSGPASS_NONBLOCK,
				     BYTES(request, LENGTH)));
	ASSERT_EQ(0, RECEIVE(self->fd, &received, .flags = MSGPASS_TRUNCATE, BYTES(read, 100)));
	EXPECT_EQ(LENGTH, received.out_length);
	ASSERT_NE(0, received.out_token);
	for (done = 100; done < LENGTH; done += out.out_count) {
		ASSERT_EQ(0, REQUEST_READ(self->fd, &out, received.out_token, .offset = done,
					  BYTES(read + done, done + PIECE < LENGTH ? PIECE :
							     LENGTH - done)));
		ASSERT_EQ(LENGTH, out.out_length);
		ASSERT_LT(0, out.out_count);
	}
	EXPECT_EQ(0, memcmp(request, read, LENGTH));
	EXPECT_EQ(0, REPLY(self->fd, received.out_token));
}

TEST_F(call, tells_no_more_than_the_request_holds)
{
	struct both_tokens tokens = CALL_ONESELF(0x04030201);
	struct msgpass_request_read out;
	unsigned char bytes[8] = "";

	EXPECT_EQ(0, REQUEST_READ(self->fd, &out, tokens.server, .offset = 2, BYTES(bytes, sizeof(bytes))));
	EXPECT_EQ(2, out.out_count);
	EXPECT_EQ(3, bytes[0]);
	EXPECT_EQ(4, bytes[1]);
	EXPECT_EQ(0, bytes[2]);
	EXPECT_EQ(0, REQUEST_READ(self->fd, &out, tokens.server, .offset = 4, BYTES(bytes, sizeof(bytes))));
	EXPECT_EQ(0, out.out_count);
	EXPECT_EQ(0, REQUEST_READ(self->fd, &out, tokens.server, .offset = ~0ULL,
				  BYTES(bytes, sizeof(bytes))));
	EXPECT_EQ(0, out.out_count);
	EXPECT_EQ(-EFAULT, REQUEST_READ(self->fd, NULL, tokens.server, BYTES(1, 4)));
	EXPECT_EQ(0, reply_number(self->fd, tokens.server, 1));
}

TEST_F(call, tells_its_request_in_several_places)
{
	struct both_tokens tokens = CALL_ONESELF(0x04030201);
	unsigned char first = 0, rest[3] = "";
	struct iovec places[] = { { &first, 1 }, { rest, 3 } };
	struct msgpass_request_read out;

	EXPECT_EQ(0, REQUEST_READ(self->fd, &out, tokens.server, .flags = MSGPASS_IOVEC,
				  BYTES(places, 2)));
	EXPECT_EQ(4, out.out_count);
	EXPECT_EQ(1, first);
	EXPECT_EQ(2, rest[0]);
	EXPECT_EQ(4, rest[2]);
}

/* --- many at once */

/* The first of them ends before the other two begin, and leaves its memory to one. */
TEST_F(call, of_several_of_a_process_each_has_its_own_request_and_reply)
{
	struct both_tokens tokens[3];
	uint32_t number;
	int i, j;

	for (j = 0; j < 3; j++) {
		tokens[0] = CALL_ONESELF(10 * j);
		ASSERT_EQ(0, reply_number(self->fd, tokens[0].server, 1));
		ASSERT_EQ(0, CALL(self->fd, NULL, .token = tokens[0].caller, PLACE_OF(number)));
		for (i = 0; i < 3; i++)
			tokens[i] = CALL_ONESELF(10 * j + i);
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(0, REQUEST_READ(self->fd, NULL, tokens[i].server,
						  BYTES(&number, sizeof(number))));
			EXPECT_EQ(10 * j + i, number);
		}
		for (i = 0; i < 3; i++)
			ASSERT_EQ(0, reply_number(self->fd, tokens[i].server, 100 * j + i));
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(0, CALL(self->fd, NULL, .token = tokens[i].caller,
					  PLACE_OF(number)));
			EXPECT_EQ(100 * j + i, number);
		}
	}
}

enum { ROUNDS = 2000 };

struct calling_thread {
	int fd;
	uint64_t to;
	uint32_t first;
	uint32_t wrong;
};

static void *call_in_thread(void *argument)
{
	struct calling_thread *thread = argument;
	uint32_t i, reply;
	int ret;

	for (i = 0; i < ROUNDS; i++) {
		reply = 0;
		ret = CALL(thread->fd, NULL, .to = thread->to, NUMBER(thread->first + i),
			   PLACE_OF(reply));
		if (ret || reply != ~(thread->first + i))
			thread->wrong++;
	}
	return NULL;
}

TEST_F(call, of_several_threads_each_gets_its_own_reply)
{
	struct calling_thread callers[3];
	uint64_t token = 0;
	uint32_t number;
	pthread_t threads[3];
	pid_t child;
	int i;

	child = child_fork();
	if (!child) {
		for (i = 0; i < 3; i++) {
			callers[i] = (struct calling_thread){ self->fd, self->to, i * ROUNDS, 0 };
			CHECK(!pthread_create(&threads[i], NULL, call_in_thread, &callers[i]));
		}
		for (i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
		_exit(callers[0].wrong || callers[1].wrong || callers[2].wrong);
	}
	for (i = 0; i < 3 * ROUNDS; i++) {
		struct msgpass_reply_receive argument;
		uint32_t answer = ~number;

		ASSERT_EQ(0, REPLY_RECEIVE(&argument, token, &answer, &number));
		ASSERT_EQ(0, argument.out_reply_error);
		token = argument.receive.out_token;
	}
	EXPECT_EQ(0, reply_number(self->fd, token, ~number));
	EXPECT_EQ(0, child_status(child));
}

TEST_F(call, of_many_callers_each_gets_its_own_reply)
{
	enum { CALLERS = 8, EACH = 200 };
	uint64_t to = self->to;
	pid_t children[CALLERS];
	uint64_t token = 0;
	int i, j;

	for (i = 0; i < CALLERS; i++) {
		children[i] = child_fork();
		if (children[i])
			continue;
		for (j = 0; j < EACH; j++) {
			uint32_t number = i * EACH + j, reply = 0;

			CHECK(!CALL(self->fd, NULL, .to = to, NUMBER(number), PLACE_OF(reply)));
			CHECK(reply == ~number);
		}
		_exit(0);
	}
	for (i = 0; i < CALLERS * EACH; i++) {
		struct msgpass_reply_receive argument;
		uint32_t number;

		if (!i)
			j = 0;
		number = ~(uint32_t)j;
		ASSERT_EQ(0, REPLY_RECEIVE(&argument, token, &number, &number));
		ASSERT_EQ(0, argument.out_reply_error);
		token = argument.receive.out_token;
		j = number;
	}
	EXPECT_EQ(0, reply_number(self->fd, token, ~(uint32_t)j));
	for (i = 0; i < CALLERS; i++)
		EXPECT_EQ(0, child_status(children[i]));
}

/* Callers that give up now and then: their server never sees more calls end than were made. */
TEST_F(call, has_one_outcome_whoever_gives_up_when)
{
	enum { CALLS = 2000 };
	struct ends { uint64_t replied, gone; } *caller = shared(sizeof(*caller)), server = {};
	uint64_t to = self->to;
	uint32_t number;
	pid_t child = child_fork();
	int ret;

	if (!child) {
		for (number = 1; number <= CALLS; number++) {
			uint32_t reply = 0;

			ret = CALL(self->fd, NULL, .to = to, .deadline = now() + 20000 + number * 50,
				   NUMBER(number), PLACE_OF(reply));
			CHECK(!ret || ret == -ETIMEDOUT);
			CHECK(ret || reply == number);
			caller->replied += !ret;
			caller->gone += !!ret;
		}
		CHECK(!SEND(self->fd, .to = to, NUMBER(0)));
		_exit(0);
	}
	for (;;) {
		ASSERT_EQ(0, RECEIVE(self->fd, &self->received, .deadline = soon(),
				     BYTES(&number, sizeof(number))));
		if (!self->received.out_token)
			break;
		ret = reply_number(self->fd, self->received.out_token, number);
		ASSERT_TRUE(!ret || ret == -ESRCH);
		server.replied += !ret;
		server.gone += !!ret;
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(CALLS, caller->replied + caller->gone);
	EXPECT_EQ(caller->replied, server.replied);
	EXPECT_GE(caller->gone, server.gone);
}

/* --- what it costs */

enum { WARM_UP = 3, COUNTED = 20 };

/* Two processes under this one's eyes, which stop at each system call. */
static pid_t child_watched(void)
{
	pid_t pid = child_fork();

	if (!pid) {
		CHECK(!ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
	}
	return pid;
}

static bool watch(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	       !ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD) &&
	       !ptrace(PTRACE_SYSCALL, pid, 0, 0);
}

/* Lets them run until @caller says so: the system calls of both between its two marks. */
static int count_system_calls(pid_t caller)
{
	struct __ptrace_syscall_info info;
	int count = -1, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 && WIFSTOPPED(status)) {
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			return -1;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
			return -1;
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
			bool mark = pid == caller && info.entry.nr == SYS_getppid;

			if (mark && count >= 0)
				return count;
			if (mark || count >= 0)
				count++;
		}
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
	}
	return -1;
}

TEST_F(call, a_steady_round_trip_is_two_system_calls)
{
	struct msgpass_reply_receive both = { .size = sizeof(both) };
	struct msgpass_call argument = { .size = sizeof(argument), NUMBER(1) };
	uint32_t number;
	int count;
	pid_t server, caller;
	unsigned int i;

	server = child_watched();
	if (!server) {
		both.receive.data = (uintptr_t)&number;
		both.receive.length = sizeof(number);
		both.reply.data = (uintptr_t)&number;
		both.reply.length = sizeof(number);
		for (;;) {
			CHECK(!call(self->fd, MSGPASS_IOC_REPLY_RECEIVE, &both));
			both.reply.token = both.receive.out_token;
		}
	}
	ASSERT_TRUE(watch(server));
	caller = child_watched();
	if (!caller) {
		argument.to = address(&self->channel, server);
		argument.reply_data = (uintptr_t)&number;
		argument.reply_length = sizeof(number);
		for (i = 0; i < WARM_UP + COUNTED; i++) {
			if (i == WARM_UP)
				syscall(SYS_getppid);
			CHECK(!call(self->fd, MSGPASS_IOC_CALL, &argument));
		}
		syscall(SYS_getppid);
		pause();
	}
	ASSERT_TRUE(watch(caller));
	count = count_system_calls(caller);
	/* The server may be an ioctl ahead or behind at either end. */
	EXPECT_LE(2 * COUNTED - 1, count);
	EXPECT_GE(2 * COUNTED + 1, count);
	child_kill(caller);
	child_kill(server);
}

#include "afterwards.h"
