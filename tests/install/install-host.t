#!/bin/bash
# Installing a staged host, twice, and taking it away: the second time is where
# an administrator's files are at stake.
# SPDX-License-Identifier: BSD-2-Clause

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$top/tests/patches/tap.sh"

stage=$scratch/stage host=$scratch/host

install_host() { # ACTION [DIRECTORY]
    "$patch_dir/scripts/install-host" "$1" "$stage" "${2:-$host}"
}

content_is() { # FILE TEXT
    [ "$(<"$1")" = "$2" ] || { echo "$1: $(<"$1")"; return 1; }
}

files_are() { # FILE..., below the host
    diff <(cd "$host" && find . ! -type d -printf '%P\n' | sort) <(printf '%s\n' "$@" | sort)
}

absent() { # FILE
    [ ! -e "$1" ]
}

put() { # FILE TEXT
    mkdir -p "$(dirname "$1")"
    echo "$2" >"$1"
}

# As a host has them: a link to a directory, a file and an empty directory of
# its own beside ours, a directory with a mode of its own.
put "$host/usr/lib/systemd/system/other.service" theirs
put "$host/etc/xen/vm.cfg" theirs
ln -s usr/lib "$host/lib"
mkdir -p "$host/usr/local/share" "$host/boot"
chmod 700 "$host/boot"

put "$stage/boot/xen-4.20.gz" hypervisor
ln -s xen-4.20.gz "$stage/boot/xen.gz"
put "$stage/etc/xen/xl.conf" "# ours"
put "$stage/etc/default/xencommons" "# ours"
put "$stage/lib/systemd/system/xenstored.service" unit
put "$stage/usr/local/lib/xen/bin/xenconsole" program
mkdir -p "$stage/usr/local/share" "$stage/var/lib/xen/dump"
chmod 700 "$stage/var/lib/xen/dump"

check "a first installation" install_host install
check "all files are there, through the links that were there" files_are lib \
    boot/xen-4.20.gz boot/xen.gz etc/xen/vm.cfg etc/xen/xl.conf etc/default/xencommons \
    usr/lib/systemd/system/{other,xenstored}.service usr/local/lib/xen/bin/xenconsole
check "a directory keeps its mode" [ "$(stat -c %a "$host/boot")" = 700 ]
check "a new one gets its own" [ "$(stat -c %a "$host/var/lib/xen/dump")" = 700 ]
if [ "$(id -u)" = 0 ]; then
    check "all is root's" [ "$(stat -c %u:%g "$host/usr/local/lib/xen/bin/xenconsole")" = 0:0 ]
fi

put "$host/etc/xen/xl.conf" "# edited"
put "$stage/etc/default/xencommons" "# ours, later"
put "$stage/usr/local/lib/xen/bin/xenconsole" "program, later"
check "a second installation" install_host install
check "it brings later programs" content_is "$host/usr/local/lib/xen/bin/xenconsole" "program, later"
check "it keeps an edited configuration file" content_is "$host/etc/xen/xl.conf" "# edited"
check "with ours beside it" content_is "$host/etc/xen/xl.conf.new" "# ours"
check "a later one of ours does not replace an earlier one either" \
    content_is "$host/etc/default/xencommons.new" "# ours, later"

check "uninstalling" install_host uninstall
check "what is the administrator's stays" files_are lib etc/xen/vm.cfg etc/xen/xl.conf \
    etc/default/xencommons usr/lib/systemd/system/other.service
check "a directory that was there stays" [ -d "$host/usr/local/share" ]
check "an empty one of Xen's goes" absent "$host/var/lib/xen"
check "uninstalling again" install_host uninstall

: >"$scratch/file"
refused "where nothing can be written" \
    "error: cannot write to $scratch/file: .*give DESTDIR=DIRECTORY" \
    install_host install "$scratch/file/host"

# Nothing is built for that.
case $(uname -m) in
    x86_64) other=arm64 ;;
    *) other=x86_64 ;;
esac
for action in install uninstall; do
    refused "$action of another architecture below /" \
        "install: error: this machine is .*, and ARCH=$other; name a directory by DESTDIR=" \
        make -s -C "$top" "$action" "ARCH=$other" DESTDIR=
done
done_testing
