/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What has to come of a cell, after the text of uapi/linux/msgpass.h: 0, or -errno. Nothing
 * here asks the module. The tables of docs/security.rst are made of the same rules.
 */
#ifndef PERMISSIONS_RULES_H
#define PERMISSIONS_RULES_H

#include "permissions_axes.h"

/* In the first user namespace, to which the mailboxes and most processes belong. */
static inline bool has_cap(const struct subject *subject, uint64_t capability)
{
	return subject->user_ns == FIRST && subject->capabilities & capability;
}

static inline bool in_group(const struct subject *subject, gid_t group)
{
	return subject->gid == group || subject->group == group;
}

/* --- mailboxes */

static inline bool is_owner(const struct subject *subject)
{
	return subject->effective == FATHER;
}

/* "For the owner, or with CAP_IPC_OWNER" */
static inline bool may_change(const struct subject *subject)
{
	return is_owner(subject) || has_cap(subject, CAP(IPC_OWNER));
}

/* "as of a file, r to receive and w to send, for owner, group and others" */
static inline uint32_t class_bits(const struct cell *cell)
{
	if (is_owner(cell->subject))
		return cell->mode >> 6 & 6;
	if (in_group(cell->subject, FAMILY))
		return cell->mode >> 3 & 6;
	return cell->mode & 6;
}

/* "by those who may send to it or receive from it, by its owner, by the process it is offered
 * to, and with CAP_IPC_OWNER"
 */
static inline bool may_see(const struct cell *cell)
{
	return class_bits(cell) || may_change(cell->subject) || cell->verb == ACCEPT_OFFERED;
}

/* "Names belong to the caller's network namespace" */
static inline bool is_named(const struct cell *cell)
{
	return cell->place != OTHER_NET;
}

static inline int open_rule(const struct cell *cell, uint32_t bits)
{
	if (!is_named(cell))
		return cell->verb == CREATE ? 0 : -ENOENT;
	if (has_cap(cell->subject, CAP(IPC_OWNER)))
		return 0;
	return bits & ~class_bits(cell) ? -EACCES : 0;
}

/* "A group that the caller is not in takes CAP_CHOWN", as giving it away does. The ids are
 * those of the first user namespace; elsewhere they mean nobody.
 */
static inline int chown_rule(const struct subject *subject, bool is_own)
{
	if (!may_change(subject))
		return -EPERM;
	if (subject->user_ns != FIRST)
		return -EINVAL;
	return is_own || has_cap(subject, CAP(CHOWN)) ? 0 : -EPERM;
}

static inline int change_rule(const struct cell *cell)
{
	const struct subject *subject = cell->subject;

	switch (cell->verb) {
	case STAT:
	case LIST:
	case ACCEPT_OFFERED:
		return 0;
	case ACCEPT:
		return -EPERM;
	case CHANGE_OWNER:
		return chown_rule(subject, false);
	case CHANGE_GROUP:
		return chown_rule(subject, in_group(subject, STRANGERS));
	default:
		return may_change(subject) ? 0 : -EPERM;
	}
}

static inline int name_rule(const struct cell *cell)
{
	switch (cell->verb) {
	case OPEN_TO_RECEIVE:
		return open_rule(cell, 4);
	case OPEN_TO_SEND:
		return open_rule(cell, 2);
	case OPEN_TO_DO_BOTH:
	case CREATE:
		return open_rule(cell, 6);
	case CREATE_ANEW:
		return is_named(cell) ? -EEXIST : 0;
	default:
		/* "for others it is not there (ENOENT)" */
		return is_named(cell) && may_see(cell) ? change_rule(cell) : -ENOENT;
	}
}

/* "It is the right it was opened with", whatever the mode, whoever has it, wherever. */
static inline int fd_rule(const struct cell *cell)
{
	const bool sends = cell->right & MSGPASS_OPEN_SEND;
	const bool receives = cell->right & MSGPASS_OPEN_RECEIVE;

	switch (cell->verb) {
	case DO_SEND:
	case DO_SEND_BATCH:
	case DO_WRITE:
		return sends ? 0 : -EBADF;
	case DO_CALL:
		/* "EOPNOTSUPP: [...] calls" */
		return !sends ? -EBADF : cell->kind == BROADCAST ? -EOPNOTSUPP : -EINPROGRESS;
	case DO_RECEIVE:
	case DO_RECEIVE_BATCH:
	case DO_READ:
	case DO_PEEK:
		return receives ? 0 : -EBADF;
	case REOPEN:
		return -EACCES;
	default:
		return change_rule(cell);
	}
}

/* --- processes */

/* kill(2): "the real or effective user ID of the sending process must equal the real or saved
 * set-user-ID of the target process", or CAP_KILL in the target's user namespace, which who
 * made that has, too.
 */
static inline bool may_signal(const struct subject *subject, const struct target *target)
{
	const uid_t uids[] = { target->real, target->saved };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(uids); i++)
		if (subject->effective == uids[i] || subject->real == uids[i])
			return true;
	if (target->in_ns && subject->user_ns == FIRST && subject->effective == FATHER)
		return true;
	return has_cap(subject, CAP(KILL));
}

/* "0200 those whom kill(2) would let signal the process (always set), 0020 the process's group,
 * 0002 everybody"
 */
static inline bool may_send(const struct cell *cell)
{
	return may_signal(cell->subject, cell->target) || cell->mode & 0002 ||
	       (cell->mode & 0020 && in_group(cell->subject, FAMILY));
}

/* "by those whom kill(2) would let signal either of its processes" */
static inline bool may_see_link(const struct cell *cell)
{
	static const struct target root = { .real = 0 };

	return may_signal(cell->subject, cell->target) || may_signal(cell->subject, &root);
}

static inline int process_rule(const struct cell *cell)
{
	const bool visible = cell->place != INSIDE && cell->place != SIBLING;

	switch (cell->verb) {
	case LIST:
		return visible && may_signal(cell->subject, cell->target) ? 0 : -ENOENT;
	case LIST_LINK:
		return visible && may_see_link(cell) ? 0 : -ENOENT;
	default:
		break;
	}
	if (!visible)
		return -ESRCH;
	switch (cell->verb) {
	case RECEIVE_FROM:
		return -EAGAIN;
	case GIVE_TO:
		return 0;
	case SIGNAL:
		return may_signal(cell->subject, cell->target) ? 0 : -EPERM;
	case STAT:
	case STAT_BY_PEER:
		/* "by those whom kill(2) would let signal it, and with STAT by those who may send
		 * to it; for others there is none"
		 */
		return may_send(cell) ? 0 : -ESRCH;
	case DO_CALL:
		return may_send(cell) ? -EINPROGRESS : -EPERM;
	default:
		return may_send(cell) ? 0 : -EPERM;
	}
}

/* "ESRCH the process has no such token", whoever's it is. */
static inline int expect(const struct cell *cell)
{
	static int (* const rules[FAMILIES])(const struct cell *cell) = {
		[BY_NAME] = name_rule, [BY_FD] = fd_rule, [PROCESS] = process_rule,
	};

	return rules[cell->family] ? rules[cell->family](cell) : -ESRCH;
}

#endif
