// SPDX-License-Identifier: GPL-2.0
/*
 * recv --fds: this process becomes a command, whose standard input is the
 * message, and which has the open files that came with it from 3 on.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fail.h"
#include "io.h"
#include "job.h"
#include "receiver.h"

static void set_variable(const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	setenv(name, text, 1);
}

/* As serve has them for each of its commands. */
static void set_variables(const struct msgpass_message_info *info)
{
	set_variable("MSGPASS_PID", info->pid);
	set_variable("MSGPASS_PEER", info->peer);
	set_variable("MSGPASS_UID", info->uid);
	set_variable("MSGPASS_GID", info->gid);
	set_variable("MSGPASS_TYPE", info->type);
	set_variable("MSGPASS_FDS", info->fds_count);
}

/* What has these numbers now is not needed any more. */
static bool arrange(int input, int *fds, unsigned int count)
{
	if (lseek(input, 0, SEEK_SET) < 0 || dup2(input, STDIN_FILENO) < 0 || !io_move_up(fds, count))
		return false;
	for (unsigned int i = 0; i < count; i++)
		if (dup2(fds[i], STDERR_FILENO + 1 + i) < 0)
			return false;
	return true;
}

int receive_for_command(struct receiver *receiver, char **command)
{
	struct msgpass_receive_options how = receiver_options(receiver);
	int fds[MSGPASS_FDS_MAX];
	uint64_t total = 0;
	ssize_t length;
	int ret;

	how.fds = fds;
	how.fds_room = MSGPASS_FDS_MAX;
	receiver->out = memfd_create("message", MFD_CLOEXEC);
	if (receiver->out < 0)
		return fail(FAILED, "there is no memory for a message: %m");
	length = receiver_take(receiver, &how);
	if (length < 0)
		return receiver_fail(receiver, length);
	ret = receiver_write(receiver, length, &total);
	if (ret)
		return ret;
	receiver_tell(receiver, &receiver->info, total, 1);
	set_variables(&receiver->info);
	if (!arrange(receiver->out, fds, receiver->info.fds_count))
		return fail(FAILED, "cannot arrange the open files: %m; the message is lost");
	job_become(command);
	return fail(FAILED, "the message is lost");
}
