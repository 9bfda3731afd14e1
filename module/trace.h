/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: each step in a message's life, who waits and who ends the wait.
 * docs/tracepoints.rst tells what each event and each field means.
 *
 * Their arguments are the objects themselves, so that what an event says of them
 * is only looked up while it is on; it is recorded under the lock that guards
 * it. Pids are those of processes, in the first pid namespace: who may trace may
 * see them all.
 *
 * An event's fields have no holes: 64-bit ones first, the others in pairs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM msgpass

#if !defined(MSGPASS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MSGPASS_TRACE_H

#include <linux/tracepoint.h>

struct msgpass_call_party;
struct msgpass_mailbox;
struct msgpass_message;
struct msgpass_open_call;
struct msgpass_port;
struct msgpass_wait;
struct msgpass_wait_node;
struct msgpass_waiter;

/* What a send asks for, and what its message has. */
#define MSGPASS_TRACE_NONBLOCK		0x1
#define MSGPASS_TRACE_SYNCHRONOUS	0x2
#define MSGPASS_TRACE_CALL		0x4
#define MSGPASS_TRACE_RECEIPT		0x8	/* it asks for one */
#define MSGPASS_TRACE_FLOW		0x10
#define MSGPASS_TRACE_FDS		0x20
#define MSGPASS_TRACE_LIFETIME		0x40
#define MSGPASS_TRACE_IS_RECEIPT	0x80
#define MSGPASS_TRACE_BATCH		0x100	/* it went along with others */

#define msgpass_trace_show_send(flags)					\
	__print_flags(flags, "|",					\
		      { MSGPASS_TRACE_NONBLOCK, "nonblock" },		\
		      { MSGPASS_TRACE_SYNCHRONOUS, "synchronous" },	\
		      { MSGPASS_TRACE_CALL, "call" },			\
		      { MSGPASS_TRACE_RECEIPT, "receipt" },		\
		      { MSGPASS_TRACE_FLOW, "flow" },			\
		      { MSGPASS_TRACE_FDS, "fds" },			\
		      { MSGPASS_TRACE_LIFETIME, "lifetime" },		\
		      { MSGPASS_TRACE_IS_RECEIPT, "is_receipt" },	\
		      { MSGPASS_TRACE_BATCH, "batch" })

/* What a mailbox is; the first as the uapi has them. */
#define msgpass_trace_show_mailbox(flags)				\
	__print_flags(flags, "|",					\
		      { 0x1, "bound" },					\
		      { 0x2, "broadcast" },				\
		      { 0x4, "lossy" })

TRACE_DEFINE_ENUM(MSGPASS_WAIT_MESSAGE);
TRACE_DEFINE_ENUM(MSGPASS_WAIT_ROOM);
TRACE_DEFINE_ENUM(MSGPASS_WAIT_RENDEZVOUS);
TRACE_DEFINE_ENUM(MSGPASS_WAIT_REPLY);
TRACE_DEFINE_ENUM(MSGPASS_WAIT_FLOW);

#define msgpass_trace_show_wait(what)					\
	__print_symbolic(what,						\
			 { MSGPASS_WAIT_MESSAGE, "message" },		\
			 { MSGPASS_WAIT_ROOM, "room" },			\
			 { MSGPASS_WAIT_RENDEZVOUS, "rendezvous" },	\
			 { MSGPASS_WAIT_REPLY, "reply" },		\
			 { MSGPASS_WAIT_FLOW, "flow" })

TRACE_DEFINE_ENUM(MSGPASS_END_DELETED);
TRACE_DEFINE_ENUM(MSGPASS_END_DIED);
TRACE_DEFINE_ENUM(MSGPASS_END_RESET);
TRACE_DEFINE_ENUM(MSGPASS_END_EXPIRED);
TRACE_DEFINE_ENUM(MSGPASS_END_WITHDRAWN);

#define msgpass_trace_show_end(reason)					\
	__print_symbolic(reason,					\
			 { MSGPASS_END_DELETED, "deleted" },		\
			 { MSGPASS_END_DIED, "died" },			\
			 { MSGPASS_END_RESET, "reset" },		\
			 { MSGPASS_END_EXPIRED, "expired" },		\
			 { MSGPASS_END_WITHDRAWN, "withdrawn" })

/* No ioctl has these numbers. */
#define MSGPASS_TRACE_READ	0x100
#define MSGPASS_TRACE_WRITE	0x101

/* By the numbers in the uapi. */
#define msgpass_trace_show_ioctl(number)				\
	__print_symbolic(number,					\
			 { 0, "send" },					\
			 { 1, "receive" },				\
			 { 2, "info" },					\
			 { 3, "mailbox_stat" },				\
			 { 4, "mailbox_set" },				\
			 { 5, "mailbox_delete" },			\
			 { 6, "call" },					\
			 { 7, "reply" },				\
			 { 8, "reply_receive" },			\
			 { 9, "forward" },				\
			 { 10, "request_read" },			\
			 { 11, "piece_read" },				\
			 { 12, "mailbox_give" },			\
			 { 13, "mailbox_accept" },			\
			 { 14, "send_batch" },				\
			 { 15, "receive_batch" },			\
			 { 16, "mailbox_open" },			\
			 { 17, "mailbox_next" },			\
			 { 24, "inbox_set" },				\
			 { 25, "inbox_stat" },				\
			 { 26, "inbox_next" },				\
			 { 27, "link_next" },				\
			 { 28, "wait_list" },				\
			 { MSGPASS_TRACE_READ, "read" },		\
			 { MSGPASS_TRACE_WRITE, "write" })

/* --- places */

DECLARE_EVENT_CLASS(msgpass_inbox,
	TP_PROTO(u64 port, pid_t pid),
	TP_ARGS(port, pid),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(pid_t, pid)
		__field(pid_t, by)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->pid = pid;
		__entry->by = task_tgid_nr(current);
	),
	TP_printk("port=%llu pid=%d by=%d", __entry->port, __entry->pid,
		  __entry->by)
);

DEFINE_EVENT(msgpass_inbox, inbox_new,
	TP_PROTO(u64 port, pid_t pid),
	TP_ARGS(port, pid)
);

DEFINE_EVENT(msgpass_inbox, inbox_gone,
	TP_PROTO(u64 port, pid_t pid),
	TP_ARGS(port, pid)
);

DECLARE_EVENT_CLASS(msgpass_link,
	TP_PROTO(u64 port, pid_t to, pid_t from),
	TP_ARGS(port, to, from),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(pid_t, to)
		__field(pid_t, from)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->to = to;
		__entry->from = from;
	),
	TP_printk("port=%llu to=%d from=%d", __entry->port, __entry->to,
		  __entry->from)
);

DEFINE_EVENT(msgpass_link, link_new,
	TP_PROTO(u64 port, pid_t to, pid_t from),
	TP_ARGS(port, to, from)
);

DEFINE_EVENT(msgpass_link, link_gone,
	TP_PROTO(u64 port, pid_t to, pid_t from),
	TP_ARGS(port, to, from)
);

TRACE_EVENT(mailbox_new,
	TP_PROTO(const struct msgpass_mailbox *mailbox, bool bound),
	TP_ARGS(mailbox, bound),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, capacity)
		__field(u32, uid)
		__field(u32, mode)
		__field(u32, flags)
		__string(name, mailbox->name)
	),
	TP_fast_assign(
		__entry->port = mailbox->port.id;
		__entry->capacity = mailbox->port.limits.capacity;
		__entry->uid = __kuid_val(mailbox->owner);
		__entry->mode = mailbox->mode;
		__entry->flags =
			(bound ? MSGPASS_MAILBOX_BOUND : 0) |
			(mailbox->broadcast ? MSGPASS_MAILBOX_BROADCAST : 0) |
			(mailbox->broadcast && mailbox->broadcast->lossy ?
			 MSGPASS_MAILBOX_LOSSY : 0);
		msgpass_assign_str(name, mailbox->name);
	),
	TP_printk("port=%llu name=%s uid=%u mode=%#o capacity=%llu flags=%s",
		  __entry->port, __get_str(name), __entry->uid, __entry->mode,
		  __entry->capacity,
		  msgpass_trace_show_mailbox(__entry->flags))
);

TRACE_EVENT(mailbox_gone,
	TP_PROTO(const struct msgpass_mailbox *mailbox),
	TP_ARGS(mailbox),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u32, uid)
		__string(name, mailbox->name)
	),
	TP_fast_assign(
		__entry->port = mailbox->port.id;
		__entry->uid = __kuid_val(mailbox->owner);
		msgpass_assign_str(name, mailbox->name);
	),
	TP_printk("port=%llu name=%s uid=%u", __entry->port, __get_str(name),
		  __entry->uid)
);

DECLARE_EVENT_CLASS(msgpass_subscription,
	TP_PROTO(u64 port, u64 mailbox, u64 subscriptions),
	TP_ARGS(port, mailbox, subscriptions),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, mailbox)
		__field(pid_t, pid)
		__field(u32, subscriptions)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->mailbox = mailbox;
		__entry->pid = task_tgid_nr(current);
		__entry->subscriptions = subscriptions;
	),
	TP_printk("port=%llu mailbox=%llu pid=%d subscriptions=%u",
		  __entry->port, __entry->mailbox, __entry->pid,
		  __entry->subscriptions)
);

DEFINE_EVENT(msgpass_subscription, subscribe,
	TP_PROTO(u64 port, u64 mailbox, u64 subscriptions),
	TP_ARGS(port, mailbox, subscriptions)
);

DEFINE_EVENT(msgpass_subscription, unsubscribe,
	TP_PROTO(u64 port, u64 mailbox, u64 subscriptions),
	TP_ARGS(port, mailbox, subscriptions)
);

/* --- messages */

TRACE_EVENT(send,
	TP_PROTO(const struct msgpass_port *port,
		 const struct msgpass_message *message,
		 const struct msgpass_wait *wait),
	TP_ARGS(port, message, wait),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, length)
		__field(pid_t, from)
		__field(u32, type)
		__field(u32, priority)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->port = port->id;
		__entry->length = msgpass_message_length(message);
		__entry->from = pid_nr(message->sender->pid);
		__entry->type = message->type;
		__entry->priority = message->priority;
		__entry->flags = msgpass_trace_flags(message, wait);
	),
	TP_printk("port=%llu from=%d length=%llu type=%u priority=%u flags=%s",
		  __entry->port, __entry->from, __entry->length, __entry->type,
		  __entry->priority, msgpass_trace_show_send(__entry->flags))
);

TRACE_EVENT(queue,
	TP_PROTO(const struct msgpass_port *port,
		 const struct msgpass_message *message, u64 queued),
	TP_ARGS(port, message, queued),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, sequence)
		__field(u64, length)
		__field(pid_t, from)
		__field(u32, type)
		__field(u32, priority)
		__field(u32, queued)
	),
	TP_fast_assign(
		__entry->port = port->id;
		__entry->sequence = message->sequence;
		__entry->length = msgpass_message_length(message);
		__entry->from = pid_nr(message->sender->pid);
		__entry->type = message->type;
		__entry->priority = message->priority;
		__entry->queued = queued;
	),
	TP_printk("port=%llu sequence=%llu from=%d length=%llu type=%u priority=%u queued=%u",
		  __entry->port, __entry->sequence, __entry->from,
		  __entry->length, __entry->type, __entry->priority,
		  __entry->queued)
);

TRACE_EVENT(fan_out,
	TP_PROTO(const struct msgpass_port *port,
		 const struct msgpass_message *message, u32 copies, u32 missed),
	TP_ARGS(port, message, copies, missed),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, sequence)
		__field(u64, length)
		__field(pid_t, from)
		__field(u32, type)
		__field(u32, copies)
		__field(u32, missed)
	),
	TP_fast_assign(
		__entry->port = port->id;
		__entry->sequence = message->sequence;
		__entry->length = msgpass_message_length(message);
		__entry->from = pid_nr(message->sender->pid);
		__entry->type = message->type;
		__entry->copies = copies;
		__entry->missed = missed;
	),
	TP_printk("port=%llu sequence=%llu from=%d length=%llu type=%u copies=%u missed=%u",
		  __entry->port, __entry->sequence, __entry->from,
		  __entry->length, __entry->type, __entry->copies,
		  __entry->missed)
);

TRACE_EVENT(hand_off,
	TP_PROTO(const struct msgpass_port *port,
		 const struct msgpass_message *message,
		 struct task_struct *receiver),
	TP_ARGS(port, message, receiver),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, sequence)
		__field(pid_t, from)
		__field(pid_t, to)
	),
	TP_fast_assign(
		__entry->port = port->id;
		__entry->sequence = message->sequence;
		__entry->from = pid_nr(message->sender->pid);
		__entry->to = task_tgid_nr(receiver);
	),
	TP_printk("port=%llu sequence=%llu from=%d to=%d", __entry->port,
		  __entry->sequence, __entry->from, __entry->to)
);

TRACE_EVENT(receive,
	TP_PROTO(const struct msgpass_port *port,
		 const struct msgpass_message *message),
	TP_ARGS(port, message),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, sequence)
		__field(u64, length)
		__field(pid_t, from)
		__field(pid_t, to)
	),
	TP_fast_assign(
		__entry->port = port->id;
		__entry->sequence = message->sequence;
		__entry->length = msgpass_message_length(message);
		__entry->from = pid_nr(message->sender->pid);
		__entry->to = task_tgid_nr(current);
	),
	TP_printk("port=%llu sequence=%llu from=%d to=%d length=%llu",
		  __entry->port, __entry->sequence, __entry->from, __entry->to,
		  __entry->length)
);

TRACE_EVENT(restore,
	TP_PROTO(const struct msgpass_port *port,
		 const struct msgpass_message *message, int error),
	TP_ARGS(port, message, error),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, sequence)
		__field(s64, error)
		__field(pid_t, from)
		__field(pid_t, to)
	),
	TP_fast_assign(
		__entry->port = port->id;
		__entry->sequence = message->sequence;
		__entry->from = pid_nr(message->sender->pid);
		__entry->to = task_tgid_nr(current);
		__entry->error = msgpass_trace_error(error);
	),
	TP_printk("port=%llu sequence=%llu from=%d to=%d error=%lld",
		  __entry->port, __entry->sequence, __entry->from, __entry->to,
		  __entry->error)
);

TRACE_EVENT(drop,
	TP_PROTO(const struct msgpass_port *port,
		 const struct msgpass_message *message, u32 reason),
	TP_ARGS(port, message, reason),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, sequence)
		__field(pid_t, from)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->port = port->id;
		__entry->sequence = message->sequence;
		__entry->from = pid_nr(message->sender->pid);
		__entry->reason = reason;
	),
	TP_printk("port=%llu sequence=%llu from=%d reason=%s", __entry->port,
		  __entry->sequence, __entry->from,
		  msgpass_trace_show_end(__entry->reason))
);

/* --- waiting */

TRACE_EVENT(wait,
	TP_PROTO(const struct msgpass_waiter *waiter,
		 const struct msgpass_wait *wait,
		 const struct msgpass_wait_node *whom),
	TP_ARGS(waiter, wait, whom),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, deadline)
		__field(pid_t, pid)
		__field(pid_t, thread)
		__field(pid_t, whom)
		__field(u32, what)
	),
	TP_fast_assign(
		__entry->port = waiter->port;
		__entry->deadline = wait->deadline;
		__entry->pid = task_tgid_nr(waiter->task);
		__entry->thread = task_pid_nr(waiter->task);
		__entry->whom = whom ? whom->pid : 0;
		__entry->what = waiter->what;
	),
	TP_printk("port=%llu pid=%d thread=%d whom=%d what=%s deadline=%llu",
		  __entry->port, __entry->pid, __entry->thread, __entry->whom,
		  msgpass_trace_show_wait(__entry->what), __entry->deadline)
);

TRACE_EVENT(wake,
	TP_PROTO(const struct msgpass_waiter *waiter, int result),
	TP_ARGS(waiter, result),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(pid_t, pid)
		__field(pid_t, thread)
		__field(u32, what)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->port = waiter->port;
		__entry->pid = task_tgid_nr(waiter->task);
		__entry->thread = task_pid_nr(waiter->task);
		__entry->what = waiter->what;
		__entry->result = msgpass_trace_error(result);
	),
	TP_printk("port=%llu pid=%d thread=%d what=%s result=%d",
		  __entry->port, __entry->pid, __entry->thread,
		  msgpass_trace_show_wait(__entry->what), __entry->result)
);

TRACE_EVENT(cancel,
	TP_PROTO(const struct msgpass_waiter *waiter, int error),
	TP_ARGS(waiter, error),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(pid_t, pid)
		__field(pid_t, thread)
		__field(u32, what)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->port = waiter->port;
		__entry->pid = task_tgid_nr(waiter->task);
		__entry->thread = task_pid_nr(waiter->task);
		__entry->what = waiter->what;
		__entry->error = msgpass_trace_error(error);
	),
	TP_printk("port=%llu pid=%d thread=%d what=%s error=%d",
		  __entry->port, __entry->pid, __entry->thread,
		  msgpass_trace_show_wait(__entry->what), __entry->error)
);

/* --- calls */

DECLARE_EVENT_CLASS(msgpass_request,
	TP_PROTO(const struct msgpass_open_call *call,
		 const struct msgpass_port *port),
	TP_ARGS(call, port),
	TP_STRUCT__entry(
		__field(u64, call)
		__field(u64, port)
		__field(pid_t, from)
		__field(pid_t, to)
	),
	TP_fast_assign(
		__entry->call = call->id;
		__entry->port = port->id;
		__entry->from = task_tgid_nr(current);
		__entry->to = port->receiver ? port->receiver->pid : 0;
	),
	TP_printk("call=%llu port=%llu from=%d to=%d", __entry->call,
		  __entry->port, __entry->from, __entry->to)
);

DEFINE_EVENT(msgpass_request, call,
	TP_PROTO(const struct msgpass_open_call *call,
		 const struct msgpass_port *port),
	TP_ARGS(call, port)
);

DEFINE_EVENT(msgpass_request, forward,
	TP_PROTO(const struct msgpass_open_call *call,
		 const struct msgpass_port *port),
	TP_ARGS(call, port)
);

TRACE_EVENT(take,
	TP_PROTO(const struct msgpass_open_call *call),
	TP_ARGS(call),
	TP_STRUCT__entry(
		__field(u64, call)
		__field(u64, port)
		__field(u64, sequence)
		__field(u64, token)
		__field(pid_t, from)
		__field(pid_t, by)
	),
	TP_fast_assign(
		__entry->call = call->id;
		__entry->port = call->request.port->id;
		__entry->sequence = call->request.message->sequence;
		__entry->token = call->token;
		__entry->from = pid_nr(call->caller->pid);
		__entry->by = call->taker->waits->pid;
	),
	TP_printk("call=%llu port=%llu sequence=%llu token=%llu from=%d by=%d",
		  __entry->call, __entry->port, __entry->sequence,
		  __entry->token, __entry->from, __entry->by)
);

TRACE_EVENT(reply,
	TP_PROTO(const struct msgpass_open_call *call,
		 const struct msgpass_call_party *server),
	TP_ARGS(call, server),
	TP_STRUCT__entry(
		__field(u64, call)
		__field(u64, length)
		__field(pid_t, from)
		__field(pid_t, to)
	),
	TP_fast_assign(
		__entry->call = call->id;
		__entry->length = call->reply.message ?
				  call->reply.message->length :
				  call->reply.length;
		__entry->from = server->waits->pid;
		__entry->to = pid_nr(call->caller->pid);
	),
	TP_printk("call=%llu from=%d to=%d length=%llu", __entry->call,
		  __entry->from, __entry->to, __entry->length)
);

TRACE_EVENT(call_over,
	TP_PROTO(const struct msgpass_open_call *call, int error),
	TP_ARGS(call, error),
	TP_STRUCT__entry(
		__field(u64, call)
		__field(pid_t, from)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->call = call->id;
		__entry->from = pid_nr(call->caller->pid);
		__entry->error = msgpass_trace_error(error);
	),
	TP_printk("call=%llu from=%d error=%d", __entry->call, __entry->from,
		  __entry->error)
);

/* --- errors */

TRACE_EVENT_CONDITION(fail,
	TP_PROTO(u32 number, long result),
	TP_ARGS(number, result),
	TP_CONDITION(result < 0),
	TP_STRUCT__entry(
		__field(s64, error)
		__field(pid_t, pid)
		__field(u32, ioctl)
	),
	TP_fast_assign(
		__entry->pid = task_tgid_nr(current);
		__entry->ioctl = number;
		__entry->error = msgpass_trace_error(result);
	),
	TP_printk("pid=%d ioctl=%s error=%lld", __entry->pid,
		  msgpass_trace_show_ioctl(__entry->ioctl), __entry->error)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
