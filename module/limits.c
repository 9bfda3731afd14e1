// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "limits.h"

unsigned int msgpass_message_max = SZ_1M;
unsigned int msgpass_capacity_default = 256;
unsigned int msgpass_capacity_max = SZ_1M;
unsigned int msgpass_mailboxes_max = 262144;
unsigned long msgpass_user_bytes = SZ_64M;
unsigned int msgpass_spin_ns = 50000;

static int set_message_max(const char *value, const struct kernel_param *kp)
{
	/* One message is one kvmalloc(), which refuses more than INT_MAX. */
	return param_set_uint_minmax(value, kp, 0, SZ_1G);
}

static const struct kernel_param_ops message_max_ops = {
	.set = set_message_max,
	.get = param_get_uint,
};

static int set_capacity(const char *value, const struct kernel_param *kp)
{
	return param_set_uint_minmax(value, kp, 1, UINT_MAX);
}

static const struct kernel_param_ops capacity_ops = {
	.set = set_capacity,
	.get = param_get_uint,
};

module_param_cb(message_max, &message_max_ops, &msgpass_message_max, 0644);
MODULE_PARM_DESC(message_max, "longest message, in bytes (default 1 MiB)");

module_param_cb(capacity_default, &capacity_ops, &msgpass_capacity_default,
		0644);
MODULE_PARM_DESC(capacity_default,
		 "messages that a new mailbox, or each link of a new inbox, holds (default 256)");

module_param_cb(capacity_max, &capacity_ops, &msgpass_capacity_max, 0644);
MODULE_PARM_DESC(capacity_max,
		 "messages that a link or mailbox may be set to hold, unless unlimited (default 1048576)");

module_param_named(mailboxes_max, msgpass_mailboxes_max, uint, 0644);
MODULE_PARM_DESC(mailboxes_max,
		 "named mailboxes in one network namespace (default 262144)");

module_param_named(user_bytes, msgpass_user_bytes, ulong, 0644);
MODULE_PARM_DESC(user_bytes,
		 "kernel memory in bytes that one user may hold without CAP_SYS_RESOURCE (default 64 MiB)");

module_param_named(spin_ns, msgpass_spin_ns, uint, 0644);
MODULE_PARM_DESC(spin_ns,
		 "nanoseconds for which a wait that was asked to spins before it sleeps (default 50000)");
