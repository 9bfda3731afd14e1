/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A message's memory: one allocation that holds what the kernel stamps and
 * the bytes, charged to its sender until it is freed. Those of a batch lie
 * together in a crate instead; see crate.h.
 *
 * Lifetime: references. The queue it stands in has one, who claimed it takes
 * that over, who peeks at it has another.
 */
#ifndef MSGPASS_MESSAGE_H
#define MSGPASS_MESSAGE_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/user_namespace.h>

struct cred;
struct iov_iter;
struct msgpass_account;
struct msgpass_crate;
struct msgpass_message;
struct msgpass_identity;
struct msgpass_queue;
struct msgpass_waiter;

/* Where a message that leads a run stands in one tree; see index.h. */
struct msgpass_index_node {
	struct rb_node rb;
	struct msgpass_index_bests {
		struct msgpass_message *oldest;
		struct msgpass_message *most_urgent;
	} of_subtree;
};

/* A longer message takes so long to copy that it is moved by itself. */
#define MSGPASS_BULK_BYTES	256

struct msgpass_message {
	/* const once made */
	size_t length;				/* of data */
	u32 type;
	u32 priority;
	kuid_t uid;
	kgid_t gid;
	struct msgpass_identity *sender;	/* reference held */
	union {
		struct msgpass_account *account;	/* reference held */
		struct msgpass_crate *crate;	/* of one that is crated */
	};
	refcount_t refs;
	bool queued;				/* port->lock */
	bool abandoned;				/* port->lock: nobody's, if restored */
	bool has_extra : 1;			/* const: see message.c */
	bool hollow : 1;			/* const: shares its data */
	bool kept : 1;				/* const: in another object */
	bool crated : 1;			/* const: in a crate */
	bool is_receipt : 1;			/* const */
	bool expires : 1;			/* const: has a lifetime */
	u8 attached;				/* const once sent: which may be */

	/* const once accepted */
	struct msgpass_queue *queue;
	u64 sequence;
	u64 time;				/* CLOCK_MONOTONIC, ns */

	/* port->lock */
	struct msgpass_waiter *rendezvous;	/* its sender's, or NULL */

	union {
		struct list_head run;		/* port->lock, while queued */
		struct msgpass_message *next;	/* of copies that nobody has */
	};
	/* port->lock, while queued */
	struct msgpass_index_node in_port;
	struct msgpass_index_node in_part;

	char data[];
};

/* Whom it is from, as @ns has them; the first has them as they are. */
static inline uid_t msgpass_message_uid(const struct msgpass_message *message,
					struct user_namespace *ns)
{
	return ns == &init_user_ns ? __kuid_val(message->uid) :
				     from_kuid_munged(ns, message->uid);
}

static inline gid_t msgpass_message_gid(const struct msgpass_message *message,
					struct user_namespace *ns)
{
	return ns == &init_user_ns ? __kgid_val(message->gid) :
				     from_kgid_munged(ns, message->gid);
}

/* How a message ended. */
enum msgpass_end {
	MSGPASS_END_RECEIVED,
	MSGPASS_END_DELETED,		/* with its mailbox */
	MSGPASS_END_DIED,		/* with the receiving process */
	MSGPASS_END_RESET,		/* that got other credentials by exec */
	MSGPASS_END_EXPIRED,
	MSGPASS_END_WITHDRAWN,		/* the send failed */
};

/* What a message may have attached, by a layer above: one of each. */
enum msgpass_attached {
	MSGPASS_ATTACHED_CALL,
	MSGPASS_ATTACHED_RECEIPT,
	MSGPASS_ATTACHED_EXPIRY,
	MSGPASS_ATTACHED_FILES,
	MSGPASS_ATTACHED_FLOW,
	MSGPASS_ATTACHED_COPIES,
	MSGPASS_ATTACHED_KINDS,
};

struct msgpass_attachment {
	const struct msgpass_attachment_ops *ops;	/* const */
};

/* Called with no lock held, but for accepted(). The first two may be NULL. */
struct msgpass_attachment_ops {
	/* It has its number and its time; under port->lock. */
	void (*accepted)(struct msgpass_attachment *attachment,
			 struct msgpass_message *message);
	/* It was received, by the calling process, or will never be. */
	void (*ended)(struct msgpass_attachment *attachment,
		      const struct msgpass_message *message,
		      enum msgpass_end end);
	/* The message is gone, and with it its reference. */
	void (*freed)(struct msgpass_attachment *attachment);
};

/*
 * A message that is a part of what it has attached, and nothing else: that is
 * charged for it, and keeps the sender. It is used again once it was freed.
 */
struct msgpass_kept_message {
	struct msgpass_attachment *keeper;	/* const */
	struct msgpass_message message;		/* and behind it the data */
};

/* Who a message is from, and who pays for it. */
struct msgpass_stamp {
	struct msgpass_identity *sender;
	const struct cred *cred;
	struct msgpass_account *payer;	/* likely that of @cred, or NULL */
	bool extra;		/* room for attachments and a lifetime */
};

int msgpass_message_init(void);
/* There is no message any more. */
void msgpass_message_exit(void);

/* Takes references of its own. ERR_PTR on failure. */
struct msgpass_message *msgpass_message_new(struct iov_iter *from,
					    const struct msgpass_stamp *stamp,
					    u32 type, u32 priority);
/* The same of bytes in one piece, with nothing attached: stamp->extra is false. */
struct msgpass_message *
msgpass_message_new_plain(const void __user *from, size_t length,
			  const struct msgpass_stamp *stamp, u32 type,
			  u32 priority);
/* In zeroed memory. */
void msgpass_kept_message_init(struct msgpass_kept_message *kept,
			       enum msgpass_attached kind,
			       struct msgpass_attachment *keeper,
			       struct msgpass_identity *sender,
			       const struct cred *cred);
/* As msgpass_message_new(). The keeper gets ->freed() unless that fails. */
struct msgpass_message *
msgpass_kept_message_fill(struct msgpass_kept_message *kept,
			  const void __user *from, size_t length, u32 type,
			  u32 priority);
/* One of the same bytes that does not share them. @cred pays. ERR_PTR. */
struct msgpass_message *
msgpass_message_copy(const struct msgpass_message *message,
		     const struct cred *cred);
/* Nothing is attached to it, nor was; it has its bytes, and no lifetime. */
static inline bool msgpass_message_is_plain(const struct msgpass_message *message)
{
	return !message->has_extra;
}

/* And it is short, and nobody waits for it to be received: see bulk.h. */
static inline bool msgpass_message_is_bulk(const struct msgpass_message *message)
{
	return msgpass_message_is_plain(message) && !message->rendezvous &&
	       message->length <= MSGPASS_BULK_BYTES;
}

void msgpass_message_put(struct msgpass_message *message);

/* How many messages are at most made, moved and freed at once. */
#define MSGPASS_BULK	32

/* What a sender gives of a message. */
struct msgpass_content {
	u64 data;				/* a pointer to user memory */
	u64 length;
	u32 type;
	u32 priority;
};

/* Where a receiver wants a message. */
struct msgpass_place {
	u64 data;				/* a pointer to user memory */
	u64 length;
};

/*
 * The first of @contents, if they are small, in a crate: how many. If none,
 * make one as above, which tells why it can't be.
 */
unsigned int msgpass_messages_new(struct msgpass_message **messages,
				  const struct msgpass_content *contents,
				  unsigned int count, size_t longest,
				  const struct msgpass_stamp *stamp);
/* So many, all or none, that share all that @body says, and keep it. @cred pays. */
int msgpass_messages_share(struct msgpass_message **messages,
			   unsigned int count, struct msgpass_message *body,
			   const struct cred *cred);
/* Of plain ones; the array is used up. */
void msgpass_messages_put(struct msgpass_message **messages,
			  unsigned int count);
/* The same, and it was not received: tells what is attached. */
void msgpass_message_drop(struct msgpass_message *message,
			  enum msgpass_end reason);

/* Of one made with stamp->extra, before it is sent. */
void msgpass_message_attach(struct msgpass_message *message,
			    enum msgpass_attached kind,
			    struct msgpass_attachment *attachment);
/* Of one that has had it: NULL once it is taken off. */
struct msgpass_attachment *
msgpass_message_find(const struct msgpass_message *message,
		     enum msgpass_attached kind);

static inline bool msgpass_message_has(const struct msgpass_message *message,
				       enum msgpass_attached kind)
{
	return message->attached & BIT(kind);
}

/* Or NULL. */
static inline struct msgpass_attachment *
msgpass_message_attachment(const struct msgpass_message *message,
			   enum msgpass_attached kind)
{
	return msgpass_message_has(message, kind) ?
	       msgpass_message_find(message, kind) : NULL;
}

void msgpass_message_tell_accepted(struct msgpass_message *message);
void msgpass_message_tell_ended(const struct msgpass_message *message,
				enum msgpass_end end);

/*
 * How long it may wait, in nanoseconds from when it is accepted; of one made
 * with stamp->extra. 0: for ever.
 */
void msgpass_message_set_lifetime(struct msgpass_message *message,
				  u64 lifetime);
u64 msgpass_message_lifetime(const struct msgpass_message *message);
bool msgpass_message_is_late(const struct msgpass_message *message);

static inline bool
msgpass_message_has_expired(const struct msgpass_message *message)
{
	return message->expires && msgpass_message_is_late(message);
}

/*
 * To charge @cred instead of who pays now. It is charged for both, until that
 * is done or undone; NULL if they are the same. ERR_PTR.
 */
struct msgpass_account *
msgpass_message_charge_too(const struct msgpass_message *message,
			   const struct cred *cred);
void msgpass_message_charge_done(struct msgpass_message *message,
				 struct msgpass_account *account);
void msgpass_message_charge_undone(const struct msgpass_message *message,
				   struct msgpass_account *account);

/*
 * What its sender calls its length, which is that of its data but for a flow;
 * set for one made with stamp->extra.
 */
void msgpass_message_set_length(struct msgpass_message *message, u64 length);
u64 msgpass_message_flow_length(const struct msgpass_message *message);

static inline u64 msgpass_message_length(const struct msgpass_message *message)
{
	return msgpass_message_has(message, MSGPASS_ATTACHED_FLOW) ?
	       msgpass_message_flow_length(message) : message->length;
}

/* How many file descriptors it carries; the same. */
void msgpass_message_set_fds(struct msgpass_message *message,
			     unsigned int fds);
unsigned int msgpass_message_fds_attached(const struct msgpass_message *message);

/* How many its receiver did not get before it; of one made with extra. */
void msgpass_message_set_missed(struct msgpass_message *message, u64 missed);
u64 msgpass_message_missed(const struct msgpass_message *message);

/* The message that has what this one says: itself, or the one it shares. */
const struct msgpass_message *
msgpass_message_shared(const struct msgpass_message *message);

static inline const struct msgpass_message *
msgpass_message_body(const struct msgpass_message *message)
{
	return message->hollow ? msgpass_message_shared(message) : message;
}

/* Those of the body count, which has them, or had. */
static inline unsigned int
msgpass_message_fds(const struct msgpass_message *message)
{
	message = msgpass_message_body(message);
	return msgpass_message_has(message, MSGPASS_ATTACHED_FILES) ?
	       msgpass_message_fds_attached(message) : 0;
}

/* Does more than itself stay in memory as long as it does? */
static inline bool
msgpass_message_shares_memory(const struct msgpass_message *message)
{
	return message->hollow || message->crated;
}

static inline struct msgpass_message *
msgpass_message_ref(struct msgpass_message *message)
{
	refcount_inc(&message->refs);
	return message;
}

/* As many bytes as fit; -EFAULT unless all of those could be written. */
int msgpass_message_copy_out(const struct msgpass_message *message,
			     struct iov_iter *to);

#endif
