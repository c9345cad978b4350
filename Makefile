# Static shared memory for Xen: build and test. "make help" lists the targets.
# SPDX-License-Identifier: BSD-2-Clause

ARCH ?= x86_64
ifeq ($(filter x86_64 arm64,$(ARCH)),)
$(error ARCH=$(ARCH): use ARCH=x86_64 or ARCH=arm64)
endif

.DELETE_ON_ERROR:
.PHONY: all
all: xen

include tools-libxl-patches/xen.mk
