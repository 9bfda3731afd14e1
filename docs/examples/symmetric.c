// SPDX-License-Identifier: GPL-2.0
/*
 * Symmetric direct communication: each of two processes names the other, and both
 * listen first. They would listen for ever; so one of the two is told, and speaks.
 */
#include <errno.h>
#include <msgpass.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static int converse(int device, pid_t other, const char *name)
{
	char text[64];
	ssize_t length;

	length = msgpass_receive(device, other, text, sizeof(text), NULL);
	if (length == -EDEADLK) {
		printf("one speaks first\n");
		check("send",
		      msgpass_send(device, other, name, strlen(name) + 1));
		length = msgpass_receive(device, other, text, sizeof(text), NULL);
		check("receive", length);
	} else {
		check("receive", length);
		check("send",
		      msgpass_send(device, other, name, strlen(name) + 1));
	}
	printf("%s heard of %s\n", name, text);
	fflush(stdout);
	return 0;
}

int main(void)
{
	int device = check("/dev/msgpass", msgpass_open());
	pid_t child = check("fork", fork());
	int status;

	if (child == 0)
		return converse(device, getppid(), "the child");
	converse(device, child, "the parent");
	waitpid(child, &status, 0);
	return status != 0;
}
