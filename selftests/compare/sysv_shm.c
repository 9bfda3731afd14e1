// SPDX-License-Identifier: GPL-2.0
/*
 * System V shared memory, and semaphores that say who may touch it: the bounded buffer of the
 * textbook. One semaphore counts the free places, another the full ones; a buffer for each
 * direction. With several writers it would take a third to keep them apart.
 */
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "compare.h"

#define KEY    0x636d70
#define PLACES 16

struct buffer {
	int items[PLACES];
	int in, out;
};

enum { THERE, BACK };

/* Of a buffer, two semaphores each. */
enum { FREE, FULL };

static struct buffer *buffers;
static int semaphores;

static int semaphore_of(int buffer, int what)
{
	return 2 * buffer + what;
}

static void meet(void)
{
	int memory = must(shmget(KEY, 2 * sizeof(struct buffer), 0), "shmget");

	semaphores = must(semget(KEY, 4, 0), "semget");
	buffers = shmat(memory, NULL, 0);
	must(buffers == (void *)-1 ? -1 : 0, "shmat");
}

static void make_buffers(void)
{
	/* Nothing is free or full until somebody says so. */
	must(shmget(KEY, 2 * sizeof(struct buffer), IPC_CREAT | IPC_EXCL | 0600), "shmget");
	must(semget(KEY, 4, IPC_CREAT | IPC_EXCL | 0600), "semget");
	meet();
	must(semctl(semaphores, semaphore_of(THERE, FREE), SETVAL, PLACES), "semctl");
	must(semctl(semaphores, semaphore_of(BACK, FREE), SETVAL, PLACES), "semctl");
	ready();
}

static void add(int semaphore, int change)
{
	struct sembuf operation = { .sem_num = semaphore, .sem_op = change };

	must(semop(semaphores, &operation, 1), "semop");
}

static void put(int which, int item)
{
	struct buffer *buffer = &buffers[which];

	add(semaphore_of(which, FREE), -1);
	buffer->items[buffer->in++ % PLACES] = item;
	add(semaphore_of(which, FULL), 1);
}

static int get(int which)
{
	struct buffer *buffer = &buffers[which];
	int item;

	add(semaphore_of(which, FULL), -1);
	item = buffer->items[buffer->out++ % PLACES];
	add(semaphore_of(which, FREE), 1);
	return item;
}

void sysv_shm_produce(pid_t reader, int count)
{
	int i;

	(void)reader;
	meet();
	for (i = 0; i < count; i++)
		put(THERE, make_item(i));
}

void sysv_shm_consume(int count)
{
	int i;

	make_buffers();
	for (i = 0; i < count; i++)
		use_item(get(THERE));
}

void sysv_shm_request(pid_t server, int count)
{
	int i, asked;

	(void)server;
	meet();
	for (i = 0; i < count; i++) {
		asked = question(i);
		put(THERE, asked);
		take_answer(asked, get(BACK));
	}
}

void sysv_shm_serve(int count)
{
	int i;

	make_buffers();
	for (i = 0; i < count; i++)
		put(BACK, answer(get(THERE)));
}

int sysv_shm_remove(void)
{
	semctl(semget(KEY, 4, 0), 0, IPC_RMID);
	return shmctl(shmget(KEY, 0, 0), IPC_RMID, NULL);
}
