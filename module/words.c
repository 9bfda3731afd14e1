// SPDX-License-Identifier: GPL-2.0
#include <linux/fault-inject-usercopy.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "words.h"

/* More bytes than that are quicker by copy_from_user() and copy_to_user(). */
#define WORDS_MAX	256

static bool can_move_words(const void *object, const void __user *user,
			   size_t size)
{
	bool aligned = IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) ||
		       IS_ALIGNED((unsigned long)object | (unsigned long)user,
				  sizeof(u64));

	/* KMSAN looks into copy_to_user() alone. */
	return size <= WORDS_MAX && aligned && !IS_ENABLED(CONFIG_KMSAN);
}

/* MOVE(type, index) moves one of those that follow. */
#define MOVE_ALL(type)							\
	do {								\
		for (; size >= sizeof(type); size -= sizeof(type)) {	\
			MOVE(type, 0);					\
			object += sizeof(type);				\
			user += sizeof(type);				\
		}							\
	} while (0)

#define MOVE_FOURS()							\
	do {								\
		for (; size >= 4 * sizeof(u64); size -= 4 * sizeof(u64)) { \
			MOVE(u64, 0);					\
			MOVE(u64, 1);					\
			MOVE(u64, 2);					\
			MOVE(u64, 3);					\
			object += 4 * sizeof(u64);			\
			user += 4 * sizeof(u64);			\
		}							\
	} while (0)

#define MOVE_WORDS()							\
	do {								\
		MOVE_FOURS();						\
		MOVE_ALL(u64);						\
		MOVE_ALL(u32);						\
		MOVE_ALL(u16);						\
		MOVE_ALL(u8);						\
	} while (0)

int msgpass_words_get(void *object, const void __user *user, size_t size)
{
	if (!can_move_words(object, user, size))
		return copy_from_user(object, user, size) ? -EFAULT : 0;
	might_fault();
	if (should_fail_usercopy() || !user_read_access_begin(user, size))
		return -EFAULT;
#define MOVE(type, index)						\
	unsafe_get_user(((type *)object)[index],			\
			(const type __user *)user + (index), fault)
	MOVE_WORDS();
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
		return copy_to_user(user, object, size) ? -EFAULT : 0;
	might_fault();
	if (should_fail_usercopy() || !user_write_access_begin(user, size))
		return -EFAULT;
#define MOVE(type, index)						\
	unsafe_put_user(((const type *)object)[index],			\
			(type __user *)user + (index), fault)
	MOVE_WORDS();
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
