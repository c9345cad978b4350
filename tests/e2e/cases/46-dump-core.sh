# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2034,SC2154 # create reads and sets variables
# xl dump-core, and crashes with a dump, of guests with a region far above their
# RAM. A dump has all that the domain has, the pages of its regions too, whether it
# may write to them or not; it takes no longer for the region's address, and leaves
# the peers as they are.

FAR=0x7f80000000 # as far up as the agent maps memory
NEAR=0x60000000
DUMPS=/var/lib/xen/dump # where xl puts those of crashes

# Words to look for in a dump: eight letters, and the u64 that has them in
# memory. What dom0 has a guest write goes through that guest's RAM as well: so
# one guest writes the word, and the dump is another's, which can have it from the
# region only.
OWNERS_WORD=of_owner OWNERS_U64=0x72656e776f5f666f
FIRST_WORD=1st_page FIRST_U64=0x656761705f747331
LAST_WORD=end_page LAST_U64=0x656761705f646e65
RAM_WORD=some_ram RAM_U64=0x6d61725f656d6f73

# owner_and_borrower ON-CRASH ON-CRASH: vm1 and vm2, with all the words written:
# the first one by vm1, the others by vm2. With 8 MiB their dumps take half the time.
owner_and_borrower()
{
    share vm1 "\"$FAR+64K = far\", \"$NEAR+64K = near\"" \
        'memory = 8' "on_crash = \"$1\""
    share vm2 "\"$FAR+64K = far\", \"0x70000000+64K = near\"" \
        'memory = 8' "on_crash = \"$2\""
    must guest vm1 fill $NEAR 64K 31
    must guest vm1 write $FAR $OWNERS_U64
    must guest vm2 write $((FAR + 0x1000)) $FIRST_U64
    must guest vm2 write $((FAR + 0xfff8)) $LAST_U64
    must guest vm2 write $((RAM + 0x780000)) $RAM_U64
    # For the last of the words not to be where commands are passed.
    must guest vm2 ping
}

has() { grep -q "$1" text || fail "$1 is not in the dump"; }
lacks() { ! grep -q "$1" text || fail "$1 is in the dump"; }

# open_dump FILE: puts what it has but zeros into ./text, for grep would take
# some seconds over these, and removes it.
open_dump()
{
    tr -d '\000' <"$1" >text
    rm "$1"
}

is_the_owners()
{
    open_dump "$1"
    has $FIRST_WORD
    has $LAST_WORD
    lacks $RAM_WORD
}

is_the_borrowers()
{
    open_dump "$1"
    has $RAM_WORD
    has $OWNERS_WORD
}

case_of_an_owner_and_of_a_borrower() # limit 180
{
    owner_and_borrower destroy destroy
    record >before
    must xl dump-core vm1 core
    is_the_owners core
    must xl dump-core vm2 core
    is_the_borrowers core

    assert_equal "the record" "$(record)" "$(cat before)"
    must guest vm2 check 0x70000000 64K 31
    must guest vm2 fill $FAR 64K 32
    must guest vm1 check $FAR 64K 32
    destroy vm1 vm2
}

# It has all but the first page, whoever else has these.
case_of_a_reader_of_a_part() # limit 180
{
    owner_and_borrower destroy destroy
    share vm3 "\"$FAR+60K = far, offset=0x1000, prot=ro\"" 'memory = 8'
    must guest vm3 ping
    must xl dump-core vm3 core
    open_dump core
    has $FIRST_WORD
    has $LAST_WORD
    lacks $OWNERS_WORD
    lacks $RAM_WORD
    destroy vm1
    must xl dump-core vm3 core
    open_dump core
    has $FIRST_WORD
    has $LAST_WORD
    must guest vm2 fill $FAR 64K 32
    must guest vm3 check $FAR 60K 32 0x1000
    destroy vm2 vm3
}

case_of_peers_that_crash()
{
    mkdir -p $DUMPS
    UNWATCHED=
    owner_and_borrower coredump-destroy coredump-restart

    ends vm2 3
    comes_back vm2 0x70000000-0x70010000
    is_the_borrowers $DUMPS/vm2
    must guest vm2 check 0x70000000 64K 31

    ends vm1 3
    wait_gone vm1
    is_the_owners $DUMPS/vm1
    assert_record <<LINES
/local/shared_mem/far/mappings/$vm2 = "0x7f80000000-0x7f80010000"
/local/shared_mem/far/owner = "$vm2"
/local/shared_mem/far/size = "0x10000"
/local/shared_mem/near/mappings/$vm2 = "0x70000000-0x70010000"
/local/shared_mem/near/owner = "$vm2"
/local/shared_mem/near/size = "0x10000"
LINES
    must guest vm2 check 0x70000000 64K 31
    destroy vm2
}
