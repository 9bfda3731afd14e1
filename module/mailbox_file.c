// SPDX-License-Identifier: GPL-2.0
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "ioctl.h"
#include "mailbox_file.h"
#include "receipt.h"
#include "trace.h"
#include "transfer.h"

struct open_mailbox {
	struct msgpass_callers callers;	/* first: see msgpass_file_caller() */
	struct msgpass_right *right;	/* reference held, or NULL; const */
};

static struct msgpass_right *right_of(const struct file *file)
{
	const struct open_mailbox *open = file->private_data;

	return open->right;
}

static void open_mailbox_free(struct open_mailbox *open)
{
	if (open->right)
		msgpass_right_put(open->right);
	msgpass_callers_put(&open->callers);
	kfree(open);
}

static int mailbox_release(struct inode *inode, struct file *file)
{
	open_mailbox_free(file->private_data);
	return 0;
}

static __poll_t mailbox_poll(struct file *file, poll_table *table)
{
	struct msgpass_right *right = right_of(file);
	struct msgpass_mailbox *mailbox = right->mailbox;
	const __poll_t in = EPOLLIN | EPOLLRDNORM;
	const __poll_t out = EPOLLOUT | EPOLLWRNORM;
	__poll_t events;

	events = msgpass_port_poll(&mailbox->port, &mailbox->queue, file,
				   table);
	/* What a broadcast sends on stands elsewhere. */
	if (right->subscription)
		events |= msgpass_port_poll(msgpass_right_port(right), NULL,
					    file, table) & ~out;
	if (!(right->mode & FMODE_READ))
		events &= ~in;
	if (!(right->mode & FMODE_WRITE))
		events &= ~out;
	return events;
}

static int mailbox_fasync(int fd, struct file *file, int on)
{
	struct msgpass_right *right = right_of(file);
	struct fasync_struct **readers =
		&msgpass_right_port(right)->async_readers;
	struct fasync_struct **writers = &right->mailbox->port.async_writers;
	int result = 0;

	if (right->mode & FMODE_READ)
		result = fasync_helper(fd, file, on, readers);
	if (result >= 0 && right->mode & FMODE_WRITE) {
		result = fasync_helper(fd, file, on, writers);
		/* Leave nothing behind: release calls only if FASYNC is set. */
		if (result < 0 && right->mode & FMODE_READ)
			fasync_helper(-1, file, 0, readers);
	}
	return result;
}

static ssize_t read_message(struct kiocb *iocb, struct iov_iter *to)
{
	struct msgpass_right *right = right_of(iocb->ki_filp);
	struct msgpass_port *port = msgpass_right_port(right);
	/*
	 * It has no place for fds: they are closed with the message. Of a flow
	 * it could not tell where it ends: -EMSGSIZE.
	 */
	struct msgpass_selection selection = {
		.room = iov_iter_count(to),
		.no_flow = true,
		.fds_room = MSGPASS_FDS_MAX,
	};
	struct msgpass_wait wait = {
		.nonblock = iocb->ki_filp->f_flags & O_NONBLOCK ||
			    iocb->ki_flags & IOCB_NOWAIT,
	};
	struct msgpass_open_call *call;
	struct msgpass_message *message;
	ssize_t result;

	spin_lock(&port->lock);
	result = msgpass_port_receive(port, &selection, &wait, &message);
	if (result == -EMSGSIZE)
		msgpass_message_put(message);
	if (result)
		return result;
	result = msgpass_receipt_prepare(message) ?:
		 msgpass_message_copy_out(message, to);
	if (result) {
		msgpass_port_restore(port, message, result);
		return result;
	}
	result = message->length;
	/* Of a call it could not tell the token: nobody will reply. */
	msgpass_message_ref(message);
	msgpass_port_settle(port, message);
	call = msgpass_call_of(message);
	if (call)
		msgpass_call_refuse(call, message);
	msgpass_message_put(message);
	return result;
}

static ssize_t mailbox_read(struct kiocb *iocb, struct iov_iter *to)
{
	ssize_t result = read_message(iocb, to);

	trace_fail(MSGPASS_TRACE_READ, result);
	return result;
}

/*
 * With the credentials that the file was opened with: whoever writes to a
 * descriptor it was handed lends nothing of its own.
 */
static ssize_t write_message(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	struct msgpass_right *right = right_of(file);
	struct msgpass_target target = {
		.mailbox = right->mailbox,
		.port = &right->mailbox->port,
	};
	struct msgpass_draft draft = {
		.data = from,
		.cred = file->f_cred,
	};
	struct msgpass_wait wait = {
		.nonblock = file->f_flags & O_NONBLOCK ||
			    iocb->ki_flags & IOCB_NOWAIT,
	};
	ssize_t length = iov_iter_count(from);

	draft.sender = msgpass_file_caller(file);
	if (IS_ERR(draft.sender))
		return PTR_ERR(draft.sender);
	draft.payer = msgpass_inbox_payer(draft.sender);
	return msgpass_transfer_send(&target, &draft, &wait) ?: length;
}

static ssize_t mailbox_write(struct kiocb *iocb, struct iov_iter *from)
{
	ssize_t result = write_message(iocb, from);

	trace_fail(MSGPASS_TRACE_WRITE, result);
	return result;
}

static const struct file_operations mailbox_fops = {
	.owner = THIS_MODULE,
	.release = mailbox_release,
	.read_iter = mailbox_read,
	.write_iter = mailbox_write,
	.unlocked_ioctl = msgpass_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = mailbox_poll,
	.fasync = mailbox_fasync,
};

static struct open_mailbox *open_mailbox_new(void)
{
	struct open_mailbox *open = kzalloc(sizeof(*open), GFP_KERNEL_ACCOUNT);
	int error;

	if (!open)
		return ERR_PTR(-ENOMEM);
	error = msgpass_callers_init(&open->callers);
	if (!error)
		return open;
	kfree(open);
	return ERR_PTR(error);
}

struct file *msgpass_mailbox_file_alloc(fmode_t mode, unsigned int flags)
{
	struct open_mailbox *open = open_mailbox_new();
	int access = O_WRONLY;
	struct file *file;

	if (IS_ERR(open))
		return ERR_CAST(open);
	if (mode & FMODE_READ)
		access = mode & FMODE_WRITE ? O_RDWR : O_RDONLY;
	file = anon_inode_getfile("[msgpass]", &mailbox_fops, open,
				  access | flags);
	if (IS_ERR(file))
		open_mailbox_free(open);
	return file;
}

void msgpass_mailbox_file_set(struct file *file, struct msgpass_right *right)
{
	struct open_mailbox *open = file->private_data;

	open->right = right;
}

struct file *msgpass_mailbox_file_new(struct msgpass_right *right,
				      unsigned int flags)
{
	struct file *file = msgpass_mailbox_file_alloc(right->mode, flags);

	if (IS_ERR(file))
		return file;
	refcount_inc(&right->refs);
	msgpass_mailbox_file_set(file, right);
	return file;
}

struct msgpass_right *msgpass_file_right(const struct file *file)
{
	return file->f_op == &mailbox_fops ? right_of(file) : NULL;
}

struct msgpass_inbox *msgpass_file_caller(const struct file *file)
{
	/* That of a device is what chardev.c has put there. */
	BUILD_BUG_ON(offsetof(struct open_mailbox, callers));
	return msgpass_inbox_caller(file->private_data);
}
