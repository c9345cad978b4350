#!/bin/bash
# Staging and refreshing: exact, repeatable, and never at the cost of work.
# SPDX-License-Identifier: BSD-2-Clause

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/tap.sh"

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
all_patches() { cat "$patches"/*.patch; }

# ---- Xen ---------------------------------------------------------------------

# On the sources that the build has unpacked: to unpack them as a tree of git again
# takes longer than to look at whether they are the tarball's.
make_checkout
plain_git clone -q --shared --no-checkout "$xen_src" "$src"
cp "$xen_build/pristine-id" "$checkout/build/xen/"
is_the_tarball() {
    local differ
    mkdir "$scratch/unpacked"
    tar -x -f "$("$patches/scripts/fetch-xen")" --strip-components=1 -C "$scratch/unpacked"
    export GIT_DIR=$src/.git GIT_INDEX_FILE=$scratch/index
    plain_git read-tree pristine
    differ=$(plain_git --work-tree="$scratch/unpacked" ls-files --modified --deleted --others) || return
    [ -z "$differ" ] || { echo "$differ"; return 1; }
}
check 'the build has what the tarball has' is_the_tarball
check 'stages the patches' "$stage"
check 'gives the commits that the build has' same "$(head_of "$src")" "$(head_of "$xen_src")"

touch "$scratch/mark"
check 'a second run succeeds' "$stage"
check 'and changes nothing' unchanged_since "$ids" "$scratch/mark"

# Patches that another version of git wrote may change, but once.
all_patches >"$scratch/before"
"$refresh" >/dev/null
all_patches >"$scratch/after"
if ! cmp -s "$scratch/before" "$scratch/after"; then
    "$stage" >/dev/null
    mv "$scratch/after" "$scratch/before"
    "$refresh" >/dev/null
    all_patches >"$scratch/after"
fi
check 'refresh: nothing to do changes no patch' cmp "$scratch/before" "$scratch/after"

# ---- a small Xen ---------------------------------------------------------------

# What follows is staging's own, and the same for any sources: these are few, and
# so are the patches, which add a file each.
small=$scratch/xen
mkdir -p "$small"/{xen,config,tools/flask}
echo '.gitarchive-info export-subst' >"$small/.gitattributes"
# shellcheck disable=SC2016 # git's variable
echo 'Changeset: $Format:%H$' >"$small/.gitarchive-info"
for file in Config.mk config/Tools.mk tools/Makefile tools/flask/Makefile xen/Makefile; do
    seq -f "$file %g" 20 >"$small/$file"
done
small_git() { plain_git -C "$small" "$@"; }
small_git init -q
small_git add -A
small_git commit -q -m 'a small Xen'

rm -rf "$checkout/build" "$patches"/*.patch
cat >"$patches/new-files" <<'TABLE'
0001 ours/one.c tools/one/one.c
0002 ours/two.c tools/two.c
TABLE
mkdir "$checkout/ours"
for number in 1 2; do
    sed -i "$((number * 5))s/$/ of patch $number/" "$small/tools/Makefile" "$small/xen/Makefile"
    small_git commit -q -a -m "tools, xen: change $number" -m 'With a reason.'
done
echo 'int one;' >"$checkout/ours/one.c"
echo 'int two;' >"$checkout/ours/two.c"
small_git format-patch -q --no-signature --zero-commit -N -o "$patches" HEAD~2
small_git reset -q --hard HEAD~2

tarball=$scratch/small.tar.xz
tar -C "$scratch" --exclude=.git -c -J -f "$tarball" xen
hash=sha256:$(sha256sum <"$tarball" | cut -d' ' -f1)
check 'XEN_TARBALL: stages a file' env XEN_TARBALL="$tarball" XEN_HASH="$hash" "$stage"
head=$(head_of "$src")

export XEN_SRC=$small
check 'XEN_SRC: stages a directory' "$stage"
check 'XEN_SRC: the result is the same' same "$head" "$(head_of "$src")"

# ---- work in build/xen/src ----------------------------------------------------

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
