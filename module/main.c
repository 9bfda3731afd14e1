// SPDX-License-Identifier: GPL-2.0
/*
 * msgpass - message passing between processes: init and exit
 */
#include <linux/module.h>

#include "account.h"
#include "chardev.h"
#include "crate.h"
#include "debugfs.h"
#include "direct.h"
#include "expiry.h"
#include "mailbox.h"
#include "message.h"
#include "right.h"

static int __init msgpass_init(void)
{
	int error;

	error = msgpass_message_init();
	if (error)
		return error;
	error = msgpass_crate_init();
	if (error)
		goto exit_message;
	error = msgpass_expiry_init();
	if (error)
		goto exit_crate;
	error = msgpass_direct_init();
	if (error)
		goto exit_expiry;
	error = msgpass_mailbox_init();
	if (error)
		goto exit_direct;
	error = msgpass_chardev_init();
	if (error)
		goto exit_mailbox;
	msgpass_debugfs_init();
	return 0;

exit_mailbox:
	msgpass_mailbox_exit();
exit_direct:
	msgpass_direct_exit();
exit_expiry:
	msgpass_expiry_exit();
exit_crate:
	msgpass_crate_exit();
exit_message:
	msgpass_message_exit();
	return error;
}

/*
 * Every open file holds a reference to the module, so no operation is under
 * way; but mailboxes, inboxes and what is queued in them may be left, and
 * processes that exit still tell.
 */
static void __exit msgpass_exit(void)
{
	msgpass_debugfs_exit();
	msgpass_chardev_exit();
	msgpass_mailbox_exit();
	msgpass_direct_exit();
	msgpass_right_exit();
	msgpass_expiry_exit();
	msgpass_right_exit();
	msgpass_account_exit();
	msgpass_crate_exit();
	msgpass_message_exit();
}

module_init(msgpass_init);
module_exit(msgpass_exit);

MODULE_AUTHOR("The msgpass maintainers");
MODULE_DESCRIPTION("Message passing between processes: direct and by mailbox");
MODULE_LICENSE("GPL");
