// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/msgpass.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "account.h"
#include "chardev.h"
#include "direct.h"
#include "ioctl.h"
#include "mailbox.h"
#include "mailbox_file.h"
#include "trace.h"
#include "transfer.h"
#include "words.h"

struct ioctl {
	size_t size;		/* of the struct */
	size_t least;		/* of the struct as it was at first */
	size_t out;		/* what to copy out from here on; @size: none */
	/* Returns 0, a file descriptor, a count, or an error. */
	long (*handler)(struct file *file, union msgpass_argument *argument,
			void __user *user);
};

/* Of whatever size the program has it. */
static noinline int copy_in(const struct ioctl *ioctl,
			    union msgpass_argument *argument,
			    const void __user *user)
{
	u32 size;
	int error;

	if (get_user(size, (const u32 __user *)user))
		return -EFAULT;
	if (size < ioctl->least)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	error = copy_struct_from_user(argument, ioctl->size, user, size);
	/* It was read twice: the first reading is the one that was checked. */
	argument->size = size;
	return error;
}

static __always_inline long run_ioctl(const struct ioctl *ioctl,
				      struct file *file, void __user *user)
{
	/* As much of it is read as was copied in. */
	union msgpass_argument argument __uninitialized;
	long result = -EAGAIN;

	if (__builtin_constant_p(ioctl->size))
		result = msgpass_words_get_sized(&argument, user, ioctl->size);
	if (result == -EAGAIN)
		result = copy_in(ioctl, &argument, user);
	if (result)
		return result;

	result = ioctl->handler(file, &argument, user);
	if (result >= 0 && msgpass_copy_out(user, &argument, argument.size,
					    ioctl->out, ioctl->size))
		return -EFAULT;
	return result;
}

static long any_info(struct file *file, union msgpass_argument *argument,
		     void __user *user)
{
	struct msgpass_info *info = &argument->info;
	struct msgpass_account *account;
	struct msgpass_inbox *inbox;

	if (info->flags)
		return -EINVAL;
	inbox = msgpass_inbox_current();
	if (IS_ERR(inbox))
		return PTR_ERR(inbox);
	info->out_peer = inbox->peer.id;

	account = msgpass_account_get(current_cred());
	if (IS_ERR(account))
		return PTR_ERR(account);
	info->out_user_bytes = msgpass_account_bytes(account);
	msgpass_account_put(account);

	info->out_message_max = READ_ONCE(msgpass_message_max);
	info->out_capacity_default = READ_ONCE(msgpass_capacity_default);
	info->out_capacity_max = READ_ONCE(msgpass_capacity_max);
	info->out_mailboxes_max = READ_ONCE(msgpass_mailboxes_max);
	info->out_mailboxes = msgpass_mailbox_count();
	info->out_user_bytes_max = READ_ONCE(msgpass_user_bytes);
	return 0;
}

static long device_inbox_set(struct file *file, union msgpass_argument *argument,
			     void __user *user)
{
	const struct msgpass_inbox_set *set = &argument->inbox_set;
	struct msgpass_inbox *inbox;
	long error;

	if (set->flags)
		return -EINVAL;
	inbox = msgpass_inbox_current();
	if (IS_ERR(inbox))
		return PTR_ERR(inbox);
	error = msgpass_inbox_set(inbox, &set->attributes);
	return error;
}

static long device_inbox_stat(struct file *file, union msgpass_argument *argument,
			      void __user *user)
{
	struct msgpass_inbox_stat *stat = &argument->inbox_stat;

	if (stat->flags & ~MSGPASS_PEER)
		return -EINVAL;
	return msgpass_inbox_stat(stat, stat->flags & MSGPASS_PEER);
}

static long device_inbox_next(struct file *file, union msgpass_argument *argument,
			      void __user *user)
{
	struct msgpass_inbox_stat *stat = &argument->inbox_stat;

	return stat->flags ? -EINVAL : msgpass_inbox_next(stat);
}

static long device_link_next(struct file *file, union msgpass_argument *argument,
			     void __user *user)
{
	struct msgpass_link_stat *stat = &argument->link_stat;

	return stat->flags ? -EINVAL : msgpass_link_next(stat);
}

#define IOCTL_AT(number, type, least_size, first_out, function)	\
	[_IOC_NR(number)] = {						\
		.size = sizeof(struct type),				\
		.least = least_size,					\
		.out = first_out,					\
		.handler = function,					\
	}
/* The struct has grown: programs may pass one that ends with @last. */
#define IOCTL_IN_SINCE(number, type, last, function)			\
	IOCTL_AT(number, type, offsetofend(struct type, last),		\
		 sizeof(struct type), function)
#define IOCTL_INOUT_SINCE(number, type, last, first_out, function)	\
	IOCTL_AT(number, type, offsetofend(struct type, last),		\
		 offsetof(struct type, first_out), function)
#define IOCTL_INOUT(number, type, first_out, function)			\
	IOCTL_AT(number, type, sizeof(struct type),			\
		 offsetof(struct type, first_out), function)
#define IOCTL_IN(number, type, function)				\
	IOCTL_AT(number, type, sizeof(struct type), sizeof(struct type), \
		 function)

/*
 * Send, receive, call and the reading of pieces copy out by themselves: they
 * undo what they did when that fails, or tell of what goes on.
 */
static const struct ioctl any_ioctls[] = {
	IOCTL_IN_SINCE(MSGPASS_IOC_SEND, msgpass_send, priority, msgpass_ioctl_send),
	IOCTL_IN_SINCE(MSGPASS_IOC_RECEIVE, msgpass_receive, out_token,
		       msgpass_ioctl_receive),
	IOCTL_INOUT(MSGPASS_IOC_INFO, msgpass_info, out_peer, any_info),
	IOCTL_INOUT_SINCE(MSGPASS_IOC_MAILBOX_STAT, msgpass_mailbox_stat,
			  out_dropped, name, msgpass_ioctl_mailbox_stat),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_SET, msgpass_mailbox_set,
		 msgpass_ioctl_mailbox_set),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_DELETE, msgpass_mailbox_delete,
		 msgpass_ioctl_mailbox_delete),
	IOCTL_IN_SINCE(MSGPASS_IOC_CALL, msgpass_call, out_flags,
		       msgpass_ioctl_call),
	IOCTL_IN_SINCE(MSGPASS_IOC_REPLY, msgpass_reply, fds_count,
		       msgpass_ioctl_reply),
	IOCTL_IN_SINCE(MSGPASS_IOC_REPLY_RECEIVE, msgpass_reply_receive,
		       receive.out_token, msgpass_ioctl_reply_receive),
	IOCTL_IN_SINCE(MSGPASS_IOC_FORWARD, msgpass_forward, priority,
		       msgpass_ioctl_forward),
	IOCTL_INOUT(MSGPASS_IOC_REQUEST_READ, msgpass_request_read, out_count,
		    msgpass_ioctl_request_read),
	IOCTL_IN(MSGPASS_IOC_PIECE_READ, msgpass_piece_read,
		 msgpass_ioctl_piece_read),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_GIVE, msgpass_mailbox_give,
		 msgpass_ioctl_mailbox_give),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_ACCEPT, msgpass_mailbox_accept,
		 msgpass_ioctl_mailbox_accept),
	IOCTL_IN(MSGPASS_IOC_SEND_BATCH, msgpass_send_batch,
		 msgpass_ioctl_send_batch),
	IOCTL_IN(MSGPASS_IOC_RECEIVE_BATCH, msgpass_receive_batch,
		 msgpass_ioctl_receive_batch),
	IOCTL_INOUT(MSGPASS_IOC_WAIT_LIST, msgpass_wait_list, out_next,
		    msgpass_ioctl_wait_list),
};

/* Of a device file alone. */
static const struct ioctl device_ioctls[] = {
	IOCTL_IN(MSGPASS_IOC_MAILBOX_OPEN, msgpass_mailbox_open,
		 msgpass_ioctl_mailbox_open),
	IOCTL_INOUT_SINCE(MSGPASS_IOC_MAILBOX_NEXT, msgpass_mailbox_stat,
			  out_dropped, name, msgpass_ioctl_mailbox_next),
	IOCTL_IN(MSGPASS_IOC_INBOX_SET, msgpass_inbox_set, device_inbox_set),
	IOCTL_INOUT_SINCE(MSGPASS_IOC_INBOX_STAT, msgpass_inbox_stat,
			  out_dropped, out_peer, device_inbox_stat),
	IOCTL_INOUT_SINCE(MSGPASS_IOC_INBOX_NEXT, msgpass_inbox_stat,
			  out_dropped, out_peer, device_inbox_next),
	IOCTL_INOUT_SINCE(MSGPASS_IOC_LINK_NEXT, msgpass_link_stat,
			  out_received, out_to_peer, device_link_next),
};

static const struct ioctl *find_ioctl(const struct ioctl *table, size_t count,
				      unsigned int command)
{
	unsigned int number = array_index_nospec(_IOC_NR(command), count);

	if (command != _IO(MSGPASS_IOC_MAGIC, _IOC_NR(command)) ||
	    _IOC_NR(command) >= count || !table[number].handler)
		return NULL;
	return &table[number];
}

/* One that is a constant is called without a look at the table. */
static __always_inline long run_any(unsigned int command, struct file *file,
				    unsigned long user)
{
	long result = run_ioctl(&any_ioctls[_IOC_NR(command)], file,
				(void __user *)user);

	trace_fail(_IOC_NR(command), result);
	return result;
}

static noinline long run_other(unsigned int command, struct file *file,
			       unsigned long user)
{
	const struct ioctl *ioctl = find_ioctl(any_ioctls,
					       ARRAY_SIZE(any_ioctls), command);
	long result;

	/* A device's file is no right to anything. */
	if (!ioctl && !msgpass_file_right(file))
		ioctl = find_ioctl(device_ioctls, ARRAY_SIZE(device_ioctls),
				   command);
	result = ioctl ? run_ioctl(ioctl, file, (void __user *)user) : -ENOTTY;
	trace_fail(_IOC_NR(command), result);
	return result;
}

long msgpass_ioctl(struct file *file, unsigned int command, unsigned long user)
{
	switch (command) {
	case MSGPASS_IOC_SEND:
		return run_any(MSGPASS_IOC_SEND, file, user);
	case MSGPASS_IOC_RECEIVE:
		return run_any(MSGPASS_IOC_RECEIVE, file, user);
	case MSGPASS_IOC_CALL:
		return run_any(MSGPASS_IOC_CALL, file, user);
	case MSGPASS_IOC_REPLY_RECEIVE:
		return run_any(MSGPASS_IOC_REPLY_RECEIVE, file, user);
	case MSGPASS_IOC_SEND_BATCH:
		return run_any(MSGPASS_IOC_SEND_BATCH, file, user);
	case MSGPASS_IOC_RECEIVE_BATCH:
		return run_any(MSGPASS_IOC_RECEIVE_BATCH, file, user);
	}
	return run_other(command, file, user);
}

static int device_open(struct inode *inode, struct file *file)
{
	struct msgpass_callers *callers;
	int error;

	callers = kmalloc(sizeof(*callers), GFP_KERNEL_ACCOUNT);
	if (!callers)
		return -ENOMEM;
	error = msgpass_callers_init(callers);
	if (error) {
		kfree(callers);
		return error;
	}
	file->private_data = callers;
	return nonseekable_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	msgpass_callers_put(file->private_data);
	kfree(file->private_data);
	return 0;
}

static struct msgpass_inbox *opener_of(const struct file *file)
{
	const struct msgpass_callers *callers = file->private_data;

	return callers->opener;
}

static __poll_t device_poll(struct file *file, poll_table *table)
{
	struct msgpass_inbox *inbox = opener_of(file);

	if (inbox->peer.pid != task_tgid(current))
		return EPOLLERR;
	/* What it would say may be about to be dropped. */
	msgpass_inbox_note_exec(inbox);
	/* A send can go anywhere: nothing to wait for in general. */
	return msgpass_port_poll(&inbox->port, NULL, file, table) |
	       EPOLLOUT | EPOLLWRNORM;
}

static int device_fasync(int fd, struct file *file, int on)
{
	return fasync_helper(fd, file, on,
			     &opener_of(file)->port.async_readers);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = msgpass_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = device_poll,
	.fasync = device_fasync,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "msgpass",
	.fops = &device_fops,
	.mode = 0666,
};

int msgpass_chardev_init(void)
{
	return misc_register(&device);
}

void msgpass_chardev_exit(void)
{
	misc_deregister(&device);
}
