/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A message too long to be buffered: its bytes go straight from the sender's
 * memory to the receiver's, while the sender waits.
 *
 * The message in the queue holds none of them, but has the flow attached: whose
 * memory, and where in it. The sender holds the first pages ready, which costs
 * it little, as they are its own: until they have been read, but not for longer
 * than a few milliseconds unless somebody reads. All others are got by who reads,
 * in its own context, a few at a time. So what is held does not depend on the
 * length.
 *
 * What has gone through only counts once the reader commits it. The sender may
 * give up at any time, but not while somebody reads: that reader stops at the
 * next batch (if it is not the first piece's), and what it then commits has gone
 * through.
 *
 * Lifetime: the message's.
 *
 * Locking: flow->lock guards the state, and is held for a few instructions.
 */
#ifndef MSGPASS_FLOW_H
#define MSGPASS_FLOW_H

#include <linux/spinlock.h>
#include <linux/uio.h>

#include "keeper.h"
#include "message.h"
#include "waiter.h"

struct msgpass_port;

struct msgpass_flow {
	struct msgpass_attachment attachment;
	u64 length;				/* const */
	struct msgpass_account *account;	/* reference held; const */

	spinlock_t lock;			/* see above */

	/* lock */
	struct mm_struct *mm;			/* grabbed; NULL once over */
	u64 done;				/* bytes that went through */
	unsigned int readers;
	struct msgpass_pages *held;		/* const while it is read */
	/* These two may be read without. */
	bool stop;				/* the sender wants to leave */
	bool over;
	int error;				/* why, if nothing went through */
	struct msgpass_waiter *sender;		/* NULL: not waiting here */

	/* The sender's, for it alone. */
	struct msgpass_keeper *keeper;		/* const */
	bool kept;				/* it had the pages */

	unsigned int count;			/* const */
	struct iovec segments[];		/* const */
};

/*
 * From @count segments of the caller's memory, of @length bytes in all, to a
 * message made with stamp->extra and no bytes of its own. @keeper: the caller's.
 */
int msgpass_flow_attach(struct msgpass_message *message,
			const struct iovec *segments, unsigned int count,
			u64 length, struct msgpass_keeper *keeper);
/* NULL if the message is none. */
struct msgpass_flow *msgpass_flow_of(const struct msgpass_message *message);
/* The sender's, before it sleeps; and when it has slept for long. */
void msgpass_flow_hold(struct msgpass_message *message);
void msgpass_flow_let_go(struct msgpass_message *message);
/* The sender's, after all: its next flow may come from the same memory. */
void msgpass_flow_note(struct msgpass_flow *flow);

/*
 * A receiver's: begin, read, end. -EPIPE if the flow is over. A read returns
 * how many bytes of those at @offset it wrote to @to, fewer than asked for if
 * the sender is gone or its memory can't be read; -EFAULT if @to can't be
 * written. To end with @finish is to want no more.
 */
int msgpass_flow_begin(struct msgpass_flow *flow);
ssize_t msgpass_flow_read(struct msgpass_flow *flow, u64 offset,
			  struct iov_iter *to);
void msgpass_flow_end(struct msgpass_flow *flow, u64 through, bool finish);
/* The receiver leaves. */
void msgpass_flow_abandon(struct msgpass_flow *flow);

/*
 * The sender's, once the first piece was received, or if it was not: @error is
 * why. Waits for the end: how many bytes went through, or the error if none.
 * @port is where it was sent.
 */
int msgpass_flow_wait(struct msgpass_flow *flow,
		      const struct msgpass_port *port,
		      struct msgpass_wait *wait, int error, u64 *through);
/* The sender, if it waits so; by @seen->port. False if @visit has seen enough. */
bool msgpass_flow_visit_sender(struct msgpass_flow *flow,
			       struct msgpass_wait_seen *seen,
			       msgpass_wait_visit *visit, void *context);

#endif
