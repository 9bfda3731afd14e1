/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * What the files of the library share. Only they see the kernel's header; its
 * structs and the library's have different names, so that both fit in here.
 */
#ifndef MSGPASS_INTERNAL_H
#define MSGPASS_INTERNAL_H

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/msgpass.h>

#include "msgpass.h"

#define PUBLIC __attribute__((visibility("default")))

static inline int device_ioctl(int fd, unsigned long request, void *argument)
{
	int ret = ioctl(fd, request, argument);

	return ret < 0 ? -errno : ret;
}

static inline __u64 to_user_pointer(const void *pointer)
{
	return (uintptr_t)pointer;
}

static inline bool all_zero(const uint64_t *numbers, size_t count)
{
	uint64_t bits = 0;

	while (count--)
		bits |= numbers[count];
	return !bits;
}

#define is_zero(reserved)                                                      \
	all_zero(reserved, sizeof(reserved) / sizeof((reserved)[0]))

static inline size_t size_of_parts(const struct iovec *iov, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += iov[i].iov_len;
	return size;
}

/* How much of a buffer a message fills that may have been truncated. */
static inline size_t filled(__u64 length, size_t size)
{
	return length < size ? length : size;
}

/* address.c */
int address_of(pid_t pid, uint64_t peer, __u64 *address, __u32 *flags);
int deadline_of(uint64_t timeout_ns, uint64_t deadline_ns, __u64 *deadline);

/* send.c */
int apply_send_options(const struct msgpass_send_options *options,
		       struct msgpass_send *argument);

/* receive.c */
int apply_receive_options(const struct msgpass_receive_options *options,
			  struct msgpass_receive *argument);
void fill_message_info(struct msgpass_message_info *info,
		       const struct msgpass_receive *argument);

/* counters.c */
void fill_counters(struct msgpass_counters *counters,
		   const struct msgpass_tally *tally);

/* mailbox.c */
int copy_name(char to[MSGPASS_NAME_SIZE], const char *name);

/* settings.c */
int settings_to_attributes(const struct msgpass_settings *settings,
			   struct msgpass_attributes *attributes);
/* Whether they hold what only a new mailbox can be given. */
bool is_for_opening(const struct msgpass_settings *settings);
void settings_from_attributes(struct msgpass_settings *settings,
			      const struct msgpass_attributes *attributes);

#endif /* MSGPASS_INTERNAL_H */
