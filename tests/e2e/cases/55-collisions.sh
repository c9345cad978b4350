# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets vm1; busybox: local
# A region that hits what its guest has in memory is refused: with one line that
# names what it hits and an address that is free, and nothing is left behind.
# The addresses are those of Xen's public headers and of libxl's memory layout.

# is_free BEGIN-END: what the line ends with; the address space of the small
# guests here is free where their RAM ends.
is_free()
{
    echo "; $(hex "$RAM_END")-$(hex $((RAM_END + ${1#*-} - ${1%-*}))) is free"
}

# hits RANGE WHAT [LINE]...: RANGE is BEGIN-END, WHAT is "NAME, BEGIN-END".
hits()
{
    local range="$1" what="$2"

    shift 2
    libxl_refuses ID2 "$range overlaps the $what$(is_free "$range")" \
        "\"$range = ID2\"" "$@"
}

# straddles RANGE BANK: RANGE is partly in it.
straddles()
{
    libxl_refuses ID2 "$1 is partly inside the $2, and has to be all inside or\
 all outside$(is_free "$1")" "\"$1 = ID2\""
}

case_half_inside_RAM()
{
    local ram

    ram="domain's RAM, $(hex "$RAM")-$(hex "$RAM_END")"
    start_peer
    straddles "$(hex $((RAM_END - 0x1000)))-$(hex $((RAM_END + 0x1000)))" "$ram"
    straddles "$(hex $((RAM + 0x800000)))-$(hex $((RAM_END + 0x800000)))" "$ram"
    straddles "$(hex "$RAM")-$(hex $((RAM_END + 0x1000)))" "$ram"
    [ "$ARCH" != arm64 ] || straddles 0x3ffff000-0x40001000 "$ram"
    end_peer $((vm1 + 1))
}

# Needs no memory: the domain is not even made.
case_half_inside_RAM_above_4_GiB()
{
    start_peer
    if [ "$ARCH" = arm64 ]; then
        libxl_refuses ID2 "0x23ffff000-0x240001000 is partly inside the domain's\
 RAM above 8 GiB, 0x200000000-0x240000000, and has to be all inside or all\
 outside; 0x100000000-0x100002000 is free" '"0x23ffff000+8K = ID2"' \
            'memory = 4096'
    else
        libxl_refuses ID2 "0x143fff000-0x144001000 is partly inside the domain's\
 RAM above 4 GiB, 0x100000000-0x144000000, and has to be all inside or all\
 outside; 0x144000000-0x144002000 is free" '"0x143fff000+8K = ID2"' \
            'memory = 5120'
    fi
    end_peer $((vm1 + 1))
}

# What the builder loads is known from the guest itself, which has the same
# image. The creation gets as far as a domain, whose number is used up.
case_what_the_builder_loads() # limit 180
{
    local info image begin end boot

    start_peer
    head -c 8192 /dev/zero >ramdisk
    config vm8 'ramdisk = "ramdisk"' 'cmdline = "some words"'
    create vm8
    info=$(guest vm8 info)
    image=${info#*image } image=${image%%,*}
    begin=${image%-*} end=${image#*-}
    end=$(((end + 0xfff) / 0x1000 * 0x1000))
    boot=${info#*boot info }
    boot=$((boot / 0x1000 * 0x1000))

    image="$(hex "$begin")-$(hex $end)"
    collides kernel "$image" "$(hex "$begin")-$(hex $((begin + 0x1000)))"
    collides kernel "$image" "$(hex $((end - 0x1000)))-$(hex $end)"
    collides kernel "$image" \
        "$(hex $((begin - 0x1000)))-$(hex $((end + 0x1000)))"
    if [ "$ARCH" = arm64 ]; then
        # Behind each other, as high as they fit, in this order.
        collides ramdisk "$(hex $((boot - 0x2000)))-$(hex $boot)" \
            "$(hex $((boot - 0x1000)))-$(hex $boot)"
        collides "device tree" "$(hex $boot)-$(hex "$RAM_END")" \
            "$(hex $boot)-$(hex $((boot + 0x1000)))"
        destroy vm8
        end_peer $((vm8 + 6))
    else
        collides ramdisk "$(hex $end)-$(hex $((end + 0x2000)))" \
            "$(hex $end)-$(hex $((end + 0x1000)))"
        # A page: two modules with command lines of 1 KiB, and the memory map.
        collides "start info and command line" \
            "$(hex $boot)-$(hex $((boot + 0x1000)))" \
            "$(hex $boot)-$(hex $((boot + 0x1000)))"
        destroy vm8
        end_peer $((vm8 + 6))
    fi
}

# collides NAME BEGIN-END RANGE: vm9, with a ramdisk and a command line.
collides()
{
    hits "$3" "$1, $2" 'ramdisk = "ramdisk"' 'cmdline = "some words"'
}

case_the_devices_of_the_platform() # limit 120
{
    local special='special pages of Xen (console, xenstore, events, virtual UART)'

    [ "$ARCH" = arm64 ] || skip "Arm's fixed layout"
    start_peer
    hits 0x3001000-0x3002000 'GICv2 distributor, 0x3001000-0x3002000'
    hits 0x3002000-0x3003000 'GICv2 CPU interface, 0x3002000-0x3004000'
    hits 0x3010000-0x3011000 'GICv3 distributor, 0x3001000-0x3011000'
    hits 0x3fff000-0x4000000 'GICv3 redistributors, 0x3020000-0x4020000'
    hits 0x2000000-0x2001000 'virtio devices, 0x2000000-0x2100000'
    hits 0x20000000-0x20001000 'ACPI tables, 0x20000000-0x22000000'
    hits 0x22000000-0x22001000 'virtual UART, 0x22000000-0x22001000'
    hits 0x21fff000-0x22002000 'ACPI tables, 0x20000000-0x22000000'
    hits 0x38fff000-0x39000000 'grant table, 0x38000000-0x39000000'
    hits 0x39003000-0x39004000 "$special, 0x39000000-0x3a000000"
    # A domain without PCI devices has no virtual PCI.
    share vm8 '"0x10000000+4K = ID2", "0x23000000+4K = ID3",
        "0x100000000+4K = ID4"'
    destroy vm8
    end_peer $((vm8 + 1))
}

case_the_MMIO_hole_of_a_PVH_guest()
{
    local special='special pages of Xen (console, xenstore, ioreq, identity map)'
    local hole='MMIO hole below 4 GiB, 0xfc000000-0x100000000'

    [ "$ARCH" = x86_64 ] || skip "Arm guests have none"
    start_peer
    hits 0xfc000000-0xfc001000 'ACPI tables, 0xfc000000-0xfc011000'
    hits 0xfbfff000-0xfc001000 'ACPI tables, 0xfc000000-0xfc011000'
    hits 0xfee00000-0xfee01000 'local APIC, 0xfee00000-0xfee01000'
    hits 0xfeff8000-0xfeff9000 "$special, 0xfeff8000-0xff000000"
    hits 0xfefff000-0xff000000 "$special, 0xfeff8000-0xff000000"
    hits 0xfd000000-0xfd001000 "$hole"
    hits 0xfffff000-0x100000000 "$hole"
    hits 0xff000000-0x100001000 "$hole"
    share vm8 '"0xfbfff000+4K = below", "0x100000000+4K = above"'
    destroy vm8
    end_peer $((vm8 + 1))
}

case_the_memory_of_an_HVM_guest()
{
    local end=0xf800000 # 256 MiB less video memory

    [ "$ARCH" = x86_64 ] || skip "Arm has no HVM guests"
    start_peer
    RAM_END=$end
    set -- 'type = "hvm"' 'memory = 256' 'videoram = 8'
    hits 0xa0000-0xa1000 "firmware's memory below 1 MiB, 0x0-0x100000" "$@"
    hits 0x0-0x1000 "firmware's memory below 1 MiB, 0x0-0x100000" "$@"
    hits 0xf0000000-0xf0001000 \
        'MMIO hole below 4 GiB, 0xf0000000-0x100000000' "$@"
    hits 0xfeff0000-0xfeff1000 \
        'pages of the ioreq servers, 0xfeff0000-0xfeff8000' "$@"
    libxl_refuses ID2 "0xf7ff000-0xf801000 is partly inside the domain's RAM,\
 0x100000-0xf800000, and has to be all inside or all outside;\
 0xf800000-0xf802000 is free" '"0xf7ff000+8K = ID2"' "$@"
    hits 0xc0000000-0xc0001000 \
        'MMIO hole below 4 GiB, 0xc0000000-0x100000000' "$@" \
        'mmio_hole = 1024'
    # 4 GiB and 256 MiB, less what is below the hole and 8 MiB.
    libxl_refuses ID2 "0x11f7ff000-0x11f800000 overlaps the RAM above 4 GiB,\
 which an HVM guest's firmware takes as a whole, 0x100000000-0x11f800000;\
 0x11f800000-0x11f801000 is free" '"0x11f7ff000+4K = ID2"' 'type = "hvm"' \
        'memory = 4352' 'videoram = 8'
    RAM_END=0x1000000
    end_peer $((vm1 + 1))
}

# In the address space, a device that is given to the guest has nothing to do
# with the one that the host has: any page number will do.
case_a_device_that_the_domain_is_given()
{
    start_peer
    libxl_refuses ID1 "$FREE-0x90010000 overlaps the memory of a device\
 (iomem=), 0x9000f000-0x90011000$(is_free "$FREE"-0x90010000)" \
        "\"$FREE+64K = ID1\"" 'iomem = [ "fed00,2@9000f" ]'
    end_peer $((vm1 + 1))
}

# The first free address is another region's of the same domain.
case_the_suggestion_avoids_the_other_regions()
{
    start_peer
    libxl_refuses ID3 "$(hex "$RAM_END")-$(hex $((RAM_END + 0x1000))) overlaps the\
 memory of a device (iomem=), $(hex "$RAM_END")-$(hex $((RAM_END + 0x2000)));\
 $(hex $((RAM_END + 0x3000)))-$(hex $((RAM_END + 0x4000))) is free" \
        "\"$(hex $((RAM_END + 0x2000)))+4K = ID2\", \"$(hex "$RAM_END")+4K = ID3\"" \
        "iomem = [ \"fed00,2@$(printf %x $((RAM_END / 4096)))\" ]"
    # A large one gets a boundary of a superpage.
    libxl_refuses ID3 "$(hex "$RAM_END")-$(hex $((RAM_END + 0x200000))) overlaps\
 the memory of a device (iomem=), $(hex "$RAM_END")-$(hex $((RAM_END + 0x2000)));\
 $(hex $((RAM_END + 0x200000)))-$(hex $((RAM_END + 0x400000))) is free" \
        "\"$(hex "$RAM_END")+2M = ID3\"" \
        "iomem = [ \"fed00,2@$(printf %x $((RAM_END / 4096)))\" ]"
    end_peer $((vm1 + 1))
}

# beyond ID GPA RANGE-END... : GPA is the first address that is too high.
beyond()
{
    libxl_refuses "$1" "cannot be mapped at $2: that is beyond the guest's\
 physical address width$(is_free "$4")" "$3"
}

# Only Xen can tell: there is a domain by then.
case_beyond_what_the_guest_can_address() # limit 120
{
    local below=0xfffffff000 limit=0x10000000000 # 40 bits, as the host's CPU

    if [ "$ARCH" = arm64 ]; then
        below=0xffffffff000 limit=0x100000000000 # 44 bits
    fi
    start_peer
    beyond ID2 0x8000000000000 \
        "\"$FREE+64K = ID1\", \"0x8000000000000+8K = ID2\"" 0-0x2000
    beyond ID1 0xfffffffff0000 '"0xfffffffff0000+64K = ID1"' 0-0x10000
    beyond ID2 $limit "\"$below+8K = ID2\"" 0-0x2000
    share vm8 "\"$below+4K = ID8\""
    destroy vm8
    end_peer $((vm1 + 5))
}
