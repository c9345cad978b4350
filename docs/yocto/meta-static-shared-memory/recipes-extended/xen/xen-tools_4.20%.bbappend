# The tools with static shared memory. The keeper of factory pages is a program
# that the recipe does not know of.
# SPDX-License-Identifier: BSD-2-Clause

require static-shared-memory.inc

FILES:${PN}-xl += "${libdir}/xen/bin/libxl-shared-mem-keeper"
