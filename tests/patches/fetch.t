#!/bin/bash
# The Xen tarball: only a file with a known hash is ever used.
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs without a network: apt-get is replaced by one that names a mirror in a
# directory; apt's own fetcher does the rest.

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/tap.sh"

make_checkout
checkout=$scratch/checkout
fetch=$checkout/tools-libxl-patches/scripts/fetch-xen
downloads=$checkout/build/downloads
rm -rf "$downloads"

name=xen_4.20.0.orig.tar.xz
pool=$scratch/mirror/pool/main/x/xen
mkdir -p "$pool" "$scratch/bin"
head -c 100000 /dev/urandom >"$scratch/good"
hash=sha256:$(sha256sum <"$scratch/good" | cut -d' ' -f1)
echo "$name $hash" >"$checkout/tools-libxl-patches/xen-tarballs"

cat >"$scratch/bin/apt-get" <<EOF
#!/bin/sh
case "\$*" in *indextargets*) echo "copy:$scratch/mirror/" ;; esac
EOF
chmod +x "$scratch/bin/apt-get"
export PATH=$scratch/bin:$PATH

nothing_left() { [ -z "$(find "$downloads" -type f -o -type l)" ]; }

# ---- downloads ---------------------------------------------------------------

refused 'a tarball that is nowhere' "$name: not at" "$fetch"
check 'leaves nothing behind' nothing_left

head -c 50000 "$scratch/good" >"$pool/$name"
refused 'a part of the tarball' "$name: wrong hash: expected $hash, found sha256:[0-9a-f]{64}" "$fetch"
check 'leaves nothing behind' nothing_left

cp "$scratch/good" "$pool/$name"
check 'the whole tarball' "$fetch"
check 'is kept' cmp "$scratch/good" "$downloads/$name"

rm "$pool/$name"
check 'a kept tarball needs no mirror' "$fetch"

echo x >>"$downloads/$name"
refused 'a kept tarball that changed' "build/downloads/$name: wrong hash: expected $hash, found" "$fetch"
rm "$downloads/$name"

# ---- a local file ------------------------------------------------------------

check 'XEN_TARBALL with a pinned hash' env XEN_TARBALL="$scratch/good" "$fetch"
head -c 1000 /dev/urandom >"$scratch/other"
refused 'XEN_TARBALL with another hash' "$scratch/other: wrong hash: expected $hash, found sha256:" \
    env XEN_TARBALL="$scratch/other" "$fetch"
other=sha512:$(sha512sum <"$scratch/other" | cut -d' ' -f1)
check 'XEN_TARBALL with the hash that XEN_HASH names' \
    env XEN_TARBALL="$scratch/other" XEN_HASH="$other" "$fetch"
refused 'XEN_TARBALL that is not there' 'cannot read' env XEN_TARBALL="$scratch/none" "$fetch"
check 'a local file is not copied' nothing_left

done_testing
