"""mm/ as programs of this computer, under ASan and UBSan, and the fuzzers.

1. Each program of tests/host is a test; what they reach of mm/ is compared with
   the bar of coverage.py.
2. Each fuzz target runs a fixed number of inputs from a fixed seed: the same
   ones each time. `make fuzz` goes on from there.
"""

import os
import re
import subprocess
import sys

from machines.harness import Failure, Test, require, run_command

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = {"suites": 1, "early": 3, "buddy": 3, "exhaustive": 10, "policy": 1,
            "slow": 1, "bad_free": 1, "check": 1, "pages": 1, "debug": 1, "boot": 3,
            "caches": 1, "slab": 5, "slab_exhaustive": 6, "kmalloc": 4, "damage": 3,
            "slab_check": 3, "mempool": 1, "watched": 2, "vmalloc": 3, "elevator": 1,
            "vma": 5, "radix_tree": 2, "radix_tree3": 2, "swap": 1,
            "readahead": 1}
# how many inputs; measured: two seconds each
FUZZERS = {"e820": 80000, "memblock": 20000, "cmdline": 12000, "multiboot": 200000,
           "srat": 300000, "slab": 2500, "elf": 200000, "cpio": 100000,
           "swap": 100000}
FUZZ_LEAST = 80         # edges that it must reach, or it does not fuzz
FUZZ_SMALL = {"elf": 50, "cpio": 30, "swap": 40}  # these have no more
FUZZ_LONGEST = 2200     # bytes: a command line that must be cut


def tests(ctx):
    """The programs, the fuzzers, and the sum of both."""
    for name, cost in PROGRAMS.items():
        yield Test(f"host.{name}", bound(check_program, ctx, name), 5 + cost)
    # the last: it needs what all others counted
    yield Test("host.coverage", bound(check_coverage, ctx), 0)
    for name, runs in FUZZERS.items():
        yield Test(f"host.fuzz.{name}", bound(check_fuzzer, ctx, name, runs), 5)
    yield Test("host.makefile", bound(check_lists, ctx), 5)


def bound(function, *args):
    """function(*args, journal), as the runner wants it."""
    return lambda journal: function(*args, journal)


def folder(ctx):
    """Where the programs are built."""
    return ctx.out / "host"


def build(ctx):
    """All programs, once; what make printed."""
    return ctx.once("host", lambda: run_command(
        ["make", "-s", "-C", HERE, f"-j{ctx.jobs}", f"O={folder(ctx)}",
         "WERROR=-Werror", "programs"], 600, "build failed"))


def run_program(ctx, name):
    """Runs it once, with its counters for coverage.py; its status and output."""
    def produce():
        build(ctx)
        for old in folder(ctx).glob(f"test_{name}-*.profraw"):
            old.unlink()
        env = dict(os.environ, LLVM_PROFILE_FILE=str(
            folder(ctx) / f"test_{name}-%m.profraw"))
        try:
            done = subprocess.run([str(folder(ctx) / f"test_{name}")], env=env,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  stdin=subprocess.DEVNULL, timeout=300, check=False)
        except subprocess.TimeoutExpired:
            raise Failure("timeout", f"test_{name} took more than 300 s") from None
        return done.returncode, done.stdout.decode("utf-8", "replace")
    return ctx.once(("host", name), produce)


def check_program(ctx, name, journal):
    """All its cases pass, and there were some."""
    status, output = run_program(ctx, name)
    journal.keep_output(output)
    failed = re.findall(r"^\[  (?:FAILED|ERROR)\s*\] (\w\S*)", output, re.M)
    require(not failed, "failed case", ", ".join(dict.fromkeys(failed)))
    require(status == 0, "bad exit status", str(status))
    require(re.search(r"PASSED  \] [1-9]\d* test", output), "lost output",
            "no case was run")


def check_coverage(ctx, journal):
    """coverage.py is content with what the programs reached."""
    broken = [name for name in PROGRAMS if run_program(ctx, name)[0]]
    require(not broken, "failed case",
            f"nothing to count while these fail: {', '.join(broken)}")
    output = run_command([sys.executable, os.path.join(HERE, "coverage.py"),
                          str(folder(ctx)), *(f"test_{name}" for name in PROGRAMS)],
                         120, "failed case")
    journal.note(output)
    require("mm/page/buddy.c" in output, "lost output", "there is no table")


def check_fuzzer(ctx, name, runs, journal):
    """So many inputs, and none of them is noticed."""
    build(ctx)
    run_command([sys.executable, os.path.join(HERE, "corpus.py"),
                 str(journal.scratch)], 60, "broken test")
    output = run_command(
        [str(folder(ctx) / f"fuzz_{name}"), f"-runs={runs}", "-seed=1",
         f"-max_len={FUZZ_LONGEST}", "-max_total_time=60",
         f"-artifact_prefix={ctx.logs}/{name}-", str(journal.scratch / name)],
        120, "failed case")
    journal.note(output)
    reached = re.findall(r"DONE +cov: (\d+)", output)
    require(reached, "lost output", "it does not say what it reached")
    least = FUZZ_SMALL.get(name, FUZZ_LEAST)
    require(int(reached[-1]) >= least, "broken test",
            f"it reached only {reached[-1]} edges")


def check_lists(_ctx, _journal):
    """The Makefile has the same programs and targets."""
    with open(os.path.join(HERE, "Makefile"), encoding="utf-8") as file:
        text = file.read()
    for variable, names in (("TESTS", PROGRAMS), ("FUZZERS", FUZZERS)):
        value = re.search(rf"^{variable} := ((?:.*\\\n)*.*)$", text, re.M)[1]
        listed = value.replace("\\\n", " ").split()
        require(sorted(listed) == sorted(names), "broken test",
                f"{variable} of the Makefile: {' '.join(listed)}")
