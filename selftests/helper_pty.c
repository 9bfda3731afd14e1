// SPDX-License-Identifier: GPL-2.0
/*
 * helper_pty COLUMNS LINES KEYS COMMAND [ARG...]: runs it on a terminal of that size, types the
 * keys once it has drawn something, and prints what it draws; its exit status is the command's.
 */
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A terminal whose other side has gone gives an error, not an end. */
static void copy_output(int terminal, const char *keys)
{
	char buffer[4096];
	ssize_t count;

	while ((count = read(terminal, buffer, sizeof(buffer))) > 0) {
		fwrite(buffer, count, 1, stdout);
		if (*keys && write(terminal, keys, strlen(keys)) < 0)
			return;
		keys = "";
	}
}

int main(int argc, char **argv)
{
	struct winsize size = {};
	int terminal, status;
	pid_t child;

	if (argc < 5)
		return 2;
	size.ws_col = atoi(argv[1]);
	size.ws_row = atoi(argv[2]);
	child = forkpty(&terminal, NULL, NULL, &size);
	if (child < 0)
		return 126;
	if (!child) {
		execvp(argv[4], argv + 4);
		_exit(127);
	}
	copy_output(terminal, argv[3]);
	if (waitpid(child, &status, 0) < 0)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
