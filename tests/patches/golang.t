#!/bin/bash
# The Go binding in the series is what Xen's generator makes of the IDL.
# SPDX-License-Identifier: BSD-2-Clause

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/tap.sh"

light=$xen_src/tools/libs/light
go=$xen_src/tools/golang/xenlight

generate() { # IDL
    PYTHONPATH=$light LIBXL_SRC_DIR=$light python3 "$go/gengotypes.py" "$1" \
        "$scratch/types.gen.go" "$scratch/helpers.gen.go"
}

check 'the generator takes the IDL' generate "$light/libxl_types.idl"
for file in types.gen.go helpers.gen.go; do
    check "$file is what it makes" cmp "$go/$file" "$scratch/$file"
    check "$file has regions" grep -q StaticSharedMem "$scratch/$file"
done

# Were the IDL to change, this would tell.
sed 's/("generation", uint64)/("age", uint64)/' "$light/libxl_types.idl" >"$scratch/other.idl"
check 'another IDL' generate "$scratch/other.idl"
check 'makes another binding' bash -c "! cmp -s '$go/types.gen.go' '$scratch/types.gen.go'"

done_testing
