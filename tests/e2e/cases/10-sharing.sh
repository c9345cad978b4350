# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154 # create sets variables
# Guests exchange bytes through regions: what is to be seen of whose memory, by
# whom, and at which address. No address here is in the RAM of a small guest on
# either architecture.

# Starts the three guests of the examples in the form of agents: vm1 and vm2
# share ID1 (1 MiB), vm1 and vm3 share ID2 (64 KiB), each at its own addresses.
start_three()
{
    share vm1 '"0x60000000-0x60100000 = ID1", "0x60200000+64K = ID2"'
    share vm2 '"0x80000000-0x80100000 = ID1"'
    share vm3 '"0x50000000+64K = ID2, prot=rw"'
}

case_bytes_go_both_ways_in_both_regions()
{
    start_three
    must guest vm1 fill 0x60000000 512K 11
    must guest vm2 fill 0x80080000 512K 12
    must guest vm1 fill 0x60200000 32K 13
    must guest vm3 fill 0x50008000 32K 14

    must guest vm2 check 0x80000000 512K 11
    must guest vm1 check 0x60080000 512K 12
    must guest vm3 check 0x50000000 32K 13
    must guest vm1 check 0x60208000 32K 14
    destroy vm1 vm2 vm3
}

case_the_record_is_as_documented()
{
    start_three
    assert_record <<EOF
/local/shared_mem/ID1/owner = "$vm1"
/local/shared_mem/ID1/size = "0x100000"
/local/shared_mem/ID1/mappings/$vm1 = "0x60000000-0x60100000"
/local/shared_mem/ID1/mappings/$vm2 = "0x80000000-0x80100000"
/local/shared_mem/ID2/owner = "$vm1"
/local/shared_mem/ID2/size = "0x10000"
/local/shared_mem/ID2/mappings/$vm1 = "0x60200000-0x60210000"
/local/shared_mem/ID2/mappings/$vm3 = "0x50000000-0x50010000"
EOF
    destroy vm2
    assert_record <<EOF
/local/shared_mem/ID1/owner = "$vm1"
/local/shared_mem/ID1/size = "0x100000"
/local/shared_mem/ID1/mappings/$vm1 = "0x60000000-0x60100000"
/local/shared_mem/ID2/owner = "$vm1"
/local/shared_mem/ID2/size = "0x10000"
/local/shared_mem/ID2/mappings/$vm1 = "0x60200000-0x60210000"
/local/shared_mem/ID2/mappings/$vm3 = "0x50000000-0x50010000"
EOF
    destroy vm1 vm3
    assert_equal "the record" "$(record)" ""
}

case_guests_may_read_but_not_write_the_record()
{
    share vm1 '"0x60000000+4K = ID1"'
    # "n0" heads a list of permissions with the owner, domain 0, and what is
    # open to all others: r (read) or n (nothing).
    assert_equal "permissions of the record" "$(
        xenstore-ls -fp /local/shared_mem | sed 's/.*(\(.*\))$/\1/' | sort -u
    )" "r0"
    assert_equal "permissions of the bookkeeping" "$(
        xenstore-ls -fp /libxl/shared_mem | sed 's/.*(\(.*\))$/\1/' | sort -u
    )" "n0"
    destroy vm1
}

# with_record KIND COMMAND...: with that in xl.conf.
with_record()
{
    local conf=/etc/xen/xl.conf

    cp -p $conf xl.conf
    echo "shared_mem_record=\"$1\"" >>$conf
    shift
    "$@"
    cp -p xl.conf $conf
}

# assert_permissions PATH EXPECTED: of all nodes there.
assert_permissions()
{
    assert_equal "permissions of $1" "$(
        xenstore-ls -fp "$1" | sed 's/.*(\(.*\))$/\1/' | sort -u
    )" "$2"
}

# n0 and r1: nothing for others, and reading for domain 1.
case_only_peers_may_read_a_private_record()
{
    local root=/local/shared_mem

    share vm1 '"0x60000000+4K = public"'
    with_record private share vm2 '"0x60000000+8K = ID1"'
    assert_permissions $root/public r0
    assert_permissions $root/ID1 "n0,r$vm2"
    # Nobody sees by their names which regions there are.
    assert_equal "permissions of the root" \
        "$(xenstore-ls -p /local | sed -n 's/^shared_mem = .*(\(.*\))$/\1/p')" n0

    # It stays so whatever xl.conf says when others come, and go.
    share vm3 '"0x70000000+4K = ID1, offset=0x1000"'
    assert_permissions $root/ID1 "n0,r$vm2,r$vm3"
    must xl shared-mem-attach vm1 '0x80000000+4K = ID1, offset=0, prot=ro'
    assert_permissions $root/ID1 "n0,r$vm1,r$vm2,r$vm3"
    destroy vm2
    assert_permissions $root/ID1 "n0,r$vm1,r$vm3"
    assert_record <<LINES
$root/public/owner = "$vm1"
$root/public/size = "0x1000"
$root/public/mappings/$vm1 = "0x60000000-0x60001000"
$root/ID1/owner = "$vm1"
$root/ID1/size = "0x2000"
$root/ID1/mappings/$vm1 = "0x80000000-0x80001000"
$root/ID1/mappings/$vm1/prot = "ro"
$root/ID1/mappings/$vm1/offset = "0x0"
$root/ID1/mappings/$vm3 = "0x70000000-0x70001000"
$root/ID1/mappings/$vm3/offset = "0x1000"
LINES
    destroy vm3 vm1

    # One that is attached is made in the same way.
    running vm4
    with_record private must xl shared-mem-attach vm4 '0x80000000+4K = ID2'
    assert_permissions $root/ID2 "n0,r$vm4"
    # A domain that restarts asks for what it asked for.
    assert_equal "the stored record" "$(xl list -l vm4 | grep -c '"record": "private"')" 1
    destroy vm4
    must xenstore-chmod $root r0
}

case_xl_conf_knows_two_kinds_of_records()
{
    with_record secret expect_fail "/etc/xen/xl.conf: shared_mem_record is \"secret\"; it has to be \"public\" or\
 \"private\"" xl list
}

# Nothing is at that address: reads give all ones on x86, and a fault on arm64.
assert_nothing_at()
{
    local name="$1" gpa="$2" answer

    answer=$(guest "$name" read "$gpa") || true
    case $ARCH:$answer in
    "x86_64:read $gpa: 0xffffffffffffffff" | "arm64:read: fault at $gpa "*) ;;
    *) fail "$name has something at $gpa: $answer" ;;
    esac
}

case_a_third_domain_cannot_reach_a_region_that_it_does_not_name()
{
    start_three
    must guest vm1 fill 0x60000000 1M 21
    assert_nothing_at vm3 0x60000000
    assert_nothing_at vm3 0x600ff000
    assert_nothing_at vm3 0x80000000
    assert_nothing_at vm2 0x60200000
    # Writes there go nowhere.
    guest vm3 fill 0x60000000 256 22 >/dev/null || true
    guest vm3 fill 0x80000000 256 22 >/dev/null || true
    must guest vm2 check 0x80000000 1M 21
    destroy vm1 vm2 vm3
}

case_the_pages_next_to_a_region_are_not_shared()
{
    share vm1 '"0x60001000+4K = ID1"'
    share vm2 '"0x80001000+4K = ID1"'
    assert_nothing_at vm1 0x60000000
    assert_nothing_at vm1 0x60002000
    assert_nothing_at vm2 0x80000000
    assert_nothing_at vm2 0x80002000
    destroy vm1 vm2
}

case_a_new_region_is_zero_whatever_was_in_the_memory_before() # limit 180
{
    local before size begin

    # A domain takes nearly all free memory and writes a pattern to it.
    before=$(freepages)
    size=$((before / 256 - 64))
    config greedy "memory = $size"
    create greedy
    case $ARCH in
    x86_64) begin=0x500000 ;;
    arm64)  begin=0x40100000 ;;
    esac
    must guest greedy fill $begin $((size - 32))M 31
    destroy greedy
    # Xen takes its time over so much memory.
    must freepages "$before" 4096 60 >/dev/null

    share vm1 '"0x200000000+256M = ID1", "0x60001000+4K = ID2"'
    share vm2 '"0x240000000+256M = ID1"'
    must guest vm1 zero 0x200000000 256M
    must guest vm2 zero 0x240000000 256M
    must guest vm1 zero 0x60001000 4K
    destroy vm1 vm2
}

case_a_region_that_died_out_starts_anew_at_zero()
{
    share vm1 '"0x60000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 41
    destroy vm1
    # Under the same name, with another length.
    share vm1 '"0x60000000+128K = ID1"'
    must guest vm1 zero 0x60000000 128K
    destroy vm1
}

case_xl_list_shows_the_regions_of_a_domain()
{
    share vm1 '"0x60000000-0x60100000 = ID1"'
    xl list -l vm1 >listing
    grep -A 7 static_shared_mems listing | tr -d ' \n' >part
    assert_equal "static_shared_mems in xl list -l" "$(cut -c1-87 part)" \
        '"static_shared_mems":[{"id":"ID1","begin":1610612736,"size":1048576,"control":"False"}]'
    destroy vm1
}

# On Arm the agent's own tables let it execute this GiB.
case_executing_from_a_region_is_a_fault_of_the_guest()
{
    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x60000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 15
    faults instruction vm1 execute 0x60000000
    faults instruction vm2 execute 0x60000000
    must guest vm2 check 0x60000000 64K 15
    destroy vm1 vm2
}
