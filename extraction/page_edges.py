"""The rows at the edges of a page, from outside inwards: what may be a header or a footer.

Boxes are the page's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from extraction.level import union
from extraction.types import Block, Box, Line, Page

EDGE = 0.15  # of the page's height: furniture stands in the first or last strip
ROWS = 12  # at each edge that are looked at
APART = 3.0  # times its height: a number so far from the rest of its row is the page's
NUMBER = re.compile(
    r"\W*(?:\D{0,12}\s|[A-Z]-|\d{1,2}-)?(?P<number>\d{1,4}|[ivxl]{1,7})"
    r"(?:\s?\D{1,4}\s?\d{1,4})?\W*"
)


@dataclass(frozen=True, slots=True)
class Row:
    """What stands on one level at the edge of a page; ``parts`` from left to right."""

    top: bool
    place: float  # of its middle, as a share of the page's height
    box: Box
    height: float  # of its text, in points
    parts: tuple[Line, ...]
    blocks: tuple[Block, ...]  # that its parts are of
    text: str  # letters and digits of its parts, in alphabetical order, each number as 0
    number: int | None  # of the page, if one of its parts says little else


@dataclass(frozen=True, slots=True)
class Edges:
    """The rows at the edges of a page, each from outside inwards, and what they are judged by."""

    page: Page
    top: tuple[Row, ...]
    bottom: tuple[Row, ...]
    body: float  # the height of the page's text, in points
    right: float  # the edge of its text


def edges_of(page: Page) -> Edges:
    lines = [line for line in page.lines if not line.angle]
    body = median(line.box[3] - line.box[1] for line in lines) if lines else 0.0
    right = max((line.box[2] for line in lines), default=page.width)
    placed = [block for block in page.blocks if block.box and block.kind not in ("watermark",)]
    high = [b for b in placed if b.box and b.box[1] < EDGE * page.height]
    low = [b for b in placed if b.box and b.box[3] > (1 - EDGE) * page.height]
    high = sorted(high, key=lambda b: b.box[1] if b.box else 0.0)[: 2 * ROWS]
    low = sorted(low, key=lambda b: -b.box[3] if b.box else 0.0)[: 2 * ROWS]
    upper = sorted(lines, key=lambda line: line.box[1])[: 6 * ROWS]
    lower = sorted(lines, key=lambda line: -line.box[3])[: 6 * ROWS]
    return Edges(
        page,
        tuple(_rows(page, high, upper, top=True)),
        tuple(_rows(page, low, lower, top=False)),
        body,
        right,
    )


def _rows(
    page: Page, blocks: Sequence[Block], lines: Sequence[Line], *, top: bool
) -> Iterator[Row]:
    """The rows of the blocks in the first or last strip of the page, from outside inwards."""
    left = list(lines)
    found: list[tuple[Line, Block]] = []
    for block in blocks:
        held = [line for line in left if block.box and within(line.box, block.box)]
        left = [line for line in left if not any(line is each for each in held)]
        if not held and block.box and (block.kind != "table" and not page.lines):
            held = [Line(block.text, block.box)]
        found += [(line, block) for line in held]
    found.sort(key=lambda pair: _middle(pair[0].box) * (1 if top else -1))
    rows: list[list[tuple[Line, Block]]] = []
    for line, block in found:
        share = (line.box[3] if top else line.box[1]) / page.height
        if share > EDGE if top else share < 1 - EDGE:
            continue
        near = rows[-1][0][0].box if rows else line.box
        if rows and abs(_middle(line.box) - _middle(near)) < 0.5 * min(
            line.box[3] - line.box[1], near[3] - near[1]
        ):
            rows[-1].append((line, block))
        else:
            rows.append([(line, block)])
    for row in rows[:ROWS]:
        row.sort(key=lambda pair: pair[0].box[0])
        parts = tuple(line for line, _ in row)
        yield Row(
            top,
            _middle(union(line.box for line in parts)) / page.height,
            union(line.box for line in parts),
            max(line.box[3] - line.box[1] for line in parts),
            parts,
            tuple({block.id: block for _, block in row}.values()),
            "".join(sorted(re.sub(r"\d+", "0", bare(line.text)) for line in parts)),
            _page_number(parts),
        )


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def within(box: Box, other: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, _middle(box)
    return other[0] <= x <= other[2] and other[1] <= y <= other[3]


def bare(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def _page_number(parts: Sequence[Line]) -> int | None:
    """The number that the row's first or last part says, if it stands far from the others."""
    for end, beside in ((0, 1), (len(parts) - 1, len(parts) - 2)):
        number = number_of(parts[end].text)
        if number is None:
            continue
        box = parts[end].box
        if len(parts) == 1:
            return number
        other = parts[beside].box
        if max(other[0] - box[2], box[0] - other[2]) > APART * (box[3] - box[1]):
            return number
    return None


def number_of(text: str) -> int | None:
    """The number of a text that says little else ("12", "Page 3 of 9", "A-3", "iv")."""
    match = NUMBER.fullmatch(text.strip())
    if not match:
        return None
    said = match["number"]
    return int(said) if said.isdigit() else _roman(said)


def _roman(text: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50}[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(-one if one < other else one for one, other in zip(values, following, strict=True))
