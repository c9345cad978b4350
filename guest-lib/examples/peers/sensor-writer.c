/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * sensor-writer: leaves samples in the cell, one after the other, whether
 * anybody reads them or not.
 */
#include "peer.h"
#include "sensor.h"

const char peer_name[] = "sensor";

#define REPORT_EVERY 20000

_Noreturn void guest_main(uint64_t boot_info)
{
    struct shared_mem handle;
    struct shared_mem_cell_writer writer;
    struct sample sample;
    int error;

    (void)boot_info;
    attach_region(&handle, "sensor");
    error = shared_mem_cell_writer_init(&writer, handle.data, handle.size,
                                        sizeof(sample));
    if ( error )
        give_up("no cell", error);

    shared_mem_cell_writer_is(&writer, handle.region.index);
    for ( sample.time = 1; ; sample.time++ )
    {
        for ( unsigned int n = 0; n < CHANNELS; n++ )
            sample.channel[n] = sensor_channel(sample.time, n);
        shared_mem_cell_write(&writer, &sample);

        if ( sample.time % REPORT_EVERY == 0 )
            say_number("wrote ", sample.time, " samples");
        cpu_relax();
    }
}
