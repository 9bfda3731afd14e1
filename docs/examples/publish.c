// SPDX-License-Identifier: GPL-2.0
/* Publishes every line of its input: publish TOPIC. See subscribe.c. */
#include <errno.h>
#include <fcntl.h>
#include <msgpass.h>

#include "check.h"

int main(int argc, char **argv)
{
	int device, topic;
	char line[1024];

	if (argc != 2) {
		fprintf(stderr, "usage: publish TOPIC\n");
		return 2;
	}
	device = check("/dev/msgpass", msgpass_open());
	topic = msgpass_mailbox_open(device, argv[1], O_WRONLY, NULL);
	if (topic == -ENOENT) {
		fprintf(stderr, "nobody has subscribed to '%s' yet\n", argv[1]);
		return 1;
	}
	check(argv[1], topic);
	while (fgets(line, sizeof(line), stdin))
		check("publish", msgpass_mailbox_send(topic, line, strlen(line)));
	return 0;
}
