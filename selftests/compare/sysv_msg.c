// SPDX-License-Identifier: GPL-2.0
/*
 * A System V message queue: one queue carries both directions, told apart by the messages'
 * types.
 */
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#include "compare.h"

#define KEY 0x636d70

enum { THERE = 1, BACK };

struct message {
	long type;
	int item;
};

static int make_queue(void)
{
	int queue = must(msgget(KEY, IPC_CREAT | IPC_EXCL | 0600), "msgget");

	ready();
	return queue;
}

static void put(int queue, long type, int item)
{
	struct message message = { .type = type, .item = item };

	must(msgsnd(queue, &message, sizeof(message.item), 0), "msgsnd");
}

static int get(int queue, long type)
{
	struct message message;

	whole(msgrcv(queue, &message, sizeof(message.item), type, 0), sizeof(message.item), "msgrcv");
	return message.item;
}

void sysv_msg_produce(pid_t reader, int count)
{
	int queue = must(msgget(KEY, 0), "msgget");
	int i;

	(void)reader;
	for (i = 0; i < count; i++)
		put(queue, THERE, make_item(i));
}

void sysv_msg_consume(int count)
{
	int queue = make_queue();
	int i;

	for (i = 0; i < count; i++)
		use_item(get(queue, THERE));
}

void sysv_msg_request(pid_t server, int count)
{
	int queue = must(msgget(KEY, 0), "msgget");
	int i, asked;

	(void)server;
	for (i = 0; i < count; i++) {
		asked = question(i);
		put(queue, THERE, asked);
		take_answer(asked, get(queue, BACK));
	}
}

void sysv_msg_serve(int count)
{
	int queue = make_queue();
	int i;

	for (i = 0; i < count; i++)
		put(queue, BACK, answer(get(queue, THERE)));
}

int sysv_msg_remove(void)
{
	return msgctl(msgget(KEY, 0), IPC_RMID, NULL);
}
