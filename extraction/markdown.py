"""A page's blocks as Markdown: GitHub's dialect, with text escaped so that it stays text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from extraction.types import Block, Table

INLINE = re.compile(r"([\\`*\[\]<>]|(?<!\w)_|_(?!\w))")
LINE_START = re.compile(r"^(\s*\d*)(?=[.)]\s|[#>+=~|-])", re.MULTILINE)
LIST_MARK = re.compile(r"^(- |\(?(?:\d{1,2}|[a-z])[.)] )?(.*)$", re.DOTALL)


def page(blocks: Sequence[Block]) -> str:
    """The blocks in their order, a blank line between them; page numbers are left out."""
    parts: list[str] = []
    previous = ""
    for block in blocks:
        text = _block(block)
        if not text:
            continue
        if parts and block.kind == previous == "checkbox":
            parts[-1] += "\n" + text
        else:
            parts.append(text)
        previous = block.kind
    return "\n\n".join(parts)


def escape(text: str) -> str:
    """The text with every character that would be read as markup escaped."""
    text = INLINE.sub(r"\\\1", text)
    return LINE_START.sub(_escape_start, text)


def _escape_start(match: re.Match[str]) -> str:
    number, following = match[1].strip(), match.string[match.end()]
    return match[1] if bool(number) != (following in ".)") else match[1] + "\\"


def table(grid: Table) -> str:
    """A pipe table; a cell over several columns or rows is written once, the rest left empty.

    Its first row is the head: the dialect has no table without one.
    """
    rows = [[""] * grid.columns for _ in range(grid.rows)]
    for cell in grid.cells:
        rows[cell.row][cell.column] = INLINE.sub(r"\\\1", cell.text).replace("|", "\\|")
    lines = ["| " + " | ".join(" ".join(text.split()) for text in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * grid.columns, *lines[1:]])


def _block(block: Block) -> str:
    if block.kind == "page_number":
        return ""
    if block.kind == "table" and block.table:
        return table(block.table)
    if block.kind == "title":
        return "#" * (block.level or 2) + " " + escape(block.text)
    if block.kind == "checkbox":
        return f"- [{'x' if block.checked else ' '}] {escape(block.text)}"
    if block.kind == "equation" and block.latex:
        return f"$$\n{block.latex}\n$$"
    if block.kind == "list":
        return "\n".join(_list_line(line) for line in block.text.splitlines())
    return escape(block.text).replace("\n", "  \n")


def _list_line(line: str) -> str:
    match = LIST_MARK.match(line)
    mark, text = (match[1] or "", match[2]) if match else ("", line)
    return mark + escape(text)
