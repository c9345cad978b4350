#!/bin/bash
# The manual page of messages explains each message that users can get, and no
# other; and a change of either alone is noticed.
# SPDX-License-Identifier: BSD-2-Clause

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/tap.sh"

messages=$top/tests/patches/messages.py
page=xl-config/xl-static-shared-memory-errors.7.pod
tree=$scratch/tree

check 'the page has each message of the sources, and no other' "$messages" "$top"

# ---- changes -----------------------------------------------------------------

# A copy to change, and where it has its messages and its entries.
fresh_tree() {
    rm -rf "$tree"
    mkdir "$tree"
    cp -r "$top/xl-config" "$top/tools-libxl-patches" "$top/xenstore-schema" "$tree"
}
fresh_tree
"$messages" --list "$tree" | cut -d: -f1,2 | sort >"$scratch/messages"
grep -n '^    ' "$tree/$page" | sed "s|\([0-9]*\):.*|$page:\1|" | sort >"$scratch/entries"
: >"$scratch/none"

# notices MISSING EXTRA: these files have the places of exactly those messages
# that are not on the page, and of those entries that are in no source.
notices() {
    ! "$messages" "$tree" >"$scratch/log" || return
    sed -n 's/: not in .*//p' "$scratch/log" | sort | diff - "$1" &&
        sed -n 's/: in no source: .*//p' "$scratch/log" | sort | diff - "$2"
}

# A parser that saw nothing would notice nothing.
check 'there are many messages and entries' \
    test "$(wc -l <"$scratch/messages")" -ge 140 -a "$(wc -l <"$scratch/entries")" -ge 140

while read -r file; do
    sed -i "$(sed -n "s|^$file:\(.*\)|\1s/\"/\"changed: /|p" "$scratch/messages")" "$tree/$file"
done < <(cut -d: -f1 "$scratch/messages" | uniq)
check 'a change of any message is noticed' notices "$scratch/messages" "$scratch/entries"

fresh_tree
sed -i 's/^    .*/&x/;/^    /s/\([^ ]\) /\1  /g' "$tree/$page"
check 'a change of any entry is noticed' notices "$scratch/messages" "$scratch/entries"

fresh_tree
sed -i '/^    /d' "$tree/$page"
check 'that an entry is gone is noticed' notices "$scratch/messages" "$scratch/none"

# ---- one of each kind --------------------------------------------------------

# prints PATTERN: there is one line of difference, which matches.
prints() {
    ! "$messages" "$tree" >"$scratch/log" 2>&1 || return
    cat "$scratch/log"
    [ "$(wc -l <"$scratch/log")" = 1 ] && grep -qE -- "$1" "$scratch/log"
}

# Code behind which a source ends, and the message in it.
while IFS='|' read -r file code text; do
    fresh_tree
    file=$tree/$file
    echo "$code" >>"$file"
    check "a new message: $code" prints "^${file#"$tree/"}:$(wc -l <"$file"): not in [^:]*: $text$"
done <<'TABLE'
xl-config/libxlu_shared_mem_parse.c|return fail(c, blame(a, b), "new %s (it's)" " one%s", f("x, y"), z ? ", x" : "");|new %s \(it's\) one%s
xl-config/libxlu_shared_mem.c|fprintf(cfg->report, "%s:%d: new\n", source, line);|%s:%d: new
xl-config/xl_shared_mem.c|fprintf(stderr, "new\n");|new
xl-config/xl_shared_mem.c|perror("new");|new
xl-config/xl_shared_mem_attach.c|fprintf(stderr, "a new file's\n");|a new file's
tools-libxl-patches/libxl_shared_mem.c|LOG(WARN, "new /* one */ of %"PRIu64" KiB", n);|new /\* one \*/ of %u KiB
tools-libxl-patches/libxl_shared_mem.c|LOGED(ERROR, domid, "new one");|new one
tools-libxl-patches/libxl_shared_mem.c|SHARED_MEM_LOG(d_config, f(a)[0].name, "new: %s", reason);|new: %s
tools-libxl-patches/libxl_shared_mem.c|reason = "a new one; do this";|a new one; do this
tools-libxl-patches/libxl_shared_mem_attach.c|return GCSPRINTF("; new 0x%"PRIx64, address);|; new 0x%u
tools-libxl-patches/libxl_shared_mem_plan.c|snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE, "new");|new
tools-libxl-patches/libxl_shared_mem_keeper.c|die("can't see", "a \"thing\"");|libxl-shared-mem-keeper: can't see a "thing": %s
xenstore-schema/libxl_shared_mem_record.c|return f(x, "not this") ? NULL : "a new one";|a new one
TABLE

fresh_tree
patch=tools-libxl-patches/0012-libxl-add-static-shared-memory.patch
sed -i '/^+.*with a region comes or goes/a+printk("new");' "$tree/$patch"
check 'a new message in a patch' prints "^$patch:[0-9]+: not in [^:]*: new$"

# What nobody sees, or is not ours.
fresh_tree
cat >>"$tree/tools-libxl-patches/libxl_shared_mem.c" <<'CODE'
LOG(DEBUG, "for developers only");
/* LOG(ERROR, "in a comment"); */
return path(&buffer, "in an argument");
CODE
sed -i '/^+.*with a region comes or goes/a\ LOG(ERROR, "in the context");\n-LOG(ERROR, "a line removed");' \
    "$tree/$patch"
check 'what is no message for users is not asked for' "$messages" "$tree"

echo 'LOG(ERROR, format);' >>"$tree/tools-libxl-patches/libxl_shared_mem.c"
check 'a message that cannot be seen is an error' \
    prints "^tools-libxl-patches/libxl_shared_mem.c:[0-9]+: the text of this message is not here$"

# A message goes; its text on the page.
while IFS='|' read -r file change text; do
    fresh_tree
    sed -i "$change" "$tree/$file"
    check "a message is gone: $text" prints "^$page:[0-9]+: in no source: $text$"
done <<'TABLE'
xl-config/libxlu_shared_mem_parse.c|/"BEGIN must be below/s/fail(.*)/EINVAL/|BEGIN must be below 2\^52
xl-config/xl_shared_mem.c|/neither a domain/d|<NAME> is neither a domain nor a region
tools-libxl-patches/libxl_shared_mem_map.c|s/return "the guest has something.*"/return NULL/|the guest has something else there
xenstore-schema/libxl_shared_mem_record.c|/"the owner has no mapping"/d|the owner has no mapping
tools-libxl-patches/libxl_shared_mem_keeper.c|/die("can't make"/d|libxl-shared-mem-keeper: can't make a pipe: <REASON>
tools-libxl-patches/0012-libxl-add-static-shared-memory.patch|/the domain stays on record/,/comes or goes/d|static_shared_mem: the domain stays on record until the next one with a region comes or goes
TABLE

done_testing
