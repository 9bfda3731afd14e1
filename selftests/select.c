// SPDX-License-Identifier: GPL-2.0
/*
 * Which message a receive takes, and how its bytes travel: selection by type, priority and
 * sender, peeking, truncation, scatter/gather, bad memory. All on both kinds of channel.
 */
#include "msgpass_test.h"

FIXTURE(message) {
	struct channel channel;
	int fd;
	uint64_t to;
	uint64_t message_max;
};

FIXTURE_VARIANT(message) {
	bool direct;
};

FIXTURE_VARIANT_ADD(message, direct) { .direct = true };
FIXTURE_VARIANT_ADD(message, mailbox) { .direct = false };

FIXTURE_SETUP(message)
{
	struct msgpass_info limits;

	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->fd = self->channel.fd;
	self->to = address(&self->channel, getpid());
	ASSERT_EQ(0, info(self->fd, &limits));
	self->message_max = limits.out_message_max;
}

FIXTURE_TEARDOWN(message)
{
	close(self->fd);
}

/* A message of one number, which is 10 * type + priority. */
static int queue(FIXTURE_DATA(message) *self, uint32_t type, uint32_t priority)
{
	return SEND(self->fd, .to = self->to, .flags = MSGPASS_NONBLOCK, .type = type,
		    .priority = priority, NUMBER(10 * type + priority));
}

static uint64_t queued(FIXTURE_DATA(message) *self)
{
	return channel_counts(&self->channel, getpid()).queued;
}

/* Without waiting: the number of the message selected, or -EAGAIN. */
static int64_t select_number(FIXTURE_DATA(message) *self, uint32_t flags, uint32_t type)
{
	return do_receive_number(self->fd, (struct msgpass_receive){
		.flags = flags | MSGPASS_NONBLOCK, .type = type });
}

/* --- types */

TEST_F(message, any_type_comes_in_order)
{
	queue(self, 3, 0);
	queue(self, 1, 0);
	queue(self, 2, 0);
	EXPECT_EQ(30, select_number(self, 0, 0));
	EXPECT_EQ(10, select_number(self, 0, 0));
	EXPECT_EQ(20, select_number(self, 0, 0));
}

TEST_F(message, of_one_type_the_oldest_comes)
{
	queue(self, 3, 0);
	queue(self, 1, 1);
	queue(self, 1, 2);
	EXPECT_EQ(11, select_number(self, MSGPASS_TYPE_EXACT, 1));
	EXPECT_EQ(12, select_number(self, MSGPASS_TYPE_EXACT, 1));
	EXPECT_EQ(-EAGAIN, select_number(self, MSGPASS_TYPE_EXACT, 1));
	EXPECT_EQ(30, select_number(self, MSGPASS_TYPE_EXACT, 3));
}

TEST_F(message, type_zero_is_a_type)
{
	queue(self, 1, 0);
	queue(self, 0, 5);
	EXPECT_EQ(5, select_number(self, MSGPASS_TYPE_EXACT, 0));
	EXPECT_EQ(-EAGAIN, select_number(self, MSGPASS_TYPE_UP_TO, 0));
	EXPECT_EQ(10, select_number(self, MSGPASS_TYPE_EXCEPT, 0));
}

TEST_F(message, the_lowest_type_up_to_a_limit_comes_first)
{
	queue(self, 9, 0);
	queue(self, 4, 0);
	queue(self, 2, 1);
	queue(self, 2, 2);
	queue(self, 5, 0);
	EXPECT_EQ(21, select_number(self, MSGPASS_TYPE_UP_TO, 5));
	EXPECT_EQ(22, select_number(self, MSGPASS_TYPE_UP_TO, 5));
	EXPECT_EQ(40, select_number(self, MSGPASS_TYPE_UP_TO, 5));
	EXPECT_EQ(50, select_number(self, MSGPASS_TYPE_UP_TO, 5));
	EXPECT_EQ(-EAGAIN, select_number(self, MSGPASS_TYPE_UP_TO, 5));
	EXPECT_EQ(90, select_number(self, MSGPASS_TYPE_UP_TO, ~0U));
}

TEST_F(message, all_types_but_one_come_in_order)
{
	queue(self, 1, 0);
	queue(self, 3, 0);
	queue(self, 1, 1);
	queue(self, 2, 0);
	EXPECT_EQ(30, select_number(self, MSGPASS_TYPE_EXCEPT, 1));
	EXPECT_EQ(20, select_number(self, MSGPASS_TYPE_EXCEPT, 1));
	EXPECT_EQ(-EAGAIN, select_number(self, MSGPASS_TYPE_EXCEPT, 1));
	EXPECT_EQ(2, queued(self));
}

TEST_F(message, the_largest_type_and_priority_are_kept)
{
	struct msgpass_receive receive;

	ASSERT_EQ(0, SEND(self->fd, .to = self->to, .type = ~0U, .priority = ~0U));
	ASSERT_EQ(0, SEND(self->fd, .to = self->to));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, .flags = MSGPASS_BY_PRIORITY));
	EXPECT_EQ(~0U, receive.out_type);
	EXPECT_EQ(~0U, receive.out_priority);
	EXPECT_EQ(0, RECEIVE(self->fd, &receive));
	EXPECT_EQ(0, receive.out_type);
	EXPECT_EQ(0, receive.out_priority);
}

/* --- priorities */

TEST_F(message, the_highest_priority_comes_first_and_of_equal_ones_the_oldest)
{
	queue(self, 1, 2);
	queue(self, 2, 7);
	queue(self, 3, 7);
	queue(self, 4, 0);
	EXPECT_EQ(27, select_number(self, MSGPASS_BY_PRIORITY, 0));
	EXPECT_EQ(37, select_number(self, MSGPASS_BY_PRIORITY, 0));
	EXPECT_EQ(12, select_number(self, MSGPASS_BY_PRIORITY, 0));
	EXPECT_EQ(40, select_number(self, MSGPASS_BY_PRIORITY, 0));
}

TEST_F(message, priority_does_not_count_unless_asked_for)
{
	queue(self, 1, 0);
	queue(self, 1, 9);
	EXPECT_EQ(10, select_number(self, 0, 0));
	EXPECT_EQ(19, select_number(self, 0, 0));
}

TEST_F(message, priority_counts_within_the_type)
{
	queue(self, 1, 1);
	queue(self, 2, 9);
	queue(self, 1, 5);
	EXPECT_EQ(15, select_number(self, MSGPASS_BY_PRIORITY | MSGPASS_TYPE_EXACT, 1));
	EXPECT_EQ(11, select_number(self, MSGPASS_BY_PRIORITY | MSGPASS_TYPE_EXCEPT, 2));
	EXPECT_EQ(29, select_number(self, MSGPASS_BY_PRIORITY, 0));
}

TEST_F(message, the_lowest_type_counts_before_priority)
{
	queue(self, 2, 9);
	queue(self, 1, 1);
	queue(self, 1, 3);
	EXPECT_EQ(13, select_number(self, MSGPASS_BY_PRIORITY | MSGPASS_TYPE_UP_TO, 2));
	EXPECT_EQ(11, select_number(self, MSGPASS_BY_PRIORITY | MSGPASS_TYPE_UP_TO, 2));
	EXPECT_EQ(29, select_number(self, MSGPASS_BY_PRIORITY | MSGPASS_TYPE_UP_TO, 2));
}

/* --- a waiting receiver takes only what it selects */

static pid_t child_selecting(const struct channel *channel, uint32_t flags, uint32_t type)
{
	pid_t pid = child_fork();

	if (!pid) {
		int64_t number = do_receive_number(channel->fd, (struct msgpass_receive){
			.flags = flags, .type = type });

		_exit(number < 0 ? 255 : number);
	}
	receivers_wait(channel, pid, 1);
	return pid;
}

static int send_typed(const struct channel *channel, pid_t to, uint32_t type)
{
	return SEND(channel->fd, .to = address(channel, to), .type = type, NUMBER(10 * type));
}

TEST_F(message, a_waiting_receiver_of_one_type_lets_others_pass)
{
	pid_t child = child_selecting(&self->channel, MSGPASS_TYPE_EXACT, 2);

	EXPECT_EQ(0, send_typed(&self->channel, child, 1));
	EXPECT_EQ(1, channel_counts(&self->channel, child).receivers_waiting);
	EXPECT_EQ(1, channel_counts(&self->channel, child).queued);
	EXPECT_EQ(0, send_typed(&self->channel, child, 2));
	EXPECT_EQ(20, child_status(child));
}

TEST_F(message, a_waiting_receiver_of_low_types_lets_others_pass)
{
	pid_t child = child_selecting(&self->channel, MSGPASS_TYPE_UP_TO, 2);

	EXPECT_EQ(0, send_typed(&self->channel, child, 3));
	EXPECT_EQ(1, channel_counts(&self->channel, child).receivers_waiting);
	EXPECT_EQ(0, send_typed(&self->channel, child, 1));
	EXPECT_EQ(10, child_status(child));
}

TEST_F(message, a_waiting_receiver_of_all_but_one_lets_that_pass)
{
	pid_t child = child_selecting(&self->channel, MSGPASS_TYPE_EXCEPT, 2);

	EXPECT_EQ(0, send_typed(&self->channel, child, 2));
	EXPECT_EQ(1, channel_counts(&self->channel, child).receivers_waiting);
	EXPECT_EQ(0, send_typed(&self->channel, child, 3));
	EXPECT_EQ(30, child_status(child));
}

/* --- the sender as well */

FIXTURE(sender) {
	struct channel channel;
	int fd;
	pid_t first;
	pid_t second;
};

static int64_t select_from(int fd, pid_t from, uint32_t flags, uint32_t type)
{
	return do_receive_number(fd, (struct msgpass_receive){
		.from = from, .flags = flags | MSGPASS_NONBLOCK, .type = type });
}

/* A child that sent, of types 3, 1, 2, numbers with that many tens; of priority 0, 1, 2. */
static pid_t child_sent(int fd, pid_t to, uint32_t number)
{
	const uint32_t types[] = { 3, 1, 2 };
	unsigned int i;
	pid_t pid = child_fork();

	if (!pid) {
		for (i = 0; i < ARRAY_SIZE(types); i++)
			CHECK(!SEND(fd, .to = to, .type = types[i], .priority = i,
				    NUMBER(10 * types[i] + number)));
		for (;;)
			pause();
	}
	return pid;
}

FIXTURE_SETUP(sender)
{
	ASSERT_EQ(0, channel_open(&self->channel, true));
	self->fd = self->channel.fd;
	self->first = child_sent(self->fd, getpid(), 1);
	ASSERT_TRUE(wait_until(inbox_counts(self->fd, 0).queued == 3));
	self->second = child_sent(self->fd, getpid(), 2);
	ASSERT_TRUE(wait_until(inbox_counts(self->fd, 0).queued == 6));
}

FIXTURE_TEARDOWN(sender)
{
	child_kill(self->first);
	child_kill(self->second);
	close(self->fd);
}

TEST_F(sender, combines_with_one_type)
{
	EXPECT_EQ(12, select_from(self->fd, self->second, MSGPASS_TYPE_EXACT, 1));
	EXPECT_EQ(-EAGAIN, select_from(self->fd, self->second, MSGPASS_TYPE_EXACT, 1));
	EXPECT_EQ(11, select_from(self->fd, 0, MSGPASS_TYPE_EXACT, 1));
}

TEST_F(sender, combines_with_the_lowest_type)
{
	EXPECT_EQ(12, select_from(self->fd, self->second, MSGPASS_TYPE_UP_TO, 2));
	EXPECT_EQ(22, select_from(self->fd, self->second, MSGPASS_TYPE_UP_TO, 2));
	EXPECT_EQ(-EAGAIN, select_from(self->fd, self->second, MSGPASS_TYPE_UP_TO, 2));
	EXPECT_EQ(11, select_from(self->fd, 0, MSGPASS_TYPE_UP_TO, 2));
}

TEST_F(sender, combines_with_all_types_but_one)
{
	EXPECT_EQ(12, select_from(self->fd, self->second, MSGPASS_TYPE_EXCEPT, 3));
	EXPECT_EQ(22, select_from(self->fd, self->second, MSGPASS_TYPE_EXCEPT, 3));
	EXPECT_EQ(-EAGAIN, select_from(self->fd, self->second, MSGPASS_TYPE_EXCEPT, 3));
	EXPECT_EQ(31, select_from(self->fd, self->first, 0, 0));
}

TEST_F(sender, combines_with_priority)
{
	EXPECT_EQ(22, select_from(self->fd, self->second, MSGPASS_BY_PRIORITY, 0));
	EXPECT_EQ(21, select_from(self->fd, 0, MSGPASS_BY_PRIORITY, 0));
	EXPECT_EQ(32, select_from(self->fd, self->second,
				  MSGPASS_BY_PRIORITY | MSGPASS_TYPE_EXCEPT, 1));
}

TEST_F(sender, combines_with_peeking)
{
	EXPECT_EQ(32, select_from(self->fd, self->second, MSGPASS_PEEK, 0));
	EXPECT_EQ(32, select_from(self->fd, self->second, 0, 0));
}

TEST_F(sender, is_selected_across_the_order_of_arrival)
{
	EXPECT_EQ(32, select_from(self->fd, self->second, 0, 0));
	EXPECT_EQ(31, select_from(self->fd, 0, 0, 0));
	EXPECT_EQ(12, select_from(self->fd, self->second, 0, 0));
	EXPECT_EQ(11, select_from(self->fd, 0, 0, 0));
}

/* --- all of it, at random, against what a plain array says */

#define STEPS		6000
#define HELD_MOST	200	/* fewer than what any queue has room for */

/* In the order in which they were accepted; each has its place here as its number. */
struct held {
	pid_t sender;
	uint32_t type;
	uint32_t priority;
	bool waits;		/* the sender, until it is received */
	bool gone;
};

FIXTURE(random) {
	struct channel channel;
	int fd;
	struct held held[STEPS];
	uint32_t accepted;
	uint32_t held_count;
	pid_t senders[3];
	int orders[3];
	int done[2];
};

FIXTURE_VARIANT(random) {
	bool direct;
	unsigned int seed;
};

FIXTURE_VARIANT_ADD(random, direct) { .direct = true, .seed = 1 };
FIXTURE_VARIANT_ADD(random, direct_otherwise) { .direct = true, .seed = 2 };
FIXTURE_VARIANT_ADD(random, mailbox) { .direct = false, .seed = 3 };
FIXTURE_VARIANT_ADD(random, mailbox_otherwise) { .direct = false, .seed = 4 };

static void send_as_ordered(const struct channel *channel, uint64_t to, int orders, int done)
{
	struct msgpass_send send = { .to = to, .flags = MSGPASS_NONBLOCK };
	uint32_t order[3];

	while (read(orders, order, sizeof(order)) == sizeof(order)) {
		send.type = order[1];
		send.priority = order[2];
		send.data = (uintptr_t)order;
		send.length = sizeof(*order);
		CHECK(!do_send(channel->fd, send));
		CHECK(write(done, "", 1) == 1);
	}
	_exit(0);
}

FIXTURE_SETUP(random)
{
	uint64_t to;
	unsigned int i;

	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	self->fd = self->channel.fd;
	to = address(&self->channel, getpid());
	srandom(variant->seed);
	ASSERT_EQ(0, pipe(self->done));
	for (i = 0; i < ARRAY_SIZE(self->senders); i++) {
		int orders[2];

		ASSERT_EQ(0, pipe(orders));
		self->senders[i] = child_fork();
		if (!self->senders[i])
			send_as_ordered(&self->channel, to, orders[0], self->done[1]);
		self->orders[i] = orders[1];
	}
}

FIXTURE_TEARDOWN(random)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(self->senders); i++)
		child_kill(self->senders[i]);
	close(self->fd);
}

/* Some that are next to each other, and the ends. The first few of them are used. */
static uint32_t random_of(unsigned int number)
{
	const uint32_t values[] = { 5, 0, ~0U, 4, 6, ~0U - 1, 1, 9 };

	return values[random() % number];
}

static void note_sent(FIXTURE_DATA(random) *self, pid_t sender, const uint32_t *order, bool waits)
{
	self->held[self->accepted++] = (struct held){
		.sender = sender, .type = order[1], .priority = order[2], .waits = waits };
	self->held_count++;
}

static void note_gone(FIXTURE_DATA(random) *self, uint32_t number)
{
	self->held[number].gone = true;
	self->held_count--;
}

static void send_by(FIXTURE_DATA(random) *self, unsigned int sender, const uint32_t *order)
{
	char byte;

	CHECK(write(self->orders[sender], order, 3 * sizeof(*order)) == 3 * sizeof(*order));
	CHECK(read(self->done[0], &byte, 1) == 1);
	note_sent(self, self->senders[sender], order, false);
}

/* Until it is received, or its sender killed. */
static void send_synchronously(FIXTURE_DATA(random) *self, const uint32_t *order)
{
	uint64_t to = address(&self->channel, getpid());
	pid_t sender = child_fork();

	if (!sender)
		_exit(-SEND(self->fd, .to = to, .flags = MSGPASS_SYNCHRONOUS, .type = order[1],
			    .priority = order[2], BYTES(order, sizeof(*order))));
	note_sent(self, sender, order, true);
	CHECK(wait_until(channel_counts(&self->channel, getpid()).queued == self->held_count));
}

static void kill_one_who_waits(FIXTURE_DATA(random) *self)
{
	uint32_t i, start = random() % (self->accepted + 1);

	for (i = start; i < self->accepted; i++) {
		if (self->held[i].gone || !self->held[i].waits)
			continue;
		child_kill(self->held[i].sender);
		note_gone(self, i);
		return;
	}
}

static bool is_wanted(const struct held *held, const struct msgpass_receive *wanted)
{
	if (held->gone || (wanted->from && (pid_t)wanted->from != held->sender))
		return false;
	if (wanted->flags & MSGPASS_TYPE_EXACT)
		return held->type == wanted->type;
	if (wanted->flags & MSGPASS_TYPE_UP_TO)
		return held->type <= wanted->type;
	if (wanted->flags & MSGPASS_TYPE_EXCEPT)
		return held->type != wanted->type;
	return true;
}

/* Of two that are wanted, the second of which came later. */
static bool is_wanted_more(const struct held *first, const struct held *second, uint32_t flags)
{
	if (flags & MSGPASS_TYPE_UP_TO && first->type != second->type)
		return second->type < first->type;
	return flags & MSGPASS_BY_PRIORITY && second->priority > first->priority;
}

static int64_t expected(FIXTURE_DATA(random) *self, const struct msgpass_receive *wanted)
{
	int64_t best = -EAGAIN;
	uint32_t i;

	for (i = 0; i < self->accepted; i++)
		if (is_wanted(&self->held[i], wanted) &&
		    (best < 0 ||
		     is_wanted_more(&self->held[best], &self->held[i], wanted->flags)))
			best = i;
	return best;
}

static struct msgpass_receive random_receive(FIXTURE_DATA(random) *self, unsigned int types)
{
	const uint32_t rules[] = { 0, MSGPASS_TYPE_EXACT, MSGPASS_TYPE_UP_TO, MSGPASS_TYPE_EXCEPT };
	uint32_t from = random() % (2 * ARRAY_SIZE(self->senders));
	uint32_t rule = rules[random() % ARRAY_SIZE(rules)];

	return (struct msgpass_receive){
		.from = self->channel.direct && from < ARRAY_SIZE(self->senders) ?
			self->senders[from] : 0,
		.flags = MSGPASS_NONBLOCK | rule | (random() % 2 ? MSGPASS_BY_PRIORITY : 0),
		.type = rule ? random_of(types) : 0,
	};
}

/* Puts it back, looks at it, or takes it. True if that is the message that it has to be. */
static bool receive_as_expected(FIXTURE_DATA(random) *self, struct msgpass_receive receive)
{
	int64_t number = expected(self, &receive), wanted = number, got;
	unsigned int how = random() % 8;

	if (how == 0) {
		receive.length = sizeof(uint32_t);
		if (number >= 0)
			wanted = -EFAULT;
		got = do_receive(self->fd, NULL, receive);
	} else {
		if (how == 1)
			receive.flags |= MSGPASS_PEEK;
		got = do_receive_number(self->fd, receive);
	}
	if (got != wanted) {
		fprintf(stderr, "# after %u messages: flags %x, type %u: %lld, not %lld\n",
			self->accepted, receive.flags, receive.type, (long long)got,
			(long long)wanted);
		return false;
	}
	if (how < 2 || number < 0)
		return true;
	note_gone(self, number);
	return !self->held[number].waits || child_status(self->held[number].sender) == 0;
}

TEST_F(random, every_selection_finds_what_a_search_of_all_finds)
{
	unsigned int types = 1, priorities = 1, filling = 1, step;

	for (step = 0; step < STEPS; step++) {
		/* From one run to many, and now and then none. */
		if (step % 300 == 0) {
			types = 1 + random() % 8;
			priorities = 1 + random() % 4;
			filling = random() % 3;
		}
		if (random() % 4 <= filling && self->held_count < HELD_MOST) {
			const uint32_t order[] = { self->accepted, random_of(types),
						   random_of(priorities) };

			if (random() % 16)
				send_by(self, random() % ARRAY_SIZE(self->senders), order);
			else
				send_synchronously(self, order);
		} else if (random() % 32 == 0) {
			kill_one_who_waits(self);
		} else {
			ASSERT_TRUE(receive_as_expected(self, random_receive(self, types)));
		}
	}
	EXPECT_EQ(self->held_count, channel_counts(&self->channel, getpid()).queued);
}

/* --- peeking */

TEST_F(message, peeking_leaves_the_message)
{
	struct counts counts;

	queue(self, 1, 0);
	EXPECT_EQ(10, select_number(self, MSGPASS_PEEK, 0));
	EXPECT_EQ(10, select_number(self, MSGPASS_PEEK, 0));
	counts = channel_counts(&self->channel, getpid());
	EXPECT_EQ(1, counts.queued);
	EXPECT_EQ(4, counts.queued_bytes);
	EXPECT_EQ(0, counts.received);
	EXPECT_EQ(10, select_number(self, 0, 0));
	EXPECT_EQ(-EAGAIN, select_number(self, MSGPASS_PEEK, 0));
}

TEST_F(message, peeking_selects)
{
	queue(self, 1, 0);
	queue(self, 2, 5);
	EXPECT_EQ(25, select_number(self, MSGPASS_PEEK | MSGPASS_TYPE_EXACT, 2));
	EXPECT_EQ(25, select_number(self, MSGPASS_PEEK | MSGPASS_BY_PRIORITY, 0));
	EXPECT_EQ(10, select_number(self, MSGPASS_PEEK, 0));
	EXPECT_EQ(2, queued(self));
}

TEST_F(message, peeking_waits_and_leaves_the_message)
{
	pid_t child = child_selecting(&self->channel, MSGPASS_PEEK, 0);

	EXPECT_EQ(1, channel_counts(&self->channel, child).receivers_waiting);
	EXPECT_EQ(0, send_typed(&self->channel, child, 7));
	EXPECT_EQ(70, child_status(child));
	if (!variant->direct)
		EXPECT_EQ(70, select_number(self, 0, 0));
}

/* --- lengths */

TEST_F(message, a_short_buffer_is_emsgsize_and_leaves_the_message)
{
	struct msgpass_receive receive;
	char buffer[8] = "........";

	ASSERT_EQ(0, SEND(self->fd, .to = self->to, .type = 4, .priority = 5,
			  BYTES("0123456789", 10)));
	EXPECT_EQ(-EMSGSIZE, RECEIVE(self->fd, &receive, BYTES(buffer, 8)));
	EXPECT_EQ(10, receive.out_length);
	EXPECT_EQ(4, receive.out_type);
	EXPECT_EQ(5, receive.out_priority);
	EXPECT_EQ(getpid(), receive.out_pid);
	EXPECT_EQ(1, receive.out_sequence);
	EXPECT_EQ(0, receive.out_flags);
	EXPECT_NE(0, receive.out_peer);
	EXPECT_EQ(0, memcmp(buffer, "........", 8));
	EXPECT_EQ(1, queued(self));
	EXPECT_EQ(0, channel_counts(&self->channel, getpid()).received);
}

TEST_F(message, truncating_drops_the_rest_and_tells_the_true_length)
{
	struct msgpass_receive receive;
	char buffer[9] = "........";

	ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES("0123456789", 10)));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(buffer, 4), .flags = MSGPASS_TRUNCATE));
	EXPECT_STREQ("0123....", buffer);
	EXPECT_EQ(10, receive.out_length);
	EXPECT_EQ(MSGPASS_OUT_TRUNCATED, receive.out_flags);
	EXPECT_EQ(0, queued(self));
}

TEST_F(message, truncating_what_fits_truncates_nothing)
{
	struct msgpass_receive receive;
	char buffer[10];

	ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES("0123456789", 10)));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(buffer, 10), .flags = MSGPASS_TRUNCATE));
	EXPECT_EQ(10, receive.out_length);
	EXPECT_EQ(0, receive.out_flags);
}

TEST_F(message, peeking_with_no_buffer_tells_the_length)
{
	struct msgpass_receive receive;

	ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES("0123456789", 10)));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, .flags = MSGPASS_PEEK | MSGPASS_TRUNCATE));
	EXPECT_EQ(10, receive.out_length);
	EXPECT_EQ(MSGPASS_OUT_TRUNCATED, receive.out_flags);
	EXPECT_EQ(1, queued(self));
}

TEST_F(message, an_empty_message_is_a_message)
{
	struct msgpass_receive receive;

	EXPECT_EQ(0, SEND(self->fd, .to = self->to, .type = 6));
	EXPECT_EQ(1, queued(self));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive));
	EXPECT_EQ(0, receive.out_length);
	EXPECT_EQ(6, receive.out_type);
	EXPECT_EQ(-EAGAIN, RECEIVE(self->fd, &receive, .flags = MSGPASS_NONBLOCK));
}

/* Every length at which something may change, with bytes that tell their place. */
TEST_F(message, bytes_arrive_as_they_were_sent_whatever_the_length)
{
	const size_t max = self->message_max;
	const size_t lengths[] = { 1, 7, 8, 9, 63, 64, 65, 255, 1000, 2047, 4000, 4095, 4096, 4097,
				   8191, 8192, 65535, 65537, max - 1, max };
	unsigned char *out = malloc(max), *in = calloc(1, max);
	struct msgpass_receive receive;
	unsigned int i;
	size_t place;

	for (place = 0; place < max; place++)
		out[place] = place * 2654435761U >> 24;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES(out, lengths[i])));
		ASSERT_EQ(0, RECEIVE(self->fd, &receive, BYTES(in, max)));
		EXPECT_EQ(lengths[i], receive.out_length);
		EXPECT_EQ(0, memcmp(out, in, lengths[i])) {
			TH_LOG("length %zu", lengths[i]);
		}
		memset(in, 0, max);
	}
}

TEST_F(message, longer_than_the_largest_is_emsgsize)
{
	char byte = 0;

	EXPECT_EQ(-EMSGSIZE, SEND(self->fd, .to = self->to, BYTES(&byte, self->message_max + 1)));
	EXPECT_EQ(0, queued(self));
}

/* --- scatter/gather */

TEST_F(message, segments_are_gathered_and_scattered)
{
	char *text = strdup("hello, world"), back[13] = "";
	struct iovec from[] = { { NULL, 0 }, { text, 2 }, { text + 2, 0 }, { text + 2, 11 } };
	struct iovec to[] = { { back, 5 }, { NULL, 0 }, { back + 5, 1 }, { back + 6, 7 } };
	struct msgpass_receive receive;

	EXPECT_EQ(0, SEND(self->fd, .to = self->to, BYTES(from, 4), .flags = MSGPASS_IOVEC));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(to, 4), .flags = MSGPASS_IOVEC));
	EXPECT_EQ(13, receive.out_length);
	EXPECT_STREQ(text, back);
}

TEST_F(message, no_segments_are_an_empty_message)
{
	struct msgpass_receive receive;

	EXPECT_EQ(0, SEND(self->fd, .to = self->to, .flags = MSGPASS_IOVEC));
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, .flags = MSGPASS_IOVEC));
	EXPECT_EQ(0, receive.out_length);
}

TEST_F(message, as_many_segments_as_the_kernel_allows)
{
	unsigned char bytes[UIO_MAXIOV], back[UIO_MAXIOV] = {};
	struct iovec from[UIO_MAXIOV + 1], to[UIO_MAXIOV + 1];
	unsigned int i;

	for (i = 0; i < UIO_MAXIOV; i++) {
		bytes[i] = i % 251;
		from[i] = (struct iovec){ bytes + i, 1 };
		to[i] = (struct iovec){ back + i, 1 };
	}
	from[UIO_MAXIOV] = (struct iovec){};
	to[UIO_MAXIOV] = (struct iovec){};
	EXPECT_EQ(-EINVAL, SEND(self->fd, .to = self->to, .flags = MSGPASS_IOVEC,
				BYTES(from, UIO_MAXIOV + 1)));
	EXPECT_EQ(0, SEND(self->fd, .to = self->to, .flags = MSGPASS_IOVEC,
			  BYTES(from, UIO_MAXIOV)));
	EXPECT_EQ(-EINVAL, RECEIVE(self->fd, NULL, .flags = MSGPASS_IOVEC,
				   BYTES(to, UIO_MAXIOV + 1)));
	EXPECT_EQ(0, RECEIVE(self->fd, NULL, .flags = MSGPASS_IOVEC, BYTES(to, UIO_MAXIOV)));
	EXPECT_EQ(0, memcmp(bytes, back, sizeof(bytes)));
}

TEST_F(message, a_segment_count_of_64_bits_is_too_many)
{
	struct iovec segment = {};

	EXPECT_EQ(-EINVAL, SEND(self->fd, .to = self->to, .flags = MSGPASS_IOVEC,
				BYTES(&segment, 1ULL << 32 | 1)));
	EXPECT_EQ(0, queued(self));
}

TEST_F(message, short_segments_are_emsgsize_or_truncate)
{
	char back[5] = "....";
	struct iovec to[] = { { back, 1 }, { back + 1, 2 } };
	struct msgpass_receive receive;

	ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES("abcdef", 6)));
	EXPECT_EQ(-EMSGSIZE, RECEIVE(self->fd, &receive, BYTES(to, 2), .flags = MSGPASS_IOVEC));
	EXPECT_EQ(6, receive.out_length);
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(to, 2),
			     .flags = MSGPASS_IOVEC | MSGPASS_TRUNCATE));
	EXPECT_EQ(6, receive.out_length);
	EXPECT_STREQ("abc.", back);
}

/* --- bad memory */

TEST_F(message, a_send_from_bad_memory_sends_nothing)
{
	uint64_t base = settled_user_bytes(self->fd);
	char *bytes = guarded(5000);
	struct iovec half[] = { { bytes, 10 }, { bytes + 5000, 10 } };

	EXPECT_EQ(-EFAULT, SEND(self->fd, .to = self->to, BYTES(NULL, 1)));
	EXPECT_EQ(-EFAULT, SEND(self->fd, .to = self->to, BYTES(bytes, 5001)));
	EXPECT_EQ(-EFAULT, SEND(self->fd, .to = self->to, BYTES(bytes + 4990, 11)));
	EXPECT_EQ(-EFAULT, SEND(self->fd, .to = self->to, BYTES(half, 2),
				.flags = MSGPASS_IOVEC));
	EXPECT_EQ(-EFAULT, SEND(self->fd, .to = self->to, BYTES(bytes + 4990, 1),
				.flags = MSGPASS_IOVEC));
	EXPECT_EQ(0, channel_counts(&self->channel, getpid()).sent);
	EXPECT_EQ(-EAGAIN, select_number(self, 0, 0));
	if (!variant->direct)
		EXPECT_EQ(base, user_bytes(self->fd));
}

TEST_F(message, an_empty_one_goes_from_and_to_any_address)
{
	EXPECT_EQ(0, SEND(self->fd, .to = self->to, .data = UINT64_MAX));
	EXPECT_EQ(0, do_receive(self->fd, NULL,
				(struct msgpass_receive){ .data = UINT64_MAX }));
	EXPECT_EQ(-EAGAIN, select_number(self, 0, 0));
}

TEST_F(message, a_receive_into_bad_memory_leaves_the_message_in_its_place)
{
	const size_t lengths[] = { 10, 5000, 70000 };
	char *bytes = calloc(1, 70000), *end = guarded(70000) + 70000;
	struct msgpass_receive receive;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ASSERT_EQ(0, SEND(self->fd, .to = self->to, BYTES(bytes, lengths[i])));
		queue(self, 1, 0);
		EXPECT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(NULL, lengths[i])));
		EXPECT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(end - 1, lengths[i])));
		EXPECT_EQ(-EFAULT, RECEIVE(self->fd, NULL,
					   BYTES(end - lengths[i] + 1, lengths[i])));
		EXPECT_EQ(2, queued(self));
		EXPECT_EQ(2 * i, channel_counts(&self->channel, getpid()).received);
		EXPECT_EQ(0, RECEIVE(self->fd, &receive, BYTES(bytes, lengths[i])));
		EXPECT_EQ(lengths[i], receive.out_length);
		EXPECT_EQ(2 * i + 1, receive.out_sequence);
		EXPECT_EQ(10, select_number(self, 0, 0));
	}
}

TEST_F(message, bad_memory_restores_the_place_among_priorities_and_types)
{
	queue(self, 1, 5);
	queue(self, 2, 5);
	queue(self, 1, 9);
	EXPECT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(NULL, 4),
				   .flags = MSGPASS_BY_PRIORITY));
	EXPECT_EQ(-EFAULT, RECEIVE(self->fd, NULL, BYTES(NULL, 4),
				   .flags = MSGPASS_TYPE_EXACT, .type = 1));
	EXPECT_EQ(19, select_number(self, MSGPASS_BY_PRIORITY, 0));
	EXPECT_EQ(15, select_number(self, MSGPASS_BY_PRIORITY, 0));
	EXPECT_EQ(25, select_number(self, MSGPASS_BY_PRIORITY, 0));
}

TEST_F(message, a_receive_whose_struct_is_read_only_leaves_the_message)
{
	struct msgpass_receive *receive = guarded(sizeof(*receive));
	uint32_t number;

	queue(self, 1, 0);
	*receive = (struct msgpass_receive){ .size = sizeof(*receive),
					     BYTES(&number, sizeof(number)) };
	ASSERT_EQ(0, mprotect((void *)((uintptr_t)receive & -4096UL), 4096, PROT_READ));
	EXPECT_EQ(-EFAULT, call(self->fd, MSGPASS_IOC_RECEIVE, receive));
	EXPECT_EQ(1, queued(self));
	EXPECT_EQ(10, select_number(self, 0, 0));
}

/* --- stamps */

TEST_F(message, sequence_numbers_count_from_one)
{
	struct msgpass_receive receive;
	uint64_t i;

	for (i = 1; i <= 3; i++)
		queue(self, 1, i);
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, .flags = MSGPASS_TRUNCATE | MSGPASS_BY_PRIORITY));
	EXPECT_EQ(3, receive.out_sequence);
	for (i = 1; i <= 2; i++) {
		EXPECT_EQ(0, RECEIVE(self->fd, &receive, .flags = MSGPASS_TRUNCATE));
		EXPECT_EQ(i, receive.out_sequence);
	}
}

TEST_F(message, the_time_is_that_of_acceptance)
{
	struct msgpass_receive receive;
	uint64_t start = now(), end;

	queue(self, 1, 0);
	end = now();
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, .flags = MSGPASS_TRUNCATE));
	EXPECT_LE(start, receive.out_time);
	EXPECT_GE(end, receive.out_time);
}

TEST_F(message, says_who_sent_it)
{
	struct msgpass_receive receive;

	queue(self, 1, 0);
	EXPECT_EQ(0, RECEIVE(self->fd, &receive, .flags = MSGPASS_TRUNCATE));
	EXPECT_EQ(getpid(), receive.out_pid);
	EXPECT_EQ(geteuid(), receive.out_uid);
	EXPECT_EQ(getegid(), receive.out_gid);
	EXPECT_EQ(own_peer(self->fd), receive.out_peer);
}

/* --- several receivers of one mailbox */

FIXTURE(several) {
	struct channel channel;
	int fd;
};

FIXTURE_SETUP(several)
{
	ASSERT_EQ(0, channel_open(&self->channel, false));
	self->fd = self->channel.fd;
}

FIXTURE_TEARDOWN(several)
{
	close(self->fd);
}

TEST_F(several, peeking_and_taking_receivers_are_both_served_by_one_message)
{
	pid_t peeking, taking;

	peeking = child_selecting(&self->channel, MSGPASS_PEEK, 0);
	taking = child_fork();
	if (!taking)
		_exit(AWAIT(self->fd) != 70);
	EXPECT_TRUE(receivers_wait(&self->channel, 0, 2));
	EXPECT_EQ(0, send_typed(&self->channel, 0, 7));
	EXPECT_EQ(70, child_status(peeking));
	EXPECT_EQ(0, child_status(taking));
	EXPECT_EQ(0, mailbox_counts(self->fd).queued);
}

TEST_F(several, a_receive_put_back_is_taken_by_another_that_waits)
{
	pid_t bad, good;

	bad = child_fork();
	if (!bad)
		_exit(-RECEIVE(self->fd, NULL, BYTES(NULL, 4)));
	EXPECT_TRUE(receivers_wait(&self->channel, 0, 1));
	good = child_receiving(&self->channel, 0);
	EXPECT_TRUE(receivers_wait(&self->channel, 0, 2));
	EXPECT_EQ(0, send_typed(&self->channel, 0, 5));
	EXPECT_EQ(EFAULT, child_status(bad));
	EXPECT_EQ(50, child_status(good));
	EXPECT_EQ(1, mailbox_counts(self->fd).received);
}

#include "afterwards.h"
