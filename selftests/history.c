// SPDX-License-Identifier: GPL-2.0
/*
 * The checker of stress histories, tried on small ones made by hand: it finds what is wrong, and
 * nothing where nothing is. Needs no device.
 */
#include "kselftest_harness.h"

#include <errno.h>

#include "stress/check.h"

enum { MAILBOX = 1, INBOX, BROADCAST, SUBSCRIPTION, PORTS };

/* Messages of thread 1, and of thread 2. */
#define A message_id(1, 1)
#define B message_id(1, 2)
#define C message_id(2, 1)

FIXTURE(history) {
	struct port ports[PORTS];
	struct actor actors[4];		/* each a process of its own */
	struct record records[16];
	struct look looks[4];
	struct stat_fact stats[4];
	struct history history;
	struct findings findings;
};

FIXTURE_SETUP(history)
{
	int i;

	self->ports[MAILBOX] = (struct port){
		.kind = PORT_MAILBOX, .source = MAILBOX, .capacity = 2, .capacity_bytes = 1 << 20,
	};
	self->ports[INBOX] = (struct port){ .kind = PORT_INBOX, .source = INBOX, .process = 3 };
	self->ports[BROADCAST] = (struct port){ .kind = PORT_BROADCAST, .source = BROADCAST };
	self->ports[SUBSCRIPTION] = (struct port){
		.kind = PORT_SUBSCRIPTION, .source = BROADCAST, .process = 2, .opened = 5,
	};
	for (i = 0; i < 4; i++)
		self->actors[i].process = i;
	self->history = (struct history){
		.records = self->records, .actors = self->actors, .actor_count = 4,
		.ports = self->ports, .port_count = PORTS,
		.looks = self->looks, .stats = self->stats,
	};
}

FIXTURE_TEARDOWN(history)
{
}

static struct record *add(FIXTURE_DATA(history) *self, struct record record)
{
	struct record *place = &self->records[self->history.record_count++];

	if (!record.actor)
		record.actor = record.op == OP_RECEIVE ? 2 : 1;
	if (!record.port)
		record.port = MAILBOX;
	*place = record;
	return place;
}

/* From ... to ..., unless it says other. */
#define SENT(id, from, to, ...) SENDING(OP_SEND, id, from, to, __VA_ARGS__)
#define CALLED(id, from, to, ...) SENDING(OP_CALL, id, from, to, .call = (id), __VA_ARGS__)
#define SENDING(how, id, from, to, ...) add(self, (struct record){ .op = (how), .message = (id), \
	.actor = (id) >> ACTOR_SHIFT, .start = (from), .end = (to), .length = 9, __VA_ARGS__ })
#define RECEIVED(id, number, at, from, to, ...) add(self, (struct record){ .op = OP_RECEIVE,	\
	.got = (id), .got_length = 9, .value = 100, .sequence = (number), .time = (at),	\
	.start = (from), .end = (to), __VA_ARGS__ })
#define FAILED(error, from, to, ...) add(self, (struct record){ .op = OP_RECEIVE,		\
	.result = -(error), .start = (from), .end = (to), __VA_ARGS__ })
#define DONE(what, from, to, ...) add(self, (struct record){ .op = (what), .start = (from),	\
	.end = (to), __VA_ARGS__ })

static void seen_asleep(FIXTURE_DATA(history) *self, const struct record *record, uint64_t from,
			uint64_t to)
{
	self->looks[self->history.look_count++] =
		(struct look){ from, to, record - self->records };
}

static void killed(FIXTURE_DATA(history) *self, unsigned int actor, uint64_t at, uint64_t gone)
{
	self->actors[actor].killed = at;
	self->actors[actor].gone = gone;
}

static void print(const struct findings *findings)
{
	unsigned int i;

	for (i = 0; i < findings->texts; i++)
		printf("# %s\n", findings->text[i]);
}

static bool is_sound(FIXTURE_DATA(history) *self)
{
	bool sound = history_check(&self->history, &self->findings);

	print(&self->findings);
	return sound;
}

/* It finds that, and nothing else. */
static bool finds(FIXTURE_DATA(history) *self, enum fault fault)
{
	history_check(&self->history, &self->findings);
	print(&self->findings);
	return self->findings.count[fault] &&
	       self->findings.count[fault] == self->findings.total;
}

/* --- exactly once */

TEST_F(history, of_nothing_is_sound)
{
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, of_messages_received_in_order_is_sound)
{
	SENT(A, 10, 20);
	SENT(B, 21, 30);
	RECEIVED(A, 1, 15, 40, 50);
	RECEIVED(B, 2, 25, 51, 60);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_message_received_twice_is_found)
{
	SENT(A, 10, 20);
	RECEIVED(A, 1, 15, 30, 40);
	RECEIVED(A, 1, 15, 41, 50, .actor = 3);
	EXPECT_TRUE(finds(self, FAULT_TWICE));
}

TEST_F(history, a_message_seen_after_it_was_received_is_found)
{
	SENT(A, 10, 20);
	RECEIVED(A, 1, 15, 30, 40);
	RECEIVED(A, 1, 15, 41, 50, .flags = MSGPASS_PEEK);
	EXPECT_TRUE(finds(self, FAULT_TWICE));
}

TEST_F(history, a_message_that_nobody_receives_is_found)
{
	SENT(A, 10, 20);
	EXPECT_TRUE(finds(self, FAULT_LOST));
}

TEST_F(history, a_message_may_go_with_its_mailbox)
{
	SENT(A, 10, 20);
	DONE(OP_DELETE, 30, 40);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_message_may_go_with_its_receiver)
{
	SENT(A, 10, 20, .port = INBOX);
	killed(self, 3, 30, 40);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_message_may_expire)
{
	SENT(A, 10, 20, .lifetime = 5);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_receive_that_was_killed_may_have_taken_one_message_but_not_two)
{
	SENT(A, 10, 20);
	DONE(OP_RECEIVE, 15, 0, .actor = 3);
	killed(self, 3, 30, 40);
	EXPECT_TRUE(is_sound(self));
	SENT(B, 21, 29);
	EXPECT_TRUE(finds(self, FAULT_LOST));
}

TEST_F(history, a_send_that_was_killed_may_have_happened_or_not)
{
	SENT(A, 10, 0);
	killed(self, 1, 30, 40);
	EXPECT_TRUE(is_sound(self));
	RECEIVED(A, 1, 15, 30, 50);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_message_that_nobody_sent_is_found)
{
	RECEIVED(A, 1, 15, 10, 20);
	EXPECT_TRUE(finds(self, FAULT_NEVER_SENT));
}

TEST_F(history, a_message_of_another_mailbox_is_found)
{
	SENT(A, 10, 20, .port = INBOX);
	RECEIVED(A, 1, 15, 30, 40);
	self->actors[3].killed = 25;
	self->actors[3].gone = 26;
	EXPECT_TRUE(finds(self, FAULT_NEVER_SENT));
}

TEST_F(history, a_message_whose_send_timed_out_is_found)
{
	SENT(A, 10, 20, .result = -ETIMEDOUT, .deadline = 18);
	EXPECT_TRUE(is_sound(self));
	RECEIVED(A, 1, 15, 30, 40);
	EXPECT_TRUE(finds(self, FAULT_FAILED));
}

TEST_F(history, other_bytes_than_were_sent_are_found)
{
	SENT(A, 10, 20);
	RECEIVED(A, 1, 15, 30, 40, .wrong = WRONG_BYTES);
	EXPECT_TRUE(finds(self, FAULT_CHANGED));
}

TEST_F(history, another_type_than_was_sent_is_found)
{
	SENT(A, 10, 20, .type = 2);
	RECEIVED(A, 1, 15, 30, 40, .got_type = 3);
	EXPECT_TRUE(finds(self, FAULT_CHANGED));
}

TEST_F(history, a_message_accepted_after_its_send_is_found)
{
	SENT(A, 10, 20);
	RECEIVED(A, 1, 21, 30, 40);
	EXPECT_TRUE(finds(self, FAULT_CHANGED));
}

TEST_F(history, a_message_received_after_its_lifetime_is_found)
{
	SENT(A, 10, 20, .lifetime = 5);
	RECEIVED(A, 1, 15, 21, 40);
	EXPECT_TRUE(finds(self, FAULT_EXPIRED));
}

TEST_F(history, a_broadcast_has_to_reach_who_subscribed_before)
{
	SENT(A, 2, 20, .port = BROADCAST);
	EXPECT_TRUE(is_sound(self));
	SENT(B, 21, 30, .port = BROADCAST);
	EXPECT_TRUE(finds(self, FAULT_LOST));
	RECEIVED(B, 2, 25, 30, 40, .port = SUBSCRIPTION);
	EXPECT_TRUE(is_sound(self));
}

/* --- in order */

TEST_F(history, a_message_received_before_an_older_one_is_found)
{
	SENT(A, 10, 20);
	SENT(B, 21, 30);
	RECEIVED(B, 2, 25, 40, 50);
	RECEIVED(A, 1, 15, 51, 60);
	EXPECT_TRUE(finds(self, FAULT_ORDER));
}

TEST_F(history, messages_received_at_the_same_time_are_in_no_order)
{
	SENT(A, 10, 20);
	SENT(B, 21, 30);
	RECEIVED(B, 2, 25, 40, 50);
	RECEIVED(A, 1, 15, 49, 60, .actor = 3);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, numbers_that_are_not_in_the_order_of_time_are_found)
{
	SENT(A, 10, 20);
	SENT(B, 21, 30);
	RECEIVED(A, 2, 15, 40, 50);
	RECEIVED(B, 1, 25, 40, 50, .actor = 3);
	EXPECT_TRUE(finds(self, FAULT_ORDER));
}

TEST_F(history, a_receive_that_selects_passes_over_what_it_does_not_want)
{
	SENT(A, 10, 20, .type = 1);
	SENT(B, 21, 30, .type = 2);
	RECEIVED(B, 2, 25, 40, 50, .got_type = 2, .type = 2, .flags = MSGPASS_TYPE_EXACT);
	RECEIVED(A, 1, 15, 51, 60, .got_type = 1);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_receive_by_priority_takes_the_most_urgent)
{
	SENT(A, 10, 20, .priority = 1);
	SENT(B, 21, 30, .priority = 2);
	RECEIVED(B, 2, 25, 40, 50, .got_priority = 2, .flags = MSGPASS_BY_PRIORITY);
	RECEIVED(A, 1, 15, 51, 60, .got_priority = 1);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_receive_by_priority_that_leaves_the_most_urgent_is_found)
{
	SENT(A, 10, 20, .priority = 1);
	SENT(B, 21, 30, .priority = 2);
	RECEIVED(A, 1, 15, 40, 50, .got_priority = 1, .flags = MSGPASS_BY_PRIORITY);
	RECEIVED(B, 2, 25, 51, 60, .got_priority = 2);
	EXPECT_TRUE(finds(self, FAULT_ORDER));
}

TEST_F(history, what_a_failed_receive_put_back_may_be_overtaken)
{
	SENT(A, 10, 20);
	SENT(B, 21, 30);
	FAILED(EFAULT, 35, 45, .value = NEVER, .actor = 3);
	RECEIVED(B, 2, 25, 40, 50);
	RECEIVED(A, 1, 15, 51, 60);
	EXPECT_TRUE(is_sound(self));
}

/* --- what fails has a reason */

TEST_F(history, a_receive_that_did_not_see_a_message_is_found)
{
	SENT(A, 10, 20);
	FAILED(EAGAIN, 25, 30, .flags = MSGPASS_NONBLOCK);
	RECEIVED(A, 1, 15, 31, 40);
	EXPECT_TRUE(finds(self, FAULT_MISSED));
}

TEST_F(history, a_receive_may_come_before_its_copy_of_what_is_being_broadcast)
{
	struct record *failed;

	SENT(A, 10, 30, .port = BROADCAST);
	failed = FAILED(EAGAIN, 25, 28, .port = SUBSCRIPTION, .flags = MSGPASS_NONBLOCK);
	RECEIVED(A, 1, 15, 41, 50, .port = SUBSCRIPTION);
	EXPECT_TRUE(is_sound(self));
	failed->start = 31;
	failed->end = 35;
	EXPECT_TRUE(finds(self, FAULT_MISSED));
}

TEST_F(history, a_receive_that_timed_out_after_a_message_came_is_found)
{
	SENT(A, 10, 20);
	FAILED(ETIMEDOUT, 5, 30, .deadline = 16);
	RECEIVED(A, 1, 15, 31, 40);
	EXPECT_TRUE(finds(self, FAULT_MISSED));
	self->records[1].deadline = 14;
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_receive_that_failed_and_took_a_message_is_found)
{
	SENT(A, 10, 20);
	FAILED(ETIMEDOUT, 5, 30, .deadline = 14);
	EXPECT_TRUE(finds(self, FAULT_LOST));
}

TEST_F(history, a_send_that_did_not_see_room_is_found)
{
	SENT(A, 10, 20);
	RECEIVED(A, 1, 15, 50, 60);
	SENT(C, 25, 30, .result = -EAGAIN, .flags = MSGPASS_NONBLOCK);
	EXPECT_TRUE(finds(self, FAULT_REFUSED));
}

TEST_F(history, a_send_to_a_full_mailbox_may_fail)
{
	SENT(A, 10, 20);
	SENT(B, 21, 24);
	RECEIVED(A, 1, 15, 50, 60);
	RECEIVED(B, 2, 22, 61, 70);
	SENT(C, 25, 30, .result = -EAGAIN, .flags = MSGPASS_NONBLOCK);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_send_that_was_killed_may_hold_its_place_till_the_mailbox_is_deleted)
{
	SENT(A, 10, 20);
	SENT(B, 21, 0);
	killed(self, 1, 22, 23);
	SENT(C, 25, 30, .result = -EAGAIN, .flags = MSGPASS_NONBLOCK);
	DONE(OP_DELETE, 40, 50, .actor = 2);
	EXPECT_TRUE(is_sound(self));
	self->history.record_count--;
	RECEIVED(A, 1, 15, 50, 60);
	EXPECT_TRUE(finds(self, FAULT_REFUSED));
}

TEST_F(history, a_sender_that_was_killed_may_leave_its_message_to_a_receive_that_fails)
{
	SENT(A, 10, 0, .flags = MSGPASS_SYNCHRONOUS);
	killed(self, 1, 22, 23);
	self->ports[MAILBOX].capacity = 1;
	FAILED(EFAULT, 5, 40, .value = NEVER, .actor = 3);
	SENT(C, 25, 30, .result = -EAGAIN, .flags = MSGPASS_NONBLOCK);
	EXPECT_TRUE(is_sound(self));
	self->records[1].end = 24;
	EXPECT_TRUE(finds(self, FAULT_REFUSED));
}

TEST_F(history, the_request_of_a_call_is_taken_back_when_it_is_given_up)
{
	CALLED(A, 10, 20, .result = -EINTR, .signalled = true, .token = true);
	DONE(OP_CALL, 30, 40, .flags = MSGPASS_CANCEL, .call = A);
	self->ports[MAILBOX].capacity = 1;
	SENT(C, 25, 35, .result = -EAGAIN, .flags = MSGPASS_NONBLOCK);
	EXPECT_TRUE(is_sound(self));
	self->records[2].start = 41;
	self->records[2].end = 42;
	EXPECT_TRUE(finds(self, FAULT_REFUSED));
}

TEST_F(history, a_synchronous_send_that_restarts_held_a_place_before_it)
{
	struct record *send = SENT(A, 10, 50, .flags = MSGPASS_SYNCHRONOUS);

	self->ports[MAILBOX].capacity = 1;
	SENT(C, 20, 25, .result = -EAGAIN, .flags = MSGPASS_NONBLOCK);
	RECEIVED(A, 2, 30, 31, 40);
	EXPECT_TRUE(is_sound(self));
	send->flags = 0;
	EXPECT_TRUE(finds(self, FAULT_REFUSED));
}

TEST_F(history, a_result_without_a_cause_is_found)
{
	SENT(A, 10, 20, .result = -EINTR, .signalled = true);
	SENT(B, 10, 20, .result = -EAGAIN, .flags = MSGPASS_NONBLOCK | MSGPASS_SYNCHRONOUS);
	EXPECT_TRUE(is_sound(self));
	self->records[0].signalled = false;
	EXPECT_TRUE(finds(self, FAULT_RESULT));
}

TEST_F(history, a_deadline_that_came_too_early_is_found)
{
	FAILED(ETIMEDOUT, 10, 20, .deadline = 21);
	EXPECT_TRUE(finds(self, FAULT_RESULT));
}

TEST_F(history, a_mailbox_that_is_gone_and_was_not_deleted_is_found)
{
	FAILED(EPIPE, 10, 20);
	EXPECT_TRUE(finds(self, FAULT_RESULT));
	DONE(OP_DELETE, 5, 15);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_synchronous_send_that_did_not_wait_is_found)
{
	SENT(A, 10, 20, .flags = MSGPASS_SYNCHRONOUS);
	RECEIVED(A, 1, 15, 21, 30);
	EXPECT_TRUE(finds(self, FAULT_SYNCHRONOUS));
}

/* --- nobody sleeps on */

TEST_F(history, a_receiver_asleep_beside_a_message_is_found)
{
	struct record *receive = FAILED(ETIMEDOUT, 5, 60, .deadline = 14);

	SENT(A, 10, 20);
	RECEIVED(A, 1, 15, 50, 55, .actor = 3);
	EXPECT_TRUE(is_sound(self));
	seen_asleep(self, receive, 30, 31);
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, a_receiver_that_was_not_woken_is_found)
{
	SENT(A, 10, 20);
	seen_asleep(self, RECEIVED(A, 1, 15, 5, 60), 30, 31);
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, a_receiver_may_be_asleep_while_its_sender_is_about_to_wake_it)
{
	SENT(A, 10, 40);
	seen_asleep(self, RECEIVED(A, 1, 15, 5, 60), 30, 31);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_sleeper_is_not_about_to_wake_anybody)
{
	struct record *other = SENT(C, 12, 40, .flags = MSGPASS_SYNCHRONOUS);

	SENT(A, 10, 20);
	seen_asleep(self, RECEIVED(A, 1, 15, 5, 60), 30, 31);
	RECEIVED(C, 2, 16, 33, 38, .actor = 3);
	EXPECT_TRUE(is_sound(self));
	self->looks[1] = self->looks[0];
	self->history.look_count = 0;
	seen_asleep(self, other, 28, 29);
	self->history.look_count = 2;
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, a_call_given_up_may_be_about_to_wake_somebody_elsewhere)
{
	struct record *call;

	SENT(A, 10, 20);
	call = CALLED(C, 8, 40, .port = INBOX, .result = -ETIMEDOUT, .deadline = 12);
	seen_asleep(self, RECEIVED(A, 1, 15, 5, 60), 30, 31);
	EXPECT_TRUE(is_sound(self));
	call->end = 29;
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, a_process_that_dies_may_be_about_to_wake_somebody)
{
	SENT(A, 10, 20);
	seen_asleep(self, RECEIVED(A, 1, 15, 5, 60), 30, 31);
	killed(self, 3, 12, 30);
	EXPECT_TRUE(is_sound(self));
	killed(self, 3, 12, 14);
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, where_messages_expire_the_kernel_may_be_about_to_wake_somebody)
{
	struct record *send = SENT(A, 10, 20, .lifetime = 100);

	seen_asleep(self, RECEIVED(A, 1, 15, 5, 60), 30, 31);
	EXPECT_TRUE(is_sound(self));
	send->lifetime = 0;
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, a_deletion_that_was_killed_may_not_have_happened)
{
	struct record *receive = FAILED(EINTR, 5, 60, .signalled = true);
	struct record *deletion = DONE(OP_DELETE, 10, 0);

	killed(self, 1, 12, 14);
	seen_asleep(self, receive, 30, 31);
	EXPECT_TRUE(is_sound(self));
	deletion->end = 14;
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, a_sender_asleep_beside_room_is_found)
{
	struct record *send;

	SENT(A, 10, 20);
	RECEIVED(A, 1, 15, 50, 60);
	send = SENT(C, 25, 70);
	RECEIVED(C, 2, 55, 71, 80);
	seen_asleep(self, send, 30, 31);
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, a_sender_asleep_at_a_full_mailbox_waits_rightly)
{
	struct record *send;

	SENT(A, 10, 20);
	SENT(B, 21, 24);
	RECEIVED(A, 1, 15, 50, 60);
	send = SENT(C, 25, 70);
	RECEIVED(B, 2, 22, 61, 65);
	RECEIVED(C, 3, 55, 71, 80);
	seen_asleep(self, send, 30, 31);
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_sender_asleep_after_its_message_was_received_is_found)
{
	struct record *send = SENT(A, 10, 50, .flags = MSGPASS_SYNCHRONOUS);

	RECEIVED(A, 1, 15, 12, 20);
	seen_asleep(self, send, 30, 31);
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, a_sender_may_be_asleep_while_the_one_who_let_it_in_is_about_to_wake_it)
{
	struct record *send = SENT(C, 10, 50), *receive;

	SENT(A, 2, 4);
	self->ports[MAILBOX].capacity = 1;
	receive = RECEIVED(A, 1, 3, 12, 40);
	RECEIVED(C, 2, 15, 16, 20, .actor = 3);
	seen_asleep(self, send, 30, 31);
	EXPECT_TRUE(is_sound(self));
	receive->end = 29;
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, a_receiver_that_has_its_message_may_be_asleep_after_a_deletion)
{
	struct record *receive = RECEIVED(A, 1, 9, 5, 60);

	SENT(A, 8, 50);
	DONE(OP_DELETE, 10, 20, .actor = 3);
	seen_asleep(self, receive, 30, 31);
	EXPECT_TRUE(is_sound(self));
	receive->result = -EPIPE;
	receive->got = 0;
	receive->time = 0;
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, a_caller_asleep_after_the_reply_is_found)
{
	struct record *call = CALLED(A, 10, 60);

	RECEIVED(A, 1, 15, 12, 20, .call = A);
	DONE(OP_REPLY, 21, 29, .call = A, .actor = 2);
	EXPECT_TRUE(is_sound(self));
	seen_asleep(self, call, 30, 31);
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, a_receiver_that_the_kernel_does_not_know_of_is_found)
{
	FAILED(EINTR, 10, 60, .signalled = true);
	self->stats[0] = (struct stat_fact){
		.time = 30, .port = MAILBOX, .quiet = true, .receivers_waiting = 1,
	};
	self->history.stat_count = 1;
	EXPECT_TRUE(is_sound(self));
	self->stats[0].receivers_waiting = 0;
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

TEST_F(history, receivers_and_messages_that_wait_for_each_other_are_found)
{
	FAILED(EINTR, 10, 60, .signalled = true);
	self->stats[0] = (struct stat_fact){
		.time = 30, .port = MAILBOX, .quiet = true, .receivers_waiting = 1,
		.queued = 1, .sent = 1,
	};
	self->history.stat_count = 1;
	EXPECT_TRUE(finds(self, FAULT_SLEPT_ON));
}

/* --- calls, receipts, counts */

TEST_F(history, a_reply_that_its_caller_did_not_get_is_found)
{
	CALLED(A, 10, 60, .result = -ETIMEDOUT, .deadline = 55);
	RECEIVED(A, 1, 15, 12, 20, .call = A);
	EXPECT_TRUE(is_sound(self));
	DONE(OP_REPLY, 21, 29, .call = A, .actor = 2);
	EXPECT_TRUE(finds(self, FAULT_CALL));
}

TEST_F(history, a_call_that_nobody_replied_to_is_found)
{
	CALLED(A, 10, 60);
	RECEIVED(A, 1, 15, 12, 20, .call = A);
	EXPECT_TRUE(finds(self, FAULT_CALL));
}

TEST_F(history, an_interrupted_call_without_a_token_leaves_no_trace)
{
	CALLED(A, 10, 60, .result = -EINTR, .signalled = true);
	EXPECT_TRUE(is_sound(self));
	RECEIVED(A, 1, 15, 12, 20, .call = A);
	EXPECT_TRUE(finds(self, FAULT_FAILED));
	self->records[0].token = true;
	EXPECT_TRUE(is_sound(self));
}

TEST_F(history, a_receipt_that_does_not_come_is_found)
{
	SENT(A, 10, 20, .flags = MSGPASS_RECEIPT);
	RECEIVED(A, 1, 15, 30, 40);
	EXPECT_TRUE(finds(self, FAULT_RECEIPT));
	RECEIVED(A, 1, 39, 41, 50, .port = INBOX, .actor = 1,
		 .receipt = MSGPASS_RECEIPT_RECEIVED);
	EXPECT_TRUE(is_sound(self));
	self->records[2].receipt = MSGPASS_RECEIPT_DELETED;
	EXPECT_TRUE(finds(self, FAULT_RECEIPT));
}

TEST_F(history, counts_that_are_not_what_happened_are_found)
{
	SENT(A, 10, 20);
	RECEIVED(A, 1, 15, 30, 40);
	self->stats[0] = (struct stat_fact){
		.time = 50, .port = MAILBOX, .quiet = true, .last = true, .sent = 1, .received = 1,
	};
	self->history.stat_count = 1;
	EXPECT_TRUE(is_sound(self));
	self->stats[0].sent = 2;
	self->stats[0].dropped = 1;
	EXPECT_TRUE(finds(self, FAULT_COUNTS));
}

TEST_HARNESS_MAIN
