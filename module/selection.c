// SPDX-License-Identifier: GPL-2.0
#include "selection.h"

bool msgpass_selection_matches(const struct msgpass_selection *selection,
			       const struct msgpass_message *message)
{
	if (selection->queue && selection->queue != message->queue)
		return false;
	switch (selection->rule) {
	case MSGPASS_ANY_TYPE:
		return true;
	case MSGPASS_THIS_TYPE:
		return message->type == selection->type;
	case MSGPASS_LOWEST_TYPE_UP_TO:
		return message->type <= selection->type;
	case MSGPASS_ANY_TYPE_EXCEPT:
		break;
	}
	return message->type != selection->type;
}

int msgpass_selection_fits_any(const struct msgpass_selection *selection,
			       const struct msgpass_message *message)
{
	if (selection->no_flow &&
	    msgpass_message_attachment(message, MSGPASS_ATTACHED_FLOW))
		return -EMSGSIZE;
	if (selection->flags & MSGPASS_TRUNCATE)
		return 0;
	if (msgpass_message_fds(message) > selection->fds_room &&
	    !msgpass_selection_peeks(selection))
		return -EMSGSIZE;
	if (msgpass_message_length(message) <= selection->room)
		return 0;
	/* A request is kept for its server anyway, and read by its token. */
	if (selection->flags & MSGPASS_PIECES &&
	    !msgpass_message_attachment(message, MSGPASS_ATTACHED_CALL))
		return 0;
	return -EMSGSIZE;
}

struct msgpass_message *
msgpass_selection_search(const struct msgpass_selection *selection,
			 const struct msgpass_index *index,
			 const struct msgpass_index_part *part)
{
	enum msgpass_order order = selection->order;
	struct msgpass_message *below = NULL, *above = NULL;
	u32 type = selection->type;

	switch (selection->rule) {
	case MSGPASS_ANY_TYPE:
		return msgpass_index_best(index, part, 0, U32_MAX, order);
	case MSGPASS_THIS_TYPE:
		return msgpass_index_best(index, part, type, type, order);
	case MSGPASS_LOWEST_TYPE_UP_TO:
		if (!msgpass_index_lowest_type(index, part, &type) ||
		    type > selection->type)
			return NULL;
		return msgpass_index_best(index, part, type, type, order);
	case MSGPASS_ANY_TYPE_EXCEPT:
		if (type > 0)
			below = msgpass_index_best(index, part, 0, type - 1, order);
		if (type < U32_MAX)
			above = msgpass_index_best(index, part, type + 1, U32_MAX,
						   order);
		return msgpass_index_better(below, above, order);
	}
	return NULL;
}
