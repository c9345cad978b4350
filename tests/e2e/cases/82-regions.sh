# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # running sets vm1; busybox: local
# Pages of regions, which belong to no domain: whose they are not, what becomes of
# them, and what guests and Xen can do with them. Here it is sharectl that allocates
# and maps them, not xl.

. /overlay/pair.sh

# vm1 has them at FIRST, and others at PLACE, outside of the RAM of a small guest.
# What guests ask Xen for is in their RAM at $FREE_RAM.
FIRST=0x60000000
PLACE=0x80000000
HOLE=0xa0000000 # where nobody has anything
PAGES=64

# allocate NAME GPA [PAGES [FLAGS]]
allocate()
{
    eval must sharectl allocate "\$$1" "$(gfn $(($2)))" "${3:-$PAGES}" "${4:-0}"
}

# pass NAME SOURCE-NAME SOURCE-GPA [FLAGS]: it has the region at $PLACE then.
pass()
{
    eval must sharectl map "\$$1" "\$$2" "$(gfn $(($3)))" "$(gfn $PLACE)" \
        $PAGES "${4:-0}"
}

# place_of NAME: where it has the region.
place_of() { [ "$1" = vm1 ] && echo $FIRST || echo $PLACE; }

# one_page: vm1 and vm2 have one, which holds pattern 2.
one_page()
{
    running vm1
    running vm2
    allocate vm1 $FIRST 1
    must guest vm1 fill $FIRST 4K 2
    xen_map ok "$vm2" "$vm1" $FIRST $PLACE
}

# ---- whose they are -----------------------------------------------------------

# in_order NAME NAME NAME: three peers go in this order, each after it has written.
in_order()
{
    local name left seed=1

    running vm1
    running vm2
    running vm3
    allocate vm1 $FIRST
    must guest vm1 fill $FIRST 256K 1
    pass vm2 vm1 $FIRST
    pass vm3 vm2 $PLACE
    must guest vm3 check $PLACE 256K 1
    for name; do
        seed=$((seed + 1))
        must guest "$name" fill "$(place_of "$name")" 256K $seed
        destroy "$name"
        wait_for 5 no_domain_is_dying || fail "a domain stays: $(xl list)"
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

# Xen gets to see what a domain that died has left there, before it scrubs it.
case_new_pages_are_zeros_and_nothing_else_changes()
{
    running vm1
    running vm2
    must guest vm2 fill "$FREE_RAM" 4M 3
    destroy vm2
    allocate vm1 $FIRST 1024
    must guest vm1 zero $FIRST 4M
    must_be_free "$vm1" $((FIRST - 0x1000))
    must_be_free "$vm1" $((FIRST + 0x400000))
    destroy vm1
}

# The page has the place of one of vm1's, with RAM on both sides.
case_only_what_belongs_to_regions_is_unmapped()
{
    local between=$((FREE_RAM + 0x41000))

    running vm1
    running vm2
    must guest vm1 fill $((between - 0x1000)) 4K 10
    must guest vm1 fill $((between + 0x1000)) 4K 11
    answer "hypercall: rc 1" balloon vm1 $between
    allocate vm1 $between 1
    xen_map ok "$vm2" "$vm1" $between $PLACE
    must guest vm2 fill $PLACE 4K 12
    must sharectl unmap "$vm1" "$(gfn $((between - 0x1000)))" 3
    must_be_free "$vm1" $between
    must guest vm1 check $((between - 0x1000)) 4K 10
    must guest vm1 check $((between + 0x1000)) 4K 11
    must guest vm2 check $PLACE 4K 12
    # It comes back to where it was.
    xen_map ok "$vm1" "$vm2" $PLACE $between
    must guest vm1 check $between 4K 12
    destroy vm2 vm1
}

case_a_page_goes_back_to_Xen_with_its_last_mapping()
{
    local free

    running vm1
    running vm2
    allocate vm1 $FIRST
    must guest vm1 fill $FIRST 256K 13
    pass vm2 vm1 $FIRST
    # On Arm dom0 may need a page more or less to map what it talks to a guest by.
    must guest vm2 ping
    free=$(freepages)
    must sharectl unmap "$vm1" "$(gfn $FIRST)" $PAGES
    assert_equal "free pages" "$(freepages)" "$free"
    removes vm2 $PLACE
    must freepages $((free + 1)) 0 5
    must sharectl remove "$vm2" "$(gfn $((PLACE + 0x1000)))"
    must freepages $((free + 2)) 0 5
    must guest vm2 check $((PLACE + 0x2000)) 248K 13 0x2000
    must sharectl unmap "$vm2" "$(gfn $PLACE)" $PAGES
    must freepages $((free + PAGES)) 0 5
    destroy vm1 vm2
}

# ---- entries of 2 MiB -----------------------------------------------------------

# pieces NAME GPA: of the 4 MiB with pattern 3 that NAME has at GPA, all but the
# fifth page and three pages behind the middle.
pieces()
{
    must guest "$1" check $(($2)) 16K 3
    must guest "$1" check $(($2 + 0x5000)) $((0x1fb000)) 3 0x5000
    must guest "$1" check $(($2 + 0x203000)) $((0x1fd000)) 3 0x203000
}

# vm1 and vm2 have them in such entries, of which parts go; vm3, whose addresses are
# not aligned alike, in small ones.
large_entries()
{
    local odd=$((PLACE + 0x1000)) pages=1024

    running vm1
    running vm2
    running vm3
    allocate vm1 $FIRST $pages
    must guest vm1 fill $FIRST 4M 3
    xen_map ok "$vm2" "$vm1" $FIRST $PLACE $pages
    xen_map ok "$vm3" "$vm2" $PLACE $odd $pages
    must guest vm2 check $PLACE 4M 3
    must guest vm3 check $odd 4M 3

    removes vm2 $((PLACE + 0x4000))
    must sharectl unmap "$vm2" "$(gfn $((PLACE + 0x200000)))" 3
    must_be_free "$vm2" $((PLACE + 0x4000))
    must_be_free "$vm2" $((PLACE + 0x202000))
    pieces vm2 $PLACE
    must guest vm1 check $FIRST 4M 3
    must guest vm3 check $odd 4M 3

    # A place in use is told as exactly as with small ones.
    answer "map: EEXIST at $(gfn $PLACE), $pages left" \
        sharectl map "$vm2" "$vm1" "$(gfn $FIRST)" "$(gfn $PLACE)" $pages
    must sharectl unmap "$vm2" "$(gfn $PLACE)" 4
    answer "map: EEXIST at $(gfn $((PLACE + 0x5000))), $((pages - 5)) left" \
        sharectl map "$vm2" "$vm1" "$(gfn $FIRST)" "$(gfn $PLACE)" $pages
    must guest vm2 check $PLACE 20K 3

    # All of it anew, from who has it in small ones.
    must sharectl unmap "$vm2" "$(gfn $PLACE)" $pages
    must sharectl probe "$vm2" "$(gfn $PLACE)" $pages
    must sharectl unmap "$vm1" "$(gfn $FIRST)" $((pages / 2 + 1))
    xen_map ok "$vm2" "$vm3" $odd $PLACE $pages
    destroy vm3
    must guest vm2 check $PLACE 4M 3
    must guest vm1 check $((FIRST + 0x201000)) $((0x1ff000)) 3 0x201000
    destroy vm1
    must guest vm2 check $PLACE 4M 3
    destroy vm2
}

# There is no table to split the entry with: it has all its references still.
case_an_entry_that_cannot_be_split_stays()
{
    local free

    running vm1
    allocate vm1 $FIRST 512
    must guest vm1 fill $FIRST 2M 3
    must sharectl shrink "$vm1"
    free=$(freepages)
    for _ in 1 2 3; do
        answer "hypercall-remove: rc $ENOMEM" \
            guest vm1 hypercall-remove "$(gfn $FIRST)"
        answer "remove: ENOMEM" sharectl remove "$vm1" "$(gfn $((FIRST + 0x5000)))"
    done
    assert_equal "free pages" "$(freepages)" "$free"
    must guest vm1 check $FIRST 2M 3
    must sharectl unmap "$vm1" "$(gfn $FIRST)" 512
    must freepages $((free + 512)) 0 5
    destroy vm1
}

case_large_entries_are_split_and_dropped_to_the_page() # limit 180
{
    must_lose_no_page large_entries
}

case_new_pages_end_below_what_is_in_the_way()
{
    local in_the_way=$((FIRST + 0x201000))

    running vm1
    allocate vm1 $in_the_way 1
    must guest vm1 fill $in_the_way 4K 4
    answer "allocate: EEXIST at $(gfn $in_the_way), 511 left" \
        sharectl allocate "$vm1" "$(gfn $FIRST)" 1024
    answer "allocate: EEXIST at $(gfn $((FREE_RAM))), 1 left" \
        sharectl allocate "$vm1" "$(gfn "$FREE_RAM")" 1
    must guest vm1 zero $FIRST $((0x201000))
    must_be_free "$vm1" $((in_the_way + 0x1000))
    allocate vm1 $((in_the_way + 0x1000)) 510
    must guest vm1 fill $FIRST $((0x201000)) 5
    must guest vm1 check $in_the_way 4K 4
    destroy vm1
}

# ---- what can be done with them -----------------------------------------------

case_the_first_peer_may_be_a_reader()
{
    running vm1
    running vm2
    running vm3
    allocate vm1 $FIRST $PAGES "$READONLY"
    faults data vm1 write $FIRST 1
    must guest vm1 zero $FIRST 256K
    pass vm2 vm1 $FIRST
    pass vm3 vm1 $FIRST "$READONLY"
    must guest vm2 fill $PLACE 256K 7
    faults data vm1 write $FIRST 1
    faults data vm3 write $PLACE 1
    must guest vm1 check $FIRST 256K 7
    must guest vm3 check $PLACE 256K 7
    destroy vm1 vm2 vm3
}

case_what_Xen_keeps_writing_is_not_a_page_of_a_region()
{
    local free

    one_page
    xen_does_not_keep vm1 $FIRST "$EACCES"
    xen_does_not_keep vm2 $PLACE "$EACCES"
    must guest vm1 check $FIRST 4K 2
    must guest vm2 ping
    free=$(freepages)
    must sharectl unmap "$vm1" "$(gfn $FIRST)" 1
    must sharectl unmap "$vm2" "$(gfn $PLACE)" 1
    must freepages $((free + 1)) 0 5
    destroy vm1 vm2
}

# add_to_physmap NAME RESULT SPACE INDEX GPA: for the guest itself.
add_to_physmap()
{
    in_ram "$1" $((DOMID_SELF | $3 << 32)) "$4" "$(gfn "$5")"
    hypercall "$1" "$2" "$MEMORY_OP" "$XENMEM_ADD_TO_PHYSMAP" "$FREE_RAM"
}

# no_grant_map NAME GPA TO: the guest grants the page to the guest TO, which cannot
# map it. The operation's own status is -9, GNTST_bad_page.
no_grant_map()
{
    local from to reference=8 permit_access=1 host_map=2

    eval "from=\$$1 to=\$$3"
    must sharectl add "$from" "$SPACE_GRANT_TABLE" 0 "$(gfn $HOLE)" >/dev/null
    must guest "$1" write $((HOLE + reference * 8)) \
        $((permit_access | to << 16 | $(gfn "$2") << 32)) >/dev/null
    in_ram "$3" $((HOLE + 0x1000)) $((host_map | reference << 32)) "$from"
    hypercall "$3" 0 "$GRANT_TABLE_OP" "$GNTTABOP_MAP_GRANT_REF" "$FREE_RAM" 1
    answer "read $(hex $((FREE_RAM + 16))): $(hex $((0xfff7 << 16 | from)))" \
        guest "$3" read $((FREE_RAM + 16))
    must_be_free "$to" $((HOLE + 0x1000))
}

# must_keep NAME GPA PEER: all that a guest can do with its own RAM, and not with the
# page that it has there.
must_keep()
{
    local name="$1" gpa="$2" ram=$((FREE_RAM + 0x1000))

    answer "hypercall: rc 0" balloon "$name" "$gpa"
    no_grant_copy "$name" "$gpa" $ram
    no_grant_copy "$name" $ram "$gpa"
    no_grant_map "$name" "$gpa" "$3"

    [ "$ARCH" = x86_64 ] || return 0
    add_to_physmap "$name" "$EACCES" "$SPACE_GMFN" "$(gfn "$gpa")" $((HOLE + 0x1000))
    add_to_physmap "$name" "$ENXIO" "$SPACE_GMFN" "$(gfn $ram)" "$gpa"
    add_to_physmap "$name" "$ENXIO" "$SPACE_SHARED_INFO" 0 "$gpa"
}

give_nothing_away()
{
    one_page
    must_keep vm1 $FIRST vm2
    must_keep vm2 $PLACE vm1
    must guest vm1 check $FIRST 4K 2
    must guest vm2 fill $PLACE 4K 15
    must guest vm1 check $FIRST 4K 15
    destroy vm1 vm2
}

case_a_guest_cannot_give_a_page_away() # limit 180
{
    must_lose_no_page give_nothing_away
}

# crashes NAME GPA: it asks for RAM there. x86 does not replace such a page.
crashes()
{
    local domid

    eval "domid=\$$1"
    answer "guestctl: domain $domid: the domain has shut down" \
        change_page "$1" "$XENMEM_POPULATE_PHYSMAP" "$2"
    must_be_used "$domid" "$2"
}

# Arm has RAM of the guest's own there then, and the page goes with the last mapping.
both_replace_it()
{
    local free

    must guest vm1 ping
    must guest vm2 ping
    free=$(freepages)
    answer "hypercall: rc 1" change_page vm2 "$XENMEM_POPULATE_PHYSMAP" $PLACE
    must guest vm2 fill $PLACE 4K 16
    must guest vm1 check $FIRST 4K 2
    must freepages $((free - 1)) 0 5
    xen_map_fails ENOENT "$vm1" "$vm2" $PLACE $HOLE
    answer "hypercall: rc 1" change_page vm1 "$XENMEM_POPULATE_PHYSMAP" $FIRST
    must guest vm1 fill $FIRST 4K 17
    must guest vm2 check $PLACE 4K 16
    must freepages $((free - 1)) 0 5 # one more is RAM, and the region's is free
}

populate_over_a_page()
{
    one_page
    # There may be a page more then.
    answer "hypercall: rc 1" balloon vm1 $((FREE_RAM + 0x8000))
    answer "hypercall: rc 1" balloon vm2 $((FREE_RAM + 0x8000))
    case $ARCH in
    x86_64)
        crashes vm2 $PLACE
        must guest vm1 check $FIRST 4K 2
        crashes vm1 $FIRST ;;
    arm64)
        both_replace_it ;;
    esac
    destroy vm1 vm2
}

case_a_guest_that_puts_RAM_over_a_page_harms_nobody_else() # limit 180
{
    must_lose_no_page populate_over_a_page
}
