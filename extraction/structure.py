"""From what an engine read on a page to its lines and blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from extraction import layout, tags
from extraction.types import Block, Disagreement, Line, PageImage, PageText


@dataclass(frozen=True, slots=True)
class Structure:
    """A page's lines in reading order, its blocks, and where its model and its OCR disagree."""

    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]
    disagreements: tuple[Disagreement, ...] = ()


def of_page(page: PageImage, text: PageText) -> Structure:
    """The structure of the page: what a model wrote by its tags, lines by where they stand."""
    if text.markup is not None:
        numbered = (
            replace(block, id=f"p{page.number}-b{index}")
            for index, block in enumerate(tags.parse(text.markup), 1)
        )
        return Structure((), tuple(numbered))
    lines, blocks = layout.arrange(page, text)
    return Structure(lines, blocks)
