// SPDX-License-Identifier: GPL-2.0
/*
 * Pipes, with and without a name: a stream of bytes, so that a reader may get a message in
 * parts.
 */
#include "bench.h"

static void size_pipe(struct way *way)
{
	CHECK(fcntl(way->out, F_SETPIPE_SZ, way->depth * way->size) > 0);
}

static void open_pipe(struct way *way)
{
	int ends[2];

	CHECK(!pipe2(ends, O_CLOEXEC));
	way->in = ends[0];
	way->out = ends[1];
	size_pipe(way);
}

static void open_fifo(struct way *way)
{
	char path[32];

	snprintf(path, sizeof(path), "/tmp/bench-%d", getpid());
	CHECK(!mkfifo(path, 0600));
	way->in = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	way->out = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(way->in >= 0 && way->out >= 0 && !fcntl(way->in, F_SETFL, 0) && !unlink(path));
	size_pipe(way);
}

static void write_bytes(struct way *way, size_t size)
{
	CHECK(write(way->out, way->bytes, size) == (ssize_t)size);
}

static void read_bytes(struct way *way, size_t size)
{
	size_t count;
	ssize_t ret;

	for (count = 0; count < size; count += ret) {
		ret = read(way->in, way->place + count, size - count);
		CHECK(ret > 0);
	}
}

static void send_pipe(struct way *way)
{
	write_bytes(way, way->size);
}

static void receive_pipe(struct way *way)
{
	read_bytes(way, way->size);
}

/* Small ones come whole. */
static bool look_at_pipe(struct way *way)
{
	ssize_t ret = read(way->in, way->place, way->size);

	CHECK(ret == (ssize_t)way->size || (ret < 0 && errno == EAGAIN));
	return ret > 0;
}

/* Records of one size need no boundaries: so many of them are one write, and one read. */
static void send_records(struct way *way)
{
	write_bytes(way, BATCH * way->size);
}

static unsigned int receive_records(struct way *way)
{
	read_bytes(way, BATCH * way->size);
	return BATCH;
}

const struct mechanism bench_pipe = {
	.name = "pipe",
	.one_way = true,
	.open = open_pipe,
	.send = send_pipe,
	.receive = receive_pipe,
	.look = look_at_pipe,
	.spin = bench_nonblock,
	.send_batch = send_records,
	.receive_batch = receive_records,
};

const struct mechanism bench_fifo = {
	.name = "fifo",
	.one_way = true,
	.open = open_fifo,
	.send = send_pipe,
	.receive = receive_pipe,
};
