/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations of a worker: each begins a record, calls the kernel and ends the record. They
 * return what the ioctl does, or -errno; -ENOSPC if there is no room for more records.
 */
#ifndef ACT_H
#define ACT_H

#include "worker.h"

/* How to do it. */
struct manner {
	uint32_t flags;
	uint64_t deadline;
	uint64_t lifetime;
	uint32_t type;
	uint32_t priority;
	uint32_t length; /* to send, or room to receive */
	uint16_t from;	 /* receive from that process */
	bool bad;	 /* into a buffer that is none */
	bool closing;
};

int act_send(struct worker *worker, const struct place *to, const struct manner *manner);
/* *@owed gets the token of a call. */
int act_receive(struct worker *worker, const struct place *from, const struct manner *manner,
		struct owed *owed);
int act_call(struct worker *worker, const struct place *to, const struct manner *manner);
int act_reply(struct worker *worker, const struct owed *owed, uint32_t length);
int act_give_up(struct worker *worker, const struct owed *owed);
int act_forward(struct worker *worker, const struct owed *owed, const struct place *to,
		const struct manner *manner);
int act_set(struct worker *worker, const struct place *box, uint64_t capacity);
int act_delete(struct worker *worker, const struct place *box);

#endif
