// SPDX-License-Identifier: GPL-2.0
#include <linux/hash.h>
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/xarray.h>

#include "compat.h"
#include "peer.h"

static const struct msgpass_peer_ops *peer_ops;
static struct workqueue_struct *peer_workqueue;
static struct rhashtable peers_by_pid;
static DEFINE_XARRAY_FLAGS(peers_by_id, XA_FLAGS_ACCOUNT);
static atomic64_t peer_last_id;
static DEFINE_SPINLOCK(watches_lock);	/* nothing is taken inside it */

/* Inlined, these take a quarter of what is done for keys of any length. */
static u32 pid_hash(const void *key, u32 length, u32 seed)
{
	struct pid *const *pid = key;

	return hash_ptr(*pid, 32) ^ seed;
}

static int pid_differs(struct rhashtable_compare_arg *arg, const void *object)
{
	const struct msgpass_peer *peer = object;
	struct pid *const *pid = arg->key;

	return peer->pid != *pid;
}

static const struct rhashtable_params peers_by_pid_params = {
	.hashfn = pid_hash,
	.obj_cmpfn = pid_differs,
	.key_len = sizeof_field(struct msgpass_peer, pid),
	.key_offset = offsetof(struct msgpass_peer, pid),
	.head_offset = offsetof(struct msgpass_peer, by_pid),
	.automatic_shrinking = true,
};

bool msgpass_pid_alive(struct pid *pid)
{
	struct task_struct *leader;
	bool alive;

	rcu_read_lock();
	do {
		leader = pid_task(pid, PIDTYPE_TGID);
		alive = leader && !(READ_ONCE(leader->exit_state) &&
				    thread_group_empty(leader));
		/* A thread that execs takes the dead leader's place. */
	} while (leader && !alive && leader != pid_task(pid, PIDTYPE_TGID));
	rcu_read_unlock();
	return alive;
}

static void identity_free(struct msgpass_identity *identity)
{
	put_pid(identity->pid);
	kfree(identity->spare);
	kfree(identity);
}

void msgpass_identity_put(struct msgpass_identity *identity)
{
	if (refcount_dec_and_test(&identity->refs))
		identity_free(identity);
}

void msgpass_identity_put_some(struct msgpass_identity *identity,
			       unsigned int count)
{
	if (refcount_sub_and_test(count, &identity->refs))
		identity_free(identity);
}

u64 msgpass_peer_new_id(void)
{
	return atomic64_inc_return(&peer_last_id);
}

static struct msgpass_identity *identity_new(struct pid *pid)
{
	struct msgpass_identity *identity;

	identity = kmalloc(sizeof(*identity), GFP_KERNEL_ACCOUNT);
	if (!identity)
		return NULL;
	identity->id = msgpass_peer_new_id();
	identity->pid = get_pid(pid);
	identity->spare = NULL;
	refcount_set(&identity->refs, 1);
	return identity;
}

void msgpass_peer_put(struct msgpass_peer *peer)
{
	if (!refcount_dec_and_test(&peer->refs))
		return;
	msgpass_identity_put(peer->identity);
	peer_ops->free(peer);
}

void msgpass_peer_watch_init(struct msgpass_peer_watch *watch,
			     void (*died)(struct msgpass_peer_watch *watch,
					  struct msgpass_peer *peer))
{
	INIT_LIST_HEAD(&watch->entry);
	watch->peer = NULL;
	watch->died = died;
}

bool msgpass_peer_watch(struct msgpass_peer_watch *watch,
			struct msgpass_peer *peer)
{
	bool alive;

	spin_lock(&watches_lock);
	/* If it dies later, peer_tell_watches() finds the watch in the list. */
	alive = !msgpass_peer_is_dead(peer);
	if (alive) {
		WRITE_ONCE(watch->peer, msgpass_peer_ref(peer));
		list_add_tail(&watch->entry, &peer->watches);
	}
	spin_unlock(&watches_lock);
	return alive;
}

bool msgpass_peer_unwatch(struct msgpass_peer_watch *watch)
{
	struct msgpass_peer *peer = watch->peer;
	bool untold;

	if (!peer)
		return false;
	spin_lock(&watches_lock);
	untold = !list_empty(&watch->entry);
	list_del_init(&watch->entry);
	spin_unlock(&watches_lock);

	WRITE_ONCE(watch->peer, NULL);
	msgpass_peer_put(peer);
	return untold;
}

static void peer_tell_watches(struct msgpass_peer *peer)
{
	struct msgpass_peer_watch *watch;

	spin_lock(&watches_lock);
	while ((watch = list_first_entry_or_null(&peer->watches,
						 struct msgpass_peer_watch,
						 entry))) {
		list_del_init(&watch->entry);
		spin_unlock(&watches_lock);
		watch->died(watch, peer);
		cond_resched();
		spin_lock(&watches_lock);
	}
	spin_unlock(&watches_lock);
}

/* The process is dead, or the module leaves. */
static void peer_retire(struct msgpass_peer *peer)
{
	if (test_and_set_bit(0, &peer->dead))
		return;
	remove_wait_queue(&peer->pid->wait_pidfd, &peer->exit_wait);
	rhashtable_remove_fast(&peers_by_pid, &peer->by_pid,
			       peers_by_pid_params);
	peer_ops->died(peer);
	/* From now on none is kept: messages may keep the identity for long. */
	kfree(xchg(&peer->identity->spare, ZERO_SIZE_PTR));
	peer_tell_watches(peer);
	xa_erase(&peers_by_id, peer->id);
	msgpass_peer_put(peer);
}

static void peer_exit_work(struct work_struct *work)
{
	struct msgpass_peer *peer =
		container_of(work, struct msgpass_peer, exit_work);

	if (!msgpass_pid_alive(peer->pid))
		peer_retire(peer);
	msgpass_peer_put(peer);
}

static void peer_check_later(struct msgpass_peer *peer)
{
	msgpass_peer_ref(peer);
	/* Queued already: that run has a reference, so this is not the last. */
	if (!queue_work(peer_workqueue, &peer->exit_work))
		refcount_dec(&peer->refs);
}

/*
 * Runs under tasklist_lock and the queue's lock with interrupts off, perhaps
 * more than once. The table's reference keeps the peer while its entry is in
 * the queue.
 */
static int peer_exit_notice(wait_queue_entry_t *entry, unsigned int mode,
			    int flags, void *key)
{
	peer_check_later(container_of(entry, struct msgpass_peer, exit_wait));
	return 0;
}

struct msgpass_peer *msgpass_peer_find(struct pid *pid)
{
	struct msgpass_peer *peer;

	rcu_read_lock();
	peer = rhashtable_lookup(&peers_by_pid, &pid, peers_by_pid_params);
	if (peer && !refcount_inc_not_zero(&peer->refs))
		peer = NULL;
	rcu_read_unlock();
	return peer;
}

static struct msgpass_peer *peer_new(struct pid *pid)
{
	struct msgpass_identity *identity = identity_new(pid);
	struct msgpass_peer *peer;

	if (!identity)
		return ERR_PTR(-ENOMEM);
	peer = peer_ops->alloc(pid, identity->id);
	if (IS_ERR(peer)) {
		msgpass_identity_put(identity);
		return peer;
	}
	peer->id = identity->id;
	peer->pid = identity->pid;
	peer->identity = identity;
	peer->dead = 0;
	INIT_LIST_HEAD(&peer->watches);
	/* One for the tables, one for the caller. */
	refcount_set(&peer->refs, 2);
	init_waitqueue_func_entry(&peer->exit_wait, peer_exit_notice);
	INIT_WORK(&peer->exit_work, peer_exit_work);
	return peer;
}

static void peer_discard(struct msgpass_peer *peer)
{
	refcount_set(&peer->refs, 1);
	msgpass_peer_put(peer);
}

static struct msgpass_peer *peer_make(struct pid *pid)
{
	struct msgpass_peer *peer, *other;
	int error;

	peer = peer_new(pid);
	if (IS_ERR(peer))
		return peer;

	/* Insert NULL first: nobody may find it by id until it is known. */
	error = xa_reserve(&peers_by_id, peer->id, GFP_KERNEL_ACCOUNT);
	if (error)
		goto discard;

	rcu_read_lock();
	other = rhashtable_lookup_get_insert_fast(&peers_by_pid, &peer->by_pid,
						  peers_by_pid_params);
	if (other && !IS_ERR(other) && !refcount_inc_not_zero(&other->refs))
		other = ERR_PTR(-EAGAIN);
	rcu_read_unlock();
	if (other) {
		xa_release(&peers_by_id, peer->id);
		peer_discard(peer);
		return other;
	}

	xa_store(&peers_by_id, peer->id, peer, GFP_KERNEL_ACCOUNT);
	add_wait_queue(&pid->wait_pidfd, &peer->exit_wait);
	/* It may have died before the entry was there to tell. */
	if (!msgpass_pid_alive(pid))
		peer_check_later(peer);
	return peer;

discard:
	peer_discard(peer);
	return ERR_PTR(error);
}

struct msgpass_peer *msgpass_peer_get(struct pid *pid)
{
	struct msgpass_peer *peer;

	do {
		peer = msgpass_peer_find(pid);
		if (!peer)
			peer = peer_make(pid);
		/* Another made it and it is gone: look again. */
	} while (peer == ERR_PTR(-EAGAIN));
	return peer;
}

struct msgpass_peer *msgpass_peer_find_id(u64 id)
{
	struct msgpass_peer *peer;

	rcu_read_lock();
	peer = xa_load(&peers_by_id, id);
	if (peer && !refcount_inc_not_zero(&peer->refs))
		peer = NULL;
	rcu_read_unlock();
	return peer;
}

struct msgpass_peer *msgpass_peer_next(u64 id)
{
	struct msgpass_peer *peer;
	unsigned long index = id;

	rcu_read_lock();
	do {
		peer = xa_find_after(&peers_by_id, &index, ULONG_MAX,
				     XA_PRESENT);
	} while (peer && !refcount_inc_not_zero(&peer->refs));
	rcu_read_unlock();
	return peer;
}

int msgpass_peer_init(const struct msgpass_peer_ops *ops)
{
	int error;

	peer_ops = ops;
	/* Ids of an earlier load of the module must not come back. */
	atomic64_set(&peer_last_id, ktime_get_boottime_ns());
	peer_workqueue = alloc_workqueue("msgpass", WQ_UNBOUND, 0);
	if (!peer_workqueue)
		return -ENOMEM;
	error = rhashtable_init(&peers_by_pid, &peers_by_pid_params);
	if (error)
		destroy_workqueue(peer_workqueue);
	return error;
}

void msgpass_peer_exit(void)
{
	struct msgpass_peer *peer;
	u64 id = 0;

	while ((peer = msgpass_peer_next(id))) {
		id = peer->id;
		peer_retire(peer);
		msgpass_peer_put(peer);
	}
	/*
	 * A worker that was quicker may not have taken its wait entry down yet;
	 * until it has, the entry may queue more.
	 */
	flush_workqueue(peer_workqueue);
	destroy_workqueue(peer_workqueue);
	rhashtable_destroy(&peers_by_pid);
	xa_destroy(&peers_by_id);
}
