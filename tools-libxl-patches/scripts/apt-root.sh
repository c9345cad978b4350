# A private apt root: this machine's own sources and keys, nothing of its state.
# SPDX-License-Identifier: BSD-2-Clause
#
# Sourced after common.sh. With it, packages of another architecture can be
# resolved, fetched and verified without root and without touching the system.
# shellcheck shell=bash disable=SC2034,SC2154

# Open the private root of Debian architecture $1.
open_apt_root() {
    local root=$build/apt/$1
    mkdir -p "$root/lists/partial" "$root/cache/archives/partial"
    : >>"$root/status"
    apt_options=(
        -o "Dir::State=$root" -o "Dir::State::lists=$root/lists"
        -o "Dir::State::status=$root/status" -o "Dir::Cache=$root/cache"
        -o "APT::Architecture=$1" -o "APT::Architectures=$1"
        -o "APT::Sandbox::User=root" -o "Acquire::Languages=none"
    )
    apt_archives=$root/cache/archives
    [ -e "$root/updated" ] && return
    apt-get "${apt_options[@]}" update
    touch "$root/updated"
}

# Base URIs of the Debian mirrors that this machine uses, one a line.
debian_mirrors() {
    # shellcheck disable=SC2016 # apt expands it
    apt-get "${apt_options[@]}" indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Origin: Debian' | sort -u
}

# Run the given command; when it fails, once more with a fresh package index,
# since an index older than the archive names files that are gone.
with_fresh_index() {
    "$@" && return
    apt-get "${apt_options[@]}" update && "$@"
}
