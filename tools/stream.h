/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a stream longer than a message is cut into messages.
 *
 * - The first piece has the type STREAM_START.
 * - The further pieces have the type stream_type(peer id of the sender), so
 *   that a receiver can select those of one stream from a mailbox that holds
 *   those of several, and leave the others to other receivers. A process
 *   sends one stream at a time.
 * - An empty further piece ends the stream. If the sender dies before it has
 *   sent that one, its receiver learns it: the peer is gone, and no piece of
 *   it is left.
 *
 * What fits in one message is sent as one message of a type below
 * STREAM_START. A receiver of what comes next selects types up to
 * STREAM_START, and so gets no further piece of another receiver's stream.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stddef.h>
#include <stdint.h>

#define STREAM_START 0x80000000U

/*
 * Small enough that a few pieces in flight don't use up a user's quota, large
 * enough that a system call for each costs little.
 */
#define STREAM_PIECE ((size_t)64 << 10)

/* Peer ids count up, so two streams alive at once have two types. */
static inline uint32_t stream_type(uint64_t peer)
{
	return STREAM_START + 1 + peer % (STREAM_START - 1);
}

#endif /* STREAM_H */
