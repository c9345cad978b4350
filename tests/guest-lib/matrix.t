#!/bin/bash
# The guest library builds without a warning, for each machine, compiler and
# level of optimization; needs no other library and no data; and stays small.
# SPDX-License-Identifier: BSD-2-Clause

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/../patches/tap.sh"
. "$(dirname "$0")/targets.sh"

lib=$top/guest-lib
sources=("$lib"/src/*.c)
headers=("$lib"/include/shared_mem/*.h)

# Limits on arm64, in bytes.
core_limit=2816
ring_limit=2048
ring_wait_limit=512

# What compilers may always call, and what the linker itself defines.
allowed='memcpy|memset|memcmp|memmove|__aeabi_mem(cpy|set|move|clr)[48]?|_GLOBAL_OFFSET_TABLE_'

# build COMPILER LEVEL: to $scratch/COMPILER-LEVEL/*.o
build() {
    local dir=$scratch/$1$2
    mkdir "$dir"
    # shellcheck disable=SC2046,SC2086 # words of a command
    (cd "$dir" && $(compiler "$1") $strict "$2" -I"$lib/include" -c "${sources[@]}")
}

sections() { # OBJECT...: name and size
    size -A "$@" | awk '$1 ~ /^\./ { print $1, $2 }'
}

no_data() { # OBJECT...
    ! sections "$@" | grep -E '^\.(data|bss|tdata|tbss|init_array|sdata|sbss)' | grep -v ' 0$'
}

no_other_library() { # OBJECT...
    ! comm -23 <(nm -u "$@" | awk '$1 == "U" { print $2 }' | sort -u) \
        <(nm --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort -u) |
        grep -v -x -E "$allowed"
}

for compiler in $compilers; do
    for level in -O0 -Os -O1 -O2 -O3; do
        check "$compiler $level" build "$compiler" "$level"
        objects=("$scratch/$compiler$level"/*.o)
        check "$compiler $level: all sources" test "${#objects[@]}" = "${#sources[@]}"
        check "$compiler $level: no data" no_data "${objects[@]}"
        check "$compiler $level: no other library" no_other_library "${objects[@]}"
    done
done

# Users with more warnings, in sources and in headers.
strictest() { # COMPILER SOURCE
    local casts=-Wcast-align=strict
    [[ $1 != clang* ]] || casts=-Wcast-align
    # shellcheck disable=SC2046,SC2086 # words of a command
    $(compiler "$1") $strict -Wconversion -Wsign-conversion $casts -Os -I"$lib/include" -fsyntax-only "$2"
}
echo '#include <shared_mem/registers.h>' >"$scratch/registers.c"
for compiler in $compilers; do
    for source in "$lib"/src/*.c "$scratch/registers.c"; do
        check "$compiler, conversions and casts: ${source##*/}" strictest "$compiler" "$source"
    done
done

# Big-endian machines are refused.
big_endian() { # COMMAND...
    ! "$@" -ffreestanding -I"$lib/include" -fsyntax-only "$lib/src/factory.c" 2>"$scratch/log" &&
        grep -q 'error.*little endian' "$scratch/log"
}
check 'gcc: no big-endian machine' big_endian aarch64-linux-gnu-gcc -mbig-endian
check 'clang: no big-endian machine' big_endian clang --target=aarch64_be-linux-gnu

# Both the sections and the symbols can be wrong.
cat >"$scratch/wrong.c" <<'END'
int counter = 1;
unsigned add(unsigned *word) { return __atomic_fetch_add(word, counter, __ATOMIC_RELAXED); }
END
aarch64-linux-gnu-gcc -Os -c -o "$scratch/wrong.o" "$scratch/wrong.c"
rejects() { ! "$@"; }
check 'the test notices data' rejects no_data "$scratch/wrong.o"
check 'the test notices a library of atomics' rejects no_other_library "$scratch/wrong.o"

# code OBJECT...: bytes of instructions and constants
code() {
    sections "$@" | awk '$1 ~ /^\.(text|rodata)/ { sum += $2 } END { print sum + 0 }'
}

small=$scratch/gcc-aarch64-Os
bytes=$(code "$small/factory.o" "$small/control.o")
check "the core takes $bytes bytes, of $core_limit" test "$bytes" -le $core_limit
if [ -e "$small/ring.o" ]; then
    bytes=$(code "$small/ring.o" "$small/ring_copy.o")
    check "the ring takes $bytes bytes, of $ring_limit" test "$bytes" -le $ring_limit
    bytes=$(code "$small/ring_wait.o")
    check "sleeping takes $bytes bytes more, of $ring_wait_limit" test "$bytes" -le $ring_wait_limit
fi

# Both alone and twice, as C and as C++.
includes() { # HEADER
    printf '#include <shared_mem/%s>\n#include <shared_mem/%s>\n' "${1##*/}" "${1##*/}"
}
header() { # HEADER COMMAND...
    local header=$1
    shift
    includes "$header" | "$@" -Wall -Wextra -Werror -pedantic -I"$lib/include" -fsyntax-only -
}
for header in "${headers[@]}"; do
    for cc in gcc clang; do
        check "${header##*/} alone, $cc" header "$header" $cc -x c -std=c11 -ffreestanding
    done
    for cc in g++ clang++; do
        check "${header##*/} alone, $cc" header "$header" $cc -x c++ -std=c++11
    done
done

# In fuzzers each access is seen: none goes around the stand-in for atomic.h.
all_accesses_are_seen() {
    ! gcc -M -I"$top/tests/fuzz/hostile" -I"$lib/include" "${sources[@]}" "${headers[@]}" |
        grep -F "$lib/include/shared_mem/atomic.h" | grep -v '^atomic.o:'
}
check 'the library includes <shared_mem/atomic.h> by that name' all_accesses_are_seen

done_testing
