// SPDX-License-Identifier: GPL-2.0
/*
 * stat and info.
 */
#include <inttypes.h>

#include "describe.h"
#include "fail.h"
#include "target.h"
#include "verbs.h"

static int describe_target(const struct target *target, struct record *record, bool json)
{
	struct msgpass_mailbox_status mailbox;
	struct msgpass_counters counters;
	struct msgpass_inbox_status inbox;
	int ret;

	if (target->kind == TARGET_MAILBOX)
		ret = msgpass_mailbox_stat_with(target->device, target->name, &mailbox, &counters);
	else
		ret = msgpass_inbox_stat_with(target->device, target->pid, target->peer, &inbox,
					      &counters);
	if (ret < 0)
		return ret;
	record_begin(record, stdout, json);
	if (target->kind == TARGET_MAILBOX)
		describe_mailbox(record, &mailbox);
	else
		describe_inbox(record, &inbox);
	describe_counters(record, &counters);
	record_end(record);
	if (json)
		putchar('\n');
	return 0;
}

static bool is_process(uint64_t named, pid_t pid, uint64_t peer)
{
	/* no peer id is as small as a pid */
	return named == peer || named == (uint64_t)pid;
}

/*
 * 1 with it, 0 if there is none. A pid may have been that of one who is dead,
 * whose link has not drained yet: the last is the newest.
 */
static int find_link(int device, const struct link_ends *ends, struct msgpass_link_status *found,
		     struct msgpass_counters *counters)
{
	struct msgpass_link_status status = { 0 };
	struct msgpass_counters counted;
	int ret, there = 0;

	while ((ret = msgpass_link_next_with(device, &status, &counted)) > 0) {
		if (!is_process(ends->from, status.from_pid, status.from_peer) ||
		    !is_process(ends->to, status.to_pid, status.to_peer))
			continue;
		*found = status;
		*counters = counted;
		there = 1;
	}
	return ret < 0 ? ret : there;
}

static int show_link(const struct options *options)
{
	const struct link_ends *ends = &options->link;
	struct msgpass_counters counters;
	struct msgpass_link_status link;
	struct record record;
	int device, ret;

	if (options->operand_count || options->pid || options->peer)
		return fail_usage(options, "name just one mailbox, process or link");
	ret = target_open_device(&device);
	if (ret)
		return ret;
	ret = find_link(device, ends, &link, &counters);
	if (ret < 0)
		return fail_with(&(struct target){ .text = "the links" }, TO_STAT, ret);
	if (!ret)
		return fail(NOT_FOUND,
			    "there is no link from process %" PRIu64 " to process %" PRIu64
			    " that you may see; a link begins with its first message: msgpass ls --links",
			    ends->from, ends->to);
	record_begin(&record, stdout, options->json);
	describe_link(&record, &link);
	describe_counters(&record, &counters);
	record_end(&record);
	if (options->json)
		putchar('\n');
	return DONE;
}

int show_status(const struct options *options)
{
	struct record record;
	struct target target;
	int ret;

	if (options->link.from)
		return show_link(options);
	ret = target_find(&target, options);
	if (ret)
		return ret;
	ret = describe_target(&target, &record, options->json);
	return ret < 0 ? fail_with(&target, TO_STAT, ret) : DONE;
}

int show_info(const struct options *options)
{
	struct msgpass_system_info info;
	struct record record;
	int device, ret;

	if (options->operand_count)
		return fail_usage(options, "it takes no operand");
	ret = target_open_device(&device);
	if (ret)
		return ret;
	ret = msgpass_get_info(device, &info);
	if (ret < 0)
		return fail_with(&(struct target){ .text = "the limits" }, TO_STAT, ret);
	record_begin(&record, stdout, options->json);
	record_number(&record, "message_max", info.message_max);
	record_number(&record, "capacity_default", info.capacity_default);
	record_number(&record, "capacity_max", info.capacity_max);
	record_number(&record, "mailboxes", info.mailboxes);
	record_number(&record, "mailboxes_max", info.mailboxes_max);
	record_number(&record, "user_bytes", info.user_bytes);
	record_number(&record, "user_bytes_max", info.user_bytes_max);
	record_end(&record);
	if (options->json)
		putchar('\n');
	return DONE;
}
