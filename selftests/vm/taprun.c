// SPDX-License-Identifier: GPL-2.0
/*
 * taprun SECONDS TEST...: run test programs in the VM, one after the other, pass their
 * output on, and report on the verdict's port what each one amounts to:
 *
 *	start TEST
 *	why TEST TEXT			what is wrong beside failed results
 *	result TEST PASSED FAILED SKIPPED
 *
 * A program's results count only as far as they are complete: each one missing from its
 * plan is a failure, and so is a missing plan, an end by signal or by the time limit.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KSFT_SKIP 4
#define NO_PLAN	  (-1)

struct tap {
	const char *test;
	char line[1024]; /* what of the current line has come so far */
	size_t len;
	int plan;
	int seen;
	int passed, failed, skipped;
	int out_of_order;
	int bailed_out;
};

static int verdict;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void write_all(int fd, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			buf += n;
			len -= n;
		}
	}
}

/* Tell what is wrong, to the reader of the output and to the host. */
static void complain(struct tap *tap, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printf("# %s: %s\n", tap->test, text);
	fflush(stdout);
	dprintf(verdict, "why %s %s\n", tap->test, text);
}

/* The host reads from these lines during which test the kernel complained. */
static void mark_kernel_log(const char *test)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char line[256];

	/* One write makes one record; dprintf() won't have a file that can't tell its offset. */
	if (fd >= 0) {
		snprintf(line, sizeof(line), "<5>selftests: %s\n", test);
		write_all(fd, line, strlen(line));
		close(fd);
	}
}

static int is_skip(const char *line)
{
	const char *hash = strchr(line, '#');

	if (!hash)
		return 0;
	hash++;
	while (*hash == ' ')
		hash++;
	return !strncasecmp(hash, "SKIP", 4);
}

/* line is what follows "ok" or "not ok". */
static void take_result(struct tap *tap, int ok, const char *line)
{
	while (*line == ' ')
		line++;
	tap->seen++;
	if (isdigit((unsigned char)*line) && atoi(line) != tap->seen)
		tap->out_of_order = 1;
	if (!ok)
		tap->failed++;
	else if (is_skip(line))
		tap->skipped++;
	else
		tap->passed++;
}

static void take_line(struct tap *tap)
{
	int plan;

	tap->line[tap->len] = '\0';
	if (!strncmp(tap->line, "ok ", 3))
		take_result(tap, 1, tap->line + 3);
	else if (!strncmp(tap->line, "not ok ", 7))
		take_result(tap, 0, tap->line + 7);
	else if (tap->plan == NO_PLAN && sscanf(tap->line, "1..%d", &plan) == 1)
		tap->plan = plan;
	else if (!strncmp(tap->line, "Bail out!", 9))
		tap->bailed_out = 1;
	tap->len = 0;
}

static void take_output(struct tap *tap, const char *buf, size_t len)
{
	write_all(STDOUT_FILENO, buf, len);
	for (; len > 0; buf++, len--) {
		if (*buf == '\n')
			take_line(tap);
		else if (tap->len < sizeof(tap->line) - 1)
			tap->line[tap->len++] = *buf;
	}
}

static pid_t start(const char *test, int out)
{
	char path[256];
	pid_t pid = fork();

	if (pid)
		return pid;
	setsid();
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	snprintf(path, sizeof(path), "./%s", test);
	execl(path, path, NULL);
	perror(path);
	_exit(127);
}

/* Pass output on until the program ends; true if its time is up before that. */
static bool follow(struct tap *tap, pid_t pid, int in, double deadline, int *status)
{
	struct pollfd pfd = { .fd = in, .events = POLLIN };
	char buf[4096];
	ssize_t n;

	while (now() < deadline) {
		if (poll(&pfd, 1, 20) > 0) {
			n = read(in, buf, sizeof(buf));
			if (n > 0)
				take_output(tap, buf, n);
			else if (n == 0)
				pfd.fd = -1;
			continue;
		}
		if (waitpid(pid, status, WNOHANG) == pid)
			return false;
	}
	return true;
}

/* What the program had written when it ended, and what its children yet write. */
static void drain(struct tap *tap, int in)
{
	char buf[4096];
	ssize_t n;

	fcntl(in, F_SETFL, O_NONBLOCK);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		take_output(tap, buf, n);
	if (tap->len > 0)
		take_output(tap, "\n", 1);
}

static void count_missing(struct tap *tap, int *as)
{
	int missing = tap->plan - tap->seen;

	*as += missing > 0 ? missing : 1;
}

/* Whether the results say all: if not, say so and count it. */
static void judge_exit(struct tap *tap, int status)
{
	if (WIFSIGNALED(status)) {
		complain(tap, "ended by signal %d", WTERMSIG(status));
		count_missing(tap, &tap->failed);
	} else if (WEXITSTATUS(status) == KSFT_SKIP && !tap->failed) {
		if (tap->plan > tap->seen || tap->seen == 0)
			count_missing(tap, &tap->skipped);
	} else if (tap->plan == NO_PLAN) {
		complain(tap, "printed no plan, exit status %d", WEXITSTATUS(status));
		tap->failed++;
	} else if (tap->plan > tap->seen) {
		complain(tap, "planned %d results, printed %d", tap->plan, tap->seen);
		count_missing(tap, &tap->failed);
	} else if (tap->plan < tap->seen || tap->out_of_order) {
		complain(tap, "results beside the plan, or out of order");
		tap->failed++;
	} else if (WEXITSTATUS(status) && !tap->failed) {
		complain(tap, "exit status %d", WEXITSTATUS(status));
		tap->failed++;
	} else if (tap->plan == 0) {
		/* "1..0 # SKIP": nothing ran, which is no success. */
		tap->skipped++;
	}
	if (tap->bailed_out && !tap->failed) {
		complain(tap, "bailed out");
		tap->failed++;
	}
}

static void run_test(const char *test, int seconds)
{
	struct tap tap = { .test = test, .plan = NO_PLAN };
	int pipefd[2], status = 0;
	bool overdue;
	pid_t pid;

	dprintf(verdict, "start %s\n", test);
	mark_kernel_log(test);
	printf("# selftests: %s\n", test);
	fflush(stdout);

	if (pipe2(pipefd, O_CLOEXEC))
		return;
	pid = start(test, pipefd[1]);
	close(pipefd[1]);
	overdue = follow(&tap, pid, pipefd[0], now() + seconds, &status);
	/* Everybody but PID 1 and us: what a test leaves running must not meet the next one. */
	kill(-1, SIGKILL);
	drain(&tap, pipefd[0]);
	close(pipefd[0]);

	if (overdue) {
		complain(&tap, "not done after %d s", seconds);
		count_missing(&tap, &tap.failed);
	} else {
		judge_exit(&tap, status);
	}
	dprintf(verdict, "result %s %d %d %d\n", test, tap.passed, tap.failed, tap.skipped);
}

int main(int argc, char **argv)
{
	int i, seconds = argc > 2 ? atoi(argv[1]) : 0;

	verdict = open("/dev/ttyS3", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (seconds <= 0 || verdict < 0 || chdir("/selftests")) {
		fprintf(stderr, "usage: taprun SECONDS TEST... (in the VM)\n");
		return 1;
	}
	for (i = 2; i < argc; i++)
		run_test(argv[i], seconds);
	mark_kernel_log("done");
	return 0;
}
