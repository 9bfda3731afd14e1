// SPDX-License-Identifier: GPL-2.0
/*
 * Did it arrive? Two messages of short life: the one that somebody waits for is
 * received, the other is sent three times, and given up.
 */
#include <fcntl.h>
#include <msgpass.h>
#include <unistd.h>

#include "check.h"

#define SECOND 1000000000ull

enum { READ = 1, UNREAD };

static const char *fate(const struct msgpass_outcome *outcome)
{
	if (outcome->error)
		return strerror(-outcome->error);
	switch (outcome->receipt.fate) {
	case MSGPASS_FATE_RECEIVED:
		return "received";
	case MSGPASS_FATE_EXPIRED:
		return "expired";
	default:
		return "dropped with its receiver";
	}
}

static void send_one(struct msgpass_outbox *outbox, int mailbox, int cookie,
		     uint64_t lifetime_ns)
{
	const struct msgpass_send_options options = {
		.cookie = cookie,
		.lifetime_ns = lifetime_ns,
	};

	check("send", msgpass_outbox_send(outbox, mailbox, "dinner at six", 14,
					  &options));
}

int main(void)
{
	int device = check("/dev/msgpass", msgpass_open());
	int read = check("mailbox",
			 msgpass_mailbox_open(device, NULL, O_RDWR, NULL));
	int unread = check("mailbox",
			   msgpass_mailbox_open(device, NULL, O_RDWR, NULL));
	struct msgpass_outcome outcome, outcomes[UNREAD + 1] = {};
	struct msgpass_outbox *outbox;
	char text[32];
	int i;

	if (check("fork", fork()) == 0)
		return msgpass_mailbox_receive(read, text, sizeof(text), NULL) <
		       0;
	check("outbox", msgpass_outbox_new(device, 3, &outbox));
	send_one(outbox, read, READ, 3600 * SECOND);
	send_one(outbox, unread, UNREAD, SECOND / 20);
	/* Receives receipts, and sends again what was dropped. */
	while (check("outbox", msgpass_outbox_next(outbox, NULL, &outcome)))
		if (outcome.tries) /* else it is not of this outbox */
			outcomes[outcome.receipt.cookie] = outcome;
	for (i = READ; i <= UNREAD; i++)
		printf("message %d: %s, sent %u times\n", i, fate(&outcomes[i]),
		       outcomes[i].tries);
	msgpass_outbox_free(outbox);
	return 0;
}
