/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arguments of options: numbers, sizes, times, users.
 *
 * Each parser returns NULL and fills the field, else what it expected.
 */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <msgpass.h>

/**
 * struct fd_list - file descriptors to send
 * @numbers: they are open
 * @count: how many
 */
struct fd_list {
	int numbers[MSGPASS_FDS_MAX];
	unsigned int count;
};

/**
 * struct link_ends - the processes of a link, each by its pid or peer id
 * @from: the one that sends; 0: no link is named
 * @to: the one that receives
 */
struct link_ends {
	uint64_t from;
	uint64_t to;
};

/* fields of uint64_t */
const char *parse_u32(const char *text, void *field);
const char *parse_count(const char *text, void *field);
const char *parse_pid(const char *text, void *field);
const char *parse_size(const char *text, void *field);
const char *parse_limit(const char *text, void *field);
/* in nanoseconds; never 0, which would mean no limit */
const char *parse_seconds(const char *text, void *field);

/* fields of mode_t, uid_t and gid_t */
const char *parse_mode(const char *text, void *field);
const char *parse_user(const char *text, void *field);
const char *parse_group(const char *text, void *field);

/* a field of struct link_ends */
const char *parse_link(const char *text, void *field);

/* a field of struct fd_list, to which it is added */
const char *parse_fd(const char *text, void *field);

#endif /* NUMBERS_H */
