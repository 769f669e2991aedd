#!/usr/bin/env python3
"""Builds the kernel, runs every test on it, and says what failed.

    python3 tests/run.py --build build --jobs 2 [--long] [FILTER]

Tests come from plug-ins: modules in the folders of tests/ that have a function
`def tests(ctx): yield Test(name, run)` (see machines/harness.py). FILTER
is a part of the names of the tests to run. The last line is "N passed, N
failed"; the exit status is 1 if any failed. Logs stand in BUILD/test-logs.
"""

import argparse
import importlib
import os
import re
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

# pylint: disable=wrong-import-position
from machines.harness import Context, Failure, Journal, Skip, Test  # noqa: E402
from machines.qemu import kill_guests  # noqa: E402

SHOWN_LINES = 15
BUILD_TEST = "build.default"


@dataclass
class Outcome:
    """How one test ended: "ok", "FAIL" or "skip"."""

    word: str
    message: str = ""


class Console:
    """One block of lines a test, never mixed with another's."""

    def __init__(self):
        self._lock = threading.Lock()
        self.count = {"ok": 0, "FAIL": 0, "skip": 0}

    def report(self, journal, outcome, seconds):
        """Prints and counts one result."""
        word, message = outcome.word, outcome.message
        lines = [f"{word:4}{'' if word == 'ok' else ' '}{journal.name}" +
                 (f": {message}" if message else "") + f" ({seconds:.1f} s)"]
        if word == "FAIL":
            tail = journal.output.rstrip().split("\n")[-SHOWN_LINES:]
            lines += [f"     | {line}" for line in tail if journal.output]
            lines.append(f"     log: {journal.path}")
        with self._lock:
            self.count[word] += 1
            print("\n".join(lines), flush=True)

    def fail(self, text):
        """A failure that is no test's."""
        self.count["FAIL"] += 1
        print(f"FAIL {text}", flush=True)

    def summary(self):
        """The last line."""
        text = f"{self.count['ok']} passed, {self.count['FAIL']} failed"
        if self.count["skip"]:
            text += f", {self.count['skip']} skipped"
        return text


def run_one(ctx, console, test):
    """Runs one test in this thread, whatever it does."""
    journal = Journal(ctx.logs, test.name)
    start = time.monotonic()
    try:
        test.run(journal)
        outcome = Outcome("ok")
    except Skip as reason:
        outcome = Outcome("skip", str(reason))
    except Failure as failure:
        outcome = Outcome("FAIL", str(failure))
        if failure.detail:
            journal.keep_output(failure.detail)
    except Exception as error:          # a mistake in the test itself
        journal.note(traceback.format_exc())
        outcome = Outcome("FAIL", f"broken test: {error!r}")
    journal.note(f"{outcome.word} {outcome.message}")
    console.report(journal, outcome, time.monotonic() - start)
    journal.close()
    return outcome.word != "FAIL"


def plugins():
    """The modules below tests/ that have tests(ctx), by folder and name."""
    for path in sorted(HERE.glob("*/*.py")):
        text = path.read_text(encoding="utf-8")
        if re.search(r"^def tests\(_?ctx\)", text, re.M):
            yield f"{path.parent.name}.{path.stem}"


def collect(ctx):
    """All tests of all plug-ins; one that breaks is a failed test."""
    result = []
    for name in plugins():
        try:
            result += list(importlib.import_module(name).tests(ctx))
        except Exception as error:      # reported, the others go on
            result.append(Test(f"{name}.collect", failing(error)))
    return [test for test in result if ctx.filter in test.name]


def failing(error):
    """A test that fails as its collection did."""
    def run(_journal):
        raise error
    return run


def build(ctx):
    """The kernel and its ISO, as `make` makes them; a warning is an error."""
    def run(journal):
        output = ctx.make("build-only")
        journal.note(output)
        if "warning" in output.lower():
            raise Failure("build failed", "make prints a warning", output)
    return Test(BUILD_TEST, run)


def run_all(ctx, console):
    """Builds; then the tests, the longest first."""
    if not run_one(ctx, console, build(ctx)):
        return
    found = sorted(collect(ctx), key=lambda test: -test.cost)
    if not found and ctx.filter not in BUILD_TEST:
        console.fail(f"no test has \"{ctx.filter}\" in its name")
    with ThreadPoolExecutor(max_workers=ctx.jobs) as pool:
        try:
            wait([pool.submit(run_one, ctx, console, test) for test in found])
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_guests()
            raise


def main():
    """Entry; the exit status."""
    parser = argparse.ArgumentParser(description="Runs the tests of swapper.")
    parser.add_argument("--build", type=Path, default=HERE.parent / "build")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--long", action="store_true", help=(
        "all rounds on every machine (machines/ktap.py)"))
    parser.add_argument("filter", nargs="?", default="")
    args = parser.parse_args()
    if args.long:       # read by the plug-ins, which are not imported yet
        os.environ["TEST_LONG"] = "1"
    ctx = Context(root=HERE.parent, build=args.build.resolve(),
                  jobs=max(1, args.jobs), filter=args.filter)
    console = Console()
    start = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run_all(ctx, console)
    except KeyboardInterrupt:
        print("interrupted")
        return 1
    print(f"{time.monotonic() - start:.0f} s, logs in {ctx.logs}")
    print(console.summary())
    return 1 if console.count["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
