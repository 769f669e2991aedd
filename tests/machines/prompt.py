"""The prompt as a person uses it: over the serial line."""

import re
import time

from machines.harness import Test, require
from machines.qemu import (GB, MB, PROMPT, Guest, kernel_args, machine_args)

ENDING = ("panic", "reboot", "poweroff")     # commands that do not come back
HELP = re.compile(r"^([a-z]\w*)((?: \S.*?)?)  +(\S.*)$")
NO_ACPI = "this machine cannot be switched off by ACPI"


def tests(ctx):
    """Commands, mistakes, keys, and the ways to end."""
    at_prompt = (
        ("help", help_lists_all), ("every-command", every_command_answers),
        ("mistakes", mistakes_are_named), ("keys", keys_edit),
        ("keys-storm", keys_storm),
        ("garbage", garbage_is_survived), ("typed-ahead", typed_ahead),
        ("line-ends", line_ends), ("tests-twice", tests_can_be_repeated),
        ("long-paste", long_paste), ("too-much", too_much_is_counted),
        ("idle", idle_at_the_prompt), ("break", break_is_no_byte),
        ("pressure", pressure_goes_on), ("trace-page", page_is_traced),
    )
    for name, check in at_prompt:
        yield Test(f"machines.prompt-{name}",
                   lambda journal, check=check: with_prompt(
                       ctx, journal, check), 1.0)
    yield Test("machines.prompt-without-interrupts",
               lambda journal: with_prompt(ctx, journal, typed_ahead,
                                           "serial-irq5"), 1.0)
    for machine, cpu, mem in (("pc", "max", 64 * MB), ("q35", "max", 64 * MB),
                              ("pc", "max", 6 * GB), ("pc", "486", GB)):
        name = f"{machine}-{cpu}-{mem // MB}M"
        yield Test(f"machines.poweroff-{name}",
                   lambda journal, m=(mem, machine, cpu): ends(
                       ctx, journal, "poweroff", m, "guest-shutdown"), 0.5)
    yield Test("machines.poweroff-isapc",
               lambda journal: no_poweroff(ctx, journal), 0.5)
    for machine, cpu in (("pc", "max"), ("q35", "max"), ("isapc", "486")):
        yield Test(f"machines.reboot-{machine}",
                   lambda journal, m=(64 * MB, machine, cpu): ends(
                       ctx, journal, "reboot", m, "guest-reset"), 0.5)
    yield Test("machines.reboot-and-boot-again",
               lambda journal: boots_again(ctx, journal), 0.5)


def with_prompt(ctx, journal, check, console="serial"):
    """Runs check(guest) at the prompt of a small machine."""
    args = machine_args(64 * MB) + kernel_args(ctx.kernel)
    with Guest(journal, args, console=console) as guest:
        guest.wait_prompt()
        check(guest)


def listed(guest):
    """{command: arguments} as help shows them."""
    commands = {}
    for line in guest.command("help").splitlines():
        match = HELP.match(line)
        require(match, "wrong output", f"help says \"{line}\"")
        require(len(line) < 80, "wrong output", f"too wide: \"{line}\"")
        commands[match[1]] = match[2].strip()
    return commands


def expect_answer(guest, command, pattern):
    """The answer to a command has a line that matches."""
    answer = guest.command(command)
    require(re.search(pattern, answer, re.M), "wrong output",
            f"\"{command}\" answers \"{answer.strip()[:200]}\", "
            f"without {pattern}")


# --- commands ------------------------------------------------------------------------

def help_lists_all(guest):
    """Sorted, complete for what we know, each with a line of its own."""
    commands = list(listed(guest))
    require(commands == sorted(commands), "wrong output",
            f"help is not sorted: {commands}")
    for name in ("cpu", "help", "layout", "mem", "pgtable", "test", *ENDING):
        require(name in commands, "wrong output", f"help lacks {name}")
    for name in commands:
        answer = guest.command(f"help {name}")
        require(answer.startswith(name) and answer.count("\n") == 1,
                "wrong output", f"help {name} says \"{answer}\"")


def every_command_answers(guest):
    """Without arguments: an answer, or the usage where some are needed."""
    for name, arguments in listed(guest).items():
        if name in ENDING or name in ("test", "pressure"):
            continue
        answer = guest.command(name)
        require(answer.strip(), "wrong output", f"{name} says nothing")
        needs = bool(arguments) and not arguments.startswith("[")
        usage = answer.startswith(f"usage: {name} {arguments}\n")
        require(needs == usage, "wrong output",
                f"{name} says \"{answer[:100]}\"")
        require(": error " not in answer, "wrong output",
                f"{name} says \"{answer[:100]}\"")


def mistakes_are_named(guest):
    """Each wrong line gets a sentence that says what was wrong."""
    for command, pattern in (
            ("frobnicate", r"^frobnicate: unknown command; try help$"),
            ("MEM", r"^MEM: unknown command; try help$"),
            ("help frobnicate", r"^frobnicate: unknown command"),
            ("help help help", r"^usage: help \[NAME\]$"),
            ("mem x", r"^usage: mem$"), ("layout x", r"^usage: layout$"),
            ("cpu x", r"^usage: cpu$"), ("panic x", r"^usage: panic$"),
            ("reboot x", r"^usage: reboot$"),
            ("poweroff x", r"^usage: poweroff$"),
            ("pgtable", r"^usage: pgtable ADDR \| all$"),
            ("pgtable 1 2", r"^usage: pgtable ADDR \| all$"),
            ("pgtable zz", r"^pgtable: zz is no address"),
            ("pgtable -1", r"^pgtable: -1 is no address"),
            ("pgtable 123456789", r"^pgtable: 123456789 is no address"),
            ("pgtable 0x", r"^pgtable: 0x is no address"),
            ("buddyinfo x", r"^usage: buddyinfo$"),
            ("zoneinfo x", r"^usage: zoneinfo$"),
            ("meminfo x", r"^usage: meminfo$"),
            ("vmstat x", r"^usage: vmstat$"), ("kmaps x", r"^usage: kmaps$"),
            ("owners x", r"^usage: owners$"), ("check x", r"^usage: check$"),
            ("owners", r"^nobody keeps book of that: boot with debug="),
            ("whatis", r"^usage: whatis ADDR \| phys ADDR$"),
            ("whatis phys", r"^usage: whatis ADDR \| phys ADDR$"),
            ("whatis 1 2", r"^usage: whatis ADDR \| phys ADDR$"),
            ("whatis phys 1 2", r"^usage: whatis ADDR \| phys ADDR$"),
            ("whatis zz", r"^whatis: zz is no address: up to 8 hex"),
            ("whatis -1", r"^whatis: -1 is no address"),
            ("whatis 0x", r"^whatis: 0x is no address"),
            ("whatis 123456789", r"^whatis: 123456789 is no address"),
            ("whatis phys zz", r"^whatis: zz is no physical address: up to 9"),
            ("whatis phys 1000000000",
             r"^whatis: 1000000000 is no physical address"),
            ("disks x", r"^usage: disks$"), ("disks", r"^there are no disks$"),
            ("readsect", r"^usage: readsect DISK SECTOR \[COUNT\]$"),
            ("readsect a 1 2 3", r"^usage: readsect DISK SECTOR"),
            ("readsect nosuch 0", r"^readsect: there is no disk nosuch;"),
            ("writesect", r"^usage: writesect DISK SECTOR TEXT \| fill BYTE$"),
            ("writesect a 1", r"^usage: writesect DISK SECTOR"),
            ("writesect nosuch 0 x", r"^writesect: there is no disk nosuch;"),
            ("top x", r"^usage: top$"),
            ("interrupts x", r"^usage: interrupts$"),
            ("soak", r"^usage: soak SECONDS \[SEED\]$"),
            ("soak 0", r"^usage: soak SECONDS \[SEED\]$"),
            ("soak 1 x", r"^usage: soak SECONDS \[SEED\]$"),
            ("soak 1", r"^soak: no module has its program$"),
            ("stress", r"^usage: stress SECONDS \[SEED\]$"),
            ("stress 1000001", r"^usage: stress SECONDS \[SEED\]$"),
            ("stress 1 0", r"^usage: stress SECONDS \[SEED\]$"),
            ("stress 1 2 3", r"^usage: stress SECONDS \[SEED\]$"),
            ("stress -1", r"^usage: stress SECONDS \[SEED\]$"),
            ("stress 0", r"^usage: stress SECONDS \[SEED\]$"),
            ("stress 1 x", r"^usage: stress SECONDS \[SEED\]$"),
            ("pressure 0", r"^usage: pressure \[SECONDS\]$"),
            ("pressure x", r"^usage: pressure \[SECONDS\]$"),
            ("pressure 1 2", r"^usage: pressure \[SECONDS\]$"),
            ("pressure 1000001", r"^usage: pressure \[SECONDS\]$"),
            ("trace", r"^usage: trace page \[PFN \| off\]$"),
            ("trace frame", r"^usage: trace page"),
            ("trace page 1 2", r"^usage: trace page"),
            ("trace page zz", r"^trace: zz is no frame: up to 6 hexadecimal"),
            ("trace page 1000000", r"^trace: 1000000 is no frame: up to 6"),
            ("trace page ffffff", r"^trace: frame 0xffffff is no RAM$"),
            ("trace page 100", r"^trace: frame 0x100 is reserved for good"),
            ("test nosuch", r"^no test is named \"nosuch\"; see test list$"),
            ("test a b", r"^usage: test "),
            (" ".join("abcdefghijklmnopq"), r"^a: more than 16 words$")):
        expect_answer(guest, command, pattern)
    expect_answer(guest, "   mem   ", r"^memory map:$")
    require(guest.command("") == "" and guest.command("   ") == "",
            "wrong output", "an empty line is answered")


def tests_can_be_repeated(guest):
    """A second run is like the first."""
    first, second = (guest.command("test memblock") for _ in range(2))
    require(first == second, "wrong output", "the second run differs")


# --- keys ----------------------------------------------------------------------------

def typed(guest, keys):
    """Sends keys; the output up to the next prompt, without the first line."""
    start = len(guest.text)
    guest.send(keys)
    guest.wait_prompt()
    return guest.text[start:].partition("\n")[2][:-len(PROMPT)]


def keys_edit(guest):
    """Editing keys give the line that is meant."""
    for keys, pattern in (
            ("mex\bm\r", r"^memory map:$"),
            ("mex\x7fm\r", r"^memory map:$"),
            ("em\x1b[D\x1b[Dm\r", r"^memory map:$"),
            ("emx\x1b[Hm\x1b[F\x7f\r", r"^memory map:$"),
            ("nonsense\x15mem\r", r"^memory map:$"),
            ("\x1b[A\x1b[B\x1b[A\r", r"^memory map:$"),
            ("memxx\x1b[D\x1b[D\x0b\r", r"^memory map:$"),
            ("me\x1b[1;5Cm\r", r"^memory map:$")):
        answer = typed(guest, keys)
        require(re.search(pattern, answer, re.M), "wrong output",
                f"{keys!r} gives \"{answer[:100]}\"")
    answer = typed(guest, "panic\x03")
    require("PANIC" not in guest.text and answer == "", "wrong output",
            "Ctrl-C does not drop the line")


def keys_storm(guest):
    """Many sequences at once, while each is echoed: none is cut in two."""
    for _ in range(10):
        answer = typed(guest, "em" + "\x1b[D\x1b[C" * 200 + "\x1b[D\x1b[Dm\r")
        require(re.search(r"^memory map:$", answer, re.M), "wrong output",
                f"the keys give \"{answer[:100]}\"")


def garbage_is_survived(guest):
    """Any byte, and a line longer than there is room for."""
    every_byte = "".join(chr(c) for c in range(1, 128) if chr(c) not in
                         "\r\n\x03")
    typed(guest, every_byte + "\r")
    typed(guest, "x" * 2000 + "\r")
    typed(guest, "\x1b" * 50 + "[" * 50 + "\x03")
    expect_answer(guest, "cpu", r"^vendor: ")


def typed_ahead(guest):
    """Three commands at once: all are answered, in order."""
    start = len(guest.text)
    guest.send("cpu\rlayout\rmem\r")
    guest.wait_text("RAM: ")
    guest.wait_prompt()
    answers = guest.text[start:]
    places = [answers.find(word) for word in
              ("vendor: ", "kernel addresses:", "owners of RAM:")]
    require(-1 not in places and places == sorted(places), "lost output",
            f"answers at {places}")


def line_ends(guest):
    """CR, LF and CR LF are one line end each."""
    for end in ("\r", "\n", "\r\n"):
        start = guest.text.count(PROMPT)
        guest.send(f"help help{end}help cpu{end}")
        guest.wait_text("what the CPU is")
        guest.wait_prompt()
        count = guest.text.count(PROMPT) - start
        require(count == 2, "wrong output",
                f"{count} prompts after two lines that end in {end!r}")


def long_paste(guest):
    """What is typed while a command runs is answered, all of it, in order."""
    addresses = [f"{number * 4096:08x}" for number in range(150)]
    start = len(guest.text)
    guest.send("stress 1\r" + "".join(f"pgtable {a}\r" for a in addresses))
    guest.wait_text(f"walk of {addresses[-1]},")
    guest.wait_prompt()
    walks = re.findall(r"^page-table walk of (\w+),", guest.text[start:], re.M)
    require(walks == addresses, "lost output",
            f"{len(walks)} answers to {len(addresses)} lines")


def too_much_is_counted(guest):
    """What finds no room is lost, and the prompt says how much."""
    guest.send("stress 2\r" + "x" * 8000)
    guest.wait_text("bytes of input came too fast and are lost")
    time.sleep(1)       # what is kept is read: there is room again
    guest.send("\x03")
    guest.wait_prompt()
    expect_answer(guest, "cpu", r"^vendor: ")


def break_is_no_byte(guest):
    """Breaks of the line before, in and behind a word change nothing."""
    guest.send_break()
    start = len(guest.text)
    guest.send("help he")
    guest.wait_text("help he")
    guest.send_break()
    guest.send("l")
    guest.wait_text("help hel")
    guest.send_break()
    guest.send("p\r")
    guest.wait_prompt()
    said = guest.text[start:]
    require(said.startswith("help help\nhelp "), "wrong output",
            f"\"help help\" with breaks in it came as {said!r}")


def idle_at_the_prompt(guest):
    """While nobody types the CPU halts: the idle thread has the time."""
    guest.command("top")
    time.sleep(1)
    answer = guest.command("top")
    match = re.search(r"^ +0 idle +R +\d+ +\d+ +(\d+)\.\d", answer, re.M)
    require(match and int(match[1]) > 50, "wrong output",
            f"the idle thread had little of the time: {answer}")


def pressure_goes_on(guest):
    """A line a second, names each 20 lines, until a key or the number ends."""
    line = r"(?: +\d+){8}\n"
    head = r" +free .*stolen\n[ /a-z]*\n"
    answer = guest.command("pressure 2")
    require(re.fullmatch(head + line * 2, answer), "wrong output",
            f"pressure 2 says \"{answer}\"")
    answer = guest.command("pressure 21")
    require(re.fullmatch(head + line * 20 + head + line, answer),
            "wrong output", f"pressure 21 says \"{answer}\"")
    begin, start = time.monotonic(), len(guest.text)
    guest.send("pressure 1000\r")
    guest.wait_text("stolen")
    time.sleep(1.5)
    guest.send("q")
    guest.wait_prompt()
    require(time.monotonic() - begin < 60, "wrong output",
            "a key does not end pressure")
    lines = re.findall("^" + line, guest.text[start:], re.M)
    require(1 <= len(lines) < 10, "wrong output", f"{len(lines)} lines")
    expect_answer(guest, "cpu", r"^vendor: ")     # q was used up


def page_is_traced(guest):
    """The page freed last is given out next: its events are printed."""
    found = re.search(r"^frame 0x([0-9a-f]+),.*\n  free: kept for CPU 0$",
                      "".join(guest.command(f"whatis phys {frame:x}000")
                              for frame in range(0x3F00, 0x3FE0)), re.M)
    frame = found[1] if found else "3f00"
    answer = guest.command(f"trace page {frame}")
    require(answer.startswith(f"frame 0x{frame}, physical "), "wrong output",
            f"trace page says \"{answer}\"")
    require("pagetrace" in guest.command("top"), "wrong output",
            "no thread prints")
    guest.command("leaks")                        # takes pages for its marks
    guest.command("test pages")
    guest.command("trace page off")
    answer = guest.command("trace page")
    match = re.match(r"no page is traced; (\d+) events? of the last one\n",
                     answer)
    require(match, "wrong output", f"trace page says \"{answer[:100]}\"")
    for event in answer.splitlines()[1:]:
        require(re.fullmatch(r" +\(\d+ more\)| *\d+\.\d{6}  [a-z' ]{13} "
                             r"-?\d+ users?, \d+ entr(y|ies);( \w+)+; "
                             r"\w+\+0x\w+/0x\w+( in an interrupt)?", event),
                "wrong output", f"an event is \"{event}\"")
    require("pagetrace" not in guest.command("top"), "wrong output",
            "the thread that prints does not end")
    require(not found or int(match[1]), "wrong output",
            "nothing happened to the page that a CPU kept")


# --- the end -------------------------------------------------------------------------

def ends(ctx, journal, command, machine, reason):
    """The command ends the machine, for the right reason."""
    args = machine_args(*machine) + kernel_args(ctx.kernel)
    with Guest(journal, args, limit=120) as guest:
        guest.wait_prompt()
        guest.send(f"{command}\r")
        end = guest.wait_end()
        require((end.status, end.reason) == (0, reason), "bad exit status",
                f"{command}: {end}, not {reason}")


def no_poweroff(ctx, journal):
    """A machine without ACPI says that it cannot, and goes on."""
    args = machine_args(64 * MB, "isapc", "486") + kernel_args(ctx.kernel)
    with Guest(journal, args, limit=120) as guest:
        guest.wait_prompt()
        expect_answer(guest, "poweroff", re.escape(NO_ACPI))
        expect_answer(guest, "cpu", r"^vendor: ")


def boots_again(ctx, journal):
    """After a reboot the same machine comes up as the first time."""
    args = machine_args(64 * MB) + kernel_args(ctx.kernel)
    args.remove("-no-reboot")
    with Guest(journal, args, limit=120) as guest:
        guest.wait_prompt()
        first = guest.text
        guest.send("reboot\r")
        guest.wait_text("swapper: ", "second boot")
        guest.wait_prompt()
        second = guest.text[len(first):].partition("\n")[2]
    first, second = (re.sub(r"of \d+\.\d+ MHz", "", text)     # is measured
                     for text in (first, second))
    require(second == first, "wrong output", "the second boot differs")
