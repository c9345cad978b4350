# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets vm1; busybox: local
# A caller of libxl that has one event loop for all domains: it goes on whatever an
# operation on regions has to wait for, and can abort it. By the clock of a machine
# that counts instructions.

LOCK=/var/lib/xen/userdata-l.0.00000000-0000-0000-0000-000000000000.shared-mem-lock

# sleeps_with_lock PID: it has also written down that it has it.
sleeps_with_lock()
{
    has_lock "$1" && grep -qx sleep "/proc/$1/comm"
}

# somebody_has_the_lock: a process that is stopped, until somebody_goes.
somebody_has_the_lock()
{
    holdlock $LOCK sleep 1000 &
    holder=$!
    wait_for 20 sleeps_with_lock $holder || fail "nobody has the lock"
    kill -STOP $holder
}

somebody_goes()
{
    has_lock "$holder" || fail "nobody has the lock any more"
    kill -KILL "$holder"
}

# assert_prompt FILE: the loop was never busy for 100 ms.
assert_prompt()
{
    local longest

    longest=$(sed -n 's/^longest: \([0-9]*\) ms$/\1/p' "$1")
    [ "${longest:-100}" -lt 100 ] ||
        fail "the loop was busy for too long: $(cat "$1")"
    echo "note: the event loop was busy for $longest ms at most"
}

# waits COMMAND...: of eventloop; says whom for, and goes on when that one goes.
waits()
{
    local caller

    somebody_has_the_lock
    eventloop "$@" >looped 2>&1 &
    caller=$!
    wait_for 30 grep -q "static_shared_mem: waits until process $holder (sleep) is done\
 with the regions of another domain" looped || fail "it does not say so: $(cat looped)"
    somebody_goes
    wait $caller || fail "$(cat looped)"
    assert_line looped "$1: ok"
    assert_prompt looped
}

# aborts MS COMMAND...: of eventloop, after so long.
aborts()
{
    ! eventloop -a "$@" >looped 2>&1 || fail "it was not aborted: $(cat looped)"
    assert_line looped "$2: aborted"
    assert_prompt looped
}

case_who_waits_says_for_whom_and_answers_others() # limit 240
{
    running vm2
    waits create vm1 /guests/agent 0x60000000 0x10000 ID1
    number_of vm1
    waits attach "$vm2" 0x80000000 0x10000 ID1
    assert_region ID1 0x10000 "$vm1" "$vm1" 0x60000000-0x60010000 \
        "$vm2" 0x80000000-0x80010000
    waits detach "$vm2" ID1
    waits destroy "$vm1"
    assert_equal "the record" "$(record)" ""
    destroy vm2
}

case_who_waits_can_be_interrupted() # limit 240
{
    share vm1 '"0x60000000+64K = ID1"'
    running vm2
    somebody_has_the_lock
    aborts 300 attach "$vm2" 0x80000000 0x10000 ID1
    aborts 300 detach "$vm1" ID1
    # Nobody else has to wait.
    must xl list >/dev/null
    must xl list -l >/dev/null
    must xl shared-mem-list >/dev/null
    must xl mem-max vm1 16
    must xl mem-set vm1 12
    must xenstore-rm /local/domain/0/memory # which that has put there
    aborts 300 destroy "$vm1"
    somebody_goes
    assert_region ID1 0x10000 "$vm1" "$vm1" 0x60000000-0x60010000
    destroy vm1 vm2
}

# A process of its own works at that.
case_a_large_region_keeps_nobody_waiting() # limit 240
{
    local free

    running vm1
    # What Xen keeps are page tables, for the next time.
    must eventloop attach "$vm1" 0x80000000 0x40000000 ID1 >/dev/null
    must eventloop detach "$vm1" ID1 >/dev/null
    free=$(freepages)
    aborts 30 attach "$vm1" 0x80000000 0x40000000 ID1
    freepages "$free" 8 15 >answer || fail "free pages: $(cat answer), not $free"
    assert_equal "the record" "$(record)" ""

    # A domain whose creation is aborted there does not stay.
    ! eventloop -a 100 create vm2 /guests/agent 0x80000000 0x40000000 ID2 >looped 2>&1 ||
        fail "it was not aborted: $(cat looped)"
    assert_prompt looped
    ! xl domid vm2 2>/dev/null || fail "it is there"
    freepages "$free" 8 15 >answer || fail "free pages: $(cat answer), not $free"
    assert_equal "the record" "$(record)" ""

    must eventloop attach "$vm1" 0x80000000 0x40000000 ID1 >looped
    assert_prompt looped
    must guest vm1 zero 0xbffff000 4K
    must eventloop detach "$vm1" ID1 >looped
    assert_prompt looped
    freepages "$free" 8 15 >answer || fail "free pages: $(cat answer), not $free"
    destroy vm1
}

case_nothing_leaks_in_a_process_that_stays() # limit 240
{
    running vm1
    must eventloop -r 300 attach "$vm1" 0x80000000 0x10000 ID1 >looped
    echo "note: after 10 and after 300 rounds: $(head -n 1 looped)"
    awk 'NR == 1 { gsub(/[,;]/, ""); exit !($2 == $3 && $6 - $5 < 64 && $8 == "none") }' \
        looped || fail "$(cat looped)"
    assert_equal "the record" "$(record)" ""
    destroy vm1
}
