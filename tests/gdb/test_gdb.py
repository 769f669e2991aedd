"""Runs the GDB session that docs/gdb.md describes, in batch.

1. The commands are the document's: the lines behind "(gdb) " in its blocks
   marked gdb. A block marked `gdb two-level` or `gdb pae` is for that format.
   What GDB answers is held against the lines below each command.
2. Behind the last command under the heading `NAME` the checks of at-NAME in
   walk.gdb are run. Each must hold, none may be missing.
3. What `where` prints at each stop is held against the table in the comment of
   boot/head.S.
4. GDB and QEMU are started by tools/gdb.sh, as `make gdb` does it.

Alone: python3 tests/gdb/test_gdb.py build
"""
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
if str(ROOT / "tests") not in sys.path:
    sys.path.insert(0, str(ROOT / "tests"))

# pylint: disable=wrong-import-position
from docs import transcript                     # noqa: E402
from machines.harness import Failure, Test      # noqa: E402

DOCUMENT = ROOT / "docs" / "gdb.md"
WALK = ROOT / "tests" / "gdb" / "walk.gdb"
PROMPT = "(gdb) "
TIME_LIMIT = 240    # seconds; a walk takes two


class Machine:
    """A PC, and what the kernel will use on it."""

    def __init__(self, name, cpu, expect, cmdline="", iso=False, compare=True):
        self.name, self.cpu, self.expect = name, cpu, expect.split()
        self.cmdline, self.iso, self.compare = cmdline, iso, compare

    @property
    def format(self):
        return "pae" if "pae" in self.expect else "two-level"


MACHINES = (
    Machine("two-level", "pentium3", "large global"),
    # without large pages what GDB shows differs from the document
    Machine("small-pages", "486", "", cmdline="nopse", compare=False),
    Machine("pae", "max", "pae large nx global", cmdline="pae"),
    Machine("pae-small-pages", "pentium3", "pae global", cmdline="pae nopse",
            compare=False),
    Machine("grub", "pentium3", "large global", iso=True),
)


def stop_of(heading):
    """The label or function that a heading names: `NAME` or `NAME()`."""
    found = re.fullmatch(r"`(\w+)(?:\(\))?`", heading)
    return found.group(1) if found else None


def session(machine):
    """[(command, lines shown, stop)]; of at-STOP the lines shown are None."""
    out, stop = [], None
    for block in transcript.blocks(DOCUMENT):
        if block.kind != "gdb" or machine.format not in (
                block.words[1:] or [machine.format]):
            continue
        here = stop_of(block.heading)
        if stop and here != stop:
            out.append(("at-" + stop, None, stop))
        stop = here
        out += [(command, shown, stop) for command, shown in block.commands(PROMPT)]
    out.append(("at-" + stop, None, stop))
    return out


def read_all(master, process, deadline):
    """What comes out of a terminal until the process is gone."""
    data = b""
    while time.monotonic() < deadline:
        if not select.select([master], [], [], 0.1)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            chunk = os.read(master, 65536)
        except OSError:     # the other end is closed
            break
        if not chunk:
            break
        data += chunk
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


def end_group(process):
    """Ends a process that leads a group: asked first, so that traps run."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(5)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def gdb_environment(machine):
    """What tools/gdb.sh is told by the environment."""
    return dict(os.environ, CMDLINE=machine.cmdline, TERM="dumb", GDB_TTY="",
                GDB_ISO="1" if machine.iso else "", QEMU_FLAGS="-nodefaults",
                GDB_ARGS="-nx -x " + str(WALK))


def gdb_command(folder, machine):
    """The command line of `make gdb`."""
    return [str(ROOT / "tools" / "gdb.sh"), str(folder), "-machine", "pc",
            "-accel", "tcg", "-cpu", machine.cpu, "-m", "128M", "-boot", "d"]


def run_gdb(folder, machine, lines):
    """Feeds lines to `tools/gdb.sh folder`; returns all that it prints."""
    # output on a terminal, so that GDB's errors stand in their right place
    master, slave = pty.openpty()
    process = subprocess.Popen(
        gdb_command(folder, machine), stdin=subprocess.PIPE, stdout=slave,
        stderr=slave, cwd=ROOT, env=gdb_environment(machine),
        start_new_session=True)
    os.close(slave)
    text = ""
    try:
        process.stdin.write("".join(line + "\n" for line in lines).encode())
        process.stdin.close()
        text = read_all(master, process, time.monotonic() + TIME_LIMIT)
        process.wait(10)
    except (BrokenPipeError, subprocess.TimeoutExpired):
        text += "\nand then nothing more within %d s" % TIME_LIMIT
    finally:
        end_group(process)
        os.close(master)
    return text


def prepare(kernel, folder, machine):
    """The folder that stands for build/: runs do not meet."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "swapper.elf").symlink_to(pathlib.Path(kernel).resolve())
    if machine.iso:
        subprocess.run([str(ROOT / "tools" / "mkiso.sh"), str(kernel),
                        str(folder / "swapper.iso"), machine.cmdline],
                       check=True, timeout=TIME_LIMIT)


def answers(kernel, folder, machine):
    """(all that GDB printed, [the lines of each command's answer])."""
    lines = ["set width 0", "set style enabled off",
             "expect " + " ".join(machine.expect)]
    for number, (command, _, _) in enumerate(session(machine)):
        lines += ["echo @@%d@@\\n" % number, command]
    lines += ["echo @@end@@\\n", "kill"]
    prepare(kernel, folder, machine)
    text = run_gdb(folder, machine, lines)
    parts = re.split(r"@@\w+@@\n", text.replace(PROMPT, ""))
    # GDB compares dates when it shows a line; whoever edits is not at fault
    drop = re.compile(r"^warning: Source file is more recent.*\n", re.M)
    return text, [drop.sub("", part).splitlines() for part in parts[1:-1]]


def head_table():
    """{label: columns} of the table in the comment of boot/head.S."""
    text = (ROOT / "boot" / "head.S").read_text(encoding="utf-8")
    rows = re.search(r"label\s+EIP.*?\n(.*?)\*/", text, re.S).group(1)
    out = {}
    for row in rows.splitlines():
        columns = re.split(r"\t+", row.strip(" *"))
        if len(columns) >= 5:
            out[columns[1].rstrip("()")] = columns[2:]
    return out


def compare_where(stop, line, table):
    """Does the line of `where` say what the row of the table says?"""
    found = re.match(r"paging (\S+)\s+EIP \S+ (\S+)\s+ESP \S+ (\S+)\s+"
                     r"GDTR \S+ (\S+)", line)
    if not found:
        return "%s: where printed %s" % (stop, line)
    eip, esp, gdtr, mapped = table[stop]
    paging, *real = found.groups()
    # the loader's own values are not said to be anything
    wanted = [eip, real[1] if esp == "none" else esp,
              real[2] if gdtr == "loader" else gdtr]
    if real != wanted or (paging == "off") != (mapped == "(no paging)"):
        return "%s: %s, but boot/head.S has %s" % (stop, line, table[stop])
    return None


def checks_of_walk():
    """{stop: how many checks} in walk.gdb."""
    out, stop = {}, None
    for line in WALK.read_text(encoding="utf-8").splitlines():
        if line.startswith("define at-"):
            stop = line[len("define at-"):]
            out[stop] = 0
        elif line.startswith("check "):
            out[stop] += 1
    return out


def walk_failures(kernel, folder, machine):
    """Sentences on what was not as it must be; none: all is well."""
    steps = session(machine)
    text, got = answers(kernel, folder, machine)
    wrong, table, counts = [], head_table(), checks_of_walk()
    if len(got) != len(steps):
        wrong = ["the session ended early; its last lines:"] + text.splitlines()[-15:]
    for stop in set(counts) ^ {stop for _, _, stop in steps}:
        wrong.append("%s: in one of docs/gdb.md and walk.gdb only" % stop)
    for (command, shown, stop), real in zip(steps, got):
        if shown is None:
            wrong += ["%s: %s" % (stop, line) for line in real
                      if not line.startswith("holds: ")]
            if sum(line.startswith("holds: ") for line in real) != counts.get(stop):
                wrong.append("%s: not all of its checks held" % stop)
        elif machine.compare:
            difference = transcript.mismatch(shown, real, to_end=True)
            if difference:
                wrong.append("docs/gdb.md, %s, %s: %s" % (stop, command, difference))
        if command == "where" and stop in table:
            wrong.append(compare_where(stop, "".join(real), table))
    wrong += ["%s: in the table of boot/head.S only" % stop
              for stop in set(table) - {stop for _, _, stop in steps}]
    return [sentence for sentence in wrong if sentence]


class Debugger:
    """tools/gdb.sh on a terminal of its own, as somebody sits in front of it."""

    def __init__(self, kernel, folder):
        machine = Machine(folder.name, "pentium3", "")
        prepare(kernel, folder, machine)
        self.text = ""
        self._pid_file = folder / "qemu.pid"
        self._log = folder / "gdb-serial.log"
        environment = dict(gdb_environment(machine), GDB_ARGS="-nx")
        environment["QEMU_FLAGS"] += " -pidfile %s" % self._pid_file
        command = gdb_command(folder, machine)
        self._process_id, self._master = pty.fork()
        if not self._process_id:
            os.chdir(ROOT)
            os.execve(command[0], command, environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.signal(signal.SIGTERM)
        if not self.ended():
            self.signal(signal.SIGKILL)
            self.ended()
        os.close(self._master)

    def signal(self, number):
        """A signal to all of the terminal's processes, if they still run."""
        if self._process_id is None:
            return
        try:
            os.killpg(self._process_id, number)
        except ProcessLookupError:
            pass

    def expect(self, typed, wanted):
        """Types, and reads until wanted has come; a Failure if it does not."""
        deadline = time.monotonic() + TIME_LIMIT
        os.write(self._master, typed.encode())
        self.text = ""
        while wanted not in self.text:
            data = b""
            if select.select([self._master], [], [], 0.2)[0]:
                data = self._read()
                if not data:
                    raise Failure("lost output", "no %r after %r" % (wanted, typed),
                                  self.text)
            if time.monotonic() > deadline:
                raise Failure("timeout", "no %r after %r" % (wanted, typed), self.text)
            self.text += data.decode("utf-8", "replace")

    def _read(self):
        """What the terminal has; b"" when all on it are gone."""
        try:
            return os.read(self._master, 65536)
        except OSError:
            return b""

    def run_to_prompt(self):
        """Lets the kernel run until it waits for commands."""
        self.expect("", PROMPT)
        self.expect("continue\n", "Breakpoint 1")
        self.expect("continue\n", "Continuing.")
        deadline = time.monotonic() + TIME_LIMIT
        while b"swapper> " not in self._log.read_bytes():
            if time.monotonic() > deadline:
                raise Failure("timeout", "the kernel did not reach its prompt")
            time.sleep(0.05)

    def qemu_runs(self):
        """Is QEMU still there?"""
        try:
            os.kill(int(self._pid_file.read_text()), 0)
        except (FileNotFoundError, ProcessLookupError):
            return False
        return True

    def ended(self):
        """Waits for the end of tools/gdb.sh; True if it came."""
        deadline = time.monotonic() + 10
        while self._process_id is not None and time.monotonic() < deadline:
            if select.select([self._master], [], [], 0.05)[0]:
                self._read()
            if os.waitpid(self._process_id, os.WNOHANG)[0]:
                self._process_id = None
        return self._process_id is None


def check_control_c(kernel, folder):
    """Ctrl-C stops the kernel and not QEMU; `quit` ends QEMU, too."""
    with Debugger(kernel, folder) as debugger:
        debugger.run_to_prompt()
        debugger.expect("\x03", "SIGINT")
        debugger.expect("where\n", "paging 2-level  EIP c")
        debugger.expect("quit\n", "")
        if not debugger.ended():
            return ["tools/gdb.sh did not end with GDB"]
        return ["QEMU is there after GDB ended"] if debugger.qemu_runs() else []


def check_hangup(kernel, folder):
    """A terminal that is closed while the kernel runs leaves no QEMU behind."""
    with Debugger(kernel, folder) as debugger:
        debugger.run_to_prompt()
        debugger.signal(signal.SIGHUP)
        if not debugger.ended():
            return ["tools/gdb.sh did not end with its terminal"]
        return ["QEMU is still there"] if debugger.qemu_runs() else []


def all_tests(kernel, folder):
    """[(name, function that returns sentences on what is wrong)]."""
    out = [(machine.name, lambda machine=machine: walk_failures(
        kernel, folder / machine.name, machine)) for machine in MACHINES]
    out.append(("control-c", lambda: check_control_c(kernel, folder / "control-c")))
    out.append(("hangup", lambda: check_hangup(kernel, folder / "hangup")))
    return out


def tests(ctx):
    """For tests/run.py."""
    def run(function):
        wrong = function()
        if wrong:
            raise Failure("wrong output", wrong[0], "\n".join(wrong))
    for name, function in all_tests(ctx.kernel, ctx.out / "gdb"):
        yield Test("gdb." + name, lambda _journal, function=function: run(function),
                   cost=4)


def main():
    """Alone: on the kernel that is in the build folder."""
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
    failed = 0
    for name, function in all_tests(build / "swapper.elf", build / "gdb"):
        try:
            wrong = function()
        except Failure as failure:
            wrong = [str(failure), failure.detail]
        failed += bool(wrong)
        print("%s gdb.%s" % ("FAIL" if wrong else "ok  ", name))
        for sentence in wrong:
            print("     " + sentence)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
