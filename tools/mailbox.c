// SPDX-License-Identifier: GPL-2.0
/*
 * create, set, give, accept and rm.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "job.h"
#include "target.h"
#include "verbs.h"

/* Under which port, when any would do: on standard output, for a script. */
static int tell_port(const struct target *target, int mailbox)
{
	struct msgpass_mailbox_status status;
	int ret = msgpass_mailbox_stat(mailbox, NULL, &status);

	if (ret < 0)
		return fail_with(target, TO_STAT, ret);
	puts(status.name);
	return DONE;
}

static int create_bound(const struct target *target, const struct options *options)
{
	int code = DONE;
	int ret = msgpass_mailbox_open(target->device, target->name, O_RDWR | O_CREAT | O_EXCL,
				       &options->settings);

	if (ret < 0)
		return fail_with(target, TO_BIND, ret);
	if (!strcmp(target->name, "0"))
		code = tell_port(target, ret);
	return code ? code : job_become(options->operands + 1);
}

/*
 * Always made exclusively: the settings of one that is there would be ignored
 * in silence otherwise.
 */
int create_mailbox(const struct options *options)
{
	bool bound = options->settings.bound;
	struct target target;
	int ret;

	if (bound && options->operand_count < 2)
		return fail_usage(options, "name a mailbox, and after -- the command to bind it to");
	if (!bound && options->operand_count != 1)
		return fail_usage(options, "name one mailbox");
	if (options->settings.lossy && !options->settings.broadcast)
		return fail_usage(options, "--lossy goes with --broadcast");
	ret = target_mailbox(&target, options->operands[0]);
	if (!ret && bound)
		return create_bound(&target, options);
	if (ret)
		return ret;
	ret = msgpass_mailbox_open(target.device, target.name, O_RDWR | O_CREAT | O_EXCL,
				   &options->settings);
	if (ret >= 0)
		return strcmp(target.name, "0") ? DONE : tell_port(&target, ret);
	if (ret != -EEXIST || options->exclusive)
		return fail_with(&target, TO_CREATE, ret);
	if (!options->quiet)
		fail(DONE, "%s is there already; it is left as it is%s", target.text,
		     options->settings.has ? "; to change it: msgpass set" : "");
	return DONE;
}

int remove_mailboxes(const struct options *options)
{
	int code = DONE;

	if (!options->operand_count)
		return fail_usage(options, "name a mailbox");
	for (char **name = options->operands; *name; name++) {
		struct target target;
		int ret = target_mailbox(&target, *name);

		if (ret)
			return ret;
		ret = msgpass_mailbox_delete(target.device, target.name);
		if (ret < 0)
			code = fail_with(&target, TO_DELETE, ret);
		close(target.device);
	}
	return code;
}

int set_mailbox(const struct options *options)
{
	struct target target;
	int ret;

	if (options->operand_count != 1)
		return fail_usage(options, "name one mailbox");
	if (!options->settings.has)
		return fail_usage(options, "say what to change");
	ret = target_mailbox(&target, options->operands[0]);
	if (ret)
		return ret;
	ret = msgpass_mailbox_set(target.device, target.name, &options->settings);
	if (ret < 0)
		return fail_with(&target, TO_SET, ret);
	return DONE;
}

int give_mailbox(const struct options *options)
{
	enum deed deed = options->cancel ? TO_WITHDRAW : TO_GIVE;
	struct target target;
	int ret;

	if (options->operand_count != 1)
		return fail_usage(options, "name one mailbox");
	if (!!options->pid + !!options->peer + options->cancel != 1)
		return fail_usage(options, "say to whom, with --pid or --peer, or --cancel");
	ret = target_mailbox(&target, options->operands[0]);
	if (ret)
		return ret;
	if (options->cancel)
		ret = msgpass_mailbox_give_cancel(target.device, target.name);
	else if (options->peer)
		ret = msgpass_mailbox_give_peer(target.device, target.name, options->peer);
	else
		ret = msgpass_mailbox_give(target.device, target.name, options->pid);
	return ret < 0 ? fail_with(&target, deed, ret) : DONE;
}

/* Accepted by a process that ends, it would be deleted, and what is in it. */
static bool would_die(const struct target *target)
{
	struct msgpass_mailbox_status status;

	return !msgpass_mailbox_stat(target->device, target->name, &status) && status.owner_peer;
}

int accept_mailbox(const struct options *options)
{
	struct target target;
	int ret;

	if (!options->operand_count)
		return fail_usage(options, "name a mailbox");
	ret = target_mailbox(&target, options->operands[0]);
	if (ret)
		return ret;
	if (options->operand_count == 1 && would_die(&target))
		return fail_usage(options,
				  "%s is bound and would die with this process; name, after --, the command to bind it to",
				  target.text);
	ret = msgpass_mailbox_accept(target.device, target.name);
	if (ret < 0)
		return fail_with(&target, TO_ACCEPT, ret);
	return options->operand_count > 1 ? job_become(options->operands + 1) : DONE;
}
