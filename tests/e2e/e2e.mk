# End-to-end tests: cases inside dom0 of Xen hosts in QEMU. Included by the top
# Makefile after host.mk and the guests' fragments.
# SPDX-License-Identifier: BSD-2-Clause
#
# Targets, for ARCH; CASES=REGEX selects cases ("TOPIC: NAME" as printed):
#   e2e          the boots of tests/e2e/boots; each line becomes a test program,
#                build/e2e/BOOT.t
#   fault-sweep  the boot ARCH-faults of tests/e2e/long/boots; not a part of test

e2e_dir := tests/e2e
e2e_boots := $(shell awk '$$1 ~ /^[^\#]/ { print $$1 }' $(e2e_dir)/boots)
e2e_tests := $(e2e_boots:%=build/e2e/%.t)
e2e_archs := x86_64 arm64

export CASES

TEST_FILES += $(e2e_tests) $(e2e_dir)/framework.t
TEST_NEEDS += $(e2e_tests) $(e2e_archs:%=e2e-needs-%)

$(e2e_tests): build/e2e/%.t: $(e2e_dir)/boots $(e2e_dir)/e2e.mk
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec $(e2e_dir)/run-boot $*\n' >$@
	@chmod +x $@

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
