"""The text in a box that a person has drawn on a page."""

from __future__ import annotations

from extraction.types import Box, Line, Page, Word

INSIDE = 0.5  # share of a word's area that must lie in the box


def text_within(page: Page, box: Box) -> str:
    """The words of the page that lie in the box, line by line as they are read.

    Of a word at the edge, half must lie inside. Of a line without words the whole text counts, if
    half of it does. "" where nothing stands there, or nothing tells where the page's words do.
    """
    lines = (_within(line, box) for line in page.lines if not line.guessed)
    return "\n".join(text for text in lines if text)


def _within(line: Line, box: Box) -> str:
    if not line.words:
        return line.text if _inside(line, box) else ""
    return " ".join(word.text for word in line.words if _inside(word, box))


def _inside(text: Word | Line, box: Box) -> bool:
    x0, y0, x1, y1 = text.box
    across = min(x1, box[2]) - max(x0, box[0])
    down = min(y1, box[3]) - max(y0, box[1])
    if across <= 0 or down <= 0:
        return False
    return across * down >= INSIDE * (x1 - x0) * (y1 - y0)
