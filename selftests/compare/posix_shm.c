// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX shared memory, and futexes to wait on: a ring for each direction, with a count of what
 * was put in and one of what was taken out. Each side writes one count, and sleeps while the
 * other's does not change.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compare.h"

#define NAME   "/compare"
#define PLACES 16

struct ring {
	atomic_uint in, out;
	int items[PLACES];
};

static struct ring *there, *back;

static void map(int memory)
{
	there = mmap(NULL, 2 * sizeof(struct ring), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	must(there == MAP_FAILED ? -1 : 0, "mmap");
	back = there + 1;
}

static void meet(void)
{
	map(must(shm_open(NAME, O_RDWR, 0), "shm_open"));
}

static void make_rings(void)
{
	int memory = must(shm_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600), "shm_open");

	must(ftruncate(memory, 2 * sizeof(struct ring)), "ftruncate");
	map(memory);
	ready();
}

/* Until it is not this value any more: it may have changed before we sleep. */
static void wait_while(atomic_uint *count, unsigned int value)
{
	while (atomic_load(count) == value)
		if (syscall(SYS_futex, count, FUTEX_WAIT, value, NULL) < 0 && errno != EAGAIN &&
		    errno != EINTR)
			fail("futex", errno);
}

/* What stands in the ring is to be seen before the count. */
static void advance(atomic_uint *count)
{
	atomic_fetch_add(count, 1);
	must(syscall(SYS_futex, count, FUTEX_WAKE, 1), "futex");
}

static void put(struct ring *ring, int item)
{
	unsigned int in = atomic_load(&ring->in);

	wait_while(&ring->out, in - PLACES);
	ring->items[in % PLACES] = item;
	advance(&ring->in);
}

static int get(struct ring *ring)
{
	unsigned int out = atomic_load(&ring->out);
	int item;

	wait_while(&ring->in, out);
	item = ring->items[out % PLACES];
	advance(&ring->out);
	return item;
}

void posix_shm_produce(pid_t reader, int count)
{
	int i;

	(void)reader;
	meet();
	for (i = 0; i < count; i++)
		put(there, make_item(i));
}

void posix_shm_consume(int count)
{
	int i;

	make_rings();
	for (i = 0; i < count; i++)
		use_item(get(there));
}

void posix_shm_request(pid_t server, int count)
{
	int i, asked;

	(void)server;
	meet();
	for (i = 0; i < count; i++) {
		asked = question(i);
		put(there, asked);
		take_answer(asked, get(back));
	}
}

void posix_shm_serve(int count)
{
	int i;

	make_rings();
	for (i = 0; i < count; i++)
		put(back, answer(get(there)));
}

int posix_shm_remove(void)
{
	return shm_unlink(NAME);
}
