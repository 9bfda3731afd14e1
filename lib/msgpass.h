/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * libmsgpass - message passing between processes, through /dev/msgpass
 *
 * Two kinds of file descriptor, both plain: they poll, are inherited, and
 * end with close(2).
 *
 * - A *device* comes from msgpass_open(). With it a program sends to and
 *   receives from processes (direct communication) and opens mailboxes.
 * - A *mailbox* comes from msgpass_mailbox_open() (indirect communication).
 *
 * Every function returns 0, a count or a file descriptor, else a negative
 * errno value; errno itself says nothing. Errors that several functions have:
 *
 * -EAGAIN	it would block, and may not
 * -ETIMEDOUT	the timeout is over; nothing was sent or received
 * -EINTR	a signal handler without SA_RESTART ran first; nothing was sent or
 *		received
 * -EDEADLK	the wait would never end: the process that it is for waits for the
 *		caller, directly or through others; nothing was sent or received.
 *		Waits with a timeout are never refused so, nor those of processes
 *		with several threads.
 * -ESRCH	there is no such process, or not any more
 * -ENOENT	there is no such mailbox, or it is not for the caller to see
 * -EPIPE	the process died or the mailbox was deleted; of a call also: the
 *		server died or gave it up, or another thread of the caller did
 * -EMSGSIZE	sending: longer than the receiver's largest message; receiving:
 *		longer than the buffer, or with more file descriptors than
 *		there is room for, and still queued
 * -EMFILE	receiving: the process can have no more file descriptors, and
 *		the message is still queued
 * -EACCES, -EPERM	the caller may not
 * -EDQUOT	the user's quota is used up
 * -EBADF	not a file descriptor, or a mailbox opened without that right
 * -ENOTTY	a device where a mailbox is needed, or the reverse, in the calls
 *		that only one of them has; sending and receiving go to the
 *		caller's inbox on a device, whatever the call's name
 * -EINVAL	a value out of its range, or a reserved field that is not 0
 * -EFAULT	a buffer is not the caller's to read or write; nothing was sent or
 *		received
 * -ENOMEM	the kernel has no memory
 *
 * Structs are for the caller to allocate. Those that are read mean the usual
 * thing wherever they hold 0, so name the fields you want and leave the rest
 * to the compiler: &(struct msgpass_send_options){ .pid = 7, .nonblock = true }
 */
#ifndef MSGPASS_H
#define MSGPASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest name of a mailbox in bytes, without its NUL. */
#define MSGPASS_NAME_MAX 63
/* A capacity: as much as the users' quotas allow. */
#define MSGPASS_NO_LIMIT UINT64_MAX
/* Most file descriptors that a message carries. */
#define MSGPASS_FDS_MAX	 16

/**
 * enum msgpass_select - which messages a receive is for
 * @MSGPASS_SELECT_ANY: of any type
 * @MSGPASS_SELECT_TYPE: of just this type
 * @MSGPASS_SELECT_UP_TO: of the lowest type that is not above this one
 * @MSGPASS_SELECT_EXCEPT: of any type but this
 */
enum msgpass_select {
	MSGPASS_SELECT_ANY,
	MSGPASS_SELECT_TYPE,
	MSGPASS_SELECT_UP_TO,
	MSGPASS_SELECT_EXCEPT,
};

/**
 * struct msgpass_send_options - how to send; the caller fills it
 * @pid: the receiving process, in the caller's pid namespace
 * @peer: the receiving process by its peer id, instead of @pid. Both are 0
 *	for a mailbox.
 * @timeout_ns: how long to wait for room, in nanoseconds; 0: no limit. A call
 *	that a signal restarts does not wait anew.
 * @deadline_ns: CLOCK_MONOTONIC time until which to wait, instead of
 *	@timeout_ns; see msgpass_deadline()
 * @type: a number that the receiver may select by
 * @priority: a number that the receiver may select by; higher is more urgent
 * @nonblock: -EAGAIN instead of waiting for room; with @synchronous, unless a
 *	receiver waits for it already
 * @synchronous: rendezvous: return when a receiver has the message. So does
 *	every send where the capacity is 0. One that fails sent nothing.
 * @receipt: when the message has been received or dropped, tell it with a
 *	receipt, see msgpass_receive_receipt(); not with @synchronous
 * @lifetime_ns: drop the message if nobody has received it so many nanoseconds
 *	after it was accepted; 0: never
 * @spin: before it sleeps, look for a moment whether it need not: quicker where
 *	the other side is, and runs on another CPU; else a waste
 * @cookie: with @receipt a number that the receipt tells, else 0
 * @fds: file descriptors to send along; they stay open here. Not those of
 *	devices, UNIX sockets and io_uring: -EOPNOTSUPP. A mailbox that could
 *	then be reached from its own queue is -ELOOP.
 * @fds_count: how many, at most MSGPASS_FDS_MAX
 * @reserved: 0
 */
struct msgpass_send_options {
	pid_t pid;
	uint64_t peer;
	uint64_t timeout_ns;
	uint64_t deadline_ns;
	uint32_t type;
	uint32_t priority;
	bool nonblock;
	bool synchronous;
	bool receipt;
	bool spin;
	uint32_t fds_count;
	const int *fds;
	uint64_t lifetime_ns;
	uint64_t cookie;
	uint64_t reserved[1];
};

/**
 * struct msgpass_receive_options - what to receive; the caller fills it
 * @pid: the sending process, in the caller's pid namespace; 0: anyone
 * @peer: the sending process by its peer id, instead of @pid. Both are 0 for
 *	a mailbox.
 * @timeout_ns: how long to wait for a message, in nanoseconds; 0: no limit. A
 *	call that a signal restarts does not wait anew.
 * @deadline_ns: CLOCK_MONOTONIC time until which to wait, instead of
 *	@timeout_ns; see msgpass_deadline()
 * @select: what @type means
 * @type: a type of messages; 0 with MSGPASS_SELECT_ANY
 * @by_priority: the highest priority first, then the oldest
 * @nonblock: -EAGAIN instead of waiting for a message
 * @peek: leave the message queued
 * @truncate: drop what the buffer can't hold, instead of -EMSGSIZE; of a flow
 *	the rest is skipped
 * @pieces: take a message that the buffer can't hold all the same: the head
 *	now, the rest with msgpass_piece_read(). Not with @peek and @truncate,
 *	and not of a call, which has msgpass_request_read().
 * @receipts_only: receipts and no other message; not with @pid and @peer
 * @spin: see struct msgpass_send_options
 * @fds_room: how many file descriptors @fds has room for
 * @fds: filled with those that the message carries, new and close-on-exec.
 *	With @truncate those that do not fit are closed; a peek gives none.
 * @reserved: 0
 */
struct msgpass_receive_options {
	pid_t pid;
	uint64_t peer;
	uint64_t timeout_ns;
	uint64_t deadline_ns;
	enum msgpass_select select;
	uint32_t type;
	bool by_priority;
	bool nonblock;
	bool peek;
	bool truncate;
	bool pieces;
	bool receipts_only;
	bool spin;
	uint32_t fds_room;
	int *fds;
	uint64_t reserved[2];
};

/**
 * struct msgpass_message_info - what is known of a message; the library fills
 *	it, and no sender can forge it but for @type and @priority
 * @length: of the message in bytes, received whole or not
 * @sequence: its number in the inbox or mailbox, from 1
 * @time_ns: CLOCK_MONOTONIC time at which it was accepted, in nanoseconds
 * @peer: peer id of the sending process: never reused, kept across exec
 * @pid: of the sending process in the receiver's pid namespace; 0 if it can't
 *	be seen there
 * @uid: effective user of the sender
 * @gid: effective group of the sender
 * @type: given by the sender
 * @priority: given by the sender
 * @truncated: the buffer was too short for all of it
 * @receipt: it is a receipt, see msgpass_receipt_decode()
 * @flow: it is a flow: its sender waits until all of it is read or skipped
 * @token: if it is a call, what to reply with; else 0
 * @remaining: bytes left to read in pieces; else 0
 * @rest: what names these, for msgpass_piece_read() and msgpass_piece_skip();
 *	0 if @remaining is
 * @fds_count: how many file descriptors it carries, room for them or not
 * @missed: of a lossy broadcast, how many messages were missed just before it
 * @reserved: 0
 */
struct msgpass_message_info {
	uint64_t length;
	uint64_t sequence;
	uint64_t time_ns;
	uint64_t peer;
	pid_t pid;
	uid_t uid;
	gid_t gid;
	uint32_t type;
	uint32_t priority;
	bool truncated;
	bool receipt;
	bool flow;
	uint64_t token;
	uint64_t remaining;
	uint64_t rest;
	uint32_t fds_count;
	uint32_t missed;
	uint64_t reserved[4];
};

/**
 * struct msgpass_outgoing - a message of a batch to send; the caller fills it
 * @data: the bytes
 * @length: how many; may be 0
 * @type: a number that the receiver may select by
 * @priority: a number that the receiver may select by; higher is more urgent
 */
struct msgpass_outgoing {
	const void *data;
	size_t length;
	uint32_t type;
	uint32_t priority;
};

/**
 * struct msgpass_incoming - a message of a batch that is received
 * @buffer: filled with the message; the caller gives it
 * @size: of the buffer in bytes
 * @info: filled by the library; @info.length, if not truncated, is how many
 *	bytes of the buffer are filled
 */
struct msgpass_incoming {
	void *buffer;
	size_t size;
	struct msgpass_message_info info;
};

/**
 * enum msgpass_fate - what became of a message; more may be added
 * @MSGPASS_FATE_RECEIVED: somebody has received it
 * @MSGPASS_FATE_DELETED: dropped with the mailbox
 * @MSGPASS_FATE_DIED: dropped with the process it was sent to
 * @MSGPASS_FATE_RESET: dropped when exec changed that process's credentials
 * @MSGPASS_FATE_EXPIRED: dropped when its lifetime was over
 */
enum msgpass_fate {
	MSGPASS_FATE_RECEIVED = 1,
	MSGPASS_FATE_DELETED,
	MSGPASS_FATE_DIED,
	MSGPASS_FATE_RESET,
	MSGPASS_FATE_EXPIRED,
};

/**
 * struct msgpass_receipt_info - what a receipt tells; the library fills it
 * @fate: what became of the message
 * @cookie: as in the options it was sent with
 * @to_peer: peer id of the process it was sent to; 0: to a mailbox
 * @by_peer: peer id of the process that received it; 0: none did
 * @sequence: its number in the inbox or mailbox
 * @reserved: 0
 */
struct msgpass_receipt_info {
	enum msgpass_fate fate;
	uint64_t cookie;
	uint64_t to_peer;
	uint64_t by_peer;
	uint64_t sequence;
	uint64_t reserved[4];
};

/**
 * struct msgpass_outcome - how a message of an outbox ended; the library fills
 *	it
 * @receipt: the last one, with the caller's own cookie
 * @tries: how often the message was sent; 0: the receipt is not of a message
 *	of this outbox
 * @error: 0, or the negative errno value with which it could not be sent again
 * @reserved: 0
 *
 * It was received, or dropped for the last time: @receipt.fate tells.
 */
struct msgpass_outcome {
	struct msgpass_receipt_info receipt;
	unsigned int tries;
	int error;
	uint64_t reserved[4];
};

/* Messages that are sent again when they are dropped. */
struct msgpass_outbox;

/**
 * struct msgpass_call_options - how to call; the caller fills it
 * @pid: the server, in the caller's pid namespace
 * @peer: the server by its peer id, instead of @pid. Both are 0 for a mailbox.
 * @timeout_ns: how long to wait for room and reply together, in nanoseconds;
 *	0: no limit. A call that a signal restarts does not wait anew.
 * @deadline_ns: CLOCK_MONOTONIC time until which to wait, instead of
 *	@timeout_ns; see msgpass_deadline()
 * @type: a number that the server may select by
 * @priority: a number that the server may select by; higher is more urgent
 * @nonblock: -EINPROGRESS when it is sent and there is no reply yet, -EAGAIN if
 *	it can't be sent now; with @token -EAGAIN while there is no reply
 * @truncate: drop what the buffer can't hold of the reply, instead of
 *	-EMSGSIZE
 * @spin: see struct msgpass_send_options
 * @token: 0 for a new call, else that of one that goes on: nothing is sent,
 *	and the request is not looked at
 * @fds: file descriptors of the request, as in struct msgpass_send_options
 * @fds_count: how many
 * @reply_fds: filled with those of the reply, as in struct
 *	msgpass_receive_options
 * @reply_fds_room: how many fit there
 * @reserved: 0
 */
struct msgpass_call_options {
	pid_t pid;
	uint64_t peer;
	uint64_t timeout_ns;
	uint64_t deadline_ns;
	uint32_t type;
	uint32_t priority;
	bool nonblock;
	bool truncate;
	bool spin;
	uint64_t token;
	const int *fds;
	uint32_t fds_count;
	uint32_t reply_fds_room;
	int *reply_fds;
	uint64_t reserved[1];
};

/**
 * struct msgpass_reply_info - what became of a call; the library fills it
 * @length: of the reply in bytes, truncated or not
 * @peer: peer id of the process that replied
 * @type: given by that process
 * @truncated: the buffer was too short for all of it
 * @token: of the call, if it goes on: after -EINPROGRESS, -EAGAIN, -EMSGSIZE
 *	and -EFAULT. Go on with it, or end it with msgpass_call_cancel(). Else 0.
 * @fds_count: how many file descriptors the reply carries
 * @reserved: 0
 */
struct msgpass_reply_info {
	uint64_t length;
	uint64_t peer;
	uint32_t type;
	bool truncated;
	uint64_t token;
	uint32_t fds_count;
	uint64_t reserved[3];
};

/**
 * struct msgpass_reply_options - how to reply; the caller fills it
 * @type: a number for who called
 * @fds_count: how many file descriptors to send along
 * @fds: these, as in struct msgpass_send_options
 * @reserved: 0
 */
struct msgpass_reply_options {
	uint32_t type;
	uint32_t fds_count;
	const int *fds;
	uint64_t reserved[3];
};

/**
 * struct msgpass_answer - a reply that is given before the next receive
 * @token: of the call; 0: there is nothing to reply to. The library sets it to
 *	0 once the reply is given, so that to call again never replies twice.
 * @data: the reply's bytes
 * @length: how many; may be 0
 * @type: a number for who called
 * @error: filled by the library: 0, or -ESRCH if nobody waited for the reply
 * @fds: file descriptors to send along, as in struct msgpass_send_options
 * @fds_count: how many
 * @reserved: 0
 */
struct msgpass_answer {
	uint64_t token;
	const void *data;
	size_t length;
	uint32_t type;
	int error;
	const int *fds;
	uint32_t fds_count;
	uint64_t reserved[2];
};

/**
 * struct msgpass_caller_info - who called; the library fills it, and nobody
 *	can forge it
 * @length: of the request in bytes
 * @peer: peer id of the process that called, though another forwarded it
 * @pid: of that process in the own pid namespace; 0 if it can't be seen there
 * @uid: effective user of that process when it called
 * @gid: effective group of that process when it called
 * @reserved: 0
 */
struct msgpass_caller_info {
	uint64_t length;
	uint64_t peer;
	pid_t pid;
	uid_t uid;
	gid_t gid;
	uint64_t reserved[4];
};

/* clang-format off */
/**
 * enum msgpass_has - which fields of a struct msgpass_settings are given
 * @MSGPASS_HAS_MODE: mode
 * @MSGPASS_HAS_UID: uid
 * @MSGPASS_HAS_GID: gid
 * @MSGPASS_HAS_CAPACITY: capacity
 * @MSGPASS_HAS_CAPACITY_BYTES: capacity_bytes
 * @MSGPASS_HAS_MESSAGE_MAX: message_max
 */
enum msgpass_has {
	MSGPASS_HAS_MODE		= 1 << 0,
	MSGPASS_HAS_UID			= 1 << 1,
	MSGPASS_HAS_GID			= 1 << 2,
	MSGPASS_HAS_CAPACITY		= 1 << 3,
	MSGPASS_HAS_CAPACITY_BYTES	= 1 << 4,
	MSGPASS_HAS_MESSAGE_MAX		= 1 << 5,
};

/* clang-format on */

/**
 * struct msgpass_settings - what can be chosen of a mailbox or an inbox
 * @has: which of the other fields are given, MSGPASS_HAS_*; the rest stays as
 *	it is, in a new mailbox the default
 * @mode: permission bits. Mailbox: as of a file, r to receive and w to send.
 *	Inbox: who may send: 0200 those who may signal the process (always),
 *	0020 its group, 0002 everybody.
 * @uid: owner of a mailbox
 * @gid: group of a mailbox
 * @capacity: messages that it, or each link of the inbox, holds before
 *	senders wait; 0: none, every send is a rendezvous; MSGPASS_NO_LIMIT
 * @capacity_bytes: the same in bytes; MSGPASS_NO_LIMIT
 * @message_max: longest message in bytes
 * @bound: of a new mailbox: bind it to the calling process, all its threads
 *	but no child. It is deleted when that process dies; exec keeps it.
 *	Only in opening one; @has has no bit for it.
 * @broadcast: of a new mailbox: each file descriptor that receives, opened
 *	before a message was sent, gets the message, from a queue of its own.
 *	A capacity of 0, and to send with synchronous or receipt, to flow and
 *	to call, are -EOPNOTSUPP. Only in opening one.
 * @lossy: of a new mailbox that broadcasts: do not wait for those whose queue
 *	is full; they miss the message and are told. Only in opening one.
 * @reserved: 0
 */
struct msgpass_settings {
	unsigned int has;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t capacity;
	uint64_t capacity_bytes;
	uint64_t message_max;
	bool bound;
	bool broadcast;
	bool lossy;
	uint64_t reserved[3];
};

/**
 * struct msgpass_mailbox_status - a mailbox as it is; the library fills it
 * @id: its number, as tracepoints have its port; 0 if anonymous
 * @name: empty if anonymous
 * @settings: all of them
 * @queued: messages in it
 * @queued_bytes: their bytes
 * @receivers_waiting: threads that wait for a message
 * @senders_waiting: threads that wait for room
 * @sent: messages accepted since it was made
 * @received: messages received since
 * @dropped: messages dropped since
 * @owner_peer: peer id of the process that it is bound to; 0 if it is not
 * @owner_pid: pid of that process; 0 also if it can't be seen
 * @offered_peer: peer id of the process that it is offered to; 0 if there is
 *	none, or for whom this does not concern
 * @broadcast: every message goes to all who receive; then of a file descriptor
 *	that receives its own figures are told, else the sums
 * @lossy: who is too slow misses messages
 * @subscribers: of a broadcast, file descriptors that receive
 * @missed: of a lossy broadcast, messages missed since it was made
 * @reserved: 0
 */
struct msgpass_mailbox_status {
	uint64_t id;
	char name[MSGPASS_NAME_MAX + 1];
	struct msgpass_settings settings;
	uint64_t queued;
	uint64_t queued_bytes;
	uint64_t receivers_waiting;
	uint64_t senders_waiting;
	uint64_t sent;
	uint64_t received;
	uint64_t dropped;
	uint64_t owner_peer;
	pid_t owner_pid;
	bool broadcast;
	bool lossy;
	uint64_t offered_peer;
	uint64_t subscribers;
	uint64_t missed;
	uint64_t reserved[2];
};

/**
 * struct msgpass_counters - what a mailbox, an inbox or a link has counted since
 *	it was made; the library fills it
 * @sent_bytes: bytes of the messages accepted; of a flow once it is over, as many
 *	as went through
 * @received_bytes: bytes of the messages received; of a flow the same
 * @queued_max: most messages that were queued at a time; who waits to receive
 *	gets a message that is never queued
 * @oldest_ns: when the oldest message that is queued now was sent, in
 *	nanoseconds of CLOCK_MONOTONIC; 0 if none is
 * @sender_waits: how often a sender waited, for room or to be received
 * @receiver_waits: how often a receiver waited for a message
 * @refused: sends that found no room and would not wait
 * @expired: messages dropped because their lifetime was over
 * @reserved: 0
 */
struct msgpass_counters {
	uint64_t sent_bytes;
	uint64_t received_bytes;
	uint64_t queued_max;
	uint64_t oldest_ns;
	uint64_t sender_waits;
	uint64_t receiver_waits;
	uint64_t refused;
	uint64_t expired;
	uint64_t reserved[8];
};

/**
 * struct msgpass_inbox_status - a process's inbox; the library fills it
 * @peer: peer id of the process
 * @pid: its pid in the caller's pid namespace
 * @uid: its real user
 * @settings: all that an inbox has; no owner and group
 * @links: processes that have sent to it and live, or have messages in it
 * @queued: messages in it, of all links
 * @queued_bytes: their bytes
 * @receivers_waiting: threads that wait for a message
 * @senders_waiting: threads that wait for room, on all links
 * @sent: messages accepted since it exists
 * @received: messages received since
 * @dropped: messages dropped since
 * @reserved: 0
 */
struct msgpass_inbox_status {
	uint64_t peer;
	pid_t pid;
	uid_t uid;
	struct msgpass_settings settings;
	uint64_t links;
	uint64_t queued;
	uint64_t queued_bytes;
	uint64_t receivers_waiting;
	uint64_t senders_waiting;
	uint64_t sent;
	uint64_t received;
	uint64_t dropped;
	uint64_t reserved[4];
};

/**
 * struct msgpass_link_status - a link from one process to another; the
 *	library fills it
 * @to_peer: peer id of the receiving process
 * @from_peer: peer id of the sending process
 * @to_pid: pid of the receiving process; 0 if it can't be seen
 * @from_pid: pid of the sending process; 0 if it can't be seen
 * @capacity: messages that it holds
 * @capacity_bytes: bytes that it holds
 * @queued: messages in it
 * @queued_bytes: their bytes
 * @receivers_waiting: threads that wait for just this sender
 * @senders_waiting: threads that wait for room
 * @sent: messages accepted since it exists
 * @received: messages received since
 * @dropped: messages dropped since
 * @reserved: 0
 */
struct msgpass_link_status {
	uint64_t to_peer;
	uint64_t from_peer;
	pid_t to_pid;
	pid_t from_pid;
	uint64_t capacity;
	uint64_t capacity_bytes;
	uint64_t queued;
	uint64_t queued_bytes;
	uint64_t receivers_waiting;
	uint64_t senders_waiting;
	uint64_t sent;
	uint64_t received;
	uint64_t dropped;
	uint64_t reserved[3];
};

/**
 * enum msgpass_wait_reason - for what a thread waits
 * @MSGPASS_WAITS_FOR_MESSAGE: to receive one
 * @MSGPASS_WAITS_FOR_ROOM: to send
 * @MSGPASS_WAITS_FOR_RENDEZVOUS: for what it has sent to be received
 * @MSGPASS_WAITS_FOR_REPLY: for the reply to its call
 * @MSGPASS_WAITS_FOR_FLOW: for the rest of its flow to be received
 */
enum msgpass_wait_reason {
	MSGPASS_WAITS_FOR_MESSAGE = 1,
	MSGPASS_WAITS_FOR_ROOM,
	MSGPASS_WAITS_FOR_RENDEZVOUS,
	MSGPASS_WAITS_FOR_REPLY,
	MSGPASS_WAITS_FOR_FLOW,
};

/**
 * struct msgpass_wait_status - a thread that waits; the library fills it
 * @pid: of its process; 0 if it can't be seen
 * @tid: of the thread
 * @peer: peer id of its process
 * @reason: for what
 * @for_pid: the one process that it waits for; 0 if it waits for anybody, or
 *	the process can't be seen
 * @for_peer: peer id of that process; 0 if it waits for anybody
 * @for_mailbox: number of the mailbox in which it waits or its call stands; 0
 *	if in none, or none that can be seen
 * @since_ns: CLOCK_MONOTONIC time since when, to some milliseconds
 * @deadline_ns: until when; 0: no limit
 * @reserved: 0
 */
struct msgpass_wait_status {
	pid_t pid;
	pid_t tid;
	uint64_t peer;
	enum msgpass_wait_reason reason;
	pid_t for_pid;
	uint64_t for_peer;
	uint64_t for_mailbox;
	uint64_t since_ns;
	uint64_t deadline_ns;
	uint64_t reserved[4];
};

/**
 * struct msgpass_system_info - limits and usage; the library fills it
 * @peer: peer id of the calling process
 * @message_max: longest message in bytes, anywhere
 * @capacity_default: messages that a new link or mailbox holds
 * @capacity_max: most that one may be set to, but for MSGPASS_NO_LIMIT
 * @mailboxes_max: mailboxes that a network namespace may have
 * @mailboxes: mailboxes that the caller's has
 * @user_bytes_max: kernel memory that a user may hold
 * @user_bytes: kernel memory that the caller's user holds
 * @reserved: 0
 */
struct msgpass_system_info {
	uint64_t peer;
	uint64_t message_max;
	uint64_t capacity_default;
	uint64_t capacity_max;
	uint64_t mailboxes_max;
	uint64_t mailboxes;
	uint64_t user_bytes_max;
	uint64_t user_bytes;
	uint64_t reserved[4];
};

/**
 * msgpass_open() - open the device
 *
 * The device acts for whichever process uses it. Its poll tells of the inbox
 * of the process that opened it.
 *
 * Return: a close-on-exec file descriptor; -ENOENT when the module is not
 * loaded, -EACCES when the caller may not use it.
 */
int msgpass_open(void);

/**
 * msgpass_get_info() - ask for limits and usage
 * @fd: a device or a mailbox
 * @info: filled on success
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -EBADF, -EINVAL.
 */
int msgpass_get_info(int fd, struct msgpass_system_info *info);

/**
 * msgpass_deadline() - the time that a timeout ends
 * @timeout_ns: nanoseconds from now
 *
 * For a program that calls again after -EINTR, or that sets one limit to
 * several calls.
 *
 * Return: CLOCK_MONOTONIC time in nanoseconds, never 0.
 */
uint64_t msgpass_deadline(uint64_t timeout_ns);

/**
 * msgpass_send() - send a message to a process
 * @device: from msgpass_open()
 * @to: the receiver's pid
 * @data: the bytes
 * @length: how many; may be 0
 *
 * Waits while the link to the receiver is full. The message waits in the
 * receiver's inbox, whether or not it receives or ever opened the device.
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -EAGAIN, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE, -EPERM,
 * -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
int msgpass_send(int device, pid_t to, const void *data, size_t length);

/**
 * msgpass_receive() - receive a message from a process, or from anyone
 * @device: from msgpass_open()
 * @from: the sender's pid; 0: anyone
 * @buffer: filled with the message
 * @size: of the buffer in bytes
 * @info: NULL, or filled on success and with -EMSGSIZE
 *
 * Waits for a message. One sent before its sender died is received still.
 *
 * Return: the length in bytes, else a negative errno value.
 *
 * Errors: -EAGAIN, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE, -EDQUOT,
 * -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_receive(int device, pid_t from, void *buffer, size_t size,
			struct msgpass_message_info *info);

/**
 * msgpass_mailbox_send() - send a message to a mailbox
 * @mailbox: opened with O_WRONLY or O_RDWR
 * @data: the bytes
 * @length: how many; may be 0
 *
 * Waits while the mailbox is full.
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -EAGAIN, -EINTR, -EPIPE, -EMSGSIZE, -EDQUOT, -EBADF, -EFAULT,
 * -ENOMEM.
 */
int msgpass_mailbox_send(int mailbox, const void *data, size_t length);

/**
 * msgpass_mailbox_receive() - receive a message from a mailbox
 * @mailbox: opened with O_RDONLY or O_RDWR
 * @buffer: filled with the message
 * @size: of the buffer in bytes
 * @info: NULL, or filled on success and with -EMSGSIZE
 *
 * Waits for a message.
 *
 * Return: the length in bytes, else a negative errno value.
 *
 * Errors: -EAGAIN, -EINTR, -EPIPE, -EMSGSIZE, -EBADF, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_mailbox_receive(int mailbox, void *buffer, size_t size,
				struct msgpass_message_info *info);

/**
 * msgpass_send_with() - send a message, with options
 * @fd: a device or a mailbox
 * @data: the bytes
 * @length: how many; may be 0
 * @options: NULL, or how
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EPERM, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
int msgpass_send_with(int fd, const void *data, size_t length,
		      const struct msgpass_send_options *options);

/**
 * msgpass_sendv() - send a message gathered from several places
 * @fd: a device or a mailbox
 * @iov: where the parts are
 * @count: how many parts, at most 1024
 * @options: NULL, or how
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EPERM, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
int msgpass_sendv(int fd, const struct iovec *iov, size_t count,
		  const struct msgpass_send_options *options);

/**
 * msgpass_flow() - send a message of any length, and wait until it is received
 * @fd: a device or a mailbox
 * @data: the bytes; not to be changed before it returns
 * @length: how many
 * @options: NULL, or how; no receipt and no fds
 *
 * What is longer than the receiver's largest message goes straight from this
 * memory to the receiver's buffers, in as many pieces as that likes, and
 * however much it is; to do so without waiting is -EAGAIN. What is not longer
 * is sent as ever.
 *
 * Return: how many bytes went through, which is less than the length if a
 * signal or the deadline came half-way, or the receiver died or skipped the
 * rest; if none went through, a negative errno value.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EPERM, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_flow(int fd, const void *data, size_t length,
		     const struct msgpass_send_options *options);

/**
 * msgpass_flowv() - the same, gathered from several places
 * @fd: a device or a mailbox
 * @iov: where the parts are
 * @count: how many parts, at most 1024
 * @options: NULL, or how; no receipt and no fds
 *
 * Return: as msgpass_flow().
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EPERM, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_flowv(int fd, const struct iovec *iov, size_t count,
		      const struct msgpass_send_options *options);

/**
 * msgpass_receive_with() - receive a message, with options
 * @fd: a device or a mailbox
 * @buffer: filled with the message
 * @size: of the buffer in bytes
 * @options: NULL, or which and how
 * @info: NULL, or filled on success and with -EMSGSIZE
 *
 * Return: the bytes put in the buffer, else a negative errno value.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EMFILE, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_receive_with(int fd, void *buffer, size_t size,
			     const struct msgpass_receive_options *options,
			     struct msgpass_message_info *info);

/**
 * msgpass_receivev() - receive a message scattered to several places
 * @fd: a device or a mailbox
 * @iov: the places, filled one after the other
 * @count: how many places, at most 1024
 * @options: NULL, or which and how
 * @info: NULL, or filled on success and with -EMSGSIZE
 *
 * Return: the bytes put in all places, else a negative errno value.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EMFILE, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_receivev(int fd, const struct iovec *iov, size_t count,
			 const struct msgpass_receive_options *options,
			 struct msgpass_message_info *info);

/**
 * msgpass_receive_alloc() - receive a message of any length
 * @fd: a device or a mailbox
 * @message: filled on success with the message, for the caller to free(3); a
 *	NUL byte follows it that is no part of it
 * @options: NULL, or which and how; with truncate it is -EINVAL
 * @info: NULL, or filled on success
 *
 * Return: the length in bytes, else a negative errno value; with -ENOMEM the
 * message is still queued.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EMFILE, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_receive_alloc(int fd, char **message,
			      const struct msgpass_receive_options *options,
			      struct msgpass_message_info *info);

/**
 * msgpass_send_batch() - send several messages in one call
 * @fd: a device or a mailbox
 * @messages: an array of them, which are sent in this order
 * @count: how many, at least 1
 * @options: NULL, or how and to whom; only @pid, @peer, @timeout_ns,
 *	@deadline_ns, @nonblock and @spin, else -EINVAL
 *
 * The same as to send one after the other, and cheaper. It waits for room for
 * each, until all are sent.
 *
 * Return: how many messages were sent. Fewer than @count if then a signal or
 * the deadline came, there was no more room and it may not wait, or the next
 * one could not be sent: to try again with that tells why. If not one was sent,
 * a negative errno value.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EPERM, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_send_batch(int fd, const struct msgpass_outgoing *messages,
			   size_t count,
			   const struct msgpass_send_options *options);

/**
 * msgpass_receive_batch() - receive several messages in one call
 * @fd: a device or a mailbox
 * @messages: an array of places for them
 * @count: how many, at least 1
 * @options: NULL, or which and how; no peek, pieces and fds: -EINVAL
 *
 * Waits for the first message, then takes what is there and does not wait. A
 * message with file descriptors stays queued, for msgpass_receive_with(), and
 * with @truncate loses them.
 *
 * Return: how many messages were received. If not one, a negative errno value;
 * with -EMSGSIZE the @info of the first describes the message.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_receive_batch(int fd, struct msgpass_incoming *messages,
			      size_t count,
			      const struct msgpass_receive_options *options);

/**
 * msgpass_piece_read() - read on in a message that is received in pieces
 * @fd: a device or a mailbox
 * @rest: from struct msgpass_message_info
 * @buffer: filled with the next piece
 * @size: of the buffer in bytes
 * @remaining: NULL, or set to the bytes left after it
 *
 * The message belongs to the process: any thread of it may read on. With the
 * last byte the message is received, and @rest used up.
 *
 * Return: the bytes put in the buffer, else a negative errno value; -ESRCH:
 * the process has no such message; -EPIPE: the sender of a flow died or gave
 * up, and there is no more. After -EPIPE @rest is used up, too.
 *
 * Errors: -EINTR, -EBADF, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_piece_read(int fd, uint64_t rest, void *buffer, size_t size,
			   uint64_t *remaining);

/**
 * msgpass_piece_skip() - do without the rest of a message
 * @fd: a device or a mailbox
 * @rest: from struct msgpass_message_info
 *
 * The sender of a flow is told how many bytes went through.
 *
 * Return: 0, else a negative errno value; -ESRCH: the process has no such
 * message.
 *
 * Errors: -EBADF.
 */
int msgpass_piece_skip(int fd, uint64_t rest);

/**
 * msgpass_receive_receipt() - receive a receipt
 * @device: from msgpass_open()
 * @options: NULL, or how to wait: timeout_ns, deadline_ns, nonblock
 * @receipt: filled on success
 *
 * Receipts come to the inbox of the process that asked for them, among its
 * messages; this takes the oldest receipt and leaves the messages.
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EBADF, -EINVAL, -ENOMEM.
 */
int msgpass_receive_receipt(int device,
			    const struct msgpass_receive_options *options,
			    struct msgpass_receipt_info *receipt);

/**
 * msgpass_receipt_decode() - read a receipt that was received as a message
 * @data: the message
 * @length: of it in bytes
 * @info: what was told with it
 * @receipt: filled on success
 *
 * For a program that receives whatever comes.
 *
 * Return: 0; -EINVAL when the message is no receipt.
 */
int msgpass_receipt_decode(const void *data, size_t length,
			   const struct msgpass_message_info *info,
			   struct msgpass_receipt_info *receipt);

/**
 * msgpass_outbox_new() - make an outbox
 * @device: from msgpass_open(), for the receipts; it stays the caller's
 * @tries: how often a message is sent at most, the first time included
 * @outbox: set on success
 *
 * An outbox keeps a copy of each message until its receipt comes, and sends it
 * again if it was dropped. It is for one thread at a time, in the process that
 * made it.
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -ENOMEM, -EINVAL.
 */
int msgpass_outbox_new(int device, unsigned int tries,
		       struct msgpass_outbox **outbox);

/**
 * msgpass_outbox_free() - forget an outbox, and what is under way
 * @outbox: NULL, or what msgpass_outbox_new() made
 *
 * What was sent stays sent. Receipts that are still to come are then those of
 * nobody: msgpass_outbox_next() of another outbox returns them with 0 tries.
 */
void msgpass_outbox_free(struct msgpass_outbox *outbox);

/**
 * msgpass_outbox_send() - send a message, and again if it is dropped
 * @outbox: which keeps a copy of the message
 * @fd: a device or a mailbox, to stay open until the message has its outcome
 * @data: the bytes
 * @length: how many; may be 0
 * @options: NULL, or how, but not synchronous. The cookie comes back with the
 *	outcome; a receipt is asked for in any case. The timeout is for each
 *	time that it is sent, the deadline for all of them. The fds have to
 *	stay open, too.
 *
 * A message that goes to a process goes to the same process each time, not to
 * one that got its pid later.
 *
 * Return: 0 when it has been sent for the first time, else a negative errno
 * value: then it has not, and there will be no outcome.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EPERM, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
int msgpass_outbox_send(struct msgpass_outbox *outbox, int fd, const void *data,
			size_t length,
			const struct msgpass_send_options *options);

/**
 * msgpass_outbox_next() - wait until a message has its outcome
 * @outbox: whose messages
 * @options: NULL, or how to wait: timeout_ns, deadline_ns, nonblock
 * @outcome: filled if it returns 1
 *
 * Receives receipts, and sends again what was dropped and has tries left.
 * Messages that are not receipts stay in the inbox. A receipt of a message
 * that was sent otherwise is an outcome too, with 0 tries.
 *
 * Return: 1 with an outcome, 0 when no message is under way, else a negative
 * errno value; after -EAGAIN, -ETIMEDOUT and -EINTR nothing is lost.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EBADF, -EINVAL, -ENOMEM.
 */
int msgpass_outbox_next(struct msgpass_outbox *outbox,
			const struct msgpass_receive_options *options,
			struct msgpass_outcome *outcome);

/**
 * msgpass_outbox_settle() - give an outbox a receipt that was received
 * @outbox: whose message it may be about
 * @receipt: from msgpass_receive_receipt() or msgpass_receipt_decode()
 * @outcome: filled if it returns 1
 *
 * For a program that receives whatever comes, or has several outboxes, and so
 * does not call msgpass_outbox_next().
 *
 * Return: 1 with an outcome, with 0 tries if the receipt is not for this
 * outbox; 0 when the message has been sent again; -EINTR when it could not be
 * yet, and will be by a later call.
 */
int msgpass_outbox_settle(struct msgpass_outbox *outbox,
			  const struct msgpass_receipt_info *receipt,
			  struct msgpass_outcome *outcome);

/**
 * msgpass_call() - call a process: send it a request, wait for the reply
 * @device: from msgpass_open()
 * @to: the server's pid
 * @request: the bytes
 * @length: how many; may be 0
 * @reply: filled with the reply
 * @size: of the buffer for the reply in bytes
 *
 * When it returns the call is over, whatever it returns. After -EINTR,
 * -EMSGSIZE and -EFAULT it has been given up: a reply that comes later, or did
 * not fit, reaches nobody. It is not known then what the server did.
 *
 * Return: the length of the reply in bytes, else a negative errno value;
 * -EPIPE when the server died or gave the call up.
 *
 * Errors: -EAGAIN, -EINTR, -EDEADLK, -ESRCH, -EMSGSIZE, -EPERM, -EDQUOT,
 * -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_call(int device, pid_t to, const void *request, size_t length,
		     void *reply, size_t size);

/**
 * msgpass_mailbox_call() - call who receives from a mailbox
 * @mailbox: opened with O_WRONLY or O_RDWR
 * @request: the bytes
 * @length: how many; may be 0
 * @reply: filled with the reply
 * @size: of the buffer for the reply in bytes
 *
 * Otherwise as msgpass_call().
 *
 * Return: the length of the reply in bytes, else a negative errno value.
 *
 * Errors: -EAGAIN, -EINTR, -EDEADLK, -EPIPE, -EMSGSIZE, -EDQUOT, -EBADF,
 * -EFAULT, -ENOMEM.
 */
ssize_t msgpass_mailbox_call(int mailbox, const void *request, size_t length,
			     void *reply, size_t size);

/**
 * msgpass_call_with() - call, with options
 * @fd: a device or a mailbox
 * @request: the bytes
 * @length: how many; may be 0
 * @reply: filled with the reply
 * @size: of the buffer for the reply in bytes
 * @options: NULL, or how; with nonblock it takes @info
 * @info: NULL, or filled whatever it returns
 *
 * A call that goes on has its token in @info; without @info it is given up as
 * msgpass_call() does. After -EINTR it is given up in any case.
 *
 * Return: the bytes put in the buffer, else a negative errno value.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EMFILE, -EPERM, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_call_with(int fd, const void *request, size_t length,
			  void *reply, size_t size,
			  const struct msgpass_call_options *options,
			  struct msgpass_reply_info *info);

/**
 * msgpass_callv() - call, the request gathered and the reply scattered
 * @fd: a device or a mailbox
 * @request: where the parts of the request are
 * @request_count: how many parts, at most 1024
 * @reply: the places for the reply, filled one after the other
 * @reply_count: how many places, at most 1024
 * @options: NULL, or how; with nonblock it takes @info
 * @info: NULL, or filled whatever it returns
 *
 * Return: the bytes put in all places, else a negative errno value.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EMFILE, -EPERM, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_callv(int fd, const struct iovec *request, size_t request_count,
		      const struct iovec *reply, size_t reply_count,
		      const struct msgpass_call_options *options,
		      struct msgpass_reply_info *info);

/**
 * msgpass_call_cancel() - give up a call that goes on
 * @fd: a device or a mailbox
 * @token: from struct msgpass_reply_info
 *
 * Another thread that waits for room to send it, or for its reply, gets -EPIPE.
 *
 * Return: 0, else a negative errno value; -ESRCH: the process has no such
 * call, or it has come to its end.
 *
 * Errors: -EBADF.
 */
int msgpass_call_cancel(int fd, uint64_t token);

/**
 * msgpass_reply() - reply to a call
 * @fd: a device or a mailbox
 * @token: from the struct msgpass_message_info of the call
 * @data: the bytes
 * @length: how many; may be 0
 *
 * Any thread of the process that received the call may do it. It never waits.
 *
 * Return: 0, else a negative errno value; -ESRCH: nobody waits for it any
 * more, or the process has no such token. After 0 and -ESRCH the token is used
 * up.
 *
 * Errors: -EMSGSIZE, -EDQUOT, -EBADF, -EFAULT, -ENOMEM.
 */
int msgpass_reply(int fd, uint64_t token, const void *data, size_t length);

/**
 * msgpass_reply_with() - reply to a call, with options
 * @fd: a device or a mailbox
 * @token: from the struct msgpass_message_info of the call
 * @data: the bytes
 * @length: how many; may be 0
 * @options: NULL, or how
 *
 * Return: as msgpass_reply().
 *
 * Errors: -EMSGSIZE, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
int msgpass_reply_with(int fd, uint64_t token, const void *data, size_t length,
		       const struct msgpass_reply_options *options);

/**
 * msgpass_replyv() - reply to a call with what is gathered from several places
 * @fd: a device or a mailbox
 * @token: from the struct msgpass_message_info of the call
 * @iov: where the parts are
 * @count: how many parts, at most 1024
 * @options: NULL, or how
 *
 * Return: as msgpass_reply().
 *
 * Errors: -EMSGSIZE, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
int msgpass_replyv(int fd, uint64_t token, const struct iovec *iov,
		   size_t count, const struct msgpass_reply_options *options);

/**
 * msgpass_abandon() - leave a call without a reply
 * @fd: a device or a mailbox
 * @token: from the struct msgpass_message_info of the call
 *
 * Who called gets -EPIPE.
 *
 * Return: as msgpass_reply().
 *
 * Errors: -EBADF.
 */
int msgpass_abandon(int fd, uint64_t token);

/**
 * msgpass_reply_receive() - reply to a call, and receive the next message
 * @fd: a device or a mailbox
 * @answer: NULL, or the reply; it tells what became of it
 * @buffer: filled with the message
 * @size: of the buffer in bytes
 * @options: NULL, or which and how to receive
 * @info: NULL, or filled on success and with -EMSGSIZE
 *
 * What a server does for each call, in one system call. That nobody waits for
 * the reply does not keep it from receiving: @answer tells. If another error
 * concerns the reply, the token is still in @answer, and nothing was received.
 *
 * Return: the bytes put in the buffer, else a negative errno value.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -EDEADLK, -ESRCH, -EPIPE, -EMSGSIZE,
 * -EMFILE, -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t msgpass_reply_receive(int fd, struct msgpass_answer *answer,
			      void *buffer, size_t size,
			      const struct msgpass_receive_options *options,
			      struct msgpass_message_info *info);

/**
 * msgpass_forward() - pass a call on to another server
 * @fd: a device or a mailbox
 * @token: from the struct msgpass_message_info of the call
 * @data: the request, as the other server gets it
 * @length: how many bytes; may be 0
 * @options: where to and how, but for synchronous, receipt and lifetime_ns;
 *	NULL for a mailbox
 *
 * The reply goes to who called first.
 *
 * Return: 0, else a negative errno value. With an error the call is still the
 * process's own, but for -ESRCH when nobody waits for the reply any more; that
 * also ends the wait for room.
 *
 * Errors: -EAGAIN, -ETIMEDOUT, -EINTR, -ESRCH, -EPIPE, -EMSGSIZE, -EPERM,
 * -EDQUOT, -EBADF, -EINVAL, -EFAULT, -ENOMEM.
 */
int msgpass_forward(int fd, uint64_t token, const void *data, size_t length,
		    const struct msgpass_send_options *options);

/**
 * msgpass_request_read() - read a piece of the request, and who called
 * @fd: a device or a mailbox
 * @token: from the struct msgpass_message_info of the call
 * @offset: of the request in bytes, to begin with
 * @buffer: filled with the piece; NULL with a @size of 0
 * @size: of the buffer in bytes
 * @info: NULL, or filled on success
 *
 * So a server can receive the head of a long request with the truncate option,
 * and the rest from here, until it replies.
 *
 * Return: the bytes put in the buffer, else a negative errno value; -ESRCH:
 * the process has no such token.
 *
 * Errors: -EBADF, -EFAULT.
 */
ssize_t msgpass_request_read(int fd, uint64_t token, uint64_t offset,
			     void *buffer, size_t size,
			     struct msgpass_caller_info *info);

/**
 * msgpass_mailbox_open() - open a mailbox, or make one
 * @device: from msgpass_open()
 * @name: 1 to MSGPASS_NAME_MAX bytes, each above 0x20 but '/' and 0x7f, the
 *	first no dot. NULL: an anonymous mailbox, new each time, that goes
 *	with its last file descriptor.
 * @flags: O_RDONLY to receive, O_WRONLY to send or O_RDWR for both; with
 *	O_CREAT it is made if there is none, with O_CREAT | O_EXCL it is
 *	-EEXIST if there is; O_NONBLOCK. It is close-on-exec in any case.
 * @settings: NULL, or those of a new mailbox
 *
 * Return: a file descriptor, else a negative errno value; -ENOSPC when there
 * are as many mailboxes as may be.
 *
 * Errors: -ENOENT, -EACCES, -EDQUOT, -EBADF, -ENOTTY, -EINVAL, -ENOMEM.
 */
int msgpass_mailbox_open(int device, const char *name, int flags,
			 const struct msgpass_settings *settings);

/**
 * msgpass_port_open() - open a mailbox that is named by a number, or make one
 * @device: from msgpass_open()
 * @port: 1 to 65535; or 0, which makes a mailbox under an unused port from
 *	1024 up and is replaced by that
 * @flags: as of msgpass_mailbox_open(); a port of 0 takes O_CREAT
 * @settings: NULL, or those of a new mailbox
 *
 * The port 8080 is the mailbox of the name "8080".
 *
 * Return: a file descriptor, else a negative errno value.
 *
 * Errors: -ENOENT, -EACCES, -EDQUOT, -EBADF, -ENOTTY, -EINVAL, -ENOMEM.
 */
int msgpass_port_open(int device, uint16_t *port, int flags,
		      const struct msgpass_settings *settings);

/**
 * msgpass_mailbox_delete() - delete a mailbox and what is in it
 * @fd: a device, or the mailbox
 * @name: of the mailbox on a device, else NULL
 *
 * For its owner. Who waits in it, or uses it later, gets -EPIPE.
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -ENOENT, -EPIPE, -EPERM, -EBADF, -EINVAL.
 */
int msgpass_mailbox_delete(int fd, const char *name);

/**
 * msgpass_mailbox_set() - change the settings of a mailbox
 * @fd: a device, or the mailbox
 * @name: of the mailbox on a device, else NULL
 * @settings: what to change
 *
 * For its owner. File descriptors that are open keep their right.
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -ENOENT, -EPIPE, -EPERM, -EBADF, -EINVAL.
 */
int msgpass_mailbox_set(int fd, const char *name,
			const struct msgpass_settings *settings);

/**
 * msgpass_mailbox_give() - offer a mailbox to another process
 * @fd: a device, or the mailbox
 * @name: of the mailbox on a device, else NULL
 * @to: the process that may accept it, by its pid
 *
 * For its owner. Nothing changes until that process accepts. It takes the
 * place of an earlier offer, and ends when that process or the mailbox dies.
 *
 * Return: 0, else a negative errno value; -ESRCH: there is no such process.
 *
 * Errors: -ENOENT, -EPIPE, -EPERM, -EDQUOT, -EBADF, -EINVAL, -ENOMEM.
 */
int msgpass_mailbox_give(int fd, const char *name, pid_t to);

/**
 * msgpass_mailbox_give_peer() - offer a mailbox to a process, by peer id
 * @fd: a device, or the mailbox
 * @name: of the mailbox on a device, else NULL
 * @to: the process that may accept it
 *
 * Return: as msgpass_mailbox_give().
 *
 * Errors: -ENOENT, -EPIPE, -EPERM, -EDQUOT, -EBADF, -EINVAL, -ENOMEM.
 */
int msgpass_mailbox_give_peer(int fd, const char *name, uint64_t to);

/**
 * msgpass_mailbox_give_cancel() - withdraw the offer of a mailbox
 * @fd: a device, or the mailbox
 * @name: of the mailbox on a device, else NULL
 *
 * For its owner.
 *
 * Return: 0, else a negative errno value; -ESRCH: there is no offer, it may
 * have been accepted, or have ended.
 *
 * Errors: -ENOENT, -EPIPE, -EPERM, -EBADF, -EINVAL.
 */
int msgpass_mailbox_give_cancel(int fd, const char *name);

/**
 * msgpass_mailbox_accept() - accept a mailbox that is offered to the caller
 * @fd: a device, or the mailbox
 * @name: of the mailbox on a device, else NULL
 *
 * The caller's effective user and group are then its owner and group, and pay
 * for it; if it is bound, it is bound to the calling process.
 *
 * Return: 0, else a negative errno value; -EPERM: it is not offered to the
 * calling process. With an error the offer stands.
 *
 * Errors: -ENOENT, -EPIPE, -EDQUOT, -EBADF, -EINVAL, -ENOMEM.
 */
int msgpass_mailbox_accept(int fd, const char *name);

/**
 * msgpass_mailbox_stat() - look at a mailbox
 * @fd: a device, or the mailbox
 * @name: of the mailbox on a device, else NULL
 * @status: filled on success
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -ENOENT, -EPIPE, -EBADF, -EINVAL.
 */
int msgpass_mailbox_stat(int fd, const char *name,
			 struct msgpass_mailbox_status *status);

/**
 * msgpass_mailbox_next() - list mailboxes
 * @device: from msgpass_open()
 * @status: zeroed for the first; for each further one what the last call
 *	filled, of which only the id counts
 *
 * Return: 1 with a mailbox, 0 after the last, else a negative errno value.
 *
 * Errors: -EBADF, -ENOTTY.
 */
int msgpass_mailbox_next(int device, struct msgpass_mailbox_status *status);

/**
 * msgpass_mailbox_stat_with() - look at a mailbox and its counters
 * @fd: a device, or the mailbox
 * @name: of the mailbox on a device, else NULL
 * @status: filled on success
 * @counters: the same, or NULL
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -ENOENT, -EPIPE, -EBADF, -EINVAL.
 */
int msgpass_mailbox_stat_with(int fd, const char *name,
			      struct msgpass_mailbox_status *status,
			      struct msgpass_counters *counters);

/**
 * msgpass_mailbox_next_with() - list mailboxes and their counters
 * @device: from msgpass_open()
 * @status: as of msgpass_mailbox_next()
 * @counters: filled on success, or NULL
 *
 * Return: 1 with a mailbox, 0 after the last, else a negative errno value.
 *
 * Errors: -EBADF, -ENOTTY.
 */
int msgpass_mailbox_next_with(int device, struct msgpass_mailbox_status *status,
			      struct msgpass_counters *counters);

/**
 * msgpass_inbox_set() - change the settings of the caller's own inbox
 * @device: from msgpass_open()
 * @settings: what to change; no owner and group
 *
 * Return: 0, else a negative errno value.
 *
 * Errors: -EBADF, -ENOTTY, -EINVAL, -ENOMEM.
 */
int msgpass_inbox_set(int device, const struct msgpass_settings *settings);

/**
 * msgpass_inbox_stat() - look at the inbox of a process
 * @device: from msgpass_open()
 * @pid: the process; 0: the calling one
 * @status: filled on success
 *
 * Return: 0, else a negative errno value; -ESRCH also while the process has
 * no inbox yet, and when the caller could not signal it.
 *
 * Errors: -EBADF, -ENOTTY, -EINVAL.
 */
int msgpass_inbox_stat(int device, pid_t pid,
		       struct msgpass_inbox_status *status);

/**
 * msgpass_inbox_stat_peer() - look at the inbox of a process, by peer id
 * @device: from msgpass_open()
 * @peer: the process
 * @status: filled on success
 *
 * Return: as msgpass_inbox_stat().
 *
 * Errors: -EBADF, -ENOTTY, -EINVAL.
 */
int msgpass_inbox_stat_peer(int device, uint64_t peer,
			    struct msgpass_inbox_status *status);

/**
 * msgpass_inbox_next() - list inboxes
 * @device: from msgpass_open()
 * @status: zeroed for the first; for each further one what the last call
 *	filled, of which only the peer counts
 *
 * Return: 1 with an inbox, 0 after the last, else a negative errno value.
 *
 * Errors: -EBADF, -ENOTTY.
 */
int msgpass_inbox_next(int device, struct msgpass_inbox_status *status);

/**
 * msgpass_inbox_stat_with() - look at an inbox and its counters
 * @device: from msgpass_open()
 * @pid: the process; 0: the calling one, or that of @peer
 * @peer: the process by its peer id; 0: by @pid
 * @status: filled on success
 * @counters: the same, or NULL
 *
 * Return: as msgpass_inbox_stat(); -EINVAL if both are given.
 *
 * Errors: -EBADF, -ENOTTY, -EINVAL.
 */
int msgpass_inbox_stat_with(int device, pid_t pid, uint64_t peer,
			    struct msgpass_inbox_status *status,
			    struct msgpass_counters *counters);

/**
 * msgpass_inbox_next_with() - list inboxes and their counters
 * @device: from msgpass_open()
 * @status: as of msgpass_inbox_next()
 * @counters: filled on success, or NULL
 *
 * Return: 1 with an inbox, 0 after the last, else a negative errno value.
 *
 * Errors: -EBADF, -ENOTTY.
 */
int msgpass_inbox_next_with(int device, struct msgpass_inbox_status *status,
			    struct msgpass_counters *counters);

/**
 * msgpass_link_next() - list links
 * @device: from msgpass_open()
 * @status: zeroed for the first; for each further one what the last call
 *	filled, of which only the two peers count
 *
 * Return: 1 with a link, 0 after the last, else a negative errno value.
 *
 * Errors: -EBADF, -ENOTTY.
 */
int msgpass_link_next(int device, struct msgpass_link_status *status);

/**
 * msgpass_link_next_with() - list links and their counters
 * @device: from msgpass_open()
 * @status: as of msgpass_link_next()
 * @counters: filled on success, or NULL
 *
 * Return: 1 with a link, 0 after the last, else a negative errno value.
 *
 * Errors: -EBADF, -ENOTTY.
 */
int msgpass_link_next_with(int device, struct msgpass_link_status *status,
			   struct msgpass_counters *counters);

/**
 * msgpass_mailbox_waits() - list the threads that wait at a mailbox
 * @fd: a device, or the mailbox
 * @name: of the mailbox on a device, else NULL
 * @waits: filled on success
 * @count: how many there is room for, 1 at least
 * @cursor: 0 for the first call, as it was left for each further one; 0 once
 *	there are no more
 *
 * Those whose process the caller could not signal are passed over.
 *
 * Return: how many were filled, perhaps 0 even if there are more, else a
 * negative errno value.
 *
 * Errors: -ENOENT, -EPIPE, -EBADF, -EINVAL, -ENOMEM.
 */
int msgpass_mailbox_waits(int fd, const char *name,
			  struct msgpass_wait_status *waits, size_t count,
			  uint64_t *cursor);

/**
 * msgpass_inbox_waits() - list the threads that wait at a process's inbox, those
 *	of the process that wait for a reply, and those whose flows it receives
 * @device: from msgpass_open()
 * @pid: the process; 0: the calling one, or that of @peer
 * @peer: the process by its peer id; 0: by @pid
 * @waits: filled on success
 * @count: how many there is room for, 1 at least
 * @cursor: as of msgpass_mailbox_waits()
 *
 * Return: as msgpass_mailbox_waits(); -ESRCH as msgpass_inbox_stat().
 *
 * Errors: -ESRCH, -EBADF, -ENOTTY, -EINVAL, -ENOMEM.
 */
int msgpass_inbox_waits(int device, pid_t pid, uint64_t peer,
			struct msgpass_wait_status *waits, size_t count,
			uint64_t *cursor);

#ifdef __cplusplus
}
#endif

#endif /* MSGPASS_H */
