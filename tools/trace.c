// SPDX-License-Identifier: GPL-2.0
/*
 * trace: what passes between processes as it happens, from the module or from
 * a recording; as text, as a recording, as a diagram.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "diagram.h"
#include "fail.h"
#include "text.h"
#include "trace.h"
#include "trace_record.h"
#include "verbs.h"

/**
 * struct ports - where messages queue
 * @list: numbers of them
 * @count: how many
 */
struct ports {
	uint64_t *list;
	size_t count;
};

/**
 * struct tracing - where events go
 * @options: what the command line says
 * @text: print them
 * @record: write them here, or NULL
 * @keep: for the diagrams
 * @kept: those that are kept
 * @lost: how many came faster than they were read
 * @of_mailbox: ports of the --mailbox
 * @of_pid: ports of the --pid
 */
struct tracing {
	const struct options *options;
	bool text;
	FILE *record;
	bool keep;
	struct recording kept;
	uint64_t lost;
	struct ports of_mailbox;
	struct ports of_pid;
};

/* --- which events */

static bool has_port(const struct ports *ports, uint64_t port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->list[i] == port)
			return true;
	return false;
}

static void learn_port(struct ports *ports, uint64_t port)
{
	uint64_t *larger = reallocarray(ports->list, ports->count + 1, sizeof(*larger));

	if (!larger)
		exit(fail(FAILED, "there is not enough memory"));
	ports->list = larger;
	ports->list[ports->count++] = port;
}

/* It acts or is named, or it is about its inbox or what it subscribes to. */
static bool is_of_pid(struct tracing *tracing, const struct event *event)
{
	static const char *const keys[] = { "pid", "from", "to", "by" };
	uint64_t port = event_number(event, "port");
	bool own = event_number(event, "pid") == tracing->options->pid;

	if (own && (event->kind == EVENT_INBOX_NEW || event->kind == EVENT_SUBSCRIBE))
		learn_port(&tracing->of_pid, port);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (event_number(event, keys[i]) == tracing->options->pid)
			return true;
	return has_port(&tracing->of_pid, port);
}

/* A mailbox is one name and several ports: its own, and those who subscribe. */
static bool is_of_mailbox(struct tracing *tracing, const struct event *event)
{
	struct ports *ports = &tracing->of_mailbox;
	uint64_t port = event_number(event, "port");

	if ((event->kind == EVENT_MAILBOX_NEW &&
	     !strcmp(event_text(event, "name"), tracing->options->mailbox)) ||
	    (event->kind == EVENT_SUBSCRIBE && has_port(ports, event_number(event, "mailbox"))))
		learn_port(ports, port);
	return has_port(ports, port);
}

/* What only says who or what a number is, the rest can't do without. */
static bool is_naming(const struct event *event)
{
	return event->kind == EVENT_INBOX_NEW || event->kind == EVENT_MAILBOX_NEW ||
	       event->kind == EVENT_LOST;
}

static bool is_wanted(struct tracing *tracing, const struct event *event)
{
	const struct options *options = tracing->options;
	/* they learn from what is not wanted, too */
	bool of_mailbox = !options->mailbox || is_of_mailbox(tracing, event);
	bool of_pid = !options->pid || is_of_pid(tracing, event);

	if (options->events && !(options->events & 1ULL << event->kind) && event->kind != EVENT_LOST)
		return false;
	return is_naming(event) || (of_mailbox && of_pid);
}

/* --- where they go */

static void write_event(FILE *file, const struct event *event)
{
	event_begin(file, event->time, event->comm, event->tid, event_name(event->kind));
	for (unsigned int i = 0; i < event->count; i++)
		event_field(file, event->fields[i].key, event->fields[i].value);
	fputc('\n', file);
	fflush(file);
}

static int take_event(void *context, struct event *event)
{
	struct tracing *tracing = context;

	if (event->kind == EVENT_LOST)
		tracing->lost += event_number(event, "count");
	if (!is_wanted(tracing, event)) {
		event_free(event);
		return DONE;
	}
	if (tracing->text)
		write_event(stdout, event);
	if (tracing->record)
		write_event(tracing->record, event);
	if ((tracing->text && ferror(stdout)) || (tracing->record && ferror(tracing->record))) {
		event_free(event);
		return fail(FAILED, "cannot write the events: %m");
	}
	if (tracing->keep)
		return recording_add(&tracing->kept, event);
	event_free(event);
	return DONE;
}

/* Its first line says that from now on nothing is missed. */
static int begin(void *context)
{
	struct tracing *tracing = context;

	if (tracing->text) {
		puts(RECORDING_HEADER);
		fflush(stdout);
	}
	if (tracing->record) {
		fprintf(tracing->record, "%s\n", RECORDING_HEADER);
		fflush(tracing->record);
	}
	return DONE;
}

/* --- diagrams */

static unsigned int columns_of_terminal(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;

	if (text && atoi(text) > 0 && atoi(text) <= 10000)
		return atoi(text);
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return 80;
}

static FILE *open_output(const char *path)
{
	return strcmp(path, "-") ? fopen(path, "we") : stdout;
}

static int close_output(FILE *file, const char *path)
{
	bool bad = fflush(file) || ferror(file);

	if ((file != stdout && fclose(file)) || bad)
		return fail(FAILED, "cannot write to '%s': %m", text_shown(path));
	return DONE;
}

static int write_diagram(const struct diagram *diagram, const char *path,
			 void (*write)(const struct diagram *diagram, FILE *file))
{
	FILE *file;

	if (!path)
		return DONE;
	file = open_output(path);
	if (!file)
		return fail(exit_code_of(-errno), "cannot write to '%s': %m", text_shown(path));
	write(diagram, file);
	return close_output(file, path);
}

/* Of its thread, and not about a place that comes to be on the way. */
static const struct event *next_deed(const struct recording *recording, size_t index)
{
	int tid = recording->events[index].tid;

	while (++index < recording->count) {
		const struct event *event = &recording->events[index];

		if (event->tid == tid && event->kind != EVENT_INBOX_NEW &&
		    event->kind != EVENT_LINK_NEW)
			return event;
	}
	return NULL;
}

/* That nothing is there yet is no failure of who then waits for it. */
static bool is_look_before_wait(const struct recording *recording, size_t index)
{
	const struct event *event = &recording->events[index], *next;
	const char *error = event_text(event, "error");

	if (event->kind != EVENT_FAIL || !error || abs(atoi(error)) != EAGAIN)
		return false;
	next = next_deed(recording, index);
	return next && next->kind == EVENT_WAIT && !strcmp(event_text(next, "what"), "message");
}

static int draw(const struct tracing *tracing)
{
	const struct options *options = tracing->options;
	struct diagram diagram = { 0 };
	int ret;

	for (size_t i = 0; i < tracing->kept.count; i++)
		if (!is_look_before_wait(&tracing->kept, i))
			diagram_add(&diagram, &tracing->kept.events[i]);
	diagram_finish(&diagram);
	if (options->diagram)
		diagram_write_text(&diagram, stdout, columns_of_terminal(), options->ascii);
	ret = write_diagram(&diagram, options->svg, diagram_write_svg);
	if (!ret)
		ret = write_diagram(&diagram, options->mermaid, diagram_write_mermaid);
	diagram_free(&diagram);
	return ret;
}

/* --- the verb */

static int check_options(const struct options *options)
{
	if (options->replay && options->operand_count)
		return fail_usage(options, "a --replay runs no command");
	if (options->replay && options->record && !strcmp(options->replay, options->record))
		return fail_usage(options, "--replay and --record are the same file");
	if (options->replay && options->buffer)
		return fail_usage(options, "--buffer is for what happens now, not for a --replay");
	if (options->ascii && !options->diagram)
		return fail_usage(options, "--ascii is for --diagram");
	return DONE;
}

static void tell_lost(const struct tracing *tracing)
{
	if (tracing->lost)
		fail(DONE,
		     "%" PRIu64
		     " events were lost, as they came faster than they were read; give them more room with --buffer, or ask for fewer with --event",
		     tracing->lost);
}

static int run(struct tracing *tracing)
{
	const struct options *options = tracing->options;
	struct trace trace = {
		.events = options->events,
		.buffer = options->buffer,
		.command = options->operand_count ? options->operands : NULL,
		.begin = begin,
		.take = take_event,
		.context = tracing,
	};

	if (!options->replay) {
		int ret = trace_live(&trace);

		tell_lost(tracing);
		return ret;
	}
	begin(tracing);
	return recording_read(options->replay, take_event, tracing);
}

/* What was recorded is drawn even if the command that did it failed. */
static int run_and_draw(struct tracing *tracing)
{
	int ret = run(tracing), drawn = DONE;

	if (tracing->keep && (!ret || !tracing->options->replay))
		drawn = draw(tracing);
	if (tracing->record && close_output(tracing->record, tracing->options->record))
		drawn = FAILED;
	return ret ? ret : drawn;
}

int trace_events(const struct options *options)
{
	struct tracing tracing = { .options = options };
	int ret = check_options(options);

	if (ret)
		return ret;
	tracing.keep = options->diagram || options->svg || options->mermaid;
	tracing.text = !tracing.keep && !options->record;
	if (options->record) {
		tracing.record = open_output(options->record);
		if (!tracing.record)
			return fail(exit_code_of(-errno), "cannot write to '%s': %m",
				    text_shown(options->record));
	}
	ret = run_and_draw(&tracing);
	recording_free(&tracing.kept);
	free(tracing.of_mailbox.list);
	free(tracing.of_pid.list);
	return ret;
}
