/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A message that a process reads in pieces, one it has received the head of.
 *
 * Who reads pays for it, and for the message, which is out of its sender's
 * hands: one that shares its bytes with others is copied.
 *
 * Lifetime: references; the process's table has one until all is read, the
 * rest is skipped, or the process dies. Any thread of the process may read on;
 * a token, never used again, names it.
 *
 * Locking: reading->lock, a mutex, held while a piece is copied: pieces come one
 * after the other. The table has a lock of its own.
 */
#ifndef MSGPASS_READING_H
#define MSGPASS_READING_H

#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/uio.h>
#include <linux/xarray.h>

#include "waiter.h"

struct msgpass_account;
struct msgpass_message;
struct msgpass_port;

struct msgpass_reading {
	refcount_t refs;
	u64 token;				/* const */
	struct msgpass_message *message;	/* reference held; const */
	struct msgpass_account *account;	/* reference held; const */
	struct msgpass_account *payer;		/* until it begins: see .c */
	struct mutex lock;
	u64 offset;				/* lock: of the next piece */
	bool over;				/* lock */
};

void msgpass_reading_init(void);
void msgpass_readings_init(struct xarray *readings);
/* The process is dead. */
void msgpass_readings_exit(struct xarray *readings);

/* One that nobody can find until it is begun, or else discarded. ERR_PTR. */
struct msgpass_reading *msgpass_reading_new(struct xarray *readings,
					    struct msgpass_message *message);
void msgpass_reading_begin(struct xarray *readings,
			   struct msgpass_reading *reading, u64 offset);
void msgpass_reading_discard(struct xarray *readings,
			     struct msgpass_reading *reading);

/* A reference, or NULL. */
struct msgpass_reading *msgpass_reading_find(struct xarray *readings,
					     u64 token);
void msgpass_reading_put(struct msgpass_reading *reading);

/*
 * Writes the next piece to @to, and keeps the lock: how many bytes; -ESRCH if it
 * is over, -EPIPE if its sender left. Then settle that, or restore it.
 */
ssize_t msgpass_reading_take(struct msgpass_reading *reading,
			     struct iov_iter *to);
void msgpass_reading_settle(struct xarray *readings,
			    struct msgpass_reading *reading, u64 count);
void msgpass_reading_restore(struct msgpass_reading *reading);

/* No more of it is wanted, or to be had. */
void msgpass_reading_abandon(struct xarray *readings,
			     struct msgpass_reading *reading);

/* Those whose flows the process of @port is reading. */
void msgpass_readings_visit_waiters(struct xarray *readings,
				    struct msgpass_port *port,
				    msgpass_wait_visit *visit, void *context);

/* Bytes from @offset on: how many fit; fewer only of a flow that ended. */
ssize_t msgpass_reading_copy(const struct msgpass_message *message, u64 offset,
			     struct iov_iter *to);

#endif
