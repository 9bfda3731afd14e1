/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device and what its files can do: file operations, the tables of
 * ioctls, and the one place that copies their arguments in and out.
 *
 * A device file remembers the inbox of the process that opened it, for poll
 * and O_ASYNC; everything else acts for the calling process.
 */
#ifndef MSGPASS_CHARDEV_H
#define MSGPASS_CHARDEV_H

int msgpass_chardev_init(void);
void msgpass_chardev_exit(void);

#endif
