// SPDX-License-Identifier: GPL-2.0
/*
 * First in, first out: who receives gets the best message that there is for it, and none fails
 * while there is one.
 *
 * A message was queued when another was claimed if it had been accepted before and its own
 * receive began later than the other's ended, unless somebody held it meanwhile and put it
 * back.
 */
#include <errno.h>

#include "check.h"

/* Which of two messages does the receive have to prefer? */
static bool is_better(const struct record *receive, const struct entry *a, const struct record *got)
{
	const struct record *send = a->send;

	if (receive->flags & MSGPASS_TYPE_UP_TO && send->type != got->got_type)
		return send->type < got->got_type;
	if (receive->flags & MSGPASS_BY_PRIORITY && send->priority != got->got_priority)
		return send->priority > got->got_priority;
	return a->take->sequence < got->sequence;
}

static bool was_passed_over(const struct view *view, const struct record *receive,
			    const struct entry *other)
{
	return other->take->start > receive->end && other->take != receive &&
	       wants(view->checker, receive, other->send) && is_better(receive, other, receive);
}

static void accuse_order(struct view *view, const struct record *receive, const struct entry *other)
{
	if (!had_gap(view, receive->start, receive->end))
		accuse(view->checker, FAULT_ORDER, receive, other->take, "before");
}

/* taken[] up to where the message stands, and those after it that came before the receive. */
static void check_choice(struct view *view, const struct record *receive)
{
	size_t at = 0, high = view->taken_count, i;

	while (at < high) {
		size_t middle = (at + high) / 2;

		if (view->taken[middle]->take->sequence < receive->sequence)
			at = middle + 1;
		else
			high = middle;
	}
	for (i = at; i-- > 0 && view->latest[i] > receive->end;)
		if (was_passed_over(view, receive, view->taken[i])) {
			accuse_order(view, receive, view->taken[i]);
			return;
		}
	if (!(receive->flags & (MSGPASS_BY_PRIORITY | MSGPASS_TYPE_UP_TO)))
		return;
	for (i = at; i < view->taken_count; i++) {
		if (view->taken[i]->take->time >= receive->start)
			return;
		if (had_come(view, view->taken[i], receive->start) &&
		    was_passed_over(view, receive, view->taken[i])) {
			accuse_order(view, receive, view->taken[i]);
			return;
		}
	}
}

/* Until when, at least, did the receive look for messages? 0: can't be told. */
static uint64_t looked_until(const struct record *receive)
{
	switch (receive->result) {
	case -ETIMEDOUT:
		return receive->deadline;
	case -EAGAIN:
	case -EINTR:
	case -EDEADLK:
	case -EPIPE:
	case -ESRCH:
		return receive->start;
	}
	return 0;
}

static void check_failure(struct view *view, const struct record *receive)
{
	uint64_t until = looked_until(receive);
	size_t i = accepted_before(view, until);

	for (; i-- > 0 && view->latest[i] > receive->end;) {
		const struct entry *entry = view->taken[i];

		if (entry->take->start <= receive->end || !had_come(view, entry, until) ||
		    !wants(view->checker, receive, entry->send))
			continue;
		if (!had_gap(view, receive->start, receive->end))
			accuse(view->checker, FAULT_MISSED, receive, entry->take, "it was there");
		return;
	}
}

/* Numbers are given once, and times in the same order. */
static void check_numbers(struct view *view)
{
	size_t i;

	for (i = 1; i < view->taken_count; i++) {
		const struct record *before = view->taken[i - 1]->take;
		const struct record *take = view->taken[i]->take;

		if (take->sequence == before->sequence || take->time < before->time)
			accuse(view->checker, FAULT_ORDER, take, before, "stamped alike or before");
	}
}

void check_order(struct view *view)
{
	size_t i;

	check_numbers(view);
	for (i = 0; i < view->receives.count; i++) {
		const struct record *receive = view->receives.at[i];

		if (receive->op != OP_RECEIVE || !receive->end || receive->receipt)
			continue;
		if (!receive->result)
			check_choice(view, receive);
		else
			check_failure(view, receive);
	}
}
