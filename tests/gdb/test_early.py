"""Mistakes before the kernel has an IDT of its own: told, not reset.

GDB plays the beginner: it spoils one thing in the first instructions, lets go,
and the machine must say what happened on the serial port and stop. Each would
be a silent reset without the small IDT of boot/exception.c.
"""

import subprocess
import time

from machines.harness import Test, require

SAID = "swapper: exception before the IDT is up: vector "

# name: (where to stop, what to spoil, the vector that must be told)
MISTAKES = {
    # the far jump goes to an address that nothing maps: page fault
    "no-higher-half": (
        "boot_tables_filled",
        "set *(unsigned int *)((unsigned int)&swapper_pg_dir - 0xC0000000"
        " + 0x300 * 4) = 0", "0000000e"),
    # UD2 in the place of the instructions that load CR3: invalid opcode
    "invalid-opcode": (
        "boot_tables_filled", "set *(unsigned short *)$eip = 0x0b0f",
        "00000006"),
}


# what the loader may leave behind: the boot must not mind
LEFT_ON = {"pae": "set $cr4 = 0x20", "pge-pse": "set $cr4 = 0x90"}


def tests(ctx):
    """One test for each mistake, and for each bit left on."""
    for name, command in LEFT_ON.items():
        yield Test(f"gdb.early-cr4-{name}-left-on",
                   lambda journal, command=command: boots(ctx, journal,
                                                          command), 3.0)
    for name, mistake in MISTAKES.items():
        yield Test(f"gdb.early-{name}",
                   lambda journal, mistake=mistake: run(ctx, journal, mistake),
                   3.0)


def run(ctx, journal, mistake):
    """Boots under GDB, spoils, and reads the serial port."""
    label, command, vector = mistake
    text, running = spoiled_boot(ctx, journal, label, command, "halted")
    require(SAID + vector in text, "wrong output",
            f"it does not say \"{SAID}{vector}\"")
    require("halted" in text and running, "triple fault",
            "the machine did not stop where it was")


def boots(ctx, journal, command):
    """Spoils a register at the first instruction; the prompt must come."""
    text, _ = spoiled_boot(ctx, journal, "_start", command, "swapper> ")
    require("swapper> " in text, "triple fault", "it did not get to the prompt")


def spoiled_boot(ctx, journal, label, command, awaited):
    """(what came over the serial port, whether QEMU still runs)."""
    socket, serial = journal.scratch / "gdb", journal.scratch / "serial"
    qemu = subprocess.Popen(
        ["qemu-system-i386", "-accel", "tcg,thread=single", "-display", "none",
         "-no-reboot", "-nodefaults", "-S", "-m", "64M",
         "-kernel", str(ctx.kernel), "-serial", f"file:{serial}",
         "-chardev", f"socket,path={socket},server=on,wait=off,id=g",
         "-gdb", "chardev:g"], stdin=subprocess.DEVNULL)
    try:
        journal.note(spoil(ctx, socket, label, command))
        text = wait_for(serial, awaited, 10)
        journal.keep_output(text)
        return text, qemu.poll() is None
    finally:
        qemu.kill()
        qemu.wait()


def spoil(ctx, socket, label, command):
    """Stops at the label, gives the command, lets the machine go."""
    steps = ["set confirm off", "set architecture i386", f"file {ctx.kernel}",
             f"target remote {socket}", f"hbreak *{label}", "continue",
             command, "delete", "detach"]
    words = ["gdb", "-nx", "-batch"]
    for step in steps:
        words += ["-ex", step]
    while not socket.exists():
        time.sleep(0.05)
    done = subprocess.run(words, capture_output=True, text=True, timeout=30,
                          check=False, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr


def wait_for(path, word, seconds):
    """What stands in the file once the word is in it, or time is up."""
    deadline = time.monotonic() + seconds
    text = ""
    while time.monotonic() < deadline and word not in text:
        time.sleep(0.1)
        text = path.read_text("ascii", "replace") if path.exists() else ""
    return text
