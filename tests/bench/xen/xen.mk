# How fast guests on Xen talk: the guest library's ring between two bare-metal
# guests, libxenvchan between dom0 and a Linux guest, in one boot. Included by
# the Makefile after linux.mk.
# SPDX-License-Identifier: BSD-2-Clause
#
# make bench-xen: the boots ARCH-bench and ARCH-count, which counts instructions, of
# tests/e2e/long/boots. What they need is
# the overlay build/host/ARCH/bench.cpio and the guest ring-bench.

bench_xen := tests/bench/xen
bench_xen_modules := xen-evtchn xen-gntdev xen-gntalloc xenfs xen-privcmd
bench_xen_libraries := -lxenvchan -lxengnttab -lxenevtchn -lxenstore -lxentoollog \
	-lxentoolcore -lpthread

# $(call bench_guest,ARCH)
define bench_guest
$(call guest-image,$(1),ring-bench,$(bench_xen)/ring-bench.c $(PEER_SOURCES),\
	-Iguest-lib/include)

build/bench/$(1)/vchan: $(bench_xen)/vchan.c tests/bench/program.h build/xen/$(1)/dist.done
	@mkdir -p $$(@D)
	@$(host_cc_$(1)) $(HOST_CFLAGS) -static -Ibuild/xen/$(1)/tools/include -o $$@ $$< \
		-Lbuild/xen/$(1)/dist/usr/lib $(bench_xen_libraries)

build/bench/$(1)/modules.done: build/sysroot/kernel-$(1).done $(bench_xen)/xen.mk
	@mkdir -p build/bench/$(1)/modules
	@for module in $(bench_xen_modules); do \
		cp "$$$$(find build/sysroot/kernel-$(1)/lib/modules -name "$$$$module.ko")" \
			build/bench/$(1)/modules/ || exit 1; done
	@touch $$@

# In the order in which the guest loads them.
build/bench/$(1)/vchan.cpio: $(bench_xen)/init build/bench/$(1)/vchan \
		build/bench/$(1)/modules.done build/linux/$(1)/busybox
	@$(host_dir)/overlay $$@ / $(bench_xen)/init \
		/bin build/linux/$(1)/busybox build/bench/$(1)/vchan \
		/modules $(bench_xen_modules:%=build/bench/$(1)/modules/%.ko)

build/host/$(1)/bench.cpio: build/bench/$(1)/vchan.cpio build/bench/$(1)/vchan
	@$(host_dir)/overlay $$@ /guests build/bench/$(1)/vchan.cpio \
		/usr/bin build/bench/$(1)/vchan
endef

$(foreach arch,$(host_archs),$(eval $(call bench_guest,$(arch))))

.PHONY: bench-xen
bench-xen: e2e-needs-$(ARCH) build/host/$(ARCH)/bench.cpio \
		build/guests/$(ARCH)/ring-bench
	$(e2e_dir)/run-boot --boots $(e2e_dir)/long/boots --cases $(e2e_dir)/long \
		$(ARCH)-bench
	$(e2e_dir)/run-boot --boots $(e2e_dir)/long/boots --cases $(e2e_dir)/long \
		$(ARCH)-count

LINT_TARGETS += lint-bench-xen
.PHONY: lint-bench-xen
lint-bench-xen:
	@shellcheck $(bench_xen)/init
