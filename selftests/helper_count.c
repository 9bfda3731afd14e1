// SPDX-License-Identifier: GPL-2.0
/*
 * What messages cost, in a VM whose clock counts instructions (make count). Not a test: it
 * prints, and nothing passes or fails.
 */
#include "msgpass_test.h"

#include <sys/mman.h>

#define ROUNDS	200
#define LARGEST	(1024 * 1024)

static char *buffer;

static void serve(int fd)
{
	struct msgpass_reply_receive argument = { .size = sizeof(argument) };
	char *place = malloc(LARGEST);

	argument.receive.data = (uintptr_t)place;
	argument.receive.length = LARGEST;
	argument.reply.data = (uintptr_t)place;
	for (;;) {
		CHECK(!call(fd, MSGPASS_IOC_REPLY_RECEIVE, &argument));
		argument.reply.token = argument.receive.out_token;
		/* As long an answer as the question, but to what is only sent. */
		argument.reply.length = argument.receive.out_length;
	}
}

static void round_trip(int fd, uint64_t to, size_t length)
{
	struct msgpass_call argument = {
		.size = sizeof(argument), .to = to, BYTES(buffer, length),
		.reply_data = (uintptr_t)buffer, .reply_length = LARGEST,
	};

	CHECK(!call(fd, MSGPASS_IOC_CALL, &argument));
}

/* To a box that takes no message of any length, so that all flow. */
static void flow(int fd, uint64_t to, size_t length)
{
	CHECK(!SEND(fd, .to = to, BYTES(buffer, length), .flags = MSGPASS_FLOW));
}

static void self_message(int fd, uint64_t to, size_t length)
{
	CHECK(!SEND(fd, .to = to, BYTES(buffer, length)));
	CHECK(!RECEIVE(fd, NULL, BYTES(buffer, LARGEST)));
}

static void copy(int fd, uint64_t to, size_t length)
{
	static char other[LARGEST];

	(void)fd;
	(void)to;
	memcpy(other, buffer, length);
	/* The compiler may not leave it out. */
	asm volatile("" : : "r"(other) : "memory");
}

/* The kernel's own single copy, from pages that it has. */
static void pread_once(int fd, uint64_t to, size_t length)
{
	(void)to;
	CHECK(pread(fd, buffer, length, 0) == (ssize_t)length);
}

/* Instructions of one turn, in the steady state. */
static double cost(void (*turn)(int fd, uint64_t to, size_t length), int fd, uint64_t to,
		   size_t length)
{
	unsigned int rounds = length > 4096 ? 10 : ROUNDS, i;
	uint64_t start;

	for (i = 0; i < rounds; i++)
		turn(fd, to, length);
	start = now();
	for (i = 0; i < rounds; i++)
		turn(fd, to, length);
	return (double)(now() - start) / rounds;
}

static double per_byte(void (*turn)(int fd, uint64_t to, size_t length), int fd, uint64_t to)
{
	return (cost(turn, fd, to, LARGEST) - cost(turn, fd, to, LARGEST / 4)) /
	       (LARGEST - LARGEST / 4);
}

static void report(const char *what, void (*turn)(int fd, uint64_t to, size_t length), int fd,
		   uint64_t to)
{
	printf("%-40s %8.0f %10.0f %8.3f\n", what, cost(turn, fd, to, 64),
	       cost(turn, fd, to, 65536), per_byte(turn, fd, to));
}

static void report_calls(const char *what, int fd, bool direct)
{
	pid_t server = child_fork();

	if (!server)
		serve(fd);
	report(what, round_trip, fd, direct ? server : 0);
	child_kill(server);
}

static void report_flows(const char *what, int device)
{
	int box = MAILBOX_OPEN(device, "", OPEN_NEW, .set = MSGPASS_SET_MESSAGE_MAX);
	pid_t receiver = child_fork();

	if (!receiver)
		for (;;)
			CHECK(!RECEIVE(box, NULL, BYTES(buffer, LARGEST)));
	report(what, flow, box, 0);
	child_kill(receiver);
	close(box);
}

int main(void)
{
	int device = device_open();
	int box = mailbox_new(device);
	int memory = memfd_create("count", 0);

	CHECK(box >= 0 && memory >= 0 && !ftruncate(memory, LARGEST));
	buffer = malloc(LARGEST);
	memset(buffer, 1, LARGEST);
	printf("%-40s %8s %10s %8s\n", "instructions", "64 B", "64 KiB", "per byte");
	/* Its pages are there before anything is counted. */
	CHECK(pwrite(memory, buffer, LARGEST, 0) == LARGEST);
	report("memcpy", copy, 0, 0);
	report("pread of a memfd: one copy", pread_once, memory, 0);
	report("send, receive: own inbox", self_message, device, getpid());
	report("send, receive: mailbox", self_message, box, 0);
	report_flows("flow: mailbox, blocking both ways", device);
	report_calls("call, reply_receive: process", device, true);
	report_calls("call, reply_receive: mailbox", box, false);
	return 0;
}
