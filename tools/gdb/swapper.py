"""GDB commands for swapper. Sourced by tools/gdb/swapper.gdb.

    where              one line: paging, EIP, ESP, GDTR, directory entries
    pgwalk ADDR [ROOT] the page-table walk of ADDR as the CPU does it
    slab [NAME]        all caches of objects that have slabs, or one in full
    $phys(ADDR)        where the kernel's ADDR stands without paging
    $virt(ADDR)        the other way round

Page tables are asked of QEMU's monitor ("monitor info registers", "monitor xp"):
it shows physical memory whatever is mapped, and GDTR, which GDB does not know.
"""
import re

import gdb

PAGE_OFFSET = 0xC0000000

CR0_PG = 1 << 31
CR4_PSE = 1 << 4
CR4_PAE = 1 << 5
EFER_NXE = 1 << 11

PRESENT = 1 << 0
WRITE = 1 << 1
USER = 1 << 2
LARGE = 1 << 7
NX = 1 << 63
FLAGS = ((WRITE, "W"), (USER, "U"), (1 << 3, "PWT"), (1 << 4, "PCD"),
         (1 << 5, "A"), (1 << 6, "D"), (LARGE, "PS"), (1 << 8, "G"), (NX, "NX"))

# name of an entry, lowest bit of its index, bits of its index: from the root on
TWO_LEVEL = (("PDE", 22, 10), ("PTE", 12, 10))
PAE = (("PDPTE", 30, 2), ("PDE", 21, 9), ("PTE", 12, 9))


def monitor(command):
    """The answer of QEMU's monitor."""
    return gdb.execute("monitor " + command, to_string=True)


class Cpu:
    """The registers of the CPU that GDB has selected."""

    def __init__(self):
        thread = gdb.selected_thread()
        number = thread.num - 1 if thread else 0
        text = monitor("info registers -a")
        parts = re.split(r"CPU#(\d+)", text)
        mine = dict(zip(parts[1::2], parts[2::2])).get(str(number), text)
        for name in ("EIP", "ESP", "CR0", "CR3", "CR4", "EFER"):
            setattr(self, name.lower(), self._number(name + "=", mine))
        self.gdtr = self._number("GDT= *", mine)
        self.idtr = self._number("IDT= *", mine)

    @staticmethod
    def _number(prefix, text):
        found = re.search(r"\b" + prefix + "([0-9a-f]+)", text)
        if not found:
            raise gdb.GdbError("this needs QEMU's monitor behind the GDB stub")
        return int(found.group(1), 16)

    @property
    def paging(self):
        return bool(self.cr0 & CR0_PG)

    @property
    def pae(self):
        return bool(self.cr4 & CR4_PAE)

    @property
    def root(self):
        """Where the top table stands. SDM 3A, 4.3 and 4.4.1."""
        return self.cr3 & (0xFFFFFFE0 if self.pae else 0xFFFFF000)


def read_physical(address, count, size):
    """count numbers of size bytes each."""
    text = monitor("xp /%d%sx 0x%x" % (count, "w" if size == 4 else "g", address))
    values = []
    for line in text.splitlines():
        head, colon, numbers = line.partition(":")
        if colon and re.fullmatch("[0-9a-f]+", head):
            values += [int(number, 16) for number in numbers.split()]
    if len(values) != count:
        raise gdb.GdbError("no memory at physical %x" % address)
    return values


def read_table(pae, table, level_bits):
    """All entries of one table."""
    return read_physical(table, 1 << level_bits, 8 if pae else 4)


def frame_of(value, shift, large):
    """The frame a present entry points to. SDM 3A, tables 4-4, 4-6, 4-9, 4-11."""
    frame = value & 0x000FFFFFFFFFF000
    if not large:
        return frame
    if shift == 22:     # 4 MB: bits 20:13 are bits 39:32 of the address
        return (value & 0xFFC00000) | (value & 0x1FE000) << 19
    return frame & ~((1 << shift) - 1)


class Step:
    """One entry on the way."""

    def __init__(self, cpu, table, address, level):
        self.name, self.shift, bits = level
        self.bytes = 8 if cpu.pae else 4
        self.index = address >> self.shift & ((1 << bits) - 1)
        self.at = table + self.index * self.bytes
        self.value = read_physical(self.at, 1, self.bytes)[0]
        self.present = bool(self.value & PRESENT)
        # without CR4.PSE a two-level CPU does not look at the bit
        self.large = (self.name == "PDE" and bool(self.value & LARGE) and
                      (cpu.pae or bool(cpu.cr4 & CR4_PSE)))
        self.leaf = self.present and (self.name == "PTE" or self.large)
        self.frame = frame_of(self.value, self.shift, self.large)

    def flags(self):
        names = [name for bit, name in FLAGS if self.value & bit and
                 (bit != LARGE or self.name == "PDE")]
        return " ".join(["P"] + names)

    def __str__(self):
        text = "%s 0x%03x at %08x: %0*x " % (self.name, self.index, self.at,
                                             self.bytes * 2, self.value)
        if not self.present:
            return text + "not present"
        return text + "-> %s %08x  %s" % ("page" if self.leaf else "table",
                                          self.frame, self.flags())


def walk(cpu, address, root):
    """The entries on the way of address, as far as there are any."""
    steps = []
    table = root
    for level in PAE if cpu.pae else TWO_LEVEL:
        step = Step(cpu, table, address, level)
        steps.append(step)
        if not step.present or step.leaf:
            break
        table = step.frame
    return steps


def verdict(cpu, address, steps):
    """What a walk that ended on a page means."""
    leaf = steps[-1]
    if not leaf.leaf:
        return "not mapped"
    # PAE's top entries have no such bits. SDM 3A, 4.6
    judged = [step.value for step in steps if step.name != "PDPTE"]
    offset = address & ((1 << leaf.shift) - 1)
    return "= physical %08x, %d KB page, %s, %s, %s" % (
        leaf.frame | offset, (1 << leaf.shift) >> 10,
        "writable" if all(v & WRITE for v in judged) else "read-only",
        "not executable" if cpu.efer & EFER_NXE and any(v & NX for v in judged)
        else "executable",
        "user" if all(v & USER for v in judged) else "kernel only")


def ranges(numbers):
    """[0, 1, 0x300] -> "0-1,300"."""
    out = []
    for number in numbers:
        if out and out[-1][1] == number - 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return ",".join("%x" % a if a == b else "%x-%x" % (a, b) for a, b in out)


def present(entries):
    return [i for i, value in enumerate(entries) if value & PRESENT]


def directory_entries(cpu):
    """Which entries of the live directories are present."""
    if not cpu.paging:
        return "no paging"
    if not cpu.pae:
        return "PD " + ranges(present(read_table(False, cpu.root, 10)))
    top = read_table(True, cpu.root, 2)
    text = "PDPT " + ranges(present(top))
    for i in present(top):
        table = frame_of(top[i], 30, False)
        if i and top[i] == top[0]:
            text += ", PD[%d] = PD[0]" % i
            continue
        text += ", PD[%d] %s" % (i, ranges(present(read_table(True, table, 9))))
    return text


def address_of(text):
    """The number that text says, or the address of what it names."""
    pointers = (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_INT)
    try:
        value = gdb.parse_and_eval(text)
        if value.type.strip_typedefs().code not in pointers:
            value = gdb.parse_and_eval("&(%s)" % text)
    except gdb.error:       # a label or array of the assembly has no type
        value = gdb.parse_and_eval("&(%s)" % text)
    return int(value) & 0xFFFFFFFF


class Where(gdb.Command):
    """where: one line on the state of paging, for boot/head.S and docs/gdb.md.

Paging, EIP, ESP and GDTR with their half of the address space, and which
entries of the live page directory are present. With an argument it is GDB's
own "where", a back trace, as "bt" is."""

    def __init__(self):
        super().__init__("where", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        if argument:
            gdb.execute("backtrace " + argument, from_tty)
            return
        cpu = Cpu()
        mode = "off" if not cpu.paging else "PAE" if cpu.pae else "2-level"
        line = "paging %-7s" % mode
        for name in ("eip", "esp", "gdtr"):
            value = getattr(cpu, name)
            half = "high" if value >= PAGE_OFFSET else "low"
            line += "  %s %08x %-4s" % (name.upper(), value, half)
        print(line + "  " + directory_entries(cpu))


class PgWalk(gdb.Command):
    """pgwalk ADDR [ROOT]: the page-table walk of ADDR, each entry decoded.

The format, two-level or PAE, and the root are the CPU's own (CR4, CR3), the
tables are read in physical memory: they need not be mapped. ROOT, a physical
address or a symbol of the kernel, is walked instead of CR3: tables that are
not live yet. ADDR is any expression, or a symbol: its address is meant."""

    def __init__(self):
        super().__init__("pgwalk", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        arguments = gdb.string_to_argv(argument)
        if len(arguments) not in (1, 2):
            raise gdb.GdbError("usage: pgwalk ADDR [ROOT]")
        cpu = Cpu()
        address = address_of(arguments[0])
        if len(arguments) == 2:
            root = address_of(arguments[1])
            root -= PAGE_OFFSET if root >= PAGE_OFFSET else 0
        elif not cpu.paging:
            print("paging is off: %08x is physical" % address)
            return
        else:
            root = cpu.root
        print("walk of %08x, %s, root %08x%s" % (
            address, "PAE" if cpu.pae else "2-level", root,
            "" if cpu.paging and root == cpu.root else " (not live)"))
        steps = walk(cpu, address, root)
        for step in steps:
            print("  %s" % step)
        print("  " + verdict(cpu, address, steps))


def members(head, kind, link):
    """The structures on a list; head: a struct list_head."""
    pointer = gdb.lookup_type(kind).pointer()
    offset = next(f.bitpos // 8 for f in pointer.target().fields()
                  if f.name == link)
    at = head["next"]
    while at != head.address:
        byte = int(at) - offset
        yield gdb.Value(byte).cast(pointer).dereference()
        at = at["next"]


def free_map(cache, slab):
    """A character for each object: # taken, . free."""
    return "".join(".#"[not int(slab["bits"][i // 32]) >> i % 32 & 1]
                   for i in range(int(cache["num"])))


class Slab(gdb.Command):
    """slab [NAME]: the caches that have slabs, a line each; or all of one.

Of one: what the CPU's stack and the shared arrays hold, and each slab with
its objects, # for one that is taken (by a user, a stack or a shared array)
and . for one that is free."""

    def __init__(self):
        super().__init__("slab", gdb.COMMAND_DATA)

    @staticmethod
    def nodes(cache):
        """[(number, struct kmem_node)]"""
        first, last = cache["node"].type.range()
        return [(i, cache["node"][i].dereference())
                for i in range(first, last + 1) if int(cache["node"][i])]

    def line(self, cache):
        """One cache, summed up; None: it has no slabs."""
        nodes = [node for _, node in self.nodes(cache)]
        slabs = sum(int(node["nr_slabs"]) for node in nodes)
        total = slabs * int(cache["num"])
        free = sum(int(node["free_objects"]) for node in nodes)
        kept = int(cache["cpu"][0]["count"]) + sum(
            int(node["shared"]["count"]) for node in nodes if int(node["shared"]))
        return slabs and "%-17s %6d bytes %5d in use %5d kept %5d free %5d slabs" % (
            cache["name"].string(), int(cache["size"]), total - free - kept, kept,
            free, slabs)

    def show(self, cache):
        """All of one cache."""
        stack = cache["cpu"][0]
        print("cache %s at %08x: %d bytes, %d in a slab of %d pages" % (
            cache["name"].string(), int(cache.address), int(cache["size"]),
            int(cache["num"]), 1 << int(cache["order"])))
        print("  stack of CPU 0: %d of %d" % (stack["count"], stack["limit"]))
        for number, node in self.nodes(cache):
            if int(node["shared"]):
                print("  shared array of node %d: %d of %d" % (
                    number, node["shared"]["count"], node["shared"]["limit"]))
            for name in ("full", "partial", "free"):
                for slab in members(node[name], "struct slab", "list"):
                    print("  node %d %-7s %08x %s" % (
                        number, name, int(slab.address), free_map(cache, slab)))

    def invoke(self, argument, from_tty):
        found = False
        for cache in members(gdb.parse_and_eval("kmem_caches"),
                             "struct kmem_cache", "next"):
            if argument and cache["name"].string() == argument:
                self.show(cache)
                found = True
            elif not argument and self.line(cache):
                print(self.line(cache))
        if argument and not found:
            raise gdb.GdbError("there is no cache " + argument)


class Phys(gdb.Function):
    """$phys(ADDR): where the kernel's ADDR stands without paging."""

    def __init__(self):
        super().__init__("phys")

    def invoke(self, address):
        return (int(address) - PAGE_OFFSET) & 0xFFFFFFFF


class Virt(gdb.Function):
    """$virt(ADDR): where the direct map shows physical ADDR."""

    def __init__(self):
        super().__init__("virt")

    def invoke(self, address):
        return (int(address) + PAGE_OFFSET) & 0xFFFFFFFF


Where()
PgWalk()
Slab()
Phys()
Virt()
