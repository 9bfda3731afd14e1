// SPDX-License-Identifier: GPL-2.0
/*
 * serve: a command for each call, whose output is the reply.
 *
 * A thread for each command that may run at once: it receives, runs the
 * command, and replies as it receives the next. One more waits for a signal to
 * end. What a call still waits for when the process ends, the module gives up.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "io.h"
#include "job.h"
#include "receiver.h"
#include "stream.h"
#include "verbs.h"

/**
 * struct server - what the threads share
 * @options: what the command line says
 * @receiver: where from
 * @command: what to run, NULL-terminated
 * @signals: those that end it
 * @lock: guards what follows, and the pids of the jobs
 * @left: how many more may be received
 * @code: the exit code
 * @workers: the threads
 * @count: how many
 */
struct server {
	const struct options *options;
	struct receiver receiver;
	char **command;
	sigset_t signals;
	pthread_mutex_t lock;
	uint64_t left;
	int code;
	struct worker *workers;
	size_t count;
};

/**
 * struct worker - one thread
 * @server: that it belongs to
 * @thread: itself
 * @job: the command that it runs
 * @request: buffer for what it receives
 * @size: of the buffer
 * @info: of the message it received last
 * @fds: that came with it
 * @caller: who called
 * @answer: what the next receive replies with first
 */
struct worker {
	struct server *server;
	pthread_t thread;
	struct job job;
	char *request;
	size_t size;
	struct msgpass_message_info info;
	int fds[MSGPASS_FDS_MAX];
	struct msgpass_caller_info caller;
	struct msgpass_answer answer;
};

/* --- the command's environment */

static const char *const variables[] = {
	"MSGPASS_PID=",	 "MSGPASS_UID=",  "MSGPASS_GID=",
	"MSGPASS_PEER=", "MSGPASS_TYPE=", "MSGPASS_FDS=",
};

#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

static bool is_variable(const char *entry)
{
	for (size_t i = 0; i < VARIABLES; i++)
		if (!strncmp(entry, variables[i], strlen(variables[i])))
			return true;
	return false;
}

static char **make_environment(const struct worker *worker, char texts[VARIABLES][40])
{
	const uint64_t values[VARIABLES] = {
		worker->caller.pid,  worker->caller.uid, worker->caller.gid,
		worker->caller.peer, worker->info.type,	 worker->info.fds_count,
	};
	size_t count = 0;
	char **environment;

	while (environ[count])
		count++;
	environment = calloc(count + VARIABLES + 1, sizeof(*environment));
	if (!environment)
		return NULL;
	count = 0;
	for (; count < VARIABLES; count++) {
		snprintf(texts[count], sizeof(texts[count]), "%s%" PRIu64, variables[count],
			 values[count]);
		environment[count] = texts[count];
	}
	for (char **entry = environ; *entry; entry++)
		if (!is_variable(*entry))
			environment[count++] = *entry;
	return environment;
}

/* --- one message */

static void give_up(struct worker *worker, const char *why)
{
	if (!worker->info.token) {
		fail(FAILED, "%s; that was for a message of process %d", why, worker->caller.pid);
		return;
	}
	fail(FAILED, "%s; the call of process %d is given up", why, worker->caller.pid);
	msgpass_abandon(worker->server->receiver.target.fd, worker->info.token);
}

/* Says so and returns false if there is no output to reply with. */
static bool has_succeeded(struct worker *worker, int status)
{
	const char *name = worker->server->command[0];
	char why[256];

	if (status < 0)
		snprintf(why, sizeof(why), "cannot run '%.64s': %s (%s)", name,
			 strerrordesc_np(-status), strerrorname_np(-status));
	else if (worker->info.token && worker->job.overflow)
		snprintf(why, sizeof(why), "'%.64s' wrote more than a message may hold (EMSGSIZE)",
			 name);
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "'%.64s' was ended by signal %d", name, WTERMSIG(status));
	else if (WEXITSTATUS(status))
		snprintf(why, sizeof(why), "'%.64s' failed with exit status %d", name,
			 WEXITSTATUS(status));
	else
		return true;
	give_up(worker, why);
	return false;
}

static void run(struct worker *worker, size_t length)
{
	char texts[VARIABLES][40];
	char **environment = make_environment(worker, texts);
	int status = -ENOMEM;

	worker->job.fds = worker->fds;
	worker->job.fds_count = worker->info.fds_count;
	if (!io_move_up(worker->fds, worker->info.fds_count))
		status = -EMFILE;
	else if (environment)
		status = job_run(&worker->job, worker->server->command, environment,
				 worker->request, length, worker->info.token);
	free(environment);
	if (!has_succeeded(worker, status) || !worker->info.token)
		return;
	worker->answer = (struct msgpass_answer){
		.token = worker->info.token,
		.data = worker->job.output,
		.length = worker->job.length,
	};
}

static void notice_gone(struct worker *worker)
{
	if (!worker->server->options->quiet)
		fail(DONE, "process %d waited no more for a reply (ESRCH)", worker->caller.pid);
}

/* A call may have been forwarded: who called is who called first. */
static bool find_caller(struct worker *worker)
{
	const struct msgpass_message_info *info = &worker->info;
	ssize_t ret;

	worker->caller = (struct msgpass_caller_info){
		.peer = info->peer,
		.pid = info->pid,
		.uid = info->uid,
		.gid = info->gid,
	};
	if (!info->token)
		return true;
	ret = msgpass_request_read(worker->server->receiver.target.fd, info->token, 0, NULL, 0,
				   &worker->caller);
	if (ret < 0)
		notice_gone(worker);
	return ret >= 0;
}

/* --- one after the other */

static void check_answer(struct worker *worker, int error)
{
	char why[256];

	if (worker->answer.error == -ESRCH || error == -ESRCH) {
		notice_gone(worker);
	} else if (worker->answer.token) {
		snprintf(why, sizeof(why), "cannot reply with %zu bytes: %s (%s)",
			 worker->answer.length, strerrordesc_np(-error), strerrorname_np(-error));
		give_up(worker, why);
	}
	worker->answer = (struct msgpass_answer){ 0 };
}

static void reply_last(struct worker *worker)
{
	int ret = 0;

	if (worker->answer.token)
		ret = msgpass_reply(worker->server->receiver.target.fd, worker->answer.token,
				    worker->answer.data, worker->answer.length);
	if (ret < 0)
		check_answer(worker, ret);
}

static bool grow(struct worker *worker, uint64_t size)
{
	char *larger = realloc(worker->request, size);

	if (!larger)
		return false;
	worker->request = larger;
	worker->size = size;
	return true;
}

static void close_fds(struct worker *worker)
{
	for (uint32_t i = 0; i < worker->info.fds_count; i++)
		close(worker->fds[i]);
	worker->info.fds_count = 0;
}

/*
 * Of a message that is no call the buffer may hold only the head. Returns the
 * length of all of it; an error, which was told, if it can't be had.
 */
static ssize_t take_rest(struct worker *worker, size_t length)
{
	const struct msgpass_message_info *info = &worker->info;
	int fd = worker->server->receiver.target.fd;
	ssize_t ret = -EMSGSIZE;

	if (!info->remaining)
		return length;
	if (info->length <= worker->job.limit)
		ret = grow(worker, info->length) ? 0 : -ENOMEM;
	if (ret == 0)
		ret = msgpass_piece_read(fd, info->rest, worker->request + length, info->remaining,
					 NULL);
	if (ret == (ssize_t)info->remaining)
		return info->length;
	msgpass_piece_skip(fd, info->rest);
	if (ret >= 0)
		ret = -EPIPE;
	fail(FAILED, "a message of %" PRIu64 " bytes from process %d is passed over: %s (%s)",
	     info->length, info->pid, strerrordesc_np(-ret), strerrorname_np(-ret));
	close_fds(worker);
	return ret;
}

/* Reply, and receive the next message; a call stays while the buffer grows. */
static ssize_t next(struct worker *worker)
{
	const struct msgpass_receive_options how = {
		.spin = worker->server->options->spin,
		.pieces = true,
		.fds = worker->fds,
		.fds_room = MSGPASS_FDS_MAX,
	};

	for (;;) {
		bool replies = worker->answer.token;
		int fd = worker->server->receiver.target.fd;
		struct msgpass_message_info info;
		ssize_t ret = msgpass_reply_receive(fd, &worker->answer, worker->request,
						    worker->size, &how, &info);
		bool refused = worker->answer.token;

		if (replies)
			check_answer(worker, refused ? ret : 0);
		if (refused)
			continue;
		if (ret < 0 && ret != -EMSGSIZE)
			return ret;
		if (ret == -EMSGSIZE && !grow(worker, info.length))
			return -ENOMEM;
		if (ret == -EMSGSIZE)
			continue;
		worker->info = info;
		ret = take_rest(worker, ret);
		if (ret >= 0)
			return ret;
	}
}

static bool may_receive(struct server *server)
{
	bool may;

	pthread_mutex_lock(&server->lock);
	may = server->left > 0 && server->code == DONE;
	if (may && server->left != UINT64_MAX)
		server->left--;
	pthread_mutex_unlock(&server->lock);
	return may;
}

/* What ends one thread will end the others, and is told once. */
static void server_fail(struct server *server, int error)
{
	pthread_mutex_lock(&server->lock);
	if (server->code == DONE)
		server->code = fail_with(&server->receiver.target,
					 error == -EPIPE ? TO_SERVE : TO_RECEIVE, error);
	pthread_mutex_unlock(&server->lock);
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	while (may_receive(worker->server)) {
		ssize_t length = next(worker);

		if (length < 0) {
			server_fail(worker->server, length);
			break;
		}
		if (find_caller(worker))
			run(worker, length);
		close_fds(worker);
	}
	reply_last(worker);
	return NULL;
}

/* Keeps the lock: nothing begins after this. */
static void *end_at_signal(void *argument)
{
	struct server *server = argument;
	int signal;

	sigwait(&server->signals, &signal);
	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < server->count; i++)
		if (server->workers[i].job.pid)
			kill(server->workers[i].job.pid, SIGTERM);
	_exit(DONE);
}

/* --- all of it */

static void choose_signals(sigset_t *signals)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };

	sigemptyset(signals);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct sigaction action;

		/* as a shell has it for what runs in the background */
		if (!sigaction(ends[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(signals, ends[i]);
	}
}

static bool prepare(struct server *server, uint64_t limit)
{
	server->workers = calloc(server->count, sizeof(*server->workers));
	if (!server->workers)
		return false;
	for (size_t i = 0; i < server->count; i++) {
		struct worker *worker = &server->workers[i];

		worker->server = server;
		worker->job.lock = &server->lock;
		worker->job.limit = limit;
		worker->size = STREAM_PIECE;
		worker->request = malloc(worker->size);
		if (!worker->request)
			return false;
	}
	return true;
}

/* From now on what is sent to this process is kept for it. */
static int tell_pid(struct server *server)
{
	const struct msgpass_receive_options look = {
		.nonblock = true,
		.peek = true,
		.truncate = true,
	};
	ssize_t ret = msgpass_receive_with(server->receiver.target.fd, NULL, 0, &look, NULL);

	if (ret < 0 && ret != -EAGAIN)
		return receiver_fail(&server->receiver, ret);
	return fail(DONE, "process %d serves", getpid());
}

/* Memory goes with the process: a thread may be in a command yet. */
static int run_workers(struct server *server)
{
	pthread_t ender;
	size_t started = 0;
	int ret;

	choose_signals(&server->signals);
	pthread_sigmask(SIG_BLOCK, &server->signals, NULL);
	ret = pthread_create(&ender, NULL, end_at_signal, server);
	while (!ret && started < server->count) {
		struct worker *worker = &server->workers[started];

		ret = pthread_create(&worker->thread, NULL, work, worker);
		if (!ret)
			started++;
	}
	if (ret)
		return fail(FAILED,
			    "cannot run %zu commands at once: %s (%s); ask for less with --parallel",
			    server->count, strerror(ret), strerrorname_np(ret));
	for (size_t i = 0; i < started; i++)
		pthread_join(server->workers[i].thread, NULL);
	return server->code;
}

int serve(const struct options *options)
{
	struct server server = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.left = options->count ? options->count : UINT64_MAX,
		.count = options->parallel ? options->parallel : 1,
	};
	struct options whom = *options;
	struct msgpass_system_info info;
	int ret;

	server.options = options;
	ret = options_take_command(&whom, &server.command);
	if (!ret)
		ret = receiver_open(&server.receiver, &whom);
	if (ret)
		return ret;
	ret = msgpass_get_info(server.receiver.target.device, &info);
	if (ret < 0)
		return receiver_fail(&server.receiver, ret);
	if (!prepare(&server, info.message_max))
		return fail(FAILED, "there is no memory for the requests");
	if (options->any)
		ret = tell_pid(&server);
	return ret ? ret : run_workers(&server);
}
