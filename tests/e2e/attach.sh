# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # share sets variables; busybox: local
# attach_rounds: one domain gets a region and loses it, again and again, beside
# another that has it. For cases, in dom0.

# attach_rounds ROUNDS
attach_rounds()
{
    local round nodes

    share vm1 '"0x60000000+64K = ID1"'
    share vm2 '"0x80000000+4K = ID2"'
    must guest vm1 fill 0x60000000 64K 50
    for round in $(seq "$1"); do
        must xl shared-mem-attach vm2 '0x90000000+64K = ID1'
        must guest vm2 check 0x90000000 64K 50
        must xl shared-mem-detach vm2 ID1
        if [ "$round" -eq 2 ]; then
            free=$(free_memory) nodes=$(xenstore-ls -f / | wc -l)
        fi
    done
    assert_equal "free pages" "$(free_memory)" "$free"
    assert_equal "the number of nodes" "$(xenstore-ls -f / | wc -l)" "$nodes"
    must guest vm1 check 0x60000000 64K 50
    destroy vm1 vm2
}
