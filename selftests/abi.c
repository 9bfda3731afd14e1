// SPDX-License-Identifier: GPL-2.0
/*
 * The form of the ioctls, whatever they do: numbers, sizes, pointers, flags, layouts. Every
 * ioctl goes through the same tests. The program is also built for 32 bits.
 */

/* A hole in a struct would be somebody's memory: for neither word size is there one. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
#include <linux/msgpass.h>
#pragma GCC diagnostic pop

#include "msgpass_test.h"

#include <assert.h>
#include <stddef.h>

#define PAGE 4096
#define POISON 0xA5

union argument {
	uint32_t size;
	struct {
		uint32_t size;
		uint32_t flags;
	} head;
	struct msgpass_send send;
	struct msgpass_receive receive;
	struct msgpass_send_batch send_batch;
	struct msgpass_receive_batch receive_batch;
	struct msgpass_call call;
	struct msgpass_reply reply;
	struct msgpass_reply_receive reply_receive;
	struct msgpass_forward forward;
	struct msgpass_request_read request_read;
	struct msgpass_piece_read piece_read;
	struct msgpass_info info;
	struct msgpass_mailbox_open mailbox_open;
	struct msgpass_mailbox_delete mailbox_delete;
	struct msgpass_mailbox_set mailbox_set;
	struct msgpass_mailbox_give mailbox_give;
	struct msgpass_mailbox_accept mailbox_accept;
	struct msgpass_mailbox_stat mailbox_stat;
	struct msgpass_inbox_set inbox_set;
	struct msgpass_inbox_stat inbox_stat;
	struct msgpass_link_stat link_stat;
	struct msgpass_wait_list wait_list;
	unsigned char bytes[2 * PAGE];
};

#define LAYOUT(type, field, offset) \
	static_assert(offsetof(struct msgpass_##type, field) == (offset), #type "." #field)
#define SIZE(type, size) static_assert(sizeof(struct msgpass_##type) == (size), #type)

LAYOUT(send, to, 8);
LAYOUT(send, data, 16);
LAYOUT(send, length, 24);
LAYOUT(send, deadline, 32);
LAYOUT(send, type, 40);
LAYOUT(send, priority, 44);
LAYOUT(send, lifetime, 48);
LAYOUT(send, cookie, 56);
LAYOUT(send, fds, 64);
LAYOUT(send, fds_count, 72);
LAYOUT(send, reserved, 76);
LAYOUT(send, out_count, 80);
SIZE(send, 88);
LAYOUT(receipt, outcome, 4);
LAYOUT(receipt, cookie, 8);
LAYOUT(receipt, to_peer, 16);
LAYOUT(receipt, sequence, 24);
LAYOUT(receipt, by_peer, 32);
SIZE(receipt, 40);
LAYOUT(receive, from, 8);
LAYOUT(receive, data, 16);
LAYOUT(receive, length, 24);
LAYOUT(receive, deadline, 32);
LAYOUT(receive, type, 40);
LAYOUT(receive, fds_room, 44);
LAYOUT(receive, out_length, 48);
LAYOUT(receive, out_sequence, 56);
LAYOUT(receive, out_time, 64);
LAYOUT(receive, out_peer, 72);
LAYOUT(receive, out_pid, 80);
LAYOUT(receive, out_uid, 84);
LAYOUT(receive, out_gid, 88);
LAYOUT(receive, out_type, 92);
LAYOUT(receive, out_priority, 96);
LAYOUT(receive, out_flags, 100);
LAYOUT(receive, out_token, 104);
LAYOUT(receive, fds, 112);
LAYOUT(receive, out_fds, 120);
LAYOUT(receive, out_missed, 124);
LAYOUT(receive, out_remaining, 128);
SIZE(receive, 136);
LAYOUT(send_element, length, 8);
LAYOUT(send_element, type, 16);
LAYOUT(send_element, priority, 20);
SIZE(send_element, 24);
LAYOUT(send_batch, to, 8);
LAYOUT(send_batch, deadline, 16);
LAYOUT(send_batch, elements, 24);
LAYOUT(send_batch, count, 32);
LAYOUT(send_batch, reserved, 36);
SIZE(send_batch, 40);
LAYOUT(receive_element, length, 8);
LAYOUT(receive_element, out_length, 16);
LAYOUT(receive_element, out_sequence, 24);
LAYOUT(receive_element, out_time, 32);
LAYOUT(receive_element, out_peer, 40);
LAYOUT(receive_element, out_pid, 48);
LAYOUT(receive_element, out_uid, 52);
LAYOUT(receive_element, out_gid, 56);
LAYOUT(receive_element, out_type, 60);
LAYOUT(receive_element, out_priority, 64);
LAYOUT(receive_element, out_flags, 68);
LAYOUT(receive_element, out_token, 72);
LAYOUT(receive_element, out_fds, 80);
LAYOUT(receive_element, out_missed, 84);
SIZE(receive_element, 88);
LAYOUT(receive_batch, from, 8);
LAYOUT(receive_batch, deadline, 16);
LAYOUT(receive_batch, elements, 24);
LAYOUT(receive_batch, count, 32);
LAYOUT(receive_batch, type, 36);
SIZE(receive_batch, 40);
LAYOUT(call, to, 8);
LAYOUT(call, data, 16);
LAYOUT(call, length, 24);
LAYOUT(call, deadline, 32);
LAYOUT(call, type, 40);
LAYOUT(call, priority, 44);
LAYOUT(call, token, 48);
LAYOUT(call, reply_data, 56);
LAYOUT(call, reply_length, 64);
LAYOUT(call, out_length, 72);
LAYOUT(call, out_peer, 80);
LAYOUT(call, out_type, 88);
LAYOUT(call, out_flags, 92);
LAYOUT(call, fds, 96);
LAYOUT(call, fds_count, 104);
LAYOUT(call, reply_fds_room, 108);
LAYOUT(call, reply_fds, 112);
LAYOUT(call, out_fds, 120);
LAYOUT(call, reserved, 124);
SIZE(call, 128);
LAYOUT(piece_read, token, 8);
LAYOUT(piece_read, data, 16);
LAYOUT(piece_read, length, 24);
LAYOUT(piece_read, out_count, 32);
LAYOUT(piece_read, out_remaining, 40);
SIZE(piece_read, 48);
LAYOUT(reply, token, 8);
LAYOUT(reply, data, 16);
LAYOUT(reply, length, 24);
LAYOUT(reply, type, 32);
LAYOUT(reply, fds_count, 36);
LAYOUT(reply, fds, 40);
SIZE(reply, 48);
LAYOUT(reply_receive, reply, 8);
LAYOUT(reply_receive, out_reply_error, 56);
LAYOUT(reply_receive, reserved, 60);
LAYOUT(reply_receive, receive, 64);
SIZE(reply_receive, 200);
LAYOUT(forward, token, 8);
LAYOUT(forward, to, 16);
LAYOUT(forward, data, 24);
LAYOUT(forward, length, 32);
LAYOUT(forward, deadline, 40);
LAYOUT(forward, type, 48);
LAYOUT(forward, priority, 52);
LAYOUT(forward, fds, 56);
LAYOUT(forward, fds_count, 64);
LAYOUT(forward, reserved, 68);
SIZE(forward, 72);
LAYOUT(request_read, token, 8);
LAYOUT(request_read, offset, 16);
LAYOUT(request_read, data, 24);
LAYOUT(request_read, length, 32);
LAYOUT(request_read, out_count, 40);
LAYOUT(request_read, out_length, 48);
LAYOUT(request_read, out_peer, 56);
LAYOUT(request_read, out_pid, 64);
LAYOUT(request_read, out_uid, 68);
LAYOUT(request_read, out_gid, 72);
LAYOUT(request_read, reserved, 76);
SIZE(request_read, 80);
LAYOUT(info, out_peer, 8);
LAYOUT(info, out_user_bytes, 64);
SIZE(info, 72);
LAYOUT(attributes, mode, 4);
LAYOUT(attributes, capacity, 16);
LAYOUT(attributes, message_max, 32);
SIZE(attributes, 40);
LAYOUT(mailbox_open, attributes, 8);
LAYOUT(mailbox_open, name, 48);
SIZE(mailbox_open, 112);
LAYOUT(mailbox_delete, name, 8);
SIZE(mailbox_delete, 72);
LAYOUT(mailbox_set, attributes, 8);
LAYOUT(mailbox_set, name, 48);
SIZE(mailbox_set, 112);
LAYOUT(mailbox_give, to, 8);
LAYOUT(mailbox_give, name, 16);
SIZE(mailbox_give, 80);
LAYOUT(mailbox_accept, name, 8);
SIZE(mailbox_accept, 72);
LAYOUT(tally, received_bytes, 8);
LAYOUT(tally, queued_max, 16);
LAYOUT(tally, oldest_time, 24);
LAYOUT(tally, sender_waits, 32);
LAYOUT(tally, receiver_waits, 40);
LAYOUT(tally, refused, 48);
LAYOUT(tally, expired, 56);
SIZE(tally, 64);
LAYOUT(mailbox_stat, id, 8);
LAYOUT(mailbox_stat, name, 16);
LAYOUT(mailbox_stat, out_id, 80);
LAYOUT(mailbox_stat, out_attributes, 88);
LAYOUT(mailbox_stat, out_dropped, 176);
LAYOUT(mailbox_stat, out_flags, 184);
LAYOUT(mailbox_stat, out_owner_pid, 188);
LAYOUT(mailbox_stat, out_owner_peer, 192);
LAYOUT(mailbox_stat, out_offered_peer, 200);
LAYOUT(mailbox_stat, out_subscribers, 208);
LAYOUT(mailbox_stat, out_missed, 216);
LAYOUT(mailbox_stat, out_tally, 224);
SIZE(mailbox_stat, 288);
LAYOUT(inbox_set, attributes, 8);
SIZE(inbox_set, 48);
LAYOUT(inbox_stat, process, 8);
LAYOUT(inbox_stat, out_pid, 24);
LAYOUT(inbox_stat, out_attributes, 32);
LAYOUT(inbox_stat, out_dropped, 128);
LAYOUT(inbox_stat, out_tally, 136);
SIZE(inbox_stat, 200);
LAYOUT(link_stat, from_peer, 16);
LAYOUT(link_stat, out_to_pid, 40);
LAYOUT(link_stat, out_capacity, 48);
LAYOUT(link_stat, out_received, 104);
LAYOUT(link_stat, out_dropped, 112);
LAYOUT(link_stat, out_tally, 120);
SIZE(link_stat, 184);
LAYOUT(wait_element, out_tid, 4);
LAYOUT(wait_element, out_peer, 8);
LAYOUT(wait_element, out_reason, 16);
LAYOUT(wait_element, out_for_pid, 20);
LAYOUT(wait_element, out_for_peer, 24);
LAYOUT(wait_element, out_for_mailbox, 32);
LAYOUT(wait_element, out_since, 40);
LAYOUT(wait_element, out_deadline, 48);
SIZE(wait_element, 56);
LAYOUT(wait_list, process, 8);
LAYOUT(wait_list, first, 16);
LAYOUT(wait_list, elements, 24);
LAYOUT(wait_list, count, 32);
LAYOUT(wait_list, reserved, 36);
LAYOUT(wait_list, name, 40);
LAYOUT(wait_list, out_next, 104);
LAYOUT(wait_list, out_time, 112);
SIZE(wait_list, 120);

/* --- every ioctl */

FIXTURE(ioctl) {
	int device;
	int mailbox;
	const char *name;	/* of the mailbox */
	int fd;			/* one of the two */
	union argument *valid;
	unsigned char *page;	/* the test's; an unmapped one follows */
	uint32_t number;	/* sent and received */
	pid_t server;		/* of calls; 0 until one is needed */
	struct msgpass_send_element out;	/* of a batch of one */
	struct msgpass_receive_element in;
};

FIXTURE_VARIANT(ioctl) {
	unsigned long number;
	size_t size;
	size_t in_size;		/* the out fields begin there; equal to size if there are none */
	bool on_mailbox;
	uint32_t flags;		/* those that are defined */
	void (*prepare)(FIXTURE_DATA(ioctl) *self, union argument *argument);
	size_t first_size;	/* as it was at first; 0: as size */
};

/* What makes the call succeed once; size is left to the test. */

static void prepare_nothing(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	(void)self;
	(void)argument;
}

static uint64_t to_self(FIXTURE_DATA(ioctl) *self)
{
	return self->fd == self->device ? getpid() : 0;
}

static void prepare_send(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	argument->send.to = to_self(self);
	argument->send.flags = MSGPASS_NONBLOCK;
	argument->send.data = (uintptr_t)&self->number;
	argument->send.length = sizeof(self->number);
}

static void prepare_receive(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	send_number(self->fd, to_self(self), 1);
	argument->receive.flags = MSGPASS_NONBLOCK;
	argument->receive.data = (uintptr_t)&self->number;
	argument->receive.length = sizeof(self->number);
}

static void prepare_send_batch(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	self->out = (struct msgpass_send_element){ BYTES(&self->number, sizeof(self->number)) };
	argument->send_batch.to = to_self(self);
	argument->send_batch.flags = MSGPASS_NONBLOCK;
	argument->send_batch.elements = (uintptr_t)&self->out;
	argument->send_batch.count = 1;
}

static void prepare_receive_batch(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	send_number(self->fd, to_self(self), 1);
	self->in = (struct msgpass_receive_element){ BYTES(&self->number, sizeof(self->number)) };
	argument->receive_batch.flags = MSGPASS_NONBLOCK;
	argument->receive_batch.elements = (uintptr_t)&self->in;
	argument->receive_batch.count = 1;
}

/* A child that replies to every call with what it last received. */
static pid_t child_server(int fd)
{
	struct msgpass_reply_receive argument = { .size = sizeof(argument) };
	pid_t pid = child_fork();
	uint32_t number;

	if (pid)
		return pid;
	argument.receive.data = (uintptr_t)&number;
	argument.receive.length = sizeof(number);
	argument.reply.data = (uintptr_t)&number;
	argument.reply.length = sizeof(number);
	for (;;) {
		CHECK(!call(fd, MSGPASS_IOC_REPLY_RECEIVE, &argument));
		argument.reply.token = argument.receive.out_token;
	}
}

static void prepare_call(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	if (!self->server)
		self->server = child_server(self->fd);
	argument->call.to = self->fd == self->device ? self->server : 0;
	argument->call.data = (uintptr_t)&self->number;
	argument->call.length = sizeof(self->number);
	argument->call.deadline = soon();
	argument->call.reply_data = (uintptr_t)&self->number;
	argument->call.reply_length = sizeof(self->number);
}

/* The token of a call that the test made itself. */
static uint64_t own_call(FIXTURE_DATA(ioctl) *self)
{
	struct msgpass_call out = {
		.size = sizeof(out), .flags = MSGPASS_NONBLOCK, .to = to_self(self),
		NUMBER(0x04030201),
	};
	struct msgpass_receive receive;
	uint32_t number;
	int ret;

	call(self->fd, MSGPASS_IOC_CALL, &out);
	ret = RECEIVE(self->fd, &receive, .flags = MSGPASS_NONBLOCK,
		      BYTES(&number, sizeof(number)));
	return ret ? 0 : receive.out_token;
}

static void prepare_piece_read(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	struct msgpass_receive receive = {};

	send_number(self->fd, to_self(self), 0x04030201);
	RECEIVE(self->fd, &receive, .flags = MSGPASS_NONBLOCK | MSGPASS_PIECES);
	argument->piece_read.token = receive.out_token;
	argument->piece_read.data = (uintptr_t)&self->number;
	argument->piece_read.length = sizeof(self->number);
}

static void prepare_reply(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	argument->reply.token = own_call(self);
	argument->reply.data = (uintptr_t)&self->number;
	argument->reply.length = sizeof(self->number);
}

static void prepare_reply_receive(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	send_number(self->fd, to_self(self), 1);
	argument->reply_receive.receive.flags = MSGPASS_NONBLOCK;
	argument->reply_receive.receive.data = (uintptr_t)&self->number;
	argument->reply_receive.receive.length = sizeof(self->number);
}

static void prepare_forward(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	argument->forward.token = own_call(self);
	argument->forward.flags = MSGPASS_NONBLOCK;
	argument->forward.to = to_self(self);
	argument->forward.data = (uintptr_t)&self->number;
	argument->forward.length = sizeof(self->number);
}

static void prepare_request_read(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	argument->request_read.token = own_call(self);
	argument->request_read.data = (uintptr_t)&self->number;
	argument->request_read.length = sizeof(self->number);
}

static void prepare_open(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	(void)self;
	argument->mailbox_open.flags = OPEN_NEW;
}

static void prepare_delete(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	if (self->fd == self->device) {
		close(MAILBOX_OPEN(self->device, self->name, OPEN_NEW));
		strcpy(argument->mailbox_delete.name, self->name);
	} else {
		close(self->mailbox);
		self->mailbox = mailbox_new(self->device);
		self->fd = self->mailbox;
	}
}

static void prepare_stat(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	if (self->fd == self->device)
		strcpy(argument->mailbox_stat.name, self->name);
}

static void prepare_set(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	if (self->fd == self->device)
		strcpy(argument->mailbox_set.name, self->name);
}

static void prepare_wait_list(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	argument->wait_list.elements = (uintptr_t)self->page;
	argument->wait_list.count = 1;
}

static void prepare_give(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	if (self->fd == self->device)
		strcpy(argument->mailbox_give.name, self->name);
	argument->mailbox_give.to = getpid();
}

static void prepare_accept(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	mailbox_give(self->mailbox, "", 0, getpid());
	if (self->fd == self->device)
		strcpy(argument->mailbox_accept.name, self->name);
}

static void prepare_link(FIXTURE_DATA(ioctl) *self, union argument *argument)
{
	(void)argument;
	send_number(self->device, getpid(), 1);
	TAKE(self->device);
}

#define WHOLE(type) sizeof(struct msgpass_##type)
#define OUT(type, field) offsetof(struct msgpass_##type, field)
#define UP_TO(type, last) \
	(OUT(type, last) + sizeof(((struct msgpass_##type *)NULL)->last))
#define BOTH_FLAGS (MSGPASS_NONBLOCK | MSGPASS_IOVEC | MSGPASS_PEER)
#define SEND_FLAGS (BOTH_FLAGS | MSGPASS_SPIN | MSGPASS_SYNCHRONOUS | MSGPASS_RECEIPT | \
		    MSGPASS_FLOW)
#define RECEIVE_FLAGS (BOTH_FLAGS | MSGPASS_SPIN | MSGPASS_PEEK | MSGPASS_TRUNCATE | MSGPASS_BY_PRIORITY | \
		       MSGPASS_TYPE_EXACT | MSGPASS_TYPE_UP_TO | MSGPASS_TYPE_EXCEPT | \
		       MSGPASS_PIECES)
#define SEND_BATCH_FLAGS (MSGPASS_NONBLOCK | MSGPASS_PEER | MSGPASS_SPIN)
#define RECEIVE_BATCH_FLAGS (RECEIVE_FLAGS & ~(MSGPASS_IOVEC | MSGPASS_PEEK | MSGPASS_PIECES))
#define CALL_FLAGS (BOTH_FLAGS | MSGPASS_SPIN | MSGPASS_TRUNCATE | MSGPASS_CANCEL)
#define REPLY_FLAGS (MSGPASS_IOVEC | MSGPASS_CANCEL)
#define OPEN_FLAGS (OPEN_NEW | MSGPASS_OPEN_EXCLUSIVE | MSGPASS_OPEN_NONBLOCK | \
		    MSGPASS_OPEN_BOUND | MSGPASS_OPEN_BROADCAST | MSGPASS_OPEN_LOSSY)
#define GIVE_FLAGS (MSGPASS_PEER | MSGPASS_CANCEL)

FIXTURE_VARIANT_ADD(ioctl, send) {
	MSGPASS_IOC_SEND, WHOLE(send), WHOLE(send),
	false, SEND_FLAGS, prepare_send, UP_TO(send, priority) };
FIXTURE_VARIANT_ADD(ioctl, send_to_mailbox) {
	MSGPASS_IOC_SEND, WHOLE(send), WHOLE(send),
	true, SEND_FLAGS, prepare_send, UP_TO(send, priority) };
FIXTURE_VARIANT_ADD(ioctl, receive) {
	MSGPASS_IOC_RECEIVE, WHOLE(receive), OUT(receive, out_length),
	false, RECEIVE_FLAGS | MSGPASS_RECEIPT, prepare_receive, UP_TO(receive, out_token) };
FIXTURE_VARIANT_ADD(ioctl, receive_from_mailbox) {
	MSGPASS_IOC_RECEIVE, WHOLE(receive), OUT(receive, out_length),
	true, RECEIVE_FLAGS, prepare_receive, UP_TO(receive, out_token) };
FIXTURE_VARIANT_ADD(ioctl, send_batch) {
	MSGPASS_IOC_SEND_BATCH, WHOLE(send_batch), WHOLE(send_batch),
	false, SEND_BATCH_FLAGS, prepare_send_batch, 0 };
FIXTURE_VARIANT_ADD(ioctl, send_batch_to_mailbox) {
	MSGPASS_IOC_SEND_BATCH, WHOLE(send_batch), WHOLE(send_batch),
	true, SEND_BATCH_FLAGS, prepare_send_batch, 0 };
FIXTURE_VARIANT_ADD(ioctl, receive_batch) {
	MSGPASS_IOC_RECEIVE_BATCH, WHOLE(receive_batch), WHOLE(receive_batch),
	false, RECEIVE_BATCH_FLAGS | MSGPASS_RECEIPT, prepare_receive_batch, 0 };
FIXTURE_VARIANT_ADD(ioctl, receive_batch_from_mailbox) {
	MSGPASS_IOC_RECEIVE_BATCH, WHOLE(receive_batch), WHOLE(receive_batch),
	true, RECEIVE_BATCH_FLAGS, prepare_receive_batch, 0 };
FIXTURE_VARIANT_ADD(ioctl, call) {
	MSGPASS_IOC_CALL, WHOLE(call), OUT(call, out_length),
	false, CALL_FLAGS, prepare_call, UP_TO(call, out_flags) };
FIXTURE_VARIANT_ADD(ioctl, call_on_mailbox) {
	MSGPASS_IOC_CALL, WHOLE(call), OUT(call, out_length),
	true, CALL_FLAGS, prepare_call, UP_TO(call, out_flags) };
FIXTURE_VARIANT_ADD(ioctl, reply) {
	MSGPASS_IOC_REPLY, WHOLE(reply), WHOLE(reply),
	false, REPLY_FLAGS, prepare_reply, UP_TO(reply, fds_count) };
FIXTURE_VARIANT_ADD(ioctl, reply_on_mailbox) {
	MSGPASS_IOC_REPLY, WHOLE(reply), WHOLE(reply),
	true, REPLY_FLAGS, prepare_reply, UP_TO(reply, fds_count) };
FIXTURE_VARIANT_ADD(ioctl, reply_receive) {
	MSGPASS_IOC_REPLY_RECEIVE, WHOLE(reply_receive), OUT(reply_receive, receive.out_length),
	false, 0, prepare_reply_receive,
	UP_TO(reply_receive, receive.out_token) };
FIXTURE_VARIANT_ADD(ioctl, reply_receive_on_mailbox) {
	MSGPASS_IOC_REPLY_RECEIVE, WHOLE(reply_receive), OUT(reply_receive, receive.out_length),
	true, 0, prepare_reply_receive,
	UP_TO(reply_receive, receive.out_token) };
FIXTURE_VARIANT_ADD(ioctl, forward) {
	MSGPASS_IOC_FORWARD, WHOLE(forward), WHOLE(forward),
	false, BOTH_FLAGS, prepare_forward, UP_TO(forward, priority) };
FIXTURE_VARIANT_ADD(ioctl, forward_on_mailbox) {
	MSGPASS_IOC_FORWARD, WHOLE(forward), WHOLE(forward),
	true, BOTH_FLAGS, prepare_forward, UP_TO(forward, priority) };
FIXTURE_VARIANT_ADD(ioctl, request_read) {
	MSGPASS_IOC_REQUEST_READ, WHOLE(request_read), OUT(request_read, out_count),
	false, MSGPASS_IOVEC, prepare_request_read, 0 };
FIXTURE_VARIANT_ADD(ioctl, request_read_on_mailbox) {
	MSGPASS_IOC_REQUEST_READ, WHOLE(request_read), OUT(request_read, out_count),
	true, MSGPASS_IOVEC, prepare_request_read, 0 };
FIXTURE_VARIANT_ADD(ioctl, piece_read) {
	MSGPASS_IOC_PIECE_READ, WHOLE(piece_read), OUT(piece_read, out_count),
	false, MSGPASS_IOVEC | MSGPASS_CANCEL, prepare_piece_read, 0 };
FIXTURE_VARIANT_ADD(ioctl, piece_read_on_mailbox) {
	MSGPASS_IOC_PIECE_READ, WHOLE(piece_read), OUT(piece_read, out_count),
	true, MSGPASS_IOVEC | MSGPASS_CANCEL, prepare_piece_read, 0 };
FIXTURE_VARIANT_ADD(ioctl, info) {
	MSGPASS_IOC_INFO, WHOLE(info), OUT(info, out_peer),
	false, 0, prepare_nothing, 0 };
FIXTURE_VARIANT_ADD(ioctl, info_on_mailbox) {
	MSGPASS_IOC_INFO, WHOLE(info), OUT(info, out_peer),
	true, 0, prepare_nothing, 0 };
FIXTURE_VARIANT_ADD(ioctl, mailbox_stat) {
	MSGPASS_IOC_MAILBOX_STAT, WHOLE(mailbox_stat), OUT(mailbox_stat, name),
	false, 0, prepare_stat,
	UP_TO(mailbox_stat, out_dropped) };
FIXTURE_VARIANT_ADD(ioctl, mailbox_stat_on_mailbox) {
	MSGPASS_IOC_MAILBOX_STAT, WHOLE(mailbox_stat), OUT(mailbox_stat, name),
	true, 0, prepare_stat,
	UP_TO(mailbox_stat, out_dropped) };
FIXTURE_VARIANT_ADD(ioctl, mailbox_open) {
	MSGPASS_IOC_MAILBOX_OPEN, WHOLE(mailbox_open), WHOLE(mailbox_open),
	false, OPEN_FLAGS, prepare_open, 0 };
FIXTURE_VARIANT_ADD(ioctl, mailbox_delete) {
	MSGPASS_IOC_MAILBOX_DELETE, WHOLE(mailbox_delete), WHOLE(mailbox_delete),
	false, 0, prepare_delete, 0 };
FIXTURE_VARIANT_ADD(ioctl, mailbox_delete_on_mailbox) {
	MSGPASS_IOC_MAILBOX_DELETE, WHOLE(mailbox_delete), WHOLE(mailbox_delete),
	true, 0, prepare_delete, 0 };
FIXTURE_VARIANT_ADD(ioctl, mailbox_next) {
	MSGPASS_IOC_MAILBOX_NEXT, WHOLE(mailbox_stat), OUT(mailbox_stat, name),
	false, 0, prepare_nothing,
	UP_TO(mailbox_stat, out_dropped) };
FIXTURE_VARIANT_ADD(ioctl, mailbox_set) {
	MSGPASS_IOC_MAILBOX_SET, WHOLE(mailbox_set), WHOLE(mailbox_set),
	false, 0, prepare_set, 0 };
FIXTURE_VARIANT_ADD(ioctl, mailbox_set_on_mailbox) {
	MSGPASS_IOC_MAILBOX_SET, WHOLE(mailbox_set), WHOLE(mailbox_set),
	true, 0, prepare_set, 0 };
FIXTURE_VARIANT_ADD(ioctl, mailbox_give) {
	MSGPASS_IOC_MAILBOX_GIVE, WHOLE(mailbox_give), WHOLE(mailbox_give),
	false, GIVE_FLAGS, prepare_give, 0 };
FIXTURE_VARIANT_ADD(ioctl, mailbox_give_on_mailbox) {
	MSGPASS_IOC_MAILBOX_GIVE, WHOLE(mailbox_give), WHOLE(mailbox_give),
	true, GIVE_FLAGS, prepare_give, 0 };
FIXTURE_VARIANT_ADD(ioctl, mailbox_accept) {
	MSGPASS_IOC_MAILBOX_ACCEPT, WHOLE(mailbox_accept), WHOLE(mailbox_accept),
	false, 0, prepare_accept, 0 };
FIXTURE_VARIANT_ADD(ioctl, mailbox_accept_on_mailbox) {
	MSGPASS_IOC_MAILBOX_ACCEPT, WHOLE(mailbox_accept), WHOLE(mailbox_accept),
	true, 0, prepare_accept, 0 };
FIXTURE_VARIANT_ADD(ioctl, inbox_set) {
	MSGPASS_IOC_INBOX_SET, WHOLE(inbox_set), WHOLE(inbox_set),
	false, 0, prepare_nothing, 0 };
FIXTURE_VARIANT_ADD(ioctl, inbox_stat) {
	MSGPASS_IOC_INBOX_STAT, WHOLE(inbox_stat), OUT(inbox_stat, out_peer),
	false, MSGPASS_PEER, prepare_link, UP_TO(inbox_stat, out_dropped) };
FIXTURE_VARIANT_ADD(ioctl, inbox_next) {
	MSGPASS_IOC_INBOX_NEXT, WHOLE(inbox_stat), OUT(inbox_stat, out_peer),
	false, 0, prepare_link, UP_TO(inbox_stat, out_dropped) };
FIXTURE_VARIANT_ADD(ioctl, link_next) {
	MSGPASS_IOC_LINK_NEXT, WHOLE(link_stat), OUT(link_stat, out_to_peer),
	false, 0, prepare_link, UP_TO(link_stat, out_received) };
FIXTURE_VARIANT_ADD(ioctl, wait_list) {
	MSGPASS_IOC_WAIT_LIST, WHOLE(wait_list), OUT(wait_list, out_next),
	false, MSGPASS_PEER, prepare_wait_list, 0 };
FIXTURE_VARIANT_ADD(ioctl, wait_list_on_mailbox) {
	MSGPASS_IOC_WAIT_LIST, WHOLE(wait_list), OUT(wait_list, out_next),
	true, 0, prepare_wait_list, 0 };

FIXTURE_SETUP(ioctl)
{
	self->device = device_open();
	ASSERT_LE(0, self->device);
	self->name = unique_name("abi");
	self->mailbox = MAILBOX_OPEN(self->device, self->name, OPEN_NEW);
	ASSERT_LE(0, self->mailbox);
	self->fd = variant->on_mailbox ? self->mailbox : self->device;
	self->page = guarded(PAGE);
	ASSERT_NE(NULL, self->page);
	self->valid = calloc(1, sizeof(*self->valid));
}

FIXTURE_TEARDOWN(ioctl)
{
	if (self->server)
		child_kill(self->server);
	mailbox_delete(self->device, self->name);
	close(self->mailbox);
	close(self->device);
	free(self->valid);
}

static int call_at(FIXTURE_DATA(ioctl) *self, const FIXTURE_VARIANT(ioctl) *variant, void *where)
{
	int ret = call(self->fd, variant->number, where);

	if (ret <= 0)
		return ret;
	/* A file descriptor, or how many messages. */
	if (variant->number == MSGPASS_IOC_MAILBOX_OPEN)
		close(ret);
	return 0;
}

/* Make what succeeds, then let the test spoil one thing in self->valid. */
static void prepare(FIXTURE_DATA(ioctl) *self, const FIXTURE_VARIANT(ioctl) *variant, size_t size)
{
	memset(self->valid, 0, sizeof(*self->valid));
	variant->prepare(self, self->valid);
	self->valid->size = size;
}

TEST_F(ioctl, accepts_its_struct)
{
	prepare(self, variant, variant->size);
	EXPECT_EQ(0, call_at(self, variant, self->valid));
}

/* The size of the struct as the first programs knew it. */
static size_t oldest_size(const FIXTURE_VARIANT(ioctl) *variant)
{
	return variant->first_size ? variant->first_size : variant->size;
}

TEST_F(ioctl, accepts_the_struct_of_an_older_program)
{
	size_t size;

	for (size = oldest_size(variant); size <= variant->size; size++) {
		prepare(self, variant, size);
		memset(self->valid->bytes + size, POISON, PAGE - size);
		EXPECT_EQ(0, call_at(self, variant, self->valid)) {
			TH_LOG("size %zu", size);
		}
		EXPECT_EQ(POISON, self->valid->bytes[size]);
		EXPECT_EQ(0, memcmp(self->valid->bytes + size, self->valid->bytes + size + 1,
				    PAGE - size - 1));
	}
}

TEST_F(ioctl, refuses_a_shorter_struct)
{
	const size_t least = oldest_size(variant);
	const size_t sizes[] = { 0, 1, 3, 4, 8, least / 2, least - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		prepare(self, variant, sizes[i]);
		EXPECT_EQ(-EINVAL, call_at(self, variant, self->valid)) {
			TH_LOG("size %zu", sizes[i]);
		}
	}
}

TEST_F(ioctl, accepts_a_longer_struct_that_ends_in_zeros)
{
	const size_t sizes[] = { variant->size + 1, variant->size + 8, PAGE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		prepare(self, variant, sizes[i]);
		EXPECT_EQ(0, call_at(self, variant, self->valid)) {
			TH_LOG("size %zu", sizes[i]);
		}
	}
}

TEST_F(ioctl, refuses_what_it_does_not_know_behind_the_struct)
{
	const size_t places[] = { variant->size, variant->size + 7, PAGE - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		prepare(self, variant, PAGE);
		self->valid->bytes[places[i]] = 1;
		EXPECT_EQ(-E2BIG, call_at(self, variant, self->valid)) {
			TH_LOG("byte %zu", places[i]);
		}
	}
}

TEST_F(ioctl, refuses_a_struct_longer_than_a_page)
{
	const uint32_t sizes[] = { PAGE + 1, 2 * PAGE, 1U << 31, ~0U };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		prepare(self, variant, sizes[i]);
		EXPECT_EQ(-E2BIG, call_at(self, variant, self->valid)) {
			TH_LOG("size %u", sizes[i]);
		}
	}
}

TEST_F(ioctl, refuses_bad_pointers)
{
	prepare(self, variant, variant->size);
	EXPECT_EQ(-EFAULT, call_at(self, variant, NULL));
	EXPECT_EQ(-EFAULT, call_at(self, variant, self->page + PAGE));
	EXPECT_EQ(-EFAULT, call_at(self, variant, (void *)-1L));
}

TEST_F(ioctl, reads_no_further_than_the_struct)
{
	unsigned char *end = self->page + PAGE;

	prepare(self, variant, variant->size);
	memcpy(end - variant->size, self->valid, variant->size);
	EXPECT_EQ(0, call_at(self, variant, end - variant->size));
}

TEST_F(ioctl, refuses_a_struct_that_runs_into_unmapped_memory)
{
	const size_t mapped[] = { 1, 2, 4, 8, variant->size - 1 };
	unsigned char *end = self->page + PAGE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mapped); i++) {
		prepare(self, variant, variant->size);
		memcpy(end - mapped[i], self->valid, mapped[i]);
		EXPECT_EQ(-EFAULT, call_at(self, variant, end - mapped[i])) {
			TH_LOG("%zu bytes mapped", mapped[i]);
		}
	}
}

TEST_F(ioctl, writes_its_out_fields_and_nothing_else)
{
	const size_t size = variant->size + 64;
	unsigned char *old;

	prepare(self, variant, size);
	memset(self->valid->bytes + size, POISON, PAGE - size);
	memcpy(self->page, self->valid, PAGE);
	ASSERT_EQ(0, call_at(self, variant, self->page));
	old = self->valid->bytes;
	EXPECT_EQ(0, memcmp(self->page, old, variant->in_size));
	EXPECT_EQ(0, memcmp(self->page + variant->size, old + variant->size,
			    PAGE - variant->size));
	if (variant->in_size < variant->size) {
		EXPECT_NE(0, memcmp(self->page + variant->in_size, old + variant->in_size,
				    variant->size - variant->in_size));
	}
}

TEST_F(ioctl, does_not_mind_what_its_out_fields_held)
{
	size_t out = variant->in_size, end = variant->size;

	prepare(self, variant, variant->size);
	/* The name of a mailbox goes both ways. */
	if (variant->size == sizeof(struct msgpass_mailbox_stat))
		out = offsetof(struct msgpass_mailbox_stat, out_id);
	/* Not all that follows is one. */
	if (variant->number == MSGPASS_IOC_REQUEST_READ)
		end = offsetof(struct msgpass_request_read, reserved);
	if (variant->number == MSGPASS_IOC_CALL)
		end = offsetof(struct msgpass_call, fds);
	memset(self->valid->bytes + out, 0xff, end - out);
	EXPECT_EQ(0, call_at(self, variant, self->valid));
}

TEST_F(ioctl, refuses_every_unknown_flag)
{
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		if (variant->flags & 1U << bit)
			continue;
		prepare(self, variant, variant->size);
		self->valid->head.flags |= 1U << bit;
		EXPECT_EQ(-EINVAL, call_at(self, variant, self->valid)) {
			TH_LOG("flag %u", bit);
		}
	}
}

TEST_F(ioctl, reports_an_out_field_that_cannot_be_written)
{
	const int expected = variant->in_size < variant->size ? -EFAULT : 0;

	prepare(self, variant, variant->size);
	memcpy(self->page, self->valid, variant->size);
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ));
	EXPECT_EQ(expected, call_at(self, variant, self->page));
}

/* --- particular fields */

FIXTURE(field) {
	int device;
	int mailbox;
};

FIXTURE_SETUP(field)
{
	self->device = device_open();
	self->mailbox = mailbox_new(self->device);
	ASSERT_LE(0, self->mailbox);
}

FIXTURE_TEARDOWN(field)
{
	close(self->mailbox);
	close(self->device);
}

TEST_F(field, reserved_of_a_send_is_zero)
{
	EXPECT_EQ(-EINVAL, SEND(self->mailbox, NUMBER(1), .reserved = 1));
	EXPECT_EQ(-EINVAL, SEND(self->mailbox, NUMBER(1), .reserved = 1U << 31));
	EXPECT_EQ(-EAGAIN, TAKE(self->mailbox));
}

TEST_F(field, cookie_of_a_send_without_receipt_is_zero)
{
	EXPECT_EQ(-EINVAL, SEND(self->mailbox, NUMBER(1), .cookie = 1));
	EXPECT_EQ(-EAGAIN, TAKE(self->mailbox));
}

TEST_F(field, reserved_of_a_call_a_forward_and_a_reading_is_zero)
{
	struct msgpass_call out = { .size = sizeof(out), .reserved = 1 };
	struct msgpass_forward forward = { .size = sizeof(forward), .token = 1, .reserved = 1 };
	struct msgpass_request_read read = { .size = sizeof(read), .token = 1, .reserved = 1 };

	EXPECT_EQ(-EINVAL, call(self->mailbox, MSGPASS_IOC_CALL, &out));
	EXPECT_EQ(-EINVAL, call(self->mailbox, MSGPASS_IOC_FORWARD, &forward));
	EXPECT_EQ(-EINVAL, call(self->mailbox, MSGPASS_IOC_REQUEST_READ, &read));
}

TEST_F(field, type_of_a_receive_is_zero_without_a_type_flag)
{
	ASSERT_EQ(0, send_number(self->mailbox, 0, 1));
	EXPECT_EQ(-EINVAL, TAKE(self->mailbox, .type = 1));
	EXPECT_EQ(1, TAKE(self->mailbox));
}

TEST_F(field, a_receive_has_one_type_flag_at_most)
{
	const uint32_t flags[] = {
		MSGPASS_TYPE_EXACT | MSGPASS_TYPE_UP_TO, MSGPASS_TYPE_EXACT | MSGPASS_TYPE_EXCEPT,
		MSGPASS_TYPE_UP_TO | MSGPASS_TYPE_EXCEPT,
	};
	unsigned int i, number;

	ASSERT_EQ(0, send_number(self->mailbox, 0, 1));
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		EXPECT_EQ(-EINVAL, RECEIVE(self->mailbox, NULL, BYTES(&number, sizeof(number)),
					   .flags = flags[i] | MSGPASS_NONBLOCK));
	EXPECT_EQ(1, TAKE(self->mailbox));
}

TEST_F(field, a_mailbox_fd_takes_no_process)
{
	EXPECT_EQ(-EINVAL, send_number(self->mailbox, getpid(), 1));
	EXPECT_EQ(-EINVAL, TAKE(self->mailbox, .from = getpid()));
	EXPECT_EQ(0, mailbox_counts(self->mailbox).sent);
}

TEST_F(field, a_mailbox_fd_takes_no_name)
{
	struct msgpass_mailbox_stat stat;

	EXPECT_EQ(-EINVAL, mailbox_stat(self->mailbox, "name", &stat));
	EXPECT_EQ(-EINVAL, mailbox_delete(self->mailbox, "name"));
	EXPECT_EQ(-EINVAL, MAILBOX_SET_NAMED(self->mailbox, "name"));
	EXPECT_EQ(-EINVAL, mailbox_give(self->mailbox, "name", 0, getpid()));
	EXPECT_EQ(-EINVAL, mailbox_accept(self->mailbox, "name"));
	EXPECT_EQ(0, mailbox_stat(self->mailbox, "", &stat));
}

TEST_F(field, id_of_a_mailbox_stat_is_zero)
{
	struct msgpass_mailbox_stat stat = { .size = sizeof(stat), .id = 1 };

	EXPECT_EQ(-EINVAL, call(self->mailbox, MSGPASS_IOC_MAILBOX_STAT, &stat));
}

TEST_F(field, name_of_a_mailbox_next_is_empty)
{
	struct msgpass_mailbox_stat stat = { .size = sizeof(stat), .name = "name" };

	EXPECT_EQ(-EINVAL, call(self->device, MSGPASS_IOC_MAILBOX_NEXT, &stat));
}

TEST_F(field, every_unknown_attribute_is_refused)
{
	unsigned int bit;

	for (bit = 6; bit < 32; bit++) {
		EXPECT_EQ(-EINVAL, MAILBOX_SET(self->mailbox, .set = 1U << bit));
		EXPECT_EQ(-EINVAL, INBOX_SET(self->device, .set = 1U << bit));
		EXPECT_EQ(-EINVAL, MAILBOX_OPEN(self->device, "", OPEN_NEW, .set = 1U << bit));
	}
}

TEST_F(field, an_inbox_has_no_owner_to_set)
{
	EXPECT_EQ(-EINVAL, INBOX_SET(self->device, .set = MSGPASS_SET_UID, .uid = getuid()));
	EXPECT_EQ(-EINVAL, INBOX_SET(self->device, .set = MSGPASS_SET_GID, .gid = getgid()));
}

TEST_F(field, a_pointer_has_64_bits)
{
	uint32_t number = 7;
	uint64_t beyond = 1ULL << 63 | (uintptr_t)&number;

	EXPECT_EQ(-EFAULT, SEND(self->mailbox, .data = beyond, .length = sizeof(number)));
	ASSERT_EQ(0, send_number(self->mailbox, 0, 1));
	EXPECT_EQ(-EFAULT, RECEIVE(self->mailbox, NULL, .data = beyond,
				   .length = sizeof(number)));
	if (sizeof(void *) == 4) {
		beyond = 1ULL << 32 | (uintptr_t)&number;
		EXPECT_EQ(-EFAULT, SEND(self->mailbox, .data = beyond, .length = sizeof(number)));
	}
	EXPECT_EQ(7, number);
	EXPECT_EQ(1, TAKE(self->mailbox));
}

TEST_F(field, a_list_of_segments_has_the_programs_own_layout)
{
	char in[] = "hello, world", out[sizeof(in)] = "";
	struct iovec from[] = { { in, 5 }, { NULL, 0 }, { in + 5, sizeof(in) - 5 } };
	struct iovec to[] = { { out, 1 }, { out + 1, sizeof(out) - 1 } };
	struct msgpass_receive receive;

	ASSERT_EQ(0, SEND(self->mailbox, .flags = MSGPASS_IOVEC, BYTES(from, 3)));
	ASSERT_EQ(0, RECEIVE(self->mailbox, &receive, .flags = MSGPASS_IOVEC, BYTES(to, 2)));
	EXPECT_EQ(sizeof(in), receive.out_length);
	EXPECT_STREQ("hello, world", out);
}

TEST_F(field, a_list_of_segments_of_a_flow_has_the_programs_own_layout)
{
	char in[] = "hello, world", out[sizeof(in)] = "";
	struct iovec from[] = { { in, 5 }, { NULL, 0 }, { in + 5, sizeof(in) - 5 } };
	struct iovec negative[] = { { in, 5 }, { in, -1L } };

	ASSERT_EQ(0, SEND(self->mailbox, .flags = MSGPASS_IOVEC | MSGPASS_FLOW, BYTES(from, 3)));
	ASSERT_EQ(0, RECEIVE(self->mailbox, NULL, BYTES(out, sizeof(out))));
	EXPECT_STREQ("hello, world", out);
	/* As long as it says, to a program of 32 bits; no length at all to others. */
	EXPECT_EQ(sizeof(long) == 8 ? -EINVAL : -EAGAIN,
		  SEND(self->mailbox, .flags = MSGPASS_IOVEC | MSGPASS_FLOW | MSGPASS_NONBLOCK,
		       BYTES(negative, 2)));
	EXPECT_EQ(-EFAULT, SEND(self->mailbox, .flags = MSGPASS_IOVEC | MSGPASS_FLOW, BYTES(1, 2)));
	EXPECT_EQ(-EAGAIN, TAKE(self->mailbox));
}

TEST_F(field, no_byte_behind_the_message_is_written)
{
	unsigned char buffer[64];
	unsigned int i;

	memset(buffer, POISON, sizeof(buffer));
	ASSERT_EQ(0, SEND(self->mailbox, BYTES("abcdefghi", 9)));
	ASSERT_EQ(0, RECEIVE(self->mailbox, NULL, BYTES(buffer, sizeof(buffer))));
	EXPECT_EQ(0, memcmp(buffer, "abcdefghi", 9));
	for (i = 9; i < sizeof(buffer); i++)
		EXPECT_EQ(POISON, buffer[i]);
}

TEST_F(field, no_byte_behind_a_name_is_set)
{
	struct msgpass_mailbox_stat stat;
	const char *name = unique_name("behind");
	int fd = MAILBOX_OPEN(self->device, name, OPEN_NEW);
	size_t i;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, mailbox_stat(fd, "", &stat));
	EXPECT_EQ(0, mailbox_delete(fd, ""));
	EXPECT_STREQ(name, stat.name);
	for (i = strlen(name); i < sizeof(stat.name); i++)
		EXPECT_EQ(0, stat.name[i]);
	close(fd);
}

/* --- numbers */

static const unsigned int for_both[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
					15, 28 };
static const unsigned int for_device[] = { 16, 17, 24, 25, 26, 27 };

static bool listed(unsigned int number, const unsigned int *list, size_t count)
{
	while (count--)
		if (list[count] == number)
			return true;
	return false;
}

TEST_F(field, every_other_number_is_no_ioctl_of_the_fd)
{
	static union argument argument;
	unsigned int number;

	for (number = 0; number < 256; number++) {
		unsigned long request = _IO(MSGPASS_IOC_MAGIC, number);

		if (listed(number, for_both, ARRAY_SIZE(for_both)))
			continue;
		if (!listed(number, for_device, ARRAY_SIZE(for_device)))
			EXPECT_EQ(-ENOTTY, call(self->device, request, &argument)) {
				TH_LOG("number %u", number);
			}
		EXPECT_EQ(-ENOTTY, call(self->mailbox, request, &argument)) {
			TH_LOG("number %u", number);
		}
	}
}

TEST_F(field, a_number_with_a_size_or_another_magic_is_no_ioctl)
{
	struct msgpass_info info = { .size = sizeof(info) };

	EXPECT_EQ(-ENOTTY, call(self->device, _IOR(MSGPASS_IOC_MAGIC, 2, info), &info));
	EXPECT_EQ(-ENOTTY, call(self->device, _IO(MSGPASS_IOC_MAGIC + 1, 2), &info));
	EXPECT_EQ(0, call(self->device, MSGPASS_IOC_INFO, &info));
}

#include "afterwards.h"
