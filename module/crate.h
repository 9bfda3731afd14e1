/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One piece of memory for several messages of a batch: allocated, paid for and
 * freed at once, which for each of them would take more than all else that is
 * done for it.
 *
 * Lifetime: until the last of the messages in it is freed. So long all of it is
 * charged to their sender, which it keeps for them.
 */
#ifndef MSGPASS_CRATE_H
#define MSGPASS_CRATE_H

#include <linux/refcount.h>
#include <linux/types.h>

struct cred;
struct msgpass_account;
struct msgpass_identity;

struct msgpass_crate {
	struct msgpass_identity *sender;	/* reference held; const */
	struct msgpass_account *account;	/* reference held; const */
	size_t size;				/* of all; const */
	refcount_t left;			/* messages that are not freed */
	char contents[] __aligned(sizeof(u64));
};

/* The most that @contents hold. */
#define MSGPASS_CRATE_BYTES	(8192 - 16 - sizeof(struct msgpass_crate))

int msgpass_crate_init(void);
void msgpass_crate_exit(void);

/*
 * For so many messages of so many bytes in all, whose sender has @cred; his
 * account is likely @payer, which may be NULL. ERR_PTR.
 */
struct msgpass_crate *msgpass_crate_new(unsigned int count, size_t bytes,
					struct msgpass_identity *sender,
					const struct cred *cred,
					struct msgpass_account *payer);
/* So many messages of it are gone. */
void msgpass_crate_put(struct msgpass_crate *crate, unsigned int count);

#endif
