#!/usr/bin/env python3
"""Inputs for the fuzz targets to begin with, one folder for each.

    corpus.py DIR

They are small and sound, as a boot loader or a firmware would give them: by
itself a fuzzer takes long to find a tag behind a tag. Made anew each time.
"""

import struct
import sys
from pathlib import Path

RAM, RESERVED, ACPI, NVS = 1, 2, 3, 4


def tag(kind, body):
    """A multiboot2 tag, padded to 8 bytes."""
    size = 8 + len(body)
    return struct.pack("<II", kind, size) + body + bytes(-size % 8)


def mmap(*entries, size=24):
    """The memory map tag."""
    body = struct.pack("<II", size, 0)
    for addr, length, kind in entries:
        body += struct.pack("<QQII", addr, length, kind, 0) + bytes(size - 24)
    return tag(6, body)


def multiboot():
    """Boot information. The odd fifth byte: fuzz_multiboot.c sets the size."""
    plain = [
        tag(1, b"mem=64M test=all\0"), tag(2, b"GRUB 2.06\0"),
        tag(3, struct.pack("<II", 0x200000, 0x300000) + b"module\0"),
        tag(4, struct.pack("<II", 639, 0x1fc00)),
        mmap((0, 0x9fc00, RAM), (0x9fc00, 0x400, RESERVED),
             (0x100000, 0x7ee0000, RAM), (0x7fe0000, 0x20000, ACPI)),
        mmap((0, 1 << 32, RAM), (1 << 32, 1 << 63, NVS), size=32),
        tag(14, b"RSD PTR \0BOCHS \0" + bytes(4)),
        tag(15, b"RSD PTR \0BOCHS \2" + bytes(20)),
        tag(21, bytes(4)),
    ]
    for tags in [*([one] for one in plain), plain, plain[::-1], plain[4:5] * 3]:
        body = b"".join(tags) + struct.pack("<II", 0, 8)
        yield struct.pack("<II", 8 + len(body), 1) + body


def header(signature, revision, body):
    """An ACPI table; the sum is not looked at."""
    return (signature + struct.pack("<IBB", 36 + len(body), revision, 0) +
            b"BOCHS BXPC    " + bytes(12) + body)


def cpu(domain, apic_id):
    """A CPU of the SRAT."""
    return struct.pack("<BBBBIB3BI", 0, 16, domain & 255, apic_id, 1, 0, 0, 0, 0, 0)


def x2apic(domain, apic_id):
    """A CPU with a number of 32 bits."""
    return struct.pack("<BBHIIIII", 2, 24, 0, domain, apic_id, 1, 0, 0)


def memory(domain, base, size, flags=1):
    """A range of memory of the SRAT."""
    return struct.pack("<BBIHQQIIQ", 1, 40, domain, 0, base, size, 0, flags, 0)


def srat():
    """SRAT and SLIT behind the length of the first."""
    two = (cpu(0, 0) + cpu(1, 1) + memory(0, 0, 0xa0000) +
           memory(0, 0x100000, 0x3f00000) + memory(1, 0x4000000, 0x4000000))
    odd = (memory(7, 0x100000, 1 << 30) + x2apic(300, 5) + memory(300, 0, 0x100000) +
           memory(9, 0, 0, 0) + memory(9, 1 << 40, 1 << 30, 5) +
           struct.pack("<BB14x", 3, 16))
    for entries, revision, count in ((two, 1, 2), (two, 2, 3), (odd, 3, 8),
                                     (odd, 3, 0)):
        first = header(b"SRAT", revision, bytes(12) + entries)
        matrix = bytes(10 if i == j else 20 for i in range(count)
                       for j in range(count))
        second = header(b"SLIT", 1, struct.pack("<Q", count) + matrix)
        yield struct.pack("<H", len(first)) + first + second


def cmdline():
    """Command lines."""
    for line in ("mem=64M", "memmap=exactmap memmap=640K@0,63M@1M quiet",
                 "memmap=64K$0x10000,1M#16M mem=nopentium", 'title="a b" maybe',
                 "numa=fake=4 debug=page_owner,page_poison", "numa=off maybe=1G",
                 '"mem=1G" mem mem= =x "', "x" * 2100, "mem=1M " * 400):
        yield line.encode("ascii")


def numbers(*values):
    """Three bytes each, as input_number() reads them: value << shift."""
    return b"".join(struct.pack("<BH", shift, value) for value, shift in values)


def e820():
    """A count, ranges, then changes."""
    ranges = ((0, 0, 0x9fc, 8, RAM), (1, 20, 0x7f, 20, RAM), (0x9fc, 8, 4, 8, NVS),
              (0xfffc, 16, 4, 16, RESERVED), (1, 32, 1, 32, RAM))
    data = bytes([len(ranges)])
    for addr, up, size, more, kind in ranges:
        data += numbers((addr, up), (size, more)) + bytes([kind])
    yield data
    yield (data + b"\x11" + numbers((1, 20), (1, 16)) +
           b"\x81" + numbers((1, 32), (1, 0)))


def memblock():
    """Operations: kind, what, two numbers."""
    add, reserve, free = b"\0\0", b"\0\x12", b"\0\3"
    yield (add + numbers((1, 20), (0x7f, 20)) + reserve + numbers((1, 20), (8, 20)) +
           b"\5\x0c" + numbers((1, 16), (0, 0), (1, 40)) + free +
           numbers((2, 20), (1, 20)))
    yield b"".join(add + numbers((2 * i, 12), (1, 12)) for i in range(140))


def slab():
    """Three caches of two bytes, then operations of two: what, with a number."""
    plain, watched = b"\x05\0\x0b\0\x0e\0", b"\x65\0\x71\x0b\x6c\0"
    some = b"\x0e\0\x1e\1\x2e\2\x0c\0\x0e\3\x1c\2"
    for caches in (plain, watched):
        yield caches + some * 4
        yield caches + b"\0\x27\x10\x20\x20\x10" * 2 + b"\1\x20\x11\x21\x21\7" * 3
        yield caches + some + b"\2\0\x13\1\x03\0\x14\0\5\1\6\x12\x0b\0\7\0"
        yield caches + b"\x0a\1" + some + b"\x08\1" + some + b"\x0a\0" + some
        yield caches + b"".join(b"\x09" + bytes([n]) + some for n in range(7, 250, 9))


def program(*headers, entry=0x08048100):
    """An ELF file: its header and program headers."""
    first = struct.pack("<4sBBB9xHHIIIIIHHHHHH", b"\x7fELF", 1, 1, 1, 2, 3, 1, entry,
                        52, 0, 0, 52, 32, len(headers), 40, 0, 0)
    return first + b"".join(struct.pack("<8I", *header) for header in headers)


def elf():
    """Programs of one to four headers."""
    text = (1, 0, 0x08048000, 0, 0x1000, 0x1000, 5, 4096)
    data = (1, 0x1ff0, 0x0804aff0, 0, 0x100, 0x2110, 6, 4096)
    stack = (0x6474e551, 0, 0, 0, 0, 0, 6, 16)
    note = (4, 0x40, 0x08048040, 0, 0x20, 0x20, 4, 4)
    yield program(text)
    yield program(text, data, note, stack)
    yield program(text, (3, 0, 0, 0, 8, 8, 4, 1), data)
    yield program(*((1, 0, 0x10000 * i, 0, 16, 16, 7, 4096) for i in range(1, 17)),
                  entry=0x10000)


def member(name, body):
    """One file of a cpio archive."""
    numbers = (1, 0o100644, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(name) + 1, 0)
    data = b"070701" + b"".join(b"%08X" % number for number in numbers) + name + b"\0"
    data += bytes(-len(data) % 4) + body
    return data + bytes(-len(data) % 4)


def cpio():
    """Archives of none to three files."""
    last = member(b"TRAILER!!!", b"")
    yield last
    yield member(b"init", b"hello") + last
    yield member(b"a", b"") + member(b"bin/b", b"x" * 64) + member(b"cc", b"yyy") + last
    yield member(b"no end", b"z")


def swap():
    """Headers of swap areas; fuzz_swap.c says how they are cut."""
    names = b"U" * 16 + b"label".ljust(16, b"\0") + bytes(468)
    for signature in (b"SWAPSPACE2", b"SWAP-SPACE", b"S1SUSPEND\0"):
        for pages, last, bad in ((16, 15, []), (100, 40, [3, 7, 40]), (9, 9, []),
                                 (50, 20, [5, 5]), (4000, 3999, [*range(1, 500)])):
            yield (struct.pack("<I", pages) + signature +
                   struct.pack("<III", 1, last, len(bad)) + names +
                   struct.pack(f"<{len(bad)}I", *bad))


def main():
    """Entry."""
    root = Path(sys.argv[1])
    for make in (multiboot, srat, cmdline, e820, memblock, slab, elf, cpio, swap):
        folder = root / make.__name__
        folder.mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(make()):
            (folder / f"seed-{i:02}").write_bytes(data)


if __name__ == "__main__":
    main()
