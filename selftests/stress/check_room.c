// SPDX-License-Identifier: GPL-2.0
/*
 * No send fails for want of room, or sleeps, while there is room: while even all messages
 * that may have been held then leave a place. For mailboxes.
 */
#include <errno.h>
#include <stdlib.h>

#include "check.h"

#define LARGEST 65536

/* A message's coming or going, and the bytes of all up to it. */
struct step {
	uint64_t time;
	uint64_t bytes;
};

struct room {
	struct view *view;
	struct step *came;
	struct step *went;
	size_t count;
	uint64_t killed; /* when the last receive that was killed was gone */
};

static int by_time(const void *left, const void *right)
{
	const struct step *a = left, *b = right;

	return a->time < b->time ? -1 : a->time > b->time;
}

/* The least capacity that the port may have had between these times. */
static uint64_t least_capacity(const struct view *view, uint64_t from, uint64_t to)
{
	uint64_t begun = 0, least = view->port->capacity;
	size_t i;

	/* What was over before the last one began that was over in time counts no more. */
	for (i = 0; i < view->sets.count; i++)
		if (view->sets.at[i]->end && view->sets.at[i]->end < from)
			begun = view->sets.at[i]->start;
	if (begun)
		least = NEVER;
	for (i = 0; i < view->sets.count; i++) {
		const struct record *set = view->sets.at[i];

		if (set->start <= to && over(view->checker, set) >= begun && set->value < least)
			least = set->value;
	}
	return least;
}

/* May it have been accepted, and taken back: because it failed, or to begin anew? */
static bool may_have_stood(const struct view *view, const struct record *send)
{
	return send->op != OP_SEND || send->flags & MSGPASS_SYNCHRONOUS || view->rendezvous;
}

/*
 * Who gives up, or is killed, leaves its message to the receive that holds it; when that fails,
 * it is nobody's.
 */
static uint64_t held_until(const struct view *view, uint64_t end)
{
	uint64_t until = end;
	size_t i;

	for (i = 0; i < view->gap_count; i++)
		if (view->gaps[i].from <= end && view->gaps[i].to > until)
			until = view->gaps[i].to;
	return until;
}

/* When its place was free at the latest. */
static uint64_t released(const struct room *room, const struct entry *entry)
{
	uint64_t end = over(room->view->checker, entry->send);
	uint64_t closed = room->view->closed.from;

	if (entry->take)
		return over(room->view->checker, entry->take);
	if (entry->send->op != OP_SEND && call_over(room->view->checker, entry->send->call) > end)
		end = call_over(room->view->checker, entry->send->call);
	end = held_until(room->view, end);
	/* Dropped who knows when: when it expired, or with the port. */
	if (entry->send->lifetime)
		return NEVER;
	if (closed != NEVER && (entry->sent == SENT_YES || !entry->send->end || end >= closed))
		return NEVER;
	/* Taken back, or gone with who was about to receive it. */
	return end > room->killed ? end : room->killed;
}

static void list_steps(struct room *room)
{
	struct view *view = room->view;
	size_t i;

	for (i = 0; i < view->entry_count; i++) {
		const struct entry *entry = &view->entries[i];
		uint32_t length = entry->send->length;

		if (entry->sent == SENT_NO && !may_have_stood(view, entry->send))
			continue;
		room->came[room->count] = (struct step){
			!entry->take || may_have_stood(view, entry->send) ? entry->send->start :
									    entry->take->time,
			length,
		};
		room->went[room->count++] = (struct step){ released(room, entry), length };
	}
	qsort(room->came, room->count, sizeof(room->came[0]), by_time);
	qsort(room->went, room->count, sizeof(room->went[0]), by_time);
	for (i = 1; i < room->count; i++) {
		room->came[i].bytes += room->came[i - 1].bytes;
		room->went[i].bytes += room->went[i - 1].bytes;
	}
}

/* How many steps are before that time. */
static size_t steps_before(const struct step *steps, size_t count, uint64_t time)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = (low + count) / 2;

		if (steps[middle].time < time)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

/* Was there certainly room for @send, which was not accepted, all the time? */
static bool was_room(const struct room *room, uint64_t from, uint64_t to, const struct record *send,
		     bool counted)
{
	uint64_t capacity = least_capacity(room->view, from, to);
	size_t came = steps_before(room->came, room->count, to + 1);
	size_t went = steps_before(room->went, room->count, from);
	uint64_t held = came - went - counted;
	uint64_t bytes = (came ? room->came[came - 1].bytes : 0) -
			 (went ? room->went[went - 1].bytes : 0) - (counted ? send->length : 0);

	/* With room for the largest, for none does another have to wait. */
	return capacity && held < capacity && bytes + LARGEST <= room->view->port->capacity_bytes;
}

static void check_refusals(struct room *room)
{
	struct view *view = room->view;
	size_t i;

	for (i = 0; i < view->sends.count; i++) {
		const struct record *send = view->sends.at[i];

		if (send->op == OP_SEND && send->result == -EAGAIN &&
		    !(send->flags & MSGPASS_SYNCHRONOUS) && send->end < view->closed.from &&
		    was_room(room, send->start, send->end, send, view->rendezvous))
			accuse(view->checker, FAULT_REFUSED, send, NULL,
			       "there was room all the time");
	}
}

static void check_sleepers(struct room *room)
{
	const struct history *history = room->view->checker->history;
	struct view *view = room->view;
	size_t i;

	for (i = 0; i < history->look_count; i++) {
		const struct look *look = &history->looks[i];
		const struct record *send = &history->records[look->record];
		struct entry *entry;

		if (send->port != view->number || send->op != OP_SEND ||
		    send->flags & MSGPASS_SYNCHRONOUS || look->to >= view->closed.from)
			continue;
		entry = find_entry(view, send->message);
		/* One that was accepted is another rule's. */
		if (!entry || (entry->take && entry->take->time <= look->to) ||
		    (!entry->take && entry->sent != SENT_NO))
			continue;
		if (was_room(room, look->from, look->to, send, !entry->take && view->rendezvous))
			accuse(view->checker, FAULT_SLEPT_ON, send, NULL,
			       "at %.6f, and there was room", look->from / 1e9);
	}
}

void check_room(struct view *view)
{
	struct room room = { .view = view };
	size_t i;

	room.came = zeroed(view->entry_count, sizeof(room.came[0]));
	room.went = zeroed(view->entry_count, sizeof(room.went[0]));
	for (i = 0; i < view->receives.count; i++) {
		const struct record *receive = view->receives.at[i];

		if (receive->op == OP_RECEIVE && !receive->end &&
		    over(view->checker, receive) > room.killed)
			room.killed = over(view->checker, receive);
	}
	list_steps(&room);
	check_refusals(&room);
	check_sleepers(&room);
	free(room.came);
	free(room.went);
}
