/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory that an actor's system calls work on: good, bad and never there. No code of the
 * actor's own touches it, so that others may change it any time.
 */
#ifndef FUZZ_MEMORY_H
#define FUZZ_MEMORY_H

#include "world.h"

#include <linux/userfaultfd.h>

#define PAGE 4096
#define ARENA (16 * PAGE)

#define STALLING 13	/* the kind of place */

/*
 * The arena, then a page that nobody may touch, one to read only, and one that never comes.
 * Apart from that, as the actors write there themselves, the structs' two pages, each before
 * one of the former.
 */
static struct {
	char *arena;
	char *forbidden;
	char *constant;
	char *stalling;		/* NULL until it is asked for */
	char *structs;
} memory;

static inline char *pages(int count)
{
	char *memory = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	return memory;
}

static inline void memory_make(void)
{
	memory.arena = pages(ARENA / PAGE + 3);
	memory.forbidden = memory.arena + ARENA;
	memory.constant = memory.forbidden + PAGE;
	memory.stalling = NULL;
	CHECK(!mprotect(memory.forbidden, PAGE, PROT_NONE));
	CHECK(!mprotect(memory.constant, PAGE, PROT_READ));

	memory.structs = pages(4);
	CHECK(!mprotect(memory.structs + PAGE, PAGE, PROT_READ));
	CHECK(!mprotect(memory.structs + 3 * PAGE, PAGE, PROT_NONE));
}

/* Its userfaultfd is closed already. */
static inline void memory_reset(void)
{
	memory.stalling = NULL;
	CHECK(!mprotect(memory.arena, ARENA, PROT_READ | PROT_WRITE));
}

/* Nobody reads the userfaultfd: who touches the page waits until it is killed. */
static inline void *memory_stalling(void)
{
	char *page = memory.constant + PAGE;
	struct uffdio_register range = {
		.range = { (uintptr_t)page, PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int fd;

	if (!memory.stalling) {
		fd = syscall(SYS_userfaultfd, O_CLOEXEC);
		if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
			return NULL;
		memory.stalling = page;
	}
	return memory.stalling;
}

static inline uint64_t length_of(uint8_t code)
{
	static const uint64_t usual[] = {
		0, 1, 4, 8, 40, 63, 64, 65, 256, 1000, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE,
		2 * PAGE + 1, ARENA,
	};
	static const uint64_t wild[] = {
		ARENA + 1, 1 << 20, 1 << 30, INT_MAX, UINT_MAX, 1ULL << 32, INT64_MAX, UINT64_MAX,
	};

	return code & WILD ? wild[code % ARRAY_SIZE(wild)] : usual[code % ARRAY_SIZE(usual)];
}

/* Where so many bytes are; half of the kinds are good. */
static inline uint64_t place_of(uint8_t kind, uint64_t length)
{
	uint64_t inside = length < ARENA ? length : ARENA;

	switch (kind & 0xf) {
	case 8: return (uintptr_t)memory.forbidden - inside;
	case 9: return (uintptr_t)memory.forbidden - inside / 2;
	case 10: return (uintptr_t)memory.constant;
	case 11: return 0;
	case 12: return 0xffffffff81000000;
	case STALLING: return (uintptr_t)memory_stalling();
	case 14: return (uintptr_t)memory.forbidden;
	case 15: return 1ULL << 63;
	default: return (uintptr_t)memory.arena + (kind & 1);
	}
}

/*
 * Put a struct where part of it can't be read, or written back, or only just. Of what lies in
 * the page that is constant, zeros are what the kernel reads.
 */
static inline void *struct_place(uint8_t kind, void *argument, size_t size)
{
	size_t writable = size;
	char *end;

	switch (kind & 0xf) {
	case 12:
		end = memory.structs + 3 * PAGE;
		break;
	case 13:
		end = memory.structs + 3 * PAGE;
		writable = size / 2 & ~7;
		break;
	case 14:
		end = memory.structs + PAGE;
		writable = size / 2 & ~7;
		break;
	case 15:
		return NULL;
	default:
		return argument;
	}
	return memcpy(end - writable, argument, writable);
}

/* What happens to the arena behind the back of who uses it. */
static inline int memory_change(uint8_t how)
{
	switch (how % 4) {
	case 0: return mprotect(memory.arena, ARENA, PROT_NONE);
	case 1: return mprotect(memory.arena, ARENA, PROT_READ | PROT_WRITE);
	case 2: return madvise(memory.arena, ARENA, MADV_DONTNEED);
	default: return mmap(memory.arena, ARENA, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0;
	}
}

#endif
