"""A page's lines as rows from top to bottom, cut at wide gaps, in the level frame."""

from __future__ import annotations

from extraction.level import Frame, Row, pieces_of, rows_of
from extraction.types import Page


def level_rows(page: Page) -> list[Row]:
    """The rows of the page's level text: a stamp at an angle is none."""
    frame = Frame(page.width, page.height, page.skew)
    return rows_of(pieces_of((line for line in page.lines if not line.angle), frame))
