// SPDX-License-Identifier: GPL-2.0
/* Two processes talk, each addressing the other by its pid. */
#include <msgpass.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	char text[80];
	struct msgpass_message_info from;
	int device = msgpass_open();
	pid_t child = fork();

	if (child == 0) {
		msgpass_receive(device, 0, text, sizeof(text), &from);
		printf("%d received \"%s\" from %d\n", getpid(), text, from.pid);
		return -msgpass_send(device, from.pid, "fine, and you?", 15);
	}
	msgpass_send(device, child, "how are you?", 13);
	msgpass_receive(device, child, text, sizeof(text), &from);
	printf("%d received \"%s\" from %d\n", getpid(), text, from.pid);
	return 0;
}
