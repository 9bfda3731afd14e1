// SPDX-License-Identifier: GPL-2.0
/* Receives what send_file sends, to standard output: receive_file MAILBOX. */
#include <errno.h>
#include <fcntl.h>
#include <msgpass.h>

#include "check.h"

static void keep(const void *data, size_t length)
{
	if (fwrite(data, 1, length, stdout) != length)
		check("standard output", -errno);
}

int main(int argc, char **argv)
{
	const struct msgpass_receive_options pieces = { .pieces = true };
	struct msgpass_message_info info;
	static char buffer[1 << 18];
	int device, mailbox;
	ssize_t length;

	if (argc != 2) {
		fprintf(stderr, "usage: receive_file MAILBOX\n");
		return 2;
	}
	device = check("/dev/msgpass", msgpass_open());
	mailbox = check(argv[1], msgpass_mailbox_open(device, argv[1],
						      O_RDONLY | O_CREAT, NULL));
	length = check("receive",
		       msgpass_receive_with(mailbox, buffer, sizeof(buffer),
					    &pieces, &info));
	keep(buffer, length);
	while (info.remaining) {
		length = msgpass_piece_read(mailbox, info.rest, buffer,
					    sizeof(buffer), &info.remaining);
		if (length == -EPIPE) {
			fprintf(stderr, "the sender died: %llu bytes lack\n",
				(unsigned long long)info.remaining);
			return 1;
		}
		keep(buffer, check("read on", length));
	}
	if (fflush(stdout))
		check("standard output", -errno);
	return 0;
}
