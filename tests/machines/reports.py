"""What the kernel and QEMU's monitor say, as data."""

import re
import struct

from machines.harness import Failure
from machines.model import PAGE

RANGE = re.compile(r"  ([0-9a-f]{10})-([0-9a-f]{10}) +(\d+) KB  (.*)$")
TLB_LINE = re.compile(
    r"([0-9a-f]{16}): ([0-9a-f]{16}) "
    r"([X-])([G-])([P-])([D-])([A-])([C-])([T-])([U-])([W-])$")
LEAF_LINE = re.compile(
    r"([0-9a-f]{8}) ([0-9a-f]{10}) (4K|2M|4M) "
    r"([G-])([W-])([U-])([C-])([X-])$")
TOTAL = re.compile(r"RAM: (\d+) KB, (\d+) KB free \(lowmem (\d+) KB, "
                   r"highmem (\d+) KB\)$", re.M)
ENTRY_FRAME = 0x000FFFFFFFFFF000
NX = 1 << 63


def lines_after(text, heading):
    """The lines between a heading and the first that is not indented."""
    _, found, rest = text.partition(heading + "\n")
    if not found:
        raise Failure("wrong output", f"\"{heading}\" is missing")
    for line in rest.split("\n"):
        if not line.startswith("  "):
            return
        yield line


def ranges(text, heading):
    """[(start, end, name)] of a list of physical ranges."""
    result = []
    for line in lines_after(text, heading):
        match = RANGE.match(line)
        if not match:
            raise Failure("wrong output", f"under \"{heading}\": \"{line}\"")
        start, end = int(match[1], 16), int(match[2], 16) + 1
        if int(match[3]) != (end - start) // 1024:
            raise Failure("wrong output", f"size in \"{line.strip()}\"")
        result.append((start, end, match[4]))
    return result


def ram_totals(text):
    """KB of RAM: all, free, free in lowmem, free in highmem."""
    match = TOTAL.search(text)
    if not match:
        raise Failure("wrong output", "the line \"RAM: ...\" is missing")
    return tuple(int(n) for n in match.groups())


def qemu_leaves(info_tlb):
    """QEMU's own walk of the live tables: (va, pa, large, flags GWUCX)."""
    leaves = []
    for line in info_tlb.splitlines():
        match = TLB_LINE.match(line)
        if not match:
            raise Failure("broken test", f"info tlb says \"{line}\"")
        va, pa, nx, glob, large, _, _, pcd, _, user, write = match.groups()
        pa = int(pa, 16)
        if bool(pa & NX) != (nx == "X"):
            raise Failure("broken test", f"NX in \"{line}\"")
        leaves.append((int(va, 16), pa & ENTRY_FRAME, large == "P",
                       glob + write + user + pcd + nx))
    return leaves


def kernel_leaves(listing):
    """The answer to `pgtable all`, in the same form."""
    leaves = []
    for line in listing.splitlines():
        match = LEAF_LINE.match(line)
        if not match:
            raise Failure("lost output", f"pgtable all says \"{line}\"")
        va, pa, size, *flags = match.groups()
        leaves.append((int(va, 16), int(pa, 16), size != "4K",
                       "".join(flags)))
    return leaves


def describe(leaf):
    """A leaf for a message."""
    va, pa, large, flags = leaf
    return f"{va:08x} -> {pa:010x} {'large' if large else '4K'} {flags}"


def compare_leaves(got, want, got_name, want_name):
    """A Failure that names the first leaf that differs."""
    if got == want:
        return
    got_set, want_set = set(got), set(want)
    extra = sorted(got_set - want_set)
    missing = sorted(want_set - got_set)
    if not extra and not missing:
        raise Failure("wrong page tables", f"{got_name}: leaves are out of "
                      "order or listed twice")
    first = min(extra[:1] + missing[:1])
    texts = [f"{name} has {describe(leaves[0]) if leaves else 'nothing'}"
             if leaves and leaves[0][0] == first[0]
             else f"{name} has nothing at {first[0]:08x}"
             for name, leaves in ((got_name, extra), (want_name, missing))]
    raise Failure("wrong page tables", f"{', '.join(texts)} "
                  f"({len(extra)} and {len(missing)} leaves differ)")


# --- the tables themselves, in physical memory ---------------------------------

def control_register(guest, name):
    """A control register of the CPU, from QEMU."""
    match = re.search(rf"\b{name}=([0-9a-f]+)", guest.hmp("info registers"))
    return int(match[1], 16)


def table_frames(guest, pae):
    """Frames of all page tables below the root that CR3 points to."""
    root = control_register(guest, "CR3") & ~0x1F
    if not pae:
        return _tables_in(guest.read_memory(root, PAGE), "<1024I")
    frames = []
    for directory in _tables_in(guest.read_memory(root, 32), "<4Q", top=True):
        frames.append(directory)
        frames += _tables_in(guest.read_memory(directory, PAGE), "<512Q")
    return frames


def _tables_in(data, layout, top=False):
    """Where the entries of one table point to that are no large pages."""
    return [entry & ENTRY_FRAME for entry in struct.unpack(layout, data)
            if entry & 1 and (top or not entry & 0x80)]
