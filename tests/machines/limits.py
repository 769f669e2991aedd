"""Machines that are too small, and how a run of tests ends the machine."""

import re

from machines import ktap
from machines.harness import Test, require
from machines.qemu import (FAILED, MB, PASSED, Guest, cdrom_args, kernel_args,
                           machine_args)
from machines import image


def tests(ctx):
    """Too little RAM; exit statuses of test=."""
    for size, sentence in (
            (2, r"PANIC: there is too little RAM: the kernel ends at 00[2-7]"),
            (3, r"PANIC: 2556 KB of RAM are too little: at least 3072 KB")):
        yield Test(f"machines.ram-{size}M-too-little",
                   lambda journal, size=size, sentence=sentence:
                   too_little(ctx, journal, size * MB, sentence), 0.5)
    for name, spec, status in (
            ("all", "all", PASSED), ("one-case", "string.memcpy", PASSED),
            ("two-suites", "parse,sort", PASSED), ("unknown", "nosuch", FAILED),
            ("unknown-case", "string.nosuch", FAILED)):
        yield Test(f"machines.exit-{name}",
                   lambda journal, spec=spec, status=status:
                   exit_status(ctx, journal, spec, status))
    yield Test("machines.exit-grub",
               lambda journal: exit_through_grub(ctx, journal), 3.0)


def too_little(ctx, journal, mem, sentence):
    """The kernel says so, with the number, and halts."""
    args = machine_args(mem) + kernel_args(ctx.kernel)
    with Guest(journal, args, limit=400) as guest:
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
