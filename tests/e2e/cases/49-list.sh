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

case_the_list_as_JSON()
{
    share vm1 '"0x80000000+64K = ID1"'
    share vm2 '"0x90000000+4K = ID1, prot=ro, offset=0x3000"'
    assert_equal "the JSON" "$(xl shared-mem-list --long | tr -d ' \n')" "[{\
\"id\":\"ID1\",\"size\":65536,\"memkb\":64,\"owner\":$vm1,\"control\":false,\
\"generation\":$(generation ID1),\"peers\":[{\
\"domid\":$vm1,\"name\":\"vm1\",\"index\":0,\"begin\":2147483648,\"size\":65536,\
\"offset\":0,\"prot\":\"rw\",\"state\":\"alive\"},{\
\"domid\":$vm2,\"name\":\"vm2\",\"index\":1,\"begin\":2415919104,\"size\":4096,\
\"offset\":12288,\"prot\":\"ro\",\"state\":\"alive\"}]}]"

    # There is the page that vm2 has, and no more.
    destroy vm1
    assert_equal "the JSON" "$(xl shared-mem-list --long | tr -d ' \n')" "[{\
\"id\":\"ID1\",\"size\":65536,\"memkb\":4,\"owner\":$vm2,\"control\":false,\
\"generation\":$(generation ID1),\"peers\":[{\
\"domid\":$vm2,\"name\":\"vm2\",\"index\":1,\"begin\":2415919104,\"size\":4096,\
\"offset\":12288,\"prot\":\"ro\",\"state\":\"alive\"}]}]"
    lists "$HEADER
$(row ID1 0x10000 "$vm2" vm2 "$vm2" 0x90000000-0x90001000 ro 0x3000 no alive)
1 region with 4 KiB of memory"
    destroy vm2
    assert_equal "the JSON" "$(xl shared-mem-list -l | tr -d ' \n')" "[]"
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
