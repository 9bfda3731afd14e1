// SPDX-License-Identifier: GPL-2.0
/*
 * lab: guided experiments. They are shell scripts, which stand beside the
 * command: in ../lib/msgpass/lab of its directory, or in MSGPASS_LAB.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "verbs.h"

#define RUNNER "run.sh"

/* Where this program stands, which is what the experiments run, and then from there. */
static int beside(char *path, size_t size)
{
	static const char from_there[] = "/../lib/msgpass/lab/" RUNNER;
	ssize_t length = readlink("/proc/self/exe", path, size - sizeof(from_there));
	char *slash;

	if (length < 0)
		return fail(FAILED, "cannot find the experiments: %m; mount /proc");
	path[length] = '\0';
	setenv("MSGPASS", path, true);
	slash = strrchr(path, '/');
	strcpy(slash ? slash : path, from_there);
	return DONE;
}

static int find_runner(char *path, size_t size)
{
	const char *directory = getenv("MSGPASS_LAB");
	int ret = beside(path, size);

	if (directory && snprintf(path, size, "%s/" RUNNER, directory) >= (int)size)
		return fail(WRONG_USAGE, "MSGPASS_LAB is too long for a path; shorten it");
	if (!ret && access(path, R_OK))
		return fail(NOT_FOUND,
			    "cannot read the experiments, %s: %m; install them, or set MSGPASS_LAB to where they are",
			    path);
	return ret;
}

int run_lab(const struct options *options)
{
	char path[PATH_MAX];
	char *command[6];
	int count = 0;
	int ret;

	if (options->operand_count > 1)
		return fail_usage(options, "one experiment at a time, or 'all'");
	ret = find_runner(path, sizeof(path));
	if (ret)
		return ret;
	command[count++] = "sh";
	command[count++] = path;
	if (options->answer)
		command[count++] = "--answer";
	if (options->real)
		command[count++] = "--real";
	if (options->operand_count)
		command[count++] = options->operands[0];
	command[count] = NULL;
	/* what is ignored here, the shell could not change */
	signal(SIGPIPE, SIG_DFL);
	execvp(command[0], command);
	return fail(FAILED, "cannot run a shell: %m; the experiments need one");
}
