"""What the boot loader says of modules, read without the kernel's parser."""

import struct

from machines.harness import require

MB2_MODULE = 3
INFO_HEADER = "<4I"     # struct boot_info: magic, address, size, claimed
MB1_MAGIC = 0x2BADB002


def modules(guest, image):
    """[(start, end)] as the loader wrote them.

    Multiboot 1: from the loader's own table. Multiboot2: from the kernel's copy
    of the tags, as the loader's may have been overwritten by now.
    """
    head = guest.read_memory(image.physical("boot_info"), 16)
    magic, address, size, _ = struct.unpack(INFO_HEADER, head)
    if magic == MB1_MAGIC:
        return _multiboot1(guest, address)
    tags = guest.read_memory(image.physical("boot_info") + 16, size)
    return list(_multiboot2(tags))


def _multiboot1(guest, address):
    info = guest.read_memory(address, 28)
    flags, = struct.unpack_from("<I", info, 0)
    count, table = struct.unpack_from("<2I", info, 20)
    if not flags & 8 or not count:
        return []
    data = guest.read_memory(table, count * 16)
    return [entry[:2] for entry in struct.iter_unpack("<4I", data)]


def _multiboot2(block):
    at = 8
    while at < len(block):
        kind, size = struct.unpack_from("<2I", block, at)
        require(size >= 8, "broken test", "the copied tags are damaged")
        if kind == MB2_MODULE:
            yield struct.unpack_from("<2I", block, at + 8)
        if kind == 0:
            return
        at += -(-size // 8) * 8
