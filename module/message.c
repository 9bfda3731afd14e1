// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uio.h>

#include "account.h"
#include "crate.h"
#include "message.h"
#include "peer.h"
#include "words.h"

/* What few messages need has its place behind the data. */
struct extra {
	struct msgpass_attachment *attached[MSGPASS_ATTACHED_KINDS];
	u64 lifetime;			/* ns, 0: no end */
	u64 length;			/* of a flow */
	struct msgpass_message *body;	/* of a hollow one; reference held */
	u64 missed;
	unsigned int fds;
};

static size_t extra_offset(size_t length)
{
	return size_add(offsetof(struct msgpass_message, data),
			ALIGN(length, __alignof__(struct extra)));
}

static size_t message_size(size_t length, bool has_extra)
{
	if (has_extra)
		return size_add(extra_offset(length), sizeof(struct extra));
	return size_add(offsetof(struct msgpass_message, data), length);
}

static size_t message_charge(size_t size,
			     const struct msgpass_identity *sender)
{
	return size_add(size, msgpass_identity_size(sender));
}

/* How many bytes it holds. */
static size_t stored(const struct msgpass_message *message)
{
	return message->hollow ? 0 : message->length;
}

static struct extra *extra_of(const struct msgpass_message *message)
{
	return message->has_extra ?
	       (void *)message + extra_offset(stored(message)) : NULL;
}

static struct msgpass_attachment *
keeper_of(const struct msgpass_message *message)
{
	return container_of(message, struct msgpass_kept_message,
			    message)->keeper;
}

void msgpass_message_attach(struct msgpass_message *message,
			    enum msgpass_attached kind,
			    struct msgpass_attachment *attachment)
{
	extra_of(message)->attached[kind] = attachment;
	/* What is taken off again leaves its bit, which others may read. */
	if (attachment)
		message->attached |= BIT(kind);
}

struct msgpass_attachment *
msgpass_message_find(const struct msgpass_message *message,
		     enum msgpass_attached kind)
{
	/* It has nothing else. */
	if (message->kept)
		return keeper_of(message);
	return extra_of(message)->attached[kind];
}

void msgpass_message_tell_accepted(struct msgpass_message *message)
{
	struct msgpass_attachment *at;
	enum msgpass_attached kind;

	/* A call, which comes first, does not ask for it. */
	BUILD_BUG_ON(MSGPASS_ATTACHED_CALL);
	for (kind = 1; message->attached >> kind; kind++) {
		at = msgpass_message_attachment(message, kind);
		if (at && at->ops->accepted)
			at->ops->accepted(at, message);
	}
}

void msgpass_message_tell_ended(const struct msgpass_message *message,
				enum msgpass_end end)
{
	struct msgpass_attachment *at;
	enum msgpass_attached kind;

	/* A call knows by itself that it was received. */
	kind = end == MSGPASS_END_RECEIVED ? MSGPASS_ATTACHED_CALL + 1 : 0;
	for (; message->attached >> kind; kind++) {
		at = msgpass_message_attachment(message, kind);
		if (at && at->ops->ended)
			at->ops->ended(at, message, end);
	}
}

static void free_attachments(const struct msgpass_message *message)
{
	struct msgpass_attachment *at;
	enum msgpass_attached kind;

	for (kind = 0; message->attached >> kind; kind++) {
		at = msgpass_message_attachment(message, kind);
		if (at)
			at->ops->freed(at);
	}
}

void msgpass_message_set_lifetime(struct msgpass_message *message,
				  u64 lifetime)
{
	extra_of(message)->lifetime = lifetime;
	message->expires = lifetime;
}

u64 msgpass_message_lifetime(const struct msgpass_message *message)
{
	return message->expires ? extra_of(message)->lifetime : 0;
}

bool msgpass_message_is_late(const struct msgpass_message *message)
{
	return ktime_get_ns() - message->time >=
	       extra_of(message)->lifetime;
}

void msgpass_message_set_length(struct msgpass_message *message, u64 length)
{
	extra_of(message)->length = length;
}

u64 msgpass_message_flow_length(const struct msgpass_message *message)
{
	return extra_of(message)->length;
}

const struct msgpass_message *
msgpass_message_shared(const struct msgpass_message *message)
{
	return extra_of(message)->body;
}

void msgpass_message_set_missed(struct msgpass_message *message, u64 missed)
{
	extra_of(message)->missed = missed;
}

u64 msgpass_message_missed(const struct msgpass_message *message)
{
	return message->hollow ? extra_of(message)->missed : 0;
}

void msgpass_message_set_fds(struct msgpass_message *message,
			     unsigned int fds)
{
	extra_of(message)->fds = fds;
}

unsigned int msgpass_message_fds_attached(const struct msgpass_message *message)
{
	return extra_of(message)->fds;
}

/*
 * Most messages are small. These have caches of their own: with a constructor,
 * as else each is cleared before all of it is written. 16 bytes short of a
 * power of two, what the allocator keeps for each fits in the page beside them.
 */
#define SMALL_SIZE	(256 - 16)
#define MEDIUM_SIZE	(512 - 16)

static struct message_cache {
	const char *name;
	size_t size;
	struct kmem_cache *cache;
} message_caches[] = {
	{ .name = "msgpass_small", .size = SMALL_SIZE },
	{ .name = "msgpass_medium", .size = MEDIUM_SIZE },
};

static void message_construct(void *object)
{
	struct msgpass_message *message = object;

	INIT_LIST_HEAD(&message->run);
}

int msgpass_message_init(void)
{
	const size_t data = offsetof(struct msgpass_message, data);
	struct message_cache *of;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(message_caches); i++) {
		of = &message_caches[i];
		of->cache = kmem_cache_create_usercopy(of->name, of->size, 0,
						       SLAB_ACCOUNT, data,
						       of->size - data,
						       message_construct);
		if (!of->cache) {
			msgpass_message_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

void msgpass_message_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(message_caches); i++)
		kmem_cache_destroy(message_caches[i].cache);
}

/* NULL: it is too large for one. */
static struct kmem_cache *message_cache(size_t size)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(message_caches); i++)
		if (size <= message_caches[i].size)
			return message_caches[i].cache;
	return NULL;
}

/*
 * The memory of the last small message of @sender that was freed is kept for
 * its next: most are gone before that is sent.
 */
static void *memory_get(size_t size, struct msgpass_identity *sender)
{
	struct kmem_cache *cache = message_cache(size);
	void *spare;

	if (!cache)
		return kvmalloc(size, GFP_KERNEL_ACCOUNT);
	spare = READ_ONCE(sender->spare);
	if (cache == message_caches[0].cache && !ZERO_OR_NULL_PTR(spare) &&
	    cmpxchg(&sender->spare, spare, NULL) == spare)
		return spare;
	return kmem_cache_alloc(cache, GFP_KERNEL);
}

static void memory_put(void *memory, size_t size,
		       struct msgpass_identity *sender)
{
	struct kmem_cache *cache = message_cache(size);

	if (!cache)
		kvfree(memory);
	else if (cache != message_caches[0].cache ||
		 READ_ONCE(sender->spare) ||
		 cmpxchg(&sender->spare, NULL, memory))
		kmem_cache_free(cache, memory);
}

/* The caller has a reference to stamp->sender for it, and who pays. */
static __always_inline void message_begin(struct msgpass_message *message,
					  size_t length,
					  const struct msgpass_stamp *stamp,
					  bool extra, bool crated)
{
	message->length = length;
	message->sender = stamp->sender;
	message->rendezvous = NULL;
	message->queued = false;
	message->abandoned = false;
	message->hollow = false;
	message->kept = false;
	message->crated = crated;
	message->is_receipt = false;
	message->expires = false;
	message->attached = 0;
	message->has_extra = extra;
	if (extra)
		*extra_of(message) = (struct extra) {};
	refcount_set(&message->refs, 1);
}

/*
 * With room for @length bytes, which are not there yet. @extra is stamp->extra:
 * where it is a constant, half of this is nothing.
 */
static __always_inline struct msgpass_message *
message_alloc(size_t length, const struct msgpass_stamp *stamp, bool extra)
{
	size_t size = message_size(length, extra);
	size_t charge = message_charge(size, stamp->sender);
	struct msgpass_account *account;
	struct msgpass_message *message;

	account = msgpass_account_open_likely(stamp->payer, stamp->cred,
					      charge);
	if (IS_ERR(account))
		return ERR_CAST(account);
	message = memory_get(size, stamp->sender);
	if (!message) {
		msgpass_account_close(account, charge);
		return ERR_PTR(-ENOMEM);
	}
	refcount_inc(&stamp->sender->refs);
	message_begin(message, length, stamp, extra, false);
	message->account = account;
	return message;
}

static __always_inline void message_say(struct msgpass_message *message,
					const struct msgpass_stamp *stamp,
					u32 type, u32 priority)
{
	message->type = type;
	message->priority = priority;
	message->uid = stamp->cred->euid;
	message->gid = stamp->cred->egid;
}

struct msgpass_message *msgpass_message_new(struct iov_iter *from,
					    const struct msgpass_stamp *stamp,
					    u32 type, u32 priority)
{
	size_t length = iov_iter_count(from);
	struct msgpass_message *message = message_alloc(length, stamp,
							stamp->extra);

	if (IS_ERR(message))
		return message;
	message_say(message, stamp, type, priority);
	if (!msgpass_words_get_iter(message->data, from, length))
		return message;
	msgpass_message_put(message);
	return ERR_PTR(-EFAULT);
}

struct msgpass_message *
msgpass_message_new_plain(const void __user *from, size_t length,
			  const struct msgpass_stamp *stamp, u32 type,
			  u32 priority)
{
	struct msgpass_message *message = message_alloc(length, stamp, false);

	if (IS_ERR(message))
		return message;
	message_say(message, stamp, type, priority);
	if (!msgpass_words_get(message->data, from, length))
		return message;
	msgpass_message_put(message);
	return ERR_PTR(-EFAULT);
}

struct msgpass_message *
msgpass_message_copy(const struct msgpass_message *message,
		     const struct cred *cred)
{
	const struct msgpass_message *body = msgpass_message_body(message);
	const struct msgpass_stamp stamp = {
		.sender = message->sender,
		.cred = cred,
	};
	struct kvec vec = {
		.iov_base = (void *)body->data,
		.iov_len = message->length,
	};
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, message->length);
	return msgpass_message_new(&iter, &stamp, message->type,
				   message->priority);
}

static size_t size_of(const struct msgpass_message *message)
{
	return message_size(stored(message), message->has_extra);
}

static size_t message_charge_of(const struct msgpass_message *message)
{
	return message_charge(size_of(message), message->sender);
}

struct msgpass_account *
msgpass_message_charge_too(const struct msgpass_message *message,
			   const struct cred *cred)
{
	struct msgpass_account *account = msgpass_account_get(cred);
	bool same = account == message->account;

	if (IS_ERR(account))
		return account;
	msgpass_account_put(account);
	/* Its own: it must not have to fit twice. */
	return same ? NULL : msgpass_account_open(cred, message_charge_of(message));
}

void msgpass_message_charge_done(struct msgpass_message *message,
				 struct msgpass_account *account)
{
	if (!account)
		return;
	msgpass_account_close(message->account, message_charge_of(message));
	message->account = account;
}

void msgpass_message_charge_undone(const struct msgpass_message *message,
				   struct msgpass_account *account)
{
	if (account)
		msgpass_account_close(account, message_charge_of(message));
}

void msgpass_kept_message_init(struct msgpass_kept_message *kept,
			       enum msgpass_attached kind,
			       struct msgpass_attachment *keeper,
			       struct msgpass_identity *sender,
			       const struct cred *cred)
{
	struct msgpass_message *message = &kept->message;

	kept->keeper = keeper;
	INIT_LIST_HEAD(&message->run);
	message->sender = sender;
	message->uid = cred->euid;
	message->gid = cred->egid;
	/* Not plain; but it has no other. */
	message->has_extra = true;
	message->kept = true;
	message->attached = BIT(kind);
}

struct msgpass_message *
msgpass_kept_message_fill(struct msgpass_kept_message *kept,
			  const void __user *from, size_t length, u32 type,
			  u32 priority)
{
	struct msgpass_message *message = &kept->message;

	message->length = length;
	message->type = type;
	message->priority = priority;
	message->abandoned = false;
	refcount_set(&message->refs, 1);
	return msgpass_words_get(message->data, from, length) ?
	       ERR_PTR(-EFAULT) : message;
}

static void message_free(struct msgpass_message *message)
{
	struct msgpass_identity *sender = message->sender;
	size_t size;

	if (message->kept) {
		struct msgpass_attachment *keeper = keeper_of(message);

		keeper->ops->freed(keeper);
		return;
	}
	if (message->crated) {
		msgpass_crate_put(message->crate, 1);
		return;
	}
	size = size_of(message);
	if (!msgpass_message_is_plain(message)) {
		free_attachments(message);
		if (message->hollow)
			msgpass_message_put(extra_of(message)->body);
	}
	msgpass_account_close(message->account, message_charge(size, sender));
	memory_put(message, size, sender);
	msgpass_identity_put(sender);
}

void msgpass_message_put(struct msgpass_message *message)
{
	if (refcount_dec_and_test(&message->refs))
		message_free(message);
}

int msgpass_messages_share(struct msgpass_message **messages,
			   unsigned int count, struct msgpass_message *body,
			   const struct cred *cred)
{
	const size_t size = message_size(0, true);
	const struct msgpass_stamp stamp = {
		.sender = body->sender,
		.cred = cred,
		.payer = body->account,
	};
	const size_t charge = count * message_charge(size, body->sender);
	struct msgpass_account *account;
	unsigned int i;

	BUILD_BUG_ON(extra_offset(0) + sizeof(struct extra) > MEDIUM_SIZE);
	account = msgpass_account_open_likely(stamp.payer, cred, charge);
	if (IS_ERR(account))
		return PTR_ERR(account);
	if (!kmem_cache_alloc_bulk(message_cache(size), GFP_KERNEL, count,
				   (void **)messages)) {
		msgpass_account_close(account, charge);
		return -ENOMEM;
	}
	msgpass_account_split(account, count);
	refcount_add(count, &body->sender->refs);
	refcount_add(count, &body->refs);
	for (i = 0; i < count; i++) {
		struct msgpass_message *message = messages[i];

		message_begin(message, 0, &stamp, true, false);
		message->account = account;
		extra_of(message)->body = body;
		message->hollow = true;
		message->length = body->length;
		message->type = body->type;
		message->priority = body->priority;
		message->uid = body->uid;
		message->gid = body->gid;
	}
	return 0;
}

/* That of a plain message. */
static const struct message_cache *plain_cache(size_t length)
{
	const size_t data = offsetof(struct msgpass_message, data);

	BUILD_BUG_ON(data + MSGPASS_BULK_BYTES > MEDIUM_SIZE);
	return &message_caches[length > SMALL_SIZE - data];
}

/* What so many plain ones are charged for. */
static size_t plain_charge(unsigned int count, size_t bytes,
			   const struct msgpass_identity *sender)
{
	return count * message_charge(message_size(0, false), sender) + bytes;
}

/* What a short one takes in a crate. */
static size_t crated_size(size_t length)
{
	return ALIGN(offsetof(struct msgpass_message, data) + length,
		     sizeof(u64));
}

/* How many of the first go into one crate, and what they take there. */
static unsigned int count_crated(const struct msgpass_content *contents,
				 unsigned int count, u64 longest, size_t *bytes)
{
	unsigned int i;
	size_t size;

	*bytes = 0;
	longest = min_t(u64, longest, MSGPASS_BULK_BYTES);
	for (i = 0; i < count && contents[i].length <= longest; i++) {
		size = crated_size(contents[i].length);
		if (*bytes + size > MSGPASS_CRATE_BYTES)
			break;
		*bytes += size;
	}
	return i;
}

unsigned int msgpass_messages_new(struct msgpass_message **messages,
				  const struct msgpass_content *contents,
				  unsigned int count, size_t longest,
				  const struct msgpass_stamp *stamp)
{
	struct msgpass_crate *crate;
	unsigned int made;
	size_t bytes;
	void *at;

	count = count_crated(contents, count, longest, &bytes);
	/* One does not need it. */
	if (count < 2)
		return 0;
	crate = msgpass_crate_new(count, bytes, stamp->sender, stamp->cred,
				  stamp->payer);
	if (IS_ERR(crate))
		return 0;
	at = crate->contents;
	for (made = 0; made < count; made++) {
		const struct msgpass_content *content = &contents[made];
		struct msgpass_message *message = at;

		message_begin(message, content->length, stamp, false, true);
		message->crate = crate;
		message_say(message, stamp, content->type, content->priority);
		if (msgpass_words_get(message->data,
				      u64_to_user_ptr(content->data),
				      content->length))
			break;
		messages[made] = message;
		at += crated_size(content->length);
	}
	if (made < count)
		msgpass_crate_put(crate, count - made);
	return made;
}

/* Of the same sender, who paid for all of them, and from the same cache. */
struct alike {
	struct msgpass_identity *sender;
	struct msgpass_account *account;
	const struct message_cache *cache;
	unsigned int count;
	size_t bytes;
};

static void alike_free(const struct alike *alike,
		       struct msgpass_message **messages)
{
	if (!alike->count)
		return;
	msgpass_account_close_some(alike->account, alike->count,
				   plain_charge(alike->count, alike->bytes,
						alike->sender));
	msgpass_identity_put_some(alike->sender, alike->count);
	kmem_cache_free_bulk(alike->cache->cache, alike->count,
			     (void **)messages);
}

/* Frees what was collected before, unless @message is alike. */
static noinline void alike_add(struct alike *alike,
			       struct msgpass_message **messages,
			       struct msgpass_message *message)
{
	const struct message_cache *cache = plain_cache(message->length);

	if (message->sender != alike->sender ||
	    message->account != alike->account || cache != alike->cache) {
		alike_free(alike, messages);
		*alike = (struct alike) {
			.sender = message->sender,
			.account = message->account,
			.cache = cache,
		};
	}
	messages[alike->count++] = message;
	alike->bytes += message->length;
}

/* Else who peeks at it has the last reference. */
static bool is_last_reference(struct msgpass_message *message)
{
	/* Who would take another has none, nor a place to find it in. */
	if (refcount_read(&message->refs) == 1) {
		smp_acquire__after_ctrl_dep();
		return true;
	}
	return refcount_dec_and_test(&message->refs);
}

void msgpass_messages_put(struct msgpass_message **messages, unsigned int count)
{
	struct msgpass_crate *crate = NULL;
	struct alike alike = {};
	unsigned int i, crated = 0;

	for (i = 0; i < count; i++) {
		struct msgpass_message *message = messages[i];

		if (!is_last_reference(message))
			continue;
		if (!message->crated) {
			alike_add(&alike, messages, message);
			continue;
		}
		if (message->crate != crate) {
			if (crated)
				msgpass_crate_put(crate, crated);
			crate = message->crate;
			crated = 0;
		}
		crated++;
	}
	if (crated)
		msgpass_crate_put(crate, crated);
	alike_free(&alike, messages);
}

void msgpass_message_drop(struct msgpass_message *message,
			  enum msgpass_end reason)
{
	if (READ_ONCE(message->abandoned))
		reason = MSGPASS_END_WITHDRAWN;
	msgpass_message_tell_ended(message, reason);
	msgpass_message_put(message);
}

int msgpass_message_copy_out(const struct msgpass_message *message,
			     struct iov_iter *to)
{
	size_t length = min(message->length, iov_iter_count(to));

	return msgpass_words_put_iter(to, msgpass_message_body(message)->data,
				      length);
}
