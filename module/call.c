// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "account.h"
#include "call.h"
#include "peer.h"

static DEFINE_SPINLOCK(calls_lock);
static DEFINE_HASHTABLE(calls_by_id, 10);	/* calls_lock */
static DEFINE_HASHTABLE(calls_by_token, 10);	/* calls_lock */
static u64 last_token;				/* calls_lock */

/* What a change of state leaves to be done without the lock. */
struct aftermath {
	struct msgpass_wakes wakes;
	struct msgpass_call_request request;
	struct msgpass_message *reply;
	bool unlisted;				/* the list's reference */
};

void msgpass_call_init(void)
{
	/* Tokens of an earlier load of the module must not come back. */
	last_token = ktime_get_boottime_ns();
}

void msgpass_call_party_init(struct msgpass_call_party *party,
			     struct msgpass_wait_node *waits)
{
	INIT_LIST_HEAD(&party->made);
	INIT_LIST_HEAD(&party->taken);
	party->waits = waits;
}

/* With the credentials that it keeps: a process can have new ones each time. */
static size_t call_charge(const struct cred *cred)
{
	return sizeof(struct msgpass_open_call) + sizeof(*cred) +
	       cred->group_info->ngroups * sizeof(kgid_t);
}

void msgpass_call_put(struct msgpass_open_call *call)
{
	if (!refcount_dec_and_test(&call->refs))
		return;
	msgpass_identity_put(call->caller);
	msgpass_account_close(call->account, call_charge(call->cred));
	put_cred(call->cred);
	kfree(call);
}

void msgpass_call_request_put(struct msgpass_call_request *request)
{
	if (!request->message)
		return;
	msgpass_message_put(request->message);
	msgpass_port_put(request->port);
}

void msgpass_call_request_end(struct msgpass_call_request *request)
{
	if (request->message)
		msgpass_port_abandon(request->port, request->message);
	msgpass_call_request_put(request);
}

static void finish(struct msgpass_open_call *call, struct aftermath *after)
{
	msgpass_wake_tasks(&after->wakes);
	msgpass_call_request_end(&after->request);
	if (after->reply)
		msgpass_message_put(after->reply);
	if (after->unlisted)
		msgpass_call_put(call);
}

static void leave_taker(struct msgpass_open_call *call)
{
	lockdep_assert_held(&calls_lock);
	hash_del(&call->by_token);
	list_del_init(&call->in_taken);
	call->taker = NULL;
	call->token = 0;
	RCU_INIT_POINTER(call->holder, NULL);
}

/* To replied or over: no server has to do with it any more. */
static void settle(struct msgpass_open_call *call, enum msgpass_call_state state,
		   struct aftermath *after)
{
	lockdep_assert_held(&calls_lock);
	if (call->state == MSGPASS_CALL_TAKEN)
		leave_taker(call);
	call->state = state;
	RCU_INIT_POINTER(call->holder, NULL);
	after->request = call->request;
	call->request = (struct msgpass_call_request) {};
	if (call->waiter) {
		msgpass_waiter_complete(call->waiter, 0, &after->wakes);
		call->waiter = NULL;
	}
}

/* The caller is done with it. */
static void unlist(struct msgpass_open_call *call, struct aftermath *after)
{
	lockdep_assert_held(&calls_lock);
	if (call->state != MSGPASS_CALL_OVER)
		settle(call, MSGPASS_CALL_OVER, after);
	after->reply = call->reply;
	call->reply = NULL;
	if (call->maker) {
		hash_del(&call->by_id);
		list_del_init(&call->in_made);
		call->maker = NULL;
		after->unlisted = true;
	}
}

static struct msgpass_open_call *call_of(struct msgpass_attachment *attachment)
{
	return container_of(attachment, struct msgpass_open_call, attachment);
}

/* Nobody will reply: to one that is still queued, not taken or replied to. */
static void end_unless_taken(struct msgpass_open_call *call)
{
	struct aftermath after = {};

	spin_lock(&calls_lock);
	if (call->state == MSGPASS_CALL_QUEUED)
		settle(call, MSGPASS_CALL_OVER, &after);
	spin_unlock(&calls_lock);
	finish(call, &after);
}

static void request_ended(struct msgpass_attachment *attachment,
			  const struct msgpass_message *message,
			  enum msgpass_end end)
{
	if (end != MSGPASS_END_RECEIVED)
		end_unless_taken(call_of(attachment));
}

void msgpass_call_refuse(struct msgpass_open_call *call)
{
	end_unless_taken(call);
}

static void request_freed(struct msgpass_attachment *attachment)
{
	msgpass_call_put(call_of(attachment));
}

static const struct msgpass_attachment_ops request_ops = {
	.ended = request_ended,
	.freed = request_freed,
};

struct msgpass_open_call *msgpass_call_of(struct msgpass_message *message)
{
	struct msgpass_attachment *attachment =
		msgpass_message_attachment(message, MSGPASS_ATTACHED_CALL);

	return attachment ? call_of(attachment) : NULL;
}

struct msgpass_open_call *msgpass_call_new(struct msgpass_call_party *maker,
					   struct msgpass_identity *caller,
					   struct msgpass_account *payer)
{
	const struct cred *cred = current_cred();
	const size_t charge = call_charge(cred);
	struct msgpass_account *account;
	struct msgpass_open_call *call;

	account = msgpass_account_open_likely(payer, cred, charge);
	if (IS_ERR(account))
		return ERR_CAST(account);
	call = kzalloc(sizeof(*call), GFP_KERNEL_ACCOUNT);
	if (!call) {
		msgpass_account_close(account, charge);
		return ERR_PTR(-ENOMEM);
	}
	call->attachment.ops = &request_ops;
	call->cred = get_cred(cred);
	refcount_inc(&caller->refs);
	call->caller = caller;
	call->account = account;
	INIT_LIST_HEAD(&call->in_taken);
	/* One for the caller's list, one for the one who asked. */
	refcount_set(&call->refs, 2);

	spin_lock(&calls_lock);
	call->id = ++last_token;
	call->maker = maker;
	hash_add(calls_by_id, &call->by_id, call->id);
	list_add_tail(&call->in_made, &maker->made);
	spin_unlock(&calls_lock);
	return call;
}

struct msgpass_open_call *msgpass_call_find(struct msgpass_call_party *maker, u64 id)
{
	struct msgpass_open_call *call;

	spin_lock(&calls_lock);
	hash_for_each_possible(calls_by_id, call, by_id, id)
		if (call->id == id && call->maker == maker) {
			refcount_inc(&call->refs);
			break;
		}
	spin_unlock(&calls_lock);
	return call;
}

struct msgpass_open_call *msgpass_call_find_taken(struct msgpass_call_party *taker,
						  u64 token)
{
	struct msgpass_open_call *call;

	spin_lock(&calls_lock);
	hash_for_each_possible(calls_by_token, call, by_token, token)
		if (call->token == token && call->taker == taker) {
			refcount_inc(&call->refs);
			break;
		}
	spin_unlock(&calls_lock);
	return call;
}

/* Call with calls_lock held. */
static void put_request(struct msgpass_open_call *call,
			struct msgpass_message *message,
			struct msgpass_port *port)
{
	lockdep_assert_held(&calls_lock);
	refcount_inc(&call->refs);
	msgpass_message_attach(message, MSGPASS_ATTACHED_CALL,
			       &call->attachment);
	call->request.message = msgpass_message_ref(message);
	call->request.port = port;
	msgpass_port_get(port);
}

int msgpass_call_set_request(struct msgpass_open_call *call,
			     struct msgpass_message *message,
			     struct msgpass_port *port)
{
	int error = -ESRCH;

	spin_lock(&calls_lock);
	/* Another thread may have guessed the id, and cancelled it. */
	if (call->state == MSGPASS_CALL_QUEUED) {
		put_request(call, message, port);
		rcu_assign_pointer(call->holder, port->receiver);
		error = 0;
	}
	spin_unlock(&calls_lock);
	return error;
}

bool msgpass_call_sent(struct msgpass_open_call *call,
		       struct msgpass_message *message)
{
	struct msgpass_wait_node *holder = NULL;
	bool over;

	spin_lock(&calls_lock);
	over = call->state == MSGPASS_CALL_OVER;
	/* It was forwarded, and nobody has taken it since. */
	if (call->state == MSGPASS_CALL_QUEUED &&
	    call->request.message == message &&
	    !rcu_access_pointer(call->holder)) {
		holder = call->request.port->receiver;
		rcu_assign_pointer(call->holder, holder);
	}
	spin_unlock(&calls_lock);
	/* The caller of this keeps the port, and the holder with it. */
	if (holder)
		msgpass_wait_node_check(holder);
	return !over;
}

bool msgpass_call_withdraw(struct msgpass_open_call *call)
{
	struct msgpass_call_request request = {};
	bool withdrawn;

	spin_lock(&calls_lock);
	if (call->state == MSGPASS_CALL_QUEUED && call->request.message &&
	    !call->forwarded) {
		request = call->request;
		msgpass_message_ref(request.message);
		msgpass_port_get(request.port);
	}
	spin_unlock(&calls_lock);

	if (!request.message)
		return false;
	withdrawn = msgpass_port_withdraw(request.port, request.message);
	msgpass_call_request_put(&request);
	return withdrawn;
}

/* A caller that is dead may not have been taken down yet. */
static bool can_be_replied_to(const struct msgpass_open_call *call, u64 token)
{
	return call->state == MSGPASS_CALL_TAKEN && call->token == token &&
	       msgpass_pid_alive(call->caller->pid);
}

static bool is_taken_by(const struct msgpass_open_call *call, u64 token)
{
	lockdep_assert_held(&calls_lock);
	return call->state == MSGPASS_CALL_TAKEN && call->token == token;
}

struct msgpass_message *msgpass_call_request(struct msgpass_open_call *call,
					     u64 token)
{
	struct msgpass_message *request = NULL;

	spin_lock(&calls_lock);
	if (is_taken_by(call, token))
		request = msgpass_message_ref(call->request.message);
	spin_unlock(&calls_lock);
	return request;
}

static void enter_taker(struct msgpass_open_call *call, u64 token,
			struct msgpass_call_party *taker)
{
	call->state = MSGPASS_CALL_TAKEN;
	call->token = token;
	call->taker = taker;
	rcu_assign_pointer(call->holder, taker->waits);
	hash_add(calls_by_token, &call->by_token, token);
	list_add_tail(&call->in_taken, &taker->taken);
}

u64 msgpass_call_take(struct msgpass_open_call *call,
		      struct msgpass_call_party *taker)
{
	u64 token;

	spin_lock(&calls_lock);
	token = ++last_token;
	/* Else the caller waits no more, and a reply will find nobody. */
	if (call->state == MSGPASS_CALL_QUEUED)
		enter_taker(call, token, taker);
	spin_unlock(&calls_lock);
	return token;
}

void msgpass_call_untake(struct msgpass_open_call *call, u64 token)
{
	spin_lock(&calls_lock);
	if (is_taken_by(call, token)) {
		leave_taker(call);
		call->state = MSGPASS_CALL_QUEUED;
		rcu_assign_pointer(call->holder, call->request.port->receiver);
	}
	spin_unlock(&calls_lock);
}

int msgpass_call_reply(struct msgpass_open_call *call, u64 token,
		       struct msgpass_message *reply)
{
	struct aftermath after = {};
	int error = -ESRCH;

	spin_lock(&calls_lock);
	if (can_be_replied_to(call, token)) {
		call->reply = reply;
		settle(call, MSGPASS_CALL_REPLIED, &after);
		error = 0;
	}
	spin_unlock(&calls_lock);
	finish(call, &after);
	return error;
}

int msgpass_call_abandon(struct msgpass_open_call *call, u64 token)
{
	struct aftermath after = {};
	int error = -ESRCH;

	spin_lock(&calls_lock);
	if (is_taken_by(call, token)) {
		settle(call, MSGPASS_CALL_OVER, &after);
		error = 0;
	}
	spin_unlock(&calls_lock);
	finish(call, &after);
	return error;
}

int msgpass_call_forward(struct msgpass_open_call *call, u64 token,
			 struct msgpass_message *message,
			 struct msgpass_port *port,
			 struct msgpass_call_request *before)
{
	int error = -ESRCH;

	spin_lock(&calls_lock);
	if (can_be_replied_to(call, token)) {
		leave_taker(call);
		call->state = MSGPASS_CALL_QUEUED;
		call->forwarded = true;
		*before = call->request;
		put_request(call, message, port);
		error = 0;
	}
	spin_unlock(&calls_lock);
	return error;
}

void msgpass_call_unforward(struct msgpass_open_call *call, u64 token,
			    struct msgpass_call_party *taker,
			    struct msgpass_message *message,
			    struct msgpass_call_request *before)
{
	spin_lock(&calls_lock);
	if (call->state == MSGPASS_CALL_QUEUED &&
	    call->request.message == message) {
		enter_taker(call, token, taker);
		swap(call->request, *before);
	}
	spin_unlock(&calls_lock);
	msgpass_call_request_put(before);
}

int msgpass_call_wait(struct msgpass_open_call *call, struct msgpass_wait *wait,
		      struct msgpass_message **reply)
{
	struct msgpass_waiter self = {};
	struct aftermath after = {};
	int error = 0;

	msgpass_waiter_init(&self);
	spin_lock(&calls_lock);
	if (call->state < MSGPASS_CALL_REPLIED) {
		if (call->waiter)
			error = -EBUSY;
		else if (wait->nonblock)
			error = -EAGAIN;
		else
			call->waiter = &self;
		spin_unlock(&calls_lock);

		if (error)
			return error;
		error = msgpass_waiter_sleep(&self, wait);

		spin_lock(&calls_lock);
		if (self.done)
			error = 0;
		else
			call->waiter = NULL;
		/* From now on a reply is too late, and its server told so. */
		if (error == -ETIMEDOUT || error == -EDEADLK ||
		    (error && fatal_signal_pending(current)))
			settle(call, MSGPASS_CALL_OVER, &after);
	}
	if (!error && call->state == MSGPASS_CALL_REPLIED && call->reply)
		*reply = msgpass_message_ref(call->reply);
	else if (!error)
		error = -EPIPE;
	spin_unlock(&calls_lock);
	finish(call, &after);
	return error;
}

void msgpass_call_end(struct msgpass_open_call *call)
{
	struct aftermath after = {};

	spin_lock(&calls_lock);
	unlist(call, &after);
	spin_unlock(&calls_lock);
	finish(call, &after);
}

/* The first that @party has taken or made: a reference, or NULL. */
static struct msgpass_open_call *party_first(struct msgpass_call_party *party)
{
	struct msgpass_open_call *call;

	spin_lock(&calls_lock);
	call = list_first_entry_or_null(&party->taken, struct msgpass_open_call,
					in_taken);
	if (!call)
		call = list_first_entry_or_null(&party->made,
						struct msgpass_open_call, in_made);
	if (call)
		refcount_inc(&call->refs);
	spin_unlock(&calls_lock);
	return call;
}

void msgpass_call_party_exit(struct msgpass_call_party *party)
{
	struct msgpass_open_call *call;

	while ((call = party_first(party))) {
		struct aftermath after = {};

		spin_lock(&calls_lock);
		if (call->taker == party)
			settle(call, MSGPASS_CALL_OVER, &after);
		if (call->maker == party)
			unlist(call, &after);
		spin_unlock(&calls_lock);
		finish(call, &after);
		msgpass_call_put(call);
		cond_resched();
	}
}
