# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# What takes a large host.

# A guest of more than 3 GiB: on Arm its RAM reaches beyond 4 GiB only then, and there
# is no populating on demand.
case_inside_RAM_above_8_GiB() # limit 180
{
    [ "$ARCH" = arm64 ] || skip "50-placement.sh has that with a smaller guest"
    placed 0x200400000 2M "0x2003ff000 0x200600000" 'memory = 3088'
}

# in_5_s COMMAND...: by the machine's clock, 1 ns an instruction.
in_5_s()
{
    must stopwatch time "$@" >/dev/null
    echo "note: $1 $2: $(($(cat time) / 1000000)) ms"
    [ "$(cat time)" -lt 5000000000 ] || fail "it takes more than 5 s: $*"
}

case_a_region_of_5_GiB() # limit 240
{
    [ "$ARCH" = x86_64 ] || skip "the host has not so much memory"

    config vm1 'static_shared_mem = [ "0x200000000+5G = ID1" ]'
    in_5_s xl create -qp vm1.cfg
    number_of vm1
    running vm2
    in_5_s xl shared-mem-attach vm2 "0x300000000+5G = ID1"
    must guest vm1 fill 0x33ffff000 4K 1
    must guest vm2 check 0x43ffff000 4K 1
    must guest vm2 zero 0x300000000 4K
    in_5_s xl shared-mem-detach vm2 ID1
    in_5_s xl shared-mem-attach vm2 "0x300001000+5G = ID1" # in small pages
    must guest vm2 check 0x440000000 4K 1
    in_5_s xl shared-mem-detach vm2 ID1
    in_5_s xl destroy vm1
    destroy vm2
}
