// SPDX-License-Identifier: GPL-2.0
/*
 * Exactly once: what is received was sent, once and unchanged, and what was sent is received,
 * unless something that may drop it happened.
 */
#include <stdlib.h>

#include "check.h"

static void check_stamps(struct view *view, const struct entry *entry, const struct record *receive)
{
	const struct record *send = entry->send;
	struct checker *checker = view->checker;

	if (receive->wrong)
		accuse(checker, FAULT_CHANGED, receive, send, "%s are not the sender's",
		       receive->wrong & WRONG_BYTES ? "bytes" : "stamps");
	if (receive->got_type != send->type || receive->got_priority != send->priority ||
	    receive->got_length != send->length)
		accuse(checker, FAULT_CHANGED, receive, send, "type, priority or length");
	if (receive->time < send->start || receive->time > over(checker, send))
		accuse(checker, FAULT_CHANGED, receive, send,
		       "stamped at a time outside of its send");
	if (send->lifetime && receive->start > receive->time + send->lifetime)
		accuse(checker, FAULT_EXPIRED, receive, send, "%llu ns too late",
		       (unsigned long long)(receive->start - receive->time - send->lifetime));
}

static void take_entry(struct view *view, const struct record *receive)
{
	struct entry *entry = find_entry(view, receive->got);
	struct checker *checker = view->checker;

	if (!entry) {
		accuse(checker, FAULT_NEVER_SENT, receive, NULL, "%#x", receive->got);
		return;
	}
	if (entry->take)
		accuse(checker, FAULT_TWICE, receive, entry->take, "the second time");
	entry->take = receive;
	if (entry->sent == SENT_NO)
		accuse(checker, FAULT_FAILED, receive, entry->send, "although");
	if (receive->start > view->closed.to)
		accuse(checker, FAULT_RESULT, receive, NULL, "from a port that was gone");
	check_stamps(view, entry, receive);
	/* Non-blocking, it goes by who waits; that one may fail yet. */
	if (entry->send->op == OP_SEND && entry->send->flags & MSGPASS_SYNCHRONOUS &&
	    !(entry->send->flags & MSGPASS_NONBLOCK) && receive->start > over(checker, entry->send))
		accuse(checker, FAULT_SYNCHRONOUS, entry->send, receive, "before");
}

/* A message can be seen while it is queued, by however many. */
static void check_peek(struct view *view, const struct record *peek)
{
	struct entry *entry = find_entry(view, peek->got);

	if (!entry)
		accuse(view->checker, FAULT_NEVER_SENT, peek, NULL, "%#x", peek->got);
	else if (entry->take && over(view->checker, entry->take) < peek->start)
		accuse(view->checker, FAULT_TWICE, peek, entry->take, "seen after");
	else
		check_stamps(view, entry, peek);
}

/* May it have been dropped, or come too early for the subscription? */
static bool is_excused(const struct view *view, const struct entry *entry)
{
	return entry->send->lifetime || view->closed.from != NEVER ||
	       entry->send->start <= view->port->opened;
}

/* A receive that was killed may have taken one with it. */
static size_t killed_receives(const struct view *view)
{
	size_t count = 0, i;

	for (i = 0; i < view->receives.count; i++)
		count += view->receives.at[i]->op == OP_RECEIVE && !view->receives.at[i]->end;
	return count;
}

static void check_losses(struct view *view)
{
	size_t killed = killed_receives(view), lost = 0, i;
	const struct entry *first = NULL;

	for (i = 0; i < view->entry_count; i++) {
		const struct entry *entry = &view->entries[i];

		/* A broadcast goes on without those who are gone. */
		if (entry->send->start > view->closed.to && entry->sent == SENT_YES &&
		    view->port->source == view->number)
			accuse(view->checker, FAULT_RESULT, entry->send, NULL,
			       "to a port that was gone");
		if (entry->sent != SENT_YES || entry->take || is_excused(view, entry))
			continue;
		if (!lost++)
			first = entry;
	}
	if (lost > killed)
		accuse(view->checker, FAULT_LOST, first->send, NULL,
		       "%zu, and %zu receives were killed", lost, killed);
}

void check_delivery(struct view *view)
{
	size_t i;

	for (i = 0; i < view->receives.count; i++)
		if (takes(view->receives.at[i]))
			take_entry(view, view->receives.at[i]);
	for (i = 0; i < view->receives.count; i++) {
		const struct record *record = view->receives.at[i];

		if (record->op == OP_RECEIVE && record->end && !record->result &&
		    record->flags & MSGPASS_PEEK && !record->receipt)
			check_peek(view, record);
	}
	check_losses(view);
}
