// SPDX-License-Identifier: GPL-2.0
#include <linux/fault-inject-usercopy.h>
#include <linux/instrumented.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "account.h"
#include "compat.h"
#include "flow.h"
#include "port.h"
#include "trace.h"

/* Most pages held at a time: by who reads, and by who sends. */
#define BATCH_PAGES	16
#define HELD_PAGES	512UL
/* Then the reader looks whether it shall stop. */
#define MOST_AT_ONCE	((size_t)SZ_256K)

static size_t flow_size(unsigned int count)
{
	return struct_size((struct msgpass_flow *)NULL, segments, count);
}

static struct msgpass_flow *flow_of(struct msgpass_attachment *attachment)
{
	return container_of(attachment, struct msgpass_flow, attachment);
}

/* What nobody will read any more, to be dropped without the lock. */
struct leavings {
	struct mm_struct *mm;
	struct msgpass_pages *pages;
};

/*
 * With the lock held. The address space goes before the flow does: a message
 * that is read in pieces may stay for long after it.
 */
static struct leavings take_leavings(struct msgpass_flow *flow)
{
	struct leavings leavings = {};

	lockdep_assert_held(&flow->lock);
	if (flow->readers)
		return leavings;
	swap(leavings.pages, flow->held);
	if (flow->over)
		swap(leavings.mm, flow->mm);
	return leavings;
}

static void drop(const struct leavings *leavings)
{
	msgpass_pages_put(leavings->pages);
	if (leavings->mm)
		mmdrop(leavings->mm);
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
			u64 length, struct msgpass_keeper *keeper)
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
	flow->keeper = keeper;
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
	struct leavings leavings;

	spin_lock(&flow->lock);
	flow->readers--;
	flow->done += through;
	if (finish || flow->error || flow->done == flow->length)
		WRITE_ONCE(flow->over, true);
	tell_sender(flow, &wakes);
	leavings = take_leavings(flow);
	spin_unlock(&flow->lock);
	msgpass_wake_tasks(&wakes);
	drop(&leavings);
}

void msgpass_flow_abandon(struct msgpass_flow *flow)
{
	struct msgpass_wakes wakes = {};
	struct leavings leavings;

	spin_lock(&flow->lock);
	WRITE_ONCE(flow->over, true);
	tell_sender(flow, &wakes);
	leavings = take_leavings(flow);
	spin_unlock(&flow->lock);
	msgpass_wake_tasks(&wakes);
	drop(&leavings);
}

/* The sender's memory can't be read: it shall know. */
static void note_fault(struct msgpass_flow *flow, int error)
{
	spin_lock(&flow->lock);
	flow->error = error;
	spin_unlock(&flow->lock);
}

/* How many pages are to be held: the first that its bytes lie in. */
static unsigned long pages_to_hold(const struct msgpass_flow *flow)
{
	const struct iovec *segment = flow->segments;
	unsigned long count = 0;
	unsigned int i;

	for (i = 0; i < flow->count && count < HELD_PAGES; i++, segment++)
		count += msgpass_pages_spanned((unsigned long)segment->iov_base,
					       segment->iov_len);
	return min(count, HELD_PAGES);
}

static unsigned long first_page(const struct msgpass_flow *flow)
{
	return (unsigned long)flow->segments[0].iov_base & PAGE_MASK;
}

void msgpass_flow_hold(struct msgpass_message *message)
{
	struct msgpass_flow *flow = msgpass_flow_of(message);
	unsigned long count = pages_to_hold(flow);
	struct msgpass_pages *pages = NULL;

	if (flow->count == 1)
		pages = msgpass_keeper_get(flow->keeper, first_page(flow),
					   count);
	flow->kept = pages;
	if (!pages)
		pages = msgpass_pages_find(flow->segments, count);
	spin_lock(&flow->lock);
	/* Else whoever was there at once gets them itself. */
	if (!flow->readers && !flow->over)
		swap(flow->held, pages);
	spin_unlock(&flow->lock);
	msgpass_pages_put(pages);
}

void msgpass_flow_note(struct msgpass_flow *flow)
{
	if (flow->count == 1 && !flow->kept)
		msgpass_keeper_note(flow->keeper, first_page(flow),
				    pages_to_hold(flow));
}

void msgpass_flow_let_go(struct msgpass_message *message)
{
	struct msgpass_flow *flow = msgpass_flow_of(message);
	struct leavings leavings;

	spin_lock(&flow->lock);
	leavings = take_leavings(flow);
	spin_unlock(&flow->lock);
	drop(&leavings);
}

/* Where some of a flow's bytes are. */
struct place {
	unsigned long address;
	size_t count;		/* of bytes from there on */
	unsigned long page;	/* the number of the first of its pages */
};

/*
 * Of byte @offset. There is one: @offset is below flow->length, which is that of
 * all segments.
 */
static struct place find_bytes(const struct msgpass_flow *flow, u64 offset)
{
	const struct iovec *segment = flow->segments;
	unsigned long start = (unsigned long)segment->iov_base;
	struct place place = {};

	while (offset >= segment->iov_len) {
		place.page += msgpass_pages_spanned(start, segment->iov_len);
		offset -= segment++->iov_len;
		start = (unsigned long)segment->iov_base;
	}
	place.address = start + offset;
	place.count = segment->iov_len - offset;
	place.page += (offset_in_page(start) + offset) >> PAGE_SHIFT;
	return place;
}

/* References to pages of the sender's, who may be gone; how many, or an error. */
static long get_remote(struct msgpass_flow *flow, unsigned long address,
		       unsigned long count, struct page **pages)
{
	struct mm_struct *mm = flow->mm;
	long got = -EINTR;
	int locked = 1;

	if (!mmget_not_zero(mm))
		return -EPIPE;
	if (!mmap_read_lock_killable(mm)) {
		/* It may unlock, and then waits for a page killably. */
		got = msgpass_get_pages(mm, address, count, pages, &locked);
		if (locked)
			mmap_read_unlock(mm);
	}
	mmput(mm);
	return got;
}

/*
 * To @user, which has been checked, or to @to: how many. Neither is by
 * copy_to_user() or copy_to_iter(), for which a folio is one object; and the
 * iterator takes its time for each of many small copies.
 */
static size_t copy_run(const char *from, size_t count, char __user *user,
		       struct iov_iter *to)
{
	if (!user)
		return _copy_to_iter(from, count, to);
	if (should_fail_usercopy())
		return 0;
	instrument_copy_to_user(user, from, count);
	return count - raw_copy_to_user(user, from, count);
}

/* From @offset in these pages on: those which lie side by side are one copy. */
static size_t copy_pages(struct page **pages, size_t offset, size_t count,
			 struct iov_iter *to)
{
	char __user *user = iter_is_ubuf(to) ? to->ubuf + to->iov_offset : NULL;
	size_t copied = 0, bytes, written;
	const char *from;

	might_fault();
	if (user && !access_ok(user, count))
		return 0;
	while (copied < count) {
		from = page_address(*pages++) + offset;
		bytes = PAGE_SIZE - offset;
		while (bytes < count - copied &&
		       page_address(*pages) == from + bytes) {
			bytes += PAGE_SIZE;
			pages++;
		}
		bytes = min(bytes, count - copied);
		written = copy_run(from, bytes, user, to);
		copied += written;
		if (written < bytes)
			break;
		if (user)
			user += bytes;
		offset = 0;
	}
	if (user)
		iov_iter_advance(to, copied);
	return copied;
}

/* Some of the bytes at @place: how many, 0 if there are none to be had. */
static ssize_t read_remote(struct msgpass_flow *flow, const struct place *place,
			   struct iov_iter *to)
{
	size_t offset = offset_in_page(place->address);
	struct page *pages[BATCH_PAGES];
	size_t count, copied;
	long got;

	count = min(place->count, BATCH_PAGES * PAGE_SIZE - offset);
	got = get_remote(flow, place->address & PAGE_MASK,
			 msgpass_pages_spanned(place->address, count), pages);
	if (got <= 0) {
		if (got == -ENOMEM)
			note_fault(flow, -ENOMEM);
		else if (got == -EFAULT || !got)
			note_fault(flow, -EFAULT);
		return 0;
	}
	count = min_t(size_t, count, got * PAGE_SIZE - offset);
	copied = copy_pages(pages, offset, count, to);
	while (got)
		put_page(pages[--got]);
	return copied == count ? copied : -EFAULT;
}

/* The same of what the sender holds ready. */
static ssize_t read_held(struct msgpass_flow *flow, const struct place *place,
			 struct iov_iter *to)
{
	size_t offset = offset_in_page(place->address);
	unsigned long there = flow->held->count - place->page;
	size_t count = min(place->count, there * PAGE_SIZE - offset);

	if (copy_pages(flow->held->page + place->page, offset, count, to) !=
	    count)
		return -EFAULT;
	return count;
}

static ssize_t read_some(struct msgpass_flow *flow, u64 offset,
			 struct iov_iter *to)
{
	struct place place = find_bytes(flow, offset);

	place.count = min3(place.count, iov_iter_count(to), MOST_AT_ONCE);
	if (flow->held && place.page < flow->held->count)
		return read_held(flow, &place, to);
	return read_remote(flow, &place, to);
}

ssize_t msgpass_flow_read(struct msgpass_flow *flow, u64 offset,
			  struct iov_iter *to)
{
	ssize_t total = 0, copied;

	while (iov_iter_count(to) && offset + total < flow->length &&
	       !READ_ONCE(flow->stop) && !READ_ONCE(flow->over) &&
	       !fatal_signal_pending(current)) {
		copied = read_some(flow, offset + total, to);
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

int msgpass_flow_wait(struct msgpass_flow *flow,
		      const struct msgpass_port *port,
		      struct msgpass_wait *wait, int error, u64 *through)
{
	struct msgpass_waiter self = {};
	struct leavings leavings;
	bool waits = false;

	msgpass_waiter_init(&self, MSGPASS_WAIT_FLOW, port->id, wait);
	spin_lock(&flow->lock);
	if (!error && !flow->over) {
		flow->sender = &self;
		trace_wait(&self, wait, port->receiver);
		waits = true;
		spin_unlock(&flow->lock);
		error = msgpass_waiter_sleep(&self, wait);
		spin_lock(&flow->lock);
	}
	if (!msgpass_waiter_is_done(&self) && flow->readers) {
		/* It is being read: how far that comes counts. */
		WRITE_ONCE(flow->stop, true);
		flow->sender = &self;
		if (!waits)
			trace_wait(&self, wait, port->receiver);
		waits = true;
		spin_unlock(&flow->lock);
		msgpass_waiter_sleep_killable(&self);
		spin_lock(&flow->lock);
	}
	if (waits && !msgpass_waiter_is_done(&self))
		trace_cancel(&self, error);
	error = flow_result(flow, error, through);
	leavings = take_leavings(flow);
	spin_unlock(&flow->lock);
	drop(&leavings);
	return error;
}

bool msgpass_flow_visit_sender(struct msgpass_flow *flow,
			       struct msgpass_wait_seen *seen,
			       msgpass_wait_visit *visit, void *context)
{
	bool more = true;

	spin_lock(&flow->lock);
	seen->waiter = flow->sender;
	if (seen->waiter)
		more = visit(context, seen);
	spin_unlock(&flow->lock);
	return more;
}
