/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program that was just executed finds: helper_exec writes it to the file descriptor
 * whose number is its argument. With a second one, it reads a byte from there before it looks.
 */
#ifndef HELPER_EXEC_H
#define HELPER_EXEC_H

#include <stdint.h>
#include <sys/types.h>
#include <linux/msgpass.h>

struct exec_report {
	uid_t euid;
	int stat_error;		/* errno of asking for its own inbox */
	struct msgpass_inbox_stat stat;
	uint64_t peer;
	int receive_error;	/* errno of receiving one number without waiting */
	uint32_t number;
};

#endif
