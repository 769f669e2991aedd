"""The reports of the page allocator, against Linux's formats and the machine.

Each report is read, printed again in Linux's own format and compared to the
byte; then its numbers are compared with each other, with the machine's memory
map, with the reference's rules, and with mem_map as QEMU sees it.
"""

import math
import re
import struct
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from machines import ktap, matrix, reports
from machines.harness import Deadline, Test, require
from machines.model import PAGE, PAGE_OFFSET, TYPE_NAMES, Row, expect
from machines.qemu import GB, MB, Guest, kernel_args, machine_args

# Linux 2.6.11: mm/page_alloc.c, fs/proc/proc_misc.c; zoneinfo 2.6.13, NUMA
BUDDY_ZONE, BUDDY_ORDER = "Node %d, zone %8s ", "%6lu "
ZONE_HEAD = (
    "Node %d, zone %8s"
    "\n  pages free     %lu"
    "\n        min      %lu"
    "\n        low      %lu"
    "\n        high     %lu"
    "\n        active   %lu"
    "\n        inactive %lu"
    "\n        scanned  %lu (a: %lu i: %lu)"
    "\n        spanned  %lu"
    "\n        present  %lu"
    "\n        protection: (%lu, %lu, %lu)"
    "\n  pagesets")
ZONE_PCP = (
    "\n    cpu: %i pcp: %i"
    "\n              count: %i"
    "\n              low:   %i"
    "\n              high:  %i"
    "\n              batch: %i")
ZONE_COUNTERS = (
    "\n            numa_hit:       %lu"
    "\n            numa_miss:      %lu"
    "\n            numa_foreign:   %lu"
    "\n            interleave_hit: %lu"
    "\n            local_node:     %lu"
    "\n            other_node:     %lu")
ZONE_END = (
    "\n  all_unreclaimable: %u"
    "\n  prev_priority:     %i"
    "\n  temp_priority:     %i"
    "\n  start_pfn:         %lu"
    "\n")
MEMINFO = ("MemTotal:     %8lu kB\n" "MemFree:      %8lu kB\n"
           "Buffers:      %8lu kB\n" "Cached:       %8lu kB\n"
           "SwapCached:   %8lu kB\n"
           "Active:       %8lu kB\n" "Inactive:     %8lu kB\n"
           "HighTotal:    %8lu kB\n" "HighFree:     %8lu kB\n"
           "LowTotal:     %8lu kB\n" "LowFree:      %8lu kB\n"
           "SwapTotal:    %8lu kB\n" "SwapFree:     %8lu kB\n"
           "Dirty:        %8lu kB\n" "Writeback:    %8lu kB\n"
           "AnonPages:    %8lu kB\n" "Mapped:       %8lu kB\n"
           "Slab:         %8lu kB\n" "SReclaimable: %8lu kB\n"
           "SUnreclaim:   %8lu kB\n" "PageTables:   %8lu kB\n"
           "Bounce:       %8lu kB\n"
           "CommitLimit:  %8lu kB\n" "Committed_AS: %8lu kB\n"
           "VmallocTotal: %8lu kB\n" "VmallocUsed:  %8lu kB\n"
           "VmallocChunk: %8lu kB\n")
# mm/vmstat.c of 2.6.22, without what has no meaning; the last line is ours
VMSTAT = tuple("""
    nr_free_pages nr_inactive nr_active nr_anon_pages nr_mapped nr_file_pages
    nr_dirty nr_writeback nr_slab_reclaimable nr_slab_unreclaimable
    nr_page_table_pages nr_bounce nr_vmscan_write
    numa_hit numa_miss numa_foreign numa_local numa_other
    pgpgin pgpgout pswpin pswpout
    pgalloc_dma pgalloc_normal pgalloc_high pgfree pgactivate pgdeactivate
    pgfault pgmajfault pgrefill_dma pgrefill_normal pgrefill_high
    pgsteal_dma pgsteal_normal pgsteal_high
    pgscan_kswapd_dma pgscan_kswapd_normal pgscan_kswapd_high
    pgscan_direct_dma pgscan_direct_normal pgscan_direct_high
    slabs_scanned kswapd_steal pageoutrun allocstall pgrotated
    oom_kill kmap_new kmap_flush kmap_wait bounce_read bounce_write
    """.split())

# mm/slab.c: s_start(), s_show(); mm/vmalloc.c of 2.6.28: s_show()
SLAB_HEAD = (
    "slabinfo - version: 2.1\n"
    "# name            <active_objs> <num_objs> <objsize> <objperslab> "
    "<pagesperslab>"
    " : tunables <limit> <batchcount> <sharedfactor>"
    " : slabdata <active_slabs> <num_slabs> <sharedavail>\n")
SLAB_LINE = ("%-17s %6lu %6lu %6u %4u %4d"
             " : tunables %4u %4u %4u"
             " : slabdata %6lu %6lu %6lu\n")
AREA_RANGE, AREA_CALLER = "0x%08x-0x%08x %7ld", " %s"
AREA_PAGES, AREA_PHYS = " pages=%d", " phys=%lx"
AREA_KINDS = ("ioremap", "vmalloc", "vmap")

ORDERS = 11
NAMES = ("DMA", "Normal", "HighMem")
DMA_END = 16 * MB // PAGE
RATIOS = (256, 32)              # lowmem_reserve
LRU_BATCH = 14
PG_LRU, PG_SLAB, PG_RESERVED, PG_BUDDY = 5, 7, 9, 16
ORDER_SHIFT, ZONE_SHIFT = 20, 24
TAG_NODE_MASK = 63              # mapping of a slab's page: cache and node
NO_OWNERS = "nobody keeps book of that: boot with debug=page_owner\n"

ROWS = (
    Row("64M"), Row("1G", mem=GB), Row("2G", mem=2 * GB, cost=4.0),
    Row("486-8M", mem=8 * MB, cpu="486"), Row("6G", mem=6 * GB, cost=8.0),
    Row("highmem", mem=256 * MB, cmdline="highmem=100M"),
    Row("hole", mem=256 * MB, cmdline="memmap=64M$32M"),
    Row("fake-2", mem=128 * MB, cmdline="numa=fake=2"),
    Row("fake-3-highmem", mem=2 * GB, cmdline="numa=fake=3", cost=4.0),
    Row("owners", cmdline="debug=page_owner"),
    Row("poison", cmdline="debug=page_poison,page_owner"),
)
TWO_NODES = (64 * MB, 96 * MB)


def tests(ctx):
    """Every row; a machine with a real SRAT; pages that are not mapped."""
    for row in ROWS:
        yield Test(f"machines.reports-mm-{row.name}",
                   lambda journal, row=row: run_row(ctx, journal, row),
                   row.cost)
    yield Test("machines.reports-mm-srat",
               lambda journal: run_srat(ctx, journal))
    yield Test("machines.reports-mm-pagealloc",
               lambda journal: unmapped_frames(ctx, journal))
    yield Test("machines.reports-mm-program",
               lambda journal: with_program(ctx, journal))
    yield Test("machines.reports-mm-objects",
               lambda journal: objects_after_tests(ctx, journal), 25.0)


# --- reading the reports ---------------------------------------------------------

@dataclass
class Zone:
    """One zone of zoneinfo. pcp: (cpu, pcp, count, low, high, batch)."""

    node: int
    name: str
    free: int
    marks: tuple
    lists: tuple        # active, inactive
    spanned: int
    present: int
    protection: tuple
    pcp: list
    start: int

    @property
    def key(self):
        """Zones are known by that."""
        return self.node, self.name

    @property
    def kept(self):
        """Pages on the lists of CPUs."""
        return sum(pcp[2] for pcp in self.pcp)


def same_text(what, got, want):
    """A Failure that shows the first line that differs."""
    for number, (a, b) in enumerate(zip(got.split("\n") + [""],
                                        want.split("\n") + [""])):
        require(a == b, "wrong output", f"{what}, line {number + 1}: "
                f"\"{a}\", in Linux's format \"{b}\"")
    require(got == want, "wrong output", f"{what} ends with {got[-40:]!r}")


def read_buddyinfo(text):
    """{(node, zone): [free blocks of each order]}, in the order of lines."""
    zones, again = {}, ""
    for line in text.splitlines():
        match = re.match(r"Node (\d+), zone +(\w+) ((?: *\d+ )+)$", line)
        require(match, "wrong output", f"buddyinfo says \"{line}\"")
        node, name = int(match[1]), match[2]
        counts = [int(n) for n in match[3].split()]
        require(len(counts) == ORDERS, "wrong output",
                f"buddyinfo has {len(counts)} orders")
        zones[node, name] = counts
        again += BUDDY_ZONE % (node, name)
        again += "".join(BUDDY_ORDER % n for n in counts) + "\n"
    same_text("buddyinfo", text, again)
    return zones


def read_zone(text):
    """One zone of zoneinfo: a Zone, and the same text in Linux's format."""
    match = re.match(r"Node (\d+), zone +(\w+)\n", text)
    require(match, "wrong output", f"zoneinfo has \"{text[:60]}\"")
    numbers = [int(n) for n in re.findall(r"-?\b\d+", text)]
    require(len(numbers) >= 19 and (len(numbers) - 19) % 18 == 0,
            "wrong output", f"zoneinfo has {len(numbers)} numbers a zone")
    head, cpus, end = numbers[1:15], numbers[15:-4], numbers[-4:]
    again = ZONE_HEAD % (numbers[0], match[2], *head)
    pcp = []
    for at in range(0, len(cpus), 18):
        for lists in (cpus[at:at + 6], cpus[at + 6:at + 12]):
            pcp.append(tuple(lists))
            again += ZONE_PCP % tuple(lists)
        again += ZONE_COUNTERS % tuple(cpus[at + 12:at + 18])
        # without the kept pages Linux has nothing to say of a CPU
        require(pcp[-1][2] or pcp[-2][2], "wrong output",
                "zoneinfo lists a CPU that keeps nothing")
    again += ZONE_END % tuple(end)
    zone = Zone(node=numbers[0], name=match[2], free=head[0],
                marks=tuple(head[1:4]), lists=tuple(head[4:6]), spanned=head[9], present=head[10],
                protection=tuple(head[11:14]), pcp=pcp, start=end[3])
    require(end[:3] == [0, 12, 12] and head[6:9] == [0] * 3, "wrong output",
            f"nothing reclaims, but zoneinfo has {head[6:9]} and {end[:3]}")
    return zone, again


def read_zoneinfo(text):
    """[Zone], in the order of the report."""
    zones, again = [], ""
    for part in re.split(r"^(?=Node )", text, flags=re.M)[1:]:
        zone, part_again = read_zone(part)
        zones.append(zone)
        again += part_again
    same_text("zoneinfo", text, again)
    return zones


def read_meminfo(text):
    """{name: KB}."""
    pairs = re.findall(r"^(\w+): +(\d+) kB$", text, re.M)
    numbers = tuple(int(n) for _, n in pairs)
    require(len(numbers) == MEMINFO.count("\n"), "wrong output",
            f"meminfo has {len(numbers)} lines")
    same_text("meminfo", text, MEMINFO % numbers)
    return dict(zip((name for name, _ in pairs), numbers))


def read_vmstat(text):
    """{name: number}."""
    values = dict(re.findall(r"^(\w+) (\d+)$", text, re.M))
    require(tuple(values) == VMSTAT, "wrong output",
            f"vmstat has {' '.join(values)}")
    same_text("vmstat", text, "".join("%s %lu\n" % (name, int(n))
                                      for name, n in values.items()))
    return {name: int(n) for name, n in values.items()}


@dataclass
class Cache:
    """One line of slabinfo."""

    name: str
    active: int
    objects: int
    size: int
    per_slab: int
    pages: int
    tuned: tuple
    active_slabs: int
    slabs: int
    shared: int


def read_slabinfo(text):
    """[Cache], in the order of lines."""
    caches, again = [], SLAB_HEAD
    for line in text.splitlines()[2:]:
        match = re.match(r"(\S+) +([\d ]+) : tunables +([\d ]+) : slabdata "
                         r"+([\d ]+)$", line)
        require(match, "wrong output", f"slabinfo says \"{line}\"")
        numbers = [[int(n) for n in match[i].split()] for i in (2, 3, 4)]
        require([len(n) for n in numbers] == [5, 3, 3], "wrong output",
                f"slabinfo has other columns: \"{line}\"")
        data, tuned, slabs = numbers
        caches.append(Cache(match[1], *data, tuple(tuned), *slabs))
        again += SLAB_LINE % (match[1], *data, *tuned, *slabs)
    same_text("slabinfo", text, again)
    return caches


def read_vmallocinfo(text):
    """[(start, end)], in the order of lines."""
    areas, again = [], ""
    for line in text.splitlines():
        match = re.fullmatch(
            r"0x([0-9a-f]{8})-0x([0-9a-f]{8}) +(\d+) "
            r"(\w+\+0x[0-9a-f]+/0x[0-9a-f]+)( pages=(\d+))?"
            r"( phys=([0-9a-f]+))? (\w+)( vpages)?", line)
        require(match and match[9] in AREA_KINDS, "wrong output",
                f"vmallocinfo says \"{line}\"")
        start, end, size = int(match[1], 16), int(match[2], 16), int(match[3])
        areas.append((start, end))
        again += AREA_RANGE % (start, end, size) + AREA_CALLER % match[4]
        again += AREA_PAGES % int(match[6]) if match[5] else ""
        again += AREA_PHYS % int(match[8], 16) if match[7] else ""
        again += f" {match[9]}{match[10] or ''}\n"
        require(size == end - start and size % PAGE == 0 and size > PAGE,
                "wrong output", f"vmallocinfo: size of \"{line}\"")
        require(match[9] != "vmalloc" or int(match[6] or 0) * PAGE + PAGE ==
                size, "wrong output", f"vmallocinfo: pages of \"{line}\"")
    same_text("vmallocinfo", text, again)
    require(all(a[1] <= b[0] for a, b in zip(areas, areas[1:])),
            "wrong output", f"areas are not sorted: {areas}")
    return areas


class Page(NamedTuple):
    """What a struct page has; entries: of page tables, less one."""

    flags: int
    count: int
    entries: int
    mapping: int


@dataclass
class Seen:
    """What one machine reported, one report right after the other."""

    buddy: dict
    zones: list
    mem: dict
    stat: dict
    caches: list        # of slabinfo
    areas: list         # of vmallocinfo
    slab_pages: Counter     # with PG_slab, as QEMU sees them, by cache
    ranges: list        # of `mem`: (start, end, owner), bytes
    pages: list         # mem_map as QEMU sees it: (flags, count)
    raw: list           # the same, [Page]
    owners: str
    check: str
    frames: dict        # {physical address: answer to `whatis phys`}
    leaks: str


def gather(guest, kernel, addresses):
    """Asks for everything; addresses: more places to ask whatis about."""
    buddy = guest.command("buddyinfo")
    zones = guest.command("zoneinfo")
    mem = guest.command("meminfo")
    stat = guest.command("vmstat")
    slabs = guest.command("slabinfo")
    areas = guest.command("vmallocinfo")
    owners = guest.command("owners")
    raw = read_mem_map(guest, kernel)
    ranges = reports.ranges(guest.command("mem"), "owners of RAM:")
    wanted = {a for start, end, _ in ranges for a in (start, end - 1)}
    frames = {a: guest.command(f"whatis phys {a:x}")
              for a in sorted(wanted | set(addresses))}
    check = guest.command("check")
    return Seen(read_buddyinfo(buddy), read_zoneinfo(zones), read_meminfo(mem),
                read_vmstat(stat), read_slabinfo(slabs),
                read_vmallocinfo(areas),
                Counter(page.mapping & ~TAG_NODE_MASK for page in raw
                        if page.flags >> PG_SLAB & 1),
                ranges, [(page.flags, page.count) for page in raw], raw,
                owners, check, frames,
                # the last: it takes pages for its marks and gives them back
                guest.command("leaks"))


def read_mem_map(guest, kernel):
    """Every page, from physical memory."""
    def word(name):
        data = guest.read_memory(kernel.physical(name), 4)
        return struct.unpack("<I", data)[0]
    data = guest.read_memory(word("mem_map") - PAGE_OFFSET,
                             word("max_mapnr") * 32)
    return [Page(*page) for page in struct.iter_unpack("<Iii8xI8x", data)]


# --- what the machine must have ------------------------------------------------------

def pieces(expected, borders):
    """RAM in frames, cut where zones and nodes change: (start, end)."""
    cuts = [DMA_END, expected.low_end // PAGE, *borders]
    for start, end in expected.ram:
        start, end = start // PAGE, end // PAGE
        points = sorted({start, end, *(c for c in cuts if start < c < end)})
        yield from zip(points, points[1:])


def zone_name(frame, expected):
    """The zone of a frame."""
    if frame < DMA_END:
        return "DMA"
    return "Normal" if frame < expected.low_end // PAGE else "HighMem"


def model_zones(expected, borders):
    """{(node, zone): [start, end, present]} in frames."""
    zones = {}
    for start, end in pieces(expected, borders):
        node = sum(border <= start for border in borders)
        zone = zones.setdefault((node, zone_name(start, expected)),
                                [start, end, 0])
        zone[1] = end
        zone[2] += end - start
    return zones


def fake_borders(expected, count):
    """Where numa=fake= cuts: at equal shares of RAM, to the next 4 MB."""
    ram = [(s // PAGE, e // PAGE) for s, e in expected.ram]
    total = sum(e - s for s, e in ram)
    for share in (total * k // count for k in range(1, count)):
        for start, end in ram:
            if share < end - start:
                yield (start + share + 512) // 1024 * 1024
                break
            share -= end - start


def model_marks(zones):
    """{(node, zone): (min, low, high)}; the reference's rows Z7."""
    low_pages = sum(z[2] for (_, name), z in zones.items()
                    if name != "HighMem")
    kbytes = min(max(math.isqrt(low_pages * 4 * 16), 128), 65536)
    marks = {}
    for (node, name), (_, _, present) in zones.items():
        least = min(max(present // 1024, 32), 128) if name == "HighMem" \
            else kbytes // 4 * present // low_pages
        marks[node, name] = least, least * 5 // 4, least * 6 // 4
    return marks


def model_protection(zones, node, name):
    """lowmem_reserve of one zone; Z8."""
    lower = NAMES.index(name)
    result = []
    for upper in range(len(NAMES)):
        above = sum(zones.get((node, n), (0, 0, 0))[2]
                    for n in NAMES[lower + 1:upper + 1])
        result.append(above // RATIOS[lower] if above else 0)
    return tuple(result)


def model_pcp(present):
    """(low, high, batch) of the hot and the cold list; Z11."""
    batch = max(min(present // 1024, 64) // 4, 1)
    return (2 * batch, 6 * batch, batch), (0, 2 * batch, batch)


# --- judging -----------------------------------------------------------------------------

def run_row(ctx, journal, row):
    """Boots the row, reads all reports, judges them."""
    expected = expect(row)
    count = int((re.search(r"numa=fake=(\d)", row.cmdline) or [0, 1])[1])
    args = machine_args(row.mem, row.machine, row.cpu)
    judge(ctx, journal, args, row.cmdline, expected,
          list(fake_borders(expected, count)))


def run_srat(ctx, journal):
    """Two nodes as the firmware describes them."""
    args = machine_args(sum(TWO_NODES))
    for node, size in enumerate(TWO_NODES):
        args += ["-object", f"memory-backend-ram,id=m{node},size={size}",
                 "-numa", f"node,nodeid={node},memdev=m{node}" +
                 ("" if node else ",cpus=0")]
    judge(ctx, journal, args, "", expect(Row("", mem=sum(TWO_NODES))),
          [TWO_NODES[0] // PAGE])


def judge(ctx, journal, args, cmdline, expected, borders):
    """All checks of one machine; borders: the first frames of nodes 1, 2 ..."""
    kernel = matrix.kernel_image(ctx)
    zones = model_zones(expected, borders)
    places = sample_places(expected)
    with Guest(journal, args + kernel_args(ctx.kernel, cmdline)) as guest:
        guest.wait_prompt()
        fresh = gather(guest, kernel, places)
        check_addresses(guest, kernel)
        # the same again with something in the counters
        told = guest.command("test report")
        keeping = guest.command("test report.zoneinfo_of_the_machine")
        mapped = guest.command("test report_areas.vmallocinfo")
        used = gather(guest, kernel, places)
    ktap.check(told)
    check_keeping(keeping, zones)
    check_areas(mapped)
    require(used.stat["pgfree"] > fresh.stat["pgfree"], "wrong output",
            "pages were freed, and pgfree stands still")
    for seen in fresh, used:
        check_zones(seen, zones)
        check_sums(seen)
        check_uses(seen)
        check_mem_map(seen)
        check_slabs(seen)
        check_frames(seen, expected, zones)
        check_places(seen, places)
        check_owners(seen, "page_owner" in cmdline)
        require(seen.check == "mm_check: nothing is wrong\n", "wrong output",
                f"check says \"{seen.check.strip()}\"")


def check_zones(seen, zones):
    """Order, span, marks, reserves and lists of each zone."""
    keys = sorted(zones, key=lambda key: (key[0], NAMES.index(key[1])))
    require([z.key for z in seen.zones] == keys and list(seen.buddy) == keys,
            "wrong output", f"zoneinfo has {[z.key for z in seen.zones]}, "
            f"buddyinfo {list(seen.buddy)}, the machine {keys}")
    marks = model_marks(zones)
    for zone in seen.zones:
        start, end, present = zones[zone.key]
        for what, got, want in (
                ("start_pfn", zone.start, start),
                ("spanned", zone.spanned, end - start),
                ("present", zone.present, present),
                ("marks", zone.marks, marks[zone.key]),
                ("protection", zone.protection,
                 model_protection(zones, *zone.key))):
            require(got == want, "wrong output",
                    f"zone {zone.key}: {what} {got}, must be {want}")
        check_pcp(zone, present)


def check_pcp(zone, present):
    """The lists of the CPUs, where they are shown."""
    for (_, number, count, *limits) in zone.pcp:
        want = model_pcp(present)[number]
        require(tuple(limits) == want, "wrong output",
                f"zone {zone.key}: pcp {number} has {limits}, not {want}")
        require(count <= want[1], "wrong output",
                f"zone {zone.key}: pcp {number} keeps {count} pages")


def check_keeping(told, zones):
    """zoneinfo as a case of the kernel printed it while a CPU kept pages.

    The lists are empty between two cases, so the prompt never sees any.
    """
    text = told[told.index("Node "):told.index("  ok 1 ")]
    found = read_zoneinfo(text)
    for zone in found:
        check_pcp(zone, zones[zone.key][2])
    require(any(zone.kept for zone in found), "wrong output",
            "zoneinfo shows no list of a CPU")


def check_sums(seen):
    """The reports tell the same of free pages, totals and allocations."""
    for zone in seen.zones:
        listed = sum(n << order for order, n in
                     enumerate(seen.buddy[zone.key]))
        require(listed == zone.free, "leak", f"zone {zone.key}: buddyinfo has "
                f"{listed} free pages, zoneinfo {zone.free}")
    free = {"Mem": 0, "High": 0, "Low": 0}
    total = dict(free)
    for zone in seen.zones:
        part = "High" if zone.name == "HighMem" else "Low"
        for name in ("Mem", part):
            free[name] += zone.free
    low_end = min((z.start for z in seen.zones if z.name == "HighMem"),
                  default=1 << 32)
    for start, end, owner in seen.ranges:
        frames = max(end // PAGE - -(-start // PAGE), 0)
        if owner == "free" and frames:
            low = max(0, min(end // PAGE, low_end) - -(-start // PAGE))
            total["Mem"] += frames
            total["Low"] += min(low, frames)
            total["High"] += frames - min(low, frames)
    for part in free:
        for name, pages in ((f"{part}Free", free), (f"{part}Total", total)):
            require(seen.mem[name] == pages[part] * 4, "leak",
                    f"{name} is {seen.mem[name]} kB, summed up "
                    f"{pages[part] * 4}")
    stat = seen.stat
    in_use, kept = walk_mem_map(seen.pages)
    require(total["Mem"] == free["Mem"] + in_use + kept, "leak",
            f"of {total['Mem']} pages {free['Mem']} are free, {in_use} in use, "
            f"{kept} kept")
    given = sum(stat[f"pgalloc_{n}"] for n in ("dma", "normal", "high"))
    for what, got, want in (
            ("nr_free_pages", stat["nr_free_pages"], free["Mem"]),
            ("pgalloc less pgfree", given - stat["pgfree"], in_use),
            ("numa_foreign", stat["numa_foreign"], stat["numa_miss"]),
            ("numa_local and numa_other",
             stat["numa_local"] + stat["numa_other"],
             stat["numa_hit"] + stat["numa_miss"]),
            ("allocstall", stat["allocstall"], 0)):
        require(got == want, "leak", f"vmstat: {what}: {got}, not {want}")


def list_sums(seen):
    """meminfo and vmstat against zones, mem_map and each other: what differs
    is (name, number, what it must be)."""
    mem, stat = seen.mem, seen.stat
    mapped = [page for page in seen.raw if page.entries >= 0 and
              not page.flags >> PG_RESERVED & 1]
    anon = sum(page.mapping & 1 for page in mapped)
    of_files = sum(page.mapping != 0 and not page.mapping & 1 and
                   not page.flags >> PG_SLAB & 1 for page in seen.raw)
    active, inactive = (sum(z.lists[i] for z in seen.zones) for i in (0, 1))
    yield from (
        ("Active", mem["Active"], active * 4),
        ("Inactive", mem["Inactive"], inactive * 4),
        ("nr_active", stat["nr_active"], active),
        ("nr_inactive", stat["nr_inactive"], inactive),
        ("AnonPages", mem["AnonPages"], anon * 4),
        ("nr_anon_pages", stat["nr_anon_pages"], anon),
        ("Mapped", mem["Mapped"], (len(mapped) - anon) * 4),
        ("nr_mapped", stat["nr_mapped"], len(mapped) - anon),
        ("Buffers and Cached", mem["Buffers"] + mem["Cached"], of_files * 4),
        ("nr_file_pages", stat["nr_file_pages"] * 4,
         of_files * 4 + mem["SwapCached"]),
        ("nr_slab_*", stat["nr_slab_reclaimable"] +
         stat["nr_slab_unreclaimable"], mem["Slab"] // 4),
        ("nr_slab_reclaimable", stat["nr_slab_reclaimable"] * 4,
         mem["SReclaimable"]),
        ("nr_slab_unreclaimable", stat["nr_slab_unreclaimable"] * 4,
         mem["SUnreclaim"]),
        ("nr_page_table_pages", stat["nr_page_table_pages"] * 4,
         mem["PageTables"]),
        ("nr_dirty", stat["nr_dirty"] * 4, mem["Dirty"]),
        ("nr_writeback", stat["nr_writeback"] * 4, mem["Writeback"]),
        ("nr_bounce", stat["nr_bounce"] * 4, mem["Bounce"]),
        ("CommitLimit", mem["CommitLimit"] // 4,
         mem["MemTotal"] // 8 + mem["SwapTotal"] // 4),
    )


def check_uses(seen):
    """What pages are used for, as each report has it."""
    for name, got, want in list_sums(seen):
        require(got == want, "wrong output", f"{name} is {got}, must be {want}")
    # a batch of each CPU is on its way to the lists
    marked = sum(page.flags >> PG_LRU & 1 for page in seen.raw)
    listed = seen.stat["nr_active"] + seen.stat["nr_inactive"]
    require(listed <= marked <= listed + LRU_BATCH, "wrong contents",
            f"{marked} pages have PG_lru, {listed} are on lists")
    stolen, scanned = (
        sum(n for name, n in seen.stat.items() if name.startswith(prefix))
        for prefix in ("pgsteal_", "pgscan_"))
    require(seen.stat["kswapd_steal"] <= stolen <= scanned, "wrong output",
            f"of {scanned} pages {stolen} were stolen, "
            f"{seen.stat['kswapd_steal']} by kswapd")
    require(seen.mem["SwapFree"] <= seen.mem["SwapTotal"] and
            seen.stat["pgmajfault"] <= seen.stat["pgfault"], "wrong output",
            "a part is more than the whole")


def with_program(ctx, journal):
    """The same while a program has memory: private, of files, and tables."""
    ctx.once("programs", lambda: ctx.make("programs"))
    args = machine_args(64 * MB) + kernel_args(
        ctx.kernel, "", str(ctx.out / "programs.cpio"))
    kernel = matrix.kernel_image(ctx)
    with Guest(journal, args) as guest:
        guest.wait_prompt()
        guest.command("run sleep 1000 &")
        deadline = Deadline(60)
        while not re.search(r" sleep$", guest.command("ps"), re.M):
            require(deadline.left(), "timeout", "the program does not begin")
        seen = gather(guest, kernel, ())
    check_uses(seen)
    check_sums(seen)
    for name in ("Cached", "AnonPages", "Mapped", "PageTables",
                 "Committed_AS"):
        require(seen.mem[name], "wrong output", f"a program runs, and {name} "
                "is 0")
    require(seen.stat["pgfault"] >= 5, "wrong output", "a program runs, and "
            f"pgfault is {seen.stat['pgfault']}")


def walk_mem_map(pages):
    """How many pages are in use, and how many are kept for CPUs."""
    at = used = kept = 0
    while at < len(pages):
        flags, count = pages[at]
        size = 1
        if not flags >> PG_RESERVED & 1:
            if flags >> PG_BUDDY & 1 or count:
                size = 1 << (flags >> ORDER_SHIFT & 15)
            used += size if count else 0
            kept += 0 if flags >> PG_BUDDY & 1 or count else 1
        at += size
    return used, kept


def check_mem_map(seen):
    """buddyinfo is what the pages say."""
    found = Counter()
    for flags, count in seen.pages:
        if flags >> PG_BUDDY & 1:
            key = flags >> ZONE_SHIFT, flags >> ORDER_SHIFT & 15
            found[key] += 1
            require(count == 0, "wrong contents", "a free page has users")
    for (node, name), counts in seen.buddy.items():
        for order, listed in enumerate(counts):
            have = found.pop((node * 4 + NAMES.index(name), order), 0)
            require(have == listed, "wrong contents", f"node {node} zone "
                    f"{name} has {have} blocks of order {order}, "
                    f"buddyinfo {listed}")
    require(not found, "wrong contents", f"free blocks of no zone: {found}")


# --- objects and areas -------------------------------------------------------------------

def check_slabs(seen):
    """slabinfo against itself, the pages, meminfo; vmallocinfo and meminfo."""
    for cache in seen.caches:
        require(cache.objects == cache.slabs * cache.per_slab and
                cache.active <= cache.objects - cache.shared and
                cache.active_slabs <= cache.slabs and
                cache.size * cache.per_slab <= cache.pages * PAGE,
                "wrong output", f"slabinfo: {cache}")
    listed = sorted(c.slabs * c.pages for c in seen.caches if c.slabs)
    marked = sorted(seen.slab_pages.values())
    require(listed == marked, "wrong contents", f"slabinfo's caches have "
            f"{listed} pages, those with PG_slab are {marked}")
    for name, want in (("Slab", sum(listed) * PAGE),
                       ("VmallocUsed", sum(e - s for s, e in seen.areas))):
        require(seen.mem[name] * 1024 == want, "wrong output",
                f"{name} is {seen.mem[name]} kB, summed up {want >> 10}")
    require(seen.mem["VmallocChunk"] <=
            seen.mem["VmallocTotal"] - seen.mem["VmallocUsed"],
            "wrong output", f"VmallocChunk is {seen.mem['VmallocChunk']} kB")
    require(seen.leaks == "leaks: 0 objects, 0 bytes\n", "leak",
            f"leaks says \"{seen.leaks.strip()}\"")


def check_areas(told):
    """vmallocinfo as a case of the kernel printed it while areas were there."""
    lines = [line for line in told.splitlines() if line.startswith("0x")]
    areas = [line for line in lines if " vmalloc" in line]
    require(areas, "wrong output", "vmallocinfo shows no area")
    # printed more than once: the longest list is the first
    first = lines[:lines.index(lines[0], 1)] if lines[0] in lines[1:] else lines
    read_vmallocinfo("".join(line + "\n" for line in first))


def objects_after_tests(ctx, journal):
    """All of the kernel's cases leave not one object behind."""
    args = machine_args(64 * MB) + kernel_args(ctx.kernel)
    with Guest(journal, args, limit=300) as guest:
        guest.wait_prompt()
        before = read_slabinfo(guest.command("slabinfo"))
        ktap.check(guest.command(f"test {ktap.ROUNDS}all"))
        after = read_slabinfo(guest.command("slabinfo"))
        leaks = guest.command("leaks")
    for old, new in zip(before, after):
        require((old.name, old.active) == (new.name, new.active), "leak",
                f"{old.name} has {old.active} objects in use before the "
                f"tests, {new.name} {new.active} after them")
    require(len(before) == len(after), "leak",
            f"there were {len(before)} caches, and are {len(after)}")
    require(leaks == "leaks: 0 objects, 0 bytes\n", "leak",
            f"leaks says \"{leaks.strip()}\"")


# --- whatis ------------------------------------------------------------------------------

def sample_places(expected):
    """Addresses that are no RAM, and what must be said: {address: text}."""
    end = expected.ram[-1][1]
    places = {0x9F000: "  reserved: extended BIOS data\n"
                       "  the firmware has RAM in a part of it\n",
              0xA0000: "  reserved: VGA and BIOS ROMs\n",
              0xF0000: "  reserved: VGA and BIOS ROMs\n"
                       "  the firmware calls it reserved\n",
              0xFFFC0000: "  the firmware calls it reserved\n",
              0xFFFFFFFFF: "", end + 64 * MB: ""}
    for (_, start), (stop, _) in zip(expected.ram, expected.ram[1:]):
        # not its first frames: there may be tables of ACPI, with an owner
        for address in ((start + stop) // 2, stop - 1) if start > MB else ():
            kind = next((TYPE_NAMES[t] for s, e, t in expected.entries
                         if s <= address < e), None)
            places[address] = f"  the firmware calls it {kind}\n" if kind \
                else ""
    return places


def first_line(address):
    """What each answer of whatis begins with."""
    return f"frame {address // PAGE:#x}, physical " \
           f"{address // PAGE * PAGE:#x}: "


def check_places(seen, places):
    """Where there is no RAM, and why not."""
    for address, text in places.items():
        want = first_line(address) + "no RAM there\n" + text
        got = seen.frames[address]
        require(got == want, "wrong output", f"whatis phys {address:x} says "
                f"\"{got.strip()}\", not \"{want.strip()}\"")


def check_frames(seen, expected, zones):
    """First and last frame of every range of `mem`: owner, zone, state."""
    for start, end, _ in seen.ranges:
        for address in (start, end - 1):
            answer = seen.frames[address]
            node = next(n for (n, name), z in zones.items()
                        if z[0] <= address // PAGE < z[1] and
                        name == zone_name(address // PAGE, expected))
            head = first_line(address) + f"node {node}, zone " \
                f"{zone_name(address // PAGE, expected)}\n"
            require(answer.startswith(head), "wrong output",
                    f"whatis phys {address:x} says \"{answer[:80].strip()}\"")
            check_state(seen, address // PAGE,
                        answer[len(head):].split("\n")[0])


def check_state(seen, frame, line):
    """One frame's state in words against its page and its owners."""
    flags, count = seen.pages[frame]
    owners = [o for start, end, o in seen.ranges if o != "free" and
              start < (frame + 1) * PAGE and end > frame * PAGE]
    if owners:
        require(line == f"  reserved: {', '.join(owners)}" and
                flags >> PG_RESERVED & 1, "wrong output",
                f"frame {frame:#x} is {owners}: \"{line}\"")
        return
    match = re.fullmatch(
        r"  (free|in use): (first page|page (\d+)) of a (compound )?block of "
        r"order (\d+)( that begins at frame 0x([0-9a-f]+))?"
        r"(, (\d+) users?)?(, mapped \d+ times?)?", line)
    if not match:
        require(line == "  free: kept for CPU 0" and count == 0 and
                not flags >> PG_BUDDY & 1, "wrong output",
                f"frame {frame:#x}: \"{line}\"")
        return
    order = int(match[5])
    head = int(match[7], 16) if match[7] else frame
    flags, count = seen.pages[head]
    require(head % (1 << order) == 0 and head + int(match[3] or 0) == frame and
            flags >> ORDER_SHIFT & 15 == order and
            frame < head + (1 << order), "wrong output",
            f"frame {frame:#x}: \"{line}\", flags {flags:08x}")
    users = (0, None) if flags >> PG_BUDDY & 1 else (count, str(count))
    require((match[1] == "free") == bool(flags >> PG_BUDDY & 1) and
            (count, match[9]) == users, "wrong output",
            f"frame {frame:#x}: \"{line}\", flags {flags:08x}, {count} users")


def check_addresses(guest, kernel):
    """Virtual addresses: image, end of it, guard page, where nothing is."""
    text, end, guard = (kernel.symbols[name] for name in
                        ("mm_check", "_end", "boot_stack_guard"))
    for address, head in (
            (text, f"{text:08x} is physical {text - PAGE_OFFSET:#x}, "
                   "mm_check+0x0/"),
            (end, f"{end:08x} is physical {end - PAGE_OFFSET:#x}\n" +
                  first_line(end - PAGE_OFFSET)),
            (guard, f"{guard:08x} is not mapped\n"
                    "the direct map leaves this frame out:\n" +
                    first_line(guard - PAGE_OFFSET)),
            (0, "00000000 is not mapped\n"),
            (PAGE_OFFSET - 1, f"{PAGE_OFFSET - 1:08x} is not mapped\n"),
            (0xFFFFFFFF, "ffffffff is not mapped\n")):
        answer = guest.command(f"whatis {address:x}")
        require(answer.startswith(head), "wrong output",
                f"whatis {address:x} says \"{answer.strip()}\"")
    require("\n  reserved: kernel text\n" in
            guest.command(f"whatis {text:x}"), "wrong output",
            "mm_check is not in the kernel's text")


def check_owners(seen, with_owners):
    """The table: format, order, and its sum against the other reports."""
    if not with_owners:
        require(seen.owners == NO_OWNERS, "wrong output",
                f"owners says \"{seen.owners.strip()}\"")
        return
    rows = []
    for line in seen.owners.splitlines():
        match = re.fullmatch(r"( *\d+) pages ( *\d+) blocks  (\S.*)", line)
        require(match and len(match[1]) == 8 and len(match[2]) == 6,
                "wrong output", f"owners says \"{line}\"")
        rows.append((int(match[1]), int(match[2]), match[3]))
    *sites, total = rows
    require(sites == sorted(sites, key=lambda row: -row[0]), "wrong output",
            "owners is not sorted")
    for _, _, name in sites:
        require(re.fullmatch(r"\w+\+0x[0-9a-f]+/0x[0-9a-f]+", name),
                "wrong output", f"owners names \"{name}\"")
    in_use, _ = walk_mem_map(seen.pages)
    want = (in_use, sum(row[1] for row in sites), "in all")
    require(total == want and sum(row[0] for row in sites) == in_use, "leak",
            f"owners sums up {total}, must be {want}")


def unmapped_frames(ctx, journal):
    """debug=pagealloc: a free frame is not mapped, and is still told of."""
    args = machine_args(64 * MB) + kernel_args(ctx.kernel, "debug=pagealloc")
    with Guest(journal, args) as guest:
        guest.wait_prompt()
        zones = read_zoneinfo(guest.command("zoneinfo"))
        kernel = matrix.kernel_image(ctx)
        pages = read_mem_map(guest, kernel)
        frame = next(i for i, page in enumerate(pages)
                     if page.flags >> PG_BUDDY & 1 and
                     page.flags >> ZONE_SHIFT == 1)
        require(zones[1].start <= frame, "wrong contents", "zone of a page")
        address = PAGE_OFFSET + frame * PAGE
        answer = guest.command(f"whatis {address:x}")
        head = f"{address:08x} is not mapped\n" \
            "the direct map leaves this frame out:\n" + \
            first_line(frame * PAGE) + "node 0, zone Normal\n" \
            "  free: first page of a block of order "
        require(answer.startswith(head), "wrong output",
                f"whatis {address:x} says \"{answer.strip()}\"")
        require(guest.command("check") == "mm_check: nothing is wrong\n",
                "wrong output", "check finds something")
