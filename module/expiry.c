// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "account.h"
#include "expiry.h"

struct expiry {
	struct msgpass_attachment attachment;
	struct delayed_work work;
	struct msgpass_message *message;	/* const */
	struct msgpass_port *port;		/* const once accepted */
	struct msgpass_account *account;	/* reference held; const */
	bool ended;				/* see arm_again() */
};

static struct workqueue_struct *expiry_workqueue;

static void put_timer_references(struct expiry *expiry)
{
	struct msgpass_port *port = expiry->port;

	/* With the message goes @expiry. */
	msgpass_message_put(expiry->message);
	msgpass_port_put(port);
}

static void arm(struct expiry *expiry, u64 delay)
{
	/* One more: never before its time. */
	queue_delayed_work(expiry_workqueue, &expiry->work,
			   min_t(u64, nsecs_to_jiffies64(delay) + 1,
				 MAX_JIFFY_OFFSET));
}

/* Long timers come early: the wheel ends after some weeks. */
static void arm_again(struct expiry *expiry)
{
	struct msgpass_message *message = expiry->message;
	u64 waited = ktime_get_ns() - message->time;
	u64 lifetime = msgpass_message_lifetime(message);

	/* What the timer has may be gone as soon as it is armed. */
	msgpass_message_ref(message);
	arm(expiry, lifetime - min(waited, lifetime));
	/* Either this or expiry_ended() finds it armed, if both come now. */
	smp_mb();
	if (READ_ONCE(expiry->ended) && cancel_delayed_work(&expiry->work))
		put_timer_references(expiry);
	msgpass_message_put(message);
}

static void expiry_work(struct work_struct *work)
{
	struct expiry *expiry = container_of(to_delayed_work(work),
					     struct expiry, work);

	if (!msgpass_message_has_expired(expiry->message)) {
		arm_again(expiry);
		return;
	}
	msgpass_port_expire(expiry->port, expiry->message);
	put_timer_references(expiry);
}

static void expiry_accepted(struct msgpass_attachment *attachment,
			    struct msgpass_message *message)
{
	struct expiry *expiry = container_of(attachment, struct expiry,
					     attachment);

	expiry->port = message->queue->port;
	msgpass_message_ref(message);
	msgpass_port_get(expiry->port);
	arm(expiry, msgpass_message_lifetime(message));
}

static void expiry_ended(struct msgpass_attachment *attachment,
			 const struct msgpass_message *message,
			 enum msgpass_end end)
{
	struct expiry *expiry = container_of(attachment, struct expiry,
					     attachment);

	WRITE_ONCE(expiry->ended, true);
	/* Pairs with that of arm_again(). */
	smp_mb();
	/* Else it was never accepted, or the work does it. */
	if (cancel_delayed_work(&expiry->work))
		put_timer_references(expiry);
}

static void expiry_freed(struct msgpass_attachment *attachment)
{
	struct expiry *expiry = container_of(attachment, struct expiry,
					     attachment);

	msgpass_account_close(expiry->account, sizeof(*expiry));
	kfree(expiry);
}

static const struct msgpass_attachment_ops expiry_ops = {
	.accepted = expiry_accepted,
	.ended = expiry_ended,
	.freed = expiry_freed,
};

int msgpass_expiry_attach(struct msgpass_message *message,
			  const struct cred *cred, u64 lifetime)
{
	struct msgpass_account *account;
	struct expiry *expiry;

	account = msgpass_account_open(cred, sizeof(*expiry));
	if (IS_ERR(account))
		return PTR_ERR(account);
	expiry = kzalloc(sizeof(*expiry), GFP_KERNEL_ACCOUNT);
	if (!expiry) {
		msgpass_account_close(account, sizeof(*expiry));
		return -ENOMEM;
	}
	expiry->account = account;
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
