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

/*
 * The first of up to @count to send into @messages, which are MSGPASS_BULK: how
 * many.
 */
unsigned int msgpass_bulk_make(struct msgpass_message **messages,
			       const struct msgpass_send_element __user *elements,
			       unsigned int count, size_t longest,
			       const struct msgpass_stamp *stamp);

/* Receives up to @count that are there: how many. */
unsigned int
msgpass_bulk_receive(struct msgpass_port *port,
		     const struct msgpass_selection *selection,
		     struct msgpass_receive_element __user *elements,
		     unsigned int count);

#endif
