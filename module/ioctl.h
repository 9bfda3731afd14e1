/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The argument of an ioctl as chardev.c has copied it in, and the handlers that
 * are not in chardev.c itself.
 */
#ifndef MSGPASS_IOCTL_H
#define MSGPASS_IOCTL_H

#include <linux/msgpass.h>

struct file;
struct msgpass_mailbox;

/* Any argument, as it was copied in. */
union msgpass_argument {
	u32 size;
	struct msgpass_send send;
	struct msgpass_receive receive;
	struct msgpass_send_batch send_batch;
	struct msgpass_receive_batch receive_batch;
	struct msgpass_call call;
	struct msgpass_reply reply;
	struct msgpass_reply_receive reply_receive;
	struct msgpass_forward forward;
	struct msgpass_request_read request_read;
	struct msgpass_piece_read piece_read;
	struct msgpass_info info;
	struct msgpass_mailbox_open mailbox_open;
	struct msgpass_mailbox_delete mailbox_delete;
	struct msgpass_mailbox_set mailbox_set;
	struct msgpass_mailbox_give mailbox_give;
	struct msgpass_mailbox_accept mailbox_accept;
	struct msgpass_mailbox_stat mailbox_stat;
	struct msgpass_inbox_set inbox_set;
	struct msgpass_inbox_stat inbox_stat;
	struct msgpass_link_stat link_stat;
	struct msgpass_wait_list wait_list;
};

/*
 * The mailbox file's, which takes no name, or the one of that name: a reference,
 * or ERR_PTR.
 */
struct msgpass_mailbox *msgpass_addressed_mailbox(struct file *file,
						  const char *name);

/* Of a device's file descriptor and of a mailbox's. */
long msgpass_ioctl(struct file *file, unsigned int command, unsigned long user);

long msgpass_ioctl_send(struct file *file,
			union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_receive(struct file *file,
			   union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_send_batch(struct file *file,
			      union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_receive_batch(struct file *file,
				 union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_mailbox_open(struct file *file,
				union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_mailbox_next(struct file *file,
				union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_mailbox_stat(struct file *file,
				union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_mailbox_set(struct file *file,
			       union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_mailbox_delete(struct file *file,
				  union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_mailbox_give(struct file *file,
				union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_mailbox_accept(struct file *file,
				  union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_call(struct file *file,
			union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_reply(struct file *file,
			 union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_reply_receive(struct file *file,
				 union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_forward(struct file *file,
			   union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_request_read(struct file *file,
				union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_piece_read(struct file *file,
			      union msgpass_argument *argument, void __user *user);
long msgpass_ioctl_wait_list(struct file *file,
			     union msgpass_argument *argument, void __user *user);

#endif
