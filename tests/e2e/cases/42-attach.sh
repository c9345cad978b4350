# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2034,SC2154,SC3043 # vm1; busybox: local
# xl shared-mem-attach and shared-mem-detach: regions of domains that run, which
# the guests check; the stored config, the factory page, what is refused, and a
# toolstack that is killed meanwhile.

# attach NAME ENTRY, detach NAME ID: xl prints nothing.
attach()
{
    assert_equal "the output" "$(must xl shared-mem-attach "$1" "$2" 2>&1)" ""
}

detach()
{
    assert_equal "the output" "$(must xl shared-mem-detach "$1" "$2" 2>&1)" ""
}

# refused NAME ENTRY LINE: there is this line, and another one that says what failed.
refused()
{
    expect_fail "$3" xl shared-mem-attach "$1" "$2"
    assert_equal "the number of lines" "$(wc -l <stderr)" 2
    assert_line stderr "libxl_shared_mem_attach failed."
}

# has_nothing NAME GPA: reads give all ones (x86), or a data abort (Arm).
has_nothing()
{
    case $ARCH in
    x86_64) assert_equal "what is there" "$(must guest "$1" read "$2")" \
                "read $(hex "$2"): 0xffffffffffffffff" ;;
    arm64)  ! guest "$1" read "$2" >answer || fail "it reads $(cat answer)" ;;
    esac
}

# configured NAME: the ranges and IDs in the config as xl list -l has it.
configured()
{
    must xl list -l "$1" | sed -n '/"static_shared_mems"/,/\]/p' |
        sed -n 's/^ *"\(id\|begin\|size\|prot\)": "*\([^",]*\)"*,*$/\1=\2/p' |
        tr '\n' ' '
}

case_a_borrower_is_attached_and_detached()
{
    share vm1 '"0x60000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 41
    running vm2
    free=$(freepages)
    attach vm2 '0x80000000+64K = ID1'
    assert_region ID1 0x10000 "$vm1" \
        "$vm1" 0x60000000-0x60010000 \
        "$vm2" 0x80000000-0x80010000
    must guest vm2 check 0x80000000 64K 41
    must guest vm2 fill 0x80000000 64K 42
    must guest vm1 check 0x60000000 64K 42
    assert_equal "the config" "$(configured vm2)" \
        "id=ID1 begin=2147483648 size=65536 "

    detach vm2 ID1
    assert_region ID1 0x10000 "$vm1" "$vm1" 0x60000000-0x60010000
    has_nothing vm2 0x80000000
    must guest vm1 check 0x60000000 64K 42
    assert_equal "the config" "$(configured vm2)" ""
    # Page tables that the range needed may stay for later.
    freepages "$free" 8 15 >answer || fail "free pages: $(cat answer), not $free"
    ! xenstore-exists "/libxl/$vm2/shared_mem" || fail "its nodes are left"
    destroy vm1 vm2
}

case_a_region_that_only_running_domains_have()
{
    running vm1
    running vm2
    # What Xen keeps of it are page tables, for the next time.
    for vm in vm1 vm2; do
        attach $vm '0x60000000+1M = ID1'
        detach $vm ID1
    done
    free=$(freepages)
    attach vm1 '0x60000000+1M = ID1, control=yes'
    assert_record <<EOF
/local/shared_mem/ID1/owner = "$vm1"
/local/shared_mem/ID1/size = "0x100000"
/local/shared_mem/ID1/control = "1"
/local/shared_mem/ID1/mappings/$vm1 = "0x60000000-0x60100000"
EOF
    must guest vm1 zero 0x60000000 1M
    must guest vm1 fill 0x60000000 1M 43
    attach vm2 '0x90000000+4K=ID1,prot=ro,offset=0x3000,control=yes'
    must guest vm2 check 0x90000000 4K 43 0x3000
    ! guest vm2 write 0x90000000 1 >answer || fail "it could be written"
    detach vm2 ID1
    detach vm1 ID1
    assert_equal "the record" "$(record)" ""
    freepages "$free" 8 15 >answer || fail "free pages: $(cat answer), not $free"

    # A new one, with nothing of the old one in it.
    attach vm2 '0x90000000+1M = ID1'
    must guest vm2 zero 0x90000000 1M
    destroy vm1 vm2
}

# figures NAME: the memory that it has, and may have.
figures()
{
    echo "$(xl list "$1" | awk 'NR == 2 { print $3 }') MiB," \
        "at most $(max_pages "$1") pages"
}

# The pages are the region's: whoever gives it up loses nothing of its own.
case_an_owner_is_detached_and_attached_again() # limit 180
{
    local free round before

    free=$(freepages)
    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 44
    before=$(figures vm1)
    for round in 1 2 3; do
        detach vm1 ID1
        has_nothing vm1 0x60000000
        assert_region ID1 0x10000 "$vm2" "$vm2" 0x80000000-0x80010000
        must guest vm2 check 0x80000000 64K 44
        must xl shared-mem-list ID1 >listing
        ! grep -q vm1 listing || fail "vm1 is listed: $(cat listing)"

        attach vm1 '0x70000000+64K = ID1'
        must guest vm1 check 0x70000000 64K 44
        must guest vm1 fill 0x70000000 64K $((44 + round))
        must guest vm2 check 0x80000000 64K $((44 + round))
        detach vm1 ID1
        attach vm1 '0x60000000+64K = ID1'
        must guest vm2 fill 0x80000000 64K 44
        must guest vm1 check 0x60000000 64K 44
    done
    assert_equal "the memory of vm1" "$(figures vm1)" "$before"
    detach vm1 ID1
    assert_equal "the memory of vm1" "$(figures vm1)" "$before"

    # As a reader, too.
    attach vm1 '0x60000000+64K = ID1, prot=ro'
    must guest vm1 check 0x60000000 64K 44
    ! guest vm1 write 0x60000000 1 >answer || fail "it could be written"
    must guest vm2 fill 0x80000000 64K 48
    must guest vm1 check 0x60000000 64K 48

    # Whoever goes first, all of it is back in the end.
    destroy vm1
    must guest vm2 check 0x80000000 64K 48
    wait_for 5 no_domain_is_dying || fail "a domain stays: $(xl list)"
    destroy vm2
    freepages "$free" 8 15 >answer || fail "free pages: $(cat answer), not $free"
}

# It writes nothing, so that there are zeros until somebody comes who does.
case_a_reader_is_the_first_to_be_attached()
{
    running vm1
    running vm2
    attach vm1 '0x60000000+64K = ID1, prot=ro'
    must guest vm1 zero 0x60000000 64K
    ! guest vm1 write 0x60000000 1 >answer || fail "it could be written"
    assert_record <<EOF
/local/shared_mem/ID1/owner = "$vm1"
/local/shared_mem/ID1/size = "0x10000"
/local/shared_mem/ID1/mappings/$vm1 = "0x60000000-0x60010000"
/local/shared_mem/ID1/mappings/$vm1/prot = "ro"
EOF
    attach vm2 '0x80000000+64K = ID1'
    must guest vm2 zero 0x80000000 64K
    must guest vm2 fill 0x80000000 64K 54
    must guest vm1 check 0x60000000 64K 54
    detach vm1 ID1
    must guest vm2 check 0x80000000 64K 54
    destroy vm1 vm2
}

case_a_region_inside_RAM_leaves_a_hole()
{
    local before

    share vm1 "\"$FREE_RAM+64K = ID1\""
    must guest vm1 fill "$FREE_RAM" 64K 45
    share vm2 '"0x80000000+64K = ID1"'
    before=$(figures vm1)
    detach vm1 ID1
    has_nothing vm1 "$FREE_RAM"
    must guest vm1 ping >/dev/null
    must guest vm2 check 0x80000000 64K 45
    # No RAM comes in its place.
    assert_equal "the memory of vm1" "$(figures vm1)" "$before"
    assert_equal "RAM given" "$(given vm1)" 64
    attach vm1 "$FREE_RAM+64K = ID1"
    must guest vm1 check "$FREE_RAM" 64K 45
    assert_equal "the memory of vm1" "$(figures vm1)" "$before"
    assert_equal "RAM given" "$(given vm1)" 64
    destroy vm1 vm2
}

# Many calls of Xen for one region.
filled_and_detached()
{
    attach vm1 '0x60000000+16M = ID1'
    must guest vm1 zero 0x60000000 16M
    must guest vm1 fill 0x60000000 16M 51
    detach vm1 ID1
}

case_a_large_region_is_free_to_the_page()
{
    running vm1
    # What Xen keeps after the first are page tables, for the next time.
    filled_and_detached
    must_lose_no_page filled_and_detached
    must_lose_no_page filled_and_detached
    destroy vm1
}

case_what_cannot_be_attached()
{
    local region="static_shared_mem: region"

    share vm1 '"0x60000000+64K = ID1"'
    running vm2 'static_shared_mem = [ "0x60000000+4K = ID2" ]'
    must guest vm1 fill 0x60000000 64K 46
    record >record-before
    configured vm2 >config-before
    free=$(freepages)
    refused vm2 "$FREE_RAM+64K = ID1" "libxl: error: domain vm2: $region ID1: cannot\
 be mapped at $(hex "$FREE_RAM"): the guest has something else there; $(
        suggestion) is free"
    refused vm2 '0x60000000+64K = ID1' "libxl: error: domain vm2: $region ID1: its\
 range overlaps the one of region ID2"
    refused vm2 '0x70000000+4K = ID2' "libxl: error: domain vm2: $region ID2: a\
 domain can name a region only once"
    refused vm2 '0x80000000+4K = ID1' "libxl: error: domain vm2: $region ID1: the\
 range has 0x1000 bytes, but the region, which domain $vm1 owns, has 0x10000;\
 offset= takes a part of it"
    refused vm2 '0x80000000+64K = ID1, role=owner' "libxl: error: domain vm2:\
 $region ID1: role=owner, but the region exists: domain $vm1 owns it"
    refused vm2 '0x100000000+2G = ID3' "libxl: error: domain vm2: $region ID3: not\
 enough free memory: 2097152 KiB needed, $((free * 4)) KiB free"
    refused Domain-0 '0x80000000+64K = ID1' "libxl: error: static_shared_mem: the\
 domain of the toolstack cannot share memory"
    assert_equal "the record" "$(record)" "$(cat record-before)"
    assert_equal "the config" "$(configured vm2)" "$(cat config-before)"
    assert_equal "free pages" "$(freepages)" "$free"
    must guest vm1 check 0x60000000 64K 46
    destroy vm1 vm2
}

# Where what the guest has leaves room for 64 KiB.
suggestion()
{
    case $ARCH in
    x86_64) echo 0x1000000-0x1010000 ;;
    arm64)  echo 0x41000000-0x41010000 ;;
    esac
}

case_wrong_words()
{
    share vm1 '"0x60000000+64K = ID1"'
    xl_fails 2 "'xl shared-mem-attach' requires at least 2 arguments." \
        shared-mem-attach vm1
    xl_fails 2 "'xl shared-mem-detach' requires at least 2 arguments." \
        shared-mem-detach vm1
    xl_fails 1 "nobody is an invalid domain identifier (rc=-6)" \
        shared-mem-attach nobody '0x80000000+64K = ID1'
    xl_fails 1 "nobody is an invalid domain identifier (rc=-6)" \
        shared-mem-detach nobody ID1
    xl_fails 1 "libxl: error: Domain N:static_shared_mem: region ID2: the domain does\
 not have it" shared-mem-detach vm1 ID2
    xl_fails 1 "shared-mem-detach takes one region, not also ID2" \
        shared-mem-detach vm1 ID1 ID2
    xl_fails 1 "command line: config parsing error in static_shared_mem: expected '-'\
 and END, or '+' and SIZE, after BEGIN: near '=' in '0x80000000 = ID1'" \
        shared-mem-attach vm1 '0x80000000 = ID1'
    must guest vm1 ping >/dev/null
    destroy vm1
}

# Words need not be quoted. -N changes nothing.
case_dry_run()
{
    share vm1 '"0x60000000+64K = ID1"'
    record >record-before
    must xl -N shared-mem-attach vm1 0x80000000+64K = ID2, prot=ro >output
    assert_equal "the output" "$(tr -d ' \n' <output)" 'static_shared_mem:{"id":"ID2",'\
'"begin":2147483648,"size":65536,"prot":"ro","control":"False"}'
    assert_equal "the record" "$(record)" "$(cat record-before)"
    destroy vm1
}

has_shut_down()
{
    xl list "$1" | grep -q -- "--s--"
}

case_a_domain_that_has_shut_down()
{
    running vm1 'on_poweroff = "preserve"'
    must guest vm1 shutdown 0
    wait_for 20 has_shut_down vm1
    refused vm1 '0x60000000+64K = ID1' "libxl: error: domain vm1: static_shared_mem:\
 region ID1: the domain has shut down; wait until it runs again"
    assert_equal "the record" "$(record)" ""
    destroy vm1
}

# The memory for page tables comes from the size in the config, which may be xl's.
case_page_tables_for_what_is_attached() # limit 240
{
    running vm1 'shadow_memory = 1'
    attach vm1 '0x100000000+256M = ID1'
    must guest vm1 fill 0x10ffff000 4K 52
    running vm2 'shadow_memory = 1'
    attach vm2 '0x100000000+256M = ID1'
    must guest vm2 check 0x10ffff000 4K 52
    must xl list -l vm2 | grep -q '"shadow_memkb": [2-9][0-9][0-9][0-9],*$' ||
        fail "the config has $(xl list -l vm2 | grep shadow_memkb)"
    destroy vm1 vm2
}

# What the owner gives up is not to become memory that it is populated from.
case_an_owner_whose_RAM_is_populated_on_demand_is_detached()
{
    [ "$ARCH" = x86_64 ] ||
        skip "Arm guests have no memory= smaller than maxmem="
    share vm1 '"0x180000000+64K = ID1"' 'maxmem = 4200'
    must guest vm1 fill 0x180000000 64K 53
    share vm2 '"0x80000000+64K = ID1"'
    detach vm1 ID1
    must guest vm2 check 0x80000000 64K 53
    attach vm1 '0x180000000+64K = ID1'
    must guest vm1 check 0x180000000 64K 53
    destroy vm1 vm2
}

# What was attached is there after a reboot, and what was detached is not.
case_a_reboot_keeps_what_was_attached()
{
    share vm1 '"0x60000000+64K = ID1", "0x61000000+4K = ID2"'
    must guest vm1 fill 0x60000000 64K 47
    watched share vm2 '"0x80000000+4K = ID2"' 'on_reboot = "restart"'
    attach vm2 '0x90000000+64K = ID1'
    detach vm2 ID2
    ends vm2 1
    comes_back vm2 0x90000000-0x90010000
    must guest vm2 check 0x90000000 64K 47
    assert_equal "the config" "$(configured vm2)" \
        "id=ID1 begin=2415919104 size=65536 "
    ! record | grep -q "ID2/mappings/$vm2" || fail "vm2 has ID2 again: $(record)"
    destroy vm1 vm2
}

# entries NAME: how many regions the factory page tells of, above its sequence.
entries()
{
    local word

    word=$(must guest "$1" read 0x70000048)
    echo $((${word##* } >> 32))
}

# alive NAME: the mask of the peers of its first region that are.
alive()
{
    local word

    word=$(must guest "$1" read 0x700000b8)
    echo $((${word##* } & 0xffffffff))
}

case_the_factory_page_follows()
{
    share vm1 '"0x60000000+4K = ID1"' 'shared_mem_factory = 0x70000000'
    share vm2 '"0x60000000+4K = ID2"' 'shared_mem_factory = 0x70000000'
    assert_equal "the entries" "$(entries vm2)" 1
    attach vm2 '0x80000000+4K = ID1'
    assert_equal "the entries" "$(entries vm2)" 2
    assert_equal "who is alive, for its peer" "$(alive vm1)" 3
    detach vm2 ID1
    assert_equal "the entries" "$(entries vm2)" 1
    assert_equal "who is alive, for its peer" "$(alive vm1)" 1
    destroy vm1 vm2
}

# A range that is coming or going, as libxl keeps it: from 0x80000000, 64 KiB.
CHANGE='"change": { "begin": 2147483648, "size": 65536'

# xl was killed after it had mapped a page, or allocated one of a new region.
case_an_attach_that_was_killed()
{
    share vm1 '"0x60000000+64K = ID1"'
    must guest vm1 fill 0x60000000 64K 48
    running vm2
    xen_map ok "$vm2" "$vm1" 0x60000000 0x80000000
    must sharectl allocate "$vm2" 0x80004 1
    must xenstore-write "/libxl/$vm2/shared_mem" \
        "{ \"uuid\": \"$(uuid vm2)\", $CHANGE } }"
    must_be_used "$vm2" 0x80000000
    must_be_used "$vm2" 0x80004000
    [ "$ARCH" = arm64 ] || # xl has no save there
        xl_fails 1 "libxl: error: Domain N:static_shared_mem: an attach or a detach did\
 not come to its end; do it again before the domain is saved or migrated" \
        save vm2 saved

    # Any change of the domain's regions takes them back.
    expect_fail "libxl: error: Domain N:static_shared_mem: region ID1: the domain\
 does not have it" xl shared-mem-detach vm2 ID1
    must_be_free "$vm2" 0x80000000
    must_be_free "$vm2" 0x80004000
    ! xenstore-exists "/libxl/$vm2/shared_mem" || fail "its nodes are left"
    attach vm2 '0x80000000+64K = ID1'
    must guest vm2 check 0x80000000 64K 48
    destroy vm1 vm2
}

case_a_detach_that_was_killed()
{
    local before

    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+64K = ID1"' 'shared_mem_factory = 0x70000000'
    must guest vm1 fill 0x60000000 64K 49
    detach vm2 ID1
    xen_map ok "$vm2" "$vm1" 0x60000000 0x80000000
    before=$(must xenstore-read "/libxl/$vm2/shared_mem")
    must xenstore-write "/libxl/$vm2/shared_mem" \
        "{ \"uuid\": \"$(uuid vm2)\", \"factory\": $((0x70000000)),
           $CHANGE, \"detaches\": true } }"
    attach vm2 '0x80000000+64K = ID1'
    must guest vm2 check 0x80000000 64K 49
    detach vm2 ID1
    assert_equal "what is kept of vm2" \
        "$(must xenstore-read "/libxl/$vm2/shared_mem")" "$before"
    destroy vm1 vm2
}

# Attaching and detaching under a living peer that checks the data. "make soak" has
# more of these rounds.
case_20_rounds()
{
    local round nodes

    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+4K = ID2"'
    must guest vm1 fill 0x60000000 64K 50
    for round in $(seq 20); do
        must xl shared-mem-attach vm2 '0x90000000+64K = ID1'
        must guest vm2 check 0x90000000 64K 50
        must xl shared-mem-detach vm2 ID1
        if [ "$round" -eq 2 ]; then
            free=$(freepages) nodes=$(xenstore-ls -f / | wc -l)
        fi
    done
    assert_equal "free pages" "$(freepages)" "$free"
    assert_equal "the number of nodes" "$(xenstore-ls -f / | wc -l)" "$nodes"
    must guest vm1 check 0x60000000 64K 50
    destroy vm1 vm2
}
