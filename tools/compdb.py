#!/usr/bin/env python3
"""The JSON compilation database, for clangd and other editors' helpers.

    tools/compdb.py 'CC FLAGS' FILE... > compile_commands.json
"""
import json
import os
import shlex
import sys

# the first three write files, which a helper must not do; clangd does not know
# the last
UNWANTED = {"-MMD", "-MD", "-MP", "-fno-toplevel-reorder"}


def entry(directory, command, path):
    arguments = [word for word in command if word not in UNWANTED]
    return {
        "directory": directory,
        "file": path,
        "arguments": arguments + ["-c", path],
    }


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: tools/compdb.py 'CC FLAGS' FILE...")
    command = shlex.split(sys.argv[1])
    entries = [entry(os.getcwd(), command, path) for path in sys.argv[2:]]
    json.dump(entries, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
