"""KTAP, version 1, as the kernel must print it: strictly.

    KTAP version 1
    1..2
      KTAP version 1
      # Subtest: suite
      1..1
      ok 1 case
    ok 1 suite
    ...
    # 153 passed, 0 failed

Each level is indented by two more, plan and results of one level alike. Lines
of any other kind may stand between: what the tested code prints.
"""

import os
import re
from dataclasses import dataclass, field

from machines.harness import Failure

RESULT = re.compile(r"( *)(not )?ok (\d+) (\S+)(?: # SKIP ?(.*))?$")
RESULT_LIKE = re.compile(r" *(not )?ok\b")
PLAN = re.compile(r"( *)1\.\.(\d+)$")
VERSION = re.compile(r"( *)KTAP version 1$")
SUBTEST = re.compile(r"( *)# Subtest: (\S+)$")
LEAK = re.compile(r" *# leak: (.*)$")
# it counts to 10^5: once for each paging mode is enough
WITHOUT_LONGEST = "-wait.a_hundred_thousand_pairs"
ALL_BUT_THE_LONGEST = f"all,{WITHOUT_LONGEST}"
# `make test-long`: each row has all rounds
LONG = "TEST_LONG" in os.environ
# an eighth of the rounds of what is random
ROUNDS = "" if LONG else "short,"
SHORT = ROUNDS + ALL_BUT_THE_LONGEST
TOTALS = re.compile(r"# (\d+) passed, (\d+) failed$")


@dataclass
class Report:
    """What a run said of itself; names are SUITE.CASE."""

    passed: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    skipped: dict = field(default_factory=dict)
    details: dict = field(default_factory=dict)


class _Level:
    """Results between one plan and the result that closes it."""

    def __init__(self, depth):
        self.depth = depth
        self.plan = None
        self.name = None
        self.seen = 0
        self.failed = False

    def check_complete(self, where):
        """A Failure unless all that was planned has come."""
        if self.plan is None:
            raise Failure("lost output", f"{where} has no plan")
        if self.seen != self.plan:
            raise Failure("lost output", f"{where}: {self.seen} results of "
                          f"{self.plan}")


class _Reader:
    """Takes a report line by line."""

    def __init__(self):
        self.report = Report()
        self.levels = []
        self.details = []
        self.totals = None

    def line(self, line):
        """One line, of whatever kind."""
        if self.totals and line:
            return
        for pattern, handler in (
                (VERSION, self._version), (PLAN, self._plan),
                (SUBTEST, self._subtest), (RESULT, self._result),
                (TOTALS, self._totals)):
            match = pattern.match(line)
            if match:
                handler(match)
                return
        if RESULT_LIKE.match(line):
            raise Failure("lost output", f"damaged line \"{line}\"")
        if line.lstrip().startswith("# "):
            self.details.append(line.strip()[2:])

    def _at(self, indent, line):
        """The level that a line of this indent belongs to."""
        if not self.levels or len(indent) != 2 * self.levels[-1].depth:
            raise Failure("lost output", f"line \"{line}\" stands at the "
                          "wrong depth")
        return self.levels[-1]

    def _version(self, match):
        if len(match[1]) != 2 * len(self.levels):
            raise Failure("lost output", f"\"{match[0]}\" inside an "
                          "unfinished suite")
        self.levels.append(_Level(len(self.levels)))

    def _plan(self, match):
        level = self._at(match[1], match[0])
        if level.plan is not None:
            raise Failure("lost output", f"a second plan, \"{match[0]}\"")
        level.plan = int(match[2])

    def _subtest(self, match):
        self._at(match[1], match[0]).name = match[2]

    def _close_subtest(self, match):
        inner = self.levels.pop()
        inner.check_complete(f"suite {inner.name}")
        if inner.name != match[4]:
            raise Failure("lost output", f"suite {inner.name} is closed as "
                          f"{match[4]}")
        if inner.failed != bool(match[2]):
            raise Failure("failed case", f"suite {inner.name}: its result is "
                          "not that of its cases")

    def _result(self, match):
        indent, wrong, number, name, skip = match.groups()
        if self.levels and len(indent) == 2 * (self.levels[-1].depth - 1):
            self._close_subtest(match)
            level = self._at(indent, match[0])
        else:
            level = self._at(indent, match[0])
            self._case(f"{level.name}.{name}", wrong, skip)
        level.seen += 1
        level.failed |= bool(wrong)
        if int(number) != level.seen:
            raise Failure("lost output", f"\"{match[0].strip()}\" is result "
                          f"{level.seen}")

    def _case(self, name, wrong, skip):
        (self.report.failed if wrong else self.report.passed).append(name)
        if skip is not None:
            self.report.skipped[name] = skip
        self.report.details[name] = self.details
        self.details = []

    def _totals(self, match):
        self.totals = int(match[1]), int(match[2])

    def finish(self):
        """The end: every level and the totals must be there."""
        if not self.levels:
            raise Failure("lost output", "no KTAP at all")
        while len(self.levels) > 1:
            self.levels.pop().check_complete("the last suite")
        self.levels[0].check_complete("the run")
        counted = len(self.report.passed), len(self.report.failed)
        if self.totals is None:
            raise Failure("lost output", "the totals are missing")
        if self.totals != counted:
            raise Failure("lost output", f"totals {self.totals}, but "
                          f"{counted} results")


def parse(text):
    """The Report of a complete run; a Failure if it is not well-formed."""
    start = text.find("KTAP version 1")
    reader = _Reader()
    for line in text[start:].split("\n") if start >= 0 else ():
        reader.line(line)
    reader.finish()
    return reader.report


def check(text):
    """The Report of a run in which nothing failed or leaked; else a Failure."""
    report = parse(text)
    for name in report.failed:
        leaks = [LEAK.match("# " + line) for line in report.details[name]]
        if any(leaks):
            raise Failure("leak", f"{name}: " + next(filter(None, leaks))[1])
    if report.failed:
        name = report.failed[0]
        more = f" (and {len(report.failed) - 1} more)" \
            if len(report.failed) > 1 else ""
        raise Failure("failed case", "; ".join(
            [name + more, *report.details[name]]))
    if not report.passed:
        raise Failure("failed case", "not one case ran")
    return report
