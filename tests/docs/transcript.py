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
TOKEN = re.compile(r"(0x[0-9a-fA-F]+|\b[0-9a-f]*\d[0-9a-f]*\b|"
                   r"\b[0-9a-f]{8}\b|\d+|[ \t]+)")


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


def _chunks(lines):
    """Runs of lines between lines of "..."; the first one may be empty."""
    out = [[]]
    for line in lines:
        if line.strip() == "...":
            out.append([])
        elif line.strip():
            out[-1].append(line.strip())
    return out


def _match_length(chunk, real):
    """How many lines of the chunk the first lines of real match."""
    for i, line in enumerate(chunk):
        if i == len(real) or not pattern(line).fullmatch(real[i]):
            return i
    return len(chunk)


def mismatch(shown, real, from_start=True, to_end=False):
    """None, or the sentence that says which shown line the real ones lack.

    Lines follow each other as they are shown; "..." alone skips some. With
    from_start False the first may come anywhere; with to_end nothing may
    follow the last. Empty lines do not count.
    """
    real = [line.strip() for line in real if line.strip()]
    chunks, at = _chunks(shown), 0
    for number, chunk in enumerate(chunks):
        places = range(at, len(real) + 1)
        if number == 0 and from_start:
            places = places[:1]
        if to_end and number == len(chunks) - 1 and chunk:
            places = [i for i in places if i + len(chunk) == len(real)] or places
        lengths = [_match_length(chunk, real[i:]) for i in places]
        best = max(lengths)
        place = places[lengths.index(best)]
        if best < len(chunk):
            got = real[place + best] if place + best < len(real) else "(the end)"
            return 'shown "%s", real "%s"' % (chunk[best], got)
        at = place + len(chunk)
    if to_end and at < len(real) and chunks[-1]:
        return 'not shown: "%s"' % real[at]
    return None
