# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets vm1; busybox: local
# XENMAPSPACE_gmfn_share_ro: vm2 may read what vm1 shares, and nothing that it
# does, or asks Xen to do, writes there. No address here is in the RAM of a small
# guest but $FREE_RAM.

OWNER=0x80000000  # where vm1 has the region
READER=0x90000000 # where vm2 has it
HOLE=0xa0000000   # where nobody has anything

# From Xen's public headers.
SPACE_SHARED_INFO=0
SPACE_SHARE_RO=7
MEMORY_OP=12
XENMEM_DECREASE_RESERVATION=1
XENMEM_REMOVE_FROM_PHYSMAP=15
XEN_VERSION=17
XENVER_EXTRAVERSION=1
GRANT_TABLE_OP=20
GNTTABOP_COPY=5
VCPU_OP=24
VCPUOP_REGISTER_RUNSTATE_MEMORY_AREA=5
VCPUOP_REGISTER_VCPU_INFO=10
VCPUOP_REGISTER_VCPU_TIME_MEMORY_AREA=13
VCPUOP_REGISTER_RUNSTATE_PHYS_AREA=14
VCPUOP_REGISTER_VCPU_TIME_PHYS_AREA=15
EVENT_CHANNEL_OP=32
EVTCHNOP_INIT_CONTROL=11
EVTCHNOP_EXPAND_ARRAY=12
DOMID_SELF=0x7ff0
EINVAL=-22
EFAULT=-14

# Two guests; vm1 has a region of 64 pages, which holds pattern 1, and vm2 may
# read it.
start_reader()
{
    share vm1 "\"$OWNER+256K = ID1\""
    must guest vm1 fill $OWNER 256K 1
    config vm2
    create vm2
    xen_share_ro "pages 0-63 ok" "$vm2" "$vm1" $OWNER $READER 64
}

# faults NAME COMMAND GPA [WORD]...: the guest's own access to GPA ends in #GP(0)
# (which has no address) or in a data abort.
faults()
{
    local printed address=0x0 cause=d00000000

    if [ "$ARCH" = arm64 ]; then
        address=$(printf '0x%x' $(($3)))
        cause='96[0-9a-f]\{6\}'
    fi
    printed=$(guest "$@") || true
    expr "$printed" : \
        "$2: fault at $address (pc 0x[0-9a-f]*, cause 0x$cause)\$" >/dev/null ||
        fail "$*: not the fault that should be, but: $printed"
}

# hypercall RESULT NUMBER ARGUMENT...: by vm2.
hypercall()
{
    local rc="$1"

    shift
    answer "hypercall: rc $rc" guest vm2 hypercall "$@"
}

nothing_is_written()
{
    must guest vm2 check $READER 256K 1 >/dev/null
    must guest vm1 check $OWNER 256K 1 >/dev/null
}

case_a_reader_sees_all_writes_and_makes_none() # limit 180
{
    start_reader
    must guest vm2 check $READER 256K 1
    faults vm2 write $READER 5
    faults vm2 write $((READER + 0x3fff8)) 5
    faults vm2 fill $((READER + 0x7000)) 4K 5
    nothing_is_written

    must guest vm1 fill $OWNER 256K 2
    must guest vm2 check $READER 256K 2
    must guest vm2 fill "$FREE_RAM" 4K 3
    must guest vm2 check "$FREE_RAM" 4K 3

    # Nor does another mapping of the same page allow it.
    xen_share_ro "page 0 ok" "$vm2" "$vm1" $OWNER $HOLE
    faults vm2 write $HOLE 5
    xen_share "page 0 ok" "$vm2" "$vm1" $OWNER $((HOLE + 0x1000))
    must guest vm2 write $((HOLE + 0x1000)) 6
    faults vm2 write $READER 5
    answer "read $OWNER: 0x6" guest vm1 read $OWNER
    destroy vm1 vm2
}

# Requests by vm2 that Xen write to the page at READER. All fail at once.
ask_xen_to_write()
{
    local gfn op

    gfn=$(gfn $READER)
    hypercall $EFAULT $XEN_VERSION $XENVER_EXTRAVERSION $READER

    in_ram "$gfn" 0
    hypercall $EINVAL $VCPU_OP $VCPUOP_REGISTER_VCPU_INFO 0 "$FREE_RAM"
    hypercall $EINVAL $EVENT_CHANNEL_OP $EVTCHNOP_INIT_CONTROL "$FREE_RAM"
    in_ram "$(gfn $((FREE_RAM + 0x1000)))" 0
    hypercall 0 $EVENT_CHANNEL_OP $EVTCHNOP_INIT_CONTROL "$FREE_RAM"
    in_ram "$gfn"
    hypercall $EINVAL $EVENT_CHANNEL_OP $EVTCHNOP_EXPAND_ARRAY "$FREE_RAM"

    # From RAM, 16 bytes. The operation's own status, -9, is GNTST_bad_page.
    in_ram "$(gfn "$FREE_RAM")" $DOMID_SELF "$gfn" $DOMID_SELF 16
    hypercall 0 $GRANT_TABLE_OP $GNTTABOP_COPY "$FREE_RAM" 1
    answer "read $(printf 0x%x $((FREE_RAM + 32))): 0xfff700000010" \
        guest vm2 read $((FREE_RAM + 32))

    [ "$ARCH" = x86_64 ] || return 0
    in_ram $READER
    for op in $VCPUOP_REGISTER_RUNSTATE_PHYS_AREA \
        $VCPUOP_REGISTER_VCPU_TIME_PHYS_AREA; do
        hypercall $EINVAL $VCPU_OP "$op" 0 "$FREE_RAM"
    done
    must guest vm2 hypercall-page "$FREE_RAM"
    faults vm2 hypercall-page $READER
    must guest vm2 input "$FREE_RAM"
    faults vm2 input $READER
}

# Addresses for Xen to write to whenever it schedules vm2. They are virtual, so
# that only then it looks at what is there.
ask_xen_to_keep_writing()
{
    in_ram $READER
    hypercall 0 $VCPU_OP $VCPUOP_REGISTER_RUNSTATE_MEMORY_AREA 0 "$FREE_RAM"
    if [ "$ARCH" = x86_64 ]; then
        hypercall 0 $VCPU_OP $VCPUOP_REGISTER_VCPU_TIME_MEMORY_AREA 0 "$FREE_RAM"
    fi
    must guest vm2 ping # runs, and is paused again
}

case_xen_writes_nothing_for_a_reader() # limit 180
{
    start_reader
    ask_xen_to_write
    nothing_is_written
    ask_xen_to_keep_writing
    nothing_is_written

    # Arguments may be there: Xen reads them. (On Arm it does so in RAM only.)
    if [ "$ARCH" = x86_64 ]; then
        must guest vm1 write $OWNER $DOMID_SELF
        must guest vm1 write $((OWNER + 8)) "$(gfn $((READER + 0x1000)))"
        hypercall 0 $MEMORY_OP $XENMEM_REMOVE_FROM_PHYSMAP $READER
        must_be_free "$vm2" $((READER + 0x1000))
    fi
    destroy vm1 vm2
}

case_access_is_the_choice_of_each_call() # limit 180
{
    start_reader
    config vm3
    create vm3

    # What vm2 may only read, another can get for reading, or for writing too.
    xen_share_ro "pages 0-63 ok" "$vm3" "$vm2" $READER $OWNER 64
    must guest vm3 check $OWNER 256K 1
    faults vm3 write $OWNER 5
    xen_share "pages 0-63 ok" "$vm3" "$vm2" $READER $HOLE 64
    must guest vm3 fill $HOLE 256K 2
    must guest vm1 check $OWNER 256K 2
    must guest vm2 check $READER 256K 2
    destroy vm1

    # Also when nobody but readers is left; the place in use stays as it is.
    must sharectl remove "$vm3" "$(gfn $HOLE)" >/dev/null
    xen_share "page 0 EEXIST" "$vm3" "$vm2" $READER $OWNER
    xen_share_ro "page 0 EEXIST" "$vm3" "$vm2" $READER $((HOLE + 0x1000))
    xen_share_ro "page 0 EEXIST" "$vm3" "$vm2" $READER "$FREE_RAM"
    xen_share "page 0 ok" "$vm3" "$vm2" $READER $HOLE
    must guest vm3 write $HOLE 7
    answer "read $READER: 0x7" guest vm2 read $READER
    destroy vm2 vm3
}

case_the_rules_are_those_of_a_writable_mapping() # limit 180
{
    local gfn special=$((HOLE + 0x100000))

    start_reader
    must sharectl add "$vm1" $SPACE_SHARED_INFO 0 "$(gfn $special)" >/dev/null

    xen_share_ro "page 0 EINVAL" "$vm2" "$vm1" $HOLE $HOLE
    xen_share_ro "page 0 EINVAL" "$vm2" "$vm1" $special $HOLE
    xen_share_ro "page 0 EINVAL" "$vm1" "$vm2" $READER $HOLE
    xen_share_ro "page 0 EINVAL" "$vm2" "$vm2" $READER $HOLE
    xen_share_ro "page 0 EEXIST" "$vm2" "$vm2" $READER $READER
    xen_share_ro "call ESRCH" "$vm2" 0x7ff4 $OWNER $HOLE # DOMID_INVALID
    xen_share_ro "call EPERM" "$vm2" 0 $OWNER $HOLE
    answer "share-ro: page 0 ERANGE" \
        sharectl share-ro "$vm2" "$vm1" "$(gfn $OWNER)" $((1 << 40))
    answer "add: call ENOSYS" \
        sharectl add "$vm2" $SPACE_SHARE_RO "$(gfn $OWNER)" "$(gfn $HOLE)"
    answer "hypercall-share-ro: rc -1, extent 0" guest vm2 \
        hypercall-share-ro self "$vm1" "$(gfn $OWNER)" "$(gfn $HOLE)"
    must_be_free "$vm2" $HOLE
    must_be_free "$vm1" $HOLE

    # Such a page is not the reader's to give back as if it were its RAM.
    gfn=$(gfn $READER)
    in_ram $((FREE_RAM + 32)) 1 0 $DOMID_SELF "$gfn"
    hypercall 0 $MEMORY_OP $XENMEM_DECREASE_RESERVATION "$FREE_RAM"
    must_be_used "$vm2" $READER
    nothing_is_written
    destroy vm1 vm2
}

case_the_last_removal_by_a_reader_frees_a_page() # limit 180
{
    local page free

    start_reader
    destroy vm1
    must guest vm2 check $READER 256K 1
    faults vm2 write $READER 5
    free=$(freepages)
    for page in 0 1 2; do
        answer "hypercall-remove: rc 0, extent 0" \
            guest vm2 hypercall-remove "$(gfn $((READER + page * 4096)))"
        must_be_free "$vm2" $((READER + page * 4096))
        free=$((free + 1))
        freepages $free 0 5 >/dev/null ||
            fail "pages free: $(freepages), not $free, after page $page"
    done
    must guest vm2 check $((READER + 0x3000)) 244K 1 0x3000

    # The driver sees whether the rest goes with the reader.
    destroy vm2
}
