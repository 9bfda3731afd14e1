/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a port or a queue has counted as struct msgpass_tally tells it. Of a
 * broadcast several ports are added up.
 */
#ifndef MSGPASS_TALLY_H
#define MSGPASS_TALLY_H

#include <linux/msgpass.h>

#include "port.h"

/* Of what comes in; with the port locked. */
void msgpass_tally_add_sends(struct msgpass_tally *tally,
			     const struct msgpass_counts *counts);
/* Of what goes out, the oldest message being of the time @oldest, or 0. */
void msgpass_tally_add_receives(struct msgpass_tally *tally,
				const struct msgpass_counts *counts,
				u64 oldest);

/* Of one port or queue: all of it. */
void msgpass_tally_show(struct msgpass_tally *tally,
			const struct msgpass_counts *counts, u64 oldest);

#endif
