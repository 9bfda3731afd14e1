/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages that are dropped when they have waited too long.
 *
 * A timer does it, in process context, so that place and memory are free and
 * the sender is told although nobody receives. A receive that is quicker than
 * the timer drops the message itself: none is received after its time.
 *
 * Lifetime: the message has it attached; a timer that is pending has a
 * reference to the message and one to the port.
 */
#ifndef MSGPASS_EXPIRY_H
#define MSGPASS_EXPIRY_H

#include "port.h"

int msgpass_expiry_init(void);
/* Once nothing is queued any more. */
void msgpass_expiry_exit(void);

/*
 * @message, made with stamp->extra, will wait for @lifetime nanoseconds and no
 * longer, from when it is accepted. @cred pays.
 */
int msgpass_expiry_attach(struct msgpass_message *message,
			  const struct cred *cred, u64 lifetime);

#endif
