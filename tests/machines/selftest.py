"""The runner itself: does it see, and name, what it must see?

Each case feeds it something broken and expects the Failure of the right kind:
machines of a few bytes of code, damaged test reports, wrong page tables.
"""

import struct

from machines import ktap, matrix, reports
from machines.harness import Failure, Test, require
from machines.qemu import MB, Guest, kernel_args, machine_args

LOAD = 0x1000000
HEADER = struct.pack("<3I5I", 0x1BADB002, 0x10000, 2**32 - 0x1BADB002 - 0x10000,
                     LOAD, LOAD, 0, 0, LOAD + 32)
RESET = b"\xfa\x0f\x01\x1d" + struct.pack("<I", LOAD) + b"\xcd\x03"
LOOP = b"\xeb\xfe"
EXIT_5 = b"\xb8\x02\x00\x00\x00\xe7\xf4" + LOOP     # mov $2,%eax; out %eax,$0xf4
GOOD = """\
KTAP version 1
1..2
  KTAP version 1
  # Subtest: one
  1..2
  ok 1 a
warning: said by the tested code
  ok 2 b # SKIP none here
ok 1 one
  KTAP version 1
  # Subtest: two
  1..1
  ok 1 c
ok 2 two
# 3 passed, 0 failed
"""
DAMAGED = (     # what is replaced, by what, the kind of failure
    ("  ok 2 b # SKIP none here\n", "", "lost output"),
    ("ok 2 two\n", "", "lost output"),
    ("# 3 passed, 0 failed\n", "", "lost output"),
    ("# 3 passed", "# 4 passed", "lost output"),
    ("1..2\n  KTAP", "1..3\n  KTAP", "lost output"),
    ("  1..2\n", "  1..3\n", "lost output"),
    ("  1..2\n", "", "lost output"),
    ("ok 1 a", "ok 3 a", "lost output"),
    ("ok 1 a", "ok 1a", "lost output"),
    ("ok 1 a", "k 1 a", "lost output"),
    ("  ok 1 a", "    ok 1 a", "lost output"),
    ("ok 1 one", "ok 1 two", "lost output"),
    ("ok 1 one", "not ok 1 one", "failed case"),
    ("ok 1 one", "ok 2 one", "lost output"),
    ("KTAP version 1\n1..2", "", "lost output"),
)
FAILED = GOOD.replace("ok 2 two", "not ok 2 two").replace(
    "# 3 passed, 0 failed", "# 2 passed, 1 failed")


def tests(_ctx):
    """One test for each thing that must be seen."""
    for name, code, kind in (("triple-fault", RESET, "triple fault"),
                             ("timeout", LOOP, "timeout"),
                             ("exit-status", EXIT_5, "bad exit status")):
        yield Test(f"machines.self-{name}",
                   lambda journal, code=code, kind=kind: expect_failure(
                       kind, lambda: boot_code(journal, code)), 3.0)
    for name, check in (("ktap", damaged_reports), ("failed", failed_cases),
                        ("leaves", wrong_leaves), ("owners", wrong_owners)):
        yield Test(f"machines.self-{name}",
                   lambda _journal, check=check: check(), 0.1)


def expect_failure(kind, action):
    """action() must raise a Failure of this kind."""
    try:
        action()
    except Failure as failure:
        require(failure.kind == kind, "broken test",
                f"\"{failure}\" is no {kind}")
        return
    raise Failure("broken test", f"a {kind} was not noticed")


def boot_code(journal, code):
    """Boots a few bytes and waits for a prompt."""
    path = journal.scratch / "code"
    path.write_bytes(HEADER + code)
    args = machine_args(32 * MB) + kernel_args(path)
    with Guest(journal, args, limit=3) as guest:
        guest.wait_prompt()


def damaged_reports():
    """The good report passes, each damaged one does not."""
    require(ktap.check(GOOD).passed == ["one.a", "one.b", "two.c"],
            "broken test", "the good report is misread")
    for old, new, kind in DAMAGED:
        require(GOOD.count(old), "broken test", f"no {old!r} to replace")
        text = GOOD.replace(old, new, 1)
        expect_failure(kind, lambda text=text: ktap.check(text))


def failed_cases():
    """A failed case and a leak are told apart."""
    failed = FAILED.replace("  ok 1 c", "  # why\n  not ok 1 c")
    expect_failure("failed case", lambda: ktap.check(failed))
    leak = FAILED.replace("  ok 1 c", "  # leak: pages: 1 before, 2 after\n"
                          "  not ok 1 c")
    expect_failure("leak", lambda: ktap.check(leak))


def wrong_leaves():
    """Any difference between two page tables is seen."""
    leaves = [(0xC0000000 + i * 4096, i * 4096, False, "GW-") for i in range(4)]
    reports.compare_leaves(leaves, list(leaves), "one", "other")
    for changed in (leaves[:-1], leaves + [(0, 0, False, "GW-")],
                    leaves[::-1], leaves + leaves[-1:],
                    [(*leaves[0][:3], "G--")] + leaves[1:],
                    [(leaves[0][0], 0x5000, *leaves[0][2:])] + leaves[1:]):
        expect_failure("wrong page tables",
                       lambda changed=changed: reports.compare_leaves(
                           changed, leaves, "one", "other"))


def wrong_owners():
    """Holes, overlaps and strangers in a list of owners are seen."""
    ram = [(0, 0x9000), (0x100000, 0x200000)]
    good = [(0, 0x1000, "a"), (0x1000, 0x9000, "b"),
            (0x100000, 0x200000, "c")]
    matrix.check_coverage(good, ram)
    for i, changed in ((0, (0, 0x2000, "a")), (0, (0, 0x800, "a")),
                       (2, (0x100000, 0x201000, "c")),
                       (2, (0x101000, 0x200000, "c"))):
        owners = good[:i] + [changed] + good[i + 1:]
        expect_failure("wrong memory map",
                       lambda owners=owners: matrix.check_coverage(
                           owners, ram))
