"""The programs of tests/user on this computer's own Linux, and their archive.

A program that answers wrongly on Linux asks for the wrong thing. So each runs
there first, where 32-bit programs run at all.
"""

import errno
import os
import re
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from machines.harness import Failure, Skip, Test, require, run_command
from machines.qemu import MB, PASSED, Guest, kernel_args, machine_args

HERE = Path(__file__).resolve().parent
STACK = 8 << 20         # what a program has here, too
LONGEST = 60            # seconds
# cases of each, at least: a program that reports nothing has not run
PROGRAMS = {"hello": 1, "brk": 5, "mmap": 8, "fork": 8, "faults": 17, "exec": 5,
            "shared": 8, "sleep": 1, "bench": 9, "calls": 7, "lock": 8, "fuzz": 1,
            "nomem": 1, "xstack": 2, "files": 22, "procfs": 9, "devices": 10,
            "disk": 5, "full": 1, "oom": 1, "init": 10, "swap": 8,
            "soak": 1}
MUSL = {"libc": 7, "stdio": 8}
AREA = re.compile(r"([0-9a-f]{8})-([0-9a-f]{8}) ([r-][w-][x-][ps]) [0-9a-f]{8} "
                  r"00:0[01] \d+ (?: *(\S+))?")
GUESTS = (      # name, MB, CPU, command line
    ("64M", 64, "pentium3", ""), ("16M-486", 16, "486", ""), ("pae", 64, "max", "pae"),
    ("highmem", 2048, "max", "numa=fake=2"),
    ("watched", 64, "pentium3", "debug=page_owner,page_poison,pagealloc"),
)


def tests(ctx):
    """Each program; what is packed."""
    for name, cases in PROGRAMS.items():
        yield Test(f"user.linux.{name}", bound(check_program, ctx, name, cases), 3)
    for name, cases in MUSL.items():
        yield Test(f"user.linux.musl.{name}", bound(check_musl, ctx, name, cases), 3)
    for guest in GUESTS:
        yield Test(f"user.here.{guest[0]}", bound(check_here, ctx, guest), 8)
        yield Test(f"user.fuzz.{guest[0]}", bound(check_fuzz, ctx, guest), 8)
    yield Test("user.linux.fuzz-same", bound(check_same, ctx), 1)
    yield Test("user.prompt", bound(check_prompt, ctx), 2)
    yield Test("user.init", bound(check_init, ctx), 3)
    yield Test("user.ps", bound(check_ps, ctx), 2)
    for how in ("restart", "poweroff", "halt"):
        yield Test(f"user.{how}", bound(check_end, ctx, how), 2)
    yield Test("user.archive", bound(check_archive, ctx), 2)


def bound(function, *args):
    """function(*args, journal), as the runner wants it."""
    return lambda journal: function(*args, journal)


def build(ctx):
    """All programs, once; the folder where they are."""
    ctx.once("programs", lambda: ctx.make("programs"))
    return ctx.out / "user"


def run_on_linux(program, *args):
    """Its status and output; Skip if such programs do not run here."""
    def limit():
        resource.setrlimit(resource.RLIMIT_STACK, (STACK, STACK))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    try:
        # it makes files where it is
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([str(program.resolve()), *args], cwd=folder,
                                  stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=LONGEST,
                                  preexec_fn=limit, check=False)
            left = os.listdir(folder)
        require(not left, "failed case", f"{program.name} left {left}")
    except subprocess.TimeoutExpired:
        raise Failure("timeout", f"{program.name} took {LONGEST} s") from None
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            raise Skip("this Linux runs no 32-bit programs") from None
        raise
    return done.returncode, done.stdout.decode("utf-8", "replace")


def judge(status, output, least):
    """Every case that was announced went well, and there were enough."""
    plan = re.findall(r"^1\.\.(\d+)$", output, re.M)
    good = re.findall(r"^ok (\d+) ", output, re.M)
    failed = re.findall(r"^not ok \d+ (\S+)", output, re.M)
    require(not failed, "failed case", ", ".join(failed))
    require(len(plan) == 1 and int(plan[0]) >= least, "lost output",
            f"plan {plan} of at least {least}")
    require(good == [str(n) for n in range(1, int(plan[0]) + 1)], "lost output",
            f"{len(good)} cases of {plan[0]}")
    require(status == 0, "bad exit status", str(status))


def check_program(ctx, name, least, journal):
    """It answers what it should."""
    status, output = run_on_linux(build(ctx) / name)
    journal.keep_output(output)
    judge(status, output, least)


def check_musl(ctx, name, least, journal):
    """The same, where the library could be brought."""
    if not (build(ctx) / name).exists():
        raise Skip("musl is not here: see tools/deps.sh")
    check_program(ctx, name, least, journal)


def guest_args(ctx, size, cpu, cmdline):
    """A machine with the programs as its module."""
    build(ctx)
    return machine_args(size * MB, cpu=cpu) + kernel_args(
        ctx.kernel, cmdline, str(ctx.out / "programs.cpio"))


def check_here(ctx, row, journal):
    """The suite runs all of them, and its ledger agrees."""
    _, size, cpu, cmdline = row
    args = guest_args(ctx, size, cpu,
                      f"{cmdline} test=program,nomem".strip())
    with Guest(journal, args, limit=200) as guest:
        guest.expect_end(PASSED)
        text = guest.text
    good = set(re.findall(r"^  ok \d+ (\w+)$", text, re.M))
    wanted = set(PROGRAMS) | {"each_page", "each_object", "a_full_memory",
                              "no_room_for_files"}
    forbids = "pae" in cmdline
    require(f"# data can{'not' if forbids else ''} be executed" in text,
            "wrong output", "what is data is not as the machine has it")
    require(wanted <= good, "failed case", f"not run: {sorted(wanted - good)}")
    require(len(re.findall(r"^ok \d+ ", text, re.M)) >= sum(
        PROGRAMS.get(name, 0) for name in wanted), "lost output",
        "the programs themselves said less")
    require("ends by SIGSEGV at 080" in text, "lost output",
            "no report of a fault")


PLAN = re.compile(r"^# seed (\d+): (\d+) calls \((\w+)\)", re.M)


def check_fuzz(ctx, row, journal):
    """10^5 random calls of five seeds; the ledger and the books agree."""
    _, size, cpu, cmdline = row
    args = guest_args(ctx, size, cpu, f"{cmdline} test=fuzz".strip())
    with Guest(journal, args, limit=300) as guest:
        guest.expect_end(PASSED)
        plans = PLAN.findall(guest.text)
    require(sum(int(calls) for _, calls, _ in plans) == 100000,
            "lost output", f"{plans}")
    require(len({sums for _, _, sums in plans}) == 5, "broken test",
            "two seeds make the same calls")
    _, output = run_on_linux(build(ctx) / "fuzz", "3", "20000")
    require(PLAN.findall(output) == plans[2:3], "broken test",
            f"Linux {PLAN.findall(output)}, here {plans[2:3]}")


def check_same(ctx, journal):
    """The same seed makes the same calls."""
    outputs = [run_on_linux(build(ctx) / "fuzz", seed, "2000")[1]
               for seed in ("7", "7", "8")]
    journal.keep_output("".join(outputs))
    first, second, other = (PLAN.findall(text) for text in outputs)
    require(first and first == second and first != other, "broken test",
            f"{first} {second} {other}")


def check_prompt(ctx, journal):
    """run PROGRAM, by its name, with arguments, and one that is not there."""
    with Guest(journal, guest_args(ctx, 64, "max", ""), limit=60) as guest:
        guest.wait_prompt()
        for line, wanted in (
                ("run hello", "ok 1 hello\nrun: hello ended with status 0"),
                ("run /exec g", "run: /exec ended with status 0"),
                ("run nothing", "run: there is no file nothing"),
                ("run", "usage: run PROGRAM [ARG...] [&]"),
                ("run &", "usage: run PROGRAM [ARG...] [&]")):
            answer = guest.command(line)
            require(wanted in answer, "wrong output", f"{line}: {answer}")


def check_init(ctx, journal):
    """init=: a program before the prompt, with arguments, and none."""
    for cmdline, wanted in (
            ("init=/init", "ok 10 xstack\ninit: /init ended with status 0"),
            ("init=init,hello,none", "not ok 2 none\ninit: init ended with status 1"),
            ("init=/none", "init: there is no file /none")):
        with Guest(journal, guest_args(ctx, 64, "max", cmdline),
                   limit=60) as guest:
            guest.wait_prompt()
            require(wanted in guest.text, "wrong output", cmdline)


def check_ps(ctx, journal):
    """A process as ps, maps and pagetable see it, and that they agree."""
    with Guest(journal, guest_args(ctx, 64, "max", ""), limit=60) as guest:
        guest.wait_prompt()
        guest.command("run sleep 1000 &")
        guest.command("run sleep 2 &")
        time.sleep(1)
        found = re.findall(r"^ *(\d+) +1 ([SD]) +(\d+) +(\d+) sleep$",
                           guest.command("ps"), re.M)
        require(len(found) == 2, "wrong output", f"ps: {found}")
        agree(guest, *found[0])
        time.sleep(2)
        left = guest.command("ps").count("sleep")
        require(left == 1, "wrong output", f"{left} processes are left")
        for line, wanted in (
                ("ps x", "usage: ps"), ("maps", "usage: maps PID"),
                ("maps x", "maps: x is no process: a number was expected"),
                ("maps 1", "maps: no process 1 has memory; see ps"),
                ("pagetable", "usage: pagetable PID [ADDR]"),
                ("pagetable 1 zz", "pagetable: zz is no address")):
            answer = guest.command(line)
            require(answer.startswith(wanted), "wrong output",
                    f"{line}: {answer}")


def check_end(ctx, how, journal):
    """reboot() as a program calls it."""
    # a machine that halts is there until somebody ends it
    with Guest(journal, guest_args(ctx, 64, "max", ""),
               limit=15) as guest:
        guest.wait_prompt()
        guest.send(f"run calls {how}\r")
        if how == "halt":
            guest.wait_text("halted; it is safe to switch the machine off")
            return
        end = guest.wait_end()
        reason = {"restart": "guest-reset", "poweroff": "guest-shutdown"}[how]
        require(end.reason == reason, "wrong output",
                f"it ended by {end.reason}")


def agree(guest, pid, _state, vsz, rss):
    """Areas, pages and what ps said of them."""
    lines = guest.command(f"maps {pid}").splitlines()
    areas = [AREA.fullmatch(line) for line in lines]
    require(all(areas), "wrong output", f"maps: {lines}")
    size = sum(int(a[2], 16) - int(a[1], 16) for a in areas) >> 10
    require(size == int(vsz), "wrong output", f"{size} KB, ps says {vsz}")
    names = [area[4] for area in areas if area[4]]
    files = [name for name in names if name == "/sleep"]
    require(len(files) >= 3 and names == [*files, "[heap]", "[stack]"],
            "wrong output", str(names))
    rights = {area[3] for area in areas}
    require(rights == {"r--p", "r-xp", "rw-p", "rwxp"}, "wrong output",
            str(rights))
    # the zero page is nobody's
    leaves = guest.command(f"pagetable {pid}").splitlines()
    require(len(leaves) * 4 == int(rss), "wrong output",
            f"{len(leaves)} pages, ps says {rss} KB")
    walk = guest.command(f"pagetable {pid} {leaves[-1].split()[0]}")
    require(re.search(r"= physical \w+, 4 KB page, writable, \w.*, user$",
                      walk, re.M), "wrong output", walk)


def check_archive(ctx, journal):
    """All programs are in it, the same each time; every source has a row."""
    folder = build(ctx)
    sources = {path.stem for path in HERE.glob("*.c")}
    require(sources == set(PROGRAMS), "broken test", f"rows for {sorted(sources)}")
    first = (ctx.out / "programs.cpio").read_bytes()
    wanted = [name for name in (*PROGRAMS, *MUSL) if (folder / name).exists()]
    for name in wanted:
        require((folder / name).read_bytes() in first, "failed case",
                f"{name} is not packed")
    again = journal.scratch / "again.cpio"
    run_command(["python3", os.path.join(ctx.root, "tools/mkcpio.py"), str(again),
                 *(str(folder / name) for name in reversed(wanted))], 60,
                "failed case")
    require(again.read_bytes() == first, "failed case", "packed again it differs")
