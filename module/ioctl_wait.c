// SPDX-License-Identifier: GPL-2.0
/* The ioctl that lists who waits. */
#include <linux/fs.h>
#include <linux/uaccess.h>

#include "direct.h"
#include "ioctl.h"
#include "mailbox.h"
#include "mailbox_file.h"
#include "waits.h"

static int look_at_mailbox(struct file *file,
			   const struct msgpass_wait_list *list,
			   struct msgpass_waits *waits)
{
	struct msgpass_mailbox *mailbox;
	bool gone;

	if (list->flags || list->process)
		return -EINVAL;
	mailbox = msgpass_addressed_mailbox(file, list->name);
	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	gone = READ_ONCE(mailbox->deleted);
	if (!gone)
		msgpass_waits_at_mailbox(waits, mailbox);
	msgpass_mailbox_put(mailbox);
	if (gone)
		return msgpass_file_right(file) ? -EPIPE : -ENOENT;
	return 0;
}

static int look_at_inbox(const struct msgpass_wait_list *list,
			 struct msgpass_waits *waits)
{
	struct msgpass_inbox *inbox =
		msgpass_inbox_to_look_at(list->process,
					 list->flags & MSGPASS_PEER);

	if (IS_ERR(inbox))
		return PTR_ERR(inbox);
	msgpass_waits_at_inbox(waits, inbox);
	msgpass_inbox_put(inbox);
	return 0;
}

/* Those that the caller may see: how many, or -EFAULT. */
static long waits_copy_out(struct msgpass_waits *waits, u64 user)
{
	struct msgpass_wait_element __user *to = u64_to_user_ptr(user);
	struct msgpass_wait_element element;
	long count = 0;

	while (msgpass_waits_show(waits, &element)) {
		if (copy_to_user(to + count, &element, sizeof(element)))
			return -EFAULT;
		count++;
	}
	return count;
}

long msgpass_ioctl_wait_list(struct file *file,
			     union msgpass_argument *argument, void __user *user)
{
	struct msgpass_wait_list *list = &argument->wait_list;
	struct msgpass_waits *waits;
	long result;

	if (list->flags & ~MSGPASS_PEER || list->reserved || !list->count)
		return -EINVAL;
	waits = msgpass_waits_new(list->first, list->count);
	if (!waits)
		return -ENOMEM;
	if (msgpass_file_right(file) || list->name[0])
		result = look_at_mailbox(file, list, waits);
	else
		result = look_at_inbox(list, waits);
	if (!result)
		result = waits_copy_out(waits, list->elements);
	list->out_next = msgpass_waits_next(waits);
	list->out_time = waits->now;
	msgpass_waits_free(waits);
	return result;
}
