// SPDX-License-Identifier: GPL-2.0
/*
 * A reply is either the server's success and the caller's, or neither's. And a receipt tells
 * what became of its message.
 */
#include <errno.h>
#include <stdlib.h>

#include "check.h"

struct list {
	const struct record **at;
	size_t count;
};

static int compare(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int by_message(const void *left, const void *right)
{
	const struct record *const *a = left, *const *b = right;

	return compare((*a)->message, (*b)->message);
}

static int by_call(const void *left, const void *right)
{
	const struct record *const *a = left, *const *b = right;

	return compare((*a)->call, (*b)->call);
}

static int by_got(const void *left, const void *right)
{
	const struct record *const *a = left, *const *b = right;

	return compare((*a)->got, (*b)->got);
}

static bool is_reply(const struct record *record)
{
	return record->op == OP_REPLY && !is_cancel(record);
}

static bool is_receipt(const struct record *record)
{
	return record->op == OP_RECEIVE && record->end && !record->result && record->receipt &&
	       !(record->flags & MSGPASS_PEEK);
}

static struct list select_records(const struct checker *checker,
				  bool (*wanted)(const struct record *record),
				  int (*order)(const void *left, const void *right))
{
	const struct history *history = checker->history;
	struct list list = { zeroed(history->record_count, sizeof(list.at[0])), 0 };
	size_t i;

	for (i = 0; i < history->record_count; i++)
		if (history->records[i].start && wanted(&history->records[i]))
			list.at[list.count++] = &history->records[i];
	qsort(list.at, list.count, sizeof(list.at[0]), order);
	return list;
}

/* The first of those that compare alike, or NULL. */
static const struct record **find(const struct list *list, const struct record *key,
				  int (*order)(const void *left, const void *right))
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (order(&list->at[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && !order(&list->at[low], &key) ? &list->at[low] : NULL;
}

static void check_call(struct checker *checker, const struct record *call, const struct list *replies)
{
	struct record key = { .call = call->message };
	const struct record **reply = find(replies, &key, by_call);
	const struct record *given = NULL;
	bool perhaps = false;

	for (; reply && reply < replies->at + replies->count && (*reply)->call == call->message;
	     reply++) {
		perhaps |= !(*reply)->end;
		if (!(*reply)->end || (*reply)->result)
			continue;
		if (given)
			accuse(checker, FAULT_CALL, call, *reply, "two servers replied");
		given = *reply;
	}
	if (!call->end)
		return;
	if (!call->result && !given && !perhaps)
		accuse(checker, FAULT_CALL, call, NULL, "nobody replied");
	if (given && given->start > call->end && !call->token)
		accuse(checker, FAULT_CALL, call, given, "was over, and a reply accepted");
	if (given && call->result && !call->token)
		accuse(checker, FAULT_CALL, call, given, "did not get the reply");
	if (call->wrong)
		accuse(checker, FAULT_CHANGED, call, NULL, "the reply is not the server's");
}

static bool is_call(const struct record *record)
{
	return record->op == OP_CALL && !is_cancel(record);
}

/* Who was seen asleep in a call had no reply. */
static void check_callers(struct checker *checker, const struct list *replies)
{
	const struct history *history = checker->history;
	size_t i;

	for (i = 0; i < history->look_count; i++) {
		const struct look *look = &history->looks[i];
		const struct record *call = &history->records[look->record];
		struct record key = { .call = call->message };
		const struct record **reply;

		if (!is_call(call))
			continue;
		reply = find(replies, &key, by_call);
		if (reply && (*reply)->end && !(*reply)->result && (*reply)->end < look->from)
			accuse(checker, FAULT_SLEPT_ON, call, *reply,
			       "at %.6f, and it was replied to", look->from / 1e9);
	}
}

void check_calls(struct checker *checker)
{
	struct list calls = select_records(checker, is_call, by_message);
	struct list replies = select_records(checker, is_reply, by_call);
	size_t i;

	for (i = 0; i < calls.count; i++)
		check_call(checker, calls.at[i], &replies);
	check_callers(checker, &replies);
	free(calls.at);
	free(replies.at);
}

/* --- receipts */

static uint16_t process_of(const struct checker *checker, const struct record *record)
{
	return checker->history->actors[record->actor].process;
}

static void check_receipt(struct checker *checker, const struct record *receipt,
			  const struct record *send, const struct record *take)
{
	if (!send || !(send->flags & MSGPASS_RECEIPT) || was_sent(send) == SENT_NO ||
	    process_of(checker, send) != process_of(checker, receipt)) {
		accuse(checker, FAULT_RECEIPT, receipt, send, "for what was not sent");
		return;
	}
	if (take && receipt->receipt != MSGPASS_RECEIPT_RECEIVED)
		accuse(checker, FAULT_RECEIPT, receipt, take, "%u, and it was received",
		       receipt->receipt);
	if (receipt->receipt == MSGPASS_RECEIPT_EXPIRED &&
	    (!send->lifetime || receipt->time < send->start + send->lifetime))
		accuse(checker, FAULT_RECEIPT, receipt, send, "before the lifetime was over");
}

/* The receipt is there before the receive returns, and all were fetched in the end. */
static void check_missing(struct checker *checker, const struct record *send,
			  const struct record *take, const struct list *receipts)
{
	struct record key = { .got = send->message };

	if (!(send->flags & MSGPASS_RECEIPT) || was_sent(send) != SENT_YES || !take ||
	    checker->history->actors[send->actor].killed)
		return;
	if (!find(receipts, &key, by_got))
		accuse(checker, FAULT_RECEIPT, send, take, "none came");
}

static bool is_plain_send(const struct record *record)
{
	return record->op == OP_SEND;
}

void check_receipts(struct checker *checker)
{
	struct list receipts = select_records(checker, is_receipt, by_got);
	struct list sent = select_records(checker, is_plain_send, by_message);
	struct list taken = select_records(checker, takes, by_got);
	const struct record **found, **take;
	size_t i;

	for (i = 0; i < receipts.count; i++) {
		struct record key = { .message = receipts.at[i]->got, .got = receipts.at[i]->got };

		if (i && receipts.at[i - 1]->got == key.got)
			accuse(checker, FAULT_RECEIPT, receipts.at[i], receipts.at[i - 1],
			       "a second one");
		found = find(&sent, &key, by_message);
		take = find(&taken, &key, by_got);
		check_receipt(checker, receipts.at[i], found ? *found : NULL, take ? *take : NULL);
	}
	for (i = 0; i < sent.count; i++) {
		struct record key = { .got = sent.at[i]->message };

		take = find(&taken, &key, by_got);
		check_missing(checker, sent.at[i], take ? *take : NULL, &receipts);
	}
	free(receipts.at);
	free(sent.at);
	free(taken.at);
}
