# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # create sets vm1; busybox: local
# The rules of XENMAPSPACE_gmfn_share, as its public header has them, one by one,
# with Xen's assertions on. They are the same under each security module.

. /overlay/pair.sh

# No address here is in the RAM of a small guest but $FREE_RAM.
OWNER=0x80000000    # where vm1 has the region
BORROWER=0x90000000 # where vm2 has it
HOLE=0xa0000000     # where nobody has anything

SPACE_SHARED_INFO=0
SPACE_GRANT_TABLE=1

case_a_page_in_use_is_never_replaced() # limit 180
{
    local special=$((HOLE + 0x100000))

    start_pair
    must guest vm2 fill "$FREE_RAM" 4K 5
    must sharectl add "$vm2" $SPACE_SHARED_INFO 0 "$(gfn $special)" >/dev/null

    xen_share "page 0 EEXIST" "$vm2" "$vm1" $OWNER "$FREE_RAM"
    xen_share "page 0 EEXIST" "$vm2" "$vm1" $((OWNER + 0x1000)) $BORROWER
    xen_share "page 0 EEXIST" "$vm2" "$vm1" $OWNER $BORROWER
    xen_share "page 0 EEXIST" "$vm2" "$vm1" $OWNER $special
    xen_share "page 0 EEXIST" "$vm2" "$vm1" $HOLE "$FREE_RAM"

    must guest vm2 check "$FREE_RAM" 4K 5
    must guest vm2 check $BORROWER 256K 1
    must guest vm1 check $OWNER 256K 1
    destroy vm1 vm2
}

case_pages_of_a_call_succeed_or_fail_on_their_own() # limit 180
{
    start_pair
    xen_share "page 0 ok" "$vm2" "$vm1" $OWNER $((HOLE + 0x1000))
    # The region ends with the fourth of these pages.
    xen_share "page 0 ok, page 1 EEXIST, pages 2-3 ok, pages 4-5 EINVAL" \
        "$vm2" "$vm1" $((OWNER + 0x3c000)) $HOLE 6
    must guest vm2 check $HOLE 4K 1 0x3c000
    must guest vm2 check $((HOLE + 0x1000)) 4K 1
    must guest vm2 check $((HOLE + 0x2000)) 8K 1 0x3e000
    must_be_free "$vm2" $((HOLE + 0x4000))
    destroy vm1 vm2
}

case_only_memory_that_may_be_shared_is_a_source() # limit 180
{
    local special=$((HOLE + 0x100000)) grants=$((HOLE + 0x200000))

    start_pair
    must sharectl add "$vm1" $SPACE_SHARED_INFO 0 "$(gfn $special)" >/dev/null
    must sharectl add "$vm1" $SPACE_GRANT_TABLE 0 "$(gfn $grants)" >/dev/null

    xen_share "page 0 EINVAL" "$vm2" "$vm1" $HOLE $HOLE
    xen_share "page 0 EINVAL" "$vm2" "$vm1" 0xfffffffffffff000 $HOLE
    xen_share "page 0 EINVAL" "$vm2" "$vm1" $special $HOLE
    xen_share "page 0 EINVAL" "$vm2" "$vm1" $grants $HOLE
    xen_share "page 0 EINVAL" "$vm2" "$vm2" "$FREE_RAM" $HOLE
    xen_share "page 0 EINVAL" "$vm2" "$vm2" $BORROWER $HOLE

    # A page comes home by way of the domain that borrows it.
    answer "hypercall-remove: rc 0, extent 0" \
        guest vm1 hypercall-remove "$(gfn $OWNER)"
    xen_share "page 0 EINVAL" "$vm1" "$vm2" $BORROWER $OWNER
    xen_share "page 0 EINVAL" "$vm1" "$vm2" $((BORROWER + 0x1000)) $HOLE
    must_be_free "$vm1" $OWNER

    must_be_free "$vm1" $HOLE
    must_be_free "$vm2" $HOLE
    must guest vm2 check $BORROWER 256K 1
    destroy vm1 vm2
}

case_no_page_is_mapped_beyond_the_address_width() # limit 180
{
    local gfn

    start_pair
    for gfn in $((1 << 40)) $((1 << 52)) 0x7fffffffffffffff \
        0xfffffffffffffffe; do
        answer "share: page 0 ERANGE" \
            sharectl share "$vm2" "$vm1" "$(gfn $OWNER)" "$gfn"
    done
    # This number stands for "no frame" in any call.
    answer "share: call EINVAL" \
        sharectl share "$vm2" "$vm1" "$(gfn $OWNER)" 0xffffffffffffffff
    must guest vm2 check $BORROWER 256K 1
    destroy vm1 vm2
}

case_one_call_can_have_many_pages() # limit 180
{
    local page

    share vm1 "\"$OWNER+240000K = ID1\""
    config vm2 'shadow_memory = 8'
    create vm2
    for page in 0 1 30001 59999; do
        must guest vm1 fill $((OWNER + page * 4096)) 4K $page
    done

    xen_share "pages 0-59999 ok" "$vm2" "$vm1" $OWNER $BORROWER 60000
    for page in 0 1 30001 59999; do
        must guest vm2 check $((BORROWER + page * 4096)) 4K $page
    done
    xen_share "pages 0-59999 EEXIST" "$vm2" "$vm1" $OWNER $BORROWER 60000
    must_be_free "$vm2" $((BORROWER + 60000 * 4096))
    destroy vm1 vm2
}

case_the_last_removal_frees_a_page() # limit 180
{
    local page free

    share vm1 "\"$OWNER+16K = ID1\""
    share vm2 "\"$BORROWER+16K = ID1\""
    must guest vm1 fill $OWNER 16K 1
    destroy vm1
    # On Arm dom0 may need a page more or less to map what it talks to a guest by.
    must guest vm2 ping
    free=$(freepages)
    for page in 0 1 2; do
        answer "hypercall-remove: rc 0, extent 0" \
            guest vm2 hypercall-remove "$(gfn $((BORROWER + page * 4096)))"
        free=$((free + 1))
        freepages $free 0 5 >/dev/null ||
            fail "pages free: $(freepages), not $free, after page $page"
    done
    must guest vm2 check $((BORROWER + 0x3000)) 4K 1 0x3000
    # The last one takes the domain along that was its owner.
    must sharectl remove "$vm2" "$(gfn $((BORROWER + 0x3000)))" >/dev/null
    [ "$(freepages)" -gt "$free" ] || fail "the last page is not free"
    destroy vm2
}
