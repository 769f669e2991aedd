#!/usr/bin/env python3
"""Counts guest instructions per operation: `make bench`.

    python3 tests/bench/run.py --build build [--update] [NAME]

Boots BUILD/swapper.elf with `bench` (or `bench=NAME`) in QEMU under
-icount shift=0, where a tick of the time-stamp counter is one instruction, and
prints each case next to the baseline and to Linux 6.1. Those of swap.* have a
smaller machine of their own. All cases together go to
BUILD/bench.json; --update makes them the new baseline, too, and writes the
table of docs/bench.md.
"""

import argparse
import json
import re
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

# pylint: disable=wrong-import-position
from machines.harness import Failure, Journal, require          # noqa: E402
from machines.qemu import (                                     # noqa: E402
    GB, MB, PASSED, Guest, kernel_args, machine_args)

BASELINE = HERE / "baseline.json"
BASELINE_CC = HERE / "baseline.cc"
LINUX = HERE / "linux-6.1.json"
DOCUMENT = HERE.parents[1] / "docs" / "bench.md"

MEMORY = 2 * GB         # that of the Linux figures
CPU = "pentium3"        # theirs, too: TSC, large and global pages, PAE
# one instruction is one nanosecond; an idle CPU does not wait
COUNTING = ["-icount", "shift=0,sleep=off", "-rtc", "base=2000-01-01,clock=vm"]
# a disk that is done at once and keeps nothing
DISK = ["-drive", "driver=null-co,size=1G,read-zeroes=on,if=ide"]
LIMIT = 400             # seconds; it takes five
# Linux's machine for swap: 64 MB, and a RAM disk of 160 MB above that
SWAP = "swap"
SWAP_RAM, SWAP_DISK, SWAP_MEMORY = 64 * MB, 160 * MB, 256 * MB
SWAP_OPTIONS = (f"mem={SWAP_RAM // MB}M ramdisk={SWAP_DISK // MB}M swap=ram0")
GROWTH = 0.03           # what a case may grow before it fails
LEAST = 0.005           # half a printed digit: no growth at all

COMPILER = re.compile(r"^bench: compiler: (.*)$", re.M)
RESULT = re.compile(r"^bench (\S+) min (\d+\.\d\d) mean (\d+\.\d\d) "
                    r"tlb (\d+\.\d\d)$", re.M)
SKIPPED = re.compile(r"^bench (\S+) skipped: (.*)$", re.M)
DOC_TABLE = re.compile(r"^(\| case \|.*\n\|---.*\n)(?:\|.*\n)*", re.M)
TOTAL = re.compile(r"^bench: (\d+) cases, (\d+) skipped$", re.M)

# Calibration: if they are not exactly this, no instructions were counted.
EXACT = {"calib.empty_loop": 2.0, "calib.nop1000": 1002.0,
         "calib.nop2000": 2002.0}

# The most that a case may take, whatever the baseline says.
BOUNDS = {"page.order0.pair": 80.0, "page.order3.pair": 250.0,
          "boot.tables_to_pages.per_page": 16.0,
          "cache32.pair": 38.0, "cache256.pair": 38.0, "cache1024.pair": 38.0,
          "cache256.batch1000.alloc": 40.0, "cache256.batch1000.free": 40.0,
          "cache256.bulk20000.alloc": 55.0, "cache256.bulk20000.free": 55.0,
          "kmalloc8.pair": 55.0, "kmalloc64.pair": 55.0,
          "kmalloc100.pair": 55.0, "kmalloc512.pair": 55.0,
          "kmalloc4096.pair": 55.0, "kmalloc8192.pair": 55.0,
          "kmalloc64.const.pair": 45.0, "kmalloc512.const.pair": 45.0,
          "kmalloc.mix_1to512": 50.0, "slab.space.32.bytes_per_obj": 33.0,
          "virt.vmalloc_16k.pair": 1100.0, "virt.vmalloc_1m.pair": 24000.0,
          "kmap.atomic.pair": 30.0, "kmap.same.pair": 45.0,
          "kmap.cycle2048.pair": 110.0,
          "cache.hit": 60.0, "cache.pread4k": 1280.0, "cache.pwrite4k": 1450.0,
          "cache.lock": 22.0, "reclaim.clean_page": 350.0,
          "irq.tick": 500.0, "lock.irqsave.pair": 16.0,
          "wakeup.switch": 250.0, "thread.create_join": 6000.0,
          "syscall.null": 90.0, "user.null": 90.0,
          "fault.anon_write": 1450.0, "user.fault_write": 1450.0,
          "fault.anon_read": 350.0, "user.fault_read": 350.0,
          "fault.cow_copy": 1580.0, "user.cow_copy": 1580.0,
          "fault.cow_reuse": 380.0, "user.cow_reuse": 380.0,
          "fork.per_page": 45.0, "user.fork_page": 45.0,
          "user.fork_exit_wait": 16000.0,
          "munmap.per_page": 150.0, "user.munmap_page": 150.0,
          "mmap_munmap.untouched": 2500.0, "user.mmap_munmap": 2500.0,
          "bounce.read.per_page": 1330.0, "bounce.write.per_page": 1330.0,
          "bounce.read8.per_page": 1330.0, "bounce.write8.per_page": 1330.0,
          "bounce.read16.isa.per_page": 1330.0,
          "bounce.write16.isa.per_page": 1330.0,
          "disk.dma.8pages": 6000.0,
          "swap.pass1": 75e6, "swap.pass2": 150e6,
          "swap.pass2.scanned_per_stolen": 2.0,
          "swap.pass3": 25e6, "swap.pass4": 25e6}

# Those whose loop is not the allocator's: the bound is for what is beyond it.
LOOPS = {"kmalloc.mix_1to512": "kmalloc.mix.loop_only"}

# The bounds are for gcc; clang's code may take a tenth more.
CLANG = 1.1


@dataclass
class Run:
    """What it said: raw bytes, compiler, cases as bench.json has them; and the
    raw bytes of the machine that swaps."""

    raw: bytes
    compiler: str
    cases: list
    swap_raw: bytes = b""


# --- measuring ---------------------------------------------------------------

def parse(text, elsewhere=""):
    """(compiler, cases) of a finished run; a Failure if it is not whole.

    Cases whose names begin with elsewhere may be left out.
    """
    total, compiler = TOTAL.search(text), COMPILER.search(text)
    require(total and compiler, "lost output", "the run has no end")
    skipped = [(name, why) for name, why in SKIPPED.findall(text)
               if not elsewhere or not name.startswith(elsewhere)]
    require(not skipped, "failed case", f"skipped: {skipped}")
    cases = [{"case": name, "min": float(least), "mean": float(mean),
              "tlb_flushes": float(flushes)}
             for name, least, mean, flushes in RESULT.findall(text)]
    require(len(cases) == int(total[1]), "lost output",
            f"{len(cases)} cases were read, {total[1]} ran")
    require(len(by_name(cases)) == len(cases), "wrong output",
            "two cases have one name")
    return compiler[1], cases


def boot(journal, kernel, spec, args, elsewhere=""):
    """One machine, to its end; a Run."""
    programs = Path(kernel).parent / "programs.cpio"
    args += kernel_args(kernel, spec,
                        str(programs) if programs.exists() else "")
    with Guest(journal, args, limit=LIMIT) as guest:
        guest.expect_end(PASSED)
        return Run(guest.raw, *parse(guest.text, elsewhere))


def swap_header(path, size):
    """The first page of a swap area, as mkswap makes it: <linux/swap.h>."""
    page = bytearray(4096)
    struct.pack_into("<3I", page, 1024, 1, size // 4096 - 1, 0)
    page[-10:] = b"SWAPSPACE2"
    path.write_bytes(page)
    return path


def measure_swap(journal, kernel, spec=SWAP):
    """The machine that swaps: the same clock, less memory."""
    header = swap_header(journal.scratch / "header", SWAP_DISK)
    args = machine_args(SWAP_MEMORY, cpu=CPU) + COUNTING + [
        "-device", f"loader,file={header},addr={SWAP_RAM:#x},force-raw=on"]
    return boot(journal, kernel, f"{SWAP_OPTIONS} bench={spec}", args)


def measure(journal, kernel, spec="", memory=MEMORY, counting=None):
    """Boots with bench, or bench=spec; a Run. All cases need two machines."""
    if spec.partition(".")[0] == SWAP:
        return measure_swap(journal, kernel, spec)
    args = machine_args(memory, cpu=CPU) + DISK + (
        COUNTING if counting is None else counting)
    run = boot(journal, kernel, f"bench={spec}" if spec else "bench", args,
               "" if spec else f"{SWAP}.")
    if not spec:
        more = measure_swap(journal, kernel)
        run.cases += more.cases
        run.swap_raw = more.raw
    return run


# --- judging -----------------------------------------------------------------

def by_name(cases):
    """{name: case}."""
    return {case["case"]: case for case in cases}


def wrong_unit(cases):
    """Which cases say that the ticks were no instructions."""
    found = by_name(cases)
    return [f"{name} is {found[name]['min']:.2f}, not {exact:.2f}: no "
            "instructions were counted" for name, exact in EXACT.items()
            if name in found and found[name]["min"] != exact]


def beyond_loop(found, name):
    """The mean of a case, less that of its loop where it has one."""
    loop = found.get(LOOPS.get(name), {"mean": 0})
    return found[name]["mean"] - loop["mean"]


def beyond_bounds(cases, compiler=""):
    """Which cases are missing, or above what they may take at most."""
    found = by_name(cases)
    spare = CLANG if "clang" in compiler.lower() else 1
    bounds = {name: bound * spare for name, bound in BOUNDS.items()}
    missing = [name for name in [*BOUNDS, *LOOPS.values()]
               if name not in found]
    return [f"{name} is missing" for name in missing] + [
        f"{name} takes {beyond_loop(found, name):.2f}, at most {bound:.0f} "
        "are allowed" for name, bound in bounds.items()
        if name in found and beyond_loop(found, name) > bound]


def grown(cases, baseline):
    """Which cases grew since the baseline, are new, or are gone."""
    now, before = by_name(cases), by_name(baseline)
    wrong = [f"{name} is not in the baseline" for name in now
             if name not in before]
    wrong += [f"{name} was not measured" for name in before if name not in now]
    for name in now.keys() & before.keys():
        for key in ("min", "mean", "tlb_flushes"):
            new, old = now[name][key], before[name][key]
            if new > old * (1 + GROWTH) + LEAST:
                wrong.append(f"{name} grew: {key} {old:.2f} -> {new:.2f}")
    return sorted(wrong)


# --- files -------------------------------------------------------------------

def load(path):
    """A list of cases."""
    return json.loads(path.read_text(encoding="utf-8"))


def store(path, cases):
    """One case a line: a difference shows which."""
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def baseline_compiler():
    """The version of the compiler that the baseline was made with."""
    return BASELINE_CC.read_text(encoding="utf-8").strip()


def document(cases, linux):
    """docs/bench.md with these cases in its table."""
    other = by_name(linux)
    rows = "".join(
        f"| {case['case']} | {case['mean']:.2f} | "
        f"{other[case['case']]['mean']:.2f} |\n" for case in cases
        if case["case"] in other and not case["case"].startswith("calib."))
    text = DOCUMENT.read_text(encoding="utf-8")
    new, count = DOC_TABLE.subn(lambda found: found[1] + rows, text)
    require(count == 1, "wrong contents", f"{DOCUMENT.name} has no table")
    return new


def update(run):
    """The run becomes the baseline, and what docs/bench.md shows."""
    store(BASELINE, run.cases)
    BASELINE_CC.write_text(run.compiler + "\n", encoding="utf-8")
    DOCUMENT.write_text(document(run.cases, load(LINUX)), encoding="utf-8")


# --- showing -----------------------------------------------------------------

def change(new, old):
    """How much more, as a percentage; "" where there is nothing to say."""
    return f"{(new / old - 1) * 100:+.1f} %" if old and new != old else ""


def table(cases, baseline, linux):
    """The cases as text, next to both others."""
    old, other = by_name(baseline), by_name(linux)
    lines = [f"{'instructions per operation':32}{'min':>14}{'mean':>14}"
             f"{'tlb':>6}{'baseline':>12}{'':>9}{'Linux 6.1':>11}"]
    for case in cases:
        name = case["case"]
        before = old.get(name, {}).get("mean")
        theirs = other.get(name, {}).get("mean")
        lines.append(
            f"{name:32}{case['min']:14.2f}{case['mean']:14.2f}"
            f"{case['tlb_flushes']:6.2f}"
            f"{'' if before is None else f'{before:.2f}':>12}"
            f"{'' if before is None else change(case['mean'], before):>9}"
            f"{'' if theirs is None else f'{theirs:.2f}':>11}".rstrip())
    return "\n".join(lines)


def judge(run):
    """What is wrong with a run of all cases: sentences."""
    wrong = beyond_bounds(run.cases, run.compiler)
    if run.compiler == baseline_compiler():
        return wrong + grown(run.cases, load(BASELINE))
    return wrong + [f"no comparison: the baseline is of compiler "
                    f"{baseline_compiler()}, this kernel of {run.compiler}"]


def report(args, run):
    """Writes the files, prints the table and the sentences."""
    whole = not args.name
    if whole:
        store(args.build / "bench.json", run.cases)
    if args.update:
        update(run)
    print(table(run.cases, load(BASELINE), load(LINUX)))
    if whole:
        print("\n".join(judge(run)) or
              "no case grew by more than 3 %, none is beyond its bound")


def main():
    """Entry; the exit status: 0, whatever the figures are."""
    parser = argparse.ArgumentParser(description="Counts instructions.")
    parser.add_argument("--build", type=Path, default=HERE.parents[1] / "build")
    parser.add_argument("--update", action="store_true",
                        help="make this run the baseline")
    parser.add_argument("name", nargs="?", default="",
                        help="a case, or the words its name begins with")
    args = parser.parse_args()
    if args.update and args.name:
        parser.error("--update needs all cases")
    journal = Journal(args.build, "bench")
    try:
        run = measure(journal, args.build / "swapper.elf", args.name)
        wrong = wrong_unit(run.cases)
        require(not wrong, "wrong output", "; ".join(wrong))
    except Failure as failure:
        print(f"bench: {failure}; see {journal.path}")
        return 1
    finally:
        journal.close()
    report(args, run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
