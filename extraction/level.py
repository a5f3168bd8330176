"""The page turned so that its text runs level: the frame in which layout and tables reason.

A level frame turns positions by the text's skew about the page's centre. Sizes are those of the
text itself, so a long line on a skewed page is as flat there as it was written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from extraction.bidi import reading_order
from extraction.types import Box, Line, Word

# A gap wider than this many times the line's height parts a line into segments: about three spaces.
SEGMENT_GAP = 0.75
LEVEL = 0.02  # degrees: a box that leans less was put level
LEANING = 0.3  # the share of the text, by length squared, from which on only leaning lines count


@dataclass(frozen=True, slots=True)
class Frame:
    """``width`` and ``height`` of the page in points, ``skew`` in degrees as in ``PageText``."""

    width: float
    height: float
    skew: float

    @property
    def quarter(self) -> int:
        """The quarter turns in ``skew``, 0 to 3."""
        return round(self.skew / 90) % 4

    @property
    def bounds(self) -> Box:
        """The page in the level frame, its small tilt left aside."""
        if self.quarter % 2 == 0:
            return (0, 0, self.width, self.height)
        x, y = self.width / 2, self.height / 2
        return (x - y, y - x, x + y, y + x)

    def to_level(self, box: Box) -> Box:
        """A box of text on the page, as it lies in the level frame."""
        if not self.skew:
            return box
        x, y = self._turn((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, -self.skew)
        w, h = box[2] - box[0], box[3] - box[1]
        if self.quarter % 2:
            w, h = h, w
        tilt = math.radians(abs((self.skew + 45) % 90 - 45))
        # The upright bounds of a w x h rectangle turned by the tilt, solved for w and h.
        c, s = math.cos(tilt), math.sin(tilt)
        if s and (scale := c * c - s * s) > 0.1:
            w, h = max((w * c - h * s) / scale, 0.3 * w), max((h * c - w * s) / scale, 0.3 * h)
        return (x - w / 2, y - h / 2, x + w / 2, y + h / 2)

    def to_page(self, box: Box) -> Box:
        """The upright bounds on the page of a box in the level frame, within the page."""
        corners = [self._turn(x, y, self.skew) for x in (box[0], box[2]) for y in (box[1], box[3])]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return (
            round(max(min(xs), 0.0), 2),
            round(max(min(ys), 0.0), 2),
            round(min(max(xs), self.width), 2),
            round(min(max(ys), self.height), 2),
        )

    def _turn(self, x: float, y: float, degrees: float) -> tuple[float, float]:
        if not degrees:
            return x, y
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        dx, dy = x - self.width / 2, y - self.height / 2
        return self.width / 2 + dx * c - dy * s, self.height / 2 + dx * s + dy * c


@dataclass(frozen=True, slots=True)
class Piece:
    """A word and its box in the level frame; ``line`` tells the engine's lines apart."""

    word: Word
    box: Box
    line: int = 0

    @property
    def middle(self) -> float:
        return (self.box[1] + self.box[3]) / 2

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class Segment:
    """Words of one row with no wide gap between them, left to right; ``box`` is level.

    ``height`` is that of its text, ``words`` are in the order of reading, ``text`` joins them.
    """

    pieces: tuple[Piece, ...]
    box: Box
    height: float = field(init=False)
    words: tuple[Word, ...] = field(init=False, compare=False, repr=False)
    text: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        ordered = reading_order([piece.word for piece in self.pieces], lambda word: word.text)
        object.__setattr__(self, "height", median(piece.height for piece in self.pieces))
        object.__setattr__(self, "words", tuple(ordered))
        object.__setattr__(self, "text", " ".join([word.text for word in ordered]))

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> Segment:
        return cls(tuple(pieces), union(piece.box for piece in pieces))

    def line(self) -> Line:
        """The segment as a line of the page."""
        box = union(word.box for word in self.words)
        return Line(self.text, box, confidence(self.words), self.words)


Row = list[Segment]


def direction(sides: Sequence[tuple[float, float]]) -> float:
    """The angle of text in degrees, clockwise, -180 to 180: each side (x, y) runs along a line.

    The quarter turn that most of the text takes, and how far the lines that take it deviate from
    it, long lines counting most. The box of a short line is often put exactly level though the line
    leans by a pixel or two: where enough others tell an angle, only they count.
    """
    told = [(math.degrees(math.atan2(y, x)), math.hypot(x, y)) for x, y in sides]
    lengths: dict[int, float] = {}
    for angle, length in told:
        turn = round(angle / 90) % 4
        lengths[turn] = lengths.get(turn, 0.0) + length
    if not lengths:
        return 0.0
    turn = max(lengths, key=lengths.__getitem__)
    ours = sorted(
        ((angle - 90 * turn + 180) % 360 - 180, length**2)
        for angle, length in told
        if round(angle / 90) % 4 == turn
    )
    leaning = [(angle, weight) for angle, weight in ours if abs(angle) > LEVEL]
    if sum(weight for _, weight in leaning) >= LEANING * sum(weight for _, weight in ours):
        ours = leaning
    half, passed, middle = sum(weight for _, weight in ours) / 2, 0.0, 0.0
    for angle, weight in ours:
        middle, passed = angle, passed + weight
        if passed >= half:
            break
    return round((90 * turn + middle + 180) % 360 - 180, 2)


def pieces_of(lines: Iterable[Line], frame: Frame) -> list[list[Piece]]:
    """The words of each line in the level frame; a line without words is one word."""
    found = []
    for index, line in enumerate(lines):
        words = line.words or (Word(line.text, line.box, line.confidence),)
        placed = [
            Piece(word, frame.to_level(word.box), index) for word in words if word.text.strip()
        ]
        if placed:
            found.append(placed)
    return found


def rows_of(lines: Iterable[Sequence[Piece]]) -> list[Row]:
    """Lines on one level become one row; rows from top to bottom, each cut at its wide gaps."""
    rows: list[list[Piece]] = []
    middles: list[tuple[float, float]] = []  # middle and height of each row's first line
    for line in sorted(lines, key=lambda line: median(piece.middle for piece in line)):
        middle = median(piece.middle for piece in line)
        height = median(piece.height for piece in line)
        for index in range(len(rows) - 1, max(len(rows) - 6, -1), -1):
            apart = abs(middle - middles[index][0])
            smaller, larger = sorted((height, middles[index][1]))
            raised = smaller < 0.75 * larger and _is_mark(line if height < larger else rows[index])
            if apart < 0.5 * (larger if raised else smaller):
                rows[index].extend(line)
                break
        else:
            rows.append(list(line))
            middles.append((middle, height))
    return [segments_of(row) for row in rows]


def _is_mark(pieces: Sequence[Piece]) -> bool:
    """Whether the line is a raised number or sign: it goes with the text beside it."""
    return len(pieces) == 1 and len(pieces[0].word.text) <= 2


def text_height(row: Row) -> float:
    """The height of the row's text."""
    return median(segment.height for segment in row)


def segments_of(pieces: Sequence[Piece], gap: float = SEGMENT_GAP) -> Row:
    """The pieces of one row from left to right, parted where they lie far apart."""
    ordered = sorted(pieces, key=lambda piece: piece.box[0])
    wide = gap * median(piece.height for piece in ordered)
    groups = [[ordered[0]]]
    end = ordered[0].box[2]
    for piece in ordered[1:]:
        if piece.box[0] - end > wide:
            groups.append([])
        groups[-1].append(piece)
        end = max(end, piece.box[2])
    return [Segment.of(group) for group in groups]


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of ``boxes`` (at least one)."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


def confidence(words: Iterable[Word]) -> float | None:
    """The mean confidence of the words' characters, None where none was measured."""
    scored = [(word.confidence, len(word.text)) for word in words if word.confidence is not None]
    total = sum(count for _, count in scored)
    return round(sum(score * count for score, count in scored) / total, 4) if total else None
