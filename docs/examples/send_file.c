// SPDX-License-Identifier: GPL-2.0
/*
 * Sends a file of any length as one message: send_file MAILBOX FILE. Its pages go
 * straight to the receiver's buffer; it returns when all of them are there.
 */
#include <errno.h>
#include <fcntl.h>
#include <msgpass.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "check.h"

int main(int argc, char **argv)
{
	int device, mailbox, file;
	struct stat status;
	ssize_t sent;
	void *data;

	if (argc != 3) {
		fprintf(stderr, "usage: send_file MAILBOX FILE\n");
		return 2;
	}
	file = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (file < 0 || fstat(file, &status))
		check(argv[2], -errno);
	data = status.st_size ? mmap(NULL, status.st_size, PROT_READ,
				     MAP_PRIVATE, file, 0) :
				NULL;
	if (data == MAP_FAILED)
		check(argv[2], -errno);

	device = check("/dev/msgpass", msgpass_open());
	mailbox = check(argv[1], msgpass_mailbox_open(device, argv[1],
						      O_WRONLY | O_CREAT, NULL));
	sent = check("send", msgpass_flow(mailbox, data, status.st_size, NULL));
	if (sent < status.st_size) {
		fprintf(stderr, "the receiver took only %zd of %lld bytes\n",
			sent, (long long)status.st_size);
		return 1;
	}
	return 0;
}
