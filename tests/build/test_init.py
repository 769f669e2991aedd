"""Nothing that stays may point into what free_initmem() gives away.

The init sections are poisoned and reused after boot. A function that is not
__init and calls one that is works in boot and dies later; here every address in
the code and the data of the finished image is looked at. start_kernel() runs
the boot and is the only one that may.
"""

import bisect
import re
import struct

from machines.harness import Test, require, run_command
from machines.image import Image, segments
from machines.model import PAGE_OFFSET

BOOT_FUNCTIONS = {"start_kernel"}
# the cases look at the sections as memory
TESTS_OF_IT = re.compile(r"test_|in_init|free_init|reserve_|kernel_page_prot|"
                         r"poisoned|init_range")
RANGES = (("_sinittext", "_einittext"), ("__init_data_begin", "__init_data_end"))


def tests(ctx):
    """One for the code, one for the data, one for the detector itself."""
    yield Test("build.init.code", lambda journal: code(ctx), 1.0)
    yield Test("build.init.data", lambda journal: data(ctx), 0.5)
    yield Test("build.init.detector", lambda journal: detector(ctx), 0.5)


def inside(image):
    """Is an address in an init section? Their borders are nobody's secret."""
    spans = [(image.symbols[a], image.symbols[b]) for a, b in RANGES]

    def test(address):
        return any(start < address < end for start, end in spans)
    return test


def code(ctx):
    """Operands of every instruction outside of the init sections."""
    image = Image(ctx.kernel)
    wrong = references(disassembly(ctx.kernel), inside(image))
    require(not wrong, "wrong contents", "; ".join(sorted(wrong)[:5]))


def disassembly(kernel):
    """objdump of .text alone."""
    return run_command(["i686-linux-gnu-objdump", "-d", "-j", ".text",
                        "--no-show-raw-insn", str(kernel)], 60,
                       "build failed")


def references(listing, is_init):
    """{"function uses address"} for those who must not."""
    function, wrong = "", set()
    for line in listing.splitlines():
        head = re.match(r"^[0-9a-f]+ <([^>]+)>:$", line)
        if head:
            function = head.group(1)
        elif function not in BOOT_FUNCTIONS and not TESTS_OF_IT.search(function):
            operands = line.partition(":")[2]
            for word in re.findall(r"\b(?:0x)?(c[0-9a-f]{7})\b", operands):
                if is_init(int(word, 16)):
                    wrong.add(f"{function} uses {word}")
    return wrong


def data(ctx):
    """Pointers in .data and in .rodata, less the symbol table."""
    image = Image(ctx.kernel)
    is_init, names = inside(image), sorted(
        (address, name) for name, address in image.symbols.items())
    wrong = []
    for start, end in (("__start_rodata", "__start_symtab"), ("_sdata", "_edata")):
        for at, word in words(ctx.kernel, image, start, end):
            if is_init(word):
                index = bisect.bisect(names, (at, "\xff")) - 1
                wrong.append(f"{names[index][1]} has {word:x}")
    require(not wrong, "wrong contents", "; ".join(wrong[:5]))


def words(kernel, image, start, end):
    """(address, value) of each aligned word between two symbols."""
    first, last = image.symbols[start], image.symbols[end]
    for segment in segments(kernel.read_bytes()):
        base = segment.physical + PAGE_OFFSET
        if base <= first < base + len(segment.data):
            for at in range(first, last - 3, 4):
                yield at, struct.unpack_from("<I", segment.data, at - base)[0]


def detector(ctx):
    """A call into the init text is seen, the same call from the boot is not."""
    image = Image(ctx.kernel)
    target = f"{image.symbols['_sinittext'] + 16:x}"
    for function, count in (("monitor", 1), ("start_kernel", 0)):
        listing = f"c0100000 <{function}>:\nc0100000:\tcall   {target} <x>\n"
        found = references(listing, inside(image))
        require(len(found) == count, "wrong contents",
                f"{function}: {len(found)} findings, not {count}")
