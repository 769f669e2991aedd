"""The second PC: Bochs, which refuses what a CPU does not offer.

QEMU runs with features that CPUID denies, and drops global pages at every load
of CR3: Bochs does neither. It has no exit status: what counts is what came out
of the serial port (machines.md, section 13).
"""

import re
import shutil
import subprocess
from dataclasses import dataclass

from machines import image, ktap
from machines.harness import Failure, Skip, Test, require

BIOS = "/usr/share/bochs/BIOS-bochs-latest"
VGA_BIOS = "/usr/share/bochs/VGABIOS-lgpl-latest"
LIMIT = 600
BOCHSRC = """\
config_interface: textconfig
display_library: rfb, options="timeout=0"
romimage: file={bios}
vgaromimage: file={vga_bios}
{memory}
cpu: model={cpu}, count=1, ips=50000000, reset_on_triple_fault=0, \
ignore_bad_msrs=0
clock: sync=none, time0=utc
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=com1.out
log: bochs.log
panic: action=fatal
error: action=report
port_e9_hack: enabled=1
sound: driver=dummy, waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=0, \
serial=1, iodebug=1
"""


# What a strict CPU may see otherwise than QEMU; the others take minutes there.
# It refuses at the first time what it refuses: rounds are short.
OF_TABLES = (f"{ktap.ROUNDS}paging,pgtable,tlb,cpu,cpuid,traps,layout,fixmap,"
             "acpi,memory,page_init,vmalloc,highmem,kmap_atomic,kmap_check")
# with all that PAE changes, once
OF_PAE = "buddy,slab,irq,softirq,vma,fault,fork,ring3"
# what waits is the same in each paging mode: on one machine
OF_TIME = ("cpustack,buddy,watermark,page_debug,slab,irq,softirq,time,"
           "timer,thread,wait,completion,mutex,semaphore,rwsem,pingpong,"
           "poolwait,lockcheck,workqueue,watchdog,top,threadflags,"
           f"{ktap.WITHOUT_LONGEST}")


@dataclass(frozen=True)
class Machine:
    """One Bochs: the words that must be in its log, too."""

    name: str
    cpu: str
    memory: str
    says: str
    cost: float
    options: str = ""
    suites: str = OF_TABLES


MACHINES = (
    Machine("pentium-64M", "pentium", "megs: 64", "paging: two-level tables, "
            "4 MB pages\n", 60.0, suites=f"{OF_TABLES},{OF_TIME}"),
    # 2 GB above 4 GB; the BIOS takes its time with each MB
    Machine("p3_katmai-6G", "p3_katmai", "memory: guest=6144, host=256",
            "paging: three-level (PAE) tables, 2 MB pages, global\n", 60.0),
    Machine("yonah-pae-nx", "core_duo_t2400_yonah", "megs: 64",
            "paging: three-level (PAE) tables, 2 MB pages, global, NX\n", 60.0,
            "pae ", f"{OF_TABLES},{OF_PAE}"),
)


def tests(ctx):
    """One test for each machine."""
    for machine in MACHINES:
        yield Test(f"machines.bochs-{machine.name}",
                   lambda journal, machine=machine: run_machine(
                       ctx, journal, machine), machine.cost)


def run_machine(ctx, journal, machine):
    """Boots the ISO with all tests and reads what came over com1."""
    if not shutil.which("bochs"):
        raise Skip("bochs is not installed")
    folder = journal.scratch
    disc = image.iso(ctx, f"bochs-{machine.name}",
                     f"{machine.options}test={machine.suites}")
    (folder / "bochsrc").write_text(BOCHSRC.format(
        bios=BIOS, vga_bios=VGA_BIOS, memory=machine.memory, iso=disc,
        cpu=machine.cpu))
    (folder / "rc").write_text("c\nquit\n")
    late = run_bochs(folder)
    text = read(folder / "com1.out").replace("\r", "")
    log = read(folder / "bochs.log")
    journal.note("--- bochs.log\n" + log[-4000:])
    journal.keep_output(text)
    judge(machine, text, log, late)


def read(path):
    """A file that may not be there."""
    return path.read_bytes().decode("ascii", "replace") if path.exists() \
        else ""


def run_bochs(folder):
    """Runs it to its end; True if it had to be ended."""
    command = ["timeout", "-s", "KILL", str(LIMIT), "bochs", "-q", "-f",
               "bochsrc", "-rc", "rc"]
    with (folder / "out").open("w") as out:
        done = subprocess.run(command, cwd=folder, stdout=out,
                              stderr=subprocess.STDOUT, check=False,
                              stdin=subprocess.DEVNULL)
    return done.returncode in (-9, 124, 137)


def judge(machine, text, log, late):
    """The verdict, in the words of the other machines."""
    panic = re.search(r"^PANIC: (.*)$", text, re.M)
    if panic:
        raise Failure("panic", panic[1])
    fault = re.search(r">>PANIC<< (.*exception.*)", log)
    if fault:
        raise Failure("triple fault", fault[1])
    if late:
        raise Failure("timeout", f"not done after {LIMIT} s")
    require(text, "lost output", "nothing came over com1; see bochs.log")
    report = ktap.check(text)
    require("shutdown requested" in log, "bad exit status",
            "Bochs did not end by port 0x8900")
    require(machine.says in text, "wrong page tables",
            f"the log does not say \"{machine.says.strip()}\"")
    require(len(report.passed) > 100, "lost output", "too few cases")
