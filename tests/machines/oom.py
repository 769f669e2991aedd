"""Machines that run out of memory: who is killed, who runs on, what is said."""

import re

from machines import swap
from machines.deaths import check_report
from machines.disks import drive
from machines.harness import Test, require
from machines.qemu import MB, Guest, kernel_args, machine_args

KILLED = re.compile(r"^Out of memory: Killed process (\d+) \((\S+)\)\.$", re.M)
NOBODY = "out of memory, and there is no process that can be killed"
ROUNDS = ("the hog was killed, nobody else", "and once more",
          "the one that was to go first, then the hog")
# one line of each part of the report, in this order
REPORT = tuple(re.compile(pattern, re.M) for pattern in (
    r"^(\S+) invoked oom-killer: gfp_mask=0x[0-9a-f]+, order=\d, "
    r"oom_score_adj=-?\d+$",
    r"^Call trace:$",
    r"^ \[<[0-9a-f]{8}>\] out_of_memory\+0x[0-9a-f]+/0x[0-9a-f]+$",
    r"^Mem-info:$",
    r"^Free pages: +\d+kB \(\d+kB HighMem\)$",
    r"^Active:\d+ inactive:\d+ dirty:\d+ writeback:\d+ free:\d+ slab:\d+ "
    r"cached:\d+$",
    r"^Node 0 DMA free:\d+kB min:\d+kB low:\d+kB high:\d+kB active:\d+kB "
    r"inactive:\d+kB present:\d+kB pages_scanned:\d+ "
    r"all_unreclaimable\? (?:yes|no)$",
    r"^Node 0 DMA: (?:\d+\*\d+kB ){11}= \d+kB$",
    r"^Free swap: +\d+kB of \d+kB$",
    r"^\d+ pages of RAM$",
    r"^\[ pid \] total_vm +rss oom_score_adj name$",
    r"^\[ *\d+\] +\d+ +\d+ +-?\d+ /?oom$",
))
SWAP = re.compile(r"^Free swap: +(\d+)kB of (\d+)kB$", re.M)
TASK = re.compile(r"^\[ *(\d+)\] +(\d+) +(\d+) +(-?\d+) /?oom$", re.M)
MACHINES = (    # name, MB, CPU, command line
    ("64M", 64, "pentium3", ""), ("16M-486", 16, "486", ""),
    ("pae", 64, "max", "pae"), ("highmem", 64, "pentium3", "highmem=40M"),
    ("nodes", 64, "max", "numa=fake=2"),
)


def tests(ctx):
    """A scenario on each machine; init alone has all of it."""
    for machine in MACHINES:
        yield Test(f"machines.oom-{machine[0]}",
                   lambda journal, machine=machine: scenario(
                       ctx, journal, machine), 2.0)
    yield Test("machines.oom-swap-full",
               lambda journal: swap_full(ctx, journal), 10.0)
    yield Test("machines.oom-nobody-to-kill",
               lambda journal: nobody(ctx, journal), 2.0)
    yield Test("machines.oom-is-over",
               lambda journal: over(ctx, journal), 2.0)


def boot(ctx, journal, size, cpu, cmdline, more=()):
    """With the programs."""
    ctx.once("programs", lambda: ctx.make("programs"))
    args = machine_args(size * MB, cpu=cpu) + kernel_args(
        ctx.kernel, cmdline, str(ctx.out / "programs.cpio")) + list(more)
    return Guest(journal, args, limit=200)


def check_oom(text):
    """One report, all parts in their order; then its kill, or nothing."""
    at = 0
    for pattern in REPORT:
        found = pattern.search(text, at)
        require(found, "wrong output", f"no line like {pattern.pattern}")
        at = found.end()


def scenario(ctx, journal, machine):
    """Hogs die, and one that was to go first; init and its worker do not."""
    _, size, cpu, cmdline = machine
    with boot(ctx, journal, size, cpu,
              f"{cmdline} init=/oom,scenario".strip()) as guest:
        guest.wait_prompt()
        text = guest.text
        books = guest.command("check")
    check_scenario(text, books)


def check_scenario(text, books):
    """Four reports, each with the right victim; what the program says."""
    reports = re.split(r"(?=^\S+ invoked oom-killer)", text, flags=re.M)[1:]
    require(len(reports) == 4, "wrong output", f"{len(reports)} reports of 4")
    for number, report in enumerate(reports):
        check_oom(report)
        killed = KILLED.findall(report)
        require(len(killed) == 1, "wrong output", f"{killed} were killed")
        tasks = {pid: (int(vm), int(adj))
                 for pid, vm, _, adj in TASK.findall(report)}
        # the one with 1000; the largest
        worst = max(tasks, key=lambda pid: (tasks[pid][1], tasks[pid][0]))
        require(killed[0][0] == worst, "failed case",
                f"{killed[0][0]} was killed in round {number}, not {worst}")
    for line in ROUNDS:
        require(f"# {line}: yes\n" in text, "failed case", line)
    require("init: /oom ended with status 0\n" in text, "failed case",
            "init has lost something")
    require(books == "mm_check: nothing is wrong\n", "wrong contents", books)


def swap_full(ctx, journal):
    """The same behind 8 MB of swap: nobody dies before it is full."""
    area = swap.mkswap(journal.scratch / "swap.img", 8 * MB)
    with boot(ctx, journal, 32, "pentium3", "swap=hda init=/oom,scenario",
              drive(area, 0, ",cache=unsafe")) as guest:
        guest.wait_prompt()
        text = guest.text
        books = guest.command("check")
        swap.nothing_is_left(guest, "/dev/hda")
    check_scenario(text, books)
    for free, total in SWAP.findall(text):
        require(int(total) > 8000 and int(free) < int(total) // 10,
                "failed case", f"{free} KB of {total} KB swap were free")


def nobody(ctx, journal):
    """Init has all of it: the same report, and the end of the machine."""
    with boot(ctx, journal, 32, "pentium3", "init=/oom,all") as guest:
        guest.wait_halt()
        text = guest.text
    check_oom(text)
    check_report(text, NOBODY)
    require(not KILLED.search(text), "failed case", "somebody was killed")


def over(ctx, journal):
    """Somebody is killed at the prompt; then all is as it was."""
    with boot(ctx, journal, 64, "pentium3", "") as guest:
        guest.wait_prompt()
        guest.command("run hello")
        free = free_kb(guest)
        text = guest.command("run oom all")
        check_oom(text)
        require(len(KILLED.findall(text)) == 1, "failed case", "not one kill")
        require("run: oom was ended by signal 9\n" in text, "wrong output",
                "it was not killed")
        # what was cleared for it is kept here and there
        require(free_kb(guest) + 512 > free, "leak",
                f"{free_kb(guest)} KB are free of {free}")
        books = guest.command("check")
    require(books == "mm_check: nothing is wrong\n", "wrong contents", books)


def free_kb(guest):
    """MemFree."""
    found = re.search(r"^MemFree: +(\d+) kB$", guest.command("meminfo"), re.M)
    return int(found.group(1))
