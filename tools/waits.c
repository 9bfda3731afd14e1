// SPDX-License-Identifier: GPL-2.0
/*
 * Who waits for whom: asked of every mailbox and process that can be seen.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waits.h"

#define AT_A_TIME 64

static struct wait *add_wait(struct wait_list *list)
{
	struct wait *waits = list->waits;

	/* powers of two */
	if (!(list->count & (list->count - 1))) {
		waits = reallocarray(waits, list->count ? 2 * list->count : 1, sizeof(*waits));
		if (!waits)
			return NULL;
		list->waits = waits;
	}
	waits[list->count] = (struct wait){ 0 };
	return &waits[list->count++];
}

static void find_command(struct wait *wait)
{
	char path[32];
	FILE *file;

	strcpy(wait->command, "?");
	snprintf(path, sizeof(path), "/proc/%d/comm", wait->status.pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(wait->command, sizeof(wait->command), file))
		wait->command[strcspn(wait->command, "\n")] = '\0';
	fclose(file);
}

static int add_all(struct wait_list *list, const struct msgpass_wait_status *found, int count)
{
	for (int i = 0; i < count; i++) {
		struct wait *wait = add_wait(list);

		if (!wait)
			return -ENOMEM;
		wait->status = found[i];
		find_command(wait);
	}
	return count;
}

/* Of a mailbox, or if name is NULL of a process. What is gone meanwhile has none. */
static int collect_from(struct wait_list *list, int device, const char *name, uint64_t peer)
{
	struct msgpass_wait_status found[AT_A_TIME];
	uint64_t cursor = 0;
	int ret;

	do {
		ret = name ? msgpass_mailbox_waits(device, name, found, AT_A_TIME, &cursor) :
			     msgpass_inbox_waits(device, 0, peer, found, AT_A_TIME, &cursor);
		if (ret == -ENOENT || ret == -ESRCH)
			return 0;
		if (ret >= 0)
			ret = add_all(list, found, ret);
	} while (ret >= 0 && cursor);
	return ret;
}

/* The name of what one waits in, or that its call stands in. */
static int name_mailbox(struct wait_list *list, const struct msgpass_mailbox_status *mailbox)
{
	const char *name = NULL;

	for (size_t i = 0; i < list->count; i++) {
		if (list->waits[i].status.for_mailbox != mailbox->id)
			continue;
		if (!name)
			name = strdup(mailbox->name);
		if (!name)
			return -ENOMEM;
		list->waits[i].mailbox = name;
	}
	return 0;
}

static int name_mailboxes(struct wait_list *list, int device)
{
	struct msgpass_mailbox_status mailbox = { 0 };
	int ret;

	while ((ret = msgpass_mailbox_next(device, &mailbox)) > 0) {
		ret = name_mailbox(list, &mailbox);
		if (ret < 0)
			break;
	}
	return ret;
}

static int compare(const void *a, const void *b)
{
	const struct msgpass_wait_status *one = &((const struct wait *)a)->status;
	const struct msgpass_wait_status *other = &((const struct wait *)b)->status;

	if (one->pid != other->pid)
		return one->pid < other->pid ? -1 : 1;
	return one->tid < other->tid ? -1 : one->tid > other->tid;
}

/*
 * Breadth first, from one wait to those of the process that it waits for, until
 * one waits for the process that the first is of. before[i]: through which.
 */
static const struct wait *search(const struct wait_list *list, const struct wait *from,
				 const struct wait **before, const struct wait **queue)
{
	size_t first = 0, last = 0;

	memset(before, 0, list->count * sizeof(*before));
	queue[last++] = from;
	before[from - list->waits] = from;
	while (first < last) {
		const struct wait *at = queue[first++];

		if (!at->status.for_peer)
			continue;
		if (at->status.for_peer == from->status.peer)
			return at;
		for (size_t i = 0; i < list->count; i++) {
			if (before[i] || list->waits[i].status.peer != at->status.for_peer)
				continue;
			before[i] = at;
			queue[last++] = &list->waits[i];
		}
	}
	return NULL;
}

size_t waits_cycle(const struct wait_list *list, const struct wait *wait, const struct wait **cycle)
{
	const struct wait **before = calloc(2 * list->count, sizeof(*before));
	const struct wait *at;
	size_t count = 0;

	if (!before)
		return 0;
	for (at = search(list, wait, before, before + list->count); at; count++) {
		cycle[count] = at;
		/* another begins it */
		if (at < wait) {
			count = 0;
			break;
		}
		at = at == wait ? NULL : before[at - list->waits];
	}
	free(before);
	return count;
}

static int mark_cycles(struct wait_list *list)
{
	const struct wait **room = calloc(2 * list->count + 1, sizeof(*room));

	if (!room)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++)
		list->waits[i].in_cycle = search(list, &list->waits[i], room, room + list->count);
	free(room);
	return 0;
}

int waits_collect(struct wait_list *list, int device)
{
	struct msgpass_mailbox_status mailbox = { 0 };
	struct msgpass_inbox_status inbox = { 0 };
	int ret;

	*list = (struct wait_list){ .now_ns = msgpass_deadline(0) };
	while ((ret = msgpass_mailbox_next(device, &mailbox)) > 0) {
		ret = collect_from(list, device, mailbox.name, 0);
		if (ret < 0)
			return ret;
	}
	while (ret >= 0 && (ret = msgpass_inbox_next(device, &inbox)) > 0)
		ret = collect_from(list, device, NULL, inbox.peer);
	if (ret >= 0)
		ret = name_mailboxes(list, device);
	if (ret < 0)
		return ret;
	qsort(list->waits, list->count, sizeof(*list->waits), compare);
	return mark_cycles(list);
}
