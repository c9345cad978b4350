# Shared by the build scripts: strict mode, paths, error and lock helpers.
# SPDX-License-Identifier: BSD-2-Clause
#
# Sourced, never run. Sets top (the checkout) and build (everything generated).
# shellcheck shell=bash disable=SC2034

set -euo pipefail
export LC_ALL=C

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
patch_dir=$top/tools-libxl-patches
build=$top/build
xen_build=$build/xen
xen_src=$xen_build/src
xen_pristine=$xen_build/pristine
jobs=$(nproc)

# The Xen build would take these from our own make for its own.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES ARCH V
unset CC CXX LD AR CFLAGS CPPFLAGS LDFLAGS CROSS_COMPILE DESTDIR GIT_DIR GIT_WORK_TREE

# Debian's python3: that of a version manager takes longer to start than what it is
# run for. And the compiler cache.
export PATH=$patch_dir/scripts/programs:/usr/lib/ccache:$PATH

# What is compiled again is often what was compiled before, in this tree or in
# one beside it. Paths below the trees' directory count from where the compiler
# runs, so that the trees' names make no difference. A source's dependencies are
# taken from the file that the compiler writes for make: to preprocess it first
# costs more than it finds. As with make, a new version of a system header goes
# unnoticed.
export CCACHE_DIR=$build/ccache CCACHE_BASEDIR=$xen_build CCACHE_NOHASHDIR=1
export CCACHE_DEPEND=1 CCACHE_SLOPPINESS=include_file_mtime,include_file_ctime
export CCACHE_MAXSIZE=2G

die() {
    echo "${0##*/}: error: $*" >&2
    exit 1
}

# Hold the named lock until this script ends: two makes may share one build/.
take_lock() {
    mkdir -p "$build/locks"
    exec 9>"$build/locks/$1"
    flock 9
}

# Rows of a table file without comments and blank lines.
table_rows() {
    sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$1"
}

# Git, with no user or machine configuration: the same commits everywhere.
plain_git() {
    GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 \
        git -c core.autocrlf=false -c core.abbrev=12 -c diff.renames=false \
        -c advice.detachedHead=false -c gc.auto=0 "$@"
}

# The compiler prefix and the Debian name of an architecture.
arch_facts() {
    case $1 in
    x86_64) cross=''; debian_arch=amd64 ;;
    arm64) cross=$build/sysroot/bin/aarch64-linux-gnu-; debian_arch=arm64 ;;
    *) die "unknown architecture '$1': use x86_64 or arm64" ;;
    esac
}
