#!/bin/bash
# What bash offers behind xl shared-mem-*, with an xl that answers as the real one.
# SPDX-License-Identifier: BSD-2-Clause

. "$(dirname "$0")/../../tools-libxl-patches/scripts/common.sh"
. "$(dirname "$0")/tap.sh"

mkdir "$scratch/bin"
cat >"$scratch/bin/xl" <<'XL'
#!/bin/sh
case "$*" in
help)
    printf 'Usage\n\n\n\n'
    printf ' shared-mem-attach   x\n shared-mem-detach   x\n shared-mem-list     x\n'
    ;;
list)
    printf 'Name ID Mem VCPUs State Time(s)\n'
    printf 'Domain-0 0 512 1 r----- 1.0\n(null) 3 1 1 --p--d 0.0\nsensor 4 16 1 -b---- 0.0\n'
    ;;
shared-mem-list)
    printf 'ID Size Owner Name Dom\nsamples 0x1000 4 sensor 4\nsamples 0x1000 4 other 5\n'
    printf 'alarms 0x1000 4 sensor 4\nsensor 0x1000 5 other 5\n3 regions with 12 KiB of memory\n'
    ;;
"shared-mem-list --domain sensor")
    printf 'ID Size Owner Name Dom\nsamples 0x1000 4 sensor 4\nsamples 0x1000 4 other 5\n'
    printf 'alarms 0x1000 4 sensor 4\n2 regions with 8 KiB of memory\n'
    ;;
*) exit 1 ;;
esac
XL
chmod +x "$scratch/bin/xl"

# offers WANTED WORD...: for the last of the words; WANTED with a blank behind each.
offers() {
    local wanted=$1
    shift
    (
        set +eu
        PATH=$scratch/bin:$PATH
        # shellcheck disable=SC1091
        . "$xen_src/tools/xl/bash-completion"
        COMP_WORDS=(xl "$@") COMP_CWORD=$#
        _xl
        found=$(printf '%s' "${COMPREPLY[@]}")
        [ "$found" = "$wanted" ] || { echo "'$found', not '$wanted'"; exit 1; }
    )
}

check 'the commands' offers 'shared-mem-attach shared-mem-detach shared-mem-list ' shared-
check 'domains that live, to attach' offers 'Domain-0 sensor ' shared-mem-attach ''
check 'one that begins so, to detach' offers 'sensor ' shared-mem-detach se
check 'the regions of the domain, each once' offers 'alarms samples ' shared-mem-detach sensor ''
check 'domains and regions to list, each once' offers 'samples sensor ' shared-mem-list Domain-0 s
check 'only regions' offers 'alarms samples sensor ' shared-mem-list --id ''
check 'only domains' offers 'Domain-0 sensor ' shared-mem-list -l --domain Domain-0 ''
check 'the options' offers '--domain --id --long ' shared-mem-list -
check 'one of them' offers '--id ' shared-mem-list sensor --i
check 'nothing for an entry' offers '' shared-mem-attach sensor ''
check 'nothing for other commands' offers '' vcpu-list se

done_testing
