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

# $(call guestctl,ARCH): built against the Xen tools of that architecture.
define guestctl
build/host/$(1)/guestctl: tests/e2e/guestctl.c $(AGENT_SOURCE)/mailbox.h \
    build/xen/$(1)/dist.done
	@mkdir -p $$(@D)
	$$(CROSS_$(1))gcc -std=gnu11 -O2 -Wall -Wextra -Werror \
	    -Ibuild/xen/$(1)/tools/include -o $$@ $$< \
	    -Lbuild/xen/$(1)/dist/usr/lib -lxenctrl -lxenforeignmemory \
	    -Wl,-rpath-link=build/xen/$(1)/dist/usr/lib
endef

$(foreach arch,$(GUEST_ARCHS),$(eval $(call guestctl,$(arch))))
