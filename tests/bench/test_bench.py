"""What operations cost, against the baseline and the promised bounds."""

import re

from bench import run
from bench.run import by_name, measure
from machines.harness import Failure, Skip, Test, require
from machines.qemu import (
    FAILED, GB, KB, MB, Guest, kernel_args, machine_args)

# All below 4 GB but the last, which has PAE's tables and a hole.
SIZES = (512 * MB, 2 * GB, 3583 * MB, 8 * GB)
TO_PAGES = "boot.tables_to_pages"
PER_PAGE = 16           # instructions, from final tables to the allocator

BOUND_ROW = re.compile(r"^\| (.*) \| (\d+) \|$", re.M)
CASE_NAME = re.compile(r"\w+(?:\.\w+)+")

# Another machine: its boot leaves other small blocks on the free lists.
OTHER_SIZE = 2000 * MB


def tests(ctx):
    """The plug-in."""
    yield Test("bench.baseline",
               lambda journal: against_baseline(ctx, journal), 8.0)
    yield Test("bench.bounds", lambda journal: in_bounds(ctx, journal), 8.0)
    yield Test("bench.boot-linear",
               lambda journal: boot_is_linear(ctx, journal), 3.0)
    yield Test("bench.same-twice",
               lambda journal: same_twice(ctx, journal), 12.0)
    yield Test("bench.lists-of-the-boot",
               lambda journal: from_large_blocks(ctx, journal), 5.0)
    yield Test("bench.comparison-fails",
               lambda journal: comparison_fails(ctx, journal), 8.0)
    yield Test("bench.cycles-are-refused",
               lambda journal: cycles_are_refused(ctx, journal), 2.0)
    yield Test("bench.document", document_is_right)
    yield Test("bench.prompt", lambda journal: at_prompt(ctx, journal), 2.0)
    yield Test("bench.no-tsc", lambda journal: without_tsc(ctx, journal), 1.0)


def kernel(ctx):
    """The kernel; the program that measures itself is beside it."""
    ctx.once("programs", lambda: ctx.make("programs"))
    return ctx.kernel


def first_run(ctx, journal):
    """All cases, measured once for all tests."""
    return ctx.once("bench", lambda: measure(journal, kernel(ctx)))


def complain(wrong):
    """A Failure that names the cases, unless there are none."""
    if wrong:
        raise Failure("failed case", "; ".join(wrong[:3]), "\n".join(wrong))


def same_compiler(measured):
    """Another compiler's instructions are not comparable: a Skip."""
    if measured.compiler != run.baseline_compiler():
        raise Skip(f"the baseline was made by compiler "
                   f"{run.baseline_compiler()}, not {measured.compiler}")


# --- the figures -------------------------------------------------------------

def against_baseline(ctx, journal):
    """No case grew, none is new, none is gone."""
    measured = first_run(ctx, journal)
    complain(run.wrong_unit(measured.cases))
    same_compiler(measured)
    complain(run.grown(measured.cases, run.load(run.BASELINE)))


def in_bounds(ctx, journal):
    """What was promised, whatever the baseline says."""
    measured = first_run(ctx, journal)
    complain(run.wrong_unit(measured.cases))
    complain(run.beyond_bounds(measured.cases, measured.compiler))


def boot_is_linear(ctx, journal):
    """From one size of RAM to the next: so many instructions for a page."""
    took = [by_name(measure(journal, kernel(ctx), "boot", size).cases)
            [TO_PAGES]["min"] for size in SIZES]
    for i in range(1, len(SIZES)):
        pages = (SIZES[i] - SIZES[i - 1]) // (4 * KB)
        slope = (took[i] - took[i - 1]) / pages
        sentence = (f"from {SIZES[i - 1] // MB} to {SIZES[i] // MB} MB of RAM "
                    f"a page more costs {slope:.2f} instructions")
        journal.note(sentence)
        require(0 < slope <= PER_PAGE, "failed case", sentence)


def same_twice(ctx, journal):
    """Byte by byte."""
    before, after = first_run(ctx, journal), measure(journal, kernel(ctx))
    for first, second in ((before.raw, after.raw),
                          (before.swap_raw, after.swap_raw)):
        for a, b in zip(first.split(b"\n"), second.split(b"\n")):
            require(a == b, "wrong output", f"first {a!r}, then {b!r}")
        require(first == second, "lost output", "one run is longer")


def from_large_blocks(ctx, journal):
    """What small blocks the boot left is in no figure of pages."""
    here, there = (measure(journal, kernel(ctx), "page", size).cases
                   for size in (run.MEMORY, OTHER_SIZE))
    for a, b in zip(here, there):
        require(a == b, "failed case", f"{a}; with other lists {b}")


def document_is_right(_journal):
    """The tables of docs/bench.md are those of the baseline and the bounds."""
    baseline, linux = run.load(run.BASELINE), run.load(run.LINUX)
    require(run.DOCUMENT.read_text(encoding="utf-8") ==
            run.document(baseline, linux), "wrong contents",
            "the table of docs/bench.md is not the baseline's; "
            "run.py --update writes both")
    other = doctored(baseline, "page.order0.pair", mean=2)
    require(run.document(other, linux) != run.document(baseline, linux),
            "broken test", "the table says the same of other figures")
    text = run.DOCUMENT.read_text(encoding="utf-8")
    told = {name: float(bound)
            for names, bound in BOUND_ROW.findall(
                text.partition("| what | at most |")[2])
            for name in CASE_NAME.findall(names)}
    require(told == run.BOUNDS, "wrong contents", "docs/bench.md has other "
            f"bounds: {sorted(set(told.items()) ^ set(run.BOUNDS.items()))}")


# --- does the comparison see what it must see? -------------------------------

def doctored(cases, name, **factors):
    """The cases with figures of one of them multiplied."""
    return [dict(case, **{key: case[key] * factor
                          for key, factor in factors.items()})
            if case["case"] == name else case for case in cases]


def expect_complaint(wrong, *parts):
    """One sentence for each part, which it contains, and no other."""
    require(len(wrong) == len(parts) and
            all(part in text for part, text in zip(parts, wrong)),
            "broken test", f"complaints {wrong}, expected {parts}")


def comparison_fails(ctx, journal):
    """Against baselines that are a little off, of every case."""
    cases = first_run(ctx, journal).cases
    expect_complaint(run.grown(cases, cases))
    for name in by_name(cases):
        for key in ("min", "mean"):
            expect_complaint(
                run.grown(cases, doctored(cases, name, **{key: 1 / 1.04})),
                f"{name} grew: {key}")
        expect_complaint(
            run.grown(cases, doctored(cases, name, min=1 / 1.029,
                                      mean=1 / 1.029)))
        expect_complaint(run.grown(cases, doctored(cases, name, min=2)))
        less = [case for case in cases if case["case"] != name]
        expect_complaint(run.grown(cases, less), f"{name} is not in the bas")
        expect_complaint(run.grown(less, cases), f"{name} was not measured")
    expect_complaint(run.grown(cases, doctored(
        cases, "tlb.flush_one", tlb_flushes=0)), "tlb.flush_one grew: tlb_fl")
    bounds_are_seen(cases)
    broken_runs_are_seen(first_run(ctx, journal).raw.decode("ascii"))


def bounds_are_seen(cases):
    """Just below each bound, just above it, and without the case."""
    at_bound = [dict(case, mean=run.BOUNDS.get(case["case"], 0))
                for case in cases]
    expect_complaint(run.beyond_bounds(at_bound))
    expect_complaint(run.beyond_bounds(doctored(
        at_bound, "cache32.pair", mean=1.09), "Debian Clang 14"))
    expect_complaint(run.beyond_bounds(doctored(
        at_bound, "cache32.pair", mean=1.11), "Debian Clang 14"),
                     "cache32.pair takes")
    for name in run.BOUNDS:
        expect_complaint(run.beyond_bounds(
            doctored(at_bound, name, mean=1.001)), f"{name} takes")
        expect_complaint(run.beyond_bounds(
            [case for case in at_bound if case["case"] != name]),
                         f"{name} is missing")


def broken_runs_are_seen(raw):
    """Output that lacks something, or says that a case could not run."""
    text = raw.replace("\r", "")
    line = "bench page.order0.pair min "
    changes = (("its end", text.rpartition("bench: ")[0]),
               ("a case", text.replace(line, "")),
               ("its figures", text.replace(
                   line, "bench page.order0.pair skipped: for fun\n")),
               ("its name", text.replace(line, "bench page.order1.pair min ")))
    for what, broken in changes:
        try:
            run.parse(broken, f"{run.SWAP}.")
        except Failure:
            continue
        raise Failure("broken test", f"a run that lacks {what} passed")


def cycles_are_refused(ctx, journal):
    """Without -icount the calibration tells."""
    cycles = measure(journal, kernel(ctx), "calib", counting=[])
    require(run.wrong_unit(cycles.cases), "broken test",
            "cycles of the host were taken for instructions")


# --- the kernel's side -------------------------------------------------------

def expect_answer(guest, command, *parts):
    """The answer contains all of these; returned."""
    answer = guest.command(command)
    for part in parts:
        require(part in answer, "wrong output",
                f"\"{command}\" answers \"{answer.strip()[-300:]}\", without "
                f"\"{part}\"")
    return answer


def at_prompt(ctx, journal):
    """Names, prefixes, cases that cannot run; nothing is lost."""
    args = machine_args(64 * MB) + kernel_args(ctx.kernel)
    with Guest(journal, args) as guest:
        guest.wait_prompt()
        # the first one gives back what the boot left in caches
        expect_answer(guest, "bench calib.empty_loop", "bench: 1 cases")
        free = guest.command("meminfo")
        listed = expect_answer(guest, "bench list").split()
        require(listed == list(by_name(run.load(run.BASELINE))),
                "wrong output", "bench list and the baseline differ")
        expect_answer(guest, "bench calib.rdtsc", "bench calib.rdtsc min ",
                      "bench: 1 cases, 0 skipped\n")
        expect_answer(guest, "bench page.order0.batch1000.lifo",
                      "bench: 2 cases, 0 skipped\n")
        expect_answer(guest, "bench page.order0.bat",
                      "no benchmark is named \"page.order0.bat\"")
        expect_answer(guest, "bench a b", "usage: bench")
        expect_answer(guest, "bench page.order0.highuser",
                      "skipped: there is no high memory",
                      "bench: 0 cases, 1 skipped\n")
        expect_answer(guest, "bench page.order10.batch32",
                      "skipped: too little memory is free")
        require(guest.command("meminfo") == free, "leak",
                "meminfo is not as it was before the benchmarks")
        expect_answer(guest, "check", "nothing is wrong")


def without_tsc(ctx, journal):
    """A 486 says so, and a boot for it fails."""
    args = machine_args(64 * MB, cpu="486") + kernel_args(ctx.kernel, "bench")
    with Guest(journal, args) as guest:
        guest.expect_end(FAILED)
        require("bench: this CPU has no time-stamp counter" in guest.text,
                "wrong output", "no word of the missing counter")
