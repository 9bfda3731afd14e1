// SPDX-License-Identifier: GPL-2.0
#define MSGPASS_TEST_PART
#include "../msgpass_test.h"

#include <sys/mman.h>

#include "scene.h"

const struct box boxes[BOXES] = {
	{ .capacity = 1, .capacity_bytes = 4 << 20 },
	{ .capacity = 8, .capacity_bytes = 4 << 20 },
	{ .capacity = 16, .capacity_bytes = 96 << 10 },
	{ .capacity = 0, .capacity_bytes = 4 << 20 },
	{ .capacity = 4, .capacity_bytes = 4 << 20, .settable = true, .lifetimes = true },
	{ .capacity = 8, .capacity_bytes = 4 << 20, .deletable = true, .settable = true },
	[BROADCAST_BOX] = { .capacity = 8, .capacity_bytes = 4 << 20, .broadcast = true },
};

static char noises[2 * LARGEST];

void noise_init(void)
{
	uint64_t state = 88172645463325252ULL;
	size_t i;

	for (i = 0; i < sizeof(noises); i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		noises[i] = state;
	}
}

const char *noise(uint32_t message)
{
	return noises + message * 2654435761U % LARGEST;
}

struct scene *scene_new(void)
{
	return shared(sizeof(struct scene));
}

void scene_clear(struct scene *scene)
{
	/* Most of the records were never touched. */
	memset(scene, 0,
	       offsetof(struct scene, records) +
		       atomic_load(&scene->record_count) * sizeof(scene->records[0]));
	scene->port_count = BOXES_MAX;
	scene->overseer = getpid();
}

const char *box_name(const struct scene *scene, unsigned int box)
{
	static __thread char name[MSGPASS_NAME_SIZE];

	snprintf(name, sizeof(name), "stress-%d-%u", scene->overseer, box);
	return name;
}

/* Whoever comes first takes the place; all describe it alike. */
static uint16_t box_port(struct scene *scene, unsigned int box, uint64_t id)
{
	uint16_t port = 1 + id % (BOXES_MAX - 1);
	uint64_t there = 0;

	while (!atomic_compare_exchange_strong(&scene->box_ids[port], &there, id) && there != id) {
		port = port % (BOXES_MAX - 1) + 1;
		there = 0;
	}
	scene->ports[port].source = port;
	scene->ports[port].capacity = boxes[box].capacity;
	scene->ports[port].capacity_bytes = boxes[box].capacity_bytes;
	scene->ports[port].kind = boxes[box].broadcast ? PORT_BROADCAST : PORT_MAILBOX;
	snprintf(scene->names[port], sizeof(scene->names[port]), "mailbox %u.%u", box, port);
	return port;
}

int box_open(struct scene *scene, int device, unsigned int box, uint32_t rights, uint16_t *port)
{
	uint32_t flags = rights | MSGPASS_OPEN_CREATE |
			 (boxes[box].broadcast ? MSGPASS_OPEN_BROADCAST : 0);
	struct msgpass_mailbox_stat stat;
	int fd, error;

	for (;;) {
		fd = MAILBOX_OPEN(device, box_name(scene, box), flags,
				  .set = MSGPASS_SET_CAPACITY | MSGPASS_SET_CAPACITY_BYTES |
					 MSGPASS_SET_MESSAGE_MAX,
				  .capacity = boxes[box].capacity,
				  .capacity_bytes = boxes[box].capacity_bytes,
				  .message_max = LARGEST);
		if (fd < 0)
			return fd;
		error = mailbox_stat(fd, "", &stat);
		if (!error)
			break;
		/* Somebody deleted it meanwhile. */
		close(fd);
		if (error != -EPIPE)
			return error;
	}
	*port = box_port(scene, box, stat.out_id);
	return fd;
}
