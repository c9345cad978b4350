# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2034,SC2154,SC3043 # vm1; busybox: local
# HVM guests, as lib.sh makes them.

needs_hvm() { [ "$ARCH" = x86_64 ] || skip "Arm has no HVM guests"; }

case_an_HVM_guest_as_the_owner() # limit 180
{
    needs_hvm
    hvm vm1 '"0x800000+2M = inside", "0x60000000+64K = outside"' \
        'shared_mem_factory = 0x1400000'
    share vm2 '"0x80000000+2M = inside", "0x90000000+64K = outside"'
    talk vm1 0x800000 vm2 0x80000000 2M
    talk vm1 0x60000000 vm2 0x90000000 64K
    fill_neighbours vm1 0x7ff000 0xa00000
    must guest vm2 check 0x80000000 2M 52
    assert_equal "the factory page's signature" "$(guest vm1 read 0x1400000)" \
        "read 0x1400000: 0x4d534732474e4558"
    assert_equal "vm1's memory map" \
        "$(guest vm1 memory-map | grep -E '(ram|reserved)$')" \
        '0x100000-0x800000 ram
0x800000-0xa00000 reserved
0xa00000-0x1400000 ram
0x1400000-0x1401000 reserved
0x1401000-0x2000000 ram
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

# A guest's kernel asks for it when it hands over to another (kexec). xl has no
# other use for the domain then.
case_a_soft_reset_is_refused() # limit 180
{
    needs_hvm
    watched hvm vm1 '"0x60000000+64K = ID1"' 'on_soft_reset = "soft-reset"'
    share vm2 '"0x80000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 53
    ends vm1 5
    wait_gone vm1
    normalise_messages </var/log/xen/xl-vm1.log >log
    assert_line log "libxl: error: Domain N:static_shared_mem: region ID1: a\
 domain that shares memory cannot be soft-reset"
    must guest vm2 check 0x80000000 64K 53
    destroy vm2
}

case_one_that_cannot_be_asked_to_shut_down_is_not_the_last()
{
    needs_hvm
    hvm vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    acknowledge vm2 &
    ! xl shutdown -a >output 2>&1 || fail "vm1 has no drivers for Xen"
    wait
    assert_line output "shutdown failed (rc=-10)"
    assert_equal "what vm2 is to do" "$(cat vm2.asked)" poweroff
    destroy vm1 vm2
}
