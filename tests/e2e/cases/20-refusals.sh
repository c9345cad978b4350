# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2153,SC2154,SC3043 # create sets vm1; busybox: local
# What cannot be done is refused with one line that says where and why, before
# anything is done. The driver checks that nothing is left behind; the cases
# here check that a region in use stays as it was. Where a region cannot lie is
# in 55-collisions.sh.

# ---- a config file with an error on a known line ------------------------------

# Writes vm9.cfg, ten lines and then what is read: its first line is line 11.
write_config()
{
    local type='# type = "pvh"'

    [ "$ARCH" != x86_64 ] || type='type = "pvh"'
    {
        cat <<LINES
# The configuration of vm9, which is never created.

name = "vm9"
kernel = "/guests/agent"
memory = 16
vcpus = 1
$type
on_crash = "destroy"

# Line 10
LINES
        cat
    } >vm9.cfg
}

# refused_at POSITION MESSAGE NEAR ENTRY: vm9.cfg is, with one line.
refused_at()
{
    expect_only "vm9.cfg:$1: config parsing error in static_shared_mem: $2:\
 near '$3' in '$4'" xl create vm9.cfg
    is_gone vm9 || fail "there is a domain vm9"
}

# refused ENTRY COLUMN MESSAGE NEAR: as the only entry, whose first character
# is in column 24.
refused()
{
    write_config <<LINES
# Line 11
static_shared_mem = [ "$1" ]
LINES
    refused_at "12:$2" "$3" "$4" "$1"
}

case_ranges_that_are_none() # limit 120
{
    refused '0x40000000-0x400fffff = ID1' 35 \
        'END is exclusive: 0x40100000 was probably meant' 0x400fffff
    refused '0x40000800-0x40100000 = ID1' 24 \
        'BEGIN is not a multiple of 4096: the nearest are 0x40000000 and 0x40001000' \
        0x40000800
    refused '0x40000000-0x40100800 = ID1' 35 \
        'END is not a multiple of 4096: the nearest are 0x40100000 and 0x40101000' \
        0x40100800
    refused '0x40000000+5000 = ID1' 35 \
        'SIZE is not a multiple of 4096: the nearest are 0x1000 and 0x2000' 5000
    refused '0x40100000-0x40000000 = ID1' 35 \
        'END is below BEGIN: swap them, or write BEGIN+SIZE if this is a size' \
        0x40000000
    refused '0x40000000-0x40000000 = ID1' 35 \
        'the range is empty: END is exclusive, so one page from BEGIN ends at 0x40001000' \
        0x40000000
    refused '0x40000000+0K = ID1' 35 \
        'the range is empty: SIZE must be at least 4096' 0K
    refused '0x10000000000000+4K = ID1' 24 'BEGIN must be below 2^52' \
        0x10000000000000
    refused '0x40000000-0x10000000001000 = ID1' 35 \
        'END must not be above 2^52' 0x10000000001000
    refused '0xffffffffff000+8K = ID1' 40 \
        'BEGIN+SIZE must not be above 2^52' 8K
    refused '0xfffffffffffff000+8K = ID1' 24 'BEGIN must be below 2^52' \
        0xfffffffffffff000
    refused '0x40000000+18446744073709551616 = ID1' 35 \
        'SIZE does not fit in 64 bits' 18446744073709551616
    refused '= ID1' 24 'expected BEGIN, the first address of the range' '='
    refused '0x40000000 = ID1' 35 \
        "expected '-' and END, or '+' and SIZE, after BEGIN" '='
    refused '0x40000000+ = ID1' 36 "expected SIZE after '+'" '='
}

case_numbers_that_are_none() # limit 120
{
    local digits='decimal digits, or 0x and hex digits'

    refused 'x' 24 "BEGIN is not a number: use $digits" x
    refused '40000000h+4K = ID1' 24 "BEGIN is not a number: use $digits" \
        40000000h
    refused '0x40000000+4Q = ID1' 35 \
        "SIZE is not a number: use $digits, then K, M, G or nothing" 4Q
    refused '0x40000000+64k = ID1' 35 \
        'the unit of SIZE must be upper case: write K' 64k
    refused '1G+4K = ID1' 24 \
        'BEGIN is an address and takes no K, M or G: write 0x40000000' 1G
    refused '010+4K = ID1' 24 \
        'BEGIN has a leading zero, and there is no octal: write 10' 010
    refused '-4096+4K = ID1' 24 \
        'expected BEGIN, the first address of the range' -
}

case_IDs_that_are_none() # limit 120
{
    local long=abcdefghijklmnopqrstuvwxyzABCDEF

    refused '0x40000000+4K' 24 "expected '=' and an ID after the range" \
        0x40000000+4K
    refused '0x40000000+4K =' 38 "expected an ID after '='" '='
    refused '0x40000000+4K = , prot=rw' 40 "expected an ID after '='" ','
    refused '0x40000000+4K = a.b' 40 \
        'an ID holds only A-Z, a-z, 0-9, _ and -' a.b
    refused "0x40000000+4K = $long" 40 \
        'an ID has at most 31 characters, this one has 32' $long
    refused '0x40000000+4K = ID1 ID2' 44 "expected ',' or the end of the entry" \
        ID2
    refused '' 24 'empty entry: expected RANGE = ID' ''
}

case_keys_that_are_none() # limit 120
{
    refused '0x50000000+64K = ID2, mode=rw' 46 \
        'unknown key: the keys are role, prot, offset and control' mode
    refused '0x50000000+64K = ID2, prot=rw, prot=rw' 55 'prot is given twice' prot
    refused '0x50000000+64K = ID2, role=both' 51 \
        'role must be auto, owner or borrower' both
    refused '0x50000000+64K = ID2, prot=wr' 51 'prot must be rw or ro' wr
    refused '0x50000000+64K = ID2, control=1' 54 'control must be yes or no' 1
    refused '0x50000000+64K = ID2, offset=100' 53 \
        'offset is not a multiple of 4096: the nearest are 0x0 and 0x1000' 100
    refused '0x50000000+64K = ID2, prot=' 50 'prot needs a value: rw or ro' '='
    refused '0x50000000+64K = ID2, prot' 46 "expected '=' and a value after prot" \
        prot
    refused '0x50000000+64K = ID2, =rw' 46 \
        'expected a key: role, prot, offset or control' '='
    refused '0x50000000+64K = ID2,' 44 \
        'trailing comma: remove it, or add KEY=VALUE' ','
}

# ---- positions ----------------------------------------------------------------

case_positions_in_lists_of_many_shapes() # limit 120
{
    local bad='0x40000000-0x400fffff = ID1' near=0x400fffff
    local message='END is exclusive: 0x40100000 was probably meant'

    # On the first line behind the head, in single quotes.
    write_config <<LINES
static_shared_mem=['$bad']
LINES
    refused_at 11:32 "$message" $near "$bad"

    # The second item on a line.
    write_config <<LINES
static_shared_mem = [ "0x50000000+64K = ID2", "$bad" ]
LINES
    refused_at 11:59 "$message" $near "$bad"

    # An item a line, with a comment and an empty line between them, and a
    # comma behind the last.
    write_config <<LINES
static_shared_mem = [
    "0x50000000+64K = ID2", # the first
    # none

    "0x60000000+64K = ID3",
      "$bad",
]
LINES
    refused_at 16:19 "$message" $near "$bad"

    # A tab is one column, before an entry and in it, where it is shown as \x09.
    write_config <<LINES
	static_shared_mem	=	[
		"0x40000000	- $near = ID1"
	]
LINES
    refused_at 12:17 "$message" $near '0x40000000\x09- 0x400fffff = ID1'

    # Two statements on a line, and an item that a later line adds.
    write_config <<LINES
maxvcpus = 1; static_shared_mem = [ "0x50000000+64K = ID2" ]
static_shared_mem += [ "$bad" ]
LINES
    refused_at 12:36 "$message" $near "$bad"
}

case_the_first_of_many_errors_is_told()
{
    write_config <<LINES
static_shared_mem = [ "0x40000000+4K = a",
                      "0x40000800+4K = b", "x", "0x40000000+4K = a" ]
LINES
    refused_at 12:24 'BEGIN is not a multiple of 4096: the nearest are 0x40000000 and 0x40001000' \
        0x40000800 '0x40000800+4K = b'
}

case_items_that_do_not_go_together() # limit 120
{
    local i list=

    write_config <<LINES
static_shared_mem = [ "0x40000000-0x40100000 = ID1",
                      "0x40080000+64K = ID2" ]
LINES
    refused_at 12:24 \
        '0x40080000-0x40090000 of ID2 overlaps 0x40000000-0x40100000 of ID1' \
        0x40080000+64K '0x40080000+64K = ID2'

    write_config <<LINES
static_shared_mem = [ "0x40000000+4K = ID1", "0x50000000+4K = ID1" ]
LINES
    refused_at 11:63 'ID1 is given twice: 0x40000000-0x40001000 has it already' \
        ID1 '0x50000000+4K = ID1'

    for i in $(seq 64); do
        list="$list \"$(printf 0x%x $((0x40000000 + i * 4096)))+4K = $i\",
"
    done
    write_config <<LINES
static_shared_mem = [
$list
 "0x50000000+4K = 65" ]
LINES
    refused_at 77:3 'a domain has at most 64 entries' 0x50000000 \
        '0x50000000+4K = 65'
}

case_items_that_are_no_strings()
{
    write_config <<LINES
static_shared_mem = [ [ "0x40000000+4K = ID1" ] ]
LINES
    refused_at 11:23 'an entry must be a string, not a list' '[...]' '[...]'

    write_config <<LINES
static_shared_mem = [ 0x40000000 ]
LINES
    refused_at 11:23 "expected '-' and END, or '+' and SIZE, after BEGIN" \
        0x40000000 0x40000000
}

case_an_option_that_is_no_list()
{
    write_config <<LINES
static_shared_mem = "0x40000000+4K = ID1"
LINES
    expect_only "vm9.cfg:11: warning: parameter \`static_shared_mem' is a\
 single value but should be a list" xl create vm9.cfg
    is_gone vm9 || fail "there is a domain vm9"
}

case_the_dry_run_refuses_what_a_creation_does()
{
    write_config <<LINES
static_shared_mem = [ "0x40000000-0x400fffff = ID1" ]
LINES
    expect_only "vm9.cfg:11:35: config parsing error in static_shared_mem: END\
 is exclusive: 0x40100000 was probably meant: near '0x400fffff' in\
 '0x40000000-0x400fffff = ID1'" xl -N create vm9.cfg
}

# ---- beside a region in use ---------------------------------------------------

case_what_xl_refuses_uses_up_no_domain_number()
{
    start_peer
    refused '0x40000000-0x400fffff = ID1' 35 \
        'END is exclusive: 0x40100000 was probably meant' 0x400fffff
    config vm9 'shared_mem_factory = "9K"'
    expect_only "vm9.cfg:$(wc -l <vm9.cfg):23: config parsing error in\
 shared_mem_factory: ADDR is an address and takes no K, M or G: write 0x2400:\
 near '9K' in '9K'" xl create vm9.cfg
    config vm9 'shared_mem_factory = 0'
    expect_only "vm9.cfg:$(wc -l <vm9.cfg):22: config parsing error in\
 shared_mem_factory: no factory page can be at 0: leave out shared_mem_factory to\
 have none: near '0' in '0'" xl create vm9.cfg
    is_gone vm9 || fail "there is a domain vm9"
    end_peer $((vm1 + 1))
}

case_a_range_of_another_length_than_the_region()
{
    start_peer
    libxl_refuses ID1 "the range has 0xf000 bytes, but the region, which\
 domain $vm1 owns, has 0x10000; offset= takes a part of it" "\"$FREE+60K = ID1\""
    libxl_refuses ID1 "the range has 0x11000 bytes, but the region, which\
 domain $vm1 owns, has 0x10000; offset= takes a part of it" "\"$FREE+68K = ID1\""
    # Though the first of its regions would be fine.
    libxl_refuses ID1 "the range has 0x1000 bytes, but the region, which\
 domain $vm1 owns, has 0x10000; offset= takes a part of it" "\"0xa0000000+4K = ID2\", \"$FREE+4K = ID1\""
    end_peer $((vm1 + 1))
}

case_guests_that_cannot_share_memory() # limit 120
{
    local entry="\"$FREE+64K = ID1\"" view

    start_peer
    for view in mixed external limited; do
        libxl_refuses ID1 "altp2m does not go with memory of other domains;\
 remove altp2m=" "$entry" "altp2m = \"$view\""
    done
    libxl_refuses ID1 "nested HVM does not go with memory of other domains;\
 remove nestedhvm=" "$entry" 'nestedhvm = 1'
    # On Arm xl makes a PVH guest of any.
    if [ "$ARCH" = x86_64 ]; then
        libxl_refuses ID1 "nested HVM does not go with memory of other domains;\
 remove nestedhvm=" "$entry" 'type = "hvm"' 'nestedhvm = 1'
        libxl_refuses ID1 "shadow paging cannot map memory of other domains;\
 remove hap=0" "$entry" 'hap = 0'
        libxl_refuses ID1 "a PV guest in a shim has no guest-physical address\
 space to map it in; remove pvshim=1" "$entry" 'pvshim = 1'
        libxl_refuses ID1 "a PV guest has no guest-physical address space to\
 map it in; use type=\"pvh\" or type=\"hvm\"" "$entry" 'type = "pv"'
    fi
    end_peer $((vm1 + 1))
}

# ---- what only Xen can tell ---------------------------------------------------

# lacks_memory KIB ENTRIES: ID2 needs KIB of it, and there is less.
lacks_memory()
{
    config vm9 "static_shared_mem = [ $2 ]"
    if xl create vm9.cfg 2>stderr-raw >stdout; then
        fail "vm9 has been created"
    fi
    assert_equal "what it prints on stderr" "$(
        normalise_messages <stderr-raw | sed 's/[0-9]* KiB free/FREE KiB free/'
    )" "libxl: error: domain vm9: static_shared_mem: region ID2: not enough\
 free memory: $1 KiB needed, FREE KiB free"
    is_gone vm9 || fail "there is a domain vm9"
}

case_more_memory_than_there_is()
{
    start_peer
    lacks_memory 67108864 '"0x200000000+64G = ID2"'
    end_peer $((vm1 + 1))
}

# It would do without the domain's own RAM, so that only Xen can tell.
case_more_memory_than_the_domain_leaves() # limit 120
{
    local free

    start_peer
    free=$((($(freepages) / 256 - 8) * 1024))
    lacks_memory $((free + 4)) "\"$FREE+64K = ID1\",
        \"0xa0000000+4K = ID3\", \"0x200000000+${free}K = ID2\""
    end_peer $((vm1 + 2))
}

# ---- the list as xl shows it --------------------------------------------------

# shown_list: static_shared_mems as shown by xl, without indentation.
shown_list()
{
    sed 's/^ *//' | sed -n '/^"static_shared_mems"/,/^\]/p'
}

case_the_dry_run_shows_the_list()
{
    config vm9 'static_shared_mem = [
        "0x80000000-0x80100000 = ID1", "0x90000000+64K=2,role=owner",
        "0x8000000000+16G = c, role=borrower, prot=ro, offset=0x2000",
        "0xa0000000+4K = d, offset=0, control=yes, role=auto, prot=rw" ]'
    must xl -N create vm9.cfg >shown
    is_gone vm9 || fail "there is a domain vm9"
    assert_equal "what xl -N create shows" "$(shown_list <shown)" \
        '"static_shared_mems": [
{
"id": "ID1",
"begin": 2147483648,
"size": 1048576,
"control": "False"
},
{
"id": "2",
"begin": 2415919104,
"size": 65536,
"role": "owner",
"control": "False"
},
{
"id": "c",
"begin": 549755813888,
"size": 17179869184,
"has_offset": true,
"offset": 8192,
"role": "borrower",
"prot": "ro",
"control": "False"
},
{
"id": "d",
"begin": 2684354560,
"size": 4096,
"has_offset": true,
"control": "True"
}
],'
}

# What xl list -l shows has been stored as JSON, and read from it.
case_the_list_comes_back_as_it_was_stored()
{
    share vm1 '"0x80000000-0x80100000 = ID1", "0xffffffc000+16K = ID2"'
    must xl -N create vm1.cfg >wanted
    must xl list -l vm1 >listed
    assert_equal "what xl list -l shows" "$(shown_list <listed)" \
        "$(shown_list <wanted)"
    assert_equal "what xl list -l shows" "$(shown_list <listed)" \
        '"static_shared_mems": [
{
"id": "ID1",
"begin": 2147483648,
"size": 1048576,
"control": "False"
},
{
"id": "ID2",
"begin": 1099511611392,
"size": 16384,
"control": "False"
}
],'
    destroy vm1
}
