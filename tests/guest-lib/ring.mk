# Tests of the guest library's ring and cell, and of their copies. Included by the
# Makefile after guest-lib.mk.
# SPDX-License-Identifier: BSD-2-Clause

ring_sources := ring ring_copy ring_wait copy
cell_sources := cell copy

# On a machine with weakly ordered memory: it is what atomic.h is replaced by.
unit_flags_weak := -Itests/guest-lib/weak $(unit_flags_guest)
unit_headers_weak := $(unit_headers_guest) \
	$(wildcard tests/guest-lib/weak/*.h tests/guest-lib/weak/shared_mem/*.h)
$(call unit_kind,weak)
$(eval $(call guest_lib_test,test_orders,$(ring_sources) cell,weak))
build/unit/gcc/test_orders: build/unit/objects/gcc/weak/tests/guest-lib/weak/weak.o
build/unit/clang/test_orders: build/unit/objects/clang/weak/tests/guest-lib/weak/weak.o

# Those of points do themselves what happens between two accesses.
$(eval $(call guest_lib_test,test_ring,$(ring_sources),guest))
$(eval $(call guest_lib_test,test_ring_points,$(ring_sources),hostile))
$(eval $(call guest_lib_test,test_cell,$(cell_sources),guest))
$(eval $(call guest_lib_test,test_cell_points,$(cell_sources),hostile))
$(eval $(call guest_lib_test,test_copy_points,copy,hostile))
$(eval $(call guest_lib_fuzz,fuzz_ring,$(ring_sources)))
$(eval $(call guest_lib_fuzz,fuzz_cell,$(cell_sources)))
$(eval $(call guest_lib_tsan,tsan_ring,$(ring_sources)))
$(eval $(call guest_lib_tsan,tsan_cell,$(cell_sources)))
