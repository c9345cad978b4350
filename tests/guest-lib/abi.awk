# Turns the tables of docs/guest-abi.md and docs/guest-ring.md into C assertions
# about the guest library's headers.
# SPDX-License-Identifier: BSD-2-Clause
#
# A table of fields begins with the columns offset, width and field. Those of
# one struct may be several, and have to tile it.

BEGIN {
    of["Registers"] = of["Header"] = "shared_mem_factory_page"
    of["An entry of the table"] = "shared_mem_entry"
    of["Control page"] = "shared_mem_control_page"
    of["A slot"] = "shared_mem_slot"
    of["Notifications for a peer"] = "shared_mem_pending"
    of["Ring header"] = "shared_mem_ring"
    of["What a side says"] = "shared_mem_ring_side"
    of["Message"] = "shared_mem_ring_header"
    of["Cell header"] = "shared_mem_cell"
    of["Cell slot"] = "shared_mem_cell_slot"

    print "#include <stddef.h>\n#include <shared_mem/abi.h>"
    print "#include <shared_mem/ring.h>\n#include <shared_mem/cell.h>\n"
}

function wrong(what) {
    printf "#error line %d of the document: %s\n", FNR, what
}

function assert(condition, what) {
    printf "_Static_assert(%s, \"line %d of the document: %s\");\n", condition, FNR, what
}

function number(text,    i, value) {
    if (text !~ /^0x[0-9a-f]+$/)
        return text ~ /^[0-9]+$/ ? text + 0 : -1
    for (i = 3; i <= length(text); i++)
        value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
    return value
}

# The number behind the text that the pattern matches is the value in C.
function constant(pattern, value,    found) {
    if (!match($0, pattern "(0x[0-9a-f]+|[0-9]+)"))
        return
    found = substr($0, RSTART, RLENGTH)
    sub(pattern, "", found)
    assert(value " == " found, value)
    seen[pattern]++
}

/^#+ / {
    heading = $0
    sub(/^#+ /, "", heading)
    table = 0
}

/^\| offset \| width \| field \|/ {
    table = heading in of
    if (!table)
        wrong("a table that the test does not know")
    rows[heading] = 0
    next
}

!/^\|/ { table = 0 }

table && !/^\|---/ {
    split($0, cell, / *\| */)
    offset = number(cell[2])
    width = number(cell[3])
    struct = of[heading]
    if (offset < 0 || width <= 0)
        wrong("no number")
    if (offset != end[struct])
        wrong("a gap or an overlap")
    if (width <= 8 && offset % width)
        wrong("not a multiple of its width")
    end[struct] = offset + width
    rows[heading]++
    assert("offsetof(struct " struct ", " cell[4] ") == " offset, struct "." cell[4])
    assert("sizeof(((struct " struct " *)0)->" cell[4] ") == " width, struct "." cell[4])
}

{
    constant("\\| signature \\| toolstack \\| ", "SHARED_MEM_SIGNATURE")
    constant("^The signature of a page with registers that trap: ", "SHARED_MEM_SIGNATURE_TRAP")
    constant("\\| abi \\| .*\\| ", "SHARED_MEM_ABI_VERSION")
    constant("\\| entry_offset \\| .*\\| ", "offsetof(struct shared_mem_factory_page, entries)")
    constant("\\| entry_size \\| .*\\| ", "sizeof(struct shared_mem_entry)")
    constant("the table: ", "SHARED_MEM_ENTRIES_MAX")
    constant("\\| peers of a region \\| ", "SHARED_MEM_PEERS_MAX")
    constant("^\\| regions in the table \\| ", "SHARED_MEM_ENTRIES_MAX")
    constant("in pages of ", "SHARED_MEM_PAGE_SIZE")
}

/^Version [0-9]+\.[0-9]+\./ {
    split($2, version, ".")
    assert("SHARED_MEM_ABI_VERSION == " version[1] * 65536 + version[2], "version")
    seen["version"]++
}

/\| flags \| / {
    if (/bit 0: this domain may only read; bit 1: the region has a control page/)
        assert("SHARED_MEM_ENTRY_READ_ONLY == 1 && SHARED_MEM_ENTRY_CONTROL == 2", "flags")
    else
        wrong("flags in other words")
    seen["flags"]++
}

# "Values of `status`: 0 OK, 1 UNKNOWN_FAILURE, ...", up to a full stop.
/^Values of `status`: / { sub(/^[^:]*: /, ""); listing = 1 }

listing {
    last = /\./
    sub(/\..*/, "")
    count = split($0, value, /, */)
    for (i = 1; i <= count; i++)
        if (split(value[i], word, " ") == 2) {
            assert("SHARED_MEM_STATUS_" word[2] " == " word[1], word[2])
            seen["status"]++
        }
    listing = !last
}

END {
    for (heading in of) {
        if (!rows[heading])
            wrong("no table: " heading)
        assert("sizeof(struct " of[heading] ") == " end[of[heading]], of[heading])
    }
    if (seen["status"] != 7)
        wrong("seven values of status")
    for (name in seen)
        kinds++
    if (kinds != 12)
        wrong("a constant is not in the document any more")
}
