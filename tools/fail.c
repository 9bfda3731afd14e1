// SPDX-License-Identifier: GPL-2.0
/*
 * Failing: a sentence that names the thing and the remedy, and an exit code
 * that a script can use.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "target.h"

static void vcomplain(const char *format, va_list arguments)
{
	fputs("msgpass: ", stderr);
	vfprintf(stderr, format, arguments);
}

int fail(enum exit_code code, const char *format, ...)
{
	va_list arguments;

	/* several threads of serve may have something to say */
	flockfile(stderr);
	va_start(arguments, format);
	vcomplain(format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	funlockfile(stderr);
	return code;
}

int fail_usage(const struct options *options, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "msgpass %s: ", options->verb->name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "; see: msgpass help %s\n", options->verb->name);
	return WRONG_USAGE;
}

enum exit_code exit_code_of(int error)
{
	switch (-error) {
	case EAGAIN:
		return WOULD_BLOCK;
	case ETIMEDOUT:
		return TIMED_OUT;
	case ENOENT:
	case ESRCH:
		return NOT_FOUND;
	case EACCES:
	case EPERM:
		return NOT_PERMITTED;
	case EDQUOT:
	case ENOSPC:
		return OVER_LIMIT;
	case EPIPE:
		return GONE;
	case EMSGSIZE:
		return TOO_LONG;
	case EEXIST:
		return THERE_ALREADY;
	case EDEADLK:
		return DEADLOCK;
	default:
		return FAILED;
	}
}

static const char *verb_of(enum deed deed)
{
	/* clang-format off */
	static const char *const words[] = {
		[TO_SEND] = "send to",
		[TO_MEET] = "send to",
		[TO_BROADCAST] = "send to",
		[TO_CONFIRM] = "wait for receipts from",
		[TO_CALL] = "call",
		[TO_RECEIVE] = "receive from",
		[TO_SERVE] = "receive from",
		[TO_CREATE] = "create",
		[TO_BIND] = "create",
		[TO_DELETE] = "delete",
		[TO_SET] = "change",
		[TO_GIVE] = "give",
		[TO_WITHDRAW] = "withdraw the offer of",
		[TO_ACCEPT] = "accept",
		[TO_STAT] = "look at",
	};
	/* clang-format on */

	return words[deed];
}

/*
 * Sentences hold %s for what was addressed and %n for the bare name. The
 * first row that fits counts.
 */
static const struct {
	int error;
	int kind; /* ANY_KIND, or one of enum target_kind */
	int deed; /* ANY_DEED, or one of enum deed */
	const char *sentence;
} sentences[] = {
#define ANY_KIND -1
#define ANY_DEED -1
	{ EMSGSIZE, ANY_KIND, TO_BROADCAST,
	  "a broadcast is one message, and this one is longer than %s takes (EMSGSIZE); shorten it, or raise --message-max there" },
	{ EAGAIN, ANY_KIND, TO_BROADCAST,
	  "one of those who receive from %s has no room (EAGAIN), and nobody got it; wait with --timeout, or see: msgpass stat %n" },
	{ ETIMEDOUT, ANY_KIND, TO_BROADCAST,
	  "one of those who receive from %s had no room in time (ETIMEDOUT), and nobody got it; wait longer with --timeout, or make it --lossy" },
	{ EOPNOTSUPP, ANY_KIND, TO_BROADCAST,
	  "%s is for broadcast, which has no --synchronous, --receipt, --tries and --flow, and takes no UNIX socket, io_uring or /dev/msgpass (EOPNOTSUPP); leave that out" },
	{ EOPNOTSUPP, ANY_KIND, TO_CALL,
	  "%s is for broadcast and can't be called (EOPNOTSUPP); call another" },
	{ EOPNOTSUPP, ANY_KIND, TO_CREATE,
	  "%s can't be for broadcast without room (EOPNOTSUPP); give it a --capacity" },
	{ EOPNOTSUPP, ANY_KIND, TO_SET,
	  "%s is for broadcast and needs room (EOPNOTSUPP); give it a --capacity" },
	{ EAGAIN, TARGET_MAILBOX, TO_MEET,
	  "no receiver waits for it at %s (EAGAIN); wait for one with --timeout" },
	{ EAGAIN, ANY_KIND, TO_MEET,
	  "%s does not wait for it (EAGAIN); wait until it receives with --timeout" },
	{ ETIMEDOUT, TARGET_MAILBOX, TO_MEET,
	  "%s was not received from in time (ETIMEDOUT), and this was not sent; wait longer with --timeout" },
	{ ETIMEDOUT, ANY_KIND, TO_MEET,
	  "%s did not receive in time (ETIMEDOUT), and this was not sent; wait longer with --timeout" },
	{ ETIMEDOUT, ANY_KIND, TO_CONFIRM,
	  "no receipt came in time (ETIMEDOUT): what was sent to %s is neither received nor dropped yet; wait longer with --timeout, or let it end with --lifetime" },
	{ ETIMEDOUT, ANY_KIND, TO_CALL,
	  "no reply from %s came in time (ETIMEDOUT), and a later one reaches nobody; wait longer with --timeout" },
	{ EPIPE, TARGET_MAILBOX, TO_CALL,
	  "the call of %s ended without a reply (EPIPE): its server died or gave it up, or the mailbox was deleted; call again, or see: msgpass stat %n" },
	{ EPIPE, ANY_KIND, TO_CALL,
	  "the call of %s ended without a reply (EPIPE): it died or gave the call up; see what it says, and call again" },
	{ EMSGSIZE, ANY_KIND, TO_CALL,
	  "the request is longer than %s takes (EMSGSIZE); shorten it, or raise --message-max there" },
	{ EAGAIN, TARGET_MAILBOX, TO_SEND,
	  "%s is full (EAGAIN); wait with --timeout, or make room: msgpass recv %n" },
	{ EAGAIN, ANY_KIND, TO_SEND,
	  "the link to %s is full (EAGAIN); wait with --timeout until it receives" },
	{ EAGAIN, ANY_KIND, TO_RECEIVE,
	  "there is no such message from %s (EAGAIN); wait for one with --timeout, or without --nonblock" },
	{ ETIMEDOUT, TARGET_MAILBOX, TO_SEND,
	  "%s had no room in time (ETIMEDOUT); wait longer with --timeout, or make room: msgpass recv %n" },
	{ ETIMEDOUT, ANY_KIND, TO_SEND,
	  "the link to %s had no room in time (ETIMEDOUT); wait longer with --timeout" },
	{ ETIMEDOUT, ANY_KIND, TO_RECEIVE,
	  "no message from %s came in time (ETIMEDOUT); wait longer with --timeout" },
	{ EMSGSIZE, TARGET_MAILBOX, TO_RECEIVE,
	  "the next message of %s comes with open files (EMSGSIZE); give them to a command: msgpass recv --fds %n -- COMMAND, or close them: msgpass recv --truncate SIZE %n" },
	{ EMSGSIZE, ANY_KIND, TO_RECEIVE,
	  "the next message from %s comes with open files (EMSGSIZE); give them to a command with --fds, or close them with --truncate" },
	{ EMFILE, ANY_KIND, TO_RECEIVE,
	  "the open files that come with the next message from %s are more than this process may have (EMFILE), and it is still there; raise the limit: ulimit -n" },
	{ EOPNOTSUPP, ANY_KIND, TO_SEND,
	  "one of the open files can't be sent to %s (EOPNOTSUPP): a UNIX socket, an io_uring or /dev/msgpass; send another" },
	{ ELOOP, ANY_KIND, TO_SEND,
	  "one of the open files is a mailbox that could then be reached only from itself (ELOOP); send it elsewhere than to %s" },
	{ EDEADLK, ANY_KIND, ANY_DEED,
	  "to wait for %s would never end (EDEADLK): it waits for this process, perhaps through others; first give it what it waits for, or wait with --timeout" },
	{ ENOENT, TARGET_MAILBOX, ANY_DEED,
	  "there is no %s that you may see (ENOENT); see what there is: msgpass ls, or make it: msgpass create %n" },
	{ EEXIST, TARGET_MAILBOX, TO_BIND,
	  "%s is there already (EEXIST) and does not become bound; remove it: msgpass rm %n" },
	{ EEXIST, TARGET_MAILBOX, ANY_DEED,
	  "%s is there already (EEXIST); use it without --exclusive, or remove it: msgpass rm %n" },
	{ ESRCH, ANY_KIND, TO_GIVE,
	  "there is no such process that %s could be given to (ESRCH); it must be alive, and named by its pid or peer id" },
	{ ESRCH, ANY_KIND, TO_WITHDRAW,
	  "there is no offer of %s to withdraw (ESRCH); see whose it is: msgpass stat %n" },
	{ ESRCH, ANY_KIND, TO_STAT,
	  "there is no inbox of %s that you may see (ESRCH); a process has one from its first message on" },
	{ ESRCH, ANY_KIND, ANY_DEED,
	  "there is no %s (ESRCH); see those that receive: msgpass ls --inboxes" },
	{ EPIPE, TARGET_MAILBOX, TO_SERVE,
	  "%s was deleted (EPIPE), and so its server ends; make it anew, and serve it again: msgpass create %n" },
	{ EPIPE, TARGET_MAILBOX, ANY_DEED, "%s was deleted (EPIPE); make it anew: msgpass create %n" },
	{ EPIPE, ANY_KIND, ANY_DEED, "%s died (EPIPE); start it anew" },
	{ EACCES, TARGET_MAILBOX, TO_SEND,
	  "the mode of %s does not let you send (EACCES); its owner can add the w for you, or for everyone with: msgpass set %n --mode 0622" },
	{ EACCES, TARGET_MAILBOX, TO_RECEIVE,
	  "the mode of %s does not let you receive (EACCES); its owner can add the r for you, or for everyone with: msgpass set %n --mode 0644" },
	{ EPERM, TARGET_MAILBOX, TO_ACCEPT,
	  "%s is not offered to this process (EPERM); its owner can: msgpass give %n --pid" },
	{ EPERM, TARGET_MAILBOX, ANY_DEED,
	  "only the owner of %s may do that (EPERM); do it as the owner or as root" },
	{ EPERM, ANY_KIND, TO_SEND,
	  "%s lets you send it nothing (EPERM); it can open its inbox, as msgpass recv does with --mode 0202" },
	{ EDQUOT, ANY_KIND, ANY_DEED,
	  "your quota does not let you have more for %s (EDQUOT); see msgpass info, and receive what you have sent" },
	{ ENOSPC, ANY_KIND, TO_CREATE,
	  "no room for %s: there are as many mailboxes as may be (ENOSPC); remove one: msgpass rm" },
	{ EMSGSIZE, ANY_KIND, TO_SEND,
	  "the message is longer than %s takes (EMSGSIZE); let it be cut by leaving out --message, or raise --message-max there" },
	{ ENAMETOOLONG, ANY_KIND, ANY_DEED,
	  "%s has too long a name (ENAMETOOLONG); 63 bytes are the most" },
	{ EINVAL, TARGET_MAILBOX, TO_SET,
	  "%s can't be set up so (EINVAL); a mode has r and w only, such as 0620, and the others have limits: msgpass info" },
	{ EINVAL, TARGET_MAILBOX, ANY_DEED,
	  "%s can't be named or set up so (EINVAL); a name holds no space, no slash and no control character, begins with no dot, and capacities have limits: msgpass info" },
};

static void print_sentence(const char *sentence, const struct target *target)
{
	fputs("msgpass: ", stderr);
	for (; *sentence; sentence++) {
		if (!strncmp(sentence, "%s", 2)) {
			fputs(target->text, stderr);
			sentence++;
		} else if (!strncmp(sentence, "%n", 2)) {
			fputs(text_shown(target->name), stderr);
			sentence++;
		} else {
			fputc(*sentence, stderr);
		}
	}
	fputc('\n', stderr);
}

int fail_with(const struct target *target, enum deed deed, int error)
{
	const size_t count = sizeof(sentences) / sizeof(sentences[0]);

	for (size_t i = 0; i < count; i++) {
		if (sentences[i].error != -error ||
		    (sentences[i].kind != ANY_KIND && sentences[i].kind != (int)target->kind) ||
		    (sentences[i].deed != ANY_DEED && sentences[i].deed != (int)deed))
			continue;
		print_sentence(sentences[i].sentence, target);
		return exit_code_of(error);
	}
	return fail(exit_code_of(error), "cannot %s %s: %s (%s)", verb_of(deed), target->text,
		    strerror(-error), strerrorname_np(-error));
}
