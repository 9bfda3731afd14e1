// SPDX-License-Identifier: GPL-2.0
/*
 * Producers and consumers: a mailbox that holds four items is the bounded buffer
 * between them, and there is nothing else to synchronise.
 */
#include <fcntl.h>
#include <msgpass.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PRODUCERS 2
#define CONSUMERS 3
#define ITEMS	  100

static int produce(int buffer)
{
	int item;

	for (item = 1; item <= ITEMS; item++)
		check("produce",
		      msgpass_mailbox_send(buffer, &item, sizeof(item)));
	return 0;
}

/* Until there is an empty message; then its parent is told the sum. */
static int consume(int buffer, int device)
{
	int item, sum = 0;

	while (check("consume",
		     msgpass_mailbox_receive(buffer, &item, sizeof(item), NULL)))
		sum += item;
	check("tell", msgpass_send(device, getppid(), &sum, sizeof(sum)));
	return 0;
}

int main(void)
{
	const struct msgpass_settings four = { .has = MSGPASS_HAS_CAPACITY,
					       .capacity = 4 };
	int device = check("/dev/msgpass", msgpass_open());
	int buffer = check("mailbox",
			   msgpass_mailbox_open(device, NULL, O_RDWR, &four));
	pid_t producers[PRODUCERS];
	int i, sum, total = 0;

	for (i = 0; i < CONSUMERS; i++)
		if (check("fork", fork()) == 0)
			return consume(buffer, device);
	for (i = 0; i < PRODUCERS; i++) {
		producers[i] = check("fork", fork());
		if (producers[i] == 0)
			return produce(buffer);
	}

	for (i = 0; i < PRODUCERS; i++)
		waitpid(producers[i], NULL, 0);
	for (i = 0; i < CONSUMERS; i++)
		check("end", msgpass_mailbox_send(buffer, NULL, 0));
	for (i = 0; i < CONSUMERS; i++) {
		check("sum", msgpass_receive(device, 0, &sum, sizeof(sum), NULL));
		total += sum;
	}
	printf("%d producers made %d, %d consumers got %d\n", PRODUCERS,
	       PRODUCERS * ITEMS * (ITEMS + 1) / 2, CONSUMERS, total);
	return 0;
}
