/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies to and from user memory, of which few bytes are moved word by word.
 * copy_from_user() and copy_to_user() take longer to check that the kernel's
 * side lies in one object than to copy them; here the caller knows.
 */
#ifndef MSGPASS_WORDS_H
#define MSGPASS_WORDS_H

#include <linux/fault-inject-usercopy.h>
#include <linux/types.h>
#include <linux/uaccess.h>

struct iov_iter;

static inline bool msgpass_words_can_move(const void *object,
					  const void __user *user)
{
	/* KMSAN looks into copy_to_user() alone. */
	return !IS_ENABLED(CONFIG_KMSAN) &&
	       (IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) ||
		IS_ALIGNED((unsigned long)object | (unsigned long)user,
			   sizeof(u64)));
}

/*
 * These are for a @size that is a number where they are called, and some words:
 * no loop is left of them. (clang can't: it may be left in the middle.) 0 or
 * -EFAULT, as of those below.
 *
 * This one is for what begins with its size, in 32 bits. -EAGAIN: the program's
 * is of another, or may be, and no more was read.
 */
static __always_inline int msgpass_words_get_sized(void *object,
						   const void __user *user,
						   size_t size)
{
	u32 *head = object;
	size_t at;

	BUILD_BUG_ON(size % sizeof(u64));
	if (!msgpass_words_can_move(object, user))
		return -EAGAIN;
	might_fault();
	if (should_fail_usercopy())
		return -EFAULT;
	/* A shorter one may end where user memory does. */
	if (!user_read_access_begin(user, size))
		return -EAGAIN;
	unsafe_get_user(head[0], (const u32 __user *)user, fault);
	if (head[0] != size) {
		user_read_access_end();
		return -EAGAIN;
	}
	unsafe_get_user(head[1], (const u32 __user *)user + 1, fault);
#ifndef __clang__
#pragma GCC unroll 64
#endif
	for (at = sizeof(u64); at < size; at += sizeof(u64))
		unsafe_get_user(*(u64 *)(object + at),
				(const u64 __user *)(user + at), fault);
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

static __always_inline int msgpass_words_put_fixed(void __user *user,
						   const void *object,
						   size_t size)
{
	size_t at;

	BUILD_BUG_ON(size % sizeof(u64));
	if (!msgpass_words_can_move(object, user))
		return copy_to_user(user, object, size) ? -EFAULT : 0;
	might_fault();
	if (should_fail_usercopy() || !user_write_access_begin(user, size))
		return -EFAULT;
#ifndef __clang__
#pragma GCC unroll 64
#endif
	for (at = 0; at < size; at += sizeof(u64))
		unsafe_put_user(*(const u64 *)(object + at),
				(u64 __user *)(user + at), fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/* 0 or -EFAULT: then what is at @object is undefined. */
int msgpass_words_get(void *object, const void __user *user, size_t size);
/* 0 or -EFAULT: then what is at @user is undefined. */
int msgpass_words_put(void __user *user, const void *object, size_t size);

/* The same of the next @size bytes of what the user gave. */
int msgpass_words_get_iter(void *object, struct iov_iter *from, size_t size);
int msgpass_words_put_iter(struct iov_iter *to, const void *object,
			   size_t size);

#endif
