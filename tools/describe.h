/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mailboxes, inboxes, links and messages as records: ls, stat, send and recv
 * say the same of the same thing.
 */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include <msgpass.h>

#include "record.h"

void describe_mailbox(struct record *record, const struct msgpass_mailbox_status *status);
void describe_inbox(struct record *record, const struct msgpass_inbox_status *status);
void describe_link(struct record *record, const struct msgpass_link_status *status);
/* What all three have counted, after it. */
void describe_counters(struct record *record, const struct msgpass_counters *counters);
/* pieces: of a stream, 0 for a message; length: of all of it */
void describe_message(struct record *record, const struct msgpass_message_info *info,
		      uint64_t length, uint64_t pieces);

#endif /* DESCRIBE_H */
