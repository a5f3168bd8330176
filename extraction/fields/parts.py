"""The lines of a document as the finder sees them: level, split into words, with their labels.

Whatever looks around a line looks at a bounded number of others (``NEAR``), so that the work grows
with the number of lines alone.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from statistics import median

from extraction.fields.definition import Field
from extraction.fields.labels import Label, labels_of
from extraction.level import Frame, union
from extraction.types import Box, Line, Page, Word

NEAR = 40  # lines looked at on a line's level, and below it
JOINED = 1.7  # of the line's height: so wide a gap may be a space in large type
SLIP = 36  # times the text's height: a till prints about 40 characters a line
LEVEL = 0.6  # of the lower line's height: so far apart middles are on one level

TOGETHER = 0.7  # how far words are read wrong each by itself, from 0 to 1

DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Part:
    """A line of a page with its level box, its words split at ":", and its labels.

    ``index`` is its place among the page's lines from the top down.
    """

    page: int
    line: Line
    box: Box
    words: tuple[Word, ...]
    labels: tuple[Label, ...]
    has_digit: bool
    index: int = 0

    @property
    def text(self) -> str:
        return self.line.text

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]

    @property
    def middle(self) -> float:
        return (self.box[1] + self.box[3]) / 2


class Sheet:
    """One page's parts, from the top down; ``bounds`` is the page in the level frame, in points."""

    def __init__(self, page: Page, parts: Sequence[Part], bounds: Box) -> None:
        self.page = page
        self.bounds = bounds
        ordered = sorted(parts, key=lambda part: (part.middle, part.box[0]))
        self.parts = tuple(replace(part, index=index) for index, part in enumerate(ordered))
        self._middles = [part.middle for part in self.parts]

    @cached_property
    def text_height(self) -> float:
        """The usual height of a line, in points; at least 1."""
        return max(median([part.height for part in self.parts] or [1.0]), 1.0)

    @cached_property
    def extent(self) -> tuple[float, float]:
        """The top and the bottom of what is written."""
        if not self.parts:
            return self.bounds[1], self.bounds[3]
        return self.parts[0].box[1], max(part.box[3] for part in self.parts)

    @cached_property
    def slip(self) -> bool:
        """Whether the writing is as narrow as a till's: a receipt rather than a sheet of paper."""
        if not self.parts:
            return False
        left = min(part.box[0] for part in self.parts)
        right = max(part.box[2] for part in self.parts)
        return right - left < SLIP * self.text_height

    def depth(self, part: Part) -> float:
        """How far down the writing the part stands, from 0 to 1."""
        top, bottom = self.extent
        return (part.middle - top) / max(bottom - top, 1.0)

    def row(self, part: Part) -> list[Part]:
        """The other parts on the part's level, from left to right."""
        reach = LEVEL * part.height
        start = bisect_left(self._middles, part.middle - reach)
        found = []
        for other in self.parts[start : start + NEAR]:
            if other.middle > part.middle + reach:
                break
            between = abs(other.middle - part.middle)
            if other.index != part.index and between < LEVEL * min(part.height, other.height):
                found.append(other)
        return sorted(found, key=lambda other: other.box[0])

    def below(self, part: Part, reach: float) -> Iterator[Part]:
        """The parts under the part, from the top down, that begin within ``reach`` points."""
        for other in self.parts[part.index + 1 : part.index + 1 + NEAR]:
            if other.middle <= part.middle + LEVEL * min(part.height, other.height):
                continue
            if other.box[1] - part.box[3] >= reach:
                return
            yield other

    @cached_property
    def followers(self) -> dict[int, int]:
        """For each part, by index, the one next below it in its column."""
        return {
            part.index: other.index
            for part in self.parts
            for other in [self._follower(part)]
            if other is not None
        }

    def _follower(self, part: Part) -> Part | None:
        for other in self.below(part, 1.6 * max(part.height, self.text_height)):
            if other.box[0] < part.box[2] and other.box[2] > part.box[0]:
                return other
        return None


def joined(sheet: Sheet) -> Sheet:
    """The page with parts of a row that are hardly apart put together, as in large wide type."""
    done: set[int] = set()
    parts = []
    for part in sheet.parts:
        if part.index in done:
            continue
        row = [part, *(other for other in sheet.row(part) if other.index not in done)]
        run: list[Part] = []
        for other in sorted(row, key=lambda other: other.box[0]):
            height = min(run[-1].height, other.height) if run else 0.0
            if run and not -height < other.box[0] - run[-1].box[2] < JOINED * height:
                parts.append(_together(run))
                run = []
            run.append(other)
        parts.append(_together(run))
        done |= {other.index for other in row}
    return Sheet(sheet.page, parts, sheet.bounds)


def _together(run: Sequence[Part]) -> Part:
    if len(run) == 1:
        return run[0]
    line = Line(
        " ".join(part.text for part in run),
        union(part.line.box for part in run),
        None,
        tuple(word for part in run for word in part.line.words),
    )
    labels: list[Label] = []
    words: list[Word] = []
    for part in run:
        moved = len(words)
        labels += (
            replace(label, first=label.first + moved, last=label.last + moved)
            for label in part.labels
        )
        words += part.words
    return Part(
        run[0].page,
        line,
        union(part.box for part in run),
        tuple(words),
        tuple(labels),
        any(part.has_digit for part in run),
    )


def sheets_of(pages: Sequence[Page], fields: tuple[Field, ...]) -> list[Sheet]:
    """The pages' lines with the labels of those fields in them."""
    words = [
        [tuple(split for word in line.words for split in _split(word)) for line in page.lines]
        for page in pages
    ]
    texts = [[word.text for word in line] for on in words for line in on]
    as_read = [line.confidence is not None for page in pages for line in page.lines]
    labels = iter(labels_of(fields).in_lines(texts, as_read=as_read))
    sheets = []
    for page, on_page in zip(pages, words, strict=True):
        frame = Frame(page.width, page.height, page.skew)
        parts = [
            Part(
                page.number,
                line,
                _level_box(line, frame),
                split,
                tuple(next(labels)),
                DIGIT.search(line.text) is not None,
            )
            for line, split in zip(page.lines, on_page, strict=True)
        ]
        sheets.append(Sheet(page, parts, frame.bounds))
    return sheets


def reading(words: Sequence[Word]) -> float:
    """How surely all those words were read right; a PDF's own text is sure.

    The product to the power of 0.7: words of one line are read badly together, and what is lost is
    often a mark or a space, which is not part of the value.
    """
    chances = (word.confidence for word in words if word.confidence is not None)
    return float(prod(chances) ** TOGETHER)


def _level_box(line: Line, frame: Frame) -> Box:
    boxes = (word.box for word in line.words or (line,))
    return union(map(frame.to_level, boxes) if frame.skew else boxes)


def _split(word: Word) -> Iterator[Word]:
    """ "No:123" as "No:" and "123"; both keep the box of the whole."""
    head, mark, tail = word.text.partition(":")
    if head and tail and any(letter.isalpha() for letter in head):
        yield replace(word, text=head + mark)
        yield replace(word, text=tail)
    else:
        yield word
