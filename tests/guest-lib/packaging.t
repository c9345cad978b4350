#!/bin/bash
# What the guest library is packaged with: the library for each architecture,
# installing, pkg-config; and that the glue for Zephyr and for Unikraft names
# all sources, and only files that there are. Neither of them is needed.
# SPDX-License-Identifier: BSD-2-Clause

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/../patches/tap.sh"

cd "$top/guest-lib"
sources=$(cd src && ls -- *.c)

# Files that are named as the frameworks see them, against those that there are.
same() { diff <(sort) <(echo "$sources"); }

# ---- libraries ---------------------------------------------------------------

make_top() { make -s -C "$top" "$@"; }
check 'make guest-lib' make_top guest-lib

members() { ar t "$build/guest-lib/$1/libshared_mem_guest.a" | sed 's/\.o$/.c/' | same; }
machine() { # ARCH MACHINE
    readelf -h "$build/guest-lib/$1/libshared_mem_guest.a" | grep Machine: | grep -v "$2" && return 1
    return 0
}
check 'x86_64: has all sources' members x86_64
check 'arm64: has all sources' members arm64
check 'x86_64: is for x86_64' machine x86_64 X86-64
check 'arm64: is for arm64' machine arm64 AArch64

# A guest may run before it has turned floating point on.
no_floating_point() {
    # Branches name their target in hexadecimal digits.
    ! aarch64-linux-gnu-objdump -d --no-show-raw-insn "$build/guest-lib/arm64/libshared_mem_guest.a" |
        grep -v '<' | grep -E '[[:space:],{][bhsdqv][0-9]+(\.[0-9a-z]+)?([],}]|$)'
}
check 'arm64: needs no floating point registers' no_floating_point

# ---- installing --------------------------------------------------------------

check 'make install-guest-lib' make_top install-guest-lib DESTDIR="$scratch/root" PREFIX=/opt/guest

installed() {
    diff <(cd "$scratch/root" && find . -type f | sort) <(
        {
            (cd include/shared_mem && ls -- *.h) | sed 's,^,./opt/guest/include/shared_mem/,'
            echo ./opt/guest/lib/libshared_mem_guest.a
            echo ./opt/guest/lib/pkgconfig/shared-mem-guest.pc
        } | LC_ALL=C sort
    )
}
check 'installs library, headers, pkg-config file' installed

# With pkg-config's words, from the staged tree.
cat >"$scratch/user.c" <<'END'
#include <shared_mem/registers.h>
#include <shared_mem/ring.h>
int main(void)
{
    static struct shared_mem_registers regs;
    return shared_mem_reg_open(&regs, 0) != SHARED_MEM_EINVAL;
}
END
pc() {
    PKG_CONFIG_PATH=$scratch/root/opt/guest/lib/pkgconfig \
        pkg-config --define-variable=prefix="$scratch/root/opt/guest" "$@" shared-mem-guest
}
uses() {
    # shellcheck disable=SC2046 # words of a command
    gcc -std=c11 -o "$scratch/user" "$scratch/user.c" $(pc --cflags --libs) && "$scratch/user"
}
check 'a program is built with what pkg-config says' uses

version() { [ "$(pc --modversion)" = "$(sed -n 's/^Version \([0-9.]*[0-9]\)\..*/\1/p' "$top/docs/guest-abi.md")" ]; }
check "the version is the ABI's" version

# ---- README ------------------------------------------------------------------

printf '%s\n' '#include <stddef.h>' '#include <stdint.h>' \
    'void greet(void *data, size_t size, uint32_t peers);' \
    'void answer(void *data, size_t size, uint32_t peers);' >"$scratch/reader.h"
example() {
    sed -n '/^```c$/,/^```$/{/^```/!p}' README.md |
        gcc -std=c11 -Wall -Wextra -Werror -ffreestanding -Iinclude -include "$scratch/reader.h" -fsyntax-only -x c -
}
check "README.md: the example compiles" example

in_table() { # SUFFIX: files of that name
    grep -o "\`[a-z_]*\\.$1\`" README.md | tr -d '\`' | sort -u
}
tables() {
    diff <(in_table h | grep -v '^shared_mem\.h$') <(cd include/shared_mem && ls -- *.h) && in_table c | same
}
check 'README.md: the table has all files' tables

# ---- Zephyr ------------------------------------------------------------------

zephyr_sources() { grep -o '\.\./src/[a-z_]*\.c' zephyr/CMakeLists.txt | sed 's,.*/,,' | same; }
check 'Zephyr: all sources' zephyr_sources

zephyr_include() {
    local dir
    dir=$(sed -n 's/^ *zephyr_include_directories(\(.*\))$/\1/p' zephyr/CMakeLists.txt)
    [ -e "zephyr/$dir/shared_mem/factory.h" ]
}
check 'Zephyr: headers' zephyr_include

zephyr_module() {
    [ -e "$(sed -n 's/^ *cmake: //p' zephyr/module.yml)/CMakeLists.txt" ] &&
        [ -e "$(sed -n 's/^ *kconfig: //p' zephyr/module.yml)" ]
}
check 'Zephyr: module.yml names what there is' zephyr_module

zephyr_option() {
    grep -q "^if(CONFIG_$(sed -n 's/^config //p' zephyr/Kconfig))$" zephyr/CMakeLists.txt
}
check 'Zephyr: the option is that of Kconfig' zephyr_option

# ---- Unikraft ----------------------------------------------------------------

# Its Makefile.uk is run, with the little of Unikraft that it uses.
option=CONFIG_$(sed -n 's/^menuconfig //p' unikraft/Config.uk)
unikraft() { # EXPRESSION
    printf '%s\n' 'addlib_s = LIB := $(1)' 'include unikraft/Makefile.uk' \
        'all: ; @printf "%s\n" '"$1" |
        make -s -f - "$option=y" LIBSHAREDMEM_BASE=unikraft all
}
unikraft_sources() { unikraft '$(LIBSHAREDMEM_SRCS-y)' | sed 's,.*/,,' | same; }
unikraft_exist() { unikraft '$(LIBSHAREDMEM_SRCS-y)' | xargs ls; }
unikraft_include() {
    local flag
    for flag in '$(CINCLUDES-y)' '$(CXXINCLUDES-y)'; do
        [ -e "$(unikraft "$flag" | sed 's/^-I//')/shared_mem/factory.h" ] || return
    done
}
unikraft_name() { [ "$(unikraft '$(LIB)')" = libsharedmem ]; }
check 'Unikraft: all sources' unikraft_sources
check 'Unikraft: that exist' unikraft_exist
check 'Unikraft: headers' unikraft_include
check 'Unikraft: the library is registered' unikraft_name

done_testing
