// SPDX-License-Identifier: GPL-2.0
/*
 * All of the module as one unit, so that the compiler sees across its files:
 * a message passes through some fifty functions, most of them short. The same
 * as kernel/sched/build_policy.c. Kbuild has it take what nobody else calls as
 * static, which is all but these two.
 */
#include <linux/compiler.h>
#include <linux/module.h>

__visible typeof(init_module) init_module;
__visible typeof(cleanup_module) cleanup_module;

#include "account.c"
#include "attributes.c"
#include "broadcast.c"
#include "bulk.c"
#include "call.c"
#include "chardev.c"
#include "crate.c"
#include "deadlock.c"
#include "debugfs.c"
#include "direct.c"
#include "expiry.c"
#include "files.c"
#include "flow.c"
#include "handoff.c"
#include "index.c"
#include "ioctl_batch.c"
#include "ioctl_call.c"
#include "ioctl_mailbox.c"
#include "ioctl_message.c"
#include "ioctl_piece.c"
#include "ioctl_wait.c"
#include "keeper.c"
#include "limits.c"
#include "mailbox.c"
#include "mailbox_file.c"
#include "message.c"
#include "peer.c"
#include "port.c"
#include "reading.c"
#include "receipt.c"
#include "right.c"
#include "selection.c"
#include "tally.c"
#include "trace.c"
#include "transfer.c"
#include "waiter.c"
#include "waits.c"
#include "words.c"
#include "main.c"
