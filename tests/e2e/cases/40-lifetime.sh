# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2034,SC2154,SC3043 # vm1; busybox: local
# A region lives as long as one of its peers, whoever goes first, and leaves
# nothing behind. The driver compares free memory and xenstore after each case.

# lists NAME...: these are the domains in xl list, in the order of their numbers;
# nobody who was destroyed is there.
lists()
{
    listed=$(xl list | awk 'NR > 2 { printf "%s%s", blank, $1; blank = " " }')
    [ "$listed" = "$*" ]
}

# must_list NAME...: likewise. xenstored and xenconsoled may be about to let go of
# a domain's page.
must_list()
{
    wait_for 5 lists "$@" || fail "there are $listed, and not only $*"
}

# left_of NAME NAME-LIST: the list without that one.
left_of()
{
    local name left=

    for name in $2; do
        [ "$name" = "$1" ] || left="$left${left:+ }$name"
    done
    echo "$left"
}

# three_destroyed NAME NAME NAME: creates the three guests of the examples,
# destroys them in that order, and looks after each at what the others see.
three_destroyed()
{
    share vm1 '"0x60000000-0x60100000 = ID1", "0x60200000+64K = ID2"'
    share vm2 '"0x80000000-0x80100000 = ID1"'
    share vm3 '"0x50000000+64K = ID2"'
    must guest vm1 fill 0x60000000 1M 71
    must guest vm1 fill 0x60200000 64K 72

    destroy "$1"
    # shellcheck disable=SC2046 # two words
    must_list $(left_of "$1" "vm1 vm2 vm3")
    [ "$1" = vm1 ] || must guest vm1 check 0x60000000 1M 71
    [ "$1" = vm2 ] || must guest vm2 check 0x80000000 1M 71
    [ "$1" = vm3 ] || must guest vm3 check 0x50000000 64K 72
    destroy "$2"
    case $3 in
    vm1) must guest vm1 check 0x60200000 64K 72 ;;
    vm2) must guest vm2 check 0x80000000 1M 71 ;;
    vm3) must guest vm3 check 0x50000000 64K 72 ;;
    esac
    must_list "$3"
    destroy "$3"
    assert_equal "the record" "$(record)" ""
}

case_destroyed_in_any_order() # limit 240
{
    local order

    for order in "vm1 vm2 vm3" "vm1 vm3 vm2" "vm2 vm1 vm3" "vm2 vm3 vm1" \
        "vm3 vm1 vm2" "vm3 vm2 vm1"
    do
        echo "$order:"
        # shellcheck disable=SC2086 # three words
        must_lose_no_page three_destroyed $order
    done
}

# place_of NAME: where each of the eight has its region of 64 KiB; vm4 has it
# inside its RAM.
place_of()
{
    case $1 in
    vm4) echo "$FREE_RAM" ;;
    *)   echo $((0x60000000 + ${1#vm} * 0x10000)) ;;
    esac
}

# eight_destroyed NAME...: creates eight, and destroys them in that order, each
# after it has written; the last of those that stay sees that.
eight_destroyed()
{
    local name seed=100 left="vm1 vm2 vm3 vm4 vm5 vm6 vm7 vm8"

    for name in $left; do
        share "$name" "\"$(hex "$(place_of "$name")")+64K = ID1\""
    done
    for name; do
        seed=$((seed + 1))
        must guest "$name" fill "$(place_of "$name")" 64K $seed
        destroy "$name"
        left=$(left_of "$name" "$left")
        # shellcheck disable=SC2086 # many words
        must_list $left
        name=${left##* }
        [ -z "$name" ] || must guest "$name" check "$(place_of "$name")" 64K $seed
    done
    assert_equal "the record" "$(record)" ""
}

# The owner first, the owner last, and neither.
case_eight_peers_go_in_any_order() # limit 600
{
    local order

    for order in "vm1 vm2 vm3 vm4 vm5 vm6 vm7 vm8" \
        "vm8 vm7 vm6 vm5 vm4 vm3 vm2 vm1" "vm5 vm2 vm8 vm4 vm1 vm7 vm3 vm6"
    do
        echo "$order:"
        # shellcheck disable=SC2086 # eight words
        must_lose_no_page eight_destroyed $order
    done
}

case_domains_join_a_region_whose_owner_is_gone()
{
    share vm1 '"0x60000000+1M = ID1"'
    must guest vm1 fill 0x60000000 1M 81
    share vm2 '"0x80000000+1M = ID1"'
    destroy vm1
    must_list vm2
    # What vm1 was the first to have, vm2 passes on.
    share vm3 '"0x50000000+1M = ID1"'
    assert_region ID1 0x100000 "$vm2" \
        "$vm2" 0x80000000-0x80100000 \
        "$vm3" 0x50000000-0x50100000
    must guest vm3 check 0x50000000 1M 81
    destroy vm2
    share vm4 '"0x70000000+1M = ID1"'
    must guest vm4 check 0x70000000 1M 81
    must guest vm4 fill 0x70000000 1M 82
    must guest vm3 check 0x50000000 1M 82
    destroy vm3 vm4
}

case_a_peer_that_shuts_down_leaves_the_others_alone()
{
    UNWATCHED=
    share vm1 '"0x60000000+64K = ID1"' 'on_poweroff = "destroy"'
    share vm2 '"0x80000000+64K = ID1"'
    must guest vm2 fill 0x80000000 64K 91
    ends vm1 0
    wait_gone vm1
    assert_region ID1 0x10000 "$vm2" \
        "$vm2" 0x80000000-0x80010000
    must guest vm2 check 0x80000000 64K 91
    destroy vm2
}

case_an_owner_that_crashes_leaves_the_others_alone()
{
    watched share vm1 '"0x60000000+64K = ID1"' 'on_crash = "destroy"'
    share vm2 '"0x80000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 92
    ends vm1 3
    wait_gone vm1
    must guest vm2 check 0x80000000 64K 92
    share vm3 '"0x90000000+64K = ID1"'
    must guest vm3 check 0x90000000 64K 92
    destroy vm2 vm3
}

# share_restarted NAME ENTRIES: a guest that xl builds anew whenever it ends.
share_restarted()
{
    watched share "$1" "$2" 'on_poweroff = "restart"' 'on_reboot = "restart"' \
        'on_crash = "restart"'
}

# First as the owner, then as a borrower.
case_a_peer_that_is_restarted_finds_the_data() # limit 180
{
    local reason before

    share_restarted vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    for reason in 1 0 3; do
        must guest vm1 fill 0x60000000 64K $((93 + reason))
        before=$(generation ID1)
        ends vm1 $reason
        comes_back vm1 0x60000000-0x60010000
        assert_region ID1 0x10000 "$vm2" \
            "$vm2" 0x80000000-0x80010000 \
            "$vm1" 0x60000000-0x60010000
        must guest vm1 check 0x60000000 64K $((93 + reason))
        must guest vm2 check 0x80000000 64K $((93 + reason))
        [ "$(generation ID1)" -gt "$before" ] || fail "the same generation"
    done
    destroy vm1 vm2
}

# With nobody left who had it, it is a new region.
case_the_only_peer_that_is_restarted_starts_with_zeros() # limit 180
{
    local reason before

    share_restarted vm1 '"0x60000000+64K = ID1"'
    for reason in 3 1; do
        must guest vm1 fill 0x60000000 64K 97
        before=$(generation ID1)
        ends vm1 $reason
        comes_back vm1 0x60000000-0x60010000
        assert_region ID1 0x10000 "$vm1" \
            "$vm1" 0x60000000-0x60010000
        must guest vm1 zero 0x60000000 64K
        [ "$(generation ID1)" -gt "$before" ] || fail "the same generation"
    done
    destroy vm1
}

# Whether one is back before the other is gone or not, they meet again.
case_two_peers_that_reboot_at_once_meet_again() # limit 180
{
    share_restarted vm1 '"0x60000000+64K = ID1"'
    share_restarted vm2 '"0x80000000+64K = ID1"'
    ends vm1 1
    ends vm2 1
    comes_back vm1 0x60000000-0x60010000
    comes_back vm2 0x80000000-0x80010000
    assert_equal "the number of mappings" "$(record | grep -c /mappings/)" 2
    must guest vm1 fill 0x60000000 64K 98
    must guest vm2 check 0x80000000 64K 98
    destroy vm1 vm2
}

# How many files each daemon of dom0 has open, and how many daemons and xl
# processes there are.
dom0_resources()
{
    local pid

    for pid in $(pidof xenstored xenconsoled); do
        find "/proc/$pid/fd" -type l | wc -l
    done
    pidof xenstored xenconsoled xl | wc -w
}

dom0_is_as() { [ "$(dom0_resources)" = "$1" ]; }

# One page lost in each round is more than Xen takes for itself. "make soak" has
# 10,000 of another kind.
case_20_rounds_leak_nothing() # limit 600
{
    local round before old=relay0 new

    # Warms up: xenstored and xenconsoled open files on their first domains.
    config relay0 'static_shared_mem = [ "0x60000000+128K = relay" ]'
    create relay0
    destroy relay0
    before=$(dom0_resources)
    nodes=$(xenstore-ls -f / | wc -l)
    free=$(freepages)

    create relay0
    for round in $(seq 20); do
        # Every one joins from the one before it, which then goes.
        new=relay$round
        config "$new" 'static_shared_mem = [ "0x60000000+128K = relay" ]'
        xl create -q -p -e "$new.cfg" || fail "round $round"
        xl destroy "$old" || fail "round $round"
        old=$new
    done
    destroy "$old"
    assert_equal "the record" "$(record)" ""
    assert_equal "the number of xenstore nodes" \
        "$(xenstore-ls -f / | wc -l)" "$nodes"
    must freepages "$free" 8 15
    wait_for 10 dom0_is_as "$before" ||
        assert_equal "dom0's open files and processes" \
            "$(dom0_resources)" "$before"
}

# all_are_asked COMMAND WORDS ORDER: xl COMMAND -a tells vm2 and vm3, and no other.
all_are_asked()
{
    acknowledge vm2 &
    acknowledge vm3 &
    must xl "$1" -a >output 2>&1
    wait
    assert_equal "what it says" "$(cat output)" "$2 domain $vm2
$2 domain $vm3"
    assert_equal "what vm2 and vm3 are to do" "$(cat vm2.asked vm3.asked)" "$3
$3"
}

case_all_domains_are_asked_to_shut_down()
{
    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    running vm3
    destroy vm1
    all_are_asked shutdown "Shutting down" poweroff
    all_are_asked reboot "Rebooting" reboot
    destroy vm2 vm3
}
