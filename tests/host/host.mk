# The test host: dom0's kernel and initramfs, the demo and the shell. Included
# by the top Makefile after xen.mk and the guests' fragments.
# SPDX-License-Identifier: BSD-2-Clause
#
# Targets: host (for ARCH), demo, shell. Everything goes to build/host/ARCH/:
#   vmlinuz, dom0.cpio.gz   what tests/host/qemu-run boots below Xen
#   stock.cpio              overlay: the unpatched xl, as /opt/stock/xl
#   examples.cpio           overlay: vm1 to vm3, and all example configs
#   guests.cpio             overlay: the other guests, for the shell

host_dir := tests/host
host_archs := x86_64 arm64

# Where programs and libraries of dom0 come from.
host_root_x86_64 :=
host_root_arm64 := build/sysroot/arm64
host_libs_x86_64 := x86_64-linux-gnu
host_libs_arm64 := aarch64-linux-gnu
host_cc_x86_64 := gcc
host_cc_arm64 := build/sysroot/bin/aarch64-linux-gnu-gcc

HOST_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror

# $(call host_program,ARCH,NAME,SOURCE,LIBRARIES): a program for dom0 that uses
# libraries of the staged Xen tools.
define host_program
build/host/$(1)/$(2): $(3) build/xen/$(1)/dist.done
	@mkdir -p $$(@D)
	@$(host_cc_$(1)) $(HOST_CFLAGS) -Ibuild/xen/$(1)/tools/include -o $$@ $$< \
		-Lbuild/xen/$(1)/dist/usr/lib $(4) \
		-Wl,-rpath-link=build/xen/$(1)/dist/usr/lib
endef

define host_arch
$(call host_program,$(1),freepages,$(host_dir)/freepages.c,-lxenctrl)

build/host/$(1)/vmlinuz: build/sysroot/kernel-$(1).done $(host_dir)/plain-kernel
	@mkdir -p $$(@D)
	@$(host_dir)/plain-kernel build/sysroot/kernel-$(1)/boot/vmlinuz-* $$@

build/host/$(1)/dom0.cpio.gz: build/xen/$(1)/dist.done \
		build/sysroot/kernel-$(1).done $(host_dir)/init \
		$(host_dir)/dom0-image $(host_dir)/cpio.py \
		build/host/$(1)/freepages build/host/$(1)/guestctl
	@mkdir -p $$(@D)
	@$(host_dir)/dom0-image --dist build/xen/$(1)/dist \
		--lib-dir $(host_root_$(1))/lib/$(host_libs_$(1)) \
		--lib-dir $(host_root_$(1))/usr/lib/$(host_libs_$(1)) \
		--init $(host_dir)/init --busybox $(host_root_$(1))/bin/busybox \
		--kernel build/sysroot/kernel-$(1)/lib/modules \
		--program $(host_root_$(1))/usr/bin/strace \
		--program build/host/$(1)/freepages \
		--program build/host/$(1)/guestctl $$@

build/host/$(1)/stock.cpio: build/xen/$(1)-stock/dist.done $(host_dir)/overlay
	@mkdir -p $$(@D)
	@$(host_dir)/overlay $$@ /opt/stock build/xen/$(1)-stock/dist/usr/sbin/xl \
		build/xen/$(1)-stock/dist/usr/lib/*.so.*

host_examples_$(1) := $(wildcard xl-config/examples/$(1)/*.cfg)
host_guests_$(1) := $(addprefix build/guests/$(1)/,vm1 vm2 vm3)

build/host/$(1)/examples.cpio: $$(host_examples_$(1)) $$(host_guests_$(1)) \
		$(host_dir)/overlay $(host_dir)/cpio.py
	@mkdir -p $$(@D)
	@$(host_dir)/overlay $$@ /overlay $$(host_examples_$(1)) \
		/guests $$(host_guests_$(1))

build/host/$(1)/guests.cpio: $(addprefix build/guests/$(1)/,agent $(PEERS)) \
		$(host_dir)/overlay $(host_dir)/cpio.py
	@$(host_dir)/overlay $$@ /guests $$(filter build/guests/%,$$^)

.PHONY: host-$(1)
host-$(1): $(addprefix build/host/$(1)/,vmlinuz dom0.cpio.gz)
endef

$(foreach arch,$(host_archs),$(eval $(call host_arch,$(arch))))

.PHONY: host demo shell
host: host-$(ARCH)

demo shell: host-$(ARCH) build/hypervisor/$(ARCH)/xen \
	build/host/$(ARCH)/examples.cpio

demo:
	@echo "Booting Xen and dom0 in QEMU ($(ARCH), no KVM) ..."
	@$(host_dir)/qemu-run --arch $(ARCH) --log build/logs/demo-$(ARCH).log --limit 300 \
		--overlay build/host/$(ARCH)/examples.cpio --run $(host_dir)/demo

host_shell_overlays := $(addprefix build/host/$(ARCH)/,examples.cpio guests.cpio linux.cpio)
shell: $(host_shell_overlays)
	@$(host_dir)/qemu-run --arch $(ARCH) --interactive \
		$(addprefix --overlay ,$(host_shell_overlays))

LINT_TARGETS += lint-host
.PHONY: lint-host
lint-host:
	shellcheck $(host_dir)/init $(host_dir)/demo
