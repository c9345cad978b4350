# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # create sets variables; local
# How fast guests on Xen talk: the guest library's ring and cell between two
# bare-metal guests, at several sizes; beside them libxenvchan between dom0 and a
# Linux guest. The machine has two CPUs, one for each side. "make bench-xen".

. /overlay/peers.sh

INTERVAL=5 # seconds that a pair of guests is watched
SIZES="8 64 512 4096 65536"
VCHAN_MESSAGES=20000

# how_many: what the second guest has told of.
how_many()
{
    lines taker | sed -n 's/^bench: done //p' | tail -n 1
}

has_begun()
{
    [ -n "$(how_many)" ]
}

# measure REGION: how often a second the two guests do it, in rate.
measure()
{
    local first last begin end entry="\"0x80000000+1M = $1, control=yes\""

    peer giver ring-bench "$entry" 'cpus = "0"'
    peer taker ring-bench "$entry" 'cpus = "1"'
    wait_for 60 has_begun || fail "$(lines taker)"
    first=$(how_many) begin=$(now)
    sleep $INTERVAL
    last=$(how_many) end=$(now)
    rate=$(((last - first) * 100 / (end - begin)))
    ! says taker WRONG || fail "$(lines taker)"
    destroy giver taker
}

# Messages a second through libxenvchan, in rate.
measure_vchan()
{
    local nanoseconds

    config linux 'kernel = "/guests/linux"' 'ramdisk = "/guests/vchan.cpio"' \
        'memory = 192' 'cpus = "1"' \
        "extra = \"console=hvc0 quiet vchan=/vchan-bench,$VCHAN_MESSAGES\""
    xenstore-write /vchan-bench ''
    create linux
    must xl unpause linux
    nanoseconds=$(timeout 120 vchan send "$linux" /vchan-bench $VCHAN_MESSAGES) || {
        cat /var/log/xen/console/guest-linux.log
        fail "nothing came through libxenvchan"
    }
    rate=$((VCHAN_MESSAGES * 1000000 / (nanoseconds / 1000)))
    destroy linux
    xenstore-rm /vchan-bench
}

case_ring_and_cell_between_guests() # limit 900
{
    local way size rate

    for way in stream trip cell; do
        for size in $SIZES; do
            measure "$way-$size"
            echo "note: $way of $size bytes: $rate/s, $((rate * size / 1000)) KB/s"
        done
    done
}

case_messages_of_64_bytes_beside_libxenvchan() # limit 400
{
    local rate ring

    measure stream-64
    ring=$rate
    measure_vchan
    echo "note: ring, two guests: $ring messages/s"
    echo "note: libxenvchan, dom0 and a guest: $rate messages/s"
    echo "note: ratio: $((ring * 10 / rate)) tenths"
    [ "$ring" -ge $((10 * rate)) ] || fail "less than ten times as many"
}
