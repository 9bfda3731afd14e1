// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Inboxes: set one's own, look at one, list.
 */
#include "internal.h"

PUBLIC int msgpass_inbox_set(int device, const struct msgpass_settings *settings)
{
	struct msgpass_inbox_set argument = { .size = sizeof(argument) };
	int ret = settings_to_attributes(settings, &argument.attributes);

	if (ret < 0)
		return ret;
	if (is_for_opening(settings))
		return -EINVAL;
	return device_ioctl(device, MSGPASS_IOC_INBOX_SET, &argument);
}

static int ask(int device, unsigned long request, __u64 process, __u32 flags,
	       struct msgpass_inbox_status *status,
	       struct msgpass_counters *counters)
{
	struct msgpass_inbox_stat argument = {
		.size = sizeof(argument),
		.flags = flags,
		.process = process,
	};
	int ret = device_ioctl(device, request, &argument);

	if (ret < 0)
		return ret;
	*status = (struct msgpass_inbox_status){
		.peer = argument.out_peer,
		.pid = argument.out_pid,
		.uid = argument.out_uid,
		.links = argument.out_links,
		.queued = argument.out_queued,
		.queued_bytes = argument.out_queued_bytes,
		.receivers_waiting = argument.out_receivers_waiting,
		.senders_waiting = argument.out_senders_waiting,
		.sent = argument.out_sent,
		.received = argument.out_received,
		.dropped = argument.out_dropped,
	};
	settings_from_attributes(&status->settings, &argument.out_attributes);
	fill_counters(counters, &argument.out_tally);
	return 0;
}

PUBLIC int msgpass_inbox_stat_with(int device, pid_t pid, uint64_t peer,
				   struct msgpass_inbox_status *status,
				   struct msgpass_counters *counters)
{
	if (pid < 0 || (pid && peer))
		return -EINVAL;
	if (peer)
		return ask(device, MSGPASS_IOC_INBOX_STAT, peer, MSGPASS_PEER,
			   status, counters);
	return ask(device, MSGPASS_IOC_INBOX_STAT, pid, 0, status, counters);
}

PUBLIC int msgpass_inbox_stat(int device, pid_t pid,
			      struct msgpass_inbox_status *status)
{
	return msgpass_inbox_stat_with(device, pid, 0, status, NULL);
}

PUBLIC int msgpass_inbox_stat_peer(int device, uint64_t peer,
				   struct msgpass_inbox_status *status)
{
	if (!peer)
		return -EINVAL;
	return msgpass_inbox_stat_with(device, 0, peer, status, NULL);
}

PUBLIC int msgpass_inbox_next_with(int device,
				   struct msgpass_inbox_status *status,
				   struct msgpass_counters *counters)
{
	int ret = ask(device, MSGPASS_IOC_INBOX_NEXT, status->peer, 0, status,
		      counters);

	if (ret == -ENOENT)
		return 0;
	return ret < 0 ? ret : 1;
}

PUBLIC int msgpass_inbox_next(int device, struct msgpass_inbox_status *status)
{
	return msgpass_inbox_next_with(device, status, NULL);
}
