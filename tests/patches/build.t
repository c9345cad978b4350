#!/bin/bash
# Each commit of the exported series builds, on its own, what it touches.
# SPDX-License-Identifier: BSD-2-Clause
#
# What is built of a commit: the hypervisor, if the commit changes a file of it;
# the parts of the tools with a file that the commit changes, or that include a
# header that it changes. A part is linked with the libraries of that commit. make
# finds out which sources are to be compiled: what has been built is the whole
# series, and this goes backwards from there, in a copy.
#
# Sources that no commit changes are not compiled again for a changed header: the
# normal build does that with all of the series, and with none of it.
#
# Code for one architecture is compiled for that one, common code of the
# hypervisor for both. Common code of the tools is compiled for x86_64: that it
# suits arm64 is shown once, by the normal build.
#
# What has been built is remembered by its content.

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/tap.sh"

take_lock commits
export COMMIT_SRC=$build/patches/commits COMMIT_SOURCES=$build/patches/sources
built=$build/patches/built
mkdir -p "$built"

src() { plain_git -C "$COMMIT_SRC" "$@"; }

rm -rf "$COMMIT_SRC"
plain_git clone -q --shared --no-checkout "$xen_src" "$COMMIT_SRC"
src checkout -q --detach pristine
check 'the series applies' env GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost \
    git -C "$COMMIT_SRC" am -q "$build"/series/*.patch
src tag last
src diff --name-only pristine last | sort >"$COMMIT_SOURCES"

# An id of the files below the paths that are compiled for $arch.
content_id() { # COMMIT PATH...
    local commit=$1 others
    shift
    case $arch in
    x86_64) others='arm|ppc|riscv' ;;
    arm64) others='x86|ppc|riscv' ;;
    esac
    { echo "$arch $*"; src ls-tree -r "$commit" -- "$@"; } |
        grep -v -E "	xen/arch/($others)/" | sha256sum | cut -c1-40
}

passes() { # DESCRIPTION COMMAND...
    local before=$failed
    check "$@"
    [ "$failed" = "$before" ]
}

# ---- the hypervisor ----------------------------------------------------------

xen_id() { content_id "$1" xen Config.mk config; }

check_hypervisor() { # COMMIT DESCRIPTION
    local id
    id=$(xen_id "$1")
    if [ -e "$built/$id" ]; then
        ok "$2 (built before)"
    else
        passes "$2" "$patch_dir/scripts/build-hypervisor" xen-commit "$arch" || return 0
        touch "$built/$id"
    fi
}

# ---- the tools ---------------------------------------------------------------

# The parts, in the order in which they need each other.
all_parts=(flask libs/ctrl libs/guest libs/light libs/util xl)

# The parts to build because of a file.
parts_of_file() { # FILE
    case $1 in
    tools/golang/* | tools/xl/bash-completion) ;; # not built: see *.t beside this
    tools/flask/* | xen/xsm/flask/policy/*) echo flask ;;
    tools/include/libxlutil.h) printf '%s\n' libs/util xl ;;
    tools/include/libxl*.h | tools/libs/light/*.idl) printf '%s\n' libs/light libs/util xl ;;
    tools/include/xenctrl*.h) printf '%s\n' libs/ctrl libs/guest libs/light ;;
    tools/include/xenguest.h) printf '%s\n' libs/guest libs/light ;;
    xen/include/public/*) printf '%s\n' libs/ctrl libs/guest ;;
    tools/xl/*) echo xl ;;
    tools/libs/*) cut -d/ -f2,3 <<<"$1" ;;
    tools/*) echo "nothing, for $1" ;;
    esac
}

# The libraries that a part is linked with, and itself.
needs_of_part() { # PART
    local part
    [ "$1" != flask ] || { echo flask; return; }
    for part in "${all_parts[@]:1}"; do
        echo "$part"
        [ "$part" != "$1" ] || return 0
    done
}

part_id() { # COMMIT PART
    local needs
    mapfile -t needs < <(needs_of_part "$2")
    content_id "$1" "${needs[@]/#/tools/}" tools/include tools/libacpi tools/Rules.mk \
        tools/libs/libs.mk tools/libs/uselibs.mk xen/include xen/xsm/flask/policy Config.mk config
}

# The part's id in the tree that goes through the commits.
declare -A in_tree

check_tools() { # COMMIT DESCRIPTION PART...
    local commit=$1 description=$2 part id
    local -A wanted=() needed=()
    shift 2
    for part in "$@"; do
        id=$(part_id "$commit" "$part")
        if [ ! -e "$built/$id" ]; then
            wanted[$id]=$part
            for need in $(needs_of_part "$part"); do needed[$need]=1; done
        fi
    done
    if [ ${#wanted[@]} = 0 ]; then
        ok "$description (built before)"
        return
    fi
    local make=()
    for part in "${all_parts[@]}"; do
        if [ -n "${needed[$part]:-}" ] &&
            [ "${in_tree[$part]:-}" != "$(part_id "$commit" "$part")" ]; then
            make+=("$part")
            unset "in_tree[$part]"
        fi
    done
    if passes "$description" "$patch_dir/scripts/build-tools" commit "$arch" "${make[@]}"; then
        for part in "${make[@]}"; do in_tree[$part]=$(part_id "$commit" "$part"); done
        for id in "${!wanted[@]}"; do touch "$built/$id"; done
    fi
}

# The parts to build of a commit for $arch.
parts_of_files() { # FILE...
    local file
    for file in "$@"; do
        case $arch-$file in
        x86_64-tools/*_arm*) ;;
        x86_64-* | arm64-tools/*_arm*) parts_of_file "$file" ;;
        esac
    done | sort -u
}

# ------------------------------------------------------------------------------

for arch in x86_64 arm64; do
    # What the normal build has just built.
    if [ "$(src rev-parse 'last^{tree}')" = "$(<"$xen_build/id/tools")" ]; then
        touch "$built/$(xen_id last)"
        for part in "${all_parts[@]}"; do touch "$built/$(part_id last "$part")"; done
    fi
    # Copied anew: what the compiler cache has is for this way through the commits.
    rm -rf "$xen_build/$arch-commit" "$xen_build/$arch-commit-xen"
    in_tree=()
    for commit in $(src rev-list pristine..last); do
        subject=$(src log -1 --format=%s "$commit")
        src checkout -q --detach "$commit"
        mapfile -t files < <(src diff --name-only "$commit^" "$commit")
        if printf '%s\n' "${files[@]}" | grep -q -E '^(xen|config)/|^Config.mk$'; then
            check_hypervisor "$commit" "$arch hypervisor: $subject"
        fi
        mapfile -t parts < <(parts_of_files "${files[@]}")
        if [ ${#parts[@]} != 0 ]; then
            check_tools "$commit" "$arch tools: $subject" "${parts[@]}"
        fi
    done
done

done_testing
