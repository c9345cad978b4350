# Tests of the guest library. Included by the Makefile after unit.mk and
# guest-lib/guest-lib.mk.
# SPDX-License-Identifier: BSD-2-Clause

hostile_sources := tests/fuzz/hostile/hostile.c
hostile_headers := $(wildcard tests/fuzz/hostile/*.h tests/fuzz/hostile/shared_mem/*.h)

# $(call guest_lib_test,NAME,SOURCES): a unit test, as C11. SOURCES are those of
# the library without path and suffix.
define guest_lib_test
$(call unit_test,$(1),$(2:%=guest-lib/src/%.c) tests/guest-lib/pages.c)
unit-tests: build/unit/gcc/$(1) build/unit/clang/$(1)
build/unit/gcc/$(1) build/unit/clang/$(1): $(guest_lib_headers)
build/unit/gcc/$(1) build/unit/clang/$(1): UNIT_STD := gnu11
build/unit/gcc/$(1) build/unit/clang/$(1): UNIT_INCLUDES := -Iguest-lib/include -Itests/guest-lib
endef

# $(call hostile,PROGRAMS): their shared memory has hostile users.
define hostile
$(1): $(hostile_sources) $(hostile_headers)
$(1): UNIT_INCLUDES := -Itests/fuzz/hostile -Iguest-lib/include -Itests/guest-lib
endef

# $(call guest_lib_fuzz,NAME,SOURCES): a fuzzer, the same way.
define guest_lib_fuzz
$(call fuzz_target,$(1),$(2:%=guest-lib/src/%.c) tests/guest-lib/pages.c)
fuzz-short: fuzz-short-$(1)
fuzz: fuzz-long-$(1)
build/fuzz/$(1): $(guest_lib_headers)
build/fuzz/$(1): UNIT_STD := gnu11
$(call hostile,build/fuzz/$(1))
endef

# One line a test.
$(eval $(call guest_lib_test,test_factory,factory))
$(eval $(call guest_lib_test,test_control,control factory))
$(eval $(call guest_lib_test,test_registers,control factory))
$(eval $(call guest_lib_test,test_hostile,control factory))
$(eval $(call hostile,build/unit/gcc/test_hostile build/unit/clang/test_hostile))

$(eval $(call guest_lib_fuzz,fuzz_factory,factory))
$(eval $(call guest_lib_fuzz,fuzz_control,control factory))

# $(call guest_lib_tsan,NAME,SOURCES): threads, under ThreadSanitizer.
define guest_lib_tsan
TEST_FILES += build/tsan/$(1)
test: build/tsan/$(1)
build/tsan/$(1): $(2:%=guest-lib/src/%.c) tests/guest-lib/pages.c
endef

build/tsan/%: tests/guest-lib/%.c $(guest_lib_headers)
	@mkdir -p $(@D)
	clang -std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize=thread \
		-Iguest-lib/include -Itests/guest-lib -o $@ $(filter %.c,$^) -pthread

$(eval $(call guest_lib_tsan,tsan_control,control factory))

GUEST_LIB_SCRIPTS := $(wildcard tests/guest-lib/*.t)
TEST_FILES += $(GUEST_LIB_SCRIPTS)
TEST_NEEDS += guest-lib

# SC2016: make's and the shell's variables in one. SC2317: as in lint-patches.
LINT_TARGETS += lint-guest-lib
.PHONY: lint-guest-lib
lint-guest-lib: deps
	@shellcheck -x -e SC2016,SC2317 -P SCRIPTDIR $(GUEST_LIB_SCRIPTS) \
		tests/guest-lib/targets.sh guest-lib/single-header
