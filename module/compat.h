/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that tests kernel versions and configurations. Oldest
 * supported: 6.1.
 */
#ifndef MSGPASS_COMPAT_H
#define MSGPASS_COMPAT_H

#ifndef CONFIG_64BIT
#error "msgpass needs a 64-bit kernel: peer ids index an xarray"
#endif

#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/version.h>

/* Installs it in the caller's table, and says where. */
static inline int msgpass_receive_fd(struct file *file, unsigned int flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return receive_fd(file, NULL, flags);
#else
	return receive_fd(file, flags);
#endif
}

/* To be read; with mm's mmap_lock held, or unlocked and *@locked 0. */
static inline long msgpass_get_pages(struct mm_struct *mm,
				     unsigned long start, unsigned long count,
				     struct page **pages, int *locked)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return get_user_pages_remote(mm, start, count, 0, pages, locked);
#else
	return get_user_pages_remote(mm, start, count, 0, pages, NULL, locked);
#endif
}

/* Newer kernels have no mmap_write_trylock(); mmap_write_unlock() ends it. */
static inline bool msgpass_mmap_write_trylock(struct mm_struct *mm)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	if (!down_write_trylock(&mm->mmap_lock))
		return false;
	mm_lock_seqcount_begin(mm);
	return true;
#else
	return mmap_write_trylock(mm);
#endif
}

#ifndef CONFIG_MMU_NOTIFIER
/* Where nobody is told that memory changes, none can be watched. */
static inline int
mmu_interval_notifier_insert_locked(struct mmu_interval_notifier *notifier,
				    struct mm_struct *mm, unsigned long start,
				    unsigned long length,
				    const struct mmu_interval_notifier_ops *ops)
{
	return -EOPNOTSUPP;
}

static inline void
mmu_interval_notifier_remove(struct mmu_interval_notifier *notifier)
{
}

static inline unsigned long
mmu_interval_read_begin(struct mmu_interval_notifier *notifier)
{
	return 0;
}

static inline bool
mmu_interval_read_retry(struct mmu_interval_notifier *notifier,
			unsigned long sequence)
{
	return true;
}

static inline void mmu_interval_set_seq(struct mmu_interval_notifier *notifier,
					unsigned long sequence)
{
}
#endif

/* In an event's TP_fast_assign(): of a field that __string() has declared. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define msgpass_assign_str(field, string)	__assign_str(field)
#else
#define msgpass_assign_str(field, string)	__assign_str(field, string)
#endif

/* Does another want this CPU, perhaps only soon? */
static inline bool msgpass_should_yield(void)
{
#ifdef TIF_NEED_RESCHED_LAZY
	if (test_thread_flag(TIF_NEED_RESCHED_LAZY))
		return true;
#endif
	return need_resched();
}

/* Else cmpxchg() is no match for a store: who spins could miss that it is done. */
#define MSGPASS_CAN_SPIN IS_ENABLED(CONFIG_ARCH_SUPPORTS_ATOMIC_RMW)

/* Since 6.6 who yields loses a slice of its time by it. */
#define MSGPASS_CAN_YIELD_TO (LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0))

#endif
