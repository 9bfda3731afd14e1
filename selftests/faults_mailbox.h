/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults in making, changing and asking for mailboxes, inboxes and links, and in what a file
 * descriptor does besides.
 */
#ifndef FAULTS_MAILBOX_H
#define FAULTS_MAILBOX_H

#include <sys/epoll.h>

#include "faults_message.h"

/* --- opening */

static void opened(struct stage *stage)
{
	NEED(stage->fd >= 0);
	NEED(!close(stage->fd));
}

static void opened_to_send_and_receive(struct stage *stage)
{
	NEED(!send_number(stage->fd, 0, 7));
	NEED(TAKE(stage->fd) == 7);
	opened(stage);
}

static void opened_named(struct stage *stage)
{
	NEED(!mailbox_delete(stage->fd, ""));
	opened(stage);
}

static void name_exists(struct stage *stage)
{
	int fd = MAILBOX_OPEN(stage->device, stage->name, OPEN_NEW);

	NEED(fd >= 0);
	close(fd);
}

static void name_is_gone(struct stage *stage)
{
	struct msgpass_mailbox_stat stat;

	NEED(mailbox_stat(stage->device, stage->name, &stat) == -ENOENT);
}

static void delete_name(struct stage *stage)
{
	NEED(!mailbox_delete(stage->device, stage->name));
	name_is_gone(stage);
}

static void no_such_name(struct stage *stage)
{
	name_is_gone(stage);
	all_is_as_it_was(stage);
}

#define OPENS(...) (stage->fd = MAILBOX_OPEN(stage->device, __VA_ARGS__))

A_FAULT(in_opening_an_anonymous_mailbox, OPENS("", OPEN_NEW), .done = opened_to_send_and_receive)

A_FAULT(in_making_a_mailbox, OPENS(stage->name, OPEN_NEW), .undone = no_such_name,
	.done = opened_named)

A_FAULT(in_opening_a_mailbox, OPENS(stage->name, MSGPASS_OPEN_SEND),
	.prepare = name_exists, .done = opened_named)

A_FAULT(in_making_a_mailbox_under_any_port, OPENS("0", OPEN_NEW | MSGPASS_OPEN_NONBLOCK),
	.done = opened_named)

A_FAULT(in_making_a_bound_mailbox,
	OPENS(stage->name, OPEN_NEW | MSGPASS_OPEN_BOUND, .set = MSGPASS_SET_MODE, .mode = 0666),
	.undone = no_such_name, .done = opened_named)

A_FAULT(in_making_a_broadcast, OPENS(stage->name, OPEN_NEW | MSGPASS_OPEN_BROADCAST),
	.undone = no_such_name, .done = opened_named)

A_FAULT(in_making_a_lossy_broadcast_to_send,
	OPENS(stage->name, MSGPASS_OPEN_SEND | MSGPASS_OPEN_CREATE | MSGPASS_OPEN_BROADCAST |
	      MSGPASS_OPEN_LOSSY),
	.undone = no_such_name, .done = opened_named)

static void broadcast_exists(struct stage *stage)
{
	stage->subscribers[0] = MAILBOX_OPEN(stage->device, stage->name,
					     OPEN_NEW | MSGPASS_OPEN_BROADCAST);
	NEED(stage->subscribers[0] >= 0);
}

static void one_subscribes(struct stage *stage)
{
	struct msgpass_mailbox_stat stat;

	NEED(!mailbox_stat(stage->device, stage->name, &stat));
	NEED(stat.out_subscribers == 1);
	all_is_as_it_was(stage);
}

static void two_subscribe(struct stage *stage)
{
	struct msgpass_mailbox_stat stat;

	NEED(!mailbox_stat(stage->device, stage->name, &stat));
	NEED(stat.out_subscribers == 2);
	opened_named(stage);
	NEED(!close(stage->subscribers[0]));
}

A_FAULT(in_subscribing, OPENS(stage->name, MSGPASS_OPEN_RECEIVE),
	.prepare = broadcast_exists, .undone = one_subscribes, .done = two_subscribe)

/* --- broadcasts */

static void three_subscribe(struct stage *stage)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		stage->subscribers[i] = MAILBOX_OPEN(stage->device, stage->name,
						     OPEN_NEW | MSGPASS_OPEN_BROADCAST);
		NEED(stage->subscribers[i] >= 0);
	}
}

static void nobody_got_it(struct stage *stage)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		NEED(TAKE(stage->subscribers[i]) == -EAGAIN);
	all_is_as_it_was(stage);
}

static void unsubscribe(struct stage *stage)
{
	unsigned int i;

	NEED(!mailbox_delete(stage->subscribers[0], ""));
	for (i = 0; i < 3; i++)
		NEED(!close(stage->subscribers[i]));
}

static void all_got_it(struct stage *stage)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		NEED(TAKE(stage->subscribers[i]) == 7);
		NEED(TAKE(stage->subscribers[i]) == -EAGAIN);
	}
	unsubscribe(stage);
}

static void all_got_it_with_files(struct stage *stage)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		NEED(!RECEIVE(stage->subscribers[i], NULL, NUMBER_PLACE, FDS_PLACE, NONBLOCK));
		need_files(stage, 3);
	}
	unsubscribe(stage);
}

A_FAULT(in_a_broadcast, SEND(stage->subscribers[0], NUMBER(7), NONBLOCK),
	.prepare = three_subscribe, .undone = nobody_got_it, .done = all_got_it)

A_FAULT(in_a_broadcast_with_a_lifetime,
	SEND(stage->subscribers[0], NUMBER(7), NONBLOCK, .lifetime = HOUR),
	.prepare = three_subscribe, .undone = nobody_got_it, .done = all_got_it)

A_FAULT(in_a_broadcast_of_files,
	SEND(stage->subscribers[0], NUMBER(7), FDS(three_files(stage), 3), NONBLOCK),
	.prepare = three_subscribe, .undone = nobody_got_it, .done = all_got_it_with_files)

static void files_are_broadcast(struct stage *stage)
{
	three_subscribe(stage);
	NEED(!SEND(stage->subscribers[0], NUMBER(7), FDS(three_files(stage), 3), NONBLOCK));
}

static void got_broadcast_files(struct stage *stage)
{
	need_files(stage, 3);
	NEED(TAKE(stage->subscribers[1]) == -EAGAIN);
	unsubscribe(stage);
}

A_FAULT(in_receiving_a_broadcast,
	RECEIVE(stage->subscribers[1], NULL, NUMBER_PLACE, FDS_PLACE, NONBLOCK),
	.prepare = files_are_broadcast, .done = got_broadcast_files)

/* --- changing and deleting, giving away */

#define SET_CAPACITY .set = MSGPASS_SET_CAPACITY, .capacity = 3

static void capacity_is(struct stage *stage, uint64_t capacity)
{
	struct msgpass_mailbox_stat stat;

	NEED(!mailbox_stat(stage->box, "", &stat));
	NEED(stat.out_attributes.capacity == capacity);
}

static void capacity_is_100(struct stage *stage)
{
	NEED(!MAILBOX_SET(stage->box, .set = MSGPASS_SET_CAPACITY, .capacity = 100));
}

static void capacity_stays_100(struct stage *stage)
{
	capacity_is(stage, 100);
	all_is_as_it_was(stage);
}

static void capacity_is_3(struct stage *stage)
{
	capacity_is(stage, 3);
	capacity_is_100(stage);
}

A_FAULT(in_setting_a_capacity, MAILBOX_SET(stage->box, SET_CAPACITY),
	.prepare = capacity_is_100, .undone = capacity_stays_100, .done = capacity_is_3)

A_FAULT(in_setting_by_name, MAILBOX_SET_NAMED(stage->device, stage->name, SET_CAPACITY),
	.prepare = name_exists, .done = delete_name)

A_FAULT(in_setting_the_inbox, INBOX_SET(stage->device, SET_CAPACITY))

A_FAULT(in_setting_the_inbox_of_a_new_process, INBOX_SET(stage->device, SET_CAPACITY),
	.in_child = as_whatever, .undone = as_whatever)

A_FAULT(in_deleting_by_name, mailbox_delete(stage->device, stage->name),
	.prepare = name_exists, .done = name_is_gone)

static void mailbox_to_delete(struct stage *stage)
{
	stage->fd = MAILBOX_OPEN(stage->device, stage->name, OPEN_NEW);
	NEED(stage->fd >= 0);
	NEED(!send_number(stage->fd, 0, 7));
}

static void it_was_deleted(struct stage *stage)
{
	NEED(TAKE(stage->fd) == -EPIPE);
	name_is_gone(stage);
	opened(stage);
}

A_FAULT(in_deleting, mailbox_delete(stage->fd, ""),
	.prepare = mailbox_to_delete, .done = it_was_deleted)

static uint64_t offered_to(struct stage *stage)
{
	struct msgpass_mailbox_stat stat;

	NEED(!mailbox_stat(stage->box, "", &stat));
	return stat.out_offered_peer;
}

static void not_offered(struct stage *stage)
{
	NEED(!offered_to(stage));
}

static void offered_to_child(struct stage *stage)
{
	NEED(offered_to(stage) == peer_of(stage->device, stage->child));
	child_goes(stage);
	NEED(wait_until(!offered_to(stage)));
}

/* The child gets an inbox for it, which stays. */
A_FAULT(in_giving, mailbox_give(stage->box, "", 0, stage->child),
	.prepare = child_comes, .undone = not_offered, .done = offered_to_child)

static void offered_to_oneself(struct stage *stage)
{
	NEED(!mailbox_give(stage->box, "", 0, getpid()));
}

static void still_offered(struct stage *stage)
{
	NEED(offered_to(stage) == stage->peer);
	all_is_as_it_was(stage);
}

A_FAULT(in_withdrawing_an_offer, mailbox_give(stage->box, "", MSGPASS_CANCEL, 0),
	.prepare = offered_to_oneself, .undone = still_offered, .done = not_offered)

/* So that it is charged to another. */
static void offered_to_oneself_as_another(struct stage *stage)
{
	offered_to_oneself(stage);
	NEED(!seteuid(FATHER));
}

static void it_is_fathers(struct stage *stage)
{
	struct msgpass_mailbox_stat stat;

	NEED(!mailbox_stat(stage->box, "", &stat));
	NEED(stat.out_attributes.uid == FATHER);
	NEED(!seteuid(0));
	not_offered(stage);
	NEED(!MAILBOX_SET(stage->box, .set = MSGPASS_SET_UID));
	offered_to_oneself(stage);
	NEED(!mailbox_accept(stage->box, ""));
}

A_FAULT(in_accepting, mailbox_accept(stage->box, ""),
	.prepare = offered_to_oneself_as_another, .undone = still_offered, .done = it_is_fathers)

/* --- asking */

static long stat_by_name(struct stage *stage)
{
	struct msgpass_mailbox_stat stat;

	return mailbox_stat(stage->device, stage->name, &stat);
}

A_FAULT(in_asking_for_a_mailbox, stat_by_name(stage), .prepare = name_exists, .done = delete_name)

static long stat_by_fd(struct stage *stage)
{
	struct msgpass_mailbox_stat stat;

	return mailbox_stat(stage->box, "", &stat);
}

A_FAULT(in_asking_for_ones_own_mailbox, stat_by_fd(stage))

static long next_mailbox(struct stage *stage)
{
	struct msgpass_mailbox_stat stat;

	return mailbox_next(stage->device, 0, &stat);
}

A_FAULT(in_listing_mailboxes, next_mailbox(stage), .prepare = name_exists, .done = delete_name)

static long stat_inbox(struct stage *stage)
{
	struct msgpass_inbox_stat stat;

	return inbox_stat(stage->device, 0, getpid(), &stat);
}

A_FAULT(in_asking_for_an_inbox, stat_inbox(stage))

static long next_inbox(struct stage *stage)
{
	struct msgpass_inbox_stat stat;

	return inbox_next(stage->device, 0, &stat);
}

A_FAULT(in_listing_inboxes, next_inbox(stage))

static long next_link(struct stage *stage)
{
	struct msgpass_link_stat stat;

	return link_next(stage->device, 0, 0, &stat);
}

A_FAULT(in_listing_links, next_link(stage))

/* --- what the kernel does with a file */

static struct pollfd *many(struct stage *stage)
{
	static struct pollfd fds[40];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = (struct pollfd){ .fd = i % 2 ? stage->box : stage->device,
					  .events = POLLIN };
	return fds;
}

A_FAULT(in_polling, poll(many(stage), 40, 1) < 0 ? -errno : 0)

static void new_epoll(struct stage *stage)
{
	stage->fd = epoll_create1(EPOLL_CLOEXEC);
	NEED(stage->fd >= 0);
}

/* It tells when there is something, and goes without a trace. */
static void epoll_tells(struct stage *stage)
{
	struct epoll_event event;

	NEED(!send_number(stage->box, 0, 7));
	NEED(epoll_wait(stage->fd, &event, 1, 10000) == 1);
	box_holds_7(stage);
	opened(stage);
}

A_FAULT(in_watching_with_epoll,
	epoll_ctl(stage->fd, EPOLL_CTL_ADD, stage->box,
		  &(struct epoll_event){ .events = EPOLLIN }) ? -errno : 0,
	.prepare = new_epoll, .done = epoll_tells)

static long set_async(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC) ? -errno : 0;
}

static bool is_async(int fd)
{
	return fcntl(fd, F_GETFL) & O_ASYNC;
}

static void unset_async(struct stage *stage, int fd)
{
	NEED(is_async(fd));
	NEED(!fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_ASYNC));
}

static void box_is_not_async(struct stage *stage)
{
	NEED(!is_async(stage->box));
	all_is_as_it_was(stage);
}

static void box_is_async(struct stage *stage)
{
	unset_async(stage, stage->box);
}

static void device_is_not_async(struct stage *stage)
{
	NEED(!is_async(stage->device));
	all_is_as_it_was(stage);
}

static void device_is_async(struct stage *stage)
{
	unset_async(stage, stage->device);
}

A_FAULT(in_asking_for_signals, set_async(stage->box),
	.undone = box_is_not_async, .done = box_is_async)

A_FAULT(in_asking_for_signals_of_the_inbox, set_async(stage->device),
	.undone = device_is_not_async, .done = device_is_async)

#endif
