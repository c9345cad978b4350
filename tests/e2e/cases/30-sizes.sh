# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154 # create sets variables
# Regions of many sizes, many regions, and many peers.

# check_region SIZE OWNER-GPA BORROWER-GPA: each peer sees all that the other
# wrote, and the region was zero at first.
check_region()
{
    local size="$1" begin1="$2" begin2="$3"

    share vm1 "\"$begin1+$size = region\""
    share vm2 "\"$begin2+$size = region\""
    must guest vm2 zero "$begin2" "$size"
    must guest vm1 fill "$begin1" "$size" 51
    must guest vm2 check "$begin2" "$size" 51
    must guest vm2 fill "$begin2" "$size" 52
    must guest vm1 check "$begin1" "$size" 52
    destroy vm1 vm2
}

case_one_page()
{
    check_region 4K 0x60007000 0x80003000
}

case_two_MiB_and_a_page()
{
    check_region 2052K 0x60000000 0x80001000
}

case_256_MiB() # limit 180
{
    check_region 256M 0x200000000 0x240200000
}

case_a_region_across_1_GiB_at_odd_addresses()
{
    check_region 4100K 0x7fdff000 0x9fffd000
}

# entries COUNT FIRST-GPA STEP: a list of one-page regions page1, page2, ...
entries()
{
    local i list=

    for i in $(seq "$1"); do
        list="$list${list:+, }\"$(printf 0x%x $(($2 + i * $3)))+4K = page$i\""
    done
    echo "$list"
}

case_60_regions_in_one_domain() # limit 180
{
    local i

    share vm1 "$(entries 60 0x60000000 0x1000)" 'shared_mem_factory = 0x70000000'
    # Far apart, so that each needs page tables of its own.
    share vm2 "$(entries 60 0x200000000 0x40000000)"
    for i in 1 2 31 59 60; do
        must guest vm1 write $((0x60000000 + i * 0x1000)) $((i * 1001))
    done
    for i in 1 2 31 59 60; do
        gpa=$(printf 0x%x $((0x200000000 + i * 0x40000000)))
        assert_equal "what vm2 reads of page$i" "$(guest vm2 read "$gpa")" \
            "read $gpa: $(printf 0x%x $((i * 1001)))"
    done
    assert_equal "the number of mappings" "$(record | grep -c /mappings/)" 120
    # All of them are on the factory page: 60, and the last one, with both peers.
    assert_equal "count and sequence" "$(guest vm1 read 0x70000048)" \
        "read 0x70000048: 0x3c00000004"
    gpa=$(printf 0x%x $((0x70000080 + 59 * 0x40 + 0x20)))
    assert_equal "where page60 is" "$(guest vm1 read "$gpa")" \
        "read $gpa: 0x6003c000"
    gpa=$(printf 0x%x $((gpa + 0x18)))
    assert_equal "its peers" "$(guest vm1 read "$gpa")" "read $gpa: 0x3"
    destroy vm1
    assert_equal "the number of mappings" "$(record | grep -c /mappings/)" 60
    destroy vm2
}

# in_odd_RAM FIRST SECOND: it begins and ends within larger entries of both guests'
# RAM, and they go in that order.
in_odd_RAM()
{
    local gpa=$((FREE_RAM + 0x1000))

    share vm1 "\"$gpa+3M = ID1\""
    share vm2 "\"$gpa+3M = ID1\""
    must guest vm1 fill $((gpa - 0x1000)) 4K 7
    must guest vm2 fill $((gpa + 0x300000)) 4K 8
    must guest vm2 zero $gpa 3M
    must guest vm1 fill $gpa 3M 9
    must guest vm2 check $gpa 3M 9
    must guest vm1 check $((gpa - 0x1000)) 4K 7
    must guest vm2 check $((gpa + 0x300000)) 4K 8
    destroy "$1"
    must guest "$2" check $gpa 3M 9
    destroy "$2"
}

# SOAK_ODD in the environment of run-boot: more of these rounds.
case_a_region_at_an_odd_page_of_RAM() # limit 240
{
    local round

    for round in $(seq "${SOAK_ODD:-3}"); do
        echo "round $round"
        must_lose_no_page in_odd_RAM vm1 vm2
        must_lose_no_page in_odd_RAM vm2 vm1
    done
}

case_8_domains_on_one_region() # limit 180
{
    local i offset

    for i in 1 2 3 4 5 6 7 8; do
        share vm$i "\"$(printf 0x%x $((0x60000000 + i * 0x10000)))+64K = ID1\""
    done
    assert_equal "the owner" "$(xenstore-read /local/shared_mem/ID1/owner)" \
        "$vm1"
    # Each writes a page of its own, and all read all of them.
    for i in 1 2 3 4 5 6 7 8; do
        offset=$((i * 0x1000))
        must guest vm$i fill $((0x60000000 + i * 0x10000 + offset)) 4K 6 $offset
    done
    for i in 1 2 3 4 5 6 7 8; do
        must guest vm$i check $((0x60000000 + i * 0x10000 + 0x1000)) 32K 6 0x1000
    done
    destroy vm1 vm3 vm8 vm2 vm5 vm7 vm6 vm4
}
