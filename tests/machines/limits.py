"""Machines that are too small, and how a run of tests ends the machine."""

import re

from machines import ktap
from machines.harness import Test, require
from machines.qemu import (FAILED, MB, PASSED, Guest, cdrom_args, kernel_args,
                           machine_args)
from machines import image

NO_RAM = r"PANIC: there is too little RAM: the kernel ends at 00[2-7]"


def tests(ctx):
    """Too little RAM; exit statuses of test=."""
    for size in (2, 3):
        yield Test(f"machines.ram-{size}M-too-little",
                   lambda journal, size=size: too_little(
                       ctx, journal, size * MB, NO_RAM), 0.5)
    yield Test("machines.mem-2M-too-little", lambda journal: too_little(
        ctx, journal, 64 * MB, r"PANIC: \d+ KB of RAM are too little: at least "
        r"3072 KB", "mem=2M"), 0.5)
    for name, spec, status in (
            ("all", "all", PASSED), ("one-case", "string.memcpy", PASSED),
            ("two-suites", "parse,sort", PASSED), ("unknown", "nosuch", FAILED),
            ("unknown-case", "string.nosuch", FAILED)):
        yield Test(f"machines.exit-{name}",
                   lambda journal, spec=spec, status=status:
                   exit_status(ctx, journal, spec, status))
    yield Test("machines.exit-grub",
               lambda journal: exit_through_grub(ctx, journal), 3.0)


def too_little(ctx, journal, mem, sentence, cmdline=""):
    """The kernel says so, with the number, and halts."""
    args = machine_args(mem) + kernel_args(ctx.kernel, cmdline)
    with Guest(journal, args, limit=120) as guest:
        guest.wait_halt()
        require(re.search(sentence, guest.text), "wrong output",
                f"\"{sentence}\" is missing")


def exit_status(ctx, journal, spec, status):
    """test=SPEC runs what it names and ends QEMU with the result."""
    args = machine_args(64 * MB) + kernel_args(ctx.kernel, f"test={spec}")
    with Guest(journal, args) as guest:
        guest.expect_end(status)
        if status == FAILED:
            require(f"no test is named \"{spec}\"" in guest.text,
                    "wrong output", "it does not say which test is unknown")
            return
        names = ktap.check(guest.text).passed
    for name in names:
        require(spec == "all" or
                any(name == word or name.split(".")[0] == word
                    for word in spec.split(",")), "wrong output",
                f"{name} ran for test={spec}")


def exit_through_grub(ctx, journal):
    """The same from a CD."""
    disc = image.iso(ctx, "exit-grub", "test=parse")
    with Guest(journal, machine_args(64 * MB) + cdrom_args(disc)) as guest:
        guest.expect_end(PASSED)
        ktap.check(guest.text)
