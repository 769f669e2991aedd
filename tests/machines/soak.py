"""For virtual seconds, which take few of ours: all allocators from threads,
timers and handlers at once; and more memory in use than there is.
"""

import re
import struct

from machines import ktap
from machines.disks import drive, label, make_image
from machines.harness import Test, require
from machines.qemu import MB, PASSED, Guest, kernel_args, machine_args
from machines.swap import (
    AREA, PAGE, PAGE_MAGIC, header_at, mkswap, programs, words_of)

ROWS = (        # name, MB, CPU, command line
    ("ten-minutes", 64, "pentium3", "debug=locks stress=600"),
    ("64M", 64, "pentium3", "stress=20"),
    ("5M-486", 5, "486", "stress=20,2"),
    ("pae-numa", 64, "max", "pae numa=fake=4 stress=10,3"),
    ("watched", 64, "max", "debug=slab,page_owner,page_poison stress=3,4"),
)

# Under pressure: name, MB, CPU, command line, swap, seconds in short and long.
# A real disk takes real time, so who waits for one may not skip it.
PRESSURE = (
    ("ram", 64, "pentium3", "", "ram", 150, 1800),
    ("ram-pae-numa", 64, "max", "pae numa=fake=2", "ram", 60, 1800),
    ("ram-watched", 64, "max", "debug=slab,page_owner,page_poison,locks",
     "ram", 0, 300),
    ("ide", 64, "pentium3", "", "ide", 30, 300),
    ("ide-highmem", 96, "max", "highmem=32M", "ide", 0, 120),
)
SECONDS = re.compile(r"^soak: (\d+) s, seed \d+: (\d+) processes, (\d+) killed, "
                     r"(\d+) failed; (\d+) checks, (\d+) wrong$", re.M)
PAGES = re.compile(r"^soak: (\d+) pages went out, (\d+) came back; (\d+) were "
                   r"looked at, (\d+) differed$", re.M)
OUT_LEAST = 20          # pages a second, measured: some hundreds


def tests(ctx):
    """Time that nobody uses is skipped: virtual seconds take little of ours."""
    for name, size, cpu, cmdline in ROWS:
        yield Test(f"machines.stress-{name}",
                   lambda journal, row=(size, cpu, cmdline): soak(
                       ctx, journal, *row), 3.0)
    for *row, short, long in PRESSURE:
        seconds = long if ktap.LONG else short
        if seconds:
            yield Test(f"machines.soak-{row[0]}",
                       lambda journal, row=tuple(row[1:]), seconds=seconds:
                       pressure(ctx, journal, *row, seconds),
                       30.0 + seconds / 3)


def soak(ctx, journal, size, cpu, cmdline):
    """It ends well, and says so."""
    args = machine_args(size * MB, cpu=cpu) + [
        "-icount", "shift=0,sleep=off"] + kernel_args(ctx.kernel, cmdline)
    with Guest(journal, args, limit=400) as guest:
        guest.expect_end(PASSED)
        require("memory as it was left, ledger as before" in guest.text,
                "lost output", "no line at the end of the stress")


def pressure(ctx, journal, size, cpu, cmdline, swap, seconds):
    """Pages go out and come back, and none differs."""
    data = journal.scratch / "data.img"
    area = mkswap(journal.scratch / "swap.img", AREA - MB)
    if swap == "ram":
        args = machine_args(size * MB + AREA, cpu=cpu) + [
            "-icount", "shift=0,sleep=off"] + header_at(area, size * MB)
        cmdline += f" mem={size}M ramdisk={AREA // MB - 1}M swap=ram0"
    else:
        make_image(data, label())
        args = machine_args(size * MB, cpu=cpu) + drive(
            data, 0, ",cache=unsafe") + drive(area, 1, ",cache=unsafe")
        cmdline += " swap=hdb"
    args += kernel_args(ctx.kernel, f"{cmdline} soak={seconds}".strip(),
                        programs(ctx))
    with Guest(journal, args, limit=120 + 2 * seconds) as guest:
        guest.expect_end(PASSED)
        text = guest.text
    judge_pressure(journal, text, seconds)
    if swap == "ide":
        check_data(journal, data)


def judge_pressure(journal, text, seconds):
    """What it said of itself."""
    told, pages = SECONDS.search(text), PAGES.search(text)
    require(told and pages and "ledger as before" in text, "lost output",
            "no lines at the end of the soak")
    journal.note(f"{told[0]}\n{pages[0]}")
    ran, begun, killed, failed, checks, wrong = map(int, told.groups())
    out, back, seen, differed = map(int, pages.groups())
    require((killed, failed, wrong, differed) == (0, 0, 0, 0), "failed case",
            f"{told[0]}; {pages[0]}")
    require(ran == seconds and checks >= seconds // 10 - 3 and begun >= 4 and
            seen > out, "failed case", f"too little was done: {told[0]}")
    require(min(out, back) >= OUT_LEAST * seconds, "failed case",
            f"there was no pressure: {pages[0]}")


def check_data(journal, path):
    """Pages of the disk that processes wrote are whole."""
    found = 0
    with open(path, "rb") as image:
        for number, data in enumerate(iter(lambda: image.read(PAGE), b"")):
            _, generation, magic = struct.unpack_from("<3I", data)
            if magic != PAGE_MAGIC:
                continue
            found += 1
            require(data == words_of(number, generation), "wrong contents",
                    f"page {number} of the disk, generation {generation}")
    journal.note(f"{found} whole pages are on the disk")
    require(found > 100, "failed case", f"only {found} pages are on the disk")
