/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies to and from user memory, of which few bytes are moved word by word.
 * copy_from_user() and copy_to_user() take longer to check that the kernel's
 * side lies in one object than to copy them; here the caller knows.
 */
#ifndef MSGPASS_WORDS_H
#define MSGPASS_WORDS_H

#include <linux/types.h>

struct iov_iter;

/* 0 or -EFAULT: then what is at @object is undefined. */
int msgpass_words_get(void *object, const void __user *user, size_t size);
/* 0 or -EFAULT: then what is at @user is undefined. */
int msgpass_words_put(void __user *user, const void *object, size_t size);

/* The same of the next @size bytes of what the user gave. */
int msgpass_words_get_iter(void *object, struct iov_iter *from, size_t size);
int msgpass_words_put_iter(struct iov_iter *to, const void *object,
			   size_t size);

#endif
