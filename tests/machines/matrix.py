"""The matrix: one boot of each row, judged from outside and from inside.

A boot collects what the kernel and QEMU say (Evidence), the machine is ended,
and only then is anything compared: a prompt that waits burns a whole CPU.
"""

import re
from dataclasses import dataclass
from typing import Optional

from machines import acpi, image, ktap, loader, reports
from machines.harness import Failure, Test, require
from machines.model import PAGE, PAGE_OFFSET, TYPE_NAMES, direct_map, expect
from machines.qemu import Guest, cdrom_args, kernel_args, machine_args
from machines.rows import all_rows

LISTED_LEAVES = 20000   # `pgtable all` sends 34 bytes a leaf, at 300 KB/s
RAMDISK_PAGES = 100     # test_ramdisk.c writes them, from a disk's begin on
BANNER = "swapper: "
WARNING = re.compile(r"^(?:warning|error): (.*)$", re.M)
WP, PAE, PGE, NXE = 1 << 16, 1 << 5, 1 << 7, 1 << 11
CACHE_OFF = 3 << 29
FIXMAP_LEAST = 0xff800000


@dataclass
class Evidence:
    """What one boot said."""

    log: str
    mem: str
    cpu: str
    layout: str
    info_tlb: str           # QEMU's walk
    listing: Optional[str]  # the kernel's, None where it is too long
    areas: list             # (start, end) of vmallocinfo, without guard pages
    walks: dict             # {va: answer to `pgtable VA`}
    registers: dict
    table_frames: list
    late_tables: dict       # {frame: `whatis phys`} of those memblock did not give
    acpi_tables: list
    modules: list


def tests(ctx):
    """One test for each row."""
    for row in all_rows():
        yield Test(f"machines.{row.name}",
                   lambda journal, row=row: run_row(ctx, journal, row),
                   row.cost)


def kernel_image(ctx):
    """The kernel's symbols, read once."""
    return ctx.once("image", lambda: image.Image(ctx.kernel))


def boot_args(ctx, row):
    """QEMU's arguments for a row, and the files of its modules."""
    files = [image.module_file(ctx, size, number)
             for number, size in enumerate(row.modules)]
    args = machine_args(row.mem, row.machine, row.cpu)
    if row.loader == "grub":
        disc = ctx.once(("iso", row.name), lambda: image.iso(
            ctx, row.name, row.cmdline, files))
        return args + cdrom_args(disc), files
    initrd = ",".join(str(f) for f in files)
    return args + kernel_args(ctx.kernel, row.cmdline, initrd), files


def run_row(ctx, journal, row):
    """Boots the row once and judges all that it says."""
    kernel = kernel_image(ctx)
    expected = expect(row)
    want = direct_map(expected, kernel)
    args, files = boot_args(ctx, row)
    with Guest(journal, args, limit=400) as guest:
        guest.wait_prompt()
        seen = gather(guest, kernel, want, expected.mode.pae)
        told = run_tests(guest, row.tests)
        check_modules(guest, seen, files, row)
    check_log(row, seen)
    check_mode(expected, seen)
    check_page_tables(expected, seen, want)
    check_memory_map(expected, seen)
    check_owners(expected, seen, kernel)
    check_acpi(row, seen)
    check_layout(expected, seen)
    if isinstance(told, Failure):
        raise told
    ktap.check(told)


def run_tests(guest, spec):
    """What `test SPEC` answers; its Failure, if it does not come back.

    Kept for later: what was gathered before may tell more about the reason.
    """
    try:
        return guest.command(f"test {spec}")
    except Failure as failure:
        return failure


# --- gathering -------------------------------------------------------------------

def areas(guest):
    """What vmallocinfo lists; behind each a page is not mapped."""
    found = re.findall(r"^0x([0-9a-f]+)-0x([0-9a-f]+) ", guest.command("vmallocinfo"),
                       re.M)
    return [(int(start, 16), int(end, 16) - PAGE) for start, end in found]


def gather(guest, kernel, want, pae):
    """Asks the kernel and QEMU everything."""
    log = guest.text
    info_tlb = guest.hmp("info tlb")
    registers = {name: reports.control_register(guest, name)
                 for name in ("CR0", "CR4", "EFER")}
    listing = None
    if max(len(want), info_tlb.count("\n")) <= LISTED_LEAVES:
        listing = guest.command("pgtable all")
    mem, frames = guest.command("mem"), reports.table_frames(guest, pae)
    owners = reports.ranges(mem, "owners of RAM:")
    late = [frame for frame in frames
            if owner_of(owners, frame, frame + PAGE) == "free"]
    return Evidence(
        log=log, info_tlb=info_tlb, registers=registers, listing=listing,
        mem=mem, cpu=guest.command("cpu"),
        layout=guest.command("layout"), areas=areas(guest),
        walks={va: guest.command(f"pgtable {va:x}")
               for va in sample_addresses(kernel, want)},
        table_frames=frames, late_tables={
            frame: guest.command(f"whatis phys {frame:x}") for frame in late},
        acpi_tables=acpi.tables(guest),
        modules=loader.modules(guest, kernel))


def sample_addresses(kernel, want):
    """Addresses where the tables change: borders of every kind."""
    end = want[-1][0]
    names = ("_text", "_etext", "__start_rodata", "boot_stack_guard",
             "doublefault_guard", "boot_stack", "_end")
    samples = [0, 0x100000, PAGE_OFFSET - 1, PAGE_OFFSET, end, end + PAGE - 1,
               0xFFFFF000, 0xFFFFFFFF]
    samples += [kernel.symbols[name] for name in names]
    if end + 0x400000 <= 0xFFFFFFFF:
        samples.append(end + 0x400000)
    return samples


# --- judging ---------------------------------------------------------------------

def check_log(row, seen):
    """It began with the banner; each warning was wanted, and came."""
    lines = seen.log.split("\n")
    start = next((i for i, line in enumerate(lines) if BANNER in line), None)
    require(start is not None, "lost output", "the banner is missing")
    check_warnings(seen.log, row.warnings)
    if row.cmdline == "quiet":
        noise = [line for line in lines[start:-1]
                 if not line.startswith((BANNER, "boot: "))]
        require(not noise, "wrong output", f"quiet, but: {noise[:1]}")


def check_warnings(log, patterns, optional=""):
    """Each pattern matches one warning, optional any number; no other came."""
    warnings = [w for w in WARNING.findall(log)
                if not optional or not re.match(optional, w)]
    for pattern in patterns:
        found = next((w for w in warnings if re.match(pattern, w)), None)
        require(found, "wrong output", f"no warning \"{pattern}\"")
        warnings.remove(found)
    require(not warnings, "wrong output",
            f"unexpected warning: {', '.join(warnings[:3])}")


def check_mode(expected, seen):
    """Control registers, and what `cpu` says of them."""
    mode, registers = expected.mode, seen.registers
    cr0, cr4, efer = (registers[n] for n in ("CR0", "CR4", "EFER"))
    for name, got, want in (
            ("CR0.WP", cr0 & WP, True), ("CR0.CD|NW", cr0 & CACHE_OFF, False),
            ("CR4.PAE", cr4 & PAE, mode.pae), ("CR4.PGE", cr4 & PGE, mode.pge),
            ("EFER.NXE", efer & NXE, mode.nx)):
        require(bool(got) == want, "wrong page tables",
                f"{name} is {int(bool(got))}, not {int(want)}")
    line = (f"paging: {'PAE' if mode.pae else 'two-level'}, "
            f"large pages {'yes' if mode.pse else 'no'}, "
            f"global {'yes' if mode.pge else 'no'}, "
            f"NX {'yes' if mode.nx else 'no'}")
    require(line in seen.cpu.split("\n"), "wrong output",
            f"cpu does not say \"{line}\"")


def check_page_tables(expected, seen, want):
    """Model, QEMU's walk and the kernel's own walk must agree."""
    leaves = reports.qemu_leaves(seen.info_tlb)
    plain = []
    for va, pa, large, flags in leaves:
        if flags[2:4] != "--":
            raise Failure("wrong page tables", f"{va:08x} is a user's, or not "
                          "cached")
        plain.append((va, pa, large, flags[0:2] + flags[4]))
    # stacks of threads: their frames are anybody's, all else is known
    of_areas = [leaf for leaf in plain
                if any(start <= leaf[0] < end for start, end in seen.areas)]
    rights = flags_of_data(want)
    for leaf in of_areas:
        require(not leaf[2] and leaf[3] == rights, "wrong page tables",
                f"{reports.describe(leaf)} is in an area, where pages are {rights}")
    require(len(of_areas) * PAGE == sum(end - start for start, end in seen.areas),
            "wrong page tables", f"{len(of_areas)} pages are mapped in areas")
    want = sorted(want + of_areas)
    reports.compare_leaves(plain, want, "QEMU", "the model")
    if seen.listing is not None:
        reports.compare_leaves(reports.kernel_leaves(seen.listing), leaves,
                               "pgtable all", "QEMU")
    check_walks(expected.mode, seen.walks, want)


def flags_of_data(want):
    """Of what is writable and nobody executes: the last of the direct map."""
    return [flags for va, _, _, flags in want if va < FIXMAP_LEAST][-1]


def check_walks(mode, walks, want):
    """`pgtable ADDR` at the samples."""
    by_page = {leaf[0]: leaf for leaf in want}
    for va, answer in walks.items():
        leaf = by_page.get(va & ~(PAGE - 1))
        if leaf is None or not leaf[2]:
            large = by_page.get(va & ~(mode.large - 1))
            leaf = large if large and large[2] else leaf
        last = answer.rstrip("\n").rpartition("\n")[2]
        line = walk_sentence(mode, leaf, va)
        require(last == line, "wrong page tables",
                f"pgtable {va:x} says \"{last}\", not \"{line}\"")


def walk_sentence(mode, leaf, va):
    """The last line of a walk."""
    if leaf is None:
        return "  not mapped"
    base, pa, large, flags = leaf
    size = mode.large if large else PAGE
    return (f"  = physical {pa + (va - base):x}, {size >> 10} KB page, "
            f"{'writable' if 'W' in flags else 'read-only'}, "
            f"{'not executable' if 'X' in flags else 'executable'}, "
            "kernel only")


def check_memory_map(expected, seen):
    """The map that `mem` shows is the machine's, after the options."""
    want = [(start, end, TYPE_NAMES[kind])
            for start, end, kind in expected.entries]
    got = reports.ranges(seen.mem, "memory map:")
    for a, b in zip(got + [None] * len(want), want + [None] * len(got)):
        require(a == b, "wrong memory map", f"mem has {show(a)}, the machine "
                f"{show(b)}")


def show(entry):
    """A range for a message."""
    return "nothing" if entry is None else \
        f"{entry[0]:010x}-{entry[1] - 1:010x} {entry[2]}"


def check_owners(expected, seen, kernel):
    """Owners cover RAM exactly, and the right ones where we know them."""
    owners = reports.ranges(seen.mem, "owners of RAM:")
    check_coverage(owners, expected.ram)
    check_totals(seen.mem, owners, expected)
    check_image_owners(owners, kernel)
    check_table_owners(owners, seen.table_frames, seen.late_tables)
    modules = join([m for m in seen.modules if m[0] < m[1]])
    owned = join([o[:2] for o in owners if o[2] == "module"])
    require(owned == modules, "wrong memory map", "modules stand at "
            f"{spans(modules)}, owned as such is {spans(owned)}")


def spans(pairs):
    """Ranges for a message."""
    return " ".join(f"{s:x}-{e - 1:x}" for s, e in pairs) or "nothing"


def join(pairs):
    """Ranges sorted, those that touch joined."""
    result = []
    for start, end in sorted(pairs):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def check_coverage(owners, ram):
    """No overlap, no hole, nothing outside of RAM."""
    for before, after in zip(owners, owners[1:]):
        require(before[1] <= after[0], "wrong memory map",
                f"{show(before)} overlaps {show(after)}")
    got = join([owner[:2] for owner in owners])
    require(got == ram, "wrong memory map",
            f"owners cover {spans(got)}, RAM is {spans(ram)}")


def check_totals(mem, owners, expected):
    """The line of sums."""
    free = [o for o in owners if o[2] == "free"]
    low = expected.low_end
    free_low = sum(min(e, low) - s for s, e, _ in free if s < low)
    free_all = sum(e - s for s, e, _ in free)
    want = tuple(n >> 10 for n in (
        sum(e - s for s, e in expected.ram), free_all, free_low,
        free_all - free_low))
    got = reports.ram_totals(mem)
    require(got == want, "wrong memory map",
            f"RAM, free, low, high: {got} KB, summed up {want} KB")


def owner_of(owners, start, end):
    """The one owner of a range, or what there is instead."""
    names = {o[2] for o in owners if o[0] < end and o[1] > start}
    return names.pop() if len(names) == 1 else f"several: {sorted(names)}"


def check_image_owners(owners, kernel):
    """Each part of the image has its name, and nothing of it is free."""
    info = kernel.physical("boot_info")
    parts = [
        ("BIOS data", (0, PAGE)),
        ("kernel text", kernel.page_range("_text", "_etext")),
        ("kernel rodata", kernel.page_range("__start_rodata",
                                            "__start_symtab")),
        ("kernel symbols", kernel.page_range("__start_symtab",
                                             "__end_symtab")),
        ("kernel data", kernel.page_range("_sdata", "_edata")),
        ("boot stack guard", kernel.page_range("boot_stack_guard",
                                               "boot_stack")),
        ("boot stack", kernel.page_range("boot_stack", "boot_stack_top")),
        ("boot information", (info, info + 0x8010)),
        ("kernel bss", kernel.page_range("swapper_pg_dir",
                                         "boot_stack_guard")),
    ]
    for name, (start, end) in parts:
        got = owner_of(owners, start, end)
        require(got == name, "wrong memory map", f"{start:x}-{end - 1:x} is "
                f"{name}, but owned by {got}")
    given_back = [kernel.page_range("_sinittext", "_einittext"),
                  kernel.page_range("__init_data_begin", "__init_data_end")]
    for start, end, name in owners:
        require(name != "free" or end <= kernel.physical("_text") or
                start >= kernel.physical("_end") or
                (start, end) in given_back, "wrong memory map",
                f"{start:x}-{end - 1:x} is the kernel's, and free")


def check_table_owners(owners, frames, late):
    """Tables in use are owned as such; what is owned as such is in use."""
    names = {"page tables", "provisional page tables", "kernel bss"}
    for frame, told in late.items():
        require("  in use: first page of a block of order 0" in told,
                "wrong memory map", f"the page table at {frame:x} is a page: {told}")
    for frame in frames:
        if frame in late:
            continue
        got = owner_of(owners, frame, frame + PAGE)
        require(got in names, "wrong memory map",
                f"the page table at {frame:x} is owned by {got}")
    for start, end, name in owners:
        for frame in range(start, end, PAGE) if "page tables" in name else ():
            require(frame in frames, "wrong memory map",
                    f"{name} at {frame:x}, but no entry points there")


def check_acpi(row, seen):
    """The kernel found the tables that stand in memory, and took them."""
    if row.cmdline == "quiet":
        return
    found = [(name, int(at, 16), int(length)) for name, at, length in
             re.findall(r"^ACPI: (\S{4}) at ([0-9a-f]+), (\d+) bytes$",
                        seen.log, re.M)]
    require(sorted(found) == sorted(seen.acpi_tables), "wrong memory map",
            f"ACPI tables {found}; in memory are {seen.acpi_tables}")
    if not found:
        require("ACPI: none on this machine" in seen.log, "wrong output",
                "not a word about ACPI")
    owners = reports.ranges(seen.mem, "owners of RAM:")
    for name, start, length in seen.acpi_tables:
        got = {o[2] for o in owners
               if o[0] < start + length and o[1] > start}
        require(got <= {"ACPI table"}, "wrong memory map",
                f"{name} at {start:x} is owned by {sorted(got)}")


def check_modules(guest, seen, files, row):
    """The loader's modules are the files, byte by byte, after all tests.

    The first one may be a disk, which begins with what the suite ramdisk wrote.
    """
    written = ramdisk_pages() if "ramdisk=module" in row.cmdline.split() else b""
    require(len(seen.modules) == len(files), "wrong contents",
            f"{len(seen.modules)} modules of {len(files)}")
    copy = guest.journal.scratch / "module"
    for (start, end), path in zip(seen.modules, files):
        if guest.ended:
            return
        guest.save_memory(start, end - start, copy)
        require(copy.read_bytes() ==
                written + path.read_bytes()[len(written):], "wrong contents",
                f"the module at {start:x} is not what was loaded")
        written = b""


def ramdisk_pages():
    """Pages as page_fill() of tests/kernel/bounce_pages.c makes them."""
    return bytes((page * 151 + at + (at >> 8) * 89) & 0xff
                 for page in range(RAMDISK_PAGES) for at in range(4096))


def check_layout(expected, seen):
    """The address map: lowmem as computed, areas apart and in order."""
    areas = {}
    for line in reports.lines_after(seen.layout, "kernel addresses:"):
        match = re.match(r"  ([0-9a-f]{8})-([0-9a-f]{8}) +(\d+) KB  (.*)$",
                         line)
        if not match:
            raise Failure("wrong output", f"layout says \"{line}\"")
        areas[match[4].strip()] = int(match[1], 16), int(match[2], 16) + 1
    low = areas["lowmem (direct map)"]
    require(low == (PAGE_OFFSET, PAGE_OFFSET + expected.low_end),
            "wrong memory map", f"layout has lowmem at {low[0]:x}-{low[1]:x}")
    order = ["user", "lowmem (direct map)", "vmalloc", "pkmap", "fixmap"]
    for below, above in zip(order, order[1:]):
        require(areas[below][1] <= areas[above][0], "wrong output",
                f"layout: {below} reaches into {above}")
    windows = (areas["pkmap"][1] - areas["pkmap"][0]) // PAGE
    require(windows == (512 if expected.mode.pae else 1024), "wrong output",
            f"layout: {windows} pkmap windows")
    gap = areas["vmalloc"][0] - low[1]
    require(8 << 20 <= gap < 16 << 20, "wrong output",
            f"layout: {gap >> 20} MB between lowmem and vmalloc")
