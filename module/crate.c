// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/slab.h>

#include "account.h"
#include "crate.h"
#include "peer.h"

/* Those of full batches are of one size, and are kept in a cache. */
#define FULL_SIZE	(sizeof(struct msgpass_crate) + MSGPASS_CRATE_BYTES)

static struct kmem_cache *full_crates;

/* One with a constructor is not cleared each time. */
static void crate_construct(void *object)
{
	memset(object, 0, FULL_SIZE);
}

int msgpass_crate_init(void)
{
	const size_t contents = offsetof(struct msgpass_crate, contents);

	full_crates = kmem_cache_create_usercopy("msgpass_crate", FULL_SIZE, 0,
						 SLAB_ACCOUNT, contents,
						 FULL_SIZE - contents,
						 crate_construct);
	return full_crates ? 0 : -ENOMEM;
}

void msgpass_crate_exit(void)
{
	kmem_cache_destroy(full_crates);
}

static size_t crate_size(size_t bytes)
{
	const size_t size = sizeof(struct msgpass_crate) + bytes;

	return size > FULL_SIZE / 2 ? FULL_SIZE : size;
}

static struct msgpass_crate *crate_alloc(size_t size)
{
	return size == FULL_SIZE ? kmem_cache_alloc(full_crates, GFP_KERNEL) :
				   kmalloc(size, GFP_KERNEL_ACCOUNT);
}

static void crate_free(struct msgpass_crate *crate)
{
	if (crate->size == FULL_SIZE)
		kmem_cache_free(full_crates, crate);
	else
		kfree(crate);
}

static size_t crate_charge(size_t size, const struct msgpass_identity *sender)
{
	return size + msgpass_identity_size(sender);
}

struct msgpass_crate *msgpass_crate_new(unsigned int count, size_t bytes,
					struct msgpass_identity *sender,
					const struct cred *cred,
					struct msgpass_account *payer)
{
	const size_t size = crate_size(bytes);
	const size_t charge = crate_charge(size, sender);
	struct msgpass_account *account;
	struct msgpass_crate *crate;

	account = msgpass_account_open_likely(payer, cred, charge);
	if (IS_ERR(account))
		return ERR_CAST(account);
	crate = crate_alloc(size);
	if (!crate) {
		msgpass_account_close(account, charge);
		return ERR_PTR(-ENOMEM);
	}
	refcount_inc(&sender->refs);
	crate->sender = sender;
	crate->account = account;
	crate->size = size;
	refcount_set(&crate->left, count);
	return crate;
}

void msgpass_crate_put(struct msgpass_crate *crate, unsigned int count)
{
	struct msgpass_identity *sender = crate->sender;

	if (!refcount_sub_and_test(count, &crate->left))
		return;
	msgpass_account_close(crate->account,
			      crate_charge(crate->size, sender));
	msgpass_identity_put(sender);
	crate_free(crate);
}
