// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include "account.h"
#include "limits.h"

struct msgpass_account {
	struct hlist_node node;		/* accounts_lock */
	struct user_namespace *ns;	/* reference held; const */
	kuid_t uid;			/* const */
	struct msgpass_account *parent;	/* reference held; NULL: none; const */
	refcount_t refs;
	atomic_long_t bytes;
};

/* Innermost of all locks. */
static DEFINE_SPINLOCK(accounts_lock);
static DEFINE_HASHTABLE(accounts, 8);	/* accounts_lock */

static unsigned long account_hash(struct user_namespace *ns, kuid_t uid)
{
	return hash_ptr(ns, 32) ^ __kuid_val(uid);
}

static struct msgpass_account *account_find_locked(struct user_namespace *ns,
						   kuid_t uid)
{
	struct msgpass_account *account;

	lockdep_assert_held(&accounts_lock);
	hash_for_each_possible(accounts, account, node, account_hash(ns, uid)) {
		if (account->ns == ns && uid_eq(account->uid, uid)) {
			refcount_inc(&account->refs);
			return account;
		}
	}
	return NULL;
}

static struct msgpass_account *account_find(struct user_namespace *ns,
					    kuid_t uid)
{
	struct msgpass_account *account;

	spin_lock(&accounts_lock);
	account = account_find_locked(ns, uid);
	spin_unlock(&accounts_lock);
	return account;
}

/* Takes over the reference to @parent. */
static struct msgpass_account *account_make(struct user_namespace *ns,
					    kuid_t uid,
					    struct msgpass_account *parent)
{
	struct msgpass_account *account, *other;

	account = kzalloc(sizeof(*account), GFP_KERNEL_ACCOUNT);
	if (!account) {
		msgpass_account_put(parent);
		return NULL;
	}
	account->ns = get_user_ns(ns);
	account->uid = uid;
	account->parent = parent;
	refcount_set(&account->refs, 1);

	spin_lock(&accounts_lock);
	other = account_find_locked(ns, uid);
	if (!other)
		hash_add(accounts, &account->node, account_hash(ns, uid));
	spin_unlock(&accounts_lock);

	if (!other)
		return account;
	put_user_ns(account->ns);
	kfree(account);
	msgpass_account_put(parent);
	return other;
}

/* The namespace at @level above @ns, and whose account there stands for @uid. */
static struct user_namespace *ancestor(struct user_namespace *ns, int level,
				       kuid_t *uid)
{
	while (ns->level > level) {
		*uid = ns->owner;
		ns = ns->parent;
	}
	return ns;
}

struct msgpass_account *msgpass_account_get(const struct cred *cred)
{
	struct msgpass_account *account, *parent = NULL;
	int level;

	account = account_find(cred->user_ns, cred->euid);
	if (account)
		return account;

	/* Outermost first: each needs its parent. */
	for (level = 0; level <= cred->user_ns->level; level++) {
		kuid_t uid = cred->euid;
		struct user_namespace *ns;

		ns = ancestor(cred->user_ns, level, &uid);
		account = account_find(ns, uid);
		if (account)
			msgpass_account_put(parent);
		else
			account = account_make(ns, uid, parent);
		if (!account)
			return ERR_PTR(-ENOMEM);
		parent = account;
	}
	return account;
}

/* True if that was the last reference. */
static bool put_and_unlist(struct msgpass_account *account)
{
	bool last;

	if (refcount_dec_not_one(&account->refs))
		return false;
	spin_lock(&accounts_lock);
	last = refcount_dec_and_test(&account->refs);
	if (last)
		hash_del(&account->node);
	spin_unlock(&accounts_lock);
	return last;
}

void msgpass_account_put(struct msgpass_account *account)
{
	while (account) {
		struct msgpass_account *parent = account->parent;

		if (!put_and_unlist(account))
			return;
		WARN_ON_ONCE(atomic_long_read(&account->bytes));
		put_user_ns(account->ns);
		kfree(account);
		account = parent;
	}
}

/*
 * Who pays is not always who runs: the opener of a file that is written to, the
 * caller who gets a reply. So ask the credentials, not capable().
 */
static bool may_exceed(const struct cred *cred)
{
	return cred->user_ns == &init_user_ns &&
	       cap_raised(cred->cap_effective, CAP_SYS_RESOURCE);
}

static bool charge_one(struct msgpass_account *account, const struct cred *cred,
		       long bytes)
{
	unsigned long limit = READ_ONCE(msgpass_user_bytes);
	long held = atomic_long_read(&account->bytes);

	do {
		if (held + bytes > limit && !may_exceed(cred))
			return false;
	} while (!atomic_long_try_cmpxchg(&account->bytes, &held,
					  held + bytes));
	return true;
}

int msgpass_account_charge(struct msgpass_account *account,
			   const struct cred *cred, size_t bytes)
{
	struct msgpass_account *at, *charged;

	for (at = account; at; at = at->parent)
		if (!charge_one(at, cred, bytes))
			goto undo;
	return 0;
undo:
	for (charged = account; charged != at; charged = charged->parent)
		atomic_long_sub(bytes, &charged->bytes);
	return -EDQUOT;
}

void msgpass_account_uncharge(struct msgpass_account *account, size_t bytes)
{
	for (; account; account = account->parent)
		atomic_long_sub(bytes, &account->bytes);
}

static struct msgpass_account *get_likely(struct msgpass_account *likely,
					  const struct cred *cred)
{
	if (!likely || likely->ns != cred->user_ns ||
	    !uid_eq(likely->uid, cred->euid))
		return msgpass_account_get(cred);
	refcount_inc(&likely->refs);
	return likely;
}

struct msgpass_account *
msgpass_account_open_likely(struct msgpass_account *likely,
			    const struct cred *cred, size_t bytes)
{
	struct msgpass_account *account = get_likely(likely, cred);
	int error;

	if (IS_ERR(account))
		return account;
	error = msgpass_account_charge(account, cred, bytes);
	if (!error)
		return account;
	msgpass_account_put(account);
	return ERR_PTR(error);
}

struct msgpass_account *msgpass_account_open(const struct cred *cred,
					     size_t bytes)
{
	return msgpass_account_open_likely(NULL, cred, bytes);
}

void msgpass_account_close(struct msgpass_account *account, size_t bytes)
{
	msgpass_account_uncharge(account, bytes);
	msgpass_account_put(account);
}

void msgpass_account_split(struct msgpass_account *account, unsigned int parts)
{
	refcount_add(parts - 1, &account->refs);
}

void msgpass_account_close_some(struct msgpass_account *account,
				unsigned int parts, size_t bytes)
{
	msgpass_account_uncharge(account, bytes);
	/* The last takes it off the list. */
	if (parts > 1)
		WARN_ON_ONCE(refcount_sub_and_test(parts - 1, &account->refs));
	msgpass_account_put(account);
}

int msgpass_account_move(struct msgpass_account **account,
			 const struct cred *cred, size_t bytes)
{
	struct msgpass_account *to = msgpass_account_get(cred);
	int error = 0;

	if (IS_ERR(to))
		return PTR_ERR(to);
	/* Its own: it must not have to fit twice. */
	if (to == *account)
		goto put;
	error = msgpass_account_charge(to, cred, bytes);
	if (error)
		goto put;
	msgpass_account_close(*account, bytes);
	*account = to;
	return 0;
put:
	msgpass_account_put(to);
	return error;
}

unsigned long msgpass_account_bytes(struct msgpass_account *account)
{
	return atomic_long_read(&account->bytes);
}

void msgpass_account_exit(void)
{
	WARN(!hash_empty(accounts),
	     "msgpass: memory was leaked, or charged and not uncharged");
}
