"""From what an engine read on a page to its lines and blocks."""

from __future__ import annotations

from dataclasses import dataclass

from extraction import layout
from extraction.types import Block, Disagreement, Line, PageImage, PageText


@dataclass(frozen=True, slots=True)
class Structure:
    """A page's lines in reading order, its blocks, and where its model and its OCR disagree."""

    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]
    disagreements: tuple[Disagreement, ...] = ()


def of_page(page: PageImage, text: PageText) -> Structure:
    """The structure of the page."""
    lines, blocks = layout.arrange(page, text)
    return Structure(lines, blocks)
