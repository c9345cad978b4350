# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # create sets vm1; busybox: local
# The rules of XENMEM_region_op, as its public header has them, one by one, with
# Xen's assertions on. They are the same under each security module; who may use it
# is in 80-xsm.sh.

. /overlay/pair.sh

# No address here is in the RAM of a small guest but $FREE_RAM.
OWNER=0x80000000    # where vm1 has the region
BORROWER=0x90000000 # where vm2 has it
HOLE=0xa0000000     # where nobody has anything
SPECIAL=0xa0100000  # where some case puts a page of Xen's

case_a_page_in_use_is_never_replaced() # limit 180
{
    local gpa

    start_pair
    must guest vm2 fill "$FREE_RAM" 16K 5
    must sharectl add "$vm2" "$SPACE_SHARED_INFO" 0 "$(gfn $SPECIAL)" >/dev/null

    xen_map_fails EEXIST "$vm2" "$vm1" $OWNER "$FREE_RAM" 4
    xen_map_fails EEXIST "$vm2" "$vm1" $((OWNER + 0x1000)) $BORROWER
    xen_map_fails EEXIST "$vm2" "$vm1" $OWNER $BORROWER
    xen_map_fails EEXIST "$vm2" "$vm1" $OWNER $SPECIAL
    for gpa in $((FREE_RAM)) $BORROWER $SPECIAL; do
        answer "allocate: EEXIST at $(gfn "$gpa"), 1 left" \
            sharectl allocate "$vm2" "$(gfn "$gpa")" 1
        must_be_used "$vm2" "$gpa"
    done

    must guest vm2 check "$FREE_RAM" 16K 5
    must guest vm2 check $BORROWER 256K 1
    must guest vm1 check $OWNER 256K 1
    destroy vm1 vm2
}

case_a_call_ends_at_the_first_page_that_it_cannot_do() # limit 180
{
    local end=$((HOLE + 0x4000)) other=$((HOLE + 0x10000)) busy=$((HOLE + 0x12000))

    start_pair
    # The region ends with the fourth of these pages.
    xen_map "ENOENT at $(gfn $end), 2 left" \
        "$vm2" "$vm1" $((OWNER + 0x3c000)) $HOLE 6
    must guest vm2 check $HOLE 16K 1 0x3c000
    must_be_free "$vm2" $end

    # There is something in the place of the third.
    xen_map ok "$vm2" "$vm1" $OWNER $busy
    answer "probe: EEXIST at $(gfn $busy), 2 left" \
        sharectl probe "$vm2" "$(gfn $other)" 4
    xen_map "EEXIST at $(gfn $busy), 2 left" \
        "$vm2" "$vm1" $((OWNER + 0x3c000)) $other 4
    must guest vm2 check $other 8K 1 0x3c000
    must guest vm2 check $busy 4K 1
    must_be_free "$vm2" $((busy + 0x1000))
    destroy vm1 vm2
}

case_only_a_page_of_a_region_is_a_source() # limit 180
{
    local grants=$((HOLE + 0x200000))

    start_pair
    must sharectl add "$vm1" "$SPACE_SHARED_INFO" 0 "$(gfn $SPECIAL)" >/dev/null
    must sharectl add "$vm1" "$SPACE_GRANT_TABLE" 0 "$(gfn $grants)" >/dev/null

    xen_map_fails ENOENT "$vm2" "$vm1" $HOLE $HOLE
    xen_map_fails ENOENT "$vm2" "$vm1" "$FREE_RAM" $HOLE
    xen_map_fails ENOENT "$vm2" "$vm1" $SPECIAL $HOLE
    xen_map_fails ENOENT "$vm2" "$vm1" $grants $HOLE
    xen_map_fails ENOENT "$vm2" "$vm1" 0x7ffffffffffff000 $HOLE
    xen_map_fails ENOENT "$vm1" "$vm2" "$FREE_RAM" $HOLE
    # The place in use does not matter then.
    xen_map_fails ENOENT "$vm2" "$vm1" $HOLE "$FREE_RAM"

    # Not any more, when the guest has removed it.
    removes vm1 $OWNER
    xen_map_fails ENOENT "$vm2" "$vm1" $OWNER $HOLE
    xen_map ok "$vm1" "$vm2" $BORROWER $OWNER
    must guest vm1 check $OWNER 256K 1

    must_be_free "$vm1" $HOLE
    must_be_free "$vm2" $HOLE
    must guest vm2 check $BORROWER 256K 1
    destroy vm1 vm2
}

allocate_all()
{
    local left end begin=0x200000000

    config vm1 'shadow_memory = 16'
    create vm1
    ! sharectl allocate "$vm1" "$(gfn $begin)" 0x100000 >answer ||
        fail "there is too much memory"
    left=$(sed -n 's/^allocate: ENOSPC at 0x[0-9a-f]*, \([0-9]*\) left$/\1/p' answer)
    [ -n "$left" ] || fail "$(cat answer)"
    end=$((begin + ((0x100000 - left) << 12)))
    must guest vm1 zero $((end - 0x1000)) 4K
    must_be_free "$vm1" $end
    must sharectl unmap "$vm1" "$(gfn $begin)" 0x100000
    destroy vm1
}

case_Xen_has_no_memory_left() # limit 180
{
    must_lose_no_page allocate_all
}

case_no_page_is_mapped_beyond_the_address_width() # limit 180
{
    local gfn op

    start_pair
    for gfn in 0x10000000000 0x10000000000000 0x7fffffffffffffff \
        0xfffffffffffffffe; do
        answer "map: ERANGE at $gfn, 1 left" \
            sharectl map "$vm2" "$vm1" "$(gfn $OWNER)" $gfn 1
        for op in probe allocate unmap; do
            answer "$op: ERANGE at $gfn, 1 left" sharectl $op "$vm2" $gfn 1
        done
    done
    must guest vm2 check $BORROWER 256K 1
    destroy vm1 vm2
}

case_a_field_that_is_wrong() # limit 180
{
    local gfn last=0xffffffffffffffff # no range has it, nor goes on behind it

    gfn=$(gfn $HOLE)
    start_pair
    xen_map_fails EINVAL "$vm1" "$vm1" $OWNER $HOLE
    xen_map_fails EINVAL "$vm2" "$vm2" $BORROWER $BORROWER
    xen_map_fails EINVAL "$vm2" "$vm2" "$FREE_RAM" $HOLE
    xen_map_fails EINVAL "$vm2" "$vm1" $OWNER $HOLE 1 2
    xen_map_fails EINVAL "$vm2" "$vm1" $OWNER $HOLE 1 4
    answer "allocate: EINVAL at $gfn, 1 left" sharectl allocate "$vm2" "$gfn" 1 2

    answer "map: EINVAL at $last, 1 left" \
        sharectl map "$vm2" "$vm1" "$(gfn $OWNER)" $last 1
    answer "map: EINVAL at $gfn, 1 left" \
        sharectl map "$vm2" "$vm1" $last "$gfn" 1
    answer "probe: EINVAL at $gfn, 18446744073709551615 left" \
        sharectl probe "$vm2" "$gfn" $last
    must_be_free "$vm1" $HOLE
    must_be_free "$vm2" $HOLE
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

    must sharectl probe "$vm2" "$(gfn $BORROWER)" 60000
    xen_map ok "$vm2" "$vm1" $OWNER $BORROWER 60000
    for page in 0 1 30001 59999; do
        must guest vm2 check $((BORROWER + page * 4096)) 4K $page
    done
    xen_map_fails EEXIST "$vm2" "$vm1" $OWNER $BORROWER 60000
    must_be_free "$vm2" $((BORROWER + 60000 * 4096))

    must sharectl unmap "$vm2" "$(gfn $BORROWER)" 60000
    must sharectl probe "$vm2" "$(gfn $BORROWER)" 60000
    destroy vm1 vm2
}
