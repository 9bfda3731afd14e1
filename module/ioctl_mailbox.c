// SPDX-License-Identifier: GPL-2.0
/* The ioctls that make, change and tell of mailboxes. */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "attributes.h"
#include "direct.h"
#include "ioctl.h"
#include "mailbox_file.h"

/* Found by name and then deleted: there is none of that name. */
static int deleted_meanwhile(struct file *file, int error)
{
	return error == -EPIPE && !msgpass_file_right(file) ? -ENOENT : error;
}

struct msgpass_mailbox *msgpass_addressed_mailbox(struct file *file,
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

long msgpass_ioctl_mailbox_stat(struct file *file,
				union msgpass_argument *argument,
				void __user *user)
{
	struct msgpass_mailbox_stat *stat = &argument->mailbox_stat;
	const struct msgpass_right *right = msgpass_file_right(file);
	struct msgpass_mailbox *mailbox;
	int error;

	if (stat->flags || stat->id)
		return -EINVAL;
	mailbox = msgpass_addressed_mailbox(file, stat->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = msgpass_mailbox_stat(mailbox, right ? right->subscription :
						      NULL, stat);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(file, error);
}

long msgpass_ioctl_mailbox_set(struct file *file, union msgpass_argument *argument,
			       void __user *user)
{
	const struct msgpass_mailbox_set *set = &argument->mailbox_set;
	struct msgpass_mailbox *mailbox;
	int error;

	if (set->flags)
		return -EINVAL;
	mailbox = msgpass_addressed_mailbox(file, set->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = msgpass_mailbox_set(mailbox, &set->attributes);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(file, error);
}

long msgpass_ioctl_mailbox_delete(struct file *file,
				  union msgpass_argument *argument,
				  void __user *user)
{
	const struct msgpass_mailbox_delete *delete = &argument->mailbox_delete;
	struct msgpass_mailbox *mailbox;
	int error;

	if (delete->flags)
		return -EINVAL;
	mailbox = msgpass_addressed_mailbox(file, delete->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = msgpass_mailbox_delete(mailbox);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(file, error);
}

static int check_give(const struct msgpass_mailbox_give *give)
{
	if (give->flags & ~(MSGPASS_PEER | MSGPASS_CANCEL))
		return -EINVAL;
	if (give->flags & MSGPASS_CANCEL)
		return give->to || give->flags & MSGPASS_PEER ? -EINVAL : 0;
	return give->to ? 0 : -EINVAL;
}

static int give_mailbox(struct msgpass_mailbox *mailbox,
			const struct msgpass_mailbox_give *give)
{
	struct msgpass_inbox *to;
	int error;

	if (give->flags & MSGPASS_CANCEL)
		return msgpass_mailbox_give(mailbox, NULL);
	/* First: the process may get an inbox by it. */
	error = msgpass_mailbox_may_change(mailbox);
	if (error)
		return error;
	to = msgpass_direct_process(give->to, give->flags & MSGPASS_PEER);
	if (IS_ERR(to))
		return PTR_ERR(to);
	error = msgpass_mailbox_give(mailbox, &to->peer);
	msgpass_inbox_put(to);
	return error;
}

long msgpass_ioctl_mailbox_give(struct file *file, union msgpass_argument *argument,
				void __user *user)
{
	const struct msgpass_mailbox_give *give = &argument->mailbox_give;
	struct msgpass_mailbox *mailbox;
	int error;

	error = check_give(give);
	if (error)
		return error;
	mailbox = msgpass_addressed_mailbox(file, give->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = give_mailbox(mailbox, give);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(file, error);
}

long msgpass_ioctl_mailbox_accept(struct file *file,
				  union msgpass_argument *argument,
				  void __user *user)
{
	const struct msgpass_mailbox_accept *accept = &argument->mailbox_accept;
	struct msgpass_mailbox *mailbox;
	int error;

	if (accept->flags)
		return -EINVAL;
	mailbox = msgpass_addressed_mailbox(file, accept->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = msgpass_mailbox_accept(mailbox);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(file, error);
}

long msgpass_ioctl_mailbox_next(struct file *file, union msgpass_argument *argument,
				void __user *user)
{
	struct msgpass_mailbox_stat *stat = &argument->mailbox_stat;

	if (stat->flags || stat->name[0])
		return -EINVAL;
	return msgpass_mailbox_next_stat(stat);
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
	int error;

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
	error = msgpass_subscription_start(*subscription, mailbox->broadcast);
	if (error)
		msgpass_subscription_put(*subscription);
	return error;
}

/* The mailbox that @open names or makes becomes what @right is to. */
static int open_right(const struct msgpass_mailbox_open *open,
		      struct msgpass_right *right)
{
	struct msgpass_subscription *subscription = NULL;
	struct msgpass_mailbox *mailbox;
	int error;

	if (open->flags & MSGPASS_OPEN_BROADCAST &&
	    open->flags & MSGPASS_OPEN_RECEIVE) {
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

long msgpass_ioctl_mailbox_open(struct file *file, union msgpass_argument *argument,
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
