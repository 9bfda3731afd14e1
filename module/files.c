// SPDX-License-Identifier: GPL-2.0
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/msgpass.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/sock.h>

#include "account.h"
#include "compat.h"
#include "files.h"
#include "mailbox_file.h"
#include "right.h"

/* What an open file may cost the kernel that its owner can't close. */
#define FILE_CHARGE	4096

/* One of the two. */
struct item {
	struct file *file;			/* reference held */
	struct msgpass_carried carried;
	unsigned int flags;			/* of a mailbox's file */
};

struct msgpass_files {
	struct msgpass_attachment attachment;
	struct msgpass_account *account;	/* reference held */
	unsigned int count;
	struct item items[];
};

static size_t files_charge(unsigned int count)
{
	return struct_size((struct msgpass_files *)NULL, items, count) +
	       count * FILE_CHARGE;
}

static void item_put(struct item *item)
{
	if (item->file)
		fput(item->file);
	else if (item->carried.right)
		msgpass_right_uncarry(&item->carried);
}

void msgpass_files_put(struct msgpass_files *files)
{
	unsigned int i;

	for (i = 0; i < files->count; i++)
		item_put(&files->items[i]);
	msgpass_account_close(files->account, files_charge(files->count));
	kfree(files);
}

static bool is_unix_socket(struct file *file)
{
	struct socket *socket = sock_from_file(file);

	return socket && socket->ops && socket->ops->family == PF_UNIX;
}

/* It has no mark that a module could see but its name. */
static bool is_io_uring(const struct file *file)
{
	return file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       !strcmp(file->f_path.dentry->d_name.name, "[io_uring]");
}

static int item_get(struct item *item, int fd)
{
	struct msgpass_right *right;
	struct file *file = fget_raw(fd);
	int error = 0;

	if (!file)
		return -EBADF;
	right = msgpass_file_right(file);
	if (right) {
		refcount_inc(&right->refs);
		item->carried.right = right;
		item->flags = file->f_flags & O_NONBLOCK;
	} else if (is_unix_socket(file) || is_io_uring(file) ||
		   file->f_op->owner == THIS_MODULE) {
		error = -EOPNOTSUPP;
	} else {
		item->file = file;
		return 0;
	}
	fput(file);
	return error;
}

static struct msgpass_files *files_alloc(u32 count, const struct cred *cred)
{
	struct msgpass_account *account;
	struct msgpass_files *files;

	account = msgpass_account_open(cred, files_charge(count));
	if (IS_ERR(account))
		return ERR_CAST(account);
	files = kzalloc(struct_size(files, items, count), GFP_KERNEL_ACCOUNT);
	if (!files) {
		msgpass_account_close(account, files_charge(count));
		return ERR_PTR(-ENOMEM);
	}
	files->account = account;
	files->count = count;
	return files;
}

struct msgpass_files *msgpass_files_get(u64 fds, u32 count,
					const struct cred *cred)
{
	s32 numbers[MSGPASS_FDS_MAX];
	struct msgpass_files *files;
	int error;
	u32 i;

	if (count > MSGPASS_FDS_MAX)
		return ERR_PTR(-EINVAL);
	if (copy_from_user(numbers, u64_to_user_ptr(fds),
			   count * sizeof(numbers[0])))
		return ERR_PTR(-EFAULT);
	files = files_alloc(count, cred);
	if (IS_ERR(files))
		return files;
	for (i = 0; i < count; i++) {
		error = item_get(&files->items[i], numbers[i]);
		if (error) {
			msgpass_files_put(files);
			return ERR_PTR(error);
		}
	}
	return files;
}

static struct msgpass_files *files_of(struct msgpass_attachment *attachment)
{
	return container_of(attachment, struct msgpass_files, attachment);
}

static void files_freed(struct msgpass_attachment *attachment)
{
	msgpass_files_put(files_of(attachment));
}

static const struct msgpass_attachment_ops files_ops = {
	.freed = files_freed,
};

/* A socket keeps its network namespace. */
static bool keeps_alive(struct file *file, const struct msgpass_mailbox *carrier)
{
	struct socket *socket = sock_from_file(file);

	return socket && socket->sk &&
	       msgpass_mailbox_goes_with(carrier, sock_net(socket->sk));
}

static int item_carry(struct item *item, struct msgpass_mailbox *carrier)
{
	if (item->carried.right)
		return msgpass_right_carry(&item->carried, carrier);
	if (carrier && keeps_alive(item->file, carrier))
		return -ELOOP;
	return 0;
}

int msgpass_files_attach(struct msgpass_message *message,
			 struct msgpass_files *files,
			 struct msgpass_mailbox *carrier)
{
	unsigned int i;
	int error;

	files->attachment.ops = &files_ops;
	msgpass_message_attach(message, MSGPASS_ATTACHED_FILES,
			       &files->attachment);
	msgpass_message_set_fds(message, files->count);
	for (i = 0; i < files->count; i++) {
		error = item_carry(&files->items[i], carrier);
		if (error)
			return error;
	}
	return 0;
}

static int install(const struct item *item)
{
	struct file *file = item->file;
	int fd;

	if (file)
		return msgpass_receive_fd(file, O_CLOEXEC);
	file = msgpass_mailbox_file_new(item->carried.right, item->flags);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = msgpass_receive_fd(file, O_CLOEXEC);
	fput(file);
	return fd;
}

/* Its array is not to weigh on those who have none. */
static noinline int install_all(struct msgpass_files *files, u64 fds, u32 room)
{
	u32 count = min(files->count, room), done;
	s32 numbers[MSGPASS_FDS_MAX];
	int error = 0;

	for (done = 0; done < count; done++) {
		numbers[done] = install(&files->items[done]);
		error = min(numbers[done], 0);
		if (error)
			goto uninstall;
	}
	if (copy_to_user(u64_to_user_ptr(fds), numbers,
			 count * sizeof(numbers[0]))) {
		error = -EFAULT;
		goto uninstall;
	}
	return 0;

uninstall:
	while (done--)
		close_fd(numbers[done]);
	return error;
}

int msgpass_files_install(const struct msgpass_message *message, u64 fds,
			  u32 room)
{
	struct msgpass_attachment *attachment =
		msgpass_message_attachment(msgpass_message_body(message),
					   MSGPASS_ATTACHED_FILES);

	return attachment ? install_all(files_of(attachment), fds, room) : 0;
}

void msgpass_files_release(struct msgpass_message *message)
{
	struct msgpass_attachment *attachment;

	if (message->hollow)
		return;
	attachment = msgpass_message_attachment(message,
						MSGPASS_ATTACHED_FILES);
	if (!attachment)
		return;
	msgpass_message_attach(message, MSGPASS_ATTACHED_FILES, NULL);
	msgpass_files_put(files_of(attachment));
}
