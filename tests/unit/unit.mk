# Unit tests and fuzz targets. `make unit` builds each test with gcc and with
# clang under ASan and UBSan, runs them, and runs every fuzz target over its
# seeds and a bounded number of mutations. `make fuzz` runs the fuzz targets
# for FUZZ_SECONDS each.
# SPDX-License-Identifier: BSD-2-Clause

FUZZ_SECONDS ?= 30
FUZZ_SHORT_RUNS := 20000

UNIT_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_STD := gnu99
UNIT_CFLAGS = -std=$(UNIT_STD) -g -O1 -Wall -Wextra -Werror -Wmissing-declarations \
	-fno-omit-frame-pointer

unit_headers = $(wildcard $(addsuffix *.h,$(sort $(dir $(1)))))
unit_includes = $(addprefix -I,$(sort $(patsubst %/include/shared_mem,%/include,$(patsubst %/,%,$(dir $(1))))))

# $(call unit_test,NAME,SOURCES): tests/unit/NAME.c with the SOURCES it tests.
# A header among SOURCES adds its directory to the include path; one in
# include/shared_mem adds include, as the sources have "shared_mem/" before it.
define unit_test
UNIT_TESTS += build/unit/gcc/$(1) build/unit/clang/$(1)
build/unit/gcc/$(1) build/unit/clang/$(1): \
	tests/unit/$(1).c $(2) $(call unit_headers,$(2)) tests/unit/unit.mk
build/unit/gcc/$(1) build/unit/clang/$(1): UNIT_INCLUDES := $(call unit_includes,$(2))
endef

# $(call fuzz_target,NAME,SOURCES): tests/fuzz/NAME.c with the SOURCES it
# fuzzes, a dictionary NAME.dict and seeds in tests/fuzz/corpus/NAME/.
define fuzz_target
FUZZ_TARGETS += $(1)
build/fuzz/$(1): tests/fuzz/$(1).c $(2) $(call unit_headers,$(2)) tests/unit/unit.mk
build/fuzz/$(1): UNIT_INCLUDES := $(call unit_includes,$(2))
endef

guest_abi := guest-lib/include/shared_mem/abi.h

# One line a test.
$(eval $(call unit_test,test_page,tools-libxl-patches/libxl_shared_mem_page.c xenstore-schema/libxl_shared_mem_record.c $(guest_abi)))
$(eval $(call unit_test,test_parse,xl-config/libxlu_shared_mem_parse.c))
$(eval $(call unit_test,test_plan,tools-libxl-patches/libxl_shared_mem_plan.c xenstore-schema/libxl_shared_mem_record.c $(guest_abi)))
$(eval $(call unit_test,test_plan_layout,tools-libxl-patches/libxl_shared_mem_plan.c xenstore-schema/libxl_shared_mem_record.c $(guest_abi)))
$(eval $(call unit_test,test_plan_peers,tools-libxl-patches/libxl_shared_mem_plan.c xenstore-schema/libxl_shared_mem_record.c $(guest_abi)))
$(eval $(call unit_test,test_record,xenstore-schema/libxl_shared_mem_record.c))
$(eval $(call unit_test,test_report,xl-config/libxlu_shared_mem.c xl-config/libxlu_shared_mem_parse.c tests/unit/xlu-stub/libxlu_internal.h))

$(eval $(call fuzz_target,fuzz_parse,xl-config/libxlu_shared_mem_parse.c))
$(eval $(call fuzz_target,fuzz_record,xenstore-schema/libxl_shared_mem_record.c))

# The directory is the compiler's name. Pattern rules, since other fragments
# add tests after this one.
build/unit/%:
	@mkdir -p $(@D)
	$(notdir $(@D)) $(UNIT_CFLAGS) $(UNIT_SANITIZE) $(UNIT_INCLUDES) \
		-o $@ $(filter %.c,$^) -lcmocka

build/fuzz/%:
	@mkdir -p $(@D)
	clang $(UNIT_CFLAGS) $(UNIT_SANITIZE) -fsanitize=fuzzer \
		$(UNIT_INCLUDES) -o $@ $(filter %.c,$^)

# What the fuzzer finds on its way goes to build/, never to the seeds.
fuzz_run = mkdir -p build/fuzz/$(1).corpus && \
	build/fuzz/$(1) $(2) -max_len=4096 -dict=tests/fuzz/$(1).dict \
	-artifact_prefix=build/fuzz/ \
	build/fuzz/$(1).corpus tests/fuzz/corpus/$(1)

.PHONY: unit unit-tests fuzz fuzz-short

unit: unit-tests fuzz-short

unit-tests: $(UNIT_TESTS)
	CMOCKA_MESSAGE_OUTPUT=TAP prove --exec '' $(UNIT_TESTS)

fuzz-short: $(FUZZ_TARGETS:%=fuzz-short-%)
fuzz: $(FUZZ_TARGETS:%=fuzz-long-%)

# The same seed and no memory of earlier runs: the same run every time.
fuzz-short-%: build/fuzz/%
	rm -rf build/fuzz/$*.corpus
	$(call fuzz_run,$*,-runs=$(FUZZ_SHORT_RUNS) -seed=1) \
		>build/fuzz/$*.log 2>&1 || { cat build/fuzz/$*.log; exit 1; }

fuzz-long-%: build/fuzz/%
	$(call fuzz_run,$*,-max_total_time=$(FUZZ_SECONDS) -print_final_stats=1)
