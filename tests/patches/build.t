#!/bin/bash
# Each commit of the exported series builds, on its own, what it touches.
# SPDX-License-Identifier: BSD-2-Clause
#
# Sources that have been built once are remembered by their content, so a run
# after no change, or after a change of one patch, is quick.

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/tap.sh"

take_lock commits
export COMMIT_SRC=$build/patches/commits
built=$build/patches/built
mkdir -p "$built"

src() { plain_git -C "$COMMIT_SRC" "$@"; }

rm -rf "$COMMIT_SRC"
plain_git clone -q --shared --no-checkout "$xen_src" "$COMMIT_SRC"
src checkout -q --detach pristine
check 'the series applies' env GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost \
    git -C "$COMMIT_SRC" am -q "$build"/series/*.patch
src tag last

# What a commit's hypervisor or tools are built from.
xen_id() { src rev-parse "$1:xen" "$1:Config.mk" | sha256sum | cut -c1-40; }
tools_id() { src rev-parse "$1:tools" "$1:xen/include" "$1:Config.mk" | sha256sum | cut -c1-40; }

# once ID DESCRIPTION COMMAND...: check, unless these sources are known to build.
once() {
    local id=$1 description=$2
    shift 2
    if [ -e "$built/$id" ]; then
        ok "$description (built before)"
    else
        local before=$failed
        check "$description" "$@"
        [ "$failed" != "$before" ] || touch "$built/$id"
    fi
}

# Of the tools, neither the Go binding nor what bash reads is built here.
not_built=(':!tools/golang' ':!tools/xl/bash-completion')

touches() { # COMMIT PATH...
    local commit=$1
    shift
    ! src diff --quiet "$commit^" "$commit" -- "$@"
}

for arch in x86_64 arm64; do
    # The whole change is what the normal build has just built. Going backwards
    # from there, each commit changes the least.
    touch "$built/$arch-$(xen_id last)" "$built/$arch-$(tools_id last)"
    for commit in $(src rev-list pristine..last); do
        subject=$(src log -1 --format=%s "$commit")
        src checkout -q --detach "$commit"
        if touches "$commit" xen Config.mk; then
            once "$arch-$(xen_id "$commit")" "$arch hypervisor: $subject" \
                "$patch_dir/scripts/build-hypervisor" xen-commit "$arch"
        fi
        if touches "$commit" tools xen/include/public Config.mk "${not_built[@]}"; then
            once "$arch-$(tools_id "$commit")" "$arch tools: $subject" \
                "$patch_dir/scripts/build-tools" commit "$arch"
        fi
    done
done

done_testing
