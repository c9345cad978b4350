# Tests of the guest library's ring and cell, and of their copies. Included by the
# Makefile after guest-lib.mk.
# SPDX-License-Identifier: BSD-2-Clause

ring_sources := ring ring_copy copy
cell_sources := cell copy

$(eval $(call guest_lib_test,test_ring,$(ring_sources)))
$(eval $(call guest_lib_test,test_ring_points,$(ring_sources)))
$(eval $(call guest_lib_test,test_cell,$(cell_sources)))
$(eval $(call guest_lib_test,test_cell_points,$(cell_sources)))
$(eval $(call guest_lib_test,test_copy_points,copy))
$(eval $(call guest_lib_fuzz,fuzz_ring,$(ring_sources)))
$(eval $(call guest_lib_fuzz,fuzz_cell,$(cell_sources)))
$(eval $(call guest_lib_tsan,tsan_ring,$(ring_sources)))
$(eval $(call guest_lib_tsan,tsan_cell,$(cell_sources)))

RING_TESTS := $(foreach test,\
	test_ring test_ring_points test_cell test_cell_points test_copy_points,\
	build/unit/gcc/$(test) build/unit/clang/$(test))

$(RING_TESTS): tests/guest-lib/words.h

# These do themselves what happens between two accesses.
$(filter %_points,$(RING_TESTS)): $(hostile_headers)
$(filter %_points,$(RING_TESTS)): UNIT_INCLUDES := -Itests/fuzz/hostile -Iguest-lib/include
