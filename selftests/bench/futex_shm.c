// SPDX-License-Identifier: GPL-2.0
/*
 * Shared memory for the message, used where it lies, and a futex to wait on: nobody copies,
 * and nobody is kept from reading what the other is still to write.
 */
#include "bench.h"

#include <linux/futex.h>

/* Before the bytes: whether there is a message. */
static uint32_t *full(struct way *way)
{
	return (uint32_t *)(way->place - 64);
}

static void open_memory(struct way *way)
{
	char *memory = shared(4096 + way->size);

	CHECK(memory);
	memset(memory, 0, 4096 + way->size);
	way->bytes = memory + 4096;
	way->place = way->bytes;
}

static void send_memory(struct way *way)
{
	__atomic_store_n(full(way), 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, full(way), FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void receive_memory(struct way *way)
{
	while (!__atomic_exchange_n(full(way), 0, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, full(way), FUTEX_WAIT, 0, NULL, NULL, 0);
}

const struct mechanism bench_futex_shm = {
	.name = "futex_shm",
	.open = open_memory,
	.send = send_memory,
	.receive = receive_memory,
};
