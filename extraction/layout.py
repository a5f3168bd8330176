"""From an engine's lines to blocks in reading order: columns, titles, lists, tables, figures.

Everything is decided in the level frame (``level``); the boxes handed out are the page's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np

from extraction import checkboxes, figures, margins, sheets, slanted, tables
from extraction.block_kinds import (
    CAPTION,
    CHECKBOX,
    NOTE,
    SMALL,
    TITLE_SIZE,
    equations,
    is_heading,
    is_page_number,
    is_title_by_size,
    kind_of,
    stands_out,
    text_of,
)
from extraction.blocks import SIZE_CHANGE, Item, blocks_of
from extraction.figures import overlap
from extraction.level import (
    Frame,
    Piece,
    Row,
    Segment,
    pieces_of,
    rows_of,
    segments_of,
    text_height,
    union,
)
from extraction.reading_order import columns
from extraction.spaced_text import letters_joined, lines_joined
from extraction.types import Block, BlockKind, Box, Line, PageImage, PageText, Pixels, Table, Word

NARROWEST = 1 / 3  # of the page's width: no column of text is taken for narrower
FINEST = 220.0  # dpi at which drawn rules and check boxes are looked for, at most
PAGE_HIGH, PAGE_WORDS = 0.7, 35  # of its height, words a cell: no table but the page itself


@dataclass(frozen=True, slots=True)
class _Placed:
    """A table or figure as it takes its place among the rows."""

    kind: BlockKind
    box: Box
    segments: tuple[Segment, ...]
    table: Table | None = None


def arrange(page: PageImage, text: PageText) -> tuple[tuple[Line, ...], tuple[Block, ...]]:
    """The page's lines in reading order, and its blocks.

    A line is what stands on one level without a wide gap, whatever the engine called a line.
    Several sheets on one scan come one after the other, each whole. Where the page has pixels,
    drawn table rules, check boxes and figures are looked for. Text at an angle to the sheet's comes
    last in it, each watermark or stamp a block of its own.
    """
    ordered: list[Line] = []
    found: list[Block] = []
    for sheet in sheets.parted(page, text):
        lines, blocks = _sheet(sheet.page, sheet.text)
        ordered += map(sheet.placed_line, lines)
        found += map(sheet.placed_block, blocks)
    numbered = (
        replace(block, id=f"p{page.number}-b{index}") for index, block in enumerate(found, 1)
    )
    return tuple(ordered), tuple(numbered)


def _sheet(page: PageImage, text: PageText) -> tuple[list[Line], list[Block]]:
    """The lines and blocks of one sheet of paper, the blocks without ids."""
    frame = Frame(page.width, page.height, text.skew)
    level = [frame.to_level(line.box) for line in text.lines if not line.angle]
    size = median(box[3] - box[1] for box in level) if level else 0.0
    lines, across = slanted.parted(text.lines, text.skew)
    found: list[tables.Found] = []
    pictures = figures.find(page, text.lines) if not frame.quarter else []
    pixels, dpi = _bounded(page)
    lines, squares = checkboxes.with_marks(lines, page.squares)
    if pixels is not None and lines:
        seen = checkboxes.find(pixels, dpi)
        squares += [each for each in seen if not any(overlap(each[0], s) for s, _ in squares)]
    squares = [each for each in squares if not any(overlap(each[0], f) for f in pictures)]
    lines = _marked(lines, squares, Frame(page.width, page.height, 90.0 * frame.quarter))
    placed = [letters_joined(line) for line in pieces_of(lines, frame)]
    if placed and (pixels is not None or page.rules):
        every = [piece for line in placed for piece in line]
        ruled = tables.ruled(pixels, dpi, frame, every, page.rules)
        found = [table for table in ruled if not _is_page(table, frame)]
        taken = {id(p) for table in found for segment in table.segments for p in segment.pieces}
        left = ([piece for piece in line if id(piece) not in taken] for line in placed)
        placed = [line for line in left if line]
    drawn = [_Placed("table", each.box, each.segments, each.table) for each in found]
    for box in map(frame.to_level, pictures):
        if not any(overlap(box, table.box) for table in found):
            placed, figure = _cut_out(placed, box)
            drawn.append(figure)
    placed, beside = margins.numbers_beside(placed, frame.bounds)
    items = _items(lines_joined(rows_of(placed)), drawn, frame, beside)
    ordered = [segment.line() for item in items for segment in item.segments]
    ordered += [line for group in across for line in group]
    sides = margins.sides([line.box for line in lines], page.width)
    marks = (slanted.block(group, size, sides) for group in across)
    return ordered, [*blocks_of(items, frame), *marks]


def _is_page(found: tables.Found, frame: Frame) -> bool:
    """Whether a "table" is a page of text in columns, between the rules at its head and foot."""
    _, top, _, bottom = frame.bounds
    words = [len(cell.text.split()) for cell in found.table.cells if cell.text]
    high = found.box[3] - found.box[1] > PAGE_HIGH * (bottom - top)
    return high and sum(words) > PAGE_WORDS * len(words)


def _marked(lines: Sequence[Line], squares: Sequence[tuple[Box, bool]], frame: Frame) -> list[Line]:
    """The lines with the check boxes as words in them, on a page that lies as ``frame`` tells."""
    if not squares:
        return list(lines)
    if not frame.quarter:
        return list(checkboxes.mark(lines, squares))
    upright = [_placed_line(line, frame.to_level) for line in lines]
    level = [(frame.to_level(box), ticked) for box, ticked in squares]
    return [_placed_line(line, frame.to_page) for line in checkboxes.mark(upright, level)]


def _placed_line(line: Line, place: Callable[[Box], Box]) -> Line:
    words = tuple(replace(word, box=place(word.box)) for word in line.words)
    return replace(line, box=place(line.box), words=words)


def _bounded(page: PageImage) -> tuple[Pixels | None, float]:
    """The page's pixels and their dpi, shrunk where they are finer than rules and boxes need."""
    import cv2

    if page.pixels is None or page.dpi <= FINEST:
        return page.pixels, page.dpi
    scale = FINEST / page.dpi
    small = cv2.resize(page.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), FINEST


def _cut_out(placed: list[list[Piece]], box: Box) -> tuple[list[list[Piece]], _Placed]:
    """The figure at ``box`` with the text inside it, and the other lines."""
    inside: list[Piece] = []
    others: list[list[Piece]] = []
    for line in placed:
        x0, y0, x1, y1 = union(piece.box for piece in line)
        across, down = min(x1, box[2]) - max(x0, box[0]), min(y1, box[3]) - max(y0, box[1])
        within = across > 0.9 * (x1 - x0) and down > 0.9 * (y1 - y0)
        caption = CAPTION.match(" ".join(piece.word.text for piece in line))
        if within and not caption:
            inside += line
        else:
            others.append(line)
    segments = [segment for row in rows_of([[p] for p in inside]) for segment in row]
    return others, _Placed("figure", box, tuple(segments))


# Kinds --------------------------------------------------------------------------------------


def _items(
    rows: list[Row], drawn: Sequence[_Placed], frame: Frame, beside: Sequence[Row]
) -> list[Item]:
    """The page's rows, tables and figures in reading order, each with its kind.

    ``beside`` are page numbers that stand beside the text.
    """
    heights = sorted(piece.height for row in rows for segment in row for piece in segment.pieces)
    body = heights[len(heights) // 2] if heights else 0.0
    found: dict[int, _Placed] = {}
    top, rows, bottom = margins.parted(rows, frame, body)
    aligned = [_Placed("table", t.box, t.segments, t.table) for t in tables.aligned(rows)]
    taken = {id(piece) for table in aligned for s in table.segments for piece in s.pieces}
    rows = [[s for s in row if id(s.pieces[0]) not in taken] for row in rows]
    rows = [row for row in rows if row]
    for each in (*aligned, *drawn):
        stand_in = _stand_in(each, found)
        above = sum(min(segment.box[1] for segment in row) < each.box[1] for row in rows)
        rows.insert(above, [stand_in])
    left, _, right, _ = frame.bounds
    items = _margin_items([*beside, *top], "header")
    for flow in columns(rows):
        around = union(segment.box for row in flow for segment in row)
        edges = (around[0], max(around[2], around[0] + NARROWEST * (right - left)))
        pitch = _pitch(flow)
        notes = _notes_from(flow, body, frame)
        formulas = equations(flow, edges)
        for index, row in enumerate(flow):
            here = found.get(id(row[0])) if len(row) == 1 else None
            if here:
                items.append(Item(here.kind, here.segments, here.box, edges, here.table))
                continue
            for part in _parts(row, frame, body):
                if index in formulas:
                    items.append(_item("equation", part, edges, pitch))
                elif is_page_number(part, frame.bounds):
                    items.append(_item("page_number", part, edges))
                elif index >= notes:
                    items.append(_item("footnote", part, edges, pitch))
                elif len(part) == len(row) and (
                    stands_out(flow, index, body, edges)
                    or _more_of_title(items[-1] if index else None, part, body)
                ):
                    items.append(_item("title", part, edges, pitch))
                else:
                    items += _text_items(part, body, edges, pitch)
    return items + _margin_items(bottom, "footer")


def _more_of_title(above: Item | None, row: Row, body: float) -> bool:
    """Whether the row goes on with the title above it."""
    if above is None or above.kind != "title" or not is_heading(text_of(row)):
        return False
    height = text_height(row)
    gap = min(segment.box[1] for segment in row) - above.box[3]
    alike = abs(height - above.height) < 0.12 * above.height
    room = above.column[1] - above.column[0] - (above.box[2] - above.box[0])
    first = row[0].pieces[0].box
    broken = room < 1.3 * (first[2] - first[0]) + 0.5 * height  # the word did not fit above
    return alike and broken and height > 1.1 * body and gap < 0.6 * height


def _margin_items(rows: Sequence[Row], kind: BlockKind) -> list[Item]:
    """Headers or footers: what is far apart in them is read apart, and any number is the page's."""
    items = []
    for row in rows:
        for part in segments_of([p for segment in row for p in segment.pieces], margins.APART):
            edges = (part.box[0], part.box[2])
            number = margins.is_number(part.text)
            items.append(_item("page_number" if number else kind, [part], edges))
    return items


def _pitch(flow: Sequence[Row]) -> float:
    """The usual distance of a column's lines, from top to top; 0 where there is none."""
    tops = [min(segment.box[1] for segment in row) for row in flow]
    close = [
        below - above
        for (above, below), row in zip(pairwise(tops), flow, strict=False)
        if 0 < below - above < 2.2 * text_height(row)
    ]
    return median(close) if len(close) >= 3 else 0.0


def _notes_from(flow: Sequence[Row], body: float, frame: Frame) -> int:
    """The index of the row where the column's footnotes begin, its length where it has none."""
    _, top, _, bottom = frame.bounds
    start = first = len(flow)
    for index in range(len(flow) - 1, -1, -1):
        row = flow[index]
        box = union(segment.box for segment in row)
        large = max(segment.height for segment in row) > SMALL * body
        if large or box[1] < (top + bottom) / 2:
            break
        start = index
    for index in range(start, len(flow)):
        if NOTE.match(text_of(flow[index])):
            first = index
            break
    return first if first == start else len(flow)


def _parts(row: Row, frame: Frame, body: float) -> Iterator[Row]:
    """The row, cut where two segments far apart are unlike: in size, or two titles, or one of them
    numbers the page.

    What a number stands beside it belongs to: of few digits the height is unsure.
    """
    start = 0
    bounds = frame.bounds
    for index, (one, other) in enumerate(pairwise(row), 1):
        flat, tall = sorted((one.height, other.height))
        if other.box[0] - one.box[2] <= margins.APART * flat:
            continue
        numbered = is_page_number([one], bounds) or is_page_number([other], bounds)
        value = tables.is_number(one.text) or tables.is_number(other.text)
        unlike = tall > SIZE_CHANGE * flat and not (value and tall < TITLE_SIZE * body)
        titles = all(is_title_by_size([each], body) for each in (one, other))
        if numbered or unlike or titles:
            yield row[start:index]
            start = index
    yield row[start:]


def _stand_in(placed: _Placed, found: dict[int, _Placed]) -> Segment:
    """One segment in the place of a table or figure while rows are ordered."""
    pieces = tuple(piece for segment in placed.segments for piece in segment.pieces)
    segment = Segment(pieces or (Piece(Word("", placed.box), placed.box),), placed.box)
    found[id(segment)] = placed
    return segment


def _item(
    kind: BlockKind, row: Sequence[Segment], column: tuple[float, float], pitch: float = 0.0
) -> Item:
    return Item(kind, tuple(row), union(segment.box for segment in row), column, None, pitch)


def _text_items(
    row: Row, body: float, column: tuple[float, float], pitch: float = 0.0
) -> Iterator[Item]:
    """The items of a row of text: more than one where it holds check boxes."""
    pieces = [piece for segment in row for piece in segment.pieces]
    starts = [i for i, piece in enumerate(pieces) if CHECKBOX.match(piece.word.text)]
    if not starts:
        yield _item(kind_of(row, body), row, column, pitch)
        return
    if starts[0]:
        yield _item("paragraph", [Segment.of(pieces[: starts[0]])], column)
    for start, end in pairwise([*starts, len(pieces)]):
        yield _item("checkbox", [Segment.of(pieces[start:end])], column)
