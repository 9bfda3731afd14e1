/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Call and reply: a message whose sender waits for the answer to it.
 *
 * queued    the request stands in a queue, or waits for room in one
 * taken     a process has received it, and has a token to reply with
 * replied   the reply waits for the caller to fetch it
 * over      the caller has it, gave up, or can have none: -EPIPE
 *
 * The caller knows its call by the id, a server by the token, a new one each
 * time the request is received. A party is what a process has to do with
 * calls: those it made, and those it has taken and owes a reply. When the
 * process dies, the first are over for it, the second for their callers.
 *
 * Lifetime: references; the request message has one, so has whoever works with
 * the call, and the caller's list until it is over. The request is kept for the
 * server to read in pieces, and let go when there is a reply, or none to be. A
 * call that only the caller has left is its process's spare, for the next one.
 *
 * A request of a few bytes is a part of the call, and so is such a reply: both
 * are paid for with the call.
 * The holder is a part of the taker, who lets go of its calls before it is
 * freed, or of the request's port; who reads it without the lock needs RCU.
 *
 * Locking: calls_lock (call.c) guards all state, lists and tables; it is held
 * for a few instructions each time, and with no other lock. Who sends a request
 * looks at ->state and ->forwarded without it.
 */
#ifndef MSGPASS_CALL_H
#define MSGPASS_CALL_H

#include <linux/list.h>
#include <linux/refcount.h>

#include "message.h"
#include "port.h"
#include "waiter.h"

/* A request, and where it was sent. */
struct msgpass_call_request {
	struct msgpass_message *message;
	struct msgpass_port *port;
};

/* How many bytes are few. */
#define MSGPASS_CALL_ROOM	256

/* A reply: the message, or if that is NULL the bytes. */
struct msgpass_call_reply {
	struct msgpass_message *message;	/* reference held */
	u64 peer;				/* whose it is */
	u32 type;
	u32 length;
	char data[MSGPASS_CALL_ROOM];
};

struct msgpass_call_party {
	struct hlist_head made;
	struct hlist_head taken;
	struct msgpass_wait_node *waits;	/* the process's; const */
	/* Over, and charged to nobody; by xchg(). NULL: none. */
	struct msgpass_open_call *spare;
};

struct msgpass_open_call {
	struct msgpass_attachment attachment;
	refcount_t refs;
	u64 id;					/* const */
	const struct cred *cred;		/* the caller's; const */
	struct msgpass_identity *caller;	/* reference held; const */
	struct msgpass_account *account;	/* reference held; const */
	size_t charge;				/* const */

	/* calls_lock */
	enum msgpass_call_state {
		MSGPASS_CALL_QUEUED,
		MSGPASS_CALL_TAKEN,
		MSGPASS_CALL_REPLIED,
		MSGPASS_CALL_OVER,
	} state;
	u64 token;				/* while taken */
	bool forwarded;				/* a server has had it */
	/*
	 * The thread that forwards it, and may wait for room, or NULL: no reference,
	 * it takes itself away before it returns. The caller's is ->waiter's.
	 */
	struct task_struct *forwarder;
	struct msgpass_call_party *maker;	/* NULL: not on its list */
	struct msgpass_call_party *taker;	/* while taken */
	struct msgpass_call_request request;	/* references, or NULL */
	/*
	 * The one process that the reply has to come from, as things stand; to
	 * read: RCU. NULL: none, or the request waits for room with another.
	 */
	struct msgpass_wait_node __rcu *holder;
	struct msgpass_call_reply reply;	/* const once replied, but ->message */
	struct msgpass_waiter *waiter;		/* the caller's thread, or NULL */
	struct hlist_node by_id;
	struct hlist_node by_token;
	struct hlist_node in_made;
	struct hlist_node in_taken;

	struct msgpass_kept_message room;	/* for the request, if it fits */
};

void msgpass_call_init(void);
void msgpass_call_party_init(struct msgpass_call_party *party,
			     struct msgpass_wait_node *waits);
/* The process is dead. */
void msgpass_call_party_exit(struct msgpass_call_party *party);

/*
 * For the calling process: a reference, to be released, or ERR_PTR. It is over
 * once msgpass_call_end() was called. @payer: the account of the process,
 * likely, or NULL.
 */
struct msgpass_open_call *msgpass_call_new(struct msgpass_call_party *maker,
					   struct msgpass_identity *caller,
					   struct msgpass_account *payer);
/* The calling process, which is the call's maker, lets go of it. */
void msgpass_call_release(struct msgpass_call_party *maker,
			  struct msgpass_open_call *call);
/* One that @maker made: a reference, or NULL. */
struct msgpass_open_call *msgpass_call_find(struct msgpass_call_party *maker,
					    u64 id);
/* One that @taker has taken: a reference, or NULL. */
struct msgpass_open_call *msgpass_call_find_taken(struct msgpass_call_party *taker,
						  u64 token);
void msgpass_call_put(struct msgpass_open_call *call);

/* Of a message; NULL if it is no call. */
struct msgpass_open_call *msgpass_call_of(struct msgpass_message *message);
/* The request @message was received in a way that gives no token. */
void msgpass_call_refuse(struct msgpass_open_call *call,
			 const struct msgpass_message *message);

/* The request of a new call, if it is of so few bytes. ERR_PTR. */
struct msgpass_message *
msgpass_call_make_request(struct msgpass_open_call *call,
			  const void __user *from, size_t length, u32 type,
			  u32 priority);
/*
 * @message is about to be sent to @port as the new call's request: from now on
 * @maker can find it. @waiter, if it is not NULL, waits for the reply from now
 * on, and until msgpass_call_sleep() returns or the call is over.
 */
void msgpass_call_open(struct msgpass_open_call *call,
		       struct msgpass_call_party *maker,
		       struct msgpass_message *message,
		       struct msgpass_port *port,
		       struct msgpass_waiter *waiter);
/* Of one that is being sent, or forwarded: there is no use in that any more. */
bool msgpass_call_is_over(const struct msgpass_open_call *call);
/* Its request @message was accepted. False: but it was given up meanwhile. */
bool msgpass_call_sent(struct msgpass_open_call *call,
		       struct msgpass_message *message);
/*
 * Takes the request back: false if somebody has received it, though it may have
 * been forwarded since, or is about to.
 */
bool msgpass_call_withdraw(struct msgpass_open_call *call);
/* A reference to the request of a call that is taken, or NULL. */
struct msgpass_message *msgpass_call_request(struct msgpass_open_call *call,
					     u64 token);

/* The request is being received: the token. Given back if that fails. */
u64 msgpass_call_take(struct msgpass_open_call *call,
		      struct msgpass_call_party *taker);
void msgpass_call_untake(struct msgpass_open_call *call, u64 token);

/*
 * What a token of @taker's is good for, once: each is -ESRCH if no call is taken
 * by it any more, or the caller is dead. A reply's message is the call's then.
 * To forward is to queue it again, with a new request for a port: what the call
 * had before is the caller's then, and unforward takes it back; false: the call
 * is over.
 */
int msgpass_call_reply(struct msgpass_call_party *taker, u64 token,
		       const struct msgpass_call_reply *reply);
int msgpass_call_abandon(struct msgpass_call_party *taker, u64 token);
int msgpass_call_forward(struct msgpass_open_call *call, u64 token,
			 struct msgpass_message *message,
			 struct msgpass_port *port,
			 struct msgpass_call_request *before);
bool msgpass_call_unforward(struct msgpass_open_call *call, u64 token,
			    struct msgpass_call_party *taker,
			    struct msgpass_message *message,
			    struct msgpass_call_request *before);
void msgpass_call_request_put(struct msgpass_call_request *request);
/* The same for one that nobody is to receive any more, if nobody has. */
void msgpass_call_request_end(struct msgpass_call_request *request);

/*
 * Waits for the reply: 0 with a reference to its message if it has one, -EPIPE
 * if there will be none, -EAGAIN if wait->nonblock, -EBUSY if another thread
 * waits for it; or why the wait ended.
 */
int msgpass_call_wait(struct msgpass_open_call *call, struct msgpass_wait *wait,
		      struct msgpass_message **message);
/* The same of whom the call has as its waiter already. */
int msgpass_call_sleep(struct msgpass_open_call *call,
		       struct msgpass_waiter *self, struct msgpass_wait *wait,
		       struct msgpass_message **message);
/* Those who wait for the reply to a call of @maker's; of its newest ones. */
void msgpass_call_visit_waiters(struct msgpass_call_party *maker,
				msgpass_wait_visit *visit, void *context);
/*
 * The caller has what it wanted, or wants no more. False: that was so already, or
 * the call was never opened.
 */
bool msgpass_call_end(struct msgpass_open_call *call);

#endif
