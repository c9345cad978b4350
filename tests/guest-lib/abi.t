#!/bin/bash
# The tables of docs/guest-abi.md and docs/guest-ring.md, and abi.h, ring.h and
# cell.h of the guest library say the same, for each machine; and a change of
# either alone is noticed.
# SPDX-License-Identifier: BSD-2-Clause

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/../patches/tap.sh"
. "$(dirname "$0")/targets.sh"

# One behind the other: lines are counted through.
document=$scratch/document.md
cat "$top/docs/guest-abi.md" "$top/docs/guest-ring.md" >"$document"
include=$top/guest-lib/include

# agree DOCUMENT INCLUDE COMPILER
agree() {
    awk -f "$top/tests/guest-lib/abi.awk" "$1" >"$scratch/abi.c" || return
    # shellcheck disable=SC2046,SC2086 # words of a command
    $(compiler "$3") $strict -I"$2" -fsyntax-only "$scratch/abi.c"
}

# Each would succeed without a single assertion.
asserts() {
    agree "$document" "$include" gcc-x86_64
    [ "$(grep -c '^_Static_assert(offsetof' "$scratch/abi.c")" -ge 45 ]
}
check 'each row of the tables is looked at' asserts

for compiler in $compilers; do
    check "the documents and the headers agree: $compiler" agree "$document" "$include" "$compiler"
done

# differ DESCRIPTION: what changed is noticed. One error line is enough.
differ() {
    if ! cmp -s "$document" "$scratch/doc.md" || ! diff -rq "$include" "$scratch/include" >/dev/null; then
        if agree "$scratch/doc.md" "$scratch/include" gcc-x86_64 >"$scratch/log" 2>&1; then
            not_ok "$1" 'nothing was noticed'
        else
            ok "$1"
        fi
    else
        not_ok "$1" 'nothing was changed'
    fi
}

# In each row of the document something changes: in turn the offset, the width,
# the name; or the row goes.
changes=('s/^| 0x/| 0x1/' 's/^\(| [^|]*| \)/\11/' 's/^\(| [^|]*| [^|]*| \)/\1x/' d)
altered=0
missed=''
while read -r line; do
    sed "$line${changes[altered % 4]}" "$document" >"$scratch/doc.md"
    altered=$((altered + 1))
    ! agree "$scratch/doc.md" "$include" gcc-x86_64 >/dev/null 2>&1 || missed+=" $line"
done < <(grep -n '^| 0x' "$document" | cut -d: -f1)
check "a change of any of the documents' $altered rows is noticed${missed:+, but for $missed}" \
    test -z "$missed"

# changes WHAT FILE: one side changes; from a table of descriptions and sed
# scripts.
changes() {
    while IFS='|' read -r description change; do
        rm -rf "$scratch/include"
        cp -r "$include" "$scratch/include"
        cp "$document" "$scratch/doc.md"
        sed -i "$change" "$scratch/$2"
        differ "$1 alone changes: $description"
    done
}

changes 'the document' doc.md <<'TABLE'
signature|s/0x4d534732474e4558/0x4d534732474e4559/
the signature of registers that trap|s/trap: 0x4d534732474d5651/trap: 0x4d534732474d5652/
version|s/^Version 1\.1/Version 1.2/
abi|s/| 0x00010001 |/| 0x00010002 |/
a value of status|s/6 DOES_NOT_EXIST/7 DOES_NOT_EXIST/
a value of status is gone|s/5 NO_PERMISSION, //
entry_offset|/| entry_offset |/s/0x80/0x88/
entry_size|/| entry_size |/s/0x40/0x48/
entries|s/the table: 62/the table: 61/
regions|s/^\(| regions in the table | \)62/\161/
peers|s/^\(| peers of a region | \)32/\131/
flags|s/bit 1: the region has a control page/bit 2: the region has a control page/
a new table|$a ### New\n\n| offset | width | field |\n|---|---|---|\n| 0x00 | 4 | new |
a table is gone|s/^### A slot/### The slot/
TABLE

changes abi.h include/shared_mem/abi.h <<'TABLE'
signature|s/0x4d534732474e4558/0x4d534732474e4559/
the signature of registers that trap|s/0x4d534732474d5651/0x4d534732474d5652/
version|s/0x00010001u/0x00010002u/
a value of status|s/DOES_NOT_EXIST  6u/DOES_NOT_EXIST  7u/
flags|s/ENTRY_CONTROL   0x02u/ENTRY_CONTROL   0x04u/
entries|s/ENTRIES_MAX 62u/ENTRIES_MAX 61u/
peers|s/PEERS_MAX 32u/PEERS_MAX 31u/
the length of a name|s/NAME_SIZE 32u/NAME_SIZE 40u/
the order of fields|s/uint32_t alive; /uint32_t pages; /;s/uint32_t pages;  *\(.* of this domain.s mapping\)/uint32_t alive; \1/
a field is split|s/uint32_t reserved\[13\];/uint32_t more; uint32_t reserved[12];/
a field is longer|s/uint32_t reserved\[14\];/uint32_t reserved[15];/
TABLE

changes ring.h include/shared_mem/ring.h <<'TABLE'
the order of what a side says|s/^    uint32_t session; /    uint32_t format; /;t;s/^    uint32_t format;  /    uint32_t session;  /
a side|s/uint32_t reserved\[13\];/uint32_t reserved[14];/
tail|s/^    uint32_t tail; \(.*up to here\) \*\/$/    uint32_t more, tail;/
a message's check|s/^    uint32_t check; /    uint64_t check; /
TABLE

changes cell.h include/shared_mem/cell.h <<'TABLE'
the header|s/uint32_t reserved\[29\];/uint32_t reserved[14];/
a slot|s/^    uint32_t reserved;$/    uint64_t reserved;/
TABLE

done_testing
