/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receipts of what send has sent: was it received, or dropped and why.
 */
#ifndef RECEIPTS_H
#define RECEIPTS_H

#include "sender.h"

/* Both return an exit code, said why if not DONE. */

/* If the command line asks for receipts. */
int receipts_begin(struct sender *sender);

/* Wait for all of them; DROPPED if any tells that a message was. */
int receipts_await(struct sender *sender);

/* Take those that are there, between sends; 0 or a negative errno value. */
int receipts_look(struct sender *sender);

void receipts_end(struct sender *sender);

#endif /* RECEIPTS_H */
