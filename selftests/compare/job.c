// SPDX-License-Identifier: GPL-2.0
#include "board.h"

static pid_t start_reader(const struct mechanism *mechanism, enum job job, int count)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	side = READER;
	(job == PRODUCE ? mechanism->consume : mechanism->serve)(count);
	_exit(0);
}

static pid_t start_writer(const struct mechanism *mechanism, enum job job, int count, pid_t reader)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	side = WRITER;
	(job == PRODUCE ? mechanism->produce : mechanism->request)(reader, count);
	_exit(0);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid == pid;
}

static bool start(const struct mechanism *mechanism, enum job job, int count, pid_t pid[2])
{
	if (mechanism->prepare)
		mechanism->prepare();
	pid[READER] = start_reader(mechanism, job, count);
	if (!wait_until(board->ready || has_ended(pid[READER])))
		return false;
	pid[WRITER] = start_writer(mechanism, job, count, pid[READER]);
	/* What was prepared is theirs alone. */
	close_range(3, ~0U, 0);
	return true;
}

static void run(const struct mechanism *mechanism, enum job job, int count)
{
	int got, reader = -1, writer = -1;
	pid_t pid[2];

	if (!start(mechanism, job, count, pid))
		return;
	waitpid(pid[WRITER], &writer, 0);
	/* Who has nobody to read from might wait for ever. */
	if (writer)
		kill(pid[READER], SIGKILL);
	waitpid(pid[READER], &reader, 0);
	got = job == PRODUCE ? board->used : board->answered;
	if (reader || writer || got != count || board->wrong)
		snprintf(board->verdict, sizeof(board->verdict),
			 "%d of %d came, %d wrong; reader %#x %s; writer %#x %s", got, count,
			 board->wrong, reader, board->failed[READER], writer, board->failed[WRITER]);
	else
		board->verdict[0] = '\0';
}

/* How often a process went to sleep; -1 if it is not asleep. */
static long sleeps(pid_t pid)
{
	char path[40], line[128], state = '?';
	long count = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "State: %c", &state) != 1 &&
		    sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1)
			break;
	if (file)
		fclose(file);
	return state == 'S' ? count : -1;
}

#define MANY 10000 /* items: more than any queue here has room for */

/*
 * Look, every millisecond, until the writer has ended, or has made many items more, or is found
 * asleep and no further so many times in a row: @deeply if it never woke, @lightly if it did.
 */
static const char *settle(pid_t writer, int deeply, int lightly)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int begin = board->made, made = begin, looks = 0;
	long before = -1, asleep;
	bool woke = false;

	for (;;) {
		nanosleep(&pause, NULL);
		if (has_ended(writer))
			return NULL;
		if (board->made - begin >= MANY)
			return "notices nothing";
		asleep = sleeps(writer);
		if (board->made != made)
			woke = false, looks = 0;
		else if (looks && asleep >= 0)
			woke |= asleep != before;
		made = board->made;
		if (asleep < 0)
			continue;
		before = asleep;
		if (++looks >= (woke ? lightly : deeply))
			return woke ? "asks for ever" : "waits for ever";
	}
}

/* How the writer ended: by which signal, or with what that failed. */
static const char *end_of(pid_t writer)
{
	static char text[32];
	int status = 0;

	waitpid(writer, &status, 0);
	if (!WIFSIGNALED(status))
		return board->failed[WRITER];
	snprintf(text, sizeof(text), "SIG%s", sigabbrev_np(WTERMSIG(status)));
	return text;
}

static void die(const struct mechanism *mechanism, enum job job, int stall_at)
{
	const char *told;
	pid_t pid[2];

	board->stall_at = stall_at;
	if (!start(mechanism, job, 1 << 30, pid) || !wait_until(board->stalled))
		return;
	settle(pid[WRITER], 50, 50);
	kill(pid[READER], SIGKILL);
	waitpid(pid[READER], NULL, 0);
	told = settle(pid[WRITER], 150, 1200);
	snprintf(board->verdict, sizeof(board->verdict), "%s", told ? told : end_of(pid[WRITER]));
}

/* In a process of its own, which has no child and no descriptor but those of the job. */
static void apart(const struct mechanism *mechanism, enum job job, int number,
		  void (*act)(const struct mechanism *mechanism, enum job job, int number))
{
	pid_t pid;

	if (!board)
		board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(board, 0, sizeof(*board));
	strcpy(board->verdict, "it did not begin");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		act(mechanism, job, number);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

const char *job_run(const struct mechanism *mechanism, enum job job, int count)
{
	job_left_behind(mechanism);
	apart(mechanism, job, count, run);
	job_left_behind(mechanism);
	return board->verdict[0] ? board->verdict : NULL;
}

const char *job_death(const struct mechanism *mechanism, enum job job)
{
	job_left_behind(mechanism);
	apart(mechanism, job, 4, die);
	return board->verdict;
}

const char *job_lacks(void)
{
	const char *failed = board->failed[board->failed[READER][0] ? READER : WRITER];

	return board->lacks ? failed : NULL;
}

bool job_left_behind(const struct mechanism *mechanism)
{
	return mechanism->remove && !mechanism->remove();
}
