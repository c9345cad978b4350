# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets vm1; busybox: local
# Where a region may lie in a guest: outside its RAM, in it, on every kind of
# boundary, for the domain that owns it as for the one that borrows it. Each
# time both sides check all bytes, and the pages of RAM beside the region stay
# the guest's own.

# A small guest's RAM, and where it is free for the cases to use.
case $ARCH in
x86_64) RAM=0x0 RAM_END=0x1000000 ;;
arm64)  RAM=0x40000000 RAM_END=0x41000000 ;;
esac
SUPERPAGE=$((RAM + 0x800000))  # a 2 MiB boundary with free RAM on both sides
MEMORY='memory = 16'

# memory_of NAME: in MiB, as xl shows it.
memory_of()
{
    xl list "$1" | awk 'NR == 2 { print $3 }'
}

case_outside_RAM()
{
    placed 0x60000000 64K ""
}

case_inside_RAM()
{
    placed $((SUPERPAGE + 0x10000)) 64K \
        "$((SUPERPAGE + 0xf000)) $((SUPERPAGE + 0x20000))"
}

case_inside_RAM_a_whole_superpage()
{
    placed $SUPERPAGE 2M "$((SUPERPAGE - 0x1000)) $((SUPERPAGE + 0x200000))"
}

case_inside_RAM_across_a_superpage_boundary()
{
    placed $((SUPERPAGE - 0x1000)) 8K \
        "$((SUPERPAGE - 0x2000)) $((SUPERPAGE + 0x1000))"
}

# In a guest with little RAM, Arm's device tree is at its end.
more_ram()
{
    [ "$ARCH" = arm64 ] || return 0
    RAM_END=$((RAM + 0x9000000))
    MEMORY='memory = 144'
}

case_the_last_page_of_RAM()
{
    more_ram
    placed $((RAM_END - 0x1000)) 4K "$((RAM_END - 0x2000))" "$MEMORY"
}

case_the_first_page_behind_RAM()
{
    placed "$RAM_END" 4K "$((RAM_END - 0x1000))"
}

case_outside_RAM_above_4_GiB()
{
    placed 0x180000000 64K ""
}

# here: the entries of a guest that has a region at each kind of place; some
# are next to each other, in RAM and across its end. there: those of a peer.
all_places()
{
    local place gpa size i=0

    here='' there=''
    for place in \
        $((SUPERPAGE + 0x10000))+64K $((SUPERPAGE + 0x20000))+4K \
        $((SUPERPAGE + 0x200000))+2M $((SUPERPAGE + 0x5ff000))+8K \
        $((RAM_END - 0x1000))+4K $((RAM_END))+4K 0x60000000+64K \
        0x180000000+64K 0x180010000+4K
    do
        size=${place#*+} gpa=${place%+*}
        here="$here \"$(hex "$gpa")+$size = place$i\","
        there="$there \"$(hex $((ELSEWHERE + i * 0x1000000)))+$size = place$i\","
        i=$((i + 1))
    done
}

# all_at_once OWNER-ENTRIES BORROWER-ENTRIES
all_at_once()
{
    share vm1 "$1" "$MEMORY"
    share vm2 "$2" "$MEMORY"
    destroy vm1 vm2
}

# Xen's own pools may grow by a page or two in the first round, as they do for
# any guests. The second has to give back each page.
case_all_places_at_once_give_back_each_page() # limit 180
{
    local round before

    more_ram
    all_places
    for round in 1 2; do
        before=$(free_memory)
        all_at_once "$here" "$there"
        all_at_once "$there" "$here"
    done
    echo "round $round"
    must freepages "$before" 0 20
}

# max_pages NAME: the most that Xen lets the domain have.
max_pages()
{
    eval "set -- \$$1"
    xl debug-keys q
    xl dmesg | sed -n "/General information for domain $1:/,/max_pages/s/.*max_pages=//p" |
        tail -n 1
}

# The pages that a borrower gave back are no longer its, those that an owner has
# in its RAM are.
case_memory_figures() # limit 180
{
    local inside outside none vm

    config vm3
    create vm3
    none=$(max_pages vm3)
    inside=$(hex "$SUPERPAGE")
    outside=0x60000000
    share vm1 "\"$inside+2M = one\", \"$outside+4M = two\""
    share vm2 "\"$inside+4M = two\", \"$outside+2M = one\""
    assert_equal "vm1's memory" "$(memory_of vm1)" 20
    assert_equal "vm2's memory" "$(memory_of vm2)" 12
    assert_equal "vm1's maximum" "$(max_pages vm1)" $((none + 1024))
    assert_equal "vm2's maximum" "$(max_pages vm2)" $((none - 1024))

    # The same after the tools have set it anew.
    for vm in vm1 vm2 vm3; do
        must xl mem-max $vm 16
    done
    assert_equal "vm1's maximum" "$(max_pages vm1)" $((none + 1024))
    assert_equal "vm2's maximum" "$(max_pages vm2)" $((none - 1024))
    assert_equal "vm3's maximum" "$(max_pages vm3)" "$none"
    for vm in vm1 vm2 vm3; do
        must xl mem-set $vm 12
    done
    none=$((none - 1024))
    assert_equal "vm1's maximum" "$(max_pages vm1)" $((none + 1024))
    assert_equal "vm2's maximum" "$(max_pages vm2)" $((none - 1024))
    assert_equal "vm3's maximum" "$(max_pages vm3)" "$none"
    destroy vm1 vm2 vm3
}

# PoD guests: Xen has memory for a part of their RAM only, and populates a page
# when it is needed. The region takes its share of that.
case_inside_RAM_that_is_populated_on_demand() # limit 180
{
    [ "$ARCH" = x86_64 ] ||
        skip "Arm guests have no memory= smaller than maxmem="
    placed 0x40000000 2M "0x3ffff000 0x40200000" 'memory = 48' 'maxmem = 4200'
}

case_inside_RAM_above_4_GiB() # limit 180
{
    [ "$ARCH" = x86_64 ] || skip "takes more than 3 GiB: see 96-large.sh"
    placed 0x108000000 2M "0x107fff000 0x108200000" 'memory = 48' \
        'maxmem = 4200'
}
