# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2034,SC2154,SC3043 # vm1; busybox: local
# What the toolstack does for a region's memory type and for caches, which QEMU
# does not model: the calls that xl really makes, with their arguments, as
# xen_trace.so writes them down. It is Xen that clears a region, and on Arm flushes
# it to memory, when it allocates the pages.

WRITE_BACK=6 # XEN_DMOP_MEM_CACHEATTR_WB
READONLY=1 # XENMEM_REGION_readonly

# Starts vm1, the owner, and vm2 with the two regions, and writes down what is
# done for each of them in vm1.trace and vm2.trace. ID1 begins inside a 2 MiB page.
start_traced()
{
    config vm1 'static_shared_mem = [ "0x80001000+9M = ID1",
                                      "0x90000000+8K = ID2" ]'
    config vm2 'static_shared_mem = [ "0xa0001000+9M = ID1",
                                      "0xb0000000+8K = ID2" ]'
    create_traced vm1
    create_traced vm2
}

create_traced()
{
    local name="$1"

    export LD_PRELOAD=/usr/lib/xen_trace.so XEN_TRACE="$PWD/$name.trace"
    create "$name"
    unset LD_PRELOAD XEN_TRACE
    grep -q '^call ' "$name.trace" || fail "nothing in $name.trace"
}

# For awk: the lines of a trace are WHAT DOMID GFN PAGES [FLAGS], the GFN in hex.
# shellcheck disable=SC2016 # awk's own variables
AWK_LIBRARY='
function number(text,    value, i)
{
    for (i = 3; i <= length(text); i++)
        value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
    return value
}
'

# problems TRACE DOMID GFN PAGES WHAT FLAGS: what is wrong with how the domain gets
# the range. Each of its pages must be allocated, or mapped, which is WHAT, once and
# with these flags; and it must not be touched by dom0, nor be flushed by it.
problems()
{
    awk -v domid="$2" -v first=$(($3)) -v pages="$4" -v what="$5" -v flags="$6" \
        "$AWK_LIBRARY"'
    function each(    gfn, end)
    {
        end = number($3) + $4
        for (gfn = number($3); gfn < end; gfn++)
            if (gfn >= first && gfn < first + pages) {
                if ($1 != what || $5 != flags)
                    bad[$1 " with the flags \"" $5 "\""]++
                else if (times[gfn]++)
                    bad[$1 " once more"]++
            }
    }
    $2 == domid && $1 ~ /^(map|flush|region-allocate|region-map|region-unmap)$/ {
        each()
    }
    END {
        for (gfn = first; gfn < first + pages; gfn++)
            if (!times[gfn])
                bad["no " what]++
        for (problem in bad)
            print problem ", pages: " bad[problem]
    }' "$1"
}

# touched TRACE DOMID GFN PAGES: the lines about any of these pages.
touched()
{
    awk -v domid="$2" -v first=$(($3)) -v pages="$4" "$AWK_LIBRARY"'
    $1 ~ /^(map|flush|region-allocate)$/ && $2 == domid &&
        number($3) < first + pages && number($3) + $4 > first
    ' "$1"
}

case_each_region_is_pinned_to_write_back_once_in_each_domain()
{
    [ "$ARCH" = x86_64 ] || skip "the memory type is not for the toolstack here"
    start_traced
    assert_equal "what is pinned in vm1" "$(grep '^pin ' vm1.trace)" \
"pin $vm1 0x80001 0x80900 $WRITE_BACK
pin $vm1 0x90000 0x90001 $WRITE_BACK"
    assert_equal "what is pinned in vm2" "$(grep '^pin ' vm2.trace)" \
"pin $vm2 0xa0001 0xa0900 $WRITE_BACK
pin $vm2 0xb0000 0xb0001 $WRITE_BACK"
    destroy vm1 vm2
}

case_a_new_region_is_cleared_by_Xen()
{
    start_traced
    assert_equal "what is wrong with ID1" \
        "$(problems vm1.trace "$vm1" 0x80001 2304 region-allocate 0)" ""
    assert_equal "what is wrong with ID2" \
        "$(problems vm1.trace "$vm1" 0x90000 2 region-allocate 0)" ""
    destroy vm1 vm2
}

case_a_reader_has_a_new_region_cleared_as_well()
{
    config vm1 'static_shared_mem = [ "0x90000000+8K = ID2, prot=ro" ]'
    create_traced vm1
    assert_equal "what is wrong with ID2" "$(problems vm1.trace "$vm1" 0x90000 2 \
        region-allocate $READONLY)" ""
    destroy vm1
}

case_a_borrowed_region_is_neither_written_nor_flushed()
{
    start_traced
    assert_equal "what is wrong with ID1" \
        "$(problems vm2.trace "$vm2" 0xa0001 2304 region-map 0)" ""
    assert_equal "what is wrong with ID2" \
        "$(problems vm2.trace "$vm2" 0xb0000 2 region-map 0)" ""
    assert_equal "what is done to ID1 for vm2" \
        "$(touched vm2.trace "$vm1" 0x80001 2304
           touched vm2.trace "$vm2" 0xa0001 2304)" ""
    assert_equal "what is done to ID2 for vm2" \
        "$(touched vm2.trace "$vm1" 0x90000 2
           touched vm2.trace "$vm2" 0xb0000 2)" ""
    # The trace does tell of such things.
    [ -n "$(touched vm1.trace "$vm1" 0x90000 2)" ] || fail "nothing for vm1"
    destroy vm1 vm2
}
