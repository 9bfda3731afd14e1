// SPDX-License-Identifier: GPL-2.0
#include <linux/uio.h>

#include "words.h"

/* More bytes than that are quicker by copy_from_user() and copy_to_user(). */
#define WORDS_MAX	256

static bool can_move_words(const void *object, const void __user *user,
			   size_t size)
{
	return size <= WORDS_MAX && msgpass_words_can_move(object, user);
}

/* Apart, so that the others need not keep what these would overwrite. */
static noinline int get_any(void *object, const void __user *user, size_t size)
{
	return copy_from_user(object, user, size) ? -EFAULT : 0;
}

static noinline int put_any(void __user *user, const void *object, size_t size)
{
	return copy_to_user(user, object, size) ? -EFAULT : 0;
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

int msgpass_words_get(void *object, const void __user *user, size_t size)
{
	if (!can_move_words(object, user, size))
		return get_any(object, user, size);
	/* Of nothing, any address will do. */
	if (!size)
		return 0;
	might_fault();
	if (should_fail_usercopy() || !user_read_access_begin(user, size))
		return -EFAULT;
#define MOVE(type) \
	unsafe_get_user(*(type *)object, (const type __user *)user, fault)
	MOVE_ALL();
#undef MOVE
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

int msgpass_words_put(void __user *user, const void *object, size_t size)
{
	if (!can_move_words(object, user, size))
		return put_any(user, object, size);
	if (!size)
		return 0;
	might_fault();
	if (should_fail_usercopy() || !user_write_access_begin(user, size))
		return -EFAULT;
#define MOVE(type) \
	unsafe_put_user(*(const type *)object, (type __user *)user, fault)
	MOVE_ALL();
#undef MOVE
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

int msgpass_words_get_iter(void *object, struct iov_iter *from, size_t size)
{
	int error;

	if (!iter_is_ubuf(from) || size > WORDS_MAX)
		return copy_from_iter_full(object, size, from) ? 0 : -EFAULT;
	error = msgpass_words_get(object, from->ubuf + from->iov_offset, size);
	if (!error)
		iov_iter_advance(from, size);
	return error;
}

int msgpass_words_put_iter(struct iov_iter *to, const void *object,
			   size_t size)
{
	int error;

	if (!iter_is_ubuf(to) || size > WORDS_MAX)
		return copy_to_iter(object, size, to) == size ? 0 : -EFAULT;
	error = msgpass_words_put(to->ubuf + to->iov_offset, object, size);
	if (!error)
		iov_iter_advance(to, size);
	return error;
}
