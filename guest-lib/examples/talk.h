/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A conversation between two guests through one shared region.
 *
 * The first page holds two slots, one for each side; what follows is cut in
 * two halves.  A side writes to its own slot and its own half only.  A slot
 * carries one message at a time: its writer waits until the peer has taken
 * the last one.  Sequence numbers live in the region, so a side that is
 * destroyed and created again goes on where it was, and is greeted anew.
 *
 * The shared layout (offsets in bytes, little endian, both sides agree):
 *
 *   slot of side 0 at 0, of side 1 at 2048:
 *     +0   sequence  u32  number of messages this side has published
 *     +4   taken     u32  sequence of the peer's message this side read last
 *     +8   kind      u32  1: greeting, asks for an answer; 2: answer
 *     +12  text      64 bytes, ends with a zero byte
 *   half of side 0 at 4096, of side 1 in the middle of what remains:
 *     each u64 is its own offset in the region, xor the side's mark
 */
#ifndef EXAMPLES_TALK_H
#define EXAMPLES_TALK_H

#include <stdbool.h>
#include <stdint.h>

#define TALK_TEXT_SIZE 64

/* One side of one conversation: private, never in shared memory. */
struct talk {
    const char *self;     /* this guest's name */
    const char *region;   /* the region's ID, for the console */
    uint64_t base;        /* gpa of the region */
    uint64_t size;        /* bytes, whole pages, at least two */
    unsigned int side;    /* 0 or 1 */

    bool there;           /* talk_start() found memory */
    bool greeting_due;
    bool answer_due;
    char heard[TALK_TEXT_SIZE]; /* the greeting that an answer quotes */
};

/*
 * Fill this side's half and queue a greeting.  Where there is no memory at the
 * region's address, say so on the console, and never touch it again.
 */
void talk_start(struct talk *talk);

/* Take what the peer said, say what is due.  Never waits. */
void talk_poll(struct talk *talk);

#endif /* EXAMPLES_TALK_H */
