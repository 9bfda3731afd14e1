// SPDX-License-Identifier: GPL-2.0
/* The ioctl that reads on in a message of which the head was received. */
#include <linux/uaccess.h>

#include "ioctl.h"
#include "mailbox_file.h"
#include "transfer.h"

static int read_piece(struct xarray *readings, struct msgpass_reading *reading,
		      struct msgpass_piece_read *read, struct iov_iter *to,
		      void __user *user)
{
	const size_t out = offsetof(struct msgpass_piece_read, out_count);
	ssize_t count = msgpass_reading_take(reading, to);
	int error;

	if (count < 0)
		return count;
	read->out_count = count;
	read->out_remaining = msgpass_message_length(reading->message) -
			      reading->offset - count;
	error = msgpass_copy_out(user, read, read->size, out, sizeof(*read));
	if (error)
		msgpass_reading_restore(reading);
	else
		msgpass_reading_settle(readings, reading, count);
	return error;
}

static int read_on(struct xarray *readings, struct msgpass_reading *reading,
		   struct msgpass_piece_read *read, void __user *user)
{
	struct msgpass_data data __uninitialized;
	int error;

	error = msgpass_data_import(&data, ITER_DEST, read->data, read->length,
				    read->flags & MSGPASS_IOVEC);
	if (error)
		return error;
	error = read_piece(readings, reading, read, &data.iter, user);
	msgpass_data_release(&data);
	return error;
}

long msgpass_ioctl_piece_read(struct file *file,
			      union msgpass_argument *argument,
			      void __user *user)
{
	struct msgpass_piece_read *read = &argument->piece_read;
	struct msgpass_reading *reading;
	struct msgpass_inbox *reader;
	int error;

	if (read->flags & ~(MSGPASS_IOVEC | MSGPASS_CANCEL))
		return -EINVAL;
	reader = msgpass_file_caller(file);
	if (IS_ERR(reader))
		return PTR_ERR(reader);
	reading = msgpass_reading_find(&reader->readings, read->token);
	if (!reading)
		return -ESRCH;

	if (read->flags & MSGPASS_CANCEL)
		error = 0;
	else
		error = read_on(&reader->readings, reading, read, user);
	/* No more of it is wanted, or to be had. */
	if (read->flags & MSGPASS_CANCEL || error == -EPIPE)
		msgpass_reading_abandon(&reader->readings, reading);
	msgpass_reading_put(reading);
	return error;
}
