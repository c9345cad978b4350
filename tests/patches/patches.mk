# Tests of the patches, of staging and of the series. Included by the Makefile.
# SPDX-License-Identifier: BSD-2-Clause

PATCH_TESTS := $(addprefix tests/patches/,build.t series.t stage.t fetch.t messages.t \
	golang.t completion.t calls.t)
# What the normal build makes of the whole series.
PATCH_BUILDS := $(foreach arch,x86_64 arm64,build/hypervisor/$(arch)/xen build/xen/$(arch)/dist.done)
PATCH_SCRIPTS := $(filter-out %/programs %/calls.t,$(wildcard tools-libxl-patches/scripts/* \
	tools-libxl-patches/scripts/programs/gcc tests/patches/*.t tests/patches/*.sh \
	tests/patches/lint-sources tests/patches/lint-examples .ci/run))

TEST_FILES += $(PATCH_TESTS)
TEST_NEEDS += series $(PATCH_BUILDS)

# They read the patches, the files that join Xen, and how that is done. The exported
# series follows from these.
$(call test_inputs,$(PATCH_TESTS),build/xen/id/xen build/xen/id/tools build/xen/id/stock \
	$(PATCH_SCRIPTS) tools-libxl-patches/new-files tools-libxl-patches/xen-tarballs \
	$(wildcard tools-libxl-patches/*.patch) | series)
$(call test_inputs,tests/patches/build.t,$(PATCH_BUILDS))
$(call test_inputs,tests/patches/golang.t,build/xen/x86_64/dist.done)
$(call test_inputs,tests/patches/calls.t,docs/architecture.md \
	build/xen/x86_64/dist.done build/xen/arm64/dist.done)
$(call test_inputs,tests/patches/messages.t,tests/patches/messages.py \
	$(wildcard tools-libxl-patches/*.[ch] xl-config/*.[ch] xl-config/*.pod xenstore-schema/*.[ch]))
LINT_TARGETS += lint-patches lint-sources lint-pods lint-examples

.PHONY: patches lint-patches lint-sources lint-pods lint-examples
patches: series $(PATCH_BUILDS)
	prove --timer $(PATCH_TESTS)

# SC2317: shellcheck does not see that check and refused call what they are given.
lint-patches:
	@shellcheck -x -e SC2317 -P SCRIPTDIR $(PATCH_SCRIPTS)

lint-sources: build/xen/x86_64/dist.done build/hypervisor/x86_64/xen
	@tests/patches/lint-sources

lint-examples:
	@tests/patches/lint-examples

lint-pods:
	@podchecker -warnings $(wildcard xl-config/*.pod docs/*.pod)
