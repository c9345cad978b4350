# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets vm1; busybox: local
# What the option costs: nothing where it is not used, counted call by call
# against the unpatched tools; and figures, in instructions, where it is.

# run_xl TOOLS WORD...: TOOLS is stock or patched.
run_xl()
{
    local tools="$1"

    shift
    if [ "$tools" = stock ]; then
        LD_LIBRARY_PATH=/opt/stock /opt/stock/xl "$@"
    else
        xl "$@"
    fi
}

# xenstored's trace names each client and each request. A client that comes
# while it runs is xl; the one that ends it asks for nothing else (CONTROL).
begin_trace()
{
    must xenstore-control logfile "$PWD/store.trace" >/dev/null
}

# end_trace FILE: the number of xl's requests of each type.
end_trace()
{
    must xenstore-control log off >/dev/null
    awk '/^obj: CREATE connection / { client[$4] }
         /^io: IN / && $3 in client && $7 != "CONTROL" { print "store " $7 }
    ' store.trace | sort | uniq -c >"$1"
    rm store.trace
}

# traced TOOLS NAME WORD...: runs xl; the numbers of its hypercalls, and of
# other calls of Xen's devices, are in TOOLS-NAME.calls afterwards, those of
# its requests to xenstore in TOOLS-NAME.requests.
traced()
{
    local tools="$1" name="$2"

    shift 2
    begin_trace
    (
        export LD_PRELOAD=/usr/lib/xen_trace.so XEN_TRACE="$PWD/xen.trace"
        run_xl "$tools" "$@"
    ) || fail "xl $*, $tools"
    end_trace "$tools-$name.requests"
    grep '^call ' xen.trace | sort | uniq -c >"$tools-$name.calls"
    rm xen.trace
}

total()
{
    awk '{ sum += $1 } END { print sum + 0 }' "$1"
}

# print_counts NAME: the figures; there must be something to count.
print_counts()
{
    local kind tools

    for kind in calls requests; do
        for tools in stock patched; do
            [ -s "$tools-$1.$kind" ] || fail "no $kind in $1, $tools"
        done
        echo "note: $1 without the option: $kind: stock" \
            "$(total "stock-$1.$kind"), patched $(total "patched-$1.$kind")"
    done
}

# assert_same FILE: its numbers are the same with either tools.
assert_same()
{
    assert_equal "$1, patched" "$(cat "patched-$1")" "$(cat "stock-$1")"
}

# assert_one_more_read FILE: as assert_same, but one READ more may be there.
assert_one_more_read()
{
    awk '$3 == "READ" { $1 += 1 } { printf "%7d %s %s\n", $1, $2, $3 }' \
        "stock-$1" >wanted
    if ! cmp -s "patched-$1" "stock-$1"; then
        assert_equal "$1, patched" "$(cat "patched-$1")" "$(cat wanted)"
    fi
}

case_creating_without_the_option_asks_for_nothing_more() # limit 240
{
    local tools

    config vm1
    for tools in stock patched; do
        traced $tools create create -qe vm1.cfg
        must xl destroy vm1
    done
    print_counts create
    assert_same create.calls
    assert_same create.requests
}

case_destroying_without_the_option_reads_one_node_more() # limit 240
{
    local tools

    config vm1
    for tools in stock patched; do
        create vm1
        must guest vm1 ping
        traced $tools destroy destroy vm1
    done
    print_counts destroy
    assert_same destroy.calls
    assert_one_more_read destroy.requests
}

# With xl in the foreground it is xl that takes a guest down which powers off.
# Nothing else may ask xenstore meanwhile, so the guest is known by its number.
whole_life()
{
    local tools="$1" domid="$2"

    rm -f life-output # of the life before
    traced "$tools" life create -qF vm1.cfg >life-output 2>&1 &
    wait_for 60 grep -q '^Waiting for domain' life-output || {
        cat life-output
        fail "xl create -F, $tools"
    }
    must guestctl "$domid" shutdown 0
    wait $! || fail "xl create -F, $tools"
}

case_a_whole_life_without_the_option_reads_one_node_more() # limit 240
{
    config vm1
    create vm1
    destroy vm1
    whole_life stock $((vm1 + 1))
    whole_life patched $((vm1 + 2))
    print_counts life
    assert_same life.calls
    assert_one_more_read life.requests
}

# ---- figures --------------------------------------------------------------------

# time_create TOOLS NAME: creates the domain of NAME.cfg, and prints what the
# clock says: 1 ns is one instruction of the machine, or one in which it idled.
time_create()
{
    case $1 in
    stock) export LD_LIBRARY_PATH=/opt/stock
           must stopwatch time /opt/stock/xl create -qe "$2.cfg" ;;
    *)     must stopwatch time xl create -qe "$2.cfg" ;;
    esac
    unset LD_LIBRARY_PATH
    cat time
}

# time_share NAME RANGE: likewise, with a region.
time_share()
{
    config "$1" "static_shared_mem = [ \"$2 = ID1\" ]"
    time_create patched "$1"
}

case_without_the_option_the_cost_is_that_of_the_stock_tools() # limit 120
{
    local stock patched

    config vm1
    stock=$(time_create stock vm1)
    destroy vm1
    patched=$(time_create patched vm1)
    destroy vm1
    echo "note: create without the option: stock $stock ns, patched $patched ns"
    # Where ticks fall makes a few percent.
    [ "$patched" -lt $((stock + stock / 5)) ] || fail "it costs too much"
}

# least NAME COMMAND...: sets the variable to the least that the clock says for the
# creation of vm2 that the command times, of three: where ticks fall makes a few
# percent. Xen has scrubbed what the one before had.
least()
{
    local variable="$1" figure

    shift
    eval "$variable=9999999999"
    for _ in 1 2 3; do
        ask pause 1000
        figure=$("$@")
        eval "[ \$$variable -le $figure ] || $variable=$figure"
        destroy vm2
    done
}

# say_more WHAT NONE FIGURE LIMIT: no more percent than that.
say_more()
{
    local percent=$((($3 - $2) * 100 / $2))

    echo "note: create: $1: $3 ns, without the option $2 ns: $percent % more"
    [ $percent -le "$4" ] || fail "$1: more than $4 %"
}

case_a_region_of_1_MiB_costs_little_of_a_creation() # limit 240
{
    local none first borrow limit=14

    [ "$ARCH" = x86_64 ] || limit=22
    config vm2
    least none time_create patched vm2
    least first time_share vm2 0x80000000+1M
    config vm1 'static_shared_mem = [ "0x80000000+1M = ID1" ]'
    create vm1
    least borrow time_share vm2 0x90000000+1M
    destroy vm1
    say_more "the first domain of 1 MiB" "$none" "$first" $limit
    say_more "a borrower of 1 MiB" "$none" "$borrow" $limit
}

# timed COMMAND...: what the clock says.
timed()
{
    must stopwatch time "$@" >/dev/null
    cat time
}

# say_page WHAT FEW MANY PAGES LIMIT: of two figures, the second for so many pages
# more; a page takes no more than LIMIT instructions.
say_page()
{
    local page=$((($3 - $2) / $4))

    echo "note: $1: $2 ns, with $4 pages more $3 ns, a page $page"
    [ $page -le "$5" ] || fail "$1: $page instructions a page, more than $5"
}

FEW=512 MORE=65024 # pages: 2 MiB, and 254 MiB

# say_operations WHAT GFN MAP-LIMIT UNMAP-LIMIT: vm2 gets vm1's region there.
say_operations()
{
    local few_map few_unmap map unmap many=$((FEW + MORE))

    few_map=$(timed sharectl map "$vm2" "$vm1" 0x80000 "$2" $FEW)
    few_unmap=$(timed sharectl unmap "$vm2" "$2" $FEW)
    map=$(timed sharectl map "$vm2" "$vm1" 0x80000 "$2" $many)
    unmap=$(timed sharectl unmap "$vm2" "$2" $many)
    say_page "map, $1" "$few_map" "$map" $MORE "$3"
    say_page "unmap, $1" "$few_unmap" "$unmap" $MORE "$4"
}

# Most of it is Xen's loop that clears a page, which takes 896 instructions on x86_64;
# on Arm 256, and as many for the one that writes it back to memory.
case_a_new_page_costs_its_clearing() # limit 240
{
    local few many

    config vm2 'shadow_memory = 16'
    create vm2
    few=$(timed sharectl allocate "$vm2" 0x90000 $FEW)
    must sharectl unmap "$vm2" 0x90000 $FEW
    many=$(timed sharectl allocate "$vm2" 0x90000 $((FEW + MORE)))
    case $ARCH in
    x86_64) say_page allocate "$few" "$many" $MORE 1100 ;;
    arm64)  say_page allocate "$few" "$many" $MORE 750 ;;
    esac
    destroy vm2
}

case_each_page_costs_a_few_instructions() # limit 240
{
    share vm1 '"0x80000000+257M = ID1"'
    config vm2 'shadow_memory = 16'
    create vm2
    say_operations "entries of 2 MiB" 0x90000 40 60
    say_operations "of 4 KiB, for comparison" 0xa0001 5000 5000
    destroy vm1 vm2
}

# timed_life SIZE: sets the figures of SIZE: of the first domain, of a borrower, of
# attaching and detaching a region, and of the borrower's end.
timed_life()
{
    first=$(time_share vm1 "0x80000000+$1")
    borrow=$(time_share vm2 "0x90000000+$1")
    running vm3
    attach=$(timed xl shared-mem-attach vm3 "0xa0000000+$1 = ID1")
    detach=$(timed xl shared-mem-detach vm3 ID1)
    destroy=$(timed xl destroy vm2)
    destroy vm1 vm3
}

# What all of xl takes varies by millions of instructions, which is 100 a page or
# more. The first domain's pages are cleared by Xen; a domain's memory for page tables grows with its regions.
case_each_page_of_a_region_costs_the_same() # limit 240
{
    local first1 borrow1 attach1 detach1 destroy1

    timed_life 1M
    first1=$first borrow1=$borrow attach1=$attach detach1=$detach
    destroy1=$destroy
    timed_life 257M
    say_page "the first domain, 1 MiB" "$first1" "$first" 65536 1300
    say_page "a borrower, 1 MiB" "$borrow1" "$borrow" 65536 300
    say_page "attach, 1 MiB" "$attach1" "$attach" 65536 300
    say_page "detach, 1 MiB" "$detach1" "$detach" 65536 300
    say_page "destroy, 1 MiB" "$destroy1" "$destroy" 65536 300
}

# clock_kHz: of the counter that guests read.
clock_kHz()
{
    xl dmesg | case $ARCH in
    x86_64) awk '/Detected .* MHz processor/ { print int($(NF - 2) * 1000); exit }' ;;
    arm64)  sed -n 's/.*Freq: \([0-9]*\) KHz.*/\1/p' ;;
    esac
}

# With one CPU a guest stands still for as long as Xen does not look whether
# somebody else is to run; locks are held no longer. Xen's scheduler lets dom0 and
# a guest run for some milliseconds in turn.
case_nobody_else_waits_for_large_regions() # limit 240
{
    local kHz ticks

    running vm3
    config vm1 'shadow_memory = 16'
    create vm1
    config vm2 'shadow_memory = 16'
    create vm2
    kHz=$(clock_kHz)
    [ "$kHz" ] || fail "Xen's log does not tell the clock's rate"
    guestctl "$vm3" watch $((kHz * 2500)) >watched &
    must sharectl allocate "$vm1" 0x80000 65536
    must sharectl map "$vm2" "$vm1" 0x80000 0xa0001 65536
    must sharectl unmap "$vm1" 0x80000 65536
    must sharectl map "$vm1" "$vm2" 0xa0001 0x80000 65536
    destroy vm2
    must sharectl unmap "$vm1" 0x80000 65536
    must kill -0 $! # it has seen all of this
    wait $! || fail "$(cat watched)"
    ticks=$(sed -n 's/^watch: //p' watched)
    echo "note: a guest waits for its turn for $((ticks * 1000 / kHz)) us at most"
    [ $((ticks / kHz)) -lt 50 ] || fail "it waited for $((ticks / kHz)) ms"
    destroy vm1 vm3
}
