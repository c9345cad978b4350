# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2034,SC2154,SC3043 # eval; busybox: local
# race_rounds: rounds of xl processes that run at once, each of which creates or
# destroys one of the racers, domains that all name the same regions. After each
# round the records, the bytes and the memory are checked. For cases, in dom0.
#
# What a round starts follows from a number, the seed. How its processes meet
# differs from run to run. (xl keeps others out during a creation only where it
# takes memory from dom0. Here dom0 has a fixed size.)

# More than there are processes in a round, so that some live through it.
RACERS="1 2 3 4 5 6"
READER=6 # may only read the regions; it may be the first that has them
AT_ONCE=4

REGIONS="1 2 3" # race-1 and so on
size_1=0x4000 size_2=0x3000 size_3=0x1000

# What the functions keep: domid_RACER and uuid_RACER while it lives,
# gpa_RACER_REGION and range_RACER_REGION, and these lists of racers:
#   live       who lives
#   before     who lived before the round
#   chosen     whom the round creates or destroys
#   survivors  who lived all through the round
# contents is the round that wrote the regions' bytes, 0 for zeros.

# ---- the racers -----------------------------------------------------------------

# value_of NAME: in value.
value_of()
{
    eval "value=\$$1"
}

# among RACER LIST
among()
{
    case " $2 " in
    *" $1 "*) ;;
    *) return 1 ;;
    esac
}

# place RACER REGION: half of them inside RAM.
place()
{
    local gpa end

    case $((($1 + $2) % 2)) in
    0) gpa=$((FREE_RAM + 0x100000 * $2 + 0x10000 * $1)) ;;
    1) gpa=$((0x80000000 + 0x100000 * $2 + 0x1000000 * $1)) ;;
    esac
    value_of "size_$2"
    end=$((gpa + value))
    eval "gpa_$1_$2=$(hex $gpa) range_$1_$2=$(hex $gpa)-$(hex $end)"
}

# configure RACER: there are three orders of the regions.
configure()
{
    local order region entries='' prot=''

    case $(($1 % 3)) in
    0) order="1 2 3" ;;
    1) order="2 3 1" ;;
    2) order="3 1 2" ;;
    esac
    [ "$1" != $READER ] || prot=", prot=ro"
    for region in $order; do
        place "$1" "$region"
        value_of "range_$1_$region"
        entries="$entries\"$value = race-$region$prot\", "
    done
    config "race$1" "static_shared_mem = [ $entries ]"
}

# see LINE: one of those in which xl lists domains.
see()
{
    local IFS=' '

    # shellcheck disable=SC2086 # many words
    set -- $1
    case $1 in race[1-9]) ;; *) return 0 ;; esac
    value_of "domid_${1#race}"
    [ -z "$value" ] || fail "there are two domains $1"
    eval "domid_${1#race}=$2 uuid_${1#race}=$7"
}

# Sets listing to what xl says of all domains; none of them may be dying.
list_domains()
{
    listing=$(xl list -v)
    case $listing in
    *"$NEWLINE(null) "*) return 1 ;;
    esac
}

# Sets live, as Xen has it. No "while read" here and below: read makes a system
# call for each character, which takes longer than the command that is read.
look()
{
    local racer line listing IFS

    wait_for 5 list_domains || fail "a domain that is destroyed stays: $listing"
    for racer in $RACERS; do
        eval "domid_$racer="
    done
    IFS=$NEWLINE
    for line in $listing; do
        see "$line"
    done
    IFS=' '
    live=
    for racer in $RACERS; do
        value_of "domid_$racer"
        [ -z "$value" ] || live="$live $racer"
    done
}

# ---- a round ----------------------------------------------------------------------

# draw LIMIT: the next number of the sequence, below LIMIT, in drawn. It is
# a linear congruential generator; its high bits are the better ones.
draw()
{
    sequence=$(((sequence * 1103515245 + 12345) & 0x7fffffff))
    drawn=$(((sequence >> 12) % $1))
}

# choose_from RACER...: adds some of these to chosen, until there are enough.
choose_from()
{
    while [ $# -gt 0 ] && [ "$nr_chosen" -lt $AT_ONCE ]; do
        draw $#
        while [ $drawn -gt 0 ]; do
            set -- "$@" "$1"
            shift
            drawn=$((drawn - 1))
        done
        chosen="$chosen $1"
        nr_chosen=$((nr_chosen + 1))
        shift
    done
}

# Some rounds prefer to destroy, so that regions die, and some to create.
choose()
{
    local racer absent=''

    for racer in $RACERS; do
        among "$racer" "$live" || absent="$absent $racer"
    done
    chosen='' nr_chosen=0
    draw 3
    # shellcheck disable=SC2086 # lists
    case $drawn in
    0) choose_from $live
       choose_from $absent ;;
    1) choose_from $absent
       choose_from $live ;;
    2) choose_from $RACERS ;;
    esac
}

# Runs an xl for each that was chosen. None may fail.
run_round()
{
    local racer failed=''

    for racer in $chosen; do
        if among "$racer" "$live"; then
            xl destroy "race$racer" >"output$racer" 2>&1 &
        else
            xl create -q -p -e "race$racer.cfg" >"output$racer" 2>&1 &
        fi
        eval "pid_$racer=$!"
    done
    for racer in $chosen; do
        value_of "pid_$racer"
        wait "$value" || {
            cat "output$racer"
            failed="$failed race$racer"
        }
    done
    [ -z "$failed" ] || fail "the xl of:$failed"
}

# ---- what has to be true after it -------------------------------------------------

# Those live that were not chosen, and those that were created.
assert_live()
{
    local racer expected=''

    survivors=
    for racer in $before; do
        among "$racer" "$chosen" || survivors="$survivors $racer"
    done
    for racer in $RACERS; do
        if among "$racer" "$survivors"; then
            expected="$expected $racer"
        elif among "$racer" "$before"; then
            nr_destroyed=$((nr_destroyed + 1))
        elif among "$racer" "$chosen"; then
            nr_created=$((nr_created + 1))
            expected="$expected $racer"
        fi
    done
    look
    assert_equal "the list of live racers" "$live" "$expected"
}

# want NODE VALUE: a line as xenstore-ls has it, which is to be among those found.
want()
{
    local line="$1 = \"$2\"$NEWLINE"

    wanted=$wanted$line
    nr_found=$((nr_found - 1))
    case $found in
    *"$NEWLINE$line"*) ;;
    *) nr_missing=$((nr_missing + 1)) ;;
    esac
}

# want_peer RACER REGION: what the region's record says of it.
want_peer()
{
    local public="/local/shared_mem/race-$2" domid

    value_of "domid_$1"; domid=$value
    value_of "range_$1_$2"
    want "$public/mappings/$domid" "$value"
    [ "$1" != $READER ] || want "$public/mappings/$domid/prot" ro
    value_of "uuid_$1"
    want "/libxl/shared_mem/race-$2/$domid" "$value"
}

# What libxl keeps of each region, as PATH/DOMID = "UUID" of each peer. All else it
# checks itself.
kept_peers()
{
    xenstore-ls -f /libxl/shared_mem | sed 's/\\n//g; s/ //g' | awk -F '="[{]' '
        NF == 2 {
            for (nr = split($2, peers, "[{]\"domid\":"); nr > 1; nr--) {
                split(peers[nr], part, "[,\"]+")
                print $1 "/" part[1] " = \"" part[4] "\""
            }
        }'
}

# Sets found to all public nodes with a value but owners, and to the peers that are
# kept. Each region has one owner, a live one.
read_records()
{
    local line racer owners='' nr_owners=0 IFS

    for racer in $live; do
        value_of "domid_$racer"
        owners="$owners \"$value\""
    done
    found=$NEWLINE nr_found=0
    IFS=$NEWLINE
    for line in $(xenstore-ls -f /local/shared_mem; kept_peers); do
        case $line in
        *' = ""') ;;
        */owner*)
            nr_owners=$((nr_owners + 1))
            among "${line##* }" "$owners" || fail "$line, not of$owners"
            ;;
        *)
            nr_found=$((nr_found + 1))
            found=$found$line$NEWLINE
            ;;
        esac
    done
    [ -n "$live" ] || return 0
    assert_equal "the number of owners" $nr_owners 3
}

# The records name the racers that live, as they are, and nothing else.
assert_records()
{
    local found nr_found wanted='' nr_missing=0 racer region

    read_records
    for region in ${live:+$REGIONS}; do
        value_of "size_$region"
        want "/local/shared_mem/race-$region/size" "$value"
        for racer in $live; do
            want_peer "$racer" "$region"
        done
    done
    if [ $nr_missing -ne 0 ] || [ "$nr_found" -ne 0 ]; then
        echo "$wanted" | sort >wanted
        echo "${found#"$NEWLINE"}" | sort | diff -u wanted - || true
        fail "wrong records"
    fi
}

# orders COMMAND SEED RACER...: for each region of each, as guestctl takes them. No
# two regions have the same bytes. SEED may be empty.
orders()
{
    local command="$1" seed="$2" racer region domid gpa

    shift 2
    for racer; do
        value_of "domid_$racer"; domid=$value
        for region in $REGIONS; do
            value_of "gpa_${racer}_$region"; gpa=$value
            value_of "size_$region"
            echo "$domid $command $gpa $value" ${seed:+$((seed * 4 + region))}
        done
    done
}

# The regions are new ones, all or none of them. If all racers went while others
# came, only their bytes can tell.
are_new()
{
    [ -n "$before" ] || return 0
    [ -z "$survivors" ] || return 1
    # shellcheck disable=SC2086 # a list
    orders zero '' $live | guestctl - >answers
}

# The bytes are those that the last round left, or zero in new regions. What one
# writes all others see.
assert_bytes()
{
    local racer writer=''

    for racer in $live; do
        [ "$racer" = $READER ] || writer=$racer
    done
    ! are_new || contents=0
    # shellcheck disable=SC2086 # a list
    {
        if [ "$contents" = 0 ]; then
            orders zero '' $live
        else
            orders check "$contents" $live
        fi
        if [ -n "$writer" ]; then
            orders fill "$round" "$writer"
            orders check "$round" $live
        fi
    } | guestctl - >answers || {
        tail -n 2 answers
        fail "wrong bytes"
    }
    [ -z "$writer" ] || contents=$round
}

assert_all_is_right()
{
    assert_live
    assert_records
    if [ -n "$live" ]; then
        assert_bytes
    else
        times_free=$((times_free + 1))
        freepages "$free" 8 15 >answers ||
            fail "free pages: $(cat answers), wanted: $free"
    fi
}

# Now and then, and after the last round.
report()
{
    [ $((round % 25)) -eq 0 ] || [ "$round" -eq "$1" ] || return 0
    read -r uptime _ </proc/uptime
    echo "note: $round of $1 rounds, $((${uptime%.*} - began)) s: all well with" \
        "$nr_created created and $nr_destroyed destroyed, the regions gone" \
        "$times_free times"
}

# race_rounds ROUNDS SEED: the seed is any number.
race_rounds()
{
    local racer round free uptime began contents=0 sequence="$2"
    local live before chosen survivors
    local nr_created=0 nr_destroyed=0 times_free=0

    echo "note: the seed is $2"
    for racer in $RACERS; do
        configure "$racer"
    done
    look
    free=$(freepages)
    read -r uptime _ </proc/uptime
    began=${uptime%.*}
    for round in $(seq "$1"); do
        before=$live
        choose
        echo "round $round: of$before, chosen:$chosen"
        run_round
        assert_all_is_right
        report "$1"
    done
    for racer in $live; do
        destroy "race$racer"
    done
}
