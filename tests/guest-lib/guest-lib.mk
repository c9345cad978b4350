# Tests of the guest library. Included by the Makefile after unit.mk and
# guest-lib/guest-lib.mk.
# SPDX-License-Identifier: BSD-2-Clause

# Their shared memory has hostile users if they are of the kind hostile: in place
# of atomic.h they have one that calls the test at each access.
unit_flags_guest := -std=gnu11 -Iguest-lib/include -Itests/guest-lib
unit_headers_guest := $(guest_lib_headers) $(wildcard tests/guest-lib/*.h)
unit_flags_hostile := -Itests/fuzz/hostile $(unit_flags_guest)
unit_headers_hostile := $(unit_headers_guest) \
	$(wildcard tests/fuzz/hostile/*.h tests/fuzz/hostile/shared_mem/*.h)
$(call unit_kind,guest)
$(call unit_kind,hostile)

guest_lib_files = $(2:%=guest-lib/src/%.c) tests/guest-lib/pages.c

# $(call guest_lib_test,NAME,SOURCES,KIND): a unit test. SOURCES are those of the
# library without path and suffix.
define guest_lib_test
$(call unit_test,$(1),$(3),$(guest_lib_files))
unit-tests: build/unit/gcc/$(1) build/unit/clang/$(1)
endef

# $(call guest_lib_fuzz,NAME,SOURCES): a fuzzer, the same way.
define guest_lib_fuzz
$(call fuzz_target,$(1),hostile,$(guest_lib_files) tests/fuzz/hostile/hostile.c)
fuzz-short: build/fuzz/$(1).short
fuzz: fuzz-long-$(1)
endef

# One line a test.
$(eval $(call guest_lib_test,test_factory,factory,guest))
$(eval $(call guest_lib_test,test_control,control factory,guest))
$(eval $(call guest_lib_test,test_registers,control factory,guest))
$(eval $(call guest_lib_test,test_mapping,mapping,guest))
$(eval $(call guest_lib_test,test_hostile,control factory,hostile))
build/unit/gcc/test_hostile: build/unit/objects/gcc/hostile/tests/fuzz/hostile/hostile.o
build/unit/clang/test_hostile: build/unit/objects/clang/hostile/tests/fuzz/hostile/hostile.o

$(eval $(call guest_lib_fuzz,fuzz_factory,factory))
$(eval $(call guest_lib_fuzz,fuzz_control,control factory))

# $(call guest_lib_tsan,NAME,SOURCES): threads, under ThreadSanitizer.
define guest_lib_tsan
TEST_FILES += build/tsan/$(1)
build/tsan/$(1): $(2:%=guest-lib/src/%.c) tests/guest-lib/pages.c
endef

build/tsan/%: tests/guest-lib/%.c $(guest_lib_headers) | deps
	@mkdir -p $(@D)
	clang -std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize=thread \
		-Iguest-lib/include -Itests/guest-lib -o $@ $(filter %.c,$^) -pthread

$(eval $(call guest_lib_tsan,tsan_control,control factory))

GUEST_LIB_SCRIPTS := $(wildcard tests/guest-lib/*.t)
TEST_FILES += $(GUEST_LIB_SCRIPTS)
TEST_NEEDS += guest-lib
$(call test_inputs,$(GUEST_LIB_SCRIPTS),$(wildcard docs/guest-*.md) guest-lib/single-header \
	$(wildcard guest-lib/*.* guest-lib/*/*.* guest-lib/*/*/*.* tests/guest-lib/*) | guest-lib)

# SC2016: make's and the shell's variables in one. SC2317: as in lint-patches.
LINT_TARGETS += lint-guest-lib
.PHONY: lint-guest-lib
lint-guest-lib:
	@shellcheck -x -e SC2016,SC2317 -P SCRIPTDIR $(GUEST_LIB_SCRIPTS) \
		tests/guest-lib/targets.sh guest-lib/single-header
