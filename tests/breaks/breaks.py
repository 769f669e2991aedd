#!/usr/bin/env python3
"""Breaks each mechanism on purpose and sees whether a named test goes red.

A test that cannot fail proves nothing. Each row of rows_*.py changes one place
of a copy of the tree, builds it, boots it, and expects the test it names to
fail (or the boot to die, where the break leaves nothing to report). `make
breaks` runs them all; it takes hours and is not part of `make test`.
"""
import argparse
import importlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(TREE / "tests"))

# pylint: disable=wrong-import-position
from machines import disks, floppy                              # noqa: E402

QEMU = ["qemu-system-i386", "-accel", "tcg,thread=single", "-display", "none",
        "-no-reboot", "-nodefaults", "-serial", "stdio",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]


PASSED = 33    # what QEMU makes of the kernel's code for success

PARTS = ("boot", "cpu", "page", "object", "sched", "disk", "files", "space",
         "user", "report", "reclaim")
BREAKS = [row for name in PARTS
          for row in importlib.import_module(f"breaks.rows_{name}").ROWS]


def apply(tree, mistake):
    """Makes the change; an old text that is not there once is an error."""
    path = tree / mistake.path
    text = path.read_text()
    if text.count(mistake.old) != 1:
        raise SystemExit(f"{mistake.name}: its text stands "
                         f"{text.count(mistake.old)} times in {mistake.path}")
    path.write_text(text.replace(mistake.old, mistake.new))
    return text


def disk_args(folder, kind):
    """QEMU's options for disks for tests, made anew."""
    args = []
    for place in range(2 if kind == "two" else 1):
        path = folder / f"disk{place}.img"
        bad = disks.BAD if kind == "bad" else {}
        disks.make_image(path, disks.label(**bad),
                         disks.LARGE if kind == "large" else disks.SIZE)
        args += disks.bad_drive(path) if kind == "bad" else \
            disks.drive(path, place)
    return args


def boot(tree, mistake, test):
    """Runs one test of the broken kernel; returns exit status and output."""
    command = QEMU + ["-cpu", mistake.cpu, "-m", mistake.mem,
                      "-kernel", str(tree / "build/swapper.elf"),
                      "-append", f"{mistake.options} test={test}".strip()]
    if mistake.initrd:
        command += ["-initrd", str(tree / mistake.initrd)]
    if mistake.disk:
        command += disk_args(tree.parent, mistake.disk)
    if mistake.floppy:
        medium = tree / "build/floppy"
        medium.write_bytes(floppy.medium())
        command += floppy.drive_args(medium)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace")


def verdict(mistake, status, output):
    """How the break was noticed, or None if it was not."""
    case = mistake.caught_by.split(".")[1]
    if re.search(rf"^\s*not ok \d+ {case}\s*$", output, re.M):
        return f"{mistake.caught_by} failed"
    # its mark could not be read; floppy.py wants it to run
    if mistake.floppy and re.search(rf"^\s*ok \d+ {case} # SKIP", output, re.M):
        return f"{mistake.caught_by} did not run"
    if status == 0:
        return f"{mistake.caught_by}: triple fault"
    if status != PASSED and "PANIC" in output:
        panic = re.search(r"PANIC: (.*)", output).group(1)
        return f"{mistake.caught_by}: boot panicked: {panic}"
    if status is None:
        return f"{mistake.caught_by}: it hung"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("filter", nargs="?", default="")
    wanted = parser.parse_args().filter
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        tree = pathlib.Path(scratch) / "swapper"
        shutil.copytree(TREE, tree, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "toolchain"))
        for mistake in BREAKS:
            if wanted not in mistake.name:
                continue
            before = apply(tree, mistake)
            subprocess.run(["make"], cwd=tree, check=True, env=dict(os.environ),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            how = verdict(mistake, *boot(tree, mistake, mistake.caught_by))
            (tree / mistake.path).write_text(before)
            missed += how is None
            print(f"{'caught' if how else 'MISSED'}  {mistake.name}: "
                  f"{how or mistake.caught_by + ' did not notice'}", flush=True)
    print(f"{missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
