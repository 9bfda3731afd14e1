// SPDX-License-Identifier: GPL-2.0
/*
 * An event loop: epoll says which of several mailboxes has something, and they are
 * emptied without waiting for any. Sockets and timers would go into the same epoll.
 */
#include <errno.h>
#include <fcntl.h>
#include <msgpass.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "check.h"

static struct source {
	const char *name;
	int mailbox;
	int messages;
	int bytes;
	int open;
} sources[] = { { .name = "red" }, { .name = "green" }, { .name = "blue" } };

#define SOURCES ((int)(sizeof(sources) / sizeof(sources[0])))

/* The other process: as many messages as the name has letters, then an empty one. */
static int send_all(void)
{
	int i, letter;

	for (i = 0; i < SOURCES; i++) {
		for (letter = 0; sources[i].name[letter]; letter++)
			check("send", msgpass_mailbox_send(sources[i].mailbox,
							   "hello", 5));
		check("send", msgpass_mailbox_send(sources[i].mailbox, "", 0));
	}
	return 0;
}

/* Whatever is there; how much it is nobody knows but the mailbox. */
static void drain(struct source *source)
{
	char text[64];
	ssize_t length;

	while ((length = msgpass_mailbox_receive(source->mailbox, text,
						 sizeof(text), NULL)) > 0) {
		source->messages++;
		source->bytes += length;
	}
	if (length == 0)
		source->open = 0;
	else if (length != -EAGAIN)
		check(source->name, length);
}

static void loop(int epoll)
{
	struct epoll_event events[SOURCES];
	int left = SOURCES, count, i;

	while (left) {
		count = epoll_wait(epoll, events, SOURCES, -1);
		for (i = 0; i < count; i++) {
			struct source *source = events[i].data.ptr;

			drain(source);
			if (!source->open) {
				epoll_ctl(epoll, EPOLL_CTL_DEL, source->mailbox,
					  NULL);
				left--;
			}
		}
	}
}

int main(void)
{
	int device = check("/dev/msgpass", msgpass_open());
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int i;

	for (i = 0; i < SOURCES; i++) {
		struct epoll_event in = { .events = EPOLLIN,
					  .data.ptr = &sources[i] };

		sources[i].open = 1;
		sources[i].mailbox =
			check("mailbox",
			      msgpass_mailbox_open(device, NULL,
						   O_RDWR | O_NONBLOCK, NULL));
		epoll_ctl(epoll, EPOLL_CTL_ADD, sources[i].mailbox, &in);
	}
	if (check("fork", fork()) == 0)
		return send_all();
	loop(epoll);
	for (i = 0; i < SOURCES; i++)
		printf("%s: %d messages, %d bytes\n", sources[i].name,
		       sources[i].messages, sources[i].bytes);
	return 0;
}
