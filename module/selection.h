/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a receiver wants: of whom, of which types, in which order, and how it
 * wants it. Whether a message that arrives is wanted and which of those that
 * are queued is wanted first are two sides of the same rule.
 */
#ifndef MSGPASS_SELECTION_H
#define MSGPASS_SELECTION_H

#include <linux/msgpass.h>

#include "index.h"

struct msgpass_port;
struct msgpass_queue;

struct msgpass_selection {
	struct msgpass_queue *queue;		/* NULL: any */
	enum msgpass_type_rule {
		MSGPASS_ANY_TYPE,
		MSGPASS_THIS_TYPE,
		MSGPASS_LOWEST_TYPE_UP_TO,
		MSGPASS_ANY_TYPE_EXCEPT,
	} rule;
	u32 type;
	enum msgpass_order order;
	size_t room;				/* bytes that fit */
	unsigned int fds_room;
	u32 flags;				/* MSGPASS_PEEK, TRUNCATE, PIECES */
	bool no_flow;				/* none fits */
};

static inline bool
msgpass_selection_peeks(const struct msgpass_selection *selection)
{
	return selection->flags & MSGPASS_PEEK;
}

bool msgpass_selection_matches(const struct msgpass_selection *selection,
			       const struct msgpass_message *message);

struct msgpass_message *
msgpass_selection_search(const struct msgpass_selection *selection,
			 const struct msgpass_index *index,
			 const struct msgpass_index_part *part);

/* The first of those in the port's @index; @part is selection->queue's. */
static inline struct msgpass_message *
msgpass_selection_best(const struct msgpass_selection *selection,
		       const struct msgpass_index *index,
		       const struct msgpass_index_part *part)
{
	/* Where all are alike and any will do, nothing need be searched for. */
	if (selection->rule == MSGPASS_ANY_TYPE && !part &&
	    msgpass_index_is_one_run(index))
		return index->latest;
	return msgpass_selection_search(selection, index, part);
}

/* The same of any message. */
int msgpass_selection_fits_any(const struct msgpass_selection *selection,
			       const struct msgpass_message *message);

/* -EMSGSIZE if it can't be received into the room there is. */
static inline int
msgpass_selection_fits(const struct msgpass_selection *selection,
		       const struct msgpass_message *message)
{
	/* With nothing attached but a call, it is just its bytes. */
	if (!(message->attached & ~BIT(MSGPASS_ATTACHED_CALL)) &&
	    !message->hollow && message->length <= selection->room)
		return 0;
	return msgpass_selection_fits_any(selection, message);
}

#endif
