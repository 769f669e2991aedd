"""Boots that must die, each with a readable report.

Which there are the kernel says: `test list` marks them with "# panics:
MESSAGE". Each runs alone; the machine must end with the status for success.
"""

import re

from machines.harness import Journal, Test, require
from machines.qemu import (FAILED, MB, PASSED, Guest, kernel_args,
                           machine_args)

LISTED = re.compile(r"^(\S+\.\S+) # panics: (.*)$", re.M)
SYMBOL = r"[A-Za-z_]\w*\+0x[0-9a-f]+/0x[0-9a-f]+"
TRACE = re.compile(rf"^Call trace:\n \[<[0-9a-f]{{8}}>\] (?:{SYMBOL}|\?)$",
                   re.M)
FRAME = re.compile(rf"^ \[<[0-9a-f]{{8}}>\] {SYMBOL}$", re.M)
REGISTERS = tuple(
    re.compile(pattern, re.M) for pattern in (
        r"^EIP: [0-9a-f]{4}:\[<[0-9a-f]{8}>\] .* EFLAGS: [0-9a-f]{8}$",
        r"^EAX: [0-9a-f]{8} EBX: [0-9a-f]{8} ECX: [0-9a-f]{8} "
        r"EDX: [0-9a-f]{8}$",
        r"^ESI: [0-9a-f]{8} EDI: [0-9a-f]{8} EBP: [0-9a-f]{8} "
        r"ESP: [0-9a-f]{8}$",
        r"^CR0: [0-9a-f]{8} CR2: [0-9a-f]{8} CR3: [0-9a-f]{8}"))
# its trace ends in the recursion, or it dies in a thread that it made
NO_FRAME = ("panic.stack_overflow", "irq.stack_overflow",
            "softirq.forgets_a_count", "timer.forgets_a_count",
            "thread.stack_overflow", "thread.waits_for_itself",
            "lockcheck.thread_keeps_the_cpu",
            "lockcheck.thread_leaves_interrupts_off",
            "lockcheck.thread_keeps_a_mutex")
MACHINES = {"pae": ("max", "pae"), "486": ("486", "nopse")}


def tests(ctx):
    """Each death with PAE and NX; those by stack on a 486, too."""
    found = list_deaths(ctx)
    require(found, "wrong output", "test list names no case that panics")
    for name, message in found:
        yield death(ctx, name, message, "pae")
        yield death(ctx, name, message, "486")
    yield Test("machines.death-at-the-prompt",
               lambda journal: die_at_prompt(ctx, journal), 0.5)


def death(ctx, name, message, machine):
    """One Test."""
    return Test(f"machines.death-{machine}-{name}", lambda journal: die(
        ctx, journal, name, message, machine), 0.5)


def list_deaths(ctx):
    """[(SUITE.CASE, message)] as the kernel has them."""
    journal = Journal(ctx.logs, "machines.test-list")
    args = machine_args(64 * MB) + kernel_args(ctx.kernel)
    try:
        with Guest(journal, args, limit=120) as guest:
            guest.wait_prompt()
            return LISTED.findall(guest.command("test list"))
    finally:
        journal.close()


def die(ctx, journal, name, message, machine):
    """Boots with test=NAME and reads the report."""
    cpu, options = MACHINES[machine]
    args = machine_args(64 * MB, cpu=cpu) + kernel_args(
        ctx.kernel, f"{options} test={name}")
    with Guest(journal, args, limit=120) as guest:
        end = guest.wait_end()
        text = guest.text
        if end.status not in (PASSED, FAILED):
            raise guest.wrong_end(end)
    if re.search(r"^  ok 1 \S+ # SKIP", text, re.M):
        require(machine == "486" and end.status == PASSED, "wrong output",
                "skipped where nothing is missing")
        return
    check_report(text, message)
    if name.endswith("stack_overflow"):
        require("\nPANIC: double fault at " in text, "wrong output",
                "not by the task of the double fault")
    if name not in NO_FRAME:
        require(f"] test_{name.replace('.', '_')}+" in text, "wrong output",
                "the case's own function is not in the back trace")
    require(end.status == PASSED, "bad exit status", str(end))
    case = name.split(".", 1)[1]
    require(re.search(rf"^  ok 1 {re.escape(case)}$", text, re.M),
            "lost output", f"no line \"ok 1 {case}\"")
    require("# 1 passed, 0 failed\n" in text, "lost output", "no totals")


def check_report(text, message):
    """Message, registers, back trace with names, cause."""
    start = text.find("\nPANIC: ")
    require(start >= 0, "wrong output", "nothing panicked")
    report = text[start + 1:]
    require(message in report, "wrong output",
            f"\"{message}\" is not in the report")
    require(report.count("PANIC") == 1, "panic", "a panic inside the report")
    require(TRACE.search(report), "wrong output", "no back trace")
    require(FRAME.search(report), "wrong output",
            "no name of a function in the back trace")
    exception = re.match(r"PANIC: .* \(vector \d+, error code [0-9a-f]+\)$",
                         report.split("\n", 1)[0])
    for pattern in REGISTERS:
        require(pattern.search(report), "wrong output",
                f"no registers like {pattern.pattern[1:12]}...")
    if exception:
        require(re.search(r"^Cause: \S.*$", report, re.M), "wrong output",
                "no cause")


def die_at_prompt(ctx, journal):
    """The command `panic` reports and halts; it does not end QEMU."""
    args = machine_args(64 * MB) + kernel_args(ctx.kernel)
    with Guest(journal, args, limit=120) as guest:
        guest.wait_prompt()
        guest.send("panic\r")
        guest.wait_halt()
        check_report(guest.text, "asked for at the prompt")
