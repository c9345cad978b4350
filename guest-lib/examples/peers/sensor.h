/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * sensor: what the guests sensor-writer and sensor-reader agree on.  The region
 * "sensor" is one cell with the latest sample.
 */
#ifndef EXAMPLES_SENSOR_H
#define EXAMPLES_SENSOR_H

#include <stdint.h>

#include <shared_mem/cell.h>

/* A sample is right if all channels follow from its time. */
#define CHANNELS 64

struct sample {
    uint32_t time;
    uint32_t channel[CHANNELS];
};

static inline uint32_t sensor_channel(uint32_t time, unsigned int n)
{
    return time * 2654435761u + n;
}

#endif /* EXAMPLES_SENSOR_H */
