# A real host: installation from source, and Debian packages. Included by the
# top Makefile after xen.mk.
# SPDX-License-Identifier: BSD-2-Clause
#
# Targets, for ARCH:
#   install    the patched hypervisor in $(DESTDIR)/boot, the tools in
#              $(DESTDIR)$(PREFIX), the services and /etc as Xen has them
#   uninstall  takes away what install put there
#   deb        Debian packages, in build/deb/x86_64 (not for ARCH=arm64)

PREFIX ?= /usr/local
ifneq ($(filter-out /%,$(PREFIX)),)
$(error PREFIX=$(PREFIX): use an absolute path)
endif

install_stage := build/install/$(ARCH)
deb_dir := tools-libxl-patches/debian
install_scripts := $(addprefix $(xen_scripts)/,stage-host install-tools tools-tree.sh)
install_needs := build/hypervisor/$(ARCH)/xen build/xen/id/tools $(install_scripts)

# What is for another machine does not go below this one's root.
install_machine := $(patsubst aarch64,arm64,$(shell uname -m))

.PHONY: install uninstall deb install-prefix install-machine
install-machine:
ifeq ($(DESTDIR)$(filter $(install_machine),$(ARCH)),)
	@echo 'install: error: this machine is $(install_machine), and ARCH=$(ARCH);' \
		'name a directory by DESTDIR=' >&2; exit 1
endif

install: $(install_stage)/done
	@$(xen_scripts)/install-host install $(install_stage)/root '$(DESTDIR)'
	@echo '  installed below $(DESTDIR)/; boot its hypervisor to use it'

uninstall: install-machine
	@$(xen_scripts)/install-host uninstall $(install_stage)/root '$(DESTDIR)'

# The staged tree is made again for another PREFIX.
$(install_stage)/prefix: install-prefix
	@mkdir -p $(@D)
	@echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' >$@

$(install_stage)/done: $(install_stage)/prefix $(install_needs) | install-machine
	@$(step) install-$(ARCH) 'building Xen for a host, $(ARCH), $(PREFIX)' \
		$(xen_scripts)/stage-host $(ARCH) $(CURDIR)/$(install_stage)/root \
		--prefix='$(PREFIX)'
	@touch $@

# Packages are for x86_64 alone: what libraries they depend on is read from this
# machine's own. The programs' libraries of Xen are private to them: Debian's,
# which other packages need, stay as they are.
deb_stage := build/deb/x86_64/stage
deb_needs := build/hypervisor/x86_64/xen build/xen/id/tools $(install_scripts)

ifeq ($(ARCH),x86_64)
deb: build/deb/x86_64/done
	@ls build/deb/x86_64/*.deb
else
deb:
	@echo 'deb: error: no packages for ARCH=$(ARCH); use make install' >&2; exit 1
endif

build/deb/x86_64/staged: $(deb_needs)
	@$(step) deb-stage 'building Xen for Debian packages' \
		$(xen_scripts)/stage-host x86_64 $(CURDIR)/$(deb_stage) \
		--prefix=/usr --libdir=/usr/lib/xen/lib --with-systemd=/lib/systemd/system
	@touch $@

build/deb/x86_64/done: build/deb/x86_64/staged $(xen_scripts)/build-deb \
		$(wildcard $(deb_dir)/* $(deb_dir)/source/*)
	@$(step) deb 'packing Debian packages' $(xen_scripts)/build-deb $(CURDIR)/$(deb_stage)
	@touch $@
