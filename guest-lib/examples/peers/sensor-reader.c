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

_Noreturn void guest_main(uint64_t boot_info)
{
    struct shared_mem handle;
    struct shared_mem_cell_reader reader;
    struct sample sample;
    uint32_t sequence, last = 0, taken = 0;
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
            continue;
        if ( error )
            give_up("cannot read", error);

        for ( unsigned int n = 0; n < CHANNELS; n++ )
            if ( sample.channel[n] != sensor_channel(sample.time, n) )
                give_up("a sample is torn", -(int)sample.time);

        last = sequence;
        if ( ++taken % REPORT_EVERY == 0 )
            say_number("took ", taken, " samples, all whole");
    }
}
