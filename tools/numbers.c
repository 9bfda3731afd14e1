// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments of options: numbers, sizes, times, users.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "numbers.h"

/* Decimal, or hexadecimal after 0x. What follows the number is left. */
static bool number(const char *text, uint64_t *value, char **rest)
{
	int base = strncmp(text, "0x", 2) ? 10 : 16;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, rest, base);
	return !errno;
}

static bool in_range(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	char *rest;

	return number(text, value, &rest) && !*rest && *value >= least && *value <= most;
}

const char *parse_u32(const char *text, void *field)
{
	return in_range(text, 0, UINT32_MAX, field) ? NULL : "a number from 0 to 4294967295";
}

const char *parse_count(const char *text, void *field)
{
	return in_range(text, 1, UINT64_MAX, field) ? NULL : "a number from 1";
}

const char *parse_pid(const char *text, void *field)
{
	return in_range(text, 1, INT_MAX, field) ? NULL : "a process id";
}

const char *parse_link(const char *text, void *field)
{
	struct link_ends *ends = field;
	char *rest;

	if (number(text, &ends->from, &rest) && ends->from && *rest == ':' &&
	    in_range(rest + 1, 1, UINT64_MAX, &ends->to))
		return NULL;
	return "who sends and who receives, as FROM:TO, two pids or peer ids";
}

const char *parse_size(const char *text, void *field)
{
	static const char expected[] = "a number of bytes, or of K, M or G of them";
	static const char suffixes[] = "KMG";
	uint64_t *value = field;
	char *rest;

	if (!number(text, value, &rest))
		return expected;
	if (*rest) {
		const char *suffix = strchr(suffixes, *rest);
		int shift = suffix ? (suffix - suffixes + 1) * 10 : 0;

		if (!suffix || rest[1] || *value > UINT64_MAX >> (shift + 1))
			return expected;
		*value <<= shift;
	}
	return NULL;
}

const char *parse_limit(const char *text, void *field)
{
	if (!strcmp(text, "unlimited")) {
		*(uint64_t *)field = MSGPASS_NO_LIMIT;
		return NULL;
	}
	return parse_size(text, field) ? "a number, with K, M or G if you like, or unlimited" : NULL;
}

/* As sleep(1) has them; 0 for what is none. */
static double seconds_of_unit(char unit)
{
	switch (unit) {
	case '\0':
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

const char *parse_seconds(const char *text, void *field)
{
	static const char expected[] = "a number of seconds, such as 0.5, or of m, h or d";
	uint64_t *nanoseconds = field;
	double seconds, unit;
	char *rest;

	if (!isdigit((unsigned char)*text) && *text != '.')
		return expected;
	seconds = strtod(text, &rest);
	if (rest == text || (*rest && rest[1]))
		return expected;
	unit = seconds_of_unit(*rest);
	seconds *= unit;
	if (!unit || !(seconds < 9e9))
		return expected;
	*nanoseconds = seconds * 1e9;
	if (!*nanoseconds)
		*nanoseconds = 1;
	return NULL;
}

const char *parse_mode(const char *text, void *field)
{
	char *rest;
	unsigned long mode = strtoul(text, &rest, 8);

	if (!isdigit((unsigned char)*text) || *rest || mode > 0777)
		return "three octal digits, such as 0620";
	*(mode_t *)field = mode;
	return NULL;
}

/* The highest id stands for none. */
static bool numeric_id(const char *text, uint64_t *id)
{
	return in_range(text, 0, UINT32_MAX - 1, id);
}

const char *parse_user(const char *text, void *field)
{
	struct passwd *user = getpwnam(text);
	uint64_t id;

	if (!user && !numeric_id(text, &id))
		return "a user's name or number";
	*(uid_t *)field = user ? user->pw_uid : id;
	return NULL;
}

const char *parse_group(const char *text, void *field)
{
	struct group *group = getgrnam(text);
	uint64_t id;

	if (!group && !numeric_id(text, &id))
		return "a group's name or number";
	*(gid_t *)field = group ? group->gr_gid : id;
	return NULL;
}

/* Checked now: later the number may be that of a file the command opened. */
const char *parse_fd(const char *text, void *field)
{
	struct fd_list *list = field;
	uint64_t number;

	if (!in_range(text, 0, INT_MAX, &number) || fcntl((int)number, F_GETFD) < 0)
		return "the number of an open file descriptor";
	if (list->count == MSGPASS_FDS_MAX)
		return "16 file descriptors at most";
	list->numbers[list->count++] = number;
	return NULL;
}
