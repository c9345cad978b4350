# SPDX-License-Identifier: BSD-2-Clause
#
# Builds the agent guest, build/guests/ARCH/agent, and guestctl, which drives
# it from dom0: build/host/ARCH/guestctl.  Included from the top Makefile after
# examples.mk, whose start-up code the agent uses.

AGENT_SOURCE := tests/e2e/guest

# The agent reaches any address that a test is likely to name.
$(foreach arch,$(GUEST_ARCHS),$(eval $(call guest-image,$(arch),agent,\
    $(AGENT_SOURCE)/agent.c $(AGENT_SOURCE)/hypercall_$(arch).c,\
    -DIDENTITY_GIB=512)))

GUESTCTL_SOURCES := $(addprefix tests/e2e/,guestctl.c guest_orders.c agent.c guest_memory.c)
GUESTCTL_HEADERS := $(wildcard tests/e2e/*.h) $(AGENT_SOURCE)/mailbox.h
GUESTCTL_CC_x86_64 := gcc
GUESTCTL_CC_arm64 := build/sysroot/bin/aarch64-linux-gnu-gcc
GUESTCTL_LIBS_x86_64 := -lxenctrl -lxenforeignmemory
GUESTCTL_LIBS_arm64 := $(GUESTCTL_LIBS_x86_64) -lfdt

# $(call guestctl,ARCH): built against the Xen tools of that architecture.
define guestctl
build/host/$(1)/guestctl: $(GUESTCTL_SOURCES) \
    tests/e2e/guest_memory_map_$(1).c $(GUESTCTL_HEADERS) \
    build/xen/$(1)/dist.done
	@mkdir -p $$(@D)
	@$$(GUESTCTL_CC_$(1)) -std=gnu11 -O2 -Wall -Wextra -Werror \
	    -Ibuild/xen/$(1)/tools/include -o $$@ $$(filter %.c,$$^) \
	    -Lbuild/xen/$(1)/dist/usr/lib $$(GUESTCTL_LIBS_$(1)) \
	    -Wl,-rpath-link=build/xen/$(1)/dist/usr/lib
endef

$(foreach arch,$(GUEST_ARCHS),$(eval $(call guestctl,$(arch))))
