# The tools with static shared memory. The keeper of factory pages is a program,
# and a service, that the recipe does not know of.
# SPDX-License-Identifier: BSD-2-Clause

require static-shared-memory.inc

FILES:${PN}-xl += "${libdir}/xen/bin/libxl-shared-mem-keeper"
FILES:${PN}-xencommons += "${systemd_unitdir}/system/xen-shared-mem-keeper.service \
    ${sysconfdir}/init.d/xen-shared-mem-keeper"
SYSTEMD_SERVICE:${PN}-xencommons += "xen-shared-mem-keeper.service"
