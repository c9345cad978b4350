#!/bin/bash
# The guest library in one header: compiles alone, and in several files of which
# one has the functions; and passes the unit tests of the library.
# SPDX-License-Identifier: BSD-2-Clause

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/../patches/tap.sh"
. "$(dirname "$0")/targets.sh"

generate() { "$top/guest-lib/single-header" >"$scratch/shared_mem.h"; }
check 'it is made' generate

again() { cd / && "$top/guest-lib/single-header" | cmp - "$scratch/shared_mem.h"; }
check 'and is the same from anywhere' again

alone() { ! grep -E '^ *# *include *(<shared_mem/|")' "$scratch/shared_mem.h"; }
check 'it includes nothing of the library' alone

cd "$scratch"
echo '#include "shared_mem.h"' >user.c
printf '#define SHARED_MEM_IMPLEMENTATION\n#include "shared_mem.h"\n' >functions.c

# shellcheck disable=SC2046,SC2086 # words of a command
compile() { # COMPILER SOURCE
    $(compiler "$1") $strict -Os -c -o "$1-${2%.c}.o" "$2"
}
for compiler in $compilers; do
    check "$compiler: declarations" compile "$compiler" user.c
    check "$compiler: functions" compile "$compiler" functions.c
done

declares_only() { ! nm --defined-only gcc-x86_64-user.o | grep .; }
check 'a file that only declares has no function' declares_only

cxx() { "$1" -std=c++11 -Wall -Wextra -Werror -pedantic -x c++ -fsyntax-only user.c; }
check 'declarations in C++, g++' cxx g++
check 'declarations in C++, clang++' cxx clang++

# The unit tests, with one header in place of all the others.
mkdir shared_mem
for header in "$top"/guest-lib/include/shared_mem/*.h; do
    echo '#include "../shared_mem.h"' >"shared_mem/${header##*/}"
done
unit() { # TOPIC
    gcc -std=gnu11 -Wall -Wextra -Werror -I. -I"$top/tests/guest-lib" -o "test_$1" \
        "$top/tests/unit/test_$1.c" "$top/tests/guest-lib/pages.c" functions.c -lcmocka &&
        "./test_$1"
}
for topic in factory control registers; do
    check "unit tests: $topic" unit $topic
done

# A header that cannot be read makes no file that looks complete.
incomplete() {
    cp -r "$top/guest-lib/include" "$top/guest-lib/src" .
    rm include/shared_mem/control.h
    mkdir include/shared_mem/control.h
    ! "$top/guest-lib/single-header" "$scratch" >incomplete.h
}
check 'a header that cannot be read is an error' incomplete

done_testing
