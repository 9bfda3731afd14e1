// SPDX-License-Identifier: GPL-2.0
/*
 * Prints what is published from now on: subscribe TOPIC COUNT. The topic is a
 * mailbox for broadcast, which the first subscriber makes: everybody gets every
 * message, and a slow subscriber misses some rather than hold up the others.
 */
#include <fcntl.h>
#include <msgpass.h>

#include "check.h"

int main(int argc, char **argv)
{
	const struct msgpass_settings broadcast = {
		.has = MSGPASS_HAS_MODE,
		.mode = 0644, /* everybody may read, the owner publishes */
		.broadcast = true,
		.lossy = true,
	};
	struct msgpass_message_info info;
	int device, topic, count;
	char line[1024];
	ssize_t length;

	if (argc != 3) {
		fprintf(stderr, "usage: subscribe TOPIC COUNT\n");
		return 2;
	}
	device = check("/dev/msgpass", msgpass_open());
	topic = check(argv[1],
		      msgpass_mailbox_open(device, argv[1], O_RDONLY | O_CREAT,
					   &broadcast));
	setlinebuf(stdout);
	for (count = atoi(argv[2]); count > 0; count--) {
		length = check("receive",
			       msgpass_mailbox_receive(topic, line,
						       sizeof(line), &info));
		if (info.missed)
			printf("(%u missed)\n", info.missed);
		printf("%.*s", (int)length, line);
	}
	return 0;
}
