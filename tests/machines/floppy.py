"""The floppy, on media that are marked for the suite `floppy`.

What the suite writes it says ("# wrote FIRST SECTORS GENERATION"); the image is
compared with that, byte for byte, when the machine is gone.
"""

import re
import struct
from dataclasses import dataclass

from machines import ktap
from machines.harness import Test, require
from machines.qemu import MB, PASSED, Guest, kernel_args, machine_args

SECTOR, WORDS = 512, 128
MARK = b"swapper floppy"
PLAIN, READ_ONLY, BAD, CHANGING, LOST = range(5)
BAD_SECTOR = 500
WROTE = re.compile(r"^# wrote (\d+) (\d+) (\d+)$", re.M)
LINE = re.compile(r"^(fd[01]): (\S+ .B) floppy at a (\S+), (\d+) cylinders of "
                  r"2 x (\d+) sectors$", re.M)
# an exact clock, and nobody waits for a motor
COUNTED = ("-icount", "shift=0,sleep=off")

BLKDEBUG = """[inject-error]
event = "none"
iotype = "write"
errno = "5"
sector = "{}"
once = "off"
"""


@dataclass(frozen=True)
class Row:
    """One machine with one medium in its first drive."""

    name: str
    kind: int = PLAIN
    sectors: int = 2880
    machine: str = "pc"
    cpu: str = "max"
    mem: int = 64
    options: str = ""
    drive: str = ""             # more of -drive
    must: tuple = ()            # cases that may not be skipped
    more: tuple = COUNTED


GOOD = ("every_sector", "across_64_kb", "ends_of_tracks_and_cylinders",
        "pieces_of_a_sector", "here_and_there", "motor_goes_off",
        "interrupt_comes_too_late")
ROWS = (
    Row("pc", must=GOOD + ("pages_above_16_mb",)),
    Row("isapc-486", machine="isapc", cpu="486", must=GOOD),
    Row("5M-486", cpu="486", mem=5, must=GOOD),
    Row("highmem", mem=256, options="highmem=128M",
        must=GOOD + ("pages_above_16_mb", "pages_of_high_memory")),
    Row("pae", options="pae highmem=16M",
        must=GOOD + ("pages_of_high_memory",)),
    Row("512M", mem=512, must=("every_sector", "pages_above_16_mb")),
    Row("1200M-pae", mem=1200, options="pae",
        must=("every_sector", "pages_of_high_memory")),
    Row("4G", mem=4096, must=("every_sector", "pages_of_high_memory")),
    Row("4G-nopae", mem=4096, options="nopae",
        must=("every_sector", "pages_of_high_memory")),
    Row("6G", mem=6144, must=("every_sector", "pages_of_high_memory")),
    Row("6G-nopae", mem=6144, options="nopae",
        must=("every_sector", "pages_of_high_memory")),
    Row("bounce-all", mem=256, options="highmem=128M kmap_pool=1 debug=bounce",
        must=GOOD + ("pages_above_16_mb", "pages_of_high_memory")),
    Row("debug", options="debug=page_poison,pagealloc,slab", must=GOOD),
    Row("late", must=("every_sector", "interrupt_comes_too_late"), more=()),
    Row("1.2M", sectors=2400, must=("every_sector", "here_and_there")),
    Row("read-only", kind=READ_ONLY, drive=",readonly=on",
        must=("write_protected",)),
    Row("bad-sector", kind=BAD, must=("bad_sector",)),
    Row("interrupts-lost", kind=LOST, must=("interrupts_are_lost",)),
)


TWO_DRIVES = ("both_drives", "a_silent_drive_costs_the_other_no_limit")


def medium(sectors=2880, kind=PLAIN, seed=0x5eed0001):
    """The bytes of a marked medium."""
    data = bytearray()
    for sector in range(sectors):
        data += contents(sector, 0, seed)
    data[:28] = struct.pack("<16s3I", MARK, kind, seed, BAD_SECTOR)
    return data


def contents(sector, generation, seed):
    """A sector as test_floppy.c writes it."""
    return struct.pack(f"<{WORDS}I", *(
        seed ^ generation << 28 ^
        ((sector * WORDS + word) * 0x9e3779b1 & 0xffffffff)
        for word in range(WORDS)))


def expected(before, text, seed=0x5eed0001):
    """A medium after all that the suite says."""
    data = bytearray(before)
    for first, count, generation in WROTE.findall(text):
        for sector in range(int(first), int(first) + int(count)):
            data[sector * SECTOR:(sector + 1) * SECTOR] = contents(
                sector, int(generation) & 0xf, seed)
    return data


def compare(path, want):
    """Names the first sectors that differ."""
    got = path.read_bytes()
    require(len(got) == len(want), "wrong contents",
            f"the image has {len(got)} bytes, not {len(want)}")
    wrong = [at // SECTOR for at in range(0, len(want), SECTOR)
             if got[at:at + SECTOR] != want[at:at + SECTOR]]
    require(not wrong, "wrong contents",
            f"{len(wrong)} sectors of the image differ: {wrong[:8]}")


def drive_args(path, more="", unit=0):
    """A medium in a drive."""
    return ["-drive", f"file={path},format=raw,if=floppy,index={unit}{more}"]


def tests(ctx):
    """Good media and others; empty drives; drives that are opened."""
    for row in ROWS:
        yield Test(f"machines.floppy-{row.name}",
                   lambda journal, row=row: run_row(ctx, journal, row), 8.0)
    yield Test("machines.floppy-720K",
               lambda journal: other_format(ctx, journal), 4.0)
    yield Test("machines.floppy-empty",
               lambda journal: empty(ctx, journal), 4.0)
    yield Test("machines.floppy-filled",
               lambda journal: filled(ctx, journal), 4.0)
    yield Test("machines.floppy-changed",
               lambda journal: changed(ctx, journal), 4.0)
    yield Test("machines.floppy-two-drives",
               lambda journal: two_drives(ctx, journal), 4.0)


def run_suite(journal, args, must, steps=()):
    """The suite passes, and what the row is for was not skipped; all output.

    steps: (what the kernel says, the monitor's command then).
    """
    with Guest(journal, args, limit=120) as guest:
        for text, command in steps:
            guest.wait_text(text)
            guest.hmp(command)
        guest.expect_end(PASSED)
        report = ktap.check(guest.text)
        for name in must:
            require(f"floppy.{name}" in report.passed and
                    f"floppy.{name}" not in report.skipped, "lost output",
                    f"floppy.{name} did not run")
        return guest.text


def machine(ctx, row, test="floppy"):
    """A row without its drive."""
    return machine_args(row.mem * MB, machine=row.machine, cpu=row.cpu) + \
        list(row.more) + kernel_args(ctx.kernel,
                                     f"{row.options} test={test}".strip())


def run_row(ctx, journal, row):
    """The suite, then the image."""
    path = journal.scratch / "medium"
    before = medium(row.sectors, row.kind)
    path.write_bytes(before)
    name = path
    if row.kind == BAD:
        rules = journal.scratch / "rules"
        rules.write_text(BLKDEBUG.format(BAD_SECTOR))
        name = f"blkdebug:{rules}:{path}"
    # only what the row is for: with others every boot waits for the motor
    cases = ",".join(f"floppy.{case}" for case in row.must)
    text = run_suite(journal, machine(ctx, row, cases) +
                     drive_args(name, row.drive), row.must)
    found = LINE.search(text)
    require(found and found[1] == "fd0" and
            int(found[4]) * int(found[5]) * 2 == row.sectors, "wrong output",
            "the boot log does not name fd0 with its size")
    compare(path, expected(before, text))


def other_format(ctx, journal):
    """A medium that the driver does not know: an error, and no more."""
    path = journal.scratch / "medium"
    path.write_bytes(medium(1440))
    row = Row("720K")
    text = run_suite(journal, machine(ctx, row, "floppy.no_medium") +
                     drive_args(path), ())
    require("fd0: read of sector 0 failed: the device cannot read or write it"
            in text, "wrong output", "no error")


def empty(ctx, journal):
    """An empty drive is there, and says so in time."""
    row = Row("empty")
    run_suite(journal, machine(ctx, row) + ["-drive", "if=floppy"],
              ("no_medium",))


def filled(ctx, journal):
    """A drive that was empty, and so is one for 2.88 MB, gets 1.44 MB."""
    path = journal.scratch / "medium"
    path.write_bytes(medium())
    args = machine_args(64 * MB) + ["-drive", "if=floppy"] + \
        kernel_args(ctx.kernel)
    with Guest(journal, args) as guest:
        guest.wait_prompt()
        require(LINE.search(guest.text), "wrong output", "there is no fd0")
        guest.hmp(f"change floppy0 {path} raw")
        answer = guest.command("test floppy.every_sector")
        require(re.search(r"^ *ok 1 every_sector$", answer, re.M),
                "failed case", answer)


def changed(ctx, journal):
    """The medium goes, and another one comes."""
    old, new = journal.scratch / "old", journal.scratch / "new"
    before = medium(kind=CHANGING)
    old.write_bytes(before)
    other = medium(kind=CHANGING, seed=0x07e40000)
    new.write_bytes(other)
    row = Row("changed", more=())
    text = run_suite(
        journal, machine(ctx, row, "floppy.medium_changes") + drive_args(old),
        ("medium_changes",), steps=(
            ("# now eject it", "eject -f floppy0"),
            ("# now another one", f"change floppy0 {new} raw")))
    compare(old, before)
    compare(new, expected(other, text, 0x07e40000))


def two_drives(ctx, journal):
    """Requests for both at once: one controller, one channel."""
    paths = [journal.scratch / "first", journal.scratch / "second"]
    seeds = (0x5eed0001, 0x5eed0002)
    for path, seed in zip(paths, seeds):
        path.write_bytes(medium(seed=seed))
    row = Row("two")
    text = run_suite(
        journal, machine(ctx, row, ",".join(f"floppy.{name}"
                                            for name in TWO_DRIVES)) +
        drive_args(paths[0]) + drive_args(paths[1], unit=1), TWO_DRIVES)
    for path, seed in zip(paths, seeds):
        compare(path, expected(medium(seed=seed), text, seed))
