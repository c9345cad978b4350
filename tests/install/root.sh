# A Debian root that commands can be run in, without traces on this machine.
# SPDX-License-Identifier: BSD-2-Clause
#
# Sourced after common.sh. The namespaces take mounts and daemons with them when
# the command ends.
# shellcheck shell=bash

# in_root ROOT COMMAND...: as root of the Debian system at ROOT.
in_root() {
    local root=$1
    shift
    # shellcheck disable=SC2016 # the inner shell expands it
    unshare --mount --pid --fork --uts --ipc sh -c '
        root=$1
        shift
        mount -t proc proc "$root/proc"
        mount -t sysfs sysfs "$root/sys"
        mount --bind /dev "$root/dev"
        exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
            LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"' sh "$root" "$@"
}

need_root() {
    [ "$(id -u)" = 0 ] || die "not root: the test makes a Debian system, and needs root for it"
}
