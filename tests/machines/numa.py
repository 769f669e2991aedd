"""Machines of several nodes, real ones, made up, and badly described.

What must come is computed from the description of the machine alone: the ranges
of the nodes, the zones that these and the memory map make, what `zoneinfo` and
`buddyinfo` must list. Three ways to describe nodes:

    -numa           QEMU writes SRAT (and SLIT, with -numa dist)
    -acpitable      tables of our own, on a machine that has no SRAT: iasl
                    compiles them from text, an independent judge of the format;
                    what is to be wrong is patched in afterwards
    stub.py         whole ACPI of our own: QEMU repairs the checksum of what
                    -acpitable is given, so a bad one must come this way
"""

import re
import struct
from dataclasses import dataclass
from typing import Optional

from machines import bad_info, ktap, matrix, model, reports_mm, stub
from machines.harness import Test, require, run_command
from machines.qemu import GB, KB, MB, Guest, kernel_args, machine_args

PAGE = model.PAGE
LARGEST_BLOCK = 4 * MB
LOW_HOLE = (640 * KB, MB)
DMA_END = 16 * MB
ZONES = ("DMA", "Normal", "HighMem")


@dataclass(frozen=True)
class Case:
    """One machine.

    ranges: (node, start, end) as the log must list them; () is a machine of one
    node of which the log says nothing. distances: rows; None: 10 and 20.
    cpus: nodes that have some. says: the log's only word on nodes instead.
    """

    name: str
    mem: int = 96 * MB
    args: tuple = ()
    tables: tuple = ()      # text for iasl, and its patches
    cpu: str = "max"
    cmdline: str = ""
    counts: Optional[str] = None
    ranges: tuple = ()
    nodes: int = 1
    distances: Optional[tuple] = None
    cpus: tuple = (0,)
    booted: int = 0
    says: str = ""
    warnings: tuple = ()


# --- what QEMU is told --------------------------------------------------------

def node_args(sizes, cpus, distances=()):
    """-numa for nodes of these sizes (0: none) and these CPUs ("" or "0-1")."""
    args = []
    for node, (size, some) in enumerate(zip(sizes, cpus)):
        words = f"node,nodeid={node}"
        if some:
            words += f",cpus={some}"
        if size:
            args += ["-object", f"memory-backend-ram,id=m{node},size={size},"
                     "reserve=off"]
            words += f",memdev=m{node}"
        args += ["-numa", words]
    for src, dst, value in distances:
        args += ["-numa", f"dist,src={src},dst={dst},val={value}"]
    last = max(int(some[-1]) for some in cpus if some)
    return (*args, "-smp", str(last + 1))


def node_ranges(sizes):
    """The ranges of QEMU's SRAT: RAM cut at the hole below 1 MB and at 4 GB."""
    low, _ = model.split_at_4g(model.Row("", mem=sum(sizes)))
    at, result = 0, []
    for node, size in enumerate(sizes):
        start, at = at, at + size
        for first, last, moved in ((0, LOW_HOLE[0], 0), (LOW_HOLE[1], low, 0),
                                   (low, at, model.FOUR_GB - low)):
            if max(start, first) < min(at, last):
                result.append((node, max(start, first) + moved,
                               min(at, last) + moved))
    return tuple(result)


def qemu_nodes(name, sizes, cpus_of, dist=(), **rest):
    """A Case for a machine whose nodes QEMU describes."""
    fields = {
        "mem": sum(sizes), "args": node_args(sizes, cpus_of, dist),
        "ranges": node_ranges(sizes), "nodes": len(sizes),
        "cpus": tuple(node for node, some in enumerate(cpus_of) if some),
    }
    return Case(name, **{**fields, **rest})


# --- machines as QEMU describes them ------------------------------------------

TWO = ((33 * MB, 63 * MB), ("0", "1"))
LINE = ((0, 1, 20), (0, 2, 30), (0, 3, 40), (1, 2, 20), (1, 3, 30), (2, 3, 20))
LINE_ROWS = ((10, 20, 30, 40), (20, 10, 20, 30), (30, 20, 10, 20),
             (40, 30, 20, 10))


def real_cases():
    """Odd sizes, distances, holes, nodes that lack something."""
    yield qemu_nodes("two", *TWO)
    yield qemu_nodes("two-pentium", *TWO, cpu="pentium")
    yield qemu_nodes("two-nocpuid", *TWO, cmdline="nocpuid")
    yield qemu_nodes("two-pae-highmem", *TWO, cmdline="pae highmem=16M")
    yield qemu_nodes("four-in-a-line", (32 * MB, 20 * MB, 41 * MB, 35 * MB),
                     ("0", "1", "2", "3"), LINE, distances=LINE_ROWS)
    # one way is longer than the other, and a node out of reach
    yield qemu_nodes("asymmetric", (32 * MB, 32 * MB, 32 * MB), ("0", "1", "2"),
                     ((0, 1, 20), (1, 0, 40), (0, 2, 255), (2, 0, 255),
                      (1, 2, 254), (2, 1, 11)),
                     distances=((10, 20, 255), (40, 10, 254), (255, 11, 10)))
    yield qemu_nodes("sixteen", (16 * MB,) * 16, tuple(
        str(n) if n < 8 else "" for n in range(16)))
    for cpu in ("max", "pentium3"):
        yield qemu_nodes(f"second-above-4G-{cpu}", (3 * GB, 3 * GB),
                         ("0", "1"), cpu=cpu)
    yield qemu_nodes("across-the-hole", (2 * GB, 4 * GB), ("0", "1"))
    # one CPU: of two 486s, without APICs, no interrupt would reach the first
    yield qemu_nodes("second-cut-off-486", (3 * GB, 3 * GB), ("0", ""),
                     cpu="486", warnings=(
                         r"\d+ MB of RAM at and above 4 GB are out of reach",))
    yield qemu_nodes("second-all-high", (896 * MB, 128 * MB), ("0", "1"))
    yield qemu_nodes("without-memory", (48 * MB, 48 * MB, 0), ("0", "1", "2"))
    yield qemu_nodes("boot-node-without-memory", (0, 96 * MB), ("0", "1"))
    yield qemu_nodes("without-cpus", (32 * MB, 32 * MB, 32 * MB),
                     ("0-1", "", "2"))
    yield qemu_nodes("first-without-cpus", (40 * MB, 56 * MB), ("", "0"),
                     booted=1)
    yield qemu_nodes("mem=32M-of-two", *TWO, cmdline="mem=32M")
    yield from too_many_nodes()


def too_many_nodes():
    """17 nodes are more than there may be."""
    sizes = (8 * MB,) * 17
    yield Case("seventeen", mem=sum(sizes),
               args=node_args(sizes, ("0", *[""] * 16)),
               warnings=(broken("too many proximity domains"),))


def broken(sentence, table="SRAT"):
    """The warning for a table that is not used."""
    end = "the machine is taken as one node"
    if table == "SLIT":
        end = "each node is taken as 20 from the others"
    return re.escape(f"{table}: {sentence}; {end}") + "$"


# --- made up ------------------------------------------------------------------

def fake_ranges(mem, n):
    """Equal shares of RAM; borders to the nearest 4 MB if each has so much."""
    ram = model.ram_pages(model.memory_map(model.Row("", mem=mem)))
    frames = [frame for start, end in ram
              for frame in range(start // PAGE, end // PAGE)]
    borders = [0]
    for k in range(1, n):
        border = frames[len(frames) * k // n] * PAGE
        if len(frames) * PAGE >= n * LARGEST_BLOCK:
            border = (border + LARGEST_BLOCK // 2) // LARGEST_BLOCK * \
                LARGEST_BLOCK
        borders.append(border)
    borders.append(ram[-1][1])
    return tuple((k, borders[k], borders[k + 1]) for k in range(n))


def option_cases():
    """numa= on machines with nodes and on one without; bad values."""
    for n in (2, 4, 16):
        yield Case(f"fake={n}", cmdline=f"numa=fake={n}", nodes=n,
                   ranges=fake_ranges(96 * MB, n))
        yield qemu_nodes(f"fake={n}-of-two", *TWO, cmdline=f"numa=fake={n}",
                         nodes=n, ranges=fake_ranges(96 * MB, n), cpus=(0,))
    yield Case("fake=16-16M", mem=16 * MB, nodes=16, cmdline="numa=fake=16",
               ranges=fake_ranges(16 * MB, 16))
    yield Case("fake=3-1G", mem=GB, nodes=3, cmdline="numa=fake=3",
               ranges=fake_ranges(GB, 3))
    yield Case("fake=5-6G", mem=6 * GB, nodes=5, cmdline="numa=fake=5",
               ranges=fake_ranges(6 * GB, 5))
    yield Case("fake=1", cmdline="numa=fake=1")
    yield qemu_nodes("fake=1-of-two", *TWO, cmdline="numa=fake=1", ranges=(),
                     nodes=1)
    off = "numa: off: one node has all RAM"
    yield Case("off", cmdline="numa=off", says=off)
    yield qemu_nodes("off-of-two", *TWO, cmdline="numa=off", says=off,
                     ranges=(), nodes=1)
    yield qemu_nodes("off-of-seventeen", (8 * MB,) * 17, ("0", *[""] * 16),
                     cmdline="numa=off", says=off, ranges=(), nodes=1)
    for value in ("fake=0", "fake=17", "foo", "fake=4x", "fake", ""):
        warning = rf"option numa={value}: expected numa=off\|fake=N; ignored"
        yield qemu_nodes(f"bad-{value or 'empty'}", *TWO, counts="",
                         cmdline=f"numa={value}", warnings=(warning,))
    yield qemu_nodes("bad-bare", *TWO, cmdline="numa", counts="", warnings=(
        r"option numa: expected numa=off\|fake=N; ignored",))
    yield qemu_nodes("fake-and-off", *TWO, cmdline="numa=fake=2 numa=off",
                     ranges=fake_ranges(96 * MB, 2), cpus=(0,), warnings=(
                         r"option numa is given twice; the first counts",))


def least_cases():
    """Just so much RAM that borders stand at multiples of 4 MB, and the first
    node has more than the image."""
    yield Case("fake=16-129M", mem=129 * MB, nodes=16, cmdline="numa=fake=16",
               ranges=fake_ranges(129 * MB, 16))


# --- tables of our own: text for iasl -----------------------------------------

HEADER = """\
Signature : "{0}"
Table Length : 00000000
Revision : {1:02X}
Checksum : 00
Oem ID : "SWAPPR"
Oem Table ID : "NUMA"
Oem Revision : 00000001
Asl Compiler ID : "INTL"
Asl Compiler Revision : 00000000
"""
SRAT_HEADER = HEADER + """\
Table Revision : 00000001
Reserved : 0000000000000000
"""
CPU = """\
Subtable Type : 00
Length : 10
Proximity Domain Low(8) : {low:02X}
Apic ID : {apic:02X}
Flags (decoded below) : {flags:08X}
Enabled : {flags}
Local Sapic EID : 00
Proximity Domain High(24) : {high:06X}
Clock Domain : 00000000
"""
MEMORY = """\
Subtable Type : 01
Length : 28
Proximity Domain : {domain:08X}
Reserved1 : 0000
Base Address : {base:016X}
Address Length : {size:016X}
Reserved2 : 00000000
Flags (decoded below) : {flags:08X}
Enabled : {enabled}
Hot Pluggable : {hot}
Non-Volatile : {nv}
Reserved3 : 0000000000000000
"""
X2APIC = """\
Subtable Type : 02
Length : 18
Reserved1 : 0000
Proximity Domain : {domain:08X}
Apic ID : {apic:08X}
Flags (decoded below) : {flags:08X}
Enabled : {flags}
Clock Domain : 00000000
Reserved2 : 00000000
"""
SRAT_HEAD, CPU_SIZE, MEMORY_SIZE = 48, 16, 40
ENABLED, HOT, VOLATILE_NOT = 1, 2, 4


@dataclass(frozen=True)
class Table:
    """Text for iasl, and bytes to write over what it makes: (offset, bytes).

    padding is put behind it, and the length in its head corrected.
    """

    text: str
    patches: tuple = ()
    padding: bytes = b""


def cpu(domain, apic, flags=ENABLED):
    """A CPU's entry."""
    return CPU.format(low=domain & 0xFF, high=domain >> 8, apic=apic,
                      flags=flags)


def x2apic(domain, apic):
    """The same with wide ids."""
    return X2APIC.format(domain=domain, apic=apic, flags=ENABLED)


def memory(domain, start, end, flags=ENABLED):
    """A range's entry."""
    return MEMORY.format(domain=domain, base=start, size=end - start,
                         flags=flags, enabled=flags & 1, hot=flags >> 1 & 1,
                         nv=flags >> 2)


def srat(*entries, patches=(), padding=b"", revision=3):
    """A Table of these entries."""
    return Table(SRAT_HEADER.format("SRAT", revision) + "".join(entries),
                 patches, padding)


def slit(*rows, patches=()):
    """A Table of distances."""
    text = HEADER.format("SLIT", 1) + f"Localities : {len(rows):016X}\n"
    for number, row in enumerate(rows):
        text += f"Locality {number} : " + " ".join(
            f"{d:02X}" for d in row) + "\n"
    return Table(text, patches)


def compile_table(journal, number, table):
    """iasl's output, patched; the path."""
    source = journal.scratch / f"table{number}.asl"
    path = source.with_suffix(".aml")
    source.write_text(table.text)
    journal.note(table.text)
    journal.note(run_command(["iasl", "-p", str(path), str(source)], 30,
                             "broken test"))
    data = bytearray(path.read_bytes())
    for offset, content in table.patches:
        data[offset:offset + len(content)] = content
    if table.padding:
        data += table.padding
        struct.pack_into("<I", data, 4, len(data))
    path.write_bytes(data)
    return path


# --- machines that are described oddly or wrongly -----------------------------

def good_entries(a=0, b=1):
    """33 MB and 63 MB, upper node first; node a has the CPU."""
    return (memory(b, 33 * MB, 96 * MB), cpu(a, 0), memory(a, MB, 33 * MB),
            memory(a, 0, 640 * KB))


GOOD_RANGES = node_ranges(TWO[0])


def described(name, *tables, **rest):
    """A machine of two nodes by tables of our own."""
    fields = {"ranges": GOOD_RANGES, "nodes": 2}
    return Case("srat-" + name, tables=tables, **{**fields, **rest})


def undescribed(name, sentence, *tables):
    """A machine whose SRAT is broken: one node."""
    return Case("srat-" + name, tables=tables, warnings=(broken(sentence),))


def odd_cases():
    """Sound tables as few firmwares write them."""
    swapped = tuple((1 - node, start, end) for node, start, end in GOOD_RANGES)
    yield described("out-of-order", srat(*good_entries()))
    yield described("huge-domains", srat(*good_entries(7, 0xFFFFFFFE)[:1],
                                         x2apic(7, 0),
                                         *good_entries(7, 0xFFFFFFFE)[2:]))
    yield described("domains-reversed", srat(*good_entries(0x123456, 5)),
                    ranges=swapped, cpus=(1,), booted=1)
    yield described("revision-1", srat(
        *good_entries(0xABCD00, 0x12345601), revision=1))
    yield described("hot-plug-above", srat(*good_entries(), memory(
        1, 4 * GB, 5 * GB, ENABLED | HOT)), ranges=(
            *GOOD_RANGES, (1, 4 * GB, 5 * GB)))
    yield described("disabled-entries", srat(
        cpu(9, 0, 0), *good_entries(), memory(8, 0, GB, 0),
        memory(7, 0, GB, ENABLED | VOLATILE_NOT), memory(6, 5, 5)))
    yield described("forgotten-pages", srat(
        cpu(0, 0), memory(0, 64 * KB, 640 * KB),
        memory(0, MB, 33 * MB - 64 * KB),
        memory(1, 33 * MB, 95 * MB + 512 * KB)),
        ranges=((0, 0, 640 * KB), (0, MB, 33 * MB),
                (1, 33 * MB, 96 * MB - 128 * KB)))
    yield described("boot-cpu-not-listed", srat(
        cpu(1, 9), *good_entries()[0:1], *good_entries()[2:]), cpus=(0, 1))
    yield described("60K", srat(*good_entries(), padding=fill(0xF000)))
    yield described("slit", srat(*good_entries(0, 2)), slit(
        (10, 99, 35), (99, 10, 99), (45, 99, 10)),
        distances=((10, 35), (45, 10)))
    yield described("slit-too-small", srat(*good_entries(0, 2)),
                    slit((10, 30), (30, 10)))
    one = srat(memory(3, 0, 96 * MB))
    yield Case("srat-one-node", tables=(one,))
    yield Case("slit-without-srat", tables=(slit((10, 9), (9, 11)),))


def fill(size):
    """Entries to pass over that make a table of good_entries() this long."""
    left = size - SRAT_HEAD - 3 * MEMORY_SIZE - CPU_SIZE
    entry = struct.pack("<BB30x", 5, 32)
    return entry * (left // 32 - 1) + struct.pack(
        "<BB", 5, 32 + left % 32).ljust(32 + left % 32, b"\0")


def broken_cases():
    """One mistake each."""
    last = SRAT_HEAD + 2 * MEMORY_SIZE + CPU_SIZE
    second = SRAT_HEAD + MEMORY_SIZE
    past = "an entry runs past the end of the table"

    def patched(*patches):
        return srat(*good_entries(), patches=patches)

    yield undescribed("entry-past-end", past, patched((last + 1, b"\x29")))
    yield undescribed("entry-length-255", past, patched((second + 1, b"\xff")))
    yield undescribed("entry-length-0", "an entry is shorter than its own head",
                      patched((second + 1, b"\0")))
    yield undescribed("entry-length-1", "an entry is shorter than its own head",
                      patched((SRAT_HEAD + 1, b"\1")))
    yield undescribed("entry-too-short", "an entry is too short for its type",
                      patched((second + 1, b"\x0f")))
    for kind in (7, 255):
        yield undescribed(
            f"entry-type-{kind}", "an entry is of an unknown type",
            patched((second, bytes([kind]))))
    yield undescribed("one-byte-behind", past,
                      srat(*good_entries(), padding=b"\0"))
    yield undescribed("too-long", "it is too long to be mapped", srat(
        *good_entries(), padding=fill(0xF001)))
    overlap = "two ranges of memory overlap"
    yield undescribed("overlap", overlap, srat(
        *good_entries(), memory(2, 20 * MB, 50 * MB)))
    yield undescribed("overlap-of-one-node", overlap, srat(
        *good_entries(), memory(1, 33 * MB, 96 * MB)))
    yield undescribed("wraps", "a range of memory runs past 2^64", srat(
        *good_entries(), memory(1, 2**64 - MB, 2**64 + MB)))
    yield undescribed("domains-17", "too many proximity domains", srat(
        *good_entries(), *(cpu(n, n) for n in range(2, 17))))
    yield undescribed("ranges-65", "too many ranges of memory", srat(
        *good_entries(), *(memory(0, n * GB, n * GB + MB)
                           for n in range(1, 63))))
    yield undescribed("no-memory", "no memory has a node", srat(cpu(0, 0)))
    yield undescribed("empty", "no memory has a node", srat(
        cpu(0, 0, 0), memory(0, 0, GB, 0)))
    yield undescribed("2M-forgotten", "more than 1 MB of RAM has no node", srat(
        cpu(0, 0), memory(0, 0, 32 * MB), memory(1, 34 * MB, 96 * MB)))
    yield from broken_distances()


def broken_distances():
    """A broken SLIT costs the distances, not the nodes."""
    for name, table, sentence in (
            ("diagonal", slit((10, 20), (20, 11)),
             "a domain is not 10 from itself"),
            ("below-10", slit((10, 9), (20, 10)), "a distance is below 10"),
            ("count-0", slit((10, 30), (30, 10), patches=((36, b"\0"),)),
             "its number of domains is absurd"),
            ("count-huge", slit((10, 30), (30, 10), patches=(
                (43, b"\xff"),)), "its number of domains is absurd"),
            ("count-3-of-2", slit((10, 30), (30, 10), patches=((36, b"\3"),)),
             "it is shorter than its matrix")):
        yield described(f"slit-{name}", srat(*good_entries()), table,
                        warnings=(broken(sentence, "SLIT"),))


# --- the checksum, through a loader of our own --------------------------------

STUB_TOP = 63 * MB
STUB_FADT = bad_info.EXTRA + 0x100
STUB_SRAT = bad_info.EXTRA + 0x200


def stub_srat(good_sum):
    """Two nodes on the stub's machine, as bytes."""
    def entry(domain, start, end):
        return struct.pack("<BBIHQQIIQ", 1, MEMORY_SIZE, domain, 0, start,
                           end - start, 0, ENABLED, 0)
    return bad_info.acpi_table(b"SRAT", body=struct.pack(
        "<12x") + entry(0, 0, 40 * MB) + entry(1, 40 * MB, 64 * MB),
        good_sum=good_sum)


def check_checksum(ctx, journal, good_sum):
    """A table with a bad sum is as none; the same with a good one is used."""
    rsdt = bad_info.acpi_table(b"RSDT", body=struct.pack("<2I", STUB_FADT,
                                                         STUB_SRAT))
    fadt = bad_info.acpi_table(b"FACP", body=bytes(80))
    info = stub.block(*bad_info.GOOD, stub.tag(
        stub.OLD_RSDP, bad_info.rsdp(bad_info.EXTRA)))
    path = stub.pack(ctx, journal.scratch / "image", stub.MB2_MAGIC,
                     bad_info.INFO, [(bad_info.INFO, info),
                                     (bad_info.EXTRA, rsdt),
                                     (STUB_FADT, fadt),
                                     (STUB_SRAT, stub_srat(good_sum))])
    args = machine_args(64 * MB) + kernel_args(path)
    ranges = ((0, 0, 40 * MB), (1, 40 * MB, 64 * MB)) if good_sum else ()
    case = Case("", ranges=ranges, nodes=2 if good_sum else 1)
    with Guest(journal, args) as guest:
        guest.wait_prompt()
        log = guest.text
        zones = read_zones(guest)
        report = guest.command(f"test {OF_NODES}")
    matrix.check_warnings(log, () if good_sum else (
        rf"ACPI: SRAT at {STUB_SRAT:x} has a bad checksum$",))
    check_log(case, log)
    ram = model.ram_pages([(s, s + n, t) for s, n, t in bad_info.GOOD_MAP])
    check_zones(zones, expected_zones(ranges, ram, STUB_TOP))
    ktap.check(report)


# --- judging ------------------------------------------------------------------

# what depends on nodes; the rest of the kernel sees the same machine again
OF_NODES = (f"{ktap.ROUNDS}numa,zonelist,pages,pcp,page_init,report,memory,slab,"
            "slab_nodes,slab_reap,vmalloc,thread")
# these want pages of the node they run on, which the kernel fills
WITHOUT_LOCAL = "-slab,-slab_nodes,-slab_reap,-zonelist.alloc_pages_node"


def tests(ctx):
    """A boot for each case."""
    for group, suites in ((real_cases, OF_NODES), (option_cases, OF_NODES),
                          (least_cases, f"{OF_NODES},{WITHOUT_LOCAL}"),
                          (odd_cases, OF_NODES), (broken_cases, OF_NODES)):
        for case in group():
            yield Test(f"machines.numa-{case.name}",
                       lambda journal, case=case, suites=suites: run_case(
                           ctx, journal, case, suites), 2.0)
    for name, good_sum in (("good", True), ("bad", False)):
        yield Test(f"machines.numa-srat-{name}-checksum",
                   lambda journal, good_sum=good_sum: check_checksum(
                       ctx, journal, good_sum), 3.0)


def boot_args(ctx, journal, case):
    """QEMU's arguments."""
    if case.args:
        # memory comes with the nodes: none of machine_args()' own
        args = machine_args(MB, cpu=case.cpu)
        args[args.index("-m") + 1] = f"{case.mem // KB}K"
    else:
        args = machine_args(case.mem, cpu=case.cpu)
    for number, table in enumerate(case.tables):
        path = compile_table(journal, number, table)
        args += ["-acpitable", f"file={path}"]
    return [*args, *case.args, *kernel_args(ctx.kernel, case.cmdline)]


def run_case(ctx, journal, case, suites):
    """Boots it once and judges what it says."""
    with Guest(journal, boot_args(ctx, journal, case)) as guest:
        guest.wait_prompt()
        log = guest.text
        zones = read_zones(guest)
        report = matrix.run_tests(guest, suites)
    matrix.check_warnings(log, case.warnings)
    check_log(case, log)
    expected = model.expect(model.Row("", mem=case.mem, cpu=case.cpu,
                                      cmdline=case.cmdline,
                                      counts=case.counts))
    check_zones(zones, expected_zones(case.ranges, expected.ram,
                                      expected.low_end))
    if isinstance(report, Exception):
        raise report
    ktap.check(report)


def expected_log(case):
    """The lines on nodes: ranges, who has no memory, distances, CPUs."""
    if not case.ranges:
        return [case.says] if case.says else []
    lines = [f"numa: node {node} has {start:010x}-{end - 1:010x}"
             for node, start, end in sorted(case.ranges, key=lambda r: r[1])]
    some = {node for node, _, _ in case.ranges}
    lines += [f"numa: node {node} has no memory"
              for node in range(case.nodes) if node not in some]
    distances = case.distances or [
        [10 if i == j else 20 for j in range(case.nodes)]
        for i in range(case.nodes)]
    lines += [f"numa: distances from node {node}: " + " ".join(map(str, row))
              for node, row in enumerate(distances)]
    return lines + [f"numa: {case.nodes} nodes; with CPUs: "
                    f"{' '.join(map(str, case.cpus))}; "
                    f"booted on {case.booted}"]


def check_log(case, log):
    """All and only the lines that must be there."""
    got = re.findall(r"^numa: .*$", log, re.M)
    for a, b in zip(got + [None] * len(log), expected_log(case)):
        require(a == b, "wrong output", f"the log says \"{a}\", not \"{b}\"")
    require(len(got) == len(expected_log(case)), "wrong output",
            f"the log has more on nodes: \"{got[-1] if got else ''}\"")


def node_at(ranges, address):
    """The node that the ranges give to a frame."""
    return next((node for node, start, end in ranges
                 if start <= address < end), 0)


def expected_zones(ranges, ram, low_end):
    """{(node, zone): [first frame, end frame, frames of RAM]}."""
    borders = sorted({DMA_END, low_end, *(r[1] for r in ranges),
                      *(r[2] for r in ranges)})
    zones = {}
    for start, end in ram:
        points = [start, *(b for b in borders if start < b < end), end]
        for first, last in zip(points, points[1:]):
            kind = ZONES[(first >= DMA_END) + (first >= low_end)]
            zone = zones.setdefault((node_at(ranges, first), kind),
                                    [first // PAGE, 0, 0])
            zone[1] = last // PAGE
            zone[2] += (last - first) // PAGE
    return zones


def read_zones(guest):
    """What zoneinfo and buddyinfo list."""
    return (reports_mm.read_zoneinfo(guest.command("zoneinfo")),
            reports_mm.read_buddyinfo(guest.command("buddyinfo")))


def check_zones(zones, want):
    """Exactly the zones of the model, with their frames."""
    info, free = zones
    keys = sorted(want, key=lambda zone: (zone[0], ZONES.index(zone[1])))
    got = [zone.key for zone in info]
    require(got == keys, "wrong output", f"zoneinfo lists {got}, not {keys}")
    require(list(free) == keys, "wrong output",
            f"buddyinfo lists {list(free)}, not {keys}")
    for zone in info:
        start, end, present = want[zone.key]
        require((zone.start, zone.spanned, zone.present) ==
                (start, end - start, present), "wrong memory map",
                f"zone {zone.key} begins at {zone.start}, spans "
                f"{zone.spanned}, has {zone.present} pages; not {start}, "
                f"{end - start}, {present}")
        require(zone.free <= present, "wrong memory map",
                f"zone {zone.key} has {zone.free} free pages of {present}")
