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

# cost_of_page ROLE WITH-1-MIB WITH-17-MIB: prints the cost of a page; it has
# a bound that nothing but a mistake in the order of growth would pass.
cost_of_page()
{
    local page=$((($3 - $2) / 4096))

    echo "note: create, $1 of 1 MiB: $2 ns, of 17 MiB: $3 ns, a page: $page ns"
    [ $page -lt $PAGE_LIMIT ] || fail "a page costs too much"
}

PAGE_LIMIT=50000 # ns

case_each_page_of_a_region_costs_the_same() # limit 240
{
    local owner1 owner17 borrower1 borrower17

    owner1=$(time_share vm1 "0x80000000+1M")
    borrower1=$(time_share vm2 "0x90000000+1M")
    destroy vm1 vm2
    owner17=$(time_share vm1 "0x80000000+17M")
    borrower17=$(time_share vm2 "0x90000000+17M")
    destroy vm1 vm2
    cost_of_page owner "$owner1" "$owner17"
    cost_of_page borrower "$borrower1" "$borrower17"
}
