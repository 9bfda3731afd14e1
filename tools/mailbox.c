// SPDX-License-Identifier: GPL-2.0
/*
 * create, set and rm.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
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

/*
 * Always made exclusively: the settings of one that is there would be ignored
 * in silence otherwise.
 */
int create_mailbox(const struct options *options)
{
	struct target target;
	int ret;

	if (options->operand_count != 1)
		return fail_usage(options, "name one mailbox");
	ret = target_mailbox(&target, options->operands[0]);
	if (ret)
		return ret;
	ret = msgpass_mailbox_open(target.device, target.name,
				   O_RDWR | O_CREAT | O_EXCL,
				   &options->settings);
	if (ret >= 0)
		return strcmp(target.name, "0") ? DONE :
						  tell_port(&target, ret);
	if (ret != -EEXIST || options->exclusive)
		return fail_with(&target, TO_CREATE, ret);
	if (!options->quiet)
		fail(DONE, "%s is there already; it is left as it is%s",
		     target.text, options->settings.has ?
		     "; to change it: msgpass set" : "");
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
	ret = msgpass_mailbox_set(target.device, target.name,
				  &options->settings);
	if (ret < 0)
		return fail_with(&target, TO_SET, ret);
	return DONE;
}
