// SPDX-License-Identifier: GPL-2.0
/*
 * A record: named values, printed as lines for people or as a JSON object.
 */
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>

#include <msgpass.h>

#include "record.h"
#include "text.h"

void record_begin(struct record *record, FILE *file, bool json)
{
	*record = (struct record){ .file = file, .json = json };
	if (json)
		fputc('{', file);
}

void record_end(struct record *record)
{
	if (record->json)
		fputc('}', record->file);
}

static void print_key(struct record *record, const char *key)
{
	if (!record->json) {
		fprintf(record->file, "%-18s ", key);
		return;
	}
	if (record->comma)
		fputs(", ", record->file);
	record->comma = true;
	fprintf(record->file, "\"%s\": ", key);
}

static void end_value(struct record *record)
{
	if (!record->json)
		fputc('\n', record->file);
}

void record_text(struct record *record, const char *key, const char *value)
{
	print_key(record, key);
	if (record->json && !value)
		fputs("null", record->file);
	else if (record->json)
		text_print_json(record->file, value);
	else
		text_print(record->file, value ? value : "-");
	end_value(record);
}

void record_number(struct record *record, const char *key, uint64_t value)
{
	print_key(record, key);
	fprintf(record->file, "%" PRIu64, value);
	end_value(record);
}

void record_bool(struct record *record, const char *key, bool value)
{
	print_key(record, key);
	if (record->json)
		fputs(value ? "true" : "false", record->file);
	else
		fputs(value ? "yes" : "no", record->file);
	end_value(record);
}

void record_mode(struct record *record, const char *key, mode_t mode)
{
	char text[8];

	snprintf(text, sizeof(text), "%04o", mode & 07777);
	record_text(record, key, text);
}

void record_limit(struct record *record, const char *key, uint64_t value)
{
	if (value != MSGPASS_NO_LIMIT)
		record_number(record, key, value);
	else
		record_text(record, key, record->json ? NULL : "unlimited");
}

void record_user(struct record *record, uid_t uid)
{
	struct passwd *user = getpwuid(uid);

	record_number(record, "uid", uid);
	record_text(record, "owner", user ? user->pw_name : NULL);
}

void record_group(struct record *record, gid_t gid)
{
	struct group *group = getgrgid(gid);

	record_number(record, "gid", gid);
	record_text(record, "group", group ? group->gr_name : NULL);
}
