# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # create sets vm1; busybox: local
# The hypervisor's part, XENMEM_region_op, under each security module and with
# Xen's assertions on: who may use it. What does not depend on the module is in
# 81-sharing-rules.sh.

. /overlay/pair.sh

# No address here is in the RAM of a small guest but $FREE_RAM.
OWNER=0x80000000    # where vm1 has the region
BORROWER=0x90000000 # where vm2 has it
HOLE=0xa0000000     # where nobody has anything

# What Xen answers where it is for the security module to refuse.
if [ "${BOOT#*-}" = flask ]; then
    DENIED=EACCES
    DENIED_NUMBER=$EACCES
else
    DENIED=EPERM
    DENIED_NUMBER=$EPERM
fi

case_a_region_outlives_its_owner() # limit 180
{
    start_pair
    must guest vm2 check $BORROWER 256K 1
    must guest vm2 fill $BORROWER 256K 2
    must guest vm1 check $OWNER 256K 2
    destroy vm1

    share vm3 "\"$HOLE+256K = ID1\""
    must guest vm3 check $HOLE 256K 2
    must guest vm3 fill $HOLE 256K 3
    must guest vm2 check $BORROWER 256K 3
    destroy vm2

    share vm4 "\"$OWNER+256K = ID1\""
    must guest vm4 check $OWNER 256K 3
    destroy vm3 vm4
}

# guest_region NUMBER OP DOMID SOURCE [FLAGS]: a call of vm2's, for the page $HOLE
# and the source's $OWNER.
guest_region()
{
    local source_gfn=0

    [ "$4" = 0 ] || source_gfn=$(gfn $OWNER)
    in_ram vm2 $(($2 | ${5:-0} << 8 | $3 << 16 | $4 << 32)) "$(gfn $HOLE)" \
        "$source_gfn" 1
    hypercall vm2 "$1" "$MEMORY_OP" "$XENMEM_REGION_OP" "$FREE_RAM"
}

case_a_guest_has_no_call_for_regions() # limit 180
{
    local op

    start_pair
    config vm3
    create vm3
    for op in 0 1 3; do # probe, allocate, unmap
        guest_region "$DENIED_NUMBER" $op "$vm1" 0
        guest_region "$DENIED_NUMBER" $op 0 0
        guest_region "$EPERM" $op "$vm2" 0
        guest_region "$ESRCH" $op "$DOMID_SELF" 0
    done

    # What it has itself, for others.
    guest_region "$EPERM" 2 "$vm1" "$vm2"
    guest_region "$EPERM" 2 0 "$vm2"
    # What others have, for itself or for them.
    guest_region "$EPERM" 2 "$vm2" "$vm1"
    guest_region "$EPERM" 2 "$vm2" "$vm1" "$READONLY"
    guest_region "$EPERM" 2 "$vm2" 0
    guest_region "$DENIED_NUMBER" 2 "$vm3" "$vm1"
    guest_region "$DENIED_NUMBER" 2 "$vm3" "$vm1" "$READONLY"
    guest_region "$DENIED_NUMBER" 2 "$vm1" "$vm1"
    guest_region "$DENIED_NUMBER" 2 0 "$vm1"
    # The operation knows no such name.
    guest_region "$ESRCH" 2 "$DOMID_SELF" "$vm1"
    guest_region "$ESRCH" 2 "$vm1" "$DOMID_SELF"

    must_be_free "$vm1" $HOLE
    must_be_free "$vm2" $HOLE
    must_be_free "$vm3" $HOLE
    must guest vm1 check $OWNER 256K 1
    must guest vm2 check $BORROWER 256K 1
    destroy vm1 vm2 vm3
}

case_a_guest_may_remove_a_page_that_it_borrows() # limit 180
{
    local removed=$((BORROWER + 0x1000))

    start_pair
    removes vm2 $removed
    must_be_free "$vm2" $removed
    must_be_used "$vm2" $BORROWER
    must guest vm1 check $OWNER 256K 1
    must guest vm2 check $BORROWER 4K 1
    must guest vm2 check $((BORROWER + 0x2000)) 248K 1 0x2000

    # Its place is free for another page, and the page for another domain.
    xen_map ok "$vm2" "$vm1" $OWNER $removed
    must guest vm2 check $removed 4K 1
    share vm3 "\"$HOLE+256K = ID1\""
    must guest vm3 check $HOLE 256K 1
    destroy vm1 vm2 vm3
}

case_only_live_domains_but_the_caller_take_part() # limit 180
{
    local domid gfn

    gfn=$(gfn $HOLE)
    start_pair
    for domid in 0x7000 $DOMID_SELF $DOMID_XEN $DOMID_INVALID $DOMID_REGION; do
        xen_map_fails ESRCH "$vm2" "$domid" $OWNER $HOLE
        xen_map_fails ESRCH "$domid" "$vm1" $OWNER $HOLE
        answer "probe: ESRCH at $gfn, 1 left" sharectl probe "$domid" "$gfn" 1
    done
    xen_map_fails EPERM "$vm2" 0 $OWNER $HOLE
    xen_map_fails EPERM 0 "$vm1" $OWNER $HOLE
    answer "probe: EPERM at $gfn, 1 left" sharectl probe 0 "$gfn" 1
    answer "allocate: EPERM at $gfn, 1 left" sharectl allocate 0 "$gfn" 1
    answer "unmap: EPERM at $gfn, 1 left" sharectl unmap 0 "$gfn" 1
    must_be_free "$vm2" $HOLE

    # It is gone at once, and what vm2 has is still there.
    destroy vm1
    xen_map_fails ESRCH "$vm2" "$vm1" $OWNER $HOLE
    xen_map_fails ESRCH "$vm1" "$vm2" $BORROWER $HOLE
    must_be_free "$vm2" $HOLE
    must guest vm2 check $BORROWER 256K 1
    destroy vm2
}

# ---- FLASK --------------------------------------------------------------------

ISOLATED='seclabel = "system_u:system_r:isolated_domU_t"'

# Skips the case where there is no policy; fails where it is not enforced.
need_flask()
{
    [ $DENIED = EACCES ] || skip "there is no policy without FLASK"
    assert_equal "FLASK's mode" "$(xl getenforce)" "Enforcing"
}

# load_policy NAME: Xen's own memory grows by a few pages with each load; the
# driver takes that off what has to be free. A load also empties FLASK's cache of
# decisions, which fills again: it is emptied before, so that it does not count.
load_policy()
{
    local before

    must xl setenforce 0
    must xl setenforce 1
    before=$(freepages)
    must flask-loadpolicy "/usr/lib/xenpolicy-$1"
    echo $((before - $(freepages))) >>/tmp/pages-of-xen
}

# refused_by_policy NAME GPA [LINE]...: NAME wants to borrow ID1 at GPA.
refused_by_policy()
{
    local name="$1" gpa="$2"

    shift 2
    config "$name" "static_shared_mem = [ \"$gpa+256K = ID1\" ]" "$@"
    expect_only "libxl: error: domain $name: static_shared_mem: region ID1:\
 cannot be mapped at $gpa: the hypervisor's security policy does not allow it" \
        xl create -q "$name.cfg"
    is_gone "$name" || fail "there is a domain $name"
}

case_policy_keeps_an_isolated_domain_from_borrowing() # limit 180
{
    need_flask
    share vm1 "\"$OWNER+256K = ID1\""
    must guest vm1 fill $OWNER 256K 1
    refused_by_policy vm2 $BORROWER "$ISOLATED"

    config vm3 "$ISOLATED"
    create vm3
    xen_map_fails $DENIED "$vm3" "$vm1" $OWNER $HOLE
    xen_map_fails $DENIED "$vm3" "$vm1" $OWNER $HOLE 1 "$READONLY"
    xen_map_fails $DENIED "$vm1" "$vm3" $OWNER $HOLE
    must_be_free "$vm3" $HOLE
    must_be_free "$vm1" $HOLE
    must guest vm1 check $OWNER 256K 1
    assert_record <<EOF
/local/shared_mem/ID1/owner = "$vm1"
/local/shared_mem/ID1/size = "0x40000"
/local/shared_mem/ID1/mappings/$vm1 = "$OWNER-0x80040000"
EOF
    destroy vm1 vm3
}

case_policy_keeps_the_memory_of_an_isolated_domain() # limit 180
{
    need_flask
    share vm1 "\"$OWNER+256K = ID1\"" "$ISOLATED"
    must guest vm1 fill $OWNER 256K 1
    refused_by_policy vm2 $BORROWER
    must guest vm1 check $OWNER 256K 1
    destroy vm1
}

# Wherever a page came from, it is the types of the two peers that count.
case_policy_looks_at_the_two_that_are_to_share() # limit 180
{
    need_flask
    load_policy isolated-shares
    share vm1 "\"$OWNER+256K = ID1\"" "$ISOLATED"
    share vm2 "\"$BORROWER+256K = ID1\""
    must guest vm1 fill $OWNER 256K 1
    load_policy default

    # They keep what they have; vm3 may have it of vm2 only.
    must guest vm2 check $BORROWER 256K 1
    config vm3
    create vm3
    xen_map_fails $DENIED "$vm3" "$vm1" $OWNER $HOLE
    must_be_free "$vm3" $HOLE
    xen_map ok "$vm3" "$vm2" $BORROWER $HOLE
    must guest vm3 check $HOLE 4K 1
    destroy vm3

    destroy vm1
    refused_by_policy vm4 $OWNER "$ISOLATED"
    share vm3 "\"$HOLE+256K = ID1\""
    must guest vm3 check $HOLE 256K 1
    destroy vm2 vm3
}
