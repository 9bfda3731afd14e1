// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints themselves, and what it takes to look up what they tell: of no
 * use to a kernel that is built without them.
 */
#include <linux/errno.h>
#include <linux/pid.h>
#include <linux/sched.h>

#include "call.h"
#include "compat.h"
#include "mailbox.h"
#include "message.h"
#include "peer.h"
#include "port.h"
#include "trace.h"
#include "waiter.h"

/* A wait that a signal ends begins anew, or is an EINTR: that depends on it. */
static int __maybe_unused msgpass_trace_error(long error)
{
	return error == -ERESTARTSYS ? -EINTR : error;
}

static u32 msgpass_trace_wait_flags(const struct msgpass_wait *wait)
{
	u32 flags = 0;

	if (!wait)
		return MSGPASS_TRACE_BATCH;
	if (wait->nonblock)
		flags |= MSGPASS_TRACE_NONBLOCK;
	if (wait->synchronous)
		flags |= MSGPASS_TRACE_SYNCHRONOUS;
	if (wait->call)
		flags |= MSGPASS_TRACE_CALL;
	return flags;
}

static u32 __maybe_unused
msgpass_trace_flags(const struct msgpass_message *message,
		    const struct msgpass_wait *wait)
{
	u32 flags = msgpass_trace_wait_flags(wait);

	if (msgpass_message_has(message, MSGPASS_ATTACHED_RECEIPT))
		flags |= MSGPASS_TRACE_RECEIPT;
	if (msgpass_message_has(message, MSGPASS_ATTACHED_FLOW))
		flags |= MSGPASS_TRACE_FLOW;
	if (msgpass_message_has(message, MSGPASS_ATTACHED_FILES))
		flags |= MSGPASS_TRACE_FDS;
	if (msgpass_message_lifetime(message))
		flags |= MSGPASS_TRACE_LIFETIME;
	if (message->is_receipt)
		flags |= MSGPASS_TRACE_IS_RECEIPT;
	return flags;
}

#define CREATE_TRACE_POINTS
#include "trace.h"
/* The header leaves it defined, and other files of the module follow. */
#undef CREATE_TRACE_POINTS
