/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults in calls and replies. A call that fails was not sent, or goes on by its token: done
 * again with the struct as the module left it, it comes to one reply to one request.
 */
#ifndef FAULTS_CALL_H
#define FAULTS_CALL_H

#include "faults_message.h"

#define STOP 0xffffffff

/* --- a server on the other side, which replies n + 1 to n until it is told to stop */

static void *serve(void *argument)
{
	struct stage *stage = argument;
	struct msgpass_receive out;
	uint32_t number;
	int ret;

	for (;;) {
		ret = RECEIVE(stage->box, &out, BYTES(&number, sizeof(number)),
			      .deadline = soon());
		if (ret || number == STOP)
			break;
		stage->partner_count++;
		ret = REPLY(stage->box, out.out_token, NUMBER(number + 1), FDS(&stage->file, 1));
		if (ret)
			break;
	}
	stage->partner_result = ret;
	return NULL;
}

/* What a program does whose call fails: it calls again with the same struct. */
static void new_call(struct stage *stage)
{
	static const uint32_t request = 7;

	stage->number = 0;
	stage->call = (struct msgpass_call){
		.size = sizeof(stage->call), BYTES(&request, sizeof(request)),
		.deadline = soon(),
		PLACE_OF(stage->number), .reply_fds = (uintptr_t)stage->got, .reply_fds_room = 1,
	};
}

static void server_waits(struct stage *stage)
{
	new_call(stage);
	partner_start(stage, serve);
	NEED(wait_until(mailbox_counts(stage->box).receivers_waiting == 1));
}

/* Who has the token may go on; who has none has sent nothing. */
static void unsent_or_goes_on(struct stage *stage)
{
	NEED(stage->partner_count == (stage->call.token ? 1 : 0));
	NEED(lowest_fd() == stage->before.lowest_fd);
}

static void reply_came(struct stage *stage)
{
	NEED(stage->number == 8);
	NEED(stage->call.token == 0);
	NEED(stage->call.out_length == sizeof(stage->number));
	NEED(stage->call.out_fds == 1);
	need_files(stage, 1);
}

static void one_reply_to_one_request(struct stage *stage)
{
	reply_came(stage);
	NEED(!send_number(stage->box, 0, STOP));
	partner_join(stage);
	NEED(!stage->partner_result);
	NEED(stage->partner_count == 1);
}

A_FAULT(in_a_call, call(stage->box, MSGPASS_IOC_CALL, &stage->call),
	.prepare = server_waits, .undone = unsent_or_goes_on, .done = one_reply_to_one_request)

/* --- a look at who waits */

static long list_waits(struct stage *stage)
{
	struct msgpass_wait_element waits[2];
	struct msgpass_wait_list list = {
		.size = sizeof(list), .elements = (uintptr_t)waits, .count = ARRAY_SIZE(waits),
	};
	long ret = call(stage->box, MSGPASS_IOC_WAIT_LIST, &list);

	NEED(ret < 0 || (ret == 1 && waits[0].out_reason == MSGPASS_FOR_MESSAGE));
	return ret < 0 ? ret : 0;
}

static void server_still_waits(struct stage *stage)
{
	NEED(mailbox_counts(stage->box).receivers_waiting == 1);
}

static void server_stops(struct stage *stage)
{
	NEED(!send_number(stage->box, 0, STOP));
	partner_join(stage);
	NEED(!stage->partner_result);
}

A_FAULT(in_listing_who_waits, list_waits(stage),
	.prepare = server_waits, .undone = server_still_waits, .done = server_stops)

/* --- one that does not wait: this thread is the server, too */

static long begin_call(struct stage *stage)
{
	long ret = call(stage->box, MSGPASS_IOC_CALL, &stage->call);

	return ret == -EINPROGRESS ? 0 : ret;
}

static void new_call_without_waiting(struct stage *stage)
{
	new_call(stage);
	stage->call.flags = MSGPASS_NONBLOCK;
}

static void take_request(struct stage *stage, int fd, uint32_t number)
{
	uint32_t got = 0;

	NEED(!RECEIVE(fd, &stage->out, BYTES(&got, sizeof(got)), FDS_PLACE, NONBLOCK));
	NEED(got == number);
	NEED(stage->out.out_token);
	stage->token = stage->out.out_token;
}

static void give_reply(struct stage *stage)
{
	NEED(!REPLY(stage->device, stage->token, NUMBER(8), FDS(&stage->file, 1)));
}

static void fetch_reply(struct stage *stage)
{
	NEED(!call(stage->box, MSGPASS_IOC_CALL, &stage->call));
	reply_came(stage);
}

static void call_has_begun(struct stage *stage)
{
	NEED(stage->call.token);
	take_request(stage, stage->box, 7);
	give_reply(stage);
	fetch_reply(stage);
	box_is_empty(stage);
}

static void no_call_has_begun(struct stage *stage)
{
	NEED(!stage->call.token);
	all_is_as_it_was(stage);
}

A_FAULT(in_beginning_a_call, begin_call(stage), .prepare = new_call_without_waiting,
	.undone = no_call_has_begun, .done = call_has_begun)

static void new_direct_call(struct stage *stage)
{
	new_call_without_waiting(stage);
	stage->call.to = getpid();
	stage->call.fds = (uintptr_t)three_files(stage);
	stage->call.fds_count = 3;
}

static long begin_direct_call(struct stage *stage)
{
	long ret = call(stage->device, MSGPASS_IOC_CALL, &stage->call);

	return ret == -EINPROGRESS ? 0 : ret;
}

static void direct_call_has_begun(struct stage *stage)
{
	NEED(stage->call.token);
	take_request(stage, stage->device, 7);
	need_files(stage, 3);
	give_reply(stage);
	fetch_reply(stage);
}

A_FAULT(in_a_direct_call_with_files, begin_direct_call(stage), .prepare = new_direct_call,
	.undone = no_call_has_begun, .done = direct_call_has_begun)

static void request_is_queued(struct stage *stage)
{
	new_call_without_waiting(stage);
	NEED(!begin_call(stage));
}

static void request_is_taken(struct stage *stage)
{
	request_is_queued(stage);
	take_request(stage, stage->box, 7);
}

static void reply_is_there(struct stage *stage)
{
	request_is_taken(stage);
	give_reply(stage);
}

static void the_call_goes_on(struct stage *stage)
{
	NEED(stage->call.token);
	all_is_as_it_was(stage);
}

A_FAULT(in_fetching_a_reply, call(stage->box, MSGPASS_IOC_CALL, &stage->call),
	.prepare = reply_is_there, .undone = the_call_goes_on, .done = reply_came)

static long cancel_call(struct stage *stage)
{
	stage->call.flags = MSGPASS_CANCEL;
	return call(stage->box, MSGPASS_IOC_CALL, &stage->call);
}

static void call_is_over(struct stage *stage)
{
	NEED(stage->call.token == 0);
	NEED(reply_number(stage->device, stage->token, 8) == -ESRCH);
}

A_FAULT(in_giving_up_a_call, cancel_call(stage), .prepare = request_is_taken,
	.done = call_is_over)

/* --- the server's side */

static long receive_request(struct stage *stage)
{
	long ret = RECEIVE(stage->box, &stage->out, NUMBER_PLACE, NONBLOCK);

	stage->token = stage->out.out_token;
	return ret;
}

static void request_came(struct stage *stage)
{
	NEED(stage->number == 7);
	give_reply(stage);
	fetch_reply(stage);
}

A_FAULT(in_receiving_a_request, receive_request(stage), .prepare = request_is_queued,
	.done = request_came)

static void queue_request_with_files(struct stage *stage)
{
	new_call_without_waiting(stage);
	stage->call.fds = (uintptr_t)three_files(stage);
	stage->call.fds_count = 3;
	NEED(!begin_call(stage));
}

static long receive_request_with_files(struct stage *stage)
{
	long ret = RECEIVE(stage->box, &stage->out, NUMBER_PLACE, FDS_PLACE, NONBLOCK);

	stage->token = stage->out.out_token;
	return ret;
}

static void request_came_with_files(struct stage *stage)
{
	NEED(stage->number == 7);
	need_files(stage, 3);
	give_reply(stage);
	fetch_reply(stage);
}

A_FAULT(in_receiving_a_request_with_files, receive_request_with_files(stage),
	.prepare = queue_request_with_files, .done = request_came_with_files)

/* With the process goes what it has taken. */
static void caller_was_told(struct stage *stage)
{
	stage->call.flags = 0;
	NEED(call(stage->box, MSGPASS_IOC_CALL, &stage->call) == -EPIPE);
	NEED(stage->call.token == 0);
}

A_FAULT(in_the_first_request_of_a_process, receive_request(stage), .prepare = request_is_queued,
	.in_child = as_whatever, .undone = as_in_box, .done = caller_was_told)

A_FAULT(in_the_first_call_of_a_process,
	timed_out(CALL(stage->box, NULL, NUMBER(7), .deadline = 1)),
	.in_child = as_whatever, .undone = as_in_box)

/* It has taken none, so it is all the same which. */
static long none(int result)
{
	return result == -ESRCH ? 0 : result;
}

static int read_none(int fd, unsigned int number)
{
	struct msgpass_request_read request = { .size = sizeof(request), .token = 1 };
	struct msgpass_piece_read piece = { .size = sizeof(piece), .token = 1 };

	return call(fd, number, number == MSGPASS_IOC_PIECE_READ ? (void *)&piece : &request);
}

A_FAULT(in_replying_to_none, none(reply_number(stage->box, 1, 7)),
	.in_child = as_whatever, .undone = as_in_box)

A_FAULT(in_forwarding_none, none(FORWARD(stage->box, 1, NUMBER(7))),
	.in_child = as_whatever, .undone = as_in_box)

A_FAULT(in_reading_no_request, none(read_none(stage->box, MSGPASS_IOC_REQUEST_READ)),
	.in_child = as_whatever, .undone = as_in_box)

A_FAULT(in_reading_no_piece, none(read_none(stage->box, MSGPASS_IOC_PIECE_READ)),
	.in_child = as_whatever, .undone = as_in_box)

static struct msgpass_request_read *reading(struct stage *stage)
{
	static struct msgpass_request_read read;

	read = (struct msgpass_request_read){
		.size = sizeof(read), .token = stage->token, NUMBER_PLACE,
	};
	return &read;
}

A_FAULT(in_reading_a_request, call(stage->box, MSGPASS_IOC_REQUEST_READ, reading(stage)),
	.prepare = request_is_taken, .done = request_came)

A_FAULT(in_replying, REPLY(stage->device, stage->token, NUMBER(8), FDS(&stage->file, 1)),
	.prepare = request_is_taken, .done = fetch_reply)

static void much_came(struct stage *stage)
{
	stage->call.reply_data = (uintptr_t)stage->buffer;
	stage->call.reply_length = LARGE;
	memset(stage->buffer, 0, LARGE);
	NEED(!call(stage->box, MSGPASS_IOC_CALL, &stage->call));
	got_much(stage);
}

static void much_is_asked_for(struct stage *stage)
{
	pattern(stage);
	request_is_taken(stage);
}

A_FAULT(in_replying_much, REPLY(stage->device, stage->token, BYTES(pieces_of(stage, 15), 15),
				.flags = MSGPASS_IOVEC),
	.prepare = much_is_asked_for, .done = much_came)

A_FAULT(in_giving_up_a_request, give_up(stage->device, stage->token),
	.prepare = request_is_taken, .done = caller_was_told)

static void other_has_the_call(struct stage *stage)
{
	take_request(stage, stage->other, 9);
	need_files(stage, 1);
	give_reply(stage);
	fetch_reply(stage);
}

A_FAULT(in_forwarding, FORWARD(stage->other, stage->token, NUMBER(9), FDS(&stage->file, 1),
			       NONBLOCK),
	.prepare = request_is_taken, .done = other_has_the_call)

static void reply_and_message_are_due(struct stage *stage)
{
	static const uint32_t reply = 8;

	request_is_taken(stage);
	NEED(!send_number(stage->box, 0, 10));
	stage->number = 0;
	stage->both = (struct msgpass_reply_receive){
		.size = sizeof(stage->both),
		.reply = {
			.token = stage->token, BYTES(&reply, sizeof(reply)),
			FDS(&stage->file, 1),
		},
		.out_reply_error = -1,
		.receive = { NUMBER_PLACE, NONBLOCK },
	};
}

/* The reply was given, or is still to be given: as the token says. */
static void replied_or_not(struct stage *stage)
{
	struct counts now = mailbox_counts(stage->box);

	NEED(same_counts(&now, &stage->before.box));
	stage->number = 0;
	if (!stage->both.reply.token) {
		NEED(stage->both.out_reply_error == 0);
		return;
	}
	NEED(stage->both.reply.token == stage->token);
	NEED(call(stage->box, MSGPASS_IOC_CALL, &stage->call) == -EAGAIN);
}

static void replied_and_received(struct stage *stage)
{
	NEED(stage->both.out_reply_error == 0);
	NEED(stage->number == 10);
	box_is_empty(stage);
	fetch_reply(stage);
}

A_FAULT(in_replying_and_receiving,
	call(stage->box, MSGPASS_IOC_REPLY_RECEIVE, &stage->both),
	.prepare = reply_and_message_are_due, .undone = replied_or_not,
	.done = replied_and_received)

#endif
