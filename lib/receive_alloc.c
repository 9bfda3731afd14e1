// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Receiving a message of any length: try with a page, then with what the
 * refusal said is needed.
 */
#include <stdlib.h>

#include "internal.h"

#define FIRST_SIZE 4096

/*
 * Another receiver may take the message between two tries, and the next one be
 * longer still: hence a loop.
 */
static ssize_t receive_growing(int fd, char **buffer,
			       const struct msgpass_receive_options *options,
			       struct msgpass_message_info *info)
{
	uint32_t room_for_fds = options->fds_room;
	size_t size = FIRST_SIZE;

	for (;;) {
		ssize_t length =
			msgpass_receive_with(fd, *buffer, size, options, info);
		char *larger;

		/* if it is the file descriptors, more memory is no help */
		if (length != -EMSGSIZE || info->fds_count > room_for_fds)
			return length;
		if (info->length >= SIZE_MAX)
			return -ENOMEM;
		size = info->length;
		larger = realloc(*buffer, size + 1);
		if (!larger)
			return -ENOMEM;
		*buffer = larger;
	}
}

PUBLIC ssize_t msgpass_receive_alloc(int fd, char **message,
				     const struct msgpass_receive_options *options,
				     struct msgpass_message_info *info)
{
	struct msgpass_receive_options once =
		options ? *options : (struct msgpass_receive_options){ 0 };
	struct msgpass_message_info unwanted;
	char *buffer, *exact;
	ssize_t length;

	if (once.truncate || (once.timeout_ns && once.deadline_ns))
		return -EINVAL;
	/* the second try does not wait anew */
	if (once.timeout_ns) {
		once.deadline_ns = msgpass_deadline(once.timeout_ns);
		once.timeout_ns = 0;
	}
	buffer = malloc(FIRST_SIZE + 1);
	if (!buffer)
		return -ENOMEM;
	length = receive_growing(fd, &buffer, &once, info ? info : &unwanted);
	if (length < 0) {
		free(buffer);
		return length;
	}
	buffer[length] = '\0';
	exact = realloc(buffer, length + 1);
	*message = exact ? exact : buffer;
	return length;
}
