"""All tests with each debug= option, on machines with and without high memory."""

from machines import ktap
from machines.harness import Test, require
from machines.qemu import MB, PASSED, Guest, kernel_args, machine_args

# the others wait for timers, or see nothing of these options
OF_MEMORY = ("all,-wait,-reaper,-watchdog,-cpustack,-stress,-time,-timer,-top,"
             "-thread,-pingpong,-mutex,-rwsem,-semaphore,-softirq,-irq")
# what sees an option where only the machine is another
OF_OPTIONS = ("page_debug,slab,slab_array,slab_bad,slab_books,slab_check,"
              "slab_debug,kmalloc,leaks,highmem,kmap_atomic,buddy,bad_free")
# threads are objects with a stack, too, and may be used after their end
OF_THREADS = ("thread,pingpong,mutex,rwsem,semaphore,softirq,irq,top,"
              "page_debug,slab_debug")
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
    """Each option alone, and all together; not present pages with PAE, too.

    Rounds are short, but with all options at once: what one of them finds it
    finds with the others, too.
    """
    plain, highmem = MACHINES
    rows = [(*plain, options, f"{ktap.ROUNDS}{OF_MEMORY}") for options in OPTIONS[:-1]]
    rows += [(*plain, OPTIONS[-1], OF_MEMORY)]
    rows += [(*highmem, options, f"{ktap.ROUNDS}{OF_OPTIONS}")
             for options in OPTIONS[:-1]]
    rows += [
        (*highmem, OPTIONS[-1], f"{ktap.ROUNDS}{OF_MEMORY}"),
        ("pae", 64, "pae", "pagealloc", f"{ktap.ROUNDS}{OF_MEMORY}"),
        ("pae", 64, "pae", OPTIONS[-1], f"{ktap.ROUNDS}{OF_MEMORY}"),
        ("pae", 64, "pae", "slab", f"{ktap.ROUNDS}{OF_OPTIONS}"),
        ("nodes", 128, "numa=fake=4", "slab", f"{ktap.ROUNDS}{OF_MEMORY}"),
        ("large", 2048, "", "slab", f"{ktap.ROUNDS}{OF_OPTIONS}"),
        ("5M", 5, "", "slab", f"{ktap.ROUNDS}{OF_MEMORY}"),
        ("5M", 5, "", OPTIONS[-1], OF_MEMORY),
        ("threads", 64, "", OPTIONS[-1], f"{ktap.ROUNDS}{OF_THREADS}")]
    for machine, size, more, options, suites in rows:
        cmdline = f"debug={options} {more} test={suites}"
        yield Test(f"machines.debug-{machine}-{options}",
                   lambda journal, size=size, cmdline=cmdline, options=options:
                   run(ctx, journal, size, cmdline, options), 6.0)


def run(ctx, journal, size, cmdline, options):
    """All these suites pass, and what needs the option was not skipped."""
    args = machine_args(size * MB) + kernel_args(ctx.kernel, cmdline)
    with Guest(journal, args, limit=400) as guest:
        guest.expect_end(PASSED)
        report = ktap.check(guest.text)
    for option, names in NEEDED.items():
        for name in names:
            require(name in report.passed, "lost output",
                    f"{name} did not run")
            wanted = option in options
            require((name in report.skipped) != wanted, "wrong output",
                    f"{name} was {'' if wanted else 'not '}skipped")
