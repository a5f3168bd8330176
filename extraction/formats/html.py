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
from typing import Any

from extraction.formats import grid
from extraction.formats.characters import clean
from extraction.types import Block, Cell, Document, FieldValue, Page, Table

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
section { border-top: 1px solid GrayText; margin-top: 2rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { border: 1px solid GrayText; padding: .25rem .5rem; text-align: left; vertical-align: top; }
p, td, th, li, figcaption { white-space: pre-line; overflow-wrap: anywhere; }
ul { list-style: none; padding-left: 1rem; } /* items carry the marks they have on the page */
pre { overflow-x: auto; }
.furniture { opacity: .75; font-size: .875rem; }
.error { border-left: .25rem solid; padding-left: .75rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'"
)
_FURNITURE = {"header", "footer", "page_number", "watermark"}


def render(document: Document) -> bytes:
    """The document as an HTML page: fields, then a section a page."""
    name = _text(document.source.name) or "Document"
    parts = [
        "<!DOCTYPE html>",
        "<html>",
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
        *_fields(document.fields),
        *(part for page in document.pages for part in _page(page)),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts).encode() + b"\n"


def _text(text: str) -> str:
    return html.escape(clean(text).strip())


def _fields(fields: Sequence[FieldValue]) -> Iterable[str]:
    if not fields:
        return
    yield '<section aria-labelledby="fields">'
    yield '<h2 id="fields">Fields</h2>'
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


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and "amount" in value:
        return f"{value['amount']} {value.get('currency') or ''}"
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _page(page: Page) -> Iterable[str]:
    yield f'<section id="page-{page.number}" aria-labelledby="page-{page.number}-title">'
    yield f'<h2 id="page-{page.number}-title">Page {page.number}</h2>'
    if page.error:
        yield f'<p class="error">{_text(page.error.title)}: {_text(page.error.detail)}</p>'
    yield from filter(None, map(_block, page.blocks))
    yield "</section>"


def _block(block: Block) -> str:
    text = _text(block.text)
    if block.table is not None:
        return _table(block.table)
    if block.kind == "title":
        # h1 and h2 are the document's name and the page.
        level = min(max(block.level or 1, 1) + 2, 6)
        return f"<h{level}>{text}</h{level}>" if text else ""
    if block.kind == "list":
        return "<ul>" + "".join(f"<li>{line}</li>" for line in text.splitlines()) + "</ul>"
    if block.kind == "checkbox":
        state = " checked" if block.checked else ""
        return f'<p><label><input type="checkbox" disabled{state}> {text}</label></p>'
    if block.kind == "equation" and block.latex:
        return f"<pre><code>{_text(block.latex)}</code></pre>"
    if block.kind == "figure":
        return f"<figure><figcaption>{text or 'Figure'}</figcaption></figure>"
    if block.kind == "signature":
        return f"<p>{text or '(signature)'}</p>"
    if not text:
        return ""
    return f'<p class="furniture">{text}</p>' if block.kind in _FURNITURE else f"<p>{text}</p>"


def _table(table: Table) -> str:
    lines = (f"<tr>{''.join(map(_cell, row))}</tr>" for row in grid.rows(table))
    return "\n".join(["<table>", *lines, "</table>"])


def _cell(cell: Cell) -> str:
    tag = "th" if cell.header else "td"
    scope = f' scope="{"row" if cell.row and not cell.column else "col"}"' if cell.header else ""
    rowspan = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
    colspan = f' colspan="{cell.column_span}"' if cell.column_span > 1 else ""
    return f"<{tag}{scope}{rowspan}{colspan}>{_text(cell.text)}</{tag}>"
