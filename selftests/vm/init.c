// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the test VM. It sets the guest up (/vm/start: mounts, users, the module), runs
 * the one job it was given (/job/run), ends whatever the job left running, unloads the
 * module (/vm/finish), and only then writes its verdict.
 *
 * Serial ports: ttyS0 is the kernel's log; ttyS1 and ttyS2 are the job's stdout and stderr,
 * passed on byte for byte; ttyS3 is the verdict's alone, a line each:
 *
 *	setup STATUS		of /vm/start; without success there is no job
 *	exit STATUS		of the job, 128 + n if signal n ended it
 *	unload STATUS		of /vm/finish
 *	verdict			the last line; without it nothing above counts
 *
 * Whatever else goes wrong shows in the kernel's log, which the host reads afterwards.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define NOT_STARTED 127

/* What the host and the job write must arrive as it was written. */
static void make_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return;
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL;
	tcsetattr(fd, TCSANOW, &t);
}

static int open_port(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		perror(path);
	else
		make_raw(fd);
	return fd;
}

/* Orphans of the job end up here too; reap them on the way. */
static int wait_for(pid_t pid)
{
	int status;
	pid_t ended;

	do {
		ended = waitpid(-1, &status, 0);
	} while (ended > 0 && ended != pid);
	if (ended < 0)
		return NOT_STARTED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const char *path, int in, int out, int err)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		dup2(in, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		if (isatty(STDIN_FILENO))
			ioctl(STDIN_FILENO, TIOCSCTTY, 0);
		execl(path, path, NULL);
		perror(path);
		_exit(NOT_STARTED);
	}
	return pid < 0 ? NOT_STARTED : wait_for(pid);
}

static int run_job(int out, int err)
{
	int none, status;

	/* A person at the other end gets a terminal. */
	if (!access("/job/interactive", F_OK))
		return run("/job/run", out, out, out);
	none = open("/dev/null", O_RDONLY | O_CLOEXEC);
	status = run("/job/run", none, out, err);
	tcdrain(out);
	tcdrain(err);
	return status;
}

/* Processes can be slow to die; one that can't be killed shows when the module won't unload. */
static void end_all_processes(void)
{
	int tries;

	for (tries = 0; tries < 50; tries++) {
		kill(-1, SIGKILL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG) < 0)
			return;
		usleep(100 * 1000);
	}
}

int main(void)
{
	int out, err, verdict, status;

	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	out = open_port("/dev/ttyS1");
	err = open_port("/dev/ttyS2");
	verdict = open_port("/dev/ttyS3");
	setenv("PATH", "/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/root", 1);

	status = run("/vm/start", 0, err, err);
	dprintf(verdict, "setup %d\n", status);
	if (status == 0)
		dprintf(verdict, "exit %d\n", run_job(out, err));
	end_all_processes();
	dprintf(verdict, "unload %d\n", run("/vm/finish", 0, err, err));
	dprintf(verdict, "verdict\n");
	tcdrain(err);
	tcdrain(verdict);
	reboot(RB_POWER_OFF);
	return 0;
}
