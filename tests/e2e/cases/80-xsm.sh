# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # create sets vm1; busybox: local
# The hypervisor's part, XENMAPSPACE_gmfn_share, under each security module and
# with Xen's assertions on: who may use it. What does not depend on the module is
# in 81-sharing-rules.sh.

. /overlay/pair.sh

# No address here is in the RAM of a small guest but $FREE_RAM.
OWNER=0x80000000    # where vm1 has the region
BORROWER=0x90000000 # where vm2 has it
HOLE=0xa0000000     # where nobody has anything

# What Xen answers where it is for the security module to refuse.
if [ "${BOOT#*-}" = flask ]; then
    DENIED=EACCES
    DENIED_NUMBER=-13
else
    DENIED=EPERM
    DENIED_NUMBER=-1
fi

# Nothing can be mapped into an x86 dom0, whoever asks: it is a PV domain.
if [ "$ARCH" = x86_64 ]; then
    INTO_DOM0=EACCES
    INTO_DOM0_NUMBER=-13
else
    INTO_DOM0=EPERM
    INTO_DOM0_NUMBER=$DENIED_NUMBER
fi

case_a_region_outlives_its_owner() # limit 180
{
    start_pair
    must guest vm2 check $BORROWER 256K 1
    must guest vm2 fill $BORROWER 256K 2
    must guest vm1 check $OWNER 256K 2
    destroy vm1

    # Now the source is itself mapped by the same call.
    share vm3 "\"$HOLE+256K = ID1\""
    must guest vm3 check $HOLE 256K 2
    must guest vm3 fill $HOLE 256K 3
    must guest vm2 check $BORROWER 256K 3
    destroy vm2

    share vm4 "\"$OWNER+256K = ID1\""
    must guest vm4 check $OWNER 256K 3
    destroy vm3 vm4
}

# guest_share NUMBER TO FROM GPA: a call of vm2's, for what vm1 has or has not.
guest_share()
{
    answer "hypercall-share: rc $1, extent 0" \
        guest vm2 hypercall-share "$2" "$3" "$(gfn $OWNER)" "$(gfn "$4")"
}

case_a_guest_cannot_share_by_itself() # limit 180
{
    start_pair
    guest_share -1 self "$vm1" $HOLE
    guest_share -1 self self $HOLE
    guest_share -1 self 0 $HOLE
    guest_share -1 "$vm2" "$vm1" $HOLE
    guest_share -1 "$vm2" "$vm1" "$FREE_RAM"
    guest_share $DENIED_NUMBER "$vm1" self $HOLE
    guest_share $DENIED_NUMBER "$vm1" "$vm2" $HOLE
    guest_share $DENIED_NUMBER "$vm1" "$vm1" $HOLE
    guest_share $INTO_DOM0_NUMBER 0 self $HOLE

    must_be_free "$vm1" $HOLE
    must_be_free "$vm2" $HOLE
    must guest vm1 check $OWNER 256K 1
    must guest vm2 check $BORROWER 256K 1
    destroy vm1 vm2
}

MEMORY_OP=12
XENMEM_REGION_OP=29

# guest_region NUMBER OP DOMID SOURCE: a call of vm2's, for the page $HOLE and the
# source's $OWNER.
guest_region()
{
    local source_gfn=0

    [ "$4" = 0 ] || source_gfn=$(gfn $OWNER)
    in_ram $(($2 | $3 << 16 | $4 << 32)) "$(gfn $HOLE)" "$source_gfn" 1
    answer "hypercall: rc $1" \
        guest vm2 hypercall $MEMORY_OP $XENMEM_REGION_OP "$FREE_RAM"
}

case_a_guest_has_no_call_for_regions() # limit 180
{
    local op

    start_pair
    config vm3
    create vm3
    for op in 0 1 3; do # probe, take, unmap
        guest_region $DENIED_NUMBER $op "$vm1" 0
        guest_region $DENIED_NUMBER $op 0 0
        guest_region -1 $op "$vm2" 0
    done
    guest_region $DENIED_NUMBER 2 "$vm1" "$vm3"
    guest_region -1 2 "$vm1" "$vm2"
    guest_region -1 2 "$vm2" "$vm1"
    must_be_free "$vm1" $HOLE
    must guest vm1 check $OWNER 256K 1
    destroy vm1 vm2 vm3
}

case_a_guest_may_remove_a_page_that_it_borrows() # limit 180
{
    local removed=$((BORROWER + 0x1000))

    start_pair
    answer "hypercall-remove: rc 0, extent 0" \
        guest vm2 hypercall-remove "$(gfn $removed)"
    must_be_free "$vm2" $removed
    must_be_used "$vm2" $BORROWER
    must guest vm1 check $OWNER 256K 1
    must guest vm2 check $BORROWER 4K 1
    must guest vm2 check $((BORROWER + 0x2000)) 248K 1 0x2000

    # Its place is free for another page, and the page for another domain.
    xen_share "page 0 ok" "$vm2" "$vm1" $OWNER $removed
    must guest vm2 check $removed 4K 1
    share vm3 "\"$HOLE+256K = ID1\""
    must guest vm3 check $HOLE 256K 1
    destroy vm1 vm2 vm3
}

case_only_live_domains_but_the_caller_take_part() # limit 180
{
    start_pair
    xen_share "call ESRCH" "$vm2" 0x7000 $OWNER $HOLE
    xen_share "call ESRCH" 0x7000 "$vm1" $OWNER $HOLE
    xen_share "call ESRCH" "$vm2" 0x7ff4 $OWNER $HOLE # DOMID_INVALID
    xen_share "call EPERM" "$vm2" 0 $OWNER $HOLE
    xen_share "call $INTO_DOM0" 0 "$vm1" $OWNER $HOLE
    xen_share "call $INTO_DOM0" 0x7ff0 "$vm1" $OWNER $HOLE # DOMID_SELF
    must_be_free "$vm2" $HOLE

    # Its pages are still there, since vm2 has them.
    destroy vm1
    xen_share "call EINVAL" "$vm2" "$vm1" $OWNER $HOLE
    xen_share "page 0 EINVAL" "$vm1" "$vm2" $BORROWER $HOLE
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
    xen_share "call $DENIED" "$vm3" "$vm1" $OWNER $HOLE
    xen_share "call $DENIED" "$vm1" "$vm3" "$FREE_RAM" $HOLE
    answer "map: $DENIED at $(gfn $HOLE), 1 left" \
        sharectl map "$vm3" "$vm1" "$(gfn $OWNER)" "$(gfn $HOLE)" 1
    answer "map: $DENIED at $(gfn $HOLE), 1 left" \
        sharectl map "$vm1" "$vm3" "$(gfn $OWNER)" "$(gfn $HOLE)" 1
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

# Whoever passes a page on, it is the domain it belongs to that counts.
case_policy_follows_a_page_to_where_it_belongs() # limit 180
{
    need_flask
    load_policy isolated-shares
    share vm1 "\"$OWNER+256K = ID1\"" "$ISOLATED"
    share vm2 "\"$BORROWER+256K = ID1\""
    destroy vm1
    load_policy default
    refused_by_policy vm3 $HOLE
    must_be_used "$vm2" $BORROWER

    # Until then it is but the policy that stands in the way.
    load_policy isolated-shares
    share vm3 "\"$HOLE+256K = ID1\""
    load_policy default
    destroy vm2 vm3
}
