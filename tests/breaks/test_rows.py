"""The rows of breaks.py fit the tree: each could be run.

Running them takes hours, and is left to `make breaks`; whether a row still
finds its text, and the case that is to notice, is seen at once.
"""

import re
from collections import Counter

from breaks import breaks
from machines.harness import Test, require

WORD = re.compile(r"\w+")
OF_A_MODE = re.compile(r"^(two_level|pae)_")     # a macro's cases


def tests(_ctx):
    """One for all rows."""
    yield Test("breaks.rows", lambda _journal: check_rows(), 0.2)


def check_rows():
    """Names are unique, texts stand once, cases exist."""
    twice = [name for name, n in
             Counter(row.name for row in breaks.BREAKS).items() if n > 1]
    require(not twice, "broken test", f"rows of one name: {twice}")
    words = {word for path in (breaks.TREE / "tests/kernel").glob("*.c")
             for word in WORD.findall(path.read_text(encoding="utf-8"))}
    for row in breaks.BREAKS:
        text = (breaks.TREE / row.path).read_text(encoding="utf-8")
        require(text.count(row.old) == 1, "broken test",
                f"{row.name}: its text stands {text.count(row.old)} times in "
                f"{row.path}")
        case = row.caught_by.partition(".")[2]
        require({case, OF_A_MODE.sub("", case)} & words, "broken test",
                f"{row.name}: there is no case {row.caught_by}")
