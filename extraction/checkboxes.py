"""Check boxes drawn on a page: small hollow squares, ticked where there is ink inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from extraction.level import union
from extraction.types import Box, Line, Pixels, Word

Mask = npt.NDArray[Any]
Rectangle = tuple[Sequence[float], Sequence[float], float]  # OpenCV's: centre, size, angle

EMPTY, TICKED = "☐", "☑"

SMALLEST, LARGEST = 6.0, 20.0  # points, the side of a check box
SIDES = (8.0, 11.0, 15.0)  # points: how long the strokes of an outline are, at least STROKE of it
STROKE = 0.75
CORNER = 0.12  # of the side: how near the outline must come to each corner
INK = 0.07  # share of dark pixels inside a box from which on it counts as ticked
LABEL_GAP = 3.0  # of the side: how far right of the box its label may begin
MOST = 500  # check boxes of a page that get their labels
SOLID = 0.9  # share from which on it is a filled square
# Ticks set as characters, those of Zapf Dingbats also by their codes.
MARKS = "345678lnuxX✓✔✕✖✗✘×•●■◆★\uf0fc\uf0fb"
# What recognition makes of a drawn box standing before a word.
SQUARES = "□口囗▢☐☑☒⊠日回区図团因田■▪["
LOOKALIKES = SQUARES + "✓✔√vVxX×DOCULI|]"  # standing alone


def find(pixels: Pixels, dpi: float) -> list[tuple[Box, bool]]:
    """The drawn check boxes: box in points and whether it is ticked.

    ``pixels`` is RGB, as in ``PageImage``. A check box is an outline with a hole, nearly square,
    reaching into all four corners of the rectangle around it: letters are round or open there.
    A tick that runs over the edge spoils that outline: there the inner edge is looked at, in what
    is left without slanting strokes.
    """
    import cv2

    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    mean, inverse = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    ink = cv2.adaptiveThreshold(gray, 255, mean, inverse, 31, 15)
    found = _squares(ink, ink, dpi, inner=False)
    for side in SIDES:
        strokes = _without_slants(ink, STROKE * side / 72 * dpi)
        for box, ticked in _squares(strokes, ink, dpi, inner=True):
            x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            known = any(x0 < x < x1 and y0 < y < y1 for (x0, y0, x1, y1), _ in found)
            if ticked and not known:
                found.append((box, ticked))
    return found


def _without_slants(ink: Mask, pixels: float) -> Mask:
    """The level and upright strokes alone that are at least so long."""
    import cv2

    length = max(3, round(pixels))
    level = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    upright = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    return cv2.bitwise_or(level, upright)


def _squares(outlined: Mask, ink: Mask, dpi: float, *, inner: bool) -> list[tuple[Box, bool]]:
    """The check boxes by the outer, or the inner, edges of what stands in ``outlined``.

    ``ink`` tells what is inside them.
    """
    import cv2

    outlines, tree = cv2.findContours(outlined, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if tree is None:
        return []
    scale = 72 / dpi
    found = []
    for outline, (_, _, hole, parent) in zip(outlines, tree[0].tolist(), strict=True):
        x, y, width, height = cv2.boundingRect(outline)
        sides = (width * scale, height * scale)
        if min(sides) < SMALLEST or max(sides) > LARGEST * 1.1:
            continue
        if parent < 0 if inner else parent >= 0 or hole < 0:
            continue
        around = cv2.minAreaRect(outline)
        side = min(around[1])
        if side < 0.8 * max(around[1]) or not _has_corners(outline, around, CORNER * side):
            continue
        inside = _inside(ink, around)
        if inside.size and (share := float((inside > 0).mean())) < SOLID:
            box = (x * scale, y * scale, (x + width) * scale, (y + height) * scale)
            found.append((box, share > INK))
    return found


def _has_corners(outline: Mask, around: Rectangle, reach: float) -> bool:
    import cv2

    points = outline.reshape(-1, 2).astype(np.float32)
    corners = cv2.boxPoints(around)
    return all(np.linalg.norm(points - corner, axis=1).min() <= reach for corner in corners)


def _inside(ink: Mask, around: Rectangle) -> Mask:
    """The mask within the box, turned upright, its border left out."""
    import cv2

    size = 40
    target = np.array([[0, 0], [size, 0], [size, size]], dtype=np.float32)
    corners = cv2.boxPoints(around)[:3]
    level = cv2.warpAffine(ink, cv2.getAffineTransform(corners, target), (size, size))
    margin = size // 5
    return level[margin:-margin, margin:-margin]


def with_marks(
    lines: Sequence[Line], boxes: Sequence[tuple[Box, bool]]
) -> tuple[list[Line], list[tuple[Box, bool]]]:
    """Lines and drawn boxes, the characters that stand in boxes as ticks taken out of the lines.

    Where other digits stand in boxes too, digits are no ticks but numbers.
    """
    held: dict[int, Word] = {}
    for line in lines:
        for word in line.words:
            if len(word.text) == 1:
                x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
                inside = (
                    i for i, (b, _) in enumerate(boxes) if b[0] < x < b[2] and b[1] < y < b[3]
                )
                if (index := next(inside, None)) is not None:
                    held[index] = word
    numbers = any(word.text.isdigit() and word.text not in MARKS for word in held.values())
    ticks = {
        index: word
        for index, word in held.items()
        if word.text in MARKS and not (numbers and word.text.isdigit())
    }
    taken = {id(word) for word in ticks.values()}
    left = [_with_words(line, [w for w in line.words if id(w) not in taken]) for line in lines]
    told = [(box, ticked or index in ticks) for index, (box, ticked) in enumerate(boxes)]
    return [line for line in left if line.text], told


def _with_words(line: Line, words: Sequence[Word]) -> Line:
    """The line with other words; without any, one without text."""
    if len(words) == len(line.words):
        return line
    box = union(word.box for word in words or line.words)
    return replace(line, text=" ".join(word.text for word in words), box=box, words=tuple(words))


def mark(lines: Sequence[Line], boxes: Sequence[tuple[Box, bool]]) -> tuple[Line, ...]:
    """The lines with each check box as a word of its own, ``☐`` or ``☑``, before its label.

    What was read in place of a box is replaced, or left out where it was read as a line of its own.
    A square within a word is a letter, and one without a label to its right is no check box: both
    are left alone.
    """
    marked = list(lines)
    for box, ticked in boxes[:MOST]:
        glyph = Word(TICKED if ticked else EMPTY, _rounded(box))
        middle = (box[1] + box[3]) / 2
        for index, line in enumerate(marked):
            if not line.box[1] <= middle <= line.box[3]:
                continue
            words = _put(glyph, line.words)
            if words:
                text = " ".join(word.text for word in words)
                around = union(word.box for word in words)
                marked[index] = replace(line, text=text, box=around, words=words)
                marked = [each for each in marked if not _is_drawn_box(each, box)]
                break
    return tuple(marked)


def _is_drawn_box(line: Line, box: Box) -> bool:
    """Whether the line is nothing but the check box itself, read as a letter."""
    x0, y0, x1, y1 = line.box
    inside = box[0] <= (x0 + x1) / 2 <= box[2] and box[1] <= (y0 + y1) / 2 <= box[3]
    return inside and len(line.text) == 1 and line.text in LOOKALIKES


def _rounded(box: Box) -> Box:
    x0, y0, x1, y1 = box
    return (round(x0, 2), round(y0, 2), round(x1, 2), round(y1, 2))


def _put(glyph: Word, words: Sequence[Word]) -> tuple[Word, ...] | None:
    """The words with the check box in its place, or None where it does not belong to them."""
    left, top, right, bottom = glyph.box
    side, middle = right - left, (top + bottom) / 2
    for index, word in enumerate(words):
        x0, y0, x1, y1 = word.box
        if not y0 <= middle <= y1 or x1 <= left or x0 - right > LABEL_GAP * side:
            continue
        if index and words[index - 1].box[2] > left - 0.25 * side:
            return None  # a letter within a word or a number
        if sum(map(str.isalpha, " ".join(each.text for each in words[index:]))) < 2:
            return None
        before, after = tuple(words[:index]), tuple(words[index + 1 :])
        if len(word.text) == 1 and word.text in LOOKALIKES and x0 < right + 0.3 * side:
            return (*before, glyph, *after)  # the box itself, read as a letter
        if min(x1, right) - max(x0, left) < 0.5 * min(side, x1 - x0):
            return (*before, glyph, word, *after)
        if x0 < left - 0.7 * side or word.text[0] not in SQUARES:
            return None
        label = replace(word, text=word.text[1:], box=(right, y0, max(x1, right), y1))
        return (*before, glyph, label, *after) if label.text else (*before, glyph, *after)
    return None
