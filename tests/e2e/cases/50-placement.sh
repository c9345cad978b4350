# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets vm1; busybox: local
# Where a region may lie in a guest: outside its RAM, in it, on every kind of
# boundary, for the domain that owns it as for the one that borrows it. Each
# time both sides check all bytes, and the pages of RAM beside the region stay
# the guest's own.

MEMORY='memory = 16'

# memory_of NAME: in MiB, as xl shows it.
memory_of()
{
    xl list "$1" | awk 'NR == 2 { print $3 }'
}

# In a guest with little RAM, Arm's device tree is at its end.
if [ "$ARCH" = arm64 ]; then
    RAM_END=$((RAM + 0x9000000))
    MEMORY='memory = 144'
fi

# Name, address and size of a region at each kind of place. All are in one guest
# at the same time; some are next to each other, in RAM and across its end.
PLACES="
inside_RAM          $((FREE_RAM + 0x10000))  64K
next_to_that        $((FREE_RAM + 0x20000))  4K
a_whole_superpage   $((FREE_RAM + 0x200000)) 2M
across_a_superpage  $((FREE_RAM + 0x5ff000)) 8K
last_page_of_RAM    $((RAM_END - 0x1000))     4K
first_page_behind   $((RAM_END))              4K
outside             $((0x60000000))           64K
above_4_GiB         $((0x180000000))          64K
next_to_that_too    $((0x180010000))          4K
"

# Pages of RAM on either side of those.
NEIGHBOURS="$((FREE_RAM + 0xf000)) $((FREE_RAM + 0x21000))
$((FREE_RAM + 0x1ff000)) $((FREE_RAM + 0x400000)) $((FREE_RAM + 0x5fe000))
$((FREE_RAM + 0x601000)) $((RAM_END - 0x2000))"

# The entries of a guest that has the regions there, and of one that has them
# all outside of its RAM, 16 MiB from each other.
entries_here()
{
    echo "$PLACES" | while read -r name gpa size; do
        [ -z "$name" ] || echo "\"$(hex "$gpa")+$size = $name\","
    done
}

entries_elsewhere()
{
    local i=0

    echo "$PLACES" | while read -r name gpa size; do
        [ -n "$name" ] || continue
        echo "\"$(hex $((ELSEWHERE + i * 0x1000000)))+$size = $name\","
        i=$((i + 1))
    done
}

# all_places HERE THERE: the two guests talk through each region.
all_places()
{
    local i=0

    echo "$PLACES" | while read -r name gpa size; do
        [ -n "$name" ] || continue
        echo "$name" >>talked
        talk "$1" "$(hex "$gpa")" "$2" \
            "$(hex $((ELSEWHERE + i * 0x1000000)))" "$size"
        i=$((i + 1))
    done
    assert_equal "the number of places" "$(wc -l <talked)" 9
}

# owner_and_borrower OWNER-ENTRIES BORROWER-ENTRIES HERE: the guest HERE, vm1 or
# vm2, is the one with the places.
owner_and_borrower()
{
    local there=vm2

    [ "$3" = vm1 ] || there=vm1
    share vm1 "$1" "$MEMORY"
    share vm2 "$2" "$MEMORY"
    # shellcheck disable=SC2086 # many words
    fill_neighbours "$3" $NEIGHBOURS
    all_places "$3" $there
    # shellcheck disable=SC2086
    check_neighbours "$3" $NEIGHBOURS
    destroy vm1 vm2
}

case_each_place_for_an_owner() # limit 180
{
    owner_and_borrower "$(entries_here)" "$(entries_elsewhere)" vm1
}

case_each_place_for_a_borrower() # limit 180
{
    owner_and_borrower "$(entries_elsewhere)" "$(entries_here)" vm2
}

at_each_place()
{
    share vm1 "$(entries_here)" "$MEMORY"
    share vm2 "$(entries_elsewhere)" "$MEMORY"
    destroy vm1 vm2
    share vm1 "$(entries_elsewhere)" "$MEMORY"
    share vm2 "$(entries_here)" "$MEMORY"
    destroy vm1 vm2
}

case_each_place_gives_back_each_page() # limit 180
{
    must_lose_no_page at_each_place
}

# What a region has the place of is no longer the domain's memory; what it has
# elsewhere is none of it, whoever was the first.
case_memory_figures() # limit 240
{
    local inside outside none vm

    config vm3
    create vm3
    none=$(max_pages vm3)
    inside=$FREE_RAM
    outside=0x60000000
    share vm1 "\"$inside+2M = one\", \"$outside+4M = two\""
    share vm2 "\"$inside+4M = two\", \"$outside+2M = one\""
    assert_figures 14 12
    assert_equal "RAM that vm1 has given" "$(given vm1)" 2048
    assert_equal "RAM that vm2 has given" "$(given vm2)" 4096

    # The same after the tools have set it anew.
    for vm in vm1 vm2 vm3; do
        must xl mem-max $vm 16
    done
    assert_figures 14 12
    assert_equal "vm3's maximum" "$(max_pages vm3)" "$none"
    for vm in vm1 vm2 vm3; do
        must xl mem-set $vm 12
    done
    none=$((none - 1024))
    assert_figures 14 12 # they do not balloon
    assert_equal "vm3's maximum" "$(max_pages vm3)" "$none"

    # Nor is anything added when the first goes.
    destroy vm1
    assert_equal "vm2's memory" "$(memory_of vm2)" 12
    assert_equal "vm2's maximum" "$(max_pages vm2)" $((none - 1024))
    destroy vm2 vm3
}

# assert_figures MIB MIB: so much have vm1 and vm2; their maximum is that of a
# domain without regions, less what these have the place of.
assert_figures()
{
    assert_equal "vm1's memory" "$(memory_of vm1)" "$1"
    assert_equal "vm2's memory" "$(memory_of vm2)" "$2"
    assert_equal "vm1's maximum" "$(max_pages vm1)" $((none - 512))
    assert_equal "vm2's maximum" "$(max_pages vm2)" $((none - 1024))
}

# What Xen has less of for such domains.
case_free_memory() # limit 180
{
    local free domain

    free=$(freepages)
    running vm0
    domain=$((free - $(freepages)))

    # A new region outside of RAM is memory of its own, and inside RAM is not.
    free=$(freepages)
    share vm1 '"0x60000000+4M = two"'
    assert_taken vm1 1024
    free=$(freepages)
    share vm2 "\"$FREE_RAM+2M = one\""
    assert_taken vm2 0

    # Who joins one inside its RAM gives that back.
    free=$(freepages)
    share vm3 "\"$FREE_RAM+4M = two\", \"0x60000000+2M = one\""
    assert_taken vm3 -1024
    destroy vm0 vm1 vm2 vm3
}

# assert_taken NAME PAGES: so many more than for a domain without regions, since
# there were $free. Memory for its page tables is a little more.
assert_taken()
{
    local more

    more=$((free - $(freepages) - domain))
    if [ $more -lt $(($2 - 16)) ] || [ $more -gt $(($2 + 64)) ]; then
        fail "$1 takes $more pages more than one without regions, and not $2"
    fi
}

# PoD guests: Xen has memory for a part of their RAM only, and populates a page
# when it is needed. The region has memory of its own.
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
