/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * sensor-reader: takes the latest sample whenever it likes; its mapping may be
 * read-only.
 */
#include "peer.h"
#include "sensor.h"

const char peer_name[] = "reader";

#define REPORT_EVERY 500

/* Looks whether the writer is alive after so many turns without a sample. */
#define LOOK_EVERY 65536

/* The factory page has the peers that are alive; the cell has the writer's. */
static void look_for_writer(struct shared_mem *handle,
                            const struct shared_mem_cell_reader *reader,
                            bool *gone)
{
    bool alive =
        shared_mem_cell_writer_alive(reader, shared_mem_peers(handle));

    if ( !alive && !*gone )
        say("the sensor is gone");
    *gone = !alive;
}

_Noreturn void guest_main(uint64_t boot_info)
{
    struct shared_mem handle;
    struct shared_mem_cell_reader reader;
    struct sample sample;
    uint32_t sequence, last = 0, taken = 0, idle = 0;
    bool gone = false;
    int error;

    (void)boot_info;
    attach_region(&handle, "sensor");
    error = shared_mem_cell_reader_init(&reader, handle.data, handle.size,
                                        sizeof(sample));
    if ( error )
        give_up("no cell", error);

    for ( ; ; )
    {
        cpu_relax();
        error = shared_mem_cell_read(&reader, &sample, &sequence);
        if ( error == SHARED_MEM_EAGAIN || (!error && sequence == last) )
        {
            if ( last && ++idle % LOOK_EVERY == 0 )
                look_for_writer(&handle, &reader, &gone);
            continue;
        }
        if ( error )
            give_up("cannot read", error);

        for ( unsigned int n = 0; n < CHANNELS; n++ )
            if ( sample.channel[n] != sensor_channel(sample.time, n) )
                give_up("a sample is torn", -(int)sample.time);

        last = sequence;
        idle = 0;
        if ( ++taken % REPORT_EVERY == 0 )
            say_number("took ", taken, " samples, all whole");
    }
}
