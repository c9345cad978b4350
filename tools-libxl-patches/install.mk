# A real host: installation from source, and Debian packages. Included by the
# top Makefile after xen.mk.
# SPDX-License-Identifier: BSD-2-Clause
#
# Targets, for ARCH:
#   install    the patched hypervisor in $(DESTDIR)/boot, the tools in
#              $(DESTDIR)$(PREFIX), the services and /etc as Xen has them
#   uninstall  takes away what install put there
#   deb        Debian packages, in build/deb/ARCH

PREFIX ?= /usr/local
ifneq ($(filter-out /%,$(PREFIX)),)
$(error PREFIX=$(PREFIX): use an absolute path)
endif

install_stage := build/install/$(ARCH)
deb_dir := tools-libxl-patches/debian
install_scripts := $(addprefix $(xen_scripts)/,stage-host install-tools tools-tree.sh)
install_needs := build/hypervisor/$(ARCH)/xen build/xen/id/tools $(install_scripts)

.PHONY: install uninstall deb install-prefix
install: $(install_stage)/done
	@$(xen_scripts)/install-host install $(install_stage)/root '$(DESTDIR)'
	@echo '  installed below $(DESTDIR)/; boot $(DESTDIR)/boot/xen.gz to use it'

uninstall:
	@$(xen_scripts)/install-host uninstall $(install_stage)/root '$(DESTDIR)'

# The staged tree is made again for another PREFIX.
$(install_stage)/prefix: install-prefix
	@mkdir -p $(@D)
	@echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' >$@

$(install_stage)/done: $(install_stage)/prefix $(install_needs)
	@$(step) install-$(ARCH) 'building Xen for a host, $(ARCH), $(PREFIX)' \
		$(xen_scripts)/stage-host $(ARCH) $(CURDIR)/$(install_stage)/root \
		--prefix='$(PREFIX)'
	@touch $@

deb: build/deb/$(ARCH)/done
	@ls build/deb/$(ARCH)/*.deb

build/deb/$(ARCH)/done: $(install_needs) $(xen_scripts)/build-deb \
		$(wildcard $(deb_dir)/* $(deb_dir)/source/*)
	@$(step) deb-$(ARCH) 'building Debian packages for $(ARCH)' \
		$(xen_scripts)/build-deb $(ARCH)
	@touch $@
