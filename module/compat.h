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

/* Does another want this CPU, perhaps only soon? */
static inline bool msgpass_should_yield(void)
{
#ifdef TIF_NEED_RESCHED_LAZY
	if (test_thread_flag(TIF_NEED_RESCHED_LAZY))
		return true;
#endif
	return need_resched();
}

#endif
