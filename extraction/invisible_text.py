"""The invisible text of a searchable PDF: words where they stand on the page.

Text is drawn in rendering mode 3, which paints nothing, each word stretched to its box: a reader
selects and marks what it sees. A glyph's box is as high as the font size and stands on the
baseline, so the mark that a reader draws over a found word is the word's box.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from statistics import median

from extraction.glyphless import WIDTH, GlyphlessFont
from extraction.level import Frame, union
from extraction.types import Box

MIN_GAP = 0.16  # of its height between words: up to 0.15 Poppler may take two words for one
MIN_TILT = 0.5  # degrees off level, up to which Poppler keeps lines together
DRIFT = 0.3  # of its height that a line's end may stand off its beginning

Matrix = tuple[float, float, float, float, float, float]
WordLine = tuple[float, Sequence[tuple[Box, str]]]  # the line's angle beside the page's, words


@dataclass(frozen=True, slots=True)
class Placed:
    """A word on a page: its baseline begins at (x, y), points from the top left of the page as
    displayed, and runs ``angle`` degrees clockwise; ``width`` and ``height`` are its own. After
    ``gap`` points along the baseline comes the next word of the line, if there is one."""

    text: str
    x: float
    y: float
    width: float
    height: float
    angle: float
    gap: float | None = None


def place(lines: Sequence[WordLine], page: Frame) -> list[Placed]:
    """The words of lines in reading order, each with a space to the next one of its line.

    ``page`` tells the skew, so the words of a skewed page run along their lines.
    """
    placed: list[Placed] = []
    for angle, words in lines:
        frame = Frame(page.width, page.height, page.skew + angle)
        level = [
            (frame.to_level(box), unicodedata.normalize("NFC", text))
            for box, text in words
            if text.strip()
        ]
        if not level:
            continue
        if _stands(level):
            placed += [_standing(box, text, frame) for box, text in level]
            continue
        placed += _row(level, frame)
    return placed


def _row(level: list[tuple[Box, str]], frame: Frame) -> list[Placed]:
    """A level line from left to right on one baseline, but for words that lie well off it."""
    level = sorted(level, key=lambda word: word[0][0])
    height = median(box[3] - box[1] for box, _ in level)
    bottom = median(box[3] for box, _ in level)
    placed: list[Placed] = []
    for (box, text), following in zip_longest(level, level[1:]):
        base = bottom if abs(box[3] - bottom) < 0.3 * height else box[3]
        end = box[2]
        if following:
            apart = following[0][0] - MIN_GAP * height
            end = min(end, max(apart, (box[0] + box[2]) / 2))
        word = _at(box[0], base, end - box[0], height, _visual(text), frame)
        gap = max(following[0][0] - end, 0.0) if following else None
        placed.append(replace(word, gap=gap))
    return placed


def _visual(text: str) -> str:
    """Characters as they follow each other on the page: readers put right-to-left text back."""
    return text[::-1] if _reads_left(text) else text


def _reads_left(text: str) -> bool:
    strong = [unicodedata.bidirectional(character) for character in text]
    return any(kind in ("R", "AL") for kind in strong) and "L" not in strong


def _stands(level: Sequence[tuple[Box, str]]) -> bool:
    """Whether a line runs down (or up) the page, by the shape of its box."""
    left, top, right, bottom = union(box for box, _ in level)
    return sum(len(text) for _, text in level) > 2 and bottom - top > 1.5 * (right - left)


def _standing(box: Box, text: str, frame: Frame) -> Placed:
    """East Asian text running down, other text turned to run up."""
    width, height = box[2] - box[0], box[3] - box[1]
    if any(unicodedata.east_asian_width(character) in "WF" for character in text):
        return _at(box[0], box[1], height, width, text, frame, turn=90.0)
    return _at(box[2], box[3], height, width, text, frame, turn=-90.0)


def _at(
    x: float, y: float, width: float, height: float, text: str, frame: Frame, turn: float = 0.0
) -> Placed:
    """Text whose baseline begins at (x, y) of the level frame, put on the page."""
    angle = math.radians(frame.skew)
    c, s = math.cos(angle), math.sin(angle)
    dx, dy = x - frame.width / 2, y - frame.height / 2
    return Placed(
        text,
        frame.width / 2 + dx * c - dy * s,
        frame.height / 2 + dx * s + dy * c,
        max(width, 0.1),
        max(height, 0.1),
        frame.skew + turn,
    )


def content(placed: Sequence[Placed], font: GlyphlessFont, name: str, to_pdf: Matrix) -> bytes:
    """A content stream that sets the words in ``font``, which the page calls ``name``.

    ``to_pdf`` maps points of the page as displayed (y down) to the page's own space.
    """
    out = [b"q BT 3 Tr /%s 1 Tf" % name.encode()]
    for line in _lines(placed):
        slants = _slants(line)
        drifts = slants and _drifts(line)
        if drifts:
            out.append(_read_as("Span", " ".join(word.text for word in line)))
        for word in line:
            where, shown, space = _shown(word, font, to_pdf)
            if drifts:
                text = word.text + " " if space else word.text
                out += [_read_as("Word", text), b"%s [%s%s] TJ EMC" % (where, shown, space)]
            elif slants:
                out += [
                    _read_as("Span", word.text),
                    b"%s %s Tj EMC [%s] TJ" % (where, shown, space),
                ]
            else:
                out.append(b"%s [%s%s] TJ" % (where, shown, space))
        if drifts:
            out.append(b"EMC")
    out.append(b"ET Q")
    return b"\n".join(out)


def _lines(placed: Sequence[Placed]) -> Iterator[list[Placed]]:
    line: list[Placed] = []
    for word in placed:
        line.append(word)
        if word.gap is None:
            yield line
            line = []


def _slants(line: Sequence[Placed]) -> bool:
    """Whether Poppler (pdftotext, Evince, Okular) would take the line apart.

    It puts characters together that stand at one height. Told what a marked span reads as
    (ActualText, PDF 32000-1, 14.9.4), it takes the span for one character: so words are spans, and
    lines whose end stands well off their beginning. PDFium takes a span for one box: the spans of
    the words in a line's span are for it. Poppler passes over those, for it looks for the tag Span
    alone. Lines read from the right are left as they are: Poppler would turn them around.
    """
    return abs(_tilt(line)) >= MIN_TILT and not any(_reads_left(word.text) for word in line)


def _drifts(line: Sequence[Placed]) -> bool:
    length = math.hypot(line[-1].x - line[0].x, line[-1].y - line[0].y) + line[-1].width
    return math.sin(math.radians(abs(_tilt(line)))) * length > DRIFT * line[0].height


def _tilt(line: Sequence[Placed]) -> float:
    """Degrees off the page's edges, -45 to 45."""
    return (line[0].angle + 45) % 90 - 45


def _read_as(tag: str, text: str) -> bytes:
    return b"/%s << /ActualText <FEFF%s> >> BDC" % (
        tag.encode(),
        text.encode("utf-16-be").hex().upper().encode(),
    )


def _shown(word: Placed, font: GlyphlessFont, to_pdf: Matrix) -> tuple[bytes, bytes, bytes]:
    """What sets the word's matrix, the word, and the way to the space after it with that space."""
    a, b, c, d, e, f = to_pdf
    angle = math.radians(word.angle)
    across = word.width / (WIDTH * len(word.text))
    # The vectors of one em along the baseline and up, then where the baseline begins.
    right = math.cos(angle) * across, math.sin(angle) * across
    up = math.sin(angle) * word.height, -math.cos(angle) * word.height
    numbers = (
        right[0] * a + right[1] * c,
        right[0] * b + right[1] * d,
        up[0] * a + up[1] * c,
        up[0] * b + up[1] * d,
        word.x * a + word.y * c + e,
        word.x * b + word.y * d + f,
    )
    text = font.encode(word.text)
    space = b""
    if word.gap is not None:
        # It reaches a little over the next word: PDFium joins what touches to a line.
        space = b"%.0f %s" % (1000 * (0.9 * WIDTH - word.gap / across), font.encode(" "))
    return b"%.4f %.4f %.4f %.4f %.3f %.3f Tm" % numbers, text, space
