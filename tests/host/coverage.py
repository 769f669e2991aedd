#!/usr/bin/env python3
"""What of mm/ the host tests reach: a table, and a bar for some of it.

    coverage.py DIR PROGRAM...

DIR has the programs and what they counted (PROGRAM-*.profraw). Lines and
branches are those of the source: a branch is one way out of one condition, so
`if (a && b)` has four. The lines that nobody reached stand in DIR/coverage.txt.
Exit status 1 if a file is below its bar (BAR, FOLDER_BAR), or was not compiled
at all.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("mm/early", "mm/page", "mm/object", "mm/virt")
BAR = {"mm/page/buddy.c": (100, 95), "mm/early/memblock.c": (100, 95),
       "mm/early/e820.c": (100, 95), "mm/virt/vmalloc.c": (97, 90),
       "mm/virt/vmap_area.c": (97, 90)}
# of each file of a folder
FOLDER_BAR = {"mm/object": (97, 90)}
COV = os.environ.get("LLVM_COV", "llvm-cov")
PROFDATA = os.environ.get("LLVM_PROFDATA", "llvm-profdata")


def run(*words):
    """What a command prints."""
    return subprocess.run(words, stdout=subprocess.PIPE, check=True,
                          cwd=ROOT).stdout.decode("utf-8", "replace")


def merge(folder, programs):
    """One file from what all programs counted, and how to name them all."""
    counted = [str(path) for name in programs
               for path in sorted(folder.glob(f"{name}-*.profraw"))]
    if not counted:
        sys.exit("coverage: no program has run")
    profile = folder / "coverage.profdata"
    run(PROFDATA, "merge", "-o", str(profile), *counted)
    first, *others = (str(folder / name) for name in programs)
    return [first, *(f"-object={name}" for name in others),
            f"-instr-profile={profile}"]


def percent(part):
    """100.0 if there is nothing to reach."""
    return 100.0 * part["covered"] / part["count"] if part["count"] else 100.0


def show_missed(words):
    """The lines of the sources that were not reached, with their files."""
    listing, name = [], ""
    for line in run(COV, "show", *words).splitlines():
        if line.endswith((".c:", ".h:")):
            name = line[:-1]
        elif "|      0|" in line and name.startswith(FOLDERS) and \
                name.endswith(".c"):
            listing.append(f"{name}:{line}")
    return "\n".join(listing) + "\n"


def main():
    """Entry; the exit status."""
    folder, programs = Path(sys.argv[1]).resolve(), sys.argv[2:]
    words = merge(folder, programs)
    data = json.loads(run(COV, "export", "-summary-only", *words))["data"][0]
    found = {entry["filename"]: entry["summary"] for entry in data["files"]}
    wanted = sorted(str(path.relative_to(ROOT)) for name in FOLDERS
                    for path in (ROOT / name).glob("*.c"))
    below = []
    print(f"{'':26}{'lines':>8}{'missed':>8}{'%':>8}{'branches':>11}"
          f"{'missed':>8}{'%':>8}")
    for name in wanted:
        if name not in found:
            below.append(f"{name} is in none of the programs")
            continue
        part = found[name]
        lines, branches = part["lines"], part["branches"]
        print(f"{name:26}"
              f"{lines['count']:8}{lines['count'] - lines['covered']:8}"
              f"{percent(lines):8.1f}{branches['count']:11}"
              f"{branches['count'] - branches['covered']:8}{percent(branches):8.1f}")
        least = BAR.get(name, FOLDER_BAR.get(name.rpartition("/")[0], (0, 0)))
        if percent(lines) < least[0] or percent(branches) < least[1]:
            below.append(f"{name} is below {least[0]} % of lines or "
                         f"{least[1]} % of branches")
    missed = folder / "coverage.txt"
    missed.write_text(show_missed(words), encoding="utf-8")
    print(f"lines that were not reached: {missed}")
    for sentence in below:
        print(f"coverage: {sentence}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
