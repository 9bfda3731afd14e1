// SPDX-License-Identifier: GPL-2.0
/*
 * Receipts of what send has sent: was it received, or dropped and why.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "fail.h"
#include "receipts.h"
#include "record.h"

int receipts_begin(struct sender *sender)
{
	const struct options *options = sender->options;
	uint64_t tries = options->tries ? options->tries : 1;
	int ret;

	if (!options->receipt && !options->tries)
		return DONE;
	ret = msgpass_outbox_new(sender->target.device, tries < UINT_MAX ? tries : UINT_MAX,
				 &sender->receipts.outbox);
	return ret < 0 ? sender_fail(sender, ret) : DONE;
}

void receipts_end(struct sender *sender)
{
	msgpass_outbox_free(sender->receipts.outbox);
}

static const char *name_of(enum msgpass_fate fate)
{
	switch (fate) {
	case MSGPASS_FATE_RECEIVED:
		return "received";
	case MSGPASS_FATE_DELETED:
		return "deleted";
	case MSGPASS_FATE_DIED:
		return "died";
	case MSGPASS_FATE_RESET:
		return "reset";
	case MSGPASS_FATE_EXPIRED:
		return "expired";
	}
	return "unknown";
}

static const char *reason_of(enum msgpass_fate fate)
{
	switch (fate) {
	case MSGPASS_FATE_RECEIVED:
		break;
	case MSGPASS_FATE_DELETED:
		return "was deleted before anybody had received it; make it anew, and send again";
	case MSGPASS_FATE_DIED:
		return "died before it had received it; start it anew, and send again";
	case MSGPASS_FATE_RESET:
		return "got other credentials by exec, and its inbox was emptied; send again, or more often with --tries";
	case MSGPASS_FATE_EXPIRED:
		return "held it until its lifetime was over; give it more with --lifetime, or send it more often with --tries";
	}
	return "did not receive it, for a reason that this version does not know";
}

static void tell(struct sender *sender, const struct msgpass_outcome *outcome)
{
	const struct options *options = sender->options;
	struct record record;

	if (!options->verbose && !options->json)
		return;
	progress_end(&sender->progress);
	record_begin(&record, stderr, options->json);
	record_text(&record, "receipt", name_of(outcome->receipt.fate));
	record_number(&record, "sequence", outcome->receipt.sequence);
	record_number(&record, "to_peer", outcome->receipt.to_peer);
	record_number(&record, "by_peer", outcome->receipt.by_peer);
	record_number(&record, "tries", outcome->tries);
	record_end(&record);
	fputc('\n', stderr);
}

/* The first says why; of more than that it is told how many there are. */
static void complain(struct sender *sender, const struct msgpass_outcome *outcome)
{
	if (sender->receipts.dropped > 1)
		return;
	progress_end(&sender->progress);
	fail(DROPPED, "the message was dropped: %s %s", sender->target.text,
	     reason_of(outcome->receipt.fate));
	if (outcome->error)
		fail(DROPPED, "it could not be sent again: %s (%s)",
		     strerrordesc_np(-outcome->error), strerrorname_np(-outcome->error));
}

static void note(struct sender *sender, const struct msgpass_outcome *outcome)
{
	struct receipts *receipts = &sender->receipts;

	receipts->tries += outcome->tries;
	if (outcome->receipt.fate == MSGPASS_FATE_RECEIVED)
		receipts->received++;
	else
		receipts->dropped++;
	tell(sender, outcome);
	if (outcome->receipt.fate != MSGPASS_FATE_RECEIVED)
		complain(sender, outcome);
}

/* Receipts of another are those of a program that has become this one. */
static int take(struct sender *sender, bool wait)
{
	const struct msgpass_receive_options how = {
		.nonblock = !wait,
		.timeout_ns = sender->options->timeout_ns,
	};
	struct msgpass_outcome outcome;
	int ret;

	while ((ret = msgpass_outbox_next(sender->receipts.outbox, &how, &outcome)) > 0)
		if (outcome.tries)
			note(sender, &outcome);
	return ret;
}

int receipts_look(struct sender *sender)
{
	int ret = sender->receipts.outbox ? take(sender, false) : 0;

	return ret == -EAGAIN ? 0 : ret;
}

int receipts_await(struct sender *sender)
{
	struct receipts *receipts = &sender->receipts;
	int ret = receipts->outbox ? take(sender, true) : 0;

	progress_end(&sender->progress);
	if (ret < 0)
		return fail_with(&sender->target, TO_CONFIRM, ret);
	if (receipts->dropped && sender->messages > 1)
		fail(DROPPED, "%" PRIu64 " of %" PRIu64 " messages were dropped", receipts->dropped,
		     sender->messages);
	return receipts->dropped ? DROPPED : DONE;
}
