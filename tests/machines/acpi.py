"""The ACPI tables of a machine, read from its memory without the kernel."""

import struct

RSDP_START, RSDP_SIZE = 0xE0000, 0x20000
HEADER = 36
FADT_DSDT = 40


def _find_rsdt(guest):
    rom = guest.read_memory(RSDP_START, RSDP_SIZE)
    for at in range(0, RSDP_SIZE, 16):
        if rom[at:at + 8] == b"RSD PTR " and not sum(rom[at:at + 20]) % 256:
            return struct.unpack_from("<I", rom, at + 16)[0]
    return None


def _table(guest, address):
    signature, length = struct.unpack(
        "<4sI", guest.read_memory(address, 8))
    return signature.decode("ascii"), address, length


def tables(guest):
    """[(signature, address, length)] of RSDT, what it lists, and the DSDT."""
    rsdt = _find_rsdt(guest)
    if rsdt is None:
        return []
    result = [_table(guest, rsdt)]
    body = guest.read_memory(rsdt, result[0][2])[HEADER:]
    for (address,) in struct.iter_unpack("<I", body):
        result.append(_table(guest, address))
    for signature, address, length in result:
        if signature == "FACP":
            fadt = guest.read_memory(address, length)
            dsdt, = struct.unpack_from("<I", fadt, FADT_DSDT)
            return result + [_table(guest, dsdt)]
    return result
