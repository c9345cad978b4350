# Unit tests and fuzz targets. `make unit` builds each test with gcc and with
# clang under ASan and UBSan, runs them, and runs every fuzz target over its
# seeds and a bounded number of mutations. `make fuzz` runs the fuzz targets
# for FUZZ_SECONDS each.
# SPDX-License-Identifier: BSD-2-Clause

FUZZ_SECONDS ?= 30
FUZZ_SHORT_RUNS := 20000

UNIT_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_CFLAGS := -g -O1 -Wall -Wextra -Werror -Wmissing-declarations \
	-fno-omit-frame-pointer $(UNIT_SANITIZE)

# Each source is compiled once for all programs that need it the same way: for a
# tool and a kind. The tool is a compiler, or clang for a fuzzer; the kind has the
# language and where headers are.
unit_tools := gcc clang fuzz
unit_cc_gcc := gcc
unit_cc_clang := clang
unit_cc_fuzz := clang -fsanitize=fuzzer-no-link

# clang's warnings and sanitizers do not need the optimizer, which takes most of its
# time in a long test. What is tested is optimized.
build/unit/objects/clang/%: UNIT_LEVEL = $(if $(filter tests/unit/%,$<),-O0)

# $(call unit_kind,KIND): its flags are unit_flags_KIND, its headers
# unit_headers_KIND.
define unit_kind
$(foreach tool,$(unit_tools),$(eval $(call unit_objects,$(tool),$(1))))
endef

define unit_objects
build/unit/objects/$(1)/$(2)/%.o: %.c $(unit_headers_$(2)) tests/unit/unit.mk | deps
	@mkdir -p $$(@D)
	$(unit_cc_$(1)) $(UNIT_CFLAGS) $$(UNIT_LEVEL) $(unit_flags_$(2)) -c -o $$@ $$<
endef

# $(call unit_test,NAME,KIND,SOURCES): tests/unit/NAME.c with the SOURCES it tests.
define unit_test
UNIT_TESTS += build/unit/gcc/$(1) build/unit/clang/$(1)
build/unit/gcc/$(1): $(patsubst %.c,build/unit/objects/gcc/$(2)/%.o,tests/unit/$(1).c $(3))
build/unit/clang/$(1): $(patsubst %.c,build/unit/objects/clang/$(2)/%.o,tests/unit/$(1).c $(3))
endef

# $(call fuzz_target,NAME,KIND,SOURCES): tests/fuzz/NAME.c with the SOURCES it
# fuzzes, a dictionary NAME.dict and seeds in tests/fuzz/corpus/NAME/.
define fuzz_target
FUZZ_TARGETS += $(1)
build/fuzz/$(1): $(patsubst %.c,build/unit/objects/fuzz/$(2)/%.o,tests/fuzz/$(1).c $(3))
build/fuzz/$(1).short: tests/fuzz/$(1).dict $(wildcard tests/fuzz/corpus/$(1)/*)
endef

guest_abi := guest-lib/include/shared_mem/abi.h

# What is in libxl, libxlu and xl.
unit_dirs_xen := tools-libxl-patches xenstore-schema xl-config tests/unit/xlu-stub
unit_flags_xen := -std=gnu99 $(unit_dirs_xen:%=-I%) -Iguest-lib/include
unit_headers_xen := $(wildcard $(unit_dirs_xen:%=%/*.h)) $(guest_abi)
$(call unit_kind,xen)

unit_record := xenstore-schema/libxl_shared_mem_record.c
unit_plan := tools-libxl-patches/libxl_shared_mem_plan.c $(unit_record)
unit_parse := xl-config/libxlu_shared_mem_parse.c

# One line a test.
$(eval $(call unit_test,test_page,xen,tools-libxl-patches/libxl_shared_mem_page.c $(unit_record)))
$(eval $(call unit_test,test_parse,xen,$(unit_parse)))
$(eval $(call unit_test,test_plan,xen,$(unit_plan)))
$(eval $(call unit_test,test_plan_layout,xen,$(unit_plan)))
$(eval $(call unit_test,test_plan_peers,xen,$(unit_plan)))
$(eval $(call unit_test,test_record,xen,$(unit_record)))
$(eval $(call unit_test,test_report,xen,xl-config/libxlu_shared_mem.c $(unit_parse)))

$(eval $(call fuzz_target,fuzz_parse,xen,$(unit_parse)))
$(eval $(call fuzz_target,fuzz_record,xen,$(unit_record)))

# The directory is the compiler's name. Pattern rules, since other fragments
# add tests after this one.
build/unit/%:
	@mkdir -p $(@D)
	$(notdir $(@D)) $(UNIT_SANITIZE) -o $@ $^ -lcmocka

build/fuzz/%:
	@mkdir -p $(@D)
	clang $(UNIT_SANITIZE) -fsanitize=fuzzer -o $@ $^

# What the fuzzer finds on its way goes to build/, never to the seeds.
fuzz_run = mkdir -p build/fuzz/$(1).corpus && \
	build/fuzz/$(1) $(2) -max_len=4096 -dict=tests/fuzz/$(1).dict \
	-artifact_prefix=build/fuzz/ \
	build/fuzz/$(1).corpus tests/fuzz/corpus/$(1)

.PHONY: unit unit-tests fuzz fuzz-short

unit: unit-tests fuzz-short

unit-tests: $(UNIT_TESTS)
	CMOCKA_MESSAGE_OUTPUT=TAP prove --exec '' $(UNIT_TESTS)

fuzz-short: $(FUZZ_TARGETS:%=build/fuzz/%.short)
fuzz: $(FUZZ_TARGETS:%=fuzz-long-%)

# The same seed and no memory of earlier runs: the same run every time.
build/fuzz/%.short: build/fuzz/% $(TEST_ALWAYS)
	rm -rf build/fuzz/$*.corpus
	$(call fuzz_run,$*,-runs=$(FUZZ_SHORT_RUNS) -seed=1) \
		>build/fuzz/$*.log 2>&1 || { cat build/fuzz/$*.log; exit 1; }
	@touch $@

fuzz-long-%: build/fuzz/%
	$(call fuzz_run,$*,-max_total_time=$(FUZZ_SECONDS) -print_final_stats=1)
