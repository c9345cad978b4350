/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A cell in a shared region: one writer leaves a value there, any number of
 * readers take the latest one, never half of it.  Readers only read, and may
 * have the region mapped so.  docs/guest-ring.md has the layout and protocol.
 *
 * Handles are private memory; one belongs to one thread at a time, and a cell
 * has one writer.  Functions return 0 or a negative
 * shared_mem_error.
 */
#ifndef SHARED_MEM_CELL_H
#define SHARED_MEM_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shared_mem/errors.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of a value, from 1 on. */
#define SHARED_MEM_CELL_VALUE_MAX (1u << 24)

/* The value with number n is in slot n modulo this. */
#define SHARED_MEM_CELL_SLOTS 4u

/* Bytes from one slot to the next. */
#define SHARED_MEM_CELL_STRIDE(value_size) \
    (((value_size) + sizeof(struct shared_mem_cell_slot) + 127u) & ~127u)

/* Bytes of memory that a cell takes; they begin at a multiple. */
#define SHARED_MEM_CELL_BYTES(value_size) \
    (sizeof(struct shared_mem_cell) + \
     SHARED_MEM_CELL_SLOTS * SHARED_MEM_CELL_STRIDE(value_size))
#define SHARED_MEM_CELL_ALIGN 128u

/* What shared memory begins with; the slots follow. */
struct shared_mem_cell {
    uint32_t sequence; /* 0: no value yet; else the number of the latest one */
    uint32_t format;   /* bytes of a value + SHARED_MEM_CELL_VERSION */
    uint32_t writer;   /* its index in the region + 1; 0: not known */
    uint32_t reserved[29];
};

#define SHARED_MEM_CELL_VERSION (1u << 28)

/* What a slot begins with; the value follows. */
struct shared_mem_cell_slot {
    uint32_t sequence; /* 0: being written; else the number of its value */
    uint32_t reserved;
};

struct shared_mem_cell_writer {
    struct shared_mem_cell *cell;
    uint32_t value_size;
    uint32_t sequence; /* of the latest value */
    uint32_t writer;   /* as in shared memory */
};

struct shared_mem_cell_reader {
    const struct shared_mem_cell *cell;
    uint32_t value_size;
};

/*
 * @bytes is at least SHARED_MEM_CELL_BYTES(value_size), @base a multiple of
 * SHARED_MEM_CELL_ALIGN.  Numbers go on where the last writer got to, and its
 * value stays, if it had the same size.
 */
int shared_mem_cell_writer_init(struct shared_mem_cell_writer *writer,
                                void *base, size_t bytes, uint32_t value_size);
int shared_mem_cell_reader_init(struct shared_mem_cell_reader *reader,
                                const void *base, size_t bytes,
                                uint32_t value_size);

/*
 * Tell readers which peer of the region this writer is, see
 * shared_mem_cell_writer_alive().
 */
void shared_mem_cell_writer_is(struct shared_mem_cell_writer *writer,
                               uint8_t index);

/* Never waits. */
void shared_mem_cell_write(struct shared_mem_cell_writer *writer,
                           const void *value);

/*
 * Copy the latest value; its number tells whether it is another than before.
 * The number is never 0.  After an error *value is undefined.
 *   EAGAIN  there is none yet, or the writer was faster several times
 *   EPROTO  the writer's values have another size
 */
int shared_mem_cell_read(const struct shared_mem_cell_reader *reader,
                         void *value, uint32_t *sequence);

/* How many values were written since the one with this number. */
uint32_t shared_mem_cell_age(const struct shared_mem_cell_reader *reader,
                             uint32_t sequence);

/*
 * Whether the peer that writes is one of those @alive, a mask as the factory
 * page has it; false if it has not told its index.  While it is not, the latest
 * value stays the latest.
 */
bool shared_mem_cell_writer_alive(const struct shared_mem_cell_reader *reader,
                                  uint32_t alive);

#ifdef __cplusplus
}
#endif

#endif /* SHARED_MEM_CELL_H */
