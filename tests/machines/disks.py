"""Disks: what the kernel writes is what the host finds in the image.

Images are made here, in the test's scratch folder, and labelled as disks that
the kernel's tests may write to (tests/kernel/disks.h). The kernel reads what
the host wrote, writes its own, and when the machine has ended the host reads
the image, byte for byte.
"""

import json
import re
import struct
import time
from dataclasses import dataclass

from machines import ktap
from machines.harness import Test, require
from machines.qemu import GB, MB, PASSED, Guest, kernel_args, machine_args

SECTOR = 512
SIZE = 16 * MB
MAGIC = b"swapper test disk: write to me\n\0"
KINDS_FROM, KIND_SECTORS, KIND_PAGES = 64, 64, 8
HOST_FROM, HOST_SECTORS = 512, 256
RANDOM_FROM, RANDOM_SECTORS = 1024, 8192
STARVED_FROM = RANDOM_FROM + RANDOM_SECTORS
GEN_KINDS, GEN_HOST = 1, 7
KINDS = ("DMA", "Normal", "HighMem", "above 4 GB")
BAD = {"bad_read": 20004, "bad_write": 20104, "once_read": 20204,
       "once_write": 20304}

KIND_LINE = re.compile(r"# disk: (hd[a-d]) has a block from pages (.*)$", re.M)
SUM_LINE = re.compile(r"# disk: (hd[a-d]) random sum ([0-9a-f]{8})$", re.M)
ANY_IDE = re.compile(r"^.*\bide: .*$", re.M)
SPECIAL = {"ide.bad_sectors", "ide.a_slow_disk", "ide.more_than_28_bits"}
NEIGHBOURS = "ide.a_silent_neighbour_costs_no_limit"    # hda's and hdb's
MIXED = (       # options: what all devices share becomes scarce
    ("plain", ""), ("bounce", "debug=bounce "),
    ("high", "highmem=48M kmap_pool=1 debug=bounce,highmem "),
    ("high-pae", "highmem=48M kmap_pool=1 pae "),
    ("scarce", "debug=bounce fail=bounce,probability=50 "),
    ("nodma", "ide=nodma debug=bounce "),
)
# what tests/user/disk.c writes: first sector, how many, generation
BY_PROGRAM = ((1024, 64, 21), (2048, 64, 22), (-1, 1, 23), (2400, 5, 24),
              (2500, 8, 25), (2560, 64, 26))
# and before the power goes, with that generation; and all the time
SAFE, SAFE_GEN = ((4096, 2048), (6144, 64)), 31
BUSY_FROM, BUSY_SECTORS, BUSY_GEN = 8192, 23552, 32
FILES = (
    ("plain", ""), ("nodma", "ide=nodma "), ("pae", "pae "),
    ("high", "highmem=32M debug=bounce "),
)
BAD_NUMBERS = (
    ("readsect hdb -1", "readsect: -1 is no number of a sector"),
    ("readsect hdb 0x", "readsect: 0x is no number of a sector"),
    ("readsect hdb 09", "readsect: 09 is no number of a sector"),
    ("readsect hdb 18446744073709551616",
     "readsect: 18446744073709551616 is no number of a sector"),
    ("readsect hdb 18446744073709551615", "readsect: hdb has sectors 0 to 0"),
    ("readsect hdb 0 0", "readsect: 1 to 64 sectors are shown at once"),
    ("readsect hdb 0 65", "readsect: 1 to 64 sectors are shown at once"),
    ("readsect hdb 0 4294967297", "readsect: 1 to 64 sectors are shown at once"),
    ("readsect hda 0", "readsect: there is no disk hda; see disks"),
    ("writesect hdb 1 x", "writesect: hdb has sectors 0 to 0"),
    ("writesect hdb 0 fill 256", "writesect: 256 is no byte: 0 to 255"),
    ("writesect hdb 0 fill -1", "writesect: -1 is no byte: 0 to 255"),
)
LBA28_END = 1 << 28
LARGE, MANY_SECTORS = 130 * GB, 1024    # of the image; of a request


@dataclass(frozen=True)
class Row:
    """A machine with disks at some places, 0 to 3: hda to hdd."""

    name: str
    mem: int = 64 * MB
    cpu: str = "max"
    machine: str = "pc"
    cmdline: str = ""
    places: tuple = (0,)
    kinds: tuple = ("DMA", "Normal")
    way: str = "DMA"
    rounds: str = ktap.ROUNDS
    cost: float = 3.0


# all rounds once for each way to move data, and where pages have four kinds
ROWS = (
    Row("pc", rounds=""),
    Row("pc-486", mem=32 * MB, cpu="486"),
    Row("pc-nodma", cmdline="ide=nodma", way="programmed I/O", rounds="",
        cost=15.0),
    Row("isapc", machine="isapc", cpu="486", way="programmed I/O"),
    Row("highmem", mem=128 * MB, cmdline="highmem=32M", kinds=KINDS[:3]),
    Row("highmem-nodma", mem=128 * MB, cmdline="highmem=32M ide=nodma",
        kinds=KINDS[:3], way="programmed I/O"),
    Row("1200M", mem=1200 * MB, kinds=KINDS[:3]),
    Row("1200M-pae", mem=1200 * MB, cmdline="pae", kinds=KINDS[:3]),
    Row("512M", mem=512 * MB),
    Row("512M-pae", mem=512 * MB, cmdline="pae"),
    Row("4G", mem=4 * GB, kinds=KINDS),
    Row("4G-nopae", mem=4 * GB, cmdline="nopae", kinds=KINDS[:3]),
    Row("6G", mem=6 * GB, kinds=KINDS, rounds=""),
    Row("6G-nopae", mem=6 * GB, cmdline="nopae", kinds=KINDS[:3]),
    Row("6G-nodma", mem=6 * GB, cmdline="ide=nodma", kinds=KINDS,
        way="programmed I/O"),
    Row("highmem-pae", mem=128 * MB, cmdline="highmem=32M pae",
        kinds=KINDS[:3]),
    Row("one-window", mem=128 * MB, cmdline="highmem=32M kmap_pool=1",
        kinds=KINDS[:3]),
    Row("bounce-all", mem=128 * MB, cmdline="highmem=32M debug=bounce",
        kinds=KINDS[:3]),
    Row("two-on-a-channel", places=(0, 1)),
    Row("three", places=(0, 1, 3)),
    Row("two-isapc", machine="isapc", cpu="486", places=(0, 2),
        way="programmed I/O"),
)


def tests(ctx):
    """Every row; machines without; disks that fail or fall silent."""
    for row in ROWS:
        yield Test(f"machines.disks-{row.name}",
                   lambda journal, row=row: run_row(ctx, journal, row),
                   row.cost)
    for machine in ("pc", "q35", "isapc"):
        yield Test(f"machines.disks-none-{machine}",
                   lambda journal, machine=machine:
                   no_disks(ctx, journal, machine))
    for name, options in (("dma", ""), ("nodma", "ide=nodma ")):
        yield Test(f"machines.disks-bad-{name}",
                   lambda journal, options=options:
                   bad_sectors(ctx, journal, options), 4.0)
        yield Test(f"machines.disks-large-{name}",
                   lambda journal, options=options:
                   large(ctx, journal, options), 4.0)
        yield Test(f"machines.disks-vanished-{name}",
                   lambda journal, options=options:
                   vanished(ctx, journal, options), 4.0)
    for name, options in MIXED:
        yield Test(f"machines.disks-mixed-{name}",
                   lambda journal, options=options:
                   mixed(ctx, journal, options), 6.0)
    for name, options in FILES:
        yield Test(f"machines.disks-file-{name}",
                   lambda journal, options=options:
                   as_a_file(ctx, journal, options), 4.0)
    yield Test("machines.disks-file-floppy",
               lambda journal: floppy_as_a_file(ctx, journal), 6.0)
    for name, options in FILES:
        yield Test(f"machines.disks-cut-{name}",
                   lambda journal, options=options:
                   power_cut(ctx, journal, options), 5.0)
    yield Test("machines.disks-file-bad",
               lambda journal: bad_file(ctx, journal), 3.0)
    yield Test("machines.disks-slow",
               lambda journal: slow(ctx, journal), 30.0)
    yield Test("machines.disks-sizes",
               lambda journal: sizes(ctx, journal), 4.0)
    yield Test("machines.disks-atapi",
               lambda journal: atapi(ctx, journal), 2.0)
    yield Test("machines.disks-unlabelled",
               lambda journal: unlabelled(ctx, journal), 2.0)


# --- images ------------------------------------------------------------------

def sector_bytes(sector, gen):
    """The contents of a sector, as tests/kernel/disks.c makes them."""
    base = (sector * 0x9e3779b1 ^ gen * 0x85ebca6b) & 0xffffffff
    words = [(base + i * 0xc2b2ae35) & 0xffffffff for i in range(128)]
    words[0:2] = sector, gen
    return struct.pack("<128I", *words)


def label(slow_disk=False, **bad):
    """The first sector."""
    return struct.pack("<32s5I", MAGIC, *(bad.get(key, 0) for key in BAD),
                       slow_disk).ljust(SECTOR, b"\0")


def make_image(path, first, size=SIZE):
    """An image with that first sector and what the host writes; the rest is a
    hole that takes no room."""
    with open(path, "wb") as image:
        image.truncate(size)
        image.write(first)
        image.seek(HOST_FROM * SECTOR)
        for sector in range(HOST_FROM, HOST_FROM + HOST_SECTORS):
            image.write(sector_bytes(sector, GEN_HOST))


def drive(path, place, more=""):
    """QEMU's options for it."""
    return ["-drive", f"file={path},format=raw,if=ide,index={place}{more}"]


def rule(iotype, sector, once):
    """One of blkdebug's."""
    return {"event": "none", "iotype": iotype, "errno": 5, "sector": sector,
            "once": once}


def bad_drive(path):
    """The same for a disk with the sectors BAD."""
    rules = [rule(key.partition("_")[2], sector, key.startswith("once"))
             for key, sector in BAD.items()]
    return ["-blockdev", f"driver=file,node-name=f0,filename={path}",
            "-blockdev", json.dumps({
                "driver": "blkdebug", "node-name": "b0", "image": "f0",
                "inject-error": rules}),
            "-blockdev", "driver=raw,node-name=d0,file=b0",
            "-device", "ide-hd,drive=d0,bus=ide.0,rerror=report,werror=report"]


class Image:
    """An image after the run."""

    def __init__(self, path):
        self.data = path.read_bytes()

    def sector(self, number):
        """Its bytes."""
        return self.data[number * SECTOR:(number + 1) * SECTOR]

    def gen(self, number):
        """The generation that it says it has."""
        return struct.unpack_from("<I", self.sector(number), 4)[0]

    def expect(self, number, gen):
        """A Failure unless it is that generation, to the last byte."""
        require(self.sector(number) == sector_bytes(number, gen),
                "wrong contents", f"sector {number} of the image is not "
                f"generation {gen:#x} of it")


def check_kinds(image, kinds):
    """The blocks of those kinds of pages are there, and no others."""
    for i, kind in enumerate(KINDS):
        first = KINDS_FROM + i * KIND_SECTORS
        for sector in range(first, first + KIND_SECTORS):
            if kind in kinds:
                image.expect(sector, GEN_KINDS)
            else:
                require(not any(image.sector(sector)), "wrong contents",
                        f"sector {sector} was written, by nobody")


def check_random(image, first, total=None):
    """Each sector is one generation of it, or was never written."""
    gens = 0
    for sector in range(first, first + RANDOM_SECTORS):
        gen = image.gen(sector)
        gens += gen
        if gen or any(image.sector(sector)):
            image.expect(sector, gen)
    if total is not None:
        require(gens & 0xffffffff == total, "wrong contents",
                f"generations add up to {gens & 0xffffffff:08x}, the kernel "
                f"wrote {total:08x}")
    require(gens, "broken test", "nothing was written at random")


def check_untouched(image):
    """What nobody may write to is as it was."""
    require(image.sector(0) == label(), "wrong contents",
            "the label was overwritten")
    for sector in range(HOST_FROM, HOST_FROM + HOST_SECTORS):
        image.expect(sector, GEN_HOST)
    rest = [*range(1, KINDS_FROM), *range(KINDS_FROM + 4 * KIND_SECTORS,
                                          HOST_FROM),
            *range(HOST_FROM + HOST_SECTORS, RANDOM_FROM),
            *range(STARVED_FROM + RANDOM_SECTORS, SIZE // SECTOR)]
    for sector in rest:
        require(not any(image.sector(sector)), "wrong contents",
                f"sector {sector} was written, by nobody")


# --- machines ----------------------------------------------------------------

def run_row(ctx, journal, row):
    """Both suites must pass with nothing left out; then the images."""
    names = ["hd" + "abcd"[place] for place in row.places]
    paths = {name: journal.scratch / f"{name}.img" for name in names}
    args = machine_args(row.mem, row.machine, row.cpu)
    for name, place in zip(names, row.places):
        make_image(paths[name], label())
        args += drive(paths[name], place)
    args += kernel_args(ctx.kernel, f"{row.cmdline} test={row.rounds}disk,ide"
                        .strip())
    with Guest(journal, args, limit=180) as guest:
        guest.expect_end(PASSED)
        text = guest.text
    left_out = set(ktap.check(text).skipped) - SPECIAL
    if not {0, 1} <= set(row.places):
        left_out.discard(NEIGHBOURS)
    require(not left_out, "failed case", f"left out: {sorted(left_out)}")
    for name in names:
        require(re.search(rf"ide: {name}: QEMU HARDDISK, 16 MB, LBA48, "
                          rf"{row.way}\n", text), "wrong output",
                f"no line about {name}")
        judge_image(Image(paths[name]), name, text, row.kinds)
    check_random(Image(paths[names[0]]), STARVED_FROM)


def judge_image(image, name, text, kinds):
    """One disk, after the machine has ended."""
    told = {kind for disk, kind in KIND_LINE.findall(text) if disk == name}
    require(told == set(kinds), "failed case",
            f"{name}: pages {sorted(told)}, not {sorted(kinds)}")
    sums = [int(total, 16) for disk, total in SUM_LINE.findall(text)
            if disk == name]
    require(len(sums) == 1, "lost output", f"{len(sums)} sums of {name}")
    check_untouched(image)
    check_kinds(image, kinds)
    check_random(image, RANDOM_FROM, sums[0])


def no_disks(ctx, journal, machine):
    """Not a word, and no time lost; the suites leave out what needs one."""
    cpu = "486" if machine == "isapc" else "max"
    args = machine_args(64 * MB, machine, cpu) + kernel_args(
        ctx.kernel, "test=disk,ide,pci")
    with Guest(journal, args) as guest:
        guest.expect_end(PASSED)
        ktap.check(guest.text)
        said = ANY_IDE.search(guest.text)
        require(not said, "wrong output", f"\"{said and said[0]}\", of no disk")


def run_case(journal, args, case):
    """One case, which must not be left out."""
    with Guest(journal, args, limit=120) as guest:
        guest.expect_end(PASSED)
        report = ktap.check(guest.text)
    require(report.passed == [case] and not report.skipped, "failed case",
            f"{case} was left out")


def run_program(ctx, journal, args, options, line):
    """One program of tests/user at the prompt, which must end with 0."""
    ctx.once("programs", lambda: ctx.make("programs"))
    args += kernel_args(ctx.kernel, options.strip(),
                        str(ctx.out / "programs.cpio"))
    with Guest(journal, args, limit=60) as guest:
        guest.wait_prompt()
        answer = guest.command(line)
    name = line.split()[1]
    require(f"run: {name} ended with status 0" in answer, "failed case", answer)


def as_a_file(ctx, journal, options):
    """/dev/hda, read and written by a program, compared here."""
    path = journal.scratch / "file.img"
    make_image(path, label())
    run_program(ctx, journal, machine_args(64 * MB) + drive(path, 0), options,
                "run disk /dev/hda")
    check_file(Image(path), SIZE // SECTOR)


def floppy_as_a_file(ctx, journal):
    """The same with /dev/fd0."""
    path = journal.scratch / "floppy.img"
    make_image(path, label(), 2880 * SECTOR)
    args = machine_args(64 * MB) + [
        "-drive", f"file={path},format=raw,if=floppy,index=0"]
    run_program(ctx, journal, args, "", "run disk /dev/fd0")
    check_file(Image(path), 2880)


def check_file(image, sectors):
    """What the host wrote, what the program wrote, and nothing else."""
    written = {sector % sectors: gen for first, many, gen in BY_PROGRAM
               for sector in range(first, first + many)}
    written.update((sector, GEN_HOST) for sector in range(
        HOST_FROM, HOST_FROM + HOST_SECTORS))
    for sector in range(1, sectors):
        if sector in written:
            image.expect(sector, written[sector])
        else:
            require(not any(image.sector(sector)), "wrong contents",
                    f"sector {sector} was written, by nobody")


def until_written(path, sector, seconds=30.0):
    """Until a sector of the image is not zero: the guest writes it."""
    end = time.monotonic() + seconds
    with open(path, "rb", buffering=0) as image:
        while time.monotonic() < end:
            image.seek(sector * SECTOR)
            if any(image.read(SECTOR)):
                return
            time.sleep(0.02)
    require(False, "timeout", f"sector {sector} is not written by itself")


def power_cut(ctx, journal, options):
    """The machine is killed while pages are written out: what was synced is
    there, and of the rest each sector is whole, old or new."""
    path = journal.scratch / "cut.img"
    make_image(path, label())
    ctx.once("programs", lambda: ctx.make("programs"))
    args = machine_args(64 * MB) + drive(path, 0) + kernel_args(
        ctx.kernel, options.strip(), str(ctx.out / "programs.cpio"))
    with Guest(journal, args, limit=60) as guest:
        guest.wait_prompt()
        guest.send("run disk /dev/hda cut\r")
        guest.wait_text("in round 0 the power may go")
        until_written(path, BUSY_FROM)
        guest.kill_process()
    image = Image(path)
    for first, many in SAFE:
        for sector in range(first, first + many):
            image.expect(sector, SAFE_GEN)
    gens = set()
    for sector in range(BUSY_FROM, BUSY_FROM + BUSY_SECTORS):
        gens.add(image.gen(sector))
        if any(image.sector(sector)):
            image.expect(sector, image.gen(sector))
    require(len(gens) > 1 and not gens & set(range(1, BUSY_GEN)),
            "wrong contents", f"generations {sorted(gens)}: not cut in the "
            "middle, or not what was written")


def bad_file(ctx, journal):
    """What a program hears of sectors that cannot be had."""
    path = journal.scratch / "bad.img"
    make_image(path, label(**BAD))
    run_program(ctx, journal, machine_args(64 * MB) + bad_drive(path), "",
                "run disk /dev/hda bad")


def bad_sectors(ctx, journal, options):
    """Sectors that fail, for good or once: QEMU's blkdebug."""
    path = journal.scratch / "bad.img"
    make_image(path, label(**BAD))
    args = machine_args(64 * MB) + bad_drive(path)
    args += kernel_args(ctx.kernel, f"{options}test=ide.bad_sectors")
    run_case(journal, args, "ide.bad_sectors")


def large(ctx, journal, options):
    """Sectors beyond what 28 bits count, in the place where they belong."""
    path = journal.scratch / "large.img"
    make_image(path, label(), LARGE)
    args = machine_args(64 * MB) + drive(path, 0) + kernel_args(
        ctx.kernel, f"{options}test=ide.more_than_28_bits")
    run_case(journal, args, "ide.more_than_28_bits")
    with open(path, "rb") as image:
        for first in (LBA28_END - 504, LARGE // SECTOR - MANY_SECTORS):
            image.seek(first * SECTOR)
            for sector in range(first, first + MANY_SECTORS):
                require(image.read(SECTOR) == sector_bytes(sector, GEN_KINDS),
                        "wrong contents", f"sector {sector} of the image")
    with open(path, "rb") as image:
        image.seek(SECTOR)
        require(not any(image.read((HOST_FROM - 1) * SECTOR)),
                "wrong contents", "the begin of the disk was written")


def slow(ctx, journal):
    """Requests that hang in QEMU: a page takes ten seconds."""
    path = journal.scratch / "slow.img"
    make_image(path, label(slow_disk=True))
    args = machine_args(64 * MB) + drive(
        path, 0, ",throttling.bps-total=400") + kernel_args(
            ctx.kernel, "test=ide.a_slow_disk")
    run_case(journal, args, "ide.a_slow_disk")


def vanished(ctx, journal, options):
    """QEMU takes the disk's back end away: errors, and all else goes on."""
    path = journal.scratch / "hda.img"
    make_image(path, label())
    args = machine_args(64 * MB) + drive(path, 0) + kernel_args(
        ctx.kernel, options.strip())
    with Guest(journal, args, limit=60) as guest:
        guest.wait_prompt()
        require("swapper test dis" in guest.command("readsect hda 0"),
                "wrong output", "the label is not read")
        guest.hmp("drive_del ide0-hd0")
        for _ in range(2):
            answer = guest.command("readsect hda 7")
            require(re.search(r"^warning: block: hda: read of sector 7 failed: ",
                              answer, re.M), "wrong output", answer)
        require("nothing is wrong" in guest.command("check"), "wrong output",
                "the books are wrong")
        require("nr_bounce 0\n" in guest.command("vmstat"), "wrong output",
                "bounce pages are left")


def sizes(ctx, journal):
    """Disks of no sector, one, half of one more, and 3 TB."""
    paths = [journal.scratch / name for name in ("none", "one", "odd", "3T")]
    args = machine_args(64 * MB)
    for place, (path, size) in enumerate(zip(paths, (0, 512, 1000, 3 << 40))):
        with open(path, "wb") as image:
            image.truncate(size)
        args += drive(path, place)
    with Guest(journal, args + kernel_args(ctx.kernel), limit=60) as guest:
        guest.wait_prompt()
        require("ide: hda: a disk without LBA or sectors; left alone\n" in
                guest.text, "wrong output", "nothing of the empty disk")
        for name, last in (("hdb", 0), ("hdc", 1), ("hdd", (3 << 31) - 1)):
            answer = guest.command(f"readsect {name} {last + 1}")
            require(answer.endswith(f"{name} has sectors 0 to {last}\n"),
                    "wrong output", answer)
            answer = guest.command(f"readsect {name} {last} 2")
            require(answer.startswith(f"{last * SECTOR:08x}  00 00 ") and
                    "refused: there are no such sectors" in answer,
                    "wrong output", answer)
        for command, wanted in BAD_NUMBERS:
            require(guest.command(command) == wanted + "\n", "wrong output",
                    f"{command} is not answered \"{wanted}\"")


def mixed(ctx, journal, options):
    """Two IDE disks, a floppy and a RAM disk at work at once."""
    paths = [journal.scratch / name for name in ("hda", "hdc", "fd0")]
    for path in paths[:2]:
        make_image(path, label())
    make_image(paths[2], b"a floppy", 2880 * SECTOR)
    before = [path.read_bytes() for path in paths]
    args = machine_args(160 * MB) + drive(paths[0], 0) + drive(paths[1], 2) + [
        "-drive", f"file={paths[2]},format=raw,if=floppy",
        "-icount", "shift=0,sleep=off"]
    args += kernel_args(ctx.kernel, f"{options}mem=128M ramdisk=1M "
                        "test=disk.all_devices_at_once")
    with Guest(journal, args, limit=120) as guest:
        guest.expect_end(PASSED)
        report = ktap.check(guest.text)
        for line in ("ram0 has", "ide: hda:", "ide: hdc:", "fd0: 1.44 MB"):
            require(line in guest.text, "lost output", f"no \"{line}\"")
    require(report.passed == ["disk.all_devices_at_once"], "failed case",
            "it was left out")
    require([path.read_bytes() for path in paths] == before, "wrong contents",
            "what was only read has changed")


def atapi(ctx, journal):
    """A CD is no disk, and the disk beside it is one all the same."""
    path = journal.scratch / "hda.img"
    make_image(path, label())
    args = machine_args(64 * MB) + drive(path, 0) + [
        "-drive", f"file={path},format=raw,if=ide,index=1,media=cdrom,"
        "readonly=on,file.locking=off"]
    args += kernel_args(ctx.kernel, "test=disk.what_the_host_wrote")
    with Guest(journal, args) as guest:
        guest.expect_end(PASSED)
        ktap.check(guest.text)
        for line in ("ide: hda: QEMU HARDDISK, 16 MB",
                     "ide: hdb: an ATAPI device; left alone\n"):
            require(line in guest.text, "wrong output", f"no \"{line}\"")


def unlabelled(ctx, journal):
    """A disk that is not marked as one for tests keeps every byte."""
    path = journal.scratch / "precious.img"
    make_image(path, b"precious data".ljust(SECTOR, b"\0"))
    before = path.read_bytes()
    args = machine_args(64 * MB) + drive(path, 0) + kernel_args(
        ctx.kernel, "test=disk,ide")
    with Guest(journal, args) as guest:
        guest.expect_end(PASSED)
        skipped = ktap.check(guest.text).skipped
        require("disk.random_against_a_shadow" in skipped, "failed case",
                "tests ran on a disk that is not theirs")
    require(path.read_bytes() == before, "wrong contents",
            "a disk that is not marked was written to")
