"""Text that runs at an angle to the page's: watermarks and stamps, blocks of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from extraction.level import confidence, union
from extraction.types import Block, BlockKind, Box, Line, Word

SLANT = 4.0  # degrees: what runs so far off the page's direction is no part of its text
CHARACTERS = 3  # a line of fewer has no angle to speak of
PITCH = 0.58  # of the text's size: the mean width of a character
WATERMARK = 2.2  # times the text's size: slanted text so large lies under or over the whole page
SPAN = 30.0  # points between two words that tell an angle
SHAPED = 5  # characters of a word whose box may tell that it is slanted
TOO_HIGH = 1.35  # times the height that so many characters in that width have
NEAR = 2.0  # times the text's size: lines of one stamp are no farther apart


def parted(lines: Sequence[Line], skew: float) -> tuple[list[Line], list[list[Line]]]:
    """The lines that run with the page, and groups of those that do not: one a stamp or mark.

    ``skew`` is the page's, as in ``PageText``. Where an engine tells no angle, the words it placed
    along the line do; a single word is believed to be slanted where it stands by slanted lines.
    """
    told = [
        line if line.angle or not _measured(line) else replace(line, angle=_slope(line, skew))
        for line in lines
    ]
    sure = [line for line in told if abs(line.angle) >= SLANT]
    if sure:
        told = [
            replace(line, angle=near[0].angle)
            if _too_high(line) and (near := [each for each in sure if _near([each], line)])
            else line
            for line in told
        ]
    level: list[Line] = []
    groups: list[list[Line]] = []
    for line in told:
        if abs(line.angle) < SLANT or len(line.text.replace(" ", "")) < CHARACTERS:
            level.append(replace(line, angle=0.0) if line.angle else line)
            continue
        for group in groups:
            if abs(group[0].angle - line.angle) < SLANT and _near(group, line):
                group.append(line)
                break
        else:
            groups.append([line])
    return level, groups


def _measured(line: Line) -> bool:
    """Whether the words were read from pixels, and stand along the line they were read from."""
    return len(line.words) > 1 and line.words[0].confidence is not None


def _slope(line: Line, skew: float) -> float:
    """The angle from the middle of the first word to that of the last, beside the page's."""
    first, last = line.words[0].box, line.words[-1].box
    across = (last[0] + last[2] - first[0] - first[2]) / 2
    down = (last[1] + last[3] - first[1] - first[3]) / 2
    if math.hypot(across, down) < SPAN:
        return 0.0
    angle = math.degrees(math.atan2(down, across)) - skew
    return (angle + 180) % 360 - 180


def _too_high(line: Line) -> bool:
    """Whether one word's box is higher than so many characters in its width would be."""
    if line.angle or len(line.words) != 1 or len(line.text) < SHAPED:
        return False
    x0, y0, x1, y1 = line.box
    return (y1 - y0) * PITCH * len(line.text) > TOO_HIGH * (x1 - x0)


def text_size(line: Line) -> float:
    """The height of slanted text, from its upright box and its number of characters.

    A text of length ``l`` and height ``h`` at angle ``a`` has a box of width + height
    ``(l + h) (cos a + sin a)``; ``l`` is about ``PITCH`` h a character.
    """
    angle = math.radians(abs(line.angle) % 180)
    spread = abs(math.cos(angle)) + abs(math.sin(angle))
    x0, y0, x1, y1 = line.box
    return (x1 - x0 + y1 - y0) / (spread * (PITCH * len(line.text) + 1))


def _near(group: Sequence[Line], line: Line) -> bool:
    reach = NEAR * max(text_size(line), text_size(group[-1]))
    x0, y0, x1, y1 = union(each.box for each in group)
    box = line.box
    across = max(x0, box[0]) - min(x1, box[2])
    down = max(y0, box[1]) - min(y1, box[3])
    return max(across, down) <= reach


def block(group: Sequence[Line], size: float, sides: tuple[float, float]) -> Block:
    """The group as a watermark, a stamp, or, up or down the page, a paragraph by itself.

    ``size`` is the height of the page's text in points. What runs up or down the page beyond
    ``sides`` (left and right, in points) is no part of the text: a footer.
    """
    words: list[Word] = [word for line in group for word in line.words]
    turned = abs(abs(group[0].angle) - 90) < SLANT
    kind: BlockKind = "stamp"
    box: Box = union(line.box for line in group)
    if turned:
        kind = "footer" if box[2] <= sides[0] or box[0] >= sides[1] else "paragraph"
    elif median(map(text_size, group)) >= WATERMARK * size:
        kind = "watermark"
    return Block(
        id="",
        kind=kind,
        text="\n".join(line.text for line in group),
        box=box,
        confidence=confidence(words),
    )
