// SPDX-License-Identifier: GPL-2.0
/*
 * ls: tables for people, JSON and bare names for programs.
 */
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <unistd.h>

#include "describe.h"
#include "fail.h"
#include "target.h"
#include "verbs.h"

/**
 * struct listing - one listing being printed
 * @options: what the command line says
 * @device: where to ask
 * @count: things printed so far
 * @lists: listings begun so far
 */
struct listing {
	const struct options *options;
	int device;
	uint64_t count;
	int lists;
};

static const char *user_text(uid_t uid)
{
	static char number[16];
	struct passwd *user = getpwuid(uid);

	snprintf(number, sizeof(number), "%u", uid);
	return user ? user->pw_name : number;
}

static const char *group_text(gid_t gid)
{
	static char number[16];
	struct group *group = getgrgid(gid);

	snprintf(number, sizeof(number), "%u", gid);
	return group ? group->gr_name : number;
}

static const char *limit_text(uint64_t limit)
{
	static char number[24];

	snprintf(number, sizeof(number), "%" PRIu64, limit);
	return limit == MSGPASS_NO_LIMIT ? "unlimited" : number;
}

/* The process that a mailbox is bound to. */
static const char *owner_text(const struct msgpass_mailbox_status *status)
{
	static char number[16];

	if (!status->owner_peer)
		return "-";
	if (!status->owner_pid)
		return "unseen";
	snprintf(number, sizeof(number), "%d", status->owner_pid);
	return number;
}

static const char *kind_text(const struct msgpass_mailbox_status *status)
{
	if (status->lossy)
		return "lossy";
	return status->broadcast ? "broadcast" : "queue";
}

static void begin_list(struct listing *listing, const char *key, const char *heading)
{
	if (listing->options->json)
		printf("%s\"%s\": [", listing->lists ? ", " : "", key);
	else
		printf("%s%s\n", listing->lists ? "\n" : "", heading);
	listing->lists++;
	listing->count = 0;
}

static void end_list(struct listing *listing)
{
	if (listing->options->json)
		putchar(']');
}

static void begin_json(struct listing *listing, struct record *record)
{
	fputs(listing->count ? ",\n " : "\n ", stdout);
	record_begin(record, stdout, true);
}

static void print_mailbox(struct listing *listing, const struct msgpass_mailbox_status *status,
			  const struct msgpass_counters *counters)
{
	struct record record;

	if (listing->options->json) {
		begin_json(listing, &record);
		describe_mailbox(&record, status);
		describe_counters(&record, counters);
		record_end(&record);
		return;
	}
	printf("%04o %-10s %-10s %8" PRIu64 " %9s %10" PRIu64 " %9" PRIu64 " %7" PRIu64 " %7s %-9s ",
	       status->settings.mode, user_text(status->settings.uid),
	       group_text(status->settings.gid), status->queued,
	       limit_text(status->settings.capacity), status->queued_bytes,
	       status->receivers_waiting, status->senders_waiting, owner_text(status),
	       kind_text(status));
	text_print(stdout, status->name);
	putchar('\n');
}

/* To who is not root an empty list would say that there are none. */
static void tell_hidden(const struct listing *listing, uint64_t all)
{
	if (listing->options->json || geteuid() == 0 || all <= listing->count)
		return;
	fflush(stdout);
	fail(DONE,
	     "mailboxes hidden from you: %" PRIu64 "; their modes let you neither send nor receive",
	     all - listing->count);
}

static int list_mailboxes(struct listing *listing)
{
	struct msgpass_mailbox_status status = { 0 };
	struct msgpass_counters counters;
	struct msgpass_system_info info;
	int ret = msgpass_get_info(listing->device, &info);

	if (ret < 0)
		return ret;
	begin_list(listing, "mailboxes",
		   "MODE OWNER      GROUP        QUEUED  CAPACITY      BYTES RECEIVERS SENDERS   BOUND KIND      NAME");
	while ((ret = msgpass_mailbox_next_with(listing->device, &status, &counters)) > 0) {
		print_mailbox(listing, &status, &counters);
		listing->count++;
	}
	if (ret >= 0)
		tell_hidden(listing, info.mailboxes);
	end_list(listing);
	return ret;
}

static void print_inbox(struct listing *listing, const struct msgpass_inbox_status *status,
			const struct msgpass_counters *counters)
{
	struct record record;

	if (listing->options->json) {
		begin_json(listing, &record);
		describe_inbox(&record, status);
		describe_counters(&record, counters);
		record_end(&record);
		return;
	}
	printf("%04o %-10s %7d %8" PRIu64 " %8" PRIu64 " %10" PRIu64 " %9" PRIu64 " %7" PRIu64
	       " %" PRIu64 "\n",
	       status->settings.mode, user_text(status->uid), status->pid, status->links,
	       status->queued, status->queued_bytes, status->receivers_waiting,
	       status->senders_waiting, status->peer);
}

static int list_inboxes(struct listing *listing)
{
	struct msgpass_inbox_status status = { 0 };
	struct msgpass_counters counters;
	int ret;

	begin_list(listing, "inboxes",
		   "MODE OWNER          PID    LINKS   QUEUED      BYTES RECEIVERS SENDERS PEER");
	while ((ret = msgpass_inbox_next_with(listing->device, &status, &counters)) > 0) {
		print_inbox(listing, &status, &counters);
		listing->count++;
	}
	end_list(listing);
	return ret;
}

static void print_link(struct listing *listing, const struct msgpass_link_status *status,
		       const struct msgpass_counters *counters)
{
	struct record record;

	if (listing->options->json) {
		begin_json(listing, &record);
		describe_link(&record, status);
		describe_counters(&record, counters);
		record_end(&record);
		return;
	}
	printf("%7d %7d %8" PRIu64 " %9s %10" PRIu64 " %9" PRIu64 " %7" PRIu64 " %" PRIu64
	       "->%" PRIu64 "\n",
	       status->from_pid, status->to_pid, status->queued, limit_text(status->capacity),
	       status->queued_bytes, status->receivers_waiting, status->senders_waiting,
	       status->from_peer, status->to_peer);
}

static int list_links(struct listing *listing)
{
	struct msgpass_link_status status = { 0 };
	struct msgpass_counters counters;
	int ret;

	begin_list(listing, "links",
		   "   FROM      TO   QUEUED  CAPACITY      BYTES RECEIVERS SENDERS PEERS");
	while ((ret = msgpass_link_next_with(listing->device, &status, &counters)) > 0) {
		print_link(listing, &status, &counters);
		listing->count++;
	}
	end_list(listing);
	return ret;
}

/* Names hold no newline; a terminal gets what is safe for it. */
static int list_names(struct listing *listing)
{
	struct msgpass_mailbox_status status = { 0 };
	bool raw = !isatty(STDOUT_FILENO);
	int ret;

	while ((ret = msgpass_mailbox_next(listing->device, &status)) > 0) {
		if (raw)
			fputs(status.name, stdout);
		else
			text_print(stdout, status.name);
		putchar('\n');
	}
	return ret;
}

static int list_wanted(struct listing *listing)
{
	const struct options *options = listing->options;
	int ret = 0;

	if (options->names)
		return list_names(listing);
	if (options->json)
		putchar('{');
	if (options->mailboxes || !(options->inboxes || options->links))
		ret = list_mailboxes(listing);
	if (ret >= 0 && options->inboxes)
		ret = list_inboxes(listing);
	if (ret >= 0 && options->links)
		ret = list_links(listing);
	if (options->json)
		puts("}");
	return ret;
}

int list(const struct options *options)
{
	struct listing listing = { .options = options };
	int ret;

	if (options->operand_count)
		return fail_usage(options, "it takes no operand");
	if (options->names && (options->json || options->inboxes || options->links))
		return fail_usage(options, "--names stands alone");
	ret = target_open_device(&listing.device);
	if (ret)
		return ret;
	ret = list_wanted(&listing);
	if (ret < 0)
		return fail_with(&(struct target){ .kind = TARGET_ANYONE, .text = "what there is" },
				 TO_STAT, ret);
	return DONE;
}
