// SPDX-License-Identifier: GPL-2.0
/*
 * msgpass, direct: messages that are addressed to a process, by its pid, and calls that it
 * replies to.
 */
#include <msgpass.h>

#include "compare.h"

static int open_device(void)
{
	int device = msgpass_open();

	done(device, "msgpass_open");
	return device;
}

void msgpass_direct_produce(pid_t reader, int count)
{
	int device = open_device();
	int i, item;

	for (i = 0; i < count; i++) {
		item = make_item(i);
		done(msgpass_send(device, reader, &item, sizeof(item)), "msgpass_send");
	}
}

void msgpass_direct_consume(int count)
{
	int device = open_device();
	int i, item;

	ready();
	for (i = 0; i < count; i++) {
		done(msgpass_receive(device, 0, &item, sizeof(item), NULL), "msgpass_receive");
		use_item(item);
	}
}

void msgpass_direct_request(pid_t server, int count)
{
	int device = open_device();
	int i, asked, replied;

	for (i = 0; i < count; i++) {
		asked = question(i);
		done(msgpass_call(device, server, &asked, sizeof(asked), &replied, sizeof(replied)),
		     "msgpass_call");
		take_answer(asked, replied);
	}
}

void msgpass_direct_serve(int count)
{
	int device = open_device();
	struct msgpass_message_info call;
	int i, asked, replied;

	ready();
	for (i = 0; i < count; i++) {
		done(msgpass_receive(device, 0, &asked, sizeof(asked), &call), "msgpass_receive");
		replied = answer(asked);
		done(msgpass_reply(device, call.token, &replied, sizeof(replied)), "msgpass_reply");
	}
}
