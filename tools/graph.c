// SPDX-License-Identifier: GPL-2.0
/*
 * graph: who waits for whom, in sentences, in JSON or for Graphviz.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "fail.h"
#include "record.h"
#include "target.h"
#include "text.h"
#include "verbs.h"
#include "waits.h"

static const char *const reasons[] = {
	[MSGPASS_WAITS_FOR_MESSAGE] = "message",
	[MSGPASS_WAITS_FOR_ROOM] = "room",
	[MSGPASS_WAITS_FOR_RENDEZVOUS] = "rendezvous",
	[MSGPASS_WAITS_FOR_REPLY] = "reply",
	[MSGPASS_WAITS_FOR_FLOW] = "flow",
};

static const char *reason_of(const struct wait *wait)
{
	unsigned int reason = wait->status.reason;

	return reason < sizeof(reasons) / sizeof(reasons[0]) && reasons[reason] ? reasons[reason] :
										  "something";
}

/* The clock is read to the tick: a wait may seem to begin just after now. */
static uint64_t age_of(const struct wait_list *list, const struct wait *wait)
{
	return wait->status.since_ns < list->now_ns ? list->now_ns - wait->status.since_ns : 0;
}

/* What one waits for, behind "waits ... for". */
static void print_purpose(const struct wait *wait)
{
	static const char *const from[] = {
		[MSGPASS_WAITS_FOR_MESSAGE] = "a message from",
		[MSGPASS_WAITS_FOR_ROOM] = "room to send to",
		[MSGPASS_WAITS_FOR_RENDEZVOUS] = "its message to be received by",
		[MSGPASS_WAITS_FOR_REPLY] = "the reply of",
		[MSGPASS_WAITS_FOR_FLOW] = "the rest of its message to be received by",
	};
	unsigned int reason = wait->status.reason;

	fputs(reason < sizeof(from) / sizeof(from[0]) && from[reason] ? from[reason] : "something of",
	      stdout);
}

static void print_whom(const struct wait *wait)
{
	if (wait->status.for_pid)
		printf(" process %d", wait->status.for_pid);
	else if (wait->status.for_peer)
		fputs(" a process that can't be seen", stdout);
	else if (wait->mailbox)
		printf(" mailbox '%s'", text_shown(wait->mailbox));
	else if (wait->status.for_mailbox)
		fputs(" a mailbox that is gone", stdout);
	else
		fputs(" anyone", stdout);
}

static void print_wait(const struct wait_list *list, const struct wait *wait)
{
	printf("%c %d", wait->in_cycle ? '*' : ' ', wait->status.pid);
	if (wait->status.tid != wait->status.pid)
		printf("/%d", wait->status.tid);
	printf(" (%s) waits for ", text_shown(wait->command));
	print_purpose(wait);
	print_whom(wait);
	printf(", since %.1f s", age_of(list, wait) / 1e9);
	if (wait->status.deadline_ns > list->now_ns)
		printf(", for %.1f s more", (wait->status.deadline_ns - list->now_ns) / 1e9);
	putchar('\n');
}

static void print_cycle(const struct wait **cycle, size_t count)
{
	fputs("* cycle:", stdout);
	while (count--)
		printf(" %d ->", cycle[count]->status.pid);
}

static void print_cycles(const struct wait_list *list)
{
	const struct wait **cycle = calloc(list->count + 1, sizeof(*cycle));

	for (size_t i = 0; cycle && i < list->count; i++) {
		size_t count = waits_cycle(list, &list->waits[i], cycle);

		if (!count)
			continue;
		print_cycle(cycle, count);
		printf(" %d\n", list->waits[i].status.pid);
	}
	free(cycle);
}

static void print_text(const struct wait_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		print_wait(list, &list->waits[i]);
	print_cycles(list);
	if (!list->count)
		puts("nobody waits that can be seen");
}

static void print_json(const struct wait_list *list)
{
	struct record record;

	putchar('[');
	for (size_t i = 0; i < list->count; i++) {
		const struct wait *wait = &list->waits[i];

		fputs(i ? ",\n " : "\n ", stdout);
		record_begin(&record, stdout, true);
		record_number(&record, "pid", wait->status.pid);
		record_number(&record, "tid", wait->status.tid);
		record_number(&record, "peer", wait->status.peer);
		record_text(&record, "command", wait->command);
		record_text(&record, "reason", reason_of(wait));
		record_number(&record, "for_pid", wait->status.for_pid);
		record_number(&record, "for_peer", wait->status.for_peer);
		record_text(&record, "mailbox", wait->mailbox);
		record_number(&record, "since_ns", wait->status.since_ns);
		record_number(&record, "deadline_ns", wait->status.deadline_ns);
		record_bool(&record, "in_cycle", wait->in_cycle);
		record_end(&record);
	}
	puts("]");
}

/* In quotes, where a backslash would mean something. */
static void print_label(const char *text)
{
	for (const char *at = text_shown(text); *at; at++) {
		if (*at == '"' || *at == '\\')
			putchar('\\');
		putchar(*at);
	}
}

/* Whom others wait for; who waits says more of itself, afterwards. */
static void print_waited_for(const struct wait *wait)
{
	if (wait->status.for_pid) {
		printf("\tp%" PRIu64 " [label=\"%d\"];\n", wait->status.for_peer,
		       wait->status.for_pid);
	} else if (wait->mailbox) {
		printf("\tm%" PRIu64 " [shape=box, label=\"", wait->status.for_mailbox);
		print_label(wait->mailbox);
		fputs("\"];\n", stdout);
	}
}

static void print_waiter(const struct wait *wait)
{
	printf("\tp%" PRIu64 " [label=\"%d\\n", wait->status.peer, wait->status.pid);
	print_label(wait->command);
	fputs("\"];\n", stdout);
}

static void print_edge(const struct wait_list *list, const struct wait *wait)
{
	printf("\tp%" PRIu64 " -> ", wait->status.peer);
	if (wait->status.for_peer)
		printf("p%" PRIu64, wait->status.for_peer);
	else if (wait->mailbox)
		printf("m%" PRIu64, wait->status.for_mailbox);
	else
		fputs("anyone", stdout);
	printf(" [label=\"%s\\n%.1f s\"%s];\n", reason_of(wait), age_of(list, wait) / 1e9,
	       wait->in_cycle ? ", color=red, penwidth=2" : "");
}

static void print_dot(const struct wait_list *list)
{
	puts("digraph waits {\n\trankdir=LR;");
	for (size_t i = 0; i < list->count; i++)
		print_waited_for(&list->waits[i]);
	for (size_t i = 0; i < list->count; i++)
		print_waiter(&list->waits[i]);
	for (size_t i = 0; i < list->count; i++)
		print_edge(list, &list->waits[i]);
	puts("}");
}

int show_graph(const struct options *options)
{
	struct wait_list list;
	int device, ret;

	if (options->operand_count)
		return fail_usage(options, "it takes no operand");
	if (options->dot && options->json)
		return fail_usage(options, "choose --dot or --json");
	ret = target_open_device(&device);
	if (ret)
		return ret;
	ret = waits_collect(&list, device);
	if (ret < 0)
		return fail_with(&(struct target){ .kind = TARGET_ANYONE, .text = "who waits" },
				 TO_STAT, ret);
	if (options->dot)
		print_dot(&list);
	else if (options->json)
		print_json(&list);
	else
		print_text(&list);
	return DONE;
}
