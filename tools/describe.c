// SPDX-License-Identifier: GPL-2.0
/*
 * Mailboxes, inboxes, links and messages as records.
 */
#include <time.h>

#include "describe.h"

static void describe_limits(struct record *record, const struct msgpass_settings *settings)
{
	record_limit(record, "capacity", settings->capacity);
	record_limit(record, "capacity_bytes", settings->capacity_bytes);
	record_number(record, "message_max", settings->message_max);
}

/* 0 stands for none, or one that can't be seen. */
static void describe_process(struct record *record, const char *key, uint64_t number)
{
	if (number)
		record_number(record, key, number);
	else
		record_text(record, key, NULL);
}

void describe_mailbox(struct record *record, const struct msgpass_mailbox_status *status)
{
	record_text(record, "name", status->name);
	record_number(record, "id", status->id);
	record_mode(record, "mode", status->settings.mode);
	record_user(record, status->settings.uid);
	record_group(record, status->settings.gid);
	describe_limits(record, &status->settings);
	record_number(record, "queued", status->queued);
	record_number(record, "queued_bytes", status->queued_bytes);
	record_number(record, "receivers_waiting", status->receivers_waiting);
	record_number(record, "senders_waiting", status->senders_waiting);
	record_number(record, "sent", status->sent);
	record_number(record, "received", status->received);
	record_number(record, "dropped", status->dropped);
	describe_process(record, "bound_pid", status->owner_pid);
	describe_process(record, "bound_peer", status->owner_peer);
	describe_process(record, "offered_peer", status->offered_peer);
	record_bool(record, "broadcast", status->broadcast);
	record_bool(record, "lossy", status->lossy);
	record_number(record, "subscribers", status->subscribers);
	record_number(record, "missed", status->missed);
}

void describe_inbox(struct record *record, const struct msgpass_inbox_status *status)
{
	record_number(record, "pid", status->pid);
	record_number(record, "peer", status->peer);
	record_user(record, status->uid);
	record_mode(record, "mode", status->settings.mode);
	describe_limits(record, &status->settings);
	record_number(record, "links", status->links);
	record_number(record, "queued", status->queued);
	record_number(record, "queued_bytes", status->queued_bytes);
	record_number(record, "receivers_waiting", status->receivers_waiting);
	record_number(record, "senders_waiting", status->senders_waiting);
	record_number(record, "sent", status->sent);
	record_number(record, "received", status->received);
	record_number(record, "dropped", status->dropped);
}

void describe_link(struct record *record, const struct msgpass_link_status *status)
{
	record_number(record, "from_pid", status->from_pid);
	record_number(record, "from_peer", status->from_peer);
	record_number(record, "to_pid", status->to_pid);
	record_number(record, "to_peer", status->to_peer);
	record_limit(record, "capacity", status->capacity);
	record_limit(record, "capacity_bytes", status->capacity_bytes);
	record_number(record, "queued", status->queued);
	record_number(record, "queued_bytes", status->queued_bytes);
	record_number(record, "receivers_waiting", status->receivers_waiting);
	record_number(record, "senders_waiting", status->senders_waiting);
	record_number(record, "sent", status->sent);
	record_number(record, "received", status->received);
	record_number(record, "dropped", status->dropped);
}

/* A clock that others do not see says nothing: how old, by now. */
static uint64_t age_of(uint64_t time_ns)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec - time_ns;
}

void describe_counters(struct record *record, const struct msgpass_counters *counters)
{
	record_number(record, "sent_bytes", counters->sent_bytes);
	record_number(record, "received_bytes", counters->received_bytes);
	record_number(record, "queued_max", counters->queued_max);
	if (counters->oldest_ns)
		record_number(record, "oldest_age_ns", age_of(counters->oldest_ns));
	else
		record_text(record, "oldest_age_ns", NULL);
	record_number(record, "sender_waits", counters->sender_waits);
	record_number(record, "receiver_waits", counters->receiver_waits);
	record_number(record, "refused", counters->refused);
	record_number(record, "expired", counters->expired);
}

void describe_message(struct record *record, const struct msgpass_message_info *info,
		      uint64_t length, uint64_t pieces)
{
	record_number(record, "length", length);
	record_number(record, "pieces", pieces);
	record_number(record, "sequence", info->sequence);
	record_number(record, "time_ns", info->time_ns);
	record_number(record, "pid", info->pid);
	record_number(record, "peer", info->peer);
	record_number(record, "uid", info->uid);
	record_number(record, "gid", info->gid);
	record_number(record, "type", info->type);
	record_number(record, "priority", info->priority);
	record_bool(record, "truncated", info->truncated);
	record_bool(record, "flow", info->flow);
	record_bool(record, "receipt", info->receipt);
	record_number(record, "fds", info->fds_count);
	record_number(record, "missed", info->missed);
}
