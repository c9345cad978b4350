# Xen: fetch, stage, build. Included by the top Makefile.
# SPDX-License-Identifier: BSD-2-Clause
#
# Staging runs at each make and is quick when there is nothing to do; it touches
# build/xen/id/{xen,tools} only when the hypervisor's or the tools' sources
# changed, and the rest follows from these two files.

xen_scripts := tools-libxl-patches/scripts
step := $(xen_scripts)/step
xen_common := $(xen_scripts)/common.sh $(xen_scripts)/sync-tree

hypervisors := $(addprefix build/hypervisor/$(ARCH)/,xen xen-debug-xsm xen-stock)
xen_tools := build/xen/$(ARCH)/dist.done build/xen/$(ARCH)-stock/dist.done
kernel := build/sysroot/kernel-$(ARCH).done

.PHONY: deps stage xen series refresh
deps:
	@$(xen_scripts)/install-packages

xen: $(hypervisors) $(xen_tools) $(kernel)

# ---- source ------------------------------------------------------------------

stage build/xen/id/xen build/xen/id/tools build/xen/id/stock &: deps
	@XEN_SRC='$(XEN_SRC)' XEN_TARBALL='$(XEN_TARBALL)' XEN_HASH='$(XEN_HASH)' $(xen_scripts)/stage-xen

series: stage
	@$(xen_scripts)/export-series

refresh: deps
	@$(xen_scripts)/refresh-patches

# ---- what comes from the Debian archive --------------------------------------

build/sysroot/arm64.done: tools-libxl-patches/debian-packages $(xen_scripts)/fetch-sysroot $(xen_scripts)/apt-root.sh | deps
	@$(step) sysroot-arm64 'fetching arm64 libraries' $(xen_scripts)/fetch-sysroot
	@touch $@

build/sysroot/kernel-%.done: $(xen_scripts)/fetch-kernel $(xen_scripts)/apt-root.sh | deps
	@$(step) kernel-$* 'fetching the $* dom0 kernel' $(xen_scripts)/fetch-kernel $*
	@touch $@

# ---- builds ------------------------------------------------------------------

ifeq ($(ARCH),arm64)
sysroot := build/sysroot/arm64.done
endif

build/hypervisor/$(ARCH)/xen-stock: build/xen/id/stock
build/hypervisor/$(ARCH)/xen build/hypervisor/$(ARCH)/xen-debug-xsm: build/xen/id/xen
build/hypervisor/$(ARCH)/xen build/hypervisor/$(ARCH)/xen-stock: tools-libxl-patches/hypervisor-config/release.config
build/hypervisor/$(ARCH)/xen-debug-xsm: tools-libxl-patches/hypervisor-config/debug-xsm.config

$(hypervisors): build/hypervisor/$(ARCH)/%: $(xen_scripts)/build-hypervisor $(xen_common) | $(sysroot)
	@$(step) hypervisor-$(ARCH)-$* 'building hypervisor $* for $(ARCH)' $(xen_scripts)/build-hypervisor $* $(ARCH)
	@touch $@

build/xen/$(ARCH)/dist.done: build/xen/id/tools $(xen_scripts)/build-tools $(xen_common) $(sysroot)
	@$(step) tools-$(ARCH) 'building the Xen tools for $(ARCH)' $(xen_scripts)/build-tools patched $(ARCH)
	@touch $@

build/xen/$(ARCH)-stock/dist.done: build/xen/id/stock $(xen_scripts)/build-tools $(xen_common) $(sysroot) | build/xen/$(ARCH)/dist.done
	@$(step) tools-$(ARCH)-stock 'building the stock Xen tools for $(ARCH)' $(xen_scripts)/build-tools stock $(ARCH)
	@touch $@
