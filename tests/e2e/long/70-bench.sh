# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # create sets variables; local
# Messages of 64 bytes: the guest library's ring between two guests, beside
# libxenvchan between dom0 and a guest, each with 32 KiB of buffer. The machine
# has two CPUs, one for each side. "make bench-xen".

. /overlay/peers.sh

INTERVAL=10         # seconds that the ring is watched
VCHAN_MESSAGES=20000

# received: how many messages the receiving guest has told of.
received()
{
    lines taker | sed -n 's/^bench: received //p' | tail -n 1
}

has_received()
{
    [ -n "$(received)" ]
}

# Messages a second through the ring, in ring_rate.
measure_ring()
{
    local first last begin end

    peer giver ring-bench '"0x80000000+64K = bench, control=yes"' 'cpus = "0"'
    peer taker ring-bench '"0x80000000+64K = bench, control=yes"' 'cpus = "1"'
    wait_for 60 has_received || fail "$(lines taker)"
    first=$(received) begin=$(now)
    sleep $INTERVAL
    last=$(received) end=$(now)
    ring_rate=$(((last - first) * 100 / (end - begin)))
    ! says taker WRONG || fail "$(lines taker)"
    destroy giver taker
}

# Messages a second through libxenvchan, in vchan_rate.
measure_vchan()
{
    local nanoseconds

    config linux 'kernel = "/guests/linux"' 'ramdisk = "/guests/vchan.cpio"' \
        'memory = 192' 'cpus = "1"'
    # Its number is known when it is there, and is part of the path.
    echo "extra = \"console=hvc0 quiet vchan=/vchan-bench,$VCHAN_MESSAGES\"" >>linux.cfg
    xenstore-write /vchan-bench ''
    create linux
    must xl unpause linux
    nanoseconds=$(must vchan send "$linux" /vchan-bench $VCHAN_MESSAGES)
    vchan_rate=$((VCHAN_MESSAGES * 1000000 / (nanoseconds / 1000)))
    destroy linux
    xenstore-rm /vchan-bench
}

case_messages_of_64_bytes() # limit 600
{
    local ring_rate vchan_rate

    measure_ring
    measure_vchan
    echo "note: ring, two guests: $ring_rate messages/s"
    echo "note: libxenvchan, dom0 and a guest: $vchan_rate messages/s"
    echo "note: ratio: $((ring_rate / vchan_rate))"
    [ $((ring_rate / vchan_rate)) -ge 10 ] || fail "less than ten times as many"
}
