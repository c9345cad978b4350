# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets vm1; busybox: local
# What a domain may ask for of a region: a part of it (offset=), to be its owner
# or not (role=), and only to read it (prot=ro).

OWNER=0x80000000    # where vm1 has the region, 64 KiB
BORROWER=0x90000000

# refused_entry REASON ENTRY: for vm9, of region ID1.
refused_entry() { libxl_refuses ID1 "$1" "\"$2\""; }

case_a_page_at_each_place_of_a_region() # limit 120
{
    local offset

    share vm1 "\"$OWNER+64K = ID1\""
    must guest vm1 fill $OWNER 64K 1
    for offset in 0 0x7000 0xf000; do
        share vm2 "\"$BORROWER+4K = ID1, offset=$offset\""
        must guest vm2 check $BORROWER 4K 1 $offset
        must guest vm2 fill $BORROWER 4K 2 $offset
        must guest vm1 check $((OWNER + offset)) 4K 2 $offset
        # Nothing comes behind the page, not even what the owner has there.
        assert_equal "the mapping" \
            "$(xenstore-read /local/shared_mem/ID1/mappings/"$vm2"/offset)" \
            "$(printf 0x%x $((offset)))"
        destroy vm2
    done
    must guest vm1 check $((OWNER + 0x1000)) 24K 1 0x1000
    must guest vm1 check $((OWNER + 0x8000)) 28K 1 0x8000
    destroy vm1
}

case_parts_inside_RAM_and_of_the_same_region() # limit 120
{
    share vm1 "\"$OWNER+64K = ID1\""
    share vm2 "\"$FREE_RAM+16K = ID1, offset=0x4000\""
    share vm3 "\"$BORROWER+8K = ID1, offset=24K\""
    must guest vm1 fill $OWNER 64K 1
    must guest vm2 check "$FREE_RAM" 16K 1 0x4000
    must guest vm3 check $BORROWER 8K 1 0x6000
    must guest vm2 fill "$FREE_RAM" 16K 2 0x4000
    must guest vm3 check $BORROWER 8K 2 0x6000
    must guest vm1 check $((OWNER + 0x4000)) 16K 2 0x4000
    must guest vm1 check $OWNER 16K 1
    must guest vm1 check $((OWNER + 0x8000)) 32K 1 0x8000
    assert_record <<LINES
/local/shared_mem/ID1/mappings/$vm1 = "0x80000000-0x80010000"
/local/shared_mem/ID1/mappings/$vm2 = "$FREE_RAM-$(hex $((FREE_RAM + 0x4000)))"
/local/shared_mem/ID1/mappings/$vm2/offset = "0x4000"
/local/shared_mem/ID1/mappings/$vm3 = "0x90000000-0x90002000"
/local/shared_mem/ID1/mappings/$vm3/offset = "0x6000"
/local/shared_mem/ID1/owner = "$vm1"
/local/shared_mem/ID1/size = "0x10000"
LINES
    destroy vm3 vm1 vm2
}

# The domain that comes back supplies what went with it, and gets the rest from
# the one that kept it.
case_an_owner_comes_back_to_a_part_of_its_region() # limit 120
{
    share vm1 "\"$OWNER+64K = ID1\""
    share vm2 "\"$BORROWER+16K = ID1, offset=0x4000\""
    must guest vm1 fill $OWNER 64K 1
    destroy vm1
    must guest vm2 check $BORROWER 16K 1 0x4000

    share vm1 "\"$OWNER+64K = ID1\""
    must guest vm1 check $((OWNER + 0x4000)) 16K 1 0x4000
    must guest vm1 zero $OWNER 16K
    must guest vm1 zero $((OWNER + 0x8000)) 32K
    must guest vm1 fill $OWNER 64K 3
    must guest vm2 check $BORROWER 16K 3 0x4000
    assert_record <<LINES
/local/shared_mem/ID1/mappings/$vm1 = "0x80000000-0x80010000"
/local/shared_mem/ID1/mappings/$vm2 = "0x90000000-0x90004000"
/local/shared_mem/ID1/mappings/$vm2/offset = "0x4000"
/local/shared_mem/ID1/owner = "$vm2"
/local/shared_mem/ID1/size = "0x10000"
LINES

    # A third has all of it, from the two.
    share vm3 "\"$BORROWER+64K = ID1\""
    must guest vm3 check $BORROWER 64K 3
    destroy vm1 vm2
    must guest vm3 check $BORROWER 64K 3
    destroy vm3
}

case_parts_that_a_region_does_not_have()
{
    start_peer
    refused_entry "0x2000 bytes from offset 0xf000 end behind the region, which\
 domain $vm1 owns, and which has 0x10000" "$FREE+8K = ID1, offset=60K"
    refused_entry "0x1000 bytes from offset 0x10000 end behind the region,\
 which domain $vm1 owns, and which has 0x10000" "$FREE+4K = ID1, offset=64K"
    libxl_refuses new "offset= takes a part of a region, but no domain has the\
 region: create one that owns it first" "\"$FREE+4K = new, offset=0\""
    end_peer $((vm1 + 1))
}

case_roles()
{
    libxl_refuses new "role=borrower, but no domain has the region: create one\
 that owns it first" "\"$FREE+4K = new, role=borrower\""
    share vm1 "\"$REGION+64K = ID1, role=owner\""
    must guest vm1 fill "$REGION" 64K 7 >/dev/null
    record >record-before
    refused_entry "role=owner, but the region exists: domain $vm1 owns it" \
        "$FREE+64K = ID1, role=owner"
    share vm3 "\"$FREE+64K = ID1, role=borrower\""
    must guest vm3 check "$FREE" 64K 7
    destroy vm3
    end_peer $((vm3 + 1))
}

# A guest can remove a page from its own address space, also one of a region.
case_a_page_that_its_owner_removed()
{
    start_peer
    must guest vm1 hypercall-remove "$(gfn $((REGION + 0x2000)))"
    refused_entry "domain $vm1, which is to share it, has no memory at\
 0x80002000 any more; destroy that domain" "$FREE+64K = ID1"
    share vm2 "\"$BORROWER+8K = ID1, offset=0\""
    must guest vm2 check $BORROWER 8K 7
    destroy vm1 vm2
}

# ---- domains that only read ---------------------------------------------------

# must_fault NAME GPA: a write there ends in a fault of the writing instruction.
must_fault()
{
    local printed status=0

    printed=$(guest "$1" write "$2" 0x1234) || status=$?
    assert_equal "the status of the write ($printed)" $status 2
}

case_a_reader_sees_all_and_writes_nothing() # limit 120
{
    start_peer
    share vm2 "\"$BORROWER+64K = ID1, prot=ro\""
    must guest vm2 check $BORROWER 64K 7
    must_fault vm2 $BORROWER
    must_fault vm2 $((BORROWER + 0xfff8))
    must guest vm1 check "$REGION" 64K 7
    must guest vm1 fill "$REGION" 64K 8
    must guest vm2 check $BORROWER 64K 8
    assert_record <<LINES
/local/shared_mem/ID1/mappings/$vm1 = "0x80000000-0x80010000"
/local/shared_mem/ID1/mappings/$vm2 = "0x90000000-0x90010000"
/local/shared_mem/ID1/mappings/$vm2/prot = "ro"
/local/shared_mem/ID1/owner = "$vm1"
/local/shared_mem/ID1/size = "0x10000"
LINES
    destroy vm1 vm2
}

# A guest can put RAM of its own where it has a page of the region. From a reader
# nobody takes that for the region's.
case_a_reader_does_not_become_a_writer()
{
    start_peer
    share vm2 "\"$BORROWER+64K = ID1, prot=ro\""
    assert_equal "the answer" "$(balloon vm2 $((FREE_RAM + 0x8000)))" "hypercall: rc 1"
    must guest vm2 hypercall-remove "$(gfn $((BORROWER + 0x3000)))"
    assert_equal "the answer" "$(change_page vm2 6 $((BORROWER + 0x3000)))" \
        "hypercall: rc 1"
    must guest vm2 fill $((BORROWER + 0x3000)) 4K 66

    # Another peer has the page.
    share vm3 "\"$FREE+64K = ID1\""
    must guest vm3 check "$FREE" 64K 7
    destroy vm1 vm3

    # Nobody has.
    record >record-before
    refused_entry "domain $vm2, which is to share it, has no memory at\
 $(hex $((BORROWER + 0x3000))) any more; destroy that domain" "$FREE+64K = ID1"
    share vm4 "\"$FREE+12K = ID1, offset=0\"" # all before it
    must guest vm4 check "$FREE" 12K 7
    destroy vm2 vm4
}

# One page inside RAM, while others write to the whole.
case_a_reader_of_a_part_inside_RAM() # limit 120
{
    start_peer
    share vm2 "\"$FREE_RAM+4K = ID1, prot=ro, offset=0x3000\""
    share vm3 "\"$FREE+64K = ID1\""
    must guest vm2 check "$FREE_RAM" 4K 7 0x3000
    must guest vm3 fill "$FREE" 64K 9
    must guest vm2 check "$FREE_RAM" 4K 9 0x3000
    must guest vm1 fill "$REGION" 64K 10
    must guest vm2 check "$FREE_RAM" 4K 10 0x3000
    must_fault vm2 "$FREE_RAM"
    must guest vm2 fill $((FREE_RAM - 0x1000)) 4K 11
    must guest vm2 fill $((FREE_RAM + 0x1000)) 4K 12
    must guest vm3 check "$FREE" 64K 10
    destroy vm1 vm3 vm2
}

# A producer restarts, and gets its region back from the one that reads it.
case_a_writer_comes_back_to_a_reader() # limit 120
{
    start_peer
    share vm2 "\"$BORROWER+64K = ID1, prot=ro\""
    destroy vm1
    must guest vm2 check $BORROWER 64K 7
    share vm3 "\"$FREE+64K = ID1, prot=ro\""
    must guest vm3 check "$FREE" 64K 7
    must_fault vm3 "$FREE"
    share vm1 "\"$REGION+64K = ID1\""
    must guest vm1 check "$REGION" 64K 7
    must guest vm1 fill "$REGION" 64K 8
    must guest vm2 check $BORROWER 64K 8
    must guest vm3 check "$FREE" 64K 8
    must_fault vm2 $BORROWER
    destroy vm2 vm3 vm1
}

case_a_reader_supplies_nothing()
{
    libxl_refuses new "prot=ro, but no domain has the region: create one that\
 owns it, and may write to it, first" "\"$FREE+4K = new, prot=ro\""
    start_peer
    share vm2 "\"$BORROWER+4K = ID1, offset=0x1000\""
    destroy vm1
    refused_entry "prot=ro, but 0x1000 bytes at offset 0x0 went with the last\
 domain that had them: create one that may write to them first" \
        "$FREE+64K = ID1, prot=ro"
    must guest vm2 check $BORROWER 4K 7 0x1000
    destroy vm2
}
