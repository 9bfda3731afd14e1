// SPDX-License-Identifier: GPL-2.0
/*
 * A sequence diagram: made of events.
 *
 * A message is an arrow into the queue, and another one out of it, or into the
 * hands of who waits for it. A process that was not told of is made up when it
 * is first met: a recording may begin late, and events get lost.
 */
#include <ctype.h>
#include <inttypes.h>
#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "diagram.h"
#include "fail.h"
#include "trace_record.h"

/**
 * struct wait - a thread that is blocked
 * @lifeline: whose
 * @thread: its id
 */
struct wait {
	size_t lifeline;
	uint64_t thread;
	bool reply;
};

/* Who passes messages is drawn before whoever only waits or fails. */
#define MESSAGE_DEEDS 1000

/* What a fact is about: what its numbers are, and its value. */
enum about {
	ABOUT_PID,     /* (pid): the lifeline of that process */
	ABOUT_PORT,    /* (port): the lifeline that it belongs to */
	ABOUT_VIA,     /* (port): the mailbox that it is a subscription to */
	ABOUT_MESSAGE, /* (port, sequence): the step that queued it */
	ABOUT_SEND,    /* (port, pid): text says how it sends */
};

struct fact {
	enum about about;
	uint64_t first;
	uint64_t second;
	size_t value;
	char *text;
};

/* --- memory */

static void *checked(void *memory)
{
	if (!memory)
		exit(fail(FAILED,
			  "there is not enough memory for the diagram; draw less of it, with --pid or --mailbox"));
	return memory;
}

/* One more; room grows by doubling. */
static void *grown(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return checked(reallocarray(array, count ? count * 2 : 1, size));
}

static char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *text_of(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return checked(text);
}

/* --- the index */

static int compare(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;

	if (x->about != y->about)
		return x->about < y->about ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->second != y->second)
		return x->second < y->second ? -1 : 1;
	return 0;
}

static struct fact *look_up(struct diagram *diagram, enum about about, uint64_t first,
			    uint64_t second)
{
	struct fact key = { .about = about, .first = first, .second = second };
	struct fact **found = tfind(&key, &diagram->index, compare);

	return found ? *found : NULL;
}

/* Its value is NONE if it is new. */
static struct fact *fact_of(struct diagram *diagram, enum about about, uint64_t first,
			    uint64_t second)
{
	struct fact *fact = look_up(diagram, about, first, second);

	if (fact)
		return fact;
	fact = checked(malloc(sizeof(*fact)));
	*fact = (struct fact){ about, first, second, NONE, NULL };
	checked(tsearch(fact, &diagram->index, compare));
	return fact;
}

static size_t value_of(struct diagram *diagram, enum about about, uint64_t first, uint64_t second)
{
	struct fact *fact = look_up(diagram, about, first, second);

	return fact ? fact->value : NONE;
}

static void free_fact(void *fact)
{
	free(((struct fact *)fact)->text);
	free(fact);
}

/* --- lifelines */

static size_t new_lifeline(struct diagram *diagram, bool mailbox, uint64_t id, const char *name)
{
	size_t count = diagram->lifeline_count;

	diagram->lifelines = grown(diagram->lifelines, count, sizeof(*diagram->lifelines));
	diagram->lifelines[count] = (struct lifeline){
		.mailbox = mailbox,
		.id = id,
		.name = name ? text_of("%s", name) : NULL,
		.end = NONE,
	};
	return diagram->lifeline_count++;
}

static size_t process_of(struct diagram *diagram, uint64_t pid)
{
	struct fact *fact = fact_of(diagram, ABOUT_PID, pid, 0);

	if (fact->value == NONE)
		fact->value = new_lifeline(diagram, false, pid, NULL);
	return fact->value;
}

/* One that nobody told of is as a mailbox to the reader: a place of its own. */
static size_t place_of(struct diagram *diagram, uint64_t port)
{
	struct fact *fact = fact_of(diagram, ABOUT_PORT, port, 0);

	if (fact->value == NONE)
		fact->value = new_lifeline(diagram, true, port, NULL);
	return fact->value;
}

static void set_name(struct lifeline *lifeline, const char *name)
{
	/* the kernel has forgotten */
	if (!strcmp(name, "-"))
		return;
	free(lifeline->name);
	lifeline->name = text_of("%s", name);
}

/* A process is called what its first thread was last called. */
static void name_process(struct diagram *diagram, const struct event *event)
{
	size_t process = value_of(diagram, ABOUT_PID, event->tid, 0);

	if (event->tid && process != NONE)
		set_name(&diagram->lifelines[process], event->comm);
}

/* Until that one is heard of, what another of its threads is called. */
static void name_actor(struct diagram *diagram, const struct event *event, const char *key)
{
	/* first, as it may move the others */
	size_t process = process_of(diagram, event_number(event, key));

	if (!diagram->lifelines[process].name)
		set_name(&diagram->lifelines[process], event->comm);
}

/* --- steps */

static struct step *new_step(struct diagram *diagram, const struct event *event, enum arrow arrow,
			     size_t from, size_t to, char *label)
{
	size_t count = diagram->step_count;

	diagram->steps = grown(diagram->steps, count, sizeof(*diagram->steps));
	diagram->steps[count] = (struct step){
		.time = event->time > diagram->start ? event->time - diagram->start : 0,
		.arrow = arrow,
		.from = from,
		.to = to,
		.taken = NONE,
		.label = label,
	};
	if (from != NONE)
		diagram->lifelines[from].deeds += arrow == ARROW_NONE ? 1 : MESSAGE_DEEDS;
	if (arrow != ARROW_NONE)
		diagram->lifelines[to].deeds += MESSAGE_DEEDS;
	diagram->step_count++;
	return &diagram->steps[count];
}

static struct step *note(struct diagram *diagram, const struct event *event, size_t lifeline,
			 char *label)
{
	return new_step(diagram, event, ARROW_NONE, lifeline, NONE, label);
}

static void end_lifeline(struct diagram *diagram, const struct event *event, size_t lifeline,
			 const char *label)
{
	struct lifeline *line = &diagram->lifelines[lifeline];

	if (!line->mailbox && !line->deeds)
		return;
	note(diagram, event, lifeline, text_of("%s", label));
	diagram->lifelines[lifeline].end = diagram->step_count - 1;
}

/* The name of an errno, whichever way it is written. */
static const char *error_of(const struct event *event, const char *key)
{
	const char *text = event_text(event, key);
	int error = text ? abs(atoi(text)) : 0;

	if (!text || (error && !strerrorname_np(error)))
		return "an error";
	return error ? strerrorname_np(error) : text;
}

static bool is_success(const char *error)
{
	return !strcmp(error, "0");
}

/* --- blocked threads */

static bool is_blocked(const struct diagram *diagram, size_t lifeline)
{
	for (size_t i = 0; i < diagram->wait_count; i++)
		if (diagram->waits[i].lifeline == lifeline)
			return true;
	return false;
}

static void add_turn(struct diagram *diagram, size_t lifeline, bool blocked)
{
	size_t count = diagram->turn_count;

	diagram->turns = grown(diagram->turns, count, sizeof(*diagram->turns));
	diagram->turns[count] = (struct turn){ diagram->step_count, lifeline, blocked };
	diagram->turn_count++;
}

static void begin_wait(struct diagram *diagram, struct wait wait)
{
	size_t lifeline = wait.lifeline;

	if (!is_blocked(diagram, lifeline))
		add_turn(diagram, lifeline, true);
	diagram->waits = grown(diagram->waits, diagram->wait_count, sizeof(*diagram->waits));
	diagram->waits[diagram->wait_count++] = wait;
}

static void end_wait(struct diagram *diagram, size_t index)
{
	size_t lifeline = diagram->waits[index].lifeline;

	diagram->wait_count--;
	memmove(&diagram->waits[index], &diagram->waits[index + 1],
		(diagram->wait_count - index) * sizeof(*diagram->waits));
	if (!is_blocked(diagram, lifeline))
		add_turn(diagram, lifeline, false);
}

/* Who acts is blocked no more: its waking may have been lost. */
static void end_waits_of(struct diagram *diagram, uint64_t thread)
{
	for (size_t i = diagram->wait_count; i-- > 0;)
		if (diagram->waits[i].thread == thread)
			end_wait(diagram, i);
}

static bool is_for_reply(const struct event *event)
{
	return !strcmp(event_text(event, "what"), "reply");
}

/*
 * A call may be over while its request still waits for room. Of the other waits
 * a thread has one at a time, even if it ends by another name.
 */
static void end_wait_for(struct diagram *diagram, const struct event *event)
{
	uint64_t thread = event_number(event, "thread");
	bool reply = is_for_reply(event);

	for (size_t i = diagram->wait_count; i-- > 0;)
		if (diagram->waits[i].thread == thread && diagram->waits[i].reply == reply)
			end_wait(diagram, i);
}

static void end_waits_at(struct diagram *diagram, size_t lifeline)
{
	for (size_t i = diagram->wait_count; i-- > 0;)
		if (diagram->waits[i].lifeline == lifeline)
			end_wait(diagram, i);
}

/* --- what each event amounts to */

static void take_inbox_new(struct diagram *diagram, const struct event *event)
{
	uint64_t pid = event_number(event, "pid");
	size_t process = process_of(diagram, pid);

	/* the pid was used again */
	if (diagram->lifelines[process].end != NONE) {
		process = new_lifeline(diagram, false, pid, NULL);
		fact_of(diagram, ABOUT_PID, pid, 0)->value = process;
	}
	fact_of(diagram, ABOUT_PORT, event_number(event, "port"), 0)->value = process;
}

static void take_inbox_gone(struct diagram *diagram, const struct event *event)
{
	size_t process = process_of(diagram, event_number(event, "pid"));

	end_waits_at(diagram, process);
	end_lifeline(diagram, event, process, "gone");
}

static void take_link_new(struct diagram *diagram, const struct event *event)
{
	new_step(diagram, event, ARROW_LINK, process_of(diagram, event_number(event, "from")),
		 process_of(diagram, event_number(event, "to")), text_of("link"));
}

static void take_link_gone(struct diagram *diagram, const struct event *event)
{
	new_step(diagram, event, ARROW_LINK, process_of(diagram, event_number(event, "from")),
		 process_of(diagram, event_number(event, "to")), text_of("link gone"));
}

/* "made, capacity 3" */
static char *made_label(const struct event *event)
{
	uint64_t capacity = event_number(event, "capacity");

	if (!event_text(event, "capacity"))
		return text_of("made");
	if (capacity == UINT64_MAX)
		return text_of("made, unlimited");
	return text_of("made, capacity %" PRIu64, capacity);
}

static void take_mailbox_new(struct diagram *diagram, const struct event *event)
{
	size_t mailbox = place_of(diagram, event_number(event, "port"));
	struct lifeline *lifeline = &diagram->lifelines[mailbox];

	lifeline->mailbox = true;
	set_name(lifeline, event_text(event, "name"));
	/* those that were there before the recording are told of without a thread */
	if (!event->tid)
		return;
	lifeline->begin = diagram->step_count;
	note(diagram, event, mailbox, made_label(event));
	/* of itself this is no reason to draw it */
	diagram->lifelines[mailbox].deeds--;
}

static void take_mailbox_gone(struct diagram *diagram, const struct event *event)
{
	end_lifeline(diagram, event, place_of(diagram, event_number(event, "port")), "deleted");
}

static void take_subscribe(struct diagram *diagram, const struct event *event)
{
	uint64_t port = event_number(event, "port");
	size_t process = process_of(diagram, event_number(event, "pid"));
	size_t mailbox = place_of(diagram, event_number(event, "mailbox"));

	fact_of(diagram, ABOUT_PORT, port, 0)->value = process;
	fact_of(diagram, ABOUT_VIA, port, 0)->value = mailbox;
	new_step(diagram, event, ARROW_LINK, process, mailbox, text_of("subscribes"));
}

static void take_unsubscribe(struct diagram *diagram, const struct event *event)
{
	uint64_t port = event_number(event, "port");
	size_t mailbox = value_of(diagram, ABOUT_VIA, port, 0);

	if (mailbox != NONE)
		new_step(diagram, event, ARROW_LINK, place_of(diagram, port), mailbox,
			 text_of("unsubscribes"));
}

/* How it is sent is told with the message, if there comes to be one. */
static void take_send(struct diagram *diagram, const struct event *event)
{
	uint64_t port = event_number(event, "port"), from = event_number(event, "from");
	const char *flags = event_text(event, "flags");
	struct fact *fact = fact_of(diagram, ABOUT_SEND, port, from);

	name_actor(diagram, event, "from");
	free(fact->text);
	fact->text = text_of("%s", flags && !isdigit((unsigned char)*flags) ? flags : "");
}

/* " type 3", if that is not 0. */
static char *unless_zero(const struct event *event, const char *key)
{
	uint64_t number = event_number(event, key);

	return number ? text_of(" %s %" PRIu64, key, number) : text_of("%s", "");
}

/* "#3 5 B type 7 synchronous" */
static char *message_label(struct diagram *diagram, const struct event *event)
{
	struct fact *send = look_up(diagram, ABOUT_SEND, event_number(event, "port"),
				    event_number(event, "from"));
	const char *flags = send && send->text ? send->text : "";
	const char *length = event_text(event, "length");
	char *type = unless_zero(event, "type"), *priority = unless_zero(event, "priority");
	char *label = text_of("#%s%s%s%s%s%s%s%s", event_text(event, "sequence"), length ? " " : "",
			      length ? length : "", length ? " B" : "", type, priority,
			      *flags ? " " : "", flags);

	free(type);
	free(priority);
	return label;
}

/* Where the copies of a broadcast come from. */
static size_t sender_of(struct diagram *diagram, const struct event *event)
{
	size_t via = value_of(diagram, ABOUT_VIA, event_number(event, "port"), 0);

	return via != NONE ? via : process_of(diagram, event_number(event, "from"));
}

static struct fact *message_of(struct diagram *diagram, const struct event *event)
{
	return fact_of(diagram, ABOUT_MESSAGE, event_number(event, "port"),
		       event_number(event, "sequence"));
}

static void add_message(struct diagram *diagram, const struct event *event, enum arrow arrow)
{
	size_t place = place_of(diagram, event_number(event, "port"));

	message_of(diagram, event)->value = diagram->step_count;
	new_step(diagram, event, arrow, sender_of(diagram, event), place,
		 message_label(diagram, event));
}

static void take_queue(struct diagram *diagram, const struct event *event)
{
	add_message(diagram, event, ARROW_QUEUED);
}

/* A broadcast: its copies are queued one by one. */
static void take_fan_out(struct diagram *diagram, const struct event *event)
{
	new_step(diagram, event, ARROW_MESSAGE, process_of(diagram, event_number(event, "from")),
		 place_of(diagram, event_number(event, "port")), message_label(diagram, event));
}

/* Where somebody waits for it, a message does not stay in the queue. */
static void take_hand_off(struct diagram *diagram, const struct event *event)
{
	size_t queued = message_of(diagram, event)->value;

	if (queued == NONE)
		add_message(diagram, event, ARROW_MESSAGE);
	else
		diagram->steps[queued].arrow = ARROW_MESSAGE;
}

/* ", 0.5 s at most"; empty without a deadline. */
static char *deadline_of(const struct event *event)
{
	uint64_t deadline = event_number(event, "deadline");
	double seconds = deadline > event->time ? (deadline - event->time) / 1e9 : 0;

	if (!deadline || deadline >= INT64_MAX)
		return text_of("%s", "");
	return text_of(seconds < 10 ? ", %.3g s at most" : ", %.0f s at most", seconds);
}

/* "waits for a message from 12" */
static char *wait_label(const struct event *event)
{
	static const char *const phrases[][2] = {
		{ "message", "a message" },	{ "room", "room" },
		{ "rendezvous", "a receiver" }, { "reply", "the reply" },
		{ "flow", "the rest to flow" },
	};
	const char *what = event_text(event, "what");
	uint64_t whom = event_number(event, "whom");
	char *most = deadline_of(event), *label;
	char from[32] = "";

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (!strcmp(what, phrases[i][0]))
			what = phrases[i][1];
	if (whom)
		snprintf(from, sizeof(from), " from %" PRIu64, whom);
	label = text_of("waits for %s%s%s", what, from, most);
	free(most);
	return label;
}

static void take_wait(struct diagram *diagram, const struct event *event)
{
	size_t process = process_of(diagram, event_number(event, "pid"));
	uint64_t thread = event_number(event, "thread");

	name_actor(diagram, event, "pid");
	end_waits_of(diagram, thread);
	begin_wait(diagram, (struct wait){ process, thread, is_for_reply(event) });
	note(diagram, event, process, wait_label(event));
}

static void take_wake(struct diagram *diagram, const struct event *event)
{
	end_wait_for(diagram, event);
}

static void take_receive(struct diagram *diagram, const struct event *event)
{
	size_t place = place_of(diagram, event_number(event, "port"));
	size_t to = process_of(diagram, event_number(event, "to"));
	size_t queued = message_of(diagram, event)->value;

	name_actor(diagram, event, "to");
	end_waits_of(diagram, event->tid);
	if (queued != NONE && diagram->steps[queued].taken == NONE)
		diagram->steps[queued].taken = diagram->step_count;
	if (place == to)
		note(diagram, event, to, text_of("takes #%s", event_text(event, "sequence")));
	else
		new_step(diagram, event, ARROW_MESSAGE, place, to,
			 text_of("#%s", event_text(event, "sequence")));
}

static void take_restore(struct diagram *diagram, const struct event *event)
{
	note(diagram, event, process_of(diagram, event_number(event, "to")),
	     text_of("puts #%s back: %s", event_text(event, "sequence"), error_of(event, "error")))
		->trouble = true;
}

static void take_cancel(struct diagram *diagram, const struct event *event)
{
	size_t process = process_of(diagram, event_number(event, "pid"));

	note(diagram, event, process, text_of("gives up: %s", error_of(event, "error")))->trouble =
		true;
	end_wait_for(diagram, event);
}

static void take_drop(struct diagram *diagram, const struct event *event)
{
	note(diagram, event, place_of(diagram, event_number(event, "port")),
	     text_of("drops #%s: %s", event_text(event, "sequence"), event_text(event, "reason")))
		->trouble = true;
}

/* The message that a call sends is an arrow already, and what is taken too. */
static void take_nothing(struct diagram *diagram, const struct event *event)
{
	(void)diagram;
	(void)event;
}

static void take_reply(struct diagram *diagram, const struct event *event)
{
	const char *length = event_text(event, "length");

	name_actor(diagram, event, "from");
	new_step(diagram, event, ARROW_REPLY, process_of(diagram, event_number(event, "from")),
		 process_of(diagram, event_number(event, "to")),
		 length ? text_of("reply %s B", length) : text_of("reply"));
}

static void take_forward(struct diagram *diagram, const struct event *event)
{
	new_step(diagram, event, ARROW_LINK, process_of(diagram, event_number(event, "from")),
		 place_of(diagram, event_number(event, "port")), text_of("forwards the call"));
}

static void take_call_over(struct diagram *diagram, const struct event *event)
{
	const char *error = error_of(event, "error");

	if (event_text(event, "error") && !is_success(error))
		note(diagram, event, NONE,
		     text_of("call %s is over: %s", event_text(event, "call"), error))
			->trouble = true;
}

static void take_fail(struct diagram *diagram, const struct event *event)
{
	const char *deed = event_text(event, "ioctl");

	name_actor(diagram, event, "pid");
	end_waits_of(diagram, event->tid);
	note(diagram, event, process_of(diagram, event_number(event, "pid")),
	     text_of("%s fails: %s", deed ? deed : "an operation", error_of(event, "error")))
		->trouble = true;
}

static void take_lost(struct diagram *diagram, const struct event *event)
{
	note(diagram, event, NONE, text_of("%s events were lost", event_text(event, "count")))->trouble =
		true;
}

static void (*const takers[EVENT_KINDS])(struct diagram *, const struct event *) = {
	[EVENT_INBOX_NEW] = take_inbox_new,
	[EVENT_INBOX_GONE] = take_inbox_gone,
	[EVENT_LINK_NEW] = take_link_new,
	[EVENT_LINK_GONE] = take_link_gone,
	[EVENT_MAILBOX_NEW] = take_mailbox_new,
	[EVENT_MAILBOX_GONE] = take_mailbox_gone,
	[EVENT_SUBSCRIBE] = take_subscribe,
	[EVENT_UNSUBSCRIBE] = take_unsubscribe,
	[EVENT_SEND] = take_send,
	[EVENT_QUEUE] = take_queue,
	[EVENT_FAN_OUT] = take_fan_out,
	[EVENT_HAND_OFF] = take_hand_off,
	[EVENT_WAIT] = take_wait,
	[EVENT_WAKE] = take_wake,
	[EVENT_RECEIVE] = take_receive,
	[EVENT_RESTORE] = take_restore,
	[EVENT_CANCEL] = take_cancel,
	[EVENT_DROP] = take_drop,
	[EVENT_CALL] = take_nothing,
	[EVENT_TAKE] = take_nothing,
	[EVENT_REPLY] = take_reply,
	[EVENT_FORWARD] = take_forward,
	[EVENT_CALL_OVER] = take_call_over,
	[EVENT_FAIL] = take_fail,
	[EVENT_LOST] = take_lost,
};

void diagram_add(struct diagram *diagram, const struct event *event)
{
	if (!diagram->start)
		diagram->start = event->time;
	takers[event->kind](diagram, event);
	name_process(diagram, event);
}

/* --- in the end */

static void set_label(struct lifeline *lifeline)
{
	if (lifeline->mailbox && lifeline->name && *lifeline->name)
		lifeline->label = text_of("[%s]", lifeline->name);
	else if (lifeline->mailbox)
		lifeline->label = text_of("[mailbox %" PRIu64 "]", lifeline->id);
	else if (lifeline->name)
		lifeline->label = text_of("%s %" PRIu64, lifeline->name, lifeline->id);
	else
		lifeline->label = text_of("%" PRIu64, lifeline->id);
}

/* The next place is the lifeline's, unless it has one. */
static void give_rank(size_t *ranks, size_t lifeline, size_t *next)
{
	if (lifeline != NONE && ranks[lifeline] == NONE)
		ranks[lifeline] = (*next)++;
}

/* A mailbox comes when it is used, so that it stands beside who uses it. */
static void rank_lifelines(const struct diagram *diagram, size_t *ranks)
{
	size_t next = 0;

	for (size_t i = 0; i < diagram->lifeline_count; i++)
		ranks[i] = NONE;
	for (size_t i = 0; i < diagram->step_count; i++) {
		const struct step *step = &diagram->steps[i];

		if (step->arrow == ARROW_NONE && step->from != NONE &&
		    diagram->lifelines[step->from].mailbox)
			continue;
		give_rank(ranks, step->from, &next);
		give_rank(ranks, step->to, &next);
	}
	for (size_t i = 0; i < diagram->lifeline_count; i++)
		give_rank(ranks, i, &next);
}

static void move_lifelines(struct diagram *diagram, const size_t *ranks)
{
	struct lifeline *moved =
		checked(calloc(diagram->lifeline_count + 1, sizeof(*diagram->lifelines)));

	for (size_t i = 0; i < diagram->lifeline_count; i++)
		moved[ranks[i]] = diagram->lifelines[i];
	free(diagram->lifelines);
	diagram->lifelines = moved;
	for (size_t i = 0; i < diagram->step_count; i++) {
		struct step *step = &diagram->steps[i];

		step->from = step->from == NONE ? NONE : ranks[step->from];
		step->to = step->to == NONE ? NONE : ranks[step->to];
	}
	for (size_t i = 0; i < diagram->turn_count; i++)
		diagram->turns[i].lifeline = ranks[diagram->turns[i].lifeline];
}

void diagram_finish(struct diagram *diagram)
{
	size_t *ranks = checked(calloc(diagram->lifeline_count + 1, sizeof(*ranks)));

	rank_lifelines(diagram, ranks);
	move_lifelines(diagram, ranks);
	free(ranks);
	for (size_t i = 0; i < diagram->lifeline_count; i++)
		set_label(&diagram->lifelines[i]);
}

void diagram_free(struct diagram *diagram)
{
	for (size_t i = 0; i < diagram->lifeline_count; i++) {
		free(diagram->lifelines[i].name);
		free(diagram->lifelines[i].label);
	}
	for (size_t i = 0; i < diagram->step_count; i++)
		free(diagram->steps[i].label);
	free(diagram->lifelines);
	free(diagram->steps);
	free(diagram->turns);
	free(diagram->waits);
	tdestroy(diagram->index, free_fact);
	*diagram = (struct diagram){ 0 };
}
