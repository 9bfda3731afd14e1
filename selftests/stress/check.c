// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

const char *fault_name(enum fault fault)
{
	static const char *const names[] = {
		[FAULT_TWICE] = "received twice",
		[FAULT_LOST] = "lost",
		[FAULT_NEVER_SENT] = "received but never sent",
		[FAULT_FAILED] = "received although its send failed",
		[FAULT_CHANGED] = "changed on its way",
		[FAULT_ORDER] = "out of order",
		[FAULT_EXPIRED] = "received after its lifetime",
		[FAULT_SYNCHRONOUS] = "synchronous send returned too soon",
		[FAULT_MISSED] = "message not seen",
		[FAULT_REFUSED] = "room not seen",
		[FAULT_SLEPT_ON] = "slept on",
		[FAULT_RESULT] = "unaccountable result",
		[FAULT_CALL] = "call and reply disagree",
		[FAULT_RECEIPT] = "receipt and fate disagree",
		[FAULT_COUNTS] = "counts disagree",
	};

	return names[fault];
}

static const char *op_name(const struct record *record)
{
	/* clang-format off */
	static const char *const names[] = {
		[OP_NONE] = "nothing", [OP_SEND] = "send", [OP_RECEIVE] = "receive",
		[OP_CALL] = "call", [OP_REPLY] = "reply", [OP_FORWARD] = "forward",
		[OP_SET] = "set", [OP_DELETE] = "delete",
	};
	/* clang-format on */

	if (is_cancel(record))
		return record->op == OP_CALL ? "cancel" : "give up";
	if (record->flags & MSGPASS_PEEK)
		return "peek";
	return names[record->op];
}

void record_describe(const struct history *history, const struct record *record, char *text,
		     size_t size)
{
	char name[32];
	int used;

	snprintf(name, sizeof(name), "port %u", record->port);
	used = snprintf(text, size, "[#%zu thread %u: %s %s, flags %#x",
			(size_t)(record - history->records), record->actor, op_name(record),
			history->port_names ? history->port_names[record->port] : name,
			record->flags);
	if (record->message)
		used += snprintf(text + used, size - used, ", message %#x of %u bytes",
				 record->message, record->length);
	if (record->deadline)
		used += snprintf(text + used, size - used, ", until %.6f", record->deadline / 1e9);
	if (record->got)
		used += snprintf(text + used, size - used, ", got %#x number %llu of %.6f",
				 record->got, (unsigned long long)record->sequence,
				 record->time / 1e9);
	if (record->end)
		snprintf(text + used, size - used, ", %.6f to %.6f: %s]", record->start / 1e9,
			 record->end / 1e9, strerror(-record->result));
	else
		snprintf(text + used, size - used, ", from %.6f on]", record->start / 1e9);
}

void accuse(struct checker *checker, enum fault fault, const struct record *record,
	    const struct record *other, const char *format, ...)
{
	struct findings *findings = checker->findings;
	char what[100], about[240] = "", beside[240] = "";
	va_list args;

	findings->total++;
	if (!findings->first)
		findings->first = record;
	if (findings->count[fault]++ >= 2)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (record)
		record_describe(checker->history, record, about, sizeof(about));
	if (other)
		record_describe(checker->history, other, beside, sizeof(beside));
	snprintf(findings->text[findings->texts++], sizeof(findings->text[0]), "%s: %s %s %s",
		 fault_name(fault), what, about, beside);
}

uint64_t over(const struct checker *checker, const struct record *record)
{
	uint64_t gone = checker->history->actors[record->actor].gone;

	return record->end ? record->end : gone ? gone : NEVER;
}

uint64_t call_over(const struct checker *checker, uint32_t call)
{
	size_t low = 0, high = checker->calls.count;
	uint64_t last = 0;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (checker->calls.at[middle]->call < call)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < checker->calls.count && checker->calls.at[low]->call == call; low++) {
		const struct record *record = checker->calls.at[low];

		/* Of one who was killed a worker takes it back, some time. */
		if (!record->end)
			return NEVER;
		if (record->end > last)
			last = record->end;
	}
	return last;
}

enum sent was_sent(const struct record *send)
{
	if (!send->end)
		return SENT_MAYBE;
	/* The call of one that was forwarded may be given up, and takes it back. */
	if (send->op == OP_FORWARD)
		return send->result ? SENT_NO : SENT_MAYBE;
	if (!send->result)
		return SENT_YES;
	if (send->op != OP_CALL)
		return SENT_NO;
	switch (send->result) {
	case -ETIMEDOUT:
	case -EPIPE:
	case -EDEADLK:
		return SENT_MAYBE;
	}
	/* Interrupted, it was taken back, or goes on. */
	return send->token ? SENT_MAYBE : SENT_NO;
}

bool wants(const struct checker *checker, const struct record *receive, const struct record *send)
{
	if (receive->flags & MSGPASS_RECEIPT)
		return false;
	if (receive->from && receive->from != checker->history->actors[send->actor].process)
		return false;
	if (receive->flags & MSGPASS_TYPE_EXACT)
		return send->type == receive->type;
	if (receive->flags & MSGPASS_TYPE_UP_TO)
		return send->type <= receive->type;
	if (receive->flags & MSGPASS_TYPE_EXCEPT)
		return send->type != receive->type;
	return true;
}

bool had_gap(const struct view *view, uint64_t from, uint64_t to)
{
	size_t i;

	for (i = 0; i < view->gap_count; i++)
		if (view->gaps[i].from <= to && view->gaps[i].to >= from)
			return true;
	return false;
}

size_t accepted_before(const struct view *view, uint64_t time)
{
	size_t low = 0, high = view->taken_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (view->taken[middle]->take->time < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What is broadcast is accepted once, and comes to one subscription after the other. */
bool had_come(const struct view *view, const struct entry *entry, uint64_t time)
{
	return view->port->kind != PORT_SUBSCRIPTION || over(view->checker, entry->send) < time;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_message(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	return compare(a->send->message, b->send->message);
}

static int by_sequence(const void *left, const void *right)
{
	const struct entry *const *a = left, *const *b = right;

	return compare((*a)->take->sequence, (*b)->take->sequence);
}

static int by_port_and_start(const void *left, const void *right)
{
	const struct record *const *a = left, *const *b = right;
	int order = compare((*a)->port, (*b)->port);

	return order ? order : compare((*a)->start, (*b)->start);
}

struct entry *find_entry(const struct view *view, uint32_t message)
{
	struct record send = { .message = message };
	struct entry key = { .send = &send };

	return bsearch(&key, view->entries, view->entry_count, sizeof(key), by_message);
}

void *zeroed(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (!memory)
		abort();
	return memory;
}

static void sort_records(struct checker *checker)
{
	const struct history *history = checker->history;
	size_t count = 0, i;

	checker->sorted = zeroed(history->record_count, sizeof(checker->sorted[0]));
	checker->slices = zeroed(history->port_count, sizeof(checker->slices[0]));
	for (i = 0; i < history->record_count; i++)
		if (history->records[i].start)
			checker->sorted[count++] = &history->records[i];
	qsort(checker->sorted, count, sizeof(checker->sorted[0]), by_port_and_start);
	for (i = 0; i < count; i++) {
		struct slice *slice = &checker->slices[checker->sorted[i]->port];

		if (!slice->count++)
			slice->at = &checker->sorted[i];
	}
}

static int by_call(const void *left, const void *right)
{
	const struct record *const *a = left, *const *b = right;

	return compare((*a)->call, (*b)->call);
}

static void list_calls(struct checker *checker)
{
	const struct history *history = checker->history;
	struct slice *calls = &checker->calls;
	size_t i;

	calls->at = zeroed(history->record_count, sizeof(calls->at[0]));
	for (i = 0; i < history->record_count; i++)
		if (history->records[i].start && history->records[i].op == OP_CALL)
			calls->at[calls->count++] = &history->records[i];
	qsort(calls->at, calls->count, sizeof(calls->at[0]), by_call);
}

static void list_entries(struct view *view)
{
	size_t i;

	view->entries = zeroed(view->sends.count, sizeof(view->entries[0]));
	for (i = 0; i < view->sends.count; i++) {
		const struct record *send = view->sends.at[i];

		view->lifetimes |= !!send->lifetime;
		if (sends(send))
			view->entries[view->entry_count++] =
				(struct entry){ .send = send, .sent = was_sent(send) };
	}
	qsort(view->entries, view->entry_count, sizeof(view->entries[0]), by_message);
}

/* It claimed a message, perhaps, and put it back. */
static bool may_restore(const struct record *receive)
{
	return receive->op == OP_RECEIVE && (!receive->end || receive->result == -EFAULT);
}

static void list_gaps(struct view *view)
{
	size_t i;

	view->gaps = zeroed(view->receives.count, sizeof(view->gaps[0]));
	for (i = 0; i < view->receives.count; i++) {
		const struct record *receive = view->receives.at[i];

		if (may_restore(receive))
			view->gaps[view->gap_count++] =
				(struct interval){ receive->start, over(view->checker, receive) };
	}
}

static void list_sets(struct view *view)
{
	size_t i;

	view->rendezvous = !view->port->capacity;
	view->sets.at = zeroed(view->receives.count, sizeof(view->sets.at[0]));
	for (i = 0; i < view->receives.count; i++) {
		const struct record *record = view->receives.at[i];

		if (record->op != OP_SET || (record->end && record->result))
			continue;
		view->sets.at[view->sets.count++] = record;
		view->rendezvous |= !record->value;
	}
}

static void find_closing(struct view *view)
{
	const struct history *history = view->checker->history;
	size_t i;

	view->closed = (struct interval){ NEVER, NEVER };
	for (i = 0; i < view->receives.count; i++) {
		const struct record *record = view->receives.at[i];

		if (record->op != OP_DELETE || (record->end && record->result))
			continue;
		if (record->start < view->closed.from)
			view->closed.from = record->start;
		/* One that was killed may have done nothing. */
		if (record->end && record->end < view->closed.to)
			view->closed.to = record->end;
	}
	for (i = 1; view->port->process && i < history->actor_count; i++) {
		const struct actor *actor = &history->actors[i];

		if (actor->process == view->port->process && actor->killed)
			view->closed = (struct interval){ actor->killed, actor->gone };
	}
}

/* After check_delivery(), which finds who received what. */
static void list_taken(struct view *view)
{
	uint64_t latest = 0;
	size_t i;

	view->taken = zeroed(view->entry_count, sizeof(view->taken[0]));
	view->latest = zeroed(view->entry_count, sizeof(view->latest[0]));
	for (i = 0; i < view->entry_count; i++)
		if (view->entries[i].take)
			view->taken[view->taken_count++] = &view->entries[i];
	qsort(view->taken, view->taken_count, sizeof(view->taken[0]), by_sequence);
	for (i = 0; i < view->taken_count; i++) {
		if (view->taken[i]->take->start > latest)
			latest = view->taken[i]->take->start;
		view->latest[i] = latest;
	}
}

static void check_port(struct checker *checker, uint16_t number)
{
	const struct port *port = &checker->history->ports[number];
	struct view view = {
		.checker = checker,
		.number = number,
		.port = port,
		.receives = checker->slices[number],
		.sends = checker->slices[port->source],
	};

	find_closing(&view);
	list_entries(&view);
	list_gaps(&view);
	list_sets(&view);
	if (port->kind != PORT_BROADCAST) {
		check_delivery(&view);
		list_taken(&view);
		check_order(&view);
	}
	if (port->kind == PORT_MAILBOX)
		check_room(&view);
	check_looks(&view);
	check_counts(&view);
	free(view.entries);
	free(view.gaps);
	free(view.sets.at);
	free(view.taken);
	free(view.latest);
}

bool history_check(const struct history *history, struct findings *findings)
{
	struct checker checker = { .history = history, .findings = findings };
	size_t i;

	memset(findings, 0, sizeof(*findings));
	sort_records(&checker);
	list_calls(&checker);
	for (i = 0; i < history->port_count; i++)
		if (history->ports[i].kind != PORT_NONE)
			check_port(&checker, i);
	check_results(&checker);
	check_calls(&checker);
	check_receipts(&checker);
	free(checker.sorted);
	free(checker.slices);
	free(checker.calls.at);
	return !findings->total;
}
