// SPDX-License-Identifier: GPL-2.0
/*
 * A user without privileges who tries to use up all there is of something. He is stopped by a
 * limit, others are served meanwhile, what the kernel has given him is about what he is charged
 * with, and once his processes are gone it has all of it back.
 */
#include "exhaust.h"

#include <dirent.h>
#include <linux/membarrier.h>
#include <sys/param.h>

/*
 * What may stay: slabs in which something else has got a place meanwhile; and what an attacker's
 * own processes and files take beside what he is charged with.
 */
enum { LEFT_MAX = 256 << 10, BESIDES_MAX = 2 << 20 };

/* What the attacker tells. */
struct outcome {
	bool is_there;
	int error;
	unsigned long count;
};

FIXTURE(exhaustion) {
	int device;
	uint64_t quota_before;
	uint64_t quota;			/* that the attacker has */
	struct outcome *outcome;
};

FIXTURE_VARIANT(exhaustion) {
	int (*attack)(struct attack *attack);
	int error;
	uint64_t quota;
	bool leaves_names;		/* which live until they are deleted */
	bool is_just_above;		/* a size that the allocator has: it takes the next one */
	const char *label;
};

#define VARIANT(name, number, ...)						\
	FIXTURE_VARIANT_ADD(exhaustion, name) {					\
		.attack = by_##name, .error = number, .label = #name, .quota = __VA_ARGS__ \
	}

enum { SMALL = 256 << 10, NORMAL = 8 << 20, LARGE = 16 << 20 };

VARIANT(long_messages, EDQUOT, LARGE, .is_just_above = true);
VARIANT(messages_of_a_page, EDQUOT, NORMAL, .is_just_above = true);
VARIANT(empty_messages, EDQUOT, NORMAL);
VARIANT(types, EDQUOT, NORMAL);
VARIANT(lifetimes, EDQUOT, NORMAL);
VARIANT(receipts, EDQUOT, NORMAL);
VARIANT(copies_of_a_broadcast, EDQUOT, NORMAL);
VARIANT(calls, EDQUOT, NORMAL);
VARIANT(calls_that_are_taken, EDQUOT, NORMAL);
VARIANT(replies, EDQUOT, NORMAL);
VARIANT(heads_of_messages, EDQUOT, NORMAL);
VARIANT(names, EDQUOT, NORMAL, .leaves_names = true);
VARIANT(bound_mailboxes, EDQUOT, NORMAL);
VARIANT(anonymous_mailboxes, EMFILE, NORMAL);
VARIANT(subscriptions, ENOSPC, NORMAL);
VARIANT(files_in_messages, EDQUOT, NORMAL);
VARIANT(files_that_are_closed, EDQUOT, NORMAL);
VARIANT(a_chain_of_mailboxes, EDQUOT, NORMAL);
VARIANT(dead_senders, EDQUOT, SMALL);
VARIANT(inboxes_of_others, EDQUOT, SMALL / 4);
VARIANT(waiting_processes, EAGAIN, NORMAL);
VARIANT(devices_of_the_dead, EMFILE, NORMAL);
VARIANT(nested_namespaces, EDQUOT, NORMAL);

/* Not where freed memory is kept for a while, to see who touches it. */
static bool does_memory_tell(void)
{
	return access("/sys/kernel/debug/kmemleak", F_OK);
}

/* There a share of it is enough, and a round. */
enum { SHARE = 4 };

FIXTURE_SETUP(exhaustion)
{
	NEED_ROOT();
	self->device = device_open();
	self->quota_before = parameter("user_bytes");
	self->quota = does_memory_tell() ? variant->quota : variant->quota / SHARE;
	self->outcome = shared(sizeof(*self->outcome));
	ASSERT_NE(NULL, self->outcome);
	ASSERT_EQ(0, parameter_set("user_bytes", self->quota));
}

FIXTURE_TEARDOWN(exhaustion)
{
	parameter_set("user_bytes", self->quota_before);
	close(self->device);
}

/* --- who tries, and who else is there */

static void limit(int resource, rlim_t value)
{
	CHECK(!setrlimit(resource, &(struct rlimit){ value, value }));
}

enum { FILES = 1500, FEW = 200, MANY = 30000 };

/* @cgroup: the file to write 0 to, or NULL. */
static pid_t attack_start(int (*function)(struct attack *attack), struct outcome *outcome,
			  rlim_t processes, const char *cgroup)
{
	struct attack attack = {};
	pid_t pid = child_fork();

	if (pid)
		return pid;
	limit(RLIMIT_NOFILE, FILES);
	limit(RLIMIT_NPROC, processes);
	if (cgroup)
		CHECK(!file_write(cgroup, "0"));
	become(FATHER, FAMILY);
	attack.device = device_open();
	outcome->error = function(&attack);
	outcome->count = attack.count;
	__atomic_store_n(&outcome->is_there, true, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

static bool attack_is_over(const struct outcome *outcome)
{
	return __atomic_load_n(&outcome->is_there, __ATOMIC_SEQ_CST);
}

/* To the end, whatever there is that it may not tell. */
static int list_all(int device)
{
	struct msgpass_mailbox_stat mailbox = {};
	struct msgpass_inbox_stat inbox = {};
	int ret;

	while (!(ret = mailbox_next(device, mailbox.out_id, &mailbox)))
		continue;
	if (ret == -ENOENT)
		while (!(ret = inbox_next(device, inbox.out_peer, &inbox)))
			continue;
	return ret == -ENOENT ? 0 : ret;
}

/* Sends to himself, through a mailbox of his too, a file and a call, and lists what there is. */
static int use_it(int device)
{
	int fd = mailbox_new(device), ret;

	if (fd < 0)
		return fd;
	ret = send_number(fd, 0, 1);
	if (!ret && TAKE(fd) != 1)
		ret = -EBADMSG;
	if (!ret)
		ret = send_number(device, getpid(), 2);
	if (!ret && TAKE(device) != 2)
		ret = -EBADMSG;
	if (!ret)
		ret = SEND(fd, .fds = (uintptr_t)&(int){ 0 }, .fds_count = 1);
	if (!ret)
		ret = CALL(fd, NULL, .flags = MSGPASS_NONBLOCK);
	close(fd);
	return ret == -EINPROGRESS ? list_all(device) : ret;
}

static int use_it_as_another(int device)
{
	pid_t pid = child_fork();

	if (!pid) {
		become(MOTHER, STRANGERS);
		_exit(-use_it(device));
	}
	return child_status(pid);
}

/* --- what the kernel has */

static uint64_t kernel_counter(const char *name)
{
	unsigned long long value, found = 0;
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128], what[64];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63[^:]: %llu", what, &value) == 2 && !strcmp(what, name))
			found = value << 10;
	if (file)
		fclose(file);
	return found;
}

/* Each cache of the allocator keeps free slabs; of those that are one there is a link. */
static void slabs_shrink(void)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *entry;
	char path[sizeof(entry->d_name) + 32];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR)
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", entry->d_name);
		file_write(path, "1");
	}
	if (dir)
		closedir(dir);
}

/* What nobody but the kernel can give back. */
static uint64_t kernel_memory(void)
{
	file_write("/proc/sys/vm/stat_refresh", "1");
	return kernel_counter("SUnreclaim") + kernel_counter("VmallocUsed");
}

/* The same, without what is free but for a grace period of RCU, or kept for the next user. */
static uint64_t kernel_memory_settled(void)
{
	int i;

	for (i = 0; i < 2; i++)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	slabs_shrink();
	return kernel_memory();
}

static uint64_t held(FIXTURE_DATA(exhaustion) *self)
{
	return AS(FATHER, user_bytes(self->device));
}

/* How much more there is, once that is little. */
static int64_t memory_left(uint64_t before)
{
	int64_t left = 0;

	if (does_memory_tell())
		wait_until((left = kernel_memory_settled() - before) <= LEFT_MAX);
	return left;
}

static void names_delete(int device)
{
	struct msgpass_mailbox_stat stat = {};

	while (!mailbox_next(device, stat.out_id, &stat))
		if (!strncmp(stat.name, NAME_OF_ALL, strlen(NAME_OF_ALL)))
			mailbox_delete(device, stat.name);
}

/* --- the tests */

/* Till it is stopped: its process goes on to hold what it has. */
static pid_t attack_run(struct __test_metadata *_metadata, FIXTURE_DATA(exhaustion) *self,
			const FIXTURE_VARIANT(exhaustion) *variant)
{
	pid_t pid = attack_start(variant->attack, self->outcome,
				 variant->error == EAGAIN ? FEW : MANY, NULL);
	int i;

	for (i = 0; i < 5 && !attack_is_over(self->outcome); i++)
		wait_until(attack_is_over(self->outcome));
	EXPECT_TRUE(attack_is_over(self->outcome));
	return pid;
}

static void attack_end(FIXTURE_DATA(exhaustion) *self,
		       const FIXTURE_VARIANT(exhaustion) *variant, pid_t pid)
{
	child_kill(pid);
	if (variant->leaves_names)
		names_delete(self->device);
}

static int64_t taken_max(const FIXTURE_VARIANT(exhaustion) *variant)
{
	return variant->quota * (variant->is_just_above ? 4 : 3) / 2 + BESIDES_MAX;
}

TEST_F_TIMEOUT(exhaustion, stops_at_a_limit_while_others_are_served_and_all_comes_back, 100)
{
	uint64_t before, charged;
	int64_t taken = 0, left;
	pid_t pid;
	int rounds = does_memory_tell() ? 2 : 1;

	/* In the first round the kernel's own caches grow. */
	while (rounds--) {
		self->outcome->is_there = false;
		before = kernel_memory_settled();
		pid = attack_run(_metadata, self, variant);
		/* At its height: a later round may find what the one before has left free. */
		taken = MAX(taken, (int64_t)(kernel_memory() - before));
		charged = held(self);
		EXPECT_EQ(variant->error, self->outcome->error);
		EXPECT_LT(0, self->outcome->count);
		EXPECT_EQ(0, use_it_as_another(self->device));
		attack_end(self, variant, pid);
		EXPECT_TRUE(wait_until(held(self) == 0));
	}
	left = memory_left(before);
	EXPECT_GE(LEFT_MAX, left);
	TH_LOG("%s: %lu, %llu KiB charged, %lld KiB taken, %lld KiB left", variant->label,
	       self->outcome->count, (unsigned long long)charged >> 10, (long long)taken >> 10,
	       (long long)left >> 10);
	EXPECT_GE(self->quota, charged);
	if (variant->error == EDQUOT)
		EXPECT_LE(self->quota / 2, charged);
	if (variant->error == EDQUOT && does_memory_tell())
		EXPECT_GE(taken_max(variant), taken);
	EXPECT_EQ(0, AS(FATHER, use_it(self->device)));
}

TEST(what_takes_the_place_of_something_takes_no_more)
{
	uint64_t held, before = 0;
	int device = device_open(), fd, i;

	NEED_ROOT();
	settled_user_bytes(device);
	fd = mailbox_new(device);
	held = user_bytes(device);
	for (i = 0; i < 20000; i++) {
		if (i == 1000)
			before = kernel_memory_settled();
		ASSERT_EQ(0, mailbox_give(fd, "", 0, getpid()));
		ASSERT_EQ(0, MAILBOX_SET(fd, .set = MSGPASS_SET_CAPACITY, .capacity = i + 1));
		ASSERT_EQ(0, INBOX_SET(device, .set = MSGPASS_SET_MODE, .mode = 0222));
		ASSERT_EQ(-EAGAIN, TAKE(device, .from = getppid()));
	}
	EXPECT_EQ(held, user_bytes(device));
	EXPECT_GE(LEFT_MAX, memory_left(before));
	close(fd);
	close(device);
}

/* --- in a memory cgroup */

#define CGROUPS "/sys/fs/cgroup/"
#define CGROUP CGROUPS "msgpass-exhaust/"

enum { CGROUP_LIMIT = 6 << 20 };

FIXTURE(memory_cgroup) {
	int device;
	struct outcome *outcome;
};

FIXTURE_SETUP(memory_cgroup)
{
	char limit[20];

	NEED_ROOT();
	file_write(CGROUPS "cgroup.subtree_control", "+memory");
	mkdir(CGROUP, 0755);
	snprintf(limit, sizeof(limit), "%d", CGROUP_LIMIT);
	if (file_write(CGROUP "memory.max", limit)) {
		rmdir(CGROUP);
		SKIP_TEST("no memory cgroups");
	}
	self->device = device_open();
	self->outcome = shared(sizeof(*self->outcome));
	ASSERT_NE(NULL, self->outcome);
}

FIXTURE_TEARDOWN(memory_cgroup)
{
	close(self->device);
	EXPECT_TRUE(wait_until(!rmdir(CGROUP)));
}

static uint64_t cgroup_memory(void)
{
	unsigned long long value = 0;
	FILE *file = fopen(CGROUP "memory.current", "re");

	if (file && fscanf(file, "%llu", &value) != 1)
		value = ~0ULL;
	if (file)
		fclose(file);
	return value;
}

static bool is_killed(pid_t pid)
{
	siginfo_t info = {};

	return !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid == pid;
}

/* By an ENOMEM, or by the end of its process: the kernel chooses. */
TEST_F_TIMEOUT(memory_cgroup, stops_one_whose_quota_would_let_him_go_on, 60)
{
	pid_t pid = attack_start(by_messages_of_a_page, self->outcome, MANY,
				 CGROUP "cgroup.procs");

	EXPECT_TRUE(wait_until(attack_is_over(self->outcome) || is_killed(pid)));
	EXPECT_GE(CGROUP_LIMIT, cgroup_memory());
	if (attack_is_over(self->outcome))
		EXPECT_EQ(ENOMEM, self->outcome->error);
	EXPECT_EQ(0, use_it_as_another(self->device));
	child_kill(pid);
	EXPECT_TRUE(wait_until(AS(FATHER, user_bytes(self->device)) == 0));
	EXPECT_TRUE(wait_until(cgroup_memory() <= CGROUP_LIMIT / 4));
	TH_LOG("%llu KiB left in the cgroup", (unsigned long long)cgroup_memory() >> 10);
}

#include "afterwards.h"
