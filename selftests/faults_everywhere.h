/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults at random, many at a time, in processes that talk to each other and in the kernel's
 * workers, who take down what dead processes had and drop what has expired. Who is told of a
 * fault tries again; so everything arrives, once and in order.
 */
#ifndef FAULTS_EVERYWHERE_H
#define FAULTS_EVERYWHERE_H

#include <dirent.h>

#include "faults_sweep.h"

#define SENDERS		2
#define MESSAGES	400
#define CALLS		200
#define PERCENT		"4"
#define TIMES_MAX	1000000000

static const char * const faults[] = { "failslab", "fail_page_alloc", "fail_usercopy" };

static void fault_set(const char *fault, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", fault, name);
	CHECK(!file_write(path, value));
}

static void faults_start(void)
{
	char times[16];
	unsigned int i;

	snprintf(times, sizeof(times), "%d", TIMES_MAX);
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		fault_set(faults[i], "task-filter", "Y");
		fault_set(faults[i], "interval", "1");
		fault_set(faults[i], "times", times);
		fault_set(faults[i], "probability", PERCENT);
	}
}

/* How many there were. */
static int faults_stop(const char *fault)
{
	char path[128], text[16] = "";
	int fd;

	fault_set(fault, "probability", "0");
	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/times", fault);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	fault_set(fault, "times", "-1");
	return TIMES_MAX - strtol(text, NULL, 0);
}

static void may_fail(const char *pid, const char *yes)
{
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/make-it-fail", pid);
	file_write(path, yes);
}

static bool is_worker(const char *pid)
{
	char path[300], name[8] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, name, sizeof(name) - 1) < 0)
		name[0] = 0;
	close(fd);
	return !strcmp(name, "kworker");
}

static void workers_may_fail(const char *yes)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	CHECK(proc);
	while ((entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_worker(entry->d_name))
			may_fail(entry->d_name, yes);
	closedir(proc);
}

/* A child to which it happens. No clock there: to read it may fail, too. */
static pid_t child_that_may_fail(void)
{
	pid_t pid = child_fork();

	if (!pid)
		may_fail("self", "1");
	return pid;
}

/* Until it is no fault. */
#define TRY(operation) ({				\
	long _result = (operation);			\
							\
	while (is_fault_error(_result))			\
		_result = (operation);			\
	_result;					\
})

static pid_t sender(struct stage *stage, uint32_t type)
{
	pid_t pid = child_that_may_fail();
	uint32_t i;

	if (pid)
		return pid;
	for (i = 0; i < MESSAGES; i++)
		CHECK(!TRY(SEND(stage->box, .type = type, BYTES(&i, sizeof(i)),
				.lifetime = i % 3 ? 0 : 3600000000000ULL,
				.fds = (uintptr_t)&stage->file, .fds_count = i % 4 == 1,
				.flags = i % 5 ? 0 : MSGPASS_SYNCHRONOUS)));
	_exit(0);
}

static pid_t receiver(struct stage *stage)
{
	uint32_t expected[SENDERS] = {}, i, number;
	pid_t pid = child_that_may_fail();
	struct msgpass_receive out;
	int fd;

	if (pid)
		return pid;
	for (i = 0; i < SENDERS * MESSAGES; i++) {
		CHECK(!TRY(RECEIVE(stage->box, &out, BYTES(&number, sizeof(number)),
				   .fds = (uintptr_t)&fd, .fds_room = 1)));
		CHECK(out.out_type < SENDERS);
		CHECK(number == expected[out.out_type]++);
		CHECK(out.out_fds == (number % 4 == 1));
		if (out.out_fds)
			CHECK(!close(fd));
	}
	_exit(0);
}

static pid_t server(struct stage *stage)
{
	pid_t pid = child_that_may_fail();
	struct msgpass_receive out;
	uint32_t i, number;

	if (pid)
		return pid;
	for (i = 0; i < CALLS; i++) {
		CHECK(!TRY(RECEIVE(stage->other, &out, BYTES(&number, sizeof(number)))));
		CHECK(number == i);
		number++;
		CHECK(!TRY(REPLY(stage->other, out.out_token, BYTES(&number, sizeof(number)))));
	}
	_exit(0);
}

static pid_t caller(struct stage *stage)
{
	pid_t pid = child_that_may_fail();
	uint32_t i, reply;

	if (pid)
		return pid;
	for (i = 0; i < CALLS; i++) {
		struct msgpass_call argument = {
			.size = sizeof(argument), BYTES(&i, sizeof(i)), PLACE_OF(reply),
		};

		CHECK(!TRY(call(stage->other, MSGPASS_IOC_CALL, &argument)));
		CHECK(reply == i + 1);
	}
	_exit(0);
}

/* Leaves behind whatever a process can. */
static void short_life(struct stage *stage)
{
	pid_t pid = child_that_may_fail();
	int fd;

	if (!pid) {
		fd = TRY(MAILBOX_OPEN(stage->device, "", OPEN_NEW | MSGPASS_OPEN_BOUND));
		CHECK(fd >= 0);
		CHECK(!TRY(SEND(fd, NUMBER(1), .lifetime = 1000000, .flags = MSGPASS_RECEIPT)));
		CHECK(!TRY(SEND(fd, NUMBER(2), .fds = (uintptr_t)&stage->other, .fds_count = 1)));
		CHECK(!TRY(SEND(stage->device, .to = getpid(), NUMBER(3))));
		_exit(0);
	}
	CHECK(!child_status(pid));
}

TEST_F_TIMEOUT(a_fault, anywhere_loses_and_doubles_nothing, 250)
{
	struct stage *stage = &self->stage;
	struct state outside = look(stage);
	pid_t children[SENDERS + 3];
	unsigned int i;

	stage->nth = 0;
	stage->result = 0;
	workers_may_fail("1");
	faults_start();
	for (i = 0; i < SENDERS; i++)
		children[i] = sender(stage, i);
	children[i++] = receiver(stage);
	children[i++] = server(stage);
	children[i++] = caller(stage);
	for (i = 0; i < 20; i++)
		short_life(stage);
	for (i = 0; i < ARRAY_SIZE(children); i++)
		EXPECT_EQ(0, child_status(children[i]));
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		int count = faults_stop(faults[i]);

		printf("# %s: %d faults\n", faults[i], count);
		EXPECT_LT(0, count);
	}
	fflush(stdout);
	workers_may_fail("0");
	EXPECT_EQ(-EAGAIN, TAKE(stage->box));
	EXPECT_EQ(-EAGAIN, TAKE(stage->other));
	need_same_holdings(stage, &outside);
}

#endif
