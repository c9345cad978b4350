# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # share sets variables; local
# xl shared-mem-list: literally what it prints, but for numbers of domains.

HEADER="ID                                      Size Owner Name                 \
  Dom Range                             Prot       Offset Control State"

# row ID SIZE OWNER NAME DOM RANGE PROT OFFSET CONTROL STATE
row()
{
    printf '%-31s %12s %5s %-20s %5s %-33s %-4s %12s %-7s %s\n' "$@"
}

# lists LINES [WORD]...: what xl shared-mem-list says, with these words.
lists()
{
    local wanted="$1"

    shift
    assert_equal "what is listed" "$(must xl shared-mem-list "$@")" "$wanted"
}

case_the_list_of_all_regions()
{
    local one two other

    lists "$HEADER"
    share vm1 '"0x80000000+64K = ID1, control=yes", "0x90000000+8K = ID2"'
    share vm2 '"0x90000000+64K = ID1, control=yes"'
    share vm3 '"0x80000000+4K = ID2, prot=ro, offset=0x1000"'

    one="$(row ID1 0x10000 "$vm1" vm1 "$vm1" 0x80000000-0x80010000 rw 0x0 yes alive)"
    two="$(row ID1 0x10000 "$vm1" vm2 "$vm2" 0x90000000-0x90010000 rw 0x0 yes alive)"
    other="$(row ID2 0x2000 "$vm1" vm1 "$vm1" 0x90000000-0x90002000 rw 0x0 no alive)
$(row ID2 0x2000 "$vm1" vm3 "$vm3" 0x80000000-0x80001000 ro 0x1000 no alive)"
    lists "$HEADER
$one
$two
$other
2 regions with 72 KiB of memory"
    lists "$HEADER
$other
1 region with 8 KiB of memory" ID2
    lists "$HEADER
$one
$two
1 region with 64 KiB of memory" vm2
    lists "$HEADER
$other
1 region with 8 KiB of memory" "$vm3"
    lists "$HEADER
$one
$two
$other
2 regions with 72 KiB of memory" vm1 ID2

    # One that has crashed is still there, and has the memory.
    ends vm2 3
    two="$(row ID1 0x10000 "$vm1" vm2 "$vm2" 0x90000000-0x90010000 rw 0x0 yes ended)"
    wait_for 5 says_ended || fail "$(xl shared-mem-list ID1)"
    lists "$HEADER
$one
$two
1 region with 64 KiB of memory" ID1
    destroy vm1 vm2 vm3
}

says_ended() { xl shared-mem-list ID1 | grep -q ended; }

# as_json: without blanks and line ends.
as_json() { tr -d ' \n'; }

# What has its default value is left out: here offset 0, read/write, alive, index 0.
case_the_list_as_JSON()
{
    share vm1 '"0x80000000+64K = ID1, control=yes"'
    share vm2 '"0x90000000+4K = ID1, prot=ro, offset=0x3000, control=yes"'
    assert_equal "the JSON" "$(xl shared-mem-list --long | as_json)" "[{\
\"id\":\"ID1\",\"size\":65536,\"memkb\":64,\"owner\":$vm1,\"control\":true,\
\"generation\":$(generation ID1),\"peers\":[{\
\"domid\":$vm1,\"name\":\"vm1\",\"begin\":2147483648,\"size\":65536},{\
\"domid\":$vm2,\"name\":\"vm2\",\"index\":1,\"begin\":2415919104,\"size\":4096,\
\"offset\":12288,\"prot\":\"ro\"}]}]"

    # There is the page that vm2 has, and no more.
    destroy vm1
    ends vm2 3
    wait_for 5 says_ended || fail "$(xl shared-mem-list ID1)"
    assert_equal "the JSON" "$(xl shared-mem-list --long | as_json)" "[{\
\"id\":\"ID1\",\"size\":65536,\"memkb\":4,\"owner\":$vm2,\"control\":true,\
\"generation\":$(generation ID1),\"peers\":[{\
\"domid\":$vm2,\"name\":\"vm2\",\"index\":1,\"begin\":2415919104,\"size\":4096,\
\"offset\":12288,\"prot\":\"ro\",\"state\":\"ended\"}]}]"
    lists "$HEADER
$(row ID1 0x10000 "$vm2" vm2 "$vm2" 0x90000000-0x90001000 ro 0x3000 yes ended)
1 region with 4 KiB of memory"
    destroy vm2
    assert_equal "the JSON" "$(xl shared-mem-list -l | as_json)" "[]"
}

# IDs that are the name and the number of a domain.
case_words_that_are_both_a_region_and_a_domain()
{
    local name number other regions

    running vm1
    share vm2 "\"0x80000000+4K = vm1\", \"0x80001000+8K = $vm1\""
    name="$(row vm1 0x1000 "$vm2" vm2 "$vm2" 0x80000000-0x80001000 rw 0x0 no alive)"
    number="$(row "$vm1" 0x2000 "$vm2" vm2 "$vm2" 0x80001000-0x80003000 rw 0x0 no alive)"
    must xl shared-mem-attach vm1 '0x90000000+12K = ID1'
    other="$(row ID1 0x3000 "$vm1" vm1 "$vm1" 0x90000000-0x90003000 rw 0x0 no alive)"

    for regions in "" --id; do
        # shellcheck disable=SC2086 # none or one
        lists "$HEADER
$name
1 region with 4 KiB of memory" $regions vm1
        # shellcheck disable=SC2086
        lists "$HEADER
$number
1 region with 8 KiB of memory" $regions "$vm1"
    done
    lists "$HEADER
$other
1 region with 12 KiB of memory" --domain vm1
    lists "$HEADER
$other
1 region with 12 KiB of memory" --id --domain "$vm1"
    assert_equal "the JSON" \
        "$(xl shared-mem-list -l --domain "$vm1" | as_json | cut -c1-28)" \
        '[{"id":"ID1","size":12288,"m'
    fails 1 "vm2 is no region" --id vm2
    fails 1 "ID1 is no domain" --domain vm2 ID1
    destroy vm1 vm2
}

# As if vm2's number had been that of a domain which is gone.
case_a_domain_whose_number_another_has_now()
{
    local node=/libxl/shared_mem/ID1 before uuid

    share vm1 '"0x80000000+64K = ID1"'
    share vm2 '"0x90000000+64K = ID1"'
    before=$(kept $node)
    uuid=$(uuid vm2)
    xenstore-write $node \
        "${before%"$uuid"*}6fa2f2b6-64ac-4d3b-a4a5-2f8a2f0a8d5e${before#*"$uuid"}"
    lists "$HEADER
$(row ID1 0x10000 "$vm1" vm1 "$vm1" 0x80000000-0x80010000 rw 0x0 no alive)
$(row ID1 0x10000 "$vm1" "(null)" "$vm2" 0x90000000-0x90010000 rw 0x0 no gone)
1 region with 64 KiB of memory"
    xenstore-write $node "$before"
    destroy vm1 vm2
}

# A page counts once, however many domains have it, and not when none has it.
case_the_memory_of_regions()
{
    local free

    share vm1 '"0x80000000+64K = ID1"'
    share vm2 '"0x90000000+16K = ID1, offset=0x4000"'
    share vm3 '"0x90000000+16K = ID1, offset=0x6000"'
    running vm4
    assert_equal "the sum" "$(xl shared-mem-list | tail -n 1)" \
        "1 region with 64 KiB of memory"
    assert_equal "what is listed" "$(must xl shared-mem-list vm4)" "$HEADER"
    free=$(freepages)
    must xl shared-mem-detach vm1 ID1
    assert_equal "the sum" "$(xl shared-mem-list | tail -n 1)" \
        "1 region with 24 KiB of memory"
    must freepages $((free + 10)) 3 5 >/dev/null # of 16
    destroy vm1 vm2 vm3 vm4
}

# fails STATUS LINE WORD...: xl shared-mem-list with wrong words.
fails()
{
    local status="$1" line="$2"

    shift 2
    xl_fails "$status" "$line" shared-mem-list "$@"
    assert_equal "what it prints on stdout" "$(grep -v '^Usage\|^$' stdout)" ""
}

case_wrong_words()
{
    share vm1 '"0x80000000+64K = ID1"'
    fails 1 "nobody is neither a domain nor a region" nobody
    fails 1 "4711 is neither a domain nor a region" ID1 4711
    fails 2 "option \`x' not supported." -x
    destroy vm1
    fails 1 "ID1 is neither a domain nor a region" ID1
}

# refused REASON TEXT: what libxl keeps of ID1 is that text.
refused()
{
    must xenstore-write /libxl/shared_mem/ID1 "$2"
    expect_fail "libxl: error: static_shared_mem: region ID1: its record in xenstore is\
 broken: /libxl/shared_mem/ID1: $1" xl shared-mem-list
}

# Nobody goes by what is not as libxl writes it.
case_a_record_that_somebody_else_wrote()
{
    local good other="it is not as this libxl writes it"

    share vm1 '"0x80000000+64K = ID1, control=yes"'
    share vm2 '"0x90000000+8K = ID1, prot=ro, offset=0x2000, control=yes"'
    good=$(kept /libxl/shared_mem/ID1)
    refused "it is not JSON: an earlier version may have written it; then start this\
 Xen anew" ""
    refused "the UUID is malformed" "${good%,\"peers\"*},\"peers\":[null]}"
    refused "$other" "$(echo "$good" | sed 's/"control":true/"control":1/')"
    refused "$other" "$(echo "$good" | sed 's/"read_only":true/"read_only":"true"/')"
    refused "$other" "$(echo "$good" | sed 's/"offset":8192/"offset":8192.0/')"
    refused "$other" "$(echo "$good" | sed 's/{"owner"/{"later":1,"owner"/')"
    refused "it has no peers, or too many" "${good%,\"peers\"*}}"
    refused "it has too many indices" "$(echo "$good" |
        sed 's/"free_indices":\[/&9,9,9,9,9,9,/')"
    refused "not each index is either a peer's or free" "$(echo "$good" |
        sed 's/"free_indices":\[2,/"free_indices":[3,/')"
    refused "the owner has no mapping" "$(echo "$good" |
        sed "s/\"owner\":$vm1/\"owner\":$((vm2 + 1))/")"
    refused "the UUID is malformed" "$(echo "$good" |
        sed "s/\"uuid\":\"$(uuid vm1)/&0/")"
    refused "the range is not as long as the region" "$(echo "$good" |
        sed 's/"size":65536,"control"/"size":131072,"control"/')"
    must xenstore-write /libxl/shared_mem/ID1 "$good"
    must xl shared-mem-list >/dev/null
    destroy vm1 vm2
}

# What is kept of so many does not fit into one node.
case_a_dozen_peers() # limit 240
{
    local n peers="vm1"

    share vm1 '"0x80000000+16K = ID1"'
    for n in $(seq 2 12); do
        share "vm$n" '"0x80000000+4K = ID1, offset=0x3000"'
        peers="$peers vm$n"
    done
    xenstore-exists /libxl/shared_mem/ID1/1 || fail "it is in one node"
    assert_equal "the number of peers" \
        "$(xl shared-mem-list -l | grep -c '"domid"')" 12
    assert_equal "the number of mappings" \
        "$(xenstore-list /local/shared_mem/ID1/mappings | wc -l)" 12
    must guest vm1 fill 0x80003000 4K 51
    must guest vm12 check 0x80000000 4K 51
    # It gets shorter again, and nobody takes what is left behind it for a part.
    for n in 12 11 10 9 8 7 6 5 4 3; do
        destroy "vm$n"
    done
    assert_equal "the number of peers" \
        "$(xl shared-mem-list -l | grep -c '"domid"')" 2
    share vm3 '"0x80000000+16K = ID1"'
    must guest vm3 check 0x80003000 4K 51
    destroy vm1 vm2 vm3
}
