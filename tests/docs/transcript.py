"""What documents show, held against what a machine prints.

Fenced blocks are taken out of Markdown. A line of a shown output matches a real
one if they are equal but for numbers (hexadecimal or decimal) and for how many
blanks stand somewhere; "..." stands for anything within a line, and alone on a
line for any number of lines.
"""
import re

FENCE = re.compile(r"^(```+)\s*(.*?)\s*$")
HEADING = re.compile(r"^#+\s+(.*)$")
# a number, also where it is part of a word, or blanks
TOKEN = re.compile(r"(0x[0-9a-fA-F]+|\b[0-9a-f]*\d[0-9a-f]*\b|\b[0-9a-f]{8}\b|\d+|[ \t]+)")


class Block:
    """A fenced block: its words behind the fence, lines, place and heading."""

    def __init__(self, path, line, heading, words):
        self.path, self.line, self.heading, self.words = path, line, heading, words
        self.lines = []

    @property
    def kind(self):
        return self.words[0] if self.words else ""

    @property
    def where(self):
        return "%s:%d" % (self.path, self.line)

    def commands(self, prompt):
        """[(command, lines shown below it)] of a session at that prompt."""
        out = []
        for line in self.lines:
            if line.startswith(prompt):
                out.append((line[len(prompt):], []))
            elif out:
                out[-1][1].append(line)
        return out


def blocks(path):
    """All fenced blocks of a document, with the heading that each stands under."""
    out, open_fence, heading = [], None, ""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            fence = FENCE.match(line)
            if open_fence:
                if fence and fence.group(1) == open_fence and not fence.group(2):
                    open_fence = None
                else:
                    out[-1].lines.append(line)
            elif fence:
                open_fence = fence.group(1)
                out.append(Block(path, number, heading, fence.group(2).split()))
            elif HEADING.match(line):
                heading = HEADING.match(line).group(1)
    return out


def headings(path):
    """The headings of a document, without those in fenced blocks."""
    out, open_fence = [], None
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            fence = FENCE.match(line)
            if fence and open_fence in (None, fence.group(1)):
                open_fence = None if open_fence else fence.group(1)
            elif not open_fence and HEADING.match(line):
                out.append(HEADING.match(line).group(1))
    return out


def _numbers_and_blanks(text):
    """A pattern for text in which numbers and blanks may differ."""
    out = ""
    for i, part in enumerate(TOKEN.split(text)):
        if i % 2 == 0:
            out += re.escape(part)
        elif part.isspace():
            out += "[ \\t]+"
        elif part.startswith("0x"):
            out += "0x[0-9a-fA-F]+"
        else:
            out += "[0-9a-f]+"
    return out


def pattern(line):
    """The regular expression that a shown line stands for."""
    parts = [_numbers_and_blanks(part) for part in line.strip().split("...")]
    return re.compile(r"\s*" + ".*".join(parts) + r"\s*")


def mismatch(shown, real, from_start=True):
    """None, or the sentence that says which shown line the real ones lack.

    Lines follow each other as they are shown; "..." alone skips some. With
    from_start False the first may come anywhere.
    """
    shown = [line for line in shown if line.strip()]
    real = [line for line in real if line.strip()]
    at, may_skip, before = 0, not from_start, ""
    for line in shown:
        if line.strip() == "...":
            may_skip = True
            continue
        wanted = pattern(line)
        found = at
        while may_skip and found < len(real) and not wanted.fullmatch(real[found]):
            found += 1
        if found >= len(real) or not wanted.fullmatch(real[found]):
            if may_skip and before:
                return 'nowhere behind "%s": "%s"' % (before, line.strip())
            got = real[at].strip() if at < len(real) else "(the end)"
            return 'shown "%s", real "%s"' % (line.strip(), got)
        at, may_skip, before = found + 1, False, line.strip()
    return None
