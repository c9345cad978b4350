# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2034,SC2154,SC3043 # vm1; busybox: local
# Linux as a peer: the example guest with Debian's kernel, and in it the witness
# (tests/e2e/linux), a program that maps the regions. Agents are its peers.

CONSOLE=/var/log/xen/console/guest-linux.log
SIZE=0x100000 # of each of the two regions
PAGE=0x1000   # the witness takes commands in the first page of a region

# As in the example; where the agents have the regions.
case $ARCH in
x86_64) INSIDE=0xa000000;  OUTSIDE=0x10000000 ;;
arm64)  INSIDE=0x4a000000; OUTSIDE=0x60000000 ;;
esac
VM1_INSIDE=0x80000000
VM2_OUTSIDE=0x90000000

# Parameters that only make Linux boot faster under emulation. Without its time
# stamp counter (4) Linux does not spend 5 s to measure it against a timer that
# a PVH guest does not have.
FASTER="quiet cryptomgr.notests=1 rodata=off"
[ "$ARCH" != x86_64 ] || FASTER="$FASTER pci=noearly clearcpuid=4 lpj=4000000"

# ---- the Linux guest ------------------------------------------------------------

# Looked at seldom, so that the CPU is the guest's, to boot. Lines end in CR LF.
linux_is_ready()
{
    usleep 200000
    grep -q '^witness: [0-9]* regions\|^the witness ended' $CONSOLE 2>/dev/null
}

# The guest's console so far, in the file ./console.
read_console()
{
    tr -d '\r' <$CONSOLE >console
}

# start_linux [SED-SCRIPT]: the example's guest, with that change.
start_linux()
{
    sed -e "s/^extra = \"/&$FASTER /" -e "${1:-}" /examples/linux.cfg >linux.cfg
    rm -f $CONSOLE
    UNWATCHED= # xl is to destroy it when it has powered off
    create linux
    UNWATCHED=-e
    must xl unpause linux
    wait_for 60 linux_is_ready || echo "the Linux guest is not up"
    read_console
    assert_line console "witness: 2 regions"
}

stop_linux()
{
    tell $WITNESS_POWER_OFF
    wait_gone linux
}

# ---- the witness: see witness.h -------------------------------------------------

WITNESS_REQUEST=0x7769746e
WITNESS_FILL=1
WITNESS_CHECK=2
WITNESS_PRESSURE=3
WITNESS_POWER_OFF=4
WITNESS_TRY_WRITE=5

# through NAME GPA: from now on the witness is told by way of this agent, which
# has a region at GPA.
through()
{
    window_guest=$1
    window=$2
}

# word OFFSET, put OFFSET VALUE: of the page with commands and answers.
word()
{
    local answer

    answer=$(must guest "$window_guest" read $((window + $1)))
    echo "${answer##*: }"
}

put()
{
    must guest "$window_guest" write $((window + $1)) "$2"
}

# post COMMAND [ARGUMENT]...: those that are left out are 0.
post()
{
    local slot=0x10 argument

    request=$(((WITNESS_REQUEST << 32) + (($(word 0x30) + 1) & 0xffffffff)))
    put 0x08 "$1"
    shift
    for argument in "${1:-0}" "${2:-0}" "${3:-0}" "${4:-0}"; do
        put $slot "$argument"
        slot=$((slot + 8))
    done
    put 0 $request
}

is_answered()
{
    [ $(($(word 0x30))) -eq "$request" ]
}

# What was posted has been done, and without complaint.
assert_done()
{
    local status

    status=$(($(word 0x38)))
    [ $status -eq 0 ] && return
    echo "status $status, values $(word 0x40) $(word 0x48) $(word 0x50)"
    read_console
    tail -5 console
    fail "the witness, in what it was told: $*"
}

# tell COMMAND [ARGUMENT]...
tell()
{
    post "$@"
    wait_for 20 is_answered || fail "no answer from the witness: $*"
    assert_done "$@"
}

# ---- what Linux was told --------------------------------------------------------

# assert_no_other_use GPA SIZE: in /proc/iomem, but as reserved. Linux takes free
# addresses for what it maps of other domains ("Xen scratch").
assert_no_other_use()
{
    local first=$(($1)) last=$(($1 + $2 - 1)) range what

    sed -n 's/^iomem: *//p' console | while IFS=' ' read -r range _ what; do
        case $what in Reserved | reserved) continue ;; esac
        [ $((0x${range#*-})) -lt $first ] || [ $((0x${range%-*})) -gt $last ] ||
            fail "the region at $1 is also $range: $what"
    done
}

assert_told_x86()
{
    local first last

    first=$(printf '%x' $(($1)))
    last=$(printf '%x' $(($1 + $2 - 1)))
    assert_line console "firmware: 0x$first-0x$last Reserved"
    assert_line console "$(printf 'kernel: BIOS-e820: [mem 0x%016x-0x%016x] reserved' \
        0x"$first" 0x"$last")"
}

# bytes TEXT: as a device tree has it, in hex.
bytes()
{
    printf '%s\0' "$1" | hexdump -ve '1/1 "%02x"'
}

# assert_not_for_the_hypervisor GPA SIZE: no part of that node's reg overlaps it.
assert_not_for_the_hypervisor()
{
    local first=$(($1)) last=$(($1 + $2 - 1)) address size

    sed -n 's,^tree: hypervisor/reg: ,,p' console | fold -w 32 |
        sed 's/^.\{16\}/0x& 0x/' | while read -r address size; do
            [ $((address + size - 1)) -lt $first ] || [ $((address)) -gt $last ] ||
                fail "the region at $1 is also the hypervisor's: $address+$size"
        done
}

node_of()
{
    printf 'tree: reserved-memory/xen-shmem@%x' $(($1))
}

# assert_node GPA SIZE ID: a node as the binding has it.
assert_node()
{
    local node

    node=$(node_of "$1")
    assert_line console "$node/compatible: $(bytes xen,shared-memory-v1)"
    assert_line console "$node/reg: $(printf '%016x%016x' $(($1)) $(($2)))"
    assert_line console "$node/xen,id: $(bytes "$3")"
    assert_line console "$node/no-map: "
}

# assert_offset GPA OFFSET: of a part of a region.
assert_offset()
{
    assert_line console "$(node_of "$1")/xen,offset: $(printf '%016x' $(($2)))"
}

# assert_told GPA SIZE ID: the guest knows that the range is none of its RAM.
assert_told()
{
    assert_no_other_use "$1" "$2"
    case $ARCH in
    x86_64) assert_told_x86 "$1" "$2" ;;
    arm64)  assert_node "$1" "$2" "$3"
            assert_not_for_the_hypervisor "$1" "$2" ;;
    esac
}

assert_told_of_both()
{
    assert_told "$INSIDE" $SIZE inside
    assert_told "$OUTSIDE" $SIZE outside
    # RAM that was cut in two.
    case $ARCH in
    x86_64) assert_line console "iomem: 00100000-09ffffff : System RAM"
            assert_line console "iomem: 0a100000-0bffffff : System RAM" ;;
    arm64)  assert_line console "iomem: 4a000000-4a0fffff : reserved" ;;
    esac
}

# ---- bytes ----------------------------------------------------------------------

# Bytes go both ways between Linux, at the given address, and the agent that
# was named with through.
assert_exchange()
{
    local size=$((SIZE - PAGE)) here=$((window + PAGE)) there=$(($1 + PAGE))

    must guest "$window_guest" fill $here $size 51
    tell $WITNESS_CHECK $there $size 51
    tell $WITNESS_FILL $there $size 52
    must guest "$window_guest" check $here $size 52
}

# Linux owns the region inside its RAM and borrows the other. It takes and writes
# all of its memory, time and again, and the peers' bytes stay as they are.
case_memory_pressure_in_linux_leaves_the_regions_alone() # limit 240
{
    local size=$((SIZE - PAGE)) checks=0

    share vm2 "\"$VM2_OUTSIDE+1M = outside\""
    start_linux
    share vm1 "\"$VM1_INSIDE+1M = inside\""
    assert_told_of_both
    through vm2 $VM2_OUTSIDE
    assert_exchange "$OUTSIDE"
    must guest vm1 fill $((VM1_INSIDE + PAGE)) $size 61
    must guest vm2 fill $((VM2_OUTSIDE + PAGE)) $size 62
    through vm1 $VM1_INSIDE
    post $WITNESS_PRESSURE 20
    while ! is_answered; do
        must guest vm1 check $((VM1_INSIDE + PAGE)) $size 61
        must guest vm2 check $((VM2_OUTSIDE + PAGE)) $size 62
        checks=$((checks + 1))
        sleep 1 # dom0 goes before any guest, and Linux is to have the CPU
    done
    assert_done pressure
    echo "note: $(($(word 0x40) >> 20)) MiB written in $(($(word 0x48))) passes," \
        "$(($(word 0x50) >> 20)) MiB at a time with $(($(word 0x58) >> 20)) MiB" \
        "left free; meanwhile $checks checks of each region"
    [ $checks -ge 2 ] || fail "only $checks checks during the pressure"
    tell $WITNESS_CHECK $((INSIDE + PAGE)) $size 61
    tell $WITNESS_CHECK $((OUTSIDE + PAGE)) $size 62
    tell $WITNESS_FILL $((INSIDE + PAGE)) $size 63
    must guest vm1 check $((VM1_INSIDE + PAGE)) $size 63
    stop_linux
    destroy vm1 vm2
}

# The signal for a program that writes to a page that may only be read: SIGSEGV
# for #GP(0) on x86. On Arm the abort has no status, which Linux takes for a
# fault in its page tables, and kills: SIGKILL.
case $ARCH in
x86_64) SIGNAL=11 ;;
arm64)  SIGNAL=9 ;;
esac
PART=0x10000 # offset and size of the part

# It borrows both regions, and of the one outside its RAM only a part.
case_linux_can_read_its_part_of_a_region_but_not_write_it()
{
    share vm1 "\"$VM1_INSIDE+1M = inside\""
    share vm2 "\"$VM2_OUTSIDE+1M = outside\""
    must guest vm2 fill $VM2_OUTSIDE $SIZE 71
    start_linux "s/$OUTSIDE+1M/$OUTSIDE+64K/
                 s/ = outside\"/ = outside, offset=64K, prot=ro\"/"
    assert_told "$OUTSIDE" $PART outside
    [ "$ARCH" = x86_64 ] || assert_offset "$OUTSIDE" $PART
    through vm1 $VM1_INSIDE
    tell $WITNESS_CHECK "$OUTSIDE" $PART 71 $PART
    tell $WITNESS_TRY_WRITE "$OUTSIDE" 1
    assert_equal "the signal that a write ends with" "$(($(word 0x40)))" "$SIGNAL"
    must guest vm2 check $VM2_OUTSIDE $SIZE 71
    # What the agent writes later is seen as well.
    must guest vm2 fill $VM2_OUTSIDE $SIZE 72
    tell $WITNESS_CHECK "$OUTSIDE" $PART 72 $PART
    assert_exchange "$INSIDE"
    stop_linux
    destroy vm1 vm2
}

# By xl reboot, which asks the guest's kernel. The new domain has both regions at
# once, and all that is in them.
case_linux_finds_the_data_after_xl_reboot()
{
    local size=$((SIZE - PAGE))

    share vm1 "\"$VM1_INSIDE+1M = inside\""
    share vm2 "\"$VM2_OUTSIDE+1M = outside\""
    start_linux 's/^on_reboot = .*/on_reboot = "restart"/'
    through vm1 $VM1_INSIDE
    tell $WITNESS_FILL $((INSIDE + PAGE)) $size 81
    tell $WITNESS_FILL $((OUTSIDE + PAGE)) $size 82
    rm $CONSOLE
    must xl reboot linux
    wait_for 60 linux_is_ready || fail "the Linux guest is not up again"
    read_console
    assert_told_of_both
    is_back linux "$linux" "$(printf '0x%x-0x%x' "$INSIDE" $((INSIDE + SIZE)))" ||
        fail "linux has its region elsewhere: $(record)"
    tell $WITNESS_CHECK $((INSIDE + PAGE)) $size 81
    tell $WITNESS_CHECK $((OUTSIDE + PAGE)) $size 82
    must guest vm2 check $((VM2_OUTSIDE + PAGE)) $size 82
    assert_exchange "$INSIDE"
    stop_linux
    destroy vm1 vm2
}
