// SPDX-License-Identifier: GPL-2.0
#include <linux/uio.h>

#include "words.h"

/* Apart, so that the others need not keep what these would overwrite. */
static noinline int get_any(void *object, const void __user *user, size_t size)
{
	return copy_from_user(object, user, size) ? -EFAULT : 0;
}

static noinline int put_any(void __user *user, const void *object, size_t size)
{
	return copy_to_user(user, object, size) ? -EFAULT : 0;
}

int msgpass_words_get(void *object, const void __user *user, size_t size)
{
	int error;

	if (!msgpass_words_are_few(object, user, size))
		return get_any(object, user, size);
	/* Of nothing, any address will do. */
	if (!size)
		return 0;
	might_fault();
	if (should_fail_usercopy() || !user_read_access_begin(user, size))
		return -EFAULT;
	error = msgpass_words_unsafe_get(object, user, size);
	user_read_access_end();
	return error;
}

int msgpass_words_put(void __user *user, const void *object, size_t size)
{
	int error;

	if (!msgpass_words_are_few(object, user, size))
		return put_any(user, object, size);
	/* Of nothing, any address will do. */
	if (!size)
		return 0;
	might_fault();
	if (should_fail_usercopy() || !user_write_access_begin(user, size))
		return -EFAULT;
	error = msgpass_words_unsafe_put(user, object, size);
	user_write_access_end();
	return error;
}

int msgpass_words_get_and_tell(void *object, const void __user *user,
			       size_t size, u64 __user *where, u64 value)
{
	int error = -EFAULT;

	if (!msgpass_words_are_few(object, user, size) ||
	    !msgpass_words_can_move(&value, where))
		return msgpass_words_get(object, user, size) ?:
		       put_user(value, where);
	might_fault();
	if (should_fail_usercopy() || !msgpass_words_access_ok(user, size) ||
	    !user_access_begin(where, sizeof(*where)))
		return -EFAULT;
	if (msgpass_words_unsafe_get(object, user, size))
		goto end;
	unsafe_put_user(value, where, end);
	error = 0;
end:
	user_access_end();
	return error;
}

int msgpass_words_get_iter(void *object, struct iov_iter *from, size_t size)
{
	int error;

	if (!iter_is_ubuf(from) || size > MSGPASS_WORDS_MAX)
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

	if (!iter_is_ubuf(to) || size > MSGPASS_WORDS_MAX)
		return copy_to_iter(object, size, to) == size ? 0 : -EFAULT;
	error = msgpass_words_put(to->ubuf + to->iov_offset, object, size);
	if (!error)
		iov_iter_advance(to, size);
	return error;
}
