// SPDX-License-Identifier: GPL-2.0
#define MSGPASS_TEST_PART
#include "../msgpass_test.h"

#include "act.h"

static __thread _Atomic unsigned int interruptions;

static void note_interruption(int signal)
{
	(void)signal;
	interruptions++;
}

static void ignore(int signal)
{
	(void)signal;
}

void worker_signals(void)
{
	struct sigaction interrupts = { .sa_handler = note_interruption };
	struct sigaction restarts = { .sa_handler = ignore, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &interrupts, NULL);
	sigaction(SIGUSR2, &restarts, NULL);
}

static struct record *begin(struct worker *worker, const struct record *plan)
{
	struct scene *scene = worker->scene;
	uint32_t number = atomic_fetch_add(&scene->record_count, 1);
	enum phase running = RUNNING;
	struct record *record = &scene->records[number];

	/* The rest is for coming to an end. */
	if (number >= RECORDS_MAX / 4 * 3)
		atomic_compare_exchange_strong(&scene->phase, &running, CLOSING);
	if (number >= RECORDS_MAX) {
		atomic_fetch_sub(&scene->record_count, 1);
		return NULL;
	}
	*record = *plan;
	record->actor = worker->actor;
	worker->signals = interruptions;
	/* Whoever looks on finds nothing, or all of it. */
	__atomic_store_n(&record->start, now(), __ATOMIC_RELEASE);
	atomic_store(&scene->threads[worker->actor].current, number + 1);
	return record;
}

static int finish(struct worker *worker, struct record *record, int result)
{
	atomic_store(&worker->scene->threads[worker->actor].current, 0);
	record->result = result;
	record->signalled = worker->signals != interruptions;
	__atomic_store_n(&record->end, now(), __ATOMIC_RELEASE);
	return result;
}

/* --- what messages hold: who they are, which call they belong to, and noise */

#define HEADER (2 * sizeof(uint32_t))

static uint32_t new_message(struct worker *worker)
{
	return message_id(worker->actor, ++worker->number);
}

static void compose(char *buffer, uint32_t message, uint32_t call, size_t length)
{
	memcpy(buffer, noise(message), length);
	if (length < HEADER)
		return;
	memcpy(buffer, &message, sizeof(message));
	memcpy(buffer + sizeof(message), &call, sizeof(call));
}

/* One too short for it says who it is by its type. */
static uint32_t type_of(const struct record *record, uint32_t type)
{
	return record->length < HEADER ? record->message : type;
}

static bool is_intact(const char *buffer, uint32_t message, size_t length)
{
	return length <= HEADER ||
	       !memcmp(buffer + HEADER, noise(message) + HEADER, length - HEADER);
}

static void read_message(struct worker *worker, struct record *record, size_t copied)
{
	const char *buffer = worker->buffer;

	record->got = record->got_type;
	if (record->got_length >= HEADER) {
		memcpy(&record->got, buffer, sizeof(record->got));
		memcpy(&record->call, buffer + sizeof(record->got), sizeof(record->call));
		if (!is_intact(buffer, record->got, copied))
			record->wrong |= WRONG_BYTES;
	} else if (memcmp(buffer, noise(record->got), copied)) {
		record->wrong |= WRONG_BYTES;
	}
}

static void read_receipt(struct worker *worker, struct record *record)
{
	struct msgpass_receipt receipt;

	memcpy(&receipt, worker->buffer, sizeof(receipt));
	record->got = receipt.cookie;
	record->receipt = receipt.outcome;
	record->by_peer = receipt.by_peer;
}

/* Is it stamped with the pid of the process whose message it says it is? */
static bool is_sender(const struct scene *scene, uint32_t message, pid_t pid)
{
	uint32_t actor = message_actor(message);

	return actor < ACTORS_MAX && scene->threads[actor].pid == pid;
}

/* --- the operations */

static void count_accepted(struct worker *worker, int result)
{
	struct scene *scene = worker->scene;

	if (!result && atomic_fetch_add(&scene->accepted, 1) + 1 == scene->messages)
		atomic_store(&scene->phase, CLOSING);
}

/* A record of what is about to be sent. */
static struct record plan_send(struct worker *worker, enum op op, const struct place *to,
			       const struct manner *manner)
{
	struct record plan = {
		.op = op,
		.port = to->port,
		.flags = manner->flags,
		.length = manner->length,
		.deadline = manner->deadline,
		.lifetime = manner->lifetime,
		.priority = manner->priority,
		.message = new_message(worker),
	};

	plan.type = type_of(&plan, manner->type);
	return plan;
}

int act_send(struct worker *worker, const struct place *to, const struct manner *manner)
{
	struct record plan = plan_send(worker, OP_SEND, to, manner);
	struct record *record;
	int result;

	compose(worker->buffer, plan.message, 0, plan.length);
	record = begin(worker, &plan);
	if (!record)
		return -ENOSPC;
	result = SEND(to->fd, .to = to->pid, .flags = plan.flags, .deadline = plan.deadline,
		      .type = plan.type, .priority = plan.priority, .lifetime = plan.lifetime,
		      .cookie = plan.flags & MSGPASS_RECEIPT ? plan.message : 0,
		      BYTES(worker->buffer, plan.length));
	finish(worker, record, result);
	count_accepted(worker, result);
	return result;
}

static void note_received(struct worker *worker, struct record *record,
			  const struct msgpass_receive *out, int result)
{
	record->sequence = out->out_sequence;
	record->time = out->out_time;
	record->got_type = out->out_type;
	record->got_priority = out->out_priority;
	record->got_length = out->out_length;
	if (result)
		return;
	if (out->out_flags & MSGPASS_OUT_RECEIPT)
		read_receipt(worker, record);
	else
		read_message(worker, record,
			     out->out_length < record->value ? out->out_length :
			     record->value == NEVER	     ? 0 :
							       record->value);
	if (!record->receipt && !is_sender(worker->scene, record->got, out->out_pid))
		record->wrong |= WRONG_SENDER;
}

int act_receive(struct worker *worker, const struct place *from, const struct manner *manner,
		struct owed *owed)
{
	struct record *record, plan = {
		.op = OP_RECEIVE,
		.port = from->port,
		.flags = manner->flags,
		.deadline = manner->deadline,
		.type = manner->type,
		.from = manner->from,
		.value = manner->bad ? NEVER : manner->length,
		.closing = manner->closing,
	};
	struct msgpass_receive out;
	int result;

	record = begin(worker, &plan);
	if (!record)
		return -ENOSPC;
	result = RECEIVE(from->fd, &out, .flags = plan.flags, .deadline = plan.deadline,
			 .from = plan.from ? worker->scene->processes[plan.from].pid : 0,
			 .type = plan.type, .length = manner->length,
			 .data = manner->bad ? 1 : (uintptr_t)worker->buffer);
	if (!result || result == -EMSGSIZE)
		note_received(worker, record, &out, result);
	if (!result && out.out_token)
		*owed = (struct owed){ out.out_token, record->call };
	return finish(worker, record, result);
}

static void cancel(struct worker *worker, const struct place *to, uint32_t call, uint64_t token)
{
	struct record *record, plan = {
		.op = OP_CALL,
		.flags = MSGPASS_CANCEL,
		.call = call,
	};

	record = begin(worker, &plan);
	finish(worker, record ? record : &plan,
	       CALL(to->fd, NULL, .flags = MSGPASS_CANCEL, .token = token));
}

int act_call(struct worker *worker, const struct place *to, const struct manner *manner)
{
	struct record plan = plan_send(worker, OP_CALL, to, manner);
	struct msgpass_call out;
	struct record *record;
	int result;

	plan.call = plan.message;
	compose(worker->buffer, plan.message, plan.message, plan.length);
	record = begin(worker, &plan);
	if (!record)
		return -ENOSPC;
	result = CALL(to->fd, &out, .to = to->pid, .flags = plan.flags, .type = plan.type,
		      .deadline = plan.deadline, .priority = plan.priority,
		      BYTES(worker->buffer, plan.length), PLACE(worker->buffer, LARGEST));
	record->token = result && out.token;
	if (!result && (out.out_length < HEADER ||
			memcmp(worker->buffer, &plan.message, sizeof(plan.message)) ||
			!is_intact(worker->buffer, plan.message, out.out_length)))
		record->wrong = WRONG_BYTES;
	finish(worker, record, result);
	count_accepted(worker, result);
	if (record->token)
		cancel(worker, to, plan.message, out.token);
	return result;
}

int act_reply(struct worker *worker, const struct owed *owed, uint32_t length)
{
	struct record *record, plan = {
		.op = OP_REPLY,
		.call = owed->call,
		.length = length,
	};

	compose(worker->buffer, owed->call, owed->call, length);
	record = begin(worker, &plan);
	if (!record)
		return -ENOSPC;
	return finish(worker, record,
		      REPLY(worker->device, owed->token, BYTES(worker->buffer, length)));
}

int act_give_up(struct worker *worker, const struct owed *owed)
{
	struct record *record, plan = {
		.op = OP_REPLY,
		.call = owed->call,
		.flags = MSGPASS_CANCEL,
	};

	record = begin(worker, &plan);
	return finish(worker, record ? record : &plan, give_up(worker->device, owed->token));
}

int act_forward(struct worker *worker, const struct owed *owed, const struct place *to,
		const struct manner *manner)
{
	struct record plan = plan_send(worker, OP_FORWARD, to, manner);
	struct record *record;

	plan.call = owed->call;
	compose(worker->buffer, plan.message, owed->call, plan.length);
	record = begin(worker, &plan);
	if (!record)
		return -ENOSPC;
	return finish(worker, record,
		      FORWARD(to->fd, owed->token, .to = to->pid, .flags = plan.flags,
			      .deadline = plan.deadline, .type = plan.type,
			      .priority = plan.priority, BYTES(worker->buffer, plan.length)));
}

int act_set(struct worker *worker, const struct place *box, uint64_t capacity)
{
	struct record *record, plan = {
		.op = OP_SET,
		.port = box->port,
		.value = capacity,
	};

	record = begin(worker, &plan);
	if (!record)
		return -ENOSPC;
	return finish(worker, record,
		      MAILBOX_SET(box->fd, .set = MSGPASS_SET_CAPACITY, .capacity = capacity));
}

int act_delete(struct worker *worker, const struct place *box)
{
	struct record *record, plan = { .op = OP_DELETE, .port = box->port };

	record = begin(worker, &plan);
	if (!record)
		return -ENOSPC;
	return finish(worker, record, mailbox_delete(box->fd, ""));
}
