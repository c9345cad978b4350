# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # create sets vm1; busybox: local
# XENMEM_REGION_readonly: vm2 may read what vm1 has of a region, and nothing that it
# does, or asks Xen to do, writes there. No address here is in the RAM of a small
# guest but $FREE_RAM.

. /overlay/pair.sh

OWNER=0x80000000  # where vm1 has the region
READER=0x90000000 # where vm2 has it
HOLE=0xa0000000   # where nobody has anything

# From Xen's public headers.
XEN_VERSION=17
XENVER_EXTRAVERSION=1
VCPUOP_REGISTER_RUNSTATE_MEMORY_AREA=5
VCPUOP_REGISTER_VCPU_TIME_MEMORY_AREA=13

# Two guests; vm1 has a region of 64 pages, which holds pattern 1, and vm2 may
# read it.
start_reader()
{
    share vm1 "\"$OWNER+256K = ID1\""
    must guest vm1 fill $OWNER 256K 1
    config vm2
    create vm2
    xen_map ok "$vm2" "$vm1" $OWNER $READER 64 "$READONLY"
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
    faults data vm2 write $READER 5
    faults data vm2 write $((READER + 0x3fff8)) 5
    faults data vm2 fill $((READER + 0x7000)) 4K 5
    nothing_is_written

    must guest vm1 fill $OWNER 256K 2
    must guest vm2 check $READER 256K 2
    must guest vm2 fill "$FREE_RAM" 4K 3
    must guest vm2 check "$FREE_RAM" 4K 3

    # Nor does another mapping of the same page allow it.
    xen_map ok "$vm2" "$vm1" $OWNER $HOLE 1 "$READONLY"
    faults data vm2 write $HOLE 5
    xen_map ok "$vm2" "$vm1" $OWNER $((HOLE + 0x1000))
    must guest vm2 write $((HOLE + 0x1000)) 6
    faults data vm2 write $READER 5
    answer "read $OWNER: 0x6" guest vm1 read $OWNER
    destroy vm1 vm2
}

# Requests by vm2 that Xen write to the page at READER. All fail at once.
ask_xen_to_write()
{
    hypercall vm2 "$EFAULT" $XEN_VERSION $XENVER_EXTRAVERSION $READER
    xen_does_not_keep vm2 $READER "$EINVAL"
    no_grant_copy vm2 "$FREE_RAM" $READER

    [ "$ARCH" = x86_64 ] || return 0
    must guest vm2 hypercall-page "$FREE_RAM"
    faults data vm2 hypercall-page $READER
    must guest vm2 input "$FREE_RAM"
    faults data vm2 input $READER
}

# Addresses for Xen to write to whenever it schedules vm2. They are virtual, so
# that only then it looks at what is there.
ask_xen_to_keep_writing()
{
    in_ram vm2 $READER
    hypercall vm2 0 "$VCPU_OP" $VCPUOP_REGISTER_RUNSTATE_MEMORY_AREA 0 "$FREE_RAM"
    if [ "$ARCH" = x86_64 ]; then
        hypercall vm2 0 "$VCPU_OP" $VCPUOP_REGISTER_VCPU_TIME_MEMORY_AREA 0 \
            "$FREE_RAM"
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
        must guest vm1 write $OWNER "$DOMID_SELF"
        must guest vm1 write $((OWNER + 8)) "$(gfn $((READER + 0x1000)))"
        hypercall vm2 0 "$MEMORY_OP" "$XENMEM_REMOVE_FROM_PHYSMAP" $READER
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
    xen_map ok "$vm3" "$vm2" $READER $OWNER 64 "$READONLY"
    must guest vm3 check $OWNER 256K 1
    faults data vm3 write $OWNER 5
    xen_map ok "$vm3" "$vm2" $READER $HOLE 64
    must guest vm3 fill $HOLE 256K 2
    must guest vm1 check $OWNER 256K 2
    must guest vm2 check $READER 256K 2
    destroy vm1

    # Also when nobody but readers is left; the place in use stays as it is.
    must sharectl remove "$vm3" "$(gfn $HOLE)" >/dev/null
    xen_map_fails EEXIST "$vm3" "$vm2" $READER $OWNER
    xen_map_fails EEXIST "$vm3" "$vm2" $READER $((HOLE + 0x1000)) 1 "$READONLY"
    xen_map_fails EEXIST "$vm3" "$vm2" $READER "$FREE_RAM" 1 "$READONLY"
    xen_map ok "$vm3" "$vm2" $READER $HOLE
    must guest vm3 write $HOLE 7
    answer "read $READER: 0x7" guest vm2 read $READER
    destroy vm2 vm3
}

case_the_rules_are_those_of_a_writable_mapping() # limit 180
{
    local special=$((HOLE + 0x100000)) far=0x10000000000

    start_reader
    must sharectl add "$vm1" "$SPACE_SHARED_INFO" 0 "$(gfn $special)" >/dev/null

    xen_map_fails ENOENT "$vm2" "$vm1" $HOLE $HOLE 1 "$READONLY"
    xen_map_fails ENOENT "$vm2" "$vm1" $special $HOLE 1 "$READONLY"
    xen_map_fails ENOENT "$vm2" "$vm1" "$FREE_RAM" $HOLE 1 "$READONLY"
    xen_map_fails EEXIST "$vm2" "$vm1" $OWNER $READER 1 "$READONLY"
    xen_map_fails EINVAL "$vm2" "$vm2" $READER $HOLE 1 "$READONLY"
    xen_map_fails ESRCH "$vm2" "$DOMID_INVALID" $OWNER $HOLE 1 "$READONLY"
    xen_map_fails EPERM "$vm2" 0 $OWNER $HOLE 1 "$READONLY"
    answer "map: ERANGE at $far, 1 left" \
        sharectl map "$vm2" "$vm1" "$(gfn $OWNER)" $far 1 "$READONLY"
    must_be_free "$vm2" $HOLE

    # Who may write there can also have it for reading.
    xen_map ok "$vm1" "$vm2" $READER $HOLE 1 "$READONLY"
    faults data vm1 write $HOLE 5
    must guest vm1 check $HOLE 4K 1

    # Such a page is not the reader's to give back as if it were its RAM.
    answer "hypercall: rc 0" balloon vm2 $READER
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
    faults data vm2 write $READER 5
    free=$(freepages)
    for page in 0 1 2; do
        removes vm2 $((READER + page * 4096))
        must_be_free "$vm2" $((READER + page * 4096))
        free=$((free + 1))
        freepages $free 0 5 >/dev/null ||
            fail "pages free: $(freepages), not $free, after page $page"
    done
    must guest vm2 check $((READER + 0x3000)) 244K 1 0x3000

    # The driver sees whether the rest goes with the reader.
    destroy vm2
}
