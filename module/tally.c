// SPDX-License-Identifier: GPL-2.0
#include <linux/minmax.h>
#include <linux/string.h>

#include "tally.h"

void msgpass_tally_add_sends(struct msgpass_tally *tally,
			     const struct msgpass_counts *counts)
{
	tally->sent_bytes += counts->accepted_bytes;
	tally->sender_waits += counts->sender_waits;
	tally->refused += counts->refused;
}

void msgpass_tally_add_receives(struct msgpass_tally *tally,
				const struct msgpass_counts *counts, u64 oldest)
{
	tally->received_bytes += counts->received_bytes;
	tally->receiver_waits += counts->receiver_waits;
	tally->expired += counts->expired;
	tally->queued_max = max(tally->queued_max, counts->queued_max);
	tally->oldest_time = min_not_zero(tally->oldest_time, oldest);
}

void msgpass_tally_show(struct msgpass_tally *tally,
			const struct msgpass_counts *counts, u64 oldest)
{
	memset(tally, 0, sizeof(*tally));
	msgpass_tally_add_sends(tally, counts);
	msgpass_tally_add_receives(tally, counts, oldest);
}
