# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2034,SC2154,SC3043 # vm1; busybox: local
# Records that name a domain that is no more, or whose number another domain has
# now: what is left when whoever should have seen to them was killed.

# dies NAME: the domain goes, and libxl does not know. What it has of it, beside the
# record, is not what these cases are about, and is taken away.
dies()
{
    local name="$1" domid uuid

    eval "domid=\$$name"
    uuid=$(uuid "$name")
    must domainctl destroy "$domid"
    for node in "/local/domain/$domid" "/local/domain/0/backend/console/$domid" \
        "/vm/$uuid"
    do
        must xenstore-rm "$node"
    done
    rm -f /var/lib/xen/userdata-?."$domid".*
    # Its list of regions stays for now, as would that of a domain that died so.
    xenstore-list "/libxl/$domid" | while read -r node; do
        [ "$node" = shared_mem ] || must xenstore-rm "/libxl/$domid/$node"
    done
}

# forget DOMID: the last that libxl has of a domain that died.
forget()
{
    xenstore-rm "/libxl/$1"
}

is_stale() { record | grep -q "/ID1/mappings/$1 = "; }

case_a_borrower_that_died_is_dropped_by_the_next_one()
{
    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 41
    dies vm2
    is_stale "$vm2" || fail "nothing is stale: $(record)"
    share vm3 '"0x90000000+64K = ID1"'
    assert_region ID1 0x10000 "$vm1" \
        "$vm1" 0x60000000-0x60010000 \
        "$vm3" 0x90000000-0x90010000
    must guest vm3 check 0x90000000 64K 41
    forget "$vm2"
    destroy vm1 vm3
}

case_an_owner_that_died_leaves_the_region_to_its_peer()
{
    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 42
    dies vm1
    share vm3 '"0x90000000+64K = ID1"'
    assert_region ID1 0x10000 "$vm2" \
        "$vm2" 0x80000000-0x80010000 \
        "$vm3" 0x90000000-0x90010000
    must guest vm3 check 0x90000000 64K 42
    forget "$vm1"
    destroy vm2 vm3
}

case_a_region_whose_peers_all_died_is_a_new_one()
{
    local before

    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 43
    before=$(generation ID1)
    dies vm1
    dies vm2
    share vm3 '"0x90000000+128K = ID1"'
    assert_region ID1 0x20000 "$vm3" \
        "$vm3" 0x90000000-0x90020000
    must guest vm3 zero 0x90000000 128K
    [ "$(generation ID1)" -gt "$before" ] || fail "the generation is not higher"
    forget "$vm1"
    forget "$vm2"
    destroy vm3
}

# used_again NAME PEER RANGE SEED: the domid of NAME, who has died, is another domain's
# when vm3 joins PEER, who has the region at RANGE. The new domain is nobody's peer,
# and nobody takes memory from it.
used_again()
{
    local dead peer

    eval "dead=\$$1 peer=\$$2"
    dies "$1"
    forget "$dead"
    wait_for 10 domainctl create "$dead" 2>/dev/null || fail "domid $dead is in use"
    is_stale "$dead" || fail "nothing is stale: $(record)"
    share vm3 '"0x90000000+64K = ID1"'
    assert_region ID1 0x10000 "$peer" \
        "$peer" "$3" \
        "$vm3" 0x90000000-0x90010000
    must guest vm3 check 0x90000000 64K "$4"
    must domainctl destroy "$dead"
}

case_a_domid_that_is_used_again()
{
    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 44
    used_again vm2 vm1 0x60000000-0x60010000 44
    destroy vm1 vm3
}

# Of the domain that had the region first a peer keeps nothing: its number is free.
case_the_domid_of_an_owner_that_is_used_again_beside_its_peer()
{
    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 47
    used_again vm1 vm2 0x80000000-0x80010000 47
    must guest vm2 check 0x80000000 64K 47
    destroy vm2 vm3
}

# The number is that of the only peer, the owner; all that is left of the region
# is the record.
case_the_domid_of_an_owner_that_is_used_again()
{
    share vm1 '"0x60000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 45
    dies vm1
    forget "$vm1"
    wait_for 10 domainctl create "$vm1" 2>/dev/null || fail "domid $vm1 is in use"
    share vm3 '"0x90000000+64K = ID1, role=owner"'
    must guest vm3 zero 0x90000000 64K
    assert_region ID1 0x10000 "$vm3" \
        "$vm3" 0x90000000-0x90010000
    must domainctl destroy "$vm1"
    destroy vm3
}

# Whoever comes or goes next, with whatever region.
case_others_clean_up_as_well()
{
    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    share vm3 '"0x90000000+64K = ID1"'
    dies vm2
    share other '"0x60000000+64K = another"'
    assert_record <<LINES
/local/shared_mem/ID1/owner = "$vm1"
/local/shared_mem/ID1/size = "0x10000"
/local/shared_mem/ID1/mappings/$vm1 = "0x60000000-0x60010000"
/local/shared_mem/ID1/mappings/$vm3 = "0x90000000-0x90010000"
/local/shared_mem/another/owner = "$other"
/local/shared_mem/another/size = "0x10000"
/local/shared_mem/another/mappings/$other = "0x60000000-0x60010000"
LINES
    dies vm1
    dies vm3
    destroy other
    assert_equal "the record" "$(record)" ""
    forget "$vm1"
    forget "$vm2"
    forget "$vm3"
}

is_shut_down()
{
    xl list | awk '$1 == "vm1" && $5 ~ /s/ { found = 1 } END { exit !found }'
}

# Nobody is there to see to the domain when it ends. It stays, as a peer.
case_the_monitor_of_a_domain_is_killed()
{
    watched share vm1 '"0x60000000+64K = ID1"' 'on_poweroff = "destroy"'
    share vm2 '"0x80000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 46
    must killall -9 xl
    record >before
    ends vm1 0
    wait_for 20 is_shut_down || fail "vm1 does not end: $(xl list)"
    assert_equal "the record" "$(record)" "$(cat before)"
    share vm3 '"0x90000000+64K = ID1"'
    must guest vm3 check 0x90000000 64K 46
    destroy vm1
    must guest vm2 check 0x80000000 64K 46
    # Its name is free, and it finds the data.
    share vm1 '"0x60000000+64K = ID1"'
    must guest vm1 check 0x60000000 64K 46
    destroy vm2 vm3 vm1
}

# Its creation is about to put down what it has mapped.
case_a_domain_is_destroyed_while_it_is_created()
{
    local holder creator lock=/var/run/xen/shared-mem-pages.lock

    holdlock $lock sleep 30 &
    holder=$!
    wait_for 5 has_lock $holder || fail "nobody has the lock"
    config vm1 'static_shared_mem = [ "0x60000000+64K = ID1" ]'
    xl create -p -e vm1.cfg >output 2>&1 &
    creator=$!
    wait_for 20 grep -q -e "-> FLOCK  ADVISORY  WRITE $creator " /proc/locks ||
        fail "xl create does not wait for the lock"
    number_of vm1
    destroy vm1
    has_lock $holder || fail "nobody has the lock any more"
    kill $holder

    ! wait $creator || fail "it was created"
    normalise_messages <output >messages
    assert_line messages \
        "libxl: error: Domain N:static_shared_mem: the domain is being destroyed"
    assert_equal "what is left of it" "$(xenstore-ls -f "/libxl/$vm1" 2>&1)" \
        "xenstore-ls: xs_directory (/libxl/$vm1): No such file or directory"
    assert_equal "the record" "$(record)" ""
}
