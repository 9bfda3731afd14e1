// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "keeper.h"

static unsigned long find_own(const struct iovec *segment, struct page **pages,
			      unsigned long most)
{
	unsigned long count = 0, wanted, address;
	int got;

	for (; count < most; segment++) {
		address = (unsigned long)segment->iov_base;
		wanted = min(msgpass_pages_spanned(address, segment->iov_len),
			     most - count);
		/* Of no pages it would get many. */
		if (!wanted)
			continue;
		got = get_user_pages_fast_only(address & PAGE_MASK, wanted, 0,
					       pages + count);
		/* Kernels differ in whether it may return an error. */
		if (got <= 0)
			break;
		count += got;
		if ((unsigned long)got < wanted)
			break;
	}
	return count;
}

struct msgpass_pages *msgpass_pages_find(const struct iovec *segments,
					 unsigned long most)
{
	struct msgpass_pages *pages;

	pages = kmalloc(struct_size(pages, page, most), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return NULL;
	refcount_set(&pages->refs, 1);
	pages->start = (unsigned long)segments->iov_base & PAGE_MASK;
	pages->count = find_own(segments, pages->page, most);
	return pages;
}

void msgpass_pages_put(struct msgpass_pages *pages)
{
	unsigned long i;

	if (!pages || !refcount_dec_and_test(&pages->refs))
		return;
	for (i = 0; i < pages->count; i++)
		put_page(pages->page[i]);
	kfree(pages);
}

void msgpass_keeper_init(struct msgpass_keeper *keeper)
{
	mutex_init(&keeper->mutex);
	spin_lock_init(&keeper->lock);
}

/* They are about to be no longer what the process has there. */
static bool memory_changes(struct mmu_interval_notifier *notifier,
			   const struct mmu_notifier_range *range,
			   unsigned long sequence)
{
	struct msgpass_keeper *keeper =
		container_of(notifier, struct msgpass_keeper, notifier);
	struct msgpass_pages *pages = NULL;

	spin_lock(&keeper->lock);
	mmu_interval_set_seq(notifier, sequence);
	swap(keeper->pages, pages);
	spin_unlock(&keeper->lock);
	msgpass_pages_put(pages);
	return true;
}

static const struct mmu_interval_notifier_ops notifier_ops = {
	.invalidate = memory_changes,
};

static void unwatch(struct msgpass_keeper *keeper)
{
	struct msgpass_pages *pages = NULL;

	lockdep_assert_held(&keeper->mutex);
	if (!keeper->watching)
		return;
	spin_lock(&keeper->lock);
	swap(keeper->pages, pages);
	spin_unlock(&keeper->lock);
	msgpass_pages_put(pages);
	mmu_interval_notifier_remove(&keeper->notifier);
	keeper->watching = false;
}

static void watch(struct msgpass_keeper *keeper)
{
	struct mm_struct *mm = current->mm;

	lockdep_assert_held(&keeper->mutex);
	/* The next flow may try again. */
	if (keeper->watching || !msgpass_mmap_write_trylock(mm))
		return;
	keeper->watching =
		!mmu_interval_notifier_insert_locked(&keeper->notifier, mm,
						     keeper->start,
						     keeper->count << PAGE_SHIFT,
						     &notifier_ops);
	mmap_write_unlock(mm);
}

/* Reclaim passes by a large one to which others have references, untold. */
static bool can_keep(const struct msgpass_pages *pages)
{
	unsigned long i;

	for (i = 0; i < pages->count; i++)
		if (!folio_test_anon(page_folio(pages->page[i])) ||
		    PageCompound(pages->page[i]))
			return false;
	return true;
}

/* What is there, which is kept unless it changes while it is found. */
static struct msgpass_pages *find_watched(struct msgpass_keeper *keeper)
{
	const struct iovec all = {
		.iov_base = (void __user *)keeper->start,
		.iov_len = keeper->count << PAGE_SHIFT,
	};
	unsigned long sequence = mmu_interval_read_begin(&keeper->notifier);
	struct msgpass_pages *pages = msgpass_pages_find(&all, keeper->count);
	struct msgpass_pages *before = NULL;

	if (!pages || pages->count < keeper->count || !can_keep(pages))
		return pages;
	spin_lock(&keeper->lock);
	if (!mmu_interval_read_retry(&keeper->notifier, sequence)) {
		refcount_inc(&pages->refs);
		before = keeper->pages;
		keeper->pages = pages;
	}
	spin_unlock(&keeper->lock);
	msgpass_pages_put(before);
	return pages;
}

static struct msgpass_pages *get_kept(struct msgpass_keeper *keeper,
				      unsigned long start, unsigned long count)
{
	struct msgpass_pages *pages;

	spin_lock(&keeper->lock);
	pages = keeper->pages;
	/* Where there are any, the notifier is that which watches them. */
	if (pages && pages->start == start && pages->count >= count &&
	    keeper->notifier.mm == current->mm)
		refcount_inc(&pages->refs);
	else
		pages = NULL;
	spin_unlock(&keeper->lock);
	return pages;
}

/* Are these pages of the caller's among those of the last flow? */
static bool is_as_last(const struct msgpass_keeper *keeper, unsigned long start,
		       unsigned long count)
{
	lockdep_assert_held(&keeper->mutex);
	return start == keeper->start && count <= keeper->count &&
	       (!keeper->watching || keeper->notifier.mm == current->mm);
}

struct msgpass_pages *msgpass_keeper_get(struct msgpass_keeper *keeper,
					 unsigned long start,
					 unsigned long count)
{
	struct msgpass_pages *pages = get_kept(keeper, start, count);

	/* Another thread may be at it: one of them is enough. */
	if (pages || !mutex_trylock(&keeper->mutex))
		return pages;
	if (keeper->watching && is_as_last(keeper, start, count))
		pages = find_watched(keeper);
	mutex_unlock(&keeper->mutex);
	return pages;
}

void msgpass_keeper_note(struct msgpass_keeper *keeper, unsigned long start,
			 unsigned long count)
{
	if (!mutex_trylock(&keeper->mutex))
		return;
	if (is_as_last(keeper, start, count)) {
		watch(keeper);
	} else {
		unwatch(keeper);
		keeper->start = start;
		keeper->count = count;
	}
	mutex_unlock(&keeper->mutex);
}

bool msgpass_keeper_watches(struct msgpass_keeper *keeper)
{
	bool watching;

	mutex_lock(&keeper->mutex);
	watching = keeper->watching;
	mutex_unlock(&keeper->mutex);
	return watching;
}

void msgpass_keeper_exit(struct msgpass_keeper *keeper)
{
	mutex_lock(&keeper->mutex);
	unwatch(keeper);
	mutex_unlock(&keeper->mutex);
	mutex_destroy(&keeper->mutex);
}
