#!/usr/bin/env python3
"""Packs files into one cpio archive of the format "newc": a module of programs.

    tools/mkcpio.py OUT FILE...

Each file goes in by its last name, executable; the same files give the same
archive, byte by byte.
"""

import sys
from pathlib import Path


def member(number, name, body, mode):
    """One file, padded to 4 bytes."""
    text = name.encode("ascii")
    fields = (number, mode, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(text) + 1, 0)
    data = b"070701" + b"".join(b"%08x" % field for field in fields) + text + b"\0"
    data += bytes(-len(data) % 4) + body
    return data + bytes(-len(data) % 4)


def main():
    """Entry."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    files = sorted((Path(name) for name in sys.argv[2:]), key=lambda path: path.name)
    archive = b"".join(member(number, path.name, path.read_bytes(), 0o100755)
                       for number, path in enumerate(files, 1))
    archive += member(0, "TRAILER!!!", b"", 0)
    Path(sys.argv[1]).write_bytes(archive)


if __name__ == "__main__":
    main()
