# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets vm1; busybox: local
# HVM guests. Their memory is made by libxl and libxc as for any of them, and
# used by a vCPU in HVM mode; in place of hvmloader they have the agent, and in
# place of QEMU a device model that says it is there and does nothing.

needs_hvm() { [ "$ARCH" = x86_64 ] || skip "Arm has no HVM guests"; }

# hvm NAME ENTRIES: the guest has 31 MiB of RAM, from 1 MiB on.
hvm()
{
    cat >device-model <<'LINES'
#!/bin/sh
while [ "$1" != -d ]; do
    shift
done
xenstore-write "/local/domain/0/device-model/$2/state" running
exec sleep 1000
LINES
    chmod +x device-model
    config "$1" 'type = "hvm"' 'memory = 36' 'videoram = 4' \
        'firmware_override = "/guests/agent"' \
        'device_model_version = "qemu-xen-traditional"' \
        "device_model_override = \"$PWD/device-model\"" \
        'vga = "none"' 'usb = 0' "static_shared_mem = [ $2 ]"
    sed -i '/^kernel/d' "$1.cfg"
    create "$1"
}

case_an_HVM_guest_as_the_owner() # limit 180
{
    needs_hvm
    hvm vm1 '"0x800000+2M = inside", "0x60000000+64K = outside"'
    share vm2 '"0x80000000+2M = inside", "0x90000000+64K = outside"'
    talk vm1 0x800000 vm2 0x80000000 2M
    talk vm1 0x60000000 vm2 0x90000000 64K
    fill_neighbours vm1 0x7ff000 0xa00000
    must guest vm2 check 0x80000000 2M 52
    assert_equal "vm1's memory map" \
        "$(guest vm1 memory-map | grep -E '(ram|reserved)$')" \
        '0x100000-0x800000 ram
0x800000-0xa00000 reserved
0xa00000-0x2000000 ram
0x60000000-0x60010000 reserved'
    destroy vm1 vm2
}

case_an_HVM_guest_as_a_borrower_and_a_reader() # limit 180
{
    needs_hvm
    share vm1 '"0x80000000+2M = inside", "0x90000000+64K = outside"'
    hvm vm2 '"0x9ff000+2M = inside", "0x1fff000+4K = outside, offset=0x3000, prot=ro"'
    talk vm1 0x80000000 vm2 0x9ff000 2M
    fill_neighbours vm2 0x9fe000 0xbff000 0x1ffe000
    check_neighbours vm2 0x9fe000 0xbff000 0x1ffe000
    must guest vm1 fill 0x90000000 64K 61
    must guest vm2 check 0x1fff000 4K 61 0x3000
    guest vm2 write 0x1fff000 1 || [ $? = 2 ] || fail "no fault"
    must guest vm1 check 0x90000000 64K 61
    destroy vm1 vm2
}
