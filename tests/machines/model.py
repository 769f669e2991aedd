"""What a machine must look like, computed from its description alone.

Nothing here asks the kernel: memory maps come from the tables measured in the
reference (what SeaBIOS reports on QEMU's machines), paging from the CPU's
feature bits and the options, the direct map from DESIGN section 4.
"""

import re
from dataclasses import dataclass
from typing import Optional

from machines import ktap
from machines.qemu import GB, KB, MB

PAGE = 4 * KB
PAGE_OFFSET = 0xC0000000
FOUR_GB = 4 * GB
RAM, RESERVED, ACPI = 1, 2, 3
TYPE_NAMES = {RAM: "usable", RESERVED: "reserved", ACPI: "ACPI data"}

ALL_FEATURES = frozenset({"pse", "pge", "pae", "nx"})
CPU_FEATURES = {
    "486": {"pse"},
    "pentium": {"pse"},
    "pentium3": {"pse", "pge", "pae", "36 bits"},
    "qemu32": {"pse", "pge", "pae"},
    "max": ALL_FEATURES | {"36 bits"},
}


# What may differ from machine to machine; the other suites take the most time,
# and run on some machines only (rows.WHOLE). Rounds are short, but on some of those.
OF_MACHINE = (f"{ktap.ROUNDS}acpi,buddy,cpu,cpuid,fixmap,irq,kmalloc,layout,"
              "ledger,memory,multiboot,numa,page_init,paging,pcp,pgtable,"
              "report,slab,softirq,thread,timer,tlb,traps,vmalloc,watermark,"
              "zonelist")


@dataclass(frozen=True)
class Row:
    """One machine of the matrix.

    loader: "kernel" (QEMU's multiboot 1) or "grub" (multiboot2 from an ISO).
    modules: sizes in bytes. warnings: regular expressions, one for each
    warning that the boot must print; no other may come. counts: the part of
    cmdline that has an effect, where that is not all. tests: what is run.
    """

    name: str
    mem: int = 64 * MB
    machine: str = "pc"
    cpu: str = "max"
    cmdline: str = ""
    counts: Optional[str] = None
    loader: str = "kernel"
    modules: tuple = ()
    warnings: tuple = ()
    tests: str = OF_MACHINE
    cost: float = 2.0


# --- the memory map ----------------------------------------------------------

def split_at_4g(row):
    """RAM below and above 4 GB, as the chipset divides it."""
    if row.machine == "q35":
        low = 2 * GB if row.mem >= 0xB0000000 else row.mem
    else:
        low = 3 * GB if row.mem >= 0xE0000000 else row.mem
    return low, row.mem - low


def firmware_map(row):
    """What SeaBIOS reports: (start, end, type)."""
    low, high = split_at_4g(row)
    entries = [(0, 0x9FC00, RAM), (0x9FC00, 0xA0000, RESERVED),
               (0xF0000, 0x100000, RESERVED),
               (0xFFFC0000, FOUR_GB, RESERVED)]
    if row.machine == "isapc":
        entries.append((1 * MB, low, RAM))
    else:
        tables = low - 128 * KB
        if row.machine == "q35" and row.loader == "grub":
            tables -= PAGE      # SeaBIOS read the disc through AHCI
        entries += [(1 * MB, tables, RAM), (tables, low, RESERVED)]
    if row.machine == "q35":
        entries += [(0xB0000000, 0xC0000000, RESERVED),
                    (0xFED1C000, 0xFED20000, RESERVED)]
    if high:
        entries.append((FOUR_GB, FOUR_GB + high, RAM))
    return sorted(entries)


def overlay(entries):
    """One type for each byte: of several the highest; neighbours joined."""
    points = sorted({p for start, end, _ in entries for p in (start, end)})
    result = []
    for start, end in zip(points, points[1:]):
        kind = max((t for s, e, t in entries if s <= start and e >= end),
                   default=None)
        if kind is None:
            continue
        if result and result[-1][1:] == (start, kind):
            result[-1] = (result[-1][0], end, kind)
        else:
            result.append((start, end, kind))
    return result


def limit_ram(entries, limit):
    """The map without RAM at and above limit."""
    return [(s, min(e, limit) if t == RAM else e, t) for s, e, t in entries
            if t != RAM or s < limit]


def parse_size(text):
    """64M -> bytes; numbers may be hexadecimal."""
    match = re.fullmatch(r"(0x[0-9a-fA-F]+|\d+)([KMG]?)", text)
    unit = {"": 1, "K": KB, "M": MB, "G": GB}[match[2]]
    return int(match[1], 0) * unit


def options_of(row):
    """What counts of the command line, as (name, value) pairs."""
    counts = row.cmdline if row.counts is None else row.counts
    for word in counts.split():
        name, _, value = word.partition("=")
        yield name, value


def option(row, wanted):
    """The value of an option, None if it is not given."""
    return next((v for n, v in options_of(row) if n == wanted), None)


def apply_memmap(entries, value):
    """One memmap= option: SIZE@START, SIZE#START, SIZE$START or exactmap."""
    for item in value.split(","):
        if item == "exactmap":
            entries = []
            continue
        size, sign, start = re.fullmatch(r"(\w+)([@#$])(\w+)", item).groups()
        start = parse_size(start)
        kind = {"@": RAM, "#": ACPI, "$": RESERVED}[sign]
        entries = entries + [(start, start + parse_size(size), kind)]
    return entries


def memory_map(row):
    """The map that the kernel should use, before the CPU limits it."""
    entries = firmware_map(row)
    for name, value in options_of(row):
        if name == "memmap":
            entries = apply_memmap(entries, value)
    entries = overlay(entries)
    mem = option(row, "mem")
    if mem and mem != "nopentium":
        entries = limit_ram(entries, parse_size(mem))
    return entries


def ram_pages(entries):
    """Whole pages of RAM as joined [start, end) ranges."""
    result = []
    for start, end, kind in entries:
        start, end = -(-start // PAGE) * PAGE, end // PAGE * PAGE
        if kind != RAM or start >= end:
            continue
        if result and result[-1][1] == start:
            result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return result


# --- paging --------------------------------------------------------------------

@dataclass(frozen=True)
class Mode:
    """How the kernel should page."""

    pae: bool
    pse: bool
    pge: bool
    nx: bool
    limit: int      # first physical address out of reach

    @property
    def large(self):
        """Bytes that one level-2 entry spans."""
        return 2 * MB if self.pae else 4 * MB


def cpu_features(cpu):
    """Of "max,-pse": what CPUID offers."""
    name, *changes = cpu.split(",")
    features = set(CPU_FEATURES[name])
    for change in changes:
        assert change[0] == "-", change
        features.discard(change[1:])
    return features


def paging_mode(row):
    """DESIGN section 3, as a table in code."""
    has = cpu_features(row.cpu)
    given = {name for name, _ in options_of(row)}
    if "nocpuid" in given:
        has = set()
    ram_end = max(end for _, end in ram_pages(memory_map(row)))
    pae = "pae" in has and "nopae" not in given and \
        ("pae" in given or ram_end > FOUR_GB)
    return Mode(
        pae=pae,
        pse="pse" in has and "nopse" not in given and
        option(row, "mem") != "nopentium",
        pge="pge" in has and "nopge" not in given,
        nx=pae and "nx" in has and option(row, "noexec") != "off",
        limit=64 * GB if pae and "36 bits" in has else FOUR_GB)


@dataclass(frozen=True)
class Expected:
    """All that is checked of one machine."""

    entries: list       # (start, end, type), the kernel's memory map
    ram: list           # whole pages of RAM, [start, end)
    mode: Mode
    low_end: int        # physical end of the direct map


def low_end(row, ram):
    """Where lowmem ends: all RAM, or 1 GB less what vmalloc keeps."""
    end = ram[-1][1]
    vmalloc = option(row, "vmalloc")
    low = min(end, GB - (parse_size(vmalloc) if vmalloc else 128 * MB))
    highmem = option(row, "highmem")
    if highmem:
        low = min(low, end - parse_size(highmem))
    return low


def expect(row):
    """The whole expectation for a row."""
    mode = paging_mode(row)
    entries = limit_ram(memory_map(row), mode.limit)
    ram = ram_pages(entries)
    return Expected(entries=entries, ram=ram, mode=mode,
                    low_end=low_end(row, ram))


def expect_map(entries):
    """The expectation for a map of our own, RAM below 896 MB, plain CPU."""
    ram = ram_pages(entries)
    mode = Mode(pae=False, pse=True, pge=True, nx=False, limit=FOUR_GB)
    return Expected(entries=entries, ram=ram, mode=mode, low_end=ram[-1][1])


# --- the direct map ------------------------------------------------------------

def protections(image):
    """Pages that are not plain data: {physical page: "rx", "r" or ""}.

    A symbol NAME_guard is the guard page of a stack: not mapped.
    """
    special = {}
    for start, end, rights in (("_text", "_etext", "rx"),
                               ("__start_rodata", "__end_rodata", "r")):
        for page in range(image.physical(start) // PAGE * PAGE,
                          image.physical(end), PAGE):
            special[page] = rights
    for name in image.symbols:
        if name.endswith("_guard"):
            special[image.physical(name)] = ""
    return special


def _small_leaf(page, rights, mode):
    flags = ("G" if mode.pge else "-") + ("-" if rights else "W") + \
        ("X" if mode.nx and rights != "rx" else "-")
    return PAGE_OFFSET + page, page, False, flags


def direct_map(expected, image):
    """Every leaf of the kernel's tables: (va, pa, large, flags GWX).

    There is nothing else in them while the kernel is at its prompt: no
    identity map, no fixmap window, no pkmap.
    """
    special = protections(image)
    mode, leaves = expected.mode, []
    for start in range(0, expected.low_end, mode.large):
        end = min(start + mode.large, expected.low_end)
        pages = range(start, end, PAGE)
        whole = end - start == mode.large
        if mode.pse and whole and special.keys().isdisjoint(pages):
            va, pa, _, flags = _small_leaf(start, "", mode)
            leaves.append((va, pa, True, flags))
            continue
        for page in pages:
            rights = special.get(page)
            if rights == "":
                continue
            leaves.append(_small_leaf(page, rights, mode))
    return leaves
