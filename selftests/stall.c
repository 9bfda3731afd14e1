// SPDX-License-Identifier: GPL-2.0
/*
 * A copy from or to user memory that takes for ever: what the one who copies had been allowed
 * may change meanwhile, who waits for it may give up or die, and nobody else is held up.
 *
 * The copy stops at a page that userfaultfd(2) watches, until the test lets it go on, or fail.
 */
#include "msgpass_test.h"
#include "helper_exec.h"

#include <stdatomic.h>
#include <linux/userfaultfd.h>

struct stall {
	int fd;
	char *page;
	size_t size;
};

/* 0 or -errno. Processes that are forked later have the page, but don't stop at it. */
static int stall_open(struct stall *stall)
{
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };

	stall->size = sysconf(_SC_PAGESIZE);
	stall->page = mmap(NULL, stall->size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stall->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (stall->page == MAP_FAILED || stall->fd < 0)
		return -errno;
	range.range = (struct uffdio_range){ (uintptr_t)stall->page, stall->size };
	return ioctl(stall->fd, UFFDIO_API, &api) ||
	       ioctl(stall->fd, UFFDIO_REGISTER, &range) ? -errno : 0;
}

/* Wait until somebody stands at the page. */
static bool stall_begins(const struct stall *stall)
{
	struct pollfd fault = { .fd = stall->fd, .events = POLLIN };
	struct uffd_msg message;

	return poll(&fault, 1, LIMIT / 1000000) == 1 && fault.revents == POLLIN &&
	       read(stall->fd, &message, sizeof(message)) == sizeof(message) &&
	       message.event == UFFD_EVENT_PAGEFAULT;
}

/* The copy goes on, and finds this number there. */
static int stall_ends(const struct stall *stall, uint32_t number)
{
	char *content = calloc(1, stall->size);
	struct uffdio_copy copy = {
		.dst = (uintptr_t)stall->page, .src = (uintptr_t)content, .len = stall->size,
	};
	int ret;

	if (!content)
		return -ENOMEM;
	memcpy(content, &number, sizeof(number));
	ret = call(stall->fd, UFFDIO_COPY, &copy);
	free(content);
	return ret;
}

/* The copy goes on, and the page is out of bounds now. */
static int stall_fails(const struct stall *stall)
{
	struct uffdio_range range = { (uintptr_t)stall->page, stall->size };

	if (mprotect(stall->page, stall->size, PROT_NONE))
		return -errno;
	return call(stall->fd, UFFDIO_WAKE, &range);
}

/* A send of the number in the page, or a receive to it, in a thread of the test. */
struct copier {
	pthread_t thread;
	int fd;
	uint64_t to;
	uint32_t *page;
	void *argument;
	int result;
	atomic_bool ended;
};

static int copier_start(struct copier *copier, void *(*run)(void *), const struct stall *stall)
{
	copier->page = (uint32_t *)stall->page;
	return pthread_create(&copier->thread, NULL, run, copier);
}

/* What the ioctl returned; -EINPROGRESS if it still has not. */
static int copier_result(struct copier *copier)
{
	if (!wait_until(atomic_load(&copier->ended)))
		return -EINPROGRESS;
	pthread_join(copier->thread, NULL);
	return copier->result;
}

static void *receive_to_page(void *argument)
{
	struct copier *copier = argument;

	copier->result = RECEIVE(copier->fd, NULL, BYTES(copier->page, sizeof(*copier->page)),
				 .deadline = soon());
	atomic_store(&copier->ended, true);
	return NULL;
}

static void *receive_files_to_page(void *argument)
{
	struct copier *copier = argument;
	uint32_t number;

	copier->result = RECEIVE(copier->fd, NULL, BYTES(&number, sizeof(number)),
				 .fds = (uintptr_t)copier->page, .fds_room = 1,
				 .deadline = soon());
	atomic_store(&copier->ended, true);
	return NULL;
}

static void *call_from_page(void *argument)
{
	struct copier *copier = argument;
	struct msgpass_call argument_of_call = {
		.size = sizeof(argument_of_call), .deadline = soon(),
		BYTES(copier->page, sizeof(*copier->page)),
	};

	copier->result = call(copier->fd, MSGPASS_IOC_CALL, &argument_of_call);
	atomic_store(&copier->ended, true);
	return NULL;
}

/* The system call itself: libc's would change the user of all threads. */
static void *send_from_page_as_father(void *argument)
{
	struct copier *copier = argument;

	copier->result = syscall(SYS_setresuid, FATHER, FATHER, FATHER) ? -errno :
			 SEND(copier->fd, .to = copier->to,
			      BYTES(copier->page, sizeof(*copier->page)));
	atomic_store(&copier->ended, true);
	return NULL;
}

/* As child_status(), of a child that ought to end by itself. */
static int child_ends(pid_t pid)
{
	siginfo_t info = {};

	if (!wait_until(!waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WNOHANG) && info.si_pid))
		return -1000;
	return child_status(pid);
}

/* Those who can't give up before a copy has ended wait for that as for a disk: in state D. */
static bool waits_for_the_copy(pid_t pid)
{
	return thread_state(pid) == 'D';
}

#define OPEN_STALL(stall) do {							\
	int _error = stall_open(stall);						\
										\
	if (_error)								\
		SKIP_TEST("no userfaultfd: %s", strerror(-_error));		\
} while (0)

/* --- a send that is stopped while it copies the message in */

FIXTURE(stalled_send) {
	struct stall stall;
	struct copier sender;
	int fd;
	pid_t receiver;
	int go[2];
	int reports[2];
	char filling[4096];
};

FIXTURE_SETUP(stalled_send)
{
	NEED_ROOT();
	OPEN_STALL(&self->stall);
	self->fd = device_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, pipe2(self->go, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(self->reports, O_CLOEXEC));
}

FIXTURE_TEARDOWN(stalled_send)
{
	if (self->receiver > 0)
		child_kill(self->receiver);
	close(self->fd);
}

static bool mode_is(FIXTURE_DATA(stalled_send) *self, uint32_t mode)
{
	struct msgpass_inbox_stat stat;

	return !inbox_stat(self->fd, 0, self->receiver, &stat) &&
	       stat.out_attributes.mode == mode;
}

static void receiver_set_mode(FIXTURE_DATA(stalled_send) *self, uint32_t mode)
{
	CHECK(!INBOX_SET(self->fd, .set = MSGPASS_SET_MODE, .mode = mode));
}

static void receiver_wait_to_go(FIXTURE_DATA(stalled_send) *self)
{
	char byte;

	CHECK(read(self->go[0], &byte, 1) == 1);
}

/* FATHER's send to the receiver, who lets everybody send, has begun. */
static bool begin_send(FIXTURE_DATA(stalled_send) *self)
{
	self->sender.fd = self->fd;
	self->sender.to = self->receiver;
	return wait_until(mode_is(self, 0222)) &&
	       !copier_start(&self->sender, send_from_page_as_father, &self->stall) &&
	       stall_begins(&self->stall);
}

static bool go_on(FIXTURE_DATA(stalled_send) *self)
{
	return write(self->go[1], "", 1) == 1;
}

static void expect_nothing_arrived(struct __test_metadata *_metadata,
				   FIXTURE_DATA(stalled_send) *self)
{
	struct counts counts = inbox_counts(self->fd, self->receiver);

	EXPECT_EQ(0, counts.queued);
	EXPECT_EQ(0, counts.sent);
	EXPECT_EQ(0, counts.dropped);
}

TEST_F(stalled_send, arrives_when_it_goes_on)
{
	self->receiver = child_fork();
	if (!self->receiver) {
		receiver_set_mode(self, 0222);
		_exit(AWAIT(self->fd));
	}
	ASSERT_TRUE(begin_send(self));
	EXPECT_EQ(0, inbox_counts(self->fd, self->receiver).sent);
	EXPECT_EQ(0, stall_ends(&self->stall, 7));
	EXPECT_EQ(0, copier_result(&self->sender));
	EXPECT_EQ(7, child_ends(self->receiver));
	self->receiver = 0;
}

TEST_F(stalled_send, fails_when_the_receiver_no_longer_allows_it)
{
	self->receiver = child_fork();
	if (!self->receiver) {
		receiver_set_mode(self, 0222);
		receiver_wait_to_go(self);
		receiver_set_mode(self, 0200);
		for (;;)
			pause();
	}
	ASSERT_TRUE(begin_send(self));
	ASSERT_TRUE(go_on(self));
	ASSERT_TRUE(wait_until(mode_is(self, 0200)));
	EXPECT_EQ(0, stall_ends(&self->stall, 7));
	EXPECT_EQ(-EPERM, copier_result(&self->sender));
	expect_nothing_arrived(_metadata, self);
}

/* The report of helper_exec then has no room until that is read. */
static bool fill_reports(FIXTURE_DATA(stalled_send) *self)
{
	ssize_t size = sizeof(self->filling);

	return fcntl(self->reports[1], F_SETPIPE_SZ, size) == size &&
	       write(self->reports[1], self->filling, size) == size;
}

/* Root gets back, by exec, a capability that it has put down. */
static void receiver_gains_privilege(FIXTURE_DATA(stalled_send) *self)
{
	char number[16];

	drop_capability(CAP_SYS_TIME);
	receiver_set_mode(self, 0222);
	snprintf(number, sizeof(number), "%d", dup(self->reports[1]));
	receiver_wait_to_go(self);
	execl(beside("helper_exec"), "helper", number, NULL);
	_exit(127);
}

TEST_F(stalled_send, fails_when_the_receiver_gained_privileges_by_exec)
{
	struct exec_report report;

	if (access(beside("helper_exec"), X_OK))
		SKIP(return, "helper_exec is not beside the test");
	ASSERT_TRUE(fill_reports(self));
	self->receiver = child_fork();
	if (!self->receiver)
		receiver_gains_privilege(self);
	ASSERT_TRUE(begin_send(self));
	ASSERT_TRUE(go_on(self));
	ASSERT_TRUE(wait_until(mode_is(self, 0200)));
	EXPECT_EQ(0, stall_ends(&self->stall, 7));
	EXPECT_EQ(-EPERM, copier_result(&self->sender));
	expect_nothing_arrived(_metadata, self);

	ASSERT_EQ(sizeof(self->filling),
		  read(self->reports[0], self->filling, sizeof(self->filling)));
	ASSERT_EQ(sizeof(report), read(self->reports[0], &report, sizeof(report)));
	EXPECT_EQ(EAGAIN, report.receive_error);
	EXPECT_EQ(0, child_ends(self->receiver));
	self->receiver = 0;
}

static void *send_batch_from_page_as_father(void *argument)
{
	static uint32_t numbers[] = { 5, 6 };
	struct copier *copier = argument;
	struct msgpass_send_element elements[] = {
		{ BYTES(&numbers[0], sizeof(numbers[0])) },
		{ BYTES(copier->page, sizeof(*copier->page)) },
		{ BYTES(&numbers[1], sizeof(numbers[1])) },
	};
	struct msgpass_send_batch batch = {
		.size = sizeof(batch), .to = copier->to,
		.elements = (uintptr_t)elements, .count = ARRAY_SIZE(elements),
	};

	copier->result = syscall(SYS_setresuid, FATHER, FATHER, FATHER) ? -errno :
			 call(copier->fd, MSGPASS_IOC_SEND_BATCH, &batch);
	atomic_store(&copier->ended, true);
	return NULL;
}

TEST_F(stalled_send, of_a_batch_fails_when_the_receiver_no_longer_allows_it)
{
	self->receiver = child_fork();
	if (!self->receiver) {
		receiver_set_mode(self, 0222);
		receiver_wait_to_go(self);
		receiver_set_mode(self, 0200);
		for (;;)
			pause();
	}
	self->sender = (struct copier){ .fd = self->fd, .to = self->receiver };
	ASSERT_TRUE(wait_until(mode_is(self, 0222)));
	ASSERT_EQ(0, copier_start(&self->sender, send_batch_from_page_as_father, &self->stall));
	ASSERT_TRUE(stall_begins(&self->stall));
	ASSERT_TRUE(go_on(self));
	ASSERT_TRUE(wait_until(mode_is(self, 0200)));
	EXPECT_EQ(0, stall_ends(&self->stall, 7));
	EXPECT_EQ(-EPERM, copier_result(&self->sender));
	expect_nothing_arrived(_metadata, self);
}

TEST_F(stalled_send, of_a_batch_arrives_whole_when_it_goes_on)
{
	self->receiver = child_fork();
	if (!self->receiver) {
		receiver_set_mode(self, 0222);
		CHECK(AWAIT(self->fd) == 5);
		CHECK(AWAIT(self->fd) == 7);
		_exit(AWAIT(self->fd));
	}
	self->sender = (struct copier){ .fd = self->fd, .to = self->receiver };
	ASSERT_TRUE(wait_until(mode_is(self, 0222)));
	ASSERT_EQ(0, copier_start(&self->sender, send_batch_from_page_as_father, &self->stall));
	ASSERT_TRUE(stall_begins(&self->stall));
	EXPECT_EQ(0, stall_ends(&self->stall, 7));
	EXPECT_EQ(3, copier_result(&self->sender));
	EXPECT_EQ(6, child_ends(self->receiver));
	self->receiver = 0;
}

/* --- a receive that is stopped while it copies the message out, and the sender waits for it */

FIXTURE(stalled_rendezvous) {
	struct stall stall;
	struct channel channel;
	struct copier receiver;
	pid_t me;
	pid_t sender;
};

FIXTURE_VARIANT(stalled_rendezvous) {
	bool direct;
	uint64_t capacity;	/* 0: without the flag */
};

FIXTURE_VARIANT_ADD(stalled_rendezvous, flag_to_pid) { .direct = true, .capacity = 2 };
FIXTURE_VARIANT_ADD(stalled_rendezvous, flag_to_mailbox) { .capacity = 2 };
FIXTURE_VARIANT_ADD(stalled_rendezvous, no_capacity_of_links) { .direct = true };
FIXTURE_VARIANT_ADD(stalled_rendezvous, no_capacity_of_mailbox) { };

FIXTURE_SETUP(stalled_rendezvous)
{
	NEED_ROOT();
	OPEN_STALL(&self->stall);
	ASSERT_EQ(0, channel_open(&self->channel, variant->direct));
	ASSERT_EQ(0, set_capacity(&self->channel, variant->capacity));
	self->me = getpid();
	self->receiver.fd = self->channel.fd;
}

FIXTURE_TEARDOWN(stalled_rendezvous)
{
	if (self->sender > 0)
		child_kill(self->sender);
	close(self->channel.fd);
}

static struct counts counts_of(FIXTURE_DATA(stalled_rendezvous) *self)
{
	return channel_counts(&self->channel, self->me);
}

static void ignore_signal(int signal)
{
	(void)signal;
}

/* A child that sends 7, without waiting longer than that; its exit status is the errno. */
static pid_t sender(FIXTURE_DATA(stalled_rendezvous) *self,
		    const FIXTURE_VARIANT(stalled_rendezvous) *variant, uint64_t deadline)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	uint64_t to = address(&self->channel, self->me);
	pid_t pid = child_fork();

	if (!pid) {
		sigaction(SIGUSR1, &action, NULL);
		_exit(-SEND(self->channel.fd, .to = to, .deadline = deadline, NUMBER(7),
			    .flags = variant->capacity ? MSGPASS_SYNCHRONOUS : 0));
	}
	return pid;
}

/*
 * The receiver waits first: so the message is in its hands at once, and the sender can't give
 * up before that, however early its deadline.
 */
static bool begin_receive(FIXTURE_DATA(stalled_rendezvous) *self,
			  const FIXTURE_VARIANT(stalled_rendezvous) *variant, uint64_t deadline)
{
	if (copier_start(&self->receiver, receive_to_page, &self->stall) ||
	    !receivers_wait(&self->channel, self->me, 1))
		return false;
	self->sender = sender(self, variant, deadline);
	return stall_begins(&self->stall);
}

static int sender_ends(FIXTURE_DATA(stalled_rendezvous) *self)
{
	int status = child_ends(self->sender);

	if (status != -1000)
		self->sender = 0;
	return status;
}

static void expect_no_trace(struct __test_metadata *_metadata,
			    FIXTURE_DATA(stalled_rendezvous) *self)
{
	struct counts counts = counts_of(self);

	EXPECT_EQ(0, counts.queued);
	EXPECT_EQ(0, counts.queued_bytes);
	EXPECT_EQ(0, counts.senders_waiting);
	EXPECT_EQ(0, counts.sent);
	EXPECT_EQ(0, counts.received);
	EXPECT_EQ(0, counts.dropped);
	EXPECT_EQ(-EAGAIN, TAKE(self->channel.fd));
}

static void expect_received(struct __test_metadata *_metadata,
			    FIXTURE_DATA(stalled_rendezvous) *self)
{
	struct counts counts = counts_of(self);

	EXPECT_EQ(7, *self->receiver.page);
	EXPECT_EQ(0, counts.queued);
	EXPECT_EQ(0, counts.senders_waiting);
	EXPECT_EQ(1, counts.sent);
	EXPECT_EQ(1, counts.received);
}

TEST_F(stalled_rendezvous, that_fails_is_etimedout_for_a_sender_past_its_deadline)
{
	ASSERT_TRUE(begin_receive(self, variant, now() + 50000000));
	EXPECT_TRUE(wait_until(waits_for_the_copy(self->sender)));
	EXPECT_EQ(1, counts_of(self).senders_waiting);
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->receiver));
	EXPECT_EQ(ETIMEDOUT, sender_ends(self));
	expect_no_trace(_metadata, self);
}

TEST_F(stalled_rendezvous, that_succeeds_is_success_for_a_sender_past_its_deadline)
{
	ASSERT_TRUE(begin_receive(self, variant, now() + 50000000));
	EXPECT_TRUE(wait_until(waits_for_the_copy(self->sender)));
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(0, copier_result(&self->receiver));
	EXPECT_EQ(0, sender_ends(self));
	expect_received(_metadata, self);
}

TEST_F(stalled_rendezvous, that_fails_is_eintr_for_a_sender_that_had_a_signal)
{
	ASSERT_TRUE(begin_receive(self, variant, 0));
	kill(self->sender, SIGUSR1);
	EXPECT_TRUE(wait_until(waits_for_the_copy(self->sender)));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->receiver));
	EXPECT_EQ(EINTR, sender_ends(self));
	expect_no_trace(_metadata, self);
}

TEST_F(stalled_rendezvous, that_fails_leaves_a_sender_that_has_time_waiting)
{
	ASSERT_TRUE(begin_receive(self, variant, soon()));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->receiver));
	EXPECT_EQ(1, counts_of(self).queued);
	EXPECT_EQ(1, counts_of(self).senders_waiting);
	EXPECT_EQ(7, TAKE(self->channel.fd));
	EXPECT_EQ(0, sender_ends(self));
}

TEST_F(stalled_rendezvous, that_fails_after_its_sender_was_killed_leaves_nothing)
{
	ASSERT_TRUE(begin_receive(self, variant, 0));
	kill(self->sender, SIGKILL);
	EXPECT_EQ(-SIGKILL, sender_ends(self));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->receiver));
	expect_no_trace(_metadata, self);
}

TEST_F(stalled_rendezvous, that_succeeds_after_its_sender_was_killed_has_the_message)
{
	ASSERT_TRUE(begin_receive(self, variant, 0));
	kill(self->sender, SIGKILL);
	EXPECT_EQ(-SIGKILL, sender_ends(self));
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(0, copier_result(&self->receiver));
	expect_received(_metadata, self);
}

TEST_F(stalled_rendezvous, does_not_keep_a_sender_past_its_deadline_from_being_killed)
{
	ASSERT_TRUE(begin_receive(self, variant, now() + 50000000));
	EXPECT_TRUE(wait_until(waits_for_the_copy(self->sender)));
	kill(self->sender, SIGKILL);
	EXPECT_EQ(-SIGKILL, sender_ends(self));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->receiver));
	expect_no_trace(_metadata, self);
}

/* --- a receive that is stopped, and the others */

FIXTURE(stalled_receive) {
	struct stall stall;
	struct copier receiver;
	int fd;
};

FIXTURE_SETUP(stalled_receive)
{
	int device;

	NEED_ROOT();
	OPEN_STALL(&self->stall);
	device = device_open();
	ASSERT_LE(0, device);
	self->fd = mailbox_new(device);
	close(device);
	ASSERT_LE(0, self->fd);
	self->receiver.fd = self->fd;
	ASSERT_EQ(0, send_number(self->fd, 0, 1));
	ASSERT_EQ(0, send_number(self->fd, 0, 2));
}

FIXTURE_TEARDOWN(stalled_receive)
{
	close(self->fd);
}

static bool begin(FIXTURE_DATA(stalled_receive) *self)
{
	return !copier_start(&self->receiver, receive_to_page, &self->stall) &&
	       stall_begins(&self->stall);
}

TEST_F(stalled_receive, leaves_the_next_message_to_others)
{
	ASSERT_TRUE(begin(self));
	EXPECT_EQ(2, TAKE(self->fd));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(0, copier_result(&self->receiver));
	EXPECT_EQ(1, *self->receiver.page);
}

TEST_F(stalled_receive, lets_others_send)
{
	ASSERT_TRUE(begin(self));
	EXPECT_EQ(0, send_number(self->fd, 0, 3));
	EXPECT_EQ(2, TAKE(self->fd));
	EXPECT_EQ(3, TAKE(self->fd));
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(0, copier_result(&self->receiver));
	EXPECT_EQ(1, *self->receiver.page);
	EXPECT_EQ(3, mailbox_counts(self->fd).received);
}

TEST_F(stalled_receive, that_fails_puts_the_message_back_to_the_front)
{
	ASSERT_TRUE(begin(self));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->receiver));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(2, TAKE(self->fd));
}

TEST_F(stalled_receive, that_fails_after_others_puts_its_message_behind_theirs)
{
	struct copier receivers[3];
	struct stall stalls[3];
	uint32_t i;

	ASSERT_EQ(0, send_number(self->fd, 0, 3));
	ASSERT_EQ(0, send_number(self->fd, 0, 4));
	for (i = 0; i < 3; i++) {
		receivers[i] = (struct copier){ .fd = self->fd };
		ASSERT_EQ(0, stall_open(&stalls[i]));
		ASSERT_EQ(0, copier_start(&receivers[i], receive_to_page, &stalls[i]));
		ASSERT_TRUE(stall_begins(&stalls[i]));
	}
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, stall_fails(&stalls[i]));
		EXPECT_EQ(-EFAULT, copier_result(&receivers[i]));
	}
	for (i = 1; i <= 4; i++)
		EXPECT_EQ(i, TAKE(self->fd));
}

TEST_F(stalled_receive, that_fails_gives_the_message_to_who_began_to_wait_meanwhile)
{
	const struct channel channel = { .fd = self->fd };
	pid_t other;

	ASSERT_TRUE(begin(self));
	EXPECT_EQ(2, TAKE(self->fd));
	other = child_receiving(&channel, 0);
	EXPECT_TRUE(receivers_wait(&channel, 0, 1));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->receiver));
	EXPECT_EQ(1, child_ends(other));
}

TEST_F(stalled_receive, that_is_killed_puts_the_message_back)
{
	pid_t other = child_fork();

	if (!other) {
		struct stall stall;

		CHECK(!stall_open(&stall));
		RECEIVE(self->fd, NULL, BYTES(stall.page, sizeof(uint32_t)));
		_exit(0);
	}
	EXPECT_TRUE(wait_until(mailbox_counts(self->fd).queued == 1));
	kill(other, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_ends(other));
	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(2, TAKE(self->fd));
}

TEST_F(stalled_receive, outlasts_the_mailbox)
{
	ASSERT_TRUE(begin(self));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(-EPIPE, TAKE(self->fd));
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(0, copier_result(&self->receiver));
	EXPECT_EQ(1, *self->receiver.page);
}

TEST_F(stalled_receive, that_fails_after_the_mailbox_was_deleted_leaves_nothing)
{
	uint64_t held = user_bytes(self->fd);

	ASSERT_TRUE(begin(self));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->receiver));
	EXPECT_EQ(-EPIPE, TAKE(self->fd));
	EXPECT_GT(held, user_bytes(self->fd));
}

/*
 * A message that lives for a nanosecond, and is received at once by one who waits: its life is
 * over while that one copies it.
 */
static bool begin_with_mortal(FIXTURE_DATA(stalled_receive) *self)
{
	return TAKE(self->fd) == 1 && TAKE(self->fd) == 2 &&
	       !copier_start(&self->receiver, receive_to_page, &self->stall) &&
	       wait_until(mailbox_counts(self->fd).receivers_waiting == 1) &&
	       !SEND(self->fd, .flags = MSGPASS_RECEIPT, .lifetime = 1, NUMBER(3)) &&
	       stall_begins(&self->stall);
}

/* Of the one receipt that there is, once it is there. */
static uint32_t outcome(void)
{
	struct msgpass_receipt receipt = {};
	int device = device_open(), ret;

	ret = RECEIVE(device, NULL, .flags = MSGPASS_RECEIPT, .deadline = soon(),
		      BYTES(&receipt, sizeof(receipt)));
	if (ret || TAKE(device) != -EAGAIN)
		receipt.outcome = 0;
	close(device);
	return receipt.outcome;
}

TEST_F(stalled_receive, has_the_message_whose_lifetime_ends_meanwhile)
{
	ASSERT_TRUE(begin_with_mortal(self));
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(0, copier_result(&self->receiver));
	EXPECT_EQ(3, *self->receiver.page);
	EXPECT_EQ(MSGPASS_RECEIPT_RECEIVED, outcome());
}

TEST_F(stalled_receive, that_fails_drops_the_message_whose_lifetime_ended_meanwhile)
{
	ASSERT_TRUE(begin_with_mortal(self));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->receiver));
	EXPECT_EQ(0, mailbox_counts(self->fd).queued);
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
	EXPECT_EQ(1, mailbox_counts(self->fd).dropped);
	EXPECT_EQ(MSGPASS_RECEIPT_EXPIRED, outcome());
}

TEST_F(stalled_receive, gives_no_receipt_before_it_is_over)
{
	int device = device_open();

	EXPECT_EQ(1, TAKE(self->fd));
	EXPECT_EQ(2, TAKE(self->fd));
	ASSERT_EQ(0, SEND(self->fd, .flags = MSGPASS_RECEIPT, NUMBER(3)));
	ASSERT_TRUE(begin(self));
	EXPECT_EQ(-EAGAIN, TAKE(device));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(-EAGAIN, TAKE(device));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->receiver));
	EXPECT_EQ(MSGPASS_RECEIPT_DELETED, outcome());
	close(device);
}

/* --- a batch that is stopped at its third message: it has claimed the fourth, not the fifth */

enum { IN_BATCH = 4, IN_ALL = 5 };

FIXTURE(stalled_batch) {
	struct stall stall;
	struct channel channel;
	struct copier receiver;
	uint64_t held;
	int fd;
};

FIXTURE_SETUP(stalled_batch)
{
	int device;
	uint32_t i;

	NEED_ROOT();
	OPEN_STALL(&self->stall);
	device = device_open();
	ASSERT_LE(0, device);
	self->fd = mailbox_new(device);
	close(device);
	ASSERT_LE(0, self->fd);
	self->channel.fd = self->fd;
	self->receiver.fd = self->fd;
	self->held = user_bytes(self->fd);
	for (i = 1; i <= IN_ALL; i++)
		ASSERT_EQ(0, send_number(self->fd, 0, i));
}

FIXTURE_TEARDOWN(stalled_batch)
{
	close(self->fd);
}

static uint32_t batch_numbers[IN_BATCH];

static int receive_batch_at(int fd, void *page)
{
	struct msgpass_receive_element elements[IN_BATCH];
	struct msgpass_receive_batch batch = {
		.size = sizeof(batch), .elements = (uintptr_t)elements, .count = IN_BATCH,
	};
	unsigned int i;

	for (i = 0; i < IN_BATCH; i++)
		elements[i] = (struct msgpass_receive_element){
			BYTES(&batch_numbers[i], sizeof(uint32_t)),
		};
	elements[2].data = (uintptr_t)page;
	return call(fd, MSGPASS_IOC_RECEIVE_BATCH, &batch);
}

static void *receive_batch_to_page(void *argument)
{
	struct copier *copier = argument;

	copier->result = receive_batch_at(copier->fd, copier->page);
	atomic_store(&copier->ended, true);
	return NULL;
}

static bool begin_batch(FIXTURE_DATA(stalled_batch) *self)
{
	return !copier_start(&self->receiver, receive_batch_to_page, &self->stall) &&
	       stall_begins(&self->stall) && TAKE(self->fd) == IN_ALL;
}

TEST_F(stalled_batch, that_goes_on_has_all_of_it)
{
	ASSERT_TRUE(begin_batch(self));
	EXPECT_EQ(-EAGAIN, TAKE(self->fd));
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(IN_BATCH, copier_result(&self->receiver));
	EXPECT_EQ(1, batch_numbers[0]);
	EXPECT_EQ(2, batch_numbers[1]);
	EXPECT_EQ(3, *self->receiver.page);
	EXPECT_EQ(4, batch_numbers[3]);
	EXPECT_EQ(IN_ALL, mailbox_counts(self->fd).received);
	EXPECT_EQ(self->held, user_bytes(self->fd));
}

TEST_F(stalled_batch, that_fails_puts_back_the_rest_in_its_order)
{
	ASSERT_TRUE(begin_batch(self));
	EXPECT_EQ(0, send_number(self->fd, 0, 6));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(2, copier_result(&self->receiver));
	EXPECT_EQ(2, batch_numbers[1]);
	EXPECT_EQ(3, mailbox_counts(self->fd).received);
	EXPECT_EQ(3, TAKE(self->fd));
	EXPECT_EQ(4, TAKE(self->fd));
	EXPECT_EQ(6, TAKE(self->fd));
	EXPECT_EQ(self->held, user_bytes(self->fd));
}

TEST_F(stalled_batch, that_fails_gives_the_rest_to_those_who_began_to_wait_in_their_order)
{
	pid_t others[2];
	int i;

	ASSERT_TRUE(begin_batch(self));
	for (i = 0; i < 2; i++) {
		others[i] = child_receiving(&self->channel, 0);
		EXPECT_TRUE(receivers_wait(&self->channel, 0, i + 1U));
	}
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(2, copier_result(&self->receiver));
	EXPECT_EQ(3, child_ends(others[0]));
	EXPECT_EQ(4, child_ends(others[1]));
}

TEST_F(stalled_batch, that_is_killed_puts_back_the_rest)
{
	pid_t other = child_fork();

	if (!other) {
		struct stall stall;

		CHECK(!stall_open(&stall));
		receive_batch_at(self->fd, stall.page);
		_exit(0);
	}
	EXPECT_TRUE(wait_until(mailbox_counts(self->fd).queued == IN_ALL - IN_BATCH));
	kill(other, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_ends(other));
	EXPECT_EQ(3, TAKE(self->fd));
	EXPECT_EQ(4, TAKE(self->fd));
	EXPECT_EQ(5, TAKE(self->fd));
}

TEST_F(stalled_batch, keeps_the_places_of_its_messages_until_it_is_over)
{
	pid_t sender;

	ASSERT_TRUE(begin_batch(self));
	ASSERT_EQ(0, set_capacity(&self->channel, IN_BATCH));
	sender = child_sending(&self->channel, 0, 7);
	EXPECT_TRUE(senders_wait(&self->channel, 0, 1));
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(IN_BATCH, copier_result(&self->receiver));
	EXPECT_EQ(0, child_ends(sender));
	EXPECT_EQ(7, TAKE(self->fd));
}

TEST_F(stalled_batch, outlasts_the_mailbox)
{
	ASSERT_TRUE(begin_batch(self));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(IN_BATCH, copier_result(&self->receiver));
	EXPECT_EQ(3, *self->receiver.page);
	EXPECT_EQ(4, batch_numbers[3]);
}

TEST_F(stalled_batch, that_fails_after_the_mailbox_was_deleted_leaves_nothing)
{
	ASSERT_TRUE(begin_batch(self));
	EXPECT_EQ(0, mailbox_delete(self->fd, ""));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(2, copier_result(&self->receiver));
	EXPECT_EQ(-EPIPE, TAKE(self->fd));
	EXPECT_GE(self->held, user_bytes(self->fd));
}

static void *peek_to_page(void *argument)
{
	struct copier *copier = argument;

	copier->result = RECEIVE(copier->fd, NULL, BYTES(copier->page, sizeof(*copier->page)),
				 .flags = MSGPASS_PEEK);
	atomic_store(&copier->ended, true);
	return NULL;
}

TEST_F(stalled_batch, may_have_what_another_looks_at)
{
	uint32_t number;

	ASSERT_EQ(0, copier_start(&self->receiver, peek_to_page, &self->stall));
	ASSERT_TRUE(stall_begins(&self->stall));
	ASSERT_EQ(IN_BATCH, receive_batch_at(self->fd, &number));
	EXPECT_EQ(1, batch_numbers[0]);
	EXPECT_EQ(3, number);
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(0, copier_result(&self->receiver));
	EXPECT_EQ(1, *self->receiver.page);
	EXPECT_EQ(5, TAKE(self->fd));
	EXPECT_EQ(self->held, user_bytes(self->fd));
}

/* --- a flow of which a piece is being copied */

enum { PIECE = sizeof(uint32_t), FLOW = 1000 };

FIXTURE(stalled_flow) {
	struct stall stall;
	struct copier receiver;
	struct channel channel;
	char bytes[FLOW];
	uint64_t *through;
	uint64_t *deadline;
	pid_t sender;
};

static void *receive_head_to_page(void *argument)
{
	struct copier *copier = argument;

	copier->result = RECEIVE(copier->fd, NULL, BYTES(copier->page, PIECE),
				 .flags = MSGPASS_PIECES, .deadline = soon());
	atomic_store(&copier->ended, true);
	return NULL;
}

/* The flow's exit status is its errno, what went through is *through. */
FIXTURE_SETUP(stalled_flow)
{
	NEED_ROOT();
	OPEN_STALL(&self->stall);
	ASSERT_EQ(0, channel_open(&self->channel, false));
	ASSERT_EQ(0, CHANNEL_SET(&self->channel, .set = MSGPASS_SET_MESSAGE_MAX,
				 .message_max = FLOW / 2));
	self->through = shared(2 * sizeof(*self->through));
	self->deadline = self->through + 1;
	memset(self->bytes, 7, sizeof(self->bytes));
	self->receiver.fd = self->channel.fd;
	self->sender = child_fork();
	if (!self->sender) {
		struct msgpass_send send = {
			.size = sizeof(send), .flags = MSGPASS_FLOW,
			BYTES(self->bytes, FLOW), .deadline = now() + LIMIT / 20,
		};
		int ret = call(self->channel.fd, MSGPASS_IOC_SEND, &send);

		*self->through = send.out_count;
		_exit(-ret);
	}
	ASSERT_EQ(0, copier_start(&self->receiver, receive_head_to_page, &self->stall));
	ASSERT_TRUE(stall_begins(&self->stall));
}

FIXTURE_TEARDOWN(stalled_flow)
{
	close(self->channel.fd);
}

TEST_F(stalled_flow, that_succeeds_counts_for_a_sender_past_its_deadline)
{
	EXPECT_TRUE(wait_until(waits_for_the_copy(self->sender)));
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(0, copier_result(&self->receiver));
	EXPECT_EQ(0x07070707, *self->receiver.page);
	EXPECT_EQ(0, child_ends(self->sender));
	EXPECT_EQ(PIECE, *self->through);
}

TEST_F(stalled_flow, that_fails_is_etimedout_for_a_sender_past_its_deadline)
{
	EXPECT_TRUE(wait_until(waits_for_the_copy(self->sender)));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->receiver));
	EXPECT_EQ(ETIMEDOUT, child_ends(self->sender));
	EXPECT_EQ(0, *self->through);
	EXPECT_EQ(0, mailbox_counts(self->channel.fd).queued);
}

TEST_F(stalled_flow, does_not_keep_a_sender_past_its_deadline_from_being_killed)
{
	EXPECT_TRUE(wait_until(waits_for_the_copy(self->sender)));
	kill(self->sender, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_ends(self->sender));
	EXPECT_EQ(0, stall_ends(&self->stall, 0));
	EXPECT_EQ(0, copier_result(&self->receiver));
	EXPECT_EQ(0, mailbox_counts(self->channel.fd).queued);
}

/* --- a call whose request is being copied */

TEST(a_call_can_not_be_given_up_while_its_request_is_copied)
{
	struct msgpass_call before = { .size = sizeof(before), .flags = MSGPASS_NONBLOCK };
	int device = device_open(), mailbox = mailbox_new(device);
	struct copier copier = { .fd = mailbox };
	struct msgpass_receive received;
	struct stall stall;
	uint64_t base;
	int error;

	error = stall_open(&stall);
	if (error)
		SKIP(return, "no userfaultfd: %s", strerror(-error));
	/* The next call has the next number: another thread can guess it. */
	ASSERT_EQ(-EINPROGRESS, call(mailbox, MSGPASS_IOC_CALL, &before));
	ASSERT_EQ(0, call(mailbox, MSGPASS_IOC_CALL, &(struct msgpass_call){
		.size = sizeof(before), .flags = MSGPASS_CANCEL, .token = before.token }));
	base = user_bytes(device);
	ASSERT_EQ(0, copier_start(&copier, call_from_page, &stall));
	ASSERT_TRUE(stall_begins(&stall));
	EXPECT_EQ(-ESRCH, call(mailbox, MSGPASS_IOC_CALL, &(struct msgpass_call){
		.size = sizeof(before), .flags = MSGPASS_CANCEL, .token = before.token + 1 }));
	EXPECT_EQ(0, stall_ends(&stall, 7));
	EXPECT_EQ(0, RECEIVE(mailbox, &received, .deadline = soon(), .flags = MSGPASS_TRUNCATE));
	EXPECT_EQ(0, REPLY(mailbox, received.out_token));
	EXPECT_EQ(0, copier_result(&copier));
	EXPECT_TRUE(wait_until(user_bytes(device) == base));
	close(mailbox);
	close(device);
}

/* What stands still is the copy of its bytes, or the last thing that is told: its files. */
FIXTURE(stalled_request) {
	struct stall stall;
	struct copier server;
	int device;
	int mailbox;
	struct msgpass_call call;
};

FIXTURE_VARIANT(stalled_request) {
	void *(*receive)(void *copier);
	uint32_t fds_count;
};

FIXTURE_VARIANT_ADD(stalled_request, in_its_bytes) { receive_to_page, 0 };
FIXTURE_VARIANT_ADD(stalled_request, in_its_files) { receive_files_to_page, 1 };

FIXTURE_SETUP(stalled_request)
{
	int fds[1] = { STDOUT_FILENO };

	NEED_ROOT();
	OPEN_STALL(&self->stall);
	self->device = device_open();
	self->mailbox = mailbox_new(self->device);
	ASSERT_LE(0, self->mailbox);
	self->server.fd = self->mailbox;
	self->call = (struct msgpass_call){
		.size = sizeof(self->call), .flags = MSGPASS_NONBLOCK, NUMBER(1),
		.fds = (uintptr_t)fds, .fds_count = variant->fds_count,
	};
	ASSERT_EQ(-EINPROGRESS, call(self->mailbox, MSGPASS_IOC_CALL, &self->call));
	ASSERT_EQ(0, copier_start(&self->server, variant->receive, &self->stall));
	ASSERT_TRUE(stall_begins(&self->stall));
}

FIXTURE_TEARDOWN(stalled_request)
{
	close(self->mailbox);
	close(self->device);
}

TEST_F(stalled_request, that_fails_puts_it_back)
{
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->server));
	EXPECT_EQ(1, mailbox_counts(self->mailbox).queued);
	EXPECT_EQ(1, AWAIT(self->mailbox, .flags = MSGPASS_TRUNCATE));
}

TEST_F(stalled_request, that_fails_after_the_caller_gave_up_leaves_nothing)
{
	EXPECT_EQ(0, call(self->mailbox, MSGPASS_IOC_CALL, &(struct msgpass_call){
		.size = sizeof(self->call), .flags = MSGPASS_CANCEL, .token = self->call.token }));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->server));
	EXPECT_EQ(0, mailbox_counts(self->mailbox).queued);
	EXPECT_EQ(-EAGAIN, TAKE(self->mailbox));
}

/* Which finds the memory of the last one in use. */
TEST_F(stalled_request, is_not_changed_by_the_next_call_of_a_caller_who_gave_up)
{
	EXPECT_EQ(0, call(self->mailbox, MSGPASS_IOC_CALL, &(struct msgpass_call){
		.size = sizeof(self->call), .flags = MSGPASS_CANCEL, .token = self->call.token }));
	EXPECT_EQ(-EINPROGRESS, CALL(self->mailbox, NULL, .flags = MSGPASS_NONBLOCK, NUMBER(2)));
	EXPECT_EQ(0, stall_ends(&self->stall, 7));
	EXPECT_EQ(0, copier_result(&self->server));
	if (!variant->fds_count)
		EXPECT_EQ(1, *self->server.page);
	EXPECT_EQ(2, AWAIT(self->mailbox, .flags = MSGPASS_TRUNCATE));
}

/* --- an answer that is being copied when its call ends */

FIXTURE(stalled_answer) {
	int device;
	int fd;				/* of a mailbox */
	struct msgpass_call call;
	struct stall stall;
	struct copier copier;
};

/* A call of one's own, taken, in copier.to. */
FIXTURE_SETUP(stalled_answer)
{
	struct msgpass_receive out;

	OPEN_STALL(&self->stall);
	self->device = device_open();
	self->fd = mailbox_new(self->device);
	ASSERT_LE(0, self->fd);
	self->call = (struct msgpass_call){
		.size = sizeof(self->call), .flags = MSGPASS_NONBLOCK, NUMBER(1),
	};
	ASSERT_EQ(-EINPROGRESS, call(self->fd, MSGPASS_IOC_CALL, &self->call));
	ASSERT_EQ(0, RECEIVE(self->fd, &out, .flags = MSGPASS_TRUNCATE | MSGPASS_NONBLOCK));
	self->copier = (struct copier){ .fd = self->fd, .to = out.out_token };
}

FIXTURE_TEARDOWN(stalled_answer)
{
	close(self->fd);
	close(self->device);
}

static int caller_gives_up(FIXTURE_DATA(stalled_answer) *self)
{
	return call(self->fd, MSGPASS_IOC_CALL, &(struct msgpass_call){
		.size = sizeof(self->call), .flags = MSGPASS_CANCEL, .token = self->call.token });
}

static struct msgpass_reply_receive both;

static void *reply_and_receive_from_page(void *argument)
{
	struct copier *copier = argument;

	both = (struct msgpass_reply_receive){
		.size = sizeof(both),
		.reply = { .token = copier->to, BYTES(copier->page, sizeof(*copier->page)) },
		.receive = { .flags = MSGPASS_NONBLOCK },
	};
	copier->result = call(copier->fd, MSGPASS_IOC_REPLY_RECEIVE, &both);
	atomic_store(&copier->ended, true);
	return NULL;
}

TEST_F(stalled_answer, to_who_gave_up_meanwhile_says_so_and_the_server_receives)
{
	ASSERT_EQ(0, copier_start(&self->copier, reply_and_receive_from_page, &self->stall));
	ASSERT_TRUE(stall_begins(&self->stall));
	EXPECT_EQ(0, caller_gives_up(self));
	EXPECT_EQ(0, stall_ends(&self->stall, 7));
	EXPECT_EQ(-EAGAIN, copier_result(&self->copier));
	EXPECT_EQ(ESRCH, both.out_reply_error);
	EXPECT_EQ(0, both.reply.token);
}

static void *fetch_reply_with_file_to_page(void *argument)
{
	struct copier *copier = argument;

	copier->result = call(copier->fd, MSGPASS_IOC_CALL, copier->argument);
	atomic_store(&copier->ended, true);
	return NULL;
}

/* Its token is used up by then, and can't be put back. */
TEST_F(stalled_answer, that_the_caller_can_neither_take_nor_leave_is_lost)
{
	struct msgpass_call *argument = shared(sizeof(*argument));

	*argument = (struct msgpass_call){
		.size = sizeof(*argument), .token = self->call.token,
		.reply_fds = (uintptr_t)self->stall.page, .reply_fds_room = 1,
	};
	self->copier.argument = argument;
	ASSERT_EQ(0, REPLY(self->fd, self->copier.to, .fds = (uintptr_t)&self->fd,
			   .fds_count = 1));
	ASSERT_EQ(0, copier_start(&self->copier, fetch_reply_with_file_to_page, &self->stall));
	ASSERT_TRUE(stall_begins(&self->stall));
	EXPECT_EQ(0, argument->token);
	ASSERT_EQ(0, mprotect(argument, sizeof(*argument), PROT_READ));
	EXPECT_EQ(0, stall_fails(&self->stall));
	EXPECT_EQ(-EFAULT, copier_result(&self->copier));
	EXPECT_EQ(-ESRCH, CALL(self->fd, NULL, .token = self->call.token));
}

static void *forward_from_page(void *argument)
{
	struct copier *copier = argument;

	copier->result = FORWARD(copier->fd, copier->to,
				 BYTES(copier->page, sizeof(*copier->page)));
	atomic_store(&copier->ended, true);
	return NULL;
}

TEST_F(stalled_answer, that_forwards_is_esrch_once_another_thread_has_replied)
{
	uint32_t number = 0;

	ASSERT_EQ(0, copier_start(&self->copier, forward_from_page, &self->stall));
	ASSERT_TRUE(stall_begins(&self->stall));
	EXPECT_EQ(0, reply_number(self->fd, self->copier.to, 8));
	EXPECT_EQ(0, stall_ends(&self->stall, 7));
	EXPECT_EQ(-ESRCH, copier_result(&self->copier));
	EXPECT_EQ(0, mailbox_counts(self->fd).queued);
	EXPECT_EQ(0, CALL(self->fd, NULL, .token = self->call.token, PLACE_OF(number)));
	EXPECT_EQ(8, number);
}

#include "afterwards.h"
