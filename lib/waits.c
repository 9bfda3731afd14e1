// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Who waits.
 */
#include "internal.h"

/* As many as the module tells of at a time. */
#define ELEMENTS 64

_Static_assert((int)MSGPASS_WAITS_FOR_MESSAGE == MSGPASS_FOR_MESSAGE, "message");
_Static_assert((int)MSGPASS_WAITS_FOR_ROOM == MSGPASS_FOR_ROOM, "room");
_Static_assert((int)MSGPASS_WAITS_FOR_RENDEZVOUS == MSGPASS_FOR_RENDEZVOUS,
	       "rendezvous");
_Static_assert((int)MSGPASS_WAITS_FOR_REPLY == MSGPASS_FOR_REPLY, "reply");
_Static_assert((int)MSGPASS_WAITS_FOR_FLOW == MSGPASS_FOR_FLOW, "flow");

static void fill_wait(struct msgpass_wait_status *status,
		      const struct msgpass_wait_element *element)
{
	*status = (struct msgpass_wait_status){
		.pid = element->out_pid,
		.tid = element->out_tid,
		.peer = element->out_peer,
		.reason = element->out_reason,
		.for_pid = element->out_for_pid,
		.for_peer = element->out_for_peer,
		.for_mailbox = element->out_for_mailbox,
		.since_ns = element->out_since,
		.deadline_ns = element->out_deadline,
	};
}

static int list_waits(int fd, struct msgpass_wait_list *argument,
		      struct msgpass_wait_status *waits, size_t count,
		      uint64_t *cursor)
{
	struct msgpass_wait_element elements[ELEMENTS];
	int ret;

	argument->size = sizeof(*argument);
	argument->first = *cursor;
	argument->elements = to_user_pointer(elements);
	argument->count = count < ELEMENTS ? count : ELEMENTS;
	ret = device_ioctl(fd, MSGPASS_IOC_WAIT_LIST, argument);
	if (ret < 0)
		return ret;
	for (int i = 0; i < ret; i++)
		fill_wait(&waits[i], &elements[i]);
	*cursor = argument->out_next;
	return ret;
}

PUBLIC int msgpass_mailbox_waits(int fd, const char *name,
				 struct msgpass_wait_status *waits,
				 size_t count, uint64_t *cursor)
{
	struct msgpass_wait_list argument = { 0 };
	int ret = copy_name(argument.name, name);

	if (ret < 0)
		return ret;
	return list_waits(fd, &argument, waits, count, cursor);
}

PUBLIC int msgpass_inbox_waits(int device, pid_t pid, uint64_t peer,
			       struct msgpass_wait_status *waits, size_t count,
			       uint64_t *cursor)
{
	struct msgpass_wait_list argument = { 0 };
	__u64 process;
	int ret = address_of(pid, peer, &process, &argument.flags);

	if (ret < 0)
		return ret;
	argument.process = process;
	return list_waits(device, &argument, waits, count, cursor);
}
