// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Links between processes: list them.
 */
#include "internal.h"

PUBLIC int msgpass_link_next_with(int device, struct msgpass_link_status *status,
				  struct msgpass_counters *counters)
{
	struct msgpass_link_stat argument = {
		.size = sizeof(argument),
		.to_peer = status->to_peer,
		.from_peer = status->from_peer,
	};
	int ret = device_ioctl(device, MSGPASS_IOC_LINK_NEXT, &argument);

	if (ret == -ENOENT)
		return 0;
	if (ret < 0)
		return ret;
	*status = (struct msgpass_link_status){
		.to_peer = argument.out_to_peer,
		.from_peer = argument.out_from_peer,
		.to_pid = argument.out_to_pid,
		.from_pid = argument.out_from_pid,
		.capacity = argument.out_capacity,
		.capacity_bytes = argument.out_capacity_bytes,
		.queued = argument.out_queued,
		.queued_bytes = argument.out_queued_bytes,
		.receivers_waiting = argument.out_receivers_waiting,
		.senders_waiting = argument.out_senders_waiting,
		.sent = argument.out_sent,
		.received = argument.out_received,
		.dropped = argument.out_dropped,
	};
	fill_counters(counters, &argument.out_tally);
	return 1;
}

PUBLIC int msgpass_link_next(int device, struct msgpass_link_status *status)
{
	return msgpass_link_next_with(device, status, NULL);
}
