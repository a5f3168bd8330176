"""The texts of a page in which values stand: lines parted at wide gaps, and over their ends.

What stands a wide gap apart in a line is not one text: "2" of a column of quantities, "250.00"
of one of prices are not 2,250.00. A date or an IBAN may be broken over two lines of a paragraph.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from extraction.formats.regions import regions
from extraction.types import Box, Line, Page, Word

GAP = 1.2  # times the text's height
LONGEST = 400  # characters of a stretch; longer ones are parted between words
LEVEL = 0.6  # of the height: so far apart middles are on one level
LEVEL_ANGLE = 20.0  # degrees: lines turned further are not parted
TAIL = 6  # words of a line, from its end or its beginning, looked at over a break
FLOWING = frozenset({"paragraph", "list", "footnote", "caption", "header", "footer"})


@dataclass(frozen=True, slots=True)
class Stretch:
    """A text that is ``words`` joined by single spaces, word ``n`` beginning at ``starts[n]``.

    ``before`` is what stands left of it on its level. ``line`` is its line's place on the page.
    ``border`` is where its second line begins, 0 where it has one line only. ``placed`` says that
    its words stand where their boxes are.
    """

    text: str
    words: tuple[Word, ...]
    starts: tuple[int, ...]
    line: int
    before: str = ""
    border: int = 0
    placed: bool = True

    def covered(self, start: int, end: int) -> list[Word]:
        """The words of which a part stands between those characters."""
        return [
            word
            for word, at in zip(self.words, self.starts, strict=True)
            if at < end and start < at + len(word.text)
        ]


def stretches(page: Page) -> Iterator[Stretch]:
    """The page's texts in the order of its lines, a line's from left to right."""
    left: tuple[Line, str] | None = None
    for number, line in enumerate(page.lines):
        before = left[1] if left and _beside(left[0], line) else ""
        text = ""
        for words in _parted(line):
            for piece in _pieces(words):
                stretch = _stretch(piece, number, before=before, placed=not line.guessed)
                yield stretch
                before = text = stretch.text
        left = line, text


def over_breaks(page: Page) -> Iterator[Stretch]:
    """What stands around the ends of lines within paragraphs."""
    numbers = {id(line): number for number, line in enumerate(page.lines)}
    for region in regions(page):
        if region.block is None or region.block.kind not in FLOWING:
            continue
        for above, below in pairwise(region.lines):
            number = numbers.get(id(above))
            if number is None or not (above.words and below.words):
                continue
            head, tail = above.words[-TAIL:], below.words[:TAIL]
            if any(len(word.text) > LONGEST // TAIL for word in (*head, *tail)):
                continue
            border = sum(len(word.text) + 1 for word in head)
            yield _stretch((*head, *tail), number, border=border)


def _stretch(
    words: Sequence[Word], line: int, *, before: str = "", border: int = 0, placed: bool = True
) -> Stretch:
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word.text) + 1
    text = " ".join(word.text for word in words)
    return Stretch(text, tuple(words), tuple(starts), line, before, border, placed)


def _beside(left: Line, line: Line) -> bool:
    """Whether a line stands right of another on its level."""
    height = min(left.box[3] - left.box[1], line.box[3] - line.box[1])
    middles = abs(left.box[1] + left.box[3] - line.box[1] - line.box[3]) / 2
    return middles < LEVEL * height and left.box[0] < line.box[0]


def _parted(line: Line) -> Iterator[tuple[Word, ...]]:
    """The line's words, parted where they stand a wide gap apart."""
    words = line.words or (Word(line.text, line.box, line.confidence),)
    if abs(line.angle) > LEVEL_ANGLE or line.guessed:
        yield words
        return
    start = 0
    for at, (one, other) in enumerate(pairwise(words), 1):
        if other.box[0] - one.box[2] > GAP * min(_height(one.box), _height(other.box)):
            yield words[start:at]
            start = at
    yield words[start:]


def _height(box: Box) -> float:
    return box[3] - box[1]


def _pieces(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """The words in runs of ``LONGEST`` characters at most, but for a longer word alone."""
    start, length = 0, 0
    for at, word in enumerate(words):
        if length + len(word.text) > LONGEST and at > start:
            yield words[start:at]
            start, length = at, 0
        length += len(word.text) + 1
    yield words[start:]
