# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2034,SC2154,SC3043 # for the cases; busybox: local
# For cases of the hypervisor's part, in dom0: numbers of Xen's, two guests that
# share a region, and what guests ask Xen for.

# ---- from Xen's public headers ------------------------------------------------

READONLY=1 # XENMEM_REGION_readonly

DOMID_SELF=0x7ff0
DOMID_XEN=0x7ff2
DOMID_INVALID=0x7ff4
DOMID_REGION=0x7ff6

SPACE_SHARED_INFO=0
SPACE_GRANT_TABLE=1
SPACE_GMFN=2

MEMORY_OP=12
XENMEM_POPULATE_PHYSMAP=6
XENMEM_ADD_TO_PHYSMAP=7
XENMEM_REMOVE_FROM_PHYSMAP=15
XENMEM_REGION_OP=29
GRANT_TABLE_OP=20
GNTTABOP_MAP_GRANT_REF=0
GNTTABOP_COPY=5
VCPU_OP=24
VCPUOP_REGISTER_VCPU_INFO=10
VCPUOP_REGISTER_RUNSTATE_PHYS_AREA=14
VCPUOP_REGISTER_VCPU_TIME_PHYS_AREA=15
EVENT_CHANNEL_OP=32
EVTCHNOP_INIT_CONTROL=11
EVTCHNOP_EXPAND_ARRAY=12

EPERM=-1
ESRCH=-3
ENXIO=-6
ENOMEM=-12
EACCES=-13
EFAULT=-14
EINVAL=-22

# ---- two guests ---------------------------------------------------------------

# vm1 has ID1 at OWNER, and vm2 at BORROWER, which the case's file says: 64 pages,
# which hold pattern 1.
start_pair()
{
    share vm1 "\"$OWNER+256K = ID1\""
    share vm2 "\"$BORROWER+256K = ID1\""
    must guest vm1 fill "$OWNER" 256K 1
}

# ---- what they ask for --------------------------------------------------------

# hypercall NAME RESULT NUMBER [ARGUMENT]...: by that guest.
hypercall()
{
    local name="$1" rc="$2"

    shift 2
    answer "hypercall: rc $rc" guest "$name" hypercall "$@"
}

# xen_does_not_keep NAME GPA ERROR: where Xen would go on writing for the guest can't
# be in its page there. An area is refused with ERROR.
xen_does_not_keep()
{
    local name="$1" gfn op

    gfn=$(gfn "$2")
    in_ram "$name" "$gfn" 0
    hypercall "$name" "$3" $VCPU_OP $VCPUOP_REGISTER_VCPU_INFO 0 "$FREE_RAM"
    hypercall "$name" $EINVAL $EVENT_CHANNEL_OP $EVTCHNOP_INIT_CONTROL "$FREE_RAM"
    # An array needs a control block.
    in_ram "$name" "$(gfn $((FREE_RAM + 0x1000)))" 0
    hypercall "$name" 0 $EVENT_CHANNEL_OP $EVTCHNOP_INIT_CONTROL "$FREE_RAM"
    in_ram "$name" "$gfn"
    hypercall "$name" $EINVAL $EVENT_CHANNEL_OP $EVTCHNOP_EXPAND_ARRAY "$FREE_RAM"

    [ "$ARCH" = x86_64 ] || return 0
    in_ram "$name" "$2"
    for op in $VCPUOP_REGISTER_RUNSTATE_PHYS_AREA \
        $VCPUOP_REGISTER_VCPU_TIME_PHYS_AREA; do
        hypercall "$name" "$3" $VCPU_OP "$op" 0 "$FREE_RAM"
    done
}

# no_grant_copy NAME FROM-GPA GPA: the guest has Xen copy 16 bytes between two of
# its pages. The operation's own status is -9, GNTST_bad_page.
no_grant_copy()
{
    in_ram "$1" "$(gfn "$2")" $DOMID_SELF "$(gfn "$3")" $DOMID_SELF 16
    hypercall "$1" 0 $GRANT_TABLE_OP $GNTTABOP_COPY "$FREE_RAM" 1
    answer "read $(hex $((FREE_RAM + 32))): 0xfff700000010" \
        guest "$1" read $((FREE_RAM + 32))
}
