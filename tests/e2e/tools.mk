# SPDX-License-Identifier: BSD-2-Clause
#
# Builds what the cases use in dom0 beside guestctl, as an overlay,
# build/host/ARCH/tools.cpio: hostd, domainctl, sharectl, stopwatch, holdlock, eventloop,
# faultsweep for /usr/bin, xen_trace.so, xen_fault.so and two FLASK policies for /usr/lib,
# and the keeper's init script. Included from the top Makefile after host.mk.

e2e_programs := hostd domainctl sharectl stopwatch holdlock eventloop faultsweep
e2e_libraries := xen_trace.so xen_fault.so
e2e_files := $(e2e_libraries) xenpolicy-default xenpolicy-isolated-shares
e2e_faultsweep := $(wildcard tests/e2e/faultsweep/*.[ch]) \
	$(addprefix tests/e2e/,agent.c agent.h xen_fault.h guest/mailbox.h)
e2e_hostd := $(addprefix tests/e2e/,hostd.c host_state.c host_times.c guest_orders.c agent.c guest_memory.c)
e2e_policy_version := 30 # the newest that Xen reads

e2e_tools_x86_64_cc := gcc
e2e_tools_arm64_cc := build/sysroot/bin/aarch64-linux-gnu-gcc

# $(call e2e_tools,ARCH): built against the Xen tools of that architecture.
define e2e_tools
build/host/$(1)/hostd: $(e2e_hostd) tests/e2e/guest_memory_map_$(1).c $(GUESTCTL_HEADERS)
build/host/$(1)/hostd: e2e_tools_libs := $(filter -lfdt,$(GUESTCTL_LIBS_$(1)))
build/host/$(1)/domainctl: tests/e2e/domainctl.c
build/host/$(1)/sharectl: tests/e2e/sharectl.c
build/host/$(1)/stopwatch: tests/e2e/stopwatch.c
build/host/$(1)/holdlock: tests/e2e/holdlock.c
build/host/$(1)/eventloop: tests/e2e/eventloop.c
build/host/$(1)/eventloop: e2e_tools_libs := -lxenlight -lxentoollog
build/host/$(1)/xen_trace.so: tests/e2e/xen_trace.c
build/host/$(1)/xen_fault.so: tests/e2e/xen_fault.c tests/e2e/xen_fault.h
build/host/$(1)/faultsweep: $(e2e_faultsweep) $(guest_abi)
$(addprefix build/host/$(1)/,$(e2e_libraries)): e2e_tools_flags := -shared -fPIC

$(addprefix build/host/$(1)/,$(e2e_programs) $(e2e_libraries)): \
		build/xen/$(1)/dist.done tests/e2e/tools.mk
	@mkdir -p $$(@D)
	@$$(e2e_tools_$(1)_cc) -std=gnu11 -O2 -Wall -Wextra -Werror \
		$$(e2e_tools_flags) -Ibuild/xen/$(1)/tools/include -Iguest-lib/include -o $$@ \
		$$(filter %.c,$$^) -Lbuild/xen/$(1)/dist/usr/lib \
		-Wl,-rpath-link=build/xen/$(1)/dist/usr/lib \
		-Wl,--as-needed -lxenctrl -lxenforeignmemory -lxenstore $$(e2e_tools_libs)

# The policy that Xen has built in, and one where isolated domains may share.
build/host/$(1)/xenpolicy-isolated-shares.conf: build/xen/$(1)/dist.done tests/e2e/tools.mk
	@mkdir -p $$(@D)
	@sed '/allow domU_t domU_t:mmu share_mem;/ { p; \
		s/ domU_t:/ isolated_domU_t:/p; \
		s/.*/allow isolated_domU_t domU_t:mmu share_mem;/ }' \
		build/xen/$(1)/tools/flask/policy/policy.conf >$$@

build/host/$(1)/xenpolicy-default.conf: build/xen/$(1)/dist.done
	@mkdir -p $$(@D)
	@cp build/xen/$(1)/tools/flask/policy/policy.conf $$@

build/host/$(1)/xenpolicy-%: build/host/$(1)/xenpolicy-%.conf
	@checkpolicy -t Xen -c $(e2e_policy_version) $$< -o $$@ >/dev/null

build/host/$(1)/tools.cpio: $(addprefix build/host/$(1)/,$(e2e_programs) $(e2e_files)) \
		tests/host/overlay tests/host/cpio.py
	@tests/host/overlay $$@ /usr/bin $(addprefix build/host/$(1)/,$(e2e_programs)) \
		/usr/lib $(addprefix build/host/$(1)/,$(e2e_files)) \
		/etc/init.d build/xen/$(1)/tools/hotplug/Linux/init.d/xen-shared-mem-keeper

e2e-needs-$(1): build/host/$(1)/tools.cpio
endef

$(foreach arch,x86_64 arm64,$(eval $(call e2e_tools,$(arch))))
