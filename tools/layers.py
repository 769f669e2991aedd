#!/usr/bin/env python3
"""Checks that includes point down only, and never in a circle.

    tools/layers.py [ROOT]

A file may include what stands on its own level or below it. Every violation is
printed as `file:line: mm/early may not include kernel/setup.h`; the exit status
is 1 if there was one. A new folder gets its place in LEVELS first.
"""
import os
import re
import sys

# From the ground up. A folder stands for its own files and for those of the
# same folder below include/; what is nested deeper has a line of its own.
LEVELS = [
    ["kernel/lib"],
    # head.S and the machine need the same few constants
    ["boot", "kernel/cpu", "include/kernel/lock.h"],
    ["kernel/base"],
    ["mm/early"],
    ["mm/table"],
    # who has pages puts them on these lists; who empties them is far above
    ["mm/page", "mm/reclaim/lru.c", "mm/reclaim/lru_check.c",
     "include/mm/reclaim/lru.h"],
    ["mm/object"],
    ["mm/virt"],
    ["kernel/sched"],
    ["mm/high"],
    ["kernel/block"],
    ["mm/cache"],
    ["mm/space"],
    ["mm/reclaim"],
    ["mm/report"],
    ["kernel/fs"],
    ["kernel/user"],
    ["kernel"],
    ["kernel/monitor"],
    ["tests/kernel"],
    ["tests/bench"],
]

# (file, folder): the only ones that may look up
EXCEPTIONS = {
    # the boot order ends where the prompt begins
    ("kernel/main.c", "kernel/monitor"),
}

# what a freestanding compiler brings along
COMPILER_HEADERS = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h"}

ROOTS = ("boot", "include", "kernel", "mm", "tests/kernel", "tests/bench")
INCLUDE = re.compile(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')

RANK = {name: rank for rank, names in enumerate(LEVELS) for name in names}


def folder_of(path):
    """include/mm/early/e820.h and mm/early/e820.c are both mm/early."""
    folder = os.path.dirname(path)
    return folder[len("include/"):] if folder.startswith("include/") else folder


def rank_of(path):
    return RANK.get(path, RANK.get(folder_of(path)))


def sources(root):
    for top in ROOTS:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".c", ".h", ".S", ".ld")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def includes(root, path):
    """(line number, what is written, the file that is meant or None)"""
    with open(os.path.join(root, path), encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            system, quoted = match.groups()
            name = system or quoted
            places = ["include"] if system else [os.path.dirname(path), "include"]
            files = [os.path.normpath(os.path.join(place, name)) for place in places]
            there = [f for f in files if os.path.exists(os.path.join(root, f))]
            yield number, name, there[0] if there else None


def judge(path, name, target):
    """What is wrong with one include, or None."""
    if target is None:
        if name in COMPILER_HEADERS:
            return None
        return "there is no include/%s" % name
    mine, other = rank_of(path), rank_of(target)
    for file, rank in ((path, mine), (target, other)):
        if rank is None:
            return "%s has no level in tools/layers.py" % folder_of(file)
    if other <= mine or (path, folder_of(target)) in EXCEPTIONS:
        return None
    return "%s may not include %s" % (folder_of(path) or path, name)


def circles(graph):
    """Every include that leads back to the file it stands in."""
    state, found = {}, []

    def visit(path, above):
        state[path] = "open"
        for number, target in graph.get(path, []):
            if state.get(target) == "open":
                ring = above[above.index(target):] if target in above else []
                found.append((path, number, ring + [target]))
            elif target not in state:
                visit(target, above + [target])
        state[path] = "done"

    for path in sorted(graph):
        if path not in state:
            visit(path, [path])
    return found


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    complaints, graph = [], {}
    for path in sources(root):
        graph[path] = []
        for number, name, target in includes(root, path):
            wrong = judge(path, name, target)
            if wrong:
                complaints.append((path, number, wrong))
            if target:
                graph[path].append((number, target))
    for path, number, ring in circles(graph):
        complaints.append((path, number, "a circle: " + " -> ".join(ring)))
    if not graph:
        complaints.append((root, 0, "no sources here"))
    for complaint in sorted(complaints):
        print("%s:%d: %s" % complaint)
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
