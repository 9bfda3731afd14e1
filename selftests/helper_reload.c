// SPDX-License-Identifier: GPL-2.0
/*
 * helper_reload TIMES MODULE PARAMETERS: unload the module and load it again, so many times,
 * while others open the device, do something, and close it, over and over. Prints how often it
 * was busy, and how many messages went through.
 */
#define MSGPASS_TEST_PART
#include "msgpass_test.h"

#define USERS	4
#define BOX	"reload-test"

struct tally {
	_Atomic uint64_t opened;
	_Atomic uint64_t sent;
	_Atomic uint64_t received;
	_Atomic int wrong;		/* an errno that has no place here */
};

static struct tally *tally;

static void count(_Atomic uint64_t *what, int result)
{
	if (!result)
		(*what)++;
}

/* Some of it stays when the module goes: queued, with timers pending, or owed. */
static void use(int device, unsigned int turn)
{
	int box = MAILBOX_OPEN(device, BOX, OPEN_NEW);
	pid_t parent = getppid();
	uint32_t number;

	if (box < 0) {
		tally->wrong = -box;
		return;
	}
	count(&tally->sent, SEND(box, NUMBER(turn), .flags = MSGPASS_NONBLOCK));
	count(&tally->sent, SEND(box, NUMBER(turn), .flags = MSGPASS_NONBLOCK,
				 .lifetime = 1 + turn % 50 * 1000000));
	count(&tally->sent, SEND(device, NUMBER(turn), .to = parent, .flags = MSGPASS_NONBLOCK));
	count(&tally->sent, SEND(device, NUMBER(turn), .to = getpid(), .cookie = 1,
				 .flags = MSGPASS_NONBLOCK | MSGPASS_RECEIPT));
	if (turn % 2)
		count(&tally->received, RECEIVE(box, NULL, .deadline = now() + 1000000,
						BYTES(&number, 4)));
	if (turn % 3)
		count(&tally->received, RECEIVE(device, NULL, BYTES(&number, 4),
						.flags = MSGPASS_NONBLOCK | MSGPASS_TRUNCATE));
	if (turn % 5 == 0)
		mailbox_delete(box, "");
	close(box);
}

static void use_again_and_again(void)
{
	unsigned int turn;

	for (turn = getpid();; turn++) {
		int device = device_open();

		if (device >= 0) {
			tally->opened++;
			use(device, turn);
			close(device);
		} else if (device != -ENOENT && device != -ENODEV && device != -ENXIO) {
			tally->wrong = -device;
		}
		/*
		 * Where QEMU has to share the CPUs, and all of the VM are busy, what loading a
		 * module asks of all CPUs takes seconds.
		 */
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
}

static int load(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 || syscall(SYS_finit_module, fd, parameters, 0) ? errno : 0;

	close(fd);
	return error;
}

/* The next one goes on when somebody has used it again. */
static bool reload(const char *path, const char *parameters, uint64_t *busy)
{
	uint64_t end = soon(), opened;
	int error;

	while (syscall(SYS_delete_module, "msgpass", O_NONBLOCK)) {
		if (errno != EAGAIN && errno != EBUSY)
			return false;
		(*busy)++;
		if (now() > end)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
	}
	opened = tally->opened;
	error = load(path, parameters);
	if (error)
		fprintf(stderr, "# loading: %s\n", strerror(error));
	return !error && wait_until(tally->opened > opened);
}

int main(int argc, char **argv)
{
	uint64_t busy = 0;
	pid_t users[USERS];
	int times, done, i;

	if (argc != 4)
		return 2;
	times = atoi(argv[1]);
	tally = shared(sizeof(*tally));
	for (i = 0; i < USERS; i++) {
		users[i] = child_fork();
		if (!users[i])
			use_again_and_again();
	}
	/* Who looks for the moment when nobody has it open may not miss it for want of a CPU. */
	setpriority(PRIO_PROCESS, 0, -20);
	for (done = 0; done < times && reload(argv[2], argv[3], &busy); done++)
		;
	for (i = 0; i < USERS; i++)
		child_kill(users[i]);
	printf("reloaded %d busy %llu opened %llu sent %llu received %llu wrong %d\n", done,
	       (unsigned long long)busy, (unsigned long long)tally->opened,
	       (unsigned long long)tally->sent, (unsigned long long)tally->received,
	       tally->wrong);
	return done < times;
}
