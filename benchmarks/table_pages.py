"""Pages with tables whose cells are known: the suite that ``benchmarks.tables`` reads.

Each page is drawn from a seed: what it says, how its tables are ruled, set and merged, and the text
around them. Half of the pages are scanned afterwards: rendered, turned up to two degrees, blurred,
made noisy and kept as JPEG in a PDF without text.

The truth is an ``extraction.types.Table`` that covers every position of its grid.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pymupdf

from extraction.types import Cell, Table

A4 = (595.0, 842.0)
MARGIN = 50.0
KINDS = ("ruled", "partly ruled", "unruled", "merged", "multi-line")
MEDIA = ("digital", "scanned")
FONTS = (("helv", "hebo"), ("tiro", "tibo"), ("cour", "cobo"), ("droid", "droid"))
RULINGS = {
    "ruled": ("grid", "grid", "double", "dashed"),
    "partly ruled": ("horizontal", "booktabs", "header", "vertical", "frame"),
    "unruled": ("none",),
    "merged": ("grid", "grid", "double", "booktabs"),
    "multi-line": ("grid", "horizontal", "none", "booktabs"),
}
SCAN_DPI = (150, 200, 300)

WORDS = str.split(
    "copper brass steel valve pipe flange gasket pump motor sensor cable bracket filter tank "
    "hose clamp panel switch relay fuse"
)
PLACES = str.split("Lisbon Leeds Dresden Kraków Lyon Turin Penang Ghent Oslo Cardiff Graz Bilbao")
PEOPLE = (
    "A. Novak",
    "Maria Silva",
    "J. Weber",
    "Tan Mei Ling",
    "P. Dubois",
    "L. Rossi",
    "K. Ahmad",
)
PROSE = str.split(
    "the figures below were taken from the monthly returns of every site and checked twice before "
    "they were set down here although some of the smaller stores report only once in a quarter so "
    "that their share had to be carried forward from the last statement which the auditors saw"
)

Maker = Callable[[random.Random], str]
COLUMN_KINDS: dict[str, tuple[str, str, Maker]] = {
    # name: heading, usual alignment, one cell's text
    "item": ("Item", "left", lambda r: " ".join(r.sample(WORDS, r.randint(1, 3))).capitalize()),
    "code": (
        "Code",
        "left",
        lambda r: f"{r.choice('ABCDEK')}{r.choice('-/')}{r.randint(100, 9999)}",
    ),
    "place": ("Site", "left", lambda r: r.choice(PLACES)),
    "person": ("Contact", "left", lambda r: r.choice(PEOPLE)),
    "state": (
        "State",
        "center",
        lambda r: r.choice(("open", "closed", "on hold", "new", "Yes", "No")),
    ),
    "count": ("Units", "right", lambda r: str(r.randint(1, 950))),
    "money": ("Amount", "right", lambda r: f"{r.uniform(1, 9000):,.2f}"),
    "share": ("Share", "right", lambda r: f"{r.uniform(0, 99):.1f}%"),
    "date": ("Date", "center", lambda r: f"{r.randint(1, 28):02}/{r.randint(1, 12):02}/2024"),
    "note": (
        "Remarks",
        "left",
        lambda r: " ".join(r.choices(PROSE, k=r.randint(4, 14))).capitalize(),
    ),
}
NUMBERS = ("count", "money", "share", "date")
TEXTS = ("item", "code", "place", "person", "state")


@dataclass(frozen=True, slots=True)
class TablePage:
    """One page of the suite: a PDF of one page and the tables on it, from top to bottom."""

    name: str
    kind: str
    medium: str
    pdf: bytes
    tables: tuple[Table, ...]


@dataclass(slots=True)
class _Style:
    """How one table is set. Lengths in points."""

    ruling: str
    font: str
    bold: str
    size: float
    leading: float
    pad_x: float
    pad_y: float
    align: list[str]
    middle: bool
    shading: str  # none, header, dark header, zebra
    width: float = 0.7
    gray: float = 0.0
    wraps: dict[int, float] = field(default_factory=dict)  # column: widest line in points


def pages(count: int, *, seed: int = 1, only: str = "", medium: str = "") -> Iterator[TablePage]:
    """``count`` pages of the suite, all kinds and media in turn, or those of one alone.

    Page n is the same whatever the rest says.
    """
    for number in range(count):
        kind, how = KINDS[number % 5], MEDIA[number // 5 % 2]
        if only in ("", kind) and medium in ("", how):
            yield _page(number, kind, how, random.Random(f"{seed}-{number}"))


def _page(number: int, kind: str, medium: str, r: random.Random) -> TablePage:
    document = pymupdf.open()
    page = document.new_page(width=A4[0], height=A4[1])
    page.insert_font(fontname="droid", fontbuffer=_font("droid").buffer)
    y = MARGIN + r.uniform(0, 30)
    font, _ = r.choice(FONTS[:2])
    if r.random() < 0.6:
        page.insert_text(
            (MARGIN, y + 14), "Return of stores and sites", fontname="hebo", fontsize=16
        )
        y += 34
    truths = []
    for _ in range(2 if r.random() < 0.25 else 1):
        if r.random() < 0.7:
            y = _prose(page, y, r, font) + r.uniform(6, 16)
        if r.random() < 0.5:
            caption = f"Table {r.randint(1, 9)}. {' '.join(r.sample(WORDS, 3)).capitalize()}"
            page.insert_text((MARGIN, y + 10), caption, fontname=font, fontsize=10)
            y += 10 + r.uniform(8, 14)
        truth, y = _table(page, y, kind, r)
        truths.append(truth)
        y += r.uniform(14, 34)
    if r.random() < 0.7:
        _prose(page, y, r, font)
    if r.random() < 0.4:
        page.insert_text((290, 815), str(r.randint(1, 30)), fontname=font, fontsize=9)
    if medium == "scanned":
        document = _scanned(page, r)
    name = f"{number:03}-{kind.replace(' ', '-')}-{medium}"
    return TablePage(name, kind, medium, document.tobytes(garbage=3, deflate=True), tuple(truths))


def _prose(page: pymupdf.Page, y: float, r: random.Random, font: str) -> float:
    """A paragraph from ``y`` on; returns its lower edge."""
    size = r.choice((9.0, 10.0, 11.0))
    words = r.choices(PROSE, k=r.randint(20, 55))
    for line in _wrapped(" ".join(words).capitalize() + ".", font, size, A4[0] - 2 * MARGIN):
        page.insert_text((MARGIN, y + size), line, fontname=font, fontsize=size)
        y += size * 1.25
    return y


def _wrapped(text: str, font: str, size: float, width: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _length(longer, font, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


@cache
def _font(name: str) -> pymupdf.Font:
    """PDF's base fonts, or the sans serif that PyMuPDF carries (wider, without a bold)."""
    return pymupdf.Font("cjk" if name == "droid" else name)


def _length(text: str, font: str, size: float) -> float:
    return float(_font(font).text_length(text, size))


# Content ------------------------------------------------------------------------------------


def _table(page: pymupdf.Page, y: float, kind: str, r: random.Random) -> tuple[Table, float]:
    """Draw a table from ``y`` on; returns it and its lower edge."""
    columns, rows = r.randint(3, 6), r.randint(4, 9)
    kinds = _column_kinds(kind, columns, r)
    style = _style(kind, kinds, r)
    if kind == "multi-line":
        style.wraps = {i: r.uniform(90, 150) for i, name in enumerate(kinds) if name == "note"}
    cells = _merged_cells(kinds, rows, r) if kind == "merged" else _plain_cells(kinds, rows, r)
    height = 1 + max(cell.row + cell.row_span - 1 for cell in cells)
    while True:  # what is too wide for the page is set smaller
        xs, ys, lines = _measured(cells, columns, height, style)
        if xs[-1] <= A4[0] - 2 * MARGIN:
            break
        style.size, style.pad_x = style.size - 0.5, style.pad_x * 0.9
        style.wraps = {column: width * 0.95 for column, width in style.wraps.items()}
    if r.random() < 0.4:  # as wide as the page's text
        stretch = (A4[0] - 2 * MARGIN) / xs[-1]
        xs = [x * stretch for x in xs]
    left = MARGIN + r.choice((0.0, 0.5, 1.0)) * (A4[0] - 2 * MARGIN - xs[-1])
    xs, ys = [left + x for x in xs], [y + edge for edge in ys]
    _draw(page, cells, xs, ys, lines, style)
    return Table(height, columns, tuple(cells)), ys[-1]


def _column_kinds(kind: str, columns: int, r: random.Random) -> list[str]:
    flavour = r.choice(("mixed", "mixed", "text", "numbers"))
    first = r.choice(("item", "place", "code"))
    if flavour == "text":
        rest = r.sample([name for name in TEXTS if name != first], min(columns - 1, 4))
        rest += ["date"] * (columns - 1 - len(rest))
    elif flavour == "numbers":
        rest = r.choices(NUMBERS[:3], k=columns - 1)
    else:
        rest = r.choices(TEXTS, k=1) + r.choices(NUMBERS, k=columns - 2)
    if kind == "multi-line":
        rest[r.randrange(len(rest))] = "note"
        if columns > 4 and r.random() < 0.3:
            rest[0] = "note"
    return [first, *rest]


def _headings(kinds: Sequence[str], r: random.Random) -> list[str]:
    found: list[str] = []
    for name in kinds:
        heading = COLUMN_KINDS[name][0]
        if heading in found or r.random() < 0.3:
            heading += r.choice((" (net)", " 2023", " 2024", " B", " no.", " total"))
        while heading in found:
            heading += " II"
        found.append(heading)
    return found


def _plain_cells(kinds: Sequence[str], rows: int, r: random.Random) -> list[Cell]:
    """One row of headings and rows below, some cells empty."""
    empty = r.choice((0.0, 0.0, 0.08, 0.2))
    cells = [Cell(0, column, text) for column, text in enumerate(_headings(kinds, r))]
    for row in range(1, rows + 1):
        for column, name in enumerate(kinds):
            blank = column > 0 and r.random() < empty
            cells.append(Cell(row, column, "" if blank else COLUMN_KINDS[name][2](r)))
    return cells


def _merged_cells(kinds: Sequence[str], rows: int, r: random.Random) -> list[Cell]:
    """Two rows of headings, groups down the first column, or a cell over several columns."""
    columns = len(kinds)
    cells: list[Cell] = []
    top = 1
    headings = _headings(kinds, r)
    how = r.choice(("headings", "groups", "both", "sections"))
    if how in ("headings", "both"):
        top = 2
        start = 1 if columns < 5 or r.random() < 0.5 else 2
        cells += [Cell(0, column, headings[column], row_span=2) for column in range(start)]
        cuts = [start, columns] if columns - start < 4 else [start, start + 2, columns]
        for one, other in pairwise(cuts):
            title = r.choice(("First half", "Second half", "Stock", "Year 2024", "Plan"))
            cells.append(Cell(0, one, title, column_span=other - one))
        cells += [Cell(1, column, headings[column]) for column in range(start, columns)]
    else:
        cells += [Cell(0, column, text) for column, text in enumerate(headings)]
    row, last = top, top + rows
    while row < last:
        span = min(r.choice((1, 2, 2, 3)), last - row) if how in ("groups", "both") else 1
        if how == "sections" and (row == top or r.random() < 0.25):
            cells.append(Cell(row, 0, f"Part {r.choice(PLACES)}", column_span=columns))
            row += 1
            continue
        cells.append(Cell(row, 0, COLUMN_KINDS[kinds[0]][2](r), row_span=span))
        for each in range(row, row + span):
            for column in range(1, columns):
                cells.append(Cell(each, column, COLUMN_KINDS[kinds[column]][2](r)))
        row += span
    return sorted(cells, key=lambda cell: (cell.row, cell.column))


# Setting ------------------------------------------------------------------------------------


def _style(kind: str, kinds: Sequence[str], r: random.Random) -> _Style:
    font, bold = r.choice(FONTS)
    size = r.choice((8.0, 9.0, 10.0, 11.0))
    ruling = r.choice(RULINGS[kind])
    aligns = [COLUMN_KINDS[name][1] for name in kinds]
    if r.random() < 0.25:
        aligns = ["left"] * len(kinds)
    elif r.random() < 0.15:
        aligns = ["left"] + ["center"] * (len(kinds) - 1)
    bare = ruling in ("none", "header", "booktabs", "vertical")
    return _Style(
        ruling=ruling,
        font=font,
        bold=bold if r.random() < 0.7 else font,
        size=size,
        leading=r.uniform(1.1, 1.3),
        pad_x=r.uniform(4, 12) if bare else r.uniform(2, 8),
        pad_y=r.uniform(1.5, 6) if not bare or r.random() < 0.8 else 0.3,
        align=aligns,
        middle=r.random() < 0.35,
        shading=r.choice(("none", "none", "header", "dark header", "zebra")),
        width=r.choice((0.4, 0.7, 1.0, 1.5)),
        gray=r.choice((0.0, 0.0, 0.4, 0.6)),
    )


def _measured(
    cells: Sequence[Cell], columns: int, rows: int, style: _Style
) -> tuple[list[float], list[float], dict[tuple[int, int], list[str]]]:
    """Edges of columns and rows from 0, and the lines of each cell by (row, column)."""
    widths, heights = [12.0] * columns, [style.size * style.leading] * rows
    lines: dict[tuple[int, int], list[str]] = {}
    for cell in sorted(cells, key=lambda cell: cell.column_span):
        font = style.bold if cell.row == 0 else style.font
        limit = style.wraps.get(cell.column, 1e9)
        text = _wrapped(cell.text, font, style.size, limit)
        lines[cell.row, cell.column] = text
        width = max(_length(line, font, style.size) for line in text)
        over = range(cell.column, cell.column + cell.column_span)
        have = sum(widths[i] for i in over) + 2 * style.pad_x * (cell.column_span - 1)
        for i in over:
            widths[i] += max(0.0, width - have) / cell.column_span
        if cell.row_span == 1:
            heights[cell.row] = max(heights[cell.row], len(text) * style.size * style.leading)
    xs, ys = [0.0], [0.0]
    for width in widths:
        xs.append(xs[-1] + width + 2 * style.pad_x)
    for height in heights:
        ys.append(ys[-1] + height + 2 * style.pad_y)
    return xs, ys, lines


def _draw(
    page: pymupdf.Page,
    cells: Sequence[Cell],
    xs: Sequence[float],
    ys: Sequence[float],
    lines: dict[tuple[int, int], list[str]],
    style: _Style,
) -> None:
    headings = 1 + max(c.row + c.row_span - 1 for c in cells if c.row == 0)
    dark = style.shading == "dark header"
    if style.shading in ("header", "dark header"):
        fill = (0.2, 0.25, 0.4) if dark else (0.88, 0.9, 0.95)
        page.draw_rect((xs[0], ys[0], xs[-1], ys[headings]), color=None, fill=fill)
    elif style.shading == "zebra":
        for row in range(headings, len(ys) - 1, 2):
            page.draw_rect((xs[0], ys[row], xs[-1], ys[row + 1]), color=None, fill=(0.93,) * 3)
    for cell in cells:
        text = lines[cell.row, cell.column]
        bottom, right = ys[cell.row + cell.row_span], xs[cell.column + cell.column_span]
        pitch = style.size * style.leading
        y = ys[cell.row] + style.pad_y
        if style.middle or cell.row_span > 1:
            y = (ys[cell.row] + bottom - len(text) * pitch) / 2
        font = style.bold if cell.row < headings else style.font
        align = "center" if cell.column_span > 1 else style.align[cell.column]
        for line in text:
            room = right - xs[cell.column] - _length(line, font, style.size)
            x = (
                xs[cell.column]
                + {
                    "left": style.pad_x,
                    "right": room - style.pad_x,
                    "center": room / 2,
                }[align]
            )
            white = dark and cell.row < headings
            page.insert_text(
                (x, y + style.size * 0.95),
                line,
                fontname=font,
                fontsize=style.size,
                color=(1, 1, 1) if white else (0, 0, 0),
            )
            y += pitch
    for start, end, width in _rules(cells, xs, ys, headings, style):
        dashes = "[3 2] 0" if style.ruling == "dashed" else None
        page.draw_line(start, end, width=width, color=(style.gray,) * 3, dashes=dashes)


Stroke = tuple[tuple[float, float], tuple[float, float], float]


def _rules(
    cells: Sequence[Cell], xs: Sequence[float], ys: Sequence[float], headings: int, style: _Style
) -> Iterator[Stroke]:
    """The strokes drawn: from, to, width."""
    left, right, top, bottom = xs[0], xs[-1], ys[0], ys[-1]
    width = style.width
    match style.ruling:
        case "grid" | "double" | "dashed":
            for cell in cells:
                x0, x1 = xs[cell.column], xs[cell.column + cell.column_span]
                y0, y1 = ys[cell.row], ys[cell.row + cell.row_span]
                yield (x0, y0), (x1, y0), width
                yield (x0, y0), (x0, y1), width
                yield (x1, y0), (x1, y1), width
                yield (x0, y1), (x1, y1), width
            if style.ruling == "double":
                x0, y0, x1, y1 = left - 2, top - 2, right + 2, bottom + 2
                yield (x0, y0), (x1, y0), width
                yield (x0, y1), (x1, y1), width
                yield (x0, y0), (x0, y1), width
                yield (x1, y0), (x1, y1), width
        case "horizontal":
            for y in ys:
                yield (left, y), (right, y), width
        case "booktabs":
            for y in (top, bottom):
                yield (left, y), (right, y), max(width, 1.0)
            yield (left, ys[headings]), (right, ys[headings]), width
            for cell in cells:  # a short rule below each heading of several columns
                if cell.row == 0 and headings == 2 and cell.column_span > 1:
                    x0, x1 = xs[cell.column], xs[cell.column + cell.column_span]
                    yield (x0 + 2, ys[1]), (x1 - 2, ys[1]), 0.4
        case "header":
            yield (left, ys[headings]), (right, ys[headings]), width
        case "vertical":
            for x in xs[1:-1]:
                yield (x, top), (x, bottom), width
            yield (left, ys[headings]), (right, ys[headings]), width
        case "frame":
            for y in (top, ys[headings], bottom):
                yield (left, y), (right, y), width
            for x in (left, right):
                yield (x, top), (x, bottom), width


# Scanning -----------------------------------------------------------------------------------


def _scanned(page: pymupdf.Page, r: random.Random) -> pymupdf.Document:
    """The page as a scanner gives it: an image of 150 to 300 dpi, askew, soft, grainy."""
    import cv2

    dpi = r.choice(SCAN_DPI)
    pixmap = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY, alpha=False)
    gray: Any = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)
    paper = r.randint(238, 255)
    turn = cv2.getRotationMatrix2D((pixmap.width / 2, pixmap.height / 2), r.uniform(-2, 2), 1.0)
    gray = cv2.warpAffine(
        gray, turn, (pixmap.width, pixmap.height), flags=cv2.INTER_CUBIC, borderValue=(255,)
    )
    gray = cv2.GaussianBlur(gray, (0, 0), r.uniform(0.3, 0.8) * dpi / 200)
    grain = np.random.default_rng(r.randint(0, 10**6)).normal(0, r.uniform(2, 9), gray.shape)
    soiled = np.clip(gray.astype(np.float64) * paper / 255 + grain, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", soiled, [cv2.IMWRITE_JPEG_QUALITY, r.randint(60, 90)])
    document = pymupdf.open()
    sheet = document.new_page(width=A4[0], height=A4[1])
    sheet.insert_image(sheet.rect, stream=jpeg.tobytes())
    return document
