"""Markdown (CommonMark with GitHub's pipe tables and task lists).

The text of a document is written so that it renders as itself: no raw HTML, link, image, heading
or rule comes alive that was not a block of that kind. ``<`` becomes an entity because not every
renderer knows ``\\<``; all else is escaped by a backslash, and only where it would mean something.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from extraction.continued import whole_tables
from extraction.formats import grid
from extraction.formats.characters import clean
from extraction.formats.list_items import list_items
from extraction.types import Block, Cell, Document, Table

_INLINE = re.compile(
    r"[\\`*\[~]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside a word an underscore is only an underscore
)
_ENTITY = re.compile(r"&(?=#?\w+;)")
_MARKER = re.compile(
    r"(?=>|#{1,6}(?:\s|$)|[-+]\s"  # quotation, heading, list item
    r"|[-=+|:][-=+|:\s]*$)"  # rule, underlined heading, front matter, table delimiter
    r"|\d{1,9}(?=[.)](?:\s|$))"  # numbered list item
)
_CLOSING_HASHES = re.compile(r"(?:^|(?<=\s))(?=#+$)")
# Inside an HTML table: inert also where a renderer shows raw HTML as text and reads Markdown in it.
_INERT_IN_HTML = {ord(character): f"&#{ord(character)};" for character in "\\`*_[~"}
_WITHOUT_TEXT = {"figure": "*(figure)*", "signature": "*(signature)*"}


def render(document: Document) -> bytes:
    """The document's Markdown and a newline."""
    return clean(document_markdown(document)).encode() + b"\n"


def document_markdown(document: Document) -> str:
    """The pages' Markdown, a blank line between pages; a table over pages whole on its first."""
    whole = whole_tables(document.pages)
    written = []
    for page in document.pages:
        if any(block.continues or block.id in whole for block in page.blocks):
            tables = {name: each.table for name, each in whole.items()}
            blocks = [
                replace(block, table=tables.get(block.id, block.table))
                for block in page.blocks
                if not block.continues
            ]
            written.append(page_markdown(blocks))
        else:
            written.append(page.markdown)
    return "\n\n".join(filter(None, written))


def page_markdown(blocks: Sequence[Block]) -> str:
    """The blocks as Markdown, a blank line between them and no newline at the end.

    A table becomes a pipe table, or an HTML table where cells span or more than one row is header.
    Page numbers are left out: they would stand between the text of joined pages.
    """
    parts: list[str] = []
    previous = ""
    for block in blocks:
        written = _block(block)
        if not written:
            continue
        if parts:
            parts.append("\n" if block.kind == previous == "checkbox" else "\n\n")
        parts.append(written)
        previous = block.kind
    return "".join(parts)


def escape_line(line: str) -> str:
    """One line of a document's text as one line of Markdown that renders as that text."""
    text = _inline(line)
    marker = _MARKER.match(text)
    return f"{text[: marker.end()]}\\{text[marker.end() :]}" if marker else text


def _inline(text: str) -> str:
    text = _INLINE.sub(r"\\\g<0>", " ".join(clean(text).split()))
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;")


def _block(block: Block) -> str:
    if block.kind == "page_number":
        return ""
    lines = [line for line in clean(block.text).splitlines() if line.strip()]
    if block.kind == "table" and block.table is not None:
        return _table(block.table)
    if block.kind == "equation" and block.latex:
        return _fenced(clean(block.latex).strip(), "math")
    if block.diagram:
        return _fenced(clean(block.diagram).strip(), "mermaid")
    if not lines:
        return _WITHOUT_TEXT.get(block.kind, "")
    if block.kind == "title":
        heading = _CLOSING_HASHES.sub(r"\\", _inline(" ".join(lines)))
        return "#" * min(max(block.level or 1, 1), 6) + " " + heading
    if block.kind == "list":
        return _list(block.text)
    if block.kind == "checkbox":
        return f"- [{'x' if block.checked else ' '}] {_inline(' '.join(lines))}"
    return "  \n".join(map(escape_line, lines))  # two spaces: the line break stays one


def _list(text: str) -> str:
    written: list[str] = []
    marks: list[str] = []  # of the open items, from the outermost
    for item in list_items(text):
        deeper = item.level == len(marks)
        del marks[item.level :]
        if deeper and item.mark not in ("", "-", "1."):
            written.append("")  # a number other than 1 begins a list only after a blank line
        indent = " " * sum(len(mark) + 1 for mark in marks)
        marks.append(item.mark or "-")
        first, *rest = item.text.split("\n")
        written.append(f"{indent}{marks[-1]} {escape_line(first)}")
        indent += " " * (len(marks[-1]) + 1)
        written += [indent + escape_line(line) for line in rest]
    return "\n".join(written).lstrip("\n")


def _table(table: Table) -> str:
    if not table.cells:
        return ""
    fits_pipes = not any(
        cell.row_span > 1 or cell.column_span > 1 or (cell.header and cell.row and cell.column)
        for cell in table.cells
    )
    return _pipe_table(table) if fits_pipes else _html_table(table)


def _pipe_table(table: Table) -> str:
    """The first row is the header, for pipe tables have no other."""
    rows = ["| " + " | ".join(map(_pipe_cell, row)) + " |" for row in grid.texts(table)]
    rows.insert(1, "|" + " --- |" * table.columns)
    return "\n".join(rows)


def _pipe_cell(text: str) -> str:
    lines = (_inline(line) for line in clean(text).splitlines() if line.strip())
    return "<br>".join(lines).replace("|", "\\|")


def _html_table(table: Table) -> str:
    """One line a row and no blank line, which would end the HTML block."""
    rows = (f"<tr>{''.join(map(_html_cell, row))}</tr>" for row in grid.rows(table))
    return "\n".join(["<table>", *rows, "</table>"])


def _html_cell(cell: Cell) -> str:
    tag = "th" if cell.header else "td"
    rowspan = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
    colspan = f' colspan="{cell.column_span}"' if cell.column_span > 1 else ""
    lines = (line.strip() for line in clean(cell.text).splitlines() if line.strip())
    text = "<br>".join(html.escape(line).translate(_INERT_IN_HTML) for line in lines)
    return f"<{tag}{rowspan}{colspan}>{text}</{tag}>"


def _fenced(text: str, language: str) -> str:
    """A fence longer than any in the text, so that the text cannot end it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
