"""One QEMU with the kernel in it: serial line, monitor, how it ended.

The serial line is QEMU's stdin and stdout, the monitor (QMP) a socket pair that
it inherits: no names, no ports, no races. stdout is a pipe and as large as may
be: the UART drops bytes that nobody takes, and a socket is full after a few
hundred single bytes.

Every wait has an end, and `timeout` stands around QEMU as a second one: even if
the runner is killed, no machine stays behind.
"""

import fcntl
import json
import os
import re
import select
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

from machines.harness import Deadline, Failure

QEMU = os.environ.get("QEMU", "qemu-system-i386")
PASSED, FAILED = 33, 35         # isa-debug-exit: (code << 1) | 1
PROMPT = "swapper> "
BELL = "\a"     # what the prompt says to a character that it does not take
FRESH_PROMPT = b"\n" + PROMPT.encode("ascii")    # not one that is redrawn
LIMIT = 400     # seconds for a boot with all tests, on a slow host
HALTED = re.compile(r"^(--- halted ---|halted|PANIC inside the report.*)$",
                    re.M)
PIPE_SIZE = 1 << 20     # what Linux allows anybody
GATHER = 0.002          # seconds: a line comes byte by byte, read more at once
EARLY = "exception before the IDT is up"
KB, MB, GB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True)
class End:
    """How QEMU ended: its exit status, and why it says it shut down."""

    status: int
    reason: str     # guest-reset, guest-shutdown, or "" (debug exit, killed)

    def __str__(self):
        reason = f" ({self.reason})" if self.reason else ""
        return f"exit status {self.status}{reason}"


def machine_args(mem, machine="pc", cpu="max"):
    """The PC itself. Memory is not set aside: 61 GB start on a laptop."""
    args = ["-accel", "tcg,thread=single", "-display", "none", "-no-reboot",
            "-nodefaults", "-cpu", cpu, "-m", f"{mem // KB}K",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    if mem < 2 * GB:
        return args + ["-machine", machine]
    return args + [
        "-object", f"memory-backend-ram,id=ram,size={mem},reserve=off",
        "-machine", f"{machine},memory-backend=ram"]


def kernel_args(kernel, cmdline="", initrd=""):
    """Boot through QEMU's own multiboot 1 loader."""
    args = ["-kernel", str(kernel), "-append", cmdline]
    return args + ["-initrd", initrd] if initrd else args


def cdrom_args(iso):
    """Boot through GRUB and multiboot2."""
    return ["-cdrom", str(iso), "-boot", "d"]


HALTED_MAX = 40         # characters of such a line

CONSOLES = {
    "serial": ("-serial", "chardev:line"),
    # its interrupt goes where nobody listens
    "serial-irq5": ("-device", "isa-serial,chardev=line,iobase=0x3f8,irq=5"),
    "debugcon": ("-serial", "none",
                 "-device", "isa-debugcon,iobase=0xe9,chardev=line"),
}


_running = set()


def kill_guests():
    """Ends all that run: the runner was interrupted."""
    for guest in list(_running):
        guest.kill_process()


class Guest:
    """A running QEMU; use as a context manager, which kills it at the end.

    console: "serial", or "debugcon" for a machine without a serial port.
    """

    def __init__(self, journal, args, limit=LIMIT, console="serial"):
        self.journal = journal
        self.deadline = Deadline(limit)
        self._raw = bytearray()
        self._monitor_raw = b""
        self._reason = ""
        self._sent_at = 0
        self._seen = 0          # up to here nothing is waited for
        self._monitor, theirs = socket.socketpair()
        command = [QEMU, *args, "-chardev", "stdio,id=line,signal=off",
                   *CONSOLES[console],
                   "-chardev", f"socket,id=qmp,fd={theirs.fileno()}",
                   "-mon", "chardev=qmp,mode=control"]
        journal.note("$ " + " ".join(command))
        self._process = subprocess.Popen(
            ["timeout", "-s", "KILL", str(limit + 10)] + command,
            pass_fds=[theirs.fileno()], bufsize=0, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=journal.file)
        _running.add(self)
        theirs.close()
        # without it QEMU sends no events; the answer is read when it is time
        self._monitor.sendall(b'{"execute": "qmp_capabilities"}\n')
        self._unread_answers = 1
        self._line = self._process.stdout
        fcntl.fcntl(self._line, fcntl.F_SETPIPE_SZ, PIPE_SIZE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.journal.keep_output(self.text)

    # --- the serial line ---------------------------------------------------

    @property
    def text(self):
        """All that came over the line so far, without carriage returns."""
        return self._raw.decode("ascii", "replace").replace("\r", "")

    @property
    def raw(self):
        """The same as the bytes that came."""
        return bytes(self._raw)

    def send(self, text):
        """Types text."""
        self._sent_at = len(self._raw)
        self._process.stdin.write(text.encode("ascii"))

    def _receive(self, seconds):
        """More output; False when the line is closed, None when none came."""
        ready, _, _ = select.select([self._line], [], [], seconds)
        if not ready:
            return None
        time.sleep(GATHER)
        data = self._line.read(PIPE_SIZE)
        self._raw += data
        return bool(data)

    def _wait_for(self, what, found, ending_is_wrong=True):
        """Reads until found(new text); True, or False if the guest ended."""
        start = self._seen
        while not found(start):
            start = len(self._raw)
            seconds = self.deadline.left()
            more = self._receive(seconds) if seconds else None
            if more is None:
                raise Failure("timeout", f"no {what} within "
                              f"{self.deadline.seconds} s")
            if not more:
                if ending_is_wrong:
                    raise self.early_end(what)
                return False
        self._seen = len(self._raw)
        return True

    def _halted(self, start):
        """Has the kernel said, behind start, that it stops?"""
        start = max(0, start - HALTED_MAX)
        if self._raw.find(b"halted", start) < 0:
            return False
        return bool(HALTED.search(self._raw[start:].decode(
            "ascii", "replace").replace("\r", "")))

    def wait_text(self, text, what=None):
        """Until text has come; a halt before it is a panic."""
        wanted = text.encode("ascii")

        def found(start):
            if wanted in self._raw[max(0, start - len(wanted)):]:
                return True
            if self._halted(start):
                raise self.panicked()
            return False
        self._wait_for(what or repr(text), found)

    def wait_prompt(self):
        """Until the kernel waits for a command, after all that was sent."""
        def found(start):
            if len(self._raw) > self._sent_at and \
                    self._raw.endswith(FRESH_PROMPT):
                return True
            if self._halted(start):
                raise self.panicked()
            return False
        self._wait_for("prompt", found)

    def wait_prompt_or_halt(self):
        """Until the kernel has come to an end of either kind."""
        self._wait_for("prompt or halt", lambda start: self._halted(start) or
                       self._raw.endswith(FRESH_PROMPT))

    def wait_halt(self):
        """Until the kernel has stopped with its last word."""
        self._wait_for("halt", self._halted)

    def wait_end(self):
        """Until QEMU is gone; an End."""
        def found(start):
            if self._halted(start):
                raise self.panicked()
            return False
        self._wait_for("end of the machine", found, ending_is_wrong=False)
        return self._end()

    def command(self, line):
        """Types a command at the prompt; what it answered, without the echo."""
        start = len(self.text)
        self.send(line + "\r")
        self.wait_prompt()
        echo, _, answer = self.text[start:].partition("\n")
        if BELL in echo:
            raise Failure("broken test", f"the prompt's line is too short for "
                          f"\"{line}\"")
        return answer[:-len(PROMPT)]

    def expect_end(self, status):
        """Until QEMU is gone, with this status."""
        end = self.wait_end()
        if end.status != status:
            raise self.wrong_end(end)

    # --- how it ended ------------------------------------------------------

    def _end(self):
        self._process.wait(timeout=20)
        self._drain_monitor()
        return End(self._process.returncode, self._reason)

    def early_end(self, what):
        """The Failure for a QEMU that ended before `what` came."""
        return self.wrong_end(self._end(), f"before {what}")

    def wrong_end(self, end, when="instead"):
        """The Failure for an End that should not have been."""
        last = self.text.rstrip().rpartition("\n")[2]
        if end.status == 0 and end.reason != "guest-shutdown":
            return Failure("triple fault", f"the machine was reset {when}, "
                           f"after \"{last}\"")
        if end.status == FAILED and "\nPANIC: " in self.text:
            return self.panicked()
        return Failure("bad exit status", f"QEMU ended {when} with {end}, "
                       f"after \"{last}\"")

    def panicked(self):
        """The Failure for a kernel that has stopped by itself."""
        if EARLY in self.text:
            return Failure("panic", self.text[self.text.index(EARLY):].strip())
        found = re.findall(r"^PANIC: (.*)$", self.text, re.M)
        cause = re.findall(r"^Cause: (.*)$", self.text, re.M)
        return Failure("panic", "; ".join(found[:1] + cause[:1]) or
                       "halted without a message")

    @property
    def ended(self):
        """Is QEMU gone?"""
        return self._process.poll() is not None

    def kill_process(self):
        """Ends QEMU if it still runs, from outside."""
        if self._process.poll() is None:
            try:
                # `timeout` leads a group of its own, with QEMU in it
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                self._process.kill()
        self._process.wait()

    def kill(self):
        """The same, and everything is closed; may be called twice."""
        self.kill_process()
        _running.discard(self)
        self._process.stdin.close()
        self._line.close()
        self._monitor.close()

    # --- the monitor -------------------------------------------------------

    def _monitor_line(self):
        while b"\n" not in self._monitor_raw:
            ready, _, _ = select.select([self._monitor], [], [],
                                        self.deadline.left())
            data = self._monitor.recv(1 << 20) if ready else b""
            if not ready:
                raise Failure("timeout", "QEMU's monitor does not answer")
            if not data:
                raise self.early_end("an answer of the monitor")
            self._monitor_raw += data
        line, _, self._monitor_raw = self._monitor_raw.partition(b"\n")
        return self._note_event(json.loads(line))

    def _note_event(self, message):
        if message.get("event") == "SHUTDOWN":
            self._reason = message["data"]["reason"]
        return message

    def _drain_monitor(self):
        """Events that came while nobody asked."""
        self._monitor.setblocking(False)
        try:
            while data := self._monitor.recv(1 << 20):
                self._monitor_raw += data
        except (BlockingIOError, ConnectionResetError):
            pass
        for line in self._monitor_raw.splitlines():
            self._note_event(json.loads(line))

    def _qmp(self, execute, **arguments):
        message = {"execute": execute, "arguments": arguments}
        self._monitor.sendall(json.dumps(message).encode() + b"\n")
        self._unread_answers += 1
        while True:
            answer = self._monitor_line()
            if "error" in answer:
                raise Failure("broken test", str(answer["error"]))
            if "return" in answer:
                self._unread_answers -= 1
                if not self._unread_answers:
                    return answer["return"]

    def hmp(self, line):
        """The answer to a command of the human monitor."""
        return self._qmp("human-monitor-command",
                         **{"command-line": line}).replace("\r", "")

    def send_break(self):
        """The line is held low for longer than a byte."""
        self._qmp("chardev-send-break", id="line")

    def save_memory(self, start, size, path):
        """Physical memory into a file, by QEMU itself."""
        self.hmp(f'pmemsave {start:#x} {size} "{path}"')

    def read_memory(self, start, size):
        """Physical memory as bytes."""
        path = self.journal.scratch / "memory"
        self.save_memory(start, size, path)
        data = path.read_bytes()
        if len(data) != size:
            raise Failure("broken test", f"QEMU saved {len(data)} bytes of "
                          f"{size} at {start:#x}")
        return data
