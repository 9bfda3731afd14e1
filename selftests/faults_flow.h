/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults in flows and in what is received in pieces.
 */
#ifndef FAULTS_FLOW_H
#define FAULTS_FLOW_H

#include "faults_message.h"

/* The mailbox takes no longer messages than that: what is LARGE flows. */
static void only_small(struct stage *stage)
{
	NEED(!MAILBOX_SET(stage->box, .set = MSGPASS_SET_MESSAGE_MAX, .message_max = 4096));
}

static struct msgpass_send a_flow(struct stage *stage)
{
	return (struct msgpass_send){
		.size = sizeof(struct msgpass_send), .flags = MSGPASS_FLOW,
		.deadline = soon(), BYTES(stage->buffer, LARGE),
	};
}

/* --- its sender */

static char partners_buffer[BUFFER_SIZE];

static void *receive_flow(void *argument)
{
	struct stage *stage = argument;
	struct msgpass_receive out;

	stage->partner_result = RECEIVE(stage->box, &out, .deadline = soon(),
					BYTES(partners_buffer, sizeof(partners_buffer)));
	stage->partner_count = out.out_length;
	return NULL;
}

static void flow_is_awaited(struct stage *stage)
{
	only_small(stage);
	pattern(stage);
	stage->send = a_flow(stage);
	partner_start(stage, receive_flow);
	NEED(wait_until(mailbox_counts(stage->box).receivers_waiting == 1));
}

static void flow_went_through(struct stage *stage)
{
	partner_join(stage);
	NEED(!stage->partner_result);
	NEED(stage->partner_count == LARGE);
	NEED(stage->send.out_count == LARGE);
	NEED(!memcmp(partners_buffer, stage->buffer, LARGE));
	box_is_empty(stage);
}

A_FAULT(in_sending_a_flow, call(stage->box, MSGPASS_IOC_SEND, &stage->send),
	.prepare = flow_is_awaited, .done = flow_went_through)

static void gathered_flow_is_awaited(struct stage *stage)
{
	flow_is_awaited(stage);
	stage->send.flags |= MSGPASS_IOVEC;
	stage->send.data = (uintptr_t)pieces_of(stage, 15);
	stage->send.length = 15;
}

A_FAULT(in_gathering_a_flow, call(stage->box, MSGPASS_IOC_SEND, &stage->send),
	.prepare = gathered_flow_is_awaited, .done = flow_went_through)

static void short_flow(struct stage *stage)
{
	static const uint32_t seven = 7;

	stage->send = (struct msgpass_send){
		.size = sizeof(stage->send), .flags = MSGPASS_FLOW | MSGPASS_NONBLOCK,
		BYTES(&seven, sizeof(seven)),
	};
}

static void short_flow_is_queued(struct stage *stage)
{
	NEED(stage->send.out_count == sizeof(uint32_t));
	box_holds_7(stage);
}

A_FAULT(in_sending_a_flow_that_is_short, call(stage->box, MSGPASS_IOC_SEND, &stage->send),
	.prepare = short_flow, .done = short_flow_is_queued)

A_FAULT(in_the_first_flow_of_a_process,
	timed_out(SEND(stage->box, BYTES(stage->buffer, LARGE), .flags = MSGPASS_FLOW, .deadline = 1)),
	.prepare = only_small, .in_child = as_whatever, .undone = as_in_box)

/* The pages of the second from the same memory are kept for a third. */
static void first_flow(struct stage *stage)
{
	NEED(SEND(stage->box, BYTES(stage->buffer, LARGE), .flags = MSGPASS_FLOW,
		  .deadline = 1) == -ETIMEDOUT);
}

A_FAULT(in_the_second_flow_of_a_process,
	timed_out(SEND(stage->box, BYTES(stage->buffer, LARGE), .flags = MSGPASS_FLOW, .deadline = 1)),
	.prepare = only_small, .in_child = first_flow, .undone = as_in_box)

/* --- its receiver */

static void *send_flow(void *argument)
{
	struct stage *stage = argument;

	do {
		stage->send = a_flow(stage);
		stage->partner_result = call(stage->box, MSGPASS_IOC_SEND, &stage->send);
		/* The fault hit what it takes to read the sender's memory. */
	} while (stage->partner_result == -ENOMEM);
	return NULL;
}

static void flow_is_due(struct stage *stage)
{
	only_small(stage);
	pattern(stage);
	partner_start(stage, send_flow);
	NEED(wait_until(mailbox_counts(stage->box).queued == 1));
}

static void flow_is_done(struct stage *stage, uint64_t through)
{
	partner_join(stage);
	NEED(!stage->partner_result);
	NEED(stage->send.out_count == through);
	box_is_empty(stage);
}

static void flow_came(struct stage *stage)
{
	flow_is_done(stage, LARGE);
	NEED(!memcmp(partners_buffer, stage->buffer, LARGE));
}

A_FAULT(in_receiving_a_flow,
	RECEIVE(stage->box, NULL, BYTES(partners_buffer, LARGE), NONBLOCK),
	.prepare = flow_is_due, .done = flow_came)

/* What one page of page tables maps. */
#define TABLE_SIZE (2UL << 20)

/* Of zeros, where there are neither pages nor page tables yet. */
static void untouched_flow_is_due(struct stage *stage)
{
	char *memory = mmap(NULL, 3 * TABLE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(memory != MAP_FAILED);
	free(stage->buffer);
	stage->untouched = memory;
	stage->buffer = (char *)(((uintptr_t)memory + TABLE_SIZE) & -TABLE_SIZE);
	only_small(stage);
	partner_start(stage, send_flow);
	NEED(wait_until(mailbox_counts(stage->box).queued == 1));
}

/* What fails for want of the sender's memory is the sender's, who tries again. */
static void untouched_flow_came(struct stage *stage)
{
	flow_came(stage);
	NEED(!munmap(stage->untouched, 3 * TABLE_SIZE));
	stage->buffer = malloc(BUFFER_SIZE);
}

A_FAULT(in_receiving_a_flow_of_untouched_memory,
	RECEIVE(stage->box, NULL, BYTES(partners_buffer, LARGE), .deadline = stage->deadline),
	.prepare = untouched_flow_is_due, .done = untouched_flow_came)

static void flow_was_peeked_at(struct stage *stage)
{
	NEED(!memcmp(partners_buffer, stage->buffer, 100));
	NEED(!RECEIVE(stage->box, NULL, BYTES(partners_buffer, LARGE), NONBLOCK));
	flow_came(stage);
}

A_FAULT(in_peeking_at_a_flow, RECEIVE(stage->box, NULL, BYTES(partners_buffer, 100),
				      .flags = MSGPASS_NONBLOCK | MSGPASS_PEEK | MSGPASS_TRUNCATE),
	.prepare = flow_is_due, .done = flow_was_peeked_at)

static void flow_was_cut_off(struct stage *stage)
{
	flow_is_done(stage, 100);
}

A_FAULT(in_cutting_off_a_flow, RECEIVE(stage->box, NULL, BYTES(partners_buffer, 100),
				       .flags = MSGPASS_NONBLOCK | MSGPASS_TRUNCATE),
	.prepare = flow_is_due, .done = flow_was_cut_off)

/* --- pieces */

#define HEAD 5000

static struct msgpass_piece_read *next_piece(struct stage *stage)
{
	static struct msgpass_piece_read read;

	read = (struct msgpass_piece_read){
		.size = sizeof(read), .token = stage->out.out_token,
		BYTES(partners_buffer + HEAD, LARGE - HEAD),
	};
	return &read;
}

static void need_head(struct stage *stage)
{
	NEED(stage->out.out_flags & MSGPASS_OUT_PIECES);
	NEED(stage->out.out_remaining == LARGE - HEAD);
	NEED(!memcmp(partners_buffer, stage->buffer, HEAD));
}

static void read_the_rest(struct stage *stage)
{
	need_head(stage);
	NEED(!call(stage->box, MSGPASS_IOC_PIECE_READ, next_piece(stage)));
}

static void flow_came_in_pieces(struct stage *stage)
{
	read_the_rest(stage);
	flow_came(stage);
}

#define RECEIVE_HEAD(fd) RECEIVE(fd, &stage->out, BYTES(partners_buffer, HEAD),	\
				 .flags = MSGPASS_NONBLOCK | MSGPASS_PIECES)

A_FAULT(in_receiving_the_head_of_a_flow, RECEIVE_HEAD(stage->box),
	.prepare = flow_is_due, .done = flow_came_in_pieces)

static void head_of_flow_was_received(struct stage *stage)
{
	flow_is_due(stage);
	NEED(!RECEIVE_HEAD(stage->box));
	need_head(stage);
}

A_FAULT(in_reading_the_rest_of_a_flow,
	call(stage->box, MSGPASS_IOC_PIECE_READ, next_piece(stage)),
	.prepare = head_of_flow_was_received, .done = flow_came)

static void much_is_queued(struct stage *stage)
{
	pattern(stage);
	NEED(!SEND(stage->other, BYTES(stage->buffer, LARGE), NONBLOCK));
}

static void much_came_in_pieces(struct stage *stage)
{
	read_the_rest(stage);
	NEED(!memcmp(partners_buffer, stage->buffer, LARGE));
}

A_FAULT(in_receiving_the_head, RECEIVE_HEAD(stage->other),
	.prepare = much_is_queued, .done = much_came_in_pieces)

static void head_was_received(struct stage *stage)
{
	much_is_queued(stage);
	NEED(!RECEIVE_HEAD(stage->other));
}

static void all_pieces_came(struct stage *stage)
{
	NEED(!memcmp(partners_buffer, stage->buffer, LARGE));
}

A_FAULT(in_reading_the_rest, call(stage->box, MSGPASS_IOC_PIECE_READ, next_piece(stage)),
	.prepare = head_was_received, .done = all_pieces_came)

/* Another pays from the head on. */
static void much_is_queued_for_another(struct stage *stage)
{
	much_is_queued(stage);
	NEED(!seteuid(FATHER));
}

static void another_paid(struct stage *stage)
{
	NEED(user_bytes(stage->device) > LARGE);
	much_came_in_pieces(stage);
	NEED(!user_bytes(stage->device));
	NEED(!seteuid(0));
}

A_FAULT(in_receiving_the_head_for_another, RECEIVE_HEAD(stage->other),
	.prepare = much_is_queued_for_another, .done = another_paid)

/* What is shared with others is copied first. */
static void much_is_broadcast(struct stage *stage)
{
	pattern(stage);
	stage->fd = MAILBOX_OPEN(stage->device, "", OPEN_NEW | MSGPASS_OPEN_BROADCAST);
	NEED(stage->fd >= 0);
	NEED(!SEND(stage->fd, BYTES(stage->buffer, LARGE), NONBLOCK));
}

static void broadcast_came_in_pieces(struct stage *stage)
{
	much_came_in_pieces(stage);
	NEED(TAKE(stage->fd) == -EAGAIN);
	NEED(!close(stage->fd));
}

A_FAULT(in_receiving_the_head_of_a_broadcast, RECEIVE_HEAD(stage->fd),
	.prepare = much_is_broadcast, .done = broadcast_came_in_pieces)

/* By a process that is new to it: with it goes the rest. */
A_FAULT(in_the_first_head_of_a_process, RECEIVE_HEAD(stage->other),
	.prepare = much_is_queued, .in_child = as_whatever, .undone = as_in_box)

static struct msgpass_piece_read *skipped(struct stage *stage)
{
	struct msgpass_piece_read *read = next_piece(stage);

	read->flags = MSGPASS_CANCEL;
	return read;
}

static void rest_is_gone(struct stage *stage)
{
	NEED(call(stage->box, MSGPASS_IOC_PIECE_READ, next_piece(stage)) == -ESRCH);
}

A_FAULT(in_skipping_the_rest, call(stage->box, MSGPASS_IOC_PIECE_READ, skipped(stage)),
	.prepare = head_was_received, .done = rest_is_gone)

#endif
