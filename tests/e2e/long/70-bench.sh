# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # measure sets rate; local
# How fast guests on Xen talk: the guest library's ring and cell between two
# bare-metal guests, at several sizes; beside them libxenvchan between dom0 and a
# Linux guest. The machine has two CPUs, one for each side. "make bench-xen".

. /overlay/bench.sh

SIZES="8 64 512 4096 65536"

case_ring_and_cell_between_guests() # limit 900
{
    local way size rate

    for way in stream batch trip cell; do
        for size in $SIZES; do
            measure_between_guests "$way-$size"
            echo "note: $way of $size bytes: $rate/s, $((rate * size / 1000)) KB/s"
        done
    done
}

case_messages_of_64_bytes_beside_libxenvchan() # limit 400
{
    local rate ring way batch

    for way in stream batch; do
        measure_between_guests $way-64
        ring=$rate
        [ $way = stream ] && batch=1 || batch=32
        measure_vchan $batch 'cpus = "1"'
        echo "note: up to $batch at a time: ring, two guests: $ring messages/s"
        echo "note: libxenvchan, dom0 and a guest: $rate messages/s"
        echo "note: ratio: $((ring * 10 / rate)) tenths"
    done
}
