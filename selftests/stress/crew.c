// SPDX-License-Identifier: GPL-2.0
#define MSGPASS_TEST_PART
#include "../msgpass_test.h"

#include "crew.h"
#include "worker.h"

/* --- their start and end */

static void *play(void *argument)
{
	struct worker *worker = argument;

	atomic_store(&worker->scene->threads[worker->actor].tid, gettid());
	worker_play(worker);
	atomic_store(&worker->scene->threads[worker->actor].tid, 0);
	return NULL;
}

/* Its inbox has a capacity of its own. */
static void set_inbox(struct worker *worker, const struct port *inbox)
{
	CHECK(!INBOX_SET(worker->device, .set = MSGPASS_SET_CAPACITY, .capacity = inbox->capacity));
}

static void subscribe(struct worker *worker, uint16_t subscription)
{
	struct scene *scene = worker->scene;
	uint16_t source;

	worker->subscription =
		box_open(scene, worker->device, BROADCAST_BOX, MSGPASS_OPEN_RECEIVE, &source);
	CHECK(worker->subscription >= 0);
	scene->ports[subscription].source = source;
	scene->ports[subscription].opened = now();
	/* Only now is it one to be judged. */
	scene->ports[subscription].kind = PORT_SUBSCRIPTION;
}

static void run_process(struct scene *scene, uint16_t process, bool sender)
{
	struct process *self = &scene->processes[process];
	struct worker workers[2];
	pthread_t threads[2];
	unsigned int i;

	worker_signals();
	self->pid = getpid();
	for (i = 0; i < self->threads; i++) {
		scene->threads[self->first + i].pid = getpid();
		worker_init(&workers[i], scene, self->first + i, process);
		workers[i].sender = sender;
	}
	set_inbox(&workers[0], &scene->ports[self->inbox]);
	if (self->subscription)
		subscribe(&workers[0], self->subscription);
	for (i = 1; i < self->threads; i++)
		CHECK(!pthread_create(&threads[i], NULL, play, &workers[i]));
	play(&workers[0]);
	for (i = 1; i < self->threads; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

static uint16_t new_port(struct scene *scene, enum port_kind kind, uint16_t process)
{
	uint16_t port = scene->port_count++;

	scene->ports[port] = (struct port){
		.kind = kind,
		.source = port,
		.process = process,
		.capacity = process % 4 ? 6 : 1,
		.capacity_bytes = 4 << 20,
	};
	snprintf(scene->names[port], sizeof(scene->names[port]), "%s of process %u",
		 kind == PORT_INBOX ? "inbox" : "subscription", process);
	return port;
}

void crew_start(struct crew *crew, unsigned int worker)
{
	struct scene *scene = crew->scene;
	uint16_t process = ++scene->process_count;
	struct process *new = &scene->processes[process];
	bool sender = worker < scene->senders;
	unsigned int i;
	pid_t pid;

	*new = (struct process){
		.first = scene->actor_count,
		.threads = worker % 4 == 3 ? 2 : 1,
		.inbox = new_port(scene, PORT_INBOX, process),
	};
	if (!sender && worker % 2)
		new->subscription = new_port(scene, PORT_NONE, process);
	scene->actor_count += new->threads;
	for (i = 0; i < new->threads; i++)
		scene->actors[new->first + i].process = process;
	pid = child_fork();
	if (!pid)
		run_process(scene, process, sender);
	for (i = 0; i < new->threads; i++)
		scene->threads[new->first + i].pid = pid;
	atomic_store(&new->pid, pid);
	atomic_store(&scene->cast[worker], process);
}

static void forget(struct crew *crew, uint16_t process)
{
	const struct process *of = &crew->scene->processes[process];
	unsigned int i;

	for (i = of->first; i < of->first + of->threads; i++) {
		atomic_store(&crew->scene->threads[i].tid, 0);
		if (crew->wchan_fds[i])
			close(crew->wchan_fds[i] - 1);
		crew->wchan_fds[i] = 0;
	}
}

void crew_kill(struct crew *crew, unsigned int worker)
{
	struct scene *scene = crew->scene;
	uint16_t process = scene->cast[worker];
	const struct process *of = &scene->processes[process];
	unsigned int i;

	for (i = of->first; i < of->first + of->threads; i++)
		scene->actors[i].killed = now();
	child_kill(of->pid);
	for (i = of->first; i < of->first + of->threads; i++)
		scene->actors[i].gone = now();
	forget(crew, process);
}

void crew_signal(struct crew *crew, uint16_t actor, int signal)
{
	const struct thread *thread = &crew->scene->threads[actor];
	pid_t tid = atomic_load(&thread->tid);

	/* The process is our child and not reaped, so the number is its own. */
	if (tid)
		syscall(SYS_tgkill, thread->pid, tid, signal);
}

unsigned int crew_reap(struct crew *crew)
{
	struct scene *scene = crew->scene;
	unsigned int left = 0, i;

	for (i = 0; i < scene->workers; i++) {
		uint16_t process = scene->cast[i];

		if (!process)
			continue;
		if (waitpid(scene->processes[process].pid, NULL, WNOHANG) == 0) {
			left++;
			continue;
		}
		forget(crew, process);
		atomic_store(&scene->cast[i], 0);
	}
	return left;
}

/* --- looking at them */

static int proc_read(int *cached, const struct thread *thread, char *text, size_t size)
{
	char path[64];
	ssize_t count;

	if (!*cached) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/wchan", thread->pid, thread->tid);
		*cached = open(path, O_RDONLY | O_CLOEXEC) + 1;
	}
	count = *cached ? pread(*cached - 1, text, size - 1, 0) : 0;
	if (count <= 0)
		return -ESRCH;
	text[count] = '\0';
	return 0;
}

/*
 * The kernel tells where a thread sleeps only if nobody has begun to wake it, and with the lock
 * held that whoever wakes it needs. Its state in other files could be that of one who looks
 * whether to go to sleep, or has been woken and looks again.
 */
static bool is_asleep(struct crew *crew, uint16_t actor)
{
	char text[64];

	return !proc_read(&crew->wchan_fds[actor], &crew->scene->threads[actor], text, sizeof(text)) &&
	       !strcmp(text, "msgpass_waiter_sleep");
}

static bool look_at(struct crew *crew, uint16_t actor)
{
	struct thread *thread = &crew->scene->threads[actor];
	uint32_t current = atomic_load(&thread->current);
	struct look look = { .from = now(), .record = current - 1 };

	if (!current || !is_asleep(crew, actor))
		return false;
	look.to = now();
	if (atomic_load(&thread->current) != current)
		return false;
	if (crew->look_count < LOOKS_MAX)
		crew->looks[crew->look_count++] = look;
	return !crew->scene->records[current - 1].deadline;
}

bool crew_look(struct crew *crew)
{
	struct scene *scene = crew->scene;
	bool all = true;
	unsigned int i;

	for (i = 0; i < scene->workers; i++) {
		uint16_t process = scene->cast[i];
		const struct process *of = &scene->processes[process];
		unsigned int j;

		for (j = 0; process && j < of->threads; j++)
			all &= look_at(crew, of->first + j);
	}
	return all;
}
