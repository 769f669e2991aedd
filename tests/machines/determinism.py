"""Two runs under -icount are the same to the byte."""

from machines import ktap
from machines.harness import Test, require
from machines.model import OF_MACHINE
from machines.qemu import MB, PASSED, Guest, kernel_args, machine_args

LONG = ("kmap_atomic", "watchdog", "ramdisk", "cpustack", "time", "top")
# Each suite is in one of them, and what the paging mode may change in both. What
# is the same twice in an eighth of the rounds began the same, and goes on so.
MOST = ktap.SHORT + "".join(f",-{suite}" for suite in (*LONG, "thread"))
REST = ",".join((OF_MACHINE, "wait,mutex,workqueue", *LONG,
                 ktap.WITHOUT_LONGEST))


def tests(ctx):
    """One boot with two-level tables, one with PAE; each twice."""
    for name, cmdline in (("two-level", f"test={MOST}"),
                          ("pae", f"pae test={REST}")):
        yield Test(f"machines.icount-{name}",
                   lambda journal, cmdline=cmdline: same_twice(
                       ctx, journal, cmdline), 60.0)


def run_once(ctx, journal, cmdline):
    """What one run prints."""
    args = machine_args(64 * MB, cpu="max") + [
        "-icount", "shift=0,sleep=off", "-rtc",
        "base=2026-01-01,clock=vm"] + kernel_args(ctx.kernel, cmdline)
    with Guest(journal, args, limit=400) as guest:
        guest.expect_end(PASSED)
        return guest.raw


def same_twice(ctx, journal, cmdline):
    """Byte by byte."""
    first, second = (run_once(ctx, journal, cmdline) for _ in range(2))
    if first == second:
        return
    for a, b in zip(first.split(b"\n"), second.split(b"\n")):
        require(a == b, "wrong output", f"first {a!r}, then {b!r}")
    require(False, "lost output", "one run is longer than the other")
