# End-to-end tests: cases inside dom0 of Xen hosts in QEMU. Included by the top
# Makefile after host.mk and the guests' fragments.
# SPDX-License-Identifier: BSD-2-Clause
#
# Targets, for ARCH; CASES=REGEX selects cases ("TOPIC: NAME" as printed), and
# SHUFFLE=NUMBER puts those of a boot in another order:
#   e2e          the boots of tests/e2e/boots; each line becomes a test program,
#                build/e2e/BOOT.t
#   fault-sweep  the boot ARCH-faults of tests/e2e/long/boots; not a part of test

e2e_dir := tests/e2e
e2e_archs := x86_64 arm64
# Each as NAME:HYPERVISOR:CASES:MACHINE:XEN-OPTION...
e2e_rows := $(shell awk '/^[^\#]/ { $$1 = $$1; gsub(" ", ":"); print }' $(e2e_dir)/boots)
e2e_tests :=

export CASES SHUFFLE

# What is laid over dom0's root besides the tools; run-boot has the same.
e2e_overlays := tools stock
e2e_overlays_linux := linux
e2e_runner := $(addprefix $(e2e_dir)/,run-boot driver $(notdir $(wildcard $(e2e_dir)/*.sh))) \
	tests/host/qemu_host.py tests/host/cpio.py

# $(call e2e_needs,ARCH): files that every boot of it uses.
e2e_needs = $(addprefix build/host/$(1)/,vmlinuz dom0.cpio.gz $(e2e_overlays:%=%.cpio)) \
	build/guests/$(1).done $(e2e_runner) $(wildcard xl-config/examples/$(1)/*.cfg)

# $(call e2e_boot,NAME,ARCH,WHICH,HYPERVISOR,CASES,ROW): NAME is ARCH-WHICH.
define e2e_boot
e2e_tests += build/e2e/$(1).t

# The row is in the program, which so changes when the row does, and only then.
build/e2e/$(1).t: $(e2e_dir)/boots $(e2e_dir)/e2e.mk
	@mkdir -p $$(@D)
	@printf '#!/bin/sh\n# %s\nexec $(e2e_dir)/run-boot $(1)\n' '$(6)' >$$@.new
	@chmod +x $$@.new
	@cmp -s $$@.new $$@ && rm $$@.new || mv $$@.new $$@

$$(call test_inputs,build/e2e/$(1).t,$(call e2e_needs,$(2)) \
	build/hypervisor/$(2)/$(4) $(e2e_overlays_$(3):%=build/host/$(2)/%.cpio) \
	$(wildcard $(e2e_dir)/cases/$(5)))
endef

$(foreach row,$(e2e_rows),$(eval $(call e2e_boot,$(word 1,$(subst :, ,$(row))),$\
	$(word 1,$(subst -, ,$(row))),$\
	$(word 2,$(subst -, ,$(word 1,$(subst :, ,$(row))))),$\
	$(word 2,$(subst :, ,$(row))),$(word 3,$(subst :, ,$(row))),$(row))))

TEST_FILES := $(e2e_tests) $(TEST_FILES) $(e2e_dir)/framework.t
TEST_NEEDS += $(e2e_archs:%=e2e-needs-%)
$(call test_inputs,$(e2e_dir)/framework.t,$(call e2e_needs,x86_64) \
	build/hypervisor/x86_64/xen $(wildcard $(e2e_dir)/selftest/*))

.PHONY: e2e $(e2e_archs:%=e2e-needs-%)
$(e2e_archs:%=e2e-needs-%): e2e-needs-%: host-% guests-% \
	build/host/%/stock.cpio \
	$(addprefix build/hypervisor/%/,xen xen-debug-xsm xen-stock)

e2e: e2e-needs-$(ARCH) $(e2e_tests)
	prove --timer $(filter build/e2e/$(ARCH)-%,$(e2e_tests))

# Hours, at full length: rounds of xl processes that race, of a borrower that comes
# and goes, and of a region that is attached and detached.
SOAK_RACES ?= 1000
SOAK_ROUNDS ?= 10000
SOAK_ATTACHMENTS ?= 500
export SOAK_RACES SOAK_ROUNDS SOAK_ATTACHMENTS

.PHONY: fault-sweep soak
fault-sweep: e2e_long := faults
soak: e2e_long := soak
fault-sweep soak: e2e-needs-$(ARCH)
	$(e2e_dir)/run-boot --boots $(e2e_dir)/long/boots --cases $(e2e_dir)/long \
		$(ARCH)-$(e2e_long)

# SC2154: create NAME sets a variable of that name. SC2009: busybox has no pgrep.
LINT_TARGETS += lint-e2e
.PHONY: lint-e2e
lint-e2e:
	shellcheck -e SC2154,SC2009 $(e2e_dir)/driver $(e2e_dir)/framework.t \
		$(wildcard $(addprefix $(e2e_dir)/,*.sh cases/*.sh selftest/*.sh long/*.sh))
