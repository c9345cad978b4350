# The Linux guest of the end-to-end tests, as an overlay for dom0,
# build/host/ARCH/linux.cpio: the Debian kernel that dom0 runs, as
# /guests/linux, and an initramfs with busybox and the witness, as
# /guests/linux.cpio. Included from the top Makefile after host.mk.
# SPDX-License-Identifier: BSD-2-Clause

linux_dir := tests/e2e/linux
linux_sources := $(addprefix $(linux_dir)/,witness.c pressure.c)
linux_headers := $(wildcard $(linux_dir)/*.h) $(AGENT_SOURCE)/mailbox.h

# $(call linux_guest,ARCH). The compiler for arm64 comes with the system root.
define linux_guest
build/linux/$(1)/witness: $(linux_sources) $(linux_dir)/regions_$(1).c \
		$(linux_headers) $(linux_dir)/linux.mk build/xen/$(1)/dist.done
	@mkdir -p $$(@D)
	@$(host_cc_$(1)) $(HOST_CFLAGS) -static -o $$@ $$(filter %.c,$$^)

# The packer takes files by relative names.
build/linux/$(1)/busybox: $(xen_sysroot_$(1))
	@mkdir -p $$(@D)
	@cp $(host_root_$(1))/bin/busybox $$@

build/linux/$(1)/linux.cpio: $(linux_dir)/init $(host_dir)/overlay $(host_dir)/cpio.py \
		$(addprefix build/linux/$(1)/,busybox witness)
	@$(host_dir)/overlay $$@ / $(linux_dir)/init \
		/bin $(addprefix build/linux/$(1)/,busybox witness)

# The kernel as dom0 has it is not compressed: libxl would take seconds.
build/linux/$(1)/linux: build/host/$(1)/vmlinuz
	@mkdir -p $$(@D)
	@cp $$< $$@

build/host/$(1)/linux.cpio: build/linux/$(1)/linux build/linux/$(1)/linux.cpio \
		$(host_dir)/overlay $(host_dir)/cpio.py
	@$(host_dir)/overlay $$@ /guests build/linux/$(1)/linux build/linux/$(1)/linux.cpio

e2e-needs-$(1): build/host/$(1)/linux.cpio
endef

$(foreach arch,$(host_archs),$(eval $(call linux_guest,$(arch))))

LINT_TARGETS += lint-linux
.PHONY: lint-linux
lint-linux:
	shellcheck $(linux_dir)/init
