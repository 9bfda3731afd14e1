/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process (thread group) as others know it: held by struct pid, never by
 * number, and named by a 64-bit id that is not used again.
 *
 * Lifetime: made when a process first uses msgpass or is first addressed, and
 * found by pid and by id until the process dies; a wait entry on the pid's
 * wait_pidfd queue tells. Then ops->died() runs once, in process context. The
 * memory stays while somebody, a message in a queue say, has a reference.
 *
 * Others who have to know of the death put a watch on the process.
 *
 * The object is allocated by ops->alloc(), so that the layer above can embed
 * it in what it keeps for the process.
 */
#ifndef MSGPASS_PEER_H
#define MSGPASS_PEER_H

#include <linux/pid.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/* All of a peer that a message keeps of its sender; outlives the peer. */
struct msgpass_identity {
	u64 id;				/* const */
	struct pid *pid;		/* reference held; const */
	refcount_t refs;
	/* cmpxchg(): message.c's, or NULL; ZERO_SIZE_PTR once it is dead. */
	void *spare;
};

/*
 * Dead, in three degrees: msgpass_pid_alive() asks the kernel, now; ->dead is
 * set when the worker has begun to take the process's things down; a link's
 * queue is closed when nothing more will come through it.
 */
struct msgpass_peer {
	u64 id;				/* const */
	struct pid *pid;		/* identity's; const */
	struct msgpass_identity *identity; /* reference held; const */
	refcount_t refs;
	unsigned long dead;		/* bit 0, atomic: died() is due or done */
	struct list_head watches;	/* watches_lock (peer.c) */
	struct rhash_head by_pid;	/* the table's */
	wait_queue_entry_t exit_wait;	/* pid->wait_pidfd.lock */
	struct work_struct exit_work;
};

struct msgpass_peer_ops {
	struct msgpass_peer *(*alloc)(struct pid *pid, u64 id);	/* ERR_PTR */
	void (*died)(struct msgpass_peer *peer);
	/* Others may still read it under RCU. */
	void (*free)(struct msgpass_peer *peer);
};

/*
 * Embedded in what has to know of a process's death. Its user calls watch and
 * unwatch under a lock of its own, and keeps what it is embedded in until
 * unwatch says true or died() returns.
 */
struct msgpass_peer_watch {
	struct list_head entry;		/* watches_lock (peer.c) */
	struct msgpass_peer *peer;	/* reference held; NULL: none; user's */
	/*
	 * Once, in process context, with no lock held. By the time that it has
	 * the user's lock, @peer may be unwatched and another watched: compare.
	 */
	void (*died)(struct msgpass_peer_watch *watch,
		     struct msgpass_peer *peer);
};

int msgpass_peer_init(const struct msgpass_peer_ops *ops);
/* Every process counts as dead now. No other call may be under way. */
void msgpass_peer_exit(void);

/* That of a new peer; or of something else that is to have none of theirs. */
u64 msgpass_peer_new_id(void);

/* Each returns a reference. */
struct msgpass_peer *msgpass_peer_get(struct pid *pid);	/* or makes: ERR_PTR */
struct msgpass_peer *msgpass_peer_find(struct pid *pid);	/* NULL */
struct msgpass_peer *msgpass_peer_find_id(u64 id);		/* NULL */
struct msgpass_peer *msgpass_peer_next(u64 id);			/* NULL */
void msgpass_peer_put(struct msgpass_peer *peer);

void msgpass_peer_watch_init(struct msgpass_peer_watch *watch,
			     void (*died)(struct msgpass_peer_watch *watch,
					  struct msgpass_peer *peer));
/* false: it is dead already, and died() will not be called. */
bool msgpass_peer_watch(struct msgpass_peer_watch *watch,
			struct msgpass_peer *peer);
/* false: there was nothing to watch, or died() was called or will yet be. */
bool msgpass_peer_unwatch(struct msgpass_peer_watch *watch);

void msgpass_identity_put(struct msgpass_identity *identity);
/* So many references. */
void msgpass_identity_put_some(struct msgpass_identity *identity,
			       unsigned int count);

/* With the pid, which it may be the last to keep once that is dead. */
static inline size_t
msgpass_identity_size(const struct msgpass_identity *identity)
{
	return sizeof(*identity) + sizeof(struct pid) +
	       identity->pid->level * sizeof(struct upid);
}

static inline struct msgpass_peer *msgpass_peer_ref(struct msgpass_peer *peer)
{
	refcount_inc(&peer->refs);
	return peer;
}

static inline bool msgpass_peer_is_dead(const struct msgpass_peer *peer)
{
	return test_bit(0, &peer->dead);
}

/* Is any thread of the process left? A zombie is dead. */
bool msgpass_pid_alive(struct pid *pid);

/* pid_vnr(), more quickly where both are in the same pid namespace. */
static inline pid_t msgpass_pid_number(struct pid *pid)
{
	const struct upid *number = &pid->numbers[pid->level];

	return number->ns == ns_of_pid(task_pid(current)) ? number->nr :
							    pid_vnr(pid);
}

#endif
