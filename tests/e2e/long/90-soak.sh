# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # create sets variables; local
# The same for hours: "make soak". SOAK_RACES, SOAK_ROUNDS and SOAK_ATTACHMENTS say
# how often.

. /overlay/races.sh

case_xl_processes_that_race() # limit 14400
{
    race_rounds "$SOAK_RACES" 2
}

# What must not grow, one figure a line: Xen's free pages, the nodes of xenstore,
# files of the toolstack, and of each daemon its open files and its memory in KiB;
# then dom0's memory that is free, in KiB.
sample()
{
    local pid

    freepages
    xenstore-ls -f / | wc -l
    find /var/lib/xen /run/xen /tmp ! -path '/tmp/case/*' | wc -l
    for pid in $(pidof xenstored xenconsoled); do
        find "/proc/$pid/fd" -type l | wc -l
        sed -n 's/^VmRSS:[ \t]*\([0-9]*\) kB$/\1/p' "/proc/$pid/status"
    done
    echo 3 >/proc/sys/vm/drop_caches
    available
}

# What Linux says is available does not count the free pages in its processors' lists,
# which grow and shrink by some MiB.
available()
{
    awk '$1 == "MemAvailable:" { sum += $2 }
         $1 == "count:" { sum += 4 * $2 }
         END { print sum }' /proc/meminfo /proc/zoneinfo
}

# By how much each figure may differ from what it was after the warm-up; the last
# one may grow. What Xen and the daemons keep for later moves a little. One page
# lost in every 10 rounds comes to 1000 pages, or 4000 KiB, in 10,000.
ALLOWANCES="8 0 0 0 256 0 256 2048"

# assert_flat FIRST NOW: files with a sample each.
assert_flat()
{
    echo "$ALLOWANCES" | tr ' ' '\n' >allowances
    paste "$1" "$2" allowances | awk '
        { difference = $2 > $1 && NR != 8 ? $2 - $1 : $1 - $2 }
        difference > $3 { print "figure " NR ": " $2 ", was " $1; wrong = 1 }
        END { exit wrong || NR != 8 }' || fail "it grows"
}

# stays_flat ROUNDS COMMAND: after each twentieth of the rounds nothing has grown,
# and the owner's data is there. Sets round and every for the command.
stays_flat()
{
    local round every=$(($1 / 20))

    share owner '"0x60000000+64K = ID1"'
    must guest owner fill 0x60000000 64K 61
    record >record-before
    for round in $(seq "$1"); do
        "$2" || fail "round $round"
        [ $((round % every)) -eq 0 ] || continue
        must guest owner check 0x60000000 64K 61
        assert_equal "the record" "$(record)" "$(cat record-before)"
        # The first sample is after the warm-up.
        sample >now
        [ -e first ] || cp now first
        echo "note: $round of $1 rounds: $(tr '\n' ' ' <now)"
        assert_flat first now
    done
    destroy owner
}

# checks_now NAME: now and then, the borrower sees the owner's data.
checks_now()
{
    [ $((round % every)) -ne 0 ] || must guest "$1" check 0x80000000 64K 61
}

come_and_go()
{
    xl create -q -p -e borrower.cfg && checks_now borrower && xl destroy borrower
}

# One creation and destruction after the other, beside the owner.
case_a_borrower_that_comes_and_goes() # limit 21600
{
    config borrower 'static_shared_mem = [ "0x80000000+64K = ID1" ]'
    stays_flat "$SOAK_ROUNDS" come_and_go
}

attach_and_detach()
{
    xl shared-mem-attach runner '0x80000000+64K = ID1' && checks_now runner &&
        xl shared-mem-detach runner ID1
}

# The same for a domain that runs on.
case_a_region_that_is_attached_and_detached() # limit 3600
{
    config runner
    create runner
    stays_flat "$SOAK_ATTACHMENTS" attach_and_detach
    destroy runner
}
