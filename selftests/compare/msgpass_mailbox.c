// SPDX-License-Identifier: GPL-2.0
/*
 * msgpass, through a mailbox: strangers meet by its name, and it goes with the process that
 * receives from it.
 */
#include <fcntl.h>
#include <msgpass.h>

#include "compare.h"

#define NAME "compare"

static int open_mailbox(int flags)
{
	const struct msgpass_settings settings = { .bound = true };
	int device = msgpass_open();
	int mailbox;

	done(device, "msgpass_open");
	mailbox = msgpass_mailbox_open(device, NAME, flags, flags & O_CREAT ? &settings : NULL);
	done(mailbox, "msgpass_mailbox_open");
	return mailbox;
}

void msgpass_mailbox_produce(pid_t reader, int count)
{
	int mailbox = open_mailbox(O_WRONLY);
	int i, item;

	(void)reader;
	for (i = 0; i < count; i++) {
		item = make_item(i);
		done(msgpass_mailbox_send(mailbox, &item, sizeof(item)), "msgpass_mailbox_send");
	}
}

void msgpass_mailbox_consume(int count)
{
	int mailbox = open_mailbox(O_RDONLY | O_CREAT | O_EXCL);
	int i, item;

	ready();
	for (i = 0; i < count; i++) {
		done(msgpass_mailbox_receive(mailbox, &item, sizeof(item), NULL),
		     "msgpass_mailbox_receive");
		use_item(item);
	}
}

void msgpass_mailbox_request(pid_t server, int count)
{
	int mailbox = open_mailbox(O_WRONLY);
	int i, asked, replied;

	(void)server;
	for (i = 0; i < count; i++) {
		asked = question(i);
		done(msgpass_mailbox_call(mailbox, &asked, sizeof(asked), &replied, sizeof(replied)),
		     "msgpass_mailbox_call");
		take_answer(asked, replied);
	}
}

void msgpass_mailbox_serve(int count)
{
	int mailbox = open_mailbox(O_RDONLY | O_CREAT | O_EXCL);
	struct msgpass_message_info call;
	int i, asked, replied;

	ready();
	for (i = 0; i < count; i++) {
		done(msgpass_mailbox_receive(mailbox, &asked, sizeof(asked), &call),
		     "msgpass_mailbox_receive");
		replied = answer(asked);
		done(msgpass_reply(mailbox, call.token, &replied, sizeof(replied)), "msgpass_reply");
	}
}
