"""Boots the kernel with boot information of our own making.

A small multiboot image carries the kernel's segments and any bytes we like,
puts them in place, sets EAX and EBX, and jumps to the kernel's entry: see
stub.S. So every loader can be played, also those that lie.
"""

import os
import shutil
import struct

from machines import image
from machines.harness import Failure, run_command

MB1_MAGIC, MB2_MAGIC = 0x2BADB002, 0x36D76289
COMPILERS = (
    ["i686-elf-gcc"], ["i686-linux-gnu-gcc"],
    ["clang", "--target=i686-elf"], ["gcc", "-m32"],
)


def _assembler(ctx):
    path = os.pathsep.join([str(ctx.root / "toolchain/bin"),
                            os.environ.get("PATH", "")])
    for command in COMPILERS:
        found = shutil.which(command[0], path=path)
        if found:
            return [found, *command[1:]]
    raise Failure("broken test", "no compiler that assembles i386 code")


def _code(ctx):
    """The assembled stub, header first."""
    source = ctx.root / "tests/machines/stub.S"
    target = ctx.out / "stub.o"
    run_command([*_assembler(ctx), "-c", str(source), "-o", str(target)],
                60, "build failed")
    return image.first_code(target.read_bytes())


def pack(ctx, path, eax, ebx, blobs):
    """Writes the image: the kernel, and blobs as (address, bytes)."""
    kernel = ctx.kernel.read_bytes()
    copies = [(s.physical, s.data) for s in image.segments(kernel)] + blobs
    head = struct.pack("<4I", eax, ebx, image.elf_header(kernel)[0],
                       len(copies))
    at = len(head) + 12 * len(copies)
    index, data = b"", b""
    for address, content in copies:
        index += struct.pack("<3I", address, at + len(data), len(content))
        data += content
    code = ctx.once("stub", lambda: _code(ctx))
    path.write_bytes(code + head + index + data)
    return path


# --- multiboot2 tags -------------------------------------------------------------

CMDLINE, LOADER, MODULE, BASIC, MMAP, OLD_RSDP, NEW_RSDP, END = \
    1, 2, 3, 4, 6, 14, 15, 0


def tag(kind, payload=b"", size=None):
    """One tag, padded; size: what it claims, if not the truth."""
    data = struct.pack("<2I", kind, 8 + len(payload) if size is None
                       else size) + payload
    return data + bytes(-len(data) % 8)


def string_tag(kind, text):
    """Command line or loader name."""
    return tag(kind, text.encode("ascii") + b"\0")


def module_tag(start, end, text="module"):
    """A module that is said to be there."""
    return tag(MODULE, struct.pack("<2I", start, end) +
               text.encode("ascii") + b"\0")


def mmap_tag(entries, entry_size=24):
    """A memory map: (start, size, type) each."""
    data = b"".join(struct.pack("<2Q2I", s, n, t, 0).ljust(entry_size, b"\xa5")
                    for s, n, t in entries)
    return tag(MMAP, struct.pack("<2I", entry_size, 0) + data)


def block(*tags, total=None, end=True):
    """A whole information block; total: the size it claims."""
    data = b"".join(tags) + (tag(END) if end else b"")
    return struct.pack("<2I", 8 + len(data) if total is None else total,
                       0) + data


# --- multiboot 1 -----------------------------------------------------------------

def mb1_info(flags, **fields):
    """The table of multiboot 1; fields by the names below."""
    names = ("mem_lower", "mem_upper", "boot_device", "cmdline", "mods_count",
             "mods_addr", "s0", "s1", "s2", "s3", "mmap_length", "mmap_addr",
             "drives_length", "drives_addr", "config", "loader_name")
    assert set(fields) <= set(names), fields
    return struct.pack("<17I", flags, *(fields.get(n, 0) for n in names))


def mb1_mmap(entries, sizes=None):
    """Its memory map; sizes: what each entry claims to be long."""
    return b"".join(
        struct.pack("<I2QI", 20 if sizes is None else sizes[i], s, n, t)
        for i, (s, n, t) in enumerate(entries))
