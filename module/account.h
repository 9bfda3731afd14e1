/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who pays: kernel memory charged to a user, bounded by the parameter
 * user_bytes. An account belongs to an effective uid in a user namespace and
 * every charge counts against the namespace's owner in the parent namespace
 * too, and so on up, so that subordinate uids are no way around the limit.
 *
 * Lifetime: references; the one who charges keeps one until it uncharges.
 */
#ifndef MSGPASS_ACCOUNT_H
#define MSGPASS_ACCOUNT_H

#include <linux/cred.h>

struct msgpass_account;

struct msgpass_account *msgpass_account_get(const struct cred *cred);
void msgpass_account_put(struct msgpass_account *account);

/*
 * Get and charge, uncharge and put. ERR_PTR(-EDQUOT) when it does not fit,
 * unless @cred has CAP_SYS_RESOURCE in the first user namespace.
 */
struct msgpass_account *msgpass_account_open(const struct cred *cred,
					     size_t bytes);
/* The same without a search, if @likely, which may be NULL, is that of @cred. */
struct msgpass_account *
msgpass_account_open_likely(struct msgpass_account *likely,
			    const struct cred *cred, size_t bytes);
/* One that is open for so many bytes is to be closed in so many parts. */
void msgpass_account_split(struct msgpass_account *account, unsigned int parts);
/* Closes so many of them at once. */
void msgpass_account_close_some(struct msgpass_account *account,
				unsigned int parts, size_t bytes);
/* NULL: nothing was charged. */
void msgpass_account_close(struct msgpass_account *account, size_t bytes);

/* The same for who keeps the account meanwhile; 0 or -EDQUOT. */
int msgpass_account_charge(struct msgpass_account *account,
			   const struct cred *cred, size_t bytes);
void msgpass_account_uncharge(struct msgpass_account *account, size_t bytes);

/*
 * Charges to @cred, instead of *@account, what that one was charged. -EDQUOT
 * leaves all as it was.
 */
int msgpass_account_move(struct msgpass_account **account,
			 const struct cred *cred, size_t bytes);

unsigned long msgpass_account_bytes(struct msgpass_account *account);

/* Complains if anybody has not uncharged what it charged. */
void msgpass_account_exit(void);

#endif
