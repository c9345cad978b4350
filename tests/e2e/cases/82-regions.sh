# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # running sets vm1; busybox: local
# XENMEM_region_op: pages that are taken from a domain's RAM and belong to no
# domain then. They are mapped outside of the RAM of a small guest.

PLACE=0x80000000
PAGES=64
READONLY=1 CLEAR=2 # XENMEM_REGION_*

# From Xen's public headers.
VCPU_OP=24
VCPUOP_REGISTER_VCPU_INFO=10
DOMID_XEN=0x7ff2

# take NAME GPA [PAGES [FLAGS]]
take() { eval must sharectl take "\$$1" "$(gfn $(($2)))" "${3:-$PAGES}" "${4:-0}"; }

# pass NAME SOURCE-NAME SOURCE-GPA [FLAGS]: it has the region at $PLACE then.
pass()
{
    eval must sharectl map "\$$1" "\$$2" "$(gfn $(($3)))" "$(gfn $PLACE)" \
        $PAGES "${4:-0}"
}

no_domain_is_dying()
{
    assert_equal "domains without a name" "$(xl list | grep -c '(null)')" 0
}

# place_of NAME: where it has the region. vm1 is whom it was taken from.
place_of() { [ "$1" = vm1 ] && echo "$FREE_RAM" || echo $PLACE; }

# in_order NAME NAME NAME: three peers go in this order, each after it has written.
in_order()
{
    local name left seed=1

    running vm1
    running vm2
    running vm3
    must guest vm1 fill "$FREE_RAM" 256K 1
    take vm1 "$FREE_RAM"
    pass vm2 vm1 "$FREE_RAM"
    pass vm3 vm2 $PLACE
    must guest vm3 check $PLACE 256K 1
    for name; do
        seed=$((seed + 1))
        must guest "$name" fill "$(place_of "$name")" 256K $seed
        destroy "$name"
        no_domain_is_dying
        for left in vm1 vm2 vm3; do
            is_gone $left ||
                must guest $left check "$(place_of $left)" 256K $seed
        done
    done
}

case_peers_go_in_any_order() # limit 180
{
    local order

    for order in "vm1 vm2 vm3" "vm2 vm3 vm1" "vm3 vm1 vm2"; do
        # shellcheck disable=SC2086 # three words
        must_lose_no_page in_order $order
    done
}

case_a_page_that_is_taken_keeps_its_bytes_or_is_zero()
{
    local other=$((FREE_RAM + 0x40000))

    running vm1
    must guest vm1 fill "$FREE_RAM" 512K 3
    take vm1 "$FREE_RAM"
    take vm1 $other $PAGES $CLEAR
    must guest vm1 check "$FREE_RAM" 256K 3
    must guest vm1 zero $other 256K
    # What is beside it is not touched.
    must guest vm1 fill $((FREE_RAM - 0x1000)) 4K 4
    must guest vm1 fill $((FREE_RAM + 0x80000)) 4K 5
    must guest vm1 check "$FREE_RAM" 256K 3
    must guest vm1 check $((FREE_RAM - 0x1000)) 4K 4
    destroy vm1
}

case_the_first_peer_may_be_a_reader()
{
    running vm1
    running vm2
    running vm3
    must guest vm1 fill "$FREE_RAM" 256K 6
    take vm1 "$FREE_RAM" $PAGES $READONLY
    guest vm1 write "$FREE_RAM" 1 || [ $? = 2 ] || fail "no fault"
    pass vm2 vm1 "$FREE_RAM"
    pass vm3 vm1 "$FREE_RAM" $READONLY
    must guest vm2 fill $PLACE 256K 7
    guest vm3 write $PLACE 1 || [ $? = 2 ] || fail "no fault"
    must guest vm1 check "$FREE_RAM" 256K 7
    must guest vm3 check $PLACE 256K 7
    destroy vm1 vm2 vm3
}

case_what_is_there_stays_there()
{
    local busy=$((PLACE + 0x2000))

    running vm1
    running vm2
    must guest vm2 fill "$FREE_RAM" 16K 8
    take vm1 "$FREE_RAM"
    answer "probe: EEXIST at $(gfn "$FREE_RAM"), 4 left" \
        sharectl probe "$vm2" "$(gfn "$FREE_RAM")" 4
    answer "map: EEXIST at $(gfn "$FREE_RAM"), 4 left" \
        sharectl map "$vm2" "$vm1" "$(gfn "$FREE_RAM")" "$(gfn "$FREE_RAM")" 4
    must guest vm2 check "$FREE_RAM" 16K 8

    must sharectl map "$vm2" "$vm1" "$(gfn "$FREE_RAM")" "$(gfn $busy)" 1
    answer "probe: EEXIST at $(gfn $busy), 2 left" \
        sharectl probe "$vm2" "$(gfn $PLACE)" 4
    must guest vm1 fill "$FREE_RAM" 16K 9
    answer "map: EEXIST at $(gfn $busy), 2 left" \
        sharectl map "$vm2" "$vm1" "$(gfn "$FREE_RAM")" "$(gfn $PLACE)" 4
    must guest vm2 check $PLACE 8K 9
    must guest vm2 check $busy 4K 9
    must_be_free "$vm2" $((busy + 0x1000))
    destroy vm1 vm2
}

case_only_what_belongs_to_regions_is_unmapped()
{
    running vm1
    running vm2
    must guest vm1 fill $((FREE_RAM - 0x1000)) 4K 10
    must guest vm1 fill $((FREE_RAM + 0x40000)) 4K 11
    take vm1 "$FREE_RAM"
    pass vm2 vm1 "$FREE_RAM"
    must guest vm2 fill $PLACE 256K 12
    must sharectl unmap "$vm1" "$(gfn $((FREE_RAM - 0x1000)))" $((PAGES + 2))
    must sharectl probe "$vm1" "$(gfn "$FREE_RAM")" $PAGES
    must guest vm1 check $((FREE_RAM - 0x1000)) 4K 10
    must guest vm1 check $((FREE_RAM + 0x40000)) 4K 11
    must guest vm2 check $PLACE 256K 12
    # It comes back to where it was.
    must sharectl map "$vm1" "$vm2" "$(gfn $PLACE)" "$(gfn "$FREE_RAM")" $PAGES
    must guest vm1 check "$FREE_RAM" 256K 12
    destroy vm2 vm1
}

case_a_page_goes_back_to_Xen_with_its_last_mapping()
{
    local free

    running vm1
    running vm2
    take vm1 "$FREE_RAM"
    pass vm2 vm1 "$FREE_RAM"
    must guest vm2 ping
    free=$(freepages)
    must sharectl unmap "$vm1" "$(gfn "$FREE_RAM")" $PAGES
    assert_equal "free pages" "$(freepages)" "$free"
    answer "hypercall-remove: rc 0, extent 0" \
        guest vm2 hypercall-remove "$(gfn $PLACE)"
    must freepages $((free + 1)) 0 5
    must sharectl unmap "$vm2" "$(gfn $PLACE)" $PAGES
    must freepages $((free + PAGES)) 0 5
    destroy vm1 vm2
}

case_what_cannot_be_taken_or_mapped()
{
    local gfn far=0x10000000000

    gfn=$(gfn "$FREE_RAM")
    running vm1
    running vm2
    answer "take: ENOENT at $(gfn $PLACE), 2 left" \
        sharectl take "$vm1" "$(gfn $PLACE)" 2
    answer "map: ENOENT at $(gfn $PLACE), 2 left" \
        sharectl map "$vm2" "$vm1" "$gfn" "$(gfn $PLACE)" 2
    take vm1 "$FREE_RAM" 2
    answer "take: ENOENT at $gfn, 2 left" sharectl take "$vm1" "$gfn" 2
    answer "map: ERANGE at $far, 1 left" \
        sharectl map "$vm2" "$vm1" "$gfn" $far 1
    answer "take: ERANGE at $far, 1 left" sharectl take "$vm2" $far 1
    answer "unmap: ERANGE at $far, 1 left" sharectl unmap "$vm2" $far 1
    answer "probe: ERANGE at $far, 1 left" sharectl probe "$vm2" $far 1
    answer "map: EINVAL at $(gfn $PLACE), 1 left" \
        sharectl map "$vm1" "$vm1" "$gfn" "$(gfn $PLACE)" 1
    answer "map: ESRCH at $(gfn $PLACE), 1 left" \
        sharectl map "$vm2" $DOMID_XEN "$gfn" "$(gfn $PLACE)" 1
    answer "map: EPERM at $(gfn $PLACE), 1 left" \
        sharectl map 0 "$vm1" "$gfn" "$(gfn $PLACE)" 1
    answer "take: EINVAL at $gfn, 1 left" sharectl take "$vm2" "$gfn" 1 4
    answer "map: EINVAL at $(gfn $PLACE), 1 left" \
        sharectl map "$vm2" "$vm1" "$gfn" "$(gfn $PLACE)" 1 $CLEAR

    # Xen writes to vm2's page for as long as it lives.
    must guest vm2 write $((FREE_RAM + 0x2000)) "$gfn"
    must guest vm2 write $((FREE_RAM + 0x2008)) 0
    answer "hypercall: rc 0" guest vm2 hypercall $VCPU_OP \
        $VCPUOP_REGISTER_VCPU_INFO 0 $((FREE_RAM + 0x2000))
    answer "take: EBUSY at $gfn, 1 left" sharectl take "$vm2" "$gfn" 1
    must guest vm2 write $((FREE_RAM + 0x800)) 1
    destroy vm1 vm2
}
