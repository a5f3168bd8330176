"""HTML: one self-contained page that loads nothing, runs nothing and sends nothing.

All text is escaped, and a Content-Security-Policy in the page allows its own style sheet by hash
and nothing else, wherever the file is opened.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from extraction.continued import whole_tables
from extraction.formats import grid
from extraction.formats.characters import clean
from extraction.formats.list_items import list_items
from extraction.types import (
    Block,
    Cell,
    Classification,
    Document,
    Extraction,
    FieldValue,
    Page,
    Table,
)

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
section { border-top: 1px solid GrayText; margin-top: 2rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { border: 1px solid GrayText; padding: .25rem .5rem; }
th, td { text-align: start; vertical-align: top; }
h5, h6 { font-size: 1rem; } /* a browser sets them smaller than the text beneath */
p, td, th, li, figcaption { white-space: pre-line; overflow-wrap: break-word; }
p, td, th, li, figcaption, label, h1, h3, h4, h5, h6 { unicode-bidi: plaintext; }
.equation { margin-inline-start: 2rem; }
figure { margin: 1rem 0; }
figcaption { font-style: italic; }
.picture { border: 1px dashed GrayText; padding: .5rem 1rem; max-width: 24rem; }
ul, ol { padding-left: 1.5rem; }
.plain { list-style: none; } /* the items' text has their marks, or they have none */
.check { margin: .25rem 0; }
.number { text-align: right; }
pre { overflow-x: auto; }
.furniture { opacity: .75; font-size: .875rem; }
.stamp { width: fit-content; border: 2px solid; padding: .25rem .75rem; }
.error { border-left: .25rem solid; padding-left: .75rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
STYLE_SOURCE = f"'sha256-{_STYLE_HASH}'"  # of a Content-Security-Policy
_POLICY = f"default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'; form-action 'none'"
_FURNITURE = {"header", "footer", "page_number", "watermark", "stamp", "footnote"}


def render(document: Document) -> bytes:
    """The document as an HTML page: fields, then a section a page."""
    name = _text(document.source.name) or "Document"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{name}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{name}</h1>",
        *(f'<p class="error">{_text(warning)}</p>' for warning in document.warnings),
        *_told(document.classification),
        *_extraction(document.extraction),
        *_all_fields(document),
        *(part for page in _joined(document.pages) for part in _page(page)),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts).encode() + b"\n"


def _text(text: str) -> str:
    return html.escape(clean(text).strip())


def _told(found: Classification | None) -> Iterable[str]:
    if found is not None:
        yield f"<p>{_text(found.label)} ({found.confidence:.0%})</p>"


def _all_fields(document: Document) -> Iterable[str]:
    """One section of fields, or one a part where the file was split."""
    if not document.documents:
        yield from _fields(document.fields, "Fields", "fields")
    for part in document.documents:
        first, last = part.pages[0], part.pages[-1]
        where = f"pages {first}-{last}" if last != first else f"page {first}"
        title = f"Document {part.number}, {where}: {part.classification.label}"
        yield from _fields(document.fields_of(part), title, f"document-{part.number}")


def _fields(fields: Sequence[FieldValue], title: str, name: str) -> Iterable[str]:
    if not fields and name == "fields":
        return
    yield f'<section aria-labelledby="{name}">'
    yield f'<h2 id="{name}">{_text(title)}</h2>'
    if not fields:
        yield "<p>No fields were found.</p>"
        yield "</section>"
        return
    yield "<table>"
    yield (
        '<thead><tr><th scope="col">Field</th><th scope="col">Value</th>'
        '<th scope="col">As written</th><th scope="col">Page</th></tr></thead>'
    )
    yield "<tbody>"
    for field in fields:
        yield (
            f'<tr><th scope="row">{_text(field.label)}</th><td>{_text(_value(field.value))}</td>'
            f"<td>{_text(field.raw)}</td><td>{field.page or ''}</td></tr>"
        )
    yield "</tbody>"
    yield "</table>"
    yield "</section>"


def _extraction(extraction: Extraction | None) -> Iterable[str]:
    """A filled schema: a row a leaf, then what could not be met."""
    if extraction is None:
        return
    yield '<section aria-labelledby="extraction">'
    yield '<h2 id="extraction">Schema</h2>'
    if extraction.value is None:
        yield '<p class="error">The document does not hold all that the schema requires.</p>'
    for problem in extraction.problems:
        place = _text(problem.pointer) or "the whole"
        yield f'<p class="error">{place}: {_text(problem.detail)}</p>'
    yield "<table>"
    yield (
        '<thead><tr><th scope="col">Place</th><th scope="col">Value</th>'
        '<th scope="col">As written</th><th scope="col">Page</th></tr></thead>'
    )
    yield "<tbody>"
    found = extraction.partial if extraction.value is None else extraction.value
    for pointer, value in _leaves(found):
        cited = extraction.citations.get(pointer)
        raw, page = (cited.raw, cited.page) if cited else ("", None)
        yield (
            f'<tr><th scope="row">{_text(pointer)}</th><td>{_text(_value(value))}</td>'
            f"<td>{_text(raw)}</td><td>{page or ''}</td></tr>"
        )
    yield "</tbody>"
    yield "</table>"
    yield "</section>"


def _leaves(value: Any, pointer: str = "") -> Iterable[tuple[str, Any]]:
    """The single values in a value, with their JSON Pointers."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _leaves(each, f"{pointer}/{index}")
    else:
        yield pointer, value


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and "amount" in value:
        return f"{value['amount']} {value.get('currency') or ''}"
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _joined(pages: Sequence[Page]) -> Iterable[Page]:
    """The pages, a table that goes on overleaf whole where it begins and named where it goes on."""
    whole = whole_tables(pages)
    for page in pages:
        blocks = []
        for block in page.blocks:
            if block.continues:
                block = Block(block.id, "header", f"Table continued from page {page.number - 1}")
            elif block.id in whole:
                block = replace(block, table=whole[block.id].table)
            blocks.append(block)
        yield replace(page, blocks=tuple(blocks))


def _page(page: Page) -> Iterable[str]:
    """The page in its language, "" for none that is known, with a heading in English."""
    code = page.language.code if page.language else ""
    own = "" if code == "en" else ' lang="en"'
    name = f"page-{page.number}"
    yield f'<section id="{name}" aria-labelledby="{name}-title" lang="{html.escape(code)}">'
    yield f'<h2 id="{name}-title"{own}>Page {page.number}</h2>'
    if page.error:
        yield f'<p class="error"{own}>{_text(page.error.title)}: {_text(page.error.detail)}</p>'
    yield from _blocks(page.blocks, code)
    yield "</section>"


def _blocks(blocks: Sequence[Block], page: str) -> Iterable[str]:
    """The blocks in order, a caption with the figure or table that it follows or precedes.

    One in another language than its ``page`` says so.
    """
    index = 0
    while index < len(blocks):
        block, following = blocks[index], blocks[index + 1 : index + 2]
        after = following[0] if following else None
        if _takes_caption(block) and after is not None and after.kind == "caption":
            yield _figure(block, after, caption_first=False)
            index += 2
        elif block.kind == "caption" and after is not None and _takes_caption(after):
            yield _figure(after, block, caption_first=True)
            index += 2
        else:
            if written := _block(block):
                yield _in_language(written, block, page)
            index += 1


def _in_language(written: str, block: Block, page: str) -> str:
    code = block.language.code if block.language else page
    return f'<div lang="{html.escape(code)}">{written}</div>' if code != page else written


def _takes_caption(block: Block) -> bool:
    return block.kind == "figure" or block.table is not None


def _figure(block: Block, caption: Block | None, *, caption_first: bool) -> str:
    content = _table(block.table) if block.table is not None else _picture(block)
    told = f"<figcaption>{_text(caption.text)}</figcaption>" if caption else ""
    parts = [told, content] if caption_first else [content, told]
    return f"<figure>{''.join(parts)}</figure>"


def _picture(block: Block) -> str:
    if block.diagram:
        return f"<pre><code>{_text(block.diagram)}</code></pre>"
    return f'<p class="picture">{_text(block.text) or "(figure)"}</p>'


def _block(block: Block) -> str:
    text = _text(block.text)
    if block.table is not None:
        return _table(block.table)
    if block.kind == "title":
        # h1 and h2 are the document's name and the page.
        level = min(max(block.level or 1, 1) + 2, 6)
        return f"<h{level}>{text}</h{level}>" if text else ""
    if block.kind == "list":
        return _list(block.text)
    if block.kind == "checkbox":
        state = " checked" if block.checked else ""
        return f'<p class="check"><label><input type="checkbox" disabled{state}> {text}</label></p>'
    if block.kind == "equation" and block.latex:
        return f"<pre><code>{_text(block.latex)}</code></pre>"
    if block.kind == "figure":
        return _figure(block, None, caption_first=False)
    if block.kind == "signature":
        return f"<p>{text or '(signature)'}</p>"
    if block.kind == "caption":
        return f"<figure><figcaption>{text}</figcaption></figure>" if text else ""
    if not text:
        return ""
    if block.kind in _FURNITURE:
        return f'<p class="furniture {block.kind}">{text}</p>'
    return f'<p class="equation">{text}</p>' if block.kind == "equation" else f"<p>{text}</p>"


def _list(text: str) -> str:
    """Items by their level; bullets, numbers, and what has other marks or none, as lists each."""
    parts: list[str] = []
    open_lists: list[str] = []  # their tags, from the outermost; each with an open item
    for item in list_items(text):
        begin = '<ul class="plain">' if not item.mark else "<ul>" if item.mark == "-" else "<ol>"
        while len(open_lists) > item.level + 1:
            parts.append(_closing(open_lists.pop()))
        if len(open_lists) == item.level + 1:
            if open_lists[-1] == begin:
                parts.append("</li>")
            else:
                parts.append(_closing(open_lists.pop()))
        if len(open_lists) == item.level:
            parts.append(begin)
            open_lists.append(begin)
        value = f' value="{int(item.mark[:-1])}"' if begin == "<ol>" else ""
        parts.append(f"<li{value}>{_text(item.text)}")
    parts += map(_closing, reversed(open_lists))
    return "".join(parts)


def _closing(begin: str) -> str:
    return f"</li></{begin[1:3]}>"


def _table(table: Table) -> str:
    rows = grid.rows(table)
    numbers = grid.number_columns(table)
    lines = [
        f"<tr>{''.join(_cell(cell, cell.column in numbers) for cell in row)}</tr>" for row in rows
    ]
    head = _head_rows(rows)
    parts = ["<table>"]
    if head:
        parts += ["<thead>", *lines[:head], "</thead>"]
    return "\n".join([*parts, "<tbody>", *lines[head:], "</tbody>", "</table>"])


def _head_rows(rows: Sequence[Sequence[Cell]]) -> int:
    """How many rows at the top are header cells throughout, with no cell reaching out of them."""
    count = 0
    while count < len(rows) and rows[count] and all(cell.header for cell in rows[count]):
        count += 1
    reach = max((cell.row + cell.row_span for row in rows[:count] for cell in row), default=0)
    return count if reach <= count < len(rows) else 0


def _cell(cell: Cell, number: bool) -> str:
    tag = "th" if cell.header else "td"
    scope = f' scope="{"row" if cell.row and not cell.column else "col"}"' if cell.header else ""
    rowspan = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
    colspan = f' colspan="{cell.column_span}"' if cell.column_span > 1 else ""
    right = ' class="number"' if number and cell.column_span == 1 else ""
    return f"<{tag}{scope}{rowspan}{colspan}{right}>{_text(cell.text)}</{tag}>"
