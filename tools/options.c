// SPDX-License-Identifier: GPL-2.0
/*
 * The options: one table says for which verbs each is, how its argument is
 * read, where it goes, and what the help text says of it.
 */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "options.h"
#include "trace_record.h"

/**
 * struct option_row - one option
 * @name: without its dashes
 * @argument: name of its argument, NULL if it takes none
 * @verbs: which verbs take it
 * @parse: reads the argument into the field; returns what is expected, if it
 *	is something else
 * @field: offset of the field in struct options
 * @has: bit in settings.has, for a setting
 * @select: for the --type options
 * @help: one line
 */
struct option_row {
	const char *name;
	const char *argument;
	unsigned int verbs;
	const char *(*parse)(const char *text, void *field);
	size_t field;
	unsigned int has;
	enum msgpass_select select;
	const char *help;
};

static const char *set_flag(const char *text, void *field)
{
	(void)text;
	*(bool *)field = true;
	return NULL;
}

static const char *set_text(const char *text, void *field)
{
	*(const char **)field = text;
	return NULL;
}

#define SET_UP	 (FOR_CREATE | FOR_SET | FOR_RECV | FOR_SERVE)
#define TRANSFER (FOR_SEND | FOR_RECV)
#define FIELD(f) offsetof(struct options, f)
#define FLAG(f)	 set_flag, FIELD(f), 0, 0

/* clang-format off */
static const struct option_row rows[] = {
	{ "pid", "PID", TRANSFER | FOR_CALL | FOR_STAT | FOR_GIVE | FOR_TRACE, parse_pid,
	  FIELD(pid), 0, 0, "the process with this pid" },
	{ "peer", "ID", TRANSFER | FOR_CALL | FOR_STAT | FOR_GIVE, parse_count,
	  FIELD(peer), 0, 0, "the process with this peer id" },
	{ "link", "FROM:TO", FOR_STAT, parse_link, FIELD(link), 0, 0,
	  "the link between two processes, by their pids or peer ids" },
	{ "cancel", NULL, FOR_GIVE, FLAG(cancel), "withdraw the offer" },
	{ "any", NULL, FOR_RECV | FOR_SERVE, FLAG(any),
	  "any process, instead of a mailbox" },
	{ "message", NULL, TRANSFER, FLAG(message),
	  "one message as it is, nothing cut or joined" },
	{ "lines", NULL, FOR_SEND, FLAG(lines),
	  "send every line as a message of its own" },
	{ "flow", NULL, FOR_SEND, FLAG(flow),
	  "send a file as one message, however long, and wait until it is received" },
	{ "fd", "NUMBER", FOR_SEND | FOR_CALL, parse_fd, FIELD(send_fds), 0, 0,
	  "send this open file along; may be given again" },
	{ "fds", NULL, FOR_RECV, FLAG(fds),
	  "give open files that come along to COMMAND, from 3 on" },
	{ "type", "N", TRANSFER | FOR_CALL, parse_u32, FIELD(type), 0,
	  MSGPASS_SELECT_TYPE, "a message of this type" },
	{ "type-up-to", "N", FOR_RECV, parse_u32, FIELD(type), 0,
	  MSGPASS_SELECT_UP_TO, "a message of the lowest type up to this" },
	{ "type-except", "N", FOR_RECV, parse_u32, FIELD(type), 0,
	  MSGPASS_SELECT_EXCEPT, "a message of any type but this" },
	{ "priority", "N", FOR_SEND | FOR_CALL, parse_u32, FIELD(priority), 0, 0,
	  "send with this priority" },
	{ "by-priority", NULL, FOR_RECV, FLAG(by_priority),
	  "the highest priority first" },
	{ "count", "N", FOR_RECV | FOR_SERVE | FOR_TOP, parse_count, FIELD(count), 0, 0,
	  "end after so many" },
	{ "parallel", "N", FOR_SERVE, parse_count, FIELD(parallel), 0, 0,
	  "run so many commands at once (1 unless told)" },
	{ "all", NULL, FOR_RECV, FLAG(all),
	  "receive all there is, without waiting for more" },
	{ "peek", NULL, FOR_RECV, FLAG(peek),
	  "leave the message where it is" },
	{ "truncate", "SIZE", FOR_RECV, parse_size, FIELD(truncate), 0, 0,
	  "drop what a message has beyond this" },
	{ "nonblock", NULL, TRANSFER, FLAG(nonblock),
	  "fail instead of waiting (exit code 3)" },
	{ "spin", NULL, TRANSFER | FOR_CALL | FOR_SERVE, FLAG(spin),
	  "look for a moment before sleeping, where the other side is quick" },
	{ "synchronous", NULL, FOR_SEND, FLAG(synchronous),
	  "return when a receiver has it (rendezvous)" },
	{ "receipt", NULL, FOR_SEND, FLAG(receipt),
	  "wait until it is received, or dropped (exit code 11)" },
	{ "lifetime", "SECONDS", FOR_SEND, parse_seconds, FIELD(lifetime_ns),
	  0, 0, "drop it if nobody has received it after so long" },
	{ "tries", "N", FOR_SEND, parse_count, FIELD(tries), 0, 0,
	  "send it so often at most while it is dropped; implies --receipt" },
	{ "timeout", "SECONDS", TRANSFER | FOR_CALL, parse_seconds,
	  FIELD(timeout_ns), 0, 0, "wait so long at most (exit code 4); fractions allowed" },
	{ "mode", "OCTAL", SET_UP, parse_mode, FIELD(settings.mode),
	  MSGPASS_HAS_MODE, 0, "permissions, such as 0620" },
	{ "owner", "USER", FOR_CREATE | FOR_SET, parse_user,
	  FIELD(settings.uid), MSGPASS_HAS_UID, 0, "the owner" },
	{ "group", "GROUP", FOR_CREATE | FOR_SET, parse_group,
	  FIELD(settings.gid), MSGPASS_HAS_GID, 0, "the group" },
	{ "capacity", "N", SET_UP, parse_limit, FIELD(settings.capacity),
	  MSGPASS_HAS_CAPACITY, 0, "messages it holds; 0: rendezvous; or unlimited" },
	{ "capacity-bytes", "SIZE", SET_UP, parse_limit,
	  FIELD(settings.capacity_bytes), MSGPASS_HAS_CAPACITY_BYTES, 0,
	  "bytes it holds, or unlimited" },
	{ "message-max", "SIZE", SET_UP, parse_size,
	  FIELD(settings.message_max), MSGPASS_HAS_MESSAGE_MAX, 0,
	  "the longest message it takes" },
	{ "broadcast", NULL, FOR_CREATE, FLAG(settings.broadcast),
	  "all who receive at the time get every message" },
	{ "lossy", NULL, FOR_CREATE, FLAG(settings.lossy),
	  "with --broadcast: who is too slow misses messages" },
	{ "exclusive", NULL, FOR_CREATE, FLAG(exclusive),
	  "fail if it is there already (exit code 10)" },
	{ "bound", NULL, FOR_CREATE, FLAG(settings.bound),
	  "let it die with the command that is then run" },
	{ "mailboxes", NULL, FOR_LS, FLAG(mailboxes),
	  "list mailboxes (the default)" },
	{ "inboxes", NULL, FOR_LS, FLAG(inboxes),
	  "list the inboxes of processes" },
	{ "links", NULL, FOR_LS, FLAG(links),
	  "list the links between processes" },
	{ "names", NULL, FOR_LS, FLAG(names),
	  "print just the names of mailboxes, one a line" },
	{ "answer", NULL, FOR_LAB, FLAG(answer),
	  "answer the question, too, and show it" },
	{ "real", NULL, FOR_LAB, FLAG(real),
	  "in the sizes of the textbook, however long it takes" },
	{ "verbose", NULL, TRANSFER | FOR_CALL, FLAG(verbose),
	  "tell on standard error what was sent or received" },
	{ "interval", "SECONDS", FOR_TOP, parse_seconds, FIELD(interval_ns), 0, 0,
	  "from one sample to the next (1 unless told)" },
	{ "sort", "KEY", FOR_TOP, set_text, FIELD(sort), 0, 0,
	  "by rate, queued, age, waiting or name" },
	{ "batch", NULL, FOR_TOP, FLAG(batch), "print the samples as plain text" },
	{ "dot", NULL, FOR_GRAPH, FLAG(dot), "print a graph for Graphviz" },
	{ "json", NULL, TRANSFER | FOR_CALL | FOR_LS | FOR_STAT | FOR_INFO | FOR_GRAPH,
	  FLAG(json), "print JSON (send, recv, call: to standard error)" },
	{ "progress", NULL, TRANSFER, FLAG(progress),
	  "show progress although standard error is no terminal" },
	{ "no-progress", NULL, TRANSFER, FLAG(no_progress),
	  "show no progress" },
	{ "quiet", NULL, TRANSFER | FOR_CREATE | FOR_SERVE | FOR_CALL, FLAG(quiet),
	  "no progress and no notices" },
	{ "record", "FILE", FOR_TRACE, set_text, FIELD(record), 0, 0,
	  "write a recording; its first line is there once it has begun" },
	{ "replay", "FILE", FOR_TRACE, set_text, FIELD(replay), 0, 0,
	  "take the events from a recording" },
	{ "diagram", NULL, FOR_TRACE, FLAG(diagram),
	  "draw a sequence diagram in the end" },
	{ "ascii", NULL, FOR_TRACE, FLAG(ascii),
	  "draw it without line characters" },
	{ "svg", "FILE", FOR_TRACE, set_text, FIELD(svg), 0, 0,
	  "write the diagram as an SVG picture" },
	{ "mermaid", "FILE", FOR_TRACE, set_text, FIELD(mermaid), 0, 0,
	  "write the diagram for Mermaid" },
	{ "mailbox", "BOX", FOR_TRACE, set_text, FIELD(mailbox), 0, 0,
	  "only what concerns the mailbox of this name" },
	{ "event", "NAME,...", FOR_TRACE, parse_events, FIELD(events), 0, 0,
	  "only events of these names" },
	{ "buffer", "SIZE", FOR_TRACE, parse_size, FIELD(buffer), 0, 0,
	  "memory on each CPU for events that are not read yet" },
	{ "help", NULL, ~0U, FLAG(help), "show this" },
};

/* clang-format on */

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

void options_help(enum verb_bit verb)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		char left[32];

		if (!(rows[i].verbs & verb))
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
			 rows[i].argument ? rows[i].argument : "");
		printf("  %-24s %s\n", left, rows[i].help);
	}
}

static bool apply(struct options *options, const struct option_row *row, const char *text)
{
	const char *expected;

	if (!(row->verbs & options->verb->bit)) {
		fail_usage(options, "it takes no --%s", row->name);
		return false;
	}
	if (row->select && options->select) {
		fail_usage(options, "one of --type, --type-up-to and --type-except is enough");
		return false;
	}
	expected = row->parse(text, (char *)options + row->field);
	if (expected) {
		fail_usage(options, "--%s takes %s, not '%s'", row->name, expected, text);
		return false;
	}
	options->settings.has |= row->has;
	if (row->select)
		options->select = row->select;
	return true;
}

static void fill_long_options(struct option *longs)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		longs[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
		};
	longs[ROW_COUNT] = (struct option){ 0 };
}

static const struct option_row *row_of_letter(int letter)
{
	static const struct {
		char letter;
		const char *name;
	} letters[] = {
		{ 'h', "help" },  { 'q', "quiet" }, { 'v', "verbose" },
		{ 'n', "count" }, { 'p', "pid" },
	};

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		for (size_t j = 0; j < ROW_COUNT; j++)
			if (letters[i].letter == letter && !strcmp(letters[i].name, rows[j].name))
				return &rows[j];
	return NULL;
}

bool options_parse(struct options *options, int argc, char **argv)
{
	struct option longs[ROW_COUNT + 1];
	int letter, index;

	options->truncate = NO_TRUNCATE;
	fill_long_options(longs);
	opterr = 0;
	/* argv[0] is the verb */
	while ((letter = getopt_long(argc, argv, ":hqvn:p:", longs, &index)) != -1) {
		const struct option_row *row;

		if (letter == ':') {
			fail_usage(options, "%s takes an argument", argv[optind - 1]);
			return false;
		}
		if (letter == '?') {
			fail_usage(options, "there is no option %s", argv[optind - 1]);
			return false;
		}
		row = letter ? row_of_letter(letter) : &rows[index];
		if (!apply(options, row, optarg))
			return false;
	}
	options->operands = argv + optind;
	options->operand_count = argc - optind;
	return true;
}

int options_take_command(struct options *options, char ***command)
{
	int whom = options->any || options->pid || options->peer ? 0 : 1;

	if (options->operand_count <= whom)
		return fail_usage(options, "name whom to receive from, and the command after --");
	*command = options->operands + whom;
	options->operand_count = whom;
	return DONE;
}
