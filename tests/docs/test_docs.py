"""Everything that README.md and docs/ show is run and compared.

Fenced blocks are known by the word behind the fence:

    sh        command lines; of `make` each target and variable must exist
    log       lines of a boot, with the machine behind it, as make's variables:
              log MEM=6G CPU=486 CMDLINE='pae nopse'; `log grub` boots the ISO
    console   a session at the prompt, commands behind "swapper> "
    c         in extra.md: the file that `make run EXTRA=` is given
    gdb       tests/gdb/test_gdb.py runs them

Numbers may differ (transcript.py). Besides: options and commands are documented
all and only, links and named files, functions and messages exist.

Alone: python3 tests/docs/test_docs.py build
"""
import os
import pathlib
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
if str(ROOT / "tests") not in sys.path:
    sys.path.insert(0, str(ROOT / "tests"))

# pylint: disable=wrong-import-position
from docs import transcript                                     # noqa: E402
from machines import image, qemu                                # noqa: E402
from machines.harness import (                                  # noqa: E402
    Context, Deadline, Failure, Journal, Test)

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROMPT = "swapper> "
MEMORY = "128M"     # as the Makefile's MEM
SIZE = {"K": qemu.KB, "M": qemu.MB, "G": qemu.GB}

PARAM = re.compile(r'KERNEL_PARAM\(\s*\w+,\s*"([^"]+)"')
COMMAND = re.compile(r"MONITOR_COMMAND\(\s*(\w+),")
LITERALS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
CONVERSION = re.compile(r"%%|%[-0 #+]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:ll|z)?[a-z]")


def short(path):
    return str(path.relative_to(ROOT))


def sources(*patterns):
    """Text of the files of the tree, by path."""
    return {path: path.read_text(encoding="utf-8")
            for pattern in patterns for path in sorted(ROOT.glob(pattern))}


def complain(kind, wrong):
    """A Failure if there is anything in the list."""
    if wrong:
        raise Failure(kind, "; ".join(wrong[:3]), "\n".join(wrong))


# --- names that must be in the documents, and only they ----------------------

def check_names(document, level, pattern):
    """Headings of that level in `code` against what the sources declare."""
    declared = set()
    for text in sources("kernel/**/*.c", "mm/**/*.c", "tests/kernel/*.c",
                        "tests/bench/*.c").values():
        declared |= set(pattern.findall(text))
    path = ROOT / "docs" / document
    described = {found.group(1) for found in re.finditer(
        r"^%s `(\w+)" % level, path.read_text(encoding="utf-8"), re.M)}
    complain("wrong contents", [
        "%s: %s is not described" % (short(path), name)
        for name in sorted(declared - described)] + [
        "%s: %s is described and does not exist" % (short(path), name)
        for name in sorted(described - declared)])


def outside_fences(path):
    """A document's text without its fenced blocks."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def check_links(_journal):
    """Links, and names of files in running text."""
    wrong = []
    for path in DOCUMENTS:
        text = outside_fences(path)
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            if "://" not in target and not (path.parent / target).exists():
                wrong.append("%s: link to %s" % (short(path), target))
        for name in re.findall(r"(?:boot|kernel|mm|include|tests|tools|docs)/"
                               r"[\w/.-]*\.(?:c|h|S|py|sh|gdb|md|ld)\b", text):
            if not (ROOT / name).exists():
                wrong.append("%s: %s does not exist" % (short(path), name))
    for block in transcript.blocks(ROOT / "README.md"):
        if block.heading == "The tree":
            wrong += ["%s: there is no %s" % (block.where, line.split()[0])
                      for line in block.lines if not (ROOT / line.split()[0]).is_dir()]
    complain("wrong contents", wrong)


def check_identifiers(_journal):
    """Every `name_of_something` or `name()` occurs in the tree."""
    code = "\n".join(sources(
        "Makefile", "boot/*", "kernel/**/*.[chS]", "mm/**/*.[ch]", "include/**/*.h",
        "tests/kernel/*", "tests/bench/*", "tools/gdb/*").values())
    known = set(re.findall(r"\w+", code))
    wrong = []
    for path in DOCUMENTS:
        for name in set(re.findall(r"`(\w*_\w+|\w+(?=\(\)))(?:\(\))?`",
                                   outside_fences(path))):
            if name not in known:
                wrong.append("%s: there is no %s" % (short(path), name))
    complain("wrong contents", wrong)


def messages_of_sources():
    """Every string of the kernel as a regular expression of what it prints."""
    out = []
    for text in sources("boot/*", "kernel/**/*.c", "mm/**/*.c").values():
        for joined in LITERALS.findall(text):
            whole = "".join(LITERAL.findall(joined)).replace("\\n", "")
            parts = CONVERSION.split(whole)
            # what is nearly all conversions would match anything
            if sum(map(len, parts)) >= 12:
                out.append(re.compile(".*".join(map(re.escape, parts))))
    return out


def check_messages(_journal):
    """Messages quoted in running text are ones that the kernel can print."""
    known = messages_of_sources()
    wrong = []
    for path in DOCUMENTS:
        for quoted in re.findall(r"`([^`\n]+)`", outside_fences(path)):
            found = re.match(r"(?:PANIC|warning|Cause): (.*)", quoted)
            if found and not any(m.fullmatch(found.group(1)) for m in known):
                wrong.append("%s: nothing prints \"%s\"" % (short(path), quoted))
    complain("wrong contents", wrong)


def check_table(_journal):
    """The table of docs/boot.md is that of boot/head.S."""
    head = (ROOT / "boot" / "head.S").read_text(encoding="utf-8")
    rows = re.search(r"label\s+EIP.*?\n(.*?)\*/", head, re.S).group(1)
    wanted = [re.split(r"\t+", row.strip(" *"))[1:] for row in rows.splitlines()]
    wanted = [row for row in wanted if len(row) == 5]
    text = (ROOT / "docs" / "boot.md").read_text(encoding="utf-8")
    shown = [[cell.strip(" `") for cell in row.strip("|").split("|")]
             for row in re.findall(r"^\| `.*\|$", text, re.M)]
    complain("wrong contents", ["docs/boot.md lacks the row %s" % row
                                for row in wanted if row not in shown])
    if len(wanted) < 10:
        raise Failure("broken test", "the table of boot/head.S was not found")


# --- command lines -----------------------------------------------------------

def make_variables():
    """Variables that a user may give to make."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    names = set(re.findall(r"^(\w+) \?=", text, re.M)) | {"O", "CC", "CROSS", "V"}
    names |= set(re.findall(r"^\t@echo '  .*?(TESTS)=", text, re.M))
    script = (ROOT / "tools" / "gdb.sh").read_text(encoding="utf-8")
    return names | set(re.findall(r"\$\{(GDB\w*):-", script))


def make_environment():
    """Under `make test`: variables given to it count, its job server does not."""
    env = {k: v for k, v in os.environ.items() if k != "MFLAGS"}
    env["MAKEFLAGS"] = "".join(env.get("MAKEFLAGS", "").partition("-- ")[1:])
    return env


def check_make(where, words, scratch):
    """What is wrong with a make command line, or None."""
    extra = scratch / "extra"
    extra.mkdir(exist_ok=True)
    (extra / "empty.c").write_text("")
    words = ["EXTRA=%s" % extra if word.startswith("EXTRA=") else word
             for word in words]
    for word in words:
        name, equals, _ = word.partition("=")
        if equals and name not in make_variables():
            return "%s: make has no variable %s" % (where, name)
    done = subprocess.run(
        ["make", "-n", "-C", str(ROOT), "O=%s" % (scratch / "o"), *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        env=make_environment(), check=False, text=True)
    if done.returncode:
        return "%s: make -n %s: %s" % (where, " ".join(words),
                                       done.stdout.strip().splitlines()[-1])
    return None


def check_command(where, line, scratch):
    """What is wrong with a command line, or None."""
    words = shlex.split(line)
    if words[0] == "make":
        return check_make(where, words[1:], scratch)
    for word in words[1:]:
        if re.match(r"(?:tools|tests|docs)/", word) and not (ROOT / word).exists():
            return "%s: there is no %s" % (where, word)
    if words[0] in ("qemu-system-i386", "gdb", "python3", "cd", "git",
                    "truncate"):
        return None
    return "%s: nobody knows %s" % (where, words[0])


def check_commands(journal):
    """Every line of every block marked sh."""
    wrong, count = [], 0
    for path in DOCUMENTS:
        for block in transcript.blocks(path):
            if block.kind != "sh":
                continue
            text = "\n".join(block.lines).replace("\\\n", " ")
            for line in text.splitlines():
                line = line.partition(" #")[0].strip()
                if line:
                    count += 1
                    wrong.append(check_command(block.where, line, journal.scratch))
    complain("wrong contents", [sentence for sentence in wrong if sentence])
    if count < 5:
        raise Failure("broken test", "only %d command lines were found" % count)


# --- boots -------------------------------------------------------------------

def machine_of(block):
    """(memory in bytes, CPU, command line, through GRUB?) of a log block."""
    given = {"MEM": MEMORY, "CPU": "max", "CMDLINE": ""}
    words = shlex.split(" ".join(block.words[1:]))
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name not in given:
            raise Failure("wrong contents", "%s: %s" % (block.where, word))
        given[name] = value
    memory = int(given["MEM"][:-1]) * SIZE[given["MEM"][-1]]
    return memory, given["CPU"], given["CMDLINE"], "grub" in words


class Session:
    """A machine, and the text that it prints until it asks or stops."""

    def __init__(self, guest):
        self.guest = guest

    def read(self):
        """All until the prompt, a halt or the end of the machine."""
        before = len(self.guest.text)
        try:
            self.guest.wait_prompt()
        except Failure as failure:      # a halt or an end may be what is shown
            if failure.kind in ("timeout", "broken test"):
                raise
        return self.guest.text[before:]

    def type(self, line):
        """The answer to a line, without the echo."""
        self.guest.send(line + "\r")
        return self.read().partition("\n")[2].removesuffix(PROMPT)


def start(ctx, journal, block, name):
    """A Guest for a block."""
    memory, cpu, cmdline, grub = machine_of(block)
    args = qemu.machine_args(memory, cpu=cpu)
    if not grub:
        return qemu.Guest(journal, args + qemu.kernel_args(ctx.kernel, cmdline))
    iso = image.iso(ctx, name, cmdline)
    return qemu.Guest(journal, args + qemu.cdrom_args(iso))


def check_logs(ctx, journal, path):
    """All log blocks of a document; equal machines are booted once."""
    booted, wrong = {}, []
    for block in transcript.blocks(path):
        if block.kind != "log":
            continue
        key = tuple(block.words)
        if key not in booted:
            with start(ctx, journal, block, path.stem) as guest:
                booted[key] = Session(guest).read()
        # the last line is the prompt, or nothing
        difference = transcript.mismatch(block.lines, booted[key].splitlines(),
                                         from_start=False)
        if difference:
            wrong.append("%s: %s" % (block.where, difference))
    complain("wrong output", wrong)


def check_console(ctx, journal, path):
    """All console blocks of a document, each on a machine of its own."""
    wrong = []
    for block in transcript.blocks(path):
        if block.kind != "console":
            continue
        with start(ctx, journal, block, path.stem) as guest:
            session = Session(guest)
            session.read()
            found = [transcript.mismatch(shown, session.type(command).splitlines(),
                                         to_end=True)
                     for command, shown in block.commands(PROMPT)]
            wrong += ["%s: %s" % (block.where, f) for f in found if f]
    complain("wrong output", wrong)


class MakeRun:
    """`make run` as it is typed, with its terminal as two pipes."""

    def __init__(self, *words):
        self.text = ""
        self._process = subprocess.Popen(
            ["make", "-s", "-C", str(ROOT), "run", *words], env=make_environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.communicate()

    def read(self, until):
        """What comes until the text ends so; until None: until the end."""
        deadline, before = Deadline(60), len(self.text)
        pipe = self._process.stdout
        while until is None or not self.text[before:].endswith(until):
            if not select.select([pipe], [], [], deadline.left())[0]:
                raise Failure("timeout", "make run: no %r" % until, self.text)
            data = os.read(pipe.fileno(), 65536)
            if not data and until is None:
                break
            if not data:
                raise Failure("lost output", "make run ended", self.text)
            self.text += data.decode("utf-8", "replace").replace("\r", "")
        return self.text[before:]

    def type(self, line, until=PROMPT):
        """The answer to a line, without the echo."""
        self._process.stdin.write((line + "\r").encode())
        self._process.stdin.flush()
        return self.read(until).partition("\n")[2].removesuffix(PROMPT)

    def status(self):
        return self._process.wait(10)


def check_make_run(path, words):
    """The sessions of a document, typed into `make run`."""
    wrong = []
    with MakeRun(*words) as run:
        log = run.read(PROMPT)
        for block in transcript.blocks(path):
            if block.kind != "console":
                continue
            before = block.lines[:block.lines.index(next(
                line for line in block.lines if line.startswith(PROMPT)))]
            found = [transcript.mismatch(before, log.splitlines(), False)]
            found += [transcript.mismatch(shown, run.type(command).splitlines(),
                                          to_end=True)
                      for command, shown in block.commands(PROMPT)]
            wrong += ["%s: %s" % (block.where, f) for f in found if f]
        run.type("poweroff", None)
        if run.status():
            wrong.append("make run ended with %d" % run.status())
    complain("wrong output", wrong)


def check_extra(ctx, journal):
    """The file of extra.md, built in: `make run EXTRA=`, and by test=."""
    path = ROOT / "docs" / "extra.md"
    code = [block for block in transcript.blocks(path) if block.kind == "c"]
    # not a scratch folder: make notes where the sources of a build folder are
    folder, out = ctx.out / "extra-my", ctx.out / "extra"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hello.c").write_text("\n".join(code[0].lines) + "\n")
    extra = "EXTRA=%s" % folder
    # what is compiled already is the same, only the image is another
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(ctx.out / "obj", out / "obj")
    shutil.copy2(ctx.out / "config", out / "config")
    ctx.make(extra, "build-only", out=out)
    check_make_run(path, [extra, "O=%s" % out, "WERROR=-Werror",
                          "LDWERROR=--fatal-warnings", "MEM=" + MEMORY, "CMDLINE="])
    args = qemu.machine_args(128 * qemu.MB) + qemu.kernel_args(
        out / "swapper.elf", "test=hello")
    with qemu.Guest(journal, args) as guest:
        end = guest.wait_end()
    if end.status != qemu.PASSED:
        raise Failure("bad exit status", "test=hello ended with %s" % end)


# --- the plug-in -------------------------------------------------------------

def tests(ctx):
    """All of them."""
    yield Test("docs.options-described",
               lambda journal: check_names("options.md", "###", PARAM))
    yield Test("docs.commands-described",
               lambda journal: check_names("prompt.md", "##", COMMAND))
    yield Test("docs.links", check_links)
    yield Test("docs.identifiers", check_identifiers)
    yield Test("docs.messages", check_messages)
    yield Test("docs.table-of-head.S", check_table)
    yield Test("docs.command-lines", check_commands, cost=3)
    for path in DOCUMENTS:
        kinds = [block.kind for block in transcript.blocks(path)]
        if "log" in kinds:
            yield Test("docs.log-" + path.stem,
                       lambda journal, path=path: check_logs(ctx, journal, path),
                       cost=0.5 * kinds.count("log"))
        if "console" in kinds and "c" not in kinds:
            yield Test("docs.console-" + path.stem,
                       lambda journal, path=path: check_console(
                           ctx, journal, path),
                       cost=kinds.count("console"))
    yield Test("docs.extra", lambda journal: check_extra(ctx, journal), cost=20)


class GivenKernel(Context):
    """For a run without tests/run.py: the kernel that is there."""

    @property
    def kernel(self):
        return self.build / "swapper.elf"


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
    ctx = GivenKernel(root=ROOT, build=build, jobs=os.cpu_count() or 1)
    failed = 0
    for test in tests(ctx):
        journal = Journal(ctx.logs, test.name)
        try:
            test.run(journal)
            print("ok   " + test.name)
        except Failure as failure:
            failed += 1
            print("FAIL %s\n     %s" % (test.name, failure.detail or failure))
        finally:
            journal.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
