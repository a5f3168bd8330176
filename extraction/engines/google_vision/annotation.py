"""Google's full text annotation to lines and words.

The annotation is a tree: pages, blocks, paragraphs, words, symbols. What it calls a word ends where
punctuation begins; what stands between two of them is told by the break after the last symbol. Here
a word is what stands between two spaces, as everywhere else. Fields that are 0 are not sent, so a
coordinate that is missing is 0, and a confidence that is 0 was not measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from extraction.level import confidence, direction, union
from extraction.types import Box, Line, Word

Point = tuple[float, float]

# TextAnnotation.DetectedBreak.BreakType
SPACES = {1, 2}  # a space, a wide one
LINE_ENDS = {3, 5}  # a line's that goes on, a paragraph's
HYPHEN = 4  # a line's end with a hyphen that is not among the symbols


@dataclass(frozen=True, slots=True)
class Scale:
    """From the picture that was sent, in pixels, to the page, in points."""

    pixels: tuple[int, int]
    points: tuple[float, float]

    def point(self, x: float, y: float) -> Point:
        """Within the page."""
        width, height = self.points
        return (
            min(max(x * width / self.pixels[0], 0.0), width),
            min(max(y * height / self.pixels[1], 0.0), height),
        )


@dataclass(frozen=True, slots=True)
class Corners:
    """Where something stands: its bounds, and along what it is read, from left to right as its
    letters stand (x, y)."""

    box: Box
    side: Point

    @classmethod
    def around(cls, points: Sequence[Point]) -> Corners:
        """Of the corners in the order of reading, or of any points: those count as level."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        box = (min(xs), min(ys), max(xs), max(ys))
        if len(points) == 4 and len(set(points)) >= 3:
            return cls(box, (points[1][0] - points[0][0], points[1][1] - points[0][1]))
        return cls(box, (box[2] - box[0], 0.0))

    @classmethod
    def joined(cls, parts: Sequence[Corners]) -> Corners:
        x, y = (sum(part.side[axis] for part in parts) for axis in (0, 1))
        return cls(union(part.box for part in parts), (x, y))


@dataclass(frozen=True, slots=True)
class Part:
    """Text without a space within, and what stands after it."""

    text: str
    corners: Corners
    confidence: float | None
    after: int


def read(
    annotation: Any, sent: tuple[int, int], page: tuple[float, float]
) -> tuple[tuple[Line, ...], float]:
    """The lines of a ``TextAnnotation`` (the message itself) in its order, and the angle of their
    text as of ``PageText.skew``.

    ``sent`` are the picture's width and height in pixels, ``page`` those of the page in points.
    """
    found = list(_lines(annotation, sent, page))
    sides = [place.side for _, place in found if any(place.side)]
    return tuple(line for line, _ in found), direction(sides)


def _lines(
    annotation: Any, sent: tuple[int, int], page: tuple[float, float]
) -> Iterator[tuple[Line, Corners]]:
    for leaf in annotation.pages:
        size = (leaf.width, leaf.height) if leaf.width > 0 and leaf.height > 0 else sent
        scale = Scale(size, page)
        for block in leaf.blocks:
            for paragraph in block.paragraphs:
                around = (
                    _corners(paragraph.bounding_box, scale)
                    or _corners(block.bounding_box, scale)
                    or Corners.around([(0.0, 0.0), page])
                )
                yield from _in_paragraph(paragraph, around, scale)


def _in_paragraph(paragraph: Any, around: Corners, scale: Scale) -> Iterator[tuple[Line, Corners]]:
    """Its lines; ``around`` is where words stand of which nothing is told."""
    words: list[tuple[Word, Corners]] = []
    parts: list[Part] = []
    for word in paragraph.words:
        for part in _parts(word, around, scale):
            if part.text:
                parts.append(part)
            if part.after and parts:
                words.append(_word(parts))
                parts = []
            if part.after in LINE_ENDS or part.after == HYPHEN:
                if words:
                    yield _line(words)
                words = []
    if parts:
        words.append(_word(parts))
    if words:
        yield _line(words)


def _parts(word: Any, around: Corners, scale: Scale) -> Iterator[Part]:
    """A word of Google's; more than one where a break is within."""
    whole = _corners(word.bounding_box, scale)
    text = ""
    places: list[Corners] = []
    scores: list[float] = []
    symbols = list(word.symbols)
    parted = any(_break(symbol.property) for symbol in symbols[:-1])
    for index, symbol in enumerate(symbols):
        after, before = _break(symbol.property), 0
        if symbol.property.detected_break.is_prefix:
            after, before = 0, after
        if before:
            yield Part(text, _place(places, None, whole or around), _mean(scores), before)
            text, places, scores = "", [], []
        text += "".join(symbol.text.split())
        if place := _corners(symbol.bounding_box, scale):
            places.append(place)
        if symbol.confidence:
            scores.append(symbol.confidence)
        last = index == len(symbols) - 1
        if last:
            after = after or _break(word.property)
        if after == HYPHEN:
            text += "-"
        if after or last:
            place = _place(places, None if parted else whole, whole or around)
            score = word.confidence or _mean(scores) or 0.0
            yield Part(text, place, score or None, after)
            text, places, scores = "", [], []


def _place(symbols: Sequence[Corners], whole: Corners | None, around: Corners) -> Corners:
    return whole or (Corners.joined(symbols) if symbols else around)


def _word(parts: Sequence[Part]) -> tuple[Word, Corners]:
    """Parts that no space parts; as sure as the least sure of them."""
    place = Corners.joined([part.corners for part in parts])
    scores = [part.confidence for part in parts if part.confidence is not None]
    score = round(min(max(min(scores), 0.0), 1.0), 4) if scores else None
    return Word("".join(part.text for part in parts), _rounded(place.box), score), place


def _line(words: Sequence[tuple[Word, Corners]]) -> tuple[Line, Corners]:
    place = Corners.joined([corners for _, corners in words])
    found = tuple(word for word, _ in words)
    text = " ".join(word.text for word in found)
    return Line(text, _rounded(place.box), confidence(found), found), place


def _corners(poly: Any, scale: Scale) -> Corners | None:
    """Where the polygon stands; None where nothing is told of it."""
    points = [scale.point(vertex.x, vertex.y) for vertex in poly.vertices]
    if not points:
        width, height = scale.pixels
        points = [
            scale.point(vertex.x * width, vertex.y * height)
            for vertex in poly.normalized_vertices
            if math.isfinite(vertex.x) and math.isfinite(vertex.y)
        ]
    return Corners.around(points) if points else None


def _break(told: Any) -> int:
    return int(told.detected_break.type_)


def _mean(scores: Sequence[float]) -> float | None:
    return sum(scores) / len(scores) if scores else None


def _rounded(box: Box) -> Box:
    return (round(box[0], 2), round(box[1], 2), round(box[2], 2), round(box[3], 2))
