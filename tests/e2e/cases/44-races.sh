# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2034,SC2154,SC3043 # vm1; busybox: local
# Whatever domains are created and destroyed at the same time, each region has one
# owner, its peers, and its bytes. "make soak" has more of these rounds.

. /overlay/races.sh

case_50_rounds() # limit 600
{
    race_rounds 50 1
}

# churn A B: one of them always lives.
churn()
{
    local cycle

    for cycle in $(seq 6); do
        echo "cycle $cycle"
        must xl create -q -p -e "$2.cfg"
        must xl destroy "$1"
        must xl create -q -p -e "$1.cfg"
        must xl destroy "$2"
    done
}

# Whoever looks at a record while it changes sees all of it, as it was before or as
# it is afterwards.
case_a_reason_is_right_while_the_record_changes() # limit 180
{
    local churning nr_refused=0

    config vm1 'static_shared_mem = [ "0x60000000+4K = ID1", "0x61000000+4K = ID2",
        "0x62000000+4K = ID3" ]'
    config vm2 'static_shared_mem = [ "0x70000000+4K = ID1", "0x71000000+4K = ID2",
        "0x72000000+4K = ID3" ]'
    config vm3 'static_shared_mem = [ "0x80000000+4K = ID2", "0x81000000+4K = ID3",
        "0x82000000+4K = ID1, role=owner" ]'
    create vm1
    {
        status=0
        (churn vm1 vm2) || status=$?
        echo "status $status" >ended
    } &
    churning=$!
    until [ -e ended ]; do
        if xl create vm3.cfg >output 2>&1; then
            fail "it should have been refused"
        fi
        assert_equal "the refusal" \
            "$(normalise_messages <output | sed 's/domain [0-9]* owns/domain N owns/')" \
            "libxl: error: domain vm3: static_shared_mem: region ID1: role=owner, but\
 the region exists: domain N owns it"
        nr_refused=$((nr_refused + 1))
    done
    wait $churning
    assert_equal "how it ended" "$(cat ended)" "status 0"
    [ $nr_refused -ge 10 ] || fail "only $nr_refused were refused meanwhile"
    destroy vm1
}
