# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2034,SC2154,SC3043 # create sets vm1, eval; busybox: local
# What a guest is told of its regions: reserved entries in the memory map that
# comes with the start info on x86, nodes in the device tree on Arm. RAM, and on
# Arm the address space that a guest may take for unused, leave them out.

# told NAME: the entries that matter here; ACPI tables are left out.
told()
{
    guest "$1" memory-map | grep -E '(ram|reserved|hypervisor)( |$)' |
        sed 's/ compatible=xen,xen-.*//'
}

# As without the option.
UNSHARED_x86_64='0x0-0x1000000 ram
0xfeff8000-0xff000000 reserved'
UNSHARED_arm64='0x40000000-0x41000000 ram
0x38000000-0x39000000 hypervisor
0x41000000-0x100000000 hypervisor
0x200000000-0x10000000000 hypervisor'

case_no_regions()
{
    local wanted

    config vm1
    create vm1
    eval "wanted=\$UNSHARED_$ARCH"
    assert_equal "vm1's memory map" "$(told vm1)" "$wanted"
    destroy vm1
}

# The list is in no order, and two of its regions are next to each other. A factory
# page is reserved as well.
case_regions_inside_and_outside_RAM()
{
    local node='reserved compatible=xen,shared-memory-v1'

    if [ "$ARCH" = x86_64 ]; then
        share vm1 '"0x180000000+4K = d", "0x810000+4K = b",
            "0x60000000+1M = c", "0x800000+64K = a"' 'shared_mem_factory = 0x60200000'
        assert_equal "vm1's memory map" "$(told vm1)" '0x0-0x800000 ram
0x800000-0x811000 reserved
0x811000-0x1000000 ram
0x60000000-0x60100000 reserved
0x60200000-0x60201000 reserved
0xfeff8000-0xff000000 reserved
0x180000000-0x180001000 reserved'
    else
        share vm1 '"0x240000000+4K = d", "0x40810000+4K = b",
            "0x60000000+1M = c", "0x40800000+64K = a"' \
            'shared_mem_factory = 0x60200000'
        assert_equal "vm1's memory map" "$(told vm1)" \
            "0x40000000-0x41000000 ram
0x240000000-0x240001000 $node xen,id=d
0x40810000-0x40811000 $node xen,id=b
0x60000000-0x60100000 $node xen,id=c
0x40800000-0x40810000 $node xen,id=a
0x60200000-0x60201000 reserved compatible=xen,shared-memory-factory-v1
0x38000000-0x39000000 hypervisor
0x41000000-0x60000000 hypervisor
0x60400000-0x100000000 hypervisor
0x200000000-0x240000000 hypervisor
0x240200000-0x10000000000 hypervisor"
    fi
    destroy vm1
}

case_a_part_of_a_region()
{
    share vm1 '"0x80000000+64K = ID1"'
    share vm2 '"0x90000000+8K = ID1, offset=0xa000, prot=ro"'
    if [ "$ARCH" = x86_64 ]; then
        assert_equal "vm2's memory map" "$(told vm2)" '0x0-0x1000000 ram
0x90000000-0x90002000 reserved
0xfeff8000-0xff000000 reserved'
    else
        told vm2 >map
        assert_line map "0x90000000-0x90002000 reserved\
 compatible=xen,shared-memory-v1 xen,id=ID1 xen,offset=0xa000"
    fi
    destroy vm1 vm2
}

# entries COUNT: a page in every other page of RAM.
entries()
{
    local i list=

    for i in $(seq "$1"); do
        list="$list \"$(printf 0x%x "$(page "$i")")+4K = page$i\","
    done
    echo "$list"
}

# page NUMBER: its address.
page() { echo $((FREE_RAM + $1 * 0x2000)); }

# An x86 memory map has 128 entries; a region in RAM takes two.
case_60_regions_inside_RAM() # limit 180
{
    local i special=0

    [ "$ARCH" != x86_64 ] || special=1
    share vm1 "$(entries 60)"
    share vm2 "$(entries 60)"
    assert_equal "the number of reserved ranges" \
        "$(told vm1 | grep -c ' reserved')" $((60 + special))
    for i in 1 30 60; do
        must guest vm1 fill "$(page $i)" 4K "$i"
        must guest vm1 fill $(($(page $i) + 0x1000)) 4K 99
        must guest vm2 check "$(page $i)" 4K "$i"
    done
    destroy vm1 vm2

    [ "$ARCH" = x86_64 ] || return 0
    libxl_refuses page1 "the guest's memory map would have more than 128\
 entries; put regions next to each other, or outside the domain's RAM" \
        "$(entries 62)"
}
