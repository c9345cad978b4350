/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The cell with the latest value: see docs/guest-ring.md for the protocol.
 */
#include <shared_mem/atomic.h>
#include <shared_mem/cell.h>
#include <shared_mem/copy.h>

/* The writer has to write four values meanwhile for each of them to fail. */
#define TRIES 4

static struct shared_mem_cell_slot *slot_at(const struct shared_mem_cell *cell,
                                            uint32_t value_size,
                                            uint32_t sequence)
{
    return (void *)((char *)(uintptr_t)(cell + 1) +
                    sequence % SHARED_MEM_CELL_SLOTS *
                        SHARED_MEM_CELL_STRIDE(value_size));
}

static int check_arguments(const void *base, size_t bytes, uint32_t value_size)
{
    if ( !base || (uintptr_t)base % SHARED_MEM_CELL_ALIGN || !value_size ||
         value_size > SHARED_MEM_CELL_VALUE_MAX ||
         bytes < SHARED_MEM_CELL_BYTES(value_size) )
        return SHARED_MEM_EINVAL;

    return 0;
}

/*
 * Bytes that were no slot before may look like one: no number is to match
 * before the first value of this size is there.
 *
 * Release fence: pairs with the acquire fence in read_slot().  Who has read any
 * of what this writer stores sees that the old format is gone.
 */
static void clear_slots(struct shared_mem_cell *cell, uint32_t value_size)
{
    shared_mem_store(&cell->format, 0);
    shared_mem_fence_release();
    for ( uint32_t i = 0; i < SHARED_MEM_CELL_SLOTS; i++ )
        shared_mem_store(&slot_at(cell, value_size, i)->sequence, 0);
}

int shared_mem_cell_writer_init(struct shared_mem_cell_writer *writer,
                                void *base, size_t bytes, uint32_t value_size)
{
    struct shared_mem_cell *cell = base;
    int rc = check_arguments(base, bytes, value_size);

    if ( rc )
        return rc;

    writer->cell = cell;
    writer->value_size = value_size;
    writer->writer = 0;
    shared_mem_store(&cell->writer, 0);
    writer->sequence = shared_mem_load(&cell->sequence);
    if ( shared_mem_load(&cell->format) !=
         SHARED_MEM_CELL_VERSION + value_size )
        clear_slots(cell, value_size);

    return 0;
}

int shared_mem_cell_reader_init(struct shared_mem_cell_reader *reader,
                                const void *base, size_t bytes,
                                uint32_t value_size)
{
    int rc = check_arguments(base, bytes, value_size);

    if ( rc )
        return rc;

    reader->cell = base;
    reader->value_size = value_size;

    return 0;
}

void shared_mem_cell_writer_is(struct shared_mem_cell_writer *writer,
                               uint8_t index)
{
    writer->writer = index + 1u;
    shared_mem_store(&writer->cell->writer, writer->writer);
}

void shared_mem_cell_write(struct shared_mem_cell_writer *writer,
                           const void *value)
{
    struct shared_mem_cell *cell = writer->cell;
    struct shared_mem_cell_slot *slot;

    if ( !++writer->sequence )
        writer->sequence++;
    slot = slot_at(cell, writer->value_size, writer->sequence);

    /*
     * Release fence: pairs with the acquire fence in read_slot().  Who has read
     * any of the new value sees that the old number is gone.
     */
    shared_mem_store(&slot->sequence, 0);
    shared_mem_fence_release();
    shared_mem_copy_to(slot + 1, value, writer->value_size);

    /* Release: pairs with the acquire of this number in read_slot(). */
    shared_mem_store_release(&slot->sequence, writer->sequence);

    /* Release: pairs with the acquire in shared_mem_cell_read(). */
    shared_mem_store(&cell->writer, writer->writer);
    shared_mem_store(&cell->format,
                     SHARED_MEM_CELL_VERSION + writer->value_size);
    shared_mem_store_release(&cell->sequence, writer->sequence);
}

static bool same_format(const struct shared_mem_cell_reader *reader,
                        uint32_t format)
{
    return format == SHARED_MEM_CELL_VERSION + reader->value_size;
}

static int read_slot(const struct shared_mem_cell_reader *reader, void *value,
                     uint32_t sequence)
{
    const struct shared_mem_cell_slot *slot =
        slot_at(reader->cell, reader->value_size, sequence);

    /* Acquire: pairs with the release of this number in the writer. */
    if ( shared_mem_load_acquire(&slot->sequence) != sequence )
        return SHARED_MEM_EAGAIN;

    shared_mem_copy_from(value, slot + 1, reader->value_size);

    /* Acquire fence: pairs with the release fences in the writer. */
    shared_mem_fence_acquire();
    if ( shared_mem_load(&slot->sequence) != sequence ||
         !same_format(reader, shared_mem_load(&reader->cell->format)) )
        return SHARED_MEM_EAGAIN;

    return 0;
}

int shared_mem_cell_read(const struct shared_mem_cell_reader *reader,
                         void *value, uint32_t *sequence)
{
    uint32_t format;

    for ( unsigned int i = 0; i < TRIES; i++ )
    {
        /* Acquire: pairs with the release in shared_mem_cell_write(). */
        *sequence = shared_mem_load_acquire(&reader->cell->sequence);
        format = shared_mem_load(&reader->cell->format);
        if ( !*sequence || !format )
            return SHARED_MEM_EAGAIN;

        if ( !same_format(reader, format) )
            return SHARED_MEM_EPROTO;

        if ( !read_slot(reader, value, *sequence) )
            return 0;
    }

    return SHARED_MEM_EAGAIN;
}

/* No value has the number 0. */
uint32_t shared_mem_cell_age(const struct shared_mem_cell_reader *reader,
                             uint32_t sequence)
{
    uint32_t latest = shared_mem_load(&reader->cell->sequence);

    return latest - sequence - (latest < sequence);
}

bool shared_mem_cell_writer_alive(const struct shared_mem_cell_reader *reader,
                                  uint32_t alive)
{
    uint32_t index = shared_mem_load(&reader->cell->writer) - 1;

    return index < 32 && (alive >> index & 1);
}
