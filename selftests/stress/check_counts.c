// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel counts is what the history says: who waits, when all is quiet, and what was
 * sent, received and dropped, at the end.
 */
#include <errno.h>

#include "check.h"

static bool was_under_way(const struct view *view, const struct record *record, uint64_t time)
{
	return record->start < time && over(view->checker, record) > time;
}

static bool takes_anything(const struct record *receive)
{
	return !receive->from && !(receive->flags & (MSGPASS_RECEIPT | MSGPASS_TYPE_EXACT |
						     MSGPASS_TYPE_UP_TO | MSGPASS_TYPE_EXCEPT));
}

static void check_receivers(struct view *view, const struct stat_fact *stat)
{
	const struct record *last = NULL;
	uint64_t waiting = 0;
	bool any = false;
	size_t i;

	for (i = 0; i < view->receives.count; i++) {
		const struct record *record = view->receives.at[i];

		if (record->op != OP_RECEIVE || !was_under_way(view, record, stat->time))
			continue;
		waiting++;
		any |= takes_anything(record);
		last = record;
	}
	if (waiting != stat->receivers_waiting)
		accuse(view->checker,
		       waiting > stat->receivers_waiting ? FAULT_SLEPT_ON : FAULT_COUNTS, last,
		       NULL, "%llu receivers asleep at %.6f, the kernel knows of %llu",
		       (unsigned long long)waiting, stat->time / 1e9,
		       (unsigned long long)stat->receivers_waiting);
	if (any && stat->queued)
		accuse(view->checker, FAULT_SLEPT_ON, last, NULL,
		       "at %.6f, with %llu messages queued", stat->time / 1e9,
		       (unsigned long long)stat->queued);
}

static void check_senders(struct view *view, const struct stat_fact *stat)
{
	uint64_t waiting = 0, calls = 0;
	const struct record *last = NULL;
	size_t i;

	for (i = 0; i < view->sends.count; i++) {
		const struct record *record = view->sends.at[i];

		if (!sends(record) || !was_under_way(view, record, stat->time))
			continue;
		last = record;
		/* A call may wait for its reply. */
		if (record->op == OP_CALL)
			calls++;
		else
			waiting++;
	}
	if (stat->senders_waiting < waiting || stat->senders_waiting > waiting + calls)
		accuse(view->checker,
		       waiting > stat->senders_waiting ? FAULT_SLEPT_ON : FAULT_COUNTS, last, NULL,
		       "%llu senders asleep at %.6f, the kernel knows of %llu",
		       (unsigned long long)waiting, stat->time / 1e9,
		       (unsigned long long)stat->senders_waiting);
}

static void check_range(struct view *view, const char *what, uint64_t count, uint64_t least,
			uint64_t most)
{
	if (count < least || count > most)
		accuse(view->checker, FAULT_COUNTS, NULL, NULL, "port %u %s %llu, not %llu to %llu",
		       view->number, what, (unsigned long long)count, (unsigned long long)least,
		       (unsigned long long)most);
}

/* What can't be told of those who were killed counts either way. */
static void check_totals(struct view *view, const struct stat_fact *stat)
{
	uint64_t sent = 0, perhaps = 0, received = 0, killed = 0, dropped = 0;
	size_t i;

	for (i = 0; i < view->entry_count; i++) {
		const struct entry *entry = &view->entries[i];

		sent += entry->sent == SENT_YES || entry->take;
		received += !!entry->take;
		/* A rendezvous whose lifetime ends fails, and is dropped. */
		if (!entry->take && entry->send->lifetime)
			dropped += entry->sent != SENT_NO || entry->send->result == -ETIMEDOUT;
		if (!entry->take)
			perhaps += entry->sent == SENT_MAYBE ||
				   (entry->send->lifetime && entry->send->result == -ETIMEDOUT);
	}
	for (i = 0; i < view->receives.count; i++)
		killed += view->receives.at[i]->op == OP_RECEIVE && !view->receives.at[i]->end;
	check_range(view, "sent", stat->sent, sent, sent + perhaps);
	check_range(view, "received", stat->received, received, received + killed);
	check_range(view, "dropped", stat->dropped, 0, dropped);
}

void check_counts(struct view *view)
{
	const struct history *history = view->checker->history;
	size_t i;

	for (i = 0; i < history->stat_count; i++) {
		const struct stat_fact *stat = &history->stats[i];

		if (stat->port != view->number)
			continue;
		check_range(view, "sent, less received, dropped and queued,",
			    stat->sent - stat->received - stat->dropped - stat->queued, 0,
			    stat->quiet ? 0 : NEVER);
		/* A worker of the kernel may be about to wake somebody. */
		if (stat->quiet && !view->lifetimes) {
			check_receivers(view, stat);
			check_senders(view, stat);
		}
		/* An inbox counts receipts too. */
		if (stat->last && view->port->kind == PORT_MAILBOX)
			check_totals(view, stat);
		if (stat->last)
			check_range(view, "queued", stat->queued, 0, 0);
	}
}
