"""Which lines of a page stand in which block: for formats that nest text in regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from extraction.level import confidence, union
from extraction.types import Block, Box, Line, Page, Word


@dataclass(frozen=True, slots=True)
class Region:
    """A block with the lines inside its box, or lines between blocks (``block`` is None)."""

    block: Block | None
    lines: tuple[Line, ...]

    @property
    def box(self) -> Box | None:
        """The block's box, or the bounds of the lines."""
        if self.block is not None and self.block.box is not None:
            return self.block.box
        return union(line.box for line in self.lines) if self.lines else None


def regions(page: Page) -> list[Region]:
    """The page's blocks and what stands outside of them, in reading order; every line once but
    those that stand nowhere.

    A line belongs to the smallest block that holds it. A block without lines (a figure)
    follows the block before it. Where an engine told no lines at all, those of a block's text stand
    for them, with the block's box, or the page's.
    """
    if not page.lines:
        whole = (0.0, 0.0, page.width, page.height)
        return [
            Region(
                replace(block, box=block.box or whole),
                tuple(
                    Line(text, block.box or whole, block.confidence)
                    for text in block.text.splitlines()
                    if text.strip()
                ),
            )
            for block in page.blocks
        ]
    lines = [line for line in page.lines if not line.guessed]
    owners = [_owner(line.box, page.blocks) for line in lines]
    keyed: list[tuple[float, Region]] = []
    last = -1.0
    for index, block in enumerate(page.blocks):
        own = [number for number, owner in enumerate(owners) if owner == index]
        last = float(own[0]) if own else last + 0.001
        keyed.append((last, Region(block, tuple(lines[number] for number in own))))
    run: list[int] = []
    for number, owner in enumerate([*owners, -1]):
        if owner is None:
            run.append(number)
        elif run:
            keyed.append((run[0], Region(None, tuple(lines[at] for at in run))))
            run = []
    keyed.sort(key=lambda item: item[0])
    return [region for _, region in keyed]


def within(box: Box, lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """What of the lines stands in the box, word by word, and what does not."""
    inner: list[Line] = []
    outer: list[Line] = []
    for line in lines:
        held = [_holds(box, word.box) for word in line.words] or [_holds(box, line.box)]
        for part, wanted in ((inner, True), (outer, False)):
            if all(state is wanted for state in held):
                part.append(line)
            elif wanted in held:
                pairs = zip(line.words, held, strict=True)
                part.append(_part(line, [word for word, state in pairs if state is wanted]))
    return inner, outer


def _part(line: Line, words: Sequence[Word]) -> Line:
    text = " ".join(word.text for word in words)
    box = union(word.box for word in words)
    return Line(text, box, confidence(words), tuple(words), line.angle)


def _owner(line: Box, blocks: Sequence[Block]) -> int | None:
    """The smallest block with the line's middle in it, of those that hold most of the line if any
    do: the middle of a watermark lies in some paragraph."""
    holding = [
        (_common(block.box, line) < 0.5 * _area(line), _area(block.box), index)
        for index, block in enumerate(blocks)
        if block.box is not None and _holds(block.box, line)
    ]
    return min(holding)[2] if holding else None


def _holds(outer: Box, inner: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _common(a: Box, b: Box) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
