/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Several messages of a batch at once, as long as they are plain: what they
 * have in common is found, locked, charged and woken for once. What is not
 * moved so goes by itself, which tells why if it can't.
 */
#ifndef MSGPASS_BULK_H
#define MSGPASS_BULK_H

#include <linux/msgpass.h>

#include "message.h"

struct msgpass_port;
struct msgpass_selection;

/* Where a message is received. */
struct msgpass_place {
	u64 data;				/* a pointer to user memory */
	u64 length;
};

/* What an ioctl works with. */
struct msgpass_bulk {
	struct msgpass_message *messages[MSGPASS_BULK];
	union {
		struct msgpass_content contents[MSGPASS_BULK];
		struct {
			struct msgpass_place places[MSGPASS_BULK];
			size_t rooms[MSGPASS_BULK];
		};
	};
};

int msgpass_bulk_init(void);
void msgpass_bulk_exit(void);

/* NULL: there is no memory, and all goes one by one. */
struct msgpass_bulk *msgpass_bulk_get(void);
void msgpass_bulk_put(struct msgpass_bulk *bulk);

/* The first of up to @count to send into bulk->messages: how many. */
unsigned int msgpass_bulk_make(struct msgpass_bulk *bulk,
			       const struct msgpass_send_element __user *elements,
			       unsigned int count, size_t longest,
			       const struct msgpass_stamp *stamp);

/* Receives up to @count that are there: how many. */
unsigned int
msgpass_bulk_receive(struct msgpass_bulk *bulk, struct msgpass_port *port,
		     const struct msgpass_selection *selection,
		     struct msgpass_receive_element __user *elements,
		     unsigned int count);

#endif
