#!/bin/bash
# Staging and refreshing: exact, repeatable, and never at the cost of work.
# SPDX-License-Identifier: BSD-2-Clause

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/tap.sh"

make_checkout
checkout=$scratch/checkout
patches=$checkout/tools-libxl-patches
src=$checkout/build/xen/src
ids=$checkout/build/xen/id
stage=$patches/scripts/stage-xen
refresh=$patches/scripts/refresh-patches
export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost
export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost

tree_of() { plain_git -C "$1" rev-parse "${2:-HEAD}^{tree}"; }
head_of() { plain_git -C "$1" rev-parse HEAD; }
same() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }; }
unchanged_since() { [ -z "$(find "$1" -newer "$2")" ]; }

check 'stages the patches' "$stage"
first=$(head_of "$src")
check 'gives the commits that the build has' same "$first" "$(head_of "$xen_src")"

touch "$scratch/mark"
check 'a second run succeeds' "$stage"
check 'and changes nothing' unchanged_since "$ids" "$scratch/mark"

# ---- XEN_SRC -----------------------------------------------------------------

other=$scratch/other
mkdir -p "$other/build"
cp -a "$patches" "$other/"
cp -a "$checkout"/[!bt]* "$other/"
check 'XEN_SRC: stages a directory' env XEN_SRC="$xen_pristine" \
    "$other/tools-libxl-patches/scripts/stage-xen"
check 'XEN_SRC: the result is the same' same "$(tree_of "$src")" \
    "$(tree_of "$other/build/xen/src")"

# ---- work in build/xen/src ----------------------------------------------------

"$refresh" >/dev/null
"$stage" >/dev/null
cat "$patches"/*.patch >"$scratch/before"
"$refresh" >/dev/null
cat "$patches"/*.patch >"$scratch/after"
check 'refresh: nothing to do changes no patch' cmp "$scratch/before" "$scratch/after"
"$stage" >/dev/null

echo '# edited' >>"$src/Config.mk"
xen_id=$(cat "$ids/xen")
check 'an edit that is not committed is built' "$stage"
check 'its sources have another id' test "$xen_id" != "$(cat "$ids/xen")"
refused 'refresh: refuses what is not committed' 'not committed' "$refresh"
cp "$(find "$patches" -name '0001-*.patch')" "$scratch/0001"
echo >>"$(find "$patches" -name '0001-*.patch')"
refused 'changed patches do not overwrite an edit' 'not in the patches' "$stage"
refused 'distclean would ask for the same' 'not in the patches' "$stage" --check-work
check 'the edit is still there' grep -q '^# edited' "$src/Config.mk"
cp "$scratch/0001" "$(find "$patches" -name '0001-*.patch')"

plain_git -C "$src" commit -q -a -m 'test: an edit

With a reason.'
check 'refresh: takes a commit' "$refresh"
check 'refresh: as a patch of its own' grep -q -l '^+# edited' "$patches"/*-test-an-edit.patch
edited=$(head_of "$src")
check 'the new patches stage' "$stage"
check 'and give the same tree' same "$(tree_of "$src")" "$(tree_of "$src" "$edited")"

read -r _ ours dest < <(table_rows "$patches/new-files")
echo '/* edited */' >>"$src/$dest"
plain_git -C "$src" commit -q -a -m 'test: edit a new file'
refused 'refresh: refuses an edit of a file that is ours' "edit the repository's copy" "$refresh"
plain_git -C "$src" reset -q --hard HEAD^

echo '/* edited */' >>"$checkout/$ours"
tools_id=$(cat "$ids/tools") xen_id=$(cat "$ids/xen")
check 'a change of our file stages' "$stage"
check 'it is what is staged' cmp "$checkout/$ours" "$src/$dest"
check 'the tools are built again' test "$tools_id" != "$(cat "$ids/tools")"
check 'the hypervisor is not' same "$xen_id" "$(cat "$ids/xen")"

# ---- errors ------------------------------------------------------------------

last=$(find "$patches" -name '[0-9]*.patch' | sort | tail -n 1)
sed -i 's/^ /  /' "$last"
refused 'a patch that does not apply is named' "${last##*/} does not apply" "$stage"
refused 'and again at the next run' "${last##*/} does not apply" "$stage"

done_testing
