// SPDX-License-Identifier: GPL-2.0
/*
 * One deadline for several calls, however often a signal interrupts them: the time
 * that is left is nobody's business but the kernel's.
 */
#include <errno.h>
#include <fcntl.h>
#include <msgpass.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "check.h"

/* Replies to calls of type 1; the others wait in vain. */
static int serve_some(int mailbox)
{
	struct msgpass_message_info info;
	char text[16];

	while (msgpass_mailbox_receive(mailbox, text, sizeof(text), &info) >= 0)
		if (info.type == 1)
			msgpass_reply(mailbox, info.token, "yes", 3);
	return 0;
}

static void tick(int signal)
{
	(void)signal;
}

/* Signals come all the time, and their handler does not restart what it interrupts. */
static void interrupt_often(void)
{
	const struct sigaction action = { .sa_handler = tick };
	const struct itimerval often = { { .tv_usec = 20000 },
					 { .tv_usec = 20000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

/* A call that is interrupted is given up; the next one waits until the same time. */
static ssize_t ask(int mailbox, uint32_t type, uint64_t deadline)
{
	const struct msgpass_call_options options = { .type = type,
						      .deadline_ns = deadline };
	char reply[16];
	ssize_t length;

	do {
		length = msgpass_call_with(mailbox, "there?", 6, reply,
					   sizeof(reply), &options, NULL);
	} while (length == -EINTR);
	return length;
}

int main(void)
{
	const struct msgpass_settings while_i_live = { .bound = true };
	int device = check("/dev/msgpass", msgpass_open());
	int mailbox = check("mailbox", msgpass_mailbox_open(device, NULL, O_RDWR,
							    &while_i_live));
	uint64_t deadline;
	ssize_t length;
	int i;

	if (check("fork", fork()) == 0)
		return serve_some(mailbox);
	interrupt_often();
	deadline = msgpass_deadline(1000000000);
	for (i = 1; i <= 3; i++) {
		length = ask(mailbox, i, deadline);
		printf("call %d: %s\n", i,
		       length < 0 ? strerror(-length) : "a reply");
	}
	return 0;
}
