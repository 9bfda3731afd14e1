// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mutex.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "account.h"
#include "attributes.h"
#include "direct.h"
#include "tally.h"
#include "trace.h"

#define INBOX_MODE_DEFAULT	0200
#define INBOX_MODE_GROUP	0020
#define INBOX_MODE_OTHERS	0002
#define INBOX_MODE_MASK		0222

/* From one sender to one inbox. */
struct link {
	struct msgpass_queue queue;
	struct rb_node node;			/* port.lock */
	struct msgpass_inbox *receiver;		/* whose links it is in */
	struct msgpass_inbox *sender;		/* reference held; const */
	struct list_head outgoing;		/* sender->outgoing_lock */
	struct msgpass_account *account;	/* reference held; const */
};

/*
 * What a link costs, its dead sender's inbox included, which it keeps in
 * memory.
 */
#define LINK_CHARGE (sizeof(struct link) + sizeof(struct msgpass_inbox))

static void link_free(struct link *link)
{
	msgpass_account_close(link->account, LINK_CHARGE);
	msgpass_inbox_put(link->sender);
	kfree(link);
}

/* ops->queue_unused(): under the port's lock, which all users of a link hold. */
static void link_unused(struct msgpass_queue *queue)
{
	struct link *link = container_of(queue, struct link, queue);
	struct msgpass_inbox *sender;

	/* That of the receipts is no link, and goes with the inbox. */
	if (queue->unlimited)
		return;
	sender = link->sender;
	trace_link_gone(link->receiver->port.id, link->receiver->waits.pid,
			sender->waits.pid);
	rb_erase(&link->node, &link->receiver->links);
	msgpass_queue_remove(queue);
	spin_lock(&sender->outgoing_lock);
	list_del(&link->outgoing);
	spin_unlock(&sender->outgoing_lock);
	link_free(link);
}

static struct msgpass_inbox *inbox_of_port(struct msgpass_port *port)
{
	return container_of(port, struct msgpass_inbox, port);
}

static void inbox_port_get(struct msgpass_port *port)
{
	msgpass_peer_ref(&inbox_of_port(port)->peer);
}

static void inbox_port_put(struct msgpass_port *port)
{
	msgpass_inbox_put(inbox_of_port(port));
}

static const struct msgpass_port_ops inbox_port_ops = {
	.get = inbox_port_get,
	.put = inbox_port_put,
	.queue_unused = link_unused,
	.end = MSGPASS_END_DIED,
};

static struct link *link_find(struct msgpass_inbox *receiver, u64 sender)
{
	struct rb_node *rb = receiver->links.rb_node;

	lockdep_assert_held(&receiver->port.lock);
	while (rb) {
		struct link *link = rb_entry(rb, struct link, node);

		if (link->sender->peer.id == sender)
			return link;
		rb = sender < link->sender->peer.id ? rb->rb_left :
						      rb->rb_right;
	}
	return NULL;
}

static void link_insert(struct msgpass_inbox *receiver, struct link *link)
{
	struct rb_node **slot = &receiver->links.rb_node, *parent = NULL;
	struct msgpass_inbox *sender = link->sender;

	while (*slot) {
		parent = *slot;
		if (sender->peer.id <
		    rb_entry(parent, struct link, node)->sender->peer.id)
			slot = &parent->rb_left;
		else
			slot = &parent->rb_right;
	}
	rb_link_node(&link->node, parent, slot);
	rb_insert_color(&link->node, &receiver->links);
	msgpass_queue_init(&link->queue, &receiver->port);

	spin_lock(&sender->outgoing_lock);
	list_add_tail(&link->outgoing, &sender->outgoing);
	/* Later, inbox_died() finds it in the list. */
	link->queue.closed = msgpass_peer_is_dead(&sender->peer);
	spin_unlock(&sender->outgoing_lock);
	trace_link_new(receiver->port.id, receiver->waits.pid,
		       sender->waits.pid);
}

static struct link *link_new(struct msgpass_inbox *receiver,
			     struct msgpass_inbox *sender)
{
	struct msgpass_account *account;
	struct link *link;

	account = msgpass_account_open(current_cred(), LINK_CHARGE);
	if (IS_ERR(account))
		return ERR_CAST(account);
	link = kzalloc(sizeof(*link), GFP_KERNEL_ACCOUNT);
	if (!link) {
		msgpass_account_close(account, LINK_CHARGE);
		return ERR_PTR(-ENOMEM);
	}
	link->account = account;
	link->receiver = receiver;
	msgpass_peer_ref(&sender->peer);
	link->sender = sender;
	return link;
}

/* Of link_lock(), where there was none. */
static noinline struct link *link_make(struct msgpass_inbox *receiver,
				       struct msgpass_inbox *sender)
	__acquires(&receiver->port.lock)
{
	struct link *link, *new = link_new(receiver, sender);

	spin_lock(&receiver->port.lock);
	/* Another thread of the sender may have been quicker. */
	link = link_find(receiver, sender->peer.id);
	if (link || receiver->port.closed) {
		if (!IS_ERR(new))
			link_free(new);
		return link ?: ERR_PTR(-ESRCH);
	}
	if (!IS_ERR(new))
		link_insert(receiver, new);
	return new;
}

/* Finds or makes it, and returns with the port locked, ERR_PTR or not. */
static __always_inline struct link *link_lock(struct msgpass_inbox *receiver,
					      struct msgpass_inbox *sender)
	__acquires(&receiver->port.lock)
{
	struct link *link;

	spin_lock(&receiver->port.lock);
	link = link_find(receiver, sender->peer.id);
	if (link) /* coccicheck: the callers want it locked */
		return link;
	spin_unlock(&receiver->port.lock);
	return link_make(receiver, sender);
}

/* With its place in the tables, where it may have no neighbours. */
#define INBOX_CHARGE (sizeof(struct msgpass_inbox) + sizeof(struct pid) + \
		      sizeof(struct msgpass_identity) + sizeof(struct xa_node))

/* Who pays for the inbox of @pid, or NULL; ERR_PTR. */
static struct msgpass_account *inbox_account(struct pid *pid)
{
	if (pid == task_tgid(current))
		return NULL;
	return msgpass_account_open(current_cred(), INBOX_CHARGE);
}

static struct msgpass_peer *inbox_alloc(struct pid *pid, u64 id)
{
	struct msgpass_limits limits = msgpass_limits_default();
	struct msgpass_account *account = inbox_account(pid);
	struct msgpass_inbox *inbox;

	if (IS_ERR(account))
		return ERR_CAST(account);
	inbox = kzalloc(sizeof(*inbox), GFP_KERNEL_ACCOUNT);
	if (!inbox) {
		msgpass_account_close(account, INBOX_CHARGE);
		return ERR_PTR(-ENOMEM);
	}
	inbox->account = account;
	msgpass_port_init(&inbox->port, id, &inbox_port_ops, &limits);
	msgpass_queue_init(&inbox->receipts, &inbox->port);
	inbox->receipts.unlimited = true;
	inbox->port.receiver = &inbox->waits;
	inbox->waits.pid = pid_nr(pid);
	inbox->links = RB_ROOT;
	inbox->mode = INBOX_MODE_DEFAULT;
	msgpass_call_party_init(&inbox->calls, &inbox->waits);
	msgpass_readings_init(&inbox->readings);
	msgpass_keeper_init(&inbox->keeper);
	spin_lock_init(&inbox->outgoing_lock);
	INIT_LIST_HEAD(&inbox->outgoing);
	/* Before others can find it, and even if there is another by then. */
	trace_inbox_new(id, inbox->waits.pid);
	return &inbox->peer;
}

static void inbox_free(struct msgpass_peer *peer)
{
	struct msgpass_inbox *inbox = msgpass_inbox_of(peer);

	/* Nobody has found it. */
	if (!msgpass_peer_is_dead(peer))
		trace_inbox_gone(peer->id, inbox->waits.pid);
	msgpass_account_close(inbox->account, INBOX_CHARGE);
	msgpass_account_put(inbox->payer);
	kfree_rcu(inbox, rcu);
}

/* The inbox that @sender's first outgoing link leads to: a reference. */
static struct msgpass_inbox *first_outgoing(struct msgpass_inbox *sender)
{
	struct msgpass_inbox *receiver = NULL;
	struct link *link;

	spin_lock(&sender->outgoing_lock);
	link = list_first_entry_or_null(&sender->outgoing, struct link,
					outgoing);
	if (link) {
		/* Links go before the inbox that they lead to. */
		receiver = link->receiver;
		msgpass_peer_ref(&receiver->peer);
		/* Once is enough; link_unused() deletes it again. */
		list_del_init(&link->outgoing);
	}
	spin_unlock(&sender->outgoing_lock);
	return receiver;
}

/* To let memory go that another process has too takes as long as that likes. */
static struct workqueue_struct *keeper_workqueue;

static void keeper_work(struct work_struct *work)
{
	struct msgpass_inbox *inbox =
		container_of(work, struct msgpass_inbox, keeper_work);

	msgpass_keeper_exit(&inbox->keeper);
	msgpass_inbox_put(inbox);
}

static void inbox_died(struct msgpass_peer *peer)
{
	struct msgpass_inbox *inbox = msgpass_inbox_of(peer);
	struct msgpass_inbox *receiver;
	struct link *link;

	trace_inbox_gone(peer->id, inbox->waits.pid);
	msgpass_port_close(&inbox->port);
	msgpass_call_party_exit(&inbox->calls);
	msgpass_readings_exit(&inbox->readings);
	if (msgpass_keeper_watches(&inbox->keeper)) {
		msgpass_peer_ref(&inbox->peer);
		INIT_WORK(&inbox->keeper_work, keeper_work);
		queue_work(keeper_workqueue, &inbox->keeper_work);
	} else {
		msgpass_keeper_exit(&inbox->keeper);
	}

	while ((receiver = first_outgoing(inbox))) {
		spin_lock(&receiver->port.lock);
		link = link_find(receiver, peer->id);
		if (link)
			msgpass_queue_close(&link->queue);
		spin_unlock(&receiver->port.lock);
		msgpass_inbox_put(receiver);
		cond_resched();
	}
}

static const struct msgpass_peer_ops inbox_peer_ops = {
	.alloc = inbox_alloc,
	.died = inbox_died,
	.free = inbox_free,
};

int msgpass_direct_init(void)
{
	int error;

	msgpass_call_init();
	msgpass_reading_init();
	keeper_workqueue = alloc_workqueue("msgpass_keeper", WQ_UNBOUND, 0);
	if (!keeper_workqueue)
		return -ENOMEM;
	error = msgpass_peer_init(&inbox_peer_ops);
	if (error)
		destroy_workqueue(keeper_workqueue);
	return error;
}

void msgpass_direct_exit(void)
{
	msgpass_peer_exit();
	/* Waits for what that has queued. */
	destroy_workqueue(keeper_workqueue);
}

static bool exec_changed_credentials(const struct msgpass_inbox *inbox,
				     const struct cred *cred)
{
	return !uid_eq(inbox->euid, cred->euid) ||
	       !gid_eq(inbox->egid, cred->egid) ||
	       memcmp(&inbox->permitted, &cred->cap_permitted,
		      sizeof(inbox->permitted));
}

static void inbox_set_mode(struct msgpass_inbox *inbox, unsigned int mode)
{
	lockdep_assert_held(&inbox->port.lock);
	WRITE_ONCE(inbox->mode, mode | INBOX_MODE_DEFAULT);
	/* Pairs with check_allowed(). */
	smp_store_release(&inbox->epoch, inbox->epoch + 1);
}

/*
 * The credentials as exec number *@exec_id left them; in the middle of an exec
 * *@exec_id is 0. exec sets in_execve, counts self_exec_id up, changes the
 * credentials and clears in_execve.
 */
static const struct cred *cred_after_exec(struct task_struct *leader,
					  u64 *exec_id)
{
	/* Counted up: then what is seen of in_execve is at least as new. */
	*exec_id = smp_load_acquire(&leader->self_exec_id);
	/* The bits beside it change as they like. */
	if (data_race(!!leader->in_execve))
		*exec_id = 0;
	/* Cleared: then so are the credentials. */
	smp_rmb();
	return __task_cred(leader);
}

/* Call under RCU, with the port locked. Did exec change what it may do? */
static bool inbox_compare_exec(struct msgpass_inbox *inbox,
			       struct task_struct *leader)
{
	const struct cred *cred;
	bool changed;
	u64 exec_id;

	cred = cred_after_exec(leader, &exec_id);
	changed = inbox->known && exec_changed_credentials(inbox, cred);
	if (changed || !inbox->known || inbox->peer.pid == task_tgid(current)) {
		inbox->known = true;
		inbox->euid = cred->euid;
		inbox->egid = cred->egid;
		inbox->permitted = cred->cap_permitted;
	}
	if (exec_id)
		WRITE_ONCE(inbox->exec_id, exec_id);
	return changed;
}

/*
 * There is no hook that tells of an exec which gains privileges, and what was
 * sent to the program before must not reach the one after. So compare, each
 * time before the inbox is used.
 *
 * exec counts self_exec_id up before it changes the credentials; what is seen
 * in between is not taken for the end of it.
 */
void msgpass_inbox_note_exec(struct msgpass_inbox *inbox)
{
	struct msgpass_limits limits;
	struct task_struct *leader;
	bool changed;

	rcu_read_lock();
	leader = pid_task(inbox->peer.pid, PIDTYPE_TGID);
	if (!leader || READ_ONCE(leader->self_exec_id) ==
		       READ_ONCE(inbox->exec_id)) {
		rcu_read_unlock();
		return;
	}
	spin_lock(&inbox->port.lock);
	changed = inbox_compare_exec(inbox, leader);
	rcu_read_unlock();

	if (!changed) {
		spin_unlock(&inbox->port.lock);
		return;
	}
	limits = msgpass_limits_default();
	inbox_set_mode(inbox, INBOX_MODE_DEFAULT);
	inbox->resets++;
	msgpass_port_reset(&inbox->port, &limits);
}

/* Once; without it, or with another's, who pays is searched for each time. */
static void set_payer(struct msgpass_inbox *inbox)
{
	struct msgpass_account *payer;

	if (msgpass_inbox_payer(inbox))
		return;
	payer = msgpass_account_get(current_cred());
	/* Another thread may have been quicker. */
	if (!IS_ERR(payer) && cmpxchg(&inbox->payer, NULL, payer))
		msgpass_account_put(payer);
}

static void note_exec_of_caller(struct msgpass_inbox *inbox)
{
	/* Its leader stays as long as a thread of it runs, and does not exec. */
	if (READ_ONCE(current->group_leader->self_exec_id) !=
	    READ_ONCE(inbox->exec_id))
		msgpass_inbox_note_exec(inbox);
}

struct msgpass_inbox *msgpass_inbox_current(void)
{
	struct msgpass_peer *peer = msgpass_peer_get(task_tgid(current));
	struct msgpass_inbox *inbox;

	if (IS_ERR(peer))
		return ERR_CAST(peer);
	inbox = msgpass_inbox_of(peer);
	set_payer(inbox);
	note_exec_of_caller(inbox);
	msgpass_peer_put(peer);
	return inbox;
}

/* The calling process's: a reference, or ERR_PTR. */
static struct msgpass_inbox *get_own_inbox(void)
{
	struct msgpass_inbox *inbox = msgpass_inbox_current();

	if (!IS_ERR(inbox))
		msgpass_peer_ref(&inbox->peer);
	return inbox;
}

int msgpass_callers_init(struct msgpass_callers *callers)
{
	struct msgpass_inbox *opener = get_own_inbox();

	if (IS_ERR(opener))
		return PTR_ERR(opener);
	*callers = (struct msgpass_callers){ .opener = opener };
	return 0;
}

void msgpass_callers_put(struct msgpass_callers *callers)
{
	unsigned int i;

	msgpass_inbox_put(callers->opener);
	for (i = 0; i < ARRAY_SIZE(callers->others) && callers->others[i]; i++)
		msgpass_inbox_put(callers->others[i]);
}

static bool is_callers(const struct msgpass_inbox *inbox)
{
	return inbox->peer.pid == task_tgid(current);
}

/* If another was quicker to take the place, the next time will do. */
static noinline struct msgpass_inbox *add_caller(struct msgpass_inbox **place)
{
	struct msgpass_inbox *inbox = msgpass_inbox_current();

	if (IS_ERR(inbox))
		return inbox;
	msgpass_peer_ref(&inbox->peer);
	if (cmpxchg(place, NULL, inbox))
		msgpass_inbox_put(inbox);
	return inbox;
}

struct msgpass_inbox *msgpass_inbox_caller(struct msgpass_callers *callers)
{
	struct msgpass_inbox *inbox = callers->opener;
	unsigned int i = 0;

	while (!is_callers(inbox)) {
		if (i == ARRAY_SIZE(callers->others))
			return msgpass_inbox_current();
		inbox = READ_ONCE(callers->others[i]);
		if (!inbox)
			return add_caller(&callers->others[i]);
		i++;
	}
	note_exec_of_caller(inbox);
	return inbox;
}

static bool is_same_user(const struct cred *target)
{
	const struct cred *cred = current_cred();

	return uid_eq(cred->euid, target->suid) ||
	       uid_eq(cred->euid, target->uid) ||
	       uid_eq(cred->uid, target->suid) ||
	       uid_eq(cred->uid, target->uid);
}

/* May the caller signal it? kill(2)'s rule, but for what security modules say. */
static bool kill_allowed(const struct cred *target, bool audit)
{
	if (is_same_user(target))
		return true;
	return audit ? ns_capable(target->user_ns, CAP_KILL) :
		       ns_capable_noaudit(target->user_ns, CAP_KILL);
}

/* @audit: as an attempt to do it, not just to see what there is. */
static bool may_signal(struct pid *pid, bool audit)
{
	struct task_struct *leader;
	bool allowed;

	rcu_read_lock();
	leader = pid_task(pid, PIDTYPE_TGID);
	allowed = leader && (same_thread_group(leader, current) ||
			     kill_allowed(__task_cred(leader), audit));
	rcu_read_unlock();
	return allowed;
}

bool msgpass_may_see(struct pid *pid)
{
	return pid_vnr(pid) && may_signal(pid, false);
}

static bool may_see(const struct msgpass_inbox *inbox)
{
	return msgpass_may_see(inbox->peer.pid);
}

static int may_send(const struct msgpass_inbox *inbox)
{
	unsigned int mode = READ_ONCE(inbox->mode);
	struct task_struct *leader;
	int error = -EPERM;

	rcu_read_lock();
	leader = pid_task(inbox->peer.pid, PIDTYPE_TGID);
	if (!leader)
		error = -ESRCH;
	else if (same_thread_group(leader, current) ||
		 mode & INBOX_MODE_OTHERS ||
		 (mode & INBOX_MODE_GROUP &&
		  in_egroup_p(__task_cred(leader)->egid)) ||
		 kill_allowed(__task_cred(leader), true))
		error = 0;
	rcu_read_unlock();
	return error;
}

/*
 * Most often one look at the process tells that it lives, did not exec, and is
 * of the caller's user. If not, nothing is known.
 */
static bool is_plainly_allowed(const struct msgpass_inbox *inbox, u64 *epoch)
{
	const struct task_struct *leader;
	bool allowed;

	/*
	 * Whoever sees the new one sees the new mode, and what the process that
	 * changed it saw of the credentials.
	 */
	*epoch = smp_load_acquire(&inbox->epoch);
	rcu_read_lock();
	leader = pid_task(inbox->peer.pid, PIDTYPE_TGID);
	allowed = leader && !READ_ONCE(leader->exit_state) &&
		  READ_ONCE(leader->self_exec_id) == READ_ONCE(inbox->exec_id) &&
		  is_same_user(__task_cred(leader));
	rcu_read_unlock();
	return allowed;
}

/* May the caller send to it, and when was it so: see link_lock_since(). */
static int check_allowed(struct msgpass_inbox *inbox, u64 *epoch)
{
	if (is_plainly_allowed(inbox, epoch))
		return 0;
	msgpass_inbox_note_exec(inbox);
	return may_send(inbox);
}

/* The living process of that number: a reference to its pid, or NULL. */
static struct pid *process_by_pid(u64 number)
{
	struct task_struct *leader = NULL;
	struct pid *pid;

	if (number > PID_MAX_LIMIT)
		return NULL;
	rcu_read_lock();
	pid = find_vpid(number);
	if (pid)
		leader = pid_task(pid, PIDTYPE_TGID);
	/* The flag never changes, others beside it do. */
	if (!leader || data_race(leader->flags) & PF_KTHREAD ||
	    !msgpass_pid_alive(pid))
		pid = NULL;
	get_pid(pid);
	rcu_read_unlock();
	return pid;
}

/* If it has none yet: @make one for it, else -EAGAIN. */
static struct msgpass_inbox *inbox_by_pid(u64 number, bool make)
{
	struct msgpass_peer *peer;
	struct pid *pid;

	if ((s64)number <= 0)
		return ERR_PTR(-EINVAL);
	pid = process_by_pid(number);
	if (!pid)
		return ERR_PTR(-ESRCH);
	peer = make ? msgpass_peer_get(pid) :
		      msgpass_peer_find(pid) ?: ERR_PTR(-EAGAIN);
	put_pid(pid);
	return IS_ERR(peer) ? ERR_CAST(peer) : msgpass_inbox_of(peer);
}

static struct msgpass_inbox *inbox_by_peer(u64 id)
{
	struct msgpass_peer *peer = msgpass_peer_find_id(id);

	if (!peer)
		return ERR_PTR(-ESRCH);
	if (!pid_vnr(peer->pid) || !msgpass_pid_alive(peer->pid)) {
		msgpass_peer_put(peer);
		return ERR_PTR(-ESRCH);
	}
	return msgpass_inbox_of(peer);
}

struct msgpass_inbox *msgpass_direct_process(u64 address, bool is_peer)
{
	return is_peer ? inbox_by_peer(address) : inbox_by_pid(address, true);
}

/* A process that has no inbox yet gets one only for who may send to it. */
static struct msgpass_inbox *make_receiver(u64 number)
{
	struct pid *pid = process_by_pid(number);
	struct msgpass_peer *peer;

	if (!pid)
		return ERR_PTR(-ESRCH);
	peer = may_signal(pid, true) ? msgpass_peer_get(pid) : ERR_PTR(-EPERM);
	put_pid(pid);
	return IS_ERR(peer) ? ERR_CAST(peer) : msgpass_inbox_of(peer);
}

/* Most processes send to few others, whom to search for takes longer. */
#define LINKS_TRIED	4

/*
 * Where one of the first links that @sender sends through leads to, if that
 * process has or had the number @to: a reference, or NULL.
 */
static struct msgpass_inbox *linked_receiver(struct msgpass_inbox *sender,
					     u64 to, bool is_peer)
{
	struct msgpass_inbox *receiver = NULL;
	unsigned int tries = LINKS_TRIED;
	struct link *link;

	spin_lock(&sender->outgoing_lock);
	list_for_each_entry(link, &sender->outgoing, outgoing) {
		const struct msgpass_peer *peer = &link->receiver->peer;
		pid_t number = msgpass_pid_number(peer->pid);

		if (number && (is_peer ? peer->id : number) == to) {
			/* Links go before the inbox that they lead to. */
			receiver = link->receiver;
			msgpass_peer_ref(&receiver->peer);
			break;
		}
		if (!--tries)
			break;
	}
	spin_unlock(&sender->outgoing_lock);
	return receiver;
}

struct msgpass_inbox *msgpass_direct_receiver(struct msgpass_inbox *sender,
					      u64 to, bool is_peer, u64 *epoch)
{
	struct msgpass_inbox *inbox = linked_receiver(sender, to, is_peer);
	int error;

	if (inbox && is_plainly_allowed(inbox, epoch))
		return inbox;
	/* The number may be another's by now. */
	if (inbox && !msgpass_pid_alive(inbox->peer.pid)) {
		msgpass_inbox_put(inbox);
		inbox = NULL;
	}
	if (!inbox)
		inbox = is_peer ? inbox_by_peer(to) : inbox_by_pid(to, false);
	if (inbox == ERR_PTR(-EAGAIN))
		inbox = make_receiver(to);
	if (IS_ERR(inbox))
		return inbox;
	/* Before anything else fails, which would tell of the inbox. */
	error = check_allowed(inbox, epoch);
	if (!error)
		return inbox;
	msgpass_inbox_put(inbox);
	return ERR_PTR(error);
}

/* Gone before the caller waited for it: there is no such process. */
static int died_or_unknown(int error, const struct msgpass_wait *wait)
{
	return error == -EPIPE && !wait->waited ? -ESRCH : error;
}

/* Of link_lock_since(), when that was too long ago. */
static noinline struct link *link_check_again(struct msgpass_inbox *receiver,
					      struct msgpass_inbox *sender)
	__must_hold(&receiver->port.lock)
{
	struct link *link;
	u64 epoch;
	int error;

	do {
		spin_unlock(&receiver->port.lock);
		error = check_allowed(receiver, &epoch);
		if (error) {
			spin_lock(&receiver->port.lock);
			return ERR_PTR(error);
		}
		link = link_lock(receiver, sender);
	} while (!IS_ERR(link) && receiver->epoch != epoch);
	return link;
}

/*
 * As link_lock(), and what the receiver allows was checked since it changed
 * last: at @epoch, or once more.
 */
static __always_inline struct link *
link_lock_since(struct msgpass_inbox *receiver, struct msgpass_inbox *sender,
		u64 epoch)
	__acquires(&receiver->port.lock)
{
	struct link *link = link_lock(receiver, sender);

	if (IS_ERR(link) || receiver->epoch == epoch)
		return link;
	return link_check_again(receiver, sender);
}

int msgpass_direct_send(struct msgpass_inbox *receiver,
			struct msgpass_inbox *sender,
			struct msgpass_message *message,
			struct msgpass_wait *wait)
{
	u64 epoch;

	/* What was copied in since it was checked may have taken for ever. */
	return check_allowed(receiver, &epoch) ?:
	       msgpass_direct_send_since(receiver, sender, message, wait,
					 epoch);
}

int msgpass_direct_send_since(struct msgpass_inbox *receiver,
			      struct msgpass_inbox *sender,
			      struct msgpass_message *message,
			      struct msgpass_wait *wait, u64 epoch)
{
	struct link *link = link_lock_since(receiver, sender, epoch);
	int error;

	if (IS_ERR(link)) {
		spin_unlock(&receiver->port.lock);
		return PTR_ERR(link);
	}
	/*
	 * Not for room alone, which its receiver need not be the one to make,
	 * nor with a lifetime, which ends the wait like a deadline.
	 */
	if (!wait->call && !msgpass_message_lifetime(message) &&
	    (wait->synchronous || msgpass_queue_is_rendezvous(&link->queue)))
		wait->edge = (struct msgpass_wait_edge) {
			.from = &sender->waits,
			.to = &receiver->waits,
		};
	error = msgpass_port_send(&link->queue, message, wait);
	return died_or_unknown(error, wait);
}

unsigned int msgpass_direct_send_some(struct msgpass_inbox *receiver,
				      struct msgpass_inbox *sender,
				      struct msgpass_message **messages,
				      unsigned int count)
{
	struct link *link;
	u64 epoch;

	if (check_allowed(receiver, &epoch))
		return 0;
	link = link_lock_since(receiver, sender, epoch);
	if (!IS_ERR(link))
		return msgpass_port_send_some(&link->queue, messages, count);
	spin_unlock(&receiver->port.lock);
	return 0;
}

u64 msgpass_inbox_resets(struct msgpass_inbox *inbox)
{
	u64 resets;

	spin_lock(&inbox->port.lock);
	resets = inbox->resets;
	spin_unlock(&inbox->port.lock);
	return resets;
}

void msgpass_direct_send_receipt(struct msgpass_inbox *inbox,
				 struct msgpass_message *receipt, u64 resets)
{
	struct msgpass_wait wait = { .nonblock = true };
	int error = -ESTALE;

	/*
	 * An exec that nobody has noted yet is noted before the inbox is read,
	 * and drops this too. Not here: to note one drops messages, and what
	 * they have asked for are receipts.
	 */
	spin_lock(&inbox->port.lock);
	if (inbox->resets == resets)
		error = msgpass_port_send(&inbox->receipts, receipt, &wait);
	else
		spin_unlock(&inbox->port.lock);
	if (error)
		msgpass_message_put(receipt);
}

/* The link of a dead sender, by the number it had; of several the oldest. */
static struct link *link_by_dead_pid(struct msgpass_inbox *inbox, u64 number)
{
	struct rb_node *rb;

	for (rb = rb_first(&inbox->links); rb; rb = rb_next(rb)) {
		struct link *link = rb_entry(rb, struct link, node);

		if (pid_vnr(link->sender->peer.pid) == number &&
		    !msgpass_pid_alive(link->sender->peer.pid))
			return link;
	}
	return NULL;
}

/* The link from @sender, which may be an ERR_PTR; or NULL. */
static struct link *link_from(struct msgpass_inbox *inbox, u64 from,
			      bool is_peer, struct msgpass_inbox *sender)
{
	if (is_peer)
		return link_find(inbox, from);
	if (!IS_ERR(sender))
		return link_find(inbox, sender->peer.id);
	return link_by_dead_pid(inbox, from);
}

/*
 * The link to receive over, made if it has to be waited on. Returns with the
 * port locked, ERR_PTR or not.
 */
static struct link *link_lock_from(struct msgpass_inbox *inbox, u64 from,
				   bool is_peer, bool make)
	__acquires(&inbox->port.lock)
{
	struct msgpass_inbox *sender = is_peer ? inbox_by_peer(from) :
						 inbox_by_pid(from, make);
	struct link *link = NULL;

	spin_lock(&inbox->port.lock);
	/* It lives and has sent nothing, or is no pid: there is no link. */
	if (sender != ERR_PTR(-EAGAIN) && sender != ERR_PTR(-EINVAL))
		link = link_from(inbox, from, is_peer, sender);
	if (link) {
		/* inbox_died() may not have come to it yet. */
		if (!msgpass_pid_alive(link->sender->peer.pid))
			link->queue.closed = true;
	} else if (IS_ERR(sender)) {
		link = ERR_CAST(sender);
	} else if (!make) {
		link = ERR_PTR(-EAGAIN);
	} else {
		spin_unlock(&inbox->port.lock);
		link = link_lock(inbox, sender);
	}
	if (!IS_ERR(sender))
		msgpass_inbox_put(sender);
	return link;
}

int msgpass_direct_receive(struct msgpass_inbox *inbox, u64 from, bool is_peer,
			   struct msgpass_selection *selection,
			   struct msgpass_wait *wait,
			   struct msgpass_message **message)
{
	int error;

	*message = NULL;
	if (from || is_peer) {
		struct link *link;

		link = link_lock_from(inbox, from, is_peer, !wait->nonblock);
		if (IS_ERR(link)) {
			spin_unlock(&inbox->port.lock);
			return PTR_ERR(link);
		}
		selection->queue = &link->queue;
		wait->edge = (struct msgpass_wait_edge) {
			.from = &inbox->waits,
			.to = &link->sender->waits,
		};
	} else {
		spin_lock(&inbox->port.lock);
	}
	error = msgpass_port_receive(&inbox->port, selection, wait, message);
	return died_or_unknown(error, wait);
}

int msgpass_inbox_set(struct msgpass_inbox *inbox,
		      const struct msgpass_attributes *attributes)
{
	static DEFINE_MUTEX(one_at_a_time);
	struct msgpass_limits limits;
	int error;

	mutex_lock(&one_at_a_time);
	spin_lock(&inbox->port.lock);
	limits = inbox->port.limits;
	spin_unlock(&inbox->port.lock);

	error = msgpass_attributes_apply(attributes,
					 MSGPASS_SET_MODE | MSGPASS_SET_LIMITS,
					 INBOX_MODE_MASK, &limits);
	if (error)
		goto unlock;
	if (attributes->set & MSGPASS_SET_MODE) {
		spin_lock(&inbox->port.lock);
		inbox_set_mode(inbox, attributes->mode);
		spin_unlock(&inbox->port.lock);
	}
	msgpass_port_set_limits(&inbox->port, &limits);
unlock:
	mutex_unlock(&one_at_a_time);
	if (!error)
		msgpass_port_limits_changed(&inbox->port);
	return error;
}

/* Links that carried a message; others only have somebody waiting on them. */
static u64 count_links(struct msgpass_inbox *inbox)
{
	struct rb_node *rb;
	u64 count = 0;

	for (rb = rb_first(&inbox->links); rb; rb = rb_next(rb))
		count += rb_entry(rb, struct link, node)->queue.accepted > 0;
	return count;
}

static uid_t real_uid(struct pid *pid)
{
	struct task_struct *leader;
	kuid_t uid = INVALID_UID;

	rcu_read_lock();
	leader = pid_task(pid, PIDTYPE_TGID);
	if (leader)
		uid = task_uid(leader);
	rcu_read_unlock();
	return from_kuid_munged(current_user_ns(), uid);
}

static void inbox_fill_stat(struct msgpass_inbox *inbox,
			    struct msgpass_inbox_stat *stat)
{
	struct msgpass_port *port = &inbox->port;

	msgpass_inbox_note_exec(inbox);
	stat->out_peer = inbox->peer.id;
	stat->out_pid = pid_vnr(inbox->peer.pid);
	stat->out_uid = real_uid(inbox->peer.pid);

	spin_lock(&port->lock);
	msgpass_attributes_show(&stat->out_attributes, &port->limits,
				READ_ONCE(inbox->mode));
	stat->out_links = count_links(inbox);
	stat->out_queued = port->queued;
	stat->out_queued_bytes = port->queued_bytes;
	stat->out_receivers_waiting = port->receivers_waiting;
	stat->out_senders_waiting = port->senders_waiting;
	stat->out_sent = port->accepted;
	stat->out_received = port->received;
	stat->out_dropped = port->dropped;
	msgpass_tally_show(&stat->out_tally, &port->counts,
			   msgpass_port_oldest(port, NULL));
	spin_unlock(&port->lock);
}

struct msgpass_inbox *msgpass_inbox_to_look_at(u64 process, bool is_peer)
{
	struct msgpass_inbox *inbox;

	if (process == 0 && !is_peer)
		inbox = get_own_inbox();
	else if (is_peer)
		inbox = inbox_by_peer(process);
	else
		inbox = inbox_by_pid(process, false);
	if (inbox == ERR_PTR(-EAGAIN))
		return ERR_PTR(-ESRCH);
	if (IS_ERR(inbox))
		return inbox;

	msgpass_inbox_note_exec(inbox);
	/* Who may send may ask first whether it is ready. */
	if (may_see(inbox) || !may_send(inbox))
		return inbox;
	msgpass_inbox_put(inbox);
	return ERR_PTR(-ESRCH);
}

int msgpass_inbox_stat(struct msgpass_inbox_stat *stat, bool is_peer)
{
	struct msgpass_inbox *inbox =
		msgpass_inbox_to_look_at(stat->process, is_peer);

	if (IS_ERR(inbox))
		return PTR_ERR(inbox);
	inbox_fill_stat(inbox, stat);
	msgpass_inbox_put(inbox);
	return 0;
}

struct msgpass_inbox *msgpass_link_sender(struct msgpass_queue *queue)
{
	lockdep_assert_held(&queue->port->lock);
	return queue->unlimited ? NULL :
				  container_of(queue, struct link, queue)->sender;
}

struct msgpass_queue *msgpass_link_queue(struct msgpass_inbox *receiver,
					 struct msgpass_inbox *sender)
{
	struct link *link = link_find(receiver, sender->peer.id);

	return link ? &link->queue : NULL;
}

int msgpass_inbox_next(struct msgpass_inbox_stat *stat)
{
	u64 id = stat->process;
	struct msgpass_peer *peer;

	while ((peer = msgpass_peer_next(id))) {
		struct msgpass_inbox *inbox = msgpass_inbox_of(peer);
		bool found = msgpass_pid_alive(peer->pid) && may_see(inbox);

		if (found)
			inbox_fill_stat(inbox, stat);
		id = peer->id;
		msgpass_peer_put(peer);
		if (found)
			return 0;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return -ENOENT;
}

/* The first link of @inbox from a sender after @from that carried a message. */
static struct link *link_after(struct msgpass_inbox *inbox, u64 from)
{
	struct rb_node *rb = inbox->links.rb_node;
	struct link *after = NULL;

	while (rb) {
		struct link *link = rb_entry(rb, struct link, node);

		if (link->sender->peer.id > from) {
			after = link;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	while (after && !after->queue.accepted)
		after = rb_entry_safe(rb_next(&after->node), struct link, node);
	return after;
}

static void link_fill_stat(struct link *link, struct msgpass_link_stat *stat)
{
	const struct msgpass_limits *limits = &link->receiver->port.limits;
	struct msgpass_queue *queue = &link->queue;

	stat->out_to_peer = link->receiver->peer.id;
	stat->out_from_peer = link->sender->peer.id;
	stat->out_to_pid = pid_vnr(link->receiver->peer.pid);
	stat->out_from_pid = pid_vnr(link->sender->peer.pid);
	stat->out_capacity = limits->capacity;
	stat->out_capacity_bytes = limits->capacity_bytes;
	stat->out_queued = queue->queued;
	stat->out_queued_bytes = queue->queued_bytes;
	stat->out_receivers_waiting = queue->receivers_waiting;
	stat->out_senders_waiting = queue->senders_waiting;
	stat->out_sent = queue->accepted;
	stat->out_received = queue->received;
	stat->out_dropped = queue->dropped;
	msgpass_tally_show(&stat->out_tally, &queue->counts,
			   msgpass_port_oldest(queue->port, queue));
}

/* The first link of @inbox after @from that the caller may see. */
static bool inbox_next_link(struct msgpass_inbox *inbox, u64 from,
			    struct msgpass_link_stat *stat)
{
	bool visible = may_see(inbox), see_all = visible;
	struct msgpass_inbox *sender;
	struct link *link;

	do {
		spin_lock(&inbox->port.lock);
		link = link_after(inbox, from);
		if (link) {
			link_fill_stat(link, stat);
			sender = link->sender;
			msgpass_peer_ref(&sender->peer);
		}
		spin_unlock(&inbox->port.lock);
		if (!link)
			return false;

		from = sender->peer.id;
		visible = see_all || may_see(sender);
		msgpass_inbox_put(sender);
		cond_resched();
	} while (!visible);
	return true;
}

int msgpass_link_next(struct msgpass_link_stat *stat)
{
	u64 from = stat->from_peer, id = stat->to_peer;
	struct msgpass_peer *peer = NULL;

	/* The rest of the inbox that the caller has reached, then others. */
	if (id)
		peer = msgpass_peer_find_id(id);
	if (!peer) {
		from = 0;
		peer = msgpass_peer_next(id);
	}
	while (peer) {
		bool found = inbox_next_link(msgpass_inbox_of(peer), from,
					     stat);

		id = peer->id;
		msgpass_peer_put(peer);
		if (found)
			return 0;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
		from = 0;
		peer = msgpass_peer_next(id);
	}
	return -ENOENT;
}
