// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "bulk.h"
#include "peer.h"
#include "port.h"
#include "words.h"

static struct kmem_cache *bulks;

/* One with a constructor is not cleared each time. */
static void bulk_construct(void *object)
{
	memset(object, 0, sizeof(struct msgpass_bulk));
}

int msgpass_bulk_init(void)
{
	const size_t elements = offsetof(struct msgpass_bulk, elements);

	bulks = kmem_cache_create_usercopy("msgpass_bulk",
					   sizeof(struct msgpass_bulk), 0,
					   SLAB_ACCOUNT, elements,
					   sizeof(struct msgpass_bulk) - elements,
					   bulk_construct);
	return bulks ? 0 : -ENOMEM;
}

void msgpass_bulk_exit(void)
{
	kmem_cache_destroy(bulks);
}

struct msgpass_bulk *msgpass_bulk_get(void)
{
	return kmem_cache_alloc(bulks, GFP_KERNEL);
}

void msgpass_bulk_put(struct msgpass_bulk *bulk)
{
	if (bulk)
		kmem_cache_free(bulks, bulk);
}

/* As many whole elements as there are to be read. */
static unsigned int read_elements(void *elements, const void __user *user,
				  unsigned int count, size_t size)
{
	count = min_t(unsigned int, count, MSGPASS_BULK);
	return count - DIV_ROUND_UP(copy_from_user(elements, user,
						   count * size), size);
}

unsigned int msgpass_bulk_make(struct msgpass_bulk *bulk,
			       const struct msgpass_send_element __user *elements,
			       unsigned int count, size_t longest,
			       const struct msgpass_stamp *stamp)
{
	/* Laid out alike. */
	BUILD_BUG_ON(sizeof(struct msgpass_content) != sizeof(*elements));
	BUILD_BUG_ON(offsetof(struct msgpass_content, type) !=
		     offsetof(struct msgpass_send_element, type));
	count = read_elements(bulk->contents, elements, count,
			      sizeof(*elements));
	return msgpass_messages_new(bulk->messages, bulk->contents, count,
				    longest, stamp);
}

/* The same sender's are likely to follow one another. */
struct last_sender {
	const struct msgpass_identity *identity;
	pid_t pid;
};

static void describe(struct msgpass_receive_element *element,
		     const struct msgpass_message *message,
		     struct last_sender *last)
{
	struct user_namespace *ns = current_user_ns();

	if (message->sender != last->identity) {
		last->identity = message->sender;
		last->pid = msgpass_pid_number(message->sender->pid);
	}
	element->out_length = message->length;
	element->out_sequence = message->sequence;
	element->out_time = message->time;
	element->out_peer = message->sender->id;
	element->out_pid = last->pid;
	element->out_uid = msgpass_message_uid(message, ns);
	element->out_gid = msgpass_message_gid(message, ns);
	element->out_type = message->type;
	element->out_priority = message->priority;
	element->out_flags = message->length > element->length ?
			     MSGPASS_OUT_TRUNCATED : 0;
	if (message->is_receipt)
		element->out_flags |= MSGPASS_OUT_RECEIPT;
	element->out_token = 0;
	element->out_fds = 0;
	element->out_missed = 0;
}

/* The bytes of the first, until some can't be written: of how many. */
static unsigned int copy_out(struct msgpass_bulk *bulk, unsigned int count)
{
	struct last_sender last = {};
	unsigned int i;

	for (i = 0; i < count; i++) {
		const struct msgpass_message *message = bulk->messages[i];
		struct msgpass_receive_element *element = &bulk->elements[i];
		size_t length = min_t(u64, message->length, element->length);

		if (msgpass_words_put(u64_to_user_ptr(element->data),
				      message->data, length))
			break;
		describe(element, message, &last);
	}
	return i;
}

unsigned int
msgpass_bulk_receive(struct msgpass_bulk *bulk, struct msgpass_port *port,
		     const struct msgpass_selection *selection,
		     struct msgpass_receive_element __user *elements,
		     unsigned int count)
{
	const bool truncate = selection->flags & MSGPASS_TRUNCATE;
	const size_t size = sizeof(*elements);
	unsigned int i, claimed, told;

	/* No more than are likely there; who comes too late asks again. */
	count = min_t(u64, count, data_race(port->queued));
	if (!count)
		return 0;
	count = read_elements(bulk->elements, elements, count, size);
	for (i = 0; i < count; i++)
		bulk->rooms[i] = truncate ? SIZE_MAX : bulk->elements[i].length;
	claimed = msgpass_port_claim_some(port, selection, bulk->rooms, count,
					  bulk->messages);
	if (!claimed)
		return 0;
	told = copy_out(bulk, claimed);
	/* One that is not told of whole was not received. */
	told -= DIV_ROUND_UP(copy_to_user(elements, bulk->elements,
					  told * size), size);
	if (told < claimed)
		msgpass_port_restore_some(port, bulk->messages + told,
					  claimed - told, -EFAULT);
	if (told)
		msgpass_port_settle_some(port, bulk->messages, told);
	return told;
}
