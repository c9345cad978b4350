# SPDX-License-Identifier: BSD-2-Clause
#
# Turns the static_shared_mem lines of example configurations into a C header,
# so that a guest and its configuration cannot disagree.  Arguments: vmN.cfg...
# Understands what the examples use: one line, BEGIN-END or BEGIN+SIZE[K|M|G].

function fail(what) {
    printf "%s:%d: %s\n", FILENAME, FNR, what > "/dev/stderr"
    failed = 1
    exit 1
}

function bytes(size,    unit) {
    unit = substr(size, length(size))
    if (unit == "K") return substr(size, 1, length(size) - 1) "ULL * 1024"
    if (unit == "M") return substr(size, 1, length(size) - 1) "ULL * 1048576"
    if (unit == "G") return substr(size, 1, length(size) - 1) "ULL * 1073741824"
    return size "ULL"
}

function region(guest, entry,    id, range, bound) {
    gsub(/[ \t]/, "", entry)
    if (entry !~ /^[0-9a-fx]+[-+][0-9a-fx]+[KMG]?=[A-Za-z0-9_]+(,.*)?$/)
        fail("cannot read '" entry "'")
    range = entry
    sub(/=.*/, "", range)
    id = entry
    sub(/^[^=]*=/, "", id)
    sub(/,.*/, "", id)
    if (split(range, bound, "+") == 2) {
        size = bytes(bound[2])
    } else {
        split(range, bound, "-")
        size = bound[2] "ULL - " bound[1] "ULL"
    }
    printf "#define %s_%s_BASE %sULL\n", guest, id, bound[1]
    printf "#define %s_%s_SIZE (%s)\n", guest, id, size
}

/^static_shared_mem *=/ {
    guest = FILENAME
    sub(/.*\//, "", guest)
    sub(/\.cfg$/, "", guest)
    n = split($0, quoted, "\"")
    if (n < 3) fail("no quoted entry")
    for (i = 2; i < n; i += 2) region(toupper(guest), quoted[i])
    found++
}

END {
    if (!failed && found != ARGC - 1) {
        print "regions.awk: a configuration without static_shared_mem" > "/dev/stderr"
        exit 1
    }
}
