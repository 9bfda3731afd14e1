/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults in sending and receiving, through a mailbox and between processes.
 */
#ifndef FAULTS_MESSAGE_H
#define FAULTS_MESSAGE_H

#include "faults_sweep.h"

#define LARGE		60000
#define OTHER_USER	4711
#define HOUR		3600000000000ULL
#define NONBLOCK	.flags = MSGPASS_NONBLOCK

/* --- steps that several have in common */

static void as_in_box(struct stage *stage)
{
	struct counts now = mailbox_counts(stage->box);

	NEED(same_counts(&now, &stage->before.box));
}

static void as_whatever(struct stage *stage)
{
	(void)stage;
}

/* Of what waits for nobody: all went well until then. */
static long timed_out(int result)
{
	return result == -ETIMEDOUT ? 0 : result;
}

static void box_holds(struct stage *stage, uint32_t number)
{
	NEED(TAKE(stage->box) == number);
	NEED(TAKE(stage->box) == -EAGAIN);
}

static void box_holds_7(struct stage *stage)
{
	box_holds(stage, 7);
}

static void box_is_empty(struct stage *stage)
{
	NEED(TAKE(stage->box) == -EAGAIN);
}

static void box_holds_many(struct stage *stage)
{
	static char place[BUFFER_SIZE];
	struct msgpass_receive out;

	NEED(!RECEIVE(stage->box, &out, BYTES(place, sizeof(place)), NONBLOCK));
	NEED(out.out_length == LARGE);
	NEED(!memcmp(place, stage->buffer, LARGE));
	NEED(TAKE(stage->box) == -EAGAIN);
}

static void inbox_holds_7(struct stage *stage)
{
	NEED(TAKE(stage->device) == 7);
	NEED(TAKE(stage->device) == -EAGAIN);
}

static void queue_7_and_8(struct stage *stage)
{
	stage->number = 0;
	NEED(!SEND(stage->box, NUMBER(7), .priority = 1, NONBLOCK));
	NEED(!send_number(stage->box, 0, 8));
}

static void queue_7_and_8_direct(struct stage *stage)
{
	stage->number = 0;
	NEED(!send_number(stage->device, getpid(), 7));
	NEED(!send_number(stage->device, getpid(), 8));
}

#define NUMBER_PLACE BYTES(&stage->number, sizeof(stage->number))

static void got_7_before_8(struct stage *stage)
{
	NEED(stage->number == 7);
	NEED(stage->out.out_length == sizeof(stage->number));
	box_holds(stage, 8);
}

static void got_7_before_8_direct(struct stage *stage)
{
	NEED(stage->number == 7);
	NEED(TAKE(stage->device) == 8);
	NEED(TAKE(stage->device) == -EAGAIN);
}

/* --- plain messages */

A_FAULT(in_sending_to_a_mailbox, SEND(stage->box, NUMBER(7), NONBLOCK), .done = box_holds_7)

A_FAULT(in_sending_to_oneself, SEND(stage->device, .to = getpid(), NUMBER(7), NONBLOCK),
	.done = inbox_holds_7)

A_FAULT(in_sending_to_a_peer, SEND(stage->device, .to = stage->peer, NUMBER(7),
				   .flags = MSGPASS_NONBLOCK | MSGPASS_PEER),
	.done = inbox_holds_7)

A_FAULT(in_writing, write(stage->box, &(uint32_t){ 7 }, 4) == 4 ? 0 : -errno,
	.done = box_holds_7)

static struct iovec *pieces_of(struct stage *stage, unsigned int count)
{
	static struct iovec pieces[16];
	unsigned int i;

	for (i = 0; i < count; i++)
		pieces[i] = (struct iovec){ stage->buffer + i * (LARGE / count), LARGE / count };
	return pieces;
}

static void pattern(struct stage *stage)
{
	unsigned int i;

	for (i = 0; i < LARGE; i++)
		stage->buffer[i] = i * 7 + i / 251;
}

A_FAULT(in_sending_much, SEND(stage->box, BYTES(stage->buffer, LARGE), NONBLOCK),
	.prepare = pattern, .done = box_holds_many)

A_FAULT(in_gathering, SEND(stage->box, BYTES(pieces_of(stage, 3), 3),
			   .flags = MSGPASS_NONBLOCK | MSGPASS_IOVEC),
	.prepare = pattern, .done = box_holds_many)

/* More than there is place for on the kernel's stack. */
A_FAULT(in_gathering_from_many, SEND(stage->box, BYTES(pieces_of(stage, 15), 15),
				     .flags = MSGPASS_NONBLOCK | MSGPASS_IOVEC),
	.prepare = pattern, .done = box_holds_many)

A_FAULT(in_writing_from_many, writev(stage->box, pieces_of(stage, 15), 15) == LARGE ? 0 : -errno,
	.prepare = pattern, .done = box_holds_many)

A_FAULT(in_receiving, RECEIVE(stage->box, &stage->out, NUMBER_PLACE, NONBLOCK),
	.prepare = queue_7_and_8, .done = got_7_before_8)

/* --- batches: what fails after the first is told by their number */

static struct msgpass_send_batch *seven_to_nine(uint64_t to, uint32_t flags)
{
	static const uint32_t numbers[] = { 7, 8, 9 };
	static struct msgpass_send_element elements[3];
	static struct msgpass_send_batch batch;
	unsigned int i;

	for (i = 0; i < 3; i++)
		elements[i] = (struct msgpass_send_element){ BYTES(&numbers[i], 4) };
	batch = (struct msgpass_send_batch){
		.size = sizeof(batch), .flags = flags | MSGPASS_NONBLOCK, .to = to,
		.elements = (uintptr_t)elements, .count = 3,
	};
	return &batch;
}

/* After an error all of them went the second time. */
static unsigned int told(const struct stage *stage)
{
	return stage->result < 0 ? 3 : stage->result;
}

static void holds_so_many(struct stage *stage, int fd)
{
	unsigned int i;

	for (i = 0; i < told(stage); i++)
		NEED(TAKE(fd) == 7 + i);
	NEED(TAKE(fd) == -EAGAIN);
}

static void box_holds_so_many(struct stage *stage)
{
	holds_so_many(stage, stage->box);
}

static void inbox_holds_so_many(struct stage *stage)
{
	holds_so_many(stage, stage->device);
}

A_FAULT(in_sending_a_batch_to_a_mailbox,
	call(stage->box, MSGPASS_IOC_SEND_BATCH, seven_to_nine(0, 0)),
	.done = box_holds_so_many)

A_FAULT(in_sending_a_batch_to_a_peer,
	call(stage->device, MSGPASS_IOC_SEND_BATCH, seven_to_nine(stage->peer, MSGPASS_PEER)),
	.done = inbox_holds_so_many)

static uint32_t three_numbers[3];

static struct msgpass_receive_batch *three_places(void)
{
	static struct msgpass_receive_element elements[3];
	static struct msgpass_receive_batch batch;
	unsigned int i;

	for (i = 0; i < 3; i++)
		elements[i] = (struct msgpass_receive_element){ BYTES(&three_numbers[i], 4) };
	batch = (struct msgpass_receive_batch){
		.size = sizeof(batch), .flags = MSGPASS_NONBLOCK,
		.elements = (uintptr_t)elements, .count = 3,
	};
	return &batch;
}

static void queue_7_to_9(struct stage *stage)
{
	NEED(call(stage->box, MSGPASS_IOC_SEND_BATCH, seven_to_nine(0, 0)) == 3);
}

static void got_so_many_before_the_rest(struct stage *stage)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		NEED((i < told(stage) ? three_numbers[i] : TAKE(stage->box)) == 7 + i);
	NEED(TAKE(stage->box) == -EAGAIN);
}

A_FAULT(in_receiving_a_batch, call(stage->box, MSGPASS_IOC_RECEIVE_BATCH, three_places()),
	.prepare = queue_7_to_9, .done = got_so_many_before_the_rest)

/* --- more of single messages */

A_FAULT(in_receiving_by_priority,
	RECEIVE(stage->box, &stage->out, NUMBER_PLACE,
		.flags = MSGPASS_NONBLOCK | MSGPASS_BY_PRIORITY | MSGPASS_TYPE_UP_TO, .type = 3),
	.prepare = queue_7_and_8, .done = got_7_before_8)

A_FAULT(in_receiving_directly, RECEIVE(stage->device, &stage->out, NUMBER_PLACE, NONBLOCK),
	.prepare = queue_7_and_8_direct, .done = got_7_before_8_direct)

A_FAULT(in_receiving_from_a_process,
	RECEIVE(stage->device, &stage->out, NUMBER_PLACE, NONBLOCK, .from = getpid()),
	.prepare = queue_7_and_8_direct, .done = got_7_before_8_direct)

static void peeked_at_7(struct stage *stage)
{
	NEED(stage->number == 7);
	NEED(TAKE(stage->box) == 7);
	box_holds(stage, 8);
}

A_FAULT(in_peeking, RECEIVE(stage->box, &stage->out, NUMBER_PLACE,
			    .flags = MSGPASS_NONBLOCK | MSGPASS_PEEK),
	.prepare = queue_7_and_8, .done = peeked_at_7)

static void got_7_cut_off(struct stage *stage)
{
	NEED((stage->number & 0xffff) == 7);
	NEED(stage->out.out_flags & MSGPASS_OUT_TRUNCATED);
	box_holds(stage, 8);
}

A_FAULT(in_truncating, RECEIVE(stage->box, &stage->out, BYTES(&stage->number, 2),
			       .flags = MSGPASS_NONBLOCK | MSGPASS_TRUNCATE),
	.prepare = queue_7_and_8, .done = got_7_cut_off)

static long receive_what_does_not_fit(struct stage *stage)
{
	long ret = RECEIVE(stage->box, &stage->out, BYTES(&stage->number, 2), NONBLOCK);

	return ret == -EMSGSIZE ? 0 : ret;
}

static void nothing_was_received(struct stage *stage)
{
	NEED(stage->out.out_length == sizeof(stage->number));
	NEED(TAKE(stage->box) == 7);
	box_holds(stage, 8);
}

A_FAULT(in_receiving_what_does_not_fit, receive_what_does_not_fit(stage),
	.prepare = queue_7_and_8, .done = nothing_was_received)

static long read_number(struct stage *stage)
{
	ssize_t ret = read(stage->box, &stage->number, sizeof(stage->number));

	stage->out.out_length = ret;
	return ret == sizeof(stage->number) ? 0 : -errno;
}

A_FAULT(in_reading, read_number(stage), .prepare = queue_7_and_8, .done = got_7_before_8)

static void queue_much(struct stage *stage)
{
	pattern(stage);
	NEED(!SEND(stage->box, BYTES(stage->buffer, LARGE), NONBLOCK));
	memset(stage->buffer, 0, LARGE);
}

static void got_much(struct stage *stage)
{
	unsigned int i;

	for (i = 0; i < LARGE; i++)
		NEED(stage->buffer[i] == (char)(i * 7 + i / 251));
	box_is_empty(stage);
}

A_FAULT(in_receiving_much, RECEIVE(stage->box, NULL, BYTES(stage->buffer, LARGE), NONBLOCK),
	.prepare = queue_much, .done = got_much)

A_FAULT(in_scattering, RECEIVE(stage->box, NULL, BYTES(pieces_of(stage, 3), 3),
			       .flags = MSGPASS_NONBLOCK | MSGPASS_IOVEC),
	.prepare = queue_much, .done = got_much)

A_FAULT(in_scattering_to_many, RECEIVE(stage->box, NULL, BYTES(pieces_of(stage, 15), 15),
				       .flags = MSGPASS_NONBLOCK | MSGPASS_IOVEC),
	.prepare = queue_much, .done = got_much)

A_FAULT(in_reading_to_many, readv(stage->box, pieces_of(stage, 15), 15) == LARGE ? 0 : -errno,
	.prepare = queue_much, .done = got_much)

/* --- those who meet */

static void *receive_one(void *argument)
{
	struct stage *stage = argument;

	stage->partner_result = AWAIT(stage->box);
	return NULL;
}

static void receiver_waits(struct stage *stage)
{
	partner_start(stage, receive_one);
	NEED(wait_until(mailbox_counts(stage->box).receivers_waiting == 1));
}

static void partner_got_7(struct stage *stage)
{
	partner_join(stage);
	NEED(stage->partner_result == 7);
	box_is_empty(stage);
}

A_FAULT(in_sending_to_one_who_waits, SEND(stage->box, NUMBER(7), NONBLOCK),
	.prepare = receiver_waits, .done = partner_got_7)

A_FAULT(in_a_synchronous_send, SEND(stage->box, NUMBER(7), .flags = MSGPASS_SYNCHRONOUS,
				    .deadline = stage->deadline),
	.prepare = receiver_waits, .done = partner_got_7)

/* Both come once somebody waits for them, or the receive has failed before. */
static void *send_7_and_8(void *argument)
{
	struct stage *stage = argument;

	wait_until(stage->over || mailbox_counts(stage->box).receivers_waiting);
	stage->partner_result = send_number(stage->box, 0, 7) ?: send_number(stage->box, 0, 8);
	return NULL;
}

static void sender_will_come(struct stage *stage)
{
	stage->number = 0;
	partner_start(stage, send_7_and_8);
}

/* Handed to a receive that then failed, 7 is before 8 again. */
static void both_are_in_order(struct stage *stage)
{
	partner_join(stage);
	NEED(!stage->partner_result);
	NEED(mailbox_counts(stage->box).queued == 2);
	NEED(mailbox_counts(stage->box).received == stage->before.box.received);
}

static void received_7_before_8(struct stage *stage)
{
	/* It was joined if the first try failed. */
	if (stage->result >= 0)
		partner_join(stage);
	got_7_before_8(stage);
}

A_FAULT(in_waiting_to_receive,
	RECEIVE(stage->box, &stage->out, NUMBER_PLACE, .deadline = stage->deadline),
	.prepare = sender_will_come, .undone = both_are_in_order, .done = received_7_before_8)

static void *send_synchronously(void *argument)
{
	struct stage *stage = argument;

	stage->partner_result = SEND(stage->box, NUMBER(7), .flags = MSGPASS_SYNCHRONOUS,
				     .deadline = soon());
	return NULL;
}

static void sender_waits(struct stage *stage)
{
	stage->number = 0;
	partner_start(stage, send_synchronously);
	NEED(wait_until(mailbox_counts(stage->box).queued == 1));
}

static void sender_was_told(struct stage *stage)
{
	partner_join(stage);
	NEED(!stage->partner_result);
	NEED(stage->number == 7);
	box_is_empty(stage);
}

/* Its sender waits on while receives of it fail. */
A_FAULT(in_receiving_what_is_sent_synchronously,
	RECEIVE(stage->box, NULL, NUMBER_PLACE, NONBLOCK),
	.prepare = sender_waits, .done = sender_was_told)

/* --- with a lifetime, with a receipt */

A_FAULT(in_sending_with_a_lifetime, SEND(stage->box, NUMBER(7), NONBLOCK, .lifetime = HOUR),
	.done = box_holds_7)

static void queue_7_for_an_hour(struct stage *stage)
{
	stage->number = 0;
	NEED(!SEND(stage->box, NUMBER(7), NONBLOCK, .lifetime = HOUR));
	NEED(!send_number(stage->box, 0, 8));
}

A_FAULT(in_receiving_with_a_lifetime, RECEIVE(stage->box, &stage->out, NUMBER_PLACE, NONBLOCK),
	.prepare = queue_7_for_an_hour, .done = got_7_before_8)

#define COOKIE 77

static void need_receipt(struct stage *stage)
{
	struct msgpass_receipt receipt = {};
	struct msgpass_receive out;

	NEED(!RECEIVE(stage->device, &out, BYTES(&receipt, sizeof(receipt)),
		      .flags = MSGPASS_NONBLOCK | MSGPASS_RECEIPT));
	NEED(receipt.outcome == MSGPASS_RECEIPT_RECEIVED);
	NEED(receipt.cookie == COOKIE);
	NEED(receipt.by_peer);
	NEED(TAKE(stage->device) == -EAGAIN);
}

static void box_holds_7_with_a_receipt(struct stage *stage)
{
	NEED(TAKE(stage->device) == -EAGAIN);
	box_holds_7(stage);
	need_receipt(stage);
}

A_FAULT(in_sending_with_a_receipt,
	SEND(stage->box, NUMBER(7), .flags = MSGPASS_NONBLOCK | MSGPASS_RECEIPT, .cookie = COOKIE),
	.done = box_holds_7_with_a_receipt)

static void queue_7_with_a_receipt(struct stage *stage)
{
	stage->number = 0;
	NEED(!SEND(stage->box, NUMBER(7), .flags = MSGPASS_NONBLOCK | MSGPASS_RECEIPT,
		   .cookie = COOKIE));
}

static void got_7_and_told_so(struct stage *stage)
{
	NEED(stage->number == 7);
	need_receipt(stage);
	box_is_empty(stage);
}

A_FAULT(in_receiving_with_a_receipt, RECEIVE(stage->box, NULL, NUMBER_PLACE, NONBLOCK),
	.prepare = queue_7_with_a_receipt, .done = got_7_and_told_so)

static void queue_a_receipt(struct stage *stage)
{
	queue_7_with_a_receipt(stage);
	NEED(TAKE(stage->box) == 7);
}

static long receive_receipt(struct stage *stage)
{
	struct msgpass_receipt receipt = {};
	long ret = RECEIVE(stage->device, NULL, BYTES(&receipt, sizeof(receipt)),
			   .flags = MSGPASS_NONBLOCK | MSGPASS_RECEIPT);

	return ret || receipt.cookie == COOKIE ? ret : -EBADMSG;
}

static void inbox_is_empty(struct stage *stage)
{
	NEED(TAKE(stage->device) == -EAGAIN);
}

A_FAULT(in_receiving_a_receipt, receive_receipt(stage),
	.prepare = queue_a_receipt, .done = inbox_is_empty)

/* --- with file descriptors */

#define FDS(pointer, number) .fds = (uintptr_t)(pointer), .fds_count = (number)
#define FDS_PLACE .fds = (uintptr_t)stage->got, .fds_room = MSGPASS_FDS_MAX

static void need_files(struct stage *stage, unsigned int count)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		NEED(write(stage->got[i], &(uint64_t){ 1 }, 8) == 8);
		NEED(!close(stage->got[i]));
	}
	NEED(read(stage->file, &sum, sizeof(sum)) == sizeof(sum));
	NEED(sum == count);
}

static void box_holds_files(struct stage *stage)
{
	NEED(!RECEIVE(stage->box, &stage->out, NUMBER_PLACE, FDS_PLACE, NONBLOCK));
	NEED(stage->number == 7);
	NEED(stage->out.out_fds == 3);
	need_files(stage, 3);
	box_is_empty(stage);
}

static const int *three_files(struct stage *stage)
{
	stage->fds[0] = stage->file;
	stage->fds[1] = stage->file;
	stage->fds[2] = stage->file;
	return stage->fds;
}

A_FAULT(in_sending_files, SEND(stage->box, NUMBER(7), FDS(three_files(stage), 3), NONBLOCK),
	.done = box_holds_files)

static void box_holds_all(struct stage *stage)
{
	NEED(TAKE(stage->device) == -EAGAIN);
	box_holds_files(stage);
	need_receipt(stage);
}

A_FAULT(in_sending_with_all_there_is,
	SEND(stage->box, NUMBER(7), .flags = MSGPASS_NONBLOCK | MSGPASS_RECEIPT, .cookie = COOKIE,
	     .lifetime = HOUR, FDS(three_files(stage), 3)),
	.done = box_holds_all)

static void queue_files(struct stage *stage)
{
	NEED(!SEND(stage->box, NUMBER(7), FDS(three_files(stage), 3), NONBLOCK));
}

static void got_files(struct stage *stage)
{
	NEED(stage->number == 7);
	need_files(stage, 3);
	box_is_empty(stage);
}

A_FAULT(in_receiving_files, RECEIVE(stage->box, NULL, NUMBER_PLACE, FDS_PLACE, NONBLOCK),
	.prepare = queue_files, .done = got_files)

static void got_no_files(struct stage *stage)
{
	NEED(stage->number == 7);
	box_is_empty(stage);
}

A_FAULT(in_reading_what_has_files, read_number(stage), .prepare = queue_files,
	.done = got_no_files)

static void got_right(struct stage *stage)
{
	NEED(!send_number(stage->got[0], 0, 9));
	NEED(TAKE(stage->other) == 9);
	NEED(!close(stage->got[0]));
	NEED(!close(stage->got[1]));
	box_is_empty(stage);
}

static const int *two_rights(struct stage *stage)
{
	stage->fds[0] = stage->other;
	stage->fds[1] = stage->other;
	return stage->fds;
}

static void box_holds_right(struct stage *stage)
{
	NEED(!RECEIVE(stage->box, NULL, NUMBER_PLACE, FDS_PLACE, NONBLOCK));
	got_right(stage);
}

A_FAULT(in_sending_rights, SEND(stage->box, NUMBER(7), FDS(two_rights(stage), 2), NONBLOCK),
	.done = box_holds_right)

static void queue_rights(struct stage *stage)
{
	NEED(!SEND(stage->box, NUMBER(7), FDS(two_rights(stage), 2), NONBLOCK));
}

A_FAULT(in_receiving_rights, RECEIVE(stage->box, NULL, NUMBER_PLACE, FDS_PLACE, NONBLOCK),
	.prepare = queue_rights, .done = got_right)

/* The table of descriptors has to grow for the second one. */
static void fill_fds(struct stage *stage)
{
	while (lowest_fd() < 63)
		NEED(dup(stage->file) >= 0);
}

static void no_fd_is_left(struct stage *stage)
{
	NEED(lowest_fd() == 63);
	as_in_box(stage);
}

A_FAULT(in_growing_the_table_of_descriptors,
	RECEIVE(stage->box, NULL, NUMBER_PLACE, FDS_PLACE, NONBLOCK),
	.prepare = queue_files, .in_child = fill_fds, .undone = no_fd_is_left,
	.done = box_is_empty)

/* --- processes that are new to it */

static void child_comes(struct stage *stage)
{
	stage->child = child_idle();
}

static void child_holds_7(struct stage *stage)
{
	NEED(inbox_counts(stage->device, stage->child).queued == 1);
	NEED(child_kill(stage->child) == -SIGKILL);
}

static void child_holds_nothing(struct stage *stage)
{
	NEED(inbox_counts(stage->device, stage->child).queued == 0);
}

A_FAULT(in_the_first_send_to_a_process,
	SEND(stage->device, .to = stage->child, NUMBER(7), NONBLOCK),
	.prepare = child_comes, .undone = child_holds_nothing, .done = child_holds_7)

static long receive_from_nobody(struct stage *stage)
{
	long ret = RECEIVE(stage->device, NULL, NUMBER_PLACE, .from = stage->child, .deadline = 1);

	return ret == -ETIMEDOUT ? 0 : ret;
}

static void child_goes(struct stage *stage)
{
	NEED(child_kill(stage->child) == -SIGKILL);
}

/* Who makes its inbox pays for that as long as the process lives. */
static void child_has_an_inbox(struct stage *stage)
{
	child_comes(stage);
	NEED(!receive_from_nobody(stage));
}

A_FAULT(in_waiting_for_a_process, receive_from_nobody(stage),
	.prepare = child_has_an_inbox, .done = child_goes)

static int64_t receive_7(int fd)
{
	int64_t number = TAKE(fd);

	return number < 0 ? number : number == 7 ? 0 : -EBADMSG;
}

A_FAULT(in_the_first_receive_of_a_process, receive_7(stage->box),
	.prepare = queue_7_with_a_receipt, .in_child = as_whatever, .undone = as_in_box,
	.done = need_receipt)

static long read_7(struct stage *stage)
{
	uint32_t number = 0;

	if (read(stage->box, &number, sizeof(number)) < 0)
		return -errno;
	return number == 7 ? 0 : -EBADMSG;
}

A_FAULT(in_the_first_read_of_a_process, read_7(stage),
	.prepare = queue_7_with_a_receipt, .in_child = as_whatever, .undone = as_in_box,
	.done = need_receipt)

A_FAULT(in_the_first_write_of_a_process,
	write(stage->box, &(uint32_t){ 7 }, 4) == 4 ? 0 : -errno,
	.in_child = as_whatever, .undone = as_in_box, .done = box_holds_7)

A_FAULT(in_the_first_send_of_a_process,
	SEND(stage->device, .to = getppid(), NUMBER(7), NONBLOCK),
	.in_child = as_whatever, .undone = as_in_box, .done = inbox_holds_7)

static long ask(struct stage *stage)
{
	struct msgpass_info out;

	return info(stage->device, &out);
}

A_FAULT(in_the_first_question_of_a_process, ask(stage), .in_child = as_whatever,
	.undone = as_in_box)

/* It has an inbox, but nobody knows this user. */
static void as_another_user(struct stage *stage)
{
	NEED(!ask(stage));
	NEED(!setresuid(OTHER_USER, OTHER_USER, OTHER_USER));
}

A_FAULT(in_the_first_question_of_a_user, ask(stage), .in_child = as_another_user,
	.undone = as_whatever)

static long open_and_close(struct stage *stage)
{
	int fd = device_open();

	(void)stage;
	if (fd >= 0)
		close(fd);
	return fd;
}

A_FAULT(in_opening_the_device, open_and_close(stage), .in_child = as_whatever, .undone = as_in_box)

#endif
