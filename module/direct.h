/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Direct communication: from a pid or a peer id to the inbox of that process,
 * and the links between processes.
 *
 * An inbox is a port that belongs to a process, and embeds the peer that
 * stands for it; it closes when the process dies. A link is a queue of that
 * port, one for each process that sends to it. It goes with its receiver, or
 * after its sender once it has drained.
 *
 * A process's own inbox is a part of it, and bounded as processes are. One that
 * is made for another process is charged to who made it, until it is freed.
 *
 * Lock order:
 *
 *	receiver's inbox->port.lock
 *	  sender's inbox->outgoing_lock
 *	    accounts_lock (account.c)
 *
 * No two inboxes' ports are ever locked together.
 */
#ifndef MSGPASS_DIRECT_H
#define MSGPASS_DIRECT_H

#include "call.h"
#include "deadlock.h"
#include "keeper.h"
#include "peer.h"
#include "port.h"
#include "reading.h"

struct msgpass_attributes;
struct msgpass_inbox_stat;
struct msgpass_link_stat;

struct msgpass_inbox {
	struct msgpass_peer peer;
	struct msgpass_port port;

	/* port.lock; mode, epoch and exec_id may be read without */
	unsigned int mode;			/* 0222: who may send */
	u64 epoch;				/* counts changes; release */
	u64 resets;				/* by exec, see below */
	struct rb_root links;			/* by peer id of the sender */
	struct msgpass_queue receipts;		/* see receipt.h */
	/* What exec may change: see msgpass_inbox_note_exec(). */
	bool known;
	u64 exec_id;
	kuid_t euid;
	kgid_t egid;
	kernel_cap_t permitted;

	struct msgpass_call_party calls;	/* call.c's */
	struct xarray readings;			/* reading.c's */
	struct msgpass_keeper keeper;		/* of its own flows' memory */
	struct work_struct keeper_work;		/* ends that */
	struct msgpass_wait_node waits;		/* deadlock.c's */

	struct msgpass_account *account;	/* reference held, or NULL; const */
	/* Whom the process pays by, likely. The same, but set once. */
	struct msgpass_account *payer;

	spinlock_t outgoing_lock;		/* see the lock order above */
	struct list_head outgoing;		/* links it sends through */

	struct rcu_head rcu;
};

static inline struct msgpass_inbox *
msgpass_inbox_of(struct msgpass_peer *peer)
{
	return container_of(peer, struct msgpass_inbox, peer);
}

int msgpass_direct_init(void);
void msgpass_direct_exit(void);

/*
 * The calling process's, or ERR_PTR. That needs no reference while the thread
 * that asks for it runs: as the process lives, peer.c keeps it.
 */
struct msgpass_inbox *msgpass_inbox_current(void);

/*
 * Of a file: whose inbox it was opened by, and those of the first other processes
 * that use it, children perhaps. So they need not be searched for. They stay as
 * long as the file, dead or not, which is why they are few.
 */
#define MSGPASS_OTHER_CALLERS	7

struct msgpass_callers {
	struct msgpass_inbox *opener;		/* reference held; const */
	/* The same, in the order in which they came; NULL: none yet. */
	struct msgpass_inbox *others[MSGPASS_OTHER_CALLERS];
};

/* The opener is the calling process. */
int msgpass_callers_init(struct msgpass_callers *callers);
void msgpass_callers_put(struct msgpass_callers *callers);

/* msgpass_inbox_current(), more quickly where it is one of @callers. */
struct msgpass_inbox *msgpass_inbox_caller(struct msgpass_callers *callers);

/* Or NULL. */
static inline struct msgpass_account *
msgpass_inbox_payer(const struct msgpass_inbox *inbox)
{
	return READ_ONCE(inbox->payer);
}

/* Before an inbox is used: has exec given the process new privileges? */
void msgpass_inbox_note_exec(struct msgpass_inbox *inbox);

static inline void msgpass_inbox_put(struct msgpass_inbox *inbox)
{
	msgpass_peer_put(&inbox->peer);
}

/*
 * That of a living process, made if it has none: a reference to inbox->peer, or
 * ERR_PTR.
 */
struct msgpass_inbox *msgpass_direct_process(u64 address, bool is_peer);

/*
 * The inbox that a send of @sender, who is the caller, to @to (a pid, or a peer
 * id if @is_peer) goes to, if it may send there: a reference, or ERR_PTR. It
 * might at *@epoch, by which the inbox knows whether that may have changed.
 */
struct msgpass_inbox *msgpass_direct_receiver(struct msgpass_inbox *sender,
					      u64 to, bool is_peer, u64 *epoch);

/*
 * On success the message is the receiver's, on failure the caller's still. With
 * an @epoch, nothing that takes long was done since.
 */
int msgpass_direct_send_since(struct msgpass_inbox *receiver,
			      struct msgpass_inbox *sender,
			      struct msgpass_message *message,
			      struct msgpass_wait *wait, u64 epoch);
int msgpass_direct_send(struct msgpass_inbox *receiver,
			struct msgpass_inbox *sender,
			struct msgpass_message *message,
			struct msgpass_wait *wait);

/* The same for several, of the first as many as need not wait: how many. */
unsigned int msgpass_direct_send_some(struct msgpass_inbox *receiver,
				      struct msgpass_inbox *sender,
				      struct msgpass_message **messages,
				      unsigned int count);

/* How often exec gave the process other credentials. */
u64 msgpass_inbox_resets(struct msgpass_inbox *inbox);

/* Takes over @receipt, which was made when the inbox had so many @resets. */
void msgpass_direct_send_receipt(struct msgpass_inbox *inbox,
				 struct msgpass_message *receipt, u64 resets);

/*
 * From @from (a pid, or a peer id if @is_peer), or from anyone if it is 0, or
 * from selection->queue if it is set. Else as msgpass_port_receive().
 */
int msgpass_direct_receive(struct msgpass_inbox *inbox, u64 from, bool is_peer,
			   struct msgpass_selection *selection,
			   struct msgpass_wait *wait,
			   struct msgpass_message **message);

int msgpass_inbox_set(struct msgpass_inbox *inbox,
		      const struct msgpass_attributes *attributes);
int msgpass_inbox_stat(struct msgpass_inbox_stat *stat, bool is_peer);
int msgpass_inbox_next(struct msgpass_inbox_stat *stat);

/*
 * That of @process (a pid, or a peer id if @is_peer; 0: the calling one), if
 * the caller may know of it: a reference, or ERR_PTR.
 */
struct msgpass_inbox *msgpass_inbox_to_look_at(u64 process, bool is_peer);
/* May the caller see what the process does? */
bool msgpass_may_see(struct pid *pid);
/* Who sends through a queue of an inbox; NULL: the kernel. With that locked. */
struct msgpass_inbox *msgpass_link_sender(struct msgpass_queue *queue);
/* With the receiver locked: the one that @sender sends through, or NULL. */
struct msgpass_queue *msgpass_link_queue(struct msgpass_inbox *receiver,
					 struct msgpass_inbox *sender);
int msgpass_link_next(struct msgpass_link_stat *stat);

#endif
