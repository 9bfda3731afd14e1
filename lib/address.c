// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What sending and receiving have in common: whom with, and until when.
 */
#include <time.h>

#include "internal.h"

int address_of(pid_t pid, uint64_t peer, __u64 *address, __u32 *flags)
{
	if (pid < 0 || (pid && peer))
		return -EINVAL;
	if (peer)
		*flags |= MSGPASS_PEER;
	*address = peer ? peer : (__u64)pid;
	return 0;
}

PUBLIC uint64_t msgpass_deadline(uint64_t timeout_ns)
{
	struct timespec now;
	uint64_t now_ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	/* the kernel's times are signed */
	if (timeout_ns > INT64_MAX - now_ns)
		return INT64_MAX;
	return now_ns + timeout_ns;
}

int deadline_of(uint64_t timeout_ns, uint64_t deadline_ns, __u64 *deadline)
{
	if (timeout_ns && deadline_ns)
		return -EINVAL;
	*deadline = timeout_ns ? msgpass_deadline(timeout_ns) : deadline_ns;
	return 0;
}
