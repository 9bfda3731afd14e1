// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "expiry.h"

struct expiry {
	struct msgpass_attachment attachment;
	struct delayed_work work;
	struct msgpass_message *message;	/* const */
	struct msgpass_port *port;		/* const once accepted */
};

static struct workqueue_struct *expiry_workqueue;

static void put_timer_references(struct expiry *expiry)
{
	struct msgpass_port *port = expiry->port;

	/* With the message goes @expiry. */
	msgpass_message_put(expiry->message);
	msgpass_port_put(port);
}

static void expiry_work(struct work_struct *work)
{
	struct expiry *expiry = container_of(to_delayed_work(work),
					     struct expiry, work);

	msgpass_port_expire(expiry->port, expiry->message);
	put_timer_references(expiry);
}

static void expiry_accepted(struct msgpass_attachment *attachment,
			    struct msgpass_message *message)
{
	struct expiry *expiry = container_of(attachment, struct expiry,
					     attachment);
	u64 delay = nsecs_to_jiffies64(msgpass_message_lifetime(message));

	expiry->port = message->queue->port;
	msgpass_message_ref(message);
	msgpass_port_get(expiry->port);
	/* One more: never before its time. */
	queue_delayed_work(expiry_workqueue, &expiry->work,
			   min_t(u64, delay + 1, MAX_JIFFY_OFFSET));
}

static void expiry_ended(struct msgpass_attachment *attachment,
			 const struct msgpass_message *message,
			 enum msgpass_end end)
{
	struct expiry *expiry = container_of(attachment, struct expiry,
					     attachment);

	/* Else it was never accepted, or the work does it. */
	if (cancel_delayed_work(&expiry->work))
		put_timer_references(expiry);
}

static void expiry_freed(struct msgpass_attachment *attachment)
{
	kfree(container_of(attachment, struct expiry, attachment));
}

static const struct msgpass_attachment_ops expiry_ops = {
	.accepted = expiry_accepted,
	.ended = expiry_ended,
	.freed = expiry_freed,
};

int msgpass_expiry_attach(struct msgpass_message *message, u64 lifetime)
{
	struct expiry *expiry = kzalloc(sizeof(*expiry), GFP_KERNEL_ACCOUNT);

	if (!expiry)
		return -ENOMEM;
	expiry->attachment.ops = &expiry_ops;
	expiry->message = message;
	INIT_DELAYED_WORK(&expiry->work, expiry_work);
	msgpass_message_set_lifetime(message, lifetime);
	msgpass_message_attach(message, MSGPASS_ATTACHED_EXPIRY,
			       &expiry->attachment);
	return 0;
}

int msgpass_expiry_init(void)
{
	expiry_workqueue = alloc_workqueue("msgpass_expiry", WQ_UNBOUND, 0);
	return expiry_workqueue ? 0 : -ENOMEM;
}

void msgpass_expiry_exit(void)
{
	destroy_workqueue(expiry_workqueue);
}
