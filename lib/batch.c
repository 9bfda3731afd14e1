// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Several messages in a call. What the kernel is told of them is on the stack,
 * so many at a time.
 */
#include "internal.h"

#define CHUNK 64

static int count_of_chunk(size_t left)
{
	return left < CHUNK ? left : CHUNK;
}

static int send_some(int fd, struct msgpass_send_batch *argument,
		     const struct msgpass_outgoing *messages, size_t left)
{
	struct msgpass_send_element elements[CHUNK];

	argument->count = count_of_chunk(left);
	for (unsigned int i = 0; i < argument->count; i++)
		elements[i] = (struct msgpass_send_element){
			.data = to_user_pointer(messages[i].data),
			.length = messages[i].length,
			.type = messages[i].type,
			.priority = messages[i].priority,
		};
	argument->elements = to_user_pointer(elements);
	return device_ioctl(fd, MSGPASS_IOC_SEND_BATCH, argument);
}

/* How, and to whom; nothing that is of a single message. */
static int batch_to_send(const struct msgpass_send_options *options,
			 struct msgpass_send_batch *batch)
{
	struct msgpass_send argument = {};
	int ret = apply_send_options(options, &argument);

	if (ret < 0)
		return ret;
	if (argument.flags & ~(MSGPASS_NONBLOCK | MSGPASS_PEER | MSGPASS_SPIN) ||
	    argument.type || argument.priority || argument.lifetime ||
	    argument.cookie || argument.fds_count)
		return -EINVAL;
	batch->flags = argument.flags;
	batch->to = argument.to;
	batch->deadline = argument.deadline;
	return 0;
}

PUBLIC ssize_t msgpass_send_batch(int fd,
				  const struct msgpass_outgoing *messages,
				  size_t count,
				  const struct msgpass_send_options *options)
{
	struct msgpass_send_batch argument = { .size = sizeof(argument) };
	size_t sent = 0;
	int ret = batch_to_send(options, &argument);

	if (ret < 0)
		return ret;
	do {
		ret = send_some(fd, &argument, messages + sent, count - sent);
		if (ret > 0)
			sent += ret;
	} while (ret == CHUNK && sent < count);
	return sent ? (ssize_t)sent : ret;
}

static void fill_incoming_info(struct msgpass_message_info *info,
			       const struct msgpass_receive_element *element)
{
	const struct msgpass_receive as_one = {
		.out_length = element->out_length,
		.out_sequence = element->out_sequence,
		.out_time = element->out_time,
		.out_peer = element->out_peer,
		.out_pid = element->out_pid,
		.out_uid = element->out_uid,
		.out_gid = element->out_gid,
		.out_type = element->out_type,
		.out_priority = element->out_priority,
		.out_flags = element->out_flags,
		.out_token = element->out_token,
		.out_fds = element->out_fds,
		.out_missed = element->out_missed,
	};

	fill_message_info(info, &as_one);
}

static int receive_some(int fd, struct msgpass_receive_batch *argument,
			struct msgpass_incoming *messages, size_t left)
{
	struct msgpass_receive_element elements[CHUNK];
	int ret, told;

	argument->count = count_of_chunk(left);
	for (unsigned int i = 0; i < argument->count; i++) {
		elements[i].data = to_user_pointer(messages[i].buffer);
		elements[i].length = messages[i].size;
	}
	argument->elements = to_user_pointer(elements);
	ret = device_ioctl(fd, MSGPASS_IOC_RECEIVE_BATCH, argument);
	told = ret == -EMSGSIZE ? 1 : ret;
	for (int i = 0; i < told; i++)
		fill_incoming_info(&messages[i].info, &elements[i]);
	return ret;
}

static int batch_to_receive(const struct msgpass_receive_options *options,
			    struct msgpass_receive_batch *batch)
{
	struct msgpass_receive argument = {};
	int ret = apply_receive_options(options, &argument);

	if (ret < 0)
		return ret;
	if (argument.flags & (MSGPASS_PEEK | MSGPASS_PIECES) || argument.fds_room)
		return -EINVAL;
	batch->flags = argument.flags;
	batch->from = argument.from;
	batch->deadline = argument.deadline;
	batch->type = argument.type;
	return 0;
}

PUBLIC ssize_t msgpass_receive_batch(int fd, struct msgpass_incoming *messages,
				     size_t count,
				     const struct msgpass_receive_options *options)
{
	struct msgpass_receive_batch argument = { .size = sizeof(argument) };
	size_t received = 0;
	int ret = batch_to_receive(options, &argument);

	if (ret < 0)
		return ret;
	do {
		ret = receive_some(fd, &argument, messages + received,
				   count - received);
		if (ret > 0)
			received += ret;
		argument.flags |= MSGPASS_NONBLOCK;
	} while (ret == CHUNK && received < count);
	return received ? (ssize_t)received : ret;
}
