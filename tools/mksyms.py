#!/usr/bin/env python3
"""nm output on standard input -> the kernel's symbol table in assembly.

Only what lies in the higher half; of several names at one address the first
global one is kept. Without input the table is empty: that is the first link.
"""
import sys


def read_symbols(lines):
    best = {}
    for line in lines:
        parts = line.split()
        if len(parts) != 3:
            continue
        address, kind, name = int(parts[0], 16), parts[1], parts[2]
        if address < 0xC0000000 or kind in "aA" or name.startswith("."):
            continue
        if address not in best or (kind.isupper() and best[address][0].islower()):
            best[address] = (kind, name)
    return [(address, best[address][1]) for address in sorted(best)]


def main():
    symbols = read_symbols(sys.stdin)
    out = ['\t.section .symtab_table, "a"', "\t.align 4"]
    out += ["\t.globl symtab_count, symtab_address, symtab_name, symtab_names"]
    # the last symbol is the end of the one before it
    out += ["symtab_count:", "\t.long %d" % max(len(symbols) - 1, 0)]
    out += ["symtab_address:"]
    out += ["\t.long 0x%x" % address for address, _ in symbols]
    out += [] if symbols else ["\t.long 0"]
    out += ["symtab_name:"]
    offset = 0
    for _, name in symbols:
        out.append("\t.long %d" % offset)
        offset += len(name) + 1
    # an empty table still gives each label an address of its own: as many
    # symbols as the full one will have
    out += [] if symbols else ["\t.long 0"]
    out += ["symtab_names:"]
    out += ['\t.asciz "%s"' % name for _, name in symbols] or ['\t.byte 0']
    out += ['\t.section .note.GNU-stack, "", @progbits']
    print("\n".join(out))


if __name__ == "__main__":
    main()
