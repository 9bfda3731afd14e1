// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include "bulk.h"
#include "peer.h"
#include "port.h"
#include "words.h"

/* Apart, so that what was read is off the stack when the messages are sent. */
noinline_for_stack unsigned int
msgpass_bulk_make(struct msgpass_message **messages,
		  const struct msgpass_send_element __user *elements,
		  unsigned int count, size_t longest,
		  const struct msgpass_stamp *stamp)
{
	struct msgpass_content contents[MSGPASS_BULK] __uninitialized;
	const size_t size = sizeof(contents[0]);

	/* Laid out alike. */
	BUILD_BUG_ON(size != sizeof(*elements));
	BUILD_BUG_ON(offsetof(struct msgpass_content, type) !=
		     offsetof(struct msgpass_send_element, type));
	count = min_t(unsigned int, count, MSGPASS_BULK);
	/* As many whole ones as there are to be read. */
	count -= DIV_ROUND_UP(copy_from_user(contents, elements, count * size),
			      size);
	return msgpass_messages_new(messages, contents, count, longest, stamp);
}

/* As many as there are to be read, of so many: how many. */
static unsigned int
read_places(struct msgpass_place *places,
	    const struct msgpass_receive_element __user *elements,
	    unsigned int count)
{
	unsigned int i;

	might_fault();
	if (should_fail_usercopy() ||
	    !user_read_access_begin(elements, count * sizeof(*elements)))
		return 0;
	for (i = 0; i < count; i++) {
		unsafe_get_user(places[i].data, &elements[i].data, fault);
		unsafe_get_user(places[i].length, &elements[i].length, fault);
	}
fault:
	user_read_access_end();
	return i;
}

/* The same sender's are likely to follow one another. */
struct last_sender {
	const struct msgpass_identity *identity;
	pid_t pid;
};

static int tell(struct msgpass_receive_element __user *element,
		const struct msgpass_message *message, bool truncated,
		struct user_namespace *ns, struct last_sender *last)
{
	const uid_t uid = msgpass_message_uid(message, ns);
	const gid_t gid = msgpass_message_gid(message, ns);
	const u32 flags = (truncated ? MSGPASS_OUT_TRUNCATED : 0) |
			  (message->is_receipt ? MSGPASS_OUT_RECEIPT : 0);

	if (message->sender != last->identity) {
		last->identity = message->sender;
		last->pid = msgpass_pid_number(message->sender->pid);
	}
	might_fault();
	if (should_fail_usercopy() ||
	    !user_write_access_begin(element, sizeof(*element)))
		return -EFAULT;
	unsafe_put_user(message->length, &element->out_length, fault);
	unsafe_put_user(message->sequence, &element->out_sequence, fault);
	unsafe_put_user(message->time, &element->out_time, fault);
	unsafe_put_user(message->sender->id, &element->out_peer, fault);
	unsafe_put_user(last->pid, &element->out_pid, fault);
	unsafe_put_user(uid, &element->out_uid, fault);
	unsafe_put_user(gid, &element->out_gid, fault);
	unsafe_put_user(message->type, &element->out_type, fault);
	unsafe_put_user(message->priority, &element->out_priority, fault);
	unsafe_put_user(flags, &element->out_flags, fault);
	unsafe_put_user(0, &element->out_token, fault);
	unsafe_put_user(0, &element->out_fds, fault);
	unsafe_put_user(0, &element->out_missed, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/* The first, until something can't be written: how many. */
static unsigned int
copy_out(struct msgpass_message **messages, const struct msgpass_place *places,
	 struct msgpass_receive_element __user *elements, unsigned int count)
{
	struct user_namespace *ns = current_user_ns();
	struct last_sender last = {};
	unsigned int i;

	for (i = 0; i < count; i++) {
		const struct msgpass_message *message = messages[i];
		const struct msgpass_place *place = &places[i];
		bool truncated = message->length > place->length;

		if (msgpass_words_put(u64_to_user_ptr(place->data),
				      message->data,
				      truncated ? place->length :
						  message->length))
			break;
		if (tell(&elements[i], message, truncated, ns, &last))
			break;
	}
	return i;
}

noinline_for_stack unsigned int
msgpass_bulk_receive(struct msgpass_port *port,
		     const struct msgpass_selection *selection,
		     struct msgpass_receive_element __user *elements,
		     unsigned int count)
{
	struct msgpass_message *messages[MSGPASS_BULK] __uninitialized;
	struct msgpass_place places[MSGPASS_BULK] __uninitialized;
	unsigned int claimed, told;

	/* No more than are likely there; who comes too late asks again. */
	count = min_t(u64, count, data_race(port->queued));
	count = min_t(unsigned int, count, MSGPASS_BULK);
	/* Where words can't be moved, each is received by itself. */
	if (!count || !msgpass_words_can_move(places, elements))
		return 0;
	count = read_places(places, elements, count);
	claimed = msgpass_port_claim_some(port, selection, places, count,
					  messages);
	if (!claimed)
		return 0;
	told = copy_out(messages, places, elements, claimed);
	if (told < claimed)
		msgpass_port_restore_some(port, messages + told,
					  claimed - told, -EFAULT);
	if (told)
		msgpass_port_settle_some(port, messages, told);
	return told;
}
