"""All allocators from threads, timers and handlers at once, for virtual seconds."""

from machines.harness import Test, require
from machines.qemu import MB, PASSED, Guest, kernel_args, machine_args

ROWS = (        # name, MB, CPU, command line
    ("ten-minutes", 64, "pentium3", "debug=locks stress=600"),
    ("64M", 64, "pentium3", "stress=20"),
    ("5M-486", 5, "486", "stress=20,2"),
    ("pae-numa", 64, "max", "pae numa=fake=4 stress=10,3"),
    ("watched", 64, "max", "debug=slab,page_owner,page_poison stress=3,4"),
)


def tests(ctx):
    """Time that nobody uses is skipped: virtual seconds take little of ours."""
    for name, size, cpu, cmdline in ROWS:
        yield Test(f"machines.stress-{name}",
                   lambda journal, row=(size, cpu, cmdline): soak(
                       ctx, journal, *row), 3.0)


def soak(ctx, journal, size, cpu, cmdline):
    """It ends well, and says so."""
    args = machine_args(size * MB, cpu=cpu) + [
        "-icount", "shift=0,sleep=off"] + kernel_args(ctx.kernel, cmdline)
    with Guest(journal, args, limit=400) as guest:
        guest.expect_end(PASSED)
        require("memory as it was left, ledger as before" in guest.text,
                "lost output", "no line at the end of the stress")
