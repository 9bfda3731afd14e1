// SPDX-License-Identifier: GPL-2.0
/*
 * What all measurements share: the mechanisms, how deep their queues are, and processes that
 * measure.
 */
#include "bench.h"

#define ROOM (4u << 20) /* bytes of messages that a way holds */

bool bench_quick;
/* Messages that a way holds: what a mailbox does by default. */
unsigned int bench_deepest = 256;
const size_t *bench_sizes;

static const char *only;

const struct mechanism *const bench_mechanisms[] = {
	&bench_msgpass_direct_call,
	&bench_msgpass_mailbox_call,
	&bench_msgpass_direct,
	&bench_msgpass_mailbox,
	&bench_msgpass_direct_rendezvous,
	&bench_msgpass_mailbox_rendezvous,
	&bench_msgpass_mailbox_flow,
	&bench_msgpass_mailbox_file,
	&bench_pipe,
	&bench_fifo,
	&bench_unix_seqpacket,
	&bench_posix_mq,
	&bench_sysv_msg,
	&bench_tcp_loopback,
	&bench_eventfd,
	&bench_futex_shm,
	NULL,
};

/* What would hold the peers back. */
static void raise_limits(void)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	CHECK(!setrlimit(RLIMIT_MSGQUEUE, &none));
	CHECK(!file_write("/proc/sys/fs/mqueue/msg_max", "65536"));
	CHECK(!file_write("/proc/sys/fs/mqueue/msgsize_max", "16777216"));
	CHECK(!file_write("/proc/sys/kernel/msgmax", "16777216"));
	CHECK(!file_write("/proc/sys/kernel/msgmnb", "16777216"));
	CHECK(!file_write("/proc/sys/fs/pipe-max-size", "16777216"));
}

void bench_begin(bool quick, const char *mechanism)
{
	static const size_t all[] = { 8, 64, 512, 4096, 16384, 65536, 262144, 1048576, 0 };
	static const size_t few[] = { 8, 64, 65536, 0 };

	bench_quick = quick;
	bench_sizes = quick ? few : all;
	only = mechanism;
	raise_limits();
}

bool bench_fits(const struct mechanism *mechanism, size_t size)
{
	return (!only || !strcmp(only, mechanism->name)) && size >= mechanism->smallest &&
	       (!mechanism->largest || size <= mechanism->largest);
}

/* The same for all, so that none has to switch to the receiver more often than another. */
unsigned int bench_depth(size_t size)
{
	size_t fit = ROOM / size;

	return fit > bench_deepest ? bench_deepest : fit < 4 ? 4 : fit;
}

unsigned int bench_rounds(size_t size)
{
	unsigned int rounds = size <= 4096 ? 2048 : size <= 65536 ? 256 : 64;

	return bench_quick ? rounds / 8 : rounds;
}

/* SysV messages have their type before the bytes. */
static char *payload(size_t size)
{
	char *block = aligned_alloc(4096, 4096 + (size + 4095) / 4096 * 4096);

	CHECK(block);
	memset(block, 1, 4096 + size);
	return block + 4096;
}

void bench_way_open(struct way *way, const struct mechanism *mechanism, size_t size)
{
	size_t all = size > 4096 ? size : size * BATCH;

	*way = (struct way){ .size = size, .depth = bench_depth(size), .in = -1, .out = -1 };
	way->bytes = payload(all);
	way->place = payload(all);
	mechanism->open(way);
}

void bench_way_close(struct way *way, const struct mechanism *mechanism)
{
	if (mechanism->close)
		mechanism->close(way);
}

void bench_nonblock(struct way *way)
{
	CHECK(!fcntl(way->in, F_SETFL, O_NONBLOCK));
}

void bench_report(const char *what, const char *mechanism, size_t size, double value,
		  const char *unit)
{
	printf("%s %s %zu %.*f %s\n", what, mechanism, size, strcmp(unit, "ratio") ? 0 : 3, value,
	       unit);
	fflush(stdout);
}

void bench_skip(const char *what, const char *mechanism, const char *why)
{
	printf("# %s %s: %s\n", what, mechanism, why);
	fflush(stdout);
}

/* So that what others left to be done later is done. */
static void settle(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
}

void bench_apart(void (*measure)(const struct mechanism *mechanism, size_t size),
		 const struct mechanism *mechanism, size_t size)
{
	pid_t pid = child_fork();

	if (!pid) {
		settle();
		measure(mechanism, size);
		_exit(0);
	}
	if (child_status(pid))
		bench_skip("FAILED", mechanism ? mechanism->name : "", "it did not get to its end");
}

#define ROOMY                                                                                      \
	.set = MSGPASS_SET_CAPACITY | MSGPASS_SET_CAPACITY_BYTES, .capacity = MSGPASS_UNLIMITED,   \
	.capacity_bytes = MSGPASS_UNLIMITED

int bench_roomy_mailbox(void)
{
	int device = device_open(), box = MAILBOX_OPEN(device, "", OPEN_NEW, ROOMY);

	CHECK(box >= 0);
	close(device);
	return box;
}

int bench_set_roomy_inbox(int device)
{
	return INBOX_SET(device, ROOMY);
}

int bench_roomy_inbox(void)
{
	int device = device_open();

	CHECK(!bench_set_roomy_inbox(device));
	return device;
}
