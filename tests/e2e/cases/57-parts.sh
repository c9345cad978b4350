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

# What went with the domain that comes back is new, and the rest it gets from the
# one that kept it.
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

# refused_page OFFSET: to vm9, which wants all of the region: no peer has that page.
refused_page()
{
    refused_entry "no domain that has it has the page at offset $1 any more: the\
 guests gave it up; destroy them all, or leave it out with offset=" \
        "$FREE+64K = ID1"
}

# A guest can remove a page from its own address space, also one of a region, and
# can put RAM of its own there. Nobody takes that for the region's.
case_a_page_that_its_owner_removed() # limit 180
{
    start_peer
    removes vm1 $((REGION + 0x2000))
    refused_page 0x2000
    share vm2 "\"$BORROWER+8K = ID1, offset=0\""
    must guest vm2 check $BORROWER 8K 7
    destroy vm2

    answer "hypercall: rc 1" balloon vm1 $((FREE_RAM + 0x8000)) # makes room
    answer "hypercall: rc 1" change_page vm1 6 $((REGION + 0x2000))
    must guest vm1 fill $((REGION + 0x2000)) 4K 66
    refused_page 0x2000
    share vm2 "\"$BORROWER+52K = ID1, offset=12K\""
    must guest vm2 check $BORROWER 52K 7 0x3000
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

# From a reader as little as from others: it would write to the region then.
case_a_reader_does_not_become_a_writer()
{
    start_peer
    share vm2 "\"$BORROWER+64K = ID1, prot=ro\""
    answer "hypercall: rc 1" balloon vm2 $((FREE_RAM + 0x8000))
    removes vm2 $((BORROWER + 0x3000))
    answer "hypercall: rc 1" change_page vm2 6 $((BORROWER + 0x3000))
    must guest vm2 fill $((BORROWER + 0x3000)) 4K 66

    # Another peer has the page.
    share vm3 "\"$FREE+64K = ID1\""
    must guest vm3 check "$FREE" 64K 7
    destroy vm1 vm3

    # Nobody has.
    refused_page 0x3000
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

# first_is_reader GPA: vm1 has the region there, and vm2 and vm3 elsewhere.
first_is_reader()
{
    share vm1 "\"$1+64K = ID1, prot=ro\""
    must guest vm1 zero "$1" 64K
    must_fault vm1 "$1"
    must_fault vm1 $(($1 + 0xfff8))
    assert_record <<LINES
/local/shared_mem/ID1/mappings/$vm1 = "$(hex "$1")-$(hex $(($1 + 0x10000)))"
/local/shared_mem/ID1/mappings/$vm1/prot = "ro"
/local/shared_mem/ID1/owner = "$vm1"
/local/shared_mem/ID1/size = "0x10000"
LINES

    # Somebody comes who writes, and a second reader.
    share vm2 "\"$BORROWER+64K = ID1\""
    must guest vm2 zero $BORROWER 64K
    must guest vm2 fill $BORROWER 64K 21
    must guest vm1 check "$1" 64K 21
    must_fault vm1 "$1"
    share vm3 "\"$FREE_RAM+64K = ID1, prot=ro\""
    must guest vm3 check "$FREE_RAM" 64K 21
    must_fault vm3 "$FREE_RAM"

    # The rest goes on without it.
    destroy vm1
    must guest vm2 fill $BORROWER 64K 22
    must guest vm3 check "$FREE_RAM" 64K 22
    destroy vm2 vm3
}

case_the_first_is_a_reader() # limit 240
{
    must_lose_no_page first_is_reader $OWNER
    must_lose_no_page first_is_reader "$FREE_RAM"
}

# It has zeros in place of that, and who comes later can write to them.
case_a_reader_of_what_went_with_others()
{
    start_peer
    share vm2 "\"$BORROWER+4K = ID1, offset=0x1000\""
    destroy vm1
    share vm3 "\"$FREE+64K = ID1, prot=ro\""
    must guest vm3 zero "$FREE" 4K
    must guest vm3 check $((FREE + 0x1000)) 4K 7 0x1000
    must guest vm3 zero $((FREE + 0x2000)) 56K
    must_fault vm3 "$FREE"
    must_fault vm3 $((FREE + 0x1000))
    must guest vm2 check $BORROWER 4K 7 0x1000

    share vm1 "\"$REGION+64K = ID1\""
    must guest vm1 check $((REGION + 0x1000)) 4K 7 0x1000
    must guest vm1 fill "$REGION" 64K 23
    must guest vm3 check "$FREE" 64K 23
    must guest vm2 check $BORROWER 4K 23 0x1000
    destroy vm1 vm2 vm3
}

# Each page comes from a peer that has it.
case_peers_that_lack_different_pages()
{
    start_peer
    share vm2 "\"$BORROWER+64K = ID1, prot=ro\""
    removes vm1 "$REGION"
    removes vm1 $((REGION + 0xf000))
    removes vm2 $((BORROWER + 0x7000))
    share vm3 "\"$FREE+64K = ID1\""
    must guest vm3 check "$FREE" 64K 7
    must guest vm3 fill "$FREE" 64K 24
    must guest vm1 check $((REGION + 0x1000)) 56K 24 0x1000
    must guest vm2 check $BORROWER 28K 24
    must guest vm2 check $((BORROWER + 0x8000)) 32K 24 0x8000
    destroy vm1 vm2 vm3
}
