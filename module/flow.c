// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "account.h"
#include "compat.h"
#include "flow.h"

#define BATCH_PAGES	16

static size_t flow_size(unsigned int count)
{
	return struct_size((struct msgpass_flow *)NULL, segments, count);
}

static struct msgpass_flow *flow_of(struct msgpass_attachment *attachment)
{
	return container_of(attachment, struct msgpass_flow, attachment);
}

static void flow_freed(struct msgpass_attachment *attachment)
{
	struct msgpass_flow *flow = flow_of(attachment);

	/* Its sender has waited until it was over: flow->mm is dropped. */
	msgpass_account_close(flow->account, flow_size(flow->count));
	kvfree(flow);
}

static const struct msgpass_attachment_ops flow_ops = {
	.freed = flow_freed,
};

int msgpass_flow_attach(struct msgpass_message *message,
			const struct iovec *segments, unsigned int count,
			u64 length)
{
	struct msgpass_account *account;
	struct msgpass_flow *flow;
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!access_ok(segments[i].iov_base, segments[i].iov_len))
			return -EFAULT;
	account = msgpass_account_open(current_cred(), flow_size(count));
	if (IS_ERR(account))
		return PTR_ERR(account);
	flow = kvzalloc(flow_size(count), GFP_KERNEL_ACCOUNT);
	if (!flow) {
		msgpass_account_close(account, flow_size(count));
		return -ENOMEM;
	}
	flow->attachment.ops = &flow_ops;
	flow->account = account;
	flow->mm = current->mm;
	mmgrab(flow->mm);
	flow->length = length;
	spin_lock_init(&flow->lock);
	flow->count = count;
	memcpy(flow->segments, segments, count * sizeof(segments[0]));
	msgpass_message_attach(message, MSGPASS_ATTACHED_FLOW,
			       &flow->attachment);
	msgpass_message_set_length(message, length);
	return 0;
}

struct msgpass_flow *msgpass_flow_of(const struct msgpass_message *message)
{
	struct msgpass_attachment *attachment =
		msgpass_message_attachment(message, MSGPASS_ATTACHED_FLOW);

	return attachment ? flow_of(attachment) : NULL;
}

/* With the lock held: the sender, if it waits, learns that it may go. */
static void tell_sender(struct msgpass_flow *flow, struct msgpass_wakes *wakes)
{
	lockdep_assert_held(&flow->lock);
	if (!flow->sender || flow->readers || !(flow->over || flow->stop))
		return;
	msgpass_waiter_complete(flow->sender, 0, wakes);
	flow->sender = NULL;
}

/*
 * With the lock held: the address space if nobody will read it any more, to be
 * dropped. A message that is read in pieces may stay for long after that.
 */
static struct mm_struct *take_mm(struct msgpass_flow *flow)
{
	struct mm_struct *mm = NULL;

	lockdep_assert_held(&flow->lock);
	if (flow->over && !flow->readers)
		swap(mm, flow->mm);
	return mm;
}

static void drop_mm(struct mm_struct *mm)
{
	if (mm)
		mmdrop(mm);
}

int msgpass_flow_begin(struct msgpass_flow *flow)
{
	int error = 0;

	spin_lock(&flow->lock);
	if (flow->over || flow->stop)
		error = -EPIPE;
	else
		flow->readers++;
	spin_unlock(&flow->lock);
	return error;
}

void msgpass_flow_end(struct msgpass_flow *flow, u64 through, bool finish)
{
	struct msgpass_wakes wakes = {};
	struct mm_struct *mm;

	spin_lock(&flow->lock);
	flow->readers--;
	flow->done += through;
	if (finish || flow->error || flow->done == flow->length)
		WRITE_ONCE(flow->over, true);
	tell_sender(flow, &wakes);
	mm = take_mm(flow);
	spin_unlock(&flow->lock);
	msgpass_wake_tasks(&wakes);
	drop_mm(mm);
}

void msgpass_flow_abandon(struct msgpass_flow *flow)
{
	struct msgpass_wakes wakes = {};
	struct mm_struct *mm;

	spin_lock(&flow->lock);
	WRITE_ONCE(flow->over, true);
	tell_sender(flow, &wakes);
	mm = take_mm(flow);
	spin_unlock(&flow->lock);
	msgpass_wake_tasks(&wakes);
	drop_mm(mm);
}

/* The sender's memory can't be read: it shall know. */
static void note_fault(struct msgpass_flow *flow, int error)
{
	spin_lock(&flow->lock);
	flow->error = error;
	spin_unlock(&flow->lock);
}

/*
 * The address of byte @offset, and how many are there from it on. There are:
 * @offset is below flow->length, which is that of all segments.
 */
static unsigned long find_bytes(const struct msgpass_flow *flow, u64 offset,
				size_t *count)
{
	const struct iovec *segment = flow->segments;

	while (offset >= segment->iov_len)
		offset -= segment++->iov_len;
	*count = segment->iov_len - offset;
	return (unsigned long)segment->iov_base + offset;
}

/* Pins pages of the sender's, who may be gone; how many, or an error. */
static long pin_batch(struct msgpass_flow *flow, unsigned long address,
		      unsigned long count, struct page **pages)
{
	struct mm_struct *mm = flow->mm;
	long pinned = -EINTR;
	int locked = 1;

	if (!mmget_not_zero(mm))
		return -EPIPE;
	if (!mmap_read_lock_killable(mm)) {
		/* It may unlock, and then waits for a page killably. */
		pinned = msgpass_pin_pages(mm, address, count, pages, &locked);
		if (locked)
			mmap_read_unlock(mm);
	}
	mmput(mm);
	return pinned;
}

static size_t copy_batch(struct page **pages, long pinned, size_t offset,
			 size_t count, struct iov_iter *to)
{
	size_t copied = 0;
	long i;

	for (i = 0; i < pinned && copied < count; i++) {
		size_t bytes = min_t(size_t, count - copied,
				     PAGE_SIZE - offset);
		size_t written = copy_page_to_iter(pages[i], offset, bytes, to);

		copied += written;
		if (written < bytes)
			break;
		offset = 0;
	}
	return copied;
}

/* Some of the bytes at @offset: how many, 0 if there are none to be had. */
static ssize_t read_batch(struct msgpass_flow *flow, u64 offset,
			  struct iov_iter *to)
{
	struct page *pages[BATCH_PAGES];
	unsigned long address;
	size_t count, copied;
	long pinned;

	address = find_bytes(flow, offset, &count);
	count = min3(count, iov_iter_count(to),
		     BATCH_PAGES * PAGE_SIZE - offset_in_page(address));
	pinned = pin_batch(flow, address & PAGE_MASK,
			   DIV_ROUND_UP(offset_in_page(address) + count,
					PAGE_SIZE), pages);
	if (pinned <= 0) {
		if (pinned == -ENOMEM)
			note_fault(flow, -ENOMEM);
		else if (pinned == -EFAULT || !pinned)
			note_fault(flow, -EFAULT);
		return 0;
	}
	count = min_t(size_t, count,
		      pinned * PAGE_SIZE - offset_in_page(address));
	copied = copy_batch(pages, pinned, offset_in_page(address), count, to);
	unpin_user_pages(pages, pinned);
	return copied == count ? copied : -EFAULT;
}

ssize_t msgpass_flow_read(struct msgpass_flow *flow, u64 offset,
			  struct iov_iter *to)
{
	ssize_t total = 0, copied;

	while (iov_iter_count(to) && offset + total < flow->length &&
	       !READ_ONCE(flow->stop) && !READ_ONCE(flow->over) &&
	       !fatal_signal_pending(current)) {
		copied = read_batch(flow, offset + total, to);
		if (copied < 0)
			return copied;
		if (!copied)
			break;
		total += copied;
		cond_resched();
	}
	return total;
}

/* With the lock held. */
static int flow_result(struct msgpass_flow *flow, int error, u64 *through)
{
	lockdep_assert_held(&flow->lock);
	WRITE_ONCE(flow->over, true);
	flow->sender = NULL;
	*through = flow->done;
	if (flow->done)
		return 0;
	return flow->error ?: error ?: -EPIPE;
}

int msgpass_flow_wait(struct msgpass_flow *flow, struct msgpass_wait *wait,
		      int error, u64 *through)
{
	struct msgpass_waiter self = {};
	struct mm_struct *mm;

	msgpass_waiter_init(&self);
	spin_lock(&flow->lock);
	if (!error && !flow->over) {
		flow->sender = &self;
		spin_unlock(&flow->lock);
		error = msgpass_waiter_sleep(&self, wait);
		spin_lock(&flow->lock);
	}
	if (!self.done && flow->readers) {
		/* It is being read: how far that comes counts. */
		WRITE_ONCE(flow->stop, true);
		flow->sender = &self;
		spin_unlock(&flow->lock);
		msgpass_waiter_sleep_killable(&self);
		spin_lock(&flow->lock);
	}
	error = flow_result(flow, error, through);
	mm = take_mm(flow);
	spin_unlock(&flow->lock);
	drop_mm(mm);
	return error;
}
