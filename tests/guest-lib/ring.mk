# Tests of the guest library's ring and cell, and of their copies. Included by the
# Makefile after guest-lib.mk.
# SPDX-License-Identifier: BSD-2-Clause

ring_sources := ring ring_copy ring_wait copy
cell_sources := cell copy

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
