// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "account.h"
#include "attributes.h"
#include "mailbox.h"
#include "tally.h"
#include "trace.h"

#define MAILBOX_MODE_DEFAULT	0600
#define MAILBOX_MODE_MASK	0666

/* The mailboxes of one network namespace. Readers use RCU. */
struct msgpass_names {
	struct user_namespace *user_ns;	/* the namespace's; const */
	struct rhashtable by_name;	/* mailboxes_lock to write */
	struct xarray by_id;		/* mailboxes_lock to write */
	u64 count;			/* mailboxes_lock to write */
	unsigned int last_port;		/* mailboxes_lock */
};

static DEFINE_MUTEX(mailboxes_lock);
static unsigned int names_id;

static const struct rhashtable_params by_name_params = {
	.key_len = MSGPASS_NAME_SIZE,
	.key_offset = offsetof(struct msgpass_mailbox, name),
	.head_offset = offsetof(struct msgpass_mailbox, by_name),
	.automatic_shrinking = true,
};

static struct msgpass_names *current_names(void)
{
	return net_generic(current->nsproxy->net_ns, names_id);
}

/* With its broadcast, if it is one. */
struct mailbox_memory {
	struct msgpass_mailbox mailbox;
	struct msgpass_broadcast broadcast;
};

/* What it costs; named, with its place by number, without neighbours at worst. */
static size_t mailbox_charge(bool is_named, bool is_broadcast)
{
	return (is_named ? sizeof(struct xa_node) : 0) +
	       (is_broadcast ? sizeof(struct mailbox_memory) :
			       sizeof(struct msgpass_mailbox));
}

static size_t charge_of(const struct msgpass_mailbox *mailbox)
{
	return mailbox_charge(mailbox->name[0], mailbox->broadcast);
}

static void mailbox_close(struct msgpass_mailbox *mailbox)
{
	msgpass_port_close(&mailbox->port);
	if (mailbox->broadcast)
		msgpass_broadcast_close(mailbox->broadcast);
}

static void mailbox_free(struct msgpass_mailbox *mailbox)
{
	/* Nobody has a file of it: nobody waits, but messages may be left. */
	mailbox_close(mailbox);
	msgpass_account_close(mailbox->account, charge_of(mailbox));
	put_user_ns(mailbox->user_ns);
	kfree_rcu(mailbox, rcu);
}

void msgpass_mailbox_put(struct msgpass_mailbox *mailbox)
{
	if (refcount_dec_and_test(&mailbox->refs))
		mailbox_free(mailbox);
}

static struct msgpass_mailbox *mailbox_of_port(struct msgpass_port *port)
{
	return container_of(port, struct msgpass_mailbox, port);
}

static void mailbox_port_get(struct msgpass_port *port)
{
	refcount_inc(&mailbox_of_port(port)->refs);
}

static void mailbox_port_put(struct msgpass_port *port)
{
	msgpass_mailbox_put(mailbox_of_port(port));
}

static const struct msgpass_port_ops mailbox_port_ops = {
	.get = mailbox_port_get,
	.put = mailbox_port_put,
	.end = MSGPASS_END_DELETED,
};

static bool broadcast_has_room(struct msgpass_port *port, size_t length)
{
	return msgpass_broadcast_has_room(mailbox_of_port(port)->broadcast,
					  length);
}

static void broadcast_fan_out(struct msgpass_port *port,
			      struct msgpass_message *message)
{
	msgpass_broadcast_fan_out(mailbox_of_port(port)->broadcast, message);
}

static const struct msgpass_port_ops broadcast_port_ops = {
	.get = mailbox_port_get,
	.put = mailbox_port_put,
	.has_room = broadcast_has_room,
	.fan_out = broadcast_fan_out,
	.end = MSGPASS_END_DELETED,
};

static bool is_privileged(const struct msgpass_mailbox *mailbox, int capability)
{
	return ns_capable(mailbox->user_ns, capability);
}

static bool is_owner(const struct msgpass_mailbox *mailbox)
{
	return uid_eq(current_euid(), READ_ONCE(mailbox->owner));
}

static bool may_change(const struct msgpass_mailbox *mailbox)
{
	return is_owner(mailbox) || is_privileged(mailbox, CAP_IPC_OWNER);
}

/* Which of the rights 4 (receive) and 2 (send) the mode gives the caller. */
static unsigned int mode_rights(const struct msgpass_mailbox *mailbox)
{
	unsigned int mode = READ_ONCE(mailbox->mode);

	if (is_owner(mailbox))
		return mode >> 6 & 06;
	if (in_egroup_p(READ_ONCE(mailbox->group)))
		return mode >> 3 & 06;
	return mode & 06;
}

static bool may_open(const struct msgpass_mailbox *mailbox, unsigned int rights)
{
	return !(rights & ~mode_rights(mailbox)) ||
	       is_privileged(mailbox, CAP_IPC_OWNER);
}

static bool is_offered_to_caller(const struct msgpass_mailbox *mailbox)
{
	lockdep_assert_held(&mailboxes_lock);
	return mailbox->offer.peer &&
	       mailbox->offer.peer->pid == task_tgid(current);
}

/* Few are offered to anybody: no lock for the others. */
static bool look_for_offer(const struct msgpass_mailbox *mailbox)
{
	bool offered;

	if (!READ_ONCE(mailbox->offer.peer))
		return false;
	mutex_lock(&mailboxes_lock);
	offered = is_offered_to_caller(mailbox);
	mutex_unlock(&mailboxes_lock);
	return offered;
}

static bool may_look_after(const struct msgpass_mailbox *mailbox)
{
	return is_owner(mailbox) ||
	       ns_capable_noaudit(mailbox->user_ns, CAP_IPC_OWNER);
}

static bool may_see_mailbox(const struct msgpass_mailbox *mailbox)
{
	return mode_rights(mailbox) || may_look_after(mailbox) ||
	       look_for_offer(mailbox);
}

/* A number is a port, and has one way to be written. */
static bool is_port(const char *digits)
{
	u16 port;

	return !kstrtou16(digits, 10, &port) &&
	       (digits[0] != '0' || !digits[1]);
}

/* What the name must be, and zero-padded as the hash table wants it. */
static int name_copy(char *to, const char *from)
{
	size_t length = strnlen(from, MSGPASS_NAME_SIZE);
	size_t i;

	if (length == MSGPASS_NAME_SIZE)
		return -ENAMETOOLONG;
	if (from[0] == '.')
		return -EINVAL;
	if (length && strspn(from, "0123456789") == length && !is_port(from))
		return -EINVAL;
	for (i = 0; i < length; i++) {
		unsigned char byte = from[i];

		if (byte <= ' ' || byte == '/' || byte == 0x7f)
			return -EINVAL;
	}
	memset(to, 0, MSGPASS_NAME_SIZE);
	memcpy(to, from, length);
	return 0;
}

/* The name "0" asks for any port that is not in use. */
static bool is_any_port(const char *name)
{
	return name[0] == '0' && !name[1];
}

/* A reference, or NULL. */
static struct msgpass_mailbox *names_find(struct msgpass_names *names,
					  const char *name)
{
	struct msgpass_mailbox *mailbox;

	rcu_read_lock();
	mailbox = rhashtable_lookup(&names->by_name, name, by_name_params);
	if (mailbox && !refcount_inc_not_zero(&mailbox->refs))
		mailbox = NULL;
	rcu_read_unlock();
	return mailbox;
}

static int names_add(struct msgpass_names *names,
		     struct msgpass_mailbox *mailbox, bool bound)
{
	int error;

	lockdep_assert_held(&mailboxes_lock);
	if (names->count >= READ_ONCE(msgpass_mailboxes_max))
		return -ENOSPC;
	mailbox->id = mailbox->port.id;
	error = xa_insert(&names->by_id, mailbox->id, mailbox,
			  GFP_KERNEL_ACCOUNT);
	if (error)
		return error;
	/* Before others can find it. */
	trace_mailbox_new(mailbox, bound);
	error = rhashtable_insert_fast(&names->by_name, &mailbox->by_name,
				       by_name_params);
	if (error) {
		trace_mailbox_gone(mailbox);
		xa_erase(&names->by_id, mailbox->id);
		return error;
	}
	mailbox->names = names;
	refcount_inc(&mailbox->refs);
	WRITE_ONCE(names->count, names->count + 1);
	return 0;
}

#define PORT_FIRST	1024	/* those below are for who asks for them */
#define PORT_LAST	65535

/* Under the next port from the last one given that nobody uses. */
static int names_add_any_port(struct msgpass_names *names,
			      struct msgpass_mailbox *mailbox, bool bound)
{
	unsigned int tried;

	lockdep_assert_held(&mailboxes_lock);
	for (tried = PORT_FIRST; tried <= PORT_LAST; tried++) {
		struct msgpass_mailbox *other;

		if (++names->last_port > PORT_LAST ||
		    names->last_port < PORT_FIRST)
			names->last_port = PORT_FIRST;
		memset(mailbox->name, 0, sizeof(mailbox->name));
		snprintf(mailbox->name, sizeof(mailbox->name), "%u",
			 names->last_port);
		other = names_find(names, mailbox->name);
		if (!other)
			return names_add(names, mailbox, bound);
		msgpass_mailbox_put(other);
		cond_resched();
	}
	return -ENOSPC;
}

/* The caller has a reference besides the name's. */
static void names_remove(struct msgpass_mailbox *mailbox)
{
	struct msgpass_names *names = mailbox->names;

	lockdep_assert_held(&mailboxes_lock);
	rhashtable_remove_fast(&names->by_name, &mailbox->by_name,
			       by_name_params);
	xa_erase(&names->by_id, mailbox->id);
	WRITE_ONCE(names->count, names->count - 1);
	mailbox->names = NULL;
	refcount_dec(&mailbox->refs);
}

/* If the process is dead already, this is as if it had died just after. */
static void watch_start(struct msgpass_mailbox *mailbox,
			struct msgpass_peer_watch *watch,
			struct msgpass_peer *peer)
{
	lockdep_assert_held(&mailboxes_lock);
	if (msgpass_peer_watch(watch, peer))
		refcount_inc(&mailbox->refs);
}

/* The caller has a reference besides the watch's. */
static void watch_stop(struct msgpass_mailbox *mailbox,
		       struct msgpass_peer_watch *watch)
{
	lockdep_assert_held(&mailboxes_lock);
	/* Else died() waits for the lock, and will put the reference. */
	if (msgpass_peer_unwatch(watch))
		refcount_dec(&mailbox->refs);
}

/*
 * Nobody finds it any more. Close the port then, without the lock. The caller
 * has a reference of its own.
 */
static void mailbox_detach(struct msgpass_mailbox *mailbox)
{
	lockdep_assert_held(&mailboxes_lock);
	if (mailbox->names)
		names_remove(mailbox);
	watch_stop(mailbox, &mailbox->bound);
	watch_stop(mailbox, &mailbox->offer);
	/* One without a name may come here again, when its file is closed. */
	if (!mailbox->deleted)
		trace_mailbox_gone(mailbox);
	mailbox->deleted = true;
}

static void mailbox_bound_died(struct msgpass_peer_watch *watch,
			       struct msgpass_peer *peer)
{
	struct msgpass_mailbox *mailbox =
		container_of(watch, struct msgpass_mailbox, bound);
	bool bound;

	mutex_lock(&mailboxes_lock);
	bound = watch->peer == peer;
	if (bound)
		mailbox_detach(mailbox);
	mutex_unlock(&mailboxes_lock);

	if (bound)
		mailbox_close(mailbox);
	msgpass_mailbox_put(mailbox);
}

static void mailbox_offer_died(struct msgpass_peer_watch *watch,
			       struct msgpass_peer *peer)
{
	struct msgpass_mailbox *mailbox =
		container_of(watch, struct msgpass_mailbox, offer);

	mutex_lock(&mailboxes_lock);
	if (watch->peer == peer)
		watch_stop(mailbox, watch);
	mutex_unlock(&mailboxes_lock);
	msgpass_mailbox_put(mailbox);
}

/* Deleted, or about to be: the worker may not have come to it yet. */
static bool is_gone(const struct msgpass_mailbox *mailbox)
{
	lockdep_assert_held(&mailboxes_lock);
	return mailbox->deleted ||
	       (mailbox->bound.peer &&
		!msgpass_pid_alive(mailbox->bound.peer->pid));
}

/*
 * As names_find(), but not what is gone: whoever knows that a process is dead
 * finds the names of its mailboxes free.
 */
static struct msgpass_mailbox *names_find_living(struct msgpass_names *names,
						 const char *name)
{
	struct msgpass_mailbox *mailbox = names_find(names, name);
	bool gone;

	if (!mailbox || !READ_ONCE(mailbox->bound.peer))
		return mailbox;
	mutex_lock(&mailboxes_lock);
	gone = is_gone(mailbox);
	if (gone)
		mailbox_detach(mailbox);
	mutex_unlock(&mailboxes_lock);
	if (!gone)
		return mailbox;
	mailbox_close(mailbox);
	msgpass_mailbox_put(mailbox);
	return NULL;
}

/* Owner and group: giving away, or to a group not one's own, is privileged. */
static int attributes_apply_owner(struct msgpass_mailbox *mailbox,
				  const struct msgpass_attributes *attributes)
{
	kuid_t owner = mailbox->owner;
	kgid_t group = mailbox->group;

	if (attributes->set & MSGPASS_SET_UID) {
		owner = make_kuid(current_user_ns(), attributes->uid);
		if (!uid_valid(owner))
			return -EINVAL;
	}
	if (attributes->set & MSGPASS_SET_GID) {
		group = make_kgid(current_user_ns(), attributes->gid);
		if (!gid_valid(group))
			return -EINVAL;
	}
	if (!uid_eq(owner, mailbox->owner) &&
	    !is_privileged(mailbox, CAP_CHOWN))
		return -EPERM;
	if (!gid_eq(group, mailbox->group) && !in_egroup_p(group) &&
	    !is_privileged(mailbox, CAP_CHOWN))
		return -EPERM;
	/* A new one has no offer, and nobody's lock. */
	if (!uid_eq(owner, mailbox->owner) && mailbox->offer.peer)
		watch_stop(mailbox, &mailbox->offer);
	WRITE_ONCE(mailbox->owner, owner);
	WRITE_ONCE(mailbox->group, group);
	return 0;
}

static int mailbox_apply(struct msgpass_mailbox *mailbox,
			 const struct msgpass_attributes *attributes)
{
	struct msgpass_limits limits;
	int error;

	spin_lock(&mailbox->port.lock);
	limits = mailbox->port.limits;
	spin_unlock(&mailbox->port.lock);

	error = msgpass_attributes_apply(attributes, MSGPASS_SET_ALL,
					 MAILBOX_MODE_MASK, &limits);
	/* No sender could meet all subscribers at once. */
	if (!error && mailbox->broadcast && !limits.capacity)
		error = -EOPNOTSUPP;
	if (!error)
		error = attributes_apply_owner(mailbox, attributes);
	if (error)
		return error;
	if (attributes->set & MSGPASS_SET_MODE)
		WRITE_ONCE(mailbox->mode, attributes->mode);
	if (!(attributes->set & MSGPASS_SET_LIMITS))
		return 0;
	if (mailbox->broadcast)
		msgpass_broadcast_set_limits(mailbox->broadcast, &limits);
	else
		msgpass_port_set_limits(&mailbox->port, &limits);
	return 0;
}

static struct msgpass_mailbox *mailbox_alloc(bool broadcast, bool lossy)
{
	struct msgpass_limits limits = msgpass_limits_default();
	struct mailbox_memory *memory;
	struct msgpass_mailbox *mailbox;

	memory = kzalloc(broadcast ? sizeof(*memory) : sizeof(memory->mailbox),
			 GFP_KERNEL_ACCOUNT);
	if (!memory)
		return NULL;
	mailbox = &memory->mailbox;
	msgpass_port_init(&mailbox->port, msgpass_peer_new_id(),
			  broadcast ? &broadcast_port_ops : &mailbox_port_ops,
			  &limits);
	msgpass_queue_init(&mailbox->queue, &mailbox->port);
	if (!broadcast)
		return mailbox;
	mailbox->broadcast = &memory->broadcast;
	msgpass_broadcast_init(mailbox->broadcast, &mailbox->queue, lossy);
	return mailbox;
}

static struct msgpass_mailbox *
mailbox_new(const struct msgpass_mailbox_open *open, const char *name)
{
	const size_t charge = mailbox_charge(name[0], open->flags &
						      MSGPASS_OPEN_BROADCAST);
	struct msgpass_mailbox *mailbox;
	struct msgpass_account *account;
	int error;

	account = msgpass_account_open(current_cred(), charge);
	if (IS_ERR(account))
		return ERR_CAST(account);
	mailbox = mailbox_alloc(open->flags & MSGPASS_OPEN_BROADCAST,
				open->flags & MSGPASS_OPEN_LOSSY);
	if (!mailbox) {
		msgpass_account_close(account, charge);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&mailbox->refs, 1);
	INIT_LIST_HEAD(&mailbox->carried);
	mailbox->account = account;
	msgpass_peer_watch_init(&mailbox->bound, mailbox_bound_died);
	msgpass_peer_watch_init(&mailbox->offer, mailbox_offer_died);
	mailbox->user_ns = get_user_ns(current_names()->user_ns);
	mailbox->net = current->nsproxy->net_ns;
	memcpy(mailbox->name, name, sizeof(mailbox->name));
	mailbox->owner = current_euid();
	mailbox->group = current_egid();
	mailbox->mode = MAILBOX_MODE_DEFAULT;

	error = mailbox_apply(mailbox, &open->attributes);
	if (!error)
		return mailbox;
	msgpass_mailbox_put(mailbox);
	return ERR_PTR(error);
}

static struct msgpass_mailbox *
mailbox_existing(struct msgpass_mailbox *mailbox,
		 const struct msgpass_mailbox_open *open)
{
	unsigned int rights = 0;
	int error = 0;

	if (open->flags & MSGPASS_OPEN_RECEIVE)
		rights |= 04;
	if (open->flags & MSGPASS_OPEN_SEND)
		rights |= 02;
	if (open->flags & MSGPASS_OPEN_EXCLUSIVE)
		error = -EEXIST;
	else if (!may_open(mailbox, rights))
		error = -EACCES;
	if (!error)
		return mailbox;
	msgpass_mailbox_put(mailbox);
	return ERR_PTR(error);
}

/*
 * Gives it its name, and binds it to @owner if that is not NULL. Returns it, or
 * a reference to the one that was quicker, or ERR_PTR.
 */
static struct msgpass_mailbox *mailbox_publish(struct msgpass_mailbox *new,
					       struct msgpass_names *names,
					       struct msgpass_peer *owner)
{
	struct msgpass_mailbox *mailbox = NULL;
	int error = 0;

	mutex_lock(&mailboxes_lock);
	if (new->name[0])
		mailbox = names_find(names, new->name);
	if (mailbox)
		goto unlock;
	if (is_any_port(new->name))
		error = names_add_any_port(names, new, owner);
	else if (new->name[0])
		error = names_add(names, new, owner);
	else
		trace_mailbox_new(new, owner);
	if (!error && owner)
		watch_start(new, &new->bound, owner);
	mailbox = error ? ERR_PTR(error) : new;
unlock:
	mutex_unlock(&mailboxes_lock);
	return mailbox;
}

static struct msgpass_mailbox *
mailbox_make(const struct msgpass_mailbox_open *open, const char *name)
{
	struct msgpass_mailbox *mailbox, *new;
	struct msgpass_peer *owner = NULL;

	new = mailbox_new(open, name);
	if (IS_ERR(new))
		return new;
	if (open->flags & MSGPASS_OPEN_BOUND)
		owner = msgpass_peer_get(task_tgid(current));
	if (IS_ERR(owner)) {
		mailbox = ERR_CAST(owner);
	} else {
		mailbox = mailbox_publish(new, current_names(), owner);
		if (owner)
			msgpass_peer_put(owner);
	}
	if (mailbox != new)
		msgpass_mailbox_put(new);
	if (IS_ERR(mailbox) || mailbox == new)
		return mailbox;
	return mailbox_existing(mailbox, open);
}

struct msgpass_mailbox *
msgpass_mailbox_open(const struct msgpass_mailbox_open *open)
{
	struct msgpass_mailbox *mailbox;
	char name[MSGPASS_NAME_SIZE];
	int error;

	error = name_copy(name, open->name);
	if (error)
		return ERR_PTR(error);
	if (name[0]) {
		mailbox = names_find_living(current_names(), name);
		if (mailbox)
			return mailbox_existing(mailbox, open);
	}
	if (!(open->flags & MSGPASS_OPEN_CREATE))
		return ERR_PTR(name[0] ? -ENOENT : -EINVAL);
	return mailbox_make(open, name);
}

void msgpass_mailbox_release(struct msgpass_mailbox *mailbox)
{
	if (!mailbox->name[0]) {
		mutex_lock(&mailboxes_lock);
		mailbox_detach(mailbox);
		mutex_unlock(&mailboxes_lock);
		mailbox_close(mailbox);
	}
	msgpass_mailbox_put(mailbox);
}

struct msgpass_mailbox *msgpass_mailbox_find(const char *from)
{
	struct msgpass_mailbox *mailbox;
	char name[MSGPASS_NAME_SIZE];
	int error;

	error = name_copy(name, from);
	if (error)
		return ERR_PTR(error);
	if (!name[0])
		return ERR_PTR(-EINVAL);
	mailbox = names_find(current_names(), name);
	if (!mailbox)
		return ERR_PTR(-ENOENT);
	if (may_see_mailbox(mailbox))
		return mailbox;
	msgpass_mailbox_put(mailbox);
	return ERR_PTR(-ENOENT);
}

struct msgpass_mailbox *msgpass_mailbox_next(u64 id)
{
	struct msgpass_names *names = current_names();
	struct msgpass_mailbox *mailbox;
	unsigned long index = id;

	for (;;) {
		rcu_read_lock();
		do {
			mailbox = xa_find_after(&names->by_id, &index,
						ULONG_MAX, XA_PRESENT);
		} while (mailbox && !refcount_inc_not_zero(&mailbox->refs));
		rcu_read_unlock();

		if (!mailbox)
			return ERR_PTR(-ENOENT);
		if (may_see_mailbox(mailbox))
			return mailbox;
		msgpass_mailbox_put(mailbox);
		cond_resched();
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
	}
}

/* May the caller change or delete it, and is it there to be? */
static int check_change(const struct msgpass_mailbox *mailbox)
{
	if (is_gone(mailbox))
		return -EPIPE;
	return may_change(mailbox) ? 0 : -EPERM;
}

int msgpass_mailbox_may_change(struct msgpass_mailbox *mailbox)
{
	int error;

	mutex_lock(&mailboxes_lock);
	error = check_change(mailbox);
	mutex_unlock(&mailboxes_lock);
	return error;
}

int msgpass_mailbox_delete(struct msgpass_mailbox *mailbox)
{
	int error;

	mutex_lock(&mailboxes_lock);
	error = check_change(mailbox);
	if (!error)
		mailbox_detach(mailbox);
	mutex_unlock(&mailboxes_lock);
	if (!error)
		mailbox_close(mailbox);
	return error;
}

int msgpass_mailbox_set(struct msgpass_mailbox *mailbox,
			const struct msgpass_attributes *attributes)
{
	int error;

	mutex_lock(&mailboxes_lock);
	error = check_change(mailbox) ?: mailbox_apply(mailbox, attributes);
	mutex_unlock(&mailboxes_lock);
	if (!error)
		msgpass_port_limits_changed(&mailbox->port);
	return error;
}

int msgpass_mailbox_give(struct msgpass_mailbox *mailbox,
			 struct msgpass_peer *to)
{
	int error;

	mutex_lock(&mailboxes_lock);
	error = check_change(mailbox);
	if (!error && !to && !mailbox->offer.peer)
		error = -ESRCH;
	if (!error) {
		watch_stop(mailbox, &mailbox->offer);
		if (to)
			watch_start(mailbox, &mailbox->offer, to);
	}
	mutex_unlock(&mailboxes_lock);
	return error;
}

static int mailbox_change_owner(struct msgpass_mailbox *mailbox)
{
	int error;

	lockdep_assert_held(&mailboxes_lock);
	error = msgpass_account_move(&mailbox->account, current_cred(),
				     charge_of(mailbox));
	if (error)
		return error;
	WRITE_ONCE(mailbox->owner, current_euid());
	WRITE_ONCE(mailbox->group, current_egid());
	if (mailbox->bound.peer) {
		watch_stop(mailbox, &mailbox->bound);
		watch_start(mailbox, &mailbox->bound, mailbox->offer.peer);
	}
	watch_stop(mailbox, &mailbox->offer);
	return 0;
}

int msgpass_mailbox_accept(struct msgpass_mailbox *mailbox)
{
	int error;

	mutex_lock(&mailboxes_lock);
	if (is_gone(mailbox))
		error = -EPIPE;
	else if (!is_offered_to_caller(mailbox))
		error = -EPERM;
	else
		error = mailbox_change_owner(mailbox);
	mutex_unlock(&mailboxes_lock);
	return error;
}

static void mailbox_fill_owner(const struct msgpass_mailbox *mailbox,
			       struct msgpass_mailbox_stat *stat)
{
	const struct msgpass_peer *owner = mailbox->bound.peer;
	const struct msgpass_peer *offered = mailbox->offer.peer;
	struct user_namespace *ns = current_user_ns();

	lockdep_assert_held(&mailboxes_lock);
	stat->out_attributes.set = MSGPASS_SET_ALL;
	stat->out_attributes.uid = from_kuid_munged(ns, mailbox->owner);
	stat->out_attributes.gid = from_kgid_munged(ns, mailbox->group);
	if (owner)
		stat->out_flags |= MSGPASS_MAILBOX_BOUND;
	stat->out_owner_pid = owner ? pid_vnr(owner->pid) : 0;
	stat->out_owner_peer = owner ? owner->id : 0;
	if (offered && !is_offered_to_caller(mailbox) &&
	    !may_look_after(mailbox))
		offered = NULL;
	stat->out_offered_peer = offered ? offered->id : 0;
}

/* The figures of one port; with it locked. */
static void add_port_stat(struct msgpass_mailbox_stat *stat,
			  const struct msgpass_port *port)
{
	stat->out_queued += port->queued;
	stat->out_queued_bytes += port->queued_bytes;
	stat->out_receivers_waiting += port->receivers_waiting;
	stat->out_received += port->received;
	stat->out_dropped += port->dropped;
	msgpass_tally_add_receives(&stat->out_tally, &port->counts,
				   msgpass_port_oldest(port, NULL));
}

/* With the mailbox's port locked: of @only, or of all subscriptions. */
static void add_broadcast_stat(struct msgpass_mailbox_stat *stat,
			       struct msgpass_broadcast *broadcast,
			       struct msgpass_subscription *only)
{
	struct msgpass_subscription *at;

	stat->out_flags |= MSGPASS_MAILBOX_BROADCAST;
	if (broadcast->lossy)
		stat->out_flags |= MSGPASS_MAILBOX_LOSSY;
	stat->out_subscribers = broadcast->count;
	stat->out_missed = only ? only->missed_ever : broadcast->missed;
	list_for_each_entry(at, &broadcast->subscriptions, entry) {
		if (only && at != only)
			continue;
		spin_lock_nested(&at->port.lock, SINGLE_DEPTH_NESTING);
		add_port_stat(stat, &at->port);
		spin_unlock(&at->port.lock);
	}
}

int msgpass_mailbox_stat(struct msgpass_mailbox *mailbox,
			 struct msgpass_subscription *subscription,
			 struct msgpass_mailbox_stat *stat)
{
	struct msgpass_port *port = &mailbox->port;
	bool gone;

	memset_startat(stat, 0, out_id);
	memcpy(stat->name, mailbox->name, sizeof(stat->name));
	stat->out_id = mailbox->id;

	spin_lock(&port->lock);
	msgpass_attributes_show(&stat->out_attributes, &port->limits,
				READ_ONCE(mailbox->mode));
	stat->out_senders_waiting = port->senders_waiting;
	stat->out_sent = port->accepted;
	msgpass_tally_add_sends(&stat->out_tally, &port->counts);
	add_port_stat(stat, port);
	if (mailbox->broadcast)
		add_broadcast_stat(stat, mailbox->broadcast, subscription);
	spin_unlock(&port->lock);

	mutex_lock(&mailboxes_lock);
	mailbox_fill_owner(mailbox, stat);
	gone = is_gone(mailbox);
	mutex_unlock(&mailboxes_lock);
	return gone ? -EPIPE : 0;
}

void msgpass_mailbox_visit_waiters(struct msgpass_mailbox *mailbox,
				   msgpass_wait_visit *visit, void *context)
{
	struct msgpass_port *port = &mailbox->port;

	spin_lock(&port->lock);
	if (msgpass_port_visit_waiters(port, visit, context) &&
	    mailbox->broadcast)
		msgpass_broadcast_visit_waiters(mailbox->broadcast, visit,
						context);
	spin_unlock(&port->lock);
}

u64 msgpass_mailbox_id_of(struct msgpass_port *port)
{
	struct msgpass_mailbox *mailbox = mailbox_of_port(port);

	if (port->ops != &mailbox_port_ops)
		return 0;
	if (mailbox->net != current->nsproxy->net_ns ||
	    !may_see_mailbox(mailbox))
		return 0;
	return mailbox->id;
}

int msgpass_mailbox_next_stat(struct msgpass_mailbox_stat *stat)
{
	struct msgpass_mailbox *mailbox;
	u64 id = stat->id;
	int error;

	do {
		mailbox = msgpass_mailbox_next(id);
		if (IS_ERR(mailbox))
			return PTR_ERR(mailbox);
		id = mailbox->id;
		error = msgpass_mailbox_stat(mailbox, NULL, stat);
		msgpass_mailbox_put(mailbox);
	} while (error == -EPIPE);
	return error;
}

bool msgpass_mailbox_goes_with(const struct msgpass_mailbox *mailbox,
			       const struct net *net)
{
	return mailbox->name[0] && mailbox->net == net && net != &init_net;
}

u64 msgpass_mailbox_count(void)
{
	return READ_ONCE(current_names()->count);
}

static int __net_init names_init(struct net *net)
{
	struct msgpass_names *names = net_generic(net, names_id);

	names->user_ns = net->user_ns;
	xa_init_flags(&names->by_id, XA_FLAGS_ACCOUNT);
	return rhashtable_init(&names->by_name, &by_name_params);
}

static void __net_exit names_exit(struct net *net)
{
	struct msgpass_names *names = net_generic(net, names_id);
	struct msgpass_mailbox *mailbox;
	unsigned long id;

	xa_for_each(&names->by_id, id, mailbox) {
		mutex_lock(&mailboxes_lock);
		/* A file passed elsewhere may have deleted it meanwhile. */
		mailbox = xa_load(&names->by_id, id);
		if (mailbox) {
			refcount_inc(&mailbox->refs);
			mailbox_detach(mailbox);
		}
		mutex_unlock(&mailboxes_lock);
		if (mailbox) {
			mailbox_close(mailbox);
			msgpass_mailbox_put(mailbox);
		}
		cond_resched();
	}
	rhashtable_destroy(&names->by_name);
	xa_destroy(&names->by_id);
}

static struct pernet_operations names_ops = {
	.init = names_init,
	.exit = names_exit,
	.id = &names_id,
	.size = sizeof(struct msgpass_names),
};

int msgpass_mailbox_init(void)
{
	return register_pernet_subsys(&names_ops);
}

void msgpass_mailbox_exit(void)
{
	unregister_pernet_subsys(&names_ops);
}
