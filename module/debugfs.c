// SPDX-License-Identifier: GPL-2.0
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "debugfs.h"
#include "direct.h"
#include "mailbox.h"
#include "waits.h"

/* Some of those who wait at a place. Mailboxes and inboxes share their numbers. */
struct wait_lines {
	u64 mailbox;			/* the last that is done with, or 0 */
	u64 inbox;			/* the same */
	u64 place;			/* where they wait */
	u64 skip;			/* how many others to pass over there */
	u64 now;
	unsigned int shown;
	unsigned int count;
	struct msgpass_wait_element waits[16];
};

/* One line of a table. */
union line {
	struct msgpass_mailbox_stat mailbox;
	struct msgpass_inbox_stat inbox;
	struct msgpass_link_stat link;
	struct wait_lines waits;
};

struct table {
	const char *name;
	const char *heading;
	/* From one line, or zeros, to the next: -ENOENT after the last. */
	int (*next)(union line *line);
	void (*show)(struct seq_file *file, const union line *line);
};

/* How far somebody has read. */
struct reading {
	const struct table *table;
	loff_t at;
	bool there;			/* is a line at @at */
	union line line;
};

#define COUNTS "queued queued_bytes receivers_waiting senders_waiting sent received dropped"
#define TALLY "sent_bytes received_bytes queued_max oldest_age_ns sender_waits receiver_waits refused expired"

static void show_counts(struct seq_file *file, u64 queued, u64 queued_bytes,
			u64 receivers_waiting, u64 senders_waiting, u64 sent,
			u64 received, u64 dropped)
{
	seq_printf(file, " %llu %llu %llu %llu %llu %llu %llu", queued,
		   queued_bytes, receivers_waiting, senders_waiting, sent,
		   received, dropped);
}

static void show_tally(struct seq_file *file, const struct msgpass_tally *tally)
{
	u64 age = tally->oldest_time ? ktime_get_ns() - tally->oldest_time : 0;

	seq_printf(file, " %llu %llu %llu %llu %llu %llu %llu %llu",
		   tally->sent_bytes, tally->received_bytes, tally->queued_max,
		   age, tally->sender_waits, tally->receiver_waits,
		   tally->refused, tally->expired);
}

static int next_mailbox(union line *line)
{
	line->mailbox.id = line->mailbox.out_id;
	return msgpass_mailbox_next_stat(&line->mailbox);
}

static void show_mailbox(struct seq_file *file, const union line *line)
{
	const struct msgpass_mailbox_stat *stat = &line->mailbox;

	seq_printf(file, "%llu %04o %u %u", stat->out_id,
		   stat->out_attributes.mode, stat->out_attributes.uid,
		   stat->out_attributes.gid);
	show_counts(file, stat->out_queued, stat->out_queued_bytes,
		    stat->out_receivers_waiting, stat->out_senders_waiting,
		    stat->out_sent, stat->out_received, stat->out_dropped);
	show_tally(file, &stat->out_tally);
	/* Last: it may hold anything but spaces. */
	seq_printf(file, " %llu %llu %s\n", stat->out_subscribers,
		   stat->out_missed, stat->name);
}

static int next_inbox(union line *line)
{
	line->inbox.process = line->inbox.out_peer;
	return msgpass_inbox_next(&line->inbox);
}

static void show_inbox(struct seq_file *file, const union line *line)
{
	const struct msgpass_inbox_stat *stat = &line->inbox;

	seq_printf(file, "%d %llu %04o %u %llu", stat->out_pid, stat->out_peer,
		   stat->out_attributes.mode, stat->out_uid, stat->out_links);
	show_counts(file, stat->out_queued, stat->out_queued_bytes,
		    stat->out_receivers_waiting, stat->out_senders_waiting,
		    stat->out_sent, stat->out_received, stat->out_dropped);
	show_tally(file, &stat->out_tally);
	seq_putc(file, '\n');
}

static int next_link(union line *line)
{
	line->link.to_peer = line->link.out_to_peer;
	line->link.from_peer = line->link.out_from_peer;
	return msgpass_link_next(&line->link);
}

static void show_link(struct seq_file *file, const union line *line)
{
	const struct msgpass_link_stat *stat = &line->link;

	seq_printf(file, "%d %d %llu %llu", stat->out_from_pid, stat->out_to_pid,
		   stat->out_from_peer, stat->out_to_peer);
	show_counts(file, stat->out_queued, stat->out_queued_bytes,
		    stat->out_receivers_waiting, stat->out_senders_waiting,
		    stat->out_sent, stat->out_received, stat->out_dropped);
	show_tally(file, &stat->out_tally);
	seq_putc(file, '\n');
}

static struct msgpass_waits *waits_at(struct wait_lines *lines, u64 place)
{
	if (place != lines->place)
		lines->skip = 0;
	lines->place = place;
	return msgpass_waits_new(lines->skip, ARRAY_SIZE(lines->waits));
}

/* NULL after the last, or ERR_PTR. */
static struct msgpass_waits *waits_at_mailbox(struct wait_lines *lines)
{
	struct msgpass_mailbox *mailbox = msgpass_mailbox_next(lines->mailbox);
	struct msgpass_waits *waits;

	if (IS_ERR(mailbox))
		return mailbox == ERR_PTR(-ENOENT) ? NULL : ERR_CAST(mailbox);
	waits = waits_at(lines, mailbox->id);
	if (waits)
		msgpass_waits_at_mailbox(waits, mailbox);
	msgpass_mailbox_put(mailbox);
	return waits ?: ERR_PTR(-ENOMEM);
}

static struct msgpass_waits *waits_at_inbox(struct wait_lines *lines)
{
	struct msgpass_peer *peer = msgpass_peer_next(lines->inbox);
	struct msgpass_waits *waits;

	if (!peer)
		return NULL;
	waits = waits_at(lines, peer->id);
	if (waits)
		msgpass_waits_at_inbox(waits, msgpass_inbox_of(peer));
	msgpass_peer_put(peer);
	return waits ?: ERR_PTR(-ENOMEM);
}

/* More of those at the same place, or those at the next. */
static int find_waits(struct wait_lines *lines)
{
	struct msgpass_waits *waits = waits_at_mailbox(lines);
	u64 *last = &lines->mailbox;

	if (!waits) {
		waits = waits_at_inbox(lines);
		last = &lines->inbox;
	}
	if (IS_ERR_OR_NULL(waits))
		return waits ? PTR_ERR(waits) : -ENOENT;
	lines->shown = 0;
	lines->count = 0;
	while (lines->count < ARRAY_SIZE(lines->waits) &&
	       msgpass_waits_show(waits, &lines->waits[lines->count]))
		lines->count++;
	lines->now = waits->now;
	lines->skip = msgpass_waits_next(waits);
	if (!lines->skip)
		*last = lines->place;
	msgpass_waits_free(waits);
	return 0;
}

static int next_wait(union line *line)
{
	struct wait_lines *lines = &line->waits;
	int error;

	while (lines->shown == lines->count) {
		error = find_waits(lines);
		if (error)
			return error;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	lines->shown++;
	return 0;
}

static void show_wait(struct seq_file *file, const union line *line)
{
	static const char *const reasons[] = {
		[MSGPASS_FOR_MESSAGE] = "message",
		[MSGPASS_FOR_ROOM] = "room",
		[MSGPASS_FOR_RENDEZVOUS] = "rendezvous",
		[MSGPASS_FOR_REPLY] = "reply",
		[MSGPASS_FOR_FLOW] = "flow",
	};
	const struct wait_lines *lines = &line->waits;
	const struct msgpass_wait_element *wait;

	wait = &lines->waits[lines->shown - 1];
	seq_printf(file, "%d %d %llu %s %d %llu %llu %llu %llu\n",
		   wait->out_pid, wait->out_tid, wait->out_peer,
		   reasons[wait->out_reason], wait->out_for_pid,
		   wait->out_for_peer, wait->out_for_mailbox,
		   lines->now - wait->out_since, wait->out_deadline);
}

static const struct table tables[] = {
	{ "mailboxes",
	  "id mode uid gid " COUNTS " " TALLY " subscribers missed name",
	  next_mailbox, show_mailbox },
	{ "inboxes", "pid peer mode uid links " COUNTS " " TALLY,
	  next_inbox, show_inbox },
	{ "links", "from_pid to_pid from_peer to_peer " COUNTS " " TALLY,
	  next_link, show_link },
	{ "waits",
	  "pid tid peer reason for_pid for_peer for_mailbox age_ns deadline_ns",
	  next_wait, show_wait },
};

static bool advance(struct reading *reading)
{
	reading->at++;
	reading->there = !reading->table->next(&reading->line);
	return reading->there;
}

/* To line @position, the heading being 0. */
static void seek(struct reading *reading, loff_t position)
{
	memset(&reading->line, 0, sizeof(reading->line));
	reading->at = 0;
	reading->there = true;
	while (reading->at < position && advance(reading))
		;
}

static void *table_start(struct seq_file *file, loff_t *position)
{
	struct reading *reading = file->private;

	if (!*position || *position != reading->at)
		seek(reading, *position);
	return reading->there ? reading : NULL;
}

static void *table_next(struct seq_file *file, void *at, loff_t *position)
{
	++*position;
	return advance(at) ? at : NULL;
}

static void table_stop(struct seq_file *file, void *at)
{
}

static int table_show(struct seq_file *file, void *at)
{
	struct reading *reading = at;

	if (reading->at)
		reading->table->show(file, &reading->line);
	else
		seq_printf(file, "%s\n", reading->table->heading);
	return 0;
}

static const struct seq_operations table_operations = {
	.start = table_start,
	.next = table_next,
	.stop = table_stop,
	.show = table_show,
};

static int table_open(struct inode *inode, struct file *file)
{
	struct reading *reading;

	reading = __seq_open_private(file, &table_operations, sizeof(*reading));
	if (!reading)
		return -ENOMEM;
	reading->table = inode->i_private;
	return 0;
}

static const struct file_operations table_fops = {
	.owner = THIS_MODULE,
	.open = table_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

static struct dentry *directory;

void msgpass_debugfs_init(void)
{
	unsigned int i;

	/* Nobody depends on it: it is not there, then. */
	directory = debugfs_create_dir("msgpass", NULL);
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		debugfs_create_file(tables[i].name, 0400, directory,
				    (void *)&tables[i], &table_fops);
}

void msgpass_debugfs_exit(void)
{
	debugfs_remove(directory);
}
