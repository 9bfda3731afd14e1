// SPDX-License-Identifier: GPL-2.0
/*
 * A pool of workers: worker_pool WORKERS JOBS. Each job goes to whoever of them
 * is free, and its result comes back by itself, to the pid that sent the job.
 */
#include <fcntl.h>
#include <msgpass.h>
#include <stdint.h>
#include <unistd.h>

#include "check.h"

static uint32_t primes_below(uint32_t limit)
{
	uint32_t candidate, divisor, count = 0;

	for (candidate = 2; candidate < limit; candidate++) {
		for (divisor = 2; divisor * divisor <= candidate; divisor++)
			if (candidate % divisor == 0)
				break;
		count += divisor * divisor > candidate;
	}
	return count;
}

/* A message's type is the number of its job. It goes on until the mailbox is deleted. */
static int work(int device, int jobs)
{
	struct msgpass_message_info info;
	uint32_t limit;

	while (msgpass_mailbox_receive(jobs, &limit, sizeof(limit), &info) > 0) {
		const struct msgpass_send_options back = { .pid = info.pid,
							   .type = info.type };
		uint32_t count = primes_below(limit);

		check("result",
		      msgpass_send_with(device, &count, sizeof(count), &back));
	}
	return 0;
}

/* All of them in one system call, if there is room. */
static void post(int jobs, const uint32_t *limits, int count)
{
	struct msgpass_outgoing messages[count];
	ssize_t sent = 0;
	int i;

	for (i = 0; i < count; i++)
		messages[i] = (struct msgpass_outgoing){
			.data = &limits[i],
			.length = sizeof(limits[i]),
			.type = i,
		};
	while (sent < count)
		sent += check("jobs", msgpass_send_batch(jobs, messages + sent,
							 count - sent, NULL));
}

/* Nobody's but a job's: the inbox is open to whoever may signal this process. */
static void collect(int device, uint32_t *results, uint32_t count)
{
	struct msgpass_message_info info;
	uint32_t result, left = count;

	while (left) {
		check("results", msgpass_receive(device, 0, &result,
						 sizeof(result), &info));
		if (info.type >= count || info.length != sizeof(result))
			continue;
		results[info.type] = result;
		left--;
	}
}

int main(int argc, char **argv)
{
	int workers = argc > 1 ? atoi(argv[1]) : 4;
	int count = argc > 2 ? atoi(argv[2]) : 8;
	/* So that no worker waits for ever, however this process ends. */
	const struct msgpass_settings bound = { .bound = true };
	int device = check("/dev/msgpass", msgpass_open());
	int jobs = check("mailbox",
			 msgpass_mailbox_open(device, NULL, O_RDWR, &bound));
	uint32_t limits[count], results[count];
	int i;

	for (i = 0; i < workers; i++)
		if (check("fork", fork()) == 0)
			return work(device, jobs);
	for (i = 0; i < count; i++)
		limits[i] = 1000 * (i + 1);
	post(jobs, limits, count);
	collect(device, results, count);
	for (i = 0; i < count; i++)
		printf("%u primes below %u\n", results[i], limits[i]);
	return -msgpass_mailbox_delete(jobs, NULL);
}
