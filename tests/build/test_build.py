"""The build: every compiler makes a kernel that boots, and the image is right.

1. Each compiler that is here builds into a folder of its own, without a word of
   warning from compiler, assembler or linker; the result boots.
2. No compiler may use what a 486 lacks, nor the x87 and SSE registers, which
   the kernel does not save, nor libgcc, which is not linked.
3. The file is what boot loaders and debuggers take it for: headers, entry,
   permissions, symbols inside and outside.
4. The Makefile does what is necessary and no more, and says what is wrong.
5. The static checkers have nothing to say.
"""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from machines import ktap
from machines.harness import Failure, Skip, Test, require, run_command
from machines.qemu import MB, PASSED, Guest, cdrom_args, kernel_args, machine_args

PAGE, PAGE_OFFSET = 0x1000, 0xC0000000
KERNEL_PHYS, PROVISIONAL_END = 0x00100000, 0x00800000
PT_LOAD, PF_X, PF_W = 1, 1, 2
BOOT_CPUS = ("486", "max")
OF_ANY = "cpu,paging,string,parse"
# the last of lint.sh's, the analyzer, takes a minute: `make lint` has it
LINTERS = ("text", "layers", "sparse", "cppcheck", "bugprone")
OF_TABLE = re.compile(r"symtab_|__(start|end)_symtab$")
PROGRESS = re.compile(r"  (AS|CC|LD|ISO)\t\S+$")


@dataclass(frozen=True)
class Compiler:
    """A compiler, what make must be told to use it, and its binutils."""

    name: str
    words: tuple
    tools: str          # what stands before nm and objdump

    @classmethod
    def gcc(cls, prefix):
        """A cross gcc."""
        return cls(prefix + "gcc", (f"CC={prefix}gcc", f"CROSS={prefix}"), prefix)

    def available(self):
        """Is all of it on the PATH?"""
        needed = [self.name, self.tools + "nm", self.tools + "objdump"]
        if self.name == "clang":
            needed.append("ld.lld")
        return all(map(shutil.which, needed))


COMPILERS = (Compiler.gcc("i686-linux-gnu-"), Compiler("clang", ("CC=clang",), "llvm-"),
             Compiler.gcc("i686-elf-"))


def found_compilers():
    """Those that this computer has."""
    return [compiler for compiler in COMPILERS if compiler.available()]


def tests(ctx):
    """Those of each compiler, of make and of lint."""
    own = str(ctx.root / "toolchain" / "bin")
    if own not in os.environ["PATH"].split(":"):
        os.environ["PATH"] = own + ":" + os.environ["PATH"]
    found = found_compilers()
    require(found, "broken test", "there is no compiler to test")
    for compiler in found:
        yield from compiler_tests(ctx, compiler)
    yield from make_tests(ctx, found[0])
    for linter in LINTERS:
        yield Test(f"build.lint.{linter}", bound(check_lint, ctx, linter), 10)


def bound(function, *args):
    """function(*args, journal), as the runner wants it."""
    return lambda journal: function(*args, journal)


def compiler_tests(ctx, compiler):
    """What must hold for every compiler's kernel."""
    for name, function, cost in (
            ("compiles", check_compiles, 20), ("instructions", check_code, 2),
            ("multiboot", check_multiboot, 1), ("segments", check_segments, 1),
            ("symbols", check_symbols, 1)):
        yield Test(f"build.{compiler.name}.{name}", bound(function, ctx, compiler),
                   cost)
    for cpu in BOOT_CPUS:
        yield Test(f"build.{compiler.name}.boots-{cpu}",
                   bound(check_boot, ctx, compiler, cpu), 10)


def make_tests(ctx, compiler):
    """What must hold for the Makefile, tried with one compiler."""
    for name, function in (
            ("up-to-date", check_up_to_date), ("dependencies", check_dependencies),
            ("reproducible", check_reproducible), ("command-line", check_cmdline),
            ("empty-extra", check_empty_extra), ("no-compiler", check_no_compiler),
            ("own-toolchain", check_own_toolchain), ("compdb", check_compdb),
            ("detector", check_detector)):
        yield Test(f"build.make.{name}", bound(function, ctx, compiler), 3)


# --- building --------------------------------------------------------------------

def folder_of(ctx, compiler):
    """Where the kernel of a compiler is built."""
    return ctx.out / f"by-{compiler.name}"


def make(ctx, compiler, *words):
    """make with a compiler, and with nothing else from outside."""
    return ctx.make(*compiler.words, "EXTRA=", "V=", *words,
                    out=folder_of(ctx, compiler))


def build(ctx, compiler):
    """The path of the kernel, built once; what make printed is beside it."""
    def produce():
        folder = folder_of(ctx, compiler)
        shutil.rmtree(folder, ignore_errors=True)
        output = make(ctx, compiler)
        (folder / "output").write_text(output, encoding="utf-8")
        return folder / "swapper.elf"
    return ctx.once(("compiler", compiler.name), produce)


def check_compiles(ctx, compiler, journal):
    """Not a word but the names of the files."""
    output = (build(ctx, compiler).parent / "output").read_text(encoding="utf-8")
    journal.note(output)
    strange = [line for line in output.splitlines() if not PROGRESS.match(line)]
    if strange:
        raise Failure("build failed", f"make says \"{strange[0]}\"", output)
    require("LD\t" in output, "broken test", "nothing was linked")


def check_boot(ctx, compiler, cpu, journal):
    """All tests inside the kernel pass; a few, if it is the kernel that all other
    tests boot, to the byte."""
    kernel = build(ctx, compiler)
    same = kernel.read_bytes() == ctx.kernel.read_bytes()
    args = machine_args(128 * MB, cpu=cpu) + kernel_args(
        kernel, f"test={OF_ANY if same else ktap.SHORT}")
    with Guest(journal, args, limit=400) as guest:
        end = guest.wait_end()
        ktap.check(guest.text)
        require(end.status == PASSED, "bad exit status", str(end))


# --- instructions ----------------------------------------------------------------

# what it is: what its mnemonic (first) or its operands (second) look like
FORBIDDEN = {
    "conditional move": (r"cmov", None),
    "x87": (r"f[a-z]|wait$", r"%st\b"),
    "MMX": (r"emms$", r"%mm\d"),
    "SSE": (None, r"%[xyz]mm\d"),
    "long nop": (r"nop[wl]$|endbr32$", None),
}
# programs have an FPU: one file keeps what is in it, and computes nothing
KEEPS_FPU = "/kernel/user/fpu.o"
FPU_STATE = re.compile(r"(fninit|fnstsw|fnsave|f?wait|frstor|fxsave|fxrstor)\b")
PREFIXES = {"lock", "rep", "repz", "repnz", "repe", "repne", "data16", "addr16",
            "cs", "ds", "es", "ss", "fs", "gs"}
INSTRUCTION = re.compile(r"\s*[0-9a-f]+:\s+([^<#]*\S)")


def forbidden(line):
    """What is wrong with a line of a disassembly, or None."""
    match = INSTRUCTION.match(line)
    if not match:
        return None
    words = match[1].split()
    while len(words) > 1 and words[0] in PREFIXES:
        words.pop(0)
    operands = " ".join(words[1:])
    for name, (mnemonic, operand) in FORBIDDEN.items():
        if mnemonic and re.match(mnemonic, words[0]) or \
                operand and re.search(operand, operands):
            return name
    return None


def keeps_fpu(line):
    """Is it one of the instructions that save and load all of the FPU?"""
    match = INSTRUCTION.match(line)
    return match and FPU_STATE.match(match[1])


def disassemble(compiler, paths):
    """The code in object files, without data: lines."""
    return run_command([compiler.tools + "objdump", "-d", "--no-show-raw-insn",
                        *map(str, paths)], 60, "broken test").splitlines()


def check_code(ctx, compiler, journal):
    """Nothing that a 486 lacks, or that wants libgcc."""
    kernel = build(ctx, compiler)
    objects = sorted((kernel.parent / "obj").rglob("*.o"))
    lines = disassemble(compiler, objects)
    where, file, count, wrong, kept = "", "", 0, [], 0
    for line in lines:
        count += bool(INSTRUCTION.match(line))
        if line.endswith("format elf32-i386"):
            file = line.partition(":")[0]
        elif line.endswith(">:"):
            where = line
        elif file.endswith(KEEPS_FPU) and keeps_fpu(line):
            kept += 1
        elif forbidden(line):
            wrong.append(f"{forbidden(line)}: {where} {' '.join(line.split())}")
    journal.note(f"{count} instructions in {len(objects)} files, "
                 f"{kept} keep the FPU")
    require(kept, "broken test", f"{KEEPS_FPU} needs no exception")
    require(count > 5000, "broken test", f"only {count} instructions found")
    require(not wrong, "wrong contents", "; ".join(wrong[:3]))
    # div, mod, shifts and the like of 64 bits: __udivdi3, __divmoddi4 ...
    helper = re.compile(r"__[a-z]+(?:[sdt][if]){1,2}[2-4]?$")
    helpers = [name for name in Elf(kernel).symbols if helper.match(name)]
    require(not helpers, "wrong contents", f"libgcc is in: {helpers}")


SAMPLES = {
    "conditional move": "cmovne %eax, %ebx", "x87": "fldz", "MMX": "pxor %mm1, %mm2",
    "SSE": "movaps %xmm0, (%eax)", "long nop": "nopl 0(%eax)",
    None: "lock; cmpxchg %ecx, (%eax)\nrep movsb\ncall fabs\nbswap %eax\nhlt\n"
          "mov %fs:4, %eax\nnop",
}


def check_detector(_ctx, compiler, journal):
    """The look-out for forbidden instructions sees each of them."""
    for name, text in SAMPLES.items():
        source, target = journal.scratch / "a.s", journal.scratch / "a.o"
        source.write_text(text + "\n", encoding="ascii")
        run_command([compiler.name, "-c", str(source), "-o", str(target)], 60,
                    "broken test")
        seen = {forbidden(line) for line in disassemble(compiler, [target])} - {None}
        require(seen == ({name} if name else set()), "broken test",
                f"in \"{text}\" was found: {seen or 'nothing'}")


# --- the file --------------------------------------------------------------------

class Elf:
    """A 32-bit ELF file, read with nobody's help."""

    def __init__(self, path):
        self.data = Path(path).read_bytes()
        require(self.data[:7] == b"\x7fELF\x01\x01\x01", "wrong contents",
                "no 32-bit little-endian ELF file")
        (self.kind, self.machine, _, self.entry, phoff, shoff, _, _, phsize, phnum,
         shsize, shnum, _) = struct.unpack_from("<HHIIIIIHHHHHH", self.data, 16)
        # type, offset, vaddr, paddr, filesz, memsz, flags, align
        self.segments = [struct.unpack_from("<8I", self.data, phoff + i * phsize)
                         for i in range(phnum)]
        # name, type, flags, addr, offset, size, link, info, addralign, entsize
        self.sections = [struct.unpack_from("<10I", self.data, shoff + i * shsize)
                         for i in range(shnum)]
        self.symbols = dict(self._symbols())

    def _symbols(self):
        for _, kind, _, _, offset, size, link, *_ in self.sections:
            if kind != 2:       # SHT_SYMTAB
                continue
            strings = self.sections[link][4]
            for at in range(offset, offset + size, 16):
                name, value = struct.unpack_from("<II", self.data, at)
                yield self.string(strings + name), value

    def string(self, offset):
        """What stands at offset, up to a zero byte."""
        return self.data[offset:self.data.index(0, offset)].decode("ascii")

    def offset(self, address):
        """Where in the file a virtual address is."""
        for kind, offset, vaddr, _, filesz, *_ in self.segments:
            if kind == PT_LOAD and vaddr <= address < vaddr + filesz:
                return offset + address - vaddr
        raise Failure("wrong contents", f"{address:#x} is not in the file")

    def words(self, address, count):
        """32-bit words at a virtual address."""
        return struct.unpack_from(f"<{count}I", self.data, self.offset(address))


def check_multiboot(ctx, compiler, _journal):
    """GRUB sees both headers."""
    kernel = build(ctx, compiler)
    for version in ("--is-x86-multiboot", "--is-x86-multiboot2"):
        run_command(["grub-file", version, str(kernel)], 20, "wrong contents")


def check_segments(ctx, compiler, _journal):
    """Where everything is loaded, and as what."""
    elf = Elf(build(ctx, compiler))
    require((elf.kind, elf.machine) == (2, 3), "wrong contents",
            "not an executable for the 386")
    loads = [s for s in elf.segments if s[0] == PT_LOAD]
    others = {s[0] for s in elf.segments} - {PT_LOAD, 0x6474E551}
    require(not others, "wrong contents", f"program headers of types {others}")
    for _, _, vaddr, paddr, filesz, memsz, flags, _ in loads:
        name = f"the segment at {vaddr:#x}"
        require(vaddr - paddr in (0, PAGE_OFFSET), "wrong contents",
                f"{name} is loaded at {paddr:#x}")
        require(paddr % PAGE == 0 and filesz <= memsz, "wrong contents",
                f"{name} does not begin on a page")
        require(not flags & PF_X or not flags & PF_W, "wrong contents",
                f"{name} is writable and executable")
    stack = [s[6] for s in elf.segments if s[0] == 0x6474E551]
    require(not any(flags & PF_X for flags in stack), "wrong contents",
            "an executable stack is asked for")
    check_places(loads)
    physical = [s for s in loads if s[2] == s[3] and s[6] & PF_X and
                s[3] <= elf.entry < s[3] + s[4]]
    require(physical, "wrong contents",
            f"the entry {elf.entry:#x} is no physical address of code")


def check_places(loads):
    """Segments stand one behind the other in what the first tables map."""
    end = KERNEL_PHYS
    for _, _, _, paddr, _, memsz, _, _ in sorted(loads, key=lambda s: s[3]):
        require(paddr >= end, "wrong contents", f"something overlaps {paddr:#x}")
        end = paddr + memsz
    require(loads and end <= PROVISIONAL_END, "wrong contents",
            f"the image ends at {end:#x}, behind the provisional tables' end")


def check_symbols(ctx, compiler, _journal):
    """nm, the .sym file and the table inside the kernel say the same."""
    kernel = build(ctx, compiler)
    listing = run_command([compiler.tools + "nm", "-n", str(kernel)], 20,
                          "broken test")
    beside = kernel.with_suffix(".sym").read_text(encoding="ascii")
    require(beside == listing, "wrong contents", "swapper.sym is not what nm says")
    names = {}
    for line in listing.splitlines():
        address, kind, name = line.split()
        if int(address, 16) >= PAGE_OFFSET and kind not in "aA":
            names.setdefault(int(address, 16), {})[name] = kind
    compare_symbols(inner_symbols(Elf(kernel)), names)


def compare_symbols(table, names):
    """table: [(address, name)] inside; names: {address: {name: kind}} outside."""
    require(len(table) > 500, "wrong contents", f"only {len(table)} symbols inside")
    require(table == sorted(table), "wrong contents", "the table is not sorted")
    for address, name in table:
        there = names.get(address, {})
        require(name in there, "wrong contents",
                f"{address:#x} is {name} inside, and {sorted(there)} outside")
        best = any(kind.isupper() for kind in there.values())
        require(there[name].isupper() or not best, "wrong contents",
                f"{address:#x} is the local {name}, and not one of {sorted(there)}")
    # the table need not describe itself
    wanted = {address for address, there in names.items()
              if not all(OF_TABLE.match(name) for name in there)}
    missing = wanted - {address for address, _ in table}
    require(not missing, "wrong contents",
            f"{len(missing)} symbols are not inside: "
            f"{[sorted(names[address]) for address in sorted(missing)[:3]]}")


def inner_symbols(elf):
    """[(address, name)] of the table that the kernel itself reads."""
    at = elf.symbols
    # the last entry is only the end of the one before it: not counted
    count = elf.words(at["symtab_count"], 1)[0] + 1
    addresses = elf.words(at["symtab_address"], count)
    offsets = elf.words(at["symtab_name"], count)
    first = elf.offset(at["symtab_names"])
    return [(address, elf.string(first + offset))
            for address, offset in zip(addresses, offsets)]


# --- the Makefile ----------------------------------------------------------------

def products(folder):
    """What was built, and when."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")
            if path.suffix in (".o", ".d", ".elf", ".sym", ".ld")}


def check_up_to_date(ctx, compiler, _journal):
    """A second make runs nothing and touches nothing."""
    folder = build(ctx, compiler).parent
    before = products(folder)
    output = make(ctx, compiler)
    if output.strip():
        raise Failure("build failed", "the second make is not idle", output)
    touched = [path.name for path, time in products(folder).items()
               if before.get(path) != time]
    require(not touched, "build failed", f"the second make touched {touched}")


def check_dependencies(ctx, compiler, journal):
    """A newer header has those compiled that include it, and no others."""
    tree = journal.scratch / "tree"     # to touch a file in
    for folder in ("boot", "include", "kernel", "mm", "tests/kernel"):
        shutil.copytree(ctx.root / folder, tree / folder)
    shutil.copy(ctx.root / "Makefile", tree)
    command = ["make", "-s", "-C", str(tree), *compiler.words, "O=o", "EXTRA=",
               "o/obj/mm/early/memblock.o", "o/obj/kernel/lib/sort.o"]
    run_command(command, 60, "build failed")
    (tree / "include/mm/early/memblock.h").touch()
    output = run_command(command, 60, "build failed")
    require(re.findall(r"CC\t(\S+)", output) == ["mm/early/memblock.c"],
            "build failed", f"a newer memblock.h made: {output}")


def check_reproducible(ctx, _compiler, _journal):
    """The same compiler in another folder: the same bytes."""
    def config(folder):
        return [(folder / name).read_text(encoding="utf-8").replace(
            str(folder), "") for name in ("config", "linked")]
    for kernel in [build(ctx, compiler) for compiler in found_compilers()]:
        if config(kernel.parent) == config(ctx.out):
            require(kernel.read_bytes() == ctx.kernel.read_bytes(),
                    "wrong contents", f"{kernel} and {ctx.kernel} differ")
            return
    raise Skip("make was told to build the kernel in a way of its own")


def check_cmdline(ctx, compiler, journal):
    """CMDLINE reaches the kernel as it was typed; GRUB puts its quotes."""
    typed = 'one two="a b" three=$HOME four=x;y five=#6 six={7}<8>|9&0'
    wanted = 'one "two=a b" three=$HOME four=x;y five=#6 six={7}<8>|9&0'
    build(ctx, compiler)
    output = make(ctx, compiler, "iso", f"CMDLINE={typed}")
    journal.note(output)
    require("CC\t" not in output, "build failed", "a new CMDLINE compiles again")
    disc = folder_of(ctx, compiler) / "swapper.iso"
    with Guest(journal, machine_args(64 * MB) + cdrom_args(disc)) as guest:
        guest.wait_prompt()
        said = re.search(r"^boot: command line: (.*)$", guest.text, re.M)
    require(said and said[1] == wanted, "wrong output",
            f"{typed} arrived as {said and said[1]}")


def complaint(ctx, *words):
    """What make says when it cannot do what it was told."""
    try:
        output = ctx.make(*words, out=ctx.out / "nothing")
    except Failure as failure:
        return failure.detail
    raise Failure("build failed", f"make {' '.join(words)} built something", output)


def check_empty_extra(ctx, compiler, journal):
    """EXTRA without a C file in it is told by name."""
    said = complaint(ctx, *compiler.words, f"EXTRA={journal.scratch}")
    require(f"EXTRA={journal.scratch}" in said and "no .c file" in said,
            "wrong output", f"make says \"{said.strip()}\"")


def check_no_compiler(ctx, _compiler, _journal):
    """A compiler that is not there is told by name."""
    said = complaint(ctx, "CC=no-such-gcc", "CROSS=", "EXTRA=")
    require("no-such-gcc" in said and "Traceback" not in said, "wrong output",
            f"make says \"{said.strip()}\"")


def check_own_toolchain(ctx, _compiler, journal):
    """The compiler that `make toolchain` leaves is found, and goes first."""
    shutil.copy(ctx.root / "Makefile", journal.scratch)
    gcc = journal.scratch / "toolchain/bin/i686-elf-gcc"
    gcc.parent.mkdir(parents=True)
    gcc.write_text("#!/bin/sh\n", encoding="ascii")
    gcc.chmod(0o755)
    path = ":".join(folder for folder in os.environ["PATH"].split(":")
                    if not (Path(folder) / "i686-elf-gcc").exists())
    done = subprocess.run(["make", "-C", str(journal.scratch), "help"],
                          capture_output=True, text=True, timeout=20, check=False,
                          env={"PATH": path, "HOME": os.environ.get("HOME", "/")})
    require(" CC=i686-elf-gcc " in done.stdout, "wrong output",
            f"make help says \"{done.stdout[-300:]}\"")


def check_compdb(ctx, _compiler, _journal):
    """The compilation database is JSON of the standard form."""
    text = run_command([sys.executable, str(ctx.root / "tools/compdb.py"),
                        "cc -DX='a b' -Iinclude -MMD", "a.c", "b/c.c"], 20,
                       "wrong output")
    entries = json.loads(text)
    require([entry["file"] for entry in entries] == ["a.c", "b/c.c"],
            "wrong output", text)
    require(os.path.isabs(entries[0]["directory"]) and entries[0]["arguments"] ==
            ["cc", "-DX=a b", "-Iinclude", "-c", "a.c"], "wrong output", text)


# --- lint ------------------------------------------------------------------------

def check_lint(ctx, linter, journal):
    """tools/lint.sh has nothing to say."""
    done = subprocess.run(
        [str(ctx.root / "tools/lint.sh"), linter], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=300,
        text=True, check=False)
    journal.keep_output(done.stdout)
    if "not installed" in done.stdout:
        raise Skip(done.stdout.splitlines()[0])
    findings = done.stdout.count("\n") - 1
    require(done.returncode == 0 and done.stdout == "lint: clean\n",
            "wrong contents", f"{findings} lines of findings")
