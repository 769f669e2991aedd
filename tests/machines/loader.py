"""What the boot loader says of modules, read without the kernel's parser."""

import struct

from machines.harness import require

MB2_MODULE, MB2_END = 3, 0
HEAD = "<4I"            # struct boot_info: magic, address, size, claimed


def modules(guest, image):
    """[(start, end)] from the kernel's copy of the loader's tags.

    The loader's own memory is free by now and may hold page tables. That the
    addresses are right is proved by what stands there: see check_modules.
    """
    at = image.physical("boot_info")
    head = struct.calcsize(HEAD)
    size = struct.unpack(HEAD, guest.read_memory(at, head))[2]
    return list(_module_tags(guest.read_memory(at + head, size)))


def _module_tags(block):
    at = 8
    while at < len(block):
        kind, size = struct.unpack_from("<2I", block, at)
        require(size >= 8, "broken test", "the copied tags are damaged")
        if kind == MB2_MODULE:
            yield struct.unpack_from("<2I", block, at + 8)
        if kind == MB2_END:
            return
        at += -(-size // 8) * 8
