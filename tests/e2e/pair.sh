# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# Two guests that share a region, for cases of the hypervisor's part: vm1 supplies
# it at OWNER and vm2 borrows it at BORROWER, which the case's file says.

# They have 64 pages, which hold pattern 1.
start_pair()
{
    share vm1 "\"$OWNER+256K = ID1\""
    share vm2 "\"$BORROWER+256K = ID1\""
    must guest vm1 fill "$OWNER" 256K 1
}
