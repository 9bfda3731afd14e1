// SPDX-License-Identifier: GPL-2.0
/*
 * msgpass by call, and reply and receive: one ioctl each for a round trip.
 */
#include "bench.h"

static void open_direct(struct way *way)
{
	way->in = device_open();
	way->out = way->in;
	CHECK(way->in >= 0);
}

static void open_mailbox(struct way *way)
{
	int device = device_open();

	way->in = mailbox_new(device);
	way->out = way->in;
	CHECK(way->in >= 0);
	close(device);
}

static void call_to(struct way *there, struct way *back, uint64_t receiver)
{
	struct msgpass_call argument = {
		.size = sizeof(argument),
		.flags = there->flags,
		.to = receiver,
		BYTES(there->bytes, there->size),
		PLACE(back->place, back->size),
	};

	CHECK(!ioctl(there->out, MSGPASS_IOC_CALL, &argument));
	CHECK(argument.out_length == back->size);
}

static void call_direct(struct way *there, struct way *back)
{
	call_to(there, back, there->receiver);
}

static void call_mailbox(struct way *there, struct way *back)
{
	call_to(there, back, 0);
}

/* The first request; all others come with the reply to the one before. */
static void receive_call(struct way *way)
{
	struct msgpass_receive argument = {
		.size = sizeof(argument),
		BYTES(way->place, way->size),
	};

	CHECK(!ioctl(way->in, MSGPASS_IOC_RECEIVE, &argument));
	way->token = argument.out_token;
}

static void reply_receive(struct way *there, struct way *back)
{
	struct msgpass_reply_receive argument = {
		.size = sizeof(argument),
		.reply = { .token = there->token, BYTES(back->bytes, back->size) },
		.receive = { .flags = there->flags, BYTES(there->place, there->size) },
	};

	CHECK(!ioctl(there->in, MSGPASS_IOC_REPLY_RECEIVE, &argument));
	CHECK(argument.receive.out_length == there->size);
	there->token = argument.receive.out_token;
}

/* The peers never sleep; nor do these, then, however long the other takes. */
static void spin(struct way *way)
{
	CHECK(!parameter_set("spin_ns", 100000000));
	way->flags = MSGPASS_SPIN;
}

const struct mechanism bench_msgpass_direct_call = {
	.name = "msgpass_direct_call",
	.open = open_direct,
	.receive = receive_call,
	.ask = call_direct,
	.answer = reply_receive,
	.spin = spin,
};

const struct mechanism bench_msgpass_mailbox_call = {
	.name = "msgpass_mailbox_call",
	.open = open_mailbox,
	.receive = receive_call,
	.ask = call_mailbox,
	.answer = reply_receive,
	.spin = spin,
};
