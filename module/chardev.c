// SPDX-License-Identifier: GPL-2.0
#include <linux/anon_inodes.h>
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
#include <linux/uio.h>
#include <linux/user_namespace.h>

#include "account.h"
#include "attributes.h"
#include "chardev.h"
#include "direct.h"
#include "mailbox.h"

/* Any argument, as it was copied in. */
union argument {
	u32 size;
	struct msgpass_send send;
	struct msgpass_receive receive;
	struct msgpass_info info;
	struct msgpass_mailbox_open mailbox_open;
	struct msgpass_mailbox_delete mailbox_delete;
	struct msgpass_mailbox_set mailbox_set;
	struct msgpass_mailbox_stat mailbox_stat;
	struct msgpass_inbox_set inbox_set;
	struct msgpass_inbox_stat inbox_stat;
	struct msgpass_link_stat link_stat;
};

struct ioctl {
	size_t size;		/* of the struct */
	size_t least;		/* of the struct in its first version */
	size_t out;		/* what to copy out from here on; @size: none */
	/* Returns 0, a file descriptor, or an error. */
	long (*handler)(struct file *file, union argument *argument,
			void __user *user);
};

static const struct file_operations mailbox_fops;

static long copy_out(const union argument *argument, void __user *user,
		     size_t from, size_t to)
{
	to = min_t(size_t, to, argument->size);
	if (copy_to_user(user + from, (const char *)argument + from, to - from))
		return -EFAULT;
	return 0;
}

static long run_ioctl(const struct ioctl *ioctl, struct file *file,
		      void __user *user)
{
	union argument argument;
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
	if (result >= 0 && ioctl->out < ioctl->size &&
	    copy_out(&argument, user, ioctl->out, ioctl->size))
		return -EFAULT;
	return result;
}

/* The caller's buffer or scatter/gather list; kfree(*@iovecs) afterwards. */
static int import_data(int direction, u64 data, u64 length, bool is_iovec,
		       struct iovec *fast, struct iovec **iovecs,
		       struct iov_iter *iter)
{
	void __user *user = u64_to_user_ptr(data);
	ssize_t total;

	if (!is_iovec) {
		*iovecs = NULL;
		length = min_t(u64, length, MAX_RW_COUNT);
		iov_iter_ubuf(iter, direction, user, length);
		return 0;
	}
	if (length > UIO_MAXIOV)
		return -EINVAL;
	*iovecs = fast;
	total = import_iovec(direction, user, length, UIO_FASTIOV, iovecs,
			     iter);
	return total < 0 ? total : 0;
}

static struct msgpass_wait make_wait(const struct file *file, u32 flags,
				     u64 deadline)
{
	return (struct msgpass_wait) {
		.nonblock = flags & MSGPASS_NONBLOCK ||
			    file->f_flags & O_NONBLOCK,
		.synchronous = flags & MSGPASS_SYNCHRONOUS,
		.deadline = deadline > KTIME_MAX ? 0 : deadline,
	};
}

/*
 * Sends the whole of @data to @receiver or, if that is NULL, to @mailbox; as
 * the caller or, if @payer is given, with the credentials of who opened that.
 */
static int send_message(struct msgpass_inbox *receiver,
			struct msgpass_mailbox *mailbox,
			struct iov_iter *data, const struct file *payer,
			u32 type, u32 priority, struct msgpass_wait *wait)
{
	struct msgpass_stamp stamp = {
		.cred = payer ? payer->f_cred : current_cred(),
		.file = payer,
	};
	struct msgpass_port *port = receiver ? &receiver->port : &mailbox->port;
	struct msgpass_message *message;
	struct msgpass_inbox *sender;
	int error;

	/* The engine looks again; this is not to copy what it will refuse. */
	if (iov_iter_count(data) > min_t(u64, READ_ONCE(msgpass_message_max),
					 READ_ONCE(port->limits.message_max)))
		return -EMSGSIZE;

	sender = msgpass_inbox_current();
	if (IS_ERR(sender))
		return PTR_ERR(sender);
	stamp.sender = sender->peer.identity;
	message = msgpass_message_new(data, &stamp, type, priority);
	error = PTR_ERR_OR_ZERO(message);
	if (error)
		goto put_sender;

	if (receiver) {
		error = msgpass_direct_send(receiver, sender, message, wait);
	} else {
		spin_lock(&mailbox->port.lock);
		error = msgpass_port_send(&mailbox->queue, message, wait);
	}
	if (error)
		msgpass_message_put(message);
put_sender:
	msgpass_inbox_put(sender);
	return error;
}

static long do_send(struct msgpass_inbox *receiver,
		    struct msgpass_mailbox *mailbox, struct file *file,
		    const struct msgpass_send *send)
{
	struct msgpass_wait wait = make_wait(file, send->flags, send->deadline);
	struct iovec fast[UIO_FASTIOV], *iovecs;
	struct iov_iter data;
	int error;

	error = import_data(ITER_SOURCE, send->data, send->length,
			    send->flags & MSGPASS_IOVEC, fast, &iovecs, &data);
	if (error)
		return error;
	error = send_message(receiver, mailbox, &data, NULL, send->type,
			     send->priority, &wait);
	kfree(iovecs);
	return error;
}

#define SEND_FLAGS (MSGPASS_NONBLOCK | MSGPASS_IOVEC | MSGPASS_SYNCHRONOUS)

static long device_send(struct file *file, union argument *argument,
			void __user *user)
{
	const struct msgpass_send *send = &argument->send;
	struct msgpass_inbox *receiver;
	long result;

	if (send->flags & ~(SEND_FLAGS | MSGPASS_PEER))
		return -EINVAL;
	receiver = msgpass_direct_receiver(send->to,
					   send->flags & MSGPASS_PEER);
	if (IS_ERR(receiver))
		return PTR_ERR(receiver);
	result = do_send(receiver, NULL, file, send);
	msgpass_inbox_put(receiver);
	return result;
}

static long mailbox_send(struct file *file, union argument *argument,
			 void __user *user)
{
	const struct msgpass_send *send = &argument->send;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (send->flags & ~SEND_FLAGS || send->to)
		return -EINVAL;
	return do_send(NULL, file->private_data, file, send);
}

static int make_selection(struct msgpass_selection *selection,
			  const struct msgpass_receive *receive)
{
	u32 rule = receive->flags & (MSGPASS_TYPE_EXACT | MSGPASS_TYPE_UP_TO |
				     MSGPASS_TYPE_EXCEPT);

	*selection = (struct msgpass_selection) {
		.type = receive->type,
		.order = receive->flags & MSGPASS_BY_PRIORITY ?
			 MSGPASS_MOST_URGENT_FIRST : MSGPASS_OLDEST_FIRST,
		.truncate = receive->flags & MSGPASS_TRUNCATE,
		.peek = receive->flags & MSGPASS_PEEK,
	};
	switch (rule) {
	case 0:
		if (receive->type)
			return -EINVAL;
		selection->rule = MSGPASS_ANY_TYPE;
		return 0;
	case MSGPASS_TYPE_EXACT:
		selection->rule = MSGPASS_THIS_TYPE;
		return 0;
	case MSGPASS_TYPE_UP_TO:
		selection->rule = MSGPASS_LOWEST_TYPE_UP_TO;
		return 0;
	case MSGPASS_TYPE_EXCEPT:
		selection->rule = MSGPASS_ANY_TYPE_EXCEPT;
		return 0;
	}
	return -EINVAL;
}

/* What the kernel knows of @message, as the caller's namespaces see it. */
static void stamp(struct msgpass_receive *receive,
		  const struct msgpass_message *message, size_t room)
{
	struct user_namespace *ns = current_user_ns();

	receive->out_length = message->length;
	receive->out_sequence = message->sequence;
	receive->out_time = message->time;
	receive->out_peer = message->sender->id;
	receive->out_pid = pid_vnr(message->sender->pid);
	receive->out_uid = from_kuid_munged(ns, message->uid);
	receive->out_gid = from_kgid_munged(ns, message->gid);
	receive->out_type = message->type;
	receive->out_priority = message->priority;
	receive->out_flags = message->length > room ? MSGPASS_OUT_TRUNCATED : 0;
}

static long copy_out_received(union argument *argument, void __user *user,
			      const struct msgpass_message *message,
			      struct iov_iter *data)
{
	size_t room = iov_iter_count(data);
	int error;

	error = msgpass_message_copy_out(message, data);
	if (error)
		return error;
	stamp(&argument->receive, message, room);
	return copy_out(argument, user,
			offsetof(struct msgpass_receive, out_length),
			sizeof(struct msgpass_receive));
}

/* The receive found a message too long for the buffer: tell how long. */
static long copy_out_too_long(union argument *argument, void __user *user,
			      const struct msgpass_message *message)
{
	stamp(&argument->receive, message, message->length);
	return copy_out(argument, user,
			offsetof(struct msgpass_receive, out_length),
			sizeof(struct msgpass_receive)) ?: -EMSGSIZE;
}

/* Ends what a receive began: the message is the caller's, or it never was. */
static void receive_end(struct msgpass_port *port, bool peek, long error,
			struct msgpass_message *message)
{
	if (peek)
		msgpass_message_put(message);
	else if (error)
		msgpass_port_restore(port, message);
	else
		msgpass_port_settle(port, message);
}

static int port_receive(struct msgpass_inbox *inbox,
			struct msgpass_mailbox *mailbox,
			const struct msgpass_receive *receive,
			struct msgpass_selection *selection,
			struct msgpass_wait *wait,
			struct msgpass_message **message)
{
	if (inbox)
		return msgpass_direct_receive(inbox, receive->from,
					      receive->flags & MSGPASS_PEER,
					      selection, wait, message);
	spin_lock(&mailbox->port.lock);
	return msgpass_port_receive(&mailbox->port, selection, wait, message);
}

/* From @inbox or, if that is NULL, from @mailbox. */
static long do_receive(struct msgpass_inbox *inbox,
		       struct msgpass_mailbox *mailbox, struct file *file,
		       union argument *argument, void __user *user)
{
	const struct msgpass_receive *receive = &argument->receive;
	struct msgpass_port *port = inbox ? &inbox->port : &mailbox->port;
	struct iovec fast[UIO_FASTIOV], *iovecs;
	struct msgpass_selection selection;
	struct msgpass_message *message;
	struct msgpass_wait wait = make_wait(file, receive->flags,
					     receive->deadline);
	struct iov_iter data;
	long error;

	error = make_selection(&selection, receive);
	if (error)
		return error;
	error = import_data(ITER_DEST, receive->data, receive->length,
			    receive->flags & MSGPASS_IOVEC, fast, &iovecs,
			    &data);
	if (error)
		return error;
	selection.room = iov_iter_count(&data);

	error = port_receive(inbox, mailbox, receive, &selection, &wait,
			     &message);
	if (!error) {
		error = copy_out_received(argument, user, message, &data);
		receive_end(port, selection.peek, error, message);
	} else if (error == -EMSGSIZE) {
		error = copy_out_too_long(argument, user, message);
		msgpass_message_put(message);
	}
	kfree(iovecs);
	return error;
}

#define RECEIVE_FLAGS (MSGPASS_NONBLOCK | MSGPASS_IOVEC | MSGPASS_PEEK | \
		       MSGPASS_TRUNCATE | MSGPASS_BY_PRIORITY | \
		       MSGPASS_TYPE_EXACT | MSGPASS_TYPE_UP_TO | \
		       MSGPASS_TYPE_EXCEPT)

static long device_receive(struct file *file, union argument *argument,
			   void __user *user)
{
	const struct msgpass_receive *receive = &argument->receive;
	struct msgpass_inbox *inbox;
	long result;

	if (receive->flags & ~(RECEIVE_FLAGS | MSGPASS_PEER) ||
	    receive->reserved)
		return -EINVAL;
	if (receive->flags & MSGPASS_PEER && !receive->from)
		return -EINVAL;
	inbox = msgpass_inbox_current();
	if (IS_ERR(inbox))
		return PTR_ERR(inbox);
	result = do_receive(inbox, NULL, file, argument, user);
	msgpass_inbox_put(inbox);
	return result;
}

static long mailbox_receive(struct file *file, union argument *argument,
			    void __user *user)
{
	const struct msgpass_receive *receive = &argument->receive;

	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	if (receive->flags & ~RECEIVE_FLAGS || receive->reserved ||
	    receive->from)
		return -EINVAL;
	return do_receive(NULL, file->private_data, file, argument, user);
}

static long any_info(struct file *file, union argument *argument,
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
static int deleted_meanwhile(int error)
{
	return error == -EPIPE ? -ENOENT : error;
}

static long device_mailbox_stat(struct file *file, union argument *argument,
				void __user *user)
{
	struct msgpass_mailbox_stat *stat = &argument->mailbox_stat;
	struct msgpass_mailbox *mailbox;
	int error;

	if (stat->flags || stat->id)
		return -EINVAL;
	mailbox = msgpass_mailbox_find(stat->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = msgpass_mailbox_stat(mailbox, stat);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(error);
}

static long mailbox_stat(struct file *file, union argument *argument,
			 void __user *user)
{
	struct msgpass_mailbox_stat *stat = &argument->mailbox_stat;

	if (stat->flags || stat->id || stat->name[0])
		return -EINVAL;
	return msgpass_mailbox_stat(file->private_data, stat);
}

static long device_mailbox_next(struct file *file, union argument *argument,
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
		error = msgpass_mailbox_stat(mailbox, stat);
		msgpass_mailbox_put(mailbox);
	} while (error == -EPIPE);
	return error;
}

static int open_file_flags(u32 flags)
{
	int access;

	if (flags & MSGPASS_OPEN_RECEIVE)
		access = flags & MSGPASS_OPEN_SEND ? O_RDWR : O_RDONLY;
	else
		access = O_WRONLY;
	return access | (flags & MSGPASS_OPEN_NONBLOCK ? O_NONBLOCK : 0);
}

static long device_mailbox_open(struct file *file, union argument *argument,
				void __user *user)
{
	const struct msgpass_mailbox_open *open = &argument->mailbox_open;
	const u32 rights = MSGPASS_OPEN_RECEIVE | MSGPASS_OPEN_SEND;
	struct msgpass_mailbox *mailbox;
	struct file *new;
	int fd;

	if (open->flags & ~(rights | MSGPASS_OPEN_CREATE |
			    MSGPASS_OPEN_EXCLUSIVE | MSGPASS_OPEN_NONBLOCK) ||
	    !(open->flags & rights))
		return -EINVAL;
	if (!(open->flags & MSGPASS_OPEN_CREATE) &&
	    (open->flags & MSGPASS_OPEN_EXCLUSIVE || open->attributes.set))
		return -EINVAL;
	if (open->attributes.set & ~MSGPASS_SET_ALL)
		return -EINVAL;

	/* The fd first: once the mailbox is made, nothing may fail. */
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	new = anon_inode_getfile("[msgpass]", &mailbox_fops, NULL,
				 open_file_flags(open->flags));
	if (IS_ERR(new)) {
		put_unused_fd(fd);
		return PTR_ERR(new);
	}
	mailbox = msgpass_mailbox_open(open);
	if (IS_ERR(mailbox)) {
		fput(new);
		put_unused_fd(fd);
		return PTR_ERR(mailbox);
	}
	new->private_data = mailbox;
	fd_install(fd, new);
	return fd;
}

static long device_mailbox_delete(struct file *file, union argument *argument,
				  void __user *user)
{
	const struct msgpass_mailbox_delete *delete = &argument->mailbox_delete;
	struct msgpass_mailbox *mailbox;
	int error;

	if (delete->flags)
		return -EINVAL;
	mailbox = msgpass_mailbox_find(delete->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = msgpass_mailbox_delete(mailbox);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(error);
}

static long mailbox_delete(struct file *file, union argument *argument,
			   void __user *user)
{
	const struct msgpass_mailbox_delete *delete = &argument->mailbox_delete;

	if (delete->flags || delete->name[0])
		return -EINVAL;
	return msgpass_mailbox_delete(file->private_data);
}

static long device_mailbox_set(struct file *file, union argument *argument,
			       void __user *user)
{
	const struct msgpass_mailbox_set *set = &argument->mailbox_set;
	struct msgpass_mailbox *mailbox;
	int error;

	if (set->flags)
		return -EINVAL;
	mailbox = msgpass_mailbox_find(set->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	error = msgpass_mailbox_set(mailbox, &set->attributes);
	msgpass_mailbox_put(mailbox);
	return deleted_meanwhile(error);
}

static long mailbox_set(struct file *file, union argument *argument,
			void __user *user)
{
	const struct msgpass_mailbox_set *set = &argument->mailbox_set;

	if (set->flags || set->name[0])
		return -EINVAL;
	return msgpass_mailbox_set(file->private_data, &set->attributes);
}

static long device_inbox_set(struct file *file, union argument *argument,
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

static long device_inbox_stat(struct file *file, union argument *argument,
			      void __user *user)
{
	struct msgpass_inbox_stat *stat = &argument->inbox_stat;

	if (stat->flags & ~MSGPASS_PEER)
		return -EINVAL;
	return msgpass_inbox_stat(stat, stat->flags & MSGPASS_PEER);
}

static long device_inbox_next(struct file *file, union argument *argument,
			      void __user *user)
{
	struct msgpass_inbox_stat *stat = &argument->inbox_stat;

	return stat->flags ? -EINVAL : msgpass_inbox_next(stat);
}

static long device_link_next(struct file *file, union argument *argument,
			     void __user *user)
{
	struct msgpass_link_stat *stat = &argument->link_stat;

	return stat->flags ? -EINVAL : msgpass_link_next(stat);
}

#define IOCTL_AT(number, type, first_out, function)			\
	[_IOC_NR(number)] = {						\
		.size = sizeof(struct type),				\
		.least = sizeof(struct type),				\
		.out = first_out,					\
		.handler = function,					\
	}
#define IOCTL_INOUT(number, type, first_out, function)			\
	IOCTL_AT(number, type, offsetof(struct type, first_out), function)
#define IOCTL_IN(number, type, function)				\
	IOCTL_AT(number, type, sizeof(struct type), function)

/* Receive copies out by itself: it must undo what it did when that fails. */
static const struct ioctl device_ioctls[] = {
	IOCTL_IN(MSGPASS_IOC_SEND, msgpass_send, device_send),
	IOCTL_IN(MSGPASS_IOC_RECEIVE, msgpass_receive, device_receive),
	IOCTL_INOUT(MSGPASS_IOC_INFO, msgpass_info, out_peer, any_info),
	IOCTL_INOUT(MSGPASS_IOC_MAILBOX_STAT, msgpass_mailbox_stat, name,
		    device_mailbox_stat),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_SET, msgpass_mailbox_set,
		 device_mailbox_set),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_DELETE, msgpass_mailbox_delete,
		 device_mailbox_delete),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_OPEN, msgpass_mailbox_open,
		 device_mailbox_open),
	IOCTL_INOUT(MSGPASS_IOC_MAILBOX_NEXT, msgpass_mailbox_stat, name,
		    device_mailbox_next),
	IOCTL_IN(MSGPASS_IOC_INBOX_SET, msgpass_inbox_set, device_inbox_set),
	IOCTL_INOUT(MSGPASS_IOC_INBOX_STAT, msgpass_inbox_stat, out_peer,
		    device_inbox_stat),
	IOCTL_INOUT(MSGPASS_IOC_INBOX_NEXT, msgpass_inbox_stat, out_peer,
		    device_inbox_next),
	IOCTL_INOUT(MSGPASS_IOC_LINK_NEXT, msgpass_link_stat, out_to_peer,
		    device_link_next),
};

static const struct ioctl mailbox_ioctls[] = {
	IOCTL_IN(MSGPASS_IOC_SEND, msgpass_send, mailbox_send),
	IOCTL_IN(MSGPASS_IOC_RECEIVE, msgpass_receive, mailbox_receive),
	IOCTL_INOUT(MSGPASS_IOC_INFO, msgpass_info, out_peer, any_info),
	IOCTL_INOUT(MSGPASS_IOC_MAILBOX_STAT, msgpass_mailbox_stat, name,
		    mailbox_stat),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_SET, msgpass_mailbox_set, mailbox_set),
	IOCTL_IN(MSGPASS_IOC_MAILBOX_DELETE, msgpass_mailbox_delete,
		 mailbox_delete),
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

static long device_ioctl(struct file *file, unsigned int command,
			 unsigned long user)
{
	const struct ioctl *ioctl = find_ioctl(device_ioctls,
					       ARRAY_SIZE(device_ioctls),
					       command);

	return ioctl ? run_ioctl(ioctl, file, (void __user *)user) : -ENOTTY;
}

static long mailbox_ioctl(struct file *file, unsigned int command,
			  unsigned long user)
{
	const struct ioctl *ioctl = find_ioctl(mailbox_ioctls,
					       ARRAY_SIZE(mailbox_ioctls),
					       command);

	return ioctl ? run_ioctl(ioctl, file, (void __user *)user) : -ENOTTY;
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

static int mailbox_release(struct inode *inode, struct file *file)
{
	if (file->private_data)
		msgpass_mailbox_put(file->private_data);
	return 0;
}

static __poll_t mailbox_poll(struct file *file, poll_table *table)
{
	struct msgpass_mailbox *mailbox = file->private_data;
	__poll_t events = msgpass_port_poll(&mailbox->port, &mailbox->queue,
					    file, table);

	if (!(file->f_mode & FMODE_READ))
		events &= ~(EPOLLIN | EPOLLRDNORM);
	if (!(file->f_mode & FMODE_WRITE))
		events &= ~(EPOLLOUT | EPOLLWRNORM);
	return events;
}

static int mailbox_fasync(int fd, struct file *file, int on)
{
	struct msgpass_port *port = &((struct msgpass_mailbox *)
				      file->private_data)->port;
	int result = 0;

	if (file->f_mode & FMODE_READ)
		result = fasync_helper(fd, file, on, &port->async_readers);
	if (result >= 0 && file->f_mode & FMODE_WRITE) {
		result = fasync_helper(fd, file, on, &port->async_writers);
		/* Leave nothing behind: release calls only if FASYNC is set. */
		if (result < 0 && file->f_mode & FMODE_READ)
			fasync_helper(-1, file, 0, &port->async_readers);
	}
	return result;
}

static ssize_t mailbox_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct msgpass_mailbox *mailbox = iocb->ki_filp->private_data;
	struct msgpass_selection selection = { .room = iov_iter_count(to) };
	struct msgpass_wait wait = {
		.nonblock = iocb->ki_filp->f_flags & O_NONBLOCK ||
			    iocb->ki_flags & IOCB_NOWAIT,
	};
	struct msgpass_message *message;
	ssize_t result;

	spin_lock(&mailbox->port.lock);
	result = msgpass_port_receive(&mailbox->port, &selection, &wait,
				      &message);
	if (result == -EMSGSIZE)
		msgpass_message_put(message);
	if (result)
		return result;
	result = msgpass_message_copy_out(message, to) ?: message->length;
	receive_end(&mailbox->port, false, result < 0 ? result : 0, message);
	return result;
}

/*
 * With the credentials that the file was opened with: whoever writes to a
 * descriptor it was handed lends nothing of its own.
 */
static ssize_t mailbox_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	struct msgpass_wait wait = {
		.nonblock = file->f_flags & O_NONBLOCK ||
			    iocb->ki_flags & IOCB_NOWAIT,
	};
	ssize_t length = iov_iter_count(from);

	return send_message(NULL, file->private_data, from, file, 0, 0,
			    &wait) ?: length;
}

static const struct file_operations mailbox_fops = {
	.owner = THIS_MODULE,
	.release = mailbox_release,
	.read_iter = mailbox_read,
	.write_iter = mailbox_write,
	.unlocked_ioctl = mailbox_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = mailbox_poll,
	.fasync = mailbox_fasync,
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
