/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages of a process's memory with references to them, and who keeps those that
 * it last let a message flow from, in case that the next does so too: to find
 * pages is most of what a flow costs beside its copy.
 *
 * They are kept for as long as they are the process's memory there, and no
 * longer: a notifier tells before that changes (they are unmapped, protected,
 * swapped out, moved, shared by fork), and then they go. So the process has no
 * more memory for it. Only anonymous memory is kept, and no huge pages: files
 * have other ways to see who uses their pages, and a huge page that others have
 * references to is not swapped out.
 *
 * A place is watched once two flows after each other began there, and what the
 * next one finds is kept.
 *
 * Locking: keeper->mutex, to change what is watched; keeper->lock within it,
 * which is taken wherever memory changes, for a few instructions.
 */
#ifndef MSGPASS_KEEPER_H
#define MSGPASS_KEEPER_H

#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/uio.h>

#include "compat.h"

struct msgpass_pages {
	refcount_t refs;
	/* const */
	unsigned long start;		/* the address of the first */
	unsigned long count;
	struct page *page[];
};

/*
 * Those of the caller's pages that are there, of @most that @segments lie in; it
 * waits for none. A plain reference does for memory that is only read. Or NULL.
 */
struct msgpass_pages *msgpass_pages_find(const struct iovec *segments,
					 unsigned long most);
/* NULL is none. */
void msgpass_pages_put(struct msgpass_pages *pages);

/* How many pages @count bytes from @address on lie in. */
static inline unsigned long msgpass_pages_spanned(unsigned long address,
						  size_t count)
{
	return count ? DIV_ROUND_UP(offset_in_page(address) + count, PAGE_SIZE) :
		       0;
}

struct msgpass_keeper {
	struct mutex mutex;		/* see above */
	/* mutex */
	unsigned long start;		/* of the last flow's pages */
	unsigned long count;
	bool watching;			/* these, by: */
	struct mmu_interval_notifier notifier;

	spinlock_t lock;		/* see above */
	struct msgpass_pages *pages;	/* lock; reference held, or NULL */
};

void msgpass_keeper_init(struct msgpass_keeper *keeper);
/* The process is dead: will exit take as long as others of its memory like? */
bool msgpass_keeper_watches(struct msgpass_keeper *keeper);
void msgpass_keeper_exit(struct msgpass_keeper *keeper);

/*
 * @count of the caller's pages from @start on, and perhaps more, if they are
 * kept or are watched: those that are there. Or NULL.
 */
struct msgpass_pages *msgpass_keeper_get(struct msgpass_keeper *keeper,
					 unsigned long start,
					 unsigned long count);
/* A flow came from there, and got no pages here: may the next one? */
void msgpass_keeper_note(struct msgpass_keeper *keeper, unsigned long start,
			 unsigned long count);

#endif
