# The install test: Debian packages in a Debian system that boots as dom0.
# Included by the top Makefile after install.mk and host.mk.
# SPDX-License-Identifier: BSD-2-Clause
#
# Targets: install-test (x86_64, as root). Not a part of test: it fetches a
# Debian system, and boots it without KVM.

install_test := tests/install
install_test_dir := build/install-test
TEST_FILES += $(install_test)/install-host.t
$(call test_inputs,$(install_test)/install-host.t,\
	$(addprefix tools-libxl-patches/scripts/,install-host common.sh) tests/patches/tap.sh)

install_test_limit := 1200 # seconds, on a machine that has other things to do

install_test_programs := $(addprefix $(install_test_dir)/,freepages pagebeat)

.PHONY: install-test install-test-packages
install-test: install-test-packages $(install_test_programs) $(host_guests_x86_64)
	@$(step) install-test-disk 'making a disk of that system' \
		$(install_test)/make-disk $(install_test_dir)/root $(install_test_dir)/boot
	@echo '  booting it as dom0 of its own Xen, in QEMU, no KVM ...'
	@tests/host/qemu-run --xen $(install_test_dir)/boot/xen \
		--image $(install_test_dir)/boot --disk $(install_test_dir)/boot/disk \
		--kernel-args 'root=/dev/sda rw swiotlb=8192' \
		--log build/logs/install-test.log --limit $(install_test_limit)
	@echo 'install-test: ok'

# The demonstration's program and the test's own, with the packages' libraries.
install_test_stage := $(deb_stage)/usr
$(install_test_dir)/freepages: tests/host/freepages.c
$(install_test_dir)/pagebeat: $(install_test)/pagebeat.c guest-lib/include/shared_mem/abi.h
$(install_test_programs): build/deb/x86_64/staged
	@mkdir -p $(@D)
	@gcc $(HOST_CFLAGS) -I$(install_test_stage)/include -Iguest-lib/include -o $@ \
		$(filter %.c,$^) -L$(install_test_stage)/lib/xen/lib -lxenctrl -lxenforeignmemory \
		-Wl,-rpath,/usr/lib/xen/lib,-rpath-link,$(install_test_stage)/lib/xen/lib

# The packages' part: in a chroot, without Xen.
install-test-packages: $(install_test_dir)/base.done build/deb/x86_64/done
	@echo '  installing, upgrading, replacing and removing the packages ...'
	@$(install_test)/packages.t $(install_test_dir)/base $(install_test_dir)/root \
		build/deb/x86_64/*.deb

$(install_test_dir)/base.done: $(install_test)/debian-root $(install_test)/root.sh
	@$(step) install-test-base 'making a Debian system' \
		$(install_test)/debian-root $(CURDIR)/$(install_test_dir)/base
	@touch $@

yocto_list := docs/yocto/meta-static-shared-memory/recipes-extended/xen/static-shared-memory.inc

LINT_TARGETS += lint-install lint-yocto
.PHONY: lint-install lint-yocto
lint-install:
	@shellcheck -x -e SC2317 -P SCRIPTDIR $(addprefix $(install_test)/,install-host.t packages.t debian-root make-disk root.sh)
	@shellcheck $(addprefix $(install_test)/,in-dom0 list-files) \
		$(wildcard $(deb_dir)/*.p*inst $(deb_dir)/*.p*rm)

lint-yocto:
	@[ "$$(sed -n 's|^ *file://\(.*\) \\$$|\1|p' $(yocto_list))" = \
	   "$$(cd tools-libxl-patches && ls 0*.patch)" ] || \
		{ echo '$(yocto_list): error: does not list the patches of this repository' >&2; exit 1; }
