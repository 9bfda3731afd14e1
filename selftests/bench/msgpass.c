// SPDX-License-Identifier: GPL-2.0
/*
 * msgpass by send and receive: to the inbox of the receiving process, and through a mailbox.
 * With a capacity of 0 nothing is queued: each send is a rendezvous with a receiver. Through a
 * mailbox that takes no message of any length, all flow: straight from the sender's memory.
 * And by write() and read() of a mailbox's file, which tell of nothing but the bytes.
 */
#include "bench.h"

static void open_direct(struct way *way)
{
	way->in = device_open();
	way->out = way->in;
	CHECK(way->in >= 0);
}

static void begin_direct(struct way *way)
{
	CHECK(!INBOX_SET(way->in, .set = MSGPASS_SET_CAPACITY, .capacity = way->depth));
}

static void begin_direct_rendezvous(struct way *way)
{
	CHECK(!INBOX_SET(way->in, .set = MSGPASS_SET_CAPACITY));
}

static void open_box(struct way *way, struct msgpass_attributes attributes)
{
	int device = device_open();

	way->in = do_mailbox_open(device, "", OPEN_NEW, attributes);
	way->out = way->in;
	CHECK(way->in >= 0);
	close(device);
}

static void open_mailbox(struct way *way)
{
	const struct msgpass_attributes deep = {
		.set = MSGPASS_SET_CAPACITY,
		.capacity = way->depth,
	};

	open_box(way, deep);
}

static void open_mailbox_rendezvous(struct way *way)
{
	open_box(way, (struct msgpass_attributes){ .set = MSGPASS_SET_CAPACITY });
}

static void open_mailbox_flow(struct way *way)
{
	open_box(way, (struct msgpass_attributes){ .set = MSGPASS_SET_MESSAGE_MAX });
}

static void send_to(struct way *way, uint64_t receiver, uint32_t flags)
{
	struct msgpass_send argument = {
		.size = sizeof(argument),
		.flags = flags,
		.to = receiver,
		BYTES(way->bytes, way->size),
	};

	CHECK(!ioctl(way->out, MSGPASS_IOC_SEND, &argument));
}

static void send_direct(struct way *way)
{
	send_to(way, way->receiver, 0);
}

static void send_mailbox(struct way *way)
{
	send_to(way, 0, 0);
}

static void send_flow(struct way *way)
{
	send_to(way, 0, MSGPASS_FLOW);
}

static void receive(struct way *way)
{
	struct msgpass_receive argument = {
		.size = sizeof(argument),
		BYTES(way->place, way->size),
	};

	CHECK(!ioctl(way->in, MSGPASS_IOC_RECEIVE, &argument));
	CHECK(argument.out_length == way->size);
}

static bool look(struct way *way)
{
	struct msgpass_receive argument = {
		.size = sizeof(argument),
		.flags = MSGPASS_NONBLOCK,
		BYTES(way->place, way->size),
	};
	int ret = ioctl(way->in, MSGPASS_IOC_RECEIVE, &argument);

	CHECK(!ret || errno == EAGAIN);
	return !ret;
}

static void write_message(struct way *way)
{
	CHECK(write(way->out, way->bytes, way->size) == (ssize_t)way->size);
}

static void read_message(struct way *way)
{
	CHECK(read(way->in, way->place, way->size) == (ssize_t)way->size);
}

/* BATCH messages at a time; the elements are filled once. */

static void send_batch_to(struct way *way, uint64_t receiver)
{
	static struct msgpass_send_element elements[BATCH];
	struct msgpass_send_batch argument = {
		.size = sizeof(argument),
		.to = receiver,
		.elements = (uintptr_t)elements,
		.count = BATCH,
	};
	unsigned int i;

	for (i = 0; !elements[BATCH - 1].length && i < BATCH; i++)
		elements[i] = (struct msgpass_send_element){
			BYTES(way->bytes + i * way->size, way->size),
		};
	CHECK(ioctl(way->out, MSGPASS_IOC_SEND_BATCH, &argument) == BATCH);
}

static void send_batch_direct(struct way *way)
{
	send_batch_to(way, way->receiver);
}

static void send_batch_mailbox(struct way *way)
{
	send_batch_to(way, 0);
}

static unsigned int receive_batch(struct way *way)
{
	static struct msgpass_receive_element elements[BATCH];
	struct msgpass_receive_batch argument = {
		.size = sizeof(argument),
		.elements = (uintptr_t)elements,
		.count = BATCH,
	};
	int count;
	unsigned int i;

	for (i = 0; !elements[BATCH - 1].length && i < BATCH; i++)
		elements[i] = (struct msgpass_receive_element){
			BYTES(way->place + i * way->size, way->size),
		};
	count = ioctl(way->in, MSGPASS_IOC_RECEIVE_BATCH, &argument);
	CHECK(count > 0 && elements[count - 1].out_length == way->size);
	return count;
}

const struct mechanism bench_msgpass_direct = {
	.name = "msgpass_direct",
	.one_way = true,
	.open = open_direct,
	.begin = begin_direct,
	.send = send_direct,
	.receive = receive,
	.look = look,
	.send_batch = send_batch_direct,
	.receive_batch = receive_batch,
};

const struct mechanism bench_msgpass_mailbox = {
	.name = "msgpass_mailbox",
	.one_way = true,
	.open = open_mailbox,
	.send = send_mailbox,
	.receive = receive,
	.look = look,
	.send_batch = send_batch_mailbox,
	.receive_batch = receive_batch,
};

const struct mechanism bench_msgpass_direct_rendezvous = {
	.name = "msgpass_direct_rendezvous",
	.one_way = true,
	.open = open_direct,
	.begin = begin_direct_rendezvous,
	.send = send_direct,
	.receive = receive,
};

const struct mechanism bench_msgpass_mailbox_rendezvous = {
	.name = "msgpass_mailbox_rendezvous",
	.one_way = true,
	.open = open_mailbox_rendezvous,
	.send = send_mailbox,
	.receive = receive,
};

const struct mechanism bench_msgpass_mailbox_flow = {
	.name = "msgpass_mailbox_flow",
	.one_way = true,
	.open = open_mailbox_flow,
	.send = send_flow,
	.receive = receive,
};

const struct mechanism bench_msgpass_mailbox_file = {
	.name = "msgpass_mailbox_file",
	.one_way = true,
	.open = open_mailbox,
	.send = write_message,
	.receive = read_message,
};
