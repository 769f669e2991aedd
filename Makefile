# swapper: `make run` boots it, `make test` proves it, `make help` lists the rest.
#
# Compilers, in this order: CC= or CROSS= as given, toolchain/ (made by
# `make toolchain`), i686-elf-gcc, i686-linux-gnu-gcc, clang with lld.
# Everything made stands under $(O), build/ unless told otherwise.

O ?= build
CMDLINE ?=
MEM ?= 128M
CPU ?= max
SMP ?= 1
MACHINE ?= pc
EXTRA ?=
QEMU ?= qemu-system-i386
QEMU_FLAGS ?=

# The text as it was typed: make would take a $ in it for one of its own.
override CMDLINE := $(value CMDLINE)
quote = '$(subst ','\'',$(1))'

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:

# --- the toolchain ----------------------------------------------------------

export PATH := $(CURDIR)/toolchain/bin:$(PATH)
# $(shell) does not see what is exported here, so PATH is given to it
have = $(shell PATH='$(PATH)' command -v $(1) 2>/dev/null)

# Only a CC given to make counts: one in the environment is the host's.
ifeq ($(origin CC),command line)
  export CC_GIVEN := 1
else ifdef CROSS
  CC := $(CROSS)gcc
  export CC_GIVEN := 1
else ifneq ($(call have,i686-elf-gcc),)
  CC := i686-elf-gcc
else ifneq ($(call have,i686-linux-gnu-gcc),)
  CC := i686-linux-gnu-gcc
else ifneq ($(call have,clang),)
  CC := clang
else
  CC := i686-linux-gnu-gcc
endif

# what the compiler is called, less the path: decides which binutils go with it
CC_NAME := $(notdir $(firstword $(CC)))
ifneq ($(findstring clang,$(CC_NAME)),)
  TARGET := --target=i686-elf
  LD := ld.lld
  NM := llvm-nm
  OBJCOPY := llvm-objcopy
  COMPILER_FLAGS :=
  ONLY_GCC :=
else
  TARGET :=
  # i686-elf-gcc-12 goes with i686-elf-ld
  CROSS ?= $(shell echo '$(firstword $(CC))' | sed 's/gcc[-0-9.]*$$//')
  LD := $(CROSS)ld
  NM := $(CROSS)nm
  OBJCOPY := $(CROSS)objcopy
  # the cases of a linker-section table keep the order of the source
  # -mtune=i486 would turn each multiplication into a chain of shifts, and no
  # SSE means that nothing wants the stack aligned to 16 bytes
  COMPILER_FLAGS := -fno-toplevel-reorder -mtune=generic \
	-mpreferred-stack-boundary=2
  ONLY_GCC := -fno-tree-loop-distribute-patterns
endif

CPPFLAGS := -Iinclude -MMD -MP
CFLAGS := $(TARGET) -std=gnu11 -O2 -g -Wall -Wextra -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wno-unused-parameter \
	-ffreestanding -fno-pic -fno-pie -fno-stack-protector \
	-fno-omit-frame-pointer -mno-omit-leaf-frame-pointer \
	-fno-optimize-sibling-calls -fno-strict-aliasing -fno-common -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-builtin \
	-march=i486 -mno-mmx -mno-sse -msoft-float -mno-80387 \
	$(COMPILER_FLAGS) $(WERROR)
ASFLAGS := $(TARGET) -g -Iinclude -MMD -MP -march=i486
LDFLAGS := -m elf_i386 -nostdlib -z noexecstack --build-id=none \
	-z max-page-size=4096 $(LDWERROR)

# --- sources ----------------------------------------------------------------

BOOT_C := $(wildcard boot/*.c)
SOURCES := $(wildcard boot/*.S kernel/*.c kernel/*/*.c kernel/*/*.S \
	mm/*/*.c tests/kernel/*.c tests/bench/*.c)
# a place for each folder: the dependencies of one name no file of another
EXTRA_OUT := $(O)/obj/extra/$(subst /,_,$(EXTRA))
EXTRA_C := $(if $(EXTRA),$(wildcard $(EXTRA)/*.c))
ifneq ($(EXTRA),)
  ifeq ($(EXTRA_C),)
    $(error EXTRA=$(EXTRA): there is no .c file in that folder)
  endif
endif

OBJECTS := $(patsubst %,$(O)/obj/%.o,$(basename $(SOURCES))) \
	$(patsubst %.c,$(O)/obj/%.o,$(BOOT_C)) \
	$(foreach f,$(EXTRA_C),$(EXTRA_OUT)/$(basename $(notdir $(f))).o)

# What else decides about the result: all is made again when it changes, but
# only the image when something else is linked.
CONFIG := $(CC) $(CPPFLAGS) $(CFLAGS) $(ONLY_GCC) $(ASFLAGS) $(LD) $(LDFLAGS)
LINKED := EXTRA=$(EXTRA) $(OBJECTS)

Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)	$(2)")

# --- the two commands -------------------------------------------------------

.PHONY: all programs run test test-long help gdb iso bench test-host fuzz coverage breaks lint compdb toolchain clean \
	build-only run-only test-only test-long-only FORCE

all: $(O)/swapper.elf $(O)/swapper.sym

help:
	@echo 'make run         build and boot in this terminal (Ctrl-A X ends it)'
	@echo 'make test        build and run every test; ends with N passed, N failed'
	@echo 'make test-long   the same with all rounds on every machine'
	@echo 'make gdb         boot stopped at reset, with GDB attached'
	@echo 'make             build $(O)/swapper.elf and $(O)/swapper.sym'
	@echo 'make iso         build $(O)/swapper.iso'
	@echo 'make programs    build $(O)/programs.cpio, the programs of tests/user'
	@echo 'make breaks      break each mechanism on purpose: is it noticed?'
	@echo 'make bench       guest instructions per operation, against the baseline'
	@echo 'make test-host   the same mm/ sources on this host, under sanitizers'
	@echo 'make fuzz        libFuzzer on all that parses; FUZZ_SECONDS= for each'
	@echo 'make coverage    lines and branches of mm/ that the host tests reach'
	@echo 'make lint        sparse, cppcheck and clang-tidy, as there are'
	@echo 'make compdb      compile_commands.json for editors'
	@echo 'make toolchain   build i686-elf gcc and binutils into toolchain/'
	@echo 'make clean       remove $(O)/'
	@echo
	@echo 'Variables (with their values now):'
	@echo '  MEM=$(MEM)  CPU=$(CPU)  SMP=$(SMP)  MACHINE=$(MACHINE)   the PC; CPU as qemu -cpu'
	@printf '  CMDLINE=%s   ' $(call quote,$(CMDLINE)); echo 'the kernel command line; see docs/options.md'
	@printf '  QEMU_FLAGS=%s   ' $(call quote,$(QEMU_FLAGS)); echo 'more options for QEMU'
	@echo '  EXTRA=$(EXTRA)   a folder whose .c files are compiled in; see docs/extra.md'
	@echo '  TESTS=$(TESTS)   make test: only tests whose name contains this'
	@echo '  CC=$(CC)  CROSS=$(CROSS)   the compiler, or its prefix'
	@echo '  O=$(O)   where everything made stands'
	@echo '  V=1   show the commands'

run:
	@tools/deps.sh run
	@$(MAKE) run-only

gdb:
	@tools/deps.sh gdb
	@$(MAKE) build-only
	@tools/gdb.sh "$(O)" $(QEMU_MACHINE)

test test-long:
	@tools/deps.sh test
	@$(MAKE) $@-only

run-only: $(O)/swapper.iso
	$(Q)$(QEMU) $(QEMU_MACHINE) -nographic -no-reboot -nic none -boot d \
		-cdrom $(O)/swapper.iso $(QEMU_FLAGS)

QEMU_MACHINE = -machine $(MACHINE) -accel tcg -cpu $(CPU) -m $(MEM) -smp $(SMP)

build-only: $(O)/swapper.elf $(O)/swapper.iso

# one more than there are CPUs: machines that wait leave theirs to others
test-only test-long-only:
	$(Q)python3 tests/run.py --build $(O) --jobs $$(($$(nproc) + 1)) \
		$(if $(findstring long,$@),--long) $(TESTS)

# --- the image --------------------------------------------------------------

$(O)/config: WORDS = $(CONFIG)
$(O)/linked: WORDS = $(LINKED)
$(O)/config $(O)/linked: FORCE
	@mkdir -p $(O)
	@printf '%s\n' $(call quote,$(WORDS)) | cmp -s - $@ || \
		printf '%s\n' $(call quote,$(WORDS)) > $@

$(O)/obj/boot/head.o: boot/head.S $(O)/config
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(ASFLAGS) -c $< -o $@

# C before paging: every section goes to .boot, linked at its physical address
$(O)/obj/boot/%.o: boot/%.c $(O)/config
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(ONLY_GCC) -c $< -o $@
	$(Q)$(OBJCOPY) --prefix-alloc-sections=.boot $@

$(EXTRA_OUT)/%.o: $(EXTRA)/%.c $(O)/config
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) -Itests/kernel $(CFLAGS) -c $< -o $@

# What is called most has no frame pointer, and EBP is a register more. A back
# trace still names a function of these files that has called another, but not
# who called it; and it ends there if EBP had something else in it.
$(patsubst %,$(O)/obj/%.o,mm/page/page_hot mm/page/page_bulk mm/cache/find_hot \
	mm/object/slab_hot mm/table/pgtable_range mm/table/pgtable_user \
	mm/virt/vmap_area mm/virt/vmalloc mm/high/highmem mm/cache/dirty \
	mm/cache/filemap mm/space/fault mm/space/memory mm/space/vma \
	mm/space/zap mm/space/filemap mm/space/mmap mm/space/rmap \
	mm/space/rmap_unmap mm/reclaim/lru mm/reclaim/vmscan \
	mm/reclaim/pageout mm/reclaim/page_io mm/reclaim/swap_fault \
	mm/reclaim/swap_slots mm/reclaim/swap_state mm/reclaim/swapfile \
	mm/table/pgtable kernel/cpu/tlb kernel/block/page_io \
	kernel/block/ramdisk \
	kernel/lib/rbtree kernel/lib/gaptree kernel/lib/radix_tree): \
	CFLAGS += -fomit-frame-pointer -momit-leaf-frame-pointer

$(O)/obj/%.o: %.c $(O)/config
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(O)/obj/%.o: %.S $(O)/config
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(ASFLAGS) -c $< -o $@

$(O)/linker.ld: boot/linker.ld include/kernel/cpu/page.h Makefile $(O)/config
	$(Q)$(CC) $(TARGET) -E -P -Ui386 -x assembler-with-cpp -Iinclude $< -o $@

link = $(LD) $(LDFLAGS) -T $(O)/linker.ld $(OBJECTS)

# Three links: the first without symbols, the second gives the table its size,
# the third its contents. The list of symbols comes with the image.
$(O)/swapper.elf $(O)/swapper.sym &: $(OBJECTS) $(O)/linker.ld tools/mksyms.py \
		$(O)/linked
	$(call say,LD,$(O)/swapper.elf)
	$(Q)python3 tools/mksyms.py < /dev/null > $(O)/symtab.S
	$(Q)$(CC) $(ASFLAGS) -c $(O)/symtab.S -o $(O)/symtab.o
	$(Q)$(link) $(O)/symtab.o -o $(O)/link1
	$(Q)$(NM) -n $(O)/link1 | python3 tools/mksyms.py > $(O)/symtab.S
	$(Q)$(CC) $(ASFLAGS) -c $(O)/symtab.S -o $(O)/symtab.o
	$(Q)$(link) $(O)/symtab.o -o $(O)/link2
	$(Q)$(NM) -n $(O)/link2 | python3 tools/mksyms.py > $(O)/symtab.S
	$(Q)$(CC) $(ASFLAGS) -c $(O)/symtab.S -o $(O)/symtab.o
	$(Q)$(link) $(O)/symtab.o -o $(O)/swapper.new
	$(Q)$(NM) -n $(O)/swapper.new > $(O)/swapper.sym
	$(Q)python3 tools/mksyms.py < $(O)/swapper.sym | cmp -s - $(O)/symtab.S || \
		{ echo "the symbol table did not settle in three links"; exit 1; }
	$(Q)rm -f $(O)/link1 $(O)/link2
	$(Q)mv $(O)/swapper.new $(O)/swapper.elf

iso: $(O)/swapper.iso

# The command line stands in grub.cfg: rebuilt when it changes.
$(O)/cmdline: FORCE
	@mkdir -p $(O)
	@printf '%s\n' $(call quote,$(CMDLINE)) | cmp -s - $@ || \
		printf '%s\n' $(call quote,$(CMDLINE)) > $@

$(O)/swapper.iso: $(O)/swapper.elf $(O)/cmdline tools/mkiso.sh
	$(call say,ISO,$@)
	$(Q)OBJCOPY='$(OBJCOPY)' tools/mkiso.sh $(O)/swapper.elf $@ \
		$(call quote,$(CMDLINE))

# --- programs ---------------------------------------------------------------

# Without a C library: one file each, with tests/user/lib. With one: those of
# tests/user/musl, where tools/deps.sh has brought the library.
USER_OUT := $(O)/user
USER_LIB := $(USER_OUT)/lib/start.o $(USER_OUT)/lib/user.o
USER_PROGRAMS := $(patsubst tests/user/%.c,$(USER_OUT)/%,$(wildcard tests/user/*.c))
MUSL := toolchain/musl/usr
MUSL_LIB := $(MUSL)/lib/i386-linux-musl
MUSL_CC := i686-linux-gnu-gcc
MUSL_PROGRAMS := $(if $(wildcard $(MUSL_LIB)/libc.a),$(patsubst \
	tests/user/musl/%.c,$(USER_OUT)/%,$(wildcard tests/user/musl/*.c)))
USER_CFLAGS := $(TARGET) -std=gnu11 -O2 -g -Wall -Wextra -Wno-unused-parameter \
	-ffreestanding -fno-pic -fno-pie -fno-stack-protector -fno-builtin \
	-fno-common -fcf-protection=none -fno-asynchronous-unwind-tables \
	-march=i486 -mno-mmx -mno-sse $(ONLY_GCC) $(WERROR)
USER_LDFLAGS := -m elf_i386 -nostdlib -static -z noexecstack --build-id=none \
	-z max-page-size=4096

programs: $(O)/programs.cpio

$(O)/programs.cpio: $(USER_PROGRAMS) $(MUSL_PROGRAMS) tools/mkcpio.py
	$(call say,CPIO,$@)
	$(Q)python3 tools/mkcpio.py $@ $(USER_PROGRAMS) $(MUSL_PROGRAMS)

$(USER_OUT)/obj/%.o $(USER_OUT)/lib/%.o: tests/user/lib/user.h Makefile

$(USER_OUT)/obj/%.o: tests/user/%.c $(O)/config
	@mkdir -p $(@D)
	$(Q)$(CC) $(USER_CFLAGS) -Itests/user/lib -c $< -o $@

$(USER_OUT)/lib/%.o: tests/user/lib/%.c $(O)/config
	@mkdir -p $(@D)
	$(Q)$(CC) $(USER_CFLAGS) -c $< -o $@

$(USER_OUT)/lib/%.o: tests/user/lib/%.S $(O)/config
	@mkdir -p $(@D)
	$(Q)$(CC) $(ASFLAGS) -c $< -o $@

# the one that wants to execute what is on its stack
$(USER_OUT)/xstack: USER_LDFLAGS += -z execstack

$(USER_PROGRAMS): $(USER_OUT)/%: $(USER_OUT)/obj/%.o $(USER_LIB)
	$(call say,USER,$@)
	$(Q)$(LD) $(USER_LDFLAGS) $^ -o $@

$(MUSL_PROGRAMS): $(USER_OUT)/%: tests/user/musl/%.c Makefile
	@mkdir -p $(@D)
	$(call say,USER,$@)
	$(Q)$(MUSL_CC) -O2 -g -Wall -Wextra $(WERROR) -static -no-pie -fno-pie \
		-fno-stack-protector -nostdinc -isystem $(MUSL)/include/i386-linux-musl \
		-isystem $(shell $(MUSL_CC) -print-file-name=include) \
		-nostdlib -o $@ $(MUSL_LIB)/crt1.o $(MUSL_LIB)/crti.o $< \
		$(MUSL_LIB)/libc.a $(shell $(MUSL_CC) -print-libgcc-file-name) \
		$(MUSL_LIB)/crtn.o -Wl,-z,noexecstack,--build-id=none

# --- around it --------------------------------------------------------------

lint:
	@tools/deps.sh lint
	@CC='$(CC)' tools/lint.sh

bench:
	@tools/deps.sh run
	@$(MAKE) $(O)/swapper.elf programs
	@python3 tests/bench/run.py --build $(O)

# the same sources as programs of this machine
test-host:
	@tools/deps.sh test
	@$(MAKE) -C tests/host O=$(abspath $(O))/host test

fuzz:
	@tools/deps.sh test
	@$(MAKE) -C tests/host O=$(abspath $(O))/host fuzz

coverage:
	@tools/deps.sh test
	@$(MAKE) -C tests/host O=$(abspath $(O))/host coverage

breaks:
	@tools/deps.sh test
	@python3 tests/breaks/breaks.py $(TESTS)

compdb:
	@python3 tools/compdb.py '$(CC) $(CPPFLAGS) $(CFLAGS)' \
		$(filter %.c,$(SOURCES)) $(BOOT_C) > compile_commands.json
	@echo "compile_commands.json is up to date"

toolchain:
	@tools/toolchain.sh

clean:
	rm -rf $(O)

FORCE:

-include $(OBJECTS:.o=.d)
