// SPDX-License-Identifier: GPL-2.0
/*
 * Nobody sleeps on. Whoever was seen asleep in an operation must still have had to wait, unless
 * the one who was to wake it may just have been on its way: another operation, there since
 * before the event, not over yet and not asleep itself.
 *
 * Messages that expire are dropped, and room made, by a worker of the kernel that no history
 * knows of. So where there are such, only what no worker does is judged.
 */
#include <errno.h>

#include "check.h"

static bool was_asleep(const struct history *history, const struct record *record, uint64_t from,
		       uint64_t to)
{
	size_t low = 0, high = history->look_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (history->looks[middle].from < from)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < history->look_count && history->looks[low].from <= to; low++)
		if (&history->records[history->looks[low].record] == record &&
		    history->looks[low].to <= to)
			return true;
	return false;
}

static bool may_wake(const struct checker *checker, const struct slice *slice,
		     const struct record *sleeper, uint64_t since, const struct look *look)
{
	size_t i;

	for (i = 0; i < slice->count; i++) {
		const struct record *record = slice->at[i];

		if (record != sleeper && record->start <= since &&
		    over(checker, record) >= look->from &&
		    !was_asleep(checker->history, record, since, look->to))
			return true;
	}
	return false;
}

/* Was a process on its way out then, which gives up all that it has? */
static bool was_dying(const struct history *history, uint64_t since, const struct look *look)
{
	size_t i;

	for (i = 1; i < history->actor_count; i++)
		if (history->actors[i].killed && history->actors[i].killed <= look->to &&
		    history->actors[i].gone >= since)
			return true;
	return false;
}

/* May the one who ended the wait at @since not have come to wake its sleeper yet? */
static bool is_excused(const struct view *view, const struct record *sleeper, uint64_t since,
		       const struct look *look)
{
	const struct checker *checker = view->checker;
	size_t i;

	/* Whoever gives a call up takes its request back from where it was forwarded to. */
	if (view->lifetimes || had_gap(view, since, look->to) ||
	    was_dying(checker->history, since, look) ||
	    may_wake(checker, &checker->calls, sleeper, since, look))
		return true;
	if (view->port->kind != PORT_SUBSCRIPTION)
		return may_wake(checker, &view->receives, sleeper, since, look);
	/* The receive of another subscription may have let the sender go on. */
	for (i = 0; i < checker->history->port_count; i++)
		if (may_wake(checker, &checker->slices[i], sleeper, since, look))
			return true;
	return false;
}

/* Was a message there for it that nobody took till later? */
static void check_queue(struct view *view, const struct record *receive, const struct look *look)
{
	size_t i = accepted_before(view, look->from);

	for (; i-- > 0 && view->latest[i] > look->to;) {
		const struct entry *entry = view->taken[i];

		if (entry->take->start <= look->to || entry->take == receive ||
		    !had_come(view, entry, look->from) ||
		    !wants(view->checker, receive, entry->send))
			continue;
		if (!had_gap(view, entry->take->time, look->to))
			accuse(view->checker, FAULT_SLEPT_ON, receive, entry->take,
			       "at %.6f, and this was there", look->from / 1e9);
		return;
	}
}

static void check_receiver(struct view *view, const struct record *receive, const struct look *look)
{
	/* Receipts come from where another receives. */
	if (receive->receipt)
		return;
	if (!receive->time || receive->time >= look->from)
		check_queue(view, receive, look);
	else if (!is_excused(view, receive, receive->time, look))
		accuse(view->checker, FAULT_SLEPT_ON, receive, NULL,
		       "at %.6f, and its message had come", look->from / 1e9);
}

/* A plain send is over when it is accepted, any when its message has been received. */
static void check_sender(struct view *view, const struct record *send, const struct look *look)
{
	const struct entry *entry = find_entry(view, send->message);
	bool plain = view->port->kind == PORT_MAILBOX && !view->rendezvous &&
		     !(send->flags & MSGPASS_SYNCHRONOUS);
	uint64_t done;

	if (!entry || !entry->take)
		return;
	done = plain ? entry->take->time : over(view->checker, entry->take);
	/* Who let it in may not have woken it yet, though another has received it. */
	if (done < look->from && !is_excused(view, send, entry->take->time, look))
		accuse(view->checker, FAULT_SLEPT_ON, send, entry->take,
		       "at %.6f, and its message had been %s", look->from / 1e9,
		       plain ? "accepted" : "received");
}

/* Else it was over before, and another is to wake it. */
static bool was_in_vain(const struct record *record)
{
	return record->result == -EPIPE || record->result == -EINTR || record->result == -ETIMEDOUT;
}

static void check_closed(struct view *view, const struct record *record, const struct look *look)
{
	/* A call that had been received waits on, as does who meets one that receives. */
	if (view->port->kind == PORT_MAILBOX && record->op != OP_CALL &&
	    look->from > view->closed.to && was_in_vain(record) &&
	    !had_gap(view, view->closed.from, look->to))
		accuse(view->checker, FAULT_SLEPT_ON, record, NULL, "at %.6f in a deleted mailbox",
		       look->from / 1e9);
}

void check_looks(struct view *view)
{
	const struct history *history = view->checker->history;
	size_t i;

	for (i = 0; i < history->look_count; i++) {
		const struct look *look = &history->looks[i];
		const struct record *record = &history->records[look->record];

		if (record->port != view->number || view->port->kind == PORT_BROADCAST)
			continue;
		check_closed(view, record, look);
		if (record->op == OP_RECEIVE)
			check_receiver(view, record, look);
		else if (record->op == OP_SEND)
			check_sender(view, record, look);
	}
}
