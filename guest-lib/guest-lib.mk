# The guest library. Included by the Makefile after examples.mk.
# SPDX-License-Identifier: BSD-2-Clause
#
# Targets:
#   guest-lib          build/guest-lib/ARCH/libshared_mem_guest.a for each ARCH,
#                      and build/guest-lib/shared_mem.h, all in one header
#   install-guest-lib  the library of ARCH, headers and pkg-config file to
#                      $(DESTDIR)$(PREFIX)

PREFIX ?= /usr/local
GUEST_LIB_VERSION := 1.1

guest_lib_dir := build/guest-lib
guest_lib_headers := $(wildcard guest-lib/include/shared_mem/*.h)
guest_lib_sources := $(wildcard guest-lib/src/*.c)

# As for guests, but small: it is not what takes the time.
GUEST_LIB_CFLAGS := $(filter-out -O2,$(GUEST_CFLAGS)) -Os -pedantic -ffunction-sections

# gcc looks at casts for all machines, clang for the one that it compiles for.
guest_lib_casts = -Wcast-align$(if $(findstring clang,$(GUEST_CC_$(1))),,=strict)

define guest-lib-arch
$(guest_lib_dir)/$(1)/%.o: guest-lib/src/%.c $(guest_lib_headers) guest-lib/guest-lib.mk
	@mkdir -p $$(@D)
	@$$(GUEST_CC_$(1)) $$(GUEST_LIB_CFLAGS) $$(GUEST_CFLAGS_$(1)) \
	    -Wconversion -Wsign-conversion $(call guest_lib_casts,$(1)) \
	    -Iguest-lib/include -c -o $$@ $$<

# Anew each time: ar would keep the objects of sources that have gone.
$(guest_lib_dir)/$(1)/libshared_mem_guest.a: \
    $(guest_lib_sources:guest-lib/src/%.c=$(guest_lib_dir)/$(1)/%.o)
	@rm -f $$@
	@$$(CROSS_$(1))ar rcsD $$@ $$^

guest-lib: $(guest_lib_dir)/$(1)/libshared_mem_guest.a
endef

$(foreach arch,$(GUEST_ARCHS),$(eval $(call guest-lib-arch,$(arch))))

.PHONY: guest-lib install-guest-lib
guest-lib: $(guest_lib_dir)/shared_mem.h

$(guest_lib_dir)/shared_mem.h: guest-lib/single-header $(guest_lib_headers) $(guest_lib_sources)
	@mkdir -p $(@D)
	@guest-lib/single-header >$@

install-guest-lib: $(guest_lib_dir)/$(ARCH)/libshared_mem_guest.a
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,include/shared_mem lib/pkgconfig)
	install -m 644 $(guest_lib_headers) $(DESTDIR)$(PREFIX)/include/shared_mem/
	install -m 644 $< $(DESTDIR)$(PREFIX)/lib/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(GUEST_LIB_VERSION)|' \
	    guest-lib/shared-mem-guest.pc.in \
	    >$(DESTDIR)$(PREFIX)/lib/pkgconfig/shared-mem-guest.pc
