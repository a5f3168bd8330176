"""How the suite's tables are set and drawn: type, rules, shading. Lengths in points."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import pymupdf

from benchmarks.table_content import COLUMN_KINDS
from extraction.types import Cell

FONTS = (("helv", "hebo"), ("tiro", "tibo"), ("cour", "cobo"), ("droid", "droid"))
RULINGS = {
    "ruled": ("grid", "grid", "double", "dashed"),
    "partly ruled": ("horizontal", "booktabs", "header", "vertical", "frame"),
    "unruled": ("none",),
    "merged": ("grid", "grid", "double", "booktabs"),
    "multi-line": ("grid", "horizontal", "none", "booktabs"),
    "shaded": ("none",),
    "small": ("grid", "horizontal", "booktabs", "none"),
    "in a column": ("grid", "horizontal", "booktabs", "none"),
}

Lines = dict[tuple[int, int], list[str]]
Stroke = tuple[tuple[float, float], tuple[float, float], float]


@dataclass(slots=True)
class Style:
    """How one table is set."""

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
    wraps: dict[int, float] = field(default_factory=dict)  # column: widest line
    wrapped_headings: bool = False


def style_of(kind: str, kinds: Sequence[str], r: random.Random) -> Style:
    """A style for a table of that kind with those columns."""
    font, bold = r.choice(FONTS)
    size = r.choice((8.0, 9.0, 10.0, 11.0))
    if kind == "small":
        size = r.choice((6.0, 6.5, 7.0, 7.5))
    elif kind == "in a column":
        size = r.choice((7.5, 8.0, 9.0))
    ruling = r.choice(RULINGS[kind])
    aligns = [COLUMN_KINDS[name][1] for name in kinds]
    if r.random() < 0.25:
        aligns = ["left"] * len(kinds)
    elif r.random() < 0.15:
        aligns = ["left"] + ["center"] * (len(kinds) - 1)
    bare = ruling in ("none", "header", "booktabs", "vertical")
    shading = r.choice(("none", "none", "header", "dark header", "zebra"))
    return Style(
        ruling=ruling,
        font=font,
        bold=bold if r.random() < 0.7 else font,
        size=size,
        leading=r.uniform(1.1, 1.3),
        pad_x=r.uniform(4, 12) if bare else r.uniform(2, 8),
        pad_y=r.uniform(1.5, 6) if not bare or r.random() < 0.8 else 0.3,
        align=aligns,
        middle=r.random() < 0.35,
        shading=r.choice(("zebra", "zebra", "header")) if kind == "shaded" else shading,
        width=r.choice((0.4, 0.7, 1.0, 1.5)),
        gray=r.choice((0.0, 0.0, 0.4, 0.6, 0.75)),
        wraps={i: r.uniform(90, 150) for i, name in enumerate(kinds) if name == "note"},
        wrapped_headings=kind == "multi-line" and r.random() < 0.4,
    )


@cache
def font_of(name: str) -> pymupdf.Font:
    """PDF's base fonts, or the sans serif that PyMuPDF carries (wider, without a bold)."""
    return pymupdf.Font("cjk" if name == "droid" else name)


def wrapped(text: str, font: str, size: float, width: float) -> list[str]:
    """The text in lines no wider than ``width``, words whole."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _length(longer, font, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _length(text: str, font: str, size: float) -> float:
    return float(font_of(font).text_length(text, size))


def fitted(
    cells: Sequence[Cell], columns: int, rows: int, style: Style, width: float
) -> tuple[list[float], list[float], Lines]:
    """Edges of columns and rows from 0, and the lines of each cell by (row, column).

    What is wider than ``width`` is set smaller.
    """
    while True:
        xs, ys, lines = _measured(cells, columns, rows, style)
        if xs[-1] <= width:
            return xs, ys, lines
        style.size, style.pad_x = style.size - 0.5, style.pad_x * 0.9
        style.wraps = {column: wide * 0.95 for column, wide in style.wraps.items()}


def _measured(
    cells: Sequence[Cell], columns: int, rows: int, style: Style
) -> tuple[list[float], list[float], Lines]:
    widths, heights = [12.0] * columns, [style.size * style.leading] * rows
    lines: Lines = {}
    for cell in sorted(cells, key=lambda cell: cell.column_span):
        font = style.bold if cell.row == 0 else style.font
        limit = style.wraps.get(cell.column, 1e9)
        if cell.row == 0 and style.wrapped_headings:
            limit = min(limit, 4 * style.size)
        text = wrapped(cell.text, font, style.size, limit)
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


def draw(
    page: pymupdf.Page,
    cells: Sequence[Cell],
    xs: Sequence[float],
    ys: Sequence[float],
    lines: Lines,
    style: Style,
) -> None:
    """Draw the table between the edges ``xs`` and ``ys`` on the page."""
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


def _rules(
    cells: Sequence[Cell], xs: Sequence[float], ys: Sequence[float], headings: int, style: Style
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
