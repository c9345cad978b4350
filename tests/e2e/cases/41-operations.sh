# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2034,SC2154,SC3043 # vm1; busybox: local
# What can be done to a domain that has a region, by xl or by the guest itself:
# it does not take the region away, or it is refused before it begins.

# start_pair [LINE]...: vm1 and vm2 share ID1; the LINEs are for vm1.
start_pair()
{
    share vm1 '"0x60000000+64K = ID1"' "$@"
    share vm2 '"0x80000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 31
    record >record-before
}

# The pair has its region, and each sees what the other writes.
pair_is_well()
{
    assert_equal "the record" "$(record)" "$(cat record-before)"
    must guest vm1 check 0x60000000 64K 31
    must guest vm2 check 0x80000000 64K 31
    must guest vm2 fill 0x80000000 64K 32
    must guest vm1 check 0x60000000 64K 32
    must guest vm1 fill 0x60000000 64K 31
}

# On Arm, xl has these commands for no domain at all.
case $ARCH in
x86_64) CANNOT_BE_SAVED="libxl: error: Domain N:static_shared_mem: region ID1: a\
 domain that shares memory cannot be saved or migrated" ;;
arm64)  CANNOT_BE_SAVED="command not implemented" ;;
esac

# Neither a file nor another host is touched.
case_save_and_migrate_are_refused()
{
    start_pair
    echo "an older state" >file
    expect_only "$CANNOT_BE_SAVED" xl save vm1 file
    expect_only "$CANNOT_BE_SAVED" xl save -c vm2 file
    assert_equal "the file" "$(cat file)" "an older state"
    expect_only "$CANNOT_BE_SAVED" xl save vm1 new-file
    expect_only "$CANNOT_BE_SAVED" xl migrate -s "touch called;" vm1 elsewhere
    expect_only "$CANNOT_BE_SAVED" xl remus -s "touch called;" vm2 elsewhere
    expect_only "$CANNOT_BE_SAVED" xl remus -b vm2 elsewhere
    [ ! -e called ] || fail "the other host was called"
    [ ! -e new-file ] || fail "a file was made"
    pair_is_well
    destroy vm1 vm2
}

case_pause_rename_and_list()
{
    start_pair
    must xl unpause vm1
    must xl pause vm1
    pair_is_well

    must xl rename vm1 another
    pair_is_well
    must xl list -l another >listing
    grep -q '"static_shared_mems"' listing || fail "xl list -l: $(cat listing)"
    grep -q '"id": "ID1"' listing || fail "xl list -l has no ID1: $(cat listing)"
    must xl vcpu-list another >/dev/null

    share vm3 '"0x90000000+64K = ID1"'
    must guest vm3 check 0x90000000 64K 31
    destroy another vm2
    must guest vm3 check 0x90000000 64K 31
    destroy vm3
}

# options: those of ours in the JSON of a config that is read from stdin.
options()
{
    sed -n '/"static_shared_mems"/,/\]/p; /"shared_mem_factory"/p' | tr -d ' \n'
}

# xl keeps a config as JSON, and builds the domain anew from that.
case_a_config_goes_through_JSON()
{
    local wanted='"static_shared_mems":[{"id":"ID1","begin":2147483648,"size":4096,'\
'"has_offset":true,"offset":12288,"role":"borrower","prot":"ro","control":"True"}],'\
'"shared_mem_factory":1879048192,'

    share vm1 '"0x60000000+64K = ID1, control=yes"'
    must guest vm1 fill 0x60000000 64K 31
    watched share vm2 \
        '"0x80000000+4K = ID1, role=borrower, prot=ro, offset=0x3000, control=yes"' \
        'shared_mem_factory = 0x70000000' 'on_reboot = "restart"'
    assert_equal "what xl -N shows" "$(must xl -N create vm2.cfg | options)" "$wanted"
    assert_equal "the JSON" "$(must xl list -l vm2 | options)" "$wanted"

    ends vm2 1
    comes_back vm2 0x80000000-0x80001000
    assert_equal "the JSON" "$(must xl list -l vm2 | options)" "$wanted"
    must guest vm2 check 0x80000000 4K 31 0x3000
    ! guest vm2 write 0x80000000 1 >answer || fail "it could be written"
    must guest vm2 read 0x70000000 >answer
    assert_equal "the page's signature" "$(cat answer)" \
        "read 0x70000000: 0x4d534732474e4558"
    destroy vm1 vm2
}

case_mem_set()
{
    start_pair
    for vm in vm1 vm2; do
        must xl mem-max $vm 32
        must xl mem-set $vm 24
        must xl mem-set $vm 8
        must xl mem-set $vm 16
    done
    pair_is_well
    destroy vm1 vm2
}

# It takes effect when the domain is built anew, as anything else in a config.
case_config_update()
{
    UNWATCHED=
    start_pair 'on_reboot = "restart"'
    config vm1 'static_shared_mem = [ "0x50000000+64K = ID1" ]' \
        'on_reboot = "restart"'
    must xl config-update vm1 vm1.cfg >/dev/null 2>&1
    pair_is_well
    ends vm1 1
    comes_back vm1 0x50000000-0x50010000
    must guest vm1 check 0x50000000 64K 31
    must guest vm2 check 0x80000000 64K 31
    destroy vm1 vm2
}

# ---- what guests do to themselves -----------------------------------------------

case_ballooning_beside_a_region()
{
    start_pair
    assert_equal "the answer to a balloon" "$(balloon vm1 "$FREE_RAM")" "hypercall: rc 1"
    assert_equal "the answer to a balloon" "$(balloon vm2 "$FREE_RAM")" "hypercall: rc 1"
    must_be_free "$vm1" "$FREE_RAM"
    pair_is_well
    destroy vm1 vm2
}

# It is no page of theirs, whoever was the first to have it.
case_ballooning_a_page_of_a_region()
{
    start_pair
    assert_equal "the answer to a balloon" "$(balloon vm1 0x60002000)" "hypercall: rc 0"
    assert_equal "the answer to a balloon" "$(balloon vm2 0x80002000)" "hypercall: rc 0"
    must_be_used "$vm1" 0x60002000
    must_be_used "$vm2" 0x80002000
    pair_is_well
    destroy vm1 vm2
}

# Its peers keep it, and a later one takes it from them.
case_giving_up_a_page_of_a_region()
{
    start_pair
    share vm3 '"0x90000000+64K = ID1"'
    removes vm1 0x60002000
    must_be_free "$vm1" 0x60002000
    must guest vm2 check 0x80000000 64K 31
    must guest vm3 check 0x90000000 64K 31

    share vm4 '"0xa0000000+64K = ID1"'
    must guest vm4 check 0xa0000000 64K 31
    # What a guest does to its view is its own loss.
    removes vm2 0x80003000
    must guest vm3 fill 0x90000000 64K 33
    must guest vm4 check 0xa0000000 64K 33
    must guest vm2 check 0x80000000 8K 33
    destroy vm3 vm4
    share vm5 '"0xb0000000+64K = ID1"'
    must guest vm5 check 0xb0000000 64K 33
    destroy vm1 vm2 vm5
}

# Less than nothing, where a region is in the place of RAM.
case_less_memory_than_regions_took_the_place_of()
{
    local max vm

    share vm1 "\"$FREE_RAM+4M = ID1\""
    share vm2 "\"$FREE_RAM+4M = ID1\""
    for vm in vm1 vm2; do
        max=$(max_pages $vm)
        xl_fails 1 "libxl: error: Domain N:static_shared_mem: regions are in the\
 place of 4096 KiB of its RAM; give it more than that" mem-set $vm 2
        assert_equal "the maximum of $vm" "$(max_pages $vm)" "$max"
    done
    destroy vm1 vm2
}

# ---- the toolstack's own ---------------------------------------------------------

case_xenstored_is_updated_live()
{
    start_pair
    must xenstore-control live-update -t 20 /usr/sbin/xenstored
    pair_is_well
    share vm3 '"0x90000000+64K = ID1"'
    must guest vm3 check 0x90000000 64K 31
    destroy vm1
    must guest vm2 check 0x80000000 64K 31
    share vm4 '"0xa0000000+64K = ID1"'
    must guest vm4 check 0xa0000000 64K 31
    destroy vm2 vm3 vm4
    assert_equal "the record" "$(record)" ""
}
