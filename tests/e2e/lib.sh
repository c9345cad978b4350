# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # busybox sh: local
# What the cases of the end-to-end tests use, inside dom0. A case is a function
# case_* of a file in cases/; it runs in a shell of its own with "set -eu", in
# an empty directory, and fails by ending with a status other than 0.

. /overlay/boot.sh # ARCH (x86_64 or arm64) and BOOT (name of the boot)

# shellcheck disable=SC2034 # for the driver
SKIPPED=77 # exit status of a case that cannot be run here

# A small guest's RAM, and a 2 MiB boundary in it with free RAM on both sides.
# shellcheck disable=SC2034 # for the cases
case $ARCH in
x86_64) RAM=0x0 RAM_END=0x1000000 FREE_RAM=0x800000 ;;
arm64)  RAM=0x40000000 RAM_END=0x41000000 FREE_RAM=0x40800000 ;;
esac

# ---- hostd --------------------------------------------------------------------

# Where hostd is asked; see hostd.c. It is there for all cases of a boot.
HOSTD=/run/hostd

# question WORD...: the answer is in the variable "answer", without the last line
# end; the status is hostd's. It saves a process, and so most of the time.
question()
{
    local status lines line

    answer=
    echo "$*" >$HOSTD/ask
    {
        read -r status lines
        while [ "$lines" -gt 0 ]; do
            IFS= read -r line
            answer="$answer$line"
            lines=$((lines - 1))
            [ "$lines" -eq 0 ] || answer="$answer$NEWLINE"
        done
    } <$HOSTD/answer
    return "$status"
}

# ask WORD...: prints the answer.
ask()
{
    local answer status=0

    question "$@" || status=$?
    [ -z "$answer" ] || echo "$answer"
    return $status
}

NEWLINE='
'

# ---- verdicts -----------------------------------------------------------------

fail()
{
    echo "failed: $*"
    exit 1
}

# skip REASON
skip()
{
    echo "$*" >skip-reason
    exit $SKIPPED
}

# must COMMAND...: the case ends where the command fails.
must()
{
    "$@" || fail "status $?: $*"
}

# assert_equal WHAT ACTUAL WANTED
assert_equal()
{
    [ "$2" = "$3" ] && return
    echo "$1 is:"
    echo "$2" | sed 's/^/  /'
    echo "and should be:"
    echo "$3" | sed 's/^/  /'
    fail "wrong $1"
}

# assert_line FILE LINE: the file has this line, literally.
assert_line()
{
    grep -qxFe "$2" "$1" && return
    echo "$1 is:"
    sed 's/^/  /' "$1"
    fail "$1 has no line: $2"
}

# wait_for SECONDS COMMAND...: true once the command is; polls.
wait_for()
{
    local now end

    uptime
    end=$((now + $1 * 100))
    shift
    until "$@"; do
        uptime
        [ "$now" -lt $end ] || return 1
        ask pause 50 # dom0 goes before guests: they are to have the CPU
    done
}

# has_lock PROCESS: it has a lock on some file, as holdlock has.
has_lock()
{
    grep -q ": FLOCK  ADVISORY  WRITE $1 " /proc/locks
}

# Hundredths of a second since the boot, in the variable "now".
uptime()
{
    read -r now _ </proc/uptime
    now=$((${now%.*} * 100 + 1${now#*.} - 100)) # 08 is no number
}

# within HUNDREDTHS COMMAND...: it becomes true, not more than that long from now.
within()
{
    local limit="$1" begin now

    shift
    uptime
    begin=$now
    until "$@"; do
        uptime
        [ $((now - begin)) -lt 1000 ] || break
        ask pause 10 # dom0's only CPU is for who is waited for
    done
    uptime
    [ $((now - begin)) -le "$limit" ] ||
        fail "after $((now - begin)) hundredths of a second: $*"
}

within_a_second() { within 100 "$@"; }

# ---- commands that must fail --------------------------------------------------

# Takes out of libxl's messages what differs from run to run: source lines and
# the number of a domain that was not to be. Information is left out.
normalise_messages()
{
    sed -e '/^libxl: info: /d' -e '/^Parsing config from /d' \
        -e 's/^\(libxl: [a-z]*: \)[^ ]*:[0-9]*:[a-z0-9_]*: /\1/' \
        -e 's/Domain [0-9][0-9]*:/Domain N:/'
}

# expect_fail LINE COMMAND...: the command fails, and LINE is among its
# (normalised) error lines; all of them are in ./stderr afterwards.
expect_fail()
{
    local line="$1"

    shift
    if "$@" >stdout 2>stderr-raw; then
        fail "should have failed: $*"
    fi
    normalise_messages <stderr-raw >stderr
    assert_line stderr "$line"
}

# expect_only LINE COMMAND...: as expect_fail, and there is no other error line.
expect_only()
{
    expect_fail "$@"
    assert_equal "what it prints on stderr" "$(cat stderr)" "$1"
}

# xl_fails STATUS LINE WORD...: xl ends with that status, and LINE is the first of
# its (normalised) error lines; what else it prints is in ./stdout afterwards.
xl_fails()
{
    local status="$1" line="$2" found=0

    shift 2
    xl "$@" >stdout 2>stderr-raw || found=$?
    assert_equal "the status" $found "$status"
    normalise_messages <stderr-raw >stderr
    assert_equal "what it prints on stderr" "$(head -n 1 stderr)" "$line"
}

# ---- guests -------------------------------------------------------------------

# config NAME [LINE]...: writes NAME.cfg for a small agent guest. A LINE comes
# after the defaults, so it may set any of them anew.
config()
{
    local name="$1" line

    shift
    {
        echo "name = \"$name\""
        echo "kernel = \"/guests/agent\""
        echo "memory = 16"
        echo "vcpus = 1"
        echo "on_crash = \"destroy\""
        [ "$ARCH" != x86_64 ] || echo "type = \"pvh\""
        for line; do
            echo "$line"
        done
    } >"$name.cfg"
}

# max_pages NAME: the most that Xen lets the domain have.
max_pages()
{
    eval "set -- \$$1"
    xl debug-keys q
    xl dmesg | sed -n "/General information for domain $1:/,/max_pages/s/.*max_pages=//p" |
        tail -n 1
}

# change_page NAME OPERATION GPA: the guest has Xen give it a page there, or take
# it: XENMEM_populate_physmap (6) or XENMEM_decrease_reservation (1) of itself. The
# structure is in a page of its RAM, the list of its one gfn behind it.
change_page()
{
    local page=$((FREE_RAM + 0x4000))

    must guest "$1" write $page $((page + 64)) >/dev/null
    must guest "$1" write $((page + 8)) 1 >/dev/null
    must guest "$1" write $((page + 16)) 0 >/dev/null
    must guest "$1" write $((page + 24)) 0x7ff0 >/dev/null
    must guest "$1" write $((page + 64)) "$(gfn "$3")" >/dev/null
    guest "$1" hypercall 12 "$2" $page
}

# balloon NAME GPA: gives the page there back to Xen, as a balloon driver does.
balloon()
{
    change_page "$1" 1 "$2"
}

# create NAME [XL-OPTION]...: creates the domain of NAME.cfg; its number is in
# the variable NAME afterwards. It is paused until guest gives it a command: see
# guestctl. No xl stays to watch it, unless the case empties UNWATCHED.
UNWATCHED=-e

create()
{
    local name="$1"

    shift
    xl create -p $UNWATCHED "$@" "$name.cfg" >create-output 2>&1 || {
        cat create-output
        fail "xl create $name.cfg"
    }
    number_of "$name"
}

# running NAME [LINE]...: a domain without regions, which has run.
running()
{
    local name="$1"

    shift
    config "$name" "$@"
    create "$name"
    must guest "$name" ping >/dev/null
}

# acknowledge NAME: does as its kernel would when xl asks it to shut down, which
# the agent does not, and keeps in NAME.asked what it is to do. Ends with that: the
# first event is the watch's own, and what xl writes may come before or after it.
acknowledge()
{
    local node domid order

    eval "domid=\$$1"
    node=/local/domain/$domid/control/shutdown
    rm -f "$1.asked"
    xenstore-watch -n 2 "$node" | while read -r _; do
        order=$(xenstore-read "$node")
        if [ -n "$order" ] && ! [ -e "$1.asked" ]; then
            echo "$order" >"$1.asked"
            xenstore-write "$node" ""
        fi
    done
}

# number_of NAME: the domain's number is in the variable NAME.
number_of()
{
    local answer

    question domid "$1" || fail "there is no domain $1"
    eval "$1=$answer"
}

# share NAME ENTRIES [LINE]...: config and create, with static_shared_mem, e.g.
# share vm1 '"0x80000000+4K = ID1", "0x80001000+4K = ID2"'
share()
{
    local name="$1" entries="$2"

    shift 2
    config "$name" "static_shared_mem = [ $entries ]" "$@"
    create "$name"
}

# watched COMMAND...: an xl stays to watch the domain that the command creates.
watched()
{
    UNWATCHED=
    "$@"
    UNWATCHED=-e
}

is_gone()
{
    local answer

    ! question domid "$1"
}

# wait_gone NAME: for a guest that ends by itself.
wait_gone()
{
    wait_for 20 is_gone "$1" || fail "domain $1 is still there"
}

# hvm NAME ENTRIES [LINE]...: an HVM guest with 31 MiB of RAM, from 1 MiB on. Its
# memory is made by libxl and libxc as for any, and used by a vCPU in HVM mode; in
# place of hvmloader it has the agent, and in place of QEMU a device model that
# says it is there and does nothing.
hvm()
{
    local name="$1" entries="$2"

    shift 2
    cat >device-model <<'LINES'
#!/bin/sh
while [ "$1" != -d ]; do
    shift
done
xenstore-write "/local/domain/0/device-model/$2/state" running
exec sleep 1000
LINES
    chmod +x device-model
    config "$name" 'type = "hvm"' 'memory = 36' 'videoram = 4' \
        'firmware_override = "/guests/agent"' \
        'device_model_version = "qemu-xen-traditional"' \
        "device_model_override = \"$PWD/device-model\"" \
        'vga = "none"' 'usb = 0' "static_shared_mem = [ $entries ]" "$@"
    sed -i '/^kernel/d' "$name.cfg"
    create "$name"
}

# is_back NAME OLD RANGE: NAME is another domain than number OLD, has a region
# there, and runs, which is the last that xl does with it.
is_back()
{
    local answer now

    question domid "$1" || return
    now=$answer
    [ "$now" != "$2" ] || return
    question store /local/shared_mem
    case "$answer$NEWLINE" in
    *"/mappings/$now = \"$3\"$NEWLINE"*) question runs "$now" ;;
    *) return 1 ;;
    esac
}

# comes_back NAME RANGE: for a guest that is built anew. The variable NAME has its
# new number afterwards.
comes_back()
{
    local old

    eval "old=\$$1"
    wait_for 60 is_back "$1" "$old" "$2" || fail "$1 does not come back"
    number_of "$1"
}

# ends NAME REASON: the guest ends itself: 0 power off, 1 reboot, 3 crash. Its
# answer may come too late, for it is gone by then.
ends()
{
    guest "$1" shutdown "$2" >/dev/null 2>&1 || true
}

# kept NODE: the JSON that libxl keeps there, without blanks and line ends.
kept()
{
    xenstore-read "$1" | sed 's/\\n//g; s/ //g'
}

# field NAME TEXT: what the JSON has of that name, a number or a text, where it has
# it last. What has its default value is left out.
field()
{
    echo "$2" | sed -n "s/.*[{,]\"$1\":\"*\([^],\"}]*\).*/\1/p"
}

# uuid NAME: of the domain.
uuid()
{
    local domid path

    eval "domid=\$$1"
    path=$(xenstore-read "/local/domain/$domid/vm")
    echo "${path#/vm/}"
}

# given NAME: how much of its RAM the domain has regions in the place of, in KiB.
given()
{
    local domid

    eval "domid=\$$1"
    field given_memkb "$(kept "/libxl/$domid/shared_mem")"
}

# generation ID: of a region; grows with each change of its peers.
generation()
{
    field generation "$(kept "/libxl/shared_mem/$1")"
}

# destroy NAME...: xl comes back when they are gone.
destroy()
{
    local name

    for name; do
        must xl destroy "$name"
    done
}

# guest NAME WORD...: gives the agent guest a command, see guestctl. NAME may be
# a number.
guest()
{
    local name="$1" domid=''

    shift
    case $name in
    [!0-9]*) eval "domid=\${$name:-}" ;; # as create has set it
    esac
    ask guest "${domid:-$name}" "$@"
}

# faults ABORT NAME COMMAND GPA [WORD]...: the guest's own access to GPA ends in
# #GP(0), which has no address, or on Arm in an abort: data, or instruction if it
# goes on at GPA.
faults()
{
    local abort="$1" printed address=0x0 pc='0x[0-9a-f]*' cause=d00000000

    shift
    case $ARCH:$abort in
    arm64:data)        address=$(hex "$3") cause='96[0-9a-f]\{6\}' ;;
    arm64:instruction) address=$(hex "$3") cause='86[0-9a-f]\{6\}' ;;
    esac
    [ "$abort" != instruction ] || pc=$(hex "$3")
    printed=$(guest "$@") || true
    expr "$printed" : "$2: fault at $address (pc $pc, cause 0x$cause)\$" \
        >/dev/null || fail "$*: not the fault that should be, but: $printed"
}

# ---- the hypervisor's calls ---------------------------------------------------

gfn()
{
    printf '0x%x\n' $(($1 >> 12))
}

# in_ram NAME WORD...: these words, of 64 bits each, are the guest's memory from
# $FREE_RAM on.
in_ram()
{
    local name="$1" gpa="$FREE_RAM" word

    shift
    for word; do
        must guest "$name" write "$gpa" "$word" >/dev/null
        gpa=$((gpa + 8))
    done
}

# answer LINE COMMAND...: what it prints, whatever its status.
answer()
{
    local line="$1" printed

    shift
    printed=$("$@" 2>&1) || true
    assert_equal "the answer to: $*" "$printed" "$line"
}

# xen_map RESULT TO FROM FROM-GPA GPA [PAGES [FLAGS]]: one call of dom0's, for one
# page or so many. TO and FROM are domain numbers, FLAGS XENMEM_REGION_*. RESULT
# is "ok", or e.g. "EEXIST at 0x80001, 3 left".
xen_map()
{
    answer "map: $1" sharectl map "$2" "$3" "$(gfn "$4")" "$(gfn "$5")" \
        "${6:-1}" "${7:-0}"
}

# xen_map_fails ERROR TO FROM FROM-GPA GPA [PAGES [FLAGS]]: at the first page.
xen_map_fails()
{
    local error="$1"

    shift
    xen_map "$error at $(gfn "$4"), ${5:-1} left" "$@"
}

# removes NAME GPA: the guest takes the page off its own address space.
removes()
{
    answer "hypercall-remove: rc 0" guest "$1" hypercall-remove "$(gfn "$2")"
}

# must_be_free DOMID GPA, must_be_used DOMID GPA
must_be_free() { answer "probe: ok" sharectl probe "$1" "$(gfn "$2")" 1; }

must_be_used()
{
    answer "probe: EEXIST at $(gfn "$2"), 1 left" \
        sharectl probe "$1" "$(gfn "$2")" 1
}

# ---- what Xen and xenstore show -----------------------------------------------

no_domain_is_dying() { ! xl list | grep -q '^(null) '; }

# freepages [WANTED SLACK SECONDS]: Xen's free memory in 4 KiB pages, once it does
# not change; with WANTED it waits for so many, more or less, and is true if they
# came.
freepages()
{
    ask free "$@"
}

# must_lose_no_page COMMAND...: as many pages are free after the command as before.
# Xen's pools take a page now and then, and keep it, as do dom0's own page tables on
# Arm; what leaks loses some each time. So a command that lost some runs again, and
# must not have lost any in one of three times.
must_lose_no_page()
{
    local before time

    for time in 1 2 3; do
        before=$(freepages)
        "$@"
        ! freepages "$before" 0 5 || return 0
    done
    fail "pages are lost each time ($time): $*"
}

# All nodes of /local/shared_mem that have a value, sorted, in the form
# /local/shared_mem/ID1/owner = "1"
record()
{
    ask store /local/shared_mem
}

# assert_record <<EOF: the records are these, in any order. Variables set by
# create hold the domains' numbers.
assert_record()
{
    local answer wanted

    wanted=$(sort)
    question store /local/shared_mem
    assert_equal "the record" "$answer" "$wanted"
}

# assert_region ID SIZE OWNER [DOMID RANGE]...: the record has this region, with
# these mappings, and nothing else.
assert_region()
{
    local public="/local/shared_mem/$1" size="$2" owner="$3"

    shift 3
    {
        echo "$public/owner = \"$owner\""
        echo "$public/size = \"$size\""
        while [ $# -gt 0 ]; do
            echo "$public/mappings/$1 = \"$2\""
            shift 2
        done
    } | assert_record
}

# ---- a creation that is refused, beside a region in use ----------------------

# Where vm1 has its region, and an address that is free for vm9.
REGION=0x80000000
FREE=0x90000000

# vm1 shares ID1 (64 KiB), and writes to it.
start_peer()
{
    share vm1 "\"$REGION+64K = ID1\""
    must guest vm1 fill $REGION 64K 7 >/dev/null
    record >record-before
}

# vm1 and its region are as they were; a domain can still join. NEXT is the
# number that domain is to have.
end_peer()
{
    local next="$1"

    assert_equal "the record" "$(record)" "$(cat record-before)"
    must guest vm1 check $REGION 64K 7
    share vm2 "\"$FREE+64K = ID1\""
    assert_equal "the number of the next domain" "$vm2" "$next"
    must guest vm2 check $FREE 64K 7
    destroy vm1 vm2
}

# libxl_refuses ID REASON ENTRIES [LINE]...: with one line that names domain,
# region and reason.
libxl_refuses()
{
    local id="$1" reason="$2" entries="$3"

    shift 3
    config vm9 "static_shared_mem = [ $entries ]" "$@"
    expect_only \
        "libxl: error: domain vm9: static_shared_mem: region $id: $reason" \
        xl create vm9.cfg
    is_gone vm9 || fail "there is a domain vm9"
}

# ---- a region at a place of a guest's address space ---------------------------

# Outside of RAM: where the other peer of a region has it.
ELSEWHERE=0x80000000

hex() { printf '0x%x\n' "$1"; }

# fill_neighbours NAME GPA..., check_neighbours NAME GPA...: the guest's pages
# there are no region's, and keep what the guest writes while its peers talk.
fill_neighbours()
{
    local name="$1" gpa

    shift
    for gpa; do
        must guest "$name" fill "$gpa" 4K 901
    done
}

check_neighbours()
{
    local name="$1" gpa

    shift
    for gpa; do
        must guest "$name" check "$gpa" 4K 901
    done
}

# Each peer sees all that the other wrote to SIZE bytes.
talk()
{
    local one="$1" gpa1="$2" two="$3" gpa2="$4" size="$5"

    must guest "$two" zero "$gpa2" "$size"
    must guest "$one" zero "$gpa1" "$size"
    must guest "$one" fill "$gpa1" "$size" 51
    must guest "$two" check "$gpa2" "$size" 51
    must guest "$two" fill "$gpa2" "$size" 52
    must guest "$one" check "$gpa1" "$size" 52
}

# talk_beside HERE GPA THERE SIZE "NEIGHBOUR...": the guest THERE has the region
# ELSEWHERE. NEIGHBOURs are addresses of pages of the RAM of HERE.
talk_beside()
{
    # shellcheck disable=SC2086 # many words
    fill_neighbours "$1" $5
    talk "$1" "$2" "$3" $ELSEWHERE "$4"
    # shellcheck disable=SC2086
    check_neighbours "$1" $5
}

# placed GPA SIZE "NEIGHBOUR..." [LINE]...: a region there, of an owner and then
# of a borrower. The LINEs are for the domain's configuration.
placed()
{
    local gpa size="$2" neighbours="$3"

    gpa=$(hex "$1")
    shift 3

    share vm1 "\"$gpa+$size = region\"" "$@"
    share vm2 "\"$ELSEWHERE+$size = region\""
    talk_beside vm1 "$gpa" vm2 "$size" "$neighbours"
    destroy vm1 vm2

    share vm3 "\"$ELSEWHERE+$size = region\""
    share vm4 "\"$gpa+$size = region\"" "$@"
    talk_beside vm4 "$gpa" vm3 "$size" "$neighbours"
    destroy vm3 vm4
}
