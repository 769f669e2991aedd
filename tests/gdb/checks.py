"""The GDB commands `expect` and `check`, for walk.gdb.

    expect NAME...         what this machine is to use: pae large nx global
    check EXPRESSION       a Python expression over the names of Names below

A check that does not hold prints itself and what the machine was like, and the
walk goes on: test_gdb.py counts both kinds.
"""
import gdb
# tools/gdb/swapper.py was sourced before: its functions are in GDB's __main__
from __main__ import Cpu, WRITE, USER, NX, EFER_NXE, read_physical, walk

PAGE_OFFSET = 0xC0000000
WANTED = {"pae": False, "large": False, "nx": False, "global": False}


GUARDS = "boot_stack_guard", "doublefault_guard", "irq_stack_guard"


def symbol(name):
    return int(gdb.parse_and_eval("&" + name)) & 0xFFFFFFFF


def virtual(address):
    """The 32 bits there, read through the tables of the CPU; None: a fault."""
    try:
        data = gdb.selected_inferior().read_memory(address, 4)
    except gdb.MemoryError:
        return None
    return int.from_bytes(data.tobytes(), "little")


class Names(dict):
    """What a check may say; registers and tables are read when they are asked.

    eip esp gdtr idtr cr0 cr3 cr4 efer paging pae_on   the CPU
    pae large nx global_                               what is expected
    sym(NAME) phys(NAME)     address of a symbol, virtual and physical
    low(X) high(X)           which half
    reg(NAME)                a register that GDB knows
    entries ptes             of swapper_pg_dir (1024) and pg0 (2048: the table
                             behind it, too), read physically
    root(I)                  entry I of the live root
    physical(A) virtual(A)   32 bits of memory
    to(A)                    the physical address that A translates to, or None
    rights(A)                such as "4K rw- G": size, rights, global
    word(NAME)               a 32-bit variable of the kernel
    """

    def __init__(self):
        super().__init__()
        self.cpu = Cpu()
        self.update({name: getattr(self.cpu, name) for name in (
            "eip", "esp", "gdtr", "idtr", "cr0", "cr3", "cr4", "efer", "paging")})
        self.update(
            pae_on=self.cpu.pae, pae=WANTED["pae"], large=WANTED["large"],
            nx=WANTED["nx"], global_=WANTED["global"],
            sym=symbol, phys=lambda name: symbol(name) - PAGE_OFFSET,
            low=lambda x: x < PAGE_OFFSET, high=lambda x: x >= PAGE_OFFSET,
            reg=lambda name: int(gdb.parse_and_eval("$" + name)) & 0xFFFFFFFF,
            entries=self.table("swapper_pg_dir", 1024), ptes=self.table("pg0", 2048),
            root=self.root, to=self.to, rights=self.rights, virtual=virtual,
            physical=lambda a: read_physical(a, 1, 4)[0],
            # a page of each MB of the image and its tables that is no guard
            places=[a for a in range(0x100000, 0x800000, 0x100000)
                    if a + PAGE_OFFSET not in map(symbol, GUARDS)],
            word=lambda name: read_physical(symbol(name) - PAGE_OFFSET, 1, 4)[0])
        # a name that a comprehension in a check uses is looked up as a global
        self["__builtins__"] = __builtins__

    @staticmethod
    def table(name, count):
        return read_physical(symbol(name) - PAGE_OFFSET, count, 4)

    def root(self, index):
        size = 8 if self.cpu.pae else 4
        return read_physical(self.cpu.root + index * size, 1, size)[0]

    def to(self, address):
        leaf = self.steps(address)[-1]
        if not leaf.leaf:
            return None
        return leaf.frame | address & ((1 << leaf.shift) - 1)

    def rights(self, address):
        steps = self.steps(address)
        if not steps[-1].leaf:
            return "not mapped"
        judged = [s.value for s in steps if s.name != "PDPTE"]
        no_exec = self.cpu.efer & EFER_NXE and any(v & NX for v in judged)
        return "%s r%s%s%s%s" % (
            {12: "4K", 21: "2M", 22: "4M"}[steps[-1].shift],
            "w" if all(v & WRITE for v in judged) else "-",
            "-" if no_exec else "x",
            " G" if steps[-1].value & 1 << 8 else "",
            " U" if all(v & USER for v in judged) else "")

    def steps(self, address):
        return walk(self.cpu, address, self.cpu.root)


class Expect(gdb.Command):
    """expect NAME...: the features that this machine is to use."""

    def __init__(self):
        super().__init__("expect", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        for name in WANTED:
            WANTED[name] = name in argument.split()


class Check(gdb.Command):
    """check EXPRESSION: a Python expression that must be true."""

    def __init__(self):
        super().__init__("check", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        try:
            held = eval(argument, Names())
        except (ArithmeticError, LookupError, NameError, TypeError, gdb.error) as e:
            held, argument = False, "%s (%s)" % (argument, e)
        print("%s %s" % ("holds:" if held else "FAILS:", argument))
        if not held:
            gdb.execute("where")


Expect()
Check()
