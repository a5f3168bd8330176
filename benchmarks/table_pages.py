"""Pages with tables whose cells are known: the suite that ``benchmarks.tables`` reads.

Each page is drawn from a seed: what it says, how its tables are ruled, set and merged, and the text
around them. Half of the pages are scanned afterwards: rendered, turned up to two degrees, blurred,
made noisy and kept as JPEG in a PDF without text.

The truth is an ``extraction.types.Table`` that covers every position of its grid.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymupdf

from benchmarks.table_content import PROSE, WORDS, cells_of, column_kinds
from benchmarks.table_setting import FONTS, draw, fitted, font_of, style_of, wrapped
from extraction.types import Table

A4 = (595.0, 842.0)
MARGIN = 50.0
SMALLEST = 5.5  # type
GUTTER = 22.0  # between the columns of a page
KINDS = (
    "ruled",
    "partly ruled",
    "unruled",
    "merged",
    "multi-line",
    "shaded",
    "small",
    "in a column",
)
MEDIA = ("digital", "scanned")
SCAN_DPI = (150, 200, 300)


@dataclass(frozen=True, slots=True)
class TablePage:
    """One page of the suite: a PDF of one page and the tables on it, in reading order."""

    name: str
    kind: str
    medium: str
    pdf: bytes
    tables: tuple[Table, ...]


@dataclass(slots=True)
class _Column:
    """A column of the page, filled from the top; ``y`` is where the next thing goes."""

    page: pymupdf.Page
    left: float
    right: float
    y: float
    font: str
    size: float

    def prose(self, r: random.Random, words: int) -> None:
        """A paragraph, as far as it fits."""
        text = " ".join(r.choices(PROSE, k=words)).capitalize() + "."
        for line in wrapped(text, self.font, self.size, self.right - self.left):
            if self.y + self.size > A4[1] - MARGIN:
                return
            self.page.insert_text(
                (self.left, self.y + self.size), line, fontname=self.font, fontsize=self.size
            )
            self.y += self.size * 1.25

    def table(self, kind: str, r: random.Random, most_columns: int = 6) -> Table | None:
        """A table, with as many of its rows as fit; None where fewer than four do."""
        room = self.right - self.left
        while True:  # until one fits in type that can be read
            columns = r.randint(3, most_columns)
            rows = r.randint(12, 28) if kind == "small" else r.randint(4, 10)
            kinds = column_kinds(kind, columns, r)
            style = style_of(kind, kinds, r)
            cells = cells_of(kind, kinds, rows, r)
            height = 1 + max(cell.row + cell.row_span - 1 for cell in cells)
            xs, ys, lines = fitted(cells, columns, height, style, room)
            if style.size >= SMALLEST:
                break
        while self.y + ys[height] > A4[1] - MARGIN:
            cut = height - 1
            while any(cell.row < cut < cell.row + cell.row_span for cell in cells):
                cut -= 1
            cells, height = [cell for cell in cells if cell.row < cut], cut
            if height < 4:
                return None
        ys = ys[: height + 1]
        if r.random() < 0.4:  # as wide as the column's text
            xs = [x * room / xs[-1] for x in xs]
        left = self.left + r.choice((0.0, 0.5, 1.0)) * (room - xs[-1])
        draw(self.page, cells, [left + x for x in xs], [self.y + y for y in ys], lines, style)
        self.y += ys[-1]
        return Table(height, columns, tuple(cells))


def pages(count: int, *, seed: int = 1, only: str = "", medium: str = "") -> Iterator[TablePage]:
    """``count`` pages of the suite, all kinds and media in turn, or those of one alone.

    Page n is the same whatever the rest says.
    """
    for number in range(count):
        kind, how = KINDS[number % len(KINDS)], MEDIA[number // len(KINDS) % 2]
        if only in ("", kind) and medium in ("", how):
            yield _page(number, kind, how, random.Random(f"{seed}-{number}"))


def _page(number: int, kind: str, medium: str, r: random.Random) -> TablePage:
    document = pymupdf.open()
    page = document.new_page(width=A4[0], height=A4[1])
    page.insert_font(fontname="droid", fontbuffer=font_of("droid").buffer)
    y = MARGIN + r.uniform(0, 30)
    font, _ = r.choice(FONTS[:2])
    if r.random() < 0.6:
        page.insert_text(
            (MARGIN, y + 14), "Return of stores and sites", fontname="hebo", fontsize=16
        )
        y += 34
    if kind == "in a column":
        truths = _two_columns(page, y, font, r)
    else:
        truths = _one_column(page, y, font, kind, r)
    if r.random() < 0.4:
        page.insert_text((290, 815), str(r.randint(1, 30)), fontname=font, fontsize=9)
    if medium == "scanned":
        document = _scanned(page, r)
    name = f"{number:03}-{kind.replace(' ', '-')}-{medium}"
    return TablePage(name, kind, medium, document.tobytes(garbage=3, deflate=True), tuple(truths))


def _one_column(
    page: pymupdf.Page, y: float, font: str, kind: str, r: random.Random
) -> list[Table]:
    """One table or two below each other, with text around them."""
    column = _Column(page, MARGIN, A4[0] - MARGIN, y, font, r.choice((9.0, 10.0, 11.0)))
    truths = []
    for _ in range(2 if r.random() < 0.25 else 1):
        if r.random() < 0.7:
            column.prose(r, r.randint(20, 55))
            column.y += r.uniform(6, 16)
        if r.random() < 0.5 and column.y < A4[1] - 3 * MARGIN:
            _caption(column, r)
        if table := column.table(kind, r):
            truths.append(table)
        column.y += r.uniform(14, 34)
    if r.random() < 0.7:
        column.prose(r, r.randint(20, 55))
    return truths


def _two_columns(page: pymupdf.Page, y: float, font: str, r: random.Random) -> list[Table]:
    """Two columns of text; a table stands in one of them, or one in each."""
    size = r.choice((9.0, 10.0))
    middle = A4[0] / 2
    sides = [(MARGIN, middle - GUTTER / 2), (middle + GUTTER / 2, A4[0] - MARGIN)]
    chosen = r.choice(((0,), (1,), (0, 1)))
    floor = A4[1] - MARGIN - r.uniform(0, 200)
    truths = []
    for index, (left, right) in enumerate(sides):
        column = _Column(page, left, right, y, font, size)
        column.prose(r, r.randint(15, 90))
        column.y += r.uniform(6, 16)
        if index in chosen:
            if r.random() < 0.5:
                _caption(column, r)
            if table := column.table("in a column", r, most_columns=4):
                truths.append(table)
            column.y += r.uniform(14, 24)
        while column.y < floor - 60:
            column.prose(r, r.randint(25, 70))
            column.y += r.uniform(4, 10)
    return truths


def _caption(column: _Column, r: random.Random) -> None:
    text = f"Table {r.randint(1, 9)}. {' '.join(r.sample(WORDS, 3)).capitalize()}"
    column.page.insert_text(
        (column.left, column.y + 10), text, fontname=column.font, fontsize=min(10, column.size)
    )
    column.y += 10 + r.uniform(8, 14)


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
