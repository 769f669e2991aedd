"""fail= on the command line: what fails, is counted, and nobody dies of it."""

from machines.harness import Test, require
from machines.qemu import MB, Guest, kernel_args, machine_args

# Each of these allocates, and none was written for a machine that has nothing.
SUITES = ("slab", "slab_array", "slab_bad", "slab_books", "slab_check",
          "slab_debug", "slab_fail", "slab_geometry", "slab_nodes",
          "slab_reap", "kmalloc", "mempool", "vmalloc", "vmap_check", "leaks",
          "report_slabs", "report_areas", "cpustack", "page_bulk")
PLANS = ("slab,interval=3", "slab,probability=40,seed=7", "page,interval=5",
         "page,interval=2,seed=3")
OFF = "off; %d requests seen, %d failed since the start\n"


def tests(ctx):
    """One failure, counted; the suites under many."""
    yield Test("machines.fail-nth", lambda journal: third(ctx, journal))
    for plan in PLANS:
        yield Test(f"machines.fail-{plan.replace(',', '-')}",
                   lambda journal, plan=plan: suites(ctx, journal, plan), 8.0)


def boot(ctx, journal, plan):
    """A machine at its prompt, with that plan."""
    args = machine_args(64 * MB) + kernel_args(ctx.kernel, f"fail={plan}")
    return Guest(journal, args, limit=400)


def third(ctx, journal):
    """The third request fails and no other: with it the plan is over."""
    with boot(ctx, journal, "slab,nth=3") as guest:
        guest.wait_prompt()
        before = guest.command("fail")
        require("\nslab: nth=3; 0 requests seen, 0 failed" in before,
                "wrong output", f"fail says \"{before}\"")
        guest.command("test kmalloc.around_each_class")
        after = guest.command("fail")
        require("\nslab: " + OFF % (3, 1) in after, "wrong output",
                f"fail says \"{after}\"")
        again = guest.command("test kmalloc.around_each_class")
        require("# 1 passed, 0 failed" in again, "failed case",
                "it fails though the plan is over")


def suites(ctx, journal, plan):
    """Cases may fail, the machine may not: no panic, no hang, good books."""
    with boot(ctx, journal, plan) as guest:
        guest.wait_prompt()
        failed = False
        for suite in SUITES:
            # the plan of a case takes the place of the one of the boot
            guest.command("fail " + plan)
            text = guest.command("test " + suite)
            failed |= "not ok" in text
            require(" passed, " in text, "lost output",
                    f"{suite} has no totals")
        guest.command("fail off")
        require(failed, "wrong output", "not one case failed")
        books = guest.command("check")
        require(books == "mm_check: nothing is wrong\n", "wrong contents",
                f"check says \"{books}\"")
