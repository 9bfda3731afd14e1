// SPDX-License-Identifier: GPL-2.0
/*
 * A recording: written, and read with suspicion, as it may come from anywhere.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "text.h"
#include "trace_record.h"

#define NS_PER_S UINT64_C(1000000000)

/* The keys that each must have, a # behind those whose value is a number. */
static const struct {
	const char *name;
	const char *keys;
} kinds[EVENT_KINDS] = {
	[EVENT_INBOX_NEW] = { "inbox_new", "port# pid#" },
	[EVENT_INBOX_GONE] = { "inbox_gone", "port# pid#" },
	[EVENT_LINK_NEW] = { "link_new", "port# from# to#" },
	[EVENT_LINK_GONE] = { "link_gone", "port# from# to#" },
	[EVENT_MAILBOX_NEW] = { "mailbox_new", "port# name" },
	[EVENT_MAILBOX_GONE] = { "mailbox_gone", "port#" },
	[EVENT_SUBSCRIBE] = { "subscribe", "port# mailbox# pid#" },
	[EVENT_UNSUBSCRIBE] = { "unsubscribe", "port#" },
	[EVENT_SEND] = { "send", "port# from# length#" },
	[EVENT_QUEUE] = { "queue", "port# sequence# from# length#" },
	[EVENT_FAN_OUT] = { "fan_out", "port# sequence# from# length#" },
	[EVENT_HAND_OFF] = { "hand_off", "port# sequence# from# to#" },
	[EVENT_WAIT] = { "wait", "port# pid# thread# what" },
	[EVENT_WAKE] = { "wake", "port# pid# thread# what" },
	[EVENT_RECEIVE] = { "receive", "port# sequence# from# to#" },
	[EVENT_RESTORE] = { "restore", "port# sequence# to#" },
	[EVENT_CANCEL] = { "cancel", "port# pid# thread# what" },
	[EVENT_DROP] = { "drop", "port# sequence# from# reason" },
	[EVENT_CALL] = { "call", "call# port# from#" },
	[EVENT_TAKE] = { "take", "call# by#" },
	[EVENT_REPLY] = { "reply", "call# from# to#" },
	[EVENT_FORWARD] = { "forward", "call# from# port#" },
	[EVENT_CALL_OVER] = { "call_over", "call#" },
	[EVENT_FAIL] = { "fail", "pid#" },
	[EVENT_LOST] = { "lost", "count#" },
};

const char *event_name(enum event_kind kind)
{
	return kinds[kind].name;
}

static bool find_kind(const char *name, size_t length, enum event_kind *kind)
{
	for (*kind = 0; *kind < EVENT_KINDS; ++*kind)
		if (strlen(kinds[*kind].name) == length && !strncmp(kinds[*kind].name, name, length))
			return true;
	return false;
}

const char *event_text(const struct event *event, const char *key)
{
	for (unsigned int i = 0; i < event->count; i++)
		if (!strcmp(event->fields[i].key, key))
			return event->fields[i].value;
	return NULL;
}

uint64_t event_number(const struct event *event, const char *key)
{
	const char *text = event_text(event, key);

	return text ? strtoull(text, NULL, 10) : 0;
}

void event_begin(FILE *file, uint64_t time, const char *comm, int tid, const char *name)
{
	fprintf(file, "%6" PRIu64 ".%09" PRIu64 " ", time / NS_PER_S, time % NS_PER_S);
	text_print_word(file, *comm ? comm : "-");
	fprintf(file, " %d %s", tid, name);
}

void event_field(FILE *file, const char *key, const char *value)
{
	fprintf(file, " %s=", key);
	text_print_word(file, value);
}

/* --- reading */

static char complaint[160];

static const char *complain(const char *format, const char *what)
{
	/* what was read must not speak to the terminal, nor fill it */
	snprintf(complaint, sizeof(complaint), format, text_shown(what));
	return complaint;
}

/* Cut the next word off; NULL at the end. */
static char *next_word(char **line)
{
	return strtok_r(NULL, " ", line);
}

/* Digits, and no more than fit. */
static bool read_number(const char *text, uint64_t most, uint64_t *value)
{
	char *rest;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &rest, 10);
	return !errno && !*rest && *value <= most;
}

static bool read_time(char *text, uint64_t *time)
{
	char *point = strchr(text, '.');
	uint64_t seconds, fraction;
	bool good;

	if (!point || strlen(point) != 10)
		return false;
	*point = '\0';
	good = read_number(text, UINT64_MAX / NS_PER_S - 1, &seconds) &&
	       read_number(point + 1, NS_PER_S - 1, &fraction);
	*point = '.';
	*time = good ? seconds * NS_PER_S + fraction : 0;
	return good;
}

/* In place: \xNN becomes the byte. */
static bool unescape(char *text)
{
	char *to = text;

	while (*text) {
		unsigned int byte;

		if (*text != '\\') {
			*to++ = *text++;
			continue;
		}
		if (text[1] != 'x' || !isxdigit((unsigned char)text[2]) ||
		    !isxdigit((unsigned char)text[3]) || sscanf(text + 2, "%2x", &byte) != 1 ||
		    !byte)
			return false;
		*to++ = byte;
		text += 4;
	}
	*to = '\0';
	return true;
}

static const char *read_field(struct event *event, char *word)
{
	char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return complain("'%s' is no KEY=VALUE", word);
	*equals = '\0';
	if (event_text(event, word))
		return complain("it has '%s' twice", word);
	if (event->count == EVENT_FIELDS_MAX)
		return "it has too many fields";
	if (!unescape(equals + 1))
		return complain("a backslash in '%s' is not followed by x and two digits", word);
	event->fields[event->count].key = word;
	event->fields[event->count++].value = equals + 1;
	return NULL;
}

/* What the table asks for is there, so that nobody need look again. */
static const char *check_fields(const struct event *event)
{
	char keys[64], *rest = keys;
	const char *key;

	snprintf(keys, sizeof(keys), "%s", kinds[event->kind].keys);
	while ((key = strsep(&rest, " "))) {
		char *hash = strchr(key, '#');
		const char *value;
		uint64_t number;

		if (hash)
			*hash = '\0';
		value = event_text(event, key);
		if (!value)
			return complain("it lacks '%s='", key);
		if (hash && !read_number(value, UINT64_MAX, &number))
			return complain("'%s=' takes a number", key);
	}
	return NULL;
}

static const char *read_head(struct event *event, char **line)
{
	char *time = next_word(line), *comm = next_word(line);
	char *tid = next_word(line), *name = next_word(line);
	uint64_t number;

	if (!name)
		return "a line is TIME COMM TID EVENT KEY=VALUE...";
	if (!read_time(time, &event->time))
		return complain("'%s' is no time in seconds with nine decimals", time);
	if (!unescape(comm))
		return "a backslash in the name is not followed by x and two digits";
	if (!read_number(tid, INT_MAX, &number))
		return complain("'%s' is no thread id", tid);
	if (!find_kind(name, strlen(name), &event->kind))
		return complain("there is no event '%s'", name);
	event->comm = comm;
	event->tid = number;
	return NULL;
}

const char *event_parse(struct event *event, const char *line)
{
	const char *wrong;
	char *rest, *word;

	*event = (struct event){ .storage = strdup(line) };
	if (!event->storage)
		return "out of memory";
	rest = event->storage;
	wrong = read_head(event, &rest);
	while (!wrong && (word = next_word(&rest)))
		wrong = read_field(event, word);
	if (!wrong)
		wrong = check_fields(event);
	if (wrong)
		event_free(event);
	return wrong;
}

void event_free(struct event *event)
{
	free(event->storage);
	event->storage = NULL;
}

const char *parse_events(const char *text, void *field)
{
	uint64_t *bits = field;

	for (;;) {
		size_t length = strcspn(text, ",");
		enum event_kind kind;

		if (!find_kind(text, length, &kind))
			return "names of events, such as queue,receive (see: man msgpass)";
		*bits |= 1ULL << kind;
		text += length;
		if (!*text++)
			return NULL;
	}
}

int recording_add(struct recording *recording, struct event *event)
{
	if (recording->count == recording->room) {
		size_t room = recording->room ? recording->room * 2 : 256;
		struct event *larger =
			reallocarray(recording->events, room, sizeof(*recording->events));

		if (!larger) {
			event_free(event);
			return fail(FAILED,
				    "there is not enough memory for so many events; record less, with --event, --pid or --mailbox");
		}
		recording->events = larger;
		recording->room = room;
	}
	recording->events[recording->count++] = *event;
	return DONE;
}

void recording_free(struct recording *recording)
{
	for (size_t i = 0; i < recording->count; i++)
		event_free(&recording->events[i]);
	free(recording->events);
	*recording = (struct recording){ 0 };
}

/* --- files */

static int read_line(const char *path, unsigned long number, const char *line,
		     int (*take)(void *context, struct event *event), void *context)
{
	struct event event;
	const char *wrong;

	if (number == 1 && strcmp(line, RECORDING_HEADER))
		return fail(FAILED, "'%s' is no recording: it does not begin with '%s'",
			    text_shown(path), RECORDING_HEADER);
	if (*line == '#' || !*line)
		return DONE;
	wrong = event_parse(&event, line);
	if (wrong)
		return fail(FAILED, "%s:%lu: %s; mend or delete that line", path, number, wrong);
	return take(context, &event);
}

static int read_lines(FILE *file, const char *path, int (*take)(void *context, struct event *event),
		      void *context)
{
	unsigned long number = 0;
	size_t size = 0;
	char *line = NULL;
	ssize_t length;
	int ret = DONE;

	while (!ret && (length = getline(&line, &size, file)) > 0) {
		number++;
		if (line[length - 1] == '\n')
			line[--length] = '\0';
		if (strlen(line) != (size_t)length)
			ret = fail(FAILED,
				   "%s:%lu: there is a zero byte in it; mend or delete that line",
				   path, number);
		else
			ret = read_line(path, number, line, take, context);
	}
	if (!ret && ferror(file))
		ret = fail(FAILED, "cannot read '%s': %m", text_shown(path));
	else if (!ret && !number)
		ret = fail(FAILED, "'%s' is no recording: it is empty", text_shown(path));
	free(line);
	return ret;
}

int recording_read(const char *path, int (*take)(void *context, struct event *event), void *context)
{
	bool input = !strcmp(path, "-");
	FILE *file = input ? stdin : fopen(path, "re");
	int ret;

	if (!file)
		return fail(exit_code_of(-errno), "cannot open '%s': %m", text_shown(path));
	ret = read_lines(file, path, take, context);
	if (!input)
		fclose(file);
	return ret;
}
