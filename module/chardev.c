// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/msgpass.h>
#include <linux/nospec.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "account.h"
#include "attributes.h"
#include "chardev.h"
#include "direct.h"
#include "ioctl.h"
#include "mailbox.h"
#include "mailbox_file.h"
#include "transfer.h"

struct ioctl {
	size_t size;		/* of the struct */
	size_t least;		/* of the struct as it was at first */
	size_t out;		/* what to copy out from here on; @size: none */
	/* Returns 0, a file descriptor, or an error. */
	long (*handler)(struct file *file, union msgpass_argument *argument,
			void __user *user);
};

static long run_ioctl(const struct ioctl *ioctl, struct file *file,
		      void __user *user)
{
	union msgpass_argument argument;
	u32 size;
	long result;

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < ioctl->least)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	result = copy_struct_from_user(&argument, ioctl->size, user, size);
	if (result)
		return result;
	/* It was read twice: the first reading is the one that was checked. */
	argument.size = size;

	result = ioctl->handler(file, &argument, user);
	if (result >= 0 && msgpass_copy_out(user, &argument, size, ioctl->out,
					    ioctl->size))
		return -EFAULT;
	return result;
}

#define SEND_FLAGS (MSGPASS_NONBLOCK | MSGPASS_IOVEC | MSGPASS_PEER | \
		    MSGPASS_SYNCHRONOUS | MSGPASS_RECEIPT | MSGPASS_FLOW)

static int check_send(const struct msgpass_send *send)
{
	if (send->flags & ~SEND_FLAGS || send->reserved)
		return -EINVAL;
	/* Both of these tell by themselves. */
	if (send->flags & MSGPASS_RECEIPT &&
	    send->flags & (MSGPASS_SYNCHRONOUS | MSGPASS_FLOW))
		return -EINVAL;
	if (send->cookie && !(send->flags & MSGPASS_RECEIPT))
		return -EINVAL;
	if (send->fds_count && send->flags & MSGPASS_FLOW)
		return -EINVAL;
	return 0;
}

static int send_message(const struct msgpass_target *target,
			struct msgpass_draft *draft,
			const struct msgpass_send *send,
			struct msgpass_wait *wait)
{
	struct msgpass_data data;
	int error;

	error = msgpass_draft_begin(draft, &data, send->data, send->length,
				    send->flags & MSGPASS_IOVEC, send->fds,
				    send->fds_count);
	if (error)
		return error;
	error = msgpass_transfer_send(target, draft, NULL, wait);
	msgpass_draft_end(draft, &data);
	return error;
}

static int copy_out_count(const struct msgpass_send *send, void __user *user)
{
	const size_t count = offsetof(struct msgpass_send, out_count);

	return msgpass_copy_out(user, send, send->size, count,
				count + sizeof(send->out_count));
}

/* What is too long for a message flows. */
static int send_flow(const struct msgpass_target *target,
		     struct msgpass_draft *draft, struct msgpass_send *send,
		     struct msgpass_wait *wait, void __user *user)
{
	struct msgpass_data data;
	int error;

	/* Once it has gone through, nothing may fail. */
	send->out_count = 0;
	if (target->mailbox && target->mailbox->broadcast)
		return -EOPNOTSUPP;
	error = copy_out_count(send, user) ?:
		msgpass_draft_flow(draft, &data, send->data, send->length,
				   send->flags & MSGPASS_IOVEC);
	if (error)
		return error;
	if (draft->length <= msgpass_target_message_max(target)) {
		draft->segments = NULL;
		error = msgpass_transfer_send(target, draft, NULL, wait);
		send->out_count = draft->length;
	} else if (wait->nonblock) {
		error = -EAGAIN;
	} else {
		error = msgpass_transfer_flow(target, draft, wait,
					      &send->out_count);
	}
	msgpass_draft_end(draft, &data);
	return error ?: copy_out_count(send, user);
}

static long any_send(struct file *file, union msgpass_argument *argument,
		     void __user *user)
{
	struct msgpass_send *send = &argument->send;
	struct msgpass_wait wait = msgpass_wait_for(file, send->flags,
						    send->deadline);
	struct msgpass_target target;
	struct msgpass_draft draft = {
		.cred = current_cred(),
		.type = send->type,
		.priority = send->priority,
		.lifetime = send->lifetime,
		.receipt = send->flags & MSGPASS_RECEIPT,
		.cookie = send->cookie,
	};
	int error;

	error = check_send(send);
	if (error)
		return error;
	error = msgpass_target_to_send(&target, file, send->to, send->flags);
	if (error)
		return error;
	if (send->flags & MSGPASS_FLOW)
		error = send_flow(&target, &draft, send, &wait, user);
	else
		error = send_message(&target, &draft, send, &wait);
	msgpass_target_put(&target);
	return error;
}

static long any_receive(struct file *file, union msgpass_argument *argument,
			void __user *user)
{
	return msgpass_receive_at(file, &argument->receive, user,
				  argument->size);
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
	msgpass_inbox_put(inbox);

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

/* Found by name and then deleted: there is none of that name. */
static int deleted_meanwhile(struct file *file, int error)
{
	return error == -EPIPE && !msgpass_file_right(file) ? -ENOENT : error;
}

/* The mailbox file's, which takes no name, or the one of that name. */
static struct msgpass_mailbox *addressed_mailbox(struct file *file,
						 const char *name)
{
	struct msgpass_right *right = msgpass_file_right(file);

	if (!right)
		return msgpass_mailbox_find(name);
	if (name[0])
		return ERR_PTR(-EINVAL);
	refcount_inc(&right->mailbox->refs);
	return right->mailbox;
}

static long any_mailbox_stat(struct file *file,
			     union msgpass_argument *argument,
			     void __user *user)
{
	struct msgpass_mailbox_stat *stat = &argument->mailbox_stat;
	const struct msgpass_right *right = msgpass_file_right(file);
	struct msgpass_mailbox *mailbox;
	int error;

	if (stat->flags || stat->id)
		return -EINVAL;
	mailbox = addressed_mailbox(file, stat->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = msgpass_mailbox_stat(mailbox, right ? right->subscription :
						      NULL, stat);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(file, error);
}

static long any_mailbox_set(struct file *file, union msgpass_argument *argument,
			    void __user *user)
{
	const struct msgpass_mailbox_set *set = &argument->mailbox_set;
	struct msgpass_mailbox *mailbox;
	int error;

	if (set->flags)
		return -EINVAL;
	mailbox = addressed_mailbox(file, set->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = msgpass_mailbox_set(mailbox, &set->attributes);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(file, error);
}

static long any_mailbox_delete(struct file *file,
			       union msgpass_argument *argument,
			       void __user *user)
{
	const struct msgpass_mailbox_delete *delete = &argument->mailbox_delete;
	struct msgpass_mailbox *mailbox;
	int error;

	if (delete->flags)
		return -EINVAL;
	mailbox = addressed_mailbox(file, delete->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = msgpass_mailbox_delete(mailbox);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(file, error);
}

static struct msgpass_inbox *
process_to_give(const struct msgpass_mailbox_give *give)
{
	if (give->flags & ~(MSGPASS_PEER | MSGPASS_CANCEL))
		return ERR_PTR(-EINVAL);
	if (!(give->flags & MSGPASS_CANCEL))
		return msgpass_direct_process(give->to,
					      give->flags & MSGPASS_PEER);
	return give->to || give->flags & MSGPASS_PEER ? ERR_PTR(-EINVAL) : NULL;
}

static long any_mailbox_give(struct file *file, union msgpass_argument *argument,
			     void __user *user)
{
	const struct msgpass_mailbox_give *give = &argument->mailbox_give;
	struct msgpass_inbox *to = process_to_give(give);
	struct msgpass_mailbox *mailbox;
	int error;

	if (IS_ERR(to))
		return PTR_ERR(to);
	mailbox = addressed_mailbox(file, give->name);
	if (IS_ERR(mailbox)) {
		error = PTR_ERR(mailbox);
	} else {
		error = msgpass_mailbox_give(mailbox, to ? &to->peer : NULL);
		msgpass_mailbox_put(mailbox);
	}
	if (to)
		msgpass_inbox_put(to);
	return deleted_meanwhile(file, error);
}

static long any_mailbox_accept(struct file *file,
			       union msgpass_argument *argument,
			       void __user *user)
{
	const struct msgpass_mailbox_accept *accept = &argument->mailbox_accept;
	struct msgpass_mailbox *mailbox;
	int error;

	if (accept->flags)
		return -EINVAL;
	mailbox = addressed_mailbox(file, accept->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = msgpass_mailbox_accept(mailbox);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(file, error);
}

static long device_mailbox_next(struct file *file, union msgpass_argument *argument,
				void __user *user)
{
	struct msgpass_mailbox_stat *stat = &argument->mailbox_stat;
	struct msgpass_mailbox *mailbox;
	u64 id = stat->id;
	int error;

	if (stat->flags || stat->name[0])
		return -EINVAL;
	do {
		mailbox = msgpass_mailbox_next(id);
		if (IS_ERR(mailbox))
			return PTR_ERR(mailbox);
		id = mailbox->id;
		error = msgpass_mailbox_stat(mailbox, NULL, stat);
		msgpass_mailbox_put(mailbox);
	} while (error == -EPIPE);
	return error;
}

static fmode_t open_mode(u32 flags)
{
	return (flags & MSGPASS_OPEN_RECEIVE ? FMODE_READ : 0) |
	       (flags & MSGPASS_OPEN_SEND ? FMODE_WRITE : 0);
}

/*
 * What to receive from a broadcast needs a subscription. A mailbox that is made
 * now has it from the start, because afterwards nothing may fail.
 */
static int subscribe(const struct msgpass_mailbox_open *open,
		     struct msgpass_mailbox *mailbox,
		     struct msgpass_subscription **subscription)
{
	if (!mailbox->broadcast || !(open->flags & MSGPASS_OPEN_RECEIVE)) {
		if (*subscription)
			msgpass_subscription_put(*subscription);
		*subscription = NULL;
		return 0;
	}
	if (!*subscription) {
		*subscription = msgpass_subscription_new();
		if (IS_ERR(*subscription))
			return PTR_ERR(*subscription);
	}
	msgpass_subscription_start(*subscription, mailbox->broadcast);
	return 0;
}

/* The mailbox that @open names or makes becomes what @right is to. */
static int open_right(const struct msgpass_mailbox_open *open,
		      struct msgpass_right *right)
{
	struct msgpass_subscription *subscription = NULL;
	struct msgpass_mailbox *mailbox;
	int error;

	if (open->flags & MSGPASS_OPEN_BROADCAST) {
		subscription = msgpass_subscription_new();
		if (IS_ERR(subscription))
			return PTR_ERR(subscription);
	}
	mailbox = msgpass_mailbox_open(open);
	if (IS_ERR(mailbox)) {
		if (subscription)
			msgpass_subscription_put(subscription);
		return PTR_ERR(mailbox);
	}
	error = subscribe(open, mailbox, &subscription);
	if (error)
		msgpass_mailbox_put(mailbox);
	else
		msgpass_right_init(right, open_mode(open->flags), mailbox,
				   subscription);
	return error;
}

/* A new file, of the mailbox that @open names or makes; ERR_PTR. */
static struct file *open_mailbox_file(const struct msgpass_mailbox_open *open)
{
	struct msgpass_right *right;
	struct file *file;
	int error;

	right = kzalloc(sizeof(*right), GFP_KERNEL_ACCOUNT);
	if (!right)
		return ERR_PTR(-ENOMEM);
	file = msgpass_mailbox_file_alloc(open_mode(open->flags),
					  open->flags & MSGPASS_OPEN_NONBLOCK ?
					  O_NONBLOCK : 0);
	error = PTR_ERR_OR_ZERO(file);
	if (error)
		goto free_right;
	error = open_right(open, right);
	if (error)
		goto put_file;
	msgpass_mailbox_file_set(file, right);
	return file;

put_file:
	fput(file);
free_right:
	kfree(right);
	return ERR_PTR(error);
}

static long device_mailbox_open(struct file *file, union msgpass_argument *argument,
				void __user *user)
{
	const struct msgpass_mailbox_open *open = &argument->mailbox_open;
	const u32 rights = MSGPASS_OPEN_RECEIVE | MSGPASS_OPEN_SEND;
	const u32 of_create = MSGPASS_OPEN_EXCLUSIVE | MSGPASS_OPEN_BOUND |
			      MSGPASS_OPEN_BROADCAST | MSGPASS_OPEN_LOSSY;
	struct file *new;
	int fd;

	if (open->flags & ~(rights | MSGPASS_OPEN_NONBLOCK |
			    MSGPASS_OPEN_CREATE | of_create) ||
	    !(open->flags & rights))
		return -EINVAL;
	if (!(open->flags & MSGPASS_OPEN_CREATE) &&
	    (open->flags & of_create || open->attributes.set))
		return -EINVAL;
	if (open->flags & MSGPASS_OPEN_LOSSY &&
	    !(open->flags & MSGPASS_OPEN_BROADCAST))
		return -EINVAL;
	if (open->attributes.set & ~MSGPASS_SET_ALL)
		return -EINVAL;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	new = open_mailbox_file(open);
	if (IS_ERR(new)) {
		put_unused_fd(fd);
		return PTR_ERR(new);
	}
	fd_install(fd, new);
	return fd;
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
	msgpass_inbox_put(inbox);
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
	IOCTL_IN_SINCE(MSGPASS_IOC_SEND, msgpass_send, priority, any_send),
	IOCTL_IN_SINCE(MSGPASS_IOC_RECEIVE, msgpass_receive, out_token,
		       any_receive),
	IOCTL_INOUT(MSGPASS_IOC_INFO, msgpass_info, out_peer, any_info),
	IOCTL_INOUT_SINCE(MSGPASS_IOC_MAILBOX_STAT, msgpass_mailbox_stat,
			  out_dropped, name, any_mailbox_stat),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_SET, msgpass_mailbox_set,
		 any_mailbox_set),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_DELETE, msgpass_mailbox_delete,
		 any_mailbox_delete),
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
		 any_mailbox_give),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_ACCEPT, msgpass_mailbox_accept,
		 any_mailbox_accept),
};

/* Of a device file alone. */
static const struct ioctl device_ioctls[] = {
	IOCTL_IN(MSGPASS_IOC_MAILBOX_OPEN, msgpass_mailbox_open,
		 device_mailbox_open),
	IOCTL_INOUT_SINCE(MSGPASS_IOC_MAILBOX_NEXT, msgpass_mailbox_stat,
			  out_dropped, name, device_mailbox_next),
	IOCTL_IN(MSGPASS_IOC_INBOX_SET, msgpass_inbox_set, device_inbox_set),
	IOCTL_INOUT(MSGPASS_IOC_INBOX_STAT, msgpass_inbox_stat, out_peer,
		    device_inbox_stat),
	IOCTL_INOUT(MSGPASS_IOC_INBOX_NEXT, msgpass_inbox_stat, out_peer,
		    device_inbox_next),
	IOCTL_INOUT(MSGPASS_IOC_LINK_NEXT, msgpass_link_stat, out_to_peer,
		    device_link_next),
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

long msgpass_mailbox_ioctl(struct file *file, unsigned int command,
			   unsigned long user)
{
	const struct ioctl *ioctl = find_ioctl(any_ioctls,
					       ARRAY_SIZE(any_ioctls), command);

	return ioctl ? run_ioctl(ioctl, file, (void __user *)user) : -ENOTTY;
}

static long device_ioctl(struct file *file, unsigned int command,
			 unsigned long user)
{
	const struct ioctl *ioctl = find_ioctl(device_ioctls,
					       ARRAY_SIZE(device_ioctls),
					       command);

	if (!ioctl)
		return msgpass_mailbox_ioctl(file, command, user);
	return run_ioctl(ioctl, file, (void __user *)user);
}

static int device_open(struct inode *inode, struct file *file)
{
	struct msgpass_inbox *inbox = msgpass_inbox_current();

	if (IS_ERR(inbox))
		return PTR_ERR(inbox);
	file->private_data = inbox;
	return nonseekable_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	msgpass_inbox_put(file->private_data);
	return 0;
}

static __poll_t device_poll(struct file *file, poll_table *table)
{
	struct msgpass_inbox *inbox = file->private_data;

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
	struct msgpass_inbox *inbox = file->private_data;

	return fasync_helper(fd, file, on, &inbox->port.async_readers);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
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
