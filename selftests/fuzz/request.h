/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a step to an ioctl: its struct, and what that points to.
 */
#ifndef FUZZ_REQUEST_H
#define FUZZ_REQUEST_H

#include "files.h"
#include "memory.h"

#define IOVECS 8
#define ELEMENTS_MAX 8
#define TYPES (MSGPASS_TYPE_EXACT | MSGPASS_TYPE_UP_TO | MSGPASS_TYPE_EXCEPT)

struct request {
	const struct step *step;
	struct file file;
	uint32_t flags;
	struct iovec data[IOVECS], reply[IOVECS];
	int fds[MSGPASS_FDS_MAX], room[MSGPASS_FDS_MAX];
	struct msgpass_send_element out[ELEMENTS_MAX];
	struct msgpass_receive_element in[ELEMENTS_MAX];
	union {
		uint32_t words[64];
		char bytes[256];
		struct msgpass_send send;
		struct msgpass_receive receive;
		struct msgpass_call call;
		struct msgpass_reply reply;
		struct msgpass_reply_receive reply_receive;
		struct msgpass_forward forward;
		struct msgpass_request_read request_read;
		struct msgpass_piece_read piece_read;
		struct msgpass_send_batch send_batch;
		struct msgpass_receive_batch receive_batch;
		struct msgpass_info info;
		struct msgpass_mailbox_open open;
		struct msgpass_mailbox_delete delete;
		struct msgpass_mailbox_set set;
		struct msgpass_mailbox_give give;
		struct msgpass_mailbox_accept accept;
		struct msgpass_mailbox_stat stat;
		struct msgpass_inbox_set inbox_set;
		struct msgpass_inbox_stat inbox;
		struct msgpass_link_stat link;
		struct msgpass_wait_list waits;
	} argument;
};

static __thread struct actor *own;	/* who carries out the step */
static __thread uint64_t last_mailbox;	/* that was listed */

/* --- what the fields say */

static inline bool is_wild(const struct request *request)
{
	return request->step->to & WILD;
}

static inline uint64_t deadline_of(const struct step *step)
{
	switch (step->deadline % 8) {
	case 1: case 2: case 3: return now() + (step->deadline % 8) * 2000000ULL;
	case 4: return now() + 200000;
	case 5: return 1;
	case 6: return now();
	case 7: return UINT64_MAX;
	default: return 0;
	}
}

/* A process, by pid or peer id; none where the file says who. */
static inline uint64_t process_of(const struct request *request)
{
	static const uint64_t wild[] = { 0, 1, -1, 9999, 1ULL << 32, 1ULL << 63 };
	uint8_t to = request->step->to;
	const struct actor *actor = &world->actors[to % 8 % ACTORS];

	if (to & WILD)
		return to & 8 ? (uint64_t)actor->tid : wild[to % ARRAY_SIZE(wild)];
	if (request->file.kind == MAILBOX_FD)
		return 0;
	return request->flags & MSGPASS_PEER ? actor->peer : (uint64_t)actor->pid;
}

/* From whom to receive: mostly from anybody. */
static inline uint64_t sender_of(const struct request *request)
{
	return request->step->to & 0x40 || is_wild(request) || request->flags & MSGPASS_PEER ?
	       process_of(request) : 0;
}

/* A mailbox fd names its mailbox. */
static inline void name_into(const struct request *request, char *name)
{
	static const char *const usual[] = { "a", "b", "c", "d", "23", "0", "" };
	static const char *const wild[] = { "a/b", ".a", "65536", "01", "\177", "unknown" };
	uint8_t to = request->step->to;

	if (is_wild(request))
		strcpy(name, wild[to % ARRAY_SIZE(wild)]);
	else if (request->file.kind != MAILBOX_FD)
		strcpy(name, usual[to % ARRAY_SIZE(usual)]);
	if (to == 0xff)
		memset(name, 'x', MSGPASS_NAME_SIZE);
}

/* The one that was given last is 0. */
static inline uint64_t token_of(const struct step *step)
{
	uint32_t count = __atomic_load_n(&world->token_count, __ATOMIC_RELAXED);

	if (step->token & 0x40)
		return 0;
	return step->token & WILD ? 1ULL << step->token % 64 :
	       world->tokens[(count - 1 - step->token) % TOKENS];
}

static inline void note_token(uint64_t token)
{
	if (token)
		world->tokens[__atomic_fetch_add(&world->token_count, 1, __ATOMIC_RELAXED) %
			      TOKENS] = token;
}

static inline struct msgpass_attributes attributes_of(const struct step *step, uint32_t allowed)
{
	static const uint64_t capacities[] = { 0, 1, 2, 5, MSGPASS_UNLIMITED, 1 << 30 };
	static const uint32_t modes[] = { 0600, 0666, 0, 0222, 0440, 0620, 07777 };

	return (struct msgpass_attributes){
		.set = step->value & (step->value & WILD ? 0x7f : allowed),
		.mode = modes[step->type % ARRAY_SIZE(modes)],
		.uid = FATHER + step->type % 3, .gid = FAMILY,
		.capacity = capacities[step->token % ARRAY_SIZE(capacities)],
		.capacity_bytes = step->reply & 1 ? MSGPASS_UNLIMITED : length_of(step->reply),
		.message_max = length_of(step->length),
	};
}

/* --- buffers */

static inline uint64_t bytes_at(uint8_t kind, uint64_t length)
{
	if ((kind & 0xf) == STALLING)
		own->stalled = true;
	return place_of(kind, length);
}

/* A buffer, or pieces of one with a length each; *@length is what goes into the struct. */
static inline uint64_t buffer(const struct request *request, struct iovec *pieces, uint8_t code,
			      __u64 *length)
{
	uint8_t kind = request->step->memory;
	int i;

	*length = length_of(code);
	if (!(request->flags & MSGPASS_IOVEC))
		return bytes_at(kind, *length);
	for (i = 0; i < IOVECS; i++) {
		pieces[i].iov_len = length_of((code + i * 3) & (code & 1 ? 0x87 : 0x07));
		pieces[i].iov_base = (void *)bytes_at(i == code % IOVECS ? kind : 0,
						      pieces[i].iov_len);
	}
	*length = code & WILD ? length_of(code) : code % (IOVECS + 1);
	return (uintptr_t)pieces;
}

static inline uint64_t data(struct request *request, __u64 *length)
{
	return buffer(request, request->data, request->step->length, length);
}

static inline uint64_t reply_data(struct request *request, __u64 *length)
{
	return buffer(request, request->reply, request->step->reply, length);
}

static inline uint32_t fds_count(const struct step *step)
{
	return (step->fds & 0xf) == 0xf ? MSGPASS_FDS_MAX + 1 : step->fds & 0x7;
}

static inline uint64_t fds(struct request *request)
{
	int i;

	for (i = 0; i < MSGPASS_FDS_MAX; i++)
		request->fds[i] = file_of((request->step->fds >> 4) + i).fd;
	return (uintptr_t)request->fds;
}

/* --- one for each struct */

static inline void fill_send(struct request *request)
{
	const struct step *step = request->step;
	struct msgpass_send *send = &request->argument.send;

	send->flags = request->flags;
	send->to = process_of(request);
	send->data = data(request, &send->length);
	send->deadline = deadline_of(step);
	send->type = step->type % 4;
	send->priority = step->value % 3;
	send->lifetime = step->value & 0x40 ? 1000000 : step->value & WILD ? 1 : 0;
	send->cookie = send->flags & MSGPASS_RECEIPT ? step->token : 0;
	send->fds = fds(request);
	send->fds_count = fds_count(step);
}

static inline void receive_into(struct request *request, struct msgpass_receive *receive)
{
	const struct step *step = request->step;

	receive->flags = request->flags;
	receive->from = sender_of(request);
	receive->data = data(request, &receive->length);
	receive->deadline = deadline_of(step);
	receive->type = step->value & WILD ||
		receive->flags & (MSGPASS_TYPE_EXACT | MSGPASS_TYPE_UP_TO | MSGPASS_TYPE_EXCEPT) ?
		step->type % 4 : 0;
	receive->fds_room = fds_count(step);
	receive->fds = (uintptr_t)request->room;
}

static inline void fill_receive(struct request *request)
{
	receive_into(request, &request->argument.receive);
}

static inline void fill_call(struct request *request)
{
	const struct step *step = request->step;
	struct msgpass_call *call = &request->argument.call;

	call->flags = request->flags;
	/* Mostly a new one. */
	call->token = step->token & (0x20 | WILD) ? token_of(step) : 0;
	call->to = call->token ? 0 : process_of(request);
	call->data = data(request, &call->length);
	call->deadline = deadline_of(step);
	call->type = step->type % 4;
	call->priority = step->value % 3;
	call->reply_data = reply_data(request, &call->reply_length);
	call->fds = fds(request);
	call->fds_count = call->token ? 0 : fds_count(step);
	call->reply_fds_room = step->value % 4;
	call->reply_fds = (uintptr_t)request->room;
}

static inline void reply_into(struct request *request, struct msgpass_reply *reply)
{
	const struct step *step = request->step;

	reply->flags = request->flags & (MSGPASS_IOVEC | MSGPASS_CANCEL);
	reply->token = token_of(step);
	reply->data = reply_data(request, &reply->length);
	reply->type = step->type;
	reply->fds_count = fds_count(step);
	reply->fds = fds(request);
}

static inline void fill_reply(struct request *request)
{
	reply_into(request, &request->argument.reply);
}

static inline void fill_reply_receive(struct request *request)
{
	reply_into(request, &request->argument.reply_receive.reply);
	receive_into(request, &request->argument.reply_receive.receive);
	request->argument.reply_receive.receive.flags &= ~MSGPASS_CANCEL;
}

static inline void fill_forward(struct request *request)
{
	const struct step *step = request->step;
	struct msgpass_forward *forward = &request->argument.forward;

	forward->flags = request->flags;
	forward->token = token_of(step);
	forward->to = process_of(request);
	forward->data = data(request, &forward->length);
	forward->deadline = deadline_of(step);
	forward->type = step->type % 4;
	forward->priority = step->value % 3;
	forward->fds = fds(request);
	forward->fds_count = fds_count(step);
}

static inline void fill_request_read(struct request *request)
{
	struct msgpass_request_read *read = &request->argument.request_read;

	read->flags = request->flags;
	read->token = token_of(request->step);
	read->offset = length_of(request->step->reply);
	read->data = data(request, &read->length);
}

static inline void fill_piece_read(struct request *request)
{
	struct msgpass_piece_read *read = &request->argument.piece_read;

	read->flags = request->flags;
	read->token = token_of(request->step);
	read->data = data(request, &read->length);
}

/* Up to ELEMENTS_MAX of them, or a number that is wild. */
static inline uint32_t elements_count(const struct step *step)
{
	static const uint32_t wild[] = { 0, MSGPASS_BATCH_MAX + 1, UINT32_MAX };

	return step->token & WILD ? wild[step->token % ARRAY_SIZE(wild)] :
				    step->token % ELEMENTS_MAX + 1U;
}

/* Where they can be read, or written, in part: if that is not where the struct is. */
static inline uint64_t elements_at(const struct step *step, void *elements, size_t size)
{
	uint8_t kind = step->memory >> 4 < 12 ? step->fds : 0;

	return (uintptr_t)struct_place(kind, elements, size);
}

/* One of them has what the step says of bytes, the others are as they should be. */
static inline void fill_send_batch(struct request *request)
{
	const struct step *step = request->step;
	struct msgpass_send_batch *batch = &request->argument.send_batch;
	int i;

	batch->flags = request->flags;
	batch->to = process_of(request);
	batch->deadline = deadline_of(step);
	batch->count = elements_count(step);
	for (i = 0; i < ELEMENTS_MAX; i++) {
		uint64_t length = length_of(i == step->reply % ELEMENTS_MAX ? step->length : i);

		request->out[i] = (struct msgpass_send_element){
			.data = bytes_at(i == step->reply % ELEMENTS_MAX ? step->memory : 0, length),
			.length = length, .type = step->type * i % 4, .priority = step->value * i % 3,
		};
	}
	batch->elements = elements_at(step, request->out, sizeof(request->out));
}

static inline void fill_receive_batch(struct request *request)
{
	const struct step *step = request->step;
	struct msgpass_receive_batch *batch = &request->argument.receive_batch;
	int i;

	batch->flags = request->flags;
	batch->from = sender_of(request);
	batch->deadline = deadline_of(step);
	batch->type = step->value & WILD || batch->flags & TYPES ? step->type % 4 : 0;
	batch->count = elements_count(step);
	for (i = 0; i < ELEMENTS_MAX; i++) {
		uint64_t length = length_of(i == step->reply % ELEMENTS_MAX ? step->length : 8 + i);

		request->in[i] = (struct msgpass_receive_element){
			.data = bytes_at(i == step->reply % ELEMENTS_MAX ? step->memory : 0, length),
			.length = length,
		};
	}
	batch->elements = elements_at(step, request->in, sizeof(request->in));
}

static inline void fill_info(struct request *request)
{
	request->argument.info.flags = request->flags;
}

static inline void fill_open(struct request *request)
{
	struct msgpass_mailbox_open *open = &request->argument.open;

	open->flags = request->flags;
	/* Mostly it ought to work. */
	if (!(open->flags & OPEN_BOTH) && !is_wild(request))
		open->flags |= OPEN_BOTH;
	if (!(request->step->flags & 0x100))
		open->flags |= MSGPASS_OPEN_CREATE;
	if (open->flags & MSGPASS_OPEN_CREATE || is_wild(request))
		open->attributes = attributes_of(request->step, 0x39);
	name_into(request, open->name);
}

static inline void fill_stat(struct request *request)
{
	request->argument.stat.flags = request->flags;
	name_into(request, request->argument.stat.name);
}

static inline void fill_next(struct request *request)
{
	request->argument.stat.flags = request->flags;
	request->argument.stat.id = request->step->value & 1 ? last_mailbox : 0;
}

static inline void fill_set(struct request *request)
{
	request->argument.set.flags = request->flags;
	request->argument.set.attributes = attributes_of(request->step, 0x3f);
	name_into(request, request->argument.set.name);
}

static inline void fill_delete(struct request *request)
{
	request->argument.delete.flags = request->flags;
	name_into(request, request->argument.delete.name);
}

static inline void fill_give(struct request *request)
{
	struct msgpass_mailbox_give *give = &request->argument.give;
	/* @to is the name here. */
	const struct actor *actor = &world->actors[request->step->value % ACTORS];

	give->flags = request->flags;
	if (!(give->flags & MSGPASS_CANCEL) || is_wild(request))
		give->to = give->flags & MSGPASS_PEER ? actor->peer : (uint64_t)actor->pid;
	name_into(request, give->name);
}

static inline void fill_accept(struct request *request)
{
	request->argument.accept.flags = request->flags;
	name_into(request, request->argument.accept.name);
}

static inline void fill_inbox_set(struct request *request)
{
	request->argument.inbox_set.flags = request->flags;
	request->argument.inbox_set.attributes = attributes_of(request->step, 0x39);
}

static inline void fill_inbox_stat(struct request *request)
{
	request->argument.inbox.flags = request->flags;
	request->argument.inbox.process = sender_of(request);
}

static inline void fill_inbox_next(struct request *request)
{
	request->argument.inbox.flags = request->flags;
	request->argument.inbox.process = request->step->value & 1 ? own->peer : 0;
}

static inline void fill_link_next(struct request *request)
{
	struct msgpass_link_stat *link = &request->argument.link;

	link->flags = request->flags;
	link->to_peer = request->step->value & 1 ? own->peer : 0;
	link->from_peer = request->step->value & 2 ? world->actors[0].peer : 0;
}

static inline void fill_wait_list(struct request *request)
{
	const struct step *step = request->step;
	struct msgpass_wait_list *list = &request->argument.waits;

	list->flags = request->flags;
	list->count = step->length % 128;
	list->elements = bytes_at(step->memory, list->count * sizeof(struct msgpass_wait_element));
	list->first = step->value % 8;
	if (step->type & 1)
		name_into(request, list->name);
	else
		list->process = process_of(request);
}

/* The struct is some part of the input, whatever that is. */
static inline void fill_any(struct request *request)
{
	size_t from = request->step->reply * 2 % sizeof(world->input);
	size_t left = sizeof(world->input) - from;

	memcpy(request->argument.bytes, world->input + from,
	       left < sizeof(request->argument) ? left : sizeof(request->argument));
}

#define SENDING (MSGPASS_NONBLOCK | MSGPASS_IOVEC | MSGPASS_PEER | MSGPASS_SPIN)
#define RECEIVING (SENDING | MSGPASS_PEEK | MSGPASS_TRUNCATE | MSGPASS_BY_PRIORITY | TYPES | \
		   MSGPASS_PIECES | MSGPASS_RECEIPT)

static const struct ioctl {
	unsigned long number;
	size_t size;
	uint32_t flags;		/* that it takes */
	void (*fill)(struct request *request);
} ioctls[] = {
#define IOCTL(verb, ioctl, type, valid, function) \
	[DO_##verb] = { MSGPASS_IOC_##ioctl, sizeof(struct msgpass_##type), valid, function }
	IOCTL(SEND, SEND, send,
	      SENDING | MSGPASS_SYNCHRONOUS | MSGPASS_FLOW | MSGPASS_RECEIPT, fill_send),
	IOCTL(RECEIVE, RECEIVE, receive, RECEIVING, fill_receive),
	IOCTL(CALL, CALL, call, SENDING | MSGPASS_TRUNCATE | MSGPASS_CANCEL, fill_call),
	IOCTL(REPLY, REPLY, reply, MSGPASS_IOVEC | MSGPASS_CANCEL, fill_reply),
	IOCTL(REPLY_RECEIVE, REPLY_RECEIVE, reply_receive, RECEIVING | MSGPASS_CANCEL,
	      fill_reply_receive),
	IOCTL(FORWARD, FORWARD, forward, SENDING, fill_forward),
	IOCTL(REQUEST_READ, REQUEST_READ, request_read, MSGPASS_IOVEC, fill_request_read),
	IOCTL(PIECE_READ, PIECE_READ, piece_read, MSGPASS_IOVEC | MSGPASS_CANCEL,
	      fill_piece_read),
	IOCTL(SEND_BATCH, SEND_BATCH, send_batch,
	      MSGPASS_NONBLOCK | MSGPASS_PEER | MSGPASS_SPIN, fill_send_batch),
	IOCTL(RECEIVE_BATCH, RECEIVE_BATCH, receive_batch,
	      RECEIVING & ~(MSGPASS_IOVEC | MSGPASS_PEEK | MSGPASS_PIECES), fill_receive_batch),
	IOCTL(INFO, INFO, info, 0, fill_info),
	IOCTL(OPEN, MAILBOX_OPEN, mailbox_open, 0xff, fill_open),
	IOCTL(STAT, MAILBOX_STAT, mailbox_stat, 0, fill_stat),
	IOCTL(NEXT, MAILBOX_NEXT, mailbox_stat, 0, fill_next),
	IOCTL(SET, MAILBOX_SET, mailbox_set, 0, fill_set),
	IOCTL(DELETE, MAILBOX_DELETE, mailbox_delete, 0, fill_delete),
	IOCTL(GIVE, MAILBOX_GIVE, mailbox_give, MSGPASS_PEER | MSGPASS_CANCEL, fill_give),
	IOCTL(ACCEPT, MAILBOX_ACCEPT, mailbox_accept, 0, fill_accept),
	IOCTL(INBOX_SET, INBOX_SET, inbox_set, 0, fill_inbox_set),
	IOCTL(INBOX_STAT, INBOX_STAT, inbox_stat, MSGPASS_PEER, fill_inbox_stat),
	IOCTL(INBOX_NEXT, INBOX_NEXT, inbox_stat, 0, fill_inbox_next),
	IOCTL(LINK_NEXT, LINK_NEXT, link_stat, 0, fill_link_next),
	IOCTL(WAIT_LIST, WAIT_LIST, wait_list, MSGPASS_PEER, fill_wait_list),
	[DO_RAW] = { 0, 0, 0, fill_any },
};

#endif
