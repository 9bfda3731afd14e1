/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables of all mailboxes, inboxes and links with what they have counted, and of
 * all who wait there, for root to read in /sys/kernel/debug/msgpass. They are
 * those of the reader's namespaces, as the ioctls list them.
 */
#ifndef MSGPASS_DEBUGFS_H
#define MSGPASS_DEBUGFS_H

void msgpass_debugfs_init(void);
void msgpass_debugfs_exit(void);

#endif
