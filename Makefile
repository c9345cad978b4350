# Static shared memory for Xen: build and test. "make help" lists the targets.
# SPDX-License-Identifier: BSD-2-Clause

ARCH ?= x86_64
ifeq ($(filter x86_64 arm64,$(ARCH)),)
$(error ARCH=$(ARCH): use ARCH=x86_64 or ARCH=arm64)
endif

.DELETE_ON_ERROR:
.PHONY: all test lint clean distclean help
all: xen guests-$(ARCH) host

# What `make test` runs: fragments add to these.
#   LINT_TARGETS  targets that check sources without running them
#   TEST_FILES    TAP programs, run by prove
#   TEST_NEEDS    what the TEST_FILES need built before, on either architecture
LINT_TARGETS :=
TEST_FILES :=
TEST_NEEDS :=

# Makes tests run that passed before.
TEST_ALWAYS := $(if $(filter 1,$(ALL))$(filter true,$(CI)),always)

# $(call test_inputs,TESTS,INPUTS): the tests run again when one of these changes.
test_inputs = $(eval $(patsubst %,build/results/%,$(1)): $(2))

include tools-libxl-patches/xen.mk
include tools-libxl-patches/install.mk
include guest-lib/examples/examples.mk
include guest-lib/guest-lib.mk
include tests/unit/unit.mk
include tests/guest-lib/guest-lib.mk
include tests/guest-lib/ring.mk
include tests/bench/bench.mk
include tests/patches/patches.mk
include tests/host/host.mk
include tests/install/install.mk
include tests/e2e/guest/guest.mk
include tests/e2e/e2e.mk
include tests/e2e/tools.mk
include tests/e2e/linux/linux.mk
include tests/bench/xen/xen.mk

help:
	@echo 'Targets (ARCH=x86_64, the default, or ARCH=arm64):'
	@echo '  all        patched Xen, guests and the dom0 image'
	@echo '  xen        patched and stock hypervisors and tools only'
	@echo '  install    build Xen for a real host, and install it; DESTDIR= PREFIX='
	@echo '  uninstall  take away what install put there'
	@echo '  deb        Debian packages of it: build/deb (x86_64)'
	@echo '  install-test  install the packages in a Debian system, boot that, run the'
	@echo '             example guests, remove the packages (as root)'
	@echo '  guest-lib  the library for guests; install-guest-lib DESTDIR= PREFIX='
	@echo '  demo       boot Xen in QEMU, run the example guests'
	@echo '  shell      boot Xen in QEMU, and get a shell in dom0'
	@echo '  test       every check there is, on both architectures'
	@echo '  lint, unit, patches, e2e   parts of test'
	@echo '  test-times what the last test run took: tests, boots, the slowest cases'
	@echo '  bench      the ring and the cell beside others: build/bench/bench.md'
	@echo '  bench-xen  the same between guests on Xen, beside libxenvchan'
	@echo '  fault-sweep  each call of xl fails, or xl is killed there (hours)'
	@echo '  soak       xl processes that race, a borrower that comes and goes (hours);'
	@echo '             SOAK_RACES=1000 SOAK_ROUNDS=10000 SOAK_ATTACHMENTS=500: rounds'
	@echo '  series     build/series: the change to Xen, for git am'
	@echo '  refresh    turn commits in build/xen/src into the patches'
	@echo '  clean      remove what was built; distclean: and what was fetched'
	@echo 'Xen source: XEN_TARBALL=FILE or XEN_SRC=DIRECTORY instead of the pinned one.'

# ---- test --------------------------------------------------------------------

# All is built first, for guests are to have a CPU each: their time is real time.
# Then as many tests run as there are CPUs; prove sums up at the end. A test that
# passed runs again when something that it depends on has changed (test_inputs), or
# with ALL=1. CI runs them all.
TESTS := $(TEST_FILES) $(UNIT_TESTS)
TEST_RESULTS := $(TESTS:%=build/results/%)
TEST_JOBS ?= $(shell nproc)
PROVE_FLAGS ?=

$(TEST_RESULTS): build/results/%: % tests/run-test $(TEST_ALWAYS)
	@tests/run-test $*

.PHONY: always test-builds test-results test-times
test-builds: $(TEST_NEEDS) $(TESTS) lint fuzz-short
test-results: $(TEST_RESULTS)

test:
	@mkdir -p build/results
	@touch build/results/begin
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory -j$(TEST_JOBS) test-builds
	@$(MAKE) --no-print-directory -j$(TEST_JOBS) test-results
	@prove $(PROVE_FLAGS) --exec 'tests/run-test --show' $(TESTS) || \
		{ tests/run-test --failures $(TESTS); exit 1; }
	@tests/run-test --kept build/results/begin $(TESTS)

test-times:
	@tests/run-test --times
	@tests/e2e/times

lint: $(LINT_TARGETS)
$(LINT_TARGETS): deps

# Staged sources stay: somebody may be at work in build/xen/src.
clean:
	rm -rf $(filter-out $(addprefix build/,apt downloads sysroot xen),$(wildcard build/*))
	rm -rf $(filter-out $(addprefix build/xen/,id src pristine pristine-id staged),$(wildcard build/xen/*))

distclean:
	@[ ! -e build/xen/src ] || $(xen_scripts)/stage-xen --check-work
	rm -rf build
