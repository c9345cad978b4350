# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2034,SC2154,SC3043 # sets rate; local
# How often guests do something: with the guest ring-bench, and with libxenvchan.
# For cases, in dom0.

. /overlay/peers.sh

INTERVAL=5 # seconds that a pair of guests is watched
VCHAN_MESSAGES=192000

# how_many: what the guest has told of; the last line may not be complete yet.
how_many()
{
    lines taker | sed -n 's/^bench: done \([0-9]*\) times$/\1/p' | tail -n 1
}

has_begun()
{
    [ -n "$(how_many)" ]
}

# watch: how often a second the guests do it, in rate; then they are destroyed.
watch()
{
    local first last begin now

    wait_for 60 has_begun || fail "$(lines taker)"
    first=$(how_many)
    uptime
    begin=$now
    sleep $INTERVAL
    last=$(how_many)
    uptime
    rate=$(((last - first) * 100 / (now - begin)))
    ! says taker WRONG || fail "$(lines taker)"
    destroy "$@"
}

# measure_between_guests REGION
measure_between_guests()
{
    local entry="\"0x80000000+1M = $1, control=yes\""

    peer giver ring-bench "$entry" 'cpus = "0"'
    peer taker ring-bench "$entry" 'cpus = "1"'
    watch giver taker
}

# measure_in_one_guest REGION
measure_in_one_guest()
{
    peer taker ring-bench "\"0x80000000+1M = $1, control=yes\""
    watch taker
}

# measure_vchan BATCH [LINE]...: messages a second through libxenvchan, in rate.
# On Arm Xen keeps the page tables of dom0 where it maps the first grants.
measure_vchan()
{
    local batch="$1" before after nanoseconds

    shift
    before=$(freepages)

    config linux 'kernel = "/guests/linux"' 'ramdisk = "/guests/vchan.cpio"' \
        'memory = 192' "$@" \
        "extra = \"console=hvc0 quiet vchan=/vchan-bench,$VCHAN_MESSAGES,$batch\""
    xenstore-write /vchan-bench ''
    create linux
    must xl unpause linux
    nanoseconds=$(timeout 120 vchan send "$linux" /vchan-bench $VCHAN_MESSAGES \
        "$batch") || {
        cat /var/log/xen/console/guest-linux.log
        fail "nothing came through libxenvchan"
    }
    rate=$((VCHAN_MESSAGES * 1000000 / (nanoseconds / 1000)))
    destroy linux
    after=$(freepages "$before" 0 5) || true # what is to come back, has
    echo $((before - after)) >>/tmp/pages-of-xen
    xenstore-rm /vchan-bench
}
