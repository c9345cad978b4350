#!/bin/bash
# The patches are well formed, and they and the exported series apply exactly.
# SPDX-License-Identifier: BSD-2-Clause

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/tap.sh"

mapfile -t patches < <(find "$patch_dir" -maxdepth 1 -name '[0-9]*.patch' | sort)
strict=$patch_dir/scripts/check-patch

# ---- each patch on its own ---------------------------------------------------

has_message() { # PATCH
    local body
    plain_git mailinfo "$scratch/body" "$scratch/diff" <"$1" >"$scratch/info"
    grep -q '^Subject: .' "$scratch/info" || { echo 'no subject'; return 1; }
    # Up to the diffstat; what a reader gets to know beyond the subject.
    body=$(sed '/^---$/,$d' "$scratch/body")
    [ "${#body}" -ge 60 ] || { echo "body of ${#body} characters"; return 1; }
}

changes_only_what_xen_has() { # PATCH
    ! grep -E '^(new file|deleted file|rename|copy|similarity|old mode|new mode|GIT binary)' "$1"
}

ends_properly() { # PATCH: complete hunks, no mail signature
    plain_git apply --numstat "$1" || return 1
    [ -z "$(tail -c 1 "$1")" ] || { echo 'no newline at its end'; return 1; }
    ! grep -q -x -e '-- ' "$1" || { echo 'has a mail signature'; return 1; }
}

check 'there are patches' test "${#patches[@]}" -gt 0
number=0
tree=$scratch/patched
plain_git clone -q --shared --no-checkout "$xen_src" "$tree"
plain_git -C "$tree" checkout -q --detach pristine
for patch in "${patches[@]}"; do
    name=${patch##*/}
    number=$((number + 1))
    check "$name: numbered in sequence" test "$((10#${name%%-*}))" = "$number"
    check "$name: has a subject and a body" has_message "$patch"
    check "$name: changes only files that Xen has" changes_only_what_xen_has "$patch"
    check "$name: ends properly" ends_properly "$patch"
    check "$name: applies without fuzz or offset" "$strict" "$tree" "$patch"
    plain_git -C "$tree" apply --index "$patch" || true
done

# ---- the check itself --------------------------------------------------------

plain_git init -q "$scratch/plain"
seq 1 40 >"$scratch/plain/lines"
plain_git -C "$scratch/plain" add lines
cp -r "$scratch/plain" "$scratch/changed"
sed -i 's/^20$/twenty/' "$scratch/changed/lines"
plain_git -C "$scratch/changed" diff -- lines >"$scratch/0001-twenty.patch"
check 'strict check: takes an exact patch' "$strict" "$scratch/plain" "$scratch/0001-twenty.patch"

sed 's/^ 23$/ other/' "$scratch/0001-twenty.patch" >"$scratch/0002-fuzzy.patch"
cp "$scratch/plain/lines" "$scratch/lines"
check 'strict check: patch(1) would take the fuzzy patch' \
    patch -s -F 2 "$scratch/lines" "$scratch/0002-fuzzy.patch"
refused 'strict check: refuses it' '0002-fuzzy\.patch does not apply' \
    "$strict" "$scratch/plain" "$scratch/0002-fuzzy.patch"

sed 's/^@@ -17,7 +17,7/@@ -14,7 +14,7/' "$scratch/0001-twenty.patch" >"$scratch/0003-offset.patch"
refused 'strict check: refuses an offset' '0003-offset\.patch does not apply exactly.*offset' \
    "$strict" "$scratch/plain" "$scratch/0003-offset.patch"

# ---- new files ---------------------------------------------------------------

no_repeats() { [ -z "$(table_rows "$patch_dir/new-files" | awk -v n="$1" 'seen[$n]++')" ]; }

check 'new-files: each of our files once' no_repeats 2
check 'new-files: each destination once' no_repeats 3
while read -r number ours dest; do
    check "new-files: $ours exists" test -f "$top/$ours"
    check "new-files: Xen has no $dest" test ! -e "$xen_pristine/$dest"
    check "new-files: patch $number exists" compgen -G "$patch_dir/$number-*.patch"
done < <(table_rows "$patch_dir/new-files")

# ---- the exported series -----------------------------------------------------

plain_git -C "$tree" reset -q --hard pristine
check 'series: git am takes it on pristine Xen' \
    env GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost \
    git -C "$tree" am -q "$build"/series/*.patch
check 'series: gives the staged sources, byte for byte' \
    plain_git -C "$tree" diff --exit-code --stat "$(plain_git -C "$xen_src" rev-parse HEAD)"
while read -r _ ours dest; do
    check "series: $dest is ours" cmp "$top/$ours" "$tree/$dest"
done < <(table_rows "$patch_dir/new-files")

done_testing
