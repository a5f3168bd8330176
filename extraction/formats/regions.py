"""Which lines of a page stand in which block: for formats that nest text in regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from extraction.level import union
from extraction.types import Block, Box, Line, Page


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
    """The page's blocks and what stands outside of them, in reading order; every line once.

    A line belongs to the smallest block that holds its middle. A block without lines (a figure)
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
    owners = [_owner(line.box, page.blocks) for line in page.lines]
    keyed: list[tuple[float, Region]] = []
    last = -1.0
    for index, block in enumerate(page.blocks):
        own = [number for number, owner in enumerate(owners) if owner == index]
        last = float(own[0]) if own else last + 0.001
        keyed.append((last, Region(block, tuple(page.lines[number] for number in own))))
    run: list[int] = []
    for number, owner in enumerate([*owners, -1]):
        if owner is None:
            run.append(number)
        elif run:
            keyed.append((run[0], Region(None, tuple(page.lines[at] for at in run))))
            run = []
    keyed.sort(key=lambda item: item[0])
    return [region for _, region in keyed]


def inside(box: Box | None, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines whose middle lies in the box."""
    return tuple(line for line in lines if box is not None and _holds(box, line.box))


def _owner(line: Box, blocks: Sequence[Block]) -> int | None:
    holding = [
        (_area(block.box), index)
        for index, block in enumerate(blocks)
        if block.box is not None and _holds(block.box, line)
    ]
    return min(holding)[1] if holding else None


def _holds(outer: Box, inner: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
