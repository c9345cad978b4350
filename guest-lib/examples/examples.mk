# SPDX-License-Identifier: BSD-2-Clause
#
# Builds bare-metal guest images: build/guests/ARCH/{vm1,vm2,vm3}, and those of
# peers/, which use the guest library.  Included from the top Makefile.  Targets:
# guests-ARCH for each architecture, guests.
# Another fragment adds an image of its own with $(eval $(call guest-image,...)).

BUILD ?= build
GUEST_ARCHS := x86_64 arm64
GUEST_START := guest-lib/examples
GUEST_CONFIGS := xl-config/examples

# Tool prefixes and compilers.  With clang, name the target as well:
# GUEST_CC_arm64='clang --target=aarch64-linux-gnu'.
CROSS_x86_64 ?= $(if $(filter x86_64,$(shell uname -m)),,x86_64-linux-gnu-)
CROSS_arm64 ?= $(if $(filter aarch64,$(shell uname -m)),,aarch64-linux-gnu-)
GUEST_CC_x86_64 ?= $(CROSS_x86_64)gcc
GUEST_CC_arm64 ?= $(CROSS_arm64)gcc

GUEST_CFLAGS := -std=c11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-pie \
    -fno-stack-protector -fno-asynchronous-unwind-tables -mgeneral-regs-only
GUEST_CFLAGS_x86_64 := -m64 -mno-red-zone -fcf-protection=none
GUEST_CFLAGS_arm64 :=

# A PVH kernel is a 32-bit ELF to the domain builder; arm64 is a flat Image.
GUEST_OBJCOPY_x86_64 := -O elf32-i386
GUEST_OBJCOPY_arm64 := -O binary --set-section-flags .image=alloc,load,contents

# What every image starts with.
GUEST_COMMON := $(addprefix $(GUEST_START)/,trap.c memory.c)

# $(call guest-image,ARCH,NAME,SOURCES,FLAGS): rules for one image.  SOURCES
# come on top of the common ones, and no two of all may have the same name.
define guest-image
$(1)_$(2)_SOURCES := $(GUEST_START)/$(1)/start.S $(GUEST_START)/$(1)/cpu.c \
    $(GUEST_COMMON) $(3)
$(1)_$(2)_OBJECTS := $$(patsubst %,$(BUILD)/guests/$(1)/obj/$(2)/%.o, \
    $$(basename $$(notdir $$($(1)_$(2)_SOURCES))))

$$(foreach source,$$($(1)_$(2)_SOURCES),\
    $$(eval $$(call guest-object,$(1),$(2),$$(source),$(4))))

$(BUILD)/guests/$(1)/obj/$(2).elf: $$($(1)_$(2)_OBJECTS) $(GUEST_START)/$(1)/link.lds
	@$$(CROSS_$(1))ld --build-id=none --no-warn-rwx-segments \
	    -T $(GUEST_START)/$(1)/link.lds -o $$@ $$($(1)_$(2)_OBJECTS)

$(BUILD)/guests/$(1)/$(2): $(BUILD)/guests/$(1)/obj/$(2).elf
	@$$(CROSS_$(1))objcopy $$(GUEST_OBJCOPY_$(1)) $$< $$@

$(BUILD)/guests/$(1).done: $(BUILD)/guests/$(1)/$(2)

-include $$($(1)_$(2)_OBJECTS:.o=.d)
endef

# $(call guest-object,ARCH,NAME,SOURCE,FLAGS)
define guest-object
$(BUILD)/guests/$(1)/obj/$(2)/$(basename $(notdir $(3))).o: $(3) \
    | $(BUILD)/guests/$(1)/include/regions.h
	@mkdir -p $$(@D)
	@$$(GUEST_CC_$(1)) $$(GUEST_CFLAGS) $$(GUEST_CFLAGS_$(1)) $(4) \
	    -MMD -MP -I$(GUEST_START) -I$(BUILD)/guests/$(1)/include -c -o $$@ $$<
endef

DEMO_SOURCES := $(addprefix $(GUEST_START)/,demo.c last_words.c line.c talk.c)

# Each with its main file in peers/ and the same library.
PEERS := hello pingpong stream-producer stream-consumer sensor-writer \
    sensor-reader qnx
PEER_SOURCES := $(addprefix $(GUEST_START)/,last_words.c line.c peers/peer.c) \
    $(addprefix guest-lib/src/,factory.c control.c ring.c cell.c copy.c)

# $(call guest-arch,ARCH): the demo guests, at the addresses in their configs.
define guest-arch
$(BUILD)/guests/$(1)/include/regions.h: $(GUEST_START)/regions.awk \
    $(foreach vm,vm1 vm2 vm3,$(GUEST_CONFIGS)/$(1)/$(vm).cfg)
	@mkdir -p $$(@D)
	@awk -f $$^ > $$@.tmp
	@mv $$@.tmp $$@

$(foreach vm,vm1 vm2 vm3,\
    $(eval $(call guest-image,$(1),$(vm),$(GUEST_START)/$(vm).c $(DEMO_SOURCES),)))

$(foreach peer,$(PEERS),\
    $(eval $(call guest-image,$(1),$(peer),$(GUEST_START)/peers/$(peer).c \
        $(PEER_SOURCES),-Iguest-lib/include)))
endef

$(foreach arch,$(GUEST_ARCHS),$(eval $(call guest-arch,$(arch))))

.PHONY: guests $(addprefix guests-,$(GUEST_ARCHS))
$(addprefix guests-,$(GUEST_ARCHS)): guests-%: $(BUILD)/guests/%.done
$(GUEST_ARCHS:%=$(BUILD)/guests/%.done):
	@touch $@
guests: $(addprefix guests-,$(GUEST_ARCHS))
