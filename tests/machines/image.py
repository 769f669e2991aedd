"""The kernel's file and symbols, ISOs around it, modules for it."""

import struct
from dataclasses import dataclass
from pathlib import Path

from machines.harness import Failure, run_command
from machines.model import PAGE, PAGE_OFFSET

PT_LOAD, SHT_PROGBITS = 1, 1


class Image:
    """swapper.elf and swapper.sym."""

    def __init__(self, kernel):
        self.path = Path(kernel)
        self.symbols = {}
        for line in self.path.with_suffix(".sym").read_text().splitlines():
            address, _, name = line.split()
            self.symbols[name] = int(address, 16)

    def physical(self, name):
        """Where a symbol of the direct map stands in memory."""
        return self.symbols[name] - PAGE_OFFSET

    def page_range(self, start, end):
        """[start, end) of two symbols, physical, end rounded up to a page."""
        return self.physical(start), -(-self.physical(end) // PAGE) * PAGE


@dataclass(frozen=True)
class Segment:
    """A loadable part of an ELF file."""

    physical: int
    data: bytes
    memory_size: int
    flags: int


def elf_header(data):
    """(entry, program header offset, count, section header offset, count)."""
    if data[:5] != b"\x7fELF\x01":
        raise Failure("build failed", "the kernel is no 32-bit ELF file")
    entry, phoff, shoff = struct.unpack_from("<III", data, 24)
    _, phnum, _, shnum, _ = struct.unpack_from("<HHHHH", data, 42)
    return entry, phoff, phnum, shoff, shnum


def segments(data):
    """The PT_LOAD segments of an ELF file."""
    _, phoff, phnum, _, _ = elf_header(data)
    result = []
    for i in range(phnum):
        kind, offset, _, physical, filesz, memsz, flags, _ = \
            struct.unpack_from("<8I", data, phoff + i * 32)
        if kind == PT_LOAD:
            result.append(Segment(physical, data[offset:offset + filesz],
                                  memsz, flags))
    return result


def first_code(data):
    """The first executable section of an object file: position independent."""
    _, _, _, shoff, shnum = elf_header(data)
    for i in range(shnum):
        _, kind, flags, _, offset, size = struct.unpack_from(
            "<6I", data, shoff + i * 40)
        if kind == SHT_PROGBITS and flags & 4 and size:
            return data[offset:offset + size]
    raise Failure("broken test", "no code in the object file")


def module_file(ctx, size, number=0):
    """A file of `size` bytes in which no two pages are alike."""
    path = ctx.out / "modules" / f"module{number}-{size}"

    def produce():
        path.parent.mkdir(exist_ok=True)
        pages = b"".join(struct.pack("<II", i ^ 0x5A5A5A5A, number) * 512
                         for i in range(-(-size // PAGE)))
        path.write_bytes(pages[:size])
        return path
    return ctx.once(("module", size, number), produce)


def iso(ctx, name, cmdline="", modules=()):
    """An ISO made by tools/mkiso.sh, under a name of its own."""
    path = ctx.out / "iso" / f"{name}.iso"
    path.parent.mkdir(exist_ok=True)
    run_command([str(ctx.root / "tools/mkiso.sh"), str(ctx.kernel), str(path),
                 cmdline, *map(str, modules)], 60, "build failed")
    return path
