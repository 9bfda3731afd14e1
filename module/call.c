// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "account.h"
#include "call.h"
#include "peer.h"
#include "trace.h"

static DEFINE_SPINLOCK(calls_lock);
static DEFINE_HASHTABLE(calls_by_id, 10);	/* calls_lock */
static DEFINE_HASHTABLE(calls_by_token, 10);	/* calls_lock */
static atomic64_t last_token;

/* What a change of state leaves to be done without the lock. */
struct aftermath {
	struct msgpass_wakes wakes;
	struct msgpass_call_request request;
	struct msgpass_message *reply;
	bool unlisted;				/* the list's reference */
};

static void aftermath_init(struct aftermath *after)
{
	after->wakes.count = 0;
	after->wakes.events = 0;
	after->request.message = NULL;
	after->reply = NULL;
	after->unlisted = false;
}

void msgpass_call_init(void)
{
	/* Tokens of an earlier load of the module must not come back. */
	atomic64_set(&last_token, ktime_get_boottime_ns());
}

void msgpass_call_party_init(struct msgpass_call_party *party,
			     struct msgpass_wait_node *waits)
{
	INIT_HLIST_HEAD(&party->made);
	INIT_HLIST_HEAD(&party->taken);
	party->waits = waits;
	party->spare = NULL;
}

#define CALL_SIZE \
	(sizeof(struct msgpass_open_call) + MSGPASS_CALL_ROOM)

/* With what it keeps: a process can have new credentials each time. */
static size_t call_charge(const struct msgpass_identity *caller,
			  const struct cred *cred)
{
	return CALL_SIZE + msgpass_identity_size(caller) + sizeof(*cred) +
	       cred->group_info->ngroups * sizeof(kgid_t);
}

/* One that is not charged. */
static void call_free(struct msgpass_open_call *call)
{
	msgpass_identity_put(call->caller);
	msgpass_account_put(call->account);
	put_cred(call->cred);
	kfree(call);
}

void msgpass_call_put(struct msgpass_open_call *call)
{
	if (!refcount_dec_and_test(&call->refs))
		return;
	msgpass_account_uncharge(call->account, call->charge);
	call_free(call);
}

void msgpass_call_release(struct msgpass_call_party *maker,
			  struct msgpass_open_call *call)
{
	if (refcount_read(&call->refs) > 1 || READ_ONCE(maker->spare)) {
		msgpass_call_put(call);
		return;
	}
	/* Pairs with those that others have put. */
	smp_acquire__after_ctrl_dep();
	msgpass_account_uncharge(call->account, call->charge);
	/* Another thread may have been quicker. */
	if (cmpxchg(&maker->spare, NULL, call))
		call_free(call);
}

void msgpass_call_request_put(struct msgpass_call_request *request)
{
	msgpass_message_put(request->message);
	msgpass_port_put(request->port);
}

void msgpass_call_request_end(struct msgpass_call_request *request)
{
	/* That nobody else has it is because it was received. */
	if (refcount_read(&request->message->refs) > 1)
		msgpass_port_abandon(request->port, request->message);
	msgpass_call_request_put(request);
}

static void finish(struct msgpass_open_call *call, struct aftermath *after)
{
	/* First: the caller may have the call as a spare then. */
	if (after->request.message)
		msgpass_call_request_end(&after->request);
	msgpass_wake_tasks(&after->wakes);
	if (after->reply)
		msgpass_message_put(after->reply);
	if (after->unlisted)
		msgpass_call_put(call);
}

static void leave_taker(struct msgpass_open_call *call)
{
	lockdep_assert_held(&calls_lock);
	hash_del(&call->by_token);
	hlist_del_init(&call->in_taken);
	call->taker = NULL;
	call->token = 0;
	RCU_INIT_POINTER(call->holder, NULL);
}

/* Of one that is replied or over: what its caller gets. */
static int outcome(const struct msgpass_open_call *call,
		   struct msgpass_message **message)
{
	lockdep_assert_held(&calls_lock);
	*message = NULL;
	if (call->state != MSGPASS_CALL_REPLIED)
		return -EPIPE;
	if (call->reply.message)
		*message = msgpass_message_ref(call->reply.message);
	return 0;
}

/*
 * To replied or, if there is an @error why, over: no server has to do with it
 * any more.
 */
static void settle(struct msgpass_open_call *call, int error,
		   struct aftermath *after)
{
	lockdep_assert_held(&calls_lock);
	if (call->state == MSGPASS_CALL_TAKEN)
		leave_taker(call);
	/* Of one that was never opened nobody has been told. */
	if (error && call->maker)
		trace_call_over(call, error);
	WRITE_ONCE(call->state,
		   error ? MSGPASS_CALL_OVER : MSGPASS_CALL_REPLIED);
	RCU_INIT_POINTER(call->holder, NULL);
	/*
	 * The state is written: pairs with msgpass_waiter_sleep(). If there is a
	 * reply, the request is sent, and nobody waits for that.
	 */
	if (error && call->forwarder)
		after->wakes.tasks[after->wakes.count++] =
			get_task_struct(call->forwarder);
	after->request = call->request;
	call->request = (struct msgpass_call_request) {};
	if (call->waiter) {
		error = outcome(call, &call->waiter->message);
		msgpass_waiter_complete(call->waiter, error, &after->wakes);
		call->waiter = NULL;
	}
}

/* The caller is done with it. */
static void unlist(struct msgpass_open_call *call, struct aftermath *after)
{
	lockdep_assert_held(&calls_lock);
	if (call->state == MSGPASS_CALL_REPLIED) {
		trace_call_over(call, 0);
		WRITE_ONCE(call->state, MSGPASS_CALL_OVER);
	} else if (call->state != MSGPASS_CALL_OVER) {
		settle(call, -ECANCELED, after);
	}
	after->reply = call->reply.message;
	call->reply.message = NULL;
	if (call->maker) {
		hash_del(&call->by_id);
		hlist_del_init(&call->in_made);
		call->maker = NULL;
		after->unlisted = true;
	}
}

static struct msgpass_open_call *call_of(struct msgpass_attachment *attachment)
{
	return container_of(attachment, struct msgpass_open_call, attachment);
}

/* Nobody will reply: to one that is still queued, not taken or replied to. */
static void end_unless_taken(struct msgpass_open_call *call,
			     const struct msgpass_message *message)
{
	struct aftermath after __uninitialized;

	aftermath_init(&after);
	spin_lock(&calls_lock);
	/* Else another thread has used the token already, to forward it. */
	if (call->state == MSGPASS_CALL_QUEUED &&
	    call->request.message == message)
		settle(call, -EPIPE, &after);
	spin_unlock(&calls_lock);
	finish(call, &after);
}

/* Not told of one that was received. */
static void request_ended(struct msgpass_attachment *attachment,
			  const struct msgpass_message *message,
			  enum msgpass_end end)
{
	end_unless_taken(call_of(attachment), message);
}

void msgpass_call_refuse(struct msgpass_open_call *call,
			 const struct msgpass_message *message)
{
	end_unless_taken(call, message);
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

static struct msgpass_open_call *call_alloc(struct msgpass_identity *caller,
					    struct msgpass_account *payer)
{
	const struct cred *cred = current_cred();
	const size_t charge = call_charge(caller, cred);
	struct msgpass_account *account;
	struct msgpass_open_call *call;

	account = msgpass_account_open_likely(payer, cred, charge);
	if (IS_ERR(account))
		return ERR_CAST(account);
	call = kzalloc(CALL_SIZE, GFP_KERNEL_ACCOUNT);
	if (!call) {
		msgpass_account_close(account, charge);
		return ERR_PTR(-ENOMEM);
	}
	call->attachment.ops = &request_ops;
	call->cred = get_cred(cred);
	refcount_inc(&caller->refs);
	call->caller = caller;
	call->account = account;
	call->charge = charge;
	msgpass_kept_message_init(&call->room, MSGPASS_ATTACHED_CALL,
				  &call->attachment, caller, cred);
	return call;
}

/*
 * What was set up for the last call, and is as good for this one: NULL if it is
 * not there, or the credentials are others. ERR_PTR.
 */
static struct msgpass_open_call *call_reuse(struct msgpass_call_party *maker)
{
	struct msgpass_open_call *call = xchg(&maker->spare, NULL);
	int error;

	if (!call)
		return NULL;
	if (call->cred != current_cred()) {
		call_free(call);
		return NULL;
	}
	error = msgpass_account_charge(call->account, call->cred, call->charge);
	if (error) {
		call_free(call);
		return ERR_PTR(error);
	}
	call->state = MSGPASS_CALL_QUEUED;
	call->forwarded = false;
	return call;
}

struct msgpass_open_call *msgpass_call_new(struct msgpass_call_party *maker,
					   struct msgpass_identity *caller,
					   struct msgpass_account *payer)
{
	struct msgpass_open_call *call = call_reuse(maker);

	if (!call)
		call = call_alloc(caller, payer);
	if (IS_ERR(call))
		return call;
	refcount_set(&call->refs, 1);
	call->id = atomic64_inc_return(&last_token);
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

static struct msgpass_open_call *find_taken(struct msgpass_call_party *taker,
					    u64 token)
{
	struct msgpass_open_call *call;

	lockdep_assert_held(&calls_lock);
	hash_for_each_possible(calls_by_token, call, by_token, token)
		if (call->token == token && call->taker == taker)
			return call;
	return NULL;
}

struct msgpass_open_call *msgpass_call_find_taken(struct msgpass_call_party *taker,
						  u64 token)
{
	struct msgpass_open_call *call;

	spin_lock(&calls_lock);
	call = find_taken(taker, token);
	if (call)
		refcount_inc(&call->refs);
	spin_unlock(&calls_lock);
	return call;
}

struct msgpass_message *
msgpass_call_make_request(struct msgpass_open_call *call,
			  const void __user *from, size_t length, u32 type,
			  u32 priority)
{
	struct msgpass_message *message;

	message = msgpass_kept_message_fill(&call->room, from, length, type,
					    priority);
	if (!IS_ERR(message))
		refcount_inc(&call->refs);
	return message;
}

/* The one in ->room has it attached from the start. */
static void set_request(struct msgpass_open_call *call,
			struct msgpass_message *message,
			struct msgpass_port *port)
{
	lockdep_assert_held(&calls_lock);
	if (message != &call->room.message) {
		refcount_inc(&call->refs);
		msgpass_message_attach(message, MSGPASS_ATTACHED_CALL,
				       &call->attachment);
	}
	call->request.message = msgpass_message_ref(message);
	call->request.port = port;
	msgpass_port_get(port);
}

void msgpass_call_open(struct msgpass_open_call *call,
		       struct msgpass_call_party *maker,
		       struct msgpass_message *message,
		       struct msgpass_port *port, struct msgpass_waiter *waiter)
{
	refcount_inc(&call->refs);
	spin_lock(&calls_lock);
	call->maker = maker;
	call->waiter = waiter;
	hash_add(calls_by_id, &call->by_id, call->id);
	hlist_add_head(&call->in_made, &maker->made);
	set_request(call, message, port);
	rcu_assign_pointer(call->holder, port->receiver);
	trace_call(call, port);
	spin_unlock(&calls_lock);
}

bool msgpass_call_is_over(const struct msgpass_open_call *call)
{
	return READ_ONCE(call->state) == MSGPASS_CALL_OVER;
}

/* The calling thread waits for room for it no more, if it did. */
static void leave_forwarder(struct msgpass_open_call *call)
{
	lockdep_assert_held(&calls_lock);
	/* Else the next one was quick to forward it. */
	if (call->forwarder == current)
		call->forwarder = NULL;
}

bool msgpass_call_sent(struct msgpass_open_call *call,
		       struct msgpass_message *message)
{
	struct msgpass_wait_node *holder = NULL;
	bool over;

	/* Who gave it up before the request was queued did not withdraw that. */
	if (!READ_ONCE(call->forwarded))
		return !msgpass_call_is_over(call);

	spin_lock(&calls_lock);
	leave_forwarder(call);
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

/* One that is dead, and waits no more, may not have been taken down yet. */
static bool caller_lives(const struct msgpass_open_call *call)
{
	lockdep_assert_held(&calls_lock);
	return call->waiter || msgpass_pid_alive(call->caller->pid);
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
	WRITE_ONCE(call->state, MSGPASS_CALL_TAKEN);
	call->token = token;
	call->taker = taker;
	rcu_assign_pointer(call->holder, taker->waits);
	hash_add(calls_by_token, &call->by_token, token);
	hlist_add_head(&call->in_taken, &taker->taken);
	trace_take(call);
}

u64 msgpass_call_take(struct msgpass_open_call *call,
		      struct msgpass_call_party *taker)
{
	const u64 token = atomic64_inc_return(&last_token);

	spin_lock(&calls_lock);
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
		WRITE_ONCE(call->state, MSGPASS_CALL_QUEUED);
		rcu_assign_pointer(call->holder, call->request.port->receiver);
	}
	spin_unlock(&calls_lock);
}

int msgpass_call_reply(struct msgpass_call_party *taker, u64 token,
		       const struct msgpass_call_reply *reply)
{
	const size_t size = offsetof(struct msgpass_call_reply, data) +
			    (reply->message ? 0 : reply->length);
	struct msgpass_open_call *call;
	struct aftermath after __uninitialized;
	int error = -ESRCH;

	aftermath_init(&after);
	spin_lock(&calls_lock);
	call = find_taken(taker, token);
	if (call && caller_lives(call)) {
		memcpy(&call->reply, reply, size);
		trace_reply(call, taker);
		settle(call, 0, &after);
		error = 0;
	}
	spin_unlock(&calls_lock);
	finish(NULL, &after);
	return error;
}

int msgpass_call_abandon(struct msgpass_call_party *taker, u64 token)
{
	struct msgpass_open_call *call;
	struct aftermath after __uninitialized;
	int error = -ESRCH;

	aftermath_init(&after);
	spin_lock(&calls_lock);
	call = find_taken(taker, token);
	if (call) {
		settle(call, -EPIPE, &after);
		error = 0;
	}
	spin_unlock(&calls_lock);
	finish(NULL, &after);
	return error;
}

int msgpass_call_forward(struct msgpass_open_call *call, u64 token,
			 struct msgpass_message *message,
			 struct msgpass_port *port,
			 struct msgpass_call_request *before)
{
	int error = -ESRCH;

	spin_lock(&calls_lock);
	if (is_taken_by(call, token) && caller_lives(call)) {
		leave_taker(call);
		WRITE_ONCE(call->state, MSGPASS_CALL_QUEUED);
		WRITE_ONCE(call->forwarded, true);
		call->forwarder = current;
		*before = call->request;
		set_request(call, message, port);
		trace_forward(call, port);
		error = 0;
	}
	spin_unlock(&calls_lock);
	return error;
}

bool msgpass_call_unforward(struct msgpass_open_call *call, u64 token,
			    struct msgpass_call_party *taker,
			    struct msgpass_message *message,
			    struct msgpass_call_request *before)
{
	bool back;

	spin_lock(&calls_lock);
	leave_forwarder(call);
	back = call->state == MSGPASS_CALL_QUEUED &&
	       call->request.message == message;
	if (back) {
		swap(call->request, *before);
		enter_taker(call, token, taker);
	}
	spin_unlock(&calls_lock);
	if (back)
		msgpass_call_request_put(before);
	else
		msgpass_call_request_end(before);
	return back;
}

/* Why @self can't be the call's waiter, or 0: now it is. */
static int begin_to_wait(struct msgpass_open_call *call,
			 struct msgpass_waiter *self, bool nonblock)
{
	lockdep_assert_held(&calls_lock);
	if (call->waiter)
		return -EBUSY;
	if (nonblock)
		return -EAGAIN;
	call->waiter = self;
	self->port = call->request.port->id;
	return 0;
}

/* False: it is done after all. */
static bool stop_waiting(struct msgpass_open_call *call,
			 struct msgpass_waiter *self, int error)
{
	struct aftermath after __uninitialized;
	bool stopped;

	aftermath_init(&after);
	spin_lock(&calls_lock);
	stopped = !msgpass_waiter_is_done(self);
	if (stopped) {
		call->waiter = NULL;
		trace_cancel(self, error);
		/* From now on a reply is too late, and its server told so. */
		if (error == -ETIMEDOUT || error == -EDEADLK ||
		    fatal_signal_pending(current))
			settle(call, error, &after);
	}
	spin_unlock(&calls_lock);
	finish(call, &after);
	return stopped;
}

int msgpass_call_wait(struct msgpass_open_call *call, struct msgpass_wait *wait,
		      struct msgpass_message **message)
{
	struct msgpass_waiter self __uninitialized;
	bool settled;
	int error;

	msgpass_waiter_init(&self, MSGPASS_WAIT_REPLY, 0, wait);
	spin_lock(&calls_lock);
	settled = call->state >= MSGPASS_CALL_REPLIED;
	error = settled ? outcome(call, message) :
			  begin_to_wait(call, &self, wait->nonblock);
	spin_unlock(&calls_lock);
	return settled || error ? error :
				  msgpass_call_sleep(call, &self, wait, message);
}

static void tell_wait(const struct msgpass_open_call *call,
		      const struct msgpass_waiter *self,
		      const struct msgpass_wait *wait)
{
	if (!trace_wait_enabled())
		return;
	/* Never after its end, which no other would follow. */
	spin_lock(&calls_lock);
	if (!msgpass_waiter_is_done(self))
		trace_wait(self, wait,
			   rcu_dereference_protected(call->holder,
						     lockdep_is_held(&calls_lock)));
	spin_unlock(&calls_lock);
}

int msgpass_call_sleep(struct msgpass_open_call *call,
		       struct msgpass_waiter *self, struct msgpass_wait *wait,
		       struct msgpass_message **message)
{
	int error;

	tell_wait(call, self, wait);
	WRITE_ONCE(self->asleep, true);
	error = msgpass_waiter_sleep(self, wait);
	if (error && stop_waiting(call, self, error))
		return error;
	*message = self->message;
	return self->result;
}

/* A look at more would take too long, under a lock that all share. */
#define CALLS_VISITED	1024

void msgpass_call_visit_waiters(struct msgpass_call_party *maker,
				msgpass_wait_visit *visit, void *context)
{
	struct msgpass_wait_seen seen = {};
	unsigned int left = CALLS_VISITED;
	struct msgpass_open_call *call;

	spin_lock(&calls_lock);
	hlist_for_each_entry(call, &maker->made, in_made) {
		if (!left--)
			break;
		/* Until it sleeps, it may yet wait for room. */
		if (!call->waiter || !READ_ONCE(call->waiter->asleep))
			continue;
		seen.waiter = call->waiter;
		seen.port = call->request.port;
		/* Who has it lives, until it has let go of it. */
		seen.holder = call->taker ? call->taker->waits :
					    call->request.port->receiver;
		if (!visit(context, &seen))
			break;
	}
	spin_unlock(&calls_lock);
}

bool msgpass_call_end(struct msgpass_open_call *call)
{
	struct aftermath after __uninitialized;
	bool listed;

	aftermath_init(&after);
	spin_lock(&calls_lock);
	unlist(call, &after);
	listed = after.unlisted;
	spin_unlock(&calls_lock);
	finish(call, &after);
	return listed;
}

/* The first that @party has taken or made: a reference, or NULL. */
static struct msgpass_open_call *party_first(struct msgpass_call_party *party)
{
	struct msgpass_open_call *call;

	spin_lock(&calls_lock);
	call = hlist_entry_safe(party->taken.first, struct msgpass_open_call,
				in_taken);
	if (!call)
		call = hlist_entry_safe(party->made.first,
					struct msgpass_open_call, in_made);
	if (call)
		refcount_inc(&call->refs);
	spin_unlock(&calls_lock);
	return call;
}

void msgpass_call_party_exit(struct msgpass_call_party *party)
{
	struct msgpass_open_call *call = xchg(&party->spare, NULL);

	if (call)
		call_free(call);

	while ((call = party_first(party))) {
		struct aftermath after __uninitialized;

		aftermath_init(&after);
		spin_lock(&calls_lock);
		if (call->taker == party)
			settle(call, -EPIPE, &after);
		if (call->maker == party)
			unlist(call, &after);
		spin_unlock(&calls_lock);
		finish(call, &after);
		msgpass_call_put(call);
		cond_resched();
	}
}
