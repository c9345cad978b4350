/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * stream: what the guests stream-producer and stream-consumer agree on.
 *
 * The region "stream" has a control page; its data is one ring, as large as
 * fits.
 */
#ifndef EXAMPLES_STREAM_H
#define EXAMPLES_STREAM_H

#include <stdint.h>

#include <shared_mem/ring.h>

/* A message: this, then `length' bytes. */
struct stream_header {
    uint32_t number;   /* from 0, for each life of the producer */
    uint32_t length;
    uint32_t checksum; /* of number, length and the bytes */
};

/* Bytes behind the header are fewer than this. */
#define STREAM_LENGTH_MAX 3000u

/* A small generator, for lengths and bytes. */
static inline uint32_t stream_mix(uint32_t x)
{
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;

    return x;
}

static inline uint32_t stream_checksum(const struct stream_header *header,
                                       const unsigned char *bytes)
{
    uint32_t sum = header->number * 0x9e3779b9u + header->length;

    for ( uint32_t i = 0; i < header->length; i++ )
        sum = (sum << 5 | sum >> 27) ^ bytes[i];

    return sum;
}

#endif /* EXAMPLES_STREAM_H */
