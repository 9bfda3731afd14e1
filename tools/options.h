/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the command line says.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <msgpass.h>

#include "numbers.h"

/* One bit per verb, to say which options a verb takes. */
enum verb_bit {
	FOR_CREATE = 1 << 0,
	FOR_SEND = 1 << 1,
	FOR_RECV = 1 << 2,
	FOR_LS = 1 << 3,
	FOR_STAT = 1 << 4,
	FOR_SET = 1 << 5,
	FOR_RM = 1 << 6,
	FOR_INFO = 1 << 7,
	FOR_HELP = 1 << 8,
	FOR_CALL = 1 << 9,
	FOR_SERVE = 1 << 10,
	FOR_GIVE = 1 << 11,
	FOR_ACCEPT = 1 << 12,
	FOR_TRACE = 1 << 13,
	FOR_GRAPH = 1 << 14,
	FOR_TOP = 1 << 15,
	FOR_LAB = 1 << 20,
};

struct options;

/**
 * struct verb - one word that the command understands
 * @name: the word
 * @bit: which options it takes
 * @operands: for the help text
 * @purpose: for the help text
 * @run: does it and returns the exit code
 */
struct verb {
	const char *name;
	enum verb_bit bit;
	const char *operands;
	const char *purpose;
	int (*run)(const struct options *options);
};

extern const struct verb verbs[];

/**
 * struct options - what the command line says
 * @verb: which verb it is
 * @operands: what is left when the options are taken out, NULL-terminated
 * @operand_count: how many
 * @pid: --pid; 0 if not given
 * @peer: --peer; 0 if not given
 * @timeout_ns: --timeout; 0 if not given
 * @interval_ns: --interval; 0 if not given
 * @lifetime_ns: --lifetime; 0 if not given
 * @tries: --tries; 0 if not given
 * @count: --count; 0 if not given
 * @parallel: --parallel; 0 if not given
 * @truncate: --truncate, in bytes; NO_TRUNCATE if not given
 * @select: MSGPASS_SELECT_ANY if no --type option is given
 * @type: of the --type option
 * @priority: --priority
 * @sort: --sort; NULL if not given
 * @send_fds: --fd, each of them
 * @settings: --mode, --owner, --group, --capacity, --capacity-bytes,
 *	--message-max, --bound, --broadcast, --lossy
 * @record: --record; NULL if not given
 * @replay: --replay; NULL if not given
 * @svg: --svg; NULL if not given
 * @mermaid: --mermaid; NULL if not given
 * @mailbox: --mailbox; NULL if not given
 * @events: --event, bits by enum event_kind; 0 if not given
 * @all: --all
 * @answer: --answer
 * @any: --any
 * @ascii: --ascii
 * @by_priority: --by-priority
 * @cancel: --cancel
 * @diagram: --diagram
 * @exclusive: --exclusive
 * @fds: --fds
 * @flow: --flow
 * @help: --help
 * @inboxes: --inboxes
 * @batch: --batch
 * @dot: --dot
 * @json: --json
 * @lines: --lines
 * @links: --links
 * @mailboxes: --mailboxes
 * @message: --message
 * @names: --names
 * @no_progress: --no-progress
 * @nonblock: --nonblock
 * @peek: --peek
 * @progress: --progress
 * @quiet: --quiet
 * @real: --real
 * @receipt: --receipt
 * @spin: --spin
 * @synchronous: --synchronous
 * @verbose: --verbose
 */
struct options {
	const struct verb *verb;
	char **operands;
	int operand_count;

	uint64_t pid;
	uint64_t peer;
	uint64_t timeout_ns;
	uint64_t interval_ns;
	uint64_t lifetime_ns;
	uint64_t tries;
	uint64_t count;
	uint64_t parallel;
	uint64_t truncate;
	enum msgpass_select select;
	uint64_t type;
	uint64_t priority;
	const char *sort;
	struct link_ends link;
	struct fd_list send_fds;
	struct msgpass_settings settings;

	const char *record;
	const char *replay;
	const char *svg;
	const char *mermaid;
	const char *mailbox;
	uint64_t events;
	uint64_t buffer;

	bool all;
	bool answer;
	bool any;
	bool ascii;
	bool by_priority;
	bool cancel;
	bool diagram;
	bool exclusive;
	bool fds;
	bool flow;
	bool help;
	bool inboxes;
	bool batch;
	bool dot;
	bool json;
	bool lines;
	bool links;
	bool mailboxes;
	bool message;
	bool names;
	bool no_progress;
	bool nonblock;
	bool peek;
	bool progress;
	bool quiet;
	bool real;
	bool receipt;
	bool spin;
	bool synchronous;
	bool verbose;
};

#define NO_TRUNCATE UINT64_MAX

/* Returns false after having said what is wrong with the command line. */
bool options_parse(struct options *options, int argc, char **argv);

/*
 * Operands that are a mailbox, if no option names whom to talk to, and a
 * command: take the command out. Returns an exit code, said why if not DONE.
 */
int options_take_command(struct options *options, char ***command);

/* Print the options that a verb takes. */
void options_help(enum verb_bit verb);

#endif /* OPTIONS_H */
