"""Boot information that lies: a sentence and a halt, or a prompt; no reset.

Each case is a loader played by stub.py on a 64 MB machine. What must come is
written next to what is fed in: `halts` with a sentence, or a prompt after
exactly these warnings; then the memory map is judged, too.
"""

import random
import re
import struct
from dataclasses import dataclass

from machines import matrix, model, reports, stub
from machines.harness import Test, require
from machines.qemu import KB, MB, Guest, kernel_args, machine_args
from machines.stub import block, mmap_tag, module_tag, string_tag, tag

INFO = 0x20000          # where the information stands unless a case says so
EXTRA = 0x30000         # what it points to
TOP = 63 * MB
GOOD_MAP = ((0, 0x9FC00, 1), (0x9FC00, 0x400, 2), (MB, TOP - MB, 1),
            (TOP, MB, 2))
GOOD = (string_tag(stub.LOADER, "stub"), mmap_tag(GOOD_MAP))


ANY = "any sentence"


@dataclass(frozen=True)
class Case:
    """halts: the sentence; "" means that the boot must reach the prompt, ANY
    that it may do either: what is fed in is whatever memory holds.

    entries: the memory map that must result, as (start, size, type). says: a
    sentence that must be in the log.
    """

    name: str
    info: bytes = b""
    eax: int = stub.MB2_MAGIC
    ebx: int = INFO
    blobs: tuple = ()
    halts: str = ""
    warnings: tuple = ()
    entries: tuple = GOOD_MAP
    says: str = ""
    loses_ram: bool = False     # some of the RAM may be missing
    may_warn: str = ""          # any number of such warnings may come


# --- what is fed in ----------------------------------------------------------------

def head_cases():
    """The two registers and the block's own head."""
    good = block(*GOOD)
    unusable = "boot information at 00020000 is unusable: "
    yield Case("wrong-magic", good, eax=0x12345678, halts=(
        "not started by a multiboot loader: EAX was 12345678"))
    yield Case("magic-zero", good, eax=0, halts="EAX was 00000000")
    yield Case("total-size-0", block(*GOOD, total=0),
               halts=unusable + "it is shorter than its own head")
    yield Case("total-size-7", block(*GOOD, total=7),
               halts=unusable + "it is shorter than its own head")
    yield Case("total-size-huge", block(*GOOD, total=0xFFFFFFFF),
               halts="boot information of 4294967295 bytes; 32768 is the most")
    yield Case("total-size-32769", block(*GOOD, total=32769),
               halts="boot information of 32769 bytes; 32768 is the most")
    yield Case("truncated-in-a-tag", block(*GOOD, total=len(good) - 40),
               halts=unusable + "a tag runs past its end")
    yield Case("truncated-between-tags", block(*GOOD, total=len(good) - 8),
               halts=unusable + "its end tag is missing")
    yield Case("address-at-the-end", ebx=0xFFFFFFF0,
               halts="boot information ")
    yield Case("address-unaligned", good, ebx=INFO + 3)
    yield Case("address-above-8M", good, ebx=40 * MB)
    yield Case("plain", good)


def tag_cases():
    """Tags whose size or contents lie."""
    unusable = "is unusable: "
    yield Case("tag-length-past-end",
               block(*GOOD, tag(99, b"x", size=0x10000)),
               halts=unusable + "a tag runs past its end")
    yield Case("tag-length-wraps", block(*GOOD, tag(99, b"x", size=2**32 - 1)),
               halts=unusable + "a tag runs past its end")
    yield Case("tag-length-0", block(*GOOD, tag(99, b"x", size=0)),
               halts=unusable + "a tag runs past its end")
    yield Case("end-tag-missing", block(*GOOD, end=False),
               halts=unusable + "its end tag is missing")
    yield Case("string-without-end",
               block(*GOOD, tag(stub.CMDLINE, b"abc")),
               halts=unusable + "a string tag without an end")
    yield Case("string-empty-tag", block(*GOOD, tag(stub.CMDLINE)),
               halts=unusable + "a string tag without an end")
    yield Case("unknown-tags", block(tag(99, b"x" * 100), tag(2**32 - 1),
                                     *GOOD, tag(77)))
    yield Case("command-line-4K", block(*GOOD, string_tag(
        stub.CMDLINE, "nopge " + "x" * 4090)), says="cpu: ", warnings=(
            "the command line has 4096 characters; cut after 5",))


def module_cases():
    """Modules where there is no room for them."""
    yield Case("module-beyond-ram",
               block(*GOOD, module_tag(0x20000000, 0x20001000)),
               warnings=("module 0 is not all in RAM",))
    yield Case("module-over-the-end",
               block(*GOOD, module_tag(TOP - 4 * KB, TOP + 4 * KB)),
               warnings=("module 0 is not all in RAM",))
    yield Case("module-over-the-kernel",
               block(*GOOD, module_tag(MB + 64 * KB, MB + 128 * KB)),
               warnings=("module 0 overlaps the kernel",))
    yield Case("module-at-4G",
               block(*GOOD, module_tag(0xFFFFF000, 0xFFFFFFFF)),
               warnings=("module 0 is not all in RAM",))
    yield Case("module-backwards", block(*GOOD, module_tag(9 * MB, 8 * MB)),
               halts="is unusable: a module that ends before it starts")
    yield Case("module-empty", block(*GOOD, module_tag(9 * MB, 9 * MB)))
    yield Case("modules-40", block(*GOOD, *(
        module_tag(i * MB, i * MB + 9 * KB) for i in range(10, 50))),
        warnings=("8 modules more than the 32 that are listed; all of .* is theirs",))
    yield Case("modules-overlap", block(
        *GOOD, module_tag(9 * MB, 11 * MB), module_tag(10 * MB, 12 * MB)))


def map_cases():
    """Memory maps as no firmware should give them."""
    loader = string_tag(stub.LOADER, "stub")
    basic = tag(stub.BASIC, struct.pack("<2I", 639, (TOP - MB) // KB))
    yield Case("map-missing", block(loader),
               halts="the boot loader gave no memory map")
    yield Case("map-missing-but-sizes", block(loader, basic),
               entries=((0, 639 * KB, 1), (MB, TOP - MB, 1)),
               warnings=("no memory map; RAM taken from the loader's two",))
    yield Case("map-empty", block(loader, mmap_tag(())),
               halts="the boot loader gave no memory map")
    for size in (0, 8, 16, 23, 25):
        yield Case(f"map-entry-size-{size}", block(loader, tag(
            stub.MMAP, struct.pack("<2I", size, 0) + bytes(48))),
            halts="is unusable: a memory map with a bad entry size")
    yield Case("map-entry-size-40", block(loader, mmap_tag(GOOD_MAP, 40)))
    yield Case("map-only-reserved", block(loader, mmap_tag(((0, TOP, 2),))),
               halts="0 KB of RAM are too little")
    yield Case("map-too-little-ram",
               block(loader, mmap_tag(((0, 0x9F000, 1), (MB, MB, 1)))),
               halts="1660 KB of RAM are too little")
    yield Case("map-without-the-kernel",
               block(loader, mmap_tag(((16 * MB, 32 * MB, 1),))),
               halts="is not in the RAM of the memory map")
    yield Case("map-hole-in-the-kernel", block(loader, mmap_tag(
        (*GOOD_MAP, (MB + 64 * KB, 4 * KB, 2)))),
        halts="is not in the RAM of the memory map")
    wraps = (*GOOD_MAP, (2**64 - 4 * KB, 8 * KB, 2), (5 * 2**30, 0, 1))
    yield Case("map-wraps", block(loader, mmap_tag(wraps)),
               entries=(*GOOD_MAP, (2**64 - 4 * KB, 4 * KB, 2)))
    yield from tangled_maps(loader)


def tangled_maps(loader):
    """Unsorted, overlapping, of odd types, and too many."""
    some = [*GOOD_MAP, (20 * MB, 8 * MB, 2), (24 * MB, 8 * MB, 3),
            (30 * MB, 4 * MB, 1), (40 * MB + 1, 2, 4), (41 * MB, 77, 5),
            (42 * MB, 4 * KB, 0x80000000), (MB, TOP - MB, 1)]
    random.Random(1).shuffle(some)
    yield Case("map-tangled", block(loader, mmap_tag(some)),
               entries=tuple(some))
    yield from long_maps(loader)


def long_maps(loader):
    """200 entries fit, in any order; of more, RAM may be lost, no hole."""
    def holes(n, step, size):
        return [(8 * MB + i * step, size, 2 + i % 4) for i in range(n)]

    wrapping = [(2**64 - i * MB, i * 2 * MB, 2) for i in range(1, 21)]
    many = [*GOOD_MAP, *holes(80, 256 * KB, 64 * KB), *wrapping,
            *((s - KB, n, t) for s, n, t in holes(96, 200 * KB, 3 * KB))]
    random.Random(2).shuffle(many)
    yield Case("map-of-200", block(loader, mmap_tag(many)),
               entries=tuple(many), may_warn="RAM at .* lost", loses_ram=True)
    pieces = [(4 * MB + i * 256 * KB, 256 * KB, 1) for i in range(197)]
    random.Random(3).shuffle(pieces)
    whole = [(0, 0x9F000, 1), (MB, 3 * MB, 1), *pieces]
    yield Case("map-of-200-pieces", block(loader, mmap_tag(whole)),
               entries=tuple(whole))
    holed = [*GOOD_MAP, *holes(196, 128 * KB, 64 * KB)]
    yield Case("map-of-200-holes", block(loader, mmap_tag(holed)),
               entries=tuple(holed), may_warn="RAM at .* lost",
               loses_ram=True)
    lost = r"\d+ ranges of the memory map did not fit"
    pieces = [(4 * MB + i * 64 * KB, 64 * KB, 1) for i in range(700)]
    yield Case("map-of-700-pieces", block(loader, mmap_tag(
        [(0, 0x9F000, 1), (MB, 3 * MB, 1), *pieces])), warnings=(lost,),
        entries=((0, 0x9F000, 1), (MB, 50 * MB, 1)), loses_ram=True)
    yield Case("map-of-700-holes", block(loader, mmap_tag(
        [*GOOD_MAP, *holes(700, 16 * KB, 4 * KB)])), warnings=(
            lost, "the memory map is too fragmented; some RAM is lost"),
        entries=(*GOOD_MAP, *holes(700, 16 * KB, 4 * KB)),
        may_warn="RAM at .* lost", loses_ram=True)


def rsdp(rsdt, xsdt=None, damage=0):
    """An ACPI RSDP, version 1 or 2."""
    data = b"RSD PTR \0SWAPPR" + bytes([2 if xsdt is not None else 0]) + \
        struct.pack("<I", rsdt)
    data = data[:8] + bytes([-sum(data) % 256]) + data[9:]
    if xsdt is not None:
        data += struct.pack("<IQ4x", 36, xsdt)
        data = data[:32] + bytes([-sum(data) % 256]) + data[33:]
    return data[:9] + bytes([data[9] ^ damage]) + data[10:]


def acpi_table(signature, length=None, body=b"", good_sum=True):
    """A table; length: what it claims."""
    data = struct.pack("<4sIBB6s8sI4sI", signature, 36 + len(body)
                       if length is None else length, 1, 0, b"SWAPPR",
                       b"TEST    ", 1, b"TEST", 1) + body
    data = bytearray(data)
    data[9] = (-sum(data) + (0 if good_sum else 1)) % 256
    return bytes(data)


def fadt_blobs():
    """A FADT with 64-bit addresses: a FACS at 0x31000, a DSDT at 0x32000."""
    body = bytearray(112)
    struct.pack_into("<QQ", body, 132 - 36, EXTRA + 0x1000, EXTRA + 0x2000)
    return (
        (EXTRA, acpi_table(b"RSDT", body=struct.pack("<I", EXTRA + 0x100))),
        (EXTRA + 0x100, acpi_table(b"FACP", body=bytes(body))),
        (EXTRA + 0x1000, struct.pack("<4sI56x", b"FACS", 64)),
        (EXTRA + 0x2000, acpi_table(b"DSDT")))


def acpi_cases():
    """ACPI's chain of pointers, broken link by link."""
    useless = "ACPI: the root table cannot be used"

    def old(data):
        return block(*GOOD, tag(stub.OLD_RSDP, data))

    yield Case("rsdp-broken", old(rsdp(EXTRA, damage=1)), says="ACPI: RSDT at",
               warnings=("ACPI: the loader's RSDP is broken; searching",))
    yield Case("rsdp-empty", old(b""), says="ACPI: RSDT at",
               warnings=("ACPI: the loader's RSDP is broken; searching",))
    yield Case("rsdt-nowhere", old(rsdp(0)), warnings=(useless,))
    yield Case("rsdt-length-huge", old(rsdp(EXTRA)), warnings=(
        "ACPI: table at 30000 has an absurd length, 4294967295", useless),
        blobs=((EXTRA, acpi_table(b"RSDT", length=2**32 - 1)),))
    yield Case("rsdt-length-0", old(rsdp(EXTRA)), warnings=(
        "ACPI: table at 30000 has an absurd length, 0", useless),
        blobs=((EXTRA, acpi_table(b"RSDT", length=0)),))
    yield Case("rsdt-bad-sum", old(rsdp(EXTRA)), warnings=(
        "ACPI: RSDT at 30000 has a bad checksum", useless),
        blobs=((EXTRA, acpi_table(b"RSDT", good_sum=False)),))
    yield Case("rsdt-over-the-end", old(rsdp(0xFFFFFFF0)),
               warnings=("ACPI: .*", useless))
    yield Case("rsdt-lists-itself", old(rsdp(EXTRA)), says="ACPI: RSDT at",
               warnings=(r"ACPI: more than \d+ tables; the rest is left out",),
               blobs=((EXTRA, acpi_table(
                   b"RSDT", body=struct.pack("<I", EXTRA) * 100)),))
    yield Case("xsdt-above-4G", block(*GOOD, tag(
        stub.NEW_RSDP, rsdp(EXTRA, xsdt=0x123456789000))),
        says="ACPI: RSDT at 00030000", warnings=("ACPI: .*",),
        blobs=((EXTRA, acpi_table(b"RSDT")),))
    second_sum = bytearray(rsdp(EXTRA, xsdt=EXTRA + 0x100))
    second_sum[32] ^= 1
    yield Case("rsdp-second-sum", block(*GOOD, tag(
        stub.NEW_RSDP, bytes(second_sum))), says="ACPI: RSDT at 00030000",
        warnings=("ACPI: the RSDP's second checksum is bad; its XSDT is not",),
        blobs=((EXTRA, acpi_table(b"RSDT")),
               (EXTRA + 0x100, acpi_table(b"XSDT"))))
    for name, says in (("facs", "0000031000-000003103f          0 KB  ACPI table"),
                       ("x-dsdt", "ACPI: DSDT at 00032000")):
        yield Case(f"fadt-{name}", old(rsdp(EXTRA)), says=says,
                   blobs=fadt_blobs())
    yield Case("xsdt-good", block(*GOOD, tag(
        stub.NEW_RSDP, rsdp(0, xsdt=EXTRA))),
        says="ACPI: XSDT at 00030000",
        blobs=((EXTRA, acpi_table(b"XSDT")),))


def mb1_cases():
    """Multiboot 1, whose tables are pointers."""
    mmap = stub.mb1_mmap(GOOD_MAP)
    flag_memory, flag_cmdline, flag_modules, flag_mmap = 1, 4, 8, 64

    def case(name, flags, blob=mmap, **rest):
        wanted = {key: rest.pop(key) for key in tuple(rest)
                  if key in Case.__dataclass_fields__}
        fields = {"mmap_addr": EXTRA, "mmap_length": len(mmap), **rest}
        return Case("mb1-" + name, stub.mb1_info(flags, **fields),
                    eax=stub.MB1_MAGIC, blobs=((EXTRA, blob),), **wanted)

    yield case("plain", flag_mmap)
    yield case("nothing", 0, halts="the boot loader gave no memory map")
    yield case("sizes-only", flag_memory, mem_lower=639,
               mem_upper=(TOP - MB) // KB,
               entries=((0, 639 * KB, 1), (MB, TOP - MB, 1)),
               warnings=("no memory map; RAM taken from the loader's two",))
    yield case("map-entry-0", flag_mmap, halts="of RAM are too little",
               blob=stub.mb1_mmap(GOOD_MAP, [0] * 4))
    yield case("map-entry-huge", flag_mmap, halts="of RAM are too little",
               blob=stub.mb1_mmap(GOOD_MAP, [2**32 - 4] * 4))
    yield case("map-entry-wraps", flag_mmap, halts="of RAM are too little",
               blob=stub.mb1_mmap(GOOD_MAP, [2**32 - 1] * 4))
    yield case("map-huge", flag_mmap, mmap_length=2**32 - 1)
    yield case("modules-huge", flag_mmap | flag_modules, mods_count=2**32 - 1,
               mods_addr=EXTRA + 0x1000, halts="boot information of ")
    yield case("command-line-4K", flag_mmap | flag_cmdline,
               blob=mmap + b"nopge " + b"x" * 4090 + b"\0",
               cmdline=EXTRA + len(mmap), warnings=(
                   "the command line has 4096 characters; cut after 5",))
    yield case("command-line-endless", flag_mmap | flag_cmdline,
               blob=mmap + b"x" * 0x10000, cmdline=EXTRA + len(mmap),
               halts="boot information of ")
    yield Case("mb1-from-the-end", eax=stub.MB1_MAGIC, ebx=0xFFFFFFF0,
               halts=ANY)
    yield Case("mb1-from-rom", eax=stub.MB1_MAGIC, ebx=0xF0000, halts=ANY)
    yield Case("mb1-from-device", eax=stub.MB1_MAGIC, ebx=0xFEC00000,
               halts=ANY)
    yield Case("mb2-from-rom", ebx=0xF0000, halts="boot information ")
    yield Case("mb2-from-nothing", ebx=0xE0000000, halts="boot information ")


def all_cases():
    """Every case."""
    for group in (head_cases, tag_cases, module_cases, map_cases, acpi_cases,
                  mb1_cases):
        yield from group()


# --- and what must come ------------------------------------------------------------

def tests(ctx):
    """One test for each case."""
    for case in all_cases():
        yield Test(f"machines.bad-{case.name}",
                   lambda journal, case=case: run_case(ctx, journal, case),
                   0.5)


def run_case(ctx, journal, case):
    """Boots with the information of the case."""
    blobs = list(case.blobs)
    if case.info:
        blobs.append((case.ebx, case.info))
    packed = stub.pack(ctx, journal.scratch / "stub", case.eax, case.ebx,
                       blobs)
    with Guest(journal, machine_args(64 * MB) + kernel_args(packed),
               limit=120) as guest:
        if case.halts == ANY:
            guest.wait_prompt_or_halt()
        elif case.halts:
            check_halt(guest, case.halts)
        else:
            check_prompt(ctx, guest, case)


def check_halt(guest, sentence):
    """It says why, and stops."""
    guest.wait_halt()
    panic = re.search(r"^PANIC: (.*)$", guest.text, re.M)
    require(panic, "wrong output", "it stopped without a word")
    require(sentence in panic[1], "wrong output",
            f"it says \"{panic[1]}\", not \"... {sentence} ...\"")


def check_prompt(ctx, guest, case):
    """It warns, goes on, and is right about memory."""
    guest.wait_prompt()
    require(case.says in guest.text, "wrong output",
            f"\"{case.says}\" is missing")
    matrix.check_warnings(guest.text, case.warnings, case.may_warn)
    mem = guest.command("mem")
    info_tlb = guest.hmp("info tlb")
    guest.kill()
    entries = model.overlay([(s, min(s + n, 2**64), t)
                             for s, n, t in case.entries if n])
    expected = model.expect_map(entries)
    owners = reports.ranges(mem, "owners of RAM:")
    if case.loses_ram:
        check_inside(owners, expected.ram)
        return
    matrix.check_coverage(owners, expected.ram)
    matrix.check_totals(mem, owners, expected)
    matrix.check_image_owners(owners, matrix.kernel_image(ctx))
    last = max(leaf[0] for leaf in reports.qemu_leaves(info_tlb))
    end = last + model.PAGE - model.PAGE_OFFSET
    require(end >= expected.low_end, "wrong page tables",
            f"lowmem ends at {end:x}, not {expected.low_end:x}")


def check_inside(owners, ram):
    """Less RAM than there is is right; more, or what is taken, is not."""
    for owner in owners:
        require(any(s <= owner[0] and owner[1] <= e for s, e in ram),
                "wrong memory map", f"{matrix.show(owner)} is not in the RAM "
                f"that the map gives: {matrix.spans(ram)}")
    require(sum(o[1] - o[0] for o in owners) >= 3 * MB, "wrong memory map",
            "nearly all RAM is lost")
