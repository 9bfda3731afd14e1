/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What has to come of a cell: an executable specification, after the text of
 * uapi/linux/msgpass.h, and where that leaves a question open after docs/design.rst and what
 * the tests of the objects settle already. Nothing here asks the module.
 */
#ifndef TABLE_EXPECT_H
#define TABLE_EXPECT_H

#include "table_axes.h"
#include "table_actor.h"

/* The messages of a cell, by what is in them. */
enum { OURS = 7, MATCH, OTHER, BY_FORK, FIRST, ANSWER, RELEASE, FILLER = 100 };

/* Instead of an errno: the thread is gone and can't tell. */
#define NEVER_TOLD 1000

/* Where an operation stands, and waits unless it is over. */
enum stage { OVER, FOR_ROOM, TO_BE_TAKEN, FOR_MESSAGE, FOR_REPLY };

/* After a step: over, with that errno or 0; or in a wait. */
struct step {
	enum stage stage;
	int error;
};

/* What comes of the operation of the other side's that was under way before. */
enum fate {
	NONE,		/* there was none */
	RETURNS,	/* by the operation, or by what happens */
	STAYS,		/* waits on */
	BREAKS,		/* EPIPE */
	DIES,
};

struct expected {
	struct step at_once;
	struct step at_event;
	int error;		/* of the operation in the end */
	uint32_t number;	/* what it then has received, or 0 */
	enum fate other;
	bool unfinished;	/* a call that goes on: its token is good for a reply */
	int reply_error;	/* of a reply-and-receive's reply */
	unsigned int ahead;	/* messages queued before the operation's own */
	unsigned int sent;	/* messages that count as accepted */
	unsigned int left;	/* those of them that are queued afterwards */
	uint32_t numbers[8];	/* which */
	bool port_gone;		/* with all counts */
};

static inline struct step over(int error)
{
	return (struct step){ .stage = OVER, .error = error };
}

static inline struct step waits(enum stage stage)
{
	return (struct step){ .stage = stage };
}

/* --- at once */

static inline struct step outward_at_once(const struct cell *cell)
{
	bool nonblock = cell->mode == NONBLOCKING;
	bool full = IS(cell->state, FULL, BEHIND);
	bool taken = cell->state == WAITING;

	if (cell->state == UNKNOWN || cell->state == ZOMBIE)
		return over(ESRCH);
	if (cell->state == GONE)
		return over(cell->direct ? ESRCH : EPIPE);
	if (cell->operation->kind == CALLING && nonblock)
		return over(full || (cell->operation->no_capacity && !taken) ? EAGAIN :
									       EINPROGRESS);
	if (cell->operation->kind == CALLING)
		return waits(full ? FOR_ROOM : taken ? FOR_REPLY : TO_BE_TAKEN);
	if (is_rendezvous(cell) ? taken : !full)
		return over(0);
	if (nonblock)
		return over(EAGAIN);
	return waits(full ? FOR_ROOM : TO_BE_TAKEN);
}

static inline struct step inward_at_once(const struct cell *cell)
{
	if (cell->state == UNKNOWN || cell->state == ZOMBIE)
		return over(ESRCH);
	if (cell->state == GONE)
		return over(cell->direct ? ESRCH : EPIPE);
	if (IS(cell->state, QUEUED, FULL, WAITING, LEFT))
		return over(0);
	return cell->mode == NONBLOCKING ? over(EAGAIN) : waits(FOR_MESSAGE);
}

/* Whether the call that the token stands for has not ended, or its caller not been told. */
static inline bool is_call_alive(const struct cell *cell)
{
	return !IS(cell->state, UNKNOWN, OTHERS, CANCELLED, TIMED_OUT);
}

static inline struct step onward_at_once(const struct cell *cell)
{
	if (!is_call_alive(cell))
		return over(ESRCH);
	if (cell->operation->kind == CANCELLING || cell->state == REPLIED)
		return over(0);
	if (IS(cell->state, GIVEN_UP, GONE, LEFT))
		return over(EPIPE);
	if (cell->mode == NONBLOCKING)
		return over(EAGAIN);
	return waits(cell->state == WAITING ? FOR_REPLY : TO_BE_TAKEN);
}

static inline bool is_token_good(const struct cell *cell)
{
	return cell->state == WAITING || cell->state == BETWEEN;
}

static inline struct step token_at_once(const struct cell *cell)
{
	/* A reply that finds nobody does not keep the server from receiving. */
	return over(is_token_good(cell) || cell->operation->kind == RECEIVING ? 0 : ESRCH);
}

static inline struct step at_once(const struct cell *cell)
{
	static struct step (* const families[])(const struct cell *cell) = {
		[OUTWARD] = outward_at_once,
		[INWARD] = inward_at_once,
		[ONWARD] = onward_at_once,
		[TOKEN] = token_at_once,
	};

	return families[cell->operation->family](cell);
}

/* --- what happens while it waits */

static inline bool is_call(const struct cell *cell)
{
	return cell->operation->kind == CALLING || cell->operation->kind == GOING_ON;
}

static inline bool peer_dies(const struct cell *cell)
{
	return cell->event == PEER_KILLED || cell->event == PEER_EXITS;
}

/* The message, room or reply that it waits for could come from nobody else. */
static inline bool needs_peer(const struct cell *cell, enum stage stage)
{
	if (cell->operation->family == INWARD)
		return cell->operation->from;
	return cell->direct || stage == FOR_REPLY;
}

static inline struct step at_event(const struct cell *cell, enum stage stage)
{
	switch (cell->event) {
	case PEER_DOES:
	case PEER_MEETS:
		return over(0);
	case PEER_GIVES_UP:
		return over(EPIPE);
	case INTERRUPTED:
		return over(EINTR);
	case EXPIRES:
		return over(ETIMEDOUT);
	case KILLED:
	case EXECS:
		return over(NEVER_TOLD);
	case PEER_KILLED:
	case PEER_EXITS:
		return needs_peer(cell, stage) ? over(EPIPE) : waits(stage);
	case DELETED:
		return stage == FOR_REPLY ? waits(stage) : over(EPIPE);
	case PEER_FORKS:
		/* The child is somebody else, whose message is as good to who asks nobody's. */
		return stage == FOR_MESSAGE && !cell->operation->from && cell->state != BEHIND ?
		       over(0) : waits(stage);
	case RAISED:
		/* There is room for it now; it is a rendezvous no more unless it asked for it. */
		if (cell->operation->kind == SENDING || cell->operation->kind == FORWARDING)
			return cell->operation->flags & MSGPASS_SYNCHRONOUS ? waits(TO_BE_TAKEN) :
									      over(0);
		return waits(stage == FOR_ROOM ? TO_BE_TAKEN : stage);
	case ZEROED:
		/* Every message is let in, and stays its sender's until it is received. */
		if (cell->operation->kind == FORWARDING)
			return over(0);
		return waits(stage == FOR_ROOM ? TO_BE_TAKEN : stage);
	default:
		return waits(stage);
	}
}

/* --- in the end */

static inline void arrives(struct expected *expected, uint32_t number)
{
	expected->numbers[expected->left++] = number;
	expected->sent++;
}

/* The first @count messages queued are received. */
static inline void received(struct expected *expected, unsigned int count)
{
	unsigned int i;

	expected->left -= count;
	for (i = 0; i < expected->left; i++)
		expected->numbers[i] = expected->numbers[i + count];
}

/* What comes of an operation of the other side's that has nothing to do with ours. */
static inline enum fate fate_of_bystander(const struct cell *cell)
{
	bool is_peers = cell->state != BEHIND &&
			(cell->state != OTHER_PROCESS || cell->operation->family == OUTWARD);

	if (is_peers && (peer_dies(cell) || cell->event == PEER_EXECS))
		return DIES;
	if (cell->state == BEHIND && IS(cell->event, KILLED, EXECS))
		return DIES;
	if (cell->event == DELETED)
		return BREAKS;
	if (cell->state == BEHIND && peer_dies(cell) && needs_peer(cell, at_once(cell).stage))
		return BREAKS;
	if (cell->event == KILLED && cell->operation->family == INWARD && cell->direct)
		return BREAKS;
	return STAYS;
}

static inline void outward_in_the_end(const struct cell *cell, struct expected *expected)
{
	enum stage stage = expected->at_once.stage;
	bool sent = expected->error == 0 || expected->error == EINPROGRESS ||
		    stage == FOR_REPLY || cell->event == PEER_GIVES_UP;
	bool served = (stage != OVER && expected->at_event.stage != OVER) ||
		      IS(cell->event, PEER_DOES, PEER_GIVES_UP);
	unsigned int i;

	if (cell->state == BEHIND)
		expected->other = fate_of_bystander(cell);
	for (i = 0; i < expected->ahead - (expected->other == DIES); i++)
		arrives(expected, FILLER + i);
	if (sent)
		arrives(expected, OURS);
	if (served || cell->state == WAITING)
		received(expected, expected->left);
	if (cell->state == BEHIND && expected->other == STAYS && (served || sent))
		expected->other = RETURNS;
	if (cell->state == WAITING)
		expected->other = RETURNS;
	else if (cell->state == PEEKING)
		expected->other = sent || stage == TO_BE_TAKEN ? RETURNS : STAYS;
	else if (IS(cell->state, OTHER_TYPE, OTHER_PROCESS))
		expected->other = fate_of_bystander(cell);
	expected->unfinished = expected->error == EINPROGRESS ||
			       (expected->error == EINTR && stage == FOR_REPLY);
	if (cell->operation->kind == CALLING && expected->error == 0)
		expected->number = ANSWER;
	expected->port_gone = IS(cell->state, UNKNOWN, GONE, ZOMBIE) || cell->event == DELETED ||
			      (cell->direct && peer_dies(cell));
}

/* What is or comes into the queue that the operation can't take. */
static inline void others_arrive(const struct cell *cell, struct expected *expected)
{
	if (cell->state == OTHER_QUEUED)
		arrives(expected, OTHER);
	if (IS(cell->state, OTHER_TYPE, OTHER_PROCESS)) {
		expected->other = fate_of_bystander(cell);
		if (expected->other == STAYS)
			arrives(expected, OTHER);
	}
	if (cell->event == PEER_DOES_OTHER)
		arrives(expected, OTHER);
	if (cell->event == PEER_FORKS && cell->operation->from)
		arrives(expected, BY_FORK);
	if (cell->state == BEHIND)
		expected->other = fate_of_bystander(cell);
	/* What the receiver before it received. */
	if (cell->state == BEHIND && !expected->error) {
		expected->other = RETURNS;
		expected->sent++;
	}
}

static inline void matching_arrive(const struct cell *cell, struct expected *expected)
{
	unsigned int i;

	if (cell->state == FULL) {
		for (i = 0; i <= CAPACITY; i++)
			arrives(expected, FILLER + i);
		expected->other = is_peek(cell) ? STAYS : RETURNS;
	} else if (cell->state == WAITING) {
		arrives(expected, MATCH);
		expected->other = is_peek(cell) ? STAYS : RETURNS;
	} else if (cell->event == PEER_FORKS && !cell->operation->from && cell->state != BEHIND) {
		arrives(expected, BY_FORK);
	} else {
		arrives(expected, MATCH);
	}
}

static inline void inward_in_the_end(const struct cell *cell, struct expected *expected)
{
	unsigned int others;

	others_arrive(cell, expected);
	others = expected->left;
	if (!expected->error) {
		matching_arrive(cell, expected);
		expected->number = expected->numbers[others];
		if (!is_peek(cell)) {
			expected->left--;
			memmove(&expected->numbers[others], &expected->numbers[others + 1],
				(expected->left - others) * sizeof(uint32_t));
		}
	}
	/* The call that a reply-and-receive replies to came to the process's inbox. */
	if (cell->operation->replies && cell->direct)
		expected->sent++;
	expected->port_gone = (!cell->direct && cell->state == GONE) || cell->event == DELETED ||
			      (cell->direct && cell->event == KILLED);
}

static inline void onward_in_the_end(const struct cell *cell, struct expected *expected)
{
	enum stage stage = expected->at_once.stage;
	bool ended = stage == OVER && !IS(cell->state, IDLE, OTHERS, TIMED_OUT, CANCELLED);
	bool served = stage != OVER && expected->at_event.stage != OVER;

	/* The call goes on where it was refused, as another's or as not replied to yet. */
	expected->unfinished = IS(expected->error, EAGAIN, EINTR);
	if (cell->operation->kind == GOING_ON && expected->error == 0)
		expected->number = ANSWER;
	expected->port_gone = cell->state == GONE || cell->event == DELETED ||
			      (cell->direct && (cell->state == LEFT || peer_dies(cell)));
	if (expected->port_gone || cell->state == UNKNOWN)
		return;
	/* A call that ended before it was taken leaves no trace. */
	if (ended || served || stage == FOR_REPLY || expected->unfinished ||
	    cell->state == OTHERS || IS(cell->event, PEER_DOES, PEER_GIVES_UP))
		arrives(expected, OURS);
	/* Only who was refused leaves it queued. */
	if (expected->left && !IS(cell->state, OTHERS) &&
	    !(cell->state == IDLE && expected->unfinished))
		received(expected, 1);
}

static inline void token_in_the_end(const struct cell *cell, struct expected *expected)
{
	/* To a process, the call that another has taken was never in this one's inbox. */
	if (cell->state != UNKNOWN && !(cell->direct && cell->state == OTHERS))
		expected->sent++;
	/* What is forwarded to a mailbox comes back to the same. */
	if (cell->operation->kind == FORWARDING && !expected->error && !cell->direct)
		arrives(expected, OURS);
	if (cell->operation->kind == RECEIVING) {
		expected->sent++;
		expected->number = MATCH;
		expected->reply_error = is_token_good(cell) ? 0 : ESRCH;
	}
}

static inline struct expected expect(const struct cell *cell)
{
	static void (* const families[])(const struct cell *cell, struct expected *expected) = {
		[OUTWARD] = outward_in_the_end,
		[INWARD] = inward_in_the_end,
		[ONWARD] = onward_in_the_end,
		[TOKEN] = token_in_the_end,
	};
	struct expected expected = { .at_once = at_once(cell) };
	enum family family = cell->operation->family;

	expected.error = expected.at_once.error;
	if (family == OUTWARD)
		expected.ahead = cell->state == BEHIND ? CAPACITY + 1 :
				 cell->state == FULL ? CAPACITY : cell->state == QUEUED;
	if (expected.at_once.stage != OVER) {
		expected.at_event = at_event(cell, expected.at_once.stage);
		expected.error = expected.at_event.error;
	}
	families[family](cell, &expected);
	return expected;
}

/* --- cells that make no sense */

static inline bool no_such_state(const struct cell *cell)
{
	return !states[cell->state][cell->operation->family];
}

static inline bool names_nobody(const struct cell *cell)
{
	if (cell->direct || cell->operation->family > INWARD)
		return false;
	return cell->operation->from || IS(cell->state, UNKNOWN, ZOMBIE) ||
	       (cell->state == OTHER_PROCESS);
}

static inline bool sender_is_anybody(const struct cell *cell)
{
	return cell->operation->family == INWARD && cell->direct && !cell->operation->from &&
	       IS(cell->state, UNKNOWN, GONE, ZOMBIE, OTHER_PROCESS);
}

static inline bool everything_matches(const struct cell *cell)
{
	if (cell->operation->family != INWARD)
		return false;
	if (cell->state == OTHER_TYPE)
		return !is_typed(cell);
	return (cell->state == OTHER_QUEUED || cell->event == PEER_DOES_OTHER) &&
	       !is_typed(cell) && !cell->operation->from;
}

static inline bool never_full(const struct cell *cell)
{
	return cell->operation->no_capacity && IS(cell->state, FULL, BEHIND);
}

static inline bool has_no_mode(const struct cell *cell)
{
	return IS(cell->operation->kind, REPLYING, GIVING_UP, READING, CANCELLING) &&
	       cell->mode != BLOCKING;
}

static inline bool is_over_before(const struct cell *cell)
{
	return at_once(cell).stage == OVER && cell->event != NOTHING;
}

static inline bool waits_for_ever(const struct cell *cell)
{
	return at_once(cell).stage != OVER && cell->event == NOTHING;
}

static inline bool has_no_deadline(const struct cell *cell)
{
	return cell->event == EXPIRES && cell->mode != WITH_DEADLINE;
}

static inline bool has_no_mailbox(const struct cell *cell)
{
	return cell->direct && cell->event == DELETED;
}

static inline bool is_no_call(const struct cell *cell)
{
	return cell->event == PEER_GIVES_UP && !is_call(cell);
}

static inline bool peer_receives_nothing(const struct cell *cell)
{
	return IS(cell->event, PEER_TOO_SHORT, PEER_PEEKS) &&
	       (cell->operation->family == INWARD || at_once(cell).stage == FOR_REPLY);
}

static inline bool peer_sends_nothing(const struct cell *cell)
{
	return cell->event == PEER_MEETS && cell->operation->family != INWARD;
}

static inline bool can_not_be_lowered(const struct cell *cell)
{
	return cell->operation->no_capacity && IS(cell->event, LOWERED, ZEROED);
}

static inline bool order_is_open(const struct cell *cell)
{
	return cell->state == BEHIND && cell->event == STOPPED;
}

static const struct rule {
	const char *why;
	bool (*excludes)(const struct cell *cell);
} rules[] = {
	{ "the other side of that operation has no such state", no_such_state },
	{ "a mailbox names no process", names_nobody },
	{ "who receives from anybody waits for nobody in particular", sender_is_anybody },
	{ "what takes any message finds none that does not match", everything_matches },
	{ "where the capacity is 0 nothing is full", never_full },
	{ "what never waits does not differ by how it would", has_no_mode },
	{ "what is over at once leaves no time for events", is_over_before },
	{ "without an event it would wait for ever", waits_for_ever },
	{ "it has no deadline to pass", has_no_deadline },
	{ "an inbox can't be deleted", has_no_mailbox },
	{ "only calls can be given up by the other side", is_no_call },
	{ "the other side has no message to receive", peer_receives_nothing },
	{ "the other side has no message to send", peer_sends_nothing },
	{ "a capacity of 0 can't be lowered", can_not_be_lowered },
	{ "continued, both threads begin to wait anew, in any order", order_is_open },
};

/* The first rule by which the cell is excluded, or NULL. */
static inline const struct rule *excluded(const struct cell *cell)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].excludes(cell))
			return &rules[i];
	return NULL;
}

#endif
