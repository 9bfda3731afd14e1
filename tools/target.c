// SPDX-License-Identifier: GPL-2.0
/*
 * Whom the command talks to: a mailbox, a process, or anyone.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "fail.h"
#include "target.h"

int target_open_device(int *device)
{
	*device = msgpass_open();
	if (*device >= 0)
		return DONE;
	if (*device == -ENOENT || *device == -ENXIO || *device == -ENODEV)
		return fail(FAILED,
			    "there is no /dev/msgpass (%s); load the module: modprobe msgpass",
			    strerrorname_np(-*device));
	return fail(exit_code_of(*device),
		    "cannot open /dev/msgpass: %s (%s); its owner or root can let you: ls -l /dev/msgpass",
		    strerror(-*device), strerrorname_np(-*device));
}

int target_mailbox(struct target *target, const char *name)
{
	*target = (struct target){
		.kind = TARGET_MAILBOX,
		.name = name,
	};
	snprintf(target->text, sizeof(target->text), "mailbox '%s'", text_shown(name));
	return target_open_device(&target->device);
}

static int find_process(struct target *target, const struct options *options)
{
	*target = (struct target){
		.kind = options->any ? TARGET_ANYONE : TARGET_PROCESS,
		.name = "",
		.pid = options->pid,
		.peer = options->peer,
	};
	if (options->any)
		strcpy(target->text, "anyone");
	else if (options->peer)
		snprintf(target->text, sizeof(target->text), "process with the peer id %" PRIu64,
			 options->peer);
	else
		snprintf(target->text, sizeof(target->text), "process %d", target->pid);
	return target_open_device(&target->device);
}

int target_find(struct target *target, const struct options *options)
{
	int processes = !!options->pid + !!options->peer + options->any;
	int ret;

	if (processes + options->operand_count > 1)
		return fail_usage(options, "name just one mailbox or process");
	if (!processes && !options->operand_count)
		return fail_usage(options, "name a mailbox or a process");
	if (processes)
		ret = find_process(target, options);
	else
		ret = target_mailbox(target, options->operands[0]);
	target->fd = target->device;
	return ret;
}

int target_open(struct target *target, int flags)
{
	if (target->kind != TARGET_MAILBOX)
		return DONE;
	target->fd = msgpass_mailbox_open(target->device, target->name, flags, NULL);
	if (target->fd >= 0)
		return DONE;
	return fail_with(target, flags == O_WRONLY ? TO_SEND : TO_RECEIVE, target->fd);
}

bool target_is_broadcast(const struct target *target)
{
	struct msgpass_mailbox_status status;

	return target->kind == TARGET_MAILBOX &&
	       msgpass_mailbox_stat(target->fd, NULL, &status) == 0 && status.broadcast;
}

int target_inbox_stat(const struct target *target, struct msgpass_inbox_status *status)
{
	return target->peer ? msgpass_inbox_stat_peer(target->device, target->peer, status) :
			      msgpass_inbox_stat(target->device, target->pid, status);
}

bool target_is_without_buffer(const struct target *target)
{
	struct msgpass_mailbox_status mailbox;
	struct msgpass_inbox_status inbox;

	if (target->kind == TARGET_MAILBOX)
		return msgpass_mailbox_stat(target->fd, NULL, &mailbox) == 0 &&
		       mailbox.settings.capacity == 0;
	return target_inbox_stat(target, &inbox) == 0 && inbox.settings.capacity == 0;
}
