"""From what an engine read on a page to its lines and blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from extraction import layout, tags
from extraction.types import Block, Line, PageImage, PageText


@dataclass(frozen=True, slots=True)
class Structure:
    """A page's lines in reading order, and its blocks."""

    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]


def of_page(page: PageImage, text: PageText) -> Structure:
    """The structure of the page: what a model wrote by its tags, lines by where they stand."""
    written = text.blocks
    if written is None and text.markup is not None:
        written = tags.parse(text.markup)
    if written is not None:
        numbered = (
            replace(block, id=f"p{page.number}-b{index}") for index, block in enumerate(written, 1)
        )
        return Structure(text.lines, tuple(numbered))
    lines, blocks = layout.arrange(page, text)
    return Structure(lines, blocks)
