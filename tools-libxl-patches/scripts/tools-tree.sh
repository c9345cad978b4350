# Configure and make parts of the Xen tools in a build tree.
# SPDX-License-Identifier: BSD-2-Clause
#
# Sourced after arch_facts; the caller's current directory is the tree.
# shellcheck shell=bash disable=SC2154

tools_make_options=(-j"$jobs" XEN_TARGET_ARCH="$arch" debug=n)
tools_configure_options=(
    --disable-stubdom --disable-qemu-traditional --disable-rombios
    --disable-ipxe --disable-pvshim --disable-pygrub --disable-golang
    --disable-ocamltools
)
if [ -n "$cross" ]; then
    tools_make_options+=(CROSS_COMPILE="$cross" PKG_CONFIG="${cross}pkg-config")
    tools_configure_options+=(--build=x86_64-linux-gnu --host=aarch64-linux-gnu
        CC="${cross}gcc" PKG_CONFIG="${cross}pkg-config")
fi

# All that the result of configure follows from, for the options given.
tools_configuration() { # OPTION...
    sha256sum configure tools/configure tools/config.h.in config/*.in
    printf '%s\n' "${tools_configure_options[@]}" "$@"
}

# Configure, unless the tree is configured so already.
configure_tools() { # OPTION...
    local wanted
    wanted=$(tools_configuration "$@")
    [ "$wanted" != "$(cat .configured 2>/dev/null)" ] || return 0
    rm -f .configured
    ./configure "${tools_configure_options[@]}" "$@"
    echo "$wanted" >.configured
}

make_tools() { # PART MAKE-ARGUMENT...
    local part=$1
    shift
    make "${tools_make_options[@]}" -C "tools/$part" "$@"
}
