# Xen: fetch, stage, build. Included by the top Makefile.
# SPDX-License-Identifier: BSD-2-Clause
#
# Staging looks at its inputs in each make, and is quick when nothing changed.
# It touches build/xen/id/{xen,tools} only when the sources of the hypervisor or
# of the tools changed; all that is built follows from these two files.

xen_scripts := tools-libxl-patches/scripts
xen_common := $(xen_scripts)/common.sh $(xen_scripts)/sync-tree
xen_tools := $(xen_scripts)/build-tools $(xen_scripts)/tools-tree.sh
xen_configs := tools-libxl-patches/hypervisor-config
xen_variants := xen xen-debug-xsm xen-stock

# step NAME TEXT COMMAND: one line on the terminal, the log in build/logs.
step := $(xen_scripts)/step

.PHONY: deps stage xen series refresh
deps:
	@$(xen_scripts)/install-packages

xen: xen-$(ARCH)

# ---- source ------------------------------------------------------------------

stage build/xen/id/xen build/xen/id/tools build/xen/id/stock &: deps
	@XEN_SRC='$(XEN_SRC)' XEN_TARBALL='$(XEN_TARBALL)' XEN_HASH='$(XEN_HASH)' \
		$(xen_scripts)/stage-xen

series: stage
	@$(xen_scripts)/export-series

refresh: deps
	@$(xen_scripts)/refresh-patches
	@$(MAKE) --no-print-directory stage

# ---- from the Debian archive ---------------------------------------------------

build/sysroot/arm64.done: tools-libxl-patches/debian-packages \
		$(xen_scripts)/fetch-sysroot $(xen_scripts)/apt-root.sh | deps
	@$(step) sysroot-arm64 'fetching arm64 libraries' $(xen_scripts)/fetch-sysroot
	@touch $@

build/sysroot/kernel-%.done: $(xen_scripts)/fetch-kernel $(xen_scripts)/apt-root.sh | deps
	@$(step) kernel-$* 'fetching the $* dom0 kernel' $(xen_scripts)/fetch-kernel $*
	@touch $@

# ---- builds ------------------------------------------------------------------

xen_sysroot_arm64 := build/sysroot/arm64.done

# $(call xen_arch,ARCH): everything that is made of Xen for one architecture.
define xen_arch
.PHONY: xen-$(1)
xen-$(1): $(addprefix build/hypervisor/$(1)/,$(xen_variants)) \
	build/xen/$(1)/dist.done build/xen/$(1)-stock/dist.done build/sysroot/kernel-$(1).done

build/hypervisor/$(1)/xen: build/xen/id/xen $(xen_configs)/release.config
build/hypervisor/$(1)/xen-debug-xsm: build/xen/id/xen $(xen_configs)/debug-xsm.config
build/hypervisor/$(1)/xen-stock: build/xen/id/stock $(xen_configs)/stock.config

$(addprefix build/hypervisor/$(1)/,$(xen_variants)): build/hypervisor/$(1)/%: \
		$(xen_scripts)/build-hypervisor $(xen_common) | $(xen_sysroot_$(1))
	@$(step) hypervisor-$(1)-$$* 'building hypervisor $$* for $(1)' \
		$(xen_scripts)/build-hypervisor $$* $(1)
	@touch $$@

build/xen/$(1)/dist.done: build/xen/id/tools \
		$(xen_tools) $(xen_common) $(xen_sysroot_$(1))
	@$(step) tools-$(1) 'building the Xen tools for $(1)' \
		$(xen_scripts)/build-tools patched $(1)
	@touch $$@

build/xen/$(1)-stock/dist.done: build/xen/id/stock \
		$(xen_tools) $(xen_common) $(xen_sysroot_$(1)) | build/xen/$(1)/dist.done
	@$(step) tools-$(1)-stock 'building the stock Xen tools for $(1)' \
		$(xen_scripts)/build-tools stock $(1)
	@touch $$@
endef
$(foreach arch,x86_64 arm64,$(eval $(call xen_arch,$(arch))))
