"""The other consoles: VGA text, the debug port, none at all."""

from machines.harness import Test, require
from machines.qemu import (MB, PASSED, PROMPT, Guest, kernel_args,
                           machine_args)

TEXT, COLUMNS, ROWS = 0xB8000, 80, 25
NO_PROMPT = "no serial port, hence no prompt; halting"


def tests(ctx):
    """One test for each way to be seen."""
    for card in ("std", "cirrus"):
        yield Test(f"machines.vga-{card}", lambda journal, card=card:
                   vga(ctx, journal, ["-vga", card]), 1.0)
    yield Test("machines.vga-isa", lambda journal: vga(
        ctx, journal, ["-device", "isa-vga"], "isapc", "486"), 1.0)
    yield Test("machines.no-serial", lambda journal: no_serial(ctx, journal))
    yield Test("machines.no-serial-tests",
               lambda journal: no_serial_tests(ctx, journal), 2.0)
    yield Test("machines.debugcon-too",
               lambda journal: debugcon_too(ctx, journal))


def rows_of(text):
    """Text as it must stand on a screen that scrolls: its last rows."""
    rows = [""]
    for c in text:
        if c == "\n":
            rows.append("")
            continue
        rows[-1] += c
        if len(rows[-1]) == COLUMNS:
            rows.append("")
    return [row.rstrip() for row in rows[-ROWS:]]


def screen(guest):
    """The rows of VGA text memory."""
    cells = guest.read_memory(TEXT, COLUMNS * ROWS * 2)
    text = bytes(cells[::2]).decode("ascii", "replace")
    return [text[i:i + COLUMNS].rstrip()
            for i in range(0, len(text), COLUMNS)]


def vga(ctx, journal, card, machine="pc", cpu="max"):
    """The screen holds the last rows; prompt and echo are serial only."""
    args = machine_args(64 * MB, machine, cpu) + card + kernel_args(ctx.kernel)
    with Guest(journal, args, limit=120) as guest:
        guest.wait_prompt()
        log = guest.text[guest.text.index("swapper: "):-len(PROMPT)]
        log += guest.command("cpu")     # has a line of more than 80 columns
        shown = screen(guest)
        journal.note("--- screen\n" + "\n".join(shown))
    want = rows_of(log)
    for number, (got, row) in enumerate(zip(shown, want)):
        require(got == row, "wrong output",
                f"row {number} of the screen is \"{got}\", not \"{row}\"")


def no_serial(ctx, journal):
    """Without a serial port all goes to the debug port, and there it halts."""
    args = machine_args(64 * MB) + kernel_args(ctx.kernel)
    with Guest(journal, args, limit=120, console="debugcon") as guest:
        guest.wait_text(NO_PROMPT)
        text = guest.text
    require(text.startswith("swapper: "), "lost output", "no banner")
    require("owners of RAM:\n" in text, "lost output", "no report of memory")


def no_serial_tests(ctx, journal):
    """Tests need no serial port."""
    args = machine_args(64 * MB) + kernel_args(ctx.kernel, "test=parse,sort")
    with Guest(journal, args, limit=120, console="debugcon") as guest:
        guest.expect_end(PASSED)


def debugcon_too(ctx, journal):
    """Where both are, both say the same."""
    path = journal.scratch / "e9"
    args = machine_args(64 * MB) + kernel_args(ctx.kernel) + \
        ["-debugcon", f"file:{path}"]
    with Guest(journal, args, limit=120) as guest:
        guest.wait_prompt()
        log = guest.text[guest.text.index("swapper: "):-len(PROMPT)]
    require(path.read_text() == log, "wrong output",
            "the debug port says something else than the serial port")
