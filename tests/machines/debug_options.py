"""All tests with each debug= option, on machines with and without high memory."""

from machines import ktap
from machines.harness import Test, require
from machines.qemu import MB, PASSED, Guest, kernel_args, machine_args

# the others wait for timers, or see nothing of these options
OF_MEMORY = ("all,-wait,-reaper,-watchdog,-cpustack,-stress,-time,-timer,-top,"
             "-thread,-pingpong,-mutex,-rwsem,-semaphore,-softirq,-irq")
OPTIONS = ("page_owner", "page_poison", "pagealloc", "slab",
           "page_owner,page_poison,pagealloc,slab")
MACHINES = (("64M", 64, ""), ("highmem", 256, "highmem=64M"))

# cases that are there for one option, and must not be skipped with it
NEEDED = {
    "page_owner": ("page_debug.owner_of_a_block",
                   "page_debug.owner_in_the_report"),
    "page_poison": ("page_debug.freed_pages_are_filled",
                    "page_debug.write_after_free"),
    "slab": ("slab_debug.kmalloc_of_18", "slab_debug.krealloc_up_and_down",
             "slab_debug.krealloc_to_another_class"),
    "pagealloc": ("page_debug.use_after_free_faults",
                  "page_debug.no_free_page_is_mapped"),
}


def tests(ctx):
    """Each option alone, and all together; not present pages with PAE, too."""
    rows = [(*MACHINES[0], options) for options in OPTIONS]
    rows.append((*MACHINES[1], OPTIONS[-1]))
    rows.append(("pae", 64, "pae", "pagealloc"))
    rows.append(("pae", 64, "pae", OPTIONS[-1]))
    rows.append(("nodes", 128, "numa=fake=4", "slab"))
    rows.append(("5M", 5, "", "slab"))
    rows.append(("4M", 4, "", OPTIONS[-1]))
    for machine, size, more, options in rows:
        yield Test(f"machines.debug-{machine}-{options}",
                   lambda journal, size=size, more=more, options=options:
                   run(ctx, journal, size, f"debug={options} {more}".strip()),
                   6.0)


def run(ctx, journal, size, cmdline):
    """All suites of memory pass, and what needs the option was not skipped."""
    args = machine_args(size * MB) + kernel_args(ctx.kernel,
                                                 f"{cmdline} test={OF_MEMORY}")
    with Guest(journal, args, limit=400) as guest:
        guest.expect_end(PASSED)
        report = ktap.check(guest.text)
    for option, names in NEEDED.items():
        for name in names:
            require(name in report.passed, "lost output",
                    f"{name} did not run")
            wanted = option in cmdline
            require((name in report.skipped) != wanted, "wrong output",
                    f"{name} was {'' if wanted else 'not '}skipped")
