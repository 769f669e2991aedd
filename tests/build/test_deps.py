"""tools/deps.sh on computers that are not this one.

A PATH of a few links stands for the computer: without compiler and QEMU, with
or without apt-get, as root or not. Nothing is installed.
"""

import os
import shutil
import subprocess

from machines.harness import Test, require

# what the script itself uses, on any system
BASE = ("sh", "basename", "cut", "tr", "sort", "mktemp", "rm", "tail", "env")
FAKE_ROOT = "echo 0"
FAKE_USER = "echo 1000"


def tests(ctx):
    """One test for each kind of computer."""
    for name, function in (
            ("complete", complete), ("no-apt", no_apt), ("no-sudo", no_sudo),
            ("apt-fails", apt_fails), ("apt-works", apt_works),
            ("bad-word", bad_word)):
        yield Test(f"build.deps.{name}",
                   lambda journal, function=function: function(ctx, journal))


def deps(ctx, journal, word, fakes):
    """(exit status, output) of the script where only BASE and fakes exist."""
    folder = journal.scratch / "bin"
    folder.mkdir()
    for tool in BASE:
        (folder / tool).symlink_to(shutil.which(tool))
    for tool, body in fakes.items():
        (folder / tool).write_text(f"#!/bin/sh\n{body}\n", encoding="ascii")
        (folder / tool).chmod(0o755)
    return run(ctx, journal, word, {"PATH": str(folder)})


def run(ctx, journal, word, env):
    """(exit status, output) of the script."""
    done = subprocess.run(
        ["/bin/sh", str(ctx.root / "tools" / "deps.sh"), word], env=env,
        cwd=journal.scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=30, check=False)
    journal.keep_output(done.stdout)
    return done.returncode, done.stdout


def says(output, *words):
    """All of the words, or a failure that names the first that lacks."""
    for word in words:
        require(word in output, "wrong output", f"it does not say \"{word}\"")


def complete(ctx, journal):
    """Where all is there, it says nothing."""
    status, output = run(ctx, journal, "run", dict(os.environ))
    require(status == 0 and not output, "wrong output",
            f"status {status}, \"{output[:60]}\"")


def no_apt(ctx, journal):
    """Another system: the list, with reasons, and a stop."""
    status, output = deps(ctx, journal, "test", {"id": FAKE_ROOT})
    says(output, "gcc-i686-linux-gnu", "qemu-system-x86", "grub-common",
         "xorriso", "bochs", "libclang-rt-dev",
         "There is no apt-get here")
    require(status == 1, "bad exit status", str(status))


def no_sudo(ctx, journal):
    """Neither root nor sudo: the command that root would give."""
    status, output = deps(ctx, journal, "run", {
        "id": FAKE_USER, "apt-get": "exit 9"})
    says(output, "Not root and no sudo", "apt-get install",
         "qemu-system-x86 ")
    require(status == 1, "bad exit status", str(status))


def apt_fails(ctx, journal):
    """What apt-get said last is shown."""
    status, output = deps(ctx, journal, "run", {
        "id": FAKE_ROOT, "apt-get": "echo no network; exit 100"})
    says(output, "no network", "apt-get failed")
    require(status == 1, "bad exit status", str(status))


def apt_works(ctx, journal):
    """As a user with sudo; never with the packages that apt recommends."""
    told = journal.scratch / "told"
    status, output = deps(ctx, journal, "run", {
        "id": FAKE_USER, "sudo": '"$@"', "apt-get": f'echo "$@" >> {told}'})
    says(output, "Installed.")
    says(told.read_text(), "update", "--no-install-recommends",
         "gcc-i686-linux-gnu")
    require(status == 0, "bad exit status", str(status))


def bad_word(ctx, journal):
    """Anything else is refused with the words there are."""
    status, output = deps(ctx, journal, "all", {})
    says(output, "usage:", "run|gdb|test|lint")
    require(status == 2, "bad exit status", str(status))
