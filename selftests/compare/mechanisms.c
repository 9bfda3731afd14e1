// SPDX-License-Identifier: GPL-2.0
/* All there are, in the order of the table. */
#include "job.h"

#define PROGRAMS(prefix)                                                                           \
	.name = #prefix, .produce = prefix##_produce, .consume = prefix##_consume,                 \
	.request = prefix##_request, .serve = prefix##_serve

#define ANYONE	  "anyone"
#define BY_PID	  "by its pid"
#define RELATIVES "relatives"
#define ONE_WAY	  "one"
#define BOTH_WAYS "both"
#define NOTHING	  "nothing"
#define ADDRESS	  "address, port"
#define PROCESS	  "pid, uid"

const struct mechanism mechanisms[] = {
	{
		PROGRAMS(file),
		.title = "polled file",
		.remove = file_remove,
		.death = { "notices nothing", "asks for ever" },
		.stays = true,
		.meet = ANYONE,
		.ways = ONE_WAY,
		.copies = 2,
		.messages = RUN_TOGETHER,
		.sender = NOTHING,
	},
	{
		PROGRAMS(pipe),
		.title = "pipe",
		.prepare = pipe_prepare,
		.death = { "SIGPIPE", "read: end of file" },
		.meet = RELATIVES,
		.ways = ONE_WAY,
		.copies = 2,
		.messages = RUN_TOGETHER,
		.sender = NOTHING,
	},
	{
		PROGRAMS(fifo),
		.title = "named pipe",
		.remove = fifo_remove,
		.death = { "SIGPIPE", "read: end of file" },
		.stays = true,
		.meet = ANYONE,
		.ways = ONE_WAY,
		.copies = 2,
		.messages = RUN_TOGETHER,
		.sender = NOTHING,
	},
	{
		PROGRAMS(sysv_msg),
		.title = "System V queue",
		.remove = sysv_msg_remove,
		.death = { "waits for ever", "waits for ever" },
		.stays = true,
		.meet = ANYONE,
		.ways = BOTH_WAYS,
		.copies = 2,
		.messages = KEPT,
		.sender = "pid of the last",
	},
	{
		PROGRAMS(posix_mq),
		.title = "POSIX queue",
		.remove = posix_mq_remove,
		.death = { "waits for ever", "waits for ever" },
		.stays = true,
		.meet = ANYONE,
		.ways = ONE_WAY,
		.copies = 2,
		.messages = KEPT,
		.sender = NOTHING,
	},
	{
		PROGRAMS(sysv_shm),
		.title = "System V shm, semaphores",
		.remove = sysv_shm_remove,
		.death = { "waits for ever", "waits for ever" },
		.stays = true,
		.meet = ANYONE,
		.ways = BOTH_WAYS,
		.copies = 0,
	},
	{
		PROGRAMS(posix_shm),
		.title = "POSIX shm, futex",
		.remove = posix_shm_remove,
		.death = { "waits for ever", "waits for ever" },
		.stays = true,
		.meet = ANYONE,
		.ways = BOTH_WAYS,
		.copies = 0,
	},
	{
		PROGRAMS(signal),
		.title = "signals",
		.death = { "sigqueue: ESRCH", "waits for ever" },
		.meet = BY_PID,
		.ways = BOTH_WAYS,
		.copies = 2,
		.messages = KEPT,
		.sender = PROCESS,
	},
	{
		PROGRAMS(unix),
		.title = "UNIX socket",
		.remove = unix_remove,
		.death = { "send: ECONNRESET", "recv: end of file" },
		.stays = true,
		.meet = ANYONE,
		.ways = BOTH_WAYS,
		.copies = 2,
		.messages = KEPT,
		.sender = PROCESS,
	},
	{
		PROGRAMS(tcp),
		.title = "TCP",
		.death = { "send: ECONNRESET", "recv: end of file" },
		.meet = ANYONE,
		.ways = BOTH_WAYS,
		.copies = 2,
		.messages = RUN_TOGETHER,
		.sender = ADDRESS,
	},
	{
		PROGRAMS(udp),
		.title = "UDP",
		.death = { "recv: ECONNREFUSED", "recv: ECONNREFUSED" },
		.meet = ANYONE,
		.ways = BOTH_WAYS,
		.copies = 2,
		.messages = KEPT,
		.sender = ADDRESS,
	},
	{
		PROGRAMS(multicast),
		.title = "UDP multicast",
		.death = { "no answer: ETIMEDOUT", "no answer: ETIMEDOUT" },
		.meet = ANYONE,
		.ways = BOTH_WAYS,
		.copies = 2,
		.messages = KEPT,
		.sender = ADDRESS,
	},
	{
#ifdef WITH_RPC
		PROGRAMS(rpc),
#else
		.name = "rpc",
		.why_not = "libtirpc has no package for this machine",
#endif
		.title = "ONC RPC",
		.death = { "clnt_call: ECONNRESET", "clnt_call: ECONNRESET" },
		.meet = ANYONE,
		.ways = BOTH_WAYS,
		.copies = 2,
	},
	{
		PROGRAMS(msgpass_direct),
		.title = "msgpass, direct",
		.death = { "msgpass_send: EPIPE", "msgpass_call: EPIPE" },
		.meet = BY_PID,
		.ways = BOTH_WAYS,
		.copies = 2,
		.messages = KEPT,
		.sender = PROCESS,
	},
	{
		PROGRAMS(msgpass_mailbox),
		.title = "msgpass, mailbox",
		.death = { "msgpass_mailbox_send: EPIPE", "msgpass_mailbox_call: EPIPE" },
		.meet = ANYONE,
		.ways = BOTH_WAYS,
		.copies = 2,
		.messages = KEPT,
		.sender = PROCESS,
	},
};

const unsigned int mechanisms_count = ARRAY_SIZE(mechanisms);
