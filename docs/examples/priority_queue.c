// SPDX-License-Identifier: GPL-2.0
/* A mailbox as a priority queue: the most urgent first, and of these the oldest. */
#include <fcntl.h>
#include <msgpass.h>

#include "check.h"

static const struct {
	const char *what;
	uint32_t priority;
} jobs[] = {
	{ "sweep the floor", 1 },   { "answer the phone", 5 },
	{ "put out the fire", 9 },  { "open the door", 5 },
	{ "water the flowers", 1 },
};

int main(void)
{
	const struct msgpass_receive_options urgent = { .by_priority = true,
							.nonblock = true };
	int device = check("/dev/msgpass", msgpass_open());
	int queue = check("mailbox",
			  msgpass_mailbox_open(device, NULL, O_RDWR, NULL));
	struct msgpass_message_info info;
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		check("send",
		      msgpass_send_with(queue, jobs[i].what,
					strlen(jobs[i].what) + 1,
					&(struct msgpass_send_options){
						.priority = jobs[i].priority,
					}));
	while (msgpass_receive_with(queue, text, sizeof(text), &urgent,
				    &info) >= 0)
		printf("%u %s\n", info.priority, text);
	return 0;
}
