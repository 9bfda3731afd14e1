// SPDX-License-Identifier: GPL-2.0
/*
 * helper_flow BYTES: one message of so many bytes through a mailbox that takes none longer than
 * 1 MiB, and its SHA-256 as the sender has it in memory and as the receiver got it. Where the
 * memory of the machine is less than that, the sender maps one file again and again.
 *
 * Not one of the tests, which compare such a message byte by byte: to digest 2 GiB takes minutes
 * in a VM.
 */
#include "msgpass_test.h"

#include <sys/mman.h>

enum { FILE_SIZE = 61 << 20, PIECE = 1 << 20 };

/* So many bytes of address space that show 61 MiB of noise again and again. */
static unsigned char *make_message(uint64_t length)
{
	int noise = open("/dev/urandom", O_RDONLY), file = memfd_create("noise", 0);
	unsigned char *start, *chunk = malloc(PIECE);
	uint64_t offset;

	CHECK(noise >= 0 && file >= 0 && chunk);
	for (offset = 0; offset < FILE_SIZE; offset += PIECE) {
		CHECK(read(noise, chunk, PIECE) == PIECE);
		CHECK(write(file, chunk, PIECE) == PIECE);
	}
	start = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(start != MAP_FAILED);
	for (offset = 0; offset < length; offset += FILE_SIZE) {
		uint64_t count = length - offset < FILE_SIZE ? length - offset : FILE_SIZE;

		CHECK(mmap(start + offset, count, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0) !=
		      MAP_FAILED);
	}
	free(chunk);
	return start;
}

static FILE *digest(const char *who)
{
	FILE *pipe;

	printf("%-9s", who);
	fflush(stdout);
	pipe = popen("sha256sum", "w");
	CHECK(pipe);
	return pipe;
}

static void receive_all(int box)
{
	unsigned char *buffer = malloc(PIECE);
	struct msgpass_piece_read piece = { .size = sizeof(piece), BYTES(buffer, PIECE) };
	struct msgpass_receive out;
	FILE *sum = digest("received");

	CHECK(!RECEIVE(box, &out, BYTES(buffer, PIECE), .flags = MSGPASS_PIECES));
	CHECK(fwrite(buffer, PIECE, 1, sum) == 1);
	piece.token = out.out_token;
	piece.out_remaining = out.out_remaining;
	while (piece.out_remaining) {
		CHECK(!call(box, MSGPASS_IOC_PIECE_READ, &piece));
		CHECK(fwrite(buffer, piece.out_count, 1, sum) == 1);
	}
	CHECK(!pclose(sum));
}

int main(int argc, char **argv)
{
	uint64_t length = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	struct msgpass_send send = {
		.size = sizeof(send), .flags = MSGPASS_FLOW, .length = length,
	};
	unsigned char *message;
	FILE *sum;
	int box;

	CHECK(length > PIECE);
	box = MAILBOX_OPEN(device_open(), "", OPEN_NEW, .set = MSGPASS_SET_MESSAGE_MAX,
			   .message_max = PIECE);
	CHECK(box >= 0);
	message = make_message(length);
	send.data = (uintptr_t)message;
	if (!child_fork()) {
		receive_all(box);
		exit(0);
	}
	CHECK(!call(box, MSGPASS_IOC_SEND, &send));
	CHECK(wait(NULL) > 0);
	printf("through  %llu bytes\n", (unsigned long long)send.out_count);
	sum = digest("sent");
	CHECK(fwrite(message, length, 1, sum) == 1);
	return pclose(sum);
}
