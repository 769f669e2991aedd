"""Swap: areas that the host's mkswap made, and every word that went there.

The program tests/user/swap.c has more memory than the machine, and looks at
every word of it. What is in the area then is looked at here: each page that it
wrote tells by its words which one it is, and must be whole.
"""

import json
import re
import shutil
import struct
import time
from dataclasses import dataclass

from machines import ktap
from machines.disks import drive, label, make_image
from machines.harness import Skip, Test, require, run_command
from machines.qemu import MB, Guest, kernel_args, machine_args

PAGE = 4096
PAGE_MAGIC = 0x70617773         # the third word of a page of the program's
WORDS = struct.Struct("<1024I")
AREA = 192 * MB
CASES = 8                       # of the program
LABEL = "swapper-test"
BAD_SLOT = 1500                 # of the disks with errors

KILLED = "run: swap was ended by signal 7"
BAD_READ = re.compile(rf"^warning: swap: slot {BAD_SLOT} of /dev/hdb cannot be "
                      r"read", re.M)
BAD_WRITE = re.compile(rf"^warning: swap: slot {BAD_SLOT} of /dev/hdb cannot "
                       r"be written", re.M)


@dataclass(frozen=True)
class Row:
    """A machine that swaps. touched: MB that the program wants."""

    name: str
    mem: int = 64 * MB
    cpu: str = "max"
    cmdline: str = ""
    touched: int = 96
    cost: float = 30.0


DISKS = (
    Row("64M"),
    Row("32M-486", mem=32 * MB, cpu="486", touched=44),
    Row("32M-pae", mem=32 * MB, cmdline="pae", touched=44),
    Row("32M-numa", mem=32 * MB, cmdline="numa=fake=2", touched=44),
    Row("highmem", mem=96 * MB, cmdline="highmem=32M", touched=140, cost=60.0),
)

SLOW_DISKS = (      # minutes: of make test-long
    Row("32M-nodma", mem=32 * MB, cmdline="ide=nodma", touched=36, cost=60.0),
    Row("32M-watched", mem=32 * MB, touched=36,
        cmdline="debug=slab,page_owner,page_poison,locks"),
)

RAM_DISKS = (       # mem= of them
    Row("ram-64M"),
    Row("ram-pae-numa", cmdline="pae numa=fake=2"),
    Row("ram-32M", mem=32 * MB, touched=48),
)


def tests(ctx):
    """Each kind of area; areas that are none; errors; ends."""
    for row in DISKS + (SLOW_DISKS if ktap.LONG else ()):
        yield Test(f"machines.swap-{row.name}",
                   bound(on_disk, ctx, row), row.cost)
    for row in RAM_DISKS:
        yield Test(f"machines.swap-{row.name}", bound(on_ram, ctx, row), 15.0)
    for name, function in (
            ("module", on_module), ("file", on_file), ("two", two_areas), ("refused", refused),
            ("bad-read", bad_read), ("bad-write", bad_write),
            ("off", off_under_load), ("off-too-much", off_too_much)):
        yield Test(f"machines.swap-{name}", bound(function, ctx), 20.0)


def bound(function, *args):
    """function(*args, journal), as the runner wants it."""
    return lambda journal: function(*args, journal)


# --- areas -------------------------------------------------------------------

def mkswap(path, size, *words):
    """A file that the host's mkswap made an area of."""
    tool = shutil.which("mkswap", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if not tool:
        raise Skip("there is no mkswap: see tools/deps.sh")
    with open(path, "wb") as image:
        image.truncate(size)
    path.chmod(0o600)
    run_command([tool, "-q", "-L", LABEL, *words, str(path)], 60,
                "failed case")
    return path


def header_of(path):
    """Its first page."""
    with open(path, "rb") as image:
        return image.read(PAGE)


def words_of(number, generation):
    """A page as tests/user/lib/user.c fills it."""
    base = (number * 0x9e3779b1 ^ generation * 0x85ebca6b) & 0xffffffff
    words = [(base + i * 0xc2b2ae35) & 0xffffffff for i in range(1024)]
    words[0:3] = number, generation, PAGE_MAGIC
    return WORDS.pack(*words)


def check_area(journal, path, before, least):
    """The header is untouched; pages of the program are whole, and so many."""
    found = 0
    with open(path, "rb") as image:
        require(image.read(PAGE) == before, "wrong contents",
                "the header of the area has changed")
        for slot, data in enumerate(iter(lambda: image.read(PAGE), b""), 1):
            number, generation, magic = struct.unpack_from("<3I", data)
            if magic != PAGE_MAGIC:
                continue
            found += 1
            require(data == words_of(number, generation), "wrong contents",
                    f"slot {slot} has parts of page {number}, generation "
                    f"{generation}")
    journal.note(f"{found} whole pages of the program are in {path.name}")
    require(found >= least, "failed case",
            f"{found} pages are in the area, at least {least} were expected")


# --- machines ----------------------------------------------------------------

def programs(ctx):
    """The archive."""
    ctx.once("programs", lambda: ctx.make("programs"))
    return str(ctx.out / "programs.cpio")


def boot_args(ctx, row, options, modules=()):
    """QEMU's arguments but for the disks."""
    return machine_args(row.mem, cpu=row.cpu) + kernel_args(
        ctx.kernel, f"{row.cmdline} {options}".strip(),
        ",".join([*map(str, modules), programs(ctx)]))


def run_swap(guest, line, cases=CASES):
    """The program at the prompt: it must say that all went well."""
    answer = guest.command(f"run swap {line}".strip())
    failed = re.findall(r"^not ok \d+ (\S+)", answer, re.M)
    require(not failed, "failed case", f"{failed}: {answer[-600:]}")
    require("run: swap ended with status 0\n" in answer, "failed case",
            answer[-600:])
    good = re.findall(r"^ok \d+ ", answer, re.M)
    require(len(good) == cases, "lost output", f"{len(good)} cases: {answer}")
    return answer


def count(guest, name):
    """A line of vmstat."""
    found = re.search(rf"^{name} (\d+)$", guest.command("vmstat"), re.M)
    require(found, "wrong output", f"vmstat has no {name}")
    return int(found[1])


def used(guest):
    """{name: KB in use} of `swaps`, which has the columns of /proc/swaps."""
    lines = guest.command("swaps").splitlines()
    require(lines and lines[0].split() ==
            ["Filename", "Type", "Size", "Used", "Priority"], "wrong output",
            f"swaps: {lines[:1]}")
    return {line.split()[0]: int(line.split()[3]) for line in lines[1:]}


def hold(guest, size, seconds):
    """A process in the background that keeps so many MB so long."""
    guest.send(f"run swap {size} hold {seconds} &\r")
    guest.wait_text(f"# held: {size * 256} pages")


def cached(guest):
    """KB of the swap cache."""
    found = re.search(r"^SwapCached: +(\d+) kB$", guest.command("meminfo"), re.M)
    require(found, "wrong output", "meminfo has no SwapCached")
    return int(found[1])


def nothing_is_left(guest, *names):
    """No entry says a slot, and the books are right. A page whose write was
    under way when its process ended keeps its slot until it is wanted."""
    for _ in range(20):
        left = used(guest)
        if sum(left.values()) == cached(guest):
            break
        time.sleep(0.2)
    require(set(left) == set(names) and sum(left.values()) == cached(guest),
            "leak", f"swaps: {left}")
    answer = guest.command("check")
    require("nothing is wrong" in answer, "wrong output", answer)


def is_off(guest, name):
    """swapoff, and it is gone."""
    answer = guest.command(f"swapoff {name}")
    require(name not in used(guest), "failed case", answer)


def all_cases(guest, row, more, *names):
    """The program, from the prompt to the books."""
    guest.wait_prompt()
    require(set(used(guest)) == set(names), "wrong output",
            f"swaps has not {names}")
    run_swap(guest, f"{row.touched}{more}")
    out, back = count(guest, "pswpout"), count(guest, "pswpin")
    guest.journal.note(f"{out} pages went out, {back} came back")
    least = (row.touched * MB - row.mem) // PAGE
    require(out > least and back > least, "failed case",
            f"{out} pages went out, {back} came back, of {least} too many")
    nothing_is_left(guest, *names)
    for name in names:
        is_off(guest, name)


# --- each kind of area -------------------------------------------------------

def on_disk(ctx, row, journal):
    """An IDE disk; the files are on another one."""
    area = mkswap(journal.scratch / "swap.img", AREA)
    data = journal.scratch / "data.img"
    make_image(data, label())
    before = header_of(area)
    args = boot_args(ctx, row, "swap=hdb") + drive(
        data, 0, ",cache=unsafe") + drive(area, 1, ",cache=unsafe")
    with Guest(journal, args, limit=400) as guest:
        all_cases(guest, row, " /dev/hda", "/dev/hdb")
    check_area(journal, area, before, 500)
    check_file(data)


def check_file(path):
    """The first 16 MB are what the program left there: generation 3."""
    with open(path, "rb") as image:
        for number in range(16 * MB // PAGE):
            require(image.read(PAGE) == words_of(number, 3), "wrong contents",
                    f"page {number} of the disk with the file")


def header_at(path, address):
    """QEMU puts the first page of an area into RAM before the machine begins."""
    header = path.with_suffix(".header")
    header.write_bytes(header_of(path))
    return ["-device", f"loader,file={header},addr={address:#x},force-raw=on"]


def on_ram(ctx, row, journal):
    """RAM that mem= cut off."""
    area = mkswap(journal.scratch / "swap.img", AREA - MB)
    before = header_of(area)
    limit = row.mem
    whole = Row(row.name, mem=limit + AREA, cpu=row.cpu, cmdline=row.cmdline)
    args = boot_args(ctx, whole, f"mem={limit // MB}M ramdisk={AREA // MB - 1}M "
                     "swap=ram0") + header_at(area, limit)
    with Guest(journal, args, limit=400) as guest:
        all_cases(guest, row, "", "/dev/ram0")
        guest.save_memory(limit, AREA - MB, area)
    check_area(journal, area, before, 500)


def on_module(ctx, journal):
    """A boot module: the file that mkswap made, as it is."""
    size = 96 * MB
    row = Row("module", mem=160 * MB, touched=80)
    area = mkswap(journal.scratch / "swap.img", size)
    args = boot_args(ctx, row, "ramdisk=module swap=ram0", [area])
    with Guest(journal, args, limit=400) as guest:
        row = Row("module", mem=row.mem - size, touched=row.touched)
        all_cases(guest, row, "", "/dev/ram0")


def on_file(ctx, journal):
    """A boot module as a file: its pages are RAM, too, so it is there twice."""
    size = 48 * MB
    area = mkswap(journal.scratch / "swap.img", size)
    row = Row("file", mem=64 * MB + 2 * size, touched=88)
    args = boot_args(ctx, row, "swap=/swap.img", [area])
    with Guest(journal, args, limit=400) as guest:
        row = Row("file", mem=64 * MB, touched=row.touched)
        all_cases(guest, row, "", "/swap.img")


# --- several -----------------------------------------------------------------

def two_areas(ctx, journal):
    """The higher priority first; equal ones in turns."""
    small = mkswap(journal.scratch / "small.img", 16 * MB)
    areas = [small] + [mkswap(journal.scratch / f"{name}.img", 64 * MB)
                       for name in ("second", "third")]
    row = Row("two", mem=32 * MB)
    args = boot_args(ctx, row, "")
    for place, area in enumerate(areas, 1):
        args += drive(area, place, ",cache=unsafe")
    with Guest(journal, args, limit=400) as guest:
        guest.wait_prompt()
        for name, prio in (("hdb", 7), ("hdc", 3), ("hdd", 3)):
            answer = guest.command(f"swapon /dev/{name} {prio}")
            require(f"swap: /dev/{name} has " in answer, "failed case", answer)
        hold(guest, 76, 8)
        full = used(guest)
        guest.wait_text("# held: 0 bad pages")
        nothing_is_left(guest, "/dev/hdb", "/dev/hdc", "/dev/hdd")
    journal.note(str(full))
    require(full["/dev/hdb"] >= 15 << 10, "failed case",
            f"the first area is not full: {full}")
    require(abs(full["/dev/hdc"] - full["/dev/hdd"]) <= 2048 and
            full["/dev/hdc"] >= 8 << 10, "failed case",
            f"equal areas are not used equally: {full}")


# --- what is none ------------------------------------------------------------

def spoil(path, at, data):
    """Some bytes are others."""
    with open(path, "r+b") as image:
        image.seek(at)
        image.write(data)


def refused(ctx, journal):
    """Each with a sentence; the machine goes on without."""
    path = journal.scratch / "swap.img"
    row = Row("refused")
    for what, at, data, sentence in (
            ("no area", PAGE - 10, b"\0" * 10, "signature"),
            ("version 0", PAGE - 10, b"SWAP-SPACE", "old"),
            ("version 2", 1024, struct.pack("<I", 2), "version"),
            ("too long", 1028, struct.pack("<I", 1 << 20), "longer"),
            ("no slots", 1028, struct.pack("<I", 0), "no slots"),
            ("bad pages", 1032, struct.pack("<I", 1 << 20), "bad pages"),
            ("a bad page", 1032, struct.pack("<I", 1), "bad page")):
        spoil(mkswap(path, 8 * MB), at, data)
        before = path.read_bytes()
        args = boot_args(ctx, row, "swap=hdb") + drive(path, 1)
        with Guest(journal, args, limit=60) as guest:
            guest.wait_prompt()
            said = re.search(r"^warning: swap: /dev/hdb is refused: (.*)$",
                             guest.text, re.M)
            require(said and sentence in said[1], "wrong output",
                    f"{what}: {said and said[1]}")
            require(not used(guest), "failed case", what)
            guest.command("run swap")
        require(path.read_bytes() == before, "wrong contents",
                f"{what}: it was written to")
    args = boot_args(ctx, row, "swap=hdb")
    with Guest(journal, args, limit=60) as guest:
        guest.wait_prompt()
        require(re.search(r"swap: there is no /dev/hdb$", guest.text, re.M),
                "wrong output", "not a word of a disk that is not there")


# --- errors ------------------------------------------------------------------

def bad_drive(path, iotype):
    """A disk hdb whose slot BAD_SLOT cannot be read, or written."""
    rules = [{"event": "none", "iotype": iotype, "errno": 5,
              "sector": BAD_SLOT * PAGE // 512, "once": False}]
    return ["-blockdev", "driver=file,node-name=f0,cache.no-flush=on,"
            f"filename={path}",
            "-blockdev", json.dumps({
                "driver": "blkdebug", "node-name": "b0", "image": "f0",
                "inject-error": rules}),
            "-blockdev", "driver=raw,node-name=d0,file=b0",
            "-device", "ide-hd,drive=d0,bus=ide.0,unit=1,rerror=report,"
            "werror=report"]


def bad_read(ctx, journal):
    """Who needs that page gets SIGBUS; all others go on."""
    row = Row("bad", mem=32 * MB)
    area = mkswap(journal.scratch / "swap.img", 64 * MB)
    args = boot_args(ctx, row, "swap=hdb") + bad_drive(area, "read")
    with Guest(journal, args, limit=400) as guest:
        guest.wait_prompt()
        answer = guest.command("run swap 48")
        require(BAD_READ.search(answer), "lost output",
                f"no line of the slot: {answer[-600:]}")
        require(KILLED in answer or "not ok" in answer, "failed case",
                f"nobody got SIGBUS: {answer[-600:]}")
        nothing_is_left(guest, "/dev/hdb")
        run_swap(guest, "")


def bad_write(ctx, journal):
    """The page stays in memory, the slot is not used again."""
    row = Row("bad", mem=32 * MB, touched=44)
    area = mkswap(journal.scratch / "swap.img", 128 * MB)
    args = boot_args(ctx, row, "swap=hdb") + bad_drive(area, "write")
    with Guest(journal, args, limit=400) as guest:
        all_cases(guest, row, "", "/dev/hdb")
        require(len(BAD_WRITE.findall(guest.text)) == 1, "wrong output",
                f"{len(BAD_WRITE.findall(guest.text))} lines of the slot")


# --- ends --------------------------------------------------------------------

def off_under_load(ctx, journal):
    """All comes home while others use memory."""
    row = Row("off")
    area = mkswap(journal.scratch / "swap.img", 128 * MB)
    args = boot_args(ctx, row, "swap=hdb") + drive(area, 1, ",cache=unsafe")
    with Guest(journal, args, limit=400) as guest:
        guest.wait_prompt()
        hold(guest, 30, 15)
        guest.command("run swap 60 passes")
        require(used(guest)["/dev/hdb"] > 0, "broken test",
                "nothing is in swap")
        guest.send("run sleep 1 &\r")
        guest.wait_prompt()
        is_off(guest, "/dev/hdb")
        guest.wait_text("# held: 0 bad pages")
        nothing_is_left(guest)


def off_too_much(ctx, journal):
    """What is there does not fit: it is refused, and goes on as before."""
    row = Row("off")
    area = mkswap(journal.scratch / "swap.img", 128 * MB)
    args = boot_args(ctx, row, "swap=hdb") + drive(area, 1, ",cache=unsafe")
    with Guest(journal, args, limit=400) as guest:
        guest.wait_prompt()
        hold(guest, 96, 10)
        answer = guest.command("swapoff /dev/hdb")
        require("/dev/hdb" in used(guest), "failed case",
                f"96 MB came home to 64: {answer}")
        guest.wait_text("# held: 0 bad pages")
        nothing_is_left(guest, "/dev/hdb")
        is_off(guest, "/dev/hdb")
