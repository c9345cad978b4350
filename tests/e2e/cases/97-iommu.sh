# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets vm1; busybox: local
# What devices that are passed through to a guest have of its regions. A host with
# an IOMMU; the guest has page tables for devices, and no device.

# device_pages: of the only guest that has such tables, one line a page, e.g.
# 60000 rw
device_pages()
{
    xl debug-keys o
    # The last page table is there when the dump has ended.
    xl dmesg -c | sed -n 's/^(XEN) *dfn: 0*\([0-9a-f]*\)  mfn: [0-9a-f]*  /\1 /p'
}

case_devices_have_what_their_guest_has() # limit 180
{
    share vm1 '"0x60000000+8K = borrowed", "0x61000000+8K = read"'
    hvm vm2 '"0x70000000+8K = owned", "0x71000000+8K = borrowed",
        "0x72000000+8K = read, prot=ro", "0x73000000+8K = new, prot=ro"' \
        'passthrough = "sync_pt"'
    share vm3 '"0x60000000+8K = owned"'
    talk vm2 0x70000000 vm3 0x60000000 8K
    talk vm2 0x71000000 vm1 0x60000000 8K
    must guest vm1 fill 0x61000000 8K 54
    must guest vm2 check 0x72000000 8K 54
    device_pages >pages
    assert_equal "what devices have of the regions" "$(grep '^7[0-9a-f]\{4\} ' pages)" \
        '70000 rw
70001 rw
71000 rw
71001 rw
72000 r-
72001 r-
73000 r-
73001 r-'
    grep -qx '1000 rw' pages || fail "and nothing of its RAM: $(wc -l <pages) pages"
    destroy vm2 vm1 vm3
}

case_an_owner_with_devices_may_go_first() # limit 180
{
    hvm vm1 '"0x70000000+64K = ID1", "0x800000+2M = ID2"' 'passthrough = "sync_pt"'
    share vm2 '"0x60000000+64K = ID1", "0x80000000+2M = ID2"'
    must guest vm1 fill 0x70000000 64K 55
    must guest vm1 fill 0x800000 2M 56
    destroy vm1
    must guest vm2 check 0x60000000 64K 55
    must guest vm2 check 0x80000000 2M 56
    hvm vm3 '"0x70000000+64K = ID1", "0x800000+2M = ID2"' 'passthrough = "sync_pt"'
    must guest vm3 check 0x70000000 64K 55
    must guest vm3 check 0x800000 2M 56
    destroy vm2 vm3
}
