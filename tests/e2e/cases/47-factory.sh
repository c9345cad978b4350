# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets variables; local
# Factory pages and control pages: what the toolstack writes, read by the guests
# as 64-bit words at the offsets of docs/guest-abi.md, and how it is kept current.

PAGE=0x70000000 # outside of RAM
KEEPER=libxl-shared-mem-keeper

# In an entry of the table; the first one begins at 0x80.
GPA=0x20 GENERATION=0x28 PLACE=0x30 PEERS=0x38

# factory NAME ENTRIES [LINE]...: share, with a page at PAGE.
factory()
{
    local name="$1" entries="$2"

    shift 2
    share "$name" "$entries" "shared_mem_factory = $PAGE" "$@"
}

# word NAME OFFSET: of its page, in value.
word()
{
    value=$(must guest "$1" read "$(hex $((PAGE + $2)))")
    value=${value##* }
}

# assert_word NAME OFFSET WANTED
assert_word()
{
    word "$1" "$2"
    assert_equal "word $2 on the page of $1" "$value" "$3"
}

# entry NUMBER FIELD: prints the offset.
entry()
{
    echo $((0x80 + 0x40 * $1 + $2))
}

# assert_peers NAME ENTRY INDEX ALIVE [FLAGS]: INDEX and the mask ALIVE.
assert_peers()
{
    assert_word "$1" "$(entry "$2" $PEERS)" \
        "$(printf '0x%x' $((${5:-0} << 40 | $3 << 32 | $4)))"
}

# has_peers NAME ENTRY ALIVE: whether the mask is that.
has_peers()
{
    word "$1" "$(entry "$2" $PEERS)"
    [ $((value & 0xffffffff)) -eq $(($3)) ]
}

keepers()
{
    pidof $KEEPER || true
}

two_keepers()
{
    [ "$(keepers | wc -w)" -eq 2 ]
}

# settled_keepers: as two_keepers; none of them is one that has only started the
# other.
settled_keepers()
{
    wait_for 5 two_keepers || fail "keepers: $(keepers)"
    ask pause 500
    wait_for 5 two_keepers || fail "keepers: $(keepers)"
}

no_keepers()
{
    [ -z "$(keepers)" ]
}

# beats NAME [HUNDREDTHS]: the page's beat changes in that time, or in a second.
beats()
{
    local before

    word "$1" 0x58
    before=$value
    within "${2:-100}" other_beat "$1" "$before"
}

other_beat()
{
    word "$1" 0x58
    [ "$value" != "$2" ]
}

case_the_page_tells_a_guest_of_its_regions()
{
    # 64 KiB with a control page; two pages from the third on; RAM for reading only.
    share other '"0x80000000+32K = PART", "0x81000000+8K = READ"'
    factory vm1 "\"0x90000000+64K = ID1, control=yes\",\
 \"0x91000000+8K = PART, offset=0x2000\", \"$FREE_RAM+8K = READ, prot=ro\""

    assert_word vm1 0x00 0x4d534732474e4558
    assert_word vm1 0x08 0x90000000
    assert_word vm1 0x10 0x0
    # 15 pages of data, and "ID1" from 0x1c on.
    assert_word vm1 0x18 0x3144490000000f
    assert_word vm1 0x20 0x0
    assert_word vm1 0x38 0x0
    assert_word vm1 0x40 "$(printf '0x%x' $((vm1 << 32 | 0x10001)))"
    # Three entries; sequence is even, and 2 after the first writing.
    assert_word vm1 0x48 0x300000002
    assert_word vm1 0x50 0x4000000080

    assert_word vm1 "$(entry 0 0)" 0x314449
    assert_word vm1 "$(entry 0 $GPA)" 0x90000000
    assert_word vm1 "$(entry 0 $GENERATION)" "$(hex "$(generation ID1)")"
    assert_word vm1 "$(entry 0 $PLACE)" 0x10
    assert_peers vm1 0 0 0x1 2

    assert_word vm1 "$(entry 1 0)" 0x54524150
    assert_word vm1 "$(entry 1 $GPA)" 0x91000000
    assert_word vm1 "$(entry 1 $GENERATION)" "$(hex "$(generation PART)")"
    assert_word vm1 "$(entry 1 $PLACE)" 0x200000002
    assert_peers vm1 1 1 0x3

    assert_word vm1 "$(entry 2 0)" 0x44414552
    assert_word vm1 "$(entry 2 $GPA)" "$(hex "$FREE_RAM")"
    assert_word vm1 "$(entry 2 $PLACE)" 0x2
    assert_peers vm1 2 1 0x3 1

    # Behind the table there is nothing.
    assert_word vm1 "$(entry 3 0)" 0x0
    assert_word vm1 0xff8 0x0
    destroy vm1 other
}

case_a_page_inside_RAM_takes_the_place_of_RAM()
{
    local list

    PAGE=$(hex "$FREE_RAM")
    factory vm1 '"0x90000000+64K = ID1"'
    assert_word vm1 0x00 0x4d534732474e4558
    assert_word vm1 0x08 0x90000000
    # Without a control page all 16 pages are data.
    assert_word vm1 0x18 0x31444900000010
    fill_neighbours vm1 "$(hex $((PAGE - 0x1000)))" "$(hex $((PAGE + 0x1000)))"
    beats vm1
    check_neighbours vm1 "$(hex $((PAGE - 0x1000)))" "$(hex $((PAGE + 0x1000)))"
    assert_equal "RAM given" "$(given vm1)" 4

    # Outside of RAM it changes nothing in the domain's memory.
    PAGE=0x70000000
    factory vm2 '"0x80000000+64K = ID1"'
    assert_equal "RAM given" "$(given vm2)" ""
    list=$(xl list -l vm2 | grep shared_mem_factory | tr -d ' ",')
    assert_equal "the stored address" "$list" "shared_mem_factory:1879048192"
    destroy vm1 vm2
}

case_a_domain_with_a_page_and_no_region()
{
    config vm1 "shared_mem_factory = $PAGE"
    create vm1
    assert_word vm1 0x00 0x4d534732474e4558
    assert_word vm1 0x08 0x0
    # Status 6: no region is there to be selected.
    assert_word vm1 0x10 0x600000000
    assert_word vm1 0x48 0x2
    beats vm1
    assert_equal "the record" "$(record)" ""
    if [ "$ARCH" = x86_64 ]; then
        expect_only "libxl: error: Domain N:shared_mem_factory: a domain that\
 shares memory cannot be saved or migrated" xl save vm1 file
    fi
    destroy vm1
}

case_peers_that_come_and_go_are_on_all_pages_at_once()
{
    local first second

    factory vm1 '"0x90000000+64K = ID1", "0x91000000+4K = OWN"'
    assert_peers vm1 0 0 0x1
    word vm1 "$(entry 0 $GENERATION)"
    first=$value

    factory vm2 '"0x80000000+64K = ID1"'
    assert_peers vm1 0 0 0x3
    assert_peers vm2 0 1 0x3
    word vm1 "$(entry 0 $GENERATION)"
    second=$value
    [ $((second)) -gt $((first)) ] || fail "generation $second after $first"
    assert_word vm2 "$(entry 0 $GENERATION)" "$second"
    # The other region has not changed.
    assert_peers vm1 1 0 0x1

    destroy vm1
    assert_peers vm2 0 1 0x2

    # A peer that comes back is another one: its index is not used again at once.
    factory vm1 '"0x90000000+64K = ID1"'
    assert_peers vm1 0 2 0x6
    assert_peers vm2 0 1 0x6
    destroy vm2
    assert_peers vm1 0 2 0x4
    destroy vm1
}

# Whatever a peer does: no xl watches it, so it stays as it ended. It is a peer,
# for it has the memory, but it is not alive.
case_a_peer_that_ends_by_itself_is_off_within_a_second()
{
    local reason index=0

    factory vm1 '"0x90000000+64K = ID1"'
    for reason in 3 0 1; do
        index=$((index + 1))
        share vm2 '"0x80000000+64K = ID1"'
        has_peers vm1 0 $((1 << index | 1)) || fail "$value"
        ends vm2 $reason
        within_a_second has_peers vm1 0 0x1
        destroy vm2
    done

    # One that is paused is alive.
    share vm2 '"0x80000000+64K = ID1"'
    beats vm1
    has_peers vm1 0 0x11 || fail "$value"
    destroy vm1 vm2
}

case_a_guest_that_restarts_has_its_page_again()
{
    local before generation

    factory vm1 '"0x90000000+64K = ID1"'
    watched factory vm2 '"0x80000000+64K = ID1"' 'on_reboot = "restart"'
    before=$vm2
    word vm2 "$(entry 0 $GENERATION)"
    generation=$value
    ends vm2 1
    comes_back vm2 0x80000000-0x80010000
    assert_word vm2 0x40 "$(printf '0x%x' $((vm2 << 32 | 0x10001)))"
    [ "$vm2" != "$before" ] || fail "the same domain"
    assert_peers vm2 0 2 0x5
    assert_peers vm1 0 0 0x5
    word vm2 "$(entry 0 $GENERATION)"
    [ $((value)) -gt $((generation)) ] || fail "generation $value"
    destroy vm2 vm1
}

case_the_keeper_is_replaced_when_it_dies()
{
    local keepers pid

    factory vm1 '"0x90000000+64K = ID1"'
    wait_for 5 two_keepers || fail "keepers: $(keepers)"
    keepers=$(keepers)
    for pid in $keepers; do
        share vm2 '"0x80000000+64K = ID1"'
        kill -9 "$pid"
        beats vm1 300 # another one has to begin
        ends vm2 3
        # Meanwhile it starts another standby.
        within 300 has_peers vm1 0 0x1
        wait_for 5 two_keepers || fail "keepers: $(keepers)"
        destroy vm2
    done
    for pid in $(keepers); do
        case " $keepers " in
        *" $pid "*) fail "$pid lives" ;;
        esac
    done

    # It ends with the last page.
    destroy vm1
    wait_for 5 no_keepers || fail "keepers: $(keepers)"
}

# Both at once: nobody can notice but the guest, whose beat stands still.
case_the_guest_sees_that_nobody_keeps_its_page()
{
    factory vm1 '"0x90000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    wait_for 5 two_keepers || fail "keepers: $(keepers)"
    # shellcheck disable=SC2046 # two numbers
    kill -9 $(keepers)
    wait_for 5 no_keepers || fail "keepers: $(keepers)"
    ends vm2 3
    word vm1 0x58
    usleep 1500000 # what is shown is that nothing happens
    assert_word vm1 0x58 "$value"
    has_peers vm1 0 0x3 || fail "$value"

    # The next domain with a page brings them back.
    factory vm3 '"0x80000000+64K = ID1"'
    assert_peers vm1 0 0 0x5
    beats vm1
    beats vm3
    destroy vm1 vm2 vm3
}

# Somebody has the lock, for as long as it takes to clear and to map a large
# region.
case_the_keeper_does_not_wait_for_others()
{
    local holder
    local lock=/var/lib/xen/userdata-l.0.00000000-0000-0000-0000-000000000000.shared-mem-lock

    factory vm1 '"0x90000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    holdlock $lock sleep 30 &
    holder=$!
    wait_for 5 has_lock $holder || fail "nobody has the lock"

    beats vm1
    ends vm2 3
    within_a_second has_peers vm1 0 0x1
    beats vm1
    has_lock $holder || fail "nobody has the lock any more"
    kill $holder
    destroy vm1 vm2
}

# Nobody tells of it: xenstore knows of domains' ends only.
case_a_domain_that_is_resumed_is_alive_again()
{
    [ "$ARCH" = x86_64 ] || skip "xl has no resume on $ARCH"

    factory vm1 '"0x90000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    ends vm2 2
    within_a_second has_peers vm1 0 0x1
    must xl resume vm2
    within 500 has_peers vm1 0 0x3
    destroy vm1 vm2
}

# beats_alone NAME OTHER: the beat of OTHER stands still while that of NAME goes on.
beats_alone()
{
    local still

    word "$2" 0x58
    still=$value
    beats "$1" 300
    beats "$1" 300
    word "$2" 0x58
    [ "$value" = "$still" ]
}

# Lines in the keeper's log that say so.
complaints()
{
    grep -c -e "$1" /var/log/xen/shared-mem-keeper.log || true
}

# breaks NODE, mends: what libxl keeps there is no JSON, and is again. The keeper,
# which has watches elsewhere, is told of it.
breaks()
{
    broken=$1
    before=$(must kept "$broken")
    must xenstore-write "$broken" here
    must xenstore-write /libxl/shared_mem_factories ""
}

mends()
{
    must xenstore-write "$broken" "$before"
    must xenstore-write /libxl/shared_mem_factories ""
}

# What xenstore has of one domain cannot be read. The others do not notice, and the
# keeper is not at an end for it.
case_who_cannot_be_kept_current_has_no_beat()
{
    local keepers broken before

    factory vm1 '"0x90000000+64K = ID1"'
    factory vm2 '"0x80000000+64K = ID2"'
    wait_for 5 two_keepers || fail "keepers: $(keepers)"
    keepers=$(keepers)

    # What is kept of it.
    breaks "/libxl/$vm1/shared_mem"
    wait_for 5 beats_alone vm2 vm1 || fail "the beat goes on"
    mends
    beats vm1 300

    # The record of its region: the page is out of date for as long.
    breaks /libxl/shared_mem/ID1
    wait_for 10 beats_alone vm2 vm1 || fail "the beat goes on"
    mends
    beats vm1 500

    # It is the only one: the keeper waits.
    destroy vm2
    breaks "/libxl/$vm1/shared_mem"
    usleep 1500000 # what is shown is that nothing happens
    mends
    beats vm1 300
    assert_equal "the keepers" "$(keepers)" "$keepers"
    destroy vm1
}

# complains_again BEFORE: of the page of vm1, which is another line.
complains_again()
{
    [ "$(complaints "Domain $vm1:shared_mem_factory: can't map")" -gt "$1" ]
}

# It harms nobody, and does not fill the disk.
case_a_guest_takes_its_page_away_and_puts_another_one_there()
{
    local before round

    factory vm1 '"0x90000000+64K = ID1"'
    factory vm2 '"0x80000000+64K = ID1"'
    before=$(complaints "Domain $vm1:shared_mem_factory: can't map")
    # A balloon has no hold on it: it is no memory of the guest's own.
    answer "hypercall: rc 0" balloon vm1 $PAGE
    beats vm1
    answer "hypercall: rc 1" balloon vm1 $((FREE_RAM + 0x8000)) # makes room
    removes vm1 $PAGE
    # Nobody tells the keeper: it looks every four seconds.
    wait_for 6 complains_again "$before" || fail "no complaint"
    # shellcheck disable=SC2034 # so many times
    for round in 1 2 3 4 5 6; do
        beats vm2
    done
    assert_equal "lines in the log" \
        "$(complaints "Domain $vm1:shared_mem_factory: can't map")" $((before + 1))
    answer "hypercall: rc 1" change_page vm1 6 $PAGE
    beats vm1 600
    assert_word vm1 0x00 0x4d534732474e4558
    assert_peers vm1 0 0 0x3
    destroy vm1 vm2
}

# all_new PIDS: two keepers, none of which is among them.
all_new()
{
    local pid

    for pid in $(keepers); do
        case " $1 " in
        *" $pid "*) return 1 ;;
        esac
    done
    two_keepers
}

# None of them can do anything for a while. One that gives up leaves it to the next
# one, and never to nobody.
case_keepers_that_reach_nothing_do_not_give_up()
{
    local before node lock=/var/run/xen/shared-mem-pages.lock

    factory vm1 '"0x90000000+64K = ID1"'
    wait_for 5 two_keepers || fail "keepers: $(keepers)"
    before=$(keepers)
    until mkdir $lock 2>/dev/null; do
        rm -f $lock
    done
    # They have nothing to do until something happens.
    node=/libxl/shared_mem_factories/$vm1
    xenstore-write "$node" ""
    wait_for 60 all_new "$before" || fail "keepers: $(keepers), before: $before"
    rmdir $lock
    beats vm1 600
    wait_for 5 two_keepers || fail "keepers: $(keepers)"
    destroy vm1
    wait_for 5 no_keepers || fail "keepers: $(keepers)"
}

case_a_keeper_that_cannot_be_started()
{
    local keeper=/usr/lib/xen/bin/$KEEPER

    share vm1 '"0x80000000+64K = ID1"'
    record >before
    mv $keeper $keeper.away
    config vm9 'static_shared_mem = [ "0x90000000+64K = ID1" ]' \
        "shared_mem_factory = $PAGE"
    expect_fail "libxl: cannot execute $keeper: No such file or directory" \
        xl create vm9.cfg
    mv $keeper.away $keeper
    is_gone vm9 || fail "there is a domain vm9"
    assert_equal "the record" "$(record)" "$(cat before)"
    factory vm2 '"0x90000000+64K = ID1"'
    assert_peers vm2 0 2 0x5
    destroy vm1 vm2
}

# A guest that writes to its own page harms itself only, and not for long.
case_what_a_guest_writes_to_its_page_does_not_last()
{
    local offset

    factory vm1 '"0x90000000+64K = ID1"'
    factory vm2 '"0x80000000+64K = ID1"'
    for offset in 0x00 0x08 0x40 0x48 0x50 0x58 0x80 0xa0 0xb8 0x100 0xff8; do
        must guest vm1 write "$(hex $((PAGE + offset)))" 0xffffffffffffffff
    done
    assert_peers vm2 0 1 0x3
    share vm3 '"0x80000000+64K = ID1"'
    assert_word vm1 0x00 0x4d534732474e4558
    assert_word vm1 0x50 0x4000000080
    assert_word vm1 "$(entry 0 $GPA)" 0x90000000
    assert_word vm1 0x100 0x0
    assert_word vm1 0xff8 0x0
    assert_peers vm1 0 0 0x7
    word vm1 0x48
    [ $((value & 1)) -eq 0 ] || fail "sequence $value"
    destroy vm1 vm2 vm3
}

# refused REASON PAGE ENTRIES [LINE]...: with a page there.
refused()
{
    local reason="$1" page="$2" entries="$3"

    shift 3
    config vm9 "shared_mem_factory = $page" "static_shared_mem = [ $entries ]" "$@"
    expect_only "libxl: error: domain vm9: shared_mem_factory: $reason" \
        xl create vm9.cfg
    is_gone vm9 || fail "there is a domain vm9"
}

# badly_written LINE PAGE: the error line behind the place in the file.
badly_written()
{
    config vm9 "shared_mem_factory = $2"
    expect_only "vm9.cfg:$(wc -l <vm9.cfg):$1" xl create vm9.cfg
}

case_pages_that_hit_something_are_refused()
{
    local number many='' free

    refused "the page overlaps the range of region ID1" 0x80001000 \
        '"0x80000000+64K = ID1"'

    free="$(hex $((RAM_END)))-$(hex $((RAM_END + 0x1000))) is free"
    if [ "$ARCH" = x86_64 ]; then
        refused "0xfee00000-0xfee01000 overlaps the local APIC,\
 0xfee00000-0xfee01000; $free" 0xfee00000 '"0x80000000+64K = ID1"'
    else
        refused "0x3010000-0x3011000 overlaps the GICv3 distributor,\
 0x3001000-0x3011000; $free" 0x3010000 '"0x80000000+64K = ID1"'
    fi

    for number in $(seq 63); do
        many="$many\"$(hex $((0x80000000 + number * 0x10000)))+4K = R$number\","
    done
    refused "the page has room for 62 regions, and the domain has 63" $PAGE "$many"
}

case_errors_of_the_option_name_the_place()
{
    badly_written "22: config parsing error in shared_mem_factory: ADDR is not a\
 multiple of 4096: the nearest are 0x70000000 and 0x70001000: near '0x70000800'\
 in '0x70000800'" 0x70000800
    badly_written "23: config parsing error in shared_mem_factory: ADDR is not a\
 number: use decimal digits, or 0x and hex digits: near 'here' in 'here'" '"here"'
    badly_written "22: config parsing error in shared_mem_factory: it must be one\
 address, not a list: near '[...]' in '[...]'" '[ 0x70000000 ]'
    badly_written "34: config parsing error in shared_mem_factory: expected nothing\
 after the address: near '4K' in '0x70000000 4K'" '"0x70000000 4K"'
    badly_written "23: config parsing error in shared_mem_factory: ADDR must be\
 below 2^52: near '0x10000000000000' in '0x10000000000000'" '"0x10000000000000"'
}

case_all_peers_agree_on_the_control_page()
{
    factory vm1 '"0x90000000+64K = ID1, control=yes", "0x91000000+4K = ID2"'
    must guest vm1 zero 0x90000000 64K
    libxl_refuses ID1 "control=no, but the region, which domain $vm1 owns, has a\
 control page: all peers have to agree" '"0x80000000+64K = ID1"'
    libxl_refuses ID2 "control=yes, but the region, which domain $vm1 owns, has no\
 control page: all peers have to agree" '"0x80000000+4K = ID2, control=yes"'

    factory vm2 '"0x80000000+64K = ID1, control=yes"'
    factory vm3 '"0x80000000+4K = ID1, control=yes, offset=0x1000"'
    {
        echo '/local/shared_mem/ID1/control = "1"'
        echo "/local/shared_mem/ID1/owner = \"$vm1\""
        echo '/local/shared_mem/ID1/size = "0x10000"'
        echo "/local/shared_mem/ID1/mappings/$vm1 = \"0x90000000-0x90010000\""
        echo "/local/shared_mem/ID1/mappings/$vm2 = \"0x80000000-0x80010000\""
        echo "/local/shared_mem/ID1/mappings/$vm3 = \"0x80000000-0x80001000\""
        echo "/local/shared_mem/ID1/mappings/$vm3/offset = \"0x1000\""
        echo "/local/shared_mem/ID2/owner = \"$vm1\""
        echo '/local/shared_mem/ID2/size = "0x1000"'
        echo "/local/shared_mem/ID2/mappings/$vm1 = \"0x91000000-0x91001000\""
    } | assert_record
    # Behind the control page, one page is data, and begins where the mapping does.
    assert_word vm3 0x08 0x80000000
    assert_word vm3 0x18 0x31444900000001
    assert_peers vm3 0 2 0x7 2
    destroy vm1 vm2 vm3
}

# What the keeper has: open files, and memory in KiB.
keeper_figures()
{
    local pid

    for pid in $(keepers); do
        find "/proc/$pid/fd" -type l | wc -l
        sed -n 's/^VmRSS:[ \t]*\([0-9]*\) kB$/\1/p' "/proc/$pid/status"
    done
}

case_the_keeper_does_not_grow()
{
    local round

    factory vm1 '"0x90000000+64K = ID1"'
    wait_for 5 two_keepers || fail "keepers: $(keepers)"
    for round in 1 2 3 4 5 6; do
        [ "$round" -ne 3 ] || keeper_figures >before
        factory vm2 '"0x80000000+64K = ID1"'
        destroy vm2
    done
    keeper_figures >after
    # Open files are the same, memory within what malloc keeps.
    paste before after | awk '
        NR % 2 ? $1 != $2 : $2 - $1 > 64 { print "was " $1 ", is " $2; wrong = 1 }
        END { exit wrong || NR != 4 }' || fail "the keepers grow"
    destroy vm1
}

# ---- cost ---------------------------------------------------------------------

IDLE_SECONDS=12

# traced COMMAND...: what a keeper that starts then asks of Xen is in xen.trace.
traced()
{
    export LD_PRELOAD=/usr/lib/xen_trace.so XEN_TRACE="$PWD/xen.trace"
    "$@"
    unset LD_PRELOAD XEN_TRACE
}

# counted PATTERN: so many lines of idle.trace.
counted()
{
    grep -c -e "$1" idle.trace || true
}

# idles PAGES [ENDED]: with so many pages on the host, and peers that have ended,
# and nothing happening. Nobody but the keeper has anything to ask for then.
idles()
{
    local lines requests maps flushes calls minute=$((60 / IDLE_SECONDS)) \
        looked_at=$(($1 + ${2:-0}))

    # For what has just happened: if the keeper found the lock taken then, it has
    # dealt with it at its next look.
    ask pause 5000
    touch xen.trace
    must xenstore-control logfile "$PWD/store.trace" >/dev/null
    lines=$(wc -l <xen.trace)
    ask pause $((IDLE_SECONDS * 1000))
    tail -n +$((lines + 1)) xen.trace >idle.trace
    must xenstore-control log off >/dev/null
    requests=$(awk '/^io: IN / && $7 != "CONTROL"' store.trace | wc -l)
    grep -q '^io: IN ' store.trace || fail "nothing in xenstored's trace"
    rm store.trace

    maps=$(counted '^map \|^unmap \|mmapbatch')
    flushes=$(counted '^flush ')
    calls=$(counted '^call [^m]\|^call m[^u]') # a multicall's parts are listed, too
    echo "note: an idle keeper, factory pages: $1; a minute: xenstore requests" \
        "$((requests * minute)), maps and unmaps $((maps * minute))," \
        "flushes $((flushes * minute)), hypercalls $((calls * minute))"
    assert_equal "the number of requests" "$requests" 0
    assert_equal "the number of maps and unmaps" "$maps" 0
    assert_equal "the number of flushes" "$flushes" 0
    # The look each four seconds, or a little more often.
    [ "$calls" -le $((looked_at * (IDLE_SECONDS / 4 + 1))) ] || {
        cat idle.trace
        fail "$calls calls"
    }
}

case_an_idle_keeper_asks_for_nothing() # limit 300
{
    local number

    traced factory vm1 '"0x90000000+64K = ID1"'
    beats vm1
    idles 1
    for number in 2 3 4 5 6 7 8; do
        factory vm$number '"0x90000000+64K = ID1"'
    done
    beats vm8
    idles 8
    beats vm1
    destroy vm1 vm2 vm3 vm4 vm5 vm6 vm7 vm8
}

# A peer that has ended costs two hypercalls each four seconds, and no more.
case_a_peer_that_has_ended_costs_two_calls() # limit 180
{
    traced factory vm1 '"0x90000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    ends vm2 3
    within_a_second has_peers vm1 0 0x1
    idles 1 2
    destroy vm1 vm2
}

# comes_and_goes: beside vm1, which has the keeper stay.
comes_and_goes()
{
    factory vm2 '"0x80000000+64K = ID1"'
    beats vm2
    destroy vm2
}

case_no_page_of_a_domain_that_is_gone_is_kept() # limit 240
{
    factory vm1 '"0x90000000+64K = ID1"'
    must_lose_no_page comes_and_goes
    destroy vm1
}

entry_is_gone()
{
    ! xenstore-exists "/libxl/shared_mem_factories/$1"
}

# No libxl has a part in the end of vm2: the keeper alone lets go of its page, and
# takes it off the record.
dies_beside()
{
    local uuid node

    factory vm2 '"0x80000000+64K = ID1"'
    has_peers vm1 0 0x1 && fail "nobody has come"
    uuid=$(uuid vm2)
    must domainctl destroy "$vm2"
    wait_for 5 entry_is_gone "$vm2" || fail "it is still listed"
    within_a_second has_peers vm1 0 0x1
    for node in "/local/domain/$vm2" "/local/domain/0/backend/console/$vm2" \
        "/vm/$uuid" "/libxl/$vm2"
    do
        must xenstore-rm "$node"
    done
    rm -f /var/lib/xen/userdata-?."$vm2".*
}

case_the_keeper_lets_go_of_a_domain_that_nobody_took_down() # limit 240
{
    factory vm1 '"0x90000000+64K = ID1"'
    must_lose_no_page dies_beside
    destroy vm1
}

# ---- service ------------------------------------------------------------------

# service: starts it as its supervisor does; its number is in the variable keeper.
service()
{
    /usr/lib/xen/bin/$KEEPER --foreground 2>>service.log &
    keeper=$!
}

one_keeper()
{
    [ "$(keepers)" = "$1" ]
}

has_no_keeper_lock()
{
    ! has_lock "$1"
}

case_a_keeper_that_is_a_service_has_no_other_beside_it() # limit 240
{
    local keeper old

    service
    wait_for 5 has_lock "$keeper" || fail "it has no lock: $(cat service.log)"
    # It stays, with nothing to do.
    idles 0
    factory vm1 '"0x90000000+64K = ID1"'
    beats vm1
    one_keeper "$keeper" || fail "keepers: $(keepers)"

    # Who has started it starts it again, and nobody else has to.
    old=$keeper
    kill -9 "$old"
    service
    beats vm1 300 # it has to begin
    one_keeper "$keeper" || fail "keepers: $(keepers)"
    share vm2 '"0x80000000+64K = ID1"'
    ends vm2 3
    within_a_second has_peers vm1 0 0x1

    destroy vm1 vm2
    ask pause 1000
    one_keeper "$keeper" || fail "keepers: $(keepers)"
    kill "$keeper"
    wait_for 5 no_keepers || fail "keepers: $(keepers)"
    assert_equal "its errors" "$(cat service.log)" ""
}

case_a_service_that_begins_late_takes_over() # limit 240
{
    local keeper pid others

    factory vm1 '"0x90000000+64K = ID1"'
    settled_keepers
    others=$(keepers)
    service
    ask pause 1000
    has_no_keeper_lock "$keeper" || fail "two keepers"
    for pid in $others; do
        kill -9 "$pid"
        beats vm1 300
    done
    wait_for 5 one_keeper "$keeper" || fail "keepers: $(keepers), $keeper"
    beats vm1
    destroy vm1
    kill "$keeper"
    wait_for 5 no_keepers || fail "keepers: $(keepers)"
}

# The init script starts it again, and a standby is of no use.
case_the_init_script_supervises_the_keeper() # limit 180
{
    local script=/etc/init.d/xen-shared-mem-keeper old

    mkdir -p /etc/xen/scripts
    {
        echo LIBEXEC_BIN=/usr/lib/xen/bin
        echo XEN_RUN_DIR=/run/xen
        echo XEN_LOG_DIR=/var/log/xen
    } >/etc/xen/scripts/hotplugpath.sh
    chmod +x $script
    ! $script status || fail "it runs"
    must $script start
    must $script status
    must $script start # does nothing
    factory vm1 '"0x90000000+64K = ID1"'
    beats vm1
    ask pause 1000 # it is started no more often
    old=$(keepers)
    one_keeper "$old" || fail "keepers: $old"
    kill -9 "$old"
    beats vm1 300 # another one has to begin
    [ "$(keepers)" != "$old" ] || fail "keepers: $old"
    must $script restart
    beats vm1 300
    destroy vm1
    must $script stop
    wait_for 5 no_keepers || fail "keepers: $(keepers)"
    ! $script status || fail "it runs"
    rm -r /etc/xen/scripts
}

# files PID: those that it has open.
files()
{
    local file

    for file in "/proc/$1/fd"/*; do
        readlink "$file" || true
    done
}

# What a service is ended with that created a domain, the keeper is not.
case_a_keeper_has_nothing_of_who_started_it() # limit 180
{
    local pid group=/sys/fs/cgroup/creator

    grep -q 'cgroup2$' /proc/filesystems || skip "dom0 has no cgroup v2"
    grep -q ' /sys/fs/cgroup cgroup2 ' /proc/mounts || must mount -t cgroup2 none /sys/fs/cgroup
    mkdir -p $group
    echo 9 >left-open
    # The shell that creates the domain is in the group, and has a file open.
    (
        sh -c "echo \$PPID" >creator
        cat creator >$group/cgroup.procs
        exec 9<left-open
        factory vm1 '"0x90000000+64K = ID1"'
    ) || fail "no domain"
    number_of vm1
    settled_keepers
    for pid in $(keepers); do
        assert_equal "the cgroup of a keeper" "$(cat "/proc/$pid/cgroup")" "0::/"
        ! files "$pid" | grep left-open || fail "$pid has a file of its creator"
        assert_equal "the session of a keeper" "$(cut -d' ' -f6 "/proc/$pid/stat")" "$pid"
    done
    assert_equal "who is left in the group" "$(cat $group/cgroup.procs)" ""
    beats vm1
    destroy vm1
    rmdir $group
    umount /sys/fs/cgroup
}
