"""What every plug-in of the test runner uses.

A plug-in is a module with `def tests(ctx): yield Test(name, run)`. `run` is
called as run(journal) in one of several threads; it returns when the test has
passed and raises Failure when it has not. Any other exception is a failure of
the test itself and fails it, too.
"""

import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

# The names by which a failure is known; DESIGN section 10.
KINDS = (
    "triple fault", "panic", "failed case", "timeout", "lost output", "leak",
    "bad exit status", "wrong page tables", "wrong memory map",
    "wrong output", "wrong contents", "build failed", "broken test",
)


class Failure(Exception):
    """A test did not pass; kind is one of KINDS. detail: many lines."""

    def __init__(self, kind, message, detail=""):
        assert kind in KINDS, kind
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.detail = detail


class Skip(Exception):
    """This computer lacks what the test needs; the text says what."""


def require(condition, kind, message):
    """A Failure unless condition holds."""
    if not condition:
        raise Failure(kind, message)


@dataclass(frozen=True)
class Test:
    """name: FOLDER.NAME. cost: guessed seconds; the long ones start first."""

    name: str
    run: Callable
    cost: float = 1.0


class Journal:
    """The log file of one test, and its own folder for scratch files."""

    def __init__(self, folder, name):
        self.name = name
        self.path = folder / f"{re.sub(r'[^A-Za-z0-9_.=,+-]', '_', name)}.log"
        path = self.path
        path.unlink(missing_ok=True)
        # appended to by the programs that the test starts, too
        self.file = path.open("a", encoding="utf-8", errors="replace")
        self._scratch = None
        self.output = ""

    def note(self, text):
        """One paragraph for the log."""
        self.file.write(text.rstrip("\n") + "\n")
        self.file.flush()

    def keep_output(self, text):
        """What the machine printed last: shown when the test fails."""
        self.output = text
        self.note("--- output\n" + text + "\n--- end of output")

    @property
    def scratch(self):
        """A folder that is gone when the test is over."""
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="swapper-test-"))
        return self._scratch

    def close(self):
        """Ends the log, drops the scratch files."""
        self.file.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)


@dataclass
class Context:
    """Where things are, and how to have them made.

    out is a folder of the tests' own below the build folder: whoever types
    `make` meanwhile does not exchange the kernel under a running test.
    """

    root: Path
    build: Path
    jobs: int
    filter: str = ""
    out: Path = field(init=False)
    logs: Path = field(init=False)

    def __post_init__(self):
        self.out = self.build / "test"
        self.logs = self.build / "test-logs"
        shutil.rmtree(self.logs, ignore_errors=True)
        for folder in (self.out, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._made = {}

    @property
    def kernel(self):
        """The kernel under test."""
        return self.out / "swapper.elf"

    def make(self, *words, out=None, limit=600):
        """Runs make quietly for the tests; returns all that it printed.

        Warnings of compiler and linker are errors: a Failure.
        """
        command = ["make", "-s", "-C", str(self.root), f"-j{self.jobs}",
                   f"O={out or self.out}", "WERROR=-Werror",
                   "LDWERROR=--fatal-warnings", *words]
        return run_command(command, limit, "build failed")

    def once(self, key, produce):
        """produce()'s result, made at most once a run; failures are kept."""
        with self._lock:
            slot = self._made.setdefault(key, {"lock": threading.Lock()})
        with slot["lock"]:
            if "error" in slot:
                raise slot["error"]
            if "value" not in slot:
                try:
                    slot["value"] = produce()
                except Exception as error:
                    slot["error"] = error
                    raise
        return slot["value"]


def run_command(command, limit, kind, cwd=None):
    """Output of a command of the host that must end well, and in time."""
    env = {k: v for k, v in os.environ.items() if k != "MFLAGS"}
    # under `make test`: variables given to it count, its job server does not
    env["MAKEFLAGS"] = "".join(env.get("MAKEFLAGS", "").partition("-- ")[1:])
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, env=env,
                              stderr=subprocess.STDOUT, timeout=limit,
                              stdin=subprocess.DEVNULL, cwd=cwd, check=False)
    except subprocess.TimeoutExpired:
        raise Failure("timeout", f"{command[0]} took more than {limit} s") \
            from None
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        raise Failure(kind, f"{' '.join(command[:4])} ... ended with "
                      f"{done.returncode}", output)
    return output


class Deadline:
    """A point in time by which something must have come."""

    def __init__(self, seconds):
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self):
        """Seconds left, 0 when there are none."""
        return max(0.0, self._end - time.monotonic())
