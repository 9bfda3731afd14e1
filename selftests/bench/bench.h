/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the measurements share: what a mechanism is, and how a result is printed.
 *
 * A message is written in full by its sender and read in full by its receiver, whichever way
 * it goes. All mechanisms have room for as many messages.
 */
#ifndef BENCH_H
#define BENCH_H

#define MSGPASS_TEST_PART
#include "../msgpass_test.h"

#define BATCH 32 /* messages of one call, where a call can take several */

/* One direction between two processes. */
struct way {
	size_t size;	    /* of its messages */
	unsigned int depth; /* of them it has room for so many */
	pid_t receiver;
	int in, out;	/* descriptors to receive from and to send to */
	uint32_t flags; /* of spin(), for ask() and answer() */
	uint64_t token; /* of the call that was received */
	char *bytes;	/* the sender's, BATCH messages */
	char *place;	/* the receiver's */
};

/*
 * How messages are passed. What fails ends the process.
 *
 * Where one call can send a request and receive its answer, ask() does it, and answer()
 * sends an answer and receives the next request.
 */
struct mechanism {
	const char *name;
	bool one_way;			/* it can be sent to again and again */
	size_t smallest, largest;	/* message; 0 and 0: any */
	void (*open)(struct way *way);	/* before the processes part */
	void (*begin)(struct way *way); /* in the receiving process */
	void (*send)(struct way *way);
	void (*receive)(struct way *way);
	void (*ask)(struct way *there, struct way *back);
	void (*answer)(struct way *there, struct way *back);
	bool (*look)(struct way *way); /* receive, if there is one: never sleep */
	void (*spin)(struct way *way); /* for look(), ask() and answer() */
	void (*send_batch)(struct way *way);
	unsigned int (*receive_batch)(struct way *way); /* how many came */
	void (*close)(struct way *way);			/* what does not go with the processes */
};

extern const struct mechanism bench_pipe, bench_fifo, bench_unix_seqpacket, bench_posix_mq,
	bench_sysv_msg, bench_tcp_loopback, bench_eventfd, bench_futex_shm, bench_msgpass_direct,
	bench_msgpass_mailbox, bench_msgpass_direct_call, bench_msgpass_mailbox_call,
	bench_msgpass_direct_rendezvous, bench_msgpass_mailbox_rendezvous,
	bench_msgpass_mailbox_flow, bench_msgpass_mailbox_file, bench_null_ioctl;

extern const struct mechanism *const bench_mechanisms[];

/* A spin() for those whose look() needs a non-blocking descriptor. */
void bench_nonblock(struct way *way);

bool bench_fits(const struct mechanism *mechanism, size_t size);

/* Those of the plots, ended by 0. */
extern const size_t *bench_sizes;

/* Fewer rounds and sizes: does it work at all? */
extern bool bench_quick;
/* No queue is deeper, in messages. */
extern unsigned int bench_deepest;

/* Before all else. If @only is not NULL, no other mechanism is measured. */
void bench_begin(bool quick, const char *only);

unsigned int bench_depth(size_t size);
unsigned int bench_rounds(size_t size);
/* Whether enough has been done since then that does not count. */
bool bench_is_warm(uint64_t since);

void bench_way_open(struct way *way, const struct mechanism *mechanism, size_t size);
void bench_way_close(struct way *way, const struct mechanism *mechanism);

/* Sizes are multiples of 8. */
void bench_fill(void *bytes, size_t size);
void bench_sum(const void *bytes, size_t size);

/* A line of the result: case, mechanism, size, value, unit. */
void bench_report(const char *what, const char *mechanism, size_t size, double value,
		  const char *unit);
/* What is not measured, and why. */
void bench_skip(const char *what, const char *mechanism, const char *why);

/* Measure in a process of its own, which leaves nothing behind. */
void bench_apart(void (*measure)(const struct mechanism *mechanism, size_t size),
		 const struct mechanism *mechanism, size_t size);

/* Measure with little and with much, and tell both and their ratio. */
void bench_compare(const char *what, const char *mechanism, size_t size,
		   double (*measure)(unsigned int much), unsigned int little, unsigned int much);

/* With room for all that is sent. */
int bench_roomy_mailbox(void);
int bench_roomy_inbox(void);
int bench_set_roomy_inbox(int device);

/*
 * What a turn costs, after some that do not count: the median of several parts of the rounds,
 * so that a timer's tick and what the kernel does late do not show.
 */
double bench_cost(void (*turn)(void *argument), void *argument, unsigned int rounds);
double bench_median(double *values, unsigned int count);

/* The cases. */
void bench_round_trip(void);
void bench_one_way(void);
void bench_one_way_batch(void);
void bench_floors(void);
void bench_growth(void);
void bench_selection(void);
void bench_wakeup(void);
void bench_broadcast(void);
void bench_memory(void);
void bench_smp_share(void);
void bench_smp_round_trip(void);
void bench_smp_round_trip_spin(void);

/* Round trips of one mechanism and nothing else, for a profile. */
void bench_profile(const struct mechanism *mechanism, unsigned int rounds);
/* The same of messages one way. */
void bench_profile_one_way(const struct mechanism *mechanism, size_t size, unsigned int rounds);
/* The same of batches of 64 bytes. */
void bench_profile_batch(const struct mechanism *mechanism, unsigned int rounds);

#endif
