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

/* More bytes than that are quicker by copy_from_user() and copy_to_user(). */
#define MSGPASS_WORDS_MAX 256

/* Are these so few, and where they can be moved by words? */
static inline bool msgpass_words_are_few(const void *object,
					 const void __user *user, size_t size)
{
	return size <= MSGPASS_WORDS_MAX && msgpass_words_can_move(object, user);
}

#define STEP(type)							\
	do {								\
		MOVE(type);						\
		object += sizeof(type);					\
		user += sizeof(type);					\
		size -= sizeof(type);					\
	} while (0)

#define STEPS_4(type)							\
	do {								\
		STEP(type);						\
		STEP(type);						\
		STEP(type);						\
		STEP(type);						\
	} while (0)

/* Eight at a time, as the loop costs more than what it does. */
#define MOVE_ALL()							\
	do {								\
		while (size >= 8 * sizeof(u64)) {			\
			STEPS_4(u64);					\
			STEPS_4(u64);					\
		}							\
		if (!size)						\
			break;						\
		if (size >= 4 * sizeof(u64))				\
			STEPS_4(u64);					\
		while (size >= sizeof(u64))				\
			STEP(u64);					\
		if (size >= sizeof(u32))				\
			STEP(u32);					\
		while (size)						\
			STEP(u8);					\
	} while (0)

/*
 * Of few bytes, between user_access_begin() and user_access_end(), for who has
 * more to do there: to begin and to end costs more than what is moved. What is
 * at @user is within what access_ok() was asked for, unless it is nothing.
 */
static __always_inline int msgpass_words_unsafe_get(void *object,
						    const void __user *user,
						    size_t size)
{
#define MOVE(type) \
	unsafe_get_user(*(type *)object, (const type __user *)user, fault)
	MOVE_ALL();
#undef MOVE
	return 0;
fault:
	return -EFAULT;
}

static __always_inline int msgpass_words_unsafe_put(void __user *user,
						    const void *object,
						    size_t size)
{
#define MOVE(type) \
	unsafe_put_user(*(const type *)object, (type __user *)user, fault)
	MOVE_ALL();
#undef MOVE
	return 0;
fault:
	return -EFAULT;
}

#undef MOVE_ALL
#undef STEPS_4
#undef STEP

/* Of nothing, any address will do. */
static inline bool msgpass_words_access_ok(const void __user *user, size_t size)
{
	return !size || access_ok(user, size);
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
/* As msgpass_words_get(), then writes @value to @where, unless that failed. */
int msgpass_words_get_and_tell(void *object, const void __user *user,
			       size_t size, u64 __user *where, u64 value);

/* msgpass_words_get() and _put() of the next @size bytes of what the user gave. */
int msgpass_words_get_iter(void *object, struct iov_iter *from, size_t size);
int msgpass_words_put_iter(struct iov_iter *to, const void *object,
			   size_t size);

#endif
