// SPDX-License-Identifier: GPL-2.0
/*
 * msgpass - send and receive messages from the shell
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "options.h"
#include "verbs.h"

/* clang-format off */
const struct verb verbs[] = {
	{ "create", FOR_CREATE, "BOX | --bound BOX -- COMMAND [ARG...]",
	  "make a mailbox", create_mailbox },
	{ "send", FOR_SEND, "BOX | --pid PID | --peer ID",
	  "send standard input", send_input },
	{ "recv", FOR_RECV, "BOX | --any | --pid PID | --peer ID [--fds -- COMMAND [ARG...]]",
	  "receive to standard output", receive_output },
	{ "call", FOR_CALL, "BOX | --pid PID | --peer ID",
	  "send standard input, print the reply", call_server },
	{ "serve", FOR_SERVE, "BOX | --any -- COMMAND [ARG...]",
	  "reply to each call with a command's output", serve },
	{ "ls", FOR_LS, "", "list mailboxes, inboxes and links", list },
	{ "stat", FOR_STAT, "BOX | --pid PID | --peer ID | --link FROM:TO",
	  "tell all about a mailbox, an inbox or a link", show_status },
	{ "set", FOR_SET, "BOX", "change a mailbox", set_mailbox },
	{ "give", FOR_GIVE, "BOX --pid PID | --peer ID | --cancel",
	  "offer a mailbox to a process", give_mailbox },
	{ "accept", FOR_ACCEPT, "BOX [-- COMMAND [ARG...]]",
	  "take over a mailbox that is offered", accept_mailbox },
	{ "rm", FOR_RM, "BOX...", "delete mailboxes and what is in them",
	  remove_mailboxes },
	{ "info", FOR_INFO, "", "tell limits and usage", show_info },
	{ "graph", FOR_GRAPH, "", "tell who waits for whom now", show_graph },
	{ "top", FOR_TOP, "", "show what goes through mailboxes, inboxes and links",
	  show_top },
	{ "trace", FOR_TRACE, "[-- COMMAND [ARG...]]",
	  "show what passes between processes, as text or as a diagram", trace_events },
	{ "lab", FOR_LAB, "[NAME | all]",
	  "guided experiments; lists them", run_lab },
	{ "help", FOR_HELP, "[VERB]", "show this, or more about a verb",
	  show_help },
	{ NULL, 0, NULL, NULL, NULL },
};

/* clang-format on */

static const struct verb *find_verb(const char *name)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}

static int help_for(const struct verb *verb)
{
	printf("usage: msgpass %s [OPTION...] %s\n%s\n\n", verb->name, verb->operands, verb->purpose);
	options_help(verb->bit);
	return DONE;
}

int show_help(const struct options *options)
{
	const struct verb *verb;

	if (options->operand_count) {
		verb = find_verb(options->operands[0]);
		if (!verb)
			return fail_usage(options, "there is no verb '%s'", options->operands[0]);
		return help_for(verb);
	}
	printf("usage: msgpass VERB [OPTION...] [BOX]\n"
	       "Message passing between processes, by pid or by mailbox.\n\n");
	for (verb = verbs; verb->name; verb++)
		printf("  %-8s %s\n", verb->name, verb->purpose);
	printf("\nMore: msgpass help VERB, man msgpass\n");
	return DONE;
}

/* A full disk shows only now, and must not look like success. */
static int flush(int code)
{
	if (fflush(stdout) || ferror(stdout))
		return code ? code : fail(FAILED, "cannot write to standard output: %m");
	return code;
}

/*
 * Where standard input, output or error is closed, the next file opened would
 * take its place, and data would go to the device.
 */
static void fill_closed(void)
{
	int fd;

	do
		fd = open("/", O_PATH);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

int main(int argc, char **argv)
{
	struct options options = { 0 };

	fill_closed();
	/* a write that fails tells more than a death */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		fputs("msgpass: name a verb; see: msgpass help\n", stderr);
		return WRONG_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("msgpass " VERSION);
		return flush(DONE);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		argv[1] = "help";
	options.verb = find_verb(argv[1]);
	if (!options.verb) {
		fprintf(stderr, "msgpass: there is no verb '%s'; see: msgpass help\n", argv[1]);
		return WRONG_USAGE;
	}
	if (!options_parse(&options, argc - 1, argv + 1))
		return WRONG_USAGE;
	if (options.help)
		return flush(help_for(options.verb));
	return flush(options.verb->run(&options));
}
