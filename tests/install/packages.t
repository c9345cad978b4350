#!/bin/bash
# The Debian packages in a Debian system, with dpkg and apt alone; nothing boots.
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: packages.t BASE ROOT PACKAGE.deb...
# ROOT is made from BASE; at the end the packages are installed in it. On the way
# Debian's own Xen is replaced by them, and comes back.

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$top/tests/patches/tap.sh"
. "$(dirname "$0")/root.sh"

base=$1 root=$2
shift 2
hypervisor=xen-hypervisor-static-shared-memory
utils=xen-utils-static-shared-memory
ours=("$hypervisor" "$utils")
theirs=xen-system-amd64

run() {
    in_root "$root" "$@"
}

apt() {
    run apt-get -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@"
}

state() { # PACKAGE: as dpkg has it, "ii" when it is installed, nothing if unknown
    run dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | tr -d ' '
}

installed() { # PACKAGE...
    local package
    for package in "$@"; do
        [ "$(state "$package")" = ii ] || { echo "$package: '$(state "$package")'"; return 1; }
    done
}

not_installed() { # PACKAGE...
    local package
    for package in "$@"; do
        [ "$(state "$package")" != ii ] || { echo "$package: is installed"; return 1; }
    done
}

same_files_as() { # LIST
    diff "$1" <(run /overlay/list-files)
}

# Debian's Xen leaves some of what it depends on, but that is not Xen.
no_xen_beside() { # LIST
    ! same_files_as "$1" | grep -i xen
}

# All of the packages' programs, and none with one of Debian's libraries of Xen.
libraries_are_right() {
    local file found
    while read -r file; do
        found=$(run ldd "$file" 2>/dev/null | grep -E 'not found|libxe?[nl]') || continue
        if grep -v ' => /usr/lib/xen/lib/' <<<"$found"; then
            echo "$file"
            return 1
        fi
    done < <(run dpkg -L "$utils" | grep -E '^/usr/(s?bin|lib/xen/bin)/.')
    run ldd /usr/sbin/xl | grep ' => /usr/lib/xen/lib/libxenlight'
}

are_later() {
    [ "$(run dpkg-query -W -f '${Version}\n' "${ours[@]}" | grep -c '+later$')" = 2 ]
}

# What is removed but not purged, of all that has to do with Xen.
purge_removed() {
    local removed
    mapfile -t removed < <(run dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' '*xen*' |
        sed -n 's/^rc *//p')
    [ "${#removed[@]}" -gt 0 ] && run dpkg --purge "${removed[@]}"
}

# The same packages again, as a later version.
later_version() { # PACKAGE.deb
    local tree=$scratch/later
    rm -rf "$tree"
    dpkg-deb -R "$1" "$tree"
    sed -i -E 's/^(Version: .*)$/\1+later/; s/(= [^)]*)\)/\1+later)/' "$tree/DEBIAN/control"
    dpkg-deb -b --root-owner-group "$tree" "$root/overlay/later/${1##*/}"
}

slow_check() { # as check, and tells the time
    local begin=$SECONDS
    check "$@"
    echo "# $((SECONDS - begin)) s"
}

list_files() { # LIST
    run /overlay/list-files >"$1"
}

need_root
rm -rf "$root"
cp -a --reflink=auto "$base" "$root"
mkdir -p "$root/overlay/later"
cp "$(dirname "$0")/list-files" "$root/overlay/"
cp "$@" "$root/overlay/"
before=$root/overlay/before.txt
list_files "$before"

slow_check "apt installs the packages and what they need" apt install "${@/#*\///overlay/}"
check "both are installed" installed "${ours[@]}"
check "their files are as packed" run dpkg -V "${ours[@]}"
check "the programs find their libraries" libraries_are_right
check "the manual page is there" run test -s /usr/share/man/man5/xl-static-shared-memory.5.gz
for unit in proc-xen.mount xenstored.service xenconsoled.service xen-init-dom0.service xen-shared-mem-keeper.service xendomains.service; do
    check "$unit is enabled" run systemctl is-enabled "$unit"
done

echo "# edited" >>"$root/etc/xen/xl.conf"
for package in "$@"; do check "${package##*/}, as a later version" later_version "$package"; done
slow_check "an upgrade" apt install "${@/#*\///overlay/later/}"
check "both are upgraded" are_later
check "an edited configuration file is kept" grep -x "# edited" "$root/etc/xen/xl.conf"

slow_check "removal keeps the configuration" apt remove "${ours[@]}"
check "the edited file is still there" grep -x "# edited" "$root/etc/xen/xl.conf"
slow_check "purging" apt autopurge "${ours[@]}"
check "nothing is left" same_files_as "$before"

slow_check "Debian's own Xen is installed" apt install "$theirs"
slow_check "Debian's tools are replaced by ours" apt install "${@/#*\///overlay/}"
check "ours are installed" installed "${ours[@]}"
check "Debian's tools are gone" not_installed xen-utils-common xenstore-utils "$theirs"
check "dpkg and apt are content" run sh -c 'dpkg --audit && apt-get check'
check "Debian's left configuration is purged" purge_removed
check "that took nothing of ours" run dpkg -V "$utils"

slow_check "going back to Debian's own Xen" apt install "$theirs"
check "Debian's are installed" installed "$theirs" xen-utils-common xenstore-utils
check "our tools are gone" not_installed "$utils"
slow_check "purging ours beside Debian's" apt purge "${ours[@]}"
check "that took nothing of Debian's" run dpkg -V xen-utils-common
slow_check "purging Debian's" apt autopurge "$theirs" xen-utils-common xenstore-utils
check "nothing of Xen is left" no_xen_beside "$before"

# in-dom0 compares with this, after the last removal.
list_files "$before"
slow_check "installed again" apt install "${@/#*\///overlay/}"
check "removed by dpkg alone" run dpkg --remove "${ours[@]}"
check "installed by dpkg alone" run sh -c 'dpkg --install /overlay/*.deb'
check "both are installed" installed "${ours[@]}"
done_testing
