// SPDX-License-Identifier: GPL-2.0
/*
 * Each failure has a cause, and none that nobody provoked occurs.
 */
#include <errno.h>

#include "check.h"

/* Had a process been killed by then? 0: any process. */
static bool had_died(const struct checker *checker, uint16_t process, uint64_t time)
{
	const struct history *history = checker->history;
	size_t i;

	for (i = 1; i < history->actor_count; i++) {
		const struct actor *actor = &history->actors[i];

		if ((!process || actor->process == process) && actor->killed && actor->killed <= time)
			return true;
	}
	return false;
}

static bool had_been_deleted(const struct checker *checker, const struct record *record)
{
	const struct slice *slice = &checker->slices[record->port];
	size_t i;

	for (i = 0; i < slice->count; i++)
		if (slice->at[i]->op == OP_DELETE && slice->at[i]->start <= record->end &&
		    slice->at[i] != record)
			return true;
	return false;
}

/* Did whom it is for, or from, or the mailbox go? */
static bool is_gone(const struct checker *checker, const struct record *record)
{
	uint16_t process = record->from ? record->from :
					  checker->history->ports[record->port].process;

	return process ? had_died(checker, process, record->end) : had_been_deleted(checker, record);
}

/* The times themselves: a deadline that passed, or a lifetime of a rendezvous. */
static bool is_over(const struct record *record)
{
	return (record->deadline && record->end >= record->deadline) ||
	       (record->lifetime && record->end >= record->start + record->lifetime);
}

static bool has_cause(const struct checker *checker, const struct record *record)
{
	switch (record->result) {
	case 0:
		return true;
	case -EAGAIN:
		return record->flags & MSGPASS_NONBLOCK;
	case -ETIMEDOUT:
		return is_over(record);
	case -EINTR:
		return record->signalled;
	case -EDEADLK:
		return !record->deadline && !(record->flags & MSGPASS_NONBLOCK);
	case -EMSGSIZE:
		return record->op == OP_RECEIVE && record->got_length > record->value;
	case -EFAULT:
		return record->op == OP_RECEIVE && record->value == NEVER;
	case -EPIPE:
		/* Servers give calls up, too. */
		return record->op == OP_CALL || is_gone(checker, record);
	case -ESRCH:
		/* Callers give up, too. */
		return record->op == OP_REPLY || record->op == OP_FORWARD || is_cancel(record) ||
		       is_gone(checker, record);
	}
	return false;
}

void check_results(struct checker *checker)
{
	size_t i;

	for (i = 0; i < checker->history->record_count; i++) {
		const struct record *record = &checker->history->records[i];

		if (record->start && record->end && !has_cause(checker, record))
			accuse(checker, FAULT_RESULT, record, NULL, "nothing accounts for it");
	}
}
