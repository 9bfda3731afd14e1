/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receipts: a message in the sender's own inbox that tells what became of one
 * that it sent.
 *
 * It is allocated, and paid for, with the send, so that it can't fail to come,
 * and stands in a queue of the inbox that no capacity bounds. One that is due
 * after the sending process got other credentials by exec is not delivered.
 *
 * Lifetime: attached to the message it is about; it keeps the sender's inbox.
 */
#ifndef MSGPASS_RECEIPT_H
#define MSGPASS_RECEIPT_H

#include "direct.h"

/*
 * @message, made with stamp->extra, is about to be sent to the inbox of peer
 * @to, or to a mailbox if that is 0. @stamp is that of the message.
 */
int msgpass_receipt_attach(struct msgpass_message *message,
			   const struct msgpass_stamp *stamp,
			   struct msgpass_inbox *sender, u64 to, u64 cookie);

/*
 * The calling process, which has claimed @message, may receive it: a receipt
 * will name it. -ENOMEM.
 */
int msgpass_receipt_prepare(const struct msgpass_message *message);

#endif
