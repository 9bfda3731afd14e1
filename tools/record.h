/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A record: named values, printed as lines for people or as a JSON object.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/**
 * struct record - a record being printed
 * @file: where to
 * @json: as a JSON object, on one line
 * @comma: a value has been printed
 */
struct record {
	FILE *file;
	bool json;
	bool comma;
};

void record_begin(struct record *record, FILE *file, bool json);
void record_end(struct record *record);
void record_text(struct record *record, const char *key, const char *value);
void record_number(struct record *record, const char *key, uint64_t value);
void record_bool(struct record *record, const char *key, bool value);
void record_mode(struct record *record, const char *key, mode_t mode);
/* MSGPASS_NO_LIMIT is "unlimited", in JSON null. */
void record_limit(struct record *record, const char *key, uint64_t value);
/* The number, and the name under another key; in JSON null if it has none. */
void record_user(struct record *record, uid_t uid);
void record_group(struct record *record, gid_t gid);

#endif /* RECORD_H */
