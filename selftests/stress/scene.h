/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scene of a stress round: the memory that all its processes share, and the mailboxes.
 *
 * A worker writes only its own records and its own struct thread. What it finds of others, it
 * reads without a lock: it may send to one who was killed meanwhile, as anybody may.
 */
#ifndef SCENE_H
#define SCENE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "history.h"

#define RECORDS_MAX 262144
#define LARGEST	    65536

/* Mailboxes stand at the hash of their number, each incarnation by itself; inboxes behind. */
#define BOXES_MAX     1024
#define PORTS_MAX     4096
#define PROCESSES_MAX 2048

#define WORKERS_MAX 32
#define BOXES	    7

enum phase { RUNNING, CLOSING, STOPPED };

/* What is made under one name, over and over. */
struct box {
	uint64_t capacity;
	uint64_t capacity_bytes;
	bool deletable;
	bool settable;
	bool lifetimes; /* messages that expire are sent there */
	bool broadcast;
};

extern const struct box boxes[BOXES];
#define BROADCAST_BOX (BOXES - 1)

struct thread {
	_Atomic pid_t tid; /* 0: it has not begun, or has ended */
	pid_t pid;
	_Atomic uint32_t current; /* the record that is under way, and 1; or 0 */
};

struct process {
	_Atomic pid_t pid;
	uint16_t inbox;	       /* ports */
	uint16_t subscription; /* or 0 */
	uint16_t first;	       /* actor */
	uint16_t threads;
};

struct scene {
	_Atomic enum phase phase;
	_Atomic uint32_t record_count;
	_Atomic uint32_t accepted; /* messages */
	uint32_t messages;	   /* how many there are to be */
	uint64_t seed;
	unsigned int senders; /* workers that send above all; the others receive */
	unsigned int workers;
	pid_t overseer;
	uint16_t actor_count;
	uint16_t process_count;
	uint16_t port_count;
	_Atomic uint16_t cast[WORKERS_MAX];  /* which process plays each worker now */
	_Atomic uint64_t box_ids[BOXES_MAX]; /* the mailbox at each port, 0: none */
	struct process processes[PROCESSES_MAX];
	struct actor actors[ACTORS_MAX];
	struct thread threads[ACTORS_MAX];
	struct port ports[PORTS_MAX];
	char names[PORTS_MAX][32];
	struct record records[RECORDS_MAX];
};

/* Of all messages: what they are filled with, by their identity. */
void noise_init(void);
const char *noise(uint32_t message);

struct scene *scene_new(void);
void scene_clear(struct scene *scene);

/*
 * Opens the mailbox of that name, making it if there is none, and tells which port it is; a
 * descriptor or -errno.
 */
int box_open(struct scene *scene, int device, unsigned int box, uint32_t rights, uint16_t *port);
const char *box_name(const struct scene *scene, unsigned int box);

#endif
