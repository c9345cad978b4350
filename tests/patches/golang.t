#!/bin/bash
# The Go binding in the series is what Xen's generator makes of the IDL, and builds.
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

# ---- with the headers and libraries of the x86_64 build ------------------------

package=$scratch/xenlight
mkdir "$package"
cp "$go"/*.go "$go/go.mod" "$package/"
cat >"$package/shared_mem_test.go" <<'GO'
package xenlight

import (
	"reflect"
	"testing"
)

// What a caller sees of the methods.
var (
	_ func(*Context, Domid, *StaticSharedMem) error = (*Context).SharedMemAttach
	_ func(*Context, Domid, string) error           = (*Context).SharedMemDetach
	_ func(*Context) ([]SharedMemRegion, error)     = (*Context).ListSharedMemRegion
)

// A struct that nobody filled in has libxl's defaults: no page, no offset.
func TestZeroIsDefault(t *testing.T) {
	config, err := NewDomainConfig()
	if err != nil || config.SharedMemFactory != 0 || config.StaticSharedMems != nil {
		t.Error(config, err)
	}

	mem, err := NewStaticSharedMem()
	if err != nil || !reflect.DeepEqual(*mem, StaticSharedMem{}) {
		t.Error(mem, err)
	}
}
GO

in_package() { # COMMAND...
    local xen=$xen_build/x86_64
    (
        cd "$package"
        export GOCACHE=$build/go-cache GOPROXY=off
        export CGO_CFLAGS="-I$xen/tools/include"
        export CGO_LDFLAGS="-L$xen/dist/usr/lib -Wl,-rpath-link=$xen/dist/usr/lib"
        export LD_LIBRARY_PATH=$xen/dist/usr/lib
        "$@"
    )
}

fails() { ! "$@"; }

check 'the binding passes go vet' in_package go vet
check 'it builds, and its zeroes are defaults' in_package go test

# Were a call not to fit the header, this would tell.
sed -i 's/, cid, nil)/, id, nil)/' "$package/xenlight.go"
check 'another call' grep -q ', id, nil)' "$package/xenlight.go"
check 'does not build' fails in_package go build

done_testing
