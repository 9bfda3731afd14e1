// SPDX-License-Identifier: GPL-2.0
/*
 * A job: both of its pipes are watched at once, or a command that writes before
 * it has read all would wait for ever, and this for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "job.h"
#include "text.h"

#define FIRST_SIZE 4096

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The ends that are this process's: in to write to, out to read from. */
struct ends {
	int in;
	int out;
};

/* The command has no signal blocked or ignored that this process has. */
static int spawn(struct job *job, char **command, char **environment, int in, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, broken;
	int ret;

	sigemptyset(&none);
	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &broken);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	for (unsigned int i = 0; i < job->fds_count; i++)
		posix_spawn_file_actions_adddup2(&actions, job->fds[i], STDERR_FILENO + 1 + i);
	ret = posix_spawnp(&job->pid, command[0], &actions, &attributes, command, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -ret;
}

static int start(struct job *job, struct ends *ends, char **command, char **environment, bool keep)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	int ret;

	if (pipe2(in, O_CLOEXEC) || (keep && pipe2(out, O_CLOEXEC))) {
		ret = -errno;
	} else {
		fcntl(in[1], F_SETFL, O_NONBLOCK);
		pthread_mutex_lock(job->lock);
		ret = spawn(job, command, environment, in[0], out[1]);
		if (ret)
			job->pid = 0;
		pthread_mutex_unlock(job->lock);
	}
	close_end(&in[0]);
	close_end(&out[1]);
	ends->in = in[1];
	ends->out = out[0];
	if (!ret)
		return 0;
	close_end(&ends->in);
	close_end(&ends->out);
	return ret;
}

/* A command that does not want all of its input has read what it needs. */
static void feed(int *fd, const char **input, size_t *length)
{
	ssize_t ret = *length ? write(*fd, *input, *length) : 0;

	if (ret > 0) {
		*input += ret;
		*length -= ret;
	}
	if (!*length || (ret < 0 && errno != EAGAIN && errno != EINTR))
		close_end(fd);
}

static bool make_room(struct job *job)
{
	size_t size = job->size ? job->size * 2 : FIRST_SIZE;
	char *larger;

	if (job->length < job->size)
		return true;
	larger = realloc(job->output, size);
	if (!larger)
		return false;
	job->output = larger;
	job->size = size;
	return true;
}

static void drain(struct job *job, int *fd)
{
	ssize_t ret;

	if (job->length > job->limit || !make_room(job)) {
		job->overflow = true;
		close_end(fd);
		return;
	}
	ret = read(*fd, job->output + job->length, job->size - job->length);
	if (ret > 0)
		job->length += ret;
	else if (ret == 0 || (errno != EAGAIN && errno != EINTR))
		close_end(fd);
}

static void pump(struct job *job, struct ends *ends, const char *input, size_t length)
{
	while (ends->in >= 0 || ends->out >= 0) {
		struct pollfd fds[] = {
			{ .fd = ends->in, .events = POLLOUT },
			{ .fd = ends->out, .events = POLLIN },
		};

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			feed(&ends->in, &input, &length);
		if (fds[1].revents)
			drain(job, &ends->out);
	}
}

/* Who kills it must not meet its pid after that is another's. */
static int reap(struct job *job)
{
	siginfo_t info;
	int status;

	waitid(P_PID, job->pid, &info, WEXITED | WNOWAIT);
	pthread_mutex_lock(job->lock);
	waitpid(job->pid, &status, 0);
	job->pid = 0;
	pthread_mutex_unlock(job->lock);
	return status;
}

int job_run(struct job *job, char **command, char **environment, const char *input, size_t length,
	    bool keep)
{
	struct ends ends;
	int ret = start(job, &ends, command, environment, keep);

	job->length = 0;
	job->overflow = false;
	if (ret < 0)
		return ret;
	pump(job, &ends, input, length);
	ret = reap(job);
	if (job->length > job->limit)
		job->overflow = true;
	return ret;
}

int job_become(char **command)
{
	if (fflush(stdout))
		return fail(FAILED, "cannot write to standard output: %m");
	/* main() ignores it, and exec would keep that */
	signal(SIGPIPE, SIG_DFL);
	execvp(command[0], command);
	return fail(FAILED, "cannot run '%s': %s (%s)", text_shown(command[0]), strerror(errno),
		    strerrorname_np(errno));
}
