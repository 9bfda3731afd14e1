// SPDX-License-Identifier: GPL-2.0
/*
 * worker BOX: works, and does not wait; a signal tells it that a message has
 * come, and only then it receives.
 */
#include <fcntl.h>
#include <msgpass.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static _Atomic int arrived;

static void note_arrival(int number)
{
	arrived = number;
}

static int open_mailbox(const char *name)
{
	int device = msgpass_open();

	return device < 0 ? device : msgpass_mailbox_open(device, name, O_RDONLY, NULL);
}

/* From now on a message that is queued there raises SIGUSR1 here. */
static void ask_for_signals(int mailbox)
{
	signal(SIGUSR1, note_arrival);
	fcntl(mailbox, F_SETOWN, getpid());
	fcntl(mailbox, F_SETSIG, SIGUSR1);
	fcntl(mailbox, F_SETFL, O_ASYNC);
}

static void keep_working(void)
{
	unsigned long steps = 0;

	puts("working");
	fflush(stdout);
	while (!arrived)
		steps++;
	printf("%s, after %s steps of work\n", strsignal(arrived), steps ? "many" : "no");
}

int main(int argc, char **argv)
{
	int mailbox = argc == 2 ? open_mailbox(argv[1]) : -1;
	char text[80];
	ssize_t length;

	if (mailbox < 0) {
		fprintf(stderr, "worker: cannot open the mailbox; name one that is there\n");
		return 1;
	}
	ask_for_signals(mailbox);
	keep_working();
	length = msgpass_mailbox_receive(mailbox, text, sizeof(text), NULL);
	if (length < 0) {
		fprintf(stderr, "worker: cannot receive: %s\n", strerror(-length));
		return 1;
	}
	printf("received: %.*s", (int)length, text);
	return 0;
}
