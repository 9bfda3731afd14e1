/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Indirect communication: mailboxes, their names, rights and attributes.
 *
 * A mailbox is a port with one queue. A named one belongs to the network
 * namespace in which it was made and lives until it is deleted or the
 * namespace goes, which it does not keep alive. An anonymous one lives as
 * long as its file. One that is bound to a process is deleted when that dies.
 *
 * Lifetime: references; each open file has one, the name has one, and so has
 * each watch on a process. Deleting takes the name and the watches and closes
 * the port; the memory goes with the last file.
 *
 * Lock order:
 *
 *	mailboxes_lock (mailbox.c): names, and what owners change
 *	  mailbox->port.lock
 *	    accounts_lock (account.c)
 *	  watches_lock (peer.c)
 */
#ifndef MSGPASS_MAILBOX_H
#define MSGPASS_MAILBOX_H

#include <linux/msgpass.h>
#include <linux/rhashtable-types.h>

#include "peer.h"
#include "broadcast.h"
#include "port.h"

struct msgpass_account;
struct net;
struct user_namespace;

struct msgpass_mailbox {
	struct msgpass_port port;
	struct msgpass_queue queue;		/* the port's only one */
	struct msgpass_broadcast *broadcast;	/* NULL: it is none; const */
	refcount_t refs;
	struct user_namespace *user_ns;		/* reference held; const */
	const struct net *net;			/* to compare only; const */
	char name[MSGPASS_NAME_SIZE];		/* zero-padded; const */
	u64 id;					/* the port's once named */

	/* mailboxes_lock to write */
	struct msgpass_names *names;		/* NULL: none, or deleted */
	bool deleted;
	struct rhash_head by_name;
	kuid_t owner;
	kgid_t group;
	unsigned int mode;

	/* mailboxes_lock; watch.peer may be compared with NULL without */
	struct msgpass_account *account;	/* reference held */
	struct msgpass_peer_watch bound;	/* the process it dies with */
	struct msgpass_peer_watch offer;	/* the process that may accept */

	/* carry_lock (right.c) */
	struct list_head carried;		/* rights in its messages */
	struct list_head todo;			/* of a search */
	u64 searched;				/* by which search, last */

	struct rcu_head rcu;
};

int msgpass_mailbox_init(void);
void msgpass_mailbox_exit(void);

/*
 * A reference to the mailbox that @open names or makes, whose rights the
 * caller may have; ERR_PTR.
 */
struct msgpass_mailbox *
msgpass_mailbox_open(const struct msgpass_mailbox_open *open);
/* By name, if the caller can see it; ERR_PTR. */
struct msgpass_mailbox *msgpass_mailbox_find(const char *name);
/* The first with a number above @id that the caller can see; ERR_PTR. */
struct msgpass_mailbox *msgpass_mailbox_next(u64 id);
void msgpass_mailbox_put(struct msgpass_mailbox *mailbox);
/* Puts the reference of a file that is closed: anonymous, it has no other. */
void msgpass_mailbox_release(struct msgpass_mailbox *mailbox);

/* -EPIPE if it was deleted; -EPERM unless the caller is the owner. */
int msgpass_mailbox_may_change(struct msgpass_mailbox *mailbox);
int msgpass_mailbox_delete(struct msgpass_mailbox *mailbox);
int msgpass_mailbox_set(struct msgpass_mailbox *mailbox,
			const struct msgpass_attributes *attributes);
/* Offers it to @to, or to nobody: NULL, -ESRCH if there was no offer. */
int msgpass_mailbox_give(struct msgpass_mailbox *mailbox,
			 struct msgpass_peer *to);
/* -EPIPE if it was deleted; -EPERM unless it is offered to the caller. */
int msgpass_mailbox_accept(struct msgpass_mailbox *mailbox);
/* -EPIPE if it was deleted. */
int msgpass_mailbox_stat(struct msgpass_mailbox *mailbox,
			 struct msgpass_subscription *subscription,
			 struct msgpass_mailbox_stat *stat);
/* All who wait there. */
void msgpass_mailbox_visit_waiters(struct msgpass_mailbox *mailbox,
				   msgpass_wait_visit *visit, void *context);
/* The number of the mailbox that has @port; 0 if the caller can see none. */
u64 msgpass_mailbox_id_of(struct msgpass_port *port);
/* Of the first with a number above stat->id that the caller can see. */
int msgpass_mailbox_next_stat(struct msgpass_mailbox_stat *stat);

/*
 * Does it go when that network namespace goes, which must not depend on what
 * is queued in it? The first one never does.
 */
bool msgpass_mailbox_goes_with(const struct msgpass_mailbox *mailbox,
			       const struct net *net);

/* How many the caller's network namespace has. */
u64 msgpass_mailbox_count(void);

#endif
