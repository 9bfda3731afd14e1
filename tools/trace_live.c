// SPDX-License-Identifier: GPL-2.0
/*
 * Tracing the module as it runs, through a tracefs instance of our own, so
 * that nobody else's tracing is disturbed.
 *
 * A guard removes the instance: a child that waits until this process is gone,
 * in whatever way, and does nothing else.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <msgpass.h>
#include <tracefs.h>

#include "fail.h"
#include "job.h"
#include "trace.h"
#include "trace_record.h"

#define SYSTEM	     "msgpass"
#define TRACING	     "/sys/kernel/tracing"
#define INTERVAL_MS  50
#define NS_PER_S     1000000000ULL
#define COMM_SIZE    80
#define REMOVE_TRIES 500
#define REMOVE_MS    10

/**
 * struct session - tracing that goes on
 * @trace: what, and for whom
 * @path: of the instance
 * @instance: of our own
 * @tep: knows the events' formats
 * @guard_pipe: the guard waits for its end
 * @guard: removes the instance
 * @go: the command waits for its end
 * @command: pid of it, 0 if there is none or it has ended
 * @code: its exit code
 * @signals: those that end the tracing
 * @told: a signal has come
 * @over: and that was the end
 * @began: when events began to be recorded
 * @pending: events that others may yet precede
 * @comms: names of threads, as the kernel remembers them, while events are read
 * @ret: what became of them
 */
struct session {
	const struct trace *trace;
	char *path;
	struct tracefs_instance *instance;
	struct tep_handle *tep;
	int guard_pipe;
	pid_t guard;
	int go;
	pid_t command;
	int code;
	int signals;
	bool told;
	bool over;
	uint64_t began;
	struct recording pending;
	char *comms;
	int ret;
};

static void sleep_ms(int milliseconds)
{
	poll(NULL, 0, milliseconds);
}

/* --- what it takes */

static int check_kernel(struct session *session)
{
	const char *dir;
	char *events;
	int ret;

	if (geteuid())
		return fail(NOT_PERMITTED, "tracing is for root; try: sudo msgpass trace");
	if (tracefs_tracing_dir_is_mounted(false, &dir) <= 0) {
		if (access(TRACING, F_OK))
			return fail(NOT_FOUND,
				    "this kernel can't trace: it was built without CONFIG_EVENT_TRACING");
		return fail(NOT_FOUND,
			    "tracefs is not mounted; mount it: mount -t tracefs none " TRACING);
	}
	if (asprintf(&events, "%s/events/" SYSTEM, dir) < 0 ||
	    asprintf(&session->path, "%s/instances/" SYSTEM "-%d", dir, getpid()) < 0)
		return fail(FAILED, "there is not enough memory");
	ret = access(events, F_OK);
	free(events);
	if (!ret)
		return DONE;
	if (access("/sys/module/" SYSTEM, F_OK))
		return fail(NOT_FOUND, "the module is not loaded; load it: modprobe " SYSTEM);
	return fail(NOT_FOUND, "the module that is loaded has no tracepoints; load a newer one");
}

/* --- processes */

/* The instance is busy until the last of our files in it is closed. */
static void remove_instance(const char *path)
{
	for (int i = 0; i < REMOVE_TRIES && rmdir(path) && errno == EBUSY; i++)
		sleep_ms(REMOVE_MS);
}

static int start_guard(struct session *session)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		return fail(FAILED, "cannot make a pipe: %m");
	session->guard = fork();
	if (session->guard < 0)
		return fail(FAILED, "cannot start a process: %m");
	if (!session->guard) {
		close(ends[1]);
		/* ^C is for the others */
		setsid();
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		remove_instance(session->path);
		_exit(0);
	}
	close(ends[0]);
	session->guard_pipe = ends[1];
	return DONE;
}

/* Before there are files of tracefs that it could inherit. */
static int start_command(struct session *session)
{
	int ends[2];
	sigset_t none;
	char byte;

	if (!session->trace->command)
		return DONE;
	if (pipe2(ends, O_CLOEXEC))
		return fail(FAILED, "cannot make a pipe: %m");
	fflush(stdout);
	session->command = fork();
	if (session->command < 0)
		return fail(FAILED, "cannot start a process: %m");
	if (!session->command) {
		close(ends[1]);
		close(session->guard_pipe);
		/* a byte to go on, the end of file if there is no tracing */
		if (read(ends[0], &byte, 1) != 1)
			_exit(FAILED);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		_exit(job_become(session->trace->command));
	}
	close(ends[0]);
	session->go = ends[1];
	return DONE;
}

static int catch_signals(struct session *session)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	session->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return session->signals < 0 ? fail(FAILED, "cannot wait for signals: %m") : DONE;
}

static void reap_command(struct session *session, int flags)
{
	int status;

	if (!session->command || waitpid(session->command, &status, flags) != session->command)
		return;
	session->command = 0;
	session->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What the terminal sends to us it sends to the command as well. */
static void take_signal(struct session *session, const struct signalfd_siginfo *signal)
{
	if (signal->ssi_signo == SIGCHLD) {
		reap_command(session, WNOHANG);
		return;
	}
	if (!session->told && session->command && signal->ssi_code <= 0)
		kill(session->command, signal->ssi_signo);
	/* a command that does not mind is waited for, but not twice */
	session->over = session->told || !session->command;
	session->told = true;
}

/* False when the time has come to end. */
static bool goes_on(struct session *session)
{
	struct pollfd pollfd = { .fd = session->signals, .events = POLLIN };
	bool had_command = session->command;
	struct signalfd_siginfo signal;

	if (poll(&pollfd, 1, INTERVAL_MS) <= 0)
		return true;
	while (read(session->signals, &signal, sizeof(signal)) == sizeof(signal))
		take_signal(session, &signal);
	return !session->over && (!had_command || session->command);
}

/* --- events */

/* Of a thread that is gone the kernel may remember the name. */
static void remember_comm(struct session *session, int tid, char *comm)
{
	char *line, *rest;

	if (!session->comms)
		session->comms = tracefs_instance_file_read(NULL, "saved_cmdlines", NULL);
	strcpy(comm, "-");
	for (line = session->comms; line && *line; line = strchrnul(line, '\n'), line += !!*line)
		if (strtol(line, &rest, 10) == tid && *rest == ' ') {
			snprintf(comm, COMM_SIZE, "%.*s", (int)strcspn(rest + 1, "\n"), rest + 1);
			return;
		}
}

static void find_comm(struct session *session, int tid, char *comm)
{
	char path[48], *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	file = fopen(path, "re");
	end = file && fgets(comm, COMM_SIZE, file) ? strchrnul(comm, '\n') : NULL;
	if (file)
		fclose(file);
	if (end)
		*end = '\0';
	else
		remember_comm(session, tid, comm);
}

/* These are numbers with names, and the event's text has the names. */
static bool is_symbolic(const char *key)
{
	static const char *const keys[] = { "flags", "what", "reason", "ioctl", "mode" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

/* The last one counts: before it there may be a name that looks like it. */
static bool copy_symbol(char *value, size_t size, const char *text, const char *key)
{
	const char *found = NULL, *next = text;
	char wanted[32];

	snprintf(wanted, sizeof(wanted), " %s=", key);
	while ((next = strstr(next, wanted)))
		found = next += strlen(wanted);
	if (!found)
		return false;
	snprintf(value, size, "%.*s", (int)strcspn(found, " "), found);
	return true;
}

static void write_number(FILE *file, struct tep_format_field *field, struct tep_record *record)
{
	unsigned long long number = 0;
	char value[32];

	tep_read_number_field(field, record->data, &number);
	if (field->flags & TEP_FIELD_IS_SIGNED)
		snprintf(value, sizeof(value), "%lld",
			 field->size == 4 ? (int)number : (long long)number);
	else
		snprintf(value, sizeof(value), "%llu", number);
	event_field(file, field->name, value);
}

static void write_field(FILE *file, struct tep_format_field *field, struct tep_record *record,
			const char *text)
{
	char value[128];
	int length;

	if (field->flags & TEP_FIELD_IS_STRING) {
		const char *string =
			tep_get_field_raw(NULL, field->event, field->name, record, &length, 0);

		event_field(file, field->name, string ? string : "");
	} else if (is_symbolic(field->name) && copy_symbol(value, sizeof(value), text, field->name)) {
		event_field(file, field->name, value);
	} else {
		write_number(file, field, record);
	}
}

static void write_fields(FILE *file, struct tep_event *event, struct tep_record *record)
{
	struct trace_seq text;

	trace_seq_init(&text);
	trace_seq_putc(&text, ' ');
	tep_print_event(event->tep, &text, record, "%s", TEP_PRINT_INFO);
	trace_seq_terminate(&text);
	for (struct tep_format_field *field = event->format.fields; field; field = field->next)
		write_field(file, field, record, text.buffer);
	trace_seq_destroy(&text);
}

/* A line, as in a recording, so that one that is read is the same event. */
static void keep_line(struct session *session, const char *line)
{
	struct event event;
	const char *wrong = event_parse(&event, line);

	if (wrong)
		session->ret = fail(FAILED, "the module says what is not understood: %s (%s)", line,
				    wrong);
	else if (recording_add(&session->pending, &event))
		session->ret = FAILED;
}

/* Of events that were overwritten; a negative count is one that is not known. */
static int keep_lost(struct tep_event *event, struct tep_record *record, int cpu, void *context)
{
	struct session *session = context;
	long long count = record->missed_events;
	char line[96];

	(void)event;
	(void)cpu;
	snprintf(line, sizeof(line), "%llu.%09llu - 0 lost count=%lld", record->ts / NS_PER_S,
		 record->ts % NS_PER_S, count < 0 ? 1 : count);
	keep_line(session, line);
	return 0;
}

static int keep_event(struct tep_event *event, struct tep_record *record, int cpu, void *context)
{
	struct session *session = context;
	int tid = tep_data_pid(event->tep, record);
	char comm[COMM_SIZE], *line = NULL;
	size_t size;
	FILE *file;

	(void)cpu;
	/* what we do to see others is not worth seeing */
	if (tid == getpid())
		return 0;
	file = open_memstream(&line, &size);
	if (!file) {
		session->ret = fail(FAILED, "there is not enough memory for the events");
		return 0;
	}
	find_comm(session, tid, comm);
	event_begin(file, record->ts, comm, tid, event->name);
	write_fields(file, event, record);
	fclose(file);
	keep_line(session, line);
	free(line);
	return 0;
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NS_PER_S + time.tv_nsec;
}

/* They come nearly sorted, and those of the same time in their order. */
static void sort(struct recording *pending)
{
	for (size_t i = 1; i < pending->count; i++) {
		struct event event = pending->events[i];
		size_t place = i;

		for (; place && pending->events[place - 1].time > event.time; place--)
			pending->events[place] = pending->events[place - 1];
		pending->events[place] = event;
	}
}

/* Those before that time: no other CPU has one that precedes them. */
static void deliver(struct session *session, uint64_t until)
{
	struct recording *pending = &session->pending;
	size_t done = 0;

	sort(pending);
	while (done < pending->count && pending->events[done].time < until) {
		struct event *event = &pending->events[done++];

		if (session->ret)
			event_free(event);
		else
			session->ret = session->trace->take(session->trace->context, event);
	}
	pending->count -= done;
	memmove(pending->events, pending->events + done, pending->count * sizeof(*pending->events));
}

static void read_events(struct session *session)
{
	tracefs_iterate_raw_events(session->tep, session->instance, NULL, 0, keep_event, session);
	free(session->comms);
	session->comms = NULL;
}

/* What was there before, or its number would have no name. */
static void tell(struct session *session, enum event_kind kind, uint64_t port, const char *key,
		 const char *value)
{
	char number[24], *line = NULL;
	size_t size;
	FILE *file = open_memstream(&line, &size);

	if (!file) {
		session->ret = fail(FAILED, "there is not enough memory for the events");
		return;
	}
	snprintf(number, sizeof(number), "%" PRIu64, port);
	event_begin(file, session->began, "-", 0, event_name(kind));
	event_field(file, "port", number);
	event_field(file, key, value);
	fclose(file);
	keep_line(session, line);
	free(line);
}

static void tell_inboxes(struct session *session, int device)
{
	struct msgpass_inbox_status status = { 0 };
	char pid[16];

	while (!session->ret && msgpass_inbox_next(device, &status) > 0) {
		snprintf(pid, sizeof(pid), "%d", status.pid);
		if (status.pid != getpid())
			tell(session, EVENT_INBOX_NEW, status.peer, "pid", pid);
	}
}

static void tell_mailboxes(struct session *session, int device)
{
	struct msgpass_mailbox_status status = { 0 };

	while (!session->ret && msgpass_mailbox_next(device, &status) > 0)
		tell(session, EVENT_MAILBOX_NEW, status.id, "name", status.name);
}

static void tell_places(struct session *session)
{
	int device = msgpass_open();

	if (device < 0)
		return;
	tell_inboxes(session, device);
	tell_mailboxes(session, device);
	close(device);
}

/* --- all of it */

static int enable(struct session *session, enum event_kind kind)
{
	if (kind == EVENT_LOST || !tracefs_event_enable(session->instance, SYSTEM, event_name(kind)))
		return DONE;
	return fail(NOT_FOUND, "the module that is loaded has no event '%s'; load a newer one",
		    event_name(kind));
}

static int enable_events(struct session *session)
{
	uint64_t events = session->trace->events;
	int ret = DONE;

	for (enum event_kind kind = 0; !ret && kind < EVENT_KINDS; kind++)
		if (!events || events & 1ULL << kind)
			ret = enable(session, kind);
	return ret;
}

/* What does not fit is overwritten, and told as lost. */
static int set_buffer(struct session *session)
{
	uint64_t bytes = session->trace->buffer;
	char text[24];

	if (!bytes)
		return DONE;
	snprintf(text, sizeof(text), "%" PRIu64, (bytes - 1) / 1024 + 1);
	if (tracefs_instance_file_write(session->instance, "buffer_size_kb", text) >= 0)
		return DONE;
	return fail(FAILED,
		    "the kernel can't set aside %s KiB on each CPU; ask for a smaller --buffer",
		    text);
}

/* The clock is the one of deadlines, and the same on all CPUs. */
static int open_instance(struct session *session)
{
	static const char *const systems[] = { SYSTEM, NULL };

	session->tep = tracefs_local_events_system(NULL, systems);
	session->instance = tracefs_instance_create(strrchr(session->path, '/') + 1);
	if (!session->tep || !session->instance)
		return fail(FAILED, "cannot make an instance in tracefs: %m");
	tracefs_follow_missed_events(session->instance, keep_lost, session);
	if (tracefs_instance_file_write(session->instance, "trace_clock", "mono") < 0)
		return fail(FAILED, "this kernel has no trace clock 'mono'");
	return set_buffer(session) ?: enable_events(session);
}

static int follow(struct session *session)
{
	const struct trace *trace = session->trace;
	bool last = false;
	int ret = trace->begin(trace->context);

	if (ret)
		return ret;
	session->began = now();
	tell_places(session);
	if (session->command && write(session->go, "", 1) != 1)
		return fail(FAILED, "cannot start the command: %m");
	while (!last && !session->ret) {
		uint64_t before = now();

		read_events(session);
		deliver(session, before);
		last = !goes_on(session);
	}
	read_events(session);
	deliver(session, UINT64_MAX);
	return session->ret;
}

/* The guard ends once its pipe does. */
static void leave(struct session *session)
{
	if (session->instance)
		tracefs_instance_free(session->instance);
	if (session->tep)
		tep_free(session->tep);
	if (session->go >= 0)
		close(session->go);
	if (session->guard_pipe >= 0)
		close(session->guard_pipe);
	if (session->guard > 0)
		waitpid(session->guard, NULL, 0);
	if (session->command && session->ret)
		kill(session->command, SIGTERM);
	recording_free(&session->pending);
	free(session->path);
}

int trace_live(const struct trace *trace)
{
	struct session session = { .trace = trace, .guard_pipe = -1, .go = -1, .signals = -1 };
	int ret = check_kernel(&session);

	if (!ret)
		ret = catch_signals(&session);
	if (!ret)
		ret = start_guard(&session);
	if (!ret)
		ret = start_command(&session);
	if (!ret)
		ret = open_instance(&session);
	if (!ret)
		ret = follow(&session);
	leave(&session);
	return ret ? ret : session.code;
}
