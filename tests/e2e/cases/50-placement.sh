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
ELSEWHERE=0x80000000           # outside of RAM: where the other peer has it
MEMORY='memory = 16'

hex() { printf '0x%x\n' "$1"; }

# fill_neighbours NAME GPA..., and check_neighbours: the guest's pages there are none of a
# region: they keep a pattern, which the caller has the peers overwrite.
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

# memory_of NAME: in MiB, as xl shows it.
memory_of()
{
    xl list "$1" | awk 'NR == 2 { print $3 }'
}

# placed GPA SIZE "NEIGHBOUR..." [LINE]...: a region there, of an owner and then
# of a borrower. The LINEs are for the domain's configuration; NEIGHBOURs are
# addresses of pages of its RAM.
placed()
{
    local gpa size="$2" neighbours="$3"

    gpa=$(hex "$1")
    shift 3

    share vm1 "\"$gpa+$size = region\"" "$@"
    share vm2 "\"$ELSEWHERE+$size = region\""
    # shellcheck disable=SC2086 # many words
    fill_neighbours vm1 $neighbours
    talk vm1 "$gpa" vm2 $ELSEWHERE "$size"
    # shellcheck disable=SC2086
    check_neighbours vm1 $neighbours
    destroy vm1 vm2

    share vm3 "\"$ELSEWHERE+$size = region\""
    share vm4 "\"$gpa+$size = region\"" "$@"
    # shellcheck disable=SC2086
    fill_neighbours vm4 $neighbours
    talk vm3 $ELSEWHERE vm4 "$gpa" "$size"
    # shellcheck disable=SC2086
    check_neighbours vm4 $neighbours
    destroy vm3 vm4
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

# The pages that a borrower gave back are no longer its, those that an owner has
# in its RAM are.
case_memory_figures()
{
    share vm1 "\"$(hex $((SUPERPAGE)))+2M = inside\", \"0x60000000+4M = outside\""
    share vm2 "\"$(hex $((SUPERPAGE)))+4M = outside\", \"0x60000000+2M = inside\""
    assert_equal "vm1's memory" "$(memory_of vm1)" 20
    assert_equal "vm2's memory" "$(memory_of vm2)" 12
    destroy vm1 vm2
}
