/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * msgpass - message passing between processes, through /dev/msgpass
 */
#ifndef _UAPI_LINUX_MSGPASS_H
#define _UAPI_LINUX_MSGPASS_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: Two kinds of file descriptor
 *
 * - A *device fd* comes from open("/dev/msgpass"). It confers no right: it is
 *   the way to talk to processes, addressed by pid (direct communication), and
 *   to open mailboxes. It always acts for the calling process, whoever opened
 *   it; only poll and O_ASYNC concern the inbox of the process that did, and
 *   in another process poll says POLLERR.
 * - A *mailbox fd* comes from MSGPASS_IOC_MAILBOX_OPEN (indirect
 *   communication). It is the right it was opened with: O_RDONLY receives,
 *   O_WRONLY sends, O_RDWR does both. write() sends one message of type 0 and
 *   priority 0; read() receives the oldest, of any type: EMSGSIZE if it does
 *   not fit, 0 if it is empty. A call that read() receives can't be replied
 *   to: its caller gets EPIPE.
 *
 * MSGPASS_IOC_SEND and MSGPASS_IOC_RECEIVE work on both. Both can be polled:
 * POLLIN when a message is queued, POLLOUT when a send of any length would not
 * block (on a device fd always), POLLHUP once the mailbox is deleted. With
 * O_ASYNC a message that is queued, or room after there was none (or after the
 * capacity was set), raises SIGIO or what F_SETSIG chose.
 */

/**
 * DOC: Structs
 *
 * Every argument begins with its own size, filled by the caller with sizeof.
 * A program built against an older header passes a shorter struct: the fields
 * it lacks count as zero. One built against a newer header passes a longer
 * struct: the part this module does not know has to be zero (else E2BIG).
 * A field named ``out_*`` is filled by the module, every other by the caller.
 * The layout is the same for 32-bit and 64-bit programs.
 */

/**
 * DOC: Errors
 *
 * The same on every path; each ioctl lists only what is particular to it.
 *
 * - EAGAIN: it would block, and MSGPASS_NONBLOCK or O_NONBLOCK is set
 * - ETIMEDOUT: the deadline passed first; nothing was sent or received
 * - EINTR: a signal came first; nothing was sent or received
 * - EDEADLK: the wait would never end, see Deadlock; nothing was sent or
 *   received
 * - ESRCH: no such process (dead, unknown, or not visible in the caller's pid
 *   namespace), or the process behind a peer id is gone
 * - ENOENT, EEXIST: no mailbox of that name; there is one already
 * - EPIPE: the process died, or got other credentials by exec, or the mailbox
 *   was deleted while the caller waited; on a mailbox fd also if it had been
 *   deleted before
 * - EMSGSIZE: sending, the message is longer than the largest allowed;
 *   receiving, it does not fit the buffer and MSGPASS_TRUNCATE is not set
 *   (the message stays queued and the ``out_`` fields describe it)
 * - EACCES: the mode does not let the caller in; EPERM: only the owner may
 * - EDQUOT: the user's quota is used up, blocking or not
 * - ENOSPC: the network namespace has as many mailboxes as it may, or the
 *   broadcast as many subscriptions (1024)
 * - ENOMEM: the kernel has no memory
 * - EINVAL: unknown flag, nonzero reserved field, value out of range
 * - E2BIG: nonzero bytes behind the struct that this module knows
 * - EFAULT: a pointer of the caller is bad; nothing was sent or received
 * - EBADF: the mailbox fd was opened without that right
 * - ENOTTY: no such ioctl on this kind of fd
 */

/**
 * DOC: Deadlock
 *
 * A wait is EDEADLK if it would close a cycle, in which each process waits for
 * the next one. These waits are looked at:
 *
 * - to receive from one process, on a device fd: for that process
 * - to send to a process synchronously, or where its capacity is 0: for that
 *   process, from the wait for room on
 * - to get the reply to a call: for the process that has the call, in its
 *   inbox or received, wherever from; from the wait for room on. While the
 *   call is in a mailbox, or waits for room to be forwarded: for nobody.
 *
 * They count only without a deadline, and for a process that has one thread
 * when it begins to sleep; one that has ended counts until the kernel has
 * cleaned up after it, the first one as long as there are others. A cycle has
 * up to 1024 processes; to wait for oneself is one, too.
 *
 * Nothing else is refused: no wait in which a deadline, another thread or a
 * process outside could yet help, none for anyone's message, in a mailbox, or
 * for nothing but room, not even when the capacity is set to 0 meanwhile; nor
 * where one waits for room to send just what the other waits to receive. But
 * signals and deaths are left out of account: they could end any wait.
 *
 * The wait that closes the cycle is refused, the others last; of several that
 * close it together one is. If a call is forwarded and that closes a cycle,
 * it is the call that fails. A wait that a signal restarts begins anew.
 */

/**
 * DOC: Spinning
 *
 * With MSGPASS_SPIN a wait keeps its CPU for a moment before it sleeps, and does
 * not sleep if what it waits for comes by then. That takes less time than to
 * sleep and be woken, where the other side runs on another CPU and is quick;
 * else it is a waste. It lasts as long as the module's parameter spin_ns says,
 * and ends at once for a signal, at the deadline, and when something else wants
 * to run there. Where only one CPU is online there is none, nor after the caller
 * has just woken a thread on its own CPU, which may have to answer.
 */

#define MSGPASS_IOC_MAGIC		0xBB

/* on a device fd and on a mailbox fd */
#define MSGPASS_IOC_SEND		_IO(MSGPASS_IOC_MAGIC, 0)
#define MSGPASS_IOC_RECEIVE		_IO(MSGPASS_IOC_MAGIC, 1)
#define MSGPASS_IOC_INFO		_IO(MSGPASS_IOC_MAGIC, 2)
#define MSGPASS_IOC_MAILBOX_STAT	_IO(MSGPASS_IOC_MAGIC, 3)
#define MSGPASS_IOC_MAILBOX_SET		_IO(MSGPASS_IOC_MAGIC, 4)
#define MSGPASS_IOC_MAILBOX_DELETE	_IO(MSGPASS_IOC_MAGIC, 5)
#define MSGPASS_IOC_CALL		_IO(MSGPASS_IOC_MAGIC, 6)
#define MSGPASS_IOC_REPLY		_IO(MSGPASS_IOC_MAGIC, 7)
#define MSGPASS_IOC_REPLY_RECEIVE	_IO(MSGPASS_IOC_MAGIC, 8)
#define MSGPASS_IOC_FORWARD		_IO(MSGPASS_IOC_MAGIC, 9)
#define MSGPASS_IOC_REQUEST_READ	_IO(MSGPASS_IOC_MAGIC, 10)
#define MSGPASS_IOC_PIECE_READ		_IO(MSGPASS_IOC_MAGIC, 11)
#define MSGPASS_IOC_MAILBOX_GIVE	_IO(MSGPASS_IOC_MAGIC, 12)
#define MSGPASS_IOC_MAILBOX_ACCEPT	_IO(MSGPASS_IOC_MAGIC, 13)
#define MSGPASS_IOC_SEND_BATCH		_IO(MSGPASS_IOC_MAGIC, 14)
#define MSGPASS_IOC_RECEIVE_BATCH	_IO(MSGPASS_IOC_MAGIC, 15)
#define MSGPASS_IOC_WAIT_LIST		_IO(MSGPASS_IOC_MAGIC, 28)

/* on a device fd */
#define MSGPASS_IOC_MAILBOX_OPEN	_IO(MSGPASS_IOC_MAGIC, 16)
#define MSGPASS_IOC_MAILBOX_NEXT	_IO(MSGPASS_IOC_MAGIC, 17)
#define MSGPASS_IOC_INBOX_SET		_IO(MSGPASS_IOC_MAGIC, 24)
#define MSGPASS_IOC_INBOX_STAT		_IO(MSGPASS_IOC_MAGIC, 25)
#define MSGPASS_IOC_INBOX_NEXT		_IO(MSGPASS_IOC_MAGIC, 26)
#define MSGPASS_IOC_LINK_NEXT		_IO(MSGPASS_IOC_MAGIC, 27)

/* flags of send and receive */
#define MSGPASS_NONBLOCK	0x1 /* EAGAIN instead of waiting */
#define MSGPASS_IOVEC		0x2 /* data: struct iovec[length] */
#define MSGPASS_PEER		0x4 /* to, from: a peer id, not a pid */

/* flags of what waits */
#define MSGPASS_SPIN		0x4000	/* look for a moment before sleeping */

/* flags of receive */
#define MSGPASS_PEEK		0x8 /* leave the message queued */
#define MSGPASS_TRUNCATE	0x10 /* drop what the buffer can't hold */
#define MSGPASS_BY_PRIORITY	0x20 /* highest priority, then oldest */
#define MSGPASS_TYPE_EXACT	0x40 /* only messages of this type */
#define MSGPASS_TYPE_UP_TO	0x80 /* of the lowest type <= this */
#define MSGPASS_TYPE_EXCEPT	0x100 /* any type but this */
#define MSGPASS_PIECES		0x2000 /* the head of what does not fit */

/* flags of send */
#define MSGPASS_SYNCHRONOUS	0x200	/* return when it has been received */
#define MSGPASS_FLOW		0x1000	/* of any length, if it has to be */

/* send: ask for a receipt; receive: only receipts */
#define MSGPASS_RECEIPT		0x800

/* flags of what takes a token */
#define MSGPASS_CANCEL		0x400	/* give up what it names */

/* out_flags of receive */
#define MSGPASS_OUT_TRUNCATED	0x1 /* out_length is more than was copied */
#define MSGPASS_OUT_RECEIPT	0x2 /* it is a struct msgpass_receipt */
#define MSGPASS_OUT_PIECES	0x4 /* out_token names the rest of it */
#define MSGPASS_OUT_FLOW	0x8 /* its sender waits until all is read */

#define MSGPASS_FDS_MAX	16 /* file descriptors in a message */
#define MSGPASS_BATCH_MAX	1024 /* messages in a batch */

/**
 * DOC: File descriptors in messages
 *
 * Every message, requests and replies too, can carry file descriptors. The
 * receiver gets new ones, close-on-exec, for the same open files; of a mailbox
 * a new open file with the same right, so that the right to send or to receive
 * can be handed on.
 *
 * One who receives gives room for them; too little of it is like too small a
 * buffer: EMSGSIZE, and the message stays; with MSGPASS_TRUNCATE those that do
 * not fit are closed. So they are by read(). EMFILE if the process can have no
 * more, and nothing is lost. To peek gives none.
 *
 * Particular errors of sending: EBADF not a file descriptor; EINVAL too many;
 * EOPNOTSUPP a UNIX socket, an io_uring or a device fd (the first two can
 * hold files whose cycles nobody would collect, the third confers nothing);
 * ELOOP a mailbox fd, sent to a mailbox that could be reached from its own
 * queue then, or a socket, sent to a named mailbox of the same network
 * namespace, which that would keep (unless it is the first). Each counts 4096
 * bytes against the sender's quota until it is received.
 */

/**
 * struct msgpass_send - argument of MSGPASS_IOC_SEND
 * @size: sizeof(struct msgpass_send)
 * @flags: MSGPASS_NONBLOCK, MSGPASS_IOVEC, MSGPASS_PEER, MSGPASS_SPIN,
 *	MSGPASS_SYNCHRONOUS, MSGPASS_FLOW, and without these two MSGPASS_RECEIPT
 * @to: on a device fd the receiver: its pid in the caller's pid namespace, or
 *	with MSGPASS_PEER its peer id; 0 on a mailbox fd
 * @data: pointer to the bytes, or with MSGPASS_IOVEC to an array of
 *	struct iovec (laid out as the calling program lays it out)
 * @length: how many bytes, or with MSGPASS_IOVEC how many array elements
 * @deadline: absolute CLOCK_MONOTONIC time in nanoseconds until which to wait
 *	for room; 0 (or more than 63 bits): no limit; ignored by a
 *	non-blocking send. Offsets of time namespaces do not apply.
 * @type: a number that the receiver may select by
 * @priority: a number that the receiver may select by; higher is more urgent
 * @lifetime: nanoseconds from when it is accepted, after which the message is
 *	dropped if nobody has received it; 0: no end
 * @cookie: with MSGPASS_RECEIPT a number that the receipt tells, else 0
 * @fds: pointer to an array of __s32: file descriptors to send along
 * @fds_count: how many, at most MSGPASS_FDS_MAX; 0 with MSGPASS_FLOW
 * @reserved: 0
 * @out_count: bytes that went through, filled only with MSGPASS_FLOW; EFAULT
 *	if these are some but not all, and it can't be told by then
 *
 * Asynchronous: returns 0 once the message is queued. Blocks while the link
 * or the mailbox is at its capacity, or others wait for room in it already.
 *
 * Synchronous (rendezvous), with MSGPASS_SYNCHRONOUS or where the capacity is
 * 0: returns 0 once a receiver has the message in its buffer. Non-blocking, it
 * succeeds only if a receiver waits for it already, and returns when that one
 * is told; should that receive fail, the message waits for the next. A send
 * given up before the message is taken leaves no trace; one that is given up
 * while a receiver copies it waits for that to end. If the message's lifetime
 * ends first, the send is ETIMEDOUT. It is EDEADLK, and leaves no trace, if the
 * receiver waits for the caller and could never take it.
 *
 * With MSGPASS_FLOW, a message that is longer than the receiver's largest does
 * not fail but flows, see below; a shorter one is sent as ever.
 *
 * With MSGPASS_RECEIPT, a send that returns 0 is followed by one message in
 * the caller's own inbox, a struct msgpass_receipt, when the message has been
 * received or dropped.
 *
 * Particular errors: EINVAL @to is 0 or a pid below 0, or is set on a mailbox
 * fd; ESRCH @to is a thread id, a kernel thread or a zombie; EPERM the
 * receiver lets neither the caller's uid (the rule of kill(2)), nor its
 * groups, nor others send to it; and those of file descriptors.
 */
struct msgpass_send {
	__u32 size;
	__u32 flags;
	__aligned_u64 to;
	__aligned_u64 data;
	__aligned_u64 length;
	__aligned_u64 deadline;
	__u32 type;
	__u32 priority;
	__aligned_u64 lifetime;
	__aligned_u64 cookie;
	__aligned_u64 fds;
	__u32 fds_count;
	__u32 reserved;
	__aligned_u64 out_count;
};

/**
 * DOC: Messages larger than any buffer
 *
 * A flow goes straight from the memory of its sender, who waits, to buffers of
 * the receiver, in as many pieces as that likes. It can be of any length, and
 * takes one place in the queue and no bytes. Non-blocking it is EAGAIN.
 *
 * The send returns 0 and @out_count is its length; or less, if it ended
 * half-way: a signal or the deadline came, the receiver died or skipped the
 * rest. If nothing went through, it is an error as of a synchronous send.
 * One that is given up while a piece is copied waits for that to end. The
 * bytes are read when the receiver asks for them: do not change them before.
 *
 * A receive with MSGPASS_PIECES of a message that does not fit, flow or not,
 * fills the buffer with its head and tells in @out_token how to have the rest,
 * by MSGPASS_IOC_PIECE_READ; @out_remaining is how much that is. From then on
 * the message is the receiving process's, which pays for it (EDQUOT leaves it
 * where it was); any thread of it may read on, and others never see it.
 * Without MSGPASS_PIECES a flow is EMSGSIZE unless the buffer holds all of it;
 * with MSGPASS_TRUNCATE the rest is skipped. Peek tells its length. A call is
 * never received in pieces, but has MSGPASS_IOC_REQUEST_READ.
 *
 * (After the 2 GB message and the 1 GB buffer of the textbooks.)
 */

/* struct msgpass_receipt: what became of the message */
#define MSGPASS_RECEIPT_RECEIVED	1 /* somebody has it */
#define MSGPASS_RECEIPT_DELETED		2 /* dropped with the mailbox */
#define MSGPASS_RECEIPT_DIED		3 /* with the receiving process */
#define MSGPASS_RECEIPT_RESET		4 /* exec changed its credentials */
#define MSGPASS_RECEIPT_EXPIRED		5 /* its lifetime was over */

/**
 * struct msgpass_receipt - the bytes of a receipt, a message in the inbox of
 *	the process that asked for it; the module fills all of it
 * @size: of this struct, in bytes
 * @outcome: MSGPASS_RECEIPT_*; more may be added
 * @cookie: as in struct msgpass_send
 * @to_peer: peer id of the process it was sent to; 0: to a mailbox
 * @sequence: number that the message had there
 * @by_peer: peer id of the process that received it; 0 if none did
 *
 * Its type and priority are the message's, its sender the process itself, and
 * MSGPASS_OUT_RECEIPT, which no sender can forge, marks it. It can't fail to
 * come: its memory is allocated, and charged, with the send, and no capacity
 * bounds receipts. Only exec with a change of credentials drops those that
 * are due or queued.
 */
struct msgpass_receipt {
	__u32 size;
	__u32 outcome;
	__aligned_u64 cookie;
	__aligned_u64 to_peer;
	__aligned_u64 sequence;
	__aligned_u64 by_peer;
};

/**
 * struct msgpass_receive - argument of MSGPASS_IOC_RECEIVE
 * @size: sizeof(struct msgpass_receive)
 * @flags: MSGPASS_NONBLOCK, MSGPASS_IOVEC, MSGPASS_PEER, MSGPASS_SPIN,
 *	MSGPASS_PEEK, MSGPASS_TRUNCATE, MSGPASS_PIECES (without the two before),
 *	MSGPASS_BY_PRIORITY, at most one of the
 *	MSGPASS_TYPE_* flags, and on a device fd without @from
 *	MSGPASS_RECEIPT: only receipts. Without it anyone's messages and
 *	receipts come in the order in which they were accepted.
 * @from: on a device fd the sender: its pid in the caller's pid namespace or
 *	with MSGPASS_PEER its peer id; 0 without MSGPASS_PEER: anyone; 0 on a
 *	mailbox fd
 * @data: pointer to the buffer, or with MSGPASS_IOVEC to a struct iovec array
 * @length: bytes in the buffer, or with MSGPASS_IOVEC elements of the array
 * @deadline: as in struct msgpass_send, to wait for a message
 * @type: for the MSGPASS_TYPE_* flags, else 0
 * @fds_room: how many file descriptors @fds has room for
 * @out_length: length of the message in bytes, received whole or not
 * @out_sequence: number of the message in its inbox or mailbox, from 1 in the
 *	order in which messages were accepted there
 * @out_time: CLOCK_MONOTONIC time in nanoseconds at which it was accepted
 * @out_peer: peer id of the sending process: never reused, kept across exec
 * @out_pid: pid of the sending process in the receiver's pid namespace, 0 if
 *	it can't be seen there
 * @out_uid: effective uid of the sender in the receiver's user namespace
 * @out_gid: effective gid of the sender in the receiver's user namespace
 * @out_type: type given by the sender
 * @out_priority: priority given by the sender
 * @out_flags: MSGPASS_OUT_TRUNCATED, MSGPASS_OUT_RECEIPT, MSGPASS_OUT_PIECES,
 *	MSGPASS_OUT_FLOW
 * @out_token: if it is a call, the token to reply with; with
 *	MSGPASS_OUT_PIECES that of MSGPASS_IOC_PIECE_READ; else 0
 * @fds: pointer to an array of __s32, for the file descriptors that the
 *	message carries
 * @out_fds: how many it carries; more than @fds_room if truncated or peeked
 * @out_missed: of a lossy broadcast, how many messages the subscription missed
 *	between the one before and this one; else 0
 * @out_remaining: with MSGPASS_OUT_PIECES the bytes left to read; else 0
 *
 * Returns 0 with the oldest message that matches, or with
 * MSGPASS_BY_PRIORITY the oldest of the highest priority. Receivers that wait
 * are served by real-time priority, then in the order in which they began to
 * wait. So are senders who wait for room.
 *
 * What a process sent before it died stays receivable; @from may still name
 * it, by pid as long as no living process has that pid. ESRCH after that.
 *
 * To wait for @from while that waits for the caller is EDEADLK.
 *
 * The ``out_`` fields are filled on success and with EMSGSIZE.
 */
struct msgpass_receive {
	__u32 size;
	__u32 flags;
	__aligned_u64 from;
	__aligned_u64 data;
	__aligned_u64 length;
	__aligned_u64 deadline;
	__u32 type;
	__u32 fds_room;
	__aligned_u64 out_length;
	__aligned_u64 out_sequence;
	__aligned_u64 out_time;
	__aligned_u64 out_peer;
	__s32 out_pid;
	__u32 out_uid;
	__u32 out_gid;
	__u32 out_type;
	__u32 out_priority;
	__u32 out_flags;
	__aligned_u64 out_token;
	__aligned_u64 fds;
	__u32 out_fds;
	__u32 out_missed;
	__aligned_u64 out_remaining;
};

/**
 * DOC: Batches
 *
 * MSGPASS_IOC_SEND_BATCH and MSGPASS_IOC_RECEIVE_BATCH send and receive several
 * messages, one after the other, as so many sends and receives would, and
 * return how many that were: at least one, and fewer than asked for if
 * something came between. Then it was as if the next had not been tried, and
 * what it was comes back with the next ioctl, if it is still so. An error says
 * that not one message was sent or received. (After sendmmsg and recvmmsg.)
 * While the memory for one of them can't be reached, some that follow it may be
 * out of others' reach too, and some before it not have arrived yet.
 *
 * What makes of each message a matter of its own does not fit into a batch:
 * MSGPASS_SYNCHRONOUS, MSGPASS_RECEIPT, MSGPASS_FLOW, lifetimes, file
 * descriptors and calls in sending, MSGPASS_PEEK and MSGPASS_PIECES in
 * receiving, MSGPASS_IOVEC in both. But whatever was sent can be received in a
 * batch: receipts, calls (each has its token), and what goes into the buffer of
 * a flow; of file descriptors, for which there is no room, see below.
 */

/**
 * struct msgpass_send_element - a message of a batch that is sent
 * @data: pointer to the bytes
 * @length: how many
 * @type: as in struct msgpass_send
 * @priority: as in struct msgpass_send
 */
struct msgpass_send_element {
	__aligned_u64 data;
	__aligned_u64 length;
	__u32 type;
	__u32 priority;
};

/**
 * struct msgpass_send_batch - argument of MSGPASS_IOC_SEND_BATCH
 * @size: sizeof(struct msgpass_send_batch)
 * @flags: MSGPASS_NONBLOCK, MSGPASS_PEER, MSGPASS_SPIN
 * @to: as in struct msgpass_send
 * @deadline: as in struct msgpass_send, for all of them together
 * @elements: pointer to an array of struct msgpass_send_element
 * @count: how many, from 1 to MSGPASS_BATCH_MAX
 * @reserved: 0
 *
 * Returns how many messages were sent: the first so many, in their order. It
 * waits for room for each, so that there are fewer than @count only if it may
 * not wait, or for a signal, the deadline, or an error of the next one. Short
 * ones may share memory: then all are charged for until the last is received.
 *
 * Errors: as of MSGPASS_IOC_SEND, of the first message.
 */
struct msgpass_send_batch {
	__u32 size;
	__u32 flags;
	__aligned_u64 to;
	__aligned_u64 deadline;
	__aligned_u64 elements;
	__u32 count;
	__u32 reserved;
};

/**
 * struct msgpass_receive_element - a message of a batch that is received
 * @data: pointer to the buffer for it
 * @length: bytes in the buffer
 * @out_length: this and the others as in struct msgpass_receive
 * @out_sequence: number in its inbox or mailbox
 * @out_time: when it was accepted
 * @out_peer: peer id of its sender
 * @out_pid: pid of its sender
 * @out_uid: effective uid of its sender
 * @out_gid: effective gid of its sender
 * @out_type: type given by the sender
 * @out_priority: priority given by the sender
 * @out_flags: MSGPASS_OUT_TRUNCATED, MSGPASS_OUT_RECEIPT, MSGPASS_OUT_FLOW
 * @out_token: if it is a call, the token to reply with; else 0
 * @out_fds: how many file descriptors it carries
 * @out_missed: of a lossy broadcast, how many were missed before this one
 */
struct msgpass_receive_element {
	__aligned_u64 data;
	__aligned_u64 length;
	__aligned_u64 out_length;
	__aligned_u64 out_sequence;
	__aligned_u64 out_time;
	__aligned_u64 out_peer;
	__s32 out_pid;
	__u32 out_uid;
	__u32 out_gid;
	__u32 out_type;
	__u32 out_priority;
	__u32 out_flags;
	__aligned_u64 out_token;
	__u32 out_fds;
	__u32 out_missed;
};

/**
 * struct msgpass_receive_batch - argument of MSGPASS_IOC_RECEIVE_BATCH
 * @size: sizeof(struct msgpass_receive_batch)
 * @flags: MSGPASS_NONBLOCK, MSGPASS_PEER, MSGPASS_SPIN, MSGPASS_TRUNCATE,
 *	MSGPASS_BY_PRIORITY, MSGPASS_TYPE_* and MSGPASS_RECEIPT, as in struct
 *	msgpass_receive
 * @from: as in struct msgpass_receive
 * @deadline: as in struct msgpass_receive
 * @elements: pointer to an array of struct msgpass_receive_element
 * @count: how many, from 1 to MSGPASS_BATCH_MAX
 * @type: as in struct msgpass_receive
 *
 * Returns how many messages were received: so many elements, from the first
 * on, have their ``out_`` fields and their buffers filled; of the others nothing
 * can be relied on. It waits for the first message as MSGPASS_IOC_RECEIVE
 * does, and then takes what is there and does not wait.
 *
 * A message that carries file descriptors does not fit, as there is no room
 * for any: with MSGPASS_TRUNCATE they are closed, else it stays queued, for
 * MSGPASS_IOC_RECEIVE.
 *
 * Errors: as of MSGPASS_IOC_RECEIVE, of the first message. With EMSGSIZE the
 * ``out_`` fields of the first element describe it.
 */
struct msgpass_receive_batch {
	__u32 size;
	__u32 flags;
	__aligned_u64 from;
	__aligned_u64 deadline;
	__aligned_u64 elements;
	__u32 count;
	__u32 type;
};

/**
 * DOC: Call and reply
 *
 * A call is a message whose sender waits for the reply in the same ioctl. Who
 * receives it gets a token, never used again, and with it owes the caller a
 * reply: any thread of the receiving process may give it, pass the call on to
 * another server, or give it up. When that process exits, or drops the call,
 * the caller gets EPIPE; so it does when the request is dropped unreceived.
 *
 * Each call has one outcome: a reply, EPIPE, ETIMEDOUT, EDEADLK, or EINTR. A
 * reply that comes after another outcome is ESRCH for the server. (After Minix's
 * sendrec and QNX's MsgSend, MsgReceive and MsgReply.)
 */

/**
 * struct msgpass_call - argument of MSGPASS_IOC_CALL
 * @size: sizeof(struct msgpass_call)
 * @flags: MSGPASS_NONBLOCK, MSGPASS_IOVEC (both @data and @reply_data),
 *	MSGPASS_PEER, MSGPASS_SPIN, MSGPASS_TRUNCATE (the reply), MSGPASS_CANCEL
 * @to: as in struct msgpass_send
 * @data: as in struct msgpass_send: the request
 * @length: as in struct msgpass_send
 * @deadline: as in struct msgpass_send; for the room and the reply together
 * @type: as in struct msgpass_send
 * @priority: as in struct msgpass_send
 * @token: 0 for a new call; else that of one that goes on. Written by the
 *	module before it sends the request, and 0 when the call has come to its
 *	end. So it is there when a call goes on although the ioctl ends: EINTR,
 *	EINPROGRESS, and when the reply could not be taken (EMSGSIZE, EFAULT,
 *	ENOMEM, EINVAL, EMFILE).
 * @reply_data: pointer to the buffer for the reply, or a struct iovec array
 * @reply_length: bytes in it, or elements of the array
 * @out_length: length of the reply in bytes, truncated or not
 * @out_peer: peer id of the process that replied
 * @out_type: type given to the reply
 * @out_flags: MSGPASS_OUT_TRUNCATED
 * @fds: as in struct msgpass_send: of the request
 * @fds_count: as in struct msgpass_send
 * @reply_fds_room: as fds_room in struct msgpass_receive: for the reply's
 * @reply_fds: as fds in struct msgpass_receive
 * @out_fds: as in struct msgpass_receive: how many the reply carries
 * @reserved: 0
 *
 * Returns 0 with the reply. With a token it does not send again but goes on
 * waiting for the reply; a call that a signal restarts does so by itself.
 * After EINTR the caller may do the same, or give the call up with
 * MSGPASS_CANCEL. Any thread of the process may do that: it returns 0, or ESRCH
 * if the call has come to its end. A thread that waits then, for room or for the
 * reply, gets EPIPE; one that a signal handler keeps from it gets ESRCH after.
 *
 * Non-blocking, a call that could be sent is EINPROGRESS unless the reply is
 * there already, and with its token EAGAIN while it is not.
 *
 * A new call that is interrupted before a server took the request leaves no
 * trace (and no token). Timed out, it is over: a late reply reaches nobody. So
 * it is with EDEADLK: whoever has the call waits, perhaps through others, for
 * the caller.
 *
 * Particular errors: EMSGSIZE the reply does not fit (out_length says how long
 * it is; the call goes on, for a larger buffer); ESRCH also: the process has
 * no call of this token; EPIPE the server died or gave the call up, or another
 * thread of the caller did, or the request was dropped; EBUSY another thread
 * waits for this call; EINVAL MSGPASS_CANCEL without a token.
 */
struct msgpass_call {
	__u32 size;
	__u32 flags;
	__aligned_u64 to;
	__aligned_u64 data;
	__aligned_u64 length;
	__aligned_u64 deadline;
	__u32 type;
	__u32 priority;
	__aligned_u64 token;
	__aligned_u64 reply_data;
	__aligned_u64 reply_length;
	__aligned_u64 out_length;
	__aligned_u64 out_peer;
	__u32 out_type;
	__u32 out_flags;
	__aligned_u64 fds;
	__u32 fds_count;
	__u32 reply_fds_room;
	__aligned_u64 reply_fds;
	__u32 out_fds;
	__u32 reserved;
};

/**
 * struct msgpass_reply - argument of MSGPASS_IOC_REPLY
 * @size: sizeof(struct msgpass_reply)
 * @flags: MSGPASS_IOVEC; MSGPASS_CANCEL: no reply, the caller gets EPIPE
 * @token: from the receive of the call
 * @data: pointer to the reply's bytes, or a struct iovec array
 * @length: how many bytes, or elements
 * @type: a number for the caller
 * @fds_count: as in struct msgpass_send
 * @fds: as in struct msgpass_send
 *
 * Never waits. The token is used up when it returns 0 or ESRCH: the process
 * has no such token, or the caller waits no more.
 *
 * Particular errors: EMSGSIZE the reply is longer than the module's largest
 * message; EDQUOT it does not fit the quota of the caller, who pays for it.
 */
struct msgpass_reply {
	__u32 size;
	__u32 flags;
	__aligned_u64 token;
	__aligned_u64 data;
	__aligned_u64 length;
	__u32 type;
	__u32 fds_count;
	__aligned_u64 fds;
};

/**
 * struct msgpass_reply_receive - argument of MSGPASS_IOC_REPLY_RECEIVE
 * @size: sizeof(struct msgpass_reply_receive)
 * @flags: 0
 * @reply: as of MSGPASS_IOC_REPLY, but its size is 0; a token of 0: no reply.
 *	The module sets the token to 0 once the reply is given, so that a
 *	restarted ioctl does not give it again.
 * @out_reply_error: 0, or ESRCH if the caller waited no more; left as it is if
 *	there was no reply to give
 * @reserved: 0
 * @receive: as of MSGPASS_IOC_RECEIVE, but its size is 0
 *
 * A reply, then a receive: all that a server does for each call. That the
 * caller is gone does not keep it from receiving; other errors of the reply
 * (EFAULT, EMSGSIZE, EDQUOT, ENOMEM, EINVAL) end the ioctl before it.
 */
struct msgpass_reply_receive {
	__u32 size;
	__u32 flags;
	struct msgpass_reply reply;
	__s32 out_reply_error;
	__u32 reserved;
	struct msgpass_receive receive;
};

/**
 * struct msgpass_forward - argument of MSGPASS_IOC_FORWARD
 * @size: sizeof(struct msgpass_forward)
 * @flags: as of struct msgpass_send, but for MSGPASS_SYNCHRONOUS
 * @token: from the receive of the call
 * @to: as in struct msgpass_send: the other server
 * @data: as in struct msgpass_send: the request as the other server gets it
 * @length: as in struct msgpass_send
 * @deadline: as in struct msgpass_send
 * @type: as in struct msgpass_send
 * @priority: as in struct msgpass_send
 * @fds: as in struct msgpass_send; those of the request are not sent on by
 *	themselves
 * @fds_count: as in struct msgpass_send
 * @reserved: 0
 *
 * Sends the call on: the message is stamped as the forwarding process's, its
 * token is a new one, and the reply goes to the first caller. On an error the
 * call is still the forwarding process's, except for ESRCH of a token that is
 * none, or whose call is over; one that ends while this waits for room ends that,
 * too. (ESRCH is also that of @to. A reply tells which it was.) EDEADLK is not an
 * error of this, which waits for nothing but room; but the call is, if it comes
 * to a server that waits for its caller.
 */
struct msgpass_forward {
	__u32 size;
	__u32 flags;
	__aligned_u64 token;
	__aligned_u64 to;
	__aligned_u64 data;
	__aligned_u64 length;
	__aligned_u64 deadline;
	__u32 type;
	__u32 priority;
	__aligned_u64 fds;
	__u32 fds_count;
	__u32 reserved;
};

/**
 * struct msgpass_request_read - argument of MSGPASS_IOC_REQUEST_READ
 * @size: sizeof(struct msgpass_request_read)
 * @flags: MSGPASS_IOVEC
 * @token: from the receive of the call
 * @offset: byte of the request to begin with
 * @data: pointer to the buffer, or a struct iovec array
 * @length: bytes in it, or elements
 * @out_count: bytes written to the buffer
 * @out_length: length of the request in bytes
 * @out_peer: peer id of the first caller, forwarded or not
 * @out_pid: pid of the first caller in this pid namespace, 0 if it can't be
 *	seen
 * @out_uid: effective uid of the first caller, in this user namespace
 * @out_gid: effective gid of the first caller
 * @reserved: 0
 *
 * Who calls, and any piece of the request, until it is replied to. So a server
 * can receive the head of a long request with MSGPASS_TRUNCATE, and the rest
 * from here.
 *
 * Particular errors: ESRCH the process has no such token.
 */
struct msgpass_request_read {
	__u32 size;
	__u32 flags;
	__aligned_u64 token;
	__aligned_u64 offset;
	__aligned_u64 data;
	__aligned_u64 length;
	__aligned_u64 out_count;
	__aligned_u64 out_length;
	__aligned_u64 out_peer;
	__s32 out_pid;
	__u32 out_uid;
	__u32 out_gid;
	__u32 reserved;
};

/**
 * struct msgpass_piece_read - argument of MSGPASS_IOC_PIECE_READ
 * @size: sizeof(struct msgpass_piece_read)
 * @flags: MSGPASS_IOVEC; MSGPASS_CANCEL: skip the rest, nothing is read
 * @token: from the receive, with MSGPASS_OUT_PIECES
 * @data: pointer to the buffer, or a struct iovec array
 * @length: bytes in it, or elements
 * @out_count: bytes written to the buffer; fewer than fit only at the end, or
 *	if the sender of a flow left meanwhile
 * @out_remaining: bytes left to read
 *
 * Reads on where the piece before ended. Never waits, but for another thread
 * that reads the same message, and for memory to be there. The token is used
 * up when nothing is left, the rest is skipped, or the ioctl says EPIPE; on
 * any other error the piece can be read again.
 *
 * Particular errors: ESRCH the process has no such token; EPIPE the sender of
 * a flow died or gave up, or its memory can't be read: there is no more. What
 * was read has gone through.
 */
struct msgpass_piece_read {
	__u32 size;
	__u32 flags;
	__aligned_u64 token;
	__aligned_u64 data;
	__aligned_u64 length;
	__aligned_u64 out_count;
	__aligned_u64 out_remaining;
};

/**
 * struct msgpass_info - argument of MSGPASS_IOC_INFO
 * @size: sizeof(struct msgpass_info)
 * @flags: 0
 * @out_peer: peer id of the calling process
 * @out_message_max: largest message in bytes, anywhere
 * @out_capacity_default: messages that a new mailbox, or each link of a new
 *	inbox, holds
 * @out_capacity_max: most messages that one may be set to hold, but for
 *	MSGPASS_UNLIMITED
 * @out_mailboxes_max: mailboxes that a network namespace may have
 * @out_mailboxes: mailboxes that the caller's network namespace has
 * @out_user_bytes_max: kernel memory that a user may hold
 * @out_user_bytes: kernel memory that the caller's user holds, for messages
 *	it sent that nobody has received yet, with the open files, receipts and
 *	timers that belong to them, for messages that it reads in pieces, open
 *	calls, links, mailboxes, and inboxes that it made for other processes
 *	by addressing them
 */
struct msgpass_info {
	__u32 size;
	__u32 flags;
	__aligned_u64 out_peer;
	__aligned_u64 out_message_max;
	__aligned_u64 out_capacity_default;
	__aligned_u64 out_capacity_max;
	__aligned_u64 out_mailboxes_max;
	__aligned_u64 out_mailboxes;
	__aligned_u64 out_user_bytes_max;
	__aligned_u64 out_user_bytes;
};

#define MSGPASS_NAME_SIZE	64		/* of a mailbox, with its NUL */
#define MSGPASS_UNLIMITED	(~0ULL)		/* a capacity: quota is the limit */

/* which attributes a struct gives */
#define MSGPASS_SET_MODE		0x1
#define MSGPASS_SET_UID			0x2
#define MSGPASS_SET_GID			0x4
#define MSGPASS_SET_CAPACITY		0x8
#define MSGPASS_SET_CAPACITY_BYTES	0x10
#define MSGPASS_SET_MESSAGE_MAX		0x20

/**
 * struct msgpass_attributes - what can be chosen of a mailbox or an inbox
 * @set: which of the other fields are given (MSGPASS_SET_*); those left out
 *	keep their value, in a new mailbox the default
 * @mode: permission bits. Mailbox: as of a file, r to receive and w to send,
 *	for owner, group and others; default 0600. Inbox: who may send, 0200
 *	those whom kill(2) would let signal the process (always set), 0020 the
 *	process's group, 0002 everybody; default 0200
 * @uid: owner; default the creator's effective uid. Giving a mailbox away
 *	takes CAP_CHOWN. Not of an inbox.
 * @gid: group; default the creator's effective gid. A group that the caller
 *	is not in takes CAP_CHOWN. Not of an inbox.
 * @capacity: messages that the mailbox, or each link of the inbox, holds
 *	before senders block: 0 for none, so that every send is a rendezvous,
 *	or MSGPASS_UNLIMITED
 * @capacity_bytes: the same in bytes of payload: at least @message_max, or
 *	MSGPASS_UNLIMITED; default 4 MiB, or the module's @message_max if that
 *	is more
 * @message_max: longest message in bytes; at most the module's. If it is not
 *	given but @capacity_bytes is, it comes down to that where it is more.
 *
 * Lowering a capacity drops nothing; it holds senders back until the queue
 * has drained below it. Raising it lets those go on who wait.
 */
struct msgpass_attributes {
	__u32 set;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__aligned_u64 capacity;
	__aligned_u64 capacity_bytes;
	__aligned_u64 message_max;
};

/* flags of MSGPASS_IOC_MAILBOX_OPEN */
#define MSGPASS_OPEN_RECEIVE	0x1 /* the right to receive */
#define MSGPASS_OPEN_SEND	0x2 /* the right to send */
#define MSGPASS_OPEN_CREATE	0x4 /* make it if there is none */
#define MSGPASS_OPEN_EXCLUSIVE	0x8 /* with CREATE: EEXIST if there is */
#define MSGPASS_OPEN_NONBLOCK	0x10 /* the fd starts out O_NONBLOCK */
#define MSGPASS_OPEN_BOUND	0x20 /* with CREATE: it dies with the process */
#define MSGPASS_OPEN_BROADCAST	0x40 /* with CREATE: all receivers get all */
#define MSGPASS_OPEN_LOSSY	0x80 /* with BROADCAST: but the slow ones */

/**
 * struct msgpass_mailbox_open - argument of MSGPASS_IOC_MAILBOX_OPEN
 * @size: sizeof(struct msgpass_mailbox_open)
 * @flags: MSGPASS_OPEN_*; at least one right
 * @attributes: used only if the mailbox is made now
 * @name: NUL-terminated; every byte above 0x20 but '/' and 0x7f. Names belong
 *	to the caller's network namespace, and none begins with a dot. Empty:
 *	an anonymous mailbox, new each time, which takes MSGPASS_OPEN_CREATE
 *	and goes when its last fd is closed. A named one lives until deleted.
 *
 * A name of digits is a port: 1 to 65535, without leading zeros. "0" with
 * MSGPASS_OPEN_CREATE makes a mailbox under a port from 1024 up that is not in
 * use; MSGPASS_IOC_MAILBOX_STAT of the fd tells which.
 *
 * A mailbox made with MSGPASS_OPEN_BOUND is bound to the calling process, all
 * of its threads but no child; exec keeps it so. When that process dies, the
 * mailbox is deleted as by MSGPASS_IOC_MAILBOX_DELETE, whoever else has an fd
 * of it. Any other lives until it is deleted. A mailbox that is there already
 * is opened as it is, bound or not.
 *
 * One made with MSGPASS_OPEN_BROADCAST gives every message to all who have
 * opened it to receive before the message was sent. Each open file is a
 * subscription, shared by those who share the file (or were sent it), with a
 * queue of its own to which the mailbox's capacity applies. A send waits until
 * all have room, and one that fails reached nobody; with MSGPASS_OPEN_LOSSY it
 * does not wait: those without room miss the message, and out_missed of the
 * next one that they receive tells. The bytes are stored once. EOPNOTSUPP: a
 * capacity of 0, and in sending MSGPASS_SYNCHRONOUS, MSGPASS_RECEIPT,
 * MSGPASS_FLOW, calls and forwarded calls. A message that is sent while nobody
 * subscribes is gone.
 *
 * Returns a new close-on-exec file descriptor. Whoever makes a mailbox gets
 * the rights asked for, whatever @attributes.mode says.
 *
 * Particular errors: ENAMETOOLONG @name has no NUL; EINVAL a byte not allowed
 * in it, MSGPASS_OPEN_EXCLUSIVE, MSGPASS_OPEN_BOUND, MSGPASS_OPEN_BROADCAST or
 * attributes without MSGPASS_OPEN_CREATE, MSGPASS_OPEN_LOSSY without
 * MSGPASS_OPEN_BROADCAST; EMFILE, ENFILE no more file descriptors.
 */
struct msgpass_mailbox_open {
	__u32 size;
	__u32 flags;
	struct msgpass_attributes attributes;
	char name[MSGPASS_NAME_SIZE];
};

/**
 * struct msgpass_mailbox_delete - argument of MSGPASS_IOC_MAILBOX_DELETE
 * @size: sizeof(struct msgpass_mailbox_delete)
 * @flags: 0
 * @name: on a device fd which mailbox; empty on a mailbox fd
 *
 * For the owner, or with CAP_IPC_OWNER (else EPERM; by name ENOENT for those
 * who can't see it). The name is free at once, queued messages are dropped,
 * and whoever waits in the mailbox, or uses an fd of it later, gets EPIPE.
 */
struct msgpass_mailbox_delete {
	__u32 size;
	__u32 flags;
	char name[MSGPASS_NAME_SIZE];
};

/**
 * struct msgpass_mailbox_set - argument of MSGPASS_IOC_MAILBOX_SET
 * @size: sizeof(struct msgpass_mailbox_set)
 * @flags: 0
 * @attributes: what to change; fds that are open keep the right they have
 * @name: on a device fd which mailbox; empty on a mailbox fd
 *
 * For the owner, or with CAP_IPC_OWNER (else EPERM; by name ENOENT for those
 * who can't see it). By name it takes no right to send or receive.
 */
struct msgpass_mailbox_set {
	__u32 size;
	__u32 flags;
	struct msgpass_attributes attributes;
	char name[MSGPASS_NAME_SIZE];
};

/**
 * struct msgpass_mailbox_give - argument of MSGPASS_IOC_MAILBOX_GIVE
 * @size: sizeof(struct msgpass_mailbox_give)
 * @flags: MSGPASS_PEER; or MSGPASS_CANCEL alone, which withdraws the offer
 * @to: the process that may accept: its pid in the caller's pid namespace, or
 *	with MSGPASS_PEER its peer id; 0 with MSGPASS_CANCEL
 * @name: on a device fd which mailbox; empty on a mailbox fd
 *
 * Offers the mailbox to a process, in place of any earlier offer. Nothing
 * changes until that process accepts, but that it can see the mailbox. The
 * offer ends when that process or the mailbox dies, and when the owner of the
 * mailbox changes; not when the offering process dies, unless the mailbox was
 * bound to that.
 *
 * For the owner, or with CAP_IPC_OWNER (else EPERM; by name ENOENT for those
 * who can't see it): who may delete a mailbox may give it away, bound to
 * whichever process.
 *
 * Particular errors: EINVAL @to is 0 or a pid below 0, or is set with
 * MSGPASS_CANCEL; ESRCH @to is a thread id, a kernel thread or a zombie; with
 * MSGPASS_CANCEL: there is no offer, it may have been accepted meanwhile.
 */
struct msgpass_mailbox_give {
	__u32 size;
	__u32 flags;
	__aligned_u64 to;
	char name[MSGPASS_NAME_SIZE];
};

/**
 * struct msgpass_mailbox_accept - argument of MSGPASS_IOC_MAILBOX_ACCEPT
 * @size: sizeof(struct msgpass_mailbox_accept)
 * @flags: 0
 * @name: on a device fd which mailbox; empty on a mailbox fd
 *
 * Takes the mailbox over, if it is offered to the calling process (any of its
 * threads, no child; else EPERM). Its owner and group are then the caller's
 * effective uid and gid, its memory counts against the caller's quota, and if
 * it is bound, it is bound to the calling process. Its mode, what is queued,
 * and the rights of open fds stay. As both sides agreed, this takes no
 * CAP_CHOWN.
 *
 * On an error, EDQUOT too, all is as it was, and the offer stands.
 */
struct msgpass_mailbox_accept {
	__u32 size;
	__u32 flags;
	char name[MSGPASS_NAME_SIZE];
};

/**
 * struct msgpass_tally - what a mailbox, an inbox or a link has counted since it
 *	was made; a part of what the module tells of each
 * @sent_bytes: bytes of payload of the messages accepted; those of a flow once
 *	it is over, as many as went through
 * @received_bytes: of the messages received; of a flow the same
 * @queued_max: most messages that were queued at a time. A message that a
 *	waiting receiver gets at once is never queued.
 * @oldest_time: CLOCK_MONOTONIC time in nanoseconds at which the oldest message
 *	that is queued now was accepted; 0: none is
 * @sender_waits: how often a sender waited, for room or to be received
 * @receiver_waits: how often a receiver waited for a message
 * @refused: sends that were EAGAIN, because they would have had to wait
 * @expired: how many of the messages dropped were so because their lifetime was
 *	over. The rest went when exec changed the process's credentials.
 *
 * A send that is given up is not counted as sent, but as a wait.
 */
struct msgpass_tally {
	__aligned_u64 sent_bytes;
	__aligned_u64 received_bytes;
	__aligned_u64 queued_max;
	__aligned_u64 oldest_time;
	__aligned_u64 sender_waits;
	__aligned_u64 receiver_waits;
	__aligned_u64 refused;
	__aligned_u64 expired;
};

/* out_flags of MSGPASS_IOC_MAILBOX_STAT and MSGPASS_IOC_MAILBOX_NEXT */
#define MSGPASS_MAILBOX_BOUND	0x1 /* it dies with a process */
#define MSGPASS_MAILBOX_BROADCAST	0x2 /* all receivers get all */
#define MSGPASS_MAILBOX_LOSSY	0x4 /* but the slow ones */

/**
 * struct msgpass_mailbox_stat - argument of MSGPASS_IOC_MAILBOX_STAT and
 *	MSGPASS_IOC_MAILBOX_NEXT
 * @size: sizeof(struct msgpass_mailbox_stat)
 * @flags: 0
 * @id: NEXT: 0 at first, then the @out_id of the answer before; STAT: 0
 * @name: STAT on a device fd: which mailbox; else empty. Filled on return.
 * @out_id: number of the mailbox, as tracepoints have its port; 0 if anonymous
 * @out_attributes: as they are, every one marked as set; the owner and group
 *	in the caller's user namespace
 * @out_queued: messages queued
 * @out_queued_bytes: their bytes of payload
 * @out_receivers_waiting: threads that wait to receive
 * @out_senders_waiting: threads that wait for room
 * @out_sent: messages accepted since it was made
 * @out_received: messages received since
 * @out_dropped: messages dropped since
 * @out_flags: MSGPASS_MAILBOX_*
 * @out_owner_pid: pid in the caller's pid namespace of the process that it is
 *	bound to; 0 if it is not bound, or the process can't be seen
 * @out_owner_peer: peer id of that process; 0 if it is not bound
 * @out_offered_peer: peer id of the process that it is offered to; 0 if there
 *	is no offer. Told to that process, the owner and with CAP_IPC_OWNER.
 * @out_subscribers: of a broadcast, open files that receive; else 0
 * @out_missed: of a lossy broadcast, messages missed since it was made
 * @out_tally: more of what was counted; of a broadcast that of the subscription
 *	or, in @queued_max and @oldest_time, of that one where it is most
 *
 * Of a broadcast, an fd that receives tells of its own subscription what is
 * queued, received, missed and who waits to receive; else the sums are told.
 *
 * A mailbox can be seen by those who may send to it or receive from it, by
 * its owner, by the process it is offered to, and with CAP_IPC_OWNER; for
 * others it is not there (ENOENT), but that opening it is EACCES. NEXT tells
 * of the first with a number above @id that the caller can see, ENOENT when
 * there is none. Anonymous mailboxes are not listed.
 */
struct msgpass_mailbox_stat {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	char name[MSGPASS_NAME_SIZE];
	__aligned_u64 out_id;
	struct msgpass_attributes out_attributes;
	__aligned_u64 out_queued;
	__aligned_u64 out_queued_bytes;
	__aligned_u64 out_receivers_waiting;
	__aligned_u64 out_senders_waiting;
	__aligned_u64 out_sent;
	__aligned_u64 out_received;
	__aligned_u64 out_dropped;
	__u32 out_flags;
	__s32 out_owner_pid;
	__aligned_u64 out_owner_peer;
	__aligned_u64 out_offered_peer;
	__aligned_u64 out_subscribers;
	__aligned_u64 out_missed;
	struct msgpass_tally out_tally;
};

/**
 * struct msgpass_inbox_set - argument of MSGPASS_IOC_INBOX_SET
 * @size: sizeof(struct msgpass_inbox_set)
 * @flags: 0
 * @attributes: what to change in the calling process's own inbox: mode,
 *	capacity, capacity_bytes and message_max; EINVAL for others
 *
 * Capacities apply to every link of the inbox, those that exist too. All are
 * back at their defaults when exec changes the process's credentials.
 */
struct msgpass_inbox_set {
	__u32 size;
	__u32 flags;
	struct msgpass_attributes attributes;
};

/**
 * struct msgpass_inbox_stat - argument of MSGPASS_IOC_INBOX_STAT and
 *	MSGPASS_IOC_INBOX_NEXT
 * @size: sizeof(struct msgpass_inbox_stat)
 * @flags: STAT: MSGPASS_PEER if @process is a peer id; NEXT: 0
 * @process: STAT: pid (or peer id) of the process, 0: the calling one; NEXT:
 *	0 at first, then the @out_peer of the answer before
 * @out_peer: peer id of the process whose inbox it is
 * @out_pid: its pid in the caller's pid namespace
 * @out_uid: its real uid in the caller's user namespace
 * @out_attributes: as they are; uid and gid are not set
 * @out_links: processes that have sent to it, and are alive or have messages
 *	in it still
 * @out_queued: messages queued, of all links
 * @out_queued_bytes: their bytes of payload
 * @out_receivers_waiting: threads that wait to receive
 * @out_senders_waiting: threads that wait for room, on all links
 * @out_sent: messages accepted since the inbox exists
 * @out_received: messages received since
 * @out_dropped: messages dropped since
 * @out_tally: more of what was counted, of all links
 *
 * So a sender can ask before it sends whether the process waits to receive,
 * and how full its inbox is.
 *
 * A process's inbox can be seen by those whom kill(2) would let signal it, and
 * with STAT by those who may send to it; for others there is none: ESRCH from
 * STAT, passed over by NEXT, which says ENOENT at the end. STAT of a process
 * that has no inbox yet is ESRCH too.
 */
struct msgpass_inbox_stat {
	__u32 size;
	__u32 flags;
	__aligned_u64 process;
	__aligned_u64 out_peer;
	__s32 out_pid;
	__u32 out_uid;
	struct msgpass_attributes out_attributes;
	__aligned_u64 out_links;
	__aligned_u64 out_queued;
	__aligned_u64 out_queued_bytes;
	__aligned_u64 out_receivers_waiting;
	__aligned_u64 out_senders_waiting;
	__aligned_u64 out_sent;
	__aligned_u64 out_received;
	__aligned_u64 out_dropped;
	struct msgpass_tally out_tally;
};

/**
 * struct msgpass_link_stat - argument of MSGPASS_IOC_LINK_NEXT
 * @size: sizeof(struct msgpass_link_stat)
 * @flags: 0
 * @to_peer: 0 at first, then the @out_to_peer of the answer before
 * @from_peer: 0 at first, then the @out_from_peer of the answer before
 * @out_to_peer: peer id of the receiving process
 * @out_from_peer: peer id of the sending process
 * @out_to_pid: pid of the receiving process, 0 if it can't be seen
 * @out_from_pid: pid of the sending process, 0 if it can't be seen
 * @out_capacity: messages that the link holds
 * @out_capacity_bytes: bytes that it holds
 * @out_queued: messages queued
 * @out_queued_bytes: their bytes of payload
 * @out_receivers_waiting: threads that wait to receive from just this sender
 * @out_senders_waiting: threads that wait for room
 * @out_sent: messages accepted since the link exists
 * @out_received: messages received since
 * @out_dropped: messages dropped since
 * @out_tally: more of what was counted
 *
 * A link can be seen by those whom kill(2) would let signal either of its
 * processes. ENOENT after the last.
 */
struct msgpass_link_stat {
	__u32 size;
	__u32 flags;
	__aligned_u64 to_peer;
	__aligned_u64 from_peer;
	__aligned_u64 out_to_peer;
	__aligned_u64 out_from_peer;
	__s32 out_to_pid;
	__s32 out_from_pid;
	__aligned_u64 out_capacity;
	__aligned_u64 out_capacity_bytes;
	__aligned_u64 out_queued;
	__aligned_u64 out_queued_bytes;
	__aligned_u64 out_receivers_waiting;
	__aligned_u64 out_senders_waiting;
	__aligned_u64 out_sent;
	__aligned_u64 out_received;
	__aligned_u64 out_dropped;
	struct msgpass_tally out_tally;
};

/* for what a thread waits; more may be added */
#define MSGPASS_FOR_MESSAGE	1 /* to receive one */
#define MSGPASS_FOR_ROOM	2 /* to send */
#define MSGPASS_FOR_RENDEZVOUS	3 /* for what it has sent to be received */
#define MSGPASS_FOR_REPLY	4 /* for the reply to its call */
#define MSGPASS_FOR_FLOW	5 /* for the rest of its flow to be received */

/**
 * struct msgpass_wait_element - a thread that waits; the module fills all of it
 * @out_pid: pid of its process in the caller's pid namespace, 0 if it can't be
 *	seen there
 * @out_tid: its thread id there
 * @out_peer: peer id of its process
 * @out_reason: MSGPASS_FOR_*
 * @out_for_pid: pid of the one process that it waits for: the receiver, the
 *	sender that a receive names, or who has the call; 0 if it waits for
 *	anybody, at a mailbox, or the process can't be seen
 * @out_for_peer: peer id of that process, 0 if it waits for anybody
 * @out_for_mailbox: number of the mailbox in which it waits or its call stands;
 *	0 if in none, or none that can be seen
 * @out_since: CLOCK_MONOTONIC time in nanoseconds since when, as exact as the
 *	kernel's tick (some milliseconds); for a reply, since the call was made,
 *	which may have waited for room
 * @out_deadline: until when, as the deadline was given; 0: no limit
 */
struct msgpass_wait_element {
	__s32 out_pid;
	__s32 out_tid;
	__aligned_u64 out_peer;
	__u32 out_reason;
	__s32 out_for_pid;
	__aligned_u64 out_for_peer;
	__aligned_u64 out_for_mailbox;
	__aligned_u64 out_since;
	__aligned_u64 out_deadline;
};

/**
 * struct msgpass_wait_list - argument of MSGPASS_IOC_WAIT_LIST
 * @size: sizeof(struct msgpass_wait_list)
 * @flags: MSGPASS_PEER if @process is a peer id
 * @process: on a device fd without @name the process to look at, by its pid or
 *	peer id; 0 without MSGPASS_PEER: the calling one; else 0
 * @first: 0 at first, then the @out_next of the answer before
 * @elements: pointer to an array of struct msgpass_wait_element
 * @count: how many that has room for, 1 at least
 * @reserved: 0
 * @name: on a device fd the mailbox to look at; empty on a mailbox fd
 * @out_next: where to go on; 0: that was all
 * @out_time: CLOCK_MONOTONIC time in nanoseconds at which this was so
 *
 * Tells which threads wait now: of a process those who wait at its inbox, to
 * receive there or to send to it, those of its own that wait for the reply to a
 * call, wherever that is, of its 1024 newest ones, and those whose flows it
 * receives in pieces, wherever they were sent; of a mailbox those who wait
 * there, to send or to receive. Who waits in poll is not among them.
 *
 * Returns how many elements were filled, at most 64: none with an @out_next that
 * is not 0 if the caller can see none of those who wait there next. Who begins
 * to wait, or ends, between two calls moves those that come after.
 *
 * A process or mailbox can be looked at by whom MSGPASS_IOC_INBOX_STAT or
 * MSGPASS_IOC_MAILBOX_STAT tell of it, with the same errors. A wait can be seen
 * by those whom kill(2) would let signal the process that waits, or, at an
 * inbox, the process whose that is.
 */
struct msgpass_wait_list {
	__u32 size;
	__u32 flags;
	__aligned_u64 process;
	__aligned_u64 first;
	__aligned_u64 elements;
	__u32 count;
	__u32 reserved;
	char name[MSGPASS_NAME_SIZE];
	__aligned_u64 out_next;
	__aligned_u64 out_time;
};

#endif /* _UAPI_LINUX_MSGPASS_H */
