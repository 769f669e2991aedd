"""Interrupts and time where ticks come otherwise: other rates, exact, no TSC.

Under -icount the suites judge to the microsecond; elsewhere they allow for an
emulator that is late.
"""

from machines import ktap
from machines.harness import Test
from machines.qemu import MB, PASSED, Guest, kernel_args, machine_args

SUITES = (f"test={ktap.ROUNDS}irq,softirq,time,timer,thread,pingpong,wait,"
          f"{ktap.WITHOUT_LONGEST}")
COUNTED = ("-icount", "shift=0,sleep=off", "-rtc",
           "base=2026-01-01,clock=vm")
ROWS = (
    # name, cpu, RAM, options, more of QEMU's
    ("hz19", "pentium3", 64, "hz=19", ()),
    ("hz1000", "pentium3", 64, "hz=1000", COUNTED),
    ("hz1000-late", "pentium3", 64, "hz=1000", ()),
    ("486", "486", 5, "", ()),
    ("486-counted", "486", 5, "", COUNTED),
)


def tests(ctx):
    """One boot of each row."""
    for name, cpu, megabytes, options, more in ROWS:
        yield Test(f"machines.timing-{name}", lambda journal, row=(
            cpu, megabytes, options, more): run_row(ctx, journal, *row), 4.0)


def run_row(ctx, journal, cpu, megabytes, options, more):
    """All these suites must pass."""
    args = machine_args(megabytes * MB, cpu=cpu) + list(more) + kernel_args(
        ctx.kernel, f"{options} {SUITES}".strip())
    with Guest(journal, args, limit=400) as guest:
        guest.expect_end(PASSED)
        ktap.check(guest.text)
