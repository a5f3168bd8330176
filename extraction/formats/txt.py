"""Plain text in reading order: a blank line between blocks, a form feed between pages.

Table rows are lines with a tab between cells. A page that could not be read is empty, so the n-th
part between form feeds is always the n-th page of the result.
"""

from __future__ import annotations

from extraction.formats import grid
from extraction.formats.characters import clean
from extraction.types import Block, Document, Page, Table

_BOX = {True: "[x] ", False: "[ ] "}


def render(document: Document) -> bytes:
    """The text of all pages, UTF-8."""
    return "\f".join(page_text(page) for page in document.pages).encode()


def page_text(page: Page) -> str:
    """One page as in the whole text, ending with a line break; "" where nothing was read."""
    text = "\n\n".join(filter(None, map(_block, page.blocks)))
    return text + "\n" if text else ""


def _block(block: Block) -> str:
    if block.table is not None:
        return _table(block.table)
    text = clean(block.text).strip() or clean(block.latex or block.diagram or "")
    return _BOX[block.checked] + text if block.checked is not None else text


def _table(table: Table) -> str:
    lines = ("\t".join(map(_one_line, row)) for row in grid.texts(table))
    return "\n".join(line.rstrip() for line in lines)


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())
