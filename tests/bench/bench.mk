# How fast the guest library's ring and cell are, beside others. Included by the
# Makefile; no part of make test.
# SPDX-License-Identifier: BSD-2-Clause
#
# make bench: build/bench/bench.md, and plots beside it. BENCH_RUNS is how often
# each measurement is repeated.

BENCH_RUNS ?= 9

bench_root := build/sysroot/bench
bench_ways := $(wildcard tests/bench/way_*.h)
bench_sources := tests/bench/bench.c tests/bench/no_eal.c \
	$(addprefix guest-lib/src/,ring.c cell.c copy.c)

.PHONY: bench
bench: build/bench/bench
	tests/bench/run --runs $(BENCH_RUNS) $<

$(bench_root).done: tests/bench/debian-packages tests/bench/fetch-packages
	@$(step) sysroot-bench 'fetching what the benchmark compares with' tests/bench/fetch-packages
	@touch $@

# The instruction set is the one that DPDK's headers need. The library is compiled
# into the measuring loops (-O3 -flto), as ck_ring and rte_ring are, being headers.
build/bench/bench: $(bench_sources) $(bench_ways) $(addprefix tests/bench/,bench.h program.h) \
		$(guest_lib_headers) $(bench_root).done
	@mkdir -p $(@D)
	gcc -std=gnu11 -O3 -flto=auto -msse4.2 -g -Wall -Wextra -Werror -Iguest-lib/include \
		$(addprefix -isystem $(bench_root)/usr/include,/ /dpdk /x86_64-linux-gnu/dpdk) \
		-include rte_config.h -o $@ $(filter %.c,$^) \
		$(bench_root)/usr/lib/x86_64-linux-gnu/librte_ring.a

LINT_TARGETS += lint-bench
.PHONY: lint-bench
lint-bench:
	@shellcheck -x -P SCRIPTDIR tests/bench/fetch-packages
