# The hypervisor with static shared memory.
# SPDX-License-Identifier: BSD-2-Clause

require static-shared-memory.inc
