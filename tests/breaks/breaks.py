#!/usr/bin/env python3
"""Breaks each mechanism on purpose and sees whether a named test goes red.

A test that cannot fail proves nothing. Each row below changes one place of a
copy of the tree, builds it, boots it, and expects the test it names to fail
(or the boot to die, where the break leaves nothing to report). `make breaks`
runs them all; it takes some minutes and is not part of `make test`.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
QEMU = ["qemu-system-i386", "-accel", "tcg,thread=single", "-display", "none",
        "-no-reboot", "-nodefaults", "-serial", "stdio",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]


PASSED = 33    # what QEMU makes of the kernel's code for success


class Break:
    """One deliberate mistake: where, what, and the case that must notice."""

    def __init__(self, name, path, old, new, caught_by, cpu="max", mem="64M",
                 options="", initrd=None):
        self.name, self.path, self.old, self.new = name, path, old, new
        self.caught_by, self.cpu, self.mem = caught_by, cpu, mem
        self.options, self.initrd = options, initrd


BREAKS = [
    Break("large page not set", "mm/table/init.c",
          "if (!paging_mode.pse || !whole", "if (true || !whole",
          "paging.large_pages_where_they_may_be"),
    Break("global bit lost", "mm/table/init.c",
          "supported_pte_mask |= _PAGE_GLOBAL;", ";",
          "paging.global_where_the_cpu_has_it"),
    Break("kernel text not reserved", "kernel/setup.c",
          'reserve_symbols(_text, _etext, "kernel text");', "",
          "memory.parts_of_the_kernel_have_their_owners"),
    Break("kernel bss not reserved", "kernel/setup.c",
          'reserve_symbols(__bss_start, __bss_stop, "kernel bss");', "",
          "memory.the_image_is_reserved_whole"),
    Break("modules not reserved", "kernel/setup.c",
          'reserve(m->start, m->end, "module");', "",
          "memory.modules_are_reserved", initrd="Makefile"),
    Break("live tables not reserved", "mm/early/memblock.c",
          "return memblock_reserve(mb, base, size, owner) ? 0 : base;",
          "return memblock_reserve(mb, base, 1, owner) ? 0 : base;",
          "paging.tables_are_reserved"),
    Break("ACPI tables not reserved", "kernel/acpi.c",
          'nr_tables++;\n\tif (memblock_reserve(&memblock, pa, head.length,',
          'nr_tables++;\n\tif (0 && memblock_reserve(&memblock, pa, head.length,',
          "acpi.tables_are_sound_and_reserved"),
    Break("probe takes NMIs", "kernel/cpu/traps.c",
          "vector != TRAP_NMI &&", "true &&",
          "traps.probe_leaves_nmi_alone"),
    Break("large page over an empty table", "mm/table/pgtable.c",
          "int level = whole && !has_table(pt, va + done) ? 2 : 1;",
          "int level = whole ? 2 : 1;",
          "pgtable.two_level_large_over_an_empty_table"),
    Break("identity map kept", "mm/table/init.c",
          "pt_drop_root(&kernel_pgtable, PAGE_OFFSET);", "",
          "paging.identity_map_is_gone"),
    Break("text writable", "mm/table/init.c",
          "return PAGE_KERNEL_ROX;", "return PAGE_KERNEL_ROX | _PAGE_RW;",
          "paging.text_is_read_only"),
    Break("rodata writable", "mm/table/init.c",
          "return PAGE_KERNEL_RO;", "return PAGE_KERNEL;",
          "paging.rodata_is_read_only"),
    Break("CR0.WP not set", "mm/table/init.c",
          "write_cr0(read_cr0() | CR0_WP);", "",
          "paging.text_is_read_only"),
    Break("NX not set", "mm/table/init.c",
          "supported_pte_mask |= _PAGE_NX;", ";",
          "paging.nx", options="pae"),
    Break("guard page mapped", "mm/table/init.c",
          "p < boot_stack)\n\t\treturn 0;", "p < boot_stack)\n\t\t;",
          "paging.stacks_have_guard_pages"),
    Break("direct map one page short", "mm/table/init.c",
          "u32 end = end_pfn << PAGE_SHIFT;",
          "u32 end = (end_pfn - 1) << PAGE_SHIFT;",
          "paging.direct_map_is_whole"),
    Break("direct map one page long", "mm/table/init.c",
          "u32 end = end_pfn << PAGE_SHIFT;",
          "u32 end = (end_pfn + 1) << PAGE_SHIFT;",
          "paging.direct_map_ends_with_lowmem"),
    Break("provisional leftovers kept", "mm/table/init.c",
          "pt_unmap(&kernel_pgtable, PAGE_OFFSET + first,\n"
          "\t\t PROVISIONAL_END - first);", "",
          "paging.direct_map_ends_with_lowmem", cpu="486", mem="6M"),
    Break("no flush after a page changed", "mm/table/pgtable.c",
          "if (last->value & _PAGE_PRESENT)\n\t\tflush_tlb_one(va);", "",
          "tlb.set_fixmap_flushes"),
    Break("no flush after a protection changed", "mm/table/pgtable.c",
          "else if (done)\n\t\tflush_tlb_range(va, va + done);", "",
          "tlb.protection_change_flushes"),
    Break("flush of everything flushes nothing", "kernel/cpu/tlb.c",
          "write_cr4(cr4 & ~CR4_PGE);\n\twrite_cr4(cr4);", "",
          "tlb.flush_all_drops_global_pages"),
    Break("split loses the frame", "mm/table/pgtable.c",
          "write_entry(pt, small, make_leaf(pa, prot, 1));\n\t\tpa +=",
          "write_entry(pt, small, make_leaf(pa, prot, 1));\n\t\tpa += 0 *",
          "pgtable.two_level_splits_on_unmap"),
    Break("walk ignores the upper levels' rights", "mm/table/pgtable.c",
          "note_step(walk, slot, value, level < 3);",
          "note_step(walk, slot, value, level == 2);",
          "pgtable.pae_rights_are_anded"),
    Break("another frame overwritten in silence", "mm/table/pgtable.c",
          "if (!is_leaf(old, level) || leaf_frame(pt, old, level) != pa)",
          "if (!is_leaf(old, level))",
          "pgtable.two_level_refuses_other_frames"),
    Break("running out of tables unnoticed", "mm/table/pgtable.c",
          "if (!pa)\n\t\treturn NULL;\n\tBUG_ON(pa >= direct_map_end",
          "if (!pa)\n\t\tpa = __pa(pt->root);\n\tBUG_ON(pa >= direct_map_end",
          "pgtable.two_level_out_of_tables_at_every_step"),
    Break("census blind to places", "mm/table/pgtable.c",
          "(half ^ slot.index)", "half",
          "pgtable.two_level_census_sees_every_change"),
    Break("lowest type wins", "mm/early/e820.c",
          "type = max(type, entry->type);",
          "type = type ? min(type, entry->type) : entry->type;",
          "e820.sweep"),
    Break("tag lengths not checked", "kernel/multiboot.c",
          "if (tag->size < sizeof(*tag) || tag->size > size - at)",
          "if (tag->size < sizeof(*tag))",
          "multiboot.lengths_past_the_end"),
    Break("strings without end accepted", "kernel/multiboot.c",
          "return strnlen(string, room) < room;", "return true;",
          "multiboot.strings_without_end"),
    Break("RAM above 4 GB without PAE", "mm/table/init.c",
          "return pae_given || end_pfn > PFN_DOWN(FOUR_GB);",
          "return pae_given;",
          "paging.three_levels_where_ram_needs_them", mem="6G"),
    Break("PAE with 32 address bits believed", "mm/table/init.c",
          "paging_mode.phys_limit = FOUR_GB;\n}", ";\n}",
          "paging.last_frame_of_ram_can_be_reached", cpu="qemu32", mem="6G"),
    Break("double fault without a task of its own", "kernel/cpu/desc.c",
          "idt[TRAP_DOUBLE_FAULT] = gate(0, __DOUBLEFAULT_TSS_SEL, GATE_TASK);",
          "", "panic.stack_overflow"),
    Break("8259 not masked", "kernel/cpu/pic.c",
          "outb(PIC1 + PIC_DATA, 0xff);", "",
          "cpu.interrupts_are_off_and_masked"),
    Break("PAE taken for 32 address bits", "kernel/cpu/cpuid.c",
          "info->phys_bits = 36;", "info->phys_bits = 32;",
          "cpuid.pae_means_36_bits_where_nothing_is_told"),
    Break("ledger blind to leaks", "tests/kernel/ktest.c",
          'compare("bytes reserved", a->reserved, b->reserved);', "",
          "ktest.ledger_sees_leaks"),
    Break("expectation that cannot fail", "tests/kernel/ktest.c",
          "if (got == want)\n\t\treturn true;", "return true;",
          "ktest.wrong_expectations_fail"),
]


def apply(tree, mistake):
    """Makes the change; an old text that is not there once is an error."""
    path = tree / mistake.path
    text = path.read_text()
    if text.count(mistake.old) != 1:
        raise SystemExit(f"{mistake.name}: its text stands "
                         f"{text.count(mistake.old)} times in {mistake.path}")
    path.write_text(text.replace(mistake.old, mistake.new))
    return text


def boot(tree, mistake, test):
    """Runs one test of the broken kernel; returns exit status and output."""
    command = QEMU + ["-cpu", mistake.cpu, "-m", mistake.mem,
                      "-kernel", str(tree / "build/swapper.elf"),
                      "-append", f"{mistake.options} test={test}".strip()]
    if mistake.initrd:
        command += ["-initrd", str(tree / mistake.initrd)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace")


def verdict(mistake, status, output):
    """How the break was noticed, or None if it was not."""
    case = mistake.caught_by.split(".")[1]
    if re.search(rf"^\s*not ok \d+ {case}\s*$", output, re.M):
        return f"{mistake.caught_by} failed"
    if status == 0:
        return f"{mistake.caught_by}: triple fault"
    if status != PASSED and "PANIC" in output:
        panic = re.search(r"PANIC: (.*)", output).group(1)
        return f"{mistake.caught_by}: boot panicked: {panic}"
    if status is None:
        return f"{mistake.caught_by}: it hung"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("filter", nargs="?", default="")
    wanted = parser.parse_args().filter
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        tree = pathlib.Path(scratch) / "swapper"
        shutil.copytree(TREE, tree, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "toolchain"))
        for mistake in BREAKS:
            if wanted not in mistake.name:
                continue
            before = apply(tree, mistake)
            subprocess.run(["make"], cwd=tree, check=True, env=dict(os.environ),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            how = verdict(mistake, *boot(tree, mistake, mistake.caught_by))
            (tree / mistake.path).write_text(before)
            missed += how is None
            print(f"{'caught' if how else 'MISSED'}  {mistake.name}: "
                  f"{how or mistake.caught_by + ' did not notice'}", flush=True)
    print(f"{missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
